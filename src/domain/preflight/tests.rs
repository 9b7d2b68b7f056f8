//! What people and scripts are told, from small files.

use std::fmt::Write as _;

use super::*;
use crate::domain::definition;
use crate::domain::row::binding::{LineSpan, QuoteProblem};
use crate::domain::table::header::Header;

impl<const N: usize> Cells for [&str; N] {
    fn count(&self) -> usize {
        N
    }

    fn cell(&self, at: usize) -> &str {
        self.get(at).copied().unwrap_or_default()
    }
}

/// The definition, with more below [contact] and more tables.
fn definition(contact: &str, more: &str) -> Definition {
    let text = format!(
        "[connect]\ninstance_id = \"11111111-2222-3333-4444-555555555555\"\ncontact_flow_id = \"66666666-7777-8888-9999-000000000000\"\n\
         source = \"arn:aws:connect:us-west-2:123456789012:phone-number/p\"\n\
         [recipients]\nkey = \"id\"\ndefault_region = \"US\"\n\
         [contact]\nmessage = \"Hi {{{{ name }}}}, see you.\"\n{contact}\n{more}"
    );
    definition::parse(&text, "c.toml", "c").unwrap()
}

/// The findings of these rows of id, name, phone and a column that nothing uses; keys that come again are duplicates.
fn findings(definition: &Definition, rows: &[[&str; 3]]) -> Findings {
    let header = Header::new(["id", "name", "phone", "remark"]);
    let binding = definition.bind(&header).unwrap();
    let mut findings = Findings::new(definition, &binding);
    let (mut seen, mut numbers) = (FirstLines::default(), FirstNumbers::default());
    for (line, [id, name, phone]) in (2..).zip(rows) {
        let lines = LineSpan { first: line, last: line, quotes: QuoteProblem::None };
        let cells = [*id, *name, *phone, ""];
        let row = binding.recipient(lines, &cells[..]);
        let first = row.as_ref().ok().and_then(|recipient| seen.first(recipient));
        let fate = match (&row, first) {
            (Err(_), _) => Fate::Rejected,
            (_, Some(of)) => Fate::Duplicate { of, differs: false },
            (Ok(_), None) if *id == "opted-out" => Fate::left_out(Suppressed::Listed),
            (Ok(recipient), None) => {
                if let Some(of) = numbers.first(recipient) {
                    findings.observe(Observation::SharedNumber(line, of));
                }
                Fate::Queued
            }
        };
        findings.observe(Observation::Row { row: &row, cells: &cells, fate });
    }
    findings
}

/// What a file alone comes to.
fn preflight(definition: &Definition, rows: &[[&str; 3]]) -> Preflight {
    Preflight::new(findings(definition, rows), None, Options::default())
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
    let mut found = findings(&definition("", cost), &ROWS);
    let note = "opt-outs.csv: 1 line names nobody who can be sent to, first line 4: …";
    found.observe(Observation::Note(note.to_owned()));
    let (encoding, delimiter) = (Some("UTF-8".to_owned()), Some("commas"));
    found.observe(Observation::Format(DetectedFormat { encoding, delimiter, ..DetectedFormat::default() }));
    let facts = JournalFacts { tally: found.tally, frozen: 2, ..JournalFacts::default() };
    let told = Preflight::new(found, Some(facts), Options::default());
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
            "[connect]\ninstance_id = \"11111111-2222-3333-4444-555555555555\"\ncontact_flow_id = \"66666666-7777-8888-9999-000000000000\"\n\
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
    let told = preflight(&hours, &rows);
    assert!(
        told.text().contains("warning: if the flow does not disconnect, a contact lives 1 h"),
        "{}",
        told.text()
    );
    let simulated = Options { simulated: true, ..Options::default() };
    let told = Preflight::new(findings(&hours, &rows), None, simulated);
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

/// A sender of [connect]'s account to the United States at so many parts a second, and one of another to Canada.
fn of_two_accounts(parts: f64, pace: &str) -> Definition {
    let text = format!(
        "[connect]\ninstance_id = \"11111111-2222-3333-4444-555555555555\"\ncontact_flow_id = \"66666666-7777-8888-9999-000000000000\"\n\
         [[senders]]\nname = \"home\"\nparts_per_second = {parts}\ncountries = [\"US\"]\n\
         source = \"arn:aws:connect:us-west-2:123456789012:phone-number/p\"\n\
         [[senders]]\nname = \"abroad\"\ncountries = [\"CA\"]\naccount_rate = 5\naccount_burst = 1\n\
         instance_id = \"22222222-2222-3333-4444-555555555555\"\ncontact_flow_id = \"77777777-7777-8888-9999-000000000000\"\n\
         source = \"arn:aws:connect:ca-central-1:210987654321:phone-number/q\"\n\
         [recipients]\nkey = \"id\"\n[contact]\nmessage = \"Hi\"\n[pace]\n{pace}"
    );
    definition::parse(&text, "c.toml", "c").unwrap()
}

/// 300 of the first and 101 of the second.
fn to_two_countries(definition: &Definition) -> Preflight {
    let row = |n: usize, area: usize| [format!("{area}-{n}"), String::new(), format!("+1{area}55501{n:02}")];
    let home = (0..300).map(|n| row(n % 100, [202, 203, 205][n / 100]));
    let rows: Vec<[String; 3]> = home.chain((0..100).map(|n| row(n, 416))).chain([row(0, 604)]).collect();
    let rows: Vec<[&str; 3]> = rows.iter().map(|row| [0, 1, 2].map(|at| row[at].as_str())).collect();
    preflight(definition, &rows)
}

#[test]
fn several_accounts_send_beside_each_other_and_what_is_scarce_is_named() {
    let senders = |parts, pace: &str| {
        let text = to_two_countries(&of_two_accounts(parts, pace)).text();
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        let from = text.find("duration:").unwrap();
        text[from..text.find("\nthe first messages").unwrap()].to_owned()
    };
    let told = to_two_countries(&of_two_accounts(10.0, "rate = 2\nburst = 2"));
    let json = serde_json::to_value(&told).unwrap();
    let (pace, auto) = ("rate = 2\nburst = 2", "rate = \"auto\"\nburst = 2");
    let texts = [senders(10.0, pace), senders(0.5, pace), senders(10.0, auto)].join("\n\n");
    let told = format!("{texts}\n\n{}\n{}", json["accounts"], json["senders"]);
    insta::assert_snapshot!(told);
    assert_eq!(json["duration_s"], 149.0, "those of one account do not wait for those of the other");
}

/// The quota of active chats is an instance's: the first one to be full is told, by its own share of the requests.
#[test]
fn active_chats_are_counted_by_instance() {
    let kept = |most: u32| {
        to_two_countries(&of_two_accounts(
            10.0,
            &format!("rate = 2\nmax_active_contacts = {most}\ncontact_life = \"60s\""),
        ))
    };
    // 120 are alive at 2/s, and 101 at 5/s.
    assert_eq!(kept(120).stall(), None, "together they are more");
    let stall = kept(100).stall().unwrap();
    assert_eq!(
        (stall.after.as_secs(), stall.instance.as_deref()),
        (20, Some("22222222-2222-3333-4444-555555555555"))
    );
    // The first 50 of the first instance in 25 s, and each other one when one ends: 250 × 60 / 50 s.
    assert_eq!(kept(50).duration().as_secs(), 325);
    let text = kept(50).text();
    assert!(text.contains("kept alive at once, in instance 22222222, so that"), "{text}");
}

#[test]
fn what_expires_before_its_turn_is_not_counted_as_started_nor_paid_for() {
    let more = "[pace]\nburst = 1\n[schedule]\nend = \"2026-03-01T12:00:01Z\"\n[cost]\nper_segment = { US = 0.5, DE = 2.0, AT = 4.0 }\ncurrency = \"USD\"";
    let definition = definition("", more);
    // One at noon and one half a second later: the campaign is over before the other three.
    let from = UnixMillis::from_millis(1_772_366_400_000);
    let findings = |keeps| {
        let header = Header::new(["id", "name", "phone", "remark"]);
        let binding = definition.bind(&header).unwrap();
        let mut found = Findings::new(&definition, &binding).forecasting(&definition, from, keeps);
        let numbers = ["+12025550100", "+12025550101", "+491713920001", "+436641234567", "+12025550102"];
        for (line, number) in (2..).zip(numbers) {
            let lines = LineSpan { first: line, last: line, quotes: QuoteProblem::None };
            let cells = [number, "Ann", number, ""];
            let row = binding.recipient(lines, &cells[..]);
            found.observe(Observation::Row { row: &row, cells: &cells, fate: Fate::Queued });
        }
        Preflight::new(found, None, Options::default())
    };
    let all = findings(false);
    assert!(all.text().contains("\n5 rows, 5 contacts to start\n"), "{}", all.text());
    let told = findings(true);
    let forecast = told.forecast().unwrap();
    assert_eq!((forecast.contacts(), forecast.expired.rows), (2, 3), "{forecast:?}");
    let text = told.text();
    for line in [
        "5 rows, 2 contacts to start (of 5; 3 expire before their turn)\n",
        "\ncountries: US 2\n",
        "\nmessages: 2 of 1 segment each, 2 segments in all\n",
        "\ncost: 1.00 USD\n",
        "\nduration: 0.5 s at 2/s\n",
    ] {
        assert!(text.contains(line), "{line:?} in:\n{text}");
    }
    let agreement =
        "2 contacts (of 5; 3 expire before their turn), 2 segments, cost 1.00 USD, 0.5 s at this pace";
    assert_eq!(told.agreement(), agreement);
    let json = serde_json::to_value(&told).unwrap();
    assert_eq!(json["to_start"], 5);
    assert_eq!(json["messages"]["segments"]["all"], 5);
    assert_eq!(json["cost"]["total"], 7.5);
    let cost = serde_json::json!({ "total": 1.0, "currency": "USD", "without_price": 0 });
    let expected = serde_json::json!({ "contacts": 2, "messages": 2, "segments": 2, "cost": cost });
    assert_eq!(json["will_start"], expected);
    assert_eq!(told.file_facts().cost, Some(1.0));
}

/// Where rows wait for hours, which of them expire is known only when all are played.
#[test]
fn rows_whose_hours_never_open_before_the_end_are_not_paid_for() {
    let more = "[schedule]\nend = \"2026-03-01T13:00:00Z\"\n[hours]\nopen = \"08:00-21:00\"\n[cost]\nper_segment = 0.5";
    let definition = definition("", more);
    let from = UnixMillis::from_millis(1_772_366_400_000);
    let binding = definition.bind(&Header::new(["id", "name", "phone", "remark"])).unwrap();
    let mut found = Findings::new(&definition, &binding).forecasting(&definition, from, true);
    // Noon in Greenwich: five in California, one in Germany.
    for (line, number) in (2..).zip(["+14155550100", "+491713920001", "+491713920002"]) {
        let lines = LineSpan { first: line, last: line, quotes: QuoteProblem::None };
        let cells = [number, "Ann", number, ""];
        let row = binding.recipient(lines, &cells[..]);
        found.observe(Observation::Row { row: &row, cells: &cells, fate: Fate::Queued });
    }
    let text = Preflight::new(found, None, Options::default()).text();
    assert!(text.contains("3 rows, 2 contacts to start (of 3; 1 expires before its turn)\n"), "{text}");
    assert!(text.contains("\ncountries: DE 2\n") && text.contains("\ncost: 1.00, in"), "{text}");
}

#[test]
fn a_limit_counts_no_more_than_it_lets_through() {
    let definition = definition("", "[cost]\nper_segment = 1.0");
    let binding = definition.bind(&Header::new(["id", "name", "phone", "remark"])).unwrap();
    let mut found = Findings::new(&definition, &binding);
    for line in 2..7 {
        let lines = LineSpan { first: line, last: line, quotes: QuoteProblem::None };
        let phone = format!("+12025550{:03}", 100 + line);
        let cells = [phone.as_str(), "Ann", phone.as_str(), ""];
        let row = binding.recipient(lines, &cells[..]);
        let fate = if line < 4 { Fate::Queued } else { Fate::Candidate };
        found.observe(Observation::Row { row: &row, cells: &cells, fate });
    }
    let told = Preflight::new(found, None, Options { most: 2, simulated: false });
    assert_eq!((told.to_send(), told.found.messages.recipients, told.found.messages.cost), (2, 2, 2.0));
}

#[test]
fn what_waits_in_the_journal_takes_the_place_of_what_the_file_has() {
    let definition = definition("", "[cost]\nper_segment = 1.0");
    let found = findings(&definition, &ROWS);
    let mut waiting = found.waiting(None);
    waiting.weigh(None, None, ("+12025550143", Some("Hi, see you.")));
    let mut tally = Tally::default();
    tally[State::Queued] = 1;
    let facts = JournalFacts { tally, waiting: Some(waiting), ..JournalFacts::default() };
    let told = Preflight::new(found, Some(facts), Options::default());
    assert_eq!((told.to_send(), told.found.messages.count, told.found.messages.cost), (1, 1, 1.0));
}

/// Ten rows or more, for which a text far from the others, or one that is the same, says something.
#[test]
fn texts_that_look_wrong_are_warnings_with_rows_and_lines() {
    let mut rows: Vec<[String; 3]> =
        (0..20).map(|n| [n.to_string(), "Ada".to_owned(), format!("+1202555{:04}", 100 + n)]).collect();
    rows[3][1] = "NULL".to_owned();
    rows[4][1] = "#NAME#".to_owned();
    rows[5][1] = "JosÃ©".to_owned();
    rows[6][1] = "Total".to_owned();
    rows[7][1] = "a great many words ".repeat(6);
    rows[8][1] = "NULL".to_owned();
    let rows: Vec<[&str; 3]> = rows.iter().map(|row| [0, 1, 2].map(|at| row[at].as_str())).collect();
    let told = preflight(&definition("", ""), &rows);
    let found: Vec<(&str, u64, Vec<u64>)> = told
        .warnings()
        .into_iter()
        .map(|warning| (warning.code.name(), warning.rows, warning.lines))
        .collect();
    let expected = [
        ("foreign-placeholder", 1, vec![6]),
        ("nothing-words", 2, vec![5, 10]),
        ("twice-encoded", 1, vec![7]),
        ("total-row", 1, vec![8]),
        ("text-length", 1, vec![9]),
    ];
    assert_eq!(found, expected);
    let all = told.unaccepted(&[]);
    assert_eq!(
        all.iter().map(|code| code.name()).collect::<Vec<_>>(),
        ["foreign-placeholder", "nothing-words", "twice-encoded", "total-row"]
    );
    assert_eq!(told.unaccepted(&all), [], "what is accepted holds nothing up, and a length never does");
    let text = told.text();
    assert!(text.contains("\nwarning (nothing-words): name is \"NULL\" in 2 rows; lines 5, 10\n"), "{text}");
}

/// The definition's own words are looked at as cells are: TOML's single quotes leave `\\n` as two letters.
#[test]
fn what_is_wrong_with_the_definitions_own_texts_is_a_warning() {
    let told = |message: &str, more: &str| -> Vec<String> {
        let text = format!(
            "[connect]\ninstance_id = \"11111111-2222-3333-4444-555555555555\"\ncontact_flow_id = \"66666666-7777-8888-9999-000000000000\"\n\
             source = \"arn:aws:connect:us-west-2:123456789012:phone-number/p\"\n\
             [recipients]\nkey = \"id\"\n[contact]\nmessage = {message}\n{more}"
        );
        let definition = definition::parse(&text, "c.toml", "c").unwrap();
        let warnings =
            preflight(&definition, &[["1", "Ann", "+12025550101"], ["2", "Bob", "+12025550102"]]).warnings();
        warnings.into_iter().map(|warning| format!("{}: {}", warning.code.name(), warning.summary)).collect()
    };
    for (message, damage) in [
        ("'Hi {{ name }},\\nsee you'", "an escape (\\n)"),
        ("'Hi {{ name }},\\r\\nsee you'", "an escape (\\r)"),
        ("'Hi&nbsp;{{ name }}'", "HTML (&nbsp;)"),
        ("'Hi {{ name }}<br>'", "HTML (<br>)"),
        ("'All the same &amp; for all'", "HTML (&amp;)"),
        ("'Grüße von JosÃ©, {{ name }}'", "text that was encoded twice (Ã©)"),
    ] {
        let found = told(message, "");
        assert_eq!(found, [format!("twice-encoded: `contact.message` has {damage} in 2 rows")], "{message}");
    }
    let attribute = told("'Hi'", "attributes = { note = 'a&nbsp;b', name = '{{ name }}' }");
    assert_eq!(attribute, ["twice-encoded: `contact.attributes.note` has HTML (&nbsp;) in 2 rows"]);
    for message in [
        "\"Hi {{ name }},\\nsee you\"",
        "'Is it C:\\new, {{ name }}?'",
        "'https://example.com/?a=b&c=d {{ name }}'",
    ] {
        assert_eq!(told(message, ""), Vec::<String>::new(), "{message}");
    }
}

#[test]
fn a_text_that_is_one_for_everybody_while_its_cells_differ_is_a_warning() {
    let text = "[connect]\ninstance_id = \"11111111-2222-3333-4444-555555555555\"\ncontact_flow_id = \"66666666-7777-8888-9999-000000000000\"\n\
                source = \"arn:aws:connect:us-west-2:123456789012:phone-number/p\"\n\
                [recipients]\nkey = \"id\"\n\
                [contact]\nmessage = \"{% if name == 'yes' %}A{% else %}B{% endif %}\"";
    let definition = definition::parse(text, "c.toml", "c").unwrap();
    let rows: Vec<[String; 3]> =
        (0..10).map(|n| [n.to_string(), format!("Yes {n}"), format!("+1202555{:04}", 100 + n)]).collect();
    let rows: Vec<[&str; 3]> = rows.iter().map(|row| [0, 1, 2].map(|at| row[at].as_str())).collect();
    let codes = |rows: &[[&str; 3]]| -> Vec<WarningCode> {
        preflight(&definition, rows).warnings().iter().map(|warning| warning.code).collect()
    };
    assert_eq!(codes(&rows), [WarningCode::SameText]);
    assert_eq!(codes(&rows[1..]), [], "nine may be alike by chance");
}

#[test]
fn the_first_twenty_are_told_and_the_others_counted() {
    let rows: Vec<[&str; 3]> =
        (0..30).map(|n| if n < 25 { ["x", "Ann", "1"] } else { ["x", "", "+12025550100"] }).collect();
    let told = preflight(&definition("", ""), &rows);
    let together = "rejected: 25 phone-too-short, 5 cell-empty\n  lines 2, 3, 4, 5, 6, …, phone: the phone number is too short";
    assert!(told.text().contains(together), "{}", told.text());
    let text = told.text_in_full();
    let mut expected = "rejected: 25 phone-too-short, 5 cell-empty".to_owned();
    for line in 2..22 {
        let _ = write!(expected, "\n  line {line}, phone: the phone number is too short");
    }
    expected.push_str("\n  … and 10 more");
    assert!(text.contains(&expected), "{text}");
}
