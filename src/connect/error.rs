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

impl ConnectError {
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
