//! What is ahead of a run where its pace alone does not tell: hours, a schedule, accounts that send beside each other,
//! senders that halted.

use std::time::Duration;

use super::Dispatcher;
use crate::domain::forecast::{RestAhead, RestLane, ends_at};
use crate::domain::hours::schedule::Schedule;
use crate::domain::unix_millis::UnixMillis;
use crate::journal::SenderId;

/// What is left to send through an account.
struct AccountRest {
    account: usize,
    /// Contacts per second.
    speed: f64,
    lanes: Vec<RestLane>,
}

impl AccountRest {
    fn rows(&self) -> u64 {
        self.lanes.iter().map(|lane| lane.rows).sum()
    }
}

impl Dispatcher<'_> {
    /// What is ahead, where the pace of one account does not tell. While the file is read, nobody knows what there is; a
    /// rehearsal tells its end itself.
    pub(super) fn ahead(&mut self, now: UnixMillis) -> Option<RestAhead> {
        let admittance = &self.engine.admittance;
        let schedule = admittance.schedule;
        let keeps_hours = admittance.hours.is_some() || schedule != Schedule::default();
        let accounts = self.send_gate.used_accounts();
        // What halted stays among the rows that are unsettled, and is not sent.
        let tells_more = keeps_hours || accounts.len() > 1 || !self.halted.is_empty();
        if !tells_more || self.engine.steady_clock || self.queue.is_reading() {
            return None;
        }
        let (lanes, closed_rows) = self.queue.rest(now);
        let opens_at = self.queue.next_opening(now).filter(|_| closed_rows > 0);
        let is_closed = self.closed.is_some();
        let rest = accounts.into_iter().map(|account| {
            let speed = self.send_gate.accounts[account].speed(now, is_closed)?;
            Some(AccountRest { account, speed, lanes: Vec::new() })
        });
        let ends_at = rest.collect::<Option<Vec<AccountRest>>>().and_then(|mut rest| {
            self.divide(lanes, &mut rest, now);
            let mut ends = rest.into_iter().map(|rest| self.end_of(rest, schedule, now));
            ends.try_fold(now, |last, end| Some(last.max(end?)))
        });
        Some(RestAhead { closed_rows, opens_at, ends_at })
    }

    /// What each account has of the rest: rows of its senders that wait, and those that are claimed, which leave as soon
    /// as they can.
    fn divide(
        &self,
        lanes: Vec<(Option<SenderId>, RestLane)>,
        accounts: &mut [AccountRest],
        now: UnixMillis,
    ) {
        let gates = &self.send_gate.instances;
        let waiting =
            lanes.into_iter().map(|(sender, lane)| (gates[self.queue.ready.instance(sender)].account, lane));
        let claimed = gates.iter().enumerate().map(|(instance, gate)| {
            let rows = self.queue.ready.len_of_instance(instance) + gate.in_flight().0;
            (gate.account, RestLane { hours: None, rows: rows as u64, from: now })
        });
        for (account, lane) in waiting.chain(claimed) {
            if let Some(rest) = accounts.iter_mut().find(|rest| rest.account == account) {
                rest.lanes.push(lane);
            }
        }
        // Of rows that came with the file while the run went on, and of those that are tried again, no lane tells the number.
        let known: u64 = accounts.iter().map(AccountRest::rows).sum();
        let others = self.unsettled.saturating_sub(known + self.queue.halted_rows());
        let all: f64 = accounts.iter().map(|rest| rest.speed).sum();
        for rest in accounts {
            let rows = (others as f64 * rest.speed / all).round() as u64;
            rest.lanes.push(RestLane { hours: None, rows, from: now });
        }
    }

    /// When the rest of an account ends, by its hours and by how many contacts of an instance may be alive.
    fn end_of(&mut self, rest: AccountRest, schedule: Schedule, now: UnixMillis) -> Option<UnixMillis> {
        let (rows, speed) = (rest.rows(), rest.speed);
        let gates = self.send_gate.instances.iter_mut();
        let mut gates = gates.filter(|gate| gate.is_used && gate.account == rest.account);
        // Where it has several instances, nobody knows what each has of the rest.
        let held = match (gates.next(), gates.next()) {
            (Some(only), None) => only.active().bound().map_or(0.0, |active| active.seconds(rows, speed)),
            _ => 0.0,
        };
        let paced = ends_at(rest.lanes, schedule, now, speed)?;
        Some(paced.max(now.plus(Duration::try_from_secs_f64(held).ok()?)))
    }
}
