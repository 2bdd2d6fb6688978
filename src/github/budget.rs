//! How much may be asked: GitHub's limits for one credential, and the turns of those who ask with it.
//!
//! After a refusal the rules are GitHub's own: wait for `retry-after`; else, with nothing remaining, until `reset`; else a
//! minute, doubled each time. Going on regardless can get a token banned. Before it comes to that, the exporter leaves
//! something to the other users of a token: of each window it spends the first half as it needs it, spreads what it
//! needs further over the rest of the window, and does not touch the last tenth.

use std::{fmt, sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta};
use parking_lot::Mutex;
use reqwest::header::HeaderMap;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::clock::{Clock, Instant, after};

/// The first wait when GitHub limits without saying for how long.
const FIRST_WAIT: Duration = Duration::from_secs(60);

/// No wait is longer, whatever a header says: GitHub's own window is an hour.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// The part of a window that is left to others: one in so many.
const OTHERS: u64 = 10;

/// No two requests are spread further apart: whoever waits for a turn should not seem to hang.
const WIDEST_SPREAD: Duration = Duration::from_secs(10);

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

    /// What of this window is left to others.
    fn reserve(&self) -> u64 {
        self.limit / OTHERS
    }

    /// Whether only that is left.
    fn is_spent(&self) -> bool {
        self.remaining <= self.reserve()
    }

    /// How far apart requests are to be, so that what is left of this window lasts until the next.
    fn spread(&self, now: Instant) -> Option<Duration> {
        let half_left = self.remaining > self.limit / 2;
        let left = u32::try_from(self.remaining.checked_sub(self.reserve())?).ok()?;
        let time = (self.reset - now).to_std().ok()?;
        (!half_left && left > 0).then(|| (time / left).min(WIDEST_SPREAD))
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
    /// When the newest request was let through, or is to be.
    newest: Option<Instant>,
    /// Time spent waiting because requests are spread.
    spent_spread: Duration,
    /// The longest that was told: a clock that is set back takes nothing back.
    told: Duration,
}

/// A span in which nothing is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed {
    since: Instant,
    /// When it ends.
    pub until: Instant,
    /// Whether GitHub would still answer.
    pub for_others: bool,
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = match self.for_others {
            true => "the last tenth of GitHub's limit is left to other users of the credential",
            false => "GitHub's limit is reached",
        };
        write!(f, "{why} until {}", self.until.format("%F %T UTC"))
    }
}

impl Limits {
    /// Why nothing is asked, if that is so now.
    pub fn closed(&self, now: Instant) -> Option<Closed> {
        // A clock that was set back must not close it for longer than any header can.
        self.closed.filter(|closed| now < closed.until && closed.until <= after(now, LONGEST_WAIT))
    }

    /// How far apart requests are at the moment, if they are spread.
    pub fn spread(&self, now: Instant) -> Option<Duration> {
        self.rate?.spread(now)
    }

    /// How long nothing was asked because of limits, so far, and how long requests waited because they are spread.
    pub fn throttled(&self, now: Instant) -> Duration {
        (self.closed_for(now) + self.spent_spread).max(self.told)
    }

    fn closed_for(&self, now: Instant) -> Duration {
        let present = self.closed.map_or(TimeDelta::zero(), |closed| closed.until.min(now) - closed.since);
        self.spent_closed + present.to_std().unwrap_or_default()
    }

    /// Learns from an answer. `limited` tells whether it was a refusal because of limits; then the moment is
    /// returned when GitHub may be asked again.
    fn learn(&mut self, headers: &HeaderMap, limited: bool, now: Instant) -> Option<Instant> {
        let rate = RateLimit::from_headers(headers);
        self.rate = rate.or(self.rate);
        let spent = rate.filter(|rate| rate.is_spent() && rate.reset > now);
        if !limited {
            // A good answer that was on its way when another was refused reopens nothing.
            if self.closed(now).is_none() {
                self.strikes = 0;
            }
            if let Some(rate) = spent {
                self.close(rate.reset, rate.remaining > 0, now);
            }
            return None;
        }
        if self.closed(now).is_none() {
            // Those that were on their way together are refused together: once.
            self.strikes = self.strikes.saturating_add(1);
        }
        let retry_after =
            number(headers, "retry-after").map(|seconds| after(now, Duration::from_secs(seconds)));
        let reset = spent.filter(|rate| rate.remaining == 0).map(|rate| rate.reset);
        let until = retry_after.or(reset).unwrap_or_else(|| after(now, self.unasked_wait()));
        Some(self.close(until, false, now))
    }

    /// The wait where GitHub names none: a little more than it takes, so that exporters of one token do not come back
    /// in step.
    fn unasked_wait(&self) -> Duration {
        doubled(FIRST_WAIT, self.strikes.saturating_sub(1)).mul_f64(1.0 + fastrand::f64() / 10.0)
    }

    /// Closes, or stays closed for longer.
    pub(crate) fn close(&mut self, until: Instant, for_others: bool, now: Instant) -> Instant {
        let until = until.min(after(now, LONGEST_WAIT));
        let before = self.closed(now);
        if let Some(before) = before.filter(|before| before.until >= until) {
            return before.until;
        }
        if before.is_none() {
            self.spent_closed = self.closed_for(now);
        }
        let since = before.map_or(now, |before| before.since);
        self.closed = Some(Closed { since, until, for_others });
        until
    }

    /// When the next request may be sent: takes that moment. At most `others` wait for theirs already.
    fn next_moment(&mut self, others: usize, now: Instant) -> Instant {
        let Some(spread) = self.spread(now) else {
            self.newest = None;
            return now;
        };
        // A clock that was set back must not leave it far ahead.
        let latest = after(now, spread.saturating_mul(u32::try_from(others).unwrap_or(u32::MAX)));
        let moment = self.newest.map_or(now, |newest| after(newest.min(latest), spread).max(now));
        self.newest = Some(moment);
        moment
    }
}

/// `first` doubled so many times.
pub(crate) fn doubled(first: Duration, times: u32) -> Duration {
    first.saturating_mul(2u32.saturating_pow(times))
}

/// One credential's turns and limits.
#[derive(Debug)]
pub struct Budget {
    name: String,
    concurrency: usize,
    turns: Arc<Semaphore>,
    limits: Mutex<Limits>,
}

/// Leave to ask, which ends when it is dropped.
#[derive(Debug)]
pub struct Turn {
    budget: Arc<Budget>,
    _permit: OwnedSemaphorePermit,
}

impl Budget {
    /// A budget of the credential of that name, which allows so many requests in flight.
    pub fn new(name: &str, concurrency: usize) -> Self {
        let (name, turns) = (name.to_owned(), Arc::new(Semaphore::new(concurrency)));
        Self { name, concurrency, turns, limits: Mutex::default() }
    }

    /// Waits for a turn, and for its moment where requests are spread.
    ///
    /// # Errors
    /// If the limits forbid to ask. Nobody waits here for their end: whoever asks has a schedule, and people should see
    /// that the source stands still.
    pub async fn admit(self: &Arc<Self>, clock: &dyn Clock) -> Result<Turn, Closed> {
        let turns = Arc::clone(&self.turns);
        let permit = turns.acquire_owned().await.expect("the semaphore of a budget is never closed");
        self.is_open(clock.now())?;
        let began = clock.now();
        let moment = self.limits.lock().next_moment(self.concurrency, began);
        if moment > began {
            clock.sleep_until(moment).await;
            let now = clock.now();
            self.limits.lock().spent_spread += (now - began).to_std().unwrap_or_default();
            self.is_open(now)?;
        }
        Ok(Turn { budget: Arc::clone(self), _permit: permit })
    }

    fn is_open(&self, now: Instant) -> Result<(), Closed> {
        self.limits.lock().closed(now).map_or(Ok(()), Err)
    }

    /// What is known now.
    pub fn limits(&self, now: Instant) -> Limits {
        let mut limits = self.limits.lock();
        limits.told = limits.throttled(now);
        limits.clone()
    }
}

impl Turn {
    /// The name of the credential.
    pub fn name(&self) -> &str {
        &self.budget.name
    }

    /// Learns from an answer. `limited` tells whether it was a refusal because of limits; then the moment is returned
    /// when GitHub may be asked again.
    pub fn learn(&self, headers: &HeaderMap, limited: bool, now: Instant) -> Option<Instant> {
        self.budget.limits.lock().learn(headers, limited, now)
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

    fn open_at(limits: &Limits, now: Instant) -> Option<Instant> {
        limits.closed(now).map(|closed| closed.until)
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
            let until = Limits::default().learn(&headers(&pairs), true, noon()).unwrap();
            let late = (until - at(seconds)).num_milliseconds();
            // Where GitHub names no moment, a little is added by chance.
            let most = if name.ends_with("a minute") { 6_000 } else { 0 };
            assert!((0..=most).contains(&late), "{name}: {until}");
        }
    }

    #[test]
    fn waits_without_a_hint_double_with_a_little_more_up_to_an_hour_and_an_answer_ends_the_row() {
        let mut limits = Limits::default();
        let mut now = noon();
        let mut wait = |limits: &mut Limits| {
            let until = limits.learn(&HeaderMap::new(), true, now).unwrap();
            let wait = (until - now).num_seconds();
            now = until;
            wait
        };
        for least in [60, 120, 240, 480, 960, 1920, 3600, 3600] {
            let most = (least + least / 10).min(3600);
            let wait = wait(&mut limits);
            assert!((least..=most).contains(&wait), "{wait} is not from {least} to {most}");
        }
        limits.learn(&HeaderMap::new(), false, at(99_999));
        assert!((60..=66).contains(&wait(&mut limits)));
    }

    #[test]
    fn a_good_answer_that_was_on_its_way_when_another_was_refused_reopens_nothing() {
        let mut limits = Limits::default();
        limits.learn(&headers(&[("retry-after", "120")]), true, noon());
        limits.learn(&HeaderMap::new(), false, at(1));
        assert_eq!(open_at(&limits, at(1)), Some(at(120)));
        let until = limits.learn(&HeaderMap::new(), true, at(2)).unwrap();
        assert_eq!(until, at(120), "they were refused together");
        let until = limits.learn(&HeaderMap::new(), true, at(120)).unwrap();
        assert!((at(240)..=at(252)).contains(&until), "the same row of refusals: {until}");
    }

    #[test]
    fn a_good_answer_that_spent_the_last_request_closes_the_budget_until_reset() {
        let reset = at(900).timestamp().to_string();
        let pairs =
            [("x-ratelimit-limit", "5000"), ("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", &*reset)];
        let mut limits = Limits::default();
        limits.learn(&headers(&pairs), false, noon());
        assert_eq!(open_at(&limits, noon()), Some(at(900)));
        assert_eq!(open_at(&limits, at(900)), None);
        assert_eq!(limits.rate, Some(RateLimit { limit: 5000, remaining: 0, reset: at(900) }));
    }

    fn window(limit: u64, remaining: u64, reset: i64) -> HeaderMap {
        let (limit, remaining, reset) =
            (limit.to_string(), remaining.to_string(), at(reset).timestamp().to_string());
        headers(&[
            ("x-ratelimit-limit", &limit),
            ("x-ratelimit-remaining", &remaining),
            ("x-ratelimit-reset", &reset),
        ])
    }

    #[test]
    fn the_last_tenth_of_a_window_is_left_to_others() {
        for (limit, remaining, closed) in [
            (5000, 501, None),
            (5000, 500, Some((900, true))),
            (5000, 1, Some((900, true))),
            (5000, 0, Some((900, false))),
            (9, 1, None),
        ] {
            let mut limits = Limits::default();
            limits.learn(&window(limit, remaining, 900), false, noon());
            let until = limits.closed(noon()).map(|closed| (closed.until, closed.for_others));
            let expected = closed.map(|(seconds, for_others)| (at(seconds), for_others));
            assert_eq!(until, expected, "{remaining} of {limit}");
            assert_eq!(limits.closed(at(900)), None);
        }
    }

    #[test]
    fn a_limit_that_goes_up_with_the_next_window_opens_it_again() {
        let mut limits = Limits::default();
        limits.learn(&window(60, 6, 900), false, noon());
        assert!(limits.closed(at(1)).is_some());
        limits.learn(&window(60, 59, 4500), false, at(901));
        assert_eq!(limits.closed(at(901)), None);
    }

    #[test]
    fn requests_are_spread_over_what_is_left_of_a_window_once_half_of_it_is_spent() {
        for (remaining, reset, expected) in [
            (2501, 1000, None),
            (2500, 1000, Some(500)),
            (1500, 3600, Some(3600)),
            (501, 3600, Some(10_000)),
            (500, 3600, None),
            (2000, -5, None),
        ] {
            let mut limits = Limits::default();
            limits.learn(&window(5000, remaining, reset), false, noon());
            let spread = limits.spread(noon()).map(|spread| spread.as_millis());
            assert_eq!(spread, expected, "{remaining} until {reset}");
        }
    }

    #[test]
    fn spread_requests_take_one_moment_each_and_a_clock_that_is_set_back_puts_off_none_for_long() {
        let mut limits = Limits::default();
        assert_eq!(limits.next_moment(1, noon()), noon(), "nothing is known of a limit");
        limits.learn(&window(5000, 1500, 3600), false, noon());
        let millis = |instant: Instant| (instant - noon()).num_milliseconds();
        let moments = [0, 0, 10_000, 10_100].map(|now| {
            let now = noon() + TimeDelta::milliseconds(now);
            millis(limits.next_moment(1, now))
        });
        assert_eq!(moments, [0, 3600, 10_000, 13_589]);
        let back = at(-1800);
        let wait = limits.next_moment(1, back) - back;
        assert!(wait <= TimeDelta::seconds(20), "{wait}");
    }

    #[test]
    fn the_time_that_was_told_is_not_taken_back_when_the_clock_is_set_back() {
        let budget = Budget::new("token", 1);
        budget.limits.lock().learn(&headers(&[("retry-after", "100")]), true, noon());
        assert_eq!(budget.limits(at(60)).throttled(at(60)).as_secs(), 60);
        assert_eq!(budget.limits(at(-60)).throttled(at(-60)).as_secs(), 60);
    }

    #[tokio::test]
    async fn who_waits_for_a_turn_waits_for_its_moment_too_and_is_turned_away_when_it_closes() {
        let clock = crate::clock::SystemClock;
        let budget = Arc::new(Budget::new("token", 1));
        let turn = budget.admit(&clock).await.unwrap();
        assert_eq!(turn.name(), "token");
        let reset = (clock.now() + TimeDelta::hours(1)).timestamp().to_string();
        let spent =
            [("x-ratelimit-limit", "100"), ("x-ratelimit-remaining", "10"), ("x-ratelimit-reset", &*reset)];
        turn.learn(&headers(&spent), false, clock.now());
        drop(turn);
        let closed = budget.admit(&clock).await.unwrap_err();
        let words = closed.to_string();
        assert!(words.starts_with("the last tenth of GitHub's limit is left to other users"), "{words}");
    }

    #[test]
    fn no_header_closes_it_for_longer_than_an_hour_and_no_clock_that_is_set_back() {
        let far = at(99_999).timestamp().to_string();
        let pairs =
            [("x-ratelimit-limit", "5000"), ("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", &*far)];
        let mut limits = Limits::default();
        limits.learn(&headers(&pairs), false, noon());
        assert_eq!(open_at(&limits, noon()), Some(at(3600)));
        assert_eq!(open_at(&limits, at(-7200)), None);
    }

    #[test]
    fn a_shorter_wait_does_not_shorten_a_longer_one() {
        let mut limits = Limits::default();
        limits.learn(&headers(&[("retry-after", "120")]), true, noon());
        let until = limits.learn(&headers(&[("retry-after", "5")]), true, at(1));
        assert_eq!((until, open_at(&limits, at(1))), (Some(at(120)), Some(at(120))));
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
