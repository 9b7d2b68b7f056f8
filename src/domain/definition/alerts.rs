//! `[alerts]`: who is told what happens while nobody looks. Telling it is the business of `app`.

use std::fmt;
use std::time::Duration;

use super::connect::EndpointUrl;
use super::hooks::{self, HookCommand};
use super::reader::Reader;
use crate::domain::alert::{AlertForm, AlertKind};
use crate::domain::foreign::shown;

/// Who is told what happens while nobody looks.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AlertSettings {
    /// Where alerts are posted.
    pub webhook: Option<UrlSource>,
    /// As what.
    pub form: AlertForm,
    /// The variable of the environment with the secret that posts are signed with.
    pub secret_env: Option<String>,
    /// What is run for each alert.
    pub command: Option<HookCommand>,
    /// What is told.
    pub on: Vec<AlertKind>,
    /// How long nothing may start while it could.
    pub stalled_after: Duration,
    /// The share of messages with a known end that may fail, from 0 to 1.
    pub undelivered: f64,
    /// What is asked for again and again while a run lasts.
    pub heartbeat: Option<UrlSource>,
    /// How often.
    pub heartbeat_every: Duration,
    /// How long one post or command may take.
    pub timeout: Duration,
}

/// Where a URL is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UrlSource {
    /// In the definition.
    Stated(AlertUrl),
    /// In this variable of the environment.
    Variable(String),
}

/// A URL that alerts go to: https, or on this machine. It may be a secret, so that only its host is shown.
#[derive(Clone, PartialEq, Eq)]
pub struct AlertUrl(String);

impl AlertUrl {
    /// A URL that alerts may go to.
    ///
    /// # Errors
    /// Why it is none, in words that follow the name of a key. They do not have the URL.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let bare = text.split_once('?').map_or(text, |(bare, _)| bare);
        let is_uri = text.parse::<http::Uri>().is_ok() && !text.contains('#');
        match EndpointUrl::parse(bare) {
            Ok(_) if is_uri => Ok(Self(text.to_owned())),
            Err(super::connect::BadEndpoint::NotEncrypted) => {
                Err("must begin with https://; plain http:// is for this machine only")
            }
            _ => Err("is not a URL such as https://alerts.example.com/campaign"),
        }
    }

    /// The URL itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its host, and its port where it names one.
    #[must_use]
    pub fn host(&self) -> &str {
        self.0.split('/').nth(2).unwrap_or_default().split(['?', '#']).next().unwrap_or_default()
    }
}

/// Its host alone.
impl fmt::Debug for AlertUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AlertUrl({})", self.host())
    }
}

impl AlertSettings {
    /// The keys whose URLs stand in the definition itself.
    #[must_use]
    pub fn stated_urls(&self) -> Vec<&'static str> {
        let urls = [("alerts.webhook", &self.webhook), ("alerts.heartbeat", &self.heartbeat)];
        let stated = urls.into_iter().filter(|(_, url)| matches!(url, Some(UrlSource::Stated(_))));
        stated.map(|(key, _)| key).collect()
    }

    /// Whether anybody is told anything, or waits for a sign of life.
    #[must_use]
    pub fn any(&self) -> bool {
        self.webhook.is_some() || self.command.is_some() || self.heartbeat.is_some()
    }
}

/// The settings. Variables of the environment are not looked at here.
pub(super) fn resolve(reader: &mut Reader<'_>) -> AlertSettings {
    let mut on = Vec::new();
    for (name, place) in reader.texts("alerts.on") {
        match AlertKind::named(&name) {
            Some(kind) => on.push(kind),
            None => {
                let names: Vec<&str> = AlertKind::TOLD.iter().map(|kind| kind.name()).collect();
                let message = format!("`alerts.on`: \"{}\" is nothing that is told", shown(&name));
                reader.mistake(place, message, format!("there are {}", names.join(", ")));
            }
        }
    }
    AlertSettings {
        webhook: url_source(reader, ["alerts.webhook", "alerts.webhook_env"]),
        form: reader.text("alerts.form").and_then(|name| AlertForm::named(&name)).unwrap_or_default(),
        secret_env: variable(reader, "alerts.secret_env"),
        command: hooks::command(reader, "alerts.command"),
        on,
        stalled_after: reader.duration("alerts.stalled_after").unwrap_or_default(),
        undelivered: reader.fraction("alerts.undelivered"),
        heartbeat: url_source(reader, ["alerts.heartbeat", "alerts.heartbeat_env"]),
        heartbeat_every: reader.duration("alerts.heartbeat_every").unwrap_or_default(),
        timeout: reader.duration("alerts.timeout").unwrap_or_default(),
    }
}

/// A URL that stands under one key, or in the variable that the other key names.
fn url_source(reader: &mut Reader<'_>, [stated, variable_key]: [&'static str; 2]) -> Option<UrlSource> {
    let url = url(reader, stated);
    let of_environment = variable(reader, variable_key);
    if reader.has(stated) && reader.has(variable_key) {
        let place = reader.place(variable_key);
        reader.mistake(
            place,
            format!("`{stated}` and `{variable_key}` both name the URL"),
            "keep one of them",
        );
    }
    url.map(UrlSource::Stated).or(of_environment.map(UrlSource::Variable))
}

fn url(reader: &mut Reader<'_>, path: &str) -> Option<AlertUrl> {
    let text = reader.text(path)?;
    match AlertUrl::parse(&text) {
        Ok(url) => Some(url),
        Err(why) => {
            let place = reader.place(path);
            reader.mistake(place, format!("`{path}` {why}"), "what goes there is not for everybody's eyes");
            None
        }
    }
}

/// The name of a variable: what a shell can set.
fn variable(reader: &mut Reader<'_>, path: &str) -> Option<String> {
    let name = reader.text(path)?;
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if !name.chars().all(fits) || name.starts_with(|c: char| c.is_ascii_digit()) {
        let place = reader.place(path);
        let message = format!("`{path}` is the name of a variable of the environment, and not its value");
        reader.mistake(place, message, "such as \"CAMPAIGN_ALERTS_SECRET\"");
        return None;
    }
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_goes_out_encrypted_and_only_its_host_is_shown() {
        for url in ["https://hooks.example.com/a?b=c", "http://127.0.0.1:8080/x", "https://[::1]:1/"] {
            assert_eq!(AlertUrl::parse(url).map(|url| url.0).as_deref(), Ok(url));
        }
        for url in ["http://hooks.example.com/a", "", "hooks", "https://u:p@x/", "https://x/#y", "ftp://x"] {
            assert!(AlertUrl::parse(url).is_err(), "{url}");
        }
        let url = AlertUrl::parse("https://hooks.example.com:8443/secret?token=1").unwrap();
        assert_eq!(format!("{url:?}"), "AlertUrl(hooks.example.com:8443)");
    }
}
