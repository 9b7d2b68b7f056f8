//! What the sheets of an `.xlsx` workbook share: their names, the table of texts, the number formats, the epoch.

use std::collections::HashMap;
use std::io::Read;
use std::sync::Arc;

use calamine::SheetVisible;

use super::container::{Container, Node, Xml, attribute, flag};
use crate::domain::table::number_format::NumberFormat;
use crate::domain::table::serial_date::Epoch;
use crate::domain::table::shown_value::ShownFormat;
use crate::recipients::error::FileProblem;

/// Most bytes of text in the table of texts.
const TEXT_BYTES: usize = 128 * 1024 * 1024;
/// Most texts in it.
const TEXTS: usize = 4 * 1024 * 1024;
/// Texts are kept in pieces of this size: one that grows would have to be copied.
const PAGE: usize = 1024 * 1024;
/// Most bytes of a text that are kept: more than the longest cell that is accepted.
pub(super) const KEPT: usize = 128 * 1024;
/// Most sheets, relations and styles.
const MOST: usize = 70_000;
/// Most number formats of a workbook's own, and the longest. Excel has room for a few hundred, of 255 characters.
const FORMATS: usize = 4_096;
const FORMAT_BYTES: usize = 512;

/// A sheet of the workbook.
#[derive(Debug, Clone)]
pub(super) struct SheetEntry {
    pub(super) name: String,
    pub(super) visible: SheetVisible,
    /// Its part.
    pub(super) path: String,
}

/// What all sheets need.
#[derive(Debug, Default)]
pub(super) struct Workbook {
    pub(super) sheets: Vec<SheetEntry>,
    pub(super) epoch: Epoch,
    pub(super) texts: Texts,
    pub(super) formats: Formats,
    /// Whether cells come as the sheet shows them.
    pub(super) shown: bool,
    /// Whether all is to be calculated when it is opened: a program wrote its formulas and knew no results.
    pub(super) recalculates: bool,
}

impl Workbook {
    /// The sheets, without what their cells need.
    pub(super) fn outline(container: &mut Container) -> Result<Self, FileProblem> {
        let path = main_part(container)?;
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
        let file = path.rsplit('/').next().unwrap_or_default();
        let relations = relations(container, &format!("{folder}/_rels/{file}.rels"))?;
        let mut workbook = Self::default();
        let Some(mut xml) = container.xml(&path)? else {
            return Err(FileProblem::Workbook("it has no list of sheets".into()));
        };
        let budget = xml.budget();
        loop {
            match xml.next()? {
                Node::Start(start) => match start.local_name().into_inner() {
                    "workbookPr" if flag(&start, "date1904") => workbook.epoch = Epoch::Year1904,
                    "calcPr" if flag(&start, "fullCalcOnLoad") => workbook.recalculates = true,
                    "sheet" if workbook.sheets.len() < MOST => {
                        let relation = attribute(&start, "id").and_then(|id| relations.get(&*id));
                        let Some((kind, target)) = relation else { continue };
                        if !kind.ends_with("/worksheet") {
                            continue;
                        }
                        let visible = match attribute(&start, "state").as_deref() {
                            Some("hidden") => SheetVisible::Hidden,
                            Some("veryHidden") => SheetVisible::VeryHidden,
                            _ => SheetVisible::Visible,
                        };
                        let name = attribute(&start, "name").unwrap_or_default().into_owned();
                        let path = beside(&folder, target);
                        budget.keep(name.len() + path.len())?;
                        workbook.sheets.push(SheetEntry { name, visible, path });
                    }
                    _ => {}
                },
                Node::Eof => break,
                _ => {}
            }
        }
        drop(xml);
        let part = |kind: &str| {
            let found = relations.values().find(|(is, _)| is.ends_with(kind));
            found.map(|(_, target)| beside(&folder, target))
        };
        workbook.texts.path = part("/sharedStrings");
        workbook.formats.path = part("/styles");
        Ok(workbook)
    }

    /// Reads what cells need.
    pub(super) fn fill(&mut self, container: &mut Container) -> Result<(), FileProblem> {
        if let Some(path) = self.formats.path.take()
            && let Some(xml) = container.xml(&path)?
        {
            self.formats.read(xml)?;
        }
        if let Some(path) = self.texts.path.take()
            && let Some(xml) = container.xml(&path)?
        {
            self.texts.read(xml)?;
        }
        Ok(())
    }
}

fn main_part(container: &mut Container) -> Result<String, FileProblem> {
    let relations = relations(container, "_rels/.rels")?;
    let office = relations.values().find(|(kind, _)| kind.ends_with("/officeDocument"));
    Ok(office.map_or_else(|| "xl/workbook.xml".to_owned(), |(_, target)| beside("", target)))
}

/// A target of a relation as a path from the root.
fn beside(folder: &str, target: &str) -> String {
    let target = target.replace('\\', "/");
    if target.starts_with('/') || folder.is_empty() { target } else { format!("{folder}/{target}") }
}

/// Types and targets by their ids.
fn relations(
    container: &mut Container,
    path: &str,
) -> Result<HashMap<String, (String, String)>, FileProblem> {
    let mut relations = HashMap::new();
    let Some(mut xml) = container.xml(path)? else { return Ok(relations) };
    let budget = xml.budget();
    loop {
        match xml.next()? {
            Node::Start(start)
                if start.local_name().into_inner() == "Relationship" && relations.len() < MOST =>
            {
                let text = |name| attribute(&start, name).unwrap_or_default().into_owned();
                let (id, kind, target) = (text("Id"), text("Type"), text("Target"));
                budget.keep(id.len() + kind.len() + target.len())?;
                relations.insert(id, (kind, target));
            }
            Node::Eof => return Ok(relations),
            _ => {}
        }
    }
}

/// The table of texts.
#[derive(Debug, Default)]
pub(super) struct Texts {
    path: Option<String>,
    pages: Vec<String>,
    /// Page, start and end of each.
    places: Vec<(u32, u32, u32)>,
    bytes: usize,
}

impl Texts {
    pub(super) fn get(&self, at: usize) -> Option<&str> {
        let (page, start, end) = *self.places.get(at)?;
        self.pages.get(page as usize)?.get(start as usize..end as usize)
    }

    fn push(&mut self, text: &str) -> Result<(), FileProblem> {
        self.bytes += text.len();
        if self.bytes > TEXT_BYTES || self.places.len() >= TEXTS {
            return Err(FileProblem::WorkbookTooLarge);
        }
        if self.pages.last().is_none_or(|page| page.len() + text.len() > PAGE) {
            self.pages.push(String::with_capacity(PAGE));
        }
        let at = self.pages.len() - 1;
        let page = &mut self.pages[at];
        let start = page.len();
        page.push_str(text);
        let small = |size: usize| u32::try_from(size).unwrap_or(u32::MAX);
        self.places.push((small(at), small(start), small(page.len())));
        Ok(())
    }

    fn read(&mut self, mut xml: Xml<impl Read>) -> Result<(), FileProblem> {
        let mut text = String::new();
        loop {
            match xml.next()? {
                Node::Start(start) if start.local_name().into_inner() == "si" => {
                    text.clear();
                    rich(&mut xml, "si", &mut text)?;
                    self.push(&text)?;
                }
                Node::Eof => return Ok(()),
                _ => {}
            }
        }
    }
}

/// The text of `<si>` or `<is>`: of all runs, without phonetic ones.
pub(super) fn rich(xml: &mut Xml<impl Read>, until: &str, text: &mut String) -> Result<(), FileProblem> {
    let (mut within, mut phonetic, mut run) = (false, false, String::new());
    loop {
        match xml.next()? {
            Node::Start(start) => match start.local_name().into_inner() {
                "t" => {
                    within = !phonetic;
                    run.clear();
                }
                "rPh" => phonetic = true,
                _ => {}
            },
            Node::Text(piece) if within && run.len() < KEPT => run.push_str(&piece),
            Node::End(name) => match &*name {
                "t" => {
                    if within && text.len() < KEPT {
                        text.push_str(&unescaped(&run));
                    }
                    within = false;
                }
                "rPh" => phonetic = false,
                name if name == until => return Ok(()),
                _ => {}
            },
            Node::Eof => return Err(FileProblem::Workbook("it ends within a text".into())),
            _ => {}
        }
    }
}

/// A text without the escapes of workbooks, `_x000D_` for a carriage return, and with line feeds for line ends.
/// Source: ECMA-376 Part 1, 22.9.2.19 (ST_Xstring).
pub(super) fn unescaped(text: &str) -> String {
    let mut units: Vec<u16> = Vec::new();
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    let flush = |units: &mut Vec<u16>, plain: &mut String| {
        plain.extend(char::decode_utf16(units.drain(..)).map(|unit| unit.unwrap_or('\u{fffd}')));
    };
    while let Some(at) = rest.find("_x") {
        let code = rest.get(at + 2..at + 6).filter(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let code = code.filter(|_| rest[at + 6..].starts_with('_'));
        if at > 0 || code.is_none() {
            flush(&mut units, &mut plain);
        }
        plain.push_str(&rest[..at]);
        rest = match code.and_then(|hex| u16::from_str_radix(hex, 16).ok()) {
            Some(unit) => {
                units.push(unit);
                &rest[at + 7..]
            }
            None => {
                plain.push_str("_x");
                &rest[at + 2..]
            }
        };
    }
    flush(&mut units, &mut plain);
    plain.push_str(rest);
    if plain.contains('\r') { plain.replace("\r\n", "\n").replace('\r', "\n") } else { plain }
}

/// The number formats of cells, by the index that cells name.
#[derive(Debug, Default)]
pub(super) struct Formats {
    path: Option<String>,
    by_style: Vec<Arc<CellFormat>>,
}

impl Formats {
    pub(super) fn get(&self, style: usize) -> Option<&NumberFormat> {
        self.by_style.get(style).map(|format| &format.number)
    }

    pub(super) fn shown(&self, style: usize) -> Option<&ShownFormat> {
        self.by_style.get(style)?.shown.as_ref()
    }

    fn read(&mut self, mut xml: Xml<impl Read>) -> Result<(), FileProblem> {
        let mut formats: HashMap<u32, Arc<CellFormat>> = HashMap::new();
        let mut own = 0;
        let (mut styles, mut cells) = (Vec::new(), false);
        loop {
            match xml.next()? {
                Node::Start(start) => {
                    let id = || attribute(&start, "numFmtId").and_then(|id| id.trim().parse::<u32>().ok());
                    match start.local_name().into_inner() {
                        "numFmt" => {
                            if let (Some(id), Some(code)) = (id(), attribute(&start, "formatCode")) {
                                own += 1;
                                if own > FORMATS || code.len() > FORMAT_BYTES {
                                    return Err(FileProblem::WorkbookTooLarge);
                                }
                                formats.insert(id, Arc::new(CellFormat::own(&code)));
                            }
                        }
                        "cellXfs" => cells = true,
                        "xf" if cells && styles.len() < MOST => styles.push(id().unwrap_or_default()),
                        _ => {}
                    }
                }
                Node::End(name) if &*name == "cellXfs" => cells = false,
                Node::Eof => break,
                _ => {}
            }
        }
        let mut format =
            |id| Arc::clone(formats.entry(id).or_insert_with(|| Arc::new(CellFormat::built_in(id))));
        self.by_style = styles.into_iter().map(&mut format).collect();
        Ok(())
    }
}

/// How a cell's number is read, and how it is shown where that is another way. Styles share them.
#[derive(Debug)]
struct CellFormat {
    number: NumberFormat,
    shown: Option<ShownFormat>,
}

impl CellFormat {
    fn own(code: &str) -> Self {
        Self { number: NumberFormat::parse(code), shown: ShownFormat::parse(code) }
    }

    fn built_in(id: u32) -> Self {
        Self { number: NumberFormat::built_in(id), shown: ShownFormat::built_in(id) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_undone_once() {
        for (text, plain) in [
            ("Bring ID._x000D_\nPark behind.", "Bring ID.\nPark behind."),
            ("_x005F_x000D_", "_x000D_"),
            ("a_x0041_b", "aAb"),
            ("_xD83D__xDE00_!", "😀!"),
            ("_xD83D_ _xDE00_", "\u{fffd} \u{fffd}"),
            ("_x00_ _x000G_ _x000D", "_x00_ _x000G_ _x000D"),
            ("_x0009_é_x", "\té_x"),
            ("a\r\nb\rc", "a\nb\nc"),
        ] {
            assert_eq!(unescaped(text), plain, "{text}");
        }
    }
}
