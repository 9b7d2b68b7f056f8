//! One word, one thing: no two types of the sender share a name, but for those that are listed with their reason.

use std::collections::{BTreeMap, BTreeSet};

use crate::layers::{Source, module, module_path, root, sources, without_tests};

/// Types that share a name, and why: each is alone in its room, whose path says which it is. `Error` is one in every room.
/// The simulator, which shares no code with the sender, has names of its own.
const SAME_NAMES: &[(&str, &str)] = &[
    ("Cells", "the cells of a row in the file, as a trait; and as the journal keeps them"),
    ("Command", "what is advised; and what the writer of the journal is sent"),
    ("Entry", "of a list of numbers; and of the keys that a spreadsheet tells apart"),
    ("Finding", "of doctor; and of the audit of a journal"),
    ("Home", "of a resource in AWS; and of the journal among files"),
    ("Identity", "of the caller in AWS; and of a campaign in the journal"),
    ("List", "a suppression list as it is observed; and as it is read"),
    ("Lists", "suppression lists of a claim; and of a recipients file"),
    ("Member", "of the service model; and of the request that limits hold for"),
    ("Names", "of placeholders in a template; of foreign ones; and whether a report has any"),
    ("Node", "of a definition; and of an XML document"),
    ("Object", "the result of a command for programs"),
    ("Part", "of a key as it is spelled; and of a line of progress"),
    ("Reader", "of a definition; and of the journal"),
    ("Record", "of the recipients file; and of the journal"),
    ("Rows", "of a sheet; and of a report"),
    ("Source", "of lanes; and of recipients"),
    ("Status", "of a campaign; and of a finding"),
    ("Subject", "of a question of hours; and of what is asked of the account"),
    ("Waiting", "rows that wait, in the pre-flight and in the journal"),
    ("Look", "how often status looks; and what the live page sees"),
    ("Order", "a report that the live page writes; and what it steers"),
    ("Overview", "of all campaigns of a journal; and of one in its report"),
    ("Problem", "a mistake in a file of the user; and what a campaign of the overview suffers from"),
    ("Route", "how requests leave the machine; and a path of the live page"),
];

/// The names of the types that a file declares.
fn types(text: &str) -> Vec<String> {
    let code = Source::read(without_tests(text)).code;
    let declared = |line: &str| {
        // What is indented is inside something.
        let after = match line.strip_prefix("pub(") {
            Some(rest) => rest.split_once(") ")?.1,
            None => line.strip_prefix("pub ").unwrap_or(line),
        };
        let rest =
            ["struct ", "enum ", "trait ", "type "].iter().find_map(|word| after.strip_prefix(word))?;
        Some(rest.chars().take_while(char::is_ascii_alphanumeric).collect())
    };
    code.lines().filter_map(declared).collect()
}

#[test]
fn no_two_types_share_a_name() {
    let mut declared: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (path, text) in sources(&root().join("src")) {
        if module(&path) != "simulator" && !module_path(&path).contains("tests") {
            for name in types(&text) {
                declared.entry(name).or_default().push(path.display().to_string());
            }
        }
    }
    let shared = declared.into_iter().filter(|(name, files)| files.len() > 1 && name != "Error");
    let shared: BTreeMap<String, Vec<String>> = shared.collect();
    let allowed: BTreeSet<&str> = SAME_NAMES.iter().map(|(name, _)| *name).collect();
    let new: Vec<_> = shared.iter().filter(|(name, _)| !allowed.contains(name.as_str())).collect();
    assert!(new.is_empty(), "name one of each for what it is: {new:#?}");
    let gone: Vec<_> = allowed.iter().filter(|name| !shared.contains_key(**name)).collect();
    assert!(gone.is_empty(), "SAME_NAMES has names that one type has: {gone:?}");
}

#[test]
fn declarations_are_found() {
    let declarations =
        "pub(super) struct A<T>(T);\nenum B {}\n    struct Inner;\n// struct C\npub type D = u8;";
    assert_eq!(types(declarations), ["A", "B", "D"]);
}
