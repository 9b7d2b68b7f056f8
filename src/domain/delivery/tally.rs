//! Counts of rows by state. They add up, or something is wrong.

use std::ops::{Index, IndexMut};

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::domain::delivery::state::State;

/// How many rows are in each state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally([u64; State::ALL.len()]);

impl Tally {
    /// Counts the rows of an iterator of states.
    pub fn of(states: impl IntoIterator<Item = State>) -> Self {
        let mut tally = Self::default();
        for state in states {
            tally[state] += 1;
        }
        tally
    }

    /// All rows: the sum over the states.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.0.iter().sum()
    }

    /// Rows that can or could be sent to: all but rejected, duplicate, suppressed, withdrawn and expired ones.
    #[must_use]
    pub fn eligible(&self) -> u64 {
        self.unsettled() + self[State::Started] + self[State::Failed] + self[State::Uncertain]
    }

    /// Rows that still wait for an outcome.
    #[must_use]
    pub fn unsettled(&self) -> u64 {
        self[State::Queued] + self[State::Attempting]
    }

    /// The counts with their states, in the order in which results list them.
    pub fn iter(&self) -> impl Iterator<Item = (State, u64)> + '_ {
        State::ALL.into_iter().map(|state| (state, self[state]))
    }
}

/// `rows`, then each state's count under its name, in the order of results: counts that add up to the first.
impl Serialize for Tally {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1 + State::ALL.len()))?;
        map.serialize_entry("rows", &self.rows())?;
        for (state, rows) in self.iter() {
            map.serialize_entry(state.name(), &rows)?;
        }
        map.end()
    }
}

impl Index<State> for Tally {
    type Output = u64;

    fn index(&self, state: State) -> &u64 {
        &self.0[usize::from(state.code())]
    }
}

impl IndexMut<State> for Tally {
    fn index_mut(&mut self, state: State) -> &mut u64 {
        &mut self.0[usize::from(state.code())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_is_the_number_of_rows() {
        let tally = Tally::of([State::Started, State::Started, State::Queued, State::Rejected]);
        assert_eq!((tally.rows(), tally.eligible(), tally.unsettled()), (4, 3, 1));
        assert_eq!(tally.iter().map(|(_, rows)| rows).sum::<u64>(), tally.rows());
    }
}
