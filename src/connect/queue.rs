//! A queue of Amazon SQS: long polls, and deletions of what was dealt with. It retries nothing; the caller does.

use std::error::Error;
use std::time::Duration;

use aws_config::Region;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_credential_types::Credentials;
use aws_sdk_connect::config::SharedHttpClient;
use aws_sdk_sqs::config::http::HttpResponse;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::types::{DeleteMessageBatchRequestEntry, QueueAttributeName};
use futures_util::future::join_all;

use super::client::{LocalClock, Settings};
use super::endpoint::{self, is_loopback};
use super::environment::{Environment, behavior};
use super::error::{ConnectError, causes};
use crate::clock::Clock;
use crate::domain::definition::EndpointUrl;
use crate::domain::delivery::refusal::RefusalKind;
use crate::domain::phone::mask;

/// Messages of one poll or deletion, at most. Source: the API's reference.
pub const MOST_MESSAGES: u8 = 10;
/// The longest wait of a poll. Source: the same.
const WAIT: Duration = Duration::from_secs(20);
/// How much longer an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Characters of an error that are kept.
const LONGEST_WORDS: usize = 300;

/// A queue.
#[derive(Debug, Clone)]
pub struct SqsQueue {
    client: aws_sdk_sqs::Client,
    url: String,
    /// The host that is asked, with its port.
    host: String,
}

/// A message, hidden from other readers for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueMessage {
    /// SQS's id of it.
    pub id: String,
    /// What it says.
    pub body: String,
    receipt: String,
}

/// Why a queue did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueueError {
    /// These credentials may not.
    #[error("the queue refuses: {0}")]
    Refused(String),
    /// There is no such queue.
    #[error("there is no such queue: {0}")]
    Missing(String),
    /// It may be tried again.
    #[error("the queue did not answer: {0}")]
    Unanswered(String),
}

impl QueueError {
    /// What to do about it.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Refused(_) => "the credentials need sqs:ReceiveMessage and sqs:DeleteMessage on the queue",
            Self::Missing(_) => {
                "look at the queue's URL, and at the Region and the account in it: the page of the queue in the SQS console \
                 shows it"
            }
            Self::Unanswered(_) => {
                "see that the queue's URL and its host are right and that this machine reaches them, through its proxy where \
                 it has one, then run it again: what was committed stays, and everything else is still in the queue"
            }
        }
    }
}

impl SqsQueue {
    /// A client of the queue at this URL, in the URL's own Region where it names one. The URL's host is asked, unless the
    /// environment or the profile names an endpoint of SQS, or the settings one on this machine.
    ///
    /// # Errors
    /// [`ConnectError`]: no Region, no credentials, an unusable CA bundle, proxy, endpoint or URL.
    pub async fn connect(settings: &Settings, url: &str, clock: &Clock) -> Result<Self, ConnectError> {
        let region = region(url).or(settings.region.as_deref()).map(str::to_owned);
        let settings = Settings { region, ..settings.clone() };
        let environment = Environment::load(&settings).await?;
        let sdk = environment
            .sdk
            .to_builder()
            .region(settings.region.map(Region::new).or(environment.sdk.region().cloned()))
            .credentials_provider(environment.credentials.provider.clone())
            .retry_config(RetryConfig::disabled())
            .timeout_config(
                TimeoutConfig::builder()
                    .connect_timeout(settings.connect_timeout)
                    .operation_timeout(WAIT + PATIENCE)
                    .build(),
            )
            .time_source(LocalClock(clock.clone()))
            .build();
        let own = endpoint::of_service(&sdk, "SQS")?;
        let of_kind = sdk.use_fips() == Some(true) || sdk.use_dual_stack() == Some(true);
        let endpoint = endpoint_of(url, own, environment.endpoint, of_kind)?;
        let host = authority(endpoint.as_deref().unwrap_or(url)).to_owned();
        let mut config = aws_sdk_sqs::config::Builder::from(&sdk);
        config.set_endpoint_url(endpoint);
        Ok(Self { client: aws_sdk_sqs::Client::from_conf(config.build()), url: url.to_owned(), host })
    }

    /// A client whose requests go to the given HTTP client and nowhere else: the simulator in this process.
    #[must_use]
    pub fn simulated(http: SharedHttpClient, url: &str, clock: &Clock) -> Self {
        let config = aws_sdk_sqs::Config::builder()
            .behavior_version(behavior())
            .region(Region::new("us-west-2"))
            .http_client(http)
            .credentials_provider(Credentials::new("test", "test", None, None, "simulated"))
            .retry_config(RetryConfig::disabled())
            .sleep_impl(aws_smithy_async::rt::sleep::TokioSleep::new())
            .timeout_config(TimeoutConfig::builder().operation_timeout(WAIT + PATIENCE).build())
            .time_source(LocalClock(clock.clone()))
            .build();
        let host = authority(url).to_owned();
        Self { client: aws_sdk_sqs::Client::from_conf(config), url: url.to_owned(), host }
    }

    /// About how many messages are in it.
    ///
    /// # Errors
    /// [`QueueError`].
    pub async fn depth(&self) -> Result<u64, QueueError> {
        let name = QueueAttributeName::ApproximateNumberOfMessages;
        let request = self.client.get_queue_attributes().queue_url(&self.url).attribute_names(name.clone());
        let answer = Box::pin(request.send()).await.map_err(|error| failed(&self.host, &error))?;
        let depth = answer.attributes.as_ref().and_then(|attributes| attributes.get(&name)?.parse().ok());
        depth.ok_or_else(|| QueueError::Unanswered("an answer without a number of messages".to_owned()))
    }

    /// What is in the queue: some messages, or none after a while.
    ///
    /// # Errors
    /// [`QueueError`].
    pub async fn receive(&self) -> Result<Vec<QueueMessage>, QueueError> {
        self.poll(WAIT).await
    }

    /// What the queue has now, by so many polls at once, none of which waits. Of polls of which some were not answered,
    /// what the others brought.
    ///
    /// # Errors
    /// [`QueueError`], where the queue refuses or no poll was answered.
    pub async fn receive_now(&self, polls: usize) -> Result<Vec<QueueMessage>, QueueError> {
        let mut messages = Vec::new();
        let mut unanswered = None;
        let mut answered = false;
        for received in join_all((0..polls).map(|_| self.poll(Duration::ZERO))).await {
            match received {
                Ok(received) => {
                    answered = true;
                    messages.extend(received);
                }
                Err(error @ QueueError::Unanswered(_)) => unanswered = Some(error),
                Err(error) => return Err(error),
            }
        }
        unanswered.filter(|_| !answered).map_or(Ok(messages), Err)
    }

    async fn poll(&self, wait: Duration) -> Result<Vec<QueueMessage>, QueueError> {
        let wait = i32::try_from(wait.as_secs()).unwrap_or(i32::MAX);
        let request = self
            .client
            .receive_message()
            .queue_url(&self.url)
            .max_number_of_messages(MOST_MESSAGES.into())
            .wait_time_seconds(wait);
        let answer = Box::pin(request.send()).await.map_err(|error| failed(&self.host, &error))?;
        let message = |message: aws_sdk_sqs::types::Message| {
            Some(QueueMessage {
                id: message.message_id.unwrap_or_default(),
                body: message.body?,
                receipt: message.receipt_handle?,
            })
        };
        Ok(answer.messages.unwrap_or_default().into_iter().filter_map(message).collect())
    }

    /// Deletes messages. One that could not be deleted comes again.
    ///
    /// # Errors
    /// [`QueueError`]; they come again then.
    pub async fn delete(&self, messages: &[QueueMessage]) -> Result<(), QueueError> {
        let groups = messages.chunks(MOST_MESSAGES.into());
        join_all(groups.map(|group| self.delete_group(group))).await.into_iter().collect()
    }

    async fn delete_group(&self, group: &[QueueMessage]) -> Result<(), QueueError> {
        let mut request = self.client.delete_message_batch().queue_url(&self.url);
        for (at, message) in group.iter().enumerate() {
            let entry = DeleteMessageBatchRequestEntry::builder()
                .id(at.to_string())
                .receipt_handle(&message.receipt)
                .build()
                .map_err(|error| QueueError::Unanswered(error.to_string()))?;
            request = request.entries(entry);
        }
        Box::pin(request.send()).await.map_err(|error| failed(&self.host, &error))?;
        Ok(())
    }
}

/// The host of a URL, with its port.
fn authority(url: &str) -> &str {
    url.split_once("://").map_or(url, |(_, rest)| rest).split('/').next().unwrap_or_default()
}

/// The Region of a queue's URL: `https://sqs.REGION.amazonaws.com/ACCOUNT/NAME`.
fn region(url: &str) -> Option<&str> {
    let host = url.strip_prefix("https://")?.split('/').next()?;
    let (region, domain) = host.strip_prefix("sqs.")?.split_once('.')?;
    ["amazonaws.com", "amazonaws.com.cn"].contains(&domain).then_some(region)
}

/// Where requests for the queue at `url` go: to SQS's own endpoint where one is named, to the settings' where that is on
/// this machine and the queue is not, else to the URL's host. `None`: to the host of that kind in the URL's Region.
///
/// # Errors
/// [`ConnectError`]: nothing but the URL says where the queue is, and requests must not go there.
fn endpoint_of(
    url: &str,
    own: Option<String>,
    settings: Option<String>,
    of_kind: bool,
) -> Result<Option<String>, ConnectError> {
    let stand_in = settings.filter(|settings| is_loopback(settings) && !is_loopback(url));
    if let Some(named) = own.or(stand_in) {
        return Ok(Some(named));
    }
    EndpointUrl::parse(url)
        .map_err(|why| ConnectError::QueueUrl { url: endpoint::without_password(url), why })?;
    match (of_kind, region(url)) {
        (true, Some(_)) => Ok(None),
        (true, None) => Err(ConnectError::EndpointAndKind),
        (false, _) => Ok(url.split_once("://").map(|(scheme, _)| format!("{scheme}://{}", authority(url)))),
    }
}

/// What an error means. Its words name the host, and the status of its answer.
fn failed<E>(host: &str, error: &SdkError<E, HttpResponse>) -> QueueError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let status = error.raw_response().map(|response| response.status().as_u16());
    let code = error.code();
    let words = match (code, error.message()) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code.to_owned(),
        _ => causes(error).last().map(ToString::to_string).unwrap_or_default(),
    };
    let words: String =
        words.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST_WORDS).collect();
    let words = mask::mask_text(&words);
    let words = match status {
        Some(status @ 200..=299) => {
            format!("{host} answers with status {status} and something that is no answer of SQS: {words}")
        }
        Some(status) if code.is_none() => format!("{host} answers with status {status}: {words}"),
        Some(status) => format!("{host} answers with status {status}, {words}"),
        None => format!("{host}: {words}"),
    };
    let gone =
        code.is_some_and(|code| code.contains("NonExistentQueue") || code.contains("QueueDoesNotExist"));
    match RefusalKind::classify(status, code) {
        _ if gone => QueueError::Missing(words),
        RefusalKind::NotFound => QueueError::Missing(words),
        RefusalKind::AccessDenied | RefusalKind::Credentials => QueueError::Refused(words),
        _ => QueueError::Unanswered(words),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_is_in_the_region_of_its_url() {
        assert_eq!(region("https://sqs.eu-west-1.amazonaws.com/111122223333/events"), Some("eu-west-1"));
        assert_eq!(region("https://sqs.cn-north-1.amazonaws.com.cn/1/e"), Some("cn-north-1"));
        assert_eq!(region("http://127.0.0.1:8080/1/e"), None);
        assert_eq!(region("https://sqs.eu-west-1.amazonaws.example.com/1/e"), None);
    }

    /// Nothing leaves for another host than one that is named.
    #[test]
    fn a_queue_is_where_its_url_says_unless_an_endpoint_is_named() {
        let (aws, here) = ("https://sqs.us-west-2.amazonaws.com/1/e", "http://127.0.0.1:8080/1/e");
        let of = |url: &str, own: Option<&str>, settings: Option<&str>, of_kind: bool| {
            endpoint_of(url, own.map(str::to_owned), settings.map(str::to_owned), of_kind)
                .unwrap()
                .unwrap_or_default()
        };
        assert_eq!(of(here, None, None, false), "http://127.0.0.1:8080");
        assert_eq!(of(aws, None, None, false), "https://sqs.us-west-2.amazonaws.com");
        assert_eq!(of("https://sqs.example.com:8/q", None, None, false), "https://sqs.example.com:8");
        // Amazon Connect's endpoint takes no requests of SQS, but a stand-in on this machine does.
        assert_eq!(
            of(aws, None, Some("https://connect.example.com"), false),
            "https://sqs.us-west-2.amazonaws.com"
        );
        assert_eq!(of(aws, None, Some("http://127.0.0.1:9"), false), "http://127.0.0.1:9");
        assert_eq!(of(here, None, Some("http://127.0.0.1:9"), false), "http://127.0.0.1:8080");
        assert_eq!(of(here, Some("https://sqs.example.com"), None, false), "https://sqs.example.com");
        assert_eq!(of(aws, None, None, true), "", "the SDK's host of that kind");
        assert!(endpoint_of("https://sqs.example.com/q", None, None, true).is_err());
        assert!(endpoint_of("http://sqs.us-west-2.amazonaws.com/1/e", None, None, false).is_err());
        assert!(endpoint_of("events", None, None, false).is_err());
    }
}
