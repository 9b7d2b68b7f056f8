//! Keys in words: what a line with one looks like, and what its value must be.

use super::keys::{Key, KeyKind, Need};

impl Key {
    /// What a line with it looks like: `burst = 5`.
    #[must_use]
    pub fn example(&self) -> String {
        let name = self.path.rsplit('.').next().unwrap_or(self.path);
        let value = match (self.need, self.path) {
            (Need::Default(default), _) if default != "[]" => default,
            (_, "connect.instance_id" | "connect.contact_flow_id") => {
                "\"11111111-2222-3333-4444-555555555555\""
            }
            (_, "connect.source" | "senders.source") => "\"arn:aws:connect:REGION:ACCOUNT:phone-number/ID\"",
            _ => self.kind.example(),
        };
        format!("{name} = {value}")
    }
}

impl KeyKind {
    fn example(self) -> &'static str {
        match self {
            Self::Text => "\"...\"",
            Self::Template | Self::Message => "\"Hi {{ first_name }}\"",
            Self::OneOf(names) => {
                if names.contains(&"tab") {
                    "\"tab\""
                } else {
                    "\"gsm\""
                }
            }
            Self::Integer { .. } => "60",
            Self::Flag => "true",
            Self::Duration => "\"4m\"",
            Self::Percent => "\"10%\"",
            Self::Texts => "[\"...\"]",
            Self::Columns => "[\"mobile\", \"phone\"]",
            Self::Rate => "2.0",
            Self::Templates | Self::Attributes => "{ tier = \"gold\" }",
            Self::AttributeName => "\"campaign_token\"",
            Self::Segments => "{ order = 17 }",
            Self::Amount => "500.0",
            Self::Cost => "0.00581",
            Self::Open => "{ mon-fri = \"09:00-20:00\", sat = [\"10:00-13:00\", \"15:00-18:00\"] }",
            Self::RowTime => "{ at = \"{{ visit_at }}\", minus = \"24h\" }",
            Self::Command => "[\"notify\", \"done\"]",
            Self::Senders => {
                "[{ name = \"main\", source = \"arn:aws:connect:REGION:ACCOUNT:phone-number/ID\" }]"
            }
        }
    }

    /// What the value must be, for people: `must be ...`.
    #[must_use]
    pub fn words(self) -> String {
        match self {
            Self::Text => "a string".to_owned(),
            Self::Template => "a string, which may have placeholders".to_owned(),
            Self::OneOf(names) => {
                let quoted: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
                format!("one of {}", quoted.join(", "))
            }
            Self::Integer { min, max } => format!("an integer from {min} to {max}"),
            Self::Flag => "true or false".to_owned(),
            Self::Duration => "a duration such as \"30s\", \"4m\", \"1h30m\"".to_owned(),
            Self::Percent => "a percentage such as \"10%\"".to_owned(),
            Self::Texts => "a list of strings".to_owned(),
            Self::Columns => {
                "the name of a column, or a list of some such as [\"mobile\", \"phone\"]".to_owned()
            }
            Self::Rate => "a number from 0.00001 to 100000, or \"auto\"".to_owned(),
            Self::Message => "a string, or a table with content_type and content".to_owned(),
            Self::Templates => "a table of strings".to_owned(),
            Self::Attributes => "a table of strings, or \"all\"".to_owned(),
            Self::AttributeName => "the name of an attribute, or false".to_owned(),
            Self::Segments => "a table of strings, integers, lists and tables".to_owned(),
            Self::RowTime => {
                "a string with a column, or a table such as { at = \"{{ visit_at }}\", minus = \"24h\" }".to_owned()
            }
            Self::Open => {
                "hours such as \"09:00-20:00\", or a table of days such as { mon-fri = \"09:00-20:00\", sat = [] }".to_owned()
            }
            Self::Command => {
                "a line for the shell, or a program with its arguments such as [\"notify\", \"done\"]"
                    .to_owned()
            }
            Self::Senders => "tables, each below a [[senders]] of its own".to_owned(),
            Self::Amount => "a number above 0".to_owned(),
            Self::Cost => "a price, or a table of prices by country such as { US = 0.00581 }".to_owned(),
        }
    }
}
