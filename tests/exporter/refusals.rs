//! Reports about people that are refused or not there yet: the rest is shown, and what was shown stays.

use chrono::{DateTime, TimeDelta, Utc};
use github_copilot_exporter::simulator::{Fault, FaultKind, NotReady, Options, Simulator, StatusFault};

use crate::{
    company::{NOON, all_up, noon, watch},
    detail_truth::is_detail,
    people::{ALL, REPORTS, assert_shows, data, live, newest, until_it_shows},
    people_truth::{Series, Truth, owners},
    support::{Exporter, ManualClock, Scrape},
};

const USERS: &str = "*/users-*";
const USER_TEAMS: &str = "*/user-teams-*";
const SOURCES: [&str; 2] = ["activity", "teams"];

/// An exporter whose GitHub refuses these reports, after it has tried everything once.
async fn refused(simulator: &Simulator, paths: &[&str]) -> (Exporter, Scrape) {
    refused_with(simulator, paths, &[]).await
}

/// The same with more variables.
async fn refused_with(simulator: &Simulator, paths: &[&str], more: &[(&str, &str)]) -> (Exporter, Scrape) {
    let refusal = || FaultKind::Status(StatusFault::new(403));
    let fault = |path: &&str| Fault { path: (*path).to_owned(), ..Fault::new(refusal()) };
    simulator.set_faults(paths.iter().map(fault).collect());
    let exporter = watch(simulator, &ManualClock::starting(NOON), &[&[REPORTS], more].concat()).await;
    let tried = |scrape: &Scrape| scrape.of("github_copilot_exporter_source_up", &[]).count() == 6;
    let scrape = exporter.until_by(0, "everything was tried", tried).await;
    (exporter, scrape)
}

/// Checks which of the two sources are up, and that the others are down with the right word.
fn assert_up(scrape: &Scrape, up: [bool; 2]) {
    for (source, is_up) in SOURCES.iter().zip(up) {
        let label = format!(r#"source="{source}""#);
        let sum = scrape.sum("github_copilot_exporter_source_up", &[&label]);
        assert_eq!(sum, if is_up { 3.0 } else { 0.0 }, "{source}");
        let failures = "github_copilot_exporter_source_failures_total";
        let forbidden = scrape.sum(failures, &[&label, r#"reason="forbidden""#]);
        assert_eq!(forbidden >= 3.0, !is_up, "{source}: {forbidden}");
        assert_eq!(scrape.sum(failures, &[&label]), forbidden, "{source}: there is no other word");
    }
}

fn is_owners(series: &str) -> bool {
    series.contains(r#"team="""#)
}

/// Whether a series is made of rows about people: rows by editor, distinct users of anything, and credits.
fn tells_people_apart(series: &str) -> bool {
    const FAMILIES: [&str; 6] = [
        "_daily_active_chat_users{",
        "_total_active_chat_users{",
        "_unlisted_team_active_users{",
        "_feature_active_users{",
        "_editor_active_users{",
        "_ai_credits_used{",
    ];
    let is_row = !is_detail(series) && series.contains("editor=");
    is_row || FAMILIES.iter().any(|family| series.contains(family))
}

/// What is left where nobody is told apart: the owner's own record, languages as it has them, and who has a seat.
fn without_users(truth: &Truth<'_>) -> Series {
    let mut series = truth.everything();
    series.retain(|name, _| {
        let of_seats = ["_team_seated_users{", "_day_timestamp_"].iter().any(|part| name.contains(part));
        if is_owners(name) { !tells_people_apart(name) } else { of_seats }
    });
    series.extend(owners(truth.world).flat_map(|entity| truth.languages(entity)));
    series
}

#[tokio::test]
async fn without_users_the_owner_keeps_its_own_figures_and_teams_their_seats() {
    let simulator = Simulator::start(live()).await.unwrap();
    let (exporter, scrape) = refused(&simulator, &[USERS]).await;
    let truth = Truth::new(simulator.world(), newest(noon()));
    assert_shows(&scrape, &without_users(&truth), "users refused");
    assert_up(&scrape, [false, true]);
    assert!(exporter.page().await.contains("users-28-day"));
    exporter.stop().await;
}

#[tokio::test]
async fn without_users_the_owner_keeps_the_detail_of_its_record_and_teams_have_none() {
    let simulator = Simulator::start(live()).await.unwrap();
    let (exporter, scrape) = refused_with(&simulator, &[USERS], &[ALL]).await;
    let truth = Truth { team_detail: true, ..Truth::new(simulator.world(), newest(noon())) };
    assert_shows(&scrape, &without_users(&truth), "users refused, all detail");
    let count = |family: &str| scrape.of(&format!("github_copilot_{family}"), &[]).count();
    for family in ["feature_generations", "editor_generations", "language_generations", "model_generations"] {
        assert!(count(family) > 3, "{family} is in the owners' records");
    }
    for family in ["feature_active_users", "editor_active_users", "ai_credits_used"] {
        assert_eq!(count(family), 0, "{family} is not in the owners' records");
    }
    exporter.stop().await;
}

#[tokio::test]
async fn without_user_teams_owners_are_as_ever() {
    let simulator = Simulator::start(live()).await.unwrap();
    let (exporter, scrape) = refused(&simulator, &[USER_TEAMS]).await;
    let mut expected = Truth::new(simulator.world(), newest(noon())).everything();
    expected.retain(|name, _| is_owners(name) && !name.contains("_unlisted_"));
    assert_shows(&scrape, &expected, "user-teams refused");
    assert_up(&scrape, [true, false]);
    assert!(exporter.page().await.contains("user-teams-1-day"));
    exporter.stop().await;
}

#[tokio::test]
async fn without_either_owners_keep_their_own_figures() {
    let simulator = Simulator::start(live()).await.unwrap();
    let (exporter, scrape) = refused(&simulator, &[USERS, USER_TEAMS]).await;
    let mut expected = without_users(&Truth::new(simulator.world(), newest(noon())));
    expected.retain(|name, _| is_owners(name));
    assert_shows(&scrape, &expected, "both refused");
    assert_up(&scrape, [false, false]);
    let page = exporter.page().await;
    assert!(page.contains("users-28-day") && page.contains("user-teams-1-day"), "{page}");
    exporter.stop().await;
}

#[tokio::test]
async fn what_is_allowed_again_is_shown_whole() {
    let simulator = Simulator::start(live()).await.unwrap();
    let (exporter, _) = refused(&simulator, &[USERS, USER_TEAMS]).await;
    simulator.set_faults(Vec::new());
    exporter.clock.advance(3600);
    let expected = Truth::new(simulator.world(), newest(noon())).everything();
    until_it_shows(&exporter, &expected, "everything").await;
    let scrape = exporter.scrape().await;
    assert!(all_up(&scrape, 3));
    exporter.stop().await;
}

/// An exporter of a small organisation an hour before the next day is published, all of it read.
async fn before_midnight() -> (Simulator, Exporter, Scrape, DateTime<Utc>) {
    let now: DateTime<Utc> = "2026-11-20T23:00:00Z".parse().unwrap();
    let small = Options { orgs: 1, teams: 4, users: 40, now: Some(now), ..live() };
    let simulator = Simulator::start(small).await.unwrap();
    let company = simulator.announcement();
    let variables = [("GITHUB_TOKEN", &*company.token), ("GITHUB_ORGS", &*company.orgs[0]), REPORTS];
    let clock = ManualClock::starting("2026-11-20T23:00:00Z");
    let exporter = Exporter::start(&company.api, &clock, &variables).await;
    let good = exporter.until_by(0, "all sources up", |scrape| all_up(scrape, 1)).await;
    (simulator, exporter, good, now + TimeDelta::hours(1))
}

/// Checks that what was shown of the latest day and of the days before is there, but for the day that left the month.
fn assert_stays(good: &Scrape, now: &Scrape, of: impl Fn(&str) -> bool, what: &str) {
    let (good, now) = (data(good), data(now));
    for (series, number) in good.iter().filter(|(series, _)| of(series) && !series.contains("2026-10-21")) {
        assert_eq!(now.get(series), Some(number), "{what}: {series}");
    }
    for series in now.keys().filter(|series| of(series) && !series.contains("day=")) {
        assert!(good.contains_key(series), "{what}: {series}");
    }
}

async fn wait_for_the_new_day(path: &str, source: &str, not_ready: NotReady, of: impl Fn(&str) -> bool) {
    let what = format!("{not_ready:?} at {path}");
    let (simulator, exporter, good, midnight) = before_midnight().await;
    simulator.set_faults(vec![Fault { path: path.into(), ..Fault::new(FaultKind::NotReady(not_ready)) }]);
    simulator.set_now(midnight);
    exporter.clock.advance(3600);
    let label = format!(r#"source="{source}""#);
    let waits = |scrape: &Scrape| scrape.sum("github_copilot_exporter_source_waiting", &[&label]) == 1.0;
    let waiting = exporter.until(&what, waits).await;
    assert!(all_up(&waiting, 1), "{what}");
    assert_eq!(waiting.sum("github_copilot_exporter_source_waiting", &[]), 1.0, "{what}");
    assert_eq!(waiting.sum("github_copilot_exporter_source_failures_total", &[]), 0.0, "{what}");
    assert_stays(&good, &waiting, of, &what);
    // The newest day is the one that the owner's own report names, and of it no figure is made up.
    let rows = waiting.of("github_copilot_suggestions", &[r#"team="""#]).count();
    assert_eq!(rows == 0, source == "activity", "{what}");

    simulator.set_faults(Vec::new());
    exporter.clock.advance(3600);
    let org = &simulator.world().orgs()[0];
    let expected = Truth::new(simulator.world(), newest(midnight)).of(org);
    until_it_shows(&exporter, &expected, &what).await;
    let scrape = exporter.scrape().await;
    assert_eq!(scrape.sum("github_copilot_exporter_source_waiting", &[]), 0.0, "{what}");
    exporter.stop().await;
}

const NOT_READY: [NotReady; 5] =
    [NotReady::NoContent, NotReady::NoLinks, NotReady::Text, NotReady::NotFound, NotReady::BadGateway];

#[tokio::test]
async fn users_that_are_not_ready_are_waited_for_and_teams_stay_a_day_behind() {
    for not_ready in NOT_READY {
        let history = |series: &str| series.contains("day=") || !is_owners(series);
        wait_for_the_new_day("*/users-1-day", "activity", not_ready, history).await;
    }
}

#[tokio::test]
async fn user_teams_that_are_not_ready_are_waited_for_and_teams_stay_a_day_behind() {
    for not_ready in NOT_READY {
        wait_for_the_new_day("*/user-teams-1-day", "teams", not_ready, |series| !is_owners(series)).await;
    }
}
