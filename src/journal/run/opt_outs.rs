//! The journal's copy of the account's opt-out lists: readings that survive a crash, and the look-up of a claim.
//!
//! A page and the place of the next one are one transaction, so that a reading goes on where it was, in this run or another.
//! Until a reading ends, what the one before it found stays.

use rusqlite::{OptionalExtension, Row, Transaction, params};

use crate::domain::account::opt_outs::{OptOut, OptOutPage};
use crate::domain::delivery::state::State;
use crate::domain::unix_millis::UnixMillis;
use crate::journal::error::JournalError;
use crate::journal::file::open::{Journal, Reader};
use crate::journal::row::{CampaignId, OptOutListId, RowId, StampColumn};

/// How the copy of a list stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptOutCopy {
    /// The list.
    pub id: OptOutListId,
    /// Its name in the account.
    pub name: String,
    /// When the last whole reading began.
    pub read_at: Option<UnixMillis>,
    /// Numbers that it had then.
    pub numbers: u64,
    /// The reading under way.
    pub reading: Option<OptOutReading>,
}

/// A reading that has not reached the end of its list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptOutReading {
    /// When it began.
    pub began_at: UnixMillis,
    /// Where its next page begins; `None`: with the first.
    pub next: Option<String>,
    /// Numbers that it has read.
    pub numbers: u64,
}

/// What changes a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OptOutChange {
    /// A reading begins, where none is under way.
    Begin,
    /// The reading under way begins again: its place is not known to the service any more.
    BeginAgain,
    /// A page that begins at this place. Left out where the reading is somewhere else by now: another run reads it too.
    Page(Option<String>, OptOutPage),
    /// One number was asked about: it is on the list, or it is not.
    Number(String, Option<OptOut>),
}

/// What came of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptOutChanged {
    /// The list afterwards.
    pub list: OptOutCopy,
    /// Numbers that the copy did not have before.
    pub added: u64,
    /// Rows of the campaign that wait.
    pub waiting: u64,
}

const COLUMNS: &str = "id, name, read_at, numbers, began_at, next, so_far";

fn read(row: &Row<'_>) -> rusqlite::Result<OptOutCopy> {
    let stamp =
        |at: usize| row.get::<_, Option<StampColumn>>(at).map(|stamp| stamp.map(|StampColumn(at)| at));
    let count = |at: usize| row.get::<_, i64>(at).map(|count| u64::try_from(count).unwrap_or_default());
    let (next, so_far) = (row.get(5)?, count(6)?);
    let reading = stamp(4)?.map(|began_at| OptOutReading { began_at, next, numbers: so_far });
    Ok(OptOutCopy {
        id: OptOutListId(row.get(0)?),
        name: row.get(1)?,
        read_at: stamp(2)?,
        numbers: count(3)?,
        reading,
    })
}

fn list(tx: &Transaction<'_>, id: OptOutListId) -> rusqlite::Result<OptOutCopy> {
    tx.prepare_cached(&format!("SELECT {COLUMNS} FROM opt_out_list WHERE id = ?1"))?.query_row([id.0], read)
}

impl Journal {
    /// The copies of these lists of an account; a list that the journal does not know yet has no numbers.
    ///
    /// # Errors
    /// Where the journal cannot be written.
    pub fn opt_out_lists(
        &mut self,
        owner: &str,
        names: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Result<Vec<OptOutCopy>, JournalError> {
        let tx = self.begin_write()?;
        let mut lists = Vec::new();
        for name in names {
            tx.execute(
                "INSERT INTO opt_out_list (owner, name) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
                params![owner, name.as_ref()],
            )?;
            let sql = format!("SELECT {COLUMNS} FROM opt_out_list WHERE owner = ?1 AND name = ?2");
            lists.push(tx.query_row(&sql, params![owner, name.as_ref()], read)?);
        }
        tx.commit()?;
        Ok(lists)
    }
}

impl Reader {
    /// Every list that the journal has a copy of, with its owner, by owner and name.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn opt_out_lists(&self) -> Result<Vec<(String, OptOutCopy)>, JournalError> {
        let sql = format!("SELECT {COLUMNS}, owner FROM opt_out_list ORDER BY owner, name");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let lists = statement.query_map([], |row| Ok((row.get(7)?, read(row)?)))?;
        Ok(lists.collect::<Result<_, _>>()?)
    }
}

/// Applies a change.
pub(in crate::journal) fn change(
    tx: &Transaction<'_>,
    campaign: CampaignId,
    id: OptOutListId,
    change: &OptOutChange,
    now: UnixMillis,
) -> Result<OptOutChanged, JournalError> {
    let mut added = 0;
    match change {
        OptOutChange::Begin => {
            begin(tx, id, "began_at IS NULL", now)?;
        }
        OptOutChange::BeginAgain => {
            begin(tx, id, "began_at IS NOT NULL", now)?;
        }
        OptOutChange::Page(place, page) => {
            let reading = list(tx, id)?.reading;
            if reading.is_some_and(|reading| reading.next == *place) {
                for number in &page.numbers {
                    added += put(tx, id, number)?;
                }
                turn(tx, id, page)?;
            }
        }
        OptOutChange::Number(_, Some(number)) => added += put(tx, id, number)?,
        OptOutChange::Number(number, None) => {
            tx.prepare_cached("DELETE FROM opt_out WHERE destination = ?1 AND list_id = ?2")?
                .execute(params![number, id.0])?;
        }
    }
    let waiting: i64 = tx
        .prepare_cached("SELECT coalesce((SELECT rows FROM tally WHERE campaign_id = ?1 AND state = ?2), 0)")?
        .query_row(params![campaign.0, State::Queued.code()], |row| row.get(0))?;
    Ok(OptOutChanged { list: list(tx, id)?, added, waiting: u64::try_from(waiting).unwrap_or_default() })
}

fn begin(tx: &Transaction<'_>, id: OptOutListId, unless: &str, now: UnixMillis) -> rusqlite::Result<usize> {
    tx.prepare_cached(&format!(
        "UPDATE opt_out_list SET began_at = ?2, reading = reading + 1, next = NULL, so_far = 0
         WHERE id = ?1 AND {unless}"
    ))?
    .execute(params![id.0, StampColumn(now)])
}

/// Puts a number into the copy, and says whether it was not in it.
fn put(tx: &Transaction<'_>, id: OptOutListId, number: &OptOut) -> rusqlite::Result<u64> {
    let known = tx
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM opt_out WHERE destination = ?1 AND list_id = ?2)")?
        .query_row(params![number.number, id.0], |row| row.get::<_, bool>(0))?;
    tx.prepare_cached(
        "INSERT INTO opt_out (destination, list_id, opted_out_at, reading)
         VALUES (?1, ?2, ?3, (SELECT reading FROM opt_out_list WHERE id = ?2))
         ON CONFLICT DO UPDATE SET opted_out_at = excluded.opted_out_at, reading = excluded.reading",
    )?
    .execute(params![number.number, id.0, StampColumn(number.at)])?;
    Ok(u64::from(!known))
}

/// Turns to the next page. After the last, numbers that the reading did not find have opted in again.
fn turn(tx: &Transaction<'_>, id: OptOutListId, page: &OptOutPage) -> rusqlite::Result<()> {
    let read = i64::try_from(page.numbers.len()).unwrap_or(i64::MAX);
    if page.next.is_some() {
        tx.prepare_cached("UPDATE opt_out_list SET next = ?2, so_far = so_far + ?3 WHERE id = ?1")?
            .execute(params![id.0, page.next, read])?;
        return Ok(());
    }
    tx.prepare_cached(
        "DELETE FROM opt_out
         WHERE list_id = ?1 AND reading < (SELECT reading FROM opt_out_list WHERE id = ?1)",
    )?
    .execute([id.0])?;
    tx.prepare_cached(
        "UPDATE opt_out_list SET read_at = began_at, began_at = NULL, next = NULL, numbers = so_far + ?2
         WHERE id = ?1",
    )?
    .execute(params![id.0, read])?;
    Ok(())
}

/// Every list that the journal has a copy of.
pub(in crate::journal) fn lists(tx: &Transaction<'_>) -> rusqlite::Result<Vec<OptOutListId>> {
    let mut statement = tx.prepare_cached("SELECT id FROM opt_out_list ORDER BY id")?;
    let lists = statement.query_map([], |row| Ok(OptOutListId(row.get(0)?)))?;
    lists.collect()
}

/// When the number opted out of one of these lists, by the copies.
pub(in crate::journal) fn opted_out(
    tx: &Transaction<'_>,
    lists: &[OptOutListId],
    destination: &str,
) -> rusqlite::Result<Option<UnixMillis>> {
    let mut statement =
        tx.prepare_cached("SELECT opted_out_at FROM opt_out WHERE destination = ?1 AND list_id = ?2")?;
    for list in lists {
        let found = statement.query_row(params![destination, list.0], |row| row.get(0)).optional()?;
        if let Some(StampColumn(at)) = found {
            return Ok(Some(at));
        }
    }
    Ok(None)
}

/// Rows of the campaign that wait behind `after`, with their numbers, in order.
pub(in crate::journal) fn waiting(
    tx: &Transaction<'_>,
    campaign: CampaignId,
    after: RowId,
    most: u32,
) -> Result<Vec<(RowId, String)>, JournalError> {
    let mut statement = tx.prepare_cached(&format!(
        "SELECT id, destination FROM row WHERE campaign_id = ?1 AND state = {} AND id > ?2 ORDER BY id LIMIT ?3",
        State::Queued.code()
    ))?;
    let rows = statement
        .query_map(params![campaign.0, after.0, most], |row| Ok((RowId(row.get(0)?), row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWNER: &str = "aws 123456789012 us-west-2";

    fn stamp(seconds: i64) -> UnixMillis {
        UnixMillis::from_millis(seconds * 1000)
    }

    fn page(numbers: &[u8], next: Option<&str>) -> OptOutPage {
        let number = |last: &u8| OptOut { number: number(*last), at: stamp(i64::from(*last)) };
        OptOutPage { numbers: numbers.iter().map(number).collect(), next: next.map(str::to_owned) }
    }

    fn number(last: u8) -> String {
        format!("+120255501{last:02}")
    }

    struct Copy {
        _folder: tempfile::TempDir,
        journal: Journal,
        id: OptOutListId,
    }

    impl Copy {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let mut journal = Journal::open(&folder.path().join("journal.db")).unwrap();
            let id = journal.opt_out_lists(OWNER, ["Default"]).unwrap()[0].id;
            Self { _folder: folder, journal, id }
        }

        fn change(&mut self, change: &OptOutChange, now: i64) -> OptOutChanged {
            let tx = self.journal.connection.transaction().unwrap();
            let changed = super::change(&tx, CampaignId::default(), self.id, change, stamp(now)).unwrap();
            tx.commit().unwrap();
            changed
        }

        fn page(&mut self, place: Option<&str>, page: OptOutPage) -> OptOutChanged {
            self.change(&OptOutChange::Page(place.map(str::to_owned), page), 0)
        }

        fn has(&mut self) -> Vec<u8> {
            let tx = self.journal.connection.transaction().unwrap();
            (0..10).filter(|last| opted_out(&tx, &[self.id], &number(*last)).unwrap().is_some()).collect()
        }
    }

    #[test]
    fn a_reading_ends_with_its_last_page_and_what_it_did_not_find_is_gone_then() {
        let mut copy = Copy::new();
        let begun = copy.change(&OptOutChange::Begin, 10).list;
        assert_eq!(begun.reading, Some(OptOutReading { began_at: stamp(10), next: None, numbers: 0 }));
        assert_eq!(copy.change(&OptOutChange::Begin, 11).list, begun, "one at a time");
        assert_eq!(copy.page(None, page(&[1, 2], Some("b"))).added, 2);
        assert_eq!(copy.has(), [1, 2]);
        let read = copy.page(Some("b"), page(&[3], None)).list;
        assert_eq!((read.read_at, read.numbers, read.reading), (Some(stamp(10)), 3, None));

        copy.change(&OptOutChange::Begin, 20);
        assert_eq!(copy.page(None, page(&[1, 4], Some("c"))).added, 1);
        assert_eq!(copy.has(), [1, 2, 3, 4], "until it ends");
        let read = copy.page(Some("c"), page(&[], None)).list;
        assert_eq!((read.read_at, read.numbers), (Some(stamp(20)), 2));
        assert_eq!(copy.has(), [1, 4]);
    }

    #[test]
    fn a_page_of_a_place_that_another_run_has_read_is_left_out() {
        let mut copy = Copy::new();
        assert_eq!(copy.page(None, page(&[1], None)).added, 0, "no reading is under way");
        copy.change(&OptOutChange::Begin, 1);
        copy.page(None, page(&[1], Some("b")));
        let again = copy.page(None, page(&[1], Some("b")));
        assert_eq!(again.list.reading.unwrap().numbers, 1, "counted once");
        let anew = copy.change(&OptOutChange::BeginAgain, 7).list;
        assert_eq!(anew.reading, Some(OptOutReading { began_at: stamp(7), next: None, numbers: 0 }));
    }

    #[test]
    fn a_number_that_was_asked_about_is_put_in_or_taken_out() {
        let mut copy = Copy::new();
        let on = |last: u8| OptOutChange::Number(number(last), page(&[last], None).numbers.pop());
        assert_eq!(copy.change(&on(5), 0).added, 1);
        assert_eq!(copy.change(&on(5), 0).added, 0);
        copy.change(&on(6), 0);
        copy.change(&OptOutChange::Number(number(5), None), 0);
        assert_eq!(copy.has(), [6]);
        let tx = copy.journal.connection.transaction().unwrap();
        assert_eq!(opted_out(&tx, &[copy.id], &number(6)).unwrap(), Some(stamp(6)));
        assert_eq!(opted_out(&tx, &[], &number(6)).unwrap(), None, "a campaign that has no such list");
    }
}
