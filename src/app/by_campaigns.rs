//! The campaigns of the journal that a definition names to say whom it is for: `recipients.not_in` and `only_in`. All of
//! them are found before a row is read.

use std::path::PathBuf;

use crate::app::error::Error;
use crate::app::paths::CampaignPaths;
use crate::domain::definition::{ByCampaigns, Definition};
use crate::domain::foreign;
use crate::domain::next_step::NextStep;
use crate::domain::row::suppression::Suppressed;
use crate::journal::{self, EarlierCampaigns, JournalError, Reader, Unsearchable};

/// What the named campaigns have done, in the journals that have them.
#[derive(Debug, Default)]
pub struct NamedCampaigns(Vec<EarlierCampaigns>);

impl NamedCampaigns {
    /// Finds them. A simulation that keeps a journal of its own finds those of the real one as well.
    ///
    /// # Errors
    /// Where one is the campaign itself, is in no journal, or cannot be looked up; where a journal cannot be read.
    pub fn find(definition: &Definition, paths: &CampaignPaths) -> Result<Self, Error> {
        let wanted = &definition.recipients.by_campaigns;
        if wanted.is_empty() {
            return Ok(Self::default());
        }
        refuse_itself(wanted, &definition.name)?;
        let (mut found, mut left, mut known) = (Vec::new(), wanted.clone(), Vec::new());
        for journal in journals(paths) {
            let reader = match Reader::open(&journal) {
                Ok(reader) => reader,
                Err(JournalError::Missing(_)) => continue,
                Err(error) => return Err(error.into()),
            };
            known.extend(reader.campaigns()?.into_iter().map(|campaign| campaign.name));
            let earlier = EarlierCampaigns::of(reader, &left)?;
            for (campaign, name) in earlier.campaigns() {
                if let Some(why) = earlier.unsearchable(campaign)? {
                    return Err(unsearchable(name, why));
                }
                left.not_in.retain(|wanted| wanted != name);
                left.only_in = left.only_in.filter(|only_in| only_in.campaign != name);
            }
            found.push(earlier);
        }
        match left.named().next() {
            None => Ok(Self(found)),
            Some((key, name)) => Err(unknown(key, name, &definition.name, known, paths)),
        }
    }

    /// Why nothing is sent to this number, in E.164, if so.
    ///
    /// # Errors
    /// Where a journal cannot be read.
    pub fn check(&self, number: &str) -> Result<Option<Suppressed>, Error> {
        for journal in &self.0 {
            if let Some(why) = journal.check(number)? {
                return Ok(Some(why));
            }
        }
        Ok(None)
    }
}

/// The journals that may have them: that of the run, and for a simulation's own the one of real runs.
fn journals(paths: &CampaignPaths) -> Vec<PathBuf> {
    let mut journals = vec![paths.journal.clone()];
    if let Some(definition) = &paths.definition
        && paths.simulated_journal().as_ref() == Some(&paths.journal)
    {
        journals.push(definition.with_file_name("journal.db"));
    }
    journals.retain(|journal| journal::may_exist(journal));
    journals
}

fn refuse_itself(wanted: &ByCampaigns, own: &str) -> Result<(), Error> {
    let Some((key, name)) = wanted.named().find(|(_, name)| *name == own) else { return Ok(()) };
    Err(Error::usage(
        format!("{key} names \"{name}\", which is this campaign"),
        NextStep::from(
            "leave it out: a campaign contacts nobody twice, and a second mailing to some of its people is a campaign of its own; \
             nothing was sent",
        ),
    ))
}

fn unknown(key: &str, name: &str, own: &str, mut known: Vec<String>, paths: &CampaignPaths) -> Error {
    known.retain(|known| known != own);
    known.sort();
    known.dedup();
    let journal = foreign::path(&paths.journal);
    let there = match known.is_empty() {
        true => format!("the journal {journal} has no other campaign"),
        false => format!("the journal {journal} has {}", known.join(", ")),
    };
    Error::usage(
        format!("{key} names the campaign \"{name}\", and {there}"),
        NextStep::from(
            "write the name as `campaign status` shows it, or name the journal that has it with -j PATH; nothing was sent",
        ),
    )
}

fn unsearchable(name: &str, why: Unsearchable) -> Error {
    let (what, next) = match why {
        Unsearchable::Purged => (
            "was purged, so that its numbers are not known any more",
            "leave it out of recipients.not_in and only_in; for numbers that you still have, write a list for \
             recipients.suppress; nothing was sent",
        ),
        Unsearchable::HalfPlanned => (
            "has a file that was not read to its end, so that its numbers cannot be looked up",
            "run its file again first; nothing was sent",
        ),
    };
    Error::usage(format!("the campaign \"{name}\" {what}"), NextStep::from(next))
}
