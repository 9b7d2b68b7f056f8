//! The result of a run: lines on stderr for people, and the last line of stdout for programs.

use std::io::{self, Write};

use serde::Serialize;

use crate::cli::Shared;
use crate::cli::commands::next;
use crate::domain::delivery::ending;
use crate::domain::delivery::ending::Ending;
use crate::domain::delivery::state::State;
use crate::domain::delivery::summary::Summary;

/// Tells the result; `go_on` is the command that goes on, `rejected` what is to be done about the rejected rows, where they
/// are in a file of their own.
///
/// # Errors
/// Where stdout or stderr cannot be written.
pub(in crate::cli::commands) fn tell(
    summary: &Summary,
    ending: &Ending,
    (go_on, rejected): (Option<&str>, Option<&str>),
    shared: &Shared,
) -> io::Result<()> {
    let mut notes = io::stderr().lock();
    if !shared.quiet {
        writeln!(notes, "{}", summary.text())?;
    }
    if *ending != Ending::Complete {
        writeln!(notes, "{ending}")?;
    }
    if let Some(advice) = ending.advice() {
        writeln!(notes, "  hint: {}", next::at(advice, shared))?;
    }
    if let (Some(rejected), false) = (rejected, shared.quiet) {
        writeln!(notes, "  hint: {rejected}")?;
    }
    if *ending == Ending::Complete && !shared.quiet {
        let known = |state: &State| *state == State::Rejected && rejected.is_some();
        for (_, step) in ending::next_steps(&summary.tally).iter().filter(|(state, _)| !known(state)) {
            writeln!(notes, "  hint: {}", next::at(step, shared))?;
        }
    }
    if let Some(next) = go_on {
        writeln!(notes, "  next: {next}")?;
    }
    if shared.json {
        let mut out = io::stdout().lock();
        serde_json::to_writer(&mut out, &LastEvent::of(summary))?;
        writeln!(out)?;
    }
    Ok(())
}

/// The last of a run's events is its result.
#[derive(Serialize)]
pub(in crate::cli::commands) struct LastEvent<'a> {
    message_type: &'static str,
    #[serde(flatten)]
    summary: &'a Summary,
}

impl<'a> LastEvent<'a> {
    pub(in crate::cli::commands) fn of(summary: &'a Summary) -> Self {
        Self { message_type: "summary", summary }
    }
}
