//! The columns of a recipients file, and how names that people write find them.
//!
//! Names match without regard to case, spaces, `_`, dashes, what cannot be seen, and how letters with marks are made:
//! `First Name` is `first_name`.

use icu_normalizer::ComposingNormalizerBorrowed;

use crate::domain::foreign::shown;
use crate::domain::table::visible::{cell, is_invisible};

/// What of a name counts when names are compared.
#[must_use]
pub fn fold(name: &str) -> String {
    let dash =
        |c: char| matches!(c, '_' | '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe63}' | '\u{ff0d}');
    let counts = |c: &char| !is_invisible(*c) && !dash(*c);
    if name.is_ascii() {
        return name.chars().filter(counts).map(|c| c.to_ascii_lowercase()).collect();
    }
    let composed = ComposingNormalizerBorrowed::new_nfkc().normalize(name);
    // By way of capitals, so that `ß` is `SS` and both forms of a sigma are one; without the dot that a Turkish `İ` leaves.
    let upper = composed.chars().filter(counts).flat_map(char::to_uppercase);
    let lower: String = upper.flat_map(char::to_lowercase).filter(|c| *c != '\u{307}').collect();
    ComposingNormalizerBorrowed::new_nfkc().normalize(&lower).into_owned()
}

/// The name among `known` that is nearest to `name`, if one is near enough to be what was meant.
#[must_use]
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = fold(name);
    known
        .into_iter()
        .map(|known| (strsim::damerau_levenshtein(&folded, &fold(known)), known))
        .filter(|(distance, known)| *distance <= 1.max(known.chars().count().min(folded.chars().count()) / 3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

/// The first record of a recipients file. Trailing columns without a name are not columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    names: Vec<String>,
    folded: Vec<String>,
}

/// Why a name has no column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoColumn {
    /// None matches; perhaps another one was meant.
    Unknown(Option<String>),
    /// More than one matches: these, numbered from 1.
    Ambiguous(Vec<usize>),
}

impl Header {
    /// The columns with these names, in their order.
    pub fn new<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> Self {
        let mut names: Vec<String> = names.into_iter().map(|name| cell(name.as_ref()).to_owned()).collect();
        while names.last().is_some_and(|name| fold(name).is_empty()) {
            names.pop();
        }
        Self { folded: names.iter().map(|name| fold(name)).collect(), names }
    }

    /// The names as the file has them.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The names as they are told: what cannot be seen is written out.
    #[must_use]
    pub fn told(&self) -> String {
        self.names.iter().map(|name| shown(name)).collect::<Vec<_>>().join(", ")
    }

    /// The index of the column that `name` means.
    ///
    /// # Errors
    /// [`NoColumn`] where none or more than one matches.
    pub fn find(&self, name: &str) -> Result<usize, NoColumn> {
        let wanted = fold(name);
        let matches = |at: &usize| self.folded[*at] == wanted && !wanted.is_empty();
        let found: Vec<usize> = (0..self.names.len()).filter(matches).collect();
        match found[..] {
            [at] => Ok(at),
            [] => {
                let near = nearest(name, self.names.iter().map(String::as_str));
                Err(NoColumn::Unknown(near.map(str::to_owned)))
            }
            _ => Err(NoColumn::Ambiguous(found.iter().map(|at| at + 1).collect())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_match_without_regard_to_case_spaces_and_dashes() {
        let header = Header::new(["\u{feff}Customer ID", " First Name", "E-mail", "Größe", "", ""]);
        assert_eq!(header.names(), ["Customer ID", "First Name", "E-mail", "Größe"]);
        for (name, at) in [
            ("customer_id", 0),
            ("CustomerId", 0),
            ("first-name", 1),
            ("email", 2),
            ("GRÖSSE", 3),
            ("Groesse", 9),
        ] {
            assert_eq!(header.find(name).ok(), (at < 9).then_some(at), "{name}");
        }
    }

    #[test]
    fn what_cannot_be_seen_does_not_count() {
        let header =
            Header::new(["Pre\u{301}nom", "na\u{ad}me", "E\u{2011}mail", "\u{200f}טלפון", "ｐｈｏｎｅ", "①"]);
        for (name, at) in
            [("Prénom", 0), ("PRÉNOM", 0), ("name", 1), ("e-mail", 2), ("טלפון", 3), ("phone", 4)]
        {
            assert_eq!(header.find(name), Ok(at), "{name}");
        }
    }

    #[test]
    fn a_name_without_a_column_names_the_nearest() {
        let header = Header::new(["customer_id", "first_name", "date"]);
        let near = |name| match header.find(name) {
            Err(NoColumn::Unknown(near)) => near,
            other => panic!("{other:?}"),
        };
        assert_eq!(near("frist_name").as_deref(), Some("first_name"));
        assert_eq!(near("dates").as_deref(), Some("date"));
        assert_eq!(near("postcode"), None);
        assert_eq!(near(""), None);
    }

    #[test]
    fn two_columns_of_one_name_are_a_mistake_when_used() {
        let header = Header::new(["Name", "phone", "NAME"]);
        assert_eq!(header.find("name"), Err(NoColumn::Ambiguous(vec![1, 3])));
        assert_eq!(header.find("phone"), Ok(1));
    }
}
