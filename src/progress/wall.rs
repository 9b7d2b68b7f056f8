//! Local times of day, for the live view.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::clock::Clock;
use crate::domain::unix_millis::UnixMillis;

/// The wall clock and where it hangs.
#[derive(Debug, Clone)]
pub(super) struct Wall {
    clock: Clock,
    zone: TimeZone,
}

impl Wall {
    /// In the time zone of this machine or session (`TZ`), else UTC.
    pub(super) fn here(clock: Clock) -> Self {
        Self { clock, zone: TimeZone::try_system().unwrap_or(TimeZone::UTC) }
    }

    pub(super) fn clock(&self) -> Clock {
        self.clock.clone()
    }

    pub(super) fn now(&self) -> UnixMillis {
        self.clock.now()
    }

    /// `23:41`; `Tue 09:12` within the week, else with the date; UTC says so.
    pub(super) fn at(&self, stamp: UnixMillis) -> String {
        let zoned = |stamp: UnixMillis| {
            let time = Timestamp::from_millisecond(stamp.millis()).ok()?;
            Some(time.to_zoned(self.zone.clone()))
        };
        let (Some(then), Some(now)) = (zoned(stamp), zoned(self.now())) else { return stamp.to_string() };
        let away = stamp.since(self.now()).max(self.now().since(stamp));
        let form = if then.date() == now.date() {
            "%H:%M"
        } else if away < Duration::from_secs(6 * 86_400) {
            "%a %H:%M"
        } else {
            "%Y-%m-%d %H:%M"
        };
        let utc = if self.zone == TimeZone::UTC { " UTC" } else { "" };
        format!("{}{utc}", then.strftime(form))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// 2026-03-01, 09:30 in UTC, and going.
    pub(in crate::progress) fn wall() -> Wall {
        let base = UnixMillis::from_millis(1_772_357_400_000);
        Wall { clock: Clock::from_tokio(base), zone: TimeZone::UTC }
    }

    #[tokio::test(start_paused = true)]
    async fn the_farther_away_the_more_of_the_date() {
        let hour = Duration::from_secs(3_600);
        let mut wall = wall();
        let at = |wall: &Wall, hours| wall.at(wall.now().plus(hours * hour));
        assert_eq!(at(&wall, 2), "11:30 UTC");
        assert_eq!(at(&wall, 20), "Mon 05:30 UTC");
        assert_eq!(at(&wall, 24 * 7), "2026-03-08 09:30 UTC");
        assert_eq!(wall.at(wall.now().minus(12 * hour)), "Sat 21:30 UTC");
        wall.zone = TimeZone::fixed(jiff::tz::offset(-8));
        assert_eq!(at(&wall, 2), "03:30");
    }
}
