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

/// The virtual environment's programs. Whoever needs them takes them from here: two installations at once would meet.
pub(crate) static PROGRAMS: LazyLock<PathBuf> = LazyLock::new(|| {
    let venv = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("aws-clients");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/install.sh");
    let output = Command::new(script).arg(&venv).output().expect("install.sh runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    venv.join("bin")
});

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
        self.call_of("connect", server, secret, operation, parameters)
    }

    /// The same of any service, named as the AWS CLI does.
    fn call_of(
        self,
        service: &str,
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
                command.args([&server.endpoint, service, &operation.replace('-', "_"), &parameters]);
                command
            }
            Self::AwsCli => {
                let mut command = Command::new(PROGRAMS.join("aws"));
                command.args([service, operation, "--endpoint-url", &server.endpoint, "--output", "json"]);
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
        // Of an answer without members it prints nothing.
        let answer = if output.stdout.trim_ascii().is_empty() { b"{}" } else { output.stdout.as_slice() };
        return Ok(serde_json::from_slice(answer).expect("the CLI prints JSON"));
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

#[test]
#[ignore = "needs Python and PyPI"]
fn lists_searches_and_stops_answer_as_the_service_does() {
    for client in CLIENTS {
        let server = server(&["--instance-id", INSTANCE, "--source", SOURCE]);
        let call =
            |operation: &str, parameters: Value| client.call(&server, "secret", operation, &parameters);
        let id = start(client, &server, "secret", &request("a")).unwrap();
        let attributes = json!({"InstanceId": INSTANCE, "InitialContactId": id});
        let attributes = call("get-contact-attributes", attributes).unwrap();
        assert_eq!(attributes["Attributes"], json!({"name": "Zoë"}), "{client:?}");
        let instances = call("list-instances", json!({})).unwrap();
        assert_eq!(instances["InstanceSummaryList"][0]["Id"], json!(INSTANCE), "{client:?}");
        let flows = call("list-contact-flows", json!({"InstanceId": INSTANCE})).unwrap();
        assert_eq!(flows["ContactFlowSummaryList"][0]["ContactFlowStatus"], json!("PUBLISHED"), "{client:?}");
        let numbers = call("list-phone-numbers-v2", json!({})).unwrap();
        assert_eq!(numbers["ListPhoneNumbersSummaryList"][0]["PhoneNumberArn"], json!(SOURCE), "{client:?}");
        let open = json!({
            "InstanceId": INSTANCE,
            "TimeRange": {"Type": "INITIATION_TIMESTAMP", "StartTime": 0, "EndTime": 4_102_444_800_u64},
            "SearchCriteria": {"AdditionalTimeRange": {"MatchType": "MATCH_ALL", "Criteria": [
                {"TimestampCondition": {"Type": "DISCONNECT_TIMESTAMP", "ConditionType": "NOT_EXISTS"}},
            ]}},
        });
        assert_eq!(call("search-contacts", open.clone()).unwrap()["TotalCount"], json!(1), "{client:?}");
        let which = json!({"InstanceId": INSTANCE, "ContactId": id});
        call("stop-contact", which.clone()).unwrap();
        assert_eq!(call("search-contacts", open).unwrap()["TotalCount"], json!(0), "{client:?}");
        let described = call("describe-contact", which.clone()).unwrap();
        assert_eq!(described["Contact"]["DisconnectReason"], json!("API"), "{client:?}");
        assert_eq!(call("stop-contact", which).unwrap_err().0, "ContactNotFoundException", "{client:?}");
        let other = json!({"InstanceId": INSTANCE, "ResourceId": "x", "ResourceType": "SMS_PHONE_NUMBER"});
        let (code, message) = call("get-flow-association", other).unwrap_err();
        assert_eq!(code, "UnknownOperationException", "{client:?}");
        assert!(message.contains("This simulator has no operation GET /flow-associations/"), "{message}");
    }
}

#[test]
#[ignore = "needs Python and PyPI"]
fn the_neighbours_answer_on_the_same_port() {
    let folder = tempfile::tempdir().unwrap();
    let account = folder.path().join("account.toml");
    let denied =
        "denied = [\"sms-voice:DescribeSpendLimits\"]\nopted_out_more = 150\n[countries]\nFR = \"BLOCK\"\n";
    std::fs::write(&account, denied).unwrap();
    let server = server(&["--account", account.to_str().unwrap()]);
    for client in CLIENTS {
        let call = |service: &str, operation: &str, parameters: Value| {
            client.call_of(service, &server, "secret", operation, &parameters)
        };
        let identity = call("sts", "get-caller-identity", json!({})).unwrap();
        assert_eq!(identity["Account"], json!("123456789012"), "{client:?}");
        let quota = json!({"ServiceCode": "connect", "QuotaCode": "L-408DD6C6"});
        let quota = call("service-quotas", "get-service-quota", quota).unwrap();
        assert_eq!(quota["Quota"]["Value"], json!(2.0), "{client:?}");
        let unknown = json!({"ServiceCode": "connect", "QuotaCode": "L-00000000"});
        let refused = call("service-quotas", "get-service-quota", unknown).unwrap_err();
        assert_eq!(refused.0, "NoSuchResourceException", "{client:?}");
        let messaging =
            |operation: &str, parameters: Value| call("pinpoint-sms-voice-v2", operation, parameters);
        let numbers = messaging("describe-phone-numbers", json!({})).unwrap();
        assert_eq!(numbers["PhoneNumbers"][0]["Status"], json!("ACTIVE"), "{client:?}");
        let rules = json!({"ProtectConfigurationId": "protect-simulator", "NumberCapability": "SMS"});
        let rules = messaging("get-protect-configuration-country-rule-set", rules).unwrap();
        assert_eq!(rules["CountryRuleSet"]["FR"]["ProtectStatus"], json!("BLOCK"), "{client:?}");
        assert_eq!(messaging("describe-spend-limits", json!({})).unwrap_err().0, "AccessDeniedException");
        let by_number = json!({"OptOutListName": "Default", "OptedOutNumbers": ["+12025550177"]});
        if client == Client::Boto3 {
            let refused = messaging("describe-opted-out-numbers", by_number.clone()).unwrap_err();
            assert_eq!(refused.0, "ResourceNotFoundException", "{client:?}");
            let put = json!({"OptOutListName": "Default", "OptedOutNumber": "+12025550177"});
            messaging("put-opted-out-number", put).unwrap();
        }
        let listed = messaging("describe-opted-out-numbers", by_number).unwrap();
        assert_eq!(listed["OptedOutNumbers"][0]["OptedOutNumber"], json!("+12025550177"), "{client:?}");
        // The AWS CLI goes through pages by itself.
        let all = json!({"OptOutListName": "Default"});
        let all = messaging("describe-opted-out-numbers", all).unwrap();
        let expected = if client == Client::Boto3 { 100 } else { 151 };
        assert_eq!(all["OptedOutNumbers"].as_array().map(Vec::len), Some(expected), "{client:?}");
    }
}

#[test]
#[ignore = "needs Python and PyPI"]
fn a_session_token_is_checked_where_one_is_demanded() {
    for (token, accepted) in [("session", true), ("other", false)] {
        let server = Process::start(&["--credentials", &format!("AKIDEXAMPLE:secret:{token}")]);
        for client in CLIENTS {
            let answer = start(client, &server, "secret", &request("a"));
            assert_eq!(answer.is_ok(), accepted, "{client:?} {answer:?}");
        }
    }
}

/// What the model demands of another Region, account or instance.
#[test]
#[ignore = "needs Python and PyPI"]
fn resources_of_elsewhere_are_not_found() {
    let server = server(&[]);
    for client in CLIENTS {
        for (member, elsewhere) in [
            ("InstanceId", json!(format!("arn:aws:connect:eu-west-1:123456789012:instance/{INSTANCE}"))),
            (
                "SourceEndpoint",
                json!({"Type": "CONNECT_PHONENUMBER_ARN", "Address": SOURCE.replace("us-west-2", "eu-west-1")}),
            ),
        ] {
            let mut request = request("a");
            request[member] = elsewhere;
            let (code, _) = start(client, &server, "secret", &request).unwrap_err();
            assert_eq!(code, "ResourceNotFoundException", "{client:?} {member}");
        }
    }
}

/// The queue of the account's events, by both clients: what is not deleted comes again.
#[test]
#[ignore = "needs Python and PyPI"]
fn the_queue_of_events_is_read_by_other_clients() {
    let server = server(&[]);
    for client in CLIENTS {
        let url = format!("{}/123456789012/{client:?}", server.endpoint);
        let call = |operation: &str, more: Value| {
            let mut parameters = json!({ "QueueUrl": url });
            for (name, value) in more.as_object().unwrap() {
                parameters[name] = value.clone();
            }
            client.call_of("sqs", &server, "secret", operation, &parameters).unwrap()
        };
        call("send-message", json!({ "MessageBody": "{}" }));
        let received = call("receive-message", json!({ "MaxNumberOfMessages": 10, "VisibilityTimeout": 0 }));
        assert_eq!(received["Messages"][0]["Body"], "{}");
        let receipt = &call("receive-message", json!({}))["Messages"][0]["ReceiptHandle"];
        let entries = json!([{ "Id": "0", "ReceiptHandle": receipt }]);
        assert_eq!(call("delete-message-batch", json!({ "Entries": entries }))["Successful"][0]["Id"], "0");
        assert_eq!(call("receive-message", json!({})).get("Messages"), None);
    }
}
