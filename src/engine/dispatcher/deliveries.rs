//! What a run does as it learns what became of messages: nothing, but that it pauses where too many do not arrive.

use super::Dispatcher;
use crate::domain::events::{Delivery, DeliveryCounts};
use crate::engine::LastWords;
use crate::engine::events::RunEvent;
use crate::journal::WriterError;

impl Dispatcher<'_> {
    /// Takes note of final words. A pause that follows is the campaign's, as if a person had paused it: whoever has looked
    /// lets it go on.
    pub(super) async fn on_last_words(&mut self, LastWords(words): LastWords) -> Result<(), WriterError> {
        let mut told = DeliveryCounts::default();
        words.iter().for_each(|word| told.add(Delivery::of(word), 1));
        self.observer.on_event(&RunEvent::Told(told));
        let alarms: Vec<_> = words.iter().filter_map(|word| self.engine.undelivered.heard(word)).collect();
        let nothing_left = self.unsettled == 0 || self.ending.is_some();
        let Some(alarm) = alarms.into_iter().next().filter(|_| !nothing_left && !self.send_gate.is_paused())
        else {
            return Ok(());
        };
        let now = self.engine.clock.now();
        self.observer.on_event(&RunEvent::Undelivered(alarm.clone()));
        let why = alarm.to_string();
        self.hold(now, Some(why.as_str().into()));
        self.engine.writer.hold(self.engine.run, why, now).await
    }
}
