//! When people work: week, company days off and personal holidays, each a pure function of the day.

use chrono::{Datelike, Days, NaiveDate, Weekday};

use super::dice::mix;

/// Days (month, day) on which the whole company is closed.
const CLOSED: [(u32, u32); 7] = [(1, 1), (1, 6), (5, 1), (12, 24), (12, 25), (12, 26), (12, 31)];

/// A person takes at most one holiday in each stretch of so many days.
const STRETCH: u64 = 91;

/// The days counted from the start of the common era: what dice and stretches are reckoned by.
pub(super) fn number(day: NaiveDate) -> u64 {
    u64::from(day.num_days_from_ce().unsigned_abs())
}

/// `day` moved by `days`; stays where it is at the ends of the calendar.
pub(super) fn shift(day: NaiveDate, days: i64) -> NaiveDate {
    let distance = Days::new(days.unsigned_abs());
    let moved = if days < 0 { day.checked_sub_days(distance) } else { day.checked_add_days(distance) };
    moved.unwrap_or(day)
}

/// Whether it is a Saturday or a Sunday.
pub(super) fn is_weekend(day: NaiveDate) -> bool {
    matches!(day.weekday(), Weekday::Sat | Weekday::Sun)
}

/// Whether the company's offices are open.
pub(super) fn is_working_day(day: NaiveDate) -> bool {
    !is_weekend(day) && !CLOSED.contains(&(day.month(), day.day()))
}

/// Whether the person with these dice is on holiday: up to two weeks, somewhere in every quarter.
pub(super) fn is_on_holiday(person: u64, day: NaiveDate) -> bool {
    let (stretch, position) = (number(day) / STRETCH, number(day) % STRETCH);
    let dice = mix(person, stretch);
    let (first, length) = (dice % STRETCH, (dice >> 32) % 15);
    (first..first + length).contains(&position)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn weekends_and_closed_days_are_no_working_days() {
        for (day, open) in [
            ("2026-11-20", true),
            ("2026-11-21", false),
            ("2026-11-22", false),
            ("2026-12-25", false),
            ("2026-05-01", false),
        ] {
            assert_eq!(is_working_day(date(day)), open, "{day}");
        }
    }

    #[test]
    fn people_are_away_a_few_weeks_a_year() {
        let year: Vec<_> = date("2026-01-01").iter_days().take(365).collect();
        let away: usize =
            (0..100).map(|person| year.iter().filter(|day| is_on_holiday(person, **day)).count()).sum();
        assert!((14..=40).contains(&(away / 100)), "{} days a year", away / 100);
    }
}
