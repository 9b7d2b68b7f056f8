//! Reports that cannot be written, or are asked for in a way that makes no sense.

use crate::errors::area::{Area, Case};

fn sent<'a>(area: &'a mut Area, title: &str) -> Case<'a> {
    area.case(title).after("run people.csv --simulate -j journal.db")
}

/// By everybody: the journal is its owner's alone.
fn readable(path: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644)).unwrap();
}

#[test]
fn that_cannot_be_written() {
    let mut area = Area::new("report");
    sent(&mut area, "an ending that says nothing").says(2, "report -o report.pdf");
    sent(&mut area, "an ending of old").says(2, "report -o report.xls");
    sent(&mut area, "no ending").says(2, "report -o report");
    sent(&mut area, "rows of a summary").says(2, "report --format json --state failed");
    sent(&mut area, "columns of a page").says(2, "report --format html --columns key");
    sent(&mut area, "names in a csv").says(2, "report --with-numbers");
    sent(&mut area, "names in a summary").says(2, "report --format json --with-numbers");
    sent(&mut area, "a column with a typo").says(2, "report --columns key,frist_name");
    sent(&mut area, "a column that there is not").says(2, "report --columns appointment");
    sent(&mut area, "over the journal").says(2, "report -o journal.db --format csv");
    sent(&mut area, "a log over the recipients file").says(2, "report --log-file people.csv");
    sent(&mut area, "over a file that is no report")
        .made(|case| std::fs::write(case.path("mine.csv"), "my,own\n").unwrap())
        .says(2, "report -o mine.csv -j journal.db");
    sent(&mut area, "no folder").says(2, "report -o out/report.csv");
    sent(&mut area, "a folder in its place").folder("report.csv").says(2, "report -o report.csv");
    sent(&mut area, "a folder that cannot be written")
        .made(|case| readable(&case.path("journal.db")))
        .read_only()
        .says(2, "report -o report.csv -j journal.db");
    sent(&mut area, "a disk without room").says(1, "report -o /dev/full --format csv");
    sent(&mut area, "a stream without room").without_room().says(1, "report");
    area.case("a delimiter for a report without one")
        .after("run people.csv --simulate -j journal.db")
        .says(2, "report --format jsonl --delimiter ;");
    area.end();
}
