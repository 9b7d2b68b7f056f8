//! What is no file where a file is read or written: each is refused at once, and a pipe is read as soon as something
//! writes to it.

use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::net::UnixListener;
use std::process::Command;

use crate::process::ran::Ran;
use crate::process::site::{Site, definition, row};

/// Runs the program to its end. One that never ends is killed after two minutes.
fn ran(site: &Site, args: &[&str]) -> Ran {
    let mut command = Command::new("timeout");
    let program = site.command(args);
    command.args(["-k", "1", "120"]).arg(program.get_program()).args(program.get_args());
    command.current_dir(site.folder()).env_clear().envs(site.environment()).env("PATH", "/usr/bin:/bin");
    command.stdin(std::process::Stdio::null());
    site.finish(command)
}

fn make_pipe(site: &Site, name: &str) {
    assert!(Command::new("mkfifo").arg(site.path(name)).status().unwrap().success());
}

#[test]
fn what_is_no_file_is_refused_wherever_a_file_is_named() {
    let site = Site::with_people(3);
    site.run(&["suppress", "add", "+12025550199"]).exits(0);
    let _listener = UnixListener::bind(site.path("socket")).unwrap();
    make_pipe(&site, "pipe");
    for (name, what) in [("/dev/zero", "it is a device"), ("socket", "it is a socket")] {
        let listed =
            definition().replace("[recipients]\n", &format!("[recipients]\nsuppress = [\"{name}\"]\n"));
        site.write("listed.toml", &listed);
        for args in [
            &["check", name][..],
            &["run", name, "--simulate", "--stream", "--yes"],
            &["check", "people.csv", "-c", "listed.toml"],
            &["suppress", "import", name],
            &["deliveries", "import", name],
            &["serve", "--token-file", name],
            &["serve", "--tls-cert", name, "--tls-key", name],
            &["simulator", "--account", name],
            &["init", "new", "--from", name],
            &["contact", "--cli-input-json", &format!("file://{name}")],
        ] {
            ran(&site, args).exits(2).says(&[what]);
        }
        ran(&site, &["run", "people.csv", "--simulate", "--yes", "-j", name])
            .exits(2)
            .says(&["is no name of a journal"]);
    }
    for args in [&["check", "people.csv", "--rejects", "socket"][..], &["simulator", "--log", "socket"]] {
        ran(&site, args).says(&["socket"]);
    }
    // What is read more than once, or kept, cannot be a pipe.
    ran(&site, &["serve", "--token-file", "pipe"]).exits(2).says(&["it is a pipe"]);
    ran(&site, &["simulator", "--account", "pipe"]).exits(2).says(&["it is a pipe"]);
    ran(&site, &["simulator", "--log", "pipe"]).exits(2).says(&["it is a pipe"]);
    ran(&site, &["run", "people.csv", "--simulate", "--yes", "-j", "pipe"])
        .exits(2)
        .says(&["is no name of a journal"]);
    ran(&site, &["check", "people.csv", "-j", "pipe"]).exits(2).says(&["is no name of a journal"]);
    ran(&site, &["check", "people.csv", "-c", "pipe"])
        .exits(2)
        .says(&["there is no definition pipe (it is a pipe, not a file) and no campaigns/pipe.toml"]);
    make_pipe(&site, "pipe.toml");
    site.write("ruled.toml", &format!("{}[hours]\nrules = [\"pipe.toml\"]\n", definition()));
    ran(&site, &["check", "people.csv", "-c", "ruled.toml"]).exits(2).says(&["it is a pipe"]);
    std::fs::create_dir(site.path("events")).unwrap();
    for args in [
        &["check", "people.csv", "-j", "events"][..],
        &["rehearse", "people.csv", "-j", "events"],
        &["status", "-j", "events"],
    ] {
        ran(&site, args).exits(1).says(&["a folder is in its place"]);
    }
    make_pipe(&site, "events/events.jsonl");
    ran(&site, &["deliveries", "import", "events"]).exits(2).says(&["events/events.jsonl: it is a pipe"]);
    ran(&site, &["simulator", "--events", "events"]).exits(1).says(&["nothing reads the pipe"]);
}

#[test]
fn certificates_that_never_end_are_refused() {
    let site = Site::with_people(1);
    let trusting = definition().replace("[connect]\n", "[connect]\nca_bundle = \"/dev/zero\"\n");
    site.write("campaign.toml", &trusting);
    ran(&site, &["doctor"]).exits(2).says(&["/dev/zero: it is a device"]);
}

#[test]
fn a_pipe_that_nothing_writes_to_yet_is_told_and_then_read() {
    let site = Site::with_people(1);
    make_pipe(&site, "pipe");
    let mut child = site.start(&["check", "pipe"]);
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut told = String::new();
    stderr.read_line(&mut told).unwrap();
    assert!(told.contains("waiting: nothing writes to the pipe pipe yet"), "{told}");
    site.write("pipe", &crate::process::site::csv([row(1), row(2)]));
    stderr.read_to_string(&mut told).unwrap();
    let ran = site.wait(child).exits(0);
    assert!(ran.stdout.contains("2 contacts to start"), "{} {told}", ran.stdout);
}

#[test]
fn what_a_shell_substitutes_is_read() {
    let site = Site::with_people(2);
    for line in ["check <(cat people.csv)", "check /dev/stdin < people.csv", "check - < <(cat people.csv)"] {
        let line = format!("exec {} {line}", crate::process::site::BINARY);
        let mut shell = Command::new("bash");
        shell.args(["-c", &line]).current_dir(site.folder()).env_clear().envs(site.environment());
        shell.env("PATH", "/usr/bin:/bin");
        assert!(site.finish(shell).exits(0).stdout.contains("2 contacts to start"), "{line}");
    }
}
