//! What a caller can ask for, as plain values. Each option wins over the definition.

use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize};
use std::path::PathBuf;

use crate::app::error::Error;
use crate::domain::definition::{Definition, Delimiter, EndpointUrl, PaceShare, Rate, RecipientsSettings};
use crate::domain::warning::WarningCode;
use crate::simulator::FaultShares;

/// Which campaign and which journal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CampaignOptions {
    /// The definition: a file, or NAME for campaigns/NAME.toml; `None`: campaign.toml, else the only one in campaigns/.
    pub campaign: Option<String>,
    /// The campaign's name; `None`: as the definition says.
    pub name: Option<String>,
    /// The journal; `None`: journal.db beside the definition.
    pub journal: Option<PathBuf>,
}

/// How a recipients file is read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileOptions {
    /// Where rejected rows are written.
    pub rejects: Option<PathBuf>,
    /// The file's encoding; `None`: detected.
    pub encoding: Option<String>,
    /// The delimiter of cells; `None`: detected.
    pub delimiter: Option<Delimiter>,
    /// The sheet of a workbook; `None`: the first.
    pub sheet: Option<String>,
    /// Whether rows are wanted before all of the file is there.
    pub streams: bool,
}

impl FileOptions {
    /// The settings as they are for this file.
    pub fn apply(&self, settings: &mut RecipientsSettings) {
        settings.encoding = self.encoding.clone().or(settings.encoding.take());
        settings.delimiter = self.delimiter.or(settings.delimiter);
        settings.sheet = self.sheet.clone().or(settings.sheet.take());
    }
}

/// What is sent, where to, and how fast.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SendOptions {
    /// Send to a simulator in this process.
    pub simulate: bool,
    /// The simulation keeps hours and schedule, as a real run does: for virtual time.
    pub rehearse: bool,
    /// What chance begins with; `None`: another course each time.
    pub seed: Option<u64>,
    /// What goes wrong in the simulator.
    pub faults: FaultShares,
    /// Requests per second, retries included.
    pub rate: Option<Rate>,
    /// Requests that may leave at once after a pause.
    pub burst: Option<NonZeroU32>,
    /// Requests without an answer, at most.
    pub max_in_flight: Option<NonZeroUsize>,
    /// Contacts to start in this run, at most.
    pub limit: Option<NonZeroU64>,
    /// Recipients of a random sample.
    pub sample: Option<NonZeroU64>,
    /// End where nothing is left but rows whose hours are closed, instead of waiting for them.
    pub no_wait: bool,
    /// Wait where another process runs the campaign, and run it after that one.
    pub standby: bool,
    /// Try failed rows again.
    pub retry_failed: bool,
    /// Kinds of texts that look wrong and are sent all the same.
    pub accept: Vec<WarningCode>,
    /// AWS Region.
    pub region: Option<String>,
    /// Profile of the AWS configuration files.
    pub profile: Option<String>,
    /// Another endpoint.
    pub endpoint_url: Option<EndpointUrl>,
}

impl SendOptions {
    /// Nothing but where the service is, and who asks it.
    #[must_use]
    pub fn of_service(
        region: Option<&String>,
        profile: Option<&String>,
        endpoint_url: Option<&EndpointUrl>,
    ) -> Self {
        Self {
            region: region.cloned(),
            profile: profile.cloned(),
            endpoint_url: endpoint_url.cloned(),
            ..Self::default()
        }
    }

    /// Whether hours and schedule are kept: what is simulated reaches nobody, at whatever hour.
    #[must_use]
    pub fn keeps_hours(&self) -> bool {
        !self.simulate || self.rehearse
    }

    /// The definition as it is for this run.
    ///
    /// # Errors
    /// Where options and definition do not fit together.
    pub fn apply(&self, definition: &mut Definition) -> Result<(), Error> {
        if let Some(rate) = self.rate {
            definition.pace.rate = rate;
            definition.pace.states.rate = true;
        }
        if let Some(burst) = self.burst {
            definition.pace.burst = burst;
        }
        definition.pace.max_in_flight = self.max_in_flight.or(definition.pace.max_in_flight);
        if let Some(region) = &self.region {
            definition.in_region(region)?;
        }
        definition.connect.profile = self.profile.clone().or(definition.connect.profile.take());
        definition.connect.endpoint_url =
            self.endpoint_url.clone().or(definition.connect.endpoint_url.take());
        if definition.pace.share == PaceShare::Account && definition.pace.rate == Rate::Auto {
            return Err(Error::usage(
                "[pace] has share = \"account\" and rate = \"auto\": runs can share only a rate that is stated",
                "state the account's rate, or leave out the share: each run then finds out what is left to it".into(),
            ));
        }
        Ok(())
    }
}
