//! A command on a terminal, and what its screen showed when.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::time::{Duration, Instant};

use pty_process::blocking as pty;

/// Rows and columns of the screen.
pub(crate) const ROWS: u16 = 34;
pub(crate) const COLUMNS: u16 = 132;

/// Screens that last for less are left out.
const SHORTEST: Duration = Duration::from_millis(180);

/// A screen, and when it was first seen.
pub(crate) struct Frame {
    pub(crate) at: Duration,
    pub(crate) screen: vt100::Screen,
}

/// Runs the command in a folder with the project's sample in it, and records its screen.
#[expect(clippy::disallowed_methods, reason = "a recording is of real time")]
pub(crate) fn record(command: &str) -> Vec<Frame> {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("campaigns")).unwrap();
    for name in ["sample.toml", "sample.csv"] {
        let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("campaigns").join(name);
        fs::copy(sample, folder.path().join("campaigns").join(name)).unwrap();
    }
    let (keys, terminal) = pty::open().unwrap();
    keys.resize(pty_process::Size::new(ROWS, COLUMNS)).unwrap();
    let programs = Path::new(env!("CARGO_BIN_EXE_campaign")).parent().unwrap().to_str().unwrap();
    let environment =
        [("PATH", programs), ("HOME", "/nonexistent"), ("TERM", "xterm-256color"), ("LANG", "C.UTF-8")];
    let args: Vec<&str> = command.split(' ').skip(1).collect();
    let program = pty::Command::new(env!("CARGO_BIN_EXE_campaign"));
    let mut child =
        program.args(args).current_dir(folder.path()).env_clear().envs(environment).spawn(terminal).unwrap();
    let mut reader = fs::File::from(rustix::io::dup(&keys).unwrap());
    let mut parser = vt100::Parser::new(ROWS, COLUMNS, 0);
    parser.process(format!("\x1b[1;32m$\x1b[0m {command}\r\n").as_bytes());
    let began = Instant::now();
    let mut frames = vec![Frame { at: Duration::ZERO, screen: parser.screen().clone() }];
    let mut bytes = [0; 65_536];
    // The end of the last process on it is an error here.
    while let Ok(length @ 1..) = reader.read(&mut bytes) {
        parser.process(&bytes[..length]);
        let at = began.elapsed();
        if frames.last().is_none_or(|last| at >= last.at + SHORTEST) {
            frames.push(Frame { at, screen: parser.screen().clone() });
        }
    }
    child.wait().unwrap();
    frames.push(Frame { at: began.elapsed() + SHORTEST, screen: parser.screen().clone() });
    frames
}
