//! A folder with a campaign in it, and the binary to be run there: no AWS configuration, no credentials but the
//! simulator's, nothing that could leave this machine.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use crate::process::ran::Ran;

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_campaign");
pub(crate) const INSTANCE: &str = "11111111-2222-3333-4444-555555555555";
/// The name of every customer, which no log may show.
pub(crate) const NAME: &str = "Quillfeather";

/// Area codes of the fictional numbers: a hundred numbers each.
const AREAS: [u16; 14] = [202, 212, 213, 305, 312, 404, 415, 512, 617, 702, 206, 303, 503, 602];

/// A folder with the definition `campaign.toml` and whatever a test writes there.
pub(crate) struct Site {
    folder: tempfile::TempDir,
}

impl Site {
    /// With the definition of [`definition`].
    pub(crate) fn new() -> Self {
        let site = Self { folder: tempfile::tempdir().unwrap() };
        site.write("campaign.toml", &definition());
        site
    }

    /// With these recipients in `people.csv` as well.
    pub(crate) fn with_people(people: usize) -> Self {
        let site = Self::new();
        site.write("people.csv", &csv((0..people).map(row)));
        site
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// The binary, not yet started.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(BINARY);
        command.args(args).current_dir(self.folder.path()).env_clear().envs(self.environment());
        command.stdin(Stdio::null());
        command
    }

    /// What every process is given, and nothing else.
    pub(crate) fn environment(&self) -> [(&'static str, String); 8] {
        [
            ("HOME", self.folder.path().display().to_string()),
            ("AWS_ACCESS_KEY_ID", "test".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
            ("AWS_CONFIG_FILE", "/nonexistent".to_owned()),
            ("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent".to_owned()),
            ("NO_PROXY", "127.0.0.1".to_owned()),
            ("TERM", "xterm".to_owned()),
        ]
    }

    /// Runs the binary to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        self.finish(self.command(args))
    }

    /// Runs this command to its end.
    pub(crate) fn finish(&self, mut command: Command) -> Ran {
        self.ran(&command.output().unwrap())
    }

    /// Starts the binary; its output is gathered by [`Site::wait`].
    pub(crate) fn start(&self, args: &[&str]) -> Child {
        self.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Waits for the end of what was started.
    pub(crate) fn wait(&self, child: Child) -> Ran {
        self.ran(&child.wait_with_output().unwrap())
    }

    /// `run people.csv --yes --json` against that endpoint.
    pub(crate) fn send(&self, endpoint: &str) -> Ran {
        self.run(&["run", "people.csv", "--yes", "--json", "--endpoint-url", endpoint])
    }

    /// The report, as its records by column.
    pub(crate) fn report(&self) -> Vec<Record> {
        let ran = self.run(&["report", "--format", "csv"]).exits(0);
        let mut reader = csv::Reader::from_reader(ran.stdout.as_bytes());
        reader.deserialize().map(Result::unwrap).collect()
    }

    /// What a process that ended left behind, checked for numbers of the recipients file as it is now.
    pub(crate) fn ran(&self, output: &Output) -> Ran {
        Ran::new(output, &fs::read_to_string(self.path("people.csv")).unwrap_or_default())
    }
}

/// The columns of a report that tests look at.
#[derive(Debug, Clone, serde::Deserialize)]
pub(crate) struct Record {
    pub(crate) line: Option<u64>,
    pub(crate) key: String,
    pub(crate) state: String,
    pub(crate) contact_id: String,
    pub(crate) client_token: String,
    pub(crate) attempts: u32,
    pub(crate) reason: String,
}

/// A definition that is fast enough for tests, and names no endpoint.
pub(crate) fn definition() -> String {
    format!(
        r#"name = "spring"

[connect]
instance_id = "{INSTANCE}"
contact_flow_id = "66666666-7777-8888-9999-000000000000"
source = "arn:aws:connect:us-west-2:123456789012:phone-number/aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"

[recipients]
phone = "phone"
key = "customer_id"

[contact]
message = "Hi {{{{ first_name }}}}, see you."
attributes = {{ customer_id = "{{{{ customer_id }}}}" }}

[pace]
rate = 1000.0
burst = 100

[account]
check = "off"
opt_outs = false
"#
    )
}

/// A recipients file of these rows.
pub(crate) fn csv(rows: impl IntoIterator<Item = String>) -> String {
    rows.into_iter().fold("customer_id,first_name,phone\n".to_owned(), |mut text, row| {
        _ = writeln!(text, "{row}");
        text
    })
}

/// The row of the nth recipient.
pub(crate) fn row(n: usize) -> String {
    format!("C-{n},{NAME}{n},{}", phone(n))
}

/// The number of the nth recipient.
pub(crate) fn phone(n: usize) -> String {
    format!("+1{}55501{:02}", AREAS[n / 100], n % 100)
}
