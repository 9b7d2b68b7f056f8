//! What a run knows of its senders before it begins.

use crate::domain::definition::Definition;
use crate::domain::forecast::ForeseenSender;
use crate::domain::preflight::Findings;
use crate::domain::senders::{PartRate, Sender};
use crate::domain::unix_millis::UnixMillis;
use crate::engine::RunSender;
use crate::journal::{AskedPaces, CampaignId, Journal, JournalError};

/// The senders with what the journal knows of each: what it has sent today, and lately, and the pace that people asked for.
pub(super) fn run_senders(
    journal: &mut Journal,
    campaign: CampaignId,
    senders: &[Sender],
    now: UnixMillis,
) -> Result<(Vec<RunSender>, AskedPaces), JournalError> {
    let known = journal.senders(campaign, senders)?.into_iter();
    let paces = journal.sender_paces(campaign)?;
    let known = known
        .map(|(id, mut sender)| {
            let sent_today = match &sender.per_day {
                Some(cap) => journal.sent_since(campaign, &sender.source, cap.day(now).0)?,
                None => 0,
            };
            let past = journal.sender_history(campaign, &sender.source, now)?;
            let stated = sender.rate;
            sender.rate = paces.rates.get(&id).map(|rate| PartRate::changed(stated, *rate)).or(stated);
            Ok(RunSender { id, sender, stated, sent_today, past, instance: 0 })
        })
        .collect::<Result<_, JournalError>>()?;
    Ok((known, paces))
}

/// What the journal knows of the senders, for the forecast of a run that is planned.
pub(super) fn foresee(
    findings: &mut Findings,
    (journal, campaign): (&mut Journal, CampaignId),
    definition: &Definition,
    now: UnixMillis,
) -> Result<Vec<RunSender>, JournalError> {
    if definition.senders.is_empty() {
        return Ok(Vec::new());
    }
    let (senders, _) = run_senders(journal, campaign, &definition.senders, now)?;
    let stay = senders.len() > definition.senders.len()
        || journal.senders_may_stay(campaign, &definition.senders)?;
    let foreseen = |run: &RunSender| ForeseenSender {
        sender: run.sender.clone(),
        sent_today: run.sent_today,
        past: run.past,
        active_contacts: None,
    };
    findings.keep_senders(senders.iter().map(foreseen).collect(), stay);
    Ok(senders)
}
