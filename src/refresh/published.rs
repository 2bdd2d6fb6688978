//! What the server serves: the newest rendering, swapped whole.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use arc_swap::{ArcSwap, ArcSwapOption};

use crate::{
    github::ledger::Ledger,
    metrics::{Exposition, Plan},
    model::overview::Overview,
};

/// One consistent picture: all of it was taken at the same moment.
#[derive(Debug, Default)]
pub struct Picture {
    /// For `/metrics`, but for the live series.
    pub exposition: Exposition,
    /// For the overview page.
    pub overview: Overview,
    /// What was asked of GitHub, and its limits; also for the page.
    pub ledger: Ledger,
    /// What of the data is served, and what is left out; also for the page.
    pub plan: Plan,
    /// Whether there is something to serve: what an earlier process knew, or that a first attempt at GitHub has ended,
    /// well or badly.
    pub ready: bool,
}

/// Where the refresh leaves its newest picture and the server takes it from. Neither waits for the other.
#[derive(Debug, Default)]
pub struct Published {
    picture: ArcSwap<Picture>,
    broken: AtomicBool,
    unsaved: ArcSwapOption<String>,
}

impl Published {
    /// The newest picture.
    pub fn picture(&self) -> Arc<Picture> {
        self.picture.load_full()
    }

    /// Replaces the picture.
    pub fn publish(&self, picture: Picture) {
        self.picture.store(Arc::new(picture));
    }

    /// Notes that a part of the refresh has ended by a mistake of ours, so that the picture may stay as it is.
    pub fn break_down(&self) {
        self.broken.store(true, Ordering::Relaxed);
    }

    /// Notes why the state could not be saved the last time, or that it was.
    pub fn saved(&self, trouble: Option<String>) {
        self.unsaved.store(trouble.map(Arc::new));
    }

    /// Why the state could not be saved the last time; nothing if it was, or is not to be.
    pub fn unsaved(&self) -> Option<String> {
        self.unsaved.load().as_deref().cloned()
    }

    /// Whether a part of the refresh has ended.
    pub fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Relaxed)
    }
}
