//! Purging: numbers, keys, cells and texts of a finished campaign go, from the journal and from the disk. Counts, states,
//! times, client tokens and contact ids stay.
//!
//! A client token follows from instance, campaign and key, so a recipient that a file names again is recognized by it,
//! and nobody who was contacted is contacted again; the same goes for hashes of what a key is without that what
//! spreadsheets change. For the same reason a token is a pseudonym and not anonymous: who knows a key can compute it. Of
//! a number nothing is kept, whose hash anybody could undo: limits and another key for the same number are not known
//! afterwards, and so a purge waits until no contact can be open.
//!
//! What is deleted is overwritten (`secure_delete`), the database is written anew without free pages (`VACUUM`), and the
//! write-ahead log is emptied. What copies of the journal, file systems that keep old blocks, and disks hold is out of
//! reach. The journal's suppression list is nobody's campaign, and stays.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use crate::domain::delivery::state::State;
use crate::domain::delivery::tally::Tally;
use crate::domain::figures::counted;
use crate::domain::message::request::{Leaf, RequestTemplate, SegmentValue};
use crate::domain::next_step::{Advice, Command, Setting};
use crate::domain::phone::mask;
use crate::domain::unix_millis::UnixMillis;
use crate::journal::campaign::{Campaign, Service};
use crate::journal::error::JournalError;
use crate::journal::file::open::{Journal, Reader};
use crate::journal::plan::respelled::keep_folds;
use crate::journal::query::shapes::shapes;
use crate::journal::row::{CampaignId, PURGED_KEY, StampColumn, TokenColumn};
use crate::journal::run::limits::life;
use crate::journal::sql;

/// The segment attribute that names the channel.
const SUBTYPE: &str = "connect:Subtype";

/// How long readers may take to let go of the write-ahead log. A status takes no time; a long report is told of.
const READERS: Duration = Duration::from_secs(3);

/// What was purged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Purged {
    /// The campaign's counts, which are what they were.
    pub tally: Tally,
    /// Rows that had something to remove.
    pub rows: u64,
}

/// Contacts that may be open, whose numbers another contact must not go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenContacts {
    /// How many.
    pub contacts: u64,
    /// When the last of them is surely over.
    pub until: UnixMillis,
}

/// What a purge does where contacts may be open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IfOpen {
    /// It is refused: a second contact of the same sender and number could begin beside the first.
    Refuse,
    /// Their numbers go all the same.
    Purge,
}

impl Journal {
    /// Removes what is personal of a campaign that is finished. It is out of the rows when this returns, and out of the
    /// files after [`clean`](Self::clean).
    ///
    /// # Errors
    /// [`JournalError::Unfinished`], [`JournalError::Behind`], [`JournalError::Unbalanced`]: then nothing was removed.
    pub fn purge(
        &mut self,
        campaign: &Campaign,
        if_open: IfOpen,
        now: UnixMillis,
    ) -> Result<Purged, JournalError> {
        self.compare(&campaign.name, campaign.created_at)?;
        self.connection.pragma_update(None, "secure_delete", true)?;
        let tx = self.begin_write()?;
        let tally = crate::journal::campaign::verified(&tx, campaign.id)?;
        refuse(&tx, campaign, &tally, if_open, now)?;
        keep_folds(&tx, campaign.id)?;
        strip_messages(&tx, campaign.id)?;
        let rows = strip_rows(&tx, campaign.id)?;
        strip_runs(&tx, campaign.id)?;
        tx.execute(
            "INSERT INTO purge (campaign_id, purged_at) VALUES (?1, ?2)
             ON CONFLICT DO UPDATE SET purged_at = iif(?3, excluded.purged_at, purged_at)",
            params![campaign.id.0, StampColumn(now), rows > 0],
        )?;
        tx.commit()?;
        Ok(Purged { tally, rows })
    }

    /// Writes the database anew, without what was deleted, and empties the write-ahead log.
    ///
    /// # Errors
    /// [`JournalError::StillRead`] where another program reads the log for longer than a writer waits.
    pub fn clean(self) -> Result<(), JournalError> {
        if let Some(link) = &self.link {
            link.forget_log()?;
        }
        self.connection.execute_batch("VACUUM")?;
        self.connection.busy_timeout(READERS)?;
        let busy: bool =
            self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        if busy {
            return Err(JournalError::StillRead(self.path));
        }
        self.close()
    }
}

impl Reader {
    /// When the campaign was purged, if it was.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn purged_at(&self, campaign: CampaignId) -> Result<Option<UnixMillis>, JournalError> {
        let sql = "SELECT purged_at FROM purge WHERE campaign_id = ?1";
        let at =
            self.connection.prepare_cached(sql)?.query_row([campaign.0], |row| row.get::<_, StampColumn>(0));
        Ok(at.optional()?.map(|at| at.0))
    }
}

impl Reader {
    /// Whether every row of the campaign has its outcome, so that nothing of it is needed to go on.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn is_finished(&self, campaign: CampaignId) -> Result<bool, JournalError> {
        let tally = self.tally(campaign)?;
        Ok(tally.unsettled() + tally[State::Uncertain] == 0
            && crate::journal::plan::index::is_made(&self.connection, campaign)?)
    }
}

impl Reader {
    /// Whether the campaign may be purged now.
    ///
    /// # Errors
    /// [`JournalError::Unfinished`] where it may not; where the journal cannot be read.
    pub fn may_be_purged(
        &self,
        campaign: &Campaign,
        if_open: IfOpen,
        now: UnixMillis,
    ) -> Result<(), JournalError> {
        refuse(&self.connection, campaign, &self.tally(campaign.id)?, if_open, now)
    }

    /// Contacts of the campaign that may be open, where there are some whose numbers the journal has. Those of
    /// simulations are nobody's.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn open_contacts(
        &self,
        campaign: &Campaign,
        now: UnixMillis,
    ) -> Result<Option<OpenContacts>, JournalError> {
        open_contacts(&self.connection, campaign, now)
    }
}

fn open_contacts(
    connection: &Connection,
    campaign: &Campaign,
    now: UnixMillis,
) -> Result<Option<OpenContacts>, JournalError> {
    let sql = "SELECT service, (SELECT millis FROM contact_life WHERE campaign_id = id) FROM campaign WHERE id = ?1";
    let (service, stated): (String, Option<i64>) =
        connection.query_row(sql, [campaign.id.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
    if service == Service::Simulated.name() {
        return Ok(None);
    }
    let stated = stated.and_then(|millis| u64::try_from(millis).ok()).map(Duration::from_millis);
    let lives: BTreeMap<i64, Duration> =
        shapes(connection, campaign.id)?.into_iter().map(|(id, shape)| (id, life(&shape, stated))).collect();
    let longest = lives.values().copied().max().unwrap_or_default();
    // Where an event says that a contact ended, it is over.
    let mut statement = connection.prepare(&format!(
        "SELECT shape_id, settled_at FROM row LEFT JOIN delivery ON delivery.row_id = row.id
         WHERE row.campaign_id = ?1 AND state = {} AND destination IS NOT NULL AND settled_at > ?2 AND ended_at IS NULL",
        State::Started.code()
    ))?;
    let mut rows = statement.query(params![campaign.id.0, StampColumn(now.minus(longest))])?;
    let mut open: Option<OpenContacts> = None;
    while let Some(row) = rows.next()? {
        let (shape, StampColumn(settled)): (i64, _) = (row.get(0)?, row.get(1)?);
        let until = settled.plus(lives.get(&shape).copied().unwrap_or(longest));
        if until > now {
            let before = open.unwrap_or(OpenContacts { contacts: 0, until });
            open = Some(OpenContacts { contacts: before.contacts + 1, until: before.until.max(until) });
        }
    }
    Ok(open)
}

/// Gives a recipient that was purged and never attempted its key back: the file has it again.
pub(in crate::journal) fn give_back(
    tx: &Transaction<'_>,
    campaign: CampaignId,
    (row, key): (i64, &str),
    (client_token, purged_keys): (uuid::Uuid, &[String]),
) -> Result<(), JournalError> {
    for purged in purged_keys {
        tx.prepare_cached("UPDATE recipient SET key = ?3 WHERE campaign_id = ?1 AND key = ?2")?
            .execute(params![campaign.0, purged, key])?;
    }
    tx.prepare_cached("UPDATE row SET key = ?2, client_token = ?3 WHERE id = ?1")?.execute(params![
        row,
        key,
        TokenColumn(client_token)
    ])?;
    Ok(())
}

fn refuse(
    connection: &Connection,
    campaign: &Campaign,
    tally: &Tally,
    if_open: IfOpen,
    now: UnixMillis,
) -> Result<(), JournalError> {
    refuse_unfinished(connection, campaign, tally)?;
    match if_open {
        IfOpen::Refuse => refuse_open(connection, campaign, now),
        IfOpen::Purge => Ok(()),
    }
}

fn refuse_unfinished(
    connection: &Connection,
    campaign: &Campaign,
    tally: &Tally,
) -> Result<(), JournalError> {
    let refuse =
        |what: String, next| Err(JournalError::Unfinished { name: campaign.name.clone(), what, next });
    if tally.unsettled() > 0 {
        return refuse(
            counted(tally.unsettled(), "row waits", "rows wait"),
            Advice::new("let them be sent with ").run(Command::Resume).then(", or run a file without them"),
        );
    }
    if tally[State::Uncertain] > 0 {
        return refuse(
            counted(tally[State::Uncertain], "row is uncertain", "rows are uncertain"),
            Advice::new("decide on them first, with ")
                .run(Command::Resolve)
                .then(": afterwards nobody knows whose they are"),
        );
    }
    if !crate::journal::plan::index::is_made(connection, campaign.id)? {
        return refuse(
            "its file was not read to its end".to_owned(),
            Advice::new("run it again with ").run(Command::Run),
        );
    }
    Ok(())
}

fn refuse_open(connection: &Connection, campaign: &Campaign, now: UnixMillis) -> Result<(), JournalError> {
    let Some(open) = open_contacts(connection, campaign, now)? else { return Ok(()) };
    let contacts = counted(open.contacts, "contact", "contacts");
    Err(JournalError::Unfinished {
        name: campaign.name.clone(),
        what: format!("{contacts} may be open until {}", open.until),
        next: Advice::new(
            "purge it then: until then the journal needs their numbers, to keep a second contact from the same person; ",
        )
        .set(Setting::EvenIfOpen)
        .then(" does not wait for that"),
    })
}

/// Takes from the rows what is personal. Says how many had something.
fn strip_rows(tx: &Transaction<'_>, campaign: CampaignId) -> Result<u64, JournalError> {
    for (id, shape) in shapes(tx, campaign)? {
        let (bare, kept) = bare(&shape);
        let kept: Vec<String> = kept.iter().map(|slot| format!("json_extract(slots, '$[{slot}]')")).collect();
        let slots = format!("json_array({})", kept.join(", "));
        let bare = crate::journal::plan::existing::shape_id(tx, campaign, &bare)?;
        if bare != id {
            tx.execute(
                &format!(
                    "UPDATE row SET shape_id = ?2, slots = {slots} WHERE campaign_id = ?1 AND shape_id = ?3"
                ),
                params![campaign.0, bare, id],
            )?;
            tx.execute("DELETE FROM shape WHERE id = ?1", [id])?;
        }
    }
    let rows = tx.execute(
        "UPDATE row SET key = NULL, destination = NULL, cells = '[]', reason = NULL, room = NULL, corrects = NULL
         WHERE campaign_id = ?1
             AND (key IS NOT NULL OR destination IS NOT NULL OR cells <> '[]' OR reason IS NOT NULL
                 OR corrects IS NOT NULL)",
        [campaign.0],
    )?;
    tx.execute(
        "UPDATE earlier_attempt SET destination = NULL, shape_id = NULL, slots = NULL, reason = NULL
         WHERE row_id IN (SELECT id FROM row WHERE campaign_id = ?1)",
        [campaign.0],
    )?;
    tx.execute("DELETE FROM number WHERE campaign_id = ?1", [campaign.0])?;
    tx.execute("DELETE FROM recipient WHERE campaign_id = ?1", [campaign.0])?;
    tx.execute(
        &format!(
            "INSERT INTO recipient (campaign_id, key, row_id)
             SELECT campaign_id, {PURGED_KEY}, id FROM row NOT INDEXED
             WHERE campaign_id = ?1 AND {} ORDER BY 2",
            sql::IS_RECIPIENT
        ),
        [campaign.0],
    )?;
    Ok(rows as u64)
}

/// A shape without its texts, and the slots that it keeps: source, flow and instance where rows differ in them are ours, and no
/// person's.
fn bare(shape: &RequestTemplate) -> (RequestTemplate, Vec<usize>) {
    let Ok(mut bare) = shape.try_map(&mut |_| Ok::<_, Infallible>(Leaf::Fixed(String::new())));
    if let Some(SegmentValue::String(Leaf::Fixed(subtype))) = shape.segment_attributes.get(SUBTYPE) {
        let subtype = SegmentValue::String(Leaf::Fixed(subtype.clone()));
        bare.segment_attributes.insert(SUBTYPE.to_owned(), subtype);
    }
    let mut kept = Vec::new();
    let mut keep = |leaf: &Leaf| match leaf {
        Leaf::Slot(slot) => {
            kept.push(*slot);
            Leaf::Slot(kept.len() - 1)
        }
        other => other.clone(),
    };
    bare.contact_flow_id = keep(&shape.contact_flow_id);
    bare.sender_instance_id = shape.sender_instance_id.as_ref().map(&mut keep);
    bare.source = keep(&shape.source);
    (bare, kept)
}

/// Messages keep what became of them and lose whom they were for. Those without a row are deleted where their number is one
/// of the campaign's: they may be its messages.
fn strip_messages(tx: &Transaction<'_>, campaign: CampaignId) -> Result<(), JournalError> {
    tx.execute(
        "DELETE FROM message WHERE row_id IS NULL AND destination IN (
             SELECT destination FROM number WHERE campaign_id = ?1
             UNION SELECT earlier_attempt.destination FROM earlier_attempt JOIN row ON row.id = row_id WHERE campaign_id = ?1)",
        [campaign.0],
    )?;
    tx.execute(
        "UPDATE message SET destination = NULL, description = NULL
         WHERE row_id IN (SELECT row_id FROM delivery WHERE campaign_id = ?1)",
        [campaign.0],
    )?;
    Ok(())
}

/// Takes from the messages of these rows what an event brought back, where the rows were purged.
pub(in crate::journal) fn keep_from(
    tx: &Transaction<'_>,
    rows: impl IntoIterator<Item = i64>,
) -> rusqlite::Result<()> {
    let any: bool =
        tx.prepare_cached("SELECT EXISTS (SELECT 1 FROM purge)")?.query_row([], |row| row.get(0))?;
    let mut strip = tx.prepare_cached(
        "UPDATE message SET destination = NULL, description = NULL
         WHERE row_id = ?1 AND (destination IS NOT NULL OR description IS NOT NULL)
             AND (SELECT key IS NULL AND destination IS NULL FROM row WHERE id = ?1)",
    )?;
    for row in rows.into_iter().filter(|_| any) {
        strip.execute([row])?;
    }
    Ok(())
}

/// What the service said when it refused a campaign may name whom it refused.
fn strip_runs(tx: &Transaction<'_>, campaign: CampaignId) -> Result<(), JournalError> {
    let reasons: Vec<(i64, String)> = tx
        .prepare("SELECT id, reason FROM run WHERE campaign_id = ?1 AND reason IS NOT NULL")?
        .query_map([campaign.0], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    for (id, reason) in reasons {
        tx.execute("UPDATE run SET reason = ?2 WHERE id = ?1", params![id, mask::mask_text(&reason)])?;
    }
    Ok(())
}
