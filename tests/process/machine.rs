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
    let lock = File::open(site.path("journal.db.lock")).unwrap();
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
