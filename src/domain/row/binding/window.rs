//! The times of a row: from which of its cells they come, and which moments those are in its zones.

use jiff::tz::TimeZone;

use super::{Bound, Finder};
use crate::domain::definition::{RowSchedule, RowTime};
use crate::domain::hours::Lane;
use crate::domain::hours::moment::{self, Side};
use crate::domain::hours::schedule::Window;
use crate::domain::row::recipient::RejectionReason;
use crate::domain::unix_millis::UnixMillis;

/// `[schedule]`'s times of rows, bound to the columns of a file.
#[derive(Debug, Clone, Default)]
pub(super) struct RowTimes {
    not_before: Option<(Bound, RowTime)>,
    not_after: Option<(Bound, RowTime)>,
}

type Fault = (Option<usize>, RejectionReason);

impl RowTimes {
    pub(super) fn bind(schedule: &RowSchedule, finder: &mut Finder<'_>) -> Self {
        let mut bind = |time: &Option<RowTime>| time.clone().map(|time| (finder.bind(&time.text), time));
        Self { not_before: bind(&schedule.not_before), not_after: bind(&schedule.not_after) }
    }

    pub(super) fn any(&self) -> bool {
        self.not_before.is_some() || self.not_after.is_some()
    }

    /// The columns that it uses.
    pub(super) fn columns(&self) -> impl Iterator<Item = usize> {
        [&self.not_before, &self.not_after].into_iter().flatten().flat_map(|(bound, _)| bound.columns.clone())
    }

    /// The window of a row, whose texts `render` has.
    ///
    /// # Errors
    /// Where a text cannot be rendered, or is no moment.
    pub(super) fn window(
        &self,
        lane: Option<&Lane>,
        mut render: impl FnMut(&Bound) -> Result<String, Fault>,
    ) -> Result<Window, Fault> {
        if !self.any() {
            return Ok(Window::default());
        }
        let zones: Vec<TimeZone> = lane.map(|lane| lane.zones.zones().collect()).unwrap_or_default();
        let mut moment =
            |time: &Option<(Bound, RowTime)>, side, member| -> Result<Option<UnixMillis>, Fault> {
                let Some((bound, time)) = time else { return Ok(None) };
                let at = moment::parse(&render(bound)?, &zones, side).map_err(|reason| {
                    let column = Some(&bound.columns).filter(|columns| columns.len() == 1);
                    (column.map(|columns| columns[0]), RejectionReason::Moment { member, reason })
                })?;
                Ok(Some(time.moved(at)))
            };
        Ok(Window {
            not_before: moment(&self.not_before, Side::Latest, "schedule.not_before")?,
            not_after: moment(&self.not_after, Side::Earliest, "schedule.not_after")?,
        })
    }
}
