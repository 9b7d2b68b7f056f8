//! Dates that programs write where they have none: the first day that they count from, or the last that they know, in any form.

/// Year, month and day of them; a zero month or day is none.
const DAYS: &[(u16, u8, u8)] = &[
    // 0 of a database, and of a type of .NET and Java.
    (0, 0, 0),
    (1, 1, 1),
    // 0 of a spreadsheet, and its first day.
    (1899, 12, 30),
    (1899, 12, 31),
    (1900, 1, 0),
    (1900, 1, 1),
    // 0 of Unix, and the same in the west.
    (1970, 1, 1),
    (1969, 12, 31),
    // The end of time.
    (9999, 12, 31),
];

/// The years as they are written, by which nearly every cell is decided.
const YEARS: [&str; 7] = ["0000", "0001", "1899", "1900", "1970", "1969", "9999"];

/// Whether a cell has the year of one of them.
pub(super) fn has_year(cell: &str) -> bool {
    YEARS.iter().any(|year| cell.contains(year))
}

/// Whether a cell is one of them, perhaps with a time: `1/1/0001 12:00:00 AM`, `01/00/1900`, `30.12.1899`, `Jan 1, 1970`.
pub(super) fn is_one(cell: &str) -> bool {
    if !has_year(cell) {
        return false;
    }
    // `1970-01-01T00:00:00Z`
    let time = cell.find('T').filter(|at| cell[..*at].ends_with(|c: char| c.is_ascii_digit()));
    let cell = &cell[..time.unwrap_or(cell.len())];
    let (mut numbers, mut month): (Vec<(u16, usize)>, Option<u8>) = (Vec::new(), None);
    for word in cell.split(|c: char| c.is_whitespace() || matches!(c, '-' | '/' | '.' | ',')) {
        // What is behind is a time.
        if word.contains(':') || numbers.len() + usize::from(month.is_some()) == 3 {
            break;
        }
        match word.to_ascii_lowercase().as_str() {
            "" => {}
            digits if digits.len() <= 4 && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                numbers.push((digits.parse().unwrap_or(u16::MAX), digits.len()));
            }
            "jan" | "january" if month.is_none() => month = Some(1),
            "dec" | "december" if month.is_none() => month = Some(12),
            "mon" | "tue" | "wed" | "thu" | "fri" | "sat" | "sun" | "monday" | "wednesday" | "thursday"
            | "saturday" | "sunday" => {}
            _ => return false,
        }
    }
    let Some(at) = numbers.iter().position(|(_, length)| *length == 4) else { return false };
    let year = numbers.remove(at).0;
    let small = |number: (u16, usize)| u8::try_from(number.0).ok();
    let days = DAYS.iter().filter(|(known, ..)| *known == year);
    match (month, &numbers[..]) {
        (Some(month), [day]) => {
            days.clone().any(|(_, known, on)| *known == month && Some(*on) == small(*day))
        }
        (None, [one, other]) => days.clone().any(|(_, known, on)| {
            let (one, other) = (small(*one), small(*other));
            (one, other) == (Some(*known), Some(*on)) || (one, other) == (Some(*on), Some(*known))
        }),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::table::nothing_words::means_nothing;

    #[test]
    fn days_that_mean_nothing_are_found_in_any_form() {
        for cell in [
            "1/1/0001 12:00:00 AM",
            "01/01/0001",
            "0001-01-01T00:00:00Z",
            "12/30/1899",
            "30.12.1899",
            "30/12/1899 00:00",
            "1899-12-30 00:00:00",
            "1899-12-31",
            "01/00/1900",
            "0/1/1900",
            "1-Jan-1900",
            "1970-01-01",
            "1.1.1970 01:00",
            "Jan 1, 1970",
            "Thu, 01 Jan 1970 00:00:00 GMT",
            "1969-12-31 19:00:00",
            "31 Dec 9999",
            "12/31/9999",
            "0000/00/00",
        ] {
            assert!(means_nothing(cell), "{cell}");
        }
        for cell in [
            "1970-05-01",
            "1.1.1971",
            "1969-07-20",
            "01/02/1900",
            "1900",
            "No. 1900-1",
            "1970-01",
            "12/30/1999",
            "Since 1970",
            "2026-01-01",
            "1899 Main Street",
            "10001",
            "+12025550001",
            "19700101x",
        ] {
            assert!(!means_nothing(cell), "{cell}");
        }
    }
}
