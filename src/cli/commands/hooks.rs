//! The commands of `[hooks]`: run when a run has ended, told the result, and without a say in it. A hook that fails or hangs
//! is told of; the journal and the exit code are what they were before it.
//!
//! By then the campaign's lock is free and the journal closed, so that a hook can report, back up or run again.

use std::io::{self, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use crate::cli::commands::failure::Failure;
use crate::cli::commands::place::Place;
use crate::cli::commands::sending::SendArgs;
use crate::cli::commands::telling::LastEvent;
use crate::cli::commands::{pacing, signals};
use crate::domain::definition::{Definition, HookCommand};
use crate::domain::delivery::ending::{Ending, Exit};
use crate::domain::delivery::summary::Summary;
use crate::domain::figures::Span;
use crate::domain::phone::mask;
use crate::engine::Stop;
use crate::journal::Reader;

/// Between asking a command to end and ending it.
const GRACE: Duration = Duration::from_secs(2);

/// A run that came to its end and was told of.
pub(in crate::cli::commands) struct Ended {
    pub(in crate::cli::commands) exit: Exit,
    pub(in crate::cli::commands) summary: Summary,
    pub(in crate::cli::commands) ending: Ending,
}

/// Whose hooks are run, and on what.
pub(in crate::cli::commands) struct Hooked<'a> {
    pub(in crate::cli::commands) runtime: &'a Runtime,
    pub(in crate::cli::commands) definition: &'a Definition,
    pub(in crate::cli::commands) place: &'a Place,
    pub(in crate::cli::commands) args: &'a SendArgs,
}

/// Runs the hook of this end, if it has one. The result passes through.
///
/// # Errors
/// That of the run.
pub(in crate::cli::commands) fn after(
    result: Result<Ended, Failure>,
    of: &Hooked<'_>,
) -> Result<Exit, Failure> {
    let exit = match &result {
        Ok(ended) => ended.exit,
        Err(failure) => failure.exit,
    };
    let Some((event, command)) = hook(of.definition, exit, result.is_ok()) else {
        return result.map(|ended| ended.exit);
    };
    if of.args.simulate {
        tracing::info!("{event} is not run: it was a simulation");
        return result.map(|ended| ended.exit);
    }
    let (message, summary) = match &result {
        Ok(ended) => (ended.ending.to_string(), ended.summary.clone()),
        Err(failure) => {
            failure.present();
            (failure.message.clone(), standing(of, exit))
        }
    };
    let command = prepared(command, event, &mask::mask_text(&message), &summary, of);
    if let Err(why) = of.runtime.block_on(run(command, &summary, of.definition.hooks.timeout)) {
        // There is nobody else to tell, and nothing else that it changes.
        let _ = writeln!(io::stderr().lock(), "warning: {event} {why}; the result stands");
    }
    // What was presented is not presented twice.
    result.map(|ended| ended.exit).map_err(|_| Failure { message: String::new(), hint: None, exit })
}

/// The hook of an exit code. A usage error, a limit that was set, a signal and a campaign that runs elsewhere have none:
/// whoever caused them knows.
fn hook(definition: &Definition, exit: Exit, ended: bool) -> Option<(&'static str, &HookCommand)> {
    let hooks = &definition.hooks;
    match exit {
        Exit::Done | Exit::Incomplete if ended => Some(("on_finish", hooks.on_finish.as_ref()?)),
        Exit::Halted | Exit::Failure => Some(("on_halt", hooks.on_halt.as_ref()?)),
        _ => None,
    }
}

/// The result of a run that did not come to its end, as far as the journal tells.
fn standing(of: &Hooked<'_>, exit: Exit) -> Summary {
    let tally = || {
        let reader = Reader::open(&of.place.journal).ok()?;
        let campaign = reader.campaign(&of.definition.name).ok()?;
        reader.tally(campaign.id).ok()
    };
    Summary {
        campaign: of.definition.name.clone(),
        run: None,
        tally: tally().unwrap_or_default(),
        requests: 0,
        throttled: 0,
        retried: 0,
        elapsed: Duration::ZERO,
        asked_rate: pacing::rate(of.definition),
        limited_by: None,
        exit: Some(exit.code()),
    }
}

fn prepared(
    command: &HookCommand,
    event: &str,
    message: &str,
    summary: &Summary,
    of: &Hooked<'_>,
) -> Command {
    let mut prepared = match command {
        HookCommand::Shell(line) => {
            let mut shell = Command::new("/bin/sh");
            shell.arg("-c").arg(line);
            shell
        }
        HookCommand::Program(program, arguments) => {
            let mut command = Command::new(program);
            command.args(arguments);
            command
        }
    };
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    prepared
        .env("CAMPAIGN_EVENT", event)
        .env("CAMPAIGN_NAME", &summary.campaign)
        .env("CAMPAIGN_EXIT", summary.exit.unwrap_or_default().to_string())
        .env("CAMPAIGN_MESSAGE", message)
        .env("CAMPAIGN_JOURNAL", absolute(&of.place.journal));
    if let Some(definition) = &of.place.definition {
        prepared.env("CAMPAIGN_DEFINITION", absolute(definition));
    }
    // A group of its own, so that all of it can be ended. Its stdout is not ours: that has the result, and nothing else.
    prepared.stdin(Stdio::piped()).stdout(io::stderr()).stderr(Stdio::inherit()).process_group(0);
    prepared
}

/// Runs it to its end, or until its time is over or somebody presses Ctrl-C. Says what went wrong.
async fn run(mut command: Command, summary: &Summary, limit: Duration) -> Result<(), String> {
    let mut stop = signals::listen().map_err(|error| format!("was not run: {error}"))?;
    let mut child = command.spawn().map_err(|error| format!("could not be started: {error}"))?;
    let group = Pid::from_child(&child);
    if let Some(mut stdin) = child.stdin.take() {
        let json =
            serde_json::to_string(&LastEvent::of(summary)).expect("texts and numbers always serialize");
        // It fits the pipe, so nobody waits for a command that does not read; one that is gone has its own exit code.
        let _ = writeln!(stdin, "{json}");
    }
    let mut ended = wait(child);
    let why = tokio::select! {
        biased;
        status = &mut ended => return judged(status.ok()),
        () = tokio::time::sleep(limit) => format!("took longer than {} and was ended", Span(limit)),
        _ = stop.wait_for(|stop| *stop != Stop::No) => "was interrupted".to_owned(),
    };
    for signal in [Signal::TERM, Signal::KILL] {
        // It may have ended this instant.
        let _ = kill_process_group(group, signal);
        if tokio::time::timeout(GRACE, &mut ended).await.is_ok() {
            // What it left behind in its group goes with it.
            let _ = kill_process_group(group, Signal::KILL);
            break;
        }
    }
    Err(why)
}

/// Waits on a thread of its own: a process that cannot be ended must not keep this one.
fn wait(mut child: Child) -> oneshot::Receiver<io::Result<ExitStatus>> {
    let (sender, receiver) = oneshot::channel();
    std::thread::spawn(move || {
        // Whoever does not listen any more has given up on it.
        let _ = sender.send(child.wait());
    });
    receiver
}

fn judged(status: Option<io::Result<ExitStatus>>) -> Result<(), String> {
    match status {
        Some(Ok(status)) if status.success() => Ok(()),
        Some(Ok(status)) => Err(format!("failed ({status})")),
        Some(Err(error)) => Err(format!("was lost: {error}")),
        None => Err("was lost".to_owned()),
    }
}
