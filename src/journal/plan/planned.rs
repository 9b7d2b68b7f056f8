//! How far a campaign's last plan came. What a plan that died half-way left behind is neither the old file nor the new
//! one, and what nobody agreed to is not to be sent: `campaign resume` must know.

use rusqlite::{Connection, params};

use crate::journal::error::JournalError;
use crate::journal::file::open::{Journal, Reader};
use crate::journal::row::CampaignId;

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
        planned(&self.connection, campaign)
    }

    /// Takes note of what is decided on the plan: agreed to, streamed, or refused (as if it had not been read).
    ///
    /// # Errors
    /// Where the journal cannot be written.
    pub fn set_planned(&mut self, campaign: CampaignId, planned: Planned) -> Result<(), JournalError> {
        let tx = self.begin_write()?;
        mark(&tx, campaign, planned)?;
        tx.commit()
    }
}

impl Reader {
    /// How far the campaign's last plan came.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn planned(&self, campaign: CampaignId) -> Result<Planned, JournalError> {
        planned(&self.connection, campaign)
    }
}

pub(in crate::journal) fn planned(
    connection: &Connection,
    campaign: CampaignId,
) -> Result<Planned, JournalError> {
    let sql = "SELECT plan FROM campaign WHERE id = ?1";
    let planned: u8 = connection.query_row(sql, [campaign.0], |row| row.get(0))?;
    Ok(match planned {
        3 => Planned::Streamed,
        2 => Planned::Agreed,
        1 => Planned::Read,
        _ => Planned::Begun,
    })
}

/// Takes note of how far a plan is, inside a transaction of the caller's.
pub(in crate::journal) fn mark(
    connection: &Connection,
    campaign: CampaignId,
    planned: Planned,
) -> Result<(), JournalError> {
    connection.execute("UPDATE campaign SET plan = ?2 WHERE id = ?1", params![campaign.0, planned as u8])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::unix_millis::UnixMillis;
    use crate::journal::{Identity, Service};

    #[test]
    fn how_far_a_plan_is_survives_whoever_wrote_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db");
        let identity = |name: &str| Identity {
            name: name.to_owned(),
            instance_id: "i".to_owned(),
            key_column: None,
            service: Service::Simulated,
        };
        for planned in [Planned::Read, Planned::Agreed, Planned::Streamed, Planned::Begun] {
            let mut journal = Journal::open(&path).unwrap();
            let [id, other] = ["one", "other"]
                .map(|name| journal.campaign(&identity(name), UnixMillis::from_millis(0)).unwrap());
            journal.set_planned(id, planned).unwrap();
            drop(journal);
            let journal = Journal::open(&path).unwrap();
            assert_eq!(journal.planned(id).unwrap(), planned);
            assert_eq!(journal.planned(other).unwrap(), Planned::Begun, "it is of one campaign");
        }
    }
}
