//! Names that are no keys of a definition, and where what somebody wants with them is.

/// Keys that someone may look for, and where what they want is.
pub(super) const ELSEWHERE: &[(&str, &str)] = &[
    (
        "clienttoken",
        "the client token comes from instance, campaign and key, so that running again sends nothing twice",
    ),
    ("destination", "the destination is the column that `recipients.phone` names"),
    ("destinationendpoint", "the destination is the column that `recipients.phone` names"),
    ("sourceendpoint", "this is `connect.source`"),
    ("sender", "several senders are tables below [[senders]], one is `connect.source`"),
    ("initialsystemmessage", "this is `contact.message`"),
    ("initialtemplatedsystemmessage", "this is the table [contact.templated_message]"),
    ("participantdetails", "this is `contact.display_name`"),
    ("chatdurationinminutes", "this is `contact.chat_duration_minutes`"),
    ("supportedmessagingcontenttypes", "this is `contact.supported_content_types`"),
];
