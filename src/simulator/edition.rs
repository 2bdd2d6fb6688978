//! Which days the reports know, and how much of each: days are published late, and some telemetry comes
//! later still.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use fastrand::Rng;

use super::calendar::{is_weekend, number, shift};
use super::deeds::{self, Deed};
use super::dice::{chance, mix};
use super::options::Options;
use super::world::Person;

/// How days come to be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Publishing {
    /// How long after its end a day is published.
    after: Duration,
    /// Whether telemetry may be missing when a day is published. If not, it is whole at once.
    late: bool,
    /// Whether Saturdays and Sundays are never reported.
    quiet_weekends: bool,
}

/// What was known when a report was written. It changes once a day, when another day is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Edition {
    /// The newest day published by then; the one before it has been out for a day, and so on.
    pub(super) newest: NaiveDate,
    publishing: Publishing,
}

impl Publishing {
    pub(super) fn of(options: &Options) -> Self {
        let Options { publish_after: after, late, quiet_weekends, .. } = *options;
        Self { after, late, quiet_weekends }
    }

    /// The newest edition at `now`.
    pub(super) fn at(self, now: DateTime<Utc>) -> Edition {
        let delay = TimeDelta::from_std(self.after).ok();
        let ended = delay.and_then(|delay| now.checked_sub_signed(delay)).unwrap_or(DateTime::<Utc>::MIN_UTC);
        self.edition(shift(ended.date_naive(), -1))
    }

    /// The edition whose newest day that is.
    pub(super) fn edition(self, newest: NaiveDate) -> Edition {
        Edition { newest, publishing: self }
    }
}

impl Edition {
    /// Whether there is anything about `day`, be it that nobody did anything.
    pub(super) fn has(&self, day: NaiveDate) -> bool {
        day <= self.newest && !(self.publishing.quiet_weekends && is_weekend(day))
    }

    /// What is known of what `person` did on `day`.
    pub(super) fn deeds(&self, person: &Person, day: NaiveDate) -> Vec<Deed> {
        let waited = (self.newest - day).num_days();
        let has_come = !self.publishing.late || i64::from(days_late(person, day)) <= waited;
        let known = self.has(day) && has_come;
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

    fn publishing(after: Duration) -> Publishing {
        Publishing { after, late: false, quiet_weekends: false }
    }

    #[test]
    fn a_day_is_published_when_so_much_time_has_passed_since_its_end() {
        for (now, hours, newest) in [
            ("2026-11-20T00:00:00Z", 48, "2026-11-17"),
            ("2026-11-19T23:59:59Z", 48, "2026-11-16"),
            ("2026-11-20T12:00:00Z", 0, "2026-11-19"),
            ("2026-11-20T12:00:00Z", 12, "2026-11-19"),
            ("2026-11-20T12:00:00Z", 13, "2026-11-18"),
        ] {
            let edition = publishing(Duration::from_secs(hours * 3600)).at(now.parse().unwrap());
            assert_eq!(edition.newest.to_string(), newest, "{hours} hours at {now}");
        }
    }

    #[test]
    fn a_delay_beyond_the_calendar_publishes_nothing_that_anybody_asks_for() {
        let edition = publishing(Duration::MAX).at("2026-11-20T00:00:00Z".parse().unwrap());
        assert!(edition.newest < "0001-01-01".parse().unwrap());
    }

    #[test]
    fn only_quiet_weekends_are_missing_from_the_days_up_to_the_newest() {
        for (quiet_weekends, day, has) in [
            (true, "2026-11-13", true),
            (true, "2026-11-14", false),
            (true, "2026-11-15", false),
            (true, "2026-11-16", true),
            (false, "2026-11-15", true),
            (false, "2026-11-18", false),
        ] {
            let publishing = Publishing { quiet_weekends, ..publishing(Duration::ZERO) };
            let edition = publishing.edition("2026-11-17".parse().unwrap());
            assert_eq!(edition.has(day.parse().unwrap()), has, "{day}");
        }
    }
}
