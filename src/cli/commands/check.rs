//! `campaign check`: everything that `run` does before sending, offline, nothing journaled.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;

use crate::cli::Shared;
use crate::cli::commands::earlier;
use crate::cli::commands::failure::Failure;
use crate::cli::commands::place::Place;
use crate::cli::commands::planning::File;
use crate::cli::commands::reading::ReadingArgs;
use crate::cli::commands::sending::SendArgs;
use crate::domain::delivery::ending::Exit;
use crate::domain::preflight::{Observation, Options, Preflight};
use crate::recipients::Source;

/// Arguments of `campaign check`.
#[derive(Debug, Clone, Args)]
pub struct CheckArgs {
    /// Recipients file; `-` is stdin
    file: PathBuf,
    #[command(flatten)]
    reading: ReadingArgs,
}

/// Runs the command: exit code 0 where every row can be sent, 3 where some are rejected, 5 where too many are.
///
/// # Errors
/// What the user is told.
pub fn run(args: &CheckArgs, shared: &Shared) -> Result<Exit, Failure> {
    let source = Source::named(&args.file);
    let (place, definition) = Place::of_file(shared, &source, &args.reading)?;
    let mut file = File::open(&source, &definition, &place)?;
    file.reject_to(args.reading.rejects.as_deref(), &source, &definition)?;
    let mut findings = file.findings(&definition);
    let before = earlier::before(&place, &definition)?;
    if let (Some(note), false) = (earlier::may_withdraw(before.as_ref()), file.corrects()) {
        findings.observe(Observation::Note(note));
    }
    file.rehearse(&mut findings, (u64::MAX, None), |_| Ok(()))?;
    let preflight = Preflight::new(findings, None, Options::default());
    let mut out = io::stdout().lock();
    let told = if shared.json {
        serde_json::to_writer(&mut out, &preflight).map_err(io::Error::from).and_then(|()| writeln!(out))
    } else {
        writeln!(out, "{}", preflight.text())
    };
    told.map_err(|error| crate::cli::commands::run::stdout(&error))?;
    let written = file.rejected.as_ref().map(|written| match (&before, file.corrects()) {
        (None, false) => written.words_before(&args.file, shared),
        _ => written.words(shared, &SendArgs::default()),
    });
    crate::cli::commands::run::verdict(&preflight, shared, written)
}
