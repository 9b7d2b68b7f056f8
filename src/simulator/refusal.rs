//! The errors of the service in its wire format: restJson1, the code in the header `x-amzn-errortype`, the text in a
//! JSON body.
//!
//! The errors of the operation's model have a member `Message`; those of the layer in front (signatures, routing,
//! throttling of unknown origin) have `message`. Texts are those that AWS services give where they are known.

use std::borrow::Cow;

use super::wire::Answer;

/// A well-formed error answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    status: u16,
    pub(super) code: &'static str,
    member: &'static str,
    pub(super) message: Cow<'static, str>,
}

impl Refusal {
    fn modelled(status: u16, code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { status, code, member: "Message", message: message.into() }
    }

    fn in_front(status: u16, code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { status, code, member: "message", message: message.into() }
    }

    pub(super) fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::modelled(400, "InvalidRequestException", message)
    }

    pub(super) fn not_found(message: impl Into<Cow<'static, str>>) -> Self {
        Self::modelled(404, "ResourceNotFoundException", message)
    }

    pub(super) fn conflict() -> Self {
        Self::modelled(
            409,
            "ConflictException",
            "Operation cannot be performed at this time as there is a conflict.",
        )
    }

    pub(super) fn internal() -> Self {
        Self::modelled(500, "InternalServiceException", "Request processing failed due to an internal error.")
    }

    pub(super) fn limit_exceeded() -> Self {
        let message = "Quota of concurrent active chats per instance exceeded.";
        Self::modelled(429, "LimitExceededException", message)
    }

    pub(super) fn throttling() -> Self {
        Self::modelled(429, "ThrottlingException", "Rate exceeded")
    }

    pub(super) fn too_many_requests() -> Self {
        Self::in_front(429, "TooManyRequestsException", "Too Many Requests")
    }

    pub(super) fn access_denied() -> Self {
        let message = "User: arn:aws:iam::123456789012:user/simulator is not authorized to perform: \
                       connect:StartOutboundChatContact because no identity-based policy allows the \
                       connect:StartOutboundChatContact action";
        Self::modelled(403, "AccessDeniedException", message)
    }

    pub(super) fn expired_token() -> Self {
        Self::in_front(403, "ExpiredTokenException", "The security token included in the request is expired")
    }

    pub(super) fn unreadable_body(message: impl Into<Cow<'static, str>>) -> Self {
        Self::in_front(400, "SerializationException", message)
    }

    pub(super) fn unknown_operation() -> Self {
        Self::in_front(
            404,
            "UnknownOperationException",
            "The requested operation is not known to the service.",
        )
    }

    pub(super) fn missing_authentication() -> Self {
        Self::in_front(403, "MissingAuthenticationTokenException", "Missing Authentication Token")
    }

    pub(super) fn incomplete_signature(message: impl Into<Cow<'static, str>>) -> Self {
        Self::in_front(403, "IncompleteSignatureException", message)
    }

    pub(super) fn unknown_key() -> Self {
        let message = "The security token included in the request is invalid.";
        Self::in_front(403, "UnrecognizedClientException", message)
    }

    pub(super) fn bad_signature(message: impl Into<Cow<'static, str>>) -> Self {
        Self::in_front(403, "InvalidSignatureException", message)
    }

    /// The error on the wire.
    pub(super) fn answer(&self) -> Answer {
        let text = serde_json::Value::from(self.message.as_ref());
        let body = format!("{{\"{}\":{text}}}", self.member);
        Answer { error_type: Some(self.code), ..Answer::json(self.status, body) }
    }
}
