//! Numbers against Python's `phonenumbers`: the same E.164 form, the same validity, the same type.
//!
//! `CAMPAIGN_NUMBERS=200000 tests/all outside::numbers` compares that many, `CAMPAIGN_SEED` other ones.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::{Path, PathBuf};
use std::process::Command;

use campaign::domain::phone::{self, LineType, PhoneRejection, Region};

/// How many are compared where nobody says.
const NUMBERS: &str = "10000";

fn python() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let venv = Path::new(env!("CARGO_TARGET_TMPDIR")).join("numbers");
    let install = Command::new("sh")
        .arg(root.join("tests/clients/install.sh"))
        .arg(&venv)
        .arg(root.join("tests/numbers/requirements.txt"))
        .output()
        .unwrap();
    assert!(install.status.success(), "{}", String::from_utf8_lossy(&install.stderr));
    venv.join("bin/python")
}

/// What the campaign makes of a type of `phonenumbers`.
fn line(kind: &str) -> LineType {
    match kind {
        "MOBILE" => LineType::Mobile,
        "FIXED_LINE_OR_MOBILE" => LineType::Either,
        "FIXED_LINE" => LineType::Landline,
        "TOLL_FREE" => LineType::TollFree,
        "PREMIUM_RATE" | "SHARED_COST" => LineType::Premium,
        "VOIP" | "PERSONAL_NUMBER" => LineType::Other,
        "PAGER" | "UAN" | "VOICEMAIL" => LineType::Unreachable,
        other => panic!("{other} is no type of a valid number"),
    }
}

/// A reading: number and line, or that it is none.
fn reading(number: &str, kind: &str) -> Option<(String, LineType)> {
    (number != "-").then(|| (number.to_owned(), line(kind)))
}

#[test]
#[ignore = "needs Python and PyPI"]
#[expect(clippy::print_stdout, reason = "--nocapture shows what was compared")]
fn numbers_are_what_phonenumbers_says() {
    let count = std::env::var("CAMPAIGN_NUMBERS").unwrap_or_else(|_| NUMBERS.to_owned());
    let seed = std::env::var("CAMPAIGN_SEED").unwrap_or_else(|_| "1".to_owned());
    let oracle = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/numbers/oracle.py");
    let output = Command::new(python()).arg(oracle).args([&count, &seed]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let (mut valid, mut spaces, mut long, mut international) = (0, 0, 0, 0);
    let (mut lost, mut wrong) = (0, Vec::new());
    for entry in text.lines() {
        let [text, region, number, kind, spaced, spaced_kind, plus, plus_kind] =
            entry.split('\t').collect::<Vec<_>>()[..]
        else {
            panic!("{entry:?}");
        };
        let parsed = phone::parse(text, Region::parse(region));
        let ours = parsed.as_ref().ok().map(|phone| (phone.number.as_str().to_owned(), phone.line));
        valid += usize::from(ours.is_some());
        let theirs = reading(number, kind);
        if ours == theirs {
            continue;
        }
        // `phonenumbers` stops at a thin space, which typesetters put into numbers.
        if ours.is_some() && ours == reading(spaced, spaced_kind) {
            spaces += 1;
            continue;
        }
        // Germany has numbers of 16 digits and more with their country code: E.164 ends at 15, and so does the API.
        if ours.is_none() && number.len() > 16 {
            long += 1;
            continue;
        }
        // Digits that are a number of the region without its national prefix, and one of another country with a +, are refused:
        // either may be meant, and the other person would get the message.
        if matches!(parsed, Err(PhoneRejection::LostPlus)) && phone::parse(&format!("+{text}"), None).is_ok()
        {
            lost += 1;
            continue;
        }
        // 00 is the + of a telephone, here in every region and without one: `phonenumbers` knows it only where the
        // region dials it.
        if ours.is_some() && ours == reading(plus, plus_kind) {
            international += 1;
        } else {
            wrong.push(format!("{text:?} in {region}: {ours:?}, and phonenumbers has {theirs:?}"));
        }
    }
    let compared = text.lines().count();
    println!(
        "{compared} numbers, {valid} valid; read otherwise: {international} because 00 is + everywhere, {spaces} because \
         thin spaces are spaces, {long} because they have more than 15 digits, {lost} because their + may be lost"
    );
    assert_eq!(compared.to_string(), count);
    assert!(lost * 500 <= compared, "{lost} of {compared} are refused for a + that may be lost");
    assert!(valid > compared / 4 && valid < compared * 3 / 4, "the numbers say little");
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong[..wrong.len().min(30)].join("\n"));
}
