//! Service files: named sets of connection parameters. <https://www.postgresql.org/docs/current/libpq-pgservice.html>.

use std::io;
use std::path::Path;

use crate::domain::foreign;
use crate::files;
use crate::journal::postgres::error::PostgresError;

/// Longest file that is read, in bytes.
const LONGEST: u64 = 1 << 20;

/// The parameters of the service, from the first of these files that has it.
///
/// # Errors
/// Where no file has it, or one cannot be read.
pub(super) fn find(
    service: &str,
    own: Option<&Path>,
    of_system: Option<&Path>,
) -> Result<Vec<(String, String)>, PostgresError> {
    for path in own.into_iter().chain(of_system) {
        let failed = |why: String| PostgresError::File { path: path.to_owned(), why };
        let text = match read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            read => read.map_err(|error| failed(error.to_string()))?,
        };
        if let Some(found) = section(&text, service).map_err(failed)? {
            return Ok(found);
        }
    }
    Err(PostgresError::Address(format!(
        "names the service \"{}\", and no service file has it",
        foreign::shown(service)
    )))
}

fn read(path: &Path) -> io::Result<String> {
    if path.metadata()?.len() > LONGEST {
        return Err(io::Error::other("it is too long for a service file"));
    }
    files::read_regular_to_string(path)
}

/// The lines of a section. None where there is no such section.
fn section(text: &str, service: &str) -> Result<Option<Vec<(String, String)>>, String> {
    let mut found = None;
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(name) = line.strip_prefix('[') {
            if found.is_some() {
                break;
            }
            if name.strip_suffix(']') == Some(service) {
                found = Some(Vec::new());
            }
            continue;
        }
        let Some(found) = &mut found else { continue };
        let Some((name, value)) = line.split_once('=') else {
            return Err(format!("line {} is not of the form NAME=VALUE", at + 1));
        };
        if name == "service" {
            return Err(format!("line {}: a service cannot name another", at + 1));
        }
        found.push((name.trim().to_owned(), value.trim().to_owned()));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_section_of_the_first_file_that_has_it_counts() {
        let folder = tempfile::tempdir().unwrap();
        let [own, of_system] = ["own", "system"].map(|name| folder.path().join(name));
        std::fs::write(&of_system, "[a]\nhost=other\n[b]\n# one\n port = 5433 \ndbname=x=y\n").unwrap();
        let pairs = |found: Result<Vec<(String, String)>, PostgresError>| -> String {
            found.map_or_else(|error| error.to_string(), |found| format!("{found:?}"))
        };
        assert_eq!(
            pairs(find("b", Some(&own), Some(&of_system))),
            r#"[("port", "5433"), ("dbname", "x=y")]"#,
            "a file that is not there is passed over"
        );
        std::fs::write(&own, "[b]\nhost=mine\n").unwrap();
        assert_eq!(pairs(find("b", Some(&own), Some(&of_system))), r#"[("host", "mine")]"#);
        assert_eq!(pairs(find("a", Some(&own), Some(&of_system))), r#"[("host", "other")]"#);
        assert!(pairs(find("c", Some(&own), None)).ends_with("no service file has it"));
        std::fs::write(&own, "[b]\nhost mine\n").unwrap();
        assert!(pairs(find("b", Some(&own), None)).ends_with("line 2 is not of the form NAME=VALUE"));
    }
}
