//! What `campaign` is measured against, each a process of its own: a neutral loopback server, the bare loop over the AWS
//! SDK for Rust that an engineer would write, without a journal, a pace or a retry, and the bare loops over a file of
//! events.
//!
//! Started by `benches/run`; `cargo bench` without arguments says so and does nothing.

use std::convert::Infallible;
use std::error::Error;
use std::fs::File;
use std::io::{BufRead, BufReader};
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
        ["values", file] => values(file),
        ["upserts", file, database] => upserts(file, database),
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

/// Calls `each` for every line of a file of events, as any JSON.
fn each_value(
    file: &str,
    mut each: impl FnMut(serde_json::Value) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut lines = BufReader::with_capacity(1 << 16, File::open(file)?);
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line)? > 0 {
        each(serde_json::from_slice(&line)?)?;
        line.clear();
    }
    Ok(())
}

/// The bare reading of events: each is parsed and dropped.
fn values(file: &str) -> Result<(), Failure> {
    let mut events = 0_u64;
    each_value(file, |value| {
        events += u64::from(value.is_object());
        Ok(())
    })?;
    say(&format!("{events} events"));
    Ok(())
}

/// Events of one transaction of the bare loop.
const TRANSACTION: u64 = 65_536;

/// The bare loop into SQLite: the last event of each message and contact by its id, in two tables without an index.
/// Nothing is held against what is known, and no row is looked for.
fn upserts(file: &str, database: &str) -> Result<(), Failure> {
    let connection = rusqlite::Connection::open(database)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "cache_size", -65_536)?;
    connection.execute_batch(
        "CREATE TABLE message (id BLOB PRIMARY KEY, told_at INTEGER, status TEXT, description TEXT, destination TEXT,
             origination TEXT, requested_at INTEGER, parts INTEGER, price REAL, carrier TEXT) WITHOUT ROWID;
         CREATE TABLE contact (id BLOB PRIMARY KEY, what TEXT, initiated_at TEXT, ended_at TEXT, reason TEXT, instance TEXT)
             WITHOUT ROWID;
         BEGIN",
    )?;
    let mut message = connection
        .prepare("INSERT OR REPLACE INTO message VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")?;
    let mut contact = connection.prepare("INSERT OR REPLACE INTO contact VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
    let mut events = 0_u64;
    each_value(file, |value| {
        let detail = if value["detail"].is_object() { &value["detail"] } else { &value };
        let text = |name: &str| detail[name].as_str();
        let id =
            |name: &str| text(name).and_then(|id| uuid::Uuid::try_parse(id).ok()).map(uuid::Uuid::into_bytes);
        if let Some(id) = id("messageId") {
            message.execute(rusqlite::params![
                id,
                detail["eventTimestamp"].as_i64(),
                text("messageStatus"),
                text("messageStatusDescription"),
                text("destinationPhoneNumber"),
                text("originationPhoneNumber"),
                detail["messageRequestTimestamp"].as_i64(),
                detail["totalMessageParts"].as_i64(),
                detail["totalMessagePrice"].as_f64(),
                text("carrierName"),
            ])?;
        } else {
            contact.execute(rusqlite::params![
                id("contactId"),
                text("eventType"),
                text("initiationTimestamp"),
                text("disconnectTimestamp"),
                text("disconnectReason"),
                text("instanceArn"),
            ])?;
        }
        events += 1;
        if events.is_multiple_of(TRANSACTION) {
            connection.execute_batch("COMMIT; BEGIN")?;
        }
        Ok(())
    })?;
    connection.execute_batch("COMMIT")?;
    say(&format!("{events} events"));
    Ok(())
}
