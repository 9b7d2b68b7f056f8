//! The journal that the model is held against, with the handles that a process has on its rows.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use campaign::domain::delivery::state::State;
use campaign::domain::limits::{ContactLimits, RecipientLimit};
use campaign::domain::message::request::RequestTemplate;
use campaign::domain::row::token::TokenSpace;
use campaign::domain::unix_millis::UnixMillis;
use campaign::journal::{
    Admission, CampaignId, ClaimLimits, Claimed, Content, FileLine, Identity, Journal, Retries, RowId,
    Service, Writer,
};

use crate::seeds::chance::Chance;
use crate::seeds::model::Row;
use crate::seeds::operations::{Entry, Rules};
use crate::seeds::shapes::{self, INSTANCE, SLOTS};

/// The journal under test, with the handles that a process has on its rows.
pub(crate) struct Process {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) journal: Option<Journal>,
    pub(crate) campaign: CampaignId,
    pub(crate) other: CampaignId,
    pub(crate) claimed: BTreeMap<u8, Claimed>,
    pub(crate) ids: BTreeMap<u8, RowId>,
    rules: Rules,
}

/// Numbers that all keys share.
const NUMBERS: u8 = 5;

/// The number of a key: some keys have one together.
pub(crate) fn number(key: u8) -> u8 {
    key % NUMBERS
}

fn request() -> RequestTemplate {
    shapes::shape(&mut Chance::new(3))
}

/// How long a contact may be open, in milliseconds.
pub(crate) fn life() -> i64 {
    request().chat_duration_minutes.map_or(25 * 3_600_000, |minutes| i64::from(minutes) * 60_000)
}

fn identity(name: &str) -> Identity {
    Identity {
        name: name.to_owned(),
        instance_id: INSTANCE.to_owned(),
        key_column: Some("key".to_owned()),
        service: Service::Simulated,
    }
}

fn lines(campaign: &str, file: &[Entry]) -> Vec<FileLine> {
    let line = |(&(key, text, suppressed), line): (&Entry, u64)| FileLine {
        number: line,
        rejected: None,
        cells: vec![key.to_string()],
        content: Content::Recipient {
            key: key.to_string(),
            destination: format!("+1202555{:04}", number(key)),
            client_token: TokenSpace::new(INSTANCE, campaign).token(&key.to_string()),
            slots: vec![text.to_string(); SLOTS],
            lane: None,
            sender: None,
            window: Default::default(),
            suppressed: suppressed.then(|| ("opt-out".to_owned(), "listed".to_owned())),
        },
    };
    file.iter().zip(2..).map(line).collect()
}

impl Process {
    /// A journal with two campaigns: what is done to one is not to be seen in the other.
    pub(crate) fn new(rules: Rules) -> Self {
        let memory = std::path::Path::new("/dev/shm");
        let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }
            .expect("a folder");
        let mut journal = Journal::open(&folder.path().join("journal.db")).expect("a journal");
        let start = UnixMillis::from_millis(0);
        let campaign = journal.campaign(&identity("model"), start).expect("a campaign");
        let other = journal.campaign(&identity("other"), start).expect("a campaign");
        let (claimed, ids) = (BTreeMap::new(), BTreeMap::new());
        let mut process = Self { folder, journal: Some(journal), campaign, other, claimed, ids, rules };
        process.admit();
        process.plan(other, "other", &[(1, 0, false), (2, 0, true), (1, 0, false)], Retries::None);
        process
    }

    /// The process dies, and another one begins a run.
    pub(crate) fn begin_again(&mut self) {
        self.claimed.clear();
        self.ids.clear();
        self.journal = None;
        self.journal = Some(Journal::open(&self.folder.path().join("journal.db")).expect("a journal"));
        self.admit();
        let campaign = self.campaign;
        self.journal().release_held(campaign).expect("rows are released");
    }

    fn admit(&mut self) {
        let Rules { per_recipient, contacts, one_open } = self.rules;
        let limit = |(most, within): (u32, i64)| RecipientLimit {
            most: NonZeroU32::new(most).expect("some"),
            within: Duration::from_millis(within as u64),
        };
        let per_recipient = per_recipient.map(limit).into_iter().collect();
        let limits = ContactLimits { per_recipient, contacts, ..ContactLimits::default() };
        let limits = ClaimLimits { limits, one_open };
        self.journal().admit(Admission { limits, ..Admission::default() });
    }

    pub(crate) fn journal(&mut self) -> &mut Journal {
        self.journal.as_mut().expect("a journal between two operations")
    }

    pub(crate) fn plan(&mut self, campaign: CampaignId, name: &str, file: &[Entry], retries: Retries) {
        let shape = request();
        let journal = self.journal();
        let mut plan = journal.begin_plan(campaign, &shape, &["key".to_owned()]).expect("a plan");
        plan = plan.retry_failed(retries);
        for batch in lines(name, file).chunks(3) {
            journal.plan(&mut plan, batch).expect("a batch");
        }
        journal.finish_plan(plan).expect("a plan ends");
    }

    /// Words to the writer, all sent before the first is answered: they may share a group.
    pub(crate) fn write<T>(&mut self, words: impl AsyncFnOnce(Writer) -> T) -> T {
        let journal = self.journal.take().expect("a journal");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        let (answers, journal) = runtime.expect("a runtime").block_on(async {
            let (writer, handle) = Writer::spawn(journal, self.campaign);
            let answers = words(writer).await;
            (answers, handle.await.expect("the writer lives").expect("the journal can be written"))
        });
        self.journal = Some(journal);
        answers
    }

    pub(crate) fn take(&mut self, rows: Vec<Claimed>) -> Vec<u8> {
        let tokens = TokenSpace::new(INSTANCE, "model");
        // First, and after each correction.
        let of = |key: u8| (0..40).map(move |n| (tokens.corrected(&key.to_string(), n), key));
        let known: BTreeMap<_, u8> = (0..12).flat_map(of).collect();
        let key = |row: &Claimed| known[&row.frozen.client_token];
        let keys = rows.iter().map(key).collect();
        for row in rows {
            self.ids.insert(key(&row), row.id);
            self.claimed.insert(key(&row), row);
        }
        keys
    }

    pub(crate) fn rows(&mut self) -> Vec<(u8, Row)> {
        let connection =
            rusqlite::Connection::open(self.folder.path().join("journal.db")).expect("the journal");
        let mut statement = connection
            .prepare(
                "SELECT key, state, attempts, doubt_at, line, json_extract(slots, '$[0]'), waits_until FROM row
                 WHERE campaign_id = (SELECT id FROM campaign WHERE name = 'model') AND state <> 6 ORDER BY id",
            )
            .expect("a statement");
        let rows = statement.query_map([], |row| {
            let doubt_at: Option<i64> = row.get(3)?;
            let found = Row {
                state: State::from_code(row.get(1)?).expect("a state"),
                attempts: row.get(2)?,
                doubt_at: doubt_at.map(UnixMillis::from_millis),
                line: row.get::<_, Option<i64>>(4)?.map(|line| line as u64),
                text: row.get::<_, String>(5)?.parse().expect("a text"),
                waits_until: row.get::<_, Option<i64>>(6)?.map(UnixMillis::from_millis),
            };
            Ok((row.get::<_, String>(0)?.parse().expect("a key"), found))
        });
        rows.expect("rows").collect::<Result<_, _>>().expect("rows")
    }
}
