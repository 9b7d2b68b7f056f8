//! How much more a campaign may start by its own limits: contacts, contacts of a day, cost. Asked inside the claim's
//! transaction.
//!
//! What is in doubt counts. What turns out to have no contact gives its place back.

use std::collections::HashMap;
use std::time::Duration;

use rusqlite::{OptionalExtension, Transaction, params};

use crate::domain::delivery::state::State;
use crate::domain::forecast::EarlierContacts;
use crate::domain::limits::{Budget, ContactLimits, LimitReached};
use crate::domain::phone;
use crate::domain::prices::Prices;
use crate::domain::unix_millis::UnixMillis;
use crate::journal::error::JournalError;
use crate::journal::file::open::Journal;
use crate::journal::row::{CampaignId, Frozen, RowId, StampColumn, StateColumn, TextsColumn};
use crate::journal::run::claimed::{Claimed, Shapes};
use crate::journal::run::limits;
use crate::journal::sql;
use crate::journal::tally::{self, Delta};

/// Costs are sums of floats: a budget is exceeded by more than their error.
const ROUNDING: f64 = 1e-6;

/// What a row's messages have cost, with the carriers' fees, once all that is told of them is final.
const REAL_PRICE: &str =
    "(SELECT total(price) + total(carrier_fee) FROM message WHERE message.row_id = row.id
    HAVING count(*) > 0 AND count(*) = count(price) AND min(final) = 1)";

/// How old the costs may be that a claim goes by, where others have written into the journal since: what they told may be
/// prices.
const LOOK_AGAIN: Duration = Duration::from_secs(600);

/// A number that changes with every commit of another connection.
fn written_by_others(tx: &Transaction<'_>) -> rusqlite::Result<i64> {
    tx.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))
}

/// What contacts of a campaign have cost so far: by the account's prices where they are known, else by the estimate. Read
/// from the rows, then kept by the one who claims.
#[derive(Debug, Default)]
pub(in crate::journal) struct CostLedger {
    settled: f64,
    /// When the rows were read, and what [`written_by_others`] was then; `None` where prices that are told do not matter.
    read: Option<(UnixMillis, i64)>,
    /// Rows whose attempts had no outcome yet when they were last looked at.
    open: HashMap<RowId, f64>,
}

/// What is left for a claim.
pub(in crate::journal) struct Allowance<'a> {
    contacts: Option<(u64, LimitReached)>,
    budget: Option<(f64, &'a Budget)>,
    ledger: Option<CostLedger>,
}

impl<'a> Allowance<'a> {
    pub(in crate::journal) fn of(
        tx: &Transaction<'_>,
        (shapes, ledger): (&mut Shapes, Option<CostLedger>),
        campaign: CampaignId,
        limits: &'a ContactLimits,
        delta: &Delta,
        now: UnixMillis,
    ) -> Result<Self, JournalError> {
        let mut all = Self { contacts: None, budget: None, ledger };
        if limits.contacts.is_some() || limits.per_day.is_some() {
            let kept = tally::kept(tx, campaign)?;
            let contacted = |state: &State| {
                i64::try_from(kept[*state]).unwrap_or(i64::MAX).saturating_add(delta.of(*state))
            };
            let contacted: i64 = sql::CONTACTED.states().iter().map(contacted).sum();
            let contacted = u64::try_from(contacted).unwrap_or_default();
            let total =
                limits.contacts.map(|most| (most.saturating_sub(contacted), LimitReached::Contacts(most)));
            let today = match limits.per_day {
                None => None,
                Some(most) => {
                    let (begins, ends) = limits.day(now);
                    let today = contacted.saturating_sub(limits::contacted_before(tx, campaign, begins)?);
                    Some((most.saturating_sub(today), LimitReached::PerDay(most, ends)))
                }
            };
            all.contacts = total.into_iter().chain(today).min_by_key(|(left, _)| *left);
        }
        if let Some(budget) = &limits.cost {
            let known = match all.ledger.take() {
                Some(known) => known.looked_at_again(tx, now)?,
                None => None,
            };
            let ledger = match known {
                Some(known) => known,
                None => CostLedger::read(tx, shapes, campaign, (budget, now))?,
            };
            all.budget = Some((budget.most - ledger.total(), budget));
            all.ledger = Some(ledger);
        }
        Ok(all)
    }

    /// Takes the place of a row that is claimed, or says which limit leaves none.
    pub(in crate::journal) fn take(&mut self, row: &Claimed) -> Result<(), LimitReached> {
        if let Some((0, reached)) = self.contacts {
            return Err(reached);
        }
        if let Some((left, budget)) = &mut self.budget {
            let cost = cost(&budget.prices, &row.frozen);
            if cost > *left + ROUNDING {
                return Err(LimitReached::Cost(budget.most));
            }
            *left -= cost;
            self.ledger.get_or_insert_default().open.insert(row.id, cost);
        }
        if let Some((left, _)) = &mut self.contacts {
            *left -= 1;
        }
        Ok(())
    }

    /// What the next claim needs to know.
    pub(in crate::journal) fn into_ledger(self) -> Option<CostLedger> {
        self.ledger
    }
}

fn cost(prices: &Prices, frozen: &Frozen) -> f64 {
    let region = phone::parse(&frozen.destination, None).ok().and_then(|phone| phone.region);
    prices.contact(region, frozen.form.shape().message_text(&frozen.slots))
}

impl CostLedger {
    fn total(&self) -> f64 {
        self.settled + self.open.values().sum::<f64>()
    }

    /// From the rows of the campaign.
    fn read(
        tx: &Transaction<'_>,
        shapes: &mut Shapes,
        campaign: CampaignId,
        (budget, now): (&Budget, UnixMillis),
    ) -> Result<Self, JournalError> {
        let read = budget.takes_real_prices.then_some((now, written_by_others(tx)?));
        let mut ledger = Self { read, ..Self::default() };
        let mut statement = tx.prepare_cached(&format!(
            "SELECT id, state, destination, shape_id, slots, {REAL_PRICE} FROM row
             WHERE campaign_id = ?1 AND state IN ({}) AND destination IS NOT NULL AND slots IS NOT NULL",
            sql::CONTACTED
        ))?;
        let mut rows = statement.query([campaign.0])?;
        while let Some(row) = rows.next()? {
            let (StateColumn(state), TextsColumn(slots)) = (row.get(1)?, row.get(4)?);
            let destination: String = row.get(2)?;
            let region = phone::parse(&destination, None).ok().and_then(|phone| phone.region);
            let real: Option<f64> = row.get(5)?;
            let cost = match real.filter(|_| budget.takes_real_prices && state == State::Started) {
                Some(real) => real,
                None => {
                    budget.prices.contact(region, shapes.get(tx, row.get(3)?)?.shape().message_text(&slots))
                }
            };
            if state == State::Attempting {
                ledger.open.insert(RowId(row.get(0)?), cost);
            } else {
                ledger.settled += cost;
            }
        }
        Ok(ledger)
    }

    /// Rows that had no outcome may have one by now.
    fn looked_at_again(
        mut self,
        tx: &Transaction<'_>,
        now: UnixMillis,
    ) -> Result<Option<Self>, JournalError> {
        if let Some((at, written)) = self.read
            && (now < at || now >= at.plus(LOOK_AGAIN))
            && written_by_others(tx)? != written
        {
            return Ok(None);
        }
        let mut statement = tx.prepare_cached("SELECT state FROM row WHERE id = ?1")?;
        let mut open = HashMap::with_capacity(self.open.len());
        for (id, cost) in std::mem::take(&mut self.open) {
            match statement.query_row([id.0], |row| row.get(0)).optional()? {
                Some(StateColumn(State::Attempting)) => {
                    open.insert(id, cost);
                }
                Some(StateColumn(State::Started | State::Uncertain)) => self.settled += cost,
                _ => {}
            }
        }
        self.open = open;
        Ok(Some(self))
    }
}

impl Journal {
    /// What the campaign has used up of its limits, without the rows in doubt that a run goes on with.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn used_of_limits(
        &self,
        campaign: CampaignId,
        now: UnixMillis,
    ) -> Result<EarlierContacts, JournalError> {
        let limits = &self.admission.limits.limits;
        let mut used = EarlierContacts::default();
        let settled = format!("{}, {}", State::Started.code(), State::Uncertain.code());
        let count = |since: UnixMillis| {
            let sql = format!(
                "SELECT count(*) FROM row WHERE campaign_id = ?1 AND state IN ({settled}) AND settled_at >= ?2"
            );
            let rows: i64 =
                self.connection.query_row(&sql, params![campaign.0, StampColumn(since)], |row| row.get(0))?;
            Ok::<_, JournalError>(rows.unsigned_abs())
        };
        if limits.contacts.is_some() {
            used.contacts = count(UnixMillis::from_millis(i64::MIN))?;
        }
        if limits.per_day.is_some() {
            used.today = count(limits.day(now).0)?;
        }
        if let Some(budget) = &limits.cost {
            let tx = self.connection.unchecked_transaction()?;
            used.cost = CostLedger::read(&tx, &mut Shapes::default(), campaign, (budget, now))?.settled;
        }
        Ok(used)
    }
}
