//! What the page's buttons order: the same as `campaign pause`, `go`, `stop`, `pace` and `suppress add`.

use std::num::NonZeroU32;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use crate::domain::definition::RequestRate;
use crate::domain::delivery::control::{Control, NewPace, NewRate};
use crate::domain::phone::E164;
use crate::domain::unix_millis::UnixMillis;
use crate::journal::{self, Journal, JournalError, Reader};

/// Something to be done.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Order {
    Control(Control),
    Suppress(E164),
}

/// Why an order cannot be carried out.
#[derive(Debug)]
pub(super) enum Unable {
    /// It does not fit how the campaign stands.
    Conflict(String),
    /// The journal does not take it.
    Journal(String),
}

impl From<JournalError> for Unable {
    fn from(error: JournalError) -> Self {
        Self::Journal(error.to_string())
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PaceBody {
    rate: Value,
    burst: Option<NonZeroU32>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SuppressBody {
    number: String,
}

impl Order {
    /// Reads the body of a request.
    pub(super) fn read(action: &str, body: &[u8]) -> Result<Self, String> {
        let invalid = |error: serde_json::Error| format!("the order cannot be read: {error}");
        Ok(match action {
            "pace" => {
                let PaceBody { rate, burst } = serde_json::from_slice(body).map_err(invalid)?;
                Self::Control(Control::Pace(NewPace { rate: new_rate(&rate)?, burst }))
            }
            "suppress" => {
                let SuppressBody { number } = serde_json::from_slice(body).map_err(invalid)?;
                let number = E164::parse(number.trim());
                Self::Suppress(number.ok_or("write the number with + and the country, digits only")?)
            }
            "pause" => Self::Control(Control::Pause),
            "go" => Self::Control(Control::Go),
            _ => Self::Control(Control::Stop),
        })
    }

    /// Writes the order into the journal, where the run finds it. Says what was done.
    pub(super) fn carry_out(
        &self,
        journal: &Path,
        name: &str,
        who: &str,
        now: UnixMillis,
    ) -> Result<&'static str, Unable> {
        match self {
            Self::Suppress(number) => {
                let added = Journal::open(journal)?.suppress(std::slice::from_ref(number), Some(who), now)?;
                Ok(if added == 1 {
                    "suppressed: no campaign of this journal sends to it"
                } else {
                    "it was suppressed before"
                })
            }
            Self::Control(control) => ask(*control, journal, name, who, now),
        }
    }
}

fn new_rate(rate: &Value) -> Result<NewRate, String> {
    let number = match rate {
        Value::String(word) if word == "auto" => return Ok(NewRate::Auto),
        Value::String(word) if word == "default" => return Ok(NewRate::Default),
        Value::Number(number) => number.as_f64(),
        _ => None,
    };
    let rate = number.and_then(RequestRate::new).ok_or_else(|| {
        format!("a rate is above 0 and at most {} per second, \"auto\" or \"default\"", RequestRate::MOST)
    })?;
    Ok(NewRate::PerSecond(rate.get()))
}

fn ask(
    control: Control,
    journal: &Path,
    name: &str,
    who: &str,
    now: UnixMillis,
) -> Result<&'static str, Unable> {
    let reader = Reader::open(journal)?;
    let campaign = reader.campaign(name)?;
    let holder = journal::holder(journal, name);
    let latest = reader.runs(campaign.id, 1)?.pop();
    let run = latest.filter(|run| {
        run.ended_at.is_none()
            && holder.as_ref().is_some_and(|holder| holder.pid().is_none_or(|pid| pid == run.pid))
    });
    let is_paused = reader.paused(campaign.id)?.is_some();
    let (run, done) = match (control, run) {
        (Control::Pause, _) if is_paused => return Ok("it was paused before"),
        (Control::Go, _) if !is_paused => return Ok("it was not paused"),
        (Control::Pause, Some(_)) => (None, "asked to pause"),
        (Control::Pause, None) => (None, "paused: nothing runs now, and a run that begins waits"),
        (Control::Go, Some(_)) => (None, "asked to go on"),
        (Control::Go, None) => (None, "not paused any more; nothing runs now"),
        (Control::Stop, Some(run)) => (Some(run.id), "asked to stop: the run ends when it has its answers"),
        (Control::Pace(_), Some(run)) => (Some(run.id), "asked to change its pace"),
        (Control::Stop | Control::Pace(_), None) => {
            return Err(Unable::Conflict("nothing runs this campaign now".to_owned()));
        }
    };
    Journal::open(journal)?.ask(campaign.id, control, run, who, now)?;
    Ok(done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_what_they_say_or_refused() {
        let read = |action: &str, body: &str| Order::read(action, body.as_bytes());
        assert_eq!(read("pause", "{}"), Ok(Order::Control(Control::Pause)));
        let pace = Control::Pace(NewPace { rate: NewRate::PerSecond(5.0), burst: NonZeroU32::new(3) });
        assert_eq!(read("pace", r#"{"rate": 5, "burst": 3}"#), Ok(Order::Control(pace)));
        let auto = Control::Pace(NewPace { rate: NewRate::Auto, burst: None });
        assert_eq!(read("pace", r#"{"rate": "auto"}"#), Ok(Order::Control(auto)));
        for wrong in [
            "",
            "{}",
            r#"{"rate": 0}"#,
            r#"{"rate": -1}"#,
            r#"{"rate": 1e99}"#,
            r#"{"rate": null}"#,
            r#"{"rate": 1, "x": 1}"#,
        ] {
            assert!(read("pace", wrong).is_err(), "{wrong}");
        }
        assert!(matches!(read("suppress", r#"{"number": "+12025550123"}"#), Ok(Order::Suppress(_))));
        for wrong in [r#"{"number": "2025550123"}"#, r#"{"number": "+1<script>"}"#, r#"{"number": 1}"#] {
            assert!(read("suppress", wrong).is_err(), "{wrong}");
        }
    }
}
