//! What a program did to its disk, as `disk.c` wrote it down: calls in their order, with their bytes.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// One side of one call.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) kind: Kind,
    /// Before the call; else after it.
    pub(crate) begins: bool,
    /// The number of the call, the same on both sides.
    pub(crate) call: u64,
    /// The file's name in the folder; empty for the folder itself.
    pub(crate) name: String,
    /// The inode.
    pub(crate) file: u64,
    pub(crate) offset: u64,
    /// The errno; 0 where it went well.
    pub(crate) error: u32,
    /// How much was written.
    pub(crate) result: i64,
    pub(crate) data: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    Write,
    Truncate,
    Sync,
    Open,
    Unlink,
    Read,
    /// A send on a socket.
    Send,
    /// A write to stdout or stderr.
    Print,
}

impl Kind {
    fn of(code: u8) -> Self {
        match code {
            b'w' => Self::Write,
            b't' => Self::Truncate,
            b's' => Self::Sync,
            b'o' => Self::Open,
            b'u' => Self::Unlink,
            b'r' => Self::Read,
            b'n' => Self::Send,
            b'p' => Self::Print,
            other => panic!("the model of a disk knows no call of the kind {:?}", char::from(other)),
        }
    }
}

/// Makes a command's calls on the files of `folder` known in `log`.
pub(crate) fn watch(command: &mut Command, folder: &Path, log: &Path) {
    command.env("LD_PRELOAD", library()).env("CAMPAIGN_DISK_LOG", log).env("CAMPAIGN_DISK_FOLDER", folder);
}

/// The library, built once with the C compiler that building SQLite needs anyway.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/disk/disk.c");
        let built =
            PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("disk-{}.so", std::process::id()));
        let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
        let done = Command::new(compiler)
            .args(["-Wall", "-Wextra", "-Werror", "-O2", "-shared", "-fPIC", source, "-o"])
            .arg(&built)
            .status()
            .expect("a C compiler, which building this crate needs too");
        assert!(done.success(), "disk.c compiles");
        built
    })
}

/// Reads a log of calls on the files of `folder`.
pub(crate) fn read(log: &Path, folder: &Path) -> Vec<Event> {
    let bytes = std::fs::read(log).expect("a log of calls");
    let folder = folder.to_str().unwrap();
    let mut rest = bytes.as_slice();
    let mut events = Vec::new();
    while !rest.is_empty() {
        let (head, after) = rest.split_at(48);
        let number = |at: usize| u64::from_le_bytes(head[at..at + 8].try_into().unwrap());
        let path_len = usize::from(u16::from_le_bytes([head[2], head[3]]));
        let data_len = usize::try_from(number(40)).unwrap();
        let (path, after) = after.split_at(path_len);
        let (data, after) = after.split_at(data_len);
        rest = after;
        let path = std::str::from_utf8(path).unwrap();
        events.push(Event {
            kind: Kind::of(head[0]),
            begins: head[1] == b'b',
            call: number(8),
            name: path.strip_prefix(folder).unwrap_or(path).trim_start_matches('/').to_owned(),
            file: number(16),
            offset: number(24),
            error: u32::from_le_bytes(head[4..8].try_into().unwrap()),
            result: number(32).cast_signed(),
            data: data.to_vec(),
        });
    }
    events
}
