//! What holds for every error, whatever it is about.

/// What only a programmer wants to see.
const INNARDS: [&str; 16] = [
    "Some(",
    "None)",
    "Ok(",
    "Err(",
    "Error {",
    "Error(",
    "Os {",
    "Kind::",
    "kind:",
    "source:",
    "panicked",
    "unwrap()",
    "RUST_BACKTRACE",
    "rusqlite",
    "SqliteFailure",
    "::",
];

/// How a line begins that says what is wrong.
const BEGINNINGS: [&str; 4] = ["error: ", "halted", "stopped", "  hint: "];

/// Most colons of a line: a place, what, why.
const LINKS: usize = 4;

/// How a line begins that says what to do.
const ADVICE: [&str; 5] = ["hint: ", "next: ", "tip: ", "Usage: ", "For more information, try"];

/// A line as far as the words are ours: what the service says behind its status is quoted as it is.
fn ours(line: &str) -> &str {
    line.split_once("(HTTP ").map_or(line, |(ours, _)| ours)
}

/// What makes it unfit for people, if anything does.
pub(crate) fn breach(said: &str) -> Option<String> {
    let shown: String = said.lines().map(|line| ours(line).replace("[::1]", "[loopback]") + "\n").collect();
    if let Some(innards) = INNARDS.iter().find(|innards| shown.contains(**innards)) {
        return Some(format!("shows \"{innards}\""));
    }
    if said.to_lowercase().matches("caused by").count() > 2 {
        return Some("is a list of causes".to_owned());
    }
    if let Some(line) = said.lines().find(|line| ours(line).matches(": ").count() > LINKS) {
        return Some(format!("is a chain: {line}"));
    }
    if !said.lines().any(|line| BEGINNINGS.iter().any(|beginning| line.starts_with(beginning))) {
        return Some("does not say what is wrong".to_owned());
    }
    let last = said.trim_end().lines().last().unwrap_or_default().trim_start();
    (!ADVICE.iter().any(|advice| last.starts_with(advice))).then(|| "does not end with what to do".to_owned())
}
