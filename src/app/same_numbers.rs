//! One number under two keys, before anything is sent: refused with what to write in the definition, or the first kept.

use std::fmt::Write as _;

use crate::app::error::Error;
use crate::domain::definition::SameNumberRule;
use crate::domain::figures::counted;
use crate::domain::next_step::NextStep;
use crate::domain::preflight::{self, Findings, Observation};
use crate::domain::row::rewritten_key::rewritten;
use crate::journal::{CampaignId, Journal, SameNumber, SameNumbers};

/// Refuses, or keeps the first row of each number.
///
/// # Errors
/// Where the rule is to refuse and there is such a number; where the journal cannot be written.
pub(super) fn settle(
    rule: SameNumberRule,
    journal: &mut Journal,
    campaign: CampaignId,
    findings: &mut Findings,
) -> Result<(), Error> {
    let found = journal.same_numbers(campaign, preflight::TOLD)?;
    if found.first.is_empty() {
        return Ok(());
    }
    if rule == SameNumberRule::Refuse {
        return Err(Error::usage(words(&found), NextStep::StateSameNumber));
    }
    journal.keep_first_of_numbers(campaign)?;
    if found.contacted > 0 {
        let rows = counted(found.contacted, "row has", "rows have");
        findings.observe(Observation::Note(format!(
            "{rows} a number that this campaign contacted under another key, and will not be sent to"
        )));
    }
    Ok(())
}

fn words(found: &SameNumbers) -> String {
    let mut text = String::new();
    for (contacted, rows) in [(true, found.contacted), (false, found.repeated)] {
        let told: Vec<&SameNumber> = found.first.iter().filter(|told| told.contacted == contacted).collect();
        if rows == 0 {
            continue;
        }
        if !text.is_empty() {
            text.push('\n');
        }
        let earlier = match contacted {
            true => "that this campaign contacted under another key",
            false => "that an earlier row of the file has under another key",
        };
        let _ = write!(text, "{} a number {earlier}", counted(rows, "row has", "rows have"));
        if let Some(first) = told.first() {
            let _ = write!(text, ", first {}", place(first));
        }
        for row in &told {
            let _ = write!(text, "\n  {}", place(row));
            if let Some(how) = rewritten(&row.other_key, &row.key) {
                let _ = write!(text, ": {how}, as spreadsheets change it");
            }
        }
        if rows > told.len() as u64 {
            let _ = write!(text, "\n  and {} more", rows - told.len() as u64);
        }
    }
    text
}

/// `line 2 (key 17, was 0017)`.
fn place(row: &SameNumber) -> String {
    let line = row.line.map_or("a row that waits".to_owned(), |line| format!("line {line}"));
    let (key, other) = (&row.key, &row.other_key);
    match row.other_line {
        _ if row.contacted => format!("{line} (key {key}, was {other})"),
        Some(of) => format!("{line} (key {key}, line {of} has {other})"),
        None => format!("{line} (key {key}, another row has {other})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(line: u64, key: &str, (other_line, other_key): (u64, &str), contacted: bool) -> SameNumber {
        let (key, other_key) = (key.to_owned(), other_key.to_owned());
        SameNumber { line: Some(line), key, other_line: Some(other_line), other_key, contacted }
    }

    #[test]
    fn each_kind_is_told_with_lines_and_keys() {
        let first = vec![row(2, "17", (2, "0017"), true), row(5, "b", (4, "a"), false)];
        insta::assert_snapshot!(words(&SameNumbers { contacted: 3, repeated: 1, first }), @r"
        3 rows have a number that this campaign contacted under another key, first line 2 (key 17, was 0017)
          line 2 (key 17, was 0017): zeros in front, as spreadsheets change it
          and 2 more
        1 row has a number that an earlier row of the file has under another key, first line 5 (key b, line 4 has a)
          line 5 (key b, line 4 has a)
        ");
    }
}
