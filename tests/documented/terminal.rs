//! A command on a terminal of its own, where somebody has typed y ahead.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use pty_process::blocking as pty;

use crate::process::ran::without_forecast;

/// What a command left behind.
pub(crate) struct Ran {
    pub(crate) code: i32,
    /// What the terminal showed, without its control sequences.
    pub(crate) shown: String,
}

/// Runs a line of shell.
pub(crate) fn run(line: &str, folder: &Path, environment: &[(String, String)]) -> Ran {
    let (mut keys, terminal) = pty::open().unwrap();
    keys.resize(pty_process::Size::new(50, 160)).unwrap();
    let variables = environment.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let command = pty::Command::new("sh").args(["-c", line]).current_dir(folder).env_clear().envs(variables);
    let mut child = command.spawn(terminal).unwrap();
    let mut screen = File::from(rustix::io::dup(&keys).unwrap());
    let reading = std::thread::spawn(move || {
        let (mut seen, mut bytes) = (Vec::new(), [0; 4096]);
        // The end of the last process on it is an error here.
        while let Ok(length @ 1..) = screen.read(&mut bytes) {
            seen.extend_from_slice(&bytes[..length]);
        }
        seen
    });
    keys.write_all(b"y").unwrap();
    let status = child.wait().unwrap();
    drop(keys);
    let seen = reading.join().unwrap();
    Ran { code: status.code().unwrap_or(-1), shown: plain(&seen) }
}

/// As it reads once everything is written.
fn plain(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes).replace("\r\n", "\n");
    // The terminal echoes the y that was typed ahead.
    let text = text.strip_prefix('y').unwrap_or(&text).to_owned();
    without_forecast(&console_codes(&text))
}

/// Without control sequences.
fn console_codes(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('\u{1b}') {
        plain.push_str(before);
        let end = behind.find(|c: char| c.is_ascii_alphabetic()).map_or(behind.len(), |at| at + 1);
        rest = &behind[end..];
    }
    plain + rest
}
