//! A small campaign in a folder of its own, the server it sends to, and the real program.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

use crate::disk::recording::{self, Event};
use crate::simulator_process::Process;

pub(crate) const NAME: &str = "disk";

/// A folder in memory where the machine has one: fsync costs nothing there, and what is tested is what was asked for.
pub(crate) fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.expect("a folder")
}

/// A number from the environment, so that one command runs more than CI does.
pub(crate) fn scaled(variable: &str, default: usize) -> usize {
    std::env::var(variable).map_or(default, |value| value.parse().expect(variable))
}

pub(crate) struct Place {
    folder: TempDir,
}

impl Place {
    /// A definition and a file of so many recipients. The journal gets a folder of its own.
    pub(crate) fn new(recipients: usize) -> Self {
        let folder = folder();
        std::fs::create_dir(folder.path().join("journal")).unwrap();
        std::fs::write(folder.path().join("disk.toml"), definition()).unwrap();
        let mut csv = "id,phone,name\n".to_owned();
        for n in 0..recipients {
            let (area, line) = (202 + n / 100, n % 100);
            writeln!(csv, "k{n},+1{area}55501{line:02},Name {n}").unwrap();
        }
        std::fs::write(folder.path().join("disk.csv"), csv).unwrap();
        Self { folder }
    }

    pub(crate) fn journal(&self) -> PathBuf {
        self.journal_folder().join("journal.db")
    }

    pub(crate) fn journal_folder(&self) -> PathBuf {
        self.folder.path().join("journal")
    }

    /// What is in the journal's folder. The index of the log is memory, which a loss of power leaves nothing of, and locks are
    /// gone with their process.
    pub(crate) fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let entries = self.journal_folder().read_dir().unwrap().map(|entry| entry.unwrap());
        let named = entries.map(|entry| (entry.file_name().into_string().unwrap(), entry.path()));
        named
            .filter(|(name, _)| !name.ends_with("-shm") && !name.ends_with(".lock"))
            .map(|(name, path)| (name, std::fs::read(path).unwrap()))
            .collect()
    }

    /// Makes the journal's folder hold these files and nothing else. What is there already stays the same file, as it does on a
    /// disk that loses what was not synced.
    pub(crate) fn hold(&self, files: &BTreeMap<String, Vec<u8>>) {
        for entry in self.journal_folder().read_dir().unwrap() {
            let entry = entry.unwrap();
            if !files.contains_key(entry.file_name().to_str().unwrap()) {
                std::fs::remove_file(entry.path()).unwrap();
            }
        }
        for (name, bytes) in files {
            std::fs::write(self.journal_folder().join(name), bytes).unwrap();
        }
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.folder.path().join("calls.log")
    }

    pub(crate) fn csv(&self) -> String {
        self.folder.path().join("disk.csv").display().to_string()
    }

    /// The program with these arguments, its journal and its server.
    pub(crate) fn command(&self, server: &Process, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_campaign"));
        command
            .args(args)
            .arg("-c")
            .arg(self.folder.path().join("disk.toml"))
            .arg("-j")
            .arg(self.journal())
            .arg("--json");
        if matches!(args.first(), Some(&("run" | "resume"))) {
            command.args(["--yes", "--endpoint-url", &server.endpoint]);
        }
        surroundings(&mut command);
        command
    }

    /// `resume`, as fast as it can be.
    pub(crate) fn resume(&self, server: &Process) -> Output {
        self.command(server, &["resume", "--rate", "2000"]).output().unwrap()
    }

    /// The same, or a run of the file where the journal has only half of a plan.
    pub(crate) fn go_on(&self, server: &Process) -> Output {
        let resumed = self.resume(server);
        let words = String::from_utf8_lossy(&resumed.stderr);
        if resumed.status.code() == Some(2) && words.contains("nothing was sent; with the file, it goes on") {
            return self.command(server, &["run", &self.csv(), "--rate", "2000"]).output().unwrap();
        }
        resumed
    }

    /// The same, its calls written down.
    pub(crate) fn watched(&self, server: &Process, args: &[&str]) -> Command {
        let mut command = self.command(server, args);
        recording::watch(&mut command, &self.journal_folder(), &self.log());
        command
    }

    /// The calls that were written down so far.
    pub(crate) fn calls(&self) -> Vec<Event> {
        recording::read(&self.log(), &self.journal_folder())
    }
}

/// Nothing but loopback, and no credentials but the test's.
pub(crate) fn surroundings(command: &mut Command) {
    command
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env_remove("AWS_PROFILE")
        .env("RUST_BACKTRACE", "0");
}

fn definition() -> &'static str {
    r#"name = "disk"
[connect]
instance_id = "11111111-2222-3333-4444-555555555555"
contact_flow_id = "66666666-7777-8888-9999-000000000000"
source = "arn:aws:connect:us-west-2:123456789012:phone-number/aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
[recipients]
key = "id"
[contact]
message = "Hi {{ name }}"
[pace]
rate = 200.0
burst = 20
[safety]
max_failures = "100%"
"#
}

/// The contacts that the server started, by client token: one id each, or the promise is broken.
pub(crate) fn contacts(server: &Process) -> HashMap<String, String> {
    let mut contacts = HashMap::new();
    for line in server.get("/_simulator/contacts").lines() {
        let contact: Value = serde_json::from_str(line).unwrap();
        let text =
            |name: &str| contact[name].as_str().unwrap_or_else(|| panic!("{name} in {line}")).to_owned();
        let second = contacts.insert(text("client_token"), text("contact_id"));
        assert_eq!(second, None, "two contacts for one recipient");
    }
    contacts
}
