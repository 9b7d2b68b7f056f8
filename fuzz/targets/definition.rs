//! Any text as a definition: no panic, and mistakes are told in words.

#![no_main]

use campaign::domain::definition::parse;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let sample = include_str!("../../campaigns/sample.toml");
    for text in [text.to_owned(), format!("{sample}\n{text}")] {
        if let Err(problems) = parse(&text, "c.toml", "c") {
            assert!(!problems.to_string().is_empty());
        }
    }
});
