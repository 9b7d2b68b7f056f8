//! The promises of the design, each held against the simulator's log, the journal, and what the run says of itself.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use campaign::domain::account::opt_outs::{OptOutRule, OptOutSettings};
use campaign::domain::delivery::control::Control;
use campaign::domain::delivery::ending::Ending;
use campaign::domain::delivery::refusal::RefusalKind;
use campaign::domain::delivery::state::State;
use campaign::domain::delivery::tally::Tally;
use campaign::domain::delivery::verdict::{CLOCK_SLACK, TOKEN_SAFE};
use campaign::journal::{Content, JournalError, Reader, Record, Selection};
use campaign::simulator::{Contact, Effect, Fault, Outcome as Answer, RequestRecord};

use crate::seeds::trial::{Ended, Options, Trial};

/// A row as a report shows it.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    line: Option<u64>,
    key: Option<String>,
    pub(crate) state: State,
    attempts: u32,
    token: Option<String>,
    pub(crate) contact_id: Option<String>,
}

/// What there was before a run.
#[derive(Debug)]
pub(crate) struct Before {
    contacts: usize,
    requests: usize,
    started: u64,
}

pub(crate) fn before(trial: &Trial) -> Before {
    let started = rows(trial).iter().filter(|row| row.state == State::Started).count() as u64;
    Before { contacts: trial.simulator.contacts().len(), requests: trial.requests().len(), started }
}

/// Everything that must hold after a run, however it ended.
pub(crate) fn check(trial: &Trial, options: &Options, ended: &Ended, before: &Before) {
    assert_eq!(trial.sentinel.violations(), Vec::<String>::new());
    assert_eq!(trial.simulator.payload_violations(), [], "promise 3: same token, same bytes");
    let rows = rows(trial);
    let requests = trial.requests();
    check_counts(trial, &rows);
    check_tokens(trial, &rows, &requests);
    check_contacts(trial, &rows);
    check_pace(trial, &requests);
    if trial.clocks.lost() + trial.clocks.gained().0 == Duration::ZERO {
        check_opt_outs(trial, options, (&rows, &requests[before.requests..]));
    }
    let begun = trial.simulator.contacts().len() - before.contacts;
    if let Some(most) = options.most {
        assert!(begun as u64 <= most, "{begun} contacts were started, and the limit was {most}");
    }
    if let Ended::Alive(outcome) = ended {
        let left = requests.len() - before.requests;
        assert_eq!(outcome.counters.requests, left as u64, "requests of the run");
        let started = rows.iter().filter(|row| row.state == State::Started).count() as u64;
        if !matches!(outcome.ending, Ending::Interrupted(_)) {
            assert_eq!(outcome.counters.started, started - before.started, "contacts of the run");
            let tally = Tally::of(rows.iter().map(|row| row.state));
            check_ending(&outcome.ending, &tally, options);
        }
    }
}

fn check_ending(ending: &Ending, tally: &Tally, options: &Options) {
    match ending {
        Ending::Complete => assert_eq!(tally[State::Queued], 0, "a run that completes leaves nobody waiting"),
        Ending::Limit => assert!(options.most.is_some(), "a limit"),
        Ending::Stopped => {
            assert!(options.wishes.iter().any(|(_, wish)| *wish == Control::Stop), "nobody asked for it");
        }
        Ending::Failures { failed, .. } => assert!(*failed >= 10, "{failed} failures"),
        Ending::Refused(refusal) => assert!(
            matches!(
                refusal.kind,
                RefusalKind::AccessDenied | RefusalKind::NotFound | RefusalKind::Credentials
            ),
            "{refusal:?}"
        ),
        Ending::Closed { .. } | Ending::ClosedToTheEnd { .. } => panic!("no campaign of these has hours"),
        Ending::ContactedBefore { .. } | Ending::LimitReached(_) | Ending::LastDayFull { .. } => {
            panic!("no campaign of these has limits")
        }
        Ending::SenderDay { .. } | Ending::SendersHalted(_) => {
            panic!("no campaign of these has several senders")
        }
        Ending::OptOuts(_) => assert!(options.opt_outs.is_some(), "none are read"),
        Ending::Rejections { .. } => panic!("no file is read during a run"),
        Ending::Silent(_) | Ending::Interrupted(_) => {}
    }
}

/// Nothing goes wrong any more, and nobody stopped the run: everybody who is to be contacted is.
pub(crate) fn check_completed(trial: &Trial, ended: &Ended) {
    let Ended::Alive(outcome) = ended else { panic!("the last run died") };
    assert_eq!(outcome.ending, Ending::Complete, "liveness");
    let (rows, requests) = (rows(trial), trial.requests());
    let mut states: BTreeMap<&str, &Row> = BTreeMap::new();
    for row in &rows {
        assert!(!matches!(row.state, State::Queued | State::Attempting), "liveness: {row:?}");
        if let (Some(key), true) = (&row.key, row.state != State::Duplicate) {
            assert!(states.insert(key, row).is_none(), "promise 1: {key} has two rows");
        }
        check_reason(trial, row, &requests);
    }
    for line in trial.planned.as_ref().expect("the last plan was finished") {
        if let Content::Recipient { key, suppressed: None, .. } = &line.content {
            let row = states.get(key.as_str()).unwrap_or_else(|| panic!("{key} has no row"));
            let left_out = matches!(row.state, State::Withdrawn);
            assert!(!left_out, "{key} is in the file and {row:?}");
        }
    }
}

/// A row is given up only for a reason that the world's log has.
fn check_reason(trial: &Trial, row: &Row, requests: &[RequestRecord]) {
    let refused = |request: &RequestRecord| {
        request.client_token == row.token
            && matches!(request.outcome, Answer::Faulted(Fault::InvalidRequest | Fault::Conflict))
    };
    match row.state {
        State::Failed => assert!(requests.iter().any(refused), "promise 5: {row:?} was never refused"),
        State::Uncertain => {
            let passed = trial.clocks.passed() + trial.clocks.gained().0;
            let expired = passed + Duration::from_secs(1) >= TOKEN_SAFE || trial.clocks.lost() >= CLOCK_SLACK;
            assert!(expired || requests.iter().any(refused), "{row:?} could have been replayed");
        }
        _ => {}
    }
}

/// The rows as the report lists them.
pub(crate) fn rows(trial: &Trial) -> Vec<Row> {
    let mut rows = Vec::new();
    let reader = Reader::open(&trial.path()).expect("the journal can be read");
    let each = |record: &Record<'_>| {
        rows.push(Row {
            line: record.line,
            key: record.key.map(str::to_owned),
            state: record.state,
            attempts: record.attempts,
            token: record.client_token.map(|token| token.to_string()),
            contact_id: record.contact_id.map(str::to_owned),
        });
        Ok::<_, JournalError>(())
    };
    let snapshot = reader.snapshot().expect("the journal can be read");
    snapshot.each_record(trial.campaign, &Selection::default(), each).expect("the journal can be read");
    let tally = snapshot.verified_tally(trial.campaign).expect("promise 1: the counts add up");
    assert_eq!(tally, Tally::of(rows.iter().map(|row| row.state)), "promise 1");
    rows
}

/// Tokens of failed rows that were corrected since, and how often each was tried.
fn earlier_attempts(trial: &Trial) -> Vec<(String, u32)> {
    let journal = rusqlite::Connection::open(trial.path()).expect("the journal");
    let mut statement =
        journal.prepare("SELECT lower(hex(client_token)), attempts FROM earlier_attempt").expect("the table");
    let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get(1)?))).expect("rows");
    let hyphenated = |row: (String, u32)| {
        let token: uuid::Uuid = row.0.parse().expect("a token");
        (token.to_string(), row.1)
    };
    rows.map(|row| hyphenated(row.expect("a row"))).collect()
}

/// Promise 1.
fn check_counts(trial: &Trial, rows: &[Row]) {
    let Some(planned) = &trial.planned else { return };
    let lines: Vec<u64> = rows.iter().filter_map(|row| row.line).collect();
    let numbers: Vec<u64> = planned.iter().map(|line| line.number).collect();
    assert_eq!(lines, numbers, "promise 1: every line of the file has one row");
}

/// Promises 2 and 5: attempts cover the requests, and no token is used past its safe time, by the true clock.
fn check_tokens(trial: &Trial, rows: &[Row], requests: &[RequestRecord]) {
    let earlier = earlier_attempts(trial);
    let attempts: HashMap<&str, u32> = rows
        .iter()
        .filter(|row| row.state != State::Duplicate)
        .filter_map(|row| Some((row.token.as_deref()?, row.attempts)))
        .chain(earlier.iter().map(|(token, attempts)| (token.as_str(), *attempts)))
        .collect();
    let lost = trial.clocks.lost();
    let mut first: HashMap<&str, u64> = HashMap::new();
    let mut counts: HashMap<&str, u32> = HashMap::new();
    for request in requests {
        let token = request.client_token.as_deref().expect("promise 3: every request has its token");
        let count = counts.entry(token).or_default();
        *count += 1;
        let known = attempts.get(token).copied();
        assert!(Some(*count) <= known, "promise 2: {count} requests, {known:?} attempts of {token}");
        if let Some(first) = first.get(token) {
            let age = u128::from(request.at.0 - first);
            let most = TOKEN_SAFE.as_millis() + lost.as_millis();
            assert!(age < most, "promise 5: {request:?} came {age} ms after the first one that left a doubt");
        }
        if leaves_doubt(request) {
            first.entry(token).or_insert(request.at.0);
        }
    }
}

/// Whether the sender cannot know that the request started nothing.
fn leaves_doubt(request: &RequestRecord) -> bool {
    let proof = match request.outcome {
        Answer::Answered => false,
        Answer::Refused(_) => true,
        Answer::Faulted(fault) => matches!(
            fault,
            Fault::ConnectFailed
                | Fault::AccessDenied
                | Fault::ExpiredToken
                | Fault::Throttling
                | Fault::TooManyRequests
                | Fault::ThrottledWithoutCode
                | Fault::ThrottledWithoutJson
                | Fault::InvalidRequest
                | Fault::NotFound
                | Fault::Conflict
                | Fault::LimitExceeded
        ),
    };
    request.effect != Effect::Nothing || !proof
}

/// Promises 4, 5 and 7: who has a contact, and who is said to have one.
fn check_contacts(trial: &Trial, rows: &[Row]) {
    let contacts = trial.simulator.contacts();
    let mut by_token: HashMap<&str, Vec<&Contact>> = HashMap::new();
    for contact in &contacts {
        by_token.entry(contact.client_token.as_deref().expect("a token")).or_default().push(contact);
    }
    let lies = trial.clocks.lost() >= CLOCK_SLACK;
    for row in rows.iter().filter(|row| row.state != State::Duplicate) {
        let Some(token) = &row.token else { continue };
        let begun = by_token.remove(token.as_str()).unwrap_or_default();
        assert!(begun.len() <= 1 || lies, "promise 7: {row:?} has {begun:?}");
        match row.state {
            State::Started => {
                let id = row.contact_id.as_deref().expect("promise 4: a started row has its contact id");
                assert!(begun.iter().any(|contact| contact.id.to_string() == id), "{row:?} has {begun:?}");
            }
            State::Attempting | State::Uncertain => {}
            _ => assert!(begun.is_empty(), "promise 5: {row:?} has {begun:?}"),
        }
    }
    assert!(by_token.is_empty(), "contacts of nobody in the journal: {by_token:?}");
}

/// Promise 6, for every window that begins and ends with a request, over all runs. Times are whole milliseconds, hence
/// the slack. A wall clock that jumps forward between two runs makes the pause look longer than it was: one burst.
fn check_pace(trial: &Trial, requests: &[RequestRecord]) {
    let (rate, burst) = (trial.fastest.rate, f64::from(trial.fastest.burst.get()));
    let (mut worst, mut least) = (f64::MIN, f64::MAX);
    for (before, request) in requests.iter().enumerate() {
        let level = before as f64 - rate * request.at.0 as f64 / 1000.0;
        least = least.min(level);
        worst = worst.max(level + 1.0 - least);
    }
    let allowed = burst * (1.0 + trial.clocks.gained().1 as f64) + rate * 0.002 + 1e-3;
    assert!(worst <= allowed, "promise 6: a window has {worst} more than its share, {allowed} are allowed");
}

/// Promise 12: a run that must know the opt-outs requests nobody who opted out longer ago than the bound allows. That it
/// requests nobody whom its copy has is seen by the sentinel, at each request. A row in doubt is asked about all the same.
fn check_opt_outs(trial: &Trial, options: &Options, (rows, requests): (&[Row], &[RequestRecord])) {
    let Some(OptOutSettings { rule: OptOutRule::Required, max_age }) = options.opt_outs else { return };
    let opting_out = trial.simulator.with(|world| world.account_mut().opting_out.clone());
    let once: HashSet<_> =
        rows.iter().filter(|row| row.attempts == 1).filter_map(|row| row.token.as_deref()).collect();
    let first =
        |request: &&RequestRecord| request.client_token.as_deref().is_some_and(|token| once.contains(token));
    for request in requests.iter().filter(first) {
        let number = request.destination.as_deref().expect("every request has a number");
        let opted_out =
            opting_out.iter().filter(|opting| opting.number == number).map(|opting| opting.at).min();
        let age = opted_out.map(|at| request.at.since(at));
        assert!(age.is_none_or(|age| age <= max_age), "promise 12: {request:?}, {age:?} after the opt-out");
    }
}
