//! The in-process door: an HTTP client for the SDK that leads into a world instead of onto a network.
//!
//! It waits with tokio's time only, so that latencies, hangs and time-outs are exact in paused time. As the SDK's own
//! client does, it applies the read time-out from the call to the answer's headers. Connections are made at once, so
//! that the connect time-out never strikes.

use std::fmt;
use std::future::pending;
use std::io;
use std::time::Duration;

use aws_smithy_async::future::timeout::TimedOutError;
use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use http::Uri;
use http_body_util::BodyExt;

use super::body::AnswerBody;
use super::handle::Simulator;
use super::wire::{Answer, Delivery, Reaction, WireRequest};

/// The SDK's HTTP client.
#[derive(Debug)]
pub(super) struct SimulatedHttp {
    simulator: Simulator,
}

/// The SDK's HTTP connector, with its settings.
#[derive(Debug)]
struct Connector {
    simulator: Simulator,
    read_timeout: Option<Duration>,
}

/// No answer within the read time-out. Its source is what the SDK knows time-outs by.
#[derive(Debug)]
struct ReadTimeout(Duration);

impl fmt::Display for ReadTimeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HTTP read timeout occurred after {:?}", self.0)
    }
}

impl std::error::Error for ReadTimeout {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&TimedOutError)
    }
}

impl SimulatedHttp {
    pub(super) fn new(simulator: Simulator) -> Self {
        Self { simulator }
    }
}

impl HttpClient for SimulatedHttp {
    fn http_connector(&self, settings: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(Connector {
            simulator: self.simulator.clone(),
            read_timeout: settings.read_timeout(),
        })
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        Some(ConnectorMetadata::new("simulator", None))
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (simulator, limit) = (self.simulator.clone(), self.read_timeout);
        HttpConnectorFuture::new(async move {
            let reaction = arrive(&simulator, request).await?;
            delivered_in_time(reaction, limit).await
        })
    }
}

/// Brings a request to the world. The body is read to its end, for the SDK watches its upload.
async fn arrive(simulator: &Simulator, mut request: HttpRequest) -> Result<Reaction, ConnectorError> {
    let body = request.take_body().collect().await.map_err(ConnectorError::user)?.to_bytes();
    let uri: Uri = request.uri().parse().map_err(|error| ConnectorError::user(Box::new(error)))?;
    let no_host = || ConnectorError::user("the request's URI has no host".into());
    let authority = uri.authority().ok_or_else(no_host)?;
    let mut headers: Vec<_> = request.headers().iter().collect();
    if request.headers().get("host").is_none() {
        headers.push(("host", host(&uri, authority.as_str())));
    }
    Ok(simulator.handle(&WireRequest {
        method: request.method(),
        target: uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str),
        headers,
        body,
    }))
}

/// The `host` header that an HTTP client sends: without the port where it is the scheme's own.
fn host<'a>(uri: &'a Uri, authority: &'a str) -> &'a str {
    match (uri.scheme_str(), uri.port_u16()) {
        (Some("https"), Some(443)) | (Some("http"), Some(80)) => uri.host().unwrap_or(authority),
        _ => authority,
    }
}

async fn delivered_in_time(
    reaction: Reaction,
    limit: Option<Duration>,
) -> Result<HttpResponse, ConnectorError> {
    let Some(limit) = limit else { return delivered(reaction).await };
    tokio::time::timeout(limit, delivered(reaction))
        .await
        .unwrap_or_else(|_| Err(ConnectorError::timeout(Box::new(ReadTimeout(limit)))))
}

async fn delivered(reaction: Reaction) -> Result<HttpResponse, ConnectorError> {
    if !reaction.delay.is_zero() {
        tokio::time::sleep(reaction.delay).await;
    }
    let io_error = |kind| ConnectorError::io(Box::new(io::Error::from(kind)));
    match &reaction.delivery {
        Delivery::Answer(answer) => response(answer, &reaction, SdkBody::from(answer.body.clone())),
        Delivery::Truncate(answer) => {
            response(answer, &reaction, SdkBody::from_body_1_x(AnswerBody::truncated(&answer.body)))
        }
        Delivery::Reset => Err(io_error(io::ErrorKind::ConnectionReset)),
        Delivery::Refuse => Err(io_error(io::ErrorKind::ConnectionRefused).never_connected()),
        Delivery::Hang => pending().await,
    }
}

fn response(answer: &Answer, reaction: &Reaction, body: SdkBody) -> Result<HttpResponse, ConnectorError> {
    let mut response = http::Response::builder()
        .status(answer.status)
        .header("content-type", answer.content_type)
        .header("content-length", answer.body.len())
        .header("date", reaction.date.http_date())
        .header("x-amzn-requestid", &reaction.request_id);
    if let Some(code) = answer.error_type {
        response = response.header("x-amzn-errortype", code);
    }
    let response = response.body(body);
    let response = response.map_err(|error| ConnectorError::other(Box::new(error), None))?;
    HttpResponse::try_from(response).map_err(|error| ConnectorError::other(Box::new(error), None))
}
