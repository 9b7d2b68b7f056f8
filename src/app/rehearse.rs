//! A rehearsal: the whole campaign against the simulator, in virtual time. Hours, schedule and pace are kept, and days pass in
//! seconds. It has a journal of its own, and reaches nobody.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::app::error::Error;
use crate::app::plan_file::PlanFile;
use crate::app::run::{PreparedRun, RunContext};
use crate::app::send::RunResult;
use crate::clock::Clock;
use crate::domain::delivery::state::State;
use crate::domain::forecast::Forecast;
use crate::domain::preflight::Preflight;
use crate::domain::unix_millis::UnixMillis;
use crate::engine::{Observer, RunEvent, Stop};

/// What came of a rehearsal.
#[derive(Debug)]
pub struct Rehearsal {
    /// What the run did.
    pub result: RunResult,
    /// When the first contact was started, as the run would have it, and the last one.
    pub contacts: Option<(UnixMillis, UnixMillis)>,
    /// When the run would end.
    pub ends_at: UnixMillis,
    /// When it was said before the start that contacts would start.
    pub forecast: Option<Forecast>,
    /// Contacts by day, UTC.
    pub by_day: BTreeMap<Date, u64>,
}

/// A clock that stands at a moment until it is started, and then moves with tokio's time.
#[derive(Debug, Clone)]
pub struct VirtualClock {
    from: UnixMillis,
    started: Arc<OnceLock<Instant>>,
}

impl VirtualClock {
    /// A clock that stands.
    #[must_use]
    pub fn at(from: UnixMillis) -> Self {
        Self { from, started: Arc::default() }
    }

    /// The same as everything else takes it.
    #[must_use]
    pub fn clock(&self) -> Clock {
        let Self { from, started } = self.clone();
        Clock::from_fn(move || started.get().map_or(from, |started| from.plus(started.elapsed())))
    }

    fn start(&self) {
        self.started.get_or_init(Instant::now);
    }
}

/// Plans the file and sends it to the simulator, inside a runtime of one thread. `context` has the virtual clock, options
/// that rehearse, and paths with a journal of the rehearsal's own.
///
/// # Errors
/// Where the file cannot be planned, or too much of it is wrong to be sent.
pub async fn rehearse(
    file: PlanFile,
    context: RunContext<'_>,
    clock: &VirtualClock,
) -> Result<Result<Rehearsal, String>, Error> {
    let mut prepared = PreparedRun::with_file(file, context).await?;
    if let Some(reason) = prepared.preflight().and_then(Preflight::refusal) {
        return Ok(Err(reason));
    }
    let forecast = prepared.preflight().and_then(Preflight::forecast).cloned();
    prepared.agree()?;
    // Files were read in real time; from here on nothing but the simulator is waited for.
    tokio::time::pause();
    clock.start();
    let run = prepared.begin(watch::channel(Stop::No).1)?;
    let mut days = Days { clock: clock.clock(), contacts: None, by_day: BTreeMap::new() };
    let result = run.send(&mut days).await?;
    let ends_at = result.ended_at;
    Ok(Ok(Rehearsal { result, contacts: days.contacts, ends_at, forecast, by_day: days.by_day }))
}

/// Counts contacts by day.
struct Days {
    clock: Clock,
    contacts: Option<(UnixMillis, UnixMillis)>,
    by_day: BTreeMap<Date, u64>,
}

impl Observer for Days {
    fn on_event(&mut self, event: &RunEvent) {
        if let RunEvent::Moved { to: State::Started, .. } = event {
            let now = self.clock.now();
            let at = Timestamp::from_millisecond(now.millis()).unwrap_or_default();
            *self.by_day.entry(at.to_zoned(TimeZone::UTC).date()).or_default() += 1;
            self.contacts = Some((self.contacts.map_or(now, |(first, _)| first), now));
        }
    }
}
