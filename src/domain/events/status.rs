//! AWS's words for the state of a message: what each means for a row, in plain words, and what to do about it.
//!
//! Source: End User Messaging SMS guide, "Event types", messageStatus.

use std::fmt;

use crate::domain::reasons::Explained;

/// What became of the message of a started contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Delivery {
    /// A carrier or a phone has taken it.
    Delivered,
    /// It did not arrive.
    Undelivered,
    /// It is on its way.
    Pending,
    /// No receipt came in the time that AWS waits for one.
    Unknown,
}

impl Delivery {
    /// All, in the order of counts.
    pub const ALL: [Self; 4] = [Self::Delivered, Self::Undelivered, Self::Pending, Self::Unknown];

    /// Its name in reports and options.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Undelivered => "undelivered",
            Self::Pending => "pending",
            Self::Unknown => "unknown",
        }
    }

    /// By its name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|delivery| delivery.name() == name)
    }

    /// Its number in the journal. Never changed.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Delivered => 0,
            Self::Undelivered => 1,
            Self::Pending => 2,
            Self::Unknown => 3,
        }
    }

    /// By its number.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|delivery| delivery.code() == code)
    }

    /// What a messageStatus means. A word that AWS does not document says nothing: `Unknown`.
    #[must_use]
    pub fn of(status: &str) -> Self {
        KNOWN.iter().find(|known| known.status == status).map_or(Self::Unknown, |known| known.delivery)
    }
}

impl fmt::Display for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A documented messageStatus.
struct KnownStatus {
    status: &'static str,
    delivery: Delivery,
    explained: Explained,
}

const fn known(
    status: &'static str,
    delivery: Delivery,
    what: &'static str,
    advice: &'static str,
) -> KnownStatus {
    KnownStatus { status, delivery, explained: Explained { what, advice } }
}

const KNOWN: [KnownStatus; 18] = [
    known("DELIVERED", Delivery::Delivered, "the phone has confirmed the message", ""),
    known(
        "SUCCESSFUL",
        Delivery::Delivered,
        "the carrier has taken the message; phones of this country confirm nothing",
        "",
    ),
    known("PENDING", Delivery::Pending, "not handed to the carrier yet", "wait"),
    known("QUEUED", Delivery::Pending, "waits at AWS for the sender's rate", "wait"),
    known("SENT", Delivery::Pending, "handed to the carrier", "wait; a receipt may take 72 hours"),
    known("ACCEPTED", Delivery::Pending, "the carrier has it", "wait; a receipt may take 72 hours"),
    known(
        "UNKNOWN",
        Delivery::Unknown,
        "no receipt came within 72 hours",
        "nothing; some carriers send no receipts",
    ),
    known(
        "INVALID",
        Delivery::Undelivered,
        "the number cannot take messages",
        "correct the number in your data, or suppress it",
    ),
    known(
        "UNREACHABLE",
        Delivery::Undelivered,
        "the phone was off or out of reach, or the number is no longer in use",
        "try again another day; suppress it if that fails too",
    ),
    known(
        "BLOCKED",
        Delivery::Undelivered,
        "the phone or its owner blocks the message, or the number has opted out",
        "do not send to this number again: suppress it",
    ),
    known(
        "CARRIER_UNREACHABLE",
        Delivery::Undelivered,
        "the carrier of the number could not be reached",
        "try again later",
    ),
    known(
        "SPAM",
        Delivery::Undelivered,
        "the carrier took the message for spam",
        "change text and links; check the sender's registration",
    ),
    known(
        "INVALID_MESSAGE",
        Delivery::Undelivered,
        "the carrier refuses the text",
        "shorten the text or take unusual characters out",
    ),
    known(
        "CARRIER_BLOCKED",
        Delivery::Undelivered,
        "the carrier blocks this sender or this text",
        "stop the campaign; check the sender's registration with AWS support",
    ),
    known(
        "TTL_EXPIRED",
        Delivery::Undelivered,
        "the message expired before it could be delivered",
        "send at a lower rate, or with a sender of higher throughput",
    ),
    known(
        "FAILED",
        Delivery::Undelivered,
        "delivery failed without a reason",
        "try again; ask AWS support if it stays",
    ),
    known(
        "UNROUTABLE",
        Delivery::Undelivered,
        "no route leads to this number from this sender",
        "use a sender that reaches this country or carrier",
    ),
    known(
        "PROTECT_BLOCKED",
        Delivery::Undelivered,
        "the account's protect configuration blocks this country or number",
        "allow the country in the protect configuration, or leave its numbers out",
    ),
];

/// Every documented messageStatus.
pub fn documented() -> impl Iterator<Item = &'static str> {
    KNOWN.iter().map(|known| known.status)
}

/// What a messageStatus says, and what to do.
#[must_use]
pub fn explained(status: &str) -> Explained {
    let unheard = Explained {
        what: "a status that this version does not know",
        advice: "look it up in the End User Messaging SMS guide",
    };
    KNOWN.iter().find(|known| known.status == status).map_or(unheard, |known| known.explained)
}

/// Whether more messages of the same campaign will meet the same: a block by carrier or account.
#[must_use]
pub fn blocks_the_campaign(status: &str) -> bool {
    matches!(status, "CARRIER_BLOCKED" | "PROTECT_BLOCKED")
}

/// Whether the number itself is the reason, so that it belongs on the suppression list.
#[must_use]
pub fn blames_the_number(status: &str) -> bool {
    matches!(status, "INVALID" | "UNREACHABLE")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_of_the_guide_has_a_meaning_and_words() {
        let count = |delivery| KNOWN.iter().filter(|known| known.delivery == delivery).count();
        assert_eq!(Delivery::ALL.map(count), [2, 11, 4, 1]);
        for known in &KNOWN {
            assert!(!known.explained.what.is_empty(), "{}", known.status);
            let happy = known.delivery == Delivery::Delivered;
            assert_eq!(known.explained.advice.is_empty(), happy, "{}", known.status);
            assert_eq!(known.status, known.status.to_ascii_uppercase());
        }
        assert_eq!(Delivery::of("delivered"), Delivery::Unknown, "nothing is guessed");
        assert_eq!(Delivery::of("HELD"), Delivery::Unknown);
    }

    #[test]
    fn names_and_codes_lead_back() {
        for delivery in Delivery::ALL {
            assert_eq!(Delivery::from_name(delivery.name()), Some(delivery));
            assert_eq!(Delivery::from_code(delivery.code()), Some(delivery));
        }
        assert_eq!(Delivery::from_code(4), None);
    }
}
