//! Files that people name, opened as what they are: a file is read, a pipe once something writes to it, and what may never
//! end or never answer (a device, a socket, a pipe that nothing writes to) is refused. What is in a file is not known here.

pub mod unpacking;

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use rustix::fs::OFlags;
use rustix::io::Errno;

use crate::domain::foreign;

/// After this time the log says that a pipe is waited for.
const SAYS_SO: Duration = Duration::from_secs(1);
/// After this time more, a pipe that nothing writes to is refused: as long as a report waits for the reader of one.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a thread that waits for a writer may take to see that one came and went, before another one does.
const ENDS_SOON: Duration = Duration::from_millis(10);
/// Bytes of a file that is read at once: many times what a definition, certificates or a request have. A definition takes
/// up to 90 times its length in memory while it is read.
const LONGEST: u64 = 2 << 20;
/// Neither waits for the other end of a pipe nor takes a terminal.
const AT_ONCE: i32 = OFlags::NONBLOCK.union(OFlags::NOCTTY).bits().cast_signed();

/// Opens a file or a pipe for reading. Terminals and `/dev/null` can be read, too: both end.
///
/// # Errors
/// As the system says; [`io::ErrorKind::Unsupported`] where it is no file, [`io::ErrorKind::IsADirectory`] where it is a
/// directory, [`io::ErrorKind::NotConnected`] where it is a pipe and nothing writes to it for half a minute.
pub fn open(path: &Path) -> io::Result<File> {
    let there = fs::metadata(path)?;
    refuse_endless(&there)?;
    if there.file_type().is_fifo() { opened_pipe(path, SAYS_SO, PATIENCE) } else { File::open(path) }
}

/// Opens a file for reading, and no pipe: for what is read more than once, or kept.
///
/// # Errors
/// As the system says; [`io::ErrorKind::Unsupported`] or [`io::ErrorKind::IsADirectory`] where it is no file.
pub fn open_regular(path: &Path) -> io::Result<File> {
    let file_type = fs::metadata(path)?.file_type();
    if !file_type.is_file() {
        return Err(no_file(file_type));
    }
    OpenOptions::new().read(true).custom_flags(AT_ONCE).open(path)
}

/// The bytes of a file or a pipe.
///
/// # Errors
/// As [`open`]; [`io::ErrorKind::FileTooLarge`] where there are more than 2 MiB.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    whole(open(path)?)
}

/// The text of a file that is no pipe.
///
/// # Errors
/// As [`open_regular`]; [`io::ErrorKind::FileTooLarge`] where there are more than 2 MiB, [`io::ErrorKind::InvalidData`]
/// where it is not UTF-8.
pub fn read_regular_to_string(path: &Path) -> io::Result<String> {
    let bytes = whole(open_regular(path)?)?;
    String::from_utf8(bytes).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8"))
}

/// Refuses a standard input that may never end: a device.
///
/// # Errors
/// [`io::ErrorKind::Unsupported`] or [`io::ErrorKind::IsADirectory`]. One that is closed is an error of whoever reads it.
pub fn refuse_endless_stdin() -> io::Result<()> {
    fs::metadata("/dev/stdin").map_or(Ok(()), |there| refuse_endless(&there))
}

/// Refuses to write to what takes nothing, or makes opening it wait for ever: a socket, a disk, a pipe that nothing reads.
///
/// # Errors
/// [`io::ErrorKind::Unsupported`], [`io::ErrorKind::IsADirectory`], or [`io::ErrorKind::NotConnected`] where nothing
/// reads the pipe.
pub fn refuse_output(path: &Path) -> io::Result<()> {
    let Ok(there) = fs::metadata(path) else { return Ok(()) };
    let file_type = there.file_type();
    if file_type.is_socket() || file_type.is_block_device() || file_type.is_dir() {
        return Err(no_file(file_type));
    }
    if file_type.is_fifo() {
        has_reader(path)?;
    }
    Ok(())
}

/// Whether something reads a pipe; the error says that nothing does.
///
/// # Errors
/// [`io::ErrorKind::NotConnected`] where nothing reads it, others as the system says.
pub fn has_reader(pipe: &Path) -> io::Result<()> {
    // Without waiting, a pipe that nothing reads is an error.
    let probe = OpenOptions::new().write(true).custom_flags(AT_ONCE).open(pipe);
    probe.map(drop).map_err(|error| match error.raw_os_error() {
        Some(code) if code == Errno::NXIO.raw_os_error() => {
            io::Error::new(io::ErrorKind::NotConnected, "nothing reads the pipe")
        }
        _ => error,
    })
}

fn whole(file: File) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(LONGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LONGEST {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is longer than 2 MiB"));
    }
    Ok(bytes)
}

fn refuse_endless(there: &Metadata) -> io::Result<()> {
    let file_type = there.file_type();
    let ends = file_type.is_file() || file_type.is_fifo() || is_terminal_or_null(there);
    if ends { Ok(()) } else { Err(no_file(file_type)) }
}

/// Whether a device is one that ends: terminals do by a key, and `/dev/null` at once. The numbers are those of Linux; where
/// they are others, such a device is refused.
fn is_terminal_or_null(there: &Metadata) -> bool {
    /// Consoles, `/dev/tty`, serial lines and pseudo terminals, in the kernel's `devices.txt`.
    const TERMINALS: [u32; 4] = [4, 5, 88, 188];
    const PSEUDO_TERMINALS: std::ops::RangeInclusive<u32> = 136..=143;
    if !there.file_type().is_char_device() {
        return false;
    }
    let (major, minor) = (rustix::fs::major(there.rdev()), rustix::fs::minor(there.rdev()));
    (major, minor) == (1, 3) || TERMINALS.contains(&major) || PSEUDO_TERMINALS.contains(&major)
}

fn no_file(file_type: fs::FileType) -> io::Error {
    if file_type.is_dir() {
        return io::Error::new(io::ErrorKind::IsADirectory, "it is a directory, not a file");
    }
    let what = if file_type.is_socket() {
        "it is a socket, not a file"
    } else if file_type.is_fifo() {
        "it is a pipe, not a file"
    } else {
        "it is a device, not a file"
    };
    io::Error::new(io::ErrorKind::Unsupported, what)
}

/// Opens a pipe once something writes to it. What is written may take as long as it takes.
fn opened_pipe(path: &Path, says_so: Duration, patience: Duration) -> io::Result<File> {
    let (opened, received) = mpsc::sync_channel(1);
    let place = path.to_owned();
    // Only opening without leave to return at once tells whether there is a writer.
    thread::Builder::new().name("pipe".to_owned()).spawn(move || opened.send(File::open(place)))?;
    if let Ok(file) = received.recv_timeout(says_so) {
        return file;
    }
    tracing::warn!("waiting: nothing writes to the pipe {} yet", foreign::path(path));
    if let Ok(file) = received.recv_timeout(patience) {
        return file;
    }
    // A writer that goes at once ends the other thread's waiting, once it waits. Were it left, it would take what a writer
    // that comes later has for whoever reads the pipe then.
    loop {
        drop(OpenOptions::new().write(true).custom_flags(AT_ONCE).open(path));
        if !matches!(received.recv_timeout(ENDS_SOON), Err(RecvTimeoutError::Timeout)) {
            break;
        }
    }
    Err(io::Error::new(io::ErrorKind::NotConnected, "nothing writes to the pipe"))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::os::unix::net::UnixListener;

    use super::*;

    fn pipe(folder: &Path) -> std::path::PathBuf {
        let path = folder.join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        assert!(made.unwrap().success());
        path
    }

    #[test]
    fn what_never_ends_or_never_answers_is_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("socket");
        let _listener = UnixListener::bind(&socket).unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("/dev/zero", &link).unwrap();
        for (path, what) in [
            (Path::new("/dev/zero"), "it is a device, not a file"),
            (Path::new("/dev/urandom"), "it is a device, not a file"),
            (&link, "it is a device, not a file"),
            (&socket, "it is a socket, not a file"),
            (folder.path(), "it is a directory, not a file"),
        ] {
            assert_eq!(open(path).unwrap_err().to_string(), what, "{path:?}");
            assert_eq!(open_regular(path).unwrap_err().to_string(), what, "{path:?}");
            assert_eq!(read(path).unwrap_err().to_string(), what, "{path:?}");
        }
        assert_eq!(read(Path::new("/dev/null")).unwrap(), b"");
        assert_eq!(
            open_regular(Path::new("/dev/null")).unwrap_err().to_string(),
            "it is a device, not a file"
        );
        let pipe = pipe(folder.path());
        assert_eq!(open_regular(&pipe).unwrap_err().to_string(), "it is a pipe, not a file");
        assert_eq!(refuse_output(&pipe).unwrap_err().to_string(), "nothing reads the pipe");
        assert_eq!(refuse_output(&socket).unwrap_err().to_string(), "it is a socket, not a file");
        for takes_all in [Path::new("/dev/null"), Path::new("/dev/full"), Path::new("/nowhere/new")] {
            refuse_output(takes_all).unwrap();
        }
    }

    #[test]
    fn a_pipe_is_waited_for_and_read_to_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = pipe(folder.path());
        for _ in 0..100 {
            let none = opened_pipe(&pipe, Duration::ZERO, Duration::ZERO).unwrap_err();
            assert_eq!(
                (none.kind(), &*none.to_string()),
                (io::ErrorKind::NotConnected, "nothing writes to the pipe")
            );
        }
        assert_eq!(has_reader(&pipe).unwrap_err().to_string(), "nothing reads the pipe");
        thread::scope(|threads| {
            threads
                .spawn(|| OpenOptions::new().write(true).open(&pipe).unwrap().write_all(b"phone\n").unwrap());
            assert_eq!(read(&pipe).unwrap(), b"phone\n");
        });
    }

    #[test]
    fn what_is_read_at_once_is_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("long");
        File::create(&path).unwrap().set_len(LONGEST).unwrap();
        assert_eq!(read(&path).unwrap().len() as u64, LONGEST);
        File::create(&path).unwrap().set_len(LONGEST + 1).unwrap();
        assert_eq!(read(&path).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        assert!(read_regular_to_string(&path).is_err());
    }
}
