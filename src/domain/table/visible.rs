//! What of a text can be seen: one definition of *the cell is empty* and of *the same name*.

/// Whether a character takes no ink and no room, or nothing but room: spaces of every kind, controls, marks of direction,
/// joiners, fillers, selectors. Sources: Unicode `White_Space`, `Default_Ignorable_Code_Point`, general category Cc, and
/// U+2800, a Braille pattern without dots.
#[must_use]
pub fn is_invisible(c: char) -> bool {
    if c.is_ascii() {
        return c <= ' ' || c == '\u{7f}';
    }
    c.is_whitespace() || c.is_control() || c == '\u{2800}' || is_ignorable(c)
}

/// A character that is not drawn where it is not understood. Source: Unicode, `Default_Ignorable_Code_Point`.
#[must_use]
pub fn is_ignorable(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// Whether there is nothing to see.
#[must_use]
pub fn is_blank(text: &str) -> bool {
    text.chars().all(is_invisible)
}

/// A cell as it goes into a text: without the spaces around it, and empty where there is nothing to see in it. Joiners and
/// selectors within it stay, for emoji and scripts need them.
#[must_use]
pub fn cell(text: &str) -> &str {
    // Nearly every cell begins and ends with a letter or a digit: decided by two bytes.
    let bytes = text.as_bytes();
    if let (Some(first), Some(last)) = (bytes.first(), bytes.last())
        && first.is_ascii_graphic()
        && last.is_ascii_graphic()
    {
        return text;
    }
    if is_blank(text) {
        return "";
    }
    let edge = |c: char| {
        c.is_whitespace() || matches!(c, '\u{feff}' | '\u{200b}' | '\u{2060}' | '\u{3164}' | '\u{ffa0}')
    };
    text.trim_matches(edge)
}

/// A control character that no text for people has: none but tabs and line ends.
#[must_use]
pub fn control(text: &str) -> Option<char> {
    if !text.bytes().any(|byte| byte < b' ' || byte == 0x7f || byte == 0xc2) {
        return None;
    }
    text.chars().find(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{85}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_with_nothing_to_see_are_empty() {
        for text in [
            "",
            " ",
            "\u{200b}",
            "\u{feff}",
            "\u{200e}\u{200f}",
            "\u{2060}",
            "\u{a0}",
            "\u{3164}",
            "\u{ad}",
            "\u{2800}",
            "\u{fe0f}\t",
            "\u{e0020}",
        ] {
            assert_eq!((cell(text), is_blank(text)), ("", true), "{text:?}");
        }
        for (text, seen) in [
            (" Ann ", "Ann"),
            ("\u{200b}Ann", "Ann"),
            ("\u{200f}שלום\u{200e}", "\u{200f}שלום\u{200e}"),
            ("❤\u{fe0f}", "❤\u{fe0f}"),
            ("👩\u{200d}🔧 ", "👩\u{200d}🔧"),
        ] {
            assert_eq!(cell(text), seen);
        }
    }

    #[test]
    fn controls_are_found_and_line_ends_are_none() {
        assert_eq!(control("a\tb\r\nc é"), None);
        for c in ['\0', '\u{1b}', '\u{7f}', '\u{1f}', '\u{9b}'] {
            assert_eq!(control(&format!("é{c}n")), Some(c));
        }
    }
}
