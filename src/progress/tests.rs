//! Progress as it appears on a terminal and off one, and as programs read it.

use std::io::{self, Write};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tracing_subscriber::fmt::MakeWriter;

use super::*;
use crate::domain::delivery::ending::{Ending, Signal};
use crate::domain::delivery::refusal::RefusalKind;
use crate::domain::delivery::state::State;
use crate::domain::delivery::summary::Bottleneck;
use crate::domain::delivery::tally::Tally;
use crate::domain::forecast::{Heartbeat, Milestone};
use crate::domain::unix_millis::UnixMillis;
use crate::engine::{FirstOpening, Gauges, RefusedAttempt};

/// A terminal of 24 lines, emulated. It does not break lines anew when it is resized.
#[derive(Clone)]
struct Terminal(Arc<Mutex<vt100::Parser>>, Arc<AtomicU16>);

impl Terminal {
    fn text(&self) -> String {
        let parser = self.0.lock().unwrap();
        let columns = parser.screen().size().1;
        let rows: Vec<String> =
            parser.screen().rows(0, columns).map(|row| row.trim_end().to_owned()).collect();
        rows.join("\n").trim_end().to_owned()
    }

    fn resize(&self, columns: u16) {
        self.0.lock().unwrap().screen_mut().set_size(24, columns);
        self.1.store(columns, Ordering::Relaxed);
    }
}

impl Write for Terminal {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes).replace("\r\n", "\n").replace('\n', "\r\n");
        self.0.lock().unwrap().process(text.as_bytes());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn terminal(columns: u16) -> (Terminal, Screen) {
    let width = Arc::new(AtomicU16::new(columns));
    let terminal = Terminal(Arc::new(Mutex::new(vt100::Parser::new(24, columns, 0))), width.clone());
    let screen = Screen::over(terminal.clone(), Arc::new(move || (24, width.load(Ordering::Relaxed))), false);
    (terminal, screen)
}

fn about() -> About {
    About { campaign: "spring".to_owned(), run: 3, asked_rate: Some(2.0), active: None }
}

fn progress(kind: ProgressKind, seconds: u64, screen: &Screen) -> Progress {
    Progress::in_zone(kind, Duration::from_secs(seconds), None, about(), screen, wall::tests::wall())
}

fn refused(line: u64, kind: RefusalKind) -> RunEvent {
    RunEvent::Refused(RefusedAttempt {
        line: Some(line),
        destination: "+1202•••0104".to_owned(),
        attempt: 1,
        kind,
        code: "InvalidRequestException".into(),
        message: "no such number".into(),
        halts_sender: false,
        retry_in: None,
        took: Duration::from_millis(40),
        request_id: None,
    })
}

/// Two contacts a second for 40 seconds, of 1,000.
async fn forty_seconds(progress: &mut Progress) {
    let mut tally = Tally::default();
    tally[State::Queued] = 1_000;
    progress.on_event(&RunEvent::Began(tally));
    progress.on_event(&RunEvent::Gauges(Gauges { limit: Some(Bottleneck::Pace), rate: 2.0, alive: None }));
    let begun = UnixMillis::from_millis(1_772_357_400_000);
    for line in 0..80 {
        let moved = |from, to| RunEvent::Moved { line: Some(line), from, to };
        progress.on_event(&moved(State::Queued, State::Attempting));
        progress.on_event(&RunEvent::Requested { again: false, in_flight: 1 });
        progress.on_event(&moved(State::Attempting, State::Started));
        if line % 2 == 0 {
            progress.on_event(&RunEvent::Heartbeat(Heartbeat {
                now: Milestone { at: begun.plus(Duration::from_millis(500) * line as u32), started: line },
                before: Milestone { at: begun, started: 0 },
                in_flight: 0,
                rate: 2.0,
                asked: Some(2.0),
                burst: 5,
                active: None,
                credentials_end: None,
                ahead: None,
            }));
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

fn interrupted(in_flight: usize) -> RunEvent {
    RunEvent::Draining { in_flight, ending: Ending::Interrupted(Signal::Terminate) }
}

#[tokio::test(start_paused = true)]
async fn off_a_terminal_a_line_comes_every_interval() {
    let (terminal, screen) = terminal(140);
    let mut progress = progress(ProgressKind::Lines, 15, &screen);
    forty_seconds(&mut progress).await;
    for line in 2..100 {
        progress.on_event(&refused(line, RefusalKind::InvalidRequest));
    }
    progress.finish().await;
    insta::assert_snapshot!(terminal.text(), @r"
    31 of 1,000 (3 %): 2/s (limit 2/s), 8 min 5 s left, ends 09:38 UTC, 0 in flight
    61 of 1,000 (6 %): 2/s (limit 2/s), 7 min 50 s left, ends 09:38 UTC, 0 in flight
    98 times, last line 99: not tried again: InvalidRequestException: no such number
    ");
}

/// What a person waits for is said when it happens, not with the next line.
#[tokio::test(start_paused = true)]
async fn off_a_terminal_a_pause_and_the_first_signal_are_told_at_once() {
    let (terminal, screen) = terminal(140);
    let mut progress = progress(ProgressKind::Lines, 60, &screen);
    forty_seconds(&mut progress).await;
    let moment = || tokio::time::sleep(Duration::from_millis(1));
    progress.on_event(&RunEvent::Paused(Duration::from_secs(9)));
    moment().await;
    progress.on_event(&RunEvent::Paused(Duration::from_secs(9)));
    moment().await;
    progress.on_event(&RunEvent::Resumed);
    moment().await;
    progress.on_event(&interrupted(12));
    moment().await;
    insta::assert_snapshot!(terminal.text(), @r"
    paused since 09:30 UTC: the active chats quota is full, next try in 9 s
    sending goes on
    stopping: terminated, waiting for 12 answers, SIGTERM again stops at once
    ");
    progress.finish().await;
}

#[tokio::test(start_paused = true)]
async fn on_a_terminal_lines_and_logs_stand_above_the_view() {
    let (terminal, screen) = terminal(80);
    let mut progress = progress(ProgressKind::Bar, 15, &screen);
    forty_seconds(&mut progress).await;
    progress.on_event(&refused(17, RefusalKind::InvalidRequest));
    tokio::time::sleep(Duration::from_secs(1)).await;
    screen.make_writer().write_all(b"a log line\n").unwrap();
    screen.make_writer().write_all(b"another\n").unwrap();
    insta::assert_snapshot!(terminal.text(), @r"
    a log line
    another

    spring  80 of 1,000 [====>                                              ]   8 %
    1.76/s (limit 2/s), 7 min 40 s left, ends 09:38 UTC
    0 in flight
    09:30 UTC line 17: not tried again: InvalidRequestException: no such number
    ");
    progress.finish().await;
    insta::assert_snapshot!(terminal.text(), @r"
    a log line
    another
    line 17: not tried again: InvalidRequestException: no such number
    ");
    screen.make_writer().write_all(b"after it\n").unwrap();
    assert!(terminal.text().ends_with("\nafter it"));
}

/// An echoed `^C` and whatever else stands behind the view is gone with the next one.
#[tokio::test(start_paused = true)]
async fn what_is_typed_leaves_nothing() {
    let (mut terminal, screen) = terminal(80);
    let mut progress = progress(ProgressKind::Bar, 15, &screen);
    forty_seconds(&mut progress).await;
    terminal.write_all(b"\r\n").unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    terminal.write_all(b"^C").unwrap();
    progress.on_event(&interrupted(12));
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(!terminal.text().contains("^C"), "{}", terminal.text());
    insta::assert_snapshot!(terminal.text(), @r"
    spring  80 of 1,000 [====>                                              ]   8 %
    stopping: terminated, waiting for 12 answers, SIGTERM again stops at once
    1.57/s (limit 2/s)
    12 in flight
    ");
    terminal.write_all(b"^C").unwrap();
    progress.finish().await;
    assert_eq!(terminal.text(), "", "nothing is left of it");
}

/// Narrower, wider, and narrower again: one view, whole, and none of its lines wider than the terminal.
#[tokio::test(start_paused = true)]
async fn a_resized_terminal_has_one_whole_view() {
    let (terminal, screen) = terminal(200);
    let mut progress = progress(ProgressKind::Bar, 15, &screen);
    screen.make_writer().write_all(b"a log line\n").unwrap();
    forty_seconds(&mut progress).await;
    progress.on_event(&refused(17, RefusalKind::InvalidRequest));
    for columns in [80, 40, 200, 60, 50, 41, 80] {
        terminal.resize(columns);
        tokio::time::sleep(Duration::from_secs(1)).await;
        let text = terminal.text();
        let views = text.matches("80 of 1,000").count() + text.matches("80 of 1…").count();
        assert_eq!((views, text.matches("in flight").count()), (1, 1), "{columns}:\n{text}");
        assert_eq!(text.matches("a log line").count(), 1, "{columns}:\n{text}");
        if columns == 40 {
            insta::assert_snapshot!(text, @r"
            a log line

            80 of 1,000 [=>                 ]   8 %
            1.57/s (limit 2/s), 7 min 40 s left,
            ends 09:38 UTC
            0 in flight
            09:30 UTC line 17: not tried again: In…
            ");
        }
    }
    progress.finish().await;
    assert_eq!(terminal.text().lines().count(), 2, "the log line and the problem: {}", terminal.text());
}

/// A terminal may break its lines anew before it says that it was resized: a drawing must not depend on how many rows the
/// one before takes by now, nor break lines by itself.
#[test]
fn a_drawing_is_one_write_that_counts_only_its_own_lines() {
    let (written, columns) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicU16::new(100)));
    let width = columns.clone();
    let size: canvas::Size = Arc::new(move || (24, width.load(Ordering::Relaxed)));
    let screen = Screen::over(Lines(written.clone()), size, false);
    screen.show_bar();
    screen.draw("spring", "4 of 10", (4, 10), &["x".repeat(10)]);
    for narrower in [100, 40] {
        columns.store(narrower, Ordering::Relaxed);
        written.lock().unwrap().clear();
        screen.draw("spring", "4 of 10", (4, 10), &["x".repeat(10)]);
        let text = String::from_utf8(written.lock().unwrap().clone()).unwrap();
        assert!(text.starts_with("\x1b[?2026h\r\x1b[?7l"), "{text:?}");
        assert!(text.ends_with("xxxxxxxxxx\x1b[K\x1b[J\r\x1b[2A\x1b[?7h\x1b[?2026l"), "{text:?}");
        assert_eq!((text.matches("\x1b[?2026h").count(), text.matches('A').count()), (1, 1), "{text:?}");
    }
}

/// Promise 9: numbers, even masked, have no place in progress.
#[tokio::test(start_paused = true)]
async fn no_number_appears() {
    let (terminal, screen) = terminal(80);
    let told = Arc::new(Mutex::new(Vec::new()));
    let events = Some(Events::to(Lines(told.clone())));
    let second = Duration::from_secs(1);
    let wall = wall::tests::wall();
    let mut progress = Progress::in_zone(ProgressKind::Lines, second, events, about(), &screen, wall);
    forty_seconds(&mut progress).await;
    progress.on_event(&refused(17, RefusalKind::AccessDenied));
    progress.finish().await;
    let events = String::from_utf8(told.lock().unwrap().clone()).unwrap();
    assert!(terminal.text().contains("line 17: the run stops"), "{}", terminal.text());
    assert!(events.contains("\"outcome\":\"halts\""), "{events}");
    assert!(!terminal.text().contains("0104") && !events.contains("0104"), "{}", terminal.text());
}

struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn programs_read_a_status_every_second_and_problems_as_they_come() {
    let (_, screen) = terminal(80);
    let told = Arc::new(Mutex::new(Vec::new()));
    let events = Some(Events::to(Lines(told.clone())));
    let second = Duration::from_secs(1);
    let wall = wall::tests::wall();
    let mut progress = Progress::in_zone(ProgressKind::Quiet, second, events, about(), &screen, wall);
    forty_seconds(&mut progress).await;
    progress.on_event(&refused(17, RefusalKind::InvalidRequest));
    progress.on_event(&RunEvent::Paused(9 * second));
    tokio::time::sleep(second / 2).await;
    progress.on_event(&interrupted(3));
    tokio::time::sleep(second / 2).await;
    progress.finish().await;
    let told = String::from_utf8(told.lock().unwrap().clone()).unwrap();
    let lines: Vec<&str> = told.lines().collect();
    assert!((41..=44).contains(&lines.len()), "{}", lines.len());
    insta::assert_snapshot!([&[lines[0], lines[1]], &lines[lines.len() - 3..]].concat().join("\n"), @r#"
    {"message_type":"status","time":"2026-03-01T09:30:00.000Z","campaign":"spring","run":3,"phase":"sending","reason":null,"opens_at":null,"rows":1000,"started":1,"failed":0,"rejected":0,"duplicate":0,"suppressed":0,"withdrawn":0,"expired":0,"queued":999,"attempting":0,"uncertain":0,"requests":1,"throttled":0,"retried":0,"in_flight":0,"active_chats":null,"max_active_chats":null,"asked_rate":2.0,"allowed_rate":2.0,"rate":0.0,"achieved_rate":0.0,"limited_by":"pace","elapsed_s":0.0,"time_left_s":499,"ends_at":"2026-03-01T09:38:19.500Z","problems_left_out":0}
    {"message_type":"status","time":"2026-03-01T09:30:01.000Z","campaign":"spring","run":3,"phase":"sending","reason":null,"opens_at":null,"rows":1000,"started":3,"failed":0,"rejected":0,"duplicate":0,"suppressed":0,"withdrawn":0,"expired":0,"queued":997,"attempting":0,"uncertain":0,"requests":3,"throttled":0,"retried":0,"in_flight":0,"active_chats":null,"max_active_chats":null,"asked_rate":2.0,"allowed_rate":2.0,"rate":3.0,"achieved_rate":3.0,"limited_by":"pace","elapsed_s":1.0,"time_left_s":498,"ends_at":"2026-03-01T09:38:19.500Z","problems_left_out":0}
    {"message_type":"problem","time":"2026-03-01T09:30:40.000Z","line":17,"attempt":1,"outcome":"failed","code":"InvalidRequestException","message":"no such number","retry_in_s":null}
    {"message_type":"status","time":"2026-03-01T09:30:40.000Z","campaign":"spring","run":3,"phase":"paused","reason":"the active chats quota is full","opens_at":null,"rows":1000,"started":80,"failed":0,"rejected":0,"duplicate":0,"suppressed":0,"withdrawn":0,"expired":0,"queued":920,"attempting":0,"uncertain":0,"requests":80,"throttled":0,"retried":0,"in_flight":0,"active_chats":null,"max_active_chats":null,"asked_rate":2.0,"allowed_rate":2.0,"rate":1.9,"achieved_rate":2.0,"limited_by":"active chats","elapsed_s":40.0,"time_left_s":460,"ends_at":"2026-03-01T09:38:20.000Z","problems_left_out":0}
    {"message_type":"status","time":"2026-03-01T09:30:40.500Z","campaign":"spring","run":3,"phase":"stopping","reason":"terminated","opens_at":null,"rows":1000,"started":80,"failed":0,"rejected":0,"duplicate":0,"suppressed":0,"withdrawn":0,"expired":0,"queued":920,"attempting":0,"uncertain":0,"requests":80,"throttled":0,"retried":0,"in_flight":3,"active_chats":null,"max_active_chats":null,"asked_rate":2.0,"allowed_rate":2.0,"rate":1.81,"achieved_rate":1.975,"limited_by":null,"elapsed_s":40.5,"time_left_s":null,"ends_at":null,"problems_left_out":0}
    "#);
}

#[test]
fn quiet_is_quiet_and_needs_no_runtime() {
    let (terminal, screen) = terminal(80);
    let mut progress = progress(ProgressKind::Quiet, 1, &screen);
    progress.on_event(&refused(17, RefusalKind::AccessDenied));
    assert_eq!(terminal.text(), "");
}

/// A rehearsal shows the day that it has come to, as often as whoever looks on can follow.
#[test]
fn a_rehearsal_shows_the_day_that_it_has_come_to() {
    use std::sync::atomic::AtomicI64;
    let dial = || {
        let time = Arc::new(AtomicI64::new(1_796_137_200_000));
        let read = time.clone();
        (time, Clock::from_fn(move || UnixMillis::from_millis(read.load(Ordering::Relaxed))))
    };
    let play = |kind| {
        let ((days, virtual_clock), (watch, real_clock)) = (dial(), dial());
        let (terminal, screen) = terminal(80);
        let every = Duration::from_secs(5);
        let mut progress =
            RehearsalProgress::new(kind, every, "spring".to_owned(), &screen, (&virtual_clock, &real_clock));
        let mut tally = Tally::default();
        tally[State::Queued] = 1_000;
        progress.on_event(&RunEvent::Began(tally));
        // A contact every four hours, ten in a second of who looks on: the second is over after the last of them.
        for line in 0..60 {
            progress.on_event(&RunEvent::Moved { line: Some(line), from: State::Queued, to: State::Started });
            days.fetch_add(4 * 3_600_000, Ordering::Relaxed);
            watch.fetch_add(100, Ordering::Relaxed);
        }
        let until = UnixMillis::from_millis(days.load(Ordering::Relaxed) + 3_600_000);
        progress.on_event(&RunEvent::Closed { rows: 940, until, first: FirstOpening::EarlierContacts });
        let shown = terminal.text();
        drop(progress);
        (shown, terminal.text())
    };
    let (shown, left) = play(ProgressKind::Bar);
    insta::assert_snapshot!(shown, @r"
    spring  60 of 1,000 [===>                                               ]   6 %
    Fri 2026-12-11 15:00 UTC: 940 rows wait until Fri 2026-12-11 16:00 UTC
    ");
    assert_eq!(left, "", "the view is gone with the rehearsal");
    let (shown, left) = play(ProgressKind::Lines);
    insta::assert_snapshot!(shown, @"rehearsing: 51 of 1,000, Wed 2026-12-09 23:00 UTC");
    assert_eq!(left, shown);
    assert_eq!(play(ProgressKind::Quiet).0, "");
}
