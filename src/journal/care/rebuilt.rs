//! Rows of a new journal that contacts of the account belong to: the journal was lost, and its campaign was not.

use std::collections::HashMap;

use rusqlite::{Transaction, params};
use uuid::Uuid;

use crate::domain::delivery::state::{self, Event, State};
use crate::domain::row::token::TokenSpace;
use crate::domain::senders::Sender;
use crate::domain::unix_millis::UnixMillis;
use crate::journal::care::doubts::{FOUND, FOUND_REASON};
use crate::journal::error::JournalError;
use crate::journal::file::open::Journal;
use crate::journal::row::{
    CampaignId, ContactIdColumn, StampColumn, StateColumn, TextsColumn, TokenColumn, texts,
};
use crate::journal::sql;
use crate::journal::tally::Delta;

/// A row that failed, was corrected and was tried again has a token of its own: so many corrections are looked for.
const CORRECTIONS: u32 = 20;

/// A contact of the account that carries a client token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TracedContact {
    /// Its id.
    pub id: String,
    /// When it began.
    pub began_at: UnixMillis,
}

/// An instance in which the campaign may have sent.
#[derive(Debug, Clone)]
pub struct SearchedInstance {
    /// The client tokens of the campaign there.
    pub tokens: TokenSpace,
    /// The first of its senders, where senders have instances of their own.
    pub sender: Option<Sender>,
}

/// A row that is to be settled.
struct Match<'a> {
    row: i64,
    state: State,
    instance: &'a SearchedInstance,
    corrections: u32,
    contact: TracedContact,
}

impl Journal {
    /// Settles the rows whose client tokens these contacts carry, in whichever of the campaign's instances: they are
    /// started. Says how many they are. For a journal whose campaign has sent nothing yet.
    ///
    /// # Errors
    /// Where the journal cannot be read or written; then nothing is settled.
    pub fn settle_rebuilt(
        &mut self,
        campaign: CampaignId,
        instances: &[SearchedInstance],
        contacts: &HashMap<Uuid, TracedContact>,
    ) -> Result<u64, JournalError> {
        let tx = self.begin_write()?;
        let mut delta = Delta::default();
        let matches = matches(&tx, campaign, instances, contacts)?;
        for found in &matches {
            settle(&tx, campaign, found, &mut delta)?;
        }
        delta.write(&tx, campaign)?;
        tx.commit()?;
        Ok(matches.len() as u64)
    }

    /// The numbers of rows that were never requested, each asked about once.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn is_waiting_number(&self, campaign: CampaignId, number: &str) -> Result<bool, JournalError> {
        let sql = format!(
            "SELECT EXISTS (SELECT 1 FROM number JOIN row ON row.id = number.row_id
                 WHERE number.campaign_id = ?1 AND number.destination = ?2 AND state = {})",
            State::Queued.code()
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        Ok(statement.query_row(params![campaign.0, number], |row| row.get(0))?)
    }
}

fn matches<'a>(
    tx: &Transaction<'_>,
    campaign: CampaignId,
    instances: &'a [SearchedInstance],
    contacts: &HashMap<Uuid, TracedContact>,
) -> Result<Vec<Match<'a>>, JournalError> {
    let mut statement = tx.prepare_cached(&format!(
        "SELECT id, state, key FROM row
         WHERE campaign_id = ?1 AND state NOT IN ({}) AND client_token IS NOT NULL AND key IS NOT NULL AND contact_id IS NULL",
        sql::NO_RECIPIENTS
    ))?;
    let mut rows = statement.query([campaign.0])?;
    let mut matches = Vec::new();
    while let Some(row) = rows.next()? {
        let StateColumn(state) = row.get(1)?;
        let key: String = row.get(2)?;
        let in_instance = |instance: &'a SearchedInstance| {
            let mut tries = (0..=CORRECTIONS).map(|n| (n, contacts.get(&instance.tokens.corrected(&key, n))));
            tries.find_map(|(n, contact)| Some((instance, n, contact?)))
        };
        if let Some((instance, corrections, contact)) = instances.iter().find_map(in_instance) {
            matches.push(Match { row: row.get(0)?, state, instance, corrections, contact: contact.clone() });
        }
    }
    Ok(matches)
}

fn settle(
    tx: &Transaction<'_>,
    campaign: CampaignId,
    found: &Match<'_>,
    delta: &mut Delta,
) -> Result<(), JournalError> {
    let after = state::next(found.state, Event::Found)?;
    let SearchedInstance { tokens, sender } = found.instance;
    if let Some(sender) = sender {
        follow(tx, campaign, found.row, sender)?;
    }
    if found.corrections > 0 || sender.is_some() {
        // What was tried before is not known any more, but for the tokens that it had.
        let key: String = tx.query_row("SELECT key FROM row WHERE id = ?1", [found.row], |row| row.get(0))?;
        for nth in 0..found.corrections {
            tx.prepare_cached(
                "INSERT INTO earlier_attempt (row_id, nth, client_token, attempts, code) VALUES (?1, ?2, ?3, 1, ?4)",
            )?
            .execute(params![found.row, nth, TokenColumn(tokens.corrected(&key, nth)), FOUND])?;
        }
        let token = TokenColumn(tokens.corrected(&key, found.corrections));
        tx.execute("UPDATE row SET client_token = ?2 WHERE id = ?1", params![found.row, token])?;
    }
    let began_at = StampColumn(found.contact.began_at);
    tx.prepare_cached(
        "UPDATE row SET state = ?2, attempts = 1, first_attempt_at = ?3, settled_at = ?3, contact_id = ?4, code = ?5, reason = ?6,
             room = NULL
         WHERE id = ?1",
    )?
    .execute(params![
        found.row,
        after.code(),
        began_at,
        ContactIdColumn(&found.contact.id),
        FOUND,
        FOUND_REASON
    ])?;
    delta.moved(found.state, after);
    Ok(())
}

/// A row whose contact is in another instance than it was planned for has a sender of that instance: which one, nobody
/// knows any more, and it counts as the first.
fn follow(tx: &Transaction<'_>, campaign: CampaignId, row: i64, sender: &Sender) -> Result<(), JournalError> {
    let (planned, TextsColumn(mut slots)): (Option<String>, TextsColumn) = tx.query_row(
        "SELECT (SELECT instance_id FROM sender WHERE sender.id = sender_id), slots FROM row WHERE id = ?1",
        [row],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    if planned == sender.account.as_ref().map(|account| account.instance_id.clone()) {
        return Ok(());
    }
    sender.take_over(&mut slots);
    tx.execute(
        "UPDATE row SET slots = ?3, sender_id = (SELECT id FROM sender WHERE campaign_id = ?2 AND source = ?4) WHERE id = ?1",
        params![row, campaign.0, texts(&slots), sender.source],
    )?;
    Ok(())
}
