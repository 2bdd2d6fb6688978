//! Clocks that are set forward and back, by hours and by years, while GitHub has the right time: scrapes are answered,
//! nothing that was good is lost, and a clock that is right again has everything right again.

use chrono::{DateTime, TimeDelta, Utc};
use github_copilot_exporter::{
    clock::Clock,
    simulator::{Options, Simulator},
};

use crate::{
    company::{NOON, options, sources_up},
    support::{Exporter, ManualClock, Patience, Scrape},
};

const HOUR: i64 = 3600;
const YEAR: i64 = 365 * 24 * HOUR;

/// By how much the clock is set, one after the other.
const JUMPS: [i64; 6] = [3 * HOUR, -3 * HOUR, YEAR, -YEAR, -YEAR, YEAR];

const ALL: &str = "activity,teams,seats,billing";

struct Jumping {
    exporter: Exporter,
    simulator: Simulator,
    good: Scrape,
}

impl Jumping {
    async fn start(api: &str) -> Self {
        let now: DateTime<Utc> = NOON.parse().unwrap();
        let small = Options { orgs: 1, teams: 2, users: 60, shards: 1, now: Some(now), ..options() };
        let simulator = Simulator::start(small).await.unwrap();
        let company = simulator.announcement();
        let variables = [
            ("GITHUB_TOKEN", &*company.token),
            ("GITHUB_ORGS", &*company.orgs[0]),
            ("GITHUB_COPILOT_API", api),
            ("EXPORTER_SOURCES", ALL),
        ];
        let exporter = Exporter::start(&company.api, &ManualClock::starting(NOON), &variables).await;
        let good = exporter.until("good figures", |scrape| sources_up(scrape, 4)).await;
        Self { exporter, simulator, good }
    }

    /// Days and teams as they are shown. Whoever is idle is so by the clock here.
    fn figures(scrape: &Scrape) -> Vec<String> {
        let is_figure = |line: &&str| {
            !line.contains("idle") && !line.contains("recently_active") && !line.contains("new_seats")
        };
        scrape.data().lines().filter(is_figure).map(str::to_owned).collect()
    }

    /// Sets the clock, and waits until every source was asked again.
    async fn jump(&self, seconds: i64) {
        let before = self.exporter.scrape().await;
        self.exporter.clock.set_by(seconds);
        assert_eq!(self.exporter.scrape().await.data(), before.data(), "set by {seconds} s");
        assert_eq!(self.exporter.get("/readyz").await.status(), 200);
        self.exporter.page().await;
        self.simulator.clear_requests();
        self.exporter.clock.advance(HOUR);
        let patience = Patience::new();
        let asked = |part: &str| self.simulator.requests().iter().any(|request| request.path.contains(part));
        while !["/seats", "/billing/", "copilot/"].into_iter().all(asked) {
            patience.check(&format!("questions after {seconds} s"));
            self.exporter.clock.pass(1);
            self.exporter.scrape().await;
        }
        // Whatever is still to be shown.
        for _ in 0..30 {
            self.exporter.clock.advance(1);
            self.exporter.scrape().await;
        }
    }
}

async fn jumps(api: &str) {
    let jumping = Jumping::start(api).await;
    let began = jumping.exporter.clock.now();
    for pair in JUMPS.chunks(2) {
        for seconds in pair {
            jumping.jump(*seconds).await;
            let scrape = jumping.exporter.scrape().await;
            let daily = "github_copilot_daily_active_users";
            let days = |scrape: &Scrape| scrape.of(daily, &[r#"team="""#]).count();
            assert_eq!(days(&scrape), days(&jumping.good), "{api}: set by {seconds} s");
        }
        let right = Jumping::figures(&jumping.good);
        let patience = Patience::new();
        loop {
            let scrape = jumping.exporter.scrape().await;
            if sources_up(&scrape, 4) && Jumping::figures(&scrape) == right {
                break;
            }
            patience.check(&format!("{api}: the clock is right again after {pair:?}\n{}", scrape.text));
            jumping.exporter.clock.pass(1);
        }
    }
    let passed = jumping.exporter.clock.now() - began;
    assert!(passed < TimeDelta::days(1), "nothing was waited for longer than the clock is right: {passed}");
    jumping.exporter.stop().await;
}

#[tokio::test]
async fn by_the_usage_api_a_clock_that_is_set_loses_nothing() {
    jumps("usage").await;
}

#[tokio::test]
async fn by_reports_a_clock_that_is_set_loses_nothing() {
    jumps("reports").await;
}

#[tokio::test]
async fn a_failing_source_with_a_token_file_is_asked_again_although_the_clock_was_set_back() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("token");
    std::fs::write(&file, "octocat-demo-token").unwrap();
    let simulator = Simulator::start(Options { orgs: 1, teams: 0, users: 20, ..options() }).await.unwrap();
    let company = simulator.announcement();
    simulator.set_faults(vec!["status=500".parse().unwrap()]);
    let path = file.display().to_string();
    let variables =
        [("GITHUB_TOKEN_FILE", &*path), ("GITHUB_ORGS", &*company.orgs[0]), ("EXPORTER_SOURCES", "activity")];
    let exporter = Exporter::start(&company.api, &ManualClock::starting(NOON), &variables).await;
    let failures = "github_copilot_exporter_source_failures_total";
    exporter.until_by(0, "a failure", |scrape| scrape.sum(failures, &[]) > 0.0).await;
    exporter.clock.set_by(-YEAR);
    simulator.set_faults(Vec::new());
    exporter.until("healed", |scrape| sources_up(scrape, 1)).await;
    exporter.stop().await;
}
