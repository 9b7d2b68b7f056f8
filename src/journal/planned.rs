//! How far a campaign's last plan came. What a plan that died half-way left behind is neither the old file nor the new
//! one, and what nobody agreed to is not to be sent: `campaign resume` must know.

use rusqlite::{Connection, params};

use super::error::JournalError;
use super::open::Journal;
use super::row::CampaignId;

/// How far a plan came. The numbers are what the journal stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Planned {
    /// The file is being read, or was not read to its end.
    Begun = 0,
    /// The file was read to its end, and nobody has agreed to send it yet.
    Read = 1,
    /// It is what is to be sent.
    Agreed = 2,
    /// It is sent while it is read, and nothing waits but what it has.
    Streamed = 3,
}

impl Journal {
    /// How far the campaign's last plan came.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn planned(&self, campaign: CampaignId) -> Result<Planned, JournalError> {
        let planned: u8 =
            self.connection
                .query_row("SELECT plan FROM campaign WHERE id = ?1", [campaign.0], |row| row.get(0))?;
        Ok(match planned {
            3 => Planned::Streamed,
            2 => Planned::Agreed,
            1 => Planned::Read,
            _ => Planned::Begun,
        })
    }

    /// Takes note of what is decided on the plan: agreed to, streamed, or refused (as if it had not been read).
    ///
    /// # Errors
    /// Where the journal cannot be written.
    pub fn set_planned(&mut self, campaign: CampaignId, planned: Planned) -> Result<(), JournalError> {
        mark(&self.connection, campaign, planned)
    }
}

/// Takes note of how far a plan is, inside a transaction of the caller's.
pub(super) fn mark(
    connection: &Connection,
    campaign: CampaignId,
    planned: Planned,
) -> Result<(), JournalError> {
    connection.execute("UPDATE campaign SET plan = ?2 WHERE id = ?1", params![campaign.0, planned as u8])?;
    Ok(())
}
