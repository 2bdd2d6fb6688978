//! Which days the reports know, and how much of each: days are published late, and some telemetry comes
//! later still.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use fastrand::Rng;

use super::calendar::{number, shift};
use super::deeds::{self, Deed};
use super::dice::{chance, mix};
use super::world::Person;

/// What was known when a report was written. It changes once a day, when another day is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Edition {
    /// The newest day published by then; the one before it has been out for a day, and so on.
    pub(super) newest: NaiveDate,
    /// Whether telemetry may still be missing. If not, every published day is whole at once.
    pub(super) late: bool,
}

impl Edition {
    /// The newest edition at `now`, where days are published so long after they end.
    pub(super) fn at(now: DateTime<Utc>, publish_after: Duration, late: bool) -> Self {
        let delay = TimeDelta::from_std(publish_after).ok();
        let ended = delay.and_then(|delay| now.checked_sub_signed(delay)).unwrap_or(DateTime::<Utc>::MIN_UTC);
        Self { newest: shift(ended.date_naive(), -1), late }
    }

    /// What is known of what `person` did on `day`.
    pub(super) fn deeds(&self, person: &Person, day: NaiveDate) -> Vec<Deed> {
        let waited = (self.newest - day).num_days();
        let known = !self.late || i64::from(days_late(person, day)) <= waited;
        if known { deeds::deeds(person, day) } else { Vec::new() }
    }
}

/// How many days after the publication of `day` the telemetry of `person` arrives: at once for all but
/// six in a hundred, and for nobody later than three days.
pub(super) fn days_late(person: &Person, day: NaiveDate) -> u8 {
    // Other dice than those of the deeds: busy days are not late ones.
    let mut rng = Rng::with_seed(mix(!person.dice, number(day)));
    if chance(&mut rng, 60) { rng.u8(1..=3) } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_published_when_so_much_time_has_passed_since_its_end() {
        for (now, hours, newest) in [
            ("2026-11-20T00:00:00Z", 48, "2026-11-17"),
            ("2026-11-19T23:59:59Z", 48, "2026-11-16"),
            ("2026-11-20T12:00:00Z", 0, "2026-11-19"),
            ("2026-11-20T12:00:00Z", 12, "2026-11-19"),
            ("2026-11-20T12:00:00Z", 13, "2026-11-18"),
        ] {
            let edition = Edition::at(now.parse().unwrap(), Duration::from_secs(hours * 3600), false);
            assert_eq!(edition.newest.to_string(), newest, "{hours} hours at {now}");
        }
    }

    #[test]
    fn a_delay_beyond_the_calendar_publishes_nothing_that_anybody_asks_for() {
        let edition = Edition::at("2026-11-20T00:00:00Z".parse().unwrap(), Duration::MAX, false);
        assert!(edition.newest < "0001-01-01".parse().unwrap());
    }
}
