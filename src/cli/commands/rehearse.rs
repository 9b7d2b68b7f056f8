//! `campaign rehearse`: the whole campaign through the simulator, days in seconds.

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use crate::app;
use crate::app::options::SendOptions;
use crate::app::outputs::Inputs;
use crate::app::paths::CampaignPaths;
use crate::app::rehearse::{Rehearsal, VirtualClock};
use crate::app::run::RunContext;
use crate::cli::args::faults::FaultArgs;
use crate::cli::args::file::FileArgs;
use crate::cli::commands::sending;
use crate::cli::commands::simulator::SimulatorCommandError;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::session::Session;
use crate::domain::delivery::ending::{Ending, Exit};
use crate::domain::figures::{Grouped, Span};
use crate::domain::foreign;
use crate::domain::hours::moment::{self, Side};
use crate::domain::next_step::NextStep;
use crate::domain::unix_millis::UnixMillis;
use crate::recipients::Source;

/// The longest bar of the chart, in characters.
const WIDEST: u64 = 40;

/// Arguments of `campaign rehearse`.
#[derive(Debug, Clone, Args)]
pub struct RehearseArgs {
    /// Recipients file, s3://BUCKET/KEY or an https:// URL; `-` is stdin
    pub file: PathBuf,
    /// When it begins, such as 2026-12-01T09:00[America/New_York]; now, where nothing is said
    #[arg(long, value_name = "TIME", value_parser = time)]
    from: Option<UnixMillis>,
    /// Chance takes the same course each time
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Keep the rehearsal's journal, for `campaign report -j PATH`; there must be no file yet
    #[arg(long, value_name = "PATH")]
    keep: Option<PathBuf>,
    #[command(flatten)]
    reading: FileArgs,
    #[command(flatten)]
    faults: FaultArgs,
}

fn time(text: &str) -> Result<UnixMillis, String> {
    moment::parse(text, &[], Side::Latest).map_err(|reason| reason.to_string())
}

/// Runs the command: the exit code is that of the run which it rehearses.
///
/// # Errors
/// What the user is told.
pub fn run(args: &RehearseArgs, session: &Session<'_>) -> Result<Exit, Failure> {
    let global = session.global;
    let source = Source::named(&args.file)?;
    let reading = args.reading.options();
    let (mut paths, mut definition) = CampaignPaths::of_file(&global.campaign_options(), &source, &reading)?;
    let inputs = Inputs::of(&paths).with_recipients(&source.path()).with_lists(&definition, &paths);
    if let Some(rejects) = &reading.rejects {
        inputs.refuse(rejects, "the rejected rows", NextStep::OtherRejectsFile)?;
    }
    if let Some(keep) = &args.keep {
        inputs.refuse(keep, "the rehearsal's journal", NextStep::AnotherPath)?;
    }
    let folder = scratch().map_err(|error| kept(&std::env::temp_dir(), &error.to_string()))?;
    paths.journal = match &args.keep {
        Some(path) if path.exists() => return Err(kept(path, "there is a file already")),
        Some(path) => path.clone(),
        None => folder.path().join("rehearsal.db"),
    };
    let faults = args.faults.shares().map_err(SimulatorCommandError::TooManyFaults)?;
    let options = SendOptions {
        simulate: true,
        rehearse: true,
        seed: Some(args.seed),
        faults,
        ..SendOptions::default()
    };
    let from = args.from.unwrap_or_else(|| session.clock.now());
    let virtual_clock = VirtualClock::at(from);
    let clock = virtual_clock.clock();
    paths.name_for(&mut definition, &source, &clock)?;
    let file = app::run::open_file(&source, &definition, &paths, &reading, &session.clock)?;
    let context = RunContext { definition: &definition, paths: &paths, options: &options, clock: &clock };
    let runtime = sending::runtime()?;
    let rehearsed = runtime.block_on(app::rehearse::rehearse(file, context, &virtual_clock))?;
    let rehearsal = rehearsed.map_err(|reason| super::run::refused(reason, None))?;
    if global.json {
        output::json(&as_json(&rehearsal, from))?;
    } else {
        output::line(&text(&rehearsal, from))?;
    }
    Ok(rehearsal.result.exit)
}

/// A folder for a journal that nothing depends on: in memory where the system has such a place, as each commit waits for the
/// disk otherwise.
fn scratch() -> io::Result<tempfile::TempDir> {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir())
}

fn kept(path: &Path, why: &str) -> Failure {
    Failure::usage(
        format!("failed to make the rehearsal's journal at {}: {why}", foreign::path(path)),
        "name another path with --keep; nothing was rehearsed",
    )
}

fn as_json(rehearsal: &Rehearsal, from: UnixMillis) -> serde_json::Value {
    let by_day: serde_json::Map<String, serde_json::Value> =
        rehearsal.by_day.iter().map(|(day, contacts)| (day.to_string(), json!(contacts))).collect();
    let first = rehearsal.contacts.map(|(first, _)| first.to_string());
    let last = rehearsal.contacts.map(|(_, last)| last.to_string());
    json!({
        "from": from.to_string(),
        "begins_at": first,
        "ends_at": last,
        "by_day": by_day,
        "summary": rehearsal.result.summary,
    })
}

fn text(rehearsal: &Rehearsal, from: UnixMillis) -> String {
    let Rehearsal { result, contacts, ends_at, by_day, .. } = rehearsal;
    let mut text = result.summary.text();
    if result.outcome.ending != Ending::Complete {
        let _ = write!(text, "\n{}", result.outcome.ending);
    }
    let _ = write!(text, "\nrehearsed from {from} to {ends_at}: {}", Span(ends_at.since(from)));
    if let Some((first, last)) = contacts {
        let _ = write!(text, "\nthe first contact at {first}, the last at {last}");
    }
    let most = by_day.values().copied().max().unwrap_or(1).max(1);
    for (day, contacts) in by_day {
        let bar = "#".repeat(usize::try_from((contacts * WIDEST).div_ceil(most)).unwrap_or(0));
        let _ = write!(text, "\n  {day} UTC {:>9}  {bar}", Grouped(*contacts).to_string());
    }
    text
}
