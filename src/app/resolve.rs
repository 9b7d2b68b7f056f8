//! Uncertain rows, and what a person decides on them.

use crate::app::error::Error;
use crate::app::paths::{self, CampaignPaths};
use crate::domain::delivery::state::Decision;
use crate::domain::figures::counted;
use crate::domain::next_step::{Advice, Command, Setting};
use crate::domain::unix_millis::UnixMillis;
use crate::journal::{Campaign, CampaignLock, Journal, Reader, Uncertain};

/// Which uncertain rows are decided on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChosenRows {
    /// Every one.
    pub all: bool,
    /// Those with these keys.
    pub keys: Vec<String>,
    /// Those at these lines of the file.
    pub lines: Vec<u64>,
}

impl ChosenRows {
    fn has(&self, row: &Uncertain) -> bool {
        self.all || self.keys.contains(&row.key) || row.line.is_some_and(|line| self.lines.contains(&line))
    }
}

/// The uncertain rows of a campaign, which is held while a person decides.
pub struct UncertainRows {
    /// The campaign.
    pub campaign: Campaign,
    /// The rows.
    pub rows: Vec<Uncertain>,
    journal: Journal,
    now: UnixMillis,
    _lock: CampaignLock,
}

impl UncertainRows {
    /// Those of the campaign, as of now.
    ///
    /// # Errors
    /// Where the journal cannot be read or written, or another process holds the campaign.
    pub fn open(place: &CampaignPaths, now: UnixMillis) -> Result<Self, Error> {
        let campaign = paths::which(&Reader::open(&place.journal)?, place.campaign.as_deref())?;
        let lock = CampaignLock::take(&place.journal, &campaign.name, now)?;
        let mut journal = Journal::open(&place.journal)?;
        journal.expire(campaign.id, now)?;
        let rows = journal.uncertain(campaign.id)?;
        Ok(Self { campaign, rows, journal, now, _lock: lock })
    }

    /// Writes the decision down for the chosen rows. Says how many they are.
    ///
    /// # Errors
    /// Where no row is chosen, or several with one contact id, and where the journal cannot be written.
    pub fn decide(
        mut self,
        chosen: &ChosenRows,
        decision: Decision,
        contact_id: Option<&str>,
    ) -> Result<usize, Error> {
        let ids: Vec<_> = self.rows.iter().filter(|row| chosen.has(row)).map(|row| row.id).collect();
        if ids.is_empty() {
            let advice = Advice::default().run(Command::Resolve).then(" lists those that are");
            return Err(Error::usage("none of these rows is uncertain", advice.into()));
        }
        if contact_id.is_some() && ids.len() > 1 {
            let advice = Advice::new("decide on one row at a time with ")
                .set(Setting::RowKey)
                .then(" or ")
                .set(Setting::RowLine)
                .then(", or leave the contact id out");
            let rows = counted(ids.len() as u64, "row", "rows");
            return Err(Error::usage(format!("one contact id cannot be that of {rows}"), advice.into()));
        }
        self.journal.decide(self.campaign.id, &ids, decision, contact_id, self.now)?;
        Ok(ids.len())
    }
}
