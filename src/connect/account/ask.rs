//! One question: asked again where the service wants more time, and its failures as reasons for having no answer.

use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use aws_sdk_connect::config::http::HttpResponse;
use aws_sdk_connect::config::interceptors::BeforeDeserializationInterceptorContextRef;
use aws_sdk_connect::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_connect::error::{BoxError, ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;

use tokio::time::timeout_at;

use super::super::error::causes;
use super::super::route::RouteError;
use super::Account;
use crate::clock::Clock;
use crate::domain::account::facts::{Answer, Unanswered};
use crate::domain::delivery::refusal::RefusalKind;

/// How often a question is asked that the service throttles.
const ATTEMPTS: u32 = 4;
/// A question may be asked once per second, by the strictest of the services.
const PAUSE: Duration = Duration::from_millis(1_100);

/// Where no answer comes.
const IN_TIME: &str = "no answer in time";

impl Account {
    /// Asks, and asks again where the service wants more time, until this account's time is over.
    pub(super) async fn question<T, E, F>(&self, action: &'static str, ask: impl Fn() -> F) -> Answer<T>
    where
        E: ProvideErrorMetadata + Error + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        let asking = asked(action, ask);
        match self.until {
            None => asking.await,
            Some(until) => timeout_at(until, asking)
                .await
                .unwrap_or_else(|_| Err(Unanswered::Failed(IN_TIME.to_owned()))),
        }
    }
}

async fn asked<T, E, F>(action: &'static str, ask: impl Fn() -> F) -> Answer<T>
where
    E: ProvideErrorMetadata + Error + 'static,
    F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
{
    let mut attempt = 1;
    loop {
        // In a box: the SDK's calls are large.
        let why = match Box::pin(ask()).await {
            Ok(answer) => return Ok(answer),
            Err(error) => unanswered(action, &error),
        };
        if why != Unanswered::Throttled || attempt == ATTEMPTS {
            return Err(why);
        }
        attempt += 1;
        tokio::time::sleep(PAUSE).await;
    }
}

fn unanswered<E>(action: &'static str, error: &SdkError<E, HttpResponse>) -> Unanswered
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let status = error.raw_response().map(|response| response.status().as_u16());
    let code = error.code();
    let kind = match code {
        Some("NoSuchResourceException") => RefusalKind::NotFound,
        // A draft is there all the same, whatever its status says.
        Some("ContactFlowNotPublishedException") => RefusalKind::Unexpected,
        code => RefusalKind::classify(status, code),
    };
    match kind {
        RefusalKind::AccessDenied => Unanswered::Denied(action.into()),
        RefusalKind::NotFound => Unanswered::NotFound,
        RefusalKind::Throttled => Unanswered::Throttled,
        RefusalKind::Credentials => Unanswered::Credentials(words(code, error)),
        _ => Unanswered::Failed(words(code, error)),
    }
}

/// The service's words, else the route's, else the last cause.
fn words<E>(code: Option<&str>, error: &SdkError<E, HttpResponse>) -> String
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let words = match (code, error.message()) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code.to_owned(),
        (None, _) if matches!(error, SdkError::TimeoutError(_)) => IN_TIME.to_owned(),
        (None, _) => {
            let of_route = causes(error).find(|error| error.downcast_ref::<RouteError>().is_some());
            of_route.or_else(|| causes(error).last()).map(ToString::to_string).unwrap_or_default()
        }
    };
    words.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST_WORDS).collect()
}

/// Characters of an error that are kept.
const LONGEST_WORDS: usize = 300;

/// The date of the last answer, held against this machine's clock.
#[derive(Debug, Clone)]
pub(super) struct ServiceDate {
    clock: Clock,
    ahead: Arc<Mutex<Option<i64>>>,
}

impl ServiceDate {
    pub(super) fn new(clock: &Clock) -> Self {
        Self { clock: clock.clone(), ahead: Arc::default() }
    }

    /// This machine's time.
    pub(super) fn now(&self) -> SystemTime {
        self.clock.system_time()
    }

    /// How far this machine's clock was ahead, in seconds.
    pub(super) fn ahead(&self) -> Option<i64> {
        *self.ahead.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[dyn_dispatch_hint]
impl Intercept for ServiceDate {
    fn name(&self) -> &'static str {
        "ServiceDate"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = context.response().headers().get("date");
        let theirs = date.and_then(|date| DateTime::from_str(date, Format::HttpDate).ok());
        if let Some(theirs) = theirs {
            let ours = self.clock.now().millis().div_euclid(1000);
            *self.ahead.lock().unwrap_or_else(PoisonError::into_inner) = Some(ours - theirs.secs());
        }
        Ok(())
    }
}
