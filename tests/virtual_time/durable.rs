//! Promises 2 and 4, at every moment of a run: what is about to leave and what is said to be started is in the journal
//! already, committed, as another reader sees it. And where nothing can be committed any more, nothing leaves.

use campaign::domain::delivery::state::State;
use campaign::engine::{Observer, RunEvent};
use campaign::journal::{CampaignId, Reader, Record, Selection};
use campaign::simulator::{Fault, WorldConfig};

use crate::virtual_time::stage::{Options, Stage};

/// Looks into the journal, through a connection of its own, whenever the engine says something.
struct Witness {
    journal: Reader,
    campaign: CampaignId,
    requests: u64,
    started: u64,
}

impl Witness {
    /// Attempts, and contact ids, as they are committed.
    fn committed(&self) -> (u64, u64) {
        let (mut attempts, mut ids) = (0, 0);
        let each = |row: &Record<'_>| {
            attempts += u64::from(row.attempts);
            ids += u64::from(row.state == State::Started && row.contact_id.is_some());
            Ok::<_, campaign::journal::JournalError>(())
        };
        let read = self.journal.snapshot();
        read.and_then(|now| now.each_record(self.campaign, &Selection::default(), each)).expect("it reads");
        (attempts, ids)
    }
}

impl Observer for Witness {
    fn on_event(&mut self, event: &RunEvent) {
        match event {
            // The request is made and has not been polled yet: nothing of it has left.
            RunEvent::Requested { .. } => {
                self.requests += 1;
                let (attempts, _) = self.committed();
                assert!(self.requests <= attempts, "promise 2: request {} of {attempts}", self.requests);
            }
            RunEvent::Moved { to: State::Started, .. } => {
                self.started += 1;
                let (_, ids) = self.committed();
                assert!(self.started <= ids, "promise 4: contact {} of {ids}", self.started);
            }
            _ => {}
        }
    }
}

#[tokio::test(start_paused = true)]
async fn attempts_are_committed_before_requests_and_contact_ids_before_anybody_knows() {
    let mut config = WorldConfig::default();
    config.faults.chance(Fault::LostAnswer, 0.1).chance(Fault::Throttling, 0.1);
    let options = Options { rate: 20.0, burst: 4, ..Options::default() };
    let mut stage = Stage::with_recipients(config, 120);
    let (journal, campaign) = (stage.reader(), stage.campaign);
    let mut witness = Witness { journal, campaign, requests: 0, started: 0 };
    let outcome = stage.run_watched(&options, &mut witness).await.unwrap();
    assert_eq!((witness.requests, witness.started), (outcome.counters.requests, 120));
    assert!(witness.requests > 130, "some were made again: {}", witness.requests);
    stage.check_promises(&options);
}

/// Breaks the journal as soon as the first request has left: the record of the run cannot be written any more.
struct Saboteur {
    journal: Option<rusqlite::Connection>,
}

impl Observer for Saboteur {
    fn on_event(&mut self, event: &RunEvent) {
        if matches!(event, RunEvent::Requested { .. })
            && let Some(journal) = self.journal.take()
        {
            journal.execute_batch("DROP TABLE run").expect("the table goes");
        }
    }
}

/// Nobody waits for the run's record: the engine must learn by itself that it failed, before the next permit comes. The
/// row that waits for it is claimed already, so nothing else would hold its request back.
#[tokio::test(start_paused = true)]
async fn a_journal_that_fails_between_two_requests_ends_the_run_before_the_next() {
    // A permit every minute, and a sign of life every 20 seconds.
    let options = Options { rate: 1.0 / 60.0, burst: 1, ..Options::default() };
    let mut stage = Stage::with_recipients(WorldConfig::default(), 3);
    let began = tokio::time::Instant::now();
    let journal = rusqlite::Connection::open(stage.path()).expect("a second connection");
    let ended = stage.run_watched(&options, &mut Saboteur { journal: Some(journal) }).await;
    assert!(ended.is_err(), "{ended:?}");
    assert!(began.elapsed() < std::time::Duration::from_secs(60), "{:?}", began.elapsed());
    assert_eq!(stage.simulator.requests().len(), 1, "a request left although nothing could be written");
}
