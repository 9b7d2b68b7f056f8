//! The gate on deliveries: when too many messages do not arrive, pause before the rest goes the same way.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;

use super::gate::Fraction;
use crate::domain::events::Delivery;
use crate::domain::events::status::{blocks_the_campaign, explained};

/// Final words that the gate looks at.
const WINDOW: usize = 100;
/// Fewest messages that must not arrive: a share of a handful says nothing.
const LEAST: u64 = 20;

/// Watches the last messages of a campaign that have a final word.
#[derive(Debug, Clone)]
pub struct UndeliveredGate {
    /// `None`: it never trips.
    most: Option<Fraction>,
    words: VecDeque<String>,
}

/// Too many messages do not arrive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UndeliveredAlarm {
    /// Messages that did not arrive...
    pub undelivered: u64,
    /// ...of so many that were looked at.
    pub of: u64,
    /// AWS's word for most of them.
    pub status: String,
}

impl UndeliveredGate {
    /// A gate that lets this share of the last 100 messages with a final word not arrive, and fewer than 20 in any case. Where
    /// the carrier or the account blocks the campaign, the share alone counts, from the first message on.
    #[must_use]
    pub fn new(most: Fraction) -> Self {
        Self { most: Some(most), words: VecDeque::with_capacity(WINDOW) }
    }

    /// A gate that never trips.
    #[must_use]
    pub fn off() -> Self {
        Self { most: None, words: VecDeque::new() }
    }

    /// Takes note of a message's final word. Tells where too many did not arrive.
    pub fn heard(&mut self, status: &str) -> Option<UndeliveredAlarm> {
        let most = self.most?;
        if self.words.len() == WINDOW {
            self.words.pop_front();
        }
        self.words.push_back(status.to_owned());
        let of = self.words.len() as u64;
        let blocked = self.words.iter().filter(|word| blocks_the_campaign(word)).count() as u64;
        let lost = self.words.iter().filter(|word| Delivery::of(word) == Delivery::Undelivered);
        let mut by_word = BTreeMap::<&str, u64>::new();
        lost.for_each(|word| *by_word.entry(word).or_default() += 1);
        let undelivered: u64 = by_word.values().sum();
        let many = undelivered >= LEAST && most.exceeded_by(undelivered, of);
        if !many && !most.exceeded_by(blocked, of) {
            return None;
        }
        let (status, _) =
            by_word.into_iter().max_by_key(|(word, count)| (*count, std::cmp::Reverse(*word)))?;
        Some(UndeliveredAlarm { undelivered, of, status: status.to_owned() })
    }

    /// Forgets what it heard: a person has seen it and goes on.
    pub fn forget(&mut self) {
        self.words.clear();
    }
}

/// As people read it, in a pause that a run has begun by itself.
impl fmt::Display for UndeliveredAlarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { undelivered, of, status } = self;
        write!(
            f,
            "max_undelivered: {undelivered} of the last {of} messages did not arrive, most of them {status} ({})",
            explained(status).what
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(percent: f64) -> UndeliveredGate {
        UndeliveredGate::new(Fraction::from_percent(percent).unwrap())
    }

    /// The place of the first word that trips, and the alarm.
    fn first(gate: &mut UndeliveredGate, words: &[&str]) -> Option<(usize, UndeliveredAlarm)> {
        words.iter().enumerate().find_map(|(at, word)| Some((at, gate.heard(word)?)))
    }

    #[test]
    fn more_than_the_share_of_the_last_hundred_and_at_least_twenty() {
        let alarm =
            |undelivered, of, status: &str| UndeliveredAlarm { undelivered, of, status: status.to_owned() };
        assert_eq!(first(&mut gate(30.0), &["INVALID"; 19]), None, "nineteen say nothing");
        assert_eq!(first(&mut gate(0.0), &["DELIVERED", "SPAM"].repeat(19)), None, "nor nineteen of more");
        assert_eq!(first(&mut gate(30.0), &["INVALID"; 20]), Some((19, alarm(20, 20, "INVALID"))));
        let mut words = vec!["DELIVERED"; 70];
        words.extend(["UNREACHABLE"; 30]);
        let mut strict = gate(30.0);
        assert_eq!(first(&mut strict, &words), None, "30 of 100 are allowed");
        assert_eq!(
            strict.heard("SPAM"),
            Some(alarm(31, 100, "UNREACHABLE")),
            "the first word has left the window"
        );
        assert_eq!(first(&mut gate(30.0), &["UNKNOWN"; 200]), None, "no receipt is no failure");
        assert_eq!(first(&mut gate(100.0), &["INVALID"; 200]), None, "all may fail");
    }

    #[test]
    fn blocks_count_from_the_first_word_on() {
        let (at, alarm) = first(&mut gate(30.0), &["DELIVERED", "PROTECT_BLOCKED"]).unwrap();
        assert_eq!((at, alarm.undelivered, alarm.of), (1, 1, 2));
        let mut words = vec!["DELIVERED"; 19];
        words.push("CARRIER_BLOCKED");
        assert_eq!(first(&mut gate(30.0), &words), None, "one among many is one number's");
    }

    #[test]
    fn what_a_person_has_seen_is_not_told_again() {
        let mut gate = gate(30.0);
        assert!(first(&mut gate, &["INVALID"; 20]).is_some());
        gate.forget();
        assert_eq!(gate.heard("INVALID"), None);
    }

    #[test]
    fn the_words_say_why() {
        let alarm = UndeliveredAlarm { undelivered: 31, of: 100, status: "INVALID".to_owned() };
        assert_eq!(
            alarm.to_string(),
            "max_undelivered: 31 of the last 100 messages did not arrive, most of them INVALID (the number cannot take messages)"
        );
    }
}
