//! The commands, one file each: its arguments, its `run`, its words, and nothing else.

pub mod report;
pub mod simulator;
pub mod status;

use std::path::Path;

use crate::journal::{Campaign, Reader};
use crate::report::ReportError;

/// What the options that most commands share come to.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The journal.
    pub journal: &'a Path,
    /// The campaign's name; `None` where none was named and no definition was found.
    pub campaign: Option<&'a str>,
    /// Whether a program reads the result.
    pub json: bool,
    /// Whether only errors are wanted on stderr.
    pub quiet: bool,
}

/// The campaign that was asked for: the named one, else the only one of the journal.
fn which(reader: &Reader, name: Option<&str>) -> Result<Campaign, ReportError> {
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
