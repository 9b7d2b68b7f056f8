//! The result of a run: lines on stderr for people, and the last line of stdout for programs.

use std::io::{self, Write};

use serde::Serialize;

use super::next;
use crate::cli::Shared;
use crate::domain::ending::{self, Ending};
use crate::domain::summary::Summary;

/// Tells the result; `go_on` is the command that goes on.
///
/// # Errors
/// Where stdout or stderr cannot be written.
pub(super) fn tell(
    summary: &Summary,
    ending: &Ending,
    go_on: Option<&str>,
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
    if *ending == Ending::Complete && !shared.quiet {
        for step in ending::next_steps(&summary.tally) {
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
pub(super) struct LastEvent<'a> {
    message_type: &'static str,
    #[serde(flatten)]
    summary: &'a Summary,
}

impl<'a> LastEvent<'a> {
    pub(super) fn of(summary: &'a Summary) -> Self {
        Self { message_type: "summary", summary }
    }
}
