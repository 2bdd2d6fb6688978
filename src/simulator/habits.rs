//! How one person works with Copilot: drawn once, the same every day.

use chrono::{Datelike, NaiveDate};
use fastrand::Rng;

use super::dice::{chance, weighted};
use super::models;
use super::stack::{Editor, Stack};

/// A person's tastes. Rates are per mille of days, sizes are typical counts on a full working day.
#[derive(Clone, Debug)]
pub(super) struct Habits {
    /// One editor, or a main one and a second.
    pub(super) editors: Vec<Editor>,
    /// Languages with weights that add up to at most 1000; the first is the main one.
    pub(super) languages: Vec<(&'static str, u64)>,
    /// One model, or a favourite and a second.
    pub(super) models: Vec<&'static str>,
    /// Completions shown on a full working day; 0 for people who switched completions off.
    pub(super) completions: u64,
    /// Completions accepted, per mille of those shown.
    pub(super) acceptance: u64,
    /// Days with chat in the panel or inline, per mille.
    pub(super) chat: u64,
    /// Days with agent mode, per mille.
    pub(super) agent: u64,
    /// Days with the command line, per mille.
    pub(super) cli: u64,
    /// The day of the week (0 is Monday) a part-timer has off.
    pub(super) off: Option<u32>,
    /// Days with the app, per mille.
    pub(super) app: u64,
    /// Days with the cloud agent, per mille.
    pub(super) cloud_agent: u64,
    /// Days with the Agents window of Visual Studio Code, per mille of those who have it.
    pub(super) agents_window: u64,
    /// Days with each of the other companies' agents, per mille.
    pub(super) third_party: u64,
    /// Days on which Copilot is asked for a review, per mille.
    pub(super) review: u64,
    /// Days on which pull requests are opened, reviewed, merged: per mille for each.
    pub(super) pull_requests: u64,
}

impl Habits {
    /// Draws the habits of somebody who works with `stack`.
    pub(super) fn draw(rng: &mut Rng, stack: &Stack) -> Self {
        let keen = weighted(rng, &[(2_u64, 25), (6, 50), (14, 25)]);
        Self {
            editors: two_of(rng, stack.editors, 250),
            languages: languages(rng, stack),
            models: two_of(rng, &models::CHOICES, 400),
            completions: if chance(rng, 40) { 0 } else { keen * rng.u64(5..=12) },
            acceptance: rng.u64(160..=420),
            chat: weighted(rng, &[(40, 25), (300, 50), (750, 25)]),
            agent: weighted(rng, &[(0, 35), (200, 40), (800, 25)]),
            cli: weighted(rng, &[(0, 70), (150, 20), (700, 10)]),
            off: chance(rng, 120).then(|| rng.u32(0..5)),
            app: weighted(rng, &[(0, 88), (250, 8), (800, 4)]),
            cloud_agent: weighted(rng, &[(0, 60), (80, 25), (350, 15)]),
            agents_window: weighted(rng, &[(0, 75), (200, 17), (700, 8)]),
            third_party: weighted(rng, &[(0, 85), (100, 15)]),
            review: weighted(rng, &[(0, 45), (120, 38), (400, 17)]),
            pull_requests: rng.u64(100..=500),
        }
    }

    /// Whether this day of the week is one the person works at all, the company permitting.
    pub(super) fn works_on(&self, day: NaiveDate) -> bool {
        self.off != Some(day.weekday().num_days_from_monday())
    }
}

/// A favourite, and with probability `second` per mille another one.
fn two_of<T: Copy + PartialEq>(rng: &mut Rng, choices: &[(T, u64)], second: u64) -> Vec<T> {
    let mut chosen = vec![weighted(rng, choices)];
    if chance(rng, second) {
        let other = weighted(rng, choices);
        if other != chosen[0] {
            chosen.push(other);
        }
    }
    chosen
}

/// Two to four languages of the stack, the first with most of the weight.
fn languages(rng: &mut Rng, stack: &Stack) -> Vec<(&'static str, u64)> {
    const SHARES: [u64; 4] = [600, 250, 100, 50];
    let mut chosen: Vec<&str> = Vec::new();
    for _ in 0..rng.usize(2..=5) {
        let language = weighted(rng, stack.languages);
        if !chosen.contains(&language) {
            chosen.push(language);
        }
    }
    chosen.into_iter().zip(SHARES).collect()
}

#[cfg(test)]
mod tests {
    use super::super::stack::SUBJECTS;
    use super::*;

    #[test]
    fn everybody_has_an_editor_a_language_and_a_model_and_nothing_twice() {
        for seed in 0..2_000 {
            let mut rng = Rng::with_seed(seed);
            let (_, stack) = SUBJECTS[rng.usize(..SUBJECTS.len())];
            let habits = Habits::draw(&mut rng, stack);
            assert!((1..=2).contains(&habits.editors.len()), "{habits:?}");
            assert!((1..=4).contains(&habits.languages.len()), "{habits:?}");
            assert!((1..=2).contains(&habits.models.len()), "{habits:?}");
            assert!(habits.editors.first() != habits.editors.get(1), "{habits:?}");
        }
    }
}
