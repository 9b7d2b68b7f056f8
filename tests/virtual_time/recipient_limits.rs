//! Limits of a number, and one open contact of a sender and a number, as the simulator's own log has them.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::time::Duration;

use campaign::domain::delivery::ending::Ending;
use campaign::domain::delivery::state::State;
use campaign::domain::limits::{ContactLimits, RecipientLimit};
use campaign::journal::{Admission, ClaimLimits, Content, FileLine};
use campaign::simulator::{Effect, Fault, WorldConfig};

use crate::virtual_time::stage::{Options, Stage, line};

const HOUR: u64 = 3_600;

/// Recipients of whom three in a row have one number.
fn three_each(numbers: u64) -> Vec<FileLine> {
    let mut lines: Vec<FileLine> = (0..numbers * 3).map(|n| line(n + 2, n)).collect();
    for (at, line) in (0..).zip(&mut lines) {
        if let Content::Recipient { destination, .. } = &mut line.content {
            *destination = format!("+1202555{:04}", 100 + at / 3);
        }
    }
    lines
}

fn limited(per_recipient: &[(u32, u64)], one_open: bool) -> Admission {
    let limit = |(most, hours): &(u32, u64)| RecipientLimit {
        most: NonZeroU32::new(*most).expect("some"),
        within: Duration::from_secs(hours * HOUR),
    };
    let per_recipient = per_recipient.iter().map(limit).collect();
    let limits = ContactLimits { per_recipient, ..ContactLimits::default() };
    Admission { limits: ClaimLimits { limits, one_open }, ..Admission::default() }
}

/// When each number was requested, in milliseconds.
fn times(stage: &Stage) -> HashMap<String, Vec<u64>> {
    let mut times: HashMap<String, Vec<u64>> = HashMap::new();
    for request in stage.simulator.requests() {
        times.entry(request.destination.clone().expect("a number")).or_default().push(request.at.0);
    }
    times
}

/// A run waits by itself, day after day, and whatever else waits does not wait behind those rows.
#[tokio::test(start_paused = true)]
async fn no_number_gets_more_contacts_than_its_limit_in_any_window_and_the_run_waits_for_it() {
    let mut stage = Stage::new(WorldConfig::default());
    stage.plan(&three_each(4));
    stage.admission = limited(&[(1, 2), (2, 10)], false);
    let options = Options::default();
    let outcome = stage.run(&options).await.expect("a run");
    assert_eq!((outcome.ending, stage.tally()[State::Started]), (Ending::Complete, 12));
    for (number, mut at) in times(&stage) {
        at.sort_unstable();
        assert_eq!(at.len(), 3, "{number}");
        assert!(at[1] - at[0] >= 2 * HOUR * 1_000 && at[2] - at[0] >= 10 * HOUR * 1_000, "{number}: {at:?}");
    }
    stage.check_promises(&options);
}

#[tokio::test(start_paused = true)]
async fn a_second_contact_of_a_number_waits_until_the_first_is_surely_over() {
    let mut world = WorldConfig::default();
    // Three answers are lost: what may have started a contact keeps the next one waiting too.
    world.faults.sequence([
        Some(Fault::InternalAfter),
        None,
        Some(Fault::HangAfter),
        Some(Fault::ResetBefore),
    ]);
    let mut stage = Stage::new(world);
    stage.plan(&three_each(3));
    stage.admission = limited(&[], true);
    let options = Options::default();
    stage.run(&options).await.expect("a run");
    // The stage asks for contacts of an hour.
    assert_eq!(stage.tally()[State::Started], 9);
    let mut contacts: HashMap<String, Vec<u64>> = HashMap::new();
    let requests = stage.simulator.requests();
    for contact in requests.iter().filter(|request| matches!(request.effect, Effect::Started(_))) {
        contacts.entry(contact.destination.clone().expect("a number")).or_default().push(contact.at.0);
    }
    for (number, at) in contacts {
        assert!(at.windows(2).all(|pair| pair[1] - pair[0] >= HOUR * 1_000), "{number}: {at:?}");
    }
    stage.check_promises(&options);
}

/// A run that is not to wait says when to come back.
#[tokio::test(start_paused = true)]
async fn a_run_that_is_not_to_wait_ends_with_when_to_come_back() {
    let mut stage = Stage::new(WorldConfig::default());
    stage.plan(&three_each(2));
    stage.admission = limited(&[(1, 24)], false);
    let options = Options { no_wait: true, ..Options::default() };
    let outcome = stage.run(&options).await.expect("a run");
    assert!(matches!(outcome.ending, Ending::ContactedBefore { .. }), "{:?}", outcome.ending);
    assert_eq!((stage.tally()[State::Started], stage.tally()[State::Queued]), (2, 4));
    tokio::time::sleep(Duration::from_secs(25 * HOUR)).await;
    stage.run(&options).await.expect("a run");
    assert_eq!(stage.tally()[State::Started], 4);
    stage.check_promises(&options);
}
