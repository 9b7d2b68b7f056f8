//! `campaign resume` after a plan that did not come to its end, or that nobody agreed to: what the journal has then is
//! neither the old file nor the new one, so it says what to type and sends nothing.

use std::io::Write;
use std::process::{Child, Stdio};

use rusqlite::{Connection, OpenFlags};
use rustix::process::{Pid, Signal, kill_process};

use crate::process::server::Server;
use crate::process::site::{NAME, Site, csv, row};

fn start(site: &Site, args: &[&str]) -> Child {
    let mut command = site.command(args);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Waits until a part of the file is planned.
fn wait_for_duplicates(site: &Site) {
    let journal =
        Connection::open_with_flags(site.path("journal.db"), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let planned = "SELECT EXISTS (SELECT 1 FROM row WHERE state = 6)";
    while !journal.query_row(planned, [], |row| row.get::<_, bool>(0)).unwrap() {
        std::thread::yield_now();
    }
}

/// Ten people, of whom four were sent to. Then the file is exchanged for one that has the first seven.
fn half_sent() -> (Site, Server) {
    let (site, server) = (Site::with_people(10), Server::start(&[]));
    let args = ["run", "people.csv", "--yes", "--limit", "4", "--endpoint-url", server.endpoint()];
    site.run(&args).exits(4);
    site.write("people.csv", &csv((0..7).map(row)));
    (site, server)
}

/// `resume` refuses, the file goes on, and then `resume` has nothing against it.
fn refuses_until_the_file_is_read(site: &Site, server: &Server, why: &str) {
    let before = server.requests();
    let resume = ["resume", "--endpoint-url", server.endpoint()];
    let command = format!("campaign run FILE --endpoint-url {}", server.endpoint());
    site.run(&resume).exits(2).says(&[why, "nothing was sent", &command]);
    assert_eq!(server.requests(), before);
    let result = site.send(server.endpoint()).exits(0).json();
    assert_eq!((&result["started"], &result["withdrawn"]), (&7.into(), &3.into()));
    site.run(&resume).exits(0);
    server.has_each_once(&site.report());
}

/// The plan dies, as the whole process does.
#[test]
fn a_file_that_could_not_be_read_to_its_end() {
    let (site, server) = half_sent();
    // More than is planned at a time, so that rows of the new file are in the journal already.
    let lines = csv((0..7).map(row)) + &format!("{}\n", row(0)).repeat(20_000);
    let mut child = start(&site, &["run", "-", "--yes", "--endpoint-url", server.endpoint()]);
    let mut file = child.stdin.take().unwrap();
    file.write_all(lines.as_bytes()).unwrap();
    wait_for_duplicates(&site);
    child.kill().unwrap();
    child.wait().unwrap();
    drop(file);
    refuses_until_the_file_is_read(&site, &server, "was not read to its end");
}

#[test]
fn a_file_that_nobody_agreed_to() {
    let (site, server) = half_sent();
    site.run(&["run", "people.csv", "--endpoint-url", server.endpoint()]).exits(2).says(&["--yes"]);
    refuses_until_the_file_is_read(&site, &server, "was not agreed to");
}

/// Too many rejected rows stop a run before anything is sent; `resume` is no way around that.
#[test]
fn a_file_that_the_safety_gate_refused() {
    let (site, server) = half_sent();
    let wrong = (0..12).map(|n| format!("W-{n},{NAME},12"));
    site.write("wrong.csv", &csv((0..10).map(row).chain(wrong)));
    site.run(&["run", "wrong.csv", "--yes", "--endpoint-url", server.endpoint()])
        .exits(5)
        .says(&["max_rejected"]);
    refuses_until_the_file_is_read(&site, &server, "was not agreed to");
}

/// A stream that is interrupted has not been read to its end: the command that it prints reads it again.
#[test]
fn a_stream_that_was_interrupted() {
    let (site, server) = half_sent();
    let args = ["run", "-", "--stream", "--yes", "--endpoint-url", server.endpoint()];
    let mut child = start(&site, &args);
    let mut file = child.stdin.take().unwrap();
    file.write_all(csv((0..5).map(row)).as_bytes()).unwrap();
    file.flush().unwrap();
    server.wait_for_requests(5);
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let ran = site.wait(child).exits(130);
    let command = format!("campaign run - --stream --yes --endpoint-url {}", server.endpoint());
    assert_eq!(ran.next(), command);
    drop(file);
    let resume = ["resume", "--endpoint-url", server.endpoint()];
    site.run(&resume).exits(2).says(&["was not read to its end"]);
}

/// Where nothing of an earlier file waits, `resume` sends what a stream had: a pipe cannot be read again. Not so where the
/// safety gate stopped it.
#[test]
fn what_was_read_of_a_stream_can_be_sent_without_it() {
    let (site, server) = (Site::new(), Server::start(&[]));
    let args = [
        "run",
        "-",
        "--stream",
        "--yes",
        "--rate",
        "20",
        "--burst",
        "1",
        "--endpoint-url",
        server.endpoint(),
    ];
    let resume = ["resume", "--json", "--endpoint-url", server.endpoint()];
    let mut child = start(&site, &args);
    let mut file = child.stdin.take().unwrap();
    file.write_all(csv((0..60).map(row)).as_bytes()).unwrap();
    file.flush().unwrap();
    server.wait_for_requests(5);
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    site.wait(child).exits(130);
    drop(file);
    assert_eq!(site.run(&resume).exits(0).json()["started"], 60);
    server.has_each_once(&site.report());

    let mut child = start(&site, &args);
    let mut file = child.stdin.take().unwrap();
    let wrong = (0..20).map(|n| format!("W-{n},{NAME},12"));
    file.write_all(csv((60..63).map(row).chain(wrong)).as_bytes()).unwrap();
    file.flush().unwrap();
    site.wait(child).exits(5).says(&["max_rejected"]);
    drop(file);
    site.run(&resume).exits(2).says(&["was not read to its end"]);
}

/// A limit that is reached before the file ends leaves rows that the journal does not know of yet.
#[test]
fn a_stream_that_reached_its_limit_is_not_done() {
    let (site, server) = (Site::with_people(10), Server::start(&[]));
    let mut child = start(
        &site,
        &["run", "-", "--stream", "--yes", "--json", "--limit", "5", "--endpoint-url", server.endpoint()],
    );
    let mut file = child.stdin.take().unwrap();
    file.write_all(csv((0..5).map(row)).as_bytes()).unwrap();
    file.flush().unwrap();
    let ran = site.wait(child).exits(4);
    drop(file);
    assert_eq!((&ran.json()["started"], &ran.json()["queued"]), (&5.into(), &0.into()));
    assert!(ran.next().starts_with("campaign run - --stream --yes"), "{}", ran.next());
    site.send(server.endpoint()).exits(0);
    server.has_each_once(&site.report());
}
