//! Writing a report: its form, to a stream or to a file, and the rejected rows as a file of their own.

use std::fs;
use std::io::{BufWriter, Write};
use std::path::Path;

use crate::domain::definition::Delimiter;
use crate::domain::delivery::state::State;
use crate::domain::delivery::tally::Tally;
use crate::domain::row::rejected_id::RejectedId;
use crate::domain::table::header::{Header, fold};
use crate::journal::{Campaign, Record, Selection, Snapshot};
use crate::recipients::Rejects;
use crate::report::{self, Destination, Format, ReportError, Wanted};

/// The form of a report: the one that was named, else what the ending of the path says, else one for the reader of a stream.
///
/// # Errors
/// Where the ending names no form.
pub fn format_of(named: Option<Format>, path: Option<&Path>, json: bool) -> Result<Format, ReportError> {
    match (named, path) {
        (Some(format), _) => Ok(format),
        (None, Some(path)) => {
            Format::from_ending(path).ok_or_else(|| ReportError::UnknownEnding(path.to_owned()))
        }
        (None, None) => Ok(if json { Format::Json } else { Format::Csv }),
    }
}

/// Writes the report to a stream.
///
/// # Errors
/// As [`report::write`].
pub fn to_stream(
    snapshot: &Snapshot<'_>,
    campaign: &Campaign,
    wanted: &Wanted,
    out: &mut impl Write,
) -> Result<(), ReportError> {
    let mut out = BufWriter::with_capacity(1 << 16, out);
    report::write(snapshot, campaign, wanted, &mut out)?;
    out.flush().map_err(ReportError::Stream)
}

/// Writes the report to a file, whole or not at all. Says how many rows it has, by state.
///
/// # Errors
/// As [`report::write`]; the file is then as it was before.
pub fn to_file(
    snapshot: &Snapshot<'_>,
    campaign: &Campaign,
    wanted: &Wanted,
    path: &Path,
) -> Result<Tally, ReportError> {
    let mut file = Destination::create(path)?;
    let written = match report::write(snapshot, campaign, wanted, file.out()) {
        Ok(written) => written,
        Err(error) => return Err(file.blame(error)),
    };
    file.commit()?;
    Ok(written)
}

/// Writes the rejected rows, to be corrected and run. What is there already stays: it may have been corrected.
///
/// # Errors
/// Where the journal cannot be read, or the file exists or cannot be written.
pub fn rejects(
    snapshot: &Snapshot<'_>,
    campaign: &Campaign,
    path: &Path,
    delimiter: Option<Delimiter>,
) -> Result<Tally, ReportError> {
    if fs::metadata(path).is_ok_and(|there| there.is_file() && there.len() > 0) {
        return Err(ReportError::RejectsExist(path.to_owned()));
    }
    let columns = snapshot.columns(campaign.id)?;
    let header = Header::new(columns.last().map_or(&[][..], |(_, names)| names));
    let mut file = Destination::create(path)?;
    let failed = |source| ReportError::File { path: path.to_owned(), source };
    let mut written = Tally::default();
    let mut rejects =
        Rejects::begin(file.out(), delimiter.unwrap_or(Delimiter::Comma).byte(), &header).map_err(failed)?;
    let selection = Selection { states: vec![State::Rejected] };
    snapshot.each_record(campaign.id, &selection, |record| {
        written[State::Rejected] += 1;
        let names = columns.iter().find(|(id, _)| *id == record.header).map_or(&[][..], |(_, names)| names);
        let reason = record.reason.unwrap_or_default();
        let at_fault = names
            .iter()
            .find_map(|name| Some((name.as_str(), reason.strip_prefix(name)?.strip_prefix(": ")?)));
        let cells = own_cells(header.names(), names, record);
        let line = record.line.unwrap_or_default();
        let id = RejectedId::of(record.corrects.unwrap_or(record.cells).iter());
        rejects.write((line, id), at_fault.unwrap_or(("", reason)), cells.into_iter()).map_err(failed)
    })?;
    rejects.end().map_err(failed)?;
    file.commit()?;
    Ok(written)
}

/// The cells of a row under the `header` of the file last read, and those that it has besides.
fn own_cells<'r>(header: &[String], names: &[String], record: &Record<'r>) -> Vec<&'r str> {
    if header == names {
        return record.cells.iter().collect();
    }
    let at = |name: &String| names.iter().position(|other| fold(other) == fold(name));
    let own = header.iter().map(|name| at(name).and_then(|at| record.cells.get(at)).unwrap_or_default());
    own.chain(record.cells.iter().skip(names.len())).collect()
}
