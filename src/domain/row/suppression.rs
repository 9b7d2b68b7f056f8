//! Whom nothing is sent to, and, in a trial, whom alone something is sent to. Only the rule: where lists come from is
//! not known here.
//!
//! A number in E.164 has at most 15 digits and never begins with 0, so that it is kept as an integer: exact, and eight
//! bytes each, for lists of millions.

use std::collections::HashSet;
use std::sync::Arc;

use crate::domain::phone::E164;
use crate::domain::row::compound_key;
use crate::domain::unix_millis::UnixMillis;

/// The lists of a campaign.
#[derive(Debug, Clone, Default)]
pub struct Suppression {
    sets: Vec<Set>,
    only: HashSet<u64>,
    /// Whether keys are of several columns. Lists then have the first one, which says who it is.
    of_several_columns: bool,
}

/// Who is on one list.
#[derive(Debug, Clone, Default)]
struct Set {
    numbers: HashSet<u64>,
    keys: HashSet<String>,
}

/// Why nothing is sent to a recipient. Displays in plain words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Suppressed {
    /// The number or key is on a suppression list.
    #[error("on a suppression list")]
    Listed,
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

    /// The same for keys of several columns: a list has the first of them.
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
        self.last().keys.insert(key.to_owned());
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
        self.sets.iter().map(|set| set.numbers.len() + set.keys.len()).sum()
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
        if self.on(number, key).next().is_some() {
            return Err(Suppressed::Listed);
        }
        if !self.only.is_empty() && !packed(number).is_some_and(|number| self.only.contains(&number)) {
            return Err(Suppressed::NotInTrial);
        }
        Ok(())
    }
}

impl Suppression {
    /// The lists that the recipient with this number, in E.164, and this key is on, as they were begun, from 0.
    pub fn on(&self, number: &str, key: &str) -> impl Iterator<Item = usize> {
        let number = packed(number);
        let key = match compound_key::parts(key) {
            Some(parts) if self.of_several_columns => parts[0],
            _ => key,
        };
        let has = move |set: &Set| {
            number.is_some_and(|number| set.numbers.contains(&number)) || set.keys.contains(key)
        };
        self.sets.iter().enumerate().filter(move |(_, set)| has(set)).map(|(at, _)| at)
    }
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
}
