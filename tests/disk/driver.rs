//! The engine on the real journal, in a process of its own that says aloud what was acknowledged: the program itself
//! only counts.

use std::io::Write;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use campaign::app::send::{Bounds, Run, RunParts, RunSettings};
use campaign::clock::Clock;
use campaign::connect::{Client, Settings};
use campaign::domain::delivery::state::State;
use campaign::domain::message::request::{Leaf, Message, Request, RequestTemplate, SegmentValue};
use campaign::domain::row::token::TokenSpace;
use campaign::engine::{Observer, RunEvent, Stop};
use campaign::journal::{Content, FileLine, Identity, Journal, Service};
use campaign::pace::RateLimit;
use tokio::sync::watch;

use crate::disk::place;

const INSTANCE: &str = "11111111-2222-3333-4444-555555555555";

/// The command that runs [`tool_runs_a_campaign`] in another process: `recipients` of them to the server at `endpoint`.
pub(crate) fn command(journal: &Path, endpoint: &str, recipients: usize) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["disk::driver::tool_runs_a_campaign", "--exact", "--ignored", "--nocapture"])
        .env("DISK_JOURNAL", journal)
        .env("DISK_ENDPOINT", endpoint)
        .env("DISK_RECIPIENTS", recipients.to_string());
    place::surroundings(&mut command);
    command
}

#[test]
#[ignore = "the other process of the recordings"]
fn tool_runs_a_campaign() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(drive());
}

async fn drive() {
    let variable = |name: &str| std::env::var(name).expect(name);
    let clock = Clock::system();
    let mut journal = Journal::open(Path::new(&variable("DISK_JOURNAL"))).unwrap();
    let identity = Identity {
        name: place::NAME.to_owned(),
        instance_id: INSTANCE.to_owned(),
        key_column: Some("id".to_owned()),
        service: Service::Loopback,
    };
    let campaign = journal.campaign(&identity, clock.now()).unwrap();
    let lines: Vec<_> = (0..variable("DISK_RECIPIENTS").parse().unwrap()).map(line).collect();
    let mut plan = journal.begin_plan(campaign, &shape(), &["id", "phone"].map(str::to_owned)).unwrap();
    journal.plan(&mut plan, &lines).unwrap();
    journal.finish_plan(plan).unwrap();
    let asked = RateLimit { rate: 300.0, burst: NonZeroU32::new(20).unwrap() };
    let client = Client::connect(&settings(variable("DISK_ENDPOINT")), &clock).await.unwrap();
    let settings = RunSettings {
        bounds: Bounds { max_in_flight: NonZeroUsize::new(64), ..Bounds::default() },
        ..RunSettings::at_pace(place::NAME, asked)
    };
    let parts = RunParts {
        journal,
        campaign,
        client,
        instances: Vec::new(),
        clock,
        stop: watch::channel(Stop::No).1,
    };
    Run::begin(parts, settings).unwrap().send(&mut Aloud).await.unwrap();
}

/// Says which line's contact is started, as soon as the engine says so.
struct Aloud;

impl Observer for Aloud {
    fn on_event(&mut self, event: &RunEvent) {
        if let RunEvent::Moved { line: Some(line), to: State::Started, .. } = event {
            std::io::stdout().write_all(format!("started line {line}\n").as_bytes()).unwrap();
        }
    }
}

fn line(n: u64) -> FileLine {
    let key = format!("k{n}");
    let destination = format!("+1{:03}55501{:02}", 202 + n / 100, n % 100);
    let content = Content::Recipient {
        client_token: TokenSpace::new(INSTANCE, place::NAME).token(&key),
        slots: vec![format!("Hi Name {n}")],
        lane: None,
        sender: None,
        window: Default::default(),
        suppressed: None,
        key: key.clone(),
        destination: destination.clone(),
    };
    FileLine { number: n + 2, rejected: None, cells: vec![key, destination], content }
}

fn shape() -> RequestTemplate {
    let fixed = |text: &str| Leaf::Fixed(text.to_owned());
    Request {
        instance_id: INSTANCE.to_owned(),
        sender_instance_id: None,
        contact_flow_id: fixed("66666666-7777-8888-9999-000000000000"),
        source: fixed(
            "arn:aws:connect:us-west-2:123456789012:phone-number/aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
        ),
        segment_attributes: [("connect:Subtype".to_owned(), SegmentValue::String(fixed("connect:SMS")))]
            .into(),
        attributes: [].into(),
        chat_duration_minutes: None,
        display_name: None,
        message: Some(Message::Text { content_type: "text/plain".to_owned(), content: Leaf::Slot(0) }),
        related_contact_id: None,
        supported_content_types: Vec::new(),
    }
}

fn settings(endpoint: String) -> Settings {
    Settings {
        region: Some("us-west-2".to_owned()),
        profile: None,
        endpoint_url: Some(endpoint),
        ca_bundle: None,
        connect_timeout: Duration::from_secs(5),
        read_timeout: Duration::from_secs(30),
    }
}
