//! Whether requests left at hours at which they might: each against the hours and the schedule that its run kept, in the zones
//! that its row was planned with.
//!
//! The journal has when each request left, as the run's clock had it. Of one whose process died before its answer it has not.

use std::collections::HashMap;

use rusqlite::params;

use crate::domain::hours::calendar::{AskedCalendar, Opening};
use crate::domain::hours::terms::Terms;
use crate::domain::hours::zones::Zones;
use crate::domain::hours::{Hours, Lane};
use crate::domain::unix_millis::UnixMillis;
use crate::journal::error::JournalError;
use crate::journal::file::open::Reader;
use crate::journal::plan::lanes;
use crate::journal::row::{CampaignId, StampColumn};

/// Requests outside their hours that are told one by one, of a campaign.
const TOLD: usize = 20;

/// What is known of the hours at which requests of a campaign left.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HoursKept {
    /// Requests of runs that kept hours or a schedule, and of which it is known when they left.
    pub requests: u64,
    /// Of how many more that is not known: their processes died, a version before wrote them, or the clock was set back
    /// to a time at which no run had begun.
    pub unknown: u64,
    /// Those that left while nothing might.
    pub outside: u64,
    /// The first of them.
    pub first: Vec<OutsideHours>,
}

/// A request that left while nothing might.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutsideHours {
    /// The line of its row; `None` where it is not in the file any more.
    pub line: Option<u64>,
    /// When it left.
    pub at: UnixMillis,
    /// Where its hours were closed, and by which rule; `None` where the schedule of the campaign was.
    pub closed: Option<(String, String)>,
}

impl HoursKept {
    fn add(&mut self, request: OutsideHours) {
        self.outside += 1;
        if self.first.len() < TOLD {
            self.first.push(request);
        }
    }
}

impl Reader {
    /// Holds every request of the campaign against the hours of its run; `None` where no run kept any.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub(in crate::journal) fn hours_kept(
        &self,
        campaign: CampaignId,
    ) -> Result<Option<HoursKept>, JournalError> {
        let runs = self.runs_with_terms(campaign)?;
        if runs.iter().all(|(_, terms)| terms.is_none()) {
            return Ok(None);
        }
        let mut lanes: HashMap<i64, Lane> = HashMap::new();
        for open in lanes::lanes(&self.connection, campaign)? {
            lanes.extend(open.id.zip(open.lane).map(|(id, lane)| (id.0, lane)));
        }
        let mut kept = HoursKept::default();
        let mut places: HashMap<(usize, Option<i64>), LaneTimes> = HashMap::new();
        let mut statement = self.connection.prepare(
            "SELECT line, lane_id, requested_at AS at FROM row NOT INDEXED
             WHERE campaign_id = ?1 AND requested_at IS NOT NULL
             UNION ALL
             SELECT line, lane_id, at FROM request JOIN row ON row.id = row_id WHERE campaign_id = ?1",
        )?;
        let mut requests = statement.query([campaign.0])?;
        let mut known = 0;
        while let Some(request) = requests.next()? {
            let (lane, StampColumn(at)): (Option<i64>, _) = (request.get(1)?, request.get(2)?);
            // The last run that had begun by then: a campaign has one at a time. None had where the clock was set back
            // meanwhile.
            let Some(run) = runs.partition_point(|(began, _)| *began <= at).checked_sub(1) else { continue };
            known += 1;
            let Some(terms) = &runs[run].1 else { continue };
            kept.requests += 1;
            let line = request.get::<_, Option<i64>>(0)?.and_then(|line| u64::try_from(line).ok());
            if !terms.schedule.is_open(at) {
                kept.add(OutsideHours { line, at, closed: None });
                continue;
            }
            let Some(hours) = &terms.hours else { continue };
            let known = lane.and_then(|lane| lanes.get(&lane));
            let times = places.entry((run, lane)).or_insert_with(|| LaneTimes::new(hours, known));
            if let Some(closed) = times.closed(hours, at) {
                kept.add(OutsideHours { line, at, closed: Some(closed) });
            }
        }
        let attempts: i64 = self.connection.query_row(
            "SELECT coalesce(sum(attempts), 0) FROM row NOT INDEXED WHERE campaign_id = ?1",
            [campaign.0],
            |row| row.get(0),
        )?;
        kept.unknown = attempts.unsigned_abs().saturating_sub(known);
        kept.first.sort_by_key(|request| (request.at, request.line));
        Ok(Some(kept))
    }

    /// When each run began, in order, and what it kept. What is no text of terms binds nothing that is known.
    fn runs_with_terms(
        &self,
        campaign: CampaignId,
    ) -> Result<Vec<(UnixMillis, Option<Terms>)>, JournalError> {
        let mut statement = self.connection.prepare(
            "SELECT started_at, terms FROM run LEFT JOIN terms ON terms.id = terms_id
             WHERE campaign_id = ?1 ORDER BY started_at, run.id",
        )?;
        let runs = statement.query_map(params![campaign.0], |row| {
            let terms: Option<String> = row.get(1)?;
            Ok((row.get::<_, StampColumn>(0)?.0, terms.and_then(|terms| Terms::parse(&terms))))
        })?;
        Ok(runs.collect::<Result<_, _>>()?)
    }
}

/// When a lane was open; `None` where nothing says in which zones its rows are.
struct LaneTimes(Option<(Lane, AskedCalendar)>);

impl LaneTimes {
    fn new(hours: &Hours, lane: Option<&Lane>) -> Self {
        Self(lane.map(|lane| (lane.clone(), AskedCalendar::new(hours.of(lane)))))
    }

    /// The zone in which it was closed, and the rule that closed it.
    fn closed(&mut self, hours: &Hours, at: UnixMillis) -> Option<(String, String)> {
        let instant = jiff::Timestamp::from_millisecond(at.millis()).unwrap_or(jiff::Timestamp::MAX);
        let Some((lane, calendar)) = &mut self.0 else {
            return Some(("a zone that is not known".to_owned(), "hours".to_owned()));
        };
        let Opening::Closed { rule, .. } = calendar.at(instant) else { return None };
        let alone = |name: &str| {
            let lane = Lane { zones: Zones::parse(name)?, jurisdiction: lane.jurisdiction.clone() };
            let Opening::Closed { rule, .. } = hours.of(&lane).at(instant) else { return None };
            Some((name.to_owned(), rule))
        };
        let first = lane.zones.names().find_map(alone);
        // With a margin, no zone alone need be closed.
        Some(first.unwrap_or_else(|| (lane.zones.as_str().to_owned(), rule.clone())))
    }
}
