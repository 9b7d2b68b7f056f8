//! `campaign check`: everything that `run` does before sending, offline, nothing journaled.

use std::path::PathBuf;

use clap::Args;

use crate::app;
use crate::app::paths::CampaignPaths;
use crate::app::preconditions;
use crate::cli::args::file::FileArgs;
use crate::cli::args::send::SendArgs;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::cli::{next_step, output};
use crate::domain::delivery::ending::Exit;
use crate::domain::preflight::{Observation, Options, Preflight};
use crate::recipients::Source;

/// Arguments of `campaign check`.
#[derive(Debug, Clone, Args)]
pub struct CheckArgs {
    /// Recipients file; `-` is stdin
    pub file: PathBuf,
    #[command(flatten)]
    reading: FileArgs,
}

/// Runs the command: exit code 0 where every row can be sent, 3 where some are rejected, 5 where too many are.
///
/// # Errors
/// What the user is told.
pub fn run(args: &CheckArgs, session: &Session<'_>) -> Result<Exit, Failure> {
    let global = session.global;
    let source = Source::named(&args.file);
    let options = args.reading.options();
    let (paths, definition) = CampaignPaths::of_file(&global.campaign_options(), &source, &options)?;
    let mut file = app::run::open_file(&source, &definition, &paths, &options)?;
    let mut findings = file.findings(&definition);
    let before = preconditions::before(&paths, &definition)?;
    if let (Some(note), false) = (preconditions::may_withdraw(before.as_ref()), file.corrects()) {
        findings.observe(Observation::Note(note));
    }
    file.rehearse(&mut findings, (u64::MAX, None), |_| Ok(()))?;
    let preflight = Preflight::new(findings, None, Options::default());
    if global.json {
        output::json(&preflight)?;
    } else {
        output::line(&preflight.text())?;
    }
    let rejected = file.rejected.as_ref().map(|written| match (&before, file.corrects()) {
        (None, false) => next_step::rejects_before(written, &args.file, global),
        _ => next_step::rejects(written, global, &SendArgs::default()),
    });
    super::run::verdict(&preflight, global, rejected)
}
