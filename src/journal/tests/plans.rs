//! Plans: what the journal keeps of a file that it has seen before.

use super::*;
use crate::journal::plan::{existing, plan_lines};

fn texts(book: &Book, sql: &str) -> Vec<String> {
    let mut statement = book.journal.connection.prepare(sql).unwrap();
    let rows = statement.query_map([book.campaign.0], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

/// Of each row of the campaign: line, flow, message, columns of its file.
fn payloads(book: &Book) -> Vec<String> {
    let sql = "SELECT concat_ws(' ', line, request ->> '$.contact_flow_id.f', slots, columns) FROM row
                   JOIN shape ON shape.id = shape_id JOIN header ON header.id = header_id
               WHERE row.campaign_id = ?1 ORDER BY row.id";
    texts(book, sql)
}

fn summary(lines: u64, [added, updated, withdrawn, frozen]: [u64; 4], queued: u64) -> PlanSummary {
    PlanSummary { lines, added, updated, withdrawn, frozen, queued, ..PlanSummary::default() }
}

#[test]
fn what_rows_have_in_common_is_kept_once_for_each_campaign() {
    let mut book = Book::with(&["a", "b"]);
    assert_eq!(payloads(&book), [r#"2 f ["Hi"] ["key"]"#, r#"3 f ["Hi"] ["key"]"#]);
    let changed = [line(2, "a"), line(3, "b"), line(4, "c")];
    assert_eq!(book.plan_as(&shape("g"), &["key", "more"], &changed), summary(3, [1, 2, 0, 0], 1));
    let rows = [2, 3, 4].map(|line| format!(r#"{line} g ["Hi"] ["key","more"]"#));
    assert_eq!(payloads(&book), rows);
    // Back to what it was: nothing is kept twice.
    assert_eq!(book.plan(&changed), summary(3, [0, 3, 0, 0], 0));
    assert_eq!(book.plan(&changed), summary(3, [0, 0, 0, 0], 0), "the same again changes nothing");
    for table in ["shape", "header"] {
        let sql = format!("SELECT campaign_id FROM {table} WHERE campaign_id <= ?1 ORDER BY campaign_id");
        let campaigns: Vec<i64> = {
            let mut statement = book.journal.connection.prepare(&sql).unwrap();
            let ids = statement.query_map([book.campaign.0], |row| row.get(0)).unwrap();
            ids.map(Result::unwrap).collect()
        };
        assert_eq!(campaigns, [1, 2, 2], "{table}");
    }
}

#[test]
fn a_row_that_was_never_attempted_follows_the_file_in_everything() {
    let mut book = Book::with(&["a", "b", "c"]);
    let file = [line_of(2, "a", &number("d"), "Hi"), line_of(3, "b", &number("b"), "Ho"), line(4, "c")];
    assert_eq!(book.plan(&file), summary(3, [0, 2, 0, 0], 0));
    let sql = "SELECT concat_ws(' ', destination, slots) FROM row WHERE campaign_id = ?1 ORDER BY id";
    let expected = [
        format!("{} [\"Hi\"]", number("d")),
        format!("{} [\"Ho\"]", number("b")),
        format!("{} [\"Hi\"]", number("c")),
    ];
    assert_eq!(texts(&book, sql), expected);
}

#[test]
fn of_a_row_that_was_attempted_it_is_told_that_the_file_says_something_else_now() {
    let same = || line(2, "a");
    for (changed, flow, differs) in [
        (same(), "f", 0),
        (line_of(7, "a", &number("a"), "Hi"), "f", 0),
        (line_of(2, "a", &number("d"), "Hi"), "f", 1),
        (line_of(2, "a", &number("a"), "Ho"), "f", 1),
        (same(), "g", 1),
        (line_of(2, "a", &number("d"), "Ho"), "g", 1),
    ] {
        let mut book = Book::with(&["a"]);
        let id = book.claim(100).id;
        book.settle(id, Event::NotNow(Doubt::None), 110);
        let found = book.plan_as(&shape(flow), &["key"], std::slice::from_ref(&changed));
        assert_eq!(found, summary(1, [0, 0, 0, differs], 0), "{changed:?} {flow}");
        let row = format!(r#"{} f ["Hi"] ["key"]"#, changed.number);
        assert_eq!(payloads(&book), [row], "token and payload stay for ever");
        let again = book.claim_again(&[id], 200);
        assert_eq!(again.rows[0].frozen.destination, number("a"));
    }
}

#[test]
fn known_by_its_key_is_who_is_not_rejected_and_of_this_campaign() {
    let mut book = Book::with(&["a", "b"]);
    let (campaign, first) = (book.campaign, book.journal.campaign(&identity("first"), at(0)).unwrap());
    let tx = book.journal.connection.transaction().unwrap();
    let line = |campaign, key| existing::recipient(&tx, campaign, key, &[]).unwrap().map(|known| known.line);
    assert_eq!([line(campaign, "b"), line(campaign, "z")], [Some(Some(3)), None]);
    assert_eq!([line(first, "b"), line(first, "z")], [None, Some(Some(2))]);
}

#[test]
fn what_waits_is_withdrawn_before_a_stream_and_comes_back_with_its_line() {
    let mut book = Book::with(&["a", "b", "c", "d"]);
    let first = book.claim(100).id;
    book.settle(first, Event::NotNow(Doubt::None), 110);
    let doubt = book.claim_next(Pass::Queued, first, 1, 120).rows[0].id;
    assert_eq!(book.journal.withdraw_waiting(book.campaign).unwrap(), 3);
    let expected = [
        "- a 8 1 | 100 - - | - code",
        "3 b 1 1 | 120 120 - | - -",
        "- c 8 0 | - - - | - -",
        "- d 8 0 | - - - | - -",
    ];
    assert_eq!(book.rows(), expected);
    assert_eq!(
        book.claim_next(Pass::InDoubt, RowId::START, 9, 200).rows[0].id,
        doubt,
        "replayed all the same"
    );
    // One attempted, one that was not, one that is new.
    assert_eq!(book.plan(&[line(2, "a"), line(3, "d"), line(4, "e")]), summary(3, [1, 1, 0, 0], 3));
    let expected = [
        "2 a 0 1 | 100 - - | - -",
        "- b 1 2 | 120 120 - | - -",
        "- c 8 0 | - - - | - -",
        "3 d 0 0 | - - - | - -",
        "4 e 0 0 | - - - | - -",
    ];
    assert_eq!(book.rows(), expected);
}

/// A line that is rejected while its recipient, by key, was started from it stays that recipient's; anybody else's is
/// rejected.
#[test]
fn a_rejected_line_is_that_of_whoever_was_started_from_it_and_of_nobody_else() {
    let rejected_as = |number, key: Option<&str>| {
        let mut line = rejected(number);
        if let Content::Rejected { key: known, .. } = &mut line.content {
            *known = key.map(str::to_owned);
        }
        line
    };
    const STARTED: &str = "2 a 2 1 | 100 - 150 | contact -";
    const LEFT: &str = "- a 2 1 | 100 - 150 | contact -";
    const FAILED: &str = "- a 3 1 | 100 - 150 | - code";
    let nobody = |whose: &str| format!("{whose} 5 0 | - - - | - no-number");
    for (event, line, expected) in [
        (Event::Answered, rejected_as(2, Some("a")), vec![STARTED.to_owned()]),
        (Event::Answered, rejected_as(2, None), vec![LEFT.to_owned(), nobody("2 -")]),
        (Event::Answered, rejected_as(2, Some("b")), vec![LEFT.to_owned(), nobody("2 b")]),
        (Event::Answered, rejected_as(3, Some("a")), vec![LEFT.to_owned(), nobody("3 a")]),
        (Event::Refused(Doubt::None), rejected_as(2, Some("a")), vec![FAILED.to_owned(), nobody("2 a")]),
    ] {
        let mut book = Book::with(&["a"]);
        let id = book.claim(100).id;
        book.settle(id, event, 150);
        let kept = u64::from(expected.len() == 1);
        let expected_summary = PlanSummary { started: kept, ..summary(1, [0, 0, 0, kept], 0) };
        assert_eq!(book.plan(std::slice::from_ref(&line)), expected_summary, "{line:?}");
        assert_eq!(book.rows(), expected, "{line:?}");
        book.plan(&[line]);
        assert_eq!(book.rows(), expected, "the same again");
    }
    // The same line cannot be theirs twice, and each has its own.
    let mut book = Book::with(&["a", "b"]);
    for row in book.claim_next(Pass::Queued, RowId::START, 2, 100).rows {
        book.settle(row.id, Event::Answered, 150);
    }
    let file = [rejected_as(2, Some("a")), rejected_as(2, Some("a")), rejected_as(3, Some("b"))];
    assert_eq!(book.plan(&file), PlanSummary { started: 2, ..summary(3, [0, 0, 0, 2], 0) });
    let expected = [STARTED.to_owned(), "3 b 2 1 | 100 - 150 | contact-4 -".to_owned(), nobody("2 a")];
    assert_eq!(book.rows(), expected);
}

#[test]
fn whoever_is_not_in_the_file_any_more_is_withdrawn_and_counted() {
    let mut book = Book::with(&["a", "b", "c", "d"]);
    let first = book.claim(100).id;
    book.settle(first, Event::Unanswered, 150);
    assert_eq!(book.plan(&[line(2, "c")]), summary(1, [0, 0, 2, 0], 0));
    let expected = [
        "- a 1 1 | 100 100 - | - code",
        "- b 8 0 | - - - | - -",
        "2 c 0 0 | - - - | - -",
        "- d 8 0 | - - - | - -",
    ];
    assert_eq!(book.rows(), expected);
    assert_eq!(book.plan(&[line(2, "c")]), summary(1, [0; 4], 0), "they are gone already");
}

/// While a campaign is sent, rows are claimed in the same transaction in which more are planned.
#[test]
fn how_many_more_wait_is_told_of_each_batch_alone() {
    let mut book = Book::with(&["a", "b", "c"]);
    let mut plan = book.journal.begin_plan(book.campaign, &shape("f"), &["key".to_owned()]).unwrap();
    let campaign = book.campaign;
    let queued = book.apply(|tx, who, delta| {
        let wanted = ClaimRequest::new(Pass::Queued, RowId::START, 2);
        attempts::claim_next(tx, who, campaign, &wanted, at(100), delta)?;
        let first = plan_lines(tx, &mut plan, &[line(5, "d")], delta)?;
        let second = plan_lines(tx, &mut plan, &[line(6, "e"), line(7, "f")], delta)?;
        Ok([first.queued, second.queued])
    });
    assert_eq!(queued, [1, 2]);
}
