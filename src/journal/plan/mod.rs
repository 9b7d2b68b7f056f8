//! The plan: every line of the recipients file gets a row, and reading the same file again changes nothing.
//!
//! Rows that no request was ever made for follow the file. A row that was attempted keeps token and payload for ever;
//! only its line number follows. What is not in the file any more is withdrawn, or, once attempted, loses its line.

pub(in crate::journal) mod corrected_lines;
pub(in crate::journal) mod corrections;
pub(in crate::journal) mod existing;
pub(in crate::journal) mod index;
pub(in crate::journal) mod lanes;
pub(in crate::journal) mod line;
pub(in crate::journal) mod misfit;
pub(in crate::journal) mod numbers;
pub(in crate::journal) mod planned;
pub(in crate::journal) mod reconcile;
pub(in crate::journal) mod rejected_rows;
pub(in crate::journal) mod respelled;
pub(in crate::journal) mod retried;
pub(in crate::journal) mod row_set;
pub(in crate::journal) mod rows;
pub(in crate::journal) mod said_before;
pub(in crate::journal) mod senders;
pub(in crate::journal) mod summary;
pub(in crate::journal) mod waiting;

use rusqlite::{Transaction, params};

use super::error::JournalError;
use super::row::{CampaignId, RowId, StateColumn, texts};
use super::tally::{self, Delta};
use crate::domain::delivery::state;
use crate::domain::delivery::state::{Event, State};
use crate::domain::message::request::RequestTemplate;
use crate::domain::row::key_filter::KeyFilter;
use crate::domain::row::token::TokenSpace;
use crate::domain::senders::Sender;
use crate::journal::campaign;
use crate::journal::care::purge;
use crate::journal::file::open::Journal;
use crate::journal::plan::corrected_lines::Corrections;
use crate::journal::plan::existing::ExistingRecipient;
use crate::journal::plan::lanes::LaneIds;
use crate::journal::plan::line::{CHANGED_AFTER_CONTACT, Content, FileLine};
use crate::journal::plan::misfit::Misfit;
use crate::journal::plan::planned::Planned;
use crate::journal::plan::reconcile::{keep, move_line, planned_state};
use crate::journal::plan::rejected_rows::RejectedRows;
use crate::journal::plan::retried::Retries;
use crate::journal::plan::row_set::RowSet;
use crate::journal::plan::said_before::TextColumns;
use crate::journal::plan::senders::PlanSenders;
pub use crate::journal::plan::summary::PlanSummary;
use crate::journal::row::purged_key;
use crate::journal::sql;

/// A plan under way.
#[derive(Debug)]
pub struct Plan {
    campaign: CampaignId,
    shape: i64,
    header: i64,
    lanes: LaneIds,
    senders: PlanSenders,
    before: Before,
    summary: PlanSummary,
    /// What a file of corrections needs, which touches no rows but those that it corrects.
    corrects: Option<Corrections>,
    /// Rejected rows and their corrections, where they had to be looked for.
    rejected_rows: Option<RejectedRows>,
    /// Whether recipients may be known by their tokens alone.
    purged: bool,
    /// What the columns of this file have that a contacted recipient's texts were made of.
    texts: TextColumns,
    /// Whether a line is left out at once where its number is another recipient's: it may be sent before the file ends.
    first_of_numbers: bool,
    /// Whether a line is rejected whose recipient was contacted, and of whom the file now says something else.
    rejects_changed: bool,
    retries: Retries,
    /// Tokens in the campaign's own instance: what makes two lines the same recipient, whoever sends to them.
    tokens: TokenSpace,
    /// Those in the other instances that the campaign's senders have had.
    other_tokens: Vec<TokenSpace>,
}

impl Plan {
    pub(super) fn of(
        tx: &Transaction<'_>,
        campaign: CampaignId,
        (shape, header): (i64, i64),
        corrects: Option<Corrections>,
    ) -> rusqlite::Result<Self> {
        let (before, summary) = (Before::Journal(RowSet::default()), PlanSummary::default());
        let purged = campaign::is_purged(tx, campaign)?;
        let lanes = LaneIds::default();
        let texts = TextColumns::default();
        let tokens = campaign::tokens(tx, campaign)?;
        Ok(Self {
            campaign,
            shape,
            header,
            lanes,
            senders: PlanSenders::default(),
            before,
            summary,
            corrects,
            rejected_rows: None,
            purged,
            texts,
            first_of_numbers: false,
            rejects_changed: false,
            retries: Retries::None,
            tokens,
            other_tokens: senders::other_tokens(tx, campaign)?,
        })
    }

    /// The tokens of a sender's instance.
    fn tokens_of(&self, sender: Option<usize>) -> TokenSpace {
        self.senders.tokens(sender).unwrap_or(self.tokens)
    }

    /// Under which keys a recipient may be known that was purged.
    fn purged_keys(&self, key: &str) -> Vec<String> {
        [self.tokens].iter().chain(&self.other_tokens).map(|tokens| purged_key(tokens.token(key))).collect()
    }

    /// Watches for contacted recipients of whom these columns of the file now say something else.
    #[must_use]
    pub fn watch_texts(self, names: &[String], columns: Vec<usize>) -> Self {
        Self { texts: TextColumns::new(names, columns), ..self }
    }

    /// The first lines of contacted recipients of whom the file now says something else.
    #[must_use]
    pub fn changed_lines(&self) -> &[u64] {
        self.texts.changed_lines()
    }

    /// The first correction that fits no rejected row, if there is one. It has changed nothing, and nor have those behind it.
    #[must_use]
    pub fn misfit(&self) -> Option<Misfit> {
        self.corrects.as_ref().and_then(|corrects| corrects.misfit)
    }

    /// Puts failed rows of the file back into the queue. Those of which the file or the definition now says something
    /// else are tried again with that, and with a token of their own.
    #[must_use]
    pub fn retry_failed(self, retries: Retries) -> Self {
        Self { retries, ..self }
    }

    /// Leaves out, from here on, each line whose number a recipient with another key has, who was contacted or waits. For a
    /// plan that is sent before it is finished; of others, [`Journal::same_numbers`] tells in the end.
    #[must_use]
    pub fn keep_first_of_numbers(self) -> Self {
        Self { first_of_numbers: true, ..self }
    }

    /// Rejects, from here on, each line whose recipient was contacted and of whom the file now says something else:
    /// nobody can be asked about it, and whoever stands there now would be taken for contacted.
    #[must_use]
    pub fn reject_changed(self) -> Self {
        Self { rejects_changed: true, ..self }
    }
}

/// What tells whether a recipient came before.
#[derive(Debug)]
enum Before {
    /// The campaign's first plan: this file alone.
    File(KeyFilter),
    /// The journal, and which of its rows the file had so far.
    Journal(RowSet),
}

impl Before {
    /// The file has this row.
    fn see(&mut self, row: i64) {
        if let Self::Journal(seen) = self {
            seen.insert(row);
        }
    }
}

impl Journal {
    /// Begins to read a file into the journal. Rejections and duplicates of the last reading are forgotten: they are
    /// lines, and the file has them again or not.
    ///
    /// # Errors
    /// Where the journal cannot be written.
    pub fn begin_plan(
        &mut self,
        campaign: CampaignId,
        shape: &RequestTemplate,
        columns: &[String],
    ) -> Result<Plan, JournalError> {
        self.begin(campaign, shape, columns, false)
    }

    /// The same for a file that is sent while it is read: recipients can be looked up from its first line on.
    ///
    /// # Errors
    /// Where the journal cannot be written.
    pub fn begin_streamed_plan(
        &mut self,
        campaign: CampaignId,
        shape: &RequestTemplate,
        columns: &[String],
    ) -> Result<Plan, JournalError> {
        self.begin(campaign, shape, columns, true)
    }

    /// The plan chooses from these senders. Without any it is as it was.
    ///
    /// # Errors
    /// Where the journal cannot be read or written.
    pub fn plan_senders(&mut self, mut plan: Plan, senders: &[Sender]) -> Result<Plan, JournalError> {
        if !senders.is_empty() {
            let tx = self.begin_write()?;
            plan.senders = PlanSenders::of(&tx, plan.campaign, senders, plan.corrects.is_none())?;
            plan.other_tokens = senders::other_tokens(&tx, plan.campaign)?;
            tx.commit()?;
        }
        Ok(plan)
    }

    fn begin(
        &mut self,
        campaign: CampaignId,
        shape: &RequestTemplate,
        columns: &[String],
        looks_up: bool,
    ) -> Result<Plan, JournalError> {
        let tx = self.begin_write()?;
        let (shape, header) = existing::in_common(&tx, campaign, shape, columns)?;
        tx.execute(
            "UPDATE header SET planned = 1 + (SELECT max(planned) FROM header WHERE campaign_id = ?1) WHERE id = ?2",
            params![campaign.0, header],
        )?;
        let mut delta = Delta::default();
        retried::take_back(&tx, campaign, &mut delta)?;
        for state in [State::Rejected, State::Duplicate] {
            let rows = tx.execute(
                "DELETE FROM row WHERE campaign_id = ?1 AND state = ?2",
                params![campaign.0, StateColumn(state)],
            )?;
            delta.remove(state, i64::try_from(rows).unwrap_or(i64::MAX));
        }
        if tally::kept(&tx, campaign)?[State::Suppressed] > 0 {
            let rows = tx.execute(
                "DELETE FROM row WHERE campaign_id = ?1 AND state = ?2 AND client_token IS NULL",
                params![campaign.0, StateColumn(State::Suppressed)],
            )?;
            delta.remove(State::Suppressed, i64::try_from(rows).unwrap_or(i64::MAX));
        }
        let has_rows: bool =
            tx.query_row("SELECT EXISTS (SELECT 1 FROM row WHERE campaign_id = ?1)", [campaign.0], |row| {
                row.get(0)
            })?;
        let before = if has_rows || looks_up {
            if !index::is_made(&tx, campaign)? {
                index::make(&tx, campaign, &mut delta)?;
            }
            Before::Journal(RowSet::default())
        } else {
            index::put_off(&tx, campaign)?;
            Before::File(KeyFilter::default())
        };
        delta.write(&tx, campaign)?;
        planned::mark(&tx, campaign, Planned::Begun)?;
        let plan = Plan { before, ..Plan::of(&tx, campaign, (shape, header), None)? };
        tx.commit()?;
        Ok(plan)
    }

    /// Plans a batch of lines in one transaction.
    ///
    /// # Errors
    /// Where the journal cannot be written; then nothing of the batch is.
    pub fn plan(&mut self, plan: &mut Plan, lines: &[FileLine]) -> Result<PlanSummary, JournalError> {
        let tx = self.begin_write()?;
        let mut delta = Delta::default();
        let summary = plan_lines(&tx, plan, lines, &mut delta)?;
        delta.write(&tx, plan.campaign)?;
        tx.commit()?;
        self.checkpoint_if_long()?;
        Ok(summary)
    }

    /// Plans all batches, each in one transaction, and does not wait for the disk between them: nothing is claimed before
    /// [`finish_plan`](Self::finish_plan), whose commit makes all of them durable. A power cut may take the last batches, and
    /// never one without those behind it; the next run reads the file again.
    ///
    /// # Errors
    /// Where the journal cannot be written; batches planned before stay.
    pub fn plan_all(
        &mut self,
        plan: &mut Plan,
        batches: impl IntoIterator<Item = Vec<FileLine>>,
    ) -> Result<(), JournalError> {
        self.connection.pragma_update(None, "synchronous", "normal")?;
        let planned = match plan.corrects {
            Some(_) => self.plan_corrections(plan, batches),
            None => batches.into_iter().try_for_each(|batch| self.plan(plan, &batch).map(|_| ())),
        };
        self.connection.pragma_update(None, "synchronous", self.durability())?;
        planned
    }

    /// Ends the plan after the last line: what the file does not have any more is withdrawn.
    ///
    /// # Errors
    /// Where the journal cannot be written.
    pub fn finish_plan(&mut self, plan: Plan) -> Result<PlanSummary, JournalError> {
        let campaign = plan.campaign;
        let tx = self.begin_write()?;
        let mut delta = Delta::default();
        let summary = withdraw_missing(&tx, plan, &mut delta)?;
        delta.write(&tx, campaign)?;
        if tally::kept(&tx, campaign)?[State::Duplicate] > 0 {
            numbers::tell_other_numbers(&tx, campaign)?;
        }
        tx.commit()?;
        Ok(summary)
    }
}

/// Plans lines inside a transaction of the caller's.
pub(super) fn plan_lines(
    tx: &Transaction<'_>,
    plan: &mut Plan,
    lines: &[FileLine],
    delta: &mut Delta,
) -> Result<PlanSummary, JournalError> {
    let mut summary = PlanSummary { lines: lines.len() as u64, ..PlanSummary::default() };
    let waited = delta.of(State::Queued);
    for line in lines {
        plan_line(tx, plan, line, delta, &mut summary)?;
    }
    summary.queued = u64::try_from(delta.of(State::Queued) - waited).unwrap_or(0);
    plan.summary += summary;
    Ok(summary)
}

/// Withdraws what the file does not have any more, inside a transaction of the caller's.
pub(super) fn withdraw_missing(
    tx: &Transaction<'_>,
    plan: Plan,
    delta: &mut Delta,
) -> Result<PlanSummary, JournalError> {
    let Plan { campaign, before, mut summary, corrects, .. } = plan;
    planned::mark(tx, campaign, Planned::Read)?;
    let Before::Journal(seen) = before else {
        // Nobody is missing who was never there.
        summary.added += index::make(tx, campaign, delta)?;
        return Ok(summary);
    };
    if corrects.is_some() {
        return Ok(summary);
    }
    let gone: Vec<(RowId, State)> = {
        let mut statement = tx.prepare_cached(&format!(
            "SELECT id, state FROM row WHERE campaign_id = ?1 AND {} AND line IS NOT NULL",
            sql::IS_RECIPIENT
        ))?;
        let mut rows = statement.query([campaign.0])?;
        let mut gone = Vec::new();
        while let Some(row) = rows.next()? {
            let (id, StateColumn(state)) = (row.get(0)?, row.get(1)?);
            if !seen.contains(id) {
                gone.push((RowId(id), state));
            }
        }
        gone
    };
    for (id, before) in gone {
        // What was attempted stays what it is; it only has no line any more.
        let after = state::next(before, Event::Missing).unwrap_or(before);
        tx.prepare_cached("UPDATE row SET line = NULL, state = ?2 WHERE id = ?1")?
            .execute(params![id.0, StateColumn(after)])?;
        if after != before {
            summary.withdrawn += 1;
            delta.moved(before, after);
        }
    }
    if delta.of(State::Suppressed) != 0 || tally::kept(tx, campaign)?[State::Suppressed] > 0 {
        summary.started += reconcile::take_left_out_lines(tx, campaign, delta)?;
    }
    Ok(summary)
}

fn plan_line(
    tx: &Transaction<'_>,
    plan: &mut Plan,
    line: &FileLine,
    delta: &mut Delta,
    summary: &mut PlanSummary,
) -> Result<(), JournalError> {
    if plan.corrects.is_some() {
        return corrections::correct(tx, plan, line, delta, summary);
    }
    if stays(tx, plan, line, summary)? {
        return Ok(());
    }
    plan_content(tx, plan, line, &texts(&line.cells), delta, summary)
}

/// Whether the line is no recipient and stands for one all the same, who stays.
fn stays(
    tx: &Transaction<'_>,
    plan: &mut Plan,
    line: &FileLine,
    summary: &mut PlanSummary,
) -> Result<bool, JournalError> {
    let Before::Journal(seen) = &mut plan.before else { return Ok(false) };
    let Some(state) = reconcile::stands_for(tx, plan.campaign, line, (seen, &mut plan.rejected_rows))? else {
        return Ok(false);
    };
    tell_kept(line, state, summary);
    Ok(true)
}

/// Counts a recipient who stays on a line that is none.
fn tell_kept(line: &FileLine, state: State, summary: &mut PlanSummary) {
    let rejected = matches!(line.content, Content::Rejected { .. });
    if sql::REQUESTED.has(state) {
        summary.frozen += u64::from(rejected);
    } else {
        summary.stay_corrected += u64::from(rejected);
    }
    summary.started += u64::from(state == State::Started);
}

/// A row that failed has its turn again. Says whether it was corrected.
fn try_again(
    tx: &Transaction<'_>,
    plan: &mut Plan,
    known: ExistingRecipient,
    (line, cells): (&FileLine, &str),
    delta: &mut Delta,
) -> Result<bool, JournalError> {
    let before = known.state;
    let corrected = known.differs(plan.shape, &line.content);
    if corrected {
        let known = retried::put_away(tx, known)?;
        delta.moved(before, known.state);
        rows::update(tx, plan, &known, line, cells, delta)?;
        plan.retries.mark_corrected(tx, known.id)?;
    } else {
        delta.moved(before, plan.retries.queue(tx, &known)?);
        plan.lanes.follow(tx, plan.campaign, &known, line)?;
        move_line(tx, &known, line.number)?;
    }
    Ok(corrected)
}

/// Plans a line whose place is free.
fn plan_content(
    tx: &Transaction<'_>,
    plan: &mut Plan,
    line: &FileLine,
    cells: &str,
    delta: &mut Delta,
    summary: &mut PlanSummary,
) -> Result<(), JournalError> {
    let line = &*plan.senders.stick(tx, line)?;
    let Content::Recipient { key, destination, client_token, .. } = &line.content else {
        let state = match line.content {
            Content::LeftOut { .. } => State::Suppressed,
            _ => State::Rejected,
        };
        return rows::insert(tx, plan, line, state, cells, delta).map(drop);
    };
    let purged_keys = if plan.purged { plan.purged_keys(key) } else { Vec::new() };
    let seen = match &mut plan.before {
        Before::File(repeats) => {
            let same_tokens = plan.other_tokens.is_empty();
            let token = if same_tokens { *client_token } else { plan.tokens.token(key) };
            let is_first = repeats.insert(token);
            summary.added += u64::from(is_first);
            let state =
                if is_first { planned_state(State::Queued, &line.content)? } else { State::Duplicate };
            return rows::insert(tx, plan, line, state, cells, delta).map(drop);
        }
        Before::Journal(seen) => seen,
    };
    let known = existing::recipient(tx, plan.campaign, key, &purged_keys)?;
    if plan.corrects.is_none() {
        corrections::forget(tx, known.as_ref().filter(|known| !seen.contains(known.id)))?;
    }
    if plan.first_of_numbers
        && is_to_be_sent(known.as_ref(), plan.retries, destination)
        && planned_state(State::Queued, &line.content)? == State::Queued
        && let Some(reason) = numbers::taken(tx, plan.campaign, destination, key)?
    {
        let id = rows::insert(tx, plan, line, State::Duplicate, cells, delta)?;
        return Ok(numbers::explain(tx, id, &reason)?);
    }
    match known {
        None => {
            let state = planned_state(State::Queued, &line.content)?;
            let id = rows::insert(tx, plan, line, state, cells, delta)?;
            index::enter(tx, plan.campaign, id)?;
            plan.before.see(id);
            summary.added += 1;
        }
        Some(known)
            if (plan.corrects.is_some() && known.is_elsewhere(line.number)) || !seen.insert(known.id) =>
        {
            rows::insert(tx, plan, line, State::Duplicate, cells, delta)?;
        }
        Some(known) if known.purged && matches!(known.state, State::Suppressed | State::Withdrawn) => {
            // It has no contact, and nothing of its own any more: it is what the file says.
            purge::give_back(tx, plan.campaign, (known.id, key), (*client_token, &purged_keys))?;
            rows::update(tx, plan, &known, line, cells, delta)?;
            summary.updated += 1;
        }
        Some(known) if plan.retries.are_meant() && retried::may_be(tx, &known, line)? => {
            summary.corrected += u64::from(try_again(tx, plan, known, (line, cells), delta)?);
        }
        Some(known) if known.attempts > 0 => {
            let changed = plan.texts.see(tx, plan.campaign, (plan.shape, plan.header), &known, line)?;
            if changed && plan.rejects_changed {
                return reject_changed(tx, plan, &known, (line, cells), delta);
            }
            summary.frozen += u64::from(known.differs(plan.shape, &line.content));
            plan.lanes.follow(tx, plan.campaign, &known, line)?;
            summary.started += u64::from(known.state == State::Started);
            summary.changed += u64::from(changed);
            keep(tx, &known, line, delta)?;
        }
        Some(known) => {
            summary.updated += u64::from(rows::update(tx, plan, &known, line, cells, delta)?);
        }
    }
    Ok(())
}

/// Whether a line has something to send that was not sent before: to a recipient who was never attempted, or who failed
/// and is tried again with another number.
fn is_to_be_sent(known: Option<&ExistingRecipient>, retries: Retries, destination: &str) -> bool {
    known.is_none_or(|known| {
        let again = retries.are_meant() && known.state == State::Failed && known.destination != destination;
        known.attempts == 0 || again
    })
}

/// The line is no recipient, and the recipient who was contacted has no line.
fn reject_changed(
    tx: &Transaction<'_>,
    plan: &mut Plan,
    known: &ExistingRecipient,
    (line, cells): (&FileLine, &str),
    delta: &mut Delta,
) -> Result<(), JournalError> {
    let Content::Recipient { key, destination, .. } = &line.content else { return Ok(()) };
    let what = if known.destination == *destination { "other cells" } else { "another number" };
    let reason = format!("this campaign contacted the recipient with this key, and the file now has {what}");
    let content =
        Content::Rejected { code: CHANGED_AFTER_CONTACT.to_owned(), reason, key: Some(key.clone()) };
    tx.prepare_cached("UPDATE row SET line = NULL WHERE id = ?1")?.execute([known.id])?;
    rows::insert(tx, plan, &FileLine { content, ..line.clone() }, State::Rejected, cells, delta).map(drop)
}
