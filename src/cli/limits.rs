//! How many files this process may open at once: as many as the system lets it, and never too few to begin.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::cli::failure::{Failure, Masking};
use crate::domain::delivery::ending::Exit;

/// Open files that any command has: the journal and its locks, a runtime, the recipients file, a log, a few connections.
const NEEDED: u64 = 48;
/// Open files for connections, at the highest pace.
const WANTED: u64 = 4_096;

/// Raises the limit as far as is useful and allowed.
///
/// # Errors
/// Where what is allowed is too few.
pub(super) fn raise_open_files() -> Result<(), Failure> {
    let limit = getrlimit(Resource::Nofile);
    let allowed = limit.maximum.unwrap_or(u64::MAX).min(WANTED);
    if limit.current.is_some_and(|current| current < allowed) {
        // Where it cannot be raised, what it is decides.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(allowed), maximum: limit.maximum });
    }
    match getrlimit(Resource::Nofile).current {
        Some(current) if current < NEEDED => Err(Failure {
            message: format!("this process may open {current} files at once, and needs {NEEDED}"),
            hint: Some("raise the limit with `ulimit -n 1024`, then run again; nothing was done".into()),
            exit: Exit::Failure,
            gate: false,
            masking: Masking::Numbers,
        }),
        _ => Ok(()),
    }
}
