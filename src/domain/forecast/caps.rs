//! What limits leave for a campaign that has not begun: contacts, contacts of a day, cost, and contacts of one number.

use std::collections::HashMap;
use std::time::Duration;

use crate::domain::limits::{ContactLimits, OverLimit, free_at};
use crate::domain::unix_millis::UnixMillis;

/// Costs are sums of floats: a budget is exceeded by more than their error.
const ROUNDING: f64 = 1e-6;

/// What a campaign has used up of its limits before it goes on.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct EarlierContacts {
    /// Contacts, those that may have been started included.
    pub contacts: u64,
    /// Those of the day on which it goes on.
    pub today: u64,
    /// What they cost.
    pub cost: f64,
}

/// Rows whose numbers other rows have too, or earlier contacts.
#[derive(Debug, Clone, Default)]
pub struct NumberBook {
    /// Of a line its number, and the pair of it and its sender.
    lines: HashMap<u32, (usize, u32)>,
    contacts: Vec<Vec<CountedContact>>,
    /// Numbers by the line that has them first, where no journal says more.
    firsts: HashMap<u64, usize>,
    /// How long a contact is open; `None` where several may be.
    life: Option<Duration>,
}

/// A contact, or what may be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CountedContact {
    /// When it was started.
    pub at: UnixMillis,
    /// Until when it may be open.
    pub ends: UnixMillis,
    /// The pair of its number and sender.
    pub pair: u32,
}

impl NumberBook {
    /// Of one sender and number one contact may be open, for so long; `None`: any number of them.
    #[must_use]
    pub fn new(life: Option<Duration>) -> Self {
        Self { life, ..Self::default() }
    }

    /// Whether no two contacts have a number in common.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// A number, with its contacts so far. Gives what [`line`](Self::line) calls it.
    pub fn number(&mut self, contacts: Vec<CountedContact>) -> usize {
        self.contacts.push(contacts);
        self.contacts.len() - 1
    }

    /// A line has this number, and this pair of number and sender.
    pub fn line(&mut self, line: u64, number: usize, pair: u32) {
        if let Ok(line) = u32::try_from(line) {
            self.lines.insert(line, (number, pair));
        }
    }

    /// A line has the number of an earlier one.
    pub(super) fn share(&mut self, line: u64, of: u64) {
        let number = *self.firsts.entry(of).or_insert_with(|| {
            self.contacts.push(Vec::new());
            self.contacts.len() - 1
        });
        let pair = u32::try_from(number).unwrap_or(u32::MAX);
        self.line(of, number, pair);
        self.line(line, number, pair);
    }
}

/// What a row may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leave {
    /// It may be claimed.
    Granted,
    /// It waits until then.
    Held(UnixMillis),
    /// It is left out, for its number had as many contacts as it may get.
    LeftOut,
    /// A limit of the campaign leaves no more, until then; [`UnixMillis::NEVER`]: for good.
    Spent(UnixMillis),
}

/// The limits, as they are used up.
#[derive(Debug)]
pub(super) struct Caps<'a> {
    limits: &'a ContactLimits,
    used: EarlierContacts,
    /// When the day ends, where there is a limit of a day.
    day_ends: UnixMillis,
    /// Rows that were granted and have not started: they are contacts of the day on which they do.
    pending: u64,
    numbers: NumberBook,
    /// The longest window of the limits of a number.
    longest: Duration,
}

impl<'a> Caps<'a> {
    pub(super) fn new(
        limits: &'a ContactLimits,
        (used, numbers): (EarlierContacts, NumberBook),
        now: UnixMillis,
    ) -> Self {
        let day_ends = if limits.per_day.is_some() { limits.day(now).1 } else { UnixMillis::NEVER };
        let longest = limits.per_recipient.iter().map(|limit| limit.within).max().unwrap_or_default();
        Self { limits, used, day_ends, pending: 0, numbers, longest }
    }

    /// Asks for a row, and takes its place where there is one.
    pub(super) fn take(&mut self, line: u32, cost: f64, now: UnixMillis) -> Leave {
        if let Some(leave) = self.held(line, now) {
            return leave;
        }
        self.turn_day(now);
        if self.limits.contacts.is_some_and(|most| self.used.contacts >= most)
            || self.limits.cost.as_ref().is_some_and(|budget| self.used.cost + cost > budget.most + ROUNDING)
        {
            return Leave::Spent(UnixMillis::NEVER);
        }
        if self.limits.per_day.is_some_and(|most| self.used.today >= most) {
            return Leave::Spent(self.day_ends);
        }
        self.used.contacts += 1;
        self.used.today += 1;
        self.used.cost += cost;
        self.pending += 1;
        self.contact(line, UnixMillis::NEVER, now);
        Leave::Granted
    }

    fn held(&self, line: u32, now: UnixMillis) -> Option<Leave> {
        let (number, pair) = self.numbers.lines.get(&line)?;
        let life = self.numbers.life.unwrap_or_default();
        let contacts = self.numbers.contacts.get(*number)?;
        // What is claimed and not started yet may be at any moment: it is taken for a contact of now, as in a claim.
        let contacts = contacts.iter().map(|contact| match contact.at {
            UnixMillis::NEVER => CountedContact { at: now, ends: now.plus(life), ..*contact },
            _ => *contact,
        });
        let mut times: Vec<UnixMillis> = contacts.clone().map(|contact| contact.at).collect();
        let often = free_at(&self.limits.per_recipient, &mut times, now);
        if often.is_some() && self.limits.over == OverLimit::Suppress {
            return Some(Leave::LeftOut);
        }
        let open = contacts.filter(|contact| contact.pair == *pair && contact.ends > now);
        let open = open.map(|contact| contact.ends).max().filter(|_| self.numbers.life.is_some());
        often.max(open).map(Leave::Held)
    }

    /// A contact, and nothing more of those of its number that nothing depends on any more.
    fn contact(&mut self, line: u32, at: UnixMillis, now: UnixMillis) {
        let Some((number, pair)) = self.numbers.lines.get(&line) else { return };
        let ends = at.plus(self.numbers.life.unwrap_or_default());
        let contacts = &mut self.numbers.contacts[*number];
        contacts.retain(|contact| contact.ends > now || contact.at.plus(self.longest) > now);
        contacts.push(CountedContact { at, ends, pair: *pair });
    }

    /// The number of a line's recipient and the pair of it and its sender, where other rows have that number too.
    pub(super) fn number(&self, line: u32) -> Option<(usize, u32)> {
        self.numbers.lines.get(&line).copied()
    }

    /// Another day has those contacts that were granted before it and start in it, whether or not it grants any.
    fn turn_day(&mut self, now: UnixMillis) {
        if self.day_ends <= now {
            (self.used.today, self.day_ends) = (self.pending, self.limits.day(now).1);
        }
    }

    /// The contact of a row is started, after it was asked for.
    pub(super) fn started(&mut self, line: u32, at: UnixMillis) {
        self.turn_day(at);
        self.pending -= 1;
        self.forget(line);
        self.contact(line, at, at);
    }

    /// A row that was granted gives its place back.
    pub(super) fn give_back(&mut self, line: u32, cost: f64, at: UnixMillis) {
        self.turn_day(at);
        self.used.contacts = self.used.contacts.saturating_sub(1);
        self.used.today = self.used.today.saturating_sub(1);
        self.used.cost -= cost;
        self.pending -= 1;
        self.forget(line);
    }

    /// It is claimed no longer.
    fn forget(&mut self, line: u32) {
        let Some((number, pair)) = self.numbers.lines.get(&line) else { return };
        let contacts = &mut self.numbers.contacts[*number];
        let claimed = |contact: &CountedContact| contact.at == UnixMillis::NEVER && contact.pair == *pair;
        if let Some(at) = contacts.iter().rposition(claimed) {
            contacts.remove(at);
        }
    }
}
