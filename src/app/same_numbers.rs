//! One number under two keys, before anything is sent: refused with what to write in the definition, or the first kept.

use std::fmt::Write as _;

use crate::app::error::Error;
use crate::domain::definition::SameNumberRule;
use crate::domain::figures::counted;
use crate::domain::next_step::NextStep;
use crate::domain::preflight::{self, Findings, Observation, RespelledRows, SharedNumbers};
use crate::domain::row::rewritten_key::{rewritten, spelled};
use crate::journal::{CampaignId, Journal, RewrittenKeys, RewrittenOf, SameNumber, SameNumbers};

/// Refuses, or keeps the first row of each number, or tells which rows share one.
///
/// # Errors
/// Where the rule is to refuse and there is such a number; where the journal cannot be written.
pub(super) fn settle(
    rule: SameNumberRule,
    journal: &mut Journal,
    campaign: CampaignId,
    findings: &mut Findings,
) -> Result<SharedNumbers, Error> {
    let found = journal.same_numbers(campaign, preflight::TOLD)?;
    if rule == SameNumberRule::All {
        // Several rows of a person are meant; the same row under another spelling of its key is not.
        let respelled = journal.rewritten_keys(campaign, RewrittenOf::AnyNumber, preflight::TOLD)?;
        return Ok(SharedNumbers { respelled: told_of(&respelled), ..shared(&found) });
    }
    let respelled = journal.rewritten_keys(campaign, RewrittenOf::OtherNumbers, preflight::TOLD)?;
    if found.first.is_empty() && respelled.rows == 0 {
        return Ok(SharedNumbers::default());
    }
    if rule == SameNumberRule::Refuse {
        return Err(Error::usage(words(&found, &respelled), NextStep::StateSameNumber));
    }
    journal.keep_first_of_numbers(campaign)?;
    journal.leave_out_rewritten_keys(campaign)?;
    for (rows, what) in [
        (found.contacted, "a number that this campaign contacted under another key"),
        (respelled.rows, rewritten_words(&respelled)),
    ] {
        if rows > 0 {
            let rows = counted(rows, "row has", "rows have");
            findings.observe(Observation::Note(format!("{rows} {what}, and will not be sent to")));
        }
    }
    Ok(SharedNumbers::default())
}

/// Keys that a spreadsheet has rounded, so that several people have one.
pub(super) fn rounded(line: u64, of: Option<u64>, key: &str) -> Error {
    let of = of.map_or_else(|| "an earlier line".to_owned(), |of| format!("line {of}"));
    Error::usage(
        format!(
            "the keys are numbers that a spreadsheet has rounded to 15 digits: line {line} has the key of {of}, {key}, and another \
             phone number"
        ),
        NextStep::from(
            "export the file again with the column of the key as text, from where its digits are still there; nothing was sent"
                .to_owned(),
        ),
    )
}

fn shared(found: &SameNumbers) -> SharedNumbers {
    let lines = found.first.iter().filter_map(|row| Some((row.line?, row.other_line)));
    let rows = found.contacted + found.repeated;
    SharedNumbers { rows, lines: lines.collect(), ..SharedNumbers::default() }
}

fn told_of(respelled: &RewrittenKeys) -> Option<RespelledRows> {
    let lines = respelled.first.iter().filter_map(|row| row.line).collect();
    (respelled.rows > 0).then_some(RespelledRows { rows: respelled.rows, lines })
}

/// What such rows have. Of what was purged the number is not known.
fn rewritten_words(respelled: &RewrittenKeys) -> &'static str {
    if respelled.first.iter().all(|row| row.before.is_some()) {
        "another number, and a key that a spreadsheet made of one that this campaign contacted"
    } else {
        "a key that a spreadsheet made of one that this campaign contacted"
    }
}

fn words(found: &SameNumbers, respelled: &RewrittenKeys) -> String {
    let mut text = String::new();
    for (contacted, rows) in [(true, found.contacted), (false, found.repeated)] {
        let told: Vec<&SameNumber> = found.first.iter().filter(|told| told.contacted == contacted).collect();
        let earlier = match contacted {
            true => "that this campaign contacted under another key",
            false => "that an earlier row of the file has under another key",
        };
        let what = format!("{} a number {earlier}", counted(rows, "row has", "rows have"));
        let lines = told.iter().map(|row| {
            let how = rewritten(&row.other_key, &row.key);
            (place(row), how)
        });
        part(&mut text, (rows, &what), &lines.collect::<Vec<_>>());
    }
    let what = format!("{} {}", counted(respelled.rows, "row has", "rows have"), rewritten_words(respelled));
    let lines = respelled.first.iter().map(|row| {
        let line = line(row.line);
        let key = spelled(&row.key);
        match &row.before {
            Some(before) => {
                (format!("{line} (key {key}, was {})", spelled(before)), rewritten(before, &row.key))
            }
            None => (format!("{line} (key {key}, was one that has been purged)"), None),
        }
    });
    part(&mut text, (respelled.rows, &what), &lines.collect::<Vec<_>>());
    text
}

/// So many rows of a kind, and the first of them: where each is, and how its key was rewritten.
fn part(text: &mut String, (rows, what): (u64, &str), lines: &[(String, Option<&str>)]) {
    if rows == 0 {
        return;
    }
    if !text.is_empty() {
        text.push('\n');
    }
    text.push_str(what);
    if let Some((first, _)) = lines.first() {
        let _ = write!(text, ", first {first}");
    }
    for (place, how) in lines {
        let _ = write!(text, "\n  {place}");
        if let Some(how) = how {
            let _ = write!(text, ": {how}, as spreadsheets change it");
        }
    }
    if rows > lines.len() as u64 {
        let _ = write!(text, "\n  and {} more", rows - lines.len() as u64);
    }
}

fn line(line: Option<u64>) -> String {
    line.map_or("a row that waits".to_owned(), |line| format!("line {line}"))
}

/// `line 2 (key 17, was 0017)`.
fn place(row: &SameNumber) -> String {
    let line = line(row.line);
    let (key, other) = (spelled(&row.key), spelled(&row.other_key));
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
        insta::assert_snapshot!(words(&SameNumbers { contacted: 3, repeated: 1, first }, &RewrittenKeys::default()), @r"
        3 rows have a number that this campaign contacted under another key, first line 2 (key 17, was 0017)
          line 2 (key 17, was 0017): zeros in front, as spreadsheets change it
          and 2 more
        1 row has a number that an earlier row of the file has under another key, first line 5 (key b, line 4 has a)
          line 5 (key b, line 4 has a)
        ");
    }
}
