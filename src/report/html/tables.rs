//! Tables of the page: counts by something, in rows that add up.

use std::time::Duration;

use serde::Serialize;

use super::fold::{ATTEMPTS, Fold, OTHERS};
use crate::domain::delivery::latency::Latencies;
use crate::domain::delivery::state::State;
use crate::domain::delivery::tally::Tally;
use crate::domain::figures::{Grouped, Span};
use crate::domain::phone::mask::mask_text;
use crate::domain::reasons;

/// Countries and sources in a table, at most; the smallest of the others are put together.
const MOST_ROWS: usize = 40;

/// A count with a bar.
#[derive(Debug, Serialize)]
pub(super) struct Counted {
    pub(super) label: String,
    pub(super) rows: String,
    pub(super) percent: String,
    /// Of the longest bar, in percent.
    pub(super) bar: f64,
}

/// Rows that are in a state for one reason.
#[derive(Debug, Serialize)]
pub(super) struct ReasonRow {
    pub(super) state: &'static str,
    pub(super) code: String,
    pub(super) what: &'static str,
    pub(super) advice: &'static str,
    pub(super) rows: String,
    pub(super) percent: String,
    pub(super) bar: f64,
}

/// Rows by state of one source or country.
#[derive(Debug, Serialize)]
pub(super) struct Split {
    pub(super) name: String,
    pub(super) detail: String,
    pub(super) rows: String,
    pub(super) started: String,
    pub(super) failed: String,
    pub(super) uncertain: String,
    pub(super) waiting: String,
    pub(super) left_out: String,
}

/// A share for people: never rounded to 100 % or 0 %.
pub(super) fn percent(part: u64, whole: u64) -> String {
    if whole == 0 || part == 0 {
        return "0%".to_owned();
    }
    if part == whole {
        return "100%".to_owned();
    }
    let (part, whole) = (u128::from(part), u128::from(whole));
    if part * 2_000 < whole {
        return "<0.1%".to_owned();
    }
    let tenths = ((part * 2_000 + whole) / (whole * 2)).min(999);
    format!("{}.{}%", tenths / 10, tenths % 10)
}

pub(super) fn bar(part: u64, most: u64) -> f64 {
    if most == 0 {
        return 0.0;
    }
    let hundredths = u128::from(part) * 10_000 / u128::from(most);
    let least = u32::from(part > 0) * 50;
    f64::from(u32::try_from(hundredths).unwrap_or(10_000).max(least)) / 100.0
}

/// Why rows are where they are: those of the states that `wanted` picks.
pub(super) fn reasons(fold: &Fold, wanted: impl Fn(State) -> bool) -> Vec<ReasonRow> {
    let mut found: Vec<(State, Option<&str>, u64)> = Vec::new();
    for state in State::ALL.into_iter().filter(|state| wanted(*state) && fold.tally[*state] > 0) {
        let codes = &fold.reasons[usize::from(state.code())];
        let rest = fold.tally[state] - codes.values().sum::<u64>();
        let mut of: Vec<_> = codes.iter().map(|(code, rows)| (state, Some(code.as_str()), *rows)).collect();
        if rest > 0 {
            of.push((state, None, rest));
        }
        of.sort_by(|a, b| b.2.cmp(&a.2).then_with(|| a.1.cmp(&b.1)));
        found.extend(of);
    }
    let sum: u64 = found.iter().map(|(_, _, rows)| rows).sum();
    let most = found.iter().map(|(_, _, rows)| *rows).max().unwrap_or(0);
    found
        .into_iter()
        .map(|(state, code, rows)| {
            let explained = reasons::reason(state, code);
            ReasonRow {
                state: state.name(),
                // A code is a word of the service or of ours. Should anything stand between, it names nobody either.
                code: mask_text(&code.unwrap_or_default().chars().take(60).collect::<String>()),
                what: explained.what,
                advice: explained.advice,
                rows: Grouped(rows).to_string(),
                percent: percent(rows, sum),
                bar: bar(rows, most),
            }
        })
        .collect()
}

fn counted(counts: Vec<(String, u64)>) -> Vec<Counted> {
    let sum = counts.iter().map(|(_, rows)| rows).sum();
    let most = counts.iter().map(|(_, rows)| *rows).max().unwrap_or(0);
    counts
        .into_iter()
        .map(|(label, rows)| Counted {
            label,
            rows: Grouped(rows).to_string(),
            percent: percent(rows, sum),
            bar: bar(rows, most),
        })
        .collect()
}

/// Rows by requests that were made for them.
pub(super) fn attempts(fold: &Fold) -> Vec<Counted> {
    let used = fold.attempts.iter().rposition(|rows| *rows > 0).map_or(0, |last| last + 1);
    counted(
        ATTEMPTS
            .iter()
            .zip(fold.attempts)
            .take(used)
            .map(|((_, label), rows)| ((*label).to_owned(), rows))
            .collect(),
    )
}

/// A time at the end of a step.
pub(super) fn time(time: Duration) -> String {
    if time.as_millis() < 1_000 {
        format!("{} ms", time.as_millis())
    } else {
        Span(time).to_string().replace(".0 ", " ")
    }
}

/// `75 to 100 ms`: a common unit is printed once.
fn between(from: &str, to: &str) -> String {
    let same =
        from.split_once(' ').filter(|(_, unit)| to.split_once(' ').is_some_and(|(_, other)| other == *unit));
    format!("{} to {to}", same.map_or(from, |(number, _)| number))
}

/// Answers by how long they took.
pub(super) fn latencies(latencies: &Latencies) -> Vec<Counted> {
    counted(
        latencies
            .steps()
            .map(|(from, to, answers)| {
                let label = match to {
                    Some(to) if from.is_zero() => format!("up to {}", time(to)),
                    Some(to) => between(&time(from), &time(to)),
                    None => format!("more than {}", time(from)),
                };
                (label, answers)
            })
            .collect(),
    )
}

/// A row of a table by source or country.
pub(super) fn split(name: String, detail: String, tally: &Tally) -> Split {
    let grouped = |rows| Grouped(rows).to_string();
    let waiting = tally.unsettled();
    let left_out = tally.rows() - tally.eligible();
    Split {
        name,
        detail,
        rows: grouped(tally.rows()),
        started: grouped(tally[State::Started]),
        failed: grouped(tally[State::Failed]),
        uncertain: grouped(tally[State::Uncertain]),
        waiting: grouped(waiting),
        left_out: grouped(left_out),
    }
}

/// The largest first, the smallest together, and what has no name last.
pub(super) fn splits(parts: Vec<(Option<(String, String)>, Tally)>, nameless: &str) -> Vec<Split> {
    let (mut named, rest): (Vec<_>, Vec<_>) = parts.into_iter().partition(|(name, _)| name.is_some());
    named.sort_by(|a, b| b.1.rows().cmp(&a.1.rows()).then_with(|| a.0.cmp(&b.0)));
    let others = named.split_off(named.len().min(MOST_ROWS));
    let mut rows: Vec<Split> = named
        .into_iter()
        .filter_map(|(name, tally)| name.map(|(name, detail)| split(name, detail, &tally)))
        .collect();
    for (parts, name) in [(others, OTHERS), (rest, nameless)] {
        if !parts.is_empty() {
            let mut sum = Tally::default();
            for (_, tally) in &parts {
                for (state, rows) in tally.iter() {
                    sum[state] += rows;
                }
            }
            rows.push(split(name.to_owned(), String::new(), &sum));
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_never_all_or_nothing_of_what_is_not() {
        let shares = [(0, 5), (5, 5), (999_999, 1_000_000), (1, 1_000_000), (1, 3), (282, 304), (0, 0)]
            .map(|(part, whole)| percent(part, whole));
        assert_eq!(shares, ["0%", "100%", "99.9%", "<0.1%", "33.3%", "92.8%", "0%"]);
        assert_eq!(
            [(0, 9), (1, 1_000_000), (9, 9), (0, 0)].map(|(part, most)| bar(part, most)),
            [0.0, 0.5, 100.0, 0.0]
        );
    }

    #[test]
    fn the_smallest_are_put_together_and_nothing_is_lost() {
        let tally = |rows| {
            let mut tally = Tally::default();
            tally[State::Started] = rows;
            tally
        };
        let parts = (1..=60).map(|rows| (Some((format!("n{rows}"), String::new())), tally(rows)));
        let rows = splits(parts.chain([(None, tally(7))]).collect(), "no number");
        assert_eq!(rows.len(), MOST_ROWS + 2);
        assert_eq!((rows[0].name.as_str(), rows[MOST_ROWS].name.as_str()), ("n60", OTHERS));
        assert_eq!((rows[MOST_ROWS].rows.as_str(), rows[MOST_ROWS + 1].rows.as_str()), ("210", "7"));
    }
}
