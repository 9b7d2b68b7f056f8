//! What a run of this file would come to, with the journal as it is, and nothing sent or kept: planned by the same code
//! as a run, in a copy of the journal that is thrown away. Where there is no journal, the file alone decides, planned
//! into an empty one if only the first row of each number counts; where it has other campaigns only, their contacts count
//! in the limits all the same.

use std::num::NonZeroU64;

use crate::app::error::Error;
use crate::app::open;
use crate::app::options::SendOptions;
use crate::app::paths::CampaignPaths;
use crate::app::plan_file::PlanFile;
use crate::app::planned_file::PlannedFile;
use crate::app::preconditions;
use crate::domain::definition::{Definition, SameNumberRule};
use crate::domain::preflight::{Options, Preflight};
use crate::domain::unix_millis::UnixMillis;
use crate::journal::{Identity, Journal, Reader, Service};

/// A run without its requests.
#[derive(Debug, Clone, Copy)]
pub struct DryRun<'a> {
    /// The definition, with the options applied.
    pub definition: &'a Definition,
    /// The campaign's files.
    pub paths: &'a CampaignPaths,
    /// The options of the run.
    pub options: &'a SendOptions,
    /// Whether the journal counts as empty.
    pub fresh: bool,
    /// When the run would begin.
    pub now: UnixMillis,
}

/// Makes the body of a request. A check of a million rows shows none.
type MakeBody<'a> = dyn Fn() -> Result<Vec<u8>, Error> + 'a;

impl DryRun<'_> {
    /// The figures that a run would begin with. `each` is called for every request that it would send first, with what makes
    /// its body.
    ///
    /// # Errors
    /// Where file or journal cannot be read, what would keep a run from planning the file, or the first error of `each`.
    pub fn preflight(
        &self,
        file: &mut PlanFile,
        each: impl FnMut(&MakeBody<'_>) -> Result<(), Error>,
    ) -> Result<Preflight, Error> {
        if self.options.simulate {
            file.at_any_time();
        }
        let continues = !self.fresh && preconditions::has_campaigns(self.paths)?;
        // The first row of a number is known once all rows are, and a journal tells.
        if continues || self.definition.recipients.same_number == SameNumberRule::First {
            self.in_a_copy(file, continues, each)
        } else {
            self.alone(file, each)
        }
    }

    fn alone(
        &self,
        file: &mut PlanFile,
        mut each: impl FnMut(&MakeBody<'_>) -> Result<(), Error>,
    ) -> Result<Preflight, Error> {
        let shape = file.binding.shape().clone();
        let most = self.options.limit.map_or(u64::MAX, NonZeroU64::get);
        let keeps_hours = self.options.keeps_hours();
        let findings = file.findings(self.definition);
        let mut findings = findings.forecasting(self.definition, self.now, keeps_hours);
        let sample = self.options.sample.map(NonZeroU64::get);
        let most = file.rehearse(&mut findings, (most, sample), |recipient| {
            each(&|| {
                let request = shape.fill(&recipient.slots, recipient.phone.as_str(), recipient.client_token);
                Ok(request.expect("slots just rendered fit their shape").body())
            })
        })?;
        Ok(Preflight::new(findings, None, Options { most, simulated: self.options.simulate }))
    }

    /// In a copy of the journal, or in an empty one.
    fn in_a_copy(
        &self,
        file: &mut PlanFile,
        continues: bool,
        mut each: impl FnMut(&MakeBody<'_>) -> Result<(), Error>,
    ) -> Result<Preflight, Error> {
        let Self { definition, paths, options, .. } = self;
        // It has the recipients' numbers: a folder that only this user can enter.
        let folder = tempfile::Builder::new()
            .prefix("campaign-check-")
            .tempdir()
            .map_err(|error| Error::exhausted("make a folder for a copy of the journal", &error))?;
        let copy = folder.path().join("journal.db");
        if continues {
            Reader::open(&paths.journal)?.copy_to(&copy)?;
        }
        let mut journal = Journal::open(&copy)?;
        let stored = open::service_in_copy(&journal, definition)?;
        let identity = Identity {
            name: definition.name.clone(),
            instance_id: definition.connect.instance_id.clone(),
            key_column: open::key_columns(&definition.recipients.key),
            service: if options.simulate { Service::Simulated } else { stored },
        };
        let campaign = journal.rehearsed_campaign(&identity, self.now)?;
        let of = (&mut journal, campaign);
        let planned = PlannedFile::plan(file, of, (definition, options), None, &|| self.now)?;
        let preflight = planned.settle((&journal, campaign), options)?;
        let mut told = Ok(());
        journal.each_waiting(campaign, preflight.to_send(), |row| {
            if told.is_ok() {
                told = each(&|| Ok(row.body()?));
            }
        })?;
        told.map(|()| preflight)
    }
}
