//! `campaign simulator` at the level of sockets: what goes over the wire, how connections end, what is logged, how the
//! process ends. Signatures are off; other tests check them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use serde_json::{Value, json};

use crate::simulator_process::Process;

fn server(args: &[&str]) -> Process {
    Process::start(&[&["--no-verify"], args].concat())
}

fn body(token: &str) -> String {
    json!({
        "InstanceId": "6f0e4c1a-0000-4000-8000-000000000001",
        "ContactFlowId": "6f0e4c1a-0000-4000-8000-000000000002",
        "SourceEndpoint": {
            "Type": "CONNECT_PHONENUMBER_ARN",
            "Address": "arn:aws:connect:us-west-2:123456789012:phone-number/6f0e4c1a",
        },
        "DestinationEndpoint": {"Type": "TELEPHONE_NUMBER", "Address": "+12025550100"},
        "SegmentAttributes": {"connect:Subtype": {"ValueString": "connect:SMS"}},
        "ClientToken": token,
    })
    .to_string()
}

fn send(stream: &mut TcpStream, body: &str) {
    let length = body.len();
    write!(
        stream,
        "PUT /contact/outbound-chat HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .unwrap();
}

/// Reads one answer off a connection that stays open: its head and its body.
fn receive(stream: &mut TcpStream) -> (String, String) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    let mut body = vec![0; length.parse().unwrap()];
    stream.read_exact(&mut body).unwrap();
    (head, String::from_utf8(body).unwrap())
}

#[test]
fn a_connection_stays_open_for_the_next_request() {
    let server = server(&[]);
    let mut stream = server.connect();
    send(&mut stream, &body("a"));
    let (head, first) = receive(&mut stream);
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    for header in ["content-type: application/json", "x-amzn-requestid: ", "date: "] {
        assert!(head.contains(header), "{head}");
    }
    send(&mut stream, &body("b"));
    let (_, second) = receive(&mut stream);
    send(&mut stream, &body("a"));
    let (_, third) = receive(&mut stream);
    assert_eq!(first, third);
    assert_ne!(first, second);
    let stats: Value = serde_json::from_str(&server.get("/_simulator/stats")).unwrap();
    assert_eq!(
        (&stats["requests"], &stats["contacts"], &stats["replays"]),
        (&json!(3), &json!(2), &json!(1))
    );
}

#[test]
fn errors_have_the_service_s_format() {
    let server = server(&[]);
    let mut stream = server.connect();
    send(&mut stream, "{");
    let (head, _) = receive(&mut stream);
    assert!(head.starts_with("HTTP/1.1 400 "), "{head}");
    assert!(head.contains("x-amzn-errortype: SerializationException\r\n"), "{head}");
    send(&mut stream, "{}");
    let (head, body) = receive(&mut stream);
    assert!(head.contains("x-amzn-errortype: InvalidRequestException\r\n"), "{head}");
    assert!(body.starts_with("{\"Message\":\"1 validation error detected: "), "{body}");
    write!(stream, "POST /contact/outbound-chat HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n").unwrap();
    let (head, _) = receive(&mut stream);
    assert!(head.starts_with("HTTP/1.1 404 "), "{head}");
    assert!(head.contains("x-amzn-errortype: UnknownOperationException\r\n"), "{head}");
}

#[test]
fn resets_are_real_and_a_lost_answer_leaves_a_contact() {
    for (fault, contacts) in [("--resets", 0), ("--lost-answers", 1)] {
        let server = server(&[fault, "1"]);
        let mut stream = server.connect();
        send(&mut stream, &body("a"));
        let error = stream.read(&mut [0]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{fault}");
        assert_eq!(server.get("/_simulator/contacts").lines().count(), contacts, "{fault}");
    }
}

#[test]
fn a_truncated_answer_ends_half_way() {
    let server = server(&["--truncated", "1"]);
    let mut stream = server.connect();
    send(&mut stream, &body("a"));
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("content-length: 52"), "{head}");
    assert_eq!(body.len(), 26, "{body}");
    assert!(body.starts_with("{\"ContactId\":\""), "{body}");
}

#[test]
fn what_is_not_loopback_is_refused() {
    let output = Command::new(env!("CARGO_BIN_EXE_campaign"))
        .args(["simulator", "--listen", "0.0.0.0:0"])
        .output()
        .unwrap();
    assert!(!output.status.success());
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("0.0.0.0:0: the simulator listens on loopback addresses only"), "{stderr}");
}

#[test]
fn the_log_has_every_request_and_is_private_and_sigterm_ends_the_process_well() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("requests.jsonl");
    let mut server = server(&["--log", log.to_str().unwrap()]);
    let mut stream = server.connect();
    for token in ["a", "a", "b"] {
        send(&mut stream, &body(token));
        receive(&mut stream);
    }
    Command::new("kill").args(["-TERM", &server.child.id().to_string()]).status().unwrap();
    assert!(server.child.wait().unwrap().success());

    let lines = std::fs::read_to_string(&log).unwrap();
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let effects: Vec<_> = lines.iter().map(|line| line["effect"].as_str().unwrap()).collect();
    assert_eq!(effects, ["started", "replayed", "started"]);
    assert_eq!(lines[0]["contact_id"], lines[1]["contact_id"]);
    assert_eq!(lines[1]["attempt"], json!(2));
    assert_eq!(std::fs::metadata(&log).unwrap().permissions().mode() & 0o777, 0o600);
}
