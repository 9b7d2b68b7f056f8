//! Definitions against headers, rows against both.

use crate::domain::definition::parse;
use crate::domain::foreign::ForeignText;
use crate::domain::message::body_template::BodyTemplate;
use crate::domain::row::binding::*;

const CONNECT: &str = r#"
[connect]
instance_id = "11111111-2222-3333-4444-555555555555"
contact_flow_id = "66666666-7777-8888-9999-000000000000"
source = "arn:aws:connect:us-west-2:123456789012:phone-number/aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
"#;

fn definition(rest: &str) -> Definition {
    parse(&format!("name = \"spring\"{CONNECT}{rest}"), "c.toml", "c").unwrap()
}

const SPRING: &str = r#"
[recipients]
key = "customer_id"
default_region = "US"
[contact]
message = "Hi {{ first_name }}, see you {{ date | default('soon') }}."
attributes = { tier = "gold", name = "{{ First Name }}" }
display_name = "{{ first_name | default('') }}"
"#;

const HEADER: [&str; 4] = ["Customer ID", "First Name", "Phone", "date"];

fn bound(rest: &str) -> Binding {
    definition(rest).bind(&Header::new(HEADER)).unwrap()
}

fn row(binding: &Binding, cells: &[&str]) -> Result<Recipient, Rejection> {
    binding.recipient(LineSpan { first: 7, last: 7, quotes: QuoteProblem::None }, cells)
}

#[test]
fn a_row_becomes_the_request() {
    let binding = bound(SPRING);
    let recipient = row(&binding, &[" c-1 ", "Ann", "(202) 555-0143", "", " ", ""]).unwrap();
    assert_eq!(
        (recipient.line, recipient.key.as_str(), recipient.phone.as_str()),
        (7, "c-1", "+12025550143")
    );
    assert_eq!(recipient.slots, ["Ann", "Ann", "Hi Ann, see you soon."], "attribute, display name, message");
    assert_eq!(binding.message(&recipient), Some("Hi Ann, see you soon."));
    let request =
        binding.shape().fill(&recipient.slots, recipient.phone.as_str(), recipient.client_token).unwrap();
    insta::assert_snapshot!(String::from_utf8(request.body()).unwrap());
}

/// The source of each row is that of its sender, and nothing else of the request is another one.
#[test]
fn a_row_has_the_source_of_its_sender() {
    let sender = |n: u32, rest: &str| {
        format!(
            "\n[[senders]]\nname = \"s{n}\"\nsource = \"arn:aws:connect:us-west-2:123456789012:phone-number/aaaaaaaa-bbbb-cccc-dddd-{n:012}\"\n{rest}"
        )
    };
    let connect: Vec<&str> = CONNECT.lines().filter(|line| !line.starts_with("source")).collect();
    let senders = sender(1, "countries = [\"US\"]") + &sender(2, "countries = [\"US\", \"CA\"]");
    let text = format!("name = \"spring\"{}{SPRING}{senders}", connect.join("\n"));
    let binding = parse(&text, "c.toml", "c").unwrap().bind(&Header::new(HEADER)).unwrap();
    let mut seen = [0, 0];
    for n in 100..200 {
        let number = format!("+120255501{:02}", n % 100);
        let recipient = row(&binding, &["c-1", "Ann", &number, ""]).unwrap();
        let at = recipient.sender.unwrap();
        seen[at] += 1;
        let request =
            binding.shape().fill(&recipient.slots, recipient.phone.as_str(), recipient.client_token).unwrap();
        assert_eq!(request.request.source, binding.senders()[at].source);
        let single = row(&bound(SPRING), &["c-1", "Ann", &number, ""]).unwrap();
        assert_eq!(recipient.client_token, single.client_token, "the token is that of a single source");
        assert_eq!(recipient.slots[..3], single.slots[..]);
    }
    assert!(seen.iter().all(|rows| *rows > 20), "{seen:?}");
    let rejected = row(&binding, &["c-1", "Ann", "+33612345678", ""]).unwrap_err();
    assert_eq!(rejected.reason.code(), "sender-missing");
    insta::assert_snapshot!(rejected.to_string());
}

#[test]
fn the_key_is_the_column_or_the_number_and_makes_the_token() {
    let cells = ["c-1", "Ann", "2025550143", ""];
    let tokens = TokenSpace::new("11111111-2222-3333-4444-555555555555", "spring");
    let keyed = row(&bound(SPRING), &cells).unwrap();
    assert_eq!(keyed.client_token, tokens.token("c-1"));
    let by_number = row(&bound(&SPRING.replace("key = \"customer_id\"", "")), &cells).unwrap();
    assert_eq!(
        (by_number.key.as_str(), by_number.client_token),
        ("+12025550143", tokens.token("+12025550143"))
    );
}

#[test]
fn rejections_have_column_code_and_words() {
    let binding = bound(SPRING);
    let long = "x".repeat(1100);
    let mut told = Vec::new();
    for cells in [
        &["c-1", "Ann", "2025550143"][..],
        &["c-1", "Ann", "2025550143", "", "extra"],
        &["c-1", "Ann", "555", ""],
        &["c-1", "Ann", "", ""],
        &["c-1", "Ann", "+44 20 7946 0123", ""],
        &[" ", "Ann", "2025550143", ""],
        &["c-1", "  ", "2025550143", ""],
        &["c-1", &long, "2025550143", ""],
        &["c-1", "Ann 😀", "2025550143", &long[..700]],
    ] {
        let rejection = row(&binding, cells).unwrap_err();
        assert_eq!(rejection.line, 7);
        let column = rejection.column.as_ref().map_or("-", ForeignText::raw);
        told.push(format!("{column} | {} | {}", rejection.reason.code(), rejection.reason));
    }
    let open = binding
        .recipient(LineSpan { first: 7, last: 90, quotes: QuoteProblem::None }, &["c-1", "Ann\n…"][..])
        .unwrap_err();
    told.push(format!("- | {} | {}", open.reason.code(), open.reason));
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn everything_that_the_header_lacks_is_told_at_once() {
    let text = SPRING.replace("key = \"customer_id\"", "phone = \"mobile\"\nkey = \"customerid_\"");
    let header = Header::new(["customr id", "first_nam", "Phone", "DATE", "date "]);
    insta::assert_snapshot!(definition(&text).bind(&header).unwrap_err().to_string());
}

#[test]
fn all_columns_become_attributes() {
    let binding = bound("[recipients]\ndefault_region = \"US\"\n[contact]\nattributes = \"all\"\n");
    let recipient = row(&binding, &["c-1", "Ann", "2025550143", ""]).unwrap();
    assert_eq!(recipient.slots, ["c-1", "Ann", "2025550143", ""]);
    let keys: Vec<&String> = binding.shape().attributes.keys().collect();
    assert_eq!(keys, ["Customer_ID", "First_Name", "Phone", "campaign_token", "date"]);
    let all = definition("[contact]\nattributes = \"all\"\n");
    for header in [&["phone", "é", "è"][..], &["phone", "", "x"], &["phone", "x", "X", "x"]] {
        let problems = all.bind(&Header::new(header)).unwrap_err().to_string();
        assert!(problems.contains("c.toml:7:14: `contact.attributes"), "{problems}");
    }
    let huge = "x".repeat(32_740);
    let rejection = row(&binding, &["c-1", &huge, "2025550143", ""]).unwrap_err();
    assert_eq!(rejection.reason.code(), "attributes-too-long");
}

#[test]
fn landlines_only_where_they_are_allowed() {
    let cells = ["c-1", "Ann", "+442079460123", ""];
    assert_eq!(row(&bound(SPRING), &cells).unwrap_err().reason.code(), "phone-landline");
    assert!(
        row(&bound(&SPRING.replace("default_region", "allow_landlines = true\ndefault_region")), &cells)
            .is_ok()
    );
}

#[test]
fn flow_and_source_may_come_from_the_row() {
    let text =
        format!("{CONNECT}[contact]\n").replace("\"66666666-7777-8888-9999-000000000000\"", "\"{{ date }}\"");
    let binding = parse(&text, "c.toml", "c").unwrap().bind(&Header::new(HEADER)).unwrap();
    let flow = "arn:aws:connect:us-west-2:123456789012:instance/11111111-2222-3333-4444-555555555555/contact-flow/f-2";
    assert_eq!(row(&binding, &["", "", "+12025550143", flow]).unwrap().slots, ["f-2"]);
    let other = row(&binding, &["", "", "+12025550143", &flow.replace("11111111", "22222222")]).unwrap_err();
    assert_eq!((other.column.clone(), other.reason.code()), (Some("date".into()), "flow-invalid"));
}

proptest::proptest! {
    #[test]
    fn no_row_makes_it_panic(cells in proptest::collection::vec("\\PC{0,12}|[+0-9]{7,12}", 0..7)) {
        let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
        let _ = row(&bound(SPRING), &cells).map_err(|rejection| rejection.reason.to_string());
    }
}

/// The service takes 32,768 bytes of attributes: what the definition asks for goes before what it is found by.
#[test]
fn each_contact_carries_its_client_token_where_there_is_room() {
    let attributes = |trace: &str, name: &str| {
        let text = format!(
            "[recipients]\ndefault_region = \"US\"\n[contact]\nattributes = {{ a = \"{{{{ first_name }}}}\" }}\n{trace}"
        );
        let recipient = row(&bound(&text), &["c-1", name, "2025550143", ""]).unwrap();
        let shape = bound(&text).shape().clone();
        let (phone, token) = (recipient.phone.as_str(), recipient.client_token);
        let request = shape.fill(&recipient.slots, phone, token).unwrap();
        let body = BodyTemplate::new(shape).body(&recipient.slots, phone, token).unwrap();
        assert_eq!(body, request.body());
        (request.request.attributes, token.to_string())
    };
    let (known, token) = attributes("", "Ann");
    assert_eq!(known["campaign_token"], token);
    assert_eq!(attributes("trace = \"t-1\"", "Ann").0["t-1"], token);
    for none in ["trace = false", "trace = \"\""] {
        assert_eq!(attributes(none, "Ann").0.into_keys().collect::<Vec<_>>(), ["a"]);
    }
    let most = 32_768 - "a".len() - "campaign_token".len() - 36;
    assert_eq!(attributes("", &"x".repeat(most)).0.len(), 2);
    assert_eq!(attributes("", &"x".repeat(most + 1)).0.into_keys().collect::<Vec<_>>(), ["a"]);
}

#[test]
fn a_trace_is_no_other_attribute() {
    let told = |text: &str| {
        definition(text).bind(&Header::new(["phone", "campaign_token"])).unwrap_err().to_string()
    };
    let named = "[contact]\nattributes = { campaign_token = \"x\" }\n";
    for text in [named, "[contact]\nattributes = \"all\"\n"] {
        assert!(
            told(text).contains("both one of `contact.attributes` and `contact.trace`"),
            "{}",
            told(text)
        );
    }
    let free = definition(&format!("{named}trace = false\n")).bind(&Header::new(["phone"]));
    assert!(free.is_ok());
}
