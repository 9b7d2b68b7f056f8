//! `campaign status --number` and `--key`: what happened to one person, in every campaign of the journal.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::app::person::{PersonQuery, PersonStatement};
use crate::domain::events::status::Delivery;
use crate::domain::figures::UtcTime;
use crate::domain::foreign::{self, ForeignText};
use crate::domain::phone::{E164, mask};
use crate::domain::reasons;
use crate::domain::row::rewritten_key::spelled;
use crate::domain::unix_millis::UnixMillis;
use crate::journal::{ListedSince, PersonRow};

/// Longest reason that is told, in characters.
const LONGEST_REASON: usize = 1_000;

/// For people.
pub(super) fn text(query: &PersonQuery, statement: &PersonStatement) -> String {
    let PersonStatement { number, rows, lists } = statement;
    let key = query.key.as_deref().map(|key| format!("key {}", spelled(key)));
    let who: Vec<String> = number.iter().map(|number| number.as_str().to_owned()).chain(key).collect();
    let mut text = format!("{}:", who.join(" or "));
    if rows.is_empty() {
        text.push_str(" no campaign of this journal has it");
    }
    let width = rows.iter().map(|row| row.campaign.chars().count()).max().unwrap_or_default();
    for row in rows {
        let _ = write!(
            text,
            "\n  {:<width$}  {:<10}  {}",
            row.campaign,
            row.state.name(),
            what(row, number.as_ref())
        );
    }
    for ListedSince { list, at, note } in lists {
        let list = list.as_ref().map_or_else(
            || "the journal's suppression list".to_owned(),
            |list| format!("the account's opt-out list \"{list}\""),
        );
        let note = note.as_ref().map_or_else(String::new, |note| format!(" ({})", note.shown()));
        let _ = write!(text, "\non {list} since {}{note}", UtcTime(*at));
    }
    foreign::inert(&text).into_owned()
}

/// A number, or words that may have one: in full where it is the one that was typed, and else masked. Who asks by a key
/// may not know the number.
fn known<'t>(text: &'t str, typed: Option<&E164>) -> Cow<'t, str> {
    match typed {
        Some(number) if text.contains(number.as_str()) => Cow::Borrowed(text),
        _ => mask::mask_text(text).into(),
    }
}

/// Where the row is, when it was requested, what it has, or why it has nothing.
fn what(row: &PersonRow, typed: Option<&E164>) -> String {
    let mut told =
        vec![row.line.map_or("not in the file any more".to_owned(), |line| format!("line {line}"))];
    told.extend(row.key.as_ref().map(|key| format!("key {}", spelled(key))));
    told.extend(row.destination.as_deref().map(|number| known(number, typed).into_owned()));
    told.extend(row.waits_until.map(|until| format!("waits until {} at least", UtcTime(until))));
    told.extend(row.first_attempt_at.map(|at| format!("first requested {}", UtcTime(at))));
    if row.attempts > 1 {
        told.push(format!("{} attempts", row.attempts));
    }
    told.extend(row.settled_at.map(|at| format!("settled {}", UtcTime(at))));
    told.extend(row.contact_id.as_ref().map(|id| format!("contact {id}")));
    told.extend(row.delivery.map(|delivery| delivery.name().to_owned()));
    if row.contact_id.is_none() && row.waits_until.is_none() {
        let why = || reasons::reason(row.state, row.code.as_ref().map(ForeignText::raw)).what.to_owned();
        let reason =
            |reason: &ForeignText| known(&reason.shown_up_to(LONGEST_REASON).to_string(), typed).into_owned();
        told.push(row.reason.as_ref().map_or_else(why, reason));
    }
    told.join(", ")
}

/// For programs.
pub(super) fn object(query: &PersonQuery, statement: &PersonStatement) -> Value {
    let stamp = |at: Option<UnixMillis>| at.map(|at| at.to_string());
    let rows = statement.rows.iter().map(|row| {
        json!({
            "campaign": row.campaign,
            "line": row.line,
            "key": row.key,
            "destination": row.destination.as_deref().map(|number| known(number, statement.number.as_ref())),
            "state": row.state.name(),
            "attempts": row.attempts,
            "first_attempt_at": stamp(row.first_attempt_at),
            "settled_at": stamp(row.settled_at),
            "waits_until": stamp(row.waits_until),
            "contact_id": row.contact_id,
            "delivery": row.delivery.map(Delivery::name),
            "code": row.code.as_ref().map(ForeignText::raw),
            "reason": row.reason.as_ref().map(|reason| known(reason.raw(), statement.number.as_ref())),
        })
    });
    let lists = statement
        .lists
        .iter()
        .map(|listed| json!({ "list": listed.list, "since": listed.at.to_string(), "note": listed.note.as_ref().map(ForeignText::raw) }));
    json!({
        "number": statement.number.as_ref().map(E164::as_str),
        "key": query.key,
        "rows": rows.collect::<Vec<_>>(),
        "lists": lists.collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::delivery::state::State;

    #[test]
    fn a_number_is_shown_in_full_to_whoever_typed_it_alone() {
        let typed = E164::parse("+12025550104").unwrap();
        assert_eq!(known("+12025550104", Some(&typed)), "+12025550104");
        for (text, typed) in
            [("+12025550104", None), ("+12025550105", Some(&typed)), ("no +12025550106", None)]
        {
            let shown = known(text, typed);
            assert!(shown != text && !shown.contains("5550"), "{shown}");
        }
    }

    #[test]
    fn a_row_says_what_it_has_or_why_it_has_nothing() {
        let at = UnixMillis::from_millis(0);
        let row = PersonRow {
            campaign: "spring".to_owned(),
            line: None,
            key: Some("C-1".to_owned()),
            destination: None,
            state: State::Withdrawn,
            attempts: 0,
            first_attempt_at: None,
            settled_at: None,
            waits_until: None,
            contact_id: None,
            delivery: None,
            code: None,
            reason: None,
        };
        assert_eq!(
            what(&row, None),
            "not in the file any more, key C-1, was in the file once, was never attempted, and is not in it any more"
        );
        let waits = PersonRow { line: Some(2), state: State::Queued, waits_until: Some(at), ..row };
        assert_eq!(what(&waits, None), "line 2, key C-1, waits until Thu 1970-01-01 00:00 UTC at least");
    }
}
