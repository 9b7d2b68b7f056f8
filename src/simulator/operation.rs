//! Which operation a request asks for, by method and path as in the service model.

/// An operation of the service, with the identifiers of its path, decoded.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Operation {
    /// `PUT /contact/outbound-chat`
    StartOutboundChatContact,
    /// `GET /contacts/{InstanceId}/{ContactId}`
    DescribeContact {
        /// The instance, by id or ARN.
        instance_id: String,
        /// The contact.
        contact_id: String,
    },
    /// `GET /instance/{InstanceId}`
    DescribeInstance {
        /// The instance, by id or ARN.
        instance_id: String,
    },
    /// `GET /contact-flows/{InstanceId}/{ContactFlowId}`
    DescribeContactFlow {
        /// The instance, by id or ARN.
        instance_id: String,
        /// The flow, by id or ARN.
        contact_flow_id: String,
    },
    /// `GET /phone-number/{PhoneNumberId}`
    DescribePhoneNumber {
        /// The number, by id or ARN.
        phone_number_id: String,
    },
    /// Anything else.
    Unknown,
}

impl Operation {
    pub(super) fn of(method: &str, target: &str) -> Self {
        let path = target.split('?').next().unwrap_or_default();
        let mut segments = path.trim_start_matches('/').split('/');
        let parts = [segments.next(), segments.next(), segments.next(), segments.next()];
        match (method, parts) {
            ("PUT", [Some("contact"), Some("outbound-chat"), None, None]) => Self::StartOutboundChatContact,
            ("GET", [Some("contacts"), Some(instance), Some(contact), None]) => {
                Self::DescribeContact { instance_id: decoded(instance), contact_id: decoded(contact) }
            }
            ("GET", [Some("instance"), Some(instance), None, None]) => {
                Self::DescribeInstance { instance_id: decoded(instance) }
            }
            ("GET", [Some("contact-flows"), Some(instance), Some(flow), None]) => {
                Self::DescribeContactFlow { instance_id: decoded(instance), contact_flow_id: decoded(flow) }
            }
            ("GET", [Some("phone-number"), Some(number), None, None]) => {
                Self::DescribePhoneNumber { phone_number_id: decoded(number) }
            }
            _ => Self::Unknown,
        }
    }

    /// Its name in the service model.
    pub fn name(&self) -> &'static str {
        match self {
            Self::StartOutboundChatContact => "StartOutboundChatContact",
            Self::DescribeContact { .. } => "DescribeContact",
            Self::DescribeInstance { .. } => "DescribeInstance",
            Self::DescribeContactFlow { .. } => "DescribeContactFlow",
            Self::DescribePhoneNumber { .. } => "DescribePhoneNumber",
            Self::Unknown => "Unknown",
        }
    }
}

/// Percent-decoding; what is no valid escape stays as it is.
fn decoded(segment: &str) -> String {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let [first, tail @ ..] = rest {
        let (byte, after) = escape(rest).unwrap_or((*first, tail));
        bytes.push(byte);
        rest = after;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The byte that an escape at the start of `text` stands for, and what follows it.
fn escape(text: &[u8]) -> Option<(u8, &[u8])> {
    let [b'%', high, low, after @ ..] = text else { return None };
    let digit = |digit: u8| char::from(digit).to_digit(16);
    let byte = u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()?;
    Some((byte, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_paths_of_the_service_model() {
        assert_eq!(Operation::of("PUT", "/contact/outbound-chat"), Operation::StartOutboundChatContact);
        assert_eq!(
            Operation::of("GET", "/contacts/i/c?x=1"),
            Operation::DescribeContact { instance_id: "i".into(), contact_id: "c".into() }
        );
        assert_eq!(
            Operation::of("GET", "/phone-number/arn%3Aaws%3Aconnect%3Aphone-number%2F1"),
            Operation::DescribePhoneNumber { phone_number_id: "arn:aws:connect:phone-number/1".into() }
        );
        assert_eq!(Operation::of("POST", "/contact/outbound-chat"), Operation::Unknown);
        assert_eq!(Operation::of("GET", "/contacts/i"), Operation::Unknown);
    }

    #[test]
    fn decoding_keeps_what_is_no_escape() {
        assert_eq!(decoded("a%2Fb%zz%4"), "a/b%zz%4");
    }
}
