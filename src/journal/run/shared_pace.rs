//! One pace for all runs of an account: a token bucket in the journal, from which every run takes its permits.
//!
//! The bucket is GCRA, as in [`crate::pace`], on the wall clock of the machine, which all its processes share. A clock that
//! is set back does not stall it for longer than the bucket takes to fill.

use std::time::Duration;

use rusqlite::{OptionalExtension, Transaction, params};

use crate::domain::unix_millis::Stamp;

/// Whose pace it is, and how fast.
#[derive(Debug, Clone, PartialEq)]
pub struct SharedPace {
    /// Account, Region, and who answers: what a quota of the service holds for.
    pub owner: String,
    /// Requests per second of all runs together.
    pub rate: f64,
    /// Requests that may leave at once.
    pub burst: u32,
}

impl SharedPace {
    /// How long a permit may be used after its time.
    pub const GRACE: Duration = Duration::from_millis(20);

    /// What of the burst is given: permits that are used late may meet later ones that are used at once.
    fn given(&self) -> u32 {
        let late = (self.rate * Self::GRACE.as_secs_f64()).ceil() as u32;
        self.burst.saturating_sub(late).max(1)
    }
}

/// Takes permits, and says how long from `now` to wait before each is used.
pub(in crate::journal) fn reserve(
    tx: &Transaction<'_>,
    shared: &SharedPace,
    many: u32,
    now: Stamp,
) -> rusqlite::Result<Vec<Duration>> {
    let period = (1e6 / shared.rate).ceil() as i64;
    let tolerance = period * i64::from(shared.given() - 1);
    let now = now.millis() * 1_000;
    let kept: Option<i64> = tx
        .prepare_cached("SELECT next_at FROM pace WHERE owner = ?1")?
        .query_row([&shared.owner], |row| row.get(0))
        .optional()?;
    // What lies further ahead than anybody can have taken was written by a clock that has been set back since.
    let furthest = now + tolerance + period * 100 + 10_000_000;
    let mut next = kept.filter(|next| *next <= furthest).unwrap_or(now).max(now);
    let mut waits = Vec::with_capacity(many as usize);
    for _ in 0..many {
        let wait = (next - tolerance - now).max(0);
        waits.push(Duration::from_micros(wait.unsigned_abs()));
        next += period;
    }
    tx.prepare_cached(
        "INSERT INTO pace (owner, next_at) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET next_at = excluded.next_at",
    )?
    .execute(params![shared.owner, next])?;
    Ok(waits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Journal;

    fn at(journal: &mut Journal, shared: &SharedPace, many: u32, now: i64) -> Vec<u64> {
        let tx = journal.connection.transaction().unwrap();
        let waits = reserve(&tx, shared, many, Stamp::from_millis(now)).unwrap();
        tx.commit().unwrap();
        waits.into_iter().map(|wait| u64::try_from(now).unwrap() + wait.as_millis() as u64).collect()
    }

    #[test]
    fn several_takers_have_one_bucket() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(&folder.path().join("journal.db")).unwrap();
        let shared = SharedPace { owner: "a".to_owned(), rate: 2.0, burst: 4 };
        assert_eq!(
            at(&mut journal, &shared, 4, 10_000),
            [10_000, 10_000, 10_000, 10_500],
            "one for the grace"
        );
        assert_eq!(at(&mut journal, &shared, 1, 10_100), [11_000]);
        let other = SharedPace { owner: "b".to_owned(), ..shared.clone() };
        assert_eq!(at(&mut journal, &other, 1, 10_100), [10_100]);
        assert_eq!(at(&mut journal, &shared, 1, 600_000), [600_000]);
        assert_eq!(at(&mut journal, &shared, 3, 0), [0, 0, 0], "the clock was set back");
    }

    #[test]
    fn what_is_given_at_once_leaves_room_for_permits_that_are_used_late() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(&folder.path().join("journal.db")).unwrap();
        let shared = SharedPace { owner: "a".to_owned(), rate: 100.0, burst: 20 };
        let waits = at(&mut journal, &shared, 20, 5_000);
        assert_eq!(waits[..18], [5_000; 18], "two of them for 20 ms at 100 a second");
        assert_eq!(waits[18..], [5_010, 5_020]);
    }

    /// A hundred permits and ten seconds ahead of a full bucket is believed, and anything further is not.
    #[test]
    fn what_lies_too_far_ahead_was_written_by_another_clock() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(&folder.path().join("journal.db")).unwrap();
        for (owner, taken, next) in [("a", 122, 60_000), ("b", 123, 0)] {
            let shared = SharedPace { owner: owner.to_owned(), rate: 2.0, burst: 4 };
            at(&mut journal, &shared, taken, 0);
            assert_eq!(at(&mut journal, &shared, 1, 0), [next], "after {taken}");
        }
    }
}
