//! The cells of one line, read from the JSON array that the journal keeps into a buffer that is used again for the
//! next line: a report of ten million rows allocates for none of them.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, SeqAccess, Visitor};

/// Texts in a row, all in one buffer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cells {
    text: String,
    ends: Vec<usize>,
}

impl Cells {
    /// The text with this index, from 0, where the line has one.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&str> {
        let end = *self.ends.get(index)?;
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        self.text.get(start..end)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The texts in their order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).filter_map(|index| self.get(index))
    }

    /// Forgets what it has and reads a JSON array of texts.
    pub(in crate::journal) fn read(&mut self, json: &str) -> Result<(), serde_json::Error> {
        self.text.clear();
        self.ends.clear();
        let mut deserializer = serde_json::Deserializer::from_str(json);
        deserializer.deserialize_seq(Array(self))?;
        deserializer.end()
    }
}

struct Array<'c>(&'c mut Cells);

impl<'de> Visitor<'de> for Array<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of texts")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<(), A::Error> {
        while array.next_element_seed(CellText(self.0))?.is_some() {}
        Ok(())
    }
}

struct CellText<'c>(&'c mut Cells);

impl<'de> DeserializeSeed<'de> for CellText<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for CellText<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<(), E> {
        self.0.text.push_str(text);
        self.0.ends.push(self.0.text.len());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_again_and_again_into_one_buffer() {
        let mut cells = Cells::default();
        cells.read(r#"["", "Zoë \"Z\"\n", "", "+12025550104"]"#).unwrap();
        assert_eq!(cells.iter().collect::<Vec<_>>(), ["", "Zoë \"Z\"\n", "", "+12025550104"]);
        cells.read(r#"["one"]"#).unwrap();
        assert_eq!((cells.get(0), cells.get(1), cells.len()), (Some("one"), None, 1));
        assert!(!cells.is_empty());
        cells.read("[]").unwrap();
        assert!(cells.is_empty());
    }

    #[test]
    fn what_is_no_array_of_texts_is_an_error() {
        for json in ["", "{}", "[1]", "[null]", r#"["a""#, r#"["a"] x"#] {
            assert!(Cells::default().read(json).is_err(), "{json}");
        }
    }
}
