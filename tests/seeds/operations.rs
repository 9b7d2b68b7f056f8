//! Random operations on a journal, as `model` does them to the real one and to the reference.

use proptest::prelude::*;
use proptest::sample::Index;

/// One line of a file: a key, a text, and whether it is suppressed.
pub(crate) type Entry = (u8, u64, bool);

/// What is done to the journal and to its model.
#[derive(Debug, Clone)]
pub(crate) enum Operation {
    /// Reads a file: before anything is claimed, or, with `--stream`, while rows are.
    Plan(Vec<Entry>, bool),
    ClaimNext(bool, u32),
    ClaimAgain(Vec<Index>),
    Settle(Vec<(Index, Outcome)>),
    Expire,
    RetryFailed,
    Crash,
    Pass(i64),
}

/// What comes of a claimed row.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Outcome {
    Answered,
    NotNow,
    Refused,
    Unanswered,
    TokenExpired,
    GivenBack,
}

/// One operation; those that move rows come more often.
pub(crate) fn operation() -> impl Strategy<Value = Operation> {
    let entry = (0..12_u8, 0..3_u64, prop::bool::weighted(0.15));
    let outcome = prop_oneof![
        Just(Outcome::Answered),
        Just(Outcome::NotNow),
        Just(Outcome::Refused),
        Just(Outcome::Unanswered),
        Just(Outcome::Unanswered),
        Just(Outcome::TokenExpired),
        Just(Outcome::GivenBack),
    ];
    let day = 24 * 3_600_000;
    prop_oneof![
        2 => (prop::collection::vec(entry, 0..12), any::<bool>())
            .prop_map(|(file, streamed)| Operation::Plan(file, streamed)),
        4 => (any::<bool>(), 1..6_u32).prop_map(|(in_doubt, most)| Operation::ClaimNext(in_doubt, most)),
        2 => prop::collection::vec(any::<Index>(), 0..4).prop_map(Operation::ClaimAgain),
        6 => prop::collection::vec((any::<Index>(), outcome), 0..5).prop_map(Operation::Settle),
        1 => Just(Operation::Expire),
        1 => Just(Operation::RetryFailed),
        1 => Just(Operation::Crash),
        2 => prop_oneof![0..10_000_i64, 0..4 * day, Just(6 * day), Just(-day)].prop_map(Operation::Pass),
    ]
}
