//! Ctrl-C and SIGTERM: the first one drains, the second one stops at once, and the command that is printed goes on.

use std::process::Command;

use rustix::process::{Pid, Signal, kill_process};

use crate::process::ran::Ran;
use crate::process::server::Server;
use crate::process::site::{BINARY, Site};
use crate::process::terminal::{CTRL_C, Terminal};

const PEOPLE: u64 = 60;

/// Runs the very line that was printed, as a shell would, and holds the server against the report.
fn go_on(site: &Site, server: &Server, ran: &Ran) {
    let line = ran.next().replacen("campaign", BINARY, 1);
    let mut shell = Command::new("sh");
    shell.args(["-c", &line]).current_dir(site.folder()).env_clear().envs(site.environment());
    site.finish(shell).exits(0);
    let report = site.report();
    assert!(report.iter().all(|record| record.state == "started"));
    assert_eq!(report.len() as u64, PEOPLE);
    server.has_each_once(&report);
}

fn run<'a>(server: &'a Server, rate: &'a str) -> [&'a str; 8] {
    ["run", "people.csv", "--yes", "--rate", rate, "--burst=1", "--endpoint-url", server.endpoint()]
}

/// How many rows of the report are in this state.
fn count(site: &Site, state: &str) -> u64 {
    site.report().iter().filter(|record| record.state == state).count() as u64
}

#[test]
fn ctrl_c_in_a_terminal_drains_and_tells_how_to_go_on() {
    let (site, server) = (Site::with_people(60), Server::start(&["--latency", "300ms"]));
    let mut terminal = Terminal::start(&site, &run(&server, "50"));
    server.wait_for_requests(5);
    terminal.press(CTRL_C);
    let ran = terminal.end(&site).exits(130).says(&["interrupted"]);
    assert_eq!(count(&site, "attempting"), 0, "what was in flight has its answer");
    let started = count(&site, "started");
    assert_eq!((started, started + count(&site, "queued")), (server.requests(), PEOPLE));
    assert!((5..PEOPLE).contains(&started));
    go_on(&site, &server, &ran);
    assert_eq!(server.requests(), PEOPLE);
}

#[test]
fn a_second_ctrl_c_stops_at_once() {
    let (site, server) = (Site::with_people(60), Server::start(&[]));
    // Nobody will answer, so only the second one can end the run.
    server.freeze();
    let args = [&run(&server, "200")[..], &["--max-in-flight", "8"]].concat();
    let mut terminal = Terminal::start(&site, &args);
    terminal.wait_for("8 in flight");
    terminal.press(CTRL_C);
    terminal.wait_for("stopping: interrupted");
    terminal.press(CTRL_C);
    let ran = terminal.end(&site).exits(130);
    server.thaw();
    assert!(count(&site, "attempting") >= 8, "they are in doubt");
    go_on(&site, &server, &ran);
}

#[test]
fn sigterm_drains_too() {
    let (site, server) = (Site::with_people(60), Server::start(&["--latency", "300ms"]));
    let child = site.start(&run(&server, "50"));
    server.wait_for_requests(5);
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    let ran = site.wait(child).exits(143).says(&["terminated"]);
    assert_eq!(count(&site, "attempting"), 0);
    go_on(&site, &server, &ran);
    assert_eq!(server.requests(), PEOPLE);
}

/// A terminal that goes away hangs up, some twice.
#[test]
fn sighup_drains_too_however_often_it_comes() {
    let (site, server) = (Site::with_people(60), Server::start(&["--latency", "300ms"]));
    let child = site.start(&run(&server, "50"));
    server.wait_for_requests(5);
    for _ in 0..3 {
        kill_process(Pid::from_child(&child), Signal::HUP).unwrap();
    }
    let ran = site.wait(child).exits(143).says(&["terminated"]);
    assert_eq!(count(&site, "attempting"), 0, "what was in flight has its answer");
    go_on(&site, &server, &ran);
    assert_eq!(server.requests(), PEOPLE);
}

/// Under `nohup`, a hang-up is ignored.
#[test]
#[cfg(target_os = "linux")]
fn nohup_runs_to_its_end() {
    let (site, server) = (Site::with_people(60), Server::start(&["--latency", "100ms"]));
    let line = format!("trap '' HUP; exec {BINARY} {}", run(&server, "200").join(" "));
    let mut shell = Command::new("sh");
    shell.args(["-c", &line]).current_dir(site.folder()).env_clear().envs(site.environment());
    shell.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let child = shell.spawn().unwrap();
    server.wait_for_requests(5);
    kill_process(Pid::from_child(&child), Signal::HUP).unwrap();
    site.wait(child).exits(0);
    assert_eq!(server.requests(), PEOPLE);
}

#[test]
fn ctrl_c_at_the_question_leaves_the_cursor_as_it_was() {
    let (site, server) = (Site::with_people(60), Server::start(&[]));
    let mut terminal = Terminal::start(&site, &["run", "people.csv", "--endpoint-url", server.endpoint()]);
    terminal.wait_for("Start 60 contacts of \"spring\"?");
    terminal.press(CTRL_C);
    let ran = terminal.end(&site).exits(130);
    let (hidden, shown) = (ran.stderr.rfind("\x1b[?25l"), ran.stderr.rfind("\x1b[?25h"));
    assert!(shown.is_some() && shown > hidden, "{:?}", ran.stderr);
    assert_eq!(server.requests(), 0);
}

#[test]
fn the_question_on_a_terminal_is_answered_by_a_person() {
    let (site, server) = (Site::with_people(60), Server::start(&[]));
    let args = ["run", "people.csv", "--endpoint-url", server.endpoint()];
    let mut terminal = Terminal::start(&site, &args);
    terminal.wait_for("Start 60 contacts of \"spring\"?");
    terminal.press("n\r");
    terminal.end(&site).exits(2);
    assert_eq!(server.requests(), 0);

    let mut terminal = Terminal::start(&site, &args);
    terminal.wait_for("Start 60 contacts of \"spring\"?");
    terminal.press("y\r");
    terminal.end(&site).exits(0);
    server.has_each_once(&site.report());
}
