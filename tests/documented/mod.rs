//! Every command line in README.md and docs/ is run, in the order of its document, in a folder of its own, on a terminal
//! where somebody answers y, against `campaign simulator` on loopback. A line that nobody runs stands here with the reason.
//!
//! A command must end with 0, or with the code that the comment behind it names (`# exit 4`). Where a block of `console`
//! shows what a command says, it must say that.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod block;
mod reader;
mod terminal;

use std::fs;
use std::path::{Path, PathBuf};

use block::{Line, lines};
use reader::Reader;

/// Lines that begin so are not run, and why.
const NOT_RUN: &[(&str, &str)] = &[
    ("aws ", "needs an AWS account; tests/simulator_clients.rs runs the AWS CLI against the simulator"),
    ("campaign check s3://", "needs a bucket; tests/process/objects.rs has one on loopback"),
    ("campaign run 'https://", "needs a server; tests/process/objects.rs has one on loopback"),
    ("cargo ", "these tests are run by it; .ci/run runs the README's first block"),
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The README and every page below docs/, by their paths.
fn documents() -> Vec<String> {
    let mut found = vec!["README.md".to_owned()];
    let mut folders = vec![PathBuf::from("docs")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root().join(&folder)).unwrap() {
            let path = folder.join(entry.unwrap().file_name());
            if root().join(&path).is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "md") {
                found.push(path.to_str().unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}

#[test]
fn every_documented_command_line_works() {
    let played: Vec<_> = documents()
        .into_iter()
        .map(|document| (document.clone(), std::thread::spawn(move || play(&document))))
        .collect();
    let mut run = 0;
    let mut bad = Vec::new();
    for (document, thread) in played {
        match thread.join() {
            Ok(Ok(lines)) => run += lines,
            Ok(Err(why)) => bad.push(why),
            Err(_) => bad.push(format!("{document} was not played to its end")),
        }
    }
    assert!(bad.is_empty(), "{}", bad.join("\n\n"));
    assert!(run >= 40, "only {run} lines were run");
}

#[test]
fn every_reason_for_not_running_a_line_is_needed() {
    let all: Vec<Line> = documents().iter().flat_map(|document| lines(&read(document))).collect();
    for (beginning, _) in NOT_RUN {
        assert!(
            all.iter().any(|line| line.command.starts_with(beginning)),
            "no line begins with {beginning}"
        );
    }
}

fn read(document: &str) -> String {
    fs::read_to_string(root().join(Path::new(document))).unwrap()
}

/// Runs the lines of a document; says how many.
fn play(document: &str) -> Result<usize, String> {
    let lines = lines(&read(document));
    let lines: Vec<&Line> = lines
        .iter()
        .filter(|line| !NOT_RUN.iter().any(|(beginning, _)| line.command.starts_with(beginning)))
        .collect();
    if lines.is_empty() {
        return Ok(0);
    }
    let mut reader = Reader::new(document);
    for line in &lines {
        reader.prepare(&line.command);
        let ran = reader.types(&line.command);
        let at = format!("{document}:{}: {}", line.number, line.command);
        if ran.code != line.exit {
            return Err(format!("{at}\nended with {} instead of {}:\n{}", ran.code, line.exit, ran.shown));
        }
        if let Some(difference) = block::difference(&line.shown, &ran.shown) {
            return Err(format!("{at}\n{difference}\nit says:\n{}", ran.shown));
        }
    }
    Ok(lines.len())
}
