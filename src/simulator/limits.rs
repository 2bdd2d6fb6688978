//! The primary rate limit: so many requests per caller in windows of one hour.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use parking_lot::{Mutex, MutexGuard};

/// Requests an hour without a token, all callers together (they all come from one address).
const WITHOUT_TOKEN: u64 = 60;

/// Who shares a window: the holders of one token, or (`None`) everybody without one.
pub(super) type Bucket<'t> = Option<&'t str>;

/// What every caller has spent.
pub(super) struct Limits {
    per_token: u64,
    windows: Mutex<HashMap<Option<String>, Window>>,
}

#[derive(Clone, Copy)]
struct Window {
    used: u64,
    reset: DateTime<Utc>,
}

/// What the `x-ratelimit-…` headers say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Quota {
    /// Requests per window.
    pub(super) limit: u64,
    /// Requests charged in this window, at most `limit`.
    pub(super) used: u64,
    /// When the window ends.
    pub(super) reset: DateTime<Utc>,
}

impl Quota {
    /// Requests left in this window.
    pub(super) fn remaining(self) -> u64 {
        self.limit.saturating_sub(self.used)
    }
}

impl Limits {
    /// Nobody has spent anything yet.
    pub(super) fn new(per_token: u64) -> Self {
        Self { per_token, windows: Mutex::default() }
    }

    /// Charges one request; `false` if nothing was left.
    pub(super) fn charge(&self, bucket: Bucket<'_>, now: DateTime<Utc>) -> bool {
        let limit = self.limit(bucket);
        let mut windows = self.lock();
        let window = windows.entry(bucket.map(str::to_owned)).or_insert_with(|| Window::opened(now));
        *window = window.at(now);
        let affordable = window.used < limit;
        window.used += u64::from(affordable);
        affordable
    }

    /// Gives a request back that turned out to be free.
    pub(super) fn refund(&self, bucket: Bucket<'_>, now: DateTime<Utc>) {
        if let Some(window) = self.lock().get_mut(&bucket.map(str::to_owned)) {
            *window = window.at(now);
            window.used = window.used.saturating_sub(1);
        }
    }

    /// Where a caller stands, at no charge.
    pub(super) fn quota(&self, bucket: Bucket<'_>, now: DateTime<Utc>) -> Quota {
        let window =
            self.lock().get(&bucket.map(str::to_owned)).map_or(Window::opened(now), |window| window.at(now));
        Quota { limit: self.limit(bucket), used: window.used, reset: window.reset }
    }

    fn limit(&self, bucket: Bucket<'_>) -> u64 {
        bucket.map_or(WITHOUT_TOKEN, |_| self.per_token)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Option<String>, Window>> {
        self.windows.lock()
    }
}

impl Window {
    const LENGTH: TimeDelta = TimeDelta::hours(1);

    fn opened(now: DateTime<Utc>) -> Self {
        Self { used: 0, reset: now.checked_add_signed(Self::LENGTH).unwrap_or(now) }
    }

    /// This window while it lasts, else a fresh one; also when the clock was set back before it.
    fn at(self, now: DateTime<Utc>) -> Self {
        let lasts = now < self.reset && self.reset - now <= Self::LENGTH;
        if lasts { self } else { Self::opened(now) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: Bucket<'_> = Some("token");

    fn at(time: &str) -> DateTime<Utc> {
        format!("2026-11-20T{time}Z").parse().unwrap()
    }

    #[test]
    fn a_window_lasts_an_hour_from_the_first_request() {
        let limits = Limits::new(2);
        let used = |time| limits.quota(OWN, at(time)).used;
        assert!(limits.charge(OWN, at("10:30:00")) && limits.charge(OWN, at("10:40:00")));
        assert!(!limits.charge(OWN, at("11:29:59")), "a third request in the same hour");
        assert_eq!(limits.quota(OWN, at("11:29:59")), Quota { limit: 2, used: 2, reset: at("11:30:00") });
        assert_eq!(used("11:30:00"), 0);
        assert!(limits.charge(OWN, at("11:30:00")));
        assert_eq!(limits.quota(OWN, at("11:30:00")).remaining(), 1);
    }

    #[test]
    fn a_clock_set_back_opens_a_new_window() {
        let limits = Limits::new(1);
        assert!(limits.charge(OWN, at("10:30:00")));
        assert!(limits.charge(OWN, at("08:00:00")));
        assert_eq!(limits.quota(OWN, at("08:00:00")).reset, at("09:00:00"));
    }

    #[test]
    fn callers_do_not_spend_each_others_requests() {
        let limits = Limits::new(1);
        let now = at("10:00:00");
        assert!(limits.charge(OWN, now) && !limits.charge(OWN, now));
        assert!(limits.charge(Some("other"), now));
        assert_eq!(limits.quota(None, now).limit, 60);
        limits.refund(OWN, now);
        assert!(limits.charge(OWN, now), "a refunded request can be spent again");
    }
}
