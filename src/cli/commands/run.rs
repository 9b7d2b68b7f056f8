//! `campaign run`: plan, pre-flight, send; run again to go on.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use crate::app;
use crate::app::alerts::Alerts;
use crate::app::dry_run::DryRun;
use crate::app::error::Error;
use crate::app::options::FileOptions;
use crate::app::paths::CampaignPaths;
use crate::app::plan_file::PlanFile;
use crate::app::run::{PreparedRun, RunContext};
use crate::cli::args::file::FileArgs;
use crate::cli::args::global::GlobalArgs;
use crate::cli::args::send::SendArgs;
use crate::cli::commands::sending::{self, Words};
use crate::cli::failure::{Failure, Masking};
use crate::cli::hooks::{self, Hooked, ShownRun};
use crate::cli::next_step::{self, GoOn};
use crate::cli::session::Session;
use crate::cli::{output, signals};
use crate::domain::definition::Definition;
use crate::domain::delivery::ending::Exit;
use crate::domain::next_step::{Advice, Command, NextStep};
use crate::domain::preflight::Preflight;
use crate::domain::warning::WarningCode;
use crate::recipients::Source;

/// Arguments of `campaign run`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  campaign run spring.csv -c spring                  plan, ask, send; again, and it goes on
  campaign run spring.csv --simulate                 a rehearsal: no AWS account, no contact
  campaign run spring.csv --sample 20                a trial with twenty of the recipients
  campaign run s3://lists/spring.csv.gz              the file from where it lies
  export-recipients | campaign run - --stream --yes  send what a program writes")]
pub struct RunArgs {
    /// Recipients file, s3://BUCKET/KEY or an https:// URL; `-` is stdin
    pub file: PathBuf,
    /// Show what would be sent, with --json every request as the API takes it; send nothing, journal nothing
    #[arg(long, help_heading = "What is sent")]
    pub dry_run: bool,
    /// With --dry-run: as if the journal were empty
    #[arg(long, requires = "dry_run")]
    pub fresh: bool,
    /// Send while the file is still being read, for pipes: no pre-flight, needs --yes
    #[arg(long, conflicts_with_all = ["dry_run", "sample"], help_heading = "What is sent")]
    pub stream: bool,
    /// How the file is read.
    #[command(flatten)]
    pub reading: FileArgs,
    #[command(flatten)]
    send: SendArgs,
}

/// Runs the command.
///
/// # Errors
/// What the user is told.
pub fn run(args: &RunArgs, session: &Session<'_>) -> Result<Exit, Failure> {
    let source = Source::named(&args.file)?;
    let file_options = args.reading.options();
    let campaign = session.global.campaign_options();
    let (mut paths, mut definition) = CampaignPaths::of_file(&campaign, &source, &file_options)?;
    let global = sending::journal(&mut paths, session.global, &args.send);
    let stated = definition.name.clone();
    let named = paths.name_for(&mut definition, &source, &session.clock);
    let named = named.and_then(|()| args.send.options().apply(&mut definition));
    let global = &global.with_name(&stated, &definition.name);
    run_as(args, &source, (&definition, &paths), named, &session.with(global))
        .map_err(|failure| failure.leading_to(global))
}

/// Runs the file where the campaign could be `named`. Where it could not, those who do not look are told of that too.
fn run_as(
    args: &RunArgs,
    source: &Source,
    (definition, paths): (&Definition, &CampaignPaths),
    named: Result<(), Error>,
    session: &Session<'_>,
) -> Result<Exit, Failure> {
    let file_options = FileOptions { streams: args.stream, ..args.reading.options() };
    let options = args.send.options();
    let opened = || app::run::open_file(source, definition, paths, &file_options, &session.clock);
    if args.dry_run {
        named?;
        return rehearse(&mut opened()?, (definition, paths), args, session);
    }
    let context = RunContext { definition, paths, options: &options, clock: &session.clock };
    let runtime = sending::runtime()?;
    let alerts = hooks::begin_alerts(&runtime, (definition, paths), options.simulate, session)?;
    let result = match named.and_then(|()| opened()) {
        Ok(file) => runtime.block_on(send(file, args, context, (session, alerts.as_ref()))),
        Err(error) => Err(error.into()),
    };
    hooks::after(
        result,
        Hooked {
            runtime: &runtime,
            definition,
            paths,
            simulate: options.simulate,
            global: session.global,
            alerts,
        },
    )
}

async fn send(
    file: PlanFile,
    args: &RunArgs,
    context: RunContext<'_>,
    (session, alerts): (&Session<'_>, Option<&Alerts>),
) -> Result<ShownRun, Failure> {
    let global = session.global;
    signals::tell_when_asked(context.paths.journal.clone(), context.definition.name.clone(), session)
        .map_err(|error| Error::exhausted("listen for signals", &error))?;
    let name = file.noted().path;
    let (prepared, rejected) = if args.stream {
        let mut prepared = PreparedRun::streaming(file, args.send.yes, context).await?;
        sending::ask_account(&mut prepared, global).await?;
        (prepared, None)
    } else {
        let mut prepared = PreparedRun::with_file(file, context).await?;
        sending::ask_account(&mut prepared, global).await?;
        let rejected = prepared.rejects().map(|written| next_step::rejects(written, global, &args.send));
        if let Some(preflight) = prepared.preflight() {
            show(preflight, global);
            agree(args, context.definition, preflight, (global, rejected.as_deref()))?;
        }
        prepared.agree()?;
        (prepared, rejected)
    };
    let goes_on = if args.stream { GoOn::Stream(&name) } else { GoOn::Resume };
    let next = next_step::command(goes_on, global, &args.send);
    let words = Words { next: &next, rejected: rejected.as_deref(), alerts, serve: args.send.serve };
    Box::pin(sending::send(prepared, words, session)).await
}

/// Nothing is sent unless the file is good enough and a person agrees.
fn agree(
    args: &RunArgs,
    definition: &Definition,
    preflight: &Preflight,
    (global, rejected): (&GlobalArgs, Option<&str>),
) -> Result<(), Failure> {
    if let Some(reason) = preflight.refusal() {
        return Err(refused(reason, rejected));
    }
    if let (Some(rejected), false) = (rejected, global.quiet) {
        output::note(rejected);
    }
    let nobody = preflight.to_send() == 0;
    let unsent = preflight
        .unaccepted(&accepted(definition, &args.send.accept))
        .contains(&WarningCode::ChangedAfterContact);
    if nobody && unsent && !args.send.simulate {
        return Err(held_up(&[WarningCode::ChangedAfterContact]));
    }
    if !nobody && !confirmed(args, definition, preflight, global.quiet)? {
        return Err(Failure::usage("not agreed to", "nothing was sent; run it again to be asked again"));
    }
    Ok(())
}

fn rehearse(
    file: &mut PlanFile,
    (definition, paths): (&Definition, &CampaignPaths),
    args: &RunArgs,
    session: &Session<'_>,
) -> Result<Exit, Failure> {
    let global = session.global;
    let mut out = output::results();
    let mut written = Ok(());
    let dry_run = DryRun {
        definition,
        paths,
        options: &args.send.options(),
        fresh: args.fresh,
        now: session.clock.now(),
    };
    let preflight = dry_run.preflight(file, |body| {
        if global.json && written.is_ok() {
            let body = body()?;
            written = out.write_all(&body).and_then(|()| out.write_all(b"\n"));
        }
        Ok(())
    })?;
    written.and_then(|()| out.flush()).map_err(|error| output::failed(&error))?;
    show(&preflight, global);
    let rejected = file.rejected().map(|written| next_step::rejects(written, global, &args.send));
    let mut accepted = accepted(definition, &args.send.accept);
    if args.send.simulate {
        accepted = WarningCode::ALL.to_vec();
    }
    verdict(&preflight, global, (rejected, &accepted), dry_run.options.no_wait)
}

/// Where it would be sent from, and what it comes to: a person agrees to this.
fn whereabouts(definition: &Definition, preflight: &Preflight) -> String {
    let connect = &definition.connect;
    let known = |value: &Option<String>| value.as_deref().unwrap_or("as the credentials say").to_owned();
    // Of an ARN, what account and Region do not say.
    let sender = definition.request.source.template.as_fixed().unwrap_or("as each row says");
    let sender = sender.rsplit([':', '/']).next().unwrap_or(sender);
    let names: Vec<&str> = definition.senders.iter().map(|sender| sender.name.as_str()).collect();
    let sender = match names[..] {
        [] => format!("sender {sender}"),
        _ => format!("senders {}", names.join(", ")),
    };
    format!(
        "account {}, Region {}, {sender}\n{}",
        known(&connect.account),
        known(&connect.region),
        preflight.agreement()
    )
}

/// The kinds of warnings that definition and options accept.
pub(in crate::cli::commands) fn accepted(
    definition: &Definition,
    options: &[WarningCode],
) -> Vec<WarningCode> {
    definition.safety.accept.iter().chain(options).copied().collect()
}

/// The exit code of a pre-flight alone, in `check` and in a dry run: what a run would end with whose every request is
/// answered with a contact. Says what to do about it.
///
/// # Errors
/// Where too many rows are rejected.
pub(in crate::cli::commands) fn verdict(
    preflight: &Preflight,
    global: &GlobalArgs,
    (rejected, accepted): (Option<String>, &[WarningCode]),
    no_wait: bool,
) -> Result<Exit, Failure> {
    if let Some(reason) = preflight.same_number_refusal() {
        return Err(Error::usage(reason, NextStep::StateSameNumber).into());
    }
    if let Some(reason) = preflight.refusal() {
        return Err(refused(reason, rejected.as_deref()));
    }
    let wrong = preflight.unaccepted(accepted);
    if preflight.to_send() > 0 && !wrong.is_empty() {
        return Err(held_up(&wrong));
    }
    if preflight.rejected() > 0 && !global.quiet {
        let hint = rejected.unwrap_or_else(|| {
            format!(
                "correct the rejected lines in the file and check again, or have them in a file of their own with \
                 `--rejects {}`; `run` leaves them out",
                next_step::new_rejects_file()
            )
        });
        output::note(&format!("  hint: {hint}"));
    }
    Ok(preflight.exit(no_wait))
}

pub(in crate::cli::commands) fn refused(reason: String, rejected: Option<&str>) -> Failure {
    let hint = match rejected {
        Some(rejected) => {
            format!("{rejected}. Or allow more with max_rejected in [safety]; nothing was sent")
        }
        None => format!(
            "correct the file, or have the rejected rows in a file of their own with `--rejects {}`; or allow more \
             with max_rejected in [safety]; nothing was sent",
            next_step::new_rejects_file()
        ),
    };
    Failure {
        message: reason,
        hint: Some(hint.into()),
        exit: Exit::Halted,
        gate: true,
        masking: Masking::Numbers,
    }
}

fn show(preflight: &Preflight, global: &GlobalArgs) {
    if !global.quiet {
        output::note(&figures(preflight, global));
    }
}

/// The figures for people, line by line with `-v`.
pub(in crate::cli::commands) fn figures(preflight: &Preflight, global: &GlobalArgs) -> String {
    let (brief, full) = (preflight.text(), preflight.text_in_full());
    match global.verbose {
        0 if brief == full => brief,
        0 => format!("{brief}\n(more with -v)"),
        _ => full,
    }
}

/// What looks wrong is sent, or left unsent, only after someone looked at it.
fn held_up(codes: &[WarningCode]) -> Failure {
    let options: Vec<String> = codes.iter().map(|code| format!("--accept {}", code.name())).collect();
    if codes == [WarningCode::ChangedAfterContact] {
        return Failure::usage(
            "people were contacted before, and what the file says of them now would not be sent: changed-after-contact",
            "if it is a new mailing, make it a campaign of its own: another name (--name NAME, or {file} or {date} in `name`), or a \
             key with the date (key = [\"customer_id\", \"visit_date\"]); if no second message is meant, run again with --accept \
             changed-after-contact, or name the code in accept in [safety]; nothing was sent",
        );
    }
    if codes == [WarningCode::ListedRewritten] {
        return Failure::usage(
            "a suppression list most likely means people of this file under keys that a spreadsheet rewrote: listed-rewritten",
            "write the keys in the list as the file has them, or list numbers; to leave these people out as they are, run again with \
             --accept listed-rewritten, or name the code in accept in [safety]; nothing was sent",
        );
    }
    Failure::usage(
        format!("texts that look wrong would be sent: {}", names(codes)),
        Advice::new("look with ").run(Command::Check).then(format!(
            " and correct the file or the definition; if the texts are meant so, run again with {}, or name the codes in \
             accept in [safety]; nothing was sent",
            options.join(" ")
        )),
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
    let wrong = preflight.unaccepted(&accepted(definition, &args.send.accept));
    if args.send.yes && wrong.is_empty() {
        return Ok(true);
    }
    let asks = args.file.as_os_str() != "-" && output::can_ask();
    if (args.send.yes || !asks) && !wrong.is_empty() {
        return Err(held_up(&wrong));
    }
    if !asks {
        return Err(Failure::usage(
            format!("{} would be started, and there is no terminal to ask on", preflight.contacts()),
            if quiet {
                NextStep::CheckThenAgree
            } else {
                "look at the figures above, then run again with --yes".into()
            },
        ));
    }
    let warned = match wrong.len() {
        0 => String::new(),
        _ => format!(" despite {}", names(&wrong)),
    };
    output::note(&whereabouts(definition, preflight));
    let question = format!("Start {} of \"{}\"{warned}?", preflight.contacts(), definition.name);
    let ask = || dialoguer::Confirm::new().with_prompt(question).default(false).interact();
    let answer = signals::while_asking(ask);
    answer.map_err(|error| Failure {
        message: format!("failed to ask on the terminal: {error}"),
        hint: Some("run again with --yes".into()),
        exit: Exit::Usage,
        gate: false,
        masking: Masking::Numbers,
    })
}
