//! What can be wrong before the first request.

use std::path::PathBuf;

use thiserror::Error;

/// The client cannot be made. Nothing was sent.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// Neither definition nor environment names a Region.
    #[error("no AWS Region is set")]
    NoRegion,
    /// No credentials, or none that can be loaded.
    #[error("failed to load AWS credentials: {0}")]
    Credentials(String),
    /// The CA bundle cannot be read or used.
    #[error("failed to use the CA bundle {}: {reason}", path.display())]
    CaBundle {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// An endpoint from the environment that would send people's data unencrypted.
    #[error("the endpoint {0} is not https, and not on this machine")]
    Insecure(String),
}

/// What the SDK puts around a cause that says nothing.
const AROUND: [&str; 6] = [
    "ProfileFile provider could not be built",
    "an error occurred while loading credentials",
    "the credentials provider was not properly configured",
    "the credential provider was not enabled",
    "unexpected credentials error",
    "Error retrieving credentials: ",
];

impl ConnectError {
    /// From what the SDK says, the error first and each cause after it.
    pub(super) fn credentials(causes: impl Iterator<Item = String>) -> Self {
        let causes: Vec<String> = causes.collect();
        let all = causes.join("\n");
        // It lists all places where it looked, one a line; the one that somebody named is what matters.
        if let Some((_, rest)) = all.split_once("profile `")
            && let Some((profile, rest)) = rest.split_once('`')
            && rest.starts_with(" was not defined")
        {
            return Self::Credentials(format!(
                "there is no profile `{profile}` in the AWS configuration files"
            ));
        }
        if all.contains("no credentials found in chain") {
            let places = "there are none in the environment, in the profile, or from this machine";
            return Self::Credentials(places.to_owned());
        }
        let mut words: Vec<String> = Vec::new();
        for cause in causes {
            let told = AROUND.iter().fold(cause, |told, around| told.replace(around, ""));
            let told = told.trim_matches([':', ' ', '\n']).trim_end_matches(". Stderr").to_owned();
            if !told.is_empty() && !words.iter().any(|words| words.contains(&told)) {
                words.push(told);
            }
        }
        Self::Credentials(words.join(": "))
    }

    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::NoRegion => "set region in [connect] of the definition, or pass --region".to_owned(),
            Self::Credentials(_) => {
                "set AWS_PROFILE or pass --profile, run `aws sso login` if the profile uses it, or \
                 try without AWS: --simulate"
                    .to_owned()
            }
            Self::CaBundle { .. } => {
                "ca_bundle in [connect] (or AWS_CA_BUNDLE) is a file of PEM certificates".to_owned()
            }
            Self::Insecure(_) => "use https; plain http is for servers on this machine".to_owned(),
        }
    }
}
