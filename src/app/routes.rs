//! The accounts and instances that a run sends through, and how fast.

use crate::connect::Client;
use crate::domain::delivery::bucket_history::BucketHistory;
use crate::domain::delivery::shared_rate::SharedRate;
use crate::domain::senders::SenderAccount;
use crate::engine::{ActiveContacts, RunAccount, RunInstance, RunSender};
use crate::pace::{RateLimit, RateLimiter};

/// An instance that some senders have of their own, and how fast their account is sent to.
#[derive(Debug)]
pub struct SenderInstance {
    /// Which, in which account.
    pub account: SenderAccount,
    /// Where its requests go.
    pub client: Client,
    /// How fast, at most: the first instance of an account says so.
    pub limit: RateLimit,
    /// The run finds out what the account takes, up to `limit`.
    pub auto: bool,
    /// Contacts that are alive, at most, where it is known how long one lives.
    pub active: Option<ActiveContacts>,
    /// The pace of the account, where other runs have a part in it.
    pub shared: Option<SharedRate>,
}

/// The campaign's own account and instance first.
pub(super) struct Routes {
    pub(super) accounts: Vec<AccountRoute>,
    pub(super) instances: Vec<RunInstance>,
}

/// An account before its run begins.
pub(super) struct AccountRoute {
    account: SenderAccount,
    limit: RateLimit,
    auto: bool,
    shared: Option<SharedRate>,
}

impl Routes {
    /// Those of these instances; each sender is told which is its own.
    pub(super) fn new(own: SenderInstance, others: Vec<SenderInstance>, senders: &mut [RunSender]) -> Self {
        let mut routes = Self { accounts: Vec::new(), instances: Vec::new() };
        for (at, instance) in [own].into_iter().chain(others).enumerate() {
            let SenderInstance { account, client, limit, auto, active, shared } = instance;
            let of_instance = |run: &&mut RunSender| {
                run.sender.account.as_ref().is_some_and(|of| of.is_same_instance(&account))
            };
            senders.iter_mut().filter(of_instance).for_each(|run| run.instance = at);
            let known = routes.accounts.iter().position(|known| known.account.is_same_account(&account));
            let account = known.unwrap_or_else(|| {
                routes.accounts.push(AccountRoute { account, limit, auto, shared });
                routes.accounts.len() - 1
            });
            routes.instances.push(RunInstance { client, account, active, is_used: false });
        }
        for (at, instance) in routes.instances.iter_mut().enumerate() {
            instance.is_used = senders.is_empty() || senders.iter().any(|run| run.instance == at);
        }
        routes
    }

    /// What is asked of all accounts that something is sent through: the rate, `None` where a run finds out that of one
    /// of them, and the burst.
    pub(super) fn asked(&self) -> (Option<f64>, u32) {
        let is_used =
            |at: usize| self.instances.iter().any(|instance| instance.is_used && instance.account == at);
        let used =
            self.accounts.iter().enumerate().filter(|(at, _)| is_used(*at)).map(|(_, account)| account);
        used.fold((Some(0.0), 0), |(rate, burst), AccountRoute { limit, auto, .. }| {
            let rate = rate.filter(|_| !auto).map(|rate: f64| rate + limit.rate);
            (rate, burst.saturating_add(limit.burst.get()))
        })
    }
}

impl AccountRoute {
    /// With as much of its burst at hand as the campaign's past allows.
    pub(super) fn begin(self, past: BucketHistory) -> RunAccount {
        let Self { account, limit, auto, shared } = self;
        let pace = if auto { RateLimiter::auto(limit, past) } else { RateLimiter::new(limit, past) };
        RunAccount { pace, shared, states_pace: account.rate.is_some() }
    }
}
