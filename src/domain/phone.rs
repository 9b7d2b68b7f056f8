//! Phone numbers: what people write becomes E.164, or is refused with a reason in plain words.
//!
//! With `country`, the only file that names the phone library. It says what a number *is*; whether this campaign sends to it is the
//! plan's business.

use std::fmt;

use rlibphonenumber::{
    NumberLengthType, PHONE_NUMBER_UTIL, ParseError, PhoneNumberFormat, PhoneNumberType, ValidationError,
};

use super::mask::mask_number;
pub use super::mask::mask_text;

/// A number as it goes over the wire: `+` and 2 to 15 digits. Source: ITU-T E.164.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct E164(String);

impl E164 {
    /// Takes a text that is in E.164 form already; whether the number exists is not asked.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('+')?;
        let form = (2..=15).contains(&digits.len())
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && !digits.starts_with('0');
        form.then(|| Self(text.to_owned()))
    }

    /// The number in full: only for the wire, the journal and reports.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// For everything else: country code and last two digits, `+1…43`.
    #[must_use]
    pub fn masked(&self) -> String {
        mask_number(&self.0[1..])
    }
}

/// Masked, so that a number does not slip into a log by `{:?}`.
impl fmt::Debug for E164 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "E164({})", self.masked())
    }
}

/// A region with a numbering plan, such as `US` (ISO 3166-1 alpha-2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Region(rlibphonenumber::Region);

impl Region {
    /// A region by its two letters, in either case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let region = text.parse().ok()?;
        PHONE_NUMBER_UTIL.get_country_code_for_region(region).map(|_| Self(region))
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// What kind of line a number belongs to, as far as its digits tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Line {
    /// Takes messages.
    Mobile,
    /// Mobile or landline: the region's numbers do not tell (as in North America).
    Either,
    /// A landline.
    Landline,
    /// Free for the caller.
    TollFree,
    /// Paid for by the caller, at more than the usual rate or at a shared one.
    Premium,
    /// Over the internet, personal numbers.
    Other,
    /// Pagers, voice mail access, company-wide access numbers: nobody reads messages there.
    Unreachable,
}

/// A valid number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phone {
    /// The number.
    pub number: E164,
    /// Its region; `None` where it belongs to none (such as +883).
    pub region: Option<Region>,
    /// Its kind.
    pub line: Line,
}

/// Why a text is not a number to send to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PhoneRejection {
    /// Nothing in the cell.
    #[error("the phone number is empty")]
    Empty,
    /// Not one digit.
    #[error("the phone number has no digits")]
    NoDigits,
    /// A character that no phone number has, or more than one number.
    #[error("{0:?} does not belong in a phone number; one number per cell, digits only")]
    Unexpected(char),
    /// A spreadsheet wrote `4.41E+11`.
    #[error(
        "the spreadsheet has rounded the number to something like 4.41E+11; format the column as text and enter it again"
    )]
    Scientific,
    /// An extension cannot take a message.
    #[error("the phone number has an extension, which cannot take a message")]
    Extension,
    /// No `+`, no default region.
    #[error(
        "the phone number has no country code; write it with + in front, or set recipients.default_region"
    )]
    NoCountry,
    /// `+` and then no country's code.
    #[error("the phone number begins with a country code that does not exist")]
    UnknownCountry,
    /// Fewer digits than any number of its country.
    #[error("the phone number is too short")]
    TooShort,
    /// More digits than any number of its country.
    #[error("the phone number is too long")]
    TooLong,
    /// Digits that its country does not assign.
    #[error("the phone number is not a valid one in its country")]
    Invalid,
    /// A landline, where the numbering plan tells.
    #[error(
        "the phone number is a landline, which cannot take a message; recipients.allow_landlines lets it through"
    )]
    Landline,
    /// Premium rate, shared cost.
    #[error("the phone number is a premium-rate one")]
    Premium,
    /// Pager, voice mail, company access number.
    #[error("the phone number cannot take a message")]
    Unreachable,
}

impl PhoneRejection {
    /// A stable word for scripts.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Empty => "phone-empty",
            Self::NoDigits => "phone-no-digits",
            Self::Unexpected(_) => "phone-unexpected-character",
            Self::Scientific => "phone-rounded",
            Self::Extension => "phone-extension",
            Self::NoCountry => "phone-no-country",
            Self::UnknownCountry => "phone-unknown-country",
            Self::TooShort => "phone-too-short",
            Self::TooLong => "phone-too-long",
            Self::Invalid => "phone-invalid",
            Self::Landline => "phone-landline",
            Self::Premium => "phone-premium",
            Self::Unreachable => "phone-unreachable",
        }
    }
}

/// Longest text that is looked at, in bytes: a cell with more is not a number.
const LONGEST: usize = 100;

/// Reads a number as people write it. `default_region` is for numbers without a country code.
///
/// # Errors
/// Why it is not one; never because of its [`Line`].
pub fn parse(text: &str, default_region: Option<Region>) -> Result<Phone, PhoneRejection> {
    let tidy = tidy(text)?;
    if let Some(international) = tidy.strip_prefix("00")
        && let Ok(phone) = resolve(&format!("+{international}"), None)
    {
        return Ok(phone);
    }
    if !tidy.starts_with('+') && default_region.is_none() {
        return Err(PhoneRejection::NoCountry);
    }
    resolve(&tidy, default_region)
}

/// Plain digits, perhaps with a `+` in front: without separators, invisible characters and `tel:`.
fn tidy(text: &str) -> Result<String, PhoneRejection> {
    let text = text.trim().trim_start_matches(['\'', '\u{feff}']);
    let text = text.get(..4).filter(|head| head.eq_ignore_ascii_case("tel:")).map_or(text, |_| &text[4..]);
    if text.is_empty() {
        return Err(PhoneRejection::Empty);
    }
    if text.len() > LONGEST {
        return Err(PhoneRejection::TooLong);
    }
    if is_scientific(text) {
        return Err(PhoneRejection::Scientific);
    }
    let mut tidy = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '0'..='9' => tidy.push(c),
            '+' | '＋' if tidy.is_empty() => tidy.push('+'),
            _ if is_separator(c) => {}
            'x' | 'X' | '#' | ';' if tidy.len() >= 7 => return Err(PhoneRejection::Extension),
            _ => match digit_value(c) {
                Some(digit) => tidy.push(char::from(b'0' + digit)),
                None if !text.chars().any(|c| digit_value(c).is_some()) => {
                    return Err(PhoneRejection::NoDigits);
                }
                None => return Err(PhoneRejection::Unexpected(c)),
            },
        }
    }
    if tidy.trim_start_matches('+').is_empty() { Err(PhoneRejection::NoDigits) } else { Ok(tidy) }
}

/// Spaces and dashes of every kind, dots, brackets, and characters that nobody sees.
fn is_separator(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '-' | '.' | '(' | ')' | '/' | '[' | ']' | '·' | '\u{ad}' | '−' | '－' | '．' | '（' | '）'
        )
        || ('\u{2010}'..='\u{2015}').contains(&c)
        || ('\u{200b}'..='\u{200f}').contains(&c)
        || ('\u{202a}'..='\u{202e}').contains(&c)
        || ('\u{2060}'..='\u{2069}').contains(&c)
        || c == '\u{feff}'
}

/// Decimal digits of the scripts that spreadsheets hold phone numbers in. Source: Unicode, general category Nd.
fn digit_value(c: char) -> Option<u8> {
    const ZEROS: [u32; 8] = [0x30, 0x660, 0x6f0, 0x966, 0x9e6, 0xe50, 0x0be6, 0xff10];
    let code = u32::from(c);
    ZEROS.iter().find_map(|zero| code.checked_sub(*zero).filter(|digit| *digit < 10)).map(|digit| digit as u8)
}

fn is_scientific(text: &str) -> bool {
    text.split_once(['E', 'e']).is_some_and(|(mantissa, exponent)| {
        let exponent = exponent.trim_start_matches('+');
        !exponent.is_empty()
            && exponent.bytes().all(|byte| byte.is_ascii_digit())
            && mantissa.starts_with(|c: char| c.is_ascii_digit())
            && mantissa.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b','))
    })
}

fn resolve(tidy: &str, default_region: Option<Region>) -> Result<Phone, PhoneRejection> {
    let parsed =
        PHONE_NUMBER_UTIL.parse(tidy, default_region.map(|region| region.0)).map_err(
            |error| match error {
                ParseError::InvalidCountryCode => PhoneRejection::UnknownCountry,
                ParseError::NotANumber(_) | ParseError::TooShortAfterIdd | ParseError::TooShortNsn => {
                    PhoneRejection::TooShort
                }
                ParseError::TooLongNsn => PhoneRejection::TooLong,
            },
        )?;
    let kind = PHONE_NUMBER_UTIL.get_number_type(&parsed);
    let line = match kind {
        PhoneNumberType::Mobile => Line::Mobile,
        PhoneNumberType::FixedLineOrMobile => Line::Either,
        PhoneNumberType::FixedLine => Line::Landline,
        PhoneNumberType::TollFree => Line::TollFree,
        PhoneNumberType::PremiumRate | PhoneNumberType::SharedCost => Line::Premium,
        PhoneNumberType::VoIP | PhoneNumberType::PersonalNumber => Line::Other,
        PhoneNumberType::Pager | PhoneNumberType::UAN | PhoneNumberType::VoiceMail => Line::Unreachable,
        PhoneNumberType::Unknown => {
            return Err(match PHONE_NUMBER_UTIL.is_possible_number_with_reason(&parsed) {
                Err(ValidationError::TooShort) | Ok(NumberLengthType::IsPossibleLocalOnly) => {
                    PhoneRejection::TooShort
                }
                Err(ValidationError::TooLong) => PhoneRejection::TooLong,
                Err(ValidationError::InvalidCountryCode) => PhoneRejection::UnknownCountry,
                _ => PhoneRejection::Invalid,
            });
        }
    };
    let number = E164::parse(&PHONE_NUMBER_UTIL.format(&parsed, PhoneNumberFormat::E164));
    let region = PHONE_NUMBER_UTIL.get_region_for_number(&parsed);
    let region = region.filter(|region| *region != rlibphonenumber::Region::World).map(Region);
    Ok(Phone { number: number.ok_or(PhoneRejection::Invalid)?, region, line })
}

#[cfg(test)]
mod tests {
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
            ("call 202-555-0143", "US", R::Unexpected('c')),
            ("+12025550143, +12025550144", "", R::Unexpected(',')),
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

    #[test]
    fn region_and_kind_of_line() {
        for (text, region, line) in [
            ("+12025550143", "US", Line::Either),
            ("+61491570006", "AU", Line::Mobile),
            ("+442079460123", "GB", Line::Landline),
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
                prop_assert_eq!(parse(phone.number.as_str(), None), Ok(phone));
            }
        }
    }
}
