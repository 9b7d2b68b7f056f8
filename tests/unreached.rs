//! What doctor and a run say of an account of which some services are not reached, as behind a firewall.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use campaign::clock::Clock;
use campaign::connect::Account;
use campaign::domain::account::facts::{AccountFacts, CampaignFacts};
use campaign::domain::account::findings::{Status, findings, of_silence};
use campaign::domain::unix_millis::UnixMillis;
use campaign::simulator::{Simulator, WorldTime};

use crate::doctor::{EPOCH, World};

/// A way out on which requests whose URL has one of these get no answer, as behind a firewall.
#[derive(Debug, Clone)]
struct Deaf(SharedHttpClient, &'static [&'static str]);

#[derive(Debug)]
struct DeafConnector(SharedHttpConnector, &'static [&'static str]);

impl HttpClient for Deaf {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(DeafConnector(self.0.http_connector(settings, components), self.1))
    }
}

impl HttpConnector for DeafConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        if self.1.iter().any(|part| request.uri().contains(part)) {
            return HttpConnectorFuture::new(std::future::pending());
        }
        self.0.call(request)
    }
}

/// How long a run waits for answers.
const PATIENCE: Duration = Duration::from_secs(15);

/// What is answered in time of a campaign whose flow is a draft, where these are not reached, and how long that takes.
async fn asked_behind(deaf: &'static [&'static str]) -> (CampaignFacts, AccountFacts, Duration) {
    let mut world = World::in_order();
    world.account().flow.status = "SAVED".to_owned();
    let simulator = Simulator::new(world.config, || WorldTime(EPOCH));
    let clock = Clock::from_tokio(UnixMillis::from_millis(i64::try_from(EPOCH).unwrap()));
    let http = SharedHttpClient::new(Deaf(simulator.http_client(), deaf));
    let account = Account::simulated(http, ("test", "test"), "us-west-2", &clock).unwrap();
    let began = tokio::time::Instant::now();
    let facts = account.within(PATIENCE).ask(&world.subject).await;
    (world.campaign, facts, began.elapsed())
}

/// A private network often reaches Amazon Connect and nothing else. That the flow is a draft must not be lost.
#[tokio::test(start_paused = true)]
async fn a_service_that_is_not_reached_takes_no_answers_of_others_with_it() {
    for deaf in [
        &["sms-voice"][..],
        &["/search-contacts"],
        &["sms-voice", "/search-contacts", "https://sts", "https://servicequotas"],
    ] {
        let (campaign, facts, took) = asked_behind(deaf).await;
        assert!(facts.has_gaps() && !facts.is_silent() && took <= PATIENCE, "{deaf:?}: {took:?}");
        let found = of_silence(findings(&campaign, &facts), &facts);
        let failed: Vec<_> = found.iter().filter(|finding| finding.status == Status::Failed).collect();
        assert_eq!(failed.iter().map(|finding| finding.id).collect::<Vec<_>>(), ["flow.status"], "{deaf:?}");
    }
}

/// What does not answer takes no contact either: that is no campaign that can be sent.
#[tokio::test(start_paused = true)]
async fn where_amazon_connect_does_not_answer_the_campaign_cannot_be_sent() {
    for (deaf, silent) in [(&["https://connect."][..], false), (&["amazonaws.com"], true)] {
        let (campaign, facts, took) = asked_behind(deaf).await;
        assert_eq!((facts.is_silent(), took <= PATIENCE), (silent, true), "{deaf:?}: {took:?}");
        let found = of_silence(findings(&campaign, &facts), &facts);
        let failed: Vec<_> = found.iter().filter(|finding| finding.status == Status::Failed).collect();
        assert_eq!(failed.iter().map(|finding| finding.id).collect::<Vec<_>>(), ["instance"], "{deaf:?}");
        assert_eq!(failed[0].summary.raw(), "Amazon Connect answers nothing: no answer in time");
    }
}
