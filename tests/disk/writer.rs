//! A group that nobody waits for fails: whoever sends has to learn of it all the same.

use std::time::Duration;

use campaign::domain::unix_millis::UnixMillis;
use campaign::journal::{Counters, Identity, Journal, NewRun, Service, Writer};

use crate::disk::place;

const NOW: UnixMillis = UnixMillis::from_millis(1_772_357_400_000);

#[tokio::test]
async fn a_writer_that_fails_says_so_to_those_who_did_not_ask() {
    let folder = place::folder();
    let path = folder.path().join("journal.db");
    let mut journal = Journal::open(&path).unwrap();
    let identity = Identity {
        name: place::NAME.to_owned(),
        instance_id: "i".to_owned(),
        key_column: None,
        service: Service::Simulated,
    };
    let campaign = journal.campaign(&identity, NOW).unwrap();
    let (run, _) =
        journal.begin_run(campaign, &NewRun { rate: Some(2.0), ..NewRun::default() }, NOW).unwrap();
    let (writer, task) = Writer::spawn(journal, campaign);
    rusqlite::Connection::open(&path).unwrap().execute_batch("DROP TABLE run").unwrap();
    writer.counters(run, Counters::default(), NOW).await;
    let failed = tokio::time::timeout(Duration::from_secs(20), writer.failed()).await;
    assert!(failed.is_ok(), "the failure is not told");
    drop(writer);
    let error = task.await.unwrap().unwrap_err();
    assert!(error.to_string().contains("no such table: run"), "{error}");
}
