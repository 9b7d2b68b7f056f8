//! What happened to one person: what every campaign of the journal has done for a number or a key.

use std::path::Path;

use crate::app::error::Error;
use crate::app::options::CampaignOptions;
use crate::app::paths::CampaignPaths;
use crate::domain::phone::{self, E164};
use crate::journal::{ListedSince, PersonRow, Reader};

/// Whom it is asked about. A row that has either counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PersonQuery {
    /// The number, as people write it.
    pub number: Option<String>,
    /// The key.
    pub key: Option<String>,
}

/// What the journal has of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonStatement {
    /// The number, as it was read.
    pub number: Option<E164>,
    /// The rows, campaign by campaign.
    pub rows: Vec<PersonRow>,
    /// The lists that the number is on.
    pub lists: Vec<ListedSince>,
}

/// Looks a person up. Numbers without + are read as the definition says, where there is one.
///
/// # Errors
/// Where the number is none, or the journal cannot be read.
pub fn look_up(
    journal: &Path,
    options: &CampaignOptions,
    query: &PersonQuery,
) -> Result<PersonStatement, Error> {
    let number = query.number.as_deref().map(|text| read(text, options)).transpose()?;
    let reader = Reader::open(journal)?;
    let rows = reader.rows_of_person(number.as_ref().map(E164::as_str), query.key.as_deref())?;
    let lists = match &number {
        Some(number) => reader.lists_with(number.as_str())?,
        None => Vec::new(),
    };
    Ok(PersonStatement { number, rows, lists })
}

/// A number that is reserved or not assigned (yet) may be in a journal all the same.
fn read(text: &str, options: &CampaignOptions) -> Result<E164, Error> {
    let definition = CampaignPaths::of_campaign(options).ok();
    let region = definition.and_then(|(_, definition)| definition.recipients.default_region);
    match phone::parse(text, region) {
        Ok(phone) => Ok(phone.number),
        Err(reason) => E164::parse(text).ok_or_else(|| {
            let step = "write it with + and the country code, such as +12025550143";
            Error::usage(reason.to_string(), step.into())
        }),
    }
}
