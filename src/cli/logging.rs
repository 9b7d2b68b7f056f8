//! The log: for engineers, off unless asked for, and without phone numbers whoever writes them. On stderr, or in a file.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::cli::args::global::{GlobalArgs, LogFormat};
use crate::domain::phone::mask;
use crate::progress::Screen;

/// Begins to log as the options say, to the screen that progress is shown on or to the log file.
///
/// # Errors
/// Where the log file cannot be opened.
pub fn init(global: &GlobalArgs, screen: &Screen) -> io::Result<()> {
    let file = global.log_file.as_deref().map(LogFile::open).transpose()?;
    let own = match (global.verbose, &file) {
        (0, None) => LevelFilter::WARN,
        (0 | 1, _) => LevelFilter::INFO,
        _ => LevelFilter::DEBUG,
    };
    let of_others = if global.verbose > 1 { LevelFilter::DEBUG } else { LevelFilter::OFF };
    let filter = Targets::new().with_target("campaign", own).with_default(of_others);
    let writer = Masked { screen: screen.clone(), file: file.map(|file| Arc::new(Mutex::new(file))) };
    let layer = tracing_subscriber::fmt::layer().with_writer(writer).with_target(global.verbose > 1);
    let registry = tracing_subscriber::registry().with(filter);
    // A second call, as tests make it, leaves the first one's settings.
    let _ = match global.log_format {
        LogFormat::Json => registry.with(layer.json()).try_init(),
        LogFormat::Text => registry.with(layer.with_ansi(false)).try_init(),
    };
    Ok(())
}

/// A file that lines are added to, its owner's alone. Once it cannot be written, it is left alone.
struct LogFile {
    path: PathBuf,
    file: Option<File>,
}

impl LogFile {
    fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
        Ok(Self { path: path.to_owned(), file: Some(file) })
    }

    /// Adds an event; what goes wrong is told once, as the error.
    fn add(&mut self, event: &[u8]) -> io::Result<()> {
        let Some(file) = &mut self.file else { return Ok(()) };
        file.write_all(event).inspect_err(|_| self.file = None)
    }
}

/// Masks whatever looks like a phone number, line by line, on its way.
struct Masked {
    screen: Screen,
    file: Option<Arc<Mutex<LogFile>>>,
}

/// One event.
struct LogEvent {
    text: Vec<u8>,
    screen: Screen,
    file: Option<Arc<Mutex<LogFile>>>,
}

impl<'a> MakeWriter<'a> for Masked {
    type Writer = LogEvent;

    fn make_writer(&'a self) -> LogEvent {
        LogEvent { text: Vec::new(), screen: self.screen.clone(), file: self.file.clone() }
    }
}

impl Write for LogEvent {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for LogEvent {
    fn drop(&mut self) {
        let masked = mask::mask_text(&String::from_utf8_lossy(&self.text));
        let mut screen = self.screen.make_writer();
        // A log that cannot be written stops nothing.
        let Some(file) = &self.file else {
            let _ = screen.write_all(masked.as_bytes());
            return;
        };
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = file.add(masked.as_bytes()) {
            let path = file.path.display();
            let _ = writeln!(screen, "the log file {path} cannot be written any more: {error}; it ends here");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_log_file_is_added_to_and_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("campaign.log");
        for event in ["one\n", "two\n"] {
            LogFile::open(&path).unwrap().add(event.as_bytes()).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "one\ntwo\n");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_full_disk_is_told_once() {
        let mut file = LogFile::open(Path::new("/dev/full")).unwrap();
        assert_eq!(file.add(b"lost\n").unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert!(file.add(b"lost too\n").is_ok(), "it is left alone");
    }
}
