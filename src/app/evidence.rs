//! What an archive of evidence has besides the journal's rows: the definition, the sums of files, and versions.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::time::UNIX_EPOCH;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::app::fetched;
use crate::app::paths::CampaignPaths;
use crate::app::version::Version;
use crate::clock::Clock;
use crate::domain::definition::Definition;
use crate::domain::delivery::tally::Tally;
use crate::domain::foreign;
use crate::domain::object::ObjectIdentity;
use crate::domain::unix_millis::UnixMillis;
use crate::journal::{Campaign, Snapshot};
use crate::report::{Destination, EvidenceFacts, ReportError, write_evidence};

/// An archive that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenEvidence {
    /// Its rows by state.
    pub rows: Tally,
    /// Its SHA-256, in hexadecimal digits.
    pub sha256: String,
}

/// Writes the archive of a campaign, whole or not at all. A file that is there stays.
///
/// # Errors
/// Where the journal cannot be read, or the file exists or cannot be written.
pub fn write(
    snapshot: &Snapshot<'_>,
    campaign: &Campaign,
    (paths, definition): (&CampaignPaths, Option<&Definition>),
    path: &Path,
    clock: &Clock,
) -> Result<WrittenEvidence, ReportError> {
    if path.exists() {
        return Err(ReportError::EvidenceExists(path.to_owned()));
    }
    let text = paths.definition.as_ref().and_then(|path| fs::read(path).ok());
    let runs = snapshot.runs(campaign.id, u32::MAX)?;
    let mut files: Vec<_> =
        runs.iter().filter_map(|run| Some((run.file.clone()?, fetched::identity_of(run)))).collect();
    files.sort();
    files.dedup();
    let origin = snapshot.origin(campaign.id)?;
    let versions: Vec<&str> = runs.iter().map(|run| run.version.as_str()).collect();
    let facts = json!({
        "campaign": campaign.name,
        "instance_id": origin.instance_id,
        "contacts_started_by": origin.service,
        "begun_at": campaign.created_at.to_string(),
        "purged_at": origin.purged_at.map(|at| at.to_string()),
        "made_at": clock.now().to_string(),
        "made_by": Version::of_this_build(),
        "runs_by": versions.iter().rev().collect::<Vec<_>>(),
        "journal": foreign::path(&paths.journal),
        "definition": paths.definition.as_ref().zip(text.as_ref()).map(|(path, text)| {
            json!({ "path": foreign::path(path), "sha256": hex::encode(Sha256::digest(text)), "changed_at": changed_at(path) })
        }),
        "recipients_files": files.iter().map(|(file, identity)| fingerprint(file, identity)).collect::<Vec<_>>(),
    });
    let hours = definition.and_then(|definition| definition.hours.clone());
    let facts = EvidenceFacts { definition: text, hours, facts };
    let mut file = Destination::create(path)?;
    let rows = match write_evidence(snapshot, campaign, &facts, file.out()) {
        Ok(rows) => rows,
        Err(error) => return Err(file.blame(error)),
    };
    file.commit()?;
    let sha256 = sum(path).map_err(|source| ReportError::File { path: path.to_owned(), source })?;
    Ok(WrittenEvidence { rows, sha256 })
}

/// A recipients file as it is now, without a sum where it is not there any more; of an object, as it was then.
fn fingerprint(file: &str, identity: &ObjectIdentity) -> Value {
    let path = Path::new(file);
    if let Some(etag) = &identity.etag {
        return json!({ "path": foreign::path(path), "etag": etag, "version_id": identity.version });
    }
    json!({ "path": foreign::path(path), "sha256": sum(path).ok(), "changed_at": changed_at(path) })
}

fn changed_at(path: &Path) -> Option<String> {
    let since = fs::metadata(path).ok()?.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(UnixMillis::from_millis(i64::try_from(since.as_millis()).ok()?).to_string())
}

fn sum(path: &Path) -> io::Result<String> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let mut hash = Sha256::new();
    let mut file = File::open(path)?;
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = io::Read::read(&mut file, &mut buffer)?;
        if read == 0 {
            return Ok(hex::encode(hash.finalize()));
        }
        hash.update(&buffer[..read]);
    }
}
