//! What stands in a report, in each of its forms.

use campaign::cli::commands::report::ReportArgs;
use campaign::domain::delivery::state::{Doubt, Event, State};
use campaign::journal::{Counters, RowId};
use campaign::report::Format;

use crate::report::fixture::{Place, attempt, line, plan, ran, rejected, to, with_cells, written};

/// Two files: after the first, one row was started and one failed; the second has the columns in another order, a
/// new one, no row `b`, and a rejected line.
async fn two_files() -> Place {
    let place = Place::new();
    let (mut journal, id) = place.open();
    plan(
        &mut journal,
        id,
        &["id", "phone", "state", "note"],
        &[
            line(2, &["a", "+12025550101", "WA", "=HYPERLINK(\"http://x\")"]),
            line(3, &["b", "+12025550102", "OR", "-3.5"]),
            line(4, &["c", "+12025550103", "CA", ""]),
        ],
    );
    let mut journal = written(journal, id, async |writer| {
        let first = attempt(writer, RowId::START, Event::Answered, None).await;
        let refusal = Some(("InvalidRequestException", "@the service's words"));
        attempt(writer, first, Event::Refused(Doubt::None), refusal).await;
    })
    .await;
    plan(
        &mut journal,
        id,
        &["note", "id", "phone", "language", "state"],
        &[
            rejected(2, &["", "x", "12", "fr"], "phone-invalid", "phone: \"12\" is too short"),
            with_cells(
                line(3, &["c", "+12025550103"]),
                &["two\nlines, \"quoted\"", "c", "+12025550103", "en", "CA"],
            ),
            with_cells(line(4, &["a", "+12025550101"]), &["changed", "a", "+12025550101", "en", "WA"]),
            with_cells(line(5, &["a", "+12025550101"]), &["again", "a", "+12025550101", "en", "WA"]),
        ],
    );
    ran(&mut journal, id, Counters { started: 1, requests: 2, throttled: 0, retried: 0 }, 3);
    place
}

#[tokio::test(start_paused = true)]
async fn csv_has_a_record_per_line_then_what_left_the_file() {
    let place = two_files().await;
    insta::assert_snapshot!(place.report(&to(Format::Csv, None)).unwrap(), @r#"
    line,key,destination,state,contact_id,client_token,attempts,code,reason,source,first_attempt_at,settled_at,sender,zone,delivery,delivery_status,delivery_at,parts,price,ended_at,replied,note,id,phone,language,file.state
    2,,,rejected,,,0,phone-invalid,"phone: ""12"" is too short",,,,,,,,,,,,,,x,12,fr,
    3,c,+12025550103,queued,,48bc8083-5122-5bd5-ada0-5ec85252925b,0,,,arn:aws:connect:us-west-2:123456789012:phone-number/0f,,,,,,,,,,,,"two
    lines, ""quoted""",c,+12025550103,en,CA
    4,a,+12025550101,started,contact-2,9f124dcb-ac83-5601-8d33-d3dab63b7f98,1,,,arn:aws:connect:us-west-2:123456789012:phone-number/0f,2026-03-01T09:30:00.000Z,2026-03-01T09:30:00.250Z,,,,,,,,,,"'=HYPERLINK(""http://x"")",a,+12025550101,,WA
    5,a,+12025550101,duplicate,,9f124dcb-ac83-5601-8d33-d3dab63b7f98,0,duplicate-key,an earlier line of the file has the same key,arn:aws:connect:us-west-2:123456789012:phone-number/0f,,,,,,,,,,,,again,a,+12025550101,en,WA
    ,b,+12025550102,failed,,a30315ad-f0ff-5f66-bcae-c98bfde3ecfb,1,InvalidRequestException,'@the service's words,arn:aws:connect:us-west-2:123456789012:phone-number/0f,2026-03-01T09:30:00.000Z,2026-03-01T09:30:00.250Z,,,,,,,,,,-3.5,b,+12025550102,,OR
    "#);
}

#[tokio::test(start_paused = true)]
async fn jsonl_has_every_text_as_it_is() {
    let place = two_files().await;
    insta::assert_snapshot!(place.report(&to(Format::Jsonl, None)).unwrap(), @r#"
    {"line":2,"key":null,"destination":null,"state":"rejected","contact_id":null,"client_token":null,"attempts":0,"code":"phone-invalid","reason":"phone: \"12\" is too short","source":null,"first_attempt_at":null,"settled_at":null,"sender":null,"zone":null,"delivery":null,"delivery_status":null,"delivery_at":null,"parts":null,"price":null,"ended_at":null,"replied":null,"note":"","id":"x","phone":"12","language":"fr","file.state":null}
    {"line":3,"key":"c","destination":"+12025550103","state":"queued","contact_id":null,"client_token":"48bc8083-5122-5bd5-ada0-5ec85252925b","attempts":0,"code":null,"reason":null,"source":"arn:aws:connect:us-west-2:123456789012:phone-number/0f","first_attempt_at":null,"settled_at":null,"sender":null,"zone":null,"delivery":null,"delivery_status":null,"delivery_at":null,"parts":null,"price":null,"ended_at":null,"replied":null,"note":"two\nlines, \"quoted\"","id":"c","phone":"+12025550103","language":"en","file.state":"CA"}
    {"line":4,"key":"a","destination":"+12025550101","state":"started","contact_id":"contact-2","client_token":"9f124dcb-ac83-5601-8d33-d3dab63b7f98","attempts":1,"code":null,"reason":null,"source":"arn:aws:connect:us-west-2:123456789012:phone-number/0f","first_attempt_at":"2026-03-01T09:30:00.000Z","settled_at":"2026-03-01T09:30:00.250Z","sender":null,"zone":null,"delivery":null,"delivery_status":null,"delivery_at":null,"parts":null,"price":null,"ended_at":null,"replied":null,"note":"=HYPERLINK(\"http://x\")","id":"a","phone":"+12025550101","language":null,"file.state":"WA"}
    {"line":5,"key":"a","destination":"+12025550101","state":"duplicate","contact_id":null,"client_token":"9f124dcb-ac83-5601-8d33-d3dab63b7f98","attempts":0,"code":"duplicate-key","reason":"an earlier line of the file has the same key","source":"arn:aws:connect:us-west-2:123456789012:phone-number/0f","first_attempt_at":null,"settled_at":null,"sender":null,"zone":null,"delivery":null,"delivery_status":null,"delivery_at":null,"parts":null,"price":null,"ended_at":null,"replied":null,"note":"again","id":"a","phone":"+12025550101","language":"en","file.state":"WA"}
    {"line":null,"key":"b","destination":"+12025550102","state":"failed","contact_id":null,"client_token":"a30315ad-f0ff-5f66-bcae-c98bfde3ecfb","attempts":1,"code":"InvalidRequestException","reason":"@the service's words","source":"arn:aws:connect:us-west-2:123456789012:phone-number/0f","first_attempt_at":"2026-03-01T09:30:00.000Z","settled_at":"2026-03-01T09:30:00.250Z","sender":null,"zone":null,"delivery":null,"delivery_status":null,"delivery_at":null,"parts":null,"price":null,"ended_at":null,"replied":null,"note":"-3.5","id":"b","phone":"+12025550102","language":null,"file.state":"OR"}
    "#);
}

#[tokio::test(start_paused = true)]
async fn json_has_counts_that_add_up_reasons_and_runs() {
    let place = two_files().await;
    insta::assert_snapshot!(place.report(&to(Format::Json, None)).unwrap(), @r#"{"campaign":"spring","begun_at":"2026-03-01T09:30:00.000Z","rows":5,"started":1,"failed":1,"rejected":1,"duplicate":1,"suppressed":0,"withdrawn":0,"expired":0,"queued":1,"attempting":0,"uncertain":0,"reasons":[{"state":"failed","code":"InvalidRequestException","rows":1},{"state":"rejected","code":"phone-invalid","rows":1},{"state":"duplicate","code":"duplicate-key","rows":1}],"runs":[{"run":1,"started_at":"2026-03-01T09:30:00.000Z","seen_at":"2026-03-01T09:30:02.500Z","ended_at":"2026-03-01T09:30:02.500Z","rate":2.0,"started":1,"requests":2,"throttled":0,"retried":0,"elapsed_s":2.5,"achieved_rate":0.8,"exit":3,"reason":null}],"steering":[]}"#);
}

#[tokio::test(start_paused = true)]
async fn states_select_rows() {
    let place = two_files().await;
    let select = |states: &[State]| {
        let args = ReportArgs { states: states.to_vec(), ..to(Format::Csv, None) };
        let report = place.report(&args).unwrap();
        let mut csv = csv::Reader::from_reader(report.as_bytes());
        csv.records().map(|record| record.unwrap()[3].to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(select(&[State::Failed, State::Rejected]), ["rejected", "failed"]);
    assert_eq!(select(&[State::Uncertain]), Vec::<String>::new());
    assert_eq!(select(&[]), ["rejected", "queued", "started", "duplicate", "failed"]);
}

/// The header is that of the file last planned, also where an earlier file had it too.
#[test]
fn a_header_that_comes_back_is_the_last_one() {
    let place = Place::new();
    let (mut journal, id) = place.open();
    let header = |place: &Place| {
        let report = place.report(&to(Format::Csv, None)).unwrap();
        report.lines().next().unwrap().split_once("replied").unwrap().1.to_owned()
    };
    let line = [line(2, &["a", "+12025550101"])];
    for (columns, expected) in
        [(["id", "x"], ",id,x"), (["y", "id"], ",y,id"), (["id", "x"], ",id,x"), (["y", "id"], ",y,id")]
    {
        plan(&mut journal, id, &columns, &line);
        assert_eq!(header(&place), expected);
    }
}

/// What a person's number looks like in the report is what it is: a script reads it back unharmed.
#[test]
fn numbers_survive_and_formulas_do_not() {
    let place = Place::new();
    let (mut journal, id) = place.open();
    plan(
        &mut journal,
        id,
        &["=cmd()", "phone", "cell"],
        &[
            line(2, &["+12025550101", "+12025550101", "+1 (202) 555-0101"]),
            line(3, &["=1+1", "+12025550102", "-12.5"]),
            line(4, &["4", "+12025550103", "\u{ff1d}1"]),
        ],
    );
    let report = place.report(&to(Format::Csv, None)).unwrap();
    let mut csv = csv::Reader::from_reader(report.as_bytes());
    assert_eq!(&csv.headers().unwrap()[21], "'=cmd()");
    let cells: Vec<String> = csv
        .records()
        .map(|record| record.unwrap())
        .flat_map(|record| [1, 2, 21, 23].map(|index| record[index].to_owned()))
        .collect();
    assert_eq!(
        cells,
        [
            ["+12025550101", "+12025550101", "+12025550101", "+1 (202) 555-0101"],
            ["'=1+1", "+12025550102", "'=1+1", "-12.5"],
            ["4", "+12025550103", "4", "'\u{ff1d}1"],
        ]
        .concat()
    );
    let jsonl = place.report(&to(Format::Jsonl, None)).unwrap();
    assert!(jsonl.contains(r#""key":"=1+1""#), "{jsonl}");
}

#[tokio::test(start_paused = true)]
async fn columns_are_chosen_and_ordered() {
    let place = two_files().await;
    let args = |format| ReportArgs {
        columns: ["phone", "State", "file.state", "contact id"].map(str::to_owned).to_vec(),
        states: vec![State::Started, State::Failed],
        ..to(format, None)
    };
    insta::assert_snapshot!(place.report(&args(Format::Csv)).unwrap(), @r"
    phone,state,file.state,contact_id
    +12025550101,started,WA,contact-2
    +12025550102,failed,OR,
    ");
    insta::assert_snapshot!(place.report(&args(Format::Jsonl)).unwrap(), @r#"
    {"phone":"+12025550101","state":"started","file.state":"WA","contact_id":"contact-2"}
    {"phone":"+12025550102","state":"failed","file.state":"OR","contact_id":null}
    "#);
}
