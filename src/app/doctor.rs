//! What stands between a campaign and its start, asked of the account: what the definition and the file say, compared with
//! what the services answer.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::app::error::Error;
use crate::app::paths::CampaignPaths;
use crate::app::plan_file::PlanFile;
use crate::app::service::settings;
use crate::clock::Clock;
use crate::connect::{Account, SqsQueue, Subject};
use crate::domain::account::facts::{AccountFacts, CampaignFacts, FileFacts, SenderFacts, SourceFacts};
use crate::domain::account::findings::{self, Finding};
use crate::domain::arn;
use crate::domain::definition::{AccountRule, Attributes, Definition, Rate};
use crate::domain::phone::Region;
use crate::domain::preflight::{Options, Preflight};
use crate::domain::senders::{Sender, serving};
use crate::recipients::Source;

/// Recipients that are compared with those whom a sandbox reaches, at most: a sandbox reaches ten.
pub(super) const MOST_NUMBERS: usize = 10_000;

/// Asks the account whether the campaign can be sent, with the recipients of `source` where there is one.
///
/// # Errors
/// Where the file cannot be read, or no client can be made. Missing credentials are a finding, not an error.
pub async fn examine(
    source: Option<&Source>,
    definition: &Definition,
    paths: &CampaignPaths,
    clock: &Clock,
) -> Result<Vec<Finding>, Error> {
    let file = source.map(|source| file_facts(source, (definition, paths), clock)).transpose()?;
    let parts = definition.by_instance();
    let mut findings = Vec::new();
    // All at once: one that cannot be reached takes as long as all.
    let file = &file;
    let asked = parts.iter().map(|part| async move {
        // In a box: asking is a large future.
        let file = file_of(part, definition, file.clone());
        Box::pin(ask(&campaign_facts(part, file), part, paths, clock)).await
    });
    for (part, found) in parts.iter().zip(join_all(asked).await) {
        let label = part.home().label();
        findings.extend(found?.into_iter().map(|finding| match parts.len() {
            1 => finding,
            _ => finding.of_instance(&label),
        }));
    }
    findings.extend(queue(definition, paths, clock).await);
    findings.extend(findings::old_data(today(clock)));
    Ok(findings)
}

/// The queue, where the definition names one.
async fn queue(definition: &Definition, paths: &CampaignPaths, clock: &Clock) -> Option<Finding> {
    let url = definition.deliveries.queue.as_ref()?;
    let depth = match SqsQueue::connect(&settings(definition, paths), url.as_str(), clock).await {
        Ok(queue) => queue.depth().await.map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    Some(findings::queue(depth))
}

fn today(clock: &Clock) -> Date {
    let now = jiff::Timestamp::from_millisecond(clock.now().millis()).unwrap_or_default();
    now.to_zoned(TimeZone::UTC).date()
}

async fn ask(
    campaign: &CampaignFacts,
    definition: &Definition,
    paths: &CampaignPaths,
    clock: &Clock,
) -> Result<Vec<Finding>, Error> {
    match Account::connect(&settings(definition, paths), clock).await {
        Ok(account) => {
            let subject = subject(definition);
            let facts = account.ask(&subject).await;
            let sources = account.ask_about_sources(&sender_sources(definition), &subject, &facts).await;
            let findings = judged(definition, campaign, (&facts, &sources));
            Ok(findings::of_silence(findings, &facts))
        }
        Err(error) if error.is_about_credentials() => {
            let region = definition.connect.region.as_deref().unwrap_or("no Region");
            Ok(findings::without_credentials(campaign, region, &error.to_string(), error.hint()))
        }
        Err(error) => Err(error.into()),
    }
}

/// The numbers of its senders, where it has several.
pub(super) fn sender_sources(definition: &Definition) -> Vec<String> {
    definition.senders.iter().map(|sender| sender.source.clone()).collect()
}

/// What the answers say of the campaign, and of the number of each of its senders.
pub(super) fn judged(
    definition: &Definition,
    campaign: &CampaignFacts,
    (facts, sources): (&AccountFacts, &[SourceFacts]),
) -> Vec<Finding> {
    let findings = findings::findings(campaign, facts);
    let senders = definition.senders.iter().enumerate().filter_map(|(at, sender)| {
        let of_number = sources.iter().find(|known| known.source == sender.source)?;
        let told = SenderFacts {
            name: sender.name.clone(),
            parts_per_second: sender.rate.map(|rate| rate.per_second),
            takes_number_rate: definition.account.quotas && definition.account.check != AccountRule::Off,
        };
        let file = campaign.file.clone().map(|file| served(file, &definition.senders, at));
        Some((CampaignFacts { sender: Some(told), file, ..campaign.clone() }, facts.with_source(of_number)))
    });
    let senders: Vec<(CampaignFacts, AccountFacts)> = senders.collect();
    if senders.is_empty() { findings } else { findings::of_senders(findings, &senders) }
}

/// What of a file the senders of one instance may have to send to.
pub(super) fn file_of(part: &Definition, whole: &Definition, file: Option<FileFacts>) -> Option<FileFacts> {
    let mut file = file?;
    if part.senders.len() < whole.senders.len() {
        let is_of_part = |at: usize| part.senders.iter().any(|own| own.source == whole.senders[at].source);
        let serves = |country: &str| serving(&whole.senders, Region::parse(country)).any(is_of_part);
        file.countries.retain(|country, _| serves(country));
    }
    Some(file)
}

/// What of a file one of the senders may have to send to.
fn served(mut file: FileFacts, senders: &[Sender], at: usize) -> FileFacts {
    let serves = |country: &str| serving(senders, Region::parse(country)).any(|serves| serves == at);
    file.countries.retain(|country, _| serves(country));
    file
}

/// What the definition says of a campaign, and its file where it has one.
pub(super) fn campaign_facts(definition: &Definition, file: Option<FileFacts>) -> CampaignFacts {
    let minutes = definition.request.chat_duration_minutes;
    CampaignFacts {
        instance_id: definition.connect.instance_id.clone(),
        account: definition.connect.account.clone(),
        rate: match definition.pace.rate {
            Rate::PerSecond(rate) if definition.pace.states.rate || !definition.account.quotas => {
                Some(rate.get())
            }
            _ => None,
        },
        max_active_contacts: definition.pace.max_active_contacts,
        contact_life: definition.pace.contact_life,
        chat_duration: minutes.map(|minutes| Duration::from_secs(u64::from(minutes) * 60)),
        has_message: definition.request.message.is_some(),
        attribute: attribute(definition),
        file,
        sender: None,
    }
}

/// The attribute by which contacts are found: that of the client token, else the first one.
fn attribute(definition: &Definition) -> Option<String> {
    if definition.trace.is_some() {
        return definition.trace.clone();
    }
    match &definition.attributes {
        Attributes::AllColumns => definition.recipients.key.first().cloned(),
        _ => definition.request.attributes.keys().next().cloned(),
    }
}

/// What is asked about: what differs from row to row cannot be.
pub(super) fn subject(definition: &Definition) -> Subject {
    let request = &definition.request;
    let instance_id = definition.connect.instance_id.clone();
    let flow = request.contact_flow_id.template.as_fixed();
    let flow_id = flow.and_then(|flow| arn::flow(flow, &instance_id).ok()).map(|(id, _)| id);
    let source = request.source.template.as_fixed().map(str::to_owned);
    Subject { instance_id, flow_id, source, attribute: attribute(definition) }
}

fn file_facts(
    source: &Source,
    (definition, paths): (&Definition, &CampaignPaths),
    clock: &Clock,
) -> Result<FileFacts, Error> {
    let mut file = PlanFile::open(source, (definition, paths), false, clock)?;
    let mut found = file.findings(definition);
    let mut numbers = BTreeSet::new();
    file.rehearse(&mut found, (u64::MAX, None), |recipient| {
        if numbers.len() < MOST_NUMBERS {
            numbers.insert(recipient.phone.as_str().to_owned());
        }
        Ok(())
    })?;
    let preflight = Preflight::new(found, None, Options::default());
    Ok(FileFacts { numbers, ..preflight.file_facts() })
}
