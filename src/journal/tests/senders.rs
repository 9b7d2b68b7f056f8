//! Senders of a plan: frozen with the row, kept by a person over campaigns, and lanes of their own.

use std::time::Duration;

use super::*;
use crate::domain::delivery::bucket_history::BucketHistory;
use crate::domain::senders::figures::{SenderBeat, SenderDay};
use crate::domain::senders::{HaltRule, Sender};
use crate::journal::plan::line::{Content, FileLine};
use crate::journal::run::sender_figures;
use crate::journal::run::senders::reassign;

fn sender(n: usize) -> Sender {
    Sender {
        name: format!("s{n}"),
        source: format!("arn-{n}"),
        rate: None,
        per_day: None,
        countries: Vec::new(),
        weight: 1.0,
        on_halt: HaltRule::Reassign,
        account: None,
    }
}

fn shape() -> RequestTemplate {
    RequestTemplate::plain("i", "f", Leaf::Slot(0))
}

/// The recipient with this number, who gets this sender.
fn of(number: u64, at: usize) -> FileLine {
    let content = Content::Recipient {
        key: format!("k{number}"),
        destination: format!("+120255501{number:02}"),
        client_token: Uuid::from_u64_pair(7, number),
        slots: vec![sender(at).source],
        lane: None,
        sender: Some(at),
        window: Default::default(),
        suppressed: None,
    };
    FileLine { number, rejected: None, cells: vec![number.to_string()], content }
}

struct Senders {
    folder: tempfile::TempDir,
    journal: Journal,
    campaign: CampaignId,
}

impl Senders {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(&folder.path().join("journal.db")).unwrap();
        let campaign = campaign(&mut journal, "first");
        Self { folder, journal, campaign }
    }

    fn plan(&mut self, senders: &[Sender], lines: &[FileLine]) -> PlanSummary {
        let plan = self.journal.begin_plan(self.campaign, &shape(), &["key".to_owned()]).unwrap();
        let mut plan = self.journal.plan_senders(plan, senders).unwrap();
        let summary = self.journal.plan(&mut plan, lines).unwrap();
        self.journal.finish_plan(plan).unwrap();
        summary
    }

    /// Sender and source of each row, in the order of the file.
    fn rows(&self) -> Vec<(String, String)> {
        let reader = Reader::open(&self.folder.path().join("journal.db")).unwrap();
        let mut rows = Vec::new();
        let each = |record: &Record<'_>| {
            let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
            rows.push((text(record.sender), text(record.source)));
            Ok::<_, JournalError>(())
        };
        reader.snapshot().unwrap().each_record(self.campaign, &Selection::default(), each).unwrap();
        rows
    }

    /// A row is started, or attempted and refused.
    fn attempt(&mut self, line: i64, event: Event) {
        let id = RowId(
            self.journal
                .connection
                .query_row(
                    "SELECT id FROM row WHERE line = ?1 AND campaign_id = ?2",
                    [line, self.campaign.0],
                    |row| row.get(0),
                )
                .unwrap(),
        );
        let contact_id = (event == Event::Answered).then(|| format!("contact-{line}"));
        let mut delta = Delta::default();
        let tx = self.journal.connection.transaction().unwrap();
        tx.execute(
            "UPDATE row SET state = 1, attempts = 1, doubt_at = 5, first_attempt_at = 5 WHERE id = ?1",
            [id.0],
        )
        .unwrap();
        delta.moved(State::Queued, State::Attempting);
        let settlement = Settlement {
            id,
            event,
            contact_id,
            refusal: None,
            requested_at: None,
            at: UnixMillis::from_millis(9_000),
        };
        attempts::settle(&tx, &settlement, &mut delta).unwrap();
        delta.write(&tx, self.campaign).unwrap();
        tx.commit().unwrap();
    }
}

/// Each sender's rows by state, as the rows themselves have them.
fn counted(connection: &rusqlite::Connection) -> Vec<(String, u8, i64)> {
    let sql = "SELECT sender.name, state, count(*) FROM row JOIN sender ON sender.id = sender_id GROUP BY 1, 2 ORDER BY 1, 2";
    let mut statement = connection.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

fn kept(journal: &Journal, campaign: CampaignId) -> Vec<(String, u8, i64)> {
    let mut all = Vec::new();
    for figures in sender_figures::read(&journal.connection, campaign).unwrap() {
        let states = figures.tally.iter().filter(|(_, rows)| *rows > 0);
        all.extend(states.map(|(state, rows)| (figures.name.clone(), state.code(), rows as i64)));
    }
    all.sort();
    all
}

/// Plans, attempts, another file, rows that go to others, and rows that go away: the counts by sender are those of the rows.
#[test]
fn the_rows_of_each_sender_are_counted_whatever_becomes_of_them() {
    let mut all = Senders::new();
    let senders = [sender(0), sender(1), sender(2)];
    let lines: Vec<FileLine> = (1..=9).map(|number| of(number, (number % 3) as usize)).collect();
    all.plan(&senders, &lines);
    all.attempt(3, Event::Answered);
    all.attempt(4, Event::Refused(Doubt::None));
    all.attempt(5, Event::Answered);
    assert_eq!(kept(&all.journal, all.campaign), counted(&all.journal.connection));
    assert_eq!(kept(&all.journal, all.campaign).iter().map(|sender| sender.2).sum::<i64>(), 9);
    // Another file: rows change their senders, and some are gone.
    let lines: Vec<FileLine> = (1..=7).map(|number| of(number, (number % 2) as usize)).collect();
    all.plan(&senders, &lines);
    assert_eq!(kept(&all.journal, all.campaign), counted(&all.journal.connection));
    let known = all.journal.senders(all.campaign, &senders).unwrap();
    let wanted = Reassignment { from: known[1].0, halted: vec![known[1].0], senders: known };
    let tx = all.journal.connection.transaction().unwrap();
    let at = (RowId::START, UnixMillis::from_millis(9_000));
    let (moved, _) = reassign(&tx, all.campaign, &wanted, at).unwrap();
    tx.commit().unwrap();
    assert!(moved.rows > 0);
    assert_eq!(kept(&all.journal, all.campaign), counted(&all.journal.connection));
    all.journal.connection.execute("DELETE FROM row WHERE line = 3", []).unwrap();
    assert_eq!(kept(&all.journal, all.campaign), counted(&all.journal.connection));
}

/// A campaign with one sender has no figures by sender, and a run's last word of each is told.
#[test]
fn what_a_run_says_of_its_senders_comes_back_where_they_are_several() {
    let mut all = Senders::new();
    all.plan(&[sender(0)], &[of(1, 0)]);
    assert_eq!(sender_figures::read(&all.journal.connection, all.campaign).unwrap(), []);
    let senders = [sender(0), sender(1)];
    all.plan(&senders, &[of(1, 0), of(2, 1)]);
    let known = all.journal.senders(all.campaign, &senders).unwrap();
    let (run, _) =
        all.journal.begin_run(all.campaign, &NewRun::default(), UnixMillis::from_millis(0)).unwrap();
    let day = SenderDay { most: 20, sent: 7, ends: UnixMillis::from_millis(5_000) };
    let beat = |parts| SenderBeat {
        asked: Some(3.0),
        reached: Some(2.5),
        messages: 4,
        parts,
        day: Some(day),
        halted: Some("gone".into()),
    };
    for parts in [8, 9] {
        let beats = [(known[0].0, beat(parts)), (known[1].0, SenderBeat::default())];
        sender_figures::write(&all.journal.connection, run, &beats).unwrap();
    }
    let found = sender_figures::read(&all.journal.connection, all.campaign).unwrap();
    let beats: Vec<_> = found.into_iter().map(|figures| (figures.name, figures.beat)).collect();
    let expected = [("s0", beat(9)), ("s1", SenderBeat::default())];
    assert_eq!(beats, expected.map(|(name, beat)| (name.to_owned(), Some(beat))));
    all.journal.begin_run(all.campaign, &NewRun::default(), UnixMillis::from_millis(9)).unwrap();
    let found = sender_figures::read(&all.journal.connection, all.campaign).unwrap();
    assert!(
        found.iter().all(|figures| figures.beat.is_none()),
        "an earlier run's words are not the latest one's"
    );
}

fn campaign(journal: &mut Journal, name: &str) -> CampaignId {
    let identity = Identity {
        name: name.to_owned(),
        instance_id: "i".to_owned(),
        key_column: None,
        service: Service::Simulated,
    };
    journal.campaign(&identity, UnixMillis::from_millis(0)).unwrap()
}

fn told(rows: &[(&str, &str)]) -> Vec<(String, String)> {
    rows.iter().map(|(name, source)| ((*name).to_owned(), (*source).to_owned())).collect()
}

#[test]
fn a_row_keeps_its_sender_once_it_was_attempted_and_follows_the_file_before() {
    let mut book = Senders::new();
    let senders = [sender(0), sender(1)];
    book.plan(&senders, &[of(2, 0), of(3, 1), of(4, 0)]);
    assert_eq!(book.rows(), told(&[("s0", "arn-0"), ("s1", "arn-1"), ("s0", "arn-0")]));
    assert_eq!(
        book.plan(&senders, &[of(2, 0), of(3, 1), of(4, 0)]).updated,
        0,
        "the same file changes nothing"
    );
    book.attempt(2, Event::Refused(Doubt::None));
    let summary = book.plan(&senders, &[of(2, 1), of(3, 1), of(4, 1)]);
    assert_eq!((summary.updated, summary.frozen), (1, 1));
    assert_eq!(book.rows(), told(&[("s0", "arn-0"), ("s1", "arn-1"), ("s1", "arn-1")]));
    let lanes = book.journal.lanes(book.campaign).unwrap();
    assert_eq!(
        lanes.iter().map(|lane| (lane.sender.is_some(), lane.rows)).collect::<Vec<_>>(),
        [(true, 0), (true, 2)]
    );
    let renamed = [sender(0), Sender { name: "other".to_owned(), ..sender(1) }];
    book.plan(&renamed, &[of(2, 0), of(3, 1), of(4, 1)]);
    assert_eq!(book.rows()[1].0, "other", "a sender is known by its source");
}

/// A person stays with the sender that contacted them, in other campaigns and under other keys too.
#[test]
fn who_was_contacted_keeps_the_sender_while_it_serves_the_country() {
    let mut book = Senders::new();
    let senders = [sender(0), sender(1)];
    book.plan(&senders, &[of(2, 1), of(3, 1), of(4, 1)]);
    book.attempt(2, Event::Answered);
    book.attempt(3, Event::Refused(Doubt::None));
    book.campaign = campaign(&mut book.journal, "second");
    book.plan(&senders, &[of(2, 0), of(3, 0), of(4, 0)]);
    let own = told(&[("s1", "arn-1"), ("s0", "arn-0"), ("s0", "arn-0")]);
    assert_eq!(book.rows(), own, "what failed was no contact, and what waits is none yet");
    book.campaign = campaign(&mut book.journal, "third");
    let french = Sender { countries: vec![crate::domain::phone::Region::parse("FR").unwrap()], ..sender(1) };
    book.plan(&[sender(0), french], &[of(2, 0)]);
    assert_eq!(book.rows(), told(&[("s0", "arn-0")]), "it does not send there any more");
}

#[test]
fn a_source_is_known_by_what_all_campaigns_sent_from_it() {
    let mut book = Senders::new();
    let senders = [sender(0), sender(1)];
    book.plan(&senders, &[of(2, 0), of(3, 1), of(4, 0), of(5, 0)]);
    book.attempt(2, Event::Answered);
    book.attempt(4, Event::Unanswered);
    book.attempt(5, Event::Refused(Doubt::None));
    let first = book.campaign;
    book.campaign = campaign(&mut book.journal, "second");
    let sent = |book: &Senders, source: &str, since| {
        book.journal.sent_since(book.campaign, source, UnixMillis::from_millis(since)).unwrap()
    };
    book.plan(&senders, &[of(6, 0)]);
    assert_eq!((sent(&book, "arn-0", 9_000), sent(&book, "arn-1", 0)), (2, 0));
    assert_eq!(sent(&book, "arn-0", 9_001), 1, "what is in doubt may be sent on any day");
    let past = |book: &Senders, now| {
        book.journal.sender_history(book.campaign, "arn-0", UnixMillis::from_millis(now)).unwrap()
    };
    assert_eq!(past(&book, 50_000), BucketHistory::Fresh);
    let (run, _) =
        book.journal.begin_run(first, &NewRun::default(), UnixMillis::from_millis(10_000)).unwrap();
    assert_eq!(past(&book, 50_000), BucketHistory::Quiet(Duration::ZERO), "it may be sending");
    let end = RunEnd { exit: 0, reason: None };
    book.journal.end_run(run, Counters::default(), &end, UnixMillis::from_millis(20_000)).unwrap();
    assert_eq!(past(&book, 50_000), BucketHistory::Quiet(Duration::from_secs(30)));
}

/// Rows wait for a sender that the definition has no more: it is known, and slow.
#[test]
fn a_sender_that_is_gone_from_the_definition_sends_slowly() {
    let mut book = Senders::new();
    book.plan(&[sender(0), sender(1)], &[of(2, 0), of(3, 1)]);
    let known = book.journal.senders(book.campaign, &[sender(0)]).unwrap();
    let known: Vec<_> =
        known.into_iter().map(|(_, sender)| (sender.name, sender.rate.map(|rate| rate.per_second))).collect();
    assert_eq!(known, [("s0".to_owned(), None), ("s1".to_owned(), Some(1.0))]);
}
