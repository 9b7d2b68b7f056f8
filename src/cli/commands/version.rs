//! `campaign version`: what this program is made of.

use crate::app::version::Version;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::session::Session;
use crate::domain::delivery::ending::Exit;

/// Runs the command.
///
/// # Errors
/// Where stdout cannot be written.
pub fn run(session: &Session<'_>) -> Result<Exit, Failure> {
    let version = Version::of_this_build();
    if session.global.json {
        output::json(&version)?;
    } else {
        output::line(&text(&version))?;
    }
    Ok(Exit::Done)
}

fn text(version: &Version) -> String {
    let Version { version, commit, sdk, sqlite, phone_metadata, time_zones, target } = version;
    format!(
        "campaign {version} (commit {commit}, {target})\n\
         aws-sdk-connect  {sdk}\n\
         SQLite           {sqlite}\n\
         phone metadata   libphonenumber {phone_metadata}\n\
         time zones       {time_zones}"
    )
}
