//! Where alerts go: a webhook, a command, or both, each tried five times within a minute and a half at most.

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::sync::watch;

use crate::app::error::Error;
use crate::app::hooks;
use crate::app::paths::CampaignPaths;
use crate::app::service::settings;
use crate::clock::Clock;
use crate::connect::{Poster, UntakenPost};
use crate::domain::alert::{Alert, AlertForm};
use crate::domain::definition::{AlertUrl, Definition, HookCommand, UrlSource};
use crate::domain::next_step::NextStep;
use crate::engine::Stop;
use crate::journal;

/// Waits between attempts. Before the last one an outage of some seconds is over.
const WAITS: [Duration; 4] =
    [Duration::from_millis(250), Duration::from_secs(1), Duration::from_secs(4), Duration::from_secs(16)];

/// Where the alerts of a campaign go.
#[derive(Debug, Clone)]
pub struct AlertChannels {
    webhook: Option<Webhook>,
    command: Option<HookCommand>,
    heartbeat: Option<AlertUrl>,
    poster: Poster,
    timeout: Duration,
    paths: AlertPaths,
    clock: Clock,
}

#[derive(Debug, Clone)]
struct Webhook {
    url: AlertUrl,
    form: AlertForm,
    secret: Option<String>,
}

/// What a command is told of files.
#[derive(Debug, Clone)]
struct AlertPaths {
    journal: PathBuf,
    definition: Option<PathBuf>,
}

/// What came of one alert on one way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertOutcome {
    /// The way: `webhook` or `command`.
    pub channel: &'static str,
    /// Attempts that were made.
    pub attempts: u32,
    /// Why it was not taken, after the last of them.
    pub failure: Option<String>,
}

impl AlertChannels {
    /// The channels that the definition names; `None` where it names none. `variable` looks up the environment.
    ///
    /// # Errors
    /// Where a variable is missing or wrong, or the way out cannot be used: nobody would be told anything.
    pub fn of(
        definition: &Definition,
        paths: &CampaignPaths,
        clock: &Clock,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, Error> {
        let alerts = &definition.alerts;
        if !alerts.any() {
            return Ok(None);
        }
        let set = |key: &str, name: &str| {
            variable(name).filter(|value| !value.trim().is_empty()).ok_or_else(|| {
                let message = format!("`{key}` names the variable {name}, which is not set");
                let advice =
                    format!("set {name} in the environment of this command, or take {key} out of [alerts]");
                Error::usage(message, NextStep::from(advice))
            })
        };
        let url = |source: &Option<UrlSource>, key: &str| match source {
            None => Ok(None),
            Some(UrlSource::Stated(url)) => Ok(Some(url.clone())),
            Some(UrlSource::Variable(name)) => {
                let text = set(key, name)?;
                let wrong = |why: &str| {
                    let advice = "set it to the whole address that the receiver gave you".to_owned();
                    Error::usage(format!("the variable {name} {why}"), NextStep::from(advice))
                };
                AlertUrl::parse(text.trim()).map(Some).map_err(wrong)
            }
        };
        let webhook = url(&alerts.webhook, "alerts.webhook_env")?;
        let heartbeat = url(&alerts.heartbeat, "alerts.heartbeat_env")?;
        let secret = alerts.secret_env.as_deref().map(|name| set("alerts.secret_env", name)).transpose()?;
        let poster = Poster::new(settings(definition, paths).ca_bundle.as_deref(), alerts.timeout)?;
        let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        Ok(Some(Self {
            webhook: webhook.map(|url| Webhook { url, form: alerts.form, secret }),
            command: alerts.command.clone(),
            heartbeat,
            poster,
            timeout: alerts.timeout,
            paths: AlertPaths {
                journal: journal::absolute(&paths.journal),
                definition: paths.definition.as_deref().map(absolute),
            },
            clock: clock.clone(),
        }))
    }

    /// Whether alerts go anywhere; a heartbeat is none.
    #[must_use]
    pub fn any(&self) -> bool {
        self.webhook.is_some() || self.command.is_some()
    }

    /// Delivers an alert on every way, each to its end. `stop` ends a command that runs.
    pub async fn deliver(&self, alert: &Alert, stop: &watch::Receiver<Stop>) -> Vec<AlertOutcome> {
        let mut outcomes = Vec::new();
        if let Some(webhook) = &self.webhook {
            let body = alert.body(webhook.form);
            let (attempts, result) = retried(|| self.post(webhook, &body)).await;
            outcomes.push(AlertOutcome { channel: "webhook", attempts, failure: result.err() });
        }
        if let Some(command) = &self.command {
            let (attempts, result) = retried(|| self.call(command, alert, stop)).await;
            outcomes.push(AlertOutcome { channel: "command", attempts, failure: result.err() });
        }
        outcomes
    }

    async fn post(&self, webhook: &Webhook, body: &str) -> Result<(), UntakenPost> {
        // Signed anew each time: the time in it is that of this attempt.
        let signed = webhook.secret.as_deref().map(|secret| (secret, self.clock.now()));
        let post = self.poster.post(&webhook.url, body.to_owned(), signed);
        match tokio::time::timeout(self.timeout, post).await {
            Ok(result) => result,
            Err(_) => Err(UntakenPost::Now(format!("{} gave no answer in time", webhook.url.host()))),
        }
    }

    async fn call(
        &self,
        command: &HookCommand,
        alert: &Alert,
        stop: &watch::Receiver<Stop>,
    ) -> Result<(), UntakenPost> {
        let mut prepared = hooks::started_by(command);
        prepared
            .env("CAMPAIGN_ALERT", alert.news.kind.name())
            .env("CAMPAIGN_NAME", &alert.campaign)
            .env("CAMPAIGN_MESSAGE", alert.line())
            .env("CAMPAIGN_JOURNAL", &self.paths.journal);
        if let Some(definition) = &self.paths.definition {
            prepared.env("CAMPAIGN_DEFINITION", definition);
        }
        // A run's own output and its live view have stdout and stderr.
        prepared.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        let json = alert.body(AlertForm::Json);
        hooks::run(prepared, &json, self.timeout, stop.clone()).await.map_err(UntakenPost::Now)
    }

    /// One sign of life, if any is wanted. Says why it did not arrive.
    ///
    /// # Errors
    /// Why, in words.
    pub async fn beat(&self) -> Result<(), String> {
        let Some(url) = &self.heartbeat else { return Ok(()) };
        match tokio::time::timeout(self.timeout, self.poster.get(url)).await {
            Ok(result) => result.map_err(|error| error.to_string()),
            Err(_) => Err(format!("{} gave no answer in time", url.host())),
        }
    }

    /// Whether signs of life are wanted.
    #[must_use]
    pub fn beats(&self) -> bool {
        self.heartbeat.is_some()
    }
}

/// Tries until it is taken, will never be, or was tried often enough. Says how often, and why not.
async fn retried<F>(mut attempt: impl FnMut() -> F) -> (u32, Result<(), String>)
where
    F: Future<Output = Result<(), UntakenPost>>,
{
    let mut attempts = 1;
    for wait in WAITS {
        match attempt().await {
            Ok(()) => return (attempts, Ok(())),
            Err(UntakenPost::Ever(why)) => return (attempts, Err(why)),
            Err(UntakenPost::Now(_)) => tokio::time::sleep(wait).await,
        }
        attempts += 1;
    }
    (attempts, attempt().await.map_err(|error| error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use std::future::ready;

    /// When each attempt was made, in milliseconds, where the first `failing` are refused.
    async fn tries(failing: usize, why: fn(String) -> UntakenPost) -> (Vec<u128>, Result<(), String>) {
        let begin = tokio::time::Instant::now();
        let times = RefCell::new(Vec::new());
        let (attempts, result) = retried(|| {
            times.borrow_mut().push(begin.elapsed().as_millis());
            let fails = times.borrow().len() <= failing;
            ready(if fails { Err(why("busy".to_owned())) } else { Ok(()) })
        })
        .await;
        let times = times.into_inner();
        assert_eq!(attempts as usize, times.len());
        (times, result)
    }

    #[tokio::test(start_paused = true)]
    async fn an_alert_is_tried_again_a_few_times_and_no_more() {
        assert_eq!(tries(0, UntakenPost::Now).await, (vec![0], Ok(())));
        assert_eq!(tries(2, UntakenPost::Now).await, (vec![0, 250, 1_250], Ok(())));
        let (times, result) = tries(9, UntakenPost::Now).await;
        assert_eq!((times, result), (vec![0, 250, 1_250, 5_250, 21_250], Err("busy".to_owned())));
        assert_eq!(tries(9, UntakenPost::Ever).await, (vec![0], Err("busy".to_owned())), "no means no");
    }
}
