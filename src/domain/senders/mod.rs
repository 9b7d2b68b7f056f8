//! The senders of a campaign: their rates, caps and countries, and who sends to whom. Pure.
//!
//! Which sender a number gets depends on the number and the senders alone, so that a person keeps a sender over files, runs
//! and campaigns. What the journal knows of an earlier contact comes before it, and is not known here.

pub mod account;
mod account_groups;
pub mod figures;

use std::num::NonZeroU32;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use uuid::Uuid;

pub use account::{InstancePace, SenderAccount};
pub use account_groups::{AccountGroup, AccountGroups, AccountPlace};

use crate::domain::message::segments::Segments;
use crate::domain::phone::Region;
use crate::domain::row::token::TokenSpace;
use crate::domain::unix_millis::UnixMillis;

/// A number that sends, as the definition has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Sender {
    /// What it is called; no two senders of a campaign have one name.
    pub name: String,
    /// Its Connect ARN.
    pub source: String,
    /// Message parts per second; `None`: as many as the requests of the account.
    pub rate: Option<PartRate>,
    /// Messages a day; `None`: any number.
    pub per_day: Option<DailyCap>,
    /// The countries that it sends to; empty: all that no other sender names.
    pub countries: Vec<Region>,
    /// Its share of the recipients that several senders may send to; above 0.
    pub weight: f64,
    /// What becomes of its rows when the service refuses it for good.
    pub on_halt: HaltRule,
    /// Where its contacts are started, where that is not the same for all senders: then each of them has one.
    pub account: Option<SenderAccount>,
}

/// How many message parts may leave.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PartRate {
    /// Parts per second, above 0.
    pub per_second: f64,
    /// Parts that may leave at once. A message of more parts than this leaves all the same, when nothing else has left for as
    /// long as it takes.
    pub burst: NonZeroU32,
}

/// How many messages a sender may send on one day.
#[derive(Debug, Clone, PartialEq)]
pub struct DailyCap {
    /// Messages a day.
    pub most: u64,
    /// Where a day begins at midnight.
    pub zone: TimeZone,
}

/// What becomes of a sender's rows when the service refuses it for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HaltRule {
    /// They wait.
    #[default]
    Wait,
    /// Those that were never attempted go to other senders.
    Reassign,
}

impl HaltRule {
    /// The words of the definition.
    pub const NAMES: &'static [&'static str] = &["wait", "reassign"];

    pub(in crate::domain) fn named(name: &str) -> Self {
        if name == "reassign" { Self::Reassign } else { Self::Wait }
    }
}

impl PartRate {
    /// A rate whose burst is what leaves in a fifth of a second, and one part at least.
    #[must_use]
    pub fn of(per_second: f64, burst: Option<NonZeroU32>) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "rates are small and positive"
        )]
        let usual = NonZeroU32::new((per_second / 5.0).ceil() as u32).unwrap_or(NonZeroU32::MIN);
        Self { per_second, burst: burst.unwrap_or(usual) }
    }

    /// Another rate in place of this one. A burst that is not what leaves in a fifth of a second was asked for, and stays.
    #[must_use]
    pub fn changed(before: Option<Self>, per_second: f64) -> Self {
        let stated = before.filter(|before| *before != Self::of(before.per_second, None));
        Self::of(per_second, stated.map(|before| before.burst))
    }
}

impl DailyCap {
    /// When the day of this moment began, and when the next one does.
    #[must_use]
    pub fn day(&self, now: UnixMillis) -> (UnixMillis, UnixMillis) {
        let now = Timestamp::from_millisecond(now.millis()).unwrap_or(Timestamp::UNIX_EPOCH);
        let now = now.to_zoned(self.zone.clone());
        let millis = |day: Result<jiff::Zoned, jiff::Error>| {
            day.map_or(UnixMillis::NEVER, |day| UnixMillis::from_millis(day.timestamp().as_millisecond()))
        };
        let tomorrow = now.tomorrow().and_then(|day| day.start_of_day());
        (millis(now.start_of_day()), millis(tomorrow))
    }
}

impl Sender {
    /// What of its requests differs from those of other senders: flow and instance where they are not the same for all, and its
    /// source.
    pub fn texts(&self) -> impl DoubleEndedIterator<Item = &str> {
        let account = self.account.iter();
        let account =
            account.flat_map(|account| [account.contact_flow_id.as_str(), account.instance_id.as_str()]);
        account.chain([self.source.as_str()])
    }

    /// The client tokens of its rows in the campaign `name`, where senders have instances of their own.
    #[must_use]
    pub fn tokens(&self, name: &str) -> Option<TokenSpace> {
        self.account.as_ref().map(|account| TokenSpace::new(&account.instance_id, name))
    }

    /// Writes them over those of the sender that a row had before, which are the last of its texts.
    pub fn take_over(&self, slots: &mut [String]) {
        for (slot, text) in slots.iter_mut().rev().zip(self.texts().rev()) {
            text.clone_into(slot);
        }
    }

    /// Whether it names this country.
    fn names(&self, region: Option<Region>) -> bool {
        region.is_some_and(|region| self.countries.contains(&region))
    }
}

/// Which of the senders may send to a country: those that name it; where none does, those that name no country.
///
/// `None`, a number that belongs to no country, is sent to by those that name none.
pub fn serving(senders: &[Sender], region: Option<Region>) -> impl Iterator<Item = usize> {
    let named = senders.iter().any(|sender| sender.names(region));
    let serves =
        move |sender: &Sender| if named { sender.names(region) } else { sender.countries.is_empty() };
    senders.iter().enumerate().filter(move |(_, sender)| serves(sender)).map(|(at, _)| at)
}

/// The sender that a number gets: of those that may send to its country, and that `may` be taken, the one with the highest
/// score. Each has its share of the numbers by weight, and one that is added takes its share and moves no other number.
/// `None` where none may.
///
/// Weighted rendezvous hashing: a score is `weight / -ln(u)`, where `u` in 0 to 1 is a hash of the sender's ARN and the number.
#[must_use]
pub fn assign(
    senders: &[Sender],
    number: &str,
    region: Option<Region>,
    may: impl Fn(usize) -> bool,
) -> Option<usize> {
    let scored = serving(senders, region).filter(|at| may(*at));
    let scored = scored.map(|at| (at, score(&senders[at], number)));
    scored.max_by(|(_, a), (_, b)| a.total_cmp(b)).map(|(at, _)| at)
}

fn score(sender: &Sender, number: &str) -> f64 {
    let space = Uuid::new_v5(&Uuid::NAMESPACE_URL, sender.source.as_bytes());
    let hash = Uuid::new_v5(&space, number.as_bytes());
    // The version and the variant of a UUID stand in its middle: the first 48 bits are all hash.
    let bits = hash.as_u128() >> 80;
    #[expect(clippy::cast_precision_loss, reason = "48 bits fit a float")]
    let unit = (bits as f64 + 0.5) / (1_u64 << 48) as f64;
    sender.weight / -unit.ln()
}

/// The parts of a message. Where the flow sends it nobody knows them, and it counts as one.
#[must_use]
pub fn parts(message: Option<&str>) -> u32 {
    message.map_or(1, |message| u32::try_from(Segments::of(message).count).unwrap_or(u32::MAX))
}

/// What there are senders for, in words: `CA, US`, or `any country that no other sender names`.
#[must_use]
pub fn countries(senders: &[Sender]) -> String {
    let named = senders.iter().flat_map(|sender| &sender.countries).map(Region::to_string);
    let mut named: Vec<String> = named.collect();
    named.sort();
    named.dedup();
    named.join(", ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sender(n: usize, weight: f64, countries: &[&str]) -> Sender {
        Sender {
            name: format!("s{n}"),
            source: format!("arn:aws:connect:us-west-2:123456789012:phone-number/{n}"),
            rate: None,
            per_day: None,
            countries: countries.iter().map(|code| Region::parse(code).unwrap()).collect(),
            weight,
            on_halt: HaltRule::Wait,
            account: None,
        }
    }

    fn number(n: u64) -> String {
        format!("+1202{:07}", 5_550_000 + n)
    }

    fn assigned(senders: &[Sender], numbers: u64) -> Vec<usize> {
        let us = Region::parse("US");
        (0..numbers).map(|n| assign(senders, &number(n), us, |_| true).unwrap()).collect()
    }

    /// Written down once, so that no version moves anybody: a number keeps its sender.
    #[test]
    fn who_sends_to_whom_never_changes() {
        let senders = [sender(0, 1.0, &[]), sender(1, 1.0, &[]), sender(2, 3.0, &[])];
        let text: String = assigned(&senders, 40).iter().map(usize::to_string).collect();
        insta::assert_snapshot!(text);
    }

    #[test]
    fn a_sender_that_names_the_country_comes_before_those_that_name_none() {
        let senders = [sender(0, 1.0, &["US", "CA"]), sender(1, 1.0, &[]), sender(2, 1.0, &["US"])];
        let serves = |code: &str| serving(&senders, Region::parse(code)).collect::<Vec<_>>();
        assert_eq!((serves("US"), serves("CA"), serves("FR")), (vec![0, 2], vec![0], vec![1]));
        assert_eq!(serving(&senders, None).collect::<Vec<_>>(), [1], "a number of no country");
        assert_eq!(assign(&senders[..1], &number(0), Region::parse("FR"), |_| true), None);
        assert_eq!(countries(&senders), "CA, US");
        assert!(assigned(&senders, 200).iter().all(|at| *at != 1));
    }

    #[test]
    fn a_day_ends_at_midnight_where_it_is_counted() {
        let cap = DailyCap { most: 1, zone: TimeZone::get("America/Los_Angeles").unwrap() };
        // 2026-03-01T09:30:00Z.
        let (begins, ends) = cap.day(UnixMillis::from_millis(1_772_357_400_000));
        assert_eq!(
            (begins.to_string(), ends.to_string()),
            ("2026-03-01T08:00:00.000Z".to_owned(), "2026-03-02T08:00:00.000Z".to_owned())
        );
    }

    #[test]
    fn a_burst_is_a_fifth_of_a_second() {
        let burst =
            |rate, stated: Option<u32>| PartRate::of(rate, stated.and_then(NonZeroU32::new)).burst.get();
        assert_eq!(
            [burst(0.5, None), burst(3.0, None), burst(100.0, None), burst(3.0, Some(7))],
            [1, 1, 20, 7]
        );
        let changed = |before: PartRate| PartRate::changed(Some(before), 50.0).burst.get();
        assert_eq!(changed(PartRate::of(3.0, None)), 10);
        assert_eq!(changed(PartRate::of(3.0, NonZeroU32::new(7))), 7, "one that was asked for stays");
        assert_eq!(PartRate::changed(None, 50.0), PartRate::of(50.0, None));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        /// Each sender gets its share by weight, within five standard deviations.
        #[test]
        fn weights_hold(weights in prop::collection::vec(0.2_f64..5.0, 1..8)) {
            const NUMBERS: u64 = 4_000;
            let senders: Vec<Sender> = weights.iter().enumerate().map(|(n, w)| sender(n, *w, &[])).collect();
            let all = assigned(&senders, NUMBERS);
            let total: f64 = weights.iter().sum();
            for (at, weight) in weights.iter().enumerate() {
                let share = weight / total;
                let expected = share * NUMBERS as f64;
                let deviation = (expected * (1.0 - share)).sqrt();
                let found = all.iter().filter(|chosen| **chosen == at).count() as f64;
                prop_assert!((found - expected).abs() <= 5.0 * deviation + 1.0, "{at}: {found} of {expected}");
            }
        }

        /// Whoever moves, moves to the sender that came.
        #[test]
        fn one_that_is_added_moves_its_share_and_no_other(
            weights in prop::collection::vec(0.2_f64..5.0, 1..8),
            weight in 0.2_f64..5.0,
        ) {
            let mut senders: Vec<Sender> = weights.iter().enumerate().map(|(n, w)| sender(n, *w, &[])).collect();
            let before = assigned(&senders, 1_000);
            senders.push(sender(weights.len(), weight, &[]));
            let after = assigned(&senders, 1_000);
            for (before, after) in before.iter().zip(&after) {
                prop_assert!(after == before || *after == weights.len());
            }
        }

        /// Whoever had one that is gone gets another, and nobody else moves.
        #[test]
        fn one_that_is_left_out_moves_its_own_and_no_other(
            weights in prop::collection::vec(0.2_f64..5.0, 2..8),
            out in 0_usize..8,
        ) {
            let senders: Vec<Sender> = weights.iter().enumerate().map(|(n, w)| sender(n, *w, &[])).collect();
            let (us, out) = (Region::parse("US"), out % senders.len());
            for (n, before) in (0..).zip(assigned(&senders, 500)) {
                let after = assign(&senders, &number(n), us, |at| at != out).unwrap();
                let expected = if before == out { after != out } else { after == before };
                prop_assert!(expected, "{n}: {before} and then {after}, without {out}");
            }
        }
    }
}
