//! What a server says where it does not give an object out.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::body::SdkBody;
use http_body_util::BodyExt as _;

use super::s3::is_region;
use crate::domain::object::ObjectProblem;

/// Bytes of such an answer that are read, at most.
const READ: usize = 64 * 1024;

/// An answer that is not the object.
#[derive(Debug, Default)]
pub(super) struct ObjectRefusal {
    status: u16,
    /// S3's code, such as `NoSuchKey`.
    code: String,
    message: String,
    /// The Region of the bucket, where S3 says it.
    pub(super) region: Option<String>,
}

impl ObjectRefusal {
    pub(super) async fn read(response: HttpResponse) -> Self {
        let status = response.status().as_u16();
        let region = response.headers().get("x-amz-bucket-region").map(str::to_owned);
        let text = beginning(response.into_body()).await;
        Self {
            status,
            code: element(&text, "Code").unwrap_or_default(),
            message: element(&text, "Message").unwrap_or_default(),
            region: region.or_else(|| element(&text, "Region")).filter(|region| is_region(region)),
        }
    }

    /// Whether other credentials may count.
    pub(super) fn says_expired(&self) -> bool {
        matches!(self.code.as_str(), "ExpiredToken" | "TokenRefreshRequired")
    }

    /// What it means where S3 was asked in a Region. Codes by
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>.
    pub(super) fn of_s3(self, asked: &str) -> ObjectProblem {
        let words = || format!("{}: {}", self.code, self.message).trim_matches([':', ' ']).to_owned();
        let region = || ObjectProblem::Region { asked: asked.to_owned() };
        match (self.code.as_str(), self.status) {
            ("NoSuchBucket" | "InvalidBucketName", _) => ObjectProblem::NoBucket,
            (
                "ExpiredToken"
                | "TokenRefreshRequired"
                | "InvalidToken"
                | "InvalidAccessKeyId"
                | "SignatureDoesNotMatch",
                _,
            ) => ObjectProblem::Refused(words().into()),
            ("RequestTimeTooSkewed", _) => ObjectProblem::Clock,
            ("InvalidObjectState", _) => ObjectProblem::Archived,
            ("PermanentRedirect" | "TemporaryRedirect" | "AuthorizationHeaderMalformed", _) => region(),
            (_, 401 | 403) if self.code.is_empty() => {
                ObjectProblem::Denied("it says no more (HTTP 403)".into())
            }
            (_, 401 | 403) => ObjectProblem::Denied(words().into()),
            (_, 301 | 302 | 307 | 308) => region(),
            (_, status) => {
                common(status).unwrap_or_else(|| ObjectProblem::Answer { status, words: words().into() })
            }
        }
    }

    /// What it means of a URL. Its words may repeat the URL, and are not passed on.
    pub(super) fn of_web(self) -> ObjectProblem {
        let expired = self.says_expired() || self.message.to_lowercase().contains("expired");
        match self.status {
            status @ (400 | 401 | 403) if expired => ObjectProblem::LinkExpired(status),
            status @ (401 | 403) => ObjectProblem::LinkDenied(status),
            status => common(status).unwrap_or(ObjectProblem::Answer { status, words: String::new().into() }),
        }
    }
}

/// What a status means wherever it comes from. Source: RFC 9110.
fn common(status: u16) -> Option<ObjectProblem> {
    Some(match status {
        404 | 405 | 410 => ObjectProblem::Missing,
        412 | 416 => ObjectProblem::Changed,
        408 | 425 | 429 | 500.. => ObjectProblem::Busy(status),
        _ => return None,
    })
}

/// The beginning of an answer, as far as it comes.
async fn beginning(mut body: SdkBody) -> String {
    let mut text = Vec::new();
    while text.len() < READ
        && let Some(Ok(frame)) = body.frame().await
    {
        if let Some(data) = frame.data_ref() {
            text.extend_from_slice(&data[..data.len().min(READ - text.len())]);
        }
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// The text of the first element of this name, without markup in it.
fn element(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    quick_xml::escape::unescape(text).ok().map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(status: u16, code: &str, message: &str) -> ObjectRefusal {
        ObjectRefusal { status, code: code.to_owned(), message: message.to_owned(), region: None }
    }

    #[test]
    fn an_answer_is_told_by_its_code_before_its_status() {
        let of = |status, code| refusal(status, code, "why").of_s3("us-west-2");
        assert_eq!(of(404, "NoSuchKey"), ObjectProblem::Missing);
        assert_eq!(of(404, "NoSuchBucket"), ObjectProblem::NoBucket);
        assert_eq!(of(403, "AccessDenied"), ObjectProblem::Denied("AccessDenied: why".into()));
        assert_eq!(of(400, "ExpiredToken"), ObjectProblem::Refused("ExpiredToken: why".into()));
        assert_eq!(of(403, "RequestTimeTooSkewed"), ObjectProblem::Clock);
        assert_eq!(of(403, "InvalidObjectState"), ObjectProblem::Archived);
        assert_eq!(of(301, "PermanentRedirect"), ObjectProblem::Region { asked: "us-west-2".to_owned() });
        assert_eq!(of(412, "PreconditionFailed"), ObjectProblem::Changed);
        assert_eq!(of(503, "SlowDown"), ObjectProblem::Busy(503));
        assert_eq!(of(400, "Odd"), ObjectProblem::Answer { status: 400, words: "Odd: why".into() });
        assert_eq!(
            refusal(403, "", "").of_s3("r"),
            ObjectProblem::Denied("it says no more (HTTP 403)".into())
        );
    }

    #[test]
    fn what_a_server_says_of_a_url_is_not_passed_on() {
        let of = |status, code, message| refusal(status, code, message).of_web();
        assert_eq!(of(403, "AccessDenied", "Request has expired"), ObjectProblem::LinkExpired(403));
        assert_eq!(of(403, "SignatureDoesNotMatch", "?X-Amz-Signature=1"), ObjectProblem::LinkDenied(403));
        assert_eq!(of(410, "", ""), ObjectProblem::Missing);
        let odd = ObjectProblem::Answer { status: 418, words: String::new().into() };
        assert_eq!(of(418, "Teapot", "?X-Amz-Signature=1"), odd);
    }

    #[test]
    fn elements_are_found_and_read() {
        let xml = "<Error><Code>A</Code><Message>a &amp; b</Message></Error>";
        assert_eq!(element(xml, "Message").as_deref(), Some("a & b"));
        assert_eq!(element(xml, "Region"), None);
    }
}
