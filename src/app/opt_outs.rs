//! The account's opt-out lists behind a campaign's senders: found before a run, and copied into the journal while it lasts.
//!
//! A copy is as old as the beginning of the reading that it came from. [`OptOuts::keep`] reads each list once before anything
//! is sent, and again so often that the copy stays within its bound. Where a list has more pages than rows wait, it asks about
//! each waiting number instead.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::app::error::Error;
use crate::app::paths::CampaignPaths;
use crate::app::service::settings;
use crate::clock::Clock;
use crate::connect::Account;
use crate::domain::account::facts::{SmsNumberFacts, Unanswered};
use crate::domain::account::opt_outs::{
    OptOutRule, OptOutSettings, OptOutState, asks_by_number, next_reading,
};
use crate::domain::definition::Definition;
use crate::domain::figures::Span;
use crate::domain::phone::E164;
use crate::domain::unix_millis::UnixMillis;
use crate::engine::OptOutProgress;
use crate::journal::{
    self, Journal, OptOutChange, OptOutChanged, OptOutCopy, OptOutListId, Reader, RowId, Writer, WriterError,
};

/// The service answers one such request per second (End User Messaging's API reference).
const EVERY: Duration = Duration::from_millis(1_000);
/// It takes ten numbers per second.
const PUT_EVERY: Duration = Duration::from_millis(100);
/// How long a failed request is waited after, at most. The first wait is as long as [`EVERY`].
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// Failures in a row before a run that need not read the lists goes on without them.
const FAILURES: u32 = 3;
/// How long a run that must read them keeps failing.
const PATIENCE: Duration = Duration::from_secs(30 * 60);
/// Waiting rows that are fetched from the journal at a time.
const ROWS: u32 = 100;

/// What was found out before a run.
#[derive(Debug)]
pub struct FoundLists {
    /// The copies to keep; `None` where no list is read.
    pub lists: Option<OptOuts>,
    /// Why the lists are not the whole truth, or are not read.
    pub notes: Vec<String>,
}

/// The lists behind a campaign's senders.
#[derive(Debug)]
pub struct OptOuts {
    lists: Vec<KeptList>,
    settings: OptOutSettings,
    /// Rows still come while the run sends: how many wait is not known.
    streams: bool,
}

/// A list, and who asks about it.
#[derive(Debug)]
struct KeptList {
    account: Account,
    copy: OptOutCopy,
}

/// The senders whose lists are to be found.
#[derive(Debug, Clone, Copy)]
pub struct ListSenders<'a> {
    /// Their ARNs in Amazon Connect.
    pub sources: &'a [String],
    /// Those that the account was asked about already.
    pub known: &'a BTreeMap<String, SmsNumberFacts>,
    /// Whose lists they are: service, account and Region.
    pub owner: &'a str,
}

/// Finds the lists behind the senders, and what they cannot tell.
///
/// # Errors
/// Where the lists must be read and cannot be found out, or the journal cannot be written.
pub async fn find(
    account: &Account,
    senders: ListSenders<'_>,
    settings: OptOutSettings,
    journal: &mut Journal,
) -> Result<FoundLists, Error> {
    let (mut names, mut notes) = (BTreeSet::new(), BTreeSet::new());
    for source in senders.sources {
        let number = match senders.known.get(source) {
            Some(number) => Ok(number.clone()),
            None => account.sender(source).await,
        };
        match number {
            Ok(number) => {
                notes.extend(not_whole(&number).map(str::to_owned));
                names.insert(number.opt_out_list);
            }
            Err(why) => {
                let why = format!("the opt-out list of {source} is not known: {}", words(&why));
                if settings.rule == OptOutRule::Required {
                    return Err(Error::opt_outs(why));
                }
                notes.insert(format!("{why}. Opt-outs are not left out"));
            }
        }
    }
    let lists = (!names.is_empty()).then(|| journal.opt_out_lists(senders.owner, &names)).transpose()?;
    let kept = |copy| KeptList { account: account.clone(), copy };
    let lists = lists.map(|lists| lists.into_iter().map(kept).collect());
    let lists = lists.map(|lists| OptOuts { lists, settings, streams: false });
    Ok(FoundLists { lists, notes: notes.into_iter().collect() })
}

/// Why the list of a number is not the whole truth.
fn not_whole(number: &SmsNumberFacts) -> Option<&'static str> {
    if number.self_managed_opt_outs {
        return Some(
            "the sender's opt-outs are self-managed: AWS's list does not have all of them; name your own list with suppress in \
             [recipients]",
        );
    }
    (number.kind == "TOLL_FREE").then_some(
        "the sender is a US toll-free number: its carriers keep STOP themselves, and AWS's list may not have all of them",
    )
}

/// Why a question has no answer, in words.
pub fn words(why: &Unanswered) -> String {
    match why {
        Unanswered::Denied(action) => format!("these credentials may not use {action}"),
        Unanswered::NotFound => "the service does not have it".to_owned(),
        Unanswered::Throttled => "the service refused several times to answer so soon".to_owned(),
        Unanswered::Credentials(words) | Unanswered::Failed(words) | Unanswered::Unknown(words) => {
            words.trim_end_matches('.').to_owned()
        }
    }
}

/// Why keeping the copies ended.
enum Ended {
    /// The journal cannot be written: the engine learns it from the writer.
    Journal,
    /// They cannot be read.
    Unanswered(Unanswered),
}

impl From<WriterError> for Ended {
    fn from(_: WriterError) -> Self {
        Self::Journal
    }
}

impl OptOuts {
    /// The lists, for claims.
    #[must_use]
    pub fn ids(&self) -> Vec<OptOutListId> {
        self.lists.iter().map(|list| list.copy.id).collect()
    }

    /// These lists, and those of another account.
    #[must_use]
    pub fn and(mut self, mut others: Self) -> Self {
        self.lists.append(&mut others.lists);
        self
    }

    /// The same for a run whose rows still come.
    #[must_use]
    pub fn streaming(self, streams: bool) -> Self {
        Self { streams, ..self }
    }

    /// What the run begins with.
    #[must_use]
    pub fn begin(&self) -> (watch::Sender<OptOutProgress>, watch::Receiver<OptOutProgress>) {
        watch::channel(OptOutProgress { state: OptOutState::Reading { numbers: 0 }, added: 0 })
    }

    /// Keeps the copies current for as long as it is polled, and tells the engine. Returns where nothing is left to do: the
    /// lists cannot be read, or the journal cannot be written.
    pub async fn keep(self, writer: Writer, clock: Clock, progress: watch::Sender<OptOutProgress>) {
        let rule = self.settings.rule;
        let began_at = clock.now();
        let mut keeper = Keeper {
            lists: self,
            writer,
            clock,
            progress,
            next_request: Instant::now(),
            read: None,
            began_at,
            numbers: 0,
        };
        match keeper.run().await {
            Ended::Journal => {}
            Ended::Unanswered(why) => keeper.tell(match rule {
                OptOutRule::Required => OptOutState::Refused(words(&why)),
                _ => OptOutState::NotRead(Some(words(&why))),
            }),
        }
    }
}

/// Why a list has no answer. One that there is not any more is no empty list: who was on it is not known.
fn of_list(why: Unanswered, list: &str) -> Ended {
    Ended::Unanswered(match why {
        Unanswered::NotFound => Unanswered::Unknown(format!(
            "the account has no opt-out list {list} any more; the next run asks which list its senders have by then"
        )),
        why => why,
    })
}

/// What a run that must keep within the bound says of lists that are too long for it.
fn too_long(took: Duration, bound: Duration) -> String {
    format!(
        "reading them takes {}, longer than opt_outs_max_age in [account] allows ({}): set it to {} or more",
        Span(took),
        Span(bound),
        Span(took * 2)
    )
}

/// Keeps the copies of a run.
struct Keeper {
    lists: OptOuts,
    writer: Writer,
    clock: Clock,
    progress: watch::Sender<OptOutProgress>,
    /// When the service takes the next request.
    next_request: Instant,
    /// When the last reading of all lists began: its age is the age of the copies.
    read: Option<Instant>,
    /// The same by the wall clock.
    began_at: UnixMillis,
    /// Numbers that the reading under way has read or asked about.
    numbers: u64,
}

impl Keeper {
    fn tell(&self, state: OptOutState) {
        self.progress.send_if_modified(|progress| {
            let changed = progress.state != state;
            progress.state = state;
            changed
        });
    }

    /// Reads again and again. A request that fails is repeated, for a while.
    async fn run(&mut self) -> Ended {
        let (mut failures, mut failing_since) = (0_u32, None);
        loop {
            let began = Instant::now();
            let read = self.within_bound().await;
            match read {
                Ok(()) => {
                    (failures, failing_since) = (0, None);
                    let (bound, took) = (self.lists.settings.max_age, began.elapsed());
                    if self.lists.settings.rule == OptOutRule::Required && took > bound {
                        return Ended::Unanswered(Unanswered::Unknown(too_long(took, bound)));
                    }
                    self.tell(OptOutState::Current);
                    sleep_until(self.read.unwrap_or(began) + next_reading(bound, took)).await;
                }
                Err(Ended::Unanswered(why)) => {
                    let since = *failing_since.get_or_insert(began);
                    failures += 1;
                    // What waiting does not change.
                    let lasting = matches!(why, Unanswered::Denied(_) | Unanswered::Unknown(_));
                    match self.lists.settings.rule {
                        OptOutRule::Required if lasting || since.elapsed() >= PATIENCE => {
                            return Ended::Unanswered(why);
                        }
                        OptOutRule::Required if failures == FAILURES => {
                            tracing::warn!(
                                "the account's opt-outs cannot be read, trying again: {}",
                                words(&why)
                            );
                        }
                        OptOutRule::Required => {}
                        _ if lasting => return Ended::Unanswered(why),
                        _ if failures >= FAILURES && self.read.is_none() => {
                            self.tell(OptOutState::NotRead(Some(words(&why))));
                        }
                        _ => {}
                    }
                    let wait = (EVERY * 2_u32.saturating_pow(failures.min(6))).min(LONGEST_WAIT);
                    self.stale_while(wait).await;
                }
                Err(ended) => return ended,
            }
        }
    }

    /// One reading of all lists. Says so where the copies grow older than their bound meanwhile.
    async fn within_bound(&mut self) -> Result<(), Ended> {
        let stale_at = self.read.map(|read| read + self.lists.settings.max_age);
        let (progress, state) = (self.progress.clone(), self.stale());
        let mut reading = Box::pin(self.read_all());
        let Some(stale_at) = stale_at else { return reading.await };
        tokio::select! {
            biased;
            read = &mut reading => return read,
            () = sleep_until(stale_at) => {}
        }
        progress.send_if_modified(|progress| {
            let changed = progress.state != state;
            progress.state = state;
            changed
        });
        reading.await
    }

    fn stale(&self) -> OptOutState {
        OptOutState::Stale { read_at: self.began_at, holds: self.lists.settings.rule == OptOutRule::Required }
    }

    /// Waits after a failure; the copies may grow too old meanwhile.
    async fn stale_while(&self, wait: Duration) {
        let end = Instant::now() + wait;
        if let Some(stale_at) = self.read.map(|read| read + self.lists.settings.max_age)
            && stale_at < end
        {
            sleep_until(stale_at).await;
            self.tell(self.stale());
        }
        sleep_until(end).await;
    }

    async fn read_all(&mut self) -> Result<(), Ended> {
        self.numbers = 0;
        let (began, began_at) = (Instant::now(), self.clock.now());
        let (mut oldest, mut oldest_at) = (began, began_at);
        for at in 0..self.lists.lists.len() {
            if let Some((age, read_at)) = self.read_list(at).await? {
                oldest = oldest.min(began.checked_sub(age).unwrap_or(began));
                oldest_at = oldest_at.min(read_at);
            }
        }
        (self.read, self.began_at) = (Some(oldest), oldest_at);
        Ok(())
    }

    /// Reads a list to its end, or asks about the rows that wait. A reading that another run or an earlier one began goes on;
    /// one that ended a short while ago is good enough. Says how old the copy was when this began, where it was older.
    async fn read_list(&mut self, at: usize) -> Result<Option<(Duration, UnixMillis)>, Ended> {
        let now = self.clock.now();
        let known = self.lists.lists[at].copy.clone();
        if self.read.is_none()
            && let Some(read_at) = known.read_at
            && read_at <= now
            && now.since(read_at) < self.lists.settings.max_age / 2
        {
            return Ok(Some((now.since(read_at), read_at)));
        }
        let mut changed = self.change(at, OptOutChange::Begin).await?;
        let began_at = changed.list.reading.as_ref().map_or(now, |reading| reading.began_at);
        if began_at > now || now.since(began_at) >= self.lists.settings.max_age {
            // What it has is old: its end would be no news.
            changed = self.change(at, OptOutChange::BeginAgain).await?;
        }
        let mut began_at = now;
        while let Some(reading) = changed.list.reading.clone() {
            began_at = reading.began_at;
            if self.asks(&changed, reading.numbers) {
                self.ask_waiting(at).await?;
                return Ok(None);
            }
            changed = self.next_page(at, reading.next).await?;
        }
        Ok(Some((now.since(began_at), began_at.min(now))))
    }

    /// Whether to ask about the rows that wait instead of reading on: the list has at least as many numbers as were read.
    fn asks(&self, changed: &OptOutChanged, so_far: u64) -> bool {
        let known = if changed.list.read_at.is_some() { changed.list.numbers } else { 0 };
        !self.lists.streams && asks_by_number(known.max(so_far), changed.waiting)
    }

    async fn next_page(&mut self, at: usize, place: Option<String>) -> Result<OptOutChanged, Ended> {
        self.turn().await;
        let KeptList { account, copy } = &self.lists.lists[at];
        let page = match account.opt_out_page(&copy.name, place.as_deref()).await {
            Ok(page) => page,
            // The service does not know the place any more.
            Err(Unanswered::Failed(words)) if place.is_some() && words.contains("ValidationException") => {
                return self.change(at, OptOutChange::BeginAgain).await;
            }
            Err(why) => return Err(of_list(why, &copy.name)),
        };
        self.read_more(page.numbers.len() as u64);
        self.change(at, OptOutChange::Page(place, page)).await
    }

    /// Asks about each row that waits. Rows that come to wait later were claimed before, and are rare; the next reading asks.
    async fn ask_waiting(&mut self, at: usize) -> Result<(), Ended> {
        let (account, name) = (self.lists.lists[at].account.clone(), self.lists.lists[at].copy.name.clone());
        let mut after = RowId::START;
        loop {
            let rows = self.writer.waiting(after, ROWS).await?;
            let Some((last, _)) = rows.last() else { return Ok(()) };
            after = *last;
            for (_, number) in rows {
                self.turn().await;
                let answer = account.opted_out(&name, &number).await;
                let found = answer.map_err(|why| of_list(why, &name))?;
                self.read_more(1);
                self.change(at, OptOutChange::Number(number, found)).await?;
            }
        }
    }

    async fn change(&mut self, at: usize, change: OptOutChange) -> Result<OptOutChanged, Ended> {
        let id = self.lists.lists[at].copy.id;
        let changed = self.writer.opt_outs(id, change, self.clock.now()).await?;
        self.lists.lists[at].copy = changed.list.clone();
        if changed.added > 0 {
            self.progress.send_modify(|progress| progress.added += changed.added);
        }
        Ok(changed)
    }

    fn read_more(&mut self, numbers: u64) {
        self.numbers += numbers;
        if matches!(self.progress.borrow().state, OptOutState::Reading { .. }) {
            self.tell(OptOutState::Reading { numbers: self.numbers });
        }
    }

    /// Waits for the service's next request.
    async fn turn(&mut self) {
        sleep_until(self.next_request).await;
        self.next_request = Instant::now() + EVERY;
    }
}

/// Puts numbers onto the opt-out lists behind the campaign's senders. Says which lists those are.
///
/// # Errors
/// Where no sender is known, a list cannot be found out, or the service refuses a number; those before it are on the lists.
pub async fn push(
    definition: &Definition,
    paths: &CampaignPaths,
    clock: &Clock,
    numbers: &[E164],
) -> Result<Vec<String>, Error> {
    let mut all = BTreeSet::new();
    for part in definition.by_instance() {
        let account = Account::connect(&settings(&part, paths), clock).await?;
        all.append(&mut push_to(&account, &part, paths, numbers).await?);
    }
    Ok(all.into_iter().collect())
}

/// The same for the senders of one instance.
async fn push_to(
    account: &Account,
    definition: &Definition,
    paths: &CampaignPaths,
    numbers: &[E164],
) -> Result<BTreeSet<String>, Error> {
    let sources = match definition.sources() {
        Some(sources) => sources,
        None if journal::may_exist(&paths.journal) => {
            let journal = Journal::open(&paths.journal)?;
            let reader = Reader::open(&paths.journal)?;
            journal.sources(reader.campaign(&definition.name)?.id)?
        }
        None => Vec::new(),
    };
    let mut lists = BTreeSet::new();
    for source in &sources {
        let number = account.sender(source).await;
        let number = number.map_err(|why| {
            Error::pushing(format!("the opt-out list of {source} is not known: {}", words(&why)))
        })?;
        lists.insert(number.opt_out_list);
    }
    if lists.is_empty() {
        return Err(Error::pushing(
            "no sender of this campaign is known before its rows are planned".to_owned(),
        ));
    }
    for list in &lists {
        for (done, number) in numbers.iter().enumerate() {
            let turn = Instant::now() + PUT_EVERY;
            account.put_opted_out(list, number.as_str()).await.map_err(|why| {
                Error::pushing(format!(
                    "failed to put a number onto the list {list}, after {done} of {}: {}",
                    numbers.len(),
                    words(&why)
                ))
            })?;
            sleep_until(turn).await;
        }
    }
    Ok(lists)
}

/// Such as `the list Default was read 2 min ago and has 1,234 numbers`.
#[must_use]
pub fn described(list: &OptOutCopy, now: UnixMillis) -> String {
    let numbers = crate::domain::figures::counted(list.numbers, "number", "numbers");
    match (list.read_at, &list.reading) {
        (Some(read_at), _) => {
            format!("the list {} was read {} ago and has {numbers}", list.name, Span(now.since(read_at)))
        }
        (None, Some(reading)) => {
            let so_far = crate::domain::figures::counted(reading.numbers, "number", "numbers");
            format!("the list {} is not read to its end: {so_far} so far", list.name)
        }
        (None, None) => format!("the list {} is not read yet", list.name),
    }
}
