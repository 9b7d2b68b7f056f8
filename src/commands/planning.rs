//! From the recipients file to the journal's plan, and to what the pre-flight says of it.

use std::collections::HashSet;

use super::failure::Failure;
use super::place::Place;
use crate::domain::binding::Binding;
use crate::domain::definition::Definition;
use crate::domain::preflight::Preflight;
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
        let mut plan = journal.begin_plan(campaign, self.binding.shape(), self.binding.header().names())?;
        let mut batch = Vec::with_capacity(BATCH);
        while let Some((line, row)) = self.next()? {
            preflight.see(&self.binding, &row.outcome, planned_as(&line.content));
            batch.push(line);
            if batch.len() == BATCH {
                journal.plan(&mut plan, &batch)?;
                batch.clear();
            }
        }
        journal.plan(&mut plan, &batch)?;
        Ok(journal.finish_plan(plan)?)
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
        // The first eight bytes of a token stand for its key: a ten-million-row file meets itself by chance once in
        // 400,000 files, and then only in a rehearsal.
        let mut seen = HashSet::new();
        while let Some((line, row)) = self.next()? {
            let mut state = planned_as(&line.content);
            if let Content::Recipient { client_token, .. } = &line.content
                && !seen.insert(client_token.as_u64_pair().0)
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
