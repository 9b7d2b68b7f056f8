//! A definition from what there is already: a request that works, a file of people, or both.
//!
//! What is proposed and not certain says so in a comment. The text is a definition that parses; the caller checks that.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use crate::domain::phone::{self, LineType, Region};
use crate::domain::table::header::{Header, fold};

/// The beginning of a file of people.
#[derive(Debug, Clone)]
pub struct Sample {
    /// The file, as the user named it.
    pub file: String,
    /// Its columns.
    pub header: Header,
    /// Its first rows.
    pub rows: Vec<Vec<String>>,
}

/// Names that columns with a phone number have, folded, the likeliest first.
const PHONE_NAMES: [&str; 12] = [
    "phone",
    "mobile",
    "phonenumber",
    "mobilephone",
    "cell",
    "cellphone",
    "mobilenumber",
    "telephone",
    "tel",
    "msisdn",
    "number",
    "sms",
];
/// Regions that numbers without `+` are tried in.
const REGIONS: [&str; 14] =
    ["US", "GB", "DE", "FR", "AU", "IN", "ES", "IT", "BR", "MX", "NL", "CH", "AT", "ZA"];
/// Share of the rows that a column must fit, in per cent.
const MOST: usize = 80;

/// What a file of people seems to have.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Guess {
    phone: Option<usize>,
    /// Of numbers without `+`: a region that most are valid in.
    region: Option<&'static str>,
    /// Columns that have another value in each row, the likeliest key first.
    keys: Vec<usize>,
}

impl Sample {
    fn guess(&self) -> Guess {
        let columns = 0..self.header.names().len();
        let valid = |column: usize, region: Option<&str>| {
            let region = region.and_then(Region::parse);
            let takes = |row: &&Vec<String>| {
                row.get(column).is_some_and(|cell| {
                    phone::parse(cell, region).is_ok_and(|phone| phone.line != LineType::Unreachable)
                })
            };
            self.rows.iter().filter(takes).count()
        };
        let rank = |column: usize| {
            let name = fold(&self.header.names()[column]);
            let named = PHONE_NAMES.iter().position(|known| name == *known).or_else(|| {
                PHONE_NAMES.iter().position(|known| name.contains(known)).map(|at| at + PHONE_NAMES.len())
            });
            named.map_or(0, |at| 2 * PHONE_NAMES.len() - at)
        };
        let enough = |count: usize| count > 0 && count * 100 >= self.rows.len() * MOST;
        let mut phones: Vec<(usize, usize, Option<&'static str>)> = Vec::new();
        for column in columns.clone() {
            let international = valid(column, None);
            let best = REGIONS
                .iter()
                .map(|region| (valid(column, Some(region)), *region))
                .rev()
                .max_by_key(|(count, _)| *count);
            match best {
                _ if enough(international) => phones.push((rank(column) + 1, column, None)),
                Some((count, region)) if enough(count) && rank(column) > 0 => {
                    phones.push((rank(column), column, Some(region)));
                }
                _ if self.rows.is_empty() && rank(column) > 0 => phones.push((rank(column), column, None)),
                _ => {}
            }
        }
        let found = phones.into_iter().max_by_key(|(rank, column, _)| (*rank, usize::MAX - *column));
        let phone = found.map(|(_, column, _)| column);
        let mut keys: Vec<usize> =
            columns.filter(|column| Some(*column) != phone && self.tells_apart(*column)).collect();
        keys.sort_by_key(|column| !is_key_name(&fold(&self.header.names()[*column])));
        Guess { phone, region: found.and_then(|(_, _, region)| region), keys }
    }

    fn tells_apart(&self, column: usize) -> bool {
        let mut cells: Vec<&str> =
            self.rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.trim()).collect();
        let filled = cells.len() == self.rows.len() && cells.iter().all(|cell| !cell.is_empty());
        cells.sort_unstable();
        cells.dedup();
        filled && !cells.is_empty() && cells.len() == self.rows.len()
    }

    /// `{{ name }}` for a column whose name can be written so.
    fn placeholder(&self, column: usize) -> Option<String> {
        let name = self.header.names().get(column)?;
        let word: String = name
            .trim()
            .chars()
            .map(|c| if c.is_alphanumeric() { c.to_ascii_lowercase() } else { '_' })
            .collect();
        let plain = word.is_ascii() && word.starts_with(|c: char| c.is_ascii_alphabetic());
        plain.then(|| format!("{{{{ {word} }}}}"))
    }

    fn column_named(&self, name: &str) -> Option<usize> {
        self.header.names().iter().position(|column| fold(column) == fold(name))
    }
}

fn is_key_name(folded: &str) -> bool {
    folded == "key" || folded.ends_with("id") || folded.contains("customer") || folded.ends_with("ref")
}

/// Nobody is disturbed at night, unless somebody decides so.
const HOURS: &str = "\n[hours]\n# From when to when, by the clock where the recipient is. Without these lines: at any hour.\n\
                     open = \"08:00-21:00\"\n";

/// A quoted TOML string.
fn quoted(text: &str) -> String {
    Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}

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
            let name = placeholder.trim_matches(['{', '}', ' ']).to_owned();
            Some(format!("{name} = \"{placeholder}\""))
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
            "# (?) The country of numbers without +: most of the first {} are valid in {region}.\ndefault_region = \"{region}\"",
            sample.rows.len()
        );
    }
}

/// A request whose texts become templates where a column has them.
struct Bridge<'a> {
    request: &'a Map<String, Value>,
    sample: Option<&'a Sample>,
    /// The row of the person that the request is for.
    person: Option<&'a [String]>,
}

/// The definition that sends this request to the people of a file. A text of the request becomes a placeholder where a
/// column has its name (attributes) or, in the row with the request's number, its value.
#[must_use]
pub fn from_request(request: &Map<String, Value>, sample: Option<&Sample>) -> String {
    let destination = request.get("DestinationEndpoint").and_then(|to| to.get("Address")?.as_str());
    let is_destination = |cell: &String| {
        destination.is_some_and(|to| phone::parse(cell, None).is_ok_and(|phone| phone.number.as_str() == to))
    };
    let row = sample.and_then(|sample| sample.rows.iter().find(|row| row.iter().any(is_destination)));
    let bridge = Bridge { request, sample, person: row.map(Vec::as_slice) };
    let mut text = "#:schema campaign.schema.json\n# Made from a request for one contact.\n".to_owned();
    if request.contains_key("ClientToken") {
        text.push_str("# Its ClientToken is left out: each row has one of its own.\n");
    }
    bridge.connect(&mut text);
    match sample {
        None => text.push_str("\n[recipients]\nphone = \"phone\"\n"),
        Some(sample) => {
            let mut guess = sample.guess();
            guess.phone = bridge.person.and_then(|row| row.iter().position(is_destination)).or(guess.phone);
            text.push('\n');
            if bridge.person.is_none() {
                let _ = writeln!(
                    text,
                    "# (?) No row of {} has the request's number: its texts were not looked for in cells.",
                    sample.file
                );
            }
            recipients(sample, &guess, &mut text);
        }
    }
    bridge.contact(&mut text);
    text + HOURS
}

impl Bridge<'_> {
    fn text_at(&self, path: &[&str]) -> Option<&str> {
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

    fn contact(&self, text: &mut String) {
        text.push_str("\n[contact]\n");
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

    fn segments(&self, text: &mut String) {
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

    fn segment(&self, value: &Value) -> Option<String> {
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

    fn templated(&self, text: &mut String) {
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

    fn table(&self, name: &str, texts: Option<&Value>, text: &mut String) {
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

    /// The placeholder of the column that has this name or, in the person's row, this value; else the text itself.
    fn whole(&self, value: &str, name: Option<&str>) -> String {
        let Some(sample) = self.sample else { return literal(value) };
        let named = name.and_then(|name| sample.column_named(name));
        let valued = || {
            let person = self.person?;
            let mut columns =
                person.iter().enumerate().filter(|(_, cell)| !cell.trim().is_empty() && cell.trim() == value);
            // Two columns that have it would be a coin to toss.
            columns.next().filter(|_| columns.next().is_none()).map(|(column, _)| column)
        };
        let placeholder = named.or_else(valued).and_then(|column| sample.placeholder(column));
        placeholder.unwrap_or_else(|| literal(value))
    }

    /// The text with each value of the person's row in it as a placeholder, the longest first.
    fn within(&self, value: &str) -> String {
        let (Some(sample), Some(person)) = (self.sample, self.person) else { return literal(value) };
        let mut cells: Vec<(&str, String)> = person
            .iter()
            .enumerate()
            .filter_map(|(column, cell)| Some((cell.trim(), sample.placeholder(column)?)))
            .filter(|(cell, _)| cell.chars().count() > 1)
            .collect();
        cells.sort_by_key(|(cell, _)| std::cmp::Reverse(cell.len()));
        let is_word = |c: char| c.is_alphanumeric();
        let (mut text, mut plain, mut rest) = (String::new(), String::new(), value);
        'text: while let Some(c) = rest.chars().next() {
            if !plain.ends_with(is_word) || !is_word(c) {
                for (cell, placeholder) in &cells {
                    if let Some(behind) = rest.strip_prefix(cell)
                        && !(cell.ends_with(is_word) && behind.starts_with(is_word))
                    {
                        text.push_str(&literal(&plain));
                        text.push_str(placeholder);
                        plain.clear();
                        rest = behind;
                        continue 'text;
                    }
                }
            }
            plain.push(c);
            rest = &rest[c.len_utf8()..];
        }
        text + &literal(&plain)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::definition;

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
        ] {
            let text = from_file(&sample);
            parsed(&text, Some(&sample));
            all += &format!("{text}\n----\n");
        }
        insta::assert_snapshot!(all);
    }
}
