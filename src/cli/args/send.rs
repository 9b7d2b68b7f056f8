//! Options of the commands that send.

use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize};

use clap::Args;

use crate::app::options::SendOptions;
use crate::cli::args::global::ServiceOptions;
use crate::cli::args::values;
use crate::domain::definition::{EndpointUrl, Rate, RequestRate};
use crate::domain::warning::WarningCode;
use crate::simulator::FaultShares;

/// Options of the commands that send. Each wins over the definition.
#[derive(Debug, Clone, Default, Args)]
pub struct SendArgs {
    /// Send to the simulator in this process: no AWS account, no contact
    #[arg(long, help_heading = "Where")]
    pub simulate: bool,
    /// Do not ask before sending
    #[arg(short, long, help_heading = "What is sent")]
    pub yes: bool,
    /// Send although a text looks wrong in this way; may be given several times
    #[arg(long, value_name = "CODE", value_parser = warning, help_heading = "What is sent")]
    pub accept: Vec<WarningCode>,
    /// Requests per second, retries included; "auto" finds out what the account allows
    #[arg(long, value_name = "N", value_parser = rate, help_heading = "How fast")]
    pub rate: Option<Rate>,
    /// Requests that may leave at once after a while of silence
    #[arg(long, value_name = "N", value_parser = values::whole::<NonZeroU32>, help_heading = "How fast")]
    pub burst: Option<NonZeroU32>,
    /// Requests without an answer, at most
    #[arg(long, value_name = "N", value_parser = values::whole::<NonZeroUsize>, help_heading = "How fast")]
    pub max_in_flight: Option<NonZeroUsize>,
    /// Start at most N contacts in this run
    #[arg(long, value_name = "N", value_parser = values::whole::<NonZeroU64>, help_heading = "What is sent")]
    pub limit: Option<NonZeroU64>,
    /// Start contacts for N of the recipients only, chosen at random, and the same ones every time
    #[arg(long, value_name = "N", value_parser = values::whole::<NonZeroU64>, help_heading = "What is sent")]
    pub sample: Option<NonZeroU64>,
    /// End with exit code 4 where nothing is left but rows whose hours are closed, instead of waiting for them
    #[arg(long, help_heading = "How fast")]
    pub no_wait: bool,
    /// Where another process runs this campaign, wait until it has ended or died, and go on from there
    #[arg(long, help_heading = "Where")]
    pub standby: bool,
    /// Try failed rows again; with `run`, corrected ones with what the file says now
    #[arg(long, help_heading = "What is sent")]
    pub retry_failed: bool,
    /// Show the live page of `campaign serve` at this address of this machine while it sends; port 0 picks a free one
    #[arg(long, value_name = "ADDRESS", help_heading = "Where")]
    pub serve: Option<SocketAddr>,
    /// AWS Region
    #[arg(long, help_heading = "Where")]
    pub region: Option<String>,
    /// Profile of the AWS configuration files
    #[arg(long, help_heading = "Where")]
    pub profile: Option<String>,
    /// Another endpoint: https, or http on this machine
    #[arg(long, value_name = "URL", value_parser = endpoint, help_heading = "Where")]
    pub endpoint_url: Option<EndpointUrl>,
}

/// The code of a warning.
///
/// # Errors
/// What the codes are.
pub fn warning(text: &str) -> Result<WarningCode, String> {
    WarningCode::parse(text).ok_or_else(|| {
        let codes: Vec<&str> = WarningCode::ALL.iter().map(|code| code.name()).collect();
        format!("the codes are {}", codes.join(", "))
    })
}

fn rate(text: &str) -> Result<Rate, String> {
    if text == "auto" {
        return Ok(Rate::Auto);
    }
    text.parse().ok().and_then(RequestRate::new).map(Rate::PerSecond).ok_or_else(|| {
        format!("a rate is from {} to {} per second, or \"auto\"", RequestRate::LEAST, RequestRate::MOST)
    })
}

/// The value of `--endpoint-url`.
///
/// # Errors
/// What the endpoint is not.
pub fn endpoint(text: &str) -> Result<EndpointUrl, String> {
    EndpointUrl::parse(text).map_err(|error| format!("the endpoint {error}"))
}

impl SendArgs {
    /// Where the requests go.
    #[must_use]
    pub fn service(&self) -> ServiceOptions {
        let stated = [
            ("--region", self.region.clone()),
            ("--profile", self.profile.clone()),
            ("--endpoint-url", self.endpoint_url.as_ref().map(|url| url.as_str().to_owned())),
        ];
        let stated = stated.into_iter().filter_map(|(option, value)| Some((option, value?))).collect();
        ServiceOptions { simulated: self.simulate, stated }
    }

    /// As the application takes them.
    #[must_use]
    pub fn options(&self) -> SendOptions {
        SendOptions {
            simulate: self.simulate,
            rehearse: false,
            seed: None,
            faults: FaultShares::default(),
            rate: self.rate,
            burst: self.burst,
            max_in_flight: self.max_in_flight,
            limit: self.limit,
            sample: self.sample,
            no_wait: self.no_wait,
            standby: self.standby,
            retry_failed: self.retry_failed,
            accept: self.accept.clone(),
            region: self.region.clone(),
            profile: self.profile.clone(),
            endpoint_url: self.endpoint_url.clone(),
        }
    }
}
