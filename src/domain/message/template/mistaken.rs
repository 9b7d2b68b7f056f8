//! Placeholders of other programs, which are plain text here: `{date}`, `[date]`, `<date>`, `%date%`, `((date))`, `«date»`.
//! They are looked for only to be told; nothing is put in for them.

use crate::domain::table::header::Header;

/// What may stand around the name of a column elsewhere.
const MARKS: [(&str, &str); 6] = [("{", "}"), ("[", "]"), ("<", ">"), ("%", "%"), ("((", "))"), ("«", "»")];

/// Each that names a column, as it is written, with the column's name.
pub(super) fn find(text: &str, columns: &Header) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (open, close) in MARKS {
        for (at, _) in text.match_indices(open) {
            let inner = &text[at + open.len()..];
            let Some(end) = inner.find(close) else { break };
            let Ok(column) = columns.find(&inner[..end]) else { continue };
            // One of ours, in a template with expressions.
            if !text[..at].ends_with('{') {
                let written = text[at..at + open.len() + end + close.len()].to_owned();
                found.push((written, columns.names()[column].clone()));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::message::template::Template;

    #[test]
    fn only_names_of_columns_are_mistaken_for_placeholders() {
        let columns = Header::new(["Termin", "Vor-Name"]);
        let written = |text: &str| -> Vec<String> {
            let template = Template::parse(text).unwrap();
            template.mistaken(&columns).into_iter().map(|(written, _)| written).collect()
        };
        for (text, found) in [
            ("Am {Termin}.", vec!["{Termin}"]),
            ("{{ Vorname }}: [termin] <vor name>", vec!["[termin]", "<vor name>"]),
            ("50% off, %Termin% 10%", vec!["%Termin%"]),
            ("((Termin)) «Termin» ${Termin}", vec!["{Termin}", "((Termin))", "«Termin»"]),
            ("{{ Termin | upper }} {Termin}", vec!["{Termin}"]),
            ("{{Termin}} {{ Termin }} {date} [x] <b> 5 % {", vec![]),
        ] {
            assert_eq!(written(text), found, "{text}");
        }
    }
}
