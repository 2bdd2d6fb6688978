//! GitHub breaks while the exporter is scraped: no scrape fails, the last good data stays to the byte, the word is
//! right, and it heals by itself.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use chrono::Days;
use github_copilot_exporter::simulator::{Fault, FaultKind, Options, Simulator, StatusFault};
use tokio::task::JoinHandle;

use crate::{
    company::{NOON, all_up, noon, options, watch},
    support::{Exporter, ManualClock, Patience, Scrape},
};

/// One organisation is enough to break.
fn small() -> Options {
    Options { orgs: 1, teams: 4, users: 40, ..options() }
}

/// Scrapes without pause until told to end, and sees that the data never changes.
struct Scraper {
    end: Arc<AtomicBool>,
    running: JoinHandle<u64>,
}

impl Scraper {
    fn start(exporter: &Exporter, expected: &str) -> Self {
        let end = Arc::new(AtomicBool::new(false));
        let (ended, address, expected) = (Arc::clone(&end), exporter.address, expected.to_owned());
        let running = tokio::spawn(async move {
            let http = reqwest::Client::new();
            let mut scrapes = 0;
            while !ended.load(Ordering::Relaxed) {
                let response = http.get(format!("http://{address}/metrics")).send().await.unwrap();
                assert_eq!(response.status(), 200);
                let scrape = Scrape::read(response.text().await.unwrap());
                assert!(scrape.data() == expected, "the data changed while GitHub was broken");
                scrapes += 1;
            }
            scrapes
        });
        Self { end, running }
    }

    /// How many scrapes it made, all of them good.
    async fn end(self) -> u64 {
        self.end.store(true, Ordering::Relaxed);
        self.running.await.unwrap()
    }
}

fn failing_with(scrape: &Scrape, word: &str) -> bool {
    let activity = r#"source="activity""#;
    let reason = format!(r#"reason="{word}""#);
    scrape.sum("github_copilot_exporter_source_up", &[activity]) == 0.0
        && scrape
            .of("github_copilot_exporter_source_failures_total", &[activity, &reason])
            .all(|(_, count)| count > 0.0)
}

/// Breaks GitHub in this way for a new day's figures and mends it again.
async fn breaks_and_heals(kind: FaultKind, word: &str) {
    let simulator = Simulator::start(small()).await.unwrap();
    let clock = ManualClock::starting(NOON);
    let exporter = watch(&simulator, &clock, &[("GITHUB_TIMEOUT", "1s")]).await;
    let good = exporter.until_by(0, "all sources up", |scrape| all_up(scrape, 2)).await;
    assert!(good.data().contains("github_copilot_suggestions{"));
    let scraper = Scraper::start(&exporter, &good.data());

    // With news to tell, so that the answer has a body that can break.
    simulator.set_now(noon() + Days::new(1));
    simulator.set_faults(vec![Fault::new(kind.clone())]);
    clock.advance(3600);
    let broken = exporter.until(word, |scrape| failing_with(scrape, word)).await;
    assert_eq!(broken.data(), good.data(), "{kind:?}");
    let page = exporter.page().await;
    assert!(page.contains(word), "the page says {word}");
    let scrapes = scraper.end().await;
    assert!(scrapes > 0);

    simulator.set_faults(Vec::new());
    simulator.set_now(noon() + Days::new(1));
    let healed = exporter.until_by(10, "healed", |scrape| all_up(scrape, 2)).await;
    assert_ne!(healed.data(), good.data(), "the news is told");
    exporter.stop().await;
}

fn status(code: u16) -> FaultKind {
    FaultKind::Status(StatusFault::new(code))
}

#[tokio::test]
async fn a_revoked_token_is_unauthorized() {
    breaks_and_heals(status(401), "unauthorized").await;
}

#[tokio::test]
async fn a_lost_role_is_forbidden() {
    breaks_and_heals(status(403), "forbidden").await;
}

#[tokio::test]
async fn a_policy_that_is_switched_off_is_policy_disabled() {
    let message = Some("The 'Copilot usage metrics' policy must be enabled to use this API".to_owned());
    breaks_and_heals(FaultKind::Status(StatusFault { message, ..StatusFault::new(403) }), "policy_disabled")
        .await;
}

#[tokio::test]
async fn an_owner_that_is_hidden_is_not_found() {
    breaks_and_heals(status(404), "not_found").await;
}

#[tokio::test]
async fn a_closed_endpoint_is_unsupported() {
    breaks_and_heals(status(410), "unsupported").await;
}

#[tokio::test]
async fn a_refused_request_is_rejected() {
    breaks_and_heals(status(422), "rejected").await;
}

#[tokio::test]
async fn too_many_requests_are_rate_limited() {
    let retry_after = Some(30);
    breaks_and_heals(FaultKind::Status(StatusFault { retry_after, ..StatusFault::new(429) }), "rate_limited")
        .await;
}

#[tokio::test]
async fn an_internal_error_is_a_server_error() {
    breaks_and_heals(status(500), "server_error").await;
}

#[tokio::test]
async fn a_github_that_hangs_is_a_timeout() {
    breaks_and_heals(FaultKind::Hang, "timeout").await;
}

#[tokio::test]
async fn an_answer_that_comes_too_late_is_a_timeout() {
    breaks_and_heals(FaultKind::Delay(Duration::from_secs(60)), "timeout").await;
}

#[tokio::test]
async fn a_body_that_breaks_off_is_network() {
    breaks_and_heals(FaultKind::Cut, "network").await;
}

#[tokio::test]
async fn a_reset_connection_is_network() {
    breaks_and_heals(FaultKind::Reset, "network").await;
}

#[tokio::test]
async fn an_empty_answer_is_decode() {
    breaks_and_heals(FaultKind::Empty, "decode").await;
}

#[tokio::test]
async fn a_proxys_page_is_decode() {
    breaks_and_heals(FaultKind::Html, "decode").await;
}

#[tokio::test]
async fn a_github_that_is_killed_and_comes_back_is_network_and_heals() {
    let simulator = Simulator::start(small()).await.unwrap();
    let api = simulator.announcement().api;
    let clock = ManualClock::starting(NOON);
    let exporter = watch(&simulator, &clock, &[]).await;
    let good = exporter.until_by(0, "all sources up", |scrape| all_up(scrape, 2)).await;
    let scraper = Scraper::start(&exporter, &good.data());
    // A hanging question is in flight when it dies.
    simulator.set_faults(vec![Fault::new(FaultKind::Hang)]);
    clock.advance(3600);
    let patience = Patience::new();
    while !simulator.requests().iter().any(|request| request.if_none_match.is_some()) {
        patience.check("a question in flight");
        tokio::task::yield_now().await;
    }
    simulator.stop().await;
    exporter.until("network", |scrape| failing_with(scrape, "network")).await;
    assert!(scraper.end().await > 0);
    let listen = api.trim_start_matches("http://").parse().unwrap();
    let _again = Simulator::start(Options { listen, ..small() }).await.unwrap();
    let healed = exporter.until_by(10, "healed", |scrape| all_up(scrape, 2)).await;
    assert_eq!(healed.data(), good.data(), "the same day tells the same");
    exporter.stop().await;
}

#[tokio::test]
async fn a_cold_start_against_a_broken_github_has_no_figures_and_no_zeros_and_heals() {
    let simulator = Simulator::start(small()).await.unwrap();
    simulator.set_faults(vec![Fault::new(status(503))]);
    let exporter = watch(&simulator, &ManualClock::starting(NOON), &[]).await;
    let broken = exporter.until("server_error", |scrape| failing_with(scrape, "server_error")).await;
    assert_eq!(broken.data(), "");
    simulator.set_faults(Vec::new());
    exporter.until("healed", |scrape| all_up(scrape, 2)).await;
    exporter.stop().await;
}
