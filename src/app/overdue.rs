//! Rows in doubt whose client tokens are nearly too old to ask again: a run searches the account for them before it gives
//! them up.

use std::time::Duration;

use crate::app::doubts::{self, DoubtSearcher, SearchOutcome};
use crate::app::error::Error;
use crate::clock::Clock;
use crate::domain::delivery::verdict::TOKEN_SAFE;
use crate::domain::figures::{Grouped, counted};
use crate::journal::{CampaignId, Journal};

/// Rows in doubt for so long are searched for: a day before their tokens are too old.
const OVERDUE: Duration = TOKEN_SAFE.saturating_sub(Duration::from_secs(24 * 3600));
/// How long a run waits for the search.
const PATIENCE: Duration = Duration::from_secs(120);

/// Searches for them, and says what was found. Rows that a search found to have no contact are not searched for again.
///
/// # Errors
/// Where the journal cannot be read or written.
pub(super) async fn search(
    searchers: &[DoubtSearcher<'_>],
    clock: &Clock,
    journal: &mut Journal,
    campaign: CampaignId,
) -> Result<Option<String>, Error> {
    let now = clock.now();
    journal.expire(campaign, now)?;
    let mut rows = journal.in_doubt(campaign, now)?;
    rows.retain(|row| {
        let is_old = row.doubt_at.is_some_and(|at| now.since(at) >= OVERDUE);
        !row.is_not_there && (row.is_uncertain || is_old)
    });
    if rows.is_empty() {
        return Ok(None);
    }
    let sought = counted(rows.len() as u64, "row in doubt", "rows in doubt");
    let mut unheard = |_: &str| {};
    let searched = doubts::search(searchers, journal, campaign, rows, &mut unheard);
    // What was not searched to its end has changed nothing.
    let Ok(search) = tokio::time::timeout(PATIENCE, searched).await else {
        let seconds = PATIENCE.as_secs();
        return Ok(Some(format!(
            "the account was not searched for {sought}: that takes more than {seconds} s"
        )));
    };
    let search = search?;
    if let Some(why) = search.unfinished {
        return Ok(Some(format!("the account could not be searched for {sought}: {why}")));
    }
    let found = search.count(|outcome| matches!(outcome, SearchOutcome::Found { .. }));
    let absent = search.count(|outcome| *outcome == SearchOutcome::NotThere);
    let open = search.rows.len() as u64 - found - absent;
    Ok(Some(format!(
        "{sought} were searched for in the account: {} found and started, {} not there, {} open",
        Grouped(found),
        Grouped(absent),
        Grouped(open)
    )))
}
