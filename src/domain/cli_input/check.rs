//! What a definition would be refused for, in the same words: checked before the one request leaves.
//!
//! The members go out as they were given; nothing is rewritten. Members have the types of the service model by now.

use serde_json::{Map, Value};

use crate::domain::arn::{self, Home};
use crate::domain::message::content::{Channel, ContentType, MessageEncoding};
use crate::domain::message::limits::{self, Member, Rules, is_attribute_key, is_segment_key};
use crate::domain::phone::{self, PhoneDoubt, PhoneRejection};
use crate::domain::problem::Problem;

/// The segment attribute that says what the channel is.
const SUBTYPE: &str = "connect:Subtype";
/// Deepest nesting of segment attributes.
const DEEPEST: usize = 8;
/// Most characters of a client token. Source: the service model.
const LONGEST_TOKEN: usize = 500;

/// Where the limits are.
const HINT_LIMITS: &str = "docs/api-members.md has what each member may be";

/// A request that may be sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked {
    /// Its members, without the client token.
    pub members: Map<String, Value>,
    /// The client token that was given.
    pub client_token: Option<String>,
    /// The bare id of the instance.
    pub instance_id: String,
    /// The number, E.164.
    pub destination: String,
    /// The Region that the ARNs are in.
    pub region: Option<String>,
    /// What is no reason to refuse it, and should be known.
    pub notes: Vec<String>,
}

impl Checked {
    /// The body with this client token: JSON, members in alphabetical order.
    #[must_use]
    pub fn body(&self, client_token: &str) -> Vec<u8> {
        let mut members = self.members.clone();
        members.insert("ClientToken".to_owned(), Value::from(client_token));
        serde_json::to_vec(&members).expect("JSON serializes")
    }
}

/// Checks members that fit the service model. `region` is the one that was asked for.
///
/// # Errors
/// Every mistake.
pub fn check(
    mut members: Map<String, Value>,
    region: Option<&str>,
    allow_landlines: bool,
) -> Result<Checked, Vec<Problem>> {
    let client_token = members.remove("ClientToken").and_then(|token| Some(token.as_str()?.to_owned()));
    let mut checks = Checks { members: &members, problems: Vec::new(), notes: Vec::new() };
    let (instance_id, instance_home) = checks.instance();
    let home = [checks.home_of_source(), instance_home].into_iter().flatten().next();
    if let Some(home) = home.as_ref().filter(|home| !is_region(&home.region)) {
        let message = format!("an ARN names no Region: {:?}", home.region);
        checks.refuse(message, "take the ARN from the AWS console");
    }
    let rules = Rules {
        channel: checks.channel(),
        content_type: checks.content_type(),
        encoding: MessageEncoding::AsIs,
        instance_id: instance_id.clone(),
        region: region.map(str::to_owned).or_else(|| home.as_ref().map(|home| home.region.clone())),
    };
    checks.endpoints(&rules);
    let destination = checks.destination(allow_landlines);
    checks.text("ContactFlowId", &Member::Flow, &rules);
    checks.segments(&rules);
    checks.attributes(&rules);
    checks.duration();
    checks.message(&rules);
    checks.templated(&rules);
    checks.text("ParticipantDetails.DisplayName", &Member::DisplayName, &rules);
    checks.text("RelatedContactId", &Member::RelatedContact, &rules);
    checks.supported();
    checks.token(client_token.as_deref());
    let Checks { problems, notes, .. } = checks;
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok(Checked {
        members,
        client_token,
        instance_id,
        destination,
        region: home.map(|home| home.region),
        notes,
    })
}

fn is_region(region: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    region.contains('-') && region.bytes().all(plain)
}

struct Checks<'a> {
    members: &'a Map<String, Value>,
    problems: Vec<Problem>,
    notes: Vec<String>,
}

impl<'a> Checks<'a> {
    fn at(&self, path: &str) -> Option<&'a Value> {
        let mut parts = path.split('.');
        let first = self.members.get(parts.next()?)?;
        parts.try_fold(first, |value, name| value.get(name))
    }

    fn text_at(&self, path: &str) -> Option<&'a str> {
        self.at(path)?.as_str()
    }

    fn refuse(&mut self, message: impl Into<String>, hint: &str) {
        self.problems.push(Problem::new(None, message).hint(hint));
    }

    /// A text with limits of its own.
    fn text(&mut self, path: &str, member: &Member, rules: &Rules) {
        if let Some(text) = self.text_at(path) {
            self.limited(path, member, rules, text);
        }
    }

    fn limited(&mut self, path: &str, member: &Member, rules: &Rules, text: &str) {
        if let Err(breach) = limits::settle(member, rules, text) {
            self.refuse(format!("`{path}` {}", breach.limit), HINT_LIMITS);
        }
    }

    fn instance(&mut self) -> (String, Option<Home>) {
        let text = self.text_at("InstanceId").unwrap_or_default();
        arn::instance(text).unwrap_or_else(|mistake| {
            let hint =
                "the instance's page in the AWS console shows its ARN; so does `aws connect list-instances`";
            self.refuse(format!("`InstanceId` {mistake}"), hint);
            Default::default()
        })
    }

    fn home_of_source(&self) -> Option<Home> {
        arn::phone_number(self.text_at("SourceEndpoint.Address")?).ok()
    }

    fn endpoints(&mut self, rules: &Rules) {
        for (endpoint, wanted) in
            [("SourceEndpoint", "CONNECT_PHONENUMBER_ARN"), ("DestinationEndpoint", "TELEPHONE_NUMBER")]
        {
            match self.text_at(&format!("{endpoint}.Type")) {
                Some(kind) if kind == wanted => {}
                Some(kind) => {
                    self.refuse(
                        format!("`{endpoint}.Type` must be {wanted}, not {kind}"),
                        "the operation takes no other type",
                    );
                }
                None => self.refuse(format!("`{endpoint}.Type` is missing"), &format!("it is {wanted}")),
            }
        }
        match self.text_at("SourceEndpoint.Address") {
            Some(address) => self.limited("SourceEndpoint.Address", &Member::Source, rules, address),
            None => self
                .refuse("`SourceEndpoint.Address` is missing", "it is the Connect ARN of the phone number"),
        }
    }

    fn destination(&mut self, allow_landlines: bool) -> String {
        let Some(address) = self.text_at("DestinationEndpoint.Address") else {
            self.refuse(
                "`DestinationEndpoint.Address` is missing",
                "it is the number: + and the country code, then digits alone",
            );
            return String::new();
        };
        match phone::parse(address, None) {
            Err(rejection) => self.refuse(
                format!("`DestinationEndpoint.Address`: {rejection}"),
                "write it as E.164: + and the country code, then digits alone",
            ),
            Ok(phone) if phone.number.as_str() != address => self.refuse(
                "`DestinationEndpoint.Address` is not written as E.164",
                "write + and the country code, then digits alone: the service takes no other form",
            ),
            Ok(phone) => match phone.reachable(allow_landlines) {
                Ok(()) => {
                    if phone.doubt() == Some(PhoneDoubt::TollFree) {
                        let note = "the number is free for the caller: hardly anybody reads messages there";
                        self.notes.push(note.to_owned());
                    }
                    return address.to_owned();
                }
                Err(PhoneRejection::Landline) => self.refuse(
                    "`DestinationEndpoint.Address`: the phone number is a landline, which cannot take a message",
                    "give a mobile number, or allow landlines: docs/single-contact.md",
                ),
                Err(rejection) => self.refuse(
                    format!("`DestinationEndpoint.Address`: {rejection}"),
                    "it is not a number that takes messages",
                ),
            },
        }
        String::new()
    }

    fn channel(&self) -> Channel {
        match self.text_at(&format!("SegmentAttributes.{SUBTYPE}.ValueString")) {
            Some(subtype) if subtype == Channel::WhatsApp.subtype() => Channel::WhatsApp,
            _ => Channel::Sms,
        }
    }

    fn content_type(&self) -> ContentType {
        let name = self.text_at("InitialSystemMessage.ContentType");
        name.and_then(ContentType::parse).unwrap_or(ContentType::Plain)
    }

    fn segments(&mut self, rules: &Rules) {
        let Some(Value::Object(segments)) = self.at("SegmentAttributes") else { return };
        let subtype = segments.get(SUBTYPE).and_then(|value| value.get("ValueString")?.as_str());
        let known = [Channel::Sms, Channel::WhatsApp].map(Channel::subtype);
        if !subtype.is_some_and(|subtype| known.contains(&subtype)) {
            self.refuse(
                format!("`SegmentAttributes` must say what the channel is: `{SUBTYPE}` with the ValueString {} or {}", known[0], known[1]),
                "add connect:Subtype={ValueString=connect:SMS}",
            );
        }
        self.segment_map(segments, "SegmentAttributes", rules, 1);
    }

    fn segment_map(&mut self, segments: &'a Map<String, Value>, path: &str, rules: &Rules, depth: usize) {
        for (name, value) in segments {
            if !is_segment_key(name) {
                self.refuse(
                    format!("`{name}` is no name for a segment attribute"),
                    "the API takes letters, digits, - and _, at most 128",
                );
            }
            self.segment(value, &format!("{path}.{name}"), rules, depth);
        }
    }

    fn segment(&mut self, value: &'a Value, path: &str, rules: &Rules, depth: usize) {
        let Value::Object(members) = value else { return };
        if depth > DEEPEST {
            self.refuse(
                format!("segment attributes are nested at most {DEEPEST} deep"),
                "lay what is deeper beside the rest",
            );
            return;
        }
        if members.len() != 1 {
            self.refuse(
                format!("`{path}` has {} values", members.len()),
                "a segment attribute has one: ValueString, ValueInteger, ValueMap, ValueList or ValueArn",
            );
        }
        for (name, value) in members {
            let path = format!("{path}.{name}");
            match value {
                Value::String(text) => self.limited(&path, &Member::Segment(path.clone()), rules, text),
                Value::Number(number)
                    if number.as_i64().and_then(|number| i32::try_from(number).ok()).is_none() =>
                {
                    self.refuse(
                        format!("`{path}` must be an integer of 32 bits"),
                        "write it as a ValueString",
                    );
                }
                Value::Object(inner) => self.segment_map(inner, &path, rules, depth + 1),
                Value::Array(list) => {
                    for (at, value) in list.iter().enumerate() {
                        self.segment(value, &format!("{path}[{at}]"), rules, depth + 1);
                    }
                }
                _ => {}
            }
        }
    }

    fn attributes(&mut self, rules: &Rules) {
        let Some(Value::Object(attributes)) = self.at("Attributes") else { return };
        for (name, value) in attributes {
            if !is_attribute_key(name) {
                self.refuse(
                    format!("`{name}` is no name for an attribute"),
                    "the API takes letters, digits, - and _",
                );
            }
            let text = value.as_str().unwrap_or_default();
            self.limited(&format!("Attributes.{name}"), &Member::Attribute(name.clone()), rules, text);
        }
        let bytes =
            attributes.iter().map(|(name, value)| name.len() + value.as_str().map_or(0, str::len)).sum();
        if let Err(breach) = limits::attributes_total(bytes) {
            self.refuse(format!("`Attributes` {}", breach.limit), HINT_LIMITS);
        }
    }

    fn duration(&mut self) {
        let minutes = self.at("ChatDurationInMinutes").and_then(Value::as_i64);
        if minutes.is_some_and(|minutes| !(60..=10_080).contains(&minutes)) {
            self.refuse(
                "`ChatDurationInMinutes` must be an integer from 60 to 10080",
                "leave it out for 25 hours",
            );
        }
    }

    fn message(&mut self, rules: &Rules) {
        let Some(name) = self.text_at("InitialSystemMessage.ContentType") else { return };
        if ContentType::parse(name).is_none() {
            let quoted: Vec<String> = ContentType::NAMES.iter().map(|name| format!("{name:?}")).collect();
            self.refuse(
                format!("`InitialSystemMessage.ContentType` must be one of {}", quoted.join(", ")),
                "text/plain is the one for SMS",
            );
        } else if rules.channel == Channel::Sms && rules.content_type != ContentType::Plain {
            self.refuse(
                format!("`InitialSystemMessage.ContentType` must be \"text/plain\" for SMS, not {name:?}"),
                "write text/plain, or take connect:WhatsApp for the connect:Subtype",
            );
        }
        self.text("InitialSystemMessage.Content", &Member::Message, rules);
        if self.at("InitialTemplatedSystemMessage").is_some() {
            self.refuse(
                "`InitialSystemMessage` and `InitialTemplatedSystemMessage` exclude each other",
                "a contact begins with one of them",
            );
        }
    }

    fn templated(&mut self, rules: &Rules) {
        const PATH: &str = "InitialTemplatedSystemMessage";
        for member in ["KnowledgeBaseId", "MessageTemplateId"] {
            let path = format!("{PATH}.{member}");
            if self.text_at(&path).is_some_and(|id| id.chars().count() > 500) {
                self.refuse(format!("`{path}` has more than 500 characters"), "name it by its id or ARN");
            }
        }
        let path = format!("{PATH}.TemplateAttributes.CustomAttributes");
        if let Some(Value::Object(attributes)) = self.at(&path) {
            for (name, value) in attributes {
                let text = value.as_str().unwrap_or_default();
                self.limited(
                    &format!("{path}.{name}"),
                    &Member::TemplateAttribute(name.clone()),
                    rules,
                    text,
                );
            }
        }
        let profile = format!("{PATH}.TemplateAttributes.CustomerProfileAttributes");
        self.text(&profile, &Member::CustomerProfile, rules);
    }

    fn supported(&mut self) {
        const PATH: &str = "SupportedMessagingContentTypes";
        let Some(Value::Array(types)) = self.at(PATH) else { return };
        let names: Vec<&str> = types.iter().filter_map(Value::as_str).collect();
        if names.iter().any(|name| !ContentType::SUPPORTED.contains(name)) {
            let quoted: Vec<String> = ContentType::SUPPORTED.iter().map(|name| format!("{name:?}")).collect();
            self.refuse(
                format!("each of `{PATH}` must be one of {}", quoted.join(", ")),
                "leave it out to have what the flow needs",
            );
        }
        if !names.contains(&"text/plain") {
            self.refuse(
                format!("`{PATH}` must contain \"text/plain\""),
                "add text/plain to the list, or leave it out",
            );
        }
    }

    fn token(&mut self, token: Option<&str>) {
        match token.map(|token| token.chars().count()) {
            Some(0) => self.refuse("`ClientToken` is empty", "leave it out to have one made"),
            Some(length) if length > LONGEST_TOKEN => {
                self.refuse(
                    format!("`ClientToken` has {length} characters; {LONGEST_TOKEN} are the most"),
                    "a UUID will do",
                );
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const INSTANCE: &str = "11111111-2222-3333-4444-555555555555";
    const HOME: &str = "arn:aws:connect:us-west-2:123456789012";

    fn request() -> Value {
        json!({
            "SourceEndpoint": {"Type": "CONNECT_PHONENUMBER_ARN", "Address": format!("{HOME}:phone-number/{INSTANCE}")},
            "DestinationEndpoint": {"Type": "TELEPHONE_NUMBER", "Address": "+12025550143"},
            "InstanceId": INSTANCE,
            "SegmentAttributes": {"connect:Subtype": {"ValueString": "connect:SMS"}},
            "ContactFlowId": "f-1",
        })
    }

    fn checked(value: &Value) -> Result<Checked, String> {
        check(value.as_object().unwrap().clone(), None, false)
            .map_err(|problems| problems.iter().map(|problem| format!("{}\n", problem.message)).collect())
    }

    #[test]
    fn members_go_out_as_they_were_given() {
        let mut given = request();
        given["InstanceId"] = json!(format!("{HOME}:instance/{INSTANCE}"));
        given["Attributes"] = json!({});
        given["ClientToken"] = json!("mine");
        let checked = checked(&given).unwrap();
        assert_eq!((checked.instance_id.as_str(), checked.region.as_deref()), (INSTANCE, Some("us-west-2")));
        assert_eq!(checked.client_token.as_deref(), Some("mine"));
        let body: Value = serde_json::from_slice(&checked.body("mine")).unwrap();
        assert_eq!(body, given);
    }

    #[test]
    fn a_landline_is_let_through_where_it_is_meant_and_a_free_number_is_told() {
        let mut request = request();
        request["DestinationEndpoint"]["Address"] = json!("+442079460958");
        assert!(check(request.as_object().unwrap().clone(), None, true).unwrap().notes.is_empty());
        request["DestinationEndpoint"]["Address"] = json!("+18005550143");
        assert_eq!(checked(&request).unwrap().notes.len(), 1);
    }

    /// One mistake each, and the words that a definition is refused with.
    #[test]
    fn each_mistake_has_the_words_of_the_definition() {
        let long = |length: usize| json!("a".repeat(length));
        let nested = (0..8).fold(json!({"ValueString": "x"}), |inner, _| json!({"ValueMap": {"a": inner}}));
        let mut told = String::new();
        for (path, value) in [
            ("/InstanceId", json!("my instance")),
            ("/ContactFlowId", json!(format!("{HOME}:instance/other/contact-flow/f"))),
            (
                "/ContactFlowId",
                json!(format!("arn:aws:connect:eu-west-2:123456789012:instance/{INSTANCE}/contact-flow/f")),
            ),
            (
                "/SourceEndpoint/Address",
                json!(format!("arn:aws:sms-voice:us-west-2:123456789012:phone-number/{INSTANCE}")),
            ),
            ("/SourceEndpoint/Type", json!("TELEPHONE_NUMBER")),
            ("/SourceEndpoint", json!({})),
            ("/DestinationEndpoint", json!({"Type": "VOIP"})),
            ("/DestinationEndpoint/Address", json!("2025550143")),
            ("/DestinationEndpoint/Address", json!("+1 202 555 0143")),
            ("/DestinationEndpoint/Address", json!("+442079460958")),
            ("/DestinationEndpoint/Address", json!("+19002345678")),
            ("/SegmentAttributes", json!({})),
            ("/SegmentAttributes/connect:Subtype/ValueString", json!("connect:Guide")),
            ("/SegmentAttributes/a b", json!({"ValueString": "x"})),
            ("/SegmentAttributes/a", json!({"ValueString": "x", "ValueInteger": 1})),
            ("/SegmentAttributes/a", json!({})),
            ("/SegmentAttributes/a", json!({"ValueInteger": 2_147_483_648_i64})),
            ("/SegmentAttributes/a", json!({"ValueString": long(1025)})),
            ("/SegmentAttributes/a", nested),
            ("/Attributes", json!({"größe": "x"})),
            ("/Attributes", json!({"a": long(32_767), "b": "x"})),
            ("/Attributes", json!({"a": long(32_768)})),
            ("/ChatDurationInMinutes", json!(10_081)),
            ("/ParticipantDetails", json!({"DisplayName": long(257)})),
            ("/InitialSystemMessage", json!({"ContentType": "text/html", "Content": "x"})),
            ("/InitialSystemMessage", json!({"ContentType": "text/markdown", "Content": "x"})),
            ("/InitialSystemMessage", json!({"ContentType": "text/plain", "Content": " "})),
            ("/InitialSystemMessage", json!({"ContentType": "text/plain", "Content": long(1025)})),
            (
                "/InitialTemplatedSystemMessage",
                json!({"KnowledgeBaseId": long(501), "TemplateAttributes": {"CustomerProfileAttributes": "{"}}),
            ),
            ("/RelatedContactId", long(257)),
            ("/SupportedMessagingContentTypes", json!(["text/html"])),
            ("/ClientToken", json!("")),
            ("/ClientToken", long(501)),
        ] {
            let mut wrong = request();
            let (parent, name) = path.rsplit_once('/').unwrap();
            let parent = wrong.pointer_mut(parent).unwrap().as_object_mut().unwrap();
            parent.insert(name.to_owned(), value);
            told += &checked(&wrong).expect_err(path);
        }
        insta::assert_snapshot!(told);
    }

    #[test]
    fn both_messages_are_one_too_many_and_whatsapp_takes_other_types() {
        let mut both = request();
        both["InitialSystemMessage"] = json!({"ContentType": "text/markdown", "Content": "*Hi*"});
        both["SegmentAttributes"]["connect:Subtype"]["ValueString"] = json!("connect:WhatsApp");
        assert!(checked(&both).is_ok());
        both["InitialTemplatedSystemMessage"] =
            json!({"KnowledgeBaseId": "k", "MessageTemplateId": "t", "TemplateAttributes": {}});
        assert!(checked(&both).unwrap_err().contains("exclude each other"));
    }
}
