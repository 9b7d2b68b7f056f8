//! `campaign resolve`: uncertain rows, the search for their contacts, and what a person decides on them.

mod search;

use std::fmt::Write as _;
use std::time::Duration;

use clap::{ArgGroup, Args};
use serde_json::json;

use crate::app::paths::CampaignPaths;
use crate::app::resolve::{ChosenRows, UncertainRows};
use crate::cli::args::asking::AskingArgs;
use crate::cli::args::send::SendArgs;
use crate::cli::args::values;
use crate::cli::failure::Failure;
use crate::cli::next_step::{self, GoOn};
use crate::cli::output;
use crate::cli::session::Session;
use crate::domain::delivery::ending::Exit;
use crate::domain::delivery::state::Decision;
use crate::domain::figures::counted;
use crate::domain::phone::mask;
use crate::journal::Uncertain;

/// Arguments of `campaign resolve`. Without a decision it lists.
#[derive(Debug, Clone, Args)]
#[command(
    group = ArgGroup::new("decision").args(["mark_started", "mark_failed", "resend"]),
    group = ArgGroup::new("service").args(["region", "profile", "endpoint_url"]).multiple(true).requires("search"),
    group = ArgGroup::new("rows").args(["all", "key", "line", "search"]).multiple(true),
    after_help = "A row is uncertain when more than 6 days have passed since a request for it that nobody answered: a \
                  contact may exist, and the client token is too old to find out by asking again.\n\n--search looks for \
                  the contacts of all rows in doubt: among those that the account's events told of, by the attribute with \
                  the client token where the instance can be searched by it, and among all that began in the time of the \
                  requests. What is found is started. A row is not there once all contacts of that time were looked through \
                  and the index had the time to have them: sent again, nobody gets a second message. It takes the rights of \
                  `campaign iam-policy --search`."
)]
pub struct ResolveArgs {
    /// The contact was started [with the contact id that was found]
    #[arg(long, value_name = "CONTACT_ID", num_args = 0..=1, requires = "rows")]
    mark_started: Option<Option<String>>,
    /// The contact was not started, and is not to be
    #[arg(long, requires = "rows")]
    mark_failed: bool,
    /// Send again with the next run. A SECOND MESSAGE IS POSSIBLE where a search did not find that it is not there
    #[arg(long, requires = "rows")]
    resend: bool,
    /// Look for the contacts of rows in doubt in the account; with --resend, rows that are not there are sent again
    #[arg(long, conflicts_with_all = ["mark_started", "mark_failed"])]
    search: bool,
    /// How late the account's index may be: a row is not there no sooner than so long after its last request
    #[arg(long, value_name = "TIME", default_value = "15m", requires = "search", value_parser = values::time)]
    index_delay: Duration,
    /// Every uncertain row
    #[arg(long, conflicts_with_all = ["key", "line"])]
    all: bool,
    /// The row with this key (repeatable)
    #[arg(long, value_name = "KEY", conflicts_with = "line")]
    key: Vec<String>,
    /// The row at this line of the file (repeatable)
    #[arg(long, value_name = "N", value_parser = values::whole::<u64>)]
    line: Vec<u64>,
    #[command(flatten)]
    service: AskingArgs,
}

impl ResolveArgs {
    fn decision(&self) -> Option<Decision> {
        match (&self.mark_started, self.mark_failed, self.resend) {
            (Some(_), ..) => Some(Decision::Started),
            (_, true, _) => Some(Decision::Failed),
            (.., true) => Some(Decision::Resend),
            _ => None,
        }
    }

    fn chosen(&self) -> ChosenRows {
        ChosenRows { all: self.all, keys: self.key.clone(), lines: self.line.clone() }
    }
}

/// Runs the command.
///
/// # Errors
/// What the user is told.
pub fn run(args: &ResolveArgs, session: &Session<'_>) -> Result<Exit, Failure> {
    if args.search {
        return search::run(args, session);
    }
    if args.decision().is_none() && args.chosen() != ChosenRows::default() {
        return Err(Failure::usage(
            "rows are named, and nothing is decided on them",
            "decide with --mark-started [CONTACT_ID], --mark-failed or --resend, or look for them with --search",
        ));
    }
    let place = CampaignPaths::of_results(&session.global.campaign_options())?;
    let uncertain = UncertainRows::open(&place, session.clock.now())?;
    let Some(decision) = args.decision() else {
        return list(&uncertain.rows, session);
    };
    let campaign = uncertain.campaign.name.clone();
    let contact_id = args.mark_started.as_ref().and_then(Option::as_deref);
    let decided = uncertain.decide(&args.chosen(), decision, contact_id)?;
    let rows = counted(decided as u64, "row", "rows");
    let mut text = format!("{rows}: {}", decision.words());
    if decision == Decision::Resend {
        let _ = write!(
            text,
            "\n  next: {}",
            next_step::command(GoOn::Resume, session.global, &SendArgs::default())
        );
    }
    if session.global.json {
        output::json(&json!({ "campaign": campaign, "decision": decision.code(), "rows": decided }))?;
    } else {
        output::note(&text);
    }
    Ok(Exit::Done)
}

fn list(uncertain: &[Uncertain], session: &Session<'_>) -> Result<Exit, Failure> {
    let mut text = String::new();
    for row in uncertain {
        let line = row.line.map_or_else(|| "-".to_owned(), |line| line.to_string());
        let first = row.first_attempt_at.map(|stamp| stamp.to_string());
        // Writing to a string cannot fail.
        let _ = if session.global.json {
            let row = json!({
                "line": row.line, "key": row.key, "destination": mask::mask_text(&row.destination),
                "client_token": row.client_token, "attempts": row.attempts, "first_attempt_at": first,
                "not_there": row.not_there,
            });
            writeln!(text, "{row}")
        } else {
            writeln!(
                text,
                "line {line}, key {}, {}, token {}, {} since {}{}",
                mask::mask_text(&row.key),
                mask::mask_text(&row.destination),
                row.client_token,
                counted(u64::from(row.attempts), "attempt", "attempts"),
                first.unwrap_or_default(),
                row.not_there.as_ref().map_or(String::new(), |why| format!("; not there: {why}"))
            )
        };
    }
    if !text.is_empty() {
        output::line(text.trim_end_matches('\n'))?;
    }
    if !session.global.json {
        let words = if uncertain.is_empty() {
            "no row is uncertain".to_owned()
        } else {
            format!(
                "{} uncertain; look for their contacts with --search, or decide with --mark-started [CONTACT_ID], \
                 --mark-failed or --resend, and --all, --key K or --line N",
                counted(uncertain.len() as u64, "row is", "rows are")
            )
        };
        output::note(&words);
    }
    Ok(if uncertain.is_empty() { Exit::Done } else { Exit::Incomplete })
}
