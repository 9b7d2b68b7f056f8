//! Random operations on a journal, as `model` does them to the real one and to the reference.

use proptest::prelude::*;
use proptest::sample::Index;

/// One line of a file: a key, a text, and whether it is suppressed.
pub(crate) type Entry = (u8, u64, bool);

/// What is done to the journal and to its model.
#[derive(Debug, Clone)]
pub(crate) enum Operation {
    /// Reads a file: before anything is claimed, or, with `--stream`, while rows are; and with another attempt for failed rows.
    Plan(Vec<Entry>, bool, bool),
    /// Reads a file with another attempt for failed rows, which nobody agrees to, and then another file.
    Refuse(Vec<Entry>, Vec<Entry>),
    ClaimNext(bool, u32),
    /// Rows that waited for a limit, and need not any more.
    ClaimWaited(u32),
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
    let file = prop::collection::vec(entry, 0..12);
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
        1 => (file.clone(), file.clone()).prop_map(|(file, then)| Operation::Refuse(file, then)),
        2 => (file, any::<bool>(), any::<bool>())
            .prop_map(|(file, streamed, retries)| Operation::Plan(file, streamed, retries)),
        4 => (any::<bool>(), 1..6_u32).prop_map(|(in_doubt, most)| Operation::ClaimNext(in_doubt, most)),
        2 => (1..6_u32).prop_map(Operation::ClaimWaited),
        2 => prop::collection::vec(any::<Index>(), 0..4).prop_map(Operation::ClaimAgain),
        6 => prop::collection::vec((any::<Index>(), outcome), 0..5).prop_map(Operation::Settle),
        1 => Just(Operation::Expire),
        1 => Just(Operation::RetryFailed),
        1 => Just(Operation::Crash),
        2 => prop_oneof![0..10_000_i64, Just(3_600_000), 0..4 * day, Just(6 * day), Just(-day)].prop_map(Operation::Pass),
    ]
}

/// What claims keep to.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    /// Contacts of a number, at most, in so many milliseconds.
    pub(crate) per_recipient: Option<(u32, i64)>,
    /// Contacts in all, at most.
    pub(crate) contacts: Option<u64>,
    /// Of one number, one contact at a time.
    pub(crate) one_open: bool,
}

pub(crate) fn rules() -> impl Strategy<Value = Rules> {
    let window = prop_oneof![5_000..20_000_i64, Just(3 * 3_600_000), Just(30 * 3_600_000)];
    let per_recipient = prop::option::of((1..4_u32, window));
    let contacts = prop::option::weighted(0.3, 1..8_u64);
    (per_recipient, contacts, any::<bool>()).prop_map(|(per_recipient, contacts, one_open)| Rules {
        per_recipient,
        contacts,
        one_open,
    })
}
