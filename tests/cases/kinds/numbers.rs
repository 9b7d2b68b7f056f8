//! Numbers as people, spreadsheets and phones write them: several in a cell, what cannot be seen in them, digits of other
//! scripts, what a spreadsheet takes from them.

use super::{all_right, fate, file, unless};
use campaign::domain::definition::parse;
use campaign::recipients::{Recipients, Source};

/// What becomes of a number: itself, or the code of why not.
fn of_number(cell: &str, recipients: &str) -> String {
    let text = format!("phone,name\n\"{}\",x\n", cell.replace('"', "\"\""));
    let file = file(text.as_bytes());
    let definition = super::definition_text(recipients, "Hi").replace("default_region = \"US\"\n", "");
    let definition = parse(&definition, "c.toml", "c").unwrap();
    let mut recipients =
        Recipients::open(&Source::File(file.path().to_owned()), &definition.recipients).unwrap();
    let binding = definition.bind(recipients.header()).unwrap();
    let Some(row) = recipients.next_row(&binding).unwrap() else { return "no row".to_owned() };
    match &row.outcome {
        Ok(recipient) => recipient.phone.as_str().to_owned(),
        outcome => fate(outcome).split_off(3),
    }
}

#[track_caller]
fn each_is(region: &str, expected: &[(&str, &str)]) {
    let wrong = expected.iter().filter_map(|(cell, expected)| {
        let is = of_number(cell, &format!("default_region = \"{region}\""));
        unless(is == *expected, || format!("{cell:?} is {is}, not {expected}"))
    });
    all_right(&wrong.collect::<Vec<_>>());
}

#[test]
#[rustfmt::skip]
fn more_than_one_number_by_more_separators() {
    let (a, b) = ("202-555-0101", "202-555-0102");
    let separators = [
        " / ", "/", " or ", " and ", " & ", "&", "; ", ";", ", ", ",", " | ", "|", "\n", "\r\n", " - ", " – ", " — ",
        " + ", "  ", "\t", " oder ", " und ", " ou ", " et ", " o ", " y ", " e ", " och ", " og ", " en ", " lub ",
        " i ", " или ", " и ", "、", "，", "；", "／", " ・ ", "・", " および ", " 或 ", " veya ", " ve ", "<br>", "<br/>",
        " ; ", "\\n", "\\", " \\ ", " > ", " → ", " • ", " · ", ":", " : ", " :: ", ";;", " // ", "//",
        " // Mobile: ", ", cell ", " (home) ", " home, ", " (w) / ", " C/", " x ", "*", " = ", "~", "_", " _ ", "،",
        " و ", " :::", "%", " $ ", "\u{2028}", "\u{b}", " alt. ", " alt: ", " 2nd: ", "(", ") (", "] [", "\"", "' '",
        " vs ", " then ", " not ",
    ];
    let wrong = separators.iter().filter_map(|separator| {
        let cell = format!("{a}{separator}{b}");
        let is = of_number(&cell, "default_region = \"US\"");
        unless(is == "phone-several" || (*separator == "\u{b}" && is == "cell-control"), || {
            format!("{cell:?} is {is}")
        })
    });
    let mut wrong: Vec<String> = wrong.collect();
    for cell in [
        "+1 202 555 0101 +1 202 555 0102", "+12025550101+12025550102", "2025550101 2025550102",
        "(202) 555-0101 (202) 555-0102", "202-555-0101 202-555-0102", "12025550101/12025550102", "2025550101/0102",
        "202-555-0101/02", "[202-555-0101, 202-555-0102]", "[\"+12025550101\",\"+12025550102\"]",
        "{+12025550101,+12025550102}", "+12025550101;+12025550102;+12025550103", "h: 202-555-0101 c: 202-555-0102",
        "Home 202-555-0101 Cell 202-555-0102", "0012025550101 0012025550102", "+442071838750/+12025550101",
        "1. 202-555-0101 2. 202-555-0102", "202-555-0101 202.555.0102 202 555 0103", "Tel:2025550101Fax:2025550102",
        "a) 2025550101 b) 2025550102",
    ] {
        let is = of_number(cell, "default_region = \"US\"");
        wrong.extend(unless(is == "phone-several", || format!("{cell:?} is {is}")));
    }
    all_right(&wrong);
}

#[test]
#[rustfmt::skip]
fn a_word_beside_a_number_is_named_as_that() {
    each_is(
        "US",
        &[
            ("202-555-0101 (Ann)", "phone-word"), ("Ann 202-555-0101", "phone-word"),
            ("mobile: 202-555-0101", "phone-word"), ("202-555-0101 home", "phone-word"),
            ("202-555-0101 (do not text)", "phone-word"), ("call mum: 2025550101", "phone-word"),
            ("2025550101 Büro", "phone-word"), ("手机2025550101", "phone-word"), ("тел. 2025550101", "phone-word"),
            ("2025550101 wrong number", "phone-word"), ("~2025550101?", "phone-unexpected-character"),
            ("unknown", "phone-no-digits"), ("n/a", "phone-no-digits"), ("—", "phone-no-digits"),
            ("2025550101 ext 5", "phone-extension"), ("2025550101 x5", "phone-extension"),
            ("2025550101;ext=5", "phone-extension"), ("2025550101 Durchwahl 5", "phone-word"),
            ("2025550101#5", "phone-extension"),
        ],
    );
}

#[test]
#[rustfmt::skip]
fn what_cannot_be_seen_in_a_number_is_passed_over() {
    let unseen = [
        "\u{200b}", "\u{200c}", "\u{200d}", "\u{200e}", "\u{200f}", "\u{202a}", "\u{202c}", "\u{202d}", "\u{2060}",
        "\u{2066}", "\u{2069}", "\u{feff}", "\u{ad}", "\u{a0}", "\u{202f}", "\u{2007}", "\u{2008}", "\u{2009}",
        "\u{200a}", "\u{3000}", "\u{205f}", "\u{1680}", "\u{34f}", "\u{61c}", "\u{180e}", "\u{fe0f}", "\u{fe0e}",
        "\u{2800}", "\u{3164}", "\u{e0020}", "\u{115f}", "\u{2061}", "\u{e0100}",
    ];
    let mut wrong = Vec::new();
    for c in unseen {
        for cell in [
            format!("{c}+12025550101"),
            format!("+1202{c}5550101"),
            format!("+12025550101{c}"),
            format!("{c}2025550101{c}"),
            format!("+{c}12025550101"),
        ] {
            let is = of_number(&cell, "default_region = \"US\"");
            wrong.extend(unless(is == "+12025550101", || format!("{cell:?} is {is}")));
        }
    }
    all_right(&wrong);
}

#[test]
#[rustfmt::skip]
fn digits_and_signs_of_other_scripts() {
    each_is(
        "US",
        &[
            ("＋１２０２５５５０１０１", "+12025550101"), ("１２０２－５５５－０１０１", "+12025550101"), ("٢٠٢٥٥٥٠١٠١", "+12025550101"),
            ("+١٢٠٢٥٥٥٠١٠١", "+12025550101"), ("۲۰۲۵۵۵۰۱۰۱", "+12025550101"), ("२०२५५५०१०१", "+12025550101"),
            ("২০২৫৫৫০১০১", "+12025550101"), ("๒๐๒๕๕๕๐๑๐๑", "+12025550101"), ("𝟐𝟎𝟐𝟓𝟓𝟓𝟎𝟏𝟎𝟏", "+12025550101"),
            ("202‑555‑0101", "+12025550101"), ("202–555–0101", "+12025550101"), ("202—555—0101", "+12025550101"),
            ("202−555−0101", "+12025550101"), ("202・555・0101", "+12025550101"), ("(202)555‒0101", "+12025550101"),
            ("❪202❫ 555 0101", "phone-unexpected-character"), ("﹢12025550101", "+12025550101"),
            ("⁺12025550101", "+12025550101"), ("202•555•0101", "+12025550101"), ("202_555_0101", "+12025550101"),
            ("202:555:0101", "phone-unexpected-character"), ("tel:+1-202-555-0101", "+12025550101"),
            ("TEL: 2025550101", "+12025550101"), ("'+12025550101", "+12025550101"),
            ("’+12025550101", "+12025550101"), ("`2025550101", "+12025550101"), ("\"2025550101\"", "+12025550101"),
            ("=\"2025550101\"", "+12025550101"), ("<2025550101>", "+12025550101"), ("2025550101.0", "+12025550101"),
            ("2025550101,00", "+12025550101"), ("12,025,550,101", "phone-unexpected-character"),
            ("2,025,550,101", "phone-unexpected-character"), ("1.2025550101E+10", "phone-rounded"),
            ("1,2E+10", "phone-rounded"), ("1.20256E+10", "phone-rounded"), ("1.2E10", "phone-rounded"),
            ("#NUM!", "cell-error"), ("#######", "cell-error"), ("=A1", "phone-formula"),
            ("001-202-555-0101", "+12025550101"), ("011 1 202 555 0101", "+12025550101"),
            ("+ 1 202 555 0101", "+12025550101"), ("++12025550101", "phone-unexpected-character"),
            ("(+1) 202 555 0101", "+12025550101"), ("+44 (0) 7400 123456", "+447400123456"),
            ("202-555-0101 or 0102", "phone-word"), ("whatsapp:+12025550101", "+12025550101"),
            ("sms:+12025550101", "+12025550101"), ("phone:+12025550101", "phone-word"),
            ("p:+12025550101", "+12025550101"), ("+12025550101@c.us", "phone-unexpected-character"),
            ("2025550101@s.whatsapp.net", "phone-unexpected-character"), ("-2025550101", "+12025550101"),
            ("2025550101-", "+12025550101"), ("+2025550101", "phone-added-plus"),
        ],
    );
}

/// Where numbers have several lengths, a second one's last digits or an extension make another number of it.
#[test]
#[rustfmt::skip]
fn what_is_written_behind_a_number_is_no_end_of_it() {
    each_is(
        "AT",
        &[
            ("0664/1234567/12", "phone-several"), ("0664 1234567-12", "phone-several"),
            ("0664 1234567 - 8", "phone-several"), ("+43 664 1234567-12", "phone-several"),
            ("0664 1234567", "+436641234567"), ("0664/123 45 67", "+436641234567"), ("0664-12-34-567", "+436641234567"),
        ],
    );
    each_is(
        "DE",
        &[
            ("0151 1234567/8", "phone-several"), ("0171123456.7", "phone-several"), ("0151/12345678", "+4915112345678"),
            ("0151 12 34 56 78", "+4915112345678"), ("0151-1234-5678", "+4915112345678"), ("4915112345678.0", "+4915112345678"),
        ],
    );
    each_is("FI", &[("040-1234567-1", "phone-several"), ("040-123 4567", "+358401234567")]);
    each_is("FR", &[("06.12.34.56.78", "+33612345678"), ("06-12-34-56-78", "+33612345678"), ("06/12/34/56/78", "+33612345678")]);
}

/// `="+"&A1`, which makes numbers of other countries of some.
#[test]
#[rustfmt::skip]
fn a_plus_before_numbers_without_a_country_code_is_no_country_code() {
    each_is(
        "US",
        &[
            ("+2025550101", "phone-added-plus"), ("+2125550143", "phone-added-plus"),
            ("+3035550144", "phone-added-plus"), ("+ 415-555-0143", "phone-added-plus"),
            ("+12025550101", "+12025550101"), ("+4795550143", "+4795550143"), ("+33612345678", "+33612345678"),
        ],
    );
    each_is("CA", &[("+6475052806", "phone-added-plus"), ("+4165550143", "phone-added-plus")]);
    each_is("FR", &[("+0612345678", "phone-added-plus"), ("+612345678", "phone-added-plus"), ("+33612345678", "+33612345678")]);
    each_is("GB", &[("+07400123456", "phone-added-plus"), ("+7400123456", "phone-added-plus")]);
    each_is("DE", &[("+017112345678", "phone-added-plus"), ("+17112345678", "phone-added-plus")]);
}

#[test]
#[rustfmt::skip]
fn a_lost_plus_is_the_same_in_every_region() {
    each_is(
        "DE",
        &[
            ("4917112345678", "+4917112345678"), ("33612345678", "phone-lost-plus"),
            ("017112345678", "+4917112345678"), ("17112345678", "+4917112345678"),
        ],
    );
    each_is(
        "AT",
        &[
            ("436641234567", "+436641234567"),
            ("33612345678", "phone-lost-plus"),
            ("06641234567", "+436641234567"),
        ],
    );
    each_is(
        "GB",
        &[
            ("447400123456", "+447400123456"),
            ("7400123456", "+447400123456"),
            ("33612345678", "phone-lost-plus"),
        ],
    );
    each_is(
        "FR",
        &[
            ("33612345678", "+33612345678"),
            ("0612345678", "+33612345678"),
            ("4917112345678", "phone-lost-plus"),
        ],
    );
    each_is("IT", &[("393123456789", "+393123456789"), ("3123456789", "+393123456789")]);
    each_is(
        "US",
        &[
            ("12025550101", "+12025550101"),
            ("447400123456", "phone-lost-plus"),
            ("33612345678", "phone-lost-plus"),
        ],
    );
    each_is("BR", &[("5511961234567", "+5511961234567"), ("11961234567", "+5511961234567")]);
    each_is("ID", &[("628123456789", "+628123456789"), ("08123456789", "+628123456789")]);
    each_is("IN", &[("918123456789", "+918123456789"), ("8123456789", "+918123456789")]);
}
