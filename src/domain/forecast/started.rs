//! What is sent with the contacts that a forecast starts: the rest of a plan expires, or has no turn for another reason.

use std::collections::HashMap;

use crate::domain::phone::Region;

/// What goes to a country with the contacts that start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CountryMessages {
    /// Contacts.
    pub contacts: u64,
    /// Those of them whose message is known before it is sent.
    pub messages: u64,
    /// Segments of those messages.
    pub segments: u64,
}

/// What goes to each country with the contacts that start. What belongs to no country is under `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StartedByCountry(pub HashMap<Option<Region>, CountryMessages>);

impl StartedByCountry {
    /// So many contacts start with messages of so many segments; `None` where the flow has the message.
    pub(super) fn add(&mut self, region: Option<Region>, segments: Option<u32>, contacts: u64) {
        if contacts == 0 {
            return;
        }
        let country = self.0.entry(region).or_default();
        country.contacts += contacts;
        if let Some(segments) = segments {
            country.messages += contacts;
            country.segments += u64::from(segments) * contacts;
        }
    }
}
