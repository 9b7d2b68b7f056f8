//! The screen that the live view, its lines and the logs share. A line appears above the view, and one write draws both.

use std::fmt::{self, Write as _};
use std::io::{self, IsTerminal, Write};
use std::sync::Arc;

use console::{Term, measure_text_width, truncate_str};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use tracing_subscriber::fmt::MakeWriter;

use super::canvas::{Canvas, Size};
use super::colours;

const TEMPLATE: &str = "{prefix} [{wide_bar}] {done} %\n{msg}";
const COLOURED: &str = "{prefix} [{wide_bar:.cyan}] {done} %\n{msg}";

/// From this many columns on there is room for the campaign's name...
const ROOM_FOR_NAME: usize = 60;
/// ...at most so much of it.
const LONGEST_NAME: usize = 24;

/// Stderr, with or without a live view. Clones share it. Give one to `tracing_subscriber` as its writer, and the same to
/// [`super::Progress`].
#[derive(Clone)]
pub struct Screen {
    bar: ProgressBar,
    canvas: Canvas,
    colours: bool,
}

impl Screen {
    /// The screen behind stderr. Colours follow `NO_COLOR`, `CLICOLOR` and `CLICOLOR_FORCE`.
    #[must_use]
    pub fn stderr() -> Self {
        let variable = |name: &str| std::env::var_os(name);
        let colours = colours::are_wanted(variable, io::stderr().is_terminal());
        // What indicatif and dialoguer draw follows the same rule; their own forgets that `NO_COLOR` wins.
        console::set_colors_enabled(colours);
        console::set_colors_enabled_stderr(colours);
        let size: Size = Arc::new(|| Term::stderr().size_checked().unwrap_or((24, 80)));
        Self::over(io::stderr(), size, colours)
    }

    /// Everything goes to `out`, a terminal of this size.
    pub(super) fn over(out: impl Write + Send + 'static, size: Size, colours: bool) -> Self {
        Self { bar: ProgressBar::hidden(), canvas: Canvas::new(out, size), colours }
    }

    pub(super) fn colours(&self) -> bool {
        self.colours
    }

    /// Columns for text.
    pub(super) fn columns(&self) -> usize {
        self.canvas.columns()
    }

    pub(super) fn show_bar(&self) {
        let style = ProgressStyle::with_template(if self.colours { COLOURED } else { TEMPLATE })
            .expect("the template is a constant that tests draw");
        let done = |state: &ProgressState, out: &mut dyn fmt::Write| {
            // Rounded down: 100 is said of nothing that is not done.
            let percent = (state.pos() * 100).checked_div(state.len().unwrap_or(0)).unwrap_or(0);
            let _ = write!(out, "{percent:>3}");
        };
        self.bar.set_style(style.progress_chars("=> ").with_key("done", done));
        // Without a refresh rate of indicatif's: it would skip drawings by chance, and ours comes five times a second.
        self.bar.set_draw_target(ProgressDrawTarget::term_like(Box::new(self.canvas.clone())));
    }

    /// The live view: a bar with what stands before it, and lines below it.
    pub(super) fn draw(&self, name: &str, share: &str, (done, total): (u64, u64), lines: &[String]) {
        let columns = self.columns();
        let mut before = String::new();
        if columns >= ROOM_FOR_NAME {
            let _ = write!(before, "{}  ", truncate_str(name, LONGEST_NAME, "…"));
        }
        before.push_str(share);
        // Brackets, percent and what is between them take nine columns.
        let before = truncate_str(&before, columns.saturating_sub(9), "…");
        debug_assert!(lines.iter().all(|line| measure_text_width(line) <= columns), "{lines:?}");
        self.canvas.hold();
        self.bar.set_length(total);
        self.bar.set_prefix(before.into_owned());
        self.bar.set_message(lines.join("\n"));
        self.bar.set_position(done);
        self.bar.tick();
        // Progress that cannot be shown is lost, and loses nothing.
        let _ = self.canvas.release(b"");
    }

    /// Takes the live view away; nothing draws it any more.
    pub fn clear_bar(&self) {
        self.bar.finish_and_clear();
        self.bar.set_draw_target(ProgressDrawTarget::hidden());
    }

    /// Writes a line above the view.
    pub(super) fn line(&self, line: &str) {
        let _ = self.write(format!("{line}\n").as_bytes());
    }

    fn write(&self, text: &[u8]) -> io::Result<()> {
        self.canvas.hold();
        self.canvas.release(text)
    }
}

impl fmt::Debug for Screen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Screen")
    }
}

impl<'a> MakeWriter<'a> for Screen {
    type Writer = ScreenWriter;

    fn make_writer(&'a self) -> ScreenWriter {
        ScreenWriter { screen: self.clone() }
    }
}

/// Writes log lines above the view. `tracing_subscriber` hands over one event at a time, whole.
#[derive(Debug)]
pub struct ScreenWriter {
    screen: Screen,
}

impl Write for ScreenWriter {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.screen.write(text)?;
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
