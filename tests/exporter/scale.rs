//! Two thousand teams: what it costs GitHub, and what it costs us.

use std::collections::BTreeSet;

use github_copilot_exporter::{
    clock::Clock,
    simulator::{Options, Simulator},
};

use crate::{
    company::{NOON, all_up, noon, options},
    program::{Running, exporter},
    support::{Exporter, ManualClock, Patience, Scrape},
};

const ORGS: usize = 5;
const TEAMS: usize = 2000;

fn large() -> Options {
    Options { orgs: ORGS, teams: TEAMS, users: 6000, rate_limit: 100_000, now: Some(noon()), ..options() }
}

/// Every organisation, its pages of a hundred teams, and each of them.
fn round() -> usize {
    ORGS + ORGS * (TEAMS / ORGS).div_ceil(100) + TEAMS
}

fn orgs(simulator: &Simulator) -> String {
    simulator.announcement().orgs.join(",")
}

#[tokio::test(flavor = "multi_thread")]
async fn two_thousand_teams_are_each_asked_once_and_then_cost_nothing_and_are_rendered_rarely() {
    let simulator = Simulator::start(large()).await.unwrap();
    let orgs = orgs(&simulator);
    let clock = ManualClock::starting(NOON);
    let company = simulator.announcement();
    let variables = [("GITHUB_TOKEN", &*company.token), ("GITHUB_ORGS", &orgs)];
    let exporter = Exporter::start(&company.api, &clock, &variables).await;
    let rendered =
        |scrape: &Scrape| scrape.get("github_copilot_exporter_snapshot_timestamp_seconds").unwrap().to_bits();
    let mut renders = BTreeSet::new();
    let began = clock.now();
    let patience = Patience::new();
    let first = loop {
        patience.check("the first round");
        let scrape = exporter.scrape().await;
        renders.insert(rendered(&scrape));
        if all_up(&scrape, ORGS) {
            break scrape;
        }
        clock.pass(1);
    };
    let requests = simulator.requests();
    assert_eq!(requests.len(), round());
    assert!(requests.iter().all(|request| request.status == Some(200)));
    let asked: BTreeSet<_> = requests.iter().map(|request| (&request.path, &request.query)).collect();
    assert_eq!(asked.len(), round(), "nothing twice");
    assert!(first.of("github_copilot_total_suggestions", &[]).count() > TEAMS / 2);
    let minutes = ((clock.now() - began).as_seconds_f64() / 60.0).ceil();
    assert!((renders.len() as f64) <= 20.0 * minutes, "{} renders in {minutes} minutes", renders.len());

    simulator.clear_requests();
    clock.advance(3600);
    let unchanged =
        |scrape: &Scrape| scrape.sum("github_copilot_exporter_github_requests_total", &[r#"code="304""#]);
    exporter.until("the second round", |scrape| unchanged(scrape) == round() as f64).await;
    assert!(simulator.requests().iter().all(|request| request.status == Some(304)));
    exporter.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_thousand_teams_stay_below_256_mib() {
    let simulator = Simulator::start(large()).await.unwrap();
    let company = simulator.announcement();
    let orgs = orgs(&simulator);
    let variables = [
        ("GITHUB_API_URL", &*company.api),
        ("GITHUB_TOKEN", &*company.token),
        ("GITHUB_ORGS", &orgs),
        ("GITHUB_COPILOT_API", "usage"),
        ("EXPORTER_SOURCES", "activity,teams"),
        ("EXPORTER_LISTEN_ADDRESS", "127.0.0.1:0"),
    ];
    let running = Running::start(exporter(&[], &variables));
    let url = format!("http://{}/metrics", running.address());
    let patience = Patience::new();
    loop {
        patience.check("the first round");
        let scrape = Scrape::read(reqwest::get(&url).await.unwrap().text().await.unwrap());
        if all_up(&scrape, ORGS) {
            assert!(scrape.get("github_copilot_exporter_series").unwrap() > 50_000.0);
            break;
        }
    }
    let kib = running.memory_kib("VmHWM");
    assert!(kib < 256 << 10, "{kib} KiB at the peak");
}
