//! Seats and costs: what the exporter shows of owners is what their people have and used.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Days, NaiveTime, TimeDelta, Utc};
use github_copilot_exporter::{
    clock::Clock,
    simulator::{Options, Person, Plan, Simulator, World},
};

use crate::{
    billing_series_truth::billing,
    company::{NOON, noon, watch},
    people::{COMPANIES, REPORTS, assert_shows, company_of, live, newest},
    people_truth::{Series, Truth, labels, owners},
    seat_series_truth::seats,
    seat_truth::last_activity,
    support::{Exporter, ManualClock, Scrape},
};

const SEATS: &str = "seats";
const BILLING: &str = "billing";
const BOTH: &str = "seats,billing";
const EVERYTHING: &str = "activity,teams,seats,billing";

const A_WHILE: TimeDelta = TimeDelta::minutes(5);

/// Half a year before, when there are people to come.
const SPRING: &str = "2026-05-20T12:00:00Z";

/// The time that somebody's seat is unused since.
type Since = fn(&World, &Person) -> Option<DateTime<Utc>>;

/// The classes of an owner's people who do not use their seats.
const IDLE: [&str; 4] = [
    "new_seats{OWNER}",
    r#"idle_seats{OWNER,idle="7d_28d"}"#,
    r#"idle_seats{OWNER,idle="28d_90d"}"#,
    r#"idle_seats{OWNER,idle="none_90d"}"#,
];

/// Every data series that these sources must give at `now`.
fn expected(world: &World, sources: &str, now: DateTime<Utc>) -> Series {
    let mut series = Series::new();
    if sources.contains("activity") {
        series.extend(Truth::new(world, newest(now)).everything());
    }
    for entity in owners(world) {
        if sources.contains(SEATS) {
            series.extend(seats(world, entity, now));
        }
        if sources.contains(BILLING) {
            series.extend(billing(world, entity, now));
        }
    }
    series
}

fn at(time: &str) -> DateTime<Utc> {
    time.parse().unwrap()
}

fn spring() -> DateTime<Utc> {
    at(SPRING)
}

/// Whether every one of these sources was read of every owner.
fn is_up(scrape: &Scrape, world: &World, sources: &str) -> bool {
    let all = sources.split(',').count() * owners(world).count();
    let up: Vec<f64> = scrape.of("github_copilot_exporter_source_up", &[]).map(|(_, up)| up).collect();
    up.len() == all && up.iter().all(|up| *up == 1.0)
}

/// An exporter of these sources, and its first complete scrape.
async fn start(simulator: &Simulator, sources: &str) -> (Exporter, Scrape) {
    start_at(NOON, simulator, sources).await
}

/// The same at another time, which must be the simulator's.
async fn start_at(time: &str, simulator: &Simulator, sources: &str) -> (Exporter, Scrape) {
    start_every("5m", time, simulator, sources).await
}

/// The same that asks in this interval: shorter than any step of the test, and so long that nothing is being read when
/// one is taken. While a test waits, the clock moves on by a second with every look: by minutes on a busy machine.
async fn start_every(interval: &str, time: &str, simulator: &Simulator, sources: &str) -> (Exporter, Scrape) {
    let variables = [REPORTS, ("EXPORTER_SOURCES", sources), ("EXPORTER_REFRESH_INTERVAL", interval)];
    let exporter = watch(simulator, &ManualClock::starting(time), &variables).await;
    let is_up = |scrape: &Scrape| is_up(scrape, simulator.world(), sources);
    let scrape = exporter.until_by(0, "all sources up", is_up).await;
    (exporter, scrape)
}

/// Whether any series whose name and labels contain this is more than 0.
fn has(series: &Series, part: &str) -> bool {
    series.iter().any(|(name, number)| name.contains(part) && *number > 0.0)
}

/// Lets the time of GitHub and of the exporter alike become `now`, and looks at what is read then.
async fn move_to(simulator: &Simulator, exporter: &Exporter, sources: &str, now: DateTime<Utc>) {
    simulator.set_now(now);
    exporter.clock.advance((now - exporter.clock.now()).num_seconds());
    let success = "github_copilot_exporter_source_last_success_timestamp_seconds";
    let took = "github_copilot_exporter_refresh_duration_seconds";
    // What has ended since may have begun before, as the clock goes on while it is waited.
    let is_read = |scrape: &Scrape| {
        let mut spans = scrape.of(success, &[]).zip(scrape.of(took, &[]));
        spans.all(|((_, ended), (_, took))| ended - took >= now.timestamp() as f64)
    };
    let scrape = exporter.until("everything is read again", is_read).await;
    assert_shows(&scrape, &expected(simulator.world(), sources, now), &now.to_string());
}

#[tokio::test]
async fn every_series_about_seats_and_costs_is_what_people_have_and_used_and_there_is_no_other() {
    let simulator = Simulator::start(live()).await.unwrap();
    for (sources, least) in [(SEATS, 100), (BILLING, 50), (EVERYTHING, 3000)] {
        let (exporter, scrape) = start(&simulator, sources).await;
        let expected = expected(simulator.world(), sources, noon());
        assert!(expected.len() > least, "{sources}: {}", expected.len());
        assert_shows(&scrape, &expected, sources);
        assert_eq!(scrape.get("github_copilot_exporter_series"), Some(expected.len() as f64));
        exporter.stop().await;
    }
}

#[test]
fn the_default_company_has_something_to_count_in_every_family() {
    let Options { orgs, teams, users, seed, .. } = live();
    let world = World::new(&Plan { orgs, teams, users, seed, start: noon().date_naive() });
    let expected = expected(&world, BOTH, noon());
    for part in [
        "_seats_active_this_cycle",
        "_seats_inactive_this_cycle",
        "_seats_added_this_cycle",
        "_seats_pending_cancellation",
        "_new_seats",
        r#",team="",idle="7d_28d""#,
        r#",team="",idle="28d_90d""#,
        r#",team="",idle="none_90d""#,
        r#"plan="enterprise""#,
        r#"assigning_team="none",idle="none_90d""#,
        "_discount_amount_usd",
        "_net_amount_usd",
    ] {
        assert!(has(&expected, part), "{part} is nowhere");
    }
    let enterprise = labels(world.enterprise(), None);
    let sum = |family: &str| {
        let family = format!("github_copilot_{family}{{{enterprise}");
        expected.iter().filter(|(name, _)| name.starts_with(&family)).map(|(_, number)| number).sum::<f64>()
    };
    assert!(sum("assigned_seats") > sum("seats"), "nobody has seats through two teams");
}

#[tokio::test]
async fn seats_and_costs_of_any_company_are_what_its_people_have_and_used() {
    for company in COMPANIES {
        let simulator = Simulator::start(company_of(company)).await.unwrap();
        for sources in [SEATS, BILLING, EVERYTHING] {
            let (exporter, scrape) = start(&simulator, sources).await;
            let expected = expected(simulator.world(), sources, noon());
            assert_shows(&scrape, &expected, &format!("{sources} of the company of seed {}", company.0));
            exporter.stop().await;
        }
    }
}

#[tokio::test]
async fn a_day_later_everything_is_of_that_day() {
    let simulator = Simulator::start(live()).await.unwrap();
    let (exporter, _) = start(&simulator, EVERYTHING).await;
    move_to(&simulator, &exporter, EVERYTHING, noon() + Days::new(1)).await;
    exporter.stop().await;
}

#[tokio::test]
async fn with_a_new_month_bills_and_cycles_begin_anew() {
    let simulator = Simulator::start(live()).await.unwrap();
    let (exporter, _) = start(&simulator, BOTH).await;
    for now in
        ["2026-11-30T23:00:00Z", "2026-12-01T01:00:00Z", "2026-12-24T12:00:00Z", "2027-01-01T03:00:00Z"]
    {
        move_to(&simulator, &exporter, BOTH, at(now)).await;
    }
    exporter.stop().await;
}

#[tokio::test]
async fn credits_follow_requests_on_the_first_of_june() {
    let simulator = Simulator::start(Options { now: Some(spring()), ..live() }).await.unwrap();
    let (exporter, _) = start_at(SPRING, &simulator, BILLING).await;
    for (now, unit) in [("2026-05-31T22:00:00Z", "requests"), ("2026-06-01T02:00:00Z", "credits")] {
        assert!(has(&expected(simulator.world(), BILLING, at(now)), &format!(r#"unit="{unit}""#)));
        move_to(&simulator, &exporter, BILLING, at(now)).await;
    }
    exporter.stop().await;
}

#[tokio::test]
async fn people_become_idle_at_the_hour_however_little_happens_at_github() {
    let simulator = Simulator::start(Options { users: 400, ..live() }).await.unwrap();
    let (exporter, _) = start_every("6h", NOON, &simulator, SEATS).await;
    let mut told: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for step in 1..=40 {
        let now = noon() + TimeDelta::hours(7 * step);
        move_to(&simulator, &exporter, SEATS, now).await;
        for (series, number) in seats(simulator.world(), simulator.world().enterprise(), now) {
            told.entry(series).or_default().insert(number.to_string());
        }
    }
    let enterprise = labels(simulator.world().enterprise(), None);
    for class in IDLE {
        let series = format!("github_copilot_{}", class.replace("OWNER", &enterprise));
        assert!(told[&series].len() > 1, "nothing ever changes in {series}");
    }
    exporter.stop().await;
}

/// When some people's seats will have been unused for so many days: by then nothing was done with it since.
fn moments(world: &World, days: i64, since: Since) -> Vec<DateTime<Utc>> {
    let moment = |person: &Person| {
        let since = since(world, person);
        let moment = since? + TimeDelta::days(days);
        let later = moment + A_WHILE;
        let used = last_activity(world, person, later);
        let is_so =
            world.is_licensed(person, later.date_naive()) && used.is_none_or(|used| Some(used) == since);
        (is_so && moment > spring() + A_WHILE).then_some(moment)
    };
    world.people().iter().filter_map(moment).take(4).collect()
}

#[tokio::test]
async fn a_class_ends_after_so_many_days_to_the_minute() {
    let simulator = Simulator::start(Options { users: 400, ..live() }).await.unwrap();
    let mut all = BTreeSet::new();
    let used: Since = |world, person| last_activity(world, person, spring());
    let created: Since = |_, person| Some(person.licensed_from().and_time(NaiveTime::MIN).and_utc());
    for (days, since) in [(7, used), (28, used), (90, used), (7, created)] {
        let moments = moments(simulator.world(), days, since);
        assert!(!moments.is_empty(), "nobody's seat becomes {days} days old");
        all.extend(moments.into_iter().flat_map(|moment| [moment - A_WHILE, moment + A_WHILE]));
    }
    simulator.set_now(spring());
    let (exporter, _) = start_at(SPRING, &simulator, SEATS).await;
    for now in all {
        move_to(&simulator, &exporter, SEATS, now).await;
    }
    exporter.stop().await;
}
