//! The screen that the bar, its lines and the logs share: whoever writes a line takes the bar away first and puts it
//! back after, so that neither spoils the other.

use std::fmt;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tracing_subscriber::fmt::MakeWriter;

use super::view::{Pace, View};

const TEMPLATE: &str = "{prefix} [{wide_bar:.cyan}] {percent:>3} %\n{msg}";

/// Stderr, with or without a bar. Clones share it. Give one to `tracing_subscriber` as its writer, and the same to
/// [`super::Progress`].
#[derive(Clone)]
pub struct Screen {
    bar: ProgressBar,
    out: Arc<Mutex<dyn Write + Send>>,
    target: Arc<dyn Fn() -> ProgressDrawTarget + Send + Sync>,
}

impl Screen {
    /// The screen behind stderr. Colours follow `NO_COLOR` and `CLICOLOR`.
    #[must_use]
    pub fn stderr() -> Self {
        Self::over(io::stderr(), ProgressDrawTarget::stderr)
    }

    /// Lines go to `out`, a bar to `target`.
    pub(super) fn over(
        out: impl Write + Send + 'static,
        target: impl Fn() -> ProgressDrawTarget + Send + Sync + 'static,
    ) -> Self {
        Self { bar: ProgressBar::hidden(), out: Arc::new(Mutex::new(out)), target: Arc::new(target) }
    }

    pub(super) fn show_bar(&self) {
        let style =
            ProgressStyle::with_template(TEMPLATE).expect("the template is a constant that tests draw");
        self.bar.set_style(style.progress_chars("=> "));
        self.bar.set_draw_target((self.target)());
    }

    pub(super) fn draw(&self, view: &View, pace: &Pace) {
        self.bar.set_length(view.total());
        self.bar.set_position(view.done());
        self.bar.set_prefix(view.share());
        // Cut a little short of the edge: a `^C` that the terminal echoes behind it must not begin a new line, or the
        // bar could not be taken away again.
        let (_, columns) = console::Term::stderr().size_checked().unwrap_or((24, 80));
        let details = view.details(pace);
        let room = usize::from(columns).saturating_sub(4);
        self.bar.set_message(console::truncate_str(&details, room, "…").into_owned());
    }

    pub(super) fn clear_bar(&self) {
        self.bar.finish_and_clear();
        self.bar.set_draw_target(ProgressDrawTarget::hidden());
    }

    /// Writes a line above the bar.
    pub(super) fn line(&self, line: &str) {
        // Progress that cannot be shown is lost, and loses nothing.
        let _ = self.write(format!("{line}\n").as_bytes());
    }

    fn write(&self, text: &[u8]) -> io::Result<()> {
        self.bar.suspend(|| {
            let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
            out.write_all(text)?;
            out.flush()
        })
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

/// Writes log lines above the bar. `tracing_subscriber` hands over one event at a time, whole.
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
