//! Which row a message belongs to, and how what is told of one message comes together. Nothing is guessed: two rows that fit
//! are as good as none.

use std::fmt;
use std::time::Duration;

use crate::domain::events::message::MessageEvent;
use crate::domain::events::status::Delivery;
use crate::domain::unix_millis::UnixMillis;

/// How far this machine's clock may be ahead of AWS's: a message may seem to be asked for before its contact.
pub const BEFORE: Duration = Duration::from_secs(30);
/// How long after the answer to the start of a contact its message is asked for, at most.
pub const AFTER: Duration = Duration::from_secs(120);
/// How long after the end of a contact a message of it may seem to be asked for.
const AFTER_END: Duration = Duration::from_secs(5);

/// What a message is known by.
#[derive(Debug, Clone, Copy)]
pub struct Sought<'m> {
    /// When it was asked for.
    pub requested_at: UnixMillis,
    /// The sending number.
    pub origination: Option<&'m str>,
    /// The account, where it is known.
    pub account: Option<&'m str>,
    /// The Region, where it is known.
    pub region: Option<&'m str>,
}

/// A row with the message's destination that has a contact, or may have one.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'r> {
    /// When its first request left.
    pub first_attempt_at: UnixMillis,
    /// When its outcome was known.
    pub settled_at: UnixMillis,
    /// When its contact ended, where that is known.
    pub ended_at: Option<UnixMillis>,
    /// Whether it is not known if it has a contact.
    pub in_doubt: bool,
    /// The number of its source, where that is known.
    pub number: Option<&'r str>,
    /// The account of its source.
    pub account: Option<&'r str>,
    /// The Region of its source.
    pub region: Option<&'r str>,
}

impl Candidate<'_> {
    fn is_of(&self, sought: &Sought<'_>) -> bool {
        let agree = |a: Option<&str>, b: Option<&str>| a.zip(b).is_none_or(|(a, b)| a == b);
        agree(self.account, sought.account) && agree(self.region, sought.region)
    }

    fn was_open(&self, at: UnixMillis) -> bool {
        let answered = self.settled_at.plus(AFTER);
        let until = self.ended_at.map_or(answered, |ended| ended.plus(AFTER_END).max(answered));
        self.first_attempt_at.minus(BEFORE) <= at && at <= until
    }
}

/// How a message was joined to its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Join {
    /// By the number in the event, the sender and the time.
    Destination,
    /// By the number in CloudTrail's record of the message, the sender and the time.
    CloudTrail,
    /// By a contact id in the message's context.
    ContactId,
}

impl Join {
    /// All.
    pub const ALL: [Self; 3] = [Self::Destination, Self::CloudTrail, Self::ContactId];

    /// Its number in the journal. Never changed.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Destination => 0,
            Self::CloudTrail => 1,
            Self::ContactId => 2,
        }
    }

    /// By its number.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|join| join.code() == code)
    }

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Destination => "destination",
            Self::CloudTrail => "cloudtrail",
            Self::ContactId => "contact-id",
        }
    }
}

/// Why an event has no row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Unmatched {
    /// The event has no number, and no record of CloudTrail has named one.
    NoDestination,
    /// The event does not say when the message was asked for.
    NoTime,
    /// No row with this number has a contact.
    NoRow,
    /// Rows with this number had their contacts at other times, in another account or from another sender.
    OtherMessage,
    /// A row fits, and it is not known which number its source has.
    SenderUnknown,
    /// The row that fits may have no contact.
    InDoubt,
    /// Several rows fit.
    Several,
    /// No row has this contact.
    NoContact,
}

impl Unmatched {
    /// All.
    pub const ALL: [Self; 8] = [
        Self::NoDestination,
        Self::NoTime,
        Self::NoRow,
        Self::OtherMessage,
        Self::SenderUnknown,
        Self::InDoubt,
        Self::Several,
        Self::NoContact,
    ];

    /// Its number in the journal. Never changed.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::NoDestination => 0,
            Self::NoTime => 1,
            Self::NoRow => 2,
            Self::OtherMessage => 3,
            Self::SenderUnknown => 4,
            Self::InDoubt => 5,
            Self::Several => 6,
            Self::NoContact => 7,
        }
    }

    /// By its number.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|why| why.code() == code)
    }

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoDestination => "no-destination",
            Self::NoTime => "no-time",
            Self::NoRow => "no-row",
            Self::OtherMessage => "other-message",
            Self::SenderUnknown => "sender-unknown",
            Self::InDoubt => "in-doubt",
            Self::Several => "several",
            Self::NoContact => "no-contact",
        }
    }
}

impl fmt::Display for Unmatched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoDestination => {
                "the event has no number; import CloudTrail's records of SendTextMessage too"
            }
            Self::NoTime => "the event does not say when the message was asked for",
            Self::NoRow => "no row with this number has a contact",
            Self::OtherMessage => {
                "sent at another time or from another sender than the contact of the row with this number"
            }
            Self::SenderUnknown => "the phone number of the campaign's source is not known",
            Self::InDoubt => "the row that fits is in doubt: it may have no contact",
            Self::Several => "more than one row fits",
            Self::NoContact => "no row has this contact",
        })
    }
}

/// The one row that fits, by its place among all rows with the message's destination.
///
/// # Errors
/// [`Unmatched`] where none fits, or more than one.
pub fn choose(sought: &Sought<'_>, candidates: &[Candidate<'_>]) -> Result<usize, Unmatched> {
    if candidates.is_empty() {
        return Err(Unmatched::NoRow);
    }
    let fits = |row: &Candidate<'_>| {
        let sender =
            row.number.zip(sought.origination).is_none_or(|(number, from)| same_number(number, from));
        row.is_of(sought) && row.was_open(sought.requested_at) && sender
    };
    let mut fitting = candidates.iter().enumerate().filter(|(_, row)| fits(row));
    match (fitting.next(), fitting.next()) {
        (None, _) => Err(Unmatched::OtherMessage),
        (Some(_), Some(_)) => Err(Unmatched::Several),
        (Some((_, row)), None) if row.number.is_none() || sought.origination.is_none() => {
            Err(Unmatched::SenderUnknown)
        }
        (Some((_, row)), None) if row.in_doubt => Err(Unmatched::InDoubt),
        (Some((at, _)), None) => Ok(at),
    }
}

/// Short codes and numbers come with and without `+`.
fn same_number(a: &str, b: &str) -> bool {
    a.trim_start_matches('+') == b.trim_start_matches('+')
}

/// Whether the later told of two events of one message replaces what is known. The order in which they come, and how often,
/// makes no difference: what is final stays, a word stays before none, and of the rest the later one is true.
#[must_use]
pub fn replaces(new: &MessageEvent, known: Standing<'_>) -> bool {
    rank(Standing { at: new.at, is_final: new.is_final, status: &new.status }) > rank(known)
}

/// How a message is known to stand.
#[derive(Debug, Clone, Copy)]
pub struct Standing<'s> {
    /// When it was so.
    pub at: UnixMillis,
    /// Whether AWS said that no more comes.
    pub is_final: bool,
    /// AWS's word.
    pub status: &'s str,
}

/// The first final word stays: a later one would take a fact back. That no receipt came is no fact.
fn rank(standing: Standing<'_>) -> (bool, bool, i64, &str) {
    let at = standing.at.millis();
    let heard = Delivery::of(standing.status) != Delivery::Unknown;
    (standing.is_final, standing.is_final && heard, if standing.is_final { -at } else { at }, standing.status)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const T: i64 = 1_772_000_000_000;

    fn at(seconds: i64) -> UnixMillis {
        UnixMillis::from_millis(T + seconds * 1_000)
    }

    fn row() -> Candidate<'static> {
        Candidate {
            first_attempt_at: at(0),
            settled_at: at(1),
            ended_at: None,
            in_doubt: false,
            number: Some("+12025550100"),
            account: Some("1"),
            region: Some("r"),
        }
    }

    fn sought(seconds: i64) -> Sought<'static> {
        Sought { requested_at: at(seconds), origination: Some("+12025550100"), account: None, region: None }
    }

    #[test]
    fn one_row_fits_or_the_reason_is_told() {
        assert_eq!(choose(&sought(2), &[]), Err(Unmatched::NoRow));
        assert_eq!(choose(&sought(2), &[row()]), Ok(0));
        assert_eq!(choose(&sought(-31), &[row()]), Err(Unmatched::OtherMessage));
        assert_eq!(choose(&sought(122), &[row()]), Err(Unmatched::OtherMessage));
        let ended = Candidate { ended_at: Some(at(600)), ..row() };
        assert_eq!(choose(&sought(600), &[ended]), Ok(0), "a flow may send more while its contact is open");
        assert_eq!(choose(&sought(606), &[ended]), Err(Unmatched::OtherMessage));
        let other = Sought { account: Some("2"), ..sought(2) };
        assert_eq!(choose(&other, &[row()]), Err(Unmatched::OtherMessage));
        let other = Sought { origination: Some("+12025550101"), ..sought(2) };
        assert_eq!(choose(&other, &[row()]), Err(Unmatched::OtherMessage), "another tool's message");
        let later = Candidate { first_attempt_at: at(1_000), settled_at: at(1_001), ..row() };
        assert_eq!(choose(&sought(1_002), &[row(), later]), Ok(1));
        let close = Candidate { first_attempt_at: at(60), settled_at: at(61), ..row() };
        assert_eq!(choose(&sought(62), &[row(), close]), Err(Unmatched::Several));
        let unknown = Candidate { number: None, ..row() };
        assert_eq!(choose(&sought(2), &[unknown]), Err(Unmatched::SenderUnknown));
        assert_eq!(choose(&sought(2), &[Candidate { in_doubt: true, ..row() }]), Err(Unmatched::InDoubt));
        let bare = Sought { origination: Some("12025550100"), ..sought(2) };
        assert_eq!(choose(&bare, &[row()]), Ok(0));
    }

    #[test]
    fn codes_lead_back() {
        assert!(Join::ALL.iter().all(|join| Join::from_code(join.code()) == Some(*join)));
        assert!(Unmatched::ALL.iter().all(|why| Unmatched::from_code(why.code()) == Some(*why)));
    }

    fn event(second: i64, is_final: bool, status: &str) -> MessageEvent {
        let record = format!(
            r#"{{"eventType":"TEXT_X","eventTimestamp":{},"isFinal":{is_final},"messageId":"m","messageStatus":"{status}"}}"#,
            T + second * 1_000
        );
        match crate::domain::events::parse(record.as_bytes()).events.remove(0) {
            crate::domain::events::AccountEvent::Message(event) => event,
            other => panic!("{other:?}"),
        }
    }

    fn fold(events: &[MessageEvent]) -> Option<&MessageEvent> {
        events.iter().fold(None, |known: Option<&MessageEvent>, new| match known {
            Some(old)
                if !replaces(new, Standing { at: old.at, is_final: old.is_final, status: &old.status }) =>
            {
                known
            }
            _ => Some(new),
        })
    }

    #[test]
    fn final_words_stay_and_a_missing_receipt_gives_way() {
        let status = |events: &[MessageEvent]| fold(events).unwrap().status.clone();
        let (sent, done) = (event(1, false, "SENT"), event(5, true, "DELIVERED"));
        assert_eq!(status(&[done.clone(), sent.clone()]), "DELIVERED");
        assert_eq!(status(&[sent, event(2, false, "ACCEPTED")]), "ACCEPTED");
        assert_eq!(status(&[done.clone(), event(9, false, "QUEUED")]), "DELIVERED", "later, but not final");
        assert_eq!(status(&[done.clone(), event(9, true, "FAILED")]), "DELIVERED");
        assert_eq!(status(&[event(3, true, "UNKNOWN"), done]), "DELIVERED");
    }

    proptest! {
        #[test]
        fn order_and_repetition_make_no_difference(
            events in proptest::collection::vec((0_i64..4, any::<bool>(), 0_usize..4), 1..8),
            order in any::<proptest::sample::Index>(),
        ) {
            let words = ["SENT", "DELIVERED", "UNKNOWN", "FAILED"];
            let events: Vec<_> = events.into_iter().map(|(at, last, word)| event(at, last, words[word])).collect();
            let mut other: Vec<_> = events.iter().rev().chain(&events).cloned().collect();
            let turn = order.index(other.len());
            other.rotate_left(turn);
            prop_assert_eq!(fold(&events), fold(&other));
        }
    }
}
