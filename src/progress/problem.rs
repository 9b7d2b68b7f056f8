//! Which refusals are worth a word, and the word. Never with a number, not even a masked one: the line of the file says
//! who it was. Problems of one kind stand together, or a service that is away for a minute would fill every screen.

use std::time::Duration;

use crate::domain::delivery::refusal::RefusalKind;
use crate::domain::delivery::state::State;
use crate::domain::figures::Grouped;
use crate::domain::foreign::ForeignText;
use crate::domain::reasons;
use crate::domain::unix_millis::UnixMillis;
use crate::engine::RefusedAttempt;

/// The service's words are cut off behind this many characters; the report has them in full.
const LONGEST: usize = 160;
/// Kinds of problems that are kept, at most: those that were met last.
const KINDS: usize = 16;

/// What becomes of a row, or of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ProblemOutcome {
    Refused,
    Unknown,
    Halts,
    SenderHalts,
    Again,
    Left,
}

impl ProblemOutcome {
    fn words(self) -> &'static str {
        match self {
            Self::Refused => "not tried again",
            Self::Unknown => "nobody knows whether it was started",
            Self::Halts => "the run stops",
            Self::SenderHalts => "its sender stops",
            Self::Again => "tried again",
            Self::Left => "left to the next run",
        }
    }

    /// Its name in events.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Refused => "failed",
            Self::Unknown => "unknown",
            Self::Halts => "halts",
            Self::SenderHalts => "halts its sender",
            Self::Again => "retried",
            Self::Left => "left",
        }
    }
}

/// A refusal that people want to know of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ShownProblem {
    pub(super) at: UnixMillis,
    pub(super) line: Option<u64>,
    pub(super) attempt: u32,
    pub(super) outcome: ProblemOutcome,
    pub(super) code: ForeignText,
    pub(super) message: ForeignText,
    pub(super) retry_in: Option<Duration>,
}

impl ShownProblem {
    /// The problem; `None` where requests only have to wait, which the counts tell.
    pub(super) fn of(refused: &RefusedAttempt, at: UnixMillis) -> Option<Self> {
        let outcome = match (refused.kind, refused.retry_in) {
            (RefusalKind::Throttled | RefusalKind::ActiveChats, _) => return None,
            (_, Some(_)) => ProblemOutcome::Again,
            _ if refused.halts_sender => ProblemOutcome::SenderHalts,
            (RefusalKind::Renewed | RefusalKind::Unreachable, None) => ProblemOutcome::Left,
            (RefusalKind::InvalidRequest | RefusalKind::Conflict, None) => ProblemOutcome::Refused,
            (RefusalKind::Unknown, None) => ProblemOutcome::Unknown,
            (
                RefusalKind::AccessDenied
                | RefusalKind::NotFound
                | RefusalKind::Credentials
                | RefusalKind::Unexpected
                | RefusalKind::RepeatedContactId,
                None,
            ) => ProblemOutcome::Halts,
        };
        Some(Self {
            at,
            line: refused.line,
            attempt: refused.attempt,
            outcome,
            code: refused.code.clone(),
            message: refused.message.clone(),
            retry_in: refused.retry_in,
        })
    }
}

impl ShownProblem {
    /// The service's words as they are told.
    pub(super) fn words(&self) -> String {
        self.message.shown_up_to(LONGEST).to_string()
    }
}

/// Problems by kind, the one that was met last at the end.
#[derive(Debug, Default)]
pub(super) struct ShownProblems(Vec<(ShownProblem, u64)>);

impl ShownProblems {
    pub(super) fn add(&mut self, problem: ShownProblem) {
        let same = |other: &(ShownProblem, u64)| {
            (other.0.outcome, &other.0.code) == (problem.outcome, &problem.code)
        };
        let before = self.0.iter().position(same).map_or(0, |index| self.0.remove(index).1);
        self.0.push((problem, before + 1));
        if self.0.len() > KINDS {
            self.0.remove(0);
        }
    }

    /// The last so many, as lines: when, and what. The time is given words by `clock`.
    pub(super) fn last(&self, many: usize, clock: impl Fn(UnixMillis) -> String) -> Vec<String> {
        let skip = self.0.len().saturating_sub(many);
        self.0.iter().skip(skip).map(|(last, count)| words(last, *count, &clock)).collect()
    }
}

fn words(last: &ShownProblem, count: u64, clock: impl Fn(UnixMillis) -> String) -> String {
    let mut words = clock(last.at);
    match (last.line, count) {
        (Some(line), 1) => words.push_str(&format!("line {line}")),
        (None, 1) => words.push_str("a row of an earlier file"),
        (Some(line), _) => words.push_str(&format!("{} times, last line {line}", Grouped(count))),
        (None, _) => words.push_str(&format!("{} times", Grouped(count))),
    }
    words.push_str(&format!(": {}: ", last.outcome.words()));
    // What was answered is told in the service's words, what was not in ours.
    let code = last.code.shown();
    let lost = matches!(last.outcome, ProblemOutcome::Again | ProblemOutcome::Unknown | ProblemOutcome::Left);
    if lost || last.message.is_empty() {
        let explained = reasons::reason(State::Attempting, Some(last.code.raw()));
        words.push_str(&format!("{code}: {}", explained.what));
    } else {
        words.push_str(&format!("{code}: {}", last.words()));
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(kind: RefusalKind, code: &str) -> RefusedAttempt {
        RefusedAttempt {
            halts_sender: false,
            line: Some(17),
            destination: "+1202•••0104".to_owned(),
            attempt: 1,
            kind,
            code: code.into(),
            message: "the\u{1b}[2Jservice's words".into(),
            retry_in: None,
            took: Duration::from_millis(43),
            request_id: None,
        }
    }

    #[test]
    fn what_ends_a_row_or_a_run_and_what_is_tried_again_is_told_and_what_waits_is_not() {
        let mut text = String::new();
        for kind in [
            RefusalKind::InvalidRequest,
            RefusalKind::AccessDenied,
            RefusalKind::Unknown,
            RefusalKind::Unreachable,
            RefusalKind::Throttled,
            RefusalKind::ActiveChats,
        ] {
            let mut refused = refused(kind, "SomeException");
            for retry_in in [None, Some(Duration::from_secs(1))] {
                refused.retry_in = retry_in;
                let told = ShownProblem::of(&refused, UnixMillis::from_millis(0));
                let words = told.map(|problem| words(&problem, 1, |_| String::new()));
                text.push_str(&format!("{kind:?}: {}\n", words.unwrap_or_default()));
            }
        }
        insta::assert_snapshot!(text);
    }

    #[test]
    fn problems_of_one_kind_stand_together_and_the_last_one_met_at_the_end() {
        let mut problems = ShownProblems::default();
        let at = UnixMillis::from_millis(0);
        for (line, kind, code) in [
            (2, RefusalKind::InvalidRequest, "InvalidRequestException"),
            (3, RefusalKind::Unknown, "Timeout"),
            (4, RefusalKind::InvalidRequest, "InvalidRequestException"),
        ] {
            let refused = RefusedAttempt { line: Some(line), message: "".into(), ..refused(kind, code) };
            problems.add(ShownProblem::of(&refused, at).expect("a problem"));
        }
        let lines = problems.last(9, |_| "09:30 ".to_owned());
        assert_eq!(
            lines,
            [
                "09:30 line 3: nobody knows whether it was started: Timeout: no answer that says whether a contact exists",
                "09:30 2 times, last line 4: not tried again: InvalidRequestException: the service says that this request \
                 is wrong",
            ]
        );
        assert_eq!(problems.last(1, |_| String::new()).len(), 1);
        for code in 0..100 {
            let refused = refused(RefusalKind::Unknown, &code.to_string());
            problems.add(ShownProblem::of(&refused, at).expect("a problem"));
        }
        assert_eq!(problems.0.len(), KINDS, "bounded");
    }

    #[test]
    fn long_words_are_cut() {
        let message = |length: usize| {
            let refused = RefusedAttempt {
                message: "é".repeat(length).into(),
                ..refused(RefusalKind::AccessDenied, "X")
            };
            ShownProblem::of(&refused, UnixMillis::from_millis(0)).expect("a problem").words()
        };
        assert_eq!(message(LONGEST).chars().count(), LONGEST);
        assert!(message(LONGEST + 1).ends_with("é…"));
    }
}
