//! A report while a run writes: of one instant, whatever happens meanwhile.

use std::io::{self, Write};

use campaign::cli::commands::report::write;
use campaign::domain::delivery::state::{Event, State};
use campaign::journal::{Journal, Reader, RowId, Selection, Writer};
use campaign::report::{Format, ReportError};

use crate::report::fixture::{NAME, Place, attempt, line, plan, to, written};

fn planned(rows: u64) -> (Place, Journal, campaign::journal::CampaignId) {
    let place = Place::new();
    let (mut journal, id) = place.open();
    let lines: Vec<_> = (0..rows).map(|row| line(row + 2, &[&format!("k{row}"), "+12025550101"])).collect();
    plan(&mut journal, id, &["id", "phone"], &lines);
    (place, journal, id)
}

async fn start_one(writer: &Writer) {
    attempt(writer, RowId::START, Event::Answered, None).await;
}

/// Between two looks through one snapshot a run settles a row; the snapshot does not see it, a new one does.
#[tokio::test(start_paused = true)]
async fn a_snapshot_stands_still_while_a_run_goes_on() {
    let (place, journal, id) = planned(3);
    let reader = Reader::open(&place.journal).unwrap();
    let snapshot = reader.snapshot().unwrap();
    drop(written(journal, id, start_one).await);
    let mut states = Vec::new();
    snapshot
        .each_record(id, &Selection::default(), |record| -> Result<(), ReportError> {
            states.push(record.state);
            Ok(())
        })
        .unwrap();
    assert_eq!(states, [State::Queued; 3]);
    assert_eq!(snapshot.verified_tally(id).unwrap()[State::Queued], 3);
    drop(snapshot);
    assert_eq!(reader.snapshot().unwrap().tally(id).unwrap()[State::Started], 1);
}

/// Commits a change to the journal whenever a piece of the report is written.
struct Meddler {
    journal: std::path::PathBuf,
    report: Vec<u8>,
    changes: usize,
}

impl Write for Meddler {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut journal = Journal::open(&self.journal).map_err(io::Error::other)?;
        let id = Reader::open(&self.journal)
            .and_then(|reader| reader.campaign(NAME))
            .map_err(io::Error::other)?
            .id;
        let fewer: Vec<_> = (0..10).map(|row| line(row + 2, &[&format!("k{row}"), "+12025550101"])).collect();
        plan(&mut journal, id, &["id", "phone"], &fewer);
        self.changes += 1;
        self.report.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_report_adds_up_whatever_is_written_meanwhile() {
    let (place, journal, _) = planned(5_000);
    drop(journal);
    let mut out = Meddler { journal: place.journal.clone(), report: Vec::new(), changes: 0 };
    write(&to(Format::Csv, None), &place.asked(), &mut out, &mut Vec::new()).unwrap();
    assert!(out.changes > 1, "the journal was changed while the report was written");
    let rows = |report: &[u8], state: &str| {
        let mut csv = csv::Reader::from_reader(report);
        csv.records().filter(|record| &record.as_ref().unwrap()[3] == state).count()
    };
    assert_eq!((rows(&out.report, "queued"), rows(&out.report, "withdrawn")), (5_000, 0));
    let after = place.report(&to(Format::Csv, None)).unwrap();
    assert_eq!((rows(after.as_bytes(), "queued"), rows(after.as_bytes(), "withdrawn")), (10, 4_990));
}
