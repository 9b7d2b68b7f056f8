//! Counts of what became of a campaign's started contacts.

use std::fmt;

use serde::Serialize;

use crate::domain::events::Delivery;
use crate::domain::figures::Grouped;

/// What became of a campaign's started rows; without `unmatched` the counts add up to them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct DeliveryCounts {
    /// A carrier or a phone has taken the message.
    pub delivered: u64,
    /// The message did not arrive.
    pub undelivered: u64,
    /// On its way.
    pub pending: u64,
    /// No receipt came.
    pub unknown: u64,
    /// Messages and contacts of the whole journal that no row was found for.
    pub unmatched: u64,
    /// Rows of which nothing was told.
    pub waiting: u64,
}

impl DeliveryCounts {
    /// Whether any event is in the journal.
    #[must_use]
    pub fn any(&self) -> bool {
        self.delivered + self.undelivered + self.pending + self.unknown + self.unmatched > 0
    }

    /// Whether anything is known of the campaign's own rows.
    #[must_use]
    pub fn is_told(&self) -> bool {
        self.delivered + self.undelivered + self.pending + self.unknown > 0
    }

    /// Takes note of so many messages that this became of.
    pub fn add(&mut self, delivery: Delivery, rows: u64) {
        *match delivery {
            Delivery::Delivered => &mut self.delivered,
            Delivery::Undelivered => &mut self.undelivered,
            Delivery::Pending => &mut self.pending,
            Delivery::Unknown => &mut self.unknown,
        } += rows;
    }

    /// Started rows of which there may be more to tell.
    #[must_use]
    pub fn open(&self) -> u64 {
        self.pending + self.waiting
    }
}

/// As a result tells it, in one line.
impl fmt::Display for DeliveryCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} delivered, {} undelivered", Grouped(self.delivered), Grouped(self.undelivered))?;
        if self.unknown > 0 {
            write!(f, ", {} without a receipt", Grouped(self.unknown))?;
        }
        write!(f, ", {} waiting for word", Grouped(self.open()))
    }
}
