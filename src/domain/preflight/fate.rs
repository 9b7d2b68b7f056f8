//! What is planned for a row of the file. Why it is so is decided elsewhere.

use crate::domain::delivery::state::State;
use crate::domain::row::suppression::Suppressed;

/// What is planned for a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It is rejected.
    Rejected,
    /// An earlier row has its key: in this line, as far as that is known.
    Duplicate {
        /// The line.
        of: Option<u64>,
        /// Whether that line is known to have another number.
        differs: bool,
    },
    /// It is left out.
    Suppressed {
        /// Why.
        why: Suppressed,
        /// The lists that it is on, by their number from 0.
        lists: Vec<usize>,
        /// The key of a list that is the row's as a spreadsheet rewrites it, and what the two differ by, where that is why.
        rewritten: Option<(String, &'static str)>,
    },
    /// It is to be sent to.
    Queued,
    /// It could be sent to, and whether it is chosen is not known yet.
    Candidate,
}

impl Fate {
    /// Left out for this, and on no list.
    #[must_use]
    pub fn left_out(why: Suppressed) -> Self {
        Self::Suppressed { why, lists: Vec::new(), rewritten: None }
    }

    /// The state that the row is planned in.
    #[must_use]
    pub fn state(&self) -> State {
        match self {
            Self::Rejected => State::Rejected,
            Self::Duplicate { .. } => State::Duplicate,
            Self::Suppressed { .. } => State::Suppressed,
            Self::Queued | Self::Candidate => State::Queued,
        }
    }
}
