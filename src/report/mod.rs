//! Reports: the journal folded into a file, and nothing else. A report can be made while the campaign runs, and years
//! later; it never looks at the memory of a run.
//!
//! Everything in one report comes from one [`Snapshot`], and [`write()`] fails where the records that it wrote are not as
//! many as the journal counts. Rows are for their owner: no number in them is masked. The page (html) is for others too,
//! and names no recipient unless asked to.

mod columns;
mod csv_rows;
mod destination;
mod error;
mod evidence;
mod existing;
mod format;
mod html;
mod jsonl_rows;
mod overview;
mod xlsx_rows;

use std::io::Write;

pub use crate::domain::table::report_format::FIXED_COLUMNS;
pub use destination::Destination;
pub use error::ReportError;
pub use evidence::{EvidenceFacts, write as write_evidence};
pub use existing::refuse_other_files;
pub use format::Format;
pub use html::{Names, WallClock};

use crate::domain::definition::Delimiter;
use crate::domain::delivery::state::State;
use crate::domain::delivery::tally::Tally;
use crate::domain::events::Delivery;
use crate::domain::prices::Prices;
use crate::domain::unix_millis::UnixMillis;
use crate::journal::{Campaign, Record, Selection, Snapshot};

/// A form in which records are written, one by one.
trait Rows {
    fn record(&mut self, record: &Record<'_>) -> Result<(), ReportError>;
}

/// The options of a report.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    /// Its form.
    pub format: Format,
    /// Which rows.
    pub selection: Selection,
    /// Of them, only those with these delivery outcomes; `None` for started rows without an event. Empty means all.
    pub deliveries: Vec<Option<Delivery>>,
    /// Which columns, in order; all where empty.
    pub columns: Vec<String>,
    /// The delimiter of a CSV, by default a comma.
    pub delimiter: Option<Delimiter>,
    /// Whether a page names recipients; the other forms have rows, which do, or only counts.
    pub names: Names,
    /// The price of segments, for a page that shows costs.
    pub prices: Option<MessagePrices>,
    /// The clock of a page's times; the other forms have RFC 3339 in UTC.
    pub clock: WallClock,
    /// The next command for rows in a state, for the page: the caller knows the names of commands.
    pub commands: Vec<(State, String)>,
    /// The run that is active while a page is written, as far as known.
    pub going_on: Option<GoingRun>,
}

/// A run that is active while a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GoingRun {
    /// The id of its process.
    pub process: u32,
    /// When it began.
    pub began_at: UnixMillis,
    /// Its expected end, if known.
    pub ends_at: Option<UnixMillis>,
    /// Whether a person has to resume it.
    pub is_paused: bool,
}

/// The price of a segment, by the definition.
#[derive(Debug, Clone, PartialEq)]
pub struct MessagePrices {
    /// By country, or the same everywhere.
    pub prices: Prices,
    /// The currency.
    pub currency: Option<String>,
}

/// Writes the report of a campaign and says how many records it has, by state. `out` should be buffered.
///
/// # Errors
/// Where the journal cannot be read or `out` cannot be written, and [`ReportError::Unbalanced`] where what was written
/// does not add up to the journal's counts: then `out` holds a report that must not be used.
pub fn write(
    snapshot: &Snapshot<'_>,
    campaign: &Campaign,
    wanted: &Wanted,
    out: &mut impl Write,
) -> Result<Tally, ReportError> {
    let Wanted {
        format,
        selection,
        deliveries,
        columns,
        delimiter,
        names,
        prices,
        clock,
        commands,
        going_on,
    } = wanted;
    if delimiter.is_some() && *format != Format::Csv {
        return Err(ReportError::NotDelimited(*format));
    }
    if *names == Names::Shown && *format != Format::Html {
        return Err(ReportError::NamedElsewhere(*format));
    }
    let selects = !selection.states.is_empty() || !deliveries.is_empty() || !columns.is_empty();
    if selects && !format.has_rows() {
        return Err(ReportError::SelectedOverview(*format));
    }
    let columns = || columns::Columns::new(snapshot.columns(campaign.id)?, columns);
    match format {
        Format::Csv => {
            let mut rows = csv_rows::CsvRows::begin(columns()?, &mut *out, delimiter.map(Delimiter::byte))?;
            let written = each(snapshot, campaign, (selection, deliveries), &mut rows)?;
            rows.end()?;
            Ok(written)
        }
        Format::Jsonl => {
            let mut rows = jsonl_rows::JsonlRows::new(columns()?, &mut *out);
            each(snapshot, campaign, (selection, deliveries), &mut rows)
        }
        Format::Xlsx => {
            let mut rows = xlsx_rows::XlsxRows::begin(columns()?, &mut *out)?;
            let written = each(snapshot, campaign, (selection, deliveries), &mut rows)?;
            rows.end()?;
            Ok(written)
        }
        Format::Json => overview::write(snapshot, campaign, out),
        Format::Html => {
            let look = html::PageLook { names: *names, commands, clock, going_on: *going_on };
            html::write(snapshot, campaign, (look, prices.as_ref()), out)
        }
    }
}

fn each(
    snapshot: &Snapshot<'_>,
    campaign: &Campaign,
    (selection, deliveries): (&Selection, &[Option<Delivery>]),
    rows: &mut impl Rows,
) -> Result<Tally, ReportError> {
    let (mut read, mut written) = (Tally::default(), Tally::default());
    snapshot.each_record(campaign.id, selection, |record| {
        read[record.state] += 1;
        let wanted = record.state == State::Started && deliveries.contains(&record.told.delivery);
        if !deliveries.is_empty() && !wanted {
            return Ok(());
        }
        written[record.state] += 1;
        rows.record(record)
    })?;
    balance(&read, &snapshot.tally(campaign.id)?, selection)?;
    Ok(written)
}

/// Compares the written records with the journal's counts.
fn balance(written: &Tally, kept: &Tally, selection: &Selection) -> Result<(), ReportError> {
    let differences: Vec<String> = kept
        .iter()
        .filter(|(state, rows)| selection.has(*state) && written[*state] != *rows)
        .map(|(state, rows)| format!("{} {state} of {rows}", written[state]))
        .collect();
    if differences.is_empty() { Ok(()) } else { Err(ReportError::Unbalanced(differences.join(", "))) }
}
