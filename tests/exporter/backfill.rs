//! `backfill` into files: what a real Prometheus makes of them is what every instant of the past would have shown.

use std::{sync::LazyLock, time::Duration};

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, TimeDelta, Utc, Weekday};
use github_copilot_exporter::{
    clock::{Clock, SystemClock},
    simulator::{Announcement, Api, Entity, Kind, Options, Plan, Simulator},
};

use crate::{
    history_truth::{
        Asked, Calendar, History, SHRINKING, Told, canonical, differences, history, is_working_day,
    },
    people_truth::owners,
    program::{exporter, run},
    store::Store,
};

/// The company's time: the afternoon of the last Friday before today. The program goes by the machine's clock, by which
/// nobody can read days of more than a year ago, so this may not stand still as it does in other tests; but it is always
/// past, the same weekday and far from midnight.
static AFTERNOON: LazyLock<DateTime<Utc>> = LazyLock::new(|| {
    let mut days = (1..).map(|back| *TODAY - Days::new(back));
    let friday = days.find(|day| day.weekday() == Weekday::Fri).unwrap();
    friday.and_hms_opt(15, 30, 0).unwrap().and_utc()
});

/// Today, as it was when the first test asked.
static TODAY: LazyLock<NaiveDate> = LazyLock::new(|| SystemClock.now().date_naive());

pub fn afternoon() -> DateTime<Utc> {
    *AFTERNOON
}

/// So many days before that Friday.
fn before(days: u64) -> NaiveDate {
    afternoon().date_naive() - Days::new(days)
}

/// The default company.
fn large() -> Options {
    Options { now: Some(afternoon()), api: Api::Reports, ..Options::default() }
}

/// One organisation with teams that come and go.
fn small() -> Options {
    let Plan { orgs, teams, users, seed, .. } = SHRINKING;
    Options { orgs, teams, users, seed, ..large() }
}

/// Four weeks of reports, from a Wednesday to a Tuesday.
fn by_reports() -> Asked<'static> {
    let everything = Calendar::of(before(365), before(3), 54, afternoon());
    let calendar = Calendar { from: before(30), ..everything };
    Asked { told: Told::ByReports, calendar, breakdown: true, labels: &[] }
}

/// What a run has left behind.
pub struct Run {
    _directory: tempfile::TempDir,
    said: String,
}

impl Run {
    /// Lets the program tell what is asked, of these owners.
    pub async fn of(company: &Announcement, owners: &[&Entity], asked: &Asked<'_>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let output = format!("--output={}", directory.path().display());
        let arguments = [&arguments(asked)[..], &[output]].concat();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let logins = |kind| {
            let those = owners.iter().filter(move |owner| owner.kind == kind);
            those.map(|owner| &*owner.login).collect::<Vec<_>>().join(",")
        };
        let api = if asked.told == Told::ByReports { "reports" } else { "usage" };
        let variables = [
            ("GITHUB_API_URL", &*company.api),
            ("GITHUB_TOKEN", &company.token),
            ("GITHUB_ORGS", &logins(Kind::Organisation)),
            ("GITHUB_ENTERPRISE", &logins(Kind::Enterprise)),
            ("GITHUB_COPILOT_API", api),
        ];
        let command = exporter(&arguments, &variables);
        let (code, stdout, stderr) = tokio::task::spawn_blocking(|| run(command)).await.unwrap();
        assert_eq!(code, Some(0), "{stderr}");
        Self { _directory: directory, said: stdout }
    }

    /// What it says to do with its files, one a month.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.said.lines().filter(|line| line.starts_with("promtool "))
    }

    /// Everything that Prometheus finds in the blocks that promtool makes of the files.
    async fn read_back(&self) -> History {
        let store = Store::new();
        self.lines().for_each(|line| store.import(line));
        let prometheus = store.serve("[]").await;
        let mut history = prometheus.everything(r#"{__name__=~".+"}"#).await;
        assert!(prometheus.stop().success());
        for (millisecond, _) in history.values_mut().flatten() {
            assert_eq!(*millisecond % 1000, 0, "history is told by the second");
            *millisecond /= 1000;
        }
        history
    }
}

/// The command line that asks for this.
fn arguments(asked: &Asked<'_>) -> Vec<String> {
    let Asked { told, calendar: Calendar { from, to, until, lag, step, .. }, breakdown, labels } = asked;
    let usual = if *told == Told::ByReports { 54 } else { 12 };
    let mut arguments = vec!["backfill".to_owned()];
    arguments.push(format!("--from={from}"));
    arguments.push(format!("--to={to}"));
    arguments.push(format!("--until={}", until.to_rfc3339()));
    arguments.extend((*lag != usual * 3600).then(|| format!("--lag={lag}s")));
    arguments.extend((*step != 3600).then(|| format!("--step={step}s")));
    arguments.extend(breakdown.then(|| "--breakdown".to_owned()));
    arguments.extend(labels.iter().map(|(name, value)| format!("--label={name}={value}")));
    arguments
}

/// Asks for it, and finds in Prometheus every sample that there must be, and no other.
async fn assert_told(simulator: &Simulator, owners: &[&Entity], asked: &Asked<'_>, samples: usize) -> Run {
    let run = Run::of(&simulator.announcement(), owners, asked).await;
    let expected = history(simulator.world(), owners, asked);
    let found = run.read_back().await;
    let wrong = differences(&expected, &found);
    let first: String = wrong.iter().take(20).map(|line| format!("{line}\n")).collect();
    assert!(wrong.is_empty(), "{} of {} series\n{first}{}", wrong.len(), expected.len(), run.said);
    let counted = format!("samples: {} of {} series", count(&found), found.len());
    assert!(run.said.contains(&counted), "{counted}: {}", run.said);
    assert!(count(&expected) > samples, "{}", count(&expected));
    run
}

fn count(history: &History) -> usize {
    history.values().map(Vec::len).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn four_weeks_of_reports_are_in_prometheus_sample_by_sample() {
    let simulator = Simulator::start(large()).await.unwrap();
    let everybody: Vec<_> = owners(simulator.world()).collect();
    let labels = &[("job", "copilot"), ("instance", "copilot:10220")];
    assert_told(&simulator, &everybody, &Asked { labels, ..by_reports() }, 100_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn four_weeks_of_the_usage_api_are_in_prometheus_sample_by_sample() {
    let calendar = Calendar::of(before(28), before(1), 12, afternoon());
    let asked = Asked { told: Told::ByUsage, calendar, breakdown: true, labels: &[("job", "copilot")] };
    // A team of the small one has grown too small on the last day.
    for (company, samples) in [(large(), 100_000), (small(), 25_000)] {
        let simulator = Simulator::start(Options { api: Api::Usage, ..company }).await.unwrap();
        let everybody: Vec<_> = owners(simulator.world()).collect();
        assert_told(&simulator, &everybody, &asked, samples).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_year_is_in_prometheus_sample_by_sample_from_the_first_day_that_github_has() {
    // Today has just begun, and yesterday is out already, which makes 365 days.
    let midnight = TODAY.and_time(NaiveTime::MIN).and_utc();
    let company = Options { now: Some(midnight), publish_after: Duration::ZERO, ..small() };
    let simulator = Simulator::start(company).await.unwrap();
    let (oldest, yesterday) = (*TODAY - Days::new(365), *TODAY - Days::new(1));
    // Nothing is told of what is still to come, be it the first second of today.
    let until = SystemClock.now().min(midnight + TimeDelta::seconds(1));
    let calendar = Calendar::of(oldest, yesterday, 0, until);
    assert_eq!(calendar.visible().len(), 365);
    // A week before it there was nothing.
    let calendar = Calendar { from: oldest - Days::new(7), ..calendar };
    let asked = Asked { calendar, breakdown: false, ..by_reports() };
    let run = assert_told(&simulator, &[&simulator.world().orgs()[0]], &asked, 200_000).await;
    let nothing = format!("GitHub has none of {} to {} (7)", oldest - Days::new(7), oldest - Days::new(1));
    assert!(run.said.contains(&nothing), "{}", run.said);
}

#[tokio::test(flavor = "multi_thread")]
async fn days_that_github_does_not_tell_of_are_listed_and_not_invented() {
    let simulator = Simulator::start(Options { quiet_weekends: true, ..small() }).await.unwrap();
    let everybody: Vec<_> = owners(simulator.world()).collect();
    let asked = by_reports();
    let calendar = Calendar { reported: is_working_day, ..asked.calendar };
    let run = assert_told(&simulator, &everybody, &Asked { calendar, ..asked }, 25_000).await;
    let weekends =
        [27, 20, 13, 6].map(|saturday| format!("{} to {}", before(saturday), before(saturday - 1)));
    let quiet = format!("GitHub has none of {} (8)", weekends.join(", "));
    assert_eq!(run.said.matches(&quiet).count(), everybody.len(), "{}", run.said);
}

#[tokio::test(flavor = "multi_thread")]
async fn lag_and_step_are_those_asked_for_and_the_day_after_the_last_ends_it() {
    let simulator = Simulator::start(small()).await.unwrap();
    let everybody: Vec<_> = owners(simulator.world()).collect();
    let asked = by_reports();
    let calendar = Calendar { to: before(26), lag: 30 * 60, step: 15 * 60, ..asked.calendar };
    assert_told(&simulator, &everybody, &Asked { calendar, ..asked }, 15_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_team_of_which_nothing_is_told_shows_the_day_before_be_it_one_that_is_not_asked_for() {
    for (told, api) in [(Told::ByReports, Api::Reports), (Told::ByUsage, Api::Usage)] {
        let company = Options { api, publish_after: Duration::ZERO, ..small() };
        let simulator = Simulator::start(company).await.unwrap();
        let yesterday = Calendar { from: before(1), ..Calendar::of(before(28), before(1), 12, afternoon()) };
        let asked = Asked { told, calendar: yesterday, ..by_reports() };
        let org = &simulator.world().orgs()[0];
        let scope = [("org", &*org.login), ("team", "search-quality")];
        let day = canonical("github_copilot_day_timestamp_seconds", scope);
        let start = before(2).and_time(NaiveTime::MIN).and_utc().timestamp();
        let expected = history(simulator.world(), &[org], &asked);
        assert!(expected[&day].iter().all(|(_, number)| *number == start as f64), "{told:?}");
        assert_told(&simulator, &[org], &asked, 200).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_begins_and_ends_at_a_weekend_of_which_nothing_is_told() {
    let simulator = Simulator::start(Options { quiet_weekends: true, ..small() }).await.unwrap();
    let org = &simulator.world().orgs()[0];
    // Up to a Friday, up to a Sunday; a Friday alone, and a Monday alone.
    for (from, to, days) in [(20, 14, 5), (20, 12, 5), (7, 5, 1), (6, 4, 1)] {
        let asked = by_reports();
        let (from, to) = (before(from), before(to));
        let calendar = Calendar { from, to, reported: is_working_day, ..asked.calendar };
        assert_eq!(calendar.visible().len(), days, "from {from} to {to}");
        assert_told(&simulator, &[org], &Asked { calendar, ..asked }, 500 * days).await;
    }
}
