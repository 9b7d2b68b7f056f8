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
use tokio::sync::{oneshot, watch};

use crate::app::pacing;
use crate::app::paths::CampaignPaths;
use crate::app::send::LastEvent;
use crate::domain::definition::{Definition, HookCommand};
use crate::domain::delivery::ending::Exit;
use crate::domain::delivery::summary::Summary;
use crate::domain::figures::Span;
use crate::engine::Stop;
use crate::journal::{self, Reader};

/// Between asking a command to end and ending it.
const GRACE: Duration = Duration::from_secs(2);

/// What a hook is run for.
#[derive(Debug, Clone, Copy)]
pub struct HookContext<'a> {
    /// The definition.
    pub definition: &'a Definition,
    /// The campaign's files.
    pub paths: &'a CampaignPaths,
    /// How the run ended, in words.
    pub message: &'a str,
    /// The result.
    pub summary: &'a Summary,
}

/// A hook that is to be run.
#[derive(Debug, Clone, Copy)]
pub struct Hook<'a> {
    /// Its key in `[hooks]`.
    pub event: &'static str,
    command: &'a HookCommand,
}

impl Hook<'_> {
    /// Runs it to its end, or until its time is over or `stop` asks for an end. Its stdout goes to `output`.
    ///
    /// # Errors
    /// What went wrong, in words that follow the hook's name. It changes nothing of the result.
    pub async fn run(
        &self,
        context: &HookContext<'_>,
        stop: watch::Receiver<Stop>,
        output: Stdio,
    ) -> Result<(), String> {
        let command = prepared(self.command, self.event, output, context);
        let result = serde_json::to_string(&LastEvent::of(context.summary))
            .expect("texts and numbers always serialize");
        run(command, &result, context.definition.hooks.timeout, stop).await
    }
}

/// The hook of an exit code. A usage error, a limit that was set, a signal and a campaign that runs elsewhere have none:
/// whoever caused them knows.
#[must_use]
pub fn hook(definition: &Definition, exit: Exit, ended: bool) -> Option<Hook<'_>> {
    let hooks = &definition.hooks;
    match exit {
        Exit::Done | Exit::Incomplete if ended => {
            Some(Hook { event: "on_finish", command: hooks.on_finish.as_ref()? })
        }
        Exit::Halted | Exit::Failure => Some(Hook { event: "on_halt", command: hooks.on_halt.as_ref()? }),
        _ => None,
    }
}

/// The result of a run that did not come to its end, as far as the journal tells.
#[must_use]
pub fn standing(definition: &Definition, paths: &CampaignPaths, exit: Exit) -> Summary {
    let tally = || {
        let reader = Reader::open(&paths.journal).ok()?;
        let campaign = reader.campaign(&definition.name).ok()?;
        reader.tally(campaign.id).ok()
    };
    Summary {
        campaign: definition.name.clone(),
        run: None,
        tally: tally().unwrap_or_default(),
        already_started: None,
        deliveries: None,
        requests: 0,
        throttled: 0,
        retried: 0,
        elapsed: Duration::ZERO,
        asked_rate: pacing::rate(definition),
        burst: Some(definition.pace.burst.get()),
        limited_by: None,
        goes_on_at: None,
        exit: Some(exit.code()),
    }
}

fn prepared(command: &HookCommand, event: &str, output: Stdio, context: &HookContext<'_>) -> Command {
    let HookContext { paths, message, summary, .. } = *context;
    let mut prepared = started_by(command);
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    prepared
        .env("CAMPAIGN_EVENT", event)
        .env("CAMPAIGN_NAME", &summary.campaign)
        .env("CAMPAIGN_EXIT", summary.exit.unwrap_or_default().to_string())
        .env("CAMPAIGN_MESSAGE", message)
        .env("CAMPAIGN_JOURNAL", journal::absolute(&paths.journal));
    if let Some(definition) = &paths.definition {
        prepared.env("CAMPAIGN_DEFINITION", absolute(definition));
    }
    // A group of its own, so that all of it can be ended. Its stdout is not ours: that has the result, and nothing else.
    prepared.stdin(Stdio::piped()).stdout(output).stderr(Stdio::inherit()).process_group(0);
    prepared
}

/// A command of a definition, not yet started.
pub(super) fn started_by(command: &HookCommand) -> Command {
    match command {
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
    }
}

/// Runs it to its end, or until its time is over or somebody presses Ctrl-C. It must be in a process group of its own, with a
/// pipe for its stdin, where it gets the line `input`. Says what went wrong.
pub(super) async fn run(
    mut command: Command,
    input: &str,
    limit: Duration,
    mut stop: watch::Receiver<Stop>,
) -> Result<(), String> {
    let mut child = command.spawn().map_err(|error| format!("could not be started: {error}"))?;
    let group = Pid::from_child(&child);
    if let Some(mut stdin) = child.stdin.take() {
        // It fits the pipe, so nobody waits for a command that does not read; one that is gone has its own exit code.
        let _ = writeln!(stdin, "{input}");
    }
    let ended = wait(child).inspect_err(|_| _ = kill_process_group(group, Signal::KILL));
    let mut ended = ended.map_err(|error| format!("could not be watched: {error}"))?;
    let why = tokio::select! {
        biased;
        status = &mut ended => return judged(status.ok()),
        () = tokio::time::sleep(limit) => format!("took longer than {} and was ended", Span(limit)),
        Ok(_) = stop.wait_for(|stop| *stop != Stop::No) => "was interrupted".to_owned(),
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
fn wait(mut child: Child) -> io::Result<oneshot::Receiver<io::Result<ExitStatus>>> {
    let (sender, receiver) = oneshot::channel();
    std::thread::Builder::new().spawn(move || {
        // Whoever does not listen any more has given up on it.
        let _ = sender.send(child.wait());
    })?;
    Ok(receiver)
}

fn judged(status: Option<io::Result<ExitStatus>>) -> Result<(), String> {
    match status {
        Some(Ok(status)) if status.success() => Ok(()),
        Some(Ok(status)) => Err(format!("failed ({status})")),
        Some(Err(error)) => Err(format!("was lost: {error}")),
        None => Err("was lost".to_owned()),
    }
}
