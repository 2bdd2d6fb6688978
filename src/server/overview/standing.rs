//! How a source is doing, in one word.

use maud::{Markup, html};

use crate::model::state::SourceState;

/// The word, with a symbol beside its colour: not everyone sees colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    /// Something could not be read the last time.
    Failing,
    /// GitHub has published nothing yet.
    Waiting,
    /// The first attempt has not ended.
    Unasked,
    /// Everything was read.
    Works,
}

impl Standing {
    /// Of a source.
    pub(super) fn of(state: &SourceState) -> Self {
        match &state.last {
            None => Self::Unasked,
            Some(attempt) if !attempt.is_success() => Self::Failing,
            Some(attempt) if attempt.waiting => Self::Waiting,
            Some(_) => Self::Works,
        }
    }

    /// The word for people.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Failing => "failing",
            Self::Waiting => "waiting",
            Self::Unasked => "not asked yet",
            Self::Works => "works",
        }
    }

    /// The class that gives the colour.
    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::Failing => "failing",
            Self::Waiting => "waiting",
            Self::Unasked => "unasked",
            Self::Works => "works",
        }
    }

    /// The symbol, left out of what is read aloud: the word says it.
    pub(super) fn symbol(self) -> Markup {
        let symbol = match self {
            Self::Failing => "\u{2715}",
            Self::Waiting => "\u{2026}",
            Self::Unasked => "\u{25cb}",
            Self::Works => "\u{2713}",
        };
        html! { span.symbol aria-hidden="true" { (symbol) } }
    }

    /// Symbol and word as a small sign.
    pub(super) fn sign(self) -> Markup {
        html! { span.sign.(self.class()) { (self.symbol()) " " (self.word()) } }
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, time::Duration};

    use super::*;
    use crate::{
        clock::Instant,
        github::Reason,
        model::state::{Attempt, Targets},
    };

    fn after(failures: &[(Reason, u64)], waiting: bool) -> SourceState {
        let last = Attempt {
            at: Instant::default(),
            took: Duration::ZERO,
            failures: BTreeMap::from_iter(failures.iter().copied()),
            problem: None,
            waiting,
            targets: Targets::default(),
            next: Instant::default(),
        };
        SourceState { last: Some(last), ..SourceState::default() }
    }

    #[test]
    fn every_case_has_its_word_and_a_failure_outdoes_waiting() {
        let failed = [(Reason::Timeout, 1)];
        let cases = [
            (SourceState::default(), "not asked yet"),
            (after(&[], false), "works"),
            (after(&[], true), "waiting"),
            (after(&failed, false), "failing"),
            (after(&failed, true), "failing"),
        ];
        for (state, word) in cases {
            assert_eq!(Standing::of(&state).word(), word);
        }
    }
}
