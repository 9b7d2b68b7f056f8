//! Workbooks against openpyxl: which cells are dates, times, durations or numbers, in both calendars, and what they come to.
//! And, in `tests/long.sh shown`, against LibreOffice: how a cell is shown.
//!
//! `CAMPAIGN_CELLS=20000 tests/all outside::workbooks` compares that many in each calendar, `CAMPAIGN_SEED` other ones.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use campaign::domain::definition::parse;
use campaign::recipients::{Recipients, Source};

fn python() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let venv = Path::new(env!("CARGO_TARGET_TMPDIR")).join("workbooks");
    let install = Command::new("sh")
        .arg(root.join("tests/clients/install.sh"))
        .arg(&venv)
        .arg(root.join("tests/workbooks/requirements.txt"))
        .output()
        .unwrap();
    assert!(install.status.success(), "{}", String::from_utf8_lossy(&install.stderr));
    venv.join("bin/python")
}

/// The values of a workbook by row. `settings` are keys of `[recipients]`.
fn values(file: PathBuf, settings: &str) -> BTreeMap<u64, String> {
    let text = "connect = { instance_id = \"11111111-2222-3333-4444-555555555555\", \
                contact_flow_id = \"66666666-7777-8888-9999-000000000000\", \
                source = \"arn:aws:connect:us-west-2:123456789012:phone-number/p\" }\n\
                contact = { message = \"{{ value }}\" }\n[recipients]\ndefault_region = \"US\"\n";
    let definition = parse(&format!("{text}{settings}\n"), "c.toml", "c").unwrap();
    let mut recipients = Recipients::open(&Source::File(file), &definition.recipients).unwrap();
    let binding = definition.bind(recipients.header()).unwrap();
    let row = |row: campaign::recipients::Row| {
        let text = row
            .outcome
            .map_or_else(|rejection| rejection.reason.code().to_owned(), |found| found.slots[0].clone());
        (row.line, text)
    };
    recipients.rows(&binding).map(|found| row(found.unwrap())).collect()
}

/// Why our reading of a cell is another one, where that is meant so.
fn explained(format: &str, theirs: &str, ours: &str) -> Option<&'static str> {
    let bare = format.replace(['\\', '"'], "");
    // openpyxl strips only quoted texts, brackets of colours and a few more before it looks for letters of dates.
    if theirs != "NUMBER" && !ours.contains(['-', ':']) && bare.contains(['0', '#', '?']) {
        return Some("a number with letters of dates in its text");
    }
    if theirs.starts_with("TIME") && ours == &theirs[5..] {
        return Some("the same");
    }
    // A day whose format shows its time only.
    if theirs.starts_with("DATE") && !bare.contains(['d', 'y']) {
        return Some("what is shown of a day is told by its value");
    }
    None
}

#[test]
#[ignore = "needs Python and PyPI"]
#[expect(clippy::print_stdout, reason = "--nocapture shows what was compared")]
fn dates_are_what_openpyxl_takes_for_dates() {
    let count = std::env::var("CAMPAIGN_CELLS").unwrap_or_else(|_| "2000".to_owned());
    let seed = std::env::var("CAMPAIGN_SEED").unwrap_or_else(|_| "1".to_owned());
    let folder = tempfile::tempdir().unwrap();
    let oracle = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/workbooks/oracle.py");
    let output =
        Command::new(python()).arg(oracle).arg(folder.path()).args([&count, &seed]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let books: BTreeMap<&str, _> = ["1900", "1904"]
        .into_iter()
        .map(|name| (name, values(folder.path().join(format!("{name}.xlsx")), "")))
        .collect();
    let (mut same, mut wrong, mut reasons) = (0, Vec::new(), BTreeMap::<&str, u32>::new());
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        let [epoch, row, format, value, theirs] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        let ours = &books[epoch][&row.parse().unwrap()];
        let number: f64 = value.parse().unwrap();
        let agrees = match theirs.split_once(' ') {
            None => ours.parse::<f64>().is_ok_and(|ours| (ours - number).abs() < 1e-6),
            Some((_, text)) => ours == text,
        };
        match explained(format, theirs, ours) {
            _ if agrees => same += 1,
            Some(reason) => *reasons.entry(reason).or_default() += 1,
            None => wrong.push(format!("{epoch} {format} {value}: openpyxl {theirs}, here {ours}")),
        }
    }
    println!("{same} alike; explained: {reasons:?}");
    assert!(wrong.is_empty(), "{} others, such as\n{}", wrong.len(), wrong[..wrong.len().min(20)].join("\n"));
    assert!(same > 1_000, "{same}");
}

/// Why we show a cell otherwise than LibreOffice, where that is meant so.
fn explained_shown(
    (calendar, format, value): (&str, &str, f64),
    theirs: &str,
    ours: &str,
) -> Option<&'static str> {
    if calendar == "1900" && value < 61.0 && format.contains(['d', 'y']) {
        return Some("LibreOffice has no 29 February 1900, so that it counts the days before it otherwise");
    }
    if format.starts_with("[$-") && theirs.to_lowercase() == ours.to_lowercase() {
        return Some("names of months that stand alone begin with a small letter in CLDR");
    }
    let other_language =
        [("[$-418]", "ţ", "ț"), ("[$-40D]", "", "יום "), ("[$-41A]", "studenog", "studenoga")]
            .into_iter()
            .any(|(language, of_theirs, of_ours)| {
                format.starts_with(language) && theirs == ours.replace(of_ours, of_theirs)
            });
    if other_language || (format.starts_with("[$-408]") && !format.contains('d')) {
        return Some("Windows has another form of the name");
    }
    let without = |text: &str, what: &[char]| text.replace(what, "");
    let blanks: &[char] = if format.contains(['_', '?']) { &[' '] } else { &[] };
    if !blanks.is_empty() && without(theirs, blanks) == without(ours, blanks) {
        return Some("blanks that only align are left out");
    }
    if theirs.is_empty() && ours == "cell-empty" {
        return Some("nothing is shown");
    }
    let pointless = |text: &str| without(&without(text, blanks), &['.']).trim().to_owned();
    if pointless(ours) == pointless(theirs) && format.contains(".#") {
        return Some("Excel shows the point of a whole number, LibreOffice does not");
    }
    if ours.contains("E+00") && theirs.contains("E+0") && format.contains("##0.0E+0") {
        return Some("the exponent of zero has two digits");
    }
    let is_zero = |text: &str| text.contains('0') && !text.contains(|c: char| ('1'..='9').contains(&c));
    if is_zero(ours) && without(ours, &['-']) == without(theirs, &['-']) {
        return Some("Excel shows the sign of what is rounded to zero, LibreOffice does not");
    }
    // 0.145 is 14.499999999999998% in binary, and 15% to Excel.
    let is_half = |parts: f64| ((value * parts).abs().fract() - 0.5).abs() < 1e-9;
    if format.contains('%') && [100.0, 1000.0, 10_000.0].into_iter().any(is_half) {
        return Some("Excel rounds half a percent as it is written, LibreOffice as it is stored");
    }
    let second = (value * 86_400.0).fract();
    if format.contains('h') && !format.contains(['d', 'y']) && !(0.001..=0.999).contains(&second) {
        return Some("Excel rounds to a second, LibreOffice cuts");
    }
    if format.contains("ss") && !(0.001..=0.999).contains(&second) {
        return Some("Excel rounds to a second, LibreOffice cuts");
    }
    None
}

/// Cells in generated formats of numbers, money, dates, times and durations, as LibreOffice shows them.
#[test]
#[ignore = "needs Python, PyPI and LibreOffice"]
#[expect(clippy::print_stdout, reason = "--nocapture shows what was compared")]
fn long_values_are_shown_as_libreoffice_shows_them() {
    let count = std::env::var("CAMPAIGN_CELLS").unwrap_or_else(|_| "2000".to_owned());
    let seed = std::env::var("CAMPAIGN_SEED").unwrap_or_else(|_| "1".to_owned());
    let folder = tempfile::tempdir().unwrap();
    let oracle = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/workbooks/shown.py");
    let output =
        Command::new(python()).arg(oracle).arg(folder.path()).args([&count, &seed]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let books: BTreeMap<&str, _> = ["1900", "1904"]
        .into_iter()
        .map(|name| (name, values(folder.path().join(format!("{name}.xlsx")), "values = \"shown\"")))
        .collect();
    let (mut same, mut wrong, mut reasons) = (0, Vec::new(), BTreeMap::<&str, u32>::new());
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        let [calendar, row, format, value, theirs] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        let ours = &books[calendar][&row.parse().unwrap()];
        let theirs = theirs.trim();
        let number = value.parse().unwrap_or(f64::NAN);
        match explained_shown((calendar, format, number), theirs, ours) {
            _ if ours == theirs => same += 1,
            Some(reason) => *reasons.entry(reason).or_default() += 1,
            None => wrong.push(format!("{calendar} {format} {value}: LibreOffice {theirs:?}, here {ours:?}")),
        }
    }
    println!("{same} alike; explained: {reasons:?}");
    assert!(wrong.is_empty(), "{} others, such as\n{}", wrong.len(), wrong[..wrong.len().min(40)].join("\n"));
    assert!(same > 1_500, "{same}");
}
