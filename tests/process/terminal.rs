//! The binary in a pseudo-terminal that is its controlling one: keys become signals, and a person's screen is read.

use std::io::{Read, Write};
use std::process::Child;
use std::sync::mpsc;
use std::thread::JoinHandle;

use pty_process::blocking::{self as pty, Pty};

use crate::process::ran::Ran;
use crate::process::site::{BINARY, Site};

pub(crate) struct Terminal {
    keys: Pty,
    child: Child,
    output: mpsc::Receiver<Vec<u8>>,
    reader: JoinHandle<()>,
    /// Everything that was written, with its control sequences.
    seen: String,
}

impl Terminal {
    pub(crate) fn start(site: &Site, args: &[&str]) -> Self {
        Self::sized(site, args, 300, &[])
    }

    /// On a terminal of 40 lines and so many columns, with these variables besides the usual ones.
    pub(crate) fn sized(site: &Site, args: &[&str], columns: u16, variables: &[(&str, &str)]) -> Self {
        let (keys, terminal) = pty::open().unwrap();
        keys.resize(pty_process::Size::new(40, columns)).unwrap();
        let command = pty::Command::new(BINARY).args(args).current_dir(site.folder());
        let command = command.env_clear().envs(site.environment()).envs(variables.iter().copied());
        let child = command.spawn(terminal).unwrap();
        let mut screen = std::fs::File::from(rustix::io::dup(&keys).unwrap());
        let (sender, output) = mpsc::channel();
        let reader = std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            // The end of the last process on it is an error here.
            while let Ok(length @ 1..) = screen.read(&mut bytes) {
                if sender.send(bytes[..length].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self { keys, child, output, reader, seen: String::new() }
    }

    /// Waits until the screen has shown these words; fails where the process ends before.
    pub(crate) fn wait_for(&mut self, words: &str) {
        while !self.seen.contains(words) {
            let bytes = self.output.recv().unwrap_or_else(|_| panic!("no \"{words}\" in:\n{}", self.seen));
            self.seen.push_str(&String::from_utf8_lossy(&bytes));
        }
    }

    /// What is written from now on until the screen has shown these words.
    pub(crate) fn until(&mut self, words: &str) -> String {
        self.seen.clear();
        self.wait_for(words);
        std::mem::take(&mut self.seen)
    }

    pub(crate) fn resize(&self, columns: u16) {
        self.keys.resize(pty_process::Size::new(40, columns)).unwrap();
    }

    pub(crate) fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits for the end. What the screen has shown is its stderr.
    pub(crate) fn end(mut self, site: &Site) -> Ran {
        let status = self.child.wait().unwrap();
        drop(self.keys);
        self.seen.extend(self.output.iter().map(|bytes| String::from_utf8_lossy(&bytes).into_owned()));
        self.reader.join().unwrap();
        let output = std::process::Output { status, stdout: Vec::new(), stderr: self.seen.into_bytes() };
        site.ran(&output)
    }
}

/// The key that interrupts.
pub(crate) const CTRL_C: &str = "\x03";
