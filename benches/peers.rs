//! What `campaign` is measured against, each a process of its own: a neutral loopback server, and the bare loop over
//! the AWS SDK for Rust that an engineer would write, without a journal, a pace or a retry.
//!
//! Started by `benches/run`; `cargo bench` without arguments says so and does nothing.

use std::convert::Infallible;
use std::error::Error;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_connect::config::{BehaviorVersion, Region, SharedCredentialsProvider};
use aws_sdk_connect::types::{
    ChatMessage, Endpoint, EndpointType, ParticipantDetails, SegmentAttributeValue,
};
use aws_smithy_types::retry::RetryConfig;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use http_body_util::{BodyExt, Full};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Failure = Box<dyn Error>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match arguments[..] {
        ["server", delay_ms] => runtime.block_on(serve(Duration::from_millis(delay_ms.parse()?))),
        ["sdk", endpoint, file, in_flight] => runtime.block_on(send(endpoint, file, in_flight.parse()?)),
        _ => {
            say("peers of the benchmarks: benches/run starts them");
            Ok(())
        }
    }
}

#[expect(clippy::print_stdout, reason = "its output is read by benches/run")]
fn say(text: &str) {
    println!("{text}");
}

/// Answers every request with a new contact id, after a delay.
async fn serve(delay: Duration) -> Result<(), Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    say(&format!("listening on http://{}", listener.local_addr()?));
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(async move {
            let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| async move {
                // Read to its end, as any server would.
                let _ = request.into_body().collect().await;
                if !delay.is_zero() {
                    tokio::time::sleep(delay).await;
                }
                let id = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_URL, &fastrand::u64(..).to_le_bytes());
                let body = Full::new(Bytes::from(format!("{{\"ContactId\":\"{id}\"}}")));
                Ok::<_, Infallible>(
                    hyper::Response::builder()
                        .header("content-type", "application/json")
                        .header("x-amzn-requestid", "00000000-0000-4000-8000-000000000000")
                        .body(body)
                        .expect("a valid response"),
                )
            });
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

/// The bare loop: reads the CSV, renders, sends, keeps so many in flight, and counts.
async fn send(endpoint: &str, file: &str, in_flight: usize) -> Result<(), Failure> {
    let config = aws_sdk_connect::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("us-west-2"))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
            "test", "test", None, None, "bench",
        )))
        .retry_config(RetryConfig::disabled())
        .endpoint_url(endpoint)
        .build();
    let client = aws_sdk_connect::Client::from_conf(config);
    let mut reader = csv::Reader::from_path(file)?;
    let mut records = reader.records();
    let mut running = FuturesUnordered::new();
    let mut started = 0_u64;
    loop {
        while running.len() < in_flight {
            let Some(record) = records.next() else { break };
            running.push(start(client.clone(), record?));
        }
        match running.next().await {
            Some(answer) => {
                answer?;
                started += 1;
            }
            None => break,
        }
    }
    say(&format!("{started} started"));
    Ok(())
}

async fn start(client: aws_sdk_connect::Client, record: csv::StringRecord) -> Result<String, Failure> {
    let cell = |column: usize| record.get(column).unwrap_or("").to_owned();
    let message =
        format!("Hi {}, this is a reminder of your visit on {}. Reply STOP to opt out.", cell(1), cell(3));
    let key = format!("campaign:{}", cell(0));
    let answer = client
        .start_outbound_chat_contact()
        .source_endpoint(
            Endpoint::builder()
                .r#type(EndpointType::ConnectPhonenumberArn)
                .address("arn:aws:connect:us-west-2:123456789012:phone-number/aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee")
                .build(),
        )
        .destination_endpoint(
            Endpoint::builder().r#type(EndpointType::TelephoneNumber).address(cell(2)).build(),
        )
        .instance_id("11111111-2222-3333-4444-555555555555")
        .contact_flow_id("66666666-7777-8888-9999-000000000000")
        .segment_attributes(
            "connect:Subtype",
            SegmentAttributeValue::builder().value_string("connect:SMS").build(),
        )
        .attributes("customer_id", cell(0))
        .attributes("tier", cell(4))
        .participant_details(ParticipantDetails::builder().display_name(cell(1)).build()?)
        .initial_system_message(ChatMessage::builder().content_type("text/plain").content(message).build()?)
        .chat_duration_in_minutes(60)
        .client_token(uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_URL, key.as_bytes()).to_string())
        .send()
        .await?;
    Ok(answer.contact_id.unwrap_or_default())
}
