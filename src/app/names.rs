//! Which campaign a definition is, where its name depends on the recipients file or on the day.

use std::fs::File;
use std::path::Path;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::app::error::Error;
use crate::clock::Clock;
use crate::domain::definition::name;
use crate::domain::figures::counted;
use crate::domain::foreign;
use crate::domain::next_step::NextStep;
use crate::domain::unix_millis::UnixMillis;
use crate::journal::{self, Campaign, JournalError, Planned, Reader};
use crate::recipients::{Source, rejects_are_in};

/// Endings of files that say how they are written, and nothing of what they are.
const PACKED: &[&str] = &[".gz", ".zst", ".zip"];

/// The name for a recipients file. A campaign of another day goes on until nothing of it is left to send; only then is the next
/// one of today.
///
/// # Errors
/// Where the name needs a file's name and the recipients come from a pipe, or is too long with it; where there is a
/// journal that cannot be read.
pub(super) fn for_file(journal: &Path, names: &str, source: &Source, clock: &Clock) -> Result<String, Error> {
    let mut names = names.to_owned();
    if name::has_file(&names) {
        names = name::with_file(&names, &stem(source)?);
    }
    if name::has_date(&names) {
        let last = of_names(journal, &names)?.into_iter().max_by_key(|known| known.created_at);
        names = match last {
            Some(last) if is_open(journal, &last)? => {
                let today = name::with_date(&names, &day(clock.now()));
                refuse_another_file(journal, (&last, &today), source)?;
                last.name
            }
            _ => name::with_date(&names, &day(clock.now())),
        };
    }
    if !name::is_valid(&names) {
        return Err(Error::usage(
            format!(
                "the campaign's name would be {names:?}: it must have 1 to 128 characters, and no control character"
            ),
            NextStep::NameCampaignByOption(Vec::new()),
        ));
    }
    Ok(names)
}

/// The campaign of the journal that has one of these names.
///
/// # Errors
/// Where there are none or several, or the journal cannot be read.
pub(super) fn only(journal: &Path, names: &str) -> Result<String, Error> {
    if !name::has_file(names) && !name::has_date(names) {
        return Ok(names.to_owned());
    }
    let mut found = of_names(journal, names)?;
    match (found.pop(), found.is_empty()) {
        (Some(only), true) => Ok(only.name),
        (None, _) => Err(Error::usage(
            format!("the journal {} has no campaign of the name {names}", foreign::path(journal)),
            NextStep::BeginOrOtherJournal,
        )),
        (Some(last), false) => {
            let known = found.into_iter().chain([last]).map(|campaign| campaign.name).collect();
            Err(Error::usage(
                format!("which campaign? the journal has several of the name {names}"),
                NextStep::NameCampaignByOption(known),
            ))
        }
    }
}

/// The campaigns of the journal, if there is one, that may have one of these names.
fn of_names(journal: &Path, names: &str) -> Result<Vec<Campaign>, Error> {
    if !journal::may_exist(journal) {
        return Ok(Vec::new());
    }
    let campaigns = match Reader::open(journal).and_then(|reader| reader.campaigns()) {
        Ok(campaigns) => campaigns,
        // Whoever opens it to write says what is wrong with that.
        Err(JournalError::Missing(_)) => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    Ok(campaigns.into_iter().filter(|campaign| name::is_one_of(&campaign.name, names)).collect())
}

/// Whether anything of the campaign is left to send, or its file was not read to its end and agreed to.
fn is_open(journal: &Path, campaign: &Campaign) -> Result<bool, Error> {
    let reader = Reader::open(journal)?;
    Ok(reader.tally(campaign.id)?.unsettled() > 0 || reader.planned(campaign.id)? != Planned::Agreed)
}

/// Another file on another day is the next mailing, and no part of the one that goes on: whoever was contacted in that
/// would get nothing, and whoever still waits in it would be withdrawn. Corrections of its file are another file.
fn refuse_another_file(
    journal: &Path,
    (last, today): (&Campaign, &str),
    source: &Source,
) -> Result<(), Error> {
    if matches!(source, Source::Stdin) {
        return Ok(());
    }
    let path = source.path();
    let path = path.as_path();
    let reader = Reader::open(journal)?;
    let begun_with = reader.runs(last.id, 1)?.into_iter().next().and_then(|run| run.file);
    let name = |path: &Path| path.file_name().map(ToOwned::to_owned);
    let Some(before) = begun_with.filter(|before| name(Path::new(before)) != name(path)) else {
        return Ok(());
    };
    if last.name == today || File::open(path).is_ok_and(|file| rejects_are_in(&file)) {
        return Ok(());
    }
    let waiting = counted(reader.tally(last.id)?.unsettled(), "row", "rows");
    Err(Error::usage(
        format!(
            "{} has {waiting} left to send, of {}, and {} is another file of another day",
            foreign::shown(&last.name),
            foreign::path(Path::new(&before)),
            foreign::path(path)
        ),
        NextStep::NameCampaignByOption(vec![last.name.clone(), today.to_owned()]),
    ))
}

/// The file's name without its ending, and without that of an archive.
fn stem(source: &Source) -> Result<String, Error> {
    if matches!(source, Source::Stdin) {
        return Err(Error::usage(
            "the campaign's name has {file} in it, and the recipients come from standard input",
            NextStep::NameCampaignByOption(Vec::new()),
        ));
    }
    let mut file = source.path().file_name().unwrap_or_default().to_string_lossy().into_owned();
    for ending in PACKED {
        if let Some(packed) = file.strip_suffix(ending) {
            file = packed.to_owned();
        }
    }
    Ok(Path::new(&file).file_stem().unwrap_or_default().to_string_lossy().into_owned())
}

/// The day in the zone of this machine or session (`TZ`), else in UTC.
fn day(now: UnixMillis) -> String {
    let zone = TimeZone::try_system().unwrap_or(TimeZone::UTC);
    let now = Timestamp::from_millisecond(now.millis()).unwrap_or(Timestamp::UNIX_EPOCH);
    now.to_zoned(zone).date().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_without_its_endings() {
        for (path, name) in [
            ("lists/week 1.csv", "week 1"),
            ("week.1.csv.gz", "week.1"),
            ("people.xlsx", "people"),
            ("people", "people"),
            ("s3://lists/2026/may.csv.gz", "may"),
            ("https://host.example/a/may.csv?a/b.csv", "may"),
        ] {
            assert_eq!(stem(&Source::named(Path::new(path)).unwrap()).unwrap(), name);
        }
        assert!(stem(&Source::Stdin).is_err());
    }
}
