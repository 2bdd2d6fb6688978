//! A soak, by `make soak`: the program is scraped fifty times a second while its GitHub breaks in another way every
//! second. No scrape may fail, its memory has to stay flat, and in the end it has to heal.
//!
//! It takes ten minutes and is measured in seconds, so it is no part of `make test`, which only builds it.
#![allow(
    clippy::unwrap_used,
    unreachable_pub,
    dead_code,
    reason = "in a test a panic is the answer; of what the other tests stand on only a part is used"
)]

#[path = "../exporter/program.rs"]
mod program;
#[path = "../exporter/support.rs"]
mod support;

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::TimeDelta;
use github_copilot_exporter::{
    clock::{Clock, SystemClock},
    simulator::{Api, Fault, Options, Simulator},
};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{MissedTickBehavior, interval, interval_at, timeout},
};

use program::{Running, exporter};
use support::{Patience, Scrape};

/// Each of them scrapes ten times a second.
const CONNECTIONS: u32 = 5;
const PERIOD: Duration = Duration::from_millis(100);

/// How long a Prometheus waits, unless it is told otherwise.
const SCRAPE_TIMEOUT: Duration = Duration::from_secs(10);

/// After so many seconds the company has another day.
const DAY: u64 = 20;

/// What can go wrong. Limits always say for how long, else they would be kept for longer than the soak.
const FAULTS: [&str; 17] = [
    "status=500",
    "status=502,every=2",
    "status=503,every=3",
    "status=401",
    "status=403,every=2",
    "status=404,every=2",
    "status=422,every=3",
    "status=429,retry-after=1",
    "status=403,retry-after=1,every=2",
    "hang,every=3",
    "delay=700ms",
    "cut,every=2",
    "reset,every=2",
    "empty,every=2",
    "html,every=2",
    "not-ready=string,every=2",
    "expired,every=2",
];

/// Whom they strike.
const PATHS: [&str; 6] = ["*", "*", "/orgs/*", "/enterprises/*", "*/seats", "/files/*"];

/// A setting of the soak, or what it is without.
#[allow(clippy::disallowed_methods, reason = "switches of the soak, not of the exporter")]
fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

/// Up to three faults, and in one second of four none at all.
fn draw(chance: &mut fastrand::Rng) -> Vec<Fault> {
    let fault = |chance: &mut fastrand::Rng| {
        let (kind, path) = (chance.choice(FAULTS).unwrap(), chance.choice(PATHS).unwrap());
        format!("{kind},path={path}").parse().unwrap()
    };
    (0..chance.usize(0..4)).map(|_| fault(chance)).collect()
}

/// How long a scrape took, or why it failed.
type Outcome = Result<Duration, String>;

/// Scrapes by one connection until it is stopped.
async fn scrape(url: Arc<str>, number: u32, stopped: watch::Receiver<()>) -> Vec<Outcome> {
    let http = reqwest::Client::builder().timeout(SCRAPE_TIMEOUT);
    let http = if number.is_multiple_of(2) { http } else { http.no_gzip() }.build().unwrap();
    let mut outcomes = Vec::new();
    let mut ticks = interval_at(tokio::time::Instant::now() + PERIOD / CONNECTIONS * number, PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    while !stopped.has_changed().unwrap_or(true) {
        ticks.tick().await;
        let start = Instant::now();
        outcomes.push(one(&http, &url).await.map(|()| start.elapsed()));
    }
    outcomes
}

/// One scrape, whole and of this exporter.
async fn one(http: &reqwest::Client, url: &str) -> Result<(), String> {
    let words = |error: reqwest::Error| format!("{error:?}");
    let response = http.get(url).send().await.map_err(words)?;
    let status = response.status();
    let text = response.text().await.map_err(words)?;
    let is_whole = text.contains("\ngithub_copilot_exporter_series ") && text.ends_with('\n');
    if status == 200 && is_whole { Ok(()) } else { Err(format!("{status}: {} bytes", text.len())) }
}

fn median<T: Ord + Copy>(numbers: &[T]) -> T {
    let mut sorted = numbers.to_vec();
    sorted.sort_unstable();
    sorted[sorted.len() / 2]
}

/// What was measured.
struct Figures {
    took: Duration,
    seed: u64,
    latencies: Vec<Duration>,
    failed: Vec<String>,
    /// The resident size each second, in KiB.
    resident: Vec<u64>,
    faults: usize,
    healed_after: Duration,
    last: Scrape,
}

impl Figures {
    fn percentile(&self, percent: usize) -> f64 {
        let at = (self.latencies.len() * percent / 100).min(self.latencies.len() - 1);
        self.latencies[at].as_secs_f64() * 1e3
    }

    /// The median of one fifth of the time, counted from 1.
    fn fifth(&self, number: usize) -> u64 {
        let length = self.resident.len() / 5;
        median(&self.resident[(number - 1) * length..number * length])
    }

    /// By how much of it the memory of the last fifth is more than that of the second.
    fn growth(&self) -> f64 {
        self.fifth(5) as f64 / self.fifth(2) as f64 - 1.0
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scrapes = self.latencies.len() + self.failed.len();
        let rate = scrapes as f64 / self.took.as_secs_f64();
        let own = |family: &str| self.last.sum(&format!("github_copilot_exporter_{family}"), &[]);
        writeln!(f, "| figure | measured |\n|---|---|")?;
        writeln!(f, "| length | {:.0} s, seed {} |", self.took.as_secs_f64(), self.seed)?;
        writeln!(f, "| scrapes | {scrapes}, {rate:.1} a second |")?;
        writeln!(f, "| failed scrapes | {} |", self.failed.len())?;
        let [half, most, nearly_all, all] = [50, 95, 99, 100].map(|percent| self.percentile(percent));
        writeln!(
            f,
            "| time of a scrape | median {half:.1} ms, 95 % {most:.1} ms, 99 % {nearly_all:.1} ms, longest {all:.1} ms |"
        )?;
        writeln!(f, "| series, bytes | {}, {} |", self.last.samples.len(), self.last.text.len())?;
        let fifths = [1, 2, 3, 4, 5].map(|number| format!("{:.1}", self.fifth(number) as f64 / 1024.0));
        let growth = self.growth() * 100.0;
        writeln!(f, "| resident size, median of each fifth | {} MiB |", fifths.join(", "))?;
        writeln!(f, "| of the last to the second fifth | {growth:+.1} % |")?;
        let [requests, failures] = ["github_requests_total", "source_failures_total"].map(own);
        writeln!(f, "| faults set | {} |", self.faults)?;
        writeln!(f, "| requests to GitHub, failures of sources | {requests}, {failures} |")?;
        writeln!(f, "| all sources up after the last fault | {:.1} s |", self.healed_after.as_secs_f64())
    }
}

/// Another fault every second, another day every twenty, and the memory of the exporter each second.
async fn torment(simulator: &Simulator, running: &Running, seconds: u64, seed: u64) -> (usize, Vec<u64>) {
    let mut chance = fastrand::Rng::with_seed(seed);
    let (mut set, mut resident) = (0, Vec::new());
    let mut ticks = interval(Duration::from_secs(1));
    for second in 0..seconds {
        ticks.tick().await;
        let faults = draw(&mut chance);
        set += faults.len();
        simulator.set_faults(faults);
        simulator.clear_requests();
        if second % DAY == DAY - 1 {
            simulator.set_now(simulator.now() + TimeDelta::days(1));
        }
        resident.push(running.memory_kib("VmRSS"));
    }
    simulator.set_faults(Vec::new());
    (set, resident)
}

/// A company whose days run ahead of the exporter's clock. If they lagged behind it, days would be missing that the
/// exporter has every right to ask for.
async fn company() -> Simulator {
    let options =
        Options { users: 600, teams: 30, api: Api::Reports, rate_limit: 1_000_000, ..Options::default() };
    Simulator::start(options).await.unwrap()
}

/// Scrapes until every source of every owner is up, by what was read from now on.
async fn all_up(url: &str, owners: usize) -> Scrape {
    let (patience, start) = (Patience::new(), SystemClock.now().timestamp() as f64);
    loop {
        let scrape = Scrape::read(reqwest::get(url).await.unwrap().text().await.unwrap());
        let up = "github_copilot_exporter_source_up";
        let sources = scrape.of(up, &[]).count();
        let read = "github_copilot_exporter_source_last_success_timestamp_seconds";
        let is_new = scrape.of(read, &[]).all(|(_, last)| last > start);
        if sources == 4 * owners && scrape.sum(up, &[]) == sources as f64 && is_new {
            return scrape;
        }
        let down: Vec<_> = scrape.of(up, &[]).filter(|(_, up)| *up == 0.0).collect();
        patience.check(&format!("all sources up: {down:?}"));
        tokio::time::sleep(PERIOD).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes ten minutes: make soak"]
async fn no_scrape_fails_and_memory_stays_flat_while_github_breaks_in_every_way() {
    let (seconds, seed) = (setting("SOAK_SECONDS", 600), setting("SOAK_SEED", 1));
    assert!(seconds >= 10, "SOAK_SECONDS is at least 10");
    let (simulator, place) = (company().await, tempfile::tempdir().unwrap());
    let github = simulator.announcement();
    let orgs = github.orgs.join(",");
    let variables = [
        ("GITHUB_API_URL", &*github.api),
        ("GITHUB_TOKEN", &*github.token),
        ("GITHUB_ORGS", &*orgs),
        ("GITHUB_ENTERPRISE", &*github.enterprise),
        ("GITHUB_COPILOT_API", "reports"),
        ("GITHUB_TIMEOUT", "2s"),
        ("EXPORTER_LISTEN_ADDRESS", "127.0.0.1:0"),
        ("EXPORTER_REFRESH_INTERVAL", "2s"),
        ("EXPORTER_STATE_DIR", place.path().to_str().unwrap()),
    ];
    let running = Running::start(exporter(&[], &variables));
    let url: Arc<str> = format!("http://{}/metrics", running.address()).into();
    all_up(&url, github.orgs.len() + 1).await;

    let (stop, stopped) = watch::channel(());
    let start = Instant::now();
    let mut scrapers = JoinSet::new();
    for number in 0..CONNECTIONS {
        scrapers.spawn(scrape(Arc::clone(&url), number, stopped.clone()));
    }
    let (faults, resident) = torment(&simulator, &running, seconds, seed).await;
    let healing = Instant::now();
    let last = all_up(&url, github.orgs.len() + 1).await;
    let (healed_after, took) = (healing.elapsed(), start.elapsed());
    drop(stop);
    let outcomes = timeout(2 * SCRAPE_TIMEOUT, scrapers.join_all()).await.unwrap().concat();
    let (status, _) = running.terminate();

    let mut latencies: Vec<_> = outcomes.iter().flatten().copied().collect();
    latencies.sort_unstable();
    let failed: Vec<_> = outcomes.into_iter().filter_map(Result::err).collect();
    let figures = Figures { took, seed, latencies, failed, resident, faults, healed_after, last };
    println!("{figures}");
    assert_eq!(figures.failed, [] as [String; 0], "failed scrapes");
    assert!(figures.growth().abs() <= 0.1, "the resident size is not flat: {:?} KiB", figures.resident);
    assert_eq!(status.code(), Some(0), "it ends as it is asked to");
}
