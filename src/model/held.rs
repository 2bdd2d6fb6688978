//! The last good answer to one question, for as long as it may be shown.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::state::MONTH;
use crate::clock::Instant;

/// What GitHub answered, and when it last said so; nothing before the first answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Held<T>(Option<(T, Instant)>);

impl<T> Default for Held<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Held<T> {
    /// What is held.
    pub fn get(&self) -> Option<&T> {
        self.0.as_ref().map(|(answer, _)| answer)
    }

    /// Takes in an answer, or that it is as it was.
    pub fn take(&mut self, answer: Option<T>, at: Instant) {
        match (answer, &mut self.0) {
            (Some(answer), held) => *held = Some((answer, at)),
            (None, Some((_, read))) => *read = at,
            (None, None) => {}
        }
    }

    /// Drops what has not been read for a month, and says whether there was anything.
    pub fn expire(&mut self, now: Instant) -> bool {
        self.0.take_if(|(_, read)| now - *read > TimeDelta::days(MONTH.into())).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_stays_until_it_was_neither_given_nor_confirmed_for_a_month() {
        let day = |day: i64| "2026-11-01T12:00:00Z".parse::<Instant>().unwrap() + TimeDelta::days(day);
        let mut held = Held::default();
        held.take(None, day(0));
        assert_eq!(held.get(), None, "as it was is nothing if nothing was");
        held.take(Some(1), day(0));
        held.take(None, day(10));
        assert!(!held.expire(day(38)));
        assert_eq!(held.get(), Some(&1));
        assert!(held.expire(day(38) + TimeDelta::seconds(1)));
        assert!(held.get().is_none() && !held.expire(day(99)));
    }
}
