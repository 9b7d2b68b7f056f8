//! `campaign run`: plan, pre-flight, send; run again to go on.

use std::io::{self, IsTerminal, Write};
use std::num::NonZeroU64;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::cli::Shared;
use crate::cli::commands::failure::Failure;
use crate::cli::commands::hooks::Hooked;
use crate::cli::commands::next::GoOn;
use crate::cli::commands::place::Place;
use crate::cli::commands::planning::File;
use crate::cli::commands::reading::ReadingArgs;
use crate::cli::commands::sending::{Held, Job, SendArgs};
use crate::cli::commands::streaming::Stream;
use crate::cli::commands::{Session, hooks, hours, next, planning, sending};
use crate::domain::definition::Definition;
use crate::domain::delivery::ending::Exit;
use crate::domain::delivery::state::State;
use crate::domain::preflight::{Findings, Options, Preflight};
use crate::domain::warning::WarningCode;
use crate::journal::Planned;
use crate::recipients::Source;

/// Arguments of `campaign run`.
#[derive(Debug, Clone, Args)]
pub struct RunArgs {
    /// Recipients file; `-` is stdin
    pub file: PathBuf,
    /// Show what would be sent, with --json every request as the API takes it; send nothing, journal nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Send while the file is still being read, for pipes: no pre-flight, needs --yes
    #[arg(long, conflicts_with_all = ["dry_run", "sample"])]
    pub stream: bool,
    #[command(flatten)]
    reading: ReadingArgs,
    #[command(flatten)]
    send: SendArgs,
}

/// Runs the command.
///
/// # Errors
/// What the user is told.
pub fn run(args: &RunArgs, session: &Session<'_>) -> Result<Exit, Failure> {
    let shared = session.shared;
    let source = Source::named(&args.file);
    let (place, mut definition) = Place::of_file(shared, &source, &args.reading)?;
    args.send.apply(&mut definition)?;
    let mut file = File::open(&source, &definition, &place)?;
    file.reject_to(args.reading.rejects.as_deref(), &source, &definition)?;
    let findings = file.findings(&definition);
    if args.dry_run {
        return rehearse(&mut file, findings, &args.send, shared);
    }
    if !args.send.simulate {
        hours::must_not_close(&definition)?;
    }
    let runtime = sending::runtime()?;
    let result = runtime.block_on(async {
        let mut held = sending::hold(&args.send, &definition, &place, session, Duration::MAX).await?;
        file.refuse_part(&held.journal, held.campaign)?;
        let (stream, rejected) = if args.stream {
            (Some(streamed(file, findings, &mut held, &args.send)?), None)
        } else {
            (None, planned(file, findings, &mut held, (args, &definition), shared)?)
        };
        let goes_on = if args.stream { GoOn::Stream(&args.file) } else { GoOn::Resume };
        let next = next::command(goes_on, shared, &args.send);
        let job =
            Job { args: &args.send, definition: &definition, file: Some(&args.file), stream, next, rejected };
        sending::send(held, job, session).await
    });
    hooks::after(
        result,
        &Hooked { runtime: &runtime, definition: &definition, place: &place, args: &args.send },
    )
}

/// Begins a plan of a file that is sent while it is read.
fn streamed(file: File, findings: Findings, held: &mut Held, args: &SendArgs) -> Result<Stream, Failure> {
    if !args.yes && !args.simulate {
        return Err(Failure::usage(
            "with --stream there is nothing to look at before sending",
            "look with `campaign check FILE`, then run again with --yes",
        ));
    }
    held.admit(file.lists.suppression.clone(), None, false)?;
    if args.retry_failed {
        held.journal.retry_failed(held.campaign)?;
    }
    let waiting = held.journal.verified_tally(held.campaign)?[State::Queued];
    let plan = file.begin(&mut held.journal, held.campaign)?;
    if waiting == 0 {
        held.journal.set_planned(held.campaign, Planned::Streamed)?;
    } else if !file.corrects() {
        // Whether the file still has them is known when it is read that far, and then they come back.
        held.journal.withdraw_waiting(held.campaign)?;
    }
    Ok(Stream { file: Box::new(file), findings: Box::new(findings), plan })
}

/// Plans the file, tells what would be sent, and asks. What a plan takes of memory is given back before anything is sent.
/// Says where the rejected rows are, if they were asked for.
fn planned(
    mut file: File,
    mut findings: Findings,
    held: &mut Held,
    (args, definition): (&RunArgs, &Definition),
    shared: &Shared,
) -> Result<Option<String>, Failure> {
    let facts = file.plan(&mut held.journal, held.campaign, &mut findings)?;
    held.admit(std::mem::take(&mut file.lists.suppression), args.send.sample, true)?;
    let preflight = planning::settle(findings, facts, &held.journal, held.campaign, &args.send)?;
    tell(&preflight, shared)?;
    let rejected = file.rejected.as_ref().map(|written| written.words(shared, &args.send));
    agree(args, definition, &preflight, (shared, rejected.as_deref()))?;
    held.journal.set_planned(held.campaign, Planned::Agreed)?;
    Ok(rejected)
}

/// Nothing is sent unless the file is good enough and a person agrees.
fn agree(
    args: &RunArgs,
    definition: &Definition,
    preflight: &Preflight,
    (shared, rejected): (&Shared, Option<&str>),
) -> Result<(), Failure> {
    if let Some(reason) = preflight.refusal() {
        return Err(refused(reason, rejected));
    }
    if let (Some(rejected), false) = (rejected, shared.quiet) {
        writeln!(io::stderr().lock(), "{rejected}").map_err(|error| stdout(&error))?;
    }
    if preflight.to_send() > 0 && !confirmed(args, definition, preflight, shared.quiet)? {
        return Err(Failure::usage("not agreed to", "nothing was sent; run it again to be asked again"));
    }
    Ok(())
}

fn rehearse(
    file: &mut File,
    mut findings: Findings,
    args: &SendArgs,
    shared: &Shared,
) -> Result<Exit, Failure> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let shape = file.binding.shape().clone();
    let most = args.limit.map_or(u64::MAX, NonZeroU64::get);
    let written = file.rehearse(&mut findings, (most, args.sample.map(NonZeroU64::get)), |recipient| {
        if shared.json {
            let request = shape
                .fill(&recipient.slots, recipient.phone.as_str(), recipient.client_token)
                .expect("slots just rendered fit their shape");
            out.write_all(&request.body())
                .and_then(|()| out.write_all(b"\n"))
                .map_err(|error| stdout(&error))?;
        }
        Ok(())
    });
    let most = written.and_then(|most| out.flush().map(|()| most).map_err(|error| stdout(&error)))?;
    let preflight = Preflight::new(findings, None, Options { most, simulated: args.simulate });
    tell(&preflight, shared)?;
    let rejected = file.rejected.as_ref().map(|written| written.words(shared, args));
    verdict(&preflight, shared, rejected)
}

/// The exit code of a pre-flight alone, in `check` and in a dry run: what a run would end with whose every request is
/// answered with a contact. Says what to do about it.
///
/// # Errors
/// Where stderr cannot be written.
pub(in crate::cli::commands) fn verdict(
    preflight: &Preflight,
    shared: &Shared,
    rejected: Option<String>,
) -> Result<Exit, Failure> {
    let (exit, hint) = match preflight.refusal() {
        Some(reason) => return Err(refused(reason, rejected.as_deref())),
        None if preflight.rejected() > 0 => (
            Exit::Incomplete,
            rejected.unwrap_or_else(|| {
                "correct the rejected lines in the file and check again, or have them in a file of their own with \
                 `--rejects wrong.csv`; `run` leaves them out"
                    .to_owned()
            }),
        ),
        None => return Ok(Exit::Done),
    };
    if !shared.quiet {
        writeln!(io::stderr().lock(), "  hint: {hint}").map_err(|error| stdout(&error))?;
    }
    Ok(exit)
}

fn refused(reason: String, rejected: Option<&str>) -> Failure {
    let hint = match rejected {
        Some(rejected) => format!("{rejected}. Or allow more with max_rejected in [safety]; nothing was sent"),
        None => "correct the file, or have the rejected rows in a file of their own with `--rejects wrong.csv`; or allow more \
                 with max_rejected in [safety]; nothing was sent"
            .to_owned(),
    };
    Failure { message: reason, hint: Some(hint), exit: Exit::Halted }
}

/// A reader of ours that goes away early, as `head` does, has what it wanted.
pub(in crate::cli::commands) fn stdout(error: &io::Error) -> Failure {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return Failure::reader_left();
    }
    Failure {
        message: format!("failed to write to stdout: {error}"),
        hint: Some("make room where it goes, or send it elsewhere".to_owned()),
        exit: Exit::Failure,
    }
}

fn tell(preflight: &Preflight, shared: &Shared) -> Result<(), Failure> {
    if shared.quiet {
        return Ok(());
    }
    writeln!(io::stderr().lock(), "{}", preflight.text()).map_err(|error| stdout(&error))
}

/// Texts that look wrong are sent only where somebody has looked at them.
fn wrong_texts(codes: &[WarningCode]) -> Failure {
    let options: Vec<String> = codes.iter().map(|code| format!("--accept {}", code.name())).collect();
    Failure::usage(
        format!("texts that look wrong would be sent: {}", names(codes)),
        &format!(
            "look with `campaign check FILE` and correct the file or the definition; if the texts are meant so, run again with \
             {}, or name the codes in accept in [safety]; nothing was sent",
            options.join(" ")
        ),
    )
}

fn names(codes: &[WarningCode]) -> String {
    codes.iter().map(|code| code.name()).collect::<Vec<_>>().join(", ")
}

/// Asks on a terminal; elsewhere `--yes` must have been given. Nothing real happens in a simulation.
fn confirmed(
    args: &RunArgs,
    definition: &Definition,
    preflight: &Preflight,
    quiet: bool,
) -> Result<bool, Failure> {
    if args.send.simulate {
        return Ok(true);
    }
    let accepted: Vec<WarningCode> =
        definition.safety.accept.iter().chain(&args.send.accept).copied().collect();
    let wrong = preflight.unaccepted(&accepted);
    if args.send.yes && wrong.is_empty() {
        return Ok(true);
    }
    let asks = args.file.as_os_str() != "-" && io::stdin().is_terminal() && io::stderr().is_terminal();
    if (args.send.yes || !asks) && !wrong.is_empty() {
        return Err(wrong_texts(&wrong));
    }
    if !asks {
        return Err(Failure::usage(
            format!("{} would be started, and there is no terminal to ask on", preflight.contacts()),
            if quiet {
                "look with `campaign check FILE`, then run again with --yes"
            } else {
                "look at the figures above, then run again with --yes"
            },
        ));
    }
    let warned = match wrong.len() {
        0 => String::new(),
        _ => format!(" despite {}", names(&wrong)),
    };
    let question = format!("Start {} of \"{}\"{warned}?", preflight.contacts(), definition.name);
    let answer = dialoguer::Confirm::new().with_prompt(question).default(false).interact();
    answer.map_err(|error| Failure {
        message: format!("failed to ask on the terminal: {error}"),
        hint: Some("run again with --yes".to_owned()),
        exit: Exit::Usage,
    })
}
