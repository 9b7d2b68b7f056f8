//! `campaign pause`, `go`, `pace` and `stop` in one process, and the run that they steer in another: within a second, and each
//! with its time in the journal.

use std::process::Child;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::process::ran::Ran;
use crate::process::server::Server;
use crate::process::site::Site;

const PEOPLE: u64 = 400;

/// A run that takes twenty seconds for as many people as there are here.
pub(crate) fn start(site: &Site, server: &Server) -> Child {
    site.start(&[
        "run",
        "people.csv",
        "--yes",
        "--json",
        "--rate=20",
        "--burst=1",
        "--endpoint-url",
        server.endpoint(),
    ])
}

/// Asks, and holds the answer of the run against the clock.
fn ask(site: &Site, args: &[&str]) -> (Ran, Value) {
    let ran = site.run(&[args, &["--json"]].concat()).exits(0);
    let told: Value = serde_json::from_str(ran.stdout.trim()).unwrap();
    let time = |name: &str| told[name].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    let took = time("done_at").as_millisecond() - time("asked_at").as_millisecond();
    assert!((0..1_000).contains(&took), "{args:?} took {took} ms");
    (ran, told)
}

fn status(site: &Site) -> Value {
    site.run(&["status", "--json"]).exits(0).json()
}

fn resume(site: &Site, server: &Server) -> Ran {
    site.run(&["resume", "--rate=1000", "--burst=100", "--json", "--endpoint-url", server.endpoint()])
}

#[test]
fn a_run_is_paused_paced_and_stopped_from_a_second_process() {
    let (site, server) = (Site::with_people(PEOPLE as usize), Server::start(&[]));
    let run = start(&site, &server);
    server.wait_for_requests(5);

    let (ran, told) = ask(&site, &["pause"]);
    ran.says(&["paused: run 1", "has stopped sending", "`campaign go` goes on"]);
    assert_eq!((&told["asked"], &told["pid"]), (&"pause".into(), &run.id().into()));
    // Those that were in flight have their answers when the journal has as many contacts as requests came.
    let mut paused = status(&site);
    while paused["attempting"] != 0 {
        paused = status(&site);
    }
    let requests = server.requests();
    assert_eq!(paused["started"], requests, "nothing leaves, and what is in flight is settled");
    assert!(paused["running"] == true && paused["paused_at"].is_string() && requests < PEOPLE);
    site.run(&["pause"]).exits(0).says(&["paused already, by "]);
    site.run(&["status"]).exits(0);
    // The pace of a run that is paused can be changed as well.
    let (ran, told) = ask(&site, &["pace", "50", "--burst", "2"]);
    ran.says(&["sends at 50/s, burst 2"]);
    assert_eq!((&told["asked_rate"], &told["burst"]), (&50.0.into(), &2.into()));
    assert_eq!(server.requests(), requests, "a pause is a pause");

    ask(&site, &["go"]).0.says(&["goes on: run 1"]);
    site.run(&["go"]).exits(0).says(&["not paused"]);
    server.wait_for_requests(requests + 5);
    let (ran, _) = ask(&site, &["stop"]);
    ran.says(&["stopping: run 1", "ends when it has its answers"]);
    let ran = site.wait(run).exits(4).says(&["stopped by `campaign stop`", "next: campaign resume"]);
    assert_eq!(ran.json()["attempting"], 0);
    let steering: Vec<Value> = status(&site)["steering"].as_array().unwrap().clone();
    let whats: Vec<&str> = steering.iter().map(|ask| ask["what"].as_str().unwrap()).collect();
    assert_eq!(whats, ["pause", "pace 50/s, burst 2", "go", "stop"]);
    assert!(steering.iter().all(|ask| ask["run"] == 1 && ask["done_at"].is_string()), "{steering:?}");

    // The stop was for that run.
    assert_eq!(resume(&site, &server).exits(0).json()["started"], PEOPLE);
    server.has_each_once(&site.report());
    assert_eq!(server.requests(), PEOPLE);
}

#[test]
fn a_pause_outlives_a_run_that_is_killed() {
    let (site, server) = (Site::with_people(PEOPLE as usize), Server::start(&[]));
    let run = start(&site, &server);
    server.wait_for_requests(3);
    ask(&site, &["pause"]);
    kill_process(Pid::from_child(&run), Signal::KILL).unwrap();
    site.wait(run).exits(137);
    let requests = server.requests();
    let next = start(&site, &server);
    while status(&site)["run"] != 2 || status(&site)["in_flight"].is_null() {
        std::thread::yield_now();
    }
    site.run(&["status"]).exits(0);
    assert_eq!(server.requests(), requests, "it waits");
    // Whoever waits is interrupted at once.
    kill_process(Pid::from_child(&next), Signal::INT).unwrap();
    site.wait(next).exits(130);
    site.run(&["go"]).exits(0).says(&["nothing runs now: `campaign resume` goes on"]);
    assert_eq!(resume(&site, &server).exits(0).json()["started"], PEOPLE);
    server.has_each_once(&site.report());
}

#[test]
fn what_is_for_a_run_is_refused_where_nothing_runs() {
    let (site, server) = (Site::with_people(5), Server::start(&[]));
    site.run(&["pause"]).exits(2);
    resume_after_a_run(&site, &server);
    site.run(&["stop"]).exits(2).says(&["nothing runs \"spring\"", "campaign status"]);
    site.run(&["pace", "5"]).exits(2).says(&["nothing runs \"spring\"", "--rate"]);
    site.run(&["pace", "0"]).exits(2);
    site.run(&["pause"]).exits(0).says(&["nothing runs now", "waits for `campaign go`"]);
    site.run(&["go"]).exits(0);
    assert!(status(&site)["paused_at"].is_null());
}

fn resume_after_a_run(site: &Site, server: &Server) {
    site.run(&["run", "people.csv", "--yes", "--limit=1", "--endpoint-url", server.endpoint()]).exits(4);
}

#[test]
fn sigusr1_tells_how_a_run_fares_and_a_watch_ends_with_it() {
    let (site, server) = (Site::with_people(60), Server::start(&[]));
    let args = ["run", "people.csv", "--yes", "-q", "--rate=20", "--burst=1", "--endpoint-url"];
    let run = site.start(&[&args[..], &[server.endpoint()]].concat());
    server.wait_for_requests(5);
    let watch = site.start(&["status", "--watch", "--every=1", "--json"]);
    kill_process(Pid::from_child(&run), Signal::USR1).unwrap();
    let ran = site.wait(run).exits(0);
    let told: Vec<&str> = ran.stderr.lines().collect();
    assert!(
        matches!(told[..], [line] if line.starts_with("spring, run 1: ") && line.contains(" of 60 started")),
        "{told:?}"
    );
    let watched = site.wait(watch).exits(0);
    let looks: Vec<Value> = watched.stdout.lines().map(|look| serde_json::from_str(look).unwrap()).collect();
    let last = looks.last().unwrap();
    assert!(last["running"] == false && last["started"] == 60 && last["exit"] == 0, "{last}");
}
