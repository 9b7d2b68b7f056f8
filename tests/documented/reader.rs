//! Somebody who reads a document and types what it says: a folder, an environment, and what a person does between two
//! commands (rows are added and corrected, time passes).

use std::fs;
use std::io::{BufRead as _, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::documented::terminal::{self, Ran};
use crate::simulator_process::Process;

/// A request that works with the AWS CLI.
const REQUEST: &str = r#"{
    "SourceEndpoint": {
        "Type": "CONNECT_PHONENUMBER_ARN",
        "Address": "arn:aws:connect:us-west-2:123456789012:phone-number/aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
    },
    "DestinationEndpoint": { "Type": "TELEPHONE_NUMBER", "Address": "+12025550143" },
    "InstanceId": "11111111-2222-3333-4444-555555555555",
    "ContactFlowId": "66666666-7777-8888-9999-000000000000",
    "SegmentAttributes": { "connect:Subtype": { "ValueString": "connect:SMS" } },
    "InitialSystemMessage": { "ContentType": "text/plain", "Content": "Hi Ada, see you." }
}"#;
const BINARY: &str = env!("CARGO_BIN_EXE_campaign");
/// Where documents let the simulator listen.
const ADDRESS: &str = "127.0.0.1:8080";

/// What the README adds to the ten recipients: a number that is too short, the key of line 4, no date, and a letter that
/// makes a message UCS-2.
const ADDED: &str = "\
C-10011,Hugo,+1202555,May 9,1:15 pm,gold
C-10003,Aroha,303-555-0100,May 15,1:15 pm,silver
C-10013,Ines,+13035550101,,1:15 pm,gold
C-10014,Łucja,+13055550101,May 12,1:15 pm,gold
";

pub(crate) struct Reader {
    folder: tempfile::TempDir,
    environment: Vec<(String, String)>,
    /// Amazon Connect, as far as anybody here can tell.
    _connect: Process,
    /// Simulators that the document starts.
    started: Vec<Process>,
    address: String,
    /// Runs in other terminals.
    elsewhere: Vec<Child>,
    /// Whether the document is about rows that are wrong.
    has_wrong_rows: bool,
    /// Whether it is about rows that nobody has answered for.
    is_about_doubt: bool,
}

impl Reader {
    /// Documents that do not begin with `campaign init` are about a campaign that was run.
    pub(crate) fn new(document: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let connect = Process::start(&[]);
        let home = folder.path().to_str().unwrap().to_owned();
        let programs = Path::new(BINARY).parent().unwrap().to_str().unwrap();
        let environment = [
            ("PATH", format!("{programs}:/usr/local/bin:/usr/bin:/bin")),
            ("HOME", home),
            ("TERM", "xterm".to_owned()),
            ("NO_COLOR", "1".to_owned()),
            ("AWS_ACCESS_KEY_ID", "test".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
            ("AWS_CONFIG_FILE", "/nonexistent".to_owned()),
            ("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent".to_owned()),
            ("NO_PROXY", "127.0.0.1".to_owned()),
            ("AWS_ENDPOINT_URL", connect.endpoint.clone()),
        ];
        let environment = environment.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let mut reader = Self {
            folder,
            environment,
            _connect: connect,
            started: Vec::new(),
            address: ADDRESS.to_owned(),
            elsewhere: Vec::new(),
            has_wrong_rows: document != "docs/guide.md",
            is_about_doubt: document == "docs/running.md",
        };
        fs::write(reader.path("opt-outs.csv"), "phone\n+12025550198\n").unwrap();
        // Where shells and man look, which a home has.
        for folder in [".local/share/bash-completion/completions", ".local/share/man/man1", "copies"] {
            fs::create_dir_all(reader.path(folder)).unwrap();
        }
        if !["README.md", "docs/guide.md"].contains(&document) {
            assert_eq!(reader.types("campaign init spring").code, 0);
            reader.hurry();
            let wrong = document == "docs/report.md";
            if wrong {
                reader.add_rows();
            }
            let code = reader.types("campaign run campaigns/spring.csv --yes").code;
            assert_eq!(code, if wrong { 3 } else { 0 });
        }
        reader
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What a person does before typing this.
    pub(crate) fn prepare(&mut self, command: &str) {
        if command.starts_with("campaign run") || command.starts_with("campaign resume") {
            self.hurry();
        }
        let looks = command.starts_with("campaign check") || command.contains("--rejects");
        if looks && self.has_wrong_rows {
            self.add_rows();
        }
        if command.contains("request.json") {
            fs::write(self.path("request.json"), REQUEST).unwrap();
            fs::write(self.path("people.csv"), "id,first name,mobile\n1,Ada,+12025550143\n").unwrap();
        }
        for file in ["wrong.csv", "again.csv"] {
            if command.starts_with(&format!("campaign run {file}")) {
                self.correct(file);
            }
        }
        if command == "campaign journal purge" {
            // A campaign is finished first.
            self.types("campaign resolve --all --mark-failed");
            self.hurry();
            self.types("campaign resume");
            self.pass_two_days();
        }
        if command == "campaign pause" {
            self.begin_elsewhere();
        }
        if command.starts_with("campaign resolve") && self.is_about_doubt {
            self.pass_six_days();
        }
    }

    /// Types a command and waits for its end; a simulator goes on until the document does.
    pub(crate) fn types(&mut self, command: &str) -> Ran {
        let nothing = Ran { code: 0, shown: String::new() };
        if let Some(variables) = command.strip_prefix("export ") {
            for variable in variables.split(' ') {
                let (name, value) = variable.split_once('=').unwrap();
                self.environment.push((name.to_owned(), value.to_owned()));
            }
            return nothing;
        }
        if let Some(args) = command.strip_prefix("campaign simulator ") {
            let args: Vec<&str> =
                args.split(' ').map(|arg| if arg == ADDRESS { "127.0.0.1:0" } else { arg }).collect();
            let process = Process::start(&args);
            process.endpoint.trim_start_matches("http://").clone_into(&mut self.address);
            self.started.push(process);
            return nothing;
        }
        if command.starts_with("campaign serve") {
            return self.serves(command);
        }
        terminal::run(&command.replace(ADDRESS, &self.address), self.folder.path(), &self.environment)
    }

    /// The page goes on until the document does; where it listens is shown.
    fn serves(&mut self, command: &str) -> Ran {
        let mut server = Command::new(BINARY);
        server.args(command.split(' ').skip(1)).current_dir(self.folder.path());
        server.env_clear().envs(self.environment.iter().map(|(name, value)| (name, value)));
        let mut server = server.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut shown = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut shown).unwrap();
        let code = u8::from(!shown.starts_with("listening on http")).into();
        self.elsewhere.push(server);
        Ran { code, shown }
    }

    /// In another terminal a campaign runs: a stream that has not ended.
    fn begin_elsewhere(&mut self) {
        let mut command = Command::new(BINARY);
        command.args(["run", "-", "--stream", "--yes", "-q"]).current_dir(self.folder.path());
        command.env_clear().envs(self.environment.iter().map(|(name, value)| (name, value)));
        let mut run = command.stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let people =
            "customer_id,first_name,phone,date,time,tier\nC-20000,Ida,+12125550177,May 3,9:00 am,gold\n";
        run.stdin.as_mut().unwrap().write_all(people.as_bytes()).unwrap();
        let journal = rusqlite::Connection::open(self.path("campaigns/journal.db")).unwrap();
        let going_on = "SELECT count(*) FROM run WHERE ended_at IS NULL";
        while journal.query_row(going_on, [], |row| row.get::<_, u32>(0)).unwrap() == 0 {
            std::thread::yield_now();
        }
        self.elsewhere.push(run);
    }

    /// Nobody waits for a pace that is meant for AWS, nor until it is day.
    fn hurry(&self) {
        let path = self.path("campaigns/spring.toml");
        let definition = fs::read_to_string(&path).unwrap();
        let definition = definition.replace("# rate = 2.0", "rate = 500.0");
        fs::write(path, definition.replace("\nopen = \"08:00-21:00\"", "\nopen = \"00:00-24:00\"")).unwrap();
    }

    fn add_rows(&self) {
        let path = self.path("campaigns/spring.csv");
        let people = fs::read_to_string(&path).unwrap();
        if !people.contains(ADDED) {
            fs::write(path, people + ADDED).unwrap();
        }
    }

    /// Gives the rejected rows what they lack.
    fn correct(&self, file: &str) {
        let path = self.path(file);
        let rows = fs::read_to_string(&path).unwrap();
        let rows =
            rows.replace("+1202555,", "+12125550133,").replace("+13035550101,,", "+13035550101,May 7,");
        fs::write(path, rows).unwrap();
    }

    /// Nobody has answered for six days: every row that was started is uncertain.
    /// No contact is open any more.
    fn pass_two_days(&self) {
        let journal = rusqlite::Connection::open(self.path("campaigns/journal.db")).unwrap();
        journal.execute("UPDATE row SET settled_at = settled_at - 2 * 86400000", []).unwrap();
    }

    fn pass_six_days(&self) {
        let journal = rusqlite::Connection::open(self.path("campaigns/journal.db")).unwrap();
        let uncertain =
            "UPDATE row SET state = 4, contact_id = NULL WHERE contact_id IS NOT NULL; DELETE FROM tally;
            INSERT INTO tally SELECT campaign_id, state, count(*) FROM row GROUP BY campaign_id, state";
        journal.execute_batch(uncertain).unwrap();
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        for run in &mut self.elsewhere {
            // It may have ended already, as the document wanted.
            _ = run.kill();
            _ = run.wait();
        }
    }
}
