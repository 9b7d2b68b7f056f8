//! What earlier contacts and limits keep from being sent, before a run begins.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::Preflight;
use crate::domain::delivery::state::State;
use crate::domain::figures::{Grouped, UtcTime, counted};
use crate::domain::limits::{Budget, HeldRows, LimitReached, OverLimit};
use crate::domain::unix_millis::UnixMillis;

impl Preflight {
    /// For scripts.
    pub(super) fn held(&self) -> Value {
        let HeldRows { too_often, open, until } = self.facts.held;
        json!({ "too_often": too_often, "contact_open": open, "until": until.map(|until| until.to_string()) })
    }

    /// Rows whose numbers were contacted lately: they wait, or are left out.
    pub(super) fn write_earlier_contacts(&self, text: &mut String) {
        let HeldRows { too_often, open, until } = self.facts.held;
        let wait = |rows: u64| {
            let verb = if rows == 1 { "waits" } else { "wait" };
            let until =
                until.map_or_else(String::new, |until| format!(", the last until {}", UtcTime(until)));
            format!("{verb} for that{until}")
        };
        let foreseen = self.forecast().map_or(0, |forecast| forecast.left_out.rows);
        // Of rows with a number in common, the first ones are contacts when the others have their turn.
        let too_often = too_often.max(foreseen);
        if too_often > 0 {
            let rows = counted(too_often, "row has a number", "rows have numbers");
            let then = match self.found.contact_limits.over {
                OverLimit::Suppress if too_often == 1 => "is left out".to_owned(),
                OverLimit::Suppress => "are left out".to_owned(),
                OverLimit::Wait => wait(too_often),
            };
            let _ =
                write!(text, "\nlimits: {rows} with as many contacts as per_recipient allows, and {then}");
        }
        if open > 0 {
            let rows = counted(open, "row has a number", "rows have numbers");
            let _ = write!(
                text,
                "\nnote: {rows} whose last contact with this sender may still be open, and {}.\n  A contact is over after \
                 chat_duration_minutes, else contact_life in [pace], else 25 hours: set chat_duration_minutes to wait less \
                 the next time.",
                wait(open)
            );
        }
    }

    /// Whether a budget is spent before the last row. A forecast knows what was spent before, and what a limit takes a contact
    /// to cost.
    fn ends_by_cost(&self, budget: &Budget) -> bool {
        let Some(forecast) = self.forecast() else { return budget.most < self.found.messages.cost };
        let contacted = self.facts.tally[State::Started] + self.facts.tally[State::Uncertain];
        let by_contacts = self.found.contact_limits.contacts.map(|most| most.saturating_sub(contacted));
        forecast.left.rows > 0 && by_contacts.is_none_or(|left| forecast.contacts() < left)
    }

    /// Limits of the campaign that end the run before its last row.
    pub(super) fn write_limits(&self, text: &mut String) {
        let (limits, messages) = (&self.found.contact_limits, &self.found.messages);
        let tally = &self.facts.tally;
        let to_send = self.to_send();
        let these = counted(to_send, "contact", "contacts");
        if let Some(most) = limits.contacts {
            let contacted = tally[State::Started] + tally[State::Uncertain];
            let left = most.saturating_sub(contacted);
            if left < to_send {
                let _ = write!(
                    text,
                    "\nlimits: {} leaves {} of these {} unsent",
                    LimitReached::Contacts(most),
                    Grouped(to_send - left),
                    these
                );
            }
        }
        if let Some(most) = limits.per_day.filter(|most| *most < to_send) {
            let days = to_send.div_ceil(most);
            let _ = write!(
                text,
                "\nlimits: {} makes {} of runs of these {}, one each day",
                LimitReached::PerDay(most, UnixMillis::NEVER),
                counted(days, "day", "days"),
                these
            );
        }
        if let Some(budget) = &limits.cost
            && self.ends_by_cost(budget)
        {
            let _ = write!(
                text,
                "\nlimits: {} is less than these {} cost: the run ends when it is spent",
                LimitReached::Cost(budget.most),
                these
            );
            if messages.unpriced > 0 {
                text.push_str("\n  A country without a price counts as the dearest one.");
            }
        }
    }
}
