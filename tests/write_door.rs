//! Everything that is written to a journal goes through one door (`src/journal/file/write.rs`), held against the sources: a
//! transaction that began elsewhere, or a statement outside of one, would not reach the others who share the journal.

use std::collections::BTreeSet;

use crate::layers::{Source, module, root, sources, without_tests};

/// How a transaction begins, and how a statement runs outside of one. Spaces and line ends do not count.
const WAYS: [&str; 6] = [
    "transaction_with_behavior(",
    ".transaction()",
    "unchecked_transaction(",
    "Transaction::new",
    "self.connection.execute(",
    "connection.execute_batch(",
];

/// Where they stand besides, and why.
const BESIDES: &[(&str, &str)] = &[
    ("src/journal/campaign.rs", "counts and rows are read at one instant"),
    ("src/journal/care/purge.rs", "the file is written anew, with what it has"),
    ("src/journal/file/backup.rs", "the copy is written, and not the journal"),
    ("src/journal/file/integrity_check.rs", "a snapshot is read"),
    (
        "src/journal/file/log_on_disk.rs",
        "nobody else writes the log meanwhile, and nothing is written into the journal",
    ),
    ("src/journal/file/replicated.rs", "commits of others, as they come"),
    ("src/journal/file/write.rs", "the door"),
    ("src/journal/postgres/changes.rs", "what notes changes is the connection's own"),
    ("src/journal/postgres/fetch.rs", "a file that is no journal yet"),
    ("src/journal/postgres/replica.rs", "how far the replica is"),
    ("src/journal/query/snapshot.rs", "a snapshot is read"),
    ("src/journal/run/allowance.rs", "what limits count is read at one instant"),
    ("src/journal/run/held_rows.rs", "a table of the connection's own"),
];

fn ways_of(text: &str) -> Vec<&'static str> {
    let code: String = Source::read(without_tests(text)).code.split_whitespace().collect();
    WAYS.into_iter().filter(|way| code.contains(way)).collect()
}

#[test]
fn everything_is_written_through_one_door() {
    let all = sources(&root().join("src"));
    let of_journal = all.iter().filter(|(path, _)| module(path) == "journal");
    let found: BTreeSet<String> = of_journal
        .filter(|(path, text)| !path.to_string_lossy().contains("/tests/") && !ways_of(text).is_empty())
        .map(|(path, _)| path.to_string_lossy().into_owned())
        .collect();
    let allowed: BTreeSet<String> = BESIDES.iter().map(|(path, _)| (*path).to_owned()).collect();
    assert_eq!(found, allowed, "left: the sources; right: BESIDES above");
}

#[test]
fn another_way_in_is_found() {
    let written = "fn note(&self) {\n    self\n        .connection\n        .execute(SQL, [])\n}\n";
    assert_eq!(ways_of(written), ["self.connection.execute("]);
    assert_eq!(ways_of("let tx = self.begin_write()?;\ntx.execute(SQL, [])?;"), [""; 0]);
}
