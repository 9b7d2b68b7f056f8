//! Text that went through a program which took it for something else: UTF-8 read as Windows-1252 (`JosÃ©`) or in a code page
//! of another script, DOS or the Mac (`JosГ©`, `Jos├⌐`, `Jos√©`), entities and tags of HTML (`O&#039;Brien`), escapes of URLs,
//! JSON and mail (`Jos%C3%A9`, `Jos\u00e9`, `Jos=C3=A9`), characters that were lost (`Jos\u{fffd}`, `Dvo?ák`).

use super::{mojibake, objects};

/// Characters of an object that are shown.
const SHOWN: usize = 40;

/// What is wrong with the cell, as it is written.
pub(super) fn find_in_cell(cell: &str) -> Option<String> {
    find(cell).or_else(|| turning(cell))
}

/// A mark of direction that acts on what stands behind the cell: one that turns letters round, or one that nothing ends.
/// Source: Unicode, UAX #9. Whoever writes Arabic or Hebrew has pairs of them.
fn turning(cell: &str) -> Option<String> {
    let is_mark = |c: &char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if !cell.as_bytes().contains(&0xe2) {
        return None;
    }
    let mut open = Vec::new();
    for mark in cell.chars().filter(is_mark) {
        match mark {
            '\u{202d}' | '\u{202e}' => return Some(direction(mark)),
            '\u{202c}' | '\u{2069}' => {
                let begins = |begin: &char| (*begin >= '\u{2066}') == (mark == '\u{2069}');
                // What ends nothing does nothing.
                if open.last().is_some_and(begins) {
                    open.pop();
                }
            }
            begin => open.push(begin),
        }
    }
    open.pop().map(direction)
}

fn direction(mark: char) -> String {
    format!("a mark that turns round what follows (U+{:04X})", u32::from(mark))
}

/// A character that stands for something that is not there: an object, a mark of another program, nothing at all. Source:
/// Unicode, general categories Co and Cn (noncharacters), U+FFF9 to U+FFFC.
fn nothing(cell: &str) -> Option<String> {
    let code = cell.chars().map(u32::from).find(|code| {
        matches!(code, 0xe000..=0xf8ff | 0xfdd0..=0xfdef | 0xfff9..=0xfffc | 0xf_0000..)
            || code & 0xfffe == 0xfffe
    })?;
    let what = if (0xfff9..=0xfffc).contains(&code) {
        "a character that stands for an object"
    } else {
        "a character without a meaning of its own"
    };
    Some(format!("{what} (U+{code:04X})"))
}

/// The same in any text.
pub(super) fn find(cell: &str) -> Option<String> {
    if let Some(object) = objects::find(cell) {
        let shown: String = object.chars().take(SHOWN).collect();
        let cut = if shown.len() < object.len() { "…" } else { "" };
        return Some(format!("an object that a program printed ({shown}{cut})"));
    }
    let bytes = cell.as_bytes();
    let suspicious = |byte: &u8| {
        matches!(*byte, b'&' | b'?' | b'<' | b'%' | b'\\' | b'=' | b'[' | b'_' | b'\'' | b'"' | 0x80..)
    };
    if !bytes.iter().any(suspicious) {
        return None;
    }
    if cell.contains('\u{25a1}') {
        return Some("a character that was lost (\u{25a1})".to_owned());
    }
    if cell.contains('\u{fffd}') {
        return Some("a character that was lost (\u{fffd})".to_owned());
    }
    if !cell.is_ascii()
        && let Some(nothing) = nothing(cell)
    {
        return Some(nothing);
    }
    if let Some(html) = entity(cell).or_else(|| tag(cell)) {
        return Some(format!("HTML ({html})"));
    }
    if let Some(escape) = escape(cell) {
        return Some(format!("an escape ({escape})"));
    }
    if !cell.is_ascii() {
        let has_east = bytes.iter().any(|byte| *byte >= 0xE2);
        let east = || if has_east { east(cell) } else { None };
        if let Some(mojibake) = mojibake::find(cell).or_else(east) {
            return Some(format!("text that was encoded twice ({mojibake})"));
        }
    }
    if let Some(mark) = mark_of_text(cell) {
        return Some(mark.to_owned());
    }
    cell.split_whitespace().find_map(lost).map(|()| "? inside a word".to_owned())
}

/// The mark that keeps a spreadsheet from reading a number: `'Ann`. `'t Hooft` and `'s-Hertogenbosch` begin small.
fn mark_of_text(cell: &str) -> Option<&'static str> {
    let marked = cell.strip_prefix('\'').filter(|rest| !rest.contains('\''))?;
    let is_text = |c: char| c.is_uppercase() || c.is_ascii_digit() || matches!(c, '+' | '=');
    marked.starts_with(is_text).then_some("the mark of a text in a spreadsheet (')")
}

/// The first tag of HTML: `<b>`, `</p>`, `<br/>`, `<a href="x">`.
fn tag(cell: &str) -> Option<&str> {
    const NAMES: &[&str] = &[
        "a", "b", "br", "div", "em", "font", "h1", "h2", "h3", "hr", "i", "img", "li", "ol", "p", "pre", "s",
        "small", "span", "strong", "sub", "sup", "table", "td", "tr", "u", "ul",
    ];
    cell.match_indices('<').find_map(|(at, _)| {
        let rest = &cell[at + 1..];
        let end = rest.find('>').filter(|end| *end < 200)?;
        let name = rest[..end].trim_start_matches('/').trim_end_matches('/');
        let name = name.split_whitespace().next().unwrap_or_default().to_ascii_lowercase();
        NAMES.contains(&name.as_str()).then(|| &cell[at..=at + 1 + end])
    })
}

/// The first escape of a URL, of JSON or a programming language, or of mail.
fn escape(cell: &str) -> Option<&str> {
    let hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let upper_hex = |text: &str| hex(text) && !text.bytes().any(|byte| byte.is_ascii_lowercase());
    let is_address = cell.contains("://") || cell.contains("www.") || cell.contains('@');
    for (at, mark) in cell.match_indices(['%', '\\', '=']) {
        let rest = &cell[at..];
        let digits = |count: usize| rest.get(1..=count);
        match mark {
            // A byte beyond ASCII, or a space, in a text that is no address.
            "%" if !is_address => {
                let code = digits(2).filter(|code| hex(code));
                let letter = cell[..at].ends_with(char::is_alphabetic);
                if rest[1..].starts_with('u') && rest.get(2..6).is_some_and(hex) {
                    return rest.get(..6);
                }
                if letter && code.is_some_and(|code| code.bytes().any(|byte| byte.is_ascii_digit())) {
                    return rest.get(..3);
                }
                if code.is_some_and(|code| {
                    code.starts_with(['C', 'c', 'D', 'd', 'E', 'e']) && rest[3..].starts_with('%')
                }) || (code == Some("20") && letter)
                {
                    return rest.get(..3);
                }
            }
            "=" => {
                let pair = |text: &str| text.starts_with('=') && text.get(1..3).is_some_and(upper_hex);
                let alone = cell[..at].ends_with(char::is_alphabetic)
                    && pair(rest)
                    && "CDEF".contains(&rest[1..2])
                    && rest[3..].chars().next().is_none_or(char::is_alphabetic);
                if alone {
                    return rest.get(..3);
                }
                if pair(rest) && rest.get(1..2).is_some_and(|c| "CDEF".contains(c)) && pair(&rest[3..]) {
                    return rest.get(..6);
                }
            }
            "\\" => {
                let kind = rest[1..].chars().next();
                let code = match kind {
                    Some('u') if rest[2..].starts_with('{') => rest.find('}').map(|end| end + 1),
                    Some('2' | '3')
                        if digits(3).is_some_and(|code| code.bytes().all(|b| matches!(b, b'0'..=b'7'))) =>
                    {
                        Some(4)
                    }
                    Some('u') => rest.get(2..6).filter(|code| hex(code)).map(|_| 6),
                    Some('x') => rest.get(2..4).filter(|code| hex(code)).map(|_| 4),
                    Some('\'' | '"') => Some(2),
                    // A line end, where it is no folder of a disk.
                    Some('n' | 'r' | 't')
                        if !cell.contains(":\\") && !rest[2..].starts_with(char::is_lowercase) =>
                    {
                        Some(2)
                    }
                    _ => None,
                };
                if code.is_some() {
                    return code.and_then(|length| rest.get(..length));
                }
            }
            _ => {}
        }
    }
    of_program(cell)
}

/// What a program writes for a text: `b'Ann'` of Python, `_x00e9_` of XML, `[object Object]` of scripts.
fn of_program(cell: &str) -> Option<&str> {
    let hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let literal = |prefix: &str, quote: char| {
        let inner = cell.strip_prefix(prefix).and_then(|rest| rest.strip_prefix(quote)?.strip_suffix(quote));
        inner.is_some().then_some(cell)
    };
    let of_python =
        ["b", "u"].iter().find_map(|prefix| literal(prefix, '\'').or_else(|| literal(prefix, '"')));
    let of_xml = || {
        cell.match_indices("_x").find_map(|(at, _)| {
            let code = cell.get(at + 2..at + 6).filter(|code| hex(code))?;
            cell[at + 6..].starts_with('_').then_some(code)?;
            cell.get(at..at + 7)
        })
    };
    let of_script = || cell.contains("[object ").then_some("[object Object]");
    of_python.or_else(of_xml).or_else(of_script)
}

/// The first entity.
fn entity(cell: &str) -> Option<&str> {
    cell.match_indices('&').find_map(|(at, _)| {
        let rest = &cell[at..];
        let near = &rest[..rest.floor_char_boundary(34)];
        // Browsers take the older ones without their semicolon too.
        let end = near[1..]
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '#')
            .map_or(near.len(), |end| end + 1);
        if !near[end..].starts_with(';') {
            return is_accented(&near[1..end]).then(|| &rest[..end]);
        }
        let name = &near[1..end];
        let digits = |digits: &str, hex: bool| {
            !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit() || (hex && b.is_ascii_hexdigit()))
        };
        let numeric = name.strip_prefix('#').is_some_and(|code| match code.strip_prefix(['x', 'X']) {
            Some(code) => digits(code, true),
            None => digits(code, false),
        });
        (numeric || is_entity(name)).then(|| &rest[..=end])
    })
}

fn is_entity(name: &str) -> bool {
    const CAPITALS: &[&str] = &["AMP", "LT", "GT", "QUOT", "COPY", "REG", "ETH", "THORN", "NBSP", "APOS"];
    // `Q&A;` and `Smith&Sons;` are no entities; all names but those of letters begin small.
    let small = name.len() > 1
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    small || CAPITALS.contains(&name) || is_accented(name)
}

/// A letter with the name of its accent: `eacute`, `Lstrok`.
fn is_accented(name: &str) -> bool {
    const ACCENTS: &[&str] = &[
        "acute", "grave", "circ", "uml", "tilde", "cedil", "ring", "slash", "lig", "caron", "strok", "dot",
        "dblac", "macr", "ogon", "breve",
    ];
    ACCENTS.iter().any(|accent| {
        let letter = name.strip_suffix(accent);
        letter.is_some_and(|letter| {
            matches!(letter.len(), 1 | 2) && letter.bytes().all(|b| b.is_ascii_alphabetic())
        })
    })
}

/// What the two bytes of a Latin letter with a mark are in GBK, EUC-KR and Big5. Sources: the Encoding Standard's indexes,
/// rows 0xC3 to 0xC5.
const EAST: [&str; 3] = [
    "脌脕脗脙脛脜脝脟脠脡脢脣脤脥脦脧脨脩脪脫脭脮脰脳脴脵脷脹脺脻脼脽脿谩芒茫盲氓忙莽猫茅锚毛矛铆卯茂冒帽貌贸么玫枚梅酶霉煤没眉媒镁每膧膩膫膬膭膮膯膰膱膲膴膵膶膷膸膹膼膽膾膿臄臅臇臈臉臋臍臎臏臐臑臒臓摹蘑模膜磨摩魔抹末莫墨默沫漠寞陌谋牟某拇牡亩姆母墓暮幕募慕木目艀艁艂艃艅艆艈艊艌艍艎艐艑艒艓艔艕艖艗艙艛艜艝艞艠艡艢艣艤艥艦艧艩拧泞牛扭钮纽脓浓农弄奴努怒女暖虐疟挪懦糯诺哦欧鸥殴藕呕偶沤啪趴",
    "찼창찾채책챈챌챔챕챗챘챙챠챤챦챨챰챵처척천철첨첩첫첬청체첵첸첼치칙친칟칠칡침칩칫칭카칵칸칼캄캅캇캉캐캑캔캘캠캡캣캤캥캬캭컁커큄큅큇큉큐큔큘큠크큭큰클큼큽킁키킥킨킬킴킵킷킹타탁탄탈탉탐탑탓",
    "獺璽瓊瓣疇疆癟癡矇礙禱穫穩簾簿簸簽簷籀繫繭繹繩繪羅繳羶羹羸臘藩纂罌耀臚艦藻藹蘑藺蘆蘋蘇蘊蠔蠕襤覺觸議譬警譯譟譫贏贍躉躁躅躂醴禳籠籟聾聽臟襲襯觼讀贖贗躑躓轡酈鑄鑑鑒霽霾韃韁顫饕驕驍髒鬚鱉鰱",
];

/// UTF-8 read in an encoding of East Asia: `Jos茅`, `Josﾃｩ`. A letter of theirs within a Latin word that is one of ours there.
fn east(cell: &str) -> Option<String> {
    // The beginnings of quotes and of the euro sign, which GBK and Shift_JIS make of them.
    if let Some(mark) = ["鈥", "鈧", "窶", "竄"].iter().find(|mark| cell.contains(**mark)) {
        return Some((*mark).to_owned());
    }
    let characters: Vec<char> = cell.chars().collect();
    characters.iter().enumerate().find_map(|(at, c)| {
        let before = at > 0 && characters[at - 1].is_ascii_lowercase();
        let behind = |more: usize| characters.get(at + more).is_some_and(char::is_ascii_lowercase);
        // Two small signs of Shift_JIS are one letter.
        if matches!(c, 'ﾃ' | 'ﾄ' | 'ﾅ') {
            return (before || behind(2)).then(|| characters[at..].iter().take(2).collect());
        }
        let latin = u32::from(*c) > 0x2e7f && EAST.iter().any(|east| east.contains(*c));
        (latin && (before || behind(1))).then(|| c.to_string())
    })
}

/// A `?` in the middle of a word that is no address, or in front of a small letter.
fn lost(word: &str) -> Option<()> {
    if word.contains(['/', '=', '&', '.', '@']) {
        return None;
    }
    let mut parts = word.split('?').filter(|part| !part.is_empty());
    let first = if word.starts_with('?') { None } else { parts.next() };
    let small = |part: &str| part.starts_with(char::is_lowercase);
    let is_lost = match first {
        None => parts.next().is_some_and(small),
        Some(first) => {
            first.ends_with(char::is_alphabetic)
                && parts.next().is_some_and(|part| part.starts_with(char::is_alphabetic))
        }
    };
    is_lost.then_some(())
}
