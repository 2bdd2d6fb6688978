//! How often may be asked: a bucket of permissions that fills up with time.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::web_config::RateLimit;

/// The bucket of everybody together.
#[derive(Debug)]
pub struct Bucket {
    interval: Duration,
    /// How far ahead of time permissions may be taken.
    ahead: Duration,
    /// When the bucket is full again.
    full: Mutex<Instant>,
}

impl Bucket {
    /// A full bucket.
    pub fn new(limit: RateLimit, now: Instant) -> Self {
        let ahead = limit.interval.saturating_mul(limit.burst.saturating_sub(1));
        Self { interval: limit.interval, ahead, full: Mutex::new(now) }
    }

    /// Takes a permission out, if there is one.
    pub fn take(&self, now: Instant) -> bool {
        let mut full = self.full.lock();
        let from = now.max(*full);
        if from - now > self.ahead {
            return false;
        }
        // An interval without an end in sight: this was the last permission for now, and the next is as far as it gets.
        *full = from.checked_add(self.interval).unwrap_or(from);
        true
    }

    /// After how long a permission comes at the latest.
    pub fn wait(&self) -> Duration {
        self.interval
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_answered_at_once_and_then_one_request_an_interval() {
        let begin = Instant::now();
        let bucket = Bucket::new(RateLimit { interval: Duration::from_secs(1), burst: 3 }, begin);
        let at = |millis| begin + Duration::from_millis(millis);
        for (millis, allowed) in [
            (0, [true, true, true, false, false].as_slice()),
            (999, &[false]),
            (1000, &[true, false]),
            (2500, &[true, false]),
            (3000, &[true, false]),
            (60_000, &[true, true, true, false]),
        ] {
            for (number, allowed) in allowed.iter().enumerate() {
                assert_eq!(bucket.take(at(millis)), *allowed, "request {number} at {millis} ms");
            }
        }
    }

    #[test]
    fn no_interval_is_too_long_to_count() {
        let now = Instant::now();
        let bucket = Bucket::new(RateLimit { interval: Duration::MAX, burst: u32::MAX }, now);
        assert!(bucket.take(now));
    }
}
