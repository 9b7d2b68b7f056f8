//! The one writer of a running campaign: a task with a bounded mailbox that commits what it finds there in groups.
//!
//! A caller is answered after the commit that holds its word, never before. After an error the writer never commits
//! again: SQLite's handle may not know what the disk has.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::domain::delivery::shared_rate::SharedRate;
use crate::domain::delivery::state::State;
use crate::domain::events::AccountEvent;
use crate::domain::hours::schedule::Schedule;
use crate::domain::senders::figures::SenderFigures;
use crate::domain::unix_millis::UnixMillis;
use crate::journal::deliveries::LiveTaken;
use crate::journal::deliveries::live::LiveIntake;
use crate::journal::error::JournalError;
use crate::journal::file::open::Journal;
use crate::journal::plan::lanes::OpenLane;
use crate::journal::plan::line::FileLine;
use crate::journal::plan::{Plan, PlanSummary};
use crate::journal::row::{CampaignId, LaneId, OptOutListId, RowId, RunId};
use crate::journal::run::activity::RunActivity;
use crate::journal::run::attempts::Settlement;
use crate::journal::run::claimed::{Claim, ClaimRequest};
use crate::journal::run::control::{Acknowledgement, ControlRequestId, ControlState, Listener};
use crate::journal::run::expiry::Expiry;
use crate::journal::run::group::{Command, Reply, WriterError, commit};
use crate::journal::run::opt_outs::{OptOutChange, OptOutChanged};
use crate::journal::run::pending_claim::ClaimState;
use crate::journal::run::runs::Counters;
use crate::journal::run::senders::{Reassigned, Reassignment};

/// Words that wait for the writer, at most.
const MAILBOX: usize = 4_096;
/// How long a group gathers before it is committed: an fsync is dear, a row a hundredth of a second later is not.
const GATHER: Duration = Duration::from_millis(20);
/// The same in virtual time, where commits are half of what a contact costs: longer than an answer takes to come, and
/// shorter than rows last that were claimed ahead.
const GATHER_IN_VIRTUAL_TIME: Duration = Duration::from_millis(100);

/// Sends words to the writer.
#[derive(Debug, Clone)]
pub struct Writer {
    mailbox: mpsc::Sender<Command>,
}

impl Writer {
    /// Hands the journal to a writer task. The handle gives it back after the last [`Writer`] is dropped.
    #[must_use]
    pub fn spawn(journal: Journal, campaign: CampaignId) -> (Self, JoinHandle<Result<Journal, WriterError>>) {
        Self::serve(journal, campaign, CommitPlace::Beside)
    }

    /// The same, of a runtime whose time is virtual: it stands still meanwhile, so that a commit needs no thread of its own.
    #[must_use]
    pub fn spawn_in_virtual_time(
        journal: Journal,
        campaign: CampaignId,
    ) -> (Self, JoinHandle<Result<Journal, WriterError>>) {
        Self::serve(journal, campaign, CommitPlace::Here)
    }

    fn serve(
        journal: Journal,
        campaign: CampaignId,
        commits: CommitPlace,
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

    /// Takes note of what a run has met since the last time, with the next group. What it returns is ready when that is
    /// durable, and need not be waited for: how the senders fare that it said something of.
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
        WriterError::from(Arc::new(JournalError::WriterGone))
    }

    async fn ask<T>(&self, word: impl FnOnce(Reply<T>) -> Command) -> Result<T, WriterError> {
        let gone = || WriterError::from(Arc::new(JournalError::WriterGone));
        let (reply, answer) = oneshot::channel();
        self.mailbox.send(word(reply)).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

/// Where groups are committed.
#[derive(Debug, Clone, Copy)]
enum CommitPlace {
    /// In a thread that may wait for the disk.
    Beside,
    /// In the writer's task, which everything else waits for.
    Here,
}

impl CommitPlace {
    fn gather(self) -> Duration {
        match self {
            Self::Beside => GATHER,
            Self::Here => GATHER_IN_VIRTUAL_TIME,
        }
    }
}

async fn serve(
    (mut journal, campaign): (Journal, CampaignId),
    mut words: mpsc::Receiver<Command>,
    commits: CommitPlace,
) -> Result<Journal, WriterError> {
    let mut shapes = (ClaimState::default(), LiveIntake::default());
    let mut group = Vec::new();
    let mut listener: Option<Listener> = None;
    loop {
        tokio::select! {
            biased;
            () = Listener::due(listener.as_ref()) => {
                let (same_journal, news) = caught_up(journal).await?;
                journal = same_journal;
                match news {
                    Ok(true) => listener.iter_mut().for_each(Listener::look_anew),
                    Ok(false) => {}
                    Err(error) => {
                        refuse_all(words, &error).await;
                        return Err(error);
                    }
                }
                // Between two groups, and a few microseconds: not worth a thread.
                match listener.as_mut().map(|listener| listener.look(&journal.connection)) {
                    Some(Ok(false)) => listener = None,
                    Some(Err(error)) => {
                        journal.leave_alone();
                        let error = WriterError::from(Arc::new(error));
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
            CommitPlace::Here => Ok(work()),
            // Once per group: one everlasting blocking task would freeze paused time, a bare thread would outrun it.
            CommitPlace::Beside => tokio::task::spawn_blocking(work).await,
        };
        let Ok((same_journal, same_shapes, held, result)) = done else {
            return Err(WriterError::from(Arc::new(JournalError::WriterGone)));
        };
        (journal, shapes) = (same_journal, same_shapes);
        if journal.has_news() {
            listener.iter_mut().for_each(Listener::look_anew);
        }
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

/// Of a replica: what others have committed, taken over in a thread that may wait for PostgreSQL, and whether there was anything.
async fn caught_up(journal: Journal) -> Result<(Journal, Result<bool, WriterError>), WriterError> {
    if !journal.is_replica() {
        return Ok((journal, Ok(false)));
    }
    let caught_up = tokio::task::spawn_blocking(move || {
        let news = journal.catch_up();
        if news.is_err() {
            journal.leave_alone();
        }
        (journal, news)
    });
    let (journal, news) =
        caught_up.await.map_err(|_| WriterError::from(Arc::new(JournalError::WriterGone)))?;
    Ok((journal, news.map_err(|error| WriterError::from(Arc::new(error)))))
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
            let _ = reply.send(begun.map_err(|error| WriterError::from(Arc::new(error))));
        }
    }
}

async fn refuse_all(mut words: mpsc::Receiver<Command>, error: &WriterError) {
    words.close();
    while let Some(word) = words.recv().await {
        word.refuse(Some(error.clone()));
    }
}
