//! Reports about people: what the exporter shows of owners and teams is what their people did.

use std::collections::BTreeSet;

use chrono::{DateTime, Days, NaiveDate, Utc};
use github_copilot_exporter::simulator::{Api, Options, Simulator, Team};

use crate::{
    company::{NOON, all_up, noon, options, watch},
    people_truth::{Series, Truth, labels, owners, window},
    support::{Exporter, ManualClock, Patience, Scrape},
};

pub const REPORTS: (&str, &str) = ("GITHUB_COPILOT_API", "reports");

pub const ALL: (&str, &str) = ("EXPORTER_TEAM_DETAIL", "all");

/// Companies by their seeds, organisations, teams, users and files per report.
pub const COMPANIES: [(u64, usize, usize, usize, usize); 6] = [
    (2, 1, 3, 30, 1),
    (3, 1, 0, 12, 2),
    (5, 3, 9, 45, 3),
    (7, 2, 8, 70, 4),
    (11, 4, 8, 60, 2),
    (13, 1, 2, 1, 4),
];

pub fn company_of((seed, orgs, teams, users, shards): (u64, usize, usize, usize, usize)) -> Options {
    Options { seed, orgs, teams, users, shards, ..live() }
}

/// A company whose GitHub has closed the usage API.
pub fn live() -> Options {
    Options { api: Api::Reports, ..options() }
}

/// The newest day that is published at this time: two days pass after its end.
pub fn newest(now: DateTime<Utc>) -> NaiveDate {
    now.date_naive() - Days::new(3)
}

pub fn data(scrape: &Scrape) -> Series {
    Scrape::read(scrape.data()).samples
}

/// Whether two numbers are the same, or both are missing. Credits are added up in another order than here, and their
/// fractions are not exact; no count is that close to another one.
fn agree(one: Option<&f64>, other: Option<&f64>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => (one - other).abs() < 1e-6,
        (one, other) => one == other,
    }
}

/// What is missing, wrong or not to be there, a line each.
pub fn differences(expected: &Series, shown: &Series) -> Vec<String> {
    let names: BTreeSet<&String> = expected.keys().chain(shown.keys()).collect();
    let differ = names.into_iter().filter(|name| !agree(expected.get(*name), shown.get(*name)));
    differ.map(|name| format!("{name}: {:?} instead of {:?}", shown.get(name), expected.get(name))).collect()
}

pub fn assert_shows(scrape: &Scrape, expected: &Series, what: &str) {
    let wrong = differences(expected, &data(scrape));
    let first = wrong.iter().take(20).map(|line| format!("{line}\n")).collect::<String>();
    assert!(wrong.is_empty(), "{what}: {} of {} series\n{first}", wrong.len(), expected.len());
}

/// Scrapes, while the clock moves on, until everything is shown and nothing else.
pub async fn until_it_shows(exporter: &Exporter, expected: &Series, what: &str) {
    let patience = Patience::new();
    loop {
        let scrape = exporter.scrape().await;
        let wrong = differences(expected, &data(&scrape));
        if wrong.is_empty() {
            return;
        }
        let first = wrong.iter().take(20).map(|line| format!("{line}\n")).collect::<String>();
        patience.check(&format!("{what}: {} of {} series\n{first}", wrong.len(), expected.len()));
        exporter.clock.pass(1);
    }
}

/// An exporter of everything the simulator has, and its first complete scrape.
async fn first_scrape(simulator: &Simulator, more: &[(&str, &str)]) -> Scrape {
    let exporter = watch(simulator, &ManualClock::starting(NOON), &[&[REPORTS], more].concat()).await;
    let everybody = owners(simulator.world()).count();
    let scrape = exporter.until_by(0, "all sources up", |scrape| all_up(scrape, everybody)).await;
    exporter.stop().await;
    scrape
}

#[tokio::test]
async fn every_series_of_owners_and_teams_is_what_their_people_did_and_there_is_no_other() {
    let simulator = Simulator::start(live()).await.unwrap();
    let scrape = first_scrape(&simulator, &[]).await;
    let expected = Truth::new(simulator.world(), newest(noon())).everything();
    assert!(expected.len() > 3000, "{}", expected.len());
    assert_shows(&scrape, &expected, "the default company");
    assert_eq!(scrape.get("github_copilot_exporter_series"), Some(expected.len() as f64));
    assert_eq!(scrape.sum("github_copilot_exporter_api_info", &[r#"api="reports""#]), 3.0);
    assert_eq!(scrape.sum("github_copilot_exporter_source_failures_total", &[]), 0.0);
    assert_eq!(scrape.sum("github_copilot_exporter_source_waiting", &[]), 0.0);
}

#[tokio::test]
async fn with_all_detail_teams_have_what_their_members_did_as_well() {
    let simulator = Simulator::start(live()).await.unwrap();
    let scrape = first_scrape(&simulator, &[ALL]).await;
    let truth = Truth::new(simulator.world(), newest(noon()));
    let expected = Truth { team_detail: true, ..truth }.everything();
    assert!(expected.len() > truth.everything().len() + 2000, "{}", expected.len());
    assert_shows(&scrape, &expected, "all detail of the default company");
    assert_eq!(scrape.get("github_copilot_exporter_series"), Some(expected.len() as f64));
}

#[tokio::test]
async fn the_same_holds_of_any_company_however_its_files_are_cut() {
    for company in COMPANIES {
        let simulator = Simulator::start(company_of(company)).await.unwrap();
        let truth = Truth::new(simulator.world(), newest(noon()));
        for (team_detail, more) in [(false, &[] as &[_]), (true, &[ALL])] {
            let scrape = first_scrape(&simulator, more).await;
            let expected = Truth { team_detail, ..truth }.everything();
            assert_shows(&scrape, &expected, &format!("the company of seed {}, {more:?}", company.0));
        }
    }
}

#[tokio::test]
async fn people_of_folded_names_are_counted_once() {
    let simulator = Simulator::start(live()).await.unwrap();
    let scrape = first_scrape(&simulator, &[("EXPORTER_MAX_LABEL_VALUES", "2")]).await;
    let expected = Truth { most: 2, ..Truth::new(simulator.world(), newest(noon())) }.everything();
    let others = expected.keys().filter(|series| series.contains(r#"language="others",editor="others""#));
    assert!(others.count() > 10, "there is something to fold");
    assert_shows(&scrape, &expected, "folded");
}

#[tokio::test]
async fn all_detail_is_folded_by_one_set_of_names_for_each_label() {
    let simulator = Simulator::start(live()).await.unwrap();
    let truth = Truth { team_detail: true, ..Truth::new(simulator.world(), newest(noon())) };
    for most in [2, 1] {
        let limit = most.to_string();
        let scrape = first_scrape(&simulator, &[ALL, ("EXPORTER_MAX_LABEL_VALUES", &limit)]).await;
        let expected = Truth { most, ..truth }.everything();
        for part in [
            r#"editor="others"}"#,
            r#"language="others",feature="others"}"#,
            r#"model="others""#,
            r#"agent="others"}"#,
        ] {
            assert!(expected.keys().any(|series| series.contains(part)), "{part} is nothing to fold");
        }
        assert_shows(&scrape, &expected, &format!("all detail, folded to {most}"));
    }
}

#[tokio::test]
async fn the_day_that_is_shown_has_settled_and_its_team_months_are_whole() {
    let simulator = Simulator::start(live()).await.unwrap();
    let truth = Truth::new(simulator.world(), newest(noon()));
    for (settle_days, shown) in [(1, "2026-11-17"), (3, "2026-11-16"), (5, "2026-11-14"), (10, "2026-11-09")]
    {
        let days = settle_days.to_string();
        let scrape = first_scrape(&simulator, &[("EXPORTER_SETTLE_DAYS", &days)]).await;
        let (first, shown) = (truth.first - Days::new(settle_days), shown.parse().unwrap());
        let expected = Truth { first, shown, ..truth }.everything();
        assert_shows(&scrape, &expected, &format!("settled for {settle_days} days"));
    }
}

#[tokio::test]
async fn a_team_that_is_listed_no_more_shows_the_day_before_for_one_day_and_keeps_its_past() {
    // One of its teams is too small on the 19th, and from then on.
    let simulator = Simulator::start(company_of((4, 1, 5, 30, 2))).await.unwrap();
    let mut shown = Vec::new();
    for passed in 1..=3 {
        let now = noon() + Days::new(passed);
        simulator.set_now(now);
        let clock = ManualClock::starting(&now.to_rfc3339());
        let exporter = watch(&simulator, &clock, &[REPORTS]).await;
        let scrape = exporter.until_by(0, "all sources up", |scrape| all_up(scrape, 2)).await;
        let day = newest(now);
        let expected = Truth::new(simulator.world(), day).everything();
        assert_shows(&scrape, &expected, &format!("the day {day}"));
        let team = [r#"team="search-quality""#];
        let days = scrape.of("github_copilot_day_timestamp_seconds", &team).map(|(_, start)| start);
        shown.push(Vec::from_iter(days));
        let daily = scrape.of("github_copilot_daily_suggestions", &team).count() as u64;
        assert_eq!(daily, 28 - (passed - 1), "the day {day}");
        exporter.stop().await;
    }
    let the_18th = 1_794_960_000.0;
    assert_eq!(shown, [vec![the_18th], vec![the_18th], vec![]]);
}

#[tokio::test]
async fn team_detail_totals_leaves_owners_and_the_totals_of_teams() {
    let simulator = Simulator::start(live()).await.unwrap();
    let scrape = first_scrape(&simulator, &[("EXPORTER_TEAM_DETAIL", "totals")]).await;
    let mut expected = Truth::new(simulator.world(), newest(noon())).everything();
    expected.retain(|series, _| {
        series.contains(r#"team="""#) || series.contains("_total_") || series.contains("_day_timestamp_")
    });
    assert_shows(&scrape, &expected, "totals");
    assert_eq!(scrape.sum("github_copilot_exporter_series_dropped", &[]), 0.0, "not wanted is not dropped");
}

#[tokio::test]
async fn teams_that_are_not_watched_are_absent_and_yet_nobody_in_them_is_unlisted() {
    let simulator = Simulator::start(live()).await.unwrap();
    let expected = Truth::new(simulator.world(), newest(noon())).everything();
    let org = &simulator.world().orgs()[0];
    let is_shown = |team: &&Team| expected.keys().any(|series| series.contains(&labels(org, Some(*team))));
    let team = org.teams.iter().find(is_shown).unwrap();
    let pattern = format!("{}/{}", org.login, team.slug);
    let scrape = first_scrape(&simulator, &[("GITHUB_TEAMS", &pattern)]).await;
    let watched = labels(org, Some(team));
    let of_one =
        expected.iter().filter(|(series, _)| series.contains(r#"team="""#) || series.contains(&watched));
    assert_shows(&scrape, &of_one.map(|(series, number)| (series.clone(), *number)).collect(), &pattern);
}

#[tokio::test]
async fn both_interfaces_agree_on_what_is_counted_alike() {
    let simulator = Simulator::start(options()).await.unwrap();
    let reports = data(&first_scrape(&simulator, &[]).await);
    let exporter = watch(&simulator, &ManualClock::starting(NOON), &[("GITHUB_COPILOT_API", "usage")]).await;
    let usage = data(&exporter.until_by(0, "all sources up", |scrape| all_up(scrape, 3)).await);
    exporter.stop().await;
    let alike =
        ["suggestions", "acceptances", "lines_suggested", "lines_accepted", "chat_turns", "chat_acceptances"];
    // Usage ends yesterday, reports two days before that.
    let days = &window(newest(noon()), 28)[2..];
    let mut scopes = 0;
    for entity in owners(simulator.world()) {
        for team in [None].into_iter().chain(entity.teams.iter().map(Some)) {
            let scope = labels(entity, team);
            if !reports.keys().any(|series| series.contains(&scope)) {
                continue;
            }
            scopes += 1;
            // An owner's record of a day on which nobody did anything has no numbers; usage says 0.
            let unknown = team.is_none().then_some(&0.0);
            for (name, day) in alike.iter().flat_map(|name| days.iter().map(move |day| (name, day))) {
                let series = format!(r#"github_copilot_daily_{name}{{{scope},day="{day}"}}"#);
                assert_eq!(reports.get(&series).or(unknown), usage.get(&series), "{series}");
            }
        }
    }
    assert!(scopes > 8, "{scopes}");
}

#[tokio::test]
async fn what_is_told_late_is_shown_when_it_comes_and_settled_days_are_whole() {
    let simulator = Simulator::start(Options { late: true, ..live() }).await.unwrap();
    let exporter = watch(&simulator, &ManualClock::starting(NOON), &[REPORTS]).await;
    let scrape = exporter.until_by(0, "all sources up", |scrape| all_up(scrape, 3)).await;
    let known = Truth { late: true, ..Truth::new(simulator.world(), newest(noon())) }.everything();
    assert_shows(&scrape, &known, "what is known at the start");
    for passed in 1..=4 {
        let now = noon() + Days::new(passed);
        simulator.set_now(now);
        exporter.clock.advance(86_400);
        let known = Truth { late: true, ..Truth::new(simulator.world(), newest(now)) }.everything();
        until_it_shows(&exporter, &known, &format!("what is known after {passed} days")).await;
    }
    let whole = Truth::new(simulator.world(), newest(noon() + Days::new(4))).everything();
    let shown = data(&exporter.scrape().await);
    // The newest day of the start and the one after it have been out for three days and more.
    let settled = ["2026-11-16", "2026-11-17", "2026-11-18"];
    let daily = whole.iter().filter(|(series, _)| settled.iter().any(|day| series.contains(day)));
    for (series, number) in daily {
        assert_eq!(shown.get(series), Some(number), "{series}");
    }
    assert_ne!(shown, whole, "of the newest days something is yet to come");
    exporter.stop().await;
}
