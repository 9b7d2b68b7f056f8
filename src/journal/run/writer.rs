//! The one writer of a running campaign: a task with a bounded mailbox that commits what it finds there in groups.
//!
//! A caller is answered after the commit that holds its word, never before. After an error the writer never commits
//! again: SQLite's handle may not know what the disk has.

use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::domain::delivery::shared_rate::SharedRate;
use crate::domain::delivery::state::State;
use crate::domain::events::AccountEvent;
use crate::domain::hours::schedule::Schedule;
use crate::domain::senders::figures::SenderFigures;
use crate::domain::unix_millis::UnixMillis;
use crate::journal::admission::Admission;
use crate::journal::deliveries::LiveTaken;
use crate::journal::deliveries::live::LiveIntake;
use crate::journal::error::JournalError;
use crate::journal::file::commit_counter;
use crate::journal::file::open::Journal;
use crate::journal::plan;
use crate::journal::plan::lanes::OpenLane;
use crate::journal::plan::line::FileLine;
use crate::journal::plan::planned::Planned;
use crate::journal::plan::{Plan, PlanSummary, lanes, planned};
use crate::journal::row::{CampaignId, LaneId, OptOutListId, RowId, RunId};
use crate::journal::run::activity::RunActivity;
use crate::journal::run::attempts::Settlement;
use crate::journal::run::claimed::{Claim, ClaimRequest};
use crate::journal::run::control::{Acknowledgement, ControlRequestId, ControlState, Listener};
use crate::journal::run::expiry::Expiry;
use crate::journal::run::opt_outs::{OptOutChange, OptOutChanged};
use crate::journal::run::pending_claim::ClaimState;
use crate::journal::run::runs::Counters;
use crate::journal::run::senders::{Reassigned, Reassignment};
use crate::journal::run::{
    activity, attempts, control, expiry, opt_outs, runs, sender_figures, senders, shared_pace,
};
use crate::journal::tally::Delta;

/// Words that wait for the writer, at most.
const MAILBOX: usize = 4_096;
/// How long a group gathers before it is committed: an fsync is dear, a row a hundredth of a second later is not.
const GATHER: Duration = Duration::from_millis(20);
/// The same in virtual time, where commits are half of what a contact costs: longer than an answer takes to come, and
/// shorter than rows last that were claimed ahead.
const GATHER_IN_VIRTUAL_TIME: Duration = Duration::from_millis(100);

/// An error of the writer, told to everybody who waits for it.
#[derive(Debug, Clone, Error)]
#[error(transparent)]
pub struct WriterError(#[from] Arc<JournalError>);

impl WriterError {
    /// The journal's own error.
    #[must_use]
    pub fn journal_error(&self) -> &JournalError {
        &self.0
    }
}

type Reply<T> = oneshot::Sender<Result<T, WriterError>>;

#[expect(clippy::large_enum_variant, reason = "a few commands are in the mailbox at once")]
enum Command {
    ClaimNext {
        request: ClaimRequest,
        now: UnixMillis,
        reply: Reply<Claim>,
    },
    NewLanes {
        after: Option<LaneId>,
        reply: Reply<Vec<OpenLane>>,
    },
    Expire {
        schedule: Schedule,
        now: UnixMillis,
        reply: Reply<Expiry>,
    },
    ClaimAgain {
        ids: Vec<RowId>,
        now: UnixMillis,
        reply: Reply<Claim>,
    },
    Settle {
        settlement: Settlement,
        reply: Reply<State>,
    },
    Reserve {
        shared: SharedRate,
        many: u32,
        now: UnixMillis,
        reply: Reply<Vec<Duration>>,
    },
    Counters {
        run: RunId,
        counters: Counters,
        now: UnixMillis,
    },
    Activity {
        run: RunId,
        activity: RunActivity,
        reply: Reply<Vec<SenderFigures>>,
    },
    Plan {
        plan: Box<Plan>,
        lines: Vec<FileLine>,
        reply: Reply<(Box<Plan>, PlanSummary)>,
    },
    FinishPlan {
        plan: Box<Plan>,
        reply: Reply<PlanSummary>,
    },
    Listen {
        run: RunId,
        reply: Reply<ControlState>,
    },
    Acknowledge {
        ask: ControlRequestId,
        taken: Acknowledgement,
    },
    OptOuts {
        list: OptOutListId,
        change: OptOutChange,
        now: UnixMillis,
        reply: Reply<OptOutChanged>,
    },
    Waiting {
        after: RowId,
        most: u32,
        reply: Reply<Vec<(RowId, String)>>,
    },
    Reassign {
        wanted: Reassignment,
        after: RowId,
        now: UnixMillis,
        reply: Reply<(Reassigned, Option<RowId>)>,
    },
    Deliveries {
        events: Vec<AccountEvent>,
        reply: Reply<LiveTaken>,
    },
    JoinAgain {
        reply: Reply<LiveTaken>,
    },
    Hold {
        run: RunId,
        why: String,
        now: UnixMillis,
        reply: Reply<()>,
    },
}

/// Sends words to the writer.
#[derive(Debug, Clone)]
pub struct Writer {
    mailbox: mpsc::Sender<Command>,
}

impl Command {
    /// Answers a word that nothing was done about.
    fn refuse(self, error: Option<WriterError>) {
        fn send<T>(reply: Reply<T>, error: Option<WriterError>) {
            // Who does not wait any more does not need the answer.
            let _ = error.map(|error| reply.send(Err(error)));
        }
        match self {
            Self::ClaimNext { reply, .. } | Self::ClaimAgain { reply, .. } => send(reply, error),
            Self::NewLanes { reply, .. } => send(reply, error),
            Self::Expire { reply, .. } => send(reply, error),
            Self::Settle { reply, .. } => send(reply, error),
            Self::Reserve { reply, .. } => send(reply, error),
            Self::Plan { reply, .. } => send(reply, error),
            Self::FinishPlan { reply, .. } => send(reply, error),
            Self::Listen { reply, .. } => send(reply, error),
            Self::Activity { reply, .. } => send(reply, error),
            Self::OptOuts { reply, .. } => send(reply, error),
            Self::Waiting { reply, .. } => send(reply, error),
            Self::Reassign { reply, .. } => send(reply, error),
            Self::Deliveries { reply, .. } | Self::JoinAgain { reply } => send(reply, error),
            Self::Hold { reply, .. } => send(reply, error),
            Self::Counters { .. } | Self::Acknowledge { .. } => {}
        }
    }
}

impl std::fmt::Debug for Command {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Command")
    }
}

impl Writer {
    /// Hands the journal to a writer task. The handle gives it back after the last [`Writer`] is dropped.
    #[must_use]
    pub fn spawn(journal: Journal, campaign: CampaignId) -> (Self, JoinHandle<Result<Journal, WriterError>>) {
        Self::serve(journal, campaign, Commits::Beside)
    }

    /// The same, of a runtime whose time is virtual: it stands still meanwhile, so that a commit needs no thread of its own.
    #[must_use]
    pub fn spawn_in_virtual_time(
        journal: Journal,
        campaign: CampaignId,
    ) -> (Self, JoinHandle<Result<Journal, WriterError>>) {
        Self::serve(journal, campaign, Commits::Here)
    }

    fn serve(
        journal: Journal,
        campaign: CampaignId,
        commits: Commits,
    ) -> (Self, JoinHandle<Result<Journal, WriterError>>) {
        let (mailbox, words) = mpsc::channel(MAILBOX);
        (Self { mailbox }, tokio::spawn(serve((journal, campaign), words, commits)))
    }

    /// Claims rows. They may be attempted once this returns.
    ///
    /// # Errors
    /// Where the journal could not be written; then none of them may be.
    pub async fn claim_next(&self, request: ClaimRequest, now: UnixMillis) -> Result<Claim, WriterError> {
        self.ask(|reply| Command::ClaimNext { request, now, reply }).await
    }

    /// The lanes that a plan has added behind this one.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub async fn new_lanes(&self, after: Option<LaneId>) -> Result<Vec<OpenLane>, WriterError> {
        self.ask(|reply| Command::NewLanes { after, reply }).await
    }

    /// Takes rows out of the queue whose time is over.
    ///
    /// # Errors
    /// Where the journal could not be written.
    pub async fn expire(&self, schedule: Schedule, now: UnixMillis) -> Result<Expiry, WriterError> {
        self.ask(|reply| Command::Expire { schedule, now, reply }).await
    }

    /// Claims these rows for one more attempt.
    ///
    /// # Errors
    /// Where the journal could not be written; then none of them may be attempted.
    pub async fn claim_again(&self, ids: Vec<RowId>, now: UnixMillis) -> Result<Claim, WriterError> {
        self.ask(|reply| Command::ClaimAgain { ids, now, reply }).await
    }

    /// Takes note of what came of a claimed row. It is durable once this returns the row's new state.
    ///
    /// # Errors
    /// Where the journal could not be written.
    pub async fn settle(&self, settlement: Settlement) -> Result<State, WriterError> {
        self.ask(|reply| Command::Settle { settlement, reply }).await
    }

    /// Takes permits of a pace that several runs share, and says how long from `now` to wait before each is used.
    ///
    /// # Errors
    /// Where the journal could not be written; then there are none.
    pub async fn reserve(
        &self,
        shared: SharedRate,
        many: u32,
        now: UnixMillis,
    ) -> Result<Vec<Duration>, WriterError> {
        self.ask(|reply| Command::Reserve { shared, many, now, reply }).await
    }

    /// Keeps the record of a run current, with the next group.
    pub async fn counters(&self, run: RunId, counters: Counters, now: UnixMillis) {
        // A writer that is gone says so to whoever waits for an answer.
        let _ = self.mailbox.send(Command::Counters { run, counters, now }).await;
    }

    /// Takes note of what a run has met since the last time, with the next group.
    /// What it returns is ready when that is durable, and need not be waited for: how the senders fare that it said something of.
    pub async fn activity(
        &self,
        run: RunId,
        activity: RunActivity,
    ) -> oneshot::Receiver<Result<Vec<SenderFigures>, WriterError>> {
        let (reply, answer) = oneshot::channel();
        let _ = self.mailbox.send(Command::Activity { run, activity, reply }).await;
        answer
    }

    /// Plans lines while the campaign is being sent, and gives the plan back for the next ones.
    ///
    /// # Errors
    /// Where the journal could not be written.
    pub async fn plan(
        &self,
        plan: Box<Plan>,
        lines: Vec<FileLine>,
    ) -> Result<(Box<Plan>, PlanSummary), WriterError> {
        self.ask(|reply| Command::Plan { plan, lines, reply }).await
    }

    /// Ends a plan after the last line: what the file does not have any more is withdrawn.
    ///
    /// # Errors
    /// Where the journal could not be written.
    pub async fn finish_plan(&self, plan: Box<Plan>) -> Result<PlanSummary, WriterError> {
        self.ask(|reply| Command::FinishPlan { plan, reply }).await
    }

    /// Listens, for a run, to what people ask of it from elsewhere. It is told within a quarter of a second.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub async fn listen(&self, run: RunId) -> Result<ControlState, WriterError> {
        self.ask(|reply| Command::Listen { run, reply }).await
    }

    /// Takes note that a run has done what was asked of it, with the next group.
    pub async fn taken(&self, ask: ControlRequestId, taken: Acknowledgement) {
        let _ = self.mailbox.send(Command::Acknowledge { ask, taken }).await;
    }

    /// Changes the copy of an opt-out list.
    ///
    /// # Errors
    /// Where the journal could not be written.
    pub async fn opt_outs(
        &self,
        list: OptOutListId,
        change: OptOutChange,
        now: UnixMillis,
    ) -> Result<OptOutChanged, WriterError> {
        self.ask(|reply| Command::OptOuts { list, change, now, reply }).await
    }

    /// Rows that wait behind `after`, with their numbers, in order.
    ///
    /// # Errors
    /// Where the journal could not be read.
    pub async fn waiting(&self, after: RowId, most: u32) -> Result<Vec<(RowId, String)>, WriterError> {
        self.ask(|reply| Command::Waiting { after, most, reply }).await
    }

    /// Rows of a sender that were never attempted go to others, in batches. They wait in their new lanes until `now`.
    ///
    /// # Errors
    /// Where the journal could not be written.
    pub async fn reassign(&self, wanted: Reassignment, now: UnixMillis) -> Result<Reassigned, WriterError> {
        let (mut all, mut next) = (Reassigned::default(), Some(RowId::START));
        while let Some(after) = next {
            let wanted = wanted.clone();
            let (moved, more) = self.ask(|reply| Command::Reassign { wanted, after, now, reply }).await?;
            all.rows += moved.rows;
            all.lanes.extend(moved.lanes);
            next = more;
        }
        Ok(all)
    }

    /// Takes the account's events in. They are durable once this returns.
    ///
    /// # Errors
    /// Where the journal could not be written; then none of them is in it.
    pub async fn deliveries(&self, events: Vec<AccountEvent>) -> Result<LiveTaken, WriterError> {
        self.ask(|reply| Command::Deliveries { events, reply }).await
    }

    /// Tries events again that had no row when they came.
    ///
    /// # Errors
    /// Where the journal could not be written.
    pub async fn join_again(&self) -> Result<LiveTaken, WriterError> {
        self.ask(|reply| Command::JoinAgain { reply }).await
    }

    /// Takes note that a run has paused its campaign by itself, and why. Whoever lets it go on does so as after a person's
    /// pause.
    ///
    /// # Errors
    /// Where the journal could not be written.
    pub async fn hold(&self, run: RunId, why: String, now: UnixMillis) -> Result<(), WriterError> {
        self.ask(|reply| Command::Hold { run, why, now, reply }).await
    }

    /// Waits until the journal cannot be written any more, which may be never.
    pub async fn failed(&self) -> WriterError {
        self.mailbox.closed().await;
        WriterError(Arc::new(JournalError::WriterGone))
    }

    async fn ask<T>(&self, word: impl FnOnce(Reply<T>) -> Command) -> Result<T, WriterError> {
        let gone = || WriterError(Arc::new(JournalError::WriterGone));
        let (reply, answer) = oneshot::channel();
        self.mailbox.send(word(reply)).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

/// Where groups are committed.
#[derive(Debug, Clone, Copy)]
enum Commits {
    /// In a thread that may wait for the disk.
    Beside,
    /// In the writer's task, which everything else waits for.
    Here,
}

impl Commits {
    fn gather(self) -> Duration {
        match self {
            Self::Beside => GATHER,
            Self::Here => GATHER_IN_VIRTUAL_TIME,
        }
    }
}

/// An answer that is held back until its group is committed.
type DeferredReply = Box<dyn FnOnce(Option<WriterError>) + Send>;

async fn serve(
    (mut journal, campaign): (Journal, CampaignId),
    mut words: mpsc::Receiver<Command>,
    commits: Commits,
) -> Result<Journal, WriterError> {
    let mut shapes = (ClaimState::default(), LiveIntake::default());
    let mut group = Vec::new();
    let mut listener: Option<Listener> = None;
    loop {
        tokio::select! {
            biased;
            () = Listener::due(listener.as_ref()) => {
                // Between two groups, and a few microseconds: not worth a thread.
                match listener.as_mut().map(|listener| listener.look(&journal.connection)) {
                    Some(Ok(false)) => listener = None,
                    Some(Err(error)) => {
                        journal.leave_alone();
                        let error = WriterError(Arc::new(error));
                        refuse_all(words, &error).await;
                        return Err(error);
                    }
                    _ => {}
                }
                continue;
            }
            words = words.recv_many(&mut group, MAILBOX) => if words == 0 { break },
        }
        listen(&mut group, &mut listener, &journal, campaign);
        if group.is_empty() {
            continue;
        }
        tokio::time::sleep(commits.gather()).await;
        while group.len() < MAILBOX
            && let Ok(word) = words.try_recv()
        {
            group.push(word);
        }
        listen(&mut group, &mut listener, &journal, campaign);
        let taken = std::mem::take(&mut group);
        let work = move || {
            let (held, result) = commit(&mut journal, &mut shapes, campaign, taken);
            (journal, shapes, held, result)
        };
        let done = match commits {
            Commits::Here => Ok(work()),
            // Once per group: one everlasting blocking task would freeze paused time, a bare thread would outrun it.
            Commits::Beside => tokio::task::spawn_blocking(work).await,
        };
        let Ok((same_journal, same_shapes, held, result)) = done else {
            return Err(WriterError(Arc::new(JournalError::WriterGone)));
        };
        (journal, shapes) = (same_journal, same_shapes);
        // All at once and from here, not one by one from the thread that committed: who is woken sees the whole group,
        // and a simulated run takes the same course every time.
        for answer in held {
            answer(result.as_ref().err().cloned());
        }
        if let Err(error) = result {
            refuse_all(words, &error).await;
            return Err(error);
        }
    }
    Ok(journal)
}

/// Begins to listen, where a word of the group asks for that: it needs no commit, and is taken out.
fn listen(
    group: &mut Vec<Command>,
    listener: &mut Option<Listener>,
    journal: &Journal,
    campaign: CampaignId,
) {
    for word in group.extract_if(.., |word| matches!(word, Command::Listen { .. })) {
        if let Command::Listen { run, reply } = word {
            let begun = Listener::new(&journal.connection, campaign, run).map(|(begun, steered)| {
                *listener = Some(begun);
                steered
            });
            let _ = reply.send(begun.map_err(|error| WriterError(Arc::new(error))));
        }
    }
}

/// Applies a group in one transaction, and gives back the answers to its words for after the commit.
fn commit(
    journal: &mut Journal,
    shapes: &mut (ClaimState, LiveIntake),
    campaign: CampaignId,
    group: Vec<Command>,
) -> (Vec<DeferredReply>, Result<(), WriterError>) {
    let mut held: Vec<DeferredReply> = Vec::with_capacity(group.len());
    // What became of messages decides nothing that is sent: the mark counts what would be sent again if it were lost.
    let counts =
        group.iter().any(|word| !matches!(word, Command::Deliveries { .. } | Command::JoinAgain { .. }));
    let mut words = group.into_iter();
    let result = (|| -> Result<(), JournalError> {
        let tx = journal.connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        let mut delta = Delta::default();
        for word in words.by_ref() {
            apply(&tx, (shapes, &journal.admission), campaign, word, &mut delta, &mut held)?;
        }
        delta.write(&tx, campaign)?;
        let groups = if counts { Some(commit_counter::count_one(&tx)?) } else { None };
        tx.commit()?;
        if let Some(groups) = groups {
            journal.committed(groups)?;
        }
        journal.checkpoint_if_long()
    })();
    if result.is_err() {
        journal.leave_alone();
    }
    // Words that it did not get to learn why as well.
    held.extend(words.map(|word| -> DeferredReply { Box::new(move |error| word.refuse(error)) }));
    (held, result.map_err(|error| WriterError(Arc::new(error))))
}

fn apply(
    tx: &rusqlite::Transaction<'_>,
    ((shapes, intake), admission): (&mut (ClaimState, LiveIntake), &Admission),
    campaign: CampaignId,
    word: Command,
    delta: &mut Delta,
    held: &mut Vec<DeferredReply>,
) -> Result<(), JournalError> {
    match word {
        Command::ClaimNext { request, now, reply } => {
            let result = attempts::claim_next(tx, (shapes, admission), campaign, &request, now, delta);
            hold(reply, result, held)
        }
        Command::NewLanes { after, reply } => hold(reply, lanes::new_lanes(tx, campaign, after), held),
        Command::Expire { schedule, now, reply } => {
            hold(reply, expiry::expire(tx, campaign, schedule, now, delta), held)
        }
        Command::ClaimAgain { ids, now, reply } => {
            hold(reply, attempts::claim_again(tx, (shapes, admission), (campaign, &ids), now, delta), held)
        }
        Command::Settle { settlement, reply } => hold(reply, attempts::settle(tx, &settlement, delta), held),
        Command::Reserve { shared, many, now, reply } => {
            hold(reply, shared_pace::reserve(tx, &shared, many, now).map_err(JournalError::from), held)
        }
        Command::Counters { run, counters, now } => Ok(runs::write_counters(tx, run, counters, now)?),
        Command::Activity { run, activity, reply } => {
            let written = activity::write(tx, run, &activity).map_err(JournalError::from);
            let figures = written.and_then(|()| match activity.senders.is_empty() {
                true => Ok(Vec::new()),
                false => sender_figures::read(tx, campaign),
            });
            hold(reply, figures, held)
        }
        Command::Acknowledge { ask, taken } => Ok(control::take(tx, ask, taken)?),
        // Answered before the group is committed.
        Command::Listen { .. } => Ok(()),
        Command::OptOuts { list, change, now, reply } => {
            hold(reply, opt_outs::change(tx, campaign, list, &change, now), held)
        }
        Command::Waiting { after, most, reply } => {
            hold(reply, opt_outs::waiting(tx, campaign, after, most), held)
        }
        Command::Reassign { wanted, after, now, reply } => {
            hold(reply, senders::reassign(tx, campaign, &wanted, (after, now)), held)
        }
        Command::Deliveries { events, reply } => {
            intake.assume(admission.assumed_number.as_deref());
            hold(reply, intake.take(tx, campaign, &events), held)
        }
        Command::JoinAgain { reply } => hold(reply, intake.again(tx, campaign), held),
        Command::Hold { run, why, now, reply } => {
            hold(reply, control::hold(tx, campaign, run, &why, now), held)
        }
        Command::Plan { mut plan, lines, reply } => {
            let result = plan::plan_lines(tx, &mut plan, &lines, delta).map(|summary| (plan, summary));
            hold(reply, result, held)
        }
        Command::FinishPlan { plan, reply } => {
            let read = plan::withdraw_missing(tx, *plan, delta);
            // A plan that is sent while it is made was agreed to before it was begun.
            let agreed = |summary| planned::mark(tx, campaign, Planned::Agreed).map(|()| summary);
            hold(reply, read.and_then(agreed), held)
        }
    }
}

/// Keeps an answer for after the commit. A word that failed fails its whole group.
fn hold<T: Send + 'static>(
    reply: Reply<T>,
    result: Result<T, JournalError>,
    held: &mut Vec<DeferredReply>,
) -> Result<(), JournalError> {
    match result {
        Ok(value) => {
            held.push(Box::new(move |error| {
                // Who does not wait any more does not need the answer.
                let _ = reply.send(error.map_or(Ok(value), Err));
            }));
            Ok(())
        }
        Err(error) => {
            held.push(Box::new(move |shared| {
                if let Some(shared) = shared {
                    let _ = reply.send(Err(shared));
                }
            }));
            Err(error)
        }
    }
}

async fn refuse_all(mut words: mpsc::Receiver<Command>, error: &WriterError) {
    words.close();
    while let Some(word) = words.recv().await {
        word.refuse(Some(error.clone()));
    }
}
