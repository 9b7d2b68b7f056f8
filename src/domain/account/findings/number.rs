//! Findings of the number: in Amazon Connect, and in End User Messaging.

use super::{Finding, Judge, Status, fine, found, missing_or, short, unanswered};
use crate::domain::account::facts::{SenderFacts, SmsNumberFacts, Unanswered};
use crate::domain::figures::{Grouped, counted};

/// The number.
impl Judge<'_> {
    pub(super) fn number_status(&self) -> Finding {
        const ID: &str = "number.status";
        let absent = "correct source in [connect]; `aws connect list-phone-numbers-v2` shows those there are";
        missing_or(ID, "the phone number", &self.account.number, absent, |number| {
            match number.status.as_str() {
                "CLAIMED" => fine(ID, "claimed"),
                status => found(ID, Status::Failed, format!("the number is not claimed: {status}"))
                    .next("claim it in the Amazon Connect console, and wait until it is"),
            }
        })
    }

    pub(super) fn number_instance(&self) -> Finding {
        const ID: &str = "number.instance";
        let instance = &self.campaign.instance_id;
        match &self.account.number {
            Err(Unanswered::NotFound) => unanswered(
                ID,
                "the number's instance",
                &Unanswered::Unknown("the number does not exist".to_owned()),
            ),
            Err(why) => unanswered(ID, "the number's instance", why),
            Ok(number) if number.target_arn.ends_with(&format!("instance/{instance}")) => {
                fine(ID, "the number belongs to this instance")
            }
            Ok(number) if number.target_arn.contains(":traffic-distribution-group/") => found(
                ID,
                Status::Warning,
                format!("the number belongs to a traffic distribution group: {}", number.target_arn),
            )
            .next("see that the group includes this instance"),
            Ok(number) => found(
                ID,
                Status::Failed,
                format!("the number belongs to something else: {}", number.target_arn),
            )
            .next("take a number of this instance, or assign this one to it"),
        }
    }

    /// The number in End User Messaging, or the finding that nothing is known of it.
    pub(super) fn sms(&self, id: &'static str, what: &str) -> Result<&SmsNumberFacts, Finding> {
        match &self.account.sms_number {
            Ok(facts) => Ok(facts),
            Err(Unanswered::NotFound) => Err(found(
                id,
                Status::Failed,
                "the number is not in AWS End User Messaging, so it sends no SMS",
            )
            .next("request an SMS number there, and import it into the instance")),
            Err(why) => Err(unanswered(id, what, why)),
        }
    }

    pub(super) fn number_sms(&self) -> Finding {
        const ID: &str = "number.sms";
        let number = match self.sms(ID, "whether the number sends SMS") {
            Ok(number) => number,
            Err(finding) => return finding,
        };
        let kind = number.kind.to_lowercase().replace('_', " ");
        if !number.can_send {
            return found(ID, Status::Failed, format!("the number, a {kind}, cannot send SMS"))
                .next("take a number with the capability SMS");
        }
        if number.status != "ACTIVE" {
            return found(ID, Status::Failed, format!("the number is not active for SMS: {}", number.status))
                .next("finish its registration in the AWS End User Messaging console");
        }
        if number.kind == "SIMULATOR" {
            return found(
                ID,
                Status::Warning,
                "the number is a simulator's: it sends to simulated destinations only",
            )
            .next("take a real number for people");
        }
        if !number.two_way {
            return found(ID, Status::Warning, format!("a {kind} that takes no replies"))
                .next("turn two-way messaging on, unless nobody is to answer");
        }
        fine(ID, format!("a {kind} that sends SMS and takes replies"))
    }

    /// A number's parts, held against the rate of its sender.
    fn sender_parts(&self, id: &'static str, (parts, caps): (u64, String), sender: &SenderFacts) -> Finding {
        let rate = sender.parts_per_second;
        let sends = counted(parts, "message part per second", "message parts per second");
        let slower = format!("set parts_per_second = {parts} for this sender");
        match rate {
            Some(rate) if rate > parts as f64 => found(
                id,
                Status::Warning,
                format!("the number sends {sends}, and its sender is to send {}{caps}", short(rate)),
            )
            .next(slower),
            None if sender.takes_number_rate => {
                fine(id, format!("the number sends {sends}, and its sender as many{caps}"))
            }
            None if self.campaign.rate.is_some_and(|rate| rate > parts as f64) => found(
                id,
                Status::Warning,
                format!("the number sends {sends}, and its sender has no rate{caps}"),
            )
            .next(slower),
            _ => fine(id, format!("the number sends {sends}{caps}")),
        }
    }

    pub(super) fn number_parts(&self) -> Finding {
        const ID: &str = "number.parts";
        let number = match self.sms(ID, "how many message parts the number sends per second") {
            Ok(number) => number,
            Err(finding) => return Finding { status: Status::NotChecked, next: None, ..finding },
        };
        let caps: Vec<_> = number
            .daily_caps
            .iter()
            .map(|(carrier, cap)| format!("{} a day to {carrier}", Grouped(*cap)))
            .collect();
        let caps = if caps.is_empty() { String::new() } else { format!("; {}", caps.join(", ")) };
        let Some(parts) = number.parts_per_second else {
            return found(
                ID,
                Status::NotChecked,
                format!("the service does not tell the number's message parts{caps}"),
            );
        };
        if let Some(sender) = &self.campaign.sender {
            return self.sender_parts(ID, (parts, caps), sender);
        }
        let longest = self.campaign.file.as_ref().map_or(1, |file| file.longest.max(1));
        let needed = self.campaign.rate.unwrap_or(2.0) * longest as f64;
        let sends = counted(parts, "message part per second", "message parts per second");
        if needed > parts as f64 {
            let rate = short(parts as f64 / longest as f64);
            return found(
                ID,
                Status::Warning,
                format!("the number sends {sends}, and the campaign makes up to {}{caps}", short(needed)),
            )
            .next(format!("set rate = {rate} in [pace], or shorten the message"));
        }
        fine(ID, format!("the number sends {sends}{caps}"))
    }

    /// The countries of the file, held against that of the number.
    pub(super) fn number_countries(&self) -> Finding {
        const ID: &str = "number.countries";
        let number = match self.sms(ID, "whether the number sends to other countries") {
            Ok(number) => number,
            Err(finding) => return Finding { status: Status::NotChecked, next: None, ..finding },
        };
        let own = &number.country;
        if number.international {
            return fine(ID, format!("a number of {own} that sends to other countries too"));
        }
        let only = format!("a number of {own} that sends to no other country: international sending is off");
        let Some(file) = &self.campaign.file else { return fine(ID, only) };
        let abroad: Vec<(&String, &u64)> =
            file.countries.iter().filter(|(country, _)| *country != own).collect();
        let rows: u64 = abroad.iter().map(|(_, rows)| **rows).sum();
        if rows == 0 {
            return fine(ID, only);
        }
        let countries: Vec<&str> = abroad.iter().map(|(country, _)| country.as_str()).collect();
        let rows = counted(rows, "contact", "contacts");
        let summary = format!("{only}, and {rows} are for {}", countries.join(", "));
        found(ID, Status::Warning, summary)
            .next("turn international sending on for the number in AWS End User Messaging, or take a sender of these countries")
    }
}
