//! Following a queue: the account's events come into the journal as they happen. A message is deleted after the commit that
//! holds it, so that whatever ends the process loses none; one that cannot be read is told once, and left to the queue's own
//! rules.

use std::collections::HashSet;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::app::deliveries::{Imported, Origination, note_all};
use crate::app::error::Error;
use crate::app::paths::CampaignPaths;
use crate::app::service::settings;
use crate::clock::Clock;
use crate::connect::{MOST_MESSAGES, QueueError, QueueMessage, SqsQueue};
use crate::domain::definition::Definition;
use crate::domain::events::{AccountEvent, Splitter, StreamPiece, parse};
use crate::domain::next_step::NextStep;
use crate::engine::Stop;
use crate::journal::{Intake, Journal};

/// How often what has no row is tried again.
const AGAIN: Duration = Duration::from_secs(30);
/// The first pause after a poll without an answer, and the longest.
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// How long a queue may give no answer before following to its end is given up.
const PATIENCE: Duration = Duration::from_secs(120);
/// Polls at once, at most.
const POLLS: usize = 16;
/// Messages that cannot be read and are remembered, so that each is told once.
const REMEMBERED: usize = 10_000;

/// What is followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FollowOptions {
    /// The queue's URL.
    pub queue: String,
    /// The phone numbers of sources.
    pub originations: Vec<Origination>,
    /// Ends when the queue is empty.
    pub until_empty: bool,
}

/// What happens meanwhile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FollowEvent {
    /// Events came; so much in all.
    Took(Imported),
    /// A message that cannot be read stays in the queue.
    Left {
        /// SQS's id of it.
        id: String,
        /// Why.
        why: String,
    },
    /// The queue did not answer; it is asked again.
    Unanswered(String),
}

/// Follows a queue until `stop` comes, or the queue is empty where that is wanted.
///
/// # Errors
/// Where no client can be made, the queue refuses, or the journal cannot be written. What was committed stays.
pub async fn follow(
    (paths, definition): (&CampaignPaths, &Definition),
    options: &FollowOptions,
    clock: &Clock,
    stop: watch::Receiver<Stop>,
    on_event: impl FnMut(FollowEvent),
) -> Result<Imported, Error> {
    let queue = SqsQueue::connect(&settings(definition, paths), &options.queue, clock).await?;
    let mut journal = Journal::open(&paths.journal)?;
    note_all(&mut journal, paths, &options.originations)?;
    let imported = follow_queue(&queue, &mut journal, options, stop, on_event).await?;
    journal.close()?;
    Ok(imported)
}

/// The same with a queue and a journal that are open.
///
/// # Errors
/// As [`follow`].
pub async fn follow_queue(
    queue: &SqsQueue,
    journal: &mut Journal,
    options: &FollowOptions,
    mut stop: watch::Receiver<Stop>,
    mut on_event: impl FnMut(FollowEvent),
) -> Result<Imported, Error> {
    let mut following =
        Following { intake: journal.intake()?, imported: Imported::default(), left: HashSet::new() };
    let (mut pause, mut tried, mut answered) = (PAUSE, Instant::now(), Instant::now());
    // Deletions count as well: a queue of which nothing can be deleted is never empty.
    let is_lost = |answered: Instant| options.until_empty && answered.elapsed() >= PATIENCE;
    let mut polls = 1;
    while *stop.borrow() == Stop::No {
        let received = tokio::select! {
            biased;
            _ = stop.changed() => break,
            received = receive(queue, polls) => received,
        };
        let emptied = polls == 1 && matches!(&received, Ok(messages) if messages.is_empty());
        polls = match &received {
            // A poll that does not wait asks a part of the queue's servers alone.
            Ok(messages) if messages.len() * 2 >= usize::from(MOST_MESSAGES) * polls => {
                (polls * 2).min(POLLS)
            }
            Ok(_) => (polls / 2).max(1),
            Err(_) => 1,
        };
        let done = match received {
            Ok(_) if emptied && options.until_empty => break,
            Ok(messages) => following.take(&messages, &mut on_event)?,
            Err(QueueError::Unanswered(why)) => {
                if is_lost(answered) {
                    return Err(silent(why));
                }
                on_event(FollowEvent::Unanswered(why));
                tokio::select! {
                    biased;
                    _ = stop.changed() => break,
                    () = tokio::time::sleep(pause) => {}
                }
                pause = (pause * 2).min(LONGEST_PAUSE);
                continue;
            }
            Err(refusal) => return Err(refused(&refusal)),
        };
        pause = PAUSE;
        match queue.delete(&done).await {
            Ok(()) => answered = Instant::now(),
            Err(QueueError::Unanswered(why)) if is_lost(answered) => return Err(silent(why)),
            // They come again, and change nothing.
            Err(QueueError::Unanswered(why)) => on_event(FollowEvent::Unanswered(why)),
            Err(refusal) => return Err(refused(&refusal)),
        }
        if tried.elapsed() >= AGAIN {
            following.imported.taken += following.intake.join_again()?;
            tried = Instant::now();
        }
    }
    following.imported.taken += following.intake.join_again()?;
    Ok(following.imported)
}

/// One poll waits for messages; several take what is there.
async fn receive(queue: &SqsQueue, polls: usize) -> Result<Vec<QueueMessage>, QueueError> {
    if polls == 1 { queue.receive().await } else { queue.receive_now(polls).await }
}

fn refused(refusal: &QueueError) -> Error {
    Error::usage(refusal.to_string(), NextStep::from(refusal.advice().to_owned()))
}

/// The queue gave no answer for so long that it is not waited for any more.
fn silent(why: String) -> Error {
    let minutes = PATIENCE.as_secs() / 60;
    let unanswered = QueueError::Unanswered(why);
    Error::system(
        format!("{unanswered}, for {minutes} minutes"),
        NextStep::from(unanswered.advice().to_owned()),
    )
}

struct Following<'j> {
    intake: Intake<'j>,
    imported: Imported,
    left: HashSet<String>,
}

impl Following<'_> {
    /// Commits what the messages say, and gives those back that may be deleted.
    fn take(
        &mut self,
        messages: &[QueueMessage],
        on_event: &mut impl FnMut(FollowEvent),
    ) -> Result<Vec<QueueMessage>, Error> {
        let (mut events, mut done) = (Vec::new(), Vec::new());
        for message in messages {
            match read(message) {
                Ok((found, other)) => {
                    self.imported.read.events += found.len() as u64;
                    self.imported.read.other += other;
                    events.extend(found);
                    done.push(message.clone());
                }
                Err(why) => {
                    let new = self.left.len() < REMEMBERED && self.left.insert(message.id.clone());
                    if new {
                        self.imported.read.bad += 1;
                        on_event(FollowEvent::Left { id: message.id.clone(), why });
                    }
                }
            }
        }
        if !done.is_empty() {
            self.imported.taken += self.intake.take(&events)?;
            on_event(FollowEvent::Took(self.imported));
        }
        Ok(done)
    }
}

/// The events of a message; one that cannot be read in part is not read at all.
pub(super) fn read(message: &QueueMessage) -> Result<(Vec<AccountEvent>, u64), String> {
    let (mut events, mut other, mut wrong) = (Vec::new(), 0, None);
    let mut each = |piece: StreamPiece<'_>| match piece {
        StreamPiece::Bad(_, why) => wrong = wrong.take().or(Some(why.to_owned())),
        StreamPiece::Record(_, record) => {
            let parsed = parse(record);
            events.extend(parsed.events);
            other += parsed.other;
            wrong = wrong.take().or_else(|| parsed.bad.first().map(ToString::to_string));
        }
    };
    let mut splitter = Splitter::default();
    splitter.push(message.body.as_bytes(), &mut each);
    splitter.end(&mut each);
    match wrong {
        Some(why) => Err(why),
        None => Ok((events, other)),
    }
}
