//! The keys of a table below `[[senders]]`, as [`keys`](super::keys) has those of all other tables.

use super::keys::{Key, KeyKind, Need, key};
use crate::domain::senders::HaltRule;

/// The keys of a sender, in the order of a definition.
pub const SENDER_KEYS: &[Key] = &[
    key("senders.name", KeyKind::Text, Need::Required, "What reports and commands call it."),
    key("senders.source", KeyKind::Text, Need::Required, "The Connect ARN of its phone number."),
    key(
        "senders.parts_per_second",
        KeyKind::Amount,
        Need::Optional,
        "Message parts per second; default: as many as the pace allows.",
    ),
    key(
        "senders.burst",
        KeyKind::Integer { min: 1, max: 10_000 },
        Need::Optional,
        "Parts that may leave at once; default: what leaves in a fifth of a second.",
    ),
    key(
        "senders.per_day",
        KeyKind::Integer { min: 1, max: 1_000_000_000 },
        Need::Optional,
        "Messages a day, at most; rows that are left wait for the next day.",
    ),
    key(
        "senders.zone",
        KeyKind::Text,
        Need::Default("\"America/Los_Angeles\""),
        "The time zone (IANA) in which that day begins at midnight.",
    ),
    key(
        "senders.countries",
        KeyKind::Texts,
        Need::Default("[]"),
        "Countries that it sends to, such as [\"US\", \"CA\"]; default: all that no other sender names.",
    ),
    key(
        "senders.weight",
        KeyKind::Amount,
        Need::Default("1"),
        "Its share of the recipients that several senders may send to.",
    ),
    key(
        "senders.on_halt",
        KeyKind::OneOf(HaltRule::NAMES),
        Need::Default("\"wait\""),
        "What becomes of its rows when the service refuses it for good: they wait, or those that were never attempted go to other \
         senders.",
    ),
    key(
        "senders.instance_id",
        KeyKind::Text,
        Need::Optional,
        "Its own instance, id or ARN; default: that of [connect]. Each account has a pace of its own.",
    ),
    key(
        "senders.contact_flow_id",
        KeyKind::Text,
        Need::Optional,
        "Its own flow, id or ARN; an instance of its own needs one. Default: that of [connect].",
    ),
    key(
        "senders.region",
        KeyKind::Text,
        Need::Optional,
        "The Region of its instance; default: that of its source.",
    ),
    key(
        "senders.profile",
        KeyKind::Text,
        Need::Optional,
        "The profile of the AWS configuration files for its account, which may assume a role; default: that of [connect].",
    ),
    key(
        "senders.account_rate",
        KeyKind::Amount,
        Need::Optional,
        "Requests per second that its account takes, over all its senders; default: the rate of [pace].",
    ),
    key(
        "senders.account_burst",
        KeyKind::Integer { min: 1, max: 10_000 },
        Need::Optional,
        "Requests that may leave at once for its account; default: the burst of [pace].",
    ),
];
