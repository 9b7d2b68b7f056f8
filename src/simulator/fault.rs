//! What can go wrong with one request, at which moment, and what the client gets then.
//!
//! When it goes wrong is the business of the [`plan`](super::plan).

use std::fmt;

use bytes::Bytes;

use super::records::ContactId;
use super::refusal::Refusal;
use super::wire::{Answer, Delivery};

/// One thing that goes wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// No connection: the request never arrives. (A server has accepted already, and resets.)
    ConnectFailed,
    /// The connection is reset; nothing was done.
    ResetBefore,
    /// No answer ever, and nothing was done.
    HangBefore,
    /// 502 with an HTML body, from something in between; nothing was done.
    BadGateway,
    /// 503 with an HTML body, from something in between; nothing was done.
    Unavailable,
    /// 403 `AccessDeniedException`.
    AccessDenied,
    /// 403 `ExpiredTokenException`: the session token is past its time.
    ExpiredToken,
    /// 429 `ThrottlingException`.
    Throttling,
    /// 429 `TooManyRequestsException`, a code that is not in the operation's model.
    TooManyRequests,
    /// 429 with a JSON body and no error code anywhere.
    ThrottledWithoutCode,
    /// 429 with an HTML body.
    ThrottledWithoutJson,
    /// 400 `InvalidRequestException`.
    InvalidRequest,
    /// 404 `ResourceNotFoundException`.
    NotFound,
    /// 409 `ConflictException`.
    Conflict,
    /// 500 `InternalServiceException`; nothing was done.
    InternalBefore,
    /// 429 `LimitExceededException`: as if the active-chats quota were full. A known token is answered all the same.
    LimitExceeded,
    /// 500 `InternalServiceException`, but the contact is started.
    InternalAfter,
    /// The contact is started and the connection is reset before the answer.
    LostAnswer,
    /// The contact is started and no answer ever comes.
    HangAfter,
    /// The contact is started; the 200's body ends half-way.
    Truncated,
    /// The contact is started; the 200's body is not JSON.
    Unreadable,
    /// The contact is started; the 200 has no `ContactId`.
    NoContactId,
}

/// The point of a request's way through the service at which a fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// Before the service has seen it.
    Edge,
    /// When the caller's rights are checked.
    Access,
    /// When the request quota is checked.
    Throttle,
    /// When the request is checked.
    Check,
    /// When the active-chats quota is checked.
    Quota,
    /// When the contact is started and the answer is on its way.
    Answer,
}

impl Fault {
    /// Every fault, in the order of the moments at which they strike.
    pub const ALL: [Self; 22] = [
        Self::ConnectFailed,
        Self::ResetBefore,
        Self::HangBefore,
        Self::BadGateway,
        Self::Unavailable,
        Self::AccessDenied,
        Self::ExpiredToken,
        Self::Throttling,
        Self::TooManyRequests,
        Self::ThrottledWithoutCode,
        Self::ThrottledWithoutJson,
        Self::InvalidRequest,
        Self::NotFound,
        Self::Conflict,
        Self::InternalBefore,
        Self::LimitExceeded,
        Self::InternalAfter,
        Self::LostAnswer,
        Self::HangAfter,
        Self::Truncated,
        Self::Unreadable,
        Self::NoContactId,
    ];

    /// Its name in logs and counts.
    pub fn name(self) -> &'static str {
        match self {
            Self::ConnectFailed => "connect_failed",
            Self::ResetBefore => "reset_before",
            Self::HangBefore => "hang_before",
            Self::BadGateway => "bad_gateway",
            Self::Unavailable => "unavailable",
            Self::AccessDenied => "access_denied",
            Self::ExpiredToken => "expired_token",
            Self::Throttling => "throttling",
            Self::TooManyRequests => "too_many_requests",
            Self::ThrottledWithoutCode => "throttled_without_code",
            Self::ThrottledWithoutJson => "throttled_without_json",
            Self::InvalidRequest => "invalid_request",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::InternalBefore => "internal_before",
            Self::LimitExceeded => "limit_exceeded",
            Self::InternalAfter => "internal_after",
            Self::LostAnswer => "lost_answer",
            Self::HangAfter => "hang_after",
            Self::Truncated => "truncated",
            Self::Unreadable => "unreadable",
            Self::NoContactId => "no_contact_id",
        }
    }

    /// Whether the contact is started in spite of the fault (if the request is valid and the quotas allow it).
    pub fn commits(self) -> bool {
        self.moment() == Moment::Answer
    }

    pub(super) fn moment(self) -> Moment {
        match self {
            Self::ConnectFailed
            | Self::ResetBefore
            | Self::HangBefore
            | Self::BadGateway
            | Self::Unavailable => Moment::Edge,
            Self::AccessDenied | Self::ExpiredToken => Moment::Access,
            Self::Throttling
            | Self::TooManyRequests
            | Self::ThrottledWithoutCode
            | Self::ThrottledWithoutJson => Moment::Throttle,
            Self::InvalidRequest | Self::NotFound | Self::Conflict | Self::InternalBefore => Moment::Check,
            Self::LimitExceeded => Moment::Quota,
            Self::InternalAfter
            | Self::LostAnswer
            | Self::HangAfter
            | Self::Truncated
            | Self::Unreadable
            | Self::NoContactId => Moment::Answer,
        }
    }

    /// What the client gets. `contact` is the started contact where the fault [commits](Self::commits).
    pub(super) fn delivery(self, contact: Option<ContactId>) -> Delivery {
        match self {
            Self::ConnectFailed => Delivery::Refuse,
            Self::ResetBefore | Self::LostAnswer => Delivery::Reset,
            Self::HangBefore | Self::HangAfter => Delivery::Hang,
            Self::Truncated => Delivery::Truncate(Answer::started(contact)),
            Self::Unreadable => {
                Delivery::Answer(Answer::json(200, Bytes::from_static(b"{\"ContactId\": \"0b1f")))
            }
            Self::NoContactId => Delivery::Answer(Answer::json(200, Bytes::from_static(b"{}"))),
            Self::BadGateway => Delivery::Answer(Answer::html(502, "502 Bad Gateway")),
            Self::Unavailable => Delivery::Answer(Answer::html(503, "503 Service Temporarily Unavailable")),
            Self::ThrottledWithoutCode => {
                let body = Bytes::from_static(b"{\"message\":\"Rate exceeded\"}");
                Delivery::Answer(Answer::json(429, body))
            }
            Self::ThrottledWithoutJson => Delivery::Answer(Answer::html(429, "429 Too Many Requests")),
            Self::AccessDenied => {
                let refusal = Refusal::access_denied("123456789012", "connect:StartOutboundChatContact", "*");
                Delivery::Answer(refusal.answer())
            }
            Self::ExpiredToken => Delivery::Answer(Refusal::expired_token().answer()),
            Self::Throttling => Delivery::Answer(Refusal::throttling().answer()),
            Self::TooManyRequests => Delivery::Answer(Refusal::too_many_requests().answer()),
            Self::InvalidRequest => Delivery::Answer(Refusal::invalid("The request is not valid.").answer()),
            Self::NotFound => Delivery::Answer(Refusal::not_found("The resource was not found.").answer()),
            Self::Conflict => Delivery::Answer(Refusal::conflict().answer()),
            Self::InternalBefore | Self::InternalAfter => Delivery::Answer(Refusal::internal().answer()),
            Self::LimitExceeded => Delivery::Answer(Refusal::limit_exceeded().answer()),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_fault_has_a_name_of_its_own() {
        let names: BTreeSet<_> = Fault::ALL.iter().map(|fault| fault.name()).collect();
        assert_eq!(names.len(), Fault::ALL.len());
    }
}
