//! Failed rows that are tried again with the file: as they were, or corrected. A failed row has no contact.
//!
//! One that was corrected has another payload, and so another token; what was tried before is kept beside it, and the row
//! itself is as if it had never been attempted.

use rusqlite::{Transaction, params};

use crate::domain::delivery::state;
use crate::domain::delivery::state::{Decision, Event, State};
use crate::journal::error::JournalError;
use crate::journal::file::open::Journal;
use crate::journal::plan::existing::ExistingRecipient;
use crate::journal::plan::line::{Content, FileLine};
use crate::journal::plan::planned::Planned;
use crate::journal::plan::{numbers, planned};
use crate::journal::row::{CampaignId, ROOM, StateColumn};
use crate::journal::tally::Delta;

/// Whether failed rows are tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retries {
    /// They stay what they are.
    None,
    /// Somebody is asked first, and the next plan makes them failed rows again where nobody agreed. Until then each keeps
    /// the time at which it failed, which no other row has that waits.
    Proposed,
    /// They are: somebody agreed before the file was read.
    Agreed,
}

impl Retries {
    /// Whether they are to be, agreed to or not.
    pub(in crate::journal) fn are_meant(self) -> bool {
        self != Self::None
    }

    /// Puts a row back into the queue as it is, with its token and its payload.
    pub(in crate::journal) fn queue(
        self,
        tx: &Transaction<'_>,
        known: &ExistingRecipient,
    ) -> Result<State, JournalError> {
        let after = state::next(known.state, Event::RetryFailed)?;
        tx.prepare_cached("UPDATE row SET state = ?2, settled_at = iif(?3, settled_at, NULL) WHERE id = ?1")?
            .execute(params![known.id, StateColumn(after), self == Self::Proposed])?;
        Ok(after)
    }

    /// The same for one that was corrected, after it was put away and what the file says now was written.
    pub(in crate::journal) fn mark_corrected(self, tx: &Transaction<'_>, id: i64) -> rusqlite::Result<()> {
        if self == Self::Proposed {
            tx.prepare_cached(
                "UPDATE row SET settled_at = (SELECT settled_at FROM earlier_attempt WHERE row_id = ?1 ORDER BY nth DESC LIMIT 1)
                 WHERE id = ?1",
            )?
            .execute([id])?;
        }
        Ok(())
    }
}

impl Journal {
    /// Somebody agrees to [`Retries::Proposed`]. To be called before the plan is noted as agreed to.
    ///
    /// # Errors
    /// Where the journal cannot be written.
    pub fn agree_to_retries(&mut self, campaign: CampaignId) -> Result<(), JournalError> {
        let sql = format!(
            "UPDATE row SET settled_at = NULL WHERE campaign_id = ?1 AND state = {} AND settled_at IS NOT NULL",
            State::Queued.code()
        );
        let tx = self.begin_write()?;
        tx.execute(&sql, [campaign.0])?;
        tx.commit()
    }
}

/// Makes those rows failed ones again that a plan put back into the queue which nobody agreed to.
pub(in crate::journal) fn take_back(
    tx: &Transaction<'_>,
    campaign: CampaignId,
    delta: &mut Delta,
) -> Result<(), JournalError> {
    if matches!(planned::planned(tx, campaign)?, Planned::Agreed | Planned::Streamed) {
        return Ok(());
    }
    let proposed: Vec<(i64, bool)> = tx
        .prepare_cached(&format!(
            "SELECT id, attempts = 0 FROM row WHERE campaign_id = ?1 AND state = {} AND settled_at IS NOT NULL",
            State::Queued.code()
        ))?
        .query_map([campaign.0], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    let after = state::next(State::Queued, Event::RetryRefused)?;
    for (id, corrected) in proposed {
        if corrected {
            numbers::forget(tx, campaign, id)?;
            tx.prepare_cached(
                "UPDATE row SET (client_token, destination, shape_id, slots, reason, attempts, first_attempt_at, settled_at, code) =
                     (SELECT client_token, destination, shape_id, slots, reason, attempts, first_attempt_at, settled_at, code
                      FROM earlier_attempt WHERE row_id = ?1 ORDER BY nth DESC LIMIT 1)
                 WHERE id = ?1",
            )?
            .execute([id])?;
            tx.prepare_cached(
                "DELETE FROM earlier_attempt WHERE row_id = ?1
                     AND nth = (SELECT max(nth) FROM earlier_attempt WHERE row_id = ?1)",
            )?
            .execute([id])?;
            numbers::enter(tx, id)?;
        }
        tx.prepare_cached("UPDATE row SET state = ?2 WHERE id = ?1")?
            .execute(params![id, StateColumn(after)])?;
        delta.moved(State::Queued, after);
    }
    Ok(())
}

/// Whether the row may be tried again: it failed, not because a person said so, and the line is to be sent to.
pub(in crate::journal) fn may_be(
    tx: &Transaction<'_>,
    known: &ExistingRecipient,
    line: &FileLine,
) -> Result<bool, JournalError> {
    let is_meant = matches!(&line.content, Content::Recipient { suppressed: None, .. });
    if known.state != State::Failed || known.purged || !is_meant {
        return Ok(false);
    }
    Ok(tx
        .prepare_cached("SELECT code IS NOT ?2 FROM row WHERE id = ?1")?
        .query_row(params![known.id, Decision::Failed.code()], |row| row.get(0))?)
}

/// Keeps what was tried, and makes the row one that was never attempted. Says what it is now.
pub(in crate::journal) fn put_away(
    tx: &Transaction<'_>,
    known: ExistingRecipient,
) -> Result<ExistingRecipient, JournalError> {
    let state = state::next(known.state, Event::RetryFailed)?;
    tx.prepare_cached(
        "INSERT INTO earlier_attempt (row_id, nth, client_token, destination, shape_id, slots, reason, attempts,
             first_attempt_at, settled_at, code)
         SELECT id, ?2, client_token, destination, shape_id, slots, reason, attempts, first_attempt_at, settled_at, code
         FROM row WHERE id = ?1",
    )?
    .execute(params![known.id, known.corrections])?;
    tx.prepare_cached(&format!(
        "UPDATE row SET state = ?2, attempts = 0, first_attempt_at = NULL, doubt_at = NULL, settled_at = NULL, code = NULL,
             reason = NULL, room = zeroblob({ROOM})
         WHERE id = ?1"
    ))?
    .execute(params![known.id, StateColumn(state)])?;
    Ok(ExistingRecipient { state, attempts: 0, corrections: known.corrections + 1, ..known })
}
