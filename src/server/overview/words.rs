//! Numbers, days and spans as people write them. Everything is in UTC, as GitHub's days are.

use chrono::{NaiveDate, TimeDelta};

use crate::clock::Instant;

/// With thousands separators: `12,345`.
pub(super) fn count(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut written = String::from(if number < 0 { "\u{2212}" } else { "" });
    for (index, digit) in digits.char_indices() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            written.push(',');
        }
        written.push(digit);
    }
    written
}

/// The same for counts that cannot be negative.
pub(super) fn unsigned(number: u64) -> String {
    i64::try_from(number).map_or_else(|_| number.to_string(), count)
}

/// A ratio as a percentage with one decimal, where that says more.
pub(super) fn percent(ratio: f64) -> String {
    let percent = ratio * 100.0;
    // Only nonsense is this large. Its digits would tell nothing and burst the page.
    if percent.abs() >= 1e6 {
        return format!("{percent:.0e}%").replace('-', "\u{2212}");
    }
    let written = format!("{percent:.1}").replace('-', "\u{2212}");
    format!("{}%", written.strip_suffix(".0").unwrap_or(&written))
}

/// US dollars with cents: `$1,234.50`.
pub(super) fn dollars(amount: f64) -> String {
    // Only nonsense is this large. Its digits would tell nothing and burst the page.
    if amount.abs() >= 1e12 {
        return format!("${amount:.0e}").replace('-', "\u{2212}");
    }
    let written = format!("{:.2}", amount.abs());
    let (whole, cents) = written.split_once('.').unwrap_or((&written, "00"));
    let whole = whole.parse().map_or_else(|_| whole.to_owned(), count);
    let sign = if amount < 0.0 && written != "0.00" { "\u{2212}" } else { "" };
    format!("{sign}${whole}.{cents}")
}

/// A number at an axis, where there is little room: `800`, `15k`, `2.5M`.
pub(super) fn short(number: f64) -> String {
    let (scaled, unit) = match number.abs() {
        size if size < 1e4 => (number, ""),
        size if size < 1e6 => (number / 1e3, "k"),
        size if size < 1e9 => (number / 1e6, "M"),
        _ => return format!("{number:.0e}").replace('-', "\u{2212}"),
    };
    format!("{scaled}{unit}").replace('-', "\u{2212}")
}

/// `1 team`, `2 teams`.
pub(super) fn some(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", unsigned(number), if number == 1 { "" } else { "s" })
}

/// `Thursday, 19 November 2026`.
pub(super) fn day(day: NaiveDate) -> String {
    day.format("%A, %-d %B %Y").to_string()
}

/// `November 2026`.
pub(super) fn month(day: NaiveDate) -> String {
    day.format("%B %Y").to_string()
}

/// `19 Nov`.
pub(super) fn short_day(day: NaiveDate) -> String {
    day.format("%-d %b").to_string()
}

/// How long ago a day was: `yesterday`, `3 days ago`.
pub(super) fn days_ago(day: NaiveDate, now: Instant) -> String {
    match (now.date_naive() - day).num_days() {
        ..0 => "ahead of this machine\u{2019}s clock".to_owned(),
        0 => "today".to_owned(),
        1 => "yesterday".to_owned(),
        days => format!("{} days ago", count(days)),
    }
}

/// `22 Nov 2026, 11:48 UTC`.
pub(super) fn moment(at: Instant) -> String {
    at.format("%-d %b %Y, %H:%M UTC").to_string()
}

/// How long ago a moment was: `12 minutes ago`.
pub(super) fn ago(at: Instant, now: Instant) -> String {
    // A moment in the future means that the clock was set back meanwhile.
    if at >= now { "just now".to_owned() } else { format!("{} ago", span(now - at)) }
}

/// How far away a moment is: `in 48 minutes`.
pub(super) fn until(at: Instant, now: Instant) -> String {
    if at <= now { "due now".to_owned() } else { format!("in {}", span(at - now)) }
}

/// A duration in its largest unit: precision beyond that is noise on a page.
fn span(span: TimeDelta) -> String {
    const UNITS: [(i64, &str); 3] = [(86_400, "day"), (3_600, "hour"), (60, "minute")];
    let seconds = span.num_seconds();
    let (size, unit) = UNITS.into_iter().find(|(size, _)| seconds >= *size).unwrap_or((1, "second"));
    some(seconds.max(0).unsigned_abs() / size.unsigned_abs(), unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noon() -> Instant {
        "2026-11-22T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn counts_have_separators_and_a_real_minus() {
        let cases = [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (1_234_567, "1,234,567"),
            (-1_000, "\u{2212}1,000"),
            (i64::MIN, "\u{2212}9,223,372,036,854,775,808"),
        ];
        for (number, words) in cases {
            assert_eq!(count(number), words);
        }
        assert_eq!(unsigned(u64::MAX), "18446744073709551615");
    }

    #[test]
    fn a_percentage_has_a_decimal_only_where_it_says_something() {
        let cases = [
            (0.0, "0%"),
            (1.0, "100%"),
            (0.314_15, "31.4%"),
            (-0.5, "\u{2212}50%"),
            (2.0, "200%"),
            (1e18, "1e20%"),
            (-1e18, "\u{2212}1e20%"),
        ];
        for (ratio, words) in cases {
            assert_eq!(percent(ratio), words);
        }
    }

    #[test]
    fn dollars_have_cents_and_separators() {
        let cases = [
            (0.0, "$0.00"),
            (9.75, "$9.75"),
            (1_234_567.891, "$1,234,567.89"),
            (-0.5, "\u{2212}$0.50"),
            (-0.001, "$0.00"),
            (1e18, "$1e18"),
        ];
        for (amount, words) in cases {
            assert_eq!(dollars(amount), words);
        }
    }

    #[test]
    fn axis_labels_stay_short_at_every_size() {
        let cases = [
            (0.0, "0"),
            (8_000.0, "8000"),
            (15_000.0, "15k"),
            (2.5e6, "2.5M"),
            (1e19, "1e19"),
            (-20.0, "\u{2212}20"),
        ];
        for (number, words) in cases {
            assert_eq!(short(number), words);
        }
    }

    #[test]
    fn a_span_is_told_in_its_largest_unit() {
        let cases = [
            (1, "1 second"),
            (59, "59 seconds"),
            (60, "1 minute"),
            (3_599, "59 minutes"),
            (7_200, "2 hours"),
            (86_400 * 5 + 1, "5 days"),
        ];
        for (seconds, words) in cases {
            assert_eq!(ago(noon() - TimeDelta::seconds(seconds), noon()), format!("{words} ago"));
            assert_eq!(until(noon() + TimeDelta::seconds(seconds), noon()), format!("in {words}"));
        }
    }

    #[test]
    fn moments_on_the_wrong_side_of_now_are_now() {
        assert_eq!(ago(noon() + TimeDelta::minutes(5), noon()), "just now");
        assert_eq!(until(noon() - TimeDelta::minutes(5), noon()), "due now");
    }

    #[test]
    fn days_are_named_and_counted_back_by_the_calendar() {
        let thursday = NaiveDate::from_ymd_opt(2026, 11, 19).unwrap();
        assert_eq!(day(thursday), "Thursday, 19 November 2026");
        assert_eq!(short_day(thursday), "19 Nov");
        assert_eq!(month(thursday), "November 2026");
        assert_eq!(moment(noon()), "22 Nov 2026, 12:00 UTC");
        let cases = [
            (22, "today"),
            (21, "yesterday"),
            (19, "3 days ago"),
            (23, "ahead of this machine\u{2019}s clock"),
        ];
        for (day, words) in cases {
            assert_eq!(days_ago(NaiveDate::from_ymd_opt(2026, 11, day).unwrap(), noon()), words);
        }
    }
}
