//! What the account tells of messages, through a queue: followed beside a run or to its end, and held against what the
//! world knows.

use std::collections::BTreeMap;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use campaign::app::error::Error;
use campaign::app::follow::{FollowEvent, FollowOptions, follow_queue};
use campaign::app::live_deliveries::QueueFollower;
use campaign::clock::Clock;
use campaign::connect::SqsQueue;
use campaign::domain::phone::E164;
use campaign::engine::Stop;
use campaign::journal::{CampaignId, Journal, MessageRecord, Reader};
use campaign::simulator::Simulator;
use tokio::sync::watch;

/// The number that the simulator's messages come from.
const SENDER: &str = "+12025550199";
const QUEUE: &str = "http://127.0.0.1/1/events";

fn queue(simulator: &Simulator, clock: &Clock) -> SqsQueue {
    SqsQueue::simulated(simulator.http_client(), QUEUE, clock)
}

/// Follows the queue beside a run.
pub(crate) fn follower(simulator: &Simulator, clock: &Clock) -> QueueFollower {
    QueueFollower::new(queue(simulator, clock))
}

/// Takes in what the queue has, as `deliveries follow` does.
///
/// # Errors
/// Where the queue refuses.
pub(crate) async fn follow_to_the_end(
    simulator: &Simulator,
    clock: &Clock,
    journal: &mut Journal,
) -> Result<(), Error> {
    let options = FollowOptions { queue: QUEUE.to_owned(), originations: Vec::new(), until_empty: true };
    let (_never, stop) = watch::channel(Stop::No);
    follow_queue(&queue(simulator, clock), journal, &options, stop, |_| ()).await.map(drop)
}

/// Follows a queue whose every answer is this, to its end. Says how it ends and what was told meanwhile.
pub(crate) async fn follow_broken(
    (status, body): (u16, &'static str),
    clock: &Clock,
    journal: &mut Journal,
) -> (Error, Vec<FollowEvent>) {
    let queue = SqsQueue::simulated(SharedHttpClient::new(Broken(status, body)), QUEUE, clock);
    let options = FollowOptions { queue: QUEUE.to_owned(), originations: Vec::new(), until_empty: true };
    let (_never, stop) = watch::channel(Stop::No);
    let mut told = Vec::new();
    let ended = follow_queue(&queue, journal, &options, stop, |event| told.push(event)).await;
    (ended.expect_err("a broken queue has no end"), told)
}

/// A server with one answer to everything.
#[derive(Debug, Clone)]
struct Broken(u16, &'static str);

impl HttpClient for Broken {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Broken {
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        let status = self.0.try_into().expect("a status");
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status, SdkBody::from(self.1))))
    }
}

/// Tells the journal which number a source is.
pub(crate) fn know_sender(journal: &mut Journal, source: &str) {
    let number = E164::parse(SENDER).expect("a number");
    journal.note_source_number(source, &number).expect("the journal can be written");
}

/// Message by message: the contact that it is of.
pub(crate) fn truth(simulator: &Simulator) -> BTreeMap<String, String> {
    let contacts = simulator.contacts();
    simulator.with(|world| {
        let of = |contact| world.texts(contact).into_iter().map(|text| text.message_id);
        contacts.iter().flat_map(|contact| of(contact).map(|id| (id, contact.id.to_string()))).collect()
    })
}

/// The same, as far as the journal has joined them.
pub(crate) fn joined(reader: &Reader, campaign: CampaignId) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let each = |message: &MessageRecord<'_>| {
        found.insert(message.message_id.to_owned(), message.contact_id.unwrap_or_default().to_owned());
    };
    let snapshot = reader.snapshot().expect("the journal can be read");
    snapshot.each_message(campaign, each).expect("the journal can be read");
    found
}
