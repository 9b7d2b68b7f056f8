//! `recipients.where`, `not_in` and `only_in`: whom of the file a campaign is for.

use super::Text;
use super::document::Value;
use super::reader::Reader;
use crate::domain::delivery::state::State;
use crate::domain::events::Delivery;
use crate::domain::message::limits::{Member, Rules};
use crate::domain::problem::SourceSpan;

/// What is said of a delivery that nothing was told of, as in `campaign report --delivery`.
pub const WAITING: &str = "waiting";

/// How a condition is written.
pub(super) const CONDITION: &str =
    "name a column in it, such as \"consent == 'yes'\"; column(\"First Name\") where the name has blanks";

/// What other campaigns of the journal must have done with a number, or must not have.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ByCampaigns {
    /// None of these has contacted it, or may have.
    pub not_in: Vec<String>,
    /// One has it among these rows.
    pub only_in: Option<OnlyIn>,
}

/// Rows of another campaign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnlyIn {
    /// The campaign.
    pub campaign: String,
    /// They are in one of these states.
    pub states: Vec<State>,
    /// Where not empty, they are started, and one of these became of their messages; `None`: nothing was told.
    pub deliveries: Vec<Option<Delivery>>,
}

impl ByCampaigns {
    /// Whether nothing is asked of other campaigns.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.not_in.is_empty() && self.only_in.is_none()
    }

    /// The campaigns, each with the key that names it.
    pub fn named(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let not_in = self.not_in.iter().map(|name| ("recipients.not_in", name.as_str()));
        let only_in =
            self.only_in.iter().map(|only_in| ("recipients.only_in.campaign", only_in.campaign.as_str()));
        not_in.chain(only_in)
    }
}

pub(super) fn by_campaigns(reader: &mut Reader<'_>) -> ByCampaigns {
    let mut not_in = Vec::new();
    for (name, place) in reader.texts("recipients.not_in") {
        if name.trim().is_empty() {
            let hint = "write the names of campaigns, such as [\"spring\"]";
            reader.mistake(place, "`recipients.not_in` has an empty name", hint);
        } else if !not_in.contains(&name) {
            not_in.push(name);
        }
    }
    ByCampaigns { not_in, only_in: only_in(reader) }
}

fn only_in(reader: &mut Reader<'_>) -> Option<OnlyIn> {
    if !reader.has("recipients.only_in") {
        return None;
    }
    let campaign = reader.text("recipients.only_in.campaign");
    // Lines that are no recipients have no number to be found by.
    let people = |name: &str| {
        State::from_name(name).filter(|state| !matches!(state, State::Rejected | State::Duplicate))
    };
    let states = State::ALL.map(State::name).into_iter().filter(|name| people(name).is_some());
    let states = words(reader, "recipients.only_in.state", people, &states.collect::<Vec<_>>());
    let told = |name: &str| match Delivery::from_name(name) {
        None if name != WAITING => None,
        delivery => Some(delivery),
    };
    let names: Vec<&str> = Delivery::ALL.map(Delivery::name).into_iter().chain([WAITING]).collect();
    let deliveries = words(reader, "recipients.only_in.delivery", told, &names);
    if !deliveries.is_empty() && !states.is_empty() && !states.contains(&State::Started) {
        let place = reader.place("recipients.only_in.state");
        let message = "`recipients.only_in.delivery` is of started rows, and `state` asks for others";
        reader.mistake(place, message, "leave one of the two out, or write state = [\"started\"]");
    }
    Some(OnlyIn { campaign: campaign?, states, deliveries })
}

/// Words of a list that stand for something. The others are noted, with those that there are.
fn words<T>(
    reader: &mut Reader<'_>,
    path: &'static str,
    meaning: impl Fn(&str) -> Option<T>,
    known: &[&str],
) -> Vec<T> {
    let mut found = Vec::new();
    for (word, place) in reader.texts(path) {
        match meaning(&word) {
            Some(meant) => found.push(meant),
            None => {
                let message = format!("`{path}`: {word:?} is not what it takes");
                reader.mistake(place, message, format!("it takes {}", known.join(", ")));
            }
        }
    }
    found
}

/// The expression of `recipients.where`, as a template that comes to `true` or `false`.
pub(super) fn condition(reader: &mut Reader<'_>, rules: &Rules) -> Option<Text> {
    let written = reader.text("recipients.where")?;
    let place = reader.place("recipients.where");
    let mut node = reader.node("recipients.where")?;
    if !["{{", "{%"].iter().any(|opening| written.contains(opening)) {
        node.value = Value::Text(format!("{{{{ {written} }}}}"));
    }
    let text = reader.compile(&node, Member::Where, rules)?;
    if text.template.columns().is_empty() {
        the_same_for_all(reader, place);
        return None;
    }
    if let Some(column) = text.template.operand() {
        let message = format!(
            "`recipients.where` has `{column}` beside and, or, not: a cell is text, and true there whatever it says"
        );
        reader.mistake(place, message, "compare it with what it says, such as \"consent == 'yes'\"");
        return None;
    }
    Some(text)
}

fn the_same_for_all(reader: &mut Reader<'_>, place: Option<SourceSpan>) {
    reader.mistake(place, "`recipients.where` names no column, and is the same for every row", CONDITION);
}
