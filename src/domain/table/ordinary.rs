//! Whether a word can be what a person wrote, by its letters, its capitals and where its signs are.
//!
//! It knows no words: only that the letters of one word belong to one alphabet, that no capital stands behind a small
//! letter, and that a sign of money, a low quote or a paragraph does not touch a letter.

/// Letters beyond ASCII of the languages that are written in Latin, a language (or two close ones) each. Source: the exemplar
/// characters of Unicode CLDR, with letters of names that came from neighbours.
const LATIN: [&str; 27] = [
    "àâæçéèêëîïôœùûüÿñáíóú",
    "äöüßéèàâçëñáó",
    "áéíóúüñçàèïòºª",
    "àáâãçéêíóôõúüèìòùñ",
    "ăâîșțşţéöüáő",
    "áéíóúàèëïöüĳêâôûîçñ",
    "åäöæøéèàáôòêâüëçðíóúý",
    "áðéíóúýþæöøåä",
    "ąćęłńóśźżé",
    "áäčďéěíĺľňóôŕřšťúůýžöüëőű",
    "áéíóöőúüűäâî",
    "čćđšžáéëöü",
    "çëâîû",
    "çğıiöşüâîûéäəñ",
    "ąčęėįšųūž",
    "āčēģīķļņšūžōŗäöü",
    "äöõüšž",
    "ċġħżàèéìòùî",
    "âêîôûŵŷäëïöüáéíóúàèìòùẅẃẁẍỳÿý",
    "ăâđêôơưàáãèéìíòóõùúýĩũạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ",
    "ĉĝĥĵŝŭ",
    "çäžňöşüý",
    "āēīōūäëöüñ",
    "ẹọṣịụṅàáèéìíòóùúǹńḿɓɗƙƴǫ",
    "áčđŋšŧžäöâ",
    "āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜü",
    "ãẽĩõũỹñáéíóúýâêîôû",
];

/// The same of the languages that are written in Cyrillic.
const CYRILLIC: [&str; 8] = [
    "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
    "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя",
    "абвгґдеёжзійклмнопрстуўфхцчшыьэюя",
    "абвгдђежзијклљмнњопрстћуфхцчџшѓѕќѐѝ",
    "абвгдеёжзийклмнопрстуфхцчшщъыьэюяәғқңөұүһі",
    "абвгдеёжзийклмнопрстуфхцчшщъыьэюяәөүҗңһ",
    "абвгдеёжзийклмнопрстуфхцчшщъыьэюяғӣқӯҳҷў",
    "абвгдеёжзийклмнопрстуфхцчшщъыьэюяөү",
];

/// What a letter belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Script {
    Latin,
    Cyrillic,
    /// Chinese, Japanese and Korean, which mix.
    EastAsian,
    /// Another one, by the first code point of its block; 0 where it has none here.
    Other(u32),
}

/// The scripts with one alphabet each, by their blocks. Source: Unicode, Blocks.txt.
const BLOCKS: [(u32, u32); 24] = [
    (0x370, 0x3ff),
    (0x531, 0x58f),
    (0x590, 0x5ff),
    (0x620, 0x6ff),
    (0x900, 0x97f),
    (0x980, 0x9ff),
    (0xa00, 0xa7f),
    (0xa80, 0xaff),
    (0xb00, 0xb7f),
    (0xb80, 0xbff),
    (0xc00, 0xc7f),
    (0xc80, 0xcff),
    (0xd00, 0xd7f),
    (0xd80, 0xdff),
    (0xe00, 0xe7f),
    (0xe80, 0xeff),
    (0x1000, 0x109f),
    (0x10a0, 0x10ff),
    (0x1200, 0x137f),
    (0x1780, 0x17ff),
    (0x1c90, 0x1cbf),
    (0x1f00, 0x1fff),
    (0xfb50, 0xfdff),
    (0xfe70, 0xfefe),
];

fn script(c: char) -> Option<Script> {
    let code = u32::from(c);
    match code {
        0xd7 | 0xf7 | 0xaa | 0xba | 0xb5 => None,
        0x41..=0x5a | 0x61..=0x7a | 0xc0..=0x2af | 0x1e00..=0x1eff => Some(Script::Latin),
        0x400..=0x52f => Some(Script::Cyrillic),
        0x3005 | 0x3040..=0x30ff | 0x3400..=0x9fff | 0xac00..=0xd7a3 | 0xf900..=0xfaff | 0xff66..=0xff9f => {
            Some(Script::EastAsian)
        }
        _ if !c.is_alphabetic() && !(0x900..0xe80).contains(&code) => None,
        _ => {
            let block = BLOCKS.iter().find(|(first, last)| (*first..=*last).contains(&code));
            match block.map(|(first, _)| *first) {
                Some(0xfb50 | 0xfe70) => Some(Script::Other(0x620)),
                Some(0x1f00) => Some(Script::Other(0x370)),
                Some(first) => Some(Script::Other(first)),
                None => Some(Script::Other(0)),
            }
        }
    }
}

/// Accents that follow their letter.
fn is_mark(c: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&c)
}

/// Whether it is a letter of a script.
#[must_use]
pub fn is_letter(c: char) -> bool {
    script(c).is_some()
}

/// Whether the characters, which no space divides, can be what a person wrote.
#[must_use]
pub fn is_ordinary(text: &[char]) -> bool {
    let is_within = |at: &usize| is_letter(text[*at]) || is_mark(text[*at]);
    let mut words = (0..text.len()).filter(|at| is_within(at) && (*at == 0 || !is_within(&(at - 1))));
    let mut signs =
        text.iter().enumerate().filter(|(_, c)| !c.is_ascii() && !is_letter(**c) && !is_mark(**c));
    let neighbour = |at: Option<usize>| at.and_then(|at| text.get(at)).copied().unwrap_or(' ');
    let end = |from: usize| (from..text.len()).find(|at| !is_within(at)).unwrap_or(text.len());
    words.all(|from| is_word(&text[from..end(from)], neighbour(Some(end(from)))))
        && signs.all(|(at, c)| is_in_place(*c, neighbour(at.checked_sub(1)), neighbour(Some(at + 1))))
}

/// Whether letters, and the character behind them, belong to one alphabet, and capitals are where capitals are.
fn is_word(letters: &[char], after: char) -> bool {
    let mut scripts = letters.iter().filter_map(|c| script(*c));
    let Some(first) = scripts.next() else { return letters.len() == 1 };
    if !scripts.all(|other| other == first) {
        return false;
    }
    let alphabets: &[&str] = match first {
        Script::Latin => &LATIN,
        Script::Cyrillic => &CYRILLIC,
        Script::EastAsian => return true,
        // A letter of a script that is not known here has no block.
        Script::Other(block) => {
            return BLOCKS.iter().any(|(first, _)| *first == block)
                && has_capitals_in_place(letters, |_| true);
        }
    };
    let is_in = |alphabet: &str| {
        letters
            .iter()
            .all(|c| c.is_ascii() || is_mark(*c) || alphabet.contains(*c) || alphabet.contains(small(*c)))
    };
    // `КИПиА»` and `СПбГУ` are written so.
    let follows = |at: usize| letters.get(at + 1).copied().unwrap_or(after);
    let counts = |at| {
        let follows = follows(at);
        first != Script::Cyrillic
            || follows.is_lowercase()
            || !(follows.is_ascii() || is_letter(follows) || "«»“”„™’".contains(follows))
    };
    // No word begins with this letter, which Slovak has.
    let begins = matches!(letters, ['Ĺ', second, ..] if !second.is_ascii());
    !begins && alphabets.iter().any(|alphabet| is_in(alphabet)) && has_capitals_in_place(letters, counts)
}

fn small(c: char) -> char {
    c.to_lowercase().next().unwrap_or(c)
}

/// `JosĂ` and `ÄŚapek` are not written so; `McDonald`, `MUñOZ` and `hÉireann` are. Only some capitals behind small
/// letters may count.
fn has_capitals_in_place(letters: &[char], counts: impl Fn(usize) -> bool) -> bool {
    let is_irish =
        |at, two: &[char]| at == 0 && matches!(two, ['h' | 'n' | 't', 'Á' | 'É' | 'Í' | 'Ó' | 'Ú']);
    let inner = letters.windows(2).enumerate().any(|(at, two)| {
        let capital = two[1].is_uppercase() && !two[1].is_ascii();
        two[0].is_lowercase() && capital && !is_irish(at, two) && counts(at + 1)
    });
    let two_capitals = letters.len() > 2
        && letters[0].is_uppercase()
        && letters[1].is_uppercase()
        && letters[2].is_lowercase()
        && !letters[1].is_ascii();
    let lone_small = letters.windows(3).any(|three| {
        let [before, small, after] = three else { return false };
        let is_latin = |c: char| !c.is_ascii() && script(c) == Some(Script::Latin);
        before.is_uppercase()
            && small.is_lowercase()
            && after.is_uppercase()
            && is_latin(*before)
            && is_latin(*small)
    });
    !inner && !two_capitals && !lone_small
}

/// Whether a sign is between characters that it may stand between.
fn is_in_place(sign: char, before: char, after: char) -> bool {
    let beyond = |c: char| !c.is_ascii() && is_letter(c);
    match sign {
        '\u{80}'..='\u{9f}' | '\u{fffd}' => false,
        // Of Uzbek and Hawaiian.
        '‘' => !is_letter(before) || !is_letter(after) || "oOgGaAeEiIuU".contains(before),
        '“' | '”' | '«' | '»' | '‹' | '›' | '•' => !(is_letter(before) && is_letter(after)),
        '„' | '‚' | '¿' | '¡' | '©' => !is_letter(before),
        '®' | '™' => !is_letter(after),
        '…' => !(is_letter(before) && is_letter(after)),
        '´' | '’' | '–' | '—' => {
            let capital = beyond(before) && before.is_uppercase() && script(before) == Some(Script::Latin);
            !(capital && is_letter(after))
        }
        '°' => {
            !beyond(before) && (!is_letter(after) || (matches!(after, 'C' | 'F' | 'c') && !is_letter(before)))
        }
        'º' | 'ª' => !is_letter(after) && !beyond(before),
        '²' | '³' | '¹' => !is_letter(after) && !beyond(before),
        '\u{a0}' | '\u{ad}' => !(beyond(before) && before.is_uppercase()),
        '€' | '£' | '¥' | '¢' | '§' | '¶' | '†' | '‡' | '¤' | '¬' | '¦' | '±' | '¼' | '½' | '¾' | '×'
        | '÷' | '¨' | '¯' | '¸' | '˜' | 'ˆ' | '˝' | '˛' | '˙' | '˘' | 'ˇ' | '№' | 'µ' | '‰' => {
            !is_letter(before) && !is_letter(after)
        }
        '\u{2200}'..='\u{23ff}' | '\u{2500}'..='\u{25ff}' | '⁄' | 'ﬁ' | 'ﬂ' | '₧' => {
            before.is_ascii() && after.is_ascii() && !is_letter(before) && !is_letter(after)
        }
        _ => true,
    }
}

/// Whether a sign or a letter is among those that texts for people have.
#[must_use]
pub fn is_usual(c: char) -> bool {
    let of_no_script = script(c) == Some(Script::Other(0));
    let code = u32::from(c);
    let sign = matches!(code,
        0xa0..=0xbf | 0xd7 | 0xf7 | 0x2010..=0x2044 | 0x20a0..=0x20c0 | 0x2116 | 0x2122 | 0x2190..=0x21ff | 0x2500..=0x27bf
        | 0x3000..=0x303f | 0xfe0f | 0xff00..=0xff65 | 0x200b..=0x200f | 0xfeff | 0x1f000..=0x1faff);
    let rare = (0x3400..0x4e00).contains(&code) || ((0x250..=0x2af).contains(&code) && c != 'ə');
    let accent = matches!(code, 0x300..=0x304 | 0x306..=0x30c | 0x323 | 0x327 | 0x328 | 0x331);
    c.is_ascii() || accent || sign || (is_letter(c) && !of_no_script && !rare)
}
