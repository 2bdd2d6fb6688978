//! The live interface: the exporter reads the figures of owners from reports, and the signed links are nobody's business.

use chrono::Days;
use github_copilot_exporter::simulator::{Api, Fault, FaultKind, NotReady, Options, Simulator};
use serde_json::json;
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{any, path, query_param},
};

use crate::{
    commands::everything_shown,
    company::{NOON, all_up, noon, options, watch},
    support::{Exporter, ManualClock, Scrape},
};

const REPORTS: (&str, &str) = ("GITHUB_COPILOT_API", "reports");

/// A company whose GitHub has closed the usage API.
fn live() -> Options {
    Options { api: Api::Reports, ..options() }
}

fn up(scrape: &Scrape) -> f64 {
    scrape.sum("github_copilot_exporter_source_up", &[r#"source="activity""#])
}

#[tokio::test]
async fn whatever_is_not_ready_is_waited_for_and_is_no_failure() {
    let all = [NotReady::NoContent, NotReady::NoLinks, NotReady::Text];
    for not_ready in all {
        let simulator = Simulator::start(live()).await.unwrap();
        simulator.set_faults(vec![Fault::new(FaultKind::NotReady(not_ready))]);
        let exporter = watch(&simulator, &ManualClock::starting(NOON), &[REPORTS]).await;
        let waiting = |scrape: &Scrape| scrape.sum("github_copilot_exporter_source_waiting", &[]) == 6.0;
        let what = format!("all sources waiting: {not_ready:?}");
        let scrape = exporter.until_by(0, &what, waiting).await;
        assert!(all_up(&scrape, 3), "{not_ready:?}");
        assert_eq!(scrape.data(), "");
        simulator.set_faults(Vec::new());
        exporter.clock.advance(3600);
        exporter
            .until("the figures", |scrape| scrape.of("github_copilot_total_suggestions", &[]).count() == 3)
            .await;
        exporter.stop().await;
    }
}

#[tokio::test]
async fn teams_wait_for_the_people_before_anything_of_them_is_read() {
    let simulator = Simulator::start(live()).await.unwrap();
    let not_ready = Fault::new(FaultKind::NotReady(NotReady::NoContent));
    simulator.set_faults(vec![Fault { path: "*/users-*".into(), ..not_ready }]);
    let exporter = watch(&simulator, &ManualClock::starting(NOON), &[REPORTS]).await;
    let waiting = |scrape: &Scrape| scrape.sum("github_copilot_exporter_source_waiting", &[]) == 6.0;
    let scrape = exporter.until_by(0, "all sources waiting", waiting).await;
    assert!(all_up(&scrape, 3));
    exporter.stop().await;
}

#[tokio::test]
async fn a_policy_that_is_off_and_a_latest_that_fails_have_their_own_words() {
    for (kind, word) in [
        (FaultKind::PolicyOff, "policy_disabled"),
        (FaultKind::NotReady(NotReady::NotFound), "not_found"),
        (FaultKind::NotReady(NotReady::BadGateway), "server_error"),
    ] {
        let simulator = Simulator::start(live()).await.unwrap();
        simulator.set_faults(vec![Fault::new(kind)]);
        let exporter = watch(&simulator, &ManualClock::starting(NOON), &[REPORTS]).await;
        let reason = format!(r#"reason="{word}""#);
        let failed =
            |scrape: &Scrape| scrape.sum("github_copilot_exporter_source_failures_total", &[&*reason]) >= 3.0;
        let scrape = exporter.until(word, failed).await;
        assert_eq!(up(&scrape), 0.0);
        exporter.stop().await;
    }
}

#[tokio::test]
async fn a_link_that_has_expired_is_asked_for_anew() {
    let simulator = Simulator::start(live()).await.unwrap();
    simulator.set_faults(vec![Fault { first: Some(1), ..Fault::new(FaultKind::Expired) }]);
    let exporter = watch(&simulator, &ManualClock::starting(NOON), &[REPORTS]).await;
    let scrape = exporter.until_by(0, "all owners up", |scrape| up(scrape) == 3.0).await;
    assert_eq!(scrape.sum("github_copilot_exporter_source_failures_total", &[]), 0.0);
    exporter.stop().await;
}

#[tokio::test]
async fn a_file_that_breaks_off_leaves_the_last_good_figures_up() {
    let simulator = Simulator::start(live()).await.unwrap();
    let exporter = watch(&simulator, &ManualClock::starting(NOON), &[REPORTS]).await;
    let good = exporter.until_by(0, "all owners up", |scrape| up(scrape) == 3.0).await;
    simulator.set_now(noon() + Days::new(1));
    let cut = Fault { path: "/files/*".into(), ..Fault::new(FaultKind::Cut) };
    simulator.set_faults(vec![cut]);
    exporter.clock.advance(3600);
    let broken = exporter.until("the failures", |scrape| up(scrape) == 0.0).await;
    assert_eq!(broken.data(), good.data());
    simulator.set_faults(Vec::new());
    simulator.set_now(noon() + Days::new(1));
    let healed = exporter.until("all owners up again", |scrape| up(scrape) == 3.0).await;
    assert_ne!(healed.data(), good.data());
    exporter.stop().await;
}

#[tokio::test]
async fn a_link_to_a_host_that_is_not_allowed_is_not_followed() {
    let github = MockServer::start().await;
    let links =
        json!({"download_links": ["https://evil.example/a.json?sig=SECRET"], "report_day": "2026-11-17"});
    Mock::given(any()).respond_with(ResponseTemplate::new(200).set_body_json(links)).mount(&github).await;
    let variables = [("GITHUB_TOKEN", "ghp_t"), ("GITHUB_ORGS", "octo"), REPORTS];
    let exporter = Exporter::start(&github.uri(), &ManualClock::starting(NOON), &variables).await;
    let rejected = |scrape: &Scrape| {
        scrape.sum("github_copilot_exporter_source_failures_total", &[r#"reason="rejected""#]) > 0.0
    };
    exporter.until_by(0, "the refusal", rejected).await;
    let page = exporter.page().await;
    assert!(page.contains("evil.example") && page.contains("GITHUB_DOWNLOAD_HOSTS"), "{page}");
    assert!(!page.contains("SECRET"));
    assert_eq!(github.received_requests().await.unwrap().len(), 1, "another signature would not help");
    exporter.stop().await;
}

/// A GitHub whose report of the latest days is one file at this address; nothing else is ready.
async fn github_with_file_at(link: &str) -> MockServer {
    let github = MockServer::start().await;
    let links = json!({"download_links": [link]});
    Mock::given(path("/orgs/octo/copilot/metrics/reports/organization-28-day/latest"))
        .respond_with(ResponseTemplate::new(200).set_body_json(links))
        .mount(&github)
        .await;
    Mock::given(any()).respond_with(ResponseTemplate::new(204)).with_priority(9).mount(&github).await;
    github
}

#[tokio::test]
async fn a_file_that_has_moved_is_followed_to_allowed_hosts_only_and_without_the_token() {
    let (files, other) = (MockServer::start().await, MockServer::start().await);
    let day = json!({"day_totals": [{"day": "2026-11-17", "daily_active_users": 3}]});
    let whole = ResponseTemplate::new(200).set_body_json(day);
    Mock::given(any()).respond_with(whole).mount(&other).await;
    let variables = [("GITHUB_TOKEN", "ghp_t"), ("GITHUB_ORGS", "octo"), REPORTS];
    for (target, followed) in
        [(format!("{}/b?sig=SECRET", other.uri()), true), ("https://evil.example/b?sig=SECRET".into(), false)]
    {
        files.reset().await;
        let moved = ResponseTemplate::new(302).insert_header("location", &*target);
        Mock::given(any()).respond_with(moved).mount(&files).await;
        let github = github_with_file_at(&format!("{}/a?sig=SECRET", files.uri())).await;
        let exporter = Exporter::start(&github.uri(), &ManualClock::starting(NOON), &variables).await;
        let tried = |scrape: &Scrape| scrape.text.contains("source_up{");
        let scrape = exporter.until_by(0, "a first attempt", tried).await;
        assert_eq!(up(&scrape) == 1.0, followed, "{target}");
        let failures = scrape.sum("github_copilot_exporter_source_failures_total", &[r#"reason="rejected""#]);
        assert_eq!(failures == 0.0, followed, "{target}");
        assert!(!exporter.page().await.contains("SECRET"));
        exporter.stop().await;
    }
    for request in
        [files.received_requests().await, other.received_requests().await].into_iter().flatten().flatten()
    {
        assert!(!request.headers.contains_key("authorization"), "{request:?}");
        assert!(
            !request.headers.contains_key("referer"),
            "a signed link is told to another host: {request:?}"
        );
    }
}

#[tokio::test]
async fn a_report_that_is_refused_itself_is_asked_for_once() {
    let github = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(422)).mount(&github).await;
    let variables = [("GITHUB_TOKEN", "ghp_t"), ("GITHUB_ORGS", "octo"), REPORTS];
    let exporter = Exporter::start(&github.uri(), &ManualClock::starting(NOON), &variables).await;
    exporter.until_by(0, "the refusal", |scrape| scrape.text.contains("source_up{")).await;
    assert_eq!(github.received_requests().await.unwrap().len(), 1);
    exporter.stop().await;
}

#[tokio::test]
async fn several_files_are_read_together_or_not_at_all() {
    let github = MockServer::start().await;
    let link = |name: &str| format!("{}/{name}?sig=x", github.uri());
    let links = json!({"download_links": [link("one"), link("two")]});
    Mock::given(path("/orgs/octo/copilot/metrics/reports/organization-28-day/latest"))
        .respond_with(ResponseTemplate::new(200).set_body_json(links))
        .mount(&github)
        .await;
    let day = |day: &str, users: u32| json!({"day": day, "daily_active_users": users});
    let month = json!({"day_totals": [day("2026-11-16", 3)], "created_at": "2026-11-19T04:10:00.000Z"});
    Mock::given(path("/one"))
        .respond_with(ResponseTemplate::new(200).set_body_json(month))
        .mount(&github)
        .await;
    Mock::given(path("/two"))
        .respond_with(ResponseTemplate::new(500))
        .up_to_n_times(1)
        .with_priority(1)
        .mount(&github)
        .await;
    Mock::given(path("/two"))
        .respond_with(ResponseTemplate::new(200).set_body_json(day("2026-11-17", 4)))
        .mount(&github)
        .await;
    // People's own records are not ready, which is no failure.
    Mock::given(any()).respond_with(ResponseTemplate::new(204)).with_priority(9).mount(&github).await;
    let variables = [("GITHUB_TOKEN", "ghp_t"), ("GITHUB_ORGS", "octo"), REPORTS];
    let exporter = Exporter::start(&github.uri(), &ManualClock::starting(NOON), &variables).await;
    let half = exporter.until_by(0, "the first attempt", |scrape| scrape.text.contains("source_up{")).await;
    assert_eq!((up(&half), &*half.data()), (0.0, ""), "half a report is none");
    let whole = exporter.until("the whole report", |scrape| up(scrape) == 1.0).await;
    let daily = |day: &str| {
        format!(r#"github_copilot_daily_active_users{{enterprise="",org="octo",team="",day="{day}"}}"#)
    };
    assert_eq!((whole.get(&daily("2026-11-16")), whole.get(&daily("2026-11-17"))), (Some(3.0), Some(4.0)));
    exporter.stop().await;
}

#[tokio::test]
async fn links_that_differ_in_their_query_only_are_files_of_their_own() {
    let github = MockServer::start().await;
    let link = |part: &str| format!("{}/file?part={part}&sig=x", github.uri());
    let links = json!({"download_links": [link("1"), link("2")]});
    Mock::given(path("/orgs/octo/copilot/metrics/reports/organization-28-day/latest"))
        .respond_with(ResponseTemplate::new(200).set_body_json(links))
        .mount(&github)
        .await;
    for (part, day) in [("1", "2026-11-16"), ("2", "2026-11-17")] {
        let day = json!({"day": day, "daily_active_users": 3});
        let file = Mock::given(path("/file")).and(query_param("part", part));
        file.respond_with(ResponseTemplate::new(200).set_body_json(day)).mount(&github).await;
    }
    let variables = [("GITHUB_TOKEN", "ghp_t"), ("GITHUB_ORGS", "octo"), REPORTS];
    let exporter = Exporter::start(&github.uri(), &ManualClock::starting(NOON), &variables).await;
    let scrape = exporter.until_by(0, "a first attempt", |scrape| scrape.text.contains("source_up{")).await;
    assert_eq!(scrape.of("github_copilot_daily_active_users", &[]).count(), 2);
    exporter.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_signature_stands_in_any_log_line_metric_or_page() {
    // The program goes by the machine's clock.
    let simulator = Simulator::start(Options { orgs: 1, now: None, ..live() }).await.unwrap();
    simulator.set_faults(vec![Fault { first: Some(4), ..Fault::new(FaultKind::Expired) }]);
    let token = simulator.announcement().token;
    let shown = everything_shown(&simulator, &[REPORTS], "rejected", 4).await;
    assert!(shown[0].contains("/files/"), "{}", shown[0]);
    for text in &shown {
        assert!(!text.contains("sig=") && !text.contains(&token), "{text}");
    }
}
