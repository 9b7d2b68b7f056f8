//! The table of recipients by key, made in one go after a campaign's first plan.
//!
//! Ten million keys in the order of a file are ten million random places in a B-tree, and each is a page read and written
//! anew. Sorted once, they are written one after another. Until that is done, whether a key came before is known by
//! [`KeyFilter`](crate::domain::row::key_filter::KeyFilter), which is wrong once in 1,400 files of ten million rows; what it
//! took for a duplicate and is none is found here.

use rusqlite::{Connection, Transaction, params};

use crate::domain::delivery::state::State;
use crate::journal::error::JournalError;
use crate::journal::plan::line::DUPLICATE;
use crate::journal::plan::numbers;
use crate::journal::row::{CampaignId, StateColumn};
use crate::journal::sql;
use crate::journal::tally;
use crate::journal::tally::Delta;

/// Whether the recipients of the campaign can be looked up by key.
pub(in crate::journal) fn is_made(connection: &Connection, campaign: CampaignId) -> rusqlite::Result<bool> {
    connection.query_row("SELECT indexed FROM campaign WHERE id = ?1", [campaign.0], |row| row.get(0))
}

/// Says that recipients come which cannot be looked up until [`make`].
pub(in crate::journal) fn put_off(tx: &Transaction<'_>, campaign: CampaignId) -> rusqlite::Result<()> {
    tx.execute("UPDATE campaign SET indexed = 0 WHERE id = ?1", [campaign.0]).map(drop)
}

/// Enters every recipient of the campaign, and makes those recipients that were taken for duplicates. Says how many
/// they were.
pub(in crate::journal) fn make(
    tx: &Transaction<'_>,
    campaign: CampaignId,
    delta: &mut Delta,
) -> Result<u64, JournalError> {
    tx.execute("DELETE FROM recipient WHERE campaign_id = ?1", [campaign.0])?;
    tx.execute(
        &format!(
            "INSERT INTO recipient (campaign_id, key, row_id)
             SELECT campaign_id, key, id FROM row NOT INDEXED WHERE campaign_id = ?1 AND {} ORDER BY key",
            sql::IS_RECIPIENT
        ),
        [campaign.0],
    )?;
    numbers::make(tx, campaign)?;
    // Before a plan begins, earlier duplicates are forgotten: there are none but those of this plan.
    let duplicates = tally::kept(tx, campaign)?[State::Duplicate];
    let mistaken =
        if duplicates > 0 || delta.of(State::Duplicate) != 0 { mistaken(tx, campaign)? } else { Vec::new() };
    for (id, code) in &mistaken {
        enter(tx, campaign, *id)?;
        let state = if code == DUPLICATE { State::Queued } else { State::Suppressed };
        tx.prepare_cached(
            "UPDATE row SET state = ?2, code = nullif(code, ?3), reason = iif(code = ?3, NULL, reason) WHERE id = ?1",
        )?
        .execute(params![id, StateColumn(state), DUPLICATE])?;
        delta.moved(State::Duplicate, state);
    }
    tx.execute("UPDATE campaign SET indexed = 1 WHERE id = ?1", [campaign.0])?;
    Ok(mistaken.len() as u64)
}

/// Enters one recipient.
pub(in crate::journal) fn enter(
    tx: &Transaction<'_>,
    campaign: CampaignId,
    row: i64,
) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT INTO recipient (campaign_id, key, row_id) SELECT campaign_id, key, id FROM row WHERE id = ?1 AND campaign_id = ?2",
    )?
    .execute(params![row, campaign.0])?;
    numbers::enter(tx, row)
}

/// The first line of each key that only duplicates have.
fn mistaken(tx: &Transaction<'_>, campaign: CampaignId) -> rusqlite::Result<Vec<(i64, String)>> {
    tx.prepare_cached(
        "SELECT min(id), code FROM row WHERE campaign_id = ?1 AND state = ?2 AND NOT EXISTS
             (SELECT 1 FROM recipient WHERE recipient.campaign_id = row.campaign_id AND recipient.key = row.key)
         GROUP BY key",
    )?
    .query_map(params![campaign.0, StateColumn(State::Duplicate)], |row| Ok((row.get(0)?, row.get(1)?)))?
    .collect()
}

#[cfg(test)]
mod tests {

    use uuid::Uuid;

    use super::*;
    use crate::domain::message::request::{Leaf, RequestTemplate};
    use crate::domain::unix_millis::UnixMillis;
    use crate::journal::{Content, FileLine, Identity, Journal, Service};

    fn line(number: u64, key: &str, client_token: Uuid, suppressed: bool) -> FileLine {
        let suppressed = suppressed.then(|| ("suppressed".to_owned(), "is on a list".to_owned()));
        let content = Content::Recipient {
            key: key.to_owned(),
            destination: "+12025550143".to_owned(),
            client_token,
            slots: Vec::new(),
            lane: None,
            sender: None,
            window: Default::default(),
            suppressed,
        };
        FileLine { number, rejected: None, cells: vec![key.to_owned()], content }
    }

    fn states(journal: &Journal) -> Vec<(i64, u8, Option<String>)> {
        let mut statement =
            journal.connection.prepare("SELECT line, state, code FROM row ORDER BY line").unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
        rows.map(Result::unwrap).collect()
    }

    fn can_be_looked_up(journal: &mut Journal, campaign: CampaignId) -> bool {
        is_made(&journal.connection.transaction().unwrap(), campaign).unwrap()
    }

    /// Tokens that agree in the bits that are remembered, of keys that are not the same.
    #[test]
    fn who_was_taken_for_a_duplicate_is_found_out() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(&folder.path().join("journal.db")).unwrap();
        let identity = Identity {
            name: "n".to_owned(),
            instance_id: "i".to_owned(),
            key_column: None,
            service: Service::Simulated,
        };
        let campaign = journal.campaign(&identity, UnixMillis::from_millis(0)).unwrap();
        let alike = |n: u64| Uuid::from_u64_pair(n, n.rotate_right(32));
        let lines = [
            line(2, "a", alike(1), false),
            line(3, "b", alike(2), false),
            line(4, "b", alike(2), false),
            line(5, "c", alike(3), true),
            line(6, "a", alike(1), false),
        ];
        let shape = RequestTemplate::plain("i", "f", Leaf::Fixed("s".to_owned()));
        let mut plan = journal.begin_plan(campaign, &shape, &["key".to_owned()]).unwrap();
        assert_eq!(journal.plan(&mut plan, &lines).unwrap().added, 1);
        assert!(!can_be_looked_up(&mut journal, campaign), "not before the end of a first plan");
        assert_eq!(journal.finish_plan(plan).unwrap().added, 3);
        assert!(can_be_looked_up(&mut journal, campaign));
        let duplicate = Some(DUPLICATE.to_owned());
        let expected = [
            (2, 0, None),
            (3, 0, None),
            (4, 6, duplicate.clone()),
            (5, State::Suppressed.code(), Some("suppressed".to_owned())),
            (6, 6, duplicate),
        ];
        assert_eq!(states(&journal), expected);
        journal.verified_tally(campaign).unwrap();
        // The same file again changes nothing, and is told by the journal.
        let mut plan = journal.begin_plan(campaign, &shape, &["key".to_owned()]).unwrap();
        journal.plan(&mut plan, &lines).unwrap();
        journal.finish_plan(plan).unwrap();
        assert_eq!(states(&journal), expected);
    }
}
