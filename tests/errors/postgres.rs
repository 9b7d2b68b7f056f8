//! Addresses of PostgreSQL with mistakes, and servers that are not there. What takes a server is in `tests/process/postgres`.

use std::net::TcpListener;

use crate::errors::area::Area;

#[test]
fn that_cannot_be_reached() {
    let mut area = Area::new("postgres");
    area.case("a journal of which nobody knows how it stands")
        .says(1, "status -j postgres://ann:secret@127.0.0.1:1/sms?patience=1");
    area.case("a run over nothing that listens")
        .says(1, "run people.csv --simulate -j postgresql://ann:secret@127.0.0.1:1/sms");
    area.case("a run over an address with a mistake")
        .says(2, "run people.csv --simulate -j postgres://ann:secret@127.0.0.1:1/sms?patience=long");
    area.case("a journal that is to be rebuilt in PostgreSQL")
        .says(2, "rebuild people.csv --since 2026-01-01 -j postgres://ann:secret@127.0.0.1:1/sms?schema=x");
    area.case("a copy between files").says(2, "journal copy journal.db other.db");
    area.case("a copy within PostgreSQL").says(2, "journal copy postgres://ann@a postgres://ann@b");
    area.case("a backup there").says(2, "journal backup postgres://ann:secret@db.example/sms -j journal.db");
    area.case("no journal to be copied")
        .says(2, "journal copy journal.db postgres://ann:secret@127.0.0.1:1/sms");
    area.case("a parameter that does not exist")
        .says(2, "journal copy journal.db postgres://ann:secret@a?sslmodus=x");
    area.case("an sslmode that does not exist")
        .says(2, "journal copy journal.db postgres://ann:secret@a?sslmode=on");
    area.case("a certificate to be verified by none")
        .says(2, "journal copy postgres://ann@a?sslmode=verify-full x.db");
    area.case("a certificate that is not there")
        .says(2, "journal copy postgres://ann@127.0.0.1:1?sslmode=verify-full&sslrootcert=no.pem x.db");
    area.case("a certificate that is none")
        .file("no.pem", "hello")
        .says(2, "journal copy postgres://ann@127.0.0.1:1?sslmode=verify-full&sslrootcert=no.pem x.db");
    area.case("a service that no file has").says(2, "journal copy postgres://ann@?service=sms x.db");
    area.case("nobody").says(2, "journal copy postgres://db.example/sms x.db");
    area.case("nothing that listens").says(1, "journal copy postgres://ann:secret@127.0.0.1:1/sms x.db");
    area.case("no socket").says(1, "journal copy postgres://ann@/sms?host=/nowhere x.db");
    area.case("a file that is there")
        .file("x.db", "")
        .says(2, "journal copy postgres://ann@127.0.0.1:1/sms x.db");
    area.case("no folder for the file").says(1, "journal copy postgres://ann@127.0.0.1:1/sms out/x.db");
    area.end();
}

/// What answers is not PostgreSQL, or nothing that is known.
#[test]
fn that_is_something_else() {
    let mut area = Area::new("postgres_else");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let answering = std::thread::spawn(move || {
        use std::io::{Read as _, Write as _};
        // Kerberos; a SASL mechanism of another kind; an end; HTTP; no encryption.
        let answers: [&[u8]; 5] =
            [b"R\0\0\0\x08\0\0\0\x07", b"R\0\0\0\x0f\0\0\0\x0aOTHER\0\0", b"", b"HTTP/1.1 400\r\n\r\n", b"N"];
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            // All of the first message, so that the connection ends and is not reset.
            let mut length = [0; 4];
            stream.read_exact(&mut length).unwrap();
            let mut rest = vec![0; u32::from_be_bytes(length) as usize - 4];
            stream.read_exact(&mut rest).unwrap();
            stream.write_all(answer).unwrap();
        }
    });
    for (title, parameters) in [
        ("Kerberos", "sslmode=disable"),
        ("another mechanism", "sslmode=disable"),
        ("an end", "sslmode=disable"),
        ("HTTP", "sslmode=require"),
        ("no encryption", "sslmode=require"),
    ] {
        area.case(title)
            .says(1, &format!("journal copy postgres://ann:secret@127.0.0.1:{port}/sms?{parameters} x.db"));
    }
    answering.join().unwrap();
    area.end();
}
