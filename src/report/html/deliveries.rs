//! The outcomes of messages by the account's events: by AWS's status, by carrier, by country; and their cost.

use std::collections::HashMap;

use serde::Serialize;

use super::tables::{ReasonRow, bar, percent};
use crate::domain::events::Delivery;
use crate::domain::events::status::explained;
use crate::domain::figures::{Grouped, counted};
use crate::domain::phone::mask::mask_text;
use crate::journal::{CampaignId, DeliveryCounts, JournalError, MessageRecord, Snapshot, StatusCount};

/// Carriers and countries in a table, at most; the smallest of the others are put together.
const MOST: usize = 20;
/// The most names that are counted separately.
const MOST_KINDS: usize = 1_000;

/// This part of the page; none without events.
#[derive(Debug, Serialize)]
pub(super) struct DeliverySection {
    headline: String,
    /// Messages that did not arrive.
    undelivered: u64,
    /// Messages with a known end.
    known: u64,
    cost: String,
    statuses: Vec<ReasonRow>,
    carriers: Vec<PlaceRow>,
    countries: Vec<PlaceRow>,
}

/// Messages of one carrier or country.
#[derive(Debug, Serialize)]
struct PlaceRow {
    name: String,
    messages: String,
    delivered: String,
    undelivered: String,
    rest: String,
    share: String,
}

/// Messages by delivery.
#[derive(Debug, Clone, Copy, Default)]
struct DeliverySplit {
    all: u64,
    delivered: u64,
    undelivered: u64,
}

#[derive(Debug, Default)]
struct MessageFold {
    parts: u64,
    price: i128,
    priced: u64,
    messages: u64,
    carriers: HashMap<String, DeliverySplit>,
    countries: HashMap<String, DeliverySplit>,
}

impl MessageFold {
    fn see(&mut self, message: &MessageRecord<'_>) {
        let Some(status) = message.status else { return };
        self.messages += 1;
        self.parts = self.parts.saturating_add(message.parts.unwrap_or(0));
        if let Some(price) = message.price {
            self.price += ten_places(price);
            self.priced += 1;
        }
        let delivery = Delivery::of(status);
        for (split, name) in [(&mut self.carriers, message.carrier), (&mut self.countries, message.country)] {
            let name = name.unwrap_or("not told");
            let name = if split.len() < MOST_KINDS || split.contains_key(name) { name } else { "others" };
            let split = split.entry(name.to_owned()).or_default();
            split.all += 1;
            split.delivered += u64::from(delivery == Delivery::Delivered);
            split.undelivered += u64::from(delivery == Delivery::Undelivered);
        }
    }
}

impl DeliverySection {
    /// Of a campaign.
    pub(super) fn read(snapshot: &Snapshot<'_>, campaign: CampaignId) -> Result<Option<Self>, JournalError> {
        let statuses = snapshot.delivery_statuses(campaign)?;
        if statuses.is_empty() {
            return Ok(None);
        }
        let mut fold = MessageFold::default();
        let counts = snapshot.deliveries(campaign)?;
        snapshot.each_message(campaign, |message| fold.see(message))?;
        Ok(Some(Self {
            headline: headline(&counts),
            undelivered: counts.undelivered,
            known: counts.delivered + counts.undelivered,
            cost: cost(&fold),
            statuses: reasons(&statuses),
            carriers: places(fold.carriers),
            countries: places(fold.countries),
        }))
    }
}

impl DeliverySection {
    /// `5 of 10 messages whose end is known did not arrive (50.0%)`, where any did not.
    pub(super) fn not_arrived(&self) -> Option<String> {
        (self.undelivered > 0).then(|| {
            format!(
                "{} of {} whose end is known did not arrive ({})",
                Grouped(self.undelivered),
                counted(self.known, "message", "messages"),
                percent(self.undelivered, self.known)
            )
        })
    }
}

fn headline(counts: &DeliveryCounts) -> String {
    let DeliveryCounts { delivered, undelivered, pending, unknown, waiting, .. } = *counts;
    let all = delivered + undelivered + pending + unknown + waiting;
    format!(
        "{} of {} delivered ({}), {} undelivered, {} on the way, {} without a receipt, {} of which nothing was told",
        Grouped(delivered),
        counted(all, "started contact", "started contacts"),
        percent(delivered, all),
        Grouped(undelivered),
        Grouped(pending),
        Grouped(unknown),
        Grouped(waiting)
    )
}

fn cost(fold: &MessageFold) -> String {
    let messages = counted(fold.messages, "message", "messages");
    let parts = counted(fold.parts, "part", "parts");
    if fold.priced == 0 {
        return format!("{messages} of {parts}; AWS has told no prices");
    }
    let price = amount(fold.price);
    format!("{messages} of {parts}, for {price} as AWS wrote it ({} priced)", Grouped(fold.priced))
}

/// A price in units of its tenth place, which AWS's prices do not go beyond: a sum of them is exact.
#[expect(clippy::cast_possible_truncation, reason = "a price that is too large for it is none")]
fn ten_places(price: f64) -> i128 {
    (price * 1e10).round() as i128
}

/// `5,810.00`, `0.01162`: what a sum of [`ten_places`] comes to, with two places or as many as it has.
fn amount(sum: i128) -> String {
    const UNIT: u128 = 10_000_000_000;
    let (sign, sum) = (if sum < 0 { "-" } else { "" }, sum.unsigned_abs());
    let places = format!("{:010}", sum % UNIT);
    let places = places.trim_end_matches('0');
    format!("{sign}{}.{places:0<2}", Grouped(u64::try_from(sum / UNIT).unwrap_or(u64::MAX)))
}

fn reasons(statuses: &[StatusCount]) -> Vec<ReasonRow> {
    let sum = statuses.iter().map(|count| count.rows).sum();
    let most = statuses.iter().map(|count| count.rows).max().unwrap_or(0);
    let reason = |count: &StatusCount| {
        let explained = explained(&count.status);
        ReasonRow {
            state: count.delivery.name(),
            code: mask_text(&count.status),
            what: explained.what,
            advice: explained.advice,
            rows: Grouped(count.rows).to_string(),
            percent: percent(count.rows, sum),
            bar: bar(count.rows, most),
        }
    };
    statuses.iter().map(reason).collect()
}

/// The largest first, the smallest together.
fn places(splits: HashMap<String, DeliverySplit>) -> Vec<PlaceRow> {
    let mut splits: Vec<(String, DeliverySplit)> = splits.into_iter().collect();
    splits.sort_by(|a, b| b.1.all.cmp(&a.1.all).then_with(|| a.0.cmp(&b.0)));
    if splits.len() > MOST + 1 {
        let rest = splits.split_off(MOST);
        let sum = rest.iter().fold(DeliverySplit::default(), |sum, (_, split)| DeliverySplit {
            all: sum.all + split.all,
            delivered: sum.delivered + split.delivered,
            undelivered: sum.undelivered + split.undelivered,
        });
        splits.push((format!("{} others", Grouped(rest.len() as u64)), sum));
    }
    let place = |(name, split): (String, DeliverySplit)| PlaceRow {
        name: mask_text(&name),
        messages: Grouped(split.all).to_string(),
        delivered: Grouped(split.delivered).to_string(),
        undelivered: Grouped(split.undelivered).to_string(),
        rest: Grouped(split.all - split.delivered - split.undelivered).to_string(),
        share: percent(split.delivered, split.all),
    };
    splits.into_iter().map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_carriers_are_put_together_and_nothing_is_lost() {
        let split = |all| DeliverySplit { all, delivered: all / 2, undelivered: 1 };
        let splits = (2..=40).map(|all| (format!("carrier {all}"), split(all))).collect();
        let places = places(splits);
        assert_eq!(places.len(), MOST + 1);
        assert_eq!((places[0].name.as_str(), places[0].share.as_str()), ("carrier 40", "50.0%"));
        let last = places.last().unwrap();
        assert_eq!((last.name.as_str(), last.messages.as_str()), ("19 others", "209"));
    }

    #[test]
    fn a_million_prices_come_to_their_sum() {
        let sum = |price: f64, many: usize| amount(std::iter::repeat_n(ten_places(price), many).sum());
        assert_eq!(sum(0.00581, 1_000_000), "5,810.00");
        assert_eq!(sum(0.00581, 1), "0.00581");
        assert_eq!(sum(0.1, 3), "0.30");
        assert_eq!(sum(-1234.5, 1), "-1,234.50");
    }
}
