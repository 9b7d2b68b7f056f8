//! The senders of a plan: each has an id in the journal, and a number that one of them contacted before stays with it.

use std::borrow::Cow;
use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use crate::domain::delivery::state::State;
use crate::domain::message::request::RequestTemplate;
use crate::domain::phone;
use crate::domain::row::token::TokenSpace;
use crate::domain::senders::{Sender, serving};
use crate::domain::unix_millis::UnixMillis;
use crate::journal::error::JournalError;
use crate::journal::file::open::Journal;
use crate::journal::plan::line::{Content, FileLine};
use crate::journal::row::{CampaignId, SenderId, StampColumn, TextsColumn};
use crate::journal::run::limits::{source, template};
use crate::journal::sql;

/// The senders that a plan chooses from.
#[derive(Debug, Default)]
pub(in crate::journal) struct PlanSenders {
    senders: Vec<(SenderId, Sender)>,
    /// The campaigns that may have contacted somebody from one of them, this one included.
    earlier: Vec<i64>,
    templates: HashMap<i64, RequestTemplate>,
    /// The tokens of each sender's instance, where these are not the same.
    tokens: Vec<TokenSpace>,
}

/// The id of a sender, which is written where it is new, as it is now. Its rows are `planned` anew, or stay as they are.
///
/// # Errors
/// [`JournalError::Changed`] where it has another instance than rows of it that were requested, or that stay as they are: their
/// requests name the one before.
pub(in crate::journal) fn enter(
    tx: &Transaction<'_>,
    campaign: CampaignId,
    sender: &Sender,
    planned: bool,
) -> Result<SenderId, JournalError> {
    refuse_change(tx, campaign, sender, planned)?;
    let account = sender.account.as_ref();
    let id = tx.query_row(
        "INSERT INTO sender (campaign_id, name, source, instance_id, contact_flow_id, region, account, profile)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT (campaign_id, source) DO UPDATE SET (name, instance_id, contact_flow_id, region, account, profile) =
             (excluded.name, excluded.instance_id, excluded.contact_flow_id, excluded.region, excluded.account, excluded.profile)
         RETURNING id",
        params![
            campaign.0,
            sender.name,
            sender.source,
            account.map(|account| &account.instance_id),
            account.map(|account| &account.contact_flow_id),
            account.and_then(|account| account.region.as_ref()),
            account.and_then(|account| account.account.as_ref()),
            account.and_then(|account| account.profile.as_ref())
        ],
        |row| row.get(0),
    )?;
    Ok(SenderId(id))
}

fn refuse_change(
    tx: &Transaction<'_>,
    campaign: CampaignId,
    sender: &Sender,
    planned: bool,
) -> Result<(), JournalError> {
    let known: Option<(i64, String, String, String)> = tx
        .prepare_cached(
            "SELECT sender.id, coalesce(sender.instance_id, campaign.instance_id), campaign.instance_id, campaign.name
             FROM sender JOIN campaign ON campaign.id = campaign_id WHERE campaign_id = ?1 AND source = ?2",
        )?
        .query_row(params![campaign.0, sender.source], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })
        .optional()?;
    let Some((id, before, home, name)) = known else { return Ok(()) };
    let after = sender.account.as_ref().map_or(home, |account| account.instance_id.clone());
    if before == after {
        return Ok(());
    }
    let waiting = if planned { "0".to_owned() } else { format!("state = {}", State::Queued.code()) };
    let stays: bool = tx.query_row(
        &format!(
            "SELECT EXISTS (SELECT 1 FROM row WHERE campaign_id = ?1 AND sender_id = ?2
                 AND (state IN ({}) OR id IN (SELECT row_id FROM decision) OR {waiting}))",
            sql::REQUESTED
        ),
        params![campaign.0, id],
        |row| row.get(0),
    )?;
    match stays {
        true => Err(JournalError::Changed { name, what: "the instance of a sender", before, after }),
        false => Ok(()),
    }
}

/// The tokens of the campaign in the instances that its senders have or had, besides its own.
pub(in crate::journal) fn other_tokens(
    connection: &Connection,
    campaign: CampaignId,
) -> rusqlite::Result<Vec<TokenSpace>> {
    let mut statement = connection.prepare_cached(
        "SELECT DISTINCT sender.instance_id, campaign.name FROM sender JOIN campaign ON campaign.id = campaign_id
         WHERE campaign_id = ?1 AND sender.instance_id <> campaign.instance_id",
    )?;
    let tokens = statement.query_map([campaign.0], |row| {
        Ok(TokenSpace::new(&row.get::<_, String>(0)?, &row.get::<_, String>(1)?))
    })?;
    tokens.collect()
}

/// The campaigns of the same service that have contacts, and whose requests name one of the sources, or one for each row.
fn earlier(tx: &Connection, campaign: CampaignId, senders: &[Sender]) -> Result<Vec<i64>, JournalError> {
    let sources: Vec<&str> = senders.iter().map(|sender| sender.source.as_str()).collect();
    let sources = serde_json::to_string(&sources).expect("strings always serialize");
    let mut statement = tx.prepare(&format!(
        "SELECT id FROM campaign
         WHERE service = (SELECT service FROM campaign WHERE id = ?1)
             AND EXISTS (SELECT 1 FROM tally WHERE campaign_id = campaign.id AND rows > 0 AND state IN ({}))
             AND EXISTS (SELECT 1 FROM shape WHERE campaign_id = campaign.id
                 AND (json_extract(request, '$.source.s') IS NOT NULL
                     OR json_extract(request, '$.source.f') IN (SELECT value FROM json_each(?2))))",
        sql::CONTACTED
    ))?;
    let found = statement.query_map(params![campaign.0, sources], |row| row.get(0))?;
    Ok(found.collect::<Result<_, _>>()?)
}

impl Journal {
    /// Whether some rows may have stayed with the sender of an earlier contact, whatever the file says of them.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn senders_may_stay(&self, campaign: CampaignId, senders: &[Sender]) -> Result<bool, JournalError> {
        Ok(!earlier(&self.connection, campaign, senders)?.is_empty())
    }
}

impl PlanSenders {
    /// These senders, entered in the journal. Their rows are `planned` anew, all of them, or some stay as they are.
    pub(in crate::journal) fn of(
        tx: &Transaction<'_>,
        campaign: CampaignId,
        senders: &[Sender],
        planned: bool,
    ) -> Result<Self, JournalError> {
        let known = senders.iter().map(|sender| Ok((enter(tx, campaign, sender, planned)?, sender.clone())));
        let known = known.collect::<Result<Vec<_>, JournalError>>()?;
        let name: String =
            tx.query_row("SELECT name FROM campaign WHERE id = ?1", [campaign.0], |row| row.get(0))?;
        let tokens = senders.iter().filter_map(|sender| sender.tokens(&name)).collect();
        Ok(Self {
            senders: known,
            earlier: earlier(tx, campaign, senders)?,
            templates: HashMap::new(),
            tokens,
        })
    }

    /// The id of a sender by its place in the definition.
    pub(in crate::journal) fn id(&self, at: Option<usize>) -> Option<SenderId> {
        Some(self.senders.get(at?)?.0)
    }

    /// The tokens of a sender's instance, where senders have instances of their own.
    pub(in crate::journal) fn tokens(&self, at: Option<usize>) -> Option<TokenSpace> {
        self.tokens.get(at?).copied()
    }

    /// The same line from the sender that contacted its number last, if one of them did that still sends to its country.
    pub(in crate::journal) fn stick<'l>(
        &mut self,
        tx: &Transaction<'_>,
        line: &'l FileLine,
    ) -> Result<Cow<'l, FileLine>, JournalError> {
        let same = Ok(Cow::Borrowed(line));
        let Content::Recipient { destination, sender: Some(sender), .. } = &line.content else { return same };
        if self.earlier.is_empty() {
            return same;
        }
        let Some(last) = self.last(tx, destination)?.filter(|last| last != sender) else { return same };
        let region = phone::parse(destination, None).ok().and_then(|phone| phone.region);
        let all: Vec<Sender> = self.senders.iter().map(|(_, sender)| sender.clone()).collect();
        if !serving(&all, region).any(|at| at == last) {
            return same;
        }
        let mut line = line.clone();
        if let Content::Recipient { sender, slots, key, client_token, .. } = &mut line.content {
            *sender = Some(last);
            self.senders[last].1.take_over(slots);
            *client_token = self.tokens.get(last).map_or(*client_token, |tokens| tokens.token(key));
        }
        Ok(Cow::Owned(line))
    }

    /// The sender that contacted a number last, or may have.
    fn last(&mut self, tx: &Transaction<'_>, number: &str) -> Result<Option<usize>, JournalError> {
        let mut last: Option<(UnixMillis, usize)> = None;
        for campaign in &self.earlier {
            let mut statement = tx.prepare_cached(&format!(
                "SELECT settled_at, shape_id, slots FROM number JOIN row ON row.id = number.row_id
                 WHERE number.campaign_id = ?1 AND number.destination = ?2 AND state IN ({})
                     AND shape_id IS NOT NULL AND slots IS NOT NULL",
                sql::CONTACTED
            ))?;
            let mut rows = statement.query(params![campaign, number])?;
            while let Some(row) = rows.next()? {
                // What is in doubt may be contacted at any moment.
                let at = row.get::<_, Option<StampColumn>>(0)?.map_or(UnixMillis::NEVER, |stamp| stamp.0);
                let TextsColumn(slots) = row.get(2)?;
                let template = template(tx, &mut self.templates, row.get(1)?)?;
                let source = source(template, &slots);
                if let Some(place) = self.senders.iter().position(|(_, sender)| sender.source == source)
                    && last.is_none_or(|(known, _)| known <= at)
                {
                    last = Some((at, place));
                }
            }
        }
        Ok(last.map(|(_, place)| place))
    }
}
