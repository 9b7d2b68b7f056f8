//! A group of words to the writer: applied in one transaction, and answered after it.

use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::sync::oneshot;

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
use crate::journal::plan::lanes::OpenLane;
use crate::journal::plan::line::FileLine;
use crate::journal::plan::planned::Planned;
use crate::journal::plan::{self, Plan, PlanSummary, lanes, planned};
use crate::journal::row::{CampaignId, LaneId, OptOutListId, RowId, RunId};
use crate::journal::run::activity::RunActivity;
use crate::journal::run::attempts::Settlement;
use crate::journal::run::claimed::{Claim, ClaimRequest};
use crate::journal::run::control::{Acknowledgement, ControlRequestId, ControlState};
use crate::journal::run::expiry::Expiry;
use crate::journal::run::opt_outs::{OptOutChange, OptOutChanged};
use crate::journal::run::pending_claim::ClaimState;
use crate::journal::run::runs::Counters;
use crate::journal::run::senders::{Reassigned, Reassignment};
use crate::journal::run::{
    activity, attempts, control, expiry, opt_outs, runs, sender_figures, senders, shared_pace,
};
use crate::journal::tally::Delta;

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

pub(super) type Reply<T> = oneshot::Sender<Result<T, WriterError>>;

#[expect(clippy::large_enum_variant, reason = "a few commands are in the mailbox at once")]
pub(super) enum Command {
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

impl Command {
    /// Answers a word that nothing was done about.
    pub(super) fn refuse(self, error: Option<WriterError>) {
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

/// An answer that is held back until its group is committed.
pub(super) type DeferredReply = Box<dyn FnOnce(Option<WriterError>) + Send>;

/// Applies a group in one transaction, and gives back the answers to its words for after the commit.
pub(super) fn commit(
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
        let tx = journal.begin_write()?;
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
    // What SQLite reads of another history may be no sound file: then that is the reason.
    let result = result.map_err(|error| {
        journal.leave_alone();
        journal.hold_to_its_history().err().unwrap_or(error)
    });
    // Words that it did not get to learn why as well.
    held.extend(words.map(|word| -> DeferredReply { Box::new(move |error| word.refuse(error)) }));
    (held, result.map_err(|error| WriterError::from(Arc::new(error))))
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
