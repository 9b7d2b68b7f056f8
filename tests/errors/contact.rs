//! A single contact: options that cannot be read, requests that a definition would be refused for, and what the service says.

use crate::errors::area::Area;

const GOOD: &str = "contact --source-endpoint Type=CONNECT_PHONENUMBER_ARN,Address=arn:aws:connect:us-west-2:123456789012:phone-number/1 \
     --destination-endpoint Type=TELEPHONE_NUMBER,Address=+12025550101 --instance-id i-1 --contact-flow-id f-1 \
     --segment-attributes connect:Subtype={ValueString=connect:SMS}";

#[test]
fn a_single_contact() {
    let mut area = Area::new("contact");
    for (title, more) in [
        ("shorthand without a value", "--attributes name"),
        ("an integer that is none", "--chat-duration-in-minutes soon"),
        ("JSON that is none", "--attributes {name}"),
        ("a file that there is not", "--attributes file://none.json"),
        ("bytes for a text", "--contact-flow-id fileb://people.csv"),
        ("input that is no object", "--cli-input-json []"),
        ("input that is not YAML", "--cli-input-yaml [a"),
        ("both inputs", "--cli-input-json {} --cli-input-yaml {}"),
        ("a number that is not E.164", "--destination-endpoint Type=TELEPHONE_NUMBER,Address=2025550101"),
        (
            "an ARN of the other service",
            "--source-endpoint Type=CONNECT_PHONENUMBER_ARN,Address=arn:aws:sms-voice:us-west-2:123456789012:phone-number/1",
        ),
        ("a text for a map", "--participant-details DisplayName=[a]"),
        ("no such form", "--output xml"),
        ("no such query", "--query ["),
        ("no signature, to anywhere", "--no-sign-request"),
        ("no look at certificates, to anywhere", "--no-verify-ssl"),
        ("http to another machine", "--endpoint-url http://192.0.2.1"),
        ("https on this machine, unseen", "--endpoint-url https://127.0.0.1 --no-verify-ssl"),
        ("a journal in memory", "-j :memory:"),
        ("no terminal to ask on", "--cli-auto-prompt"),
    ] {
        area.case(title).says(2, &format!("{GOOD} {more}"));
    }
    area.case("a number on the journal's list")
        .after("suppress add +12025550101")
        .says(2, &format!("{GOOD} -j journal.db"));
    area.case("nothing at all").says(2, "contact");
    area.case("a definition from what is no request").says(2, "init spring --from-cli-input-json []");
    area.case("a definition from half a request").says(2, "init spring --from-cli-input-json {}");
    area.case("a definition from a file that there is not").says(2, "init spring --from none.csv");
    area.case("a definition that is there already")
        .after("init spring")
        .says(2, "init spring --from people.csv");
    area.end();
}
