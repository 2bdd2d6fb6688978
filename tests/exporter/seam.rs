//! The border between history and live scrapes: a Prometheus that was given the past goes on scraping, and no graph shows
//! where the one ends and the other begins.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use github_copilot_exporter::simulator::{Announcement, Entity, Options, Plan, Simulator, World};

use crate::{
    backfill::{Run, afternoon},
    company::{sources_up, watch},
    history_truth::{Asked, Calendar, Told, canonical},
    people::{REPORTS, live, newest},
    program::{Running, exporter},
    store::{Prometheus, Samples, Store},
    support::{ManualClock, Patience},
    truth,
};

const HOUR: i64 = 3_600_000;

/// What Prometheus calls who it scrapes.
const JOB: &str = "copilot";

/// What the issue looks at: owners that are organisations, as a dashboard finds them at any instant.
const DAY: &str = r#"github_copilot_day_timestamp_seconds{org!="",team=""}"#;
const SUGGESTIONS: &str = r#"github_copilot_total_suggestions{org!="",team=""}"#;

/// How many days there are before the one that the first scrape shows, and after it.
const BEFORE: u64 = 9;
const AFTER: u64 = 3;

/// A company in the last weeks in which somebody completed something in both organisations on every day that is looked
/// at: on another day there is no count of it to be seen.
fn company() -> Options {
    let afternoons = (0..).map(|weeks| afternoon() - TimeDelta::weeks(weeks));
    let companies = afternoons.map(|now| Options { users: 400, teams: 0, seed: 1, now: Some(now), ..live() });
    companies.take(20).find(is_busy).unwrap()
}

fn is_busy(company: &Options) -> bool {
    let (world, newest) = (world(company), newest(company.now.unwrap()));
    let days = (newest - Days::new(BEFORE)).iter_days().take_while(|day| *day <= newest + Days::new(AFTER));
    days.into_iter().all(|day| world.orgs().iter().all(|org| suggestions(&world, org, day) > 0.0))
}

/// The people of a company.
fn world(company: &Options) -> World {
    let Options { orgs, teams, users, seed, .. } = *company;
    World::new(&Plan { orgs, teams, users, seed, start: company.now.unwrap().date_naive() })
}

/// What the first live scrape with data showed, and when, in milliseconds.
#[derive(Clone, Copy)]
struct Border {
    day: NaiveDate,
    at: i64,
}

impl Border {
    /// Waits for the first data of both organisations.
    async fn of(prometheus: &Prometheus) -> Self {
        let patience = Patience::new();
        loop {
            let samples = prometheus.everything(DAY).await;
            if samples.len() == 2 {
                let first = || samples.values().map(|samples| samples[0]);
                // A day may be passing, and one of the two be ahead.
                let (day, at) = (first().map(|(_, start)| day(start)).min(), first().map(|(at, _)| at).min());
                return Self { day: day.unwrap(), at: at.unwrap() };
            }
            patience.check("the first scrapes with data");
        }
    }

    /// The days before it, and its own, for which the hour before the first scrape is enough. The company lives on days
    /// of its own, Prometheus on those of this machine: between the two there is whatever lag makes them meet.
    fn asked<'a>(self, labels: &'a [(&'a str, &'a str)]) -> Asked<'a> {
        let (from, until) = (self.day - Days::new(BEFORE), DateTime::from_timestamp_millis(self.at).unwrap());
        let ended = start(self.day + Days::new(1));
        let lag = (self.at - HOUR) / 1000 - ended;
        let calendar = Calendar { from, lag, ..Calendar::of(from, self.day, 0, until) };
        Asked { told: Told::ByReports, calendar, breakdown: false, labels }
    }

    /// When the first of those days is published, in milliseconds.
    fn begin(self) -> i64 {
        let whole = self.at / 1000 * 1000;
        whole - HOUR - i64::try_from(BEFORE).unwrap() * 24 * HOUR
    }
}

/// The beginning of a day, in seconds, and the other way round.
fn start(day: NaiveDate) -> i64 {
    day.and_time(NaiveTime::MIN).and_utc().timestamp()
}

#[allow(clippy::cast_possible_truncation, reason = "a time of this century")]
fn day(start: f64) -> NaiveDate {
    DateTime::from_timestamp(start as i64, 0).unwrap().date_naive()
}

/// Lets Prometheus scrape this address often.
fn scraping(target: &str) -> String {
    format!("[{{job_name: {JOB}, scrape_interval: 200ms, static_configs: [{{targets: ['{target}']}}]}}]")
}

/// Writes the past up to the border, and puts it where Prometheus keeps its data.
async fn give_history(store: &Store, border: Border, target: &str, company: &Announcement, orgs: &[&Entity]) {
    let labels = [("job", JOB), ("instance", target)];
    let run = Run::of(company, orgs, &border.asked(&labels)).await;
    run.lines().for_each(|line| store.import(line));
}

/// What a dashboard shows of both organisations, minute by minute in history and ten times a second since.
async fn drawn(prometheus: &Prometheus, border: Border, query: &str) -> Samples {
    let query = format!("last_over_time({query}[1d])");
    let last = prometheus.everything(DAY).await.values().map(|samples| samples[samples.len() - 1].0).max();
    let minute = 60_000;
    let past = border.begin()..border.at - minute;
    let mut drawn = prometheus.range(&query, past.start, past.end, minute).await;
    // The last of all scrapes is behind the last instant but one.
    let (first, last) = (past.end - past.end % 1000, last.unwrap() + 100);
    for (series, samples) in prometheus.range(&query, first, last, 100).await {
        drawn.entry(series).or_default().extend(samples);
    }
    let instants = |first: i64, last: i64, step: i64| (last - first) / step + 1;
    let expected = instants(past.start, past.end, minute) + instants(first, last, 100);
    for (series, samples) in &drawn {
        assert_eq!(samples.len() as i64, expected, "there are instants without a value of {series}");
    }
    drawn
}

/// What is drawn of an organisation: it has one series.
fn of_org<'s>(drawn: &'s Samples, family: &str, org: &Entity, target: &str) -> &'s [(i64, f64)] {
    assert_eq!(drawn.len(), 2, "one series for each organisation: {:?}", drawn.keys());
    let labels = [("job", JOB), ("instance", target), ("org", &*org.login)];
    &drawn[&canonical(family, labels)]
}

/// The days in the order in which they are drawn, each as often as it begins.
fn intervals(days: &[(i64, f64)]) -> Vec<NaiveDate> {
    let mut days: Vec<_> = days.iter().map(|(_, start)| day(*start)).collect();
    days.dedup();
    days
}

/// The completions shown on a day.
fn suggestions(world: &World, org: &Entity, day: NaiveDate) -> f64 {
    let day = truth::day(world, world.people_of(org), day);
    day["total_suggestions_count"].as_f64().unwrap()
}

/// Checks that at every instant both organisations have the figures of one day, and returns the days of each in the
/// order of time.
async fn days_drawn(
    prometheus: &Prometheus,
    border: Border,
    target: &str,
    world: &World,
) -> Vec<Vec<NaiveDate>> {
    let days = drawn(prometheus, border, DAY).await;
    let numbers = drawn(prometheus, border, SUGGESTIONS).await;
    let of = |org: &Entity| {
        let days = of_org(&days, "github_copilot_day_timestamp_seconds", org, target);
        let numbers = of_org(&numbers, "github_copilot_total_suggestions", org, target);
        let intervals = intervals(days);
        for shown in &intervals {
            let expected = suggestions(world, org, *shown);
            if expected == 0.0 {
                // Where nobody does anything the count of before stays.
                continue;
            }
            let wrong = days
                .iter()
                .zip(numbers)
                .find(|((_, start), (_, number))| day(*start) == *shown && *number != expected);
            assert_eq!(wrong, None, "{} of {shown} is {expected}", org.login);
        }
        intervals
    };
    world.orgs().iter().map(of).collect()
}

/// Lets a day pass at GitHub, and waits until Prometheus has it of both organisations.
async fn pass(now: DateTime<Utc>, simulator: &Simulator, clock: &ManualClock, prometheus: &Prometheus) {
    simulator.set_now(now);
    clock.advance(3_600);
    let expected = start(newest(now)) as f64;
    let patience = Patience::new();
    while prometheus.now(DAY).await != [expected; 2] {
        patience.check(&format!("{} in Prometheus", newest(now)));
        clock.pass(1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn history_and_live_scrapes_are_one_series_without_a_gap_a_double_day_or_one_that_is_skipped() {
    let company = company();
    let now = company.now.unwrap();
    let simulator = Simulator::start(company).await.unwrap();
    let clock = ManualClock::starting(&now.to_rfc3339());
    let exporter = watch(&simulator, &clock, &[REPORTS, ("EXPORTER_SOURCES", "activity")]).await;
    exporter.until_by(0, "all sources up", |scrape| sources_up(scrape, 3)).await;
    let (store, target) = (Store::new(), exporter.address.to_string());
    let scrapes = scraping(&target);
    let prometheus = store.serve(&scrapes).await;
    let border = Border::of(&prometheus).await;
    assert_eq!(border.day, newest(now));
    assert!(prometheus.stop().success());
    let orgs: Vec<_> = simulator.world().orgs().iter().collect();
    give_history(&store, border, &target, &simulator.announcement(), &orgs).await;

    let prometheus = store.serve(&scrapes).await;
    for days in 1..=AFTER {
        pass(now + Days::new(days), &simulator, &clock, &prometheus).await;
    }
    let first = border.day - Days::new(BEFORE);
    let all: Vec<_> = first.iter_days().take_while(|day| *day <= border.day + Days::new(AFTER)).collect();
    let drawn = days_drawn(&prometheus, border, &target, simulator.world()).await;
    assert_eq!(drawn, [all.clone(), all]);
    exporter.stop().await;
}

/// A demo whose days pass every few seconds.
struct Demo {
    running: Running,
    company: Announcement,
    world: World,
    target: String,
}

impl Demo {
    fn start() -> Self {
        let options = company();
        let world = world(&options);
        let now = options.now.unwrap().to_rfc3339();
        let size = [("--teams", options.teams), ("--users", options.users)];
        let size = size.map(|(switch, size)| format!("{switch}={size}"));
        let days = ["demo", "--now", &now, "--day-every", "2s", "--api", "reports", &size[0], &size[1]];
        let often = ("EXPORTER_REFRESH_INTERVAL", "1s");
        let variables = [("EXPORTER_LISTEN_ADDRESS", "127.0.0.1:0"), ("EXPORTER_SOURCES", "activity"), often];
        let running = Running::start(exporter(&days, &variables));
        let address = |line: &str| {
            let after = line.split("http://").nth(1).unwrap();
            after.split(['/', ',']).next().unwrap().to_owned()
        };
        let api = format!("http://{}", address(&running.line_with("A simulated GitHub at ")));
        let target = address(&running.line_with("/metrics"));
        let company = Announcement {
            api,
            downloads: String::new(),
            enterprise: world.enterprise().login.clone(),
            orgs: world.orgs().iter().map(|org| org.login.clone()).collect(),
            token: "octocat-demo-token".to_owned(),
        };
        Self { running, company, world, target }
    }
}

/// How fast this machine is decides which of its days the demo shows and Prometheus scrapes, and nothing else: days go
/// on while history is written. So the first scrape comes first, and history is given to the Prometheus that made it.
#[tokio::test(flavor = "multi_thread")]
async fn the_days_of_a_demo_follow_those_of_its_history_each_once_and_without_a_gap() {
    let demo = Demo::start();
    let store = Store::new();
    let prometheus = store.serve(&scraping(&demo.target)).await;
    let border = Border::of(&prometheus).await;
    let last = start(border.day + Days::new(AFTER));
    let patience = Patience::new();
    let has_come = |days: Vec<f64>| days.len() == 2 && days.iter().all(|day| *day >= last as f64);
    while !has_come(prometheus.now(DAY).await) {
        patience.check("some more days");
    }
    assert!(prometheus.stop().success());
    let orgs: Vec<_> = demo.world.orgs().iter().collect();
    give_history(&store, border, &demo.target, &demo.company, &orgs).await;
    assert!(demo.running.terminate().0.success());

    let prometheus = store.serve("[]").await;
    let past: Vec<_> = (border.day - Days::new(BEFORE)).iter_days().take(10).collect();
    for drawn in days_drawn(&prometheus, border, &demo.target, &demo.world).await {
        assert!(drawn.starts_with(&past), "{drawn:?}");
        assert!(drawn.is_sorted_by(|one, next| one < next), "no day comes twice or goes back: {drawn:?}");
        assert!(drawn.last() >= Some(&(border.day + Days::new(AFTER))), "{drawn:?}");
    }
}
