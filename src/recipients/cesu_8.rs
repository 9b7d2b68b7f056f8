//! CESU-8: UTF-8 in which a character beyond U+FFFF is two surrogates of three bytes each, as Oracle's `UTF8`, old MySQL
//! and Java write it. Source: Unicode Technical Report 26. Everything else in it is UTF-8.

/// The bytes of a pair of surrogates.
pub(super) const PAIR: usize = 6;

/// What bytes begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begins {
    /// A pair, which is this character.
    Pair(char),
    /// A pair, as far as they go.
    Part,
    /// Something else.
    Other,
}

/// What these bytes begin with.
pub(super) fn begins(bytes: &[u8]) -> Begins {
    const LEADS: [std::ops::RangeInclusive<u8>; PAIR] =
        [0xed..=0xed, 0xa0..=0xaf, 0x80..=0xbf, 0xed..=0xed, 0xb0..=0xbf, 0x80..=0xbf];
    if bytes.is_empty() || !bytes.iter().zip(&LEADS).all(|(byte, lead)| lead.contains(byte)) {
        return Begins::Other;
    }
    let [_, a, b, _, c, d, ..] = *bytes else { return Begins::Part };
    let bits = |byte: u8, mask: u8| u32::from(byte & mask);
    let high = bits(a, 0x0f) << 6 | bits(b, 0x3f);
    let low = bits(c, 0x0f) << 6 | bits(d, 0x3f);
    char::from_u32(0x1_0000 + (high << 10 | low)).map_or(Begins::Other, Begins::Pair)
}

/// Makes UTF-8 of it, piece after piece. What is neither stays as it is.
#[derive(Debug, Default)]
pub(super) struct ToUtf8 {
    carry: Vec<u8>,
}

impl ToUtf8 {
    /// The next piece; an empty one ends the text.
    pub(super) fn decode(&mut self, piece: &[u8]) -> Vec<u8> {
        let mut bytes = std::mem::take(&mut self.carry);
        bytes.extend_from_slice(piece);
        let mut text = Vec::with_capacity(bytes.len());
        let mut rest = bytes.as_slice();
        while let Some(at) = memchr::memchr(0xed, rest) {
            text.extend_from_slice(&rest[..at]);
            rest = &rest[at..];
            match begins(rest) {
                Begins::Pair(c) => {
                    text.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                    rest = &rest[PAIR..];
                }
                Begins::Part if !piece.is_empty() => {
                    self.carry = rest.to_vec();
                    return text;
                }
                _ => {
                    text.push(rest[0]);
                    rest = &rest[1..];
                }
            }
        }
        text.extend_from_slice(rest);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_become_characters_and_the_rest_stays_in_any_pieces() {
        let text: &[u8] = b"Bob \xed\xa0\xbd\xed\xb8\x80 \xed\x95\x9c \xed\xa0\x80\xed\xb0\x80\xed\xaf\xbf\xed\xbf\xbf\xed\xa0x\xe9 \xed\xa0\xbd";
        let expected: &[u8] =
            b"Bob \xf0\x9f\x98\x80 \xed\x95\x9c \xf0\x90\x80\x80\xf4\x8f\xbf\xbf\xed\xa0x\xe9 \xed\xa0\xbd";
        for size in 1..=text.len() {
            let mut decoder = ToUtf8::default();
            let mut read: Vec<u8> = text.chunks(size).flat_map(|piece| decoder.decode(piece)).collect();
            read.extend(decoder.decode(b""));
            assert_eq!(read, expected, "in pieces of {size}");
        }
    }
}
