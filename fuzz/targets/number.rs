//! Any text as a number: no panic, and what is accepted is E.164 and reads the same again.

#![no_main]

use campaign::domain::phone::{E164, Region, parse};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, &str)| {
    let regions = ["", "US", "GB", "DE", "IT", "BR", "IN", "RU", "AU", "SM"];
    let (region, text) = input;
    if let Ok(phone) = parse(text, Region::parse(regions[usize::from(region) % regions.len()])) {
        assert!(E164::parse(phone.number.as_str()).is_some());
        assert_eq!(parse(phone.number.as_str(), None).map(|again| again.number), Ok(phone.number));
    }
});
