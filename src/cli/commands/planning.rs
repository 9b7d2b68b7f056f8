//! From the recipients file to the journal's plan, and to what the pre-flight says of it.

use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroU64;
use std::path::Path;
use std::sync::mpsc::{self, SyncSender};

use uuid::Uuid;

use crate::cli::commands::failure::Failure;
use crate::cli::commands::place::Place;
use crate::cli::commands::rejects_file::{RejectsFile, Written};
use crate::cli::commands::sending::SendArgs;
use crate::cli::commands::{earlier, rejects_file};
use crate::domain::definition::Definition;
use crate::domain::delivery::state::State;
use crate::domain::figures::counted;
use crate::domain::phone;
use crate::domain::preflight::{self, Duplicate, FirstLines, List, Preflight};
use crate::domain::row::binding::Binding;
use crate::domain::row::recipient::Recipient;
use crate::domain::row::suppression::{Suppressed, Suppression};
use crate::domain::table::detected_format::DetectedFormat;
use crate::journal::{CampaignId, Content, FileLine, Journal, JournalError, Plan, PlanSummary};
use crate::recipients::{FileError, FileProblem, Listed, Lists, Recipients, Row, Source};

/// Lines planned in one transaction: large enough that a commit costs little, small enough for little memory.
const BATCH: usize = 1_000;
/// Corrections whose numbers are looked for in other rows, at most.
const CORRECTED: usize = 100_000;

/// A recipients file, open and bound to its definition.
pub(in crate::cli::commands) struct File {
    recipients: Recipients,
    pub(in crate::cli::commands) binding: Binding,
    pub(in crate::cli::commands) lists: Lists,
    rejects: Option<RejectsFile>,
    /// The file of rejected rows, once the last row was read.
    pub(in crate::cli::commands) rejected: Option<Written>,
    /// Of corrections: lines and keys by number.
    corrected: HashMap<String, (u64, String)>,
    /// The file, as the user named it.
    source: String,
}

impl File {
    /// Opens the file and binds the definition to its columns.
    ///
    /// # Errors
    /// Every mistake that can be seen without reading rows.
    pub(in crate::cli::commands) fn open(
        source: &Source,
        definition: &Definition,
        place: &Place,
    ) -> Result<Self, Failure> {
        let lists = earlier::lists(definition, place)?;
        let recipients = Recipients::open(source, &definition.recipients)?;
        let binding = definition.bind(recipients.header())?;
        Ok(Self {
            recipients,
            binding,
            lists,
            rejects: None,
            rejected: None,
            corrected: HashMap::new(),
            source: source.to_string(),
        })
    }

    /// Rejected rows will be written to this file.
    ///
    /// # Errors
    /// Where nothing can be written there, or something else is there already.
    pub(in crate::cli::commands) fn reject_to(
        &mut self,
        path: Option<&Path>,
        source: &Source,
        definition: &Definition,
    ) -> Result<(), Failure> {
        if let Some(path) = path {
            let (header, read_as) = (self.recipients.header(), self.recipients.read_as());
            self.rejects = Some(RejectsFile::begin(path, source, header, &read_as)?);
            let again = || match source {
                Source::File(file) if file.is_file() => {
                    Ok(Some(Recipients::open(source, &definition.recipients)?))
                }
                _ => Ok(None),
            };
            rejects_file::keep_what_is_there(path, again, &self.binding)?;
        }
        Ok(())
    }

    /// What the file was taken for.
    pub(in crate::cli::commands) fn read_as(&self) -> DetectedFormat {
        self.recipients.read_as()
    }

    /// Whether its rows take the place of others, and all the rest stays.
    pub(in crate::cli::commands) fn corrects(&self) -> bool {
        self.recipients.is_correction()
    }

    /// Begins a plan: of the whole file, or of corrections to one.
    ///
    /// # Errors
    /// Where the journal cannot be written.
    pub(in crate::cli::commands) fn begin(
        &self,
        journal: &mut Journal,
        campaign: CampaignId,
    ) -> Result<Plan, Failure> {
        let (shape, columns) = (self.binding.shape(), self.binding.header().names());
        Ok(if self.corrects() {
            journal.begin_corrections(campaign, shape, columns)?
        } else {
            journal.begin_plan(campaign, shape, columns)?
        })
    }

    /// Corrections need the file that they correct. A report may have only some of the rows, and those that it does not have
    /// would be withdrawn if they still wait.
    ///
    /// # Errors
    /// Where the file is one of corrections and the journal has nothing to correct; where rows wait and it is a report.
    pub(in crate::cli::commands) fn refuse_part(
        &self,
        journal: &Journal,
        campaign: CampaignId,
    ) -> Result<(), Failure> {
        if self.corrects() && journal.tally(campaign)?.rows() == 0 {
            return Err(Failure::usage(
                format!(
                    "{} has rejected rows of a first file, and this journal has no first file",
                    self.source
                ),
                "run the first file, then this one, both with the same journal (-j PATH); nothing was sent",
            ));
        }
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
    pub(in crate::cli::commands) fn next(&mut self) -> Result<Option<(FileLine, Row)>, Failure> {
        Ok(self.next_row()?.map(|row| (line(&row, &self.lists.suppression), row)))
    }

    /// The next row. With the last one the file of rejected rows is put in its place.
    fn next_row(&mut self) -> Result<Option<Row>, Failure> {
        let row = self.recipients.next_row(&self.binding)?;
        if let Some(rejects) = &mut self.rejects {
            match &row {
                Some(row) => rejects.see(row)?,
                None => {
                    let rejects = self.rejects.take();
                    self.rejected = rejects.map(RejectsFile::end).transpose()?.flatten();
                }
            }
        }
        Ok(row)
    }

    /// Plans the whole file.
    ///
    /// # Errors
    /// Where the file cannot be read or the journal cannot be written; what was planned before stays.
    pub(in crate::cli::commands) fn plan(
        &mut self,
        journal: &mut Journal,
        campaign: CampaignId,
        preflight: &mut Preflight,
    ) -> Result<PlanSummary, Failure> {
        self.introduce(preflight);
        let goes_on = journal.tally(campaign)?.rows() > 0;
        let mut plan = self.begin(journal, campaign)?;
        let plan = std::thread::scope(|scope| {
            // Reading and writing take about as long, so each has a thread; the channel keeps them together.
            let (sender, batches) = mpsc::sync_channel::<Vec<FileLine>>(1);
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
        preflight.read_as(self.read_as());
        if preflight.rows() == 0 {
            // A file without rows would withdraw everybody.
            return Err(self.no_rows());
        }
        if goes_on && !self.corrects() {
            preflight.undone(journal.undone_corrections(campaign)?);
        }
        let summary = journal.finish_plan(plan)?;
        preflight.frozen(summary.frozen);
        preflight.withdrawn(summary.withdrawn);
        for (line, of) in journal.shared_numbers(campaign, &self.corrected)? {
            preflight.shared_number(line, of);
        }
        Ok(summary)
    }

    /// Reads the file to its end in batches, or until nobody takes them any more.
    fn read(
        &mut self,
        preflight: &mut Preflight,
        batches: &SyncSender<Vec<FileLine>>,
    ) -> Result<(), Failure> {
        let mut batch = Vec::with_capacity(BATCH);
        while let Some((line, row)) = self.next()? {
            // Duplicates are not known yet; where there are any, the journal is asked in the end.
            self.watch(preflight, &row, planned_as(&line.content));
            if let (Ok(recipient), true) = (&row.outcome, self.corrects() && self.corrected.len() < CORRECTED)
            {
                let number = recipient.phone.as_str().to_owned();
                self.corrected.insert(number, (row.line, recipient.key.clone()));
            }
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

    /// Reads the whole file without a journal, and calls `each` for every row that would be sent to: at most `most` of
    /// them, or those of a sample.
    ///
    /// # Errors
    /// Where the file cannot be read, or the first error of `each`.
    pub(in crate::cli::commands) fn rehearse(
        &mut self,
        preflight: &mut Preflight,
        (most, sample): (u64, Option<u64>),
        mut each: impl FnMut(&Recipient) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        self.introduce(preflight);
        let mut seen = FirstLines::default();
        let mut sampled: BTreeMap<Uuid, Recipient> = BTreeMap::new();
        let mut called = 0;
        while let Some(row) = self.next_row()? {
            let state = self.rehearsed(&row, &mut seen, preflight);
            if let (State::Queued, Ok(recipient), Some(most)) = (state, &row.outcome, sample) {
                preflight.see(&row.outcome, state);
                sampled.insert(recipient.client_token, recipient.clone());
                if sampled.len() as u64 > most {
                    sampled.pop_last();
                }
                continue;
            }
            self.watch(preflight, &row, state);
            if let (State::Queued, Ok(recipient)) = (state, &row.outcome)
                && called < most
            {
                called += 1;
                each(recipient)?;
            }
        }
        preflight.read_as(self.read_as());
        if preflight.rows() == 0 {
            return Err(self.no_rows());
        }
        let mut sampled: Vec<_> = sampled.into_values().collect();
        sampled.sort_by_key(|recipient| recipient.line);
        for recipient in sampled.iter().take(usize::try_from(most).unwrap_or(usize::MAX)) {
            preflight.weigh(&self.binding, recipient);
            each(recipient)?;
        }
        if sample.is_some() {
            preflight.limit(sampled.len() as u64);
        }
        Ok(())
    }

    /// What a row of a file that the journal knows nothing of would be planned as.
    fn rehearsed(&self, row: &Row, seen: &mut FirstLines, preflight: &mut Preflight) -> State {
        match &row.outcome {
            Err(_) => State::Rejected,
            Ok(recipient) => match seen.first(recipient) {
                Some(of) => {
                    preflight.duplicate(Duplicate { line: row.line, of, differs: false });
                    State::Duplicate
                }
                None if check(&self.lists.suppression, recipient).is_err() => State::Suppressed,
                None => State::Queued,
            },
        }
    }

    fn no_rows(&self) -> Failure {
        FileError { name: self.source.clone(), problem: FileProblem::NoRows }.into()
    }

    /// What is known of the file before its first row.
    fn introduce(&self, preflight: &mut Preflight) {
        preflight.columns(&self.binding);
        for Listed { file, numbers, keys, useless } in &self.lists.lists {
            preflight.list(List { file: file.clone(), numbers: *numbers, keys: *keys, rows: 0 });
            if let Some(useless) = useless {
                preflight.note(useless.to_string());
            }
        }
    }

    /// Lets the pre-flight see a row that is planned in this state.
    pub(in crate::cli::commands) fn watch(&self, preflight: &mut Preflight, row: &Row, state: State) {
        preflight.see(&row.outcome, state);
        match (&row.outcome, state) {
            (Ok(recipient), State::Queued) => preflight.weigh(&self.binding, recipient),
            (Ok(recipient), State::Suppressed) => {
                if let Err(why) = check(&self.lists.suppression, recipient) {
                    preflight.left_out(why);
                    let lists = &self.lists.suppression;
                    preflight.on_lists(lists.on(recipient.phone.as_str(), &recipient.key));
                }
            }
            _ => {}
        }
    }
}

/// Brings the pre-flight up to what the journal knows after the plan: what was sent before, duplicates, limits, samples.
///
/// # Errors
/// Where the journal cannot be read.
pub(in crate::cli::commands) fn settle(
    preflight: &mut Preflight,
    journal: &Journal,
    campaign: CampaignId,
    args: &SendArgs,
) -> Result<(), Failure> {
    let tally = journal.tally(campaign)?;
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
        if let Some(sample) = args.sample {
            preflight.sampled(sample.get(), &tally);
        }
    }
    if tally[State::Duplicate] > 0 {
        for (line, of, differs) in journal.duplicates(campaign, preflight::TOLD)? {
            preflight.duplicate(Duplicate { line, of, differs });
        }
    }
    preflight.tally(tally);
    Ok(())
}

/// The state of a line that no other line stands in the way of.
pub(in crate::cli::commands) fn planned_as(content: &Content) -> State {
    match content {
        Content::Recipient { suppressed: None, .. } => State::Queued,
        Content::Recipient { suppressed: Some(_), .. } => State::Suppressed,
        Content::Rejected { .. } => State::Rejected,
    }
}

fn check(lists: &Suppression, recipient: &Recipient) -> Result<(), Suppressed> {
    lists.check(recipient.phone.as_str(), &recipient.key)
}

fn line(row: &Row, suppression: &Suppression) -> FileLine {
    let content = match &row.outcome {
        Ok(recipient) => Content::Recipient {
            key: recipient.key.clone(),
            destination: recipient.phone.as_str().to_owned(),
            client_token: recipient.client_token,
            slots: recipient.slots.clone(),
            suppressed: check(suppression, recipient)
                .err()
                .map(|why| (why.code().to_owned(), why.to_string())),
        },
        Err(rejection) => {
            let (code, reason) = (rejection.reason.code().to_owned(), rejection.words());
            Content::Rejected { code, reason, key: rejection.key.as_deref().map(str::to_owned) }
        }
    };
    FileLine { number: row.line, cells: row.cells.iter().map(str::to_owned).collect(), content }
}
