//! A report's columns, and how to read a report as the recipients file that it was made of: rows that failed or were
//! rejected are corrected in a report, and fed in again.

use crate::domain::table::formula::original;

/// The columns that every report begins with, unless others were asked for.
pub const FIXED_COLUMNS: [&str; 21] = [
    "line",
    "key",
    "destination",
    "state",
    "contact_id",
    "client_token",
    "attempts",
    "code",
    "reason",
    "source",
    "first_attempt_at",
    "settled_at",
    "sender",
    "zone",
    "delivery",
    "delivery_status",
    "delivery_at",
    "parts",
    "price",
    "ended_at",
    "replied",
];

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
