//! Requests and answers as bytes, free of any HTTP library, so that both doors can bring them.

use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;

use super::clock::WorldTime;
use super::records::{ContactId, RequestRecord};

/// An HTTP request as it arrived.
#[derive(Debug, Clone)]
pub struct WireRequest<'a> {
    /// The method, upper-case.
    pub method: &'a str,
    /// The path, still percent-encoded, with the query if there is one.
    pub target: &'a str,
    /// The headers, `host` included, with lower-case names.
    pub headers: Vec<(&'a str, &'a str)>,
    /// The whole body.
    pub body: Bytes,
}

impl<'a> WireRequest<'a> {
    /// The first header of that (lower-case) name.
    pub fn header(&self, name: &str) -> Option<&'a str> {
        self.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }
}

/// An HTTP answer. A door adds what belongs to the transport: `content-length`, `date`, `x-amzn-requestid`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The `content-type` header.
    pub content_type: &'static str,
    /// The `x-amzn-errortype` header: the error's code.
    pub error_type: Option<&'static str>,
    /// The whole body.
    pub body: Bytes,
}

impl Answer {
    pub(super) fn json(status: u16, body: impl Into<Bytes>) -> Self {
        Self { status, content_type: "application/json", error_type: None, body: body.into() }
    }

    /// A 200 with a value that serializes without fail.
    pub(super) fn ok(value: &impl Serialize) -> Self {
        Self::json(200, serde_json::to_vec(value).unwrap_or_default())
    }

    /// What `StartOutboundChatContact` answers.
    pub(super) fn started(contact: Option<ContactId>) -> Self {
        let id = contact.map(|id| id.to_string()).unwrap_or_default();
        Self::json(200, format!("{{\"ContactId\":\"{id}\"}}"))
    }

    /// A page such as load balancers and proxies answer with.
    pub(super) fn html(status: u16, title: &'static str) -> Self {
        let body = format!(
            "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n\
             </body>\r\n</html>\r\n"
        );
        Self { status, content_type: "text/html", error_type: None, body: body.into() }
    }
}

/// What the client gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// An answer.
    Answer(Answer),
    /// The answer's headers, half its body, and then the end of the connection.
    Truncate(Answer),
    /// The connection is reset instead of an answer.
    Reset,
    /// The connection is not made in the first place.
    Refuse,
    /// The connection stays open, and nothing comes.
    Hang,
}

/// What the world does with a request.
#[derive(Debug, Clone)]
pub struct Reaction {
    /// When the client gets it, counted from the arrival; without meaning for [`Delivery::Hang`].
    pub delay: Duration,
    /// What the client gets.
    pub delivery: Delivery,
    /// The value of `x-amzn-requestid`.
    pub request_id: String,
    /// When the answer leaves.
    pub date: WorldTime,
    /// What the log says.
    pub record: RequestRecord,
}
