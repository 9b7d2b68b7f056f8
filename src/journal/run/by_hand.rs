//! A contact that a person starts by hand: a row of the campaign `by-hand`, whose key is the client token.
//!
//! The row has the request's exact body as its one cell. The same token with another body is refused, as a request for a row
//! never changes once it was attempted.

use rusqlite::{Transaction, params};
use uuid::Uuid;

use crate::domain::delivery::state;
use crate::domain::delivery::state::{Event, State};
use crate::domain::hours::schedule::Window;
use crate::domain::message::request::RequestTemplate;
use crate::domain::unix_millis::UnixMillis;
use crate::journal::admission::Admission;
use crate::journal::campaign;
use crate::journal::error::JournalError;
use crate::journal::file::commit_counter;
use crate::journal::file::open::Journal;
use crate::journal::plan::existing::{self, ExistingRecipient};
use crate::journal::plan::line::{Content, FileLine};
use crate::journal::plan::{self, Plan, index};
use crate::journal::row::{CampaignId, ContactIdColumn, RowId, StateColumn, purged_key, texts};
use crate::journal::run::attempts::{self, Settlement};
use crate::journal::run::claimed::Claimed;
use crate::journal::run::opt_outs;
use crate::journal::run::pending_claim::ClaimState;
use crate::journal::tally::Delta;

/// The one column of its rows.
const COLUMN: &str = "request";

/// The contact that is to be started.
#[derive(Debug, Clone, PartialEq)]
pub struct ContactByHand {
    /// The client token, as it is sent.
    pub client_token: String,
    /// E.164.
    pub destination: String,
    /// What the request has in common with others, for the report.
    pub shape: RequestTemplate,
    /// The body of the request, with the token.
    pub body: String,
}

/// Whether a request may leave.
#[derive(Debug, Clone)]
pub enum ClaimByHand {
    /// The attempt is durable: a request may leave.
    Claimed(Claimed),
    /// The contact was started earlier.
    Started(String),
    /// The number is on a suppression list.
    Suppressed,
    /// The number is on an opt-out list of the account, as the journal last read it, since this moment.
    OptedOut(UnixMillis),
    /// The token was attempted with another request.
    OtherRequest,
    /// An earlier attempt may have started a contact, and the token is too old to find out.
    Uncertain,
}

/// A client token in the form that the journal keeps: itself, or a UUID made of it.
pub(in crate::journal) fn token(client_token: &str) -> Uuid {
    Uuid::parse_str(client_token)
        .unwrap_or_else(|_| Uuid::new_v5(&Uuid::NAMESPACE_OID, client_token.as_bytes()))
}

impl ContactByHand {
    fn token(&self) -> Uuid {
        token(&self.client_token)
    }

    fn line(&self, number: u64) -> FileLine {
        let content = Content::Recipient {
            key: self.client_token.clone(),
            destination: self.destination.clone(),
            client_token: self.token(),
            slots: Vec::new(),
            lane: None,
            sender: None,
            window: Window::default(),
            suppressed: None,
        };
        FileLine { number, rejected: None, cells: vec![self.body.clone()], content }
    }
}

impl Journal {
    /// Makes an attempt durable, where one may be made. Nothing is written where not.
    ///
    /// # Errors
    /// Where the journal cannot be written.
    pub fn claim_by_hand(
        &mut self,
        campaign: CampaignId,
        contact: &ContactByHand,
        now: UnixMillis,
    ) -> Result<ClaimByHand, JournalError> {
        self.expire(campaign, now)?;
        let tx = self.begin_write()?;
        let mut delta = Delta::default();
        let purged = campaign::is_purged(&tx, campaign)?.then(|| purged_key(contact.token()));
        let purged: Vec<String> = purged.into_iter().collect();
        let id = match existing::recipient(&tx, campaign, &contact.client_token, &purged)? {
            Some(known) => match resumed(&tx, contact, &known, &mut delta)? {
                Ok(id) => id,
                Err(answer) => return Ok(answer),
            },
            None => added(&tx, campaign, contact, &mut delta)?,
        };
        let mut shapes = ClaimState::default();
        // Which of the lists is the sender's is not known here: none of them may have the number.
        let admission = Admission { opt_out_lists: opt_outs::lists(&tx)?, ..Admission::default() };
        let claim =
            attempts::claim_again(&tx, (&mut shapes, &admission), (campaign, &[RowId(id)]), now, &mut delta)?;
        let Some(claimed) = claim.rows.into_iter().next() else {
            let opted_out = opt_outs::opted_out(&tx, &admission.opt_out_lists, &contact.destination)?;
            return Ok(opted_out.map_or(ClaimByHand::Suppressed, ClaimByHand::OptedOut));
        };
        delta.write(&tx, campaign)?;
        let groups = commit_counter::count_one(&tx)?;
        tx.commit()?;
        self.committed(groups)?;
        Ok(ClaimByHand::Claimed(claimed))
    }

    /// Makes what came of an attempt durable.
    ///
    /// # Errors
    /// Where the journal cannot be written.
    pub fn settle_by_hand(
        &mut self,
        campaign: CampaignId,
        settlement: &Settlement,
    ) -> Result<State, JournalError> {
        let tx = self.begin_write()?;
        let mut delta = Delta::default();
        let state = attempts::settle(&tx, settlement, &mut delta)?;
        delta.write(&tx, campaign)?;
        let groups = commit_counter::count_one(&tx)?;
        tx.commit()?;
        self.committed(groups)?;
        Ok(state)
    }
}

/// The row of a token that came before, ready to be claimed; or why it is not claimed.
fn resumed(
    tx: &Transaction<'_>,
    contact: &ContactByHand,
    known: &ExistingRecipient,
    delta: &mut Delta,
) -> Result<Result<i64, ClaimByHand>, JournalError> {
    if known.state == State::Started {
        let contact_id = tx.query_row("SELECT contact_id FROM row WHERE id = ?1", [known.id], |row| {
            let mut buffer = Uuid::encode_buffer();
            let id = ContactIdColumn::read(row.get_ref(0)?, &mut buffer)?;
            Ok(id.unwrap_or_default().to_owned())
        })?;
        return Ok(Err(ClaimByHand::Started(contact_id)));
    }
    if known.purged || known.cells != texts(std::slice::from_ref(&contact.body)) {
        return Ok(Err(ClaimByHand::OtherRequest));
    }
    match known.state {
        State::Queued | State::Attempting => Ok(Ok(known.id)),
        State::Failed => {
            let after = state::next(State::Failed, Event::RetryFailed)?;
            tx.execute(
                "UPDATE row SET state = ?2, settled_at = NULL WHERE id = ?1",
                params![known.id, StateColumn(after)],
            )?;
            delta.moved(State::Failed, after);
            Ok(Ok(known.id))
        }
        _ => Ok(Err(ClaimByHand::Uncertain)),
    }
}

/// A new row, behind all others.
fn added(
    tx: &Transaction<'_>,
    campaign: CampaignId,
    contact: &ContactByHand,
    delta: &mut Delta,
) -> Result<i64, JournalError> {
    let in_common = existing::in_common(tx, campaign, &contact.shape, &[COLUMN.to_owned()])?;
    if !index::is_made(tx, campaign)? {
        index::make(tx, campaign, delta)?;
    }
    let last: Option<i64> =
        tx.query_row("SELECT max(line) FROM row WHERE campaign_id = ?1", [campaign.0], |row| row.get(0))?;
    let line = contact.line(last.and_then(|line| u64::try_from(line).ok()).unwrap_or(0) + 1);
    let mut plan = Plan::of(tx, campaign, in_common, None)?;
    let id = plan::rows::insert(tx, &mut plan, &line, State::Queued, &texts(&line.cells), delta)?;
    index::enter(tx, campaign, id)?;
    Ok(id)
}
