//! What came of one attempt at a source.

use std::collections::BTreeMap;

use crate::{
    clock::Instant,
    github::{Failure, Reason},
};

/// So many failures in a row end a round: GitHub is down, and asking for a thousand teams will not bring it back.
const MOST_FAILURES_IN_A_ROW: u32 = 3;

/// The questions of one attempt, as far as they have been asked.
#[derive(Debug, Default)]
pub struct Round {
    /// How often it failed, by reason.
    pub failures: BTreeMap<Reason, u64>,
    /// The first failure.
    pub problem: Option<Failure>,
    /// When GitHub said it may be asked again.
    pub retry_at: Option<Instant>,
    /// Whether asking on is useless or harmful.
    pub over: bool,
    in_a_row: u32,
}

impl Round {
    /// Takes note of one question.
    pub fn took(&mut self, asked: Result<(), Failure>) {
        let Err(failure) = asked else {
            self.in_a_row = 0;
            return;
        };
        *self.failures.entry(failure.reason).or_default() += 1;
        self.retry_at = self.retry_at.max(failure.retry_at);
        // A refusal of one target is an answer: GitHub is not down.
        self.in_a_row = if failure.reason.is_about_target() { 0 } else { self.in_a_row + 1 };
        self.over |= failure.reason.stops_round() || self.in_a_row >= MOST_FAILURES_IN_A_ROW;
        self.problem.get_or_insert(failure);
    }

    /// Takes over the failures of another.
    pub fn absorb(&mut self, other: Self) {
        for (reason, count) in other.failures {
            *self.failures.entry(reason).or_default() += count;
        }
        self.problem = other.problem.or(self.problem.take());
    }
}
