//! The table in the journal's lock file: which process runs which campaign, and whether that process is still there.
//!
//! A line says who holds a campaign, and in which system: the boot, the namespaces of process ids and of time, and when the
//! process began. A process of this system is looked up, and so it is known that one with the same id is another. Of a process
//! elsewhere (another container, or a system that tells no more than ids) the presence lock decides, which every holder shares
//! and the system frees however a process ends: nobody shares it, so all are gone; somebody does, so this one may be there.
//! An error of judgement can thus only refuse a run, never let two go on.

use std::fs::File;
use std::io::{self, Read, Seek, Write};

use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};

use crate::domain::unix_millis::UnixMillis;
use crate::journal::file::beside::file_name_of;
use crate::journal::file::holder::Holder;

/// Longest table that is read, in bytes: some 10,000 campaigns at once.
const LONGEST: u64 = 2 << 20;

/// The campaigns that processes hold, or held when they ended unexpectedly.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct LockTable(Vec<HeldCampaign>);

/// A line of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
struct HeldCampaign {
    /// As a part of a file name.
    campaign: String,
    /// "process 4711, since 2026-03-01T09:30:00.000Z".
    holder: String,
    /// Where and when the process began, as far as the system tells; else empty.
    process: String,
}

impl LockTable {
    /// Reads the table; lines that are garbled say nothing.
    pub(super) fn read(file: &mut File) -> io::Result<Self> {
        let mut bytes = Vec::new();
        file.rewind()?;
        file.take(LONGEST).read_to_end(&mut bytes)?;
        let text = String::from_utf8_lossy(&bytes);
        let line = |line: &str| {
            let mut parts = line.split('\t').map(str::to_owned);
            Some(HeldCampaign { campaign: parts.next()?, holder: parts.next()?, process: parts.next()? })
        };
        Ok(Self(text.lines().filter_map(line).collect()))
    }

    pub(super) fn write(&self, file: &mut File) -> io::Result<()> {
        let line = |held: &HeldCampaign| format!("{}\t{}\t{}\n", held.campaign, held.holder, held.process);
        let text: String = self.0.iter().map(line).collect();
        file.rewind()?;
        file.write_all(text.as_bytes())?;
        file.set_len(text.len() as u64)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Who holds the campaign `name`.
    pub(super) fn holder(&self, name: &str) -> Option<Holder> {
        let name = file_name_of(name);
        self.0.iter().find(|held| held.campaign == name).map(|held| Holder::named(&held.holder))
    }

    /// Puts this process into it as the holder of the campaign `name`.
    pub(super) fn add(&mut self, name: &str, now: UnixMillis) {
        self.0.push(HeldCampaign {
            campaign: file_name_of(name),
            holder: signature(now),
            process: this_process().unwrap_or_default(),
        });
    }

    pub(super) fn remove(&mut self, name: &str) {
        let name = file_name_of(name);
        self.0.retain(|held| held.campaign != name);
    }

    /// Removes the lines of processes that are gone; says whether there were any. `shared` tells whether any process shares the
    /// presence lock.
    pub(super) fn prune(&mut self, shared: impl FnOnce() -> bool) -> bool {
        let before = self.0.len();
        self.0.retain(|held| held.is_there() != Some(false));
        if self.0.iter().any(|held| held.is_there().is_none()) && !shared() {
            self.0.retain(|held| held.is_there().is_some());
        }
        self.0.len() < before
    }
}

/// How a lock is signed.
pub(super) fn signature(now: UnixMillis) -> String {
    format!("process {}, since {now}", std::process::id())
}

impl HeldCampaign {
    /// Whether its process is still there; `None` where that cannot be told from here.
    fn is_there(&self) -> Option<bool> {
        let pid = Holder::named(&self.holder).pid()?;
        let (system, began) = self.process.rsplit_once(' ')?;
        if Some(system) != system_here().as_deref() {
            return None;
        }
        Some(match began_at(pid) {
            Some(Began::At(at)) => at == began,
            Some(Began::Ended) => false,
            None => !is_gone(pid),
        })
    }
}

/// Whether no process has this id. A process of another user is there as well.
fn is_gone(pid: u32) -> bool {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    pid.is_some_and(|pid| test_kill_process(pid) == Err(Errno::SRCH))
}

/// This process, as a line has it; `None` where the system does not tell.
fn this_process() -> Option<String> {
    match began_at(std::process::id())? {
        Began::At(at) => Some(format!("{} {at}", system_here()?)),
        Began::Ended => None,
    }
}

/// The boot of this system, and the namespaces in which ids of processes and their times mean something.
fn system_here() -> Option<String> {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let namespace = |name: &str| {
        std::fs::read_link(format!("/proc/self/ns/{name}")).ok()?.into_os_string().into_string().ok()
    };
    // Kernels before 5.6 have one time only.
    Some(format!("{} {} {}", boot.trim(), namespace("pid")?, namespace("time").unwrap_or_default()))
}

/// When a process began.
enum Began {
    /// In ticks since the system did.
    At(String),
    /// It ended, and its parent has not asked for its exit code yet.
    Ended,
}

/// `None` where the system does not tell, or no process has this id.
fn began_at(pid: u32) -> Option<Began> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // Its name is in brackets, and may have any characters. (proc_pid_stat(5): the state is field 3, the start field 22.)
    let (_, after) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = after.split_whitespace().collect();
    match fields.first()? {
        &"Z" | &"X" | &"x" => Some(Began::Ended),
        _ => fields.get(19).map(|at| Began::At((*at).to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(campaign: &str, pid: u32, process: &str) -> HeldCampaign {
        HeldCampaign {
            campaign: campaign.to_owned(),
            holder: format!("process {pid}, since 2026"),
            process: process.to_owned(),
        }
    }

    #[test]
    fn it_reads_what_it_wrote_and_nothing_else() {
        let mut file = tempfile::tempfile().unwrap();
        let mut table = LockTable::default();
        for name in ["spring", "夏 \t\n", "autumn"] {
            table.add(name, UnixMillis::from_millis(0));
        }
        table.write(&mut file).unwrap();
        assert_eq!(LockTable::read(&mut file).unwrap(), table);
        table.remove("夏 \t\n");
        table.write(&mut file).unwrap();
        let read = LockTable::read(&mut file).unwrap();
        assert_eq!((read.0.len(), &read), (2, &table));
        assert_eq!(read.holder("autumn").unwrap().pid(), Some(std::process::id()));
        assert_eq!(read.holder("winter"), None);
        file.set_len(0).unwrap();
        file.rewind().unwrap();
        file.write_all(b"\xff\tx\nhalf a li").unwrap();
        assert!(LockTable::read(&mut file).unwrap().is_empty());
    }

    /// The decisive table: a line stays unless it is sure that its process is gone.
    #[test]
    #[cfg(target_os = "linux")]
    fn a_line_goes_only_where_its_process_is_surely_gone() {
        let (own, pid) = (this_process().unwrap(), std::process::id());
        let elsewhere = own.replace("pid:", "pid:9");
        let mut ended = std::process::Command::new("true").spawn().unwrap();
        while !matches!(began_at(ended.id()), Some(Began::Ended)) {
            std::thread::yield_now();
        }
        let began_later = format!("{} 9", own.rsplit_once(' ').unwrap().0);
        for (what, line, alone, stays) in [
            ("this process", held("n", pid, &own), true, true),
            ("another one with its id", held("n", pid, &began_later), false, false),
            ("one that ended, and is still listed", held("n", ended.id(), &own), false, false),
            ("an id that no process has", held("n", i32::MAX as u32 - 1, &own), false, false),
            ("another container, and somebody is there", held("n", pid, &elsewhere), false, true),
            ("another container, and nobody is there", held("n", pid, &elsewhere), true, false),
            ("a system that tells nothing, and somebody is there", held("n", pid, ""), false, true),
            ("a system that tells nothing, and nobody is there", held("n", pid, ""), true, false),
            (
                "no id, and somebody is there",
                HeldCampaign { holder: String::new(), ..held("n", 1, &own) },
                false,
                true,
            ),
        ] {
            let mut table = LockTable(vec![line.clone()]);
            assert_eq!(table.prune(|| !alone), !stays, "{what}");
            assert_eq!(!table.is_empty(), stays, "{what}");
        }
        ended.wait().unwrap();
    }
}
