//! What the account's answers mean for a campaign: one finding for each thing that can keep it from being sent.

mod limits;
mod number;

use std::time::Duration;

use jiff::civil::Date;
use serde::{Serialize, Serializer};

use super::facts::{AccountFacts, Action, Answer, CampaignFacts, CredentialFacts, Unanswered};
use super::flow::{self, FlowEnd, FlowPlace, FlowReading, Longest};
use crate::domain::data_release::DataRelease;
use crate::domain::figures::Span;
use crate::domain::foreign::ForeignText;
use crate::domain::next_step::{Advice, Setting};

/// The service refuses requests whose time is further off than this.
const SKEW_FAILS: i64 = 300;
/// A clock that is further off than this is worth a word.
const SKEW_WARNS: i64 = 60;
/// Credentials that end sooner are worth a word.
const CREDENTIALS_SHORT: Duration = Duration::from_secs(15 * 60);
/// How long a contact lives whose flow does not end it, unless the request says otherwise (API reference).
const DEFAULT_CHAT: Duration = Duration::from_secs(25 * 3600);

/// How a thing stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// As it should be.
    Ok,
    /// Nobody could find out.
    NotChecked,
    /// The campaign can be sent, but not as one would expect.
    Warning,
    /// The campaign cannot be sent so.
    Failed,
}

impl Status {
    /// Its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::NotChecked => "not checked",
            Self::Warning => "warning",
            Self::Failed => "failed",
        }
    }
}

impl Serialize for Status {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

/// What was found of one thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The thing. Scripts know it by this.
    pub id: &'static str,
    /// How it stands.
    pub status: Status,
    /// What was found, in one sentence. The account's own names and words are in it.
    #[serde(serialize_with = "raw")]
    pub summary: ForeignText,
    /// What to do next.
    #[serde(skip)]
    pub next: Option<Advice>,
    /// The IAM action that is missing.
    pub action: Option<Action>,
}

fn raw<S: Serializer>(text: &ForeignText, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(text.raw())
}

impl Finding {
    /// The same, said of one of several instances.
    #[must_use]
    pub fn of_instance(self, instance: &str) -> Self {
        Self { summary: format!("{instance}: {}", self.summary.raw()).into(), ..self }
    }
}

/// The worst of the findings.
#[must_use]
pub fn worst(findings: &[Finding]) -> Status {
    findings.iter().map(|finding| finding.status).max().unwrap_or(Status::Ok)
}

/// Judges everything. One finding for each id, in the order in which a person would look.
#[must_use]
pub fn findings(campaign: &CampaignFacts, account: &AccountFacts) -> Vec<Finding> {
    let judge =
        Judge { campaign, account, flow: account.flow.as_ref().ok().map(|facts| flow::read(&facts.content)) };
    vec![
        judge.credentials(),
        judge.identity(),
        judge.clock(),
        judge.region(),
        judge.instance(),
        judge.flow_status(),
        judge.flow_disconnects(),
        judge.flow_life(),
        judge.flow_message(),
        judge.number_status(),
        judge.number_instance(),
        judge.number_sms(),
        judge.number_parts(),
        judge.number_countries(),
        judge.tier(),
        judge.spend(),
        judge.countries(),
        judge.requests_quota(),
        judge.chats_quota(),
        judge.chats_now(),
        judge.opt_outs(),
        judge.searchable(),
    ]
}

/// The findings about the number of each of several senders, in place of those about one number; each names its sender.
#[must_use]
pub fn of_senders(findings: Vec<Finding>, senders: &[(CampaignFacts, AccountFacts)]) -> Vec<Finding> {
    let about_number = |finding: &Finding| finding.id.starts_with("number.") || finding.id == OPT_OUTS;
    let at = findings.iter().position(about_number).unwrap_or(findings.len());
    let mut all: Vec<Finding> = findings.into_iter().filter(|finding| !about_number(finding)).collect();
    let of_each = senders.iter().flat_map(|(campaign, account)| {
        let judge = Judge { campaign, account, flow: None };
        let name = campaign.sender.as_ref().map_or("", |sender| sender.name.as_str()).to_owned();
        let found = [
            judge.number_status(),
            judge.number_instance(),
            judge.number_sms(),
            judge.number_parts(),
            judge.number_countries(),
            judge.opt_outs(),
        ];
        found.map(|finding| Finding {
            summary: format!("{name}: {}", finding.summary.raw()).into(),
            ..finding
        })
    });
    all.splice(at..at, of_each.collect::<Vec<_>>());
    all
}

/// The same, where Amazon Connect answers no question: then it takes no contact from here either.
#[must_use]
pub fn of_silence(mut findings: Vec<Finding>, account: &AccountFacts) -> Vec<Finding> {
    if let (Err(Unanswered::Failed(words)), true) = (&account.instance, account.connect_is_silent())
        && let Some(instance) = findings.iter_mut().find(|finding| finding.id == "instance")
    {
        let summary = format!("Amazon Connect answers nothing: {words}");
        *instance = found("instance", Status::Failed, summary)
            .next("check the network, HTTPS_PROXY and the endpoint, then run doctor again");
    }
    findings
}

/// The same where nobody can be asked: credentials failed, everything else is not checked.
#[must_use]
pub fn without_credentials(campaign: &CampaignFacts, region: &str, why: &str, next: Advice) -> Vec<Finding> {
    fn unknown<T>() -> Answer<T> {
        Err(Unanswered::Unknown("without credentials it cannot be asked".to_owned()))
    }
    let account = AccountFacts {
        identity: unknown(),
        credentials: CredentialFacts { source: String::new(), expire_in: None },
        region: region.to_owned(),
        clock_ahead: unknown(),
        instance: unknown(),
        flow: unknown(),
        number: unknown(),
        sms_number: unknown(),
        messaging: unknown(),
        verified: unknown(),
        spend: unknown(),
        countries: unknown(),
        requests_quota: unknown(),
        chats_quota: unknown(),
        chats_now: unknown(),
        opt_outs: unknown(),
        searchable: unknown(),
    };
    let mut findings = findings(campaign, &account);
    if let Some(credentials) = findings.first_mut() {
        *credentials = found("credentials", Status::Failed, why).next(next);
    }
    findings
}

/// The queue of the account's events, with about how many messages it has or why that is not known.
#[must_use]
pub fn queue(depth: Result<u64, String>) -> Finding {
    const ID: &str = "deliveries.queue";
    match depth {
        Ok(depth) => fine(ID, format!("the queue can be read, and has about {depth} messages")),
        Err(why) => found(ID, Status::Warning, format!("the queue of the account's events: {why}")).next(
            "correct queue in [deliveries], or allow sqs:ReceiveMessage, sqs:DeleteMessage and sqs:GetQueueAttributes on it; \
             a run sends all the same, and does not learn what becomes of its messages",
        ),
    }
}

/// A warning where data that are built in are more than a year old.
#[must_use]
pub fn old_data(today: Date) -> Option<Finding> {
    let old: Vec<_> = DataRelease::all().into_iter().filter(|data| data.is_old(today)).collect();
    if old.is_empty() {
        return None;
    }
    let names: Vec<_> = old.iter().map(|data| format!("{} ({})", data.subject, data.release)).collect();
    let summary = format!("the program's data are more than a year old: {}", names.join(", "));
    Some(
        found("data", Status::Warning, summary)
            .next("install a newer release of campaign: this one rejects numbers of new ranges and misses changed clocks"),
    )
}

const OPT_OUTS: &str = "optouts";

struct Judge<'a> {
    campaign: &'a CampaignFacts,
    account: &'a AccountFacts,
    flow: Option<Result<FlowReading, flow::UnreadableFlow>>,
}

fn found(id: &'static str, status: Status, summary: impl Into<ForeignText>) -> Finding {
    Finding { id, status, summary: summary.into(), next: None, action: None }
}

fn fine(id: &'static str, summary: impl Into<ForeignText>) -> Finding {
    found(id, Status::Ok, summary)
}

impl Finding {
    fn next(mut self, next: impl Into<Advice>) -> Self {
        self.next = Some(next.into());
        self
    }
}

/// A finding where the answer is missing; `what` was asked.
fn unanswered(id: &'static str, what: &str, why: &Unanswered) -> Finding {
    let finding = |summary: String| found(id, Status::NotChecked, summary);
    match why {
        Unanswered::Denied(action) => Finding {
            action: Some(action.clone()),
            ..finding(format!("{what}: these credentials may not ask"))
                .next(format!("allow {action} to the user or role, or check it in the AWS console"))
        },
        Unanswered::NotFound => finding(format!("{what}: the service has no such thing")),
        Unanswered::Throttled => finding(format!("{what}: the service refused to answer so soon"))
            .next("run doctor again in a minute"),
        Unanswered::Credentials(_) => finding(format!("{what}: the service does not take the credentials")),
        Unanswered::Failed(words) => finding(format!("{what}: no answer that can be read: {words}"))
            .next("check the network and the endpoints, then run doctor again"),
        Unanswered::Unknown(what_else) => finding(format!("{what}: {what_else}")),
    }
}

/// A finding of something whose absence is a failure.
fn missing_or<T>(
    id: &'static str,
    what: &str,
    answer: &Answer<T>,
    absent: &str,
    judge: impl FnOnce(&T) -> Finding,
) -> Finding {
    match answer {
        Ok(known) => judge(known),
        Err(Unanswered::NotFound) => {
            found(id, Status::Failed, format!("{what} does not exist in this account and Region"))
                .next(absent)
        }
        Err(why) => unanswered(id, what, why),
    }
}

fn time(duration: Duration) -> String {
    if duration.is_zero() { "no time".to_owned() } else { Span(duration).to_string() }
}

/// Who is asked.
impl Judge<'_> {
    fn credentials(&self) -> Finding {
        const ID: &str = "credentials";
        let facts = &self.account.credentials;
        let source = &facts.source;
        let refused = [self.account.identity.as_ref().err(), self.account.instance.as_ref().err()];
        if let Some(Unanswered::Credentials(words)) =
            refused.into_iter().flatten().find(|why| matches!(why, Unanswered::Credentials(_)))
        {
            return found(ID, Status::Failed, format!("the service does not take those from {source}: {words}"))
                .next("correct the keys, or sign in again; `aws sts get-caller-identity` shows whether they are taken");
        }
        match facts.expire_in {
            None => fine(ID, format!("from {source}; they do not expire")),
            Some(left) if left.is_zero() => {
                found(ID, Status::Warning, format!("from {source}; by their own account they have expired"))
                    .next("sign in again, or see to it that their source gives new ones")
            }
            Some(left) if left < CREDENTIALS_SHORT => {
                found(ID, Status::Warning, format!("from {source}; they expire in {}", time(left))).next(
                    "sign in again before a run that takes longer, unless the source renews them by itself",
                )
            }
            Some(left) => fine(ID, format!("from {source}; they expire in {}", time(left))),
        }
    }

    fn identity(&self) -> Finding {
        const ID: &str = "identity";
        match (&self.account.identity, &self.campaign.account) {
            (Err(why), _) => unanswered(ID, "the caller's identity", why),
            (Ok(identity), Some(account)) if *account != identity.account => found(
                ID,
                Status::Failed,
                format!(
                    "these are credentials of account {}; the definition's ARNs are of {account}",
                    identity.account
                ),
            )
            .next(
                Advice::new("name a profile of that account with ")
                    .set(Setting::Profile)
                    .then(", or correct the ARNs in [connect]"),
            ),
            (Ok(identity), _) => fine(ID, format!("{} of account {}", identity.arn, identity.account)),
        }
    }

    fn clock(&self) -> Finding {
        const ID: &str = "clock";
        let ahead = match &self.account.clock_ahead {
            Ok(ahead) => *ahead,
            Err(why) => return unanswered(ID, "this machine's clock", why),
        };
        let off = time(Duration::from_secs(ahead.unsigned_abs()));
        let direction = if ahead < 0 { "behind" } else { "ahead of" };
        let finding = |status| {
            found(ID, status, format!("this machine's clock is {off} {direction} the service's"))
                .next("set the clock: `timedatectl set-ntp true`, or the like")
        };
        match ahead.abs() {
            off if off >= SKEW_FAILS => finding(Status::Failed),
            off if off >= SKEW_WARNS => finding(Status::Warning),
            _ => fine(ID, "this machine's clock agrees with the service's"),
        }
    }

    fn region(&self) -> Finding {
        const ID: &str = "region";
        let region = &self.account.region;
        match &self.account.instance {
            Ok(instance) if arn_region(&instance.arn).is_some_and(|of| of != region) => {
                found(ID, Status::Failed, format!("the instance is not in {region}: {}", instance.arn)).next(
                    Advice::new("set region in [connect] to the instance's, or pass ").set(Setting::Region),
                )
            }
            _ => fine(ID, region.clone()),
        }
    }

    fn instance(&self) -> Finding {
        const ID: &str = "instance";
        let what = format!("the instance {}", self.campaign.instance_id);
        let absent = "correct instance_id in [connect]; `aws connect list-instances` shows those there are";
        missing_or(ID, &what, &self.account.instance, absent, |instance| match instance.status.as_str() {
            "ACTIVE" => fine(ID, "active"),
            status => found(ID, Status::Failed, format!("the instance is not active: {status}"))
                .next("wait until it is created, or take another one"),
        })
    }
}

fn arn_region(arn: &str) -> Option<&str> {
    arn.split(':').nth(3).filter(|region| !region.is_empty())
}

/// The flow.
impl Judge<'_> {
    fn flow_status(&self) -> Finding {
        const ID: &str = "flow.status";
        let absent =
            "correct contact_flow_id in [connect]; `aws connect list-contact-flows` shows those there are";
        missing_or(ID, "the contact flow", &self.account.flow, absent, |flow| {
            let name = &flow.name;
            if flow.status != "PUBLISHED" {
                return found(ID, Status::Failed, format!("the flow {name} is a draft: {}", flow.status))
                    .next("publish it in the flow designer");
            }
            if flow.state != "ACTIVE" {
                return found(
                    ID,
                    Status::Failed,
                    format!("the flow {name} is {}", flow.state.to_lowercase()),
                )
                .next("restore it in the flow designer, or take another one");
            }
            if flow.kind != "CONTACT_FLOW" {
                return found(ID, Status::Failed, format!("the flow {name} is of the type {}", flow.kind))
                    .next("take a flow of the type CONTACT_FLOW (in the console: inbound flow)");
            }
            fine(ID, format!("the flow {name} is published and active"))
        })
    }

    /// The reading of the flow, or the finding that there is none.
    fn reading(&self, id: &'static str, what: &str) -> Result<&FlowReading, Finding> {
        match (&self.flow, &self.account.flow) {
            (Some(Ok(reading)), _) => Ok(reading),
            (Some(Err(error)), _) => {
                Err(found(id, Status::NotChecked, format!("the flow cannot be read: {error}"))
                    .next("open it in the flow designer"))
            }
            (None, Err(Unanswered::NotFound)) => {
                Err(unanswered(id, what, &Unanswered::Unknown("the flow does not exist".to_owned())))
            }
            (None, Err(why)) => Err(unanswered(id, what, why)),
            (None, Ok(_)) => Err(found(id, Status::NotChecked, what)),
        }
    }

    /// How long a contact lives that its flow does not end.
    fn chat(&self) -> Duration {
        self.campaign.chat_duration.unwrap_or(DEFAULT_CHAT)
    }

    fn flow_disconnects(&self) -> Finding {
        const ID: &str = "flow.disconnects";
        let reading = match self.reading(ID, "whether the flow disconnects") {
            Ok(reading) => reading,
            Err(finding) => return finding,
        };
        let chat = time(self.chat());
        match &reading.end {
            FlowEnd::Disconnects if reading.unread.is_some() => {
                elsewhere(ID, "no way through the flow itself ends without a disconnect", reading)
                    .next("see that every way through that one ends in a disconnect, or comes back")
            }
            FlowEnd::Disconnects => fine(ID, "every way through the flow ends in a disconnect"),
            FlowEnd::Leaves { action, kind } => found(
                ID,
                Status::Warning,
                format!("a way through the flow ends without a disconnect, in {kind} ({action}): such a contact stays \
                         active for up to {chat}"),
            )
            .next("let every branch end in a Disconnect block, or set contact_life in [pace] to what contacts take"),
            FlowEnd::Loops { action } => found(
                ID,
                Status::Warning,
                format!("a way through the flow goes round for ever (at {action}): such a contact stays active for up to \
                         {chat}"),
            )
            .next("give the loop a way out that ends in a Disconnect block"),
        }
    }

    /// The longest life of a contact by its flow, and whether the flow bounds it.
    fn life(&self, reading: &FlowReading) -> (Duration, bool) {
        match (&reading.end, reading.longest) {
            (FlowEnd::Disconnects, Longest::AtMost(life)) if life < self.chat() => (life, true),
            _ => (self.chat(), false),
        }
    }

    fn flow_life(&self) -> Finding {
        const ID: &str = "flow.life";
        let reading = match self.reading(ID, "how long contacts live") {
            Ok(reading) => reading,
            Err(finding) => return finding,
        };
        let (life, bounded) = self.life(reading);
        if bounded && reading.unread.is_some() {
            let stated = if self.campaign.contact_life.is_some() {
                "see that contact_life in [pace] is what contacts take with it"
            } else {
                "see how long contacts live with it, and set contact_life in [pace] to that"
            };
            return elsewhere(ID, "how long contacts live is not known", reading).next(stated);
        }
        let text = time(life);
        let by =
            if bounded { "by its flow" } else { "by its chat duration, which the flow does not shorten" };
        if let Some(stated) = self.campaign.contact_life.filter(|stated| *stated < life) {
            return found(
                ID,
                Status::Warning,
                format!("a contact can live for {text} {by}, and contact_life says {}", time(stated)),
            )
            .next(format!(
                "set contact_life = \"{}s\" in [pace], unless few contacts take so long",
                life.as_secs()
            ));
        }
        let chats = self.account.chats_quota.as_ref().ok().copied();
        let chats = chats.unwrap_or(f64::from(self.campaign.max_active_contacts));
        let sustained = chats / life.as_secs_f64().max(1.0);
        let rate = self.campaign.rate.or(self.account.requests_quota.as_ref().ok().copied()).unwrap_or(2.0);
        if sustained < rate {
            return found(
                ID,
                Status::Warning,
                format!(
                    "a contact can live for {text} {by}: with {chats} active chats that allows {} contacts per second, \
                     and the campaign sends {}",
                    short(sustained),
                    short(rate)
                ),
            )
            .next("shorten the flow's waits, or set a shorter chat_duration_minutes in [contact]");
        }
        if life.is_zero() {
            return fine(ID, "a contact ends as soon as its flow has run");
        }
        fine(ID, format!("a contact lives for at most {text} {by}"))
    }

    fn flow_message(&self) -> Finding {
        const ID: &str = "flow.message";
        match (self.reading(ID, "whether the flow sends a message"), self.campaign.has_message) {
            (Err(finding), _) => finding,
            (Ok(FlowReading { sends: false, may_send: Some(place), .. }), false) => found(
                ID,
                Status::NotChecked,
                format!("neither the definition nor the flow itself sends a message; {}", named(place)),
            )
            .next("see that it sends one, or set message in [contact]"),
            (Ok(reading), false) if !reading.sends => {
                found(ID, Status::Failed, "neither the definition nor the flow sends a message")
                    .next("set message in [contact], or add a Play prompt block to the flow")
            }
            (Ok(reading), true) if reading.sends => found(
                ID,
                Status::Warning,
                "the definition has a message, and the flow sends one of its own besides",
            )
            .next("leave one of them out, unless people are to get both"),
            (Ok(_), true) => fine(ID, "the message is the definition's"),
            (Ok(_), false) => fine(ID, "the message is the flow's"),
        }
    }
}

/// A finding of a flow that goes on in one that was not read.
fn elsewhere(id: &'static str, what: &str, reading: &FlowReading) -> Finding {
    let place = reading.unread.as_ref().map(named).unwrap_or_default();
    found(id, Status::NotChecked, format!("{what}; {place}"))
}

/// Where a flow goes on in something that was not read.
fn named(FlowPlace { action, kind }: &FlowPlace) -> String {
    let thing = match kind.as_str() {
        "InvokeFlowModule" => "the flow goes on in a module",
        "TransferToFlow" => "the flow goes on in another flow",
        "ConnectParticipantWithLexBot" => "the flow goes on with a bot",
        _ => "the flow goes on in something else",
    };
    format!("{thing}, which is not read: {kind} ({action})")
}

fn short(number: f64) -> String {
    let text = format!("{number:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
