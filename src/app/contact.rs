//! One contact: one request at a time, tried again with one client token under the campaign's verdicts.
//!
//! Nothing is printed here, and what to try next in words is the caller's business.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use crate::clock::Clock;
use crate::connect::Client;
use crate::domain::delivery::ending::Signal;
use crate::domain::delivery::refusal::{Refusal, RefusalKind};
use crate::domain::delivery::state::{Doubt, Event};
use crate::domain::delivery::verdict::{self, OutageDetector, Situation, Verdict};
use crate::engine::Stop;
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
    pub async fn start(mut self, told: &mut dyn FnMut(Again<'_>)) -> ContactOutcome {
        let (began, mut attempts, mut chats_full) = (Instant::now(), 0, None);
        let (mut outage, mut doubt_at) = (OutageDetector::default(), None);
        loop {
            tokio::select! {
                biased;
                signal = stopped(&mut self.stop) => return ended(EndedBy::Signal(signal), doubt_at.is_some()),
                () = self.pace.permit() => {}
            }
            let left = self.clock.now();
            let refusal = tokio::select! {
                biased;
                signal = stopped_at_once(&mut self.stop) => return ContactOutcome::Unknown(EndedBy::Signal(signal)),
                attempt = self.client.start(Uuid::nil(), self.body.clone()) => match attempt.answer {
                    Ok(contact_id) => return ContactOutcome::Started(contact_id),
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
            let after = match verdict::decide(situation, self.chance.f64()) {
                Verdict::Retry(_, after) => after,
                Verdict::Pause(_) => {
                    // Not the request's fault: it is not counted against it.
                    attempts -= 1;
                    let full_since = *chats_full.get_or_insert_with(Instant::now);
                    verdict::quota_pause(full_since.elapsed(), self.chance.f64())
                }
                Verdict::Settle(Event::Refused(Doubt::None)) => return ContactOutcome::Refused(refusal),
                Verdict::Halt(_) if doubt_at.is_none() => return ContactOutcome::Halted(refusal),
                Verdict::Settle(_) | Verdict::Leave(_) | Verdict::Halt(_) => {
                    return ContactOutcome::Unknown(EndedBy::Refusal(refusal));
                }
            };
            if outage.listen(refusal.kind, began.elapsed()) {
                return ended(EndedBy::Refusal(refusal), doubt_at.is_some());
            }
            told(Again { refusal: &refusal, after });
            tokio::select! {
                biased;
                signal = stopped(&mut self.stop) => return ended(EndedBy::Signal(signal), doubt_at.is_some()),
                () = sleep(after) => {}
            }
        }
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
