//! Outputs that would replace what a command reads: refused by whatever name or link, before anything is sent or written.
//!
//! Outputs of one command are held against each other, too. What a file of another purpose has is not known here: each output
//! looks at what is there already before it takes its place.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::app::error::Error;
use crate::app::paths::{CampaignPaths, which};
use crate::domain::definition::Definition;
use crate::domain::foreign;
use crate::domain::next_step::NextStep;
use crate::journal::{Reader, is_beside};

/// Runs whose recipients files a report does not replace: more than people make of one file.
const RUNS: u32 = 100;

/// What the files of certificates are called.
const CERTIFICATES: &str = "a file of certificates that are trusted";

/// What a command reads or keeps.
#[derive(Debug, Clone, Default)]
pub struct Inputs {
    files: Vec<(PathBuf, &'static str)>,
    journals: Vec<PathBuf>,
}

impl Inputs {
    /// The journal with its files, and the definition.
    #[must_use]
    pub fn of(paths: &CampaignPaths) -> Self {
        let mut files: Vec<_> =
            paths.definition.iter().map(|path| (path.clone(), "the definition")).collect();
        files.extend(of_environment());
        let mut journals = vec![paths.journal.clone()];
        // Campaigns that the definition names are looked up in the journal of real runs, too; a simulation has its own.
        let others = paths.definition.iter().map(|definition| definition.with_file_name("journal.db"));
        journals.extend(others.chain(paths.simulated_journal()).filter(|journal| journal.is_file()));
        Self { files, journals }
    }

    /// The journal with its files alone.
    #[must_use]
    pub fn of_journal(journal: &Path) -> Self {
        Self { files: of_environment().collect(), journals: vec![journal.to_owned()] }
    }

    /// And this recipients file; `-` is what stdin reads.
    #[must_use]
    pub fn with_recipients(mut self, file: &Path) -> Self {
        let file = if file == Path::new("-") { Path::new("/dev/stdin") } else { file };
        self.files.push((file.to_owned(), "the recipients file itself"));
        self
    }

    /// And another output of the same command, and the files that stdout and stderr go to.
    #[must_use]
    pub fn with_outputs(mut self, outputs: &[(&Path, &'static str)]) -> Self {
        self.files.extend(outputs.iter().map(|(path, name)| (path.to_path_buf(), *name)));
        for (stream, name) in [("/dev/stdout", "where stdout goes"), ("/dev/stderr", "where stderr goes")] {
            // Terminals, pipes and devices take what several write.
            if fs::metadata(stream).is_ok_and(|stream| stream.is_file()) {
                self.files.push((PathBuf::from(stream), name));
            }
        }
        self
    }

    /// And the files that the definition names, as far as it can be read.
    #[must_use]
    pub fn with_lists_of(self, paths: &CampaignPaths) -> Self {
        match paths.definition_as_it_is() {
            Some(definition) => self.with_lists(&definition, paths),
            None => self,
        }
    }

    /// And the files that the definition names: lists, rules and certificates.
    #[must_use]
    pub fn with_lists(mut self, definition: &Definition, paths: &CampaignPaths) -> Self {
        let folder = paths.folder();
        let lists = definition.recipients.suppress.iter().map(|list| folder.join(list));
        self.files.extend(lists.map(|list| (list, "a suppression list of the definition")));
        let rules = definition.rule_paths().map(|rules| folder.join(rules));
        self.files.extend(rules.map(|rules| (rules, "a file of rules for the hours")));
        let bundle = definition.connect.ca_bundle.iter().map(|bundle| folder.join(bundle));
        self.files.extend(bundle.map(|bundle| (bundle, CERTIFICATES)));
        self
    }

    /// And the recipients files that the journal's runs read. A journal that cannot be read has none.
    #[must_use]
    pub fn with_recorded(mut self, paths: &CampaignPaths) -> Self {
        let recorded = Reader::open(&paths.journal).ok().and_then(|reader| {
            let campaign = which(&reader, paths.campaign.as_deref()).ok()?;
            reader.runs(campaign.id, RUNS).ok()
        });
        let files = recorded.unwrap_or_default().into_iter().filter_map(|run| run.file);
        self.files.extend(files.map(|file| (PathBuf::from(file), "the recipients file itself")));
        self
    }

    /// Refuses an output, called `what`, that is one of these.
    ///
    /// # Errors
    /// Where it is.
    pub fn refuse(&self, output: &Path, what: &str, next_step: NextStep) -> Result<(), Error> {
        match self.replaced_by(output) {
            None => Ok(()),
            Some(input) => Err(Error::usage(
                format!("{what} cannot go to {}: it is {input}", foreign::path(output)),
                next_step,
            )),
        }
    }

    /// What an output would replace.
    fn replaced_by(&self, output: &Path) -> Option<&'static str> {
        for journal in &self.journals {
            if same_file(output, journal) {
                return Some("the journal");
            }
            let journal = place(journal);
            if is_of_journal(&place(output), &journal) || is_linked_to(output, &journal) {
                return Some("a file of the journal");
            }
        }
        self.files.iter().find(|(input, _)| same_file(output, input)).map(|(_, name)| *name)
    }
}

/// The files that the environment names for the AWS SDK and for encryption.
fn of_environment() -> impl Iterator<Item = (PathBuf, &'static str)> {
    const NAMED: [(&str, &str); 5] = [
        ("AWS_CA_BUNDLE", CERTIFICATES),
        ("AWS_CONFIG_FILE", "the configuration of the AWS CLI"),
        ("AWS_SHARED_CREDENTIALS_FILE", "the credentials of the AWS CLI"),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", "the token of a web identity"),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "the token of a container"),
    ];
    let named = NAMED.into_iter().filter_map(|(variable, what)| {
        let path = std::env::var_os(variable).filter(|path| !path.is_empty())?;
        Some((PathBuf::from(path), what))
    });
    let home = std::env::home_dir().into_iter();
    let usual = home.flat_map(|home| {
        [
            (home.join(".aws/config"), "the configuration of the AWS CLI"),
            (home.join(".aws/credentials"), "the credentials of the AWS CLI"),
        ]
    });
    // /dev/null says that there is none.
    named.chain(usual).filter(|(path, _)| path.is_file())
}

/// Whether two paths lead to one file, or would if it existed: by links of both kinds too.
fn same_file(a: &Path, b: &Path) -> bool {
    match (fs::metadata(a), fs::metadata(b)) {
        (Ok(a), Ok(b)) => (a.dev(), a.ino()) == (b.dev(), b.ino()),
        _ => place(a) == place(b),
    }
}

/// The path without links, as far as it exists.
fn place(path: &Path) -> PathBuf {
    if let Ok(place) = fs::canonicalize(path) {
        return place;
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    folder.join(path.file_name().unwrap_or_default())
}

/// Whether a file has, under another name, the contents of one that is kept beside the journal.
fn is_linked_to(output: &Path, journal: &Path) -> bool {
    if !fs::metadata(output).is_ok_and(|output| output.nlink() > 1) {
        return false;
    }
    let entries = journal.parent().and_then(|folder| fs::read_dir(folder).ok()).into_iter().flatten();
    let kept = entries.flatten().map(|entry| entry.path()).filter(|file| is_of_journal(file, journal));
    kept.into_iter().any(|file| same_file(output, &file))
}

/// Whether a file is one that SQLite or this program keeps beside the journal.
fn is_of_journal(file: &Path, journal: &Path) -> bool {
    let names = (file.file_name().and_then(OsStr::to_str), journal.file_name().and_then(OsStr::to_str));
    let (Some(file_name), Some(journal_name)) = names else { return false };
    is_beside(file_name, journal_name) && file.parent() == journal.parent()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_is_known_by_every_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in ["people.csv", "spring.toml", "journal.db", "stop.csv"] {
            fs::write(path(name), name).unwrap();
        }
        std::os::unix::fs::symlink(path("people.csv"), path("soft")).unwrap();
        fs::hard_link(path("spring.toml"), path("hard")).unwrap();
        fs::write(path("journal.db.spring.lock"), "").unwrap();
        fs::hard_link(path("journal.db.spring.lock"), path("hard-lock")).unwrap();
        let paths = CampaignPaths {
            definition: Some(path("spring.toml")),
            journal: path("journal.db"),
            campaign: None,
        };
        let mut inputs = Inputs::of(&paths).with_recipients(&path("people.csv"));
        inputs.files.push((path("stop.csv"), "a list"));
        for (output, input) in [
            ("people.csv", "the recipients file itself"),
            ("soft", "the recipients file itself"),
            ("hard", "the definition"),
            ("journal.db", "the journal"),
            ("journal.db-wal", "a file of the journal"),
            ("journal.db.spring.lock", "a file of the journal"),
            ("journal.db.lock", "a file of the journal"),
            ("journal.db.mark", "a file of the journal"),
            ("journal.db.rebuild", "a file of the journal"),
            ("stop.csv", "a list"),
            ("hard-lock", "a file of the journal"),
        ] {
            assert_eq!(inputs.replaced_by(&path(output)), Some(input), "{output}");
            let dotted = folder.path().join(".").join(output);
            assert_eq!(inputs.replaced_by(&dotted), Some(input), "./{output}");
        }
        let outputs: [(&Path, _); 1] = [(&path("log"), "the log")];
        let inputs = inputs.with_outputs(&outputs);
        fs::write(path("log"), "").unwrap();
        assert_eq!(inputs.replaced_by(&path("./log")), Some("the log"));
        for output in
            ["report.csv", "journal.db.csv", "journal.db-walnut", "other/journal.db-wal", "/dev/null"]
        {
            assert_eq!(inputs.replaced_by(&path(output)), None, "{output}");
        }
    }

    #[test]
    fn a_journal_that_does_not_exist_yet_is_protected_too() {
        let folder = tempfile::tempdir().unwrap();
        let paths =
            CampaignPaths { definition: None, journal: folder.path().join("journal.db"), campaign: None };
        let output = folder.path().join("journal.db");
        let error = Inputs::of(&paths).refuse(&output, "the report", NextStep::OtherReport).unwrap_err();
        assert!(error.message.ends_with("it is the journal"), "{error}");
    }
}
