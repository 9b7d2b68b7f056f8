//! Any text as a template, rendered with any cells: no panic.

#![no_main]

use campaign::domain::message::template::Template;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, [&str; 2])| {
    let (text, cells) = input;
    if let Ok(template) = Template::parse(text) {
        let _ = template.render(|column| cells[column % cells.len()]);
    }
});
