//! Advice in words: commands that are ready for a shell, with the campaign, the journal and the service of the command
//! that ran. What was for one run only, such as `--limit`, is left out.

use std::path::Path;

use crate::app::rejects::WrittenRejects;
use crate::cli::args::global::GlobalArgs;
use crate::cli::args::send::SendArgs;
use crate::domain::account::findings::Finding;
use crate::domain::definition::Rate;
use crate::domain::delivery::state::State;
use crate::domain::figures::counted;
use crate::domain::foreign;
use crate::domain::next_step::{Advice, AdvicePart, Command, NextStep, Output, PathTrouble, Setting};

/// Commands that send.
const SENDING: [&str; 2] = ["run", "resume"];

/// Commands that ask the account and send nothing.
const ASKING: [&str; 1] = ["doctor"];

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

/// The advice in words, with the commands and options of this command line. Commands lead to the campaign and the journal
/// that the user named.
pub(super) fn words(step: &NextStep, global: &GlobalArgs) -> String {
    let run = |name: &str| placed(name, global);
    let words = match step {
        NextStep::Advice(parts) => return advice(parts, global),
        NextStep::NameCampaign(names) => return format!("name one of -c {}", names.join(", -c ")),
        NextStep::NameCampaignByOption(names) if names.is_empty() => {
            "name the campaign with --name NAME; nothing was sent"
        }
        NextStep::NameCampaignByOption(names) => {
            let names: Vec<String> = names.iter().map(|name| quoted(name)).collect();
            return format!("name one of --name {}", names.join(", --name "));
        }
        NextStep::RunCorrectedRows(path) => {
            return format!(
                "if they are corrected in it, {} takes them back; else name another file with --rejects, or delete this one; \
                 nothing was sent",
                run_file(path, global)
            );
        }
        NextStep::WriteDefinition => "write one with `campaign init NAME`, or name one with -c PATH",
        NextStep::NameDefinition => "name a definition with -c PATH",
        NextStep::RunFirstFile => {
            "run the first file, then this one, both with the same journal (-j PATH); nothing was sent"
        }
        NextStep::SendWaitingFirst => {
            return format!(
                "let them be sent with {}, then run this file; nothing was changed",
                run("resume")
            );
        }
        NextStep::SaveAsUtf8 => "save it as UTF-8 in the editor, then run the command again",
        NextStep::OtherReport => "give another path with -o; nothing was written",
        NextStep::OtherLog => "nothing was done; name another file with --log-file",
        NextStep::AnotherPath => "name another path; nothing was written",
        NextStep::OtherRejectsFile => "name another file with --rejects; the rejected rows will be in it",
        NextStep::RoomForRejects => "make room, or name another file with --rejects",
        NextStep::OtherPath { output, trouble } => return other_path(*output, *trouble),
        NextStep::BeginOrNameJournal => {
            return format!("begin with {}, or name the journal with -j PATH", run("run FILE"));
        }
        NextStep::BeginOrOtherJournal => {
            return format!("begin with {}, or name another journal with -j PATH", run("run FILE"));
        }
        NextStep::RunWithFile => {
            return format!("nothing was sent; with the file, it goes on: {}", run("run FILE"));
        }
        NextStep::StateSameNumber => {
            "if they are the same people, put the keys back as they were; otherwise say in the definition, in [recipients], what \
             is meant: same_number = \"first\" starts one contact for each number, same_number = \"all\" one for each row; \
             nothing was sent"
        }
        NextStep::CheckThenAgree => {
            return format!("look with {}, then run again with --yes", run("check FILE"));
        }
        NextStep::RunForZones => {
            return format!(
                "nothing was sent; run the recipients file again with {}: it gives each row its zones",
                run("run FILE")
            );
        }
        NextStep::UntracedContacts | NextStep::RebuildAgain => return rebuilding(step, global),
        NextStep::AllowPushing => {
            "`campaign iam-policy --opt-outs` prints the rights that it takes; run the command again: a number that is on the \
             list already stays on it"
        }
        NextStep::AllowOptOuts => {
            "`campaign iam-policy --opt-outs` prints the rights that reading opt-outs takes; without opt_outs = true in \
             [account] a run sends all the same; nothing was sent"
        }
    };
    words.to_owned()
}

/// What to do about a finding.
pub(super) fn of_finding(finding: &Finding, global: &GlobalArgs) -> Option<String> {
    finding.next.clone().map(|next| words(&next.into(), global))
}

fn advice(advice: &Advice, global: &GlobalArgs) -> String {
    let part = |part: &AdvicePart| match part {
        AdvicePart::Words(words) => words.clone(),
        AdvicePart::Command(command) => called(command, global),
        AdvicePart::Setting(setting) => option(setting),
    };
    advice.parts().iter().map(part).collect()
}

/// A command as it is typed, in backticks.
fn called(command: &Command, global: &GlobalArgs) -> String {
    let name = match command {
        Command::Check => "check FILE",
        Command::Run => "run FILE",
        Command::RunFile(path) => return run_file(path, global),
        Command::Resume => "resume",
        Command::Doctor => "doctor",
        Command::Status => "status",
        Command::Report(state) => return placed(&format!("report --state {}", state.name()), global),
        Command::Rejects => return placed(&format!("report --rejects {}", new_rejects_file()), global),
        Command::Results => "report",
        Command::Resolve => "resolve",
        Command::Go => "go",
        Command::Pause => "pause",
        Command::Hours => "hours",
        Command::CheckJournal => "journal check",
        Command::BackUpJournal => "journal backup",
        Command::Rebuild => "rebuild FILE",
        Command::SuppressList => "suppress list",
        Command::SuppressUndelivered => "suppress undelivered",
        Command::IamPolicyOptOuts => "iam-policy --opt-outs",
        Command::IamPolicyObject(url) => {
            return placed(&format!("iam-policy --object {}", quoted(&foreign::shown(url))), global);
        }
    };
    placed(name, global)
}

/// What to do about a journal that is rebuilt.
fn rebuilding(step: &NextStep, global: &GlobalArgs) -> String {
    match step {
        NextStep::UntracedContacts => {
            "look at them in Connect's contact search; where they are none of this campaign's, rebuild with --untraced others; \
             nothing is sent with this journal until then"
                .to_owned()
        }
        _ => format!("rebuild it again, with {}; nothing was sent", placed("rebuild FILE --since TIME", global)),
    }
}

/// The command that runs this file.
pub(super) fn run_again(path: &Path, global: &GlobalArgs) -> String {
    run_file(path, global)
}

fn run_file(path: &Path, global: &GlobalArgs) -> String {
    placed(&format!("run {}", quoted(&foreign::path(path).to_string())), global)
}

/// A name for a file of rejected rows that nothing has here yet.
pub(super) fn new_rejects_file() -> String {
    let names = (2..).map(|n| format!("wrong-{n}.csv"));
    let mut names = std::iter::once("wrong.csv".to_owned()).chain(names);
    names.find(|name| !Path::new(name).exists()).unwrap_or_default()
}

/// The command of this name for the campaign and the journal that the user named, in backticks.
fn placed(name: &str, global: &GlobalArgs) -> String {
    let mut command = format!("campaign {name}");
    let mut option = |name: &str, value: &str| command.push_str(&format!(" {name} {}", quoted(value)));
    if let Some(campaign) = &global.campaign {
        option("-c", campaign);
    }
    if let Some(named) = &global.name {
        option("--name", named);
    }
    if let Some(journal) = &global.journal {
        option("-j", &foreign::path(journal).to_string());
    }
    let asks = |commands: &[&str]| commands.contains(&name.split(' ').next().unwrap_or_default());
    if asks(&SENDING) || asks(&ASKING) {
        for (option, value) in &global.service.stated {
            command.push_str(&format!(" {option} {}", quoted(value)));
        }
    }
    if global.service.simulated && asks(&SENDING) {
        command.push_str(" --simulate");
    }
    format!("`{command}`")
}

/// An option as it is typed.
fn option(setting: &Setting) -> String {
    let option = match setting {
        Setting::Campaign => "-c NAME",
        Setting::CampaignOf(names) => return format!("-c {}", names.join(", -c ")),
        Setting::Definition => "-c",
        Setting::Journal => "-j PATH",
        Setting::JournalAt(path) => return format!("-j {}", foreign::path(path)),
        Setting::Region => "--region",
        Setting::Rate => "--rate",
        Setting::RowKey => "--key",
        Setting::RowLine => "--line",
        Setting::Profile => "--profile",
        Setting::Simulate => "--simulate",
        Setting::Yes => "--yes",
        Setting::EvenIfOpen => "--even-if-open",
        Setting::Encoding => "--encoding",
        Setting::Sheet => "--sheet",
        Setting::Rejects => "--rejects",
        Setting::RetryFailed => "--retry-failed",
        Setting::Format => "--format",
        Setting::FormatOf(name) => return format!("--format {name}"),
        Setting::Delimiter => "--delimiter",
        Setting::States => "--state",
        Setting::Columns => "--columns",
        Setting::WithNumbers => "--with-numbers",
        Setting::ReportPath => "-o PATH",
        Setting::Force => "--force",
        Setting::ReportInFolder => "-o FOLDER/report.csv",
    };
    option.to_owned()
}

/// What the page of a report tells to run for rows in a state.
pub(super) fn page_commands() -> Vec<(State, String)> {
    [
        (State::Uncertain, "campaign resolve"),
        (State::Failed, "campaign report --state failed -o failed.csv"),
        (State::Rejected, "campaign report --rejects rejected.csv"),
        (State::Attempting, "campaign resume"),
        (State::Queued, "campaign resume"),
    ]
    .map(|(state, command)| (state, command.to_owned()))
    .into()
}

fn other_path(output: Output, trouble: PathTrouble) -> String {
    let (option, example) = match output {
        Output::Report => ("-o", "report.csv".to_owned()),
        Output::Rejects => ("--rejects", new_rejects_file()),
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
        foreign::path(&written.path),
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
        foreign::path(&written.path),
        counted(written.rows, "rejected row", "rejected rows"),
    )
}

/// The command.
pub(super) fn command(goes_on: GoOn<'_>, global: &GlobalArgs, send: &SendArgs) -> String {
    let mut command = match goes_on {
        GoOn::Resume => "campaign resume".to_owned(),
        GoOn::Run => "campaign run FILE".to_owned(),
        GoOn::File(file) => format!("campaign run {}", quoted(&foreign::path(file))),
        GoOn::Stream(file) => format!("campaign run {} --stream --yes", quoted(&foreign::path(file))),
    };
    let mut option = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            command.push_str(&format!(" {name} {}", quoted(&value)));
        }
    };
    option("-c", global.campaign.clone());
    option("--name", global.name.clone());
    option("-j", global.journal.as_ref().map(foreign::path));
    let service = send.service();
    service.stated.into_iter().for_each(|(name, value)| option(name, Some(value)));
    option(
        "--rate",
        send.rate.map(|rate| match rate {
            Rate::PerSecond(rate) => rate.get().to_string(),
            Rate::Auto => "auto".to_owned(),
        }),
    );
    option("--burst", send.burst.map(|burst| burst.to_string()));
    option("--max-in-flight", send.max_in_flight.map(|most| most.to_string()));
    for (given, option) in [(send.no_wait, " --no-wait"), (service.simulated, " --simulate")] {
        if given {
            command.push_str(option);
        }
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
    use crate::cli::args::global::ServiceOptions;

    #[test]
    fn commands_in_advice_lead_to_the_campaign_that_was_named() {
        let global = |line: &str| {
            use clap::Parser;
            #[derive(Parser)]
            struct Line {
                #[command(flatten)]
                global: GlobalArgs,
            }
            Line::parse_from(line.split(' ')).global
        };
        let step = NextStep::Advice(
            Advice::new("see ")
                .run(Command::Report(State::Failed))
                .then(", or `aws sso login` with ")
                .set(Setting::Profile),
        );
        assert_eq!(
            words(&step, &global("x -c spring -j a.db")),
            "see `campaign report --state failed -c spring -j a.db`, or `aws sso login` with --profile"
        );
        assert_eq!(
            words(&step, &global("x")),
            "see `campaign report --state failed`, or `aws sso login` with --profile"
        );
        let simulated = global("x --name may -j a.db").with_service(ServiceOptions {
            simulated: true,
            stated: vec![("--profile", "clinic one".to_owned())],
        });
        let (looks, sends) = (Advice::default().run(Command::Status), Advice::default().run(Command::Resume));
        assert_eq!(words(&looks.into(), &simulated), "`campaign status --name may -j a.db`");
        assert_eq!(
            words(&sends.into(), &simulated),
            "`campaign resume --name may -j a.db --profile 'clinic one' --simulate`"
        );
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
