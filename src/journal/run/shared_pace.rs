//! The state of the buckets of [`SharedRate`], one a row: which permits the runs of an account have taken.

use std::time::Duration;

use rusqlite::{OptionalExtension, Transaction, params};

use crate::domain::delivery::shared_rate::{Reservation, SharedRate};
use crate::domain::unix_millis::UnixMillis;

/// Takes permits, and says how long from `now` to wait before each is used.
pub(in crate::journal) fn reserve(
    tx: &Transaction<'_>,
    shared: &SharedRate,
    permits: u32,
    now: UnixMillis,
) -> rusqlite::Result<Vec<Duration>> {
    let kept: Option<i64> = tx
        .prepare_cached("SELECT next_at FROM pace WHERE owner = ?1")?
        .query_row([&shared.owner], |row| row.get(0))
        .optional()?;
    let Reservation { waits, next_at } = shared.reserve(kept, permits, now.millis() * 1_000);
    tx.prepare_cached(
        "INSERT INTO pace (owner, next_at) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET next_at = excluded.next_at",
    )?
    .execute(params![shared.owner, next_at])?;
    Ok(waits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Journal;

    fn at(journal: &mut Journal, shared: &SharedRate, many: u32, now: i64) -> Vec<u64> {
        let tx = journal.connection.transaction().unwrap();
        let waits = reserve(&tx, shared, many, UnixMillis::from_millis(now)).unwrap();
        tx.commit().unwrap();
        waits.into_iter().map(|wait| u64::try_from(now).unwrap() + wait.as_millis() as u64).collect()
    }

    #[test]
    fn several_takers_have_one_bucket() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(&folder.path().join("journal.db")).unwrap();
        let shared = SharedRate { owner: "a".to_owned(), rate: 2.0, burst: 4 };
        assert_eq!(at(&mut journal, &shared, 3, 10_000), [10_000; 3], "one for the grace");
        assert_eq!(at(&mut journal, &shared, 1, 10_100), [10_500]);
        let other = SharedRate { owner: "b".to_owned(), ..shared.clone() };
        assert_eq!(at(&mut journal, &other, 1, 10_100), [10_100]);
        assert_eq!(at(&mut journal, &shared, 1, 10_100), [11_000]);
    }
}
