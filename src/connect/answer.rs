//! What the SDK returned, as a contact id or a refusal.

use std::error::Error;
use std::io;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_connect::config::http::HttpResponse;
use aws_sdk_connect::error::{DisplayErrorContext, SdkError};
use aws_sdk_connect::operation::start_outbound_chat_contact::{
    StartOutboundChatContactError, StartOutboundChatContactOutput,
};

use crate::domain::delivery::refusal::{Refusal, RefusalKind};

type SdkAnswer =
    Result<StartOutboundChatContactOutput, SdkError<StartOutboundChatContactError, HttpResponse>>;

/// Longest text of an error that is kept, in bytes: a proxy may answer with a whole page.
const LONGEST_MESSAGE: usize = 300;

/// The contact id, or what came in its place.
///
/// # Errors
/// The refusal.
pub(super) fn contact_id(answer: SdkAnswer) -> Result<String, Refusal> {
    match answer {
        Ok(output) => match output.contact_id {
            Some(id) if !id.is_empty() => Ok(id),
            _ => {
                Err(unknown("AnswerWithoutContactId", Some(200), "the service answered without a contact id"))
            }
        },
        Err(error) => Err(refusal(&error)),
    }
}

fn refusal(error: &SdkError<StartOutboundChatContactError, HttpResponse>) -> Refusal {
    match error {
        SdkError::ServiceError(context) => {
            let status = context.raw().status().as_u16();
            let metadata = context.err().meta();
            let code = metadata.code();
            let message = metadata.message().map_or_else(|| fallback(status, code), str::to_owned);
            Refusal {
                kind: RefusalKind::classify(Some(status), code),
                status: Some(status),
                code: code.map_or_else(|| word_for(status), str::to_owned),
                message: shortened(&message),
            }
        }
        SdkError::ResponseError(context) => {
            let status = context.raw().status().as_u16();
            let kind = RefusalKind::classify(Some(status), None);
            let message = shortened(&DisplayErrorContext(error).to_string());
            Refusal { kind, status: Some(status), code: "UnreadableAnswer".to_owned(), message }
        }
        SdkError::TimeoutError(_) => unknown("Timeout", None, "no answer in time"),
        SdkError::DispatchFailure(failure) if failure.is_timeout() => {
            unknown("Timeout", None, "no answer in time")
        }
        SdkError::DispatchFailure(_) if credentials_error(error).is_some() => Refusal {
            kind: RefusalKind::Credentials,
            status: None,
            code: "Credentials".to_owned(),
            message: credentials_error(error).unwrap_or_default(),
        },
        SdkError::DispatchFailure(_) if never_connected(error) => Refusal {
            kind: RefusalKind::Unreachable,
            status: None,
            code: "Unreachable".to_owned(),
            // What is in between says "client error" and the like.
            message: shortened(&causes(error).last().map(ToString::to_string).unwrap_or_default()),
        },
        SdkError::DispatchFailure(_) => unknown("Connection", None, &DisplayErrorContext(error).to_string()),
        // Nothing left: the request could not be built.
        _ => Refusal {
            kind: RefusalKind::Unexpected,
            status: None,
            code: "NotSent".to_owned(),
            message: shortened(&DisplayErrorContext(error).to_string()),
        },
    }
}

fn unknown(code: &str, status: Option<u16>, message: &str) -> Refusal {
    Refusal { kind: RefusalKind::Unknown, status, code: code.to_owned(), message: shortened(message) }
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

/// Whether no connection came about, so that the request has certainly not left.
fn never_connected(error: &(dyn Error + 'static)) -> bool {
    causes(error).any(|error| {
        let connecting = error.downcast_ref::<hyper_util::client::legacy::Error>();
        let refused = error.downcast_ref::<io::Error>().map(io::Error::kind);
        connecting.is_some_and(hyper_util::client::legacy::Error::is_connect)
            || refused == Some(io::ErrorKind::ConnectionRefused)
    })
}

/// The reason why no credentials could be had, if that is what went wrong: then no request left.
fn credentials_error(error: &(dyn Error + 'static)) -> Option<String> {
    let error = causes(error).find(|error| error.downcast_ref::<CredentialsError>().is_some())?;
    Some(shortened(&DisplayErrorContext(error).to_string()))
}

/// The error and what caused it, the last cause last.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

fn shortened(message: &str) -> String {
    // The SDK appends its Debug form in brackets; the words before it say as much.
    let message = message.split_once(" (").map_or(
        message,
        |(words, debug)| {
            if debug.contains('{') { words } else { message }
        },
    );
    let end = message.char_indices().map(|(at, _)| at).find(|at| *at >= LONGEST_MESSAGE);
    end.map_or_else(|| message.to_owned(), |end| format!("{}…", &message[..end]))
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
