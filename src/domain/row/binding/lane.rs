//! The lane of a row: the zones that its recipient may be in, and whose rules hold there.

use crate::domain::hours::states::state;
use crate::domain::hours::zones::{Zones, parse_zone, zones_of_number};
use crate::domain::hours::{Jurisdiction, Lane};
use crate::domain::phone::Phone;
use crate::domain::row::recipient::RejectionReason;

/// Where a file has what tells zones and rules, by column.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LaneColumns {
    /// A zone, which is trusted more than the number.
    pub zone: Option<usize>,
    /// A state of the United States.
    pub state: Option<usize>,
    /// The zones of rows of which none are known.
    pub default_zone: Option<Zones>,
}

impl LaneColumns {
    /// The lane of a row.
    ///
    /// # Errors
    /// Where no zone is known: the column at fault, if it is the zone's own, and why.
    pub fn lane<'c>(
        &self,
        phone: &Phone,
        cell: impl Fn(usize) -> &'c str,
    ) -> Result<Lane, (Option<usize>, RejectionReason)> {
        let named = self.zone.map(|at| (at, cell(at).trim())).filter(|(_, text)| !text.is_empty());
        let zones = match named {
            Some((at, text)) => parse_zone(text).map_err(|reason| (Some(at), reason.into()))?,
            None => zones_of_number(phone)
                .or_else(|| self.default_zone.clone())
                .ok_or((None, RejectionReason::NoZone))?,
        };
        let country = phone.region.map(|region| region.to_string());
        let states = self.state.filter(|_| country.as_deref() == Some("US"));
        let state = states.and_then(|at| state(cell(at))).map(str::to_owned);
        Ok(Lane { zones, jurisdiction: Jurisdiction { country, state } })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::hours::zones::ZoneRejection;
    use crate::domain::phone;

    fn lane(number: &str, cells: &[&str]) -> Result<String, (Option<usize>, RejectionReason)> {
        let columns = LaneColumns { zone: Some(0), state: Some(1), default_zone: None };
        let lane = columns.lane(&phone::parse(number, None).unwrap(), |at| cells[at])?;
        Ok(format!("{} {}", lane.zones.as_str(), lane.jurisdiction))
    }

    #[test]
    fn a_column_is_trusted_more_than_the_number() {
        assert_eq!(lane("+12025550101", &["", ""]), Ok("America/New_York US".to_owned()));
        assert_eq!(
            lane("+12025550101", &[" pacific/honolulu ", "Florida"]),
            Ok("Pacific/Honolulu US-FL".to_owned())
        );
        assert_eq!(lane("+33612345678", &["", "FL"]), Ok("Europe/Paris FR".to_owned()));
        assert_eq!(lane("+12025550101", &["-05:00", ""]), Err((Some(0), ZoneRejection::Offset.into())));
        assert_eq!(lane("+12025550101", &["Mars", ""]), Err((Some(0), ZoneRejection::Unknown.into())));
    }

    #[test]
    fn a_number_without_zones_takes_the_default_or_is_rejected() {
        let phone = phone::parse("+883510001234", None).unwrap();
        let mut columns = LaneColumns::default();
        assert_eq!(columns.lane(&phone, |_| ""), Err((None, RejectionReason::NoZone)));
        columns.default_zone = parse_zone("Europe/Berlin").ok();
        assert_eq!(columns.lane(&phone, |_| "").unwrap().zones.as_str(), "Europe/Berlin");
    }
}
