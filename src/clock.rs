//! The one injected wall clock. Everything that stamps a time is handed a [`Clock`]; nothing else reads the time of day.
//!
//! Waiting is not its business: that runs on `tokio::time`, which tests can pause.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::domain::unix_millis::UnixMillis;

/// Tells the wall-clock time.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> UnixMillis + Send + Sync>);

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub fn system() -> Self {
        Self(Arc::new(|| {
            #[expect(clippy::disallowed_methods, reason = "the one place that reads the time of day")]
            let now = SystemTime::now();
            let millis = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
            UnixMillis::from_millis(i64::try_from(millis).unwrap_or(i64::MAX))
        }))
    }

    /// A clock that stood at `base` when it was made and moves with tokio's time, paused or not.
    #[must_use]
    pub fn from_tokio(base: UnixMillis) -> Self {
        let start = tokio::time::Instant::now();
        Self(Arc::new(move || base.plus(start.elapsed())))
    }

    /// A clock of the caller's making.
    pub fn from_fn(now: impl Fn() -> UnixMillis + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> UnixMillis {
        (self.0)()
    }

    /// The time now, as the standard library's type.
    #[must_use]
    pub fn system_time(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(u64::try_from(self.now().millis()).unwrap_or(0))
    }
}

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Clock({})", self.now())
    }
}
