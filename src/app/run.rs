//! A campaign on its way: opened with a file or from the journal alone, agreed to by the caller, sent.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use tokio::sync::watch;

use crate::app::account_check::{AccountAnswers, AccountCheck, AccountQuestions};
use crate::app::by_campaigns::NamedCampaigns;
use crate::app::doctor::MOST_NUMBERS;
use crate::app::doubts::DoubtSearcher;
use crate::app::error::Error;
use crate::app::fetched::{self, NotedFile};
use crate::app::live_deliveries::QueueFollower;
use crate::app::open::OpenCampaign;
use crate::app::opt_outs::{self, ListSenders, OptOuts};
use crate::app::options::{FileOptions, SendOptions};
use crate::app::outputs::Inputs;
use crate::app::paths::CampaignPaths;
use crate::app::plan_file::PlanFile;
use crate::app::planned_file::PlannedFile;
use crate::app::rebuild::Unfinished;
use crate::app::rejects::WrittenRejects;
use crate::app::send::{Run, RunParts};
use crate::app::service::settings;
use crate::app::simulated_deliveries::SimulatedFollower;
use crate::app::stream::Stream;
use crate::app::{accounts, doctor, overdue, pacing, preconditions};
use crate::clock::Clock;
use crate::connect::{Account, SqsQueue};
use crate::domain::account::facts::SmsNumberFacts;
use crate::domain::account::opt_outs::OptOutRule;
use crate::domain::definition::{AccountRule, Definition};
use crate::domain::delivery::doubt::INDEX_DELAY;
use crate::domain::delivery::state::State;
use crate::domain::figures::counted;
use crate::domain::foreign;
use crate::domain::next_step::NextStep;
use crate::domain::phone::E164;
use crate::domain::preflight::Preflight;
use crate::engine::Stop;
use crate::journal::{self, Journal, OpenLane, Planned, Retries, Service};
use crate::recipients::Source;

/// How long the first request of a resumed run waits for the check of the journal. Three million rows take about as long.
const PATIENCE: Duration = Duration::from_secs(2);

/// What a run works with.
#[derive(Debug, Clone, Copy)]
pub struct RunContext<'a> {
    /// The definition, with the options applied.
    pub definition: &'a Definition,
    /// The campaign's files.
    pub paths: &'a CampaignPaths,
    /// The options.
    pub options: &'a SendOptions,
    /// The wall clock.
    pub clock: &'a Clock,
}

/// A campaign whose rows are in the journal, or come while it is sent.
pub struct PreparedRun<'a> {
    context: RunContext<'a>,
    /// As it is sent: with the account's quotas where it states no pace.
    definition: Option<Box<Definition>>,
    open: OpenCampaign,
    answers: Option<Box<AccountAnswers>>,
    notes: Vec<String>,
    file: Option<NotedFile>,
    stream: Option<Stream>,
    preflight: Option<Box<Preflight>>,
    already_started: Option<u64>,
    rejects: Option<WrittenRejects>,
    opt_outs: Option<OptOuts>,
    queue: Option<SqsQueue>,
}

/// Opens a recipients file, and what its rejected rows go to.
///
/// # Errors
/// Every mistake that can be seen without reading rows.
pub fn open_file(
    source: &Source,
    definition: &Definition,
    paths: &CampaignPaths,
    options: &FileOptions,
    clock: &Clock,
) -> Result<PlanFile, Error> {
    if let Some(rejects) = &options.rejects {
        let mut inputs = Inputs::of(paths).with_lists(definition, paths).with_outputs(&[]);
        inputs = inputs.with_recipients(&source.path());
        inputs.refuse(rejects, "the rejected rows", NextStep::OtherRejectsFile)?;
    }
    let mut file = PlanFile::open(source, (definition, paths), options.streams, clock)?;
    file.reject_to(options.rejects.as_deref(), definition)?;
    Ok(file)
}

impl<'a> PreparedRun<'a> {
    /// Plans the whole file. Nothing is sent before [`agree`](Self::agree).
    ///
    /// # Errors
    /// Where the campaign cannot be opened, or the file cannot be read or planned.
    pub async fn with_file(mut file: PlanFile, context: RunContext<'a>) -> Result<Self, Error> {
        let RunContext { definition, options, .. } = context;
        if !options.keeps_hours() {
            file.at_any_time();
        }
        let mut open = context.open(Duration::MAX).await?;
        let (assumed_number, now) = (open.assumed_number(), || context.clock.now());
        let of = (&mut open.journal, open.campaign);
        let mut planned = PlannedFile::plan(&mut file, of, (definition, options), assumed_number, &now)?;
        let asks = planned.findings.refusal().is_none();
        let mut prepared = Self::opened(context, open, None, asks).await?;
        let others = accounts::paces(prepared.definition(), &prepared.open.others);
        planned.findings.keep_pace(prepared.definition(), &others);
        let OpenCampaign { journal, campaign, .. } = &prepared.open;
        let preflight = planned.settle((journal, *campaign), options)?;
        prepared.file = Some(file.noted());
        prepared.already_started = Some(preflight.already_started());
        prepared.preflight = Some(Box::new(preflight));
        prepared.rejects = file.take_rejected();
        Ok(prepared)
    }

    /// Reads the file while the campaign is sent. There is no pre-flight: the caller agreed before.
    ///
    /// # Errors
    /// Where the campaign cannot be opened.
    pub async fn streaming(mut file: PlanFile, agreed: bool, context: RunContext<'a>) -> Result<Self, Error> {
        let RunContext { definition, options, .. } = context;
        if !options.keeps_hours() {
            file.at_any_time();
        } else {
            let accepted = definition.safety.accept.iter().chain(&options.accept);
            file.reject_what_looks_wrong(accepted.copied().collect())?;
        }
        let mut open = context.open(Duration::MAX).await?;
        file.refuse_part(&open.journal, open.campaign)?;
        if !agreed && !options.simulate {
            return Err(Error::usage(
                "a file that is sent while it is read has no pre-flight to look at",
                NextStep::CheckThenAgree,
            ));
        }
        open.admit((definition, options), file.lists.suppression.clone(), None)?;
        if options.retry_failed {
            file.retry_failed(Retries::Agreed);
        }
        let waiting = open.journal.verified_tally(open.campaign)?[State::Queued];
        let plan = file.begin_streamed(&mut open.journal, open.campaign)?;
        if waiting == 0 {
            open.journal.set_planned(open.campaign, Planned::Streamed)?;
        } else if !file.corrects() {
            // Whether the file still has them is known when it is read that far, and then they come back.
            open.journal.withdraw_waiting(open.campaign)?;
        }
        let (findings, noted) = (Box::new(file.findings(definition)), file.noted());
        let stream = Stream { file: Box::new(file), findings, plan };
        let mut prepared = Self::opened(context, open, Some(stream), true).await?;
        prepared.file = Some(noted);
        Ok(prepared)
    }

    /// Goes on from the journal alone: what it has was agreed to when it was planned.
    ///
    /// # Errors
    /// Where the journal has nothing of the campaign, or rows that were not agreed to.
    pub async fn from_journal(context: RunContext<'a>) -> Result<Self, Error> {
        let RunContext { definition, paths, options, .. } = context;
        let lists = preconditions::lists(definition, paths)?;
        NamedCampaigns::find(definition, paths)?;
        let mut open = context.open(PATIENCE).await?;
        must_be_agreed(&mut open)?;
        open.admit((definition, options), lists.suppression, options.sample)?;
        // A simulation asks for nothing outside.
        let changed = match options.simulate {
            true => None,
            false => fetched::changed_since(open.campaign, (definition, paths), context.clock).await?,
        };
        let mut prepared = Self::opened(context, open, None, true).await?;
        prepared.notes.extend(changed);
        Ok(prepared)
    }

    /// A campaign that is open, with the answers of its account where there is something to send.
    async fn opened(
        context: RunContext<'a>,
        open: OpenCampaign,
        stream: Option<Stream>,
        asks: bool,
    ) -> Result<Self, Error> {
        let waits = stream.is_some() || open.journal.tally(open.campaign)?.unsettled() > 0;
        let mut prepared = Self {
            context,
            definition: None,
            open,
            answers: None,
            notes: Vec::new(),
            file: None,
            stream,
            preflight: None,
            already_started: None,
            rejects: None,
            opt_outs: None,
            queue: None,
        };
        let OpenCampaign { account, service, .. } = &prepared.open;
        let questions = questions(&context, *service, account.as_ref());
        if !asks || !waits {
            return Ok(prepared);
        }
        let mut definition = Box::new(context.definition.clone());
        if let Some(questions) = questions {
            // In a box: asking is a large future.
            let answers = Box::pin(questions.answers(&prepared.open.journal)).await?;
            match &answers {
                Some(answers) => {
                    (definition.pace, prepared.notes) = answers.pace(context.definition);
                    prepared.notes.extend(answers.give_rates(&mut definition));
                }
                None => prepared.notes.push(AccountAnswers::missing()),
            }
            prepared.answers = answers.map(Box::new);
        }
        prepared.ask_others(&mut definition).await?;
        prepared.definition = Some(definition);
        Ok(prepared)
    }

    /// The answers of the accounts that senders have of their own; the senders of `definition` get the rates of their numbers.
    async fn ask_others(&mut self, definition: &mut Definition) -> Result<(), Error> {
        let OpenCampaign { journal, others, service, .. } = &mut self.open;
        for other in others {
            let Some(questions) = other.questions(*service, self.context.clock) else { continue };
            let label = other.account.label();
            match Box::pin(questions.answers(journal)).await? {
                Some(answers) => {
                    let (pace, notes) = answers.pace(&other.definition);
                    self.notes.extend(notes.into_iter().map(|note| format!("{label}: {note}")));
                    self.notes.extend(answers.give_rates(definition));
                    other.definition.pace = pace;
                    other.answers = Some(Box::new(answers));
                }
                None => self.notes.push(format!("{label}: {}", AccountAnswers::missing())),
            }
        }
        Ok(())
    }

    /// The definition as it is sent: with the account's quotas where it states no pace.
    #[must_use]
    pub fn definition(&self) -> &Definition {
        self.definition.as_deref().unwrap_or(self.context.definition)
    }

    /// The journal's file.
    #[must_use]
    pub fn journal(&self) -> &Path {
        &self.context.paths.journal
    }

    /// What would be sent; `None` where no file was planned.
    #[must_use]
    pub fn preflight(&self) -> Option<&Preflight> {
        self.preflight.as_deref()
    }

    /// The file of rejected rows, if it has any.
    #[must_use]
    pub fn rejects(&self) -> Option<&WrittenRejects> {
        self.rejects.as_ref()
    }

    /// The caller has seen the pre-flight and agrees to what it says.
    ///
    /// # Errors
    /// Where the journal cannot be written.
    pub fn agree(&mut self) -> Result<(), Error> {
        // What a plan takes of memory is given back before anything is sent.
        self.preflight = None;
        self.rejects = None;
        let OpenCampaign { journal, campaign, .. } = &mut self.open;
        if self.context.options.retry_failed {
            journal.agree_to_retries(*campaign)?;
        }
        Ok(journal.set_planned(*campaign, Planned::Agreed)?)
    }

    /// Says whether the account can send the campaign, and finds the opt-out lists behind its senders, which the run then keeps
    /// a copy of. Nothing is asked in a simulation.
    ///
    /// # Errors
    /// Where the opt-outs must be read and cannot be found out, or the journal cannot be read or written.
    pub async fn ask_account(&mut self) -> Result<AccountCheck, Error> {
        let known = self.known_numbers();
        let mut checked = self.judge_answers().await?;
        checked.notes.append(&mut self.notes);
        checked.notes.extend(Box::pin(self.search_overdue()).await?);
        checked.notes.extend(self.find_opt_outs(&known).await?);
        checked.notes.extend(Box::pin(self.find_queue()).await?);
        Ok(checked)
    }

    /// The numbers that the accounts were asked about already, by their ARNs in Amazon Connect.
    fn known_numbers(&self) -> BTreeMap<String, SmsNumberFacts> {
        let definition = self.context.definition;
        let only = definition.request.source.template.as_fixed().filter(|_| definition.senders.is_empty());
        let of_others = self.open.others.iter().filter_map(|other| other.answers.as_deref());
        self.answers
            .as_deref()
            .into_iter()
            .chain(of_others)
            .flat_map(|answers| answers.numbers(only))
            .collect()
    }

    /// Searches the account for rows in doubt that are nearly too old to be asked about, unless the definition wants
    /// nothing asked.
    async fn search_overdue(&mut self) -> Result<Option<String>, Error> {
        let RunContext { definition, clock, .. } = self.context;
        let OpenCampaign { journal, campaign, account, others, .. } = &mut self.open;
        if definition.account.check == AccountRule::Off {
            return Ok(None);
        }
        let Some(account) = account else { return Ok(None) };
        let asked = accounts::asked((account, definition), others);
        let index_delay = INDEX_DELAY;
        let searchers =
            asked.map(|(account, instance_id)| DoubtSearcher { account, instance_id, clock, index_delay });
        let searchers: Vec<DoubtSearcher<'_>> = searchers.collect();
        overdue::search(&searchers, clock, journal, *campaign).await
    }

    async fn judge_answers(&mut self) -> Result<AccountCheck, Error> {
        let file = self.preflight.as_ref().map(|preflight| preflight.file_facts());
        let OpenCampaign { journal, campaign, account, service, others, .. } = &mut self.open;
        let campaign = *campaign;
        let numbers = |journal: &Journal| {
            let mut numbers = BTreeSet::new();
            journal.each_waiting(campaign, MOST_NUMBERS as u64, |row| {
                numbers.insert(row.destination.to_owned());
            })?;
            Ok(numbers)
        };
        let mut checked = AccountCheck::default();
        let questions = questions(&self.context, *service, account.as_ref());
        let whole = self.context.definition;
        if let (Some(answers), Some(questions)) = (self.answers.take(), questions) {
            let part = accounts::at_home(whole.clone());
            let file = doctor::file_of(&part, whole, file.clone());
            checked = questions.judge(*answers, (&part, file), journal, numbers).await?;
        }
        for other in others {
            let Some(answers) = other.answers.take() else { continue };
            let Some(questions) = other.questions(*service, self.context.clock) else { continue };
            let file = doctor::file_of(&other.definition, whole, file.clone());
            let found = questions.judge(*answers, (&other.definition, file), journal, numbers).await?;
            let label = other.account.label();
            checked.findings.extend(found.findings.into_iter().map(|finding| finding.of_instance(&label)));
            checked.age = checked.age.max(found.age);
        }
        Ok(checked)
    }

    /// Finds the opt-out lists behind the campaign's senders, which the run then keeps a copy of. Says why they are not the
    /// whole truth, or are not read.
    ///
    /// # Errors
    /// Where they must be read and cannot be found out, or the journal cannot be read or written.
    async fn find_opt_outs(
        &mut self,
        known: &BTreeMap<String, SmsNumberFacts>,
    ) -> Result<Vec<String>, Error> {
        let (definition, open) = (self.context.definition, &mut self.open);
        let rules = definition.account.opt_outs;
        let Some(account) = open.account.clone().filter(|_| rules.rule != OptOutRule::Off) else {
            return Ok(Vec::new());
        };
        let streams = self.stream.is_some();
        let fixed = definition.request.source.template.as_fixed();
        let mut sources = open.journal.sources(open.campaign)?;
        sources.extend(definition.sources().filter(|_| streams).into_iter().flatten());
        sources.sort();
        sources.dedup();
        let (mut lists, mut notes): (Option<OptOuts>, Vec<String>) = (None, Vec::new());
        for other in &open.others {
            let theirs: Vec<String> = sources.extract_if(.., |source| other.has_source(source)).collect();
            let Some(asks) = other.asks.as_ref().filter(|_| !theirs.is_empty()) else { continue };
            let owner = pacing::owner(&other.definition, open.service);
            let senders = ListSenders { sources: &theirs, known, owner: &owner };
            let found = opt_outs::find(asks, senders, rules, &mut open.journal).await?;
            notes.extend(found.notes);
            lists = lists.into_iter().chain(found.lists).reduce(OptOuts::and);
        }
        let owner = pacing::owner(definition, open.service);
        let senders = ListSenders { sources: &sources, known, owner: &owner };
        let found = opt_outs::find(&account, senders, rules, &mut open.journal).await?;
        notes.extend(found.notes);
        lists = lists.into_iter().chain(found.lists).reduce(OptOuts::and);
        if streams && fixed.is_none() {
            let why =
                "the senders differ from row to row, and those of rows that are not read yet are not known";
            if rules.rule == OptOutRule::Required {
                return Err(Error::opt_outs(why.to_owned()));
            }
            notes.push(format!("{why}: their opt-outs are not left out"));
        }
        self.opt_outs = lists.map(|lists| lists.streaming(streams));
        Ok(notes)
    }

    /// Finds the queue of the account's events, and the phone numbers of the campaign's senders: messages are joined by them.
    /// Says which are not known.
    ///
    /// # Errors
    /// Where no client can be made, or the journal cannot be read or written.
    async fn find_queue(&mut self) -> Result<Vec<String>, Error> {
        let RunContext { definition, paths, clock, .. } = self.context;
        let Some(account) = self.open.account.clone() else { return Ok(Vec::new()) };
        let Some(queue) = &definition.deliveries.queue else { return Ok(Vec::new()) };
        self.queue = Some(SqsQueue::connect(&settings(definition, paths), queue.as_str(), clock).await?);
        let journal = &mut self.open.journal;
        let mut sources = journal.sources(self.open.campaign)?;
        let fixed = definition.request.source.template.as_fixed();
        sources
            .extend(fixed.filter(|fixed| !sources.iter().any(|source| source == fixed)).map(str::to_owned));
        let mut notes = Vec::new();
        for source in sources {
            if journal.has_source_number(&source)? {
                continue;
            }
            let other = self.open.others.iter().find(|other| other.has_source(&source));
            let account = other.and_then(|other| other.asks.as_ref()).unwrap_or(&account);
            match account.phone_number(&source).await.map(|number| E164::of_account(&number)) {
                Ok(Some(number)) => journal.note_source_number(&source, &number)?,
                Ok(None) => {
                    notes.push(format!("{source} has no phone number: its messages are not joined to rows"));
                }
                Err(why) => notes.push(format!(
                    "the phone number of {source} is not known, and its messages are not joined to rows: {}",
                    opt_outs::words(&why)
                )),
            }
        }
        Ok(notes)
    }

    /// Begins the run. `stop` asks it to end.
    ///
    /// # Errors
    /// Where the journal cannot be written, or no thread can be started to read a streamed file.
    pub fn begin(self, stop: watch::Receiver<Stop>) -> Result<Run, Error> {
        let RunContext { options, clock, .. } = self.context;
        let definition = self.definition.as_deref().unwrap_or(self.context.definition);
        let OpenCampaign {
            mut journal, campaign, client, others, service, simulator, examination, lock, ..
        } = self.open;
        if !options.simulate {
            must_have_lanes(definition, &journal.lanes(campaign)?)?;
        }
        if let Some(opt_outs) = &self.opt_outs {
            journal.admit_opt_outs(opt_outs.ids());
        }
        let bounds = pacing::bounds(definition, &journal, campaign, service, clock.now())?;
        let settings =
            pacing::run_settings((definition, options), bounds, self.file.as_ref(), self.stream.is_some());
        let instances = accounts::instances(&others, (&journal, campaign), service, clock.now())?;
        let parts = RunParts { journal, campaign, client, instances, clock: clock.clone(), stop };
        let mut run = Run::begin(parts, settings)?;
        run.guard(lock, examination);
        if let Some(opt_outs) = self.opt_outs {
            run.keep(opt_outs);
        }
        if let Some(queue) = self.queue {
            run.follow_deliveries(QueueFollower::new(queue));
        }
        if let Some(simulator) = simulator {
            run.follow_simulation(SimulatedFollower::new(simulator, options.rehearse));
        }
        if let Some(before) = self.already_started {
            run.read_before(before);
        }
        if let Some(Stream { file, findings, plan }) = self.stream {
            run.stream(plan, crate::app::stream::read_ahead(file, findings)?);
        }
        Ok(run)
    }
}

/// What the campaign's own account is asked; `None` in a simulation, where nothing is sent from there, and where the
/// definition wants nothing asked.
fn questions<'a>(
    context: &RunContext<'a>,
    service: Service,
    account: Option<&'a Account>,
) -> Option<AccountQuestions<'a>> {
    let owner = pacing::owner(context.definition, service);
    let account = account.filter(|_| context.definition.sends_from_home())?;
    AccountQuestions::of(&accounts::at_home(context.definition.clone()), account, owner, context.clock)
}

impl RunContext<'_> {
    async fn open(&self, patience: Duration) -> Result<OpenCampaign, Error> {
        Unfinished::of(&self.paths.journal).refuse()?;
        // Loading credentials is a large future; here it is moved once.
        Box::pin(OpenCampaign::open(self.options, self.definition, self.paths, self.clock, patience)).await
    }

    /// Refuses to resume where the journal has nothing of the campaign.
    ///
    /// # Errors
    /// Where there is no journal, or it has no rows of the campaign.
    pub fn must_have_begun(&self) -> Result<(), Error> {
        let journal = &self.paths.journal;
        if !journal::may_exist(journal) {
            return Err(Error::usage(
                format!("there is no journal at {}", foreign::path(journal)),
                NextStep::BeginOrNameJournal,
            ));
        }
        if preconditions::before(self.paths, self.definition)?.is_none() {
            return Err(Error::usage(
                format!("the journal {} has nothing of \"{}\"", foreign::path(journal), self.definition.name),
                NextStep::BeginOrOtherJournal,
            ));
        }
        Ok(())
    }
}

/// Refuses to send rows of which nothing says which hours are theirs: they were planned before the definition had any.
fn must_have_lanes(definition: &Definition, lanes: &[OpenLane]) -> Result<(), Error> {
    let unknown: u64 = lanes.iter().filter(|lane| lane.lane.is_none()).map(|lane| lane.rows).sum();
    if definition.hours.is_none() || unknown == 0 {
        return Ok(());
    }
    let verb = if unknown == 1 { "was" } else { "were" };
    let rows = counted(unknown, "row", "rows");
    let message = format!("{rows} {verb} planned before the definition had [hours], and have no time zone");
    Err(Error::usage(message, NextStep::RunForZones))
}

/// Refuses to send rows that are neither the agreed file's nor those of a stream that was being read.
fn must_be_agreed(open: &mut OpenCampaign) -> Result<(), Error> {
    let message = match open.journal.planned(open.campaign)? {
        Planned::Agreed => return Ok(()),
        // What was read of a stream was agreed to, and a pipe cannot be read again.
        Planned::Streamed => return Ok(open.journal.set_planned(open.campaign, Planned::Agreed)?),
        Planned::Begun => {
            "the recipients file was not read to its end the last time: the journal has a part of it, and perhaps rows \
             that it does not have any more"
        }
        Planned::Read => "the recipients file was read again, and what it has now was not agreed to",
    };
    Err(Error::usage(message, NextStep::RunWithFile))
}
