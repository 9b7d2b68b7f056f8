//! What to do about a refusal: pure decisions from what happened, how often, how long ago, and a jitter argument.

use std::time::Duration;

use crate::domain::delivery::refusal::RefusalKind;
use crate::domain::delivery::state::{Doubt, Event};
use crate::domain::unix_millis::UnixMillis;

/// How long a client token surely deduplicates: 6 days of the 7 that the service documents, counted from the first
/// attempt whose outcome is not known. A day of margin covers clocks that disagree and requests that linger.
pub const TOKEN_SAFE: Duration = Duration::from_secs(6 * 24 * 3600);

/// How far a clock may be found set back before nobody can tell any more how old a token is: the day that
/// [`TOKEN_SAFE`] leaves of the service's 7.
pub const CLOCK_SLACK: Duration = Duration::from_secs(24 * 3600);

/// Attempts of one row in one run with a concurrent change in the way, before the row is given up.
const MAX_CONFLICTS: u32 = 5;

/// Attempts of one row in one run without a readable answer, before the row is left to the next run.
const MAX_UNANSWERED: u32 = 12;

/// The back-off after a refusal of one row.
pub const ROW_BACKOFF: Backoff = Backoff { base: Duration::from_millis(500), cap: Duration::from_secs(60) };

/// The shortest and the longest pause of the whole run while the active chats quota is full.
const QUOTA_PAUSE: (Duration, Duration) = (Duration::from_secs(3), Duration::from_secs(60));

/// How long to wait until one request finds out whether the active chats quota, full for so long already, has room again:
/// an eighth of that, give or take, so that little of what becomes free is lost, and few requests are refused for it. A
/// `jitter` is in `0.0..1.0`.
#[must_use]
pub fn quota_pause(full_for: Duration, jitter: f64) -> Duration {
    let (least, most) = QUOTA_PAUSE;
    (full_for / 8).clamp(least, most).mul_f64(0.75 + jitter.clamp(0.0, 1.0) / 2.0)
}

/// Exponential back-off with full jitter: uniform between zero and `min(cap, base * 2^(n-1))`.
///
/// Source: "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The ceiling of the first delay.
    pub base: Duration,
    /// The ceiling of every delay.
    pub cap: Duration,
}

impl Backoff {
    /// The delay after the `n`th failure (from 1), for a `jitter` in `0.0..1.0`.
    #[must_use]
    pub fn delay(self, n: u32, jitter: f64) -> Duration {
        self.ceiling(n).mul_f64(jitter.clamp(0.0, 1.0))
    }

    /// The longest delay after the `n`th failure (from 1).
    #[must_use]
    pub fn ceiling(self, n: u32) -> Duration {
        let doublings = n.saturating_sub(1).min(31);
        self.base.saturating_mul(1 << doublings).min(self.cap)
    }
}

/// What is known about the row whose attempt was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Situation {
    /// What the refusal means.
    pub kind: RefusalKind,
    /// Attempts of the row in this run, this one included (from 1).
    pub attempts: u32,
    /// Whether an earlier attempt of the row may have started a contact.
    pub earlier: Doubt,
    /// Time since the first attempt that may have started a contact, this one included.
    pub token_age: Duration,
}

/// What to do. The event goes to the journal in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing more is tried for the row.
    Settle(Event),
    /// One more attempt with the same token, after the delay.
    Retry(Event, Duration),
    /// The row is left as it is for the next run; the campaign goes on with others.
    Leave(Event),
    /// Nothing is sent for anybody until the active chats quota has room again; no row fails for it.
    Pause(Event),
    /// No row can survive this: the run stops.
    Halt(Event),
}

impl Verdict {
    /// What the journal is told.
    #[must_use]
    pub fn event(self) -> Event {
        match self {
            Self::Settle(event)
            | Self::Retry(event, _)
            | Self::Leave(event)
            | Self::Pause(event)
            | Self::Halt(event) => event,
        }
    }

    /// Whether nothing more is tried for the row in this run, and it may have a contact all the same.
    #[must_use]
    pub fn leaves_doubt(self) -> bool {
        match self {
            Self::Leave(_) => true,
            Self::Settle(event) => matches!(event, Event::TokenExpired | Event::Refused(Doubt::Earlier)),
            Self::Retry(..) | Self::Pause(_) | Self::Halt(_) => false,
        }
    }
}

/// What becomes of a row after a refusal. `jitter` is a number from 0 to 1.
#[must_use]
pub fn decide(situation: Situation, jitter: f64) -> Verdict {
    let Situation { kind, attempts, earlier, token_age } = situation;
    let delay = ROW_BACKOFF.delay(attempts, jitter);
    match kind {
        RefusalKind::InvalidRequest => Verdict::Settle(Event::Refused(earlier)),
        RefusalKind::Conflict if attempts >= MAX_CONFLICTS => Verdict::Settle(Event::Refused(earlier)),
        RefusalKind::Conflict | RefusalKind::Throttled | RefusalKind::Renewed | RefusalKind::Unreachable => {
            Verdict::Retry(Event::NotNow(earlier), delay)
        }
        RefusalKind::ActiveChats => Verdict::Pause(Event::NotNow(earlier)),
        RefusalKind::AccessDenied
        | RefusalKind::NotFound
        | RefusalKind::Credentials
        | RefusalKind::Unexpected => Verdict::Halt(Event::NotNow(earlier)),
        RefusalKind::RepeatedContactId => Verdict::Halt(Event::Unanswered),
        RefusalKind::Unknown if token_age.saturating_add(delay) >= TOKEN_SAFE => {
            Verdict::Settle(Event::TokenExpired)
        }
        RefusalKind::Unknown if attempts >= MAX_UNANSWERED => Verdict::Leave(Event::Unanswered),
        RefusalKind::Unknown => Verdict::Retry(Event::Unanswered, delay),
    }
}

/// Whether a row whose first doubtful attempt was made at `doubt_at` may be replayed with its token. Where that lies in
/// the future, a clock was wrong then or is wrong now, and the token may be older than it looks.
#[must_use]
pub fn token_is_safe(doubt_at: UnixMillis, now: UnixMillis) -> bool {
    now.since(doubt_at) < TOKEN_SAFE && doubt_at.since(now) < CLOCK_SLACK
}

/// Watches for a service that does not answer anybody: many requests in a row, over a while, without an outcome.
///
/// A run that could not connect even once is given up much sooner: the endpoint or the network of this machine is
/// wrong, nobody is in doubt, and who has just started it is still looking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OutageDetector {
    requests: u32,
    since: Duration,
    /// Whether a connection came about in this run.
    connected: bool,
    /// Requests in a row that were throttled, and when the first of them was.
    throttled: u32,
    throttled_since: Duration,
}

impl OutageDetector {
    /// Requests in a row without an outcome that are needed, and the time that they must span...
    const LIMIT: (u32, Duration) = (20, Duration::from_secs(60));
    /// ...and those of a run that has never had a connection.
    const LIMIT_UNCONNECTED: (u32, Duration) = (5, Duration::from_secs(5));

    /// Throttled requests in a row that are needed, and the time that they must span. Throttling passes by itself, unless
    /// others use up the account's quota.
    const LIMIT_THROTTLED: (u32, Duration) = (20, Duration::from_secs(30 * 60));

    /// Takes note of an answer that could be read, at any time.
    pub fn broken(&mut self) {
        *self = Self { connected: true, ..Self::default() };
    }

    /// Nothing is sent for a while: what follows says nothing about what was before.
    pub fn interrupted(&mut self) {
        *self = Self { connected: self.connected, ..Self::default() };
    }

    /// Takes note of an answer or of its lack, at `now` since the start of the run. Says whether to stop.
    pub fn listen(&mut self, kind: RefusalKind, now: Duration) -> bool {
        match kind {
            RefusalKind::Unreachable => {}
            RefusalKind::Unknown => self.connected = true,
            RefusalKind::Throttled => {
                let (throttled, since) = match self.throttled {
                    0 => (1, now),
                    before => (before.saturating_add(1), self.throttled_since),
                };
                self.broken();
                (self.throttled, self.throttled_since) = (throttled, since);
                let (requests, span) = Self::LIMIT_THROTTLED;
                return throttled >= requests && now.saturating_sub(since) >= span;
            }
            _ => {
                self.broken();
                return false;
            }
        }
        if self.requests == 0 {
            self.since = now;
        }
        self.requests = self.requests.saturating_add(1);
        let (requests, span) = if self.connected { Self::LIMIT } else { Self::LIMIT_UNCONNECTED };
        self.requests >= requests && now.saturating_sub(self.since) >= span
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_used_for_six_of_the_seven_days_that_the_service_documents() {
        assert_eq!(TOKEN_SAFE.as_secs(), 518_400);
        assert_eq!((TOKEN_SAFE + CLOCK_SLACK).as_secs(), 604_800);
    }

    fn situation(kind: RefusalKind, attempts: u32) -> Situation {
        Situation { kind, attempts, earlier: Doubt::None, token_age: Duration::from_secs(1) }
    }

    #[test]
    fn delays_double_up_to_the_cap_and_jitter_spans_all_of_it() {
        let ceilings: Vec<_> = (1..=9).map(|n| ROW_BACKOFF.ceiling(n).as_millis()).collect();
        assert_eq!(ceilings, [500, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
        assert_eq!(ROW_BACKOFF.ceiling(u32::MAX), ROW_BACKOFF.cap);
        assert_eq!(ROW_BACKOFF.delay(3, 0.0), Duration::ZERO);
        assert_eq!(ROW_BACKOFF.delay(3, 0.5), Duration::from_secs(1));
        assert_eq!(ROW_BACKOFF.delay(3, 1.0), Duration::from_secs(2));
    }

    #[test]
    fn each_meaning_has_its_verdict() {
        use RefusalKind as K;
        let now = Event::NotNow(Doubt::None);
        let retry = |event| Verdict::Retry(event, Duration::from_millis(250));
        for (kind, verdict) in [
            (K::InvalidRequest, Verdict::Settle(Event::Refused(Doubt::None))),
            (K::AccessDenied, Verdict::Halt(now)),
            (K::NotFound, Verdict::Halt(now)),
            (K::Credentials, Verdict::Halt(now)),
            (K::Unexpected, Verdict::Halt(now)),
            (K::RepeatedContactId, Verdict::Halt(Event::Unanswered)),
            (K::Conflict, retry(now)),
            (K::Throttled, retry(now)),
            (K::Unreachable, retry(now)),
            (K::Renewed, retry(now)),
            (K::ActiveChats, Verdict::Pause(now)),
            (K::Unknown, retry(Event::Unanswered)),
        ] {
            assert_eq!(decide(situation(kind, 1), 0.5), verdict, "{kind:?}");
        }
    }

    #[test]
    fn conflicts_end_and_throttles_do_not() {
        let refused = Verdict::Settle(Event::Refused(Doubt::None));
        assert_ne!(decide(situation(RefusalKind::Conflict, MAX_CONFLICTS - 1), 0.5), refused);
        assert_eq!(decide(situation(RefusalKind::Conflict, MAX_CONFLICTS), 0.5), refused);
        assert!(matches!(decide(situation(RefusalKind::Throttled, 1_000_000), 0.5), Verdict::Retry(..)));
    }

    /// Promise 5.
    #[test]
    fn an_unknown_outcome_is_replayed_left_or_uncertain_but_never_failed() {
        let mut unknown = situation(RefusalKind::Unknown, 1);
        for attempts in 1..100 {
            unknown.attempts = attempts;
            let verdict = decide(unknown, 0.5);
            assert_eq!(verdict.event(), Event::Unanswered);
            assert_eq!(matches!(verdict, Verdict::Leave(_)), attempts >= MAX_UNANSWERED);
        }
        unknown.attempts = 1;
        unknown.token_age = TOKEN_SAFE - Duration::from_millis(251);
        assert_eq!(decide(unknown, 0.5).event(), Event::Unanswered);
        unknown.token_age = TOKEN_SAFE - Duration::from_millis(250);
        assert_eq!(decide(unknown, 0.5), Verdict::Settle(Event::TokenExpired));
    }

    #[test]
    fn a_token_is_safe_for_six_days_by_a_clock_that_lost_no_day() {
        let doubt_at = UnixMillis::from_millis(1_772_357_400_000);
        let moment = Duration::from_millis(1);
        for (now, safe) in [
            (doubt_at, true),
            (doubt_at.plus(TOKEN_SAFE - moment), true),
            (doubt_at.plus(TOKEN_SAFE), false),
            (doubt_at.minus(CLOCK_SLACK - moment), true),
            (doubt_at.minus(CLOCK_SLACK), false),
        ] {
            assert_eq!(token_is_safe(doubt_at, now), safe, "{now}");
        }
    }

    #[test]
    fn only_what_is_given_up_with_a_contact_possible_leaves_doubt() {
        for (verdict, doubt) in [
            (Verdict::Leave(Event::Unanswered), true),
            (Verdict::Settle(Event::TokenExpired), true),
            (Verdict::Settle(Event::Refused(Doubt::Earlier)), true),
            (Verdict::Settle(Event::Refused(Doubt::None)), false),
            (Verdict::Retry(Event::Unanswered, Duration::ZERO), false),
            (Verdict::Pause(Event::NotNow(Doubt::Earlier)), false),
            (Verdict::Halt(Event::NotNow(Doubt::Earlier)), false),
        ] {
            assert_eq!(verdict.leaves_doubt(), doubt, "{verdict:?}");
        }
    }

    #[test]
    fn silence_needs_both_many_requests_and_a_while() {
        let mut silence = OutageDetector::default();
        let mut unknown = |seconds| silence.listen(RefusalKind::Unknown, Duration::from_secs(seconds));
        assert!((0..100).all(|_| !unknown(5)), "100 at one instant");
        assert!(unknown(65));
        silence.broken();
        let mut unknown = |seconds| silence.listen(RefusalKind::Unknown, Duration::from_secs(seconds));
        assert!(!unknown(1000));
        assert!((0..18).all(|_| !unknown(2000)), "19 in all");
        assert!(unknown(2000));
        assert!(!silence.listen(RefusalKind::Throttled, Duration::from_secs(2001)), "somebody answers");
        assert!(!silence.listen(RefusalKind::Unknown, Duration::from_secs(3000)));
    }

    #[test]
    fn throttling_without_an_end_ends_the_run() {
        let throttled = |silence: &mut OutageDetector, minutes: u64| {
            silence.listen(RefusalKind::Throttled, Duration::from_secs(60 * minutes))
        };
        let mut silence = OutageDetector::default();
        assert!((0..100).all(|_| !throttled(&mut silence, 29)), "for no time at all");
        assert!(throttled(&mut silence, 59), "30 minutes after the first");
        let mut silence = OutageDetector::default();
        assert!((0..19).all(|minute| !throttled(&mut silence, minute * 10)), "19 in all");
        assert!(throttled(&mut silence, 300));
        silence.broken();
        assert!(!throttled(&mut silence, 301), "somebody got through");
    }

    #[test]
    fn a_run_that_never_connects_is_given_up_soon() {
        let refused = RefusalKind::Unreachable;
        let after = |silence: &mut OutageDetector, requests: u32, seconds| {
            (0..requests).any(|_| silence.listen(refused, Duration::from_secs(seconds)))
        };
        let mut silence = OutageDetector::default();
        assert!(!after(&mut silence, 100, 1), "all at one instant");
        assert!(after(&mut silence, 1, 6));

        let mut silence = OutageDetector::default();
        assert!(!after(&mut silence, 1, 0) && !after(&mut silence, 3, 60), "4 in all");

        // Somebody answered, and not with a refusal.
        let mut silence = OutageDetector::default();
        silence.broken();
        assert!(!after(&mut silence, 100, 0) && !after(&mut silence, 100, 50));

        // One connection, and it is the service that is down, or the network for a while.
        for had in [RefusalKind::Unknown, RefusalKind::Throttled] {
            let mut silence = OutageDetector::default();
            assert!(!silence.listen(had, Duration::ZERO));
            assert!(!after(&mut silence, 100, 50) && after(&mut silence, 100, 110), "{had:?}");
        }
    }
}
