//! The log: for engineers, off unless asked for, and without phone numbers whoever writes them. On stderr, or in a file.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::cli::args::global::{GlobalArgs, LogFormat};
use crate::domain::foreign;
use crate::domain::phone::mask;
use crate::files;
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
    let writer = Masked {
        screen: screen.clone(),
        json: global.log_format == LogFormat::Json,
        file: file.map(|file| Arc::new(Mutex::new(file))),
    };
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
#[derive(Debug)]
struct LogFile {
    path: PathBuf,
    file: Option<File>,
}

impl LogFile {
    fn open(path: &Path) -> io::Result<Self> {
        let there = fs::metadata(path).ok();
        if there.as_ref().is_some_and(|there| there.is_file() && there.len() > 0) && !is_log(path)? {
            return Err(io::Error::new(
                io::ErrorKind::AlreadyExists,
                "it is there already, and is no log of this program",
            ));
        }
        files::refuse_output(path)?;
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
        Ok(Self { path: path.to_owned(), file: Some(file) })
    }

    /// Adds an event; what goes wrong is told once, as the error.
    fn add(&mut self, event: &[u8]) -> io::Result<()> {
        let Some(file) = &mut self.file else { return Ok(()) };
        file.write_all(event).inspect_err(|_| self.file = None)
    }
}

/// Whether a file begins as our logs do, of either form. A log that was added to another file would spoil it.
fn is_log(path: &Path) -> io::Result<bool> {
    let mut head = Vec::new();
    File::open(path)?.take(JSON.len() as u64).read_to_end(&mut head)?;
    let stamp = |form: &[u8]| {
        head.len() >= form.len()
            && head
                .iter()
                .zip(form)
                .all(|(byte, form)| if *form == b'd' { byte.is_ascii_digit() } else { byte == form })
    };
    Ok(head == JSON || stamp(b"dddd-dd-ddTdd"))
}

/// How an event begins in JSON.
const JSON: &[u8] = br#"{"timestamp":""#;

/// Masks whatever looks like a phone number, line by line, on its way.
struct Masked {
    screen: Screen,
    json: bool,
    file: Option<Arc<Mutex<LogFile>>>,
}

/// One event.
struct LogEvent {
    text: Vec<u8>,
    json: bool,
    screen: Screen,
    file: Option<Arc<Mutex<LogFile>>>,
}

impl<'a> MakeWriter<'a> for Masked {
    type Writer = LogEvent;

    fn make_writer(&'a self) -> LogEvent {
        LogEvent { text: Vec::new(), json: self.json, screen: self.screen.clone(), file: self.file.clone() }
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
        let masked = one_line(&mask::mask_text(&String::from_utf8_lossy(&self.text)), self.json);
        let mut screen = self.screen.make_writer();
        // A log that cannot be written stops nothing.
        let Some(file) = &self.file else {
            let _ = screen.write_all(masked.as_bytes());
            return;
        };
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = file.add(masked.as_bytes()) {
            let path = foreign::path(&file.path);
            let _ = writeln!(screen, "the log file {path} cannot be written any more: {error}; it ends here");
        }
    }
}

/// An event is one line whatever is in it, so that no text can forge another.
fn one_line(event: &str, json: bool) -> String {
    let event = event.trim_end_matches(['\n', '\r']);
    let inert = if json { foreign::inert_json(event) } else { foreign::inert(event) };
    format!("{}\n", inert.replace('\n', "\\u{a}").replace('\r', "\\u{d}"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_log_file_is_added_to_and_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("campaign.log");
        for event in ["2026-03-01T09:30:00.123456Z  INFO one\n", "two\n"] {
            LogFile::open(&path).unwrap().add(event.as_bytes()).unwrap();
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), "2026-03-01T09:30:00.123456Z  INFO one\ntwo\n");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_log_is_added_to_logs_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        for (head, is_log) in [
            ("{\"timestamp\":\"2026-03-01T09:30:00Z\"}\n", true),
            ("{\"SourceEndpoint\": {}}", false),
            ("customer_id,phone\n", false),
            ("2026-03-01,phone\n", false),
            ("name = \"spring\"\n", false),
        ] {
            fs::write(&path, head).unwrap();
            assert_eq!(LogFile::open(&path).is_ok(), is_log, "{head}");
            assert_eq!(fs::read_to_string(&path).unwrap(), head);
        }
        let pipe = folder.path().join("pipe");
        let status = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
        assert!(status.success());
        assert_eq!(LogFile::open(&pipe).unwrap_err().to_string(), "nothing reads the pipe");
    }

    #[test]
    fn an_event_is_one_line() {
        assert_eq!(
            one_line("INFO a\r\n2026 INFO forged\u{1b}[2J\n", false),
            "INFO a\\u{d}\\u{a}2026 INFO forged\\u{1b}[2J\n"
        );
        assert_eq!(one_line("{\"a\":\"\u{9b}\"}\n", true), "{\"a\":\"\\u009b\"}\n");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_full_disk_is_told_once() {
        let mut file = LogFile::open(Path::new("/dev/full")).unwrap();
        assert_eq!(file.add(b"lost\n").unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert!(file.add(b"lost too\n").is_ok(), "it is left alone");
    }
}
