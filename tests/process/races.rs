//! Promise 8: of processes that run one campaign at the same time, one does, and the others say which.
//!
//! `CAMPAIGN_RACES` says how many races are run (1,000 for the full proof).

use std::process::Child;

use rusqlite::{Connection, OpenFlags};

use crate::process::server::Server;
use crate::process::site::{Site, csv, definition, row};

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

/// The journal's files, and none of a campaign alone.
fn files(site: &Site) -> Vec<String> {
    let entries = site.folder().read_dir().unwrap().map(|entry| entry.unwrap().file_name());
    let mut files: Vec<_> = entries.map(|name| name.into_string().unwrap()).collect();
    files.retain(|name| name.starts_with("journal.db"));
    files.sort();
    files
}

/// Several campaigns of one journal go on at once, some are killed: each excludes itself and no other, two helper files do
/// for all, and what is left afterwards is the mark.
#[test]
fn campaigns_of_one_journal_share_two_helper_files_and_the_lock_goes_with_the_last() {
    let (site, server) = (Site::with_people(5), Server::start(&[]));
    let names = ["spring", "summer", "autumn", "winter"];
    for (at, name) in names.iter().enumerate() {
        let text = definition().replacen("\"spring\"", &format!("\"{name}\""), 1);
        site.write(&format!("{name}.toml"), &text);
        let phones = (0..5).map(|n| row(at * 5 + n));
        site.write(&format!("{name}.csv"), &csv(phones));
    }
    let args = |name: &str| {
        ["run".to_owned(), format!("{name}.csv"), "-c".to_owned(), format!("{name}.toml"), "--yes".to_owned()]
            .into_iter()
            .chain(["--endpoint-url".to_owned(), server.endpoint().to_owned()])
            .collect::<Vec<_>>()
    };
    let start = |name: &str| {
        let args = args(name);
        site.start(&args.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let run = |name: &str| {
        let args = args(name);
        site.run(&args.iter().map(String::as_str).collect::<Vec<_>>())
    };
    server.freeze();
    let mut running: Vec<Child> = names.iter().map(|name| start(name)).collect();
    while going_on(&site) < 4 {
        std::thread::yield_now();
    }
    let all = ["journal.db", "journal.db-shm", "journal.db-wal", "journal.db.lock", "journal.db.mark"];
    assert_eq!(files(&site), all);
    for (name, child) in names.iter().zip(&running) {
        run(name)
            .exits(6)
            .says(&[&format!("another process is running this campaign: process {}, ", child.id())]);
    }
    // One is killed while the others go on: it is not there any more, and they are.
    running[1].kill().unwrap();
    running[1].wait().unwrap();
    let again = start("summer");
    while campaign::journal::holder(&site.path("journal.db"), "summer").and_then(|holder| holder.pid())
        != Some(again.id())
    {
        std::thread::yield_now();
    }
    run("autumn").exits(6);
    running[1] = again;
    // All are killed: whoever looks leaves the log, which has results, and the next run takes up what is there.
    for child in &mut running {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    server.thaw();
    site.run(&["status", "-c", "spring.toml"]);
    assert_eq!(files(&site), ["journal.db", "journal.db-shm", "journal.db-wal", "journal.db.mark"]);
    for name in names {
        run(name).exits(0);
    }
    for _ in 0..2 {
        assert_eq!(files(&site), ["journal.db", "journal.db.mark"]);
        site.run(&["status", "-c", "spring.toml"]).exits(0);
        site.run(&["journal", "check"]).exits(0);
        site.run(&["report", "-c", "spring.toml", "-o", "report.csv"]).exits(0);
    }
    assert!(server.contacts().values().all(|ids| ids.len() == 1));
    assert_eq!(server.contacts().len(), 20);
}

/// Somebody tidies up while a campaign runs: without both helper files, the journal still tells that it is written.
#[test]
fn helper_files_that_are_removed_while_a_run_goes_on_let_no_other_send() {
    let (site, server) = (Site::with_people(5), Server::start(&[]));
    server.freeze();
    let args = ["run", "people.csv", "--yes", "--endpoint-url", server.endpoint()];
    let first = site.start(&args);
    while going_on(&site) < 1 {
        std::thread::yield_now();
    }
    for name in ["journal.db.lock", "journal.db.mark"] {
        std::fs::remove_file(site.path(name)).unwrap();
    }
    site.write("autumn.toml", &definition().replacen("\"spring\"", "\"autumn\"", 1));
    let other = [&args[..], &["-c", "autumn.toml"]].concat();
    for args in [&args[..], &args, &other] {
        site.run(args).exits(6).says(&["another process has a campaign of this journal", "was removed"]);
    }
    server.thaw();
    site.wait(first).exits(0);
    site.run(&args).exits(0);
    assert_eq!(server.stats()["contacts"], 5);
}
