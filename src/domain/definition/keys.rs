//! Every key of a definition, in one table: the reader, the unknown-key hints, `init` and the schema come from it.
//!
//! What a key's value becomes, and what two keys must agree on, is in the files beside this one.

use super::SameNumberRule;
use crate::domain::limits::OverLimit;
use crate::domain::message::content::Channel;

/// One key.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// The path, such as `pace.rate`.
    pub path: &'static str,
    /// What its value must be.
    pub kind: KeyKind,
    /// Whether it must be there.
    pub need: Need,
    /// One line for people.
    pub doc: &'static str,
}

/// Whether a key must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Yes (if its table is).
    Required,
    /// Yes, unless every sender has an instance and a flow of its own.
    OfHome,
    /// No, and then there is nothing.
    Optional,
    /// No, and then it is this, in TOML.
    Default(&'static str),
}

/// What a value must be. Ranges include both ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum KeyKind {
    /// A string.
    Text,
    /// A string that may have placeholders.
    Template,
    /// One of these strings.
    OneOf(&'static [&'static str]),
    /// An integer.
    Integer {
        /// Smallest.
        min: i64,
        /// Largest.
        max: i64,
    },
    /// `true` or `false`.
    Flag,
    /// A duration as a string, such as `"1h30m"`.
    Duration,
    /// A share as a string, such as `"10%"`.
    Percent,
    /// A list of strings.
    Texts,
    /// The name of a column, or a list of some.
    Columns,
    /// Requests per second, or `"auto"`.
    Rate,
    /// A string with placeholders, or a table of `content_type` and `content`.
    Message,
    /// A table of strings with placeholders.
    Templates,
    /// The same, or `"all"`.
    Attributes,
    /// The name of an attribute, or `false`.
    AttributeName,
    /// A table of strings with placeholders, integers, lists, and tables of them.
    Segments,
    /// A number above 0.
    Amount,
    /// A number, or a table of numbers by country.
    Cost,
    /// A string with placeholders that is a time, or a table of `at` and `minus` or `plus`.
    RowTime,
    /// Hours by weekday: spans for every day, or a table of days.
    Open,
    /// A line for the shell, or a program with its arguments.
    Command,
    /// Tables below `[[senders]]`, each with [`SENDER_KEYS`](super::sender_keys::SENDER_KEYS).
    Senders,
}

/// The tables, with their lines for people, in the order of a definition.
pub const TABLES: &[(&str, &str)] = &[
    ("connect", "Where contacts are started, and by whom."),
    ("recipients", "How the recipients file is read."),
    ("recipients.only_in", "Only numbers that another campaign of the journal has in these states."),
    ("contact", "What each contact is."),
    ("contact.templated_message", "A message template of Amazon Q in Connect, instead of `message`."),
    ("hours", "When contacts may start, by the clock where the recipient is."),
    ("schedule", "From when to when the campaign, and each row of it, may start at all."),
    ("limits", "How many contacts a number, the campaign and a day may get, and what the campaign may cost."),
    ("pace", "How fast requests go out."),
    ("safety", "When to stop by itself."),
    ("cost", "What a message costs, for the estimate."),
    ("account", "What the account is asked before and while a campaign is sent."),
    ("alerts", "Who is told what happens while nobody looks, and when."),
    ("deliveries", "Where the account tells what becomes of messages, and when that pauses a run."),
    ("hooks", "Commands that are run when a run has ended."),
];

pub(super) const fn key(path: &'static str, kind: KeyKind, need: Need, doc: &'static str) -> Key {
    Key { path, kind, need, doc }
}

/// The keys, in the order of a definition.
pub const KEYS: &[Key] = {
    use KeyKind::{
        Amount, AttributeName, Attributes, Columns, Command, Cost, Duration, Flag, Integer, Message, OneOf,
        Open, Percent, Rate, RowTime, Segments, Senders, Template, Templates, Text, Texts,
    };
    use Need::{Default, OfHome, Optional, Required};
    &[
        key(
            "name",
            Text,
            Optional,
            "The campaign's name; default: the definition's stem. Part of every client token. {file} is the recipients file's stem, \
             {date} the day of the first run.",
        ),
        key(
            "senders",
            Senders,
            Optional,
            "Several numbers that send, each below a [[senders]] of its own, instead of connect.source.",
        ),
        key("connect.instance_id", Text, OfHome, "The Amazon Connect instance: id or ARN."),
        key("connect.contact_flow_id", Template, OfHome, "The flow that runs each contact: id or ARN."),
        key(
            "connect.source",
            Template,
            Optional,
            "The Connect ARN of the phone number that sends; must be there without [[senders]].",
        ),
        key("connect.channel", OneOf(Channel::NAMES), Default("\"sms\""), "The channel: sms or whatsapp."),
        key("connect.region", Text, Optional, "The AWS Region; default: that of the source's ARN."),
        key("connect.profile", Text, Optional, "The profile of the AWS configuration files."),
        key("connect.endpoint_url", Text, Optional, "Another endpoint; plain http:// only to loopback."),
        key("connect.ca_bundle", Text, Optional, "A file of PEM certificates to trust besides the system's."),
        key("connect.connect_timeout", Duration, Default("\"5s\""), "Longest wait for a connection."),
        key("connect.read_timeout", Duration, Default("\"30s\""), "Longest wait for an answer."),
        key(
            "recipients.phone",
            Columns,
            Default("\"phone\""),
            "The column with the phone number, or several: the first that can take a message counts.",
        ),
        key(
            "recipients.key",
            Columns,
            Optional,
            "The column that identifies a row, or several that do so together; default: the number itself.",
        ),
        key(
            "recipients.same_number",
            OneOf(SameNumberRule::NAMES),
            Default("\"refuse\""),
            "Rows with a number that another row, or an earlier contact of this campaign, has under another key: refuse sends \
             nothing, first one contact for each number, all one for each row.",
        ),
        key(
            "recipients.default_region",
            Text,
            Optional,
            "The country of numbers without +; without it they are rejected.",
        ),
        key(
            "recipients.zone",
            Text,
            Optional,
            "The column with the recipient's time zone (IANA); default: all zones of the number.",
        ),
        key(
            "recipients.state",
            Text,
            Optional,
            "The column with the recipient's state in the United States, for hours.rules.",
        ),
        key("recipients.suppress", Texts, Default("[]"), "Files of numbers or keys that nothing is sent to."),
        key("recipients.only", Texts, Default("[]"), "For a trial: nothing is sent to any other number."),
        key(
            "recipients.where",
            Text,
            Optional,
            "Which rows the campaign is for, such as \"consent == 'yes'\": an expression over the columns, as in a template's {{ }}.",
        ),
        key(
            "recipients.not_in",
            Texts,
            Default("[]"),
            "Campaigns of the journal: nothing is sent to numbers that they have contacted, or may have.",
        ),
        key("recipients.only_in.campaign", Text, Required, "A campaign of the journal."),
        key(
            "recipients.only_in.state",
            Texts,
            Default("[\"started\", \"attempting\", \"uncertain\"]"),
            "The states of its rows, in the words of a report.",
        ),
        key(
            "recipients.only_in.delivery",
            Texts,
            Default("[]"),
            "What became of its messages, in the words of a report or waiting; rows that were not started have none.",
        ),
        key("recipients.allow_landlines", Flag, Default("false"), "Whether to send to landlines too."),
        key("recipients.sheet", Text, Optional, "The sheet of a workbook; default: the first."),
        key(
            "recipients.header_row",
            Integer { min: 1, max: 1_000_000 },
            Optional,
            "The line with the names of the columns; default: the first that is not blank.",
        ),
        key(
            "recipients.hidden_rows",
            OneOf(&["skip", "send"]),
            Optional,
            "Rows that a sheet hides: left out, or sent as all others; without it, a file with some is refused.",
        ),
        key(
            "recipients.merged",
            OneOf(&["first", "fill"]),
            Default("\"first\""),
            "Merged cells of a sheet: fill gives each the value of the first.",
        ),
        key(
            "recipients.values",
            OneOf(&["stored", "shown"]),
            Default("\"stored\""),
            "Cells of a workbook: as it stores them, 0.15 and 42, or as it shows them, 15% and 00042.",
        ),
        key(
            "recipients.empty",
            Texts,
            Default("[]"),
            "Cells that mean nothing, such as [\"NULL\", \"n/a\"], in either case.",
        ),
        key("recipients.encoding", Text, Optional, "The file's encoding; default: detected."),
        key(
            "recipients.delimiter",
            OneOf(&[",", ";", "|", "tab", "\t"]),
            Optional,
            "Between cells; default: detected.",
        ),
        key("contact.message", Message, Optional, "The text; without it the flow must send one."),
        key(
            "contact.encoding",
            OneOf(&["as-is", "gsm"]),
            Default("\"as-is\""),
            "gsm replaces what would make a message UCS-2.",
        ),
        key(
            "contact.attributes",
            Attributes,
            Optional,
            "What the flow reads as $.Attributes.NAME; \"all\": every column.",
        ),
        key(
            "contact.trace",
            AttributeName,
            Default("\"campaign_token\""),
            "The attribute with the contact's client token, by which it is found again; false leaves it out.",
        ),
        key("contact.display_name", Template, Optional, "The participant's name."),
        key(
            "contact.chat_duration_minutes",
            Integer { min: 60, max: 10_080 },
            Optional,
            "How long a contact may live; the service's default is 25 hours.",
        ),
        key("contact.related_contact_id", Template, Optional, "A contact that this one is related to."),
        key(
            "contact.supported_content_types",
            Texts,
            Default("[]"),
            "Content types of the chat; must contain text/plain.",
        ),
        key("contact.segment_attributes", Segments, Optional, "Segment attributes besides connect:Subtype."),
        key("contact.templated_message.knowledge_base_id", Text, Required, "The knowledge base: id or ARN."),
        key("contact.templated_message.template_id", Text, Required, "The message template: id or ARN."),
        key("contact.templated_message.attributes", Templates, Optional, "The template's custom attributes."),
        key(
            "contact.templated_message.customer_profile",
            Template,
            Optional,
            "The customer profile's attributes, as JSON.",
        ),
        key(
            "hours.open",
            Open,
            Optional,
            "Spans for every day, or a table of days; days that it does not name are closed.",
        ),
        key("hours.closed", Texts, Default("[]"), "Dates and spans on which nothing starts all the same."),
        key("hours.margin", Duration, Optional, "Nothing starts so shortly before it closes."),
        key("hours.rules", Texts, Default("[]"), "Presets and rule files that must be open as well."),
        key(
            "hours.default_zone",
            Text,
            Optional,
            "The zone of numbers that have none; without it they are rejected.",
        ),
        key(
            "schedule.start",
            Text,
            Optional,
            "Nothing starts before; with its zone, as in 2026-12-01T09:00[America/New_York].",
        ),
        key("schedule.end", Text, Optional, "Nothing starts from then on: rows that are left expire."),
        key(
            "schedule.not_before",
            RowTime,
            Optional,
            "From when a row may start: a column's time, or { at = \"{{ visit_at }}\", minus = \"24h\" }.",
        ),
        key(
            "schedule.not_after",
            RowTime,
            Optional,
            "Until when a row may start; then it expires. The same forms.",
        ),
        key(
            "limits.per_recipient",
            Texts,
            Default("[]"),
            "Contacts of one number over all campaigns of the journal, such as [\"1 in 24h\", \"3 in 7d\"].",
        ),
        key(
            "limits.over",
            OneOf(OverLimit::NAMES),
            Default("\"wait\""),
            "What becomes of a row whose number has had as many contacts as it may get: it waits, or is suppressed.",
        ),
        key(
            "limits.contacts",
            Integer { min: 1, max: 1_000_000_000 },
            Optional,
            "Contacts of the campaign, at most.",
        ),
        key(
            "limits.per_day",
            Integer { min: 1, max: 1_000_000_000 },
            Optional,
            "Contacts of the campaign in a day, at most.",
        ),
        key(
            "limits.zone",
            Text,
            Optional,
            "The time zone (IANA) of that day; default: hours.default_zone, else UTC.",
        ),
        key(
            "limits.cost",
            Amount,
            Optional,
            "What the campaign's contacts may cost by cost.per_segment, at most.",
        ),
        key("pace.rate", Rate, Default("2.0"), "Requests per second, or \"auto\"; a new account has 2."),
        key(
            "pace.burst",
            Integer { min: 1, max: 10_000 },
            Default("5"),
            "Requests that may go out at once; a new account has 5.",
        ),
        key(
            "pace.max_in_flight",
            Integer { min: 1, max: 10_000 },
            Optional,
            "Most requests without an answer; default: what rate and answer times need, at most 512.",
        ),
        key(
            "pace.max_active_contacts",
            Integer { min: 1, max: 1_000_000 },
            Default("500"),
            "The instance's quota of active chats.",
        ),
        key(
            "pace.contact_life",
            Duration,
            Optional,
            "How long the flow keeps a contact: no more than max_active_contacts are then kept alive.",
        ),
        key(
            "pace.share",
            OneOf(&["campaign", "account"]),
            Default("\"campaign\""),
            "Whose the rate is: this campaign's, or that of all runs from this journal in the account.",
        ),
        key(
            "safety.max_rejected",
            Percent,
            Default("\"10%\""),
            "Of the file's rows, and at least 10: nothing is sent.",
        ),
        key(
            "safety.max_failures",
            Percent,
            Default("\"10%\""),
            "Of the last 100 settled rows, and at least 10: the run stops.",
        ),
        key(
            "safety.accept",
            Texts,
            Default("[]"),
            "Codes of warnings that do not hold up a run that nobody looks at: \
             \"foreign-placeholder\", \"nothing-words\", \"twice-encoded\", \"total-row\", \"same-text\", \
             \"changed-after-contact\", \"listed-rewritten\".",
        ),
        key("cost.per_segment", Cost, Optional, "One price, or by country: { US = 0.00581 }."),
        key("cost.currency", Text, Optional, "What the price is in, such as USD; for people."),
        key(
            "account.check",
            OneOf(&["warn", "refuse", "off"]),
            Default("\"warn\""),
            "Before a run, the account is asked whether the campaign can be sent: warn tells, refuse sends nothing where it cannot.",
        ),
        key(
            "account.quotas",
            Flag,
            Default("true"),
            "Whether the account's quotas count where pace.rate or pace.max_active_contacts is not stated.",
        ),
        key(
            "account.opt_outs",
            Flag,
            Optional,
            "Whether the opt-out lists behind the senders are read: true sends nothing without them; default: where possible.",
        ),
        key(
            "account.opt_outs_max_age",
            Duration,
            Default("\"15m\""),
            "How old the copy of the opt-out lists may become while a run sends.",
        ),
        key("alerts.webhook", Text, Optional, "URL that alerts are posted to: https, or on this machine."),
        key(
            "alerts.webhook_env",
            Text,
            Optional,
            "Variable of the environment that has this URL, where the URL itself is a secret.",
        ),
        key(
            "alerts.form",
            OneOf(&["json", "slack", "teams"]),
            Default("\"json\""),
            "What is posted: an alert as JSON, or a message as Slack or Teams take it.",
        ),
        key(
            "alerts.secret_env",
            Text,
            Optional,
            "Variable of the environment with the secret that posts are signed with (header Campaign-Signature).",
        ),
        key("alerts.command", Command, Optional, "Run for each alert, with the alert as JSON on its stdin."),
        key(
            "alerts.on",
            Texts,
            Default("[\"halt\", \"gate\", \"stall\", \"pause\", \"deliveries\", \"half\", \"end\"]"),
            "What is told.",
        ),
        key(
            "alerts.stalled_after",
            Duration,
            Default("\"15m\""),
            "How long nothing may start while rows wait, hours are open and nobody has paused it.",
        ),
        key(
            "alerts.undelivered",
            Percent,
            Default("\"30%\""),
            "Share of the messages with a known end, and at least 10, that may fail before it is told.",
        ),
        key(
            "alerts.heartbeat",
            Text,
            Optional,
            "URL that is asked for again and again while a run lasts: whoever misses it raises the alarm.",
        ),
        key(
            "alerts.heartbeat_env",
            Text,
            Optional,
            "Variable of the environment that has this URL, where the URL itself is a secret.",
        ),
        key("alerts.heartbeat_every", Duration, Default("\"1m\""), "How often."),
        key(
            "alerts.timeout",
            Duration,
            Default("\"10s\""),
            "How long one post or command may take; it is tried five times.",
        ),
        key(
            "deliveries.queue",
            Text,
            Optional,
            "The URL of an SQS queue with the account's events: a run follows it while it sends.",
        ),
        key(
            "deliveries.max_undelivered",
            Percent,
            Default("\"30%\""),
            "Of the last 100 messages with a final word, and at least 20: where so many did not arrive, the run pauses.",
        ),
        key(
            "hooks.on_finish",
            Command,
            Optional,
            "Run when nothing is left to send (exit 0 or 3), with the result as JSON on its stdin.",
        ),
        key(
            "hooks.on_halt",
            Command,
            Optional,
            "Run when a run halted or failed (exit 5 or 1), with the result as JSON on its stdin.",
        ),
        key("hooks.timeout", Duration, Default("\"30s\""), "How long such a command may take."),
    ]
};
