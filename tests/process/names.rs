//! A journal is one file, whatever name it is opened by: two names are not two journals.

use std::os::unix::fs::symlink;

use crate::process::server::Server;
use crate::process::site::Site;

fn args<'a>(server: &'a Server, journal: &'a str) -> [&'a str; 8] {
    ["run", "people.csv", "--yes", "--json", "--endpoint-url", server.endpoint(), "-j", journal]
}

#[test]
fn a_symbolic_link_is_the_same_journal() {
    let (site, server) = (Site::with_people(3), Server::start(&[]));
    symlink("journal.db", site.path("link.db")).unwrap();
    // Nobody answers, so the first is there when the second comes.
    server.freeze();
    let running = site.start(&args(&server, "link.db"));
    is_running(&site, "journal.db");
    site.run(&args(&server, "journal.db")).exits(6).says(&["another process is running this campaign"]);
    server.thaw();
    site.wait(running).exits(0);
    assert!(!site.path("link.db.mark").exists(), "a lock of its own would exclude nobody");
    for journal in ["journal.db", "link.db"] {
        site.run(&args(&server, journal)).exits(0);
    }
    assert_eq!(server.requests(), 3);
}

#[test]
fn a_hard_link_is_refused_by_either_name() {
    let (site, server) = (Site::with_people(3), Server::start(&[]));
    site.run(&[&args(&server, "journal.db")[..], &["--limit", "1"]].concat()).exits(4);
    std::fs::hard_link(site.path("journal.db"), site.path("hard.db")).unwrap();
    for journal in ["journal.db", "hard.db"] {
        let said = ["has 2 names (hard links), and a journal must have one", "-samefile"];
        site.run(&args(&server, journal)).exits(2).says(&said);
        site.run(&["status", "-j", journal]).exits(2).says(&said[..1]);
    }
    assert_eq!(server.requests(), 1);
    std::fs::remove_file(site.path("hard.db")).unwrap();
    site.run(&args(&server, "journal.db")).exits(0);
    assert_eq!(server.requests(), 3);
}

#[test]
fn a_copy_is_refused_while_its_original_runs() {
    let (site, server) = (Site::with_people(3), Server::start(&[]));
    site.run(&[&args(&server, "journal.db")[..], &["--limit", "1"]].concat()).exits(4);
    std::fs::copy(site.path("journal.db"), site.path("copy.db")).unwrap();
    server.freeze();
    let running = site.start(&args(&server, "journal.db"));
    is_running(&site, "journal.db");
    site.run(&args(&server, "copy.db"))
        .exits(6)
        .says(&["is a copy, and the campaign is running from the original"]);
    server.thaw();
    site.wait(running).exits(0);
    assert_eq!(server.requests(), 3);
}

/// What is known of a run that is under way: its lock is signed.
fn is_running(site: &Site, journal: &str) {
    while campaign::journal::is_running(&site.path(journal), "spring") != Some(true) {
        std::thread::yield_now();
    }
}

/// A copy comes first, and its original is the one that is refused.
#[test]
fn an_original_is_refused_while_its_copy_runs() {
    let (site, server) = (Site::with_people(3), Server::start(&[]));
    site.run(&[&args(&server, "journal.db")[..], &["--limit", "1"]].concat()).exits(4);
    std::fs::copy(site.path("journal.db"), site.path("copy.db")).unwrap();
    server.freeze();
    let running = site.start(&args(&server, "copy.db"));
    is_running(&site, "copy.db");
    is_running(&site, "journal.db");
    site.run(&args(&server, "journal.db")).exits(6).says(&["another process is running this campaign"]);
    server.thaw();
    site.wait(running).exits(0);
    assert_eq!(server.requests(), 3);
    // And afterwards it is behind by what the copy did.
    site.run(&args(&server, "journal.db")).exits(0);
}

/// A run was killed, and the database was moved without its log.
#[test]
fn a_database_without_its_log_is_refused_under_another_name() {
    type Moves = fn(&Site);
    let moves: [(Moves, &str); 2] = [
        (|site| std::fs::rename(site.path("journal.db"), site.path("other.db")).unwrap(), "other.db"),
        (
            |site| {
                std::fs::create_dir(site.path("folder")).unwrap();
                std::fs::rename(site.path("journal.db"), site.path("folder/journal.db")).unwrap();
            },
            "folder/journal.db",
        ),
    ];
    for (moved, name) in moves {
        let (site, server) = (Site::with_people(40), Server::start(&[]));
        let slow = [&args(&server, "journal.db")[..], &["--rate", "20", "--burst", "1"]].concat();
        let mut running = site.start(&slow);
        while server.requests() < 3 {
            std::thread::yield_now();
        }
        running.kill().unwrap();
        site.wait(running);
        let requests = server.requests();
        moved(&site);
        site.run(&args(&server, name)).exits(1).says(&["has lost its latest results", "with its -wal"]);
        assert_eq!(server.requests(), requests, "{name}");
    }
}

/// A run is going, the database is copied without its log, more is sent, and the run is killed.
fn copied_while_running(site: &Site, server: &Server) {
    let slow = [&args(server, "journal.db")[..], &["--rate", "30", "--burst", "1"]].concat();
    let mut running = site.start(&slow);
    server.wait_for_requests(3);
    std::fs::copy(site.path("journal.db"), site.path("copy.db")).unwrap();
    server.wait_for_requests(12);
    running.kill().unwrap();
    site.wait(running);
}

#[test]
fn a_copy_of_the_database_alone_is_refused_while_its_original_is_there() {
    let (site, server) = (Site::with_people(40), Server::start(&[]));
    copied_while_running(&site, &server);
    let requests = server.requests();
    let said = ["is a copy of", "journal.db, and lacks the latest", "go on with -j", "journal.db"];
    site.run(&args(&server, "copy.db")).exits(1).says(&said);
    site.run(&["resume", "--yes", "--endpoint-url", server.endpoint(), "-j", "copy.db"]).exits(1).says(&said);
    assert_eq!(server.requests(), requests);
    site.run(&args(&server, "journal.db")).exits(0);
    server.has_each_once(&site.report());
}

/// The original, its log and its mark are gone: the tokens are all that tells.
#[test]
fn a_copy_of_the_database_alone_asks_again_with_the_same_tokens_and_only_while_they_are_known() {
    let (site, server) = (Site::with_people(40), Server::start(&[]));
    copied_while_running(&site, &server);
    for entry in site.folder().read_dir().unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().unwrap().to_str().unwrap().starts_with("journal.db") {
            std::fs::remove_file(path).unwrap();
        }
    }
    let at = |days: i64| {
        let moved = format!(
            "UPDATE run SET started_at = started_at - {0}, seen_at = seen_at - {0}",
            days * 86_400_000
        );
        rusqlite::Connection::open(site.path("copy.db")).unwrap().execute_batch(&moved).unwrap();
    };
    let (before, requests) = (server.contacts(), server.requests());
    at(7);
    site.run(&args(&server, "copy.db")).exits(1).says(&[
        "was copied while a run was going",
        "recognizes a request for 7 days only",
        "with its -wal",
    ]);
    assert_eq!(server.requests(), requests);
    at(-2);
    site.run(&args(&server, "copy.db")).exits(0);
    let after = server.contacts();
    assert_eq!(after.len(), 40);
    assert!(after.values().all(|ids| ids.len() == 1), "{after:?}");
    assert!(before.iter().all(|(token, ids)| after.get(token) == Some(ids)), "no second contact");
}

/// SQLite writes on into a file that has no name any more, or another one.
#[test]
fn a_journal_that_is_moved_removed_or_replaced_stops_the_run() {
    type Moves = fn(&Site);
    let moves: [Moves; 3] = [
        |site| std::fs::remove_file(site.path("journal.db")).unwrap(),
        |site| std::fs::rename(site.path("journal.db"), site.path("other.db")).unwrap(),
        |site| {
            std::fs::copy(site.path("journal.db"), site.path("new.db")).unwrap();
            std::fs::rename(site.path("new.db"), site.path("journal.db")).unwrap();
        },
    ];
    for moved in moves {
        let (site, server) = (Site::with_people(200), Server::start(&[]));
        let slow = [&args(&server, "journal.db")[..], &["--rate", "20", "--burst", "1"]].concat();
        let running = site.start(&slow);
        while server.requests() < 3 {
            std::thread::yield_now();
        }
        moved(&site);
        site.wait(running)
            .exits(1)
            .says(&["was moved, removed or replaced while it was written", "put the file back"]);
        assert!(server.requests() < 200);
        // Where it is gone, its log tells: a new journal would know of nobody.
        if !site.path("journal.db").exists() {
            let requests = server.requests();
            site.run(&args(&server, "journal.db")).exits(1).says(&["it is gone, and its -wal is there"]);
            site.run(&["status"]).exits(1).says(&["it is gone, and its -wal is there"]);
            assert_eq!(server.requests(), requests);
        }
    }
}

/// The same file by name and inode, with the content of before: SQLite reads on in its own memory of it.
#[test]
#[cfg(target_os = "linux")]
fn a_copy_that_is_put_over_the_journal_in_place_stops_the_run() {
    type Copies = fn(&Site);
    let copies: [Copies; 2] = [
        |site| {
            site.run(&["journal", "backup", "before.db"]).exits(0);
        },
        |site| {
            std::fs::copy(site.path("journal.db"), site.path("before.db")).unwrap();
        },
    ];
    for copied in copies {
        let (site, server) = (Site::with_people(400), Server::start(&[]));
        site.run(&[&args(&server, "journal.db")[..], &["--limit", "3"]].concat()).exits(4);
        copied(&site);
        // Something that the copy has not, and the file has.
        site.run(&[&args(&server, "journal.db")[..], &["--limit", "3"]].concat()).exits(4);
        let slow = [&args(&server, "journal.db")[..], &["--rate", "20", "--burst", "1"]].concat();
        let running = site.start(&slow);
        while server.requests() < 12 {
            std::thread::yield_now();
        }
        std::fs::copy(site.path("before.db"), site.path("journal.db")).unwrap();
        site.wait(running)
            .exits(1)
            .says(&["another file was copied over the journal", "campaign rebuild FILE"]);
        let requests = server.requests();
        assert!(requests < 400);
        // Its log is there and counts on from what is no longer there: the results are lost, or SQLite finds no whole database.
        site.run(&args(&server, "journal.db")).exits(1);
        assert_eq!(server.requests(), requests);
    }
}
