//! Files that options name with `file://`, read as the AWS CLI reads them.

use std::path::Path;

use serde_json::Value;

use crate::domain::cli_input::{FileOf, arguments, file_of};
use crate::files;

/// The text of the file at a path that may begin with `~` and have `$NAME` in it. Line ends become `\n`.
///
/// # Errors
/// Why it cannot be read.
pub(super) fn text(path: &str) -> Result<String, String> {
    let bytes = bytes(path, "file://")?;
    let text = String::from_utf8(bytes).map_err(|_| {
        format!("Unable to load paramfile ({path}), text contents could not be decoded: it is not UTF-8")
    })?;
    Ok(text.replace("\r\n", "\n").replace('\r', "\n"))
}

fn bytes(path: &str, prefix: &str) -> Result<Vec<u8>, String> {
    files::read(Path::new(&expanded(path)))
        .map_err(|error| format!("Unable to load paramfile {prefix}{path}: {error}"))
}

/// The members of `--cli-input-json` or `--cli-input-yaml`.
///
/// # Errors
/// Where a file cannot be read, or the text is something else.
pub(super) fn input(json: Option<&str>, yaml: Option<&str>) -> Result<Option<Value>, String> {
    let read = |given: &str| match file_of(given) {
        Some(FileOf::Text(path)) => text(path),
        Some(FileOf::Bytes(path)) => {
            String::from_utf8(bytes(path, "fileb://")?).map_err(|_| format!("{path} is not UTF-8"))
        }
        None => Ok(given.to_owned()),
    };
    match (json, yaml) {
        (Some(json), _) => arguments::json_input(&read(json)?).map(Some),
        (None, Some(yaml)) => arguments::yaml_input(&read(yaml)?).map(Some),
        (None, None) => Ok(None),
    }
}

/// Python's `expandvars(expanduser(path))`; `~NAME` stays.
fn expanded(path: &str) -> String {
    let home = std::env::var("HOME").ok();
    let path = match (path.strip_prefix('~'), home) {
        (Some(rest), Some(home)) if rest.is_empty() || rest.starts_with('/') => format!("{home}{rest}"),
        _ => path.to_owned(),
    };
    with_variables(&path, |name| std::env::var(name).ok())
}

fn with_variables(path: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut expanded = String::new();
    let mut rest = path;
    while let Some(at) = rest.find('$') {
        expanded.push_str(&rest[..at]);
        rest = &rest[at..];
        let named = match rest[1..].strip_prefix('{') {
            Some(inner) => inner.find('}').map(|end| (&inner[..end], end + 3)),
            None => {
                let word = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
                let end = rest[1..].find(word).unwrap_or(rest.len() - 1);
                Some((&rest[1..=end], end + 1))
            }
        };
        match named.and_then(|(name, length)| Some((value(name)?, length))) {
            Some((value, length)) => {
                expanded.push_str(&value);
                rest = &rest[length..];
            }
            None => {
                expanded.push('$');
                rest = &rest[1..];
            }
        }
    }
    expanded + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_put_in_and_unknown_ones_stay() {
        let value = |name: &str| (name == "DIR").then(|| "/tmp".to_owned());
        for (path, expanded) in [
            ("$DIR/a", "/tmp/a"),
            ("x${DIR}y", "x/tmpy"),
            ("$NONE/$", "$NONE/$"),
            ("${DIR", "${DIR"),
            ("${NONE}$DIR", "${NONE}/tmp"),
            ("plain", "plain"),
        ] {
            assert_eq!(with_variables(path, value), expanded, "{path}");
        }
    }
}
