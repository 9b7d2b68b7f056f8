//! Segment counts, held against Twilio's `sms-segments-calculator` from npm: 20,000 generated texts, and every character.
//!
//! It needs node and npm, and the npm registry the first time: `tests/all outside::segments` runs it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use campaign::domain::message::segments::{Encoding, Segments};
use fastrand::Rng;

const TEXTS: usize = 20_000;

/// What texts are made of: plain letters, the whole alphabet and its extension, what makes a text UCS-2, and characters
/// of two code units.
const PALETTES: [&str; 6] = [
    "abcdefghijklmnopqrstuvwxyz ABC 0123456789.,!?\n",
    "@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà\r",
    "^{}\\[~]|€\u{c}",
    "‘’“”–—…çáâőłŁšž`´•\u{a0}\t",
    "привет世界こんにちはمرحباשלום",
    "😀🎉🚀𝒳𠮷",
];

/// Where the package is.
static PACKAGE: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("segments");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/segments/install.sh");
    let output = Command::new(script).arg(&folder).output().expect("install.sh runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    folder
});

/// Encoding and segments, as the package counts them.
fn counted(texts: &[String]) -> Vec<(String, usize)> {
    let mut node = Command::new("node")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/segments/count.js"))
        .arg(&*PACKAGE)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = node.stdin.take().unwrap();
    stdin.write_all(serde_json::to_string(texts).unwrap().as_bytes()).unwrap();
    drop(stdin);
    let output = node.wait_with_output().unwrap();
    assert!(output.status.success(), "count.js failed");
    let counted: Vec<(String, usize)> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(counted.len(), texts.len());
    counted
}

fn ours(text: &str) -> (String, usize) {
    let segments = Segments::of(text);
    let encoding = match segments.encoding {
        Encoding::Gsm7 => "GSM-7",
        Encoding::Ucs2 => "UCS-2",
    };
    (encoding.to_owned(), segments.count)
}

fn differences(texts: &[String]) -> Vec<String> {
    let told = |(text, theirs): (&String, (String, usize))| {
        let ours = ours(text);
        (ours != theirs).then(|| format!("{text:?}: we say {ours:?}, they say {theirs:?}"))
    };
    texts.iter().zip(counted(texts)).filter_map(told).collect()
}

/// A text with a length near one of the boundaries of segments, or any up to a message's limit.
fn text(rng: &mut Rng) -> String {
    let near = [70, 67 * 2, 67 * 3, 160, 153 * 2, 153 * 3, 153 * 4];
    let length =
        if rng.bool() { near[rng.usize(..near.len())] + rng.usize(..9) - 4 } else { rng.usize(..620) };
    // Each palette has its own share of the text, most often none.
    let shares: Vec<u32> =
        PALETTES.iter().map(|_| if rng.u8(..3) == 0 { rng.u32(1..40) } else { 0 }).collect();
    let all: u32 = 60 + shares.iter().sum::<u32>();
    let mut characters = Vec::with_capacity(length);
    for _ in 0..length {
        let mut at = rng.u32(..all);
        let palette = shares.iter().position(|share| {
            let inside = at < *share;
            at = at.saturating_sub(*share);
            inside
        });
        let palette: Vec<char> = PALETTES[palette.unwrap_or(0)].chars().collect();
        let character = palette[rng.usize(..palette.len())];
        // One sign to their splitter, and two characters to carriers; see the last test.
        let after_return = character == '\n' && characters.last() == Some(&'\r');
        characters.push(if after_return { ' ' } else { character });
    }
    characters.into_iter().collect()
}

#[test]
#[ignore = "needs Node and npm"]
fn twenty_thousand_texts_have_the_segments_that_twilio_counts() {
    let mut rng = Rng::with_seed(20_260_301);
    let texts: Vec<String> = (0..TEXTS).map(|_| text(&mut rng)).collect();
    let ucs2 = texts.iter().filter(|text| Segments::of(text).encoding == Encoding::Ucs2).count();
    assert!((TEXTS / 4..TEXTS * 3 / 4 + TEXTS / 5).contains(&ucs2), "{ucs2} are UCS-2: too few of a kind");
    let differences = differences(&texts);
    assert!(differences.is_empty(), "{} differ; {}", differences.len(), differences[0]);
}

/// Every character of the Basic Multilingual Plane.
#[test]
#[ignore = "needs Node and npm"]
fn every_character_has_the_encoding_that_twilio_says() {
    let texts: Vec<String> = ('\0'..='\u{ffff}').map(String::from).collect();
    let differences = differences(&texts);
    assert!(differences.is_empty(), "{} differ; {}", differences.len(), differences[0]);
}

/// The one difference: they keep what a reader sees as one sign in one segment, however many characters it is made of.
/// Carriers cut between characters, and only a surrogate pair stays whole.
#[test]
#[ignore = "needs Node and npm"]
fn only_signs_of_several_characters_are_counted_otherwise() {
    let family = "👨\u{200d}👩\u{200d}👧";
    let texts = [
        format!("{}{family}{}", "ж".repeat(64), "ж".repeat(62)),
        format!("{}\r\n{}", "a".repeat(152), "a".repeat(152)),
    ];
    let theirs: Vec<usize> = counted(&texts).into_iter().map(|(_, segments)| segments).collect();
    let ours: Vec<usize> = texts.iter().map(|text| Segments::of(text).count).collect();
    assert_eq!((ours, theirs), (vec![2, 2], vec![3, 2]));
}
