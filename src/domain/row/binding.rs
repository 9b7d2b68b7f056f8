//! A definition bound to the columns of a recipients file: what turns a row into a recipient or a rejection.
//!
//! Everything that can be known from the header is settled when binding; per row only cells are looked at. Whether a
//! recipient was there before, or must not be sent to, is not known here.

mod condition;
mod damage;
mod key;
mod lane;
mod own_texts;
mod sender;
mod trace;
mod window;

use std::borrow::Cow;

use damage::damage;
pub use lane::LaneColumns;
use window::RowTimes;

use crate::domain::definition::{Attributes, Definition, Text};
use crate::domain::foreign::shown;
use crate::domain::message::limits::{Member, Rules, settle};
use crate::domain::message::request::{Leaf, Request, RequestTemplate};
use crate::domain::message::template::{RenderError, Template};
use crate::domain::message::{foreign, limits};
use crate::domain::phone;
use crate::domain::phone::{Phone, PhoneRejection, Region};
use crate::domain::problem::{Problem, Problems, SourceSpan};
use crate::domain::row::recipient::{Recipient, Rejection, RejectionReason};
use crate::domain::row::token::TokenSpace;
use crate::domain::senders::Sender;
use crate::domain::table::header::{Header, NoColumn};
use crate::domain::table::visible::cell;

/// The cells of one row.
pub trait Cells {
    /// How many there are.
    fn count(&self) -> usize;
    /// The cell with this index; empty where there is none.
    fn cell(&self, at: usize) -> &str;
    /// What the file itself says is wrong with the cell.
    fn damage(&self, _at: usize) -> Option<CellDamage> {
        None
    }
}

/// What a workbook says is wrong with a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CellDamage {
    /// A formula whose result is not stored.
    NoValue,
    /// The result is an error.
    Error,
    /// A number in the format of a date, and out of the range of dates.
    NoDate,
    /// It is shown as it is meant, `1.23E+04` too, and what is shown has fewer digits than the number: a text, and no key.
    Shown,
}

impl Cells for [&str] {
    fn count(&self) -> usize {
        self.len()
    }

    fn cell(&self, at: usize) -> &str {
        self.get(at).copied().unwrap_or_default()
    }
}

/// Where a row stands in its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineSpan {
    /// The physical line on which it begins, from 1.
    pub first: u64,
    /// The physical line on which it ends.
    pub last: u64,
    /// What is wrong with the quotes of this row.
    pub quotes: QuoteProblem,
}

/// What may be wrong with the quotes around the cells of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum QuoteProblem {
    /// Nothing.
    #[default]
    None,
    /// The file ends inside a quote.
    Open,
    /// Something follows a quote that ends a cell: `"Ann "The Boss" Lee"`.
    Stray,
}

/// A definition bound to a header.
#[derive(Debug, Clone)]
pub struct Binding {
    header: Header,
    shape: RequestTemplate,
    /// The texts of the shape's slots.
    texts: Vec<Bound>,
    /// The columns with the number: the first that can take a message.
    phones: Vec<usize>,
    /// The columns of the key; none where the number is the key.
    keys: Vec<usize>,
    /// Where the lane comes from.
    lane: LaneColumns,
    /// Whether a row needs one: the campaign has hours, or rows have times of their own.
    needs_lane: bool,
    /// Which rows the campaign is for.
    condition: Option<Bound>,
    /// The times of a row.
    times: RowTimes,
    tokens: TokenSpace,
    /// The tokens of each sender's instance, where these are not the same.
    sender_tokens: Vec<TokenSpace>,
    /// The senders, of which each row has one; empty where the request has the only source.
    senders: Vec<Sender>,
    rules: Rules,
    default_region: Option<Region>,
    allow_landlines: bool,
    /// Bytes of the attributes that are the same in every row, and of all names.
    fixed_attribute_bytes: usize,
    /// Segments that the encoding saved with each message, where all are the same.
    fixed_saving: u32,
    /// Placeholders of other programs in the definition's own texts: text and mark.
    foreign: Vec<(Member, String)>,
}

/// A text that differs from row to row.
#[derive(Debug, Clone)]
struct Bound {
    member: Member,
    template: Template,
    /// The file's columns, by the template's.
    columns: Vec<usize>,
}

impl Definition {
    /// Binds to the columns of a file.
    ///
    /// # Errors
    /// Every placeholder, phone and key column that the header does not have or has more than once, and attributes
    /// that would be too long or of the same name.
    pub fn bind(&self, header: &Header) -> Result<Binding, Problems> {
        let mut finder =
            Finder { header, region: self.recipients.default_region, problems: self.origin.clone() };
        let phones = self.recipients.phone.iter();
        let phones =
            phones.filter_map(|name| finder.find("recipients.phone", name, self.places.phone)).collect();
        let keys = self.recipients.key.iter();
        let keys = keys.filter_map(|name| finder.find("recipients.key", name, self.places.key)).collect();
        let lane = self.lane_columns_by(&mut finder);
        let condition = self.condition.as_ref().map(|text| finder.bind(text));
        let times = RowTimes::bind(&self.row_schedule, &mut finder);
        let mut request = self.request.clone();
        if self.attributes == Attributes::AllColumns {
            add_columns(&mut request, &mut finder, self.places.attributes);
        }
        let mut texts = Vec::new();
        let mut fixed_attribute_bytes: usize = request.attributes.keys().map(String::len).sum();
        let mut fixed_saving = 0;
        let mut foreign = Vec::new();
        let names = foreign::Names::new(header.names());
        let shape = request.try_map(&mut |text: &Text| {
            fixed_saving += text.saved_segments;
            let marks = foreign::in_pieces(&text.template.fixed_pieces(), &names).into_iter();
            foreign.extend(marks.map(|mark| (text.member.clone(), mark.to_owned())));
            let Some(fixed) = text.template.as_fixed() else {
                texts.push(finder.bind(text));
                return Ok::<_, std::convert::Infallible>(Leaf::Slot(texts.len() - 1));
            };
            if matches!(text.member, Member::Attribute(_)) {
                fixed_attribute_bytes += fixed.len();
            }
            Ok(Leaf::Fixed(fixed.to_owned()))
        });
        let Ok(mut shape) = shape;
        trace::add(self, &mut shape, &mut finder);
        sender::shape(&self.senders, &mut shape, texts.len());
        if let Err(breach) = limits::attributes_total(fixed_attribute_bytes) {
            let hint = "leave some out: the flow can look them up by one key";
            finder.problems.push(Problem::new(self.places.attributes, breach.to_string()).hint(hint));
        }
        finder.problems.or(|| Binding {
            header: header.clone(),
            shape,
            texts,
            phones,
            keys,
            needs_lane: self.hours.is_some() || times.any(),
            lane,
            condition,
            times,
            tokens: TokenSpace::new(&self.connect.instance_id, &self.name),
            sender_tokens: self.senders.iter().filter_map(|sender| sender.tokens(&self.name)).collect(),
            senders: self.senders.clone(),
            rules: self.rules.clone(),
            default_region: self.recipients.default_region,
            allow_landlines: self.recipients.allow_landlines,
            fixed_attribute_bytes,
            fixed_saving,
            foreign,
        })
    }
}

impl Definition {
    /// Where a file with these columns has what tells a row's zones and rules. What it does not
    /// have is left out: `bind` has told of it.
    #[must_use]
    pub fn lane_columns(&self, header: &Header) -> LaneColumns {
        let mut finder = Finder { header, region: None, problems: self.origin.clone() };
        self.lane_columns_by(&mut finder)
    }

    fn lane_columns_by(&self, finder: &mut Finder<'_>) -> LaneColumns {
        let mut find = |what, name: &Option<String>, place| {
            name.as_ref().and_then(|name| finder.find(what, name, place))
        };
        let zone = find("recipients.zone", &self.recipients.zone, self.places.zone);
        let state = find("recipients.state", &self.recipients.state, self.places.state);
        let default_zone = self.hours.as_ref().and_then(|hours| hours.default_zone.clone());
        LaneColumns { zone, state, default_zone }
    }
}

struct Finder<'h> {
    header: &'h Header,
    region: Option<Region>,
    problems: Problems,
}

impl Finder<'_> {
    fn find(&mut self, what: &str, name: &str, place: Option<SourceSpan>) -> Option<usize> {
        if name.is_empty() {
            // Only a definition that has mistakes names no column, and they are noted.
            return None;
        }
        let problem = match self.header.find(name) {
            Ok(at) => return Some(at),
            Err(NoColumn::Unknown(near)) => {
                let columns = self.header.told();
                let message =
                    format!("`{what}` names the column `{name}`, which the recipients file does not have");
                let is_row = |name: &String| phone::parse(name, self.region).is_ok();
                if self.header.names().iter().any(is_row) {
                    let hint = "the first line must name the columns, and looks like a recipient";
                    self.problems.push(Problem::new(place, message).hint(hint));
                    return None;
                }
                Problem::new(place, message).hint(match near {
                    Some(near) => format!("did you mean `{}`? The file has: {columns}", shown(&near)),
                    None => format!("the file has: {columns}"),
                })
            }
            Err(NoColumn::Ambiguous(columns)) => {
                let columns: Vec<String> = columns.iter().map(usize::to_string).collect();
                let message = format!(
                    "`{what}` names the column `{name}`, and the recipients file has it more than once"
                );
                Problem::new(place, message).hint(format!("rename one of its columns {}", columns.join(", ")))
            }
        };
        self.problems.push(problem);
        None
    }

    fn bind(&mut self, text: &Text) -> Bound {
        let what = text.member.to_string();
        let template = text.template.for_columns(self.header).unwrap_or_else(|error| {
            let message = match text.member {
                Member::Where => format!("`{what}` is no condition: {error}"),
                _ => format!("`{what}` is not a template: {error}"),
            };
            self.problems.push(Problem::new(text.place, message));
            Template::fixed("")
        });
        let columns = template.columns().iter();
        let columns = columns.map(|name| self.find(&what, name, text.place).unwrap_or_default()).collect();
        Bound { member: text.member.clone(), template, columns }
    }
}

/// Every column as an attribute under its name, with `_` for what the API does not take in names.
fn add_columns(request: &mut Request<Text>, finder: &mut Finder<'_>, place: Option<SourceSpan>) {
    for (at, name) in finder.header.names().iter().enumerate() {
        let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
        let key: String = name.chars().map(plain).collect();
        let member = Member::Attribute(key.clone());
        let unnamed = key.is_empty();
        let text = Text { member, template: Template::column_or_empty(name), place, saved_segments: 0 };
        if unnamed || request.attributes.insert(key.clone(), text).is_some() {
            let why = if unnamed {
                format!("column {} of the recipients file has no name", at + 1)
            } else {
                format!("two columns would be the attribute `{key}`")
            };
            let message = format!("`contact.attributes` is \"all\", and {why}");
            finder.problems.push(
                Problem::new(place, message).hint("rename the column, or name the attributes one by one"),
            );
        }
    }
}

impl Binding {
    /// What all rows have in common.
    #[must_use]
    pub fn shape(&self) -> &RequestTemplate {
        &self.shape
    }

    /// The columns.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The texts that differ from row to row, in the order of a recipient's slots, with the columns that they are made of.
    pub fn slots(&self) -> impl Iterator<Item = (&Member, &[usize])> {
        self.texts.iter().map(|text| (&text.member, &text.columns[..]))
    }

    /// The columns that the texts are made of, each once.
    #[must_use]
    pub fn text_columns(&self) -> Vec<usize> {
        let mut columns: Vec<usize> =
            self.texts.iter().flat_map(|text| text.columns.iter().copied()).collect();
        columns.sort_unstable();
        columns.dedup();
        columns
    }

    /// Placeholders of other programs in the definition's own texts, which nothing replaces: each text with each mark.
    #[must_use]
    pub fn foreign(&self) -> &[(Member, String)] {
        &self.foreign
    }

    /// The columns that nothing of the definition uses, as the file names them. Those without a name are left out.
    #[must_use]
    pub fn unused_columns(&self) -> Vec<String> {
        let used = |at: &usize| {
            self.phones.contains(at)
                || self.keys.contains(at)
                || [self.lane.zone, self.lane.state].contains(&Some(*at))
                || self.texts.iter().chain(&self.condition).any(|text| text.columns.contains(at))
                || self.times.columns().any(|column| column == *at)
        };
        let names = self.header.names().iter().enumerate();
        names.filter(|(at, name)| !name.is_empty() && !used(at)).map(|(_, name)| name.clone()).collect()
    }

    /// The text that a recipient is sent, if the request has one and not the flow.
    #[must_use]
    pub fn message<'r>(&'r self, recipient: &'r Recipient) -> Option<&'r str> {
        self.shape.message_text(&recipient.slots)
    }

    /// What becomes of a row.
    ///
    /// # Errors
    /// The first reason to reject it.
    pub fn recipient<C: Cells + ?Sized>(&self, lines: LineSpan, cells: &C) -> Result<Recipient, Rejection> {
        self.read(lines, cells).map_err(|(column, reason)| Rejection {
            line: lines.first,
            row: None,
            column: column.map(|at| self.header.names()[at].as_str().into()),
            key: self.key_of(cells),
            reason,
        })
    }

    fn read<C: Cells + ?Sized>(
        &self,
        lines: LineSpan,
        cells: &C,
    ) -> Result<Recipient, (Option<usize>, RejectionReason)> {
        self.width(lines, cells).map_err(|reason| (None, reason))?;
        if lines.last > lines.first
            && let Some(at) = (0..cells.count()).find(|at| self.swallows_rows(cells.cell(*at)))
        {
            return Err((Some(at), RejectionReason::QuoteSwallows { through: lines.last }));
        }
        if lines.quotes == QuoteProblem::Stray {
            return Err((None, RejectionReason::QuoteStray));
        }
        self.selects(cells)?;
        let phone = self.phone(cells)?;
        let sender =
            sender::of(&self.senders, &phone).map_err(|reason| (self.phones.first().copied(), reason))?;
        let key = self.key(cells)?.unwrap_or_else(|| phone.number.as_str().to_owned());
        let lane = match self.lane.lane(&phone, |at| cells.cell(at)) {
            Ok(lane) => Some(lane),
            Err((column, reason)) if self.needs_lane => {
                return Err((column.or(self.phones.first().copied()), reason));
            }
            Err(_) => None,
        };
        let window = self.times.window(lane.as_ref(), |bound| self.slot(bound, cells).map(|slot| slot.0))?;
        let mut slots = Vec::with_capacity(self.texts.len());
        let mut attribute_bytes = self.fixed_attribute_bytes;
        let mut saved_segments = self.fixed_saving;
        for text in &self.texts {
            let (slot, saved) = self.slot(text, cells)?;
            saved_segments += saved;
            if matches!(text.member, Member::Attribute(_)) {
                attribute_bytes += slot.len();
            }
            slots.push(slot);
        }
        slots.extend(sender.into_iter().flat_map(|at| self.senders[at].texts().map(str::to_owned)));
        limits::attributes_total(attribute_bytes).map_err(|breach| (None, breach.into()))?;
        let tokens = sender.and_then(|at| self.sender_tokens.get(at)).unwrap_or(&self.tokens);
        let client_token = tokens.token(&key);
        let doubt = phone.doubt();
        let Phone { number: phone, region, .. } = phone;
        Ok(Recipient {
            line: lines.first,
            client_token,
            key,
            phone,
            region,
            lane,
            window,
            sender,
            slots,
            saved_segments,
            doubt,
        })
    }

    /// The senders, of which each row has one; empty where the request has the only source.
    #[must_use]
    pub fn senders(&self) -> &[Sender] {
        &self.senders
    }

    /// Whether rows wait for the hours of their lanes, or until moments in their zones.
    #[must_use]
    pub fn needs_lanes(&self) -> bool {
        self.needs_lane
    }

    fn width<C: Cells + ?Sized>(&self, lines: LineSpan, cells: &C) -> Result<(), RejectionReason> {
        let (expected, found) = (self.header.names().len(), cells.count());
        match lines.quotes {
            QuoteProblem::None => {}
            QuoteProblem::Open => return Err(RejectionReason::QuoteOpen { through: lines.last }),
            QuoteProblem::Stray if lines.last == lines.first => return Err(RejectionReason::QuoteStray),
            QuoteProblem::Stray => {}
        }
        if found < expected {
            let through = Some(lines.last).filter(|last| *last > lines.first);
            return Err(RejectionReason::Short { expected, found, through });
        }
        match (expected..found).rev().find(|at| !cell(cells.cell(*at)).is_empty()) {
            Some(last) => Err(RejectionReason::Long { expected, found: last + 1 }),
            None => Ok(()),
        }
    }

    /// Whether a cell of several lines has a row in it, as it does where a quote is missing: a line behind the first one
    /// with a number where the phone column is.
    fn swallows_rows(&self, cell: &str) -> bool {
        let number = |cell: &str| phone::parse(cell.trim_matches('"'), self.default_region).is_ok();
        let row = |line: &str| {
            [',', ';', '\t', '|'].into_iter().any(|delimiter| {
                let has = |at: &usize| line.split(delimiter).nth(*at).is_some_and(number);
                line.contains(delimiter) && self.phones.iter().any(has)
            })
        };
        cell.split(['\r', '\n']).skip(1).any(row)
    }

    /// The first number that can take a message; where there is none, what is wrong with the first cell that has
    /// something in it.
    fn phone<C: Cells + ?Sized>(&self, cells: &C) -> Result<Phone, (Option<usize>, RejectionReason)> {
        let mut first = None;
        for at in &self.phones {
            match self.number(cells, *at) {
                Ok(found) => return Ok(found),
                Err(RejectionReason::Phone(PhoneRejection::Empty)) => {}
                Err(reason) => first = first.or(Some((Some(*at), reason))),
            }
        }
        Err(first.unwrap_or_else(|| (self.phones.first().copied(), PhoneRejection::Empty.into())))
    }

    fn number<C: Cells + ?Sized>(&self, cells: &C, at: usize) -> Result<Phone, RejectionReason> {
        let text = cells.cell(at);
        // What else is wrong with a cell has words of its own where a number should be.
        match fault(cells, at) {
            None | Some(RejectionReason::Rounded(_) | RejectionReason::Formula) => {}
            Some(reason) => return Err(reason),
        }
        self.reachable(text).map_err(|reason| match reason {
            // With as few digits it is nobody's number any more, and can be shown.
            PhoneRejection::Scientific if text.bytes().filter(u8::is_ascii_digit).count() <= 9 => {
                RejectionReason::NumberRounded(text.trim().into())
            }
            other => other.into(),
        })
    }

    fn reachable(&self, cell: &str) -> Result<Phone, PhoneRejection> {
        let phone = phone::parse(cell, self.default_region)?;
        phone.reachable(self.allow_landlines)?;
        Ok(phone)
    }

    /// The text, and the segments that its encoding saved.
    fn slot<C: Cells + ?Sized>(
        &self,
        text: &Bound,
        cells: &C,
    ) -> Result<(String, u32), (Option<usize>, RejectionReason)> {
        for at in &text.columns {
            fault(cells, *at).map_or(Ok(()), |reason| Err((Some(*at), reason)))?;
        }
        let rendered =
            text.template.render(|column| cells.cell(text.columns[column])).map_err(|error| match error {
                RenderError::Empty(columns) => {
                    let columns: Vec<usize> = columns.iter().map(|column| text.columns[*column]).collect();
                    let names = columns.iter().map(|at| self.header.names()[*at].as_str().into()).collect();
                    (
                        columns.first().copied(),
                        RejectionReason::CellEmpty { columns: names, needed_by: text.member.to_string() },
                    )
                }
                RenderError::Failed { column, message } => (
                    column.map(|column| text.columns[column]),
                    RejectionReason::Template { member: text.member.to_string(), message: message.into() },
                ),
            })?;
        match settle(&text.member, &self.rules, &rendered) {
            Ok(Cow::Owned(settled)) => {
                let saved = limits::segments_saved(&text.member, &rendered, &settled);
                Ok((settled, saved))
            }
            Ok(Cow::Borrowed(_)) => Ok((rendered, 0)),
            Err(breach) => {
                let column = match text.columns[..] {
                    [only] => Some(only),
                    _ => None,
                };
                Err((column, breach.into()))
            }
        }
    }
}

/// What is wrong with a cell that is used.
fn fault<C: Cells + ?Sized>(cells: &C, at: usize) -> Option<RejectionReason> {
    let text = cells.cell(at);
    match cells.damage(at) {
        Some(CellDamage::NoValue) => Some(RejectionReason::NoValue),
        Some(CellDamage::Error) => Some(RejectionReason::SheetError(text.into())),
        Some(CellDamage::NoDate) => Some(RejectionReason::NoDate(text.into())),
        Some(CellDamage::Shown) => None,
        None => damage(text),
    }
}

#[cfg(test)]
mod tests;
