//! The GSM 7-bit default alphabet and its extension table, and how texts outside it are brought into it.
//!
//! Source: 3GPP TS 23.038, 6.2.1. Other languages' shift tables are not used by the service and not here.

use std::borrow::Cow;

use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};

/// How many septets a character takes: one in the basic alphabet, two (an escape and another) in its extension; `None`
/// where neither has it.
#[must_use]
pub fn septets(c: char) -> Option<usize> {
    match c {
        ' '..='Z' | '_' | 'a'..='z' | '\n' | '\r' => Some(1),
        '£' | '¥' | 'è' | 'é' | 'ù' | 'ì' | 'ò' | 'Ç' | 'Ø' | 'ø' | 'Å' | 'å' | 'Δ' | 'Φ' | 'Γ' | 'Λ'
        | 'Ω' | 'Π' | 'Ψ' | 'Σ' | 'Θ' | 'Ξ' | 'Æ' | 'æ' | 'ß' | 'É' | '¤' | '¡' | 'Ä' | 'Ö' | 'Ñ' | 'Ü'
        | '§' | '¿' | 'ä' | 'ö' | 'ñ' | 'ü' | 'à' => Some(1),
        '\u{c}' | '^' | '{' | '}' | '\\' | '[' | '~' | ']' | '|' | '€' => Some(2),
        _ => None,
    }
}

/// Whether every character takes one septet and one byte, so that the text's length is its length in both.
#[must_use]
pub fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'Z' | b'_' | b'a'..=b'z' | b'\n' | b'\r'))
}

/// The text with its characters outside the alphabet replaced by their nearest equivalents: typographic quotes and
/// dashes, ellipses, spaces of any width, and letters without the accent that the alphabet lacks. What has no
/// equivalent stays.
#[must_use]
pub fn nearest(text: &str) -> Cow<'_, str> {
    if text.chars().all(|c| septets(c).is_some()) {
        return Cow::Borrowed(text);
    }
    let composed = ComposingNormalizerBorrowed::new_nfc();
    let mut near = String::with_capacity(text.len());
    // An accent may be a character of its own; with its letter it may be one that the alphabet has.
    for c in composed.normalize(text).chars() {
        if septets(c).is_some() {
            near.push(c);
        } else if let Some(equivalent) = equivalent(c) {
            near.push_str(equivalent);
        } else {
            push_plain(&mut near, c);
        }
    }
    Cow::Owned(composed.normalize(&near).into_owned())
}

/// The letters that a character is made of, without accents, where the alphabet has them; else the character.
fn push_plain(near: &mut String, c: char) {
    let mut utf8 = [0; 4];
    let parts = DecomposingNormalizerBorrowed::new_nfkd().normalize(c.encode_utf8(&mut utf8)).into_owned();
    let plain = || parts.chars().filter(|part| !matches!(part, '\u{300}'..='\u{36f}'));
    if plain().all(|part| septets(part).is_some()) {
        near.extend(plain());
    } else {
        near.push(c);
    }
}

/// Replacements by equivalent: every character of the left text becomes the right one.
const EQUIVALENTS: &[(&str, &str)] = &[
    ("‘’‚‛′`´ʹʼ‹›", "'"),
    ("“”„‟″«»", "\""),
    ("‐‑‒–—―−", "-"),
    ("…", "..."),
    (
        "\u{a0}\u{2000}\u{2001}\u{2002}\u{2003}\u{2004}\u{2005}\u{2006}\u{2007}\u{2008}\u{2009}\u{200a}\u{202f}\u{3000}\t",
        " ",
    ),
    ("\u{200b}\u{200c}\u{200d}\u{2060}\u{feff}\u{ad}", ""),
    ("\u{2028}\u{2029}", "\n"),
    ("•·∙", "-"),
    ("×", "x"),
    ("™", "TM"),
    ("©", "(c)"),
    ("®", "(R)"),
    ("½", "1/2"),
    ("¼", "1/4"),
    ("¾", "3/4"),
    ("ÀÁÂÃĀĂĄ", "A"),
    ("áâãāăąª", "a"),
    ("ĆĈĊČ", "C"),
    ("çćĉċč", "c"),
    ("ĎĐ", "D"),
    ("ďđ", "d"),
    ("ÈÊËĒĔĖĘĚ", "E"),
    ("êëēĕėęě", "e"),
    ("ĜĞĠĢ", "G"),
    ("ĝğġģ", "g"),
    ("ĤĦ", "H"),
    ("ĥħ", "h"),
    ("ÌÍÎÏĨĪĬĮİ", "I"),
    ("íîïĩīĭįı", "i"),
    ("Ķ", "K"),
    ("ķ", "k"),
    ("ĹĻĽŁ", "L"),
    ("ĺļľł", "l"),
    ("ŃŅŇ", "N"),
    ("ńņň", "n"),
    ("ÒÓÔÕŌŎŐ", "O"),
    ("óôõōŏőº", "o"),
    ("Œ", "OE"),
    ("œ", "oe"),
    ("ŔŖŘ", "R"),
    ("ŕŗř", "r"),
    ("ŚŜŞŠȘ", "S"),
    ("śŝşšș", "s"),
    ("ŢŤȚ", "T"),
    ("ţťț", "t"),
    ("ÙÚÛŨŪŬŮŰŲ", "U"),
    ("úûũūŭůűų", "u"),
    ("ÝŸŶ", "Y"),
    ("ýÿŷ", "y"),
    ("Ŵ", "W"),
    ("ŵ", "w"),
    ("ŹŻŽ", "Z"),
    ("źżž", "z"),
];

fn equivalent(c: char) -> Option<&'static str> {
    EQUIVALENTS.iter().find(|(from, _)| from.contains(c)).map(|(_, to)| *to)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// TS 23.038, table 6.2.1, in its order, without the escape.
    const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";

    /// Table 6.2.1.1.
    const EXTENSION: &str = "\u{c}^{}\\[~]|€";

    #[test]
    fn no_other_character_is_in_the_alphabet() {
        for c in '\0'..=char::MAX {
            let expected = match (BASIC.contains(c), EXTENSION.contains(c)) {
                (true, false) => Some(1),
                (false, true) => Some(2),
                _ => None,
            };
            assert_eq!(septets(c), expected, "{c:?}");
            assert_eq!(is_plain(c.encode_utf8(&mut [0; 4])), c.is_ascii() && expected == Some(1), "{c:?}");
        }
    }

    #[test]
    fn the_tables_are_complete() {
        let basic = BASIC.chars().filter(|c| septets(*c) == Some(1)).count();
        assert_eq!((basic, BASIC.chars().count()), (127, 127), "128 but for the escape");
        assert!(EXTENSION.chars().all(|c| septets(c) == Some(2)));
        assert_eq!(EXTENSION.chars().count(), 10);
        for c in ['`', '´', 'ç', '’', '\t', '😀', '\u{a0}', '\u{1b}'] {
            assert_eq!(septets(c), None, "{c:?}");
        }
    }

    #[test]
    fn nearest_equivalents() {
        for (text, near) in [
            ("It’s “here” – now…", "It's \"here\" - now..."),
            ("Café à la crème, Łódź", "Café à la crème, Lodz"),
            ("ça va, Zoë?", "ca va, Zoe?"),
            ("12\u{a0}€", "12 €"),
            ("😀 ok", "😀 ok"),
            ("Nguyễn Thị Ánh", "Nguyen Thi Anh"),
            // Accents as characters of their own: the alphabet has é, and no ś.
            ("Rene\u{301} s\u{301}", "René s"),
            ("ＦＵＬＬ ﬁne №2²", "FULL fine No22"),
            ("привет 世界", "привет 世界"),
            ("plain", "plain"),
        ] {
            assert_eq!(nearest(text), near);
        }
    }

    #[test]
    fn every_equivalent_is_in_the_alphabet_and_needed() {
        for (from, to) in EQUIVALENTS {
            assert!(to.chars().all(|c| septets(c).is_some()), "{to}");
            assert!(from.chars().any(|c| septets(c).is_none()), "{from}");
        }
    }

    proptest! {
        #[test]
        fn replacing_twice_changes_nothing(text in any::<String>()) {
            let once = nearest(&text).into_owned();
            prop_assert_eq!(nearest(&once), once.as_str());
        }
    }
}
