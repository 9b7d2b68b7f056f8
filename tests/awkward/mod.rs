//! Files as people have them: what `campaign check` says of each file in `files/`, in little memory, and no row lost.
//!
//! How many rows a file has is in its name (see `make.py`), which does not come from the reader.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod bombs;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::process::ran::without_forecast;
use serde_json::Value;

/// Address space for one check, in KiB: the program itself, two threads with what the allocator reserves for each at once, and
/// what it may hold of a file.
const MEMORY: &str = "196608";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/awkward")
}

fn check(file: &Path, options: &[&str]) -> Output {
    Command::new("sh")
        .args(["-c", "ulimit -v \"$0\"; exec \"$@\"", MEMORY, env!("CARGO_BIN_EXE_campaign"), "check"])
        .arg(file)
        .args(["-c", "../campaign.toml"])
        .args(options)
        .current_dir(root().join("files"))
        .output()
        .unwrap()
}

fn files() -> Vec<String> {
    let entries = fs::read_dir(root().join("files")).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// What the user sees, without the parts that are the same for every file.
fn told(output: &Output) -> String {
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    let text = String::from_utf8(text).unwrap();
    let text = without_forecast(&text);
    let kept = text.lines().filter(|line| !line.starts_with("duration:") && !line.starts_with("messages:"));
    let short = kept.map(|line| line.chars().take(240).collect::<String>());
    format!("exit {}\n{}", output.status.code().unwrap_or(-1), short.collect::<Vec<_>>().join("\n"))
}

#[test]
fn each_file_has_its_outcome() {
    let names = files();
    assert!(names.len() >= 60, "{}", names.len());
    let all: Vec<String> =
        names.iter().map(|name| format!("## {name}\n{}\n", told(&check(Path::new(name), &[])))).collect();
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn no_file_loses_a_row() {
    for name in files() {
        let rows = name.split('.').nth(1).unwrap();
        let output = check(Path::new(&name), &["--json"]);
        let told: Option<Value> = serde_json::from_slice(&output.stdout).ok();
        assert!(!String::from_utf8_lossy(&output.stderr).contains("panicked"), "{name}");
        match (rows.parse::<u64>(), told) {
            (Ok(rows), Some(told)) => {
                assert_eq!(told["rows"], rows, "{name}: {told}");
                let states = ["queued", "rejected", "duplicate", "suppressed"];
                let sum: u64 = states.iter().map(|state| told[*state].as_u64().unwrap()).sum();
                assert_eq!(sum, rows, "{name}: {told}");
            }
            (Err(_), None) => assert_eq!(output.status.code(), Some(2), "{name}"),
            (rows, told) => {
                panic!("{name}: {rows:?} and {told:?}\n{}", String::from_utf8_lossy(&output.stderr))
            }
        }
    }
}

/// A file of 260 MB, unpacked, fits into the memory that ten rows do; a cell of 64 MB is refused in it.
#[test]
fn size_takes_no_memory() {
    use std::io::Write as _;
    let folder = tempfile::tempdir().unwrap();
    let row = format!("+12025550143,{}\n", "Ann ".repeat(200)).into_bytes().repeat(80);
    for (name, line, exit) in
        [("rows.gz", &row[..], 0), ("quote.gz", &b"\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"[..], 2)]
    {
        let path = folder.path().join(name);
        let mut out =
            flate2::write::GzEncoder::new(fs::File::create(&path).unwrap(), flate2::Compression::fast());
        out.write_all(b"phone,name\n").unwrap();
        out.write_all(line).unwrap();
        let filler = if exit == 0 { row.clone() } else { vec![b'x'; 1 << 16] };
        for _ in 0..(if exit == 0 { 4096 } else { 1024 }) {
            out.write_all(&filler).unwrap();
        }
        out.finish().unwrap();
        let output = check(&path, &["--json"]);
        assert_eq!(output.status.code(), Some(exit), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

/// What is guessed can be said instead.
#[test]
fn options_win_over_what_is_detected() {
    let output = check(Path::new("workbook.3.xlsx"), &["--sheet", "old"]);
    assert!(told(&output).contains("its sheet \"Old\" does not have the column phone"), "{}", told(&output));
    let output = check(Path::new("workbook.3.xlsx"), &["--sheet", "July"]);
    assert!(told(&output).contains("it has Customers, Old, Notes"), "{}", told(&output));
    let output = check(Path::new("windows-1252.3.csv"), &["--encoding", "ISO-8859-2"]);
    assert!(told(&output).contains("file: ISO-8859-2, semicolons"), "{}", told(&output));
    let output = check(Path::new("semicolons.3.csv"), &["--delimiter", ","]);
    assert_eq!(output.status.code(), Some(2), "{}", told(&output));
}
