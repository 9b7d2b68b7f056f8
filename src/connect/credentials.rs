//! Which profile and which source of credentials count, as the AWS CLI decides it.
//!
//! A profile that is named on purpose (`--profile`, or `profile` of the definition) wins over keys of the environment; one
//! that `AWS_PROFILE` names does not. A named profile that does not exist is an error, whatever else there is.

use std::collections::BTreeSet;
use std::pin::pin;
use std::time::Duration;

use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::ecs::EcsCredentialsProvider;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::meta::credentials::CredentialsProviderChain;
use aws_config::profile::{Profile, ProfileFileCredentialsProvider, ProfileSet};
use aws_config::provider_config::ProviderConfig;
use aws_config::{Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_sdk_connect::config::SharedCredentialsProvider;
use aws_types::os_shim_internal::{Env, Fs};

use super::credential_process::CredentialProcess;
use super::error::{ConnectError, METADATA_SERVICE, causes};
use super::route::Route;
use crate::domain::foreign;

/// A source of credentials that takes longer is told of.
const PATIENCE: Duration = Duration::from_secs(5);
/// A source of credentials that takes longer is given up: a person may have to confirm something meanwhile.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// Longest wait for the metadata service, which is there at once or not at all.
const METADATA_TIMEOUT: Duration = Duration::from_secs(1);

/// The profile that counts.
#[derive(Debug, Clone, Default)]
pub(super) struct ChosenProfile {
    /// Its name; `None` where none is named, and `default` counts if it exists.
    pub(super) name: Option<String>,
    /// Whether it was named on purpose, and not by a variable.
    pub(super) explicit: bool,
    /// What the configuration files say of it.
    profile: Option<Profile>,
    /// Its keys in the credentials file, which come before the command that the configuration file names.
    keys: Option<Credentials>,
    /// What keeps its role from being assumed, wherever in the chain of profiles that is.
    trouble: Option<ChainTrouble>,
}

/// Why a role cannot be assumed from where its profile says.
#[derive(Debug, Clone, PartialEq, Eq)]
enum ChainTrouble {
    /// It takes a code of this device.
    Code(String),
    /// Why, in words.
    Source(String),
}

impl ChosenProfile {
    /// The profile `named`, else that of `AWS_DEFAULT_PROFILE` or `AWS_PROFILE`, which the AWS CLI asks in this order.
    ///
    /// # Errors
    /// [`ConnectError::Profile`] where it does not exist, and [`ConnectError::ProfileFile`] where the files cannot be read.
    pub(super) async fn choose(named: Option<&str>) -> Result<Self, ConnectError> {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let from_environment = || variable("AWS_DEFAULT_PROFILE").or_else(|| variable("AWS_PROFILE"));
        let name = named.map(str::to_owned).or_else(from_environment);
        let files = EnvConfigFiles::default();
        let selected = name.clone().map(Into::into);
        let profiles = aws_config::profile::load(&Fs::real(), &Env::real(), &files, selected).await;
        let profiles = profiles
            .map_err(|error| ConnectError::ProfileFile(causes(&error).map(ToString::to_string).collect()))?;
        let wanted = name.as_deref().unwrap_or("default");
        let profile = profiles.get_profile(wanted).cloned();
        if profile.is_none()
            && let Some(name) = name
        {
            return Err(unknown_profile(name, &profiles));
        }
        let trouble = profile.as_ref().and_then(|profile| chain_trouble(profile, &profiles));
        let mut chosen = Self { name, explicit: named.is_some(), profile, keys: None, trouble };
        if chosen.source() == Some("credential_process") && chosen.get("aws_access_key_id").is_some() {
            chosen.keys = keys_of_file(chosen.name.as_deref().unwrap_or("default")).await;
        }
        Ok(chosen)
    }

    fn get(&self, key: &str) -> Option<&str> {
        self.profile.as_ref()?.get(key).filter(|value| !value.is_empty())
    }

    /// The file of certificates that the profile names.
    pub(super) fn ca_bundle(&self) -> Option<&str> {
        self.get("ca_bundle")
    }

    /// The command that its credentials come from, where they do.
    fn process(&self) -> Option<&str> {
        self.get("credential_process").filter(|_| self.source() == Some("credential_process"))
    }

    /// Where the profile has its credentials from, in the words of its file.
    fn source(&self) -> Option<&'static str> {
        let keys = [
            ("role_arn", "role_arn"),
            ("sso_session", "sso_session"),
            ("sso_start_url", "sso_start_url"),
            ("login_session", "login_session"),
            ("credential_process", "credential_process"),
            ("aws_access_key_id", "aws_access_key_id"),
        ];
        let mut keys =
            keys.into_iter().filter(|(key, _)| *key != "credential_process" || self.keys.is_none());
        keys.find(|(key, _)| self.get(key).is_some()).map(|(_, source)| source)
    }
}

/// The keys that a profile has in the credentials file. The SDK would take those of the configuration file for them.
async fn keys_of_file(name: &str) -> Option<Credentials> {
    let file = EnvConfigFiles::builder().include_default_credentials_file(true).build();
    let selected = Some(name.to_owned().into());
    let profiles = aws_config::profile::load(&Fs::real(), &Env::real(), &file, selected).await.ok()?;
    let profile = profiles.get_profile(name)?;
    let text = |key: &str| profile.get(key).filter(|value| !value.is_empty()).map(str::to_owned);
    let (id, secret) = (text("aws_access_key_id")?, text("aws_secret_access_key")?);
    Some(Credentials::new(id, secret, text("aws_session_token"), None, "ProfileFile"))
}

/// Follows the profiles that roles are assumed with. A circle is left to the SDK, which names it. Without this the SDK
/// would leave out codes of devices, and look for the credentials of a profile that there is not in the machine's other
/// sources.
fn chain_trouble(profile: &Profile, profiles: &ProfileSet) -> Option<ChainTrouble> {
    let text = |of: &Profile, key: &str| of.get(key).filter(|value| !value.is_empty()).map(str::to_owned);
    let (mut at, mut seen) = (profile, BTreeSet::new());
    while seen.insert(at.name()) && text(at, "role_arn").is_some() {
        if let Some(serial) = text(at, "mfa_serial") {
            return Some(ChainTrouble::Code(serial));
        }
        let source = text(at, "source_profile")?;
        let Some(next) = profiles.get_profile(&source) else {
            let (name, source) = (foreign::shown(at.name()), foreign::shown(&source));
            return Some(ChainTrouble::Source(format!(
                "the profile {name} names {source} as its source_profile, which the AWS configuration files do not have"
            )));
        };
        if source == at.name() {
            let has_keys = text(at, "aws_access_key_id").is_some();
            return (!has_keys).then(|| {
                let name = foreign::shown(at.name());
                ChainTrouble::Source(format!(
                    "the profile {name} names itself as its source_profile, and has no keys to assume its role with"
                ))
            });
        }
        at = next;
    }
    None
}

fn unknown_profile(name: String, profiles: &ProfileSet) -> ConnectError {
    let mut known: Vec<_> = profiles.profiles().map(str::to_owned).collect();
    known.sort();
    ConnectError::Profile { name, known }
}

/// A source of credentials that gave some.
#[derive(Debug)]
pub(super) struct WorkingSource {
    pub(super) provider: SharedCredentialsProvider,
    pub(super) given: Credentials,
    /// Where they come from, such as `the profile dev (sso_session)`.
    pub(super) described: String,
}

/// Finds the source of credentials, and asks it.
///
/// # Errors
/// [`ConnectError`] where there is none, or where it fails or takes too long.
pub(super) async fn load(
    config: &SdkConfig,
    profile: &ChosenProfile,
    route: &Route,
) -> Result<WorkingSource, ConnectError> {
    let role = profile.get("role_arn").is_some() && (profile.explicit || !environment_has_keys());
    match profile.trouble.as_ref().filter(|_| role) {
        Some(ChainTrouble::Code(serial)) => {
            return Err(ConnectError::NeedsCode {
                profile: profile.name.clone().unwrap_or_else(|| "default".to_owned()),
                serial: serial.to_owned(),
            });
        }
        Some(ChainTrouble::Source(words)) => return Err(ConnectError::Credentials(words.clone())),
        None => {}
    }
    let region = config.region().cloned();
    let counts = profile.explicit || !environment_has_keys();
    let (keys, process) = (profile.keys.clone(), profile.process());
    let provider = match (keys.filter(|_| counts), process.filter(|_| counts), &profile.name) {
        (Some(keys), ..) => SharedCredentialsProvider::new(keys),
        (None, Some(command), _) => SharedCredentialsProvider::new(CredentialProcess::new(command)),
        (None, None, Some(name)) if profile.explicit => {
            SharedCredentialsProvider::new(of_profile(name, region, route))
        }
        (None, None, name) => SharedCredentialsProvider::new(usual(name.as_deref(), region, route).await),
    };
    let described = describe(profile);
    match answer(&provider, &described).await? {
        Ok(given) => Ok(WorkingSource { provider, given, described }),
        Err(error) => Err(ConnectError::credentials(&error, &described)),
    }
}

/// What the source gives, within a bounded time.
async fn answer(
    provider: &SharedCredentialsProvider,
    described: &str,
) -> Result<Result<Credentials, CredentialsError>, ConnectError> {
    let mut asking = pin!(provider.provide_credentials());
    if let Ok(answer) = tokio::time::timeout(PATIENCE, &mut asking).await {
        return Ok(answer);
    }
    tracing::warn!("waiting for credentials from {described}");
    tokio::time::timeout(LONGEST_WAIT.saturating_sub(PATIENCE), asking).await.map_err(|_| {
        ConnectError::SlowCredentials { from: described.to_owned(), seconds: LONGEST_WAIT.as_secs() }
    })
}

fn provider_config(region: Option<Region>, route: &Route) -> ProviderConfig {
    ProviderConfig::without_region().with_region(region).with_http_client(route.http_client())
}

/// The metadata service, asked once, as the AWS CLI asks it.
fn metadata(config: &ProviderConfig) -> aws_config::imds::Client {
    aws_config::imds::Client::builder()
        .configure(config)
        .connect_timeout(METADATA_TIMEOUT)
        .read_timeout(METADATA_TIMEOUT)
        .max_attempts(1)
        .build()
}

/// The usual sources, keys of the environment first.
async fn usual(profile: Option<&str>, region: Option<Region>, route: &Route) -> DefaultCredentialsChain {
    let config = provider_config(region.clone(), route);
    let mut chain = DefaultCredentialsChain::builder().imds_client(metadata(&config)).configure(config);
    chain.set_region(region);
    if let Some(profile) = profile {
        chain = chain.profile_name(profile);
    }
    chain.build().await
}

/// The profile's own source, else the machine's: keys of the environment do not count.
fn of_profile(name: &str, region: Option<Region>, route: &Route) -> CredentialsProviderChain {
    let config = provider_config(region, route);
    let imds = metadata(&config);
    CredentialsProviderChain::first_try(
        "Profile",
        ProfileFileCredentialsProvider::builder().configure(&config).profile_name(name).build(),
    )
    .or_else("EcsContainer", EcsCredentialsProvider::builder().configure(&config).build())
    .or_else(
        "Ec2InstanceMetadata",
        ImdsCredentialsProvider::builder().configure(&config).imds_client(imds).build(),
    )
}

fn set(variable: &str) -> bool {
    std::env::var_os(variable).is_some_and(|value| !value.is_empty())
}

fn environment_has_keys() -> bool {
    set("AWS_ACCESS_KEY_ID") && set("AWS_SECRET_ACCESS_KEY")
}

/// Where credentials come from, in the order in which the sources are asked.
fn describe(profile: &ChosenProfile) -> String {
    let name = profile.name.as_deref().unwrap_or("default");
    if environment_has_keys() && !profile.explicit {
        return "the environment (AWS_ACCESS_KEY_ID)".to_owned();
    }
    if let Some(source) = profile.source() {
        return format!("the profile {name} ({source})");
    }
    if set("AWS_WEB_IDENTITY_TOKEN_FILE") && !profile.explicit {
        return "the environment (AWS_WEB_IDENTITY_TOKEN_FILE)".to_owned();
    }
    if set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") || set("AWS_CONTAINER_CREDENTIALS_FULL_URI") {
        return "the container".to_owned();
    }
    METADATA_SERVICE.to_owned()
}
