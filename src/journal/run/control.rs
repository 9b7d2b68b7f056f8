//! What people ask of a campaign from elsewhere, and how the run that holds it learns of it.
//!
//! Another process writes down what is asked; the writer of the run looks for it now and then, and says when it is done.
//! A pause belongs to the campaign: the latest of `pause` and `go` says whether it is paused, whoever runs it; and so does the
//! pace of one sender. A stop and a pace are for the run that goes on when they are asked for, and for no other.

use std::num::NonZeroU32;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Row, params};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use tokio::time::Instant;

use crate::domain::delivery::control::Control;
use crate::domain::foreign::ForeignText;
use crate::domain::unix_millis::UnixMillis;
use crate::journal::error::JournalError;
use crate::journal::file::open::{Journal, Reader};
use crate::journal::row::{CampaignId, RunId, StampColumn};
use crate::journal::run::sender_paces;

/// How often a run looks whether anything is asked of it.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// What is asked and was not taken note of yet, at most: the rest waits in the journal.
const NEWS: usize = 16;

/// What somebody asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ControlRequestId(i64);

/// What somebody asked, and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct ControlRequest {
    /// Its id.
    pub id: ControlRequestId,
    /// When it was asked.
    pub at: UnixMillis,
    /// What.
    pub wish: Control,
    /// By whom: user and process; of a gate, its key and its reason.
    pub who: ForeignText,
    /// Whether a run's own gate asked, and no person.
    pub by_gate: bool,
    /// The run that did it, where one has.
    pub taken: Option<Acknowledgement>,
}

/// The run that did what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Acknowledgement {
    /// The run.
    pub run: RunId,
    /// When.
    pub at: UnixMillis,
    /// Requests without an answer at that moment.
    pub in_flight: u32,
}

/// What a run is told that listens.
#[derive(Debug)]
pub struct ControlState {
    /// The pause that the campaign is in.
    pub paused: Option<ControlRequest>,
    /// What is asked from now on, in order.
    pub news: mpsc::Receiver<ControlRequest>,
}

impl Journal {
    /// Writes down what `who` asks of a campaign; `run` is the run that it is for, `None` where it is for the campaign,
    /// whoever runs it.
    ///
    /// # Errors
    /// Where the journal cannot be written.
    #[expect(clippy::needless_pass_by_value, reason = "a wish is asked once")]
    pub fn ask(
        &mut self,
        campaign: CampaignId,
        wish: Control,
        run: Option<RunId>,
        who: &str,
        now: UnixMillis,
    ) -> Result<ControlRequestId, JournalError> {
        let tx = self.begin_write()?;
        let (rate, burst) = wish.pace();
        let sender =
            wish.sender().map(|name| sender_paces::named(&tx, campaign, name)).transpose()?.flatten();
        tx.execute(
            "INSERT INTO steering (campaign_id, at, what, rate, burst, who, run_id, sender_id)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                campaign.0,
                StampColumn(now),
                wish.name(),
                rate,
                burst.map(NonZeroU32::get),
                who,
                run.map(|run| run.0),
                sender.map(|sender| sender.0)
            ],
        )?;
        let id = ControlRequestId(tx.last_insert_rowid());
        tx.commit()?;
        Ok(id)
    }
}

impl Reader {
    /// What was asked of a campaign, the newest first, at most `most`.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn asks(&self, campaign: CampaignId, most: u32) -> Result<Vec<ControlRequest>, JournalError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM steering WHERE campaign_id = ?1 ORDER BY id DESC LIMIT ?2"
        ))?;
        let asks = statement.query_map(params![campaign.0, most], read)?.collect::<Result<_, _>>()?;
        Ok(asks)
    }

    /// One thing that was asked, as it stands now.
    ///
    /// # Errors
    /// Where the journal cannot be read, or nothing was asked under this id.
    pub fn asked(&self, id: ControlRequestId) -> Result<ControlRequest, JournalError> {
        let sql = format!("SELECT {COLUMNS} FROM steering WHERE id = ?1");
        Ok(self.connection.prepare_cached(&sql)?.query_row([id.0], read)?)
    }

    /// The pause that the campaign is in, where a person or a gate has paused it and nobody has let it go on.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn paused(&self, campaign: CampaignId) -> Result<Option<ControlRequest>, JournalError> {
        Ok(paused(&self.connection, campaign)?)
    }
}

const COLUMNS: &str = "id, at, what, rate, burst, who, taken_run, taken_at, in_flight,
    (SELECT name FROM sender WHERE sender.id = sender_id)";

fn read(row: &Row<'_>) -> rusqlite::Result<ControlRequest> {
    let what: String = row.get(2)?;
    let burst = row.get::<_, Option<u32>>(4)?.and_then(NonZeroU32::new);
    let wish = Control::named(&what, row.get(3)?, burst, row.get(9)?).ok_or_else(|| {
        let unknown = format!("a person asked for \"{what}\"");
        rusqlite::Error::FromSqlConversionFailure(2, rusqlite::types::Type::Text, unknown.into())
    })?;
    let (StampColumn(at), taken_run): (_, Option<i64>) = (row.get(1)?, row.get(6)?);
    let in_flight: Option<u32> = row.get(8)?;
    let taken = match (taken_run, row.get::<_, Option<StampColumn>>(7)?) {
        (Some(run), Some(StampColumn(at))) => {
            Some(Acknowledgement { run: RunId(run), at, in_flight: in_flight.unwrap_or(0) })
        }
        _ => None,
    };
    Ok(ControlRequest {
        id: ControlRequestId(row.get(0)?),
        at,
        wish,
        who: row.get::<_, String>(5)?.into(),
        // A run counts its requests in flight where it does what a person asked, and not where it asked itself: see `hold`.
        by_gate: taken.is_some() && in_flight.is_none(),
        taken,
    })
}

fn paused(connection: &Connection, campaign: CampaignId) -> rusqlite::Result<Option<ControlRequest>> {
    let last = latest(connection, campaign)?;
    Ok(last.filter(|ask| ask.wish == Control::Pause))
}

/// The latest word on whether the campaign is paused.
fn latest(connection: &Connection, campaign: CampaignId) -> rusqlite::Result<Option<ControlRequest>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM steering WHERE campaign_id = ?1 AND what IN ('pause', 'go') ORDER BY id DESC LIMIT 1"
    );
    connection.prepare_cached(&sql)?.query_row([campaign.0], read).optional()
}

/// Takes note that a run has done what was asked, inside a transaction of the caller's.
pub(in crate::journal) fn take(
    connection: &Connection,
    ask: ControlRequestId,
    taken: Acknowledgement,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE steering SET taken_run = ?2, taken_at = ?3, in_flight = ?4 WHERE id = ?1 AND taken_run IS NULL",
        )?
        .execute(params![ask.0, taken.run.0, StampColumn(taken.at), taken.in_flight])?;
    Ok(())
}

/// Writes down that a gate of a run has paused its campaign, inside a transaction of the caller's. `in_flight` stays
/// empty: that tells it from what a person asked.
pub(in crate::journal) fn hold(
    connection: &Connection,
    campaign: CampaignId,
    run: RunId,
    why: &str,
    now: UnixMillis,
) -> Result<(), JournalError> {
    connection
        .prepare_cached(
            "INSERT INTO steering (campaign_id, at, what, who, taken_run, taken_at) VALUES (?1, ?2, ?3, ?4, ?5, ?2)",
        )?
        .execute(params![campaign.0, StampColumn(now), Control::Pause.name(), why, run.0])?;
    Ok(())
}

/// Looks for what is asked of a run.
#[derive(Debug)]
pub(in crate::journal) struct Listener {
    campaign: CampaignId,
    run: RunId,
    /// What was told already, and everything before it.
    told: i64,
    /// SQLite's number of what other connections have written.
    version: i64,
    news: mpsc::Sender<ControlRequest>,
    next: Instant,
}

impl Listener {
    /// Begins to listen.
    pub(in crate::journal) fn new(
        connection: &Connection,
        campaign: CampaignId,
        run: RunId,
    ) -> Result<(Self, ControlState), JournalError> {
        let version = version(connection)?;
        let latest = latest(connection, campaign)?;
        let first_for_run: Option<i64> =
            connection
                .query_row("SELECT min(id) FROM steering WHERE run_id = ?1", [run.0], |row| row.get(0))?;
        let latest_id = latest.as_ref().map_or(0, |ask| ask.id.0);
        let told = first_for_run.map_or(latest_id, |first| latest_id.min(first - 1));
        let (news, receiver) = mpsc::channel(NEWS);
        // What was asked of the run since it began is found with the first look.
        let version = if first_for_run.is_some() { version - 1 } else { version };
        let listener = Self { campaign, run, told, version, news, next: Instant::now() + LOOK_EVERY };
        Ok((
            listener,
            ControlState { paused: latest.filter(|ask| ask.wish == Control::Pause), news: receiver },
        ))
    }

    /// Waits until it is time to look again. Cancel-safe.
    pub(in crate::journal) async fn due(listener: Option<&Self>) {
        match listener {
            Some(listener) => tokio::time::sleep_until(listener.next).await,
            None => std::future::pending().await,
        }
    }

    /// The next look is at the table, whatever SQLite says: others have written through this very connection.
    pub(in crate::journal) fn look_anew(&mut self) {
        self.version -= 1;
    }

    /// Passes on what is new; says whether anybody listens still. Where no other connection has written anything, that
    /// takes a few microseconds and no look at a table.
    pub(in crate::journal) fn look(&mut self, connection: &Connection) -> Result<bool, JournalError> {
        self.next = Instant::now() + LOOK_EVERY;
        let version = version(connection)?;
        if version == self.version {
            return Ok(!self.news.is_closed());
        }
        let sql = format!(
            "SELECT {COLUMNS} FROM steering
             WHERE campaign_id = ?1 AND id > ?2 AND (run_id IS NULL OR run_id = ?3)
                 AND (sender_id IS NULL OR taken_run IS NULL) ORDER BY id LIMIT {NEWS}"
        );
        let mut statement = connection.prepare_cached(&sql)?;
        let asks = statement
            .query_map(params![self.campaign.0, self.told, self.run.0], read)?
            .collect::<Result<Vec<_>, _>>()?;
        let are_all = asks.len() < NEWS;
        for ask in asks {
            let id = ask.id.0;
            match self.news.try_send(ask) {
                Ok(()) => self.told = id,
                Err(TrySendError::Closed(_)) => return Ok(false),
                Err(TrySendError::Full(_)) => return Ok(true),
            }
        }
        // Where more may wait, the version stays what it was, so that the next look comes back to it.
        if are_all {
            self.version = version;
        }
        Ok(true)
    }
}

/// Changes when another connection has changed the database, whatever it changed.
fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::domain::delivery::control::{NewPace, NewRate};
    use crate::journal::{Identity, NewRun, Service, Writer};

    const WHO: &str = "somebody, process 7";

    fn at(millis: i64) -> UnixMillis {
        UnixMillis::from_millis(millis)
    }

    fn pace(rate: f64) -> Control {
        Control::Pace(NewPace { rate: NewRate::PerSecond(rate), burst: NonZeroU32::new(3) })
    }

    /// A journal with two campaigns and a run of the first.
    fn journal(folder: &Path) -> (Journal, [CampaignId; 2], RunId) {
        let mut journal = Journal::open(&folder.join("journal.db")).unwrap();
        let campaigns = ["spring", "autumn"].map(|name| {
            let identity = Identity {
                name: name.to_owned(),
                instance_id: "i".to_owned(),
                key_column: None,
                service: Service::Simulated,
            };
            journal.campaign(&identity, at(0)).unwrap()
        });
        let (run, _) = journal.begin_run(campaigns[0], &NewRun::default(), at(0)).unwrap();
        (journal, campaigns, run)
    }

    #[test]
    fn a_gates_pause_is_told_from_a_persons_also_by_the_next_run() {
        let folder = tempfile::tempdir().unwrap();
        let (mut journal, [spring, _], run) = journal(folder.path());
        let reader = Reader::open(&folder.path().join("journal.db")).unwrap();
        hold(&journal.connection, spring, run, "max_undelivered: 20 of the last 30", at(5)).unwrap();
        let pause = reader.paused(spring).unwrap().unwrap();
        assert_eq!((pause.by_gate, pause.who.raw()), (true, "max_undelivered: 20 of the last 30"));
        // The next run acknowledges it, and it stays the gate's.
        let taken = Acknowledgement { run, at: at(9), in_flight: 3 };
        take(&journal.connection, pause.id, taken).unwrap();
        assert!(reader.paused(spring).unwrap().unwrap().by_gate);
        let asked = journal.ask(spring, Control::Pause, None, WHO, at(10)).unwrap();
        assert!(!reader.asked(asked).unwrap().by_gate);
        take(&journal.connection, asked, taken).unwrap();
        assert!(!reader.asked(asked).unwrap().by_gate, "who has done it changes nothing");
    }

    #[test]
    fn a_campaign_is_paused_from_a_pause_to_the_next_go() {
        let folder = tempfile::tempdir().unwrap();
        let (mut journal, [spring, autumn], run) = journal(folder.path());
        let reader = Reader::open(&folder.path().join("journal.db")).unwrap();
        assert_eq!(reader.paused(spring).unwrap(), None);
        let pause = journal.ask(spring, Control::Pause, None, WHO, at(10)).unwrap();
        journal.ask(spring, pace(5.0), Some(run), WHO, at(20)).unwrap();
        journal.ask(autumn, Control::Go, None, WHO, at(30)).unwrap();
        let paused = reader.paused(spring).unwrap().unwrap();
        let expected = ControlRequest {
            id: pause,
            at: at(10),
            wish: Control::Pause,
            who: WHO.into(),
            by_gate: false,
            taken: None,
        };
        assert_eq!((&paused, reader.paused(autumn).unwrap()), (&expected, None));
        let taken = Acknowledgement { run, at: at(11), in_flight: 4 };
        take(&journal.connection, pause, taken).unwrap();
        take(&journal.connection, pause, Acknowledgement { at: at(12), ..taken }).unwrap();
        assert_eq!(reader.asked(pause).unwrap(), ControlRequest { taken: Some(taken), ..expected }, "once");
        journal.ask(spring, Control::Go, None, WHO, at(40)).unwrap();
        assert_eq!(reader.paused(spring).unwrap(), None);
        let wishes: Vec<Control> = reader.asks(spring, 2).unwrap().into_iter().map(|ask| ask.wish).collect();
        assert_eq!(wishes, [Control::Go, pace(5.0)], "the newest first");
    }

    /// What a run is told: the pause it begins in, and what is for it or for its campaign, once and in order.
    #[tokio::test(start_paused = true)]
    async fn a_run_is_told_what_is_for_it_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let (mut journal, [spring, autumn], first) = journal(folder.path());
        journal.ask(spring, Control::Stop, Some(first), WHO, at(1)).unwrap();
        let (run, _) = journal.begin_run(spring, &NewRun::default(), at(2)).unwrap();
        // Asked of the run before it listens, between two words on whether the campaign is paused.
        journal.ask(spring, Control::Go, None, WHO, at(3)).unwrap();
        journal.ask(spring, pace(7.0), Some(run), WHO, at(4)).unwrap();
        journal.ask(spring, Control::Pause, None, WHO, at(5)).unwrap();
        let (writer, handle) = Writer::spawn(journal, spring);
        let mut other = Journal::open(&folder.path().join("journal.db")).unwrap();
        let ControlState { paused, mut news } = writer.listen(run).await.unwrap();
        assert_eq!(paused.map(|ask| ask.at), Some(at(5)));
        let mut next = async || {
            let ask = tokio::time::timeout(Duration::from_secs(60), news.recv()).await.ok()?;
            ask.map(|ask| (ask.at, ask.wish)).or_else(|| panic!("the writer has stopped looking"))
        };
        assert_eq!(next().await, Some((at(4), pace(7.0))));
        assert_eq!(next().await, Some((at(5), Control::Pause)), "again, and that changes nothing");
        assert_eq!(next().await, None, "for a minute nobody asks anything");
        other.ask(autumn, Control::Pause, None, WHO, at(6)).unwrap();
        other.ask(spring, Control::Stop, Some(first), WHO, at(7)).unwrap();
        for asked in 0..40 {
            let wish = if asked % 2 == 0 { Control::Go } else { Control::Pause };
            other.ask(spring, wish, None, WHO, at(10 + asked)).unwrap();
        }
        let began = Instant::now();
        for asked in 0..40 {
            assert_eq!(
                next().await.map(|ask| ask.0),
                Some(at(10 + asked)),
                "more than are passed on at once"
            );
        }
        assert!(began.elapsed() <= 4 * LOOK_EVERY, "{:?}", began.elapsed());
        assert_eq!(next().await, None, "that is all");
        drop((writer, news));
        handle.await.unwrap().unwrap();
    }

    /// A run of hours asks SQLite for a number, four times a second, and for nothing else until somebody writes.
    #[tokio::test(start_paused = true)]
    async fn the_table_is_read_only_after_somebody_has_written_and_until_all_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let (journal, [spring, _], run) = journal(folder.path());
        let mut other = Journal::open(&folder.path().join("journal.db")).unwrap();
        let (mut listener, ControlState { paused, mut news }) =
            Listener::new(&journal.connection, spring, run).unwrap();
        assert_eq!(paused, None);
        let is_up_to_date = |listener: &mut Listener| {
            assert!(listener.look(&journal.connection).unwrap());
            listener.version == version(&journal.connection).unwrap()
        };
        assert!(is_up_to_date(&mut listener));
        other.ask(spring, Control::Pause, None, WHO, at(1)).unwrap();
        assert_ne!(listener.version, version(&journal.connection).unwrap());
        assert!(is_up_to_date(&mut listener), "one thing was asked, and told");
        for _ in 0..NEWS {
            other.ask(spring, Control::Go, None, WHO, at(2)).unwrap();
        }
        assert!(!is_up_to_date(&mut listener), "the channel is full");
        while news.try_recv().is_ok() {}
        assert!(is_up_to_date(&mut listener));
        assert_eq!((news.try_recv().unwrap().at, news.try_recv().is_err()), (at(2), true));
        for _ in 0..NEWS {
            other.ask(spring, Control::Go, None, WHO, at(3)).unwrap();
        }
        assert!(!is_up_to_date(&mut listener), "as many as one look takes: there may be more");
        assert!(is_up_to_date(&mut listener));
        assert_eq!(news.len(), NEWS);
        drop(news);
        assert!(!listener.look(&journal.connection).unwrap(), "nobody listens any more");
    }
}
