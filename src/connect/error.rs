//! What can be wrong before the first request.

use crate::domain::foreign;
use std::error::Error;
use std::path::PathBuf;

use crate::domain::definition::BadEndpoint;
use crate::domain::next_step::{Advice, Setting};

/// The client cannot be made. Nothing was sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// Neither definition nor environment names a Region.
    #[error("no AWS Region is set")]
    NoRegion,
    /// An endpoint is stated, and another kind of endpoint as well. The SDK refuses each request for that.
    #[error(
        "an endpoint is stated, and FIPS or dual-stack endpoints are asked for: the AWS SDK sends nothing with both"
    )]
    EndpointAndKind,
    /// A profile is named that the configuration files do not have.
    #[error("the AWS profile `{name}` could not be found; {}", there_are(known))]
    Profile {
        /// The profile.
        name: String,
        /// Those that exist.
        known: Vec<String>,
    },
    /// The configuration files cannot be read.
    #[error("failed to read the AWS configuration files: {}", .0.join(": "))]
    ProfileFile(Vec<String>),
    /// There are no credentials anywhere.
    #[error("unable to locate credentials: none in the environment, in the profile, or from this machine")]
    NoCredentials,
    /// Credentials that cannot be loaded.
    #[error("failed to load AWS credentials: {0}")]
    Credentials(String),
    /// A source of credentials does not answer.
    #[error("failed to load AWS credentials: {from} gave none within {seconds} s")]
    SlowCredentials {
        /// Their source.
        from: String,
        /// How long it was waited for.
        seconds: u64,
    },
    /// A profile that needs a code of a device each time.
    #[error("the AWS profile `{profile}` assumes its role with a code of the MFA device {serial}")]
    NeedsCode {
        /// The profile.
        profile: String,
        /// The device.
        serial: String,
    },
    /// The CA bundle cannot be read or used.
    #[error("failed to use the CA bundle {}: {reason}", foreign::path(path))]
    CaBundle {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The proxy of the environment is none.
    #[error("failed to use the proxy of HTTPS_PROXY: {reason}")]
    Proxy {
        /// Why.
        reason: String,
    },
    /// An endpoint from the environment that would send people's data unencrypted.
    #[error("the endpoint {0} is not https, and not on this machine")]
    Insecure(String),
    /// A queue's URL that requests must not go to, or that is none.
    #[error("the queue's URL {url} {}", bad_queue(*why))]
    QueueUrl {
        /// The URL.
        url: String,
        /// What is wrong with it.
        why: BadEndpoint,
    },
}

fn bad_queue(why: BadEndpoint) -> &'static str {
    match why {
        BadEndpoint::NotAUrl => "is none",
        BadEndpoint::NotEncrypted => "is not https, and not on this machine",
    }
}

fn there_are(known: &[String]) -> String {
    match known {
        [] => "the AWS configuration files have none".to_owned(),
        known => format!("the AWS configuration files have {}", known.join(", ")),
    }
}

/// An error and what caused it, the last cause last.
pub(super) fn causes<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

/// The last place where credentials are looked for, as it is described.
pub(super) const METADATA_SERVICE: &str = "the instance's metadata service";

/// What the SDK puts around a cause that says nothing.
const AROUND: [&str; 7] = [
    "ProfileFile provider could not be built",
    "an error occurred while loading credentials",
    "the credentials provider was not properly configured",
    "the credential provider was not enabled",
    "unexpected credentials error",
    "Error retrieving credentials: ",
    "dispatch failure",
];

/// Words of the SDK's that nobody knows who has not read its source, and the AWS CLI's for the same.
const TRANSLATED: [(&str, &str); 4] = [
    ("IMDS", "instance metadata service"),
    ("ECS credentials provider", "container's credentials endpoint"),
    ("the `credentials-sso` feature", "SSO"),
    ("ProfileFile", "profile"),
];

impl ConnectError {
    /// From what the SDK says, the error first and each cause after it. `source` is where the credentials should come from.
    pub(super) fn credentials(error: &(dyn Error + 'static), source: &str) -> Self {
        let causes: Vec<String> = causes(error).map(ToString::to_string).collect();
        let all = causes.join("\n");
        // The SDK looked everywhere, and the last place is one that most machines do not have.
        let nowhere = all.contains("no credentials found in chain")
            || all.contains("no providers in chain provided credentials")
            || source == METADATA_SERVICE;
        if nowhere {
            return Self::NoCredentials;
        }
        let mut words: Vec<String> = Vec::new();
        for cause in causes {
            let told = AROUND.iter().fold(cause, |told, around| told.replace(around, ""));
            let told = TRANSLATED.iter().fold(told, |told, (from, to)| told.replace(from, to));
            let told = told.trim_matches([':', ' ', '\n']).trim_end_matches(". Stderr").to_owned();
            if !told.is_empty() && !words.iter().any(|words| words.contains(&told)) {
                words.push(told);
            }
        }
        Self::Credentials(words.join(": "))
    }

    /// Whether the caller's identity is what is missing, and not something of the definition or the machine.
    #[must_use]
    pub fn is_about_credentials(&self) -> bool {
        matches!(
            self,
            Self::Profile { .. }
                | Self::ProfileFile(_)
                | Self::NoCredentials
                | Self::Credentials(_)
                | Self::SlowCredentials { .. }
                | Self::NeedsCode { .. }
        )
    }

    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> Advice {
        match self {
            Self::NoRegion => {
                Advice::new("set region in [connect] of the definition, or pass ").set(Setting::Region)
            }
            Self::EndpointAndKind => "unset AWS_USE_FIPS_ENDPOINT and AWS_USE_DUALSTACK_ENDPOINT, or take use_fips_endpoint and \
                 use_dualstack_endpoint out of the profile; or leave the endpoint out"
                .into(),
            Self::Profile { .. } => Advice::new("name one of these with ")
                .set(Setting::Profile)
                .then(", AWS_PROFILE or profile in [connect], or add it with `aws configure`"),
            Self::ProfileFile(_) => {
                "these are ~/.aws/config and ~/.aws/credentials, or AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE".into()
            }
            Self::NoCredentials => Advice::new(
                "sign in with `aws login`, `aws sso login` or `aws configure`, name a profile with ",
            )
            .set(Setting::Profile)
            .then(", or try without AWS: ")
            .set(Setting::Simulate),
            Self::Credentials(_) => Advice::new("set AWS_PROFILE or pass ")
                .set(Setting::Profile)
                .then(", run `aws sso login` or `aws login` if the profile uses it, or try without AWS: ")
                .set(Setting::Simulate),
            Self::SlowCredentials { .. } => {
                "find out why with `aws sts get-caller-identity`, then run again".into()
            }
            Self::NeedsCode { profile, .. } => Advice::new(format!(
                "sign in with `eval \"$(aws configure export-credentials --profile {profile} --format env)\"`, which asks \
                 for the code, then run again without "
            ))
            .set(Setting::Profile),
            Self::CaBundle { .. } => {
                "ca_bundle in [connect] (or AWS_CA_BUNDLE) is a file of PEM certificates".into()
            }
            Self::Proxy { .. } => {
                "set HTTPS_PROXY to a URL such as http://proxy.example.com:8080, or unset it".into()
            }
            Self::QueueUrl { .. } => {
                "the queue's page shows its URL: https://sqs.REGION.amazonaws.com/ACCOUNT/NAME".into()
            }
            Self::Insecure(_) => "use https; plain http is for servers on this machine".into(),
        }
    }
}
