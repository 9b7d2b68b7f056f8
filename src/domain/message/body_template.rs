//! The body of a shape's requests, written once, with gaps for what differs from row to row.

use std::sync::OnceLock;

use uuid::Uuid;

use crate::domain::message::request::{Leaf, MissingSlot, RequestTemplate};

/// A [`RequestTemplate`] whose bodies are made quickly: what [`RequestTemplate::fill`] and
/// [`ContactRequest::body`](crate::domain::message::request::ContactRequest::body) make of a row, to the byte.
#[derive(Debug)]
pub struct BodyTemplate {
    shape: RequestTemplate,
    /// By which members are out: display name and related contact, which an empty text leaves out, and the client token among
    /// the attributes, which needs room.
    written: [OnceLock<Vec<BodyPart>>; 8],
}

/// A piece of a body.
#[derive(Debug, PartialEq, Eq)]
enum BodyPart {
    Fixed(String),
    Slot(usize),
    Destination,
    Token,
}

impl BodyTemplate {
    /// The body of all requests of this shape, but for what differs from row to row.
    #[must_use]
    pub fn new(shape: RequestTemplate) -> Self {
        Self { shape, written: Default::default() }
    }

    /// The shape.
    #[must_use]
    pub fn shape(&self) -> &RequestTemplate {
        &self.shape
    }

    /// The body of one row's request, JSON.
    ///
    /// # Errors
    /// [`MissingSlot`] where the row has fewer slots than the shape asks for.
    pub fn body(
        &self,
        slots: &[String],
        destination: &str,
        client_token: Uuid,
    ) -> Result<Vec<u8>, MissingSlot> {
        let is_empty = |leaf: Option<&Leaf>| match leaf {
            Some(Leaf::Slot(slot)) => slots.get(*slot).is_some_and(String::is_empty),
            Some(Leaf::Fixed(_) | Leaf::Token) | None => false,
        };
        let nameless = is_empty(self.shape.display_name.as_ref());
        let unrelated = is_empty(self.shape.related_contact_id.as_ref());
        let untraced = self.shape.trace().is_some() && !self.shape.has_room_for_trace(slots);
        let which = usize::from(nameless) + 2 * usize::from(unrelated) + 4 * usize::from(untraced);
        let mut body = Vec::with_capacity(1_024);
        for part in self.written[which].get_or_init(|| self.write(nameless, unrelated, untraced)) {
            match part {
                BodyPart::Fixed(text) => body.extend_from_slice(text.as_bytes()),
                BodyPart::Slot(slot) => text(&mut body, slots.get(*slot).ok_or(MissingSlot { slot: *slot })?),
                BodyPart::Destination => text(&mut body, destination),
                BodyPart::Token => {
                    text(&mut body, client_token.hyphenated().encode_lower(&mut Uuid::encode_buffer()));
                }
            }
        }
        Ok(body)
    }

    /// Has the body of a row written whose texts are marks, and cuts it at them.
    fn write(&self, nameless: bool, unrelated: bool, untraced: bool) -> Vec<BodyPart> {
        let fixed = serde_json::to_string(&self.shape).expect("strings and integers always serialize");
        let (mark, token) = (0_u32..)
            .map(|number| (format!("gap-{number}-"), Uuid::from_u128(number.into())))
            .find(|(mark, token)| !fixed.contains(mark) && !fixed.contains(&token.to_string()))
            .expect("no text contains every mark");
        let gap = |name: &dyn std::fmt::Display| format!("{mark}{name};");
        let mut contact = self.shape.fill_with(&gap(&"to"), token, |leaf| match leaf {
            Leaf::Fixed(text) => text.clone(),
            Leaf::Slot(slot) => gap(slot),
            Leaf::Token => token.to_string(),
        });
        if nameless {
            contact.request.display_name = None;
        }
        if unrelated {
            contact.request.related_contact_id = None;
        }
        if untraced {
            self.shape.leave_out_trace(&mut contact);
        }
        let body = String::from_utf8(contact.body()).expect("JSON is UTF-8");
        cut(&body.replace(&token.to_string(), &gap(&"token")), &mark)
    }
}

/// The pieces of a body whose gaps are texts of their own: the mark, a name, and a semicolon.
fn cut(body: &str, mark: &str) -> Vec<BodyPart> {
    let mark = format!("\"{mark}");
    let mut pieces = body.split(&mark);
    let mut parts: Vec<BodyPart> =
        pieces.next().map(|text| BodyPart::Fixed(text.to_owned())).into_iter().collect();
    for piece in pieces {
        let (name, rest) = piece.split_once(";\"").expect("every mark ends so");
        parts.push(match name {
            "to" => BodyPart::Destination,
            "token" => BodyPart::Token,
            slot => BodyPart::Slot(slot.parse().expect("what is neither is a slot's number")),
        });
        parts.push(BodyPart::Fixed(rest.to_owned()));
    }
    parts
}

/// A text in quotation marks, escaped.
fn text(body: &mut Vec<u8>, text: &str) {
    serde_json::to_writer(body, text).expect("a string always serializes, and a vector takes it");
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::domain::message::request::{Message, Request, SegmentValue};

    /// Texts with everything that could upset the gaps: marks, quotation marks, nothing at all.
    fn texts() -> impl Strategy<Value = String> {
        let odd = ["", "gap-0-", "gap-0-1;", "gap-1-to;", "\"gap-0-0;\"", "\\", "\"", "\u{1f337}\u{0}é"];
        prop_oneof![
            proptest::sample::select(odd.map(String::from).to_vec()),
            Just(Uuid::nil().to_string()),
            any::<String>()
        ]
    }

    fn leaves() -> impl Strategy<Value = Leaf> {
        prop_oneof![texts().prop_map(Leaf::Fixed), (0_usize..4).prop_map(Leaf::Slot), Just(Leaf::Token)]
    }

    fn messages() -> impl Strategy<Value = Message<Leaf>> {
        let text =
            (texts(), leaves()).prop_map(|(content_type, content)| Message::Text { content_type, content });
        let attributes = proptest::collection::btree_map(texts(), leaves(), 0..3);
        let templated =
            (attributes, proptest::option::of(leaves())).prop_map(|(attributes, customer_profile)| {
                let id = String::from;
                Message::Templated {
                    knowledge_base_id: id("kb"),
                    template_id: id("t"),
                    attributes,
                    customer_profile,
                }
            });
        prop_oneof![text, templated]
    }

    fn segments() -> impl Strategy<Value = SegmentValue<Leaf>> {
        prop_oneof![
            leaves().prop_map(SegmentValue::String),
            any::<i32>().prop_map(SegmentValue::Integer),
            proptest::collection::vec(leaves().prop_map(SegmentValue::String), 0..3)
                .prop_map(SegmentValue::List),
        ]
    }

    fn shapes() -> impl Strategy<Value = RequestTemplate> {
        let optional = || proptest::option::of(leaves());
        let maps = (
            proptest::collection::btree_map(texts(), segments(), 0..3),
            proptest::collection::btree_map(texts(), leaves(), 0..3),
        );
        let sender = (leaves(), leaves(), optional());
        (sender, maps, optional(), proptest::option::of(messages()), optional()).prop_map(
            |(sender, (segment_attributes, attributes), display_name, message, related_contact_id)| {
                let (flow, source, sender_instance_id) = sender;
                Request {
                    instance_id: "i".to_owned(),
                    sender_instance_id,
                    contact_flow_id: flow,
                    source,
                    segment_attributes,
                    attributes,
                    chat_duration_minutes: Some(60),
                    display_name,
                    message,
                    related_contact_id,
                    supported_content_types: vec!["text/plain".to_owned()],
                }
            },
        )
    }

    proptest! {
        /// The same bytes as the long way makes of it, whatever stands in shape and slots; a slot that is missing is
        /// missed both ways.
        #[test]
        fn a_body_from_the_template_is_the_request_s_own(
            shape in shapes(),
            rows in proptest::collection::vec(proptest::collection::vec(texts(), 3..5), 1..5),
            to in texts(),
            token in any::<u128>(),
        ) {
            let (form, token) = (BodyTemplate::new(shape.clone()), Uuid::from_u128(token));
            for slots in rows {
                let body = form.body(&slots, &to, token);
                prop_assert_eq!(body, shape.fill(&slots, &to, token).map(|contact| contact.body()));
            }
        }
    }

    #[test]
    fn the_fixed_parts_of_a_body_are_whole() {
        let shape = RequestTemplate {
            attributes: BTreeMap::from([("name".to_owned(), Leaf::Slot(1))]),
            display_name: Some(Leaf::Slot(0)),
            ..RequestTemplate::plain("i", "f", Leaf::Fixed("arn".to_owned()))
        };
        assert_eq!(BodyTemplate::new(shape.clone()).write(false, false, false).len(), 9);
        assert_eq!(BodyTemplate::new(shape).write(true, false, false).len(), 7);
    }
}
