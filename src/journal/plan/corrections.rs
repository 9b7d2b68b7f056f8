//! Corrections: rows that take the place of those which the file had wrong, while every other row stays as it is.
//!
//! A correction is for the rejected row that it was written for, on whatever line that is by now, and for no other one.
//! Where the campaign does not have that row any more, or has several that were the same, the file is refused.

use rusqlite::{OptionalExtension, Transaction, params};

use crate::domain::delivery::state;
use crate::domain::delivery::state::{Event, State};
use crate::domain::message::request::RequestTemplate;
use crate::domain::row::rejected_id::RejectedId;
use crate::journal::error::JournalError;
use crate::journal::file::open::Journal;
use crate::journal::plan::corrected_lines::Corrections;
use crate::journal::plan::existing::ExistingRecipient;
use crate::journal::plan::line::{Content, FileLine};
use crate::journal::plan::misfit::{Misfit, MisfitReason};
use crate::journal::plan::planned::Planned;
use crate::journal::plan::rejected_rows::{RejectedRow, RejectedRows};
use crate::journal::plan::row_set::RowSet;
use crate::journal::plan::{
    Plan, PlanSummary, existing, index, plan_content, plan_lines, planned, retried, stays, tell_kept,
};
use crate::journal::row::{CampaignId, StateColumn, texts};
use crate::journal::sql;
use crate::journal::tally::Delta;

impl Journal {
    /// Begins to read corrections. Nothing is forgotten and nothing will be withdrawn but what stood in their places.
    ///
    /// # Errors
    /// Where the journal cannot be written.
    pub fn begin_corrections(
        &mut self,
        campaign: CampaignId,
        shape: &RequestTemplate,
        columns: &[String],
    ) -> Result<Plan, JournalError> {
        let tx = self.begin_write()?;
        let in_common = existing::in_common(&tx, campaign, shape, columns)?;
        let mut delta = Delta::default();
        retried::take_back(&tx, campaign, &mut delta)?;
        if !index::is_made(&tx, campaign)? {
            index::make(&tx, campaign, &mut delta)?;
        }
        delta.write(&tx, campaign)?;
        let corrections =
            Corrections { before: planned::planned(&tx, campaign)?, taken: RowSet::default(), misfit: None };
        planned::mark(&tx, campaign, Planned::Begun)?;
        let plan = Plan::of(&tx, campaign, in_common, Some(corrections))?;
        tx.commit()?;
        Ok(plan)
    }
}

impl Journal {
    /// While a file is planned that is none of corrections: rows that stand on a line which this file has rejected, because
    /// a correction put them there. How many of them wait, and how many were attempted.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn undone_corrections(&self, campaign: CampaignId) -> Result<(u64, u64), JournalError> {
        let counts: (i64, i64) = self.connection.query_row(
            &format!(
                "SELECT count(*) FILTER (WHERE row.state = ?2), count(*) FILTER (WHERE row.state IN ({}))
             FROM row AS rejection JOIN row ON row.campaign_id = rejection.campaign_id AND row.line = rejection.line
                 AND row.corrects IS NOT NULL AND row.id <> rejection.id
             WHERE rejection.campaign_id = ?1 AND rejection.state = ?3 AND rejection.line IS NOT NULL",
                sql::REQUESTED
            ),
            params![campaign.0, StateColumn(State::Queued), StateColumn(State::Rejected)],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        Ok((u64::try_from(counts.0).unwrap_or_default(), u64::try_from(counts.1).unwrap_or_default()))
    }
}

impl Journal {
    /// Plans all batches of corrections in one transaction: where one of them fits no rejected row, none is made, and the
    /// campaign is what it was.
    pub(in crate::journal) fn plan_corrections(
        &mut self,
        plan: &mut Plan,
        batches: impl IntoIterator<Item = Vec<FileLine>>,
    ) -> Result<(), JournalError> {
        let tx = self.begin_write()?;
        let mut delta = Delta::default();
        for batch in batches {
            plan_lines(&tx, plan, &batch, &mut delta)?;
            if let Some((misfit, before)) =
                plan.corrects.as_ref().and_then(|all| Some((all.misfit?, all.before)))
            {
                tx.rollback()?;
                self.set_planned(plan.campaign, before)?;
                return Err(JournalError::Misfit(misfit));
            }
        }
        delta.write(&tx, plan.campaign)?;
        tx.commit()?;
        self.checkpoint_if_long()
    }
}

/// What a correction is for.
enum CorrectionTarget {
    /// This row, on this line.
    Row(RejectedRow, u64),
    /// This recipient, who stays: contacted before, or in the first file by now as the correction has it.
    Known(Box<ExistingRecipient>),
    /// Nothing: it is rejected still, and the campaign has no such row.
    Nothing,
    /// It cannot be told.
    Unclear(MisfitReason),
}

/// Plans a correction.
pub(in crate::journal) fn correct(
    tx: &Transaction<'_>,
    plan: &mut Plan,
    line: &FileLine,
    delta: &mut Delta,
    summary: &mut PlanSummary,
) -> Result<(), JournalError> {
    if plan.misfit().is_some() {
        return Ok(());
    }
    let target = target(tx, plan, line)?;
    let Some(corrections) = &mut plan.corrects else { return Ok(()) };
    let (row, number) = match target {
        CorrectionTarget::Row(row, number) => (row, number),
        CorrectionTarget::Nothing => return Ok(()),
        CorrectionTarget::Known(known) => return keep_known(tx, plan, &known, line, summary),
        CorrectionTarget::Unclear(why) => {
            corrections.misfit = Some(Misfit { line: line.number, why });
            return Ok(());
        }
    };
    corrections.taken.insert(i64::try_from(number).unwrap_or(i64::MAX));
    let line = &FileLine { number, ..line.clone() };
    let is_rejected = matches!(line.content, Content::Rejected { .. });
    if is_rejected && !row.is_nobody() && row.rejected == texts(&line.cells) {
        // It says nothing new, and was corrected before.
        tell_kept(line, row.state, summary);
        return Ok(());
    }
    if stays(tx, plan, line, summary)? {
        return Ok(());
    }
    summary.withdrawn +=
        u64::from(clear(tx, (plan.campaign, plan.rejected_rows.as_mut()), &row, line, delta)?);
    plan_content(tx, plan, line, &texts(&line.cells), delta, summary)?;
    // The line, rejected once more, is known to be corrected.
    tx.prepare_cached("UPDATE row SET corrects = ?3 WHERE campaign_id = ?1 AND line = ?2")?
        .execute(params![plan.campaign.0, i64::try_from(number).unwrap_or(i64::MAX), row.rejected])
        .map(drop)?;
    Ok(())
}

/// The row that a correction was written for.
fn target(tx: &Transaction<'_>, plan: &mut Plan, line: &FileLine) -> Result<CorrectionTarget, JournalError> {
    let found = match line.rejected {
        Some(id) => of_id(tx, plan, line, id)?,
        None => of_line(tx, plan, line)?,
    };
    let Content::Recipient { key, .. } = &line.content else {
        // It is rejected still. Where it cannot be told which row it is, it says nothing of any.
        return Ok(found
            .filter(|found| matches!(found, CorrectionTarget::Row(..)))
            .unwrap_or(CorrectionTarget::Nothing));
    };
    if let Some(found) = found {
        return Ok(found);
    }
    let purged_keys = if plan.purged { plan.purged_keys(key) } else { Vec::new() };
    Ok(match existing::recipient(tx, plan.campaign, key, &purged_keys)? {
        Some(known) if known.attempts > 0 => CorrectionTarget::Known(Box::new(known)),
        Some(known) if known.line.is_some() => match known.differs(plan.shape, &line.content) {
            true => CorrectionTarget::Unclear(MisfitReason::Otherwise),
            false => CorrectionTarget::Known(Box::new(known)),
        },
        _ if line.rejected.is_none() => CorrectionTarget::Unclear(MisfitReason::Unnamed),
        _ => CorrectionTarget::Unclear(MisfitReason::Gone),
    })
}

/// The row that was rejected with this id: the one with the correction's own key, else the one on its line, else the only one.
fn of_id(
    tx: &Transaction<'_>,
    plan: &mut Plan,
    line: &FileLine,
    id: RejectedId,
) -> Result<Option<CorrectionTarget>, JournalError> {
    let Some(corrections) = &plan.corrects else { return Ok(None) };
    if let Content::Recipient { key, .. } = &line.content
        && let Some(known) = existing::find(tx, plan.campaign, key)?
        && let Some(row) = RejectedRow::find(tx, known.id)?
        && row.was(id)?
        && let Some(number) = row.line.filter(|number| corrections.is_free(*number))
    {
        return Ok(Some(CorrectionTarget::Row(row, number)));
    }
    let mut there = None;
    for row in RejectedRow::on_line(tx, plan.campaign, line.number)? {
        if row.was(id)? && corrections.is_free(line.number) {
            there = Some(row);
        }
    }
    if let Some(row) = there.take_if(|row| row.is_nobody()) {
        return Ok(Some(CorrectionTarget::Row(row, line.number)));
    }
    let all = RejectedRows::known(tx, plan.campaign, &mut plan.rejected_rows)?.with(tx, id)?;
    let on_lines = all.into_iter().filter_map(|row| row.line.map(|number| (row, number)));
    let (mut free, taken): (Vec<_>, Vec<_>) = on_lines.partition(|(_, number)| corrections.is_free(*number));
    Ok(match free.pop() {
        // Whoever is there already may be there by the correction of another one of them.
        Some((row, number)) if free.is_empty() && (row.is_nobody() || taken.is_empty()) => {
            Some(CorrectionTarget::Row(row, number))
        }
        Some(_) => Some(CorrectionTarget::Unclear(MisfitReason::Several)),
        None if taken.is_empty() => None,
        None => Some(CorrectionTarget::Unclear(MisfitReason::Twice)),
    })
}

/// The rejected row on the correction's line, where it has its key.
fn of_line(
    tx: &Transaction<'_>,
    plan: &Plan,
    line: &FileLine,
) -> Result<Option<CorrectionTarget>, JournalError> {
    let (Content::Recipient { key, .. }
    | Content::Rejected { key: Some(key), .. }
    | Content::LeftOut { key: Some(key), .. }) = &line.content
    else {
        return Ok(None);
    };
    let rows = RejectedRow::on_line(tx, plan.campaign, line.number)?;
    let row = rows.into_iter().find(|row| row.key.as_ref() == Some(key));
    Ok(row.map(|row| CorrectionTarget::Row(row, line.number)))
}

/// Takes note of a recipient whom a correction has nothing to change of.
fn keep_known(
    tx: &Transaction<'_>,
    plan: &mut Plan,
    known: &ExistingRecipient,
    line: &FileLine,
    summary: &mut PlanSummary,
) -> Result<(), JournalError> {
    if known.attempts > 0 {
        let changed = plan.texts.see(tx, plan.campaign, (plan.shape, plan.header), known, line)?;
        summary.changed += u64::from(changed);
        summary.frozen += u64::from(known.differs(plan.shape, &line.content));
        summary.started += u64::from(known.state == State::Started);
    }
    Ok(())
}

/// Makes room for a correction: a line that was rejected goes; a recipient of another key, whom an earlier correction of
/// the same line put there, takes another line that has its key; without one it is withdrawn, or loses the line if it was
/// attempted. Says whether it was withdrawn.
fn clear(
    tx: &Transaction<'_>,
    (campaign, rejected_rows): (CampaignId, Option<&mut RejectedRows>),
    row: &RejectedRow,
    line: &FileLine,
    delta: &mut Delta,
) -> Result<bool, JournalError> {
    if row.is_nobody() {
        tx.prepare_cached("DELETE FROM row WHERE id = ?1")?.execute([row.id])?;
        delta.remove(row.state, 1);
        return Ok(false);
    }
    let key = match &line.content {
        Content::Recipient { key, .. } => Some(key),
        Content::Rejected { .. } | Content::LeftOut { .. } => None,
    };
    if row.key.as_ref() == key {
        return Ok(false);
    }
    let duplicate: Option<i64> = tx
        .prepare_cached(
            "SELECT id FROM row WHERE campaign_id = ?1 AND state = ?2 AND key = ?3 AND line <> ?4 ORDER BY line LIMIT 1",
        )?
        .query_row(
            params![campaign.0, StateColumn(State::Duplicate), row.key, i64::try_from(line.number).unwrap_or(i64::MAX)],
            |row| row.get(0),
        )
        .optional()?;
    if let Some(duplicate) = duplicate {
        tx.prepare_cached(
            "UPDATE row SET (line, corrects) = (SELECT line, corrects FROM row WHERE id = ?2) WHERE id = ?1",
        )?
        .execute([row.id, duplicate])?;
        tx.prepare_cached("DELETE FROM row WHERE id = ?1")?.execute([duplicate])?;
        delta.remove(State::Duplicate, 1);
        if let Some(known) = rejected_rows {
            known.note(tx, row.id)?;
        }
        return Ok(false);
    }
    let after = state::next(row.state, Event::Missing).unwrap_or(row.state);
    tx.prepare_cached("UPDATE row SET line = NULL, state = ?2 WHERE id = ?1")?
        .execute(params![row.id, StateColumn(after)])?;
    if after != row.state {
        delta.moved(row.state, after);
    }
    Ok(after != row.state)
}

/// The first file has the recipient by itself now, if it is one: it is there by no correction.
pub(in crate::journal) fn forget(
    tx: &Transaction<'_>,
    known: Option<&ExistingRecipient>,
) -> rusqlite::Result<()> {
    let Some(known) = known.filter(|known| known.is_correction) else { return Ok(()) };
    tx.prepare_cached("UPDATE row SET corrects = NULL WHERE id = ?1")?.execute([known.id]).map(drop)
}
