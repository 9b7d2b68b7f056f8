//! The command that goes on after a run, ready for a shell: the same campaign and journal, and requests that go to the
//! same place at the same pace. It leaves out what was for one run only, such as `--limit`.

use std::path::Path;

use crate::app::rejects::WrittenRejects;
use crate::cli::args::global::GlobalArgs;
use crate::cli::args::send::SendArgs;
use crate::domain::definition::Rate;
use crate::domain::figures::counted;
use crate::domain::next_step::{NextStep, Output, PathTrouble};

/// How it goes on.
#[derive(Debug, Clone, Copy)]
pub(super) enum GoOn<'a> {
    /// From the journal alone.
    Resume,
    /// With the file, whatever it is.
    Run,
    /// With this file.
    File(&'a Path),
    /// With this file, which may not have been read to its end.
    Stream(&'a Path),
}

/// The advice in words, with the commands and options of this command line.
pub(super) fn words(step: &NextStep) -> String {
    let words = match step {
        NextStep::Words(words) => return words.clone(),
        NextStep::NameCampaign(names) => return format!("name one of -c {}", names.join(", -c ")),
        NextStep::RunCorrectedRows(path) => {
            return format!(
                "if they are corrected in it, `campaign run {}` takes them back; else name another file with --rejects, or \
                 delete this one; nothing was sent",
                path.display()
            );
        }
        NextStep::WriteDefinition => "write one with `campaign init NAME`, or name one with -c PATH",
        NextStep::NameDefinition => "name a definition with -c PATH",
        NextStep::RunFirstFile => {
            "run the first file, then this one, both with the same journal (-j PATH); nothing was sent"
        }
        NextStep::SendWaitingFirst => {
            "let them be sent with `campaign resume`, then run this file; nothing was changed"
        }
        NextStep::SaveAsUtf8 => "save it as UTF-8 in the editor, then run the command again",
        NextStep::OtherReport => "give another path with -o; nothing was written",
        NextStep::OtherLog => "nothing was done; name another file with --log-file",
        NextStep::OtherRejectsFile => "name another file with --rejects; the rejected rows will be in it",
        NextStep::RoomForRejects => "make room, or name another file with --rejects",
        NextStep::OtherPath { output, trouble } => return other_path(*output, *trouble),
        NextStep::BeginOrNameJournal => "begin with `campaign run FILE`, or name the journal with -j PATH",
        NextStep::BeginOrOtherJournal => {
            "begin with `campaign run FILE`, or name another journal with -j PATH"
        }
        NextStep::RunWithFile => "nothing was sent; with the file, it goes on: `campaign run FILE`",
        NextStep::StateSameNumber => {
            "if they are the same people, put the keys back as they were; otherwise say in the definition, in [recipients], what \
             is meant: same_number = \"first\" starts one contact for each number, same_number = \"all\" one for each row; \
             nothing was sent"
        }
        NextStep::CheckThenAgree => "look with `campaign check FILE`, then run again with --yes",
        NextStep::RunForZones => {
            "nothing was sent; run the recipients file again with `campaign run FILE`: it gives each row its zones"
        }
    };
    words.to_owned()
}

fn other_path(output: Output, trouble: PathTrouble) -> String {
    let (option, example) = match output {
        Output::Report => ("-o", "report.csv"),
        Output::Rejects => ("--rejects", "wrong.csv"),
    };
    match trouble {
        PathTrouble::NoFolder => {
            format!("its folder does not exist: make it, or give another path with {option} PATH")
        }
        PathTrouble::NotAllowed => format!("give a path that you may write with {option} PATH"),
        PathTrouble::IsFolder => format!("name a file in it: {option} FOLDER/{example}"),
        PathTrouble::Full => format!("make room, or give a path on another disk with {option} PATH"),
        PathTrouble::Other => format!("check the disk, or give a path on another one with {option} PATH"),
    }
}

/// How many rejected rows were written, and how they come back.
pub(super) fn rejects(written: &WrittenRejects, global: &GlobalArgs, send: &SendArgs) -> String {
    format!(
        "{} has {}: correct them there, then `{}`; the other rows stay as they are",
        written.path.display(),
        counted(written.rows, "rejected row", "rejected rows"),
        command(GoOn::File(&written.path), global, send)
    )
}

/// The same where the journal does not have the first file yet.
pub(super) fn rejects_before(written: &WrittenRejects, first: &Path, global: &GlobalArgs) -> String {
    let [first, corrected] =
        [first, &written.path].map(|path| command(GoOn::File(path), global, &SendArgs::default()));
    format!(
        "{} has {}: `{first}` leaves them out; correct them there, then `{corrected}`",
        written.path.display(),
        counted(written.rows, "rejected row", "rejected rows"),
    )
}

/// Words with commands in backticks, which are given the campaign and the journal that the user named.
pub(super) fn at(words: &str, global: &GlobalArgs) -> String {
    let mut place = String::new();
    let mut option = |name: &str, value: String| place.push_str(&format!(" {name} {}", quoted(&value)));
    if let Some(campaign) = &global.campaign {
        option("-c", campaign.clone());
    }
    if let Some(journal) = &global.journal {
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
pub(super) fn command(goes_on: GoOn<'_>, global: &GlobalArgs, send: &SendArgs) -> String {
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
    option("-c", global.campaign.clone());
    option("-j", global.journal.as_ref().map(|path| path.display().to_string()));
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
pub(super) fn quoted(word: &str) -> String {
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
        let global = |line: &str| {
            use clap::Parser;
            #[derive(Parser)]
            struct Line {
                #[command(flatten)]
                global: GlobalArgs,
            }
            Line::parse_from(line.split(' ')).global
        };
        let words = "see `campaign report --state failed`, or `campaign init NAME`; `aws sso login`";
        assert_eq!(
            at(words, &global("x -c spring -j a.db")),
            "see `campaign report --state failed -c spring -j a.db`, or `campaign init NAME`; `aws sso login`"
        );
        assert_eq!(at(words, &global("x")), words);
        let placed = "`campaign run FILE -j b.db`";
        assert_eq!(at(placed, &global("x -j a.db")), placed);
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
