//! The sender of a row, where the definition has several.

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
