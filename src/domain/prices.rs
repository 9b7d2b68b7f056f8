//! What messages cost by the prices of the definition: an estimate, before anybody has sent a bill.

use std::collections::HashMap;

use crate::domain::message::segments::Segments;
use crate::domain::phone::Region;

/// What one segment costs.
#[derive(Debug, Clone, PartialEq)]
pub enum Prices {
    /// The same everywhere.
    Flat(f64),
    /// By country.
    ByCountry(HashMap<Region, f64>),
}

impl Prices {
    /// What a segment to this country costs; `None` where the definition has no price for it.
    #[must_use]
    pub fn segment(&self, region: Option<Region>) -> Option<f64> {
        match (self, region) {
            (Self::Flat(price), _) => Some(*price),
            (Self::ByCountry(prices), Some(region)) => prices.get(&region).copied(),
            (Self::ByCountry(_), None) => None,
        }
    }

    /// What a contact costs, where a budget must not be exceeded: a country without a price is as dear as the dearest one, and
    /// a text that only the flow knows is one segment.
    #[must_use]
    pub fn contact(&self, region: Option<Region>, message: Option<&str>) -> f64 {
        let dearest = || match self {
            Self::Flat(price) => *price,
            Self::ByCountry(prices) => prices.values().copied().fold(0.0, f64::max),
        };
        let segments = message.map_or(1, |message| Segments::of(message).count);
        self.segment(region).unwrap_or_else(dearest) * segments as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_takes_what_is_not_known_for_the_dearest() {
        let (us, fr) = (Region::parse("US"), Region::parse("FR"));
        let prices = Prices::ByCountry([(us.unwrap(), 0.01), (fr.unwrap(), 0.07)].into());
        assert_eq!((prices.segment(us), prices.segment(Region::parse("DE"))), (Some(0.01), None));
        assert_eq!(prices.contact(us, Some(&"a".repeat(161))), 0.02);
        assert_eq!(prices.contact(Region::parse("DE"), Some("Hi")), prices.contact(fr, None));
        assert_eq!(Prices::Flat(0.5).contact(None, Some("Hi")), 0.5);
    }
}
