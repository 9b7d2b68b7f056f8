//! `campaign simulator` as a process of its own, for the tests that need real sockets.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A running simulator; it is killed when the test is done with it.
pub(crate) struct Process {
    pub(crate) child: Child,
    /// `http://127.0.0.1:PORT`
    pub(crate) endpoint: String,
}

impl Process {
    /// Starts one with these arguments and waits until it listens.
    pub(crate) fn start(args: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_campaign"));
        command.arg("simulator").args(args).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the simulator starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).expect("the simulator speaks");
        let endpoint =
            line.trim().strip_prefix("listening on ").expect("it says where it listens").to_owned();
        Self { child, endpoint }
    }

    /// A new connection to it.
    pub(crate) fn connect(&self) -> TcpStream {
        let address = self.endpoint.strip_prefix("http://").unwrap();
        let stream = TcpStream::connect(address).expect("it accepts");
        // A test that waits for what never comes fails instead of hanging.
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream
    }

    /// The body that a path outside the service answers with.
    pub(crate) fn get(&self, path: &str) -> String {
        let mut stream = self.connect();
        write!(stream, "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").expect("a whole answer");
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        body.to_owned()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already, as the test wanted.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}
