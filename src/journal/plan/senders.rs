//! The senders of a plan: each has an id in the journal, and a number that one of them contacted before stays with it.

use std::borrow::Cow;
use std::collections::HashMap;

use rusqlite::{Connection, Transaction, params};

use crate::domain::message::request::RequestTemplate;
use crate::domain::phone;
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
}

/// The id of a sender, which is written where it is new, and its name where that is another one.
pub(in crate::journal) fn enter(
    tx: &Transaction<'_>,
    campaign: CampaignId,
    sender: &Sender,
) -> Result<SenderId, JournalError> {
    let id = tx.query_row(
        "INSERT INTO sender (campaign_id, name, source) VALUES (?1, ?2, ?3)
         ON CONFLICT (campaign_id, source) DO UPDATE SET name = excluded.name RETURNING id",
        params![campaign.0, sender.name, sender.source],
        |row| row.get(0),
    )?;
    Ok(SenderId(id))
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
    /// These senders, entered in the journal.
    pub(in crate::journal) fn of(
        tx: &Transaction<'_>,
        campaign: CampaignId,
        senders: &[Sender],
    ) -> Result<Self, JournalError> {
        let known = senders.iter().map(|sender| Ok((enter(tx, campaign, sender)?, sender.clone())));
        let known = known.collect::<Result<Vec<_>, JournalError>>()?;
        Ok(Self { senders: known, earlier: earlier(tx, campaign, senders)?, templates: HashMap::new() })
    }

    /// The id of a sender by its place in the definition.
    pub(in crate::journal) fn id(&self, at: Option<usize>) -> Option<SenderId> {
        Some(self.senders.get(at?)?.0)
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
        if let Content::Recipient { sender, slots, .. } = &mut line.content {
            *sender = Some(last);
            slots.last_mut().into_iter().for_each(|slot| slot.clone_from(&self.senders[last].1.source));
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
