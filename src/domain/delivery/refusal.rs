//! What an answer that is not a contact id says. *What happened* only; what to do about it is the verdict's business.

use std::fmt;

use crate::domain::foreign::ForeignText;

/// Longest message that is shown in full, in characters: advice of ours with a path and a host in it.
const LONGEST_SHOWN: usize = 1000;

/// An answer (or the lack of one) that is not a contact id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What it means for a campaign.
    pub kind: RefusalKind,
    /// HTTP status, where an answer came.
    pub status: Option<u16>,
    /// The service's error code, or a word of ours such as `Timeout` where none came.
    pub code: ForeignText,
    /// The service's or the transport's own words; may be empty. May name the recipient: masked before it is shown.
    pub message: ForeignText,
}

/// The meanings of a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RefusalKind {
    /// This row is wrong and stays wrong.
    InvalidRequest,
    /// These credentials may not start contacts.
    AccessDenied,
    /// Instance, flow or phone number does not exist (here).
    NotFound,
    /// A concurrent change is in the way.
    Conflict,
    /// The active chats quota of the instance is used up.
    ActiveChats,
    /// More requests than the account's quota allows.
    Throttled,
    /// Credentials are missing, expired, or do not sign as they should.
    Credentials,
    /// The credentials had expired, and their source has given others since.
    Renewed,
    /// No connection came about: no such host, refused, no TLS. The request has certainly not left.
    Unreachable,
    /// Nobody knows: time-out, reset, 5xx, an answer that cannot be read. The contact may exist.
    Unknown,
    /// An answer that the service does not give to this operation: something in between answers, or its API changed.
    Unexpected,
    /// A contact id that another row has already. Something else than the service answers, and the contact may exist.
    RepeatedContactId,
}

impl RefusalKind {
    /// Classifies an answer by error code *and* HTTP status; either may be missing.
    ///
    /// Source: the errors of `StartOutboundChatContact` in the service model, the common errors of AWS services, and
    /// what proxies and load balancers answer in their place.
    #[must_use]
    pub fn classify(status: Option<u16>, code: Option<&str>) -> Self {
        code.and_then(Self::from_code).unwrap_or_else(|| Self::from_status(status))
    }

    fn from_code(code: &str) -> Option<Self> {
        Some(match code {
            "InvalidRequestException"
            | "InvalidParameterException"
            | "ValidationException"
            | "SerializationException" => Self::InvalidRequest,
            "AccessDeniedException" | "AccessDenied" => Self::AccessDenied,
            "ResourceNotFoundException" => Self::NotFound,
            "ConflictException" | "ResourceConflictException" | "IdempotencyException" => Self::Conflict,
            "LimitExceededException" | "ServiceQuotaExceededException" => Self::ActiveChats,
            "ThrottlingException"
            | "Throttling"
            | "ThrottledException"
            | "TooManyRequestsException"
            | "RequestLimitExceeded"
            | "RequestThrottled"
            | "RequestThrottledException"
            | "SlowDown" => Self::Throttled,
            "InternalServiceException"
            | "InternalServerException"
            | "InternalFailure"
            | "ServiceUnavailable"
            | "ServiceUnavailableException" => Self::Unknown,
            "ExpiredToken"
            | "ExpiredTokenException"
            | "IncompleteSignature"
            | "IncompleteSignatureException"
            | "InvalidClientTokenId"
            | "InvalidSignatureException"
            | "MissingAuthenticationToken"
            | "MissingAuthenticationTokenException"
            | "NotAuthorized"
            | "OptInRequired"
            | "RequestExpired"
            | "RequestInTheFuture"
            | "RequestTimeTooSkewed"
            | "SignatureDoesNotMatch"
            | "UnrecognizedClientException" => Self::Credentials,
            _ => return None,
        })
    }

    fn from_status(status: Option<u16>) -> Self {
        match status {
            Some(400 | 413 | 422) => Self::InvalidRequest,
            Some(401 | 403) => Self::AccessDenied,
            Some(404) => Self::NotFound,
            Some(409) => Self::Conflict,
            Some(429) => Self::Throttled,
            // An unreadable 200, a time-out's 408, any 5xx, no answer at all: the contact may exist.
            None | Some(200..=299 | 408 | 500..=599) => Self::Unknown,
            Some(_) => Self::Unexpected,
        }
    }
}

impl Refusal {
    /// An answer with a contact id that was given before.
    #[must_use]
    pub fn repeated_contact_id(message: String) -> Self {
        Self {
            kind: RefusalKind::RepeatedContactId,
            status: Some(200),
            code: "RepeatedContactId".into(),
            message: message.into(),
        }
    }

    /// Whether the service says that the instance or the flow does not exist, which no sender can do anything about. It says so
    /// in words alone; where they name neither, it may be the number.
    #[must_use]
    pub fn names_instance_or_flow(&self) -> bool {
        let words = self.message.raw().to_lowercase();
        let names_number = words.contains("phone") || words.contains("source");
        self.kind == RefusalKind::NotFound
            && !names_number
            && (words.contains("instance") || words.contains("flow"))
    }

    /// Whether the service says that this machine's clock is off.
    #[must_use]
    pub fn says_clock_is_off(&self) -> bool {
        match self.code.raw() {
            "RequestTimeTooSkewed" | "RequestInTheFuture" => true,
            "InvalidSignatureException" | "SignatureDoesNotMatch" | "RequestExpired" => {
                ["Signature expired", "Signature not yet current"]
                    .iter()
                    .any(|text| self.message.raw().starts_with(text))
            }
            _ => false,
        }
    }

    /// Whether the service says that the credentials are past their time, which new ones would mend.
    #[must_use]
    pub fn says_expired(&self) -> bool {
        matches!(self.code.raw(), "ExpiredToken" | "ExpiredTokenException")
    }
}

impl Refusal {
    /// Whether the answer has nothing that the service's answers have: a proxy's, for one.
    #[must_use]
    pub fn is_of_nobody_known(&self) -> bool {
        self.status.is_some_and(|status| self.code.raw() == format!("HTTP{status}"))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.status {
            Some(status) if self.is_of_nobody_known() => write!(f, "HTTP {status}")?,
            Some(status) => write!(f, "{} (HTTP {status})", self.code.shown())?,
            None => write!(f, "{}", self.code.shown())?,
        }
        if !self.message.is_empty() {
            write!(f, ": {}", self.message.shown_up_to(LONGEST_SHOWN))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of the service's errors, with codes and statuses that disagree, are missing, or come from a proxy.
    #[test]
    fn code_and_status_tell_what_happened() {
        use RefusalKind as K;
        let table = [
            (Some(400), Some("InvalidRequestException"), K::InvalidRequest),
            (Some(400), Some("ValidationException"), K::InvalidRequest),
            (Some(400), None, K::InvalidRequest),
            (Some(403), Some("AccessDeniedException"), K::AccessDenied),
            (Some(403), None, K::AccessDenied),
            (Some(404), Some("ResourceNotFoundException"), K::NotFound),
            (Some(409), Some("ConflictException"), K::Conflict),
            (Some(429), Some("LimitExceededException"), K::ActiveChats),
            (Some(429), Some("ThrottlingException"), K::Throttled),
            (Some(400), Some("ThrottlingException"), K::Throttled),
            (Some(429), Some("TooManyRequestsException"), K::Throttled),
            (Some(429), None, K::Throttled),
            (Some(500), Some("InternalServiceException"), K::Unknown),
            (Some(500), Some("NeverSeenException"), K::Unknown),
            (Some(502), None, K::Unknown),
            (Some(503), None, K::Unknown),
            (Some(200), None, K::Unknown),
            (None, None, K::Unknown),
            (Some(408), None, K::Unknown),
            (Some(403), Some("InvalidSignatureException"), K::Credentials),
            (Some(403), Some("ExpiredTokenException"), K::Credentials),
            (Some(400), Some("ExpiredTokenException"), K::Credentials),
            (Some(403), Some("RequestTimeTooSkewed"), K::Credentials),
            (Some(403), Some("UnrecognizedClientException"), K::Credentials),
            // The code counts, whatever status something in between has made of it.
            (Some(500), Some("ValidationException"), K::InvalidRequest),
            (Some(400), Some("AccessDeniedException"), K::AccessDenied),
            (Some(400), Some("ResourceNotFoundException"), K::NotFound),
            (Some(400), Some("ConflictException"), K::Conflict),
            (Some(400), Some("InternalServiceException"), K::Unknown),
            (Some(407), None, K::Unexpected),
            (Some(301), None, K::Unexpected),
        ];
        for (status, code, kind) in table {
            assert_eq!(RefusalKind::classify(status, code), kind, "{status:?} {code:?}");
        }
    }

    #[test]
    fn a_clock_that_is_off_is_told_by_code_or_words() {
        let off = |code: &str, message: &str| {
            let refusal = Refusal {
                kind: RefusalKind::Credentials,
                status: Some(403),
                code: code.into(),
                message: message.into(),
            };
            refusal.says_clock_is_off()
        };
        assert!(off("RequestTimeTooSkewed", ""));
        assert!(off("InvalidSignatureException", "Signature expired: 20260301T093000Z is now earlier than"));
        assert!(off("InvalidSignatureException", "Signature not yet current: 20260301T093000Z"));
        assert!(!off("InvalidSignatureException", "The request signature we calculated does not match"));
        assert!(!off("ExpiredTokenException", "Signature expired"));
    }

    #[test]
    fn only_credentials_past_their_time_are_worth_asking_for_others() {
        let refusal = |code: &str| Refusal {
            kind: RefusalKind::classify(Some(403), Some(code)),
            status: Some(403),
            code: code.into(),
            message: ForeignText::default(),
        };
        for (code, expired) in [
            ("ExpiredToken", true),
            ("ExpiredTokenException", true),
            ("InvalidSignatureException", false),
            ("AccessDeniedException", false),
        ] {
            assert_eq!(refusal(code).says_expired(), expired, "{code}");
        }
    }
}
