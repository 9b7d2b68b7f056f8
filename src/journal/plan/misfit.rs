//! Why a correction fits no rejected row, and what to do about it.

use thiserror::Error;

use crate::domain::next_step::{Advice, Command};

/// Of which correction it cannot be told what it corrects, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the correction of line {line} {why}")]
pub struct Misfit {
    /// What stands in rejected_line.
    pub line: u64,
    /// Why.
    pub why: MisfitReason,
}

/// Why it cannot be told what a correction corrects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum MisfitReason {
    /// The campaign has no such rejected row, or not any more.
    #[error("fits no row: the file that was run last does not have the rejected row that it was written for")]
    Gone,
    /// The correction has no id, and the row on its line has another key.
    #[error(
        "fits no row: the column rejected_id is missing, and no row that was rejected on this line has this key"
    )]
    Unnamed,
    /// The first file has the row corrected.
    #[error("comes late: the file that was run last has corrected this row already, in another way")]
    Otherwise,
    /// Several rows are the same in every cell.
    #[error("fits several rows: they were the same in every cell, and none of them is on this line any more")]
    Several,
    /// An earlier correction is for the same row.
    #[error("is one too many: an earlier row corrects the same rejected row")]
    Twice,
}

impl Misfit {
    /// What to do about it.
    pub(in crate::journal) fn hint(self) -> Advice {
        let unchanged = "; the campaign's rows are what they were";
        match self.why {
            MisfitReason::Twice => "leave one row for each rejected row".into(),
            MisfitReason::Otherwise => Advice::new(
                "leave it out of this file where the other one is right; else correct that one, and run it again",
            ),
            MisfitReason::Gone => Advice::new("leave it out of this file, and correct the first file instead, or ")
                .run(Command::Rejects)
                .then(" for a file of the rows that are rejected now"),
            MisfitReason::Unnamed => Advice::new("put the column back, or ")
                .run(Command::Rejects)
                .then(" for a file of the rows that are rejected now"),
            MisfitReason::Several => {
                Advice::new("").run(Command::Rejects).then(" has them with their lines of now: correct them there")
            }
        }
        .then(unchanged)
    }
}
