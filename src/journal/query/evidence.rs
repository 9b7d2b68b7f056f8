//! What an auditor asks of a campaign besides its report: what exactly each row is sent, what people decided, and which of its
//! numbers are on a list. All of it streamed.

use std::collections::HashMap;

use rusqlite::params;
use uuid::Uuid;

use crate::domain::delivery::state::State;
use crate::domain::hours::zones::Zones;
use crate::domain::hours::{Jurisdiction, Lane};
use crate::domain::message::request::RequestTemplate;
use crate::domain::unix_millis::UnixMillis;
use crate::journal::error::JournalError;
use crate::journal::query::snapshot::Snapshot;
use crate::journal::row::{CampaignId, StampColumn, StateColumn, TextsColumn, TokenColumn};

/// A row with the request that is made for it, in every attempt the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowRequest<'r> {
    /// Its line in the file last read; `None` where it is not in it any more.
    pub line: Option<u64>,
    /// What makes it the same recipient.
    pub key: &'r str,
    /// Where it stands.
    pub state: State,
    /// The idempotency token.
    pub client_token: Uuid,
    /// When the first request left.
    pub first_attempt_at: Option<UnixMillis>,
    /// What it waited for besides its turn; `None` where it was planned without hours.
    pub lane: Option<&'r Lane>,
    /// The request's body, JSON.
    pub body: &'r [u8],
}

/// What a person decided on a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionRecord {
    /// The row's line, where it is still in the file.
    pub line: Option<u64>,
    /// Its key, where that was not purged.
    pub key: Option<String>,
    /// When it was decided.
    pub at: UnixMillis,
    /// What.
    pub decision: String,
    /// The contact that the person found.
    pub contact_id: Option<String>,
}

/// A number of a campaign that is on a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedNumber {
    /// The account's opt-out list; `None`: the journal's own list.
    pub list: Option<String>,
    /// The number, E.164.
    pub number: String,
    /// Since when it is on it.
    pub at: UnixMillis,
    /// False where the list's last reading did not find it any more.
    pub current: bool,
    /// The note.
    pub note: Option<String>,
}

impl Snapshot<'_> {
    /// Calls `each` for every row that has a request, in the order of their ids. What was purged has none. Constant memory.
    ///
    /// # Errors
    /// Where the journal cannot be read, or the first error of `each`.
    pub fn each_request<E: From<JournalError>>(
        &self,
        campaign: CampaignId,
        mut each: impl FnMut(&RowRequest<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let shapes: HashMap<i64, RequestTemplate> = self.shapes(campaign)?.into_iter().collect();
        let lanes = self.lanes_by_id(campaign)?;
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT line, key, state, client_token, first_attempt_at, lane_id, shape_id, slots, destination, id FROM row
                 WHERE campaign_id = ?1 AND shape_id IS NOT NULL AND client_token IS NOT NULL AND slots IS NOT NULL
                     AND key IS NOT NULL AND destination IS NOT NULL
                 ORDER BY id",
            )
            .map_err(JournalError::from)?;
        let mut rows = statement.query(params![campaign.0]).map_err(JournalError::from)?;
        while let Some(row) = rows.next().map_err(JournalError::from)? {
            let found = || -> Result<_, JournalError> {
                let id: i64 = row.get(9)?;
                let StateColumn(state) = row.get(2)?;
                let (TokenColumn(token), TextsColumn(slots)) = (row.get(3)?, row.get(7)?);
                let unreadable = |what: String| JournalError::Unreadable { row: id, what };
                let shape = shapes.get(&row.get(6)?);
                let shape = shape.ok_or_else(|| unreadable("its request is missing".to_owned()))?;
                let destination: String = row.get(8)?;
                let request = shape.fill(&slots, &destination, token);
                let body = request.map_err(|error| unreadable(error.to_string()))?.body();
                let lane = row.get::<_, Option<i64>>(5)?.and_then(|lane| lanes.get(&lane));
                let at = row.get::<_, Option<StampColumn>>(4)?.map(|stamp| stamp.0);
                let line = row.get::<_, Option<i64>>(0)?.and_then(|line| u64::try_from(line).ok());
                Ok((line, row.get::<_, String>(1)?, state, token, at, lane, body))
            };
            let (line, key, state, client_token, first_attempt_at, lane, body) = found()?;
            each(&RowRequest { line, key: &key, state, client_token, first_attempt_at, lane, body: &body })?;
        }
        Ok(())
    }

    fn lanes_by_id(&self, campaign: CampaignId) -> Result<HashMap<i64, Lane>, JournalError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT id, zones, jurisdiction FROM lane WHERE campaign_id = ?1")?;
        let lanes = statement.query_map([campaign.0], |row| {
            let (zones, jurisdiction): (String, String) = (row.get(1)?, row.get(2)?);
            let lane = Zones::parse(&zones)
                .map(|zones| Lane { zones, jurisdiction: Jurisdiction::parse(&jurisdiction) });
            Ok(lane.map(|lane| (row.get(0).unwrap_or_default(), lane)))
        })?;
        Ok(lanes.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
    }

    /// What people decided on rows of the campaign, in order.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn decisions(&self, campaign: CampaignId) -> Result<Vec<DecisionRecord>, JournalError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT line, key, at, decision, decision.contact_id FROM decision JOIN row ON row.id = row_id
             WHERE campaign_id = ?1 ORDER BY decision.id",
        )?;
        let decisions = statement.query_map([campaign.0], |row| {
            let StampColumn(at) = row.get(2)?;
            Ok(DecisionRecord {
                line: row.get::<_, Option<i64>>(0)?.and_then(|line| u64::try_from(line).ok()),
                key: row.get(1)?,
                at,
                decision: row.get(3)?,
                contact_id: row.get(4)?,
            })
        })?;
        Ok(decisions.collect::<Result<_, _>>()?)
    }

    /// Calls `each` for every number of the campaign that is on a list, and for each of its lists. Constant memory.
    ///
    /// # Errors
    /// Where the journal cannot be read, or the first error of `each`.
    pub fn each_listed<E: From<JournalError>>(
        &self,
        campaign: CampaignId,
        mut each: impl FnMut(&ListedNumber) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT NULL, destination, added_at, 1, note FROM suppression
                 WHERE destination IN (SELECT destination FROM row WHERE campaign_id = ?1)
                 UNION ALL
                 SELECT name, destination, opted_out_at, opt_out.reading >= opt_out_list.reading, NULL
                 FROM opt_out JOIN opt_out_list ON opt_out_list.id = list_id
                 WHERE destination IN (SELECT destination FROM row WHERE campaign_id = ?1)",
            )
            .map_err(JournalError::from)?;
        let mut rows = statement.query(params![campaign.0]).map_err(JournalError::from)?;
        while let Some(row) = rows.next().map_err(JournalError::from)? {
            let listed = || -> rusqlite::Result<ListedNumber> {
                let StampColumn(at) = row.get(2)?;
                let (list, number, current, note) = (row.get(0)?, row.get(1)?, row.get(3)?, row.get(4)?);
                Ok(ListedNumber { list, number, at, current, note })
            };
            each(&listed().map_err(JournalError::from)?)?;
        }
        Ok(())
    }
}
