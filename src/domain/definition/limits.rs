//! `[limits]`.

use super::Cost;
use super::reader::{Reader, number, parse_duration};
use crate::domain::hours::Hours;
use crate::domain::hours::zones::parse_zone;
use crate::domain::limits::{Budget, ContactLimits, OverLimit, RecipientLimit};
use crate::domain::message::content::Channel;

pub(super) fn resolve(
    reader: &mut Reader<'_>,
    hours: Option<&Hours>,
    (channel, cost): (Channel, Option<&Cost>),
    currency: Option<&str>,
) -> ContactLimits {
    let mut per_recipient = Vec::new();
    for (text, place) in reader.texts("limits.per_recipient") {
        match RecipientLimit::parse(&text, parse_duration) {
            Some(limit) => per_recipient.push(limit),
            None => {
                let message = format!("`limits.per_recipient`: {text:?} is no limit");
                let hint = "a number of contacts and a time, such as \"1 in 24h\" or \"3 in 7d\"";
                reader.mistake(place, message, hint);
            }
        }
    }
    let zone = match reader.text("limits.zone").map(|text| parse_zone(&text)) {
        Some(Err(reason)) => {
            let place = reader.place("limits.zone");
            reader.mistake(place, format!("`limits.zone`: {reason}"), "such as America/New_York");
            None
        }
        Some(Ok(zone)) => Some(zone),
        None => hours.and_then(|hours| hours.default_zone.clone()),
    };
    let over = match reader.text("limits.over").as_deref() {
        Some("suppress") => OverLimit::Suppress,
        _ => OverLimit::Wait,
    };
    let count = |path| reader.integer(path).and_then(|count| u64::try_from(count).ok());
    ContactLimits {
        per_recipient,
        over,
        contacts: count("limits.contacts"),
        per_day: count("limits.per_day"),
        zone: zone.and_then(|zone| zone.zones().next()),
        cost: budget(reader, channel, cost, currency),
    }
}

fn budget(
    reader: &mut Reader<'_>,
    channel: Channel,
    cost: Option<&Cost>,
    currency: Option<&str>,
) -> Option<Budget> {
    let node = reader.node("limits.cost")?;
    let why = match (channel, cost) {
        (Channel::Sms, Some(cost)) => {
            // AWS writes prices in US dollars.
            let takes_real_prices = currency.is_none_or(|currency| currency.eq_ignore_ascii_case("USD"));
            let budget = |most| Budget { most, prices: cost.prices(), takes_real_prices };
            return number(&node.value).map(budget);
        }
        (Channel::Sms, None) => "`limits.cost` needs the price of a segment",
        _ => "`limits.cost` is for SMS: what other messages cost is not estimated",
    };
    reader.mistake(node.place, why, "set cost.per_segment, or leave limits.cost out");
    None
}
