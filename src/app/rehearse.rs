//! A rehearsal: the whole campaign against the simulator, in virtual time. Hours, schedule, limits and pace are kept, and days
//! pass in seconds. Where a day is full, another run goes on the next day, as a scheduler would begin it.
//!
//! It works in a [`RehearsedJournal`], a copy of the real one with all that a run would keep to: contacts of other
//! campaigns, the suppression list, what is in doubt. The real one is only read, and nobody is reached.

use std::collections::HashSet;
use std::fs::{self, File, Metadata};
use std::io::{self, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use tempfile::TempDir;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::app::error::Error;
use crate::app::plan_file::PlanFile;
use crate::app::run::{PreparedRun, RunContext};
use crate::app::send::{Run, RunResult};
use crate::clock::Clock;
use crate::domain::delivery::ending::Ending;
use crate::domain::forecast::{CourseBook, Forecast};
use crate::domain::limits::LimitReached;
use crate::domain::phone;
use crate::domain::preflight::Preflight;
use crate::domain::row::binding::LaneColumns;
use crate::domain::unix_millis::UnixMillis;
use crate::engine::{Observer, Stop};
use crate::journal::{self, CampaignId, Journal, JournalError, Reader, RowId};

/// Runs of one rehearsal, at most: of a limit of the day that takes years, the first ones tell enough.
const MOST_RUNS: usize = 1_000;
/// A journal of more bytes is not copied into memory.
const MOST_IN_MEMORY: u64 = 256 * 1024 * 1024;

/// What came of a rehearsal.
#[derive(Debug)]
pub struct Rehearsal {
    /// What its runs did, all together, and how the last one ended.
    pub result: RunResult,
    /// Its runs, in order.
    pub runs: Vec<RehearsedRun>,
    /// How it was said before the start that contacts would start.
    pub forecast: Option<Forecast>,
    /// How they did: by the moments at which their requests left.
    pub course: Forecast,
}

/// One of the runs of a rehearsal, in virtual time.
#[derive(Debug, Clone, PartialEq)]
pub struct RehearsedRun {
    /// When it began.
    pub began_at: UnixMillis,
    /// When it ended.
    pub ended_at: UnixMillis,
    /// Contacts that it started.
    pub started: u64,
    /// Why it ended.
    pub ending: Ending,
}

/// What the folders of rehearsals begin with...
const FOLDER: &str = "campaign-rehearse-";
/// ...and the file in each that its process holds a lock on.
const IN_USE: &str = "in-use";

/// The journal of a rehearsal, in a folder that only this user can enter and that goes with it.
#[derive(Debug)]
pub struct RehearsedJournal {
    folder: TempDir,
    _in_use: File,
}

impl RehearsedJournal {
    /// With all that the real journal knows, where there is one.
    ///
    /// # Errors
    /// Where the journal cannot be read or copied, or there is no folder to be had.
    pub fn copy_of(journal: &Path) -> Result<Self, Error> {
        let reader = match journal::may_exist(journal).then(|| Reader::open(journal)) {
            None | Some(Err(JournalError::Missing(_))) => None,
            Some(reader) => Some(reader?),
        };
        let bytes = journal.metadata().map_or(0, |file| file.len());
        // In memory where the system has such a place, as each commit waits for the disk otherwise.
        let memory = Path::new("/dev/shm");
        let exhausted = |error| Error::exhausted("make a folder for the rehearsal's journal", &error);
        [memory, &std::env::temp_dir()].into_iter().for_each(remove_left_behind);
        let in_memory = (bytes <= MOST_IN_MEMORY).then(|| prefixed().tempdir_in(memory).ok()).flatten();
        let folder = in_memory.map_or_else(|| prefixed().tempdir(), Ok).map_err(exhausted)?;
        let in_use = hold(folder.path()).map_err(exhausted)?;
        let copy = Self { folder, _in_use: in_use };
        if let Some(reader) = reader {
            reader.copy_to(&copy.path())?;
        }
        Ok(copy)
    }

    /// Its folder, which goes with it.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Its file, which there may not be yet.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("rehearsal.db")
    }

    /// Keeps it in another place, where there must be no file yet. The campaign is one of the simulator's there, whatever it
    /// was before: nothing is sent by that journal.
    ///
    /// # Errors
    /// Where it cannot be read or written.
    pub fn keep(&self, campaign: &str, place: &Path) -> Result<(), JournalError> {
        let journal = Journal::open(&self.path())?;
        journal.leave_to_simulator(campaign)?;
        journal.close()?;
        Reader::open(&self.path())?.copy_to(place).map(drop)
    }
}

fn prefixed() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(FOLDER);
    builder
}

/// Marks a folder as used for as long as the file is open. Nobody finds the mark without its lock.
fn hold(folder: &Path) -> io::Result<File> {
    let new = folder.join("new");
    let mut file = File::create_new(&new)?;
    file.try_lock()?;
    writeln!(file, "{}", std::process::id())?;
    fs::rename(new, folder.join(IN_USE))?;
    Ok(file)
}

/// Removes what rehearsals of this user left that were killed.
fn remove_left_behind(place: &Path) {
    let entries = fs::read_dir(place).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(FOLDER)) {
        let ours = |there: Metadata| there.is_dir() && there.uid() == rustix::process::geteuid().as_raw();
        if !entry.metadata().is_ok_and(ours) {
            continue;
        }
        // One without a mark is being made, or nobody's.
        let mark = File::open(entry.path().join(IN_USE));
        if mark.is_ok_and(|mark| mark.try_lock().is_ok()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// A clock that stands at a moment until it is started, and then moves with tokio's time.
#[derive(Debug, Clone)]
pub struct VirtualClock {
    from: UnixMillis,
    started: Arc<OnceLock<Instant>>,
}

impl VirtualClock {
    /// A clock that stands.
    #[must_use]
    pub fn at(from: UnixMillis) -> Self {
        Self { from, started: Arc::default() }
    }

    /// The same as everything else takes it.
    #[must_use]
    pub fn clock(&self) -> Clock {
        let Self { from, started } = self.clone();
        Clock::from_fn(move || started.get().map_or(from, |started| from.plus(started.elapsed())))
    }

    fn start(&self) {
        self.started.get_or_init(Instant::now);
    }
}

/// Plans the file and sends it to the simulator, inside a runtime of one thread; `observer` is told of each run, one after the
/// other. `context` has the virtual clock, options that rehearse, and paths with a journal of the rehearsal's own.
///
/// # Errors
/// Where the file cannot be planned, or too much of it is wrong to be sent.
pub async fn rehearse(
    file: PlanFile,
    context: RunContext<'_>,
    clock: &VirtualClock,
    observer: &mut dyn Observer,
) -> Result<Result<Rehearsal, String>, Error> {
    let mut prepared = PreparedRun::with_file(file, context).await?;
    if let Some(reason) = prepared.preflight().and_then(Preflight::refusal) {
        return Ok(Err(reason));
    }
    let forecast = prepared.preflight().and_then(Preflight::forecast).cloned();
    prepared.agree()?;
    let before = RehearsalStart::of(&context)?;
    // Files were read in real time; from here on nothing but the simulator is waited for.
    tokio::time::pause();
    clock.start();
    let began_at = context.clock.now();
    let mut result = prepared.begin(watch::channel(Stop::No).1)?.send(observer).await?;
    let mut runs = vec![RehearsedRun::of(began_at, &result)];
    while let Some(goes_on_at) = next_day(&result.outcome.ending).filter(|_| runs.len() < MOST_RUNS) {
        tokio::time::sleep(goes_on_at.since(context.clock.now())).await;
        let began_at = context.clock.now();
        let next = go_on(context).await?.send(observer).await?;
        runs.push(RehearsedRun::of(began_at, &next));
        result = result.then(next);
    }
    let course = before.course(&context)?;
    Ok(Ok(Rehearsal { result, runs, forecast, course }))
}

/// The run of the next day. In a box: opening a campaign is a large future.
async fn go_on(context: RunContext<'_>) -> Result<Run, Error> {
    Box::pin(PreparedRun::from_journal(context)).await?.begin(watch::channel(Stop::No).1)
}

/// When another run goes on that has something to do: on the next day, or when the campaign is over and what is left expires.
fn next_day(ending: &Ending) -> Option<UnixMillis> {
    match ending {
        Ending::LimitReached(LimitReached::PerDay(_, until)) => Some(*until),
        Ending::LastDayFull { ends_at, .. } => Some(*ends_at),
        _ => None,
    }
}

impl RehearsedRun {
    fn of(began_at: UnixMillis, result: &RunResult) -> Self {
        Self {
            began_at,
            ended_at: result.ended_at,
            started: result.outcome.counters.started,
            ending: result.outcome.ending.clone(),
        }
    }
}

/// What the campaign had done before its rehearsal began.
struct RehearsalStart {
    from: UnixMillis,
    campaign: CampaignId,
    /// Contacts of real runs whose moments are not before that of the rehearsal.
    contacts: HashSet<RowId>,
}

impl RehearsalStart {
    fn of(context: &RunContext<'_>) -> Result<Self, Error> {
        let reader = Reader::open(&context.paths.journal)?;
        let campaign = reader.campaign(&context.definition.name)?.id;
        let (from, mut contacts) = (context.clock.now(), HashSet::new());
        reader.each_contact_since(campaign, from, |contact| _ = contacts.insert(contact.row))?;
        Ok(Self { from, campaign, contacts })
    }

    /// The course of the contacts that came since.
    fn course(&self, context: &RunContext<'_>) -> Result<Forecast, Error> {
        let mut book = CourseBook::default();
        let reader = Reader::open(&context.paths.journal)?;
        reader.each_contact_since(self.campaign, self.from, |contact| {
            if self.contacts.contains(&contact.row) {
                return;
            }
            let of_number = || {
                let phone = phone::parse(contact.destination?, None).ok()?;
                LaneColumns::default().lane(&phone, |_| "").ok()
            };
            match contact.lane {
                Some(lane) => book.start(Some(lane), contact.requested_at),
                None => book.start(of_number().as_ref(), contact.requested_at),
            }
        })?;
        Ok(book.course())
    }
}
