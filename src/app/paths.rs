//! Where a campaign's definition and journal are, from the options and the files that exist.

use std::path::{Path, PathBuf};

use crate::app::error::Error;
use crate::app::names;
use crate::app::options::{CampaignOptions, FileOptions};
use crate::clock::Clock;
use crate::domain::definition::{self, Definition, RecipientsSettings};
use crate::domain::foreign;
use crate::domain::next_step::NextStep;
use crate::domain::phone::mask_text;
use crate::domain::table::header::Header;
use crate::files;
use crate::journal::{Campaign, Reader};
use crate::recipients::{Recipients, Source};
use crate::report::ReportError;

/// A campaign's files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CampaignPaths {
    /// The definition, where there is one.
    pub definition: Option<PathBuf>,
    /// The journal.
    pub journal: PathBuf,
    /// The campaign's name, where it is known.
    pub campaign: Option<String>,
}

impl CampaignPaths {
    /// For commands that send: there must be a definition.
    ///
    /// # Errors
    /// Where there is none, or more than one without a word which.
    pub fn of_campaign(options: &CampaignOptions) -> Result<(Self, Definition), Error> {
        Self::found(options, |_| None)
    }

    /// The same for a recipients file: mistakes in the definition are told with those in how it fits the file, or
    /// with what keeps the file from being read.
    ///
    /// # Errors
    /// As [`of_campaign`](Self::of_campaign).
    pub fn of_file(
        options: &CampaignOptions,
        source: &Source,
        reading: &FileOptions,
    ) -> Result<(Self, Definition), Error> {
        let mut unreadable = None;
        let found = Self::found(options, |settings| {
            let mut settings = settings.clone();
            reading.apply(&mut settings);
            // Standard input can be read once.
            let file = Some(source).filter(|source| matches!(source, Source::File(_)))?;
            let opened = Recipients::open(file, &settings).map_err(|error| unreadable = Some(error));
            Some(opened.ok()?.header().clone())
        });
        let (place, mut definition) = found.map_err(|failure| match unreadable {
            Some(error) => {
                let message = format!("{}\n{}", failure.message, mask_text(&error.to_string()));
                Error { message, next_step: error.hint().map(NextStep::Advice), ..failure }
            }
            None => failure,
        })?;
        reading.apply(&mut definition.recipients);
        Ok((place, definition))
    }

    fn found(
        options: &CampaignOptions,
        header: impl FnOnce(&RecipientsSettings) -> Option<Header>,
    ) -> Result<(Self, Definition), Error> {
        let path = find(options.campaign.as_deref())?;
        let mut definition = load(&path, header)?;
        if let Some(name) = &options.name {
            definition.name.clone_from(name);
        }
        let journal = options.journal.clone().unwrap_or_else(|| path.with_file_name("journal.db"));
        let campaign = Some(definition.name.clone());
        Ok((Self { definition: Some(path), journal, campaign }, definition))
    }

    /// For commands that only look at a journal: the definition helps to find it, but may be gone.
    ///
    /// # Errors
    /// Where neither a journal was named nor a definition can be found.
    pub fn of_results(options: &CampaignOptions) -> Result<Self, Error> {
        match (Self::of_campaign(options), &options.journal) {
            (Ok((mut place, definition)), _) => {
                place.look_at_simulated(options);
                place.campaign = Some(names::only(&place.journal, &definition.name)?);
                Ok(place)
            }
            (Err(_), Some(journal)) => {
                let campaign = options.name.clone().or(options.campaign.clone());
                Ok(Self { definition: None, journal: journal.clone(), campaign })
            }
            (Err(failure), None) => Err(failure),
        }
    }

    /// For commands that look at all campaigns of a journal: none is meant where none is named.
    ///
    /// # Errors
    /// As [`of_results`](Self::of_results); several definitions in one folder are no error, for they have one journal.
    pub fn of_journal(options: &CampaignOptions) -> Result<Self, Error> {
        if options.campaign.is_some() || options.name.is_some() {
            return match Self::of_results(options) {
                // One definition, several campaigns: each of the journal is meant.
                Err(Error { next_step: Some(NextStep::NameCampaignByOption(names)), .. })
                    if names.len() > 1 =>
                {
                    let (mut place, _) = Self::of_campaign(options)?;
                    place.look_at_simulated(options);
                    Ok(Self { campaign: None, ..place })
                }
                found => found,
            };
        }
        let place =
            |definition: Option<PathBuf>, journal: PathBuf| Self { definition, journal, campaign: None };
        let beside = |path: &Path| path.with_file_name("journal.db");
        let mut found = match &options.journal {
            Some(journal) => place(None, journal.clone()),
            None => match find(None) {
                Ok(path) => place(Some(path.clone()), beside(&path)),
                Err(failure) => place(None, definitions().first().map(|path| beside(path)).ok_or(failure)?),
            },
        };
        found.look_at_simulated(options);
        Ok(Self { definition: None, ..found })
    }

    /// Settles the name for a recipients file.
    ///
    /// # Errors
    /// Where the name cannot be made of the file, or the journal cannot be read.
    pub fn name_for(
        &mut self,
        definition: &mut Definition,
        source: &Source,
        clock: &Clock,
    ) -> Result<(), Error> {
        definition.name = names::for_file(&self.journal, &definition.name, source, clock)?;
        self.campaign = Some(definition.name.clone());
        Ok(())
    }

    /// Settles the name where there is no recipients file: by the campaigns that the journal has.
    ///
    /// # Errors
    /// Where it has none or several of the definition's names, or cannot be read.
    pub fn name_from_journal(&mut self, definition: &mut Definition) -> Result<(), Error> {
        definition.name = names::only(&self.journal, &definition.name)?;
        self.campaign = Some(definition.name.clone());
        Ok(())
    }

    /// The journal of simulations: a simulated campaign never stands in the way of the real one.
    #[must_use]
    pub fn simulated_journal(&self) -> Option<PathBuf> {
        Some(self.definition.as_ref()?.with_extension("simulated.db"))
    }

    /// Where no journal was named and there is none yet, that of a simulation is the one to look at.
    pub fn look_at_simulated(&mut self, options: &CampaignOptions) {
        if options.journal.is_some() || self.journal.exists() {
            return;
        }
        if let Some(simulated) = self.simulated_journal().filter(|journal| journal.is_file()) {
            self.journal = simulated;
        }
    }

    /// The definition, as far as it is one: without its recipients file, and without a word where it has mistakes.
    #[must_use]
    pub(in crate::app) fn definition_as_it_is(&self) -> Option<Definition> {
        load(self.definition.as_deref()?, |_| None).ok()
    }

    /// The folder that paths in the definition are relative to.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.definition.as_deref().and_then(Path::parent).unwrap_or(Path::new(""))
    }
}

fn find(named: Option<&str>) -> Result<PathBuf, Error> {
    if let Some(named) = named {
        let by_name = Path::new("campaigns").join(format!("{named}.toml"));
        return [PathBuf::from(named), by_name.clone()].into_iter().find(|path| path.is_file()).ok_or_else(
            || {
                let there = match files::open_regular(Path::new(named)) {
                    Err(error) if Path::new(named).exists() => format!(" ({error})"),
                    _ => String::new(),
                };
                Error::usage(
                    format!("there is no definition {named}{there} and no {}", foreign::path(&by_name)),
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
            Err(Error::usage("there is no campaign.toml and no campaigns/*.toml here", known_or_init(&[])))
        }
        (Some(last), false) => {
            found.push(last);
            Err(Error::usage("which campaign? there are several definitions", known_or_init(&found)))
        }
    }
}

fn known_or_init(found: &[PathBuf]) -> NextStep {
    if found.is_empty() {
        return NextStep::WriteDefinition;
    }
    let names: Vec<String> = found
        .iter()
        .filter_map(|path| path.file_stem())
        .map(|stem| stem.to_string_lossy().into_owned())
        .collect();
    NextStep::NameCampaign(names)
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
) -> Result<Definition, Error> {
    let bytes = files::read(path).map_err(|error| {
        Error::usage(format!("failed to read {}: {error}", foreign::path(path)), NextStep::NameDefinition)
    })?;
    let text = decoded(&bytes).map_err(|line| {
        Error::usage(
            format!("{} is not UTF-8: line {line} has a character of another encoding", foreign::path(path)),
            NextStep::SaveAsUtf8,
        )
    })?;
    if !looks_like_toml(&text) {
        return Err(Error::usage(
            format!("{} is not a definition: it has no line of the form key = value", foreign::path(path)),
            NextStep::NameDefinition,
        ));
    }
    let folder = path.parent().unwrap_or(Path::new(""));
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let mut definition = definition::parse_for(&text, &foreign::path(path), &stem, header)?;
    definition.add_rules(|file| {
        files::read_regular_to_string(&folder.join(file)).map_err(|error| error.to_string())
    })?;
    Ok(definition)
}

/// The text of a definition: UTF-8, or UTF-16 as editors of Windows save it, with a byte order mark or by its zeros,
/// which no TOML has. Else the first line that is neither.
fn decoded(bytes: &[u8]) -> Result<String, usize> {
    let utf_16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units: Vec<u16> =
            bytes.chunks(2).map(|pair| unit([pair[0], *pair.get(1).unwrap_or(&0)])).collect();
        String::from_utf16(&units).map_err(|_| 1)
    };
    match bytes {
        [0xff, 0xfe, text @ ..] => utf_16(text, u16::from_le_bytes),
        [0xfe, 0xff, text @ ..] => utf_16(text, u16::from_be_bytes),
        // A letter, a bracket, a `#` or a line end of ASCII is the first character of nearly every definition.
        [1..=255, 0, 1..=255, 0, ..] => utf_16(bytes, u16::from_le_bytes),
        [0, 1..=255, 0, 1..=255, ..] => utf_16(bytes, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, text @ ..] => utf_8(text),
        text => utf_8(text),
    }
}

fn utf_8(bytes: &[u8]) -> Result<String, usize> {
    let text = std::str::from_utf8(bytes)
        .map_err(|error| 1 + bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count())?;
    Ok(text.to_owned())
}

/// Whether anything in the text is TOML: a recipients file in the definition's place has people in each line, and mistakes
/// of a definition are shown with the line they are in.
fn looks_like_toml(text: &str) -> bool {
    let mut lines =
        text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).peekable();
    lines.peek().is_none() || lines.any(|line| line.starts_with('[') || line.contains('='))
}

/// The named campaign, else the only one of the journal.
///
/// # Errors
/// Where the journal has no such campaign, or none is named and it has several.
pub fn which(reader: &Reader, name: Option<&str>) -> Result<Campaign, ReportError> {
    if let Some(name) = name {
        return Ok(reader.campaign(name)?);
    }
    let mut campaigns = reader.campaigns()?;
    match (campaigns.pop(), campaigns.is_empty()) {
        (Some(only), true) => Ok(only),
        (last, _) => {
            let names = campaigns.into_iter().chain(last).map(|campaign| campaign.name).collect();
            Err(ReportError::WhichCampaign(names))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_definition_is_read_as_editors_save_it() {
        let text = "name = \"Žofie\"\n";
        let utf_16 = |unit: fn(u16) -> [u8; 2]| -> Vec<u8> {
            "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(unit).collect()
        };
        for bytes in [
            text.as_bytes().to_vec(),
            format!("\u{feff}{text}").into_bytes(),
            utf_16(u16::to_le_bytes),
            utf_16(u16::to_be_bytes),
            utf_16(u16::to_le_bytes)[2..].to_vec(),
            utf_16(u16::to_be_bytes)[2..].to_vec(),
        ] {
            assert_eq!(decoded(&bytes).as_deref(), Ok(text));
        }
        assert_eq!(decoded(b"a = 1\nname = \"Jos\xe9\"\n"), Err(2));
    }

    #[test]
    fn a_recipients_file_is_no_definition() {
        assert!(!looks_like_toml("phone,name\n+12025550104,Ada\n"));
        assert!(looks_like_toml("# nothing yet\n"));
        assert!(looks_like_toml("[connect]\n") && looks_like_toml("name = 1"));
    }
}
