//! What the documents say, held against the sources: the tests and files that they name, keys, columns, exit codes.
//!
//! Their commands are run by `tests/documented/mod.rs`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use campaign::domain::definition::keys::{KEYS, TABLES};
use campaign::domain::definition::sender_keys::SENDER_KEYS;
use campaign::domain::delivery::ending::Exit;
use campaign::report::FIXED_COLUMNS;

/// The documents of the project, and every page below `docs/`.
fn documents() -> Vec<String> {
    let mut documents = [
        "README.md",
        "ARCHITECTURE.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "tests/README.md",
        "packaging/README.md",
    ]
    .map(str::to_owned)
    .to_vec();
    for folder in ["docs", "docs/exits", "docs/design", "docs/decisions"] {
        let entries = fs::read_dir(root().join(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
        let names = entries.filter_map(|entry| Some(entry.ok()?.file_name().to_str()?.to_owned()));
        documents.extend(names.filter(|name| name.ends_with(".md")).map(|name| format!("{folder}/{name}")));
    }
    documents
}

const EXITS: [Exit; 9] = [
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
    for document in documents() {
        let text = read(&document);
        let is_path = |name: &&String| {
            places.iter().any(|place| name.starts_with(place))
                || (name.ends_with(".rs") && name.contains('/'))
        };
        for name in quoted(&text).iter().filter(is_path) {
            let path = name.split("::").next().expect("a split has a first part");
            // What the reader is to make, or what stands for many.
            let made =
                path.contains("NAME") || path.contains('*') || path.contains(' ') || path.contains("spring");
            assert!(made || root().join(path).exists(), "{document} names {path}, which is not there");
        }
        let folder = Path::new(&document).parent().expect("a file has a folder");
        for link in text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap_or("")) {
            let path = link.split('#').next().unwrap_or("");
            let there =
                path.is_empty() || link.starts_with("https://") || root().join(folder).join(path).exists();
            assert!(there, "{document} links to {link}, which is not there");
            if let Some((path, anchor)) = link.split_once('#').filter(|(path, _)| path.ends_with(".md")) {
                let page = read(root().join(folder).join(path));
                let anchors: Vec<String> = page.lines().filter_map(anchor_of).collect();
                assert!(
                    anchors.iter().any(|known| known == anchor),
                    "{document} links to {link}: there is no such part"
                );
            }
        }
    }
}

/// What a heading is linked to by.
fn anchor_of(line: &str) -> Option<String> {
    let title = line.trim_start_matches('#').strip_prefix(' ').filter(|_| line.starts_with('#'))?;
    let kept = title
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c))
        .collect::<String>();
    Some(kept.replace(' ', "-"))
}

/// What a run can end with, and what can halt it: each has a page, and the index names it.
#[test]
fn every_exit_code_and_halt_has_a_page() {
    let index = read("docs/exits/README.md");
    let codes = EXITS.map(|exit| exit.code().to_string());
    let halts = [
        "access-denied",
        "not-found",
        "credentials",
        "unexpected-answer",
        "no-answer",
        "failures",
        "rejections",
        "opt-outs",
        "senders",
    ];
    let pages = codes.into_iter().chain(halts.map(|halt| format!("halt-{halt}")));
    for page in pages {
        assert!(index.contains(&format!("({page}.md)")), "docs/exits/README.md does not name {page}.md");
        let text = read(format!("docs/exits/{page}.md"));
        assert!(text.starts_with("# Exit code ") || text.starts_with("# Halt: "), "{page}.md");
    }
    // One of each kind that ends a campaign as a whole: a new one is missing above.
    let kinds = read("src/domain/delivery/ending.rs");
    let endings =
        kinds.split("pub enum Ending {").nth(1).and_then(|rest| rest.split("\n}").next()).unwrap_or("");
    let halting: Vec<&str> =
        ["Refused(", "Silent(", "Rejections {", "Failures {", "OptOuts(", "SendersHalted("]
            .into_iter()
            .collect();
    let variants =
        endings.lines().filter(|line| line.starts_with("    ") && line.as_bytes()[4].is_ascii_uppercase());
    let others = [
        "Complete,",
        "Limit,",
        "Stopped,",
        "Closed",
        "ContactedBefore {",
        "SenderDay {",
        "LastDayFull {",
        "LimitReached(",
        "Interrupted(",
    ];
    for variant in variants.map(str::trim) {
        let known = halting.iter().chain(&others).any(|known| variant.starts_with(known));
        assert!(known, "does {variant} have a page below docs/exits/?");
    }
}

/// What the documents give as JSON is JSON, and the flow of the guide is the one in the file beside it.
#[test]
fn blocks_of_json_are_json() {
    let mut blocks = 0;
    for document in documents() {
        for block in read(&document).split("```json\n").skip(1) {
            let block = block.split("```").next().unwrap_or("");
            let value: Result<serde_json::Value, _> = serde_json::from_str(block);
            assert!(value.is_ok(), "{document}: {block}");
            blocks += 1;
        }
    }
    assert!(blocks >= 2, "{blocks}");
    assert!(
        read("docs/guide.md").contains(&read("docs/send-and-disconnect.json")),
        "two flows that send and disconnect"
    );
}

/// Blocks of TOML are parts of definitions: their keys are keys.
#[test]
fn blocks_of_toml_have_known_keys() {
    for document in documents() {
        for block in read(&document).split("```toml\n").skip(1) {
            let block = block.split("```").next().unwrap_or("");
            let mut table = "";
            for line in block.lines() {
                if line.starts_with("[[senders]]") {
                    table = "senders";
                } else if let Some(name) = line.strip_prefix('[').and_then(|line| line.split(']').next()) {
                    assert!(TABLES.iter().any(|(known, _)| *known == name), "{document}: [{name}]");
                    table = name;
                } else if let Some((name, _)) = line.split_once(" = ") {
                    let path = if table.is_empty() { name.to_owned() } else { format!("{table}.{name}") };
                    let known = KEYS.iter().chain(SENDER_KEYS).any(|key| key.path == path);
                    assert!(known, "{document}: {path}");
                }
            }
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
    assert!(promises.len() >= 9, "{}", promises.len());
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
    let text = read("docs/design/journal.md");
    let migrations = fs::read_dir(root().join("migrations")).expect("the migrations");
    let schema: String = migrations
        .map(|entry| entry.expect("an entry").path())
        .map(|path| fs::read_to_string(path).expect("a migration"))
        .collect();
    for table in schema.split("CREATE TABLE ").skip(1).filter_map(|rest| rest.split(' ').next()) {
        assert!(
            text.contains(&format!("| `{table}` |")),
            "docs/design/journal.md does not describe the table {table}"
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
fn every_exit_code_and_report_column_is_explained() {
    let readme = read("README.md");
    let exits = EXITS;
    let rows: Vec<&str> =
        readme.lines().skip_while(|line| !line.starts_with("| code |")).skip(2).take(exits.len()).collect();
    for (exit, row) in exits.iter().zip(rows) {
        assert!(row.starts_with(&format!("| {} |", exit.code())), "{exit:?} and {row}");
    }
    let named = quoted(&read("docs/report.md"));
    for column in FIXED_COLUMNS {
        assert!(
            named.iter().any(|name| name == column),
            "docs/report.md does not explain the column {column}"
        );
    }
}

/// The workflows name the oldest Rust and each fuzz target; the README names the oldest Rust.
#[test]
fn the_workflows_know_the_oldest_rust_and_every_fuzz_target() {
    let manifest = read("Cargo.toml");
    let oldest = manifest
        .lines()
        .find_map(|line| line.strip_prefix("rust-version = ")?.trim_matches('"').into())
        .expect("rust-version");
    let ci = read(".github/workflows/ci.yml");
    assert!(ci.contains(&format!("rust-toolchain@{oldest}\n")), "ci.yml does not test with {oldest}");
    assert!(read("README.md").contains(oldest), "README.md does not name {oldest}");
    let mut targets: Vec<String> = fs::read_dir(root().join("fuzz/targets"))
        .expect("targets")
        .filter_map(|entry| Some(entry.ok()?.path().file_stem()?.to_str()?.to_owned()))
        .collect();
    targets.sort();
    let nightly = read(".github/workflows/nightly.yml");
    assert!(
        nightly.contains(&format!("target: [{}]", targets.join(", "))),
        "nightly.yml lacks one of {targets:?}"
    );
}
