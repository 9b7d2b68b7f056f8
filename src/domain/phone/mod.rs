//! Phone numbers: what people write becomes E.164, or is refused with a reason in plain words.
//!
//! With `country`, the only file that names the phone library. It says what a number *is*; whether this campaign sends to
//! it is the plan's business.

pub mod country;
pub mod mask;
mod tidy;

use std::fmt;

use rlibphonenumber::{
    NumberLengthType, PHONE_NUMBER_UTIL, ParseError, PhoneNumberFormat, PhoneNumberType, ValidationError,
};

use crate::domain::phone::mask::mask_number;
pub use crate::domain::phone::mask::mask_text;

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

    /// Takes a number as AWS names it in answers and events, which may leave the `+` out. Source: the pattern
    /// `\+?[1-9][0-9]{1,18}` of `OptedOutNumber` and `DestinationPhoneNumber` in the API reference of End User Messaging
    /// SMS.
    #[must_use]
    pub fn of_account(text: &str) -> Option<Self> {
        Self::parse(&format!("+{}", text.trim().trim_start_matches('+')))
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
pub enum LineType {
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
    pub line: LineType,
    /// Its country code, such as 1.
    pub country_code: u16,
    /// Whether its digits name a place: landlines do, and mobile numbers of few countries.
    pub is_geographical: bool,
    /// Whether the digits behind its `+` are a number of the default region too, and so of another country: a `+` that was put
    /// in front of all numbers, and no country code, makes such ones.
    pub has_doubtful_plus: bool,
}

/// What is to be told of a number that can be sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PhoneDoubt {
    /// The digits behind its `+` are a number of the default region too.
    AddedPlus,
    /// It is free for the caller: companies answer there, and hardly anybody reads messages.
    TollFree,
}

impl Phone {
    /// Whether it can take a message, as far as its digits tell.
    ///
    /// # Errors
    /// Why not.
    pub fn reachable(&self, allow_landlines: bool) -> Result<(), PhoneRejection> {
        match self.line {
            LineType::Landline if !allow_landlines && self.has_doubtful_plus => {
                Err(PhoneRejection::AddedPlus)
            }
            LineType::Landline if !allow_landlines => Err(PhoneRejection::Landline),
            LineType::Premium => Err(PhoneRejection::Premium),
            LineType::Unreachable => Err(PhoneRejection::Unreachable),
            LineType::Landline
            | LineType::Mobile
            | LineType::Either
            | LineType::TollFree
            | LineType::Other => Ok(()),
        }
    }

    /// What is to be told of it.
    #[must_use]
    pub fn doubt(&self) -> Option<PhoneDoubt> {
        match self.line {
            _ if self.has_doubtful_plus => Some(PhoneDoubt::AddedPlus),
            LineType::TollFree => Some(PhoneDoubt::TollFree),
            _ => None,
        }
    }
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
    /// A second number behind the first.
    #[error("there is more than one phone number in the cell; one number per cell")]
    Several,
    /// A formula that came out of the spreadsheet as its text.
    #[error(
        "the cell has a formula, beginning with =, and not its value; format the column as text and enter the number again"
    )]
    Formula,
    /// A word before or behind the number.
    #[error("there is a word beside the phone number; the number alone, digits only")]
    Word,
    /// A character that no phone number has.
    #[error("{0:?} does not belong in a phone number; one number per cell, digits only")]
    Unexpected(char),
    /// A spreadsheet wrote `4.41E+11`.
    #[error(
        "the spreadsheet has rounded the number to something like 4.41E+11; format the column as text and enter it again"
    )]
    Scientific,
    /// A valid number of its country, if it had a 0 in front.
    #[error(
        "the phone number lacks the 0 in front of it, as a spreadsheet drops it; format the column as text, or write it with + and the country code"
    )]
    LostZero,
    /// A valid number, if it had a + in front.
    #[error(
        "the phone number seems to begin with a country code and lacks the + in front, as a spreadsheet drops it; write it with +"
    )]
    LostPlus,
    /// A valid number of the default region, if it had no + in front.
    #[error(
        "the phone number begins with + and lacks the country code: without the + it is one of the default region; write both, or neither"
    )]
    AddedPlus,
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
    /// Whether the text may well mean somebody's number that it does not give, as far as can be told.
    #[must_use]
    pub fn is_doubtful(self) -> bool {
        matches!(
            self,
            Self::NoCountry
                | Self::Unexpected(_)
                | Self::Several
                | Self::Word
                | Self::Formula
                | Self::Extension
                | Self::Scientific
                | Self::LostZero
                | Self::LostPlus
        )
    }

    /// A stable word for scripts.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Empty => "phone-empty",
            Self::NoDigits => "phone-no-digits",
            Self::Several => "phone-several",
            Self::Word => "phone-word",
            Self::Formula => "phone-formula",
            Self::Unexpected(_) => "phone-unexpected-character",
            Self::Scientific => "phone-rounded",
            Self::LostZero => "phone-lost-zero",
            Self::LostPlus => "phone-lost-plus",
            Self::AddedPlus => "phone-added-plus",
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

/// Reads a number as people write it. `default_region` is for numbers without a country code.
///
/// # Errors
/// Why it is not one; never because of its [`LineType`].
pub fn parse(text: &str, default_region: Option<Region>) -> Result<Phone, PhoneRejection> {
    // Digits behind a mark are no end of the number in front, where that is one by itself.
    if let Some(head) = tidy::with_short_tail(text)
        && tidy::tidy(head).is_ok_and(|head| resolve(&head, default_region).is_ok())
    {
        return Err(PhoneRejection::Several);
    }
    let tidy = tidy::tidy(text)?;
    if let Some(international) = tidy.strip_prefix("00").or_else(|| tidy.strip_prefix("+00"))
        && let Ok(phone) = resolve(&format!("+{international}"), None)
    {
        return Ok(phone);
    }
    let read = match default_region {
        None if !tidy.starts_with('+') => Err(PhoneRejection::NoCountry),
        _ => resolve(&tidy, default_region),
    };
    // A landline may have a number of its own behind that of the house; a mobile has not.
    if read.as_ref().is_ok_and(|phone| phone.line != LineType::Landline)
        && let Some((head, tail)) = tidy::with_odd_tail(text)
        && (tail == 1 || tidy::tidy(head).is_ok_and(|head| resolve(&head, default_region).is_ok()))
    {
        return Err(PhoneRejection::Several);
    }
    if let Some(digits) = tidy.strip_prefix('+')
        && read.as_ref().ok().is_none_or(|phone| Some(phone.country_code) != country_code(default_region))
        && is_of_region(digits, default_region)
    {
        return match read {
            Err(_) => Err(PhoneRejection::AddedPlus),
            Ok(phone) => Ok(Phone { has_doubtful_plus: true, ..phone }),
        };
    }
    match read {
        Ok(phone) => lost_plus(phone, &tidy, default_region),
        Err(PhoneRejection::TooLong) if tidy::is_too_long_for_one(text, &tidy) => {
            Err(PhoneRejection::Several)
        }
        Err(reason) if two_numbers(text, default_region) => Err(lost(&tidy, default_region)
            .filter(|_| reason != PhoneRejection::TooLong)
            .unwrap_or(PhoneRejection::Several)),
        Err(reason) => Err(lost(&tidy, default_region).unwrap_or(reason)),
    }
}

/// Whether these digits are a number of this region that can take a message, without its country code.
fn is_of_region(digits: &str, region: Option<Region>) -> bool {
    let of = |code: u16| digits.starts_with(&code.to_string());
    region.is_some()
        && !country_code(region).is_some_and(of)
        && resolve(digits, region).is_ok_and(|phone| {
            Some(phone.country_code) == country_code(region)
                && matches!(phone.line, LineType::Mobile | LineType::Either)
        })
}

fn country_code(region: Option<Region>) -> Option<u16> {
    region.and_then(|region| u16::try_from(PHONE_NUMBER_UTIL.get_country_code_for_region(region.0)?).ok())
}

/// Whether a text that is no number becomes two where it is cut between two groups of digits.
fn two_numbers(text: &str, default_region: Option<Region>) -> bool {
    let whole = |part: &str| {
        tidy::tidy(part).is_ok_and(|part| {
            let readable = part.starts_with('+') || default_region.is_some();
            part.len() >= 7 && readable && resolve(&part, default_region).is_ok()
        })
    };
    let cuts = text.char_indices().filter(|(_, c)| !c.is_alphanumeric() && *c != '+').map(|(at, _)| at);
    text.len() < 64 && cuts.into_iter().any(|at| whole(&text[..at]) && whole(&text[at..]))
}

/// A number without `+` that is one of the default region only by accident: the region writes a 0 in front, and the cell
/// does not, and with a `+` it is a number too. With the region's own country code it is that number, as in every region;
/// with another one it may be either, and neither is dialled.
fn lost_plus(phone: Phone, tidy: &str, default_region: Option<Region>) -> Result<Phone, PhoneRejection> {
    let Some(region) = default_region.filter(|_| tidy.len() >= 10 && !tidy.starts_with(['+', '0'])) else {
        return Ok(phone);
    };
    let Some(code) = PHONE_NUMBER_UTIL.get_country_code_for_region(region.0) else { return Ok(phone) };
    if code == 1 {
        // Numbers of North America have one length.
        return Ok(phone);
    }
    let Ok(other) = resolve(&format!("+{tidy}"), None) else { return Ok(phone) };
    if other.number == phone.number || is_written_so(&phone, tidy) {
        return Ok(phone);
    }
    if tidy.starts_with(&code.to_string()) { Ok(other) } else { Err(PhoneRejection::LostPlus) }
}

/// Whether the number's own country writes it with these digits.
fn is_written_so(phone: &Phone, tidy: &str) -> bool {
    PHONE_NUMBER_UTIL.parse(phone.number.as_str(), None).is_ok_and(|parsed| {
        let national = PHONE_NUMBER_UTIL.format(&parsed, PhoneNumberFormat::National);
        national.bytes().filter(u8::is_ascii_digit).eq(tidy.bytes())
    })
}

/// What a spreadsheet has taken from a text that is not a number without it.
fn lost(tidy: &str, default_region: Option<Region>) -> Option<PhoneRejection> {
    if tidy.starts_with('+') {
        return None;
    }
    let with_zero = default_region.filter(|_| !tidy.starts_with('0'));
    if with_zero.is_some_and(|region| resolve(&format!("0{tidy}"), Some(region)).is_ok()) {
        return Some(PhoneRejection::LostZero);
    }
    // Shorter ones are too often numbers of some country by chance.
    let with_plus = tidy.len() >= 10 && resolve(&format!("+{tidy}"), None).is_ok();
    with_plus.then_some(PhoneRejection::LostPlus)
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
        PhoneNumberType::Mobile => LineType::Mobile,
        PhoneNumberType::FixedLineOrMobile => LineType::Either,
        PhoneNumberType::FixedLine => LineType::Landline,
        PhoneNumberType::TollFree => LineType::TollFree,
        PhoneNumberType::PremiumRate | PhoneNumberType::SharedCost => LineType::Premium,
        PhoneNumberType::VoIP | PhoneNumberType::PersonalNumber => LineType::Other,
        PhoneNumberType::Pager | PhoneNumberType::UAN | PhoneNumberType::VoiceMail => LineType::Unreachable,
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
    Ok(Phone {
        number: number.ok_or(PhoneRejection::TooLong)?,
        region,
        line,
        country_code: u16::try_from(parsed.country_code).map_err(|_| PhoneRejection::UnknownCountry)?,
        is_geographical: PHONE_NUMBER_UTIL
            .is_number_geographical_by_country_code_and_type(kind, parsed.country_code),
        has_doubtful_plus: false,
    })
}

#[cfg(test)]
mod tests;
