//! Time as the world knows it: milliseconds since the Unix epoch, always handed in.
//!
//! Nothing here reads the wall clock. A door takes a [`Clock`]; [`TokioClock`] is the one for tests, exact in paused
//! time; the server's command injects the real one.

use std::fmt;
use std::ops::{Add, Sub};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_smithy_async::time::TimeSource;
use jiff::Timestamp;

/// A moment: milliseconds since the Unix epoch, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct WorldTime(pub u64);

impl WorldTime {
    /// Whole seconds since the Unix epoch.
    pub fn seconds(self) -> u64 {
        self.0 / 1000
    }

    /// The time from `earlier` to `self`, zero if `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    /// `YYYYMMDDTHHMMSSZ`, as signatures have it.
    pub(super) fn compact_stamp(self) -> String {
        self.formatted("%Y%m%dT%H%M%SZ")
    }

    /// The value of a `date` header.
    pub(super) fn http_date(self) -> String {
        self.formatted("%a, %d %b %Y %H:%M:%S GMT")
    }

    fn formatted(self, format: &str) -> String {
        let seconds = i64::try_from(self.seconds()).unwrap_or(i64::MAX);
        Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX).strftime(format).to_string()
    }

    /// The same moment in the standard library's type.
    pub fn system_time(self) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(self.0)
    }
}

impl Add<Duration> for WorldTime {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)))
    }
}

impl Sub<Duration> for WorldTime {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)))
    }
}

/// Where a door reads the time that it hands to the world. Any `Fn() -> WorldTime` is one.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> WorldTime;
}

impl<F: Fn() -> WorldTime + Send + Sync> Clock for F {
    fn now(&self) -> WorldTime {
        self()
    }
}

/// Tokio's clock, shifted so that it starts at a given wall time: virtual in paused time, real otherwise.
#[derive(Debug, Clone, Copy)]
pub struct TokioClock {
    base: WorldTime,
    start: tokio::time::Instant,
}

impl TokioClock {
    /// A clock that shows `base` now and goes on with tokio's time. Call it inside the runtime whose time it follows.
    pub fn starting_at(base: WorldTime) -> Self {
        Self { base, start: tokio::time::Instant::now() }
    }
}

impl Clock for TokioClock {
    fn now(&self) -> WorldTime {
        self.base + self.start.elapsed()
    }
}

/// A [`Clock`] as the SDK's time source, so that it signs with the world's time.
pub(super) struct SdkTime<C>(pub(super) C);

impl<C> fmt::Debug for SdkTime<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SdkTime")
    }
}

impl<C: Clock> TimeSource for SdkTime<C> {
    fn now(&self) -> SystemTime {
        self.0.now().system_time()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn tokio_clock_follows_virtual_time() {
        let clock = TokioClock::starting_at(WorldTime(1_000));
        tokio::time::sleep(Duration::from_secs(3_600)).await;
        assert_eq!(clock.now(), WorldTime(3_601_000));
    }

    #[test]
    fn stamps_as_signatures_and_headers_have_them() {
        let moment = WorldTime(1_440_938_160_999);
        assert_eq!(moment.compact_stamp(), "20150830T123600Z");
        assert_eq!(moment.http_date(), "Sun, 30 Aug 2015 12:36:00 GMT");
    }

    #[test]
    fn a_closure_is_a_clock() {
        let clock = || WorldTime(5);
        assert_eq!(clock.now().since(WorldTime(2)), Duration::from_millis(3));
        assert_eq!(WorldTime(2).since(WorldTime(5)), Duration::ZERO);
    }
}
