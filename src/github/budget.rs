//! How much may be asked: GitHub's limits for one credential, and the turns of those who ask with it.
//!
//! The rules are GitHub's own: wait for `retry-after`; else, with nothing remaining, until `reset`; else a minute,
//! doubled each time. Going on regardless can get a token banned.

use std::{sync::Mutex, time::Duration};

use chrono::{DateTime, TimeDelta};
use reqwest::header::HeaderMap;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::clock::{Clock, Instant, after};

/// The first wait when GitHub limits without saying for how long.
const FIRST_WAIT: Duration = Duration::from_secs(60);

/// No wait is longer, whatever a header says: GitHub's own window is an hour.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// What the `x-ratelimit-…` headers of an answer say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// Requests per window.
    pub limit: u64,
    /// Requests left in this window.
    pub remaining: u64,
    /// When the next window begins.
    pub reset: Instant,
}

impl RateLimit {
    /// Reads the headers; nothing if any of the three is missing or no number.
    pub fn from_headers(headers: &HeaderMap) -> Option<Self> {
        Some(Self {
            limit: number(headers, "x-ratelimit-limit")?,
            remaining: number(headers, "x-ratelimit-remaining")?,
            reset: DateTime::from_timestamp(number(headers, "x-ratelimit-reset")?, 0)?,
        })
    }
}

/// A header that holds a whole number.
pub(super) fn number<N: std::str::FromStr>(headers: &HeaderMap, name: &str) -> Option<N> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

/// What is known of a credential's limits.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    /// From the newest answer that told.
    pub rate: Option<RateLimit>,
    closed: Option<Closed>,
    /// Limit answers in a row.
    strikes: u32,
    /// Time spent closed before the present closure.
    spent_closed: Duration,
}

/// A span in which nothing is asked.
#[derive(Clone, Copy, Debug)]
struct Closed {
    since: Instant,
    until: Instant,
}

impl Limits {
    /// Until when nothing is asked, if that is so now.
    pub fn closed_until(&self, now: Instant) -> Option<Instant> {
        // A clock that was set back must not close it for longer than any header can.
        let until = self.closed?.until;
        (now < until && until <= after(now, LONGEST_WAIT)).then_some(until)
    }

    /// How long nothing was asked because of limits, so far.
    pub fn throttled(&self, now: Instant) -> Duration {
        let present = self.closed.map_or(TimeDelta::zero(), |closed| closed.until.min(now) - closed.since);
        self.spent_closed + present.to_std().unwrap_or_default()
    }

    /// Learns from an answer. `limited` tells whether it was a refusal because of limits; then the moment is
    /// returned when GitHub may be asked again.
    fn learn(&mut self, headers: &HeaderMap, limited: bool, now: Instant) -> Option<Instant> {
        let rate = RateLimit::from_headers(headers);
        self.rate = rate.or(self.rate);
        let spent = rate.filter(|rate| rate.remaining == 0 && rate.reset > now).map(|rate| rate.reset);
        if !limited {
            // A good answer that was on its way when another was refused reopens nothing.
            if self.closed_until(now).is_none() {
                self.strikes = 0;
            }
            if let Some(reset) = spent {
                self.close(reset, now);
            }
            return None;
        }
        self.strikes = self.strikes.saturating_add(1);
        let retry_after =
            number(headers, "retry-after").map(|seconds| after(now, Duration::from_secs(seconds)));
        let until =
            retry_after.or(spent).unwrap_or_else(|| after(now, doubled(FIRST_WAIT, self.strikes - 1)));
        Some(self.close(until, now))
    }

    /// Closes, or stays closed for longer.
    pub(crate) fn close(&mut self, until: Instant, now: Instant) -> Instant {
        let until = until.min(after(now, LONGEST_WAIT));
        let before = self.closed_until(now);
        let until = before.map_or(until, |before| before.max(until));
        let since = match self.closed {
            Some(closed) if before.is_some() => closed.since,
            _ => {
                self.spent_closed = self.throttled(now);
                now
            }
        };
        self.closed = Some(Closed { since, until });
        until
    }
}

/// `first` doubled so many times.
pub(crate) fn doubled(first: Duration, times: u32) -> Duration {
    first.saturating_mul(2u32.saturating_pow(times))
}

/// One credential's turns and limits.
#[derive(Debug)]
pub struct Budget {
    turns: Semaphore,
    limits: Mutex<Limits>,
}

impl Budget {
    /// A budget that allows so many requests in flight.
    pub fn new(concurrency: usize) -> Self {
        Self { turns: Semaphore::new(concurrency), limits: Mutex::default() }
    }

    /// Waits for a turn, which ends when the permit is dropped.
    ///
    /// # Errors
    /// With the moment until which GitHub's limits forbid to ask. Nobody waits here for that: whoever asks has a
    /// schedule, and people should see that the source stands still.
    pub async fn admit(&self, clock: &dyn Clock) -> Result<SemaphorePermit<'_>, Instant> {
        let turn = self.turns.acquire().await.expect("the semaphore of a budget is never closed");
        self.lock().closed_until(clock.now()).map_or(Ok(turn), Err)
    }

    /// Learns from an answer; see [`Limits`].
    pub fn learn(&self, headers: &HeaderMap, limited: bool, now: Instant) -> Option<Instant> {
        self.lock().learn(headers, limited, now)
    }

    /// What is known now.
    pub fn limits(&self) -> Limits {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Limits> {
        // Nothing panics while it holds the lock, and the numbers are whole at every moment.
        self.limits.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    fn noon() -> Instant {
        "2026-11-22T12:00:00Z".parse().unwrap()
    }

    fn at(seconds: i64) -> Instant {
        noon() + TimeDelta::seconds(seconds)
    }

    #[test]
    fn limit_answers_are_waited_for_as_github_asks() {
        let reset = at(900).timestamp().to_string();
        let past = at(-900).timestamp().to_string();
        let far = at(99_999).timestamp().to_string();
        let spent = |reset| {
            vec![("x-ratelimit-limit", "5000"), ("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", reset)]
        };
        let cases = [
            ("retry-after alone", vec![("retry-after", "17")], 17),
            ("retry-after before reset", [spent(&reset), vec![("retry-after", "17")]].concat(), 17),
            ("nothing remaining: until reset", spent(&reset), 900),
            ("nothing remaining but reset is past: a minute", spent(&past), 60),
            ("no header at all: a minute", Vec::new(), 60),
            ("retry-after that is no number: a minute", vec![("retry-after", "soon")], 60),
            ("never longer than an hour", spent(&far), 3600),
            ("never longer than an hour by retry-after", vec![("retry-after", "18446744073709551615")], 3600),
        ];
        for (name, pairs, seconds) in cases {
            let until = Limits::default().learn(&headers(&pairs), true, noon());
            assert_eq!(until, Some(at(seconds)), "{name}");
        }
    }

    #[test]
    fn waits_without_a_hint_double_and_an_answer_ends_the_row() {
        let mut limits = Limits::default();
        let mut waits = Vec::new();
        let mut now = noon();
        for _ in 0..8 {
            let until = limits.learn(&HeaderMap::new(), true, now).unwrap();
            waits.push((until - now).num_seconds());
            now = until;
        }
        assert_eq!(waits, [60, 120, 240, 480, 960, 1920, 3600, 3600]);
        limits.learn(&HeaderMap::new(), false, now);
        assert_eq!(limits.closed_until(now), None);
        assert_eq!(limits.learn(&HeaderMap::new(), true, now), Some(now + TimeDelta::seconds(60)));
    }

    #[test]
    fn a_good_answer_that_was_on_its_way_when_another_was_refused_reopens_nothing() {
        let mut limits = Limits::default();
        limits.learn(&headers(&[("retry-after", "120")]), true, noon());
        limits.learn(&HeaderMap::new(), false, at(1));
        assert_eq!(limits.closed_until(at(1)), Some(at(120)));
        assert_eq!(
            limits.learn(&HeaderMap::new(), true, at(2)),
            Some(at(122)),
            "still the same row of refusals"
        );
    }

    #[test]
    fn a_good_answer_that_spent_the_last_request_closes_the_budget_until_reset() {
        let reset = at(900).timestamp().to_string();
        let pairs =
            [("x-ratelimit-limit", "5000"), ("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", &*reset)];
        let mut limits = Limits::default();
        limits.learn(&headers(&pairs), false, noon());
        assert_eq!(limits.closed_until(noon()), Some(at(900)));
        assert_eq!(limits.closed_until(at(900)), None);
        assert_eq!(limits.rate, Some(RateLimit { limit: 5000, remaining: 0, reset: at(900) }));
    }

    #[test]
    fn no_header_closes_it_for_longer_than_an_hour_and_no_clock_that_is_set_back() {
        let far = at(99_999).timestamp().to_string();
        let pairs =
            [("x-ratelimit-limit", "5000"), ("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", &*far)];
        let mut limits = Limits::default();
        limits.learn(&headers(&pairs), false, noon());
        assert_eq!(limits.closed_until(noon()), Some(at(3600)));
        assert_eq!(limits.closed_until(at(-7200)), None);
    }

    #[test]
    fn a_shorter_wait_does_not_shorten_a_longer_one() {
        let mut limits = Limits::default();
        limits.learn(&headers(&[("retry-after", "120")]), true, noon());
        let until = limits.learn(&headers(&[("retry-after", "5")]), true, at(1));
        assert_eq!((until, limits.closed_until(at(1))), (Some(at(120)), Some(at(120))));
    }

    #[test]
    fn the_time_spent_closed_is_counted_while_it_passes_and_once() {
        let mut limits = Limits::default();
        limits.learn(&headers(&[("retry-after", "100")]), true, noon());
        limits.learn(&headers(&[("retry-after", "100")]), true, at(10));
        let seconds = |limits: &Limits, now| limits.throttled(at(now)).as_secs();
        assert_eq!([0, 60, 110, 500].map(|now| seconds(&limits, now)), [0, 60, 110, 110]);
        limits.learn(&headers(&[("retry-after", "5")]), true, at(500));
        assert_eq!([500, 503, 900].map(|now| seconds(&limits, now)), [110, 113, 115]);
    }
}
