//! Text from outside reaches people, logs and hooks, and acts on none of them.

use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::TcpListener;

use crate::process::ran::Ran;
use crate::process::site::{Site, definition};
use crate::process::terminal::Terminal;

/// Sets the clipboard of a terminal that obeys; ends with a mark of direction and a forged line.
const ACTIVE: &str = "\u{1b}]52;c;cHduZWQ=\u{7}\u{9b}2J\u{202e}\r\n  started     60";

/// Answers every request so; ends with the test.
fn answering(status: u16, body: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let (mut reader, mut writer) = (BufReader::new(stream.try_clone().unwrap()), stream);
            if let Some(length) = head(&mut reader) {
                let _ = reader.read_exact(&mut vec![0; length]);
                let length = body.len();
                let answer = format!(
                    "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
                );
                let _ = writer.write_all(answer.as_bytes());
            }
        }
    });
    endpoint
}

/// Reads the head of a request. The length of its body, where a request came.
fn head(reader: &mut impl BufRead) -> Option<usize> {
    let mut length = None;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line.trim().is_empty() {
            return Some(length.unwrap_or(0));
        }
        let line = line.to_ascii_lowercase();
        length = line.strip_prefix("content-length:").and_then(|value| value.trim().parse().ok()).or(length);
    }
}

/// Nothing in it acts, and nothing looks like a line of this program.
fn is_inert(text: &str) {
    nothing_acts(text);
    assert!(!text.lines().any(|line| line.starts_with("  started     60")), "a forged line: {text}");
}

/// Nothing in it acts. A report has the line ends of the file's own cells.
fn nothing_acts(text: &str) {
    for c in text.chars() {
        let ours = matches!(c, '\n' | '\r' | '\t');
        assert!(
            ours || !(c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')),
            "{text:?}"
        );
    }
}

fn harmless(ran: &Ran) {
    is_inert(&ran.stderr);
    is_inert(&ran.stdout);
}

#[test]
fn a_service_that_answers_with_control_sequences_is_read_and_not_obeyed() {
    let site = Site::with_people(3);
    let hook = "[hooks]\non_halt = [\"sh\", \"-c\", \"printf %s \\\"$CAMPAIGN_MESSAGE\\\" > hook.txt\"]\n";
    site.write("campaign.toml", &format!("{}\n{hook}", definition()));
    let refusals = [
        (403, "AccessDeniedException"),
        (403, ACTIVE),
        (400, "InvalidRequestException"),
        (404, "ResourceNotFoundException"),
    ];
    for (at, (status, code)) in refusals.into_iter().enumerate() {
        let body =
            serde_json::json!({"__type": code, "message": ACTIVE, "Message": ACTIVE, "Reason": ACTIVE});
        let endpoint = answering(status, body.to_string());
        let journal = format!("{at}.db");
        let send = ["run", "people.csv", "--yes", "-j", &journal, "--endpoint-url", &endpoint];
        for more in [&["-v"][..], &["-v", "--log-format", "json"], &["--json"]] {
            let ran = site.run(&[&send[..], more].concat());
            assert!(matches!(ran.code, 3 | 5), "{}", ran.stderr);
            harmless(&ran);
        }
        site.run(&[&send[..], &["--log-file", "campaign.log"]].concat());
        is_inert(&site.read("campaign.log"));
        if site.path("hook.txt").exists() {
            is_inert(&site.read("hook.txt"));
        }
        for command in [
            &["status", "-j", &journal][..],
            &["status", "--json", "-j", &journal],
            &["report", "--format", "json", "-j", &journal],
            &["journal", "check", "-j", &journal],
        ] {
            harmless(&site.run(command));
        }
        for format in ["csv", "jsonl"] {
            let columns = ["report", "--format", format, "--columns", "code,reason", "-j", &journal];
            let report = Terminal::start(&site, &columns).end(&site);
            nothing_acts(&report.stderr);
        }
    }
}

#[test]
fn names_of_files_and_columns_and_cells_are_read_and_not_obeyed() {
    let site = Site::new();
    let column = ACTIVE.replace("\r\n", " ");
    let people = format!(
        "customer_id,phone,first_name,\"{column}\"\nC-1,nonsense,\"{ACTIVE}\",\"{ACTIVE}\"\nC-2,+12025550101,Ann,\"{ACTIVE}\"\n"
    );
    site.write("people.csv", &people);
    let file = "a\u{1b}[2J\nb.csv";
    site.write(file, &people);
    for name in ["people.csv", file, "no\u{1b}[2J\n  started     60.csv"] {
        harmless(&site.run(&["check", name]));
        harmless(&site.run(&["check", name, "--json"]));
        harmless(&site.run(&["check", "people.csv", "--rejects", name]));
        harmless(&site.run(&["report", "-j", name]));
        harmless(&site.run(&["status", "-c", name]));
        harmless(&site.run(&["check", "people.csv", "--log-file", &format!("none/{name}")]));
    }
    harmless(&site.run(&["run", "people.csv", "--simulate"]));
    nothing_acts(&Terminal::start(&site, &["report"]).end(&site).stderr);
    // In a pipe and in a file, a report has the cells as they are.
    let report = site.run(&["report"]);
    assert!(report.stdout.is_empty() || report.stdout.contains('\u{1b}'), "{:?}", report.stdout);
}
