//! A reference model of journal and states, small enough to be read: what each row is, in a map, without SQL, groups
//! or recovery. Random operations are done to both; states, attempts, doubt and counts must be the same after each.

use std::collections::BTreeMap;

use campaign::domain::delivery::state::{Doubt, Event, State};
use campaign::domain::delivery::tally::Tally;
use campaign::domain::delivery::verdict::token_is_safe;
use campaign::domain::unix_millis::UnixMillis;
use campaign::journal::{ClaimRequest, Pass, Retries, RowId, Settlement};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::seeds::operations::{Entry, Operation, Outcome, Rules, operation, rules};
use crate::seeds::process::{Process, life, number};

/// A row of the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) state: State,
    pub(crate) attempts: u32,
    pub(crate) doubt_at: Option<UnixMillis>,
    pub(crate) line: Option<u64>,
    pub(crate) text: u64,
    /// Until when it waits, or waited, for what was contacted before.
    pub(crate) waits_until: Option<UnixMillis>,
}

/// The model: rows by key, in the order of their ids, what this process has claimed, and when outcomes were known.
#[derive(Debug)]
struct Model {
    rows: Vec<(u8, Row)>,
    duplicates: u64,
    claimed: BTreeMap<u8, Doubt>,
    settled: BTreeMap<u8, i64>,
    rules: Rules,
    now: i64,
}

/// Far behind the epoch, so that no time is before it.
const BEGINNING: i64 = 1_700_000_000_000;

impl Model {
    fn new(rules: Rules) -> Self {
        let (rows, claimed, settled) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
        Self { rows, duplicates: 0, claimed, settled, rules, now: BEGINNING }
    }

    /// Whether the row has a contact, or may have one.
    fn is_contacted(row: &Row) -> bool {
        matches!(row.state, State::Attempting | State::Started | State::Uncertain)
    }

    /// When the number of this key may be contacted again by it; `None`: now.
    fn free_at(&self, key: u8) -> Option<i64> {
        let others = self
            .rows
            .iter()
            .filter(|(other, row)| *other != key && number(*other) == number(key) && Self::is_contacted(row));
        let at = |(other, row): &(u8, Row)| match row.state {
            State::Attempting => self.now,
            _ => self.settled[other],
        };
        let mut contacts: Vec<i64> = others.map(at).collect();
        contacts.sort_unstable();
        let mut free = Vec::new();
        if let Some((most, within)) = self.rules.per_recipient {
            free.extend(contacts.iter().nth_back(most as usize - 1).map(|at| at + within));
        }
        if self.rules.one_open {
            free.extend(contacts.last().map(|at| at + life()));
        }
        free.into_iter().filter(|free| *free > self.now).max()
    }

    /// Whether the campaign has as many contacts as it may.
    fn is_full(&self) -> bool {
        let contacted = self.rows.iter().filter(|(_, row)| Self::is_contacted(row)).count() as u64;
        self.rules.contacts.is_some_and(|most| contacted >= most)
    }

    /// Claims the first of these rows, as many as there may be. One whose number was contacted too lately waits; where the
    /// campaign has no place left, the claim ends.
    fn claim_first(&mut self, keys: Vec<u8>, most: usize) -> Vec<u8> {
        let mut claimed = Vec::new();
        for key in keys {
            if claimed.len() == most {
                break;
            }
            if let Some(free) = self.free_at(key) {
                self.row(key).waits_until = Some(UnixMillis::from_millis(free));
            } else if self.is_full() {
                break;
            } else {
                self.claim(key);
                claimed.push(key);
            }
        }
        claimed
    }

    fn row(&mut self, key: u8) -> &mut Row {
        &mut self.rows.iter_mut().find(|(known, _)| *known == key).expect("a known key").1
    }

    fn plan(&mut self, file: &[Entry], retries: bool) {
        self.duplicates = 0;
        for (_, row) in &mut self.rows {
            row.line = None;
        }
        for (&(key, text, suppressed), line) in file.iter().zip(2..) {
            let wanted = if suppressed { State::Suppressed } else { State::Queued };
            match self.rows.iter_mut().find(|(known, _)| *known == key) {
                None => {
                    let (attempts, doubt_at, waits_until) = (0, None, None);
                    let row = Row { state: wanted, attempts, doubt_at, line: Some(line), text, waits_until };
                    self.rows.push((key, row));
                }
                Some((_, row)) if row.line.is_some() => self.duplicates += 1,
                Some((_, row)) => {
                    row.line = Some(line);
                    if retries && row.state == State::Failed && !suppressed {
                        row.state = State::Queued;
                        // Corrected, it is as if it had never been attempted.
                        if row.text != text {
                            row.attempts = 0;
                        }
                    }
                    let follows = matches!(row.state, State::Queued | State::Suppressed | State::Withdrawn);
                    if follows || (row.state == State::Failed && suppressed) {
                        row.state = wanted;
                    }
                    if row.attempts == 0 {
                        row.text = text;
                    }
                }
            }
        }
        for (_, row) in &mut self.rows {
            if row.line.is_none() && matches!(row.state, State::Queued | State::Suppressed) {
                row.state = State::Withdrawn;
            }
        }
    }

    /// Nobody agreed to send to rows that had failed.
    fn refuse(&mut self, before: &[(u8, Row)]) {
        for (key, failed) in before.iter().filter(|(_, row)| row.state == State::Failed) {
            let row = self.row(*key);
            if row.state == State::Queued {
                let (line, waits_until) = (row.line, row.waits_until);
                *row = Row { line, waits_until, ..failed.clone() };
            }
        }
    }

    fn claim(&mut self, key: u8) {
        let now = UnixMillis::from_millis(self.now);
        let row = self.row(key);
        row.state = State::Attempting;
        row.attempts += 1;
        let earlier = if row.doubt_at.is_some() { Doubt::Earlier } else { Doubt::None };
        row.doubt_at.get_or_insert(now);
        self.claimed.insert(key, earlier);
    }

    fn settle(&mut self, key: u8, outcome: Outcome) -> Event {
        let earlier = self.claimed.remove(&key).expect("only claimed rows are settled");
        let doubtful = earlier == Doubt::Earlier;
        let row = self.row(key);
        let (event, state, doubt) = match outcome {
            Outcome::Answered => (Event::Answered, State::Started, false),
            Outcome::NotNow if doubtful => (Event::NotNow(earlier), State::Attempting, true),
            Outcome::NotNow => (Event::NotNow(earlier), State::Queued, false),
            Outcome::Refused if doubtful => (Event::Refused(earlier), State::Uncertain, true),
            Outcome::Refused => (Event::Refused(earlier), State::Failed, false),
            Outcome::Unanswered => (Event::Unanswered, State::Attempting, true),
            Outcome::TokenExpired => (Event::TokenExpired, State::Uncertain, true),
            Outcome::GivenBack => {
                row.attempts -= 1;
                let state = if doubtful { State::Attempting } else { State::Queued };
                (Event::GivenBack(earlier), state, doubtful)
            }
        };
        let left = state == State::Queued && row.line.is_none();
        row.state = if left { State::Withdrawn } else { state };
        row.doubt_at = row.doubt_at.filter(|_| doubt);
        self.settled.insert(key, self.now);
        if state == State::Failed {
            self.release_others(key);
        }
        event
    }

    /// Rows wait no longer for one that failed.
    fn release_others(&mut self, failed: u8) {
        let soon = UnixMillis::from_millis(self.now + 1);
        for (key, row) in &mut self.rows {
            if number(*key) == number(failed) && row.state == State::Queued {
                row.waits_until = row.waits_until.map(|until| until.min(soon));
            }
        }
    }

    /// The keys in this state, in the order of their rows, that no one in this process works on.
    fn waiting(&self, state: State) -> Vec<u8> {
        let waits = |(key, row): &&(u8, Row)| row.state == state && !self.claimed.contains_key(key);
        self.rows.iter().filter(waits).map(|(key, _)| *key).collect()
    }
}

fn claim_next(process: &mut Process, model: &mut Model, in_doubt: bool, most: u32) {
    // A process reads what an earlier one left in doubt before it claims anything itself.
    if in_doubt && !model.claimed.is_empty() {
        return;
    }
    let pass = if in_doubt { Pass::InDoubt } else { Pass::Queued };
    let now = UnixMillis::from_millis(model.now);
    let expected = if in_doubt {
        let doubtful: Vec<u8> = model.waiting(State::Attempting).into_iter().take(most as usize).collect();
        doubtful.iter().for_each(|key| model.claim(*key));
        doubtful
    } else {
        let mut waiting = model.waiting(State::Queued);
        waiting.retain(|key| model.row(*key).waits_until.is_none());
        model.claim_first(waiting, most as usize)
    };
    let claim = process
        .write(async |writer| writer.claim_next(ClaimRequest::new(pass, RowId::START, most), now).await);
    assert_eq!(process.take(claim.expect("a claim").rows), expected);
}

fn claim_waited(process: &mut Process, model: &mut Model, most: u32) {
    let now = UnixMillis::from_millis(model.now);
    let mut waited = model.waiting(State::Queued);
    waited.retain(|key| model.row(*key).waits_until.is_some_and(|until| until <= now));
    waited.sort_by_key(|key| model.row(*key).waits_until);
    let expected = model.claim_first(waited, most as usize);
    let pass = Pass::Waited(UnixMillis::from_millis(i64::MIN));
    let claim = process
        .write(async |writer| writer.claim_next(ClaimRequest::new(pass, RowId::START, most), now).await)
        .expect("a claim");
    let next = model.waiting(State::Queued).into_iter().filter_map(|key| model.row(key).waits_until).min();
    if claim.rows.len() < most as usize && claim.stopped_at.is_none() {
        assert_eq!(claim.wakes.first().map(|wake| wake.at), next, "when to look again");
    }
    assert_eq!(process.take(claim.rows), expected);
}

fn claim_again(process: &mut Process, model: &mut Model, which: &[Index]) {
    let mut keys: Vec<u8> = model.waiting(State::Queued);
    keys.extend(model.waiting(State::Attempting));
    keys.retain(|key| process.ids.contains_key(key));
    let mut chosen: Vec<u8> =
        which.iter().filter(|_| !keys.is_empty()).map(|index| *index.get(&keys)).collect();
    chosen.sort_unstable();
    chosen.dedup();
    let mut ids: Vec<RowId> = chosen.iter().map(|key| process.ids[key]).collect();
    // Who left the file meanwhile is asked for as well, and left out.
    ids.extend(model.waiting(State::Withdrawn).iter().filter_map(|key| process.ids.get(key)));
    ids.extend(model.waiting(State::Suppressed).iter().filter_map(|key| process.ids.get(key)));
    let now = UnixMillis::from_millis(model.now);
    let mut expected = Vec::new();
    for key in chosen {
        // What is in doubt has its place already. One that finds none is left in the journal, and the next one is asked.
        if model.row(key).state == State::Attempting {
            model.claim(key);
            expected.push(key);
        } else {
            expected.extend(model.claim_first(vec![key], 1));
        }
    }
    let rows = process.write(async |writer| writer.claim_again(ids, now).await).expect("a claim");
    assert_eq!(process.take(rows.rows), expected);
}

fn settle(process: &mut Process, model: &mut Model, outcomes: &[(Index, Outcome)]) {
    let mut settlements = Vec::new();
    let mut expected = Vec::new();
    for (index, outcome) in outcomes {
        let keys: Vec<u8> = model.claimed.keys().copied().collect();
        if keys.is_empty() {
            break;
        }
        let key = *index.get(&keys);
        let claimed = process.claimed.remove(&key).expect("a claimed row");
        assert_eq!(claimed.earlier, model.claimed[&key], "doubt of {key}");
        assert_eq!(Some(claimed.doubt_at), model.row(key).doubt_at, "doubt of {key}");
        let event = model.settle(key, *outcome);
        expected.push(model.row(key).state);
        let contact_id = matches!(outcome, Outcome::Answered).then(|| key.to_string());
        let at = UnixMillis::from_millis(model.now);
        settlements.push(Settlement {
            id: claimed.id,
            event,
            contact_id,
            refusal: None,
            requested_at: None,
            at,
        });
    }
    let states = process.write(async |writer| {
        let all = settlements.into_iter().map(|settlement| writer.settle(settlement));
        futures_util::future::join_all(all).await
    });
    let states: Vec<State> = states.into_iter().map(|state| state.expect("a settlement")).collect();
    assert_eq!(states, expected);
}

fn expire(process: &mut Process, model: &mut Model) {
    // What a process has claimed itself is never expired behind its back: it expires rows before it claims any.
    if !model.claimed.is_empty() {
        return;
    }
    let now = UnixMillis::from_millis(model.now);
    let campaign = process.campaign;
    process.journal().expire(campaign, now).expect("rows expire");
    for (key, row) in &mut model.rows {
        if row.state == State::Attempting && row.doubt_at.is_some_and(|at| !token_is_safe(at, now)) {
            row.state = State::Uncertain;
            model.settled.insert(*key, model.now);
        }
    }
}

fn crash(process: &mut Process, model: &mut Model) {
    process.begin_again();
    model.claimed.clear();
    for (_, row) in &mut model.rows {
        row.waits_until = row.waits_until.filter(|_| row.state != State::Queued);
    }
}

fn apply(process: &mut Process, model: &mut Model, operation: &Operation) {
    match operation {
        Operation::Plan(file, streamed, retries) => {
            if !streamed {
                crash(process, model);
            }
            let campaign = process.campaign;
            process.plan(campaign, "model", file, if *retries { Retries::Agreed } else { Retries::None });
            model.plan(file, *retries);
        }
        Operation::Refuse(file, then) => {
            crash(process, model);
            let (campaign, before) = (process.campaign, model.rows.clone());
            process.plan(campaign, "model", file, Retries::Proposed);
            model.plan(file, true);
            compare(process, model);
            model.refuse(&before);
            process.plan(campaign, "model", then, Retries::None);
            model.plan(then, false);
        }
        Operation::ClaimNext(in_doubt, most) => claim_next(process, model, *in_doubt, *most),
        Operation::ClaimWaited(most) => claim_waited(process, model, *most),
        Operation::ClaimAgain(which) => claim_again(process, model, which),
        Operation::Settle(outcomes) => settle(process, model, outcomes),
        Operation::Expire => expire(process, model),
        Operation::RetryFailed => {
            let campaign = process.campaign;
            process.journal().retry_failed(campaign).expect("failed rows are queued");
            for (_, row) in &mut model.rows {
                if row.state == State::Failed && row.line.is_some() {
                    row.state = State::Queued;
                }
            }
        }
        Operation::Crash => crash(process, model),
        Operation::Pass(time) => model.now += time,
    }
}

fn compare(process: &mut Process, model: &Model) {
    assert_eq!(process.rows(), model.rows);
    let states = model.rows.iter().map(|(_, row)| row.state);
    let duplicates = std::iter::repeat_n(State::Duplicate, model.duplicates as usize);
    let (campaign, other) = (process.campaign, process.other);
    let tally = process.journal().verified_tally(campaign).expect("the counts add up");
    assert_eq!(tally, Tally::of(states.chain(duplicates)));
    let other = process.journal().verified_tally(other).expect("the counts add up");
    assert_eq!(other, Tally::of([State::Queued, State::Suppressed, State::Duplicate]), "the other campaign");
}

proptest! {
    #[test]
    fn the_journal_is_what_the_model_says(
        rules in rules(),
        operations in prop::collection::vec(operation(), 1..40),
    ) {
        let (mut process, mut model) = (Process::new(rules.clone()), Model::new(rules));
        for operation in &operations {
            apply(&mut process, &mut model, operation);
            compare(&mut process, &model);
        }
    }
}
