//! What other campaigns of the journal have done with a number: whom `recipients.not_in` and `only_in` leave out. A number is a
//! person; each is one look-up in the table of numbers.

use std::fmt::Write as _;
use std::sync::Arc;

use rusqlite::{Connection, params};

use crate::domain::definition::{ByCampaigns, OnlyIn};
use crate::domain::delivery::state::State;
use crate::domain::row::suppression::Suppressed;
use crate::journal::error::JournalError;
use crate::journal::file::open::{Journal, Reader};
use crate::journal::plan::index;
use crate::journal::row::CampaignId;
use crate::journal::sql;

/// A campaign of the journal that a definition names, and why its numbers cannot be looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsearchable {
    /// Numbers and keys of its rows were removed.
    Purged,
    /// Its file was not read to its end, and nothing of it was sent.
    HalfPlanned,
}

/// Looks numbers up in other campaigns.
#[derive(Debug)]
pub struct EarlierCampaigns {
    reader: Reader,
    not_in: Vec<(CampaignId, Arc<str>)>,
    only_in: Option<WantedRows>,
}

/// Rows of another campaign that are asked for.
#[derive(Debug)]
struct WantedRows {
    campaign: CampaignId,
    name: Arc<str>,
    sql: String,
}

impl EarlierCampaigns {
    /// Of those campaigns that this journal has; the others are not its business.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn of(reader: Reader, selection: &ByCampaigns) -> Result<Self, JournalError> {
        let not_in = named(&reader.connection, &selection.not_in)?;
        let only_in = match &selection.only_in {
            None => None,
            Some(OnlyIn { campaign, states, deliveries }) => {
                let found = named(&reader.connection, std::slice::from_ref(campaign))?.pop();
                found.map(|(campaign, name)| WantedRows { campaign, name, sql: wanted(states, deliveries) })
            }
        };
        Ok(Self { reader, not_in, only_in })
    }

    /// Why the numbers of a campaign cannot be looked up, if so.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn unsearchable(&self, campaign: CampaignId) -> Result<Option<Unsearchable>, JournalError> {
        if self.reader.purged_at(campaign)?.is_some() {
            return Ok(Some(Unsearchable::Purged));
        }
        Ok((!index::is_made(&self.reader.connection, campaign)?).then_some(Unsearchable::HalfPlanned))
    }

    /// The campaigns that are looked at, each once for each time that the definition names it.
    pub fn campaigns(&self) -> impl Iterator<Item = (CampaignId, &str)> {
        let not_in = self.not_in.iter().map(|(campaign, name)| (*campaign, &**name));
        not_in.chain(self.only_in.iter().map(|only_in| (only_in.campaign, &*only_in.name)))
    }

    /// Why nothing is sent to this number, in E.164, if so.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn check(&self, number: &str) -> Result<Option<Suppressed>, JournalError> {
        let connection = &self.reader.connection;
        for (campaign, name) in &self.not_in {
            if has_contacted(connection, *campaign, number)? {
                return Ok(Some(Suppressed::ContactedElsewhere(Arc::clone(name))));
            }
        }
        let Some(WantedRows { campaign, name, sql }) = &self.only_in else { return Ok(None) };
        let found: bool =
            connection.prepare_cached(sql)?.query_row(params![campaign.0, number], |row| row.get(0))?;
        Ok((!found).then(|| Suppressed::NotInCampaign(Arc::clone(name))))
    }
}

impl Journal {
    /// Those of the named campaigns that this journal has, for claims to leave out whom they have contacted.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn campaigns_named(&self, names: &[String]) -> Result<Vec<(CampaignId, Arc<str>)>, JournalError> {
        named(&self.connection, names)
    }
}

/// Whether a campaign has contacted a number, or may have.
pub(in crate::journal) fn has_contacted(
    connection: &Connection,
    campaign: CampaignId,
    number: &str,
) -> Result<bool, JournalError> {
    Ok(connection
        .prepare_cached(&format!(
            "SELECT EXISTS (SELECT 1 FROM number JOIN row ON row.id = number.row_id
             WHERE number.campaign_id = ?1 AND number.destination = ?2 AND row.state IN ({}))",
            sql::CONTACTED
        ))?
        .query_row(params![campaign.0, number], |row| row.get(0))?)
}

fn named(connection: &Connection, names: &[String]) -> Result<Vec<(CampaignId, Arc<str>)>, JournalError> {
    let mut found = Vec::new();
    let mut statement = connection.prepare_cached("SELECT id FROM campaign WHERE name = ?1")?;
    for name in names {
        let mut rows = statement.query([name])?;
        if let Some(row) = rows.next()? {
            found.push((CampaignId(row.get(0)?), name.as_str().into()));
        }
    }
    Ok(found)
}

/// Whether a number has a row in one of the states, and started ones one of the deliveries.
fn wanted(states: &[State], deliveries: &[Option<crate::domain::events::Delivery>]) -> String {
    let list = |codes: Vec<String>| codes.join(", ");
    let mut sql = format!(
        "SELECT EXISTS (SELECT 1 FROM number JOIN row ON row.id = number.row_id LEFT JOIN delivery ON delivery.row_id = row.id
         WHERE number.campaign_id = ?1 AND number.destination = ?2 AND row.state IN ({})",
        list(states.iter().map(|state| state.code().to_string()).collect())
    );
    if !deliveries.is_empty() {
        let told = deliveries.iter().flatten().map(|delivery| delivery.code().to_string()).collect();
        let nothing = if deliveries.contains(&None) { "TRUE" } else { "FALSE" };
        let _ = write!(
            sql,
            " AND row.state = {} AND (delivery.delivery IN ({}) OR (delivery.delivery IS NULL AND {nothing}))",
            State::Started.code(),
            list(told)
        );
    }
    sql.push(')');
    sql
}
