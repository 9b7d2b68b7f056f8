//! What the world answers to searches and lists, and how a contact is stopped.
//!
//! Pages hold at most 100 entries; a token is the place of the next one. Searches find a contact once its index has it, by its
//! instance, its times and the attributes that could be searched when it started.

use serde_json::{Value, json};

use super::clock::WorldTime;
use super::describe::{disconnect_reason, epoch_seconds, find, instance_summary, number_summary};
use super::log::Log;
use super::operation::Operation;
use super::records::Contact;
use super::refusal::Refusal;
use super::resources::{Scene, bare};
use super::wire::{Answer, WireRequest};

/// Most entries of a page.
const PAGE: usize = 100;
/// Most values of an attribute that a search names.
const MOST_VALUES: usize = 20;
/// The instance that lists show where every UUID is one.
const MADE_UP: &str = "00000000-0000-4000-8000-000000000000";

/// Whether an operation is answered here.
pub(super) fn answers(operation: &Operation) -> bool {
    matches!(
        operation,
        Operation::SearchContacts
            | Operation::GetContactAttributes { .. }
            | Operation::ListInstances
            | Operation::ListContactFlows { .. }
            | Operation::ListPhoneNumbersV2
    )
}

/// Answers a search or a list.
pub(super) fn look_up(
    operation: &Operation,
    now: WorldTime,
    wire: &WireRequest<'_>,
    scene: Scene<'_>,
    log: &Log,
) -> Result<Answer, Refusal> {
    match operation {
        Operation::SearchContacts => search(now, &body(wire)?, scene, log),
        Operation::GetContactAttributes { instance_id, contact_id } => {
            let instance_id = scene.instance(instance_id)?;
            let contact = find(log, instance_id, contact_id)?;
            Ok(Answer::ok(&json!({ "Attributes": contact.attributes() })))
        }
        Operation::ListInstances => {
            let ids = known(&scene.config.instance_ids, ":instance/", MADE_UP);
            let entries = ids.iter().map(|id| instance_summary(id, scene)).collect();
            page("InstanceSummaryList", entries, &query(wire))
        }
        Operation::ListContactFlows { instance_id } => {
            let instance_id = scene.instance(instance_id)?;
            let ids = known(&scene.config.contact_flow_ids, "/contact-flow/", MADE_UP);
            let flow = &scene.config.account.flow;
            let entries = ids.iter().map(|id| {
                json!({
                    "Id": id,
                    "Arn": scene.arn(&format!("instance/{instance_id}/contact-flow/{id}")),
                    "Name": "Simulated flow",
                    "ContactFlowType": flow.kind,
                    "ContactFlowState": flow.state,
                    "ContactFlowStatus": if flow.status == "NEVER" { "SAVED" } else { &flow.status },
                })
            });
            page("ContactFlowSummaryList", entries.collect(), &query(wire))
        }
        Operation::ListPhoneNumbersV2 => {
            let made_up = scene.arn(&format!("phone-number/{MADE_UP}"));
            let arns = known(&scene.config.sources, "\0", &made_up);
            let entries = arns.iter().map(|arn| number_summary(arn, scene)).collect();
            page("ListPhoneNumbersSummaryList", entries, &body(wire)?)
        }
        other => Err(Refusal::unknown_operation(other.name())),
    }
}

/// The contact that a `StopContact` names, if it is still active.
pub(super) fn to_stop(
    now: WorldTime,
    wire: &WireRequest<'_>,
    scene: Scene<'_>,
    log: &Log,
) -> Result<Contact, Refusal> {
    let body = body(wire)?;
    let instance_id = scene.instance(text(&body, "InstanceId")?)?;
    let contact = find(log, instance_id, text(&body, "ContactId")?)?;
    if contact.ends_at <= now {
        return Err(Refusal::contact_gone(
            "The contact with the specified ID is not active or does not exist.",
        ));
    }
    Ok(contact.clone())
}

/// What is configured, by id, or the one that is made up.
fn known(configured: &[String], marker: &str, made_up: &str) -> Vec<String> {
    match configured {
        [] => vec![made_up.to_owned()],
        configured => configured.iter().map(|id| bare(id, marker).to_owned()).collect(),
    }
}

fn body(wire: &WireRequest<'_>) -> Result<Value, Refusal> {
    match serde_json::from_slice(&wire.body) {
        Ok(Value::Object(body)) => Ok(Value::Object(body)),
        _ => Err(Refusal::unreadable_body("The body is not a JSON object.")),
    }
}

/// The parameters of a list, which stand in the path's query.
fn query(wire: &WireRequest<'_>) -> Value {
    let query = wire.target.split_once('?').map_or("", |(_, query)| query);
    let field = |name: &str| query.split('&').find_map(|field| field.strip_prefix(name)?.strip_prefix('='));
    json!({
        "MaxResults": field("maxResults").and_then(|most| most.parse::<u64>().ok()),
        "NextToken": field("nextToken"),
    })
}

fn text<'b>(body: &'b Value, member: &str) -> Result<&'b str, Refusal> {
    let found = body.get(member).and_then(Value::as_str);
    found.ok_or_else(|| Refusal::invalid(format!("{member} must not be null")))
}

/// One page of the entries.
fn page(member: &str, mut entries: Vec<Value>, asked: &Value) -> Result<Answer, Refusal> {
    let most = asked.get("MaxResults").and_then(Value::as_u64).map_or(PAGE, |most| most as usize);
    let from = match asked.get("NextToken").and_then(Value::as_str) {
        None => 0,
        Some(token) => {
            token.parse::<usize>().map_err(|_| Refusal::invalid("NextToken is not one of this service's."))?
        }
    };
    if !(1..=1000).contains(&most) {
        return Err(Refusal::invalid("MaxResults must be between 1 and 1000."));
    }
    let total = entries.len();
    let entries: Vec<Value> = entries.drain(from.min(total)..).take(most.min(PAGE)).collect();
    let next = from.saturating_add(entries.len());
    let mut answer = json!({});
    answer[member] = Value::Array(entries);
    if next < total {
        answer["NextToken"] = json!(next.to_string());
    }
    if member == "Contacts" {
        answer["TotalCount"] = json!(total);
    }
    Ok(Answer::ok(&answer))
}

/// What a search asks for.
struct Search<'s> {
    instance_id: &'s str,
    from: f64,
    until: f64,
    /// Chats that have not ended only.
    open: bool,
    /// Contacts that started later are not in the index yet.
    indexed_until: WorldTime,
    /// Key and values of each attribute.
    attributes: Vec<(String, Vec<String>)>,
}

fn search(now: WorldTime, body: &Value, scene: Scene<'_>, log: &Log) -> Result<Answer, Refusal> {
    let range = body.get("TimeRange").ok_or_else(|| Refusal::invalid("TimeRange must not be null"))?;
    let moment = |member: &str| {
        let moment = range.get(member).and_then(Value::as_f64);
        moment.ok_or_else(|| Refusal::invalid(format!("TimeRange.{member} must not be null")))
    };
    let criteria = body.get("SearchCriteria").unwrap_or(&Value::Null);
    let search = Search {
        instance_id: scene.instance(text(body, "InstanceId")?)?,
        from: moment("StartTime")?,
        until: moment("EndTime")?,
        open: criteria.to_string().contains("NOT_EXISTS"),
        indexed_until: WorldTime(now.0.saturating_sub(u64::from(scene.config.account.index_delay) * 1000)),
        attributes: attributes(criteria, scene)?,
    };
    let busy = if search.open { scene.config.account.busy_chats as usize } else { 0 };
    let found = log.contacts().iter().filter(|contact| search.finds(contact, now));
    let mut entries: Vec<Value> = found.map(|contact| summary(contact, now, scene)).collect();
    entries.extend((0..busy).map(|_| json!({"Id": MADE_UP, "Channel": "CHAT"})));
    page("Contacts", entries, body)
}

/// The attributes that a search names. The service finds contacts by those that the instance indexes only.
fn attributes(criteria: &Value, scene: Scene<'_>) -> Result<Vec<(String, Vec<String>)>, Refusal> {
    let pointer = "/SearchableContactAttributes/Criteria";
    let named = criteria.pointer(pointer).and_then(Value::as_array).cloned().unwrap_or_default();
    let mut attributes = Vec::new();
    for one in &named {
        let key = text(one, "Key")?;
        if !scene.config.account.searchable.contains(key) {
            let message = format!("The contact attribute {key} is not configured as searchable.");
            return Err(Refusal::invalid_parameter(message));
        }
        let values = one.get("Values").and_then(Value::as_array).cloned().unwrap_or_default();
        if values.len() > MOST_VALUES {
            let message =
                format!("Values of the contact attribute {key} must have at most {MOST_VALUES} elements.");
            return Err(Refusal::invalid_parameter(message));
        }
        let values = values.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        attributes.push((key.to_owned(), values));
    }
    Ok(attributes)
}

impl Search<'_> {
    fn finds(&self, contact: &Contact, now: WorldTime) -> bool {
        let started = epoch_seconds(contact.created_at);
        contact.instance_id == self.instance_id
            && (self.from..=self.until).contains(&started)
            && contact.created_at <= self.indexed_until
            && !(self.open && contact.ends_at <= now)
            && (self.attributes.is_empty() || {
                let known = contact.attributes();
                self.attributes.iter().all(|(key, values)| {
                    contact.searchable.contains(key)
                        && known.get(key).is_some_and(|value| values.contains(value))
                })
            })
    }
}

fn summary(contact: &Contact, now: WorldTime, scene: Scene<'_>) -> Value {
    let mut summary = json!({
        "Arn": scene.arn(&format!("instance/{}/contact/{}", contact.instance_id, contact.id)),
        "Id": contact.id.to_string(),
        "InitiationMethod": "API",
        "Channel": "CHAT",
        "InitiationTimestamp": epoch_seconds(contact.created_at),
    });
    if contact.ends_at <= now {
        summary["DisconnectTimestamp"] = json!(epoch_seconds(contact.ends_at));
        summary["DisconnectReason"] =
            json!(disconnect_reason(contact, contact.request().chat_duration_in_minutes));
    }
    summary
}
