//! A rule file: hours of a law, as a preset of this version or a file beside the definition has them.

use super::document::{self, Node, TableEntry, Value};
use super::hours::{is_open_form, spans};
use crate::domain::hours::closing::{Closing, Holiday};
use crate::domain::hours::presets::preset;
use crate::domain::hours::week::{DAYS, Week, days};
use crate::domain::hours::{Jurisdiction, Rule};
use crate::domain::phone::Region;
use crate::domain::problem::{Problem, Problems, SourceSpan};

/// The keys of a rule file.
const KEYS: &[&str] =
    &["source", "as_of", "country", "state", "open", "closed", "holidays", "observed", "includes"];

/// A mistake, with what to do about it.
pub(super) struct Report {
    pub(super) place: Option<SourceSpan>,
    pub(super) message: String,
    pub(super) hint: String,
}

/// The rules of a file: its own, and those of the presets that it includes. `name` is what the rule is called, `file`
/// what mistakes are told under.
///
/// # Errors
/// Every mistake.
pub fn parse(text: &str, name: &str, file: &str) -> Result<Vec<Rule>, Problems> {
    let mut problems = Problems::new(file, text);
    let Some(root) = document::parse(text.trim_start_matches('\u{feff}'), &mut problems) else {
        return Err(problems.sorted());
    };
    let mut reports = Vec::new();
    let mut report = |report: Report| reports.push(report);
    let rules = rules(&root, name, &mut report);
    for Report { place, message, hint } in reports {
        problems.push(Problem::new(place, message).hint(hint));
    }
    problems.or(|| rules)
}

fn rules(root: &Node, name: &str, report: &mut impl FnMut(Report)) -> Vec<Rule> {
    if let Value::Table(entries) = &root.value {
        for TableEntry { name, place, .. } in
            entries.iter().filter(|entry| !KEYS.contains(&entry.name.as_str()))
        {
            let hint = format!("a rule file has {}", KEYS.join(", "));
            report(Report { place: *place, message: format!("unknown key `{name}`"), hint });
        }
    }
    let mut rule =
        Rule { name: name.to_owned(), jurisdiction: jurisdiction(root, report), ..Rule::default() };
    if let Some(node) = root.get("open") {
        rule.week = Some(week(node, "open", report));
    }
    if let Some(node) = root.get("closed") {
        rule.closings = closings(node, "closed", report);
    }
    if let Some(node) = root.get("holidays") {
        rule.holidays = each(node, "holidays", report, Holiday::parse, "a day of every year", HOLIDAYS);
    }
    match root.get("observed").map(|node| (&node.value, node.place)) {
        None => {}
        Some((Value::Flag(flag), _)) => rule.observed = *flag,
        Some((_, place)) => {
            let message = "`observed` must be true or false".to_owned();
            report(Report { place, message, hint: "such as `observed = true`".to_owned() });
        }
    }
    let mut all = Vec::new();
    if rule.week.is_some() || !rule.closings.is_empty() || !rule.holidays.is_empty() {
        all.push(rule);
    }
    if let Some(node) = root.get("includes") {
        let included = |name: &str| preset(name).and_then(|text| parse(text, name, name).ok());
        all.extend(each(node, "includes", report, included, "a preset", "such as \"us-federal\"").concat());
    }
    if all.is_empty() {
        let message = "the file has no hours".to_owned();
        report(Report {
            place: None,
            message,
            hint: "it takes `open`, `closed`, `holidays` or `includes`".to_owned(),
        });
    }
    all
}

const HOLIDAYS: &str =
    "\"12-25\", \"11-thu-4\" (the fourth Thursday of November), \"05-mon-last\", \"easter+39\"";

fn jurisdiction(root: &Node, report: &mut impl FnMut(Report)) -> Jurisdiction {
    let mut letters = |key: &str| {
        let node = root.get(key)?;
        match &node.value {
            Value::Text(text) if text.len() == 2 && text.bytes().all(|b| b.is_ascii_alphabetic()) => {
                Some(text.to_ascii_uppercase())
            }
            _ => {
                let (message, hint) =
                    (format!("`{key}` must be two letters"), "such as \"US\" or \"FL\"".to_owned());
                report(Report { place: node.place, message, hint });
                None
            }
        }
    };
    let (country, state) = (letters("country"), letters("state"));
    let place = root.get("country").and_then(|node| node.place);
    if country.as_deref().is_some_and(|country| Region::parse(country).is_none()) {
        report(Report {
            place,
            message: "`country` is no country".to_owned(),
            hint: "two letters, such as US or GB".to_owned(),
        });
    }
    Jurisdiction { country, state }
}

/// Hours by weekday: spans for every day, or a table of days. Days that a table does not name are closed.
pub(super) fn week(node: &Node, key: &str, report: &mut impl FnMut(Report)) -> Week {
    let mut week = Week::default();
    if !is_open_form(&node.value) {
        let message = format!("`{key}` must be hours by weekday");
        let hint =
            "such as `open = \"09:00-20:00\"` or `open = { mon-fri = \"09:00-20:00\", sat = [] }`".to_owned();
        report(Report { place: node.place, message, hint });
        return week;
    }
    let mut named = Vec::new();
    let all = TableEntry { name: "mon-sun".to_owned(), place: node.place, node: node.clone() };
    let entries = match &node.value {
        Value::Table(entries) => entries.clone(),
        _ => vec![all],
    };
    for TableEntry { name, place, node } in entries {
        let found = days(&name).unwrap_or_else(|mistake| {
            report(Report { place, message: format!("`{key}`: {mistake}"), hint: mistake.hint().to_owned() });
            Vec::new()
        });
        if let Some(day) = found.iter().find(|day| named.contains(*day)) {
            let at = DAYS.iter().position(|known| known == day).unwrap_or_default();
            let message = format!("`{key}` has {} twice", NAMES[at]);
            report(Report { place, message, hint: "put all hours of a day into one list".to_owned() });
        }
        named.extend(&found);
        for (span, place) in spans(&node) {
            let added = found.iter().try_for_each(|day| week.add(*day, span));
            if let Err(mistake) = added {
                report(Report {
                    place,
                    message: format!("`{key}`: {mistake}"),
                    hint: mistake.hint().to_owned(),
                });
            }
        }
    }
    week
}

const NAMES: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Dates and spans on which it is closed.
pub(super) fn closings(node: &Node, key: &str, report: &mut impl FnMut(Report)) -> Vec<Closing> {
    // No digits: what looks like a number is masked where errors are shown.
    let hint =
        "YYYY-MM-DD, or two of them with / between, or two local times YYYY-MM-DDTHH:MM with / between";
    each(node, key, report, Closing::parse, "a date or a span of dates", hint)
}

/// The items of a list of texts.
fn each<T>(
    node: &Node,
    key: &str,
    report: &mut impl FnMut(Report),
    read: impl Fn(&str) -> Option<T>,
    what: &str,
    hint: &str,
) -> Vec<T> {
    let Value::List(list) = &node.value else {
        report(Report {
            place: node.place,
            message: format!("`{key}` must be a list of strings"),
            hint: hint.to_owned(),
        });
        return Vec::new();
    };
    let mut read_item = |item: &Node| {
        let (found, shown) = match &item.value {
            Value::Text(text) => (read(text), format!("{text:?}")),
            _ => (None, "what is not in quotes".to_owned()),
        };
        if found.is_none() {
            report(Report {
                place: item.place,
                message: format!("`{key}`: {shown} is not {what}"),
                hint: hint.to_owned(),
            });
        }
        found
    };
    list.iter().filter_map(&mut read_item).collect()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use jiff::{Timestamp, ToSpan};

    use super::*;
    use crate::domain::hours::presets::PRESETS;

    fn preset_rules(name: &str) -> Vec<Rule> {
        parse(preset(name).unwrap(), name, name).unwrap_or_else(|problems| panic!("{problems}"))
    }

    #[test]
    fn every_preset_is_valid_has_its_source_and_is_no_advice() {
        for (name, text) in PRESETS {
            let rules = preset_rules(name);
            assert!(rules.iter().any(|rule| rule.name == *name) || text.contains("includes"), "{name}");
            assert!(text.starts_with("# Not legal advice: "), "{name}");
            assert!(text.contains("\nsource = \"") && text.contains("\nas_of = \"20"), "{name}");
            assert!(rules.iter().all(|rule| rule.jurisdiction.country.is_some()), "{name}");
        }
    }

    /// What `us-strict` says of its own is what all rules of the United States leave open.
    #[test]
    fn us_strict_is_the_intersection_of_all_states_and_the_federal_rule() {
        let (strict, all) = (preset_rules("us-strict"), preset_rules("us-states"));
        assert_eq!((strict.len(), all.len()), (1, 17));
        let mut wall = date(2026, 1, 1).at(0, 0, 0, 0);
        let mut open = 0;
        while wall.year() < 2029 {
            let every = all.iter().all(|rule| rule.is_open(wall));
            assert_eq!(strict[0].is_open(wall), every, "{wall}");
            open += u32::from(every);
            wall = wall.checked_add(30.minutes()).unwrap();
        }
        assert!(open > 10_000);
    }

    #[test]
    fn figures_are_those_of_their_sources() {
        let at = |text: &str| text.parse::<jiff::civil::DateTime>().unwrap();
        for (name, wall, open) in [
            ("us-federal", "2027-01-11T08:00", true),
            ("us-federal", "2027-01-11T21:00", false),
            ("us-tx", "2027-01-10T11:59", false),
            ("us-tx", "2027-01-10T12:00", true),
            ("us-ri", "2027-01-09T16:59", true),
            ("us-ri", "2027-01-09T17:00", false),
            ("us-al", "2027-01-10T12:00", false),
            ("us-la", "2027-02-09T12:00", false),
            ("us-ri", "2027-02-15T12:00", false),
            ("us-ri", "2027-05-04T12:00", false),
            ("fr", "2027-05-17T12:00", false),
            ("fr", "2027-05-18T21:59", true),
            ("fr", "2027-05-18T22:00", false),
            ("tw", "2027-01-11T12:45", false),
            ("au", "2027-01-09T16:59", true),
            ("ca", "2027-01-09T09:30", false),
            ("in", "2027-01-09T09:00", true),
        ] {
            let rules = preset_rules(name);
            assert_eq!(rules[0].is_open(at(wall)), open, "{name} {wall}");
        }
    }

    #[test]
    fn every_mistake_of_a_file_is_told() {
        let text = "open = { mon-fri = \"9-17\", fri = \"09:00-10:00\", monday = [] }\nclosed = [\"25.12.\"]\n\
                    holidays = [\"xmas\", 1]\nobserved = 1\ncountry = \"USA\"\nstate = \"1\"\nincludes = [\"mars\"]\nhour = 1\n";
        insta::assert_snapshot!(parse(text, "own.toml", "own.toml").unwrap_err());
        insta::assert_snapshot!(parse("source = \"x\"\n", "own.toml", "own.toml").unwrap_err());
        insta::assert_snapshot!(
            parse("open = 9\ncountry = \"ZZ\"\nclosed = \"x\"", "own.toml", "own.toml").unwrap_err()
        );
    }

    #[test]
    fn a_state_of_a_column_chooses_and_an_unknown_one_takes_all() {
        let hours = crate::domain::hours::Hours {
            rules: preset_rules("us-states").into_iter().map(std::sync::Arc::new).collect(),
            ..Default::default()
        };
        let zones = crate::domain::hours::zones::parse_zone("America/New_York").unwrap();
        let opens = |place: &str, instant: &str| {
            let lane =
                crate::domain::hours::Lane { zones: zones.clone(), jurisdiction: Jurisdiction::parse(place) };
            hours.of(&lane).at(instant.parse::<Timestamp>().unwrap()).is_open()
        };
        // Sunday 2027-01-10, 15:00 in New York; a Monday, 19:30.
        for (place, sunday, evening) in [
            ("US-FL", true, true),
            ("US-AL", false, true),
            ("US-RI", false, false),
            ("US", false, false),
            ("US-CA", true, true),
            ("FR", true, true),
            ("", false, false),
        ] {
            assert_eq!(opens(place, "2027-01-10T20:00:00Z"), sunday, "{place}");
            assert_eq!(opens(place, "2027-01-12T00:30:00Z"), evening, "{place}");
        }
    }
}
