//! How many contacts a second are started of late, over all accounts or through one.

use std::time::Duration;

use crate::domain::forecast::{Milestone, Outlook};
use crate::domain::unix_millis::UnixMillis;

/// Throughput is averaged over this time at least, once the run has sent for so long, and over twice that at most.
const WINDOW: Duration = Duration::from_secs(30);

/// A measurement that goes on.
#[derive(Debug)]
pub(super) struct Throughput {
    /// Where the measurement began, and where the next one begins.
    marks: [Milestone; 2],
    /// Whether the run waited for active chats: it then sends in bursts, and only the whole of it says how fast it is.
    is_bursty: bool,
    /// How fast it last was while anything was open.
    usual_speed: Option<f64>,
}

impl Throughput {
    /// One that begins now.
    pub(super) fn new(now: UnixMillis) -> Self {
        Self { marks: [Milestone { at: now, started: 0 }; 2], is_bursty: false, usual_speed: None }
    }

    /// Contacts are started in bursts from now on.
    pub(super) fn in_bursts(&mut self) {
        self.is_bursty = true;
    }

    /// Measures anew: what was before says nothing about what is to come.
    pub(super) fn measure_anew(&mut self, now: Milestone) {
        self.marks = [now; 2];
        self.is_bursty = false;
    }

    /// Where the measurement began that ends now.
    pub(super) fn measured_since(&mut self, now: Milestone) -> Milestone {
        if !self.is_bursty && now.at.since(self.marks[1].at) >= WINDOW {
            self.marks = [self.marks[1], now];
        }
        self.marks[0]
    }

    /// How fast the rest goes while anything is open: as lately, or as before everything was closed; `None` where nothing
    /// tells.
    pub(super) fn speed_when_open(&mut self, outlook: Outlook, is_closed: bool) -> Option<f64> {
        let lately = outlook.speed().filter(|_| !is_closed);
        if !is_closed {
            self.usual_speed = lately.or(self.usual_speed);
        }
        self.usual_speed.or(lately).or(outlook.allowed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: u64) -> Milestone {
        Milestone { at: UnixMillis::from_millis(second as i64 * 1_000), started: second }
    }

    /// Half a minute to a minute of the past, or all of it in a run that waits for active chats.
    #[test]
    fn throughput_is_measured_over_a_bounded_time() {
        let mut throughput = Throughput::new(at(0).at);
        for (second, since) in [(10, 0), (29, 0), (30, 0), (59, 0), (60, 30), (89, 30), (95, 60)] {
            assert_eq!(throughput.measured_since(at(second)), at(since), "{second}");
        }
        throughput.measure_anew(at(100));
        assert_eq!(throughput.measured_since(at(110)), at(100));
        throughput.in_bursts();
        assert_eq!([200, 300].map(|second| throughput.measured_since(at(second))), [at(100); 2]);
    }

    /// A night says nothing about the morning.
    #[test]
    fn what_was_reached_while_anything_was_open_stays() {
        let mut throughput = Throughput::new(at(0).at);
        let outlook = |reached| Outlook { left: 9, reached, allowed: Some(2.0), burst: 0, active: None };
        assert_eq!(throughput.speed_when_open(outlook(None), true), Some(2.0), "nothing was sent: the pace");
        assert_eq!(throughput.speed_when_open(outlook(Some(1.0)), false), Some(1.0));
        assert_eq!(throughput.speed_when_open(outlook(Some(0.1)), true), Some(1.0));
        assert_eq!(throughput.speed_when_open(outlook(Some(0.5)), false), Some(0.5));
    }
}
