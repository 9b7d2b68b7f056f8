//! What the SDK returned, as a contact id or a refusal.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_connect::config::http::HttpResponse;
use aws_sdk_connect::error::{DisplayErrorContext, SdkError};
use aws_sdk_connect::operation::start_outbound_chat_contact::{
    StartOutboundChatContactError, StartOutboundChatContactOutput,
};

use super::answer_bounds::AnswerTooLong;
use super::error::causes;
use super::route::{RouteError, never_connected};
use crate::domain::delivery::refusal::{Refusal, RefusalKind};
use crate::domain::foreign::ForeignText;
use crate::domain::table::visible::is_ignorable;

type SdkAnswer =
    Result<StartOutboundChatContactOutput, SdkError<StartOutboundChatContactError, HttpResponse>>;

/// Longest text of an error that is kept, in bytes: a proxy may answer with a whole page.
const LONGEST_MESSAGE: usize = 300;
/// Longest text of ours that is kept, with a path and a host in it.
const LONGEST_ADVICE: usize = 1000;
/// Longest contact id, in characters (API reference).
const LONGEST_CONTACT_ID: usize = 256;
/// Longest error code and request id. The service's have up to 40 characters.
const LONGEST_CODE: usize = 128;

/// The contact id, or what came in its place.
///
/// # Errors
/// The refusal.
pub(super) fn contact_id(answer: SdkAnswer) -> Result<String, Refusal> {
    match answer {
        Ok(output) => match output.contact_id {
            Some(id) if is_contact_id(&id) => Ok(id),
            Some(id) if !id.is_empty() => {
                let message =
                    "what the service gave as the contact id is none: 1 to 256 characters without blanks";
                Err(unknown("UnreadableContactId", Some(200), message))
            }
            _ => {
                Err(unknown("AnswerWithoutContactId", Some(200), "the service answered without a contact id"))
            }
        },
        Err(error) => Err(refusal(&error)),
    }
}

/// Whether a text has the form of the API's contact ids: 1 to 256 characters, none of them a blank, a control character or
/// one that nobody sees.
pub(super) fn is_contact_id(text: &str) -> bool {
    let odd = |c: char| c.is_whitespace() || c.is_control() || c == '\u{2800}' || is_ignorable(c);
    (1..=LONGEST_CONTACT_ID).contains(&text.chars().count()) && !text.contains(odd)
}

/// The service's id of a request, if it looks like one.
pub(super) fn request_id(text: &str) -> Option<ForeignText> {
    let plain = text.bytes().all(|byte| byte.is_ascii_graphic());
    (plain && (1..=LONGEST_CODE).contains(&text.len())).then(|| text.into())
}

/// An error code, if it looks like one. Anything in between may answer in the service's place.
fn code(text: &str) -> Option<&str> {
    let plain =
        text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b':'));
    (plain && (1..=LONGEST_CODE).contains(&text.len())).then_some(text)
}

fn refusal(error: &SdkError<StartOutboundChatContactError, HttpResponse>) -> Refusal {
    match error {
        SdkError::ServiceError(context) => {
            let status = context.raw().status().as_u16();
            let metadata = context.err().meta();
            let code = metadata.code().and_then(code);
            let message = metadata.message().map_or_else(|| fallback(status, code), str::to_owned);
            Refusal {
                kind: RefusalKind::classify(Some(status), code),
                status: Some(status),
                code: code.map_or_else(|| word_for(status), str::to_owned).into(),
                message: shortened(&message).into(),
            }
        }
        SdkError::ResponseError(context) => {
            let status = context.raw().status().as_u16();
            let too_long = causes(error).find_map(|error| error.downcast_ref::<AnswerTooLong>());
            // What an answer would have said that was not read to its end, its status does not tell.
            let kind = match too_long {
                Some(_) => RefusalKind::Unknown,
                None => RefusalKind::classify(Some(status), None),
            };
            let message = too_long.map(ToString::to_string);
            let message = shortened(&message.unwrap_or_else(|| DisplayErrorContext(error).to_string()));
            Refusal { kind, status: Some(status), code: "UnreadableAnswer".into(), message: message.into() }
        }
        SdkError::TimeoutError(_) => unknown("Timeout", None, "no answer in time"),
        SdkError::DispatchFailure(failure) if failure.is_timeout() => {
            unknown("Timeout", None, "no answer in time")
        }
        SdkError::DispatchFailure(_) if credentials_error(error).is_some() => Refusal {
            kind: RefusalKind::Credentials,
            status: None,
            code: "Credentials".into(),
            message: credentials_error(error).unwrap_or_default().into(),
        },
        SdkError::DispatchFailure(_) if never_connected(error) => Refusal {
            kind: RefusalKind::Unreachable,
            status: None,
            code: "Unreachable".into(),
            message: unreachable(error).into(),
        },
        SdkError::DispatchFailure(_) => unknown("Connection", None, &DisplayErrorContext(error).to_string()),
        // Nothing left: the request could not be built.
        _ => Refusal {
            kind: RefusalKind::Unexpected,
            status: None,
            code: "NotSent".into(),
            message: shortened(&DisplayErrorContext(error).to_string()).into(),
        },
    }
}

fn unknown(code: &str, status: Option<u16>, message: &str) -> Refusal {
    Refusal { kind: RefusalKind::Unknown, status, code: code.into(), message: shortened(message).into() }
}

/// A code for an answer that has none.
fn word_for(status: u16) -> String {
    if (200..300).contains(&status) { "UnreadableAnswer".to_owned() } else { format!("HTTP{status}") }
}

fn fallback(status: u16, code: Option<&str>) -> String {
    if code.is_some() {
        String::new()
    } else if (200..300).contains(&status) {
        "the service's answer cannot be read".to_owned()
    } else {
        "the answer is not one of Amazon Connect's".to_owned()
    }
}

/// Why no connection came about. What is in between says "client error" and the like.
fn unreachable(error: &(dyn Error + 'static)) -> String {
    let of_route = causes(error).find(|error| error.downcast_ref::<RouteError>().is_some());
    let last = || causes(error).last();
    of_route.or_else(last).map(|error| visible(&error.to_string(), LONGEST_ADVICE)).unwrap_or_default()
}

/// The reason why no credentials could be had, if that is what went wrong: then no request left.
fn credentials_error(error: &(dyn Error + 'static)) -> Option<String> {
    let error = causes(error).find(|error| error.downcast_ref::<CredentialsError>().is_some())?;
    Some(shortened(&DisplayErrorContext(error).to_string()))
}

fn shortened(message: &str) -> String {
    // The SDK appends its Debug form in brackets; the words before it say as much.
    let message = message.split_once(" (").map_or(
        message,
        |(words, debug)| {
            if debug.contains('{') { words } else { message }
        },
    );
    visible(message, LONGEST_MESSAGE)
}

/// At most `longest` bytes of a text, on one line.
fn visible(message: &str, longest: usize) -> String {
    let end = message.char_indices().map(|(at, _)| at).find(|at| *at >= longest);
    let kept = end.map_or(message, |end| &message[..end]);
    let mut kept: String = kept.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if end.is_some() {
        kept.push('…');
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contact_id_is_needed_and_must_not_be_empty() {
        let output = |id: Option<&str>| {
            StartOutboundChatContactOutput::builder().set_contact_id(id.map(str::to_owned)).build()
        };
        assert_eq!(contact_id(Ok(output(Some("c-1")))), Ok("c-1".to_owned()));
        for id in [None, Some("")] {
            assert_eq!(contact_id(Ok(output(id))).unwrap_err().kind, RefusalKind::Unknown);
        }
    }

    #[test]
    fn a_contact_id_has_the_apis_form() {
        let output = |id: &str| StartOutboundChatContactOutput::builder().contact_id(id).build();
        for id in ["a", &"x".repeat(256), &"é".repeat(256), "6f0e4c1a-0000-4000-8000-000000000001"] {
            assert_eq!(contact_id(Ok(output(id))).as_deref(), Ok(id));
        }
        for id in [
            "\u{200b}",
            "a\u{202e}1",
            "\u{feff}a",
            "\u{2800}",
            "\u{115f}",
            "   ",
            "a b",
            "a\u{1b}[31m",
            "a\n",
            "\u{a0}",
            &"x".repeat(257),
            &"x".repeat(300_000),
        ] {
            let refusal = contact_id(Ok(output(id))).unwrap_err();
            assert_eq!((refusal.kind, refusal.code.raw()), (RefusalKind::Unknown, "UnreadableContactId"));
        }
    }

    #[test]
    fn codes_and_request_ids_are_those_of_a_service() {
        assert_eq!(code("TooManyRequestsException"), Some("TooManyRequestsException"));
        for odd in ["", "a b", "a\u{1b}[31m", "é", &"A".repeat(129)] {
            assert_eq!((code(odd), request_id(odd)), (None, None), "{odd}");
        }
        assert_eq!(request_id("0-a/b="), Some("0-a/b=".into()));
    }

    #[test]
    fn long_pages_and_debug_forms_are_cut() {
        assert_eq!(
            shortened("dispatch failure: io error: reset (DispatchFailure { source })"),
            "dispatch failure: io error: reset"
        );
        assert_eq!(shortened("a (b) c"), "a (b) c");
        let long = shortened(&"ä".repeat(400));
        assert!(long.len() < LONGEST_MESSAGE + 5 && long.ends_with('…'));
    }
}
