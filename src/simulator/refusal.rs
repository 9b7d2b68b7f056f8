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
    pub(super) status: u16,
    pub(super) code: &'static str,
    member: &'static str,
    pub(super) message: Cow<'static, str>,
    /// What there is not, by type and id, where the service tells that apart.
    pub(super) resource: Option<(&'static str, String)>,
}

impl Refusal {
    fn modelled(status: u16, code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { status, code, member: "Message", message: message.into(), resource: None }
    }

    fn in_front(status: u16, code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { status, code, member: "message", message: message.into(), resource: None }
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

    pub(super) fn access_denied(account: &str, action: &str, resource: &str) -> Self {
        let message = format!(
            "User: arn:aws:iam::{account}:user/simulator is not authorized to perform: {action} on resource: {resource} \
             because no identity-based policy allows the {action} action"
        );
        Self::modelled(403, "AccessDeniedException", message)
    }

    pub(super) fn invalid_parameter(message: impl Into<Cow<'static, str>>) -> Self {
        Self::modelled(400, "InvalidParameterException", message)
    }

    pub(super) fn contact_gone(message: impl Into<Cow<'static, str>>) -> Self {
        Self::modelled(410, "ContactNotFoundException", message)
    }

    pub(super) fn flow_not_published() -> Self {
        Self::modelled(404, "ContactFlowNotPublishedException", "The contact flow has not been published.")
    }

    pub(super) fn validation(message: impl Into<Cow<'static, str>>) -> Self {
        Self::modelled(400, "ValidationException", message)
    }

    /// `kind` is a resource type of End User Messaging's service model.
    pub(super) fn messaging_not_found(kind: &'static str, id: &str) -> Self {
        let message = format!("Resource {kind} {id} was not found.");
        let missing = Self::modelled(400, "ResourceNotFoundException", message);
        Self { resource: Some((kind, id.to_owned())), ..missing }
    }

    pub(super) fn no_such_resource(message: impl Into<Cow<'static, str>>) -> Self {
        Self::modelled(400, "NoSuchResourceException", message)
    }

    pub(super) fn too_large() -> Self {
        Self::in_front(413, "RequestEntityTooLargeException", "The request is larger than 1 MiB.")
    }

    pub(super) fn expired_token() -> Self {
        Self::in_front(403, "ExpiredTokenException", "The security token included in the request is expired")
    }

    pub(super) fn unreadable_body(message: impl Into<Cow<'static, str>>) -> Self {
        Self::in_front(400, "SerializationException", message)
    }

    /// `asked` is what the request names: a method and a path, or a service and an operation.
    pub(super) fn unknown_operation(asked: &str) -> Self {
        let message = format!("This simulator has no operation {asked}. The service may have it.");
        Self::in_front(404, "UnknownOperationException", message)
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
