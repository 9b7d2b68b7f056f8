//! The columns of a recipients file, and how names that people write find them.
//!
//! Names match without regard to case, spaces, `_`, `-` and a byte order mark: `First Name` is `first_name`.

/// What of a name counts when names are compared.
#[must_use]
pub fn fold(name: &str) -> String {
    name.chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '_' | '-' | '\u{feff}' | '\u{200b}'))
        .flat_map(char::to_lowercase)
        .collect()
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
        let mut names: Vec<String> = names
            .into_iter()
            .map(|name| name.as_ref().trim().trim_start_matches('\u{feff}').to_owned())
            .collect();
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
        for (name, at) in
            [("customer_id", 0), ("CustomerId", 0), ("first-name", 1), ("email", 2), ("GRÖSSE", 9)]
        {
            assert_eq!(header.find(name).ok(), (at < 9).then_some(at), "{name}");
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
