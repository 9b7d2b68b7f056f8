//! No phone number and no customer on stderr, however much is logged, and files that only their owner reads.
//!
//! Every run of every test here is checked for both; these are the runs that say most.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;

use crate::process::server::Server;
use crate::process::site::{Site, csv, phone, row};

const TROUBLE: [&str; 10] = [
    "--lost-answers",
    "0.05",
    "--errors",
    "0.05",
    "--resets",
    "0.05",
    "--unreadable",
    "0.05",
    "--throttle",
    "0.05",
];

#[test]
fn the_fullest_log_names_nobody() {
    for format in ["text", "json"] {
        let (site, server) = (Site::with_people(30), Server::start(&TROUBLE));
        let args = ["run", "people.csv", "--yes", "-vv", "--log-format", format, "--endpoint-url"];
        let ran = site.run(&[&args[..], &[server.endpoint()]].concat());
        assert!(matches!(ran.code, 0 | 3), "{}", ran.stderr);
        // The SDK did log, or this would have shown nothing.
        assert!(ran.stderr.contains("aws_"), "{}", ran.stderr);
        assert!(ran.stderr.contains("DEBUG"), "{}", ran.stderr);
    }
}

/// A service, or a proxy before it, whose refusals name the recipient.
#[test]
fn a_refusal_that_names_the_number_is_masked() {
    let site = Site::with_people(3);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    // It ends with the test's process.
    std::thread::spawn(move || listener.incoming().for_each(|stream| refuse(stream.unwrap())));
    for format in ["text", "json"] {
        let args = ["run", "people.csv", "--yes", "--retry-failed", "-vv", "--log-format", format];
        let ran = site.run(&[&args[..], &["--endpoint-url", &endpoint]].concat()).exits(3);
        ran.says(&["not tried again: InvalidRequestException: destination +1…0", " is blocked"]);
    }
    let report = site.report();
    assert_eq!(report[2].reason, format!("destination {} is blocked", phone(2)), "in full in the report");
}

fn refuse(mut stream: TcpStream) {
    let mut request = Vec::new();
    let mut bytes = [0; 4096];
    let number = loop {
        let length = stream.read(&mut bytes).unwrap();
        request.extend_from_slice(&bytes[..length]);
        let text = String::from_utf8_lossy(&request);
        if text.ends_with('}') {
            let at = text.find("+1").unwrap();
            break text[at..at + 12].to_owned();
        }
    };
    let body = format!("{{\"Message\":\"destination {number} is blocked\"}}");
    let head = "HTTP/1.1 400 Bad Request\r\nx-amzn-errortype: InvalidRequestException\r\nconnection: close";
    write!(stream, "{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).unwrap();
}

#[test]
fn what_is_rejected_is_told_by_line_and_not_by_number() {
    let site = Site::new();
    site.write(
        "people.csv",
        &csv([row(0), "C-1,Someone,2025550".to_owned(), "C-2,Someone,+999202555014".to_owned()]),
    );
    site.run(&["run", "people.csv", "--simulate", "-vv"]).exits(3).says(&["line 3", "line 4"]);
    site.run(&["check", "people.csv", "-vv"]).exits(3);
}

#[test]
fn journal_locks_and_reports_are_their_owners() {
    let (site, server) = (Site::with_people(30), Server::start(&[]));
    server.freeze();
    let child = site.start(&["run", "people.csv", "--yes", "--json", "--endpoint-url", server.endpoint()]);
    while !site.path("journal.db-wal").exists() || !site.path("journal.db-shm").exists() {
        std::thread::yield_now();
    }
    let mut looked = 0;
    let mut look = || {
        for entry in std::fs::read_dir(site.folder()).unwrap().map(Result::unwrap) {
            let name = entry.file_name().into_string().unwrap();
            if name.starts_with("journal.db") || name.starts_with("report") {
                let mode = entry.metadata().unwrap().permissions().mode();
                assert_eq!(mode & 0o777, 0o600, "{name}");
                looked += 1;
            }
        }
    };
    look();
    server.thaw();
    site.wait(child).exits(0);
    for ending in ["csv", "jsonl", "json"] {
        site.run(&["report", "-o", &format!("report.{ending}")]).exits(0);
    }
    look();
    assert!(looked >= 5 + 3, "{looked} files");
}
