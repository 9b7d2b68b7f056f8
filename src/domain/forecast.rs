//! How fast a campaign proceeds and how long the rest takes: before a run, while it runs, and in its status. Pure.
//!
//! Before a run, an [`Agenda`] of what is to be sent tells when each contact starts, with hours, schedule and pace, as a
//! [`Forecast`]. While it runs, all go through [`Outlook`]: the throughput of late, capped by the pace and, where only so
//! many contacts may be alive at once, by how fast they end. A run measures itself in a [`Heartbeat`], which its live
//! view and the journal both get, so that `status` says what the view says.

mod agenda;
mod caps;
mod course;
mod lane_rows;
mod play;
mod rest;
mod senders;
mod started;
pub mod words;

use std::time::Duration;

pub use agenda::{Agenda, AgendaRow};
pub use caps::{CountedContact, EarlierContacts, NumberBook};
pub use course::{Conditions, CourseBook, Forecast, NamedRows, SenderCourse, ZoneCourse};
pub use rest::{RestLane, ends_at};
pub use senders::ForeseenSender;
pub use started::{CountryMessages, StartedByCountry};

use crate::domain::figures::per_second;
use crate::domain::unix_millis::UnixMillis;

/// A run does not wait for hours, times of rows or the end of its campaign that are so far ahead: it ends, and says so.
pub const AHEAD: Duration = Duration::from_secs(366 * 24 * 3_600);
/// A shorter measurement says nothing: the burst at the beginning is most of it.
const SHORTEST: Duration = Duration::from_secs(5);
/// A pace that is reached to this share counts as reached: the ends of a measurement cut off a part of the rest.
const REACHED: f64 = 0.95;

/// How many contacts a run had started at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Milestone {
    /// The moment.
    pub at: UnixMillis,
    /// Contacts started by then, in this run.
    pub started: u64,
}

impl Milestone {
    /// Contacts started per second from here to a later moment; `None` where that is too short to tell.
    #[must_use]
    pub fn throughput(self, now: Self) -> Option<f64> {
        let window = now.at.since(self.at);
        (window >= SHORTEST).then(|| per_second(now.started.saturating_sub(self.started), window))
    }
}

/// How a run fares at one moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Heartbeat {
    /// Contacts started so far.
    pub now: Milestone,
    /// Contacts started when the measurement of the throughput began.
    pub before: Milestone,
    /// Requests without an answer.
    pub in_flight: u32,
    /// Requests per second that the pace allows now.
    pub rate: f64,
    /// Requests per second as last asked for; `None` where the run finds the rate itself.
    pub asked: Option<f64>,
    /// Requests that may leave at once.
    pub burst: u32,
    /// The bound on contacts that are alive at once, where the life of one is known.
    pub active: Option<ActiveBound>,
    /// When the credentials that it has end, unless they are renewed before; `None` where they do not.
    pub credentials_end: Option<UnixMillis>,
    /// What is ahead where the pace alone does not tell; `None` where it does.
    pub ahead: Option<RestAhead>,
}

/// What is ahead of a run that keeps hours or a schedule, sends through several accounts, or has senders that halted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RestAhead {
    /// Rows whose hours are closed now.
    pub closed_rows: u64,
    /// When the first of them open.
    pub opens_at: Option<UnixMillis>,
    /// When the last contact is started, or the campaign is over; `None` where nothing tells.
    pub ends_at: Option<UnixMillis>,
}

impl Heartbeat {
    /// Contacts started per second of late; `None` where the measurement is too short.
    #[must_use]
    pub fn throughput(&self) -> Option<f64> {
        self.before.throughput(self.now)
    }

    /// What a run in this condition has before it, with so many contacts still to be started.
    #[must_use]
    pub fn outlook(&self, left: u64) -> Outlook {
        Outlook {
            left,
            reached: self.throughput(),
            allowed: Some(self.rate).filter(|rate| *rate > 0.0),
            burst: 0,
            active: self.active,
        }
    }

    /// When a run in this condition ends, at `now`, with so many contacts still to be started; `None` where nothing tells.
    #[must_use]
    pub fn ends_at(&self, left: u64, now: UnixMillis) -> Option<UnixMillis> {
        match self.ahead {
            Some(ahead) if left > 0 => ahead.ends_at,
            _ => Some(now.plus(self.outlook(left).time_left()?)),
        }
    }
}

/// What the rest of a campaign depends on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outlook {
    /// Contacts that are still to be started.
    pub left: u64,
    /// Contacts started per second of late; `None` before anything was sent.
    pub reached: Option<f64>,
    /// Contacts per second that the pace allows in the long run; `None` where it is not known.
    pub allowed: Option<f64>,
    /// Contacts that start at once, before the pace counts.
    pub burst: u64,
    /// The bound on contacts that are alive at once, where there is one.
    pub active: Option<ActiveBound>,
}

/// A bound on contacts that are alive at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActiveBound {
    /// Contacts alive, at most.
    pub most: u64,
    /// How long a contact lives.
    pub life: Duration,
    /// Contacts that are alive now.
    pub alive: u64,
}

impl Outlook {
    /// Contacts per second from here on, without the bound on active contacts; `None` where nothing tells.
    #[must_use]
    pub fn speed(&self) -> Option<f64> {
        let speed = match (self.reached, self.allowed) {
            (Some(reached), Some(allowed)) if reached >= allowed * REACHED => allowed,
            (Some(reached), _) => reached,
            (None, allowed) => allowed?,
        };
        (speed > 0.0).then_some(speed)
    }

    /// How long the rest takes; `None` where nothing tells.
    #[must_use]
    pub fn time_left(&self) -> Option<Duration> {
        let speed = self.speed()?;
        let paced = float(self.left.saturating_sub(self.burst)) / speed;
        let held = self.active.map_or(0.0, |active| active.seconds(self.left, speed));
        Duration::try_from_secs_f64(paced.max(held)).ok()
    }
}

impl ActiveBound {
    /// How many seconds so many contacts take: they start at this speed, in contacts per second, until as many are alive
    /// as may be, and from then on one for each that ends. 0 where the bound holds none of them up.
    #[must_use]
    pub fn seconds(self, left: u64, speed: f64) -> f64 {
        let free = self.most.saturating_sub(self.alive).min(left);
        let life = self.life.as_secs_f64();
        if free == left || speed * life <= float(self.most) {
            return 0.0;
        }
        float(free) / speed + float(left - free) * life / float(self.most.max(1))
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
fn float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUNNING: Outlook =
        Outlook { left: 1_000, reached: Some(2.0), allowed: Some(2.0), burst: 0, active: None };

    fn seconds(outlook: Outlook) -> Option<u64> {
        outlook.time_left().map(|time| time.as_secs())
    }

    #[test]
    fn the_rest_is_as_fast_as_lately_and_no_faster_than_the_pace() {
        assert_eq!(seconds(RUNNING), Some(500));
        assert_eq!(seconds(Outlook { reached: Some(40.0), ..RUNNING }), Some(500), "a burst says nothing");
        assert_eq!(seconds(Outlook { reached: Some(1.0), ..RUNNING }), Some(1_000));
        assert_eq!(
            seconds(Outlook { reached: Some(1.92), ..RUNNING }),
            Some(500),
            "the ends cut a little off"
        );
        assert_eq!(seconds(Outlook { allowed: None, reached: Some(4.0), ..RUNNING }), Some(250));
        assert_eq!(seconds(Outlook { reached: Some(0.0), ..RUNNING }), None, "nothing started has no end");
        assert_eq!(seconds(Outlook { reached: None, allowed: None, ..RUNNING }), None);
    }

    #[test]
    fn before_a_run_the_burst_leaves_at_once() {
        let before = Outlook { reached: None, burst: 5, ..RUNNING };
        assert_eq!(before.time_left(), Some(Duration::from_millis(497_500)));
        assert_eq!(seconds(Outlook { left: 3, ..before }), Some(0));
    }

    /// Of 600, 500 start in 250 s, and then one for each that ends: 100 in another 100 / (500 / 600) = 120 s.
    #[test]
    fn contacts_that_live_have_to_end_first() {
        let active = ActiveBound { most: 500, life: Duration::from_secs(600), alive: 0 };
        let held = Outlook { left: 600, active: Some(active), ..RUNNING };
        assert_eq!(seconds(held), Some(370));
        assert_eq!(seconds(Outlook { left: 500, ..held }), Some(250), "all fit");
        let alive = ActiveBound { alive: 500, ..active };
        assert_eq!(seconds(Outlook { active: Some(alive), ..held }), Some(720), "each waits for one to end");
        let short = ActiveBound { life: Duration::from_secs(100), ..alive };
        assert_eq!(
            seconds(Outlook { active: Some(short), ..held }),
            Some(300),
            "they end as fast as others start"
        );
    }

    #[test]
    fn a_heartbeat_measures_only_what_is_long_enough() {
        let milestone = |at, started| Milestone { at: UnixMillis::from_millis(at), started };
        let mut heartbeat = Heartbeat {
            now: milestone(4_900, 15),
            before: milestone(0, 0),
            in_flight: 1,
            rate: 2.0,
            asked: Some(2.0),
            burst: 5,
            active: None,
            credentials_end: None,
            ahead: None,
        };
        assert_eq!(
            (heartbeat.throughput(), seconds(heartbeat.outlook(100))),
            (None, Some(50)),
            "the pace alone"
        );
        heartbeat.now = milestone(10_000, 10);
        assert_eq!((heartbeat.throughput(), seconds(heartbeat.outlook(100))), (Some(1.0), Some(100)));
        heartbeat.before = milestone(5_000, 0);
        assert_eq!((heartbeat.throughput(), seconds(heartbeat.outlook(100))), (Some(2.0), Some(50)));
    }
}
