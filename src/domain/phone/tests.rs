//! Known numbers, and what is none.

use proptest::prelude::*;

use super::*;

fn read(text: &str, region: &str) -> Result<String, PhoneRejection> {
    parse(text, Region::parse(region)).map(|phone| phone.number.0)
}

#[test]
fn known_numbers_in_the_forms_that_people_use() {
    for (text, region, number) in [
        ("+12025550143", "", "+12025550143"),
        ("202-555-0143", "US", "+12025550143"),
        ("(202) 555.0143", "US", "+12025550143"),
        ("1 202 555 0143", "US", "+12025550143"),
        ("+1 (202) 555‑0143", "", "+12025550143"),
        ("tel:+1-202-555-0143", "", "+12025550143"),
        ("\u{202a}+12025550143\u{202c}", "", "+12025550143"),
        ("＋１２０２５５５０１４３", "", "+12025550143"),
        ("'+12025550143", "", "+12025550143"),
        ("0491 570 006", "AU", "+61491570006"),
        ("491570006", "AU", "+61491570006"),
        ("+44 (0)20 7946 0123", "", "+442079460123"),
        ("0044 20 7946 0123", "", "+442079460123"),
        ("00442079460123", "US", "+442079460123"),
        ("442079460123", "GB", "+442079460123"),
        ("+44 20 7946 0123", "", "+442079460123"),
        ("٠٢٠٧٩٤٦٠١٢٣", "GB", "+442079460123"),
        ("२०२५५५०१४३", "US", "+12025550143"),
        ("(+1) 202/555~0143", "", "+12025550143"),
        ("+001 202 555 0143", "", "+12025550143"),
        ("12025550143.0", "US", "+12025550143"),
        ("+12025550143,00", "", "+12025550143"),
        ("TEL:202.555.0143", "US", "+12025550143"),
        ("011 44 20 7946 0123", "US", "+442079460123"),
        ("+49 (0) 30 123456", "", "+4930123456"),
        ("4917112345678", "DE", "+4917112345678"),
        ("17112345678", "DE", "+4917112345678"),
        ("13812345678", "CN", "+8613812345678"),
        ("\u{2068}+1 202 555 0102\u{2069}", "", "+12025550102"),
        ("+1\u{3164}202 555 0109", "", "+12025550109"),
        ("\u{feff}\u{200b}+12025550105", "", "+12025550105"),
    ] {
        assert_eq!(read(text, region).as_deref(), Ok(number), "{text:?} in {region:?}");
    }
}

#[test]
fn what_is_not_a_number_has_its_own_reason() {
    use PhoneRejection as R;
    for (text, region, reason) in [
        ("", "US", R::Empty),
        ("  \u{a0}", "US", R::Empty),
        ("n/a", "US", R::NoDigits),
        ("+", "US", R::NoDigits),
        ("202-555-0143", "", R::NoCountry),
        ("442079460123", "", R::LostPlus),
        ("442079460123", "US", R::LostPlus),
        ("0612345678", "", R::NoCountry),
        ("call 202-555-0143", "US", R::Word),
        ("2O2-555-0143", "US", R::Unexpected('O')),
        ("(202) 555-0116 (cell)", "US", R::Word),
        ("Cell: 202 555 0117", "US", R::Word),
        ("202-555-0101 / 202-555-0102", "US", R::Several),
        ("2025550103/2025550104", "US", R::Several),
        ("202-555-0101/02", "US", R::Several),
        ("202-555-0101/0102", "US", R::Several),
        ("202-555-0109 ::: 202-555-0110", "US", R::Several),
        ("202-555-0111 or 202-555-0112", "US", R::Several),
        ("202-555-0113\n202-555-0114", "US", R::Several),
        ("202-555-0113 202-555-0114", "US", R::Several),
        ("202-555-0113 & 202-555-0114", "US", R::Several),
        ("202-555-0115 x123", "US", R::Extension),
        ("33612345678", "DE", R::LostPlus),
        ("4521234567", "DE", R::LostPlus),
        ("+2025550143", "US", R::AddedPlus),
        ("+0612345678", "FR", R::AddedPlus),
        ("+12025550143, +12025550144", "", R::Several),
        ("+1 202 555 0143 / +1 202 555 0144", "", R::Several),
        ("+12025550143;+12025550144", "", R::Several),
        ("202-555-0143 Ext. 12", "US", R::Extension),
        ("+12025550143,12", "", R::Unexpected(',')),
        ("=+12025550143", "", R::Formula),
        ("+12025550143 x12", "", R::Extension),
        ("4.41E+11", "GB", R::Scientific),
        ("1,20256E+10", "US", R::Scientific),
        ("+999 1234 5678", "", R::UnknownCountry),
        ("555-0143", "US", R::TooShort),
        ("+1 202 555", "", R::TooShort),
        ("+1 202 555 0143 000", "", R::TooLong),
        ("+1 002 555 0143", "", R::Invalid),
        // Ofcom's numbers for drama: nobody has them, and the library knows.
        ("+44 7700 900123", "", R::Invalid),
    ] {
        assert_eq!(read(text, region), Err(reason), "{text:?} in {region:?}");
    }
}

/// A file whose every number got a `+`: what is left of a number of the region may be somebody's abroad.
#[test]
fn a_plus_that_may_have_been_added_is_doubted() {
    let doubtful = |text, region| {
        let phone = parse(text, Region::parse(region)).unwrap();
        (phone.number.as_str().to_owned(), phone.has_doubtful_plus)
    };
    assert_eq!(doubtful("+4795550143", "US"), ("+4795550143".to_owned(), true));
    assert_eq!(doubtful("+6475052806", "CA"), ("+6475052806".to_owned(), true));
    assert_eq!(doubtful("+4795550143", ""), ("+4795550143".to_owned(), false));
    assert_eq!(doubtful("+4795550143", "NO"), ("+4795550143".to_owned(), false));
    assert_eq!(doubtful("+33612345678", "US"), ("+33612345678".to_owned(), false));
    assert_eq!(doubtful("+14795550143", "US"), ("+14795550143".to_owned(), false));
}

#[test]
fn region_and_kind_of_line() {
    for (text, region, line) in [
        ("+12025550143", "US", LineType::Either),
        ("+61491570006", "AU", LineType::Mobile),
        ("+442079460123", "GB", LineType::Landline),
    ] {
        let phone = parse(text, None).unwrap();
        assert_eq!((phone.region.unwrap().to_string().as_str(), phone.line), (region, line), "{text}");
    }
}

#[test]
fn regions_are_those_with_a_numbering_plan() {
    assert_eq!(Region::parse("gb"), Region::parse("GB"));
    assert!(Region::parse("GB").is_some());
    for text in ["", "ZZ", "USA", "001", "1"] {
        assert_eq!(Region::parse(text), None, "{text}");
    }
}

#[test]
fn debug_never_shows_a_number_in_full() {
    assert_eq!(format!("{:?}", E164::parse("+12025550143").unwrap()), "E164(+1…43)");
}

proptest! {
    #[test]
    fn whatever_is_accepted_is_e164_and_reads_the_same_again(text in "\\PC{0,24}|[+0-9() -]{5,18}") {
        if let Ok(phone) = parse(&text, Region::parse("US")) {
            prop_assert!(E164::parse(phone.number.as_str()).is_some());
            prop_assert_eq!(parse(phone.number.as_str(), None), Ok(Phone { has_doubtful_plus: false, ..phone }));
        }
    }
}
