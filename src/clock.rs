//! The time, handed in wherever it is needed, so that a test can own it.
//!
//! Schedules, waits for GitHub's limits and the age of data follow this clock. Timeouts of sockets do not: they
//! belong to the network and stay on the runtime's timer.

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};

/// A moment in UTC.
pub type Instant = DateTime<Utc>;

/// A clock and an alarm.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// The present moment.
    fn now(&self) -> Instant;

    /// Returns once `instant` has come, at once if it is past.
    fn sleep_until(&self, instant: Instant) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

/// The clock as it travels: shared by everything one service runs.
pub type SharedClock = Arc<dyn Clock>;

/// The machine's clock.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "this is the one place where the service learns the time")]
    fn now(&self) -> Instant {
        Utc::now()
    }

    fn sleep_until(&self, instant: Instant) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        // The span is measured now: a clock that is set while it sleeps does not make it longer.
        let left = (instant - self.now()).to_std().unwrap_or_default();
        Box::pin(tokio::time::sleep(left))
    }
}

/// `instant` later by `span`, or the end of time: a duration from outside must not be able to overflow.
pub fn after(instant: Instant, span: Duration) -> Instant {
    chrono::TimeDelta::from_std(span)
        .ok()
        .and_then(|span| instant.checked_add_signed(span))
        .unwrap_or(Instant::MAX_UTC)
}
