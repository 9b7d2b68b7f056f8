//! The instance and the account of a sender, where it has its own.

use std::num::NonZeroU32;

use super::connect::ConnectSettings;
use super::reader::Reader;
use super::senders::SenderTable;
use super::{Definition, Rate, RequestRate, Text};
use crate::domain::arn::{self, Home};
use crate::domain::foreign::shown;
use crate::domain::message::request::Request;
use crate::domain::message::template::Template;
use crate::domain::senders::{Sender, SenderAccount};

/// Keys that say something of an instance of its own.
const OF_INSTANCE: [&str; 4] = ["region", "profile", "account_rate", "account_burst"];

impl SenderTable<'_, '_> {
    /// Where its contacts are started, if it says so itself; its source lives there.
    pub(super) fn own_account(&mut self, connect: &ConnectSettings) -> Option<SenderAccount> {
        let rate = self.account_rate();
        let burst = self.integer("account_burst").and_then(|burst| u32::try_from(burst).ok());
        let (instance, flow) = (self.text("instance_id"), self.text("contact_flow_id"));
        if instance.is_none()
            && let Some(key) =
                OF_INSTANCE.into_iter().find(|key| self.text(key).is_some() || self.amount(key).is_some())
        {
            let message = format!(
                "`senders.{key}` is of an instance of its own, and there is no `senders.instance_id`"
            );
            self.mistake(
                key,
                message,
                "add instance_id and contact_flow_id to the sender, or put it into [connect] or [pace]",
            );
        }
        if instance.is_none() && flow.is_none() {
            return None;
        }
        let (instance_id, instance_home) = match instance {
            Some(text) => self.instance(&text)?,
            None => (connect.instance_id.clone(), None),
        };
        let Some(flow) = flow else {
            let hint = "a flow belongs to one instance: add contact_flow_id to the sender";
            self.mistake(
                "instance_id",
                "`senders.contact_flow_id` is missing: the sender has an instance of its own",
                hint,
            );
            return None;
        };
        let (contact_flow_id, flow_home) = self.flow(&flow, &instance_id)?;
        let source_home = self.text("source").and_then(|source| arn::phone_number(&source).ok());
        let is_elsewhere = self.text("instance_id").is_some();
        let homes = [instance_home, flow_home, source_home];
        let given = self.region().or_else(|| connect.region.clone().filter(|_| !is_elsewhere));
        let region = given.or_else(|| homes.iter().flatten().next().map(|home| home.region.clone()));
        let account = homes.iter().flatten().next().map(|home| home.account.clone());
        for (key, home) in ["instance_id", "contact_flow_id", "source"].into_iter().zip(&homes) {
            self.must_live_at(key, home.as_ref(), (region.as_deref(), account.as_deref()));
        }
        let profile = self.text("profile").or_else(|| connect.profile.clone());
        if is_elsewhere && instance_id == connect.instance_id && profile != connect.profile {
            let message = "`senders.profile` is another than that of [connect], and the instance is the same";
            self.mistake("profile", message, "one instance is reached with one profile: leave it out here");
        }
        Some(SenderAccount {
            instance_id,
            contact_flow_id,
            region,
            account,
            profile,
            rate,
            burst: burst.and_then(NonZeroU32::new),
        })
    }

    fn account_rate(&mut self) -> Option<f64> {
        let rate = self.amount("account_rate")?;
        if RequestRate::new(rate).is_none() {
            let message = format!(
                "`senders.account_rate` must be a number from {} to {}",
                RequestRate::LEAST,
                RequestRate::MOST
            );
            self.mistake("account_rate", message, "such as 2 or 0.5 requests per second");
        }
        Some(rate)
    }

    fn region(&mut self) -> Option<String> {
        let region = self.text("region")?;
        if arn::is_region(&region) {
            return Some(region);
        }
        let hint = "leave it out: the ARN of its source names the Region";
        self.mistake("region", "`senders.region` must be a Region such as us-west-2", hint);
        None
    }

    fn instance(&mut self, text: &str) -> Option<(String, Option<Home>)> {
        let hint =
            "the instance's page in the AWS console shows its ARN; so does `aws connect list-instances`";
        match arn::instance(text) {
            Ok((id, _)) if !arn::is_uuid(&id) => {
                let message =
                    format!("`senders.instance_id` cannot be the id of an instance: {}", shown(&id));
                self.mistake("instance_id", message, hint);
                None
            }
            Ok(found) => Some(found),
            Err(mistake) => {
                self.mistake("instance_id", format!("`senders.instance_id` {mistake}"), hint);
                None
            }
        }
    }

    fn flow(&mut self, text: &str, instance_id: &str) -> Option<(String, Option<Home>)> {
        let hint = "the flow's page shows its ARN under \"Show additional flow information\"";
        match arn::flow(text, instance_id) {
            Ok((id, _)) if !arn::is_uuid(&id) => {
                let message = format!("`senders.contact_flow_id` cannot be the id of a flow: {}", shown(&id));
                self.mistake("contact_flow_id", message, hint);
                None
            }
            Ok(found) => Some(found),
            Err(mistake) => {
                self.mistake("contact_flow_id", format!("`senders.contact_flow_id` {mistake}"), hint);
                None
            }
        }
    }

    fn must_live_at(
        &mut self,
        key: &str,
        home: Option<&Home>,
        (region, account): (Option<&str>, Option<&str>),
    ) {
        let Some(home) = home else { return };
        if let Some(region) = region.filter(|region| *region != home.region) {
            let message =
                format!("`senders.{key}` is in the Region {}, and the sender in {region}", home.region);
            self.mistake(key, message, "a sender has one Region: that of its instance, flow and source");
        }
        if let Some(account) = account.filter(|account| *account != home.account) {
            let message =
                format!("`senders.{key}` is of account {}, and the sender of {account}", home.account);
            self.mistake(key, message, "take instance, flow and number of a sender from one account");
        }
    }

    /// One account takes so many requests, whichever sender says so.
    pub(super) fn agrees(&mut self, sender: &Sender, others: &[Sender], connect: &ConnectSettings) {
        let Some(own) = &sender.account else { return };
        let stated = own.rate.map(|_| "account_rate").or(own.burst.map(|_| "account_burst"));
        if let Some(key) = stated
            && own.owner() == connect.account.as_ref().unwrap_or(&connect.instance_id)
            && own.region == connect.region
        {
            let message =
                format!("`senders.{key}`: the account is that of [connect], whose pace is in [pace]");
            self.mistake(key, message, "put it into [pace], and leave it out here");
        }
        for other in others {
            let Some(known) = &other.account else { continue };
            if known.instance_id == own.instance_id && known.profile != own.profile {
                let message = format!(
                    "the senders {} and {} have one instance, and reach it with two profiles",
                    shown(&other.name),
                    shown(&sender.name)
                );
                return self.mistake("profile", message, "name one profile for all senders of an instance");
            }
            let differ = |a: Option<f64>, b: Option<f64>| matches!((a, b), (Some(a), Some(b)) if a != b);
            let bursts = [own, known].map(|account| account.burst.map(|burst| f64::from(burst.get())));
            if known.is_same_account(own) && (differ(own.rate, known.rate) || differ(bursts[0], bursts[1])) {
                let message = format!(
                    "the senders {} and {} belong to one account, and give it two paces",
                    shown(&other.name),
                    shown(&sender.name)
                );
                let key = if differ(own.rate, known.rate) { "account_rate" } else { "account_burst" };
                return self.mistake(
                    key,
                    message,
                    "one account in one Region has one quota of requests: say it once",
                );
            }
        }
    }
}

/// Where one sender has an account of its own, each has one: the others have that of `[connect]`. What one sender says of an
/// account's pace holds for all of them.
pub(super) fn share(
    reader: &mut Reader<'_>,
    senders: &mut [Sender],
    connect: &ConnectSettings,
    request: &Request<Text>,
) {
    if senders.iter().all(|sender| sender.account.is_none()) {
        return;
    }
    if request.contact_flow_id.template.as_fixed().is_none() {
        let place = reader.place("connect.contact_flow_id");
        let message = "`connect.contact_flow_id` has placeholders, and a sender has a flow of its own";
        reader.mistake(place, message, "name one flow in [connect], and one in each sender that has its own");
    }
    let home = SenderAccount {
        instance_id: connect.instance_id.clone(),
        contact_flow_id: request.contact_flow_id.template.as_fixed().unwrap_or_default().to_owned(),
        region: connect.region.clone(),
        account: connect.account.clone(),
        profile: connect.profile.clone(),
        rate: None,
        burst: None,
    };
    for sender in senders.iter_mut() {
        sender.account.get_or_insert_with(|| home.clone());
    }
    let stated: Vec<SenderAccount> = senders.iter().filter_map(|sender| sender.account.clone()).collect();
    for account in senders.iter_mut().filter_map(|sender| sender.account.as_mut()) {
        let same = || stated.iter().filter(|other| other.is_same_account(account));
        let (rate, burst) = (same().find_map(|other| other.rate), same().find_map(|other| other.burst));
        (account.rate, account.burst) = (rate, burst);
    }
}

impl Definition {
    /// The instance of the campaign itself, as a sender's.
    #[must_use]
    pub fn home(&self) -> SenderAccount {
        SenderAccount {
            region: self.connect.region.clone(),
            account: self.connect.account.clone(),
            profile: self.connect.profile.clone(),
            ..SenderAccount::of_instance(self.connect.instance_id.clone())
        }
    }

    /// Whether anything is sent from the campaign's own instance: each of its senders may have one of its own.
    #[must_use]
    pub fn sends_from_home(&self) -> bool {
        let home = self.home();
        let is_at_home =
            |sender: &Sender| sender.account.as_ref().is_none_or(|account| account.is_same_instance(&home));
        self.senders.is_empty() || self.senders.iter().any(is_at_home)
    }

    /// The Region and the profile that its own account is reached with. Where nothing is sent from there and the definition
    /// names none, those of the first sender: nobody has any others.
    #[must_use]
    pub fn reached_by(&self) -> (Option<String>, Option<String>) {
        let (region, profile) = (self.connect.region.clone(), self.connect.profile.clone());
        let first = self.senders.first().and_then(|sender| sender.account.as_ref());
        match first.filter(|_| !self.sends_from_home()) {
            Some(first) => (region.or(first.region.clone()), profile.or(first.profile.clone())),
            None => (region, profile),
        }
    }

    /// The campaign as far as one instance sends it: with its senders, its flow, and the pace of its account.
    #[must_use]
    pub fn of_instance(&self, account: &SenderAccount) -> Self {
        let mut part = self.clone();
        let is_of =
            |sender: &Sender| sender.account.as_ref().is_some_and(|own| own.is_same_instance(account));
        part.senders.retain(is_of);
        let connect = &mut part.connect;
        connect.instance_id.clone_from(&account.instance_id);
        connect.region.clone_from(&account.region);
        connect.account.clone_from(&account.account);
        connect.profile.clone_from(&account.profile);
        let flow = part.senders.first().and_then(|sender| sender.account.as_ref()).unwrap_or(account);
        part.request.instance_id.clone_from(&account.instance_id);
        part.request.contact_flow_id.template = Template::fixed(&flow.contact_flow_id);
        if let Some(sender) = part.senders.first() {
            part.request.source.template = Template::fixed(&sender.source);
        }
        if let Some(rate) = account.rate.and_then(RequestRate::new) {
            part.pace.rate = Rate::PerSecond(rate);
            part.pace.states.rate = true;
        }
        part.pace.burst = account.burst.unwrap_or(part.pace.burst);
        part
    }

    /// The campaign in as many parts as its senders have instances; one, where these are the same for all.
    #[must_use]
    pub fn by_instance(&self) -> Vec<Self> {
        let mut accounts: Vec<&SenderAccount> = Vec::new();
        for account in self.senders.iter().filter_map(|sender| sender.account.as_ref()) {
            if !accounts.iter().any(|known| known.is_same_instance(account)) {
                accounts.push(account);
            }
        }
        if accounts.is_empty() {
            return vec![self.clone()];
        }
        accounts.into_iter().map(|account| self.of_instance(account)).collect()
    }
}
