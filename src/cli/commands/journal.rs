//! `campaign journal`: copies of the journal while campaigns run, a look at all of it, and an end to its personal data.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::json;

use crate::app::care::{self, ChosenCampaigns, Purge};
use crate::app::outputs::Inputs;
use crate::app::paths::CampaignPaths;
use crate::cli::args::global::GlobalArgs;
use crate::cli::failure::{Failure, Masking};
use crate::cli::session::Session;
use crate::cli::{output, signals};
use crate::domain::delivery::ending::Exit;
use crate::domain::figures::{Grouped, UtcTime, counted};
use crate::domain::foreign::{self, ForeignText};
use crate::domain::next_step::NextStep;
use crate::journal::{
    Campaign, Finding, HoursKept, IfOpen, OpenContacts, OutsideHours, PostgresAddress, Purged, Reader,
};

/// A day, in seconds.
const DAY: u64 = 24 * 60 * 60;

/// Longest finding that is told, in characters.
const LONGEST_FINDING: usize = 1_000;

/// Arguments of `campaign journal`.
#[derive(Debug, Clone, Args)]
pub struct JournalArgs {
    #[command(subcommand)]
    action: JournalCommand,
}

#[derive(Debug, Clone, Subcommand)]
enum JournalCommand {
    /// Copy the journal as it is now, also while campaigns run
    #[command(after_help = "\
The copy has everything, numbers and messages too. It is looked over, has mode 0600, and gets its name when it is whole and
on disk; nothing is ever overwritten.")]
    Backup {
        /// A file that does not exist yet, or a folder: the copy is then named after the time
        #[arg(value_name = "PATH")]
        path: PathBuf,
    },
    /// Copy a journal from a file to PostgreSQL, or from there to a new file
    #[command(after_help = "\
An address is postgres://USER@HOST:PORT/DATABASE with libpq's parameters (sslmode, sslrootcert, host=/SOCKET/FOLDER, service, ...) and
schema=NAME, by default campaign. Passwords: PGPASSWORD, ~/.pgpass. PGHOST and the like count as with psql.

The copy is one instant of the journal, also while campaigns run. It is read back and held against the original before it counts,
and replaces nothing. What a run did after it is not in it: docs/postgresql.md says how to go on with a copy.")]
    Copy {
        /// A journal, or the address of one in PostgreSQL
        #[arg(value_name = "FROM")]
        from: PathBuf,
        /// An address in PostgreSQL, or a file that does not exist yet
        #[arg(value_name = "TO")]
        to: PathBuf,
    },
    /// Look the whole journal over; exit code 1 where something is wrong
    Check,
    /// Remove numbers, keys, messages and cells of finished campaigns, for good
    #[command(after_help = "\
Kept are counts, states, times, client tokens and contact ids, so that reports still add up, and so that a recipient that a
file names again is recognized and not contacted again, also where a spreadsheet rewrote its key. A client token follows from
the key: it is a pseudonym, and who knows a key can compute it. The journal's suppression list stays, and so do copies of the
journal made before.

Not known any more afterwards is who has which number: [limits] do not count the contacts of the campaign, and a person whom a
file names by another key is somebody else. So it waits until no contact can be open, 25 hours where nothing says sooner.")]
    Purge(PurgeArgs),
}

#[derive(Debug, Clone, Args)]
struct PurgeArgs {
    /// Every finished campaign of the journal
    #[arg(long)]
    all: bool,
    /// Only campaigns whose last run ended that many days ago
    #[arg(long, value_name = "DAYS")]
    older_than: Option<u32>,
    /// Also where contacts may be open: another campaign may then start a second one beside them
    #[arg(long)]
    even_if_open: bool,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

/// Runs the command.
///
/// # Errors
/// What the user is told.
pub fn run(args: &JournalArgs, session: &Session<'_>) -> Result<Exit, Failure> {
    let place = || CampaignPaths::of_results(&session.global.campaign_options());
    match &args.action {
        JournalCommand::Backup { path } => back_up(&place()?.journal, path, session),
        JournalCommand::Copy { from, to } => copy(from, to, session),
        JournalCommand::Check => check(&place()?.journal, session.global),
        JournalCommand::Purge(args) => purge(args, &place()?, session),
    }
}

fn back_up(journal: &Path, path: &Path, session: &Session<'_>) -> Result<Exit, Failure> {
    if PostgresAddress::is_one(path) {
        let hint = "`campaign journal copy JOURNAL ADDRESS` copies a journal there; nothing was written";
        return Err(Failure::usage("a backup is a file, and not in PostgreSQL", hint));
    }
    let mut inputs = Inputs::of_journal(journal);
    if let Ok(paths) = CampaignPaths::of_results(&session.global.campaign_options()) {
        inputs = Inputs::of(&paths).with_recorded(&paths).with_lists_of(&paths);
    }
    inputs.refuse(path, "the copy", NextStep::AnotherPath)?;
    let copied = care::back_up(journal, path, session.clock.now())?;
    let rows: u64 = copied.campaigns.iter().map(|(_, tally)| tally.rows()).sum();
    let global = session.global;
    if global.json {
        let result = json!({
            "journal": journal, "backup": copied.path, "bytes": copied.bytes,
            "campaigns": copied.campaigns.len(), "rows": rows,
        });
        output::json(&result)?;
        return Ok(Exit::Done);
    }
    if global.quiet {
        return Ok(Exit::Done);
    }
    let campaigns = counted(copied.campaigns.len() as u64, "campaign", "campaigns");
    let words = format!(
        "Backup written and verified: {campaigns}, {}, in {}",
        counted(rows, "row", "rows"),
        foreign::path(&copied.path)
    );
    output::note(&words);
    Ok(Exit::Done)
}

fn copy(from: &Path, to: &Path, session: &Session<'_>) -> Result<Exit, Failure> {
    let copy = care::copy(from, to, session.clock.now())?;
    let campaigns = copy.copied.campaigns.len() as u64;
    let rows: u64 = copy.copied.campaigns.iter().map(|(_, tally)| tally.rows()).sum();
    let global = session.global;
    if global.json {
        let result = json!({
            "from": copy.from, "to": copy.to, "campaigns": campaigns, "rows": rows,
            "copied_at": copy.copied.copied_at.to_string(),
        });
        output::json(&result)?;
        return Ok(Exit::Done);
    }
    if global.quiet {
        return Ok(Exit::Done);
    }
    let (campaigns, rows) = (counted(campaigns, "campaign", "campaigns"), counted(rows, "row", "rows"));
    let mut words = format!("Copied and verified: {campaigns}, {rows}, in {}", copy.to);
    if !copy.is_in_postgres {
        let _ = write!(
            words,
            "\nIt is the journal as it was at {}: what a run did later is not in it",
            copy.copied.copied_at
        );
    }
    output::note(&words);
    Ok(Exit::Done)
}

fn check(journal: &Path, global: &GlobalArgs) -> Result<Exit, Failure> {
    let sound = Reader::open(journal)?.look_over(journal)?;
    let outside: u64 = sound.hours.iter().map(|(_, kept)| kept.outside).sum();
    let exit = if sound.findings.is_empty() && outside == 0 { Exit::Done } else { Exit::Failure };
    if global.json {
        let campaigns: Vec<_> = sound
            .campaigns
            .iter()
            .map(|(campaign, tally)| json!({ "campaign": campaign.name, "rows": tally.rows() }))
            .collect();
        let findings: Vec<_> = sound
            .findings
            .iter()
            .map(|Finding { campaign, what }| json!({ "campaign": campaign, "what": what }))
            .collect();
        let result = json!({
            "journal": journal, "schema": sound.schema, "campaigns": campaigns, "findings": findings,
            "sound": findings.is_empty(), "hours": sound.hours.iter().map(hours_as_json).collect::<Vec<_>>(),
        });
        output::json(&result)?;
    }
    let mut words = String::new();
    for Finding { campaign, what } in &sound.findings {
        let of = campaign.as_ref().map(|name| format!("{}: ", foreign::shown(name))).unwrap_or_default();
        let what = ForeignText::from(what.as_str());
        let _ = writeln!(words, "  {of}{}", what.shown_up_to(LONGEST_FINDING));
    }
    if sound.findings.is_empty() && outside > 0 {
        return Err(outside_hours(journal, &sound.hours));
    }
    for (campaign, kept) in sound.hours.iter().filter(|(_, kept)| kept.outside > 0) {
        let _ = writeln!(words, "  {campaign}: {}", outside_words(kept));
    }
    if exit == Exit::Failure {
        let message = format!("the journal {} is not sound\n{}", foreign::path(journal), words.trim_end());
        let hint = "send nothing with it: keep it with the files beside it, and restore the newest backup. What a row \
                    was sent is in `campaign report` as far as it can be read";
        return Err(Failure {
            message,
            hint: Some(hint.into()),
            exit,
            gate: false,
            masking: Masking::Numbers,
        });
    }
    if !global.quiet && !global.json {
        for (campaign, tally) in &sound.campaigns {
            let _ = writeln!(
                words,
                "{}: {}, all accounted for",
                foreign::shown(&campaign.name),
                counted(tally.rows(), "row", "rows")
            );
            if let Some((_, kept)) = sound.hours.iter().find(|(name, _)| *name == campaign.name) {
                let _ = writeln!(words, "  {}", kept_words(kept));
            }
        }
        let _ = write!(words, "{} is sound", foreign::path(journal));
        output::note(&words);
    }
    Ok(exit)
}

/// Requests that left while nothing might.
fn outside_hours(journal: &Path, hours: &[(String, HoursKept)]) -> Failure {
    let mut words =
        format!("{} has requests that left while hours or the schedule were closed", foreign::path(journal));
    for (campaign, kept) in hours.iter().filter(|(_, kept)| kept.outside > 0) {
        let _ = write!(words, "\n  {campaign}: {}", outside_words(kept));
    }
    let hint = "the journal is sound otherwise. Every request is held against the hours of its own run: look at the clock of \
                the machine that sent them, and at who changed the journal";
    Failure {
        message: words,
        hint: Some(hint.into()),
        exit: Exit::Failure,
        gate: false,
        masking: Masking::Numbers,
    }
}

fn outside_words(kept: &HoursKept) -> String {
    let mut words =
        counted(kept.outside, "request left while nothing might", "requests left while nothing might");
    for OutsideHours { line, at, closed } in &kept.first {
        let line =
            line.map_or_else(|| "a row that is not in the file".to_owned(), |line| format!("line {line}"));
        let _ = match closed {
            Some((zone, rule)) => {
                write!(words, "\n    {line} at {}: closed in {zone} by {rule}", UtcTime(*at))
            }
            None => write!(words, "\n    {line} at {}: outside the campaign's schedule", UtcTime(*at)),
        };
    }
    if kept.outside > kept.first.len() as u64 {
        let _ = write!(words, "\n    and {} more", Grouped(kept.outside - kept.first.len() as u64));
    }
    words
}

fn kept_words(kept: &HoursKept) -> String {
    let all = counted(kept.requests, "request left", "requests left");
    let mut words = format!("{all} while hours and schedule were open");
    if kept.unknown > 0 {
        let _ = write!(words, "; when {} more did is not known", Grouped(kept.unknown));
    }
    words
}

fn hours_as_json((campaign, kept): &(String, HoursKept)) -> serde_json::Value {
    let first: Vec<_> = kept
        .first
        .iter()
        .map(|OutsideHours { line, at, closed }| {
            let (zone, rule) = closed.clone().unzip();
            json!({ "line": line, "at": at.to_string(), "zone": zone, "rule": rule })
        })
        .collect();
    json!({
        "campaign": campaign, "requests": kept.requests, "unknown": kept.unknown, "outside": kept.outside,
        "first": first,
    })
}

fn purge(args: &PurgeArgs, place: &CampaignPaths, session: &Session<'_>) -> Result<Exit, Failure> {
    let if_open = if args.even_if_open { IfOpen::Purge } else { IfOpen::Refuse };
    let chosen = ChosenCampaigns { all: args.all, older_than: args.older_than.map(days), if_open };
    let purge = Purge::prepare(place, chosen, session.clock.now())?;
    if !purge.campaigns.is_empty() {
        agree(args, &purge.campaigns)?;
    }
    let left = purge.left.clone();
    let purged = purge.run()?;
    told(&purged, &left, &place.journal, session.global)
}

fn days(days: u32) -> Duration {
    Duration::from_secs(u64::from(days) * DAY)
}

/// There is no way back: on a terminal a person is asked, elsewhere `--yes` must have been given.
fn agree(args: &PurgeArgs, chosen: &[Campaign]) -> Result<(), Failure> {
    if args.yes {
        return Ok(());
    }
    let names = chosen
        .iter()
        .map(|campaign| format!("\"{}\"", foreign::shown(&campaign.name)))
        .collect::<Vec<_>>()
        .join(", ");
    let what = format!("numbers, keys, messages and cells of {names} would be removed for good");
    if !output::can_ask() {
        return Err(Failure::usage(
            format!("{what}, and there is no terminal to ask on"),
            "write a report with them first if they are still needed, then run again with --yes",
        ));
    }
    let question = format!("Remove numbers, keys, messages and cells of {names} for good?");
    let ask = || dialoguer::Confirm::new().with_prompt(question).default(false).interact();
    match signals::while_asking(ask) {
        Ok(true) => Ok(()),
        Ok(false) => Err(Failure::usage("cancelled", "nothing was removed")),
        Err(error) => {
            Err(Failure::usage(format!("failed to ask on the terminal: {error}"), "run again with --yes"))
        }
    }
}

fn told(
    purged: &[(Campaign, Purged)],
    left: &[(Campaign, OpenContacts)],
    journal: &Path,
    global: &GlobalArgs,
) -> Result<Exit, Failure> {
    if global.json {
        let purged: Vec<_> = purged
            .iter()
            .map(|(campaign, purged)| {
                json!({ "campaign": campaign.name, "rows": purged.tally.rows(), "purged": purged.rows })
            })
            .collect();
        let left: Vec<_> = left
            .iter()
            .map(|(campaign, open)| {
                json!({ "campaign": campaign.name, "open": open.contacts, "open_until": open.until.to_string() })
            })
            .collect();
        output::json(&json!({ "journal": journal, "purged": purged, "left": left }))?;
        return Ok(Exit::Done);
    }
    if global.quiet {
        return Ok(Exit::Done);
    }
    let mut words = String::new();
    for (campaign, purged) in purged {
        let (removed, rows) = (Grouped(purged.rows), counted(purged.tally.rows(), "row", "rows"));
        let _ = writeln!(words, "{}: {removed} of {rows} purged", foreign::shown(&campaign.name));
    }
    for (campaign, open) in left {
        let contacts = counted(open.contacts, "contact", "contacts");
        let name = foreign::shown(&campaign.name);
        let _ = writeln!(words, "{name}: left as it is: {contacts} may be open until {}", open.until);
    }
    words.push_str(if purged.is_empty() {
        "no campaign to purge"
    } else {
        "counts, client tokens and contact ids are kept; backups and reports made before still have everything"
    });
    output::note(&words);
    Ok(Exit::Done)
}
