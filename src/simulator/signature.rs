//! Signature Version 4, checked as the service does: sign the request again with the secret that belongs to its access
//! key, and compare.
//!
//! Texts as in <https://docs.aws.amazon.com/IAM/latest/UserGuide/signature-v4-troubleshooting.html>. Presigned URLs
//! are not supported.

use std::collections::HashMap;
use std::time::{Duration, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;

use super::clock::WorldTime;
use super::config::{Credential, Signatures};
use super::neighbours::Service;
use super::refusal::Refusal;
use super::wire::WireRequest;

/// How far the date of a request may lie from the service's clock.
const MAX_SKEW: Duration = Duration::from_secs(300);
const MISMATCH: &str = "The request signature we calculated does not match the signature you provided. Check your AWS \
                        Secret Access Key and signing method. Consult the service documentation for details.";

/// Checks signatures against a list of access keys.
#[derive(Debug)]
pub(super) struct Verifier {
    mode: Signatures,
    region: Option<String>,
    keys: HashMap<String, Credential>,
    life: Option<Duration>,
    /// When each key signed for the first time.
    first_used: HashMap<String, WorldTime>,
}

/// The parts of an `Authorization` header.
struct Authorization<'a> {
    key_id: &'a str,
    date: &'a str,
    region: &'a str,
    service: &'a str,
    signed_headers: &'a str,
    signature: &'a str,
}

impl Verifier {
    pub(super) fn new(mode: Signatures, region: Option<String>, credentials: &[Credential]) -> Self {
        let keys = credentials.iter().map(|credential| (credential.id.clone(), credential.clone())).collect();
        Self { mode, region, keys, life: None, first_used: HashMap::new() }
    }

    /// The same, with keys that expire so long after their first use.
    pub(super) fn expiring(mut self, life: Option<Duration>) -> Self {
        self.life = life;
        self
    }

    /// Refuses a request that is not signed with one of the keys, or for another service.
    pub(super) fn verify(
        &mut self,
        request: &WireRequest<'_>,
        service: Service,
        now: WorldTime,
    ) -> Result<(), Refusal> {
        if self.mode == Signatures::Ignored {
            return Ok(());
        }
        let header = request.header("authorization").ok_or_else(Refusal::missing_authentication)?;
        let authorization = Authorization::parse(header)?;
        let stamp = request.header("x-amz-date").unwrap_or_default();
        let seconds = parse_stamp(stamp).ok_or_else(|| {
            Refusal::incomplete_signature(
                "Authorization header requires existence of a valid 'X-Amz-Date' header.",
            )
        })?;
        self.check_scope(&authorization, service, stamp)?;
        if self.mode == Signatures::Verified {
            check_date(stamp, seconds, now)?;
        }
        let credential = self.credential(&authorization, request)?;
        let signature = signature(request, &authorization, credential, seconds);
        if signature.as_deref() != Some(authorization.signature) {
            return Err(Refusal::bad_signature(MISMATCH));
        }
        let first_used = *self.first_used.entry(authorization.key_id.to_owned()).or_insert(now);
        match self.life {
            Some(life) if now.since(first_used) >= life => Err(Refusal::expired_token()),
            _ => Ok(()),
        }
    }

    fn check_scope(
        &self,
        authorization: &Authorization<'_>,
        service: Service,
        stamp: &str,
    ) -> Result<(), Refusal> {
        let name = service.signing_name();
        if authorization.service != name {
            return Err(Refusal::bad_signature(format!(
                "Credential should be scoped to correct service: '{name}'. "
            )));
        }
        let other = self.region.as_ref().is_some_and(|region| region != authorization.region);
        if other || !is_region(authorization.region) {
            return Err(Refusal::bad_signature("Credential should be scoped to a valid region. "));
        }
        if stamp.get(..8) != Some(authorization.date) {
            return Err(Refusal::bad_signature(format!(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{}' != \
                 '{}', from '{stamp}'.",
                authorization.date,
                stamp.get(..8).unwrap_or_default()
            )));
        }
        Ok(())
    }

    fn credential(
        &self,
        authorization: &Authorization<'_>,
        request: &WireRequest<'_>,
    ) -> Result<&Credential, Refusal> {
        let credential = self.keys.get(authorization.key_id).ok_or_else(Refusal::unknown_key)?;
        match &credential.session_token {
            Some(token) if request.header("x-amz-security-token") != Some(token) => {
                Err(Refusal::unknown_key())
            }
            _ => Ok(credential),
        }
    }
}

impl<'a> Authorization<'a> {
    fn parse(header: &'a str) -> Result<Self, Refusal> {
        let incomplete = |what: &str| {
            Refusal::incomplete_signature(format!(
                "Authorization header requires {what}. Authorization={header}"
            ))
        };
        let fields = header
            .strip_prefix("AWS4-HMAC-SHA256")
            .ok_or_else(|| incomplete("the algorithm 'AWS4-HMAC-SHA256'"))?;
        let field = |name: &str| {
            let found = fields.split(',').find_map(|field| field.trim().strip_prefix(name));
            found.ok_or_else(|| incomplete(&format!("'{}' parameter", name.trim_end_matches('='))))
        };
        let scope: Vec<_> = field("Credential=")?.rsplitn(5, '/').collect();
        let ["aws4_request", service, region, date, key_id] = scope[..] else {
            return Err(incomplete("a credential of the form KEY/DATE/REGION/SERVICE/aws4_request"));
        };
        let (signed_headers, signature) = (field("SignedHeaders=")?, field("Signature=")?);
        Ok(Self { key_id, date, region, service, signed_headers, signature })
    }
}

/// Whether a text has the form of a Region, such as `us-west-2` or `us-gov-east-1`.
fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [area, middle @ .., number] = parts.as_slice() else { return false };
    let letters = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
    area.len() <= 4
        && letters(area)
        && !middle.is_empty()
        && middle.iter().all(letters)
        && number.len() == 1
        && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// The Region that a request is signed for.
pub(super) fn region<'a>(request: &WireRequest<'a>) -> Option<&'a str> {
    let credential =
        request.header("authorization")?.split_once("Credential=")?.1.split([',', ' ']).next()?;
    credential.rsplit('/').nth(2).filter(|region| is_region(region))
}

fn check_date(stamp: &str, seconds: u64, now: WorldTime) -> Result<(), Refusal> {
    let signed = WorldTime(seconds * 1000);
    if signed < now - MAX_SKEW {
        return Err(Refusal::bad_signature(format!(
            "Signature expired: {stamp} is now earlier than {} ({} - 5 min.)",
            (now - MAX_SKEW).compact_stamp(),
            now.compact_stamp()
        )));
    }
    if signed > now + MAX_SKEW {
        return Err(Refusal::bad_signature(format!(
            "Signature not yet current: {stamp} is still later than {} ({} + 5 min.)",
            (now + MAX_SKEW).compact_stamp(),
            now.compact_stamp()
        )));
    }
    Ok(())
}

/// The signature that the request should have.
fn signature(
    request: &WireRequest<'_>,
    authorization: &Authorization<'_>,
    credential: &Credential,
    seconds: u64,
) -> Option<String> {
    let is_signed = |name: &str| authorization.signed_headers.split(';').any(|signed| signed == name);
    if !is_signed("host") {
        return None;
    }
    let token = request.header("x-amz-security-token").filter(|_| is_signed("x-amz-security-token"));
    let identity: Identity =
        Credentials::new(&credential.id, &credential.secret, token.map(str::to_owned), None, "simulator")
            .into();
    let mut settings = SigningSettings::default();
    settings.excluded_headers = None;
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(authorization.region)
        .name(authorization.service)
        .time(UNIX_EPOCH + Duration::from_secs(seconds))
        .settings(settings)
        .build()
        .ok()?
        .into();
    let uri = format!("http://{}{}", request.header("host")?, request.target);
    let headers = request.headers.iter().copied().filter(|(name, _)| is_signed(name));
    let body = SignableBody::Bytes(&request.body);
    let signable = SignableRequest::new(request.method, uri, headers, body).ok()?;
    Some(sign(signable, &params).ok()?.signature().to_owned())
}

/// Seconds since the Unix epoch of `YYYYMMDDTHHMMSSZ`.
fn parse_stamp(stamp: &str) -> Option<u64> {
    let date = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", stamp).ok()?;
    u64::try_from(date.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_second()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: WorldTime = WorldTime(1_440_938_160_000);
    const GOOD: &str = "AWS4-HMAC-SHA256 Credential=test/20150830/us-west-2/connect/aws4_request, \
                        SignedHeaders=host;x-amz-date, Signature=0000";

    fn refusal(mut verifier: Verifier, authorization: Option<&str>, stamp: &str) -> (&'static str, String) {
        let mut headers = vec![("host", "localhost"), ("x-amz-date", stamp)];
        headers.extend(authorization.map(|value| ("authorization", value)));
        let request = WireRequest { method: "GET", target: "/", headers, body: bytes::Bytes::new() };
        let refusal = verifier.verify(&request, Service::Connect, NOW).unwrap_err();
        (refusal.code, refusal.message.into_owned())
    }

    fn verifier(mode: Signatures) -> Verifier {
        Verifier::new(mode, Some("us-west-2".into()), &[Credential::new("test", "test")])
    }

    #[test]
    fn each_defect_has_its_error() {
        let replaced = |from: &str, to: &str| Some(GOOD.replace(from, to));
        let now = "20150830T123600Z";
        for (authorization, stamp, code, text) in [
            (None, now, "MissingAuthenticationTokenException", "Missing Authentication Token"),
            (replaced("AWS4-HMAC-SHA256", "Basic"), now, "IncompleteSignatureException", "algorithm"),
            (replaced(", Signature=0000", ""), now, "IncompleteSignatureException", "'Signature' parameter"),
            (replaced("/aws4_request", ""), now, "IncompleteSignatureException", "credential of the form"),
            (Some(GOOD.into()), "yesterday", "IncompleteSignatureException", "X-Amz-Date"),
            (replaced("/connect/", "/s3/"), now, "InvalidSignatureException", "correct service: 'connect'"),
            (replaced("us-west-2", "eu-west-1"), now, "InvalidSignatureException", "valid region"),
            (replaced("20150830", "20150829"), now, "InvalidSignatureException", "'20150829' != '20150830'"),
            (
                Some(GOOD.into()),
                "20150830T123059Z",
                "InvalidSignatureException",
                "Signature expired: 20150830T123059Z is now earlier than 20150830T123100Z (20150830T123600Z - 5 min.)",
            ),
            (
                Some(GOOD.into()),
                "20150830T124101Z",
                "InvalidSignatureException",
                "Signature not yet current: 20150830T124101Z is still later than 20150830T124100Z",
            ),
            (replaced("=test/", "=other/"), now, "UnrecognizedClientException", "security token"),
            (Some(GOOD.into()), now, "InvalidSignatureException", MISMATCH),
            (replaced("host;", ""), now, "InvalidSignatureException", MISMATCH),
        ] {
            let (got, message) = refusal(verifier(Signatures::Verified), authorization.as_deref(), stamp);
            assert_eq!(got, code, "{authorization:?}");
            assert!(message.contains(text), "{authorization:?}: {message}");
        }
    }

    #[test]
    fn a_region_has_a_regions_form() {
        for region in ["us-west-2", "eu-central-1", "us-gov-east-1", "ap-southeast-2"] {
            assert!(is_region(region), "{region}");
        }
        for text in ["moon", "", "us-west", "us-west-22", "US-WEST-2", "us--1", "2-west-us"] {
            assert!(!is_region(text), "{text}");
        }
    }

    #[test]
    fn a_date_can_be_left_unchecked_and_a_session_token_demanded() {
        let (_, message) = refusal(verifier(Signatures::VerifiedAtAnyDate), Some(GOOD), "20150830T000000Z");
        assert_eq!(message, MISMATCH);
        let session = Credential { session_token: Some("s".into()), ..Credential::new("test", "test") };
        let verifier = Verifier::new(Signatures::Verified, None, &[session]);
        assert_eq!(refusal(verifier, Some(GOOD), "20150830T123600Z").0, "UnrecognizedClientException");
    }
}
