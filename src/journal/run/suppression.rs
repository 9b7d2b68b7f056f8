//! The journal's own suppression list, who is on it at the moment of a claim, and who belongs to a sample.
//!
//! The list is of persons, not of a campaign: what is on it is sent to by no campaign of the journal. It can be changed
//! while a campaign runs in another process: every claim looks it up inside its own transaction.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, Transaction, params};
use uuid::Uuid;

use crate::domain::delivery::state;
use crate::domain::delivery::state::{Event, State};
use crate::domain::phone::E164;
use crate::domain::row::suppression::{Suppressed, Suppression};
use crate::domain::unix_millis::UnixMillis;
use crate::journal::admission::Admission;
use crate::journal::error::JournalError;
use crate::journal::file::open::{Journal, Reader};
use crate::journal::query::earlier_campaigns;
use crate::journal::row::{CampaignId, OptOutListId, StampColumn, StateColumn, TokenColumn};
use crate::journal::run::opt_outs;
use crate::journal::sql;
use crate::journal::tally::Delta;

/// Numbers of one transaction: few enough that a campaign that runs meanwhile does not notice.
const BATCH: usize = 5_000;
/// Rows of one transaction of a sweep.
const SWEEP: i64 = 10_000;

impl Journal {
    /// Who may be claimed from here on by a [`Writer`](crate::journal::Writer) that this journal is handed to.
    pub fn admit(&mut self, admission: Admission) {
        self.admission = admission;
    }

    /// Claims leave out the numbers of these copies of opt-out lists as well.
    pub fn admit_opt_outs(&mut self, lists: Vec<OptOutListId>) {
        self.admission.opt_out_lists = lists;
    }

    /// Takes numbers onto the journal's list, and says how many were not on it yet. One that is on it keeps its time and
    /// note.
    ///
    /// # Errors
    /// Where the journal cannot be written; numbers of earlier transactions are on the list then.
    pub fn suppress(
        &mut self,
        numbers: &[E164],
        note: Option<&str>,
        now: UnixMillis,
    ) -> Result<usize, JournalError> {
        self.in_batches(numbers, |tx, number| {
            tx.prepare_cached(
                "INSERT INTO suppression (destination, added_at, note) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
            )?
            .execute(params![number, StampColumn(now), note])
        })
    }

    /// Takes numbers off the journal's list, and says how many were on it.
    ///
    /// # Errors
    /// Where the journal cannot be written; numbers of earlier transactions are off the list then.
    pub fn unsuppress(&mut self, numbers: &[E164]) -> Result<usize, JournalError> {
        self.in_batches(numbers, |tx, number| {
            tx.prepare_cached("DELETE FROM suppression WHERE destination = ?1")?.execute([number])
        })
    }

    fn in_batches(
        &mut self,
        numbers: &[E164],
        each: impl Fn(&Transaction<'_>, &str) -> rusqlite::Result<usize>,
    ) -> Result<usize, JournalError> {
        let mut changed = 0;
        for batch in numbers.chunks(BATCH) {
            let tx = self.begin_write()?;
            for number in batch {
                changed += each(&tx, number.as_str())?;
            }
            tx.commit()?;
        }
        Ok(changed)
    }

    /// Adds the numbers of the journal's list to those of a definition.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn add_suppressed(&self, lists: &mut Suppression) -> Result<(), JournalError> {
        each_listed(&self.connection, |number, _, _| {
            lists.add_number(number);
            Ok(())
        })
    }

    /// Suppresses every row that waits and is on a list now: for runs that read no file before they send. Says how many.
    ///
    /// # Errors
    /// Where the journal cannot be written; rows of earlier transactions are suppressed then.
    pub fn sweep_suppressed(
        &mut self,
        campaign: CampaignId,
        lists: &Suppression,
    ) -> Result<u64, JournalError> {
        if lists.is_empty() {
            return Ok(0);
        }
        let (mut suppressed, mut after) = (0, 0);
        loop {
            let tx = self.begin_write()?;
            let mut delta = Delta::default();
            let (mut last, mut stopped) = (None, Vec::new());
            {
                let mut statement = tx.prepare_cached(&format!(
                    "SELECT id, destination, key FROM row WHERE campaign_id = ?1 AND state = {} AND id > ?2
                     ORDER BY id LIMIT ?3",
                    State::Queued.code()
                ))?;
                let mut rows = statement.query(params![campaign.0, after, SWEEP])?;
                while let Some(row) = rows.next()? {
                    let id: i64 = row.get(0)?;
                    last = Some(id);
                    let (number, key) = (row.get_ref(1)?.as_str(), row.get_ref(2)?.as_str());
                    if let Err(why) = lists.check(number.unwrap_or_default(), key.unwrap_or_default()) {
                        stopped.push((id, why));
                    }
                }
            }
            for (id, why) in &stopped {
                stop(&tx, *id, why, &mut delta)?;
            }
            delta.write(&tx, campaign)?;
            tx.commit()?;
            suppressed += stopped.len() as u64;
            match last {
                Some(last) => after = last,
                None => return Ok(suppressed),
            }
        }
    }

    /// The greatest client token of a sample of so many recipients of the file last read; `None` where there are no more
    /// than that. Tokens are hashes, so that the smallest are a random choice, and the same one every time.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn sample(&self, campaign: CampaignId, recipients: u64) -> Result<Option<Uuid>, JournalError> {
        let place = i64::try_from(recipients).unwrap_or(i64::MAX).saturating_sub(1);
        let bound = |place: i64| -> rusqlite::Result<Option<Uuid>> {
            self.connection
                .query_row(
                    &format!(
                        "SELECT client_token FROM row
                         WHERE campaign_id = ?1 AND line IS NOT NULL AND state NOT IN ({})
                         ORDER BY client_token LIMIT 1 OFFSET ?2",
                        sql::NOT_SENT_TO
                    ),
                    params![campaign.0, place],
                    |row| row.get::<_, TokenColumn>(0).map(|token| token.0),
                )
                .optional()
        };
        Ok(bound(place)?)
    }
}

impl Reader {
    /// Calls `each` with every number of the journal's list, when it was added, and the note: in the order of the
    /// numbers.
    ///
    /// # Errors
    /// Where the journal cannot be read, or the first error of `each`.
    pub fn each_suppressed<E: From<JournalError>>(
        &self,
        each: impl FnMut(&str, UnixMillis, Option<&str>) -> Result<(), E>,
    ) -> Result<(), E> {
        each_listed(&self.connection, each)
    }

    /// Adds the numbers of the journal's list to those of a definition.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn add_suppressed(&self, lists: &mut Suppression) -> Result<(), JournalError> {
        each_listed(&self.connection, |number, _, _| {
            lists.add_number(number);
            Ok(())
        })
    }
}

fn each_listed<E: From<JournalError>>(
    connection: &Connection,
    mut each: impl FnMut(&str, UnixMillis, Option<&str>) -> Result<(), E>,
) -> Result<(), E> {
    let sql = "SELECT destination, added_at, note FROM suppression ORDER BY destination";
    let mut statement = connection.prepare_cached(sql).map_err(JournalError::from)?;
    let mut rows = statement.query([]).map_err(JournalError::from)?;
    while let Some(row) = rows.next().map_err(JournalError::from)? {
        let read = || -> Result<_, JournalError> {
            let (StampColumn(at), note) = (row.get(1)?, row.get::<_, Option<String>>(2)?);
            Ok((row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?, at, note))
        };
        let (number, at, note) = read()?;
        each(number, at, note.as_deref())?;
    }
    Ok(())
}

/// Whom a claim must leave out: the journal's list as it is in the claim's own transaction, the copies of the account's,
/// and the definition's.
pub(in crate::journal) struct Lists<'a> {
    tx: &'a Transaction<'a>,
    admission: &'a Admission,
    /// Whether the journal's list has anybody.
    has_list: bool,
}

impl<'a> Lists<'a> {
    pub(in crate::journal) fn of(
        tx: &'a Transaction<'a>,
        admission: &'a Admission,
    ) -> Result<Self, JournalError> {
        let has_list = tx
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM suppression)")?
            .query_row([], |row| row.get(0))?;
        Ok(Self { tx, admission, has_list })
    }

    /// Why a row that is in this state is not to be claimed, if so. A row in doubt is: only its replay can find out what
    /// became of it, and a contact that it has is not started a second time.
    pub(in crate::journal) fn stops(
        &self,
        number: &str,
        state: State,
        key: &str,
    ) -> Result<Option<Suppressed>, JournalError> {
        if state != State::Queued {
            return Ok(None);
        }
        if let Err(why) = self.admission.suppression.check(number, key) {
            return Ok(Some(why));
        }
        let listed = self.has_list
            && self
                .tx
                .prepare_cached("SELECT EXISTS (SELECT 1 FROM suppression WHERE destination = ?1)")?
                .query_row([number], |row| row.get(0))?;
        if listed {
            return Ok(Some(Suppressed::Listed));
        }
        if let Some(at) = opt_outs::opted_out(self.tx, &self.admission.opt_out_lists, number)? {
            return Ok(Some(Suppressed::OptedOut(at)));
        }
        for (campaign, name) in &self.admission.not_in {
            if earlier_campaigns::has_contacted(self.tx, *campaign, number)? {
                return Ok(Some(Suppressed::ContactedElsewhere(Arc::clone(name))));
            }
        }
        Ok(None)
    }
}

/// Suppresses a row that waits.
pub(in crate::journal) fn stop(
    tx: &Transaction<'_>,
    id: i64,
    why: &Suppressed,
    delta: &mut Delta,
) -> Result<(), JournalError> {
    let after = state::next(State::Queued, Event::Suppressed)?;
    tx.prepare_cached("UPDATE row SET state = ?2, code = ?3, reason = ?4 WHERE id = ?1")?
        .execute(params![id, StateColumn(after), why.code(), why.to_string()])?;
    delta.moved(State::Queued, after);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::journal::{Identity, Service};

    fn number(last: u8) -> E164 {
        E164::parse(&format!("+120255501{last:02}")).unwrap()
    }

    type ListedNumber = (String, i64, Option<String>);

    fn listed(path: &Path) -> Vec<ListedNumber> {
        let mut listed = Vec::new();
        let reader = Reader::open(path).unwrap();
        let each = |number: &str, at: UnixMillis, note: Option<&str>| {
            listed.push((number.to_owned(), at.millis(), note.map(str::to_owned)));
            Ok::<_, JournalError>(())
        };
        reader.each_suppressed(each).unwrap();
        listed
    }

    #[test]
    fn who_is_on_the_list_keeps_the_time_and_the_note_of_the_first_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db");
        let mut journal = Journal::open(&path).unwrap();
        let stamp = UnixMillis::from_millis;
        assert_eq!(journal.suppress(&[number(7), number(3), number(7)], Some("asked"), stamp(1)).unwrap(), 2);
        assert_eq!(journal.suppress(&[number(3), number(5)], None, stamp(2)).unwrap(), 1);
        let row = |last: u8, at: i64, note: Option<&str>| {
            (number(last).as_str().to_owned(), at, note.map(str::to_owned))
        };
        assert_eq!(listed(&path), [row(3, 1, Some("asked")), row(5, 2, None), row(7, 1, Some("asked"))]);

        let (mut one, mut other) = (Suppression::default(), Suppression::default());
        journal.add_suppressed(&mut one).unwrap();
        Reader::open(&path).unwrap().add_suppressed(&mut other).unwrap();
        for lists in [one, other] {
            assert_eq!(lists.len(), 3);
            assert!(
                lists.check(number(5).as_str(), "").is_err() && lists.check(number(4).as_str(), "").is_ok()
            );
        }

        assert_eq!(journal.unsuppress(&[number(3), number(4), number(7)]).unwrap(), 2);
        assert_eq!(listed(&path), [row(5, 2, None)]);
    }

    /// A campaign with rows in these states: the first on line 2, each with a token smaller than the one before.
    fn with_rows(journal: &mut Journal, states: &[State]) -> CampaignId {
        let identity = Identity {
            name: "n".to_owned(),
            instance_id: "i".to_owned(),
            key_column: None,
            service: Service::Simulated,
        };
        let id = journal.campaign(&identity, UnixMillis::from_millis(0)).unwrap();
        let tx = journal.connection.transaction().unwrap();
        tx.execute("INSERT INTO header (id, campaign_id, columns) VALUES (1, ?1, '[]')", [id.0]).unwrap();
        let mut delta = Delta::default();
        for (place, state) in (0_u8..).zip(states) {
            tx.execute(
                "INSERT INTO row (campaign_id, line, key, destination, state, client_token, header_id, cells)
                 VALUES (?1, ?2, ?3, ?3, ?4, ?5, 1, '[]')",
                params![id.0, place + 2, number(place).as_str(), state.code(), TokenColumn(token(place))],
            )
            .unwrap();
            delta.add(*state);
        }
        delta.write(&tx, id).unwrap();
        tx.commit().unwrap();
        id
    }

    fn token(place: u8) -> Uuid {
        Uuid::from_u128(1_000 - u128::from(place))
    }

    #[test]
    fn a_sweep_suppresses_those_that_wait_and_nobody_else() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(&folder.path().join("journal.db")).unwrap();
        let before = [State::Queued, State::Queued, State::Attempting, State::Started, State::Queued];
        let id = with_rows(&mut journal, &before);
        assert_eq!(journal.sweep_suppressed(id, &Suppression::default()).unwrap(), 0);
        let mut lists = Suppression::default();
        for listed in [0, 2, 3, 4, 9] {
            lists.add_number(number(listed).as_str());
        }
        assert_eq!(journal.sweep_suppressed(id, &lists).unwrap(), 2);
        let after = [State::Suppressed, State::Queued, State::Attempting, State::Started, State::Suppressed];
        assert_eq!(journal.verified_tally(id).unwrap(), crate::domain::delivery::tally::Tally::of(after));
        assert_eq!(journal.sweep_suppressed(id, &lists).unwrap(), 0, "once is enough");
    }

    #[test]
    fn a_sample_is_of_recipients_and_bounded_by_the_token_of_its_last_one() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(&folder.path().join("journal.db")).unwrap();
        let id = with_rows(&mut journal, &[State::Queued, State::Started, State::Rejected, State::Failed]);
        let bounds = [1, 2, 3, 4].map(|recipients| journal.sample(id, recipients).unwrap());
        assert_eq!(bounds, [Some(token(3)), Some(token(1)), Some(token(0)), None]);
    }
}
