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
use super::endpoint;
use super::environment::{Environment, behavior};
use super::error::{ConnectError, causes};
use crate::clock::Clock;
use crate::domain::delivery::refusal::RefusalKind;

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
    /// These credentials may not, or there is no such queue.
    #[error("the queue refuses: {0}")]
    Refused(String),
    /// It may be tried again.
    #[error("the queue did not answer: {0}")]
    Unanswered(String),
}

impl SqsQueue {
    /// A client of the queue at this URL, in the URL's own Region where it names one.
    ///
    /// # Errors
    /// [`ConnectError`]: no Region, no credentials, an unusable CA bundle, proxy or endpoint.
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
        let mut config = aws_sdk_sqs::config::Builder::from(&sdk);
        config.set_endpoint_url(own.or(environment.endpoint));
        Ok(Self { client: aws_sdk_sqs::Client::from_conf(config.build()), url: url.to_owned() })
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
        Self { client: aws_sdk_sqs::Client::from_conf(config), url: url.to_owned() }
    }

    /// About how many messages are in it.
    ///
    /// # Errors
    /// [`QueueError`].
    pub async fn depth(&self) -> Result<u64, QueueError> {
        let name = QueueAttributeName::ApproximateNumberOfMessages;
        let request = self.client.get_queue_attributes().queue_url(&self.url).attribute_names(name.clone());
        let answer = Box::pin(request.send()).await.map_err(|error| failed(&error))?;
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
                Err(QueueError::Refused(why)) => return Err(QueueError::Refused(why)),
                Err(error) => unanswered = Some(error),
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
        let answer = Box::pin(request.send()).await.map_err(|error| failed(&error))?;
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
        Box::pin(request.send()).await.map_err(|error| failed(&error))?;
        Ok(())
    }
}

/// The Region of a queue's URL: `https://sqs.REGION.amazonaws.com/ACCOUNT/NAME`.
fn region(url: &str) -> Option<&str> {
    let host = url.strip_prefix("https://")?.split('/').next()?;
    let region = host.strip_prefix("sqs.")?.split('.').next()?;
    host.contains(".amazonaws.").then_some(region)
}

fn failed<E>(error: &SdkError<E, HttpResponse>) -> QueueError
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
    let words = words.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST_WORDS).collect();
    let gone =
        code.is_some_and(|code| code.contains("NonExistentQueue") || code.contains("QueueDoesNotExist"));
    match RefusalKind::classify(status, code) {
        RefusalKind::AccessDenied | RefusalKind::NotFound | RefusalKind::Credentials => {
            QueueError::Refused(words)
        }
        _ if gone => QueueError::Refused(words),
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
    }
}
