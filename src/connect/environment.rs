//! What a client of any AWS service needs before its first request: Region, profile, credentials, endpoint, way out. It is
//! found once, for all of them.

use std::path::PathBuf;

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};

use super::client::Settings;
use super::credentials::{self, ChosenProfile, WorkingSource};
use super::endpoint;
use super::error::ConnectError;
use super::route::Route;

/// What the machine's configuration and the settings come to.
#[derive(Debug)]
pub(super) struct Environment {
    /// For clients of any service; its HTTP client is the route.
    pub(super) sdk: SdkConfig,
    pub(super) credentials: WorkingSource,
    /// The way out, for requests that no SDK makes.
    pub(super) route: Route,
    /// Amazon Connect's endpoint, where another one was named.
    pub(super) endpoint: Option<String>,
}

impl Environment {
    /// Reads the environment and the configuration files, and loads credentials.
    ///
    /// # Errors
    /// [`ConnectError`]: no Region, no credentials, an unusable CA bundle, proxy or endpoint.
    pub(super) async fn load(settings: &Settings) -> Result<Self, ConnectError> {
        let profile = ChosenProfile::choose(settings.profile.as_deref()).await?;
        let route = Route::from_environment(ca_bundle(settings, &profile).as_deref())?;
        // Retries are the engine's. Where nothing is stated, the loader reads a mode from the environment and the
        // profile, and panics at one that it does not know, such as the AWS CLI's `legacy`.
        let mut loader = aws_config::defaults(behavior())
            .http_client(route.http_client())
            .retry_config(RetryConfig::disabled());
        if let Some(region) = &settings.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(name) = &profile.name {
            loader = loader.profile_name(name);
        }
        let sdk = loader.load().await;
        if sdk.region().is_none() {
            return Err(ConnectError::NoRegion);
        }
        // An endpoint that must not be used is an error before anybody is asked for credentials.
        let endpoint = match &settings.endpoint_url {
            Some(url) => Some(url.clone()),
            None => endpoint::of_service(&sdk, "Connect")?,
        };
        if endpoint.is_some() && (sdk.use_fips() == Some(true) || sdk.use_dual_stack() == Some(true)) {
            return Err(ConnectError::EndpointAndKind);
        }
        let credentials = credentials::load(&sdk, &profile, &route).await?;
        Ok(Self { sdk, credentials, route, endpoint })
    }
}

/// The settings' file of certificates, else the environment's, else the profile's. An empty variable names none.
fn ca_bundle(settings: &Settings, profile: &ChosenProfile) -> Option<PathBuf> {
    bundle_of(settings).or_else(|| profile.ca_bundle().map(PathBuf::from))
}

/// The same where no profile counts.
pub(super) fn bundle_of(settings: &Settings) -> Option<PathBuf> {
    let from_environment = || std::env::var_os("AWS_CA_BUNDLE").filter(|path| !path.is_empty());
    settings.ca_bundle.clone().or_else(|| from_environment().map(PathBuf::from))
}

pub(super) fn behavior() -> BehaviorVersion {
    BehaviorVersion::v2026_01_12()
}
