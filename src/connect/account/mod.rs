//! The account, asked: Amazon Connect, End User Messaging, Service Quotas and STS, each question once, side by side.
//!
//! The services answer one request of a kind per second, or two (`account.md`'s tables in the AWS documentation: Connect's
//! quotas page, End User Messaging's API reference). Questions of different kinds have rates of their own, so that asking
//! all of them takes as long as the longest chain of questions that need each other's answers.

mod ask;
mod connect;
mod contacts;
mod messaging;
mod opt_outs;

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_sdk_connect::config::{SharedCredentialsProvider, SharedHttpClient};
use tokio::time::Instant;

pub use contacts::{ContactSearch, MOST_VALUES};
use messaging::Silence;

use super::client::{LocalClock, Settings};
use super::endpoint;
use super::environment::{Environment, behavior};
use super::error::ConnectError;
use crate::clock::Clock;
use crate::domain::account::facts::{
    AccountFacts, Answer, CredentialFacts, Identity, SourceFacts, Unanswered,
};

/// How long one question may take.
const QUESTION_TIMEOUT: Duration = Duration::from_secs(8);

/// What is asked about. A thing that differs from row to row is `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// The instance, by id.
    pub instance_id: String,
    /// The flow, by id.
    pub flow_id: Option<String>,
    /// The number's ARN in Amazon Connect.
    pub source: Option<String>,
    /// The first attribute that the definition sets.
    pub attribute: Option<String>,
}

/// Asks the account. Nothing that it does changes anything.
#[derive(Debug, Clone)]
pub struct Account {
    connect: aws_sdk_connect::Client,
    messaging: aws_sdk_pinpointsmsvoicev2::Client,
    quotas: aws_sdk_servicequotas::Client,
    identity: aws_sdk_sts::Client,
    credentials: CredentialFacts,
    region: String,
    is_loopback: bool,
    service_date: ask::ServiceDate,
    /// When questions that have no answer are given up.
    until: Option<Instant>,
}

impl Account {
    /// Clients of all four services, which go the same way out, with the same credentials.
    ///
    /// # Errors
    /// [`ConnectError`]: no Region, no credentials, an unusable CA bundle, proxy or endpoint.
    pub async fn connect(settings: &Settings, clock: &Clock) -> Result<Self, ConnectError> {
        Self::in_environment(&Environment::load(settings).await?, settings, clock)
    }

    /// The same, where Region, credentials and way out are known.
    pub(super) fn in_environment(
        environment: &Environment,
        settings: &Settings,
        clock: &Clock,
    ) -> Result<Self, ConnectError> {
        let source = &environment.credentials;
        let now = clock.system_time();
        let expire_in = source.given.expiry().map(|end| end.duration_since(now).unwrap_or_default());
        let credentials = CredentialFacts { source: source.described.clone(), expire_in };
        let sdk = environment
            .sdk
            .to_builder()
            .credentials_provider(source.provider.clone())
            .retry_config(RetryConfig::disabled())
            .timeout_config(
                TimeoutConfig::builder()
                    .connect_timeout(settings.connect_timeout.min(QUESTION_TIMEOUT))
                    .operation_timeout(QUESTION_TIMEOUT)
                    .build(),
            )
            .time_source(LocalClock(clock.clone()))
            .build();
        Self::of(&sdk, environment.endpoint.as_deref(), credentials, clock)
    }

    /// The clients, whose requests go to the given HTTP client and nowhere else: the simulator in this process.
    ///
    /// # Errors
    /// [`ConnectError`]: an unusable endpoint in the environment.
    pub fn simulated(
        http: SharedHttpClient,
        keys: (&str, &str),
        region: &str,
        clock: &Clock,
    ) -> Result<Self, ConnectError> {
        let provider = Credentials::new(keys.0, keys.1, None, None, "simulated");
        let sdk = SdkConfig::builder()
            .behavior_version(behavior())
            .region(Region::new(region.to_owned()))
            .http_client(http)
            .credentials_provider(SharedCredentialsProvider::new(provider))
            .retry_config(RetryConfig::disabled())
            .sleep_impl(aws_smithy_async::rt::sleep::TokioSleep::new())
            .timeout_config(TimeoutConfig::builder().operation_timeout(QUESTION_TIMEOUT).build())
            .time_source(LocalClock(clock.clone()))
            .build();
        let credentials = CredentialFacts { source: "the simulator".to_owned(), expire_in: None };
        Self::of(&sdk, None, credentials, clock)
    }

    /// The clients. Where Connect's endpoint was replaced and a neighbour's was not, the neighbour is asked at Connect's.
    fn of(
        sdk: &SdkConfig,
        connect_endpoint: Option<&str>,
        credentials: CredentialFacts,
        clock: &Clock,
    ) -> Result<Self, ConnectError> {
        let neighbour = |service_id: &str| -> Result<Option<String>, ConnectError> {
            let own = endpoint::of_service(sdk, service_id)?;
            Ok(own.or_else(|| connect_endpoint.map(str::to_owned)))
        };
        let mut connect = aws_sdk_connect::config::Builder::from(sdk);
        connect.set_endpoint_url(connect_endpoint.map(str::to_owned));
        let mut messaging = aws_sdk_pinpointsmsvoicev2::config::Builder::from(sdk);
        messaging.set_endpoint_url(neighbour("Pinpoint SMS Voice V2")?);
        let mut quotas = aws_sdk_servicequotas::config::Builder::from(sdk);
        quotas.set_endpoint_url(neighbour("Service Quotas")?);
        let service_date = ask::ServiceDate::new(clock);
        let mut identity = aws_sdk_sts::config::Builder::from(sdk).interceptor(service_date.clone());
        identity.set_endpoint_url(neighbour("STS")?);
        Ok(Self {
            connect: aws_sdk_connect::Client::from_conf(connect.build()),
            messaging: aws_sdk_pinpointsmsvoicev2::Client::from_conf(messaging.build()),
            quotas: aws_sdk_servicequotas::Client::from_conf(quotas.build()),
            identity: aws_sdk_sts::Client::from_conf(identity.build()),
            credentials,
            is_loopback: connect_endpoint.is_some_and(endpoint::is_loopback),
            region: sdk.region().map(ToString::to_string).unwrap_or_default(),
            service_date,
            until: None,
        })
    }

    /// The same, where each question has an answer within this time or none. What was answered by then is not lost.
    #[must_use]
    pub fn within(&self, time: Duration) -> Self {
        Self { until: Some(Instant::now() + time), ..self.clone() }
    }

    /// The credentials that it asks with.
    #[must_use]
    pub fn credentials(&self) -> &CredentialFacts {
        &self.credentials
    }

    /// Whether Amazon Connect's endpoint is on this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.is_loopback
    }

    /// Asks everything.
    pub async fn ask(&self, subject: &Subject) -> AccountFacts {
        let (of_instance, identity, messaging, requests_quota) = tokio::join!(
            self.ask_about_instance(subject),
            self.caller(),
            self.ask_messaging(),
            self.quota("L-408DD6C6", None),
        );
        let (connect, chats_quota, (number, sms_number, opt_outs)) = of_instance;
        AccountFacts {
            identity,
            credentials: self.credentials.clone(),
            region: self.region.clone(),
            clock_ahead: self.clock_ahead(),
            instance: connect.instance,
            flow: connect.flow,
            number,
            sms_number,
            messaging: messaging.account,
            verified: messaging.verified,
            spend: messaging.spend,
            countries: messaging.countries,
            requests_quota,
            chats_quota,
            chats_now: connect.chats_now,
            opt_outs,
            searchable: connect.searchable,
        }
    }

    /// What is known of several numbers, by their ARNs in Amazon Connect, one after the other: each kind of question may be
    /// asked once a second. A service that did not answer is asked nothing more.
    pub async fn ask_about_sources(
        &self,
        sources: &[String],
        subject: &Subject,
        known: &AccountFacts,
    ) -> Vec<SourceFacts> {
        let mut silent = Silence::after(known);
        let mut all = Vec::new();
        for source in sources {
            if subject.source.as_ref() == Some(source) {
                all.push(known.of_source(source));
                continue;
            }
            let subject = Subject { source: Some(source.clone()), ..subject.clone() };
            let (number, sms_number, opt_outs) = self.ask_number(&subject, &silent).await;
            let facts = SourceFacts { source: source.clone(), number, sms_number, opt_outs };
            silent.also_after(&facts);
            all.push(facts);
        }
        all
    }

    /// The instance, its quota of active chats, and then the number.
    async fn ask_about_instance(
        &self,
        subject: &Subject,
    ) -> (connect::InstanceAnswers, Answer<f64>, messaging::NumberAnswers) {
        let answers = self.ask_instance(subject).await;
        let chats = async {
            match &answers.instance {
                Ok(instance) => self.quota("L-D4BA6F6E", Some(&instance.arn)).await,
                Err(_) => {
                    Err(Unanswered::Unknown("it is the instance's, which was not found out".to_owned()))
                }
            }
        };
        let silent = Silence::default();
        let (chats, number) = tokio::join!(chats, self.ask_number(subject, &silent));
        (answers, chats, number)
    }

    /// Who asks.
    async fn caller(&self) -> Answer<Identity> {
        let answer =
            self.question("sts:GetCallerIdentity", || self.identity.get_caller_identity().send()).await?;
        let known = answer.account().zip(answer.arn());
        let known = known.map(|(account, arn)| Identity { account: account.to_owned(), arn: arn.to_owned() });
        known.ok_or_else(|| Unanswered::Failed("an answer without an account".to_owned()))
    }

    /// How far this machine's clock was ahead of the service's, in seconds, when the last answer came.
    fn clock_ahead(&self) -> Answer<i64> {
        self.service_date.ahead().ok_or_else(|| Unanswered::Unknown("no answer had a date".to_owned()))
    }

    /// A quota of Amazon Connect as the account has it, else as AWS gives it to everybody.
    async fn quota(&self, code: &str, context: Option<&str>) -> Answer<f64> {
        let applied = self
            .question("servicequotas:GetServiceQuota", || {
                let asked = self.quotas.get_service_quota().service_code("connect").quota_code(code);
                asked.set_context_id(context.map(str::to_owned)).send()
            })
            .await;
        let applied = match applied {
            Ok(answer) => answer.quota.and_then(|quota| quota.value),
            Err(Unanswered::NotFound) => None,
            Err(why) => return Err(why),
        };
        let value = match applied {
            Some(value) => Some(value),
            None => {
                let default = self.question("servicequotas:GetAWSDefaultServiceQuota", || {
                    self.quotas
                        .get_aws_default_service_quota()
                        .service_code("connect")
                        .quota_code(code)
                        .send()
                });
                default.await?.quota.and_then(|quota| quota.value)
            }
        };
        value.ok_or_else(|| Unanswered::Failed("an answer without a value".to_owned()))
    }
}
