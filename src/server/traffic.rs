//! Counting the requests to this server.

use std::collections::BTreeMap;

use hyper::StatusCode;
use parking_lot::Mutex;

use super::routes::Route;

/// Requests by route and status since the start.
#[derive(Debug)]
pub struct Traffic(Mutex<BTreeMap<(&'static str, StatusCode), u64>>);

impl Default for Traffic {
    /// What is to be expected is there from the start, at 0: `rate()` cannot see a counter's first appearance.
    fn default() -> Self {
        Self(Mutex::new(Route::usual_answers().map(|answer| (answer, 0)).collect()))
    }
}

impl Traffic {
    /// Shows these answers, at 0 if there were none.
    pub fn expect(&self, answers: impl Iterator<Item = (&'static str, StatusCode)>) {
        let mut counts = self.0.lock();
        answers.for_each(|answer| *counts.entry(answer).or_default() += 0);
    }

    /// Counts one answer.
    pub fn count(&self, path: &'static str, status: StatusCode) {
        *self.0.lock().entry((path, status)).or_default() += 1;
    }

    /// Path, status and count of everything so far.
    pub fn counts(&self) -> BTreeMap<(&'static str, StatusCode), u64> {
        self.0.lock().clone()
    }
}
