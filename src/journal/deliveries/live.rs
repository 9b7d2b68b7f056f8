//! Events that come while a campaign is sent: taken in by the run's own writer, in the groups that it commits anyway.
//!
//! What has no row yet is tried again for a while: an event may come before the answer to its request is in the journal.

use std::collections::VecDeque;

use rusqlite::Transaction;

use crate::domain::events::AccountEvent;
use crate::journal::deliveries::intake::{Folded, OpenJoin, Senders, Taken};
use crate::journal::error::JournalError;
use crate::journal::row::CampaignId;

/// What is remembered of events without a row, at most. The rest is tried again when the run ends.
const REMEMBERED: usize = 10_000;
/// How many of them are tried again at a time: a group is not held up for long.
const AGAIN: usize = 500;
/// How often each is tried again.
const TRIES: u8 = 20;

/// What came of events that a run has taken in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LiveTaken {
    /// What they said.
    pub taken: Taken,
    /// AWS's final words on messages of the run's campaign, in order.
    pub last_words: Vec<String>,
    /// What has no row yet, and is tried again when it is asked for.
    pub open: usize,
}

/// Takes events in between the writer's other words.
#[derive(Debug, Default)]
pub(in crate::journal) struct LiveIntake {
    senders: Senders,
    open: VecDeque<(OpenJoin, u8)>,
}

impl LiveIntake {
    /// Sources whose phone number is not known have this one.
    pub(in crate::journal) fn assume(&mut self, number: Option<&str>) {
        if self.senders.assumed.as_deref() != number {
            self.senders.assumed = number.map(str::to_owned);
        }
    }

    /// Takes events in.
    pub(in crate::journal) fn take(
        &mut self,
        tx: &Transaction<'_>,
        campaign: CampaignId,
        events: &[AccountEvent],
    ) -> Result<LiveTaken, JournalError> {
        let folded = self.senders.fold(tx, events)?;
        self.end(tx, campaign, folded, 0)
    }

    /// Tries some of those again that had no row.
    pub(in crate::journal) fn again(
        &mut self,
        tx: &Transaction<'_>,
        campaign: CampaignId,
    ) -> Result<LiveTaken, JournalError> {
        let mut all = LiveTaken::default();
        let mut due: Vec<Vec<OpenJoin>> = Vec::new();
        let most = AGAIN.min(self.open.len());
        for (join, tries) in self.open.drain(..most) {
            due.resize_with(due.len().max(usize::from(tries) + 1), Vec::new);
            due[usize::from(tries)].push(join);
        }
        for (tries, open) in due.into_iter().enumerate().filter(|(_, open)| !open.is_empty()) {
            let folded = self.senders.retry(tx, open)?;
            let part = self.end(tx, campaign, folded, u8::try_from(tries + 1).unwrap_or(TRIES))?;
            all.taken += part.taken;
            all.last_words.extend(part.last_words);
        }
        Ok(LiveTaken { open: self.open.len(), ..all })
    }

    fn end(
        &mut self,
        tx: &Transaction<'_>,
        campaign: CampaignId,
        mut folded: Folded,
        tries: u8,
    ) -> Result<LiveTaken, JournalError> {
        let words = folded.words();
        if tries < TRIES {
            let room = REMEMBERED.saturating_sub(self.open.len());
            self.open.extend(folded.open.into_iter().take(room).map(|join| (join, tries)));
        }
        let mut last_words = Vec::new();
        for (row, word) in words {
            let of: i64 = tx
                .prepare_cached("SELECT campaign_id FROM row WHERE id = ?1")?
                .query_row([row], |row| row.get(0))?;
            last_words.extend((of == campaign.0).then_some(word));
        }
        Ok(LiveTaken { taken: folded.taken, last_words, open: self.open.len() })
    }
}
