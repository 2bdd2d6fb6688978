//! What a backfill must write, sample by sample: what every instant of the past would have shown, asked of the people
//! themselves, day after day.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use github_copilot_exporter::simulator::{Entity, Plan, World};

use crate::{
    company::expect,
    people_truth::{Series, Truth, labels, owners},
    truth,
};

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// Samples by series, whose labels are in the order of their names: seconds and numbers, in their order.
pub type History = BTreeMap<String, Vec<(i64, f64)>>;

/// The families that are repeated every step while their day is the newest.
const STEADY: [&str; 13] = [
    "total_suggestions",
    "total_acceptances",
    "total_lines_suggested",
    "total_lines_accepted",
    "total_active_users",
    "total_chat_turns",
    "total_chat_acceptances",
    "total_active_chat_users",
    "day_timestamp_seconds",
    "weekly_active_users",
    "monthly_active_users",
    "team_seated_users",
    "unlisted_team_active_users",
];

/// The families of rows by language and editor, which are repeated once a day.
const ROWS: [&str; 5] = ["suggestions", "acceptances", "lines_suggested", "lines_accepted", "active_users"];

/// Which of GitHub's interfaces tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    ByReports,
    ByUsage,
}

/// Which days are told, and how.
#[derive(Clone)]
pub struct Asked<'a> {
    pub told: Told,
    pub calendar: Calendar,
    pub breakdown: bool,
    /// What every series gets beside its own labels.
    pub labels: &'a [(&'a str, &'a str)],
}

/// When which day was the newest.
#[derive(Clone, Copy)]
pub struct Calendar {
    /// The oldest and the newest day that GitHub has, asked for or not.
    pub oldest: NaiveDate,
    pub newest: NaiveDate,
    /// Whether GitHub tells anything of a day at all.
    pub reported: fn(NaiveDate) -> bool,
    pub from: NaiveDate,
    pub to: NaiveDate,
    pub until: DateTime<Utc>,
    /// Seconds between the end of a day and its publication.
    pub lag: i64,
    /// Seconds between two samples of a steady series.
    pub step: i64,
}

impl Calendar {
    /// Everything that GitHub has, told hourly, each day so many hours after its end.
    pub fn of(oldest: NaiveDate, newest: NaiveDate, lag: i64, until: DateTime<Utc>) -> Self {
        let (from, to, lag) = (oldest, newest, lag * HOUR);
        Self { oldest, newest, reported: |_| true, from, to, until, lag, step: HOUR }
    }

    /// All days that GitHub has, in their order.
    fn published(&self) -> impl DoubleEndedIterator<Item = NaiveDate> {
        let days = self.oldest.iter_days().take_while(|day| *day <= self.newest);
        days.filter(|day| (self.reported)(*day)).collect::<Vec<_>>().into_iter()
    }

    /// When a day becomes the newest: so long after its end.
    fn publication(&self, day: NaiveDate) -> i64 {
        (day + Days::new(1)).and_time(NaiveTime::MIN).and_utc().timestamp() + self.lag
    }

    /// Where everything ends: nothing is told of days after `to`, if GitHub has any.
    fn end(&self) -> i64 {
        let is_last = self.published().next_back().is_none_or(|newest| newest <= self.to);
        let gone = if is_last { i64::MAX } else { self.publication(self.to + Days::new(1)) };
        up(self.until).min(gone)
    }

    /// The days that were ever the newest before the end, and during which seconds.
    pub fn visible(&self) -> Vec<(NaiveDate, Range<i64>)> {
        let asked = self.published().filter(|day| (self.from..=self.to).contains(day));
        let shown = asked.map(|day| {
            let next = self.published().find(|later| *later > day);
            let gone = next.map_or(i64::MAX, |next| self.publication(next));
            (day, self.publication(day)..gone.min(self.end()))
        });
        shown.filter(|(_, seconds)| !seconds.is_empty()).collect()
    }

    /// The first day of which teams' people are known: four weeks are read for the first day, if GitHub has them.
    fn first_read(&self) -> NaiveDate {
        self.oldest.max(self.from - Days::new(27))
    }
}

/// The first whole second that is not before an instant.
fn up(instant: DateTime<Utc>) -> i64 {
    instant.timestamp() + i64::from(instant.timestamp_subsec_nanos() > 0)
}

/// Every sample of these owners and of their teams.
pub fn history<'w>(world: &'w World, owners: &[&'w Entity], asked: &Asked<'_>) -> History {
    let mut history = History::new();
    for (day, seconds) in asked.calendar.visible() {
        for entity in owners {
            for (series, number) in asked.figures(world, entity, day) {
                let samples = asked.instants(&series, &seconds).into_iter().map(|second| (second, number));
                let mut samples = samples.peekable();
                if samples.peek().is_some() {
                    history.entry(asked.named(&series)).or_default().extend(samples);
                }
            }
        }
    }
    history
}

impl Asked<'_> {
    /// What `/metrics` would show of an owner and its teams when `day` is the newest, by series as they are written
    /// there. Of series by day it has those of `day` only.
    fn figures<'w>(&self, world: &'w World, entity: &'w Entity, day: NaiveDate) -> Series {
        match self.told {
            Told::ByReports => self.reported(world, day).core(entity),
            Told::ByUsage => self.used(world, entity, day),
        }
    }

    /// What is known of a company by the reports up to `day`.
    fn reported<'w>(&self, world: &'w World, day: NaiveDate) -> Truth<'w> {
        let Calendar { reported, .. } = self.calendar;
        Truth { first: self.calendar.first_read(), reported, ..Truth::new(world, day) }
    }

    /// A team of which nothing is told on `day` still shows the day before it, if GitHub has that one.
    fn used(&self, world: &World, entity: &Entity, day: NaiveDate) -> Series {
        let mut series = Series::new();
        let whole = truth::day(world, world.people_of(entity), day);
        expect(&labels(entity, None), &[whole], day, &mut series);
        for team in &entity.teams {
            let scope = labels(entity, Some(team));
            let today = truth::team(world, team, &[day]);
            let before = day - Days::new(1);
            if !today.is_empty() {
                expect(&scope, &today, day, &mut series);
            } else if before >= self.calendar.oldest {
                let mut shown = Series::new();
                expect(&scope, &truth::team(world, team, &[before]), before, &mut shown);
                series.extend(shown.into_iter().filter(|(name, _)| !name.contains("_daily_")));
            }
        }
        series
    }

    /// The seconds at which a series has a sample while its day is the newest.
    fn instants(&self, series: &str, seconds: &Range<i64>) -> Vec<i64> {
        let every = |step: i64| seconds.clone().step_by(usize::try_from(step).unwrap()).collect();
        match family(series) {
            name if STEADY.contains(&name) => every(self.calendar.step),
            name if name.starts_with("daily_") => vec![seconds.start],
            name if ROWS.contains(&name) && self.breakdown => every(DAY),
            name => {
                assert!(ROWS.contains(&name), "{series} is not known to have a history");
                Vec::new()
            }
        }
    }

    /// A series as it is written in `/metrics`, with what labels it gets beside.
    fn named(&self, series: &str) -> String {
        let (name, own) = series.strip_suffix('}').unwrap().split_once('{').unwrap();
        let own = own.split(r#"","#).map(|label| label.split_once(r#"=""#).unwrap());
        let own = own.map(|(name, value)| (name, value.trim_end_matches('"')));
        canonical(name, own.chain(self.labels.iter().copied()))
    }
}

/// Monday to Friday.
pub fn is_working_day(day: NaiveDate) -> bool {
    !["Sat", "Sun"].contains(&&*day.format("%a").to_string())
}

/// The name of a series without what all have in common.
fn family(series: &str) -> &str {
    series.split('{').next().unwrap().strip_prefix("github_copilot_").unwrap()
}

/// One way of writing a series down. A label without a value is none.
pub fn canonical<'l>(name: &str, labels: impl IntoIterator<Item = (&'l str, &'l str)>) -> String {
    let labels: BTreeMap<_, _> = labels.into_iter().filter(|(_, value)| !value.is_empty()).collect();
    let labels: Vec<_> = labels.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
    format!("{name}{{{}}}", labels.join(","))
}

/// What is missing, wrong or not to be there, a line for each series.
pub fn differences(expected: &History, found: &History) -> Vec<String> {
    let names: BTreeSet<_> = expected.keys().chain(found.keys()).collect();
    let none = Vec::new();
    let mut lines = Vec::new();
    for name in names {
        let (expected, found) = (expected.get(name).unwrap_or(&none), found.get(name).unwrap_or(&none));
        if expected != found {
            lines.push(format!("{name}: {}", first_difference(expected, found)));
        }
    }
    lines
}

fn first_difference(expected: &[(i64, f64)], found: &[(i64, f64)]) -> String {
    let written = |sample: Option<&(i64, f64)>| match sample {
        Some((second, number)) => {
            format!("{number} at {}", DateTime::from_timestamp(*second, 0).unwrap().format("%FT%TZ"))
        }
        None => "nothing".to_owned(),
    };
    let longest = 0..expected.len().max(found.len());
    let (expected_one, found_one) = longest
        .map(|index| (expected.get(index), found.get(index)))
        .find(|(expected, found)| expected != found)
        .unwrap();
    format!(
        "{} instead of {}; {} samples instead of {}",
        written(found_one),
        written(expected_one),
        found.len(),
        expected.len()
    )
}

/// Wednesday to Tuesday, of which Saturday and Sunday are the 14th and the 15th of November.
fn week(until: &str) -> Calendar {
    Calendar::of(day("2026-11-11"), day("2026-11-17"), 54, until.parse().unwrap())
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// The moment at which a day of that week is published.
fn six_in_the_morning(day: u32) -> i64 {
    // The beginning of 2026-11-17.
    1_794_873_600 + (i64::from(day) - 17) * DAY + 6 * HOUR
}

/// How many hours of which days are visible in a week, the first one from which morning.
fn hours(calendar: Calendar) -> Vec<(u32, u32, i64)> {
    let hours = |(day, seconds): (NaiveDate, Range<i64>)| {
        let morning = (1..=30).find(|morning| six_in_the_morning(*morning) == seconds.start).unwrap();
        (day.format("%d").to_string().parse().unwrap(), morning, (seconds.end - seconds.start) / HOUR)
    };
    calendar.visible().into_iter().map(hours).collect()
}

#[test]
fn a_day_is_the_newest_from_its_publication_until_that_of_the_next_or_until_the_end() {
    let whole = week("2026-11-20T15:30:00Z");
    let all = [(11, 14), (12, 15), (13, 16), (14, 17), (15, 18), (16, 19)].map(|(day, on)| (day, on, 24));
    assert_eq!(hours(whole), [&all[..], &[(17, 20, 9)]].concat());
    let middle = Calendar { from: day("2026-11-12"), to: day("2026-11-13"), ..whole };
    assert_eq!(hours(middle), all[1..3], "the day after the last is there, and is no business of ours");
    let late = Calendar { until: "2026-12-01T06:00:00Z".parse().unwrap(), ..whole };
    assert_eq!(hours(late).last(), Some(&(17, 20, 11 * 24)), "nobody knows of a later day");
    for (until, last) in [
        ("2026-11-20T06:00:00Z", (16, 19, 24)),
        ("2026-11-20T00:00:00Z", (16, 19, 18)),
        ("2026-11-19T06:00:00Z", (15, 18, 24)),
    ] {
        assert_eq!(hours(week(until)).last(), Some(&last), "{until}");
    }
}

#[test]
fn friday_stays_over_a_weekend_of_which_nothing_is_told() {
    let whole = Calendar { reported: is_working_day, ..week("2026-11-20T15:30:00Z") };
    let days = [(11, 14, 24), (12, 15, 24), (13, 16, 3 * 24), (16, 19, 24), (17, 20, 9)];
    assert_eq!(hours(whole), days);
    let from_saturday = Calendar { from: day("2026-11-14"), ..whole };
    assert_eq!(hours(from_saturday), days[3..]);
    let up_to_sunday = Calendar { to: day("2026-11-15"), ..whole };
    assert_eq!(hours(up_to_sunday), days[..3]);
}

/// One person, who completes code in two languages, on the 16th in two editors, and is away at the weekend.
fn company_of_one() -> World {
    World::new(&Plan { orgs: 1, teams: 0, users: 1, seed: 1, start: day("2026-11-20") })
}

/// What is told of the two owners that this person has.
fn told_of_one(calendar: Calendar, breakdown: bool) -> History {
    let world = company_of_one();
    let labels = &[("job", "copilot"), ("instance", "here:1")];
    let asked = Asked { told: Told::ByReports, calendar, breakdown, labels };
    history(&world, &owners(&world).collect::<Vec<_>>(), &asked)
}

/// A series of the organisation.
fn of_org(history: &History, family: &str, more: &[(&str, &str)]) -> Vec<(i64, f64)> {
    let labels = [("job", "copilot"), ("instance", "here:1"), ("org", "octo-retail"), ("enterprise", "")];
    let name = canonical(&format!("github_copilot_{family}"), labels.into_iter().chain(more.iter().copied()));
    history.get(&name).cloned().unwrap_or_default()
}

/// The same number so many times.
fn repeated(start: i64, step: i64, times: i64, number: f64) -> Vec<(i64, f64)> {
    (0..times).map(|index| (start + index * step, number)).collect()
}

#[test]
fn two_days_of_one_person_are_these_numbers_at_these_hours() {
    let calendar = Calendar { from: day("2026-11-16"), ..week("2026-11-20T08:30:00Z") };
    let told = told_of_one(calendar, false);
    let both = |monday: f64, tuesday: f64| {
        let (on_thursday, on_friday) = (six_in_the_morning(19), six_in_the_morning(20));
        [repeated(on_thursday, HOUR, 24, monday), repeated(on_friday, HOUR, 3, tuesday)].concat()
    };
    for (family, monday, tuesday) in [
        ("total_suggestions", 41.0, 26.0),
        ("total_acceptances", 15.0, 10.0),
        ("total_lines_suggested", 81.0, 56.0),
        ("total_lines_accepted", 30.0, 21.0),
        ("total_active_users", 1.0, 1.0),
        ("total_chat_turns", 0.0, 0.0),
        ("total_chat_acceptances", 0.0, 0.0),
        ("total_active_chat_users", 0.0, 0.0),
        ("weekly_active_users", 1.0, 1.0),
        ("monthly_active_users", 1.0, 1.0),
        ("unlisted_team_active_users", 1.0, 1.0),
        ("day_timestamp_seconds", 1_794_787_200.0, 1_794_873_600.0),
    ] {
        assert_eq!(of_org(&told, family, &[]), both(monday, tuesday), "{family}");
    }
    for (day, morning, suggestions) in [("2026-11-16", 19, 41.0), ("2026-11-17", 20, 26.0)] {
        let daily = of_org(&told, "daily_suggestions", &[("day", day)]);
        assert_eq!(daily, [(six_in_the_morning(morning), suggestions)]);
    }
    // The enterprise has as many: twelve families of the day, and eight of each day.
    assert_eq!(told.len(), 2 * (12 + 2 * 8));
    assert_eq!(told.values().map(Vec::len).sum::<usize>(), 2 * (12 * 27 + 2 * 8));
}

#[test]
fn rows_are_told_once_a_day_for_as_long_as_their_day_is_the_newest() {
    let (from, reported) = (day("2026-11-13"), is_working_day);
    let calendar = Calendar { from, reported, ..week("2026-11-20T15:30:00Z") };
    let told = told_of_one(calendar, true);
    let row = |family, language, editor| of_org(&told, family, &[("language", language), ("editor", editor)]);
    let mornings = [(16, 9.0), (17, 9.0), (18, 9.0), (20, 20.0)];
    let mornings = mornings.map(|(morning, number)| (six_in_the_morning(morning), number));
    assert_eq!(row("suggestions", "cpp", "neovim"), mornings);
    // On Monday there were two editors.
    let monday = six_in_the_morning(19);
    assert_eq!(row("acceptances", "cpp", "multiple"), [(monday, 11.0)]);
    assert_eq!(row("active_users", "rust", "multiple"), [(monday, 1.0)]);
    assert_eq!(row("lines_accepted", "rust", "multiple"), [(monday, 12.0)]);
    assert!(told_of_one(calendar, false).keys().all(|name| !name.contains("language=")));
}

#[test]
fn what_nobody_did_is_no_zero_and_users_are_none() {
    let told = told_of_one(
        Calendar {
            from: day("2026-11-14"),
            to: day("2026-11-14"),
            step: 4 * HOUR,
            ..week("2026-11-20T15:30:00Z")
        },
        true,
    );
    let saturday = |number| repeated(six_in_the_morning(17), 4 * HOUR, 6, number);
    assert_eq!(of_org(&told, "total_suggestions", &[]), []);
    assert_eq!(of_org(&told, "total_active_users", &[]), saturday(0.0));
    assert_eq!(of_org(&told, "unlisted_team_active_users", &[]), saturday(0.0));
    assert_eq!(of_org(&told, "weekly_active_users", &[]), saturday(1.0));
}

/// A company with a team that is too small on its last day, and its organisation.
pub const SHRINKING: Plan =
    Plan { orgs: 1, teams: 5, users: 30, seed: 4, start: NaiveDate::from_ymd_opt(2026, 11, 20).unwrap() };

#[test]
fn a_team_that_has_grown_too_small_shows_the_day_before_while_that_one_is_the_newest() {
    let world = World::new(&SHRINKING);
    let until = "2026-11-20T15:30:00Z".parse().unwrap();
    for told in [Told::ByUsage, Told::ByReports] {
        let calendar = Calendar::of(day("2026-11-18"), day("2026-11-19"), 12, until);
        let scope = [("org", "octo-retail"), ("team", "search-quality")];
        let of_day = canonical("github_copilot_day_timestamp_seconds", scope);
        let shown = |calendar| {
            let asked = Asked { told, calendar, breakdown: false, labels: &[] };
            let history = history(&world, &[&world.orgs()[0]], &asked);
            let daily =
                |name: &&String| name.contains("daily_suggestions") && name.contains("search-quality");
            (history.get(&of_day).cloned().unwrap_or_default(), history.keys().filter(daily).count())
        };
        // From noon of the 19th, and of the 20th.
        let wednesday = repeated(1_795_089_600, HOUR, 24, 1_794_960_000.0);
        let thursday = repeated(1_795_176_000, HOUR, 4, 1_794_960_000.0);
        assert_eq!(shown(calendar), ([wednesday, thursday.clone()].concat(), 1), "{told:?}");
        let last = Calendar { from: day("2026-11-19"), ..calendar };
        assert_eq!(shown(last), (thursday, 0), "{told:?}");
        assert_eq!(shown(Calendar { oldest: day("2026-11-19"), ..last }), (vec![], 0), "{told:?}");
    }
}

#[test]
fn weeks_and_months_of_teams_begin_when_all_their_days_are_there_and_those_of_owners_at_once() {
    let world = World::new(&SHRINKING);
    let until = "2026-11-20T15:30:00Z".parse().unwrap();
    let oldest = Calendar::of(day("2026-10-01"), day("2026-11-17"), 54, until);
    // Ten days are there before the first one that is told.
    let later = Calendar { from: day("2026-10-11"), ..oldest };
    for (calendar, week, month) in [(oldest, "2026-10-07", "2026-10-28"), (later, "2026-10-11", "2026-10-28")]
    {
        let asked = Asked { told: Told::ByReports, calendar, breakdown: false, labels: &[] };
        let history = history(&world, &[&world.orgs()[0]], &asked);
        let begins = |family: &str, team: &str| {
            let scope = [("org", "octo-retail"), ("team", team)];
            history[&canonical(&format!("github_copilot_{family}_active_users"), scope)][0].0
        };
        assert_eq!(begins("weekly", "payments"), calendar.publication(day(week)));
        assert_eq!(begins("monthly", "payments"), calendar.publication(day(month)));
        assert_eq!(begins("total", "payments"), calendar.publication(calendar.from));
        assert_eq!(begins("monthly", ""), calendar.publication(calendar.from));
    }
}

#[test]
fn differences_name_the_first_sample_that_is_wrong() {
    let told = |samples: &[(i64, f64)]| History::from([("a{}".to_owned(), samples.to_vec())]);
    let hours = [(0, 1.0), (3600, 2.0)];
    assert_eq!(differences(&told(&hours), &told(&hours)), [] as [&str; 0]);
    for (found, difference) in [
        (&hours[..1], "a{}: nothing instead of 2 at 1970-01-01T01:00:00Z; 1 samples instead of 2"),
        (
            &[(0, 1.0), (3601, 2.0)],
            "a{}: 2 at 1970-01-01T01:00:01Z instead of 2 at 1970-01-01T01:00:00Z; 2 samples instead of 2",
        ),
        (&[], "a{}: nothing instead of 1 at 1970-01-01T00:00:00Z; 0 samples instead of 2"),
    ] {
        assert_eq!(differences(&told(&hours), &told(found)), [difference]);
    }
}
