//! The attribute with the client token: which one it is, and how many rows have no room for it.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::domain::figures::counted;
use crate::domain::message::request::RequestTemplate;
use crate::domain::row::recipient::Recipient;

/// What is known of the trace of a file's contacts.
#[derive(Debug, Default)]
pub(super) struct Traces {
    attribute: Option<String>,
    without: u64,
}

impl Traces {
    pub(super) fn new(shape: &RequestTemplate) -> Self {
        Self { attribute: shape.trace().map(str::to_owned), without: 0 }
    }

    pub(super) fn add(&mut self, shape: &RequestTemplate, recipient: &Recipient) {
        self.without += u64::from(self.attribute.is_some() && !shape.has_room_for_trace(&recipient.slots));
    }

    /// Writing to a string cannot fail.
    pub(super) fn write(&self, text: &mut String) {
        let Some(attribute) = self.attribute.as_ref().filter(|_| self.without > 0) else { return };
        let rows = counted(self.without, "row leaves", "rows leave");
        let _ = write!(
            text,
            "\nnote: {rows} no room among its attributes for {attribute}, the client token: such a contact can be found by its \
             number and time only"
        );
    }

    pub(super) fn as_json(&self) -> Value {
        json!({ "attribute": self.attribute, "rows_without_room": self.without })
    }
}
