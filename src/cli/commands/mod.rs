//! The commands, one file each: its arguments, its `run`, its words, and nothing else.

pub mod check;
pub mod completions;
pub mod contact;
mod earlier;
mod failure;
mod hooks;
pub mod hours;
pub mod init;
pub mod journal;
pub mod man;
mod next;
mod numbers;
mod pacing;
mod place;
mod planning;
mod reading;
mod rejects_file;
pub mod report;
pub mod resolve;
pub mod resume;
pub mod run;
mod sending;
mod signals;
pub mod simulator;
pub mod status;
pub mod steer;
mod streaming;
pub mod suppress;
mod telling;

use std::path::Path;

pub use failure::Failure;
pub use place::Place;

use crate::cli::Shared;
use crate::clock::Clock;
use crate::journal::{Campaign, Reader};
use crate::progress::Screen;
use crate::report::ReportError;

/// What a command that sends works with, besides its own arguments.
#[derive(Debug)]
pub struct Session<'a> {
    /// The options that most commands share.
    pub shared: &'a Shared,
    /// Where progress and log lines go.
    pub screen: Screen,
    /// The wall clock.
    pub clock: Clock,
}

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
