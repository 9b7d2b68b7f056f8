//! The shorthand syntax of the AWS CLI (`Type=…,Address=…`), character for character as `awscli.shorthand` reads it.
//!
//! Syntax alone: what the values mean, the shape of the member says (`coerce`). Source: `ShorthandParser` of awscli 1.46,
//! the same in version 2. An oracle test holds this file against it.

use serde_json::{Map, Value};

use super::{LoadFile, is_python_space};

/// Deepest nesting of lists and maps; Python gives up a little later.
const DEEPEST: usize = 100;

/// A text that is not shorthand.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShorthandError {
    /// Another character than the syntax needs.
    #[error("Expected: '{expected}', received: '{actual}' for input:\n{}", located(.input, *.index))]
    Syntax {
        /// What the syntax needs.
        expected: String,
        /// What is there.
        actual: String,
        /// The whole text.
        input: String,
        /// Where, in characters.
        index: usize,
    },
    /// One key twice.
    #[error(
        "Second instance of key \"{key}\" encountered for input:\n{}\nThis is often because there is a preceding \",\" instead of a space.",
        located(.input, *.index)
    )]
    Duplicate {
        /// The key.
        key: String,
        /// The whole text.
        input: String,
        /// Where, in characters.
        index: usize,
    },
    /// A file after `@=` that cannot be read.
    #[error("{0}")]
    File(String),
    /// Lists in lists in lists.
    #[error("lists and maps are nested at most {DEEPEST} deep")]
    TooDeep,
}

/// The text with a caret below the place, in the line that it is in.
fn located(input: &str, index: usize) -> String {
    let chars: Vec<char> = input.chars().collect();
    let index = index.min(chars.len());
    let line_start = chars[..index].iter().rposition(|c| *c == '\n').map_or(0, |at| at + 1);
    let line_end = chars[index..].iter().position(|c| *c == '\n').map_or(chars.len(), |at| index + at);
    let text = |range: &[char]| range.iter().collect::<String>();
    let spaces = " ".repeat(index - line_start);
    format!("{}\n{spaces}^{}", text(&chars[..line_end]), text(&chars[line_end..]))
}

/// Reads one argument. Values are strings, lists and objects.
///
/// # Errors
/// [`ShorthandError`].
pub fn parse(input: &str, load: LoadFile<'_>) -> Result<Map<String, Value>, ShorthandError> {
    let mut parser = Parser { input: input.chars().collect(), at: 0, from_files: false, load, depth: 0 };
    parser.parameter()
}

struct Parser<'a> {
    input: Vec<char>,
    at: usize,
    /// Whether the value of the key that is being read may name a file (`key@=file://…`).
    from_files: bool,
    load: LoadFile<'a>,
    depth: usize,
}

type Parsed<T> = Result<T, ShorthandError>;

impl Parser<'_> {
    /// `keyval *("," keyval)`
    fn parameter(&mut self) -> Parsed<Map<String, Value>> {
        let mut members = Map::new();
        let (key, value) = self.key_value()?;
        members.insert(key, value);
        let mut last = self.at;
        while !self.at_end() {
            self.expect_spaced(',')?;
            let (key, value) = self.key_value()?;
            if members.contains_key(&key) {
                return Err(ShorthandError::Duplicate { key, input: self.text(), index: last + 1 });
            }
            members.insert(key, value);
            last = self.at;
        }
        Ok(members)
    }

    /// `key "=" [values]`, or `key "@=" file`
    fn key_value(&mut self) -> Parsed<(String, Value)> {
        let key = self.key();
        self.equals()?;
        Ok((key, self.values()?))
    }

    fn equals(&mut self) -> Parsed<()> {
        self.from_files = false;
        self.skip_space();
        if self.current() == Some('@') {
            self.at += 1;
            self.skip_space();
            self.from_files = true;
        }
        self.expect_spaced('=')
    }

    fn key(&mut self) -> String {
        let start = self.at;
        while self.current().is_some_and(|c| c.is_ascii_alphanumeric() || "-_.#/:".contains(c)) {
            self.at += 1;
        }
        self.input[start..self.at].iter().collect()
    }

    /// `csv-list / explicit-list / hash-literal`
    fn values(&mut self) -> Parsed<Value> {
        match self.current() {
            None => Ok(Value::from("")),
            Some('[') => self.explicit_list(),
            Some('{') => self.hash_literal(),
            Some(_) => self.csv_value(),
        }
    }

    /// `foo=bar` is a string, `foo=bar,baz` a list, and `foo=bar,baz=x` a string and another key.
    fn csv_value(&mut self) -> Parsed<Value> {
        let first = self.first_value()?;
        self.skip_space();
        if self.current() != Some(',') {
            return Ok(Value::from(first));
        }
        self.expect_spaced(',')?;
        let mut list = vec![first];
        loop {
            match self.next_of_list() {
                Ok((value, more)) => {
                    list.push(value);
                    if !more {
                        break;
                    }
                }
                Err(ShorthandError::Syntax { .. }) if !self.at_end() => {
                    while self.at > 0 && self.current() != Some(',') {
                        self.at -= 1;
                    }
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        if list.len() == 1 {
            return Ok(Value::from(list.remove(0)));
        }
        Ok(Value::from(list))
    }

    /// One more value of a list without brackets, and whether a comma follows.
    fn next_of_list(&mut self) -> Parsed<(String, bool)> {
        let value = self.second_value()?;
        self.skip_space();
        if self.at_end() {
            return Ok((value, false));
        }
        self.expect_spaced(',')?;
        Ok((value, true))
    }

    /// `"[" [value *("," value)] "]"`
    fn explicit_list(&mut self) -> Parsed<Value> {
        self.deeper()?;
        self.expect_spaced('[')?;
        let mut values = Vec::new();
        while self.current() != Some(']') {
            values.push(self.explicit_value()?);
            self.separator(']')?;
        }
        self.at += 1;
        self.depth -= 1;
        Ok(Value::from(values))
    }

    /// `"{" [keyval *("," keyval)] "}"`
    fn hash_literal(&mut self) -> Parsed<Value> {
        self.deeper()?;
        self.expect_spaced('{')?;
        let mut members = Map::new();
        while self.current() != Some('}') {
            let key = self.key();
            self.equals()?;
            let value = self.explicit_value()?;
            self.separator('}')?;
            members.insert(key, value);
        }
        self.at += 1;
        self.depth -= 1;
        Ok(Value::from(members))
    }

    fn deeper(&mut self) -> Parsed<()> {
        self.depth += 1;
        if self.depth > DEEPEST { Err(ShorthandError::TooDeep) } else { Ok(()) }
    }

    /// A comma, unless the list or map ends here.
    fn separator(&mut self, end: char) -> Parsed<()> {
        self.skip_space();
        if self.current() != Some(end) {
            self.expect(',')?;
            self.skip_space();
        }
        Ok(())
    }

    fn explicit_value(&mut self) -> Parsed<Value> {
        match self.current() {
            Some('[') => self.explicit_list(),
            Some('{') => self.hash_literal(),
            _ => self.first_value().map(Value::from),
        }
    }

    fn first_value(&mut self) -> Parsed<String> {
        match self.current() {
            Some(quote @ ('\'' | '"')) => self.quoted(quote),
            _ => {
                // No match is an empty value, and no file is looked for.
                let Some(word) = self.word(follows_first) else { return Ok(String::new()) };
                self.resolved(word)
            }
        }
    }

    fn second_value(&mut self) -> Parsed<String> {
        match self.current() {
            Some(quote @ ('\'' | '"')) => self.quoted(quote),
            _ => match self.word(follows_second) {
                Some(word) => self.resolved(word),
                None => Err(self.wrong("<second>", "<none>")),
            },
        }
    }

    /// A value without quotes, of which `\,` is a comma.
    fn word(&mut self, follows: fn(char) -> bool) -> Option<String> {
        let start = self.at;
        let mut allowed: fn(char) -> bool = starts_word;
        while let Some(c) = self.current() {
            if c == '\\' && self.input.get(self.at + 1) == Some(&',') {
                self.at += 2;
            } else if allowed(c) {
                self.at += 1;
            } else {
                break;
            }
            allowed = follows;
        }
        let word: String = self.input[start..self.at].iter().collect();
        (self.at > start).then(|| word.replace("\\,", ",").trim_end_matches(is_python_space).to_owned())
    }

    /// A value in quotes: `\` before a quote is taken off, and of two `\` one.
    fn quoted(&mut self, quote: char) -> Parsed<String> {
        let mut end = self.at + 1;
        // Where no quote ends the value, the last one behind a `\` does.
        let mut escaped = None;
        loop {
            match self.input.get(end) {
                Some('\\') if self.input.get(end + 1) == Some(&quote) => {
                    escaped = Some(end + 1);
                    end += 2;
                }
                Some(c) if *c == quote => break,
                Some(_) => end += 1,
                None => match escaped {
                    Some(at) => {
                        end = at;
                        break;
                    }
                    None => {
                        let name = if quote == '\'' { "<singled quoted>" } else { "<double quoted>" };
                        return Err(self.wrong(name, "<none>"));
                    }
                },
            }
        }
        let inner: String = self.input[self.at + 1..end].iter().collect();
        self.at = end + 1;
        self.resolved(inner.replace(&format!("\\{quote}"), &quote.to_string()).replace("\\\\", "\\"))
    }

    fn resolved(&self, value: String) -> Parsed<String> {
        if !self.from_files {
            return Ok(value);
        }
        match super::file_of(&value) {
            Some(file) => file.text(self.load).map_err(ShorthandError::File),
            None => Ok(value),
        }
    }

    fn expect_spaced(&mut self, c: char) -> Parsed<()> {
        self.skip_space();
        self.expect(c)?;
        self.skip_space();
        Ok(())
    }

    fn expect(&mut self, expected: char) -> Parsed<()> {
        match self.current() {
            Some(c) if c == expected => {
                self.at += 1;
                Ok(())
            }
            Some(c) => Err(self.wrong(&expected.to_string(), &c.to_string())),
            None => Err(self.wrong(&expected.to_string(), "EOF")),
        }
    }

    fn wrong(&self, expected: &str, actual: &str) -> ShorthandError {
        ShorthandError::Syntax {
            expected: expected.to_owned(),
            actual: actual.to_owned(),
            input: self.text(),
            index: self.at,
        }
    }

    fn text(&self) -> String {
        self.input.iter().collect()
    }

    fn current(&self) -> Option<char> {
        self.input.get(self.at).copied()
    }

    fn at_end(&self) -> bool {
        self.at >= self.input.len()
    }

    /// Python's `string.whitespace`.
    fn skip_space(&mut self) {
        while self.current().is_some_and(|c| c == ' ' || ('\t'..='\r').contains(&c)) {
            self.at += 1;
        }
    }
}

/// `_START_WORD`; characters beyond U+FFFF are not in it.
fn starts_word(c: char) -> bool {
    matches!(c, '!' | '#'..='&' | '('..='+' | '-'..='<' | '>'..='Z' | '\\'..='z' | '|'..='\u{ffff}')
}

/// `_FIRST_FOLLOW_CHARS`.
fn follows_first(c: char) -> bool {
    is_python_space(c) || matches!(c, '!' | '#'..='&' | '('..='+' | '-'..='\\' | '^'..='|' | '~'..='\u{ffff}')
}

/// `_SECOND_FOLLOW_CHARS`.
fn follows_second(c: char) -> bool {
    is_python_space(c) || matches!(c, '!' | '#'..='&' | '('..='+' | '-'..='<' | '>'..='\u{ffff}')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn load(path: &str) -> Result<String, String> {
        if path == "hello.txt" { Ok("Hello, you\n".to_owned()) } else { Err(format!("no {path}")) }
    }

    /// Expected values made with `awscli.shorthand.ShorthandParser` 1.46.3.
    #[test]
    fn values_are_read_as_the_aws_cli_reads_them() {
        for (input, expected) in [
            ("a=b", json!({"a": "b"})),
            ("a=b,c=d", json!({"a": "b", "c": "d"})),
            ("a=b,c", json!({"a": ["b", "c"]})),
            ("a=b,c,d=e,f", json!({"a": ["b", "c"], "d": ["e", "f"]})),
            ("a=", json!({"a": ""})),
            ("a=,b=c", json!({"a": "", "b": "c"})),
            ("a = b , c = d", json!({"a": "b", "c": "d"})),
            (r"a=b\,c,d=e", json!({"a": "b,c", "d": "e"})),
            ("a='b,c=d',e=f", json!({"a": "b,c=d", "e": "f"})),
            (r#"a="say \"hi\"",b='it\'s'"#, json!({"a": "say \"hi\"", "b": "it's"})),
            (r"a='c:\\x\y'", json!({"a": r"c:\x\y"})),
            (r"a='ends\'", json!({"a": r"ends\"})),
            ("a=b=c", json!({"a": "b=c"})),
            ("a=[b, c,d]", json!({"a": ["b", "c", "d"]})),
            ("a=[]", json!({"a": []})),
            ("a=[b,]", json!({"a": ["b"]})),
            ("a=[[b],{c=d}]", json!({"a": [["b"], {"c": "d"}]})),
            ("a={b=c,d={e=f}},g=h", json!({"a": {"b": "c", "d": {"e": "f"}}, "g": "h"})),
            ("a={}", json!({"a": {}})),
            ("a={b=1,b=2}", json!({"a": {"b": "2"}})),
            (
                "connect:Subtype={ValueString=connect:SMS}",
                json!({"connect:Subtype": {"ValueString": "connect:SMS"}}),
            ),
        ] {
            assert_eq!(parse(input, &load).map(Value::from), Ok(expected), "{input}");
        }
        assert_eq!(
            parse("a@=file://hello.txt,b=file://hello.txt", &load).map(Value::from),
            Ok(json!({"a": "Hello, you\n", "b": "file://hello.txt"}))
        );
    }

    #[test]
    fn what_is_not_shorthand_is_said_with_the_place() {
        for input in [
            "",
            "a",
            "a:b",
            "a=b,",
            "a=[b",
            "a={b}",
            "a={b=c",
            "=b,",
            "a='b",
            "a=b\"c",
            "a=b,c=d,a=e",
            "a=x😀",
            "a=[b] c",
            "a=b ]c",
            "a@=file://none",
            "a@=fileb://hello.txt",
        ] {
            assert!(parse(input, &load).is_err(), "{input}: {:?}", parse(input, &load));
        }
        let nested = format!("a={}", "[".repeat(101));
        assert_eq!(parse(&nested, &load), Err(ShorthandError::TooDeep));
        let words = |input: &str| parse(input, &load).unwrap_err().to_string();
        insta::assert_snapshot!(format!("{}\n{}", words("Type=a\nAddress==b,,x"), words("a=1,b=2,a=3")));
    }
}
