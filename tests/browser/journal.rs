//! A journal as a campaign of three days leaves it, made at once: it asserts nothing.

use std::path::Path;

use campaign::domain::delivery::latency::Latencies;
use campaign::domain::message::request::{Leaf, RequestTemplate};
use campaign::domain::unix_millis::UnixMillis;
use campaign::journal::{CampaignId, Counters, Identity, Journal, NewRun, RunEnd, RunId, Service};
use rusqlite::{Connection, params};

const HOUR: i64 = 3_600_000;
/// 2026-03-01T09:30:00Z.
const BASE: i64 = 1_772_357_400_000;

fn at(millis: i64) -> UnixMillis {
    UnixMillis::from_millis(BASE + millis)
}

/// Makes a journal with the campaign `spring` of so many rows, and three runs of it.
pub(crate) fn make(path: &Path, rows: u32) {
    let mut journal = Journal::open(path).expect("a journal");
    let identity = Identity {
        name: "spring".to_owned(),
        instance_id: "11111111-2222-3333-4444-555555555555".to_owned(),
        key_column: Some("id".to_owned()),
        service: Service::Aws,
    };
    let id = journal.campaign(&identity, at(0)).expect("a campaign");
    let columns = ["id".to_owned(), "phone".to_owned()];
    let plan = journal.begin_plan(id, &shape(), &columns).expect("a plan");
    journal.finish_plan(plan).expect("a plan");
    let runs = [(0, 20 * HOUR, 130), (29 * HOUR, 59 * HOUR, 5), (131 * HOUR, 143 * HOUR, 3)];
    for (began, ended, exit) in runs {
        run(&mut journal, id, rows, (began, ended), exit);
    }
    drop(journal);
    fill(path, rows);
}

fn run(journal: &mut Journal, id: CampaignId, rows: u32, (began, ended): (i64, i64), exit: u8) -> RunId {
    let settings = vec![("burst".to_owned(), "5".to_owned())];
    let new = NewRun { file: Some("spring.csv".to_owned()), rate: Some(6.0), settings, ..NewRun::default() };
    let (run, _) = journal.begin_run(id, &new, at(began)).expect("a run");
    let third = u64::from(rows) / 3;
    let counters = Counters { started: third, requests: third + 40, throttled: 30, retried: 40 };
    let reason = (exit == 5).then(|| "halted: the service does not answer: Timeout".to_owned());
    journal.end_run(run, counters, &RunEnd { exit, reason }, at(ended)).expect("its end");
    run
}

fn shape() -> RequestTemplate {
    let source = "arn:aws:connect:us-west-2:123456789012:phone-number/0f";
    RequestTemplate::plain(
        "11111111-2222-3333-4444-555555555555",
        "66666666-7777-8888-9999-000000000000",
        Leaf::Fixed(source.to_owned()),
    )
}

/// Rows, throttled requests, pauses and latencies, in one transaction.
fn fill(path: &Path, rows: u32) {
    let mut connection = Connection::open(path).expect("the journal");
    let tx = connection.transaction().expect("a transaction");
    tx.execute(
        "WITH RECURSIVE n (i) AS (VALUES (0) UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?1),
         planned AS (SELECT i, CASE WHEN i % 50 = 7 THEN 5 WHEN i % 200 = 9 THEN 3 WHEN i % 1000 = 11 THEN 0
                         WHEN i % 4000 = 13 THEN 4 ELSE 2 END AS state,
                     ?2 + CASE WHEN i * 3 < ?1 THEN i * 216000000 / ?1
                         WHEN i * 3 < 2 * ?1 THEN 104400000 + (i - ?1 / 3) * 324000000 / ?1
                         ELSE 471600000 + (i - 2 * ?1 / 3) * 129600000 / ?1 END AS moment FROM n)
         INSERT INTO row (campaign_id, line, key, destination, state, client_token, shape_id, header_id, cells, attempts,
             first_attempt_at, settled_at, contact_id, code)
         SELECT 1, i + 2, iif(state = 5, NULL, 'C-' || i),
             iif(state = 5, NULL, CASE i % 4 WHEN 0 THEN '+1202555' WHEN 1 THEN '+1416555' WHEN 2 THEN '+3361234'
                 ELSE '+4479111' END || printf('%04d', i % 10000)),
             state, iif(state = 5, NULL, randomblob(16)), iif(state = 5, NULL, 1), 1, '[\"C\",\"+1\"]',
             iif(state IN (0, 5), 0, 1 + (i % 13 = 0) + 5 * (i % 170 = 0)), iif(state IN (0, 5), NULL, moment),
             iif(state IN (0, 5), NULL, moment + 80), iif(state = 2, 'contact-' || i, NULL),
             CASE state WHEN 5 THEN 'phone-too-short' WHEN 3 THEN 'InvalidRequestException' WHEN 4 THEN 'Timeout' END
         FROM planned",
        params![rows, BASE],
    )
    .expect("rows");
    tx.execute("INSERT INTO tally SELECT 1, state, count(*) FROM row GROUP BY state", []).expect("a tally");
    tx.execute(
        "WITH RECURSIVE n (i) AS (VALUES (0) UNION ALL SELECT i + 1 FROM n WHERE i < 7000)
         INSERT INTO throttle SELECT 1, ?1 + (20000 + i) * 1000, 1 + i % 3 FROM n",
        [BASE],
    )
    .expect("throttled requests");
    tx.execute("INSERT INTO pause VALUES (2, ?1, 0, ?1 + 5400000)", [BASE + 40 * HOUR]).expect("a pause");
    let latencies = Latencies::of(&[0, 9, 80, 300, 200, 60, 20, 9, 4, 2, 1, 0, 0, 1]);
    let latencies = serde_json::to_string(latencies.counts()).expect("integers");
    tx.execute("UPDATE run SET latencies = ?1", [latencies]).expect("latencies");
    tx.commit().expect("a commit");
}
