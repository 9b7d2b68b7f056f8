//! Which refusals are worth a line of their own, and its words. Never with a number, not even a masked one: the line
//! of the file says who it was.

use crate::domain::refusal::RefusalKind;
use crate::engine::Refused;

/// The service's words are cut off behind this many characters; the report has them in full.
const LONGEST: usize = 160;

/// The line for a refusal after which the row is not tried again; `None` where waiting is all that it takes.
pub(super) fn words(refused: &Refused) -> Option<String> {
    if refused.retry_in.is_some() {
        return None;
    }
    let outcome = match refused.kind {
        RefusalKind::Throttled
        | RefusalKind::ActiveChats
        | RefusalKind::Renewed
        | RefusalKind::Unreachable => return None,
        RefusalKind::InvalidRequest | RefusalKind::Conflict => "not tried again",
        RefusalKind::Unknown => "nobody knows whether it was started",
        RefusalKind::AccessDenied
        | RefusalKind::NotFound
        | RefusalKind::Credentials
        | RefusalKind::Unexpected => "the run stops",
    };
    let place =
        refused.line.map_or_else(|| "a row of an earlier file".to_owned(), |line| format!("line {line}"));
    let message = shown(&refused.message);
    let colon = if message.is_empty() { "" } else { ": " };
    Some(format!("{place}: {outcome}: {}{colon}{message}", shown(&refused.code)))
}

/// What a service says, safe for a terminal and short.
fn shown(text: &str) -> String {
    let mut characters = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut shown: String = characters.by_ref().take(LONGEST).collect();
    if characters.next().is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_ends_a_row_or_a_run_has_a_line_and_what_waits_has_none() {
        let mut text = String::new();
        for kind in [
            RefusalKind::InvalidRequest,
            RefusalKind::AccessDenied,
            RefusalKind::Unknown,
            RefusalKind::Throttled,
            RefusalKind::ActiveChats,
        ] {
            let mut refused = Refused {
                line: Some(17),
                destination: "+1202•••0104".to_owned(),
                attempt: 1,
                kind,
                code: "SomeException".to_owned(),
                message: "the\u{1b}[2Jservice's words".to_owned(),
                retry_in: None,
            };
            text.push_str(&format!("{kind:?}: {:?}\n", words(&refused)));
            refused.retry_in = Some(Duration::from_secs(1));
            assert_eq!(words(&refused), None);
        }
        insta::assert_snapshot!(text, @r#"
        InvalidRequest: Some("line 17: not tried again: SomeException: the [2Jservice's words")
        AccessDenied: Some("line 17: the run stops: SomeException: the [2Jservice's words")
        Unknown: Some("line 17: nobody knows whether it was started: SomeException: the [2Jservice's words")
        Throttled: None
        ActiveChats: None
        "#);
    }

    #[test]
    fn long_words_are_cut() {
        assert_eq!(shown(&"é".repeat(LONGEST)).chars().count(), LONGEST);
        assert!(shown(&"é".repeat(LONGEST + 1)).ends_with("é…"));
    }
}
