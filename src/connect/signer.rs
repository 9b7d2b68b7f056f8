//! Request signatures (SigV4): the SDK's own, and for the rest of that second ours of the same form.
//!
//! The SDK derives everything anew for each request, the day's signing key included, which is a fifth of a request's cost.
//! Here it signs the first request of each second. We cache its signing key, scope and date header (clock-skew correction
//! included) and reuse them for that second, after checking that they reproduce the SDK's own signature. A request of any
//! other form is left to the SDK.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_runtime::auth::sigv4::{SCHEME_ID, SigV4Signer};
use aws_sdk_connect::config::RuntimeComponents;
use aws_sdk_connect::config::http::HttpRequest;
use aws_sdk_connect::error::BoxError;
use aws_sigv4::sign::v4::{calculate_signature, generate_signing_key};
use aws_smithy_runtime_api::client::auth::{AuthScheme, AuthSchemeEndpointConfig, AuthSchemeId, Sign};
use aws_smithy_runtime_api::client::identity::{Identity, SharedIdentityResolver};
use aws_smithy_runtime_api::client::runtime_components::GetIdentityResolver;
use aws_smithy_types::config_bag::ConfigBag;
use http::header::HeaderValue;
use http::uri::{Scheme, Uri};
use sha2::{Digest, Sha256};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const DATE: &str = "x-amz-date";
const TOKEN: &str = "x-amz-security-token";
const HOST: &str = "host";
const AUTHORIZATION: &str = "authorization";
/// Headers that the signature itself brings, and those that aws-sigv4 leaves out because others may change them on the
/// way.
const NOT_SIGNED: [&str; 6] =
    [AUTHORIZATION, DATE, TOKEN, "user-agent", "x-amzn-trace-id", "transfer-encoding"];

/// The auth scheme that replaces the SDK's own.
#[derive(Debug, Default)]
pub(super) struct Signing(Signer);

impl AuthScheme for Signing {
    fn scheme_id(&self) -> AuthSchemeId {
        SCHEME_ID
    }

    fn identity_resolver(&self, resolvers: &dyn GetIdentityResolver) -> Option<SharedIdentityResolver> {
        resolvers.identity_resolver(SCHEME_ID)
    }

    fn signer(&self) -> &dyn Sign {
        &self.0
    }
}

#[derive(Debug, Default)]
struct Signer {
    sdk: SigV4Signer,
    /// The cache of the second in which the SDK signed last.
    learnt: Mutex<Option<Arc<Learnt>>>,
}

impl Sign for Signer {
    fn sign_http_request(
        &self,
        request: &mut HttpRequest,
        identity: &Identity,
        endpoint: AuthSchemeEndpointConfig<'_>,
        components: &RuntimeComponents,
        config: &ConfigBag,
    ) -> Result<(), BoxError> {
        let second = second(components.time_source().unwrap_or_default().now());
        let learnt = self.learnt.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let (Some(learnt), Some(credentials)) = (learnt, identity.data())
            && learnt.is_of(second, credentials)
            && learnt.sign(request)
        {
            return Ok(());
        }
        self.sdk.sign_http_request(request, identity, endpoint, components, config)?;
        let learnt = identity.data().and_then(|credentials| Learnt::of(request, credentials, second));
        *self.learnt.lock().unwrap_or_else(PoisonError::into_inner) = learnt.map(Arc::new);
        Ok(())
    }
}

fn second(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// The parts that all signatures of one second share.
struct Learnt {
    second: u64,
    credentials: Credentials,
    method: String,
    uri: String,
    path: String,
    host: String,
    /// As the service is told it: the SDK corrects a clock that is off.
    date: HeaderValue,
    token: Option<HeaderValue>,
    /// `DATE/REGION/SERVICE/aws4_request`
    scope: String,
    key: Vec<u8>,
}

impl Learnt {
    /// What a request that the SDK has signed tells of others, if they can be signed after it at all.
    fn of(request: &HttpRequest, credentials: &Credentials, second: u64) -> Option<Self> {
        let signed = request.headers().get(AUTHORIZATION)?;
        let credential = signed.strip_prefix(ALGORITHM)?.strip_prefix(" Credential=")?;
        let (_, scope) = credential.split_once(',')?.0.split_once('/')?;
        let mut parts = scope.split('/');
        let (day, region, service) = (parts.next()?, parts.next()?, parts.next()?);
        let key = generate_signing_key(credentials.secret_access_key(), midnight(day)?, region, service);
        let uri: Uri = request.uri().parse().ok()?;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-');
        if uri.query().is_some() || !uri.path().bytes().all(plain) {
            return None;
        }
        let mut token = credentials.session_token().map(HeaderValue::from_str).transpose().ok()?;
        token.iter_mut().for_each(|token| token.set_sensitive(true));
        let learnt = Self {
            second,
            credentials: credentials.clone(),
            method: request.method().to_owned(),
            uri: request.uri().to_owned(),
            path: uri.path().to_owned(),
            host: host(&uri)?,
            date: HeaderValue::from_str(request.headers().get(DATE)?).ok()?,
            token,
            scope: scope.to_owned(),
            key: key.as_ref().to_vec(),
        };
        (learnt.authorization(request)? == signed).then_some(learnt)
    }

    /// Whether a request of this second, with these credentials, is one of those it was learnt for.
    fn is_of(&self, second: u64, credentials: &Credentials) -> bool {
        self.second == second && self.credentials == *credentials
    }

    /// Signs the request, if it is of the known form.
    fn sign(&self, request: &mut HttpRequest) -> bool {
        let authorization = self.authorization(request).map(HeaderValue::try_from);
        let Some(Ok(authorization)) = authorization else { return false };
        let headers = request.headers_mut();
        headers.insert(DATE, self.date.clone());
        headers.insert(AUTHORIZATION, authorization);
        if let Some(token) = &self.token {
            headers.insert(TOKEN, token.clone());
        }
        true
    }

    /// The value of the `Authorization` header, as in
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>; `None` for a request
    /// of another form than that which was learnt from.
    fn authorization(&self, request: &HttpRequest) -> Option<String> {
        if request.uri() != self.uri || request.method() != self.method {
            return None;
        }
        let date = self.date.to_str().ok()?;
        let token = self.token.as_ref().map(|token| token.to_str()).transpose().ok()?;
        let mut headers = Vec::with_capacity(16);
        for (name, value) in request.headers() {
            if NOT_SIGNED.contains(&name) {
                continue;
            }
            // Spaces would have to be put right first.
            if value.contains("  ") || value.starts_with(' ') || value.ends_with(' ') {
                return None;
            }
            headers.push((name, value));
        }
        headers.extend([(HOST, self.host.as_str()), (DATE, date)]);
        headers.extend(token.map(|token| (TOKEN, token)));
        headers.sort_unstable();
        if headers.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return None;
        }
        let mut text = String::with_capacity(1_024 + token.map_or(0, str::len));
        for part in [&self.method, "\n", &self.path, "\n\n"] {
            text.push_str(part);
        }
        for (name, value) in &headers {
            for part in [name, ":", value, "\n"] {
                text.push_str(part);
            }
        }
        text.push('\n');
        let names = text.len();
        for (at, (name, _)) in headers.iter().enumerate() {
            text.push_str(if at == 0 { "" } else { ";" });
            text.push_str(name);
        }
        let names = names..text.len();
        text.push('\n');
        push_hash(&mut text, request.body().bytes()?);
        let mut to_sign = [ALGORITHM, "\n", date, "\n", &self.scope, "\n"].concat();
        push_hash(&mut to_sign, text.as_bytes());
        let signature = calculate_signature(&self.key, to_sign.as_bytes());
        let key_id = self.credentials.access_key_id();
        Some(
            [
                ALGORITHM,
                " Credential=",
                key_id,
                "/",
                &self.scope,
                ", SignedHeaders=",
                &text[names],
                ", Signature=",
                &signature,
            ]
            .concat(),
        )
    }
}

impl std::fmt::Debug for Learnt {
    /// Without what is secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Learnt")
            .field("second", &self.second)
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}

/// The beginning of a day given as `YYYYMMDD`, UTC.
fn midnight(day: &str) -> Option<SystemTime> {
    let day = jiff::civil::Date::strptime("%Y%m%d", day).ok()?;
    Some(day.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().into())
}

/// The `Host` header that hyper will send: without a port that goes without saying.
fn host(uri: &Uri) -> Option<String> {
    let port = uri.port_u16().filter(|port| {
        let default = if uri.scheme() == Some(&Scheme::HTTPS) { 443 } else { 80 };
        *port != default
    });
    let host = uri.host()?;
    Some(port.map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
}

/// Adds the SHA-256 of these bytes, in hexadecimal digits.
fn push_hash(text: &mut String, bytes: &[u8]) {
    let mut digits = [0; 64];
    hex::encode_to_slice(Sha256::digest(bytes), &mut digits).expect("32 bytes are 64 digits");
    text.push_str(std::str::from_utf8(&digits).expect("digits are ASCII"));
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
    use aws_sigv4::sign::v4;
    use aws_smithy_types::body::SdkBody;
    use proptest::prelude::*;

    use super::*;

    fn credentials(token: Option<&str>) -> Credentials {
        Credentials::new("AKIDEXAMPLE", "a/secret+key", token.map(str::to_owned), None, "test")
    }

    fn request(url: &str, body: &str) -> HttpRequest {
        let mut request = HttpRequest::new(SdkBody::from(body));
        request.set_method("PUT").unwrap();
        request.set_uri(url).unwrap();
        let headers = request.headers_mut();
        headers.insert("content-type", "application/json");
        headers.insert("content-length", body.len().to_string());
        headers.insert("user-agent", "one");
        headers.insert("x-amz-user-agent", "aws-sdk-rust/1 ua/2.1 os/linux");
        request
    }

    /// Signs as the SDK does: with aws-sigv4 and its settings for this service.
    fn signed(mut request: HttpRequest, credentials: &Credentials, time: SystemTime) -> HttpRequest {
        let identity = Identity::from(credentials.clone());
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region("us-west-2")
            .name("connect")
            .time(time)
            .settings(SigningSettings::default())
            .build()
            .unwrap();
        let body = SignableBody::Bytes(request.body().bytes().unwrap());
        let signable =
            SignableRequest::new(request.method(), request.uri(), request.headers().iter(), body).unwrap();
        let (instructions, _) = sign(signable, &parameters.into()).unwrap().into_parts();
        for header in instructions.into_parts().0 {
            request.headers_mut().insert(header.name(), header.value().to_owned());
        }
        request
    }

    fn headers(request: &HttpRequest) -> Vec<(String, String)> {
        let mut headers: Vec<_> =
            request.headers().iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        headers.sort();
        headers
    }

    const URL: &str = "https://connect.us-west-2.amazonaws.com/contact/outbound-chat";

    proptest! {
        /// Whatever is in it, a request is signed as the SDK would have signed it.
        #[test]
        fn a_signature_is_what_the_sdk_would_have_given(
            url in prop::sample::select(vec![
                URL,
                "https://localhost:443/contact/outbound-chat",
                "http://127.0.0.1:8080/contact/outbound-chat",
                "http://[::1]:80/contact/outbound-chat",
                "http://127.0.0.1/under/a-path/contact/outbound-chat",
            ]),
            first in any::<String>(),
            second in any::<String>(),
            token in prop::option::of("[A-Za-z0-9+/=]{1,1000}"),
            extra in prop::option::of("[!-~]([ -~]{0,30}[!-~])?"),
            seconds in 0..4_000_000_000_u64,
        ) {
            let time = UNIX_EPOCH + Duration::from_secs(seconds);
            let credentials = credentials(token.as_deref());
            let learnt = Learnt::of(&signed(request(url, &first), &credentials, time), &credentials, seconds);
            let mut ours = request(url, &second);
            extra.iter().for_each(|value| drop(ours.headers_mut().insert("a-header", value.clone())));
            let theirs = signed(ours.try_clone().unwrap(), &credentials, time);
            if learnt.unwrap().sign(&mut ours) {
                prop_assert_eq!(headers(&ours), headers(&theirs));
            } else {
                prop_assert!(extra.is_some_and(|value| value.contains("  ")));
            }
        }
    }

    #[test]
    fn what_does_not_lead_to_the_sdks_signature_is_not_kept() {
        let credentials = credentials(None);
        let good = signed(request(URL, "{}"), &credentials, UNIX_EPOCH);
        assert!(Learnt::of(&good, &credentials, 0).is_some());
        let other = Credentials::new("AKIDEXAMPLE", "another", None, None, "test");
        assert!(Learnt::of(&good, &other, 0).is_none());
        for (name, value) in [
            ("authorization", "Bearer of news"),
            ("x-amz-date", "19700101T000001Z"),
            ("content-type", "text/plain"),
            ("another", "header"),
        ] {
            let mut bad = good.try_clone().unwrap();
            bad.headers_mut().insert(name, value);
            assert!(Learnt::of(&bad, &credentials, 0).is_none(), "{name}");
        }
        for url in ["https://example.com/a?b=c", "https://example.com/a%20b", "https://example.com/a//../b"] {
            let strange = signed(request(url, "{}"), &credentials, UNIX_EPOCH);
            assert!(Learnt::of(&strange, &credentials, 0).is_none(), "{url}");
        }
    }

    #[test]
    fn what_is_learnt_is_for_its_second_its_credentials_and_its_address() {
        let before = credentials(Some("before"));
        let learnt = Learnt::of(&signed(request(URL, "{}"), &before, UNIX_EPOCH), &before, 7).unwrap();
        assert!(learnt.is_of(7, &before));
        assert!(!learnt.is_of(8, &before) && !learnt.is_of(6, &before));
        assert!(!learnt.is_of(7, &credentials(Some("after"))) && !learnt.is_of(7, &credentials(None)));

        let mut elsewhere = request("https://connect.eu-central-1.amazonaws.com/contact/outbound-chat", "{}");
        assert!(!learnt.sign(&mut elsewhere));
        let mut other = request(URL, "{}");
        other.set_method("POST").unwrap();
        assert!(!learnt.sign(&mut other));
        let mut twice = request(URL, "{}");
        twice.headers_mut().append("content-type", "text/plain");
        assert!(!learnt.sign(&mut twice));
        for refused in [elsewhere, other, twice] {
            assert_eq!(refused.headers().get("authorization"), None);
        }
    }

    #[test]
    fn nothing_secret_is_told() {
        let credentials = credentials(Some("token"));
        let learnt = Learnt::of(&signed(request(URL, "{}"), &credentials, UNIX_EPOCH), &credentials, 7);
        assert_eq!(
            format!("{:?}", learnt.unwrap()),
            "Learnt { second: 7, scope: \"19700101/us-west-2/connect/aws4_request\", .. }"
        );
    }
}
