//! Findings of the account's limits: sandbox, spend, countries, quotas, opt-outs.

use super::{Finding, Judge, OPT_OUTS, Status, fine, found, short, unanswered};
use crate::domain::figures::{Grouped, counted};

/// The account.
impl Judge<'_> {
    pub(super) fn tier(&self) -> Finding {
        const ID: &str = "account.tier";
        let production = match &self.account.messaging {
            Ok(messaging) => messaging.production,
            Err(why) => return unanswered(ID, "whether the account is in the SMS sandbox", why),
        };
        match production {
            None => found(
                ID,
                Status::NotChecked,
                "the service does not tell whether the account is in the SMS sandbox",
            ),
            Some(true) => fine(ID, "out of the SMS sandbox"),
            Some(false) => self.sandbox(),
        }
    }

    pub(super) fn sandbox(&self) -> Finding {
        const ID: &str = "account.tier";
        const NEXT: &str = "request production access in the AWS End User Messaging console, or send to verified numbers \
                            only";
        let Ok(verified) = &self.account.verified else {
            let summary = "the account is in the SMS sandbox: it reaches verified numbers only";
            return found(ID, Status::Failed, summary).next(NEXT);
        };
        let reached = counted(verified.len() as u64, "verified number", "verified numbers");
        let Some(file) = self.campaign.file.as_ref().filter(|file| !file.numbers.is_empty()) else {
            return found(
                ID,
                Status::Failed,
                format!("the account is in the SMS sandbox: it reaches {reached}"),
            )
            .next(NEXT);
        };
        match file.numbers.difference(verified).count() as u64 {
            0 => found(
                ID,
                Status::Warning,
                format!("the account is in the SMS sandbox; all recipients are among its {reached}"),
            ),
            outside => found(
                ID,
                Status::Failed,
                format!(
                    "the account is in the SMS sandbox: {} of {} are not among its {reached}",
                    Grouped(outside),
                    counted(file.numbers.len() as u64, "recipient", "recipients")
                ),
            )
            .next(NEXT),
        }
    }

    pub(super) fn spend(&self) -> Finding {
        const ID: &str = "account.spend";
        let limit = match &self.account.spend {
            Ok(limit) => *limit,
            Err(why) => return unanswered(ID, "the monthly spend limit", why),
        };
        let cost = self.campaign.file.as_ref().and_then(|file| file.cost);
        let text =
            format!("the account spends at most {} USD a month on text messages", Grouped(limit.enforced));
        let enough = cost.is_none_or(|cost| cost <= limit.most as f64);
        let raise = if limit.enforced < limit.most && enough {
            format!(
                "raise it: `aws pinpoint-sms-voice-v2 set-text-message-spend-limit-override --monthly-limit {}`",
                limit.most
            )
        } else if limit.enforced < limit.most {
            format!(
                "ask AWS Support for a higher one: by yourself you can raise it to {} USD only",
                Grouped(limit.most)
            )
        } else {
            "ask AWS Support for a higher one".to_owned()
        };
        match cost {
            Some(cost) if cost > limit.enforced as f64 => {
                found(ID, Status::Failed, format!("{text}; the campaign costs about {cost:.2}")).next(raise)
            }
            Some(cost) => fine(ID, format!("{text}; the campaign costs about {cost:.2}")),
            None if limit.enforced <= 1 => found(ID, Status::Warning, text).next(raise),
            None => fine(ID, text),
        }
    }

    pub(super) fn countries(&self) -> Finding {
        const ID: &str = "account.countries";
        let rules = match &self.account.countries {
            Ok(rules) => rules,
            Err(why) => return unanswered(ID, "the countries that messages are sent to", why),
        };
        let blocked: Vec<&String> =
            rules.iter().filter(|(_, status)| *status == "BLOCK").map(|(country, _)| country).collect();
        const NEXT: &str = "allow them in the account's protect configuration, or leave these rows out";
        let Some(file) = &self.campaign.file else {
            return match blocked.as_slice() {
                [] => fine(ID, "messages are blocked to no country"),
                blocked => found(ID, Status::Warning, format!("messages are blocked to {}", list(blocked)))
                    .next(NEXT),
            };
        };
        let hit: Vec<&String> =
            blocked.into_iter().filter(|country| file.countries.contains_key(*country)).collect();
        let rows: u64 = hit.iter().filter_map(|country| file.countries.get(*country)).sum();
        if hit.is_empty() {
            return fine(ID, "messages are sent to every country of the file");
        }
        let summary =
            format!("messages to {} are blocked: {}", list(&hit), counted(rows, "contact", "contacts"));
        found(ID, if rows == file.contacts { Status::Failed } else { Status::Warning }, summary).next(NEXT)
    }

    pub(super) fn requests_quota(&self) -> Finding {
        const ID: &str = "quota.rate";
        let quota = match &self.account.requests_quota {
            Ok(quota) => *quota,
            Err(why) => return unanswered(ID, "the quota of requests per second", why),
        };
        match self.campaign.rate {
            Some(rate) if rate > quota => found(
                ID,
                Status::Warning,
                format!(
                    "the campaign sends {} requests per second, and the account allows {}",
                    short(rate),
                    short(quota)
                ),
            )
            .next(increase("L-408DD6C6", rate)),
            _ => fine(ID, format!("the account allows {} requests per second", short(quota))),
        }
    }

    pub(super) fn chats_quota(&self) -> Finding {
        const ID: &str = "quota.chats";
        let quota = match &self.account.chats_quota {
            Ok(quota) => *quota,
            Err(why) => return unanswered(ID, "the quota of active chats", why),
        };
        let most = f64::from(self.campaign.max_active_contacts);
        if most > quota {
            let summary = format!(
                "max_active_contacts is {}, and the instance allows {} active chats",
                short(most),
                short(quota)
            );
            return found(ID, Status::Warning, summary).next(increase("L-D4BA6F6E", most));
        }
        fine(ID, format!("the instance allows {} active chats", short(quota)))
    }

    pub(super) fn chats_now(&self) -> Finding {
        const ID: &str = "chats.now";
        let now = match &self.account.chats_now {
            Ok(now) => *now,
            Err(why) => return unanswered(ID, "how many chats are active now", why),
        };
        let quota = self.account.chats_quota.as_ref().ok().copied();
        let quota = quota.unwrap_or(f64::from(self.campaign.max_active_contacts));
        let summary = format!("{} of {} active", counted(now, "chat", "chats"), short(quota));
        match now as f64 {
            now if now >= quota => found(ID, Status::Failed, summary)
                .next("wait until chats end, or end those that nobody needs with `aws connect stop-contact`"),
            now if now >= quota * 0.8 => {
                found(ID, Status::Warning, summary).next("wait until chats end, or begin with a low rate")
            }
            _ => fine(ID, summary),
        }
    }

    pub(super) fn opt_outs(&self) -> Finding {
        const ID: &str = OPT_OUTS;
        let number = match self.sms(ID, "the opt-outs") {
            Ok(number) => number,
            Err(finding) => return Finding { status: Status::NotChecked, next: None, ..finding },
        };
        if number.self_managed_opt_outs {
            return found(
                ID,
                Status::Warning,
                "opt-outs of this number are kept by yourselves, and AWS's list is not all",
            )
            .next("name your own list with suppress in [recipients]");
        }
        let list = match &self.account.opt_outs {
            Ok(list) => list,
            Err(why) => return unanswered(ID, "the opt-outs", why),
        };
        let more = if list.more { "at least " } else { "" };
        let numbers = counted(list.numbers, "number", "numbers");
        let summary = format!("the list {} has {more}{numbers}", list.name);
        if number.kind == "TOLL_FREE" {
            return found(
                ID,
                Status::Warning,
                format!(
                    "{summary}; the carrier keeps a toll-free number's STOP, which the list may not have"
                ),
            )
            .next("take messages that come back as blocked for opt-outs too");
        }
        fine(ID, summary)
    }

    pub(super) fn searchable(&self) -> Finding {
        const ID: &str = "trace.searchable";
        match (&self.account.searchable, &self.campaign.attribute) {
            (Err(why), _) => unanswered(ID, "whether contacts can be found by attribute", why),
            (Ok(None), _) | (_, None) => found(
                ID,
                Status::NotChecked,
                "the definition sets no attribute, so contacts cannot be found by one",
            )
            .next("set trace or attributes in [contact]: a contact whose answer was lost is found by them"),
            (Ok(Some(true)), Some(attribute)) => fine(ID, format!("contacts can be searched by {attribute}")),
            (Ok(Some(false)), Some(attribute)) => {
                found(ID, Status::Warning, format!("contacts cannot be searched by {attribute}")).next(
                    format!(
                        "add {attribute} to the instance's searchable contact attributes before the campaign: only contacts that \
                         start from then on can be searched by it, and others are looked for one by one"
                    ),
                )
            }
        }
    }
}

fn list(countries: &[&String]) -> String {
    countries.iter().map(|country| country.as_str()).collect::<Vec<_>>().join(", ")
}

fn increase(quota: &str, value: f64) -> String {
    format!(
        "request an increase: `aws service-quotas request-service-quota-increase --service-code connect --quota-code \
         {quota} --desired-value {}`",
        short(value)
    )
}
