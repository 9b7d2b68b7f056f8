//! Whether a guess of an encoding has too little to go by: a few letters that other encodings read as other letters, which make
//! sense as well. A wrong guess sends wrong names to everybody; who is asked for the encoding names it once.

use encoding_rs::{Encoding, ISO_8859_15, WINDOWS_1250, WINDOWS_1252};

use super::plausible::makes_sense;
use crate::domain::table::code_pages;
use crate::domain::table::ordinary::is_ordinary;

/// Different words with characters beyond ASCII, from which on the detector's statistics are trusted.
const WORDS: usize = 6;
/// Different characters beyond ASCII, of one script, from which on it is surely that script.
const CHARACTERS: usize = 6;

/// Whether bytes that are taken for this encoding may as well be of another one. `text` is how they read in it.
pub(super) fn is_unsure(encoding: &'static Encoding, text: &str, bytes: &[u8]) -> bool {
    let words = words(text);
    if words.len() >= WORDS {
        return false;
    }
    if encoding == WINDOWS_1252 {
        let odd = |word: &&str| is_odd(word) || !is_ordinary(&word.chars().collect::<Vec<_>>());
        return (words.iter().any(odd) && reads_otherwise(bytes, text)) || begins_large(bytes, text);
    }
    // Told apart from Windows-1252 by its euro sign.
    if encoding == ISO_8859_15 {
        return !words.iter().all(|word| is_ordinary(&word.chars().collect::<Vec<_>>()));
    }
    if !encoding.is_single_byte() {
        // `Mar｛` is `María` in DOS.
        return words.iter().any(|word| mixes(word));
    }
    let is_latin = |c: char| c.is_ascii() || !c.is_alphabetic() || u32::from(c) < 0x250;
    match text.chars().all(is_latin) {
        // `naïve` is `naīve` in the Baltic, `Lunedì` is `Lunedė`, and `Gülşen` is `Gülţen` in Hungary.
        true => reads_otherwise(bytes, text),
        false => {
            let mut characters: Vec<char> = text.chars().filter(|c| !c.is_ascii()).collect();
            characters.sort_unstable();
            characters.dedup();
            characters.len() < CHARACTERS
        }
    }
}

/// Whether a cell begins with a small letter that is a capital in central Europe's Mac or Windows, or in DOS: `üukasz` is
/// `Łukasz`.
fn begins_large(bytes: &[u8], text: &str) -> bool {
    let first = |cell: &str| cell.trim().chars().next();
    let delimiter = |c: char| matches!(c, ',' | ';' | '|' | '\t' | '\r' | '\n');
    let cells = |text: &str| text.split(delimiter).map(first).collect::<Vec<_>>();
    let read = cells(text);
    let begins = |c: Option<char>, is: fn(char) -> bool| c.is_some_and(|c| !c.is_ascii() && is(c));
    if !read.iter().any(|c| begins(*c, char::is_lowercase)) {
        return false;
    }
    let others =
        [code_pages::X_MAC_CE.decode(bytes), WINDOWS_1250.decode_without_bom_handling(bytes).0.into_owned()];
    let of_dos = [code_pages::IBM852.decode(bytes), code_pages::IBM850.decode(bytes)];
    others.iter().chain(&of_dos).any(|other| {
        makes_sense(other)
            && words(other).iter().all(|word| is_ordinary(&word.chars().collect::<Vec<_>>()))
            && cells(other).iter().zip(&read).any(|(large, small)| {
                begins(*small, char::is_lowercase) && begins(*large, char::is_uppercase)
            })
    })
}

/// The different words with characters beyond ASCII.
pub(super) fn words(text: &str) -> Vec<&str> {
    let delimiter = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '|' | '"');
    let mut words: Vec<&str> = text.split(delimiter).filter(|word| !word.is_ascii()).collect();
    words.sort_unstable();
    words.dedup();
    words
}

/// Whether a word that is read as of western Europe has what words there do not have.
fn is_odd(word: &str) -> bool {
    let characters: Vec<char> = word.chars().collect();
    let letters = |c: &char| c.is_alphabetic();
    let vowel = |c: char| "aeiouyáéíóúàèìòùâêîôûäëïöüãõåæøAEIOUY".contains(c);
    // `Èâàí` is `Иван`.
    let foreign = characters.iter().filter(|c| letters(c)).all(|c| !c.is_ascii())
        && characters.iter().filter(|c| letters(c)).count() > 2;
    foreign
        || characters.iter().enumerate().any(|(at, c)| {
            let before = at.checked_sub(1).map(|before| characters[before]);
            let after = characters.get(at + 1).copied();
            let is_letter = |c: Option<char>| c.is_some_and(char::is_alphabetic);
            match c {
                // In the code pages of Turkey and central Europe these are other letters.
                'ð' | 'Ð' | 'þ' | 'Þ' | 'ý' | 'Ý' => true,
                'ñ' | 'Ñ' => !after.is_some_and(vowel),
                'õ' | 'Õ' => !matches!(after, Some('e' | 'E')),
                // Italian has it at the end only.
                'ì' | 'Ì' => is_letter(after),
                'ò' | 'ù' | 'è' | 'ø' => false,
                // What DOS and the Mac have at the bytes of these.
                'š' | 'Š' | 'ž' | 'Ž' | 'œ' | 'Œ' | 'Ÿ' | 'ƒ' => true,
                '‰' | '†' | '‡' | '…' | '™' | '½' | '¼' | '¾' | '¤' | '¢' | '¥' | '¡' | '¬' | '±' | '•'
                | '›' | '‹' | '„' | '”' | '“' | '–' | '—' | '\u{a0}' => {
                    is_letter(before) || is_letter(after)
                }
                '’' | '‘' => {
                    after.is_some_and(char::is_lowercase)
                        && is_letter(before)
                        && !matches!(after, Some('s' | 't' | 'l' | 'r' | 'v' | 'm' | 'd'))
                }
                _ => false,
            }
        })
}

/// Whether another encoding of Europe makes sense of the same bytes in another way.
fn reads_otherwise(bytes: &[u8], text: &str) -> bool {
    use encoding_rs::{MACINTOSH, WINDOWS_1251, WINDOWS_1253, WINDOWS_1254, WINDOWS_1257};
    let others = [
        WINDOWS_1252,
        MACINTOSH,
        ISO_8859_15,
        WINDOWS_1250,
        WINDOWS_1251,
        WINDOWS_1253,
        WINDOWS_1254,
        WINDOWS_1257,
    ];
    let of_dos = [&code_pages::IBM850, &code_pages::IBM437, &code_pages::IBM852, &code_pages::X_MAC_CE];
    let makes_other_sense = |other: &str| other != text && makes_sense(other);
    others.iter().any(|other| makes_other_sense(&other.decode_without_bom_handling(bytes).0))
        || of_dos.iter().any(|page| makes_other_sense(&page.decode(bytes)))
}

/// Whether a letter of ASCII stands beside a character of East Asia.
fn mixes(word: &str) -> bool {
    let characters: Vec<char> = word.chars().collect();
    characters.windows(2).any(|two| {
        let wide = |c: char| !c.is_ascii();
        (two[0].is_ascii_alphabetic() && wide(two[1])) || (wide(two[0]) && two[1].is_ascii_alphabetic())
    })
}

#[cfg(test)]
mod tests {
    use encoding_rs::{
        Encoding, ISO_8859_2, WINDOWS_1250, WINDOWS_1251, WINDOWS_1252, WINDOWS_1253, WINDOWS_1254,
        WINDOWS_1257,
    };

    use crate::recipients::encoding::{Charset, Scan};

    /// Names of a language, in the code page that its Windows has.
    type OfLanguage = (&'static str, &'static Encoding, &'static str);

    const NAMES: [OfLanguage; 17] = [
        ("en", WINDOWS_1252, "naïve café Zoë résumé Chloë façade Brontë fiancée"),
        ("de", WINDOWS_1252, "Müller Jürgen Größe Schäfer Weiß Köln Bäcker Übung Ärzte"),
        ("fr", WINDOWS_1252, "François Hélène Noël Gaëlle Théo Rhône garçon Zoé Benoît"),
        ("es", WINDOWS_1252, "José Núñez Peña María Ángel Iñaki corazón Martínez Muñoz"),
        ("pt", WINDOWS_1252, "João Conceição Inês Antônio São Gonçalves Luís Magalhães"),
        ("it", WINDOWS_1252, "Niccolò città perché Forlì Così Più Caffè Lunedì Cantù"),
        ("sv", WINDOWS_1252, "Åsa Björn Göran Sjöström Märta Malmö Håkan Östen"),
        ("da", WINDOWS_1252, "Søren Åse Jørgensen Kærgaard København Østergaard Ærø"),
        ("fi", WINDOWS_1252, "Päivi Mäkinen Jyväskylä Hämäläinen Yrjö Äiti Härmä"),
        ("pl", WINDOWS_1250, "Łukasz Małgorzata Wałęsa Gdańsk Żółw Świętek Kraków Grażyna"),
        ("cs", WINDOWS_1250, "Dvořák Jiří Černý Plzeň Růžena Šárka Žižka Kateřina"),
        ("hu", WINDOWS_1250, "Győr Erzsébet Ágnes Sándor Szőke Péter Zsófia Tűz"),
        ("pl2", ISO_8859_2, "Łukasz Małgorzata Wałęsa Gdańsk Żółw Świętek Kraków Grażyna"),
        ("tr", WINDOWS_1254, "Şahin Gülşen İbrahim Çağlar Işık Yıldız Doğan Güneş"),
        ("lv", WINDOWS_1257, "Jānis Bērziņš Līga Rīga Ķemeri Ģirts Dzērve Ļaudona"),
        ("ru", WINDOWS_1251, "Иван Мария Екатерина Алексей Щукин Москва Юлия Чехов"),
        ("el", WINDOWS_1253, "Γιώργος Μαρία Αθήνα Ελένη Κώστας Άννα Χρήστος Όλγα"),
    ];

    /// How a list with these names is read without being told; `None` where it is asked for.
    fn read(encoding: &'static Encoding, names: &[&str]) -> Option<String> {
        let text: String = names.iter().map(|name| format!("{name},+12025550101\n")).collect();
        let bytes = [b"name,phone\n", &*encoding.encode(&text).0].concat();
        let mut scan = Scan::new();
        scan.see(&bytes);
        let Charset::Standard(found) = scan.found(true).ok()?.charset else { return None };
        Some(found.decode_without_bom_handling(&bytes).0.replace("name,phone\n", ""))
            .map(|read| if read == text { "right".to_owned() } else { read })
    }

    /// Files of one to eight names in seventeen languages and code pages.
    #[test]
    fn a_guess_is_right_or_none() {
        let (mut files, mut wrong, mut west) = (0, Vec::new(), (0, 0));
        for (language, encoding, names) in NAMES {
            let names: Vec<&str> = names.split(' ').collect();
            for size in [1, 2, 3, 5, names.len()] {
                for start in 0..names.len() {
                    let some: Vec<&str> = (start..start + size).map(|at| names[at % names.len()]).collect();
                    files += 1;
                    let said = read(encoding, &some);
                    if encoding == WINDOWS_1252 {
                        west = (west.0 + 1, west.1 + usize::from(said.is_none()));
                    }
                    if let Some(said) = said.filter(|said| said != "right") {
                        wrong.push(format!("{language} {said:?}"));
                    }
                }
            }
        }
        // Where all letters are letters of another language too, nobody can tell.
        assert!(wrong.len() * 25 <= files, "{} of {files} are wrong: {wrong:#?}", wrong.len());
        assert!(west.1 * 10 <= west.0, "{west:?}: what most files are in is told without asking");
    }
}
