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
    let ours = find(code).map(|reason| Explained {
        what: reason.summary,
        advice: match of {
            // It is not in the file any more.
            State::Withdrawn => "",
            // Whether there is a contact is to be found out first.
            State::Uncertain => state(of).advice,
            _ => reason.advice,
        },
    });
    ours.or_else(|| refused(of, code)).unwrap_or_else(|| state(of))
}

/// A reason that this program gives, by the code that the journal and reports have. The service's own codes are not here:
/// what they mean follows from the kind of the refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reason {
    /// A stable word for scripts.
    pub code: &'static str,
    /// What it means for every row that has it. The sentence of a row says more, and names its cells.
    pub summary: &'static str,
    /// What to do; empty where nothing is to be done.
    pub advice: &'static str,
}

/// Every reason of this program: decisions of people, rows that are left out, rejections.
pub const CATALOGUE: &[Reason] = &[
    Reason { code: "marked-started", summary: "a person decided that the contact was started", advice: "" },
    Reason {
        code: "marked-failed",
        summary: "a person decided that the contact was not started",
        advice: "",
    },
    Reason {
        code: "resend",
        summary: "a person decided to send again; a second message is possible",
        advice: "",
    },
    Reason {
        code: "resend-not-there",
        summary: "a person decided to send again; the account had no contact of it",
        advice: "",
    },
    Reason { code: "found", summary: "a search of the account found the contact", advice: "" },
    Reason {
        code: "not-there",
        summary: "a search of the account found no contact of it",
        advice: "send it again: nobody gets a second message",
    },
    Reason {
        code: "corrected",
        summary: "it failed, was corrected in the file, and is tried again",
        advice: "",
    },
    Reason {
        code: "row-expired",
        summary: "its time (schedule.not_after) passed before its turn; no contact exists",
        advice: "where it may still be sent, correct its time in the file and run it again",
    },
    Reason {
        code: "campaign-ended",
        summary: "the campaign's end (schedule.end) passed before its turn, or before its answer came",
        advice: "where it may still be sent, move the end in [schedule] and run again",
    },
    Reason {
        code: "time-unreadable",
        summary: "a time that is no date and time, or not in a form that is read",
        advice: "write it as 2026-05-01 09:30",
    },
    Reason {
        code: "time-ambiguous",
        summary: "a date whose day and month could be either",
        advice: "write it as 2026-05-01 09:30",
    },
    Reason {
        code: "time-contradictory",
        summary: "a time with a weekday that is not its date's, or with an offset that its zone does not have then",
        advice: "correct it, or leave the weekday or the offset out",
    },
    Reason {
        code: "time-no-zone",
        summary: "a time of day in no time zone",
        advice: "write its offset behind it, as in 2026-05-01T09:30-04:00, or name a zone (recipients.zone, hours.default_zone)",
    },
    Reason {
        code: "same-number",
        summary: "its number was contacted, or waits, under another key",
        advice: "same_number = \"all\" in [recipients] starts one contact for each row",
    },
    Reason {
        code: "rewritten-key",
        summary: "its person was contacted under a key that a spreadsheet has rewritten",
        advice: "",
    },
    Reason { code: "duplicate-key", summary: "an earlier line of the file has the same key", advice: "" },
    Reason {
        code: "suppressed-rewritten",
        summary: "on a suppression list under a key that a spreadsheet rewrote",
        advice: "write the keys in the list as the file has them; where they are two people, list numbers instead",
    },
    Reason {
        code: "opted-out",
        summary: "on an opt-out list of the account: AWS delivers nothing to it",
        advice: "",
    },
    Reason {
        code: "too-often",
        summary: "its number had as many contacts as limits.per_recipient allows, and limits.over is \"suppress\"",
        advice: "run the file again once its window has passed",
    },
    Reason {
        code: "not-selected",
        summary: "recipients.where is not true of its row: the campaign is for others",
        advice: "",
    },
    Reason {
        code: "contacted-elsewhere",
        summary: "its number was contacted by a campaign that recipients.not_in names",
        advice: "",
    },
    Reason {
        code: "not-in-campaign",
        summary: "its number is none of those of another campaign that recipients.only_in asks for",
        advice: "",
    },
    Reason { code: "suppressed", summary: "on a suppression list", advice: "" },
    Reason { code: "not-in-only", summary: "not on the list of the trial (recipients.only)", advice: "" },
    Reason {
        code: "where-unclear",
        summary: "recipients.where comes to something that is neither true nor false",
        advice: "compare the column in it, such as consent == 'yes'",
    },
    Reason {
        code: "row-short",
        summary: "the row has fewer cells than the file has columns",
        advice: "look for a missing delimiter",
    },
    Reason {
        code: "row-long",
        summary: "the row has more cells than the file has columns",
        advice: "quote cells with a delimiter in them",
    },
    Reason {
        code: "row-cut",
        summary: "a report does not have the whole of the row",
        advice: "correct it in the file of rejected rows, or in the first file",
    },
    Reason {
        code: "quote-open",
        summary: "a quote is opened and not closed",
        advice: "close it, or double the quotes inside the cell",
    },
    Reason {
        code: "quote-swallows-rows",
        summary: "a quote that is not closed has swallowed rows",
        advice: "close it, or double the quotes inside the cell",
    },
    Reason {
        code: "quote-stray",
        summary: "a quote inside a quoted cell is not doubled",
        advice: "double the quotes inside the cell, or remove them",
    },
    Reason {
        code: "not-text",
        summary: "bytes that are no text",
        advice: "save the file as UTF-8, or set recipients.encoding",
    },
    Reason {
        code: "cell-too-long",
        summary: "a cell is longer than any sheet can hold",
        advice: "look for a quote that is not closed",
    },
    Reason {
        code: "cell-error",
        summary: "a cell has an error of the spreadsheet in it",
        advice: "correct the formula, or clear the cell",
    },
    Reason {
        code: "cell-no-value",
        summary: "a formula whose result the workbook does not have",
        advice: "open the workbook in a spreadsheet and save it",
    },
    Reason {
        code: "cell-no-date",
        summary: "a number in the format of a date that is none",
        advice: "correct the cell, or its format",
    },
    Reason {
        code: "cell-formula",
        summary: "a formula of the spreadsheet and not its value",
        advice: "save the file with values",
    },
    Reason {
        code: "cell-control",
        summary: "a control character in a cell",
        advice: "remove it, or save the file as UTF-8",
    },
    Reason {
        code: "cell-rounded",
        summary: "the spreadsheet has rounded a number",
        advice: "format the column as text and enter the values again",
    },
    Reason {
        code: "zone-unknown",
        summary: "a time zone that does not exist",
        advice: "use an IANA name such as America/New_York",
    },
    Reason {
        code: "zone-offset",
        summary: "an offset from UTC and not a time zone",
        advice: "use an IANA name such as America/New_York",
    },
    Reason {
        code: "zone-missing",
        summary: "a number of no time zone",
        advice: "name a zone in a column (recipients.zone), or set hours.default_zone",
    },
    Reason {
        code: "sender-missing",
        summary: "no sender sends to the number's country",
        advice: "name the country in one of [[senders]], or leave its numbers out",
    },
    Reason {
        code: "key-nothing",
        summary: "the key is a word for nothing, such as n/a or null",
        advice: "give the row a key of its own: all others with this word would be duplicates of the first",
    },
    Reason { code: "key-empty", summary: "the key is empty", advice: "fill in the key column" },
    Reason {
        code: "cell-empty",
        summary: "a cell that the message needs is empty",
        advice: "fill it in, or give the placeholder a default",
    },
    Reason {
        code: "template-failed",
        summary: "the message cannot be rendered with these cells",
        advice: "correct the cells or the template",
    },
    Reason {
        code: "looks-wrong",
        summary: "the text looks wrong, and nobody sees it before it is sent",
        advice: "correct the cells, or accept the kind of warning",
    },
    Reason {
        code: "changed-after-contact",
        summary: "this campaign contacted the key, and the file now says something else of it",
        advice: "give the row another key or the campaign another name, or accept changed-after-contact",
    },
    Reason {
        code: "message-empty",
        summary: "a text of the request is empty",
        advice: "fill in what the template needs",
    },
    Reason {
        code: "text-empty",
        summary: "a text of the request is empty",
        advice: "fill in what the template needs",
    },
    Reason {
        code: "message-too-long",
        summary: "the message is too long for this row",
        advice: "shorten the cells or the template",
    },
    Reason {
        code: "display-name-too-long",
        summary: "a text is longer than the API takes",
        advice: "shorten the cells or the template",
    },
    Reason {
        code: "attribute-too-long",
        summary: "a text is longer than the API takes",
        advice: "shorten the cells or the template",
    },
    Reason {
        code: "attributes-too-long",
        summary: "a text is longer than the API takes",
        advice: "shorten the cells or the template",
    },
    Reason {
        code: "text-too-long",
        summary: "a text is longer than the API takes",
        advice: "shorten the cells or the template",
    },
    Reason {
        code: "source-invalid",
        summary: "the row's source or flow is not one",
        advice: "correct the cells it comes from",
    },
    Reason {
        code: "flow-invalid",
        summary: "the row's source or flow is not one",
        advice: "correct the cells it comes from",
    },
    Reason {
        code: "text-not-json",
        summary: "a text that has to be JSON is not",
        advice: "correct the cells it comes from",
    },
    Reason { code: "phone-empty", summary: "the phone number is empty", advice: "fill in the number" },
    Reason { code: "phone-no-digits", summary: "the phone number has no digits", advice: "enter the number" },
    Reason {
        code: "phone-unexpected-character",
        summary: "something that no phone number has",
        advice: "one number per cell, digits only",
    },
    Reason {
        code: "phone-word",
        summary: "a word beside the number",
        advice: "the number alone, digits only",
    },
    Reason {
        code: "phone-several",
        summary: "more than one number in the cell",
        advice: "one number per cell",
    },
    Reason {
        code: "phone-formula",
        summary: "a formula of the spreadsheet and not its value",
        advice: "format the column as text and enter the numbers again",
    },
    Reason {
        code: "phone-rounded",
        summary: "the spreadsheet has rounded the number, as to 4.41E+11",
        advice: "format the column as text and enter the numbers again",
    },
    Reason {
        code: "phone-lost-zero",
        summary: "the spreadsheet has dropped the zero in front",
        advice: "format the column as text and enter the numbers again, or with + in front",
    },
    Reason {
        code: "phone-lost-plus",
        summary: "the + in front is gone",
        advice: "write the number with + in front",
    },
    Reason {
        code: "phone-added-plus",
        summary: "a + is in front of a number without a country code",
        advice: "write both, or neither",
    },
    Reason {
        code: "phone-extension",
        summary: "the number has an extension, which cannot take a message",
        advice: "give a number without",
    },
    Reason {
        code: "phone-no-country",
        summary: "the number has no country code",
        advice: "write it with + in front, or set recipients.default_region",
    },
    Reason {
        code: "phone-unknown-country",
        summary: "no country has this country code",
        advice: "correct the number",
    },
    Reason { code: "phone-too-short", summary: "the number is too short", advice: "correct the number" },
    Reason { code: "phone-too-long", summary: "the number is too long", advice: "correct the number" },
    Reason {
        code: "phone-invalid",
        summary: "the number is in no numbering plan",
        advice: "correct the number",
    },
    Reason {
        code: "phone-landline",
        summary: "a landline",
        advice: "give a mobile number, or set allow_landlines",
    },
    Reason {
        code: "phone-premium",
        summary: "a premium or shared-cost number",
        advice: "give a mobile number",
    },
    Reason {
        code: "phone-unreachable",
        summary: "a pager, voice mail or company number",
        advice: "give a mobile number",
    },
];

/// What stands in the place of the service's code where the service gave none.
pub const UNANSWERED: &[Reason] = &[
    Reason {
        code: "Timeout",
        summary: "no answer in time; whether a contact exists is not known",
        advice: "",
    },
    Reason {
        code: "Connection",
        summary: "the connection broke before an answer; whether a contact exists is not known",
        advice: "",
    },
    Reason {
        code: "UnreadableAnswer",
        summary: "an answer that the API does not give, or longer than any of its answers",
        advice: "check endpoint_url and any proxy in between",
    },
    Reason {
        code: "AnswerWithoutContactId",
        summary: "an answer of success without a contact id; whether a contact exists is not known",
        advice: "check endpoint_url and any proxy in between",
    },
    Reason {
        code: "UnreadableContactId",
        summary: "an answer of success with a contact id that is none; whether a contact exists is not known",
        advice: "check endpoint_url and any proxy in between",
    },
    Reason { code: "Unreachable", summary: "no connection came about; no contact exists", advice: "" },
    Reason {
        code: "NotSent",
        summary: "the request could not be made, so that none left; no contact exists",
        advice: "",
    },
    Reason {
        code: "Credentials",
        summary: "the credentials were missing or expired, so that no request left; no contact exists",
        advice: "",
    },
    Reason {
        code: "RepeatedContactId",
        summary: "the answer had a contact id that another row has: what answered was not Amazon Connect",
        advice: "check endpoint_url and any proxy in between",
    },
];

/// The reason with this code.
#[must_use]
pub fn find(code: &str) -> Option<&'static Reason> {
    CATALOGUE.iter().find(|reason| reason.code == code)
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
    use std::collections::BTreeSet;

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
        for of in [State::Expired, State::Withdrawn] {
            assert!(what(of, Some("row-expired")).contains("no contact exists"), "{of:?}");
            assert!(!what(of, Some("campaign-ended")).contains("no answer that says"), "{of:?}");
        }
        assert_eq!(reason(State::Withdrawn, Some("row-expired")).advice, "");
        assert_eq!(reason(State::Uncertain, Some("campaign-ended")).advice, state(State::Uncertain).advice);
        assert!(reason(State::Queued, Some("ThrottlingException")).advice.contains("run again"));
    }

    #[test]
    fn each_code_has_one_reason() {
        let codes: BTreeSet<_> = CATALOGUE.iter().map(|reason| reason.code).collect();
        assert_eq!(codes.len(), CATALOGUE.len());
        for reason in CATALOGUE {
            assert!(!reason.summary.is_empty() && !reason.summary.ends_with('.'), "{reason:?}");
        }
    }

    /// Every code of a rejection has words of its own, and none is left that no rejection has.
    #[test]
    fn no_rejection_is_left_unexplained() {
        let sources = [
            include_str!("phone/mod.rs"),
            include_str!("message/limits.rs"),
            include_str!("row/recipient.rs"),
            include_str!("hours/zones.rs"),
            include_str!("hours/moment.rs"),
            include_str!("row/suppression.rs"),
            include_str!("delivery/state.rs"),
        ];
        let codes: Vec<&str> = sources
            .iter()
            .flat_map(|text| text.split("=> \"").skip(1))
            .filter_map(|rest| rest.split('"').next())
            .filter(|code| code.contains('-') && code.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'))
            .collect();
        assert!(codes.len() > 20, "{codes:?}");
        for code in &codes {
            assert!(find(code).is_some(), "{code} is not explained");
        }
        let unused =
            CATALOGUE.iter().filter(|reason| reason.code.contains('-') && !codes.contains(&reason.code));
        let unused: Vec<_> = unused.map(|reason| reason.code).collect();
        let journals = [
            "not-there",
            "row-expired",
            "campaign-ended",
            "same-number",
            "rewritten-key",
            "duplicate-key",
            "changed-after-contact",
        ];
        assert_eq!(unused, journals, "the journal gives these");
    }
}
