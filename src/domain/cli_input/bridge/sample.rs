//! The beginning of a file of people, and what its columns seem to be.

use serde_json::Value;

use crate::domain::phone::{self, LineType, Region};
use crate::domain::table::header::{Header, fold};

/// The beginning of a file of people.
#[derive(Debug, Clone)]
pub struct Sample {
    /// The file, as the user named it.
    pub file: String,
    /// Its columns.
    pub header: Header,
    /// Its first rows; also one further down that has the number of a request.
    pub rows: Vec<Vec<String>>,
}

/// Names that columns with a phone number have, folded, the likeliest first.
const PHONE_NAMES: [&str; 12] = [
    "phone",
    "mobile",
    "phonenumber",
    "mobilephone",
    "cell",
    "cellphone",
    "mobilenumber",
    "telephone",
    "tel",
    "msisdn",
    "number",
    "sms",
];
/// Regions that numbers without `+` are tried in.
const REGIONS: [&str; 14] =
    ["US", "GB", "DE", "FR", "AU", "IN", "ES", "IT", "BR", "MX", "NL", "CH", "AT", "ZA"];
/// Share of the rows that a column must fit, in per cent.
const MOST: usize = 80;

/// What a file of people seems to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Guess {
    /// The column of the number.
    pub(super) phone: Option<usize>,
    /// Of numbers without `+`: a region that most are valid in.
    pub(super) region: Option<&'static str>,
    /// Columns that have another value in each row, the likeliest key first.
    pub(super) keys: Vec<usize>,
}

impl Sample {
    /// The region that numbers without `+` seem to be of.
    #[must_use]
    pub fn region(&self) -> Option<&'static str> {
        self.guess().region
    }

    pub(super) fn guess(&self) -> Guess {
        let columns = 0..self.header.names().len();
        let valid = |column: usize, region: Option<&str>| {
            let region = region.and_then(Region::parse);
            let takes = |row: &&Vec<String>| {
                row.get(column).is_some_and(|cell| {
                    phone::parse(cell, region).is_ok_and(|phone| phone.line != LineType::Unreachable)
                })
            };
            self.rows.iter().filter(takes).count()
        };
        let rank = |column: usize| {
            let name = fold(&self.header.names()[column]);
            let named = PHONE_NAMES.iter().position(|known| name == *known).or_else(|| {
                PHONE_NAMES.iter().position(|known| name.contains(known)).map(|at| at + PHONE_NAMES.len())
            });
            named.map_or(0, |at| 2 * PHONE_NAMES.len() - at)
        };
        let enough = |count: usize| count > 0 && count * 100 >= self.rows.len() * MOST;
        let mut phones: Vec<(usize, usize, Option<&'static str>)> = Vec::new();
        for column in columns.clone() {
            let international = valid(column, None);
            let best = REGIONS
                .iter()
                .map(|region| (valid(column, Some(region)), *region))
                .rev()
                .max_by_key(|(count, _)| *count);
            match best {
                _ if enough(international) => phones.push((rank(column) + 1, column, None)),
                Some((count, region)) if enough(count) && rank(column) > 0 => {
                    phones.push((rank(column), column, Some(region)));
                }
                _ if self.rows.is_empty() && rank(column) > 0 => phones.push((rank(column), column, None)),
                _ => {}
            }
        }
        let found = phones.into_iter().max_by_key(|(rank, column, _)| (*rank, usize::MAX - *column));
        let phone = found.map(|(_, column, _)| column);
        let mut keys: Vec<usize> =
            columns.filter(|column| Some(*column) != phone && self.tells_apart(*column)).collect();
        keys.sort_by_key(|column| !is_key_name(&fold(&self.header.names()[*column])));
        Guess { phone, region: found.and_then(|(_, _, region)| region), keys }
    }

    fn tells_apart(&self, column: usize) -> bool {
        let mut cells: Vec<&str> =
            self.rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.trim()).collect();
        let filled = cells.len() == self.rows.len() && cells.iter().all(|cell| !cell.is_empty());
        cells.sort_unstable();
        cells.dedup();
        filled && !cells.is_empty() && cells.len() == self.rows.len()
    }

    /// What stands for a column in a template: `{{ name }}`, or `{{ column("...") }}` for a name that is no word.
    pub(super) fn placeholder(&self, column: usize) -> Option<String> {
        let name = self.header.names().get(column)?.trim();
        Some(match word(name) {
            Some(word) => format!("{{{{ {word} }}}}"),
            None if name.is_empty() => return None,
            None if name.contains(['\'', '\\']) => format!("{{{{ column({}) }}}}", quoted(name)),
            None => format!("{{{{ column('{name}') }}}}"),
        })
    }

    /// The first row that has this number, and the column of it.
    pub(super) fn find(&self, number: &str, region: Option<&str>) -> Option<(&[String], usize)> {
        self.rows.iter().find_map(|row| Some((row.as_slice(), column_of_number(row, number, region)?)))
    }

    pub(super) fn column_named(&self, name: &str) -> Option<usize> {
        self.header.names().iter().position(|column| fold(column) == fold(name))
    }
}

pub(super) fn is_key_name(folded: &str) -> bool {
    let ends = ["id", "ref", "no", "nr", "number", "code", "key"];
    ends.iter().any(|end| folded.ends_with(end)) || folded.contains("customer")
}

/// The first cell of a row that is this number, E.164; one without `+` is read as one of the region.
#[must_use]
pub fn column_of_number(row: &[String], number: &str, region: Option<&str>) -> Option<usize> {
    let region = region.and_then(Region::parse);
    row.iter().position(|cell| phone::parse(cell, region).is_ok_and(|phone| phone.number.as_str() == number))
}

/// Words that mean something else in an expression.
const KEYWORDS: [&str; 13] =
    ["and", "or", "not", "in", "is", "if", "else", "true", "false", "none", "loop", "self", "column"];

/// The name of a column as a variable of a template, where it can be one.
pub(super) fn word(name: &str) -> Option<String> {
    let word: String =
        name.chars().map(|c| if c.is_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect();
    let plain = word.is_ascii() && word.starts_with(|c: char| c.is_ascii_alphabetic());
    (plain && !KEYWORDS.contains(&word.as_str())).then_some(word)
}

/// A quoted TOML string.
pub(super) fn quoted(text: &str) -> String {
    Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}
