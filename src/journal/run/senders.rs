//! The senders of a run: what each has sent today and lately, over all campaigns of the journal, and rows that go from one that
//! halted to others.

use std::collections::BTreeSet;

use rusqlite::{Transaction, params};

use crate::domain::delivery::bucket_history::BucketHistory;
use crate::domain::delivery::state::State;
use crate::domain::hours::zones::Zones;
use crate::domain::hours::{Jurisdiction, Lane};
use crate::domain::phone;
use crate::domain::senders::{HaltRule, PartRate, Sender, SenderAccount, assign};
use crate::domain::unix_millis::UnixMillis;
use crate::journal::error::JournalError;
use crate::journal::file::open::{Journal, Reader};
use crate::journal::plan::lanes::LaneIds;
use crate::journal::plan::senders::enter;
use crate::journal::row::{
    CampaignId, LaneId, RowId, SenderId, StampColumn, TextsColumn, TokenColumn, texts,
};
use crate::journal::sql;

/// The rate of a sender that rows wait for and the definition does not have any more, in parts per second: the lowest that
/// carriers give (connect.md has a long code of Canada).
const UNKNOWN_RATE: f64 = 1.0;
/// A run that gave no sign of life for so long has sent nothing since.
const SILENT_MILLIS: i64 = 3_600_000;
/// Rows that go to other senders in one transaction, at most.
const BATCH: i64 = 2_000;

/// The campaigns of the same service that send from a source, as a condition on `campaign`: ?1 is a campaign, ?2 the source.
const OF_SOURCE: &str = "service = (SELECT service FROM campaign WHERE id = ?1) AND (
    EXISTS (SELECT 1 FROM sender WHERE sender.campaign_id = campaign.id AND sender.source = ?2)
    OR EXISTS (SELECT 1 FROM shape WHERE shape.campaign_id = campaign.id AND json_extract(request, '$.source.f') = ?2))";

/// Rows of a sender that halted are to go to others.
#[derive(Debug, Clone)]
pub struct Reassignment {
    /// The sender whose rows they are.
    pub from: SenderId,
    /// All senders of the campaign.
    pub senders: Vec<(SenderId, Sender)>,
    /// Those that nothing goes to.
    pub halted: Vec<SenderId>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reassigned {
    /// Rows that have another sender now.
    pub rows: u64,
    /// The lanes that they are in. They wait there until the moment at which they were moved.
    pub lanes: Vec<LaneId>,
}

impl Journal {
    /// The definition's senders by their ids, and those that rows wait for which the definition has no more: they send slowly.
    ///
    /// # Errors
    /// Where the journal cannot be read or written.
    pub fn senders(
        &mut self,
        campaign: CampaignId,
        senders: &[Sender],
    ) -> Result<Vec<(SenderId, Sender)>, JournalError> {
        let tx = self.begin_write()?;
        let known = senders.iter().map(|sender| Ok((enter(&tx, campaign, sender, false)?, sender.clone())));
        let mut known = known.collect::<Result<Vec<_>, JournalError>>()?;
        let others = {
            let mut statement = tx.prepare(&format!(
                "SELECT id, name, source, instance_id, contact_flow_id, region, account, profile FROM sender WHERE campaign_id = ?1 AND EXISTS (
                     SELECT 1 FROM row WHERE row.campaign_id = ?1 AND row.sender_id = sender.id AND state IN ({}))",
                sql::UNSETTLED
            ))?;
            let found = statement.query_map([campaign.0], |row| {
                let sender = Sender {
                    name: row.get(1)?,
                    source: row.get(2)?,
                    rate: Some(PartRate::of(UNKNOWN_RATE, None)),
                    per_day: None,
                    countries: Vec::new(),
                    weight: 1.0,
                    on_halt: HaltRule::Wait,
                    account: account(row)?,
                };
                Ok((SenderId(row.get(0)?), sender))
            })?;
            found.collect::<Result<Vec<_>, _>>()?
        };
        tx.commit()?;
        known.extend(others.into_iter().filter(|(id, _)| senders_lack(&known, *id)).collect::<Vec<_>>());
        Ok(known)
    }

    /// Messages that a source has sent from a moment on, or may have, in all campaigns of the same service.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn sent_since(
        &self,
        campaign: CampaignId,
        source: &str,
        since: UnixMillis,
    ) -> Result<u64, JournalError> {
        let sent: i64 = self.connection.query_row(
            &format!(
                "SELECT count(*) FROM row
                 WHERE campaign_id IN (SELECT id FROM campaign WHERE {OF_SOURCE})
                     AND state IN ({contacted}) AND (state = {attempting} OR settled_at >= ?3)
                     AND (sender_id IN (SELECT id FROM sender WHERE source = ?2)
                         OR shape_id IN (SELECT id FROM shape WHERE json_extract(request, '$.source.f') = ?2))",
                contacted = sql::CONTACTED,
                attempting = State::Attempting.code()
            ),
            params![campaign.0, source, StampColumn(since)],
            |row| row.get(0),
        )?;
        Ok(sent.unsigned_abs())
    }

    /// How long ago a source sent last, as the ends of the last runs tell of all campaigns that send from it.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn sender_history(
        &self,
        campaign: CampaignId,
        source: &str,
        now: UnixMillis,
    ) -> Result<BucketHistory, JournalError> {
        let last: Option<StampColumn> = self.connection.query_row(
            &format!(
                "SELECT max(coalesce(ended_at, iif(seen_at > ?3 - {SILENT_MILLIS}, ?3, seen_at))) FROM run
                 WHERE campaign_id IN (SELECT id FROM campaign WHERE {OF_SOURCE})"
            ),
            params![campaign.0, source, StampColumn(now)],
            |row| row.get(0),
        )?;
        Ok(last.map_or(BucketHistory::Fresh, |last| BucketHistory::Quiet(now.since(last.0))))
    }
}

impl Reader {
    /// The instances and accounts of senders that rows wait for, where they have their own.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn sender_accounts(&self, campaign: CampaignId) -> Result<Vec<SenderAccount>, JournalError> {
        let mut statement = self.connection.prepare(&format!(
            "SELECT id, name, source, instance_id, contact_flow_id, region, account, profile FROM sender
             WHERE campaign_id = ?1 AND instance_id IS NOT NULL AND EXISTS (
                 SELECT 1 FROM row WHERE row.campaign_id = ?1 AND row.sender_id = sender.id AND state IN ({}))",
            sql::UNSETTLED
        ))?;
        let accounts = statement.query_map([campaign.0], account)?;
        let accounts: Vec<Option<SenderAccount>> = accounts.collect::<Result<_, _>>()?;
        Ok(accounts.into_iter().flatten().collect())
    }

    /// What the senders of a campaign are called, and where they send from; those of the latest run first.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn homes_of_senders(
        &self,
        campaign: CampaignId,
    ) -> Result<Vec<(String, Option<SenderAccount>)>, JournalError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id, name, source, instance_id, contact_flow_id, region, account, profile FROM sender
             WHERE campaign_id = ?1 ORDER BY EXISTS (SELECT 1 FROM run_sender WHERE sender_id = sender.id
                 AND run_id = (SELECT max(id) FROM run WHERE campaign_id = ?1)) DESC, id",
        )?;
        let homes = statement.query_map([campaign.0], |row| Ok((row.get(1)?, account(row)?)))?;
        Ok(homes.collect::<Result<_, _>>()?)
    }
}

/// Where the contacts of a sender were started that the definition does not have any more.
fn account(row: &rusqlite::Row<'_>) -> rusqlite::Result<Option<SenderAccount>> {
    let (Some(instance_id), Some(contact_flow_id)) = (row.get(3)?, row.get(4)?) else { return Ok(None) };
    Ok(Some(SenderAccount {
        instance_id,
        contact_flow_id,
        region: row.get(5)?,
        account: row.get(6)?,
        profile: row.get(7)?,
        rate: None,
        burst: None,
    }))
}

fn senders_lack(known: &[(SenderId, Sender)], id: SenderId) -> bool {
    known.iter().all(|(known, _)| *known != id)
}

/// Rows of a sender that were never attempted go to others, a batch of them; `after` is where the last batch ended. Those whose
/// country no other sender serves stay. Says where the next batch begins, `None` where there is none.
pub(in crate::journal) fn reassign(
    tx: &Transaction<'_>,
    campaign: CampaignId,
    wanted: &Reassignment,
    (after, now): (RowId, UnixMillis),
) -> Result<(Reassigned, Option<RowId>), JournalError> {
    let rows: Vec<(i64, String, TextsColumn, String, String, String)> = {
        let mut statement = tx.prepare_cached(&format!(
            "SELECT row.id, destination, slots, zones, jurisdiction, key FROM row JOIN lane ON lane.id = lane_id
             WHERE row.campaign_id = ?1 AND state = {} AND row.sender_id = ?2 AND attempts = 0 AND row.id > ?3
             ORDER BY row.id LIMIT {BATCH}",
            State::Queued.code()
        ))?;
        let found = statement.query_map(params![campaign.0, wanted.from.0, after.0], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?))
        })?;
        found.collect::<Result<_, _>>()?
    };
    let next = rows.last().map(|row| RowId(row.0));
    let senders: Vec<Sender> = wanted.senders.iter().map(|(_, sender)| sender.clone()).collect();
    let may = |at: usize| !wanted.halted.contains(&wanted.senders[at].0);
    let (mut ids, mut lanes, mut moved) = (LaneIds::default(), BTreeSet::new(), 0);
    let name: String =
        tx.query_row("SELECT name FROM campaign WHERE id = ?1", [campaign.0], |row| row.get(0))?;
    for (id, number, TextsColumn(mut slots), zones, jurisdiction, key) in rows {
        let region = phone::parse(&number, None).ok().and_then(|phone| phone.region);
        let Some(to) = assign(&senders, &number, region, may) else { continue };
        let (sender, to) = (wanted.senders[to].0, &senders[to]);
        to.take_over(&mut slots);
        let client_token = to.tokens(&name).map(|tokens| TokenColumn(tokens.token(&key)));
        let zones = Some(zones).filter(|zones| !zones.is_empty()).and_then(|zones| Zones::parse(&zones));
        let lane = zones.map(|zones| Lane { zones, jurisdiction: Jurisdiction::parse(&jurisdiction) });
        let lane = ids.id(tx, campaign, lane.as_ref(), Some(sender))?;
        // They wait until now, so that they are found whatever is claimed of their new lane already. A time of their own stays.
        tx.prepare_cached(
            "UPDATE row SET sender_id = ?2, slots = ?3, lane_id = ?4, client_token = coalesce(?6, client_token), waits_for = iif(waits_until > ?5, waits_for, 1),
                 waits_until = max(coalesce(waits_until, 0), ?5) WHERE id = ?1",
        )?
        .execute(params![id, sender.0, texts(&slots), lane.map(|lane| lane.0), StampColumn(now), client_token])?;
        lanes.extend(lane);
        moved += 1;
    }
    Ok((Reassigned { rows: moved, lanes: lanes.into_iter().collect() }, next))
}
