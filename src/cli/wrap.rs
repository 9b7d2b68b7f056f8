//! Lines that are longer than a terminal is wide, broken between words: a terminal breaks them within.

use console::measure_text_width;

/// Narrowest terminal for which lines are broken.
pub(super) const LEAST: u16 = 40;
/// Deepest indent that a broken line goes on with.
const DEEPEST: usize = 12;

/// The text with no line longer than `width`, but for words that are. What is broken goes on below its line's own beginning,
/// two columns further in.
pub(super) fn wrapped(text: &str, width: usize) -> String {
    let lines: Vec<String> = text.split('\n').map(|line| broken(line, width)).collect();
    lines.join("\n")
}

fn broken(line: &str, width: usize) -> String {
    if measure_text_width(line) <= width {
        return line.to_owned();
    }
    let words = line.trim_start_matches(' ');
    let own = line.len() - words.len();
    let indent = " ".repeat((own + 2).min(DEEPEST));
    let mut broken = line[..own].to_owned();
    let (mut at, mut begins) = (own, true);
    for word in words.split_inclusive(' ') {
        let length = measure_text_width(word.trim_end_matches(' '));
        if !begins && at + length > width {
            broken.truncate(broken.trim_end_matches(' ').len());
            broken.push('\n');
            broken.push_str(&indent);
            at = indent.len();
        }
        broken.push_str(word);
        at += measure_text_width(word);
        begins = false;
    }
    broken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_between_words() {
        let text =
            "short\n  line 5, phone: the phone number is a landline, which cannot take a message\n\n  a  b";
        assert_eq!(
            wrapped(text, 44),
            "short\n  line 5, phone: the phone number is a\n    landline, which cannot take a message\n\n  a  b"
        );
        assert_eq!(
            wrapped("a very-long-word-that-does-not-fit here", 10),
            "a\n  very-long-word-that-does-not-fit\n  here"
        );
        assert_eq!(wrapped("山田太郎 山田太郎 山田太郎", 20), "山田太郎 山田太郎\n  山田太郎");
    }

    proptest::proptest! {
        #[test]
        fn nothing_is_lost_and_lines_fit(text in "[a-zé山 ]{0,200}", width in 40_usize..90) {
            let lines = wrapped(&text, width);
            let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            proptest::prop_assert_eq!(words(&lines), words(&text));
            for line in lines.split('\n') {
                let fits = measure_text_width(line.trim_end()) <= width || words(line).len() == 1;
                proptest::prop_assert!(fits, "{}", line);
            }
        }
    }
}
