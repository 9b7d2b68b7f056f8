//! The layers of ARCHITECTURE.md, held against the sources: which module may use which, which crates and words belong
//! to one place only, and what every file has.
//!
//! It reads text, not syntax trees: comments are taken out, and what is left is searched. That is enough for paths,
//! crate names and SQL, and has no opinion on anything else.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Longest file, in lines.
const LONGEST: usize = 600;

/// Words that only these modules may have in their code, and why.
const PLACES: &[(&[&str], &[&str], &str)] = &[
    (&["rusqlite", "refinery"], &["journal"], "SQL has one place"),
    (&["aws_"], &["connect", "simulator"], "AWS is named where its wire is"),
    (&["governor"], &["pace"], "permits are waited for in one place"),
    (&["indicatif"], &["progress"], "bars are drawn in one place"),
    (&["rlibphonenumber"], &["domain"], "numbers are read in one place"),
    (&["minijinja"], &["domain", "report"], "messages are rendered in one place, and the page in another"),
    (&["hyper::", "TcpListener"], &["simulator"], "only the simulator serves"),
    (&["clap::"], &["cli", "main"], "arguments end at the commands"),
    (
        &["std::fs", "std::process"],
        &["cli", "connect", "journal", "main", "recipients", "report", "simulator"],
        "I/O is at the edges",
    ),
    (&["SystemTime::now"], &["clock"], "wall-clock time is injected"),
    (
        &["calamine", "encoding_rs", "chardetng", "ruzstd", "zip::", "csv_core"],
        &["recipients"],
        "files are taken apart in one place",
    ),
    (&["flate2"], &["recipients", "report"], "files are packed and unpacked at the edges"),
    (&["csv::"], &["recipients", "report"], "CSV is read and written at the edges"),
];

/// Words that the domain, which is pure, has none of.
const IMPURE: &[&str] = &[
    "tokio",
    "futures",
    "std::thread",
    "std::env",
    "std::io",
    "Instant",
    "SystemTime",
    "Timestamp::now",
    "Zoned::now",
    "fastrand",
    "async ",
    "tracing",
    "println!",
];

/// How SQL begins.
const SQL: &[&str] = &[
    "SELECT ",
    "INSERT ",
    "UPDATE ",
    "DELETE FROM",
    "REPLACE INTO",
    "CREATE ",
    "DROP ",
    "ALTER TABLE",
    "PRAGMA ",
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
    "VACUUM",
    "WITH ",
    "ATTACH ",
];

/// The test binaries, at most four: each links the whole program anew.
const BINARIES: [&str; 4] = ["campaigns.rs", "program.rs", "sources.rs", "outside.rs"];

type Arrows = BTreeMap<String, BTreeSet<String>>;

/// A source without its comments: its code with empty strings, and its strings.
struct Source {
    code: String,
    strings: Vec<String>,
}

impl Source {
    fn read(text: &str) -> Self {
        let mut source = Self { code: String::new(), strings: Vec::new() };
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            if rest.starts_with("//") {
                rest = rest.find('\n').map_or("", |end| &rest[end..]);
            } else if let Some(hashes) = raw_string(rest) {
                let close = format!("\"{}", "#".repeat(hashes));
                let inner = &rest[hashes + 2..];
                let end = inner.find(&close).unwrap_or(inner.len());
                source.strings.push(inner[..end].to_owned());
                rest = inner.get(end + close.len()..).unwrap_or("");
            } else if first == '"' {
                let end = end_of_string(&rest[1..]);
                source.strings.push(rest[1..=end].to_owned());
                rest = rest.get(end + 2..).unwrap_or("");
            } else if let Some(length) = character(rest) {
                rest = &rest[length..];
            } else {
                source.code.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
        source
    }

    /// The modules of this crate that the code names.
    fn uses(&self) -> BTreeSet<String> {
        let word = |text: &str| -> String {
            text.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
        };
        let mut used = BTreeSet::new();
        for (at, _) in self.code.match_indices("crate::") {
            let path = &self.code[at + "crate::".len()..];
            match path.strip_prefix('{') {
                None => used.insert(word(path)),
                Some(group) => {
                    let mut depth = 0;
                    let top = group.split(|c| {
                        depth += i32::from(c == '{') - i32::from(c == '}');
                        depth < 0 || (depth == 0 && c == ',')
                    });
                    used.extend(top.take_while(|name| !name.contains(';')).map(|name| word(name.trim())));
                    used.remove("")
                }
            };
        }
        used
    }
}

/// The number of `#` of a raw string that begins here.
fn raw_string(text: &str) -> Option<usize> {
    let after = text.strip_prefix('r')?;
    let hashes = after.bytes().take_while(|byte| *byte == b'#').count();
    after[hashes..].starts_with('"').then_some(hashes)
}

/// Where the quote is that ends a string.
fn end_of_string(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            '"' if !escaped => return at,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    text.len()
}

/// The length of a character literal that begins here; a lifetime is none.
fn character(text: &str) -> Option<usize> {
    let inner = text.strip_prefix('\'')?;
    if inner.starts_with('\\') {
        return Some(inner[2..].find('\'')? + 4);
    }
    let c = inner.chars().next()?;
    inner[c.len_utf8()..].starts_with('\'').then_some(c.len_utf8() + 2)
}

/// What is wrong with one source file of a module.
fn offences(module: &str, text: &str, arrows: &Arrows) -> Vec<String> {
    let mut offences = Vec::new();
    let source = Source::read(text);
    let allowed = arrows.get(module).cloned().unwrap_or_default();
    for used in source.uses() {
        if used != module && !allowed.contains(&used) {
            offences.push(format!("{module} uses {used}"));
        }
    }
    for (words, places, why) in PLACES {
        for word in words.iter().filter(|word| !places.contains(&module) && names(&source.code, word)) {
            offences.push(format!("{module} names {word}: {why}"));
        }
    }
    if module == "domain" {
        offences.extend(
            IMPURE
                .iter()
                .filter(|word| names(&source.code, word))
                .map(|word| format!("domain names {word}: it is pure")),
        );
    }
    if module != "journal" {
        let sql =
            source.strings.iter().filter(|text| SQL.iter().any(|word| text.trim_start().starts_with(word)));
        offences.extend(sql.map(|text| format!("{module} has SQL: {text}")));
    }
    offences
}

/// Whether the code has the word, not as the end of a longer one.
fn names(code: &str, word: &str) -> bool {
    code.match_indices(word)
        .any(|(at, _)| !code[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_'))
}

/// What is wrong with the form of one file.
fn formless(text: &str) -> Option<String> {
    let lines = text.lines().count();
    if !text.starts_with("//!") {
        return Some("does not begin with `//!`".to_owned());
    }
    (lines > LONGEST).then(|| format!("has {lines} lines, more than {LONGEST}"))
}

/// The table of arrows in ARCHITECTURE.md.
fn arrows(document: &str) -> Arrows {
    let cells = |line: &str| line.split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    let names = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<BTreeSet<_>>();
    document
        .lines()
        .skip_while(|line| !line.starts_with("| module | uses |"))
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .map(|line| {
            let cells = cells(line);
            (cells[1].trim_matches('`').to_owned(), names(&cells[2]))
        })
        .collect()
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text = fs::read_to_string(&path).expect("a source is UTF-8");
            found.push((path.strip_prefix(root()).expect("below the root").to_owned(), text));
        }
    }
    found
}

/// The module of this crate that a file below `src` belongs to.
fn module(path: &Path) -> String {
    let first = path.components().nth(1).expect("below src").as_os_str().to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

fn documented() -> Arrows {
    arrows(&fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md is there"))
}

#[test]
fn every_source_keeps_to_its_layer() {
    let arrows = documented();
    let offences: Vec<String> = sources(&root().join("src"))
        .iter()
        .flat_map(|(path, text)| {
            offences(&module(path), text, &arrows)
                .into_iter()
                .map(move |what| format!("{}: {what}", path.display()))
        })
        .collect();
    assert!(offences.is_empty(), "\n{}", offences.join("\n"));
}

#[test]
fn the_documented_arrows_are_those_of_the_sources() {
    let mut found = Arrows::new();
    for (path, text) in sources(&root().join("src")) {
        let module = module(&path);
        if module != "lib" && module != "main" {
            let mut used = Source::read(&text).uses();
            used.remove(&module);
            found.entry(module).or_default().extend(used);
        }
    }
    assert_eq!(found, documented(), "left: the sources; right: the table in ARCHITECTURE.md");
}

#[test]
fn every_file_says_what_it_is_and_fits() {
    let wrong: Vec<String> = ["src", "tests"]
        .iter()
        .flat_map(|folder| sources(&root().join(folder)))
        .filter_map(|(path, text)| formless(&text).map(|what| format!("{} {what}", path.display())))
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Test binaries are declared in Cargo.toml, and their modules in them: a file that none of them reaches is never run.
#[test]
fn no_test_file_is_forgotten() {
    let tests = root().join("tests");
    let forgotten: Vec<String> = sources(&tests)
        .iter()
        .filter_map(|(path, _)| {
            let inner = path.strip_prefix(&tests).ok()?.with_extension("");
            let name = match inner.file_name()?.to_str()? {
                "mod" => inner.parent()?.file_name()?.to_str()?.to_owned(),
                name => name.to_owned(),
            };
            let folder = if inner.ends_with("mod") { inner.parent()?.parent()? } else { inner.parent()? };
            let declared = |text: &str| text.lines().any(|line| line.trim() == format!("mod {name};"));
            let reached = match folder.as_os_str().is_empty() {
                true => {
                    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("the manifest");
                    manifest.contains(&format!("path = \"tests/{name}.rs\""))
                        || BINARIES.iter().any(|binary| {
                            declared(&fs::read_to_string(tests.join(binary)).expect("a test binary"))
                        })
                }
                false => {
                    fs::read_to_string(tests.join(folder).join("mod.rs")).is_ok_and(|text| declared(&text))
                }
            };
            (!reached).then(|| path.display().to_string())
        })
        .collect();
    assert!(forgotten.is_empty(), "no test binary reaches\n{}", forgotten.join("\n"));
}

/// The guard itself: each of these is wrong in one way.
#[test]
fn each_wrong_arrow_is_found() {
    let arrows = documented();
    for (module, text, found) in [
        ("domain", "use tokio::time::sleep;", "domain names tokio"),
        ("domain", "fn now() -> std::time::Instant {", "domain names Instant"),
        ("domain", "let text = std::fs::read(path);", "domain names std::fs"),
        ("domain", "use crate::clock::Clock;", "domain uses clock"),
        ("engine", "use rusqlite::Connection;", "engine names rusqlite"),
        ("engine", "use aws_sdk_connect::Client;", "engine names aws_"),
        ("engine", "use governor::Quota;", "engine names governor"),
        ("engine", "use crate::report;", "engine uses report"),
        ("cli", "run(\"SELECT 1\")", "cli has SQL"),
        ("cli", "run(r#\"\n  DELETE FROM row\"#)", "cli has SQL"),
        ("simulator", "use crate::domain::token::TokenSpace;", "simulator uses domain"),
        ("simulator", "use crate::connect::Client;", "simulator uses connect"),
        ("report", "use crate::engine::RunEvent;", "report uses engine"),
        (
            "progress",
            "use crate::{domain::state::State, journal::{Reader, Record}};",
            "progress uses journal",
        ),
        ("journal", "use crate::clock::Clock;", "journal uses clock"),
        ("pace", "fn f<'a>(x: &'a str) -> char { '\"' } use crate::engine::Stop;", "pace uses engine"),
    ] {
        let offences = offences(module, text, &arrows);
        assert!(offences.len() == 1 && offences[0].starts_with(found), "{text}: {offences:?}");
    }
    assert_eq!(formless("use std::fmt;\n"), Some("does not begin with `//!`".to_owned()));
    assert_eq!(formless(&"//! Long.\n".repeat(601)), Some("has 601 lines, more than 600".to_owned()));
}

/// And each of these is right.
#[test]
fn what_only_looks_wrong_is_let_be() {
    let arrows = documented();
    for (module, text) in [
        ("domain", "// tokio would be wrong here, and so would crate::engine"),
        ("domain", "//! Reading a clock is the business of `crate::clock`."),
        ("domain", "let hint = \"use tokio::time\"; let c = '\"'; let e = '\\''; let q = \"\\\"\";"),
        ("domain", "use std::time::Duration; use crate::domain::{state::State, token};"),
        ("report", "let words = \"select the rows with --state\";"),
        ("journal", "connection.execute(\"DELETE FROM row\", [])"),
        ("engine", "let withdraws = drops_aws_nothing;"),
    ] {
        assert_eq!(offences(module, text, &arrows), Vec::<String>::new(), "{text}");
    }
    assert_eq!(formless(&"//! Just right.\n".repeat(600)), None);
}
