//! The AWS CLI from PyPI and `campaign start-outbound-chat-contact`, given the same arguments, send the same body to one
//! server on loopback, or both refuse; and they print an answer in the same way.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod generate;

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};

use serde_json::{Value, json};

use crate::simulator_clients::PROGRAMS;
use generate::{Case, Generator};

/// Argument lists that are compared.
const CASES: usize = 300;

/// The environment of both: credentials, and nothing of this machine.
const ENVIRONMENT: [(&str, &str); 8] = [
    ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
    ("AWS_SECRET_ACCESS_KEY", "secret"),
    ("AWS_DEFAULT_REGION", "us-west-2"),
    ("AWS_EC2_METADATA_DISABLED", "true"),
    ("AWS_CONFIG_FILE", "/nonexistent"),
    ("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent"),
    ("NO_PROXY", "127.0.0.1"),
    ("PYTHONUTF8", "1"),
];

/// What the AWS CLI sends and this command refuses before sending, as a definition is refused: the words of the refusal, and
/// why. The AWS CLI checks types and least lengths alone and leaves the rest to the service.
const REFUSED_BEFORE_SENDING: [(&str, &str); 18] = [
    ("must be CONNECT_PHONENUMBER_ARN", "the reference: the source has this type alone"),
    ("`SourceEndpoint.Type` is missing", "the service model lets it be left out, the operation does not"),
    ("`DestinationEndpoint.Type` is missing", "the same"),
    ("`SourceEndpoint.Address` is missing", "the same"),
    ("`DestinationEndpoint.Address` is missing", "the same"),
    ("must be TELEPHONE_NUMBER", "the reference: the destination has this type alone"),
    ("`SourceEndpoint.Address` is", "it is not the Connect ARN of a phone number"),
    ("`DestinationEndpoint.Address`", "it is not a number in E.164"),
    ("names no Region", "nothing can be sent to such a Region"),
    ("is neither an id nor an ARN", "no instance and no flow has such an id"),
    ("must say what the channel is", "without connect:Subtype the service cannot tell the channel"),
    ("is no name for", "the reference: letters, digits, - and _"),
    ("values", "a segment attribute has one value"),
    ("must be \"text/plain\" for SMS", "SMS takes no other content type"),
    ("must be one of", "the reference lists the content types"),
    ("must contain \"text/plain\"", "the reference: content types must always contain text/plain"),
    ("must be an integer from 60 to 10080", "the reference: 7 days are the most"),
    ("exclude each other", "a contact begins with one message"),
];
/// The same for messages that say nothing.
const EMPTY_MESSAGE: &str = "`InitialSystemMessage.Content` is empty";

/// The AWS CLI and the server, in one Python process.
struct Oracle {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    url: String,
}

impl Oracle {
    fn start(folder: &Path) -> Self {
        let mut child = Command::new(PROGRAMS.join("python"))
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/contact_oracle/oracle.py"))
            .current_dir(folder)
            .env_clear()
            .envs(ENVIRONMENT)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python runs");
        let stdin = child.stdin.take().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut url = String::new();
        stdout.read_line(&mut url).unwrap();
        Self { child, stdin, stdout, url: url.trim().to_owned() }
    }

    fn ask(&mut self, question: &Value) -> Value {
        writeln!(self.stdin, "{question}").unwrap();
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{question}: {error}: {line}"))
    }

    /// The AWS CLI: its one body, or what it says.
    fn aws(&mut self, case: &Case) -> (Option<Value>, Value) {
        let mut question = json!({"args": case.args});
        if let Some(yaml) = &case.yaml {
            question["yaml"] = json!(yaml);
        }
        let answer = self.ask(&question);
        let body = answer["bodies"].get(0).cloned();
        assert_eq!(answer["exit"] == json!(0), body.is_some(), "{case:?}: {answer}");
        (body, answer)
    }

    /// `campaign`: the same.
    fn campaign(&mut self, case: &Case, folder: &Path) -> (Option<Value>, Output) {
        let yaml = case.yaml.iter().flat_map(|yaml| ["--cli-input-yaml", yaml]);
        let output = Command::new(env!("CARGO_BIN_EXE_campaign"))
            .arg("start-outbound-chat-contact")
            .args(&case.args)
            .args(yaml)
            .args(["--endpoint-url", &self.url])
            .current_dir(folder)
            .env_clear()
            .envs(ENVIRONMENT)
            .output()
            .unwrap();
        let bodies = self.ask(&json!({"taken": true}));
        let bodies = bodies["bodies"].as_array().unwrap();
        assert!(bodies.len() <= 1, "one request: {bodies:?}");
        (bodies.first().cloned(), output)
    }
}

impl Drop for Oracle {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A body whose token was given; another one each has made.
fn comparable(mut body: Value) -> Value {
    if body["ClientToken"] != json!("a-token") {
        body.as_object_mut().unwrap().remove("ClientToken").expect("a token is always sent");
    }
    body
}

#[test]
#[ignore = "needs Python and PyPI"]
#[expect(clippy::print_stdout, reason = "--nocapture shows what was compared")]
fn the_same_arguments_send_the_same_body_or_both_refuse() {
    let folder = tempfile::tempdir().unwrap();
    let mut oracle = Oracle::start(folder.path());
    let mut generator = Generator { rng: fastrand::Rng::with_seed(16), folder: folder.path(), files: 0 };
    let (mut sent, mut refused, mut before_sending) = (0, 0, 0);
    let mut wrong = Vec::new();
    for number in 0..CASES {
        let case = generator.case();
        let (aws, said) = oracle.aws(&case);
        let (campaign, output) = oracle.campaign(&case, folder.path());
        let stderr = String::from_utf8_lossy(&output.stderr);
        match (aws, campaign) {
            (Some(aws), Some(campaign)) if comparable(aws.clone()) == comparable(campaign.clone()) => {
                sent += 1;
            }
            (None, None) if output.status.code() == Some(2) => refused += 1,
            (Some(_), None)
                if REFUSED_BEFORE_SENDING.iter().any(|(words, _)| stderr.contains(words))
                    || stderr.contains(EMPTY_MESSAGE) =>
            {
                before_sending += 1;
            }
            (aws, campaign) => wrong.push(format!(
                "{number}: {case:?}\n  aws {aws:?} {}\n  campaign {campaign:?} {stderr}",
                said["stderr"]
            )),
        }
    }
    assert!(wrong.is_empty(), "{} of {CASES} differ\n{}", wrong.len(), wrong.join("\n"));
    println!("{sent} sent alike, {refused} refused by both, {before_sending} refused before sending");
    assert!(sent > 100 && refused > 20 && before_sending > 10, "{sent} {refused} {before_sending}");
}

#[test]
#[ignore = "needs Python and PyPI"]
fn an_answer_is_printed_in_the_same_way() {
    let folder = tempfile::tempdir().unwrap();
    let mut oracle = Oracle::start(folder.path());
    let request = [
        "--source-endpoint",
        "Type=CONNECT_PHONENUMBER_ARN,Address=arn:aws:connect:us-west-2:123456789012:phone-number/1",
        "--destination-endpoint",
        "Type=TELEPHONE_NUMBER,Address=+12025550143",
        "--instance-id=i-1",
        "--contact-flow-id=f-1",
        "--segment-attributes",
        "connect:Subtype={ValueString=connect:SMS}",
    ];
    // Names are in their order: Python keeps the order of a multi-select hash, and here it is the alphabet's.
    let queries = [
        None,
        Some("ContactId"),
        Some("[ContactId]"),
        Some("{id: ContactId, n: length(ContactId)}"),
        Some("[[ContactId, ContactId]]"),
        Some("[{a: ContactId, b: [ContactId]}, {a: 'x', b: ['y', 'z']}]"),
        Some("{a: {b: ContactId, c: 'x'}, d: 'y'}"),
        Some("Nothing"),
        Some("ContactId == 'x'"),
        Some("`{}`"),
        Some("`[]`"),
        Some("['yes', '12', '', ' x']"),
    ];
    for query in queries {
        for form in ["json", "text", "table", "yaml"] {
            let mut args: Vec<String> = request.iter().map(|arg| (*arg).to_owned()).collect();
            args.extend(query.iter().flat_map(|query| ["--query".to_owned(), (*query).to_owned()]));
            args.extend(["--color".to_owned(), "off".to_owned(), "--output".to_owned()]);
            let with = |form: &str| Case {
                args: args.iter().cloned().chain([form.to_owned()]).collect(),
                yaml: None,
            };
            let (_, output) = oracle.campaign(&with(form), folder.path());
            let ours = String::from_utf8(output.stdout).unwrap();
            let theirs = if form == "yaml" {
                // Version 1 has no YAML; version 2 prints a scalar as JSON, nothing for an empty map, and all else as
                // Python's safe dumper does.
                let (_, said) = oracle.aws(&with("json"));
                let printed = said["stdout"].as_str().unwrap().to_owned();
                match serde_json::from_str::<Value>(&printed) {
                    Ok(value) if value.is_array() || value.is_object() => {
                        oracle.ask(&json!({"yaml": value}))["text"].as_str().unwrap().to_owned()
                    }
                    _ => printed,
                }
            } else {
                oracle.aws(&with(form)).1["stdout"].as_str().unwrap().to_owned()
            };
            assert_eq!(ours, theirs, "{query:?} --output {form}");
        }
    }
}

#[test]
#[ignore = "needs Python and PyPI"]
fn a_skeleton_has_the_members_of_the_aws_clis() {
    let folder = tempfile::tempdir().unwrap();
    let mut oracle = Oracle::start(folder.path());
    let skeleton = |kind: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_campaign"))
            .args(["contact", "--generate-cli-skeleton", kind])
            .current_dir(folder.path())
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let theirs = oracle.ask(&json!({"args": ["--generate-cli-skeleton"]}));
    let (ours, theirs) = (skeleton("input"), theirs["stdout"].as_str().unwrap().to_owned());
    // It draws the endpoints' types by lot; ours are those that the operation takes.
    let without_types = |text: &str| {
        let kept: Vec<_> =
            text.lines().filter(|line| !line.contains("\"Type\": ")).map(str::to_owned).collect();
        kept.join("\n")
    };
    assert_eq!(without_types(&ours), without_types(&theirs));
}
