//! `[[senders]]`: several numbers that send, instead of `connect.source`.

use std::num::NonZeroU32;

use jiff::tz::TimeZone;

use super::connect::ConnectSettings;
use super::document::{Node, TableEntry, Value};
use super::keys::Need;
use super::reader::{Reader, fits, number};
use super::sender_keys::SENDER_KEYS;
use crate::domain::arn;
use crate::domain::foreign::shown;
use crate::domain::hours::zones::parse_zone;
use crate::domain::phone::Region;
use crate::domain::problem::{Problem, SourceSpan};
use crate::domain::senders::{DailyCap, HaltRule, PartRate, Sender, SenderAccount};
use crate::domain::table::header::nearest;

/// Where a day begins whose cap says nothing else. T-Mobile's caps, the only ones that the account tells, are counted from
/// midnight Pacific time (End User Messaging SMS guide).
const DAY_ZONE: &str = "America/Los_Angeles";
/// Longest name of a sender, in characters.
const LONGEST_NAME: usize = 64;

/// The ARN of the first sender that has one, and no instance of its own: where it lives tells Region and account.
pub(super) fn first_source(reader: &Reader<'_>) -> Option<String> {
    let tables = tables(reader);
    let mut at_home = tables.iter().filter(|table| table.get("instance_id").is_none());
    at_home.find_map(|table| match &table.get("source")?.value {
        Value::Text(text) => Some(text.trim().to_owned()),
        _ => None,
    })
}

/// Whether every sender says that it has an instance and a flow of its own: then nothing is sent from those of `[connect]`.
pub(super) fn senders_live_elsewhere(root: &Node) -> bool {
    let Some(Node { value: Value::List(senders), .. }) = root.at("senders") else { return false };
    let of_its_own =
        |sender: &Node| ["instance_id", "contact_flow_id"].iter().all(|key| sender.get(key).is_some());
    !senders.is_empty() && senders.iter().all(of_its_own)
}

fn tables(reader: &Reader<'_>) -> Vec<Node> {
    match reader.node("senders") {
        Some(Node { value: Value::List(list), .. }) => list,
        _ => Vec::new(),
    }
}

/// The senders, each with a name and an ARN of its own; none where the definition has `connect.source`.
pub(super) fn resolve(reader: &mut Reader<'_>, connect: &ConnectSettings) -> Vec<Sender> {
    if !reader.has("senders") {
        if !reader.has("connect.source") {
            reader.missing("connect.source");
        }
        return Vec::new();
    }
    if reader.has("connect.source") {
        let place = reader.place("connect.source");
        let hint = "name the one number with source, or all of them below [[senders]]";
        reader.mistake(place, "`connect.source` and [[senders]] exclude each other", hint);
    }
    let mut senders: Vec<Sender> = Vec::new();
    for node in tables(reader) {
        let mut table = SenderTable { reader, node };
        table.check();
        let own = table.own_account(connect);
        let Some(sender) = table.sender(own) else { continue };
        table.source(&sender, connect);
        table.agrees(&sender, &senders, connect);
        if senders.iter().any(|known| known.name == sender.name) {
            let message = format!("two senders have the name {}", shown(&sender.name));
            table.mistake("name", message, "give each its own: reports and figures name senders by it");
        }
        if let Some(known) = senders.iter().find(|known| known.source == sender.source) {
            let message =
                format!("the senders {} and {} have one source", shown(&known.name), shown(&sender.name));
            table.mistake("source", message, "one number has one rate: put both into one sender");
        }
        senders.push(sender);
    }
    senders
}

/// One table of `[[senders]]`.
pub(super) struct SenderTable<'r, 'p> {
    reader: &'r mut Reader<'p>,
    node: Node,
}

impl SenderTable<'_, '_> {
    pub(super) fn mistake(&mut self, key: &str, message: impl Into<String>, hint: &str) {
        let place = self.place(key);
        self.reader.mistake(place, message, hint);
    }

    fn place(&self, key: &str) -> Option<SourceSpan> {
        self.node.get(key).and_then(|node| node.place).or(self.node.place)
    }

    /// Names, kinds and presence of its keys.
    fn check(&mut self) {
        let Value::Table(entries) = &self.node.value else { return };
        let known = || SENDER_KEYS.iter().map(|key| name(key.path));
        let mut problems: Vec<Problem> = Vec::new();
        for TableEntry { name: given, place, node } in entries {
            match SENDER_KEYS.iter().find(|key| name(key.path) == given) {
                None => {
                    let problem = Problem::new(*place, format!("unknown key `{given}` in [[senders]]"));
                    problems.push(problem.hint(match nearest(given, known()) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => format!("a sender has {}", known().collect::<Vec<_>>().join(", ")),
                    }));
                }
                Some(key) if !fits(&node.value, key.kind) => {
                    let problem =
                        Problem::new(node.place, format!("`{}` must be {}", key.path, key.kind.words()));
                    problems.push(problem.hint(format!("such as `{}`", key.example())));
                }
                Some(_) => {}
            }
        }
        for key in SENDER_KEYS {
            if key.need == Need::Required && self.node.get(name(key.path)).is_none() {
                let problem = Problem::new(self.node.place, format!("`{}` is missing", key.path));
                let hint =
                    format!("below [[senders]]: `{}` ({})", key.example(), key.doc.trim_end_matches('.'));
                problems.push(problem.hint(hint));
            }
        }
        problems.into_iter().for_each(|problem| self.reader.problems.push(problem));
    }

    /// The value of a key, if it is of its kind.
    fn value(&self, wanted: &str) -> Option<&Value> {
        let key = SENDER_KEYS.iter().find(|key| name(key.path) == wanted)?;
        self.node.get(wanted).map(|node| &node.value).filter(|value| fits(value, key.kind))
    }

    pub(super) fn text(&self, key: &str) -> Option<String> {
        match self.value(key)? {
            Value::Text(text) => Some(text.trim().to_owned()),
            _ => None,
        }
    }

    pub(super) fn integer(&self, key: &str) -> Option<u64> {
        match self.value(key)? {
            Value::Integer(integer) => u64::try_from(*integer).ok(),
            _ => None,
        }
    }

    pub(super) fn amount(&self, key: &str) -> Option<f64> {
        self.value(key).and_then(number)
    }

    fn sender(&mut self, account: Option<SenderAccount>) -> Option<Sender> {
        let (name, source) = (self.text("name")?, self.text("source")?);
        if name.is_empty() || name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
            let message = format!(
                "`senders.name` must be 1 to {LONGEST_NAME} characters, none of them a control character"
            );
            self.mistake("name", message, "such as \"short-code\"");
        }
        let burst =
            self.integer("burst").and_then(|burst| u32::try_from(burst).ok()).and_then(NonZeroU32::new);
        let rate = self.amount("parts_per_second").map(|per_second| PartRate::of(per_second, burst));
        if rate.is_none() && burst.is_some() {
            self.mistake(
                "burst",
                "`senders.burst` needs a rate",
                "set parts_per_second as well, or leave burst out",
            );
        }
        let zone = self.zone();
        let per_day = self.integer("per_day").map(|most| DailyCap { most, zone });
        Some(Sender {
            name,
            source,
            rate,
            per_day,
            countries: self.countries(),
            weight: self.amount("weight").unwrap_or(1.0),
            on_halt: self.text("on_halt").map(|rule| HaltRule::named(&rule)).unwrap_or_default(),
            account,
        })
    }

    fn zone(&mut self) -> TimeZone {
        let text = self.text("zone").unwrap_or_else(|| DAY_ZONE.to_owned());
        let zone = match parse_zone(&text) {
            Ok(zone) => zone.zones().next(),
            Err(reason) => {
                self.mistake("zone", format!("`senders.zone`: {reason}"), "such as America/Los_Angeles");
                None
            }
        };
        zone.unwrap_or(TimeZone::UTC)
    }

    fn countries(&mut self) -> Vec<Region> {
        let mut countries = Vec::new();
        let Some(Value::List(list)) = self.value("countries") else { return countries };
        let mut unknown = Vec::new();
        for node in list {
            let Value::Text(code) = &node.value else { continue };
            match Region::parse(code.trim()) {
                Some(region) if !countries.contains(&region) => countries.push(region),
                Some(_) => {}
                None => unknown.push((node.place, code.clone())),
            }
        }
        for (place, code) in unknown {
            let message = format!("`senders.countries` has {}, which is no country", shown(&code));
            self.reader.mistake(place, message, "two letters of ISO 3166-1, such as \"US\"");
        }
        countries
    }

    /// Its source is an ARN, and lives where the campaign does, unless it has an instance of its own.
    fn source(&mut self, sender: &Sender, connect: &ConnectSettings) {
        let hint = "the Connect ARN is on the number's page (Channels, Phone numbers), and in `aws connect list-phone-numbers-v2`";
        let home = match arn::phone_number(&sender.source) {
            Ok(home) => home,
            Err(mistake) => return self.mistake("source", format!("`senders.source` {mistake}"), hint),
        };
        if sender.account.is_some() || self.node.get("instance_id").is_some() {
            return;
        }
        if let Some(region) = connect.region.as_ref().filter(|region| **region != home.region) {
            let message =
                format!("`senders.source` is in the Region {}, and the campaign in {region}", home.region);
            let hint = "a sender in another Region has instance_id and contact_flow_id of its own";
            self.mistake("source", message, hint);
        }
        if let Some(account) = connect.account.as_ref().filter(|account| **account != home.account) {
            let message =
                format!("`senders.source` is of account {}, and the campaign of {account}", home.account);
            let hint = "a sender of another account has instance_id, contact_flow_id and profile of its own";
            self.mistake("source", message, hint);
        }
    }
}

/// The last part of a path.
fn name(path: &'static str) -> &'static str {
    path.rsplit('.').next().unwrap_or(path)
}

/// Whether a value is a list of tables.
pub(super) fn is_list_of_tables(value: &Value) -> bool {
    let table = |node: &Node| matches!(node.value, Value::Table(_));
    matches!(value, Value::List(list) if !list.is_empty() && list.iter().all(table))
}
