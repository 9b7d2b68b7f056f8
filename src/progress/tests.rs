//! Progress as it appears on a terminal and off one.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use indicatif::{ProgressDrawTarget, TermLike};
use tracing_subscriber::fmt::MakeWriter;

use super::*;
use crate::domain::refusal::RefusalKind;
use crate::domain::state::State;
use crate::domain::tally::Tally;
use crate::engine::Refused;

/// A terminal of 80 columns, emulated.
#[derive(Clone)]
struct Terminal(Arc<Mutex<vt100::Parser>>);

impl Terminal {
    fn put(&self, text: &str) -> io::Result<()> {
        self.0.lock().unwrap().process(text.replace('\n', "\r\n").as_bytes());
        Ok(())
    }

    fn text(&self) -> String {
        let parser = self.0.lock().unwrap();
        let rows: Vec<String> = parser.screen().rows(0, 80).map(|row| row.trim_end().to_owned()).collect();
        rows.join("\n").trim_end().to_owned()
    }
}

impl std::fmt::Debug for Terminal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Terminal")
    }
}

impl TermLike for Terminal {
    fn width(&self) -> u16 {
        80
    }
    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        if n == 0 { Ok(()) } else { self.put(&format!("\x1b[{n}A")) }
    }
    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        if n == 0 { Ok(()) } else { self.put(&format!("\x1b[{n}B")) }
    }
    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        if n == 0 { Ok(()) } else { self.put(&format!("\x1b[{n}C")) }
    }
    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        if n == 0 { Ok(()) } else { self.put(&format!("\x1b[{n}D")) }
    }
    fn write_line(&self, text: &str) -> io::Result<()> {
        self.put(&format!("{text}\n"))
    }
    fn write_str(&self, text: &str) -> io::Result<()> {
        self.put(text)
    }
    fn clear_line(&self) -> io::Result<()> {
        self.put("\r\x1b[2K")
    }
    fn flush(&self) -> io::Result<()> {
        Ok(())
    }
}

impl Write for Terminal {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.put(std::str::from_utf8(bytes).unwrap())?;
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn terminal() -> (Terminal, Screen) {
    let terminal = Terminal(Arc::new(Mutex::new(vt100::Parser::new(24, 80, 0))));
    let target = terminal.clone();
    // Without a refresh rate: indicatif keeps it in real time, and would skip drawings of a virtual one by chance.
    let screen =
        Screen::over(terminal.clone(), move || ProgressDrawTarget::term_like(Box::new(target.clone())));
    (terminal, screen)
}

fn refused(line: u64, kind: RefusalKind) -> Notice {
    Notice::Refused(Refused {
        line: Some(line),
        destination: "+1202•••0104".to_owned(),
        attempt: 1,
        kind,
        code: "InvalidRequestException".to_owned(),
        message: "no such number".to_owned(),
        retry_in: None,
    })
}

/// Two contacts a second for 40 seconds, of 1,000.
async fn forty_seconds(progress: &mut Progress) {
    let mut tally = Tally::default();
    tally[State::Queued] = 1_000;
    progress.see(&Notice::Began(tally));
    for line in 0..80 {
        let moved = |from, to| Notice::Moved { line: Some(line), from, to };
        progress.see(&moved(State::Queued, State::Attempting));
        progress.see(&Notice::Requested { again: false, in_flight: 1 });
        progress.see(&moved(State::Attempting, State::Started));
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn off_a_terminal_a_line_comes_every_interval() {
    let (terminal, screen) = terminal();
    let mut progress = Progress::new(ProgressKind::Lines, Duration::from_secs(15), &screen);
    forty_seconds(&mut progress).await;
    for line in 2..100 {
        progress.see(&refused(line, RefusalKind::InvalidRequest));
    }
    progress.finish().await;
    insta::assert_snapshot!(terminal.text(), @r"
    31 of 1,000: 2.07/s now, 2.07/s on average, 7 min 48 s left, 0 in flight
    61 of 1,000: 2/s now, 2.03/s on average, 7 min 41 s left, 0 in flight
    line 2: not tried again: InvalidRequestException: no such number
    line 3: not tried again: InvalidRequestException: no such number
    line 4: not tried again: InvalidRequestException: no such number
    line 5: not tried again: InvalidRequestException: no such number
    line 6: not tried again: InvalidRequestException: no such number
    and 93 more like these: see the report
    ");
}

#[tokio::test(start_paused = true)]
async fn on_a_terminal_lines_and_logs_stand_above_the_bar() {
    let (terminal, screen) = terminal();
    let mut progress = Progress::new(ProgressKind::Bar, Duration::from_secs(15), &screen);
    forty_seconds(&mut progress).await;
    progress.see(&refused(17, RefusalKind::InvalidRequest));
    tokio::time::sleep(Duration::from_secs(1)).await;
    screen.make_writer().write_all(b"a log line\n").unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    insta::assert_snapshot!(terminal.text(), @r"
    line 17: not tried again: InvalidRequestException: no such number
    a log line
    80 of 1,000 [====>                                                       ]   8 %
    1.6/s now, 1.91/s on average, 8 min left, 0 in flight
    ");
    progress.finish().await;
    insta::assert_snapshot!(terminal.text(), @r"
    line 17: not tried again: InvalidRequestException: no such number
    a log line
    ");
    screen.make_writer().write_all(b"after it\n").unwrap();
    assert!(terminal.text().ends_with("\nafter it"));
}

/// Promise 9: numbers, even masked, have no place in progress.
#[tokio::test(start_paused = true)]
async fn no_number_appears() {
    let (terminal, screen) = terminal();
    let mut progress = Progress::new(ProgressKind::Lines, Duration::from_secs(1), &screen);
    forty_seconds(&mut progress).await;
    progress.see(&refused(17, RefusalKind::AccessDenied));
    progress.finish().await;
    assert!(terminal.text().contains("line 17: the run stops"), "{}", terminal.text());
    assert!(!terminal.text().contains("0104"), "{}", terminal.text());
}

#[test]
fn quiet_is_quiet_and_needs_no_runtime() {
    let (terminal, screen) = terminal();
    let mut progress = Progress::new(ProgressKind::Quiet, Duration::from_secs(1), &screen);
    progress.see(&refused(17, RefusalKind::AccessDenied));
    assert_eq!(terminal.text(), "");
}
