//! Where a campaign's definition and journal are, from what the user typed and what lies around.

use std::path::{Path, PathBuf};

use crate::cli::Shared;
use crate::cli::commands::failure::Failure;
use crate::cli::commands::reading::ReadingArgs;
use crate::domain::definition::{self, Definition, RecipientsSettings};
use crate::domain::table::header::Header;
use crate::recipients::{Recipients, Source};

/// A campaign's files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The definition, where there is one.
    pub definition: Option<PathBuf>,
    /// The journal.
    pub journal: PathBuf,
    /// The campaign's name, where it is known.
    pub campaign: Option<String>,
}

impl Place {
    /// For commands that send: there must be a definition.
    ///
    /// # Errors
    /// Where there is none, or more than one without a word which.
    pub fn of_campaign(shared: &Shared) -> Result<(Self, Definition), Failure> {
        Self::found(shared, |_| None)
    }

    /// The same for a recipients file: mistakes in the definition are told with those in how it fits the file, or
    /// with what keeps the file from being read.
    ///
    /// # Errors
    /// As [`of_campaign`](Self::of_campaign).
    pub(in crate::cli::commands) fn of_file(
        shared: &Shared,
        source: &Source,
        reading: &ReadingArgs,
    ) -> Result<(Self, Definition), Failure> {
        let mut unreadable = None;
        let found = Self::found(shared, |settings| {
            let mut settings = settings.clone();
            reading.apply(&mut settings);
            // Standard input can be read once.
            let file = Some(source).filter(|source| matches!(source, Source::File(_)))?;
            let opened = Recipients::open(file, &settings).map_err(|error| unreadable = Some(error));
            Some(opened.ok()?.header().clone())
        });
        let (place, mut definition) = found.map_err(|failure| match unreadable {
            Some(error) => {
                let mut message = format!("{}\n{error}", failure.message);
                if let Some(hint) = error.hint() {
                    message.push_str(&format!("\n    hint: {hint}"));
                }
                Failure { message, ..failure }
            }
            None => failure,
        })?;
        reading.apply(&mut definition.recipients);
        Ok((place, definition))
    }

    fn found(
        shared: &Shared,
        header: impl FnOnce(&RecipientsSettings) -> Option<Header>,
    ) -> Result<(Self, Definition), Failure> {
        let path = find(shared.campaign.as_deref())?;
        let definition = load(&path, header)?;
        let journal = shared.journal.clone().unwrap_or_else(|| path.with_file_name("journal.db"));
        let campaign = Some(definition.name.clone());
        Ok((Self { definition: Some(path), journal, campaign }, definition))
    }

    /// For commands that only look at a journal: the definition helps to find it, but may be gone.
    ///
    /// # Errors
    /// Where neither a journal was named nor a definition can be found.
    pub fn of_results(shared: &Shared) -> Result<Self, Failure> {
        match (Self::of_campaign(shared), &shared.journal) {
            (Ok((place, _)), _) => Ok(place),
            (Err(_), Some(journal)) => {
                Ok(Self { definition: None, journal: journal.clone(), campaign: shared.campaign.clone() })
            }
            (Err(failure), None) => Err(failure),
        }
    }

    /// For commands that look at all campaigns of a journal: none is meant where none is named.
    ///
    /// # Errors
    /// As [`of_results`](Self::of_results); several definitions in one folder are no error, for they have one journal.
    pub fn of_journal(shared: &Shared) -> Result<Self, Failure> {
        if shared.campaign.is_some() {
            return Self::of_results(shared);
        }
        let beside = |path: &Path| path.with_file_name("journal.db");
        let journal = match &shared.journal {
            Some(journal) => journal.clone(),
            None => match find(None) {
                Ok(path) => beside(&path),
                Err(failure) => definitions().first().map(|path| beside(path)).ok_or(failure)?,
            },
        };
        Ok(Self { definition: None, journal, campaign: None })
    }

    /// The folder that paths in the definition are relative to.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.definition.as_deref().and_then(Path::parent).unwrap_or(Path::new(""))
    }
}

fn find(named: Option<&str>) -> Result<PathBuf, Failure> {
    if let Some(named) = named {
        let by_name = Path::new("campaigns").join(format!("{named}.toml"));
        return [PathBuf::from(named), by_name.clone()].into_iter().find(|path| path.is_file()).ok_or_else(
            || {
                Failure::usage(
                    format!("there is no definition {named} and no {}", by_name.display()),
                    known_or_init(&definitions()),
                )
            },
        );
    }
    if Path::new("campaign.toml").is_file() {
        return Ok(PathBuf::from("campaign.toml"));
    }
    let mut found = definitions();
    match (found.pop(), found.is_empty()) {
        (Some(only), true) => Ok(only),
        (None, _) => {
            Err(Failure::usage("there is no campaign.toml and no campaigns/*.toml here", known_or_init(&[])))
        }
        (Some(last), false) => {
            found.push(last);
            Err(Failure::usage("which campaign? there are several definitions", known_or_init(&found)))
        }
    }
}

fn known_or_init(found: &[PathBuf]) -> String {
    if found.is_empty() {
        return "write one with `campaign init NAME`, or name one with -c PATH".to_owned();
    }
    let names: Vec<String> = found
        .iter()
        .filter_map(|path| path.file_stem())
        .map(|stem| format!("-c {}", stem.to_string_lossy()))
        .collect();
    format!("name one of {}", names.join(", "))
}

fn definitions() -> Vec<PathBuf> {
    let Ok(folder) = std::fs::read_dir("campaigns") else { return Vec::new() };
    let mut found: Vec<PathBuf> = folder
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| path.is_file() && path.extension().is_some_and(|ending| ending == "toml"))
        .collect();
    found.sort();
    found
}

fn load(
    path: &Path,
    header: impl FnOnce(&RecipientsSettings) -> Option<Header>,
) -> Result<Definition, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Failure::usage(
            format!("failed to read {}: {error}", path.display()),
            "name a definition with -c PATH",
        )
    })?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let mut definition = definition::parse_for(&text, &path.display().to_string(), &stem, header)?;
    definition
        .add_rules(|file| std::fs::read_to_string(folder.join(file)).map_err(|error| error.to_string()))?;
    Ok(definition)
}
