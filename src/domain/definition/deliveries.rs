//! `[deliveries]`: where the account tells what becomes of messages, and what that does to a run.

use super::connect::EndpointUrl;
use super::reader::Reader;

/// What a run does with the account's events.
#[derive(Debug, Clone, PartialEq)]
pub struct DeliverySettings {
    /// The queue that they come through; `None`: a run follows none.
    pub queue: Option<EndpointUrl>,
    /// Of the last messages with a final word, how many may not arrive before a run pauses, from 0 to 1.
    pub max_undelivered: f64,
}

pub(super) fn resolve(reader: &mut Reader<'_>) -> DeliverySettings {
    const QUEUE: &str = "deliveries.queue";
    let queue = reader.text(QUEUE).and_then(|url| match EndpointUrl::parse(&url) {
        Ok(queue) => Some(queue),
        Err(bad) => {
            let place = reader.place(QUEUE);
            let hint = "the queue's page shows its URL: https://sqs.REGION.amazonaws.com/ACCOUNT/NAME";
            reader.mistake(place, format!("`{QUEUE}` {bad}"), hint);
            None
        }
    });
    DeliverySettings { queue, max_undelivered: reader.fraction("deliveries.max_undelivered") }
}
