//! The recording of a run that the README shows: made by `docs/record.sh`, and looked at here.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod svg;
mod tape;

use std::path::Path;

const PATH: &str = "docs/run.svg";
const COMMAND: &str = "campaign run campaigns/sample.csv -c sample --simulate -j rehearsal.db";

/// Not a test but the recorder: it writes `docs/run.svg` anew, in real time.
#[test]
#[ignore = "writes docs/run.svg: docs/record.sh"]
fn tool_records_a_run() {
    let tape = tape::record(COMMAND);
    std::fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join(PATH), svg::of(COMMAND, &tape)).unwrap();
}

#[test]
fn the_recording_is_a_picture_that_moves_and_needs_nothing_else() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(PATH);
    let svg = std::fs::read_to_string(path).unwrap();
    assert!(svg.len() < 400_000, "{} bytes", svg.len());
    for part in ["<svg ", "<title>", "@keyframes", "prefers-reduced-motion", "</svg>"] {
        assert!(svg.contains(part), "no {part}");
    }
    for foreign in ["<script", "href", "url(", "http://127", "/tmp/"] {
        assert!(!svg.contains(foreign), "{foreign}");
    }
    assert!(svg.matches("<g class=\"frame\"").count() >= 5, "it does not move");
    let last = svg.rsplit("<g class=\"frame\"").next().unwrap();
    assert!(last.contains("1,000"), "its end is not the result");
}
