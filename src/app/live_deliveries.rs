//! Following a queue while a run sends: the account's events go into the journal through the run's own writer, so that they
//! share its commits and hold up nothing. A message is deleted after the commit that holds it. Whatever goes wrong with the
//! queue, the run goes on: what becomes of messages decides nothing that is sent.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::{mpsc, watch};

use crate::app::follow::read;
use crate::connect::{MOST_MESSAGES, QueueError, QueueMessage, SqsQueue};
use crate::domain::events::AccountEvent;
use crate::engine::LastWords;
use crate::journal::{LiveTaken, Writer, WriterError};

/// Polls at once, at most.
const POLLS: u32 = 8;
/// How often events without a row are tried again.
const AGAIN: Duration = Duration::from_secs(5);
/// The first pause after a poll without an answer, and the longest.
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// Messages that cannot be read and are remembered, so that each is told once.
const REMEMBERED: usize = 10_000;

/// Follows a queue beside a run.
#[derive(Debug)]
pub struct QueueFollower {
    queue: SqsQueue,
    told: Mutex<HashSet<String>>,
    /// Events without a row that the writer remembers.
    open: AtomicUsize,
}

/// Why following ended.
enum FollowEnd {
    /// The journal cannot be written: the engine learns it from the writer.
    Journal,
    /// The queue refuses.
    Refused(QueueError),
}

impl From<WriterError> for FollowEnd {
    fn from(_: WriterError) -> Self {
        Self::Journal
    }
}

impl QueueFollower {
    /// Of this queue.
    #[must_use]
    pub fn new(queue: SqsQueue) -> Self {
        Self { queue, told: Mutex::default(), open: AtomicUsize::new(0) }
    }

    /// Follows for as long as it is polled, and tells the engine the final words. Returns where nothing is left to do.
    pub async fn follow(self, writer: Writer, news: mpsc::Sender<LastWords>) {
        let (busy, level) = watch::channel(1_u32);
        let polls =
            join_all((0..POLLS).map(|poll| self.poll(poll, (&busy, level.clone()), (&writer, &news))));
        let ended = tokio::select! {
            // In a fixed order: a simulated run takes the same course every time.
            biased;
            polls = polls => polls.into_iter().next(),
            ended = self.again(&writer, &news) => Some(ended),
        };
        if let Some(FollowEnd::Refused(why)) = ended {
            tracing::warn!("{why}; it is not followed any more; {}", why.advice());
        }
    }

    /// One of the polls; it polls while more than `poll` of them have something to do.
    async fn poll(
        &self,
        poll: u32,
        (busy, mut level): (&watch::Sender<u32>, watch::Receiver<u32>),
        (writer, news): (&Writer, &mpsc::Sender<LastWords>),
    ) -> FollowEnd {
        let mut pause = PAUSE;
        loop {
            if level.wait_for(|level| *level > poll).await.is_err() {
                return FollowEnd::Journal;
            }
            let received = match self.queue.receive().await {
                Ok(received) => received,
                Err(QueueError::Unanswered(why)) => {
                    busy.send_replace(1);
                    if pause == PAUSE {
                        tracing::warn!("the queue does not answer, and is asked again: {why}");
                    }
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                    continue;
                }
                Err(refusal) => {
                    // The first poll says so; the others end with it.
                    busy.send_replace(1);
                    if poll == 0 {
                        return FollowEnd::Refused(refusal);
                    }
                    continue;
                }
            };
            pause = PAUSE;
            // Then it leaves more behind.
            let full = received.len() >= usize::from(MOST_MESSAGES);
            busy.send_modify(|level| {
                *level = if full { (*level + 1).min(POLLS) } else { (*level - 1).max(1) }
            });
            if let Err(ended) = self.take(&received, writer, news).await {
                return ended;
            }
        }
    }

    /// Commits what the messages say, and deletes them.
    async fn take(
        &self,
        received: &[QueueMessage],
        writer: &Writer,
        news: &mpsc::Sender<LastWords>,
    ) -> Result<(), FollowEnd> {
        let (mut events, mut done) = (Vec::<AccountEvent>::new(), Vec::new());
        for message in received {
            match read(message) {
                Ok((found, _)) => {
                    events.extend(found);
                    done.push(message.clone());
                }
                Err(why) if self.is_new(&message.id) => {
                    tracing::warn!(
                        "a message of the queue cannot be read and stays in it: {}: {why}",
                        message.id
                    );
                }
                Err(_) => {}
            }
        }
        if !events.is_empty() {
            self.tell(writer.deliveries(events).await?, news).await;
        }
        // What could not be deleted comes again, and changes nothing.
        match self.queue.delete(&done).await {
            Ok(()) | Err(QueueError::Unanswered(_)) => Ok(()),
            Err(refusal) => Err(FollowEnd::Refused(refusal)),
        }
    }

    fn is_new(&self, id: &str) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.len() < REMEMBERED && told.insert(id.to_owned())
    }

    /// Tries what had no row again, now and then.
    async fn again(&self, writer: &Writer, news: &mpsc::Sender<LastWords>) -> FollowEnd {
        loop {
            tokio::time::sleep(AGAIN).await;
            if self.open.load(Ordering::Relaxed) == 0 {
                continue;
            }
            match writer.join_again().await {
                Ok(taken) => self.tell(taken, news).await,
                Err(_) => return FollowEnd::Journal,
            }
        }
    }

    async fn tell(&self, LiveTaken { last_words, open, .. }: LiveTaken, news: &mpsc::Sender<LastWords>) {
        self.open.store(open, Ordering::Relaxed);
        if !last_words.is_empty() {
            // An engine that has ended needs no news.
            let _ = news.send(LastWords(last_words)).await;
        }
    }
}
