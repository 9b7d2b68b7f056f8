//! Power loss: what the disk may hold at each instant of a recorded campaign has every request and every contact that
//! the world knew of then.

use std::collections::HashMap;
use std::time::Duration;

use crate::disk::driver;
use crate::disk::image::{self, Told};
use crate::disk::model::Disk;
use crate::disk::place::{self, Place, scaled};
use crate::disk::recording::{self, Event, Kind};
use crate::simulator_process::Process;

/// A recorded campaign.
struct Recording {
    place: Place,
    server: Process,
    events: Vec<Event>,
    contacts: HashMap<String, String>,
}

impl Recording {
    /// The real program: limited, killed, and then left to finish; a service that throttles, fails and loses answers.
    fn of_the_program() -> Self {
        let faults = ["--throttle", "0.05", "--errors", "0.04", "--lost-answers", "0.04", "--latency", "3ms"];
        let (place, server) = (Place::new(240), Process::start(&faults));
        let csv = place.csv();
        let limited = place.watched(&server, &["run", &csv, "--limit", "60"]).output().unwrap();
        assert_eq!(limited.status.code(), Some(4), "{}", String::from_utf8_lossy(&limited.stderr));
        let mut killed = place.watched(&server, &["run", &csv]).spawn().unwrap();
        pause(Duration::from_millis(400));
        killed.kill().unwrap();
        killed.wait().unwrap();
        let done = place.watched(&server, &["resume"]).output().unwrap();
        assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
        Self::end(place, server)
    }

    /// The engine, saying aloud what was acknowledged, long enough for checkpoints in between.
    fn of_the_engine() -> Self {
        let (place, server) = (Place::new(0), Process::start(&["--throttle", "0.02", "--latency", "3ms"]));
        let mut command = driver::command(&place.journal(), &server.endpoint, 600);
        recording::watch(&mut command, &place.journal_folder(), &place.log());
        let done = command.output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stdout));
        Self::end(place, server)
    }

    /// A run whose fsync fails once, and what it wrote before is gone for good, although the next run reads it. The run ends
    /// by itself (`once`), or dies there and then (`kill`).
    fn of_a_failing_fsync(nth: usize, how: &str) -> Self {
        let (place, server) = (Place::new(40), Process::start(&["--latency", "3ms"]));
        let csv = place.csv();
        // One settlement at a time, however slow the machine is: a group is a sync, and there must be more than `nth`.
        let mut failing = place.watched(&server, &["run", &csv, "--rate", "40", "--burst", "1"]);
        let failed = failing.env("CAMPAIGN_DISK_FAULT", format!("{nth}:5:{how}:s")).output().unwrap();
        let code = (how == "once").then_some(1);
        assert_eq!(failed.status.code(), code, "{}", String::from_utf8_lossy(&failed.stderr));
        let done = place.watched(&server, &["run", &csv]).output().unwrap();
        assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
        Self::end(place, server)
    }

    fn end(place: Place, server: Process) -> Self {
        let (events, contacts) = (place.calls(), place::contacts(&server));
        let recording = Self { place, server, events, contacts };
        recording.is_whole();
        recording
    }

    /// What was written down is all that was done: the files are what the calls made of them, and the server saw the
    /// requests that left.
    fn is_whole(&self) {
        let (mut disk, mut told) = (Disk::default(), Told::default());
        for event in &self.events {
            disk.apply(event);
            told.hear(event);
        }
        let seen = disk.seen();
        let names: Vec<_> = seen.keys().map(String::as_str).collect();
        assert_eq!(names, ["journal.db", "journal.db.mark"], "a run that ends leaves no log");
        let found = std::fs::read(self.place.journal()).unwrap();
        assert!(found == seen["journal.db"], "the calls give another journal than the one on disk");
        let requests: u32 = told.requests.values().sum();
        let log = self.server.get("/_simulator/requests");
        let arrived = log.lines().filter(|line| line.contains("StartOutboundChatContact")).count();
        assert!(requests as usize >= arrived && arrived > 0, "{requests} left, {arrived} arrived");
        assert!(told.acknowledged() > 0);
    }

    /// Goes through the campaign and loses power `images` times, evenly over its calls; twice as often where the world
    /// hears of something. Says how many images knew less than the world, and the first of them.
    fn lose_power(&self, images: usize, seed: u64, resumed_every: usize) -> (usize, Option<String>) {
        let weight = |event: &Event| if matches!(event.kind, Kind::Send | Kind::Print) { 4 } else { 1 };
        let total: usize = self.events.iter().map(weight).sum();
        let mut chance = fastrand::Rng::with_seed(seed);
        let (mut disk, mut told) = (Disk::default(), Told::default());
        let (mut passed, mut made, mut losses, mut first) = (0, 0, 0, None);
        for (at, event) in self.events.iter().enumerate() {
            disk.apply(event);
            told.hear(event);
            passed += weight(event);
            while made * total < passed * images {
                made += 1;
                let resumed = made % resumed_every == 0;
                if let Err(what) = self.boot(&disk, &told, &mut chance, resumed) {
                    losses += 1;
                    first.get_or_insert_with(|| {
                        format!("seed {seed}, image {made}, call {at} of {}: {what}", self.events.len())
                    });
                }
            }
        }
        (losses, first)
    }

    /// The first call of the second process that wrote to the database while a part of the log was not on disk: nothing would
    /// repair the page that it leaves half-written.
    fn written_too_early(&self) -> Option<usize> {
        let (mut disk, mut failed, mut second) = (Disk::default(), false, false);
        self.events.iter().position(|event| {
            failed |= event.kind == Kind::Sync && event.error != 0;
            second |= failed && event.kind == Kind::Open;
            let writes = second && event.kind == Kind::Write && event.begins && event.name == "journal.db";
            let too_early = writes && !disk.is_synced("journal.db-wal");
            disk.apply(event);
            too_early
        })
    }

    /// The power is lost and comes back.
    fn boot(
        &self,
        disk: &Disk,
        told: &Told,
        chance: &mut fastrand::Rng,
        resumed: bool,
    ) -> Result<(), String> {
        let image = disk.lose_power(chance);
        // What only looks does so elsewhere: nothing of the image before is left there, not even a lock.
        let folder = place::folder();
        for (name, bytes) in &image {
            std::fs::write(folder.path().join(name), bytes).unwrap();
        }
        let result = image::check(folder.path(), told, &self.contacts);
        // What runs finds the journal where the power was lost.
        if resumed && result.is_ok() && !told.requests.is_empty() {
            self.place.hold(&image);
            self.resume();
        }
        result
    }

    /// Goes on from an image: the server met every token before, and starts no second contact.
    fn resume(&self) {
        let output = self.place.go_on(&self.server);
        let words = String::from_utf8_lossy(&output.stderr);
        assert!(matches!(output.status.code(), Some(0 | 3)), "{words}");
        assert_eq!(place::contacts(&self.server), self.contacts, "{words}");
    }

    /// The same campaign as it would have been on a disk that was not asked to sync these files.
    fn without_syncs_of(mut self, name: &str) -> Self {
        self.events.retain(|event| event.kind != Kind::Sync || event.name != name);
        self
    }
}

fn images() -> usize {
    scaled("CAMPAIGN_IMAGES", 1_000)
}

fn seed() -> u64 {
    scaled("CAMPAIGN_SEED", 1) as u64
}

#[expect(clippy::disallowed_methods, reason = "another process runs meanwhile")]
pub(crate) fn pause(time: Duration) {
    std::thread::sleep(time);
}

/// Promises 2 and 4, and 7 for a share of the images.
#[test]
fn the_program_knows_after_a_power_loss_what_the_world_knows() {
    let (losses, first) = Recording::of_the_program().lose_power(images() / 2, seed(), 50);
    assert_eq!(losses, 0, "{}", first.unwrap_or_default());
}

/// Promises 2 and 4, contact by contact.
#[test]
fn the_engine_knows_after_a_power_loss_what_it_has_acknowledged() {
    let (losses, first) = Recording::of_the_engine().lose_power(images() / 2, seed(), usize::MAX);
    assert_eq!(losses, 0, "{}", first.unwrap_or_default());
}

/// What an fsync that failed left in the system's memory is not taken for what is on disk.
#[test]
fn what_a_failed_fsync_left_is_written_again() {
    for (nth, how) in [(16, "once"), (20, "kill"), (24, "once"), (24, "kill")] {
        let recording = Recording::of_a_failing_fsync(nth, how);
        assert_eq!(recording.written_too_early(), None, "fsync {nth}, {how}");
        let (losses, first) = recording.lose_power(images() / 10, seed(), usize::MAX);
        assert_eq!(losses, 0, "fsync {nth}, {how}: {}", first.unwrap_or_default());
    }
}

/// The images can show a loss: without the syncs that `synchronous=NORMAL` leaves out, many do.
#[test]
fn without_a_sync_per_commit_the_images_show_losses() {
    let recording = Recording::of_the_engine().without_syncs_of("journal.db-wal");
    let (losses, _) = recording.lose_power(200, seed(), usize::MAX);
    assert!(losses > 50, "{losses} of 200");
}
