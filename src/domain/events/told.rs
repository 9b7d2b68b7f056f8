//! What is known of one message or contact, and what each of its events adds to that. Pure: who keeps it is elsewhere.

use crate::domain::events::join::{Join, Standing, replaces};
use crate::domain::events::{ContactEvent, MessageEvent, SentRecord};
use crate::domain::phone::E164;
use crate::domain::unix_millis::UnixMillis;

/// What events have told of a message: the truest word only.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ToldMessage {
    /// The receiving number; `None`: no event has named it.
    pub destination: Option<String>,
    /// Whether CloudTrail has named it, and not the event.
    pub trail: bool,
    /// The sending number, or another identity.
    pub origination: Option<String>,
    /// When it was asked for.
    pub requested_at: Option<UnixMillis>,
    /// The account that sent it.
    pub account: Option<String>,
    /// The Region that sent it.
    pub region: Option<String>,
    /// A contact id of its context.
    pub contact_id: Option<String>,
    /// How it stands; `None`: only CloudTrail has told of it.
    pub standing: Option<MessageStanding>,
    /// Message parts that were billed.
    pub parts: Option<u32>,
    /// The price of all parts, in whatever unit it came.
    pub price: Option<f64>,
    /// The carrier's fee, in the same unit.
    pub carrier_fee: Option<f64>,
    /// The carrier's name.
    pub carrier: Option<String>,
    /// Country of the receiving number, ISO 3166-1 alpha-2.
    pub country: Option<String>,
}

/// How a message stood when that was last told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageStanding {
    /// AWS's word.
    pub status: String,
    /// AWS's sentence.
    pub description: Option<String>,
    /// When it was so.
    pub at: UnixMillis,
    /// Whether AWS said that no more comes.
    pub is_final: bool,
}

/// What an event has added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// Nothing new.
    Nothing,
    /// Something.
    News,
    /// AWS's final word.
    LastWord,
}

impl ToldMessage {
    /// Takes a delivery event in. A message that has its row needs no number, and that of a purged row is not to come back.
    pub fn hear(&mut self, event: &MessageEvent, has_row: bool) -> Heard {
        let newer = self.standing.as_ref().is_none_or(|known| {
            replaces(event, Standing { at: known.at, is_final: known.is_final, status: &known.status })
        });
        let unnamed = self.destination.is_none() || self.trail;
        let named = event.destination.is_some() && unnamed && !has_row;
        let fills = (self.parts.is_none() && event.parts.is_some())
            || (self.price.is_none() && event.price.is_some())
            || (self.carrier.is_none() && event.carrier.is_some())
            || (self.country.is_none() && event.country.is_some());
        if !newer && !named && !fills {
            return Heard::Nothing;
        }
        self.identify(event);
        if newer {
            self.standing = Some(MessageStanding {
                status: event.status.clone(),
                description: event.description.clone(),
                at: event.at,
                is_final: event.is_final,
            });
        }
        // What an event does not say stays known; one that is not the newer only fills gaps.
        keep(&mut self.parts, event.parts.as_ref(), newer);
        keep(&mut self.price, event.price.as_ref(), newer);
        keep(&mut self.carrier_fee, event.carrier_fee.as_ref(), newer);
        keep(&mut self.carrier, event.carrier.as_ref(), newer);
        keep(&mut self.country, event.country.as_ref(), newer);
        if newer && event.is_final { Heard::LastWord } else { Heard::News }
    }

    /// What the message is known by.
    fn identify(&mut self, event: &MessageEvent) {
        if let Some(number) = &event.destination {
            (self.destination, self.trail) = (Some(number.as_str().to_owned()), false);
        }
        keep(&mut self.origination, event.origination.as_ref(), true);
        keep(&mut self.requested_at, event.requested_at.as_ref(), true);
        keep(&mut self.account, event.account.as_ref(), false);
        keep(&mut self.region, event.region.as_ref(), false);
        if self.contact_id.is_none() {
            self.contact_id = event.contact_id().map(str::to_owned);
        }
    }

    /// Takes CloudTrail's record in: whom the message was for, where no event has named that.
    pub fn hear_record(&mut self, record: &SentRecord, has_row: bool) -> Heard {
        if self.destination.is_some() || has_row {
            return Heard::Nothing;
        }
        (self.destination, self.trail) = (Some(record.destination.as_str().to_owned()), true);
        // Only a number is a sender that can be held against an event's.
        let origination = record.origination.as_deref().and_then(E164::of_account);
        keep(&mut self.origination, origination.map(|number| number.as_str().to_owned()).as_ref(), false);
        keep(&mut self.requested_at, Some(&record.at), false);
        keep(&mut self.account, record.account.as_ref(), false);
        keep(&mut self.region, record.region.as_ref(), false);
        Heard::News
    }

    /// AWS's final word, where there is one.
    #[must_use]
    pub fn last_word(&self) -> Option<&str> {
        self.standing.as_ref().filter(|standing| standing.is_final).map(|standing| standing.status.as_str())
    }

    /// How it is joined by its number.
    #[must_use]
    pub fn join(&self) -> Join {
        if self.trail { Join::CloudTrail } else { Join::Destination }
    }
}

/// What events have told of a contact: each member once, as it was told first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ToldContact {
    /// When it began.
    pub initiated_at: Option<UnixMillis>,
    /// When it ended.
    pub ended_at: Option<UnixMillis>,
    /// AWS's word for why.
    pub end_reason: Option<String>,
    /// Whether the customer wrote, as far as that was told.
    pub replied: Option<bool>,
    /// The instance's ARN.
    pub instance: Option<String>,
}

impl ToldContact {
    /// Takes an event in. Says whether it told anything new.
    pub fn hear(&mut self, event: &ContactEvent) -> bool {
        let before = self.clone();
        keep(&mut self.initiated_at, event.initiated_at.as_ref(), false);
        keep(&mut self.ended_at, event.ended_at.as_ref(), false);
        keep(&mut self.end_reason, event.end_reason.as_ref(), false);
        keep(&mut self.instance, event.instance.as_ref(), false);
        self.replied = self.replied.max(event.replied);
        *self != before
    }
}

/// Keeps what is told where nothing is known, or where it is the truer.
fn keep<T: Clone>(known: &mut Option<T>, told: Option<&T>, truer: bool) {
    if let Some(told) = told.filter(|_| truer || known.is_none()) {
        *known = Some(told.clone());
    }
}
