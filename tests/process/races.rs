//! Promise 8: of processes that run one campaign at the same time, one does, and the others say which.
//!
//! `CAMPAIGN_RACES` says how many races are run (1,000 for the full proof).

use std::process::Child;

use rusqlite::{Connection, OpenFlags};

use crate::process::server::Server;
use crate::process::site::Site;

#[test]
fn of_several_processes_exactly_one_runs_the_campaign() {
    let races: usize = std::env::var("CAMPAIGN_RACES").map_or(10, |races| races.parse().expect("a number"));
    for race in 0..races {
        let (site, server) = (Site::with_people(5), Server::start(&[]));
        if race % 2 == 1 {
            // Half of the races meet a journal, and the lock file of a process that is long gone.
            let args = ["run", "people.csv", "--yes", "--limit", "1", "--endpoint-url", server.endpoint()];
            site.run(&args).exits(4);
        }
        run(&site, &server, 2 + race % 4);
        server.has_each_once(&site.report());
        let stats = server.stats();
        assert_eq!((&stats["requests"], &stats["replays"]), (&5.into(), &0.into()));
    }
}

fn run(site: &Site, server: &Server, processes: usize) {
    // Nobody answers, so the winner is there until everybody else has given up.
    server.freeze();
    let mut running: Vec<Child> = (0..processes)
        .map(|_| site.start(&["run", "people.csv", "--yes", "--json", "--endpoint-url", server.endpoint()]))
        .collect();
    let mut losers = Vec::new();
    while running.len() > 1 {
        assert!(going_on(site) <= 1, "two processes run the campaign at the same time");
        let ended = running.iter_mut().position(|child| child.try_wait().unwrap().is_some());
        if let Some(ended) = ended {
            losers.push(site.wait(running.swap_remove(ended)));
        }
        std::thread::yield_now();
    }
    let winner = running.pop().unwrap();
    let holder = format!("another process is running this campaign: process {}, since 20", winner.id());
    for loser in losers {
        assert_eq!(loser.exits(6).says(&[&holder]).stdout, "");
    }
    server.thaw();
    assert_eq!(site.wait(winner).exits(0).json()["started"], 5);
}

/// Runs that began and have not ended, as the journal has them.
fn going_on(site: &Site) -> u32 {
    let journal = Connection::open_with_flags(site.path("journal.db"), OpenFlags::SQLITE_OPEN_READ_ONLY);
    let count = |journal: Connection| {
        journal.query_row("SELECT count(*) FROM run WHERE ended_at IS NULL", [], |row| row.get(0))
    };
    // There may be no journal yet, or no table in it.
    journal.and_then(count).unwrap_or(0)
}
