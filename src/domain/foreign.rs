//! Text from outside: answers of the service, cells, headers, file names, variables of the environment.
//!
//! [`ForeignText`] cannot be printed as it is: it has no `Display`, and [`ForeignText::shown`] writes out what would move
//! a cursor, turn a line around or begin another one, and bounds its length. Code that needs the text itself (to store,
//! compare or match it) says so with [`ForeignText::raw`]. Numbers are not masked here: see
//! [`crate::domain::phone::mask`].

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::path::Path;

use crate::domain::table::visible::is_ignorable;

/// Longest foreign text that is shown, in characters.
const SHOWN: usize = 120;
/// Longest path that is shown, in characters: a user must be able to copy it.
const SHOWN_OF_PATH: usize = 1024;
/// Longest foreign text that is kept, in characters.
const KEPT: usize = 4096;

/// A text that came from outside, at most 4,096 characters of it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ForeignText(Box<str>);

impl ForeignText {
    /// The text, cut to the length that is kept.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        let mut text = text.into();
        if let Some((end, _)) = text.char_indices().nth(KEPT) {
            text.truncate(end);
        }
        Self(text.into_boxed_str())
    }

    /// The text itself: for storing, comparing and matching, never for people to read.
    #[must_use]
    pub fn raw(&self) -> &str {
        &self.0
    }

    /// The text as it may be printed.
    #[must_use]
    pub fn shown(&self) -> Shown<'_> {
        self.shown_up_to(SHOWN)
    }

    /// The same, cut at another length.
    #[must_use]
    pub fn shown_up_to(&self, longest: usize) -> Shown<'_> {
        Shown { text: &self.0, longest }
    }

    /// Whether it is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<String> for ForeignText {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<&str> for ForeignText {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

/// As it is shown, in quotes: what panics and test failures print is harmless too.
impl fmt::Debug for ForeignText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.shown_up_to(KEPT))
    }
}

/// Foreign text as it may be printed.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'t> {
    text: &'t str,
    longest: usize,
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, c) in self.text.chars().enumerate() {
            if at == self.longest {
                return f.write_char('…');
            }
            if is_active(c) || matches!(c, '\n' | '\r' | '\t') {
                write!(f, "\\u{{{:x}}}", u32::from(c))?;
            } else {
                f.write_char(c)?;
            }
        }
        Ok(())
    }
}

/// Whether printing a character does something else than drawing it: controls except tab and line ends, line and paragraph
/// separators, marks of direction and whatever else is invisible, without the joiners that emoji and scripts are made of.
fn is_active(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
        || matches!(c, '\u{2028}' | '\u{2029}')
        || (is_ignorable(c) && !joins(c))
}

/// Joiners and selectors that emoji and scripts are made of.
fn joins(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}' | '\u{fe0e}' | '\u{fe0f}' | '\u{180b}'..='\u{180d}')
}

/// A foreign text that is not kept, as [`ForeignText::shown`] writes it.
#[must_use]
pub fn shown(text: &str) -> Cow<'_, str> {
    let plain = text.len() <= SHOWN && text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
    if plain { Cow::Borrowed(text) } else { Cow::Owned(Shown { text, longest: SHOWN }.to_string()) }
}

/// A path as it may be printed. `Path::display` prints the name of a file as it is, and a name may be anything.
#[must_use]
pub fn path(path: impl AsRef<Path>) -> String {
    Shown { text: &without_password(&path.as_ref().to_string_lossy()), longest: SHOWN_OF_PATH }.to_string()
}

/// A name of a journal without its password, where it is an address of PostgreSQL; a path is none.
#[must_use]
pub fn without_password(name: &str) -> Cow<'_, str> {
    let scheme = ["postgres://", "postgresql://"]
        .into_iter()
        .find(|scheme| name.get(..scheme.len()).is_some_and(|head| head.eq_ignore_ascii_case(scheme)));
    let Some((scheme, rest)) = scheme.and_then(|scheme| name.split_at_checked(scheme.len())) else {
        return Cow::Borrowed(name);
    };
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    // A password that is not encoded may have anything in it.
    let (user, place) = place.rsplit_once('@').map_or((None, place), |(user, place)| (Some(user), place));
    let user = user.map_or(String::new(), |user| format!("{}@", user.split(':').next().unwrap_or_default()));
    let kept: Vec<&str> = query
        .split('&')
        .filter(|pair| !pair.is_empty() && !pair.to_ascii_lowercase().starts_with("password="))
        .collect();
    let query = if kept.is_empty() { String::new() } else { format!("?{}", kept.join("&")) };
    Cow::Owned(format!("{scheme}{user}{place}{query}"))
}

/// A text of several lines that has foreign text in it already shown: the last barrier before a terminal, a log or a command.
/// Line ends and tabs stay; whatever else would act on a terminal is written out.
#[must_use]
pub fn inert(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_active) {
        return Cow::Borrowed(text);
    }
    let mut inert = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_active(c) {
            let _ = write!(inert, "\\u{{{:x}}}", u32::from(c));
        } else {
            inert.push(c);
        }
    }
    Cow::Owned(inert)
}

/// A text in JSON with the same characters as JSON writes them: what reads it gets the same values.
#[must_use]
pub fn inert_json(json: &str) -> Cow<'_, str> {
    if !json.chars().any(is_active) {
        return Cow::Borrowed(json);
    }
    let mut inert = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if is_active(c) {
            // JSON has UTF-16 code units in its escapes.
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(inert, "\\u{unit:04x}");
            }
        } else {
            inert.push(c);
        }
    }
    Cow::Owned(inert)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fails to compile where `ForeignText` gets one of these traits: two implementations of `Probe` would apply to it.
    #[expect(dead_code, reason = "that it compiles is the test")]
    const RAW_TEXT_CANNOT_BE_PRINTED: fn() = || {
        trait Probe<A> {
            fn probe() {}
        }
        struct Printable;
        struct Text;
        struct Dereferenced;
        struct Serialized;
        impl<T: ?Sized> Probe<()> for T {}
        impl<T: ?Sized + fmt::Display> Probe<Printable> for T {}
        impl<T: ?Sized + AsRef<str>> Probe<Text> for T {}
        impl<T: ?Sized + std::ops::Deref> Probe<Dereferenced> for T {}
        impl<T: ?Sized + serde::Serialize> Probe<Serialized> for T {}
        let _ = <ForeignText as Probe<_>>::probe;
    };

    #[test]
    fn no_password_of_an_address_is_shown() {
        for (address, shown) in [
            ("postgres://ann:secret@db/sms", "postgres://ann@db/sms"),
            ("postgresql://ann@db:1/sms?sslmode=require", "postgresql://ann@db:1/sms?sslmode=require"),
            ("POSTGRES://ann:s/e:c@r@db/sms?Password=x&schema=y", "POSTGRES://ann@db/sms?schema=y"),
            ("postgres://db?password=x", "postgres://db"),
            ("postgres://", "postgres://"),
            ("folder/a:b@c.db", "folder/a:b@c.db"),
        ] {
            assert_eq!(path(address).replace("POSTGRES", "postgres"), shown.replace("POSTGRES", "postgres"));
            assert_eq!(without_password(address).to_ascii_lowercase(), shown.to_ascii_lowercase());
        }
    }

    #[test]
    fn foreign_text_cannot_move_the_cursor_or_turn_the_line() {
        for (text, seen) in [
            ("Ann", "Ann"),
            ("Zoë 👩\u{200d}🔧", "Zoë 👩\u{200d}🔧"),
            ("\u{1b}[2J", "\\u{1b}[2J"),
            ("a\nb\r", "a\\u{a}b\\u{d}"),
            ("\u{202e}abc\u{200b}", "\\u{202e}abc\\u{200b}"),
            ("\u{9b}2J\u{2028}", "\\u{9b}2J\\u{2028}"),
        ] {
            assert_eq!(shown(text), seen);
            assert_eq!(ForeignText::new(text).shown().to_string(), seen);
        }
        assert_eq!(shown(&"x".repeat(1000)).chars().count(), SHOWN + 1);
    }

    #[test]
    fn what_is_kept_is_bounded() {
        assert_eq!(ForeignText::new("é".repeat(5_000_000)).raw().chars().count(), KEPT);
        assert_eq!(ForeignText::from("é").raw(), "é");
    }

    #[test]
    fn a_file_name_is_shown_in_one_line() {
        assert_eq!(path(Path::new("a\nstarted 60\u{1b}[2J.csv")), "a\\u{a}started 60\\u{1b}[2J.csv");
    }

    #[test]
    fn json_has_the_same_values_and_nothing_active() {
        let value = serde_json::json!({"a": "\u{1b}\u{7f}\u{9b}\u{202e}\u{e0001}é\n"});
        let inert = inert_json(&value.to_string()).into_owned();
        assert!(!inert.chars().any(is_active), "{inert}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&inert).unwrap(), value);
    }

    #[test]
    fn the_last_barrier_leaves_lines_and_disarms_the_rest() {
        assert_eq!(inert("one\n\ttwo é\n"), "one\n\ttwo é\n");
        assert_eq!(inert("a\u{1b}]52;c;x\u{7}\u{202e}\u{9b}"), "a\\u{1b}]52;c;x\\u{7}\\u{202e}\\u{9b}");
    }
}
