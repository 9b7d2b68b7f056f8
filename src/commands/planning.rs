//! From the recipients file to the journal's plan, and to what the pre-flight says of it.

use std::sync::mpsc::{self, SyncSender};

use super::failure::Failure;
use super::place::Place;
use crate::domain::binding::Binding;
use crate::domain::definition::Definition;
use crate::domain::figures::counted;
use crate::domain::preflight::Preflight;
use crate::domain::repeats::Repeats;
use crate::domain::state::State;
use crate::journal::{CampaignId, Content, Journal, JournalError, Line, PlanSummary};
use crate::recipients::{Recipients, Row, Source, Suppression};

/// Lines planned in one transaction: large enough that a commit costs little, small enough for little memory.
const BATCH: usize = 8_000;

/// A recipients file, open and bound to its definition.
pub(super) struct File {
    recipients: Recipients,
    pub(super) binding: Binding,
    suppression: Suppression,
}

impl File {
    /// Opens the file and binds the definition to its columns.
    ///
    /// # Errors
    /// Every mistake that can be seen without reading rows.
    pub(super) fn open(source: &Source, definition: &Definition, place: &Place) -> Result<Self, Failure> {
        let suppression = Suppression::read(&definition.recipients, place.folder())?;
        let recipients = Recipients::open(source, &definition.recipients)?;
        let binding = definition.bind(recipients.header())?;
        Ok(Self { recipients, binding, suppression })
    }

    /// A report may have only some of the rows, and those that it does not have would be withdrawn if they still wait.
    ///
    /// # Errors
    /// Where rows wait and the file is a report.
    pub(super) fn refuse_part(&self, journal: &Journal, campaign: CampaignId) -> Result<(), Failure> {
        if !self.recipients.is_report() {
            return Ok(());
        }
        let waiting = journal.verified_tally(campaign)?.unsettled();
        if waiting == 0 {
            return Ok(());
        }
        let rows = counted(waiting, "row of the campaign waits", "rows of the campaign wait");
        Err(Failure::usage(
            format!("the file is a report, and {rows}: those that it does not have would be withdrawn"),
            "let them be sent with `campaign resume`, then run this file; nothing was changed",
        ))
    }

    /// The next line of the file, with the row that it was made of; `None` at the end.
    ///
    /// # Errors
    /// Where the file cannot be read further.
    pub(super) fn next(&mut self) -> Result<Option<(Line, Row)>, Failure> {
        let row = self.recipients.next_row(&self.binding)?;
        Ok(row.map(|row| (line(&row, &self.suppression), row)))
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
        let mut plan = journal.begin_plan(campaign, self.binding.shape(), self.binding.header().names())?;
        let plan = std::thread::scope(|scope| {
            // Reading and writing take about as long, so each has a thread; the channel keeps them together.
            let (sender, batches) = mpsc::sync_channel::<Vec<Line>>(1);
            let journal = &mut *journal;
            let writing = scope.spawn(move || {
                for batch in batches {
                    journal.plan(&mut plan, &batch)?;
                }
                Ok::<_, JournalError>(plan)
            });
            let read = self.read(preflight, &sender);
            drop(sender);
            let plan = writing.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            read.map(|()| plan)
        })?;
        Ok(journal.finish_plan(plan)?)
    }

    /// Reads the file to its end in batches, or until nobody takes them any more.
    fn read(&mut self, preflight: &mut Preflight, batches: &SyncSender<Vec<Line>>) -> Result<(), Failure> {
        let mut batch = Vec::with_capacity(BATCH);
        while let Some((line, row)) = self.next()? {
            preflight.see(&self.binding, &row.outcome, planned_as(&line.content));
            batch.push(line);
            if batch.len() == BATCH
                && batches.send(std::mem::replace(&mut batch, Vec::with_capacity(BATCH))).is_err()
            {
                return Ok(());
            }
        }
        // Whoever does not listen any more says why.
        let _ = batches.send(batch);
        Ok(())
    }

    /// Reads the whole file without a journal, and calls `recipient` for every row that would be sent to.
    ///
    /// # Errors
    /// Where the file cannot be read, or the first error of `recipient`.
    pub(super) fn rehearse(
        &mut self,
        preflight: &mut Preflight,
        mut recipient: impl FnMut(&Content) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut seen = Repeats::default();
        while let Some((line, row)) = self.next()? {
            let mut state = planned_as(&line.content);
            if let Content::Recipient { client_token, .. } = &line.content
                && !seen.insert(*client_token)
            {
                state = State::Duplicate;
            }
            preflight.see(&self.binding, &row.outcome, state);
            if state == State::Queued {
                recipient(&line.content)?;
            }
        }
        Ok(())
    }
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
                .check(recipient)
                .err()
                .map(|why| (why.code().to_owned(), why.to_string())),
        },
        Err(rejection) => {
            Content::Rejected { code: rejection.reason.code().to_owned(), reason: rejection.words() }
        }
    };
    Line { number: row.line, cells: row.cells.iter().map(str::to_owned).collect(), content }
}
