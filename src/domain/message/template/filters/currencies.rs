//! The codes of currencies, and the one that was meant where a code is none.

use crate::domain::table::header::nearest;

/// Source: ISO 4217, as Debian's iso-codes 4.15 has it, and what came to it since: XAD, XCG, ZWG. Codes that were withdrawn
/// of late stay, for sums of before.
const CODES: &str = "\
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN \
    BZD CAD CDF CHE CHF CHW CLF CLP CNY COP COU CRC CUC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD \
    FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS \
    KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN \
    MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR \
    SDG SEK SGD SHP SLE SLL SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD \
    USN UYI UYU UYW UZS VED VES VND VUV WST XAD XAF XAG XAU XBA XBB XBC XBD XCD XCG XDR XOF XPD XPF XPT \
    XSU XTS XUA XXX YER ZAR ZMW ZWG ZWL";

/// Those that are meant first where several are as near.
const FREQUENT: [&str; 10] = ["USD", "EUR", "GBP", "JPY", "CHF", "CAD", "AUD", "INR", "BRL", "MXN"];

/// What is wrong with a code, in capitals; `None` where it is a currency's.
pub(super) fn wrong(code: &str) -> Option<String> {
    if CODES.split(' ').any(|known| known == code) {
        return None;
    }
    let meant = match nearest(code, FREQUENT.into_iter().chain(CODES.split(' '))) {
        Some(near) => format!("; did you mean {near}?"),
        None => String::new(),
    };
    Some(match code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase()) {
        true => {
            format!("`currency` takes a code of ISO 4217, such as USD or EUR, and {code:?} is none{meant}")
        }
        false => format!("`currency` takes a code of three letters, such as USD or EUR{meant}"),
    })
}
