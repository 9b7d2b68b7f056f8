//! From the recipients file to the journal's plan, and to what the pre-flight says of it.

use std::collections::BTreeMap;
use std::num::NonZeroU64;

use uuid::Uuid;

use super::failure::Failure;
use super::place::Place;
use super::sending::SendArgs;
use crate::domain::binding::Binding;
use crate::domain::definition::Definition;
use crate::domain::phone;
use crate::domain::preflight::{self, Duplicate, Preflight, Repeats};
use crate::domain::state::State;
use crate::domain::suppression::Suppression;
use crate::journal::{CampaignId, Content, Journal, JournalError, Line, PlanSummary, Reader};
use crate::recipients::{Lists, Recipients, Row, Source};

/// Lines planned in one transaction: large enough that a commit costs nothing, small enough for little memory.
const BATCH: usize = 10_000;

/// A recipients file, open and bound to its definition.
pub(super) struct File {
    recipients: Recipients,
    pub(super) binding: Binding,
    pub(super) lists: Lists,
}

impl File {
    /// Opens the file and binds the definition to its columns.
    ///
    /// # Errors
    /// Every mistake that can be seen without reading rows.
    pub(super) fn open(source: &Source, definition: &Definition, place: &Place) -> Result<Self, Failure> {
        let lists = lists(definition, place)?;
        let recipients = Recipients::open(source, &definition.recipients)?;
        let binding = definition.bind(recipients.header())?;
        Ok(Self { recipients, binding, lists })
    }

    /// The next line of the file, with the row that it was made of; `None` at the end.
    ///
    /// # Errors
    /// Where the file cannot be read further.
    pub(super) fn next(&mut self) -> Result<Option<(Line, Row)>, Failure> {
        let row = self.recipients.next_row(&self.binding)?;
        Ok(row.map(|row| (line(&row, &self.lists.suppression), row)))
    }

    /// Plans the whole file.
    ///
    /// # Errors
    /// Where the file cannot be read or the journal cannot be written; what was planned before stays.
    pub(super) fn plan(
        &mut self,
        journal: &mut Journal,
        campaign: CampaignId,
        preflight: &mut Preflight,
    ) -> Result<PlanSummary, Failure> {
        self.introduce(preflight);
        let mut plan = journal.begin_plan(campaign, self.binding.shape(), self.binding.header().names())?;
        let mut batch = Vec::with_capacity(BATCH);
        while let Some((line, row)) = self.next()? {
            // Duplicates are not known yet; where there are any, the journal is asked in the end.
            self.watch(preflight, &line, &row, planned_as(&line.content));
            batch.push(line);
            if batch.len() == BATCH {
                journal.plan(&mut plan, &batch)?;
                batch.clear();
            }
        }
        journal.plan(&mut plan, &batch)?;
        let summary = journal.finish_plan(plan)?;
        preflight.frozen(summary.frozen);
        Ok(summary)
    }

    /// Reads the whole file without a journal, and calls `recipient` for every row that would be sent to: at most `most`
    /// of them, or those of a sample.
    ///
    /// # Errors
    /// Where the file cannot be read, or the first error of `recipient`.
    pub(super) fn rehearse(
        &mut self,
        preflight: &mut Preflight,
        (most, sample): (u64, Option<u64>),
        mut recipient: impl FnMut(&Content) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        self.introduce(preflight);
        // The first eight bytes of a token stand for its key: a ten-million-row file meets itself by chance once in
        // 400,000 files, and then only in a rehearsal.
        let mut seen = Repeats::default();
        let mut sampled: BTreeMap<Uuid, (Line, Row)> = BTreeMap::new();
        let mut called = 0;
        while let Some((line, row)) = self.next()? {
            let mut state = planned_as(&line.content);
            if let Content::Recipient { client_token, .. } = &line.content {
                let number = u32::try_from(line.number).unwrap_or(u32::MAX);
                if let Some(first) = seen.first(client_token.as_u64_pair().0, number) {
                    state = State::Duplicate;
                    preflight.duplicate(Duplicate { line: line.number, of: Some(u64::from(first)) });
                }
                if let (State::Queued, Some(most)) = (state, sample) {
                    preflight.see(&row.outcome, state);
                    sampled.insert(*client_token, (line, row));
                    if sampled.len() as u64 > most {
                        sampled.pop_last();
                    }
                    continue;
                }
            }
            self.watch(preflight, &line, &row, state);
            if state == State::Queued && called < most {
                called += 1;
                recipient(&line.content)?;
            }
        }
        let mut sampled: Vec<_> = sampled.into_values().collect();
        sampled.sort_by_key(|(line, _)| line.number);
        for (line, row) in sampled.iter().take(usize::try_from(most).unwrap_or(usize::MAX)) {
            if let Ok(sampled) = &row.outcome {
                preflight.weigh(&self.binding, sampled);
            }
            recipient(&line.content)?;
        }
        if sample.is_some() {
            preflight.limit(sampled.len() as u64);
        }
        Ok(())
    }

    /// What is known of the file before its first row.
    fn introduce(&self, preflight: &mut Preflight) {
        preflight.columns(&self.binding);
        for useless in &self.lists.useless {
            preflight.note(useless.to_string());
        }
    }

    /// Lets the pre-flight see a row that is planned in this state.
    pub(super) fn watch(&self, preflight: &mut Preflight, line: &Line, row: &Row, state: State) {
        preflight.see(&row.outcome, state);
        match (&row.outcome, state) {
            (Ok(recipient), State::Queued) => preflight.weigh(&self.binding, recipient),
            (Ok(recipient), State::Suppressed) => {
                let lists = &self.lists.suppression;
                if let Err(why) = lists.check(recipient.phone.as_str(), &recipient.key) {
                    preflight.left_out(why);
                }
            }
            _ => {}
        }
        debug_assert_eq!(line.number, row.line, "one row");
    }
}

/// Brings the pre-flight up to what the journal knows after the plan: what was sent before, duplicates, limits, samples.
///
/// # Errors
/// Where the journal cannot be read.
pub(super) fn settle(
    preflight: &mut Preflight,
    journal: &Journal,
    campaign: CampaignId,
    args: &SendArgs,
) -> Result<(), Failure> {
    let tally = journal.verified_tally(campaign)?;
    if let Some(limit) = args.limit {
        preflight.limit(limit.get());
    }
    if args.simulate {
        preflight.simulated();
    }
    if !preflight.is_exact(&tally) || args.sample.is_some() {
        preflight.weigh_anew();
        let most = args.limit.map_or(u64::MAX, NonZeroU64::get);
        journal.each_waiting(campaign, most, |waiting| {
            let region = phone::parse(waiting.destination, None).ok().and_then(|phone| phone.region);
            preflight.weigh_frozen(waiting.line, region, waiting.message);
        })?;
        if args.sample.is_some() {
            preflight.limit(preflight.weighed());
        }
    }
    if tally[State::Duplicate] > 0 {
        for (line, of) in journal.duplicates(campaign, preflight::TOLD)? {
            preflight.duplicate(Duplicate { line, of });
        }
    }
    preflight.tally(tally);
    Ok(())
}

/// Everybody whom nothing is sent to: the lists of the definition, and the journal's own.
///
/// # Errors
/// Where a list or the journal cannot be read.
pub(super) fn lists(definition: &Definition, place: &Place) -> Result<Lists, Failure> {
    let mut lists = Lists::read(&definition.recipients, place.folder())?;
    if place.journal.is_file() {
        match Reader::open(&place.journal) {
            Ok(reader) => reader.add_suppressed(&mut lists.suppression)?,
            // An empty file, or one that was being made: what it is for, the run says.
            Err(JournalError::Missing(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(lists)
}

/// The state of a line that no other line stands in the way of.
pub(super) fn planned_as(content: &Content) -> State {
    match content {
        Content::Recipient { suppressed: None, .. } => State::Queued,
        Content::Recipient { suppressed: Some(_), .. } => State::Suppressed,
        Content::Rejected { .. } => State::Rejected,
    }
}

fn line(row: &Row, suppression: &Suppression) -> Line {
    let content = match &row.outcome {
        Ok(recipient) => Content::Recipient {
            key: recipient.key.clone(),
            destination: recipient.phone.as_str().to_owned(),
            client_token: recipient.client_token,
            slots: recipient.slots.clone(),
            suppressed: suppression
                .check(recipient.phone.as_str(), &recipient.key)
                .err()
                .map(|why| (why.code().to_owned(), why.to_string())),
        },
        Err(rejection) => {
            Content::Rejected { code: rejection.reason.code().to_owned(), reason: rejection.words() }
        }
    };
    Line { number: row.line, cells: row.cells.iter().map(str::to_owned).collect(), content }
}
