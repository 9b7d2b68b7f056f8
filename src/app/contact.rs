//! One contact: one request at a time, tried again with one client token under the campaign's verdicts, in a journal
//! where one is asked for.
//!
//! Nothing is printed here, and what to try next in words is the caller's business.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use crate::app::by_hand::RecordByHand;
use crate::app::error::Error;
use crate::clock::Clock;
use crate::connect::Client;
use crate::domain::delivery::ending::Signal;
use crate::domain::delivery::refusal::{Refusal, RefusalKind};
use crate::domain::delivery::state::{Doubt, Event};
use crate::domain::delivery::verdict::{self, OutageDetector, Situation, Verdict};
use crate::domain::unix_millis::UnixMillis;
use crate::engine::Stop;
use crate::journal::ClaimByHand;
use crate::pace::RateLimiter;

/// What a contact is started with.
#[derive(Debug)]
pub struct SingleContact {
    /// Where requests go.
    pub client: Client,
    /// The request; it has the client token.
    pub body: Vec<u8>,
    /// Gives a permit for each request.
    pub pace: RateLimiter,
    /// The wall clock, which the token ages by.
    pub clock: Clock,
    /// Its row in a journal.
    pub record: Option<RecordByHand>,
    /// Jitter.
    pub chance: fastrand::Rng,
    /// Ctrl-C and SIGTERM.
    pub stop: watch::Receiver<Stop>,
}

/// A request that is made again.
#[derive(Debug)]
pub struct Again<'a> {
    /// What came of the last one.
    pub refusal: &'a Refusal,
    /// When it leaves.
    pub after: Duration,
}

/// What became of the contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContactOutcome {
    /// It is started.
    Started(String),
    /// The service refuses this request, and no contact exists.
    Refused(Refusal),
    /// The service, or something in between, refuses any request: no contact exists.
    Halted(Refusal),
    /// Nothing could be reached, or a signal came before an answer; no contact exists.
    NotStarted(EndedBy),
    /// The contact may exist: the same token finds out, for six days.
    Unknown(EndedBy),
    /// The journal does not let a request leave.
    NotAsked(NotAsked),
}

/// Why the journal let no request leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotAsked {
    /// The number is on a suppression list.
    Suppressed,
    /// The number is on an opt-out list of the account, as the journal last read it, since this moment.
    OptedOut(UnixMillis),
    /// The client token was attempted with another request.
    OtherRequest,
    /// An earlier attempt may have started a contact, and the token is too old to find out.
    Uncertain,
}

/// What ended the attempts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EndedBy {
    /// This answer, or the lack of one.
    Refusal(Refusal),
    /// A signal.
    Signal(Signal),
}

impl SingleContact {
    /// Starts the contact. `told` hears of every request that is made again.
    ///
    /// # Errors
    /// Where the journal cannot be written. A request may have left before, and its outcome is not known then.
    pub async fn start(mut self, told: &mut dyn FnMut(Again<'_>)) -> Result<ContactOutcome, Error> {
        let (began, mut attempts, mut chats_full) = (Instant::now(), 0, None);
        let (mut outage, mut doubt_at) = (OutageDetector::default(), None);
        loop {
            tokio::select! {
                biased;
                signal = stopped(&mut self.stop) => return Ok(ended(EndedBy::Signal(signal), doubt_at.is_some())),
                () = self.pace.permit() => {}
            }
            let left = self.clock.now();
            if let Some(outcome) = self.claim(left, &mut doubt_at)? {
                return Ok(outcome);
            }
            let refusal = tokio::select! {
                biased;
                signal = stopped_at_once(&mut self.stop) => {
                    return Ok(ContactOutcome::Unknown(EndedBy::Signal(signal)));
                }
                attempt = self.client.start(Uuid::nil(), self.body.clone()) => match attempt.answer {
                    Ok(contact_id) => {
                        self.settle(Event::Answered, Ok(&contact_id))?;
                        return Ok(ContactOutcome::Started(contact_id));
                    }
                    Err(refusal) => refusal,
                },
            };
            attempts += 1;
            let earlier = if doubt_at.is_some() { Doubt::Earlier } else { Doubt::None };
            let token_age = self.clock.now().since(doubt_at.unwrap_or(left));
            let situation = Situation { kind: refusal.kind, attempts, earlier, token_age };
            if refusal.kind == RefusalKind::Unknown {
                doubt_at.get_or_insert(left);
            }
            let verdict = verdict::decide(situation, self.chance.f64());
            self.settle(verdict.event(), Err(&refusal))?;
            let after = match verdict {
                Verdict::Retry(_, after) => after,
                Verdict::Pause(_) => {
                    // Not the request's fault: it is not counted against it.
                    attempts -= 1;
                    let full_since = *chats_full.get_or_insert_with(Instant::now);
                    verdict::quota_pause(full_since.elapsed(), self.chance.f64())
                }
                verdict => return Ok(at_last(verdict, refusal, doubt_at.is_some())),
            };
            if outage.listen(refusal.kind, began.elapsed()) {
                return Ok(ended(EndedBy::Refusal(refusal), doubt_at.is_some()));
            }
            told(Again { refusal: &refusal, after });
            tokio::select! {
                biased;
                signal = stopped(&mut self.stop) => return Ok(ended(EndedBy::Signal(signal), doubt_at.is_some())),
                () = sleep(after) => {}
            }
        }
    }

    /// Makes the attempt durable. The outcome, where no request may leave.
    fn claim(
        &mut self,
        now: UnixMillis,
        doubt_at: &mut Option<UnixMillis>,
    ) -> Result<Option<ContactOutcome>, Error> {
        let Some(record) = &mut self.record else { return Ok(None) };
        let not_asked = match record.claim(now)? {
            ClaimByHand::Claimed(claimed) => {
                if claimed.earlier == Doubt::Earlier {
                    doubt_at.get_or_insert(claimed.doubt_at);
                }
                return Ok(None);
            }
            ClaimByHand::Started(contact_id) => return Ok(Some(ContactOutcome::Started(contact_id))),
            ClaimByHand::Suppressed => NotAsked::Suppressed,
            ClaimByHand::OptedOut(at) => NotAsked::OptedOut(at),
            ClaimByHand::OtherRequest => NotAsked::OtherRequest,
            ClaimByHand::Uncertain => NotAsked::Uncertain,
        };
        Ok(Some(ContactOutcome::NotAsked(not_asked)))
    }

    fn settle(&mut self, event: Event, answer: Result<&str, &Refusal>) -> Result<(), Error> {
        match &mut self.record {
            Some(record) => record.settle(event, answer, self.clock.now()),
            None => Ok(()),
        }
    }
}

/// What a verdict that ends the attempts comes to.
fn at_last(verdict: Verdict, refusal: Refusal, in_doubt: bool) -> ContactOutcome {
    match verdict {
        Verdict::Settle(Event::Refused(Doubt::None)) => ContactOutcome::Refused(refusal),
        Verdict::Halt(_) if !in_doubt => ContactOutcome::Halted(refusal),
        _ => ContactOutcome::Unknown(EndedBy::Refusal(refusal)),
    }
}

fn ended(by: EndedBy, in_doubt: bool) -> ContactOutcome {
    if in_doubt { ContactOutcome::Unknown(by) } else { ContactOutcome::NotStarted(by) }
}

/// The first signal: no further request is made.
async fn stopped(stop: &mut watch::Receiver<Stop>) -> Signal {
    signal(stop, |stop| match stop {
        Stop::No => None,
        Stop::Drain(signal) | Stop::Now(signal) => Some(signal),
    })
    .await
}

/// The second signal: the request that is on its way is not waited for.
async fn stopped_at_once(stop: &mut watch::Receiver<Stop>) -> Signal {
    signal(stop, |stop| match stop {
        Stop::No | Stop::Drain(_) => None,
        Stop::Now(signal) => Some(signal),
    })
    .await
}

async fn signal(stop: &mut watch::Receiver<Stop>, which: fn(Stop) -> Option<Signal>) -> Signal {
    loop {
        let now = *stop.borrow_and_update();
        if let Some(signal) = which(now) {
            return signal;
        }
        if stop.changed().await.is_err() {
            // No signal can come any more.
            std::future::pending::<()>().await;
        }
    }
}
