//! What the page's buttons order: the same as `campaign pause`, `go`, `stop`, `pace` and `suppress add`.

use std::num::NonZeroU32;

use serde::Deserialize;
use serde_json::Value;

use crate::app::Error;
use crate::app::paths::CampaignPaths;
use crate::app::steering::{self, Steering};
use crate::clock::Clock;
use crate::domain::definition::RequestRate;
use crate::domain::delivery::control::{Control, NewPace, NewRate};
use crate::domain::phone::{self, E164};
use crate::journal::Journal;

/// Something to be done.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Order {
    Control(Control),
    Suppress(E164),
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
                let phone = phone::parse(&number, None).map_err(|reason| {
                    format!("{reason} ({}); write the number with + and the country", reason.code())
                })?;
                Self::Suppress(phone.number)
            }
            _ => {
                if !body.is_empty() {
                    let members: serde_json::Map<String, Value> =
                        serde_json::from_slice(body).map_err(invalid)?;
                    if !members.is_empty() {
                        return Err(format!("the order {action} has nothing in its body but {{}}"));
                    }
                }
                Self::Control(match action {
                    "pause" => Control::Pause,
                    "go" => Control::Go,
                    _ => Control::Stop,
                })
            }
        })
    }

    /// Writes the order into the journal, where the run finds it. Says what was done.
    ///
    /// # Errors
    /// Where nothing runs that could be stopped or paced, and where the journal does not take it.
    pub(super) fn carry_out(
        &self,
        place: &CampaignPaths,
        who: &str,
        clock: &Clock,
    ) -> Result<&'static str, Error> {
        match self {
            Self::Suppress(number) => {
                let mut journal = Journal::open(&place.journal)?;
                let added = journal.suppress(std::slice::from_ref(number), Some(who), clock.now())?;
                Ok(if added == 1 {
                    "suppressed: no campaign of this journal sends to it"
                } else {
                    "it was suppressed before"
                })
            }
            Self::Control(control) => Ok(words(&steering::request(place, control.clone(), who, clock)?)),
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
        format!(
            "a rate is from {} to {} per second, \"auto\" or \"default\"",
            RequestRate::LEAST,
            RequestRate::MOST
        )
    })?;
    Ok(NewRate::PerSecond(rate.get()))
}

/// What was done, for the page.
fn words(steering: &Steering) -> &'static str {
    match (&steering.control, steering.request.is_some(), steering.run.is_some()) {
        (Control::Pause, false, _) => "it was paused before",
        (_, false, _) => "it was not paused",
        (Control::Pause, _, true) => "asked to pause",
        (Control::Pause, _, false) => "paused: nothing runs now, and a run that begins waits",
        (Control::Go, _, true) => "asked to go on",
        (Control::Go, _, false) => "not paused any more; nothing runs now",
        (Control::Stop, ..) => "asked to stop: the run ends when it has its answers",
        (Control::Pace(_) | Control::SenderPace(_) | Control::AccountPace(_), ..) => {
            "asked to change its pace"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_what_they_say_or_refused() {
        let read = |action: &str, body: &str| Order::read(action, body.as_bytes());
        for (action, control) in [("pause", Control::Pause), ("go", Control::Go), ("stop", Control::Stop)] {
            for body in ["{}", ""] {
                assert_eq!(read(action, body), Ok(Order::Control(control.clone())), "{action} {body}");
            }
            for wrong in ["xx", "[]", "1", r#"{"rate": 1}"#, "{} {}"] {
                assert!(read(action, wrong).is_err(), "{action} {wrong}");
            }
        }
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
        let short = read("suppress", r#"{"number": "+1202"}"#).unwrap_err();
        assert!(short.contains("too short (phone-too-short)"), "{short}");
        for wrong in [
            r#"{"number": "2025550123"}"#,
            r#"{"number": "+99912345"}"#,
            r#"{"number": "+1<script>"}"#,
            r#"{"number": 1}"#,
        ] {
            assert!(read("suppress", wrong).is_err(), "{wrong}");
        }
    }
}
