//! The writer: what comes within a moment is one group, and what goes wrong is told to everybody who waits.

use std::time::Duration;

use tokio::task::unconstrained;
use tokio::time::sleep;

use super::*;
use crate::domain::delivery::control::Control;
use crate::journal::file::commit_counter;

/// As many words as a group has at most, and as wait for the writer at most.
const MOST: usize = 4_096;
const GATHER: Duration = Duration::from_millis(20);

/// A campaign with these rows and a run of it, and how many groups were committed before.
fn begun(keys: &[&str]) -> (Book, RunId, u32) {
    let mut book = Book::with(keys);
    let (run, _) = book.journal.begin_run(book.campaign, &NewRun::default(), at(0)).unwrap();
    let groups = commit_counter::counted(&book.journal.connection).unwrap();
    (book, run, groups)
}

fn counters(started: u64) -> Counters {
    Counters { started, ..Counters::default() }
}

/// What cannot have come of a row: nobody was requested for it.
fn nonsense(book: &mut Book) -> Settlement {
    book.plan(&[line(2, "a"), line(3, "b"), rejected(4)]);
    let sql = "SELECT id FROM row WHERE state = 5";
    let id = book.journal.connection.query_row(sql, [], |row| row.get(0)).unwrap();
    let contact_id = Some("contact".to_owned());
    Settlement {
        id: RowId(id),
        event: Event::Answered,
        contact_id,
        refusal: None,
        requested_at: None,
        at: at(1),
    }
}

#[tokio::test(start_paused = true)]
async fn what_comes_within_a_moment_is_one_group() {
    let (Book { _folder, journal, campaign }, run, before) = begun(&["a"]);
    let (writer, handle) = Writer::spawn(journal, campaign);
    writer.counters(run, counters(1), at(10)).await;
    sleep(GATHER / 2).await;
    writer.counters(run, counters(2), at(20)).await;
    sleep(GATHER * 2).await;
    writer.counters(run, counters(3), at(30)).await;
    drop(writer);
    let journal = handle.await.unwrap().unwrap();
    assert_eq!(commit_counter::counted(&journal.connection).unwrap() - before, 2);
    let reader = Reader::open(&journal.path).unwrap();
    assert_eq!(reader.runs(campaign, 1).unwrap()[0].counters, counters(3));
}

#[tokio::test(start_paused = true)]
async fn a_group_has_no_more_words_than_the_mailbox() {
    for (words, groups) in [(MOST, 1), (MOST + 1, 2)] {
        let (Book { _folder, journal, campaign }, run, before) = begun(&["a"]);
        let (writer, handle) = Writer::spawn(journal, campaign);
        // At once: the writer has its turn when the mailbox is full.
        unconstrained(async {
            for word in 0..words as u64 {
                writer.counters(run, counters(word), at(10)).await;
            }
        })
        .await;
        drop(writer);
        let journal = handle.await.unwrap().unwrap();
        assert_eq!(commit_counter::counted(&journal.connection).unwrap() - before, groups, "{words} words");
        let reader = Reader::open(&journal.path).unwrap();
        assert_eq!(reader.runs(campaign, 1).unwrap()[0].counters, counters(words as u64 - 1));
    }
}

/// What goes wrong with one word goes wrong with its whole group, and nothing is written ever after.
#[tokio::test(start_paused = true)]
async fn why_a_group_failed_is_told_to_everybody_who_waits() {
    let (mut book, run, before) = begun(&["a", "b"]);
    let nonsense = nonsense(&mut book);
    let Book { _folder: folder, journal, campaign } = book;
    let (writer, handle) = Writer::spawn(journal, campaign);
    let claim = || writer.claim_next(ClaimRequest::new(Pass::Queued, RowId::START, 9), at(5));
    let filling = unconstrained(async {
        for _ in 0..MOST - 3 {
            writer.counters(run, counters(1), at(10)).await;
        }
    });
    // Claimed before and after it in the same group, and when the mailbox is full.
    let (first, settled, second, (), late, failed) =
        tokio::join!(claim(), writer.settle(nonsense), claim(), filling, claim(), writer.failed());
    assert!(matches!(failed.journal_error(), JournalError::WriterGone));
    for error in [first.err(), settled.err(), second.err(), late.err()] {
        let error = error.expect("it failed");
        assert!(matches!(error.journal_error(), JournalError::Illegal(_)), "{error}");
    }
    assert!(matches!(handle.await.unwrap().unwrap_err().journal_error(), JournalError::Illegal(_)));
    let after = claim().await.unwrap_err();
    assert!(matches!(after.journal_error(), JournalError::WriterGone), "{after}");
    let journal = Journal::open(&folder.path().join("journal.db")).unwrap();
    assert_eq!(commit_counter::counted(&journal.connection).unwrap(), before);
    assert_eq!(journal.verified_tally(campaign).unwrap()[State::Queued], 2, "nothing was claimed");
}

#[tokio::test(start_paused = true)]
async fn what_needs_no_answer_is_written_with_the_next_group() {
    let (Book { _folder, mut journal, campaign }, run, _) = begun(&["a"]);
    let ask = journal.ask(campaign, Control::Pause, None, "somebody", at(1)).unwrap();
    let (writer, handle) = Writer::spawn(journal, campaign);
    let taken = Acknowledgement { run, at: at(7), in_flight: 3 };
    writer.taken(ask, taken).await;
    let throttled = RunActivity { throttled: vec![(at(1_000), 2)], ..RunActivity::default() };
    drop(writer.activity(run, throttled).await);
    drop(writer);
    let journal = handle.await.unwrap().unwrap();
    let reader = Reader::open(&journal.path).unwrap();
    assert_eq!(reader.asked(ask).unwrap().taken, Some(taken));
    let mut told = Vec::new();
    reader.each_throttle(campaign, |at, requests| told.push((at, requests))).unwrap();
    assert_eq!(told, [(at(1_000), 2)]);
}

/// A plan that is made while it is sent counts as agreed to when it is read to its end.
#[tokio::test(start_paused = true)]
async fn a_plan_through_the_writer_is_the_same_plan() {
    let (Book { _folder, mut journal, campaign }, ..) = begun(&["a", "b"]);
    let plan = journal.begin_plan(campaign, &shape("f"), &["key".to_owned()]).unwrap();
    let (writer, handle) = Writer::spawn(journal, campaign);
    let (plan, summary) = writer.plan(Box::new(plan), vec![line(2, "a"), line(3, "c")]).await.unwrap();
    assert_eq!((summary.lines, summary.added, summary.queued), (2, 1, 1));
    let summary = writer.finish_plan(plan).await.unwrap();
    assert_eq!((summary.lines, summary.added, summary.withdrawn), (2, 1, 1));
    drop(writer);
    let journal = handle.await.unwrap().unwrap();
    assert_eq!(journal.planned(campaign).unwrap(), Planned::Agreed);
    let book = Book { _folder, journal, campaign };
    let expected = ["2 a 0 0 | - - - | - -", "- b 8 0 | - - - | - -", "3 c 0 0 | - - - | - -"];
    assert_eq!(book.rows(), expected);
}
