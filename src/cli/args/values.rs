//! Numbers of the command line, with words for what is none: clap's own are made for programmers.

use std::str::FromStr;

/// A whole number in the range of its type, which has no zero where zero means nothing.
///
/// # Errors
/// What is taken instead.
pub fn whole<T: FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| "a whole number of 1 or more, in digits alone".to_owned())
}
