//! What becomes of messages in a simulation: the simulator tells of its contacts, and the run takes it in beside its sending,
//! through the writer and the parser that a real queue's events go through. No request waits for it.

use std::time::Duration;

use tokio::sync::{mpsc, watch};

use crate::domain::events::{AccountEvent, parse};
use crate::engine::LastWords;
use crate::journal::{LiveTaken, Writer};
use crate::simulator::{EventConfig, Simulator};

/// Within which time messages of a simulation have their final word. The end of a run waits so long for the last of them,
/// and then until all that came is in the journal.
const QUICK: Duration = Duration::from_millis(400);
/// How often the simulator is asked.
const LOOK: Duration = Duration::from_millis(50);
/// The same in a rehearsal, where nobody watches and each look is a commit.
const LOOK_REHEARSED: Duration = Duration::from_secs(10);
/// Events of a group, for a tenth of a second of a commit: with fewer, what is told of thousands of contacts a second
/// would lag behind.
const GROUP: usize = 2_000;

/// How a simulation tells of its messages. Without a `price`, where a budget must go by the definition's.
#[must_use]
pub(super) fn events(priced: bool) -> EventConfig {
    EventConfig { quick: Some(QUICK), priced, ..EventConfig::default() }
}

/// Follows a simulator beside a run.
pub(super) struct SimulatedFollower {
    simulator: Simulator,
    look: Duration,
}

impl SimulatedFollower {
    /// Of this one, beside a run or a rehearsed one.
    #[must_use]
    pub(super) fn new(simulator: Simulator, rehearsed: bool) -> Self {
        Self { simulator, look: if rehearsed { LOOK_REHEARSED } else { LOOK } }
    }

    /// Follows until the run has `ended` and the words of its last contacts have come. A journal that cannot be written
    /// ends it as well: the engine learns that from the writer.
    pub(super) async fn follow(
        self,
        writer: Writer,
        news: mpsc::Sender<LastWords>,
        mut ended: watch::Receiver<bool>,
    ) {
        let mut open = 0;
        loop {
            // Where nothing is to come, days may pass without a look.
            let next = async {
                if open == 0 && self.simulator.with(|world| world.is_quiet()) {
                    self.simulator.told().await;
                }
                tokio::time::sleep(self.look).await;
            };
            let over = tokio::select! {
                biased;
                over = ended.wait_for(|ended| *ended) => { drop(over); true }
                () = next => false,
            };
            if over && !(open == 0 && self.simulator.with(|world| world.is_quiet())) {
                tokio::time::sleep(QUICK).await;
            }
            match self.take(&writer, &news, open).await {
                Some(left) if !over => open = left,
                _ => return,
            }
        }
    }

    /// Takes in all that has come, and tries `open` ones again that had no row. Says how many are left; `None`: the
    /// journal cannot be written.
    async fn take(&self, writer: &Writer, news: &mpsc::Sender<LastWords>, mut open: usize) -> Option<usize> {
        let now = self.simulator.now();
        loop {
            let records = self.simulator.with(|world| world.due(now, GROUP));
            let events: Vec<AccountEvent> =
                records.iter().flat_map(|record| parse(record.to_string().as_bytes()).events).collect();
            if events.is_empty() {
                break;
            }
            let taken = writer.deliveries(events).await.ok()?;
            open = taken.open;
            tell(news, taken).await;
        }
        // What came before the answer of its contact was in the journal.
        if open > 0 {
            let again = writer.join_again().await.ok()?;
            open = again.open;
            tell(news, again).await;
        }
        Some(open)
    }
}

async fn tell(news: &mpsc::Sender<LastWords>, LiveTaken { last_words, .. }: LiveTaken) {
    if !last_words.is_empty() {
        // An engine that has ended needs no news.
        let _ = news.send(LastWords(last_words)).await;
    }
}
