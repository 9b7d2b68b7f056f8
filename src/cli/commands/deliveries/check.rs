//! `campaign deliveries check`: the journal held against the account.

use std::fmt::Write as _;
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};

use crate::app;
use crate::app::paths::CampaignPaths;
use crate::app::reconcile::{AccountComparison, ComparisonOptions, Stranger, UnknownContact};
use crate::cli::args::asking::AskingArgs;
use crate::cli::args::values;
use crate::cli::commands::sending;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::session::Session;
use crate::domain::delivery::ending::Exit;
use crate::domain::figures::{Grouped, Span, UtcTime, counted};
use crate::journal::StartedRow;

pub(super) const HELP: &str = "\
All contacts of the instance that began while the campaign was sent are searched for. Those that the journal does not have are \
looked at one by one, and so are started rows whose contacts the search does not find. Nothing is changed. It takes the rights \
of `campaign iam-policy --search`.

Exit code 3: they differ. A contact carries a row's client token and the row does not have it; another tool or another journal \
started contacts from the campaign's numbers or to its recipients; the account does not have a row's contact; or one of them \
could not be looked at. Contacts from other numbers to other people, and those that customers began, are counted and no \
difference.";

/// Contacts and rows that are told one by one.
const TOLD: usize = 20;

/// Arguments of `campaign deliveries check`.
#[derive(Debug, Clone, Args)]
pub(super) struct CheckAccountArgs {
    /// How late the account's index may be
    #[arg(long, value_name = "TIME", default_value = "15m", value_parser = values::time)]
    index_delay: Duration,
    /// Requests per second to the account; of each kind it takes ten by default
    #[arg(long, value_name = "N", default_value = "8", value_parser = values::rate)]
    rate: f64,
    #[command(flatten)]
    service: AskingArgs,
}

/// Runs the command.
///
/// # Errors
/// What the user is told.
pub(super) fn run(args: &CheckAccountArgs, session: &Session<'_>) -> Result<Exit, Failure> {
    let (mut place, mut definition) = CampaignPaths::of_campaign(&session.global.campaign_options())?;
    args.service.options().apply(&mut definition)?;
    place.name_from_journal(&mut definition)?;
    let mut tell = |words: &str| {
        if !session.global.quiet {
            output::note(words);
        }
    };
    let options = ComparisonOptions { index_delay: args.index_delay, rate: args.rate };
    let comparing = app::reconcile::compare((&place, &definition), options, &session.clock, &mut tell);
    let compared = sending::runtime()?.block_on(comparing)?;
    let exit = if compared.agrees() { Exit::Done } else { Exit::Incomplete };
    if session.global.json {
        output::json(&as_json(&compared, args.index_delay, exit))?;
    } else {
        output::line(&words(&compared, args.index_delay))?;
    }
    Ok(exit)
}

/// What a contact that the journal does not know is, and what to do about it.
fn explained(whose: Stranger) -> (&'static str, &'static str) {
    match whose {
        Stranger::OfRow => (
            "with the client token of a row that has another contact, or none",
            "the journal is an older copy, or the token was used a second time: look at these before sending again",
        ),
        Stranger::InDoubt => {
            ("of rows in doubt", "`campaign resolve --search` settles them, and so does the next run")
        }
        Stranger::OtherJournal => (
            "with a client token of no row: another campaign's, or a journal's that was lost",
            "name the other journal's campaigns to whoever sends, or make the lost one anew with `campaign rebuild`",
        ),
        Stranger::OtherTool => {
            ("without a client token: another tool's", "find out what else sends from this number")
        }
        Stranger::Inbound => ("that customers began", ""),
        Stranger::Unseen => (
            "that could not be looked at",
            "allow what `campaign iam-policy --search` lists, and compare again",
        ),
    }
}

/// Writing to a string cannot fail.
fn words(compared: &AccountComparison, index_delay: Duration) -> String {
    let Some(window) = compared.window else {
        return format!("{}: nothing was requested yet", compared.campaign);
    };
    let mut text = format!(
        "{}: {} begun from {} to {}, {} of them not in the journal",
        compared.campaign,
        counted(compared.contacts, "contact", "contacts"),
        window.from,
        window.until,
        Grouped(compared.unknown.len() as u64),
    );
    for whose in Stranger::ALL {
        group(&mut text, compared, whose);
    }
    rows(
        &mut text,
        &compared.missing,
        "whose contacts the account does not have",
        "Amazon Connect keeps contacts for 24 months; where these are younger, ask its support about their ids",
    );
    rows(&mut text, &compared.unseen, "whose contacts could not be looked at", explained(Stranger::Unseen).1);
    if compared.too_young > 0 {
        let rows = Grouped(compared.too_young).to_string();
        let _ = write!(
            text,
            "\n  {rows:>9}  started rows that the index does not have yet: compare again in {}",
            Span(index_delay)
        );
    }
    if compared.agrees() {
        text.push_str("\njournal and account agree");
    }
    let _ = write!(
        text,
        "\ncontacts begun after {} may be missing: the account's index may be {} behind",
        compared.indexed_until,
        Span(index_delay)
    );
    text
}

/// Contacts of one kind: those of concern one by one, others as a number.
fn group(text: &mut String, compared: &AccountComparison, whose: Stranger) {
    let all = || compared.unknown.iter().filter(|contact| contact.whose == whose);
    let (what, advice) = explained(whose);
    let concern = all().filter(|contact| contact.is_of_concern()).count();
    let others = all().count() - concern;
    if concern > 0 {
        let _ = write!(text, "\n  {:>9}  contacts {what}", Grouped(concern as u64).to_string());
        let _ = write!(text, "\n             next: {advice}");
    }
    for contact in all().filter(|contact| contact.is_of_concern()).take(TOLD) {
        let _ = write!(text, "\n             {}", one(contact));
    }
    more(text, concern);
    if others > 0 {
        let where_to = if whose == Stranger::Inbound { "" } else { ", from other numbers to other people" };
        let _ = write!(text, "\n  {:>9}  contacts {what}{where_to}", Grouped(others as u64).to_string());
    }
}

fn one(contact: &UnknownContact) -> String {
    let began_at = contact.began_at.map_or_else(String::new, |at| format!(", begun {}", UtcTime(at)));
    let line = match (contact.line, contact.is_to_recipient) {
        (Some(line), _) => format!(", to the number of line {line}"),
        (None, true) => ", to a recipient that is in no file any more".to_owned(),
        (None, false) => String::new(),
    };
    format!("{}{began_at}{line}", contact.id)
}

fn rows(text: &mut String, rows: &[StartedRow], what: &str, advice: &str) {
    if rows.is_empty() {
        return;
    }
    let _ = write!(text, "\n  {:>9}  started rows {what}", Grouped(rows.len() as u64).to_string());
    let _ = write!(text, "\n             next: {advice}");
    for row in rows.iter().take(TOLD) {
        let line = row.line.map_or_else(|| "-".to_owned(), |line| line.to_string());
        let _ = write!(text, "\n             line {line}: {}", row.contact_id);
    }
    more(text, rows.len());
}

fn more(text: &mut String, all: usize) {
    if all > TOLD {
        let _ = write!(
            text,
            "\n             and {} more; all of them are in the result as JSON",
            Grouped((all - TOLD) as u64)
        );
    }
}

fn as_json(compared: &AccountComparison, index_delay: Duration, exit: Exit) -> Value {
    let unknown = compared.unknown.iter().map(|contact| {
        json!({
            "contact_id": contact.id, "began_at": contact.began_at.map(|at| at.to_string()),
            "whose": contact.whose.name(), "line": contact.line, "to_recipient": contact.is_to_recipient,
            "from_source": contact.is_from_source, "concern": contact.is_of_concern(),
        })
    });
    let rows = |rows: &[StartedRow]| -> Value {
        let rows = rows.iter().map(|row| {
            let settled_at = row.settled_at.map(|at| at.to_string());
            json!({ "line": row.line, "contact_id": row.contact_id, "settled_at": settled_at })
        });
        rows.collect()
    };
    json!({
        "campaign": compared.campaign,
        "from": compared.window.map(|window| window.from.to_string()),
        "until": compared.window.map(|window| window.until.to_string()),
        "indexed_until": compared.indexed_until.to_string(),
        "index_delay_s": index_delay.as_secs(),
        "contacts": compared.contacts,
        "unknown": unknown.collect::<Vec<_>>(),
        "missing": rows(&compared.missing),
        "unseen": rows(&compared.unseen),
        "too_young": compared.too_young,
        "exit": exit.code(),
    })
}
