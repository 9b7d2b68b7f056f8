//! What people and scripts are told, from small files.

use std::fmt::Write as _;

use super::*;
use crate::domain::definition;
use crate::domain::row::binding::LineSpan;
use crate::domain::table::header::Header;

/// The definition, with more below [contact] and more tables.
fn definition(contact: &str, more: &str) -> Definition {
    let text = format!(
        "[connect]\ninstance_id = \"i\"\ncontact_flow_id = \"f\"\n\
         source = \"arn:aws:connect:us-west-2:123456789012:phone-number/p\"\n\
         [recipients]\nkey = \"id\"\ndefault_region = \"US\"\n\
         [contact]\nmessage = \"Hi {{{{ name }}}}, see you.\"\n{contact}\n{more}"
    );
    definition::parse(&text, "c.toml", "c").unwrap()
}

/// The pre-flight of these rows of id, name, phone and a column that nothing uses; keys that come again are duplicates.
fn preflight(definition: &Definition, rows: &[[&str; 3]]) -> Preflight {
    let header = Header::new(["id", "name", "phone", "remark"]);
    let binding = definition.bind(&header).unwrap();
    let mut preflight = Preflight::new(definition);
    preflight.columns(&binding);
    let mut seen = FirstLines::default();
    for (line, [id, name, phone]) in (2..).zip(rows) {
        let lines = LineSpan { first: line, last: line, quote_open: false };
        let row = binding.recipient(lines, &[*id, *name, *phone, ""][..]);
        let first = row.as_ref().ok().and_then(|recipient| seen.first(recipient));
        let state = match (&row, first) {
            (Err(_), _) => State::Rejected,
            (_, Some(of)) => {
                preflight.duplicate(Duplicate { line, of, differs: false });
                State::Duplicate
            }
            (Ok(_), None) if *id == "opted-out" => {
                preflight.left_out(Suppressed::Listed);
                State::Suppressed
            }
            (Ok(_), None) => State::Queued,
        };
        preflight.see(&row, state);
        if let (Ok(recipient), State::Queued) = (&row, state) {
            preflight.weigh(&binding, recipient);
        }
    }
    preflight
}

const ROWS: [[&str; 3]; 9] = [
    ["a", "Ada", "202 555 0100"],
    ["b", "Łukasz", "+49 171 3920001"],
    ["c", "", "202 555 0101"],
    ["a", "Ada again", "202 555 0102"],
    ["d", "Bo", "12"],
    ["e", "O’Neil", "+49 152 28817386"],
    ["f", "Ada's other key", "202 555 0100"],
    ["opted-out", "Cy", "202 555 0103"],
    ["g", "Zoë", "+43 664 1234567"],
];

#[test]
fn people_read_findings_in_the_order_of_columns_rows_messages_limits() {
    let cost = "[cost]\nper_segment = { US = 0.00581, DE = 0.0945 }\ncurrency = \"USD\"";
    let mut told = preflight(&definition("", cost), &ROWS);
    told.note("opt-outs.csv: 1 line names nobody who can be sent to, first line 4: …".to_owned());
    told.frozen(2);
    let (encoding, delimiter) = (Some("UTF-8".to_owned()), Some("commas"));
    told.read_as(DetectedFormat { encoding, delimiter, ..DetectedFormat::default() });
    insta::assert_snapshot!(told.text());
    insta::assert_snapshot!(serde_json::to_string_pretty(&serde_json::to_value(&told).unwrap()).unwrap());
}

#[test]
fn what_gsm_saves_is_said_before_and_after() {
    let long = "and a great many words more, so that the message has more than seventy characters";
    let name = format!("Łukasz “{long}”");
    let rows = [["a", name.as_str(), "202 555 0100"], ["b", "Ann", "202 555 0101"]];
    let before = preflight(&definition("", ""), &rows).text();
    assert!(before.contains("would save 1 segment\n"), "{before}");
    let after = preflight(&definition("encoding = \"gsm\"", ""), &rows).text();
    assert!(
        after.contains("messages: 2 of 1 segment each, 2 segments in all; encoding = \"gsm\" saved 1\n"),
        "{after}"
    );
    assert!(!after.contains("UCS-2") && after.contains("Hi Lukasz \"and a"), "{after}");
    let whole = definition::parse(
        &format!(
            "[connect]\ninstance_id = \"i\"\ncontact_flow_id = \"f\"\n\
             source = \"arn:aws:connect:us-west-2:123456789012:phone-number/p\"\n\
             [recipients]\nkey = \"id\"\n[contact]\nencoding = \"gsm\"\nmessage = \"“{long}”\""
        ),
        "c.toml",
        "c",
    )
    .unwrap();
    let rows = [["a", "", "+12025550100"], ["b", "", "+12025550101"]];
    let same = preflight(&whole, &rows).text();
    assert!(same.contains("encoding = \"gsm\" saved 2"), "a message that is the same for all: {same}");
}

#[test]
fn active_chats_stall_a_long_run_and_a_simulation_says_so_of_the_service() {
    let rows: Vec<[String; 3]> = (0..600)
        .map(|n| [n.to_string(), "Ada".to_owned(), format!("+1{}55501{:02}", 202 + n / 100, n % 100)])
        .collect();
    let rows: Vec<[&str; 3]> = rows.iter().map(|row| [0, 1, 2].map(|at| row[at].as_str())).collect();
    let hours = definition("chat_duration_minutes = 60", "");
    let mut told = preflight(&hours, &rows);
    assert!(
        told.text().contains("warning: if the flow does not disconnect, a contact lives 1 h"),
        "{}",
        told.text()
    );
    told.simulated();
    assert!(told.text().contains("note: the simulator has no quota of active chats"), "{}", told.text());
    let short = preflight(&definition("", "[pace]\ncontact_life = \"2m\""), &rows);
    assert_eq!(short.stall(), None);
    // 500 in 250 s, then one for each that ends: 100 in another 100 / (500 / 600) = 120 s.
    let kept = preflight(&definition("", "[pace]\ncontact_life = \"10m\""), &rows).text();
    let line = "duration: 6 min 10 s at 2/s: contacts live 10 min, and no more than 500 of them are kept alive at once, so \
                that 0.83/s can start after the first 4 min 10 s\n";
    assert!(kept.contains(line) && !kept.contains("warning"), "{kept}");
    let unknown = preflight(&definition("", "[pace]\nrate = \"auto\""), &rows[..10]).text();
    assert!(unknown.contains("at 2/s, what a new account has; the run finds out"), "{unknown}");
}

#[test]
fn a_limit_counts_no_more_than_it_lets_through() {
    let definition = definition("", "[cost]\nper_segment = 1.0");
    let mut told = preflight(&definition, &[]);
    told.limit(2);
    let binding = definition.bind(&Header::new(["id", "name", "phone", "remark"])).unwrap();
    for line in 2..7 {
        let lines = LineSpan { first: line, last: line, quote_open: false };
        let phone = format!("+12025550{:03}", 100 + line);
        let row = binding.recipient(lines, &[phone.as_str(), "Ann", phone.as_str(), ""][..]);
        told.see(&row, State::Queued);
        told.weigh(&binding, row.as_ref().unwrap());
    }
    assert_eq!((told.to_send(), told.weighed(), told.messages.cost), (2, 2, 2.0));
}

#[test]
fn the_first_twenty_are_told_and_the_others_counted() {
    let rows: Vec<[&str; 3]> =
        (0..30).map(|n| if n < 25 { ["x", "Ann", "1"] } else { ["x", "", "+12025550100"] }).collect();
    let text = preflight(&definition("", ""), &rows).text();
    let mut expected = "rejected: 25 phone-too-short, 5 cell-empty".to_owned();
    for line in 2..22 {
        let _ = write!(expected, "\n  line {line}, phone: the phone number is too short");
    }
    expected.push_str("\n  … and 10 more");
    assert!(text.contains(&expected), "{text}");
}
