//! When something was last read, and what to ask with so that it need not be sent again.

use chrono::TimeDelta;

use super::schedule::is_due;
use crate::{
    clock::Instant,
    github::{Answer, Failure, Reason, Validators},
};

/// Validators older than this are not used, so that everything is read whole once a day: the data they stand for may
/// have been dropped, and GitHub's tags need not know everything.
const VALIDATORS_LIVE: TimeDelta = TimeDelta::days(1);

/// The last reading of one question, and the validators it came with.
#[derive(Debug, Default)]
pub struct Validated {
    read: Option<Instant>,
    /// When it was last sent, and not only said to be unchanged.
    whole: Option<Instant>,
    validators: Validators,
}

impl Validated {
    /// The answer was sent.
    pub fn sent(&mut self, at: Instant, validators: Validators) {
        *self = Self { read: Some(at), whole: Some(at), validators };
    }

    /// The answer is as it was.
    pub fn unchanged(&mut self, at: Instant) {
        self.read = Some(at);
    }

    /// Takes note of an answer for which there is always something to say: what was sent, or nothing if it is as it was.
    pub fn take<T>(
        &mut self,
        answer: Result<Answer<T>, Failure>,
        asked: Instant,
    ) -> Result<Option<T>, Failure> {
        match answer? {
            Answer::Fresh(sent, validators) => {
                self.sent(asked, validators);
                Ok(Some(sent))
            }
            Answer::Unchanged => {
                self.unchanged(asked);
                Ok(None)
            }
            Answer::NotReady => Err(Failure::new(Reason::Decode, "the answer has no body")),
        }
    }

    /// Whether it was read at all.
    pub fn is_read(&self) -> bool {
        self.read.is_some()
    }

    /// Whether it was not read in this cycle.
    pub fn is_due(&self, cycle: Instant, now: Instant) -> bool {
        is_due(self.read, cycle, now)
    }

    /// What to ask with so that GitHub need not send again what is here.
    pub fn known(&self, now: Instant) -> Validators {
        // What was read in the future was read before the clock was set back.
        let fresh = self.whole.is_some_and(|whole| whole <= now && now - whole < VALIDATORS_LIVE);
        if fresh { self.validators.clone() } else { Validators::default() }
    }
}
