//! Campaigns in the journal: begun once, and the same ever after.

use rusqlite::{Connection, OptionalExtension, params};

use super::error::{CONTACTS_OF, JournalError};
use super::row::{CampaignId, StampColumn};
use super::{sql, tally};
use crate::domain::delivery::tally::Tally;
use crate::domain::row::token::TokenSpace;
use crate::domain::unix_millis::UnixMillis;
use crate::journal::file::home;
use crate::journal::file::open::{Journal, Reader};

/// The campaign of contacts that were started by hand.
pub const BY_HAND: &str = "by-hand";

/// Who answers the requests. Contacts that a simulator started are no contacts, so a campaign stays with one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// Amazon Connect, or a proxy or VPC endpoint of it.
    Aws,
    /// A server on this machine.
    Loopback,
    /// The simulator in this process.
    Simulated,
}

impl Service {
    /// Its name in the journal.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::Loopback => "loopback",
            Self::Simulated => "simulated",
        }
    }

    fn words(name: &str) -> String {
        match name {
            "aws" => "Amazon Connect".to_owned(),
            "loopback" => "a server on this machine".to_owned(),
            "simulated" => "the built-in simulator".to_owned(),
            other => other.to_owned(),
        }
    }
}

/// What makes a campaign the same campaign: whatever of it changed, its client tokens would mean something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The campaign's name.
    pub name: String,
    /// The bare id of the instance.
    pub instance_id: String,
    /// The column with the key; `None` where the number is the key.
    pub key_column: Option<String>,
    /// Who answers.
    pub service: Service,
}

/// A campaign as the journal has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Campaign {
    /// Its id in this journal.
    pub id: CampaignId,
    /// Its name.
    pub name: String,
    /// When it was begun.
    pub created_at: UnixMillis,
}

/// What a campaign is, as people read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The bare id of the instance.
    pub instance_id: String,
    /// The column with the key; `None` where the number is the key.
    pub key_column: Option<String>,
    /// Who answers, in words.
    pub service: String,
    /// Whether that is Amazon Connect, and contacts are contacts.
    pub is_real: bool,
    /// Whether it is the simulator of this program, which contacts nobody. What another service on this machine does with
    /// requests is not known: it may be the end of a tunnel.
    pub is_simulated: bool,
    /// When its numbers, keys and messages were removed, if they were.
    pub purged_at: Option<UnixMillis>,
}

/// Whether the campaign was purged, so that rows are to be looked up by their tokens too.
pub(in crate::journal) fn is_purged(connection: &Connection, campaign: CampaignId) -> rusqlite::Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM purge WHERE campaign_id = ?1)";
    connection.query_row(sql, [campaign.0], |row| row.get(0))
}

/// The tokens of a campaign in its own instance.
pub(in crate::journal) fn tokens(
    connection: &Connection,
    campaign: CampaignId,
) -> rusqlite::Result<TokenSpace> {
    let sql = "SELECT instance_id, name FROM campaign WHERE id = ?1";
    connection.query_row(sql, [campaign.0], |row| {
        Ok(TokenSpace::new(&row.get::<_, String>(0)?, &row.get::<_, String>(1)?))
    })
}

impl Journal {
    /// The campaign with this identity, begun now where there is none of its name.
    ///
    /// # Errors
    /// [`JournalError::Changed`] where one of its name was begun with another identity and rows of it were attempted,
    /// [`JournalError::Behind`] where the journal has lost its latest results, [`JournalError::CopyBehind`] and
    /// [`JournalError::CopyTooOld`] where it is a copy that does not know of what its original did.
    pub fn campaign(&mut self, identity: &Identity, now: UnixMillis) -> Result<CampaignId, JournalError> {
        let tx = self.begin_write()?;
        let (id, begun) = match find(&tx, &identity.name)? {
            Some(campaign) => {
                refuse_change(&tx, campaign.id, identity)?;
                (campaign.id, campaign.created_at)
            }
            None => (insert(&tx, identity, now)?, now),
        };
        tx.commit()?;
        self.compare(&identity.name, begun)?;
        let campaign = home::Settled { name: &identity.name, now };
        if let Some(original) = home::settle(self, &campaign)? {
            self.original = original;
            // Whoever copies or moves the database without its log finds at least this.
            self.checkpoint()?;
        }
        Ok(id)
    }

    /// The campaign with this identity in a copy of a journal, in which a run is rehearsed; begun now where there is none.
    ///
    /// # Errors
    /// As [`campaign`](Self::campaign).
    pub fn rehearsed_campaign(
        &self,
        identity: &Identity,
        now: UnixMillis,
    ) -> Result<CampaignId, JournalError> {
        let tx = self.begin_write()?;
        let Some(campaign) = find(&tx, &identity.name)? else {
            let id = insert(&tx, identity, now)?;
            tx.commit()?;
            return Ok(id);
        };
        refuse_change(&tx, campaign.id, identity)?;
        tx.commit()?;
        Ok(campaign.id)
    }

    /// Who answers the requests of the campaign with this name; `None` where there is none.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn service_of(&self, campaign: &str) -> Result<Option<Service>, JournalError> {
        let name: Option<String> = self
            .connection
            .query_row("SELECT service FROM campaign WHERE name = ?1", [campaign], |row| row.get(0))
            .optional()?;
        let all = [Service::Aws, Service::Loopback, Service::Simulated];
        let known = |name: String| all.into_iter().find(|service| service.name() == name);
        Ok(name.map(|name| known(name).unwrap_or(Service::Aws)))
    }

    /// In a copy in which the campaign was rehearsed: its contacts are the simulator's, and nothing else goes on with it.
    ///
    /// # Errors
    /// Where the journal cannot be written.
    pub fn leave_to_simulator(&self, campaign: &str) -> Result<(), JournalError> {
        let tx = self.begin_write()?;
        tx.execute(
            "UPDATE campaign SET service = ?2 WHERE name = ?1",
            params![campaign, Service::Simulated.name()],
        )?;
        tx.commit()
    }

    /// Compares the counts that are kept with the rows themselves.
    ///
    /// # Errors
    /// [`JournalError::Unbalanced`] where they differ.
    pub fn verified_tally(&self, campaign: CampaignId) -> Result<Tally, JournalError> {
        verified(&self.connection, campaign)
    }

    /// The counts by state, as they are kept: cheap at any size.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn tally(&self, campaign: CampaignId) -> Result<Tally, JournalError> {
        tally::kept(&self.connection, campaign)
    }
}

impl Reader {
    /// The campaigns of the journal, by name.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn campaigns(&self) -> Result<Vec<Campaign>, JournalError> {
        let mut statement =
            self.connection.prepare_cached("SELECT id, name, created_at FROM campaign ORDER BY name")?;
        let campaigns = statement.query_map([], read_campaign)?.collect::<Result<_, _>>()?;
        Ok(campaigns)
    }

    /// The campaign with this name.
    ///
    /// # Errors
    /// [`JournalError::NoCampaign`] where there is none.
    pub fn campaign(&self, name: &str) -> Result<Campaign, JournalError> {
        match find(&self.connection, name)? {
            Some(campaign) => Ok(campaign),
            None => Err(JournalError::NoCampaign {
                name: name.to_owned(),
                names: self.campaigns()?.into_iter().map(|campaign| campaign.name).collect(),
            }),
        }
    }

    /// Refuses a campaign whose contacts the simulator started, before anything is asked of anybody else.
    ///
    /// # Errors
    /// [`JournalError::Changed`] where the journal has such a campaign of this name.
    pub fn refuse_simulated(&self, name: &str) -> Result<(), JournalError> {
        let Some(campaign) = find(&self.connection, name)? else { return Ok(()) };
        let simulated: bool = self.connection.query_row(
            &format!(
                "SELECT service = ?2 AND EXISTS (SELECT 1 FROM row WHERE campaign_id = ?1 AND state IN ({}))
                 FROM campaign WHERE id = ?1",
                sql::REQUESTED
            ),
            params![campaign.id.0, Service::Simulated.name()],
            |row| row.get(0),
        )?;
        if !simulated {
            return Ok(());
        }
        let (before, after) = (Service::words(Service::Simulated.name()), "another service".to_owned());
        Err(JournalError::Changed { name: name.to_owned(), what: CONTACTS_OF, before, after })
    }

    /// What the campaign is.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn origin(&self, campaign: CampaignId) -> Result<Origin, JournalError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT instance_id, key_column, service FROM campaign WHERE id = ?1")?;
        let origin = statement.query_row([campaign.0], |row| {
            let service: String = row.get(2)?;
            Ok(Origin {
                instance_id: row.get(0)?,
                key_column: row.get(1)?,
                is_real: service == Service::Aws.name(),
                is_simulated: service == Service::Simulated.name(),
                service: Service::words(&service),
                purged_at: None,
            })
        })?;
        Ok(Origin { purged_at: self.purged_at(campaign)?, ..origin })
    }

    /// The counts by state, as they are kept: cheap at any size.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn tally(&self, campaign: CampaignId) -> Result<Tally, JournalError> {
        tally::kept(&self.connection, campaign)
    }

    /// Compares the counts that are kept with the rows themselves.
    ///
    /// # Errors
    /// [`JournalError::Unbalanced`] where they differ.
    pub fn verified_tally(&self, campaign: CampaignId) -> Result<Tally, JournalError> {
        verified(&self.connection, campaign)
    }
}

fn find(connection: &Connection, name: &str) -> Result<Option<Campaign>, JournalError> {
    let mut statement =
        connection.prepare_cached("SELECT id, name, created_at FROM campaign WHERE name = ?1")?;
    Ok(statement.query_row([name], read_campaign).optional()?)
}

fn read_campaign(row: &rusqlite::Row<'_>) -> rusqlite::Result<Campaign> {
    let StampColumn(created_at) = row.get(2)?;
    Ok(Campaign { id: CampaignId(row.get(0)?), name: row.get(1)?, created_at })
}

fn insert(connection: &Connection, identity: &Identity, now: UnixMillis) -> Result<CampaignId, JournalError> {
    connection.execute(
        "INSERT INTO campaign (name, instance_id, key_column, service, created_at) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![
            identity.name,
            identity.instance_id,
            identity.key_column,
            identity.service.name(),
            StampColumn(now)
        ],
    )?;
    Ok(CampaignId(connection.last_insert_rowid()))
}

/// A campaign may change what it is while nobody can have a contact, or a failure of record; after that it may not.
fn refuse_change(connection: &Connection, id: CampaignId, identity: &Identity) -> Result<(), JournalError> {
    let (instance_id, key_column, service): (String, Option<String>, String) = connection.query_row(
        "SELECT instance_id, key_column, service FROM campaign WHERE id = ?1",
        [id.0],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )?;
    let key = |column: Option<&String>| {
        column.map_or_else(|| "the number as key".to_owned(), |column| format!("\"{column}\""))
    };
    let (what, before, after) = if instance_id != identity.instance_id {
        ("the instance", instance_id, identity.instance_id.clone())
    } else if key_column != identity.key_column {
        ("the key column", key(key_column.as_ref()), key(identity.key_column.as_ref()))
    } else if service != identity.service.name() {
        (CONTACTS_OF, Service::words(&service), Service::words(identity.service.name()))
    } else {
        return Ok(());
    };
    // A row that was only refused has no contact, whatever its token was; one that a person decided to send again may.
    let contacted: bool = connection.query_row(
        &format!(
            "SELECT EXISTS (SELECT 1 FROM row WHERE campaign_id = ?1
                 AND (state IN ({}) OR id IN (SELECT row_id FROM decision)))",
            sql::REQUESTED
        ),
        [id.0],
        |row| row.get(0),
    )?;
    if contacted {
        return Err(JournalError::Changed { name: identity.name.clone(), what, before, after });
    }
    // Rows that were planned with other tokens are of no use; the next plan makes them anew.
    connection.execute("DELETE FROM recipient WHERE campaign_id = ?1", [id.0])?;
    connection.execute("DELETE FROM row WHERE campaign_id = ?1", [id.0])?;
    connection.execute("DELETE FROM tally WHERE campaign_id = ?1", [id.0])?;
    connection.execute(
        "UPDATE campaign SET instance_id = ?2, key_column = ?3, service = ?4 WHERE id = ?1",
        params![id.0, identity.instance_id, identity.key_column, identity.service.name()],
    )?;
    Ok(())
}

pub(super) fn verified(connection: &Connection, campaign: CampaignId) -> Result<Tally, JournalError> {
    // One read transaction, so that a run that goes on in between cannot make the two differ. A snapshot is one.
    let _tx = connection.is_autocommit().then(|| connection.unchecked_transaction()).transpose()?;
    let (kept, counted) = (tally::kept(connection, campaign)?, tally::counted(connection, campaign)?);
    if kept == counted {
        return Ok(kept);
    }
    let differences: Vec<String> = kept
        .iter()
        .zip(counted.iter())
        .filter(|(kept, counted)| kept != counted)
        .map(|((state, kept), (_, counted))| format!("{kept} rows are said to be {state}, {counted} are"))
        .collect();
    Err(JournalError::Unbalanced(differences.join("; ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::delivery::state::State;

    const NOW: UnixMillis = UnixMillis::from_millis(0);

    fn identity() -> Identity {
        Identity {
            name: "spring".to_owned(),
            instance_id: "one".to_owned(),
            key_column: Some("id".to_owned()),
            service: Service::Loopback,
        }
    }

    /// Each change of what makes a campaign the same one, and how it is told.
    fn changes() -> [(Identity, &'static str); 5] {
        [
            (Identity { instance_id: "two".to_owned(), ..identity() }, "the instance one, and now has two"),
            (
                Identity { key_column: None, ..identity() },
                "the key column \"id\", and now has the number as key",
            ),
            (Identity { key_column: Some("no".to_owned()), ..identity() }, "\"id\", and now has \"no\""),
            (
                Identity { service: Service::Aws, ..identity() },
                "started by a server on this machine, and now has Amazon Connect",
            ),
            (
                Identity { service: Service::Simulated, ..identity() },
                "this machine, and now has the built-in simulator",
            ),
        ]
    }

    #[test]
    fn a_campaign_stays_what_it_is_once_somebody_may_have_a_contact() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db");
        let mut journal = Journal::open(&path).unwrap();
        let id = journal.campaign(&identity(), NOW).unwrap();
        for (changed, _) in changes() {
            assert_eq!(journal.campaign(&changed, NOW).unwrap(), id, "nobody has a contact: {changed:?}");
            let origin = Reader::open(&path).unwrap().origin(id).unwrap();
            assert_eq!((origin.instance_id, origin.key_column), (changed.instance_id, changed.key_column));
            assert_eq!(origin.is_real, changed.service == Service::Aws);
            assert_eq!(journal.campaign(&identity(), NOW).unwrap(), id);
        }
        let somebody = format!(
            "INSERT INTO header (id, campaign_id, columns) VALUES (1, {0}, '[]');
             INSERT INTO row (campaign_id, line, key, state, header_id, cells) VALUES ({0}, 2, 'k', 2, 1, '[]');
             INSERT INTO tally (campaign_id, state, rows) VALUES ({0}, 2, 1);",
            id.0
        );
        journal.connection.execute_batch(&somebody).unwrap();
        for (changed, words) in changes() {
            let refused = journal.campaign(&changed, NOW).unwrap_err();
            assert!(matches!(refused, JournalError::Changed { .. }), "{changed:?}");
            assert!(refused.to_string().contains(words), "{refused} instead of {words}");
        }
        assert_eq!(journal.campaign(&identity(), NOW).unwrap(), id);

        let reader = Reader::open(&path).unwrap();
        let campaigns = reader.campaigns().unwrap();
        assert_eq!(campaigns, [reader.campaign("spring").unwrap()]);
        assert!(reader.campaign("autumn").unwrap_err().to_string().ends_with("it has spring"));
        assert_eq!([reader.tally(id).unwrap(), journal.tally(id).unwrap()], [Tally::of([State::Started]); 2]);
        assert_eq!(reader.verified_tally(id).unwrap(), Tally::of([State::Started]));
        journal.connection.execute("UPDATE tally SET rows = 2", []).unwrap();
        let unbalanced = reader.verified_tally(id).unwrap_err().to_string();
        assert!(unbalanced.contains("2 rows are said to be started, 1 are"), "{unbalanced}");
        assert!(!unbalanced.contains("queued"), "what adds up is not told: {unbalanced}");
    }
}
