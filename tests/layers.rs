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
    (&["rusqlite", "refinery", "postgres_protocol"], &["journal"], "SQL has one place"),
    (&["aws_"], &["connect", "simulator"], "AWS is named where its wire is"),
    (&["governor"], &["pace"], "permits are waited for in one place"),
    (&["indicatif"], &["progress"], "bars are drawn in one place"),
    (&["rlibphonenumber"], &["domain"], "numbers are read in one place"),
    (&["minijinja"], &["domain", "report"], "messages are rendered in one place, and the page in another"),
    (
        &["hyper::server", "hyper::service", "TcpListener"],
        &["serve", "simulator"],
        "the simulator and the page alone listen",
    ),
    (&["clap::"], &["cli", "main"], "arguments end at the commands"),
    (
        &["std::fs", "std::process"],
        &[
            "app",
            "cli",
            "connect",
            "deliveries",
            "files",
            "journal",
            "main",
            "recipients",
            "report",
            "serve",
            "simulator",
        ],
        "I/O is at the edges",
    ),
    (&["SystemTime::now"], &["clock"], "wall-clock time is injected"),
    (
        &["calamine", "encoding_rs", "chardetng", "ruzstd", "csv_core"],
        &["recipients"],
        "files are taken apart in one place",
    ),
    (
        &["flate2", "zip::"],
        &["deliveries", "recipients", "report"],
        "files are packed and unpacked at the edges",
    ),
    (&[".display()"], &[], "a file's name is foreign text: `domain::foreign::path` shows it"),
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

/// The files that write to stdout and stderr, and why.
const WRITERS: &[(&str, &str)] = &[
    ("src/cli/output.rs", "the one place of the command line"),
    ("src/progress/event.rs", "events are lines of their own"),
    ("src/progress/mod.rs", "asks only whether they are terminals"),
    ("src/progress/screen.rs", "the live view owns the terminal while a run sends"),
];

/// Ways to write there.
const WRITING: &[&str] = &["io::stdout()", "io::stderr()", "println!", "eprintln!", "print!", "eprint!"];

/// The files below the command line that name options: those of the AWS CLI are their subject.
const OPTIONS_BELOW: [&str; 2] = ["src/domain/cli_input/validate.rs", "src/domain/cli_output/mod.rs"];

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
pub(crate) struct Source {
    pub(crate) code: String,
    strings: Vec<String>,
}

impl Source {
    pub(crate) fn read(text: &str) -> Self {
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

/// What a file says of options of the command line. Those in commands of the AWS CLI are not ours.
fn options_in(text: &str) -> Vec<String> {
    let is_option = |word: &str| {
        let name = word.strip_prefix("--").unwrap_or_default();
        name.starts_with(|c: char| c.is_ascii_lowercase())
    };
    let text = without_tests(text);
    let strings = Source::read(text).strings;
    let separators = |c: char| c.is_whitespace() || "`\"'(".contains(c);
    let of_aws = |command: &str| ["aws ", "eval "].iter().any(|program| command.starts_with(program));
    let ours = |words: &str| {
        let pieces = words.split('`').enumerate();
        pieces
            .filter(|(at, piece)| at % 2 == 0 || !of_aws(piece))
            .map(|piece| piece.1.to_owned())
            .collect::<Vec<_>>()
    };
    strings
        .into_iter()
        .filter(|words| ours(words).iter().any(|piece| piece.split(separators).any(is_option)))
        .collect()
}

/// A source without its unit tests.
pub(crate) fn without_tests(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests {").next().unwrap_or(text)
}

/// The file of each module of this crate, by its path.
type Modules = BTreeMap<String, String>;

/// The path of the module that a file below `src` is.
pub(crate) fn module_path(file: &Path) -> String {
    let inner = file.strip_prefix("src").expect("below src").with_extension("");
    let path = inner.to_string_lossy().replace('/', "::");
    path.strip_suffix("::mod").map_or(path.clone(), str::to_owned)
}

/// The modules that the code names by paths from the root of the crate.
fn imports(text: &str, modules: &Modules) -> BTreeSet<String> {
    let code = Source::read(without_tests(text)).code;
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        let mut paths = Vec::new();
        expand(rest, "", &mut paths);
        for path in paths {
            let mut path = path.as_str();
            while !modules.contains_key(path) {
                let Some((shorter, _)) = path.rsplit_once("::") else { break };
                path = shorter;
            }
            if modules.contains_key(path) {
                found.insert(path.to_owned());
            }
        }
    }
    found
}

/// Every path of a tree of imports. Returns what is behind it.
fn expand<'t>(text: &'t str, before: &str, paths: &mut Vec<String>) -> &'t str {
    let text = text.trim_start();
    if let Some(mut rest) = text.strip_prefix('{') {
        loop {
            rest = expand(rest, before, paths).trim_start();
            match rest.strip_prefix(',') {
                Some(more) if !more.trim_start().starts_with('}') => rest = more,
                Some(more) => return more.trim_start().trim_start_matches('}'),
                None => return rest.strip_prefix('}').unwrap_or(""),
            }
        }
    }
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    let path = if before.is_empty() { text[..end].to_owned() } else { format!("{before}::{}", &text[..end]) };
    match text[end..].strip_prefix("::") {
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || c == '{') => {
            expand(rest, &path, paths)
        }
        _ => {
            paths.push(path);
            text[end..].trim_start_matches(|c: char| c != ',' && c != '}' && c != ';')
        }
    }
}

/// The circles among these modules: each set of modules that all reach one another.
fn circles(uses: &BTreeMap<String, BTreeSet<String>>) -> BTreeSet<BTreeSet<String>> {
    let reached = |from: &String| {
        let (mut reached, mut left) = (BTreeSet::new(), vec![from]);
        while let Some(module) = left.pop() {
            for next in uses.get(module).into_iter().flatten() {
                if reached.insert(next) {
                    left.push(next);
                }
            }
        }
        reached
    };
    let reach: BTreeMap<_, _> = uses.keys().map(|module| (module, reached(module))).collect();
    let mut found = BTreeSet::new();
    for (module, others) in &reach {
        if others.contains(*module) {
            let circle =
                others.iter().filter(|other| reach.get(**other).is_some_and(|back| back.contains(*module)));
            found.insert(circle.map(|other| (*other).clone()).collect());
        }
    }
    found
}

fn uses_of_files(sources: &[(PathBuf, String)]) -> BTreeMap<String, BTreeSet<String>> {
    let is_test =
        |path: &Path| path.components().any(|part| part.as_os_str().to_string_lossy().starts_with("tests"));
    let sources: Vec<_> = sources.iter().filter(|(path, _)| !is_test(path)).collect();
    let modules: Modules = sources.iter().map(|(path, text)| (module_path(path), text.clone())).collect();
    modules
        .iter()
        .map(|(module, text)| {
            let mut used = imports(text, &modules);
            used.remove(module);
            (module.clone(), used)
        })
        .collect()
}

/// Whether the code has the word, not as the end of a longer one. A method has a name in front of its dot.
fn names(code: &str, word: &str) -> bool {
    let ends_longer = |at: usize| code[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    code.match_indices(word).any(|(at, _)| word.starts_with('.') || !ends_longer(at))
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

pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
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
pub(crate) fn module(path: &Path) -> String {
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
fn no_files_use_each_other_in_a_circle() {
    let found = circles(&uses_of_files(&sources(&root().join("src"))));
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn stdout_and_stderr_are_written_in_one_place() {
    let found: BTreeSet<String> = sources(&root().join("src"))
        .iter()
        .filter(|(_, text)| writes(text))
        .map(|(path, _)| path.display().to_string())
        .collect();
    let allowed: BTreeSet<String> = WRITERS.iter().map(|(path, _)| (*path).to_owned()).collect();
    assert_eq!(found, allowed, "left: the sources; right: WRITERS above");
}

fn writes(text: &str) -> bool {
    let code = Source::read(without_tests(text)).code;
    WRITING.iter().any(|word| names(&code, word))
}

#[test]
fn options_are_named_by_the_command_line_alone() {
    let found: BTreeSet<String> = sources(&root().join("src"))
        .iter()
        .filter(|(path, text)| {
            !matches!(module(path).as_str(), "cli" | "main")
                && !module_path(path).contains("tests")
                && !options_in(text).is_empty()
        })
        .map(|(path, _)| path.display().to_string())
        .collect();
    let known: BTreeSet<String> = OPTIONS_BELOW.iter().map(|path| (*path).to_owned()).collect();
    assert_eq!(found, known, "left: the sources; right: OPTIONS_BELOW above");
}

/// The guards of files: each of these is wrong in one way.
#[test]
fn each_wrong_file_is_found() {
    let sources = [
        ("src/a/mod.rs", "use crate::b::{c::{self, C}, D};"),
        ("src/b/c.rs", "fn f() { crate::e::g() }"),
        ("src/b/mod.rs", "// crate::a\nlet words = \"crate::a\";"),
        ("src/e.rs", "use crate::{a::A, f};"),
        ("src/f.rs", "#[cfg(test)]\nmod tests {\n    use crate::e;\n}"),
    ]
    .map(|(path, text)| (PathBuf::from(path), text.to_owned()));
    let circle: BTreeSet<String> = ["a", "b::c", "e"].map(str::to_owned).into();
    assert_eq!(circles(&uses_of_files(&sources)), [circle].into());
    assert_eq!(options_in("let hint = \"name one with --delimiter\";"), ["name one with --delimiter"]);
    assert_eq!(options_in("let hint = \"run `aws sts --x`, or `campaign report --state`\";").len(), 1);
    assert_eq!(options_in("let hint = \"run `aws sts get --output text`\";"), Vec::<String>::new());
    assert_eq!(options_in("// --not\nlet dash = \"a -- b, --, -x\";"), Vec::<String>::new());
    assert!(writes("fn f() { println!(\"x\") }") && writes("let out = std::io::stdout().lock();"));
    assert!(!writes("// println!\nlet text = \"println!\"; Term::stdout();"));
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
        ("app", "format!(\"no {}\", journal.display())", "app names .display()"),
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
