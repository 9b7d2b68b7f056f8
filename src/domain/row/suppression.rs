//! Whom nothing is sent to, and, in a trial, whom alone something is sent to. Only the rule: where lists come from is
//! not known here.
//!
//! A number in E.164 has at most 15 digits and never begins with 0, so that it is kept as an integer: exact, and eight
//! bytes each, for lists of millions.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use crate::domain::phone::E164;
use crate::domain::row::compound_key;
use crate::domain::row::rewritten_key::{KeyFolds, rewritten};
use crate::domain::unix_millis::UnixMillis;

/// The lists of a campaign.
#[derive(Debug, Clone, Default)]
pub struct Suppression {
    sets: Vec<Set>,
    only: HashSet<u64>,
    /// Whether keys are of several columns. A list then has the first one, which says who it is, or more of them.
    of_several_columns: bool,
}

/// Who is on one list.
#[derive(Debug, Clone, Default)]
struct Set {
    numbers: HashSet<u64>,
    keys: ListedKeys,
    /// Keys of several columns, by the columns that the list says of them. In the texts the others are empty.
    compound: Vec<(Box<[bool]>, ListedKeys)>,
}

impl Set {
    fn len(&self) -> usize {
        self.numbers.len() + self.keys.len + self.compound.iter().map(|(_, keys)| keys.len).sum::<usize>()
    }
}

/// The keys of a list, by what spreadsheets leave of them.
#[derive(Debug, Clone, Default)]
struct ListedKeys {
    /// One key for each hash of a plain fold.
    first: HashMap<u64, Box<str>>,
    /// The others with the same hash, which are few.
    more: HashMap<u64, Vec<Box<str>>>,
    /// Keys by the hashes of what they may have been rounded to.
    rounded: HashMap<u64, Vec<Box<str>>>,
    len: usize,
}

/// How a key is on a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum KeyListing<'a> {
    /// As it is.
    Exact,
    /// As a spreadsheet rewrites it.
    Rewritten(RewrittenListing<'a>),
}

/// A key of a list that is a recipient's key as a spreadsheet rewrites it, or the other way round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RewrittenListing<'a> {
    /// The key on the list.
    pub listed: &'a str,
    /// What the two differ by, in words.
    pub how: &'static str,
}

/// Why nothing is sent to a recipient. Displays in plain words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Suppressed {
    /// The number or key is on a suppression list.
    #[error("on a suppression list")]
    Listed,
    /// The key is on a suppression list as a spreadsheet rewrites it: most likely the same person, who asked not to be
    /// contacted.
    #[error("on a suppression list under a key that a spreadsheet rewrote")]
    ListedRewritten,
    /// The campaign is a trial for other numbers.
    #[error("not among recipients.only")]
    NotInTrial,
    /// The number is on an opt-out list of the account, since then.
    #[error("opted out of the account's messages at {0}")]
    OptedOut(UnixMillis),
    /// The number was contacted as often as the definition allows.
    #[error("its number had as many contacts as limits.per_recipient allows")]
    TooOften,
    /// The definition is for other rows of the file.
    #[error("not selected by recipients.where")]
    NotSelected,
    /// The number was contacted by this campaign, which the definition names.
    #[error("contacted by the campaign {0}")]
    ContactedElsewhere(Arc<str>),
    /// The number is none of those of this campaign that the definition is for.
    #[error("not among those of the campaign {0} that recipients.only_in asks for")]
    NotInCampaign(Arc<str>),
}

impl Suppressed {
    /// A stable word for scripts.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Listed => "suppressed",
            Self::ListedRewritten => "suppressed-rewritten",
            Self::NotInTrial => "not-in-only",
            Self::OptedOut(_) => "opted-out",
            Self::TooOften => "too-often",
            Self::NotSelected => "not-selected",
            Self::ContactedElsewhere(_) => "contacted-elsewhere",
            Self::NotInCampaign(_) => "not-in-campaign",
        }
    }
}

impl Suppression {
    /// A trial: nothing is sent to any other number. Nobody at all means no trial.
    #[must_use]
    pub fn only(numbers: &[E164]) -> Self {
        let only = numbers.iter().filter_map(|number| packed(number.as_str())).collect();
        Self { only, ..Self::default() }
    }

    /// The same for keys of several columns: a list has the first of them, or more.
    #[must_use]
    pub fn of_several_columns(self) -> Self {
        Self { of_several_columns: true, ..self }
    }

    /// Begins another list, which takes what is added from here on.
    pub fn begin_list(&mut self) {
        self.sets.push(Set::default());
    }

    /// Takes a number, in E.164, onto the list.
    pub fn add_number(&mut self, number: &str) {
        let number = packed(number);
        self.last().numbers.extend(number);
    }

    /// Takes a key onto the list.
    pub fn add_key(&mut self, key: &str) {
        self.last().keys.insert(key);
    }

    /// Takes a key of several columns onto the list. What the list does not say of it is empty: any row that has the rest
    /// is meant.
    pub fn add_compound_key(&mut self, parts: &[&str]) {
        let said: Box<[bool]> = parts.iter().map(|part| !part.is_empty()).collect();
        let key = compound_key::join(parts);
        let compound = &mut self.last().compound;
        match compound.iter_mut().find(|(of, _)| *of == said) {
            Some((_, keys)) => keys.insert(&key),
            None => {
                let mut keys = ListedKeys::default();
                keys.insert(&key);
                compound.push((said, keys));
            }
        }
    }

    fn last(&mut self) -> &mut Set {
        if self.sets.is_empty() {
            self.begin_list();
        }
        self.sets.last_mut().expect("there is one by now")
    }

    /// Numbers and keys on the lists.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sets.iter().map(Set::len).sum()
    }

    /// Whether everybody is sent to.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0 && self.only.is_empty()
    }

    /// Whether something may be sent to the recipient with this number, in E.164, and this key.
    ///
    /// # Errors
    /// Why not.
    pub fn check(&self, number: &str, key: &str) -> Result<(), Suppressed> {
        if self.is_empty() {
            return Ok(());
        }
        let mut rewritten = false;
        for listing in self.listings(number, key).flatten() {
            match listing {
                KeyListing::Exact => return Err(Suppressed::Listed),
                KeyListing::Rewritten(_) => rewritten = true,
            }
        }
        if rewritten {
            return Err(Suppressed::ListedRewritten);
        }
        if !self.only.is_empty() && !packed(number).is_some_and(|number| self.only.contains(&number)) {
            return Err(Suppressed::NotInTrial);
        }
        Ok(())
    }
}

impl Suppression {
    /// The lists that the recipient with this number, in E.164, and this key is on, as they were begun, from 0. Those are among
    /// them that have the key as a spreadsheet rewrites it.
    pub fn on(&self, number: &str, key: &str) -> impl Iterator<Item = usize> {
        self.listings(number, key).enumerate().filter(|(_, listing)| listing.is_some()).map(|(at, _)| at)
    }

    /// The first listed key that is the recipient's as a spreadsheet rewrites it.
    #[must_use]
    pub fn rewritten(&self, number: &str, key: &str) -> Option<RewrittenListing<'_>> {
        self.listings(number, key).flatten().find_map(|listing| match listing {
            KeyListing::Exact => None,
            KeyListing::Rewritten(rewritten) => Some(rewritten),
        })
    }

    /// How a recipient is on each list.
    fn listings(&self, number: &str, key: &str) -> impl Iterator<Item = Option<KeyListing<'_>>> {
        let number = packed(number);
        let parts = compound_key::parts(key).filter(|_| self.of_several_columns);
        let key = parts.as_ref().map_or(key, |parts| parts[0]);
        // The folds of a key take longer than all the rest.
        let has_keys = self.sets.iter().any(|set| set.keys.len > 0);
        let folds = (has_keys && !key.is_empty()).then(|| KeyFolds::of(key));
        self.sets.iter().map(move |set| {
            if number.is_some_and(|number| set.numbers.contains(&number)) {
                return Some(KeyListing::Exact);
            }
            let whole =
                set.compound.iter().filter_map(|(said, keys)| find_compound(said, keys, parts.as_deref()?));
            let mut found = None;
            let of_first = folds.as_ref().and_then(|folds| set.keys.find(key, folds));
            for listing in of_first.into_iter().chain(whole) {
                if listing == KeyListing::Exact {
                    return Some(listing);
                }
                found.get_or_insert(listing);
            }
            found
        })
    }
}

/// How a key of several columns is among keys of which a list says some.
fn find_compound<'k>(said: &[bool], keys: &'k ListedKeys, parts: &[&str]) -> Option<KeyListing<'k>> {
    if parts.len() != said.len() {
        return None;
    }
    let of = parts.iter().zip(said).map(|(part, said)| if *said { *part } else { "" });
    let key = compound_key::join(&of.collect::<Vec<_>>());
    keys.find(&key, &KeyFolds::of(&key))
}

impl ListedKeys {
    fn insert(&mut self, key: &str) {
        let folds = KeyFolds::of(key);
        let plain = hash(&folds.plain);
        if self.with(plain).any(|listed| listed == key) {
            return;
        }
        self.len += 1;
        match self.first.entry(plain) {
            Entry::Vacant(entry) => {
                entry.insert(key.into());
            }
            Entry::Occupied(_) => self.more.entry(plain).or_default().push(key.into()),
        }
        for rounding in &folds.roundings {
            self.rounded.entry(hash(rounding)).or_default().push(key.into());
        }
    }

    /// The keys with this hash of their plain fold.
    fn with(&self, plain: u64) -> impl Iterator<Item = &str> {
        let more = self.more.get(&plain).into_iter().flatten();
        self.first.get(&plain).into_iter().chain(more).map(AsRef::as_ref)
    }

    fn find(&self, key: &str, folds: &KeyFolds) -> Option<KeyListing<'_>> {
        let plain = hash(&folds.plain);
        if self.with(plain).any(|listed| listed == key) {
            return Some(KeyListing::Exact);
        }
        let rounded = self.rounded.get(&plain).into_iter().flatten().map(AsRef::as_ref);
        let cut = folds.roundings.iter().flat_map(|rounding| self.with(hash(rounding)));
        self.with(plain).chain(rounded).chain(cut).find_map(|listed| {
            let how = rewritten(listed, key)?;
            Some(KeyListing::Rewritten(RewrittenListing { listed, how }))
        })
    }
}

fn hash(fold: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    fold.hash(&mut hasher);
    hasher.finish()
}

/// The digits of a number in E.164; `None` where it is none.
fn packed(number: &str) -> Option<u64> {
    number.strip_prefix('+')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keys_and_trials() {
        let mut lists = Suppression::only(&[E164::parse("+12025550143").expect("a number")]);
        assert!(!lists.is_empty());
        assert_eq!(lists.check("+12025550143", "a"), Ok(()));
        assert_eq!(lists.check("+12025550144", "b"), Err(Suppressed::NotInTrial));
        lists.add_number("+12025550143");
        assert_eq!(
            lists.check("+12025550143", "a"),
            Err(Suppressed::Listed),
            "a list is stronger than a trial"
        );

        let mut lists = Suppression::default();
        assert!(lists.is_empty() && lists.check("+12025550143", "a").is_ok());
        lists.add_key("a");
        lists.add_number("+4915123456789");
        assert_eq!(lists.len(), 2);
        assert_eq!(lists.check("+12025550143", "a"), Err(Suppressed::Listed));
        assert_eq!(lists.check("+4915123456789", "b"), Err(Suppressed::Listed));
        assert_eq!(lists.check("+491512345678", "b"), Ok(()), "one digit less is another number");
        let several = lists.clone().of_several_columns();
        assert!(
            several.check("+12025550143", "1:a 1:b").is_err()
                && several.check("+12025550143", "1:b 1:a").is_ok()
        );
        assert!(lists.check("+12025550143", "1:a 1:b").is_ok(), "a key of one column may look so too");
        lists.begin_list();
        lists.add_number("+12025550143");
        assert_eq!(lists.on("+12025550143", "a").collect::<Vec<_>>(), [0, 1]);
        assert_eq!(lists.on("+12025550143", "b").collect::<Vec<_>>(), [1]);
    }

    /// What a spreadsheet made of a key, on the list or in the file, is told apart from the key itself and from other keys.
    #[test]
    fn a_key_that_a_spreadsheet_rewrote_is_on_the_list_and_told_as_that() {
        const NUMBER: &str = "+12025550143";
        let on = |listed: &[&str], key: &str| {
            let mut lists = Suppression::default();
            lists.add_number("+12025550199");
            listed.iter().for_each(|listed| lists.add_key(listed));
            (lists.check(NUMBER, key), lists.rewritten(NUMBER, key).map(|found| found.listed.to_owned()))
        };
        for (listed, key) in [
            ("17", "0017"),
            ("0017", "17"),
            ("17.0", "0017"),
            ("=\"0017\"", "17"),
            (" A-17\u{a0}", "a-17"),
            ("Zoe\u{308}", "Zo\u{eb}"),
            ("1234567890123450", "1234567890123456"),
            ("1234567890123456", "1234567890123450"),
            ("1.23E+05", "123000"),
            ("1,234,567", "1234567"),
            ("A–17", "A-17"),
            ("'0017", "17"),
            ("1-Mar", "MAR1"),
            ("2-Jan", "1-2"),
            ("1.1", "1.10"),
            ("120000", "12E4"),
            ("Dec-21", "DEC2021"),
        ] {
            let found = (Err(Suppressed::ListedRewritten), Some(listed.to_owned()));
            assert_eq!(on(&["b", listed], key), found, "{listed:?} {key:?}");
            assert_eq!(on(&[listed, key], key).0, Err(Suppressed::Listed), "{listed:?} {key:?}");
        }
        for (listed, key) in [
            ("17", "18"),
            ("1234567890123457", "1234567890123456"),
            ("A17", "17"),
            ("17", ""),
            ("Zoe", "Zo\u{eb}"),
        ] {
            assert_eq!(on(&[listed], key), (Ok(()), None), "{listed:?} {key:?}");
        }
        let mut several = Suppression::default().of_several_columns();
        several.add_key("17");
        assert_eq!(several.check(NUMBER, "4:0017 10:2026-12-01"), Err(Suppressed::ListedRewritten));
        assert_eq!(several.on(NUMBER, "4:0017 1:b").collect::<Vec<_>>(), [0]);
        // Of a list with all columns only the row with that key is on it, or what a spreadsheet made of it.
        let mut whole = Suppression::default().of_several_columns();
        whole.add_compound_key(&["17", "A", "x"]);
        whole.add_compound_key(&["18", "", "x"]);
        for (key, expected) in [
            ("2:17 1:A 1:x", Err(Suppressed::Listed)),
            ("2:17 1:B 1:x", Ok(())),
            ("4:0017 1:A 1:x", Err(Suppressed::ListedRewritten)),
            ("2:18 1:A 1:x", Err(Suppressed::Listed)),
            ("2:18 1:B 1:x", Err(Suppressed::Listed)),
            ("2:18 1:B 1:y", Ok(())),
            ("2:17 1:A", Ok(())),
        ] {
            assert_eq!(whole.check(NUMBER, key), expected, "{key}");
        }
        assert_eq!(whole.len(), 2);
        // A list that has both, of two people: each is on it as it is.
        several.add_key("0017");
        assert_eq!((several.len(), several.check(NUMBER, "4:0017 1:b")), (2, Err(Suppressed::Listed)));
    }
}
