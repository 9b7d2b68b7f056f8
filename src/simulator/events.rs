//! What the account's event bus and CloudTrail tell of contacts: delivery events, contact events, data events, as a function of
//! the contact and the seed. They come late, twice and in no order, some without a number.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::chance::{Chance, mix};
use super::clock::WorldTime;
use super::config::WorldConfig;
use super::describe::disconnect_reason;
use super::records::{Contact, ContactId, uuid_from};
use super::world::World;

/// The number of every source.
pub const NUMBER: &str = "+12025550199";
/// How long End User Messaging waits for a receipt.
const RECEIPT: Duration = Duration::from_secs(72 * 3_600);
/// A contact that lives longer than this may get a second message.
const TALKATIVE: Duration = Duration::from_secs(240);

/// How the account tells of its messages. Shares are from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EventConfig {
    /// Messages whose events have no number; CloudTrail's record has it.
    pub nameless: f64,
    /// Events that come up to six hours late.
    pub late: f64,
    /// Events that come twice.
    pub twice: f64,
    /// Events in the form of a configuration set.
    pub bare: f64,
    /// Contacts with a second message, where they live long enough.
    pub second: f64,
    /// Whether CloudTrail keeps data events.
    pub trail: bool,
    /// Messages have their final word within this time of their contacts, and a listener is told of nothing but messages: what
    /// is told is kept only until it is fetched with [`World::due`]. What becomes of a message follows from its number alone.
    pub quick: Option<Duration>,
    /// Whether messages have a price.
    pub priced: bool,
}

impl Default for EventConfig {
    fn default() -> Self {
        Self {
            nameless: 0.0,
            late: 0.0,
            twice: 0.0,
            bare: 0.0,
            second: 0.0,
            trail: false,
            quick: None,
            priced: true,
        }
    }
}

impl EventConfig {
    /// Everything that makes events hard to join, often.
    pub const HARD: Self = Self {
        nameless: 0.3,
        late: 0.3,
        twice: 0.3,
        bare: 0.2,
        second: 0.2,
        trail: true,
        quick: None,
        priced: true,
    };
}

/// A record that reaches whoever listens.
#[derive(Debug, Clone, PartialEq)]
pub struct ToldEvent {
    /// When it comes.
    pub at: WorldTime,
    /// The record, JSON.
    pub record: Value,
}

/// A message of a contact: the truth that events tell of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextMessage {
    /// End User Messaging's id.
    pub message_id: String,
    /// How it ends.
    pub status: &'static str,
    requested_at: WorldTime,
    settled_at: WorldTime,
    nameless: bool,
    parts: u32,
    carrier: usize,
}

/// Carriers, their codes, their share of the numbers, and whether their phones confirm.
const CARRIERS: [(&str, &str, &str, f64, bool); 4] = [
    ("Example Mobile", "310", "010", 0.4, true),
    ("Example Wireless", "310", "020", 0.3, false),
    ("Example Telecom", "311", "030", 0.2, true),
    ("Example Cellular", "312", "040", 0.1, false),
];

/// Ends of messages that are not delivered, with their share of all.
const ENDS: [(&str, f64); 8] = [
    ("UNKNOWN", 0.015),
    ("UNREACHABLE", 0.02),
    ("INVALID", 0.01),
    ("BLOCKED", 0.01),
    ("SPAM", 0.005),
    ("CARRIER_BLOCKED", 0.003),
    ("TTL_EXPIRED", 0.004),
    ("CARRIER_UNREACHABLE", 0.003),
];

/// What was told to a listener, so that each contact is looked at once.
#[derive(Debug, Default)]
pub struct EventFeed {
    seen: usize,
    told: u64,
    later: BTreeMap<(WorldTime, u64), Value>,
}

/// The messages that have their words quickly, and of which there is more to tell. One takes some 300 bytes.
#[derive(Debug, Default)]
pub(super) struct SoonFeed {
    told: u64,
    later: BTreeMap<(WorldTime, u64), SoonMessage>,
}

/// A message, until its last word is fetched.
#[derive(Debug)]
struct SoonMessage {
    text: TextMessage,
    about: About,
    /// When its last word comes; `None`: nobody waits for it.
    last_at: Option<WorldTime>,
    /// Whether it was told to be on its way.
    under_way: bool,
}

impl World {
    /// What has come since the listener was told last, until then. A contact that is stopped before its time is told to end
    /// when it would have.
    pub fn news(&self, feed: &mut EventFeed, until: WorldTime) -> Vec<ToldEvent> {
        for contact in &self.contacts()[feed.seen..] {
            for told in events(&self.config, contact) {
                feed.later.insert((told.at, feed.told), told.record);
                feed.told += 1;
            }
        }
        feed.seen = self.contacts().len();
        let later = feed.later.split_off(&(WorldTime(until.0.saturating_add(1)), 0));
        let due = std::mem::replace(&mut feed.later, later);
        due.into_iter().map(|((at, _), record)| ToldEvent { at, record }).collect()
    }

    /// Tells of a contact that was started, where messages have their words quickly.
    pub(super) fn tell_soon(&mut self, contact: &Contact, quick: Duration) {
        if let Some(text) = quick_text(&self.config, contact, quick) {
            let last_at = Some(text.settled_at).filter(|at| *at <= contact.created_at + quick);
            let about = About::of(contact);
            let message = SoonMessage { text, about, last_at, under_way: false };
            self.soon.later.insert((contact.created_at, self.soon.told), message);
            self.soon.told += 1;
        }
    }

    /// Whether all that was told of messages that have their words quickly was fetched.
    pub fn is_quiet(&self) -> bool {
        self.soon.later.is_empty()
    }

    /// What has come of messages that have their words quickly, at most so many, each told once. Who fetches late is told
    /// the last word of a message alone: what it is to be told does not grow by being late.
    pub fn due(&mut self, until: WorldTime, most: usize) -> Vec<Value> {
        let mut due = Vec::new();
        while due.len() < most
            && let Some(first) = self.soon.later.first_entry().filter(|first| first.key().0 <= until)
        {
            let ((at, nth), mut message) = first.remove_entry();
            let is_last = message.under_way || message.last_at.is_some_and(|at| at <= until);
            let (at, status) = match message.last_at.filter(|_| is_last) {
                Some(last_at) => (last_at, message.text.status),
                None => (at, "PENDING"),
            };
            let teller = Teller { config: &self.config, about: &message.about };
            due.push(teller.delivery(&message.text, status, at, false));
            if let Some(last_at) = message.last_at.filter(|_| !is_last) {
                message.under_way = true;
                self.soon.later.insert((last_at, nth), message);
            }
        }
        due
    }

    /// The messages of a contact.
    pub fn texts(&self, contact: &Contact) -> Vec<TextMessage> {
        texts(&self.config, contact)
    }

    /// Everything that has come after `from` and until `until`, in the order in which it comes; nothing with
    /// [`Counts`](super::LogDetail::Counts).
    pub fn events(&self, from: WorldTime, until: WorldTime) -> Vec<ToldEvent> {
        let told = self.contacts().iter().flat_map(|contact| events(&self.config, contact));
        let mut told: Vec<ToldEvent> = told.filter(|told| from < told.at && told.at <= until).collect();
        told.sort_by_key(|told| told.at);
        told
    }
}

fn chance(config: &WorldConfig, contact: &Contact) -> Chance {
    let id = contact.id.to_string();
    let spread = id.bytes().fold(0_u64, |sum, byte| mix(sum ^ u64::from(byte)));
    Chance::at(config.seed ^ 0x5eed_7e87, spread)
}

fn texts(config: &WorldConfig, contact: &Contact) -> Vec<TextMessage> {
    let mut chance = chance(config, contact);
    let shares = config.events;
    let life = contact.ends_at.since(contact.created_at);
    let second = chance.unit() < shares.second && life > TALKATIVE;
    let carrier = carrier(&contact.destination);
    let mut texts = Vec::new();
    for number in 0..=u32::from(second) {
        let soon = Duration::from_millis(chance.next() % 900);
        let requested_at = contact.created_at + if number == 0 { soon } else { life - soon };
        let status = match contact.undelivered {
            Some(_) => "BLOCKED",
            None => end(chance.unit(), CARRIERS[carrier].4),
        };
        let took = match status {
            "UNKNOWN" => RECEIPT,
            _ => Duration::from_millis(800 + chance.next() % 40_000),
        };
        texts.push(TextMessage {
            message_id: uuid_from(&mut chance).to_string(),
            status,
            requested_at,
            settled_at: requested_at + took,
            nameless: chance.unit() < shares.nameless,
            parts: parts(&contact.message().unwrap_or_default()),
            carrier,
        });
    }
    texts
}

/// The message of a contact whose words come quickly. One without a receipt has no final word: nobody waits three days for it.
fn quick_text(config: &WorldConfig, contact: &Contact, quick: Duration) -> Option<TextMessage> {
    let fate = Chance::new(spread(&contact.destination)).unit();
    let mut text = texts(config, contact).into_iter().next()?;
    if contact.undelivered.is_none() {
        text.status = end(fate, CARRIERS[text.carrier].4);
    }
    text.requested_at = contact.created_at;
    let part = quick.as_millis().max(4) as u64 / 4;
    let took = part + chance(config, contact).next() % (part * 3);
    let took = if text.status == "UNKNOWN" { RECEIPT } else { Duration::from_millis(took) };
    text.settled_at = contact.created_at + took;
    Some(text)
}

fn spread(destination: &str) -> u64 {
    destination.bytes().fold(11_u64, |sum, byte| mix(sum ^ u64::from(byte)))
}

/// A number is with one carrier, whatever is sent to it.
fn carrier(destination: &str) -> usize {
    let spread = destination.bytes().fold(7_u64, |sum, byte| mix(sum ^ u64::from(byte)));
    let mut draw = Chance::new(spread).unit();
    for (at, (_, _, _, share, _)) in CARRIERS.iter().enumerate() {
        if draw < *share {
            return at;
        }
        draw -= share;
    }
    0
}

fn end(mut draw: f64, confirms: bool) -> &'static str {
    for (status, share) in ENDS {
        if draw < share {
            return status;
        }
        draw -= share;
    }
    if confirms { "DELIVERED" } else { "SUCCESSFUL" }
}

/// Parts as a carrier counts them, near enough: an ASCII text is taken for GSM-7.
fn parts(text: &str) -> u32 {
    let (length, one, more) =
        if text.is_ascii() { (text.len(), 160, 153) } else { (text.encode_utf16().count(), 70, 67) };
    u32::try_from(if length <= one { 1 } else { length.div_ceil(more) }).unwrap_or(u32::MAX)
}

fn iso(at: WorldTime) -> String {
    let millis = i64::try_from(at.0).unwrap_or(i64::MAX);
    format!("{:.3}", Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX))
}

fn events(config: &WorldConfig, contact: &Contact) -> Vec<ToldEvent> {
    let mut chance = Chance::new(chance(config, contact).next() ^ 1);
    let about = About::of(contact);
    let teller = Teller { config, about: &about };
    let mut told = vec![(contact.created_at, teller.contact(contact, "INITIATED"))];
    for text in texts(config, contact) {
        let bare = chance.unit() < config.events.bare;
        told.push((text.requested_at, teller.delivery(&text, "PENDING", text.requested_at, bare)));
        let sent_at = text.requested_at + Duration::from_millis(300);
        told.push((sent_at, teller.delivery(&text, "SENT", sent_at, bare)));
        told.push((text.settled_at, teller.delivery(&text, text.status, text.settled_at, bare)));
        if config.events.trail {
            // CloudTrail delivers within about five minutes.
            let written = text.requested_at + Duration::from_secs(60 + chance.next() % 240);
            told.push((written, teller.sent(&text)));
        }
    }
    told.push((contact.ends_at, teller.contact(contact, "DISCONNECTED")));
    let mut all = Vec::with_capacity(told.len() * 2);
    for (at, record) in told {
        let again = chance.unit() < config.events.twice;
        for _ in 0..=u32::from(again) {
            let late = chance.unit() < config.events.late;
            let most = if late { 6 * 3_600_000 } else { 900 };
            let at = at + Duration::from_millis(50 + chance.next() % most);
            all.push(ToldEvent { at, record: record.clone() });
        }
    }
    all
}

/// What every record says of a contact.
#[derive(Debug)]
struct About {
    id: ContactId,
    destination: String,
    /// The Region of the source.
    region: String,
}

impl About {
    fn of(contact: &Contact) -> Self {
        let source = contact.request().source_endpoint.and_then(|source| source.address);
        let region = source.as_deref().and_then(|arn| arn.split(':').nth(3));
        let region = region.unwrap_or("us-west-2").to_owned();
        Self { id: contact.id, destination: contact.destination.clone(), region }
    }
}

/// Puts what happens into words of AWS.
struct Teller<'c> {
    config: &'c WorldConfig,
    about: &'c About,
}

impl Teller<'_> {
    fn envelope(&self, source: &str, detail_type: &str, at: WorldTime, detail: &Value) -> Value {
        json!({
            "version": "0",
            "id": self.about.id.to_string(),
            "detail-type": detail_type,
            "source": source,
            "account": self.config.account.id,
            "time": iso(at),
            "region": self.about.region,
            "resources": [],
            "detail": detail,
        })
    }

    fn delivery(&self, text: &TextMessage, status: &str, at: WorldTime, bare: bool) -> Value {
        let (carrier, mcc, mnc, _, _) = CARRIERS[text.carrier];
        let last = status == text.status;
        let mut detail = json!({
            "eventType": format!("TEXT_{status}"),
            "eventVersion": "1.0",
            "eventTimestamp": at.0,
            "isFinal": last,
            "originationPhoneNumber": NUMBER,
            "mcc": mcc,
            "mnc": mnc,
            "carrierName": carrier,
            "messageId": text.message_id,
            "messageRequestTimestamp": text.requested_at.0,
            "messageType": "TRANSACTIONAL",
            "messageStatus": status,
            "messageStatusDescription": format!("The message is {}.", status.to_lowercase()),
            "totalMessageParts": text.parts,
            "totalMessagePrice": f64::from(text.parts * 581) / 100_000.0,
            "totalCarrierFee": f64::from(text.parts * 3) / 1_000.0,
        });
        if !self.config.events.priced
            && let Some(detail) = detail.as_object_mut()
        {
            detail.retain(|name, _| name != "totalMessagePrice" && name != "totalCarrierFee");
        }
        if self.about.destination.starts_with("+1") {
            detail["isoCountryCode"] = json!("US");
        }
        if !text.nameless {
            detail["destinationPhoneNumber"] = json!(self.about.destination);
        }
        if bare {
            detail["context"] = json!({});
            return detail;
        }
        self.envelope("aws.sms-voice", "Text Message Delivery Status Updated", at, &detail)
    }

    fn sent(&self, text: &TextMessage) -> Value {
        json!({
            "eventVersion": "1.09",
            "eventTime": iso(WorldTime(text.requested_at.0 / 1_000 * 1_000)),
            "eventSource": "sms-voice.amazonaws.com",
            "eventName": "SendTextMessage",
            "awsRegion": self.about.region,
            "requestParameters": {
                "destinationPhoneNumber": self.about.destination,
                "originationIdentity": NUMBER,
                "messageBody": "HIDDEN_DUE_TO_SECURITY_REASONS",
            },
            "responseElements": { "messageId": text.message_id },
            "eventType": "AwsApiCall",
            "eventCategory": "Data",
            "recipientAccountId": self.config.account.id,
        })
    }

    fn contact(&self, contact: &Contact, what: &str) -> Value {
        let account = &self.config.account.id;
        let at = if what == "DISCONNECTED" { contact.ends_at } else { contact.created_at };
        let instance =
            format!("arn:aws:connect:{}:{account}:instance/{}", self.about.region, contact.instance_id);
        let mut detail = json!({
            "eventType": what,
            "contactId": contact.id.to_string(),
            "channel": "CHAT",
            "instanceArn": instance,
            "initiationMethod": "API",
            "initiationTimestamp": iso(contact.created_at),
        });
        if what == "DISCONNECTED" {
            let minutes = contact.request().chat_duration_in_minutes;
            detail["disconnectTimestamp"] = json!(iso(contact.ends_at));
            detail["disconnectReason"] = json!(disconnect_reason(contact, minutes));
        }
        self.envelope("aws.connect", "Amazon Connect Contact Event", at, &detail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quick_words_are_told_once_in_order_and_nothing_is_kept() {
        let quick = Duration::from_millis(400);
        let events = EventConfig { quick: Some(quick), ..EventConfig::default() };
        let mut world = World::new(WorldConfig { events, ..WorldConfig::default() });
        let start = WorldTime(1_000_000);
        for n in 0..2_000 {
            let number = format!("+1202555{n:04}");
            let contact = Contact {
                id: ContactId::nth(1, n),
                client_token: None,
                destination: number,
                created_at: start,
                ends_at: start + Duration::from_secs(60),
                stopped: false,
                instance_id: String::new(),
                searchable: std::collections::BTreeSet::new(),
                undelivered: None,
                body: bytes::Bytes::new(),
            };
            world.tell_soon(&contact, quick);
        }
        assert_eq!(world.due(WorldTime(start.0 - 1), 10), Vec::<Value>::new());
        let mut told = Vec::new();
        for millis in [0, 100, 250, 400] {
            loop {
                let due = world.due(WorldTime(start.0 + millis), 300);
                assert!(due.len() <= 300);
                told.extend(
                    due.iter().map(|record| record["detail"]["messageStatus"].as_str().unwrap().to_owned()),
                );
                if due.is_empty() {
                    break;
                }
            }
        }
        let count = |status: &str| told.iter().filter(|word| *word == status).count();
        assert_eq!((count("PENDING"), count("UNKNOWN")), (2_000, 0));
        let ends = told.len() - 2_000;
        assert!((1_950..1_995).contains(&ends), "one or two of a hundred have no receipt: {ends}");
        assert!(world.soon.later.is_empty(), "nobody fetches it later");
        assert_eq!(world.due(WorldTime(u64::MAX), 10), Vec::<Value>::new());
    }

    #[test]
    fn shares_are_kept_and_a_number_has_one_carrier() {
        let ends: Vec<&str> = (0..10_000).map(|n| end(f64::from(n) / 10_000.0, true)).collect();
        let count = |status: &str| ends.iter().filter(|end| **end == status).count();
        assert_eq!((count("DELIVERED"), count("UNKNOWN"), count("UNREACHABLE")), (9_300, 150, 200));
        let number = |n: u32| carrier(&format!("+1202555{n:04}"));
        let mut all = [0; CARRIERS.len()];
        (0..10_000).for_each(|n| all[number(n)] += 1);
        for (at, carrier) in CARRIERS.iter().enumerate() {
            let expected = carrier.3 * 10_000.0;
            assert!((f64::from(all[at]) - expected).abs() < 300.0, "{all:?}");
        }
        assert_eq!(number(7), number(7));
        assert_eq!((parts(""), parts(&"x".repeat(161)), parts(&"é".repeat(71))), (1, 2, 2));
    }
}
