//! What is known before a recipients file is read: whom not to send to, and what the journal has of the campaign.

use crate::app::error::Error;
use crate::app::paths::CampaignPaths;
use crate::domain::definition::Definition;
use crate::domain::delivery::tally::Tally;
use crate::journal::{JournalError, Reader, may_exist};
use crate::recipients::Lists;

/// Everybody whom nothing is sent to: the lists of the definition, and the journal's own.
///
/// # Errors
/// Where a list or the journal cannot be read.
pub fn lists(definition: &Definition, paths: &CampaignPaths) -> Result<Lists, Error> {
    let mut lists = Lists::read(&definition.recipients, paths.folder())?;
    if may_exist(&paths.journal) {
        match Reader::open(&paths.journal) {
            Ok(reader) => {
                lists.suppression.begin_list();
                reader.add_suppressed(&mut lists.suppression)?;
            }
            // An empty file, or one that was being made: what it is for, the run says.
            Err(JournalError::Missing(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(lists)
}

/// What the journal has of the campaign, where there is one with rows.
///
/// # Errors
/// Where there is a journal that cannot be read.
pub fn before(paths: &CampaignPaths, definition: &Definition) -> Result<Option<Tally>, Error> {
    if !may_exist(&paths.journal) {
        return Ok(None);
    }
    let known = Reader::open(&paths.journal).and_then(|reader| {
        let campaign = reader.campaign(&definition.name)?;
        reader.tally(campaign.id)
    });
    match known {
        Ok(tally) => Ok(Some(tally).filter(|tally| tally.rows() > 0)),
        Err(JournalError::Missing(_) | JournalError::NoCampaign { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Whether there is a journal with campaigns: a run keeps to what it knows of them.
///
/// # Errors
/// Where there is a journal that cannot be read.
pub fn has_campaigns(paths: &CampaignPaths) -> Result<bool, Error> {
    if !may_exist(&paths.journal) {
        return Ok(false);
    }
    match Reader::open(&paths.journal).and_then(|reader| reader.campaigns()) {
        Ok(campaigns) => Ok(!campaigns.is_empty()),
        Err(JournalError::Missing(_)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Refuses to go on with Amazon Connect where the simulator began.
///
/// # Errors
/// Where it did.
pub fn refuse_simulated(paths: &CampaignPaths, definition: &Definition) -> Result<(), Error> {
    match Reader::open(&paths.journal).and_then(|reader| reader.refuse_simulated(&definition.name)) {
        // Where there is nothing yet, whoever opens it to write says what is wrong with that.
        Ok(_) | Err(JournalError::Missing(_) | JournalError::NoCampaign { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
