//! Recipients files that are not what they should be.

use std::fs::{self, Permissions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::errors::area::{Area, PEOPLE};

/// A file of `tests/awkward/files`.
fn awkward(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/awkward/files").join(name)).unwrap()
}

#[test]
#[expect(clippy::too_many_lines, reason = "a list of files")]
fn that_cannot_be_read() {
    let mut area = Area::new("files");
    area.case("no such file, but one with nearly its name").says(2, "run peple.csv --yes");
    area.case("no such file").says(2, "run /nonexistent/list.csv --yes");
    area.case("a folder").folder("people").says(2, "run people --yes");
    area.case("a file that may not be read")
        .made(|case| fs::set_permissions(case.path("people.csv"), Permissions::from_mode(0o000)).unwrap())
        .read_only()
        .says(2, "check people.csv");
    area.case("nothing on standard input").says(2, "run - --yes");
    area.case("an encoding that there is not").says(2, "run people.csv --yes --encoding latin99");
    area.case("a sheet of a file that has none").says(2, "run people.csv --yes --sheet May");
    for (title, file) in [
        ("an empty file", "empty.x.csv"),
        ("an old workbook", "old-workbook.x.xls"),
        ("a web page", "web-page-with-another-name.x.xls"),
        ("a workbook that was cut off", "workbook-cut.x.xlsx"),
        ("an empty workbook", "workbook-empty.x.xlsx"),
        ("a PDF", "pdf.x.csv"),
        ("JSON", "json.x.json"),
        ("UTF-32", "utf-32.x.csv"),
        ("NUL bytes", "nul-bytes.x.csv"),
        ("an encoding that nobody can tell", "ibm-850-of-old-programs.x.csv"),
        ("compressed data that were cut off", "cut.x.csv.gz"),
        ("compressed twice", "twice.x.csv.gz"),
    ] {
        let ending = file.rsplit_once('.').unwrap().1;
        let name = format!("list.{ending}");
        area.case(title).file(&name, awkward(file)).says(2, &format!("run {name} --yes"));
    }
    area.case("columns that are named in quotes of a text processor")
        .file("list.csv", "“customer_id”,“first_name”,“phone”\n“1”,“Ann”,“+12025550123”\n")
        .says(2, "run list.csv --yes");
    for (title, file) in [
        ("a workbook with rows that a filter hides", "hidden-rows/people.xlsx"),
        ("a workbook whose first sheet is another one", "second-sheet/numbers.xlsx"),
        ("a workbook whose hidden sheet has the people", "second-sheet/hidden.xlsx"),
        ("titles above the names of the columns", "title-lines/people.csv"),
        ("lines in quotes as a whole", "wholly-quoted/people.csv"),
        ("a code page of the Mac", "mac-dos/mac.csv"),
    ] {
        let name = format!("list.{}", file.rsplit_once('.').unwrap().1);
        let bytes = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(file)).unwrap();
        area.case(title).file(&name, bytes).says(2, &format!("run {name} --yes"));
    }
    let mut blank = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let block = [b"customer_id,first_name,phone\n".to_vec(), vec![b'\n'; 1 << 20]].concat();
    (0..257).for_each(|_| blank.write_all(&block).unwrap());
    area.case("little that much comes out of")
        .file("list.csv.gz", blank.finish().unwrap())
        .says(2, "run list.csv.gz --yes");
    area.case("keys that a spreadsheet has rounded")
        .file(
            "list.csv",
            "customer_id,first_name,phone\n1234567890120000,Ada,+12025550101\n1234567890120000,Grace,+12025550102\n",
        )
        .says(2, "run list.csv --yes");
    area.case("a placeholder of another program in a stream")
        .with("{{ first_name }}", "[Name]")
        .says(2, "run people.csv --yes --stream");
    let old =
        fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/old-kind/people.xls")).unwrap();
    area.case("an old workbook as it shows its cells")
        .with("phone = \"phone\"", "phone = \"phone\"\nvalues = \"shown\"")
        .file("list.xls", old)
        .says(2, "check list.xls");
    for (title, people) in [
        ("a header and no rows", "customer_id,first_name,phone\n"),
        ("no header", "C-1,Ada,+12025550101\nC-2,Grace,+12025550102\n"),
        ("no column with the number", "customer_id,first_name,mobile\nC-1,Ada,+12025550101\n"),
        (
            "two columns of the name that is used",
            "customer_id,first_name,phone,Phone\nC-1,Ada,+12025550101,\n",
        ),
    ] {
        area.case(title).file("people.csv", people).says(2, "run people.csv --yes --simulate -j journal.db");
    }
    area.case("a sheet that the workbook does not have")
        .file("list.xlsx", awkward("workbook.3.xlsx"))
        .says(2, "run list.xlsx --yes --sheet Mai");
    area.case("a header that is no text")
        .file("people.csv", b"customer_id,first_name,phone,n\xfft\xfe\nC-1,Ada,+12025550101,x\n")
        .says(2, "run people.csv --yes --encoding UTF-8");
    let open =
        format!("customer_id,first_name,phone\nC-1,\"Ada,+12025550101\n{}", "C-2,Eve,1\n".repeat(120_000));
    area.case("a quote that swallows the file").file("people.csv", &open).says(2, "run people.csv --yes");
    area.case("the definition in its place").says(2, "check campaign.toml");
    area.case("a list that cannot be read")
        .with("key =", "suppress = [\"opt-outs.csv\"]\nkey =")
        .says(2, "run people.csv --yes");
    area.end();
}

/// Corrections of which it cannot be told what they correct.
fn corrections_that_fit_no_row(area: &mut Area) {
    let with_ids = "rejected_line,rejected_column,rejected_reason,rejected_id,customer_id,first_name,phone\n";
    let eve = "r4f81352137d95c90,C-4,Eve";
    area.case("a row that does not say which row was rejected")
        .after("run people.csv --simulate -j journal.db")
        .file("wrong.csv", format!("{with_ids}2,,,,C-1,Ada,+12025550101\n"))
        .says(2, "run wrong.csv --yes --simulate -j journal.db");
    area.case("a row that the first file does not have any more")
        .after("run people.csv --simulate -j journal.db")
        .file("wrong.csv", format!("{with_ids}5,phone,,{eve},+12025550104\n"))
        .says(2, "run wrong.csv --yes --simulate -j journal.db");
    area.case("a row that the first file has corrected otherwise")
        .file("people.csv", format!("{PEOPLE}C-4,Eve,+12025550104\n"))
        .after("run people.csv --simulate --limit 1 -j journal.db")
        .file("wrong.csv", format!("{with_ids}5,phone,,{eve},+12025550105\n"))
        .says(2, "run wrong.csv --yes --simulate -j journal.db");
    area.case("rows that were the same, on other lines by now")
        .file("people.csv", format!("{PEOPLE}C-4,Eve,12\nC-4,Eve,12\n"))
        .after("run people.csv --simulate -j journal.db")
        .file("wrong.csv", format!("{with_ids}9,phone,,{eve},+12025550104\n"))
        .says(2, "run wrong.csv --yes --simulate -j journal.db");
    area.case("two corrections of one row")
        .file("people.csv", format!("{PEOPLE}C-4,Eve,12\n"))
        .after("run people.csv --simulate -j journal.db")
        .file(
            "wrong.csv",
            format!(
                "{with_ids}5,phone,,{eve},+12025550104\n6,phone,,{},+12025550105\n",
                eve.replace("C-4", "C-5")
            ),
        )
        .says(2, "run wrong.csv --yes --simulate -j journal.db");
}

#[test]
fn rejected_rows() {
    let mut area = Area::new("rejected_rows");
    let head = "rejected_line,rejected_column,rejected_reason,customer_id,first_name,phone\n";
    area.case("the file itself is to have the rejected rows")
        .says(2, "check people.csv --rejects people.csv");
    area.case("a folder that is not there").says(2, "check people.csv --rejects out/wrong.csv");
    area.case("a folder in its place").folder("wrong").says(2, "check people.csv --rejects wrong");
    area.case("a folder that cannot be written").read_only().says(2, "check people.csv --rejects wrong.csv");
    area.case("a disk without room")
        .file("people.csv", format!("{PEOPLE}C-4,Eve,12\n"))
        .says(1, "check people.csv --rejects /dev/full");
    area.case("a row that does not say which line it replaces")
        .after("run people.csv --simulate -j journal.db")
        .file("wrong.csv", format!("{head}x,phone,too short,C-1,Ada,+12025550101\n"))
        .says(2, "run wrong.csv --yes --simulate -j journal.db");
    area.case("two rows for one line")
        .after("run people.csv --simulate -j journal.db")
        .file("wrong.csv", format!("{head}2,,,C-1,Ada,+12025550101\n2,,,C-2,Eve,+12025550102\n"))
        .says(2, "run wrong.csv --yes --simulate -j journal.db");
    area.case("a row for a line that is not there")
        .after("run people.csv --simulate -j journal.db")
        .file("wrong.csv", format!("{head}99,,,C-9,Ken,+12025550109\n"))
        .says(2, "run wrong.csv --yes --simulate -j journal.db");
    corrections_that_fit_no_row(&mut area);
    area.case("rejected rows without their first file")
        .file("wrong.csv", format!("{head}2,,,C-1,Ada,+12025550101\n"))
        .says(2, "run wrong.csv --yes --simulate -j journal.db");
    area.case("rejected rows without one of their columns")
        .file("wrong.csv", "rejected_line,customer_id,first_name,phone\n2,C-1,Ada,+12025550101\n")
        .says(2, "run wrong.csv --yes --simulate -j journal.db");
    area.case("a file that may have corrections is in its place")
        .file("wrong.csv", "rejected_line\n")
        .says(2, "run people.csv --simulate --rejects wrong.csv -j journal.db");
    area.case("the same from the journal")
        .after("run people.csv --simulate -j journal.db")
        .file("wrong.csv", "rejected_line\n")
        .says(2, "report --rejects wrong.csv");
    area.case("rejected rows that a report has cut")
        .file("people.csv", format!("{PEOPLE}C-4,Eve\n"))
        .after("run people.csv --simulate -j journal.db")
        .after("report --state rejected -o part.csv")
        .says(3, "check part.csv");
    area.case("a report while rows wait")
        .after("run people.csv --simulate --limit 1 -j journal.db")
        .after("report -o again.csv")
        .says(2, "run again.csv --simulate -j journal.db");
    area.case("some rows are rejected")
        .file("people.csv", format!("{PEOPLE}C-4,Eve,12\n"))
        .says(3, "check people.csv");
    area.end();
}
