//! The journal's list of numbers that nothing is sent to: where it is, and how numbers for it are read.

use std::path::{Path, PathBuf};

use crate::app::error::Error;
use crate::app::options::CampaignOptions;
use crate::app::paths::CampaignPaths;
use crate::domain::definition::RecipientsSettings;
use crate::domain::phone::{self, E164, mask};
use crate::domain::unix_millis::UnixMillis;
use crate::journal::Reader;
use crate::recipients::{Entry, FileError, Useless, read_list};

/// The journal, and how numbers are read: as the definition says, where there is one.
///
/// # Errors
/// Where there is no definition and no journal was named.
pub fn place(options: &CampaignOptions) -> Result<(PathBuf, RecipientsSettings), Error> {
    match (CampaignPaths::of_campaign(options), &options.journal) {
        (Ok((place, definition)), _) => Ok((place.journal, definition.recipients)),
        (Err(_), Some(journal)) => Ok((journal.clone(), RecipientsSettings::default())),
        (Err(error), None) => {
            // The list is the journal's: where several definitions have one beside them, it does not matter which is meant.
            let shared = [Path::new("journal.db"), Path::new("campaigns/journal.db")];
            let shared = shared.into_iter().find(|journal| options.campaign.is_none() && journal.is_file());
            shared.map(|journal| (journal.to_owned(), RecipientsSettings::default())).ok_or(error)
        }
    }
}

/// The numbers as people write them, read and refused as those of a recipients file: a digit too few would leave a person on no
/// list who is believed to be on one.
///
/// # Errors
/// Those that are none, all at once, each with its reason and its code.
pub fn read(numbers: &[String], settings: &RecipientsSettings) -> Result<Vec<E164>, Error> {
    read_or(numbers, settings, |_| None)
}

/// The same for numbers that are on a list already: what once came onto one can be taken off it, whatever it is.
///
/// # Errors
/// Those that are none, all at once.
pub fn read_listed(numbers: &[String], settings: &RecipientsSettings) -> Result<Vec<E164>, Error> {
    read_or(numbers, settings, E164::parse)
}

fn read_or(
    numbers: &[String],
    settings: &RecipientsSettings,
    otherwise: impl Fn(&str) -> Option<E164>,
) -> Result<Vec<E164>, Error> {
    let mut read = Vec::with_capacity(numbers.len());
    let mut mistakes = Vec::new();
    for (at, text) in numbers.iter().enumerate() {
        match phone::parse(text, settings.default_region) {
            Ok(phone) => read.push(phone.number),
            Err(reason) => match otherwise(text) {
                Some(number) => read.push(number),
                None => {
                    let meant = mask::mask_meant(text);
                    mistakes.push(format!("number {} ({meant}): {reason} ({})", at + 1, reason.code()));
                }
            },
        }
    }
    if mistakes.is_empty() {
        return Ok(read);
    }
    Err(Error::usage(
        mistakes.join("\n  "),
        "nothing was changed; write numbers with + and the country".into(),
    ))
}

/// The numbers of a list in a file, and what of it is of no use.
///
/// # Errors
/// Where the file cannot be read.
pub fn import(file: &Path, settings: RecipientsSettings) -> Result<(Vec<E164>, Option<Useless>), Error> {
    if file.as_os_str() != "-" {
        return Ok(numbers(file, settings)?);
    }
    // A list is read twice, and a pipe cannot be.
    let unreadable = |error: std::io::Error| {
        Error::usage(format!("standard input cannot be read: {error}"), "name a file instead".into())
    };
    let mut copy = tempfile::NamedTempFile::new().map_err(unreadable)?;
    std::io::copy(&mut std::io::stdin().lock(), &mut copy).map_err(unreadable)?;
    let named = |problem| FileError { name: "standard input".into(), problem };
    let (numbers, useless) = numbers(copy.path(), settings).map_err(|error| named(error.problem))?;
    Ok((numbers, useless.map(|useless| Useless { file: "standard input".to_owned(), ..useless })))
}

fn numbers(file: &Path, settings: RecipientsSettings) -> Result<(Vec<E164>, Option<Useless>), FileError> {
    // The journal's list has numbers only: a key means somebody else in every campaign.
    let settings = RecipientsSettings { key: Vec::new(), ..settings };
    let mut numbers = Vec::new();
    let listed = read_list(file, &settings, |entry| {
        if let Entry::Number(number) = entry {
            numbers.push(number);
        }
    })?;
    Ok((numbers, listed.useless))
}

/// A number that was requested before it came onto the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactedBefore {
    /// The number.
    pub number: E164,
    /// The campaign that it was requested by last.
    pub campaign: String,
    /// When it was requested first in that campaign.
    pub at: UnixMillis,
}

/// Numbers that are looked up in all rows, at most.
const LOOKED_UP: usize = 20;

/// Those of the numbers that a campaign of the journal has requested. Of more numbers than a person types, none is looked up.
///
/// # Errors
/// Where the journal cannot be read.
pub fn contacted_before(journal: &Path, numbers: &[E164]) -> Result<Vec<ContactedBefore>, Error> {
    if numbers.len() > LOOKED_UP {
        return Ok(Vec::new());
    }
    let reader = Reader::open(journal)?;
    let mut found = Vec::new();
    for number in numbers {
        let rows = reader.rows_of_person(Some(number.as_str()), None)?;
        let requested = rows.into_iter().filter_map(|row| Some((row.first_attempt_at?, row.campaign)));
        found.extend(requested.max().map(|(at, campaign)| ContactedBefore {
            number: number.clone(),
            campaign,
            at,
        }));
    }
    Ok(found)
}
