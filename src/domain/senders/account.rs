//! Where the contacts of a sender are started, in a campaign whose senders belong to several instances or accounts.

use std::num::NonZeroU32;

use crate::domain::foreign::shown;

/// The instance, the flow and the account of a sender. Quotas are of an account and a Region, and of an instance.
#[derive(Debug, Clone, PartialEq)]
pub struct SenderAccount {
    /// The bare id of the instance.
    pub instance_id: String,
    /// The bare id of the flow that runs each contact.
    pub contact_flow_id: String,
    /// The Region.
    pub region: Option<String>,
    /// The account's number, where an ARN tells it.
    pub account: Option<String>,
    /// The profile of the AWS configuration files; `None`: that of the environment.
    pub profile: Option<String>,
    /// Requests per second that the account takes; `None`: as `[pace]` says.
    pub rate: Option<f64>,
    /// Requests that may leave at once; `None`: as `[pace]` says.
    pub burst: Option<NonZeroU32>,
}

/// How an account and one of its instances are sent to, now that they were asked.
#[derive(Debug, Clone, PartialEq)]
pub struct InstancePace {
    /// Which.
    pub account: SenderAccount,
    /// Requests per second of the account; `None` where another place says so, or the run finds out.
    pub rate: Option<f64>,
    /// Contacts of the instance that may be alive.
    pub active_contacts: u32,
}

impl InstancePace {
    /// Gives an account the pace that is known of it, where it states none. Returns how many contacts of its instance may be
    /// alive, where that is known.
    pub fn give(paces: &[Self], account: &mut SenderAccount) -> Option<u32> {
        let of_account = paces.iter().find(|pace| pace.account.is_same_account(account));
        account.rate = account.rate.or(of_account.and_then(|pace| pace.rate));
        let of_instance = paces.iter().find(|pace| pace.account.is_same_instance(account));
        of_instance.map(|pace| pace.active_contacts)
    }
}

impl SenderAccount {
    /// An instance of which nothing else is known.
    #[must_use]
    pub fn of_instance(instance_id: String) -> Self {
        Self {
            instance_id,
            contact_flow_id: String::new(),
            region: None,
            account: None,
            profile: None,
            rate: None,
            burst: None,
        }
    }

    /// Whether requests go the same way: with the same credentials to the same instance.
    #[must_use]
    pub fn is_same_instance(&self, other: &Self) -> bool {
        (&self.instance_id, &self.region, &self.profile)
            == (&other.instance_id, &other.region, &other.profile)
    }

    /// Whether requests count for the same quota: that of an account in a Region. Where no ARN tells the account, the instance
    /// stands for it.
    #[must_use]
    pub fn is_same_account(&self, other: &Self) -> bool {
        (self.owner(), &self.region) == (other.owner(), &other.region)
    }

    /// What its account is called where several are told of: `account 123456789012 in us-west-2`, or the instance that
    /// stands for it.
    #[must_use]
    pub fn name(&self) -> String {
        let mut name = match &self.account {
            Some(number) => format!("account {}", shown(number)),
            None => self.instance_name(),
        };
        if let Some(region) = &self.region {
            name += &format!(" in {}", shown(region));
        }
        name
    }

    /// The same with the instance.
    #[must_use]
    pub fn label(&self) -> String {
        match &self.account {
            Some(_) => format!("{}, {}", self.name(), self.instance_name()),
            None => self.name(),
        }
    }

    /// Whether people may call its account so: by its number, its profile, its Region or its instance.
    #[must_use]
    pub fn is_called(&self, name: &str) -> bool {
        [&self.account, &self.profile, &self.region].into_iter().flatten().any(|known| known == name)
            || self.instance_id == name
    }

    fn instance_name(&self) -> String {
        format!("instance {}", shown(self.instance_id.get(..8).unwrap_or(&self.instance_id)))
    }

    /// The account's number, or the instance that stands for it.
    #[must_use]
    pub fn owner(&self) -> &str {
        self.account.as_deref().unwrap_or(&self.instance_id)
    }
}
