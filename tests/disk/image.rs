//! What the world has seen of a run at an instant, and whether a disk image knows all of it.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use campaign::domain::delivery::state::State;
use campaign::journal::{Journal, JournalError, Reader, Record, Selection};

use crate::disk::place::NAME;
use crate::disk::recording::{Event, Kind};

/// What left the machine, and what was said of it, up to an instant.
#[derive(Debug, Default, Clone)]
pub(crate) struct Told {
    /// Requests by client token.
    pub(crate) requests: HashMap<String, u32>,
    /// Lines whose contact was said to be started.
    lines: BTreeSet<u64>,
    /// So many contacts were said to be started.
    started: u64,
}

impl Told {
    pub(crate) fn hear(&mut self, event: &Event) {
        if !event.begins {
            return;
        }
        let text = String::from_utf8_lossy(&event.data);
        match event.kind {
            Kind::Send => {
                for token in after_each(&text, "\"ClientToken\":\"") {
                    *self.requests.entry(token[..36].to_owned()).or_default() += 1;
                }
            }
            Kind::Print => {
                for line in after_each(&text, "started line ") {
                    self.lines.insert(number(line));
                }
                for count in after_each(&text, "\"started\":") {
                    self.started = self.started.max(number(count));
                }
            }
            _ => {}
        }
    }

    pub(crate) fn acknowledged(&self) -> u64 {
        self.started.max(self.lines.len() as u64)
    }
}

fn after_each<'t>(text: &'t str, mark: &'t str) -> impl Iterator<Item = &'t str> {
    text.match_indices(mark).map(move |(at, _)| &text[at + mark.len()..])
}

fn number(text: &str) -> u64 {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text[..digits].parse().unwrap()
}

/// Opens the journal in the folder as a run does, and looks for what the world was told.
pub(crate) fn check(folder: &Path, told: &Told, contacts: &HashMap<String, String>) -> Result<(), String> {
    let path = folder.join("journal.db");
    let words = |error: JournalError| format!("the journal does not open: {error:?}");
    let _journal = Journal::open(&path).map_err(words)?;
    let integrity: String = rusqlite::Connection::open(&path)
        .and_then(|connection| connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)))
        .map_err(|error| error.to_string())?;
    if integrity != "ok" {
        return Err(integrity);
    }
    let reader = Reader::open(&path).map_err(words)?;
    let campaign = match reader.campaign(NAME) {
        Ok(campaign) => campaign.id,
        Err(_) if told.requests.is_empty() && told.acknowledged() == 0 => return Ok(()),
        Err(error) => return Err(error.to_string()),
    };
    reader.verified_tally(campaign).map_err(|error| error.to_string())?;
    let mut told = told.clone();
    let mut started = 0;
    let each = |record: &Record<'_>| {
        started += u64::from(record.state == State::Started);
        match compare(record, &mut told, contacts) {
            None => Ok::<_, JournalError>(()),
            Some(what) => Err(JournalError::Unbalanced(what)),
        }
    };
    let snapshot = reader.snapshot().map_err(words)?;
    snapshot.each_record(campaign, &Selection::default(), each).map_err(|error| error.to_string())?;
    if !told.requests.is_empty() || !told.lines.is_empty() || started < told.started {
        return Err(format!("{started} rows are started; the journal does not know of {told:?}"));
    }
    Ok(())
}

/// What is wrong with a row; what the world was told of it is taken off the list.
fn compare(record: &Record<'_>, told: &mut Told, contacts: &HashMap<String, String>) -> Option<String> {
    let token = record.client_token?.to_string();
    let requests = told.requests.remove(&token).unwrap_or(0);
    if record.attempts < requests {
        return Some(format!("{requests} requests left, the journal has {}: {record:?}", record.attempts));
    }
    let acknowledged = record.line.is_some_and(|line| told.lines.remove(&line));
    if acknowledged && record.state != State::Started {
        return Some(format!("the contact was said to be started: {record:?}"));
    }
    if record.state == State::Started && record.contact_id != contacts.get(&token).map(String::as_str) {
        return Some(format!("the server knows another contact: {record:?}"));
    }
    None
}
