//! The command line: what the user types, as types. Each command's own arguments are in its file.

pub mod args;
pub mod commands;
pub mod failure;
mod harmless;
mod hooks;
mod limits;
pub mod logging;
mod next_step;
pub mod output;
pub mod session;
mod signals;
mod wrap;

use std::path::{Path, PathBuf};

use clap::{Arg, CommandFactory, FromArgMatches, Parser, Subcommand, value_parser};

use crate::app::outputs::Inputs;
use crate::app::paths::CampaignPaths;
use crate::cli::args::global::GlobalArgs;
use crate::cli::commands::{
    alerts, check, completions, contact, deliveries, doctor, hours, iam_policy, init, journal, man, rebuild,
    rehearse, report, resolve, resume, run, serve, simulator, status, steer, suppress, version,
};
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::clock::Clock;
use crate::domain::delivery::control::Control;
use crate::domain::delivery::ending::Exit;
use crate::domain::foreign;
use crate::domain::next_step::NextStep;
use crate::journal::{JournalError, PostgresAddress};
use crate::progress::Screen;

/// Starts exactly one outbound SMS contact per recipient of a CSV in Amazon Connect, at the pace that the account
/// allows, and keeps a journal, so that whatever happens the next run goes on and nobody gets a second message.
#[derive(Debug, Parser)]
#[command(version, about, max_term_width = 100, after_help = EXIT_CODES)]
pub struct Cli {
    #[command(flatten)]
    global: GlobalArgs,
    #[command(subcommand)]
    command: Commands,
}

const EXIT_CODES: &str = "\
Exit codes:
  0         every eligible row is started
  1         failure of the machine or a bug; the journal is intact
  2         usage, definition or file error; nothing was sent
  3         finished, but some rows are rejected, failed, uncertain or without an answer
  4         stopped early by a limit you set, or by `campaign stop`; run again to go on
  5         halted: the service refuses the campaign, or a safety gate tripped; fix, then run again
  6         another process is running this campaign
  130, 143  interrupted (Ctrl-C, SIGTERM); run again to go on

First campaign without an AWS account:
  campaign init hello
  campaign run campaigns/hello.csv --simulate";

#[derive(Debug, Subcommand)]
enum Commands {
    /// Read a recipients file and start a contact for each recipient; run again to go on
    Run(run::RunArgs),
    /// Go on from the journal alone
    Resume(resume::ResumeArgs),
    /// Do everything that `run` does before sending: offline, nothing journaled
    Check(check::CheckArgs),
    /// Play the whole campaign against the simulator in virtual time: days in seconds, nobody contacted
    Rehearse(rehearse::RehearseArgs),
    /// Ask the account whether this campaign can be sent
    Doctor(doctor::DoctorArgs),
    /// Write the least IAM policy that this campaign needs
    IamPolicy(iam_policy::IamPolicyArgs),
    /// Show how a campaign stands, also while it runs elsewhere
    Status(status::StatusArgs),
    /// Stop sending until `campaign go`, from any terminal; a run that begins meanwhile waits as well
    Pause,
    /// Let a paused campaign go on
    Go,
    /// End the run that holds the campaign, as SIGTERM does: what is in flight is waited for
    Stop,
    /// Change the pace of the run that holds the campaign
    Pace(steer::PaceArgs),
    /// Write the results
    Report(report::ReportArgs),
    /// Show all campaigns of the journal in a browser, live, and their figures for Prometheus
    Serve(serve::ServeArgs),
    /// Show what became of started contacts, and import the account's events that say so
    Deliveries(deliveries::DeliveriesArgs),
    /// Make a journal that was lost anew, from file, definition and account
    Rebuild(rebuild::RebuildArgs),
    /// List rows of which nobody knows whether they were contacted, and decide on them
    Resolve(resolve::ResolveArgs),
    /// List and change the numbers that no campaign of the journal sends to
    Suppress(suppress::SuppressArgs),
    /// Back the journal up, look it over, or remove the personal data of finished campaigns
    Journal(journal::JournalArgs),
    /// Try whether alerts arrive where the definition sends them
    Alerts(alerts::AlertsArgs),
    /// Tell when this campaign may contact a number, or how its rows stand by time zone
    Hours(hours::HoursArgs),
    /// Start one contact, with the options of `aws connect start-outbound-chat-contact`
    #[command(visible_alias = "contact")]
    StartOutboundChatContact(Box<contact::ContactArgs>),
    /// Write a commented definition and a sample CSV
    Init(init::InitArgs),
    /// Amazon Connect's stand-in on loopback
    Simulator(Box<simulator::SimulatorArgs>),
    /// Write what bash, zsh or fish needs to complete commands and options
    Completions(completions::CompletionsArgs),
    /// Write the manual pages
    Man(man::ManArgs),
    /// Write what this program is made of, for a bug report
    Version,
}

/// Commands that work with no campaign, in the order of the help.
const WITHOUT_CAMPAIGN: [&str; 4] = ["simulator", "completions", "man", "version"];

impl Cli {
    /// What was typed. Ends the process where that has mistakes, or asks for help.
    #[must_use]
    pub fn read() -> Self {
        let matches = Self::program().get_matches();
        Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
    }

    /// The whole command line. Options that a command does not have are not offered with it.
    #[must_use]
    pub fn program() -> clap::Command {
        let hidden = |name: &'static str| Arg::new(name).long(name).hide(true).global(true);
        WITHOUT_CAMPAIGN.into_iter().fold(Self::command(), |program, name| {
            program.mut_subcommand(name, |command| {
                command
                    .arg(hidden("campaign").short('c'))
                    .arg(hidden("name"))
                    .arg(hidden("journal").short('j').value_parser(value_parser!(PathBuf)))
            })
        })
    }

    /// Runs the command.
    ///
    /// # Errors
    /// What went wrong, as it is presented.
    pub fn run(&self) -> Result<Exit, Failure> {
        self.dispatch()
    }

    /// Shows on stderr what went wrong.
    pub fn show(&self, failure: &Failure) {
        output::failure(failure, &self.global);
    }

    /// An address with a mistake is told before anything is done.
    fn refuse_garbled_address(&self) -> Result<(), Failure> {
        let journal = self.global.journal.as_deref();
        if let Some(journal) = journal.filter(|journal| PostgresAddress::is_one(journal)) {
            let environment = |name: &str| std::env::var(name).ok();
            PostgresAddress::parse(&journal.to_string_lossy(), &environment).map_err(JournalError::from)?;
        }
        Ok(())
    }

    /// A log is added to a file: one that the command reads would be spoiled.
    fn refuse_log_over_inputs(&self) -> Result<(), Failure> {
        let Some(log) = &self.global.log_file else { return Ok(()) };
        // Where the definition has mistakes, the command itself says so; its recipients file is known all the same.
        let known = CampaignPaths::of_results(&self.global.campaign_options());
        let mut inputs = known.map_or_else(
            |_| Inputs::default(),
            |paths| Inputs::of(&paths).with_recorded(&paths).with_lists_of(&paths),
        );
        inputs = inputs.with_outputs(&self.outputs());
        let file = match &self.command {
            Commands::Run(args) => Some(args.file.as_path()),
            Commands::Check(args) => Some(args.file.as_path()),
            Commands::Rehearse(args) => Some(args.file.as_path()),
            _ => None,
        };
        if let Some(file) = file {
            inputs = inputs.with_recipients(file);
        }
        Ok(inputs.refuse(log, "the log", NextStep::OtherLog)?)
    }

    /// What else the command writes or is given by name, and what it is called.
    fn outputs(&self) -> Vec<(&Path, &'static str)> {
        const REJECTS: &str = "where the rejected rows go";
        let outputs = match &self.command {
            Commands::Run(args) => vec![(args.reading.rejects.as_deref(), REJECTS)],
            Commands::Check(args) => vec![(args.reading.rejects.as_deref(), REJECTS)],
            Commands::Rehearse(args) => vec![
                (args.reading.rejects.as_deref(), REJECTS),
                (args.keep.as_deref(), "where the rehearsal's journal goes"),
            ],
            Commands::Report(args) => {
                vec![
                    (args.output.as_deref(), "where the report goes"),
                    (args.evidence.as_deref(), "where the evidence goes"),
                    (args.rejects.as_deref(), REJECTS),
                ]
            }
            Commands::Serve(args) => vec![
                (args.token_file.as_deref(), "the token file"),
                (args.tls_cert.as_deref(), "the certificate"),
                (args.tls_key.as_deref(), "the key of the certificate"),
            ],
            _ => Vec::new(),
        };
        outputs.into_iter().filter_map(|(path, name)| Some((path?, name))).collect()
    }

    fn dispatch(&self) -> Result<Exit, Failure> {
        let session = Session {
            global: &self.global,
            screen: Screen::stderr(),
            clock: Clock::system(),
            program: Self::program,
        };
        let logged = match &self.command {
            Commands::StartOutboundChatContact(args) if args.debug() => {
                GlobalArgs { verbose: 2, ..self.global.clone() }
            }
            _ => self.global.clone(),
        };
        limits::raise_open_files()?;
        self.refuse_garbled_address()?;
        self.refuse_log_over_inputs()?;
        logging::init(&logged, &session.screen).map_err(|error| {
            let path = foreign::path(self.global.log_file.as_deref().unwrap_or(Path::new("")));
            Failure::usage(
                format!("failed to open the log file {path}: {error}"),
                "nothing was done; name a file in a folder that is there and yours with --log-file PATH",
            )
        })?;
        match &self.command {
            Commands::Run(args) => run::run(args, &session),
            Commands::Resume(args) => resume::run(args, &session),
            Commands::Check(args) => check::run(args, &session),
            Commands::Rehearse(args) => rehearse::run(args, &session),
            Commands::Hours(args) => hours::run(args, &session),
            Commands::Doctor(args) => doctor::run(args, &session),
            Commands::IamPolicy(args) => iam_policy::run(args, &session),
            Commands::Init(args) => init::run(args, &session),
            Commands::StartOutboundChatContact(args) => contact::run(args, &session),
            Commands::Serve(args) => serve::run(args, &session),
            Commands::Alerts(args) => alerts::run(args, &session),
            Commands::Deliveries(args) => deliveries::run(args, &session),
            Commands::Rebuild(args) => rebuild::run(args, &session),
            Commands::Resolve(args) => resolve::run(args, &session),
            Commands::Suppress(args) => suppress::run(args, &session),
            Commands::Completions(args) => completions::run(args, &session),
            Commands::Man(args) => man::run(args, &session),
            Commands::Journal(args) => journal::run(args, &session),
            Commands::Pause => steer::run(Control::Pause, &session),
            Commands::Go => steer::run(Control::Go, &session),
            Commands::Stop => steer::run(Control::Stop, &session),
            Commands::Pace(args) => steer::run(args.wish()?, &session),
            Commands::Status(args) => status::run(args, &session),
            Commands::Report(args) => report::run(args, &session),
            Commands::Simulator(args) => simulator::run(args, &session),
            Commands::Version => version::run(&session),
        }
    }
}
