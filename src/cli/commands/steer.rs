//! `campaign pause`, `go`, `stop` and `pace`: they steer the run that holds a campaign, from any terminal, through the
//! journal. They write down what is asked, wait a moment for the run to do it, and say what came of it.

use std::num::NonZeroU32;
use std::time::Duration;

use clap::Args;
use serde_json::json;

use crate::app::paths::{self, CampaignPaths};
use crate::cli::args::global::GlobalArgs;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::session::{self, Session};
use crate::domain::definition::RequestRate as Rate;
use crate::domain::delivery::control::{Control, NewPace, NewRate};
use crate::domain::delivery::ending::Exit;
use crate::domain::figures::{PerSecond, Span, counted};
use crate::domain::next_step::{Advice, Command};
use crate::journal::{self, Acknowledgement, Campaign, ControlRequest, Holder, Journal, Reader, RunRecord};

/// A run looks four times a second; who has not answered after that is asked, and may be busy.
const PATIENCE: Duration = Duration::from_secs(2);
const LOOK_EVERY: Duration = Duration::from_millis(40);

/// Arguments of `campaign pace`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
The pace is the run's that holds the campaign now, to its end; the next run begins with what its definition and options say.
Runs that share the pace of their account keep it: such a run can take less of it, not more.")]
pub struct PaceArgs {
    /// Requests per second; "auto" finds out what the account allows, "default" is what the run began with
    #[arg(value_name = "N", value_parser = new_rate)]
    rate: NewRate,
    /// Requests that may leave at once after a while of silence [default: as it is]
    #[arg(long, value_name = "N")]
    burst: Option<NonZeroU32>,
}

impl PaceArgs {
    /// What is asked.
    #[must_use]
    pub fn wish(&self) -> Control {
        let burst = self.burst.filter(|_| self.rate != NewRate::Default);
        Control::Pace(NewPace { rate: self.rate, burst })
    }
}

fn new_rate(text: &str) -> Result<NewRate, String> {
    match text {
        "auto" => Ok(NewRate::Auto),
        "default" => Ok(NewRate::Default),
        number => number
            .parse()
            .ok()
            .and_then(Rate::new)
            .map(|rate| NewRate::PerSecond(rate.get()))
            .ok_or_else(|| {
                format!("a rate is above 0 and at most {} per second, \"auto\" or \"default\"", Rate::MOST)
            }),
    }
}

/// Asks.
///
/// # Errors
/// What the user is told: where nothing runs that could be stopped or paced, among others.
pub fn run(wish: Control, session: &Session<'_>) -> Result<Exit, Failure> {
    let place = CampaignPaths::of_results(&session.global.campaign_options())?;
    let reader = Reader::open(&place.journal)?;
    let campaign = paths::which(&reader, place.campaign.as_deref())?;
    let holder = journal::holder(&place.journal, &campaign.name);
    let run = going_on(&reader, &campaign, holder.as_ref())?;
    let paused = reader.paused(campaign.id)?;
    let mut told = Told { wish, campaign, run, holder, before: paused, ask: None, now: session.clock.now() };
    if !told.is_needless() {
        told.must_have_a_run()?;
        let run =
            told.run.as_ref().map(|run| run.id).filter(|_| matches!(wish, Control::Stop | Control::Pace(_)));
        let mut journal = Journal::open(&place.journal)?;
        let id = journal.ask(told.campaign.id, wish, run, &who(), session.clock.now())?;
        drop(journal);
        told.ask = Some(reader.asked(id)?);
        if told.run.is_some() {
            super::sending::runtime()?.block_on(told.wait(&reader))?;
        }
    }
    told.show(session.global)?;
    Ok(Exit::Done)
}

/// The run that goes on: not one that was killed, while another process reads its file.
fn going_on(
    reader: &Reader,
    campaign: &Campaign,
    holder: Option<&Holder>,
) -> Result<Option<RunRecord>, Failure> {
    let latest = reader.runs(campaign.id, 1)?.pop();
    Ok(latest.filter(|run| {
        run.ended_at.is_none() && holder.is_some_and(|holder| holder.pid().is_none_or(|pid| pid == run.pid))
    }))
}

/// User and process, for those who read who it was.
fn who() -> String {
    format!("{}, process {}", session::user(), std::process::id())
}

/// What was asked and what came of it.
struct Told {
    wish: Control,
    campaign: Campaign,
    run: Option<RunRecord>,
    holder: Option<Holder>,
    /// The pause that the campaign was in before.
    before: Option<ControlRequest>,
    /// `None` where it is so already.
    ask: Option<ControlRequest>,
    now: crate::domain::unix_millis::UnixMillis,
}

impl Told {
    /// Whether it is so already.
    fn is_needless(&self) -> bool {
        match self.wish {
            Control::Pause => self.before.is_some(),
            Control::Go => self.before.is_none(),
            Control::Stop | Control::Pace(_) => false,
        }
    }

    /// What is for a run and for nothing else needs one.
    fn must_have_a_run(&self) -> Result<(), Failure> {
        let name = &self.campaign.name;
        match (&self.wish, &self.run, &self.holder) {
            (Control::Pause | Control::Go, ..) | (_, Some(_), _) => Ok(()),
            (_, None, Some(holder)) => Err(Failure::usage(
                format!("no run of \"{name}\" sends yet: {holder} has it, and reads its file"),
                Advice::new("try again in a moment; ")
                    .run(Command::Pause)
                    .then(" holds for the run that begins"),
            )),
            (Control::Stop, None, None) => Err(Failure::usage(
                format!("nothing runs \"{name}\", so there is nothing to stop"),
                Advice::default()
                    .run(Command::Status)
                    .then(" tells how it stands; ")
                    .run(Command::Pause)
                    .then(" keeps the next run from sending"),
            )),
            (_, None, None) => Err(Failure::usage(
                format!("nothing runs \"{name}\", and a pace is for the run that goes on"),
                "give the next run its pace with --rate, or in [pace] of the definition",
            )),
        }
    }

    /// Waits until the run has done it, or ends, or nobody wants to wait any longer.
    async fn wait(&mut self, reader: &Reader) -> Result<(), Failure> {
        let waited = tokio::time::Instant::now();
        while waited.elapsed() < PATIENCE {
            if let Some(ask) = &self.ask {
                let ask = reader.asked(ask.id)?;
                let done = ask.taken.is_some();
                self.ask = Some(ask);
                let run = reader.runs(self.campaign.id, 1)?.pop();
                let ended = run.as_ref().is_none_or(|run| run.ended_at.is_some());
                self.run = run;
                if done || ended {
                    return Ok(());
                }
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    fn text(&self) -> String {
        let Some(ask) = &self.ask else {
            return match &self.before {
                Some(pause) => format!(
                    "paused already, by {}, {} ago; `campaign go` goes on",
                    pause.who,
                    Span(self.now.since(pause.at))
                ),
                None => "not paused: there is nothing to let go on".to_owned(),
            };
        };
        let Some(run) = &self.run else { return self.without_a_run() };
        let name = format!("run {} (process {})", run.id.number(), run.pid);
        let Some(taken) = ask.taken else {
            return if run.ended_at.is_some() {
                format!("{name} has ended meanwhile")
            } else {
                format!("asked; {name} has not answered yet, and will do it as soon as it can")
            };
        };
        self.done(&name, run, taken)
    }

    fn done(&self, name: &str, run: &RunRecord, taken: Acknowledgement) -> String {
        let in_flight = format!("{} in flight", counted(taken.in_flight.into(), "request", "requests"));
        match self.wish {
            Control::Pause => {
                format!("paused: {name} has stopped sending; {in_flight}; `campaign go` goes on")
            }
            Control::Go => format!("goes on: {name} sends again"),
            Control::Stop if self.before.is_some() => format!(
                "stopping: {name} ends when it has its answers; {in_flight}; the campaign stays paused until `campaign go`"
            ),
            Control::Stop => format!("stopping: {name} ends when it has its answers; {in_flight}"),
            Control::Pace(NewPace { rate, .. }) => {
                let heartbeat = run.heartbeat;
                let burst =
                    heartbeat.map_or(String::new(), |heartbeat| format!(", burst {}", heartbeat.burst));
                let asked = heartbeat.and_then(|heartbeat| heartbeat.asked);
                let within = match (rate, asked) {
                    (NewRate::PerSecond(rate), Some(asked)) if asked < rate => {
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

    fn without_a_run(&self) -> String {
        match (&self.wish, &self.holder) {
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

    fn show(&self, global: &GlobalArgs) -> Result<(), Failure> {
        if !global.quiet {
            output::note(&format!("{}: {}", self.campaign.name, self.text()));
        }
        if global.json {
            let taken = self.ask.as_ref().and_then(|ask| ask.taken);
            let heartbeat = self.run.as_ref().and_then(|run| run.heartbeat);
            let object = json!({
                "campaign": self.campaign.name,
                "asked": self.wish.name(),
                "asked_at": self.ask.as_ref().map(|ask| ask.at.to_string()),
                "done_at": taken.map(|taken| taken.at.to_string()),
                "run": self.run.as_ref().map(|run| run.id.number()),
                "pid": self.run.as_ref().map(|run| run.pid),
                "in_flight": taken.map(|taken| taken.in_flight),
                "asked_rate": heartbeat.and_then(|heartbeat| heartbeat.asked),
                "burst": heartbeat.map(|heartbeat| heartbeat.burst),
            });
            output::json(&object)?;
        }
        Ok(())
    }
}
