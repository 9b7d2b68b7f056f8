//! Names of campaigns that come again and again: `reminder-{file}` is a campaign of its own for each recipients file, and
//! `weekly-{date}` one for each day on which it is first run.

/// The most characters of a name.
const MOST: usize = 128;
/// Stands for the recipients file's stem.
const FILE: &str = "{file}";
/// Stands for the day of the first run.
const DATE: &str = "{date}";

/// Whether it can be a campaign's name: 1 to 128 characters, none of them a control character.
#[must_use]
pub fn is_valid(name: &str) -> bool {
    !name.is_empty() && name.chars().count() <= MOST && !name.chars().any(char::is_control)
}

/// Whether the name depends on the recipients file.
#[must_use]
pub fn has_file(name: &str) -> bool {
    name.contains(FILE)
}

/// Whether the name depends on the day.
#[must_use]
pub fn has_date(name: &str) -> bool {
    name.contains(DATE)
}

/// What stands in braces and is neither.
pub(super) fn unknown_slot(name: &str) -> Option<&str> {
    let mut rest = name;
    while let Some(from) = rest.find('{') {
        let slot = &rest[from..];
        let slot = &slot[..slot.find('}').map_or(slot.len(), |end| end + 1)];
        if slot != FILE && slot != DATE {
            return Some(slot);
        }
        rest = &rest[from + slot.len()..];
    }
    None
}

/// The name for this file, where there is one.
#[must_use]
pub fn with_file(name: &str, file: &str) -> String {
    name.replace(FILE, file)
}

/// The name for this day, such as `2026-12-01`.
#[must_use]
pub fn with_date(name: &str, date: &str) -> String {
    name.replace(DATE, date)
}

/// Whether a campaign of this name may be one of these names, for some file and some day.
#[must_use]
pub fn is_one_of(name: &str, names: &str) -> bool {
    let Some(from) = names.find('{') else { return name == names };
    let (before, slot) = names.split_at(from);
    let Some(rest) = name.strip_prefix(before) else { return false };
    if let Some(behind) = slot.strip_prefix(DATE) {
        return rest
            .split_at_checked(10)
            .is_some_and(|(date, rest)| is_date(date) && is_one_of(rest, behind));
    }
    let Some(behind) = slot.strip_prefix(FILE) else { return name == names };
    let ends = rest.char_indices().map(|(at, _)| at).skip(1).chain([rest.len()]);
    !rest.is_empty() && ends.into_iter().any(|end| is_one_of(&rest[end..], behind))
}

fn is_date(text: &str) -> bool {
    text.bytes().enumerate().all(|(at, byte)| match at {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_known_by_its_pattern() {
        for (name, names, one) in [
            ("spring", "spring", true),
            ("spring", "autumn", false),
            ("reminder-week 1", "reminder-{file}", true),
            ("reminder-", "reminder-{file}", false),
            ("weekly-2026-12-01", "weekly-{date}", true),
            ("weekly-2026-12-1x", "weekly-{date}", false),
            ("weekly-2026-12-01-b", "weekly-{date}", false),
            ("a-2026-12-01-b", "{file}-{date}-b", true),
            ("žofie", "{file}", true),
            ("", "{file}", false),
        ] {
            assert_eq!(is_one_of(name, names), one, "{name} {names}");
        }
        assert_eq!(unknown_slot("a-{file}-{date}"), None);
        assert_eq!(unknown_slot("a-{file}-{day}"), Some("{day}"));
        assert_eq!(unknown_slot("a-{"), Some("{"));
    }
}
