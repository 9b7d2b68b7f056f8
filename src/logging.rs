//! The log on stderr: for engineers, off unless asked for, and without phone numbers whoever writes them.

use std::io::{self, Write};

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::cli::{LogFormat, Shared};
use crate::domain::mask;
use crate::progress::Screen;

/// Begins to log as the options say, to the screen that progress is shown on.
pub fn init(shared: &Shared, screen: &Screen) {
    let own = match shared.verbose {
        0 => LevelFilter::WARN,
        1 => LevelFilter::INFO,
        _ => LevelFilter::DEBUG,
    };
    let of_others = if shared.verbose > 1 { LevelFilter::DEBUG } else { LevelFilter::OFF };
    let filter = Targets::new().with_target("campaign", own).with_default(of_others);
    let layer =
        tracing_subscriber::fmt::layer().with_writer(Masked(screen.clone())).with_target(shared.verbose > 1);
    let registry = tracing_subscriber::registry().with(filter);
    // A second call, as tests make it, leaves the first one's settings.
    let _ = match shared.log_format {
        LogFormat::Json => registry.with(layer.json()).try_init(),
        LogFormat::Text => registry.with(layer.with_ansi(false)).try_init(),
    };
}

/// Masks whatever looks like a phone number, line by line, on its way to stderr.
struct Masked(Screen);

/// One event.
struct Event(Vec<u8>, Screen);

impl<'a> MakeWriter<'a> for Masked {
    type Writer = Event;

    fn make_writer(&'a self) -> Event {
        Event(Vec::new(), self.0.clone())
    }
}

impl Write for Event {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        let masked = mask::mask_text(&String::from_utf8_lossy(&self.0));
        // A log that cannot be written stops nothing.
        let _ = self.1.make_writer().write_all(masked.as_bytes());
    }
}
