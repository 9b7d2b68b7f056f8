//! An area of errors: cases, each in a folder of its own, and the text that they make together.

use std::fmt::Write as _;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use crate::errors::{manners, words};
use crate::process::ran::as_by_day;

const BINARY: &str = env!("CARGO_BIN_EXE_campaign");
/// Some user who is not root, for whom permissions hold.
const NOBODY: u32 = 65_534;

/// A definition without a mistake.
pub(crate) const DEFINITION: &str = r#"name = "spring"

[connect]
instance_id = "11111111-2222-3333-4444-555555555555"
contact_flow_id = "66666666-7777-8888-9999-000000000000"
source = "arn:aws:connect:us-west-2:123456789012:phone-number/aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"

[recipients]
phone = "phone"
key = "customer_id"

[contact]
message = "Hi {{ first_name }}, see you."

[pace]
rate = 1000.0
burst = 100

[account]
check = "off"
opt_outs = false
"#;

/// Recipients without a mistake.
pub(crate) const PEOPLE: &str = "\
customer_id,first_name,phone
C-1,Ada,+12025550101
C-2,Grace,+12025550102
C-3,Edith,+12025550103
";

/// What has been said so far, as its snapshot has it.
pub(crate) struct Area {
    name: &'static str,
    text: String,
    /// What cases lack.
    bad: Vec<String>,
}

impl Area {
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, text: String::new(), bad: Vec::new() }
    }

    /// A case in a folder with a good `campaign.toml` and `people.csv`.
    pub(crate) fn case(&mut self, title: &str) -> Case<'_> {
        let folder = tempfile::tempdir().unwrap();
        let case = Case {
            area: self,
            title: title.to_owned(),
            folder,
            environment: Vec::new(),
            nobody: false,
            blocks: None,
            full: false,
        };
        case.file("campaign.toml", DEFINITION).file("people.csv", PEOPLE)
    }

    /// Holds it against the snapshot of this name, which stands beside the tests.
    pub(crate) fn end(self) {
        let mut settings = insta::Settings::clone_current();
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!(self.name, self.text));
        assert!(self.bad.is_empty(), "{}", self.bad.join("\n\n"));
    }
}

/// One situation.
pub(crate) struct Case<'a> {
    area: &'a mut Area,
    title: String,
    folder: tempfile::TempDir,
    environment: Vec<(&'static str, Option<String>)>,
    nobody: bool,
    blocks: Option<u32>,
    full: bool,
}

impl Case<'_> {
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn file(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    /// The good definition with this in the place of that.
    pub(crate) fn with(self, that: &str, this: &str) -> Self {
        let before = fs::read_to_string(self.path("campaign.toml")).unwrap();
        assert!(before.contains(that), "{that} is not in the definition");
        self.file("campaign.toml", before.replacen(that, this, 1))
    }

    pub(crate) fn without(self, name: &str) -> Self {
        fs::remove_file(self.path(name)).unwrap();
        self
    }

    pub(crate) fn folder(self, name: &str) -> Self {
        fs::create_dir_all(self.path(name)).unwrap();
        self
    }

    /// Whatever else is to be done to the folder.
    pub(crate) fn made(self, make: impl FnOnce(&Self)) -> Self {
        make(&self);
        self
    }

    pub(crate) fn env(mut self, name: &'static str, value: &str) -> Self {
        self.environment.push((name, Some(value.to_owned())));
        self
    }

    pub(crate) fn without_env(mut self, name: &'static str) -> Self {
        self.environment.push((name, None));
        self
    }

    /// As a user whom permissions hold for, also where root runs the tests; nothing in the folder can be written.
    pub(crate) fn read_only(mut self) -> Self {
        self.nobody = true;
        self
    }

    /// No file may grow beyond this many blocks of 512 bytes.
    pub(crate) fn on_a_full_disk(mut self, blocks: u32) -> Self {
        self.blocks = Some(blocks);
        self
    }

    /// Where stdout goes there is no room.
    pub(crate) fn without_room(mut self) -> Self {
        self.full = true;
        self
    }

    /// Runs something that goes well, or ends with what a person would expect here.
    pub(crate) fn after(self, line: &str) -> Self {
        let output = self.run(line);
        assert!(
            matches!(output.status.code(), Some(0 | 3 | 4 | 5)),
            "{line}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        self
    }

    /// The case itself: this command ends with this code, and what it says is taken down.
    pub(crate) fn says(self, code: i32, line: &str) {
        let output = self.run(line);
        let said = as_by_day(&String::from_utf8(output.stderr.clone()).unwrap());
        let said = words::normal(&said, self.folder.path());
        let Self { area, title, .. } = self;
        if output.status.code() != Some(code) {
            area.bad.push(format!("{title}: {line}: {}, and not {code}\n{said}", output.status));
        }
        area.bad.extend(manners::breach(&said).map(|what| format!("{title}: {line}: {what}\n{said}")));
        let line = words::normal(line, std::path::Path::new("/nowhere"));
        let _ = write!(area.text, "## {title}\n\n$ campaign {line}\n{said}exit {code}\n\n");
    }

    fn run(&self, line: &str) -> Output {
        let mut command = self.command(line);
        command.current_dir(self.folder.path()).env_clear();
        command.envs([
            ("HOME", self.folder.path().to_str().unwrap()),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("AWS_CONFIG_FILE", "/nonexistent"),
            ("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent"),
            ("NO_PROXY", "127.0.0.1"),
            // Nothing leaves this machine, whatever a case forgets.
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:9"),
        ]);
        for (name, value) in &self.environment {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        if self.full {
            command.stdout(fs::File::options().write(true).open("/dev/full").unwrap());
        }
        command.spawn().unwrap().wait_with_output().unwrap()
    }

    fn command(&self, line: &str) -> Command {
        let args = words::split(line);
        if let Some(blocks) = self.blocks {
            let mut shell = Command::new("sh");
            let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
            shell.args(["-c", &script, BINARY]).args(args);
            return shell;
        }
        if !self.nobody {
            let mut command = Command::new(BINARY);
            command.args(args);
            return command;
        }
        // Whom root sends may not be able to read the folder that the binary was built in. A copy made by a process of
        // its own, for one that any thread of this one has open to be written cannot be run.
        let copy = self.path("copy");
        assert!(Command::new("cp").arg(BINARY).arg(&copy).status().unwrap().success());
        let mut command = Command::new(copy);
        fs::set_permissions(self.folder.path(), Permissions::from_mode(0o555)).unwrap();
        if rustix::process::geteuid().is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        command.args(args);
        command
    }
}
