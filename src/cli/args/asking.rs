//! Options of the commands that ask the account and send nothing: where it is, and who asks.

use clap::Args;

use crate::app::options::SendOptions;
use crate::cli::args::send::endpoint;
use crate::domain::definition::EndpointUrl;

/// Where the account is, and who asks.
#[derive(Debug, Clone, Args)]
pub struct AskingArgs {
    /// AWS Region
    #[arg(long, help_heading = "Where")]
    region: Option<String>,
    /// Profile of the AWS configuration files
    #[arg(long, help_heading = "Where")]
    profile: Option<String>,
    /// Another endpoint: https, or http on this machine. Other services than Connect are asked there too, unless
    /// AWS_ENDPOINT_URL_… names others
    #[arg(long, value_name = "URL", value_parser = endpoint, help_heading = "Where")]
    endpoint_url: Option<EndpointUrl>,
}

impl AskingArgs {
    /// As the application takes them.
    #[must_use]
    pub fn options(&self) -> SendOptions {
        SendOptions::of_service(self.region.as_ref(), self.profile.as_ref(), self.endpoint_url.as_ref())
    }
}
