//! Folders, disks and journals that do not work: a clear word and exit code, no panic, and nothing is sent.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::Command;

use crate::process::ran::Ran;
use crate::process::server::Server;
use crate::process::site::{BINARY, Site};

/// Some user who is not root, for whom permissions hold.
const NOBODY: u32 = 65_534;

#[test]
fn a_folder_that_cannot_be_written() {
    let (site, server) = (Site::with_people(3), Server::start(&[]));
    // Root may write anywhere, so root sends somebody else; that one may not be able to read the target directory.
    let binary = tempfile::tempdir().unwrap();
    let copy = binary.path().join("campaign");
    fs::copy(BINARY, &copy).unwrap();
    for folder in [binary.path(), site.folder()] {
        fs::set_permissions(folder, Permissions::from_mode(0o555)).unwrap();
    }
    let mut command = Command::new(&copy);
    command.args(["run", "people.csv", "--yes", "--endpoint-url", server.endpoint()]);
    command.current_dir(site.folder()).env_clear().envs(site.environment());
    if rustix::process::geteuid().is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    site.finish(command).exits(1).says(&["failed to open journal.db", "Permission denied", "can be written"]);
    assert_eq!(server.requests(), 0);
}

/// Files may grow to so many blocks of 512 bytes, and what is beyond fails.
fn limited(site: &Site, server: &Server, blocks: u32, rate: &str) -> Ran {
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
    let mut shell = Command::new("sh");
    shell.args(["-c", &script, BINARY, "run", "people.csv", "--yes", "--rate", rate, "--burst=1"]);
    shell.args(["--endpoint-url", server.endpoint()]);
    shell.current_dir(site.folder()).env_clear().envs(site.environment());
    site.finish(shell)
}

#[test]
fn a_disk_without_room() {
    let server = Server::start(&[]);
    for blocks in [0, 1, 8, 64, 128] {
        let site = Site::with_people(300);
        limited(&site, &server, blocks, "1000").exits(1).says(&["error: ", "hint: "]);
        assert_eq!(server.requests(), 0, "{blocks} blocks");
        // With room again the same command does it all.
        let roomy = Server::start(&[]);
        site.send(roomy.endpoint()).exits(0);
        roomy.has_each_once(&site.report());
    }
}

#[test]
fn a_disk_that_fills_while_contacts_are_started() {
    let (site, server) = (Site::with_people(300), Server::start(&[]));
    // The plan fits, the write-ahead log of three hundred settlements does not.
    limited(&site, &server, 2_048, "100")
        .exits(1)
        .says(&["the disk with the journal", "nothing that was started"]);
    let started = site.report().iter().filter(|record| record.state == "started").count() as u64;
    assert!((1..300).contains(&started), "{started}");
    assert!(server.requests() < 300, "nothing more was sent");
    assert_eq!(site.send(server.endpoint()).exits(0).json()["started"], 300);
    server.has_each_once(&site.report());
}

#[test]
fn a_journal_that_is_damaged_or_something_else() {
    let server = Server::start(&[]);
    for damage in [Damage::Header, Damage::Middle, Damage::Text, Damage::Cut] {
        let site = Site::with_people(500);
        site.run(&["run", "people.csv", "--yes", "--limit=5", "--endpoint-url", server.endpoint()]).exits(4);
        let requests = server.requests();
        let damaged = damage.done(fs::read(site.path("journal.db")).unwrap());
        fs::write(site.path("journal.db"), &damaged).unwrap();
        site.send(server.endpoint()).exits(1).says(&["damaged or not a journal", "restore the journal"]);
        assert_eq!(server.requests(), requests, "{damage:?}");
        assert_eq!(fs::read(site.path("journal.db")).unwrap(), damaged, "{damage:?}: left alone");
    }
}

#[derive(Debug, Clone, Copy)]
enum Damage {
    Header,
    Middle,
    Text,
    Cut,
}

impl Damage {
    fn done(self, mut journal: Vec<u8>) -> Vec<u8> {
        let middle = journal.len() / 2;
        match self {
            Self::Header => journal[..100].fill(b'x'),
            Self::Middle => journal[4096..].fill(0x55),
            Self::Text => return b"line,key\n".repeat(1_000),
            Self::Cut => journal.truncate(middle),
        }
        journal
    }
}

#[test]
fn a_journal_of_a_newer_version() {
    let (site, server) = (Site::with_people(5), Server::start(&[]));
    site.send(server.endpoint()).exits(0);
    let journal = rusqlite::Connection::open(site.path("journal.db")).unwrap();
    let newer = "INSERT INTO refinery_schema_history SELECT 999, name, applied_on, checksum FROM refinery_schema_history LIMIT 1";
    journal.execute(newer, []).unwrap();
    drop(journal);
    site.write("people.csv", &crate::process::site::csv((0..9).map(crate::process::site::row)));
    for args in
        [&["run", "people.csv", "--yes", "--endpoint-url", server.endpoint()][..], &["status"], &["report"]]
    {
        site.run(args).exits(2).says(&["newer version of campaign", "use the newer version"]);
    }
    assert_eq!(server.requests(), 5);
}
