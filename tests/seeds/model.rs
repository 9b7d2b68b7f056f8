//! A reference model of journal and states, small enough to be read: what each row is, in a map, without SQL, groups
//! or recovery. Random operations are done to both; states, attempts, doubt and counts must be the same after each.

use std::collections::BTreeMap;

use campaign::domain::delivery::state::{Doubt, Event, State};
use campaign::domain::delivery::tally::Tally;
use campaign::domain::delivery::verdict::token_is_safe;
use campaign::domain::unix_millis::UnixMillis;
use campaign::journal::{ClaimRequest, Journal, Pass, RowId, Settlement};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::seeds::operations::{Entry, Operation, Outcome, operation};
use crate::seeds::process::Process;

/// A row of the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) state: State,
    pub(crate) attempts: u32,
    pub(crate) doubt_at: Option<UnixMillis>,
    pub(crate) line: Option<u64>,
    pub(crate) text: u64,
}

/// The model: rows by key, in the order of their ids, and what this process has claimed.
#[derive(Debug, Default)]
struct Model {
    rows: Vec<(u8, Row)>,
    duplicates: u64,
    claimed: BTreeMap<u8, Doubt>,
    now: i64,
}

impl Model {
    fn row(&mut self, key: u8) -> &mut Row {
        &mut self.rows.iter_mut().find(|(known, _)| *known == key).expect("a known key").1
    }

    fn plan(&mut self, file: &[Entry]) {
        self.duplicates = 0;
        for (_, row) in &mut self.rows {
            row.line = None;
        }
        for (&(key, text, suppressed), line) in file.iter().zip(2..) {
            let wanted = if suppressed { State::Suppressed } else { State::Queued };
            match self.rows.iter_mut().find(|(known, _)| *known == key) {
                None => {
                    let row = Row { state: wanted, attempts: 0, doubt_at: None, line: Some(line), text };
                    self.rows.push((key, row));
                }
                Some((_, row)) if row.line.is_some() => self.duplicates += 1,
                Some((_, row)) => {
                    row.line = Some(line);
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
        event
    }

    /// The keys in this state, in the order of their rows, that no one in this process works on.
    fn waiting(&self, state: State) -> Vec<u8> {
        let waits = |(key, row): &&(u8, Row)| row.state == state && !self.claimed.contains_key(key);
        self.rows.iter().filter(waits).map(|(key, _)| *key).collect()
    }
}

fn claim_next(process: &mut Process, model: &mut Model, in_doubt: bool, most: u32) {
    let (pass, state) =
        if in_doubt { (Pass::InDoubt, State::Attempting) } else { (Pass::Queued, State::Queued) };
    // A process reads what an earlier one left in doubt before it claims anything itself.
    if in_doubt && !model.claimed.is_empty() {
        return;
    }
    let now = UnixMillis::from_millis(model.now);
    let expected: Vec<u8> = model.waiting(state).into_iter().take(most as usize).collect();
    let rows = process
        .write(async |writer| writer.claim_next(ClaimRequest::new(pass, RowId::START, most), now).await);
    let claimed = process.take(rows.expect("a claim").rows);
    assert_eq!(claimed, expected);
    for key in expected {
        model.claim(key);
    }
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
    let rows = process.write(async |writer| writer.claim_again(ids, now).await).expect("a claim");
    assert_eq!(process.take(rows.rows), chosen);
    for key in chosen {
        model.claim(key);
    }
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
        settlements.push(Settlement { id: claimed.id, event, contact_id, refusal: None, at });
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
    for (_, row) in &mut model.rows {
        if row.state == State::Attempting && row.doubt_at.is_some_and(|at| !token_is_safe(at, now)) {
            row.state = State::Uncertain;
        }
    }
}

fn crash(process: &mut Process, model: &mut Model) {
    process.claimed.clear();
    process.ids.clear();
    model.claimed.clear();
    process.journal = None;
    process.journal = Some(Journal::open(&process.folder.path().join("journal.db")).expect("a journal"));
}

fn apply(process: &mut Process, model: &mut Model, operation: &Operation) {
    match operation {
        Operation::Plan(file, streamed) => {
            if !streamed {
                crash(process, model);
            }
            let campaign = process.campaign;
            process.plan(campaign, "model", file);
            model.plan(file);
        }
        Operation::ClaimNext(in_doubt, most) => claim_next(process, model, *in_doubt, *most),
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
    fn the_journal_is_what_the_model_says(operations in prop::collection::vec(operation(), 1..40)) {
        let (mut process, mut model) = (Process::new(), Model::default());
        for operation in &operations {
            apply(&mut process, &mut model, operation);
            compare(&mut process, &model);
        }
    }
}
