//! How the senders of a campaign fare, as a table: in the view of a run, and in `campaign status`.

use std::cmp::Reverse;

use console::{Alignment, measure_text_width, pad_str, truncate_str};

use super::fit::{Part, Tone};
use crate::domain::figures::Grouped;
use crate::domain::foreign::shown;
use crate::domain::senders::figures::SenderFigures;
use crate::domain::unix_millis::UnixMillis;

/// Columns of a sender's name, at most.
const LONGEST_NAME: usize = 22;
/// Columns of what the service said of a sender that it refused, at most: all of it fits into 80.
const WIDEST: usize = 76;
const HEAD: [&str; 6] = ["sender", "to start", "started", "failed", "in doubt", "parts a second"];

/// All senders in their order, in at most 80 columns, without a line feed at the end. `going_on`: a run goes on; `clock` gives
/// moments to come their words.
#[must_use]
pub fn sender_table(
    senders: &[SenderFigures],
    (now, going_on): (UnixMillis, bool),
    clock: impl Fn(UnixMillis) -> String,
) -> String {
    let all: Vec<&SenderFigures> = senders.iter().collect();
    let lines: Vec<String> = lines(&all, (now, going_on), clock).into_iter().map(|(line, _)| line).collect();
    lines.join("\n")
}

/// Those that halted, and then those that take longest, `most` of them.
pub(super) fn in_view(
    senders: &[SenderFigures],
    most: usize,
    now: UnixMillis,
    clock: impl Fn(UnixMillis) -> String,
) -> Vec<Part> {
    let mut first: Vec<&SenderFigures> = senders.iter().collect();
    first.sort_by_key(|sender| {
        Reverse((sender.halted().is_some(), sender.time_left(now).unwrap_or_default()))
    });
    let more = first.len().saturating_sub(most);
    first.truncate(most);
    let lines = lines(&first, (now, true), clock).into_iter();
    let mut parts: Vec<Part> = lines.map(|(line, tone)| Part::new(line, tone)).collect();
    if more > 0 {
        parts.push(format!("  and {more} more: `campaign status` has all").into());
    }
    parts
}

fn lines(
    senders: &[&SenderFigures],
    (now, going_on): (UnixMillis, bool),
    clock: impl Fn(UnixMillis) -> String,
) -> Vec<(String, Tone)> {
    if senders.is_empty() {
        return Vec::new();
    }
    let rows: Vec<[String; 6]> = senders.iter().map(|sender| cells(sender, going_on)).collect();
    let head = HEAD.map(str::to_owned);
    let widths: [usize; 6] = std::array::from_fn(|column| {
        let cells = rows.iter().chain([&head]).map(|row| measure_text_width(&row[column]));
        cells.max().unwrap_or_default()
    });
    let mut lines = vec![(line(&head, widths), Tone::Plain)];
    for (row, sender) in rows.iter().zip(senders) {
        lines.push((line(row, widths), Tone::Plain));
        if let Some(why) = sender.halted() {
            lines.push((format!("    {}", truncate_str(&format!("halted: {why}"), WIDEST, "…")), Tone::Bad));
        } else if let Some(day) = sender.beat.as_ref().and_then(|beat| beat.day) {
            let tone = if day.is_full(now) { Tone::Notable } else { Tone::Plain };
            lines.push((format!("    {}", day.words(now, &clock)), tone));
        }
    }
    lines
}

fn cells(sender: &SenderFigures, going_on: bool) -> [String; 6] {
    let rows = sender.rows(going_on);
    let counts = [rows.to_start, rows.started, rows.failed, rows.in_doubt];
    let [to_start, started, failed, in_doubt] = counts.map(|rows| Grouped(rows).to_string());
    let name = truncate_str(&shown(&sender.name), LONGEST_NAME, "…").into_owned();
    [name, to_start, started, failed, in_doubt, sender.speed().unwrap_or_default()]
}

fn line(cells: &[String; 6], widths: [usize; 6]) -> String {
    let mut text = format!("  {}", pad_str(&cells[0], widths[0], Alignment::Left, None));
    for (cell, width) in cells.iter().zip(widths).skip(1) {
        text.push_str("  ");
        text.push_str(&pad_str(cell, width, Alignment::Right, None));
    }
    text.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::delivery::state::State;
    use crate::domain::delivery::tally::Tally;
    use crate::domain::senders::figures::{SenderBeat, SenderDay};

    fn sender(name: &str, rows: [u64; 3], beat: SenderBeat) -> SenderFigures {
        let mut tally = Tally::default();
        for (state, rows) in [State::Queued, State::Started, State::Attempting].into_iter().zip(rows) {
            tally[state] = rows;
        }
        SenderFigures { name: name.to_owned(), tally, beat: Some(beat) }
    }

    #[test]
    fn a_table_has_80_columns_at_most_and_the_view_those_that_take_longest() {
        let at = |second: i64| UnixMillis::from_millis(second * 1_000);
        let speed = |asked, reached| SenderBeat { asked: Some(asked), reached, ..SenderBeat::default() };
        let day = SenderDay { most: 2_000, sent: 2_000, ends: at(40_000) };
        let gone =
            "ResourceNotFoundException (HTTP 404): the phone number that was asked for was released long ago";
        let senders = [
            sender("short-code", [1_200_000, 3_400_000, 20], speed(100.0, Some(98.24))),
            sender(
                "toll-free of the east coast",
                [800, 200, 0],
                SenderBeat { day: Some(day), ..speed(3.0, None) },
            ),
            sender("gone", [40, 0, 1], SenderBeat { halted: Some(gone.into()), ..speed(1.0, None) }),
            sender("any", [3, 7, 0], SenderBeat { reached: Some(4.0), ..SenderBeat::default() }),
        ];
        let clock = |at: UnixMillis| format!("{} s", at.millis() / 1_000);
        let table = sender_table(&senders, (at(1), false), clock);
        assert!(table.lines().all(|line| measure_text_width(line) <= 80), "{table}");
        insta::assert_snapshot!(table);
        let view = super::super::fit::lines(&in_view(&senders, 2, at(1), clock), 1, false).len();
        assert_eq!(view, 6, "the head, two senders with a line more each, and how many there are besides");
        assert_eq!(sender_table(&[], (at(1), true), clock), "");
    }
}
