//! boto3 and the AWS CLI from PyPI against `campaign simulator`: both get what Amazon Connect would answer.
//!
//! The clients are installed into a virtual environment under the target directory; that needs python3, and PyPI the
//! first time.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::LazyLock;

use serde_json::{Value, json};

use crate::simulator_process::Process;

const INSTANCE: &str = "6f0e4c1a-0000-4000-8000-000000000001";
const SOURCE: &str =
    "arn:aws:connect:us-west-2:123456789012:phone-number/6f0e4c1a-0000-4000-8000-000000000003";

/// The virtual environment's programs.
static PROGRAMS: LazyLock<PathBuf> = LazyLock::new(|| {
    let venv = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("aws-clients");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/install.sh");
    let output = Command::new(script).arg(&venv).output().expect("install.sh runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    venv.join("bin")
});

#[derive(Debug, Clone, Copy)]
enum Client {
    Boto3,
    AwsCli,
}

const CLIENTS: [Client; 2] = [Client::Boto3, Client::AwsCli];

impl Client {
    /// Calls an operation, named as the AWS CLI does: its answer, or the error's code and message.
    fn call(
        self,
        server: &Process,
        secret: &str,
        operation: &str,
        parameters: &Value,
    ) -> Result<Value, (String, String)> {
        let parameters = parameters.to_string();
        let mut command = match self {
            Self::Boto3 => {
                let mut command = Command::new(PROGRAMS.join("python"));
                command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/call.py"));
                command.args([&server.endpoint, &operation.replace('-', "_"), &parameters]);
                command
            }
            Self::AwsCli => {
                let mut command = Command::new(PROGRAMS.join("aws"));
                command.args(["connect", operation, "--endpoint-url", &server.endpoint, "--output", "json"]);
                command.args(["--cli-input-json", &parameters]);
                command
            }
        };
        let environment = [
            ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
            ("AWS_SECRET_ACCESS_KEY", secret),
            ("AWS_SESSION_TOKEN", "session"),
            ("AWS_DEFAULT_REGION", "us-west-2"),
            ("AWS_MAX_ATTEMPTS", "1"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("AWS_CONFIG_FILE", "/nonexistent"),
            ("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent"),
            ("NO_PROXY", "127.0.0.1"),
        ];
        let output = command.env_clear().envs(environment).output().expect("the client runs");
        match self {
            Self::Boto3 => boto3_answer(&output),
            Self::AwsCli => cli_answer(&output),
        }
    }
}

fn boto3_answer(output: &Output) -> Result<Value, (String, String)> {
    let answer: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    match answer.get("Error") {
        Some(error) => {
            let text = |member: &str| error[member].as_str().unwrap_or_default().to_owned();
            Err((text("Code"), text("Message")))
        }
        None => Ok(answer),
    }
}

fn cli_answer(output: &Output) -> Result<Value, (String, String)> {
    if output.status.success() {
        return Ok(serde_json::from_slice(&output.stdout).expect("the CLI prints JSON"));
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    let error = stderr.trim().strip_prefix("An error occurred (").unwrap_or_else(|| panic!("{stderr}"));
    let (code, rest) = error.split_once(')').unwrap();
    let (_, rest) = rest.split_once(" operation").unwrap();
    let message = rest.trim_start_matches(" (reached max retries: 0)").trim_start_matches(": ");
    Err((code.to_owned(), message.to_owned()))
}

fn server(args: &[&str]) -> Process {
    Process::start(&[&["--credentials", "AKIDEXAMPLE:secret"], args].concat())
}

fn request(token: &str) -> Value {
    json!({
        "InstanceId": INSTANCE,
        "ContactFlowId": "6f0e4c1a-0000-4000-8000-000000000002",
        "SourceEndpoint": {"Type": "CONNECT_PHONENUMBER_ARN", "Address": SOURCE},
        "DestinationEndpoint": {"Type": "TELEPHONE_NUMBER", "Address": "+12025550100"},
        "SegmentAttributes": {"connect:Subtype": {"ValueString": "connect:SMS"}},
        "Attributes": {"name": "Zoë"},
        "InitialSystemMessage": {"ContentType": "text/plain", "Content": "Hello, Zoë"},
        "ClientToken": token,
    })
}

fn start(
    client: Client,
    server: &Process,
    secret: &str,
    request: &Value,
) -> Result<String, (String, String)> {
    let answer = client.call(server, secret, "start-outbound-chat-contact", request)?;
    Ok(answer["ContactId"].as_str().expect("a contact id").to_owned())
}

#[test]
#[ignore = "needs Python and PyPI"]
fn a_contact_starts_and_a_token_meets_it_again() {
    let server = server(&["--instance-id", INSTANCE]);
    for client in CLIENTS {
        let token = format!("{client:?}");
        let id = start(client, &server, "secret", &request(&token)).unwrap();
        assert_eq!(start(client, &server, "secret", &request(&token)), Ok(id.clone()), "{client:?}");
        let other = start(client, &server, "secret", &request(&format!("{token}-2"))).unwrap();
        assert_ne!(other, id, "{client:?}");

        let which = json!({"InstanceId": INSTANCE, "ContactId": id});
        let described = client.call(&server, "secret", "describe-contact", &which).unwrap();
        assert_eq!(described["Contact"]["Id"], json!(id), "{client:?}");
        assert_eq!(described["Contact"]["Attributes"], json!({"name": "Zoë"}), "{client:?}");
        assert_eq!(described["Contact"]["InitiationMethod"], json!("API"), "{client:?}");
    }
    let contacts = server.get("/_simulator/contacts");
    let contacts: Vec<Value> = contacts.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let tokens: Vec<_> = contacts.iter().map(|contact| contact["client_token"].as_str().unwrap()).collect();
    assert_eq!(tokens, ["Boto3", "Boto3-2", "AwsCli", "AwsCli-2"]);
}

#[test]
#[ignore = "needs Python and PyPI"]
fn describe_operations_know_what_exists() {
    let server = server(&["--instance-id", INSTANCE]);
    for client in CLIENTS {
        let call =
            |operation: &str, parameters: Value| client.call(&server, "secret", operation, &parameters);
        let instance = call("describe-instance", json!({"InstanceId": INSTANCE})).unwrap();
        assert_eq!(instance["Instance"]["InstanceStatus"], json!("ACTIVE"), "{client:?}");
        let flow = call("describe-contact-flow", json!({"InstanceId": INSTANCE, "ContactFlowId": INSTANCE}));
        assert_eq!(flow.unwrap()["ContactFlow"]["Status"], json!("PUBLISHED"), "{client:?}");
        let number = call("describe-phone-number", json!({"PhoneNumberId": SOURCE})).unwrap();
        assert_eq!(number["ClaimedPhoneNumberSummary"]["PhoneNumberArn"], json!(SOURCE), "{client:?}");
        let missing = call("describe-contact", json!({"InstanceId": INSTANCE, "ContactId": INSTANCE}));
        assert_eq!(missing.unwrap_err().0, "ResourceNotFoundException", "{client:?}");
    }
}

#[test]
#[ignore = "needs Python and PyPI"]
fn too_many_requests_are_throttled() {
    for client in CLIENTS {
        let server = server(&["--rate", "0.001", "--burst", "1"]);
        assert!(start(client, &server, "secret", &request("a")).is_ok(), "{client:?}");
        let expected = ("ThrottlingException".to_owned(), "Rate exceeded".to_owned());
        assert_eq!(start(client, &server, "secret", &request("b")), Err(expected), "{client:?}");
    }
}

#[test]
#[ignore = "needs Python and PyPI"]
fn a_full_quota_of_active_chats_is_a_limit_exceeded() {
    for client in CLIENTS {
        let server = server(&["--active-chats", "1"]);
        assert!(start(client, &server, "secret", &request("a")).is_ok(), "{client:?}");
        let (code, _) = start(client, &server, "secret", &request("b")).unwrap_err();
        assert_eq!(code, "LimitExceededException", "{client:?}");
    }
}

#[test]
#[ignore = "needs Python and PyPI"]
fn an_invalid_request_is_refused_with_its_reason() {
    let server = server(&[]);
    let mut wrong = request("a");
    wrong["SourceEndpoint"]["Address"] = json!(SOURCE.replace(":connect:", ":sms-voice:"));
    for client in CLIENTS {
        let (code, message) = start(client, &server, "secret", &wrong).unwrap_err();
        assert_eq!(code, "InvalidRequestException", "{client:?}");
        assert!(message.contains("not of one in AWS End User Messaging"), "{client:?}: {message}");
    }
    assert_eq!(server.get("/_simulator/contacts"), "");
}

#[test]
#[ignore = "needs Python and PyPI"]
fn a_wrong_signature_and_an_unknown_key_are_refused() {
    let server = server(&[]);
    let stranger = Process::start(&["--credentials", "OTHER:secret"]);
    for client in CLIENTS {
        let (code, message) = start(client, &server, "wrong", &request("a")).unwrap_err();
        assert_eq!(code, "InvalidSignatureException", "{client:?}");
        let expected = "The request signature we calculated does not match the signature you provided.";
        assert!(message.starts_with(expected), "{client:?}: {message}");
        let (code, _) = start(client, &stranger, "secret", &request("a")).unwrap_err();
        assert_eq!(code, "UnrecognizedClientException", "{client:?}");
    }
    assert_eq!(server.get("/_simulator/contacts"), "");
}

#[test]
#[ignore = "needs Python and PyPI"]
fn boto3_sees_broken_connections_as_such_and_takes_a_truncated_answer_for_an_empty_one() {
    let closed = json!({"Exception": "ConnectionClosedError"});
    let late = json!({"Exception": "ReadTimeoutError"});
    for (fault, expected) in [
        ("--resets", &closed),
        ("--lost-answers", &closed),
        ("--hangs", &late),
        ("--truncated", &json!({})),
        ("--no-contact-id", &json!({})),
    ] {
        let server = server(&[fault, "1"]);
        let answer = Client::Boto3.call(&server, "secret", "start-outbound-chat-contact", &request("a"));
        assert_eq!(answer.as_ref(), Ok(expected), "{fault}");
    }
}
