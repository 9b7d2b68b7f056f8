//! The client: configured once, used for every request.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, SystemTime};

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_sdk_connect::config::{SharedCredentialsProvider, SharedHttpClient, StalledStreamProtectionConfig};
use aws_smithy_async::time::TimeSource;
use aws_types::request_id::RequestId;
use tokio::sync::Mutex;
use uuid::Uuid;

use super::account::Account;
use super::contact_ids::RecentContactIds;
use super::environment::{Environment, behavior};
use super::error::ConnectError;
use super::prepared::{self, Prepared, Unsigned};
use super::renewal::{CredentialsInUse, RenewingClient};
use super::route::Route;
use super::signer::Signing;
use super::{answer, endpoint};
use crate::clock::Clock;
use crate::domain::definition::EndpointUrl;
use crate::domain::delivery::refusal::{Refusal, RefusalKind};
use crate::domain::foreign::ForeignText;
use crate::domain::unix_millis::UnixMillis;

/// What an attempt may take beyond connecting and reading, so that loading credentials fits in.
const ATTEMPT_MARGIN: Duration = Duration::from_secs(10);

/// How to reach Amazon Connect. `None` leaves the choice to the environment and the profile, as the AWS CLI does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// AWS Region.
    pub region: Option<String>,
    /// Profile of the shared configuration files.
    pub profile: Option<String>,
    /// Another endpoint than Amazon Connect's own; https, or on this machine.
    pub endpoint_url: Option<String>,
    /// PEM certificates to trust besides the machine's; else `AWS_CA_BUNDLE`.
    pub ca_bundle: Option<PathBuf>,
    /// Time to open a connection.
    pub connect_timeout: Duration,
    /// Time between the request and the answer.
    pub read_timeout: Duration,
}

/// Sends contact requests.
#[derive(Debug, Clone)]
pub struct Client {
    current: Arc<Mutex<RenewingClient>>,
    endpoint: Option<String>,
    contact_ids: Arc<std::sync::Mutex<RecentContactIds>>,
    credentials: CredentialsInUse,
}

/// What came of a request.
#[derive(Debug)]
pub struct Attempt {
    /// The contact id, or the refusal.
    pub answer: Result<String, Refusal>,
    /// The service's own id of the request (`x-amzn-requestid`), which AWS Support asks for; `None` where no answer came.
    pub request_id: Option<ForeignText>,
}

impl Client {
    /// A client for Amazon Connect (or for the endpoint that is set), with credentials that could be loaded.
    ///
    /// # Errors
    /// [`ConnectError`]: no Region, no credentials, an unusable CA bundle, proxy or endpoint.
    pub async fn connect(settings: &Settings, clock: &Clock) -> Result<Self, ConnectError> {
        Ok(Self::in_environment(Environment::load(settings).await?, settings, clock))
    }

    /// The same, and who asks the account: with the same credentials, which are loaded once.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub async fn connect_with_account(
        settings: &Settings,
        clock: &Clock,
    ) -> Result<(Self, Account), ConnectError> {
        let environment = Environment::load(settings).await?;
        let account = Account::in_environment(&environment, settings, clock)?;
        Ok((Self::in_environment(environment, settings, clock), account))
    }

    fn in_environment(environment: Environment, settings: &Settings, clock: &Clock) -> Self {
        let (source, endpoint) = (environment.credentials, environment.endpoint);
        let credentials = (source.provider, Some(source.given));
        Self::build(&environment.sdk, credentials, endpoint, settings, clock)
    }

    /// A client whose requests go to the given HTTP client and nowhere else: the simulator in this process.
    #[must_use]
    pub fn simulated(http: SharedHttpClient, keys: (&str, &str), settings: &Settings, clock: &Clock) -> Self {
        let credentials = Credentials::new(keys.0, keys.1, None, None, "simulated");
        Self::simulated_with(http, credentials, settings, clock)
    }

    /// The same, with credentials that come from a source and may change.
    #[must_use]
    pub fn simulated_with(
        http: SharedHttpClient,
        provider: impl ProvideCredentials + 'static,
        settings: &Settings,
        clock: &Clock,
    ) -> Self {
        let region = settings.region.clone().unwrap_or_else(|| "us-west-2".to_owned());
        let config = SdkConfig::builder()
            .behavior_version(behavior())
            .region(Region::new(region))
            .http_client(http)
            .build();
        let provider = SharedCredentialsProvider::new(provider);
        Self::build(&config, (provider, None), settings.endpoint_url.clone(), settings, clock)
    }

    /// A client whose requests are not signed; no credentials are loaded. For servers on this machine.
    ///
    /// # Errors
    /// [`ConnectError`]: an unusable CA bundle.
    pub fn unsigned(
        endpoint: &EndpointUrl,
        settings: &Settings,
        clock: &Clock,
    ) -> Result<Self, ConnectError> {
        let region = settings.region.clone().unwrap_or_else(|| "us-west-2".to_owned());
        let route = Route::from_environment(settings.ca_bundle.as_deref())?;
        let config = SdkConfig::builder().behavior_version(behavior()).region(Region::new(region));
        let config = config.http_client(route.http_client());
        let endpoint = Some(endpoint.as_str().to_owned());
        let builder = Self::builder(&config.build(), endpoint.clone(), settings, clock).interceptor(Unsigned);
        // The SDK makes no request without them; what it signs with them is taken off again.
        let none = SharedCredentialsProvider::new(Credentials::new("none", "none", None, None, "none"));
        Ok(Self::of(RenewingClient::new(builder, none, None, clock.clone()), endpoint))
    }

    fn build(
        config: &SdkConfig,
        (provider, given): (SharedCredentialsProvider, Option<Credentials>),
        endpoint: Option<String>,
        settings: &Settings,
        clock: &Clock,
    ) -> Self {
        let builder = Self::builder(config, endpoint.clone(), settings, clock);
        Self::of(RenewingClient::new(builder, provider, given, clock.clone()), endpoint)
    }

    /// When the credentials that it has now end; `None` where they do not, or none were needed yet.
    #[must_use]
    pub fn credentials_end(&self) -> Option<UnixMillis> {
        self.credentials.end()
    }

    fn of(current: RenewingClient, endpoint: Option<String>) -> Self {
        let credentials = current.credentials();
        Self { current: Arc::new(Mutex::new(current)), endpoint, contact_ids: Arc::default(), credentials }
    }

    fn builder(
        config: &SdkConfig,
        endpoint: Option<String>,
        settings: &Settings,
        clock: &Clock,
    ) -> aws_sdk_connect::config::Builder {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(settings.connect_timeout)
            .read_timeout(settings.read_timeout)
            .operation_attempt_timeout(settings.connect_timeout + settings.read_timeout + ATTEMPT_MARGIN)
            .build();
        let mut builder = aws_sdk_connect::config::Builder::from(config)
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts)
            // It guards slow bodies; ours and the answers are one packet each, and the attempt has a time-out.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .interceptor(Prepared::new())
            .push_auth_scheme(Signing::default())
            .sleep_impl(aws_smithy_async::rt::sleep::TokioSleep::new())
            .time_source(LocalClock(clock.clone()));
        builder.set_endpoint_url(endpoint);
        builder
    }

    /// The endpoint, where it is not Amazon Connect's own.
    #[must_use]
    pub fn endpoint(&self) -> Option<&str> {
        self.endpoint.as_deref()
    }

    /// Whether the endpoint is on this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.endpoint().is_some_and(endpoint::is_loopback)
    }

    /// Starts a contact: one HTTP request, and its contact id or its refusal. A refusal may leave it open whether the contact
    /// was started.
    ///
    /// The body is sent as it is. It has the same client token.
    pub async fn start(&self, client_token: Uuid, body: Vec<u8>) -> Attempt {
        // A connection returns to the pool a moment after its answer. Without this yield the next request opens another one:
        // with 500 requests in flight, hundreds of needless connections, of 30 KB and a TLS handshake each.
        tokio::task::yield_now().await;
        // A held lock means that credentials are being renewed: waiting for that would outlive the permit.
        let current = match self.current.try_lock() {
            Ok(mut current) => current.current().await,
            Err(_) => None,
        };
        let Some((sdk, number)) = current else {
            return Attempt { answer: Err(held_up()), request_id: None };
        };
        // In a box: it is large, and every move of it costs.
        let call = Box::pin(sdk.start_outbound_chat_contact().client_token(client_token.to_string()).send());
        let answer = prepared::with_body(body, call).await;
        let request_id = match &answer {
            Ok(output) => output.request_id(),
            Err(error) => error.request_id(),
        };
        let request_id = request_id.and_then(answer::request_id);
        let answer = match answer::contact_id(answer) {
            Err(refusal) if refusal.says_expired() && self.current.lock().await.renew(number).await => {
                Err(Refusal { kind: RefusalKind::Renewed, ..refusal })
            }
            Ok(contact_id) => self.unseen(client_token, contact_id),
            answer => answer,
        };
        Attempt { answer, request_id }
    }
}

impl Client {
    /// The contact id, unless it was given for another client token lately.
    fn unseen(&self, client_token: Uuid, contact_id: String) -> Result<String, Refusal> {
        let mut ids = self.contact_ids.lock().unwrap_or_else(PoisonError::into_inner);
        if ids.is_new(&contact_id, client_token) {
            return Ok(contact_id);
        }
        let message = format!("the contact id {contact_id} was given for two client tokens");
        Err(Refusal::repeated_contact_id(message))
    }
}

/// The refusal of a request that was not sent because renewing credentials took too long.
fn held_up() -> Refusal {
    Refusal {
        kind: RefusalKind::Renewed,
        status: None,
        code: "CredentialsRenewed".into(),
        message: "the credentials were renewed meanwhile".into(),
    }
}

/// The injected clock as the SDK's time source, for signatures.
#[derive(Debug)]
pub(super) struct LocalClock(pub(super) Clock);

impl TimeSource for LocalClock {
    fn now(&self) -> SystemTime {
        self.0.system_time()
    }
}
