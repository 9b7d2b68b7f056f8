//! The samples that the README's first command runs: they are complete, valid and fictional.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use campaign::domain::definition::keys::{KEYS, Need};
use campaign::domain::definition::sender_keys::SENDER_KEYS;
use campaign::domain::definition::{Definition, parse};
use campaign::domain::hours::presets::PRESETS;
use campaign::recipients::{Recipients, Row, Source};

const SAMPLE: &str = include_str!("../campaigns/sample.toml");

fn definition() -> Definition {
    parse(SAMPLE, "campaigns/sample.toml", "sample").unwrap_or_else(|problems| panic!("{problems}"))
}

#[test]
fn the_definition_shows_every_option_with_its_default() {
    let mut table = "";
    let mut shown = HashMap::new();
    for line in SAMPLE.lines() {
        let text = line.trim_start_matches("# ");
        if let Some(name) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
            table = name;
        } else if let Some((name, value)) = text.split_once(" = ") {
            let path = if table.is_empty() { name.to_owned() } else { format!("{table}.{name}") };
            shown.entry(path).or_insert((value, line.starts_with('#')));
        }
    }
    for key in SENDER_KEYS {
        let name = key.path.trim_start_matches("senders.");
        assert!(SAMPLE.contains(&format!("\n#   {name} = ")), "{} is not in the sample", key.path);
    }
    for key in KEYS.iter().filter(|key| key.path != "senders") {
        let (value, commented) =
            shown.get(key.path).unwrap_or_else(|| panic!("{} is not in the sample", key.path));
        match key.need {
            Need::Default(default) if *commented => assert_eq!(*value, default, "{}", key.path),
            Need::Required if !["templated", "only_in"].iter().any(|inner| key.path.contains(inner)) => {
                assert!(!commented, "{}", key.path);
            }
            Need::OfHome => assert!(!commented, "{}", key.path),
            Need::Default(_) | Need::Required | Need::Optional => {}
        }
    }
}

/// What stands behind a `#` can be taken as it is: each such line, alone, is valid.
#[test]
fn every_option_behind_a_hash_is_valid() {
    let mut options = 0;
    for (at, line) in SAMPLE.lines().enumerate() {
        let Some((name, _)) = line.strip_prefix("# ").and_then(|line| line.split_once(" = ")) else {
            continue;
        };
        let templated = ["knowledge_base_id", "template_id", "customer_profile"].contains(&name);
        if templated || !name.chars().all(|c| c.is_ascii_lowercase() || c == '_') {
            continue;
        }
        let is_table = |line: &&str| line.trim_start_matches("# ").starts_with('[');
        let is_inner = SAMPLE.lines().take(at).filter(is_table).last();
        let inner = ["templated_message", "only_in"];
        if is_inner.is_some_and(|table| inner.iter().any(|inner| table.contains(inner))) {
            continue;
        }
        options += 1;
        let text: Vec<&str> =
            SAMPLE.lines().enumerate().map(|(n, line)| if n == at { &line[2..] } else { line }).collect();
        parse(&text.join("\n"), "campaigns/sample.toml", "sample")
            .unwrap_or_else(|problems| panic!("{line}: {problems}"));
    }
    assert!(options >= 20, "{options}");
}

#[test]
fn the_recipients_are_a_thousand_fictional_numbers() {
    let definition = definition();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("campaigns/sample.csv");
    let mut recipients =
        Recipients::open(&Source::File(path), &definition.recipients).expect("the sample opens");
    let binding = definition.bind(recipients.header()).unwrap_or_else(|problems| panic!("{problems}"));
    let rows: Vec<Row> = recipients.rows(&binding).collect::<Result<_, _>>().expect("the sample reads");
    let mut numbers = HashSet::new();
    let mut tokens = HashSet::new();
    for row in &rows {
        let recipient = row.outcome.as_ref().unwrap_or_else(|rejection| panic!("{rejection:?}"));
        let number = recipient.phone.as_str();
        // NANPA sets 555-0100 to 555-0199 aside for fiction, in every area code.
        assert!(
            number.len() == 12 && number.starts_with("+1") && &number[5..10] == "55501",
            "line {}",
            row.line
        );
        assert!(numbers.insert(number) && tokens.insert(recipient.client_token), "line {}", row.line);
        assert!(binding.message(recipient).is_some_and(|text| text.len() <= 160), "one segment each");
    }
    assert_eq!(rows.len(), 1000);
}

#[test]
fn every_rule_file_is_embedded_as_a_preset() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("campaigns/rules");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .expect("the folder is there")
        .map(|entry| entry.expect("it can be read").file_name().to_string_lossy().into_owned())
        .collect();
    files.sort();
    let embedded: Vec<String> = PRESETS.iter().map(|(name, _)| format!("{name}.toml")).collect();
    assert_eq!(files, embedded);
}
