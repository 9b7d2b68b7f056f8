//! `/metrics`: the figures of the last look in Prometheus' text form.
//!
//! Every figure comes from the journal, so that a scrape says the same after the server was started anew. Labels are the
//! campaign's name and fixed words; no number, key or message is in them.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _, NoLabelSet, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Registry, Unit};

use super::look::Look;
use crate::app::overview::Overview;
use crate::domain::delivery::latency::CEILINGS_MS;
use crate::domain::foreign::ForeignText;
use crate::domain::unix_millis::UnixMillis;

/// The content type of the text form.
pub(super) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Longest label, in characters.
const LONGEST_LABEL: usize = 256;

/// The figures of a look.
pub(super) fn text(look: &Look) -> Result<String, fmt::Error> {
    let mut registry = Registry::with_prefix("campaign");
    registry.register_collector(Box::new(Figures::of(look)));
    let mut text = String::new();
    text::encode(&mut text, &registry)?;
    Ok(text)
}

/// A figure of each campaign, under a name.
#[derive(Debug)]
struct Metric {
    name: &'static str,
    help: &'static str,
    unit: Option<Unit>,
    kind: MetricType,
    /// Labels and value.
    values: Vec<(Vec<(&'static str, String)>, f64)>,
}

#[derive(Debug)]
struct Figures {
    metrics: Vec<Metric>,
    /// By campaign: answers within each ceiling, and beyond the last.
    answers: Vec<(String, Vec<u64>)>,
}

impl Figures {
    fn of(look: &Look) -> Self {
        let mut metrics = vec![
            Metric {
                name: "up_to_date",
                help: "1 where the journal could be read",
                unit: None,
                kind: MetricType::Gauge,
                values: vec![(Vec::new(), flag(look.error.is_none()))],
            },
            Metric {
                name: "journal_size",
                help: "The journal's size, its write-ahead log included",
                unit: Some(Unit::Bytes),
                kind: MetricType::Gauge,
                values: vec![(Vec::new(), count(look.bytes))],
            },
            Metric {
                name: "rows",
                help: "Rows of the recipients file by state",
                unit: None,
                kind: MetricType::Gauge,
                values: look.campaigns.iter().flat_map(rows).collect(),
            },
            Metric {
                name: "requests",
                help: "Requests of all runs: all, and those that were throttled or not a row's first one",
                unit: None,
                kind: MetricType::Counter,
                values: look.campaigns.iter().flat_map(requests).collect(),
            },
            Metric {
                name: "deliveries",
                help: "Started rows by what became of their messages; those of which nothing was told are waiting",
                unit: None,
                kind: MetricType::Gauge,
                values: look.campaigns.iter().flat_map(deliveries).collect(),
            },
        ];
        metrics.extend(of_campaigns(look));
        let answers =
            look.campaigns.iter().map(|campaign| (name(campaign), campaign.latencies.counts().to_vec()));
        Self { metrics, answers: answers.collect() }
    }
}

/// The figures that each campaign has once.
fn of_campaigns(look: &Look) -> Vec<Metric> {
    let by_campaign = |value: &dyn Fn(&Overview) -> Option<f64>| {
        let values = look
            .campaigns
            .iter()
            .filter_map(|campaign| Some((vec![("campaign", name(campaign))], value(campaign)?)));
        values.collect::<Vec<_>>()
    };
    let gauge = |name, help, value: &dyn Fn(&Overview) -> Option<f64>| Metric {
        name,
        help,
        unit: None,
        kind: MetricType::Gauge,
        values: by_campaign(value),
    };
    let time = |name, help, value: &dyn Fn(&Overview) -> Option<f64>| Metric {
        unit: Some(Unit::Seconds),
        ..gauge(name, help, value)
    };
    vec![
        gauge("running", "1 while a run goes on", &|campaign| {
            Some(flag(campaign.status.going_on().is_some()))
        }),
        gauge("paused", "1 while it is paused, by a person or by max_undelivered", &|campaign| {
            Some(flag(campaign.status.paused.is_some()))
        }),
        gauge("in_flight", "Requests without an answer", &|campaign| {
            pulse(campaign).map(|pulse| f64::from(pulse.in_flight))
        }),
        gauge("pace", "Requests a second that may leave now", &|campaign| {
            pulse(campaign).map(|pulse| pulse.rate)
        }),
        gauge("pace_asked", "Requests a second that were asked for", &|campaign| {
            pulse(campaign).and_then(|pulse| pulse.asked)
        }),
        gauge("exit_code", "The exit code of the latest run that ended", &|campaign| {
            campaign.status.runs.iter().find_map(|run| run.exit).map(f64::from)
        }),
        time("last_seen_timestamp", "The latest run's last sign of life", &|campaign| {
            campaign.status.runs.first().map(|run| seconds(run.seen_at))
        }),
        time(
            "active_chats_full_until_timestamp",
            "When the active chats quota is tried again",
            &|campaign| campaign.status.quota_full_until.map(seconds),
        ),
        time("oldest_doubt_timestamp", "When the oldest row in doubt came into doubt", &|campaign| {
            campaign.status.oldest_doubt.map(seconds)
        }),
        time(
            "credentials_end_timestamp",
            "When the credentials of the run end, unless they are renewed",
            &|campaign| pulse(campaign).and_then(|pulse| pulse.credentials_end).map(seconds),
        ),
        time("expected_end_timestamp", "When it will end at the pace of late", &|campaign| {
            campaign.status.ends_at().map(seconds)
        }),
    ]
}

impl Collector for Figures {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        for Metric { name, help, unit, kind, values } in &self.metrics {
            let mut metric = encoder.encode_descriptor(name, help, unit.as_ref(), *kind)?;
            for (labels, value) in values {
                let labelled = metric.encode_family(labels)?;
                match kind {
                    MetricType::Counter => ConstCounter::new(*value).encode(labelled)?,
                    _ => ConstGauge::new(*value).encode(labelled)?,
                }
            }
        }
        let help = "How long answers took. Their sum is estimated from the buckets";
        let mut metric =
            encoder.encode_descriptor("answer", help, Some(&Unit::Seconds), MetricType::Histogram)?;
        for (campaign, counts) in &self.answers {
            #[expect(clippy::cast_precision_loss, reason = "milliseconds up to a minute")]
            let ceilings = CEILINGS_MS.iter().map(|ceiling| *ceiling as f64 / 1_000.0).chain([f64::INFINITY]);
            let buckets: Vec<(f64, u64)> =
                ceilings.zip(counts.iter().copied().chain(std::iter::repeat(0))).collect();
            let labels = vec![("campaign", campaign.clone())];
            let total = counts.iter().sum();
            let mut labelled = metric.encode_family(&labels)?;
            labelled.encode_histogram::<NoLabelSet>(estimated_sum(counts), total, &buckets, None)?;
        }
        Ok(())
    }
}

/// About how long all answers took, in seconds: those of a bucket are taken for its middle, and those beyond the last for
/// that. The journal keeps no sum, and OpenMetrics demands one that is a number and never falls.
fn estimated_sum(counts: &[u64]) -> f64 {
    let floors = std::iter::once(0).chain(CEILINGS_MS);
    let ceilings = CEILINGS_MS.iter().copied().chain(CEILINGS_MS.last().copied());
    let middles = floors.zip(ceilings).map(|(floor, ceiling)| {
        #[expect(clippy::cast_precision_loss, reason = "milliseconds up to a minute")]
        let middle = (floor + ceiling) as f64 / 2_000.0;
        middle
    });
    middles.zip(counts).map(|(middle, answers)| middle * count(*answers)).sum()
}

/// The label of a campaign: its name, without what would act on a terminal or begin another line.
fn name(campaign: &Overview) -> String {
    ForeignText::from(campaign.status.summary.campaign.as_str()).shown_up_to(LONGEST_LABEL).to_string()
}

fn pulse(campaign: &Overview) -> Option<crate::domain::forecast::Heartbeat> {
    campaign.status.going_on()?.heartbeat
}

fn rows(campaign: &Overview) -> impl Iterator<Item = (Vec<(&'static str, String)>, f64)> {
    let of = |state: &str| vec![("campaign", name(campaign)), ("state", state.to_owned())];
    let tally = &campaign.status.summary.tally;
    tally.iter().map(|(state, rows)| (of(state.name()), count(rows))).collect::<Vec<_>>().into_iter()
}

fn requests(campaign: &Overview) -> [(Vec<(&'static str, String)>, f64); 3] {
    let of = |kind: &str| vec![("campaign", name(campaign)), ("kind", kind.to_owned())];
    let total = &campaign.total;
    [
        (of("all"), count(total.requests)),
        (of("throttled"), count(total.throttled)),
        (of("retried"), count(total.retried)),
    ]
}

/// Nothing where no event is known.
fn deliveries(campaign: &Overview) -> Vec<(Vec<(&'static str, String)>, f64)> {
    let Some(counts) = campaign.status.deliveries else { return Vec::new() };
    let of =
        |delivery: &str| vec![("campaign", name(campaign).to_owned()), ("delivery", delivery.to_owned())];
    let all = [
        ("delivered", counts.delivered),
        ("undelivered", counts.undelivered),
        ("pending", counts.pending),
        ("unknown", counts.unknown),
        ("waiting", counts.waiting),
    ];
    all.map(|(delivery, rows)| (of(delivery), count(rows))).into()
}

fn flag(is: bool) -> f64 {
    f64::from(u8::from(is))
}

#[expect(clippy::cast_precision_loss, reason = "a count of rows is below 2^53")]
fn count(rows: u64) -> f64 {
    rows as f64
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 are below 2^53")]
fn seconds(at: UnixMillis) -> f64 {
    at.millis() as f64 / 1_000.0
}
