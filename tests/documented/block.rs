//! The commands in a document's blocks of shell, and what the document says that they say.

/// A command line.
#[derive(Debug, PartialEq)]
pub(crate) struct Line {
    /// Where it begins in its document, from 1.
    pub(crate) number: usize,
    pub(crate) command: String,
    /// The exit code that it ends with.
    pub(crate) exit: i32,
    /// What the document shows below it.
    pub(crate) shown: Vec<String>,
}

/// The commands of all blocks of `sh`, and those behind a `$` in blocks of `console`.
pub(crate) fn lines(document: &str) -> Vec<Line> {
    let mut found: Vec<Line> = Vec::new();
    let mut language = None;
    let mut continued = false;
    for (at, text) in document.lines().enumerate() {
        if let Some(fence) = text.strip_prefix("```") {
            language = if language.is_some() { None } else { Some(fence) };
            continued = false;
            continue;
        }
        let command = match language {
            Some("sh") => Some(text),
            Some("console") => text.strip_prefix("$ ").or(continued.then_some(text)),
            _ => None,
        };
        let Some(command) = command else {
            if let (Some("console"), Some(line)) = (language, found.last_mut()) {
                line.shown.push(text.to_owned());
            }
            continue;
        };
        let (command, comment) = without_comment(command);
        let (part, goes_on) = command.strip_suffix('\\').map_or((command, false), |part| (part, true));
        if continued {
            found.last_mut().unwrap().command.push_str(part.trim());
        } else if !part.trim().is_empty() {
            let exit = comment.split_once("exit ").and_then(|(_, rest)| {
                rest.split(|c: char| !c.is_ascii_digit()).next().and_then(|code| code.parse().ok())
            });
            let command = if goes_on { format!("{} ", part.trim()) } else { part.trim().to_owned() };
            found.push(Line { number: at + 1, command, exit: exit.unwrap_or(0), shown: Vec::new() });
        }
        if continued && goes_on {
            found.last_mut().unwrap().command.push(' ');
        }
        continued = goes_on;
    }
    found
}

/// A command and what is said behind it.
fn without_comment(line: &str) -> (&str, &str) {
    let comment = line.match_indices('#').find(|(at, _)| *at == 0 || line[..*at].ends_with("  "));
    comment.map_or((line.trim_end(), ""), |(at, _)| (line[..at].trim_end(), &line[at..]))
}

/// What is shown and was not said; what is behind a line with `…` is left open.
pub(crate) fn difference(shown: &[String], said: &str) -> Option<String> {
    let mut said = said.lines();
    for line in shown.iter().map(|line| line.trim_end()) {
        if line.trim() == "…" {
            return None;
        }
        match said.next().map(str::trim_end) {
            Some(same) if same == line => {}
            other => return Some(format!("instead of \"{line}\": {other:?}")),
        }
    }
    None
}

#[test]
fn commands_are_found_with_their_exit_codes_and_words() {
    let document = "# x\n```sh\na b    # exit 4: c\n\n# only words\nd \\\n  e \\\n  f\n```\n`no`\n```text\nno\n```\n\
                    ```console\n$ g 'h#i'\nsaid\n  more\n$ j\n```\n";
    let line = |number, command: &str, exit, shown: &[&str]| Line {
        number,
        command: command.to_owned(),
        exit,
        shown: shown.iter().map(|line| (*line).to_owned()).collect(),
    };
    assert_eq!(
        lines(document),
        [
            line(3, "a b", 4, &[]),
            line(6, "d e f", 0, &[]),
            line(15, "g 'h#i'", 0, &["said", "  more"]),
            line(18, "j", 0, &[])
        ]
    );
    assert_eq!(difference(&["a".to_owned(), "…".to_owned(), "b".to_owned()], "a\nc\n"), None);
    assert!(difference(&["a".to_owned(), "b".to_owned()], "a\n").is_some());
}
