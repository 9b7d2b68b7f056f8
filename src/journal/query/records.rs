//! What reports read: every row of a campaign, streamed in the order of the file, borrowed from SQLite's own memory.

use std::collections::HashMap;
use std::fmt;

use rusqlite::{Row, params};
use uuid::Uuid;

use crate::domain::delivery::state::State;
use crate::domain::events::Delivery;
use crate::domain::message::request::Leaf;
use crate::domain::unix_millis::UnixMillis;
use crate::journal::error::JournalError;
use crate::journal::file::open::Reader;
use crate::journal::query::cells::Cells;
use crate::journal::query::snapshot::Snapshot;
use crate::journal::row::{CampaignId, ContactIdColumn, StampColumn, StateColumn, TextsColumn, TokenColumn};

/// The code of a row that failed, was corrected, and has no other one.
const CORRECTED: &str = "corrected";
/// What was tried before a row was corrected, as JSON, where it was.
const EARLIER: &str = "iif(EXISTS (SELECT 1 FROM earlier_attempt AS earlier WHERE earlier.row_id = row.id),
    (SELECT json_group_array(json_array(attempts, first_attempt_at, settled_at, code, reason) ORDER BY nth)
     FROM earlier_attempt AS earlier WHERE earlier.row_id = row.id), NULL)";

/// A row of the journal as a report shows it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Record<'r> {
    /// Its line in the file last read; `None` where it is not in it any more.
    pub line: Option<u64>,
    /// What makes it the same recipient; `None` where it was rejected.
    pub key: Option<&'r str>,
    /// E.164; `None` where it was rejected.
    pub destination: Option<&'r str>,
    /// Where it stands.
    pub state: State,
    /// Connect's answer.
    pub contact_id: Option<&'r str>,
    /// The idempotency token.
    pub client_token: Option<Uuid>,
    /// Requests made for it, over all runs.
    pub attempts: u32,
    /// The last refusal's or the rejection's code.
    pub code: Option<&'r str>,
    /// The same in words.
    pub reason: Option<&'r str>,
    /// The source endpoint's address: the ARN of the sending number.
    pub source: Option<&'r str>,
    /// When the first request left.
    pub first_attempt_at: Option<UnixMillis>,
    /// When its outcome was known.
    pub settled_at: Option<UnixMillis>,
    /// The time zones that its recipient may be in, with one space between them; `None` where it was planned without hours.
    pub zones: Option<&'r str>,
    /// What the definition calls its sender, where it has several.
    pub sender: Option<&'r str>,
    /// What the account has told of its message and contact.
    pub told: Told<'r>,
    /// Which of the campaign's headers its cells go with; see [`Reader::columns`].
    pub header: i64,
    /// The line's own cells.
    pub cells: &'r Cells,
    /// The cells of the line as it was rejected first, where a correction took its place.
    pub corrects: Option<&'r Cells>,
}

/// What the account's events have told of a row's message and contact.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Told<'r> {
    /// What became of the message.
    pub delivery: Option<Delivery>,
    /// AWS's word for it.
    pub status: Option<&'r str>,
    /// When it was so.
    pub at: Option<UnixMillis>,
    /// Parts of all messages of the contact.
    pub parts: Option<u64>,
    /// Their price, as it came.
    pub price: Option<f64>,
    /// When the contact ended.
    pub ended_at: Option<UnixMillis>,
    /// Whether the customer wrote.
    pub replied: Option<bool>,
}

/// Which rows to read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selection {
    /// Rows in these states; all where empty.
    pub states: Vec<State>,
}

impl Selection {
    /// Whether rows in this state are read.
    #[must_use]
    pub fn has(&self, state: State) -> bool {
        self.states.is_empty() || self.states.contains(&state)
    }
}

impl Reader {
    /// The column names of the campaign's recipients files by header id, the file last planned from last.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn columns(&self, campaign: CampaignId) -> Result<Vec<(i64, Vec<String>)>, JournalError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT id, columns FROM header WHERE campaign_id = ?1 ORDER BY planned, id")?;
        let headers = statement
            .query_map([campaign.0], |row| {
                let TextsColumn(columns) = row.get(1)?;
                Ok((row.get(0)?, columns))
            })?
            .collect::<Result<_, _>>()?;
        Ok(headers)
    }
}

impl Snapshot<'_> {
    /// Calls `each` for every selected row: by line, rows that are not in the file any more last. Constant memory.
    ///
    /// # Errors
    /// Where the journal cannot be read, or the first error of `each`.
    pub fn each_record<E: From<JournalError>>(
        &self,
        campaign: CampaignId,
        selection: &Selection,
        mut each: impl FnMut(&Record<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let sources = self.sources(campaign)?;
        let mut buffers = [Cells::default(), Cells::default(), Cells::default()];
        let (mut contact_id, mut reason) = (Uuid::encode_buffer(), String::new());
        for place in ["line IS NOT NULL ORDER BY line", "line IS NULL ORDER BY id"] {
            let sql = format!(
                "SELECT line, key, destination, state, contact_id, client_token, attempts, code, reason, shape_id,
                     slots, first_attempt_at, settled_at, header_id, cells, id, delivery, status, at, parts, price,
                     ended_at, replied, (SELECT nullif(zones, '') FROM lane WHERE lane.id = lane_id),
                     (SELECT name FROM sender WHERE sender.id = sender_id),
                     {EARLIER}, corrects
                 FROM row LEFT JOIN delivery ON row_id = id WHERE row.campaign_id = ?1 AND {place}"
            );
            let mut statement = self.connection.prepare_cached(&sql).map_err(JournalError::from)?;
            let mut rows = statement.query(params![campaign.0]).map_err(JournalError::from)?;
            while let Some(row) = rows.next().map_err(JournalError::from)? {
                let StateColumn(state) = row.get(3).map_err(JournalError::from)?;
                if selection.has(state) {
                    let texts = (&mut contact_id, &mut reason);
                    each(&read(row, state, &sources, &mut buffers, texts)?)?;
                }
            }
        }
        Ok(())
    }
}

fn read<'r>(
    row: &'r Row<'_>,
    state: State,
    sources: &'r HashMap<i64, Leaf>,
    [cells, slots, corrects]: &'r mut [Cells; 3],
    (contact_id, words): (&'r mut [u8; uuid::fmt::Urn::LENGTH], &'r mut String),
) -> Result<Record<'r>, JournalError> {
    let shape: Option<i64> = row.get(9)?;
    let source = match shape.and_then(|shape| sources.get(&shape)) {
        Some(Leaf::Fixed(source)) => Some(source.as_str()),
        Some(Leaf::Slot(slot)) => {
            fill(slots, row, 10)?;
            slots.get(*slot)
        }
        Some(Leaf::Token) | None => None,
    };
    fill(cells, row, 14)?;
    let corrects = match text(row, 26)? {
        Some(_) => {
            fill(corrects, row, 26)?;
            Some(&*corrects)
        }
        None => None,
    };
    let stamp = |index: usize| -> rusqlite::Result<Option<UnixMillis>> {
        Ok(row.get::<_, Option<StampColumn>>(index)?.map(|stamp| stamp.0))
    };
    let earlier = earlier_attempts(row)?;
    let first = earlier.first().and_then(|first| first.first_attempt_at);
    let (mut code, mut reason) = (text(row, 7)?, text(row, 8)?);
    if !earlier.is_empty() {
        *words = with_earlier(reason, &earlier);
        (code, reason) = (code.or(Some(CORRECTED)), Some(words.as_str()));
    }
    Ok(Record {
        line: row.get::<_, Option<i64>>(0)?.and_then(|line| u64::try_from(line).ok()),
        key: text(row, 1)?,
        destination: text(row, 2)?,
        state,
        contact_id: ContactIdColumn::read(row.get_ref(4)?, contact_id)
            .map_err(|error| unreadable(row, &error))?,
        client_token: row.get::<_, Option<TokenColumn>>(5)?.map(|token| token.0),
        attempts: row.get::<_, u32>(6)? + earlier.iter().map(|earlier| earlier.attempts).sum::<u32>(),
        code,
        reason,
        source,
        first_attempt_at: first.or(stamp(11)?),
        settled_at: stamp(12)?,
        zones: text(row, 23)?,
        sender: text(row, 24)?,
        told: Told {
            delivery: row.get::<_, Option<u8>>(16)?.and_then(Delivery::from_code),
            status: text(row, 17)?,
            at: stamp(18)?,
            parts: row.get::<_, Option<i64>>(19)?.and_then(|parts| u64::try_from(parts).ok()),
            price: row.get(20)?,
            ended_at: stamp(21)?,
            replied: row.get(22)?,
        },
        header: row.get(13)?,
        cells,
        corrects,
    })
}

/// What was tried before a row was corrected. Displays in plain words.
#[derive(Debug)]
struct EarlierAttempt {
    attempts: u32,
    first_attempt_at: Option<UnixMillis>,
    settled_at: Option<UnixMillis>,
    code: Option<String>,
    reason: Option<String>,
}

impl fmt::Display for EarlierAttempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("before that it failed")?;
        if let Some(at) = self.settled_at {
            write!(f, " at {at}")?;
        }
        [&self.code, &self.reason].into_iter().flatten().try_for_each(|words| write!(f, ": {words}"))
    }
}

fn earlier_attempts(row: &Row<'_>) -> Result<Vec<EarlierAttempt>, JournalError> {
    type Parts = (u32, Option<i64>, Option<i64>, Option<String>, Option<String>);
    let Some(json) = text(row, 25)? else { return Ok(Vec::new()) };
    let parts: Vec<Parts> = serde_json::from_str(json).map_err(|error| unreadable(row, &error))?;
    let time = |time: Option<i64>| time.map(UnixMillis::from_millis);
    let attempt = |(attempts, first, settled, code, reason): Parts| EarlierAttempt {
        attempts,
        first_attempt_at: time(first),
        settled_at: time(settled),
        code,
        reason,
    };
    Ok(parts.into_iter().map(attempt).collect())
}

/// What is said of a row that was corrected: the last word first.
fn with_earlier(reason: Option<&str>, earlier: &[EarlierAttempt]) -> String {
    let mut words = reason.map_or_else(|| "corrected in the file and tried again".to_owned(), str::to_owned);
    for attempt in earlier.iter().rev() {
        words.push_str(&format!("; {attempt}"));
    }
    words
}

fn text<'r>(row: &'r Row<'_>, index: usize) -> Result<Option<&'r str>, JournalError> {
    row.get_ref(index)?.as_str_or_null().map_err(|error| unreadable(row, &error))
}

fn fill(cells: &mut Cells, row: &Row<'_>, index: usize) -> Result<(), JournalError> {
    let json = text(row, index)?.unwrap_or("[]");
    cells.read(json).map_err(|error| unreadable(row, &error))
}

fn unreadable(row: &Row<'_>, error: &dyn std::error::Error) -> JournalError {
    JournalError::Unreadable { row: row.get(15).unwrap_or(0), what: error.to_string() }
}
