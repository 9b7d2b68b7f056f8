//! A recipients file in the journal of its campaign, with what is foreseen of a run that begins so. A run plans its file
//! by this, and `check` and a dry run do in a copy of the journal: so all three say the same.

use crate::app::error::Error;
use crate::app::open::{Admitted, admit};
use crate::app::options::SendOptions;
use crate::app::plan_file::{self, PlanFile};
use crate::app::run_senders;
use crate::domain::definition::Definition;
use crate::domain::preflight::{Findings, JournalFacts, Preflight};
use crate::domain::unix_millis::UnixMillis;
use crate::engine::RunSender;
use crate::journal::{CampaignId, Journal, Retries};

/// What is known once the file is planned.
pub(super) struct PlannedFile {
    pub(super) findings: Box<Findings>,
    facts: JournalFacts,
    senders: Vec<RunSender>,
}

impl PlannedFile {
    /// Plans the whole file, and looks what earlier contacts, limits and senders make of it.
    ///
    /// # Errors
    /// Where the file cannot be read or planned, or the journal cannot be read or written.
    pub(super) fn plan(
        file: &mut PlanFile,
        (journal, campaign): (&mut Journal, CampaignId),
        (definition, options): (&Definition, &SendOptions),
        assumed_number: Option<String>,
        now: &dyn Fn() -> UnixMillis,
    ) -> Result<Self, Error> {
        file.refuse_part(journal, campaign)?;
        let findings = file.findings(definition).forecasting(definition, now(), options.keeps_hours());
        let mut findings = Box::new(findings);
        if options.retry_failed {
            file.retry_failed(Retries::Proposed);
        }
        let mut facts = file.plan(journal, campaign, &mut findings)?;
        let suppression = std::mem::take(&mut file.lists.suppression);
        let admitted = Admitted { suppression, sample: options.sample, assumed_number };
        admit((journal, campaign), (definition, options), admitted)?;
        facts.held = journal.held_rows(campaign, now())?;
        let numbers = journal.numbers_in_common(campaign, now())?;
        findings.keep_limits(journal.used_of_limits(campaign, now())?, numbers);
        let senders = run_senders::foresee(&mut findings, (journal, campaign), definition, now())?;
        Ok(Self { findings, facts, senders })
    }

    /// What a run would come to.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub(super) fn settle(
        self,
        (journal, campaign): (&Journal, CampaignId),
        options: &SendOptions,
    ) -> Result<Preflight, Error> {
        plan_file::settle(*self.findings, self.facts, (journal, campaign), options, &self.senders)
    }
}
