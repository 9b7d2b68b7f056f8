//! What became of started contacts: the account's events come into the journal, and are joined to rows.

use std::fmt;
use std::sync::mpsc::{self, Receiver, SendError, SyncSender};
use std::thread;

use crate::app::error::{Error, with_causes};
use crate::app::paths::{CampaignPaths, which};
use crate::deliveries::{self, BadRecord, Input, Stopped, Totals};
use crate::domain::events::AccountEvent;
use crate::domain::next_step::NextStep;
use crate::domain::phone::E164;
use crate::journal::{
    CampaignId, DeliveryCounts, Journal, JournalError, Reader, StatusCount, Taken, UnmatchedCount,
};
use crate::report::ReportError;

/// Events of one transaction: a run that writes meanwhile waits for no more, which is some half a second. In transactions
/// of fewer events the same pages are written over and over, since ids are in no order.
const GROUP: usize = 65_536;
/// What they hold, in bytes, at most: as many as there are have half of it. One group is read while another is written.
const GROUP_BYTES: usize = 64 << 20;

/// What is imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportOptions {
    /// Files, folders and standard input.
    pub inputs: Vec<Input>,
    /// The phone numbers of sources.
    pub originations: Vec<Origination>,
}

/// The phone number of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origination {
    /// The source's ARN; `None`: the campaign's only source whose number is not known yet.
    pub source: Option<String>,
    /// Its number.
    pub number: E164,
}

/// What an import did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Imported {
    /// What was read.
    pub read: Totals,
    /// What came of it.
    pub taken: Taken,
}

/// What became of a campaign's started contacts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deliveries {
    /// The campaign.
    pub campaign: String,
    /// Counts of its started rows.
    pub counts: DeliveryCounts,
    /// The same by AWS's word, the most frequent first.
    pub statuses: Vec<StatusCount>,
    /// Events of the whole journal without a row, by why.
    pub unmatched: Vec<UnmatchedCount>,
    /// Numbers of the journal that cannot take messages, and are not on its list.
    pub to_suppress: u64,
    /// Sources of the campaign whose phone number is not known: no message is joined without.
    pub sources_without_number: Vec<String>,
}

impl Deliveries {
    /// Reads them.
    ///
    /// # Errors
    /// Where the journal cannot be read, or the campaign is not in it.
    pub fn read(paths: &CampaignPaths) -> Result<Self, Error> {
        let reader = Reader::open(&paths.journal)?;
        let snapshot = reader.snapshot()?;
        let campaign = which(&snapshot, paths.campaign.as_deref())?;
        Ok(Self {
            counts: snapshot.deliveries(campaign.id)?,
            statuses: snapshot.delivery_statuses(campaign.id)?,
            unmatched: snapshot.unmatched()?,
            to_suppress: snapshot.unreachable_numbers()?.len() as u64,
            sources_without_number: snapshot.sources_without_number(campaign.id)?,
            campaign: campaign.name,
        })
    }
}

/// Takes the events of files into the journal. `bad` is told of each record that cannot be read. They are read in this
/// thread while another writes, which takes twice as long.
///
/// # Errors
/// Where an input cannot be opened, a source is not clear, or the journal cannot be written. What was read before is in the
/// journal then, and importing again changes nothing of it.
pub fn import(
    paths: &CampaignPaths,
    options: &ImportOptions,
    mut bad: impl FnMut(BadRecord),
) -> Result<Imported, Error> {
    let files = deliveries::files(&options.inputs).map_err(|error| unread(&error))?;
    // Events belong to campaigns: without a journal there are none.
    drop(Reader::open(&paths.journal)?);
    let mut journal = Journal::open(&paths.journal)?;
    note_all(&mut journal, paths, &options.originations)?;
    let mut read = Totals::default();
    let (groups, received) = mpsc::sync_channel(0);
    let (unopened, written) = thread::scope(|threads| {
        let writer = thread::Builder::new().spawn_scoped(threads, || take_all(&mut journal, received));
        let writer = writer.map_err(|error| Error::no_thread(&error))?;
        let unopened = read_groups(&files, &groups, &mut read, &mut bad);
        drop(groups);
        Ok::<_, Error>((unopened, writer.join()))
    })?;
    let taken = written.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
    // A writer that wants no more has said why.
    if let Err(Stopped::Unopened(error)) = unopened {
        return Err(unread(&error));
    }
    journal.close()?;
    Ok(Imported { read, taken })
}

/// Events that are written together.
struct Group {
    events: Vec<AccountEvent>,
    bytes: usize,
}

impl Group {
    fn new() -> Self {
        Self { events: Vec::with_capacity(GROUP), bytes: 0 }
    }

    /// Takes an event. Says whether that was the last.
    fn push(&mut self, event: AccountEvent) -> bool {
        self.bytes += event.bytes();
        self.events.push(event);
        self.events.len() >= GROUP || self.bytes >= GROUP_BYTES
    }
}

/// Hands the events of files over in groups.
fn read_groups(
    files: &[Input],
    groups: &SyncSender<Group>,
    totals: &mut Totals,
    mut bad: impl FnMut(BadRecord),
) -> Result<(), Stopped<SendError<Group>>> {
    let mut group = Group::new();
    let read = files.iter().try_for_each(|file| {
        let event = |event: AccountEvent| match group.push(event) {
            true => groups.send(std::mem::replace(&mut group, Group::new())),
            false => Ok(()),
        };
        deliveries::read(file, totals, event, &mut bad)
    });
    groups.send(group).map_err(Stopped::Refused)?;
    read
}

/// Writes what comes in groups, until no more comes.
fn take_all(journal: &mut Journal, groups: Receiver<Group>) -> Result<Taken, JournalError> {
    let mut taken = Taken::default();
    let mut intake = journal.intake()?;
    for group in groups {
        taken += intake.take(&group.events)?;
    }
    taken += intake.join_again()?;
    Ok(taken)
}

fn unread(error: &deliveries::ReadError) -> Error {
    let advice = "name files or folders with events of the account, or - for standard input; what was imported before \
                  stays, and importing it again changes nothing";
    Error::usage(with_causes(error), NextStep::from(advice.to_owned()))
}

/// Keeps the phone numbers of sources.
pub(super) fn note_all(
    journal: &mut Journal,
    paths: &CampaignPaths,
    originations: &[Origination],
) -> Result<(), Error> {
    let campaign =
        which(&Reader::open(&paths.journal)?, paths.campaign.as_deref()).map(|campaign| campaign.id);
    originations.iter().try_for_each(|origination| note(journal, &campaign, origination))
}

fn note(
    journal: &mut Journal,
    campaign: &Result<CampaignId, ReportError>,
    origination: &Origination,
) -> Result<(), Error> {
    let source = match &origination.source {
        Some(source) => source.clone(),
        None => {
            let sources = match campaign {
                Ok(campaign) => journal.fixed_sources(*campaign)?,
                Err(error) => {
                    return Err(Error::usage(
                        error.to_string(),
                        NextStep::from("name the campaign, or the source as ARN=NUMBER".to_owned()),
                    ));
                }
            };
            let [source] = &sources[..] else { return Err(unclear(&sources)) };
            source.clone()
        }
    };
    Ok(journal.note_source_number(&source, &origination.number)?)
}

fn unclear(sources: &[String]) -> Error {
    let what = if sources.is_empty() { "no source for all rows" } else { "several sources" };
    let advice = format!("say which source the number is of, as ARN=NUMBER: {}", sources.join(", "));
    Error::usage(format!("the campaign has {what}"), NextStep::from(advice.trim_end_matches(": ").to_owned()))
}

impl fmt::Display for Imported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use crate::domain::figures::counted;
        let Totals { files, events, other, bad } = self.read;
        let Taken { news, joined } = self.taken;
        f.write_str(&counted(events, "event", "events"))?;
        if files > 0 {
            write!(f, " in {}", counted(files, "file", "files"))?;
        }
        write!(
            f,
            ": {} new, {} joined to rows",
            counted(news, "is", "are"),
            counted(joined, "message or contact", "messages and contacts")
        )?;
        if other > 0 {
            write!(f, "; {} of other kinds", counted(other, "record", "records"))?;
        }
        if bad > 0 {
            write!(f, "; {} could not be read", counted(bad, "record", "records"))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::events::parse;

    #[test]
    fn a_group_is_bounded_by_its_events_and_by_what_they_hold() {
        let event = |texts: usize| {
            let context: Vec<String> =
                (0..texts).map(|nth| format!(r#""{nth}":"{}""#, "c".repeat(250))).collect();
            let event = format!(
                r#"{{"eventTimestamp":1759342841377,"messageId":"m","messageStatus":"SENT","context":{{{}}}}}"#,
                context.join(",")
            );
            parse(event.as_bytes()).events.remove(0)
        };
        let filled = |event: AccountEvent| {
            let mut group = Group::new();
            while !group.push(event.clone()) {}
            (group.events.len(), group.bytes)
        };
        let (events, bytes) = filled(event(0));
        assert!(events == GROUP && bytes < GROUP_BYTES, "{events} {bytes}");
        let (events, bytes) = filled(event(8));
        assert!(events < GROUP / 2 && bytes < GROUP_BYTES + 4_096, "{events} {bytes}");
    }
}
