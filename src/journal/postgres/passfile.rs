//! The password file. <https://www.postgresql.org/docs/current/libpq-pgpass.html>.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Longest file that is read, in bytes.
const LONGEST: u64 = 1 << 20;

/// Whom a password is for.
#[derive(Debug, Clone, Copy)]
pub(super) struct PasswordFor<'a> {
    /// The host as it was named; `localhost` for the standard folder of sockets.
    pub(super) host: &'a str,
    pub(super) port: u16,
    pub(super) database: &'a str,
    pub(super) user: &'a str,
}

/// The password of the first line that fits; an error says why the file was passed over.
pub(super) fn find(path: &Path, of: &PasswordFor<'_>) -> Result<Option<String>, String> {
    let Ok(metadata) = path.metadata() else { return Ok(None) };
    let passed_over =
        |why: &str| Err(format!("; {} was passed over: {why}", crate::domain::foreign::path(path)));
    if !metadata.is_file() {
        return passed_over("it is no file");
    }
    if metadata.permissions().mode() & 0o077 != 0 {
        return passed_over("others may read it (its mode must be 0600)");
    }
    if metadata.len() > LONGEST {
        return passed_over("it is too long");
    }
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(text.lines().find_map(|line| password(line, of))),
        Err(error) => passed_over(&error.to_string()),
    }
}

/// The password of a line, where it is for these.
fn password(line: &str, of: &PasswordFor<'_>) -> Option<String> {
    if line.starts_with('#') {
        return None;
    }
    let fields = fields(line);
    let [host, port, database, user, password, ..] = fields.as_slice() else { return None };
    let fits = |field: &String, value: &str| field == "*" || field == value;
    let all = fits(host, of.host)
        && fits(port, &of.port.to_string())
        && fits(database, of.database)
        && fits(user, of.user);
    (all && !password.is_empty()).then(|| password.clone())
}

/// The fields of a line: a backslash takes a colon or another backslash as it is.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut characters = line.chars();
    while let Some(c) = characters.next() {
        let last = fields.len() - 1;
        match c {
            '\\' => fields[last].extend(characters.next()),
            ':' => fields.push(String::new()),
            other => fields[last].push(other),
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_fits_counts_and_a_file_that_others_may_read_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pgpass");
        let of = PasswordFor { host: "db.example", port: 5432, database: "sms", user: "ann" };
        assert_eq!(find(&path, &of), Ok(None), "there is none");
        let text = "# db.example:5432:sms:ann:no\ndb.example:5433:*:*:no\ndb.example:*:sms:ann:a\\:b\\\\c:d\n*:*:*:*:last\n";
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(find(&path, &of).unwrap_err().contains("others may read it"));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(find(&path, &of), Ok(Some("a:b\\c".to_owned())));
        assert_eq!(find(&path, &PasswordFor { user: "bob", ..of }), Ok(Some("last".to_owned())));
    }
}
