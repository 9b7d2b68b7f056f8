//! What is typed: options, values, which campaign, which file.

use crate::errors::area::{Area, DEFINITION};

#[test]
fn options_and_their_values() {
    let mut area = Area::new("command_line");
    for (title, line) in [
        ("a command that does not exist", "rum people.csv"),
        ("no file", "run"),
        ("an option that does not exist", "run people.csv --simulated"),
        ("a rate of nothing", "run people.csv --rate 0"),
        ("a rate that is no number", "run people.csv --rate abc"),
        ("a rate beyond every account's", "run people.csv --rate 1e9"),
        ("a burst of nothing", "run people.csv --burst 0"),
        ("a limit of nothing", "run people.csv --limit 0"),
        ("a limit with a thousands separator", "run people.csv --limit 1,000"),
        ("a sample of nothing", "run people.csv --sample 0"),
        ("a delimiter that is none", "check people.csv --delimiter x"),
        ("a form of the log that there is not", "run people.csv --log-format xml"),
        ("quiet and verbose at once", "run people.csv -q -v"),
        ("a stream and a dry run at once", "run - --stream --dry-run"),
        ("a stream and a sample at once", "run - --stream --sample 5"),
        ("http to another machine", "run people.csv --endpoint-url http://192.0.2.1:8080"),
        ("an endpoint that is no URL", "run people.csv --endpoint-url connect.us-west-2.amazonaws.com"),
        ("a name for a campaign that is none", "init 'spring 2027'"),
        ("no name for a campaign", "init"),
        ("a form of report that there is not", "report --format pdf"),
        ("a zone that there is not", "report --zone Berlin"),
        ("a state that there is not", "report --state sent"),
        ("a decision without rows", "resolve --resend"),
        ("rows without a decision", "resolve --all"),
        ("two decisions at once", "resolve --all --resend --mark-failed"),
        ("a line that is no number", "resolve --resend --line first"),
        ("a pace of nothing", "pace 0"),
        ("no pace", "pace"),
        ("a pace that a sender finds out", "pace --sender us auto"),
        ("no rate of questions", "deliveries check --rate 0"),
        ("nobody to be taken onto the list", "suppress add"),
        ("no action", "suppress"),
    ] {
        area.case(title).says(2, line);
    }
    area.end();
}

#[test]
fn which_campaign() {
    let mut area = Area::new("which_campaign");
    area.case("no definition at all").without("campaign.toml").says(2, "run people.csv");
    area.case("no definition of this name").says(2, "run people.csv -c sprnig");
    area.case("no definition of this name, and others there are")
        .without("campaign.toml")
        .file("campaigns/spring.toml", DEFINITION)
        .file("campaigns/autumn.toml", DEFINITION)
        .says(2, "run people.csv -c sprnig");
    area.case("several definitions")
        .without("campaign.toml")
        .file("campaigns/spring.toml", DEFINITION)
        .file("campaigns/autumn.toml", DEFINITION)
        .says(2, "run people.csv");
    area.case("a folder in the definition's place")
        .without("campaign.toml")
        .folder("campaign.toml")
        .says(2, "run people.csv");
    area.case("a recipients file as the definition").says(2, "run people.csv -c people.csv");
    area.case("a definition that is no text")
        .file("campaign.toml", b"name = \"\xff\xfe\"\n")
        .says(2, "run people.csv");
    area.case("an empty definition").file("campaign.toml", "").says(2, "run people.csv");
    area.case("a campaign that is there already").after("init spring").says(2, "init spring");
    area.case("no folder to write a campaign into").read_only().says(1, "init spring");
    area.case("no folder to write the schema into").read_only().says(1, "init --schema");
    area.end();
}
