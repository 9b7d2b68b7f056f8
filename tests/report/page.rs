//! The page (html): what stands on it, and what does not unless it is asked for.

use campaign::cli::commands::report::ReportArgs;
use campaign::domain::delivery::latency::Latencies;
use campaign::domain::delivery::state::{Doubt, Event};
use campaign::domain::unix_millis::UnixMillis;
use campaign::journal::{Counters, NewRun, PauseKind, PauseSpan, RowId, RunActivity, RunEnd};
use campaign::report::Format;
use sha2::Digest;

use crate::report::fixture::{BASE, Place, attempt, line, plan, rejected, to, written};

const HOSTILE: &str = "<script>alert(1)</script>";

fn at(millis: i64) -> UnixMillis {
    UnixMillis::from_millis(BASE.millis() + millis)
}

/// One row started, one refused with words that name its number, one rejected, one that waits; a run with throttled
/// requests and a pause.
async fn a_run() -> Place {
    let place = Place::new();
    let (mut journal, id) = place.open();
    plan(
        &mut journal,
        id,
        &["id", "phone", "note"],
        &[
            line(2, &["C-77001", "+12025550101", "secret note"]),
            line(3, &["C-77002", "+447911123456", HOSTILE]),
            rejected(4, &["C-77003", "12", ""], "phone-too-short", "phone: \"12\" is too short"),
            line(5, &["C-77004", "+12025550104", ""]),
        ],
    );
    let new = NewRun {
        file: Some(format!("/home/ann/{HOSTILE}")),
        rate: Some(2.0),
        settings: vec![("burst".to_owned(), "5".to_owned())],
        ..NewRun::default()
    };
    let (run, _) = journal.begin_run(id, &new, BASE).expect("a run");
    let mut journal = written(journal, id, async |writer| {
        let first = attempt(writer, RowId::START, Event::Answered, None).await;
        let refusal = Some(("InvalidRequestException", "+447911123456 <b>cannot</b> be reached"));
        attempt(writer, first, Event::Refused(Doubt::None), refusal).await;
        let activity = RunActivity {
            throttled: vec![(at(1_000), 3)],
            pauses: vec![PauseSpan {
                began_at: at(2_000),
                ends_at: at(60_000),
                kind: PauseKind::ActiveChats,
            }],
            latencies: Latencies::of(&[0, 0, 0, 2]),
            heartbeat: None,
            ..RunActivity::default()
        };
        drop(writer.activity(run, activity).await);
    })
    .await;
    let counters = Counters { started: 1, requests: 5, throttled: 3, retried: 3 };
    let end = RunEnd { exit: 5, reason: Some(format!("halted: {HOSTILE} +447911123456")) };
    journal.end_run(run, counters, &end, at(4_000)).expect("its end");
    place
}

/// The page as text: what is between tags, one line each.
fn text(html: &str) -> String {
    let mut text = String::new();
    for (index, piece) in html.split('<').enumerate() {
        let words = if index == 0 { piece } else { piece.split_once('>').map_or("", |(_, words)| words) };
        let style = piece.starts_with("style>");
        if !words.trim().is_empty() && !style {
            text.push_str(words.trim());
            text.push('\n');
        }
    }
    text
}

#[tokio::test(start_paused = true)]
async fn the_page_tells_what_became_of_everybody() {
    let place = a_run().await;
    insta::assert_snapshot!(text(&place.report(&to(Format::Html, None)).unwrap()));
}

#[tokio::test(start_paused = true)]
async fn nobody_is_named_unless_that_is_asked_for() {
    let place = a_run().await;
    let page = place.report(&to(Format::Html, None)).unwrap();
    let personal =
        ["2025550101", "7911123456", "2025550104", "C-7700", "secret", "be reached", "Hi ", "/home/ann"];
    for word in personal {
        assert!(!page.contains(word), "{word}");
    }
    let named = place.report(&ReportArgs { with_numbers: true, ..to(Format::Html, None) }).unwrap();
    for word in ["+447911123456", "C-77002", "&lt;b&gt;cannot&lt;", "This report names recipients"] {
        assert!(named.contains(word), "{word}");
    }
    assert!(!named.contains("C-77001"), "what needs nobody is not listed");
}

/// Times are read off the clock of one zone, which is named; a rejected row has its number as the file has it.
#[tokio::test(start_paused = true)]
async fn times_are_those_of_the_zone_that_is_asked_for_and_rejected_rows_have_their_numbers() {
    let place = a_run().await;
    let zone = Some(campaign::cli::args::values::zone("Asia/Kolkata").unwrap());
    let args = ReportArgs { with_numbers: true, zone, ..to(Format::Html, None) };
    let page = text(&place.report(&args).unwrap());
    let utc = text(&place.report(&ReportArgs { with_numbers: true, ..to(Format::Html, None) }).unwrap());
    assert!(page.contains("All times are Asia&#x2f;Kolkata.") && !page.contains("UTC"), "{page}");
    let ended = |zone: &str, page: &str| {
        let line = page.lines().find_map(|line| line.split_once("As of ")?.1.split_once(&format!(" {zone}")));
        let time: jiff::civil::DateTime = line.expect("when it ended").0.parse().unwrap();
        time
    };
    let apart = ended("Asia&#x2f;Kolkata", &page).duration_since(ended("UTC", &utc));
    assert_eq!(apart.as_mins(), 330);
    assert!(utc.contains("\n12\nphone-too-short\n"), "{utc}");
}

/// A file's names and a service's words are text, whatever they look like; and the page asks nobody for anything.
#[tokio::test(start_paused = true)]
async fn nothing_on_the_page_runs_or_is_loaded() {
    let place = a_run().await;
    for with_numbers in [false, true] {
        let page = place.report(&ReportArgs { with_numbers, ..to(Format::Html, None) }).unwrap();
        assert!(page.contains("default-src 'none'; style-src 'sha256-"));
        assert!(page.contains("&lt;script&gt;"), "the hostile words are there, as words");
        for word in ["<script", "javascript:", "src=", "href=", "url(", "@import", " on", "style="] {
            let inside = page.split('<').skip(1).filter_map(|tag| tag.split('>').next());
            let found: Vec<&str> = inside.filter(|tag| format!("<{tag}").contains(word)).collect();
            assert!(found.is_empty(), "{word}: {found:?}");
        }
        assert!(!page.contains("<b>cannot"));
    }
}

/// The policy names the style by its hash; a browser drops a style whose hash is another.
#[test]
fn the_policy_knows_the_style() {
    let place = Place::new();
    let (mut journal, id) = place.open();
    plan(&mut journal, id, &["id", "phone"], &[]);
    let page = place.report(&to(Format::Html, None)).unwrap();
    let between = |from: &str, to: &str| {
        page.split_once(from).and_then(|(_, rest)| rest.split_once(to)).expect("it is there").0
    };
    let hash = sha2::Sha256::digest(between("<style>", "</style>").as_bytes());
    let hash = aws_smithy_types::base64::encode(hash);
    assert_eq!(between("'sha256-", "'"), hash, "page.css was changed: this is its hash now, for STYLE_HASH");
}

#[test]
fn a_campaign_that_never_ran_has_a_page() {
    let place = Place::new();
    let (mut journal, id) = place.open();
    plan(&mut journal, id, &["id", "phone"], &[line(2, &["a", "+12025550101"])]);
    let page = place.report(&to(Format::Html, None)).unwrap();
    for words in ["Never run.", "No request has been made.", "None yet.", "0 of 1 row started (0%)"] {
        assert!(page.contains(words), "{words}");
    }
    assert!(!page.contains("Over time"));
}
