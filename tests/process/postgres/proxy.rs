//! A way to PostgreSQL over loopback that can be cut: where a commit is asked for, or where it is answered.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// Where a connection is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// The server does not hear of the commit.
    Before,
    /// It commits, and nobody hears of that.
    After,
}

pub(crate) struct Proxy {
    pub(crate) port: u16,
    /// Commits until the cut; below zero: none is to come.
    commits: Arc<AtomicI64>,
}

impl Proxy {
    /// A way to that port.
    pub(crate) fn to(port: u16, cut: Cut) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let own = listener.local_addr().unwrap().port();
        let commits = Arc::new(AtomicI64::new(-1));
        let counted = Arc::clone(&commits);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let Ok(server) = TcpStream::connect(("127.0.0.1", port)) else { continue };
                let counted = Arc::clone(&counted);
                std::thread::spawn(move || pass(client, server, cut, &counted));
            }
        });
        Self { port: own, commits }
    }

    /// Cuts the connection that commits next but so many.
    pub(crate) fn arm(&self, commits: i64) {
        self.commits.store(commits, Ordering::SeqCst);
    }

    /// Whether it was cut.
    pub(crate) fn was_cut(&self) -> bool {
        self.commits.load(Ordering::SeqCst) < 0
    }
}

/// Whether these are the last bytes of a transaction that writes.
fn is_commit(bytes: &[u8]) -> bool {
    bytes.ends_with(b"COMMIT\0") && bytes.windows(14).any(|part| part == b"UPDATE journal")
}

fn pass(mut client: TcpStream, mut server: TcpStream, cut: Cut, commits: &AtomicI64) {
    let (mut answers, mut asked) = (server.try_clone().unwrap(), client.try_clone().unwrap());
    let deaf = Arc::new(AtomicI64::new(0));
    let is_deaf = Arc::clone(&deaf);
    let back = std::thread::spawn(move || {
        let mut bytes = vec![0; 1 << 16];
        while let Ok(read @ 1..) = answers.read(&mut bytes) {
            if is_deaf.load(Ordering::SeqCst) == 1 {
                // The answer to the commit is the last of them.
                if bytes[..read].windows(7).any(|part| part == b"COMMIT\0") {
                    break;
                }
            } else if asked.write_all(&bytes[..read]).is_err() {
                break;
            }
        }
        _ = asked.shutdown(Shutdown::Both);
    });
    let mut bytes = vec![0; 1 << 16];
    let mut tail: Vec<u8> = Vec::new();
    while let Ok(read @ 1..) = client.read(&mut bytes) {
        tail.extend_from_slice(&bytes[..read]);
        let is_cut = is_commit(&tail) && commits.fetch_sub(1, Ordering::SeqCst) == 0;
        let length = tail.len();
        tail.drain(..length.saturating_sub(400));
        if is_cut {
            if cut == Cut::Before {
                break;
            }
            deaf.store(1, Ordering::SeqCst);
        }
        if server.write_all(&bytes[..read]).is_err() {
            break;
        }
    }
    _ = client.shutdown(Shutdown::Both);
    if deaf.load(Ordering::SeqCst) == 0 {
        _ = server.shutdown(Shutdown::Both);
    }
    _ = back.join();
    _ = server.shutdown(Shutdown::Both);
}
