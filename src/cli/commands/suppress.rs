//! `campaign suppress`: the journal's list of numbers that no campaign of it sends to, also while one runs.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;

use crate::app;
use crate::app::paths::CampaignPaths;
use crate::app::suppress::{contacted_before, import, place, read, read_listed};
use crate::cli::args::global::GlobalArgs;
use crate::cli::commands::sending;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::session::Session;
use crate::domain::definition::RecipientsSettings;
use crate::domain::delivery::ending::Exit;
use crate::domain::figures::counted;
use crate::domain::foreign;
use crate::domain::phone::E164;
use crate::domain::table::formula::harmless;
use crate::journal::{Journal, JournalError, Reader};
use crate::recipients::Useless;

/// Arguments of `campaign suppress`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
The list belongs to the journal: no campaign of it sends to a number that is on it. It is looked up when a file is \
planned and again before each attempt, so that it can be changed while a campaign runs. What was requested before is \
not undone; a row of which nobody knows whether it has a contact is still asked about with its client token. A row \
that was left out comes back with the next `campaign run FILE` once its number is off the list.")]
#[command(arg_required_else_help = false)]
pub struct SuppressArgs {
    #[command(subcommand)]
    action: SuppressCommand,
}

#[derive(Debug, Clone, Subcommand)]
enum SuppressCommand {
    /// Take numbers onto the list
    Add {
        /// Phone numbers, as in a recipients file
        #[arg(required = true, value_name = "NUMBER", allow_negative_numbers = true)]
        numbers: Vec<String>,
        /// Why, for whoever reads the list
        #[arg(long)]
        note: Option<String>,
    },
    /// Take numbers off the list
    Remove {
        /// Phone numbers, as in a recipients file
        #[arg(required = true, value_name = "NUMBER", allow_negative_numbers = true)]
        numbers: Vec<String>,
    },
    /// Take the numbers of a CSV onto the list
    Import {
        /// A file with a column as in a recipients file, or numbers alone; `-` is stdin
        file: PathBuf,
        /// The column with the numbers, instead of the definition's
        #[arg(long, value_name = "NAME")]
        column: Option<String>,
        /// Why, for whoever reads the list
        #[arg(long)]
        note: Option<String>,
    },
    /// Take the numbers onto the list that cannot take messages: AWS's last word is INVALID or UNREACHABLE
    #[command(
        after_help = "Of all campaigns of the journal. A number that a later message reached is left out."
    )]
    Undelivered {
        /// Why, for whoever reads the list
        #[arg(long, default_value = "its message did not arrive")]
        note: String,
    },
    /// Write the list as CSV, which `import` reads again
    List,
    /// Put numbers onto the account's own opt-out list, for everybody who sends with it
    Push {
        /// Phone numbers, as in a recipients file
        #[arg(required_unless_present = "all", value_name = "NUMBER", allow_negative_numbers = true)]
        numbers: Vec<String>,
        /// Every number of the journal's list
        #[arg(long, conflicts_with = "numbers")]
        all: bool,
    },
}

/// Runs the command.
///
/// # Errors
/// What the user is told.
pub fn run(args: &SuppressArgs, session: &Session<'_>) -> Result<Exit, Failure> {
    let (journal, settings) = place(&session.global.campaign_options())?;
    let new = !journal.is_file();
    let place = format!("{}{}", foreign::path(&journal), if new { " (new)" } else { "" });
    let open = || Journal::open(&journal);
    let now = session.clock.now();
    let told = match &args.action {
        SuppressCommand::List => {
            return list(&journal, session.global).map(|()| Exit::Done);
        }
        SuppressCommand::Push { numbers, .. } => {
            let numbers = if numbers.is_empty() { listed(&journal)? } else { read(numbers, &settings)? };
            return push(&numbers, session).map(|()| Exit::Done);
        }
        SuppressCommand::Add { numbers, note } => {
            let numbers = read(numbers, &settings)?;
            let added = open()?.suppress(&numbers, note.as_deref(), now)?;
            for before in contacted_before(&journal, &numbers)? {
                output::note(&format!(
                    "note: {} was contacted before, on {} UTC by \"{}\": what was sent is not undone",
                    before.number.masked(),
                    before.at.to_string().chars().take(16).collect::<String>().replace('T', " "),
                    foreign::shown(&before.campaign)
                ));
            }
            SuppressOutcome::added(added, &numbers, place)
        }
        SuppressCommand::Undelivered { note } => {
            let numbers = Reader::open(&journal)?.unreachable_numbers()?;
            let added = open()?.suppress(&numbers, Some(note), now)?;
            SuppressOutcome::added(added, &numbers, place)
        }
        SuppressCommand::Import { file, note, column } => {
            let phone = column.as_ref().map(|column| vec![column.clone()]);
            let phone = phone.unwrap_or_else(|| settings.phone.clone());
            let settings = RecipientsSettings { phone, ..settings };
            let (numbers, useless) = import(file, settings)?;
            let added = open()?.suppress(&numbers, note.as_deref(), now)?;
            SuppressOutcome { useless, ..SuppressOutcome::added(added, &numbers, place) }
        }
        SuppressCommand::Remove { numbers } => {
            let numbers = read_listed(numbers, &settings)?;
            // There is nothing to take off a list that is not there.
            drop(Reader::open(&journal)?);
            SuppressOutcome {
                verb: "removed from",
                word: "removed",
                place,
                other: "not on it",
                changed: open()?.unsuppress(&numbers)?,
                of: numbers.len(),
                useless: None,
            }
        }
    };
    told.show(session.global)?;
    Ok(Exit::Done)
}

/// Every number of the journal's list.
fn listed(journal: &Path) -> Result<Vec<E164>, Failure> {
    let mut numbers = Vec::new();
    Reader::open(journal)?.each_suppressed(|number, _, _| {
        numbers.extend(E164::parse(number));
        Ok::<_, JournalError>(())
    })?;
    Ok(numbers)
}

/// Puts numbers onto the account's list.
fn push(numbers: &[E164], session: &Session<'_>) -> Result<(), Failure> {
    let global = session.global;
    let (paths, definition) = CampaignPaths::of_campaign(&global.campaign_options())?;
    let pushing = app::opt_outs::push(&definition, &paths, &session.clock, numbers);
    let lists = sending::runtime()?.block_on(pushing)?;
    if !global.quiet {
        let numbers = counted(numbers.len() as u64, "number is", "numbers are");
        let lists = lists.join(", ");
        output::note(&format!(
            "{numbers} on the account's opt-out list {lists}: no sender with that list reaches them"
        ));
    }
    if global.json {
        output::json(&json!({ "pushed": numbers.len(), "lists": lists }))?;
    }
    Ok(())
}

/// What was done.
struct SuppressOutcome {
    verb: &'static str,
    /// For scripts.
    word: &'static str,
    /// The journal, in words.
    place: String,
    other: &'static str,
    changed: usize,
    of: usize,
    useless: Option<Useless>,
}

impl SuppressOutcome {
    fn added(changed: usize, numbers: &[E164], place: String) -> Self {
        let (verb, word, other) = ("added to", "added", "on it already");
        Self { verb, word, place, other, changed, of: numbers.len(), useless: None }
    }

    fn show(&self, global: &GlobalArgs) -> Result<(), Failure> {
        let Self { verb, word, place, other, changed, of, useless } = self;
        if let Some(useless) = useless {
            output::note(&format!("note: {useless}"));
        }
        if !global.quiet {
            let numbers = counted(*changed as u64, "number", "numbers");
            let rest = of - changed;
            let rest = if rest > 0 { format!(", {rest} {other}") } else { String::new() };
            output::note(&format!("{numbers} {verb} the list of {place}{rest}"));
        }
        if global.json {
            let skipped = useless.as_ref().map_or(0, |useless| useless.lines);
            output::json(&json!({ *word: changed, "given": of, "skipped": skipped }))?;
        }
        Ok(())
    }
}

/// What a listing fails with.
enum Listing {
    Journal(JournalError),
    Writing(io::Error),
}

impl From<JournalError> for Listing {
    fn from(error: JournalError) -> Self {
        Self::Journal(error)
    }
}

fn list(journal: &Path, global: &GlobalArgs) -> Result<(), Failure> {
    let reader = Reader::open(journal)?;
    let mut out = output::results();
    let written = (|| {
        let mut write = |line: String| writeln!(out, "{line}").map_err(Listing::Writing);
        if !global.json {
            write("phone,added_at,note".to_owned())?;
        }
        reader.each_suppressed(|number, at, note| {
            write(if global.json {
                json!({ "phone": number, "added_at": at.to_string(), "note": note }).to_string()
            } else {
                format!("{number},{at},{}", quoted(&harmless(note.unwrap_or_default())))
            })
        })?;
        out.flush().map_err(Listing::Writing)
    })();
    written.map_err(|error| match error {
        Listing::Journal(error) => error.into(),
        Listing::Writing(error) => output::failed(&error),
    })
}

/// A cell of CSV.
fn quoted(cell: &str) -> String {
    if cell.contains([',', '"', '\n', '\r']) {
        return format!("\"{}\"", cell.replace('"', "\"\""));
    }
    cell.to_owned()
}
