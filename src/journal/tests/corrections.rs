//! Corrections: each takes the place of the rejected row that it was written for, and touches no other one. Held against
//! a model while the file is edited at random between the rejections and their corrections.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::domain::row::rejected_id::RejectedId;
use crate::journal::plan::index;

/// A rejected row of these cells, which has no key.
fn wrong(number: u64, cells: &str) -> FileLine {
    FileLine { cells: vec![cells.to_owned(), "bad".to_owned()], ..rejected(number) }
}

/// What a person makes of the row that was rejected on this line.
fn correction(number: u64, cells: &str, corrected: FileLine) -> FileLine {
    let id = RejectedId::of(wrong(number, cells).cells.iter().map(String::as_str));
    FileLine { number, rejected: Some(id), ..corrected }
}

fn corrected(number: u64, cells: &str, key: &str) -> FileLine {
    correction(number, cells, line(0, key))
}

impl Book {
    /// Reads these lines as corrections, as a run does.
    fn correct(&mut self, lines: &[FileLine]) -> Result<PlanSummary, Misfit> {
        let columns = ["key".to_owned()];
        let mut plan = self.journal.begin_corrections(self.campaign, &shape("f"), &columns).unwrap();
        // In batches of one: what is refused is refused as a whole all the same.
        match self.journal.plan_all(&mut plan, lines.iter().map(|line| vec![line.clone()])) {
            Err(JournalError::Misfit(misfit)) => Err(misfit),
            planned => {
                planned.unwrap();
                Ok(self.journal.finish_plan(plan).unwrap())
            }
        }
    }

    /// That a correction is refused for this reason, and leaves everything as it was.
    fn refuses(&mut self, corrections: &[FileLine], why: MisfitReason) {
        let before = (self.rows(), self.journal.planned(self.campaign).unwrap());
        let misfit = self.correct(corrections).unwrap_err();
        assert_eq!(misfit.why, why);
        assert_eq!((self.rows(), self.journal.planned(self.campaign).unwrap()), before);
    }

    /// Line, key and state of each row that has a line, by line.
    fn by_line(&self) -> Vec<String> {
        let sql = "SELECT concat_ws(' ', line, ifnull(key, '-'), state) FROM row
                   WHERE campaign_id = ?1 AND line IS NOT NULL ORDER BY line, id";
        let mut statement = self.journal.connection.prepare(sql).unwrap();
        let rows = statement.query_map([self.campaign.0], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    }

    fn send(&mut self, rows: u32) {
        for row in self.claim_next(Pass::Queued, RowId::START, rows, 100).rows {
            self.settle(row.id, Event::Answered, 150);
        }
    }
}

#[test]
fn a_correction_takes_the_place_of_its_row_and_touches_nobody_else() {
    let mut book = Book::new();
    book.plan(&[line(2, "a"), wrong(3, "b"), line(4, "c"), wrong(5, "f"), line(6, "d")]);
    book.send(1);
    let corrections = [corrected(3, "b", "b"), corrected(5, "f", "f")];
    let summary = book.correct(&corrections).unwrap();
    assert_eq!((summary.added, summary.withdrawn, summary.queued), (2, 0, 2));
    let expected = ["2 a 2", "3 b 0", "4 c 0", "5 f 0", "6 d 0"];
    assert_eq!(book.by_line(), expected);
    // The same corrections again change nothing.
    assert_eq!(book.correct(&corrections), Ok(PlanSummary { lines: 2, ..PlanSummary::default() }));
    assert_eq!(book.by_line(), expected);
    let planned = book.journal.planned(book.campaign).unwrap();
    assert_eq!(planned, Planned::Read, "nobody has agreed to send it");
}

/// What this page is there for: the line numbers of a file that was edited since say nothing.
#[test]
fn lines_that_moved_take_corrections_along() {
    for on_top in [&["n", "e"][..], &["n"]] {
        let mut book = Book::new();
        let file = |first: &[&str]| -> Vec<FileLine> {
            let keys = first.iter().chain(&["a", "b", "c", "d"]);
            let lines = (2..).zip(keys);
            lines.map(|(n, key)| if *key == "b" { wrong(n, "b") } else { line(n, key) }).collect()
        };
        book.plan(&file(&[]));
        book.send(1);
        book.plan(&file(on_top));
        let now = 3 + on_top.len();
        let before = book.by_line();
        let b = corrected(3, "b", "b");
        assert_eq!(book.correct(std::slice::from_ref(&b)).unwrap().withdrawn, 0);
        let mut expected = before;
        expected[now - 2] = format!("{now} b 0");
        assert_eq!(book.by_line(), expected);
        // Sent or not, it goes wherever its line goes, as long as the file has that as it was.
        for sent in [false, true] {
            if sent {
                book.send(9);
            }
            let state = if sent { 2 } else { 0 };
            let summary = book.plan(&file(&[]));
            assert_eq!((summary.stay_corrected, summary.frozen), (u64::from(!sent), u64::from(sent)));
            assert!(book.by_line().contains(&format!("3 b {state}")), "{:?}", book.by_line());
            book.plan(&file(on_top));
            assert!(book.by_line().contains(&format!("{now} b {state}")), "{:?}", book.by_line());
            book.correct(std::slice::from_ref(&b)).unwrap();
            assert!(book.by_line().contains(&format!("{now} b {state}")), "{:?}", book.by_line());
        }
    }
}

#[test]
fn what_the_file_does_not_have_any_more_cannot_be_corrected() {
    let b = [corrected(3, "b", "b")];
    // Taken out; still rejected, and otherwise; another file.
    for file in [vec![line(2, "a"), line(3, "c")], vec![line(2, "a"), wrong(3, "B")], vec![line(2, "x")]] {
        let mut book = Book::new();
        book.plan(&[line(2, "a"), wrong(3, "b"), line(4, "c")]);
        book.plan(&file);
        book.refuses(&b, MisfitReason::Gone);
        // What is rejected still says nothing of anybody.
        assert_eq!(book.correct(&[correction(3, "b", wrong(3, "b"))]).unwrap().withdrawn, 0);
    }
}

#[test]
fn what_the_first_file_has_corrected_meanwhile_stays_as_it_has_it() {
    let mut book = Book::new();
    book.plan(&[line(2, "a"), wrong(3, "b"), line(4, "c")]);
    book.plan(&[line(2, "c"), line(3, "a"), line(4, "b")]);
    let before = book.rows();
    assert_eq!(book.correct(&[corrected(3, "b", "b")]).unwrap().updated, 0);
    assert_eq!(book.rows(), before);
    let otherwise = [correction(3, "b", line_of(0, "b", &number("b"), "Ho"))];
    book.refuses(&otherwise, MisfitReason::Otherwise);
    book.send(9);
    let before = book.rows();
    let summary = book.correct(&otherwise).unwrap();
    assert_eq!((summary.started, summary.frozen), (1, 1), "it is told that this is not sent");
    assert_eq!(book.rows(), before);
}

/// A correction that was made, and then by the first file as well: the row is there by itself, and no correction takes
/// its place.
#[test]
fn whoever_is_in_the_first_file_by_itself_gives_way_to_no_correction() {
    let mut book = Book::new();
    book.plan(&[line(2, "a"), wrong(3, "b")]);
    book.correct(&[corrected(3, "b", "c")]).unwrap();
    assert_eq!(book.correct(&[corrected(3, "b", "d")]).unwrap().withdrawn, 1, "corrected once more");
    assert_eq!(book.by_line(), ["2 a 0", "3 d 0"]);
    book.plan(&[line(2, "a"), line(3, "d")]);
    book.refuses(&[corrected(3, "b", "e")], MisfitReason::Gone);
}

#[test]
fn rows_that_were_the_same_are_told_apart_by_their_lines_or_not_at_all() {
    let mut book = Book::new();
    book.plan(&[line(2, "a"), wrong(3, "b"), wrong(4, "b")]);
    let both = [corrected(3, "b", "c"), corrected(4, "b", "d")];
    book.correct(&both[..1]).unwrap();
    assert_eq!(book.by_line(), ["2 a 0", "3 c 0", "4 - 5"]);
    book.plan(&[line(2, "n"), line(3, "a"), wrong(4, "b"), wrong(5, "b")]);
    assert_eq!(book.by_line(), ["2 n 0", "3 a 0", "4 c 0", "5 - 5"]);
    // On line 4 is somebody else's correction by now.
    book.refuses(&both[1..], MisfitReason::Several);
    // With the one that is, there is but one left.
    for _ in 0..2 {
        book.correct(&both).unwrap();
        assert_eq!(book.by_line(), ["2 n 0", "3 a 0", "4 c 0", "5 d 0"]);
    }
    book.refuses(&[corrected(3, "b", "c"), corrected(4, "b", "e")], MisfitReason::Several);
}

#[test]
fn two_corrections_of_one_row_are_refused() {
    let mut book = Book::new();
    book.plan(&[line(2, "a"), wrong(3, "b")]);
    book.refuses(&[corrected(3, "b", "b"), corrected(4, "b", "c")], MisfitReason::Twice);
}

#[test]
fn without_an_id_line_and_key_must_be_those_of_a_rejected_row() {
    let keyed = |number, key: &str| {
        let content =
            Content::Rejected { code: "c".to_owned(), reason: "r".to_owned(), key: Some(key.to_owned()) };
        FileLine { content, ..wrong(number, key) }
    };
    let mut book = Book::new();
    book.plan(&[line(2, "a"), keyed(3, "b"), wrong(4, "c"), line(5, "d")]);
    // Another key, no key, a row that waits, and a line that is not there.
    for misfit in [line(3, "e"), line(4, "c"), line(5, "e"), line(9, "f")] {
        book.refuses(&[line(3, "b"), misfit], MisfitReason::Unnamed);
    }
    book.correct(&[line(3, "b"), line(5, "d"), rejected(4)]).unwrap();
    assert_eq!(book.by_line(), ["2 a 0", "3 b 0", "4 - 5", "5 d 0"]);
}

#[test]
fn a_correction_with_the_key_of_another_line_is_a_duplicate() {
    let mut book = Book::new();
    book.plan(&[line(2, "a"), wrong(3, "b"), line(4, "c")]);
    for _ in 0..2 {
        book.correct(&[corrected(3, "b", "a")]).unwrap();
        assert_eq!(book.by_line(), ["2 a 0", "3 a 6", "4 c 0"]);
    }
    book.correct(&[corrected(3, "b", "b")]).unwrap();
    assert_eq!(book.by_line(), ["2 a 0", "3 b 0", "4 c 0"]);
}

/// A person whose line was a duplicate of a correction, and nobody else's once that is another one.
#[test]
fn whoever_a_correction_made_a_duplicate_is_not_forgotten_when_it_is_corrected_otherwise() {
    let mut book = Book::new();
    book.plan(&[line(2, "a"), wrong(3, "b")]);
    book.correct(&[corrected(3, "b", "c")]).unwrap();
    book.plan(&[line(2, "a"), wrong(3, "b"), line(4, "c")]);
    assert_eq!(book.by_line(), ["2 a 0", "3 c 0", "4 c 6"]);
    assert_eq!(book.correct(&[corrected(3, "b", "b")]).unwrap().withdrawn, 0);
    assert_eq!(book.by_line(), ["2 a 0", "3 b 0", "4 c 0"]);
}

/// The uncorrected row says nothing, though another one of the file names the recipient.
#[test]
fn a_row_that_is_rejected_as_before_leaves_its_earlier_correction_alone() {
    let mut book = Book::new();
    book.plan(&[wrong(2, "a"), wrong(3, "b")]);
    book.correct(&[corrected(3, "b", "g")]).unwrap();
    book.correct(&[corrected(2, "a", "g"), correction(3, "b", wrong(0, "b"))]).unwrap();
    assert_eq!(book.by_line(), ["2 g 6", "3 g 0"]);
}

#[test]
fn what_is_corrected_otherwise_takes_its_own_place_and_who_was_attempted_only_loses_it() {
    let mut book = Book::new();
    book.plan(&[wrong(2, "a"), wrong(3, "b"), wrong(4, "c")]);
    book.correct(&[corrected(2, "a", "a"), corrected(3, "b", "b"), corrected(4, "c", "c")]).unwrap();
    let first = book.claim(100).id;
    book.settle(first, Event::Unanswered, 150);
    let otherwise = [corrected(2, "a", "d"), corrected(3, "b", "e"), correction(4, "c", wrong(4, "C"))];
    assert_eq!(book.correct(&otherwise).unwrap().withdrawn, 2);
    assert_eq!(book.by_line(), ["2 d 0", "3 e 0", "4 - 5"]);
    assert!(book.rows().contains(&"- a 1 1 | 100 100 - | - code".to_owned()), "{:?}", book.rows());
    // It is still known what was rejected first.
    book.correct(&[corrected(4, "c", "c")]).unwrap();
    assert_eq!(book.by_line(), ["2 d 0", "3 e 0", "4 c 0"]);
}

#[test]
fn who_left_the_file_comes_back_with_a_correction() {
    let mut book = Book::with(&["a", "b"]);
    book.plan(&[line(2, "a"), wrong(3, "b")]);
    assert_eq!(book.rows()[1], "- b 8 0 | - - - | - -");
    book.correct(&[corrected(3, "b", "b")]).unwrap();
    assert_eq!(book.rows(), ["2 a 0 0 | - - - | - -", "3 b 0 0 | - - - | - -"]);
}

/// A first plan that died leaves rows that cannot be looked up by key yet; corrections of it must find them.
#[test]
fn corrections_of_a_plan_that_was_not_finished_find_its_recipients() {
    let mut book = Book::new();
    let mut plan = book.journal.begin_plan(book.campaign, &shape("f"), &["key".to_owned()]).unwrap();
    book.journal.plan(&mut plan, &[line(2, "a"), wrong(3, "b")]).unwrap();
    drop(plan);
    book.correct(&[corrected(3, "b", "a")]).unwrap();
    assert_eq!(book.rows()[1], "3 a 6 0 | - - - | - duplicate-key");
    let campaign = book.campaign;
    let tx = book.journal.connection.transaction().unwrap();
    assert!(index::is_made(&tx, campaign).unwrap());
}

/// A line of the model's file.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Line {
    /// A recipient: key and text.
    Good(String, &'static str),
    /// A rejected one: its cells, and the key that a correction gave it, with whether another line has that too.
    Bad(String, Option<(String, bool)>),
}

/// A file and its corrections, in a few lines: what the journal must come to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Model {
    file: Vec<Line>,
    /// What waits or was sent, by key.
    texts: BTreeMap<String, &'static str>,
    /// The cells of the rejected row whose correction each key is, by key.
    made_of: BTreeMap<String, String>,
}

/// What a person makes of a rejected row: its line and cells then, key and text now.
type Made = (u64, String, Option<(String, &'static str)>);

impl Model {
    /// The file is read: in its order, the first line with a key has the recipient, and a rejected line keeps its correction
    /// unless an earlier line has that recipient.
    fn plan(&mut self, contacted: &BTreeSet<String>, journal: &[String]) {
        let mut seen = BTreeSet::new();
        for (number, line) in (2..).zip(&mut self.file) {
            match line {
                Line::Good(key, text) => {
                    let is_first = seen.insert(key.clone());
                    if is_first && !contacted.contains(key) {
                        self.texts.insert(key.clone(), text);
                    }
                    if is_first {
                        self.made_of.remove(key);
                    }
                }
                Line::Bad(cells, made) => {
                    *made = made.take().filter(|(key, twice)| !twice && !seen.contains(key));
                    // Whoever was contacted from this very row, and lost the line to another correction, has it again.
                    let of_row = self.made_of.iter().filter(|(key, of)| *of == cells && !seen.contains(*key));
                    let mut again: Vec<&String> =
                        of_row.map(|(key, _)| key).filter(|key| contacted.contains(*key)).collect();
                    if again.len() > 1 {
                        // Several were, one after the other: which of them is nobody's business.
                        again.retain(|key| journal.contains(&format!("{number} {key} 2")));
                    }
                    *made = made.take().or(again.first().map(|key| ((*key).clone(), false)));
                    seen.extend(made.iter().map(|(key, _)| key.clone()));
                }
            }
        }
    }

    /// Corrections are made, all or none.
    fn correct(&mut self, made: &[Made], contacted: &BTreeSet<String>) -> Result<(), MisfitReason> {
        for (_, cells, made) in made {
            let at = self.file.iter().position(|line| matches!(line, Line::Bad(bad, _) if bad == cells));
            let Some((key, text)) = made else {
                // What is rejected still says nothing, unless its correction was none that counts.
                if let Some(Line::Bad(_, made)) = at.map(|at| &mut self.file[at]) {
                    made.take_if(|(_, twice)| *twice);
                }
                continue;
            };
            let Some(at) = at else {
                match self.recipient_on(key) {
                    _ if contacted.contains(key) => continue,
                    Some(_) if self.texts[key] == *text => continue,
                    Some(_) => return Err(MisfitReason::Otherwise),
                    None => return Err(MisfitReason::Gone),
                }
            };
            let elsewhere = self.recipient_on(key).is_some_and(|other| other != at);
            if !elsewhere && !contacted.contains(key) {
                self.texts.insert(key.clone(), text);
            }
            if !elsewhere {
                self.made_of.insert(key.clone(), cells.clone());
            }
            let before = std::mem::replace(
                &mut self.file[at],
                Line::Bad(cells.clone(), Some((key.clone(), elsewhere))),
            );
            // Whoever had the line takes the next one with its key.
            if let Some(gone) = before.recipient().filter(|gone| gone != key).map(str::to_owned) {
                match self.file.iter_mut().find(|line| line.key() == Some(&gone)) {
                    Some(Line::Bad(cells, made)) => {
                        *made = Some((gone.clone(), false));
                        self.made_of.insert(gone, cells.clone());
                    }
                    Some(Line::Good(..)) => drop(self.made_of.remove(&gone)),
                    None => {}
                }
            }
        }
        Ok(())
    }

    /// The line that has this recipient.
    fn recipient_on(&self, key: &str) -> Option<usize> {
        self.file.iter().position(|line| line.recipient() == Some(key))
    }

    /// Line, key and whether it is a recipient (r), a duplicate (d) or rejected (-), of each line.
    fn lines(&self) -> Vec<String> {
        let mut seen = BTreeSet::new();
        let told = |(number, line): (usize, &Line)| match line {
            Line::Bad(_, None) => format!("{number} - -"),
            Line::Bad(_, Some((key, true))) => format!("{number} {key} d"),
            Line::Good(key, _) | Line::Bad(_, Some((key, false))) => {
                format!("{number} {key} {}", if seen.insert(key.clone()) { 'r' } else { 'd' })
            }
        };
        (2..).zip(&self.file).map(told).collect()
    }
}

impl Line {
    fn key(&self) -> Option<&str> {
        match self {
            Self::Good(key, _) | Self::Bad(_, Some((key, _))) => Some(key),
            Self::Bad(..) => None,
        }
    }

    fn recipient(&self) -> Option<&str> {
        match self {
            Self::Good(key, _) | Self::Bad(_, Some((key, false))) => Some(key),
            Self::Bad(..) => None,
        }
    }
}

/// A campaign whose file is edited at random.
struct Story {
    book: Book,
    model: Model,
    chance: fastrand::Rng,
    rejects: Vec<(u64, String)>,
}

impl Story {
    fn key(&mut self) -> String {
        char::from(self.chance.u8(b'a'..=b'l')).to_string()
    }

    fn text(&mut self) -> &'static str {
        if self.chance.u8(..4) == 0 { "Ho" } else { "Hi" }
    }

    /// Keys of which a request left.
    fn contacted(&self) -> BTreeSet<String> {
        let sql = "SELECT key FROM row WHERE campaign_id = ?1 AND attempts > 0";
        let mut statement = self.book.journal.connection.prepare(sql).unwrap();
        let keys = statement.query_map([self.book.campaign.0], |row| row.get(0)).unwrap();
        keys.map(Result::unwrap).collect()
    }

    fn edit(&mut self) {
        let at = self.chance.usize(..=self.model.file.len());
        let there = at.min(self.model.file.len().saturating_sub(1));
        match self.chance.u8(..8) {
            0..=2 => {
                let line = Line::Good(self.key(), self.text());
                self.model.file.insert(at, line);
            }
            3 => {
                // Cells that no line has or had.
                let line = Line::Bad(format!("bad {}", self.chance.u32(..)), None);
                self.model.file.insert(at, line);
            }
            4 if self.model.file.len() > 2 => drop(self.model.file.remove(there)),
            5 if self.model.file.len() > 2 => {
                let line = self.model.file.remove(there);
                let to = self.chance.usize(..=self.model.file.len());
                self.model.file.insert(to, line);
            }
            6 if matches!(self.model.file.get(there), Some(Line::Bad(..))) => {
                self.model.file[there] = Line::Good(self.key(), self.text());
            }
            7 if matches!(self.model.file.get(there), Some(Line::Bad(..))) => {
                self.model.file[there] = Line::Bad(format!("other {}", self.chance.u32(..)), None);
            }
            _ => {}
        }
    }

    fn plan(&mut self) {
        let lines: Vec<FileLine> = (2..)
            .zip(&self.model.file)
            .map(|(n, line)| match line {
                Line::Good(key, text) => line_of(n, key, &number(key), text),
                Line::Bad(cells, _) => wrong(n, cells),
            })
            .collect();
        self.book.plan(&lines);
        let contacted = self.contacted();
        self.model.plan(&contacted, &self.book.by_line());
        self.agree("after the file was read");
    }

    /// The file of rejected rows, as it is now.
    fn take_rejects(&mut self) {
        let bad = (2..).zip(&self.model.file).filter_map(|(n, line)| match line {
            Line::Bad(cells, _) => Some((n, cells.clone())),
            Line::Good(..) => None,
        });
        self.rejects = bad.collect();
    }

    fn correct(&mut self) {
        let mut made: Vec<Made> = Vec::new();
        for (n, cells) in self.rejects.clone() {
            if self.chance.u8(..4) > 0 {
                let corrected = (self.chance.u8(..6) > 0).then(|| (self.key(), self.text()));
                made.push((n, cells, corrected));
            }
        }
        if self.chance.bool() {
            self.chance.shuffle(&mut made);
        }
        let lines: Vec<FileLine> = made
            .iter()
            .map(|(n, cells, made)| match made {
                Some((key, text)) => correction(*n, cells, line_of(0, key, &number(key), text)),
                None => correction(*n, cells, wrong(0, cells)),
            })
            .collect();
        let (contacted, before) = (self.contacted(), self.book.rows());
        let mut after = self.model.clone();
        let expected = after.correct(&made, &contacted);
        let told = self.book.correct(&lines).map(drop).map_err(|misfit| misfit.why);
        assert_eq!(told, expected, "{made:?} {:?}", self.model);
        if expected.is_err() {
            assert_eq!(self.book.rows(), before, "what is refused changes nothing");
            return;
        }
        self.agree_bystanders(&before, &made, &after);
        self.model = after;
        self.agree(&format!("after the corrections {made:?} of {before:?}"));
        self.book.correct(&lines).unwrap();
        self.agree("after the same corrections again");
    }

    /// Whoever is neither corrected nor was put there by a correction of the same row is what it was, in everything.
    fn agree_bystanders(&self, before: &[String], made: &[Made], after: &Model) {
        let mut touched: BTreeSet<&str> = BTreeSet::from(["-"]);
        for (_, _, made) in made {
            touched.extend(made.iter().map(|(key, _)| key.as_str()));
        }
        touched.extend(
            self.model.file.iter().zip(&after.file).filter_map(|(a, b)| if a == b { None } else { a.key() }),
        );
        // A duplicate is a line, and nobody.
        let is_other = |row: &str| {
            let words: Vec<&str> = row.split(' ').collect();
            words[2] != "6" && !touched.contains(words[1])
        };
        let others =
            |rows: &[String]| -> Vec<String> { rows.iter().filter(|row| is_other(row)).cloned().collect() };
        assert_eq!(others(before), others(&self.book.rows()));
    }

    /// The journal is what the model says.
    fn agree(&self, when: &str) {
        let kind = |row: String| match row.rsplit_once(' ').unwrap() {
            (row, "5") => format!("{row} -"),
            (row, "6") => format!("{row} d"),
            (row, _) => format!("{row} r"),
        };
        let told: Vec<String> = self.book.by_line().into_iter().map(kind).collect();
        assert_eq!(told, self.model.lines(), "{when}");
    }
}

#[test]
fn whatever_becomes_of_the_file_a_correction_is_for_the_row_that_it_was_written_for() {
    for seed in 0..80 {
        let mut story = Story {
            book: Book::new(),
            model: Model::default(),
            chance: fastrand::Rng::with_seed(seed),
            rejects: Vec::new(),
        };
        for n in 0..8 {
            let line = match story.chance.bool() {
                true => Line::Good(story.key(), story.text()),
                false => Line::Bad(format!("bad {n}"), None),
            };
            story.model.file.push(line);
        }
        story.plan();
        story.take_rejects();
        for _ in 0..6 {
            let sent = story.chance.u32(..3);
            if sent > 0 {
                story.book.send(sent);
            }
            match story.chance.u8(..4) {
                0 => story.take_rejects(),
                1 | 2 => {
                    for _ in 0..story.chance.u8(1..6) {
                        story.edit();
                    }
                    story.plan();
                }
                _ => story.correct(),
            }
        }
        story.correct();
    }
}
