//! Alerts: what people are told of a campaign that nobody looks at, and the forms in which receivers take it. Pure: when
//! something is told is decided in `app`, and how it gets there in `connect`.
//!
//! No alert names a recipient: every text goes through the mask.

use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::domain::delivery::ending::Exit;
use crate::domain::delivery::state::State;
use crate::domain::delivery::tally::Tally;
use crate::domain::figures::{Grouped, Span, UtcTime, counted};
use crate::domain::foreign;
use crate::domain::phone::mask;
use crate::domain::unix_millis::UnixMillis;

/// Messages with a known end before their share says anything.
const ENOUGH: u64 = 10;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlertKind {
    /// A run ended because it could not go on, or could not begin.
    Halt,
    /// A run ended because too many rows failed or were rejected, or paused because too many messages did not arrive.
    Gate,
    /// Nothing starts, though it could.
    Stall,
    /// A person paused the campaign, or the quota of active chats is full.
    Pause,
    /// Too many messages do not arrive.
    Deliveries,
    /// Half of the rows are done.
    Half,
    /// A run ended otherwise.
    End,
    /// Somebody tries whether alerts arrive.
    Test,
}

impl AlertKind {
    /// What a definition can ask for.
    pub const TOLD: [Self; 7] =
        [Self::Halt, Self::Gate, Self::Stall, Self::Pause, Self::Deliveries, Self::Half, Self::End];

    /// Its name in definitions and alerts.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Halt => "halt",
            Self::Gate => "gate",
            Self::Stall => "stall",
            Self::Pause => "pause",
            Self::Deliveries => "deliveries",
            Self::Half => "half",
            Self::End => "end",
            Self::Test => "test",
        }
    }

    /// The kind of that name, if a definition can ask for it.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::TOLD.into_iter().find(|kind| kind.name() == name)
    }
}

/// What a receiver takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AlertForm {
    /// The alert as it is.
    #[default]
    Json,
    /// A message of Slack's incoming webhooks.
    Slack,
    /// An adaptive card, as Teams' workflows take it.
    Teams,
}

impl AlertForm {
    /// The form of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "json" => Some(Self::Json),
            "slack" => Some(Self::Slack),
            "teams" => Some(Self::Teams),
            _ => None,
        }
    }
}

/// How much it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// A person is needed now.
    Error,
    /// A person should look.
    Warning,
    /// Good to know.
    Info,
}

impl Severity {
    /// Its name in alerts.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

/// What is told, without when and of which campaign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertNews {
    /// What happened.
    pub kind: AlertKind,
    /// What was told before is over.
    pub resolved: bool,
    /// What happened, in a sentence without the campaign's name.
    pub summary: String,
    /// What to do; nothing where there is nothing to do.
    pub next: String,
    /// The exit code, of an end.
    pub exit: Option<u8>,
    /// Rows by state, where they are known.
    pub tally: Option<Tally>,
}

impl AlertNews {
    /// News of this kind.
    pub fn new(kind: AlertKind, summary: impl Into<String>, next: impl Into<String>) -> Self {
        Self { kind, resolved: false, summary: summary.into(), next: next.into(), exit: None, tally: None }
    }

    /// The same with the counts.
    #[must_use]
    pub fn with(self, tally: Tally) -> Self {
        Self { tally: Some(tally), ..self }
    }

    /// What was told before is over.
    #[must_use]
    pub fn resolved(self) -> Self {
        Self { resolved: true, ..self }
    }

    /// News of a run's end, in the words that the run itself ends with.
    #[must_use]
    pub fn of_end(exit: Exit, gate: bool, words: &str, next: String, tally: Tally) -> Self {
        let kind = match exit {
            Exit::Halted if gate => AlertKind::Gate,
            Exit::Halted | Exit::Failure | Exit::Usage => AlertKind::Halt,
            _ => AlertKind::End,
        };
        let left = match tally.unsettled() {
            0 => String::new(),
            left => format!("; {} left", counted(left, "row is", "rows are")),
        };
        let summary = format!(
            "{words}: {} of {} started{left} (exit {})",
            Grouped(tally[State::Started]),
            counted(tally.rows(), "row", "rows"),
            exit.code()
        );
        Self { exit: Some(exit.code()), ..Self::new(kind, summary, next).with(tally) }
    }

    /// News where too many messages fail: of those with a known end, at least ten, more than the share.
    #[must_use]
    pub fn of_deliveries(delivered: u64, undelivered: u64, most: f64) -> Option<Self> {
        let known = delivered + undelivered;
        #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
        let over = undelivered as f64 > most * known as f64;
        (known >= ENOUGH && over).then(|| {
            let summary = format!(
                "{} of {} whose end is known did not arrive",
                Grouped(undelivered),
                counted(known, "message", "messages")
            );
            Self::new(
                AlertKind::Deliveries,
                summary,
                "`campaign deliveries` has the reasons; `campaign pause` holds the rest meanwhile",
            )
        })
    }

    /// News that a gate has paused the campaign; `why` names it and has its reason.
    #[must_use]
    pub fn of_gate_pause(since: UnixMillis, why: &str, tally: Tally) -> Self {
        let next = "`campaign deliveries` has the reasons; where the rest is to be sent all the same, `campaign go` lets it go on";
        Self::new(AlertKind::Gate, format!("paused by a gate since {}: {why}", UtcTime(since)), next)
            .with(tally)
    }

    /// News that nothing has started for so long; `opt_outs`: how the account's opt-outs keep the run from sending.
    #[must_use]
    pub fn of_stall(nothing_for: Duration, opt_outs: Option<&str>, tally: Tally) -> Self {
        let summary = format!(
            "nothing has started for {}, though {} and {}",
            Span(nothing_for),
            counted(tally.unsettled(), "row waits", "rows wait"),
            opt_outs.unwrap_or("nothing holds the campaign")
        );
        let next = match opt_outs {
            None => {
                "`campaign status` says what it waits for; look at the network, the endpoint and the AWS health dashboard"
            }
            Some(_) => {
                "`campaign doctor` says whether the account's opt-outs can be read; look at the network, the endpoint and the AWS \
                 health dashboard"
            }
        };
        Self::new(AlertKind::Stall, summary, next).with(tally)
    }

    /// How much it matters.
    #[must_use]
    pub fn severity(&self) -> Severity {
        match self.kind {
            _ if self.resolved => Severity::Info,
            AlertKind::Halt | AlertKind::Gate | AlertKind::Stall => Severity::Error,
            AlertKind::Pause | AlertKind::Deliveries => Severity::Warning,
            AlertKind::End if self.exit.is_some_and(|exit| exit > 0) => Severity::Warning,
            AlertKind::Half | AlertKind::End | AlertKind::Test => Severity::Info,
        }
    }
}

/// An alert on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// The same for every attempt to deliver it.
    pub id: Uuid,
    /// When it happened.
    pub at: UnixMillis,
    /// The campaign's name.
    pub campaign: String,
    /// The run's number, where there is a run.
    pub run: Option<i64>,
    /// What is told; without numbers.
    pub news: AlertNews,
}

impl Alert {
    /// An alert. Phone numbers in its words are masked, and what would act on a terminal is written out.
    #[must_use]
    pub fn new(news: &AlertNews, campaign: &str, run: Option<i64>, at: UnixMillis) -> Self {
        let harmless = |text: &str| foreign::inert(&mask::mask_text(text)).into_owned();
        let news = AlertNews { summary: harmless(&news.summary), next: harmless(&news.next), ..news.clone() };
        let about =
            format!("{campaign}\n{run:?}\n{at}\n{}\n{}\n{}", news.kind.name(), news.resolved, news.summary);
        Self {
            id: Uuid::new_v5(&Uuid::NAMESPACE_OID, about.as_bytes()),
            at,
            campaign: campaign.to_owned(),
            run,
            news,
        }
    }

    /// What is posted.
    #[must_use]
    pub fn body(&self, form: AlertForm) -> String {
        match form {
            AlertForm::Json => self.json(),
            AlertForm::Slack => self.slack(),
            AlertForm::Teams => self.teams(),
        }
        .to_string()
    }

    fn json(&self) -> Value {
        let Self { id, at, campaign, run, news } = self;
        json!({
            "id": id.to_string(),
            "at": at.to_string(),
            "campaign": campaign,
            "run": run,
            "kind": news.kind.name(),
            "resolved": news.resolved,
            "severity": news.severity().name(),
            "summary": news.summary,
            "next": news.next,
            "exit": news.exit,
            "rows": news.tally,
        })
    }

    /// One line for people: whose it is, what it is and what happened.
    #[must_use]
    pub fn line(&self) -> String {
        let over = if self.news.resolved { ", over" } else { "" };
        // It may have the name of a file in it, which is somebody else's.
        let campaign = foreign::shown(&self.campaign);
        format!("{campaign} ({}{over}): {}", self.news.kind.name(), self.news.summary)
    }

    /// Source: Slack, "Sending messages using incoming webhooks" and "Formatting text for app surfaces": three characters
    /// are escaped, `*` makes bold.
    fn slack(&self) -> Value {
        let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let sign = match self.news.severity() {
            Severity::Error => ":red_circle:",
            Severity::Warning => ":large_orange_circle:",
            Severity::Info => ":large_green_circle:",
        };
        let mut text = format!("{sign} {}", escaped(&self.line()));
        if !self.news.next.is_empty() {
            text = format!("{text}\n{}", escaped(&self.news.next));
        }
        json!({ "text": text })
    }

    /// Source: Microsoft, "Create incoming webhooks with Workflows for Microsoft Teams", and the schema of adaptive cards.
    fn teams(&self) -> Value {
        let colour = match self.news.severity() {
            Severity::Error => "Attention",
            Severity::Warning => "Warning",
            Severity::Info => "Good",
        };
        let block = |text: &str, weight: &str, colour: &str| json!({ "type": "TextBlock", "text": text, "wrap": true, "weight": weight, "color": colour });
        let mut body = vec![block(&self.line(), "Bolder", colour)];
        if !self.news.next.is_empty() {
            body.push(block(&self.news.next, "Default", "Default"));
        }
        json!({
            "type": "message",
            "attachments": [{
                "contentType": "application/vnd.microsoft.card.adaptive",
                "content": {
                    "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                    "type": "AdaptiveCard",
                    "version": "1.4",
                    "body": body,
                },
            }],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alert(news: &AlertNews) -> Alert {
        Alert::new(news, "spring", Some(3), UnixMillis::from_millis(1_772_357_400_120))
    }

    #[test]
    fn every_form_says_the_same_and_names_nobody() {
        let tally = Tally::of([State::Started, State::Queued]);
        let words = "halted: no row survives <what> +1 202 555 0104 & others \u{1b}[31m";
        let alert = alert(&AlertNews::of_end(Exit::Halted, false, words, "call +12025550199".into(), tally));
        for form in [AlertForm::Json, AlertForm::Slack, AlertForm::Teams] {
            let body = alert.body(form);
            assert!(!body.contains("5550104") && !body.contains("555 0104"), "{body}");
            assert!(
                !body.contains("5550199") && !body.contains('\u{1b}') && !body.contains("\\u001b"),
                "{body}"
            );
            assert!(body.contains("1 of 2 rows started; 1 row is left (exit 5)"), "{body}");
        }
        let json: Value = serde_json::from_str(&alert.body(AlertForm::Json)).unwrap();
        assert_eq!(
            (&json["kind"], &json["severity"], &json["exit"]),
            (&"halt".into(), &"error".into(), &5.into())
        );
        assert_eq!((&json["rows"]["rows"], &json["run"]), (&2.into(), &3.into()));
        assert_eq!(json["at"], "2026-03-01T09:30:00.120Z");
        assert!(alert.body(AlertForm::Slack).contains("&lt;what&gt;"));
        assert!(alert.body(AlertForm::Teams).contains("\"color\":\"Attention\""));
    }

    /// A name with `{file}` in it is a file's, whoever made that.
    #[test]
    fn a_name_turns_no_line_around() {
        let news = AlertNews::new(AlertKind::Half, "half done", "");
        let at = UnixMillis::from_millis(0);
        let alert = Alert::new(&news, "spring\u{202e}gnp.\u{200b}", None, at);
        assert_eq!(alert.line(), "spring\\u{202e}gnp.\\u{200b} (half): half done");
        for form in [AlertForm::Slack, AlertForm::Teams] {
            let body = alert.body(form);
            assert!(!body.contains(['\u{202e}', '\u{200b}']), "{body}");
        }
    }

    #[test]
    fn an_end_is_a_halt_a_gate_or_an_end() {
        let kind = |exit, gate| AlertNews::of_end(exit, gate, "", String::new(), Tally::default()).kind;
        assert_eq!(kind(Exit::Halted, true), AlertKind::Gate);
        for exit in [Exit::Halted, Exit::Failure, Exit::Usage] {
            assert_eq!(kind(exit, false), AlertKind::Halt);
        }
        for exit in [Exit::Done, Exit::Incomplete, Exit::Limit, Exit::Terminated] {
            assert_eq!(kind(exit, false), AlertKind::End);
        }
        let severity = |exit| AlertNews::of_end(exit, false, "", String::new(), Tally::default()).severity();
        assert_eq!((severity(Exit::Done), severity(Exit::Incomplete)), (Severity::Info, Severity::Warning));
    }

    #[test]
    fn few_messages_say_nothing_and_the_share_itself_is_allowed() {
        let told = |delivered, undelivered| AlertNews::of_deliveries(delivered, undelivered, 0.3).is_some();
        assert!(!told(0, 9), "nine are too few");
        assert!(told(0, 10) && told(69, 31));
        assert!(!told(70, 30), "30 % is what may fail");
        assert!(!told(0, 0));
    }

    /// Receivers know a repetition by it.
    #[test]
    fn an_id_is_of_one_event() {
        let news = AlertNews::new(AlertKind::Stall, "nothing", "");
        assert_eq!(alert(&news).id, alert(&news.clone()).id);
        assert_ne!(alert(&news).id, alert(&news.clone().resolved()).id);
    }
}
