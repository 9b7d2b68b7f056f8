//! Texts and times of events, bounded: what comes from outside is cut before it is kept.

use crate::domain::events::Unreadable;
use crate::domain::events::raw::RawText;
use crate::domain::unix_millis::UnixMillis;

/// Ids and words: AWS's own are shorter.
pub(super) const ID: usize = 256;
/// Sentences.
pub(super) const SENTENCE: usize = 512;

/// 2001-09-09 and 2286-11-20: between them a time in milliseconds has 13 digits, and one in seconds is not taken for it.
const EARLIEST: i64 = 1_000_000_000_000;
const LATEST: i64 = 9_999_999_999_999;

/// At most so many characters of a text; `None` where it is empty.
pub(super) fn cut(text: Option<RawText<'_>>, most: usize) -> Option<String> {
    let text = text?;
    let text = text.trim();
    let end = match text.len() {
        length if length <= most => length,
        length => text.char_indices().nth(most).map_or(length, |(at, _)| at),
    };
    (end > 0).then(|| text[..end].to_owned())
}

/// An id as it is, never cut: a part of an id is another id.
pub(super) fn id(text: Option<RawText<'_>>, member: &'static str) -> Result<Option<String>, Unreadable> {
    match text {
        Some(text) if text.len() > ID => Err(Unreadable::Wrong { member, why: "is longer than an id is" }),
        Some(text) if !text.is_empty() => Ok(Some(text.into())),
        _ => Ok(None),
    }
}

/// Milliseconds since the Unix epoch.
pub(super) fn millis(number: Option<f64>, member: &'static str) -> Result<Option<UnixMillis>, Unreadable> {
    let Some(number) = number else { return Ok(None) };
    #[expect(clippy::cast_possible_truncation, reason = "the range is checked on the next line")]
    let millis = number as i64;
    if (EARLIEST..=LATEST).contains(&millis) {
        Ok(Some(UnixMillis::from_millis(millis)))
    } else {
        Err(Unreadable::Wrong { member, why: "is no time in milliseconds" })
    }
}

/// An RFC 3339 time.
pub(super) fn time(text: Option<&str>, member: &'static str) -> Result<Option<UnixMillis>, Unreadable> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let wrong = Unreadable::Wrong { member, why: "is no time" };
    let time: jiff::Timestamp = text.parse().map_err(|_| wrong)?;
    Ok(Some(UnixMillis::from_millis(time.as_millisecond())))
}
