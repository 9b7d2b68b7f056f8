//! Uncertain rows, and what people decide on them. Decisions are kept with their time, for ever.

use rusqlite::{Connection, params};

use crate::domain::delivery::state;
use crate::domain::delivery::state::{Decision, Event, State};
use crate::domain::unix_millis::UnixMillis;
use crate::journal::care::doubts::NOT_THERE;
use crate::journal::error::JournalError;
use crate::journal::file::open::Journal;
use crate::journal::row::{CampaignId, ContactIdColumn, RowId, StampColumn, StateColumn, TokenColumn};
use crate::journal::tally::Delta;

/// A row of which nobody knows whether its contact was started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uncertain {
    /// The row.
    pub id: RowId,
    /// Its line, where it is still in the file.
    pub line: Option<u64>,
    /// What makes it the same recipient.
    pub key: String,
    /// E.164.
    pub destination: String,
    /// The idempotency token, as Connect may have logged it.
    pub client_token: String,
    /// Requests made for it.
    pub attempts: u32,
    /// When the first one left.
    pub first_attempt_at: Option<UnixMillis>,
    /// What a search of the account said, where it found that there is no contact.
    pub not_there: Option<String>,
}

impl Journal {
    /// The uncertain rows of a campaign, in order.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn uncertain(&self, campaign: CampaignId) -> Result<Vec<Uncertain>, JournalError> {
        list(&self.connection, campaign)
    }

    /// Takes note of a decision on these rows. `contact_id` is the one that a person found, if any. To send a row again that a
    /// search did not find is another decision than to send one again that may have a contact.
    ///
    /// # Errors
    /// Where the journal cannot be written, or a row is not uncertain; then nothing is decided.
    pub fn decide(
        &mut self,
        campaign: CampaignId,
        rows: &[RowId],
        decision: Decision,
        contact_id: Option<&str>,
        now: UnixMillis,
    ) -> Result<(), JournalError> {
        let tx = self.begin_write()?;
        let mut delta = Delta::default();
        for row in rows {
            let (StateColumn(before), code): (_, Option<String>) =
                tx.query_row("SELECT state, code FROM row WHERE id = ?1", [row.0], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })?;
            let decision = match decision {
                Decision::Resend if code.as_deref() == Some(NOT_THERE) => Decision::ResendAbsent,
                decision => decision,
            };
            let after = state::next(before, Event::Decided(decision))?;
            let settled = (after != State::Queued).then_some(StampColumn(now));
            tx.execute(
                "UPDATE row SET state = ?2, settled_at = ?3, contact_id = ?4, code = ?5, reason = ?6, doubt_at = NULL
                 WHERE id = ?1",
                params![
                    row.0,
                    after.code(),
                    settled,
                    contact_id.map(ContactIdColumn),
                    decision.code(),
                    decision.words()
                ],
            )?;
            tx.execute(
                "INSERT INTO decision (row_id, at, decision, contact_id) VALUES (?1, ?2, ?3, ?4)",
                params![row.0, StampColumn(now), decision.code(), contact_id],
            )?;
            delta.moved(before, after);
        }
        // A row of an earlier day may have no contact after all.
        tx.execute("DELETE FROM contacts_before WHERE campaign_id = ?1", [campaign.0])?;
        delta.write(&tx, campaign)?;
        tx.commit()?;
        Ok(())
    }
}

fn list(connection: &Connection, campaign: CampaignId) -> Result<Vec<Uncertain>, JournalError> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT id, line, key, destination, client_token, attempts, first_attempt_at, iif(code = '{NOT_THERE}', reason, NULL)
         FROM row WHERE campaign_id = ?1 AND state = {} ORDER BY id",
        State::Uncertain.code()
    ))?;
    let rows = statement
        .query_map([campaign.0], |row| {
            let TokenColumn(token) = row.get(4)?;
            Ok(Uncertain {
                id: RowId(row.get(0)?),
                line: row.get::<_, Option<i64>>(1)?.and_then(|line| u64::try_from(line).ok()),
                key: row.get(2)?,
                destination: row.get(3)?,
                client_token: token.to_string(),
                attempts: row.get(5)?,
                first_attempt_at: row.get::<_, Option<StampColumn>>(6)?.map(|stamp| stamp.0),
                not_there: row.get(7)?,
            })
        })?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}
