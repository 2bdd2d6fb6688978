//! What the server serves: the newest rendering, swapped whole.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use arc_swap::ArcSwap;

use crate::{github::ledger::Ledger, metrics::Exposition, model::overview::Overview};

/// One consistent picture: all of it was taken at the same moment.
#[derive(Debug, Default)]
pub struct Picture {
    /// For `/metrics`, but for the live series.
    pub exposition: Exposition,
    /// For the overview page.
    pub overview: Overview,
    /// What was asked of GitHub, and its limits; also for the page.
    pub ledger: Ledger,
}

/// Where the refresh leaves its newest picture and the server takes it from. Neither waits for the other.
#[derive(Debug, Default)]
pub struct Published {
    picture: ArcSwap<Picture>,
    tried: AtomicBool,
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

    /// Notes that a first attempt has ended, well or badly.
    pub fn note_attempt(&self) {
        self.tried.store(true, Ordering::Relaxed);
    }

    /// Whether a first attempt has ended.
    pub fn has_tried(&self) -> bool {
        self.tried.load(Ordering::Relaxed)
    }
}
