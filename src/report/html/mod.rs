//! The report that people open: one file that needs nothing else, neither network nor script, in light and dark, on a
//! phone and on paper. Counts, reasons and times; names and numbers of recipients only where they are asked for.
//!
//! The template escapes everything that it is given, and writes out what would turn a line around; the page's own policy
//! lets a browser run and load nothing.

mod chart;
mod deliveries;
mod fold;
mod page;
mod senders;
mod settings;
mod tables;
mod timeline;
mod wall_clock;

use std::io::Write;

use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, escape_formatter};

use super::error::ReportError;
use super::{GoingRun, MessagePrices};
use crate::domain::delivery::state::State;
use crate::domain::delivery::tally::Tally;
use crate::domain::foreign;
use crate::journal::{Campaign, Selection, Snapshot};
use fold::Fold;
use page::Page;
use timeline::Timeline;
pub use wall_clock::WallClock;

const TEMPLATE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
/// The only style that the page's policy allows: the hash of `page.css`.
const STYLE_HASH: &str = "sha256-j+tKzWasyx8KDekCX+orM5iGi5UWXZSMtT3ei1SRVuQ=";

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

/// How a page is to look.
pub(super) struct PageLook<'w> {
    pub(super) names: Names,
    /// The next command for rows in a state.
    pub(super) commands: &'w [(State, String)],
    pub(super) clock: &'w WallClock,
    pub(super) going_on: Option<GoingRun>,
}

/// Writes the page.
pub(super) fn write(
    snapshot: &Snapshot<'_>,
    campaign: &Campaign,
    (look, prices): (PageLook<'_>, Option<&MessagePrices>),
    out: &mut impl Write,
) -> Result<Tally, ReportError> {
    let PageLook { names, commands, clock, going_on } = look;
    let mut runs = snapshot.runs(campaign.id, u32::MAX)?;
    runs.reverse();
    let spans: Vec<_> =
        runs.iter().map(|run| (run.started_at, run.ended_at.unwrap_or(run.seen_at))).collect();
    let timelines = STEPS.map(|steps| Timeline::new(&spans, steps));
    let mut fold = Fold::new(timelines, names == Names::Shown, prices.map(|prices| prices.prices.clone()));
    snapshot.each_outcome(campaign.id, |row| fold.see(row))?;
    for timeline in &mut fold.timelines {
        snapshot.each_throttle(campaign.id, |at, requests| timeline.throttled(at, requests))?;
        snapshot.each_pause(campaign.id, |pause| timeline.paused(pause))?;
    }
    if names == Names::Shown {
        let rejected = Selection { states: vec![State::Rejected] };
        let headers = snapshot.columns(campaign.id)?;
        snapshot.each_record(campaign.id, &rejected, |record| {
            fold.number_of_rejected(record, &headers);
            Ok::<_, ReportError>(())
        })?;
    }
    super::balance(&fold.tally, &snapshot.tally(campaign.id)?, &Selection::default())?;
    let origin = snapshot.origin(campaign.id)?;
    let shapes = snapshot.shapes(campaign.id)?;
    let mut asks = snapshot.asks(campaign.id, u32::MAX)?;
    asks.reverse();
    let deliveries = deliveries::DeliverySection::read(snapshot, campaign.id)?;
    let senders = snapshot.sender_figures(campaign.id)?;
    let page = Page::new(campaign, &origin, &shapes, (&runs, &asks), &fold, (commands, clock)).with(
        deliveries,
        &fold.messages,
        prices,
    );
    let page = page.with_senders(&senders, runs.last(), clock);
    let page = match going_on {
        Some(run) => page.with_going_run(run, clock),
        None => page,
    };
    render(&page, out)?;
    Ok(fold.tally)
}

fn render(page: &Page<'_>, out: &mut impl Write) -> Result<(), ReportError> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_formatter(|out, state, value| match value.as_str() {
        Some(text) if !value.is_safe() => {
            escape_formatter(out, state, &Value::from(foreign::inert(text).as_ref()))
        }
        _ => escape_formatter(out, state, value),
    });
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
    use std::collections::HashMap;

    use super::*;

    /// The colours of a scheme by name: the variables of each `:root`.
    fn schemes() -> Vec<HashMap<&'static str, [f64; 3]>> {
        let colour = |text: &str| {
            let part = |at: usize| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
            let linear = |part: u8| {
                let part = f64::from(part) / 255.0;
                if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
            };
            Some([linear(part(1)?), linear(part(3)?), linear(part(5)?)])
        };
        let block = |text: &'static str| text.split('}').next().unwrap_or_default();
        let pairs = |block: &'static str| {
            block
                .split("--")
                .skip(1)
                .filter_map(move |pair| {
                    let (name, value) = pair.split_once(": ")?;
                    Some((name, colour(value)?))
                })
                .collect()
        };
        STYLE.split(":root {").skip(1).map(block).map(pairs).collect()
    }

    /// WCAG 2.2, level AA: 4.5 for text (1.4.3), 3 for what a chart is read by (1.4.11).
    #[test]
    fn everything_has_the_contrast_that_reading_takes() {
        let light = |[red, green, blue]: [f64; 3]| 0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05;
        let schemes = schemes();
        assert_eq!(schemes.len(), 3, "light, dark, print");
        for scheme in &schemes {
            assert_eq!(scheme.len(), 16, "{:?}", scheme.keys());
            for (name, colour) in scheme {
                let (grounds, least): (&[&str], f64) = match *name {
                    "ground" | "raised" | "line" => continue,
                    "text" | "muted" | "link" => (&["ground", "raised"], 4.5),
                    _ => (&["ground"], 3.0),
                };
                for ground in grounds {
                    let (one, other) = (light(*colour), light(scheme[ground]));
                    let contrast = one.max(other) / one.min(other);
                    assert!(contrast >= least, "{name} on {ground}: {contrast:.2}");
                }
            }
        }
    }
}
