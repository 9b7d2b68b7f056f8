//! Command lines into words, and what differs from run to run out of what is said.

use std::path::Path;

/// The words of a command line; single quotes keep them together.
pub(crate) fn split(line: &str) -> Vec<String> {
    let mut words = vec![];
    for (at, part) in line.split('\'').enumerate() {
        if at % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split(' ').filter(|word| !word.is_empty()).map(str::to_owned));
        }
    }
    words
}

/// Without what is another one in every run: the folder, process numbers, ports, times.
pub(crate) fn normal(said: &str, folder: &Path) -> String {
    let said = said.replace(&*folder.to_string_lossy(), "FOLDER");
    let mut normal = String::with_capacity(said.len());
    // Problems of one kind are told together, as many as come within a moment.
    for line in said.lines().filter(|line| !line.contains("not tried again: ")) {
        let line = after(line, "process ", |c| c.is_ascii_digit(), "N");
        let line = after(&line, "since ", |c| c.is_ascii_digit() || "-T:.Z".contains(c), "TIME");
        let line = after(&line, "after 20", |c| c.is_ascii_digit() || "-T:.Z".contains(c), "TIME");
        // The newest schema changes with each migration.
        let line = after(&line, "this one knows ", |c| c.is_ascii_digit(), "N");
        let line = after(&line, "127.0.0.1:", |c| c.is_ascii_digit(), "PORT");
        let line = match line.split_once(" in ") {
            Some((requests, _)) if requests.contains(" request") => format!("{requests} in TIME"),
            _ => line,
        };
        normal.push_str(line.trim_end());
        normal.push('\n');
    }
    normal
}

/// Puts `word` where, behind `marker`, such characters stand.
fn after(line: &str, marker: &str, such: impl Fn(char) -> bool, word: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(at) = rest.find(marker) {
        let (before, behind) = rest.split_at(at + marker.len());
        out.push_str(before);
        rest = behind.trim_start_matches(&such);
        if rest.len() < behind.len() {
            out.push_str(word);
        }
    }
    out + rest
}
