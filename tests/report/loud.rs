//! A report that would be wrong is no report, and one in a file is private and whole.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;

use campaign::cli::commands::report::{ReportArgs, write};
use campaign::cli::session::Asked;
use campaign::domain::delivery::state::State;
use campaign::report::{Format, ReportError};

use crate::report::fixture::{Place, line, plan, to};

fn three_rows() -> Place {
    let place = Place::new();
    let (mut journal, id) = place.open();
    let lines = [2, 3, 4].map(|number| line(number, &[&number.to_string(), "+12025550101"]));
    plan(&mut journal, id, &["id", "phone"], &lines);
    place
}

fn failed(place: &Place, args: &ReportArgs, campaign: Option<&str>) -> ReportError {
    let asked = Asked { campaign, ..place.asked() };
    write(args, &asked, &mut Vec::new(), &mut Vec::new()).expect_err("a failure")
}

/// Promise 1, for reports: counts that someone edited, or a row that someone removed, are not passed over.
#[test]
fn a_report_that_does_not_add_up_fails_and_leaves_the_old_one() {
    for edit in ["UPDATE tally SET rows = rows + 1", "DELETE FROM row WHERE line = 3"] {
        let place = three_rows();
        let path = place.beside("report.csv");
        let old = place.report(&to(Format::Csv, None)).unwrap();
        fs::write(&path, &old).unwrap();
        rusqlite::Connection::open(&place.journal).unwrap().execute(edit, []).unwrap();
        for format in Format::ALL {
            let error = failed(&place, &to(format, Some(&path)), None);
            assert!(matches!(error, ReportError::Unbalanced(_)), "{edit}: {error}");
            assert_eq!(error.exit_code(), 1);
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), old);
    }
    let selected = ReportArgs { states: vec![State::Failed], ..to(Format::Csv, None) };
    three_rows().report(&selected).expect("what is not selected is not missed");
}

#[test]
fn a_file_is_private_and_said_to_be_written() {
    let place = three_rows();
    let path = place.beside("report.jsonl");
    let args = ReportArgs { output: Some(path.clone()), ..ReportArgs::default() };
    let (mut out, mut notes) = (Vec::new(), Vec::new());
    write(&args, &place.asked(), &mut out, &mut notes).unwrap();
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_to_string(&path).unwrap(), place.report(&to(Format::Jsonl, None)).unwrap());
    assert_eq!(
        (out.len(), String::from_utf8(notes).unwrap()),
        (0, format!("3 rows in {}\n", path.display()))
    );

    write(&args, &Asked { json: true, ..place.asked() }, &mut out, &mut Vec::new()).unwrap();
    let done: serde_json::Value = serde_json::from_slice(&out).unwrap();
    assert_eq!((&done["rows"], &done["format"], &done["queued"]), (&3.into(), &"jsonl".into(), &3.into()));
}

#[test]
fn what_the_user_can_mend_is_said_with_a_hint() {
    let place = three_rows();
    let ending = ReportArgs { output: Some("r.pdf".into()), ..ReportArgs::default() };
    let columns = |name: &str| ReportArgs { columns: vec![name.to_owned()], ..ReportArgs::default() };
    let page = ReportArgs { columns: vec!["line".to_owned()], ..to(Format::Html, None) };
    let named_rows = ReportArgs { with_numbers: true, ..to(Format::Xlsx, None) };
    let overview = ReportArgs { states: vec![State::Failed], ..to(Format::Json, None) };
    let named = |campaign| failed(&place, &ReportArgs::default(), campaign);
    let (unknown, empty) = (named(Some("autumn")), Place::new());
    drop(place.open_named("winter"));
    let nobody = failed(&empty, &ReportArgs::default(), None);
    let mut text = String::new();
    for error in [
        failed(&place, &ending, None),
        failed(&place, &overview, Some("spring")),
        failed(&place, &page, Some("spring")),
        failed(&place, &named_rows, Some("spring")),
        failed(&place, &columns("contcat_id"), Some("spring")),
        failed(&place, &columns("zzz"), Some("spring")),
        unknown,
        named(None),
    ] {
        assert_eq!(error.exit_code(), 2, "{error}");
        let folder = place.journal.parent().unwrap().display().to_string();
        let hint = error.hint().expect("a hint");
        text.push_str(&format!("{error}\n  {hint}\n").replace(&folder, "FOLDER"));
    }
    assert!(matches!(nobody, ReportError::Journal(_)) && nobody.exit_code() == 2);
    insta::assert_snapshot!(text, @r#"
    failed to tell the format of the report from "r.pdf"
      name the format with <Format>; this version writes csv, jsonl, json, html, xlsx
    a json report is the campaign's summary and has no rows to select
      leave out <States> and <Columns>, or add <FormatOf("csv")>
    an html report is the campaign's summary and has no rows to select
      leave out <States> and <Columns>, or add <FormatOf("csv")>
    only the html report can be given numbers: an xlsx report has them anyway
      leave out <WithNumbers>, or add <FormatOf("html")>
    the report has no column "contcat_id"
      did you mean contact_id?
    the report has no column "zzz"
      it has line, key, destination, state, contact_id, client_token, attempts, code, reason, source, first_attempt_at, settled_at, sender, zone, delivery, delivery_status, delivery_at, parts, price, ended_at, replied, id, phone
    the journal has no campaign named "autumn"; it has spring
      name one with <Campaign>, or another journal with <Journal>
    the journal has several campaigns: spring, winter
      name one: <CampaignOf(["spring", "winter"])>
    "#);
}

/// `campaign report | head -1` has read enough; that is no failure. A full disk is one.
#[test]
fn a_closed_pipe_is_quiet_and_a_full_disk_is_not() {
    struct Broken(io::ErrorKind);
    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Err(self.0.into())
        }
    }
    let place = three_rows();
    let write = |format, kind| write(&to(format, None), &place.asked(), &mut Broken(kind), &mut Vec::new());
    for format in Format::ALL {
        write(format, io::ErrorKind::BrokenPipe).unwrap();
        let error = write(format, io::ErrorKind::StorageFull).unwrap_err();
        assert!(matches!(error, ReportError::Stream(_)), "{error}");
    }
}
