//! Screens as one SVG that plays them: text, so that it is sharp and can be searched, and nothing from elsewhere. Who
//! wants no motion sees the last screen.

use std::fmt::Write as _;
use std::time::Duration;

use crate::recording::tape::{COLUMNS, Frame, ROWS};

/// Pixels of a character.
const WIDTH: f64 = 8.0;
const HEIGHT: f64 = 18.0;
const MARGIN: f64 = 16.0;

/// The last screen stays for this long before it begins again.
const REST: Duration = Duration::from_secs(6);

const STYLE: &str = "\
text { font: 13.3px ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace; fill: #d7dce2; white-space: pre; }
.b { font-weight: 700; } .d { fill: #8b949e; } .i { text-decoration: underline; }
";

/// The picture.
pub(crate) fn of(command: &str, frames: &[Frame]) -> String {
    let whole = frames.last().map_or(Duration::ZERO, |frame| frame.at) + REST;
    let rows = frames.iter().map(|frame| used(&frame.screen)).max().unwrap_or(ROWS);
    let width = f64::from(COLUMNS) * WIDTH + 2.0 * MARGIN;
    let height = f64::from(rows) * HEIGHT + 2.0 * MARGIN;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\" role=\"img\">\n<title>A recording of: {command}</title>\n<style>\n{STYLE}"
    );
    let share = |at: Duration| 100.0 * at.as_secs_f64() / whole.as_secs_f64();
    for (index, frame) in frames.iter().enumerate() {
        let from = share(frame.at);
        let to = frames.get(index + 1).map_or(100.0, |next| share(next.at));
        let last = index + 1 == frames.len();
        let hidden = if last { "" } else { " opacity: 0;" };
        let before = if index == 0 { String::new() } else { format!("0%, {from:.3}% {{ opacity: 0; }} ") };
        let after = if last { String::new() } else { format!(" {to:.3}%, 100% {{ opacity: 0; }}") };
        let _ = writeln!(
            svg,
            "@keyframes f{index} {{ {before}{from:.3}%, {to:.3}% {{ opacity: 1; }}{after} }} \
             .f{index} {{{hidden} animation: f{index} {:.2}s step-end infinite; }}",
            whole.as_secs_f64()
        );
    }
    svg.push_str("@media (prefers-reduced-motion: reduce) { .frame g { animation: none; } }\n</style>\n");
    let _ = writeln!(svg, "<rect width=\"{width}\" height=\"{height}\" rx=\"8\" fill=\"#0d1117\"/>");
    for (index, frame) in frames.iter().enumerate() {
        let _ = writeln!(svg, "<g class=\"frame\"><g class=\"f{index}\">");
        for row in 0..rows {
            line(&frame.screen, row, &mut svg);
        }
        svg.push_str("</g></g>\n");
    }
    svg.push_str("</svg>\n");
    svg
}

/// How many rows have something on them.
fn used(screen: &vt100::Screen) -> u16 {
    let rows: Vec<String> = screen.rows(0, COLUMNS).collect();
    let last = rows.iter().rposition(|row| !row.trim().is_empty()).map_or(0, |at| at + 1);
    u16::try_from(last).unwrap_or(ROWS)
}

/// A row, as runs of characters that look the same.
fn line(screen: &vt100::Screen, row: u16, svg: &mut String) {
    let mut runs: Vec<(String, String)> = Vec::new();
    for column in 0..COLUMNS {
        let Some(cell) = screen.cell(row, column).filter(|cell| !cell.is_wide_continuation()) else {
            continue;
        };
        let look = look(cell);
        let text = if cell.has_contents() { cell.contents().to_owned() } else { " ".to_owned() };
        match runs.last_mut() {
            Some((same, run)) if *same == look => run.push_str(&text),
            _ => runs.push((look, text)),
        }
    }
    while runs.last().is_some_and(|(_, run)| run.trim().is_empty()) {
        runs.pop();
    }
    if runs.is_empty() {
        return;
    }
    let y = MARGIN + f64::from(row + 1) * HEIGHT - 5.0;
    let _ = write!(svg, "<text x=\"{MARGIN}\" y=\"{y}\" xml:space=\"preserve\">");
    let last = runs.len() - 1;
    for (at, (look, run)) in runs.iter().enumerate() {
        let run = if at == last { run.trim_end() } else { run };
        let run = run.replace('&', "&amp;").replace('<', "&lt;");
        if look.is_empty() {
            svg.push_str(&run);
        } else {
            let _ = write!(svg, "<tspan{look}>{run}</tspan>");
        }
    }
    svg.push_str("</text>\n");
}

/// The attributes of a cell's look.
fn look(cell: &vt100::Cell) -> String {
    let mut classes = Vec::new();
    classes.extend(cell.bold().then_some("b"));
    classes.extend(cell.dim().then_some("d"));
    classes.extend(cell.underline().then_some("i"));
    let mut look =
        if classes.is_empty() { String::new() } else { format!(" class=\"{}\"", classes.join(" ")) };
    if let Some(color) = color(cell.fgcolor()) {
        let _ = write!(look, " style=\"fill:{color}\"");
    }
    look
}

/// As terminals of today show the sixteen colours.
fn color(color: vt100::Color) -> Option<String> {
    const PALETTE: [&str; 16] = [
        "#484f58", "#ff7b72", "#3fb950", "#d29922", "#58a6ff", "#bc8cff", "#39c5cf", "#b1bac4", "#6e7681",
        "#ffa198", "#56d364", "#e3b341", "#79c0ff", "#d2a8ff", "#56d4dd", "#f0f6fc",
    ];
    match color {
        vt100::Color::Default => None,
        vt100::Color::Idx(index) => PALETTE.get(usize::from(index)).map(|color| (*color).to_owned()),
        vt100::Color::Rgb(r, g, b) => Some(format!("#{r:02x}{g:02x}{b:02x}")),
    }
}
