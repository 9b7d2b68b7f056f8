//! The report that people open: one file that needs nothing else, neither network nor script, in light and dark, on a
//! phone and on paper. Counts, reasons and times; names and numbers of recipients only where they are asked for.
//!
//! The template escapes everything that it is given, and the page's own policy lets a browser run and load nothing.

mod chart;
mod fold;
mod page;
mod settings;
mod tables;
mod timeline;

use std::io::Write;

use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value};

use super::error::ReportError;
use crate::domain::tally::Tally;
use crate::journal::{Campaign, Selection, Snapshot};
use fold::Fold;
use page::Page;
use timeline::Timeline;

const TEMPLATE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
/// What the page's policy lets a browser apply: this style and no other. The hash of `page.css`.
const STYLE_HASH: &str = "sha256-ApQyxRB5XCsjMbEh4m/tltOX+tGNbLPJDdmWOQFVM5w=";

/// Steps of the chart, at most: on a wide screen, on a narrow one.
const STEPS: [usize; 2] = [120, 40];

/// Whether a page names recipients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Names {
    /// No number, no key, no message: for showing to others.
    #[default]
    Withheld,
    /// The first rows that failed, were rejected or are uncertain, with numbers, keys and the service's words.
    Shown,
}

/// Writes the page.
pub(super) fn write(
    snapshot: &Snapshot<'_>,
    campaign: &Campaign,
    names: Names,
    out: &mut impl Write,
) -> Result<Tally, ReportError> {
    let mut runs = snapshot.runs(campaign.id, u32::MAX)?;
    runs.reverse();
    let spans: Vec<_> =
        runs.iter().map(|run| (run.started_at, run.ended_at.unwrap_or(run.seen_at))).collect();
    let mut fold = Fold::new(STEPS.map(|steps| Timeline::new(&spans, steps)), names == Names::Shown);
    snapshot.each_outcome(campaign.id, |row| fold.see(row))?;
    for timeline in &mut fold.timelines {
        snapshot.each_throttle(campaign.id, |at, requests| timeline.throttled(at, requests))?;
        snapshot.each_pause(campaign.id, |pause| timeline.paused(pause))?;
    }
    super::balance(&fold.tally, &snapshot.tally(campaign.id)?, &Selection::default())?;
    let origin = snapshot.origin(campaign.id)?;
    let shapes = snapshot.shapes(campaign.id)?;
    let page = Page::new(campaign, &origin, &shapes, &runs, &fold);
    render(&page, out)?;
    Ok(fold.tally)
}

fn render(page: &Page<'_>, out: &mut impl Write) -> Result<(), ReportError> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.add_global("style", Value::from_safe_string(STYLE.to_owned()));
    environment.add_global("style_hash", STYLE_HASH);
    environment.add_template("page", TEMPLATE).expect("the page's template is part of the program");
    let template = environment.get_template("page").expect("it was just added");
    // Some hundred kilobytes at most, whatever the campaign.
    let html = template.render(Value::from(Serde(page))).expect("the page has whatever its template names");
    // Where the template decides and repeats, it leaves blank lines.
    for line in html.lines().filter(|line| !line.trim_ascii().is_empty()) {
        out.write_all(line.as_bytes()).and_then(|()| out.write_all(b"\n")).map_err(ReportError::Stream)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use sha2::Digest;

    use super::*;

    /// The policy names the style by its hash; a browser drops a style whose hash is another.
    #[test]
    fn the_policy_knows_the_style() {
        let hash = sha2::Sha256::digest(STYLE.as_bytes());
        let hash = format!("sha256-{}", aws_smithy_types::base64::encode(hash));
        assert_eq!(STYLE_HASH, hash, "page.css was changed: this is its hash now");
    }
}
