//! A stream of bytes is cut into JSON records: one a line, one after another without line ends (Firehose), in arrays, in
//! files of CloudTrail and of the AWS CLI, after the time and the stream that CloudWatch Logs and `aws logs tail` write
//! before them.
//!
//! A record that is broken ends where the next begins, at the latest with the line after which one begins, and is told.
//! Memory is bounded by [`MOST`]. What is in a record is not looked at.

/// Bytes of one record. EventBridge's are at most 256 KiB, log batches a few MiB.
pub const MOST: usize = 16 << 20;

/// Lists in a record that cannot go on deeper than AWS's do.
const DEEPEST: usize = 48;

/// Members of documents that are a list of records. What else such a document has, before and behind its list, is none.
const LISTS: [&[u8]; 4] = [b"Records", b"events", b"Events", b"Messages"];

/// A piece of the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamPiece<'p> {
    /// The bytes of a JSON object, and where it begins.
    Record(u64, &'p [u8]),
    /// Something that is no record, where it begins, and why.
    Bad(u64, &'static str),
}

/// Where in the grammar of JSON the open record is. Enough of it to know that a `{` cannot stand where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum JsonPlace {
    /// A `{` or `,` of an object: a name comes, or the end.
    Name,
    /// A `:`, or a `[` or `,` of an array: a value comes.
    Value,
    /// A value or name.
    After,
}

/// Cuts a stream. Feed it with [`push`](Self::push), end it with [`end`](Self::end).
#[derive(Debug)]
pub struct Splitter {
    record: Vec<u8>,
    begin: u64,
    at: u64,
    stack: Vec<u8>,
    before: JsonPlace,
    in_string: bool,
    escaped: bool,
    /// Outside of records: what came that is none.
    stray: Vec<u8>,
    stray_at: u64,
    /// The record is too long or too deep: it is skipped to a line end.
    skipping: bool,
    /// Within the list of a document.
    in_list: bool,
    /// Within an array of records.
    in_array: bool,
    /// The open record is what a document has behind its list.
    is_tail: bool,
}

impl Default for Splitter {
    fn default() -> Self {
        Self {
            record: Vec::new(),
            begin: 0,
            at: 0,
            stack: Vec::new(),
            before: JsonPlace::Value,
            in_string: false,
            escaped: false,
            stray: Vec::new(),
            stray_at: 0,
            skipping: false,
            in_list: false,
            in_array: false,
            is_tail: false,
        }
    }
}

impl Splitter {
    /// Takes more bytes of the stream and calls `each` for every piece that is whole.
    pub fn push(&mut self, bytes: &[u8], each: &mut impl FnMut(StreamPiece<'_>)) {
        let mut rest = bytes;
        while let Some(&byte) = rest.first() {
            if self.skipping {
                let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
                self.skipping = rest[end - 1] != b'\n';
                self.at += end as u64;
                rest = &rest[end..];
                continue;
            }
            if self.in_string && !self.escaped {
                // Most bytes are in strings.
                let end = memchr::memchr3(b'"', b'\\', b'\n', rest).unwrap_or(rest.len());
                self.keep(&rest[..end], each);
                rest = &rest[end..];
                if end > 0 {
                    continue;
                }
            }
            rest = &rest[1..];
            if self.stack.is_empty() {
                self.outside(byte, each);
            } else {
                self.inside(byte, each);
            }
            self.at += 1;
        }
    }

    /// The stream has ended.
    pub fn end(&mut self, each: &mut impl FnMut(StreamPiece<'_>)) {
        if !self.stack.is_empty() {
            each(StreamPiece::Bad(self.begin, "it ends in the middle of a record"));
        } else if self.in_list || self.in_array {
            each(StreamPiece::Bad(self.at, "it ends in the middle of a list: there may have been more"));
        }
        self.stray_ends(each);
        *self = Self { at: self.at, ..Self::default() };
    }

    fn keep(&mut self, bytes: &[u8], each: &mut impl FnMut(StreamPiece<'_>)) {
        self.at += bytes.len() as u64;
        if self.record.len() + bytes.len() > MOST {
            return self.give_up("a record longer than 16 MiB", each);
        }
        self.record.extend_from_slice(bytes);
    }

    fn outside(&mut self, byte: u8, each: &mut impl FnMut(StreamPiece<'_>)) {
        match byte {
            b'{' => {
                self.time_ends(each);
                self.open();
            }
            b'\n' => self.stray_ends(each),
            b']' if self.stray.is_empty() && std::mem::take(&mut self.in_list) => {
                self.open();
                (self.is_tail, self.before) = (true, JsonPlace::After);
            }
            // Arrays of records are nothing but their records; so is what is left of a broken one.
            b'[' | b']' if self.stray.is_empty() => self.in_array = byte == b'[',
            b'}' | b',' | b' ' | b'\t' | b'\r' if self.stray.is_empty() => {}
            0xef | 0xbb | 0xbf if self.at < 3 => {}
            0x1e if self.stray.is_empty() => {}
            _ => {
                if self.stray.is_empty() {
                    self.stray_at = self.at;
                }
                if self.stray.len() < 64 {
                    self.stray.push(byte);
                }
            }
        }
    }

    /// What came outside of records is told, but for times alone.
    fn stray_ends(&mut self, each: &mut impl FnMut(StreamPiece<'_>)) {
        let is_time = std::str::from_utf8(&self.stray).is_ok_and(|text| text.split_whitespace().all(is_time));
        if !is_time {
            each(StreamPiece::Bad(self.stray_at, "not JSON"));
        }
        self.stray.clear();
    }

    /// A record begins: what came before it on its line is told, but for a time and the name of a stream behind it.
    fn time_ends(&mut self, each: &mut impl FnMut(StreamPiece<'_>)) {
        // The text is cut somewhere behind the time.
        let begins_with_time =
            String::from_utf8_lossy(&self.stray).split_whitespace().next().is_none_or(is_time);
        if begins_with_time {
            return self.stray.clear();
        }
        self.stray_ends(each);
    }

    fn open(&mut self) {
        self.record.clear();
        self.record.push(b'{');
        self.begin = self.at;
        self.stack.clear();
        self.stack.push(b'{');
        self.before = JsonPlace::Name;
        self.is_tail = false;
        (self.in_string, self.escaped) = (false, false);
    }

    fn inside(&mut self, byte: u8, each: &mut impl FnMut(StreamPiece<'_>)) {
        if self.in_string {
            return self.in_text(byte, each);
        }
        match byte {
            b'{' | b'[' if self.before != JsonPlace::Value => {
                each(StreamPiece::Bad(self.begin, "the record is not closed"));
                self.stack.clear();
                return self.outside(byte, each);
            }
            b'{' => self.deeper(byte, JsonPlace::Name, each),
            b'[' => {
                self.deeper(byte, JsonPlace::Value, each);
                if self.stack.len() == 2 && self.is_list() {
                    self.stack.clear();
                    self.record.clear();
                    self.in_list = true;
                    return;
                }
            }
            b'}' | b']' => return self.shallower(byte, each),
            b'"' => self.in_string = true,
            b':' => self.before = JsonPlace::Value,
            b',' => {
                self.before =
                    if self.stack.last() == Some(&b'{') { JsonPlace::Name } else { JsonPlace::Value };
            }
            b' ' | b'\t' | b'\r' | b'\n' => {}
            _ => self.before = JsonPlace::After,
        }
        if !self.stack.is_empty() {
            self.push_byte(byte, each);
        }
    }

    fn in_text(&mut self, byte: u8, each: &mut impl FnMut(StreamPiece<'_>)) {
        match byte {
            b'\n' => {
                // No JSON text has a bare line end: the record broke off, and the next begins with the next line.
                each(StreamPiece::Bad(self.begin, "a text is not closed"));
                self.stack.clear();
                (self.in_string, self.escaped) = (false, false);
                return;
            }
            _ if self.escaped => self.escaped = false,
            b'\\' => self.escaped = true,
            b'"' => {
                self.in_string = false;
                self.before = JsonPlace::After;
            }
            _ => {}
        }
        self.push_byte(byte, each);
    }

    fn push_byte(&mut self, byte: u8, each: &mut impl FnMut(StreamPiece<'_>)) {
        if self.record.len() >= MOST {
            return self.give_up("a record longer than 16 MiB", each);
        }
        self.record.push(byte);
    }

    fn deeper(&mut self, byte: u8, before: JsonPlace, each: &mut impl FnMut(StreamPiece<'_>)) {
        if self.stack.len() >= DEEPEST {
            return self.give_up("a record nested too deep", each);
        }
        self.stack.push(byte);
        self.before = before;
    }

    fn shallower(&mut self, byte: u8, each: &mut impl FnMut(StreamPiece<'_>)) {
        let opened = if byte == b'}' { b'{' } else { b'[' };
        if self.stack.pop() != Some(opened) {
            self.stack.clear();
            return each(StreamPiece::Bad(self.begin, "its brackets do not match"));
        }
        self.push_byte(byte, each);
        self.before = JsonPlace::After;
        if self.stack.is_empty() && !self.skipping {
            if !self.is_tail {
                each(StreamPiece::Record(self.begin, &self.record));
            }
            self.record.clear();
        }
    }

    fn give_up(&mut self, why: &'static str, each: &mut impl FnMut(StreamPiece<'_>)) {
        each(StreamPiece::Bad(self.begin, why));
        self.in_array = false;
        self.stack.clear();
        self.record = Vec::new();
        (self.in_string, self.escaped) = (false, false);
        self.skipping = true;
    }

    /// Whether the record so far ends with `"Records":`, or another name of a list, as a member of the record itself.
    fn is_list(&self) -> bool {
        let text = self.record.trim_ascii_end();
        let Some(text) = text.strip_suffix(b":") else { return false };
        let Some(text) = text.trim_ascii_end().strip_suffix(b"\"") else { return false };
        let is_member = |text: &[u8]| {
            let before = text.strip_suffix(b"\"").map(<[u8]>::trim_ascii_end);
            before.is_some_and(|before| before.ends_with(b"{") || before.ends_with(b","))
        };
        LISTS.iter().any(|name| text.strip_suffix(*name).is_some_and(is_member))
    }
}

/// A time as CloudWatch Logs writes it, or, without its offset, `aws logs tail --format short`.
fn is_time(word: &str) -> bool {
    word.parse::<jiff::Timestamp>().is_ok()
        || (word.contains('T') && word.parse::<jiff::civil::DateTime>().is_ok())
}
