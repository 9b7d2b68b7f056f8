//! Which operation a request asks for, by method and path as in the service model, or by the service of its signature.

use super::neighbours::Service;
use super::wire::WireRequest;

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
    /// `POST /search-contacts`
    SearchContacts,
    /// `GET /contact/attributes/{InstanceId}/{InitialContactId}`
    GetContactAttributes {
        /// The instance, by id or ARN.
        instance_id: String,
        /// The contact.
        contact_id: String,
    },
    /// `POST /contact/stop`
    StopContact,
    /// `GET /instance`
    ListInstances,
    /// `GET /contact-flows-summary/{InstanceId}`
    ListContactFlows {
        /// The instance, by id or ARN.
        instance_id: String,
    },
    /// `POST /phone-number/list`
    ListPhoneNumbersV2,
    /// An operation of another service.
    Neighbour {
        /// The service.
        service: Service,
        /// The operation's name in its model.
        action: &'static str,
    },
    /// Anything else.
    Unknown {
        /// The method and path, or the service and operation, as they came.
        asked: String,
    },
}

/// Characters of an unknown operation that are kept.
const LONGEST_ASKED: usize = 200;

impl Operation {
    /// The operation of a request.
    pub(super) fn of(request: &WireRequest<'_>) -> Self {
        let service = Service::of(request);
        if service == Service::Connect {
            return Self::of_path(request.method, request.target);
        }
        match service.action(request) {
            Some(action) => Self::Neighbour { service, action },
            None => {
                let asked = format!("{}:{}", service.signing_name(), service.asked(request));
                Self::Unknown { asked: asked.chars().take(LONGEST_ASKED).collect() }
            }
        }
    }

    /// The service that it belongs to.
    pub(super) fn service(&self) -> Service {
        match self {
            Self::Neighbour { service, .. } => *service,
            _ => Service::Connect,
        }
    }

    /// The instance that its path names, by id or ARN.
    pub(super) fn instance_id(&self) -> Option<&str> {
        match self {
            Self::DescribeContact { instance_id, .. }
            | Self::DescribeInstance { instance_id }
            | Self::DescribeContactFlow { instance_id, .. }
            | Self::GetContactAttributes { instance_id, .. }
            | Self::ListContactFlows { instance_id } => Some(instance_id),
            _ => None,
        }
    }

    fn of_path(method: &str, target: &str) -> Self {
        let path = target.split('?').next().unwrap_or_default();
        let mut segments = path.trim_start_matches('/').split('/');
        let parts = [segments.next(), segments.next(), segments.next(), segments.next(), segments.next()];
        match (method, parts) {
            ("PUT", [Some("contact"), Some("outbound-chat"), None, None, None]) => {
                Self::StartOutboundChatContact
            }
            ("GET", [Some("contacts"), Some(instance), Some(contact), None, None]) => {
                Self::DescribeContact { instance_id: decoded(instance), contact_id: decoded(contact) }
            }
            ("GET", [Some("instance"), Some(instance), None, None, None]) => {
                Self::DescribeInstance { instance_id: decoded(instance) }
            }
            ("GET", [Some("contact-flows"), Some(instance), Some(flow), None, None]) => {
                Self::DescribeContactFlow { instance_id: decoded(instance), contact_flow_id: decoded(flow) }
            }
            ("GET", [Some("phone-number"), Some(number), None, None, None]) => {
                Self::DescribePhoneNumber { phone_number_id: decoded(number) }
            }
            ("POST", [Some("search-contacts"), None, None, None, None]) => Self::SearchContacts,
            ("GET", [Some("contact"), Some("attributes"), Some(instance), Some(contact), None]) => {
                Self::GetContactAttributes { instance_id: decoded(instance), contact_id: decoded(contact) }
            }
            ("POST", [Some("contact"), Some("stop"), None, None, None]) => Self::StopContact,
            ("GET", [Some("instance"), None, None, None, None]) => Self::ListInstances,
            ("GET", [Some("contact-flows-summary"), Some(instance), None, None, None]) => {
                Self::ListContactFlows { instance_id: decoded(instance) }
            }
            ("POST", [Some("phone-number"), Some("list"), None, None, None]) => Self::ListPhoneNumbersV2,
            _ => Self::Unknown { asked: format!("{method} {path}").chars().take(LONGEST_ASKED).collect() },
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
            Self::SearchContacts => "SearchContacts",
            Self::GetContactAttributes { .. } => "GetContactAttributes",
            Self::StopContact => "StopContact",
            Self::ListInstances => "ListInstances",
            Self::ListContactFlows { .. } => "ListContactFlows",
            Self::ListPhoneNumbersV2 => "ListPhoneNumbersV2",
            Self::Neighbour { action, .. } => action,
            Self::Unknown { .. } => "Unknown",
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
        assert_eq!(Operation::of_path("PUT", "/contact/outbound-chat"), Operation::StartOutboundChatContact);
        assert_eq!(
            Operation::of_path("GET", "/contacts/i/c?x=1"),
            Operation::DescribeContact { instance_id: "i".into(), contact_id: "c".into() }
        );
        assert_eq!(
            Operation::of_path("GET", "/phone-number/arn%3Aaws%3Aconnect%3Aphone-number%2F1"),
            Operation::DescribePhoneNumber { phone_number_id: "arn:aws:connect:phone-number/1".into() }
        );
        let unknown = |asked: &str| Operation::Unknown { asked: asked.to_owned() };
        assert_eq!(
            Operation::of_path("POST", "/contact/outbound-chat"),
            unknown("POST /contact/outbound-chat")
        );
        assert_eq!(Operation::of_path("GET", "/contacts/i"), unknown("GET /contacts/i"));
        assert_eq!(Operation::of_path("GET", "/instance"), Operation::ListInstances);
        assert_eq!(Operation::of_path("POST", "/contact/stop"), Operation::StopContact);
    }

    #[test]
    fn decoding_keeps_what_is_no_escape() {
        assert_eq!(decoded("a%2Fb%zz%4"), "a/b%zz%4");
    }
}
