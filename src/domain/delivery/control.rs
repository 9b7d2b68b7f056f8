//! What a person asks of a campaign from elsewhere, while it runs or between two runs. Pure words; who asked, when, and
//! which run did it is in the journal.

use std::fmt;
use std::num::NonZeroU32;

use crate::domain::figures::PerSecond;
use crate::domain::foreign::shown;

/// What is asked.
#[derive(Debug, Clone, PartialEq)]
pub enum Control {
    /// Nothing is to be sent until somebody lets it go on. Belongs to the campaign, and outlives a run.
    Pause,
    /// The campaign goes on.
    Go,
    /// The run ends as if its service manager had ended it: what is in flight is waited for.
    Stop,
    /// The run goes on at another pace.
    Pace(NewPace),
    /// One sender sends at another pace, in this run and in those that follow.
    SenderPace(NewSenderPace),
}

/// Another pace for one sender.
#[derive(Debug, Clone, PartialEq)]
pub struct NewSenderPace {
    /// What it is called.
    pub name: String,
    /// Message parts per second, at most; `None`: as the definition says.
    pub rate: Option<f64>,
}

/// Another pace.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NewPace {
    /// How fast.
    pub rate: NewRate,
    /// Requests that may leave at once; `None`: as many as before.
    pub burst: Option<NonZeroU32>,
}

/// How fast.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum NewRate {
    /// So many requests per second, at most.
    PerSecond(f64),
    /// What the service takes.
    Auto,
    /// As the run began, burst included.
    Default,
}

impl Control {
    /// The sender that it is of, where it is of one.
    #[must_use]
    pub fn sender(&self) -> Option<&str> {
        match self {
            Self::SenderPace(pace) => Some(&pace.name),
            _ => None,
        }
    }

    /// Its name in the journal and in results.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Pause => "pause",
            Self::Go => "go",
            Self::Stop => "stop",
            Self::Pace(NewPace { rate: NewRate::PerSecond(_), .. }) => "pace",
            Self::Pace(NewPace { rate: NewRate::Auto, .. }) => "pace auto",
            Self::Pace(NewPace { rate: NewRate::Default, .. }) => "pace default",
            Self::SenderPace(NewSenderPace { rate: Some(_), .. }) => "sender pace",
            Self::SenderPace(NewSenderPace { rate: None, .. }) => "sender pace default",
        }
    }

    /// The wish of this name, of a `sender` where it is of one; `None` where there is none such.
    #[must_use]
    pub fn named(
        name: &str,
        rate: Option<f64>,
        burst: Option<NonZeroU32>,
        sender: Option<String>,
    ) -> Option<Self> {
        let pace = |rate| Some(Self::Pace(NewPace { rate, burst }));
        match name {
            "pause" => Some(Self::Pause),
            "go" => Some(Self::Go),
            "stop" => Some(Self::Stop),
            "pace" => pace(NewRate::PerSecond(rate?)),
            "pace auto" => pace(NewRate::Auto),
            "pace default" => pace(NewRate::Default),
            "sender pace" => Some(Self::SenderPace(NewSenderPace { name: sender?, rate: Some(rate?) })),
            "sender pace default" => Some(Self::SenderPace(NewSenderPace { name: sender?, rate: None })),
            _ => None,
        }
    }

    /// Requests per second, or a sender's message parts, and the burst, where the wish names them.
    #[must_use]
    pub fn pace(&self) -> (Option<f64>, Option<NonZeroU32>) {
        match self {
            Self::Pace(NewPace { rate: NewRate::PerSecond(rate), burst }) => (Some(*rate), *burst),
            Self::Pace(NewPace { burst, .. }) => (None, *burst),
            Self::SenderPace(NewSenderPace { rate, .. }) => (*rate, None),
            _ => (None, None),
        }
    }
}

/// As people read it: `pause`, `pace 5/s, burst 10`.
impl fmt::Display for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::SenderPace(NewSenderPace { name, rate }) = self {
            let name = shown(name);
            return match rate {
                Some(rate) => write!(f, "pace of {name} {} parts", PerSecond(*rate)),
                None => write!(f, "pace of {name} default"),
            };
        }
        f.write_str(self.name())?;
        let (rate, burst) = self.pace();
        if let Some(rate) = rate {
            write!(f, " {}", PerSecond(rate))?;
        }
        if let Some(burst) = burst {
            write!(f, ", burst {burst}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_comes_back_as_it_was_written_down() {
        let burst = NonZeroU32::new(10);
        let pace = |rate, burst| Control::Pace(NewPace { rate, burst });
        for (wish, words) in [
            (Control::Pause, "pause"),
            (Control::Go, "go"),
            (Control::Stop, "stop"),
            (pace(NewRate::PerSecond(5.0), None), "pace 5/s"),
            (pace(NewRate::PerSecond(0.25), burst), "pace 0.25/s, burst 10"),
            (pace(NewRate::Auto, burst), "pace auto, burst 10"),
            (pace(NewRate::Default, None), "pace default"),
        ] {
            let (rate, burst) = wish.pace();
            assert_eq!(wish.to_string(), words);
            assert_eq!(Control::named(wish.name(), rate, burst, None), Some(wish));
        }
        for (rate, words) in [(Some(2.5), "pace of us 2.5/s parts"), (None, "pace of us default")] {
            let wish = Control::SenderPace(NewSenderPace { name: "us".to_owned(), rate });
            assert_eq!(wish.to_string(), words);
            assert_eq!(Control::named(wish.name(), rate, None, None), None, "whose?");
            assert_eq!(Control::named(wish.name(), rate, None, Some("us".to_owned())), Some(wish));
        }
        assert_eq!(Control::named("dance", None, None, None), None);
        assert_eq!(Control::named("pace", None, None, None), None, "how fast?");
    }
}
