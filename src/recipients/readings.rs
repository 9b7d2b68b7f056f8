//! How a text reads whose encoding cannot be told: for a person to choose.

use encoding_rs::{
    BIG5, EUC_JP, EUC_KR, Encoding, GBK, IBM866, ISO_8859_2, ISO_8859_5, ISO_8859_7, ISO_8859_13,
    ISO_8859_15, ISO_8859_16, KOI8_R, KOI8_U, MACINTOSH, SHIFT_JIS, WINDOWS_874, WINDOWS_1250, WINDOWS_1251,
    WINDOWS_1252, WINDOWS_1253, WINDOWS_1254, WINDOWS_1255, WINDOWS_1256, WINDOWS_1257, WINDOWS_1258,
    X_MAC_CYRILLIC,
};

use super::encoding::Charset;
use super::plausible::makes_sense;
use super::unsure::words;
use crate::domain::foreign::ForeignText;
use crate::domain::table::code_pages::ALL;
use crate::domain::table::ordinary::is_ordinary;

/// Encodings in which a text that is not clear may be, the most common first.
const READINGS: [&Encoding; 26] = [
    WINDOWS_1252,
    WINDOWS_1250,
    WINDOWS_1251,
    MACINTOSH,
    GBK,
    SHIFT_JIS,
    WINDOWS_1254,
    ISO_8859_15,
    BIG5,
    EUC_KR,
    WINDOWS_1253,
    WINDOWS_1255,
    WINDOWS_1256,
    WINDOWS_1257,
    WINDOWS_1258,
    WINDOWS_874,
    EUC_JP,
    KOI8_R,
    KOI8_U,
    IBM866,
    X_MAC_CYRILLIC,
    ISO_8859_2,
    ISO_8859_5,
    ISO_8859_7,
    ISO_8859_13,
    ISO_8859_16,
];

/// How a text that is not clear reads where it may be that, for people to choose: what the detector takes it for, then
/// the encodings in which most words can be what somebody wrote. Of those that read it alike, the most common one.
pub(super) fn readings(bytes: &[u8], guess: &'static Encoding) -> Vec<(&'static str, ForeignText)> {
    const MOST: usize = 10;
    let standard = READINGS.into_iter().map(Charset::Standard);
    let mut readings: Vec<(usize, &'static str, String)> = Vec::new();
    for charset in standard.chain(ALL.into_iter().map(Charset::Dos)) {
        let text = charset.read(bytes);
        let words = words(&text);
        let odd = words.iter().filter(|word| !is_ordinary(&word.chars().collect::<Vec<_>>())).count();
        let signs = text.chars().filter(|c| !c.is_ascii() && !c.is_alphabetic()).count();
        let is_possible = makes_sense(&text) && !text.contains('\u{fffd}') && odd * 4 <= words.len();
        if is_possible && !readings.iter().any(|(_, _, read)| *read == text) {
            let rank = if Charset::Standard(guess) == charset { 0 } else { 1 + odd + signs };
            readings.push((rank, charset.name(), text));
        }
    }
    readings.sort_by_key(|(rank, ..)| *rank);
    readings.truncate(MOST);
    readings.into_iter().map(|(_, name, text)| (name, word(&text).into())).collect()
}

/// The word with the first character beyond ASCII.
pub(super) fn word(text: &str) -> String {
    let at = text.find(|c: char| !c.is_ascii()).unwrap_or_default();
    let within = |c: char| c.is_alphabetic() || !c.is_ascii() || c == '\'';
    let start = text[..at].rfind(|c: char| !within(c)).map_or(0, |before| before + 1);
    let end = text[at..].find(|c: char| !within(c)).map_or(text.len(), |length| at + length);
    text[start..end].to_owned()
}
