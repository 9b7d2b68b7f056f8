//! Promise 7: killed at any instant, run again, and every recipient has exactly one contact.
//!
//! `CAMPAIGN_KILLS` says how many processes are killed in the middle of a run (2,000 for the full proof), and
//! `CAMPAIGN_SEED` which instants, faults and answers are drawn.

use std::process::Child;
use std::time::Duration;

use crate::process::server::Server;
use crate::process::site::Site;

const PEOPLE: usize = 120;
/// Campaigns at once, each with a server and a journal of its own: they wait for back-offs most of the time.
const LANES: u64 = 4;
/// Runs that a campaign may need once nobody kills it any more.
const RUNS: usize = 20;

const FAULTS: [&str; 22] = [
    "--latency",
    "5ms",
    "--latency-jitter",
    "30ms",
    "--throttle",
    "0.05",
    "--errors",
    "0.05",
    "--resets",
    "0.03",
    "--lost-answers",
    "0.05",
    "--truncated",
    "0.02",
    "--unreadable",
    "0.02",
    "--no-contact-id",
    "0.02",
    "--rate",
    "400",
    "--burst",
    "40",
];

#[test]
fn killed_at_any_instant_everybody_has_one_contact() {
    let number = |name: &str, default: u64| {
        std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
    };
    let (kills, seed) = (number("CAMPAIGN_KILLS", 15), number("CAMPAIGN_SEED", 1));
    let in_the_middle: u64 = std::thread::scope(|threads| {
        let lane = |lane: u64| {
            let share = kills / LANES + u64::from(lane < kills % LANES);
            threads.spawn(move || kill_so_often(share, seed.wrapping_add(lane << 32)))
        };
        let lanes: Vec<_> = (0..LANES).map(lane).collect();
        lanes.into_iter().map(|lane| lane.join().unwrap()).sum()
    });
    // Else the test would prove nothing.
    assert!(in_the_middle * 3 >= kills, "only {in_the_middle} of {kills} kills met a run that was sending");
}

/// Campaigns, one after another, until so many processes are killed. Says how many of them were sending.
fn kill_so_often(kills: u64, seed: u64) -> u64 {
    let mut chance = fastrand::Rng::with_seed(seed);
    let (mut killed, mut in_the_middle) = (0, 0);
    while killed < kills {
        let server_seed = chance.u32(..).to_string();
        let server = Server::start(&[&FAULTS[..], &["--seed", &server_seed]].concat());
        let site = Site::with_people(PEOPLE);
        for _ in 0..chance.u64(1..=5).min(kills - killed) {
            // Half of them by the clock, wherever that is in a run: on a busy machine before its first request. The
            // others once so many requests have come: there the run is sending.
            let instant = match chance.bool() {
                true => Instant::After(Duration::from_micros(chance.u64(0..400_000))),
                false => Instant::Requests(server.requests() + chance.u64(1..PEOPLE as u64 / 2)),
            };
            if !kill(start(&site, &server), &server, &instant) {
                break;
            }
            killed += 1;
            in_the_middle += u64::from(is_in_the_middle(&site, &server));
        }
        complete(&site, &server);
    }
    in_the_middle
}

fn start(site: &Site, server: &Server) -> Child {
    site.start(&[
        "run",
        "people.csv",
        "--yes",
        "--quiet",
        "--rate",
        "300",
        "--endpoint-url",
        server.endpoint(),
    ])
}

/// When a run is killed.
enum Instant {
    After(Duration),
    Requests(u64),
}

/// SIGKILL at an instant; whether the process was still there.
#[expect(clippy::disallowed_methods, reason = "the instant of a kill is an instant of real time")]
fn kill(mut child: Child, server: &Server, instant: &Instant) -> bool {
    match instant {
        Instant::After(time) => std::thread::sleep(*time),
        Instant::Requests(many) => while server.requests() < *many && child.try_wait().unwrap().is_none() {},
    }
    let ended = child.try_wait().unwrap().is_some();
    child.kill().unwrap();
    child.wait().unwrap();
    !ended
}

/// After a kill: no request without a durable attempt (promise 2), no contact id that the service does not have, and
/// the journal can be read. Says whether the run was in the middle of its work.
fn is_in_the_middle(site: &Site, server: &Server) -> bool {
    if !site.path("journal.db").exists() {
        return false;
    }
    let ran = site.run(&["report", "--format", "csv"]);
    if ran.code != 0 {
        // Killed before the journal had a campaign.
        assert_eq!((ran.code, server.requests()), (2, 0), "{}", ran.stderr);
        return false;
    }
    let (report, contacts, attempts) = (site.report(), server.contacts(), server.attempts());
    for record in &report {
        let requests = attempts.get(&record.client_token).copied().unwrap_or_default();
        assert!(requests <= record.attempts, "{requests} requests, but {record:?}");
        if record.state == "started" {
            assert_eq!(contacts.get(&record.client_token), Some(&vec![record.contact_id.clone()]));
        }
    }
    let started = report.iter().filter(|record| record.state == "started").count();
    !attempts.is_empty() && started < PEOPLE
}

/// Runs until the campaign is done, and holds the server against the report.
fn complete(site: &Site, server: &Server) {
    let done = (0..RUNS).map(|_| site.send(server.endpoint())).find(|ran| {
        assert!(matches!(ran.code, 0 | 3), "{}", ran.stderr);
        ran.code == 0
    });
    assert_eq!(done.expect("a run that leaves nothing undone").json()["started"], PEOPLE);
    let report = site.report();
    assert_eq!(report.len(), PEOPLE);
    server.has_each_once(&report);
}
