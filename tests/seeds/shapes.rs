//! Random definitions: what the requests of one plan have in common.

use std::collections::BTreeMap;

use campaign::domain::message::request::{Leaf, Message, Request, RequestTemplate, SegmentValue};

use crate::seeds::chance::Chance;

pub(crate) const INSTANCE: &str = "11111111-2222-3333-4444-555555555555";
pub(crate) const SOURCE: &str =
    "arn:aws:connect:us-west-2:123456789012:phone-number/aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";
const FLOW: &str = "99999999-8888-7777-6666-555555555555";

/// Slots that every row has; a shape uses some of them.
pub(crate) const SLOTS: usize = 4;

fn leaf(chance: &mut Chance, fixed: &str) -> Leaf {
    if chance.odds(0.5) { Leaf::Slot(chance.index(SLOTS)) } else { Leaf::Fixed(fixed.to_owned()) }
}

fn message(chance: &mut Chance) -> Option<Message<Leaf>> {
    match chance.index(3) {
        0 => None,
        1 => Some(Message::Text {
            content_type: "text/plain".to_owned(),
            content: leaf(chance, "Hi, see you \u{2019}soon\u{2019}."),
        }),
        _ => Some(Message::Templated {
            knowledge_base_id: "base".to_owned(),
            template_id: "template".to_owned(),
            attributes: BTreeMap::from([("name".to_owned(), leaf(chance, "you"))]),
            customer_profile: chance.odds(0.3).then(|| Leaf::Fixed("{}".to_owned())),
        }),
    }
}

/// A random definition.
pub(crate) fn shape(chance: &mut Chance) -> RequestTemplate {
    let fixed = |text: &str| Leaf::Fixed(text.to_owned());
    let attributes = (0..chance.within(0..6))
        .map(|n| (format!("attribute_{n}"), leaf(chance, "\"quoted\" \\ \u{e9}")))
        .collect();
    let mut segment_attributes =
        BTreeMap::from([("connect:Subtype".to_owned(), SegmentValue::String(fixed("connect:SMS")))]);
    if chance.odds(0.2) {
        segment_attributes.insert("number".to_owned(), SegmentValue::Integer(7));
    }
    Request {
        instance_id: INSTANCE.to_owned(),
        sender_instance_id: None,
        contact_flow_id: fixed(FLOW),
        source: fixed(SOURCE),
        segment_attributes,
        attributes,
        chat_duration_minutes: chance.odds(0.5).then_some(60),
        display_name: chance.odds(0.3).then(|| leaf(chance, "Sender")),
        message: message(chance),
        related_contact_id: chance.odds(0.2).then(|| leaf(chance, "related")),
        supported_content_types: if chance.odds(0.3) { vec!["text/plain".to_owned()] } else { Vec::new() },
    }
}
