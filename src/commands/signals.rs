//! Ctrl-C and SIGTERM: the first one drains, the second one stops at once.

use std::io;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::domain::ending::Signal;
use crate::engine::Stop;

/// Listens from now on, for as long as the runtime lives.
///
/// # Errors
/// Where the system does not let signals be listened for.
pub(super) fn listen() -> io::Result<watch::Receiver<Stop>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let (sender, receiver) = watch::channel(Stop::No);
    tokio::spawn(async move {
        loop {
            let signal = tokio::select! {
                Some(()) = interrupt.recv() => Signal::Interrupt,
                Some(()) = terminate.recv() => Signal::Terminate,
                else => return,
            };
            sender.send_modify(|stop| {
                *stop = if *stop == Stop::No { Stop::Drain(signal) } else { Stop::Now(signal) };
            });
        }
    });
    Ok(receiver)
}
