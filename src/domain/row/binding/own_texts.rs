//! The definition's own words: what every recipient reads, whatever the file has.

use super::Binding;
use crate::domain::message::limits::Member;
use crate::domain::message::request::{Leaf, Message};

impl Binding {
    /// The words of the message and of the attributes, each with what it is a part of.
    #[must_use]
    pub fn own_texts(&self) -> Vec<(Member, &str)> {
        let mut own = Vec::new();
        match &self.shape.message {
            Some(Message::Text { content, .. }) => self.take(&Member::Message, content, &mut own),
            Some(Message::Templated { attributes, .. }) => {
                for (name, leaf) in attributes {
                    self.take(&Member::TemplateAttribute(name.clone()), leaf, &mut own);
                }
            }
            None => {}
        }
        for (name, leaf) in &self.shape.attributes {
            self.take(&Member::Attribute(name.clone()), leaf, &mut own);
        }
        own
    }

    fn take<'a>(&'a self, member: &Member, leaf: &'a Leaf, own: &mut Vec<(Member, &'a str)>) {
        match leaf {
            Leaf::Fixed(text) => own.push((member.clone(), text)),
            Leaf::Slot(at) => {
                let pieces = self.texts.get(*at).map(|text| text.template.fixed_pieces()).unwrap_or_default();
                own.extend(pieces.into_iter().map(|piece| (member.clone(), piece)));
            }
            Leaf::Token => {}
        }
    }
}
