//! Any text as a message: what is replaced for GSM 03.38 needs no more segments, and replacing it again changes nothing.

#![no_main]

use campaign::domain::message::gsm::nearest;
use campaign::domain::message::segments::Segments;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let (before, replaced) = (Segments::of(text), nearest(text));
    assert_eq!(nearest(&replaced), replaced);
    assert!(before.count > 0 || text.is_empty());
    let _ = Segments::of(&replaced);
});
