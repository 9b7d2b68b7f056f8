//! Text that went through a program which took it for something else: UTF-8 read as Windows-1252 (`JosÃ©`), entities of HTML
//! (`O&#039;Brien`), characters that were lost (`Jos\u{fffd}`, `Dvo?ák`).

/// What is wrong with the cell, as it is written.
pub(super) fn find(cell: &str) -> Option<String> {
    let suspicious = |byte: &u8| matches!(*byte, b'&' | b'?' | 0xC2..=0xC3 | 0xE2 | 0xEF);
    if !cell.as_bytes().iter().any(suspicious) {
        return None;
    }
    if cell.contains('\u{fffd}') {
        return Some("a character that was lost (\u{fffd})".to_owned());
    }
    if let Some(entity) = entity(cell) {
        return Some(format!("HTML ({entity})"));
    }
    if let Some(mojibake) = mojibake(cell) {
        return Some(format!("text that was encoded twice ({mojibake})"));
    }
    cell.split_whitespace().find_map(lost).map(|()| "? inside a word".to_owned())
}

/// The first entity.
fn entity(cell: &str) -> Option<&str> {
    cell.match_indices('&').find_map(|(at, _)| {
        let rest = &cell[at..];
        let near = &rest[..rest.floor_char_boundary(12)];
        let end = near.find(';')?;
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
    const NAMES: &[&str] = &[
        "amp", "lt", "gt", "quot", "apos", "nbsp", "copy", "reg", "euro", "pound", "hellip", "ndash",
        "mdash", "lsquo", "rsquo", "ldquo", "rdquo", "laquo", "raquo", "iexcl", "iquest", "szlig", "deg",
        "trade", "middot", "bull", "shy",
    ];
    const ACCENTS: &[&str] =
        &["acute", "grave", "circ", "uml", "tilde", "cedil", "ring", "slash", "lig", "caron"];
    let accented = |accent: &&str| {
        let letter = name.strip_suffix(*accent);
        letter.is_some_and(|letter| {
            matches!(letter.len(), 1 | 2) && letter.bytes().all(|b| b.is_ascii_alphabetic())
        })
    };
    NAMES.contains(&name) || ACCENTS.iter().any(accented)
}

/// The first characters that are UTF-8 read as Windows-1252.
fn mojibake(cell: &str) -> Option<String> {
    let characters: Vec<char> = cell.chars().collect();
    let bytes: Vec<Option<u8>> = characters.iter().map(|c| windows_1252(*c)).collect();
    (0..characters.len()).find_map(|at| {
        let lead = bytes[at]?;
        let behind = match lead {
            0xC2..=0xC5 | 0xCE..=0xD1 => 1,
            0xE2 | 0xE3 | 0xEF => 2,
            0xF0 => 3,
            _ => return None,
        };
        let all: Option<Vec<u8>> = bytes.get(at..=at + behind)?.iter().copied().collect();
        let text = std::str::from_utf8(&all?).ok()?.to_owned();
        let written = &characters[at..=at + behind];
        // A capital with an accent before a closing quote or a dash is ordinary text.
        let ordinary = behind == 1 && matches!(written[1], '\u{2013}'..='\u{201e}' | '\u{2026}' | '\u{2022}');
        // Of the scripts whose letters are all like this, one alone says nothing.
        let lone = matches!(lead, 0xCE..=0xD1)
            && !bytes.get(at + 2).is_some_and(|next| matches!(next, Some(0xCE..=0xD1)));
        let capitals = at > 0 && characters[at - 1].is_ascii_uppercase();
        let said = !text.is_empty() && !lone && !(ordinary && (capitals || lead > 0xC3));
        said.then(|| written.iter().collect())
    })
}

/// The byte that Windows-1252 shows as this character.
fn windows_1252(c: char) -> Option<u8> {
    /// From 0x80 on; what has none is shown as the control character of that byte.
    const HIGH: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
        '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
    ];
    if let Some(at) = HIGH.iter().position(|high| *high == c) {
        return u8::try_from(0x80 + at).ok();
    }
    u8::try_from(u32::from(c)).ok().filter(|byte| *byte >= 0x80)
}

/// A `?` in the middle of a word that is no address.
fn lost(word: &str) -> Option<()> {
    if word.contains(['/', '=', '&', '.', '@']) {
        return None;
    }
    let letters: Vec<char> = word.chars().collect();
    let inside = |three: &[char]| three[0].is_alphabetic() && three[1] == '?' && three[2].is_lowercase();
    letters.windows(3).any(inside).then_some(())
}
