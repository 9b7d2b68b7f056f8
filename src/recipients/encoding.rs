//! What characters the bytes of a recipients file stand for: said by the user or a byte order mark, or guessed.
//!
//! UTF-8 is never guessed away: a file that has more of its sequences than of what is none is UTF-8, and its broken
//! rows are rejected one by one.

use std::io::{self, Read};

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{
    Decoder, EUC_JP, Encoding, IBM866, ISO_2022_JP, ISO_8859_15, MACINTOSH, SHIFT_JIS, UTF_8, UTF_16BE,
    UTF_16LE, WINDOWS_1252,
};
use memchr::memmem;

use super::cesu_8::{self, Begins, ToUtf8};
use super::error::FileProblem;
use super::plausible::{has_euro, is_kana, is_money_read_as_letters, makes_sense};
use super::readings::{readings, word};
use super::unsure::is_unsure;
use crate::domain::table::code_pages::CodePage;

/// Bytes of the parts of a file that are shown to the detector, at most.
const SHOWN: usize = 1024 * 1024;
/// Bytes of lines that are kept to be judged, at most.
const KEPT: usize = 64 * 1024;
/// Bytes before and behind the first character that shows how the file was read, at most.
const AROUND: usize = 200;

/// How bytes become characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Charset {
    /// As the Encoding Standard has it.
    Standard(&'static Encoding),
    /// As DOS has it.
    Dos(&'static CodePage),
    /// UTF-8 with surrogates.
    Cesu8,
}

impl Charset {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Standard(encoding) => encoding.name(),
            Self::Dos(page) => page.name,
            Self::Cesu8 => "CESU-8",
        }
    }

    pub(super) fn is_utf_8(self) -> bool {
        self == Self::Standard(UTF_8)
    }

    /// Whether a line end or a quote is the byte that it is in ASCII.
    pub(super) fn is_ascii_like(self) -> bool {
        !matches!(self, Self::Standard(encoding) if [UTF_16LE, UTF_16BE, ISO_2022_JP].contains(&encoding))
    }

    /// The text of these bytes.
    pub(super) fn read(self, bytes: &[u8]) -> String {
        match self {
            Self::Standard(encoding) => encoding.decode_without_bom_handling(bytes).0.into_owned(),
            Self::Dos(page) => page.decode(bytes),
            Self::Cesu8 => String::from_utf8_lossy(&ToUtf8::default().decode(bytes)).into_owned(),
        }
    }
}

/// What was found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) charset: Charset,
    /// Where it was guessed: a piece of the text, read so.
    pub(super) guess: Option<String>,
    /// Whether quotes in quoted cells have a backslash in front.
    pub(super) backslashes: bool,
}

impl Found {
    pub(super) fn sure(charset: Charset) -> Self {
        Self { charset, guess: None, backslashes: false }
    }
}

/// An encoding by the name that people give it.
pub(super) fn named(name: &str) -> Result<Charset, FileProblem> {
    let folded = name.trim().to_lowercase().replace(['_', ' '], "-");
    if matches!(folded.as_str(), "cesu-8" | "cesu8") {
        return Ok(Charset::Cesu8);
    }
    if let Some(page) = CodePage::named(&folded) {
        return Ok(Charset::Dos(page));
    }
    let compact: String = folded.chars().filter(char::is_ascii_alphanumeric).collect();
    let number = ["cp", "windows", "win", "ms", "codepage", "dos", "oem", "ibm"]
        .iter()
        .find_map(|maker| compact.strip_prefix(maker))
        .unwrap_or(&compact);
    let label = match (compact.as_str(), number) {
        ("ansi" | "latin1", _) => "windows-1252",
        ("latin9", _) => "iso-8859-15",
        ("macroman" | "macosroman" | "applemacintosh", _) | (_, "10000") => "macintosh",
        ("utf8" | "utf8sig" | "utf8bom" | "utf8withbom" | "utf8mb3" | "utf8mb4", _) | (_, "65001") => "utf-8",
        ("utf16" | "unicode" | "ucs2", _) | (_, "1200") => "utf-16le",
        (_, "1201") => "utf-16be",
        ("koi8r", _) | (_, "20866") => "koi8-r",
        ("koi8u", _) | (_, "21866") => "koi8-u",
        ("uhc", _) | (_, "949") => "euc-kr",
        (_, "932") => "shift_jis",
        (_, "936") => "gbk",
        (_, "950") => "big5",
        (_, "874") => "windows-874",
        (_, "866") => "ibm866",
        (_, "1250") => "windows-1250",
        (_, "1251") => "windows-1251",
        (_, "1252") => "windows-1252",
        (_, "1253") => "windows-1253",
        (_, "1254") => "windows-1254",
        (_, "1255") => "windows-1255",
        (_, "1256") => "windows-1256",
        (_, "1257") => "windows-1257",
        (_, "1258") => "windows-1258",
        _ => folded.as_str(),
    };
    Encoding::for_label_no_replacement(label.as_bytes())
        .or_else(|| Encoding::for_label_no_replacement(label.replace('-', "_").as_bytes()))
        .map(Charset::Standard)
        .ok_or_else(|| FileProblem::Encoding(name.to_owned()))
}

/// What the first bytes of a file say for certain.
pub(super) fn certain(head: &[u8]) -> Result<Option<&'static Encoding>, FileProblem> {
    if head.starts_with(b"\xff\xfe\0\0") || head.starts_with(b"\0\0\xfe\xff") {
        return Err(FileProblem::Archive("UTF-32 text"));
    }
    if let Some((encoding, _)) = Encoding::for_bom(head) {
        return Ok(Some(encoding));
    }
    // Two ways to begin a Japanese character, which no other text has.
    if [b"\x1b$B", b"\x1b$@"].iter().any(|escape| memmem::find(head, *escape).is_some()) {
        return Ok(Some(ISO_2022_JP));
    }
    let sample = &head[..head.len().min(1024)];
    let zeros = |odd: usize| sample.iter().skip(odd).step_by(2).filter(|byte| **byte == 0).count();
    match (zeros(0), zeros(1)) {
        (0, 0) => Ok(None),
        // Every second byte of Latin letters, digits and commas is zero in UTF-16.
        (0, odd) if odd * 4 > sample.len() => Ok(Some(UTF_16LE)),
        (even, 0) if even * 4 > sample.len() => Ok(Some(UTF_16BE)),
        // A few come of rows that are rejected.
        (even, odd) if (even + odd) * 20 < sample.len() => Ok(None),
        _ => Err(FileProblem::Archive("no text (it has NUL bytes)")),
    }
}

/// Reads bytes to find out what they are.
pub(super) struct Scan {
    detector: EncodingDetector,
    shown: usize,
    /// Bytes at the end of the last piece that may be half a character.
    carry: Vec<u8>,
    /// Bytes beyond ASCII that are UTF-8, and sequences that are not.
    valid: u64,
    invalid: u64,
    /// Pairs of surrogates.
    pairs: u64,
    around: Vec<u8>,
    quotes: Quotes,
}

impl Scan {
    pub(super) fn new() -> Self {
        Self {
            detector: EncodingDetector::new(Iso2022JpDetection::Deny),
            shown: 0,
            carry: Vec::new(),
            valid: 0,
            invalid: 0,
            pairs: 0,
            around: Vec::new(),
            quotes: Quotes::default(),
        }
    }

    /// Reads to the end.
    pub(super) fn read(mut self, mut reader: impl Read) -> Result<Found, FileProblem> {
        let mut block = vec![0; 64 * 1024];
        loop {
            match reader.read(&mut block) {
                Ok(0) => break,
                Ok(length) => self.see(&block[..length]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.found(true)
    }

    pub(super) fn see(&mut self, bytes: &[u8]) {
        self.quotes.see(bytes);
        if self.carry.is_empty() {
            return self.look(bytes);
        }
        let mut joined = std::mem::take(&mut self.carry);
        joined.extend_from_slice(bytes);
        self.look(&joined);
    }

    fn look(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        loop {
            let valid = Encoding::utf8_valid_up_to(rest);
            self.valid += beyond_ascii(&rest[..valid]);
            // Two letters of an old code page may be one of UTF-8 by chance.
            if self.around.len() < KEPT
                && let Some(first) = rest[..valid].iter().position(|byte| !byte.is_ascii())
            {
                self.keep(bytes, bytes.len() - rest.len() + first);
            }
            if valid == rest.len() {
                break;
            }
            match cesu_8::begins(&rest[valid..]) {
                Begins::Pair(_) => {
                    self.pairs += 1;
                    rest = &rest[valid + cesu_8::PAIR..];
                    continue;
                }
                Begins::Part => {
                    self.carry = rest[valid..].to_vec();
                    break;
                }
                Begins::Other => {}
            }
            match str::from_utf8(&rest[valid..]).map_err(|error| error.error_len()) {
                Err(Some(length)) => {
                    let at = bytes.len() - rest.len() + valid;
                    self.keep(bytes, at);
                    self.invalid += 1;
                    rest = &rest[valid + length..];
                }
                _ => {
                    self.carry = rest[valid..].to_vec();
                    if self.invalid == 0 {
                        self.keep(bytes, bytes.len() - rest.len() + valid);
                    }
                    break;
                }
            }
        }
        if self.invalid > 0 && self.shown < SHOWN && !bytes.is_ascii() {
            self.shown += bytes.len();
            self.detector.feed(&bytes[..bytes.len() - self.carry.len()], false);
        }
    }

    /// Keeps the line around this byte, once, while there is room.
    fn keep(&mut self, bytes: &[u8], at: usize) {
        let line = line_around(bytes, at);
        if self.around.len() < KEPT && !self.around.ends_with(&line) {
            if !self.around.is_empty() {
                self.around.push(b'\n');
            }
            self.around.extend_from_slice(&line);
        }
    }

    /// What it is, as far as it was seen.
    pub(super) fn found(mut self, whole: bool) -> Result<Found, FileProblem> {
        let backslashes = self.quotes.backslashes;
        if whole && !self.carry.is_empty() {
            let carry = std::mem::take(&mut self.carry);
            self.detector.feed(&carry, false);
            self.invalid += 1;
        }
        if self.invalid == 0 || (self.valid + self.pairs * cesu_8::PAIR as u64) / 2 > self.invalid {
            let charset = if self.pairs > 0 { Charset::Cesu8 } else { Charset::Standard(UTF_8) };
            return Ok(Found { backslashes, ..Found::sure(charset) });
        }
        self.detector.feed(b"", true);
        let guess = self.detector.guess(None, Utf8Detection::Deny);
        // Where both read the same, the one that people know.
        let candidates = [WINDOWS_1252, guess, SHIFT_JIS, EUC_JP];
        let read = |encoding: &'static Encoding| Charset::Standard(encoding).read(&self.around);
        let text = read(guess);
        let found = candidates.into_iter().find(|candidate| {
            let candidate_text = read(candidate);
            if [SHIFT_JIS, EUC_JP].contains(candidate) {
                return makes_sense(&candidate_text) && candidate_text.chars().any(is_kana);
            }
            // Capitals alone may as well be Hebrew in a code page of DOS.
            let capitals = *candidate == IBM866 && !candidate_text.chars().any(char::is_lowercase);
            candidate_text == text && makes_sense(&candidate_text) && !capitals
        });
        // A pound beside digits is somebody's money, and no letter of central Europe.
        let of_windows = read(WINDOWS_1252);
        let found = match is_money_read_as_letters(&of_windows, &text) {
            true => makes_sense(&of_windows).then_some(WINDOWS_1252),
            false => found,
        };
        // The euro sign, where Windows has a sign of money that nobody writes.
        let found = match found {
            Some(encoding) if encoding == WINDOWS_1252 && of_windows.contains('¤') => {
                has_euro(&of_windows).then_some(ISO_8859_15)
            }
            found => found,
        };
        let of_the_mac = read(MACINTOSH);
        // Letters only in both: central Europe's Windows and the old Mac have them at the same bytes.
        let is_the_macs = |encoding: &&'static Encoding| {
            ![WINDOWS_1252, ISO_8859_15].contains(encoding)
                && text.chars().any(|c| !c.is_ascii() && encoding.is_single_byte())
                && of_the_mac.chars().all(|c| c.is_ascii() || c.is_alphabetic())
                && makes_sense(&of_the_mac)
        };
        let found = found.filter(|encoding| !is_the_macs(encoding));
        let found = found.filter(|encoding| !is_unsure(encoding, &read(encoding), &self.around));
        let encoding =
            found.ok_or_else(|| FileProblem::Unclear { readings: readings(&self.around, guess) })?;
        Ok(Found { charset: Charset::Standard(encoding), guess: Some(word(&read(encoding))), backslashes })
    }
}

/// Whether quotes within quoted cells are written as `\"`, as MySQL does, and not doubled.
#[derive(Debug, Default)]
struct Quotes {
    tail: Vec<u8>,
    backslashes: bool,
}

impl Quotes {
    /// In a quoted cell a quote is doubled, or the last character; `\"x` is neither.
    fn see(&mut self, bytes: &[u8]) {
        if self.backslashes {
            return;
        }
        let plain = |next: &u8| !matches!(next, b'"' | b',' | b';' | b'\t' | b'|' | b'\r' | b'\n');
        let escapes =
            |bytes: &[u8]| memmem::find_iter(bytes, b"\\\"").any(|at| bytes.get(at + 2).is_some_and(plain));
        self.tail.extend_from_slice(&bytes[..bytes.len().min(2)]);
        self.backslashes = escapes(&self.tail) || escapes(bytes);
        self.tail = bytes[bytes.len().saturating_sub(2)..].to_vec();
    }
}

fn beyond_ascii(bytes: &[u8]) -> u64 {
    if bytes.is_ascii() { 0 } else { bytes.iter().filter(|byte| !byte.is_ascii()).count() as u64 }
}

/// The line with this byte, as far as it is near.
fn line_around(bytes: &[u8], at: usize) -> Vec<u8> {
    let newline = |byte: &u8| matches!(byte, b'\r' | b'\n');
    let start =
        bytes[..at].iter().rposition(newline).map_or(0, |before| before + 1).max(at.saturating_sub(AROUND));
    let end = bytes[at..].iter().position(newline).map_or(bytes.len(), |length| at + length).min(at + AROUND);
    bytes[start..end].to_vec()
}

/// Text in another encoding, as UTF-8. What cannot be decoded is U+FFFD.
pub(super) struct Decoded<R> {
    inner: R,
    decoder: Option<Decoder>,
    /// Where there is no decoder.
    page: Option<&'static CodePage>,
    /// Where it is UTF-8 with surrogates.
    surrogates: Option<ToUtf8>,
    input: Vec<u8>,
    output: Vec<u8>,
    at: usize,
    ended: bool,
}

impl<R: Read> Decoded<R> {
    pub(super) fn new(inner: R, charset: Charset) -> Self {
        let (decoder, page, surrogates) = match charset {
            Charset::Standard(encoding) => (Some(encoding.new_decoder_with_bom_removal()), None, None),
            Charset::Dos(page) => (None, Some(page), None),
            Charset::Cesu8 => (None, None, Some(ToUtf8::default())),
        };
        Self {
            inner,
            decoder,
            page,
            surrogates,
            input: vec![0; 16 * 1024],
            output: Vec::new(),
            at: 0,
            ended: false,
        }
    }

    fn refill(&mut self) -> io::Result<()> {
        let length = self.inner.read(&mut self.input)?;
        self.ended = length == 0;
        self.at = 0;
        if let Some(page) = self.page {
            self.output = page.decode(&self.input[..length]).into_bytes();
        }
        if let Some(surrogates) = &mut self.surrogates {
            self.output = surrogates.decode(&self.input[..length]);
        }
        let Some(decoder) = &mut self.decoder else { return Ok(()) };
        let most = decoder.max_utf8_buffer_length(length).unwrap_or(64 * 1024);
        self.output.resize(most, 0);
        let (_, _, written, _) = decoder.decode_to_utf8(&self.input[..length], &mut self.output, self.ended);
        self.output.truncate(written);
        Ok(())
    }
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.output.len() && !self.ended {
            self.refill()?;
        }
        let length = buffer.len().min(self.output.len() - self.at);
        buffer[..length].copy_from_slice(&self.output[self.at..self.at + length]);
        self.at += length;
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(bytes: &[u8]) -> (&'static str, Option<String>) {
        let Found { charset, guess, .. } = Scan::new().read(bytes).unwrap();
        (charset.name(), guess)
    }

    #[test]
    fn files_are_what_most_of_them_is() {
        assert_eq!(found(b"phone,name\n1,Ann\n"), ("UTF-8", None));
        assert_eq!(found("phone,name\n1,Renée\n".as_bytes()), ("UTF-8", None));
        assert_eq!(found(b"phone,name\n1,Ren\xe9e M\xfcller\n"), ("windows-1252", Some("Renée".to_owned())));
        assert_eq!(found(b"phone,name\n1,it\x92s\n"), ("windows-1252", Some("it’s".to_owned())));
        assert_eq!(found(b"1,Ren\xe9"), ("windows-1252", Some("René".to_owned())), "in the last byte");
        let mixed = ["1,Renée\n".repeat(5).into_bytes(), b"2,Ren\xe9e\n".to_vec()].concat();
        assert_eq!(found(&mixed), ("UTF-8", None), "one broken row does not make the others something else");
        let far = ["1,Ann\n".repeat(100_000).into_bytes(), b"2,Ren\xe9e\n".to_vec()].concat();
        assert_eq!(found(&far).0, "windows-1252");
    }

    #[test]
    fn what_old_programs_write_is_refused_with_how_it_reads() {
        let readings = |bytes: &[u8]| match Scan::new().read(bytes) {
            Err(FileProblem::Unclear { readings }) => readings,
            other => panic!("{other:?}"),
        };
        let mac = readings(b"phone,name\r\n1,Jos\x8e\r\n2,Zo\x91\r\n3,M\x9fller\r\n4,Gr\x9a\xa7e\r\n");
        assert!(mac.contains(&("macintosh", "José".into())), "{mac:?}");
        let dos = readings(b"phone,name\n1,Jos\x82\n2,Ren\x82e\n3,M\x81ller\n");
        assert!(dos.contains(&("ibm850", "José".into())), "{dos:?}");
    }

    #[test]
    fn quotes_with_a_backslash_are_told_from_doubled_ones() {
        let backslashes = |text: &str| {
            let mut quotes = Quotes::default();
            text.as_bytes().chunks(2).for_each(|piece| quotes.see(piece));
            quotes.backslashes
        };
        assert!(backslashes(r#""Ann \"The Boss\" Lee""#));
        for text in [r#""C:\dir\","x""#, r#""C:\""x""""#, r#""a ""b"" c\""#, "a\\b"] {
            assert!(!backslashes(text), "{text}");
        }
    }

    #[test]
    fn other_scripts_are_recognised() {
        for (encoding, text) in [
            (encoding_rs::WINDOWS_1251, "Здравствуйте, Наталья Сергеевна, ждём вас завтра"),
            (SHIFT_JIS, "田中さん、明日の予約をお忘れなく"),
            (encoding_rs::WINDOWS_1250, "Příliš žluťoučký kůň úpěl ďábelské ódy"),
            (encoding_rs::GBK, "您好，您的预约时间是明天上午九点"),
        ] {
            let (bytes, _, lost) = encoding.encode(text);
            assert!(!lost);
            assert_eq!(found(&bytes).0, encoding.name(), "{text}");
        }
    }

    /// As Oracle and old MySQL write what is beyond U+FFFF, in any blocks, alone or among much of it.
    #[test]
    fn surrogates_in_utf_8_are_recognised() {
        let smile = b"\xed\xa0\xbd\xed\xb8\x80";
        assert_eq!(found(&[b"1,Bob ", &smile[..], b"\n"].concat()), ("CESU-8", None));
        assert_eq!(found(&["1,Renée ".as_bytes(), smile, b"\n"].concat()).0, "CESU-8");
        assert_eq!(found("1,Bob \u{d55c} 😀\n".as_bytes()).0, "UTF-8");
        let bytes = [&b"1,Bob "[..], smile, b", Ren\xc3\xa9e\n"].concat();
        for size in 1..bytes.len() {
            let mut scan = Scan::new();
            bytes.chunks(size).for_each(|piece| scan.see(piece));
            assert_eq!(scan.found(true).unwrap().charset, Charset::Cesu8, "in pieces of {size}");
        }
        // Half a pair is none, and a code page may have such bytes.
        assert_ne!(found(b"1,Bob \xed\xa0\xbd, Ren\xe9e\n2,Zo\xeb\n").0, "CESU-8");
    }

    #[test]
    fn utf_16_is_known_by_its_mark_or_its_zeros() {
        for (bytes, name) in [
            (&b"\xff\xfep\0h\0"[..], "UTF-16LE"),
            (b"\xfe\xff\0p\0h", "UTF-16BE"),
            (b"p\0h\0o\0n\0e\0", "UTF-16LE"),
            (b"\0p\0h\0o\0n\0e", "UTF-16BE"),
            (b"\xef\xbb\xbfphone", "UTF-8"),
        ] {
            assert_eq!(certain(bytes).unwrap().map(Encoding::name), Some(name));
        }
        assert_eq!(certain(b"phone").unwrap(), None);
        assert!(certain(b"ph\0one\0\0\0,,").is_err());
    }

    /// The domain has these code pages without the crate that reads files.
    #[test]
    fn the_domains_code_pages_are_the_standards() {
        for page in &crate::domain::table::code_pages::STANDARD {
            let standard = Encoding::for_label(page.name.as_bytes()).unwrap();
            let bytes: Vec<u8> = (0x80..=0xff).collect();
            assert_eq!(page.decode(&bytes), standard.decode_without_bom_handling(&bytes).0, "{}", page.name);
        }
    }

    #[test]
    fn decoding_does_not_depend_on_how_the_bytes_come() {
        struct Drops(&'static [u8]);
        impl Read for Drops {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                let length = self.0.len().min(1).min(buffer.len());
                buffer[..length].copy_from_slice(&self.0[..length]);
                self.0 = &self.0[length..];
                Ok(length)
            }
        }
        let mut text = String::new();
        Decoded::new(Drops(b"\xff\xfeR\0\xe9\0\x3d\xd8\x00\xde"), Charset::Standard(UTF_16LE))
            .read_to_string(&mut text)
            .unwrap();
        assert_eq!(text, "Ré😀");
    }

    #[test]
    fn names_are_those_that_people_use() {
        for (name, encoding) in [
            ("UTF-8", "UTF-8"),
            ("cp1252", "windows-1252"),
            ("latin1", "windows-1252"),
            ("ISO 8859-15", "ISO-8859-15"),
            ("Mac Roman", "macintosh"),
            ("utf_16", "UTF-16LE"),
            ("Shift JIS", "Shift_JIS"),
            ("IBM850", "ibm850"),
            ("cp437", "ibm437"),
            ("CESU-8", "CESU-8"),
        ] {
            assert_eq!(named(name).unwrap().name(), encoding);
        }
        assert!(named("klingon").is_err());
    }
}
