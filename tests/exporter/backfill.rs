//! `backfill` into files: what a real Prometheus makes of them is what every instant of the past would have shown.

use std::{fs, path::PathBuf, time::Duration};

use chrono::{DateTime, NaiveDate, Utc};
use github_copilot_exporter::simulator::{Announcement, Api, Entity, Kind, Options, Plan, Simulator};

use crate::{
    history_truth::{Asked, Calendar, History, SHRINKING, Told, differences, history, is_working_day},
    people_truth::owners,
    program::{exporter, run},
    store::Store,
};

/// The company's time. It stands in the past, so that the same people do the same on every day that the tests run and
/// at any hour. The program goes by the machine's clock, by which all of this has been published long ago.
const AFTERNOON: &str = "2026-11-20T15:30:00Z";

/// The oldest day of which there are reports at that time.
const OLDEST: &str = "2025-11-20";

/// The newest days by reports and by usage.
const NEWEST: &str = "2026-11-17";
const YESTERDAY: &str = "2026-11-19";

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn afternoon() -> DateTime<Utc> {
    AFTERNOON.parse().unwrap()
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

/// Everything that reports have at that time.
fn by_reports() -> Asked<'static> {
    let calendar = Calendar::of(day(OLDEST), day(NEWEST), 54, afternoon());
    Asked { told: Told::ByReports, calendar, breakdown: false, labels: &[] }
}

/// What a run has left behind.
pub struct Run {
    directory: tempfile::TempDir,
    /// What it printed, wherever.
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
        let said = stdout + &stderr;
        assert_eq!(code, Some(0), "{said}");
        Self { directory, said }
    }

    /// The files, one a month, in their order.
    pub fn files(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.directory.path()).unwrap();
        let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        files.sort_unstable();
        files
    }

    /// Everything that Prometheus finds in the blocks that promtool makes of the files.
    async fn read_back(&self) -> History {
        let store = Store::new();
        self.files().iter().for_each(|file| store.import(file));
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
    assert_eq!(count(&found), count(&expected));
    assert!(count(&expected) > samples, "{}", count(&expected));
    run
}

fn count(history: &History) -> usize {
    history.values().map(Vec::len).sum()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the command"]
async fn four_weeks_of_reports_are_in_prometheus_sample_by_sample() {
    let simulator = Simulator::start(large()).await.unwrap();
    let everybody: Vec<_> = owners(simulator.world()).collect();
    let asked = by_reports();
    let calendar = Calendar { from: day("2026-10-21"), ..asked.calendar };
    let labels = &[("job", "copilot"), ("instance", "copilot:10220")];
    let asked = Asked { calendar, breakdown: true, labels, ..asked };
    assert_told(&simulator, &everybody, &asked, 150_000).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the command"]
async fn four_weeks_of_the_usage_api_are_in_prometheus_sample_by_sample() {
    let calendar = Calendar::of(day("2026-10-23"), day(YESTERDAY), 12, afternoon());
    let asked = Asked { told: Told::ByUsage, calendar, breakdown: true, labels: &[("job", "copilot")] };
    // A team of the small one has grown too small on the last day.
    for (company, samples) in [(large(), 120_000), (small(), 35_000)] {
        let simulator = Simulator::start(Options { api: Api::Usage, ..company }).await.unwrap();
        let everybody: Vec<_> = owners(simulator.world()).collect();
        assert_told(&simulator, &everybody, &asked, samples).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the command"]
async fn a_year_is_in_prometheus_sample_by_sample_from_the_first_day_that_github_has() {
    // What ended at midnight is out already, which makes 365 days.
    let simulator = Simulator::start(Options { publish_after: Duration::ZERO, ..small() }).await.unwrap();
    let calendar = Calendar::of(day(OLDEST), day(YESTERDAY), 6, afternoon());
    let run = assert_told(
        &simulator,
        &[&simulator.world().orgs()[0]],
        &Asked { calendar, ..by_reports() },
        300_000,
    )
    .await;
    // From November to November.
    assert_eq!(run.files().len(), 13);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the command"]
async fn days_that_github_does_not_tell_of_are_listed_and_not_invented() {
    let simulator = Simulator::start(Options { quiet_weekends: true, ..small() }).await.unwrap();
    let everybody: Vec<_> = owners(simulator.world()).collect();
    let asked = by_reports();
    let calendar = Calendar { from: day("2026-10-21"), reported: is_working_day, ..asked.calendar };
    let run =
        assert_told(&simulator, &everybody, &Asked { calendar, breakdown: true, ..asked }, 40_000).await;
    for quiet in ["10-24", "10-25", "10-31", "11-01", "11-07", "11-08", "11-14", "11-15"] {
        assert!(run.said.contains(&format!("2026-{quiet}")), "{quiet}: {}", run.said);
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the command"]
async fn lag_and_step_are_those_asked_for_and_the_day_after_the_last_ends_it() {
    let simulator = Simulator::start(small()).await.unwrap();
    let everybody: Vec<_> = owners(simulator.world()).collect();
    let asked = by_reports();
    let (from, to) = (day("2026-10-29"), day("2026-11-02"));
    let calendar = Calendar { from, to, lag: 30 * 60, step: 15 * 60, ..asked.calendar };
    assert_told(&simulator, &everybody, &Asked { calendar, ..asked }, 40_000).await;
}
