//! What the rows that wait in the journal come to, where the file's own rows are not exactly those.

use super::messages::Messages;
use crate::domain::forecast::{Agenda, AgendaRow};
use crate::domain::hours::Lane;
use crate::domain::hours::schedule::Window;
use crate::domain::phone::Region;
use crate::domain::prices::Prices;

/// What the rows that wait in the journal come to.
#[derive(Debug, Clone)]
pub struct Waiting {
    pub(super) messages: Messages,
    pub(super) agenda: Option<Agenda>,
    /// What contacts cost, where that is limited.
    pub(super) budget: Option<Prices>,
}

impl Waiting {
    /// Takes note of what a row of the journal is to be sent, frozen or not.
    ///
    /// `number` is the recipient's, E.164.
    pub fn weigh(
        &mut self,
        line: Option<u64>,
        region: Option<Region>,
        (number, message): (&str, Option<&str>),
    ) {
        self.messages.add(line, region, (number, message));
    }

    /// Takes note of what such a row waits for. `region` and `message` tell what it costs, `sender` is the place of its sender.
    pub fn wait(
        &mut self,
        (line, lane, window): (Option<u64>, Option<&Lane>, Window),
        (region, message): (Option<Region>, Option<&str>),
        sender: Option<usize>,
    ) {
        if let Some(agenda) = &mut self.agenda {
            let cost = self.budget.as_ref().map_or(0.0, |prices| prices.contact(region, message));
            agenda.add(AgendaRow { line, lane, window, cost, sender, message, region });
        }
    }

    /// Whether only all rows tell which of them are the first to be sent.
    #[must_use]
    pub fn has_order(&self) -> bool {
        self.agenda.as_ref().is_some_and(Agenda::has_order)
    }

    /// Recipients that were weighed.
    #[must_use]
    pub fn recipients(&self) -> u64 {
        self.messages.recipients
    }
}
