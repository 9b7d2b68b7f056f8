//! The live view as a terminal shows it: at any width, resized, with keys pressed into it, and in the colours that are
//! wanted.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};

use crate::process::server::Server;
use crate::process::site::Site;
use crate::process::terminal::{CTRL_C, Terminal};

/// What begins and ends each drawing.
const BEGIN: &str = "\x1b[?2026h";
const END: &str = "\x1b[?2026l";

/// The drawings that a terminal gets, put onto an emulated screen.
struct Shown(vt100::Parser);

impl Shown {
    /// Whether the drawing was made for a screen as wide as this one. Of one that was made before the terminal became
    /// narrower a real terminal cuts off what is too wide (DECAWM); the emulator knows nothing of that.
    fn fits(&self, drawing: &str) -> bool {
        let columns = usize::from(self.0.screen().size().1);
        let bare = ["\x1b[?2026h", "\x1b[?2026l", "\x1b[?7l", "\x1b[?7h"]
            .iter()
            .fold(drawing.replace('\r', ""), |bare, mode| bare.replace(mode, ""));
        bare.lines().all(|line| console::measure_text_width(line) < columns)
    }

    /// Takes so many more drawings that fit.
    fn take(&mut self, terminal: &mut Terminal, drawings: usize) {
        let (mut taken, mut passed) = (0, 0);
        while taken < drawings {
            assert!(passed < 100, "no drawing fits {:?}", self.0.screen().size());
            for piece in terminal.until(END).split_inclusive(END) {
                passed += 1;
                if !piece.contains(BEGIN) || self.fits(piece) {
                    self.0.process(piece.as_bytes());
                    taken += usize::from(piece.contains(END));
                }
            }
        }
    }

    fn text(&self) -> String {
        let columns = self.0.screen().size().1;
        let lines: Vec<String> =
            self.0.screen().rows(0, columns).map(|row| row.trim_end().to_owned()).collect();
        lines.join("\n")
    }

    /// One view, whole, whatever was there before.
    fn has_one_view(&self) {
        let text = self.text();
        for words in [" of 600", "%\n", " in flight", "(limit "] {
            assert_eq!(text.matches(words).count(), 1, "\"{words}\" in:\n{text}");
        }
        assert_eq!(text.matches('[').count(), text.matches(']').count(), "{text}");
        assert!(!text.contains("^C"), "{text}");
    }
}

fn run(server: &Server) -> Vec<&str> {
    ["run", "people.csv", "--yes", "--rate", "20", "--burst", "5", "--endpoint-url", server.endpoint()].into()
}

#[test]
fn it_is_whole_at_every_width_and_when_the_terminal_is_resized() {
    let (site, server) = (Site::with_people(600), Server::start(&["--errors", "0.2"]));
    let mut terminal = Terminal::sized(&site, &run(&server), 80, &[]);
    let mut shown = Shown(vt100::Parser::new(40, 80, 0));
    terminal.wait_for("in flight");
    for columns in [80, 200, 40, 100, 60, 200] {
        terminal.resize(columns);
        shown.0.screen_mut().set_size(40, columns);
        shown.take(&mut terminal, 6);
        shown.has_one_view();
    }
    // A line feed moves the view; it leaves nothing behind.
    terminal.press("\r");
    shown.take(&mut terminal, 6);
    shown.has_one_view();
    terminal.press(CTRL_C);
    let ran = terminal.end(&site).exits(130);
    shown.0.process(ran.stderr.as_bytes());
    let text = shown.text();
    assert!(!text.contains("in flight") && !text.contains('%'), "nothing of it is left:\n{text}");
    assert!(text.contains("  next: campaign resume"), "{text}");
}

#[test]
fn ctrl_c_takes_the_view_of_a_rehearsal_off_the_screen() {
    let site = Site::with_people(1_400);
    // Nine of ten requests are asked again: it takes a while.
    let mut terminal = Terminal::sized(&site, &["rehearse", "people.csv", "--throttle", "0.9"], 80, &[]);
    let mut shown = Shown(vt100::Parser::new(40, 80, 0));
    let drawn = terminal.until("%");
    shown.0.process(drawn.as_bytes());
    assert!(shown.text().contains('%'), "{}", shown.text());
    terminal.press(CTRL_C);
    let ran = terminal.end(&site).exits(130);
    shown.0.process(ran.stderr.as_bytes());
    assert!(!shown.text().contains(['%', '[']), "nothing of it is left:\n{}", shown.text());
}

#[test]
fn a_report_of_a_run_that_goes_on_says_so_and_asks_for_no_other_run() {
    let (site, server) = (Site::with_people(60), Server::start(&[]));
    let args =
        ["run", "people.csv", "--yes", "--rate", "0.5", "--burst", "1", "--endpoint-url", server.endpoint()];
    let mut terminal = Terminal::start(&site, &args);
    server.wait_for_requests(1);
    let page = || site.run(&["report", "--format", "html"]).exits(0).stdout;
    let going = page();
    assert!(going.contains("<p class=\"notice\">A run is going on: begun 20"), "{going}");
    assert!(going.contains(" UTC by process "), "{going}");
    assert!(going.contains("rows are queued: the run that goes on takes care of that</li>"), "{going}");
    assert!(!going.contains("campaign resume") && !going.contains("run again to go on"), "{going}");
    terminal.press(CTRL_C);
    terminal.end(&site).exits(130);
    let ended = page();
    assert!(!ended.contains("A run is going on"), "{ended}");
    assert!(ended.contains("rows are queued: run again to go on<br><code>campaign resume</code>"), "{ended}");
}

#[test]
fn colours_follow_the_variables_and_a_dumb_terminal_gets_lines() {
    let (site, server) = (Site::with_people(60), Server::start(&["--latency", "1s"]));
    for (journal, variables, coloured) in [
        ("a.db", &[][..], true),
        ("b.db", &[("NO_COLOR", "1")][..], false),
        ("c.db", &[("CLICOLOR", "0")], false),
        ("d.db", &[("CLICOLOR", "0"), ("CLICOLOR_FORCE", "1")], true),
        ("e.db", &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], false),
    ] {
        let args = [&run(&server)[..], &["-j", journal]].concat();
        let mut terminal = Terminal::sized(&site, &args, 80, variables);
        terminal.wait_for(" in flight");
        terminal.press(CTRL_C);
        terminal.wait_for("stopping: interrupted");
        let ran = terminal.end(&site);
        assert_eq!(ran.stderr.contains("\x1b[36m"), coloured, "{variables:?}: {:?}", ran.stderr);
        let yellow = ran.stderr.contains("\x1b[33mstopping");
        assert_eq!(yellow, coloured, "{variables:?}: {:?}", ran.stderr);
    }
    let args = [&run(&server)[..], &["-j", "dumb.db"]].concat();
    let before = server.requests();
    let mut terminal = Terminal::sized(&site, &args, 80, &[("TERM", "dumb")]);
    server.wait_for_requests(before + 5);
    terminal.press(CTRL_C);
    terminal.wait_for("stopping: interrupted");
    let ran = terminal.end(&site).exits(130);
    assert!(!ran.stderr.contains('\x1b'), "{:?}", ran.stderr);
}

/// Off a terminal the first signal is answered at once, not with the next line.
#[test]
fn the_first_signal_is_told_at_once() {
    let (site, server) = (Site::with_people(60), Server::start(&["--hangs", "1"]));
    let mut command = site.command(&run(&server));
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    server.wait_for_requests(2);
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let told = lines.find(|line| line.starts_with("stopping: terminated, waiting for")).unwrap();
    assert!(told.ends_with("SIGTERM again stops at once"), "{told}");
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(143));
}
