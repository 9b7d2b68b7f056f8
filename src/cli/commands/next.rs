//! The command that goes on after a run, ready for a shell: the same campaign and journal, and requests that go to the
//! same place at the same pace. It leaves out what was for one run only, such as `--limit`.

use std::path::Path;

use crate::cli::Shared;
use crate::cli::commands::sending::SendArgs;
use crate::domain::definition::Rate;

/// How it goes on.
#[derive(Debug, Clone, Copy)]
pub(in crate::cli::commands) enum GoOn<'a> {
    /// From the journal alone.
    Resume,
    /// With the file, whatever it is.
    Run,
    /// With this file.
    File(&'a Path),
    /// With this file, which may not have been read to its end.
    Stream(&'a Path),
}

/// Words with commands in backticks, which are given the campaign and the journal that the user named.
pub(in crate::cli::commands) fn at(words: &str, shared: &Shared) -> String {
    let mut place = String::new();
    let mut option = |name: &str, value: String| place.push_str(&format!(" {name} {}", quoted(&value)));
    if let Some(campaign) = &shared.campaign {
        option("-c", campaign.clone());
    }
    if let Some(journal) = &shared.journal {
        option("-j", journal.display().to_string());
    }
    let pieces = words.split('`').enumerate().map(|(at, piece)| {
        let command = at % 2 == 1 && piece.starts_with("campaign ");
        let has_place = piece.contains(" -c ") || piece.contains(" -j ");
        let takes_one = !piece.starts_with("campaign init");
        if command && takes_one && !has_place { format!("{piece}{place}") } else { piece.to_owned() }
    });
    pieces.collect::<Vec<_>>().join("`")
}

/// The command.
pub(in crate::cli::commands) fn command(goes_on: GoOn<'_>, shared: &Shared, send: &SendArgs) -> String {
    let mut command = match goes_on {
        GoOn::Resume => "campaign resume".to_owned(),
        GoOn::Run => "campaign run FILE".to_owned(),
        GoOn::File(file) => format!("campaign run {}", quoted(&file.display().to_string())),
        GoOn::Stream(file) => format!("campaign run {} --stream --yes", quoted(&file.display().to_string())),
    };
    let mut option = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            command.push_str(&format!(" {name} {}", quoted(&value)));
        }
    };
    option("-c", shared.campaign.clone());
    option("-j", shared.journal.as_ref().map(|path| path.display().to_string()));
    option("--region", send.region.clone());
    option("--profile", send.profile.clone());
    option("--endpoint-url", send.endpoint_url.as_ref().map(|url| url.as_str().to_owned()));
    option(
        "--rate",
        send.rate.map(|rate| match rate {
            Rate::PerSecond(rate) => rate.get().to_string(),
            Rate::Auto => "auto".to_owned(),
        }),
    );
    option("--burst", send.burst.map(|burst| burst.to_string()));
    option("--max-in-flight", send.max_in_flight.map(|most| most.to_string()));
    if send.simulate {
        command.push_str(" --simulate");
    }
    command
}

/// As a POSIX shell reads it back.
pub(in crate::cli::commands) fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./:@%+=,".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_in_words_lead_to_the_campaign_that_was_named() {
        let shared = |line: &str| {
            use clap::Parser;
            #[derive(Parser)]
            struct Line {
                #[command(flatten)]
                shared: Shared,
            }
            Line::parse_from(line.split(' ')).shared
        };
        let words = "see `campaign report --state failed`, or `campaign init NAME`; `aws sso login`";
        assert_eq!(
            at(words, &shared("x -c spring -j a.db")),
            "see `campaign report --state failed -c spring -j a.db`, or `campaign init NAME`; `aws sso login`"
        );
        assert_eq!(at(words, &shared("x")), words);
        let placed = "`campaign run FILE -j b.db`";
        assert_eq!(at(placed, &shared("x -j a.db")), placed);
    }

    #[test]
    fn words_survive_the_shell() {
        for (word, shell) in [
            ("campaigns/spring.toml", "campaigns/spring.toml"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("my campaigns/a.toml", "'my campaigns/a.toml'"),
            ("it's", r"'it'\''s'"),
            ("$HOME", "'$HOME'"),
            ("", "''"),
        ] {
            assert_eq!(quoted(word), shell);
        }
    }
}
