//! A single contact: options that cannot be read, requests that a definition would be refused for, and what the service says.

use crate::errors::area::Area;
use crate::simulator_process::Process;

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
        ("a query that does not fit the answer", "--query sort(ContactId)"),
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
    area.case("a file that is no text")
        .file("flow.txt", b"\xff\xfe\xfd")
        .says(2, &format!("{GOOD} --contact-flow-id file://flow.txt"));
    area.case("nothing at all").says(2, "contact");
    area.case("a definition from what is no request").says(2, "init spring --from-cli-input-json []");
    area.case("a definition from half a request").says(2, "init spring --from-cli-input-json {}");
    area.case("a definition from a file that there is not").says(2, "init spring --from none.csv");
    area.case("a definition that is there already")
        .after("init spring")
        .says(2, "init spring --from people.csv");
    area.end();
}

/// Members that the API or a campaign would refuse.
#[test]
fn a_single_contact_with_members_that_are_wrong() {
    let mut area = Area::new("contact_members");
    for (title, more) in [
        ("a list for an integer", "--segment-attributes a={ValueInteger=[1]}"),
        ("a time that is too long", "--chat-duration-in-minutes 10081"),
        (
            "a message that is empty",
            "--initial-system-message {\"ContentType\":\"text/plain\",\"Content\":\"\"}",
        ),
        ("a time that is too short", "--chat-duration-in-minutes 59"),
        ("a time that is no time", "--chat-duration-in-minutes 0"),
        ("shorthand with one key twice", "--attributes a=1,a=2"),
        (
            "shorthand that is too deep",
            &format!("--segment-attributes a={}x{}", "{b=".repeat(150), "}".repeat(150)),
        ),
        ("an empty text", "--contact-flow-id ''"),
        (
            "an ARN without a Region",
            "--source-endpoint Type=CONNECT_PHONENUMBER_ARN,Address=arn:aws:connect:nowhere:123456789012:phone-number/1",
        ),
        (
            "a sender of another type",
            "--source-endpoint Type=VOIP,Address=arn:aws:connect:us-west-2:123456789012:phone-number/1",
        ),
        ("a sender without an address", "--source-endpoint Type=CONNECT_PHONENUMBER_ARN"),
        ("a recipient without a number", "--destination-endpoint Type=TELEPHONE_NUMBER"),
        ("a number with blanks", "--destination-endpoint 'Type=TELEPHONE_NUMBER,Address=+1 202 555 0101'"),
        ("a landline", "--destination-endpoint Type=TELEPHONE_NUMBER,Address=+442079460958"),
        (
            "a number that the caller pays for",
            "--destination-endpoint Type=TELEPHONE_NUMBER,Address=+19002345678",
        ),
        ("no channel", "--segment-attributes a={ValueString=b}"),
        (
            "a segment attribute with two values",
            "--segment-attributes connect:Subtype={ValueString=connect:SMS,ValueInteger=1}",
        ),
        (
            "an integer that is too large",
            "--segment-attributes connect:Subtype={ValueString=connect:SMS},a={ValueInteger=2147483648}",
        ),
        ("a message of another type", "--initial-system-message ContentType=text/html,Content=Hi"),
        (
            "a message of a type that SMS has not",
            "--initial-system-message ContentType=text/markdown,Content=Hi",
        ),
        ("a type that there is not", "--supported-messaging-content-types text/html"),
        ("types without plain text", "--supported-messaging-content-types text/markdown"),
        ("a token that is empty", "--client-token ''"),
        ("a token that is too long", &format!("--client-token {}", "a".repeat(501))),
    ] {
        area.case(title).says(2, &format!("{GOOD} {more}"));
    }
    area.end();
}

/// What comes of a request that left, or could not leave.
#[test]
fn a_single_contact_that_is_refused() {
    let mut area = Area::new("contact_refused");
    for (title, args, code) in [
        ("what the request says is refused", &["--failing-numbers", "1"][..], 3),
        ("who asks is refused", &["--access-denied", "1"], 5),
    ] {
        let server = Process::start(args);
        area.case(title).says(code, &format!("{GOOD} --endpoint-url {}", server.endpoint));
    }
    let server = Process::start(&["--access-denied", "1"]);
    let free = format!(
        "{GOOD} --destination-endpoint Type=TELEPHONE_NUMBER,Address=+18005550143 --endpoint-url {}",
        server.endpoint
    );
    area.case("a number that is free for the caller").says(5, &free);
    let ask = format!("{GOOD} --endpoint-url {} -j journal.db --client-token mine", server.endpoint);
    area.case("another request with a token that was refused")
        .after(&ask)
        .says(2, &format!("{ask} --chat-duration-in-minutes 90"));
    area.end();
}
