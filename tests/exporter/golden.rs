//! The two-day sample of GitHub's own page, from its bytes to the exposition.

use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{header, header_regex, method, path, query_param},
};

use crate::support::{Exporter, ManualClock, Scrape};

const SAMPLE: &str = include_str!("../data/usage-sample.json");

/// A GitHub that knows the organisation `octo` with one day-old sample, and one team without figures.
async fn github() -> MockServer {
    let server = MockServer::start().await;
    let json = |body: &str| ResponseTemplate::new(200).set_body_raw(body, "application/json; charset=utf-8");
    Mock::given(method("GET"))
        .and(path("/orgs/octo/copilot/usage"))
        .and(header("accept", "application/vnd.github+json"))
        .and(header("authorization", "Bearer ghp_golden"))
        .and(header("x-github-api-version", "2022-11-28"))
        .and(header_regex("user-agent", "^github-copilot-exporter/"))
        .and(query_param("per_page", "28"))
        .respond_with(json(SAMPLE))
        .mount(&server)
        .await;
    Mock::given(path("/orgs/octo/teams"))
        .respond_with(json(r#"[{"id":9,"slug":"platform"}]"#))
        .mount(&server)
        .await;
    Mock::given(path("/orgs/octo/team/platform/copilot/usage")).respond_with(json("[]")).mount(&server).await;
    server
}

async fn scrape() -> Scrape {
    let clock = ManualClock::starting("2023-10-17T08:00:00Z");
    let variables = [("GITHUB_TOKEN", "ghp_golden"), ("GITHUB_ORGS", "Octo")];
    // Held until the end: a server that is let go of answers to others.
    let github = github().await;
    let exporter = Exporter::start(&github.uri(), &clock, &variables).await;
    let tried = r#"github_copilot_exporter_targets{enterprise="",org="octo",source="teams",state="no_data"}"#;
    let scrape = exporter.until_by(0, "the team is asked", |scrape| scrape.get(tried) == Some(1.0)).await;
    exporter.stop().await;
    scrape
}

#[tokio::test]
async fn the_sample_gives_what_one_would_write_by_hand() {
    let scrape = scrape().await;
    let scope = r#"enterprise="",org="octo",team="""#;
    let row = |language, editor| format!(r#"{{{scope},language="{language}",editor="{editor}"}}"#);
    let by_hand = [
        (format!("github_copilot_suggestions{}", row("python", "vscode")), 300.0),
        (format!("github_copilot_suggestions{}", row("python", "jetbrains")), 300.0),
        (format!("github_copilot_suggestions{}", row("ruby", "vscode")), 200.0),
        (format!("github_copilot_acceptances{}", row("python", "vscode")), 200.0),
        (format!("github_copilot_lines_suggested{}", row("python", "vscode")), 600.0),
        (format!("github_copilot_lines_accepted{}", row("python", "jetbrains")), 250.0),
        (format!("github_copilot_active_users{}", row("python", "jetbrains")), 6.0),
        (format!("github_copilot_total_acceptances{{{scope}}}"), 600.0),
        (format!("github_copilot_total_chat_turns{{{scope}}}"), 426.0),
        (format!("github_copilot_total_chat_acceptances{{{scope}}}"), 57.0),
        (format!("github_copilot_total_active_chat_users{{{scope}}}"), 8.0),
        (format!("github_copilot_day_timestamp_seconds{{{scope}}}"), 1_697_414_400.0),
        (format!(r#"github_copilot_daily_acceptances{{{scope},day="2023-10-15"}}"#), 800.0),
        (format!(r#"github_copilot_daily_acceptances{{{scope},day="2023-10-16"}}"#), 600.0),
        (format!(r#"github_copilot_daily_active_users{{{scope},day="2023-10-15"}}"#), 10.0),
    ];
    for (series, expected) in by_hand {
        assert_eq!(scrape.get(&series), Some(expected), "{series}");
    }
    assert_eq!(
        scrape.sum("github_copilot_acceptances", &[]),
        500.0,
        "rows and total differ, and both are GitHub's"
    );
}

#[tokio::test]
async fn the_exposition_of_the_sample_is_the_golden_one() {
    let scrape = scrape().await;
    // What differs from run to run, or from machine to machine, is blotted out.
    let lines = scrape.text.lines().filter(|line| !line.contains("process_")).map(|line| {
        let blot = |prefix: &str| line.starts_with(prefix).then(|| format!("{prefix}…"));
        blot("github_copilot_exporter_build_info{")
            .or_else(|| blot("github_copilot_exporter_http_requests_total{path=\"/metrics\",code=\"200\"} "))
            .unwrap_or_else(|| line.to_owned())
    });
    insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"));
}
