//! A queue of Amazon SQS that the account's events go to: JSON protocol, on the simulator's port, under any URL.
//!
//! As with the service, a message that was received is hidden for a while and comes again if it is not deleted.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};

use super::clock::WorldTime;
use super::events::{EventFeed, ToldEvent};
use super::refusal::Refusal;

/// How long a message that was received is hidden, where the request does not say. Source: SQS's default.
const HIDDEN: u64 = 30;
/// Messages of one answer. Source: the API's reference.
const MOST: u64 = 10;

/// The queue.
#[derive(Debug, Default)]
pub(super) struct EventQueue {
    /// What has come into it.
    feed: EventFeed,
    messages: BTreeMap<u64, Held>,
    /// By when each can be received.
    order: BTreeSet<(WorldTime, u64)>,
    sent: u64,
    /// How much longer the answer takes: a poll of an empty queue waits.
    pub(super) wait: Duration,
}

#[derive(Debug)]
struct Held {
    id: u64,
    body: String,
    visible_at: WorldTime,
    receives: u32,
}

impl Held {
    /// Changes with every receive; an old one still deletes.
    fn receipt(&self) -> String {
        format!("{}-{}", self.id, self.receives)
    }
}

impl EventQueue {
    /// Takes what has come until then.
    pub(super) fn fill(&mut self, news: impl FnOnce(&mut EventFeed) -> Vec<ToldEvent>) {
        for told in news(&mut self.feed) {
            self.put(told.record.to_string(), told.at);
        }
    }

    fn put(&mut self, body: String, at: WorldTime) -> u64 {
        self.sent += 1;
        self.messages.insert(self.sent, Held { id: self.sent, body, visible_at: at, receives: 0 });
        self.order.insert((at, self.sent));
        self.sent
    }

    /// What an action answers.
    pub(super) fn answer(&mut self, action: &str, body: &Value, now: WorldTime) -> Result<Value, Refusal> {
        if body.get("QueueUrl").and_then(Value::as_str).is_none() {
            return Err(Refusal::invalid_parameter("The request must contain the parameter QueueUrl."));
        }
        match action {
            "ReceiveMessage" => Ok(self.receive(body, now)),
            "SendMessage" => {
                let text = body.get("MessageBody").and_then(Value::as_str);
                let text = text.ok_or_else(|| Refusal::invalid_parameter("MessageBody must not be null"))?;
                Ok(json!({ "MessageId": self.put(text.to_owned(), now).to_string() }))
            }
            "DeleteMessage" => {
                self.delete(body.get("ReceiptHandle"))?;
                Ok(json!({}))
            }
            "DeleteMessageBatch" => {
                let entries = body.get("Entries").and_then(Value::as_array).cloned().unwrap_or_default();
                if entries.is_empty() || entries.len() as u64 > MOST {
                    return Err(Refusal::invalid_parameter("A batch has 1 to 10 entries."));
                }
                let mut deleted = Vec::new();
                for entry in &entries {
                    self.delete(entry.get("ReceiptHandle"))?;
                    deleted.push(json!({ "Id": entry.get("Id") }));
                }
                Ok(json!({ "Successful": deleted, "Failed": [] }))
            }
            "GetQueueAttributes" => {
                let visible = self.order.range(..=(now, u64::MAX)).count();
                Ok(json!({ "Attributes": {
                    "ApproximateNumberOfMessages": visible.to_string(),
                    "ApproximateNumberOfMessagesNotVisible": (self.messages.len() - visible).to_string(),
                } }))
            }
            _ => Err(Refusal::unknown_operation(action)),
        }
    }

    fn receive(&mut self, body: &Value, now: WorldTime) -> Value {
        let number = |member: &str, usual: u64| body.get(member).and_then(Value::as_u64).unwrap_or(usual);
        let most = number("MaxNumberOfMessages", 1).clamp(1, MOST);
        let hidden = Duration::from_secs(number("VisibilityTimeout", HIDDEN));
        let visible = self.order.range(..=(now, u64::MAX)).take(usize::try_from(most).unwrap_or(1));
        let visible: Vec<_> = visible.copied().collect();
        let mut messages = Vec::new();
        for (at, id) in visible {
            let Some(held) = self.messages.get_mut(&id) else { continue };
            self.order.remove(&(at, id));
            self.order.insert((now + hidden, id));
            held.visible_at = now + hidden;
            held.receives += 1;
            messages.push(json!({
                "MessageId": held.id.to_string(),
                "ReceiptHandle": held.receipt(),
                "Body": held.body,
                "Attributes": { "ApproximateReceiveCount": held.receives.to_string() },
            }));
        }
        if messages.is_empty() {
            // What comes meanwhile is found by the next poll.
            self.wait = Duration::from_secs(number("WaitTimeSeconds", 0).min(1));
            return json!({});
        }
        json!({ "Messages": messages })
    }

    fn delete(&mut self, receipt: Option<&Value>) -> Result<(), Refusal> {
        let id = receipt.and_then(Value::as_str).and_then(|receipt| receipt.split('-').next()?.parse().ok());
        let id: u64 = id.ok_or_else(|| Refusal::invalid_parameter("The input receipt handle is invalid."))?;
        if let Some(held) = self.messages.remove(&id) {
            self.order.remove(&(held.visible_at, id));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_deleted_comes_again() {
        let mut queue = EventQueue::default();
        let ask = |queue: &mut EventQueue, action: &str, more: Value, now: u64| {
            let mut body = json!({ "QueueUrl": "http://127.0.0.1/1/q" });
            for (name, value) in more.as_object().unwrap() {
                body[name] = value.clone();
            }
            queue.answer(action, &body, WorldTime(now)).unwrap()
        };
        ask(&mut queue, "SendMessage", json!({ "MessageBody": "a" }), 0);
        ask(&mut queue, "SendMessage", json!({ "MessageBody": "b" }), 0);
        let first = ask(&mut queue, "ReceiveMessage", json!({ "MaxNumberOfMessages": 10 }), 1_000);
        assert_eq!(first["Messages"].as_array().unwrap().len(), 2);
        assert_eq!(ask(&mut queue, "ReceiveMessage", json!({}), 2_000), json!({}), "hidden");
        let receipt = first["Messages"][0]["ReceiptHandle"].clone();
        ask(
            &mut queue,
            "DeleteMessageBatch",
            json!({ "Entries": [{ "Id": "0", "ReceiptHandle": receipt }] }),
            3_000,
        );
        let again = ask(&mut queue, "ReceiveMessage", json!({ "MaxNumberOfMessages": 10 }), 31_000);
        assert_eq!(again["Messages"][0]["Body"], "b");
        assert_eq!(again["Messages"][0]["Attributes"]["ApproximateReceiveCount"], "2");
        assert!(queue.answer("ReceiveMessage", &json!({}), WorldTime(0)).is_err());
    }
}
