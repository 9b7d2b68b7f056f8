//! `campaign rehearse`: the whole campaign through the simulator, days in seconds.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use crate::app;
use crate::app::error::Error;
use crate::app::options::SendOptions;
use crate::app::outputs::Inputs;
use crate::app::paths::CampaignPaths;
use crate::app::rehearse::{Rehearsal, RehearsedJournal, VirtualClock};
use crate::app::run::RunContext;
use crate::cli::args::faults::FaultArgs;
use crate::cli::args::file::FileArgs;
use crate::cli::args::values;
use crate::cli::commands::sending;
use crate::cli::commands::simulator::SimulatorCommandError;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::session::Session;
use crate::cli::signals;
use crate::domain::delivery::ending::{Ending, Exit};
use crate::domain::figures::Span;
use crate::domain::forecast::words::at;
use crate::domain::foreign;
use crate::domain::next_step::NextStep;
use crate::domain::unix_millis::UnixMillis;
use crate::progress::{ProgressKind, RehearsalProgress};
use crate::recipients::Source;

/// Arguments of `campaign rehearse`.
#[derive(Debug, Clone, Args)]
pub struct RehearseArgs {
    /// Recipients file, s3://BUCKET/KEY or an https:// URL; `-` is stdin
    pub file: PathBuf,
    /// When it begins, such as 2026-12-01T09:00[America/New_York], or 2026-12-01 in the zone of this machine; now, where
    /// nothing is said
    #[arg(long, value_name = "TIME", value_parser = values::moment)]
    from: Option<UnixMillis>,
    /// Chance takes the same course each time
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Keep the rehearsal's journal, for `campaign report -j PATH`; there must be no file yet
    #[arg(long, value_name = "PATH")]
    pub keep: Option<PathBuf>,
    /// How the file is read.
    #[command(flatten)]
    pub reading: FileArgs,
    #[command(flatten)]
    faults: FaultArgs,
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
        let rejects = reading.rejects.as_deref().map(|rejects| (rejects, "where the rejected rows go"));
        let others = inputs.with_outputs(rejects.as_slice());
        others.refuse(keep, "the rehearsal's journal", NextStep::AnotherPath)?;
    }
    if let Some(keep) = args.keep.as_ref().filter(|keep| keep.exists()) {
        return Err(kept(keep, "there is a file already"));
    }
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
    // Lists and other campaigns are looked up in the real journal; what is planned and sent is in the copy.
    let file = app::run::open_file(&source, &definition, &paths, &reading, &session.clock)?;
    let journal = RehearsedJournal::copy_of(&paths.journal)?;
    let copied = CampaignPaths { journal: journal.path(), ..paths };
    let context = RunContext { definition: &definition, paths: &copied, options: &options, clock: &clock };
    let runtime = sending::runtime()?;
    let rehearse = || {
        let kind = ProgressKind::for_stderr(global.quiet, false);
        let (name, clocks) = (definition.name.clone(), (&clock, &session.clock));
        let mut progress = RehearsalProgress::new(kind, sending::LINE_EVERY, name, &session.screen, clocks);
        runtime.block_on(app::rehearse::rehearse(file, context, &virtual_clock, &mut progress))
    };
    let rehearsed = signals::while_in(journal.folder().to_owned(), &session.screen, rehearse)
        .map_err(|error| Error::exhausted("listen for signals", &error))?;
    let rehearsal = rehearsed?.map_err(|reason| super::run::refused(reason, None))?;
    if let Some(keep) = &args.keep {
        journal.keep(&definition.name, keep).map_err(|error| kept(keep, &error.to_string()))?;
    }
    if global.json {
        output::json(&as_json(&rehearsal, from))?;
    } else {
        output::line(&text(&rehearsal, from))?;
    }
    Ok(rehearsal.result.exit)
}

fn kept(path: &Path, why: &str) -> Failure {
    Failure::usage(
        format!("failed to make the rehearsal's journal at {}: {why}", foreign::path(path)),
        "name another path with --keep; nothing was rehearsed",
    )
}

fn as_json(rehearsal: &Rehearsal, from: UnixMillis) -> serde_json::Value {
    let Rehearsal { result, runs, course, .. } = rehearsal;
    let runs = runs.iter().map(|run| {
        json!({
            "began_at": run.began_at.to_string(),
            "ended_at": run.ended_at.to_string(),
            "started": run.started,
            "ended": (run.ending != Ending::Complete).then(|| run.ending.to_string()),
        })
    });
    let mut all = course.course_as_json();
    all.insert("from".to_owned(), json!(from.to_string()));
    all.insert("ended_at".to_owned(), json!(result.ended_at.to_string()));
    all.insert("runs".to_owned(), runs.collect());
    all.insert("summary".to_owned(), json!(result.summary));
    all.into()
}

fn text(rehearsal: &Rehearsal, from: UnixMillis) -> String {
    let Rehearsal { result, runs, course, .. } = rehearsal;
    let mut text = result.summary.text();
    if result.outcome.ending != Ending::Complete {
        let _ = write!(text, "\n{}", result.outcome.ending);
    }
    let until = result.ended_at;
    let _ = write!(text, "\nrehearsed: {} to {} ({})", at(from), at(until), Span(until.since(from)));
    if runs.len() > 1 {
        let _ = write!(
            text,
            ", in {} runs: as its day was full, each but the last left rows to the next",
            runs.len()
        );
    }
    course.write(&mut text, "contacts");
    text
}
