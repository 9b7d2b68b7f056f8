//! Stories in which the account tells what became of its messages: through a queue beside a run, and between runs. What is
//! told is late, comes twice and in no order, and changes nothing that is sent (promise 15).

use std::collections::HashSet;
use std::time::Duration;

use campaign::app::error::Error;
use campaign::journal::Reader;
use campaign::simulator::{EventConfig, WorldConfig};

use crate::seeds::chance::Chance;
use crate::seeds::promises;
use crate::seeds::trial::Trial;
use crate::seeds::worlds::Lies;
use crate::virtual_time::told;

/// Longer than the account takes for its last word: 72 hours, and events that are late.
const LAST_WORD: Duration = Duration::from_secs(80 * 3_600);

/// Whether a story is told of its messages. It draws from a chance of its own, so that the other stories stay what they are.
pub(crate) fn listening(seed: u64, world: &mut WorldConfig) -> Option<Chance> {
    let mut chance = Chance::new(!seed);
    if chance.odds(0.6) {
        return None;
    }
    let mut share = |most: f64| if chance.odds(0.5) { chance.scale(0.01, most) } else { 0.0 };
    world.events = EventConfig {
        late: share(0.3),
        twice: share(0.5),
        bare: share(0.5),
        second: share(0.3),
        ..EventConfig::default()
    };
    Some(chance)
}

/// Takes in what the queue has by now.
///
/// # Errors
/// Where the queue refuses.
pub(crate) fn hear(trial: &Trial) -> Result<(), Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(async {
        trial.clocks.begin();
        let clock = trial.clocks.wall();
        let heard = told::follow_to_the_end(&trial.simulator, &clock, &mut trial.journal()).await;
        trial.clocks.end();
        heard
    })
}

/// Waits until everything is told, takes it in, and says how many messages have their rows. Every message is of its own
/// contact, or of no row, and none is lost. By a clock that is days off, a message is of whoever was contacted then.
pub(crate) fn hear_the_rest(trial: &Trial, lies: Lies) -> usize {
    trial.clocks.pass(LAST_WORD);
    hear(trial).expect("nothing goes wrong any more");
    let reader = Reader::open(&trial.path()).expect("the journal can be read");
    let counts = reader.deliveries(trial.campaign).expect("the journal can be read");
    let (joined, truth) = (told::joined(&reader, trial.campaign), told::truth(&trial.simulator));
    for (message, contact) in &joined {
        let own = truth.get(message).unwrap_or_else(|| panic!("{message} is of nobody"));
        // A row in doubt has no contact id to hold it against.
        let wrong = !contact.is_empty() && contact != own && lies != Lies::Large;
        assert!(!wrong, "promise 15: {message} is of {own}, and joined to {contact}");
    }
    let known = joined.len() as u64 + counts.unmatched;
    assert!(known >= truth.len() as u64, "promise 15: no message of {} is lost: {counts:?}", truth.len());
    if lies != Lies::None {
        return joined.len();
    }
    // A row whose contact id came has all that is told of it.
    let started: HashSet<String> =
        promises::rows(trial).into_iter().filter_map(|row| row.contact_id).collect();
    let of_nobody = truth
        .iter()
        .filter(|(message, contact)| started.contains(*contact) && !joined.contains_key(*message));
    assert_eq!(of_nobody.count(), 0, "promise 15: messages whose contact is known have no row: {counts:?}");
    joined.len()
}
