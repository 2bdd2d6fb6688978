//! What reports cost GitHub, request by request, and what they are asked with.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use github_copilot_exporter::simulator::{Entity, Kind, Options, Simulator, World};

use crate::{
    company::{NOON, all_up, noon, watch},
    people::{REPORTS, live, newest},
    people_truth::{owners, window},
    support::{Exporter, ManualClock},
};

/// An hour before the next day is published.
const BEFORE_MIDNIGHT: &str = "2026-11-20T23:00:00Z";

/// Paths with their queries, and how often they were asked.
type Asked = BTreeMap<String, usize>;

/// What the API was asked. That each request said who asks, and that no download did, is checked on the way.
fn asked(simulator: &Simulator) -> Asked {
    let mut asked = Asked::new();
    for request in simulator.requests() {
        assert_eq!(request.authorized, !request.download, "{request:?}");
        assert_eq!(request.status, Some(200), "{request:?}");
        if !request.download {
            let query = request.query.map(|query| format!("?{query}")).unwrap_or_default();
            *asked.entry(format!("{}{query}", request.path)).or_default() += 1;
        }
    }
    asked
}

fn downloads(simulator: &Simulator) -> usize {
    simulator.requests().iter().filter(|request| request.download).count()
}

/// One question each: about an owner's latest month, other months, and these days of users and of teams.
fn questions(entity: &Entity, months: &[&str], users: &[NaiveDate], user_teams: &[NaiveDate]) -> Asked {
    let (owners, own) = match entity.kind {
        Kind::Organisation => ("orgs", "organization-28-day"),
        Kind::Enterprise => ("enterprises", "enterprise-28-day"),
    };
    let latest = [&[own], months].concat().into_iter().map(|report| format!("{report}/latest"));
    let users = users.iter().map(|day| format!("users-1-day?day={day}"));
    let user_teams = user_teams.iter().map(|day| format!("user-teams-1-day?day={day}"));
    let reports = latest.chain(users).chain(user_teams);
    reports
        .map(|report| (format!("/{owners}/{}/copilot/metrics/reports/{report}", entity.login), 1))
        .collect()
}

fn everybody_asks(world: &World, questions: impl Fn(&Entity) -> Asked) -> Asked {
    owners(world).flat_map(questions).collect()
}

/// Waits until every source has been read again since the clock was moved by so many seconds.
async fn pass(exporter: &Exporter, seconds: i64) {
    let success = "github_copilot_exporter_source_last_success_timestamp_seconds";
    let before = exporter.scrape().await;
    let newest = before.of(success, &[]).map(|(_, at)| at).fold(0.0, f64::max);
    exporter.clock.advance(seconds);
    exporter
        .until("another round", |scrape| {
            let read: Vec<f64> = scrape.of(success, &[]).map(|(_, at)| at).collect();
            read.len() == 6 && read.iter().all(|at| *at > newest)
        })
        .await;
}

/// An exporter that has read everything once.
async fn begun(simulator: &Simulator, at: &str) -> Exporter {
    let exporter = watch(simulator, &ManualClock::starting(at), &[REPORTS]).await;
    exporter.until_by(0, "all sources up", |scrape| all_up(scrape, 3)).await;
    exporter
}

#[tokio::test]
async fn a_start_costs_thirty_requests_an_idle_hour_one_and_a_day_those_of_its_newest_days() {
    let simulator = Simulator::start(live()).await.unwrap();
    let world = simulator.world();
    let exporter = begun(&simulator, NOON).await;
    let month = window(newest(noon()), 28);
    assert_eq!(
        asked(&simulator),
        everybody_asks(world, |entity| questions(entity, &["users-28-day"], &[], &month))
    );
    assert_eq!(downloads(&simulator), 3 * (1 + 2 + 28 * 2), "two files for all but the owner itself");

    simulator.clear_requests();
    pass(&exporter, 3600).await;
    assert_eq!(asked(&simulator), everybody_asks(world, |entity| questions(entity, &[], &[], &[])));
    assert_eq!(downloads(&simulator), 3);

    simulator.clear_requests();
    let tomorrow = noon() + Days::new(1);
    simulator.set_now(tomorrow);
    pass(&exporter, 86_400).await;
    let trailing = window(newest(tomorrow), 4);
    assert_eq!(
        asked(&simulator),
        everybody_asks(world, |entity| questions(entity, &[], &trailing, &trailing)),
        "the new day, and the three before it that were read a day ago"
    );
    exporter.stop().await;
}

#[tokio::test]
async fn a_new_day_costs_two_requests_and_so_does_a_changed_one() {
    for late in [false, true] {
        let now = BEFORE_MIDNIGHT.parse().unwrap();
        let simulator = Simulator::start(Options { late, now: Some(now), ..live() }).await.unwrap();
        let world = simulator.world();
        let exporter = begun(&simulator, BEFORE_MIDNIGHT).await;
        simulator.clear_requests();
        let midnight = now + chrono::TimeDelta::hours(1);
        simulator.set_now(midnight);
        pass(&exporter, 3600).await;
        let new = newest(midnight);
        // What comes so many days late comes today.
        let comes_today = |entity: &Entity, day: NaiveDate| {
            let waited = (new - day).num_days();
            world.people_of(entity).any(|person| {
                !world.deeds(person, day).is_empty() && i64::from(world.days_late(person, day)) == waited
            })
        };
        let days = |entity: &Entity| {
            let read = window(new, 4).into_iter();
            read.filter(|day| *day == new || (late && comes_today(entity, *day))).collect::<Vec<_>>()
        };
        if late {
            assert!(owners(world).any(|entity| days(entity).len() > 1), "something has changed");
        }
        let expected = everybody_asks(world, |entity| questions(entity, &[], &days(entity), &days(entity)));
        assert_eq!(asked(&simulator), expected, "late: {late}");
        exporter.stop().await;
    }
}

#[tokio::test]
async fn days_that_settle_are_read_one_by_one() {
    let simulator = Simulator::start(live()).await.unwrap();
    let exporter =
        watch(&simulator, &ManualClock::starting(NOON), &[REPORTS, ("EXPORTER_SETTLE_DAYS", "3")]).await;
    exporter.until_by(0, "all sources up", |scrape| all_up(scrape, 3)).await;
    let days = window(newest(noon()), 31);
    let expected = everybody_asks(simulator.world(), |entity| {
        let mut asked = questions(entity, &["users-28-day"], &days[..3], &days);
        let own = asked.keys().find(|path| !path.contains("users") && path.ends_with("/latest")).unwrap();
        let own = own.replace("-28-day/latest", "-1-day");
        asked.extend(days[..3].iter().map(|day| (format!("{own}?day={day}"), 1)));
        asked
    });
    assert_eq!(asked(&simulator), expected);
    exporter.stop().await;
}

#[tokio::test]
async fn teams_that_nobody_wants_are_not_asked_for() {
    for variable in [("EXPORTER_SOURCES", "activity"), ("GITHUB_TEAMS", "none")] {
        let simulator = Simulator::start(live()).await.unwrap();
        let exporter = watch(&simulator, &ManualClock::starting(NOON), &[REPORTS, variable]).await;
        let activity = [r#"source="activity""#];
        exporter
            .until_by(0, "all owners up", |scrape| {
                scrape.sum("github_copilot_exporter_source_up", &activity) == 3.0
            })
            .await;
        let expected =
            everybody_asks(simulator.world(), |entity| questions(entity, &["users-28-day"], &[], &[]));
        assert_eq!(asked(&simulator), expected, "{variable:?}");
        exporter.stop().await;
    }
}
