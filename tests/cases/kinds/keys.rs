//! Keys that spreadsheets and programs rewrite: the same person is not another one because of it.

use super::{all_right, of_file, unless};

/// What becomes of a row with this key.
fn of_key(key: &str) -> String {
    let text = format!("phone,name,id\n+12025550101,Ann,\"{}\"\n", key.replace('"', "\"\""));
    of_file(text.as_bytes(), "key = \"id\"", "{{ name }}")
}

#[test]
#[rustfmt::skip]
fn keys_that_are_no_keys_any_more_are_rejected() {
    let mut wrong = Vec::new();
    for (key, verdict) in [
        ("4.41E+11", "cell-rounded"), ("1.0E+5", "cell-rounded"), ("1E+05", "cell-rounded"), ("1,23E+15", "cell-rounded"), ("1.2345678901234E+16", "cell-rounded"), ("1e+05", "cell-rounded"), ("-1.5E+10", "cell-rounded"),
        ("#N/A", "cell-error"), ("#REF!", "cell-error"), ("#NAME?", "cell-error"), ("########", "cell-error"), ("=A1", "cell-formula"), ("=VLOOKUP(A1,B:C,2,0)", "cell-formula"), ("+A1", "cell-formula"), ("\u{1b}[2J", "cell-control"),
        ("", "key-empty"), (" ", "key-empty"), ("\u{200b}", "key-empty"), ("\u{a0}", "key-empty"), ("\u{feff}", "key-empty"), ("\t", "key-empty"), ("=\"\"", "key-empty"),
        ("n/a", "key-nothing"), ("N/A", "key-nothing"), ("-", "key-nothing"), ("null", "key-nothing"), ("NULL", "key-nothing"), ("none", "key-nothing"), ("?", "key-nothing"), ("--", "key-nothing"), ("k.A.", "key-nothing"), ("unknown", "key-nothing"),
        ("0", "Ann"), ("NA17", "Ann"), ("null-island", "Ann"), ("N", "Ann"),
        ("=\"0017\"", "Ann"), ("0017", "Ann"), ("17", "Ann"), ("A-17", "Ann"), ("3E10", "Ann"), ("1234567890123456", "Ann"), ("a@example.com", "Ann"), ("客户1", "Ann"), ("-5", "Ann"), ("+49", "Ann"), ("C#12", "Ann"), ("#12", "Ann"),
    ] {
        let is = of_key(key);
        wrong.extend(unless(is == format!("2: {verdict}"), || format!("{key:?}: {is}, not {verdict}")));
    }
    all_right(&wrong);
}
