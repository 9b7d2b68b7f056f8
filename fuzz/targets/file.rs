//! Any bytes as a recipients file: no panic, rows in the order of their lines, each of them once.

#![no_main]

use std::io::Cursor;
use std::sync::LazyLock;

use campaign::domain::definition::{Definition, parse};
use campaign::recipients::Recipients;
use libfuzzer_sys::fuzz_target;

static DEFINITION: LazyLock<Definition> = LazyLock::new(|| {
    let text = "connect = { instance_id = \"11111111-2222-3333-4444-555555555555\", contact_flow_id = \"66666666-7777-8888-9999-000000000000\", \
                source = \"arn:aws:connect:us-west-2:123456789012:phone-number/p\" }\n\
                contact = { message = \"Hi {{ name }}\" }\nrecipients = { default_region = \"US\" }\n";
    parse(text, "c.toml", "c").expect("the definition is right")
});

fuzz_target!(|bytes: &[u8]| {
    let read = |bytes: Vec<u8>| {
        let Ok(mut recipients) = Recipients::from_reader(Cursor::new(bytes), "fuzz", &DEFINITION.recipients) else {
            return;
        };
        let corrections = recipients.is_correction();
        let Ok(binding) = DEFINITION.bind(recipients.header()) else { return };
        let mut last = 0;
        for row in recipients.rows(&binding) {
            let Ok(row) = row else { break };
            assert!(corrections || row.line > last);
            last = row.line;
        }
        let _ = recipients.read_as().to_string();
    };
    read(bytes.to_vec());
    read([b"phone,name\n", bytes].concat());
});
