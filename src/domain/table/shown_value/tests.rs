//! Formats, each with what a spreadsheet shows.

use super::*;

fn shown(code: &str, value: f64) -> String {
    ShownFormat::parse(code).and_then(|format| format.number(value, Epoch::Year1900)).unwrap_or_default()
}

#[test]
fn numbers_are_shown_by_their_formats() {
    for (code, value, text) in [
        ("0%", 0.15, "15%"),
        ("0.00%", 0.1234, "12.34%"),
        ("\"$\"#,##0.00", 34.3, "$34.30"),
        ("[$€-407] #,##0.00", 1234.5, "€ 1,234.50"),
        ("#,##0.00\\ \"€\"", 1234.5, "1,234.50 €"),
        ("_($* #,##0.00_);_($* (#,##0.00);_($* \"-\"??_);_(@_)", 34.3, "$34.30"),
        ("_($* #,##0.00_);_($* (#,##0.00);_($* \"-\"??_);_(@_)", -34.3, "$(34.30)"),
        ("00000", 42.0, "00042"),
        ("#,##0", 1_234_567.0, "1,234,567"),
        ("# ?/?", 0.5, "1/2"),
        ("0.00E+00", 12345.0, "1.23E+04"),
        ("yyyy-mm-dd", 46_143.0, "2026-05-01"),
        ("dddd, mmmm d, yyyy", 46_143.0, "Friday, May 1, 2026"),
        ("h:mm AM/PM", 0.395_833_333_333_333_3, "9:30 AM"),
        ("[h]:mm", 1.5, "36:00"),
        ("0;\"minus \"0;\"none\"", 0.0, "none"),
        ("0;\"minus \"0;\"none\"", -5.0, "minus 5"),
        ("[<=9999999]###-####;(###) ###-####", 2_025_550_143.0, "(202) 555-0143"),
        ("0.0,,\"M\"", 12_345_678.0, "12.3M"),
        ("0 \"pcs\"", 3.0, "3 pcs"),
        ("$0.0E+0\"x\"", 12345.0, "$1.2E+4x"),
        ("0.00E+00;\"minus \"0.00E+00", -2288.82, "minus 2.29E+03"),
        ("[$£-809]# ?/?\" km\"", -1234.5, "-£1234 1/2 km"),
        ("# ?/? €", 7.0, "7 €"),
        ("# ?/?", 8805.46, "8805 4/9"),
        ("# ??/??", 0.312, "29/93"),
        ("# ?/8", 0.312, "2/8"),
        ("0.00", 2530.365, "2530.37"),
        ("0.00;-0.00", -1.005, "-1.01"),
        ("0%", 0.285, "29%"),
        ("0.0;-0.0;\"none\"", 0.04, "0.0"),
        ("$#,##0", 999_999.5, "$1,000,000"),
        ("#,##0,", 12_345_678.0, "12,346"),
        ("#,##0, €;-#,##0, €;\"none\"", 77_942.0, "78 €"),
        ("[Red]0.00,,\"M\"", -12_345_678.0, "-12.35M"),
    ] {
        assert_eq!(shown(code, value), text, "{code} for {value}");
    }
    assert!(ShownFormat::parse("General").is_none() && ShownFormat::parse("@").is_none());
    assert_eq!(
        ShownFormat::parse("0;0;0;\"Dr. \"@").and_then(|format| format.text("Ann")).as_deref(),
        Some("Dr. Ann")
    );
    assert_eq!(ShownFormat::parse("0").and_then(|format| format.text("Ann")), None);
}

/// What LibreOffice shows of the same, where nothing else is noted.
#[test]
fn what_stands_around_a_general_number_and_what_shows_nothing() {
    for (code, value, text) in [
        ("\"Room \"General", 12.5, "Room 12.5"),
        ("\"Room \"General", -5.0, "-Room 5"),
        ("$General", 42.0, "$42"),
        ("General\" pcs\"", 0.1 + 0.2, "0.3 pcs"),
        ("General;-General;\"none\"", 46_143.395_833_333_336, "46143.3958333333"),
        ("[Red]General", 1234.0, "1234"),
        ("\"No. \"@", -7.5, "-7.5"),
        (";;;", 5.0, ""),
        ("0;;", -5.0, ""),
        ("0;-0;", 0.0, ""),
        ("0;;;@", 0.0, ""),
    ] {
        assert_eq!(shown(code, value), text, "{code} for {value}");
    }
    // With an exponent it would be no text for people.
    assert_eq!(
        ShownFormat::parse("\"R \"General").and_then(|format| format.number(1e20, Epoch::Year1900)),
        None
    );
    for (code, text) in [
        ("\"Mr \"@", Some("Mr Ann")),
        ("@\" x\"", Some("Ann x")),
        ("[Red]@", Some("Ann")),
        ("0;0;\"Dr. \"@", Some("Dr. Ann")),
        ("yyyy-mm-dd;@", Some("Ann")),
        (";;;", Some("")),
        ("0;0;0;", Some("")),
        ("\"lit\"", None),
        ("General\" pcs\"", None),
        ("0.00", None),
    ] {
        assert_eq!(ShownFormat::parse(code).and_then(|format| format.text("Ann")).as_deref(), text, "{code}");
    }
}

#[test]
fn dates_are_shown_in_their_languages_and_calendars() {
    let of = |code: &str, value: f64, epoch: Epoch| {
        ShownFormat::parse(code).and_then(|format| format.number(value, epoch))
    };
    let day = 46_143.395_833_333_336;
    for (code, value, text) in [
        ("[$-40C]mmmm", day, "mai"),
        ("[$-407]dddd, d. mmmm yyyy", day, "Freitag, 1. Mai 2026"),
        ("[$-410]ddd mmm", day, "ven mag"),
        ("[$-419]d mmmm yyyy", day, "1 мая 2026"),
        ("[$-419]mmmm yyyy", day, "май 2026"),
        ("[$-416]d \"de\" mmmm \"de\" yyyy", day, "1 de maio de 2026"),
        ("[$-fr-FR]d mmmm", day, "1 mai"),
        ("[$-C07]d mmmm yyyy", 46_032.0, "10 Jänner 2026"),
        ("[$-de-AT]mmmm", 46_032.0, "Jänner"),
        ("[$-407]mmmm", 46_032.0, "Januar"),
        ("[$-280A]d \"de\" mmmm", 46_276.0, "11 de setiembre"),
        ("[$-es-VE]d \"de\" mmmm", 46_276.0, "11 de septiembre"),
        ("[$-422]dddd", day, "п'ятниця"),
        ("[$-404]mmmm", day, "五月"),
        ("[$-403]d \"de\" mmmm", 46_033.0, "11 de gener"),
        ("[$-41E]dddd", day, "ศุกร์"),
        ("[$-411]ggge\"年\"m\"月\"d\"日\"", day, "令和8年5月1日"),
        ("[$-411]ge.m.d", 43_585.0, "H31.4.30"),
        ("[$-404]e\"/\"mm\"/\"dd", day, "115/05/01"),
        ("[$-411]aaaa", day, "金曜日"),
        ("[$-411]aaa", day, "金"),
        ("[$-804]yyyy\"年\"m\"月\"d\"日\" aaaa", day, "2026年5月1日 星期五"),
        ("[$-412]aaaa", day, "금요일"),
        ("[$-F800]dddd\\,\\ mmmm\\ dd\\,\\ yyyy", day, "Friday, May 1, 2026"),
        ("[$-107041E]d mmm yyyy", day, "1 พ.ค 2569"),
        ("mmmmm d", day, "M 1"),
        // The day that a spreadsheet shows, and a time rounded to what is shown of it.
        ("yyyy-mm-dd", 46_143.999_999, "2026-05-01"),
        ("yyyy-mm-dd", 46_143.0 - 1e-10, "2026-05-01"),
        ("yyyy-mm-dd hh:mm:ss", 46_143.0 + 86_399.99 / 86_400.0, "2026-05-02 00:00:00"),
        ("yyyy-mm-dd hh:mm:ss.00", 46_143.0 + 86_399.99 / 86_400.0, "2026-05-01 23:59:59.99"),
        ("hh:mm", 86_399.99 / 86_400.0, "23:59"),
        ("[h]:mm", 86_399.99 / 86_400.0, "24:00"),
        ("mm:ss", 0.5 + 61.0 / 86_400.0, "01:01"),
        ("h:mm A/P", 0.75, "6:00 P"),
    ] {
        assert_eq!(of(code, value, Epoch::Year1900).as_deref(), Some(text), "{code} for {value}");
    }
    // What is not known for sure is left to the plain date.
    for (code, value) in [
        ("[$-D07041E]d mmm bbbb", day),
        ("[$-42A]mmmm", day),
        ("ggge\"年\"", day),
        ("[$-401]B2d mmmm yyyy", day),
        ("[$-4ff]mmmm", day),
        ("yyyy-mm-dd", 0.0),
        ("yyyy-mm-dd", 60.0),
        ("yyyy-mm-dd", -1.0),
    ] {
        assert_eq!(of(code, value, Epoch::Year1900), None, "{code} for {value}");
    }
    assert_eq!(of("yyyy-mm-dd", 0.0, Epoch::Year1904).as_deref(), Some("1904-01-01"));
    assert_eq!(of("d mmm yyyy h:mm", 0.25, Epoch::Year1904).as_deref(), Some("1 Jan 1904 6:00"));
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(5_000))]

    #[test]
    fn no_code_makes_it_panic(
        code in "([0#?.,%_*\"\\\\@;/E+ymdhsAMP\\[\\]$<>=-]|General|\\[h\\]|AM/PM|[a-zé€ 1-9]){0,20}",
        value in proptest::num::f64::ANY,
    ) {
        if let Some(format) = ShownFormat::parse(&code) {
            let _ = format.number(value, Epoch::Year1900);
            let _ = format.number(value, Epoch::Year1904);
            let _ = format.text("Ann");
        }
    }
}
