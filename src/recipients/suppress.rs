//! Suppression lists: numbers and keys that nothing is sent to, whatever the recipients file says.

use std::collections::HashSet;
use std::io::Read;
use std::path::Path;

use super::error::{FileError, FileProblem};
use super::open;
use crate::domain::definition::RecipientsSettings;
use crate::domain::header::Header;
use crate::domain::phone::{self, E164, PhoneRejection};
use crate::domain::recipient::Recipient;

/// Whom nothing is sent to, and whom alone something is sent to.
#[derive(Debug, Clone, Default)]
pub struct Suppression {
    numbers: HashSet<E164>,
    keys: HashSet<String>,
    only: HashSet<E164>,
}

/// Why nothing is sent to a recipient. Displays in plain words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Suppressed {
    /// The number or key is in a suppression list.
    #[error("on a suppression list")]
    Listed,
    /// The campaign is a trial for other numbers.
    #[error("not among recipients.only")]
    NotInTrial,
}

impl Suppressed {
    /// A stable word for scripts.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Listed => "suppressed",
            Self::NotInTrial => "not-in-only",
        }
    }
}

impl Suppression {
    /// Reads the lists that the settings name; relative paths start at `base`, the definition's directory.
    ///
    /// # Errors
    /// The first list that cannot be read.
    pub fn read(settings: &RecipientsSettings, base: &Path) -> Result<Self, FileError> {
        let mut suppression = Self { only: settings.only.iter().cloned().collect(), ..Self::default() };
        for file in &settings.suppress {
            let path = base.join(file);
            suppression
                .read_list(&path, settings)
                .map_err(|problem| FileError::new(&path.display().to_string(), problem))?;
        }
        Ok(suppression)
    }

    /// Numbers and keys are in the column that is named like the phone or key column, else in the first one; a list
    /// without a header is taken as well.
    fn read_list(&mut self, path: &Path, settings: &RecipientsSettings) -> Result<(), FileProblem> {
        let (reader, delimiter) = open::text(path, &settings.phone)?;
        self.add(reader, delimiter.byte(), settings)
    }

    fn add(
        &mut self,
        reader: impl Read,
        delimiter: u8,
        settings: &RecipientsSettings,
    ) -> Result<(), FileProblem> {
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter)
            .from_reader(reader);
        let mut columns = None;
        for record in reader.byte_records() {
            let record = record.map_err(|error| FileProblem::Io(error.into()))?;
            let line = record.position().map_or(0, csv::Position::line);
            let cells: Vec<_> = record.iter().map(String::from_utf8_lossy).collect();
            if columns.is_none() {
                let header = Header::new(&cells);
                let phone = header.find(&settings.phone).ok();
                let key = settings.key.as_ref().and_then(|key| header.find(key).ok());
                columns = Some((phone, key));
                if phone.is_some() || key.is_some() {
                    continue;
                }
            }
            let cell = |at: usize| cells.get(at).map(|cell| cell.trim()).filter(|cell| !cell.is_empty());
            let (phone, key) = columns.unwrap_or_default();
            if let Some(key) = key.and_then(cell) {
                self.keys.insert(key.to_owned());
            }
            if let Some(number) = phone.and_then(cell) {
                self.add_number(number, line, settings)?;
            }
            match cell(0).filter(|_| phone.is_none() && key.is_none()) {
                Some(entry) if settings.key.is_none() => self.add_number(entry, line, settings)?,
                Some(entry) => {
                    // A number or a key: nobody can tell which, so both.
                    if let Ok(phone) = phone::parse(entry, settings.default_region) {
                        self.numbers.insert(phone.number);
                    }
                    self.keys.insert(entry.to_owned());
                }
                None => {}
            }
        }
        Ok(())
    }

    /// A number that no recipient can have is no matter; one that may be read wrongly is, as its owner would be sent to.
    fn add_number(
        &mut self,
        cell: &str,
        line: u64,
        settings: &RecipientsSettings,
    ) -> Result<(), FileProblem> {
        match phone::parse(cell, settings.default_region) {
            Ok(phone) => {
                self.numbers.insert(phone.number);
                Ok(())
            }
            Err(
                reason @ (PhoneRejection::NoCountry
                | PhoneRejection::Unexpected(_)
                | PhoneRejection::Extension
                | PhoneRejection::Scientific),
            ) => Err(FileProblem::NotANumber { line, reason }),
            Err(_) => Ok(()),
        }
    }

    /// Numbers and keys on the lists.
    #[must_use]
    pub fn len(&self) -> usize {
        self.numbers.len() + self.keys.len()
    }

    /// Whether everybody is sent to.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0 && self.only.is_empty()
    }

    /// Whether something may be sent to this recipient.
    ///
    /// # Errors
    /// Why not.
    pub fn check(&self, recipient: &Recipient) -> Result<(), Suppressed> {
        if self.numbers.contains(&recipient.phone) || self.keys.contains(&recipient.key) {
            return Err(Suppressed::Listed);
        }
        if !self.only.is_empty() && !self.only.contains(&recipient.phone) {
            return Err(Suppressed::NotInTrial);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::definition;

    fn settings(rest: &str) -> RecipientsSettings {
        let text = format!(
            "connect = {{ instance_id = \"i\", contact_flow_id = \"f\", \
             source = \"arn:aws:connect:us-west-2:123456789012:phone-number/p\" }}\n[recipients]\n{rest}"
        );
        definition::parse(&text, "c.toml", "c").unwrap().recipients
    }

    fn recipient(key: &str, number: &str) -> Recipient {
        let phone = E164::parse(number).unwrap();
        Recipient { line: 2, key: key.to_owned(), phone, client_token: uuid::Uuid::nil(), slots: Vec::new() }
    }

    fn list(text: &'static str, settings: &RecipientsSettings) -> Result<Suppression, FileProblem> {
        let mut suppression = Suppression::default();
        suppression.add(text.as_bytes(), b',', settings).map(|()| suppression)
    }

    #[test]
    fn numbers_and_keys_from_lists_with_and_without_a_header() {
        let plain = settings("default_region = \"US\"");
        let keyed = settings("default_region = \"US\"\nkey = \"id\"");
        for (text, settings, length) in [
            ("(202) 555-0143\n\n+12025550144\n12\n", &plain, 2),
            ("why,Phone\nasked,202-555-0143\nasked,+1 202 555 0144\n", &plain, 2),
            ("id,why\nc-1,asked\n", &keyed, 1),
            ("2025550143\nc-1\n", &keyed, 3),
        ] {
            let suppression = list(text, settings).unwrap();
            assert_eq!(suppression.len(), length, "{text}");
            assert_eq!(
                suppression.check(&recipient("c-1", "+12025550143")),
                Err(Suppressed::Listed),
                "{text}"
            );
            assert_eq!(suppression.check(&recipient("c-2", "+12025550145")), Ok(()), "{text}");
        }
    }

    #[test]
    fn a_number_that_may_be_read_wrongly_is_refused() {
        let problem = list("+12025550143\n2025550144\n", &settings("")).unwrap_err();
        assert!(matches!(problem, FileProblem::NotANumber { line: 2, reason: PhoneRejection::NoCountry }));
    }

    #[test]
    fn a_trial_is_for_its_own_numbers() {
        let settings = settings("only = [\"+12025550143\"]");
        let suppression = Suppression::read(&settings, Path::new("")).unwrap();
        assert!(!suppression.is_empty());
        assert_eq!(suppression.check(&recipient("a", "+12025550143")), Ok(()));
        assert_eq!(suppression.check(&recipient("b", "+12025550144")), Err(Suppressed::NotInTrial));
    }
}
