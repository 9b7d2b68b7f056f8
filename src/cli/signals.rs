//! Ctrl-C and SIGTERM: the first one drains, the second one stops at once. SIGHUP, of a terminal that goes away, drains:
//! it comes twice from some. SIGUSR1: how the run fares, in a line.

use std::fs;
use std::io::{self, Write as _};
use std::path::PathBuf;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::app::status::Status;
use crate::cli::commands::status::text;
use crate::cli::output;
use crate::cli::session::Session;
use crate::domain::delivery::ending::{Exit, Signal};
use crate::engine::Stop;
use crate::progress::Screen;
use tracing_subscriber::fmt::MakeWriter as _;

/// Listens from now on, for as long as the runtime lives.
///
/// # Errors
/// Where the system does not let signals be listened for.
pub(super) fn listen() -> io::Result<watch::Receiver<Stop>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    // `nohup` has it ignored, and it stays so.
    let mut hangup = if ignores_hangups() { None } else { Some(signal(SignalKind::hangup())?) };
    let (sender, receiver) = watch::channel(Stop::No);
    tokio::spawn(async move {
        loop {
            let signal = tokio::select! {
                Some(()) = interrupt.recv() => Signal::Interrupt,
                Some(()) = terminate.recv() => Signal::Terminate,
                Some(()) = hung_up(hangup.as_mut()) => {
                    sender.send_if_modified(|stop| {
                        let first = *stop == Stop::No;
                        if first {
                            *stop = Stop::Drain(Signal::Terminate);
                        }
                        first
                    });
                    continue;
                }
                else => return,
            };
            sender.send_modify(|stop| {
                *stop = if *stop == Stop::No { Stop::Drain(signal) } else { Stop::Now(signal) };
            });
        }
    });
    Ok(receiver)
}

async fn hung_up(hangup: Option<&mut tokio::signal::unix::Signal>) -> Option<()> {
    match hangup {
        Some(hangup) => hangup.recv().await,
        None => std::future::pending().await,
    }
}

/// Whether whoever started this process has it ignore SIGHUP. Where the system does not tell, it is taken to be so.
fn ignores_hangups() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_none_or(|mask| mask & 1 == 1)
}

/// From now on a file that may not grow any more (`ulimit -f`, systemd's `LimitFSIZE`) is an error like a full disk; left
/// alone, the signal ends the process without a word. Must be called inside a runtime.
///
/// # Errors
/// Where the system does not let signals be listened for.
pub(super) fn survive_file_limits() -> io::Result<()> {
    // Once it was listened for, the signal has no other effect any more, as long as the process lives.
    signal(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw())).map(drop)
}

/// Asks a question on the terminal. A signal meanwhile ends the process, with the cursor where it was: what asks may have
/// hidden it.
pub(super) fn while_asking(ask: impl FnOnce() -> dialoguer::Result<bool>) -> dialoguer::Result<bool> {
    // A read that was interrupted has a signal behind it, which ends the process a moment later.
    let interrupted = |answer: &dialoguer::Result<bool>| matches!(answer, Err(dialoguer::Error::IO(error)) if error.kind() == io::ErrorKind::Interrupted);
    ended_by_signals(|| {}, ask, interrupted)?
}

/// Does something in a folder that goes with it, whatever ends it: a signal takes the view off the screen, removes the folder
/// and ends the process.
///
/// # Errors
/// Where the system does not let signals be listened for.
pub(super) fn while_in<T>(folder: PathBuf, screen: &Screen, work: impl FnOnce() -> T) -> io::Result<T> {
    let screen = screen.clone();
    let remove = move || {
        screen.clear_bar();
        // Files may still be made in it.
        for _ in 0..10 {
            if fs::remove_dir_all(&folder).is_ok() {
                break;
            }
        }
    };
    ended_by_signals(remove, work, |_| false)
}

/// Does something that the first signal ends, and the process with it: after `last`, with the exit code of the signal.
/// Where the signal itself ended the work, as `interrupted` says, the process does not go on.
fn ended_by_signals<T>(
    last: impl FnOnce() + Send + 'static,
    work: impl FnOnce() -> T,
    interrupted: impl FnOnce(&T) -> bool,
) -> io::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (done, over) = tokio::sync::oneshot::channel::<()>();
    let (ready, is_ready) = std::sync::mpsc::channel();
    let watching = std::thread::Builder::new().spawn(move || {
        runtime.block_on(async move {
            let mut stop = match listen() {
                Ok(stop) => stop,
                Err(error) => {
                    let _ = ready.send(Err(error));
                    return;
                }
            };
            let _ = ready.send(Ok(()));
            tokio::select! {
                _ = over => {}
                Ok(signal) = async { stop.wait_for(|stop| *stop != Stop::No).await.map(|stop| *stop) } => {
                    let code = match signal {
                        Stop::Drain(Signal::Terminate) | Stop::Now(Signal::Terminate) => Exit::Terminated,
                        _ => Exit::Interrupted,
                    };
                    last();
                    output::show_cursor();
                    std::process::exit(i32::from(code.code()));
                }
            }
        });
    })?;
    is_ready.recv().map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))??;
    let result = work();
    if !interrupted(&result) {
        drop(done);
    }
    let _ = watching.join();
    Ok(result)
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
