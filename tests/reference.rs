//! `docs/reference.md` is made from the code: the command line from its clap definitions, the keys from their table.
//!
//! `UPDATE=1 cargo test --release --test sources reference` writes it anew; without, the test fails where it is out of step.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use campaign::cli::Cli;
use campaign::domain::definition::keys::{KEYS, Key, Need, TABLES};
use campaign::domain::definition::sender_keys::SENDER_KEYS;
use campaign::domain::message::language::Language;
use campaign::domain::message::template::filters::FILTERS;
use campaign::domain::reasons::{CATALOGUE, Reason, UNANSWERED};
use campaign::report::FIXED_COLUMNS;
use clap::{Arg, ArgAction, Command};

use crate::layers;

const PATH: &str = "docs/reference.md";

const HEAD: &str = "\
# Reference: every command, option and key

[The first ten minutes](../README.md) · [guide](guide.md) · [exit codes](exits/README.md)

Made from the code of this version by `UPDATE=1 cargo test --release --test sources reference`; a change by hand is lost.

";

#[test]
fn the_reference_is_what_the_code_says() {
    let made = reference();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(PATH);
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &made).expect("the reference can be written");
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    let differs = kept.lines().zip(made.lines()).find(|(kept, made)| kept != made);
    assert!(
        kept == made,
        "{PATH} is out of step, first here: {differs:?}\nwrite it anew: UPDATE=1 cargo test --release --test sources reference"
    );
}

/// Each option, argument and key stands in it: what the code has without a word is found here.
#[test]
fn everything_is_explained() {
    let mut mute = Vec::new();
    let mut root = Cli::program();
    root.build();
    each(&root, "campaign", &mut |path, command| {
        let shown = arguments(command).filter(|arg| arg.get_help().is_none());
        mute.extend(shown.map(|arg| format!("{path} {arg}")));
    });
    let keys = KEYS.iter().chain(SENDER_KEYS);
    mute.extend(keys.filter(|key| key.doc.is_empty()).map(|key| key.path.to_owned()));
    assert!(mute.is_empty(), "not explained: {mute:?}");
}

fn reference() -> String {
    let mut text = HEAD.to_owned();
    let mut root = Cli::program().term_width(0);
    root.build();
    commands(&root, &mut text);
    definition(&mut text);
    reasons(&mut text);
    filters(&mut text);
    text.push_str("\n## Columns of a report\n\n");
    let columns: Vec<String> = FIXED_COLUMNS.iter().map(|column| format!("`{column}`")).collect();
    let _ = writeln!(
        text,
        "{}, then the file's own columns in their order. [What each is](report.md).",
        columns.join(", ")
    );
    text
}

/// The catalogue that rejections, the report and its page have.
fn reasons(text: &mut String) {
    text.push_str(
        "\n## Codes of reasons\n\nWhat the column `code` of a report has for rows that were never sent to, or that a person \
         decided on. For refusals it has the service's own code.\n\n| code | means | what to do |\n|---|---|---|\n",
    );
    codes(CATALOGUE, text);
    text.push_str(
        "\nWhere a request has no answer of the service, its place has one of these; `HTTP` and a status, such as `HTTP502`, is an \
         answer without a code.\n\n| code | means | what to do |\n|---|---|---|\n",
    );
    codes(UNANSWERED, text);
}

fn codes(reasons: &[Reason], text: &mut String) {
    for Reason { code, summary, advice } in reasons {
        let _ = writeln!(text, "| `{code}` | {} | {} |", cell(summary), cell(advice));
    }
}

/// The codes that the sources give rows: in what `code` comes to of a rejection, a decision or a list, in constants of the
/// journal, and in the place of an answer. A new one is found wherever it is.
#[test]
fn every_code_that_a_report_can_have_is_in_the_reference() {
    let mut given = Vec::new();
    for (path, text) in layers::sources(&layers::root().join("src")) {
        let text = layers::without_tests(&text);
        let within = |part: &str| path.to_string_lossy().replace('\\', "/").contains(part);
        let words = text.split("fn code(").skip(1).filter_map(|rest| {
            let (head, body) = rest.split_once('{')?;
            head.contains("&'static str").then(|| body.split("\n    }\n").next().unwrap_or_default())
        });
        given.extend(words.flat_map(|body| behind(body, "=> \"")));
        if within("src/journal/") {
            given.extend(behind(text, ": &str = \"").chain(behind(text, "(&str, &str) = (\"")));
        }
        if within("connect/answer.rs") || within("domain/delivery/refusal.rs") {
            given.extend(behind(text, "code: \"").chain(behind(text, "unknown(\"")));
        }
    }
    given.retain(|code| code.contains('-') || code.starts_with(|first: char| first.is_ascii_uppercase()));
    given.retain(|code| code.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'-'));
    assert!(given.len() > 60, "{given:?}");
    let reference = reference();
    let missing: Vec<_> = given.iter().filter(|code| !reference.contains(&format!("| `{code}` |"))).collect();
    assert_eq!(missing, ["by-hand"], "and that is a campaign");
}

/// The texts in quotes behind each of these words.
fn behind<'t>(text: &'t str, words: &'t str) -> impl Iterator<Item = String> + 't {
    text.split(words).skip(1).filter_map(|rest| Some(rest.split_once('"')?.0.to_owned()))
}

fn commands(root: &Command, text: &mut String) {
    text.push_str("## Commands\n\n| command | does |\n|---|---|\n");
    each(root, "campaign", &mut |path, command| {
        if !command.has_subcommands() {
            let _ = writeln!(text, "| [`{path}`](#{}) | {} |", path.replace(' ', "-"), cell(&about(command)));
        }
    });
    text.push_str("\nOptions that every command takes:\n\n");
    table(root.get_arguments().filter(|arg| is_shown(arg)), text);
    each(root, "campaign", &mut |path, command| {
        if command.has_subcommands() {
            return;
        }
        let _ = write!(text, "\n### {path}\n\n{}\n\n", sentence(&long(command)));
        let usage = command.clone().render_usage().to_string();
        let usage = usage.trim_start_matches("Usage: ").replace('\n', " ");
        let _ = write!(text, "```text\n{}\n```\n\n", usage.split_whitespace().collect::<Vec<_>>().join(" "));
        table(arguments(command), text);
        if let Some(help) = command.get_after_long_help().or(command.get_after_help()) {
            let help = help.to_string();
            let form = if help.contains("\n ") { format!("```text\n{help}\n```") } else { help };
            let _ = write!(text, "\n{form}\n");
        }
    });
}

/// Calls `see` with every command below this one, and the words that it is typed as.
fn each(command: &Command, path: &str, see: &mut impl FnMut(&str, &Command)) {
    for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help" && !inner.is_hide_set())
    {
        let path = format!("{path} {}", inner.get_name());
        see(&path, inner);
        each(inner, &path, see);
    }
}

/// A command's own arguments.
fn arguments(command: &Command) -> impl Iterator<Item = &Arg> {
    command.get_arguments().filter(|arg| is_shown(arg) && !arg.is_global_set())
}

fn is_shown(arg: &Arg) -> bool {
    !arg.is_hide_set() && !matches!(arg.get_id().as_str(), "help" | "version")
}

fn about(command: &Command) -> String {
    command.get_about().map(ToString::to_string).unwrap_or_default()
}

fn long(command: &Command) -> String {
    command.get_long_about().map_or_else(|| about(command), ToString::to_string)
}

fn sentence(text: &str) -> String {
    if text.ends_with('.') { text.to_owned() } else { format!("{text}.") }
}

/// Text in a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ").replace('<', "&lt;")
}

fn table<'a>(arguments: impl Iterator<Item = &'a Arg>, text: &mut String) {
    let mut rows = String::new();
    for arg in arguments {
        let help = arg.get_long_help().or(arg.get_help()).map(ToString::to_string).unwrap_or_default();
        let mut help = cell(&help);
        let values = arg.get_possible_values();
        if takes_value(arg) && !values.is_empty() && !arg.is_hide_possible_values_set() {
            let names: Vec<String> = values.iter().map(|value| format!("`{}`", value.get_name())).collect();
            let _ = write!(help, "; one of {}", names.join(", "));
        }
        let defaults: Vec<_> = arg.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
        if takes_value(arg) && !defaults.is_empty() {
            let _ = write!(help, "; default `{}`", defaults.join(" "));
        }
        let _ = writeln!(rows, "| `{}` | {help} |", named(arg).replace('|', "\\|"));
    }
    if rows.is_empty() {
        text.push_str("No options of its own.\n");
    } else {
        let _ = write!(text, "| | |\n|---|---|\n{rows}");
    }
}

fn takes_value(arg: &Arg) -> bool {
    !matches!(arg.get_action(), ArgAction::SetTrue | ArgAction::SetFalse | ArgAction::Count)
}

/// An argument as it is typed.
fn named(arg: &Arg) -> String {
    let value = arg.get_value_names().unwrap_or_default().first().map(ToString::to_string);
    let value = value.filter(|_| takes_value(arg));
    if arg.is_positional() {
        return value.unwrap_or_default();
    }
    let mut names = Vec::new();
    names.extend(arg.get_short().map(|short| format!("-{short}")));
    names.extend(arg.get_long().map(|long| format!("--{long}")));
    let optional = arg.get_num_args().is_some_and(|range| range.min_values() == 0);
    match value {
        Some(value) if optional => format!("{} [{value}]", names.join(", ")),
        Some(value) => format!("{} {value}", names.join(", ")),
        None => names.join(", "),
    }
}

fn definition(text: &mut String) {
    text.push_str(
        "\n## Keys of a definition\n\nA definition is TOML: `campaigns/NAME.toml`. `campaign init NAME` writes one with \
         every key and its default, `campaign init --schema` the JSON Schema that editors complete and check by. What \
         each member of the API is set by: [api-members.md](api-members.md).\n",
    );
    keys("", "At the top, before the first table.", text);
    for (table, doc) in TABLES {
        keys(table, doc, text);
        if *table == "connect" {
            keys(
                "senders",
                "Several numbers that send, instead of `connect.source`: a table for each.",
                text,
            );
        }
    }
}

/// Each with an example that `domain::message::template::filters` plays.
fn filters(text: &mut String) {
    text.push_str(
        "\n## Filters of templates\n\nBehind a `|` in `{{ }}`. In the examples `name` is `ann lee`, `date` `2026-05-01 09:30`, \
         `us_date` `05/01/2026`, `amount` `1234.5`, `count` `3`, `tags` `a, b`, and `empty` is empty. A cell that is not what a \
         filter wants rejects its row, and so does an empty one without a `default`.\n\n| filter | makes | example | comes to |\n\
         |---|---|---|---|\n",
    );
    for filter in FILTERS {
        let [does, example] = [filter.does, filter.example].map(cell);
        let _ = writeln!(text, "| `{}` | {does} | `{example}` | `{}` |", filter.name, filter.text);
    }
    text.push_str(
        "\nA cell is text. It is made a number before it is counted with or compared with a number: `{{ points | int + 10 }}`, \
         `{% if points | int > 100 %}`. Two cells are not added, and not compared by `<` and `>` as they are, for text is compared \
         letter by letter, and 9 is more than 100: behind both of them stands `| int` or `| float`, or, where they are dates, \
         `| date('iso')`; `==` and `!=` take them as they are, and `~` puts texts together. A number with a fraction is written \
         with at most 15 digits, as a spreadsheet shows it. What is true or false, a list or `none` is no text: \
         `{{ \"yes\" if vip == \"1\" else \"no\" }}`. All of this is told before anything is sent, in `recipients.where` too.\n",
    );
    let _ = writeln!(text, "\nLanguages, by Unicode CLDR: {}.", Language::codes().join(", "));
}

fn keys(table: &str, doc: &str, text: &mut String) {
    let title = match table {
        "" => "At the top".to_owned(),
        "senders" => "[[senders]]".to_owned(),
        _ => format!("[{table}]"),
    };
    let _ = write!(text, "\n### {title}\n\n{doc}\n\n| key | value | default | |\n|---|---|---|---|\n");
    for key in KEYS
        .iter()
        .chain(SENDER_KEYS)
        .filter(|key| key.path.rsplit_once('.').map_or("", |(above, _)| above) == table)
    {
        let name = key.path.rsplit('.').next().unwrap_or(key.path);
        let value = cell(&key.kind.words());
        let _ = writeln!(text, "| `{name}` | {value} | {} | {} |", default(key), cell(key.doc));
    }
}

fn default(key: &Key) -> String {
    match key.need {
        Need::Required => "must be there".to_owned(),
        Need::OfHome => "must be there, unless every sender has its own".to_owned(),
        Need::Optional => String::new(),
        Need::Default(default) => format!("`{default}`"),
    }
}
