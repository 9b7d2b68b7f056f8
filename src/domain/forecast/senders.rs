//! The senders of a campaign that is played before it begins: what each has ready, its bucket of parts, its day, and the
//! pace of its account.
//!
//! The same rules as the engine's: a row leaves where its account has a permit, its instance has room for one more
//! contact, and its sender has its parts at hand. Of several senders of an account first goes the one that could have
//! sent long ago, else the one whose rows take longest. Where the campaign has one source for all, its rows are those of
//! a sender without a rate.

use std::collections::VecDeque;
use std::time::Duration;

use super::ActiveBound;
use super::course::{Conditions, LiveTimes, StartTimes};
use super::lane_rows::{EqualRows, RowKind};
use crate::domain::delivery::bucket_history::BucketHistory;
use crate::domain::senders::{AccountGroups, AccountPlace, DailyCap, InstancePace, PartRate, Sender};
use crate::domain::unix_millis::UnixMillis;

/// Nanoseconds of a millisecond.
const MILLI: i128 = 1_000_000;
/// A sender that could have sent for so long goes before all others, or for as long as it takes to give each sender four turns.
const PATIENCE: f64 = 10_000.0;
const TURNS: f64 = 4.0;
/// Rows of a sender that are claimed ahead, at least.
const LEAST_AHEAD: usize = 2;
/// Rows that are claimed ahead for an account, at most.
const MOST_AHEAD: f64 = 2_048.0;
/// The most parts that a message has: what left last before may have been one of these.
const MOST_PARTS: u32 = 10;

/// A sender before a run begins.
#[derive(Debug, Clone, PartialEq)]
pub struct ForeseenSender {
    /// As the definition has it.
    pub sender: Sender,
    /// Messages that its day has had.
    pub sent_today: u64,
    /// What it has sent lately.
    pub past: BucketHistory,
    /// Contacts of its instance that may be alive, where it is not as many as of the others.
    pub active_contacts: Option<u32>,
}

impl ForeseenSender {
    /// A sender of which nothing is known yet.
    #[must_use]
    pub fn fresh(sender: &Sender) -> Self {
        Self { sender: sender.clone(), sent_today: 0, past: BucketHistory::Fresh, active_contacts: None }
    }

    /// Its account and instance were asked.
    pub(super) fn know(&mut self, paces: &[InstancePace]) {
        let account = self.sender.account.as_mut();
        self.active_contacts = account.and_then(|account| InstancePace::give(paces, account));
    }
}

/// All senders; the first one is that of rows without a sender.
#[derive(Debug)]
pub(super) struct SenderPaces {
    /// When the run begins, in milliseconds: what the buckets count from.
    origin: i64,
    queues: Vec<SenderPace>,
    accounts: Vec<AccountPace>,
    /// The contacts of each instance that are alive.
    instances: Vec<LiveTimes>,
}

/// An account: its requests, and whose they are.
#[derive(Debug)]
struct AccountPace {
    pace: StartTimes,
    /// Permits per millisecond.
    rate: f64,
    /// The places of its senders.
    senders: Vec<usize>,
}

#[derive(Debug)]
struct SenderPace {
    place: AccountPlace,
    /// Rows that are claimed ahead at the pace of its account.
    account_ahead: usize,
    ready: VecDeque<(usize, EqualRows, u32)>,
    bucket: Option<Bucket>,
    cap: Option<DailyCap>,
    sent: u64,
    day_ends: i64,
    /// Until then its day is full.
    closed: Option<i64>,
    last_left: i64,
    messages: u64,
    parts: u64,
    /// Rows of its lanes that are not claimed yet.
    waiting: u64,
}

/// Parts of a sender, in nanoseconds from the origin.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    rate: PartRate,
    period: i128,
    full_at: i128,
}

impl Bucket {
    fn new(rate: PartRate, past: BucketHistory, at: i128) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a rate has a period far below 2^127 nanoseconds"
        )]
        let period = (1e9 / rate.per_second).ceil() as i128;
        let longest = i128::from(rate.burst.get().max(MOST_PARTS)) * period;
        let full_at = at
            + match past {
                BucketHistory::Fresh => 0,
                BucketHistory::Quiet(quiet) => {
                    longest - i128::try_from(quiet.as_nanos()).unwrap_or(i128::MAX / 2)
                }
                BucketHistory::Unknown => longest,
            };
        Self { rate, period, full_at }
    }

    fn due(&self, parts: u32) -> i128 {
        self.full_at - i128::from(self.rate.burst.get().saturating_sub(parts)) * self.period
    }
}

impl SenderPaces {
    /// Before a run that begins at `origin`, and sends from when its conditions say.
    pub(super) fn new(senders: &[ForeseenSender], conditions: &Conditions, origin: UnixMillis) -> Self {
        let now = origin.millis();
        let groups = AccountGroups::of(senders.iter().map(|foreseen| foreseen.sender.account.as_ref()));
        let from = conditions.from;
        let mut accounts: Vec<AccountPace> = groups
            .accounts
            .iter()
            .map(|group| {
                let rate = group.rate.unwrap_or(conditions.rate);
                let burst = group.burst.map_or(conditions.burst, |burst| burst.get().into());
                AccountPace {
                    pace: StartTimes::new(from, rate, burst),
                    rate: rate / 1_000.0,
                    senders: Vec::new(),
                }
            })
            .collect();
        let none = AccountPlace { account: 0, instance: 0 };
        let places: Vec<AccountPlace> = [none].into_iter().chain(groups.places).collect();
        for (sender, place) in places.iter().enumerate() {
            accounts[place.account].senders.push(sender);
        }
        let ahead =
            |place: AccountPlace| rows_ahead(groups.accounts[place.account].rate.unwrap_or(conditions.rate));
        let mut queues = vec![SenderPace::new((none, ahead(none)), None, None, now)];
        queues.extend(senders.iter().zip(&places[1..]).map(
            |(ForeseenSender { sender, sent_today, past, .. }, place)| {
                let bucket = sender.rate.map(|rate| Bucket::new(rate, *past, 0));
                let mut pace = SenderPace::new((*place, ahead(*place)), bucket, sender.per_day.clone(), now);
                pace.sent = *sent_today;
                pace.fill_up();
                pace
            },
        ));
        let mut instances = vec![LiveTimes::new(conditions.active, from); groups.instances];
        for (foreseen, place) in senders.iter().zip(&places[1..]) {
            if let (Some(active), Some(most)) = (conditions.active, foreseen.active_contacts) {
                let bound = ActiveBound { most: most.into(), ..active };
                instances[place.instance] = LiveTimes::new(Some(bound), from);
            }
        }
        Self { origin: now, queues, accounts, instances }
    }

    /// Another run begins, after it was quiet for so many milliseconds.
    pub(super) fn begin_again(&mut self, now: i64, quiet: i64) {
        let at = i128::from(now - self.origin) * MILLI;
        self.accounts.iter_mut().for_each(|account| account.pace.begin_again(now, quiet));
        let quiet = BucketHistory::Quiet(Duration::from_millis(quiet.max(0).unsigned_abs()));
        for pace in &mut self.queues {
            pace.pass(now);
            if let Some(bucket) = &mut pace.bucket {
                *bucket = Bucket::new(bucket.rate, quiet, at);
            }
            (pace.last_left, pace.messages, pace.parts, pace.closed) = (now, 0, 0, None);
            pace.fill_up();
        }
    }

    /// Whether the campaign has several senders.
    pub(super) fn are_several(&self) -> bool {
        self.queues.len() > 1
    }

    /// So many rows wait in the lanes of each.
    pub(super) fn wait(&mut self, lanes: impl Iterator<Item = (usize, u64)>) {
        self.queues.iter_mut().for_each(|pace| pace.waiting = 0);
        lanes.for_each(|(sender, rows)| self.queues[sender].waiting += rows);
    }

    /// Rows that are ready, of all senders.
    pub(super) fn ready(&self) -> usize {
        self.queues.iter().map(|pace| pace.ready.len()).sum()
    }

    pub(super) fn push(&mut self, sender: usize, lane: usize, run: EqualRows, kind: RowKind) {
        self.queues[sender].ready.push_back((lane, run, kind.parts));
    }

    /// A row is claimed for the first time.
    pub(super) fn taken(&mut self, sender: usize) {
        let pace = &mut self.queues[sender];
        pace.waiting = pace.waiting.saturating_sub(1);
    }

    /// How many more rows of a sender may be claimed.
    pub(super) fn room(&self, sender: usize, now: i64) -> usize {
        let pace = &self.queues[sender];
        self.ahead(pace).min(pace.left(now)).saturating_sub(pace.ready.len())
    }

    /// Whether a sender has so few rows left that more are to be claimed.
    pub(super) fn is_low(&self, sender: usize) -> bool {
        let pace = &self.queues[sender];
        pace.ready.len() <= self.ahead(pace) / 2
    }

    /// Rows that are claimed ahead, at most: those of about a second. Senders of an instance without a rate of their own
    /// share them.
    fn ahead(&self, pace: &SenderPace) -> usize {
        let most = pace.account_ahead;
        if pace.bucket.is_some() {
            return pace.ahead();
        }
        let shares = |other: &&SenderPace| {
            other.place.instance == pace.place.instance && other.bucket.is_none() && !other.ready.is_empty()
        };
        let others = self.queues.iter().filter(shares).count() - usize::from(!pace.ready.is_empty());
        most.div_ceil(1 + others).max(LEAST_AHEAD.min(most))
    }

    /// Until when a sender is closed because its day is full.
    pub(super) fn closed_until(&self, sender: usize, now: i64) -> Option<i64> {
        self.queues[sender].closed.filter(|until| *until > now)
    }

    /// The first millisecond from `now` on at which a row may leave, and the account whose permit it takes: of several accounts
    /// the one whose turn comes first.
    pub(super) fn next(&self, now: i64) -> Option<(i64, usize)> {
        let next = self.accounts.iter().enumerate().filter_map(|(at, account)| {
            let due = account.senders.iter().filter_map(|sender| {
                let pace = &self.queues[*sender];
                Some(self.instances[pace.place.instance].room_at(self.due_of(pace)?.max(now)))
            });
            Some((account.pace.next(due.min()?), at))
        });
        next.min()
    }

    fn due_of(&self, pace: &SenderPace) -> Option<i64> {
        let (_, _, parts) = pace.ready.front()?;
        let Some(bucket) = &pace.bucket else { return Some(pace.last_left) };
        let nanos = bucket.due(*parts).max(0);
        Some(self.origin + i64::try_from((nanos + MILLI - 1) / MILLI).unwrap_or(i64::MAX / 2))
    }

    /// The row that leaves next with a permit of this account, of a sender that may send it now.
    pub(super) fn pop(&mut self, account: usize, now: i64) -> Option<(usize, EqualRows)> {
        let AccountPace { rate, senders, .. } = &self.accounts[account];
        let patience = PATIENCE.max(TURNS * float(senders.len() as u64) / rate);
        let payable = senders.iter().filter_map(|at| {
            let pace = &self.queues[*at];
            let due = self.due_of(pace).filter(|due| *due <= now)?;
            if self.instances[pace.place.instance].room_at(now) > now {
                return None;
            }
            let waited = now - due.max(pace.last_left).min(now);
            let impatient = if float(waited.unsigned_abs()) > patience { waited } else { 0 };
            Some((*at, impatient, [pace.seconds_left(), pace.share_left()]))
        });
        let first = payable.max_by(|(_, a, [time_a, share_a]), (_, b, [time_b, share_b])| {
            a.cmp(b).then(time_a.total_cmp(time_b)).then(share_a.total_cmp(share_b))
        });
        let (lane, run, _) = self.queues[first?.0].ready.pop_front()?;
        Some((lane, run))
    }

    /// A permit of an account is given, and no contact starts.
    pub(super) fn lose(&mut self, account: usize, now: i64) {
        self.accounts[account].pace.give(now);
    }

    /// A request leaves, and a contact starts. Says whether that was the last one of its sender's day.
    pub(super) fn left(&mut self, sender: usize, parts: u32, now: i64) -> bool {
        let at = i128::from(now - self.origin) * MILLI;
        let pace = &mut self.queues[sender];
        self.accounts[pace.place.account].pace.give(now);
        self.instances[pace.place.instance].start(now);
        pace.last_left = now;
        (pace.messages, pace.parts) = (pace.messages + 1, pace.parts + u64::from(parts));
        if let Some(bucket) = &mut pace.bucket {
            bucket.full_at = bucket.full_at.max(at) + i128::from(parts) * bucket.period;
        }
        if pace.cap.is_none() {
            return false;
        }
        pace.pass(now);
        pace.sent += 1;
        pace.fill_up();
        pace.closed.is_some()
    }

    /// The rows of a sender, which are ready no more.
    pub(super) fn take_of(&mut self, sender: usize) -> Vec<(usize, EqualRows)> {
        self.queues[sender].ready.drain(..).map(|(lane, run, _)| (lane, run)).collect()
    }

    /// All rows, which are ready no more.
    pub(super) fn take_all(&mut self) -> Vec<(usize, EqualRows)> {
        (0..self.queues.len()).flat_map(|sender| self.take_of(sender)).collect()
    }
}

impl SenderPace {
    fn new(
        (place, account_ahead): (AccountPlace, usize),
        bucket: Option<Bucket>,
        cap: Option<DailyCap>,
        now: i64,
    ) -> Self {
        let day_ends = cap.as_ref().map_or(i64::MAX, |cap| cap.day(UnixMillis::from_millis(now)).1.millis());
        Self {
            place,
            account_ahead,
            ready: VecDeque::new(),
            bucket,
            cap,
            sent: 0,
            day_ends,
            closed: None,
            last_left: now,
            messages: 0,
            parts: 0,
            waiting: 0,
        }
    }

    /// The day is full until its end, where it has had as many messages as it may.
    fn fill_up(&mut self) {
        let full = self.cap.as_ref().is_some_and(|cap| self.sent >= cap.most);
        self.closed = full.then_some(self.day_ends);
    }

    /// Another day begins without any.
    fn pass(&mut self, now: i64) {
        if let Some(cap) = &self.cap
            && now >= self.day_ends
        {
            (self.sent, self.day_ends) = (0, cap.day(UnixMillis::from_millis(now)).1.millis());
        }
    }

    fn left(&self, now: i64) -> usize {
        let Some(cap) = &self.cap else { return usize::MAX };
        let sent = if now >= self.day_ends { 0 } else { self.sent };
        usize::try_from(cap.most.saturating_sub(sent)).unwrap_or(usize::MAX)
    }

    /// The same of one sender, by its rate where it has one.
    fn ahead(&self) -> usize {
        let ahead = self.account_ahead;
        let Some(bucket) = &self.bucket else { return ahead };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "rates are small and positive"
        )]
        let rows = (bucket.rate.per_second / self.parts_a_message()).ceil() as usize;
        rows.max(LEAST_AHEAD).min(ahead.max(LEAST_AHEAD)).min(if ahead == 1 { 1 } else { usize::MAX })
    }

    fn parts_a_message(&self) -> f64 {
        if self.messages == 0 { 1.0 } else { float(self.parts) / float(self.messages) }
    }

    /// How long its rows take.
    fn seconds_left(&self) -> f64 {
        let rows = float(self.waiting + self.ready.len() as u64);
        self.bucket.as_ref().map_or(0.0, |bucket| rows * self.parts_a_message() / bucket.rate.per_second)
    }

    /// What it has left of its rows in this run: from 0 to 1.
    fn share_left(&self) -> f64 {
        let left = self.waiting + self.ready.len() as u64;
        float(left) / float((left + self.messages).max(1))
    }
}

/// How many requests of an account leave in about a second: so many rows are claimed ahead.
fn rows_ahead(rate: f64) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and 2048")]
    let rows = rate.ceil().clamp(1.0, MOST_AHEAD) as usize;
    rows
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
fn float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;
    use crate::domain::forecast::{Agenda, AgendaRow, Forecast};
    use crate::domain::hours::schedule::Schedule;
    use crate::domain::limits::ContactLimits;
    use crate::domain::senders::{HaltRule, SenderAccount};

    /// A sender without a rate of its own, of an instance and an account.
    fn sender(instance: &str, number: &str, rate: Option<f64>, burst: u32) -> ForeseenSender {
        let account = SenderAccount {
            instance_id: instance.to_owned(),
            contact_flow_id: "flow".to_owned(),
            region: None,
            account: Some(number.to_owned()),
            profile: None,
            rate,
            burst: NonZeroU32::new(burst),
        };
        ForeseenSender::fresh(&Sender {
            name: format!("{instance} of {number}"),
            source: "source".to_owned(),
            rate: None,
            per_day: None,
            countries: Vec::new(),
            weight: 1.0,
            on_halt: HaltRule::Wait,
            account: Some(account),
        })
    }

    /// So many rows of each sender, all of the first one before those of the next, where `[pace]` has one request a second.
    fn forecast(senders: &[(ForeseenSender, u64)], active: Option<ActiveBound>) -> Forecast {
        let (from, schedule) = (UnixMillis::from_millis(1_772_366_400_000), Schedule::default());
        let conditions = Conditions { from, schedule, rate: 1.0, burst: 1, active };
        let foreseen = senders.iter().map(|(sender, _)| sender.clone()).collect();
        let mut agenda = Agenda::new(None, false, ContactLimits::default(), conditions).sent_by(foreseen);
        for (at, (_, rows)) in senders.iter().enumerate() {
            (0..*rows).for_each(|_| agenda.add(AgendaRow { sender: Some(at), ..AgendaRow::default() }));
        }
        agenda.forecast()
    }

    /// When the last contact of each starts, in whole seconds from the beginning.
    fn ends(senders: &[(ForeseenSender, u64)], active: Option<ActiveBound>) -> Vec<u64> {
        let forecast = forecast(senders, active);
        let began = UnixMillis::from_millis(1_772_366_400_000);
        let last = forecast.by_sender.iter().map(|course| course.between.map(|(_, last)| last.since(began)));
        last.map(|last| last.unwrap_or_default().as_secs()).collect()
    }

    #[test]
    fn each_account_has_a_bucket_of_requests_of_its_own() {
        // 101 at the one a second of [pace], 301 at three a second, and 1,001 at ten.
        let senders = [
            (sender("a", "1", None, 0), 101),
            (sender("b", "2", Some(3.0), 0), 301),
            (sender("c", "3", Some(10.0), 0), 1_001),
        ];
        assert_eq!(ends(&senders, None), [100, 100, 100]);
        // A burst of its own: 50 of 80 at once.
        assert_eq!(
            ends(&[(sender("a", "1", None, 50), 80), (sender("b", "2", None, 0), 80)], None),
            [30, 79]
        );
    }

    #[test]
    fn senders_of_one_account_share_its_bucket_and_what_one_of_them_says_holds_for_all() {
        let senders = [
            (sender("a", "1", None, 0), 100),
            (sender("b", "2", None, 0), 101),
            (sender("c", "1", Some(2.0), 0), 101),
        ];
        let told = ends(&senders, None);
        assert_eq!((told[0].max(told[2]), told[1]), (100, 100), "{told:?}");
        // An account in another Region is another one.
        let mut elsewhere = sender("a", "1", None, 0);
        elsewhere.sender.account.as_mut().unwrap().region = Some("eu-west-2".to_owned());
        assert_eq!(ends(&[(sender("a", "1", None, 0), 51), (elsewhere, 51)], None), [50, 50]);
    }

    /// Two contacts of each instance, which live ten seconds: an instance that is full holds up no other of its account.
    #[test]
    fn each_instance_has_a_bound_of_its_own_on_contacts_that_are_alive() {
        let active = ActiveBound { most: 2, life: Duration::from_secs(10), alive: 0 };
        let of = |instance, number| (sender(instance, number, Some(10.0), 0), 20);
        assert_eq!(ends(&[of("a", "1"), of("b", "1")], Some(active)), [90, 90]);
        assert_eq!(ends(&[of("a", "1"), of("b", "2")], Some(active)), [90, 90]);
        let shared = ends(&[of("a", "1"), of("a", "1")], Some(active));
        assert_eq!(shared.into_iter().max(), Some(190), "one instance");
    }

    /// The pace of each, and the bound of each of their instances, as they answer them; what is stated stays.
    #[test]
    fn accounts_and_instances_that_were_asked_have_what_they_answered() {
        let mut senders = [
            (sender("a", "1", None, 0), 101),
            (sender("b", "2", None, 0), 401),
            (sender("c", "2", None, 0), 401),
            (sender("d", "3", Some(5.0), 0), 501),
        ];
        let pace = |of: &ForeseenSender, rate, active_contacts| {
            let account = of.sender.account.clone().expect("an account");
            InstancePace { account, rate, active_contacts }
        };
        let answered = [
            pace(&senders[1].0, Some(8.0), 500),
            pace(&senders[2].0, Some(3.0), 20),
            pace(&senders[3].0, Some(9.0), 500),
        ];
        senders.iter_mut().for_each(|(foreseen, _)| foreseen.know(&answered));
        let told = ends(&senders, None);
        assert_eq!((told[0], told[1].max(told[2]), told[3]), (100, 100, 100), "{told:?}");
        // Of an instance 20 may be alive, which live ten seconds: the others have the bound of the campaign, or their own.
        let active = ActiveBound { most: 300, life: Duration::from_secs(10), alive: 0 };
        let told = ends(&senders, Some(active));
        assert!(told[2] >= 195 && told[1] <= 100, "{told:?}");
    }

    /// A sender whose parts are slow takes none of what its account gives the other one, and rows leave in turns.
    #[test]
    fn a_slow_sender_of_an_account_holds_up_no_other() {
        let mut slow = sender("a", "1", Some(4.0), 0);
        slow.sender.rate = Some(PartRate::of(1.0, None));
        let senders = [(slow, 101), (sender("b", "1", None, 0), 300), (sender("c", "2", None, 0), 101)];
        let ends = ends(&senders, None);
        assert!((99..=101).contains(&ends[0]) && (99..=101).contains(&ends[1]), "{ends:?}");
        assert_eq!(ends[2], 100);
    }
}
