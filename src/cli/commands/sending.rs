//! What `run` and `resume` share: progress while a run sends, and the words for its result.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::app::account_check::AccountCheck;
use crate::app::alerts::{Alerts, WatchedRun};
use crate::app::error::Error;
use crate::app::paths::CampaignPaths;
use crate::app::run::PreparedRun;
use crate::app::send::{LastEvent, Run, RunResult};
use crate::cli::args::global::GlobalArgs;
use crate::cli::args::send::SendArgs;
use crate::cli::commands::serve::LivePage;
use crate::cli::failure::Failure;
use crate::cli::hooks::ShownRun;
use crate::cli::session::Session;
use crate::cli::{next_step, output, signals};
use crate::domain::account::findings::Status;
use crate::domain::definition::{AccountRule, PaceSettings};
use crate::domain::delivery::ending::{self, Ending, Exit};
use crate::domain::delivery::state::State;
use crate::domain::figures::Span;
use crate::domain::next_step::{Advice, Command};
use crate::progress::{About, Events, Progress, ProgressKind};

/// Off a terminal, a line of progress comes this often.
pub(super) const LINE_EVERY: Duration = Duration::from_secs(5);

/// Tasks that have a turn before timers and sockets are looked at again: as many as there are connections that bring an
/// answer at once. The next request finds its connection free, see `connect::Client::start`.
const TURNS: u32 = 256;

/// The runtime of a run: one thread, which is fastest for this work, and the blocking pool for the journal.
pub(in crate::cli::commands) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .event_interval(TURNS)
        .enable_all()
        .build()
        .map_err(|error| Error::exhausted("start the runtime", &error))?;
    threads_can_start().map_err(|error| Error::no_thread(&error))?;
    let inside = runtime.enter();
    signals::survive_file_limits().map_err(|error| Error::exhausted("listen for signals", &error))?;
    drop(inside);
    Ok(runtime)
}

/// Starts as many threads at once as a run needs beside its own, and ends them: tokio panics where it cannot start one.
fn threads_can_start() -> io::Result<()> {
    const THREADS: usize = 4;
    let (end, ended) = std::sync::mpsc::channel::<()>();
    let ended = Arc::new(Mutex::new(ended));
    let started: io::Result<Vec<_>> = (0..THREADS)
        .map(|_| {
            let ended = Arc::clone(&ended);
            let wait = move || drop(ended.lock().map(|ended| ended.recv()));
            std::thread::Builder::new().spawn(wait)
        })
        .collect();
    drop(end);
    for thread in started? {
        // It does nothing that could panic.
        let _ = thread.join();
    }
    Ok(())
}

/// The journal of a command that sends: a simulation has one of its own where none was named. Gives back the options with
/// it, so that advice leads there.
pub(in crate::cli::commands) fn journal(
    paths: &mut CampaignPaths,
    global: &GlobalArgs,
    send: &SendArgs,
) -> GlobalArgs {
    let global = global.with_service(send.service());
    match paths.simulated_journal() {
        Some(simulated) if send.simulate && global.journal.is_none() => {
            let global = global.with_journal(&simulated);
            paths.journal = simulated;
            global
        }
        _ => global,
    }
}

/// What a run and its result are shown with.
pub(in crate::cli::commands) struct Words<'a> {
    /// The command that goes on.
    pub(in crate::cli::commands) next: &'a str,
    /// The file of rejected rows, and how they come back.
    pub(in crate::cli::commands) rejected: Option<&'a str>,
    /// Who is told besides.
    pub(in crate::cli::commands) alerts: Option<&'a Alerts>,
    /// Where the live page is shown meanwhile.
    pub(in crate::cli::commands) serve: Option<SocketAddr>,
}

/// Findings that say nothing of whether a campaign can be sent now.
const BESIDE: [&str; 2] = ["optouts", "trace.searchable"];

/// Asks the account before a run, and tells what it found.
///
/// # Errors
/// Where the campaign cannot be sent and the definition refuses to try.
pub(in crate::cli::commands) async fn ask_account(
    prepared: &mut PreparedRun<'_>,
    global: &GlobalArgs,
) -> Result<(), Failure> {
    let checked = prepared.ask_account().await?;
    if !global.quiet {
        tell(&checked, global);
    }
    let failed: Vec<_> = checked.failed().map(|finding| finding.id).collect();
    if prepared.definition().account.check == AccountRule::Refuse && !failed.is_empty() {
        return Err(Error::unsendable(&failed.join(", ")).into());
    }
    Ok(())
}

/// Longest finding that is told, in characters.
const LONGEST_FINDING: usize = 1_000;

/// What is not in order, what could not be asked, and what a run takes from the answers.
fn tell(checked: &AccountCheck, global: &GlobalArgs) {
    let age = checked.age.map_or_else(String::new, |age| format!(" {} ago", Span(age)));
    let findings: Vec<_> = checked.findings.iter().filter(|finding| !BESIDE.contains(&finding.id)).collect();
    for finding in &findings {
        let word = match finding.status {
            Status::Ok | Status::NotChecked => continue,
            Status::Warning => "warning",
            Status::Failed => "failed",
        };
        output::note(&format!(
            "{word}: the account{age}: {} ({})",
            finding.summary.shown_up_to(LONGEST_FINDING),
            finding.id
        ));
        if let Some(next) = next_step::of_finding(finding, global) {
            output::note(&format!("  hint: {next}"));
        }
    }
    let unknown = findings.iter().filter(|finding| finding.status == Status::NotChecked);
    let unknown: Vec<_> = unknown.map(|finding| finding.id).collect();
    if !unknown.is_empty() {
        let advice = Advice::default().run(Command::Doctor).then(" says why");
        let advice = next_step::words(&advice.into(), global);
        output::note(&format!("note: not checked with the account: {}; {advice}", unknown.join(", ")));
    }
    for note in &checked.notes {
        output::note(&format!("note: {note}"));
    }
}

/// Sends with progress, and shows the result.
pub(in crate::cli::commands) async fn send(
    prepared: PreparedRun<'_>,
    words: Words<'_>,
    session: &Session<'_>,
) -> Result<ShownRun, Failure> {
    let global = session.global;
    let stop = signals::listen().map_err(|error| Error::exhausted("listen for signals", &error))?;
    let (campaign, pace) = (prepared.definition().name.clone(), prepared.definition().pace);
    let journal = prepared.journal().to_owned();
    // Before anything is sent, and to the end of this function.
    let _live = match words.serve {
        Some(address) => Some(LivePage::begin(address, &journal, session).await?),
        None => None,
    };
    let run = prepared.begin(stop)?;
    let events = (global.json && !global.quiet).then(Events::stdout);
    let kind = ProgressKind::for_stderr(global.quiet, events.is_some());
    let (id, about) = (run.id(), about(campaign, &pace, &run));
    let mut progress = Progress::new(kind, LINE_EVERY, events, about, &session.screen, &session.clock);
    let driven = {
        let mut watched = match words.alerts {
            Some(alerts) => {
                alerts.watch_deliveries(journal);
                alerts.watching(id.number(), &mut progress)
            }
            None => WatchedRun::unalerted(&mut progress),
        };
        run.drive(&mut watched).await
    };
    progress.finish().await;
    let mut result = driven?.conclude()?;
    let next = show(&result, &words, session)?;
    // What was read before the file could not be read any further is sent and shown; now the failure is.
    std::mem::replace(&mut result.read, Ok(()))?;
    Ok(ShownRun { result, next })
}

fn about(campaign: String, pace: &PaceSettings, run: &Run) -> About {
    About {
        campaign,
        run: run.id().number(),
        asked_rate: run.asked_rate(),
        active: pace.contact_life.map(|life| (pace.max_active_contacts.into(), life)),
    }
}

/// Lines on stderr for people, and the last line of stdout for programs. Gives back what to do next.
fn show(result: &RunResult, words: &Words<'_>, session: &Session<'_>) -> Result<Vec<String>, Failure> {
    let (global, summary, ending) = (session.global, &result.summary, &result.outcome.ending);
    if !global.quiet {
        output::note(&summary.text());
    }
    if *ending != Ending::Complete {
        output::note(&ending.to_string());
    }
    let mut next = Vec::new();
    let mut hint = |words: String, shown: bool| {
        if shown {
            output::note(&format!("  hint: {words}"));
        }
        next.push(words);
    };
    if let Some(advice) = ending.advice() {
        hint(next_step::words(&advice.into(), global), true);
    }
    if let Some(rejected) = words.rejected {
        hint(rejected.to_owned(), !global.quiet);
    }
    // What halts has one thing to fix first; what ended otherwise is told of its rows.
    if result.exit != Exit::Halted {
        let known = |state: &State| *state == State::Rejected && words.rejected.is_some();
        for (_, step) in ending::next_steps(&summary.tally).into_iter().filter(|(state, _)| !known(state)) {
            let shown = *ending == Ending::Complete && !global.quiet;
            hint(next_step::words(&step.into(), global), shown);
        }
    }
    if result.goes_on {
        output::note(&format!("  next: {}", words.next));
        next.push(format!("go on with `{}`", words.next));
    }
    if global.json {
        output::json(&LastEvent::of(summary)).map_err(|failure| Failure {
            message: failure.message.replacen("to stdout", "the result", 1),
            hint: Some(Advice::default().run(Command::Status).then(" has it").into()),
            ..failure
        })?;
    }
    Ok(next)
}
