//! `campaign hours`: when numbers may be contacted, or how the rows of a campaign stand by zone. It only looks.

use std::collections::BTreeMap;
use std::time::Duration;

use clap::Args;
use jiff::Timestamp;
use serde::Serialize;

use crate::app::paths::{CampaignPaths, which};
use crate::cli::args::values;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::session::Session;
use crate::domain::definition::Definition;
use crate::domain::delivery::ending::Exit;
use crate::domain::delivery::state::State;
use crate::domain::figures::{Span, counted};
use crate::domain::hours::Lane;
use crate::domain::hours::calendar::{Opening, SCHEDULE_END};
use crate::domain::hours::schedule::Schedule;
use crate::domain::phone;
use crate::domain::row::binding::LaneColumns;
use crate::domain::table::header::Header;
use crate::domain::unix_millis::UnixMillis;
use crate::journal::{Reader, Selection};

/// Arguments of `campaign hours`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
A number may be in all zones of its area code, or of its country where its digits name no place; it may be contacted when it
is open in every one of them. For the rows of a campaign, a column of the file (recipients.zone) knows better.")]
pub struct HoursArgs {
    /// Numbers, with + and the country code; without any: the campaign's rows that wait, by zone
    #[arg(value_name = "NUMBER")]
    numbers: Vec<String>,
    /// At this moment, such as 2026-12-24T18:00[America/New_York], or 2026-12-24 18:00 in the zone of this machine
    /// [default: now]
    #[arg(long, value_name = "TIME", value_parser = values::moment)]
    at: Option<UnixMillis>,
}

/// Runs the command.
///
/// # Errors
/// What the user is told.
pub fn run(args: &HoursArgs, session: &Session<'_>) -> Result<Exit, Failure> {
    let global = session.global;
    let (mut paths, mut definition) = CampaignPaths::of_campaign(&global.campaign_options())?;
    let at = args.at.unwrap_or_else(|| session.clock.now());
    let at = Timestamp::from_millisecond(at.millis()).unwrap_or(Timestamp::UNIX_EPOCH);
    let hours = definition.hours.clone().unwrap_or_default();
    let lanes = if args.numbers.is_empty() {
        paths.look_at_simulated(&global.campaign_options());
        paths.name_from_journal(&mut definition)?;
        rows(&paths, &definition)?
    } else {
        numbers(&args.numbers, &definition)?
    };
    for (subject, lane) in lanes {
        let opening = hours.of(&lane).at_within(definition.schedule, at);
        if global.json {
            output::json(&Object::of(&subject, &lane, &opening))?;
        } else {
            output::line(&words(&subject, &lane, &opening, at))?;
        }
    }
    if definition.hours.is_none() && !global.quiet && !global.json {
        let within = if definition.schedule == Schedule::default() { "" } else { " within [schedule]" };
        output::line(&format!("the definition has no [hours]: contacts start at any hour{within}"))?;
    }
    Ok(Exit::Done)
}

/// What a line is about.
enum Subject {
    Number(String),
    Rows(u64),
}

fn numbers(texts: &[String], definition: &Definition) -> Result<Vec<(Subject, Lane)>, Failure> {
    let default_zone = definition.hours.as_ref().and_then(|hours| hours.default_zone.clone());
    let columns = LaneColumns { default_zone, ..LaneColumns::default() };
    let lane = |text: &String| {
        let phone = phone::parse(text, definition.recipients.default_region)
            .map_err(|reason| Failure::usage(reason.to_string(), "write it with + and the country code"))?;
        let lane = columns.lane(&phone, |_| "").map_err(|(_, reason)| {
            Failure::usage(
                reason.to_string(),
                "a row with such a number needs hours.default_zone or a zone of its own",
            )
        })?;
        Ok((Subject::Number(phone.number.as_str().to_owned()), lane))
    };
    texts.iter().map(lane).collect()
}

/// The rows that wait, most of them first.
fn rows(paths: &CampaignPaths, definition: &Definition) -> Result<Vec<(Subject, Lane)>, Failure> {
    let reader = Reader::open(&paths.journal)?;
    let campaign = which(&reader, paths.campaign.as_deref())?;
    let columns: BTreeMap<i64, LaneColumns> = reader
        .columns(campaign.id)?
        .into_iter()
        .map(|(id, names)| (id, definition.lane_columns(&Header::new(names))))
        .collect();
    let mut lanes: BTreeMap<Lane, u64> = BTreeMap::new();
    let waiting = Selection { states: vec![State::Queued, State::Attempting] };
    reader.snapshot()?.each_record(campaign.id, &waiting, |record| {
        let phone = record.destination.and_then(|number| phone::parse(number, None).ok());
        if let (Some(phone), Some(columns)) = (phone, columns.get(&record.header))
            && let Ok(lane) = columns.lane(&phone, |at| record.cells.get(at).unwrap_or_default())
        {
            *lanes.entry(lane).or_default() += 1;
        }
        Ok::<_, Failure>(())
    })?;
    let mut lanes: Vec<(Lane, u64)> = lanes.into_iter().collect();
    lanes.sort_by_key(|(_, rows)| std::cmp::Reverse(*rows));
    Ok(lanes.into_iter().map(|(lane, rows)| (Subject::Rows(rows), lane)).collect())
}

/// A line for programs, in its documented order.
#[derive(Serialize)]
struct Object<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rows: Option<u64>,
    zones: Vec<&'a str>,
    open: bool,
    opens_at: Option<String>,
    closes_at: Option<String>,
    rule: Option<&'a str>,
}

impl<'a> Object<'a> {
    fn of(subject: &'a Subject, lane: &'a Lane, opening: &'a Opening) -> Self {
        let (number, rows) = match subject {
            Subject::Number(number) => (Some(number.as_str()), None),
            Subject::Rows(rows) => (None, Some(*rows)),
        };
        let (opens_at, closes_at, rule) = match opening {
            Opening::Open { closes_at, rule } => (None, *closes_at, rule.as_deref()),
            Opening::Closed { opens_at, rule } => (*opens_at, None, Some(rule.as_str())),
        };
        Self {
            number,
            rows,
            zones: lane.zones.names().collect(),
            open: opening.is_open(),
            opens_at: opens_at.map(|at| at.to_string()),
            closes_at: closes_at.map(|at| at.to_string()),
            rule,
        }
    }
}

fn words(subject: &Subject, lane: &Lane, opening: &Opening, now: Timestamp) -> String {
    let subject = match subject {
        Subject::Number(number) => number.clone(),
        Subject::Rows(rows) => counted(*rows, "row", "rows"),
    };
    let zones = zones(lane);
    let state = match opening {
        Opening::Open { closes_at: None, .. } => "open at any hour".to_owned(),
        Opening::Open { closes_at: Some(end), rule } => {
            format!("open until {}{}", local(*end, lane, now), by(rule.as_deref()))
        }
        Opening::Closed { opens_at: Some(begin), rule } => {
            format!("closed until {}{}", local(*begin, lane, now), by(Some(rule)))
        }
        Opening::Closed { opens_at: None, rule } if rule == SCHEDULE_END => {
            format!("not open again before the campaign ends{}", by(Some(rule)))
        }
        Opening::Closed { opens_at: None, rule } => format!("closed for a year and more{}", by(Some(rule))),
    };
    format!("{subject}  {state}  {zones}")
}

fn by(rule: Option<&str>) -> String {
    rule.map_or_else(String::new, |rule| format!(", by {rule}"))
}

/// The zones, as many as fit a line.
fn zones(lane: &Lane) -> String {
    let names: Vec<&str> = lane.zones.names().collect();
    match names.len() {
        0..4 => names.join(", "),
        count => format!("{}, {} and {} more", names[0], names[1], count - 2),
    }
}

/// The time on the wall in the first zone, with the time that is left till then.
fn local(at: Timestamp, lane: &Lane, now: Timestamp) -> String {
    let zone = lane.zones.zones().next().unwrap_or(jiff::tz::TimeZone::UTC);
    let left = Duration::try_from(at.duration_since(now)).unwrap_or_default();
    let wall = at.to_zoned(zone);
    format!(
        "{} in {} (in {})",
        wall.strftime("%a %Y-%m-%d %H:%M"),
        lane.zones.names().next().unwrap_or("UTC"),
        Span(left)
    )
}
