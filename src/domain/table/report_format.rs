//! A report's columns, and how to read a report as the recipients file that it was made of: rows that failed or were
//! rejected are corrected in a report, and fed in again.

use crate::domain::table::formula::original;

/// A column that every report begins with, unless others were asked for. What a row has in it is in `src/report/columns.rs`,
/// what it means in `docs/report.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FixedColumn {
    /// Its line in the file.
    Line,
    /// What makes the recipient the same one.
    Key,
    /// The number.
    Destination,
    /// How it stands.
    State,
    /// Amazon Connect's answer.
    ContactId,
    /// The idempotency token.
    ClientToken,
    /// Requests for it.
    Attempts,
    /// Why it stands so, as a code.
    Code,
    /// The same in words.
    Reason,
    /// Where messages come from.
    Source,
    /// When the first request was about to leave.
    FirstAttemptAt,
    /// When its state became known.
    SettledAt,
    /// The sender by its name.
    Sender,
    /// The recipient's time zones.
    Zone,
    /// What became of its message.
    Delivery,
    /// AWS's word for it.
    DeliveryStatus,
    /// Since when it is so.
    DeliveryAt,
    /// Parts of the message, as AWS counts them.
    Parts,
    /// What the message cost.
    Price,
    /// When the contact ended.
    EndedAt,
    /// Whether the recipient replied.
    Replied,
}

impl FixedColumn {
    /// All of them, in the order of a report.
    pub const ALL: [Self; 21] = [
        Self::Line,
        Self::Key,
        Self::Destination,
        Self::State,
        Self::ContactId,
        Self::ClientToken,
        Self::Attempts,
        Self::Code,
        Self::Reason,
        Self::Source,
        Self::FirstAttemptAt,
        Self::SettledAt,
        Self::Sender,
        Self::Zone,
        Self::Delivery,
        Self::DeliveryStatus,
        Self::DeliveryAt,
        Self::Parts,
        Self::Price,
        Self::EndedAt,
        Self::Replied,
    ];

    /// What a report calls it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Line => "line",
            Self::Key => "key",
            Self::Destination => "destination",
            Self::State => "state",
            Self::ContactId => "contact_id",
            Self::ClientToken => "client_token",
            Self::Attempts => "attempts",
            Self::Code => "code",
            Self::Reason => "reason",
            Self::Source => "source",
            Self::FirstAttemptAt => "first_attempt_at",
            Self::SettledAt => "settled_at",
            Self::Sender => "sender",
            Self::Zone => "zone",
            Self::Delivery => "delivery",
            Self::DeliveryStatus => "delivery_status",
            Self::DeliveryAt => "delivery_at",
            Self::Parts => "parts",
            Self::Price => "price",
            Self::EndedAt => "ended_at",
            Self::Replied => "replied",
        }
    }
}

/// The names of [`FixedColumn::ALL`].
pub const FIXED_COLUMNS: [&str; FixedColumn::ALL.len()] = {
    let mut names = [""; FixedColumn::ALL.len()];
    let mut at = 0;
    while at < names.len() {
        names[at] = FixedColumn::ALL[at].name();
        at += 1;
    }
    names
};

/// Put before the name of an own column while its name is taken.
pub const PREFIX: &str = "file.";

/// The file's own columns, under their own names, where a header is that of a whole report; `None` where it is not.
///
/// A name that the file had twice keeps its prefix, for it was not clear before either.
#[must_use]
pub fn own_columns<S: AsRef<str>>(header: &[S]) -> Option<Vec<String>> {
    let (fixed, own) = header.split_at_checked(FIXED_COLUMNS.len())?;
    if own.is_empty() || !fixed.iter().map(AsRef::as_ref).eq(FIXED_COLUMNS) {
        return None;
    }
    let restored = |name: &S| {
        let name = original(name.as_ref());
        let bare = name.trim_start_matches(PREFIX);
        if FIXED_COLUMNS.contains(&bare) { bare.to_owned() } else { name.to_owned() }
    };
    Some(own.iter().map(restored).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_gives_the_columns_of_its_file() {
        let header = |own: &[&str]| -> Vec<String> {
            FIXED_COLUMNS.iter().chain(own).map(|name| (*name).to_owned()).collect()
        };
        let own = own_columns(&header(&["id", "file.state", "file.file.key", "file.note", "'=x"])).unwrap();
        assert_eq!(own, ["id", "state", "key", "file.note", "=x"]);
        assert_eq!(own_columns(&header(&[])), None, "nothing to read");
        assert_eq!(own_columns(&["phone", "name"]), None);
        let mut other = header(&["id"]);
        other.swap(0, 1);
        assert_eq!(own_columns(&other), None, "columns that were chosen are a file of their own");
    }
}
