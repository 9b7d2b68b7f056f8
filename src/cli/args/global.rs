//! Options that most commands share.

use std::path::{Path, PathBuf};

use clap::{ArgAction, Args, ValueEnum};

use crate::app::options::CampaignOptions;
use crate::domain::definition::name;

/// Options that most commands share.
#[derive(Debug, Clone, Args)]
pub struct GlobalArgs {
    /// Definition: a file, or NAME for campaigns/NAME.toml [default: campaign.toml, else the only campaigns/*.toml]
    #[arg(short, long, global = true, value_name = "PATH|NAME", help_heading = "Campaign")]
    pub campaign: Option<String>,
    /// The campaign's name, instead of the definition's
    #[arg(long, global = true, value_name = "NAME", value_parser = name, help_heading = "Campaign")]
    pub name: Option<String>,
    /// Journal: a file, or postgres://… [default: journal.db beside the definition]
    #[arg(short, long, global = true, value_name = "PATH", help_heading = "Campaign")]
    pub journal: Option<PathBuf>,
    /// Machine-readable result on stdout
    #[arg(long, global = true, help_heading = "Output")]
    pub json: bool,
    /// Only errors, and with --json the result
    #[arg(short, long, global = true, conflicts_with = "verbose", help_heading = "Output")]
    pub quiet: bool,
    /// Log more: -v each attempt, -vv also what the AWS SDK does
    #[arg(short, long, global = true, action = ArgAction::Count, help_heading = "Output")]
    pub verbose: u8,
    /// Form of the log
    #[arg(long, global = true, value_name = "FORMAT", default_value = "text", help_heading = "Output")]
    pub log_format: LogFormat,
    /// Add the log to this file instead of showing it on stderr; as with -v, or more
    #[arg(long, global = true, value_name = "PATH", help_heading = "Output")]
    pub log_file: Option<PathBuf>,
    /// Where the command's requests go, so that those of commands in advice go there.
    #[arg(skip)]
    pub service: ServiceOptions,
}

/// The options that say where requests go.
#[derive(Debug, Clone, Default)]
pub struct ServiceOptions {
    /// To the simulator.
    pub simulated: bool,
    /// Options and their values.
    pub stated: Vec<(&'static str, String)>,
}

/// Form of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

impl GlobalArgs {
    /// Which campaign and which journal.
    #[must_use]
    pub fn campaign_options(&self) -> CampaignOptions {
        CampaignOptions {
            campaign: self.campaign.clone(),
            name: self.name.clone(),
            journal: self.journal.clone(),
        }
    }

    /// The same with this journal.
    #[must_use]
    pub fn with_journal(&self, journal: &Path) -> Self {
        Self { journal: Some(journal.to_owned()), ..self.clone() }
    }

    /// The same for a command whose requests go there.
    #[must_use]
    pub fn with_service(&self, service: ServiceOptions) -> Self {
        Self { service, ..self.clone() }
    }

    /// The same with the name that was made of the definition's, so that advice leads to that campaign.
    #[must_use]
    pub fn with_name(&self, stated: &str, made: &str) -> Self {
        let name = if stated == made { self.name.clone() } else { Some(made.to_owned()) };
        Self { name, ..self.clone() }
    }
}

fn name(text: &str) -> Result<String, &'static str> {
    let valid = name::is_valid(text);
    valid.then(|| text.to_owned()).ok_or("a name has 1 to 128 characters, and no control character")
}
