//! Mistakes in what each contact is: ARNs, the message, attributes, and how they fit the file.

use crate::errors::area::Area;

const INSTANCE: &str = "\"11111111-2222-3333-4444-555555555555\"";
const FLOW: &str = "\"66666666-7777-8888-9999-000000000000\"";
const SOURCE: &str =
    "\"arn:aws:connect:us-west-2:123456789012:phone-number/aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee\"";

#[test]
fn arns() {
    let mut area = Area::new("arns");
    for (title, that, this) in [
        ("an instance's alias", INSTANCE, "\"my contact centre\""),
        (
            "a queue instead of the instance",
            INSTANCE,
            "\"arn:aws:connect:us-west-2:123456789012:instance/11111111-2222-3333-4444-555555555555/queue/1\"",
        ),
        (
            "an instance in another Region than the number",
            INSTANCE,
            "\"arn:aws:connect:eu-central-1:123456789012:instance/11111111-2222-3333-4444-555555555555\"",
        ),
        (
            "an instance of another account than the number",
            INSTANCE,
            "\"arn:aws:connect:us-west-2:210987654321:instance/11111111-2222-3333-4444-555555555555\"",
        ),
        ("a flow's name", FLOW, "\"Send & disconnect\""),
        (
            "a flow of another instance",
            FLOW,
            "\"arn:aws:connect:us-west-2:123456789012:instance/99999999-2222-3333-4444-555555555555/contact-flow/1\"",
        ),
        (
            "a flow in another Region",
            FLOW,
            concat!(
                "\"arn:aws:connect:eu-west-2:123456789012:instance/11111111-2222-3333-4444-555555555555",
                "/contact-flow/1\""
            ),
        ),
        ("a phone number instead of its ARN", SOURCE, "\"+12025550100\""),
        (
            "the number's other ARN",
            SOURCE,
            "\"arn:aws:sms-voice:us-west-2:123456789012:phone-number/aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee\"",
        ),
        ("the ARN of something else", SOURCE, "\"arn:aws:lambda:us-west-2:123456789012:function/remind\""),
        ("a Region that contradicts the ARNs", "[recipients]", "region = \"eu-west-1\"\n[recipients]"),
        ("a Region that is none", "[recipients]", "region = \"Oregon\"\n[recipients]"),
        ("an endpoint in plain http", "[recipients]", "endpoint_url = \"http://192.0.2.1\"\n[recipients]"),
        ("an endpoint that is no URL", "[recipients]", "endpoint_url = \"connect\"\n[recipients]"),
    ] {
        area.case(title).with(that, this).says(2, "run people.csv --yes");
    }
    area.case("--region contradicts the number's ARN").says(2, "run people.csv --yes --region eu-west-1");
    area.case("--region contradicts the instance's ARN, the numbers being in the file")
        .with(
            INSTANCE,
            "\"arn:aws:connect:us-west-2:123456789012:instance/11111111-2222-3333-4444-555555555555\"",
        )
        .with(SOURCE, "\"{{ source }}\"")
        .file("people.csv", "customer_id,first_name,phone,source\nC-1,Ada,+12025550101,x\n")
        .says(2, "run people.csv --yes --region eu-west-1");
    area.case("--region contradicts the number's ARN on resume")
        .after("run people.csv --simulate --limit 1 -j journal.db")
        .says(2, "resume --simulate --region eu-west-1 -j journal.db");
    area.end();
}

/// Title, and what stands in the place of the message.
const CONTACTS: &[(&str, &str)] = &[
    ("a placeholder that is not closed", "message = \"Hi {{ first_name, see you.\""),
    ("a filter that there is not", "message = \"Hi {{ first_name | shout }}\""),
    ("a template that is none", "message = \"Hi {% if first_name %}\""),
    ("an expression without a column", "message = \"Hi {{ }}\""),
    ("an empty message", "message = \"  \""),
    ("a message of another type", "message = { content_type = \"text/markdown\", content = \"x\" }"),
    ("a message of a type that there is not", "message = { content_type = \"text/html\", content = \"x\" }"),
    ("a message without content", "message = { content_type = \"text/plain\" }"),
    ("a message with a key too many", "message = { content = \"x\", language = \"en\" }"),
    ("a message whose content is none", "message = { content = 1 }"),
    (
        "a message and a template of Amazon Connect",
        "message = \"x\"\n[contact.templated_message]\nknowledge_base_id = \"k\"\ntemplate_id = \"t\"",
    ),
    (
        "a customer profile that is no JSON",
        "[contact.templated_message]\nknowledge_base_id = \"k\"\ntemplate_id = \"t\"\ncustomer_profile = \"no\"",
    ),
    ("a name for an attribute that is none", "attributes = { \"first name\" = \"x\" }"),
    ("an attribute that is no text", "attributes = { tier = 1 }"),
    ("a duration that the API does not take", "message = \"x\"\nchat_duration_minutes = 30"),
    ("content types without text/plain", "message = \"x\"\nsupported_content_types = [\"text/markdown\"]"),
    (
        "a content type that there is not",
        "message = \"x\"\nsupported_content_types = [\"text/plain\", \"x\"]",
    ),
    (
        "a channel said twice",
        "message = \"x\"\nsegment_attributes = { \"connect:Subtype\" = \"connect:Guide\" }",
    ),
    (
        "a name for a segment attribute that is none",
        "message = \"x\"\nsegment_attributes = { \"a b\" = \"x\" }",
    ),
    ("a segment attribute that is a fraction", "message = \"x\"\nsegment_attributes = { a = 1.5 }"),
    ("a column that the file does not have", "message = \"Hi {{ frist_name }}\""),
    ("a column that is nothing like one of the file's", "message = \"{{ appointment }}\""),
];

#[test]
fn contacts() {
    let mut area = Area::new("contacts");
    let message = "message = \"Hi {{ first_name }}, see you.\"";
    let longest = format!("message = \"{}\"", "a".repeat(1_025));
    let unicode = format!("message = \"{}\"", "ł".repeat(631));
    let euros = format!("message = \"{}\"", "€".repeat(800));
    let attribute = format!("attributes = {{ a = \"{}\" }}\n{message}", "a".repeat(32_768));
    let attributes = format!("attributes = {{ a = \"{0}\", b = \"{0}\" }}\n{message}", "a".repeat(20_000));
    let id = format!(
        "[contact.templated_message]\nknowledge_base_id = \"{}\"\ntemplate_id = \"t\"",
        "a".repeat(501)
    );
    let name = format!("display_name = \"{}\"\n{message}", "n".repeat(257));
    let deep = format!("segment_attributes = {}1{}\n{message}", "{ a = ".repeat(10), " }".repeat(10));
    let long = [
        ("a message that is too long", &*longest),
        ("a message that is too long because of one character", &*unicode),
        ("a message that is too long because of characters that count twice", &euros),
        ("an id that is too long", &id),
        ("an attribute that is too long", &attribute),
        ("attributes that are too long together", &attributes),
        ("a name that is too long", &name),
        ("segment attributes in segment attributes in ...", &deep),
    ];
    for (title, this) in CONTACTS.iter().copied().chain(long) {
        area.case(title).with(message, this).says(2, "run people.csv --yes");
    }
    area.case("every column an attribute, and two would have one name")
        .with("[pace]", "attributes = \"all\"\n[pace]")
        .file("people.csv", "customer_id,first_name,phone,a b,a_b\nC-1,Ada,+12025550101,1,2\n")
        .says(2, "run people.csv --yes");
    area.case("every column an attribute, and one has no name")
        .with("[pace]", "attributes = \"all\"\n[pace]")
        .file("people.csv", ",customer_id,first_name,phone\n1,C-1,Ada,+12025550101\n")
        .says(2, "run people.csv --yes");
    area.end();
}
