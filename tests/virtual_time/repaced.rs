//! Rows that are claimed when the pace changes: nobody is attempting for longer than about a second before its request.

use std::time::Duration;

use campaign::domain::delivery::control::{Control, NewRate};
use campaign::domain::delivery::ending::Ending;
use campaign::domain::delivery::state::State;
use campaign::engine::RunEvent;
use campaign::simulator::{Latency, WorldConfig};
use tokio::time::Instant;

use crate::virtual_time::stage::{Options, Seen, Stage, in_flight};
use crate::virtual_time::steering::{Person, pace};

/// Of four rows that are claimed, one is requested, and the others wait for its answer.
#[tokio::test(start_paused = true)]
async fn claimed_rows_go_back_only_where_the_new_pace_takes_longer_than_a_second_for_them() {
    let latency = Latency { base: Duration::from_secs(20), jitter: Duration::ZERO };
    let mut stage = Stage::with_recipients(WorldConfig { latency, ..WorldConfig::default() }, 40);
    let options = Options { rate: 4.0, bounds: in_flight(1), ..Options::default() };
    let person = Person::of(&stage);
    let began = Instant::now();
    let mut moved = Vec::new();
    let mut see = |event: &RunEvent| {
        if let RunEvent::Moved { line, to: to @ (State::Attempting | State::Queued), .. } = event {
            moved.push((began.elapsed().as_secs(), *to, line.expect("it has a line")));
        }
    };
    let at = |rate| pace(NewRate::PerSecond(rate), None);
    let wishes = [(2.0, at(5.0)), (4.0, at(3.0)), (6.0, at(2.0)), (8.0, Control::Stop)];
    let mut seen = Seen(&mut see);
    let (outcome, ()) = tokio::join!(stage.run_watched(&options, &mut seen), person.ask_all(&wishes));
    assert_eq!(outcome.unwrap().ending, Ending::Stopped);
    let claimed = [2, 3, 4, 5].map(|line| (0, State::Attempting, line));
    let given_back = [3, 4, 5].map(|line| (6, State::Queued, line));
    let claimed_again = [3, 4].map(|line| (6, State::Attempting, line));
    let at_the_end = [3, 4].map(|line| (8, State::Queued, line));
    assert_eq!(moved, [&claimed[..], &given_back, &claimed_again, &at_the_end].concat());
    stage.check_promises(&options);
}
