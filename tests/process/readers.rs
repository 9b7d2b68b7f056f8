//! Readers of stdout or stderr that go away, as `2>&1 | true` and `| head` do: they change neither what is done nor the exit
//! code.

use std::process::{Command, Stdio};

use crate::process::server::Server;
use crate::process::site::{Site, csv, row};

/// The writing end of a pipe that has no reader any more.
fn gone() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}

/// The exit code of a command with these streams.
fn exit(mut command: Command, stdout: Stdio, stderr: Stdio) -> Option<i32> {
    command.stdin(Stdio::null()).stdout(stdout).stderr(stderr).status().unwrap().code()
}

fn rejected() -> Site {
    let site = Site::new();
    site.write("people.csv", &csv((0..9).map(row).chain(["C-9,Someone,12".to_owned()])));
    site
}

#[test]
fn a_run_sends_and_exits_as_if_it_were_read() {
    for args in [&["--quiet"][..], &[], &["--json"]] {
        let (site, server) = (rejected(), Server::start(&[]));
        let line = ["run", "people.csv", "--yes", "--endpoint-url", server.endpoint()];
        let command = site.command(&[&line, args].concat());
        assert_eq!(exit(command, gone(), gone()), Some(3), "{args:?}");
        assert_eq!(server.requests(), 9, "{args:?}");
        server.has_each_once(&site.report());
    }
}

#[test]
fn a_resumed_run_sends_too() {
    let (site, server) = (rejected(), Server::start(&[]));
    let run = ["run", "people.csv", "--yes", "--limit", "4", "--endpoint-url", server.endpoint()];
    assert_eq!(exit(site.command(&run), Stdio::null(), gone()), Some(4));
    let resume = ["resume", "--endpoint-url", server.endpoint()];
    assert_eq!(exit(site.command(&resume), gone(), gone()), Some(3));
    assert_eq!(server.requests(), 9);
}

#[test]
fn commands_that_send_nothing_keep_their_exit_codes() {
    let site = rejected();
    for (args, code) in [
        (&["check", "people.csv"][..], 3),
        (&["check", "people.csv", "--json"], 3),
        (&["run", "people.csv", "--dry-run"], 3),
        (&["run", "people.csv", "--dry-run", "--json"], 3),
        (&["run", "nobody.csv", "--yes"], 2),
        (&["suppress", "add", "+12025550100"], 0),
        (&["suppress", "list"], 0),
    ] {
        assert_eq!(exit(site.command(args), gone(), Stdio::null()), Some(code), "stdout of {args:?}");
        assert_eq!(exit(site.command(args), Stdio::null(), gone()), Some(code), "stderr of {args:?}");
    }
}
