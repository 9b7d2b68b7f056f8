//! What a run says that it waits for.

use std::time::Duration;

use campaign::domain::delivery::control::Control;
use campaign::domain::delivery::ending::Ending;
use campaign::domain::delivery::summary::Bottleneck;
use campaign::engine::{PlanProgress, RunEvent};
use campaign::simulator::WorldConfig;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use crate::virtual_time::stage::{Options, Seen, Stage};
use crate::virtual_time::steering::Person;

/// Who is paused by a person waits for that person, whatever else is in the way.
#[tokio::test(start_paused = true)]
async fn a_paused_run_waits_for_nothing_and_one_that_goes_on_for_its_file_again() {
    let mut stage = Stage::with_recipients(WorldConfig::default(), 3);
    let person = Person::of(&stage);
    let (feeder, feed) = watch::channel(PlanProgress::Reading { queued: 0 });
    let options = Options { feed, ..Options::default() };
    let began = Instant::now();
    let mut limits = Vec::new();
    let mut see = |event: &RunEvent| {
        if let RunEvent::Gauges(gauges) = event {
            limits.push((began.elapsed().as_secs(), gauges.limit));
        }
    };
    let mut seen = Seen(&mut see);
    let feeding = async {
        sleep(Duration::from_secs(60)).await;
        feeder.send_replace(PlanProgress::Read { queued: 0 });
    };
    let wishes = [(10.0, Control::Pause), (40.0, Control::Go)];
    let (outcome, (), ()) =
        tokio::join!(stage.run_watched(&options, &mut seen), feeding, person.ask_all(&wishes));
    assert_eq!(outcome.unwrap().ending, Ending::Complete);
    let (sending, after): (Vec<_>, Vec<_>) = limits.into_iter().partition(|(at, _)| *at < 10);
    assert_eq!(sending.last().unwrap().1, Some(Bottleneck::File));
    assert_eq!(after[..2], [(10, None), (40, Some(Bottleneck::File))]);
    stage.check_promises(&options);
}
