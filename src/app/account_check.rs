//! What the account is asked before a run: whether the campaign can be sent, and the quotas that the definition leaves open.
//!
//! Answers are kept in the journal for a while. Those that would keep the campaign from being sent are not, nor are those
//! of which some did not come: the account is asked again.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::app::doctor;
use crate::app::error::Error;
use crate::clock::Clock;
use crate::connect::{Account, Subject};
use crate::domain::account::facts::{AccountFacts, FileFacts, SmsNumberFacts, SourceFacts};
use crate::domain::account::findings::{self, Finding, Status};
use crate::domain::definition::{AccountRule, Definition, PaceSettings, Rate, RequestRate};
use crate::domain::foreign::shown;
use crate::domain::senders::PartRate;
use crate::domain::unix_millis::UnixMillis;
use crate::journal::Journal;

/// How long answers are good enough.
const GOOD_FOR: Duration = Duration::from_secs(600);
/// How long a run waits for answers. Asking everything takes a few seconds at the services' documented rates.
const PATIENCE: Duration = Duration::from_secs(15);
/// How much longer for each number besides the first...
const OF_A_NUMBER: Duration = Duration::from_secs(2);
/// ...and for all of them.
const LONGEST: Duration = Duration::from_secs(60);
/// Quotas of active chats that are taken for one. Amazon Connect's default is 500 (2 in a trial account).
const CHATS: std::ops::RangeInclusive<f64> = 1.0..=1_000_000.0;

/// What was found before a run.
#[derive(Debug, Default)]
pub struct AccountCheck {
    /// The findings; none where the account was not asked.
    pub findings: Vec<Finding>,
    /// How old the answers are; `None` where the account was asked now.
    pub age: Option<Duration>,
    /// What a run is told besides.
    pub notes: Vec<String>,
}

impl AccountCheck {
    /// What keeps the campaign from being sent.
    pub fn failed(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.status == Status::Failed)
    }
}

/// Whose account is asked for what.
pub(super) struct AccountQuestions<'a> {
    account: &'a Account,
    owner: String,
    subject: Subject,
    /// The numbers of the campaign's senders, where it has several.
    sources: Vec<String>,
    clock: &'a Clock,
}

/// What it answered, as the journal keeps it.
#[derive(Serialize, Deserialize)]
struct KeptAnswers {
    facts: AccountFacts,
    sources: Vec<SourceFacts>,
}

/// What it answered.
pub(super) struct AccountAnswers {
    facts: AccountFacts,
    /// Of each sender's number.
    sources: Vec<SourceFacts>,
    at: UnixMillis,
    /// Whether they were the journal's.
    kept: bool,
}

impl<'a> AccountQuestions<'a> {
    /// The questions for a campaign; `None` where its definition wants none asked. `owner` is the service, account and
    /// Region.
    pub(super) fn of(
        definition: &Definition,
        account: &'a Account,
        owner: String,
        clock: &'a Clock,
    ) -> Option<Self> {
        (definition.account.check != AccountRule::Off).then(|| Self {
            account,
            owner,
            subject: doctor::subject(definition),
            sources: doctor::sender_sources(definition),
            clock,
        })
    }

    /// The answers of a short while ago, else new ones: those that came in time; `None` where none did.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub(super) async fn answers(&self, journal: &Journal) -> Result<Option<AccountAnswers>, Error> {
        let now = self.clock.now();
        let kept = journal.account_answers(&self.owner, &self.about())?;
        let kept = kept.filter(|(at, _)| *at <= now && now.since(*at) < GOOD_FOR);
        // What another version kept, and this one cannot read, is asked for again.
        let kept =
            kept.and_then(|(at, answers)| Some((at, serde_json::from_str::<KeptAnswers>(&answers).ok()?)));
        match kept {
            Some((at, KeptAnswers { facts, sources })) => {
                let credentials = self.account.credentials().clone();
                let facts = AccountFacts { credentials, ..facts };
                Ok(Some(AccountAnswers { facts, sources, at, kept: true }))
            }
            None => Ok(self.ask().await),
        }
    }

    async fn ask(&self) -> Option<AccountAnswers> {
        let account = self.account.within(self.patience());
        let facts = account.ask(&self.subject).await;
        if facts.is_silent() {
            return None;
        }
        let sources = account.ask_about_sources(&self.sources, &self.subject, &facts).await;
        Some(AccountAnswers { facts, sources, at: self.clock.now(), kept: false })
    }

    /// How long the account has for its answers: each number is asked about in a second or two.
    fn patience(&self) -> Duration {
        let more = u32::try_from(self.sources.len().saturating_sub(1)).unwrap_or(u32::MAX);
        PATIENCE.saturating_add(OF_A_NUMBER.saturating_mul(more)).min(LONGEST)
    }

    /// What was asked about, as the journal keeps it.
    fn about(&self) -> String {
        match self.sources.is_empty() {
            true => format!("{:?}", self.subject),
            false => format!("{:?} {:?}", self.subject, self.sources),
        }
    }

    /// What the answers say of the campaign, with its file where it has one. `numbers` are its recipients, as far as a sandbox
    /// is compared with them.
    ///
    /// # Errors
    /// Where the journal cannot be read or written.
    pub(super) async fn judge(
        &self,
        mut answers: AccountAnswers,
        (definition, mut file): (&Definition, Option<FileFacts>),
        journal: &mut Journal,
        numbers: impl FnOnce(&Journal) -> Result<BTreeSet<String>, Error>,
    ) -> Result<AccountCheck, Error> {
        if let (true, Some(file)) = (answers.is_sandbox(), &mut file) {
            file.numbers = numbers(journal)?;
        }
        let campaign = doctor::campaign_facts(definition, file);
        let judged = |answers: &AccountAnswers| {
            doctor::judged(definition, &campaign, (&answers.facts, &answers.sources))
        };
        let mut found = judged(&answers);
        if findings::worst(&found) == Status::Failed
            && answers.kept
            && let Some(new) = self.ask().await
        {
            found = judged(&new);
            answers = new;
        }
        if findings::worst(&found) != Status::Failed
            && !answers.kept
            && !answers.facts.has_gaps()
            && !answers.sources.iter().any(SourceFacts::has_gaps)
            && let Ok(kept) = serde_json::to_string(&answers.as_kept())
        {
            journal.keep_account_answers((&self.owner, &self.about()), &kept, answers.at)?;
        }
        let age = answers.kept.then(|| self.clock.now().since(answers.at));
        Ok(AccountCheck { findings: found, age, notes: Vec::new() })
    }
}

impl AccountAnswers {
    /// Says that none came.
    pub(super) fn missing() -> String {
        format!("the account did not answer within {} s, and is not checked", PATIENCE.as_secs())
    }

    /// The numbers that were asked about, by their ARNs in Amazon Connect: those of the senders, or the `only` one that the
    /// definition names.
    pub(super) fn numbers(&self, only: Option<&str>) -> Vec<(String, SmsNumberFacts)> {
        let only = only.filter(|_| self.sources.is_empty()).map(|source| self.facts.of_source(source));
        let known = self.sources.iter().cloned().chain(only);
        known.filter_map(|known| Some((known.source, known.sms_number.ok()?))).collect()
    }

    fn as_kept(&self) -> KeptAnswers {
        KeptAnswers { facts: self.facts.clone(), sources: self.sources.clone() }
    }

    /// Gives each sender the rate of its number, where the definition states none and wants to know, and says so.
    pub(super) fn give_rates(&self, definition: &mut Definition) -> Vec<String> {
        let mut notes = Vec::new();
        if !definition.account.quotas {
            return notes;
        }
        for sender in definition.senders.iter_mut().filter(|sender| sender.rate.is_none()) {
            let of_number = self.sources.iter().find(|known| known.source == sender.source);
            let Some(parts) = of_number.and_then(SourceFacts::parts_per_second) else { continue };
            #[expect(clippy::cast_precision_loss, reason = "parts per second stay far below 2^52")]
            let rate = parts as f64;
            sender.rate = Some(PartRate::of(rate, None));
            notes.push(format!(
                "the definition states no parts_per_second of {}: it sends as many message parts per second as its number, {parts}",
                shown(&sender.name)
            ));
        }
        notes
    }

    fn is_sandbox(&self) -> bool {
        self.facts.messaging.as_ref().is_ok_and(|account| account.production == Some(false))
    }

    /// The pace with the account's quotas where the definition states none, and what is said of that.
    pub(super) fn pace(&self, definition: &Definition) -> (PaceSettings, Vec<String>) {
        let (mut pace, mut notes) = (definition.pace, Vec::new());
        if !definition.account.quotas {
            return (pace, notes);
        }
        let rate = self.facts.requests_quota.as_ref().ok().copied().and_then(RequestRate::new);
        if let (false, Some(rate)) = (pace.states.rate, rate)
            && pace.rate != Rate::PerSecond(rate)
        {
            pace.rate = Rate::PerSecond(rate);
            notes.push(format!(
                "the definition states no rate: the run sends as many requests per second as the account allows, {}",
                rate.get()
            ));
        }
        if let (false, Ok(chats)) = (pace.states.max_active_contacts, &self.facts.chats_quota)
            && CHATS.contains(chats)
        {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within CHATS")]
            let chats = chats.floor() as u32;
            if chats != pace.max_active_contacts {
                pace.max_active_contacts = chats;
                notes.push(format!(
                    "the definition states no max_active_contacts: the instance allows {chats} active chats"
                ));
            }
        }
        (pace, notes)
    }
}
