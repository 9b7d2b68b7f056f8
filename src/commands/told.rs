//! What a run came to, and what is to be done next, in words.

use std::io::{self, Write};

use super::next;
use crate::cli::Shared;
use crate::domain::ending::{self, Ending};
use crate::domain::state::State;
use crate::domain::summary::Summary;

/// Tells the result: to people on stderr, to scripts on stdout. `next` is the command that goes on, `rejected` what is to be
/// done about the rejected rows, where they are in a file of their own.
pub(super) fn tell(
    summary: &Summary,
    ending: &Ending,
    (next, rejected): (Option<&str>, Option<&str>),
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
    if let Some(next) = next {
        writeln!(notes, "  next: {next}")?;
    }
    if shared.json {
        let mut out = io::stdout().lock();
        serde_json::to_writer(&mut out, summary)?;
        writeln!(out)?;
    }
    Ok(())
}
