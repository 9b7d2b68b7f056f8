//! Whether a file that a report would replace is a report of this program: another one is replaced only on demand.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use super::error::ReportError;

/// So much of a file is looked at, in bytes. The header of a report with very many columns is longer; it is then not known.
const LOOKED_AT: u64 = 64 << 10;

/// Columns that no other file has by chance.
const TELLING: [&str; 4] = ["client_token", "contact_id", "first_attempt_at", "settled_at"];

/// The first part of our workbooks; spreadsheets write another one first.
const FIRST_PART: &[u8] = b"xl/worksheets/sheet1.xml";

/// Refuses to replace what this program did not write.
///
/// # Errors
/// [`ReportError::NotAReport`] where the file is there, has something in it, and is no report.
pub fn refuse_other_files(path: &Path) -> Result<(), ReportError> {
    let there = fs::metadata(path).is_ok_and(|there| there.is_file() && there.len() > 0);
    let mut head = Vec::new();
    if !there || File::open(path).and_then(|file| file.take(LOOKED_AT).read_to_end(&mut head)).is_err() {
        // What cannot be read cannot be told apart; its folder decides on whether it may be replaced.
        return if there { Err(ReportError::NotAReport(path.to_owned())) } else { Ok(()) };
    }
    if is_report(&head) { Ok(()) } else { Err(ReportError::NotAReport(path.to_owned())) }
}

fn is_report(head: &[u8]) -> bool {
    if head.starts_with(b"PK\x03\x04") {
        return head.get(30..).is_some_and(|name| name.starts_with(FIRST_PART));
    }
    let text = String::from_utf8_lossy(head);
    let text = text.trim_start_matches('\u{feff}');
    if text.starts_with("<!DOCTYPE html>") {
        return text.contains(": campaign report</title>");
    }
    let first = text.lines().next().unwrap_or_default();
    if first.starts_with('{') {
        let telling = |name: &str| first.contains(&format!("\"{name}\":"));
        return TELLING.into_iter().any(telling) || first.starts_with("{\"campaign\":");
    }
    first.split([',', ';', '|', '\t']).any(|name| TELLING.contains(&name.trim_matches('"')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_are_known_and_other_files_are_not() {
        for report in [
            "line,key,destination,state,contact_id,client_token\n",
            "\u{feff}state;\"contact_id\"\r\n",
            "{\"line\":2,\"contact_id\":null}\n",
            "{\"campaign\":\"spring\"}\n",
            "<!DOCTYPE html>\n<title>spring: campaign report</title>",
            "PK\u{3}\u{4}..........................xl/worksheets/sheet1.xml",
        ] {
            assert!(is_report(report.as_bytes()), "{report:?}");
        }
        for other in [
            "customer_id,phone\n1,2\n",
            "state,key,destination\n",
            "{\"SourceEndpoint\": {}}",
            "<!DOCTYPE html><title>home</title>",
            "PK\u{3}\u{4}..........................[Content_Types].xml",
            "name = \"spring\"\n# client_token\n",
            "\u{0}\u{1}",
        ] {
            assert!(!is_report(other.as_bytes()), "{other:?}");
        }
    }

    #[test]
    fn what_is_not_there_or_empty_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.csv");
        refuse_other_files(&path).unwrap();
        fs::write(&path, "").unwrap();
        refuse_other_files(&path).unwrap();
        fs::write(&path, "my,own\n").unwrap();
        refuse_other_files(&path).unwrap_err();
    }
}
