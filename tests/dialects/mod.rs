//! Tables as Python's csv writes them, in every dialect, encoding and line end: the same rows come back.
//!
//! `CAMPAIGN_FILES=5000 tests/all outside::dialects` compares that many files, `CAMPAIGN_SEED` other ones.

use std::path::Path;
use std::process::Command;

use campaign::domain::definition::parse;
use campaign::domain::row::binding::Cells as _;
use campaign::recipients::{Recipients, Source};
use serde_json::Value;

#[test]
#[ignore = "needs Python"]
fn rows_are_what_python_wrote() {
    let count = std::env::var("CAMPAIGN_FILES").unwrap_or_else(|_| "500".to_owned());
    let seed = std::env::var("CAMPAIGN_SEED").unwrap_or_else(|_| "1".to_owned());
    let folder = tempfile::tempdir().unwrap();
    let oracle = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dialects/oracle.py");
    let output =
        Command::new("python3").arg(oracle).arg(folder.path()).args([&count, &seed]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = "connect = { instance_id = \"11111111-2222-3333-4444-555555555555\", \
                contact_flow_id = \"66666666-7777-8888-9999-000000000000\", \
                source = \"arn:aws:connect:us-west-2:123456789012:phone-number/p\" }\n\
                contact = { message = \"Hi\" }\nrecipients = { default_region = \"US\" }\n";
    let definition = parse(text, "c.toml", "c").unwrap();
    let mut wrong = Vec::new();
    for (number, line) in String::from_utf8(output.stdout).unwrap().lines().enumerate() {
        let written: Value = serde_json::from_str(line).unwrap();
        let file = folder.path().join(format!("{number}.csv"));
        let mut read = Vec::new();
        match Recipients::open(&Source::File(file), &definition.recipients) {
            Ok(mut recipients) => {
                let binding = definition.bind(recipients.header()).unwrap();
                for row in recipients.rows(&binding) {
                    let row = row.unwrap();
                    read.push(
                        (0..row.cells.count()).map(|at| row.cells.cell(at).to_owned()).collect::<Vec<_>>(),
                    );
                }
            }
            Err(error) => wrong.push(format!("{number}: {error}: {line}")),
        }
        if serde_json::to_value(&read).unwrap() != written["rows"] {
            wrong.push(format!("{number}: {read:?} of {line}"));
        }
    }
    assert!(wrong.is_empty(), "{} files, such as\n{}", wrong.len(), wrong[..wrong.len().min(10)].join("\n"));
}
