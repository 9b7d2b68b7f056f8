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
    /// The run that goes on sends through one of its accounts at another pace.
    AccountPace(NewAccountPace),
}

/// Another pace for one account of several.
#[derive(Debug, Clone, PartialEq)]
pub struct NewAccountPace {
    /// What it is called. The journal knows it by one of its senders.
    pub name: String,
    /// How fast.
    pub pace: NewPace,
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
    /// The sender that it is of, or one of the account that it is of.
    #[must_use]
    pub fn sender(&self) -> Option<&str> {
        match self {
            Self::SenderPace(pace) => Some(&pace.name),
            Self::AccountPace(new) => Some(&new.name),
            _ => None,
        }
    }

    /// Whether it is for the run that goes on, and not for the campaign, whoever runs it.
    #[must_use]
    pub fn is_of_run(&self) -> bool {
        matches!(self, Self::Stop | Self::Pace(_) | Self::AccountPace(_))
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
            Self::AccountPace(new) => match new.pace.rate {
                NewRate::PerSecond(_) => "account pace",
                NewRate::Auto => "account pace auto",
                NewRate::Default => "account pace default",
            },
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
        let of_account = |rate, sender: Option<String>| {
            Some(Self::AccountPace(NewAccountPace { name: sender?, pace: NewPace { rate, burst } }))
        };
        match name {
            "pause" => Some(Self::Pause),
            "go" => Some(Self::Go),
            "stop" => Some(Self::Stop),
            "pace" => pace(NewRate::PerSecond(rate?)),
            "pace auto" => pace(NewRate::Auto),
            "pace default" => pace(NewRate::Default),
            "sender pace" => Some(Self::SenderPace(NewSenderPace { name: sender?, rate: Some(rate?) })),
            "sender pace default" => Some(Self::SenderPace(NewSenderPace { name: sender?, rate: None })),
            "account pace" => of_account(NewRate::PerSecond(rate?), sender),
            "account pace auto" => of_account(NewRate::Auto, sender),
            "account pace default" => of_account(NewRate::Default, sender),
            _ => None,
        }
    }

    /// Requests per second, or a sender's message parts, and the burst, where the wish names them.
    #[must_use]
    pub fn pace(&self) -> (Option<f64>, Option<NonZeroU32>) {
        match self {
            Self::Pace(pace) | Self::AccountPace(NewAccountPace { pace, .. }) => match pace.rate {
                NewRate::PerSecond(rate) => (Some(rate), pace.burst),
                NewRate::Auto | NewRate::Default => (None, pace.burst),
            },
            Self::SenderPace(NewSenderPace { rate, .. }) => (*rate, None),
            _ => (None, None),
        }
    }
}

/// As people read it: `pause`, `pace 5/s, burst 10`, `pace of the account of europe 5/s`.
impl fmt::Display for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::SenderPace(NewSenderPace { name, rate }) = self {
            let name = shown(name);
            return match rate {
                Some(rate) => write!(f, "pace of {name} {} parts", PerSecond(*rate)),
                None => write!(f, "pace of {name} default"),
            };
        }
        match self {
            Self::AccountPace(new) => {
                let word = self.name().trim_start_matches("account pace");
                write!(f, "pace of the account of {}{word}", shown(&new.name))?;
            }
            _ => f.write_str(self.name())?,
        }
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
        for (rate, burst, words) in [
            (NewRate::PerSecond(5.0), burst, "pace of the account of us 5/s, burst 10"),
            (NewRate::Auto, None, "pace of the account of us auto"),
            (NewRate::Default, None, "pace of the account of us default"),
        ] {
            let name = "us".to_owned();
            let wish = Control::AccountPace(NewAccountPace { name, pace: NewPace { rate, burst } });
            let (rate, burst) = wish.pace();
            assert_eq!(wish.to_string(), words);
            assert_eq!(Control::named(wish.name(), rate, burst, None), None, "whose?");
            assert_eq!(Control::named(wish.name(), rate, burst, Some("us".to_owned())), Some(wish));
        }
        assert_eq!(Control::named("dance", None, None, None), None);
        assert_eq!(Control::named("pace", None, None, None), None, "how fast?");
    }
}
