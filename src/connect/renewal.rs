//! Credentials, and their renewal: shortly before their stated expiry, and when the service calls them expired before that
//! (a wrong clock, a revoked session).
//!
//! The SDK renews them too, but inside a request: all requests that wait for a slow source would leave at once when it
//! answers, whatever the pace. So the SDK gets credentials that are loaded already, and a request that a slow source has
//! delayed is not sent: it is tried again with a permit of its own.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, future};
use aws_sdk_connect::config::SharedCredentialsProvider;
use tokio::time::Instant;

use crate::clock::Clock;
use crate::domain::unix_millis::UnixMillis;

/// Credentials are renewed this long before they expire.
const EARLY: Duration = Duration::from_secs(30);
/// Pause before a source that had nothing new is asked again.
const AGAIN: Duration = Duration::from_secs(5);
/// Credentials that are refused sooner than this after a renewal are not renewed again: something else is wrong.
const LEAST_LIFE: Duration = Duration::from_secs(60);
/// Longest wait for a renewal: a source may hang.
const PATIENCE: Duration = Duration::from_secs(10);
/// A request that was delayed for longer has outlived its permit.
const AT_ONCE: Duration = Duration::from_millis(20);

/// The credentials that the SDK is given: the latest ones, and a source for the first.
#[derive(Debug)]
struct Handed {
    source: SharedCredentialsProvider,
    latest: Mutex<Option<Credentials>>,
}

impl Handed {
    fn latest(&self) -> Option<Credentials> {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keep(&self, credentials: Credentials) {
        *self.latest.lock().unwrap_or_else(PoisonError::into_inner) = Some(credentials);
    }
}

/// The credentials that a client has at the moment, for whoever only looks at them.
#[derive(Debug, Clone)]
pub(super) struct CredentialsInUse(Arc<Handed>);

impl CredentialsInUse {
    /// When they end.
    pub(super) fn end(&self) -> Option<UnixMillis> {
        let end = self.0.latest()?.expiry()?.duration_since(std::time::UNIX_EPOCH).ok()?;
        i64::try_from(end.as_millis()).ok().map(UnixMillis::from_millis)
    }
}

#[derive(Debug)]
struct SharedProvider(Arc<Handed>);

impl ProvideCredentials for SharedProvider {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            if let Some(latest) = self.0.latest() {
                return Ok(latest);
            }
            let first = self.0.source.provide_credentials().await?;
            self.0.keep(first.clone());
            Ok(first)
        })
    }
}

/// The SDK's client with the credentials of the moment.
#[derive(Debug)]
pub(super) struct RenewingClient {
    sdk: aws_sdk_connect::Client,
    handed: Arc<Handed>,
    clock: Clock,
    /// How often they were renewed.
    number: u64,
    asked_at: Option<Instant>,
    renewed_at: Option<Instant>,
}

impl RenewingClient {
    /// Puts this source of credentials into the client's configuration, with what it gave already.
    pub(super) fn new(
        config: aws_sdk_connect::config::Builder,
        source: SharedCredentialsProvider,
        given: Option<Credentials>,
        clock: Clock,
    ) -> Self {
        let handed = Arc::new(Handed { source, latest: Mutex::new(given) });
        let shared = SharedCredentialsProvider::new(SharedProvider(Arc::clone(&handed)));
        let sdk = aws_sdk_connect::Client::from_conf(config.credentials_provider(shared).build());
        Self { sdk, handed, clock, number: 0, asked_at: None, renewed_at: None }
    }

    /// What it has, to be looked at.
    pub(super) fn credentials(&self) -> CredentialsInUse {
        CredentialsInUse(Arc::clone(&self.handed))
    }

    /// The client, and the number of the credentials that it has; `None` where renewing them took so long that the
    /// caller's permit is worth nothing any more.
    pub(super) async fn current(&mut self) -> Option<(aws_sdk_connect::Client, u64)> {
        let began = Instant::now();
        let asked_lately = self.asked_at.is_some_and(|at| at.elapsed() < AGAIN);
        if self.ends_soon() && !asked_lately {
            self.replace().await;
        }
        (began.elapsed() < AT_ONCE).then(|| (self.sdk.clone(), self.number))
    }

    /// After a request with the credentials of this number was refused for their age: whether there are others by now.
    pub(super) async fn renew(&mut self, number: u64) -> bool {
        number != self.number
            || (self.renewed_at.is_none_or(|at| at.elapsed() >= LEAST_LIFE) && self.replace().await)
    }

    fn ends_soon(&self) -> bool {
        let end = self.handed.latest().and_then(|latest| latest.expiry());
        end.is_some_and(|end| end <= self.clock.system_time() + EARLY)
    }

    /// Asks the source once more. Says whether there are other credentials than before.
    async fn replace(&mut self) -> bool {
        self.asked_at = Some(Instant::now());
        let asked = tokio::time::timeout(PATIENCE, self.handed.source.provide_credentials()).await;
        let (Some(before), Ok(Ok(now))) = (self.handed.latest(), asked) else { return false };
        if before.access_key_id() == now.access_key_id() && before.session_token() == now.session_token() {
            return false;
        }
        self.handed.keep(now);
        // The SDK keeps credentials by the provider that they came from: from another one it takes them anew.
        let shared = SharedCredentialsProvider::new(SharedProvider(Arc::clone(&self.handed)));
        let config = self.sdk.config().to_builder().credentials_provider(shared).build();
        self.sdk = aws_sdk_connect::Client::from_conf(config);
        self.number += 1;
        self.renewed_at = Some(Instant::now());
        true
    }
}
