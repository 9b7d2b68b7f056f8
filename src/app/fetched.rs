//! A recipients file within reach: one of this machine as it is, or an object that is fetched first.
//!
//! An object is copied to a file without a name, as it comes, and then read as a file of this machine is: twice where its
//! encoding must be found out, and again for its rejected rows. Nothing of it stays when the process ends. Where rows are sent
//! while they are read, it is read as a pipe is.

use std::fs::File;
use std::io::{self, Read, Write as _};
use std::path::PathBuf;

use crate::app::error::Error;
use crate::app::paths::CampaignPaths;
use crate::app::service::settings;
use crate::clock::Clock;
use crate::connect::{self, ObjectReader, OpenObject};
use crate::domain::definition::{Definition, RecipientsSettings};
use crate::domain::foreign;
use crate::domain::object::{ObjectIdentity, ObjectUrl};
use crate::journal::{CampaignId, Reader, RunRecord};
use crate::recipients::{FileError, FileProblem, Recipients, Source};

/// What a run notes of an object: how it is known again.
const ETAG: &str = "etag";
const VERSION: &str = "version_id";
/// What it notes of a URL whose query it does not keep.
const QUERY: &str = "query";

/// Bytes that are copied at once.
const PIECE: usize = 64 * 1024;
/// Runs that are looked at for the last file that was read, at most.
const RUNS: u32 = 100;

/// A recipients file within reach.
pub(super) struct FetchedFile {
    source: Source,
    object: Option<FetchedObject>,
}

struct FetchedObject {
    identity: ObjectIdentity,
    /// The copy, where it is not read as it comes.
    copy: Option<File>,
}

/// A recipients file as a run notes it.
#[derive(Debug, Clone)]
pub struct NotedFile {
    /// What it is called.
    pub path: PathBuf,
    /// What makes it the same as before, where it is an object: names and values.
    pub known_by: Vec<(String, String)>,
}

impl FetchedFile {
    /// Fetches the file, where it must be, and opens it. `streams`: its rows are wanted before all of it is there.
    ///
    /// # Errors
    /// Where it cannot be fetched, or is no recipients file.
    pub(super) fn open(
        source: &Source,
        (definition, paths): (&Definition, &CampaignPaths),
        streams: bool,
        clock: &Clock,
    ) -> Result<(Self, Recipients), Error> {
        let how = &definition.recipients;
        let Source::Object(url) = source else {
            let recipients = Recipients::open(source, how)?;
            return Ok((Self { source: source.clone(), object: None }, recipients));
        };
        let name = source.to_string();
        let failed = |problem| FileError { name: name.as_str().into(), problem };
        let opened = connect::open_object(url, &settings(definition, paths), clock);
        let OpenObject { identity, reader } =
            opened.map_err(|problem| failed(FileProblem::Object(problem)))?;
        let (copy, recipients) = if streams {
            (None, Recipients::from_reader(reader, &name, how)?)
        } else {
            let copy = copied(reader).map_err(failed)?;
            let recipients = Recipients::open_copy(&copy, &name, how)?;
            (Some(copy), recipients)
        };
        let object = Some(FetchedObject { identity, copy });
        Ok((Self { source: source.clone(), object }, recipients))
    }

    /// The same file once more, from its beginning; `None` where it can be read once only.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub(super) fn again(&self, how: &RecipientsSettings) -> Result<Option<Recipients>, Error> {
        Ok(match (&self.source, &self.object) {
            (Source::File(file), _) if file.is_file() => Some(Recipients::open(&self.source, how)?),
            (source, Some(FetchedObject { copy: Some(copy), .. })) => {
                Some(Recipients::open_copy(copy, &source.to_string(), how)?)
            }
            _ => None,
        })
    }

    /// What it is called.
    pub(super) fn name(&self) -> String {
        self.source.to_string()
    }

    /// As a run notes it.
    pub(super) fn noted(&self) -> NotedFile {
        let mut note = Vec::new();
        if let Some(FetchedObject { identity, .. }) = &self.object {
            note.extend(identity.etag.as_ref().map(|etag| (ETAG, etag.clone())));
            note.extend(identity.version.as_ref().map(|version| (VERSION, version.clone())));
        }
        if let Source::Object(url) = &self.source
            && url.has_query()
        {
            note.push((QUERY, "not kept".to_owned()));
        }
        let known_by = note.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        NotedFile { path: self.source.path(), known_by }
    }
}

/// All of an object, in a file that has no name and goes with the process.
fn copied(mut reader: ObjectReader) -> Result<File, FileProblem> {
    let failed = |error| {
        let folder = foreign::path(std::env::temp_dir());
        FileProblem::Copy { folder: folder.into(), error }
    };
    let mut copy = tempfile::tempfile().map_err(failed)?;
    let mut piece = vec![0; PIECE];
    loop {
        let length = match reader.read(&mut piece) {
            Ok(0) => return Ok(copy),
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error.into()),
        };
        copy.write_all(&piece[..length]).map_err(failed)?;
    }
}

/// Says whether the object that the campaign was last planned from is another one by now: whoever resumes sends what the
/// journal has. Where that cannot be found out, nothing is said: nothing of the object is needed.
///
/// # Errors
/// Where the journal cannot be read.
pub(super) async fn changed_since(
    campaign: CampaignId,
    (definition, paths): (&Definition, &CampaignPaths),
    clock: &Clock,
) -> Result<Option<String>, Error> {
    let runs = Reader::open(&paths.journal)?.runs(campaign, RUNS)?;
    let Some((url, before)) = runs.iter().find(|run| run.file.is_some()).and_then(object_of) else {
        return Ok(None);
    };
    let settings = settings(definition, paths);
    let patience = settings.connect_timeout + settings.read_timeout;
    let asked = connect::identify_object(&url, &settings, clock);
    let words = match tokio::time::timeout(patience, Box::pin(asked)).await {
        Ok(Ok(now)) if now.differs_from(&before) => {
            let etag = |identity: ObjectIdentity| identity.etag.unwrap_or_default();
            return Ok(Some(format!(
                "{} is another file by now (its ETag was {} and is {}): what the journal has of it is sent, and nothing of \
                 what it has now; to take that in, run the file",
                foreign::path(url.path()),
                etag(before),
                etag(now)
            )));
        }
        Ok(Ok(_)) => return Ok(None),
        Ok(Err(problem)) => problem.to_string(),
        Err(_) => "no answer in time".to_owned(),
    };
    tracing::info!("not known whether {} has changed: {words}", foreign::path(url.path()));
    Ok(None)
}

/// The object that a run read, where it can be asked about by what the run noted.
fn object_of(run: &RunRecord) -> Option<(ObjectUrl, ObjectIdentity)> {
    let url = ObjectUrl::parse(run.file.as_deref()?)?.ok()?;
    let identity = identity_of(run);
    (noted(run, QUERY).is_none() && identity.etag.is_some()).then_some((url, identity))
}

/// What the object that a run read was known by; nothing where it read a file.
pub(super) fn identity_of(run: &RunRecord) -> ObjectIdentity {
    ObjectIdentity::of_headers(noted(run, ETAG), noted(run, VERSION))
}

fn noted<'r>(run: &'r RunRecord, wanted: &str) -> Option<&'r str> {
    run.settings.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str())
}
