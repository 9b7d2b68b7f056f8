//! What this build is made of: what a bug report needs.

use serde::Serialize;

use crate::domain::data_release::DataRelease;
use crate::journal;

/// The releases behind a build. Serialized, it is the object of `campaign version --json`.
#[derive(Debug, Clone, Serialize)]
pub struct Version {
    /// This program's.
    pub version: &'static str,
    /// The commit it was built from; `unknown` where it was built without git.
    pub commit: &'static str,
    /// The release of `aws-sdk-connect`.
    pub sdk: &'static str,
    /// The release of SQLite that is built in.
    pub sqlite: &'static str,
    /// libphonenumber's release, with its day: which numbers can be dialled.
    pub phone_metadata: String,
    /// The release of the tz database that is built in: when clocks change.
    pub time_zones: &'static str,
    /// The system that it was built for, as `architecture-system`.
    pub target: String,
}

impl Version {
    /// Of this build.
    #[must_use]
    pub fn of_this_build() -> Self {
        let numbers = DataRelease::PHONE_METADATA;
        Self {
            version: env!("CARGO_PKG_VERSION"),
            commit: env!("CAMPAIGN_COMMIT"),
            sdk: env!("CAMPAIGN_SDK"),
            sqlite: journal::sqlite_release(),
            phone_metadata: format!("{} ({})", numbers.release, numbers.date),
            time_zones: DataRelease::time_zones().release,
            target: format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_build_knows_its_parts() {
        let version = Version::of_this_build();
        for part in [version.sdk, version.sqlite] {
            assert!(part.split('.').count() >= 3, "{version:?}");
        }
    }

    /// The crate says the release of its metadata in its readme alone: with another release of the crate, look there.
    #[test]
    fn the_metadata_are_those_of_the_locked_crate() {
        assert_eq!(env!("CAMPAIGN_RLIBPHONENUMBER"), "2.2.15", "PHONE_METADATA says what 2.2.15 has");
    }
}
