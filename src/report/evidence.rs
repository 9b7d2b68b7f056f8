//! The evidence of a campaign: one archive for an outsider who must find out what was sent to whom, when, under which
//! rules and on whose decision. Every file of it has its SHA-256 in `SHA256SUMS`, which `sha256sum -c` reads.
//!
//! It has the journal's facts and the files that were passed in; its only judgement is whether hours were open.

use std::collections::HashMap;
use std::io::{self, Write};

use jiff::Timestamp;
use serde::Serialize;
use sha2::{Digest, Sha256};
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, ZipWriter};

use super::error::ReportError;
use super::format::Format;
use super::html::{Names, WallClock};
use super::jsonl_rows::ShownValue;
use super::{Wanted, overview};
use crate::domain::delivery::tally::Tally;
use crate::domain::hours::calendar::Calendar;
use crate::domain::hours::{Hours, Lane};
use crate::domain::table::formula::harmless;
use crate::domain::unix_millis::UnixMillis;
use crate::journal::{Campaign, OptOutCopy, RowRequest, Selection, Snapshot};

/// The archive's facts about itself.
const README: &str = include_str!("evidence.txt");
/// The file with the sums.
const SUMS: &str = "SHA256SUMS";

/// Facts that are not in the journal.
#[derive(Debug, Clone)]
pub struct EvidenceFacts {
    /// The definition as it is now, where there is one.
    pub definition: Option<Vec<u8>>,
    /// Its hours.
    pub hours: Option<Hours>,
    /// Versions, files with their sums, and when the archive was made: an object.
    pub facts: serde_json::Value,
}

/// Writes the archive, and says how many rows it has by state. `out` should be buffered.
///
/// # Errors
/// Where the journal cannot be read or `out` cannot be written, and where the rows do not add up to the journal's counts.
pub fn write(
    snapshot: &Snapshot<'_>,
    campaign: &Campaign,
    facts: &EvidenceFacts,
    out: &mut impl Write,
) -> Result<Tally, ReportError> {
    let mut archive = Archive { zip: ZipWriter::new_stream(out), sums: String::new() };
    archive.file("README.txt", |out| out.write_all(README.as_bytes()).map_err(ReportError::Stream))?;
    archive.file("facts.json", |out| pretty(out, &facts.facts))?;
    if let Some(definition) = &facts.definition {
        archive.file("definition.toml", |out| out.write_all(definition).map_err(ReportError::Stream))?;
    }
    archive.file("summary.json", |out| overview::write(snapshot, campaign, out).map(drop))?;
    let mut written = Tally::default();
    archive.file("rows.csv", |out| {
        written = super::write(snapshot, campaign, &rows(), out)?;
        Ok(())
    })?;
    archive.file("requests.jsonl", |out| {
        snapshot.each_request::<ReportError>(campaign.id, |row| {
            let head = serde_json::to_vec(&RequestHead::of(row)).map_err(stream)?;
            // The request as it is made, byte by byte, as the last member.
            let head = head.strip_suffix(b"}").unwrap_or(&head);
            let parts: [&[u8]; 4] = [head, b",\"request\":", row.body, b"}\n"];
            parts.iter().try_for_each(|part| out.write_all(part)).map_err(ReportError::Stream)
        })
    })?;
    archive.file("hours.csv", |out| hours(snapshot, campaign, facts.hours.as_ref(), out))?;
    archive.file("decisions.csv", |out| decisions(snapshot, campaign, out))?;
    archive.file("lists.csv", |out| listed(snapshot, campaign, out))?;
    archive.file("opt-out-lists.json", |out| {
        let lists = snapshot.opt_out_lists()?;
        let lists: Vec<ListLine<'_>> = lists.iter().map(|(owner, copy)| ListLine::of(owner, copy)).collect();
        pretty(out, &lists)
    })?;
    archive.end()?;
    Ok(written)
}

/// All rows, with all columns of the file: consent too, where the file has it.
fn rows() -> Wanted {
    Wanted {
        format: Format::Csv,
        selection: Selection::default(),
        deliveries: Vec::new(),
        columns: Vec::new(),
        delimiter: None,
        names: Names::Withheld,
        prices: None,
        clock: WallClock::default(),
        commands: Vec::new(),
        going_on: None,
    }
}

/// An archive on its way.
struct Archive<W: Write> {
    zip: ZipWriter<StreamWriter<W>>,
    sums: String,
}

/// A file of an archive, hashed as it is written.
struct HashedFile<'a, W: Write> {
    zip: &'a mut ZipWriter<StreamWriter<W>>,
    hash: Sha256,
}

impl<W: Write> Write for HashedFile<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.zip.write(bytes)?;
        self.hash.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.zip.flush()
    }
}

impl<W: Write> Archive<W> {
    fn file(
        &mut self,
        name: &str,
        content: impl FnOnce(&mut HashedFile<'_, W>) -> Result<(), ReportError>,
    ) -> Result<(), ReportError> {
        self.begin(name)?;
        let mut file = HashedFile { zip: &mut self.zip, hash: Sha256::new() };
        content(&mut file)?;
        let sum = hex::encode(file.hash.finalize());
        self.sums.push_str(&format!("{sum}  {name}\n"));
        Ok(())
    }

    fn begin(&mut self, name: &str) -> Result<(), ReportError> {
        // A file of any length fits: readers of archives know ZIP64.
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .unix_permissions(0o600)
            .large_file(true);
        self.zip.start_file(name, options).map_err(|error| ReportError::Stream(error.into()))
    }

    fn end(mut self) -> Result<(), ReportError> {
        self.begin(SUMS)?;
        self.zip.write_all(self.sums.as_bytes()).map_err(ReportError::Stream)?;
        self.zip.finish().map_err(|error| ReportError::Stream(error.into()))?;
        Ok(())
    }
}

fn stream(error: serde_json::Error) -> ReportError {
    ReportError::Stream(error.into())
}

fn pretty(out: &mut impl Write, value: &impl Serialize) -> Result<(), ReportError> {
    serde_json::to_writer_pretty(&mut *out, value).map_err(stream)?;
    out.write_all(b"\n").map_err(ReportError::Stream)
}

/// The key of a row's request.
#[derive(Serialize)]
struct RequestHead<'r> {
    line: Option<u64>,
    key: &'r str,
    state: &'static str,
    client_token: String,
}

impl<'r> RequestHead<'r> {
    fn of(row: &RowRequest<'r>) -> Self {
        let client_token = row.client_token.to_string();
        Self { line: row.line, key: row.key, state: row.state.name(), client_token }
    }
}

/// A list of the account.
#[derive(Serialize)]
struct ListLine<'l> {
    owner: &'l str,
    name: &'l str,
    read_at: Option<ShownValue<UnixMillis>>,
    numbers: u64,
}

impl<'l> ListLine<'l> {
    fn of(owner: &'l str, copy: &'l OptOutCopy) -> Self {
        Self { owner, name: &copy.name, read_at: copy.read_at.map(ShownValue), numbers: copy.numbers }
    }
}

/// A table of an archive.
struct EvidenceTable<W: Write>(csv::Writer<W>);

impl<W: Write> EvidenceTable<W> {
    fn begin(out: W, header: &[&str]) -> Result<Self, ReportError> {
        let mut table = Self(csv::Writer::from_writer(out));
        table.line(header)?;
        Ok(table)
    }

    fn line(&mut self, cells: &[&str]) -> Result<(), ReportError> {
        let cells = cells.iter().map(|cell| harmless(cell));
        let written = cells.into_iter().try_for_each(|cell| self.0.write_field(cell.as_bytes()));
        written.and_then(|()| self.0.write_record(None::<&[u8]>)).map_err(|error| match error.into_kind() {
            csv::ErrorKind::Io(error) => ReportError::Stream(error),
            other => ReportError::Stream(io::Error::other(format!("{other:?}"))),
        })
    }

    fn end(mut self) -> Result<(), ReportError> {
        self.0.flush().map_err(ReportError::Stream)
    }
}

fn shown(value: Option<impl std::fmt::Display>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// The local times when the first request of each row left, and whether the definition's hours were open.
fn hours(
    snapshot: &Snapshot<'_>,
    campaign: &Campaign,
    hours: Option<&Hours>,
    out: &mut impl Write,
) -> Result<(), ReportError> {
    let header = [
        "line",
        "key",
        "client_token",
        "first_attempt_at",
        "zones",
        "jurisdiction",
        "clocks",
        "rules",
        "open",
    ];
    let mut table = EvidenceTable::begin(out, &header)?;
    let mut calendars: HashMap<Lane, (String, Calendar)> = HashMap::new();
    snapshot.each_request::<ReportError>(campaign.id, |row| {
        let Some(at) = row.first_attempt_at else { return Ok(()) };
        let instant = Timestamp::from_millisecond(at.millis()).unwrap_or(Timestamp::UNIX_EPOCH);
        let (mut rules, mut open) = (String::new(), "");
        if let (Some(hours), Some(lane)) = (hours, row.lane) {
            let (names, calendar) = calendars.entry(lane.clone()).or_insert_with(|| {
                let covering =
                    hours.rules.iter().filter(|rule| rule.jurisdiction.may_cover(&lane.jurisdiction));
                let names: Vec<&str> = covering.map(|rule| rule.name.as_str()).collect();
                (names.join(" "), hours.of(lane))
            });
            rules.clone_from(names);
            open = if calendar.at(instant).is_open() { "yes" } else { "no" };
        }
        let clocks = row.lane.map(|lane| {
            let clocks = lane
                .zones
                .zones()
                .map(|zone| instant.to_zoned(zone).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string());
            clocks.collect::<Vec<_>>().join(" ")
        });
        table.line(&[
            &shown(row.line),
            row.key,
            &row.client_token.to_string(),
            &at.to_string(),
            row.lane.map_or("", |lane| lane.zones.as_str()),
            &shown(row.lane.map(|lane| &lane.jurisdiction)),
            &clocks.unwrap_or_default(),
            &rules,
            open,
        ])
    })?;
    table.end()
}

fn decisions(snapshot: &Snapshot<'_>, campaign: &Campaign, out: &mut impl Write) -> Result<(), ReportError> {
    let mut table = EvidenceTable::begin(out, &["line", "key", "at", "decision", "contact_id"])?;
    for decision in snapshot.decisions(campaign.id)? {
        let (key, contact) = (decision.key.unwrap_or_default(), decision.contact_id.unwrap_or_default());
        table.line(&[&shown(decision.line), &key, &decision.at.to_string(), &decision.decision, &contact])?;
    }
    table.end()
}

fn listed(snapshot: &Snapshot<'_>, campaign: &Campaign, out: &mut impl Write) -> Result<(), ReportError> {
    let mut table = EvidenceTable::begin(out, &["list", "number", "since", "still_on_it", "note"])?;
    snapshot.each_listed::<ReportError>(campaign.id, |listed| {
        let current = if listed.current { "yes" } else { "no" };
        let list = listed.list.as_deref().unwrap_or("journal");
        table.line(&[
            list,
            &listed.number,
            &listed.at.to_string(),
            current,
            listed.note.as_deref().unwrap_or_default(),
        ])
    })?;
    table.end()
}
