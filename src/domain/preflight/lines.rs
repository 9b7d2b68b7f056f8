//! Lines that are left out, or are like others, for people: one by one where they are few, together where they are many.

use std::fmt::Write as _;

use super::{Duplicate, Preflight, TOLD};
use crate::domain::definition::SameNumberRule;
use crate::domain::delivery::state::State;
use crate::domain::figures::{Grouped, counted};
use crate::domain::row::recipient::Rejection;

/// How much is told of lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Detail {
    /// What fits a screen.
    Brief,
    /// All that is kept.
    Full,
}

/// Lines that are told one by one in brief, and lines that are named of those that have the same.
const FEW: usize = 5;
/// Reasons that are told in brief.
const REASONS: usize = 8;

impl Preflight {
    pub(super) fn write_rejections(&self, text: &mut String, detail: Detail) {
        if self.found.rejected.is_empty() {
            return;
        }
        let file = self.found.read_as.as_ref().filter(|read_as| read_as.corrections);
        let file = file.map_or("", |_| " in this file");
        let counts = self.found.rejected.iter().map(|(code, rows)| (*code, *rows));
        let _ = write!(text, "\nrejected{file}: {}", reasons(counts));
        let rejections = &self.found.rejections;
        if detail == Detail::Full || rejections.len() <= FEW {
            for rejection in rejections {
                let _ = write!(text, "\n  {rejection}");
            }
            more(text, self.found.rejected.values().sum(), rejections.len());
            return;
        }
        let alike = alike(rejections);
        for group in alike.iter().take(REASONS) {
            let rows = self.found.rejected.get(group[0].reason.code()).copied().unwrap_or_default();
            let numbers: Vec<u64> = group.iter().map(|rejection| rejection.line).collect();
            let _ = write!(text, "\n  {}", named(&numbers, rows > numbers.len() as u64));
            let _ = group[0].column.as_ref().map_or(Ok(()), |column| write!(text, ", {}", column.shown()));
            let _ = write!(text, ": {}", group[0].reason);
        }
        if alike.len() > REASONS {
            let _ = write!(
                text,
                "\n  … and {}",
                counted((alike.len() - REASONS) as u64, "more reason", "more reasons")
            );
        }
    }

    pub(super) fn write_repeats(&self, text: &mut String, detail: Detail) {
        let duplicates = &self.found.duplicates;
        if !duplicates.is_empty() {
            text.push_str("\nduplicates: of several lines with one key, the first is sent to");
            let few = if detail == Detail::Brief { FEW } else { TOLD };
            for duplicate in duplicates.iter().take(few) {
                write_duplicate(text, *duplicate);
            }
            let all = self.facts.tally[State::Duplicate].max(duplicates.len() as u64);
            more(text, all, duplicates.len().min(few));
        }
        let shared = &self.found.numbers;
        if shared.rows > 0 {
            let as_line = |of: &Option<u64>| match of {
                Some(of) => format!("as line {of}"),
                None => "as an earlier one".to_owned(),
            };
            let few = if detail == Detail::Brief { FEW } else { TOLD };
            let lines = shared.lines.iter().take(few);
            let lines: Vec<String> = lines.map(|(line, of)| format!("{line} ({})", as_line(of))).collect();
            let etc = if shared.rows > lines.len() as u64 { ", …" } else { "" };
            let (kind, consequence) = match self.found.same_number {
                SameNumberRule::Refuse => ("warning", "nothing is sent"),
                SameNumberRule::First => ("note", "only the first is sent to"),
                SameNumberRule::All => ("warning", "each is sent to"),
            };
            let _ = write!(
                text,
                "\n{kind}: {} a number that another row has under another key, and {consequence}: {} {}{etc}",
                counted(shared.rows, "row has", "rows have"),
                if lines.len() == 1 { "line" } else { "lines" },
                lines.join(", ")
            );
        }
        self.write_earlier(text);
    }
}

fn write_duplicate(text: &mut String, duplicate: Duplicate) {
    let _ = write!(text, "\n  line {}: has the key of ", duplicate.line);
    let _ = match duplicate.of {
        Some(line) => write!(text, "line {line}"),
        None => write!(text, "an earlier line"),
    };
    if duplicate.differs {
        text.push_str(", and another number");
    }
}

/// Rejections with the same column and sentence together, the most frequent first.
fn alike(rejections: &[Rejection]) -> Vec<Vec<&Rejection>> {
    let mut groups: Vec<Vec<&Rejection>> = Vec::new();
    for rejection in rejections {
        let same = |group: &&mut Vec<&Rejection>| {
            group[0].column == rejection.column && group[0].reason == rejection.reason
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.push(rejection),
            None => groups.push(vec![rejection]),
        }
    }
    groups.sort_by_key(|group| std::cmp::Reverse(group.len()));
    groups
}

/// `lines 5, 45, 85, …`; there may be others that are not known here.
fn named(lines: &[u64], others: bool) -> String {
    let first: Vec<String> = lines.iter().take(FEW).map(u64::to_string).collect();
    let etc = if others || lines.len() > FEW { ", …" } else { "" };
    let noun = if lines.len() == 1 && !others { "line" } else { "lines" };
    format!("{noun} {}{etc}", first.join(", "))
}

/// `3 phone-invalid, 1 cell-empty`: the most frequent first.
fn reasons<'c>(counts: impl Iterator<Item = (&'c str, u64)>) -> String {
    let mut counts: Vec<_> = counts.collect();
    counts.sort_by_key(|(code, rows)| (std::cmp::Reverse(*rows), *code));
    let told: Vec<String> = counts.iter().map(|(code, rows)| format!("{} {code}", Grouped(*rows))).collect();
    told.join(", ")
}

fn more(text: &mut String, all: u64, told: usize) {
    if let Some(more @ 1..) = all.checked_sub(told as u64)
        && told >= FEW
    {
        let _ = write!(text, "\n  … and {} more", Grouped(more));
    }
}
