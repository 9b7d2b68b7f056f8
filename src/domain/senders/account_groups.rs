//! Which senders of a campaign share an account, and which an instance.

use std::num::NonZeroU32;

use super::SenderAccount;

/// The accounts of several senders, each once, and which of them each sender has. Where nothing is stated of any sender, all
/// have one account and one instance.
#[derive(Debug, Clone, PartialEq)]
pub struct AccountGroups {
    /// In the order of the senders; one at least.
    pub accounts: Vec<AccountGroup>,
    /// By sender.
    pub places: Vec<AccountPlace>,
    /// How many instances there are; one at least.
    pub instances: usize,
}

/// Senders whose requests count for the same quota.
#[derive(Debug, Clone, PartialEq)]
pub struct AccountGroup {
    /// That of the first of them; `None` where the campaign has one account.
    pub account: Option<SenderAccount>,
    /// Requests per second, as any of them states; `None`: as `[pace]` says.
    pub rate: Option<f64>,
    /// Requests that may leave at once; `None`: as `[pace]` says.
    pub burst: Option<NonZeroU32>,
}

/// The places of a sender's account and of its instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountPlace {
    /// Among the accounts.
    pub account: usize,
    /// Among the instances of all accounts.
    pub instance: usize,
}

impl AccountGroups {
    /// Of these senders.
    #[must_use]
    pub fn of<'a>(senders: impl Iterator<Item = Option<&'a SenderAccount>>) -> Self {
        let mut accounts: Vec<AccountGroup> = Vec::new();
        let mut instances: Vec<Option<&SenderAccount>> = Vec::new();
        let mut places = Vec::new();
        for own in senders {
            let is_known = |group: &AccountGroup| match (&group.account, own) {
                (Some(known), Some(own)) => known.is_same_account(own),
                (known, own) => known.is_none() && own.is_none(),
            };
            let account = accounts.iter().position(is_known).unwrap_or_else(|| {
                accounts.push(AccountGroup { account: own.cloned(), rate: None, burst: None });
                accounts.len() - 1
            });
            let group = &mut accounts[account];
            group.rate = group.rate.or(own.and_then(|own| own.rate));
            group.burst = group.burst.or(own.and_then(|own| own.burst));
            let is_same = |known: &Option<&SenderAccount>| match (known, own) {
                (Some(known), Some(own)) => known.is_same_instance(own),
                (known, own) => known.is_none() && own.is_none(),
            };
            let instance = instances.iter().position(is_same).unwrap_or_else(|| {
                instances.push(own);
                instances.len() - 1
            });
            places.push(AccountPlace { account, instance });
        }
        if accounts.is_empty() {
            accounts.push(AccountGroup { account: None, rate: None, burst: None });
        }
        Self { accounts, places, instances: instances.len().max(1) }
    }

    /// Whether requests count for more than one quota.
    #[must_use]
    pub fn are_several(&self) -> bool {
        self.accounts.len() > 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(instance: &str, number: Option<&str>, rate: Option<f64>) -> SenderAccount {
        SenderAccount {
            instance_id: instance.to_owned(),
            contact_flow_id: "flow".to_owned(),
            region: Some("us-west-2".to_owned()),
            account: number.map(str::to_owned),
            profile: None,
            rate,
            burst: None,
        }
    }

    #[test]
    fn an_account_is_told_once_with_the_rate_that_any_of_its_senders_states() {
        let senders = [
            account("a", Some("123456789012"), None),
            account("b", Some("210987654321"), Some(5.0)),
            account("c", Some("123456789012"), Some(3.0)),
            account("a", Some("123456789012"), None),
            SenderAccount {
                region: Some("eu-west-2".to_owned()),
                ..account("a", Some("123456789012"), None)
            },
            account("d", None, None),
        ];
        let groups = AccountGroups::of(senders.iter().map(Some));
        let places: Vec<_> = groups.places.iter().map(|place| (place.account, place.instance)).collect();
        assert_eq!(places, [(0, 0), (1, 1), (0, 2), (0, 0), (2, 3), (3, 4)]);
        let rates: Vec<_> = groups.accounts.iter().map(|group| group.rate).collect();
        assert_eq!((rates, groups.instances), (vec![Some(3.0), Some(5.0), None, None], 5));
    }

    #[test]
    fn senders_of_which_nothing_is_stated_share_one() {
        for senders in [0, 1, 3] {
            let groups = AccountGroups::of(std::iter::repeat_n(None, senders));
            assert_eq!((groups.accounts.len(), groups.instances, groups.are_several()), (1, 1, false));
            assert!(groups.places.iter().all(|place| (place.account, place.instance) == (0, 0)));
        }
    }
}
