//! How a campaign stands, in words: in detail, in one line, and several in a table.

use std::fmt::Write as _;
use std::time::Duration;

use crate::app::status::{Activity, Status};
use crate::domain::delivery::control::Control;
use crate::domain::delivery::state::State;
use crate::domain::figures::{Grouped, PerSecond, Span};
use crate::domain::foreign::shown;
use crate::domain::unix_millis::UnixMillis;
use crate::journal::{ControlRequest, RunRecord};
use crate::progress::sender_table;

/// Longest reason of a run that is told, in characters.
const LONGEST_REASON: usize = 1_000;

/// Credentials that end sooner are told.
const CREDENTIALS_SOON: Duration = Duration::from_secs(3_600);

/// A run gives its first figures within 20 s; a machine that is busy may take longer.
const FIRST_FIGURES: Duration = Duration::from_secs(30);
/// Moments that are noted while the journal is read may be a little ahead.
const CLOCKS_APART: Duration = Duration::from_secs(5);

/// Everything, without a line feed at the end.
pub(super) fn detail(status: &Status) -> String {
    let mut text = status.summary.text();
    let mut line = |words: String| {
        text.push('\n');
        text.push_str(&words);
    };
    if let Some(at) = status.purged_at {
        line(format!("purged {}: numbers, keys and messages were removed", ago(status.now, at)));
    }
    match status.runs.first() {
        Some(run) => line(activity(status, run)),
        None => line("never run".to_owned()),
    }
    if status.going_on().is_none()
        && let (Some(true), Some(holder)) = (status.running, &status.holder)
    {
        line(format!("held by {holder}, which has not begun to send"));
    }
    if !status.senders.is_empty() {
        let at = (status.now, status.going_on().is_some());
        line(sender_table(&status.senders, at, |moment| format!("{} UTC", ending(status.now, moment))));
    }
    if let Some(counts) = status.deliveries {
        line(format!(
            "told of deliveries: {} delivered, {} undelivered, {} on the way, {} without a receipt; nothing of {}",
            Grouped(counts.delivered),
            Grouped(counts.undelivered),
            Grouped(counts.pending),
            Grouped(counts.unknown),
            Grouped(counts.waiting)
        ));
    }
    if let Some(pause) = &status.paused {
        let ahead = is_ahead(status.now, pause.at);
        let ago = if ahead { String::new() } else { format!(" ({})", ago(status.now, pause.at)) };
        let (who, at) = (pause.who.shown(), clock(pause.at));
        line(format!("paused by {who} since {at} UTC{ago}: `campaign go` goes on"));
    }
    if let Some(until) = status.quota_full_until {
        line(format!("the active chats quota is full; it is tried again at {} UTC", clock(until)));
    }
    if let Some(pace) = pace(status) {
        line(pace);
    }
    if let Some(left) = left(status) {
        line(left);
    }
    if !status.asks.is_empty() {
        line("asked:".to_owned());
        for ask in status.asks.iter().rev() {
            let done = ask.taken.map_or_else(
                || untaken(status, ask).to_owned(),
                |taken| format!("done by run {} after {}", taken.run.number(), Span(taken.at.since(ask.at))),
            );
            line(format!("  {} UTC  {} ({}), {done}", clock(ask.at), ask.wish, ask.who.shown()));
        }
    }
    if status.runs.len() > 1 {
        line("runs before:".to_owned());
        for run in status.runs.iter().skip(1).rev() {
            line(format!("  {}", before(run)));
        }
    }
    text
}

/// What became of a wish that no run has taken.
fn untaken(status: &Status, ask: &ControlRequest) -> &'static str {
    let was_going_on =
        |run: &RunRecord| run.started_at <= ask.at && run.ended_at.is_none_or(|ended| ended >= ask.at);
    match &ask.wish {
        Control::SenderPace(_)
            if status
                .asks
                .iter()
                .any(|other| other.id > ask.id && other.wish.sender() == ask.wish.sender()) =>
        {
            "taken back before a run began"
        }
        Control::SenderPace(_) => "for the next run",
        _ if status.runs.iter().any(was_going_on) => "not done by any run",
        Control::Pause | Control::Go => "done at once: nothing was running",
        Control::Stop | Control::Pace(_) | Control::AccountPace(_) => "without effect: nothing was running",
    }
}

fn activity(status: &Status, run: &RunRecord) -> String {
    let mut text = match status.activity(run) {
        Activity::GoingOn(_) => {
            let in_flight = run.heartbeat.map_or(String::new(), |heartbeat| {
                format!(", {} in flight", Grouped(heartbeat.in_flight.into()))
            });
            let seen = begun(status.now, run)
                .unwrap_or_else(|| format!("seen {}{in_flight}", ago(status.now, run.seen_at)));
            format!("going on: process {}, {seen}", run.pid)
        }
        Activity::Silent(_) => format!(
            "ended unexpectedly (killed or crashed): process {}, last seen {}; run again to go on",
            run.pid,
            ago(status.now, run.seen_at)
        ),
        Activity::Ended(_) => {
            let exit = run.exit.map_or(String::new(), |exit| format!(" with exit code {exit}"));
            format!("ended {}{exit}", ago(status.now, run.ended_at.unwrap_or(run.seen_at)))
        }
    };
    if let Some(reason) = &run.reason {
        // Writing to a string cannot fail.
        let _ = write!(text, ": {}", reason.shown_up_to(LONGEST_REASON));
    }
    text
}

/// How fast it is, and is to be.
fn pace(status: &Status) -> Option<String> {
    let heartbeat = status.going_on()?.heartbeat?;
    let mut text = match heartbeat.asked {
        Some(asked) => format!("pace {} asked, burst {}", PerSecond(asked), heartbeat.burst),
        None => "pace found out by the run".to_owned(),
    };
    if heartbeat.asked.is_none_or(|asked| heartbeat.rate < asked * 0.995) {
        let _ = write!(text, "; the service takes {}", PerSecond(heartbeat.rate));
    }
    let _ = write!(text, "; {} started a minute", per_minute(status)?);
    let now = status.going_on()?.seen_at;
    if let Some(end) = heartbeat.credentials_end.filter(|end| end.since(now) < CREDENTIALS_SOON) {
        let _ = write!(text, "\ncredentials end in {} unless they are renewed", Span(end.since(now)));
    }
    Some(text)
}

fn per_minute(status: &Status) -> Option<Grouped> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "saturates, and is not negative"
    )]
    let minute = (status.reached()? * 60.0).round() as u64;
    Some(Grouped(minute))
}

fn left(status: &Status) -> Option<String> {
    let left = status.summary.tally.unsettled();
    if left == 0 {
        return None;
    }
    let mut text = format!("{} left", Grouped(left));
    if status.paused.is_none()
        && let (Some(time), Some(pace)) = (status.time_left(), status.pace_to_come())
    {
        let _ = match status.longest_sender() {
            Some(sender) => write!(text, ", about {}, {} takes longest", Span(time), shown(&sender.name)),
            None => write!(text, ", about {} at {}", Span(time), PerSecond(pace)),
        };
        if let Some(end) = status.ends_at() {
            let _ = write!(text, ": until {} UTC", ending(status.now, end));
        }
    }
    if let Some(hours) = status.ahead().filter(|hours| hours.closed_rows > 0) {
        let rows = match hours.closed_rows >= left {
            true => "the hours of all of them are".to_owned(),
            false => format!("the hours of {} of them are", Grouped(hours.closed_rows)),
        };
        let opens = hours.opens_at.map(|at| format!(", the first open at {} UTC", ending(status.now, at)));
        let _ = write!(text, "; {rows} closed{}", opens.unwrap_or_default());
    }
    if let Some((rows, first)) = status.waiting {
        let wait = if rows == 1 { "waits" } else { "wait" };
        let first = ending(status.now, first);
        let _ = write!(
            text,
            "; {} of them {wait} for a time to come, the first until {first} UTC",
            Grouped(rows)
        );
    }
    Some(text)
}

fn before(run: &RunRecord) -> String {
    let end = match (&run.reason, run.exit) {
        (Some(reason), _) => reason.shown_up_to(LONGEST_REASON).to_string(),
        (None, Some(exit)) => format!("exit code {exit}"),
        (None, None) => "ended unexpectedly".to_owned(),
    };
    let (number, took) = (run.id.number(), Span(run.elapsed()));
    format!(
        "run {number}, {} UTC, {took}: {} started; {end}",
        clock(run.started_at),
        Grouped(run.counters.started)
    )
}

/// One line, for a run that is asked how it fares.
#[must_use]
pub fn line(status: &Status) -> String {
    let tally = &status.summary.tally;
    let mut text = shown(&status.summary.campaign).into_owned();
    if let Some(run) = status.summary.run {
        let _ = write!(text, ", run {run}");
    }
    let _ = write!(text, ": {} of {} started", Grouped(tally[State::Started]), Grouped(tally.eligible()));
    for state in [State::Failed, State::Uncertain] {
        if tally[state] > 0 {
            let _ = write!(text, ", {} {}", Grouped(tally[state]), state.name());
        }
    }
    if let Some(run) = status.going_on() {
        if let Some(heartbeat) = run.heartbeat {
            let _ = write!(text, ", {} in flight", Grouped(heartbeat.in_flight.into()));
        }
        if run.counters.throttled > 0 {
            let _ = write!(text, ", {} throttled", Grouped(run.counters.throttled));
        }
        for words in [paused(status), pace(status)].into_iter().flatten() {
            let _ = write!(text, ", {words}");
        }
    }
    if let Some(left) = left(status) {
        let _ = write!(text, ", {left}");
    }
    text
}

fn paused(status: &Status) -> Option<String> {
    let pause = status.paused.as_ref()?;
    Some(format!("paused by {} since {} UTC", pause.who.shown(), clock(pause.at)))
}

/// All campaigns of a journal, a line each.
pub(super) fn table(all: &[Status]) -> String {
    let rows: Vec<[String; 5]> = all
        .iter()
        .map(|status| {
            let tally = &status.summary.tally;
            [
                shown(&status.summary.campaign).into_owned(),
                Grouped(tally[State::Started]).to_string(),
                Grouped(tally.unsettled()).to_string(),
                Grouped(tally.rows()).to_string(),
                stands(status),
            ]
        })
        .collect();
    let head = ["campaign", "started", "left", "rows", ""].map(str::to_owned);
    let width = |column: usize| {
        rows.iter().chain([&head]).map(|row| row[column].chars().count()).max().unwrap_or_default()
    };
    let [name, started, left, total] = [0, 1, 2, 3].map(width);
    let mut text = String::new();
    for row in [&head].into_iter().chain(&rows) {
        let line = format!(
            "{:<name$}  {:>started$}  {:>left$}  {:>total$}  {}",
            row[0], row[1], row[2], row[3], row[4]
        );
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text.pop();
    text
}

fn stands(status: &Status) -> String {
    let Some(run) = status.runs.first() else {
        return if status.is_held() { "begins".to_owned() } else { "never run".to_owned() };
    };
    if let Some(pause) = &status.paused {
        let waits = if status.going_on().is_some() { "a run waits" } else { "nothing runs" };
        let by = if pause.by_gate { "max_undelivered" } else { "a person" };
        return format!("paused by {by}; {waits}");
    }
    match status.activity(run) {
        Activity::GoingOn(_) => {
            let mut text = format!("going on, process {}", run.pid);
            if let (Some(time), Some(end)) = (status.time_left(), status.ends_at()) {
                let _ = write!(text, ", {} left: until {} UTC", Span(time), ending(status.now, end));
            }
            text
        }
        Activity::Silent(_) => {
            format!("ended unexpectedly (killed or crashed) {}", ago(status.now, run.seen_at))
        }
        Activity::Ended(_) => {
            let exit = run.exit.map_or(String::new(), |exit| format!(", exit {exit}"));
            format!("ended {}{exit}", ago(status.now, run.ended_at.unwrap_or(run.seen_at)))
        }
    }
}

/// A run that has given no figures yet: it does so within 20 s of its beginning. Those of earlier versions never do.
fn begun(now: UnixMillis, run: &RunRecord) -> Option<String> {
    let fresh = now.since(run.started_at) < FIRST_FIGURES && !is_ahead(now, run.started_at);
    (run.heartbeat.is_none() && fresh).then(|| {
        let begun = ago(now, run.started_at);
        format!("begun {begun}; how fast it is and when it ends is known within 20 s of that")
    })
}

/// Whether a moment that was noted lies ahead by more than two readings of one clock can differ.
fn is_ahead(now: UnixMillis, at: UnixMillis) -> bool {
    at.since(now) >= CLOCKS_APART
}

/// `4.2 s ago`. A moment ahead was noted before the clock was set back, or by a machine with another one.
fn ago(now: UnixMillis, at: UnixMillis) -> String {
    if is_ahead(now, at) {
        let ahead = Span(at.since(now));
        return format!("at {} UTC ({ahead} ahead of this machine's clock)", clock(at));
    }
    format!("{} ago", Span(now.since(at)))
}

/// `2026-03-01 09:31:00`.
fn clock(stamp: UnixMillis) -> String {
    stamp.to_string().get(..19).map_or_else(|| stamp.to_string(), |text| text.replace('T', " "))
}

/// A time to come: of today, the time alone.
fn ending(now: UnixMillis, end: UnixMillis) -> String {
    let (now, end) = (clock(now), clock(end));
    match (end.get(..10), end.get(11..)) {
        (Some(day), Some(time)) if now.starts_with(day) => time.to_owned(),
        _ => end,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_clock_that_was_set_back_noted_is_ahead_and_not_just_now() {
        let now = UnixMillis::from_millis(1_772_357_400_000);
        let (late, soon) = (now.plus(Duration::from_secs(3_600)), now.plus(Duration::from_millis(900)));
        assert_eq!(ago(now, late), "at 2026-03-01 10:30:00 UTC (1 h ahead of this machine's clock)");
        assert_eq!(ago(now, soon), "0.0 s ago");
        assert_eq!(ago(now, now.minus(Duration::from_millis(4_200))), "4.2 s ago");
    }
}
