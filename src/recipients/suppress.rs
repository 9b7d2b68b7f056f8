//! Suppression lists: files of numbers and keys that nothing is sent to, whatever the recipients file says. What is done
//! with them is [`Suppression`]'s.

use std::borrow::Cow;
use std::fmt;
use std::io::Read;
use std::path::Path;

use super::error::{FileError, FileProblem};
use super::open;
use crate::domain::definition::RecipientsSettings;
use crate::domain::figures::counted;
use crate::domain::header::Header;
use crate::domain::phone::{self, E164, PhoneRejection};
use crate::domain::suppression::Suppression;

/// The lists of a definition, read.
#[derive(Debug, Clone, Default)]
pub struct Lists {
    /// Whom nothing is sent to.
    pub suppression: Suppression,
    /// What of the lists is of no use.
    pub useless: Vec<Useless>,
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
    /// The recipient with this key.
    Key(String),
}

impl Lists {
    /// Reads the lists that the settings name; relative paths start at `base`, the definition's directory.
    ///
    /// # Errors
    /// The first list that cannot be read, or has a number that may be read wrongly.
    pub fn read(settings: &RecipientsSettings, base: &Path) -> Result<Self, FileError> {
        let mut lists = Self { suppression: Suppression::only(&settings.only), useless: Vec::new() };
        for file in &settings.suppress {
            let suppression = &mut lists.suppression;
            let useless = read_list(&base.join(file), settings, |entry| match entry {
                Entry::Number(number) => suppression.add_number(number.as_str()),
                Entry::Key(key) => suppression.add_key(&key),
            })?;
            lists.useless.extend(useless);
        }
        Ok(lists)
    }
}

/// Calls `each` with everybody on the list at `path`, and says what of it is of no use. Numbers and keys are in the
/// columns that are named like the phone and key column, else in the first one; a list without a header is taken as well.
///
/// # Errors
/// Where it cannot be read, or has numbers that may be read wrongly: their owners would be sent to.
pub fn read_list(
    path: &Path,
    settings: &RecipientsSettings,
    each: impl FnMut(Entry),
) -> Result<Option<Useless>, FileError> {
    let name = path.display().to_string();
    let read = || -> Result<Option<Useless>, FileProblem> {
        let (reader, delimiter) = open::text(path, &settings.phone)?;
        let mut list = List { settings, each, columns: None, useless: Vec::new(), doubtful: Vec::new() };
        list.read(reader, delimiter.byte())?;
        list.end(&name)
    };
    read().map_err(|problem| FileError::new(&name, problem))
}

/// A list that is being read.
struct List<'s, F> {
    settings: &'s RecipientsSettings,
    each: F,
    /// Where numbers and keys are, once the first line was seen.
    columns: Option<(Option<usize>, Option<usize>)>,
    useless: Vec<(u64, PhoneRejection)>,
    doubtful: Vec<(u64, PhoneRejection)>,
}

impl<F: FnMut(Entry)> List<'_, F> {
    fn read(&mut self, reader: impl Read, delimiter: u8) -> Result<(), FileProblem> {
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter)
            .from_reader(reader);
        for record in reader.byte_records() {
            let record = record.map_err(|error| FileProblem::Io(error.into()))?;
            let line = record.position().map_or(0, csv::Position::line);
            let cells: Vec<_> = record.iter().map(String::from_utf8_lossy).collect();
            self.line(line, &cells);
        }
        Ok(())
    }

    fn line(&mut self, line: u64, cells: &[Cow<'_, str>]) {
        let Some((phone, key)) = self.columns else {
            let header = Header::new(cells);
            let phone = header.find(&self.settings.phone).ok();
            let key = self.settings.key.as_ref().and_then(|key| header.find(key).ok());
            self.columns = Some((phone, key));
            if phone.is_none() && key.is_none() {
                self.line(line, cells);
            }
            return;
        };
        let cell = |at: usize| cells.get(at).map(|cell| cell.trim()).filter(|cell| !cell.is_empty());
        let has_key = key.and_then(cell).map(|key| (self.each)(Entry::Key(key.to_owned()))).is_some();
        match phone.map(cell) {
            Some(Some(number)) => self.number(number, line),
            // A line that says something, but not of whom.
            Some(None) if !has_key && cells.iter().any(|cell| !cell.trim().is_empty()) => {
                self.number("", line);
            }
            _ => {}
        }
        match cell(0).filter(|_| phone.is_none() && key.is_none()) {
            Some(entry) if self.settings.key.is_none() => self.number(entry, line),
            Some(entry) => {
                // A number or a key: nobody can tell which, so both.
                if let Ok(phone) = phone::parse(entry, self.settings.default_region) {
                    (self.each)(Entry::Number(phone.number));
                }
                (self.each)(Entry::Key(entry.to_owned()));
            }
            None => {}
        }
    }

    /// A number that no recipient can have is of no use; one that may be read wrongly is worse, as its owner would be
    /// sent to.
    fn number(&mut self, cell: &str, line: u64) {
        match phone::parse(cell, self.settings.default_region) {
            Ok(phone) => (self.each)(Entry::Number(phone.number)),
            Err(
                reason @ (PhoneRejection::NoCountry
                | PhoneRejection::Unexpected(_)
                | PhoneRejection::Extension
                | PhoneRejection::Scientific
                | PhoneRejection::LostZero
                | PhoneRejection::LostPlus),
            ) => self.doubtful.push((line, reason)),
            Err(reason) => self.useless.push((line, reason)),
        }
    }

    fn end(self, name: &str) -> Result<Option<Useless>, FileProblem> {
        let others = self.doubtful.len().saturating_sub(1);
        if let Some((line, reason)) = self.doubtful.into_iter().next() {
            return Err(FileProblem::NotANumber { line, reason, others });
        }
        let lines = self.useless.len() as u64;
        let first = self.useless.into_iter().next();
        Ok(first.map(|first| Useless { file: name.to_owned(), lines, first }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::definition;
    use crate::domain::suppression::Suppressed;

    fn settings(rest: &str) -> RecipientsSettings {
        let text = format!(
            "connect = {{ instance_id = \"i\", contact_flow_id = \"f\", \
             source = \"arn:aws:connect:us-west-2:123456789012:phone-number/p\" }}\n[recipients]\n{rest}"
        );
        definition::parse(&text, "c.toml", "c").unwrap().recipients
    }

    fn lists(text: &str, rest: &str) -> Result<Lists, FileError> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("list.csv"), text).unwrap();
        Lists::read(&settings(&format!("suppress = [\"list.csv\"]\n{rest}")), folder.path())
    }

    #[test]
    fn numbers_and_keys_from_lists_with_and_without_a_header() {
        let plain = "default_region = \"US\"";
        let keyed = "default_region = \"US\"\nkey = \"id\"";
        for (text, rest, length) in [
            ("(202) 555-0143\n\n+12025550144\n12\n", plain, 2),
            ("why,Phone\nasked,202-555-0143\nasked,+1 202 555 0144\n", plain, 2),
            ("id,why\nc-1,asked\n", keyed, 1),
            ("2025550143\nc-1\n", keyed, 3),
            ("phone,id\n,c-1\n2025550144,\n", keyed, 2),
        ] {
            let Lists { suppression, .. } = lists(text, rest).unwrap();
            assert_eq!(suppression.len(), length, "{text}");
            assert_eq!(suppression.check("+12025550143", "c-1"), Err(Suppressed::Listed), "{text}");
            assert_eq!(suppression.check("+12025550145", "c-2"), Ok(()), "{text}");
        }
    }

    #[test]
    fn numbers_that_may_be_read_wrongly_are_refused_all_at_once() {
        let error = lists("+12025550143\n2025550144\n202555014A\n", "").unwrap_err();
        let FileProblem::NotANumber { line: 2, reason: PhoneRejection::NoCountry, others: 1 } = error.problem
        else {
            panic!("{error}");
        };
        assert!(error.to_string().ends_with("; 1 more line like it"), "{error}");
        assert!(error.hint().is_some());
        // As a spreadsheet leaves +49 171 3920001.
        let error = lists("491713920001\n", "default_region = \"US\"").unwrap_err();
        let FileProblem::NotANumber { line: 1, reason: PhoneRejection::LostPlus, others: 0 } = error.problem
        else {
            panic!("{error}");
        };
    }

    #[test]
    fn what_is_of_no_use_is_said() {
        let Lists { suppression, useless } =
            lists("phone,why\n+12025550143,\n+112,short\n,nobody\n,\n", "").unwrap();
        assert_eq!((suppression.len(), useless.len()), (1, 1));
        let told = useless[0].to_string();
        let told = told.rsplit('/').next().unwrap();
        insta::assert_snapshot!(told, @"list.csv: 2 lines name nobody who can be sent to, first line 3: the phone number is too short");
    }
}
