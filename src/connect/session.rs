//! Credentials, and the renewal of those that the service calls expired.
//!
//! The SDK asks for new ones shortly before they expire by its own account. Where that account is wrong (a clock that is
//! off, credentials without a time of expiry, a session that was revoked) the service refuses requests with credentials
//! that their source would replace. So the source is asked once more before anybody calls that a halt.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, future};
use aws_sdk_connect::config::SharedCredentialsProvider;
use tokio::time::Instant;

/// Credentials that are new and expired all the same are not renewed again so soon: something else is wrong.
const AGAIN: Duration = Duration::from_secs(60);
/// A source may hang.
const PATIENCE: Duration = Duration::from_secs(10);

/// A source of credentials that remembers what it gave last.
#[derive(Debug)]
struct Source {
    provider: SharedCredentialsProvider,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// What it gave last.
    latest: Option<Credentials>,
    /// The same, where the SDK does not have it yet. A source may ask a person, so it is not asked twice for one thing.
    untouched: Option<Credentials>,
}

impl Source {
    /// Asks once more. Says whether there are other credentials than before.
    async fn has_others(&self) -> bool {
        let asked = tokio::time::timeout(PATIENCE, self.provider.provide_credentials()).await;
        let Ok(Ok(now)) = asked else { return false };
        let mut known = self.known();
        let is_other = known.latest.as_ref().is_some_and(|before| {
            before.access_key_id() != now.access_key_id() || before.session_token() != now.session_token()
        });
        if is_other {
            *known = Known { latest: Some(now.clone()), untouched: Some(now) };
        }
        is_other
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug)]
struct Remembering(Arc<Source>);

impl ProvideCredentials for Remembering {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            let untouched = self.0.known().untouched.take();
            let credentials = match untouched {
                Some(credentials) => credentials,
                None => self.0.provider.provide_credentials().await?,
            };
            self.0.known().latest = Some(credentials.clone());
            Ok(credentials)
        })
    }
}

/// The SDK's client with the credentials of the moment.
#[derive(Debug)]
pub(super) struct Session {
    sdk: aws_sdk_connect::Client,
    source: Arc<Source>,
    number: u64,
    renewed_at: Option<Instant>,
}

impl Session {
    /// Puts this source of credentials into the client's configuration, with what it gave already.
    pub(super) fn new(
        config: aws_sdk_connect::config::Builder,
        provider: SharedCredentialsProvider,
        given: Option<Credentials>,
    ) -> Self {
        let known = Mutex::new(Known { latest: given.clone(), untouched: given });
        let source = Arc::new(Source { provider, known });
        let remembering = SharedCredentialsProvider::new(Remembering(Arc::clone(&source)));
        let sdk = aws_sdk_connect::Client::from_conf(config.credentials_provider(remembering).build());
        Self { sdk, source, number: 0, renewed_at: None }
    }

    /// The client, and the number of the credentials that it has.
    pub(super) fn current(&self) -> (aws_sdk_connect::Client, u64) {
        (self.sdk.clone(), self.number)
    }

    /// After a request with the credentials of this number was refused for their age: whether there are others by now.
    pub(super) async fn renew(&mut self, number: u64) -> bool {
        if number != self.number {
            return true;
        }
        if self.renewed_at.is_some_and(|at| at.elapsed() < AGAIN) || !self.source.has_others().await {
            return false;
        }
        // The SDK keeps credentials by the provider that they came from: with another one it asks again.
        let remembering = SharedCredentialsProvider::new(Remembering(Arc::clone(&self.source)));
        let config = self.sdk.config().to_builder().credentials_provider(remembering).build();
        self.sdk = aws_sdk_connect::Client::from_conf(config);
        self.number += 1;
        self.renewed_at = Some(Instant::now());
        true
    }
}
