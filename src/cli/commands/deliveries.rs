//! `campaign deliveries`: what became of started contacts, and the import of the events that say so.

mod check;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;

use crate::app;
use crate::app::deliveries::{self, Deliveries, ImportOptions, Origination};
use crate::app::error::Error;
use crate::app::follow::{FollowEvent, FollowOptions};
use crate::app::options::SendOptions;
use crate::app::paths::CampaignPaths;
use crate::cli::args::asking::AskingArgs;
use crate::cli::commands::sending;
use crate::cli::failure::Failure;
use crate::cli::hooks;
use crate::cli::next_step;
use crate::cli::output;
use crate::cli::session::Session;
use crate::cli::signals;
use crate::deliveries::{BadRecord, Input};
use crate::domain::arn;
use crate::domain::delivery::ending::Exit;
use crate::domain::events::join::Unmatched;
use crate::domain::events::status::explained;
use crate::domain::figures::{Grouped, counted};
use crate::domain::next_step::{Advice, Command};
use crate::domain::phone::{self, E164, mask};

/// Bad records that are told one by one.
const TOLD: u64 = 20;

/// Arguments of `campaign deliveries`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
A contact id says that a contact was started. What became of its message is told by events of the account: delivery events of \
End User Messaging, CloudTrail's records of SendTextMessage, contact events of Connect. Nothing of them changes what is sent.")]
#[command(arg_required_else_help = false)]
pub struct DeliveriesArgs {
    #[command(subcommand)]
    action: Option<DeliveriesAction>,
}

#[derive(Debug, Clone, Subcommand)]
enum DeliveriesAction {
    /// Import events from files: of all campaigns of the journal, in any order, as often as you like
    #[command(after_help = "\
Files have JSON as AWS writes it: one record a line, one after another, in arrays, packed with gzip; EventBridge events, \
events of a configuration set, CloudTrail's files, exports of CloudWatch Logs, mixed. A folder is read with all below it. \
Exit code 3: some records could not be read, and were skipped, or no record is an event of a message or a contact.")]
    Import {
        /// Files and folders; `-` is stdin
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Phone number of the campaign's source, or of another one as ARN=NUMBER; kept in the journal (repeatable)
        #[arg(long, value_name = "[ARN=]NUMBER", value_parser = origination)]
        origination: Vec<Origination>,
    },
    /// Take events from an SQS queue as they happen, until Ctrl-C
    #[command(after_help = "\
A message is deleted after the commit that holds it. One that cannot be read is told once and stays in the queue, for its \
dead-letter rule. Events are at least once and in no order; all of that is allowed for. The Region is the queue's, unless \
--region names another.")]
    Follow {
        /// The queue that a rule of EventBridge sends the account's events to
        #[arg(long, value_name = "URL")]
        queue: String,
        /// Phone number of the campaign's source, or of another one as ARN=NUMBER; kept in the journal (repeatable)
        #[arg(long, value_name = "[ARN=]NUMBER", value_parser = origination)]
        origination: Vec<Origination>,
        /// End when the queue is empty
        #[arg(long)]
        until_empty: bool,
        #[command(flatten)]
        service: AskingArgs,
    },
    /// Compare the journal with the account: contacts that it does not know, and rows whose contacts are not there
    #[command(after_help = check::HELP)]
    Check(check::CheckAccountArgs),
}

fn origination(text: &str) -> Result<Origination, String> {
    let (source, number) = match text.rsplit_once('=') {
        Some((source, number)) => (Some(source), number),
        None => (None, text),
    };
    if let Some(source) = source {
        arn::phone_number(source).map_err(|mistake| mistake.to_string())?;
    }
    let parsed = phone::parse(number, None).ok().map(|phone| phone.number);
    // Short codes and numbers that are not assigned are senders too.
    let number = parsed.or_else(|| E164::of_account(number)).ok_or("a number has + and the country code")?;
    Ok(Origination { source: source.map(str::to_owned), number })
}

/// Runs the command.
///
/// # Errors
/// What the user is told.
pub fn run(args: &DeliveriesArgs, session: &Session<'_>) -> Result<Exit, Failure> {
    if let Some(DeliveriesAction::Follow { queue, origination, until_empty, service }) = &args.action {
        let options = FollowOptions {
            queue: queue.clone(),
            originations: origination.clone(),
            until_empty: *until_empty,
        };
        return follow(&options, &service.options(), session);
    }
    if let Some(DeliveriesAction::Check(args)) = &args.action {
        return check::run(args, session);
    }
    let paths = CampaignPaths::of_results(&session.global.campaign_options())?;
    match &args.action {
        None | Some(DeliveriesAction::Follow { .. } | DeliveriesAction::Check(_)) => {
            show(&Deliveries::read(&paths)?, session)?;
            Ok(Exit::Done)
        }
        Some(DeliveriesAction::Import { files, origination }) => {
            let input = |path: &PathBuf| match path.as_path() == Path::new("-") {
                true => Input::Stdin,
                false => Input::Path(path.clone()),
            };
            let options = ImportOptions {
                inputs: files.iter().map(input).collect(),
                originations: origination.clone(),
            };
            import(&paths, &options, session)
        }
    }
}

fn import(paths: &CampaignPaths, options: &ImportOptions, session: &Session<'_>) -> Result<Exit, Failure> {
    let mut told = 0;
    let imported = deliveries::import(paths, options, |bad| {
        told += 1;
        if told <= TOLD {
            // The place is no number of anybody, however long it is; nor is what a file is called.
            let (file, why) = (mask::mask_digits(&bad.file), mask::mask_text(&bad.why));
            output::note(&format!("skipped: {}", BadRecord { file, why, ..bad }));
        }
    })?;
    if told > TOLD {
        output::note(&format!("skipped: {} more", Grouped(told - TOLD)));
    }
    let nothing = imported.read.events == 0 && imported.read.other > 0;
    let exit = if imported.read.bad > 0 || nothing { Exit::Incomplete } else { Exit::Done };
    if !session.global.quiet {
        output::note(&imported.to_string());
    }
    if nothing {
        output::note(
            "next: none of the records is an event of a message or a contact; `campaign deliveries import --help` says \
             which are read",
        );
    }
    match Deliveries::read(paths) {
        Ok(deliveries) => show(&deliveries, session)?,
        // Events are of all campaigns; the counts are of one.
        Err(_) if paths.campaign.is_none() => {}
        Err(error) => return Err(error.into()),
    }
    Ok(exit)
}

fn follow(options: &FollowOptions, send: &SendOptions, session: &Session<'_>) -> Result<Exit, Failure> {
    let (mut paths, mut definition) = CampaignPaths::of_campaign(&session.global.campaign_options())?;
    send.apply(&mut definition)?;
    let runtime = sending::runtime()?;
    // Which campaign is meant is not always clear, and events are of all.
    let named = paths.name_from_journal(&mut definition).is_ok();
    let alerts = hooks::begin_alerts(&runtime, (&definition, &paths), false, session)?.filter(|_| named);
    let followed = runtime.block_on(async {
        if let Some(alerts) = &alerts {
            alerts.watch_deliveries(paths.journal.clone());
        }
        let stop = signals::listen().map_err(|error| Error::exhausted("listen for signals", &error))?;
        let told = |event: FollowEvent| match event {
            FollowEvent::Took(_) => {}
            FollowEvent::Left { id, why } => {
                output::note(&format!("left in the queue: message {id}: {}", mask::mask_text(&why)));
            }
            FollowEvent::Unanswered(why) => {
                output::note(&format!("the queue did not answer: {why}; it is asked again"));
            }
        };
        app::follow::follow((&paths, &definition), options, &session.clock, stop, told).await
    });
    for why in alerts.map(|alerts| runtime.block_on(hooks::finish(alerts))).unwrap_or_default() {
        output::note(&format!("warning: an alert was not delivered: {why}"));
    }
    let followed = followed?;
    if !session.global.quiet {
        output::note(&followed.to_string());
    }
    // Events are of all campaigns; the counts are of one, where the definition's name means one.
    if let Ok(paths) = CampaignPaths::of_results(&session.global.campaign_options()) {
        show(&Deliveries::read(&paths)?, session)?;
    }
    Ok(if followed.read.bad > 0 { Exit::Incomplete } else { Exit::Done })
}

fn show(deliveries: &Deliveries, session: &Session<'_>) -> Result<(), Failure> {
    if session.global.json {
        return output::json(&json!(deliveries.counts));
    }
    let mut lines = vec![words(deliveries)];
    for count in &deliveries.statuses {
        let why = explained(&count.status);
        let advice = if why.advice.is_empty() { String::new() } else { format!(": {}", why.advice) };
        lines.push(format!(
            "  {:>9}  {}  {}{advice}",
            Grouped(count.rows).to_string(),
            count.status,
            why.what
        ));
    }
    if !deliveries.unmatched.is_empty() {
        lines.push("without a row, in the whole journal:".to_owned());
    }
    for count in &deliveries.unmatched {
        lines.push(format!(
            "  {:>9}  {}  {}",
            Grouped(count.events).to_string(),
            count.why.name(),
            count.why
        ));
    }
    output::line(&lines.join("\n"))?;
    if deliveries.to_suppress > 0 {
        let numbers = counted(deliveries.to_suppress, "number", "numbers");
        let advice = Advice::new(format!("{numbers} cannot take messages: "))
            .run(Command::SuppressUndelivered)
            .then(" takes them onto the list of those that nothing is sent to");
        output::note(&format!("next: {}", next_step::words(&advice.into(), session.global)));
    }
    let unknown = deliveries.unmatched.iter().any(|count| count.why == Unmatched::SenderUnknown);
    if let (true, [source, ..]) = (unknown, &deliveries.sources_without_number[..]) {
        output::note(&format!(
            "next: say which phone number {source} is, so that its messages can be told from others': \
             `campaign deliveries import FILE --origination NUMBER`"
        ));
    }
    Ok(())
}

fn words(deliveries: &Deliveries) -> String {
    let counts = deliveries.counts;
    let started = counts.delivered + counts.undelivered + counts.pending + counts.unknown + counts.waiting;
    format!(
        "{}: of {}, {} delivered, {} undelivered, {} on the way, {} without a receipt, {} of which nothing was told",
        deliveries.campaign,
        counted(started, "started contact", "started contacts"),
        Grouped(counts.delivered),
        Grouped(counts.undelivered),
        Grouped(counts.pending),
        Grouped(counts.unknown),
        Grouped(counts.waiting)
    )
}
