//! One contact from the words of the AWS CLI: shorthand, JSON, skeletons, and what the operation takes.
//!
//! Options become JSON members exactly as `aws connect start-outbound-chat-contact` makes them ([`arguments`], [`shorthand`]),
//! members from `--cli-input-json` fill what no option gave, the service model is checked as botocore checks it
//! ([`validate`]), and then what a definition would be refused for ([`check`]). Files are read by the caller.

pub mod arguments;
pub mod bridge;
pub mod check;
pub mod shape;
pub mod shorthand;
pub mod skeleton;
pub mod validate;

/// Reads the file at the path behind `file://` as text.
pub type LoadFile<'a> = &'a dyn Fn(&str) -> Result<String, String>;

/// A value that names a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileOf<'a> {
    /// `file://`: text.
    Text(&'a str),
    /// `fileb://`: bytes.
    Bytes(&'a str),
}

/// The file that a value names, if it does.
#[must_use]
pub fn file_of(value: &str) -> Option<FileOf<'_>> {
    let text = value.strip_prefix("file://").map(FileOf::Text);
    text.or_else(|| value.strip_prefix("fileb://").map(FileOf::Bytes))
}

impl FileOf<'_> {
    /// The file's text.
    ///
    /// # Errors
    /// Where it cannot be read, or bytes were asked for: this operation has no member of bytes.
    pub fn text(self, load: LoadFile<'_>) -> Result<String, String> {
        match self {
            Self::Text(path) => load(path),
            Self::Bytes(path) => Err(format!(
                "fileb://{path} gives bytes, and this operation takes text alone; write file://{path}"
            )),
        }
    }
}

/// Python's `str.isspace`, which its `strip` and the `\s` of its regular expressions go by.
fn is_python_space(c: char) -> bool {
    c.is_whitespace() || ('\x1c'..='\x1f').contains(&c)
}
