//! From the recipients file to the journal's plan, and to what the pre-flight says of it.

use std::collections::{BTreeMap, HashSet};
use std::num::NonZeroU64;
use std::path::Path;
use std::sync::mpsc::{self, SyncSender};
use std::thread;

use uuid::Uuid;

use crate::app::by_campaigns::NamedCampaigns;
use crate::app::error::Error;
use crate::app::fetched::{FetchedFile, NotedFile};
use crate::app::options::SendOptions;
use crate::app::paths::CampaignPaths;
use crate::app::rejects::{self, RejectsFile, WrittenRejects};
use crate::app::row_reader::RowReader;
use crate::app::{preconditions, same_numbers};
use crate::clock::Clock;
use crate::domain::definition::{Definition, SameNumberRule};
use crate::domain::delivery::state::State;
use crate::domain::figures::counted;
use crate::domain::hours::schedule::Window;
use crate::domain::next_step::NextStep;
use crate::domain::phone;
use crate::domain::preflight::{
    self, Duplicate, Fate, Findings, FirstLines, FirstNumbers, JournalFacts, List, Looks, Observation,
    Options, Preflight, SharedNumbers,
};
use crate::domain::reasons;
use crate::domain::row::binding::{Binding, LaneColumns};
use crate::domain::row::recipient::Recipient;
use crate::domain::row::rewritten_key::is_rounded;
use crate::domain::row::suppression::{Suppressed, Suppression};
use crate::domain::table::detected_format::DetectedFormat;
use crate::domain::warning::WarningCode;
use crate::engine::RunSender;
use crate::journal::{CampaignId, Content, FileLine, Journal, JournalError, Plan, PlanSummary, Retries};
use crate::recipients::{FileError, FileProblem, Listed, Lists, Row, Source};

/// Lines planned in one transaction, and their bytes, about: large enough that a commit costs little, small enough for little
/// memory.
const BATCH: usize = 1_000;
const BATCH_BYTES: usize = 4 * 1024 * 1024;

/// Lines that are left out and known, at most.
const LEFT_OUT: usize = 100_000;

/// A recipients file, open and bound to its definition.
pub struct PlanFile {
    rows: RowReader,
    /// Rows keep their own part of the schedule.
    windows: bool,
    /// The definition, bound to the columns.
    pub binding: Binding,
    /// Lists of recipients that nothing is sent to.
    pub lists: Lists,
    /// Whether failed rows are tried again.
    retries: Retries,
    /// What other campaigns have to do with the recipients.
    earlier: NamedCampaigns,
    same_number: SameNumberRule,
    /// Whether keys are not the numbers themselves.
    has_keys: bool,
    /// Where it is read from.
    file: FetchedFile,
}

impl PlanFile {
    /// Opens the file and binds the definition to its columns.
    ///
    /// # Errors
    /// Every mistake that can be seen without reading rows.
    pub fn open(
        source: &Source,
        (definition, paths): (&Definition, &CampaignPaths),
        streams: bool,
        clock: &Clock,
    ) -> Result<Self, Error> {
        let lists = preconditions::lists(definition, paths)?;
        let earlier = NamedCampaigns::find(definition, paths)?;
        let (file, recipients) = FetchedFile::open(source, (definition, paths), streams, clock)?;
        let binding = definition.bind(recipients.header())?;
        Ok(Self {
            windows: true,
            rows: RowReader::new(recipients),
            binding,
            lists,
            earlier,
            retries: Retries::None,
            same_number: definition.recipients.same_number,
            has_keys: !definition.recipients.key.is_empty(),
            file,
        })
    }

    /// Rejected rows will be written to this file.
    ///
    /// # Errors
    /// Where nothing can be written there, or something else is there already.
    pub fn reject_to(&mut self, path: Option<&Path>, definition: &Definition) -> Result<(), Error> {
        if let Some(path) = path {
            let recipients = &self.rows.recipients;
            let (header, read_as) = (recipients.header(), recipients.read_as());
            self.rows.rejects = Some(RejectsFile::begin(path, header, &read_as)?);
            rejects::keep_what_is_there(path, || self.file.again(&definition.recipients), &self.binding)?;
        }
        Ok(())
    }

    /// The file as a run notes it.
    pub fn noted(&self) -> NotedFile {
        self.file.noted()
    }

    /// What the file was taken for.
    pub fn read_as(&self) -> DetectedFormat {
        self.rows.recipients.read_as()
    }

    /// The file of rejected rows, once the last row was read, if there are any.
    pub fn rejected(&self) -> Option<&WrittenRejects> {
        self.rows.rejected.as_ref()
    }

    /// The same, for the caller to keep.
    pub fn take_rejected(&mut self) -> Option<WrittenRejects> {
        self.rows.rejected.take()
    }

    /// Whether its rows take the place of others, and all the rest stays.
    pub fn corrects(&self) -> bool {
        self.rows.recipients.is_correction()
    }

    /// Begins a plan: of the whole file, or of corrections to one.
    ///
    /// # Errors
    /// Where the journal cannot be written.
    pub fn begin(&self, journal: &mut Journal, campaign: CampaignId) -> Result<Plan, Error> {
        let (shape, columns) = (self.binding.shape(), self.binding.header().names());
        let plan = if self.corrects() {
            journal.begin_corrections(campaign, shape, columns)?
        } else {
            journal.begin_plan(campaign, shape, columns)?
        };
        self.with_settings(journal, plan)
    }

    /// What a plan knows of the definition and the file, sent afterwards or meanwhile.
    fn with_settings(&self, journal: &mut Journal, plan: Plan) -> Result<Plan, Error> {
        let plan = journal.plan_senders(plan, self.binding.senders())?;
        let plan = plan.watch_texts(self.binding.header().names(), self.binding.text_columns());
        Ok(plan.retry_failed(self.retries))
    }

    /// Rejects what looks wrong: nobody sees the file before it is sent. Of the definition's own texts that is known now.
    ///
    /// # Errors
    /// Where a text of the definition has a placeholder of another program, and such ones are not accepted.
    pub fn reject_what_looks_wrong(&mut self, accepted: Vec<WarningCode>) -> Result<(), Error> {
        let code = WarningCode::ForeignPlaceholder;
        if let Some((member, mark)) = self.binding.foreign().first()
            && !accepted.contains(&code)
        {
            return Err(Error::usage(
                format!(
                    "`{member}` has {mark:?}, which nothing replaces, and a file that is sent while it is read has no pre-flight"
                ),
                NextStep::from(format!(
                    "correct the definition; if the text is meant so, name {} in accept in [safety]; nothing was sent",
                    code.name()
                )),
            ));
        }
        self.rows.looks = Some(Looks::new(&self.binding, accepted));
        Ok(())
    }

    /// Begins a plan that is sent while the file is read. Nobody can be asked about a number under two keys then: its first
    /// row is sent to, unless the definition says that all are.
    ///
    /// # Errors
    /// Where the journal cannot be written.
    pub fn begin_streamed(&self, journal: &mut Journal, campaign: CampaignId) -> Result<Plan, Error> {
        let changed = WarningCode::ChangedAfterContact;
        let rejects = |plan: Plan| match &self.rows.looks {
            Some(looks) if !looks.accepts(changed) => plan.reject_changed(),
            _ => plan,
        };
        if self.same_number == SameNumberRule::All {
            return self.begin(journal, campaign).map(rejects);
        }
        let (shape, columns) = (self.binding.shape(), self.binding.header().names());
        let plan = if self.corrects() {
            journal.begin_corrections(campaign, shape, columns)?
        } else {
            journal.begin_streamed_plan(campaign, shape, columns)?
        };
        Ok(rejects(self.with_settings(journal, plan)?.keep_first_of_numbers()))
    }

    /// Corrections need the file that they correct. A report may have only some of the rows, and those that it does not have
    /// would be withdrawn if they still wait.
    ///
    /// # Errors
    /// Where the file is one of corrections and the journal has nothing to correct; where rows wait and it is a report.
    pub fn refuse_part(&self, journal: &Journal, campaign: CampaignId) -> Result<(), Error> {
        if self.corrects() && journal.tally(campaign)?.rows() == 0 {
            return Err(Error::usage(
                format!(
                    "{} has rejected rows of a first file, and this journal has no first file",
                    self.file.name()
                ),
                NextStep::RunFirstFile,
            ));
        }
        if !self.rows.recipients.is_report() {
            return Ok(());
        }
        let waiting = journal.verified_tally(campaign)?.unsettled();
        if waiting == 0 {
            return Ok(());
        }
        let rows = counted(waiting, "row of the campaign waits", "rows of the campaign wait");
        Err(Error::usage(
            format!("the file is a report, and {rows}: those that it does not have would be withdrawn"),
            NextStep::SendWaitingFirst,
        ))
    }

    /// The next line of the file, observed; `None` at the end.
    ///
    /// # Errors
    /// Where the file cannot be read further.
    pub fn next_line(&mut self, findings: &mut Findings) -> Result<Option<FileLine>, Error> {
        let Self { rows, binding, lists, earlier, windows, .. } = self;
        let planner = LinePlanner::of((lists, earlier), *windows, binding);
        rows.next(binding)?.map(|row| planner.line(row, findings)).transpose()
    }

    /// Failed rows of the file are tried again, corrected ones with what the file says now.
    pub fn retry_failed(&mut self, retries: Retries) {
        self.retries = retries;
    }

    /// Plans rows for any moment: a simulation keeps no schedule, as it reaches nobody.
    pub fn at_any_time(&mut self) {
        self.windows = false;
    }

    /// Plans the whole file.
    ///
    /// # Errors
    /// Where the file cannot be read or the journal cannot be written; what was planned before stays.
    pub fn plan(
        &mut self,
        journal: &mut Journal,
        campaign: CampaignId,
        findings: &mut Findings,
    ) -> Result<JournalFacts, Error> {
        let goes_on = journal.tally(campaign)?.rows() > 0;
        let mut plan = self.begin(journal, campaign)?;
        let plan = thread::scope(|scope| {
            // Reading and writing take about as long, so each has a thread; the channel keeps them together.
            let (sender, batches) = mpsc::sync_channel::<Vec<FileLine>>(1);
            let journal = &mut *journal;
            let writing = thread::Builder::new().spawn_scoped(scope, move || {
                journal.plan_all(&mut plan, batches)?;
                Ok::<_, JournalError>(plan)
            });
            let writing = writing.map_err(|error| Error::no_thread(&error))?;
            let read = self.read(findings, &sender);
            drop(sender);
            let plan = writing.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            read.map(|()| plan)
        })?;
        findings.observe(Observation::Format(self.read_as()));
        if findings.rows() == 0 {
            // A file without rows would withdraw everybody.
            return Err(self.no_rows());
        }
        let undone = if goes_on && !self.corrects() { journal.undone_corrections(campaign)? } else { (0, 0) };
        let changed_lines = plan.changed_lines().to_vec();
        let PlanSummary { frozen, withdrawn, started, changed, corrected, stay_corrected, .. } =
            journal.finish_plan(plan)?;
        if let Some((line, of, key)) = journal.rounded_key(campaign)? {
            return Err(same_numbers::rounded(line, of, &key));
        }
        let shared_numbers = match self.has_keys {
            true => same_numbers::settle(self.same_number, journal, campaign, findings)?,
            false => SharedNumbers::default(),
        };
        Ok(JournalFacts {
            frozen,
            corrected,
            stay_corrected,
            withdrawn,
            undone,
            shared_numbers,
            already_started: started,
            changed: (changed, changed_lines),
            ..JournalFacts::default()
        })
    }

    /// Reads the file to its end in batches, or until nobody takes them any more.
    fn read(&mut self, findings: &mut Findings, batches: &SyncSender<Vec<FileLine>>) -> Result<(), Error> {
        let Self { rows, binding, lists, earlier, windows, .. } = self;
        let planner = LinePlanner::of((lists, earlier), *windows, binding);
        rows.all(binding, |rows| {
            let (mut batch, mut bytes) = (Vec::with_capacity(BATCH), 0);
            for row in rows {
                bytes += row.bytes();
                // Duplicates are not known yet; where there are any, the journal is asked in the end.
                batch.push(planner.line(row, findings)?);
                if batch.len() == BATCH || bytes >= BATCH_BYTES {
                    bytes = 0;
                    if batches.send(std::mem::replace(&mut batch, Vec::with_capacity(BATCH))).is_err() {
                        return Ok(());
                    }
                }
            }
            // Whoever does not listen any more says why.
            let _ = batches.send(batch);
            Ok(())
        })
    }

    /// Reads the whole file without a journal, and calls `each` for every row that would be sent to: at most `most` of
    /// them, or those of a sample. Says how many contacts would be started, at most.
    ///
    /// # Errors
    /// Where the file cannot be read, or the first error of `each`.
    pub fn rehearse(
        &mut self,
        findings: &mut Findings,
        (most, sample): (u64, Option<u64>),
        mut each: impl FnMut(&Recipient) -> Result<(), Error>,
    ) -> Result<u64, Error> {
        let mut seen = FirstLines::default();
        let mut numbers = self.has_keys.then(FirstNumbers::default);
        let mut sampled: BTreeMap<Uuid, Recipient> = BTreeMap::new();
        // Lines whose numbers are not noted.
        let mut left_out = HashSet::new();
        let (mut called, mut rounded) = (0, None);
        let Self { rows, binding, lists, earlier, .. } = self;
        let leaves_out = LeavesOut { lists: &lists.suppression, earlier };
        rows.all(binding, |rows| {
            for row in rows {
                let first =
                    row.outcome.as_ref().ok().and_then(|recipient| Some((recipient, seen.first(recipient)?)));
                let fate = match first {
                    Some((recipient, of)) => {
                        let known = of.filter(|of| !left_out.contains(of)).zip(numbers.as_ref());
                        let differs =
                            known.is_some_and(|(of, numbers)| numbers.line_of(recipient) != Some(of));
                        if differs && is_rounded(&recipient.key) {
                            rounded.get_or_insert_with(|| (recipient.line, of, recipient.key.clone()));
                        }
                        Fate::Duplicate { of, differs }
                    }
                    None => leaves_out.fate(&row)?,
                };
                if matches!(fate, Fate::Suppressed { .. }) && left_out.len() < LEFT_OUT {
                    left_out.insert(row.line);
                }
                let (Fate::Queued, Ok(recipient)) = (&fate, &row.outcome) else {
                    observe(findings, &row, fate);
                    continue;
                };
                if let Some(of) = numbers.as_mut().and_then(|numbers| numbers.first(recipient)) {
                    findings.observe(Observation::SharedNumber(recipient.line, of));
                }
                if let Some(most) = sample {
                    observe(findings, &row, Fate::Candidate);
                    sampled.insert(recipient.client_token, recipient.clone());
                    if sampled.len() as u64 > most {
                        sampled.pop_last();
                    }
                } else if called < most {
                    called += 1;
                    observe(findings, &row, Fate::Queued);
                    each(recipient)?;
                } else {
                    observe(findings, &row, Fate::Candidate);
                }
            }
            Ok(())
        })?;
        findings.observe(Observation::Format(self.read_as()));
        if findings.rows() == 0 {
            return Err(self.no_rows());
        }
        if let Some((line, of, key)) = rounded {
            return Err(same_numbers::rounded(line, of, &key));
        }
        let mut sampled: Vec<_> = sampled.into_values().collect();
        sampled.sort_by_key(|recipient| recipient.line);
        for recipient in sampled.iter().take(usize::try_from(most).unwrap_or(usize::MAX)) {
            findings.observe(Observation::Chosen(recipient));
            each(recipient)?;
        }
        Ok(if sample.is_some() { most.min(sampled.len() as u64) } else { most })
    }

    fn no_rows(&self) -> Error {
        FileError { name: self.file.name().into(), problem: FileProblem::NoRows }.into()
    }

    /// What is known of the file before its first row.
    pub fn findings(&self, definition: &Definition) -> Findings {
        let mut findings = Findings::new(definition, &self.binding);
        for Listed { file, numbers, keys, useless } in &self.lists.lists {
            let list = List { file: file.clone(), numbers: *numbers, keys: *keys, rows: 0 };
            findings.observe(Observation::List(list));
            if let Some(useless) = useless {
                findings.observe(Observation::Note(useless.to_string()));
            }
        }
        findings
    }
}

/// Makes lines for the journal of rows.
struct LinePlanner<'a> {
    leaves_out: LeavesOut<'a>,
    /// Rows keep their own part of the schedule.
    windows: bool,
    /// Rows wait for the hours of their lanes.
    lanes: bool,
}

impl<'a> LinePlanner<'a> {
    fn of((lists, earlier): (&'a Lists, &'a NamedCampaigns), windows: bool, binding: &Binding) -> Self {
        let leaves_out = LeavesOut { lists: &lists.suppression, earlier };
        Self { leaves_out, windows, lanes: binding.needs_lanes() }
    }

    /// Observes a row and plans it.
    fn line(&self, row: Row, findings: &mut Findings) -> Result<FileLine, Error> {
        let fate = self.leaves_out.fate(&row)?;
        let suppressed = match &fate {
            Fate::Suppressed { why, .. } => Some((why.code().to_owned(), why.to_string())),
            _ => None,
        };
        observe(findings, &row, fate);
        let content = match row.outcome {
            Ok(recipient) => Content::Recipient {
                destination: recipient.phone.as_str().to_owned(),
                key: recipient.key,
                client_token: recipient.client_token,
                slots: recipient.slots,
                lane: recipient.lane.filter(|_| self.lanes),
                sender: recipient.sender,
                window: if self.windows { recipient.window } else { Window::default() },
                suppressed,
            },
            Err(rejection) => {
                let (code, reason) = (rejection.reason.code().to_owned(), rejection.words());
                let left_out = rejection.is_left_out();
                let key = rejection.key.map(String::from);
                match left_out {
                    true => Content::LeftOut { code, reason, key },
                    false => Content::Rejected { code, reason, key },
                }
            }
        };
        Ok(FileLine {
            number: row.line,
            rejected: row.rejected,
            cells: row.cells.iter().map(str::to_owned).collect(),
            content,
        })
    }
}

/// What leaves recipients out.
#[derive(Clone, Copy)]
struct LeavesOut<'a> {
    lists: &'a Suppression,
    earlier: &'a NamedCampaigns,
}

impl LeavesOut<'_> {
    /// What is planned for a row that no other row stands in the way of.
    fn fate(&self, row: &Row) -> Result<Fate, Error> {
        let recipient = match &row.outcome {
            Ok(recipient) => recipient,
            Err(rejection) if rejection.is_left_out() => {
                return Ok(Fate::left_out(Suppressed::NotSelected));
            }
            Err(_) => return Ok(Fate::Rejected),
        };
        let (number, key) = (recipient.phone.as_str(), &recipient.key);
        let why = match self.lists.check(number, key) {
            Ok(()) => self.earlier.check(number)?,
            Err(why) => Some(why),
        };
        Ok(match why {
            None => Fate::Queued,
            Some(why) => {
                let rewritten =
                    self.lists.rewritten(number, key).filter(|_| why == Suppressed::ListedRewritten);
                let rewritten = rewritten.map(|listing| (listing.listed.to_owned(), listing.how));
                Fate::Suppressed { why, lists: self.lists.on(number, key).collect(), rewritten }
            }
        })
    }
}

fn observe(findings: &mut Findings, row: &Row, fate: Fate) {
    findings.observe(Observation::Row { row: &row.outcome, cells: &row.cells, fate });
}

/// What a run would come to, with what the journal knows after the plan: what was sent before, duplicates, samples.
///
/// # Errors
/// Where the journal cannot be read.
pub fn settle(
    mut findings: Findings,
    mut facts: JournalFacts,
    (journal, campaign): (&Journal, CampaignId),
    options: &SendOptions,
    senders: &[RunSender],
) -> Result<Preflight, Error> {
    let tally = journal.tally(campaign)?;
    facts.tally = tally;
    let limit = options.limit.map_or(u64::MAX, NonZeroU64::get);
    let mut choices = Options { most: limit, simulated: options.simulate };
    if options.limit.is_some() || options.sample.is_some() || !findings.are_all_that_waits(&facts) {
        let mut waiting = findings.waiting(options.limit.map(NonZeroU64::get));
        // With hours or several senders, the rows that are sent to first are not the first ones of the file.
        let (most, mut rows) = (if waiting.has_order() { u64::MAX } else { limit }, 0);
        journal.each_waiting(campaign, most, |row| {
            rows += 1;
            let phone = phone::parse(row.destination, None).ok();
            let region = phone.as_ref().and_then(|phone| phone.region);
            if rows <= limit {
                waiting.weigh(row.line, region, (row.destination, row.message));
            }
            let of_number = || LaneColumns::default().lane(phone.as_ref()?, |_| "").ok();
            let of_number = if row.lane.is_none() { of_number() } else { None };
            let lane = row.lane.or(of_number.as_ref());
            let sender = row.sender.and_then(|id| senders.iter().position(|sender| sender.id == id));
            waiting.wait((row.line, lane, row.window), (region, row.message), sender);
        })?;
        if let Some(sample) = options.sample {
            if let Some(note) = preflight::sampled_before(sample.get(), waiting.recipients(), &tally) {
                findings.observe(Observation::Note(note));
            }
            choices.most = choices.most.min(waiting.recipients());
        }
        facts.waiting = Some(waiting);
    }
    if tally[State::Suppressed] != findings.suppressed() {
        let words = |code: &str, reason: String| match reasons::find(code) {
            // Each of them has its own time in the reason.
            Some(known) if code == "opted-out" => known.summary.to_owned(),
            _ => reason,
        };
        let suppressed = journal.suppressed_by_reason(campaign)?.into_iter();
        let suppressed = suppressed.map(|(code, reason, rows)| (words(&code, reason), code, rows));
        facts.suppressed = Some(suppressed.map(|(words, code, rows)| (code, words, rows)).collect());
    }
    if tally[State::Duplicate] > 0 {
        let duplicates = journal.duplicates(campaign, preflight::TOLD)?.into_iter();
        facts.duplicates = duplicates.map(|(line, of, differs)| Duplicate { line, of, differs }).collect();
    }
    Ok(Preflight::new(findings, Some(facts), choices))
}
