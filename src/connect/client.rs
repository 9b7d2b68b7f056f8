//! The client: configured once, used for every request.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_sdk_connect::config::{SharedCredentialsProvider, SharedHttpClient, StalledStreamProtectionConfig};
use aws_smithy_async::time::TimeSource;
use aws_types::request_id::RequestId;
use tokio::sync::Mutex;
use uuid::Uuid;

use super::error::ConnectError;
use super::prepared::{self, Prepared, Unsigned};
use super::session::Session;
use super::signer::Signing;
use super::{answer, endpoint, tls};
use crate::clock::Clock;
use crate::domain::definition::EndpointUrl;
use crate::domain::delivery::refusal::{Refusal, RefusalKind};

/// What an attempt may take beyond connecting and reading, so that loading credentials fits in.
const ATTEMPT_MARGIN: Duration = Duration::from_secs(10);

/// How to reach Amazon Connect. `None` leaves a thing to the environment and the profile, as the AWS CLI does.
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
    session: Arc<Mutex<Session>>,
    endpoint: Option<String>,
}

/// What came of a request.
#[derive(Debug)]
pub struct Attempt {
    /// The contact id, or the refusal.
    pub answer: Result<String, Refusal>,
    /// The service's own id of the request (`x-amzn-requestid`), which AWS Support asks for; `None` where no answer came.
    pub request_id: Option<String>,
}

impl Client {
    /// A client for Amazon Connect (or for the endpoint that is set), with credentials that could be loaded.
    ///
    /// # Errors
    /// [`ConnectError`]: no Region, no credentials, an unusable CA bundle or endpoint.
    pub async fn connect(settings: &Settings, clock: &Clock) -> Result<Self, ConnectError> {
        let mut loader = aws_config::defaults(behavior());
        if let Some(region) = &settings.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(profile) = &settings.profile {
            loader = loader.profile_name(profile);
        }
        let bundle =
            settings.ca_bundle.clone().or_else(|| std::env::var_os("AWS_CA_BUNDLE").map(PathBuf::from));
        if let Some(bundle) = bundle {
            loader = loader.http_client(tls::client_trusting(&bundle)?);
        }
        let config = loader.load().await;
        if config.region().is_none() {
            return Err(ConnectError::NoRegion);
        }
        let (provider, given) = working_provider(&config).await?;
        let endpoint = match &settings.endpoint_url {
            Some(url) => Some(url.clone()),
            None => endpoint::from_environment(&config)?,
        };
        Ok(Self::build(&config, (provider, Some(given)), endpoint, settings, clock))
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
        let mut config = SdkConfig::builder().behavior_version(behavior()).region(Region::new(region));
        if let Some(bundle) = &settings.ca_bundle {
            config = config.http_client(tls::client_trusting(bundle)?);
        }
        let endpoint = Some(endpoint.as_str().to_owned());
        let builder = Self::builder(&config.build(), endpoint.clone(), settings, clock).interceptor(Unsigned);
        // The SDK makes no request without them; what it signs with them is taken off again.
        let none = SharedCredentialsProvider::new(Credentials::new("none", "none", None, None, "none"));
        Ok(Self { session: Arc::new(Mutex::new(Session::new(builder, none, None, clock.clone()))), endpoint })
    }

    fn build(
        config: &SdkConfig,
        (provider, given): (SharedCredentialsProvider, Option<Credentials>),
        endpoint: Option<String>,
        settings: &Settings,
        clock: &Clock,
    ) -> Self {
        let builder = Self::builder(config, endpoint.clone(), settings, clock);
        Self {
            session: Arc::new(Mutex::new(Session::new(builder, provider, given, clock.clone()))),
            endpoint,
        }
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
            // Of bodies that come slowly; ours and the answers are one packet each, and the attempt has its end.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .interceptor(Prepared::new())
            .push_auth_scheme(Signing::default())
            .sleep_impl(aws_smithy_async::rt::sleep::TokioSleep::new())
            .time_source(Wall(clock.clone()));
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

    /// Starts a contact: one HTTP request, and its contact id or its refusal; among these is every failure of which nobody
    /// knows whether the contact was started.
    ///
    /// The body is sent as it is. It has the same client token.
    pub async fn start(&self, client_token: Uuid, body: Vec<u8>) -> Attempt {
        // A connection goes back to the pool a moment after its answer is here. Who does not wait for that moment opens one
        // more: with 500 requests in flight, hundreds that nobody needs, of 30 KB and a TLS handshake each.
        tokio::task::yield_now().await;
        // Whoever finds it locked has to wait for a source of credentials, and would leave without a permit.
        let current = match self.session.try_lock() {
            Ok(mut session) => session.current().await,
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
        let request_id = request_id.map(str::to_owned);
        let answer = match answer::contact_id(answer) {
            Err(refusal) if refusal.says_expired() && self.session.lock().await.renew(number).await => {
                Err(Refusal { kind: RefusalKind::Renewed, ..refusal })
            }
            answer => answer,
        };
        Attempt { answer, request_id }
    }
}

/// What becomes of a request that did not leave, because credentials were renewed for too long.
fn held_up() -> Refusal {
    Refusal {
        kind: RefusalKind::Renewed,
        status: None,
        code: "CredentialsRenewed".to_owned(),
        message: "the credentials were renewed meanwhile".to_owned(),
    }
}

fn behavior() -> BehaviorVersion {
    BehaviorVersion::v2026_01_12()
}

/// The source of credentials, and what it gave.
async fn working_provider(
    config: &SdkConfig,
) -> Result<(SharedCredentialsProvider, Credentials), ConnectError> {
    let Some(provider) = config.credentials_provider() else {
        return Err(ConnectError::Credentials("none are configured".to_owned()));
    };
    match provider.provide_credentials().await {
        Ok(credentials) => Ok((provider, credentials)),
        Err(error) => {
            let causes =
                std::iter::successors(Some(&error as &dyn std::error::Error), |error| error.source());
            Err(ConnectError::credentials(causes.map(ToString::to_string)))
        }
    }
}

/// The injected clock, as the SDK asks for it when it signs.
#[derive(Debug)]
struct Wall(Clock);

impl TimeSource for Wall {
    fn now(&self) -> SystemTime {
        self.0.system_time()
    }
}
