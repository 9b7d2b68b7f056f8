//! What each of several senders has to send, and how long it takes by its own rate and cap of a day.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value, json};

use crate::domain::definition::Definition;
use crate::domain::figures::{Span, counted};
use crate::domain::forecast::SenderCourse;
use crate::domain::foreign::shown;
use crate::domain::senders::{PartRate, Sender, parts};

/// Senders that are told one by one.
const TOLD: usize = 12;
const DAY: Duration = Duration::from_secs(24 * 3600);

/// The senders of a definition; none where it has one source.
#[derive(Debug, Clone)]
pub(super) struct SenderLoads(Vec<SenderLoad>);

#[derive(Debug, Clone)]
struct SenderLoad {
    name: String,
    rate: Option<PartRate>,
    per_day: Option<u64>,
    contacts: u64,
    parts: u64,
}

impl SenderLoads {
    pub(super) fn new(definition: &Definition) -> Self {
        let load = |sender: &Sender| SenderLoad {
            name: sender.name.clone(),
            rate: sender.rate,
            per_day: sender.per_day.as_ref().map(|cap| cap.most),
            contacts: 0,
            parts: 0,
        };
        Self(definition.senders.iter().map(load).collect())
    }

    /// A contact of the sender with this index. What the flow sends by itself counts as one part.
    pub(super) fn add(&mut self, at: Option<usize>, message: Option<&str>) {
        if let Some(load) = at.and_then(|at| self.0.get_mut(at)) {
            load.contacts += 1;
            load.parts += u64::from(parts(message));
        }
    }

    /// What each starts in the end, as the forecast has it: also of senders that only rows of earlier files have.
    pub(super) fn follow(&mut self, foreseen: &[SenderCourse]) {
        for (at, course) in foreseen.iter().enumerate() {
            if at == self.0.len() {
                self.0.push(SenderLoad {
                    name: course.name.clone(),
                    rate: None,
                    per_day: None,
                    contacts: 0,
                    parts: 0,
                });
            }
            (self.0[at].contacts, self.0[at].parts) = (course.contacts, course.parts);
        }
    }

    /// How long the slowest takes.
    pub(super) fn time(&self) -> Duration {
        self.0.iter().map(SenderLoad::time).max().unwrap_or_default()
    }

    /// What each has, and which one keeps the campaign longest where the `pace` of the account would not.
    pub(super) fn write(&self, text: &mut String, pace: Duration) {
        if !self.0.is_empty() {
            text.push_str("\nsenders:");
        }
        for load in self.0.iter().filter(|load| load.contacts > 0).take(TOLD) {
            let _ = write!(
                text,
                "\n  {}: {}, {}, {}",
                shown(&load.name),
                counted(load.contacts, "contact", "contacts"),
                counted(load.parts, "part", "parts"),
                Span(load.time())
            );
            if let Some(rate) = load.rate {
                let _ = write!(text, " at {} parts per second", rate.per_second);
            }
            if let Some(most) = load.per_day {
                let _ = write!(text, ", at most {} a day", counted(most, "message", "messages"));
            }
        }
        if let Some(more @ 1..) = self.0.len().checked_sub(TOLD) {
            let _ = write!(text, "\n  and {}", counted(more as u64, "sender more", "senders more"));
        }
        let slowest = self.0.iter().max_by_key(|load| load.time());
        if let Some(slowest) = slowest.filter(|load| load.time() > pace) {
            let _ = write!(
                text,
                "\n  {} takes longest; a second number like it would halve that",
                shown(&slowest.name)
            );
        }
    }

    /// For scripts; `None` where the definition has one source.
    pub(super) fn as_json(&self) -> Option<Value> {
        let told = self.0.iter().map(|load| {
            json!({
                "name": load.name,
                "contacts": load.contacts,
                "parts": load.parts,
                "duration_s": load.time().as_secs_f64(),
            })
        });
        (!self.0.is_empty()).then(|| told.collect())
    }
}

impl SenderLoad {
    fn time(&self) -> Duration {
        let by_rate = self.rate.map_or(Duration::ZERO, |rate| {
            let behind = self.parts.saturating_sub(u64::from(rate.burst.get()));
            Duration::try_from_secs_f64(behind as f64 / rate.per_second).unwrap_or(Duration::MAX)
        });
        let days = self.per_day.map_or(0, |most| self.contacts.saturating_sub(1) / most.max(1));
        by_rate.max(DAY.saturating_mul(u32::try_from(days).unwrap_or(u32::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    #[test]
    fn the_slowest_sender_tells_how_long_a_campaign_takes() {
        let load = |name: &str, rate: f64, per_day| SenderLoad {
            name: name.to_owned(),
            rate: Some(PartRate::of(rate, NonZeroU32::new(1))),
            per_day,
            contacts: 0,
            parts: 0,
        };
        let mut loads = SenderLoads(vec![load("fast", 20.0, None), load("slow", 0.5, Some(100))]);
        for _ in 0..61 {
            loads.add(Some(0), Some("Hi"));
            loads.add(Some(1), Some(&"a".repeat(161)));
        }
        assert_eq!(
            (loads.0[0].time(), loads.0[1].time()),
            (Duration::from_secs(3), Duration::from_secs(242))
        );
        assert_eq!(loads.time(), Duration::from_secs(242));
        let mut text = String::new();
        loads.write(&mut text, Duration::from_secs(30));
        assert!(text.starts_with("\nsenders:\n  fast: 61 contacts"), "{text}");
        assert!(text.contains("slow: 61 contacts, 122 parts, 4 min 2 s at 0.5 parts per second"), "{text}");
        assert!(text.ends_with("slow takes longest; a second number like it would halve that"), "{text}");
        for _ in 0..150 {
            loads.add(Some(1), None);
        }
        assert_eq!(loads.time(), 2 * DAY, "211 messages at 100 a day end on the third day");
    }
}
