//! Ctrl-C and SIGTERM: the first one drains, the second one stops at once. SIGUSR1: how the run fares, in a line.

use std::io::{self, Write as _};
use std::path::PathBuf;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::app::status::Status;
use crate::cli::commands::status::text;
use crate::cli::session::Session;
use crate::domain::delivery::ending::Signal;
use crate::engine::Stop;
use tracing_subscriber::fmt::MakeWriter as _;

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

/// From now on, and for as long as the runtime lives, SIGUSR1 writes a line to stderr that tells how the campaign fares, as the
/// journal has it. It would end the process else.
///
/// # Errors
/// Where the system does not let signals be listened for.
pub(super) fn tell_when_asked(journal: PathBuf, campaign: String, session: &Session<'_>) -> io::Result<()> {
    let mut asked = signal(SignalKind::user_defined1())?;
    let (screen, clock) = (session.screen.clone(), session.clock.clone());
    tokio::spawn(async move {
        while asked.recv().await.is_some() {
            let (journal, campaign, now) = (journal.clone(), campaign.clone(), clock.now());
            let screen = screen.clone();
            let told = tokio::task::spawn_blocking(move || {
                let line = Status::of(&journal, &campaign, now).map_or_else(
                    |error| format!("{campaign}: nothing to tell yet: {error}"),
                    |status| text::line(&status),
                );
                // Whoever asked and does not listen loses a line.
                let _ = screen.make_writer().write_all(format!("{line}\n").as_bytes());
            });
            let _ = told.await;
        }
    });
    Ok(())
}
