//! A disk that can lose power: what it may hold at an instant, from the calls up to there.
//!
//! The model, stricter than any file system in use:
//! - What a file held when an fsync or fdatasync of it began is on disk once that returned without an error.
//! - Of what was written since, every 512-byte sector of every write may be there or not, whatever came before or after
//!   it: writes are torn and reordered. A truncation may have happened or not.
//! - A file that grew may have its new length without its new bytes: they are zeros, or garbage.
//! - After an fsync that failed, nothing of what was written before it ever reaches the disk by a later fsync, although
//!   the program reads it back: the kernel takes it for written. (Linux; "fsyncgate", 2018.)
//! - A new name, and the end of an old one, are on disk once the folder was synced; each name on its own.
//! - Sectors are atomic: none holds half of a write.
//!
//! Not modelled: disks that lie about syncs, and sectors that rot later (`damage.rs` has those).

use std::collections::{BTreeMap, HashMap};

use crate::disk::recording::{Event, Kind};

const SECTOR: usize = 512;

/// The files of a folder by name, as found after the power came back.
pub(crate) type Image = BTreeMap<String, Vec<u8>>;

/// What the folder of the journal went through so far.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    files: Vec<File>,
    /// The file that has an inode now.
    inodes: HashMap<u64, usize>,
    names: BTreeMap<String, Name>,
    /// Syncs that are under way: the call, and how far each of its files or names was when it began.
    syncing: HashMap<u64, Syncing>,
}

#[derive(Debug)]
enum Syncing {
    File(usize, usize),
    Folder(Vec<(String, usize)>),
}

#[derive(Debug, Default)]
struct File {
    durable: Vec<u8>,
    /// What the program would read.
    seen: Vec<u8>,
    /// Since the last sync, in order.
    pending: Vec<Change>,
}

#[derive(Debug, Clone)]
enum Change {
    Write { offset: usize, data: Vec<u8> },
    Truncate(usize),
}

/// Which file a name stands for: on disk, and what became of it since.
#[derive(Debug, Default)]
struct Name {
    durable: Option<usize>,
    pending: Vec<Option<usize>>,
}

impl Name {
    fn now(&self) -> Option<usize> {
        self.pending.last().copied().unwrap_or(self.durable)
    }
}

impl Disk {
    /// Takes note of what happened next.
    pub(crate) fn apply(&mut self, event: &Event) {
        // Locks are not data: what they hold is gone with their process.
        if event.name.ends_with(".lock") {
            return;
        }
        match (event.kind, event.begins) {
            (Kind::Open, false) if event.error == 0 && !event.name.is_empty() => self.open(event),
            (Kind::Write, true) => {
                let change = Change::Write {
                    offset: usize::try_from(event.offset).unwrap(),
                    data: event.data.clone(),
                };
                self.file(event).pending.push(change);
            }
            (Kind::Write | Kind::Truncate, false) => self.changed(event),
            (Kind::Truncate, true) => {
                let change = Change::Truncate(usize::try_from(event.offset).unwrap());
                self.file(event).pending.push(change);
            }
            (Kind::Sync, true) => self.begin_sync(event),
            (Kind::Sync, false) => self.end_sync(event),
            (Kind::Unlink, true) => {
                if let Some(name) = self.names.get_mut(&event.name) {
                    name.pending.push(None);
                }
            }
            _ => {}
        }
    }

    fn open(&mut self, event: &Event) {
        let name = self.names.entry(event.name.clone()).or_default();
        if name.now().is_none() {
            self.files.push(File::default());
            let file = self.files.len() - 1;
            name.pending.push(Some(file));
            self.inodes.insert(event.file, file);
        }
    }

    fn file(&mut self, event: &Event) -> &mut File {
        let file = self.inodes.get(&event.file).unwrap_or_else(|| panic!("{} was never opened", event.name));
        &mut self.files[*file]
    }

    /// The last change is over: what failed, or stopped half-way, did not happen beyond what it says.
    fn changed(&mut self, event: &Event) {
        let file = self.file(event);
        match file.pending.last_mut() {
            Some(Change::Write { data, .. }) => data.truncate(usize::try_from(event.result.max(0)).unwrap()),
            Some(Change::Truncate(_)) if event.error != 0 => {
                file.pending.pop();
                return;
            }
            _ => {}
        }
        if let Some(change) = file.pending.last() {
            change.apply(&mut file.seen);
        }
    }

    fn begin_sync(&mut self, event: &Event) {
        let syncing = if event.name.is_empty() {
            Syncing::Folder(self.names.iter().map(|(name, is)| (name.clone(), is.pending.len())).collect())
        } else {
            let file = self.inodes[&event.file];
            Syncing::File(file, self.files[file].pending.len())
        };
        self.syncing.insert(event.call, syncing);
    }

    fn end_sync(&mut self, event: &Event) {
        match self.syncing.remove(&event.call).expect("a sync that began") {
            Syncing::File(file, pending) => {
                let file = &mut self.files[file];
                let changes: Vec<_> = file.pending.drain(..pending).collect();
                if event.error == 0 {
                    for change in changes {
                        change.apply(&mut file.durable);
                    }
                }
            }
            Syncing::Folder(names) if event.error == 0 => {
                for (name, pending) in names {
                    let name = self.names.get_mut(&name).expect("a name that was there");
                    if let Some(last) = name.pending.drain(..pending).next_back() {
                        name.durable = last;
                    }
                }
            }
            Syncing::Folder(_) => {}
        }
    }

    /// Whether all that the program would find in a file is on disk. A file that is not there is.
    pub(crate) fn is_synced(&self, name: &str) -> bool {
        let file = self.names.get(name).and_then(Name::now).map(|file| &self.files[file]);
        file.is_none_or(|file| file.durable == file.seen)
    }

    /// What the program itself would find now: every write, in order.
    pub(crate) fn seen(&self) -> Image {
        let names = self.names.iter().filter_map(|(name, is)| Some((name, is.now()?)));
        names.map(|(name, file)| (name.clone(), self.files[file].seen.clone())).collect()
    }

    /// One of the things that the disk may hold if the power goes now.
    pub(crate) fn lose_power(&self, chance: &mut fastrand::Rng) -> Image {
        let luck = Luck::new(chance);
        let mut image = Image::new();
        for (name, is) in &self.names {
            let which = chance.usize(..=is.pending.len());
            let of_name = if which == 0 { is.durable } else { is.pending[which - 1] };
            if let Some(file) = of_name {
                image.insert(name.clone(), self.files[file].survives(luck, chance));
            }
        }
        image
    }
}

/// How much of what was not synced is there.
#[derive(Debug, Clone, Copy)]
struct Luck {
    /// The share of the sectors.
    share: f64,
    /// Whether the sectors are the first ones in the order of their writes, not any.
    in_order: bool,
    /// What is where a file grew and nothing arrived.
    filler: u8,
}

impl Luck {
    fn new(chance: &mut fastrand::Rng) -> Self {
        let share = [0.0, 0.1, 0.5, 0.9, 0.98, 1.0][chance.usize(..6)];
        Self { share, in_order: chance.bool(), filler: if chance.bool() { 0 } else { 0xa5 } }
    }
}

impl File {
    fn survives(&self, luck: Luck, chance: &mut fastrand::Rng) -> Vec<u8> {
        let mut bytes = self.durable.clone();
        let sectors: usize = self.pending.iter().map(Change::sectors).sum();
        let mut first = chance.usize(..=sectors);
        for change in &self.pending {
            change.arrive(&mut bytes, luck.filler, || {
                if luck.in_order {
                    let arrives = first > 0;
                    first = first.saturating_sub(1);
                    arrives
                } else {
                    chance.f64() < luck.share
                }
            });
        }
        bytes
    }
}

impl Change {
    fn sectors(&self) -> usize {
        match self {
            Self::Write { offset, data } => pieces(*offset, data).count(),
            Self::Truncate(_) => 1,
        }
    }

    fn apply(&self, bytes: &mut Vec<u8>) {
        self.arrive(bytes, 0, || true);
    }

    /// Applies those sectors of the change that arrive.
    fn arrive(&self, bytes: &mut Vec<u8>, filler: u8, mut arrives: impl FnMut() -> bool) {
        match self {
            Self::Truncate(length) => {
                if arrives() {
                    bytes.resize(*length, 0);
                }
            }
            Self::Write { offset, data } => {
                for (at, piece) in pieces(*offset, data) {
                    if arrives() {
                        let end = at + piece.len();
                        if bytes.len() < end {
                            bytes.resize(end, filler);
                        }
                        bytes[at..end].copy_from_slice(piece);
                    }
                }
            }
        }
    }
}

/// A write, cut at the borders of sectors.
fn pieces(offset: usize, data: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let (mut at, mut rest) = (offset, data);
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (piece, after) = rest.split_at(rest.len().min(SECTOR - at % SECTOR));
        let here = at;
        (at, rest) = (at + piece.len(), after);
        Some((here, piece))
    })
}
