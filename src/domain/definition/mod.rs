//! What a campaign is, read from its definition: TOML in, one resolved value out, or every mistake at once.
//!
//! After [`parse`] nothing of a definition is checked again; what depends on the recipients file (placeholders,
//! columns) is checked by [`bind`](Definition::bind).

mod account;
mod alerts;
mod connect;
mod contact;
mod deliveries;
mod document;
mod elsewhere;
mod hooks;
mod hours;
mod key_words;
pub mod keys;
mod limits;
pub mod name;
mod reader;
pub mod rules;
mod schedule;
mod schema;
pub mod selection;
mod sender_account;
pub mod sender_keys;
mod senders;
mod settings;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

pub use account::{AccountRule, AccountSettings};
pub use alerts::{AlertSettings, AlertUrl, UrlSource};
pub use connect::{ArnRegion, BadEndpoint, ConnectSettings, EndpointUrl, is_loopback_host};
pub use deliveries::DeliverySettings;
pub use hooks::{HookCommand, Hooks};
pub use schema::schema;

use super::phone::{E164, Region};
use super::problem::{Problem, Problems, SourceSpan};
use crate::domain::arn::is_region;
use crate::domain::foreign::shown;
use crate::domain::hours::Hours;
use crate::domain::hours::schedule::Schedule;
use crate::domain::limits::ContactLimits;
use crate::domain::message::content::Channel;
use crate::domain::message::limits::{Member, Rules};
use crate::domain::message::request::Request;
use crate::domain::message::template::Template;
use crate::domain::prices::Prices;
use crate::domain::senders::Sender;
use crate::domain::table::header::Header;
use crate::domain::warning::WarningCode;
use reader::Reader;
pub use schedule::{RowSchedule, RowTime};
pub use selection::{ByCampaigns, OnlyIn};

/// A campaign.
#[derive(Debug, Clone)]
pub struct Definition {
    /// The campaign's name, part of every client token.
    pub name: String,
    /// Where contacts are started, and by whom.
    pub connect: ConnectSettings,
    /// The channel.
    pub channel: Channel,
    /// The numbers that send, where they are several; empty where the request has the only one.
    pub senders: Vec<Sender>,
    /// How the recipients file is read.
    pub recipients: RecipientsSettings,
    /// The request, its texts still templates; without the columns of [`Attributes::AllColumns`].
    pub request: Request<Text>,
    /// Which rows the campaign is for; all where nothing is said.
    pub condition: Option<Text>,
    /// Which attributes a contact gets.
    pub attributes: Attributes,
    /// The attribute that carries a contact's client token.
    pub trace: Option<String>,
    /// How fast requests go out.
    pub pace: PaceSettings,
    /// When to stop.
    pub safety: SafetySettings,
    /// What a message costs.
    pub cost: Option<Cost>,
    /// What the cost is in.
    pub currency: Option<String>,
    /// When contacts may start; `None`: at any hour.
    pub hours: Option<Hours>,
    /// When the campaign may start at all.
    pub schedule: Schedule,
    /// When each row of it may.
    pub row_schedule: RowSchedule,
    /// How many contacts a number, the campaign and a day may get, and what they may cost.
    pub limits: ContactLimits,
    /// What the account is asked.
    pub account: AccountSettings,
    /// Who is told what happens while nobody looks.
    pub alerts: AlertSettings,
    /// What a run does with the account's events.
    pub deliveries: DeliverySettings,
    /// Commands that are run when a run has ended.
    pub hooks: Hooks,
    /// What the limits of texts depend on.
    pub rules: Rules,
    /// Where the definition came from: for what [`bind`](Self::bind) finds.
    pub(super) origin: Problems,
    pub(super) places: Places,
    pub(super) rule_files: Vec<RuleFile>,
}

/// A file of rules that `hours.rules` names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RuleFile {
    pub(super) path: String,
    pub(super) place: Option<SourceSpan>,
}

/// Where a definition has what only the recipients file can prove wrong.
#[derive(Debug, Clone, Copy)]
pub(super) struct Places {
    pub(super) phone: Option<SourceSpan>,
    pub(super) key: Option<SourceSpan>,
    pub(super) zone: Option<SourceSpan>,
    pub(super) state: Option<SourceSpan>,
    pub(super) attributes: Option<SourceSpan>,
    pub(super) trace: Option<SourceSpan>,
}

/// A text of the request.
#[derive(Debug, Clone)]
pub struct Text {
    /// Which one.
    pub member: Member,
    /// The text.
    pub template: Template,
    /// Where the definition has it.
    pub place: Option<SourceSpan>,
    /// SMS segments that `contact.encoding` saved, where the text is the same in every row.
    pub saved_segments: u32,
}

/// Which attributes a contact gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attributes {
    /// Those of the request.
    Named,
    /// Every column of the file, under its name.
    AllColumns,
}

/// How the recipients file is read. The default has no columns: it is for lists of numbers alone.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RecipientsSettings {
    /// The columns with the number: the first one that can take a message counts.
    pub phone: Vec<String>,
    /// The columns of the key; the number itself where none is given.
    pub key: Vec<String>,
    /// What is done about several rows with one number.
    pub same_number: SameNumberRule,
    /// The column with a recipient's time zone.
    pub zone: Option<String>,
    /// The column with a recipient's state.
    pub state: Option<String>,
    /// The country of numbers without `+`.
    pub default_region: Option<Region>,
    /// Files of numbers and keys that nothing is sent to, as the definition has them.
    pub suppress: Vec<String>,
    /// Where not empty, nothing is sent to any other number.
    pub only: Vec<E164>,
    /// What other campaigns of the journal must have done, or not.
    pub by_campaigns: ByCampaigns,
    /// Whether to send to landlines too.
    pub allow_landlines: bool,
    /// The sheet of a workbook.
    pub sheet: Option<String>,
    /// The file's encoding; detected where none is given.
    pub encoding: Option<String>,
    /// What is between cells; detected where none is given.
    pub delimiter: Option<Delimiter>,
    /// The line with the names of the columns; the first one that is not blank where none is given.
    pub header_row: Option<u64>,
    /// What becomes of rows that a sheet hides; a file with some is refused where nobody says.
    pub hidden_rows: Option<HiddenRows>,
    /// Whether each cell of a merged area has the value of its first one.
    pub fill_merged: bool,
    /// Whether cells of a workbook come as it shows them, and not as it stores them.
    pub values_shown: bool,
    /// Cells that mean nothing, such as `NULL`.
    pub empty: Vec<String>,
}

/// What becomes of rows that a sheet hides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HiddenRows {
    /// They are no rows.
    Skip,
    /// They are rows as all others.
    Send,
}

impl RecipientsSettings {
    /// Whether a file with these columns has those with the number.
    #[must_use]
    pub fn has_phone(&self, header: &Header) -> bool {
        self.phone.iter().all(|name| header.find(name).is_ok())
    }

    /// Whether a cell is one that means nothing.
    #[must_use]
    pub fn means_nothing(&self, cell: &str) -> bool {
        let same = |word: &String| word.trim().to_lowercase() == cell.to_lowercase();
        !self.empty.is_empty() && self.empty.iter().any(same)
    }
}

/// What is done where several rows have one number under different keys, or a row has a number that the campaign contacted
/// under another key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum SameNumberRule {
    /// Nothing is sent.
    #[default]
    Refuse,
    /// One contact for each number: the first, in the order of the file and of files.
    First,
    /// Each row is sent to.
    All,
}

impl SameNumberRule {
    /// The words of the definition.
    pub const NAMES: &'static [&'static str] = &["refuse", "first", "all"];

    fn named(name: &str) -> Self {
        match name {
            "first" => Self::First,
            "all" => Self::All,
            _ => Self::Refuse,
        }
    }
}

/// What is between cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Delimiter {
    /// `,`
    Comma,
    /// `;`
    Semicolon,
    /// A tab.
    Tab,
    /// `|`
    Pipe,
}

impl Delimiter {
    /// All of them, the likeliest first.
    pub const ALL: [Self; 4] = [Self::Comma, Self::Semicolon, Self::Tab, Self::Pipe];

    /// The byte in the file.
    #[must_use]
    pub fn byte(self) -> u8 {
        match self {
            Self::Comma => b',',
            Self::Semicolon => b';',
            Self::Tab => b'\t',
            Self::Pipe => b'|',
        }
    }

    /// Many of them, in words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Comma => "commas",
            Self::Semicolon => "semicolons",
            Self::Tab => "tabs",
            Self::Pipe => "pipes",
        }
    }

    /// The delimiter by its character, or `tab`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let byte = if text == "tab" { "\t" } else { text };
        Self::ALL.into_iter().find(|delimiter| [delimiter.byte()] == byte.as_bytes())
    }
}

/// How fast requests go out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PaceSettings {
    /// Requests per second.
    pub rate: Rate,
    /// Requests that may go out at once.
    pub burst: NonZeroU32,
    /// Most requests without an answer; what rate and answer times need where none is given.
    pub max_in_flight: Option<NonZeroUsize>,
    /// The instance's quota of active chats.
    pub max_active_contacts: u32,
    /// How long the flow keeps a contact.
    pub contact_life: Option<Duration>,
    /// Whose the rate is.
    pub share: PaceShare,
    /// What of it the definition, or an option, states.
    pub states: StatedPace,
}

/// What of a pace is stated. The rest is a default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatedPace {
    /// Requests per second.
    pub rate: bool,
    /// The quota of active chats.
    pub max_active_contacts: bool,
}

/// Requests per second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rate {
    /// This many.
    PerSecond(RequestRate),
    /// As many as the service takes.
    Auto,
}

/// A rate from [`RequestRate::LEAST`] to [`RequestRate::MOST`].
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct RequestRate(f64);

impl RequestRate {
    /// Far more than any account has, and more than one machine can: a pace that is wide open.
    pub const MOST: f64 = 100_000.0;
    /// A request in 28 hours. What is slower is a mistake, and its waits are longer than a clock can tell.
    pub const LEAST: f64 = 0.000_01;

    /// A rate in its range.
    #[must_use]
    pub fn new(rate: f64) -> Option<Self> {
        (Self::LEAST..=Self::MOST).contains(&rate).then_some(Self(rate))
    }

    /// Requests per second.
    #[must_use]
    pub fn get(self) -> f64 {
        self.0
    }
}

/// Whose the rate is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaceShare {
    /// This campaign's alone.
    Campaign,
    /// That of all campaigns of the account on this machine.
    Account,
}

/// When to stop by itself. Shares are from 0 to 1.
#[derive(Debug, Clone, PartialEq)]
pub struct SafetySettings {
    /// Of the file's rows.
    pub max_rejected: f64,
    /// Of the last 100 settled rows.
    pub max_failures: f64,
    /// Warnings that do not hold up a run that nobody looks at.
    pub accept: Vec<WarningCode>,
}

/// What one segment costs, in a currency that only the user knows.
#[derive(Debug, Clone, PartialEq)]
pub enum Cost {
    /// The same everywhere.
    Flat(f64),
    /// By country (ISO 3166-1 alpha-2, upper case).
    ByCountry(BTreeMap<String, f64>),
}

impl Cost {
    /// The same by countries that are known as such.
    #[must_use]
    pub fn prices(&self) -> Prices {
        match self {
            Self::Flat(price) => Prices::Flat(*price),
            Self::ByCountry(prices) => Prices::ByCountry(
                prices.iter().filter_map(|(code, price)| Some((Region::parse(code)?, *price))).collect(),
            ),
        }
    }
}

impl Definition {
    /// The numbers that send, as their ARNs; `None` where each row says its own.
    #[must_use]
    pub fn sources(&self) -> Option<Vec<String>> {
        if self.senders.is_empty() {
            return self.request.source.template.as_fixed().map(|source| vec![source.to_owned()]);
        }
        Some(self.senders.iter().map(|sender| sender.source.clone()).collect())
    }

    /// The same for requests to this Region, whatever the definition says.
    ///
    /// # Errors
    /// Where an ARN of the definition names another one: nothing of it would be found there.
    pub fn in_region(&mut self, region: &str) -> Result<(), Problems> {
        if !is_region(region) {
            let mut problems = self.origin.clone();
            let message = format!("`{}` is no Region", shown(region));
            problems.push(
                Problem::new(None, message).hint("such as us-west-2; leave it out: the ARNs name the Region"),
            );
            return Err(problems);
        }
        if let Some(ArnRegion { key, place, region: own }) = &self.connect.arn_region
            && own != region
        {
            let message =
                format!("`{key}` is in the Region {own}, and the Region that was given is {region}");
            let hint = "name no Region: the ARN has it";
            let mut problems = self.origin.clone();
            problems.push(Problem::new(*place, message).hint(hint));
            return Err(problems);
        }
        self.connect.region = Some(region.to_owned());
        self.rules.region = Some(region.to_owned());
        Ok(())
    }
}

/// Reads a definition. `file` is what mistakes are told under, `stem` the campaign's name where it gives none.
///
/// # Errors
/// Every mistake.
pub fn parse(text: &str, file: &str, stem: &str) -> Result<Definition, Problems> {
    parse_for(text, file, stem, |_| None)
}

/// The same for a recipients file: where the definition has mistakes, `header` is asked for the file's columns, and what
/// they do not have is told with the rest.
///
/// # Errors
/// Every mistake.
pub fn parse_for(
    text: &str,
    file: &str,
    stem: &str,
    header: impl FnOnce(&RecipientsSettings) -> Option<Header>,
) -> Result<Definition, Problems> {
    let origin = Problems::new(file, text);
    let mut problems = origin.clone();
    let root = document::parse(text.trim_start_matches('\u{feff}'), &mut problems);
    let definition = root.and_then(|root| resolve(Reader::new(root, &mut problems), stem, origin));
    match definition {
        Some(definition) => {
            if !problems.list().is_empty()
                && let Some(header) = header(&definition.recipients)
                && let Err(more) = definition.bind(&header)
            {
                more.list().iter().cloned().for_each(|problem| problems.push(problem));
            }
            problems.or(|| definition)
        }
        None => {
            problems.push_if_empty("the definition cannot be read");
            Err(problems.sorted())
        }
    }
}

/// `None` only where a mistake was noted.
fn resolve(mut reader: Reader<'_>, stem: &str, origin: Problems) -> Option<Definition> {
    let name = name(&mut reader, stem);
    let (connect, mut rules) = connect::resolve(&mut reader);
    contact::rules(&mut reader, &mut rules);
    let recipients = settings::recipients(&mut reader);
    let mut senders = senders::resolve(&mut reader, &connect);
    let request = contact::request(&mut reader, &rules, &senders);
    sender_account::share(&mut reader, &mut senders, &connect, &request);
    let condition = selection::condition(&mut reader, &rules);
    let pace = settings::pace(&reader);
    let safety = settings::safety(&mut reader);
    let cost = settings::cost(&mut reader);
    let (hours, rule_files) = hours::resolve(&mut reader);
    let schedule = schedule::campaign(&mut reader);
    let row_schedule = schedule::rows(&mut reader, &rules);
    let currency = reader.text("cost.currency");
    let limits =
        limits::resolve(&mut reader, hours.as_ref(), (rules.channel, cost.as_ref()), currency.as_deref());
    let account = account::resolve(&reader);
    let alerts = alerts::resolve(&mut reader);
    let deliveries = deliveries::resolve(&mut reader);
    let hooks = hooks::resolve(&mut reader);
    Some(Definition {
        name,
        connect,
        channel: rules.channel,
        senders,
        recipients,
        condition,
        request,
        attributes: contact::attributes_wanted(&reader),
        trace: contact::trace(&mut reader),
        pace: pace?,
        safety,
        cost,
        currency,
        hours,
        rule_files,
        schedule,
        row_schedule,
        limits,
        account,
        alerts,
        deliveries,
        hooks,
        rules,
        origin,
        places: Places {
            phone: reader.place("recipients.phone"),
            key: reader.place("recipients.key"),
            zone: reader.place("recipients.zone"),
            state: reader.place("recipients.state"),
            attributes: reader.place("contact.attributes"),
            trace: reader.place("contact.trace"),
        },
    })
}

fn name(reader: &mut Reader<'_>, stem: &str) -> String {
    let name = reader.text("name").unwrap_or_else(|| stem.to_owned());
    if let Some(slot) = name::unknown_slot(&name) {
        let place = reader.place("name");
        let hint = "it may have {file}, the recipients file's stem, and {date}, the day of the first run";
        reader.mistake(place, format!("`name` has {slot}, which stands for nothing"), hint);
    }
    if !name::is_valid(&name) {
        let place = reader.place("name");
        let message = "`name` must be 1 to 128 characters, none of them a control character";
        reader.mistake(place, message, "give it a short one, such as `name = \"spring\"`");
    }
    name
}
