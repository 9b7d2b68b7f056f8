//! What the messages come to: segments, what forces UCS-2, cost, countries, and the first few in full.

use std::collections::{BTreeMap, HashMap};

use crate::domain::definition::{Cost, Definition};
use crate::domain::forecast::StartedByCountry;
use crate::domain::message::content::{Channel, MessageEncoding};
use crate::domain::message::gsm;
use crate::domain::message::segments::{Encoding, Segments};
use crate::domain::phone::Region;
use crate::domain::phone::mask::mask_own;
use crate::domain::prices::Prices;

use super::TOLD;

/// Messages that are shown in full.
const SHOWN: usize = 3;

/// What the recipients to be sent to come to.
#[derive(Debug, Clone)]
pub(super) struct Messages {
    settings: MessageSettings,
    /// Recipients, with a message or without.
    pub(super) recipients: u64,
    pub(super) countries: HashMap<Option<Region>, CountryCount>,
    pub(super) count: u64,
    pub(super) segments: u64,
    pub(super) least: u64,
    pub(super) most: u64,
    pub(super) ucs2: u64,
    /// What makes messages UCS-2: the first such character of each.
    pub(super) forced_by: BTreeMap<char, Forced>,
    pub(super) ucs2_lines: Vec<(Option<u64>, char)>,
    /// Segments that `encoding = "gsm"` saved, or would save.
    pub(super) saving: u64,
    pub(super) cost: f64,
    /// Messages to countries that the definition has no price for.
    pub(super) unpriced: u64,
    pub(super) shown: Vec<(Option<u64>, String)>,
}

#[derive(Debug, Clone)]
struct MessageSettings {
    sms: bool,
    encoding: MessageEncoding,
    prices: Option<Prices>,
    currency: Option<String>,
}

/// What goes to a country.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct CountryCount {
    pub(super) recipients: u64,
    pub(super) segments: u64,
    pub(super) cost: f64,
}

/// Messages that one character makes UCS-2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Forced {
    pub(super) messages: u64,
    /// The first of them.
    pub(super) line: Option<u64>,
}

impl Messages {
    pub(super) fn new(definition: &Definition) -> Self {
        let prices = definition.cost.as_ref().map(Cost::prices);
        Self::empty(MessageSettings {
            sms: definition.channel == Channel::Sms,
            encoding: definition.rules.encoding,
            prices,
            currency: definition.currency.clone(),
        })
    }

    fn empty(settings: MessageSettings) -> Self {
        Self {
            settings,
            recipients: 0,
            countries: HashMap::new(),
            count: 0,
            segments: 0,
            least: u64::MAX,
            most: 0,
            ucs2: 0,
            forced_by: BTreeMap::new(),
            ucs2_lines: Vec::new(),
            saving: 0,
            cost: 0.0,
            unpriced: 0,
            shown: Vec::new(),
        }
    }

    pub(super) fn clear(&mut self) {
        *self = Self::empty(self.settings.clone());
    }

    pub(super) fn is_sms(&self) -> bool {
        self.settings.sms
    }

    pub(super) fn is_priced(&self) -> bool {
        self.settings.prices.is_some() && self.settings.sms
    }

    pub(super) fn has_prices_by_country(&self) -> bool {
        matches!(self.settings.prices, Some(Prices::ByCountry(_)))
    }

    pub(super) fn currency(&self) -> Option<&str> {
        self.settings.currency.as_deref()
    }

    /// Whether the saving is made, or only could be.
    pub(super) fn is_gsm(&self) -> bool {
        self.settings.encoding == MessageEncoding::Gsm
    }

    /// Segments that `encoding = "gsm"` saved with a message.
    pub(super) fn saved(&mut self, segments: u64) {
        self.saving += segments;
    }

    /// Takes note of a recipient. `number` is the recipient's, E.164: messages are shown without it.
    pub(super) fn add(
        &mut self,
        line: Option<u64>,
        region: Option<Region>,
        (number, message): (&str, Option<&str>),
    ) {
        self.recipients += 1;
        let country = self.countries.entry(region).or_default();
        country.recipients += 1;
        let Some(message) = message else { return };
        self.count += 1;
        if self.shown.len() < SHOWN {
            self.shown.push((line, mask_own(message, number).into_owned()));
        }
        if !self.settings.sms {
            return;
        }
        let segments = Segments::of(message);
        let count = segments.count as u64;
        country.segments += count;
        let price = self.settings.prices.as_ref().and_then(|prices| prices.segment(region));
        match price {
            Some(price) => {
                self.cost += price * count as f64;
                country.cost += price * count as f64;
            }
            None => self.unpriced += 1,
        }
        self.segments += count;
        self.least = self.least.min(count);
        self.most = self.most.max(count);
        if let (Encoding::Ucs2, Some((character, _))) = (segments.encoding, segments.forced_by) {
            self.ucs2(line, character, message, count);
        }
    }

    fn ucs2(&mut self, line: Option<u64>, character: char, message: &str, count: u64) {
        self.ucs2 += 1;
        self.forced_by.entry(character).or_insert(Forced { messages: 0, line }).messages += 1;
        if self.ucs2_lines.len() < TOLD {
            self.ucs2_lines.push((line, character));
        }
        if !self.is_gsm() {
            let near = Segments::of(&gsm::nearest(message)).count as u64;
            self.saving += count.saturating_sub(near);
        }
    }

    /// What is sent with these contacts. Where it is known of single messages only, it stays that of all.
    pub(super) fn of_started(&self, started: &StartedByCountry) -> Self {
        let mut sent = self.clone();
        sent.countries.clear();
        (sent.recipients, sent.count, sent.segments, sent.cost, sent.unpriced) = (0, 0, 0, 0.0, 0);
        for (region, started) in &started.0 {
            let segments = if self.settings.sms { started.segments } else { 0 };
            let mut country = CountryCount { recipients: started.contacts, segments, cost: 0.0 };
            match self.settings.prices.as_ref().and_then(|prices| prices.segment(*region)) {
                Some(price) => country.cost = price * segments as f64,
                None if self.settings.sms => sent.unpriced += started.messages,
                None => {}
            }
            sent.recipients += started.contacts;
            sent.count += started.messages;
            sent.segments += segments;
            sent.cost += country.cost;
            sent.countries.insert(*region, country);
        }
        sent
    }

    /// Segments of a message, on average.
    pub(super) fn mean(&self) -> f64 {
        if self.count == 0 { 0.0 } else { self.segments as f64 / self.count as f64 }
    }

    /// The countries, most recipients first. What belongs to no country (toll-free everywhere, satellites) is `None`.
    pub(super) fn by_country(&self) -> Vec<(Option<Region>, CountryCount)> {
        let mut countries: Vec<_> =
            self.countries.iter().map(|(region, country)| (*region, *country)).collect();
        let name = |region: &Option<Region>| region.map(|region| region.to_string());
        countries
            .sort_by_cached_key(|(region, country)| (std::cmp::Reverse(country.recipients), name(region)));
        countries
    }

    /// The characters that force UCS-2, most messages first.
    pub(super) fn by_character(&self) -> Vec<(char, Forced)> {
        let mut forced: Vec<_> =
            self.forced_by.iter().map(|(character, forced)| (*character, *forced)).collect();
        forced.sort_by_key(|(character, forced)| (std::cmp::Reverse(forced.messages), *character));
        forced
    }
}
