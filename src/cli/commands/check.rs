//! `campaign check`: everything that `run` does before sending, offline, nothing journaled.

use std::path::PathBuf;

use clap::Args;

use crate::app;
use crate::app::dry_run::DryRun;
use crate::app::options::SendOptions;
use crate::app::paths::CampaignPaths;
use crate::app::preconditions;
use crate::cli::args::file::FileArgs;
use crate::cli::args::send::{SendArgs, warning};
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::cli::{next_step, output};
use crate::domain::delivery::ending::Exit;
use crate::domain::warning::WarningCode;
use crate::recipients::Source;

/// Arguments of `campaign check`.
#[derive(Debug, Clone, Args)]
pub struct CheckArgs {
    /// Recipients file, s3://BUCKET/KEY or an https:// URL; `-` is stdin
    pub file: PathBuf,
    /// As if the journal were empty: what was started before does not count
    #[arg(long)]
    pub fresh: bool,
    /// Pass over texts that look wrong in this way; may be given several times
    #[arg(long, value_name = "CODE", value_parser = warning)]
    pub accept: Vec<WarningCode>,
    /// How the file is read.
    #[command(flatten)]
    pub reading: FileArgs,
}

/// Runs the command. Its exit code is that of a run whose every request is answered with a contact.
///
/// # Errors
/// What the user is told.
pub fn run(args: &CheckArgs, session: &Session<'_>) -> Result<Exit, Failure> {
    let global = session.global;
    let source = Source::named(&args.file)?;
    let options = args.reading.options();
    let (mut paths, mut definition) = CampaignPaths::of_file(&global.campaign_options(), &source, &options)?;
    paths.name_for(&mut definition, &source, &session.clock)?;
    let mut file = app::run::open_file(&source, &definition, &paths, &options, &session.clock)?;
    let before = if args.fresh { None } else { preconditions::before(&paths, &definition)? };
    let send = SendOptions::default();
    let dry_run = DryRun {
        definition: &definition,
        paths: &paths,
        options: &send,
        fresh: args.fresh,
        now: session.clock.now(),
    };
    let preflight = dry_run.preflight(&mut file, |_| Ok(()))?;
    if global.json {
        output::json(&preflight)?;
    } else {
        output::line(&super::run::figures(&preflight, global))?;
    }
    let rejected = file.rejected().map(|written| match (&before, file.corrects()) {
        (None, false) => next_step::rejects_before(written, &source.path(), global),
        _ => next_step::rejects(written, global, &SendArgs::default()),
    });
    let accepted = super::run::accepted(&definition, &args.accept);
    super::run::verdict(&preflight, global, (rejected, &accepted), send.no_wait)
}
