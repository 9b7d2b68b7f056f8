//! Where the contact of a row in doubt is: what follows from the contacts that the account has.
//!
//! A contact that carries the row's client token is its contact, whenever it is found. That there is none follows only from all
//! contacts of the time in which one can have begun, looked at after the index had the time to have them.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use crate::domain::account::contacts::{ContactDetails, SearchWindow};
use crate::domain::unix_millis::UnixMillis;

/// How long a contact may take to be found by searches, unless a person says otherwise. What Amazon Connect promises is
/// not known.
pub const INDEX_DELAY: Duration = Duration::from_secs(15 * 60);

/// How far from a request's time, by this machine's clock, its contact can have begun, by the service's: the service refuses
/// requests whose time is five minutes off, and a request may linger on its way.
const MARGIN: Duration = Duration::from_secs(10 * 60);

/// A row of which nobody knows whether it has a contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoubtfulRow {
    /// Its client token.
    pub token: String,
    /// The attribute that has it; `None` where its contact carries none.
    pub trace: Option<String>,
    /// E.164.
    pub destination: String,
    /// What its contact carries.
    pub attributes: BTreeMap<String, String>,
    /// When its contact began, if it has one.
    pub window: SearchWindow,
}

/// The time in which contacts can have begun whose requests left from `first` to `last`.
#[must_use]
pub fn window(first: UnixMillis, last: UnixMillis) -> SearchWindow {
    SearchWindow { from: first.minus(MARGIN), until: last.max(first).plus(MARGIN) }
}

/// When searches have every contact of that time.
#[must_use]
pub fn indexed_at(window: SearchWindow, index_delay: Duration) -> UnixMillis {
    window.until.plus(index_delay)
}

/// A contact that may be a row's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CandidateContact {
    /// Its id.
    pub id: String,
    /// When it began, where that is known.
    pub began_at: Option<UnixMillis>,
    /// What it is; `None` where it could not be looked at.
    pub details: Option<ContactDetails>,
}

/// What is known of a row's contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whereabouts {
    /// The contact, and others with the same client token, which there should not be.
    Found(String, Vec<String>),
    /// None of the contacts is the row's.
    None,
    /// A contact may be the row's or another's.
    Ambiguous,
    /// A contact that may be the row's could not be looked at.
    Unseen,
}

/// What the contacts say of each row.
#[must_use]
pub fn whereabouts(rows: &[DoubtfulRow], contacts: &[CandidateContact]) -> Vec<Whereabouts> {
    let mut contacts: Vec<&CandidateContact> = contacts.iter().collect();
    contacts.sort_by_key(|contact| (contact.began_at.is_none(), contact.began_at));
    let traced = by_token(rows, &contacts);
    let alike = by_likeness(rows, &contacts);
    let unseen: Vec<&CandidateContact> =
        contacts.iter().copied().filter(|contact| contact.details.is_none()).collect();
    let may_have_begun =
        |contact: &CandidateContact, row: &DoubtfulRow| contact.began_at.is_none_or(|at| row.window.has(at));
    let of = |(at, row): (usize, &DoubtfulRow)| {
        let found = match row.trace {
            Some(_) => traced.get(&at),
            None => alike.get(&at),
        };
        match found {
            Some(Likely::Surely(ids)) => match &ids[..] {
                [first, others @ ..] => Whereabouts::Found(first.clone(), others.to_vec()),
                [] => Whereabouts::None,
            },
            Some(Likely::Perhaps) => Whereabouts::Ambiguous,
            None if unseen.iter().any(|contact| may_have_begun(contact, row)) => Whereabouts::Unseen,
            None => Whereabouts::None,
        }
    };
    rows.iter().enumerate().map(of).collect()
}

enum Likely {
    Surely(Vec<String>),
    Perhaps,
}

/// Rows whose contacts carry their client tokens.
fn by_token(rows: &[DoubtfulRow], contacts: &[&CandidateContact]) -> HashMap<usize, Likely> {
    let traced =
        rows.iter().enumerate().filter_map(|(at, row)| Some(((row.trace.as_deref()?, &*row.token), at)));
    let traced: HashMap<(&str, &str), usize> = traced.collect();
    let mut found: HashMap<usize, Likely> = HashMap::new();
    for contact in contacts {
        let attributes = contact.details.iter().flat_map(|details| &details.attributes);
        for (name, value) in attributes {
            if let Some(row) = traced.get(&(name.as_str(), value.as_str())) {
                match found.entry(*row).or_insert_with(|| Likely::Surely(Vec::new())) {
                    Likely::Surely(ids) => ids.push(contact.id.clone()),
                    Likely::Perhaps => {}
                }
            }
        }
    }
    found
}

/// Rows whose contacts carry no token: known by number, time and all that they carry. Sure only where one row and one contact
/// are alike.
fn by_likeness(rows: &[DoubtfulRow], contacts: &[&CandidateContact]) -> HashMap<usize, Likely> {
    let mut rows_of: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, row) in rows.iter().enumerate().filter(|(_, row)| row.trace.is_none()) {
        rows_of.entry(&row.destination).or_default().push(at);
    }
    let mut pairs: Vec<(usize, &str)> = Vec::new();
    let mut found: HashMap<usize, Likely> = HashMap::new();
    for contact in contacts {
        let Some(details) = &contact.details else { continue };
        let began_at = details.began_at.or(contact.began_at);
        let fits = |row: &DoubtfulRow| {
            began_at.is_none_or(|at| row.window.has(at))
                && row.attributes.iter().all(|(name, value)| details.attributes.get(name) == Some(value))
        };
        match &details.customer {
            Some(customer) => {
                let of = rows_of.get(customer.as_str()).into_iter().flatten();
                pairs.extend(of.filter(|at| fits(&rows[**at])).map(|at| (*at, contact.id.as_str())));
            }
            // Whose it is was not told: it may be that of each row that it fits.
            None => {
                let untraced = rows_of.values().flatten().filter(|at| fits(&rows[**at]));
                found.extend(untraced.map(|at| (*at, Likely::Perhaps)));
            }
        }
    }
    for (row, id) in &pairs {
        let alone = pairs.iter().filter(|(other, of)| other == row || of == id).count() == 1;
        let likely = if alone { Likely::Surely(vec![(*id).to_owned()]) } else { Likely::Perhaps };
        found.entry(*row).or_insert(likely);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> UnixMillis {
        UnixMillis::from_millis(minutes * 60_000)
    }

    fn row(token: &str, trace: Option<&str>, number: &str) -> DoubtfulRow {
        DoubtfulRow {
            token: token.to_owned(),
            trace: trace.map(str::to_owned),
            destination: number.to_owned(),
            attributes: BTreeMap::from([("tier".to_owned(), "gold".to_owned())]),
            window: window(at(100), at(200)),
        }
    }

    fn contact(id: &str, minute: i64, number: Option<&str>, attributes: &[(&str, &str)]) -> CandidateContact {
        let attributes = attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let details = ContactDetails {
            attributes: attributes.collect(),
            customer: number.map(str::to_owned),
            source: None,
            is_inbound: false,
            began_at: Some(at(minute)),
        };
        CandidateContact { id: id.to_owned(), began_at: Some(at(minute)), details: Some(details) }
    }

    fn found(id: &str) -> Whereabouts {
        Whereabouts::Found(id.to_owned(), Vec::new())
    }

    const ANN: &str = "+12025550101";
    const BEN: &str = "+12025550102";

    #[test]
    fn a_contact_with_the_token_is_the_rows_whenever_it_began() {
        let rows = [row("t1", Some("trace"), ANN), row("t2", Some("trace"), BEN)];
        let contacts = [
            contact("late", 9_000, None, &[("trace", "t1")]),
            contact("other", 150, Some(BEN), &[("trace", "t3"), ("tier", "gold")]),
            contact("name", 150, Some(BEN), &[("another", "t2")]),
        ];
        assert_eq!(whereabouts(&rows, &contacts), [found("late"), Whereabouts::None]);
        let twice = [
            contact("second", 180, None, &[("trace", "t1")]),
            contact("first", 110, None, &[("trace", "t1")]),
        ];
        let both = Whereabouts::Found("first".to_owned(), vec!["second".to_owned()]);
        assert_eq!(whereabouts(&rows[..1], &twice), [both]);
    }

    #[test]
    fn what_could_not_be_looked_at_may_be_the_rows() {
        let unseen = |minute| CandidateContact { id: "x".into(), began_at: Some(at(minute)), details: None };
        let rows = [row("t1", Some("trace"), ANN), row("t2", None, BEN)];
        assert_eq!(whereabouts(&rows, &[unseen(150)]), [Whereabouts::Unseen, Whereabouts::Unseen]);
        assert_eq!(whereabouts(&rows, &[unseen(211)]), [Whereabouts::None, Whereabouts::None]);
        assert_eq!(whereabouts(&rows, &[unseen(210)]), [Whereabouts::Unseen, Whereabouts::Unseen]);
        let unknown = CandidateContact { began_at: None, ..unseen(0) };
        assert_eq!(whereabouts(&rows[..1], &[unknown]), [Whereabouts::Unseen]);
    }

    #[test]
    fn without_a_token_one_row_and_one_contact_that_are_alike_are_sure() {
        let rows = [row("t1", None, ANN)];
        let gold = [("tier", "gold"), ("of-the-flow", "x")];
        let likely = |contacts: &[CandidateContact]| whereabouts(&rows, contacts).remove(0);
        assert_eq!(likely(&[contact("a", 150, Some(ANN), &gold)]), found("a"));
        for other in [
            contact("a", 150, Some(BEN), &gold),
            contact("a", 150, Some(ANN), &[("tier", "silver")]),
            contact("a", 89, Some(ANN), &gold),
            contact("a", 211, Some(ANN), &gold),
        ] {
            assert_eq!(likely(&[other]), Whereabouts::None);
        }
        let two = [contact("a", 150, Some(ANN), &gold), contact("b", 160, Some(ANN), &gold)];
        assert_eq!(likely(&two), Whereabouts::Ambiguous);
        assert_eq!(likely(&[contact("a", 150, None, &gold)]), Whereabouts::Ambiguous);
        let same = [row("t1", None, ANN), row("t2", None, ANN)];
        let one = whereabouts(&same, &two[..1]);
        assert_eq!(one, [Whereabouts::Ambiguous, Whereabouts::Ambiguous]);
    }

    #[test]
    fn a_time_is_indexed_once_its_last_contact_had_the_time_to_be() {
        let window = window(at(100), at(200));
        assert_eq!((window.from, window.until), (at(90), at(210)));
        assert_eq!(indexed_at(window, INDEX_DELAY), at(225));
    }
}
