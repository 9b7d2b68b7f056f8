//! Why a row is where it is, in plain words, and what to do about it: for reports that people read.
//!
//! Only codes are explained, never the sentence of a row, which may name its number. A code that nobody has met is
//! explained by its state.

use crate::domain::delivery::refusal::RefusalKind;
use crate::domain::delivery::state::State;

/// A reason for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Explained {
    /// What happened.
    pub what: &'static str,
    /// What to do; empty where nothing is to be done.
    pub advice: &'static str,
}

/// What a state means.
#[must_use]
pub fn state(state: State) -> Explained {
    let (what, advice) = match state {
        State::Started => ("Amazon Connect has accepted the contact; no more is known", ""),
        State::Failed => (
            "refused for good; no contact exists",
            "correct what the reasons say, then run again and have failed rows tried once more",
        ),
        State::Rejected => {
            ("cannot be sent to as it is in the file", "correct the rows and run the file again")
        }
        State::Duplicate => ("an earlier line of the file has the same key", ""),
        State::Suppressed => ("on a suppression list, or not on the list of the trial", ""),
        State::Withdrawn => ("was in the file once, was never attempted, and is not in it any more", ""),
        State::Expired => (
            "its time, or the campaign's end, passed before its turn; no contact exists",
            "where it may still be sent, correct its time in the file, or the end in [schedule], and run again",
        ),
        State::Queued => ("waits for its turn", "run again to go on"),
        State::Attempting => {
            ("was requested, and the answer is not known yet", "run again: it is asked with the same token")
        }
        State::Uncertain => (
            "was requested; nobody knows whether a contact exists, and it is too late to find out",
            "look for each in Connect's contact search, then decide",
        ),
    };
    Explained { what, advice }
}

/// What a row's code means in its state.
#[must_use]
pub fn reason(of: State, code: Option<&str>) -> Explained {
    let Some(code) = code else { return state(of) };
    let ours = decided(code).or_else(|| rejected(code)).or_else(|| left_out(code));
    ours.or_else(|| refused(of, code)).unwrap_or_else(|| state(of))
}

fn decided(code: &str) -> Option<Explained> {
    let what = match code {
        "marked-started" => "a person decided that the contact was started",
        "marked-failed" => "a person decided that the contact was not started",
        "resend" => "a person decided to send again; a second message is possible",
        _ => return None,
    };
    Some(Explained { what, advice: "" })
}

fn left_out(code: &str) -> Option<Explained> {
    let what = match code {
        "duplicate-key" => "an earlier line of the file has the same key",
        "suppressed" => "on a suppression list",
        "not-in-only" => "not on the list of the trial (recipients.only)",
        _ => return None,
    };
    Some(Explained { what, advice: "" })
}

fn rejected(code: &str) -> Option<Explained> {
    if let Some(phone) = code.strip_prefix("phone-") {
        return rejected_phone(phone);
    }
    let (what, advice) = match code {
        "row-short" => ("the row has fewer cells than the file has columns", "look for a missing delimiter"),
        "row-long" => {
            ("the row has more cells than the file has columns", "quote cells with a delimiter in them")
        }
        "row-cut" => (
            "a report does not have the whole of the row",
            "correct it in the file of rejected rows, or in the first file",
        ),
        "quote-open" => {
            ("a quote is opened and not closed", "close it, or double the quotes inside the cell")
        }
        "quote-swallows-rows" => (
            "a quote that is not closed has swallowed rows",
            "close it, or double the quotes inside the cell",
        ),
        "not-text" => ("bytes that are no text", "save the file as UTF-8, or set recipients.encoding"),
        "cell-too-long" => {
            ("a cell is longer than any sheet can hold", "look for a quote that is not closed")
        }
        "cell-error" => {
            ("a cell has an error of the spreadsheet in it", "correct the formula, or clear the cell")
        }
        "cell-no-value" => (
            "a formula whose result the workbook does not have",
            "open the workbook in a spreadsheet and save it",
        ),
        "cell-no-date" => {
            ("a number in the format of a date that is none", "correct the cell, or its format")
        }
        "cell-formula" => ("a formula of the spreadsheet and not its value", "save the file with values"),
        "cell-control" => ("a control character in a cell", "remove it, or save the file as UTF-8"),
        "cell-rounded" => {
            ("the spreadsheet has rounded a number", "format the column as text and enter the values again")
        }
        "zone-unknown" => ("a time zone that does not exist", "use an IANA name such as America/New_York"),
        "zone-offset" => {
            ("an offset from UTC and not a time zone", "use an IANA name such as America/New_York")
        }
        "zone-missing" => (
            "a number of no time zone",
            "name a zone in a column (recipients.zone), or set hours.default_zone",
        ),
        "key-empty" => ("the key is empty", "fill in the key column"),
        "cell-empty" => {
            ("a cell that the message needs is empty", "fill it in, or give the placeholder a default")
        }
        "template-failed" => {
            ("the message cannot be rendered with these cells", "correct the cells or the template")
        }
        "message-empty" | "text-empty" => {
            ("a text of the request is empty", "fill in what the template needs")
        }
        "message-too-long" => ("the message is too long for this row", "shorten the cells or the template"),
        "display-name-too-long" | "attribute-too-long" | "attributes-too-long" | "text-too-long" => {
            ("a text is longer than the API takes", "shorten the cells or the template")
        }
        "source-invalid" | "flow-invalid" => {
            ("the row's source or flow is not one", "correct the cells it comes from")
        }
        "text-not-json" => ("a text that has to be JSON is not", "correct the cells it comes from"),
        _ => return None,
    };
    Some(Explained { what, advice })
}

fn rejected_phone(code: &str) -> Option<Explained> {
    let (what, advice) = match code {
        "empty" => ("the phone number is empty", "fill in the number"),
        "no-digits" => ("the phone number has no digits", "enter the number"),
        "unexpected-character" => ("something that no phone number has", "one number per cell, digits only"),
        "word" => ("a word beside the number", "the number alone, digits only"),
        "several" => ("more than one number in the cell", "one number per cell"),
        "formula" => (
            "a formula of the spreadsheet and not its value",
            "format the column as text and enter the numbers again",
        ),
        "rounded" => (
            "the spreadsheet has rounded the number, as to 4.41E+11",
            "format the column as text and enter the numbers again",
        ),
        "lost-zero" => (
            "the spreadsheet has dropped the zero in front",
            "format the column as text and enter the numbers again, or with + in front",
        ),
        "lost-plus" => ("the + in front is gone", "write the number with + in front"),
        "extension" => ("the number has an extension, which cannot take a message", "give a number without"),
        "no-country" => {
            ("the number has no country code", "write it with + in front, or set recipients.default_region")
        }
        "unknown-country" => ("no country has this country code", "correct the number"),
        "too-short" => ("the number is too short", "correct the number"),
        "too-long" => ("the number is too long", "correct the number"),
        "invalid" => ("the number is in no numbering plan", "correct the number"),
        "landline" => ("a landline", "give a mobile number, or set allow_landlines"),
        "premium" => ("a premium or shared-cost number", "give a mobile number"),
        "unreachable" => ("a pager, voice mail or company number", "give a mobile number"),
        _ => return None,
    };
    Some(Explained { what, advice })
}

/// An answer of the service, or the lack of one. The words follow from what it means, not from how it is called.
fn refused(of: State, code: &str) -> Option<Explained> {
    let status = code.strip_prefix("HTTP").and_then(|status| status.parse().ok());
    let kind = match code {
        "Unreachable" => RefusalKind::Unreachable,
        "Credentials" | "NotSent" => RefusalKind::Credentials,
        "RepeatedContactId" => RefusalKind::RepeatedContactId,
        code => RefusalKind::classify(status, Some(code)),
    };
    let what = match kind {
        RefusalKind::InvalidRequest => "the service says that this request is wrong",
        RefusalKind::AccessDenied => "these credentials may not start contacts",
        RefusalKind::NotFound => "instance, flow or phone number does not exist (here)",
        RefusalKind::Conflict => "a change at the same time was in the way",
        RefusalKind::ActiveChats => "the instance had as many active chats as it may have",
        RefusalKind::Throttled => "more requests than the account's quota allows",
        RefusalKind::Credentials => "the credentials were missing, expired, or did not sign",
        RefusalKind::Renewed => "the credentials had just expired; new ones were there for the next attempt",
        RefusalKind::Unreachable => "no connection came about",
        RefusalKind::Unknown => "no answer that says whether a contact exists",
        RefusalKind::Unexpected => {
            "an answer that Amazon Connect does not give: something in between answered"
        }
        RefusalKind::RepeatedContactId => {
            "a contact id that another row has: what answered was not Amazon Connect"
        }
    };
    let advice = match (of, kind) {
        (State::Started | State::Withdrawn, _) => "",
        (State::Failed, RefusalKind::InvalidRequest) => {
            "the report of failed rows has the service's words; correct, then run again and have failed rows tried once more"
        }
        _ => state(of).advice,
    };
    Some(Explained { what, advice })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_explained_where_it_stands() {
        let what = |of, code| reason(of, code).what;
        assert_eq!(what(State::Rejected, Some("phone-too-short")), "the number is too short");
        assert_eq!(
            what(State::Failed, Some("InvalidRequestException")),
            "the service says that this request is wrong"
        );
        assert_eq!(what(State::Uncertain, Some("Timeout")), "no answer that says whether a contact exists");
        assert_eq!(what(State::Failed, Some("HTTP403")), "these credentials may not start contacts");
        assert_eq!(
            what(State::Started, Some("marked-started")),
            "a person decided that the contact was started"
        );
        assert_eq!(what(State::Queued, None), "waits for its turn");
        assert!(reason(State::Queued, Some("ThrottlingException")).advice.contains("run again"));
    }

    /// Every code of a rejection has words of its own.
    #[test]
    fn no_rejection_is_left_unexplained() {
        let sources = [
            include_str!("phone/mod.rs"),
            include_str!("message/limits.rs"),
            include_str!("row/recipient.rs"),
            include_str!("hours/zones.rs"),
        ];
        let codes: Vec<&str> = sources
            .iter()
            .flat_map(|text| text.split("=> \"").skip(1))
            .filter_map(|rest| rest.split('"').next())
            .filter(|code| code.contains('-') && code.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'))
            .collect();
        assert!(codes.len() > 20, "{codes:?}");
        for code in codes {
            assert!(rejected(code).is_some(), "{code} is not explained");
        }
    }
}
