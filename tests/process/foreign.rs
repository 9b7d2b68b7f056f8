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

/// Every text of a journal that others have a hand in: a service, a file, another user of the machine.
const HOSTILE: &str = "\u{1b}]52;c;cHduZWQ=\u{7}\u{9b}2J\u{202e}\u{2066}\u{feff}\u{e0001}\r\n  started     60</script>\"'><img src=x onerror=alert(1)>{{7*7}}`$(id)";

/// A campaign that is over, with hostile texts wherever the journal has any.
fn hostile_journal() -> Site {
    let (site, server) = (Site::with_people(3), crate::process::server::Server::start(&[]));
    site.run(&["run", "people.csv", "--yes", "--limit", "2", "--endpoint-url", server.endpoint()]).exits(4);
    site.run(&["pause"]).exits(0);
    let journal = rusqlite::Connection::open(site.path("journal.db")).unwrap();
    for (table, columns) in [
        ("row", &["code", "reason"][..]),
        ("run", &["reason", "file", "version"]),
        ("steering", &["who"]),
        ("campaign", &["key_column"]),
    ] {
        for column in columns {
            let set =
                format!("UPDATE {table} SET {column} = ?1 WHERE {column} IS NULL OR {column} IS NOT NULL");
            assert!(journal.execute(&set, [HOSTILE]).unwrap() > 0, "{table}.{column}");
        }
    }
    let settings = serde_json::json!([[HOSTILE, HOSTILE]]).to_string();
    journal.execute("UPDATE run SET settings = ?1", [settings]).unwrap();
    site
}

/// A page has what is foreign as text: no tag of it, no attribute, nothing that acts.
fn is_text(page: &str) {
    nothing_acts(page);
    for word in ["<img", "</script>\"", "'><", "\"'>"] {
        assert!(!page.contains(word), "{word} in {page}");
    }
}

#[test]
fn nothing_of_a_journal_acts_on_a_page_in_figures_or_in_results() {
    let site = hostile_journal();
    for args in [&["report", "--format", "html"][..], &["report", "--format", "html", "--with-numbers"]] {
        let page = site.run(args).exits(0).stdout;
        is_text(&page);
        assert!(!args.contains(&"--with-numbers") || page.contains("\\u{202e}"), "it is told, written out");
    }
    for args in [
        &["status"][..],
        &["status", "--json"],
        &["status", "--key", "C-0"],
        &["status", "--key", "C-0", "--json"],
        &["report", "--format", "json"],
        &["journal", "check"],
        &["journal", "check", "--json"],
        &["check", "people.csv", "--json"],
        &["pause"],
        &["pause", "--json"],
    ] {
        harmless(&site.run(args));
    }
    // A name of a campaign, which no definition takes, is in a journal that somebody else has written.
    let journal = rusqlite::Connection::open(site.path("journal.db")).unwrap();
    journal.execute("UPDATE campaign SET name = ?1", [HOSTILE]).unwrap();
    drop(journal);
    let elsewhere = Site::new();
    std::fs::remove_file(elsewhere.path("campaign.toml")).unwrap();
    let path = site.path("journal.db").display().to_string();
    harmless(&elsewhere.run(&["status", "-j", &path]));
    harmless(&elsewhere.run(&["status", "-j", &path, "--json"]));
    harmless(&elsewhere.run(&["report", "-j", &path, "--format", "json"]));
    is_text(&elsewhere.run(&["report", "-j", &path, "--format", "html"]).stdout);
    let page = crate::process::serve::Page::start(&elsewhere, &["-j", &path, "--with-numbers"]);
    let name: String = HOSTILE.bytes().map(|byte| format!("%{byte:02x}")).collect();
    for (route, shown) in [
        ("/".to_owned(), false),
        ("/api/campaigns".to_owned(), true),
        ("/metrics".to_owned(), true),
        (format!("/api/campaigns/{name}"), true),
        (format!("/api/campaigns/{name}/history"), false),
        (format!("/api/campaigns/{name}/problems"), true),
        (format!("/api/campaigns/{name}/report.html"), true),
        (format!("/api/campaigns/{name}/report.json"), true),
    ] {
        let answer = page.get(&route);
        assert_eq!(answer.status, 200, "{route}: {answer:?}");
        assert_eq!(answer.head.matches("\r\ncontent-type:").count(), 1, "{}", answer.head);
        nothing_acts(&answer.body);
        assert_eq!(answer.body.contains("202e"), shown, "{route}: {}", answer.body);
        if route.ends_with("html") {
            is_text(&answer.body);
        }
        if route == "/metrics" {
            for line in answer.body.lines().filter(|line| !line.starts_with('#')) {
                assert!(line.starts_with("campaign_"), "a forged figure: {line}");
            }
        }
    }
    let first = page.events(&format!("/api/campaigns/{name}/events")).next().unwrap();
    assert_eq!(first["campaign"], HOSTILE, "the value is what it is");
    let file = page.get(&format!("/api/campaigns/{name}/report.csv"));
    assert_eq!(file.status, 200);
    let disposition = file.head.lines().find(|line| line.starts_with("content-disposition")).unwrap();
    assert!(disposition.ends_with(".csv\"") && disposition.matches('"').count() == 2, "{disposition}");
    assert!(!file.head.contains("\r\n  started"), "{}", file.head);
}
