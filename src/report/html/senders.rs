//! The senders of a campaign on the page, where they are several.

use serde::Serialize;

use super::wall_clock::WallClock;
use crate::domain::figures::Grouped;
use crate::domain::phone::mask::mask_text;
use crate::domain::senders::figures::SenderFigures;
use crate::domain::unix_millis::UnixMillis;

/// A sender, its rows, and how fast it was.
#[derive(Debug, Serialize)]
pub(super) struct SenderLine {
    name: String,
    halted: Option<String>,
    day: Option<String>,
    to_start: String,
    started: String,
    failed: String,
    in_doubt: String,
    speed: String,
}

/// The lines. `now` is the time of the page, `going_on` whether a run is active then.
pub(super) fn lines(
    senders: &[SenderFigures],
    (now, going_on): (UnixMillis, bool),
    clock: &WallClock,
) -> Vec<SenderLine> {
    let line = |sender: &SenderFigures| {
        let rows = sender.rows(going_on);
        let counts = [rows.to_start, rows.started, rows.failed, rows.in_doubt];
        let [to_start, started, failed, in_doubt] = counts.map(|rows| Grouped(rows).to_string());
        let day = sender.beat.as_ref().and_then(|beat| beat.day);
        SenderLine {
            name: sender.name.clone(),
            // The service's words may have anything in them.
            halted: sender.halted().map(|why| mask_text(&why)),
            day: day.map(|day| day.words(now, |at| clock.time(at))),
            to_start,
            started,
            failed,
            in_doubt,
            speed: sender.speed().unwrap_or_default(),
        }
    };
    senders.iter().map(line).collect()
}
