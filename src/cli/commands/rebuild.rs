//! `campaign rebuild`: a journal that was lost, made anew from file, definition and account.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use serde_json::json;

use crate::app;
use crate::app::paths::CampaignPaths;
use crate::app::rebuild::{RebuildOptions, RebuiltJournal, UntracedRule};
use crate::cli::args::asking::AskingArgs;
use crate::cli::args::file::FileArgs;
use crate::cli::args::values;
use crate::cli::commands::sending;
use crate::cli::failure::Failure;
use crate::cli::next_step;
use crate::cli::output;
use crate::cli::session::Session;
use crate::domain::delivery::ending::Exit;
use crate::domain::delivery::state::State;
use crate::domain::figures::{Grouped, counted};
use crate::domain::unix_millis::UnixMillis;
use crate::recipients::Source;

/// Arguments of `campaign rebuild`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "For the day the disk is gone. Every contact that began since then is looked at; one that carries the client \
                  token of a row (trace in [contact]) is that row's, which is then started. All other rows wait. Nothing is \
                  sent: look at the figures, then run the file.\n\nA contact that began just before may not be in the \
                  account's index yet. Its row waits, and is requested with the same client token: within seven days the \
                  service answers with the contact that is there. So run the file within six days.\n\nThe file must be the \
                  one of the campaign, or a longer one. It takes the rights of `campaign iam-policy --search`, and about one \
                  request for each contact."
)]
pub struct RebuildArgs {
    /// Recipients file of the campaign, s3://BUCKET/KEY or an https:// URL; `-` is stdin
    file: PathBuf,
    /// When the campaign began, or before, such as 2026-03-01T09:00Z, or 2026-03-01 in the zone of this machine
    #[arg(long, value_name = "TIME", value_parser = values::moment_or_before)]
    since: UnixMillis,
    /// How late the account's index may be
    #[arg(long, value_name = "TIME", default_value = "15m", value_parser = values::time)]
    index_delay: Duration,
    /// Requests per second to the account; of each kind it takes ten by default
    #[arg(long, value_name = "N", default_value = "8", value_parser = values::rate)]
    rate: f64,
    /// What contacts without a client token are, which have numbers of the file
    #[arg(long, value_name = "WHOSE")]
    untraced: Option<Untraced>,
    #[command(flatten)]
    reading: FileArgs,
    #[command(flatten)]
    service: AskingArgs,
}

/// Whose contacts without a client token are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Untraced {
    /// Another tool's, or another campaign's
    Others,
}

/// Runs the command.
///
/// # Errors
/// What the user is told.
pub fn run(args: &RebuildArgs, session: &Session<'_>) -> Result<Exit, Failure> {
    let source = Source::named(&args.file)?;
    let reading = args.reading.options();
    let (mut paths, mut definition) =
        CampaignPaths::of_file(&session.global.campaign_options(), &source, &reading)?;
    app::rebuild::must_be_a_file(&paths.journal)?;
    paths.name_for(&mut definition, &source, &session.clock)?;
    let send = args.service.options();
    send.apply(&mut definition)?;
    let file = app::run::open_file(&source, &definition, &paths, &reading, &session.clock)?;
    let options = RebuildOptions {
        since: args.since,
        index_delay: args.index_delay,
        rate: args.rate,
        untraced: args.untraced.map_or(UntracedRule::Refuse, |Untraced::Others| UntracedRule::Others),
    };
    let mut tell = |words: &str| {
        if !session.global.quiet {
            output::note(words);
        }
    };
    let rebuilding =
        app::rebuild::rebuild(file, (&definition, &paths), (&options, &send), &session.clock, &mut tell);
    let rebuilt = sending::runtime()?.block_on(rebuilding)?;
    if session.global.json {
        output::json(&as_json(&rebuilt))?;
    } else {
        output::line(&words(&rebuilt))?;
    }
    if !session.global.quiet {
        output::note(&format!(
            "next: {}, within six days",
            next_step::run_again(&source.path(), session.global)
        ));
    }
    Ok(Exit::Done)
}

fn words(rebuilt: &RebuiltJournal) -> String {
    let RebuiltJournal { campaign, window, complete_until, contacts, found, others, untraced, tally } =
        rebuilt;
    format!(
        "{campaign}: {} begun from {} to {} {} looked at: {} of this file, {} of other campaigns, {} without a client token\n\
         contacts begun after {complete_until} may be missing in the account's index\n\
         {}: {} started, {} waiting",
        counted(*contacts, "contact", "contacts"),
        window.from,
        window.until,
        if *contacts == 1 { "was" } else { "were" },
        Grouped(*found),
        Grouped(*others),
        Grouped(*untraced),
        counted(tally.rows(), "row", "rows"),
        Grouped(tally[State::Started]),
        Grouped(tally[State::Queued])
    )
}

fn as_json(rebuilt: &RebuiltJournal) -> serde_json::Value {
    let states: serde_json::Map<_, _> =
        rebuilt.tally.iter().map(|(state, rows)| (state.name().to_owned(), json!(rows))).collect();
    let mut value = json!({
        "campaign": rebuilt.campaign,
        "from": rebuilt.window.from.to_string(),
        "until": rebuilt.window.until.to_string(),
        "complete_until": rebuilt.complete_until.to_string(),
        "contacts": rebuilt.contacts,
        "found": rebuilt.found,
        "others": rebuilt.others,
        "untraced": rebuilt.untraced,
        "rows": rebuilt.tally.rows(),
    });
    if let Some(object) = value.as_object_mut() {
        object.extend(states);
    }
    value
}
