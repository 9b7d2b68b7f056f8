//! `campaign pause`, `go`, `stop` and `pace`: they steer the run that holds a campaign, from any terminal, through the
//! journal. What is asked and what came of it, in words.

use std::num::NonZeroU32;

use clap::Args;
use serde_json::json;

use crate::app::paths::CampaignPaths;
use crate::app::steering::{self, Steering};
use crate::cli::args::global::GlobalArgs;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::session::{self, Session};
use crate::domain::definition::RequestRate as Rate;
use crate::domain::delivery::control::{Control, NewAccountPace, NewPace, NewRate, NewSenderPace};
use crate::domain::delivery::ending::Exit;
use crate::domain::figures::{PerSecond, Span, counted};
use crate::domain::foreign;
use crate::journal::{Acknowledgement, RunRecord};

/// Arguments of `campaign pace`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
The pace is the run's that holds the campaign now, to its end; the next run begins with what its definition and options say.
Runs that share the pace of their account keep it: such a run can take less of it, not more.

With --account it is the pace of one of the campaign's accounts, to the end of the run; the others keep theirs.

With --sender it is what one of the campaign's senders sends, whether a run goes on or not, until `campaign pace --sender NAME default`.")]
pub struct PaceArgs {
    /// Requests per second, or with --sender message parts per second; "auto" finds out what the account allows,
    /// "default" is what the run began with, or what the definition says of the sender
    #[arg(value_name = "N", value_parser = new_rate)]
    rate: NewRate,
    /// Only what this one of several senders sends, in this run and in those that follow
    #[arg(long, value_name = "NAME", conflicts_with = "burst")]
    sender: Option<String>,
    /// Only through this one of several accounts: its number, its profile, its Region, or one of its senders
    #[arg(long, value_name = "NAME", conflicts_with = "sender")]
    account: Option<String>,
    /// Requests that may leave at once after a while of silence [default: as it is]
    #[arg(long, value_name = "N")]
    burst: Option<NonZeroU32>,
}

impl PaceArgs {
    /// What is asked.
    ///
    /// # Errors
    /// Where a sender is to find out its pace: nothing tells it.
    pub fn wish(&self) -> Result<Control, Failure> {
        if let Some(name) = self.sender.clone() {
            let rate = match self.rate {
                NewRate::PerSecond(rate) => Some(rate),
                NewRate::Default => None,
                NewRate::Auto => {
                    let message =
                        "a sender cannot find out its pace: what a carrier does not take, nobody is told";
                    let hint = "say message parts per second, or default for what the definition says";
                    return Err(Failure::usage(message, hint));
                }
            };
            return Ok(Control::SenderPace(NewSenderPace { name, rate }));
        }
        let burst = self.burst.filter(|_| self.rate != NewRate::Default);
        let pace = NewPace { rate: self.rate, burst };
        Ok(match self.account.clone() {
            Some(name) => Control::AccountPace(NewAccountPace { name, pace }),
            None => Control::Pace(pace),
        })
    }
}

fn new_rate(text: &str) -> Result<NewRate, String> {
    match text {
        "auto" => Ok(NewRate::Auto),
        "default" => Ok(NewRate::Default),
        number => {
            number.parse().ok().and_then(Rate::new).map(|rate| NewRate::PerSecond(rate.get())).ok_or_else(
                || {
                    format!(
                        "a rate is from {} to {} per second, \"auto\" or \"default\"",
                        Rate::LEAST,
                        Rate::MOST
                    )
                },
            )
        }
    }
}

/// Asks the run that holds the campaign, and waits for its answer.
///
/// # Errors
/// What the user is told: where nothing runs that could be stopped or paced, among others.
pub fn run(wish: Control, session: &Session<'_>) -> Result<Exit, Failure> {
    let place = CampaignPaths::of_results(&session.global.campaign_options())?;
    let who = who();
    let steered = steering::steer(&place, wish, &who, &session.clock);
    let steering = super::sending::runtime()?.block_on(steered)?;
    show(&steering, session.global)?;
    Ok(Exit::Done)
}

/// User and process, for those who read who it was.
fn who() -> String {
    format!("{}, process {}", session::user(), std::process::id())
}

fn text(steering: &Steering) -> String {
    let Some(ask) = &steering.request else {
        return match &steering.before {
            Some(pause) => format!(
                "paused already, by {}, {} ago; `campaign go` goes on",
                pause.who.shown(),
                Span(steering.now.since(pause.at))
            ),
            None => "not paused: there is nothing to let go on".to_owned(),
        };
    };
    let Some(run) = &steering.run else { return without_a_run(steering) };
    let name = format!("run {} (process {})", run.id.number(), run.pid);
    let Some(taken) = ask.taken else {
        return if run.ended_at.is_some() {
            format!("{name} has ended meanwhile")
        } else {
            format!("asked; {name} has not answered yet, and will do it as soon as it can")
        };
    };
    done(steering, &name, run, taken)
}

fn done(steering: &Steering, name: &str, run: &RunRecord, taken: Acknowledgement) -> String {
    let in_flight = format!("{} in flight", counted(taken.in_flight.into(), "request", "requests"));
    match &steering.control {
        Control::Pause => {
            format!("paused: {name} has stopped sending; {in_flight}; `campaign go` goes on")
        }
        Control::Go => format!("goes on: {name} sends again"),
        Control::Stop if steering.before.is_some() => format!(
            "stopping: {name} ends when it has its answers; {in_flight}; the campaign stays paused until `campaign go`"
        ),
        Control::Stop => format!("stopping: {name} ends when it has its answers; {in_flight}"),
        Control::SenderPace(pace) => format!("paced: {name} sends {}", sender_pace(pace)),
        Control::AccountPace(new) => format!("paced: {name} sends {}, to its end", account_pace(new)),
        Control::Pace(NewPace { rate, .. }) => {
            let heartbeat = run.heartbeat;
            let burst = heartbeat.map_or(String::new(), |heartbeat| format!(", burst {}", heartbeat.burst));
            let asked = heartbeat.and_then(|heartbeat| heartbeat.asked);
            let within = match (rate, asked) {
                (NewRate::PerSecond(rate), Some(asked)) if asked < *rate => {
                    "; more is not its share of the account's pace"
                }
                _ => "",
            };
            let pace = asked.map_or_else(
                || "as fast as the service takes".to_owned(),
                |asked| format!("at {}", PerSecond(asked)),
            );
            format!("paced: {name} sends {pace}{burst}, to its end{within}")
        }
    }
}

/// `at most 2/s message parts from toll-free`, and for how long.
fn sender_pace(NewSenderPace { name, rate }: &NewSenderPace) -> String {
    let name = foreign::shown(name);
    match rate {
        Some(rate) => format!(
            "at most {} message parts from {name}, and so do the runs that follow, until `campaign pace --sender {name} default`",
            PerSecond(*rate)
        ),
        None => format!("from {name} as the definition says"),
    }
}

/// `at 2/s, burst 5 through the account of europe`.
fn account_pace(NewAccountPace { name, pace }: &NewAccountPace) -> String {
    let how = match pace.rate {
        NewRate::PerSecond(rate) => format!("at {}", PerSecond(rate)),
        NewRate::Auto => "as fast as the service takes".to_owned(),
        NewRate::Default => "as it began".to_owned(),
    };
    let burst = pace.burst.map_or(String::new(), |burst| format!(", burst {burst},"));
    format!("{how}{burst} through the account of {}", foreign::shown(name))
}

fn without_a_run(steering: &Steering) -> String {
    match (&steering.control, &steering.holder) {
        (Control::SenderPace(pace), _) => format!("paced: the next run sends {}", sender_pace(pace)),
        (Control::Pause, Some(holder)) => {
            format!("paused: {holder} reads its file, and sends nothing until `campaign go`")
        }
        (Control::Pause, None) => {
            "paused: nothing runs now, and a run that begins waits for `campaign go`".to_owned()
        }
        (_, Some(holder)) => format!("not paused any more; {holder} goes on"),
        (_, None) => "not paused any more; nothing runs now: `campaign resume` goes on".to_owned(),
    }
}

fn show(steering: &Steering, global: &GlobalArgs) -> Result<(), Failure> {
    if !global.quiet {
        output::note(&format!("{}: {}", steering.campaign.name, text(steering)));
    }
    if global.json {
        let taken = steering.request.as_ref().and_then(|ask| ask.taken);
        let heartbeat = steering.run.as_ref().and_then(|run| run.heartbeat);
        let object = json!({
            "campaign": steering.campaign.name,
            "asked": steering.control.name(),
            "asked_at": steering.request.as_ref().map(|ask| ask.at.to_string()),
            "done_at": taken.map(|taken| taken.at.to_string()),
            "run": steering.run.as_ref().map(|run| run.id.number()),
            "pid": steering.run.as_ref().map(|run| run.pid),
            "in_flight": taken.map(|taken| taken.in_flight),
            "asked_rate": heartbeat.and_then(|heartbeat| heartbeat.asked),
            "burst": heartbeat.map(|heartbeat| heartbeat.burst),
        });
        let mut object = object;
        if let Control::SenderPace(NewSenderPace { name, rate }) = &steering.control {
            object["sender"] = json!(name);
            object["parts_per_second"] = json!(rate);
        }
        if let Control::AccountPace(new) = &steering.control {
            object["account_of"] = json!(new.name);
        }
        output::json(&object)?;
    }
    Ok(())
}
