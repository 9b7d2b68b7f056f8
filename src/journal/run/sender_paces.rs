//! The paces of single senders that people asked for: they hold for a campaign, whoever runs it.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, params};

use crate::domain::unix_millis::UnixMillis;
use crate::journal::error::JournalError;
use crate::journal::file::open::{Journal, Reader};
use crate::journal::row::{CampaignId, RunId, SenderId, StampColumn};

/// What people asked of senders so far.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AskedPaces {
    /// Message parts per second of those that are not to send as the definition says.
    pub rates: HashMap<SenderId, f64>,
    /// The last word that is in it.
    last: i64,
}

impl Journal {
    /// The paces that hold now.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn sender_paces(&self, campaign: CampaignId) -> Result<AskedPaces, JournalError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT max(id), sender_id, rate FROM steering
             WHERE campaign_id = ?1 AND sender_id IS NOT NULL AND what LIKE 'sender %' GROUP BY sender_id",
        )?;
        let mut rows = statement.query([campaign.0])?;
        let mut paces = AskedPaces::default();
        while let Some(row) = rows.next()? {
            paces.last = paces.last.max(row.get(0)?);
            // SQLite takes the other columns from the row that has the greatest id.
            if let Some(rate) = row.get(2)? {
                paces.rates.insert(SenderId(row.get(1)?), rate);
            }
        }
        Ok(paces)
    }

    /// Takes note that a run begins with these paces.
    ///
    /// # Errors
    /// Where the journal cannot be written.
    pub fn begin_with_paces(
        &mut self,
        campaign: CampaignId,
        paces: &AskedPaces,
        (run, now): (RunId, UnixMillis),
    ) -> Result<(), JournalError> {
        let tx = self.begin_write()?;
        tx.execute(
            "UPDATE steering SET taken_run = ?3, taken_at = ?4
             WHERE campaign_id = ?1 AND sender_id IS NOT NULL AND what LIKE 'sender %' AND id <= ?2
                 AND taken_run IS NULL",
            params![campaign.0, paces.last, run.0, StampColumn(now)],
        )?;
        tx.commit()
    }
}

/// The sender of this name: of several that were called so, the one that the latest run has, else the newest.
pub(in crate::journal) fn named(
    connection: &Connection,
    campaign: CampaignId,
    name: &str,
) -> rusqlite::Result<Option<SenderId>> {
    let sql = "SELECT id FROM sender WHERE campaign_id = ?1 AND name = ?2
               ORDER BY EXISTS (SELECT 1 FROM run_sender WHERE sender_id = sender.id
                   AND run_id = (SELECT max(id) FROM run WHERE campaign_id = ?1)) DESC, id DESC LIMIT 1";
    let mut statement = connection.prepare_cached(sql)?;
    statement.query_row(params![campaign.0, name], |row| Ok(SenderId(row.get(0)?))).optional()
}

impl Reader {
    /// What the senders of a campaign are called, in the order in which the journal met them.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn sender_names(&self, campaign: CampaignId) -> Result<Vec<String>, JournalError> {
        let sql = "SELECT name FROM sender WHERE campaign_id = ?1 GROUP BY name ORDER BY min(id)";
        let mut statement = self.connection.prepare_cached(sql)?;
        let names = statement.query_map([campaign.0], |row| row.get(0))?.collect::<Result<_, _>>()?;
        Ok(names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::delivery::control::{Control, NewSenderPace};
    use crate::journal::{Identity, NewRun, Service};

    #[test]
    fn the_last_word_on_each_sender_holds_and_a_run_that_begins_has_taken_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db");
        let mut journal = Journal::open(&path).unwrap();
        let identity = Identity {
            name: "spring".to_owned(),
            instance_id: "i".to_owned(),
            key_column: None,
            service: Service::Simulated,
        };
        let campaign = journal.campaign(&identity, UnixMillis::from_millis(0)).unwrap();
        for (name, source) in [("us", "a"), ("fr", "b"), ("us", "c")] {
            let sql = "INSERT INTO sender (campaign_id, name, source) VALUES (?1, ?2, ?3)";
            journal.connection.execute(sql, params![campaign.0, name, source]).unwrap();
        }
        let ask = |journal: &mut Journal, name: &str, rate| {
            let wish = Control::SenderPace(NewSenderPace { name: name.to_owned(), rate });
            let id =
                journal.ask(campaign, wish.clone(), None, "somebody", UnixMillis::from_millis(1)).unwrap();
            let asked = Reader::open(&path).unwrap().asked(id).unwrap();
            assert_eq!(asked.wish, wish);
            id
        };
        for (name, rate) in [("us", Some(2.0)), ("fr", Some(3.0)), ("us", Some(2.5)), ("fr", None)] {
            ask(&mut journal, name, rate);
        }
        let paces = journal.sender_paces(campaign).unwrap();
        assert_eq!(paces.rates, HashMap::from([(SenderId(3), 2.5)]), "the newest of its name, the last word");
        let later = ask(&mut journal, "fr", Some(9.0));
        let now = UnixMillis::from_millis(7);
        let (run, _) = journal.begin_run(campaign, &NewRun::default(), now).unwrap();
        journal.begin_with_paces(campaign, &paces, (run, now)).unwrap();
        let reader = Reader::open(&path).unwrap();
        let taken: Vec<bool> =
            reader.asks(campaign, 9).unwrap().iter().map(|ask| ask.taken.is_some()).collect();
        assert_eq!(taken, [false, true, true, true, true], "what came since is still to be done");
        assert_eq!(reader.asked(later).unwrap().taken, None);
        assert_eq!(reader.sender_names(campaign).unwrap(), ["us", "fr"]);
    }
}
