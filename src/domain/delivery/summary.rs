//! What a run came to: the result that scripts read (`--json`) and the lines that people read, from the same numbers.

use std::fmt::Write as _;
use std::time::Duration;

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::domain::delivery::tally::Tally;
use crate::domain::events::DeliveryCounts;
use crate::domain::figures::{Grouped, PerSecond, Span, counted, per_second};
use crate::domain::foreign::shown;
use crate::domain::unix_millis::UnixMillis;

/// What kept a run from being faster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bottleneck {
    /// The rate that was asked for, or that the service takes.
    Pace,
    /// Answers took so long that the requests in flight were as many as may be.
    Latency,
    /// The active chats quota, run into or stayed within.
    ActiveChats,
    /// The recipients file, read while sending.
    File,
    /// The journal.
    Journal,
    /// What the senders may send.
    Senders,
}

impl Bottleneck {
    /// Every limit.
    pub const ALL: [Self; 6] =
        [Self::Pace, Self::Latency, Self::ActiveChats, Self::File, Self::Journal, Self::Senders];

    /// Its name in results.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pace => "pace",
            Self::Latency => "latency",
            Self::ActiveChats => "active chats",
            Self::File => "file",
            Self::Journal => "journal",
            Self::Senders => "senders",
        }
    }
}

/// The counts of a campaign and the work of one run of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// The campaign's name.
    pub campaign: String,
    /// The run's number; `None` where there was none.
    pub run: Option<i64>,
    /// Rows by state, of the whole campaign.
    pub tally: Tally,
    /// Rows of the file whose recipients were started before this run; `None` where no file was read.
    pub already_started: Option<u64>,
    /// What became of started rows, where anything is known of it.
    pub deliveries: Option<DeliveryCounts>,
    /// Requests that left in this run.
    pub requests: u64,
    /// Those of them that were throttled.
    pub throttled: u64,
    /// Those of them that were not a row's first one in this run.
    pub retried: u64,
    /// How long the run took (so far).
    pub elapsed: Duration,
    /// Requests per second, as asked; `None` where the run found out itself, or where it is not known.
    pub asked_rate: Option<f64>,
    /// Requests that may leave at once; `None` where it is not known.
    pub burst: Option<u32>,
    /// What kept it from being faster; `None` where nothing did, or where it is not known.
    pub limited_by: Option<Bottleneck>,
    /// When another run has something to do, where this one ended because nothing could be sent before; else `None`.
    pub goes_on_at: Option<UnixMillis>,
    /// The exit code; `None` while the run goes on.
    pub exit: Option<u8>,
}

impl Summary {
    /// Requests per second of the run.
    #[must_use]
    pub fn achieved_rate(&self) -> f64 {
        per_second(self.requests, self.elapsed)
    }

    /// The summary for people: a few lines without a line feed at the end. States without rows are left out.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = shown(&self.campaign).into_owned();
        if let Some(run) = self.run {
            let _ = write!(text, ", run {run}");
        }
        let total = Grouped(self.tally.rows()).to_string();
        for (state, rows) in self.tally.iter().filter(|(_, rows)| *rows > 0) {
            let _ = write!(text, "\n  {:<10}  {:>width$}", state.name(), Grouped(rows), width = total.len());
        }
        let _ = write!(text, "\n  {:<10}  {total}", "rows");
        if let Some(deliveries) = &self.deliveries {
            let _ = write!(text, "\n{deliveries}");
        }
        if let Some(before @ 1..) = self.already_started {
            let _ = write!(
                text,
                "\n{} started before this run",
                counted(before, "row of the file was", "rows of the file were")
            );
        }
        if self.run.is_some() {
            let _ = write!(text, "\n{}", self.work());
        }
        text
    }

    fn work(&self) -> String {
        if self.requests == 0 {
            return format!("no request in {}", Span(self.elapsed));
        }
        let mut work = format!("{} in {}", counted(self.requests, "request", "requests"), Span(self.elapsed));
        // A burst is no pace: a run that is within it has none, and a longer one reached the limit.
        let is_burst = self.burst.is_some_and(|burst| self.requests <= u64::from(burst));
        if !is_burst {
            let rate = self.achieved_rate().min(self.asked_rate.unwrap_or(f64::INFINITY));
            let _ = write!(work, ": {}", PerSecond(rate));
        }
        let limit = self.asked_rate.map(|limit| match self.burst {
            Some(burst) => format!("limit {}, burst {}", PerSecond(limit), Grouped(burst.into())),
            None => format!("limit {}", PerSecond(limit)),
        });
        let slowed = self
            .limited_by
            .filter(|limit| *limit != Bottleneck::Pace)
            .map(|limit| format!("limited by the {}", limit.name()));
        let about: Vec<String> = limit.into_iter().chain(slowed).collect();
        if !about.is_empty() {
            let _ = write!(work, " ({})", about.join("; "));
        }
        for (count, word) in [(self.throttled, "throttled"), (self.retried, "retried")] {
            if count > 0 {
                let _ = write!(work, ", {} {word}", Grouped(count));
            }
        }
        work
    }
}

/// To three decimals: what is beyond is noise.
pub(crate) fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

/// The fields of a result, in their documented order.
impl Serialize for Summary {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("campaign", &self.campaign)?;
        map.serialize_entry("run", &self.run)?;
        map.serialize_entry("rows", &self.tally.rows())?;
        for (state, rows) in self.tally.iter() {
            map.serialize_entry(state.name(), &rows)?;
        }
        if let Some(before) = self.already_started {
            map.serialize_entry("already_started", &before)?;
        }
        map.serialize_entry("requests", &self.requests)?;
        map.serialize_entry("throttled", &self.throttled)?;
        map.serialize_entry("retried", &self.retried)?;
        map.serialize_entry("elapsed_s", &rounded(self.elapsed.as_secs_f64()))?;
        map.serialize_entry("achieved_rate", &rounded(self.achieved_rate()))?;
        map.serialize_entry("asked_rate", &self.asked_rate.map(rounded))?;
        map.serialize_entry("limited_by", &self.limited_by.map(Bottleneck::name))?;
        if let Some(deliveries) = &self.deliveries {
            map.serialize_entry("deliveries", deliveries)?;
        }
        if let Some(at) = self.goes_on_at {
            map.serialize_entry("goes_on_at", &at.to_string())?;
        }
        map.serialize_entry("exit", &self.exit)?;
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::delivery::state::State;

    fn summary() -> Summary {
        let mut tally = Tally::default();
        for (state, rows) in
            [(State::Started, 1_187), (State::Failed, 3), (State::Rejected, 6), (State::Duplicate, 1)]
        {
            tally[state] = rows;
        }
        Summary {
            campaign: "spring-reminder".to_owned(),
            run: Some(3),
            tally,
            already_started: None,
            deliveries: None,
            requests: 1_220,
            throttled: 25,
            retried: 30,
            elapsed: Duration::from_millis(610_400),
            asked_rate: Some(2.0),
            burst: Some(5),
            limited_by: Some(Bottleneck::Pace),
            goes_on_at: None,
            exit: Some(3),
        }
    }

    #[test]
    fn people_read_counts_that_add_up() {
        insta::assert_snapshot!(summary().text(), @r"
        spring-reminder, run 3
          started     1,187
          failed          3
          rejected        6
          duplicate       1
          rows        1,197
        1,220 requests in 10 min 10 s: 2/s (limit 2/s, burst 5), 25 throttled, 30 retried
        ");
        let work = |requests, limited_by| Summary { requests, limited_by, ..summary() }.work();
        assert!(
            work(1_220, Some(Bottleneck::File)).contains(": 2/s (limit 2/s, burst 5; limited by the file)")
        );
        assert!(work(1_400, None).contains(": 2/s (limit 2/s, burst 5)"), "the burst is no pace");
        assert!(work(5, None).contains("5 requests in 10 min 10 s (limit 2/s, burst 5)"));
        let idle = Summary { requests: 0, throttled: 0, retried: 0, ..summary() };
        assert!(idle.text().ends_with("\nno request in 10 min 10 s"));
        let never_run = Summary { run: None, tally: Tally::default(), ..summary() };
        assert_eq!(never_run.text(), "spring-reminder\n  rows        0");
    }

    /// The documented result: these names in this order, with counts that add up to `rows`.
    #[test]
    fn scripts_read_the_documented_fields_in_their_order() {
        insta::assert_snapshot!(serde_json::to_string(&summary()).unwrap(), @r#"{"campaign":"spring-reminder","run":3,"rows":1197,"started":1187,"failed":3,"rejected":6,"duplicate":1,"suppressed":0,"withdrawn":0,"expired":0,"queued":0,"attempting":0,"uncertain":0,"requests":1220,"throttled":25,"retried":30,"elapsed_s":610.4,"achieved_rate":1.999,"asked_rate":2.0,"limited_by":"pace","exit":3}"#);
    }
}
