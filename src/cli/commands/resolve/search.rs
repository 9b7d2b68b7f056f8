//! `campaign resolve --search`: where the contacts of rows in doubt are.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::ResolveArgs;
use crate::app;
use crate::app::doubts::{DoubtSearch, SearchOutcome, SearchedRow};
use crate::app::paths::CampaignPaths;
use crate::app::resolve::{ChosenRows, ResolvedDoubts, SearchOptions};
use crate::cli::args::send::SendArgs;
use crate::cli::commands::sending;
use crate::cli::failure::Failure;
use crate::cli::next_step::{self, GoOn};
use crate::cli::output;
use crate::cli::session::Session;
use crate::domain::delivery::ending::Exit;
use crate::domain::figures::{Grouped, Span, UtcTime, counted};
use crate::domain::phone::mask;

/// Runs the search.
///
/// # Errors
/// What the user is told.
pub(super) fn run(args: &ResolveArgs, session: &Session<'_>) -> Result<Exit, Failure> {
    let (mut place, mut definition) = CampaignPaths::of_campaign(&session.global.campaign_options())?;
    args.service.options().apply(&mut definition)?;
    place.name_from_journal(&mut definition)?;
    let chosen = match args.chosen() {
        none if none == ChosenRows::default() => ChosenRows { all: true, ..none },
        some => some,
    };
    let options = SearchOptions { chosen, index_delay: args.index_delay, resend: args.resend };
    let mut tell = |words: &str| {
        if !session.global.quiet {
            output::note(words);
        }
    };
    let searched = app::resolve::search((&place, &definition), &options, &session.clock, &mut tell);
    let resolved = sending::runtime()?.block_on(searched)?;
    if session.global.json {
        output::json(&as_json(&resolved))?;
    } else {
        show(&resolved, session)?;
    }
    let whole = resolved.search.unfinished.is_none();
    Ok(if resolved.uncertain == 0 && whole { Exit::Done } else { Exit::Incomplete })
}

fn show(resolved: &ResolvedDoubts, session: &Session<'_>) -> Result<(), Failure> {
    let search = &resolved.search;
    let lines: Vec<String> = search.rows.iter().map(line).collect();
    if !lines.is_empty() {
        output::line(&lines.join("\n"))?;
    }
    let mut text = words(search);
    // Writing to a string cannot fail.
    if resolved.resent > 0 {
        let _ = write!(
            text,
            "\n{} again\n  next: {}",
            counted(resolved.resent, "row is sent", "rows are sent"),
            next_step::command(GoOn::Resume, session.global, &SendArgs::default())
        );
    }
    output::note(&text);
    Ok(())
}

fn line(SearchedRow { row, outcome }: &SearchedRow) -> String {
    let line = row.line.map_or_else(|| "-".to_owned(), |line| line.to_string());
    let (key, number) = (mask::mask_text(&row.key), mask::mask_text(&row.sought.destination));
    let outcome = match outcome {
        SearchOutcome::Found { contact_id, others } if others.is_empty() => format!("started: {contact_id}"),
        SearchOutcome::Found { contact_id, others } => {
            format!(
                "started: {contact_id}; more than one contact has its client token: {}",
                others.join(", ")
            )
        }
        SearchOutcome::NotThere => "not there".to_owned(),
        SearchOutcome::AsksAgain => "not found; the next run asks again with its client token".to_owned(),
        SearchOutcome::TooEarly(at) => format!("not found; the index may be behind until {}", UtcTime(*at)),
        SearchOutcome::Ambiguous => {
            "a contact with its number and attributes may be another row's; look at it, and decide".to_owned()
        }
        SearchOutcome::Unseen => "a contact that may be its could not be looked at".to_owned(),
        SearchOutcome::Unfinished => "not found; the search did not come to its end".to_owned(),
    };
    format!("line {line}, key {key}, {number}: {outcome}")
}

/// What was searched, and what it came to.
fn words(search: &DoubtSearch) -> String {
    if search.rows.is_empty() {
        return "no row is in doubt".to_owned();
    }
    let [found, not_there, early] = [
        search.count(|outcome| matches!(outcome, SearchOutcome::Found { .. })),
        search.count(|outcome| *outcome == SearchOutcome::NotThere),
        search.count(|outcome| matches!(outcome, SearchOutcome::TooEarly(_))),
    ];
    let rows = search.rows.len() as u64;
    let mut text = format!(
        "{} in doubt: {} found, {} not there, {} too early to say, {} open",
        counted(rows, "row", "rows"),
        Grouped(found),
        Grouped(not_there),
        Grouped(early),
        Grouped(rows - found - not_there - early)
    );
    for window in &search.windows {
        let _ = write!(
            text,
            "\nall contacts begun from {} to {} were looked through",
            UtcTime(window.from),
            UtcTime(window.until)
        );
    }
    if !search.windows.is_empty() {
        let _ = write!(text, "; their index may be {} behind", Span(search.index_delay));
    }
    if search.is_searchable == Some(false) {
        text.push_str(
            "\nthe instance cannot be searched by client tokens; `campaign doctor` says what makes it so",
        );
    }
    if let Some(why) = &search.unfinished {
        let _ = write!(text, "\nthe search did not come to its end: {why}");
    }
    text
}

fn as_json(resolved: &ResolvedDoubts) -> Value {
    let search = &resolved.search;
    let rows = search.rows.iter().map(|SearchedRow { row, outcome }| {
        let (code, contact_id) = match outcome {
            SearchOutcome::Found { contact_id, .. } => ("found", Some(contact_id)),
            SearchOutcome::NotThere => ("not-there", None),
            SearchOutcome::AsksAgain => ("asks-again", None),
            SearchOutcome::TooEarly(_) => ("too-early", None),
            SearchOutcome::Ambiguous => ("ambiguous", None),
            SearchOutcome::Unseen => ("unseen", None),
            SearchOutcome::Unfinished => ("unfinished", None),
        };
        let others = match outcome {
            SearchOutcome::Found { others, .. } => &others[..],
            _ => &[],
        };
        let until = match outcome {
            SearchOutcome::TooEarly(at) => Some(at.to_string()),
            _ => None,
        };
        json!({
            "line": row.line, "key": row.key, "client_token": row.sought.token, "outcome": code,
            "contact_id": contact_id, "other_contact_ids": others, "again_at": until,
        })
    });
    let windows = search
        .windows
        .iter()
        .map(|window| json!({ "from": window.from.to_string(), "until": window.until.to_string() }));
    json!({
        "campaign": resolved.campaign.name,
        "rows": rows.collect::<Vec<_>>(),
        "searched": windows.collect::<Vec<_>>(),
        "index_delay_s": search.index_delay.as_secs(),
        "looked_at": search.looked_at,
        "searchable": search.is_searchable,
        "unfinished": search.unfinished,
        "resent": resolved.resent,
        "uncertain": resolved.uncertain,
    })
}
