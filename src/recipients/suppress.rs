//! Suppression lists: files of numbers and keys that nothing is sent to, whatever the recipients file says. What is done
//! with them is [`Suppression`]'s.

use std::fmt;
use std::path::Path;

use super::Read;
use super::error::{FileError, FileProblem};
use super::open;
use super::record::Record;
use crate::domain::definition::RecipientsSettings;
use crate::domain::figures::counted;
use crate::domain::foreign;
use crate::domain::foreign::shown;
use crate::domain::phone::{self, E164, PhoneRejection};
use crate::domain::row::binding::{CellDamage, Cells as _, QuoteProblem};
use crate::domain::row::rewritten_key::is_cut_short;
use crate::domain::row::suppression::Suppression;
use crate::domain::table::header::{Header, NoColumn};
use crate::domain::table::visible;

/// The lists of a definition, read.
#[derive(Debug, Clone, Default)]
pub struct Lists {
    /// Whom nothing is sent to: a set for each list, in their order.
    pub suppression: Suppression,
    /// What each list has.
    pub lists: Vec<Listed>,
}

/// What a list has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The list, as the user named it.
    pub file: String,
    /// Lines with a number.
    pub numbers: u64,
    /// Lines with a key.
    pub keys: u64,
    /// What of it is of no use.
    pub useless: Option<Useless>,
}

/// Lines of a list that name nobody who could be sent to. Displays in plain words, without the numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Useless {
    /// The list.
    pub file: String,
    /// How many lines.
    pub lines: u64,
    /// The first of them: its line, and what is wrong with its number.
    pub first: (u64, PhoneRejection),
}

impl fmt::Display for Useless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, lines, first: (line, reason) } = self;
        let counted = counted(*lines, "line names nobody who can", "lines name nobody who can");
        write!(f, "{file}: {counted} be sent to, first line {line}: {reason}")
    }
}

/// Who stands in a line of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// Whoever has this number.
    Number(E164),
    /// The recipient with this key; of a key of several columns, whoever has this in the first.
    Key(String),
    /// Rows with these cells in the columns of the key; what is empty may be anything.
    CompoundKey(Vec<String>),
}

impl Lists {
    /// Reads the lists that the settings name; relative paths start at `base`, the definition's directory.
    ///
    /// # Errors
    /// The first list that cannot be read, or of which it is not sure whom it means.
    pub fn read(settings: &RecipientsSettings, base: &Path) -> Result<Self, FileError> {
        let mut suppression = Suppression::only(&settings.only);
        if settings.key.len() > 1 {
            suppression = suppression.of_several_columns();
        }
        let mut lists = Self { suppression, lists: Vec::new() };
        for file in &settings.suppress {
            let suppression = &mut lists.suppression;
            suppression.begin_list();
            let listed = read_list(&base.join(file), settings, |entry| match entry {
                Entry::Number(number) => suppression.add_number(number.as_str()),
                Entry::Key(key) => suppression.add_key(&key),
                Entry::CompoundKey(parts) => {
                    suppression.add_compound_key(&parts.iter().map(String::as_str).collect::<Vec<_>>());
                }
            })?;
            lists.lists.push(listed);
        }
        Ok(lists)
    }
}

/// Calls `each` with everybody on the list at `path`, and says what it has. Numbers and keys are in the columns that are
/// named like the phone and key column; a number's may be called `phone` in any list. A list without a header has numbers.
///
/// # Errors
/// Where it cannot be read, and where it is not sure whom it means: no such column, numbers in another one, numbers that
/// may be read wrongly, nobody in any line. Their owners would be sent to.
pub fn read_list(
    path: &Path,
    settings: &RecipientsSettings,
    each: impl FnMut(Entry),
) -> Result<Listed, FileError> {
    let name = foreign::path(path);
    let read = || -> Result<Listed, FileProblem> {
        let mut records = open::list(path, settings)?;
        let mut list = ListRows {
            settings,
            each,
            columns: None,
            names: Vec::new(),
            numbers: 0,
            keys: 0,
            useless: Vec::new(),
            doubtful: Vec::new(),
        };
        while let Some(Read { lines, record, wrong }) = records.next()? {
            match wrong {
                _ if record.is_blank() => {}
                Some(_) => return Err(FileProblem::NotText { line: lines.first }),
                None if lines.quotes != QuoteProblem::None || list.swallows_lines(&record) => {
                    return Err(FileProblem::ListQuote { line: lines.first });
                }
                None => list.line(lines.first, &record)?,
            }
        }
        list.end(&name)
    };
    read().map_err(|problem| FileError::new(&name, problem))
}

/// Where numbers and keys are.
#[derive(Debug, Clone)]
enum ListColumns {
    /// The first line says so.
    Named {
        phones: Vec<usize>,
        /// The columns of the key, as far as the list has them; none where it does not have the first.
        keys: Vec<Option<usize>>,
    },
    /// There is no header: the first line has a number here.
    Numbers(usize),
}

/// A list that is being read.
struct ListRows<'s, F> {
    settings: &'s RecipientsSettings,
    each: F,
    /// Where numbers and keys are, once the first line was seen.
    columns: Option<ListColumns>,
    /// What the first line has.
    names: Vec<String>,
    numbers: u64,
    keys: u64,
    useless: Vec<(u64, PhoneRejection)>,
    doubtful: Vec<(u64, PhoneRejection)>,
}

impl<F: FnMut(Entry)> ListRows<'_, F> {
    fn line(&mut self, line: u64, record: &Record) -> Result<(), FileProblem> {
        let Some(columns) = self.columns.clone() else {
            let columns = self.find_columns(record)?;
            let named = matches!(columns, ListColumns::Named { .. });
            self.columns = Some(columns);
            return if named { Ok(()) } else { self.line(line, record) };
        };
        if (self.names.len()..record.len()).any(|at| !visible::cell(record.cell(at)).is_empty()) {
            return Err(FileProblem::LongLine { line });
        }
        let damaged = |at: &usize| match record.damage(*at)? {
            CellDamage::NoValue => Some("a formula without a value"),
            CellDamage::Error => Some("an error of a formula"),
            CellDamage::NoDate => Some("a number that is shown as a date"),
            CellDamage::Shown => None,
        };
        let used: Vec<usize> = match &columns {
            ListColumns::Named { phones, keys } => {
                phones.iter().chain(keys.iter().flatten()).copied().collect()
            }
            ListColumns::Numbers(at) => vec![*at],
        };
        if let Some(what) = used.iter().find_map(damaged) {
            return Err(FileProblem::ListCell { line, what });
        }
        let cell = |at: usize| Some(visible::cell(record.cell(at))).filter(|cell| !cell.is_empty());
        let headless = matches!(columns, ListColumns::Numbers(_));
        let (phones, keys) = match columns {
            ListColumns::Named { phones, keys } => (phones, keys),
            ListColumns::Numbers(at) => (vec![at], Vec::new()),
        };
        let numbers: Vec<&str> = phones.into_iter().filter_map(cell).collect();
        let parts: Vec<&str> = keys.iter().map(|at| at.and_then(cell).unwrap_or_default()).collect();
        // Of several key columns the first says who it is, and the others of what.
        let has_key = parts.first().is_some_and(|first| !first.is_empty());
        if has_key {
            if parts.iter().any(|part| is_cut_short(part)) {
                return Err(FileProblem::ListKeyCut { line });
            }
            self.key(&parts);
        }
        for number in &numbers {
            if headless && !self.settings.key.is_empty() {
                self.number_or_key(number, line);
            } else {
                self.number(number, line);
            }
        }
        if numbers.is_empty() {
            self.nowhere_else(line, record, &keys)?;
            // A line that says something, but not of whom.
            if !has_key {
                self.number("", line);
            }
        }
        Ok(())
    }

    /// Whether a cell of several lines has a line of the list in it, as it does where a quote is missing: behind its
    /// first one there is a number.
    fn swallows_lines(&self, record: &Record) -> bool {
        let has_number = |line: &str| {
            line.split([',', ';', '\t', '|']).any(|cell| {
                let cell = cell.trim_matches(['"', ' ']);
                cell.chars().filter(char::is_ascii_digit).count() >= 7
                    && !is_date(cell)
                    && self.is_number(cell)
            })
        };
        record.iter().any(|cell| cell.split(['\r', '\n']).skip(1).any(has_number))
    }

    fn find_columns(&mut self, record: &Record) -> Result<ListColumns, FileProblem> {
        let header = Header::new(record.iter());
        self.names = header.names().to_vec();
        let find = |name: &str| match header.find(name) {
            Ok(at) => Ok(Some(at)),
            Err(NoColumn::Unknown(_)) => Ok(None),
            Err(NoColumn::Ambiguous(_)) => Err(FileProblem::ListColumnTwice { name: name.to_owned() }),
        };
        // As `campaign suppress list` calls it.
        let mut phones = Vec::new();
        for name in &self.settings.phone {
            phones.extend(find(name)?);
        }
        if phones.is_empty() {
            phones.extend(find("phone")?);
        }
        let keys = self.settings.key.iter().map(|name| find(name)).collect::<Result<Vec<_>, _>>()?;
        let keys = if keys.first().is_some_and(Option::is_some) { keys } else { Vec::new() };
        if !phones.is_empty() || !keys.is_empty() {
            return Ok(ListColumns::Named { phones, keys });
        }
        let with = |is: &dyn Fn(&str) -> bool| -> Vec<usize> {
            (0..record.len()).filter(|at| is(visible::cell(record.cell(*at)))).collect()
        };
        let numbers = with(&|cell| self.is_number(cell));
        let numbers = if numbers.is_empty() { with(&is_of_digits) } else { numbers };
        match numbers[..] {
            [at] => Ok(ListColumns::Numbers(at)),
            _ => Err(FileProblem::NoListColumn { wanted: self.wanted(), there: header.told() }),
        }
    }

    /// The columns that a list may have, in words.
    fn wanted(&self) -> String {
        let columns = self.settings.phone.iter().chain(self.settings.key.first());
        columns.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or ")
    }

    /// The column that a list should have.
    fn phone(&self) -> String {
        self.settings.phone.first().cloned().unwrap_or_else(|| "phone".to_owned())
    }

    fn is_number(&self, cell: &str) -> bool {
        phone::parse(cell, self.settings.default_region).is_ok()
    }

    /// Refuses a line with a number in a column that nobody said numbers are in.
    fn nowhere_else(&self, line: u64, record: &Record, keys: &[Option<usize>]) -> Result<(), FileProblem> {
        let is = |cell: &str| {
            cell.chars().filter(char::is_ascii_digit).count() >= 7 && !is_date(cell) && self.is_number(cell)
        };
        match (0..record.len()).find(|at| !keys.contains(&Some(*at)) && is(record.cell(*at).trim())) {
            Some(at) => {
                let name =
                    self.names.get(at).filter(|_| matches!(self.columns, Some(ListColumns::Named { .. })));
                let column = name.map_or_else(|| format!("{}", at + 1), |name| format!("`{}`", shown(name)));
                Err(FileProblem::NumberElsewhere { line, column, phone: self.phone() })
            }
            None => Ok(()),
        }
    }

    /// A key, in the columns that the list has of it.
    fn key(&mut self, parts: &[&str]) {
        self.keys += 1;
        let entry = match parts {
            [first, others @ ..] if others.iter().all(|part| part.is_empty()) => {
                Entry::Key((*first).to_owned())
            }
            parts => Entry::CompoundKey(parts.iter().map(|part| (*part).to_owned()).collect()),
        };
        (self.each)(entry);
    }

    /// In a list without a header nobody can tell a number from a key, so it is both; what is no number may be one that was
    /// spoiled, or a key.
    fn number_or_key(&mut self, cell: &str, line: u64) {
        match phone::parse(cell, self.settings.default_region) {
            Ok(phone) => {
                self.numbers += 1;
                (self.each)(Entry::Number(phone.number));
                (self.each)(Entry::Key(cell.to_owned()));
            }
            Err(reason) => self.doubtful.push((line, reason)),
        }
    }

    /// A number that no recipient can have is of no use; one that may be read wrongly is worse, as its owner would be
    /// sent to.
    fn number(&mut self, cell: &str, line: u64) {
        match phone::parse(cell, self.settings.default_region) {
            Ok(phone) => {
                self.numbers += 1;
                (self.each)(Entry::Number(phone.number));
            }
            Err(reason) if reason.is_doubtful() || is_national(cell, reason) => {
                self.doubtful.push((line, reason));
            }
            Err(reason) => self.useless.push((line, reason)),
        }
    }

    fn end(self, name: &str) -> Result<Listed, FileProblem> {
        if self.columns.is_none() {
            return Err(FileProblem::EmptyList { phone: self.phone() });
        }
        let others = self.doubtful.len().saturating_sub(1);
        if let Some((line, reason)) = self.doubtful.into_iter().next() {
            return Err(FileProblem::NotANumber { line, reason, others });
        }
        let lines = self.useless.len() as u64;
        let first = self.useless.into_iter().next();
        if let (0, Some((line, reason))) = (self.numbers + self.keys, first) {
            return Err(FileProblem::NamesNobody { lines, line, reason });
        }
        let useless = first.map(|first| Useless { file: name.to_owned(), lines, first });
        Ok(Listed { file: name.to_owned(), numbers: self.numbers, keys: self.keys, useless })
    }
}

/// Whether a cell is more likely to be a number, spoiled perhaps, than the name of a column.
fn is_of_digits(cell: &str) -> bool {
    cell.contains(|c: char| c.is_numeric())
        && !is_date(cell)
        && !cell.chars().any(|c| c.is_alphabetic() && !matches!(c, 'e' | 'E'))
}

/// Whether a text may be somebody's number as it is dialled nearby or in another country: `555-0101`, `0491 570 156`.
/// Such a one has no country of its own, and seven digits, as the shortest that people write down.
fn is_national(cell: &str, reason: PhoneRejection) -> bool {
    use PhoneRejection::{Invalid, TooLong, TooShort};
    let is_whole = cell.trim_start_matches(|c: char| !c.is_numeric() && !is_plus(c)).starts_with(is_plus);
    matches!(reason, TooShort | TooLong | Invalid)
        && !is_whole
        && cell.chars().filter(|c| c.is_numeric()).count() >= 7
}

fn is_plus(c: char) -> bool {
    matches!(c, '+' | '\u{ff0b}')
}

/// `2026-12-01`, `01.12.2026`, `12/1/26`: as long as some numbers, and none.
fn is_date(cell: &str) -> bool {
    ['-', '.', '/'].into_iter().any(|between| {
        let parts: Vec<&str> = cell.split(between).collect();
        let digits = |part: &&str| part.len() <= 4 && part.bytes().all(|byte| byte.is_ascii_digit());
        parts.len() == 3
            && parts.iter().all(digits)
            && parts[1].len() <= 2
            && parts.iter().filter(|part| part.len() > 2).count() <= 1
    })
}

#[cfg(test)]
mod tests;
