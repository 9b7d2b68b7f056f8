//! The real SDK through the in-process connector, in virtual time: what it makes of each answer and each fault, and
//! what the simulator's own log says of the same request.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::num::NonZeroU32;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_connect::Client;
use aws_sdk_connect::config::retry::RetryConfig;
use aws_sdk_connect::config::timeout::TimeoutConfig;
use aws_sdk_connect::config::{BehaviorVersion, Region};
use aws_sdk_connect::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_connect::operation::start_outbound_chat_contact::StartOutboundChatContactError;
use aws_sdk_connect::types::{
    ChatMessage, Endpoint, EndpointType, SearchContactsTimeRange, SearchContactsTimeRangeType,
    SearchCriteria, SearchableContactAttributes, SearchableContactAttributesCriteria, SegmentAttributeValue,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::DateTime;
use campaign::simulator::{
    Difference, Effect, Fault, Latency, Outcome, PayloadViolation, Phase, Simulator, Throttle, TokioClock,
    WorldConfig, WorldTime,
};
use tokio::time::Instant;

const INSTANCE: &str = "6f0e4c1a-0000-4000-8000-000000000001";
const FLOW: &str = "6f0e4c1a-0000-4000-8000-000000000002";
const SOURCE: &str =
    "arn:aws:connect:us-west-2:123456789012:phone-number/6f0e4c1a-0000-4000-8000-000000000003";
const START: WorldTime = WorldTime(1_800_000_000_000);

type Refused = SdkError<StartOutboundChatContactError, HttpResponse>;

fn simulator(config: WorldConfig) -> Simulator {
    Simulator::new(config, TokioClock::starting_at(START))
}

fn client_with(simulator: &Simulator, credentials: Credentials) -> Client {
    let timeouts = TimeoutConfig::builder().read_timeout(Duration::from_secs(10)).build();
    let config = aws_sdk_connect::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-west-2"))
        .credentials_provider(credentials)
        .http_client(simulator.http_client())
        .time_source(simulator.time_source())
        .retry_config(RetryConfig::disabled())
        .timeout_config(timeouts)
        .build();
    Client::from_conf(config)
}

fn client(simulator: &Simulator) -> Client {
    client_with(simulator, Credentials::new("test", "test", None, None, "test"))
}

async fn start(client: &Client, token: &str, destination: &str) -> Result<Option<String>, Refused> {
    let source = Endpoint::builder().r#type(EndpointType::ConnectPhonenumberArn).address(SOURCE).build();
    let to = Endpoint::builder().r#type(EndpointType::TelephoneNumber).address(destination).build();
    let sms = SegmentAttributeValue::builder().value_string("connect:SMS").build();
    let message = ChatMessage::builder().content_type("text/plain").content("Hello, é!").build().unwrap();
    client
        .start_outbound_chat_contact()
        .instance_id(INSTANCE)
        .contact_flow_id(FLOW)
        .source_endpoint(source)
        .destination_endpoint(to)
        .segment_attributes("connect:Subtype", sms)
        .attributes("tier", "gold")
        .initial_system_message(message)
        .client_token(token)
        .send()
        .await
        .map(|answer| answer.contact_id)
}

/// One request that meets `fault`: its error, and the contact that the log says it started.
async fn with_fault(fault: Fault) -> (Refused, Option<String>) {
    let simulator = simulator(WorldConfig::default());
    simulator.with(|world| _ = world.faults_mut().next(1, fault));
    let error = start(&client(&simulator), "t", "+12025550100").await.unwrap_err();
    let record = simulator.requests().remove(0);
    assert_eq!(record.outcome, Outcome::Faulted(fault));
    (error, record.effect.contact_id().map(|id| id.to_string()))
}

#[tokio::test(start_paused = true)]
async fn a_contact_starts_and_its_token_is_honoured_for_seven_days() {
    let simulator = simulator(WorldConfig::default());
    let client = client(&simulator);
    let first = start(&client, "t", "+12025550100").await.unwrap().unwrap();
    tokio::time::sleep(Duration::from_secs(7 * 24 * 3_600 - 1)).await;
    assert_eq!(start(&client, "t", "+12025550100").await.unwrap().as_ref(), Some(&first));
    tokio::time::sleep(Duration::from_secs(1)).await;
    let second = start(&client, "t", "+12025550100").await.unwrap().unwrap();
    assert_ne!(second, first, "the token is past its life");

    let contacts = simulator.contacts();
    assert_eq!(contacts.iter().map(|c| c.id.to_string()).collect::<Vec<_>>(), [first, second]);
    assert_eq!(contacts[0].created_at, START);
    assert_eq!(contacts[0].destination, "+12025550100");
    assert_eq!(contacts[0].attributes()["tier"], "gold");
    assert_eq!(contacts[0].message().as_deref(), Some("Hello, é!"));
    let effects: Vec<_> = simulator.requests().iter().map(|request| request.effect.name()).collect();
    assert_eq!(effects, ["started", "replayed", "started"]);
    assert_eq!(simulator.with(|world| world.contacts_by_token("t").len()), 2);
}

#[tokio::test(start_paused = true)]
async fn a_token_with_another_payload_meets_the_same_contact_and_is_noted() {
    let simulator = simulator(WorldConfig::default());
    let client = client(&simulator);
    let first = start(&client, "t", "+12025550100").await.unwrap();
    assert_eq!(simulator.payload_violations(), []);
    assert_eq!(start(&client, "t", "+12025550101").await.unwrap(), first);
    let violations = simulator.payload_violations();
    let expected = PayloadViolation { ordinal: 1, client_token: "t".into(), difference: Difference::Content };
    assert_eq!(violations, [expected]);
}

#[tokio::test(start_paused = true)]
async fn the_throttle_lets_burst_and_rate_pass() {
    let throttle = Throttle { rate: 2.0, burst: NonZeroU32::new(5).unwrap() };
    let simulator = simulator(WorldConfig { throttle: Some(throttle), ..WorldConfig::default() });
    let client = client(&simulator);
    let mut started = 0;
    for n in 0..40 {
        match start(&client, &n.to_string(), "+12025550100").await {
            Ok(_) => started += 1,
            Err(error) => assert_eq!(error.code(), Some("ThrottlingException")),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    // 3.9 s from the first to the last: the burst of 5, and 7 at 2/s.
    assert_eq!(started, 12);
    assert_eq!(simulator.stats().outcomes["ThrottlingException"], 28);
}

#[tokio::test(start_paused = true)]
async fn the_active_chats_quota_is_full_until_contacts_end() {
    let life = Some(Duration::from_secs(240));
    let config = WorldConfig { active_chats: Some(2), contact_life: life, ..WorldConfig::default() };
    let simulator = simulator(config);
    let client = client(&simulator);
    for token in ["a", "b"] {
        start(&client, token, "+12025550100").await.unwrap();
    }
    let error = start(&client, "c", "+12025550100").await.unwrap_err();
    assert!(error.as_service_error().unwrap().is_limit_exceeded_exception(), "{error:?}");
    assert!(start(&client, "a", "+12025550100").await.is_ok(), "a known token needs no room");
    tokio::time::sleep(Duration::from_secs(240)).await;
    assert!(start(&client, "c", "+12025550100").await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn errors_come_with_status_and_code() {
    for (fault, status, code) in [
        (Fault::Throttling, 429, Some("ThrottlingException")),
        (Fault::TooManyRequests, 429, Some("TooManyRequestsException")),
        (Fault::ThrottledWithoutCode, 429, None),
        (Fault::ThrottledWithoutJson, 429, None),
        (Fault::LimitExceeded, 429, Some("LimitExceededException")),
        (Fault::InvalidRequest, 400, Some("InvalidRequestException")),
        (Fault::NotFound, 404, Some("ResourceNotFoundException")),
        (Fault::Conflict, 409, Some("ConflictException")),
        (Fault::AccessDenied, 403, Some("AccessDeniedException")),
        (Fault::ExpiredToken, 403, Some("ExpiredTokenException")),
        (Fault::InternalBefore, 500, Some("InternalServiceException")),
        (Fault::BadGateway, 502, None),
        (Fault::Unavailable, 503, None),
    ] {
        let (error, contact) = with_fault(fault).await;
        let raw = error.raw_response().unwrap_or_else(|| panic!("{fault}: {error:?}"));
        assert_eq!((raw.status().as_u16(), error.code()), (status, code), "{fault}: {error:?}");
        assert!(raw.headers().get("x-amzn-requestid").is_some(), "{fault}");
        assert_eq!(contact, None, "{fault}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_after_the_commit_leaves_a_contact() {
    let (error, contact) = with_fault(Fault::InternalAfter).await;
    assert_eq!(error.code(), Some("InternalServiceException"));
    assert!(contact.is_some());
}

#[tokio::test(start_paused = true)]
async fn connections_fail_as_they_do_on_a_network() {
    for (fault, text, commits) in [
        (Fault::ConnectFailed, "connection refused", false),
        (Fault::ResetBefore, "connection reset", false),
        (Fault::LostAnswer, "connection reset", true),
    ] {
        let (error, contact) = with_fault(fault).await;
        let SdkError::DispatchFailure(failure) = &error else { panic!("{fault}: {error:?}") };
        assert!(failure.is_io(), "{fault}: {error:?}");
        let shown = DisplayErrorContext(&error).to_string();
        assert!(shown.contains(text), "{fault}: {shown}");
        assert_eq!((contact.is_some(), fault.commits()), (commits, commits), "{fault}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_hang_ends_with_the_read_timeout_exactly() {
    for (fault, commits) in [(Fault::HangBefore, false), (Fault::HangAfter, true)] {
        let before = Instant::now();
        let (error, contact) = with_fault(fault).await;
        assert_eq!(before.elapsed(), Duration::from_secs(10));
        let SdkError::DispatchFailure(failure) = &error else { panic!("{fault}: {error:?}") };
        assert!(failure.is_timeout(), "{fault}: {error:?}");
        assert_eq!(contact.is_some(), commits, "{fault}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_truncated_200_is_no_answer() {
    let (error, contact) = with_fault(Fault::Truncated).await;
    assert!(matches!(error, SdkError::ResponseError(_) | SdkError::DispatchFailure(_)), "{error:?}");
    let shown = DisplayErrorContext(&error).to_string();
    assert!(shown.contains("closed before message completed"), "{shown}");
    assert!(contact.is_some());
}

#[tokio::test(start_paused = true)]
async fn an_unreadable_200_is_an_error_without_a_code() {
    let (error, contact) = with_fault(Fault::Unreadable).await;
    assert!(error.as_service_error().is_some_and(|error| error.code().is_none()), "{error:?}");
    assert_eq!(error.raw_response().map(|raw| raw.status().as_u16()), Some(200));
    assert!(contact.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_200_without_a_contact_id_is_one_for_the_sdk() {
    let simulator = simulator(WorldConfig::default());
    simulator.with(|world| _ = world.faults_mut().next(1, Fault::NoContactId));
    assert_eq!(start(&client(&simulator), "t", "+12025550100").await.unwrap(), None);
    assert_eq!(simulator.contacts().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn latency_takes_its_time_and_phases_last_theirs() {
    let latency = Latency { base: Duration::from_millis(50), jitter: Duration::from_millis(20) };
    let simulator = simulator(WorldConfig { latency, ..WorldConfig::default() });
    let (from, until) = (START + Duration::from_secs(60), START + Duration::from_secs(120));
    simulator.with(|world| _ = world.faults_mut().phase(Phase { from, until, fault: Fault::ExpiredToken }));
    let client = client(&simulator);
    let before = Instant::now();
    start(&client, "a", "+12025550100").await.unwrap();
    let taken = before.elapsed();
    assert!((Duration::from_millis(50)..=Duration::from_millis(71)).contains(&taken), "{taken:?}");
    for (second, refused) in [(59, false), (60, true), (119, true), (120, false)] {
        tokio::time::sleep_until(before + Duration::from_secs(second)).await;
        let answer = start(&client, "a", "+12025550100").await;
        assert_eq!(answer.is_err(), refused, "{second} s: {answer:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn signatures_are_checked() {
    let simulator = simulator(WorldConfig::default());
    let code = async |id: &str, secret: &str, token: Option<&str>| {
        let credentials = Credentials::new(id, secret, token.map(str::to_owned), None, "test");
        match start(&client_with(&simulator, credentials), "t", "+12025550100").await {
            Ok(_) => None,
            Err(error) => error.code().map(str::to_owned),
        }
    };
    assert_eq!(code("test", "test", None).await, None);
    assert_eq!(code("test", "test", Some("session")).await, None);
    assert_eq!(code("test", "other", None).await.as_deref(), Some("InvalidSignatureException"));
    assert_eq!(code("other", "test", None).await.as_deref(), Some("UnrecognizedClientException"));
    assert_eq!(simulator.contacts().len(), 1);
    assert!(simulator.requests().iter().skip(2).all(|request| request.effect == Effect::Nothing));
}

#[tokio::test(start_paused = true)]
async fn a_sender_whose_clock_is_wrong_is_refused() {
    let simulator = simulator(WorldConfig::default());
    let client = client(&simulator);
    start(&client, "t", "+12025550100").await.unwrap();
    let signed = simulator.clone();
    let late = Simulator::new(WorldConfig::default(), move || signed.now() + Duration::from_secs(301));
    let config = client.config().to_builder().http_client(late.http_client()).build();
    let error = start(&Client::from_conf(config), "t", "+12025550100").await.unwrap_err();
    assert_eq!(error.code(), Some("InvalidSignatureException"));
    let expected = "Signature expired: 20270115T080000Z is now earlier than 20270115T080001Z (20270115T080501Z - 5 min.)";
    assert_eq!(error.message(), Some(expected));
}

#[tokio::test(start_paused = true)]
async fn describe_operations_know_what_exists() {
    let simulator =
        simulator(WorldConfig { instance_ids: vec![INSTANCE.to_owned()], ..WorldConfig::default() });
    let client = client(&simulator);
    let id = start(&client, "t", "+12025550100").await.unwrap().unwrap();
    let described = client.describe_contact().instance_id(INSTANCE).contact_id(&id).send().await.unwrap();
    let contact = described.contact.unwrap();
    assert_eq!(contact.id.as_ref(), Some(&id));
    assert_eq!(contact.initiation_timestamp.unwrap().secs(), 1_800_000_000);
    assert_eq!(contact.disconnect_timestamp, None);
    assert_eq!(contact.attributes.unwrap()["tier"], "gold");
    tokio::time::sleep(Duration::from_secs(25 * 3_600)).await;
    let described = client.describe_contact().instance_id(INSTANCE).contact_id(&id).send().await.unwrap();
    assert_eq!(described.contact.unwrap().disconnect_reason.as_deref(), Some("EXPIRED"));

    let instance = client.describe_instance().instance_id(INSTANCE).send().await.unwrap();
    assert_eq!(instance.instance.unwrap().id.as_deref(), Some(INSTANCE));
    let flow =
        client.describe_contact_flow().instance_id(INSTANCE).contact_flow_id(FLOW).send().await.unwrap();
    assert_eq!(flow.contact_flow.unwrap().id.as_deref(), Some(FLOW));
    let number = client.describe_phone_number().phone_number_id(SOURCE).send().await.unwrap();
    let number = number.claimed_phone_number_summary.unwrap();
    assert_eq!(
        (number.phone_number_arn.as_deref(), number.instance_id.as_deref()),
        (Some(SOURCE), Some(INSTANCE))
    );

    let missing = client.describe_contact().instance_id(INSTANCE).contact_id(FLOW).send().await.unwrap_err();
    assert!(missing.as_service_error().unwrap().is_resource_not_found_exception());
    let missing = client.describe_instance().instance_id(FLOW).send().await.unwrap_err();
    assert!(missing.as_service_error().unwrap().is_resource_not_found_exception());
}

/// How many contacts a search finds: of all, and by an attribute.
async fn found(client: &Client, value: &str) -> (usize, Option<usize>) {
    let search = || {
        let at = |seconds| DateTime::from_secs(seconds);
        let range = SearchContactsTimeRange::builder()
            .r#type(SearchContactsTimeRangeType::InitiationTimestamp)
            .start_time(at(0))
            .end_time(at(4_000_000_000));
        client.search_contacts().instance_id(INSTANCE).time_range(range.build().unwrap())
    };
    let key = SearchableContactAttributesCriteria::builder().key("tier").values(value).build().unwrap();
    let attributes = SearchableContactAttributes::builder().criteria(key).build().unwrap();
    let criteria = SearchCriteria::builder().searchable_contact_attributes(attributes).build();
    let all = search().send().await.unwrap().contacts.len();
    (all, search().search_criteria(criteria).send().await.ok().map(|answer| answer.contacts.len()))
}

#[tokio::test(start_paused = true)]
async fn a_search_finds_a_contact_once_its_index_has_it_and_by_what_was_searchable_when_it_started() {
    let simulator = simulator(WorldConfig::default());
    let client = client(&simulator);
    start(&client, "a", "+12025550100").await.unwrap();
    assert_eq!(found(&client, "gold").await, (1, None));
    simulator.with(|world| {
        world.account_mut().searchable.insert("tier".to_owned());
        world.account_mut().index_delay = 60;
    });
    tokio::time::sleep(Duration::from_secs(100)).await;
    start(&client, "b", "+12025550101").await.unwrap();
    tokio::time::sleep(Duration::from_secs(59)).await;
    assert_eq!(found(&client, "gold").await, (1, Some(0)));
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(found(&client, "gold").await, (2, Some(1)));
    assert_eq!(found(&client, "silver").await, (2, Some(0)));
}
