//! Which interface answers for an owner is found out by asking, once.

use github_copilot_exporter::simulator::{Api, Fault, FaultKind, Options, Simulator, StatusFault};

use crate::{
    company::{NOON, all_up, options},
    support::{Exporter, ManualClock, Scrape},
};

const REPORTS: &str = "*/copilot/metrics/reports/*";
const USAGE: &str = "*/copilot/usage";

/// A small company that answers by these interfaces.
async fn company(api: Api) -> Simulator {
    Simulator::start(Options { api, orgs: 1, teams: 3, users: 30, ..options() }).await.unwrap()
}

/// An exporter of its organisation and its enterprise that was told nothing about interfaces.
async fn watch(simulator: &Simulator) -> Exporter {
    let auto = [("GITHUB_COPILOT_API", "auto")];
    crate::company::watch(simulator, &ManualClock::starting(NOON), &auto).await
}

fn status(path: &str, code: u16) -> Fault {
    Fault { path: path.into(), ..Fault::new(FaultKind::Status(StatusFault::new(code))) }
}

/// How many owners are asked by this interface.
fn asked_by(scrape: &Scrape, api: &str) -> f64 {
    scrape.sum("github_copilot_exporter_api_info", &[&format!(r#"api="{api}""#)])
}

/// Every source of both owners was tried, and this many are up.
fn tried(up: f64) -> impl Fn(&Scrape) -> bool {
    move |scrape| {
        let sources: Vec<f64> =
            scrape.of("github_copilot_exporter_source_up", &[]).map(|(_, up)| up).collect();
        sources.len() == 4 && sources.iter().sum::<f64>() == up
    }
}

#[tokio::test]
async fn the_usage_api_is_taken_only_where_there_are_no_reports() {
    for (api, word) in [(Api::Both, "reports"), (Api::Reports, "reports"), (Api::Usage, "usage")] {
        let simulator = company(api).await;
        let exporter = watch(&simulator).await;
        let scrape = exporter.until_by(0, "all sources up", |scrape| all_up(scrape, 2)).await;
        assert_eq!(
            (asked_by(&scrape, word), asked_by(&scrape, "usage") + asked_by(&scrape, "reports")),
            (2.0, 2.0)
        );
        let page = exporter.page().await;
        assert_eq!(page.contains("Asked by the Copilot usage API"), word == "usage");
        assert_eq!(page.contains("Asked by GitHub\u{2019}s usage metrics reports"), word == "reports");
        let other = if word == "usage" { "/copilot/metrics/" } else { "/copilot/usage" };
        let wrongly = simulator.requests().iter().filter(|request| request.path.contains(other)).count();
        assert_eq!(wrongly, if word == "usage" { 2 } else { 0 }, "the question itself, once for each owner");
        exporter.stop().await;
    }
}

#[tokio::test]
async fn where_neither_answers_the_owner_is_asked_by_reports() {
    for code in [403, 404, 410] {
        let simulator = company(Api::Usage).await;
        simulator.set_faults(vec![status(USAGE, code)]);
        let exporter = watch(&simulator).await;
        let scrape = exporter.until_by(0, "everything was tried", tried(0.0)).await;
        assert_eq!(asked_by(&scrape, "reports"), 2.0, "{code}");
        assert!(
            scrape.sum("github_copilot_exporter_source_failures_total", &[r#"reason="not_found""#]) >= 2.0
        );
        simulator.set_faults(Vec::new());
        simulator.clear_requests();
        exporter.clock.advance(3600);
        let again = |_: &Scrape| simulator.requests().len() >= 2;
        let later = exporter.until("the next refresh", again).await;
        assert_eq!(asked_by(&later, "reports"), 2.0, "it is decided");
        assert!(simulator.requests().iter().all(|request| !request.path.ends_with("/usage")));
        exporter.stop().await;
    }
}

#[tokio::test]
async fn no_later_failure_switches_the_interface() {
    for (api, other, word) in [(Api::Usage, USAGE, "usage"), (Api::Both, REPORTS, "reports")] {
        let simulator = company(api).await;
        let exporter = watch(&simulator).await;
        exporter.until_by(0, "all sources up", |scrape| all_up(scrape, 2)).await;
        simulator.set_faults(vec![status(other, 404)]);
        exporter.clock.advance(3600);
        let failed = |scrape: &Scrape| {
            scrape.sum("github_copilot_exporter_source_failures_total", &[r#"reason="not_found""#]) >= 2.0
        };
        let scrape = exporter.until("the failures", failed).await;
        assert_eq!(asked_by(&scrape, word), 2.0);
        exporter.stop().await;
    }
}

#[tokio::test]
async fn while_there_is_no_answer_nothing_is_decided() {
    for code in [401, 429, 502] {
        let simulator = company(Api::Usage).await;
        simulator.set_faults(vec![status("*", code)]);
        let exporter = watch(&simulator).await;
        let scrape =
            exporter.until_by(0, "a first attempt", |scrape| scrape.text.contains("source_up{")).await;
        assert_eq!(asked_by(&scrape, "reports"), 2.0, "{code}: so far");
        simulator.set_faults(vec![status(USAGE, code)]);
        exporter.clock.advance(3600);
        exporter
            .until_by(60, "the usage API was asked", |_| {
                simulator.requests().iter().any(|r| r.path.ends_with("/usage"))
            })
            .await;
        simulator.set_faults(Vec::new());
        let scrape = exporter.until_by(60, "all sources up", |scrape| all_up(scrape, 2)).await;
        assert_eq!(asked_by(&scrape, "usage"), 2.0, "{code}");
        exporter.stop().await;
    }
}
