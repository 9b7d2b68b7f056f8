//! What the machine may refuse: files, names, locks. Nothing panics, and nothing waits in silence.

use std::fs::File;
use std::process::Command;

use crate::process::server::Server;
use crate::process::site::{BINARY, Site, definition};

#[test]
fn too_few_open_files_are_an_error_before_anything_is_done() {
    let (site, server) = (Site::with_people(5), Server::start(&[]));
    for limit in [6, 8, 10, 12, 16, 47] {
        let line = format!(
            "ulimit -n {limit}; exec {BINARY} run people.csv --yes --endpoint-url {}",
            server.endpoint()
        );
        let mut shell = Command::new("sh");
        shell.args(["-c", &line]).current_dir(site.folder()).env_clear().envs(site.environment());
        let ran = site.finish(shell).exits(1);
        ran.says(&["open", "ulimit -n"]);
    }
    assert_eq!(server.requests(), 0);
    let line =
        format!("ulimit -n 48; exec {BINARY} run people.csv --yes --endpoint-url {}", server.endpoint());
    let mut shell = Command::new("sh");
    shell.args(["-c", &line]).current_dir(site.folder()).env_clear().envs(site.environment());
    site.finish(shell).exits(0);
}

/// Of a limit of address space, now a thread is what cannot be had, now memory: the first is an error, the second may end the
/// process, and neither is a panic.
#[test]
fn a_thread_that_cannot_be_started_is_an_error() {
    let site = Site::with_people(300);
    for megabytes in 90..250 {
        let line = format!("ulimit -v {}; exec {BINARY} check people.csv", megabytes * 1024);
        let mut shell = Command::new("sh");
        shell.args(["-c", &line]).current_dir(site.folder()).env_clear().envs(site.environment());
        let ran = site.finish(shell);
        assert!(!ran.stderr.contains("panicked"), "{megabytes}: {}", ran.stderr);
        if ran.code == 1 {
            ran.says(&["failed to start a thread", "end other programs, then run again"]);
        }
    }
}

/// What `check` takes, `run` takes: files are named after the campaign.
#[test]
fn a_campaign_may_have_a_long_name_in_any_script() {
    let (site, server) = (Site::with_people(5), Server::start(&[]));
    for name in ["夏".repeat(26), "夏".repeat(60), "a b".repeat(40), "é".repeat(64)] {
        // The same people each time: none waits for the contact that the campaign before has with it.
        let text = definition().replace("burst = 100\n", "burst = 100\ncontact_life = \"1ms\"\n");
        site.write("campaign.toml", &text.replacen("\"spring\"", &format!("\"{name}\""), 1));
        let checked = site.run(&["check", "people.csv"]);
        let sent = site.send(server.endpoint());
        assert_eq!(checked.code, sent.code, "{name}: {}", sent.stderr);
    }
}

#[test]
fn a_lock_that_is_held_is_waited_for_and_told() {
    let (site, server) = (Site::with_people(5), Server::start(&[]));
    site.send(server.endpoint()).exits(0);
    let lock = File::create(site.path("journal.db.lock")).unwrap();
    lock.lock().unwrap();
    let waiting = site.start(&["run", "people.csv", "--yes", "--endpoint-url", server.endpoint()]);
    let released = std::thread::spawn(move || {
        let mut child = waiting;
        let mut stderr = std::io::BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        std::io::BufRead::read_line(&mut stderr, &mut line).unwrap();
        drop(lock);
        std::io::Read::read_to_string(&mut stderr, &mut line).unwrap();
        (child.wait().unwrap().code(), line)
    });
    let (code, stderr) = released.join().unwrap();
    assert!(stderr.contains("waiting for another process, which holds"), "{stderr}");
    assert_eq!(code, Some(0), "{stderr}");
}

/// A rate that no clock can wait for is a mistake, in whatever place it is written.
#[test]
fn a_rate_that_is_slower_than_a_clock_can_tell_is_refused() {
    let (site, server) = (Site::with_people(5), Server::start(&[]));
    for rate in ["1e-300", "1e-9", "0.0000099"] {
        let run = ["run", "people.csv", "--yes", "--rate", rate, "--endpoint-url", server.endpoint()];
        site.run(&run).exits(2).says(&["a rate is from 0.00001 to 100000 per second"]);
        site.write("slow.toml", &definition().replace("rate = 1000.0", &format!("rate = {rate}")));
        site.run(&["check", "people.csv", "-c", "slow.toml"]).exits(2).says(&["0.00001 to 100000"]);
    }
    assert_eq!(server.requests(), 0);
    let run = ["run", "people.csv", "--yes", "--rate", "0.00001", "--limit", "1"];
    site.run(&[&run[..], &["--endpoint-url", server.endpoint()]].concat()).exits(4);
    assert_eq!(server.requests(), 1);
}

/// A database of another program stays as it is, with nothing beside it, whatever command is pointed at it.
#[test]
fn a_database_of_another_program_is_left_alone_by_every_command() {
    let site = Site::with_people(3);
    let path = site.path("other.db");
    let theirs = rusqlite::Connection::open(&path).unwrap();
    theirs
        .execute_batch("CREATE TABLE row (a); CREATE TABLE campaign (a); INSERT INTO row VALUES (1)")
        .unwrap();
    drop(theirs);
    let before = std::fs::read(&path).unwrap();
    for command in [
        &["run", "people.csv", "--yes", "--simulate"][..],
        &["resume", "--simulate"],
        &["check", "people.csv"],
        &["status"],
        &["status", "--number", "+12025550101"],
        &["report"],
        &["resolve"],
        &["hours"],
        &["deliveries"],
        &["deliveries", "import", "people.csv"],
        &["suppress", "list"],
        &["suppress", "add", "+12025550101"],
        &["suppress", "import", "people.csv"],
        &["pause"],
        &["go"],
        &["stop"],
        &["pace", "5"],
        &["journal", "check"],
        &["journal", "backup", "copy.db"],
        &["journal", "purge", "--yes", "--even-if-open"],
        &["serve", "--listen", "127.0.0.1:0"],
    ] {
        site.run(&[command, &["-j", "other.db"]].concat())
            .exits(2)
            .says(&["is a database of another program", "nothing was written into it"]);
        assert!(std::fs::read(&path).unwrap() == before, "{command:?}");
        let beside: Vec<String> = site
            .folder()
            .read_dir()
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.starts_with("other.db") || name == "copy.db")
            .collect();
        assert_eq!(beside, ["other.db"], "{command:?}");
    }
}
