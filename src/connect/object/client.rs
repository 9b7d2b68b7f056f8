//! Asks for an object, follows it to where it is, and asks for the rest where a connection broke.

use std::error::Error;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_sdk_connect::config::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::{HttpConnector, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use http::Uri;
use http_body_util::BodyExt as _;

use super::answer::ObjectRefusal;
use super::reader::{ObjectPiece, ObjectPieces};
use super::s3::S3Address;
use crate::clock::Clock;
use crate::connect::client::Settings;
use crate::connect::endpoint;
use crate::connect::environment::{Environment, bundle_of};
use crate::connect::error::{ConnectError, causes};
use crate::connect::route::{Route, RouteError, never_connected};
use crate::domain::definition::is_loopback_host;
use crate::domain::next_step::{Advice, Setting};
use crate::domain::object::{ObjectIdentity, ObjectPlace, ObjectProblem, ObjectUrl, Received};

/// What servers are told they hear from.
const USER_AGENT: &str = concat!("campaign/", env!("CARGO_PKG_VERSION"));
/// Attempts that bring nothing, one after the other, before an object is given up; the pause after the first, and it doubles.
const ATTEMPTS: u32 = 4;
const PAUSE: Duration = Duration::from_millis(500);
/// Redirects that are followed, at most.
const REDIRECTS: usize = 5;
/// Regions that one request is made in, at most: the one that was guessed, the bucket's, and one more where it moves.
const REGIONS: usize = 3;
/// Credentials that end sooner are renewed before they are used.
const EARLY: Duration = Duration::from_secs(30);

/// One object, and how it is asked for.
pub(super) struct ObjectClient {
    connector: SharedHttpConnector,
    target: ObjectTarget,
    /// How long anything may take to come.
    patience: Duration,
}

enum ObjectTarget {
    Web(String),
    S3(Box<SignedAccess>),
}

/// How S3 is asked.
struct SignedAccess {
    address: S3Address,
    provider: SharedCredentialsProvider,
    credentials: Credentials,
    clock: Clock,
}

/// What has come of an object, and which one it is.
struct SoFar {
    identity: ObjectIdentity,
    received: Received,
}

impl ObjectClient {
    /// A client for this object. Credentials are loaded where S3 is asked.
    pub(super) async fn connect(
        url: &ObjectUrl,
        settings: &Settings,
        clock: &Clock,
    ) -> Result<Self, ObjectProblem> {
        let patience = settings.read_timeout;
        let (route, target) = match url.place() {
            ObjectPlace::Web(url) => {
                let route = Route::from_environment(bundle_of(settings).as_deref());
                (route.map_err(|error| unasked(&error))?, ObjectTarget::Web(url.clone()))
            }
            ObjectPlace::S3 { bucket, key } => {
                let environment = Box::pin(Environment::load(settings)).await;
                let environment = environment.map_err(|error| unasked(&error))?;
                let address = address(&environment.sdk, bucket, key).map_err(|error| unasked(&error))?;
                let source = environment.credentials;
                let access = SignedAccess {
                    address,
                    provider: source.provider,
                    credentials: source.given,
                    clock: clock.clone(),
                };
                (environment.route, ObjectTarget::S3(Box::new(access)))
            }
        };
        Ok(Self { connector: route.download(settings.connect_timeout, patience), target, patience })
    }

    /// What the object is known by.
    pub(super) async fn identify(&mut self) -> Result<ObjectIdentity, ObjectProblem> {
        let response = self.ask("HEAD", None).await?;
        Ok(identity(&response))
    }

    /// Fetches the object to its end, or until nobody takes its pieces any more.
    pub(super) async fn fetch(mut self, pieces: &ObjectPieces) -> Result<(), ObjectProblem> {
        let mut so_far = None;
        let (mut failures, mut had) = (0, 0);
        loop {
            let problem = match self.fetch_rest(&mut so_far, pieces).await {
                Ok(()) => return Ok(()),
                Err(problem) => problem,
            };
            let has = so_far.as_ref().map_or(0, |so_far| so_far.received.bytes);
            failures = if has > had { 1 } else { failures + 1 };
            had = has;
            let resumes = match &so_far {
                Some(so_far) => so_far.identity.strong_etag().is_some(),
                // A server that is not there at all is hardly there a moment later.
                None => !matches!(problem, ObjectProblem::Unreached(_)),
            };
            if !problem.is_passing() || problem == ObjectProblem::Changed || !resumes || failures == ATTEMPTS
            {
                return Err(problem);
            }
            tracing::info!("asking for the rest: {problem}");
            tokio::time::sleep(PAUSE * 2_u32.pow(failures - 1)).await;
        }
    }

    /// Makes one request for what is missing, and passes on what comes.
    async fn fetch_rest(
        &mut self,
        so_far: &mut Option<SoFar>,
        pieces: &ObjectPieces,
    ) -> Result<(), ObjectProblem> {
        let response = self.ask("GET", so_far.as_ref()).await?;
        let mut skip = match so_far {
            Some(so_far) => so_far.skipped(&response)?,
            None => {
                let begun = begun(&response)?;
                let identity = begun.identity.clone();
                *so_far = Some(begun);
                if pieces.send(Ok(ObjectPiece::Begin(identity))).is_err() {
                    return Ok(());
                }
                0
            }
        };
        let Some(so_far) = so_far else { return Ok(()) };
        let mut body = response.into_body();
        loop {
            let mut data = match tokio::time::timeout(self.patience, body.frame()).await {
                Err(_) => {
                    let (received, seconds) = (so_far.received, self.patience.as_secs());
                    return Err(ObjectProblem::Stalled { received, seconds });
                }
                Ok(None) => break,
                Ok(Some(Err(error))) => return Err(so_far.broken(&words(&*error))),
                Ok(Some(Ok(frame))) => frame.into_data().unwrap_or_default(),
            };
            let known = usize::try_from(skip).unwrap_or(usize::MAX).min(data.len());
            skip -= data.split_to(known).len() as u64;
            if data.is_empty() {
                continue;
            }
            so_far.received.bytes += data.len() as u64;
            if pieces.send(Ok(ObjectPiece::Bytes(data))).is_err() {
                return Ok(());
            }
        }
        match so_far.received.of {
            Some(of) if of != so_far.received.bytes => Err(so_far.broken("it ended too early")),
            _ => Ok(()),
        }
    }

    /// The answer to a request for the object, or for what is missing of it.
    async fn ask(
        &mut self,
        method: &'static str,
        so_far: Option<&SoFar>,
    ) -> Result<HttpResponse, ObjectProblem> {
        let Self { connector, target, patience } = self;
        match target {
            ObjectTarget::Web(url) => follow(connector, url, method, so_far, *patience).await,
            ObjectTarget::S3(access) => access.ask(connector, method, so_far, *patience).await,
        }
    }
}

/// The object's address, in the Region of the settings until S3 says another one.
fn address(sdk: &SdkConfig, bucket: &str, key: &str) -> Result<S3Address, ConnectError> {
    Ok(S3Address {
        bucket: bucket.to_owned(),
        key: key.to_owned(),
        region: sdk.region().map(ToString::to_string).ok_or(ConnectError::NoRegion)?,
        endpoint: endpoint::of_service(sdk, "S3")?,
        fips: sdk.use_fips() == Some(true),
        dual_stack: sdk.use_dual_stack() == Some(true),
    })
}

impl SignedAccess {
    async fn ask(
        &mut self,
        connector: &SharedHttpConnector,
        method: &'static str,
        so_far: Option<&SoFar>,
        patience: Duration,
    ) -> Result<HttpResponse, ObjectProblem> {
        let now = self.clock.system_time();
        if self.credentials.expiry().is_some_and(|end| end <= now + EARLY) {
            self.renew(patience).await;
        }
        let (mut regions, mut renewed) = (1, false);
        loop {
            let mut request = request(method, &self.address.url(), so_far)?;
            let signed = self.address.sign(&mut request, &self.credentials, self.clock.system_time());
            signed.map_err(|words| ObjectProblem::Answer { status: 400, words: words.into() })?;
            let response = send(connector, request, so_far, patience).await?;
            if is_object(&response) {
                return Ok(response);
            }
            let refusal = ObjectRefusal::read(response).await;
            let other = refusal.region.clone().filter(|region| *region != self.address.region);
            if let Some(region) = other.filter(|_| regions < REGIONS) {
                regions += 1;
                self.address.region = region;
            } else if refusal.says_expired() && !renewed {
                renewed = true;
                self.renew(patience).await;
            } else {
                return Err(refusal.of_s3(&self.address.region));
            }
        }
    }

    /// Asks the source of the credentials once more. Where it gives none, S3 says what is wrong with those there are.
    async fn renew(&mut self, patience: Duration) {
        let asked = tokio::time::timeout(patience, self.provider.provide_credentials()).await;
        if let Ok(Ok(credentials)) = asked {
            self.credentials = credentials;
        }
    }
}

/// Asks for a URL, and for the one that it leads to.
async fn follow(
    connector: &SharedHttpConnector,
    url: &str,
    method: &'static str,
    so_far: Option<&SoFar>,
    patience: Duration,
) -> Result<HttpResponse, ObjectProblem> {
    let mut url = url.to_owned();
    for _ in 0..=REDIRECTS {
        let response = send(connector, request(method, &url, so_far)?, so_far, patience).await?;
        if is_object(&response) {
            return Ok(response);
        }
        let location = response.headers().get("location");
        match (response.status().as_u16(), location) {
            (301 | 302 | 303 | 307 | 308, Some(location)) => url = redirected(&url, location)?,
            _ => return Err(ObjectRefusal::read(response).await.of_web()),
        }
    }
    Err(ObjectProblem::Redirects(REDIRECTS))
}

/// The URL that an answer leads to: encrypted, or on this machine where the first one is, and without a name and password.
fn redirected(from: &str, location: &str) -> Result<String, ObjectProblem> {
    let refused = |what: &str| ObjectProblem::Redirect(what.into());
    let base: Uri = from.parse().map_err(|_| refused("what is no URL"))?;
    let (scheme, authority) = (base.scheme_str().unwrap_or_default(), base.authority());
    let authority = authority.map(http::uri::Authority::as_str).unwrap_or_default();
    let location = location.split('#').next().unwrap_or_default();
    let url = if location.contains("://") {
        location.to_owned()
    } else if location.starts_with("//") {
        format!("{scheme}:{location}")
    } else if location.starts_with('/') {
        format!("{scheme}://{authority}{location}")
    } else {
        let folder = base.path().rsplit_once('/').map_or("", |(folder, _)| folder);
        format!("{scheme}://{authority}{folder}/{location}")
    };
    let to: Uri = url.parse().map_err(|_| refused("what is no URL"))?;
    let host = to.host().unwrap_or_default();
    let stays_here = scheme == "http" && to.scheme_str() == Some("http") && is_loopback_host(host);
    let credentials = to.authority().is_some_and(|authority| authority.as_str().contains('@'));
    if host.is_empty() || credentials || !(to.scheme_str() == Some("https") || stays_here) {
        let scheme = to.scheme_str().unwrap_or_default();
        return Err(refused(&format!("{scheme}://{host}")));
    }
    Ok(to.to_string())
}

/// A request for an object, or for what is missing of it.
fn request(method: &'static str, url: &str, so_far: Option<&SoFar>) -> Result<HttpRequest, ObjectProblem> {
    let wrong = |_| ObjectProblem::Unreached("its URL cannot be asked for".into());
    let mut request = HttpRequest::new(SdkBody::empty());
    request.set_method(method).map_err(wrong)?;
    request.set_uri(url).map_err(wrong)?;
    let headers = request.headers_mut();
    headers.insert("user-agent", USER_AGENT);
    // The object's own bytes: no server packs them for the way.
    headers.insert("accept-encoding", "identity");
    if let Some(SoFar { identity, received }) = so_far
        && let Some(etag) = identity.strong_etag()
    {
        headers.insert("range", format!("bytes={}-", received.bytes));
        headers.insert("if-match", etag.to_owned());
    }
    Ok(request)
}

async fn send(
    connector: &SharedHttpConnector,
    request: HttpRequest,
    so_far: Option<&SoFar>,
    patience: Duration,
) -> Result<HttpResponse, ObjectProblem> {
    connector.call(request).await.map_err(|error| unanswered(&error, so_far, patience))
}

/// Whether an answer has the object, or a part of it.
fn is_object(response: &HttpResponse) -> bool {
    matches!(response.status().as_u16(), 200 | 206)
}

fn identity(response: &HttpResponse) -> ObjectIdentity {
    let header = |name| response.headers().get(name);
    ObjectIdentity::of_headers(header("etag"), header("x-amz-version-id"))
}

/// What is known of an object once its first answer is there.
fn begun(response: &HttpResponse) -> Result<SoFar, ObjectProblem> {
    if response.status().as_u16() != 200 {
        return Err(ObjectProblem::Answer { status: 206, words: "a part that nobody asked for".into() });
    }
    let header = |name| response.headers().get(name);
    let of = header("content-length").and_then(|length| length.parse().ok());
    let chunked = header("transfer-encoding").is_some();
    // Within TLS, a connection that ends has said so; HTTP/2 says how each answer ends.
    if of.is_none() && !chunked && header("connection").is_some_and(|value| value.contains("close")) {
        return Err(ObjectProblem::Endless);
    }
    Ok(SoFar { identity: identity(response), received: Received { bytes: 0, of } })
}

impl SoFar {
    /// How many bytes of an answer are here already: none where it has what was asked for, all of them where the server
    /// gives the whole object.
    fn skipped(&self, response: &HttpResponse) -> Result<u64, ObjectProblem> {
        if identity(response).differs_from(&self.identity) {
            return Err(ObjectProblem::Changed);
        }
        if response.status().as_u16() == 200 {
            return Ok(self.received.bytes);
        }
        // `bytes 100-199/200`. Source: RFC 9110, 14.4.
        let range = response.headers().get("content-range").and_then(|range| range.strip_prefix("bytes "));
        let parts = range.and_then(|range| range.split_once('/'));
        let from = parts.and_then(|(range, _)| range.split_once('-')?.0.parse().ok());
        let of = parts.and_then(|(_, of)| of.parse::<u64>().ok());
        let other_length = of.zip(self.received.of).is_some_and(|(now, before)| now != before);
        if from != Some(self.received.bytes) || other_length {
            return Err(ObjectProblem::Changed);
        }
        Ok(0)
    }

    fn broken(&self, words: &str) -> ObjectProblem {
        let resumes = self.identity.strong_etag().is_some();
        ObjectProblem::Broken { received: self.received, words: words.into(), resumes }
    }
}

/// The last cause of an error.
fn words(error: &(dyn Error + 'static)) -> String {
    causes(error).last().map(ToString::to_string).unwrap_or_default()
}

fn unanswered(error: &ConnectorError, so_far: Option<&SoFar>, patience: Duration) -> ObjectProblem {
    if let Some(of_route) = causes(error).find(|error| error.is::<RouteError>()) {
        let (words, advice) = (of_route.to_string(), "nothing was read of it".into());
        return ObjectProblem::Unasked { words, advice, credentials: false };
    }
    if error.is_timeout() {
        return ObjectProblem::Unreached(format!("no answer within {} s", patience.as_secs()).into());
    }
    if never_connected(error) {
        return ObjectProblem::Unreached(words(error).into());
    }
    let received = so_far.map(|so_far| so_far.received).unwrap_or_default();
    ObjectProblem::Broken { received, words: words(error).into(), resumes: true }
}

/// Why nothing could be asked.
fn unasked(error: &ConnectError) -> ObjectProblem {
    let credentials = error.is_about_credentials();
    let advice = match error {
        ConnectError::NoCredentials | ConnectError::Credentials(_) => Advice::new(
            "sign in with `aws login`, `aws sso login` or `aws configure`, or name a profile with ",
        )
        .set(Setting::Profile)
        .then("; or copy the file here first, and name the copy"),
        error => error.hint(),
    };
    ObjectProblem::Unasked { words: error.to_string(), advice, credentials }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(status: u16, headers: &[(&'static str, &str)]) -> HttpResponse {
        let mut response = HttpResponse::new(status.try_into().unwrap(), SdkBody::empty());
        for (name, value) in headers {
            response.headers_mut().insert(*name, (*value).to_owned());
        }
        response
    }

    #[test]
    fn redirects_stay_encrypted_and_carry_nothing() {
        let from = "https://a.example/lists/may.csv?secret";
        for (location, to) in [
            ("https://b.example/x?y#z", "https://b.example/x?y"),
            ("//b.example/x", "https://b.example/x"),
            ("/x", "https://a.example/x"),
            ("x?y", "https://a.example/lists/x?y"),
        ] {
            assert_eq!(redirected(from, location).as_deref(), Ok(to));
        }
        for location in [
            "http://b.example/x",
            "http://127.0.0.1/x",
            "ftp://b.example",
            "https://me:secret@b.example/",
            "https://",
        ] {
            let refused = redirected(from, location).unwrap_err();
            assert!(matches!(refused, ObjectProblem::Redirect(_)), "{location}");
            assert!(!refused.to_string().contains("secret"));
        }
        let here = "http://127.0.0.1:1/a";
        assert_eq!(redirected(here, "/b").as_deref(), Ok("http://127.0.0.1:1/b"));
        assert!(redirected(here, "http://b.example/").is_err());
    }

    #[test]
    fn only_what_is_missing_of_the_same_object_is_taken() {
        let so_far = SoFar {
            identity: ObjectIdentity::of_headers(Some("\"a\""), None),
            received: Received { bytes: 100, of: Some(200) },
        };
        let skipped = |status, headers: &[_]| so_far.skipped(&response(status, headers));
        assert_eq!(skipped(206, &[("content-range", "bytes 100-199/200")]), Ok(0));
        assert_eq!(skipped(200, &[("etag", "\"a\"")]), Ok(100));
        for headers in [
            &[("content-range", "bytes 99-199/200")][..],
            &[("content-range", "bytes 100-299/300")],
            &[("content-range", "bytes 100-199/200"), ("etag", "\"b\"")],
            &[],
        ] {
            assert_eq!(skipped(206, headers), Err(ObjectProblem::Changed), "{headers:?}");
        }
        assert_eq!(skipped(200, &[("etag", "\"b\"")]), Err(ObjectProblem::Changed));
    }

    #[test]
    fn an_answer_without_an_end_is_not_begun() {
        let begins = |headers: &[_]| begun(&response(200, headers)).map(|begun| begun.received.of);
        assert_eq!(begins(&[("content-length", "7")]), Ok(Some(7)));
        assert_eq!(begins(&[("transfer-encoding", "chunked")]), Ok(None));
        assert_eq!(begins(&[]), Ok(None));
        assert_eq!(begins(&[("connection", "close")]), Err(ObjectProblem::Endless));
        assert!(begun(&response(206, &[])).is_err());
    }
}
