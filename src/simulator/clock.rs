//! Simulated time: starts where it is told, runs at real speed, and may skip days.

use std::time::{Duration, Instant};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use parking_lot::{Mutex, MutexGuard};

/// The last instant a four-digit year can write; time stands still there.
const END: DateTime<Utc> =
    NaiveDate::from_ymd_opt(9999, 12, 31).expect("a date").and_hms_opt(23, 59, 59).expect("a time").and_utc();

/// What every part of the simulator asks for the time.
pub(super) struct Clock {
    set: Mutex<Set>,
    day_every: Option<Duration>,
}

/// The clock was set to `to` at the real moment `at`.
#[derive(Clone, Copy)]
struct Set {
    to: DateTime<Utc>,
    at: Instant,
}

impl Clock {
    /// A clock that starts at `start` (absent: the real time) and passes one more day every `day_every`.
    pub(super) fn new(start: Option<DateTime<Utc>>, day_every: Option<Duration>) -> Self {
        let set = Set { to: start.unwrap_or_else(real_time), at: Instant::now() };
        Self { set: Mutex::new(set), day_every }
    }

    /// The simulated instant.
    pub(super) fn now(&self) -> DateTime<Utc> {
        let set = *self.lock();
        later(set.to, set.at.elapsed(), self.day_every)
    }

    /// Sets the clock; it runs on from `now`.
    pub(super) fn set(&self, now: DateTime<Utc>) {
        *self.lock() = Set { to: now, at: Instant::now() };
    }

    fn lock(&self) -> MutexGuard<'_, Set> {
        self.set.lock()
    }
}

/// `start` after `elapsed` of real time, plus a day for every full `day_every` in it.
fn later(start: DateTime<Utc>, elapsed: Duration, day_every: Option<Duration>) -> DateTime<Utc> {
    let days = day_every.map_or(0, |every| elapsed.as_nanos() / every.as_nanos().max(1));
    let skipped = i64::try_from(days).ok().and_then(TimeDelta::try_days);
    let passed = TimeDelta::from_std(elapsed).ok();
    let sum = |skipped, passed| start.checked_add_signed(skipped)?.checked_add_signed(passed);
    skipped.zip(passed).and_then(|(skipped, passed)| sum(skipped, passed)).map_or(END, |now| now.min(END))
}

#[allow(clippy::disallowed_methods, reason = "the one place where the simulator reads the real time")]
fn real_time() -> DateTime<Utc> {
    Utc::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_runs_at_real_speed_and_skips_a_day_every_so_often() {
        let start: DateTime<Utc> = "2026-11-20T12:00:00Z".parse().unwrap();
        let ten = Some(Duration::from_secs(10));
        for (seconds, day_every, expected) in [
            (5, None, "2026-11-20T12:00:05Z"),
            (5, ten, "2026-11-20T12:00:05Z"),
            (10, ten, "2026-11-21T12:00:10Z"),
            (35, ten, "2026-11-23T12:00:35Z"),
        ] {
            let now = later(start, Duration::from_secs(seconds), day_every);
            assert_eq!(now, expected.parse::<DateTime<Utc>>().unwrap(), "after {seconds} s");
        }
    }

    #[test]
    fn time_stands_still_at_the_end_instead_of_overflowing() {
        let start: DateTime<Utc> = "2026-11-20T12:00:00Z".parse().unwrap();
        let year = Duration::from_secs(365 * 86_400);
        for every in [Duration::ZERO, Duration::from_nanos(1), Duration::from_millis(1)] {
            assert_eq!(later(start, year, Some(every)), END, "{every:?}");
        }
    }

    #[test]
    fn a_clock_that_is_set_runs_on_from_there() {
        let clock = Clock::new(None, None);
        let to: DateTime<Utc> = "2030-01-01T00:00:00Z".parse().unwrap();
        clock.set(to);
        assert!((to..to + TimeDelta::minutes(1)).contains(&clock.now()));
    }
}
