//! Argument lists as people and scripts write them, and as they get them wrong. The same seed gives the same lists.

use std::path::Path;

use serde_json::{Map, Value, json};

/// One argument list; `yaml` is the text of `--cli-input-yaml`, which is not among them.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) args: Vec<String>,
    pub(super) yaml: Option<String>,
}

const TEXTS: [&str; 30] = [
    "Ada",
    "it's",
    "say \"hi\"",
    "a,b",
    "a=b",
    "x y",
    "Zoë",
    "Hi 😀",
    "[x]",
    "{x}",
    "back\\slash",
    "tab\there",
    "é,",
    "",
    "end\\",
    "日本語",
    "#1",
    "-dash",
    "line\nbreak",
    "  spaced  ",
    "file",
    "100%",
    "$HOME",
    "a;b|c",
    "<b>&amp;",
    "'q'",
    "\\\"",
    "a]b",
    "true",
    "7",
];

/// Makes cases, and the files that they name.
pub(super) struct Generator<'a> {
    pub(super) rng: fastrand::Rng,
    pub(super) folder: &'a Path,
    pub(super) files: u32,
}

impl Generator<'_> {
    fn one_of<'t>(&mut self, texts: &[&'t str]) -> &'t str {
        texts[self.rng.usize(..texts.len())]
    }

    fn likely(&mut self, percent: u32) -> bool {
        self.rng.u32(..100) < percent
    }

    fn text(&mut self) -> Value {
        json!(self.one_of(&TEXTS))
    }

    fn name(&mut self) -> String {
        let names = ["name", "tier", "First_Name", "a-1", "x.y", "a/b", "b#", "größe", "two words", "A"];
        let most = if self.likely(95) { 4 } else { names.len() };
        self.one_of(&names[..most]).to_owned()
    }

    fn texts(&mut self) -> Value {
        let mut texts = Map::new();
        for _ in 0..self.rng.usize(0..4) {
            let (name, text) = (self.name(), self.text());
            texts.insert(name, text);
        }
        Value::from(texts)
    }

    fn segment(&mut self, depth: u32) -> Value {
        match self.rng.u32(..if depth > 2 { 3 } else { 6 }) {
            0 | 1 => json!({"ValueString": self.text()}),
            2 => json!({"ValueInteger": self.rng.i32(-9..99)}),
            3 => {
                let (name, inner) = (self.name(), self.segment(depth + 1));
                json!({"ValueMap": {name: inner}})
            }
            4 => json!({"ValueList": [self.segment(depth + 1), self.segment(depth + 1)]}),
            _ if self.likely(90) => json!({"ValueString": "x"}),
            _ => json!({"ValueString": "x", "ValueInteger": 1}),
        }
    }

    /// The value of a member, mostly one that works.
    fn member(&mut self, name: &str) -> Value {
        let good = self.likely(97);
        match name {
            "SourceEndpoint" if good => json!({
                "Type": "CONNECT_PHONENUMBER_ARN",
                "Address": "arn:aws:connect:us-west-2:123456789012:phone-number/6f0e4c1a-0000-4000-8000-000000000003",
            }),
            "SourceEndpoint" => {
                json!({"Type": self.text(), "Address": "arn:aws:sms-voice:us-west-2:123456789012:phone-number/1"})
            }
            "DestinationEndpoint" if good => json!({"Type": "TELEPHONE_NUMBER", "Address": "+12025550143"}),
            "DestinationEndpoint" => {
                json!({"Type": "TELEPHONE_NUMBER", "Address": self.one_of(&["2025550143", "+1 202 555 0143", "x"])})
            }
            "InstanceId" => json!(if good {
                "6f0e4c1a-0000-4000-8000-000000000001"
            } else {
                self.one_of(&["", "my instance"])
            }),
            "ContactFlowId" => json!(if good {
                "6f0e4c1a-0000-4000-8000-000000000002"
            } else {
                self.one_of(&["a flow", ""])
            }),
            "SegmentAttributes" => {
                let mut segments = Map::new();
                if good {
                    let subtype = self.one_of(&["connect:SMS", "connect:WhatsApp"]);
                    segments.insert("connect:Subtype".to_owned(), json!({"ValueString": subtype}));
                }
                for _ in 0..self.rng.usize(0..3) {
                    let (name, value) = (self.name(), self.segment(0));
                    segments.insert(name, value);
                }
                Value::from(segments)
            }
            "Attributes" => self.texts(),
            "ChatDurationInMinutes" => {
                if good {
                    json!(self.rng.u32(60..=10_080))
                } else {
                    json!(self.rng.choice([59, 10_081, 0]))
                }
            }
            "ParticipantDetails" if good => json!({"DisplayName": "Ada, \"the\" first"}),
            "ParticipantDetails" => json!({"DisplayName": self.text()}),
            "InitialSystemMessage" => {
                let kind = if good { "text/plain" } else { self.one_of(&["text/markdown", "text/html"]) };
                json!({"ContentType": kind, "Content": if good { json!("Hi, it's \"me\" = {x}") } else { self.text() }})
            }
            "InitialTemplatedSystemMessage" => json!({
                "KnowledgeBaseId": "kb", "MessageTemplateId": "t", "TemplateAttributes": {"CustomAttributes": self.texts()},
            }),
            "RelatedContactId" if good => json!("c-1"),
            "RelatedContactId" => self.text(),
            "SupportedMessagingContentTypes" => {
                let lists = [
                    json!(["text/plain"]),
                    json!(["text/plain", "text/markdown"]),
                    json!([]),
                    json!(["text/html"]),
                ];
                let most = if good { 2 } else { 4 };
                lists[self.rng.usize(..most)].clone()
            }
            _ => json!("a-token"),
        }
    }

    /// A text in shorthand: as it is, in quotes, or with its commas escaped.
    fn word(&mut self, text: &str) -> String {
        let awkward = text.is_empty() || text.chars().any(|c| ",=[]{}'\"\\😀".contains(c));
        match self.rng.u32(..4) {
            0 if !awkward || self.likely(15) => text.to_owned(),
            1 => text.replace(',', "\\,"),
            2 => format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'")),
            _ => format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
        }
    }

    fn shorthand(&mut self, value: &Value, top: bool) -> String {
        let comma = self.one_of(&[",", ",", ", ", " ,"]);
        match value {
            Value::Object(members) => {
                let mut parts = Vec::new();
                for (name, value) in members {
                    let equals = if top { self.one_of(&["=", "=", " = "]) } else { "=" };
                    parts.push(format!("{name}{equals}{}", self.shorthand(value, false)));
                }
                let all = parts.join(comma);
                if top { all } else { format!("{{{all}}}") }
            }
            Value::Array(values) => {
                let parts: Vec<_> = values.iter().map(|value| self.shorthand(value, false)).collect();
                format!("[{}]", parts.join(comma))
            }
            Value::String(text) => self.word(text),
            other => other.to_string(),
        }
    }

    fn file(&mut self, text: &str) -> String {
        self.files += 1;
        let name = format!("file-{}.txt", self.files);
        std::fs::write(self.folder.join(&name), text).expect("the folder takes files");
        format!("file://{name}")
    }

    /// A character more, less, or another.
    fn spoilt(&mut self, text: &str) -> String {
        let mut chars: Vec<char> = text.chars().collect();
        let at = self.rng.usize(..=chars.len());
        let c = *self
            .rng
            .choice(&[',', '=', '{', '}', '[', ']', '\'', '"', '\\', ' ', '@', ':', 'x'])
            .expect("some");
        match self.rng.u32(..3) {
            0 => chars.insert(at, c),
            1 if at < chars.len() => chars[at] = c,
            _ if at < chars.len() => drop(chars.remove(at)),
            _ => chars.push(c),
        }
        chars.into_iter().collect()
    }

    /// What follows the option of a member.
    fn option(&mut self, name: &str, value: &Value) -> Vec<String> {
        let text = match value {
            Value::Array(values) if self.likely(60) => {
                return values.iter().map(|value| value.as_str().unwrap_or_default().to_owned()).collect();
            }
            Value::String(text) => text.clone(),
            Value::Number(number) => {
                let number = number.to_string();
                match self.rng.u32(..5) {
                    0 => format!(" {number} "),
                    1 => format!("+{number}"),
                    2 if !self.likely(60) => "soon".to_owned(),
                    _ => number,
                }
            }
            value if self.likely(60) && name != "SupportedMessagingContentTypes" => {
                self.shorthand(value, true)
            }
            value if self.likely(50) => value.to_string(),
            value => format!(" {}\n", serde_json::to_string_pretty(value).expect("JSON")),
        };
        let text = if self.likely(3) { self.spoilt(&text) } else { text };
        let in_a_file = self.likely(12);
        vec![if in_a_file { self.file(&text) } else { text }]
    }

    /// One argument list.
    pub(super) fn case(&mut self) -> Case {
        let mut args = Vec::new();
        let mut input = Map::new();
        let with_input = self.likely(40);
        for (name, option, percent) in MEMBERS {
            if !self.likely(percent) || (name == "InitialTemplatedSystemMessage" && self.likely(60)) {
                continue;
            }
            let value = self.member(name);
            let in_input = with_input && self.likely(60);
            if in_input {
                input.insert(name.to_owned(), value);
            }
            if !in_input || self.likely(25) {
                let value = self.member(name);
                let words = self.option(name, &value);
                match words.as_slice() {
                    [word] if self.likely(30) => args.push(format!("{option}={word}")),
                    _ => {
                        args.push(option.to_owned());
                        args.extend(words);
                    }
                }
            }
        }
        let yaml = with_input && self.likely(30);
        if with_input && self.likely(5) {
            input.insert("Unknown".to_owned(), json!(1));
        }
        let text = serde_json::to_string_pretty(&input).expect("JSON");
        if yaml {
            return Case { args, yaml: Some(as_yaml(&Value::from(input), 0)) };
        }
        if with_input {
            let text = if self.likely(6) { self.spoilt(&text) } else { text };
            args.push("--cli-input-json".to_owned());
            args.push(if self.likely(50) { self.file(&text) } else { text });
        }
        Case { args, yaml: None }
    }
}

/// Members, their options, and how often they are there in per cent.
const MEMBERS: [(&str, &str, u32); 13] = [
    ("SourceEndpoint", "--source-endpoint", 99),
    ("DestinationEndpoint", "--destination-endpoint", 99),
    ("InstanceId", "--instance-id", 99),
    ("SegmentAttributes", "--segment-attributes", 99),
    ("Attributes", "--attributes", 45),
    ("ContactFlowId", "--contact-flow-id", 99),
    ("ChatDurationInMinutes", "--chat-duration-in-minutes", 30),
    ("ParticipantDetails", "--participant-details", 30),
    ("InitialSystemMessage", "--initial-system-message", 40),
    ("InitialTemplatedSystemMessage", "--initial-templated-system-message", 30),
    ("RelatedContactId", "--related-contact-id", 15),
    ("SupportedMessagingContentTypes", "--supported-messaging-content-types", 20),
    ("ClientToken", "--client-token", 20),
];

/// YAML in block style, texts in double quotes.
fn as_yaml(value: &Value, indent: usize) -> String {
    let pad = "  ".repeat(indent);
    match value {
        Value::Object(members) if members.is_empty() => " {}\n".to_owned(),
        Value::Object(members) => {
            let lines =
                members.iter().map(|(name, value)| format!("{pad}{name:?}:{}", as_yaml(value, indent + 1)));
            let lines: String = lines.collect();
            if indent == 0 { lines } else { format!("\n{lines}") }
        }
        other => format!(" {other}\n"),
    }
}
