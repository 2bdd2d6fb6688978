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

    /// Returns once `now() >= instant`, at once if that is so already.
    fn sleep_until(&self, instant: Instant) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

/// The clock as it travels: shared by everything one service runs.
pub type SharedClock = Arc<dyn Clock>;

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl SystemClock {
    /// How long it sleeps without a look at the wall clock, which can be set or skip a suspended night.
    const NAP: Duration = Duration::from_secs(60);
}

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "this is the one place where the service learns the time")]
    fn now(&self) -> Instant {
        Utc::now()
    }

    fn sleep_until(&self, instant: Instant) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async move {
            while let Ok(left) = (instant - self.now()).to_std()
                && !left.is_zero()
            {
                tokio::time::sleep(left.min(Self::NAP)).await;
            }
        })
    }
}

/// `instant` later by `span`, or the end of time: a duration from outside must not be able to overflow.
pub fn after(instant: Instant, span: Duration) -> Instant {
    chrono::TimeDelta::from_std(span)
        .ok()
        .and_then(|span| instant.checked_add_signed(span))
        .unwrap_or(Instant::MAX_UTC)
}
