//! The sender of a row, where the definition has several.

use crate::domain::message::request::{Leaf, RequestTemplate};
use crate::domain::phone::Phone;
use crate::domain::row::recipient::RejectionReason;
use crate::domain::senders::{Sender, assign, countries};

/// The place of the sender among the definition's; `None` where it has none.
///
/// # Errors
/// Where no sender sends to the number's country.
pub(super) fn of(senders: &[Sender], phone: &Phone) -> Result<Option<usize>, RejectionReason> {
    if senders.is_empty() {
        return Ok(None);
    }
    match assign(senders, phone.number.as_str(), phone.region, |_| true) {
        Some(at) => Ok(Some(at)),
        None => Err(RejectionReason::NoSender {
            country: phone.region.map(|region| region.to_string()),
            served: countries(senders),
        }),
    }
}

/// What of a request its sender says: the last of a row's slots, in the order of [`Sender::texts`].
pub(super) fn shape(senders: &[Sender], shape: &mut RequestTemplate, texts: usize) {
    let Some(sender) = senders.first() else { return };
    let of_account = usize::from(sender.account.is_some()) * 2;
    if of_account > 0 {
        shape.contact_flow_id = Leaf::Slot(texts);
        shape.sender_instance_id = Some(Leaf::Slot(texts + 1));
    }
    shape.source = Leaf::Slot(texts + of_account);
}
