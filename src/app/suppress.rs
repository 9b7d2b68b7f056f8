//! The journal's list of numbers that nothing is sent to: where it is, and how numbers for it are read.

use std::path::{Path, PathBuf};

use crate::app::error::Error;
use crate::app::options::CampaignOptions;
use crate::app::paths::CampaignPaths;
use crate::domain::definition::RecipientsSettings;
use crate::domain::phone::{self, E164, mask};
use crate::recipients::{Entry, Useless, read_list};

/// The journal, and how numbers are read: as the definition says, where there is one.
///
/// # Errors
/// Where there is no definition and no journal was named.
pub fn place(options: &CampaignOptions) -> Result<(PathBuf, RecipientsSettings), Error> {
    match (CampaignPaths::of_campaign(options), &options.journal) {
        (Ok((place, definition)), _) => Ok((place.journal, definition.recipients)),
        (Err(_), Some(journal)) => Ok((journal.clone(), RecipientsSettings::default())),
        (Err(error), None) => Err(error),
    }
}

/// The numbers as people write them, read as those of a recipients file.
///
/// # Errors
/// Those that are none, all at once.
pub fn read(numbers: &[String], settings: &RecipientsSettings) -> Result<Vec<E164>, Error> {
    let mut read = Vec::with_capacity(numbers.len());
    let mut mistakes = Vec::new();
    for (at, text) in numbers.iter().enumerate() {
        match phone::parse(text, settings.default_region) {
            Ok(phone) => read.push(phone.number),
            Err(reason) => match E164::parse(text) {
                // A number that is reserved or not assigned (yet) is good enough to be left alone.
                Some(number) => read.push(number),
                None => mistakes.push(format!("number {} ({}): {reason}", at + 1, mask::mask_meant(text))),
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
