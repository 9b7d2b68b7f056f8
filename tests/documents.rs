//! What the documents say, held against the sources: the tests and files that they name, keys, columns, exit codes.
//!
//! The commands of README.md are run by `.ci/run`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use campaign::domain::definition::keys::{KEYS, TABLES};
use campaign::domain::ending::Exit;
use campaign::report::FIXED_COLUMNS;

const DOCUMENTS: [&str; 6] = [
    "README.md",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "tests/README.md",
    "docs/api-members.md",
    "packaging/README.md",
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What stands between backticks, outside of blocks of code.
fn quoted(document: &str) -> Vec<String> {
    let prose = document.split("```").step_by(2);
    prose.flat_map(|text| text.split('`').skip(1).step_by(2)).map(str::to_owned).collect()
}

#[test]
fn every_file_that_a_document_names_is_there() {
    let places =
        ["src/", "tests/", "migrations/", "campaigns/", "docs/", ".ci/", "ARCHITECTURE.md", "README.md"];
    for document in DOCUMENTS {
        let text = read(document);
        for name in quoted(&text).iter().filter(|name| places.iter().any(|place| name.starts_with(place))) {
            let path = name.split("::").next().expect("a split has a first part");
            // What the reader is to make, or what stands for many.
            let made =
                path.contains("NAME") || path.contains('*') || path.contains(' ') || path.contains("spring");
            assert!(made || root().join(path).exists(), "{document} names {path}, which is not there");
        }
        let folder = Path::new(document).parent().expect("a file has a folder");
        for link in text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap_or("")) {
            let path = link.split('#').next().unwrap_or("");
            let there =
                path.is_empty() || link.starts_with("https://") || root().join(folder).join(path).exists();
            assert!(there, "{document} links to {link}, which is not there");
        }
    }
}

#[test]
fn every_promise_names_tests_that_exist() {
    let text = read("ARCHITECTURE.md");
    let promises: Vec<&str> = text
        .lines()
        .skip_while(|line| !line.starts_with("| | promise |"))
        .skip(2)
        .take_while(|l| l.starts_with('|'))
        .collect();
    assert_eq!(promises.len(), 9);
    for promise in promises {
        let tests: Vec<String> = quoted(promise).into_iter().filter(|name| name.contains(".rs::")).collect();
        assert!(!tests.is_empty(), "nothing guards {promise}");
        for test in tests {
            let (path, name) = test.split_once("::").expect("a path and a name");
            assert!(read(path).contains(&format!("fn {name}(")), "{path} has no test {name}");
        }
    }
}

#[test]
fn every_table_of_the_journal_is_described() {
    let text = read("ARCHITECTURE.md");
    let schema = read("migrations/V1__journal.sql");
    for table in schema.split("CREATE TABLE ").skip(1).filter_map(|rest| rest.split(' ').next()) {
        assert!(
            text.contains(&format!("| `{table}` |")),
            "ARCHITECTURE.md does not describe the table {table}"
        );
    }
}

/// The keys that `docs/api-members.md` gives, and the other way round: no key of the request is forgotten.
#[test]
fn the_page_of_api_members_has_the_keys_of_a_definition() {
    let named: BTreeSet<String> = quoted(&read("docs/api-members.md"))
        .iter()
        .filter_map(|text| {
            let path = text.split([' ', '=']).next().unwrap_or("").trim_end_matches(".NAME");
            TABLES.iter().any(|(table, _)| path.starts_with(&format!("{table}."))).then(|| path.to_owned())
        })
        .collect();
    let known: BTreeSet<String> = KEYS.iter().map(|key| key.path.to_owned()).collect();
    let unknown: Vec<&String> = named.difference(&known).collect();
    assert!(unknown.is_empty(), "no keys of a definition: {unknown:?}");
    let missing: Vec<&String> = known
        .difference(&named)
        .filter(|path| path.starts_with("connect.") || path.starts_with("contact."))
        .collect();
    assert!(missing.is_empty(), "not on the page: {missing:?}");
}

#[test]
fn the_readme_has_every_exit_code_and_report_column() {
    let readme = read("README.md");
    let exits = [
        Exit::Done,
        Exit::Failure,
        Exit::Usage,
        Exit::Incomplete,
        Exit::Limit,
        Exit::Halted,
        Exit::Held,
        Exit::Interrupted,
        Exit::Terminated,
    ];
    let rows: Vec<&str> =
        readme.lines().skip_while(|line| !line.starts_with("| code |")).skip(2).take(exits.len()).collect();
    for (exit, row) in exits.iter().zip(rows) {
        assert!(row.starts_with(&format!("| {} |", exit.code())), "{exit:?} and {row}");
    }
    let named = quoted(&readme);
    for column in FIXED_COLUMNS {
        assert!(named.iter().any(|name| name == column), "the README does not explain the column {column}");
    }
}
