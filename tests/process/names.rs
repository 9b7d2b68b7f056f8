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
    while !site.path("journal.db.spring.lock").exists() {
        std::thread::yield_now();
    }
    while std::fs::read(site.path("journal.db.spring.lock")).unwrap().is_empty() {
        std::thread::yield_now();
    }
    site.run(&args(&server, "journal.db")).exits(6).says(&["another process is running this campaign"]);
    server.thaw();
    site.wait(running).exits(0);
    assert!(!site.path("link.db.spring.lock").exists(), "a lock of its own would exclude nobody");
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
    while std::fs::read(site.path("journal.db.spring.lock")).unwrap().is_empty()
        || campaign::journal::is_running(&site.path("journal.db"), "spring") != Some(true)
    {
        std::thread::yield_now();
    }
    site.run(&args(&server, "copy.db"))
        .exits(6)
        .says(&["is a copy, and the campaign is running from the original"]);
    server.thaw();
    site.wait(running).exits(0);
    assert_eq!(server.requests(), 3);
}
