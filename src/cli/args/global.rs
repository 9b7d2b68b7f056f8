//! Options that most commands share.

use std::path::PathBuf;

use clap::{ArgAction, Args, ValueEnum};

use crate::app::options::CampaignOptions;

/// Options that most commands share.
#[derive(Debug, Clone, Args)]
pub struct GlobalArgs {
    /// Definition: a file, or NAME for campaigns/NAME.toml [default: campaign.toml, else the only campaigns/*.toml]
    #[arg(short, long, global = true, value_name = "PATH|NAME", help_heading = "Campaign")]
    pub campaign: Option<String>,
    /// Journal [default: journal.db beside the definition]
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
        CampaignOptions { campaign: self.campaign.clone(), journal: self.journal.clone() }
    }
}
