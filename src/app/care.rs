//! Care of a journal: copies of it, also to PostgreSQL and back, and the purge of finished campaigns.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::app::error::Error;
use crate::app::paths::{self, CampaignPaths};
use crate::domain::foreign;
use crate::domain::next_step::{Advice, Command};
use crate::domain::unix_millis::UnixMillis;
use crate::journal::{
    self, Campaign, CampaignLock, Copied, CopiedJournal, IfOpen, Journal, JournalError, OpenContacts,
    PostgresAddress, Purged, Reader, Snapshot,
};

/// Copies the journal to `path`; in a folder, the copy is named after journal and time.
///
/// # Errors
/// Where the journal cannot be read, or the copy cannot be written.
pub fn back_up(journal: &Path, path: &Path, now: UnixMillis) -> Result<Copied, JournalError> {
    let path = if path.is_dir() { path.join(named_after(journal, now)) } else { path.to_owned() };
    Reader::open(journal)?.copy_to(&path)
}

/// A journal that was copied between SQLite and PostgreSQL, verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalCopy {
    /// Where it was copied from, as it may be shown.
    pub from: String,
    /// Where it is now, as it may be shown.
    pub to: String,
    /// Whether it is in PostgreSQL now.
    pub is_in_postgres: bool,
    /// What it has.
    pub copied: CopiedJournal,
}

/// Copies a journal from a file to PostgreSQL, or from there to a new file; into a folder, under a name of journal and
/// time. What an address does not say, this process's environment says.
///
/// # Errors
/// Where not exactly one of them is an address of PostgreSQL, there is something at `to` already, or the copy fails.
pub fn copy(from: &Path, to: &Path, now: UnixMillis) -> Result<JournalCopy, Error> {
    let address = |path: &Path| -> Result<Option<PostgresAddress>, Error> {
        let parse = || PostgresAddress::parse(&path.to_string_lossy(), &|name| std::env::var(name).ok());
        let address = PostgresAddress::is_one(path).then(parse).transpose();
        Ok(address.map_err(JournalError::from)?)
    };
    match (address(from)?, address(to)?) {
        (None, Some(address)) => {
            let copied = Reader::open(from)?.store(from, &address, now)?;
            Ok(JournalCopy {
                from: foreign::path(from),
                to: address.to_string(),
                is_in_postgres: true,
                copied,
            })
        }
        (Some(address), None) => {
            let named = |folder: PathBuf| folder.join(named_after(Path::new("journal.db"), now));
            let to = if to.is_dir() { named(to.to_owned()) } else { to.to_owned() };
            let copied = journal::fetch(&address, &to)?;
            Ok(JournalCopy {
                from: address.to_string(),
                to: foreign::path(&to),
                is_in_postgres: false,
                copied,
            })
        }
        (None, None) => Err(Error::usage(
            "a journal is copied to PostgreSQL or from there, and both of these are files",
            Advice::new("an address begins with postgres://; ")
                .run(Command::BackUpJournal)
                .then(" copies to another file")
                .into(),
        )),
        (Some(_), Some(_)) => Err(Error::usage(
            "a journal is copied from PostgreSQL to a file or from a file there, and both of these are in PostgreSQL",
            "copy it with PostgreSQL's own pg_dump and pg_restore, schema by schema; nothing was copied"
                .into(),
        )),
    }
}

/// `journal-20260301T093000Z.db`: sorts by time, and any file system takes it.
fn named_after(journal: &Path, now: UnixMillis) -> String {
    let part = |part: Option<&std::ffi::OsStr>| part.unwrap_or_default().to_string_lossy().into_owned();
    let time: String = now.to_string().chars().take(19).filter(|c| !matches!(c, '-' | ':')).collect();
    format!("{}-{time}Z.{}", part(journal.file_stem()), part(journal.extension().or(Some("db".as_ref()))))
}

/// Which campaigns are purged.
#[derive(Debug, Clone, Copy)]
pub struct ChosenCampaigns {
    /// Every finished one, not only the one that is meant.
    pub all: bool,
    /// Only those whose last run is older.
    pub older_than: Option<Duration>,
    /// What becomes of those whose contacts may be open.
    pub if_open: IfOpen,
}

/// A purge that is prepared: every campaign of the journal is held, and nothing is removed yet.
pub struct Purge<'a> {
    /// What is to be purged.
    pub campaigns: Vec<Campaign>,
    /// What is not, of all that are finished, because contacts may be open.
    pub left: Vec<(Campaign, OpenContacts)>,
    if_open: IfOpen,
    journal: &'a Path,
    now: UnixMillis,
    _locks: Vec<CampaignLock>,
}

impl<'a> Purge<'a> {
    /// Chooses the campaigns and holds the journal: the database is written anew, whatever the campaign.
    ///
    /// # Errors
    /// Where the journal cannot be read, or another process holds one of its campaigns.
    pub fn prepare(
        place: &'a CampaignPaths,
        chosen: ChosenCampaigns,
        now: UnixMillis,
    ) -> Result<Self, Error> {
        let reader = Reader::open(&place.journal)?;
        let all = reader.snapshot()?.campaigns()?;
        let locks = all.iter().map(|campaign| CampaignLock::take(&place.journal, &campaign.name, now));
        let locks = locks.collect::<Result<_, _>>()?;
        let (mut campaigns, mut left) = (Vec::new(), Vec::new());
        let snapshot = reader.snapshot()?;
        for campaign in chosen.of(place, &snapshot, now)? {
            // Of all, those are chosen that are finished; the one that is meant is refused with what to do.
            let open = match (chosen.all, chosen.if_open) {
                (true, IfOpen::Refuse) => snapshot.open_contacts(&campaign, now)?,
                (true, IfOpen::Purge) => None,
                (false, if_open) => {
                    snapshot.may_be_purged(&campaign, if_open, now)?;
                    None
                }
            };
            match open {
                Some(open) => left.push((campaign, open)),
                None => campaigns.push(campaign),
            }
        }
        Ok(Self { campaigns, left, if_open: chosen.if_open, journal: &place.journal, now, _locks: locks })
    }

    /// Removes what is personal. Says what was removed of each campaign.
    ///
    /// # Errors
    /// Where a campaign is not finished, or the journal cannot be written.
    pub fn run(self) -> Result<Vec<(Campaign, Purged)>, JournalError> {
        if self.campaigns.is_empty() {
            return Ok(Vec::new());
        }
        let mut journal = Journal::open(self.journal)?;
        let mut purged = Vec::with_capacity(self.campaigns.len());
        for campaign in self.campaigns {
            let result = journal.purge(&campaign, self.if_open, self.now)?;
            purged.push((campaign, result));
        }
        journal.clean()?;
        Ok(purged)
    }
}

impl ChosenCampaigns {
    /// The one that is meant, which must be finished, or of all of them those that are.
    fn of(
        self,
        place: &CampaignPaths,
        snapshot: &Snapshot<'_>,
        now: UnixMillis,
    ) -> Result<Vec<Campaign>, Error> {
        let is_old = |campaign: &Campaign| -> Result<bool, JournalError> {
            let Some(age) = self.older_than else { return Ok(true) };
            let last = snapshot.runs(campaign.id, 1)?.pop().map_or(campaign.created_at, |run| run.seen_at);
            Ok(now.since(last) >= age)
        };
        let candidates = if self.all {
            let mut finished = Vec::new();
            for campaign in snapshot.campaigns()? {
                if snapshot.is_finished(campaign.id)? {
                    finished.push(campaign);
                }
            }
            finished
        } else {
            vec![paths::which(snapshot, place.campaign.as_deref())?]
        };
        let mut chosen = Vec::new();
        for campaign in candidates {
            if is_old(&campaign)? {
                chosen.push(campaign);
            }
        }
        Ok(chosen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_in_a_folder_is_named_after_journal_and_time() {
        let now = UnixMillis::from_millis(1_772_357_400_120);
        assert_eq!(named_after(Path::new("x/journal.db"), now), "journal-20260301T093000Z.db");
        assert_eq!(named_after(Path::new("sms"), now), "sms-20260301T093000Z.db");
    }
}
