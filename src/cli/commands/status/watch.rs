//! `campaign status --watch`: looks again and again. On a terminal the picture is painted over in place, elsewhere each look
//! is a block of its own.

use std::io::Write;
use std::time::Duration;

use console::Term;

use crate::app::status::Status;
use crate::cli::commands::status::Look;
use crate::cli::output;
use crate::cli::session::Asked;
use crate::clock::Clock;
use crate::report::ReportError;

/// On a terminal, and elsewhere.
const EVERY: [u64; 2] = [1, 5];

/// Looks until no run goes on any more: the one that was seen has ended, or nothing waits for one.
pub(super) fn run(
    every: Option<u64>,
    asked: &Asked<'_>,
    clock: &Clock,
    out: &mut impl Write,
) -> Result<(), ReportError> {
    let terminal = !asked.json && output::is_terminal() && Term::stdout().features().is_attended();
    let every = Duration::from_secs(every.unwrap_or(EVERY[usize::from(!terminal)]));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.map_err(ReportError::Stream)?;
    let mut seen = false;
    // Lines on the screen that the next picture takes the place of.
    let mut lines = 0;
    loop {
        let look = Look::at(asked, clock.now())?;
        let written = if terminal {
            let (rows, columns) = Term::stdout().size();
            let picture = picture(&look.text(), lines, (rows.into(), columns.into()));
            lines = picture.1;
            out.write_all(picture.0.as_bytes())
        } else {
            look.write(asked.json, out).and_then(|()| if asked.json { Ok(()) } else { writeln!(out) })
        };
        written.and_then(|()| out.flush()).map_err(ReportError::Stream)?;
        let held = look.all().iter().any(Status::is_held);
        let waits = look.all().iter().any(|status| status.summary.tally.unsettled() > 0);
        if !held && (seen || !waits) {
            return Ok(());
        }
        seen |= held;
        runtime.block_on(async { tokio::time::sleep(every).await });
    }
}

/// A picture over one of so many lines, written at once: each line is cleared behind its new text, so that nothing flickers.
/// What has no room is left out. Says how many lines it has.
fn picture(text: &str, before: usize, (rows, columns): (usize, usize)) -> (String, usize) {
    let mut picture = String::new();
    if before > 0 {
        picture.push_str(&format!("\x1b[{before}A\r"));
    }
    let lines: Vec<&str> = text.lines().take(rows.saturating_sub(1).max(1)).collect();
    for line in &lines {
        picture.push_str(&console::truncate_str(line, columns.saturating_sub(1).max(1), "…"));
        picture.push_str("\x1b[K\n");
    }
    picture.push_str("\x1b[J");
    (picture, lines.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_takes_the_place_of_the_one_before() {
        let (first, lines) = picture("one\ntwo\nthree", 0, (24, 80));
        assert_eq!((first.as_str(), lines), ("one\x1b[K\ntwo\x1b[K\nthree\x1b[K\n\x1b[J", 3));
        let mut screen = vt100::Parser::new(24, 80, 0);
        screen.process(first.replace('\n', "\r\n").as_bytes());
        let (second, lines) = picture("1\n2", lines, (24, 80));
        screen.process(second.replace('\n', "\r\n").as_bytes());
        assert_eq!((screen.screen().contents().trim_end(), lines), ("1\n2", 2));
        // As many lines as there is room for, each as long as a line.
        assert_eq!(picture("abcdef\nb\nc", 0, (3, 5)), ("abc…\x1b[K\nb\x1b[K\n\x1b[J".to_owned(), 2));
    }
}
