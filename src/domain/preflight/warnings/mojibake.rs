//! UTF-8 that a program read in a code page of single bytes, and wrote as it read it: `JosÃ©`, `MichaÅ‚`, `Jos√©`, `JosГ©`.
//!
//! A word is that where nobody writes it so, its characters are bytes of one code page that are UTF-8, and what they are
//! in UTF-8 can be what somebody wrote.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::LazyLock;

use crate::domain::table::code_pages::{ALL, STANDARD};
use crate::domain::table::ordinary::{is_letter, is_ordinary, is_usual};

/// All code pages: those of the Standard, Latin-1 with its control characters, the others.
const PAGES: usize = STANDARD.len() + 1 + ALL.len();

/// They fit the bits of a number.
const _: () = assert!(PAGES <= 64);

/// How often a program may have done it.
const TIMES: usize = 3;

/// What a character is in each code page.
struct PageBytes {
    /// Its byte, 0 where it has none.
    bytes: [u8; PAGES],
    /// The pages in which that begins a sequence of UTF-8, a bit each.
    begins: u64,
    /// Those in which it may be within one.
    within: u64,
}

static BYTES: LazyLock<HashMap<char, PageBytes>> = LazyLock::new(|| {
    let mut bytes: HashMap<char, PageBytes> = HashMap::new();
    for byte in 0x80..=0xff_u8 {
        let others = ALL.into_iter().map(|page| page.decode(&[byte]));
        let texts = STANDARD.iter().map(|page| page.decode(&[byte]));
        let latin_1 = std::iter::once(char::from(byte).to_string());
        for (page, text) in texts.chain(latin_1).chain(others).enumerate() {
            if let Some(c) = text.chars().next().filter(|c| *c != '\u{fffd}') {
                let none = PageBytes { bytes: [0; PAGES], begins: 0, within: 0 };
                let known = bytes.entry(c).or_insert(none);
                known.bytes[page] = byte;
                match byte {
                    0x80..=0xbf => known.within |= 1 << page,
                    0xc2..=0xf4 => known.begins |= 1 << page,
                    _ => {}
                }
            }
        }
    }
    bytes
});

/// The first characters that are UTF-8 read in a code page.
pub(super) fn find(cell: &str) -> Option<String> {
    cell.split_ascii_whitespace().find_map(|word| {
        if !has_neighbours(word.as_bytes()) {
            return cut(word).map(str::to_owned);
        }
        let characters: Vec<char> = word.chars().collect();
        unread(&characters, TIMES)
            .or_else(|| cut(word).map(str::to_owned))
            .or_else(|| begun(&characters).map(|two| two.iter().collect()))
    })
}

/// What lost its last character: `cittÃ` its no-break space.
fn cut(word: &str) -> Option<&str> {
    let rest = word.strip_suffix(['Ã', 'Â']).filter(|rest| rest.ends_with(char::is_lowercase))?;
    Some(&word[rest.len()..])
}

/// What says nothing by its place: letters that stand alone, and quotes and ellipses, also cut ones (`Oâ€Brien`), which
/// begin alike in each code page.
fn begun(word: &[char]) -> Option<&[char]> {
    let begins = |at: &usize| match (word[*at], word[at + 1], word.get(at + 2).copied().unwrap_or(' ')) {
        ('â' | 'ā' | 'β' | 'ג' | 'โ', '€', _) | ('в', 'Ђ', _) | ('Б', '─', _) => true,
        ('Â' | 'Ā', '«' | '»', _) | ('В' | 'Β', '«', _) | ('ï', '»', '¿') => true,
        ('‚', 'Ä', third) | ('Γ' | 'Ô', 'Ç', third) => !third.is_ascii(),
        // Alone, `Ã“` is a letter that nothing else tells.
        ('Ã', second, third) => {
            let stands = |c: char| c == ' ' || c.is_ascii_punctuation();
            let before = at.checked_sub(1).map_or(' ', |before| word[before]);
            !second.is_ascii()
                && stands(before)
                && stands(third)
                && word.iter().filter(|c| !stands(**c)).count() == 2
        }
        _ => false,
    };
    (0..word.len().saturating_sub(1)).find(begins).map(|at| &word[at..at + 2])
}

/// Whether two characters beyond ASCII stand side by side.
fn has_neighbours(bytes: &[u8]) -> bool {
    let begins = |byte: &u8| *byte >= 0xC0;
    let within = |byte: &&u8| (0x80..0xC0).contains(*byte);
    bytes.iter().enumerate().filter(|(_, byte)| begins(byte)).any(|(at, _)| {
        let behind = at + 1 + bytes[at + 1..].iter().take_while(within).count();
        bytes.get(behind).is_some_and(begins)
    })
}

/// The first characters of a word that are UTF-8 in a code page.
fn unread(word: &[char], times: usize) -> Option<String> {
    let known = |c: &char| if c.is_ascii() { None } else { BYTES.get(c) };
    let bytes: Vec<Option<&PageBytes>> = word.iter().map(known).collect();
    // Thai in UTF-8 is Thai in its code page: `เธ` and `เน` by turns.
    let thai = |three: &[char]| matches!(three, ['เ', 'ธ' | 'น', _]);
    let is_thai = word.len() > 5 && word.chunks_exact(3).all(thai);
    // Nearly every word ends here.
    let pages = bytes.windows(2).fold(0, |pages, two| match two {
        [Some(first), Some(second)] => pages | (first.begins & second.within),
        _ => pages,
    });
    if pages == 0 {
        return None;
    }
    let odd = !is_ordinary(word);
    let signs = word.iter().filter(|c| !c.is_ascii() && !is_letter(**c)).count();
    if !odd && !is_thai && signs < 2 {
        return None;
    }
    (0..PAGES).filter(|page| pages & (1 << page) != 0).find_map(|page| {
        let Reread { text, first, letters_of_signs, without_lost } = read_again(word, &bytes, page)?;
        if !odd && !is_thai && !letters_of_signs {
            return None;
        }
        let is_usual = text.iter().all(|c| is_usual(*c));
        let is_right =
            is_usual && (is_ordinary(&text) || without_lost.is_some_and(|text| is_ordinary(&text)));
        // What was encoded three times is encoded twice when it is read once.
        let again = || odd && times > 1 && text.len() < word.len() && unread(&text, times - 1).is_some();
        (is_right || again()).then(|| word[first].iter().collect())
    })
}

/// A word, read again.
struct Reread {
    text: Vec<char>,
    /// Where its first sequence of UTF-8 was.
    first: Range<usize>,
    /// Whether two letters side by side were written with a sign each, or one with two signs: `–õ—å`, `á»“`.
    letters_of_signs: bool,
    /// The text without letters whose second byte was lost, where there are some: `ÅukaszÄ™` is `ukaszę`.
    without_lost: Option<Vec<char>>,
}

/// The word with each sequence of UTF-8 as its character.
fn read_again(word: &[char], bytes: &[Option<&PageBytes>], page: usize) -> Option<Reread> {
    let (mut text, mut first, mut at) = (Vec::with_capacity(word.len()), None, 0);
    let (mut before, mut letters_of_signs) = (false, false);
    let mut kept = Vec::with_capacity(word.len());
    while at < word.len() {
        let (c, length) = sequence(bytes, page, at).unwrap_or((word[at], 1));
        let signs = word[at..at + length].iter().filter(|c| !is_letter(**c)).count();
        let of_signs = length > 1 && signs > 0 && is_letter(c);
        letters_of_signs |= of_signs && (before || signs > 1);
        before = of_signs;
        if length > 1 {
            first.get_or_insert(at..at + length);
        }
        let is_lost = length == 1 && bytes[at].is_some_and(|pages| matches!(pages.bytes[page], 0xc3..=0xc5));
        if !is_lost {
            kept.push(c);
        }
        text.push(c);
        at += length;
    }
    let without_lost = (kept.len() < text.len()).then_some(kept);
    Some(Reread { text, first: first?, letters_of_signs, without_lost })
}

/// The character that the bytes from `at` on are in UTF-8, and how many they are.
fn sequence(bytes: &[Option<&PageBytes>], page: usize, at: usize) -> Option<(char, usize)> {
    let length = match bytes[at]?.bytes[page] {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => return None,
    };
    let mut all = [0; 4];
    for (byte, known) in all.iter_mut().zip(bytes.get(at..at + length)?) {
        *byte = (*known)?.bytes[page];
    }
    Some((std::str::from_utf8(&all[..length]).ok()?.chars().next()?, length))
}

/// What each code page makes of a text in UTF-8, with its name.
#[cfg(test)]
pub(super) fn readings(text: &str) -> Vec<(&'static str, String)> {
    let pages = STANDARD.iter().chain(ALL);
    pages.map(|page| (page.name, page.decode(text.as_bytes()))).collect()
}
