//! Short fingerprints of payloads and tokens: FNV-1a (64 bits) with a final mix.
//!
//! They tell payloads apart in memory and in the log. They are no defence against someone who wants a collision.

use std::fmt;
use std::hash::{Hash, Hasher};

use super::chance::mix;

/// A 64-bit fingerprint, shown as 16 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest(u64);

impl Digest {
    /// The fingerprint of some bytes.
    pub fn of_bytes(bytes: &[u8]) -> Self {
        let mut fnv = Fnv::new();
        fnv.write(bytes);
        Self(fnv.finish())
    }

    /// The fingerprint of a value, the same for equal values.
    pub(super) fn of_value(value: &impl Hash) -> Self {
        let mut fnv = Fnv::new();
        value.hash(&mut fnv);
        Self(fnv.finish())
    }
}

impl Digest {
    /// As a seed of chance.
    pub(super) fn seed(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

struct Fnv(u64);

impl Fnv {
    fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for Fnv {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    fn finish(&self) -> u64 {
        mix(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differs_by_one_bit_of_input() {
        assert_eq!(Digest::of_bytes(b"a"), Digest::of_bytes(b"a"));
        assert_ne!(Digest::of_bytes(b"a"), Digest::of_bytes(b"b"));
        assert_ne!(Digest::of_bytes(b""), Digest::of_bytes(b"\0"));
    }
}
