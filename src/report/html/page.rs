//! The content of the page, every figure formatted; the template only places it.

use std::time::Duration;

use serde::Serialize;

use super::super::{GoingRun, MessagePrices};
use super::chart::{self, Chart, NARROW, WIDE};
use super::deliveries::DeliverySection;
use super::fold::{Fold, ListedRow, MOST_LISTED, StartedMessages};
use super::senders::{self, SenderLine};
use super::settings::{self, MOST_RUNS, RunLine, SettingRow};
use super::tables::{self, Counted, ReasonRow, Split, bar, percent, splits};
use super::timeline::Timeline;
use super::wall_clock::WallClock;
use crate::domain::delivery::latency::Latencies;
use crate::domain::delivery::state::State;
use crate::domain::delivery::tally::Tally;
use crate::domain::figures::{Grouped, PerSecond, Span, counted};
use crate::domain::message::request::RequestTemplate;
use crate::domain::reasons;
use crate::domain::senders::figures::SenderFigures;
use crate::domain::unix_millis::UnixMillis;
use crate::journal::{Campaign, ControlRequest, Origin, RunRecord};

/// The advice on waiting rows during a run.
const LEFT_TO_THE_RUN: &str = "the run that goes on takes care of that";

#[derive(Debug, Serialize)]
pub(super) struct Page<'f> {
    name: &'f str,
    headline: String,
    as_of: Option<String>,
    /// The note on a current run: its begin, process and end.
    going_on: Option<String>,
    /// Of all its times.
    zone: &'f str,
    pretended: Option<&'f str>,
    simulated: bool,
    total: String,
    states: Vec<StateRow>,
    shares: Vec<Share>,
    todo: Vec<Todo<'f>>,
    charts: Vec<Chart>,
    unit: &'static str,
    width: String,
    asked: Option<String>,
    gaps: Vec<String>,
    steps: Vec<StepRow>,
    step_sum: StepRow,
    outside: Option<StepRow>,
    deliveries: Option<DeliverySection>,
    /// The totals of the messages of started contacts.
    messages: Option<String>,
    outcomes: Vec<ReasonRow>,
    rejected: Vec<ReasonRow>,
    rejected_sum: String,
    attempts: Vec<Counted>,
    requests: String,
    latencies: Vec<Counted>,
    within: Vec<ShareWithin>,
    sources: Vec<Split>,
    countries: Vec<Split>,
    /// Where they are several.
    senders: Vec<SenderLine>,
    sum: Split,
    runs: Vec<RunLine>,
    runs_left_out: Option<String>,
    asks: Vec<settings::RequestLine>,
    asks_left_out: Option<String>,
    settings: Vec<SettingRow>,
    listed: Vec<RowList<'f>>,
    named: bool,
}

#[derive(Debug, Serialize)]
struct StateRow {
    name: &'static str,
    what: &'static str,
    rows: String,
    percent: String,
}

/// A piece of the bar of all rows.
#[derive(Debug, Serialize)]
struct Share {
    class: &'static str,
    x: f64,
    width: f64,
    title: String,
}

#[derive(Debug, Serialize)]
struct Todo<'f> {
    #[serde(skip)]
    state: Option<State>,
    what: String,
    advice: &'static str,
    command: Option<&'f str>,
}

#[derive(Debug, Serialize)]
struct StepRow {
    at: String,
    started: String,
    failed: String,
    throttled: String,
    paused: String,
    held: String,
    closed: String,
}

#[derive(Debug, Serialize)]
struct ShareWithin {
    share: &'static str,
    time: String,
}

#[derive(Debug, Serialize)]
struct RowList<'f> {
    state: &'static str,
    rows: &'f [ListedRow],
    more: Option<String>,
}

impl<'f> Page<'f> {
    pub(super) fn new(
        campaign: &'f Campaign,
        origin: &'f Origin,
        shapes: &[(i64, RequestTemplate)],
        (runs, asks): (&[RunRecord], &[ControlRequest]),
        fold: &'f Fold,
        (commands, clock): (&'f [(State, String)], &'f WallClock),
    ) -> Self {
        let tally = &fold.tally;
        let mut answers = Latencies::default();
        for run in runs {
            answers.add(&run.latencies);
        }
        let [wide, narrow] = &fold.timelines;
        let asked = runs
            .iter()
            .filter_map(|run| run.rate)
            .fold(None, |most: Option<f64>, rate| Some(most.map_or(rate, |most| most.max(rate))));
        let outside = wide.outside;
        Self {
            name: &campaign.name,
            headline: headline(tally),
            as_of: runs.iter().map(|run| run.ended_at.unwrap_or(run.seen_at)).max().map(|at| clock.time(at)),
            going_on: None,
            zone: clock.name(),
            pretended: (!origin.is_real).then_some(origin.service.as_str()),
            simulated: origin.is_simulated,
            total: Grouped(tally.rows()).to_string(),
            states: states(fold),
            shares: shares(fold),
            todo: todo(fold, commands),
            charts: [(wide, WIDE), (narrow, NARROW)]
                .map(|(timeline, size)| chart::draw((timeline, clock), asked, size))
                .into_iter()
                .flatten()
                .collect(),
            unit: wide.per_unit().1,
            width: width(wide.width),
            asked: asked.map(|asked| PerSecond(asked).to_string()),
            gaps: wide
                .gaps()
                .map(|(at, gap)| {
                    format!("{} from {} {}", Span(gap), clock.show(at, "%b %-d %H:%M"), clock.name())
                })
                .collect(),
            steps: steps(wide, clock),
            step_sum: step_sum(fold),
            outside: (outside.height() > 0).then(|| step("between runs".to_owned(), &outside)),
            deliveries: None,
            messages: None,
            outcomes: tables::reasons(fold, |state| state != State::Rejected),
            rejected: tables::reasons(fold, |state| state == State::Rejected),
            rejected_sum: Grouped(tally[State::Rejected]).to_string(),
            attempts: tables::attempts(fold),
            requests: counted(runs.iter().map(|run| run.counters.requests).sum(), "request", "requests"),
            latencies: tables::latencies(&answers),
            within: within(&answers),
            sources: sources(fold),
            countries: countries(fold),
            senders: Vec::new(),
            sum: tables::split("all".to_owned(), String::new(), tally),
            runs: settings::runs(runs, clock),
            runs_left_out: (runs.len() > MOST_RUNS)
                .then(|| Grouped((runs.len() - MOST_RUNS) as u64).to_string()),
            asks: settings::asks(asks, clock),
            asks_left_out: (asks.len() > MOST_RUNS)
                .then(|| Grouped((asks.len() - MOST_RUNS) as u64).to_string()),
            settings: settings::campaign(campaign, origin, shapes, clock),
            listed: listed(fold),
            named: fold.listed.is_some(),
        }
    }
}

impl Page<'_> {
    /// With what became of messages, and what they cost by these prices.
    pub(super) fn with(
        self,
        deliveries: Option<DeliverySection>,
        started: &StartedMessages,
        prices: Option<&MessagePrices>,
    ) -> Self {
        let mut todo = self.todo;
        todo.extend(deliveries.as_ref().and_then(DeliverySection::not_arrived).map(|what| Todo {
            state: None,
            what,
            advice: "the reasons are below, under what became of the messages; a number, a text or a sender that carriers refuse \
                     will not get better by itself",
            command: None,
        }));
        let mut states = self.states;
        if deliveries.is_some() {
            let started = states.iter_mut().filter(|row| row.name == State::Started.name());
            started.for_each(|row| row.what = "Amazon Connect has accepted the contact");
        }
        Self { states, todo, deliveries, messages: messages(started, prices), ..self }
    }

    /// During this run: it sends the waiting rows, and no other run may start.
    pub(super) fn with_going_run(self, run: GoingRun, clock: &WallClock) -> Self {
        let moment = |at| format!("{} {}", clock.time(at), clock.name());
        let mut text =
            format!("A run is going on: begun {} by process {}. ", moment(run.began_at), run.process);
        match run.ends_at {
            _ if run.is_paused => text += "It is paused.",
            Some(ends) => text += &format!("It ends about {}.", moment(ends)),
            None => text += "When it ends is not known yet.",
        }
        let (mut todo, mut runs, mut outcomes) = (self.todo, self.runs, self.outcomes);
        let waits = |todo: &&mut Todo<'_>| matches!(todo.state, Some(State::Queued | State::Attempting));
        for todo in todo.iter_mut().filter(waits) {
            (todo.advice, todo.command) = (LEFT_TO_THE_RUN, None);
        }
        let waiting = [State::Queued, State::Attempting].map(State::name);
        for row in outcomes.iter_mut().filter(|row| waiting.contains(&row.state)) {
            row.advice = LEFT_TO_THE_RUN;
        }
        if let Some(latest) = runs.last_mut() {
            "goes on".clone_into(&mut latest.end);
        }
        Self { going_on: Some(text), todo, runs, outcomes, ..self }
    }

    /// With how the senders fare, as the latest run has said.
    pub(super) fn with_senders(
        self,
        senders: &[SenderFigures],
        latest: Option<&RunRecord>,
        clock: &WallClock,
    ) -> Self {
        let now = latest.map_or(UnixMillis::NEVER, |run| run.ended_at.unwrap_or(run.seen_at));
        let going_on = latest.is_some_and(|run| run.ended_at.is_none());
        Self { senders: senders::lines(senders, (now, going_on), clock), ..self }
    }
}

/// `3 of 4 rows started (75.0%)`
fn headline(tally: &Tally) -> String {
    let (all, started) = (tally.rows(), tally[State::Started]);
    format!("{} of {} started ({})", Grouped(started), counted(all, "row", "rows"), percent(started, all))
}

/// The steps of a timeline in which anything happened.
fn steps(timeline: &Timeline, clock: &WallClock) -> Vec<StepRow> {
    timeline
        .steps()
        .filter(|(_, bucket)| bucket.height() + bucket.paused_ms + bucket.held_ms + bucket.closed_ms > 0)
        .map(|(at, bucket)| step(clock.show(at, "%Y-%m-%d %H:%M:%S"), bucket))
        .collect()
}

/// `10 messages of started contacts, 12 segments, about 0.07 USD by the definition's prices.`
fn messages(started: &StartedMessages, prices: Option<&MessagePrices>) -> Option<String> {
    let StartedMessages { count, segments, cost, unpriced } = started;
    if *count == 0 {
        return None;
    }
    let mut text = format!(
        "{} of started contacts, {}",
        counted(*count, "message", "messages"),
        counted(*segments, "segment", "segments")
    );
    if let Some(prices) = prices {
        let currency = prices.currency.as_deref().map_or(String::new(), |currency| format!(" {currency}"));
        text += &format!(
            ", about {cost:.2}{currency} by the prices of the definition, which no bill has confirmed"
        );
        if *unpriced > 0 {
            let without = counted(*unpriced, "message", "messages");
            text += &format!(", without {without} to countries that have no price");
        }
    }
    Some(text + ".")
}

fn states(fold: &Fold) -> Vec<StateRow> {
    let all = fold.tally.rows();
    let row = |(state, rows): (State, u64)| StateRow {
        name: state.name(),
        what: reasons::state(state).what,
        rows: Grouped(rows).to_string(),
        percent: percent(rows, all),
    };
    fold.tally.iter().map(row).collect()
}

fn shares(fold: &Fold) -> Vec<Share> {
    let all = fold.tally.rows();
    let order = [
        State::Started,
        State::Attempting,
        State::Queued,
        State::Uncertain,
        State::Failed,
        State::Rejected,
        State::Duplicate,
        State::Suppressed,
        State::Withdrawn,
        State::Expired,
    ];
    let present: Vec<_> = order.into_iter().filter(|state| fold.tally[*state] > 0).collect();
    // Each is wide enough to be seen; what that takes is taken from all of them.
    let widths: Vec<f64> = present.iter().map(|state| bar(fold.tally[*state], all).max(0.7)).collect();
    let sum: f64 = widths.iter().sum();
    let mut x = 0.0_f64;
    present
        .into_iter()
        .zip(widths)
        .map(|(state, width)| {
            let width = width / sum * 1_000.0;
            let share = Share {
                class: state.name(),
                x: x.round(),
                width: (x + width).round() - x.round(),
                title: format!("{} {}", Grouped(fold.tally[state]), state.name()),
            };
            x += width;
            share
        })
        .collect()
}

fn todo<'f>(fold: &Fold, commands: &'f [(State, String)]) -> Vec<Todo<'f>> {
    [State::Uncertain, State::Failed, State::Rejected, State::Expired, State::Attempting, State::Queued]
        .into_iter()
        .filter(|state| fold.tally[*state] > 0)
        .map(|state| Todo {
            state: Some(state),
            what: format!("{} {}", counted(fold.tally[state], "row is", "rows are"), state.name()),
            advice: reasons::state(state).advice,
            command: commands.iter().find(|(of, _)| *of == state).map(|(_, command)| command.as_str()),
        })
        .collect()
}

fn step(at: String, bucket: &super::timeline::TimelineStep) -> StepRow {
    let span = |millis: u64| {
        // Less than a tenth of a second is the time that waking takes.
        if millis < 100 { String::new() } else { Span(Duration::from_millis(millis)).to_string() }
    };
    StepRow {
        at,
        started: Grouped(bucket.started).to_string(),
        failed: Grouped(bucket.failed).to_string(),
        throttled: Grouped(bucket.throttled).to_string(),
        paused: span(bucket.paused_ms),
        held: span(bucket.held_ms),
        closed: span(bucket.closed_ms),
    }
}

fn step_sum(fold: &Fold) -> StepRow {
    let mut sum = fold.timelines[0].outside;
    for (_, bucket) in fold.timelines[0].steps() {
        sum.started += bucket.started;
        sum.failed += bucket.failed;
        sum.throttled += bucket.throttled;
        sum.paused_ms += bucket.paused_ms;
        sum.held_ms += bucket.held_ms;
        sum.closed_ms += bucket.closed_ms;
    }
    step("all".to_owned(), &sum)
}

fn width(millis: i64) -> String {
    Span(Duration::from_millis(u64::try_from(millis).unwrap_or(0))).to_string().replace(".0 s", " s")
}

fn within(answers: &Latencies) -> Vec<ShareWithin> {
    [(50, "Half of them"), (95, "95 of 100"), (99, "99 of 100")]
        .into_iter()
        .filter_map(|(percent, share)| {
            let time = answers.within(percent)?;
            Some(ShareWithin { share, time: tables::time(time) })
        })
        .collect()
}

fn sources(fold: &Fold) -> Vec<Split> {
    let named = |arn: &str| {
        // The end of an ARN tells numbers apart; in full it stands below.
        let end = arn.rsplit('/').next().unwrap_or(arn);
        let detail = if end == arn { String::new() } else { arn.to_owned() };
        (end.to_owned(), detail)
    };
    let parts =
        fold.sources.iter().map(|(arn, tally)| ((!arn.is_empty()).then(|| named(arn)), *tally)).collect();
    splits(parts, "none: rejected or left out")
}

fn countries(fold: &Fold) -> Vec<Split> {
    let named = |country: &crate::domain::phone::country::Country| {
        (country.code().to_owned(), country.name().unwrap_or_default().to_owned())
    };
    let parts = fold.countries.iter().map(|(country, tally)| (country.as_ref().map(named), *tally)).collect();
    splits(parts, "none, or no number")
}

fn listed(fold: &Fold) -> Vec<RowList<'_>> {
    let Some(listed) = &fold.listed else { return Vec::new() };
    [State::Uncertain, State::Failed, State::Rejected]
        .into_iter()
        .filter_map(|state| {
            let rows = listed.get(&state.code())?;
            let more = fold.tally[state] - rows.len() as u64;
            Some(RowList {
                state: state.name(),
                rows,
                more: (more > 0).then(|| format!("The first {MOST_LISTED}; {} more", Grouped(more))),
            })
        })
        .collect()
}
