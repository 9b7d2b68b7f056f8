//! A definition from what there is already: a request that works, a file of people, or both.
//!
//! What is proposed and not certain says so in a comment. The text is a definition that parses; the caller checks that.

mod sample;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::{Map, Value};

use self::sample::{Guess, is_key_name, quoted, word};
pub use self::sample::{Sample, column_of_number};
use crate::domain::table::header::fold;

/// Nobody is disturbed at night, unless somebody decides so.
const HOURS: &str = "\n[hours]\n# From when to when, by the clock where the recipient is. Without these lines: at any hour.\n\
                     open = \"08:00-21:00\"\n";

/// A name of a table's key.
fn key(name: &str) -> String {
    let bare = !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if bare { name.to_owned() } else { quoted(name) }
}

/// A text that a template renders as it is.
fn literal(text: &str) -> String {
    let mut literal = String::new();
    let mut rest = text;
    while let Some(at) = ["{{", "{%", "{#"].iter().filter_map(|mark| rest.find(mark)).min() {
        let (mark, behind) = rest[at..].split_at(2);
        let _ = write!(literal, "{}{{{{ '{mark}' }}}}", &rest[..at]);
        rest = behind;
    }
    literal + rest
}

/// The definition for a file of people. What to send, and from where, is left to fill in.
#[must_use]
pub fn from_file(sample: &Sample) -> String {
    let guess = sample.guess();
    let mut text = format!(
        "#:schema campaign.schema.json\n# Made from the columns of {}. Lines with (?) are guesses: look them over, then\n\
         # set [connect] and the message.\n\n[connect]\n\
         instance_id = \"11111111-2222-3333-4444-555555555555\"\n\
         contact_flow_id = \"66666666-7777-8888-9999-000000000000\"\n\
         # The Connect ARN of the phone number that sends.\n\
         source = \"arn:aws:connect:us-west-2:123456789012:phone-number/aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee\"\n\n",
        sample.file
    );
    recipients(sample, &guess, &mut text);
    text.push_str("\n[contact]\n");
    let name =
        ["first_name", "given_name", "name", "full_name"].iter().find_map(|name| sample.column_named(name));
    match name.and_then(|column| sample.placeholder(column)) {
        Some(name) => {
            let name = name.replace(" }}", " | default('there') }}");
            let _ = writeln!(text, "# (?) The text that is sent.\nmessage = \"Hi {name}, ...\"");
        }
        None => text.push_str("# (?) The text that is sent.\nmessage = \"Hi, ...\"\n"),
    }
    let others = (0..sample.header.names().len()).filter(|column| Some(*column) != guess.phone);
    let attributes: Vec<String> = others
        .filter_map(|column| {
            let placeholder = sample.placeholder(column)?;
            let name = sample.header.names()[column].trim();
            let name = word(name).unwrap_or_else(|| quoted(name));
            Some(format!("{name} = {}", quoted(&placeholder)))
        })
        .collect();
    if !attributes.is_empty() {
        let _ = writeln!(
            text,
            "# What the flow reads as $.Attributes.NAME; \"all\" makes every column an attribute.\n# attributes = {{ {} }}",
            attributes.join(", ")
        );
    }
    text + HOURS
}

fn recipients(sample: &Sample, guess: &Guess, text: &mut String) {
    let name = |column: usize| quoted(&sample.header.names()[column]);
    text.push_str("[recipients]\n");
    match guess.phone {
        Some(column) => drop(writeln!(text, "phone = {}", name(column))),
        None => {
            let columns: Vec<_> = (0..sample.header.names().len()).map(name).collect();
            let first = columns.first().cloned().unwrap_or_else(|| "\"phone\"".to_owned());
            let _ = writeln!(
                text,
                "# (?) No column has phone numbers. The file has: {}\nphone = {first}",
                columns.join(", ")
            );
        }
    }
    match guess.keys.as_slice() {
        [] => text.push_str(
            "# No column has another value in each row: the number itself tells recipients apart.\n",
        ),
        [first, others @ ..] => {
            if is_key_name(&fold(&sample.header.names()[*first])) {
                let _ = writeln!(
                    text,
                    "# (?) The column that identifies a row; the same key is never sent to twice.\nkey = {}",
                    name(*first)
                );
            } else {
                let _ = writeln!(
                    text,
                    "# (?) The column that identifies a row; without it the number itself does.\n# key = {}",
                    name(*first)
                );
            }
            let others: Vec<_> = others.iter().map(|column| name(*column)).collect();
            if !others.is_empty() {
                let _ = writeln!(text, "# These have another value in each row, too: {}", others.join(", "));
            }
        }
    }
    if let Some(region) = guess.region {
        let _ = writeln!(
            text,
            "# (?) The country of numbers without +: most of {} rows are valid in {region}.\ndefault_region = \"{region}\"",
            sample.rows.len()
        );
    }
}

/// A request whose texts become templates where a column has them.
struct Bridge<'a> {
    request: &'a Map<String, Value>,
    sample: Option<&'a Sample>,
    /// The cells of the person that the request is for, the longest first.
    person: Vec<PersonCell<'a>>,
    /// What was found in more than one column, and which was taken.
    doubts: BTreeSet<String>,
}

/// A text of the person's row that stands out enough to be looked for.
struct PersonCell<'a> {
    text: &'a str,
    placeholder: String,
    /// The columns that have it.
    columns: Vec<&'a str>,
}

impl PersonCell<'_> {
    /// Whether a text begins with this one, and not within a word of it.
    fn begins(&self, text: &str) -> bool {
        let is_word = |c: char| c.is_alphanumeric();
        let behind = text.strip_prefix(self.text);
        behind.is_some_and(|behind| !(self.text.ends_with(is_word) && behind.starts_with(is_word)))
    }

    /// The names of its columns.
    fn named(&self) -> String {
        let names: Vec<String> = self.columns.iter().map(|name| quoted(name)).collect();
        names.join(" and ")
    }
}

/// The cells of a row, the longest first; each text once.
fn cells_of<'a>(sample: &'a Sample, row: &'a [String]) -> Vec<PersonCell<'a>> {
    let mut cells: Vec<PersonCell<'a>> = Vec::new();
    for ((column, cell), name) in row.iter().enumerate().zip(sample.header.names()) {
        let (text, Some(placeholder)) = (cell.trim(), sample.placeholder(column)) else { continue };
        match cells.iter_mut().find(|known| known.text == text) {
            Some(known) => known.columns.push(name),
            None if text.is_empty() => {}
            None => cells.push(PersonCell { text, placeholder, columns: vec![name] }),
        }
    }
    cells.sort_by_key(|cell| std::cmp::Reverse(cell.text.len()));
    cells
}

/// The definition that sends this request to the people of a file. A text of the request becomes a placeholder where a
/// column has its name (attributes) or, in the row with the request's number, its value.
#[must_use]
pub fn from_request(request: &Map<String, Value>, sample: Option<&Sample>) -> String {
    let mut bridge = Bridge { request, sample, person: Vec::new(), doubts: BTreeSet::new() };
    let mut text = "#:schema campaign.schema.json\n# Made from a request for one contact.\n".to_owned();
    if request.contains_key("ClientToken") {
        text.push_str("# Its ClientToken is left out: each row has one of its own.\n");
    }
    bridge.connect(&mut text);
    match sample {
        None => text.push_str("\n[recipients]\nphone = \"phone\"\n"),
        Some(sample) => {
            let mut guess = sample.guess();
            text.push('\n');
            match destination(request).and_then(|to| sample.find(to, guess.region)) {
                Some((row, column)) => {
                    guess.phone = Some(column);
                    bridge.person = cells_of(sample, row);
                }
                None => {
                    let _ = writeln!(
                        text,
                        "# (?) No row of {} has the request's number: its texts were not looked for in cells.",
                        sample.file
                    );
                }
            }
            recipients(sample, &guess, &mut text);
        }
    }
    let mut contact = String::new();
    bridge.contact(&mut contact);
    text.push('\n');
    for doubt in &bridge.doubts {
        let _ = writeln!(text, "# (?) {doubt}");
    }
    text + &contact + HOURS
}

/// The number that a request is for.
#[must_use]
pub fn destination(request: &Map<String, Value>) -> Option<&str> {
    request.get("DestinationEndpoint")?.get("Address")?.as_str()
}

impl<'a> Bridge<'a> {
    fn text_at(&self, path: &[&str]) -> Option<&'a str> {
        let (first, rest) = path.split_first()?;
        rest.iter().try_fold(self.request.get(*first)?, |value, name| value.get(name))?.as_str()
    }

    fn connect(&self, text: &mut String) {
        text.push_str("\n[connect]\n");
        for (name, path) in [
            ("instance_id", &["InstanceId"][..]),
            ("contact_flow_id", &["ContactFlowId"]),
            ("source", &["SourceEndpoint", "Address"]),
        ] {
            let value = self.text_at(path).unwrap_or_default();
            let _ = writeln!(text, "{name} = {}", quoted(&literal(value)));
        }
        if self.text_at(&["SegmentAttributes", "connect:Subtype", "ValueString"]) == Some("connect:WhatsApp")
        {
            text.push_str("channel = \"whatsapp\"\n");
        }
    }

    fn contact(&mut self, text: &mut String) {
        text.push_str("[contact]\n");
        if let Some(content) = self.text_at(&["InitialSystemMessage", "Content"]) {
            let content = quoted(&self.within(content));
            match self.text_at(&["InitialSystemMessage", "ContentType"]) {
                Some(kind) if kind != "text/plain" => {
                    let _ = writeln!(
                        text,
                        "message = {{ content_type = {}, content = {content} }}",
                        quoted(kind)
                    );
                }
                _ => drop(writeln!(text, "message = {content}")),
            }
        }
        self.table("attributes", self.request.get("Attributes"), text);
        for (name, path) in [
            ("display_name", &["ParticipantDetails", "DisplayName"][..]),
            ("related_contact_id", &["RelatedContactId"]),
        ] {
            if let Some(value) = self.text_at(path) {
                let _ = writeln!(text, "{name} = {}", quoted(&self.whole(value, None)));
            }
        }
        if let Some(minutes) = self.request.get("ChatDurationInMinutes") {
            let _ = writeln!(text, "chat_duration_minutes = {minutes}");
        }
        if let Some(types) = self.request.get("SupportedMessagingContentTypes") {
            let _ = writeln!(text, "supported_content_types = {types}");
        }
        self.segments(text);
        self.templated(text);
    }

    fn segments(&mut self, text: &mut String) {
        let Some(Value::Object(segments)) = self.request.get("SegmentAttributes") else { return };
        let parts: Vec<String> = segments
            .iter()
            .filter(|(name, _)| *name != "connect:Subtype")
            .filter_map(|(name, value)| Some(format!("{} = {}", key(name), self.segment(value)?)))
            .collect();
        if !parts.is_empty() {
            let _ = writeln!(text, "segment_attributes = {{ {} }}", parts.join(", "));
        }
        if Value::from(segments.clone()).to_string().contains("\"ValueArn\"") {
            text.push_str(
                "# (?) The request has a ValueArn, which a definition cannot set: it is left out.\n",
            );
        }
    }

    fn segment(&mut self, value: &Value) -> Option<String> {
        let (kind, value) = value.as_object()?.iter().next()?;
        match (kind.as_str(), value) {
            ("ValueString", Value::String(text)) => Some(quoted(&self.whole(text, None))),
            ("ValueInteger", number) => Some(number.to_string()),
            ("ValueMap", Value::Object(inner)) => {
                let parts: Vec<String> = inner
                    .iter()
                    .filter_map(|(name, value)| Some(format!("{} = {}", key(name), self.segment(value)?)))
                    .collect();
                Some(format!("{{ {} }}", parts.join(", ")))
            }
            ("ValueList", Value::Array(list)) => {
                let parts: Vec<String> = list.iter().filter_map(|value| self.segment(value)).collect();
                Some(format!("[{}]", parts.join(", ")))
            }
            _ => None,
        }
    }

    fn templated(&mut self, text: &mut String) {
        let Some(template) = self.request.get("InitialTemplatedSystemMessage") else { return };
        text.push_str("\n[contact.templated_message]\n");
        for (name, member) in [("knowledge_base_id", "KnowledgeBaseId"), ("template_id", "MessageTemplateId")]
        {
            let value = template.get(member).and_then(Value::as_str).unwrap_or_default();
            let _ = writeln!(text, "{name} = {}", quoted(value));
        }
        let attributes = template.get("TemplateAttributes");
        self.table("attributes", attributes.and_then(|all| all.get("CustomAttributes")), text);
        if let Some(profile) = attributes.and_then(|all| all.get("CustomerProfileAttributes")?.as_str()) {
            let _ = writeln!(text, "customer_profile = {}", quoted(&self.within(profile)));
        }
    }

    fn table(&mut self, name: &str, texts: Option<&Value>, text: &mut String) {
        let Some(Value::Object(texts)) = texts else { return };
        if texts.is_empty() {
            return;
        }
        let parts: Vec<String> = texts
            .iter()
            .map(|(name, value)| {
                let value = value.as_str().unwrap_or_default();
                format!("{} = {}", key(name), quoted(&self.whole(value, Some(name))))
            })
            .collect();
        let _ = writeln!(text, "{name} = {{ {} }}", parts.join(", "));
    }

    /// The placeholder of the column that has this name; else the text with what the person's row has of it.
    fn whole(&mut self, value: &str, name: Option<&str>) -> String {
        let Some(sample) = self.sample else { return literal(value) };
        let named = name.and_then(|name| sample.column_named(name));
        if let Some(placeholder) = named.and_then(|column| sample.placeholder(column)) {
            return placeholder;
        }
        match self.person.iter().position(|cell| cell.text == value) {
            Some(cell) => self.placeholder(cell),
            None => self.within(value),
        }
    }

    /// The text with each value of the person's row in it as a placeholder, the longest first. One letter or figure is too
    /// little to be found by: that it may be the person's is told.
    fn within(&mut self, value: &str) -> String {
        let is_word = |c: char| c.is_alphanumeric();
        let (mut text, mut plain, mut rest) = (String::new(), String::new(), value);
        while let Some(c) = rest.chars().next() {
            let begins = !plain.ends_with(is_word) || !is_word(c);
            let found = begins.then(|| self.person.iter().position(|cell| cell.begins(rest))).flatten();
            let cell = found.map(|cell| &self.person[cell]);
            if let (Some(at), Some(cell)) = (found, cell.filter(|cell| cell.text.chars().count() > 1)) {
                text.push_str(&literal(&plain));
                plain.clear();
                rest = &rest[cell.text.len()..];
                text.push_str(&self.placeholder(at));
                continue;
            }
            if let Some(cell) = cell.filter(|cell| cell.text.chars().all(char::is_alphanumeric)) {
                let doubt =
                    format!("{} may be the person's {}: it was left.", quoted(cell.text), cell.named());
                self.doubts.insert(doubt);
            }
            plain.push(c);
            rest = &rest[c.len_utf8()..];
        }
        text + &literal(&plain)
    }

    /// What stands for a cell. Where several columns have its text, that is told.
    fn placeholder(&mut self, cell: usize) -> String {
        let cell = &self.person[cell];
        if cell.columns.len() > 1 {
            let doubt = format!("{} is in {}: the first was taken.", quoted(cell.text), cell.named());
            self.doubts.insert(doubt);
        }
        cell.placeholder.clone()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::definition;
    use crate::domain::table::header::Header;

    fn sample(header: &[&str], rows: &[&[&str]]) -> Sample {
        let rows = rows.iter().map(|row| row.iter().map(|cell| (*cell).to_owned()).collect()).collect();
        Sample { file: "people.csv".to_owned(), header: Header::new(header), rows }
    }

    fn parsed(text: &str, sample: Option<&Sample>) {
        let definition =
            definition::parse(text, "c.toml", "c").unwrap_or_else(|problems| panic!("{problems}\n{text}"));
        if let Some(sample) = sample {
            definition.bind(&sample.header).unwrap_or_else(|problems| panic!("{problems}\n{text}"));
        }
    }

    #[test]
    fn a_request_becomes_a_definition_with_the_columns_of_its_person() {
        let request = json!({
            "SourceEndpoint": {"Type": "CONNECT_PHONENUMBER_ARN", "Address": "arn:aws:connect:us-west-2:123456789012:phone-number/1"},
            "DestinationEndpoint": {"Type": "TELEPHONE_NUMBER", "Address": "+12025550143"},
            "InstanceId": "11111111-2222-3333-4444-555555555555", "ContactFlowId": "66666666-7777-8888-9999-000000000000", "ClientToken": "t",
            "SegmentAttributes": {"connect:Subtype": {"ValueString": "connect:SMS"}, "wave": {"ValueInteger": 3},
                "more": {"ValueMap": {"a-b": {"ValueString": "x"}}}, "list": {"ValueList": [{"ValueString": "Ada"}]}},
            "Attributes": {"first_name": "Somebody", "visit": "4 May", "braces": "{{ x }} {% y %}", "tier": "gold"},
            "ChatDurationInMinutes": 60,
            "ParticipantDetails": {"DisplayName": "Ada"},
            "InitialSystemMessage": {"ContentType": "text/plain", "Content": "Hi Ada, \"see\" you 4 May. Adam, 100% {{ not }}"},
            "SupportedMessagingContentTypes": ["text/plain"],
        });
        let sample = sample(
            &["Customer Id", "Mobile", "First Name", "date"],
            &[&["C-1", "+12025550142", "Grace", "3 May"], &["C-2", "+1 202-555-0143", "Ada", "4 May"]],
        );
        let request = request.as_object().unwrap();
        let text = from_request(request, Some(&sample));
        parsed(&text, Some(&sample));
        let alone = from_request(request, None);
        parsed(&alone, None);
        insta::assert_snapshot!(format!("{text}\n----\n{alone}"));
    }

    #[test]
    fn texts_of_several_cells_columns_of_any_name_and_numbers_of_a_region_are_found() {
        let request = json!({
            "SourceEndpoint": {"Type": "CONNECT_PHONENUMBER_ARN", "Address": "arn:aws:connect:us-west-2:123456789012:phone-number/1"},
            "DestinationEndpoint": {"Type": "TELEPHONE_NUMBER", "Address": "+12025550143"},
            "InstanceId": "11111111-2222-3333-4444-555555555555", "ContactFlowId": "66666666-7777-8888-9999-000000000000",
            "SegmentAttributes": {"connect:Subtype": {"ValueString": "connect:SMS"}},
            "Attributes": {"plan": "gold member", "amount": "12.50", "room": "7", "line": "gold"},
            "ParticipantDetails": {"DisplayName": "Ada Byron"},
            "InitialSystemMessage": {"ContentType": "text/plain", "Content": "Hi Ada: 12.50 due in Köln, room 7, marigold."},
        });
        let sample = sample(
            &["patient_no", "mobile", "First Name", "in", "tier", "level", "2nd (€)", "Größe", "room"],
            &[
                &["P1", "(202) 555-0142", "Grace", "Hopper", "silver", "silver", "9.00", "Bonn", "3"],
                &["P2", "(202) 555-0143", "Ada", "Byron", "gold", "gold", "12.50", "Köln", "7"],
            ],
        );
        let text = from_request(request.as_object().unwrap(), Some(&sample));
        parsed(&text, Some(&sample));
        insta::assert_snapshot!(text);
    }

    #[test]
    fn a_templated_message_over_whatsapp_comes_over() {
        let request = json!({
            "SourceEndpoint": {"Type": "CONNECT_PHONENUMBER_ARN", "Address": "arn:aws:connect:us-west-2:123456789012:phone-number/1"},
            "DestinationEndpoint": {"Type": "TELEPHONE_NUMBER", "Address": "+12025550143"},
            "InstanceId": "11111111-2222-3333-4444-555555555555", "ContactFlowId": "66666666-7777-8888-9999-000000000000", "RelatedContactId": "c-0",
            "SegmentAttributes": {"connect:Subtype": {"ValueString": "connect:WhatsApp"}, "arn": {"ValueArn": "arn:x"}},
            "InitialTemplatedSystemMessage": {"KnowledgeBaseId": "k", "MessageTemplateId": "t",
                "TemplateAttributes": {"CustomAttributes": {"name": "Ada"}, "CustomerProfileAttributes": "{\"a\": 1}"}},
        });
        let text = from_request(request.as_object().unwrap(), None);
        parsed(&text, None);
        insta::assert_snapshot!(text);
    }

    #[test]
    fn a_file_of_people_is_looked_at() {
        let mut all = String::new();
        for sample in [
            sample(
                &["id", "First Name", "Mobile"],
                &[&["1", "Ada", "202 555 0143"], &["2", "Grace", "202-555-0144"]],
            ),
            sample(&["name", "tel."], &[&["Ada", "+442079460958"], &["Ada", "+442079460959"]]),
            sample(&["größe", "2nd"], &[&["1", "x"], &["1", "y"]]),
            sample(&["phone"], &[]),
            sample(&["phone", "is", "2nd"], &[&["+12025550143", "x", "y"]]),
        ] {
            let text = from_file(&sample);
            parsed(&text, Some(&sample));
            all += &format!("{text}\n----\n");
        }
        insta::assert_snapshot!(all);
    }
}
