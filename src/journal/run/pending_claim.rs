//! A claim that is being made: each row that it comes to is taken, held, left out or expired, by what is known inside its
//! transaction.

use rusqlite::Transaction;

use crate::domain::delivery::state::State;
use crate::domain::limits::{LimitReached, OverLimit};
use crate::domain::row::suppression::Suppressed;
use crate::domain::unix_millis::UnixMillis;
use crate::journal::admission::Admission;
use crate::journal::error::JournalError;
use crate::journal::row::{CampaignId, LaneId, RowId};
use crate::journal::run::allowance::{Allowance, CostLedger};
use crate::journal::run::claimed::{Claim, Claimed, Shapes, Wake};
use crate::journal::run::expiry;
use crate::journal::run::limits::{self, ContactedNumbers};
use crate::journal::run::suppression::{self, Lists};
use crate::journal::tally::Delta;

/// Rows that one claim puts aside, at most: it is one transaction, and others wait for it.
const PUT_ASIDE: usize = 10_000;

/// What claims of one campaign know from one to the next.
#[derive(Debug, Default)]
pub(in crate::journal) struct ClaimState {
    pub(in crate::journal) shapes: Shapes,
    /// Where the campaign has a budget.
    pub(in crate::journal) costs: Option<CostLedger>,
}

/// What every row of a claim is asked.
pub(in crate::journal) struct ClaimRules<'a> {
    lists: Lists<'a>,
    contacted: ContactedNumbers<'a>,
    allowance: Allowance<'a>,
    over: OverLimit,
    now: UnixMillis,
    /// Rows that were put aside so far.
    put_aside: usize,
    /// The campaign's own limit that left a row unclaimed.
    limited: Option<LimitReached>,
}

impl<'a> ClaimRules<'a> {
    pub(in crate::journal) fn of(
        tx: &'a Transaction<'a>,
        (state, admission): (&mut ClaimState, &'a Admission),
        campaign: CampaignId,
        delta: &Delta,
        now: UnixMillis,
    ) -> Result<Self, JournalError> {
        let limits = &admission.limits.limits;
        let memory = (&mut state.shapes, state.costs.take());
        Ok(Self {
            lists: Lists::of(tx, admission)?,
            contacted: ContactedNumbers::of(tx, campaign, &admission.limits, now)?,
            allowance: Allowance::of(tx, memory, campaign, limits, delta, now)?,
            over: limits.over,
            now,
            put_aside: 0,
            limited: None,
        })
    }

    /// The claim is made: what the next one needs to know is kept. Says which limit of the campaign left a row unclaimed.
    pub(in crate::journal) fn end(self, state: &mut ClaimState) -> Option<LimitReached> {
        state.costs = self.allowance.into_ledger();
        self.limited
    }
}

/// What becomes of a row that a claim comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::journal) enum Looked {
    /// It is dealt with.
    Done,
    /// The claim ends before it.
    Stop,
}

/// Rows of a claim that is being made.
#[derive(Default)]
pub(in crate::journal) struct PendingClaim {
    pub(in crate::journal) rows: Vec<(Claimed, State)>,
    suppressed: Vec<(Claimed, Suppressed)>,
    expired: Vec<Claimed>,
    held: Vec<(RowId, Option<LaneId>, UnixMillis)>,
}

impl PendingClaim {
    /// Deals with a row. What is in doubt is claimed whatever the rules say: it counts already, and only its replay can tell
    /// what became of it.
    pub(in crate::journal) fn take(
        &mut self,
        rules: &mut ClaimRules<'_>,
        key: &str,
        (claimed, state): (Claimed, State),
    ) -> Result<Looked, JournalError> {
        if state != State::Queued {
            self.rows.push((claimed, state));
            return Ok(Looked::Done);
        }
        if rules.put_aside == PUT_ASIDE {
            return Ok(Looked::Stop);
        }
        rules.put_aside += 1;
        if claimed.not_after.is_some_and(|end| end <= rules.now) {
            self.expired.push(claimed);
            return Ok(Looked::Done);
        }
        let number = &claimed.frozen.destination;
        if let Some(why) = rules.lists.stops(number, state, key)? {
            self.suppressed.push((claimed, why));
            return Ok(Looked::Done);
        }
        let said = (claimed.frozen.form.shape(), claimed.frozen.slots.as_slice());
        match rules.contacted.holds(claimed.id, number, said)? {
            Some(held) if held.too_often && rules.over == OverLimit::Suppress => {
                self.suppressed.push((claimed, Suppressed::TooOften));
            }
            Some(held) => self.held.push((claimed.id, claimed.lane, held.until)),
            None => {
                if let Err(reached) = rules.allowance.take(&claimed) {
                    rules.limited = Some(reached);
                    return Ok(Looked::Stop);
                }
                rules.contacted.take(number, said);
                rules.put_aside -= 1;
                self.rows.push((claimed, state));
            }
        }
        Ok(Looked::Done)
    }

    /// Suppresses whom nothing is sent to, holds rows that wait for earlier contacts, and expires rows whose time is over. The
    /// others are still to be marked, and put into the claim.
    pub(in crate::journal) fn without_others(
        self,
        tx: &Transaction<'_>,
        now: UnixMillis,
        delta: &mut Delta,
    ) -> Result<(Vec<(Claimed, State)>, Claim), JournalError> {
        for (row, why) in &self.suppressed {
            suppression::stop(tx, row.id.0, why, delta)?;
        }
        for row in &self.expired {
            expiry::expire_row(tx, row.id, now, delta)?;
        }
        let mut wakes: Vec<Wake> = Vec::new();
        for (id, lane, until) in self.held {
            limits::hold(tx, id, until)?;
            match wakes.iter_mut().find(|wake| wake.lane == lane) {
                Some(wake) => wake.at = wake.at.min(until),
                None => wakes.push(Wake { lane, at: until, limited: true }),
            }
        }
        let suppressed = self.suppressed.into_iter().map(|row| row.0.line).collect();
        let expired = self.expired.into_iter().map(|row| row.line).collect();
        Ok((self.rows, Claim { suppressed, expired, wakes, ..Claim::default() }))
    }
}
