//! `campaign start-outbound-chat-contact` against the simulator: the reference's own example, and each of its options.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod by_hand;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::simulator_process::Process;

/// The example of the reference, with ids filled in.
const EXAMPLE: [&str; 10] = [
    "--source-endpoint",
    "Type=CONNECT_PHONENUMBER_ARN,Address=arn:aws:connect:us-west-2:123456789012:phone-number/6f0e4c1a-0000-4000-8000-000000000003",
    "--destination-endpoint",
    "Type=TELEPHONE_NUMBER,Address=+12025550143",
    "--instance-id",
    "6f0e4c1a-0000-4000-8000-000000000001",
    "--segment-attributes",
    "connect:Subtype={ValueString=connect:SMS}",
    "--contact-flow-id",
    "6f0e4c1a-0000-4000-8000-000000000002",
];

/// Every option that the reference names, with values, and the exit code beside the example.
const OPTIONS: [(&[&str], i32); 38] = [
    (&["--source-endpoint", "Type=TELEPHONE_NUMBER,Address=+12025550143"], 2),
    (&["--destination-endpoint", "{\"Type\": \"TELEPHONE_NUMBER\", \"Address\": \"+12025550144\"}"], 0),
    (&["--instance-id", "6f0e4c1a-0000-4000-8000-000000000009"], 0),
    (
        &[
            "--segment-attributes",
            "connect:Subtype={ValueString=connect:SMS},more={ValueMap={a={ValueInteger=1}}}",
        ],
        0,
    ),
    (&["--attributes", "name=Ada,note='a, b'"], 0),
    (&["--contact-flow-id", "file://flow.txt"], 0),
    (&["--chat-duration-in-minutes", "60"], 0),
    (&["--chat-duration-in-minutes", "59"], 2),
    (&["--participant-details", "DisplayName=Ada"], 0),
    (&["--initial-system-message", "ContentType=text/plain,Content=\"Hi, Ada\""], 0),
    (
        &[
            "--initial-templated-system-message",
            "KnowledgeBaseId=kb,MessageTemplateId=t,TemplateAttributes={CustomAttributes={a=b}}",
        ],
        0,
    ),
    (&["--related-contact-id", "6f0e4c1a-0000-4000-8000-000000000007"], 0),
    (&["--supported-messaging-content-types", "text/plain", "text/markdown"], 0),
    (&["--client-token", "mine"], 0),
    (&["--cli-input-json", "{\"Attributes\": {\"a\": \"b\"}}"], 0),
    (&["--cli-input-json", "fileb://input.json"], 0),
    (&["--cli-input-yaml", "Attributes:\n  a: b\n"], 0),
    (&["--cli-input-yaml", "file://input.yaml", "--cli-input-json", "{}"], 2),
    (&["--generate-cli-skeleton"], 0),
    (&["--generate-cli-skeleton", "yaml-input"], 0),
    (&["--generate-cli-skeleton", "output"], 0),
    (&["--debug"], 0),
    (&["--endpoint-url", "http://192.0.2.1"], 2),
    (&["--no-verify-ssl"], 0),
    (&["--no-paginate"], 0),
    (&["--output", "table"], 0),
    (&["--output", "xml"], 2),
    (&["--query", "ContactId"], 0),
    (&["--query", "["], 2),
    (&["--profile", "other"], 0),
    (&["--region", "eu-west-2"], 2),
    (&["--version"], 0),
    (&["--color", "on", "--cli-read-timeout", "0", "--cli-connect-timeout", "0"], 0),
    // The simulator takes no request without a signature.
    (&["--no-sign-request"], 5),
    (&["--ca-bundle", "none.pem"], 2),
    (&["--cli-binary-format", "raw-in-base64-out", "--no-cli-pager"], 0),
    (&["--cli-auto-prompt"], 2),
    (&["--no-cli-auto-prompt"], 0),
];

/// The options of the reference's synopsis, and the newer member.
const REFERENCE: &str = "source-endpoint destination-endpoint instance-id segment-attributes attributes contact-flow-id \
    chat-duration-in-minutes participant-details initial-system-message initial-templated-system-message \
    related-contact-id supported-messaging-content-types client-token cli-input-json cli-input-yaml \
    generate-cli-skeleton debug endpoint-url no-verify-ssl no-paginate output query profile region version color \
    no-sign-request ca-bundle cli-read-timeout cli-connect-timeout cli-binary-format no-cli-pager cli-auto-prompt \
    no-cli-auto-prompt";

fn campaign(folder: &Path, endpoint: &str, args: &[&str]) -> Output {
    command(folder, endpoint, args).output().unwrap()
}

fn command(folder: &Path, endpoint: &str, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_campaign"));
    command
        .arg("start-outbound-chat-contact")
        .args(EXAMPLE)
        .args(["--endpoint-url", endpoint])
        .args(args)
        .current_dir(folder)
        .env_clear()
        .envs([
            ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("AWS_CONFIG_FILE", "config"),
        ]);
    command
}

fn server(args: &[&str]) -> Process {
    Process::start(&[&["--credentials", "AKIDEXAMPLE:secret"], args].concat())
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("flow.txt", "6f0e4c1a-0000-4000-8000-000000000008"),
        ("input.json", "{\"Attributes\": {\"a\": \"b\"}, \"InstanceId\": \"an option wins\"}"),
        ("input.yaml", "{}"),
        (
            "config",
            "[profile other]\nregion = us-west-2\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = secret\n",
        ),
    ] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn contacts(server: &Process) -> Vec<Value> {
    server.get("/_simulator/contacts").lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn the_example_of_the_reference_starts_a_contact() {
    let (server, folder) = (server(&[]), folder());
    let output = campaign(folder.path(), &server.endpoint, &[]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let contacts = contacts(&server);
    assert_eq!((contacts.len(), &contacts[0]["contact_id"]), (1, &answer["ContactId"]));
    assert_eq!(contacts[0]["destination"], json!("+12025550143"));
}

#[test]
fn each_option_of_the_reference_is_taken() {
    let (server, folder) = (server(&["--rate", "1000", "--burst", "1000"]), folder());
    for (args, code) in OPTIONS {
        let output = campaign(folder.path(), &server.endpoint, args);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {output:?}");
        assert_eq!(output.stdout.is_empty(), code != 0, "{args:?}: {output:?}");
        assert!(!String::from_utf8_lossy(&output.stderr).contains("+1202555"), "{args:?}: a number is shown");
    }
    let words = OPTIONS.iter().flat_map(|(args, _)| args.iter());
    let tried: BTreeSet<&str> = words.filter_map(|word| word.strip_prefix("--")).collect();
    assert_eq!(tried, REFERENCE.split_whitespace().collect());
}

#[test]
fn a_token_meets_its_contact_again() {
    let (server, folder) = (server(&[]), folder());
    let ask =
        || campaign(folder.path(), &server.endpoint, &["--client-token", "mine", "--output", "text"]).stdout;
    assert_eq!(ask(), ask());
    assert_eq!(contacts(&server).len(), 1);
}

#[test]
fn a_request_that_works_becomes_a_campaign_in_one_command() {
    let (server, folder) = (server(&["--rate", "1000", "--burst", "1000"]), folder());
    let run = |args: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_campaign"))
            .args(args)
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let request = json!({
        "SourceEndpoint": {"Type": "CONNECT_PHONENUMBER_ARN", "Address": "arn:aws:connect:us-west-2:123456789012:phone-number/1"},
        "DestinationEndpoint": {"Type": "TELEPHONE_NUMBER", "Address": "+12025550143"},
        "InstanceId": "6f0e4c1a-0000-4000-8000-000000000001",
        "ContactFlowId": "6f0e4c1a-0000-4000-8000-000000000002",
        "SegmentAttributes": {"connect:Subtype": {"ValueString": "connect:SMS"}},
        "InitialSystemMessage": {"ContentType": "text/plain", "Content": "Hi Ada, see you."},
    });
    std::fs::write(folder.path().join("request.json"), request.to_string()).unwrap();
    let people = "id,first name,mobile\n1,Ada,+12025550143\n2,Grace,+12025550144\n";
    std::fs::write(folder.path().join("people.csv"), people).unwrap();
    let output = campaign(folder.path(), &server.endpoint, &["--cli-input-json", "file://request.json"]);
    assert!(output.status.success(), "{output:?}");

    run(&["init", "spring", "--from-cli-input-json", "request.json", "--csv", "people.csv"]);
    let requests = run(&["run", "people.csv", "-c", "spring", "--dry-run", "--json"]);
    let texts: Vec<Value> = requests
        .lines()
        .filter_map(|line| {
            serde_json::from_str::<Value>(line).ok()?.get("InitialSystemMessage")?.get("Content").cloned()
        })
        .collect();
    assert_eq!(texts, [json!("Hi Ada, see you."), json!("Hi Grace, see you.")]);
    run(&["init", "alone", "--from-cli-input-json", "file://request.json"]);
    run(&["check", "campaigns/alone.csv", "-c", "alone"]);
    run(&["init", "columns", "--from", "people.csv"]);
    run(&["check", "people.csv", "-c", "columns"]);
}

/// The person is found wherever the row is, and however the number is written.
#[test]
fn the_person_of_a_request_is_found_far_down_and_in_national_form() {
    let folder = folder();
    let run = |args: &[&str]| {
        let mut program = Command::new(env!("CARGO_BIN_EXE_campaign"));
        let output = program.args(args).current_dir(folder.path()).output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stderr).unwrap()
    };
    let mut people = "id,first name,last name,mobile\n".to_owned();
    for n in 0..900 {
        people += &format!("{n},First{n},Last{n},(202) 555-{:04}\n", 1000 + n);
    }
    std::fs::write(folder.path().join("people.csv"), people + "900,Ada,Byron,202.555.0143\n").unwrap();
    let request = json!({
        "SourceEndpoint": {"Type": "CONNECT_PHONENUMBER_ARN", "Address": "arn:aws:connect:us-west-2:123456789012:phone-number/1"},
        "DestinationEndpoint": {"Type": "TELEPHONE_NUMBER", "Address": "+12025550143"},
        "InstanceId": "6f0e4c1a-0000-4000-8000-000000000001",
        "ContactFlowId": "6f0e4c1a-0000-4000-8000-000000000002",
        "SegmentAttributes": {"connect:Subtype": {"ValueString": "connect:SMS"}},
        "ParticipantDetails": {"DisplayName": "Ada Byron"},
    });
    std::fs::write(folder.path().join("request.json"), request.to_string()).unwrap();
    run(&["init", "far", "--from-cli-input-json", "request.json", "--csv", "people.csv"]);
    let definition = std::fs::read_to_string(folder.path().join("campaigns/far.toml")).unwrap();
    assert!(definition.contains("display_name = \"{{ first_name }} {{ last_name }}\""), "{definition}");
    run(&["check", "people.csv", "-c", "far"]);
}

/// The table of `docs/api-members.md`: an option a line, and where it is in the three places.
#[test]
fn the_page_of_api_members_has_each_option() {
    let page = include_str!("../../docs/api-members.md");
    let rows: Vec<Vec<&str>> = page
        .lines()
        .skip_while(|line| *line != "| reference option | single contact | campaign | simulator |")
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .map(|line| line.split('|').map(str::trim).collect())
        .collect();
    assert!(rows.iter().all(|cells| cells.len() == 6 && !cells[2].is_empty()), "{rows:?}");
    let named: BTreeSet<&str> =
        rows.iter().map(|cells| cells[1].trim_matches('`').trim_start_matches('-')).collect();
    assert_eq!(named, REFERENCE.split_whitespace().collect());
    for member in campaign::domain::cli_input::shape::members() {
        assert!(named.contains(member.option().trim_start_matches('-')), "{}", member.name);
    }
}
