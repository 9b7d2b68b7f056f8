//! Whether a text can be what somebody wrote, where its encoding was guessed.

/// Whether a text can be what somebody wrote: of its words with characters beyond ASCII, hardly any has a control, a lost
/// character, or a sign or capital where no language has one.
pub(super) fn makes_sense(text: &str) -> bool {
    let delimiter = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '|' | '"');
    let beyond = text.split(delimiter).filter(|word| !word.is_ascii());
    let (mut words, mut senseless) = (0, 0);
    for word in beyond {
        words += 1;
        senseless += usize::from(is_senseless(word));
    }
    senseless * 10 <= words
}

fn is_senseless(word: &str) -> bool {
    let characters: Vec<char> = word.chars().collect();
    let at = |at: usize| characters.get(at).copied().unwrap_or(' ');
    let odd = |c: char| !c.is_ascii() && !c.is_alphanumeric();
    let usual = |c: char| matches!(c, '’' | '‘' | '´' | '·' | 'ー' | '々' | '、' | '。' | '，' | '–' | '—');
    (0..characters.len()).any(|is| {
        let (before, c, after) = (if is == 0 { ' ' } else { at(is - 1) }, characters[is], at(is + 1));
        if c == '\u{fffd}' || ('\u{80}'..='\u{9f}').contains(&c) {
            return true;
        }
        // JosŽ: no capital stands behind a small letter. KŠthe: nor a lone one between a capital and a small letter.
        let capital = !c.is_ascii() && c.is_uppercase();
        if capital && (before.is_lowercase() || (before.is_uppercase() && after.is_lowercase())) {
            return true;
        }
        // Ł34.30: a letter beside digits, and no other letter.
        if !c.is_ascii()
            && c.is_alphabetic()
            && (before.is_ascii_digit() || after.is_ascii_digit())
            && characters.iter().filter(|c| c.is_alphabetic()).count() == 1
        {
            return true;
        }
        // Narrow kana stands beside its own kind only.
        let narrow = |c: char| ('\u{ff66}'..='\u{ff9f}').contains(&c);
        let kanji = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
        if narrow(c) && (kanji(before) || kanji(after)) {
            return true;
        }
        // Low quotes do not follow a letter; a sign of money, a degree, a paragraph does not touch one.
        if matches!(c, '‚' | '„' | '‹' | '‘') && before.is_alphabetic() {
            return true;
        }
        if matches!(c, '€' | '§' | '¶' | '÷' | '×' | '¤' | '¬' | '¦' | '‡' | '†' | '¿' | '¡') {
            let opens = matches!(c, '¿' | '¡') && !before.is_alphanumeric();
            return (before.is_alphabetic() || after.is_alphabetic()) && !opens;
        }
        if c == '‘' && before == ' ' && !characters.contains(&'’') {
            return true;
        }
        if c == '°' && before == ' ' && after.is_alphabetic() {
            return true;
        }
        // Pe–a: a dash between small letters. Unlike Berlin–Hamburg.
        if matches!(c, '–' | '—') && before.is_lowercase() && after.is_lowercase() {
            return true;
        }
        let within = |c: char| c.is_alphanumeric() || odd(c);
        odd(c) && !usual(c) && within(before) && within(after)
    }) || mixes_cyrillic(word)
}

/// Letters of Serbian or Macedonian beside letters that only Russian and its neighbours have.
fn mixes_cyrillic(word: &str) -> bool {
    let serbian = |c: char| "ЂЋЏЉЊЌЃђћџљњќѓЅѕЈј".contains(c);
    let russian = |c: char| "ыэщъьяюйёЫЭЩЪЬЯЮЙЁ".contains(c);
    word.contains(serbian) && word.contains(russian)
}

/// Whether an amount of money as western Europe's Windows writes it, `£34.30` or `5 £`, has a letter for its sign in the
/// other reading.
pub(super) fn is_money_read_as_letters(of_windows: &str, other: &str) -> bool {
    let [windows, other]: [Vec<char>; 2] = [of_windows, other].map(|text| text.chars().collect());
    let at = |at: Option<usize>| at.and_then(|at| windows.get(at)).copied().unwrap_or(' ');
    windows.len() == other.len()
        && (0..windows.len()).any(|is| {
            let (before, after) = (at(is.checked_sub(1)), at(Some(is + 1)));
            let amount = if before == ' ' { at(is.checked_sub(2)) } else { before };
            matches!(windows[is], '£' | '¥')
                && other[is].is_alphabetic()
                && (after.is_ascii_digit() || amount.is_ascii_digit())
                && !before.is_alphabetic()
                && !after.is_alphabetic()
        })
}

/// Whether a text that reads so in Windows-1252 is of ISO-8859-15: its euro sign is there, apart from letters, and no
/// character that Windows alone has.
pub(super) fn has_euro(of_windows: &str) -> bool {
    let letter = |c: Option<char>| c.is_some_and(char::is_alphabetic);
    let apart = |(at, sign): (usize, &str)| {
        !letter(of_windows[..at].chars().next_back()) && !letter(of_windows[at + sign.len()..].chars().next())
    };
    let of_windows_alone = |c: char| !c.is_ascii() && !('\u{a0}'..='\u{ff}').contains(&c);
    of_windows.match_indices('¤').all(apart) && !of_windows.contains(of_windows_alone)
}

pub(super) fn is_kana(c: char) -> bool {
    ('\u{3041}'..='\u{30ff}').contains(&c)
}
