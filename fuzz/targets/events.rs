//! Any bytes as a stream of events: no panic, and the same pieces however the stream comes apart.

#![no_main]

use campaign::domain::events::{Piece, Splitter, parse};
use libfuzzer_sys::fuzz_target;

fn pieces(bytes: &[u8], chunk: usize) -> Vec<String> {
    let mut found = Vec::new();
    let mut each = |piece: Piece<'_>| {
        if let Piece::Record(_, record) = &piece {
            for bad in parse(record).bad {
                assert!(!bad.to_string().is_empty());
            }
        }
        found.push(format!("{piece:?}"));
    };
    let mut splitter = Splitter::default();
    for chunk in bytes.chunks(chunk) {
        splitter.push(chunk, &mut each);
    }
    splitter.end(&mut each);
    found
}

fuzz_target!(|bytes: &[u8]| {
    assert_eq!(pieces(bytes, 1), pieces(bytes, 4_096));
    let _ = parse(bytes);
});
