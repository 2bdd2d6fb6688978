//! When which day was what `/metrics` showed, and which moments are written of it. Pure.

use std::{fmt, time::Duration};

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveTime, SecondsFormat, TimeDelta};

use super::{
    month::{Run, Span},
    options::Options,
};
use crate::{clock::Instant, metrics::catalogue, source::Api};

/// A day of the clock, which is also what rows are written once in.
pub const DAY: Duration = Duration::from_secs(86_400);

/// How long GitHub is taken to need for a report: it promises two to three days, and does not say when it was done.
const REPORTS_LAG: Duration = Duration::from_secs(54 * 3600);

/// The usage API had yesterday in the course of the morning.
const USAGE_LAG: Duration = Duration::from_secs(12 * 3600);

/// Before it there is nothing to look for.
const FIRST_YEAR: i32 = 2021;

/// What is to be written: the switches, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The first day.
    pub from: NaiveDate,
    /// The last day, if one was named.
    pub to: Option<NaiveDate>,
    /// Where the history ends; no sample is at this moment or later.
    pub until: Instant,
    /// Seconds from one sample of a figure to the next.
    pub step: Duration,
    /// Whether rows by language and editor are written.
    pub breakdown: bool,
    lag: Option<Duration>,
}

/// What of the plan concerns an owner: it depends on the interface that answers for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Course {
    /// The first day.
    pub from: NaiveDate,
    /// The last day that was published before the history ends.
    pub last: NaiveDate,
    /// From the publication of the first day to when the last was shown no longer.
    pub span: Span,
    /// How long after its end a day was published.
    pub lag: Duration,
}

impl Plan {
    /// What the switches ask for at this moment.
    ///
    /// # Errors
    /// A sentence about switches that contradict each other.
    pub fn of(options: &Options, now: Instant) -> Result<Self, String> {
        let Options { from, to, until, lag, step, breakdown, .. } = options;
        let until = until.unwrap_or(now);
        if until > now {
            let until = until.to_rfc3339_opts(SecondsFormat::Secs, true);
            return Err(format!("--until {until} is still to come: a history is about what is past"));
        }
        if from.year() < FIRST_YEAR {
            return Err(format!("--from {from}: Copilot began in {FIRST_YEAR}"));
        }
        if to.is_some_and(|to| to < *from) {
            return Err("--to must not be before --from".into());
        }
        let mut names: Vec<_> = options.labels.iter().map(|label| &*label.name).collect();
        if let Some(own) = names.iter().find(|name| catalogue::data_labels().contains(**name)) {
            return Err(format!("--label {own}: the series have a label of that name already"));
        }
        names.sort_unstable();
        if let Some(twice) = names.windows(2).find(|names| names[0] == names[1]) {
            return Err(format!("--label {}: is given twice", twice[0]));
        }
        Ok(Self { from: *from, to: *to, until, step: *step, breakdown: *breakdown, lag: *lag })
    }

    /// How long after its end a day is taken to have been published.
    pub fn lag(&self, api: Api) -> Duration {
        self.lag.unwrap_or(match api {
            Api::Reports => REPORTS_LAG,
            Api::Usage => USAGE_LAG,
        })
    }

    /// The course of an owner, of which GitHub has nothing newer than `newest`.
    ///
    /// # Errors
    /// A sentence, if no day of it was published before the history ends.
    pub fn course(&self, api: Api, newest: Option<NaiveDate>) -> Result<Course, String> {
        let lag = self.lag(api);
        let reach = newest_before(self.until, lag);
        let last = self.to.map_or(reach, |to| to.min(reach));
        if last < self.from {
            let (Self { from, until, .. }, hours) = (self, lag.as_secs() as f64 / 3600.0);
            return Err(format!(
                "--from {from}: that day is taken to be published {hours}h after its end (--lag), at {}, and the history \
                 ends before, at {}; choose an earlier day",
                publication(*from, lag).to_rfc3339_opts(SecondsFormat::Secs, true),
                until.to_rfc3339_opts(SecondsFormat::Secs, true)
            ));
        }
        let goes_on = self.to.is_none_or(|to| newest <= Some(to));
        let over = if goes_on { self.until } else { publication(last + Days::new(1), lag) };
        let span = Span { begins: publication(self.from, lag), ends: self.until.min(over) };
        Ok(Course { from: self.from, last, span, lag })
    }
}

impl Course {
    /// What is written, for people.
    pub fn told(&self, api: Api) -> impl fmt::Display {
        let (Self { from, last, lag, .. }, api) = (self, api.word());
        let hours = lag.as_secs() as f64 / 3600.0;
        format!(
            "from {from} to {last} by {api}, each day as published {hours}h after its end (an assumption: --lag)"
        )
    }

    /// When a day was published.
    pub fn publication(&self, day: NaiveDate) -> Instant {
        publication(day, self.lag)
    }

    /// The newest day that was published at a moment, if GitHub left out none.
    pub fn newest_at(&self, moment: Instant) -> NaiveDate {
        newest_before(moment + TimeDelta::seconds(1), self.lag)
    }

    /// The samples of a figure that was shown in a span: from the first day's publication on every `step`.
    pub fn samples(&self, shown: Span, step: Duration, value: f64) -> Run {
        let step = seconds(step);
        let origin = self.span.begins.timestamp();
        // Moments are whole seconds: what was shown from a fraction on was not yet at the second before it.
        let whole = |moment: Instant| moment.timestamp() + i64::from(moment.timestamp_subsec_nanos() > 0);
        let after = |moment: i64| {
            (moment - origin).div_euclid(step) + i64::from((moment - origin).rem_euclid(step) > 0)
        };
        let (first, end) = (after(whole(shown.begins)), after(whole(shown.ends)));
        Run {
            first: origin + first * step,
            step,
            count: u32::try_from(end - first).unwrap_or_default(),
            value,
        }
    }
}

/// The months by the calendar that a span touches, each as far as it does.
pub fn months(span: Span) -> Vec<Span> {
    let mut months = Vec::new();
    let mut begins = span.begins;
    while begins < span.ends {
        let next = begins.date_naive().with_day(1).and_then(|first| first.checked_add_months(Months::new(1)));
        let ends = next.map_or(span.ends, |next| next.and_time(NaiveTime::MIN).and_utc().min(span.ends));
        months.push(Span { begins, ends });
        begins = ends;
    }
    months
}

/// The newest day that was published before a moment.
fn newest_before(moment: Instant, lag: Duration) -> NaiveDate {
    let lag = TimeDelta::from_std(lag).unwrap_or_default();
    (moment - lag - TimeDelta::nanoseconds(1)).date_naive() - Days::new(1)
}

fn publication(day: NaiveDate, lag: Duration) -> Instant {
    let end = (day + Days::new(1)).and_time(NaiveTime::MIN).and_utc();
    crate::clock::after(end, lag)
}

fn seconds(span: Duration) -> i64 {
    i64::try_from(span.as_secs()).unwrap_or(i64::MAX).max(1)
}

/// The next midnight.
pub fn midnight_after(moment: Instant) -> Instant {
    let next = moment.date_naive().checked_add_days(Days::new(1));
    next.map_or(DateTime::<chrono::Utc>::MAX_UTC, |day| day.and_time(NaiveTime::MIN).and_utc())
}

#[cfg(test)]
mod tests {
    use clap::{Args, Command, FromArgMatches};
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> Instant {
        text.parse().unwrap()
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn options(switches: &[&str]) -> Result<Options, String> {
        let command = Options::augment_args(Command::new("backfill").no_binary_name(true));
        let all = switches.iter().chain(&["--output=/tmp/x"]);
        let matches = command.try_get_matches_from(all).map_err(|error| error.to_string())?;
        Options::from_arg_matches(&matches).map_err(|error| error.to_string())
    }

    const NOW: &str = "2026-11-26T14:00:00Z";

    fn plan(switches: &[&str]) -> Result<Plan, String> {
        Plan::of(&options(switches)?, at(NOW))
    }

    #[test]
    fn switches_that_make_no_sense_are_refused_with_the_reason() {
        for (switches, reason) in [
            (&["--from=2026-11-01", "--to=2026-10-31"][..], "--to must not be before --from"),
            (&["--from=2026-11-01", "--until=2026-11-26T14:00:01Z"], "still to come"),
            (&["--from=0001-01-01"], "Copilot began in 2021"),
            (&["--from=2026-11-01", "--step=7h"], "must divide a day evenly"),
            (&["--from=2026-11-01", "--step=0s"], "must divide a day evenly"),
            (&["--from=2026-11-01", "--step=1500ms"], "must divide a day evenly"),
            (&["--from=2026-11-01", "--lag=11years"], "ten years at most"),
            (&["--from=2026-11-01", "--label=job"], "a label is written NAME=VALUE"),
            (&["--from=2026-11-01", "--label=__name__=x"], "no digit and no __ in front"),
            (&["--from=2026-11-01", "--label=a-b=x"], "no digit and no __ in front"),
            (&["--from=2026-11-01", "--label=job="], "a label without a value"),
            (&["--from=2026-11-01", "--label=day=x"], "--label day: the series have a label of that name"),
            (&["--from=2026-11-01", "--label=a=x", "--label=a=y"], "--label a: is given twice"),
            (&["--from=2026-11-01", "--tenant=x"], "cannot be used with"),
            (&["--from=2026-11-01", "--bearer-token-file=x"], "cannot be used with"),
            (&["--from=2026-11-01", "--out-of-order-window=1h"], "cannot be used with"),
            (
                &["--from=2026-11-01", "--basic-auth-user=x", "--basic-auth-password-file=x"],
                "cannot be used with",
            ),
            (&["--from=2026-11-01", "--cert-file=x", "--key-file=x"], "cannot be used with"),
            (&["--from=yesterday"], "invalid value 'yesterday'"),
            (&["--from=2026-11-01", "--remote-write=http://x"], "cannot be used with"),
            (&[], "--from"),
        ] {
            let error = plan(switches).unwrap_err();
            assert!(error.contains(reason), "{switches:?}: {error}");
        }
    }

    #[test]
    fn a_day_is_shown_from_its_publication_and_the_last_until_the_history_ends() {
        let plan = plan(&["--from=2026-11-01"]).unwrap();
        let course = plan.course(Api::Reports, Some(day("2026-11-23"))).unwrap();
        assert_eq!(course.span, Span { begins: at("2026-11-04T06:00:00Z"), ends: at(NOW) });
        assert_eq!(course.last, day("2026-11-23"), "published at 06:00 of today");
        let course = plan.course(Api::Usage, None).unwrap();
        assert_eq!((course.span.begins, course.last), (at("2026-11-02T12:00:00Z"), day("2026-11-25")));
    }

    #[test]
    fn a_day_that_is_published_in_the_moment_in_which_it_ends_is_not_in_it() {
        for (until, last) in [
            ("2026-11-20T05:59:59Z", "2026-11-16"),
            ("2026-11-20T06:00:00Z", "2026-11-16"),
            ("2026-11-20T06:00:01Z", "2026-11-17"),
        ] {
            let plan = plan(&["--from=2026-11-01", &format!("--until={until}")]).unwrap();
            assert_eq!(plan.course(Api::Reports, None).unwrap().last, day(last), "{until}");
        }
    }

    #[test]
    fn a_last_day_that_was_not_the_newest_ends_with_the_publication_of_the_next() {
        let ends = |newest: Option<&str>| {
            let plan = plan(&["--from=2026-11-01", "--to=2026-11-10"]).unwrap();
            plan.course(Api::Reports, newest.map(day)).unwrap().span.ends
        };
        assert_eq!(ends(Some("2026-11-20")), at("2026-11-14T06:00:00Z"));
        assert_eq!(ends(Some("2026-11-11")), at("2026-11-14T06:00:00Z"));
        assert_eq!(ends(Some("2026-11-10")), at(NOW), "live, it is the newest still");
        assert_eq!(ends(None), at(NOW));
    }

    #[test]
    fn a_first_day_that_was_not_published_in_time_is_refused() {
        let plan = plan(&["--from=2026-11-24"]).unwrap();
        let problem = plan.course(Api::Reports, None).unwrap_err();
        assert!(problem.contains("54h after its end"), "{problem}");
        assert!(plan.course(Api::Usage, None).is_ok());
    }

    #[test]
    fn the_newest_day_of_a_moment_is_the_last_that_was_published_at_it() {
        let course = plan(&["--from=2026-11-01"]).unwrap().course(Api::Reports, None).unwrap();
        for (moment, newest) in
            [("2026-11-20T05:59:59Z", "2026-11-16"), ("2026-11-20T06:00:00Z", "2026-11-17")]
        {
            assert_eq!(course.newest_at(at(moment)), day(newest));
            assert!(course.publication(day(newest)) <= at(moment));
        }
    }

    #[test]
    fn months_are_those_of_the_calendar_cut_where_the_history_is() {
        let span = Span { begins: at("2025-12-30T06:00:00Z"), ends: at("2026-02-01T00:00:00Z") };
        let cut = ["2025-12-30T06:00:00Z", "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"].map(at);
        let expected = [Span { begins: cut[0], ends: cut[1] }, Span { begins: cut[1], ends: cut[2] }];
        assert_eq!(months(span), expected);
        assert_eq!(months(Span { begins: cut[0], ends: cut[0] }), []);
    }

    proptest! {
        #[test]
        fn however_a_time_is_cut_each_moment_of_the_grid_is_written_once(
            lag in 0..400_000u64,
            step in prop::sample::select(vec![1u64, 60, 900, 3600, 7200, 86_400]),
            mut cuts in prop::collection::vec(0..3_000_000_000i64, 0..6),
        ) {
            let mut plan = plan(&["--from=2026-01-01"]).unwrap();
            plan.lag = Some(Duration::from_secs(lag));
            let course = plan.course(Api::Reports, None).unwrap();
            // A little more than a month, cut at any millisecond.
            let (begins, length) = (course.span.begins, TimeDelta::milliseconds(3_000_000_000));
            cuts.extend([0, 3_000_000_000]);
            cuts.sort_unstable();
            let cuts: Vec<_> = cuts.into_iter().map(|cut| begins + TimeDelta::milliseconds(cut)).collect();
            let step = Duration::from_secs(step);
            let mut next = begins.timestamp();
            for cut in cuts.windows(2) {
                let run = course.samples(Span { begins: cut[0], ends: cut[1] }, step, 1.0);
                if run.count > 0 {
                    prop_assert_eq!(run.first, next);
                    prop_assert!(run.first * 1000 >= cut[0].timestamp_millis());
                    next += i64::from(run.count) * run.step;
                    prop_assert!((next - run.step) * 1000 < cut[1].timestamp_millis());
                }
            }
            let rest = (begins + length).timestamp_millis() - next * 1000;
            prop_assert!(rest <= 0, "nothing of it is left: {}", rest);
        }
    }
}
