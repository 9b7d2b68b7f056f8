//! `campaign simulator` that does not start.

use std::net::TcpListener;

use crate::errors::area::Area;

#[test]
fn that_does_not_start() {
    let mut area = Area::new("simulator");
    area.case("an address that others reach").says(2, "simulator --listen 0.0.0.0:0");
    area.case("an address that is none").says(2, "simulator --listen localhost");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    area.case("a port that is taken").says(2, &format!("simulator --listen {}", taken.local_addr().unwrap()));
    area.case("faults that are more than everything").says(2, "simulator --throttle 0.6 --errors 0.6");
    area.case("a share that is none").says(2, "simulator --lost-answers 5%");
    area.case("a share above one").says(2, "simulator --lost-answers 5");
    area.case("a time without a unit").says(2, "simulator --contact-life 4");
    area.case("a time below zero").says(2, "simulator --contact-life=-4m");
    area.case("a rate of nothing").says(2, "simulator --rate 0");
    area.case("a burst without a rate").says(2, "simulator --burst 5");
    area.case("credentials without a secret").says(2, "simulator --credentials test");
    area.case("an account that is none")
        .file("account.toml", "sandbox = true\n")
        .says(2, "simulator --account account.toml");
    area.case("events that cannot be written").says(1, "simulator --events /dev/null/events");
    area.case("a log that cannot be written").says(2, "simulator --log out/requests.jsonl");
    area.end();
}
