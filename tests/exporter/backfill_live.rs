//! A history is what an exporter that was there all along would have shown: one that is started at a moment of it shows the
//! same.

use chrono::{DateTime, Utc};
use github_copilot_exporter::simulator::{Api, Options, Simulator};

use crate::{
    company::{NOON, options, sources_up, watch},
    history::{self, History, as_kept},
    people::{REPORTS, differences, live},
    people_truth::Series,
    support::{LeapingClock, ManualClock},
};

/// The series of `/metrics` that a history repeats while their day is shown.
const KEPT: [&str; 18] = [
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
    "suggestions",
    "acceptances",
    "lines_suggested",
    "lines_accepted",
    "active_users",
];

fn is_kept(series: &str) -> bool {
    let name = series.split('{').next().and_then(|name| name.strip_prefix("github_copilot_"));
    name.is_some_and(|name| KEPT.contains(&name))
}

/// What the history has at a moment.
fn at(history: &History, moment: DateTime<Utc>) -> Series {
    let moment = moment.timestamp();
    let value =
        |samples: &[(i64, f64)]| samples.iter().find(|(at, _)| *at == moment).map(|(_, value)| *value);
    let there = history.iter().filter_map(|(series, samples)| Some((series.clone(), value(samples)?)));
    there.filter(|(series, _)| !series.contains("_daily_")).collect()
}

/// What an exporter shows that is started against a GitHub of this moment.
async fn shown(simulator: &Simulator, moment: DateTime<Utc>, variables: &[(&str, &str)]) -> Series {
    simulator.set_now(moment);
    let clock = ManualClock::starting(&moment.to_rfc3339());
    let exporter = watch(simulator, &clock, variables).await;
    let each = if variables.iter().any(|(name, _)| *name == "EXPORTER_SOURCES") { 1 } else { 2 };
    let sources = each * (simulator.world().orgs().len() + 1);
    let scrape = exporter.until("everything was read", |scrape| sources_up(scrape, sources)).await;
    exporter.stop().await;
    let series = scrape.samples.iter().filter(|(series, _)| is_kept(series));
    series.map(|(series, value)| (as_kept(series), *value)).collect()
}

/// Compares the history of a company with what is shown at some moments of it.
async fn compare(options: Options, variables: &[(&str, &str)], switches: &[&str], moments: &[&str]) {
    let simulator = Simulator::start(options).await.unwrap();
    let (company, directory) = (simulator.announcement(), tempfile::tempdir().unwrap());
    let orgs = company.orgs.join(",");
    let own = [
        ("GITHUB_API_URL", &*company.api),
        ("GITHUB_TOKEN", &company.token),
        ("GITHUB_ORGS", &orgs),
        ("GITHUB_ENTERPRISE", &company.enterprise),
    ];
    let output = format!("--output={}", directory.path().display());
    let all = [&["--breakdown", &output], switches].concat();
    let clock = LeapingClock::starting(NOON);
    let summary = history::backfill(&clock, &[&own, variables].concat(), &all).await.unwrap();
    assert!(summary.is_whole(), "{summary}");
    let history = history::read(directory.path());
    for moment in moments {
        let moment = moment.parse().unwrap();
        let (kept, shown) = (at(&history, moment), shown(&simulator, moment, variables).await);
        assert!(kept.len() > 100, "{moment}: {}", kept.len());
        assert_eq!(differences(&shown, &kept), Vec::<String>::new(), "at {moment}");
    }
}

/// Moments of publication: the first, two in two months, and the last of a history that ends at noon of 2026-11-20.
const MOMENTS: [&str; 4] =
    ["2026-10-23T06:00:00Z", "2026-10-29T06:00:00Z", "2026-11-09T06:00:00Z", "2026-11-20T06:00:00Z"];

#[tokio::test]
async fn a_history_has_what_an_exporter_shows_that_is_started_at_a_moment_of_it() {
    compare(live(), &[REPORTS], &["--from=2026-10-20"], &MOMENTS).await;
}

#[tokio::test]
async fn names_are_folded_in_a_history_as_they_are_live() {
    let variables = [REPORTS, ("EXPORTER_MAX_LABEL_VALUES", "3"), ("GITHUB_CONCURRENCY", "4")];
    compare(live(), &variables, &["--from=2026-10-20"], &MOMENTS).await;
}

#[tokio::test]
async fn days_that_have_to_settle_come_up_in_a_history_when_they_do_live() {
    let variables = [REPORTS, ("EXPORTER_SETTLE_DAYS", "5"), ("GITHUB_TEAMS", "!*-team")];
    compare(live(), &variables, &["--from=2026-10-20"], &MOMENTS).await;
}

#[tokio::test]
async fn where_weekends_are_left_out_a_history_shows_fridays_as_long_as_live() {
    // A Monday and a Tuesday morning: of the weekend there is nothing, of Monday not yet.
    let moments = ["2026-11-10T06:00:00Z", "2026-11-11T06:00:00Z", "2026-11-12T06:00:00Z"];
    let options = Options { quiet_weekends: true, ..live() };
    compare(options, &[REPORTS], &["--from=2026-10-20"], &moments).await;
}

#[tokio::test]
async fn teams_only_and_totals_only_are_the_same_in_a_history() {
    compare(live(), &[REPORTS, ("EXPORTER_SOURCES", "teams")], &["--from=2026-10-20"], &MOMENTS).await;
    let totals = [REPORTS, ("EXPORTER_TEAM_DETAIL", "totals")];
    compare(live(), &totals, &["--from=2026-10-20"], &MOMENTS[..1]).await;
}

#[tokio::test]
async fn the_usage_api_has_a_history_too() {
    let options = Options { api: Api::Usage, ..options() };
    let moments = ["2026-11-10T12:00:00Z", "2026-11-19T12:00:00Z"];
    compare(options, &[("GITHUB_COPILOT_API", "auto")], &["--from=2026-10-25"], &moments).await;
}
