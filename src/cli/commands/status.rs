//! `campaign status`: how campaigns stand, also while they run elsewhere. It only looks; the journal alone tells.

mod person;
pub mod text;
mod watch;

use std::io::{self, Write};

use clap::Args;
use serde_json::json;

use crate::app::paths::{self, CampaignPaths};
use crate::app::person::{self as people, PersonQuery};
use crate::app::status::Status;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::session::{Asked, Session};
use crate::clock::Clock;
use crate::domain::delivery::ending::Exit;
use crate::domain::foreign;
use crate::domain::unix_millis::UnixMillis;
use crate::journal::Reader;
use crate::report::ReportError;

/// Arguments of `campaign status`.
#[derive(Debug, Clone, Default, Args)]
#[command(after_help = "\
Without -c, of a journal with several campaigns, it lists all of them. --watch ends when nothing runs any more, or Ctrl-C
ends it; with --json it writes one object per line.")]
pub struct StatusArgs {
    /// Look again and again, until no run goes on
    #[arg(long)]
    pub watch: bool,
    /// With --watch: seconds between two looks [default: 1 on a terminal, 5 elsewhere]
    #[arg(long, value_name = "SECONDS", requires = "watch", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub every: Option<u64>,
    /// What every campaign of the journal did for the person with this number
    #[arg(long, value_name = "NUMBER", conflicts_with = "watch")]
    pub number: Option<String>,
    /// What every campaign of the journal did for the rows with this key
    #[arg(long, value_name = "KEY", conflicts_with = "watch")]
    pub key: Option<String>,
}

/// Runs the command.
///
/// # Errors
/// What the user is told.
pub fn run(args: &StatusArgs, session: &Session<'_>) -> Result<Exit, Failure> {
    let options = session.global.campaign_options();
    let paths = CampaignPaths::of_journal(&options)?;
    if args.number.is_some() || args.key.is_some() {
        let query = PersonQuery { number: args.number.clone(), key: args.key.clone() };
        let statement = people::look_up(&paths.journal, &options, &query)?;
        if session.global.json {
            output::json(&person::object(&query, &statement))?;
        } else {
            output::line(&person::text(&query, &statement))?;
        }
        return Ok(Exit::Done);
    }
    write(args, &Asked::of(&paths, session.global), &session.clock, &mut output::stdout())?;
    Ok(Exit::Done)
}

/// Writes how the campaign stands to `out` (stdout).
///
/// # Errors
/// [`ReportError`].
pub fn write(
    args: &StatusArgs,
    asked: &Asked<'_>,
    clock: &Clock,
    out: &mut impl Write,
) -> Result<(), ReportError> {
    let result = if args.watch {
        watch::run(args.every, asked, clock, out)
    } else {
        Look::at(asked, clock.now()).and_then(|look| {
            look.write(asked.json, out).and_then(|()| out.flush()).map_err(ReportError::Stream)
        })
    };
    match result {
        Err(error) if error.is_broken_pipe() => Ok(()),
        result => result,
    }
}

/// What there is to see at one moment.
enum Look {
    One(Box<Status>),
    /// By name.
    All(Vec<Status>),
}

impl Look {
    fn at(asked: &Asked<'_>, now: UnixMillis) -> Result<Self, ReportError> {
        let reader = Reader::open(asked.journal)?;
        let snapshot = reader.snapshot()?;
        let campaigns = snapshot.campaigns()?;
        if asked.campaign.is_none() && campaigns.len() > 1 {
            let all = campaigns.iter().map(|campaign| Status::read(&snapshot, campaign, asked.journal, now));
            return Ok(Self::All(all.collect::<Result<_, _>>()?));
        }
        let campaign = paths::which(&snapshot, asked.campaign)?;
        Ok(Self::One(Box::new(Status::read(&snapshot, &campaign, asked.journal, now)?)))
    }

    fn all(&self) -> &[Status] {
        match self {
            Self::One(status) => std::slice::from_ref(status),
            Self::All(all) => all,
        }
    }

    fn text(&self) -> String {
        match self {
            Self::One(status) => foreign::inert(&text::detail(status)).into_owned(),
            Self::All(all) => foreign::inert(&text::table(all)).into_owned(),
        }
    }

    fn write(&self, json: bool, out: &mut impl Write) -> io::Result<()> {
        match self {
            _ if !json => writeln!(out, "{}", self.text()),
            Self::One(status) => {
                writeln!(out, "{}", foreign::inert_json(&serde_json::to_string(&status.object())?))
            }
            Self::All(all) => {
                let all: Vec<_> = all.iter().map(Status::object).collect();
                writeln!(out, "{}", foreign::inert_json(&json!({ "campaigns": all }).to_string()))
            }
        }
    }
}
