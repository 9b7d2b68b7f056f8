//! Posts to whom alerts go to: by the same way out as all requests, so that nothing for this machine goes through a proxy. One
//! call is one request; the caller decides on others. No redirect is followed.

use std::path::Path;
use std::time::Duration;

use aws_sigv4::sign::v4::calculate_signature;
use aws_smithy_runtime_api::client::http::{HttpConnector, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;

use super::error::{ConnectError, causes};
use super::route::{Route, RouteError};
use crate::domain::definition::AlertUrl;
use crate::domain::unix_millis::UnixMillis;

/// What receivers are told they hear from.
const USER_AGENT: &str = concat!("campaign/", env!("CARGO_PKG_VERSION"));
/// The header with the signature.
const SIGNATURE: &str = "campaign-signature";

/// Sends posts, and asks for URLs.
#[derive(Debug, Clone)]
pub struct Poster {
    connector: SharedHttpConnector,
}

/// Why a post was not taken. The words have no part of the URL but its host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UntakenPost {
    /// It may be taken another time.
    #[error("{0}")]
    Now(String),
    /// The receiver will not take it another time either.
    #[error("{0}")]
    Ever(String),
}

impl Poster {
    /// By the environment's way out. `ca_bundle` is a file of PEM certificates, else `AWS_CA_BUNDLE`.
    ///
    /// # Errors
    /// [`ConnectError`]: an unusable CA bundle or proxy.
    pub fn new(ca_bundle: Option<&Path>, timeout: Duration) -> Result<Self, ConnectError> {
        let variable = std::env::var_os("AWS_CA_BUNDLE").filter(|path| !path.is_empty());
        let bundle = ca_bundle.or(variable.as_deref().map(Path::new));
        Ok(Self { connector: Route::from_environment(bundle)?.plain(timeout) })
    }

    /// Posts JSON, signed where there is a secret.
    ///
    /// # Errors
    /// [`UntakenPost`].
    pub async fn post(
        &self,
        url: &AlertUrl,
        body: String,
        signed: Option<(&str, UnixMillis)>,
    ) -> Result<(), UntakenPost> {
        let signature = signed.map(|(secret, at)| signature(secret, at, &body));
        let mut request = HttpRequest::new(SdkBody::from(body));
        request.headers_mut().insert("content-type", "application/json");
        if let Some(signature) = signature {
            request.headers_mut().insert(SIGNATURE, signature);
        }
        self.send("POST", url, request).await
    }

    /// Asks for a URL; what it answers is not read.
    ///
    /// # Errors
    /// [`UntakenPost`].
    pub async fn get(&self, url: &AlertUrl) -> Result<(), UntakenPost> {
        self.send("GET", url, HttpRequest::new(SdkBody::empty())).await
    }

    async fn send(
        &self,
        method: &'static str,
        url: &AlertUrl,
        mut request: HttpRequest,
    ) -> Result<(), UntakenPost> {
        let never = || UntakenPost::Ever(format!("{} cannot be asked", url.host()));
        request.set_uri(url.as_str()).map_err(|_| never())?;
        request.set_method(method).map_err(|_| never())?;
        request.headers_mut().insert("user-agent", USER_AGENT);
        let answer = self.connector.call(request).await.map_err(|error| {
            // What a certificate or the proxy is about, else the last cause.
            let of_route = causes(&error).find(|error| error.downcast_ref::<RouteError>().is_some());
            let words =
                of_route.or_else(|| causes(&error).last()).map(ToString::to_string).unwrap_or_default();
            UntakenPost::Now(format!("{} did not answer: {words}", url.host()))
        })?;
        judged(answer.status().as_u16(), url.host())
    }
}

/// What a status means. Source: RFC 9110; 408, 425 and 429 say themselves that another time may do.
fn judged(status: u16, host: &str) -> Result<(), UntakenPost> {
    let words = format!("{host} answered {status}");
    match status {
        200..300 => Ok(()),
        408 | 425 | 429 | 500.. => Err(UntakenPost::Now(words)),
        _ => Err(UntakenPost::Ever(words)),
    }
}

/// `t=SECONDS,v1=HEX`: HMAC-SHA256 of `SECONDS.BODY`. With the time in it, a receiver can refuse a post that somebody recorded.
fn signature(secret: &str, at: UnixMillis, body: &str) -> String {
    let seconds = at.millis().div_euclid(1_000);
    let signed = calculate_signature(secret, format!("{seconds}.{body}").as_bytes());
    format!("t={seconds},v1={signed}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By `printf '1772357400.{"a":1}' | openssl dgst -sha256 -hmac secret`.
    #[test]
    fn a_signature_is_what_openssl_makes() {
        let signed = signature("secret", UnixMillis::from_millis(1_772_357_400_120), "{\"a\":1}");
        assert_eq!(
            signed,
            "t=1772357400,v1=50fcbe17eaff80928a63aba63b42a06a398edabfa26e2d57cbc91159e068a733"
        );
    }

    #[test]
    fn a_status_says_whether_to_try_again() {
        for status in [200, 202, 204] {
            assert_eq!(judged(status, "h"), Ok(()));
        }
        for status in [408, 425, 429, 500, 503] {
            assert!(matches!(judged(status, "h"), Err(UntakenPost::Now(_))), "{status}");
        }
        for status in [301, 400, 401, 403, 404, 410] {
            assert!(matches!(judged(status, "h"), Err(UntakenPost::Ever(_))), "{status}");
        }
    }
}
