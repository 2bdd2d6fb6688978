//! When a source is asked: once per interval, and between by back-off after failures. Pure but for the dice.

use std::time::Duration;

use super::round::Round;
use crate::{
    clock::{Instant, after},
    github::budget::doubled,
};

/// The first wait after a failure; it doubles with every further one.
const FIRST_RETRY: Duration = Duration::from_secs(10);

/// The schedule of one source of one owner.
///
/// A *cycle* begins with every interval and asks for everything; a retry within it only asks for what it has not got.
#[derive(Clone, Debug)]
pub struct Schedule {
    interval: Duration,
    cycle: Instant,
    next_cycle: Instant,
    next: Instant,
    failures: u32,
    /// The length of the first cycle, while it has not begun.
    first: Option<Duration>,
}

impl Schedule {
    /// Due at once.
    pub fn new(interval: Duration, now: Instant) -> Self {
        Self { interval, cycle: now, next_cycle: now, next: now, failures: 0, first: None }
    }

    /// The same with a first cycle of this length.
    #[must_use]
    pub fn with_first(self, first: Duration) -> Self {
        Self { first: Some(first), ..self }
    }

    /// When the source is to be asked next.
    pub fn next(&self) -> Instant {
        self.next
    }

    /// An attempt begins: returns the start of its cycle, which is now if the last one is over. What was read since
    /// then need not be asked for.
    pub fn begin(&mut self, now: Instant) -> Instant {
        // A clock that was set back must not leave the next cycle in a far future.
        if now >= self.next_cycle || now < self.cycle {
            self.cycle = now;
            let length = self.first.take().unwrap_or(self.interval);
            self.next_cycle = after(now, jittered(length, fastrand::f64()));
        }
        self.cycle
    }

    /// The attempt has ended: whether it failed, so that the next one comes sooner.
    pub fn ended(&mut self, now: Instant, rounds: &[&Round]) -> bool {
        let failed = rounds.iter().any(|round| round.problem.is_some());
        if failed {
            self.failed(now, rounds.iter().filter_map(|round| round.retry_at).max());
        } else {
            self.succeeded();
        }
        failed
    }

    /// The attempt got everything: the next one begins the next cycle.
    pub fn succeeded(&mut self) {
        self.failures = 0;
        self.next = self.next_cycle;
    }

    /// The attempt failed: the next one comes by back-off, not before GitHub allows it, and at the latest with the
    /// next cycle, whatever the failure.
    pub fn failed(&mut self, now: Instant, retry_at: Option<Instant>) {
        let wait = jittered(doubled(FIRST_RETRY, self.failures), fastrand::f64());
        self.failures = self.failures.saturating_add(1);
        self.next = after(now, wait).max(retry_at.unwrap_or(now)).min(self.next_cycle);
    }
}

/// Whether something was not read in this cycle. What was read in the future was read before the clock was set back.
pub fn is_due(read: Option<Instant>, cycle: Instant, now: Instant) -> bool {
    read.is_none_or(|read| read < cycle || now < read)
}

/// A little less than `span`, so that many exporters, and many owners of one, do not ask in step.
fn jittered(span: Duration, dice: f64) -> Duration {
    span.mul_f64(1.0 - 0.1 * dice)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn noon() -> Instant {
        "2026-11-22T12:00:00Z".parse().unwrap()
    }

    fn seconds(span: TimeDelta) -> f64 {
        span.as_seconds_f64()
    }

    #[test]
    fn the_first_attempt_is_due_at_once_and_the_next_within_the_last_tenth_of_the_interval() {
        let mut schedule = Schedule::new(HOUR, noon());
        assert_eq!(schedule.next(), noon());
        assert_eq!(schedule.begin(noon()), noon());
        schedule.succeeded();
        assert!((3240.0..=3600.0).contains(&seconds(schedule.next() - noon())));
        let next = schedule.next();
        assert_eq!(schedule.begin(next), next, "a new cycle");
    }

    #[test]
    fn retries_back_off_and_never_come_later_than_the_next_cycle() {
        let mut schedule = Schedule::new(HOUR, noon());
        let mut now = noon();
        schedule.begin(now);
        let mut waits = Vec::new();
        while schedule.cycle == noon() {
            schedule.failed(now, None);
            waits.push(seconds(schedule.next() - now));
            now = schedule.next();
            schedule.begin(now);
        }
        for (wait, most) in waits.iter().zip([10.0, 20.0, 40.0, 80.0, 160.0, 320.0, 640.0, 1280.0]) {
            assert!(*wait <= most && (*wait >= 0.9 * most || now == schedule.cycle), "{waits:?}");
        }
        assert!(seconds(now - noon()) <= 3600.0, "the next cycle came in time: {waits:?}");
        assert!(waits.len() >= 7, "{waits:?}");
    }

    #[test]
    fn a_retry_waits_for_the_moment_github_names_but_not_beyond_the_next_cycle() {
        let mut schedule = Schedule::new(HOUR, noon());
        schedule.begin(noon());
        let allowed = noon() + TimeDelta::minutes(20);
        schedule.failed(noon(), Some(allowed));
        assert_eq!(schedule.next(), allowed);
        schedule.failed(noon(), Some(noon() + TimeDelta::days(2)));
        assert!(schedule.next() <= noon() + TimeDelta::hours(1));
    }

    #[test]
    fn with_a_short_interval_a_failing_source_is_asked_every_interval() {
        let mut schedule = Schedule::new(Duration::from_secs(1), noon());
        schedule.begin(noon());
        schedule.failed(noon(), None);
        assert!(seconds(schedule.next() - noon()) <= 1.0);
    }

    #[test]
    fn a_clock_that_is_set_back_begins_a_new_cycle() {
        let mut schedule = Schedule::new(HOUR, noon());
        schedule.begin(noon());
        schedule.succeeded();
        let yesterday = noon() - TimeDelta::days(1);
        assert_eq!(schedule.begin(yesterday), yesterday);
        schedule.succeeded();
        assert!(schedule.next() <= yesterday + TimeDelta::hours(1));
    }

    #[test]
    fn an_endless_row_of_failures_overflows_nothing() {
        let mut schedule = Schedule::new(Duration::MAX, noon());
        schedule.begin(noon());
        for _ in 0..100 {
            schedule.failed(noon(), None);
        }
        assert!(schedule.next() > noon());
    }
}
