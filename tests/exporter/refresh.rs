//! What is asked when, and what stays through failures: the exporter against a GitHub written by hand.

use github_copilot_exporter::clock::Clock;
use serde_json::json;
use wiremock::{
    Mock, MockServer, Request, ResponseTemplate,
    matchers::{any, path, path_regex},
};

use crate::support::{Exporter, ManualClock, Scrape};

const TOKEN: (&str, &str) = ("GITHUB_TOKEN", "ghp_t");
const OCTO: (&str, &str) = ("GITHUB_ORGS", "octo");

/// One day with this many suggestions.
fn day(suggestions: i64) -> serde_json::Value {
    json!([{"day": "2026-11-20", "total_suggestions_count": suggestions, "breakdown": []}])
}

fn ok(body: impl serde::Serialize) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(body)
}

fn noon() -> std::sync::Arc<ManualClock> {
    ManualClock::starting("2026-11-22T12:00:00Z")
}

fn up(source: &str) -> String {
    format!(r#"github_copilot_exporter_source_up{{enterprise="",org="octo",source="{source}"}}"#)
}

fn failures(source: &str, reason: &str) -> String {
    format!(
        r#"github_copilot_exporter_source_failures_total{{enterprise="",org="octo",source="{source}",reason="{reason}"}}"#
    )
}

fn suggestions(team: &str) -> String {
    format!(r#"github_copilot_total_suggestions{{enterprise="",org="octo",team="{team}"}}"#)
}

/// GitHub with the organisation `octo` and these teams, each with as many suggestions as its id.
async fn github(teams: &[(u64, &str)]) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(path("/orgs/octo/copilot/usage")).respond_with(ok(day(1000))).mount(&server).await;
    let list: Vec<_> = teams.iter().map(|(id, slug)| json!({"id": id, "slug": slug})).collect();
    Mock::given(path("/orgs/octo/teams")).respond_with(ok(list)).mount(&server).await;
    for (id, slug) in teams {
        let place = format!("/orgs/octo/team/{slug}/copilot/usage");
        Mock::given(path(place)).respond_with(ok(day(i64::try_from(*id).unwrap()))).mount(&server).await;
    }
    server
}

async fn paths(server: &MockServer) -> Vec<String> {
    let requests: Vec<Request> = server.received_requests().await.unwrap();
    requests.iter().map(|request| request.url.path().to_owned()).collect()
}

fn both_up(scrape: &Scrape) -> bool {
    scrape.get(&up("activity")) == Some(1.0) && scrape.get(&up("teams")) == Some(1.0)
}

#[tokio::test]
async fn the_owner_its_team_list_and_every_watched_team_are_asked_once_a_cycle() {
    let github = github(&[(1, "core"), (2, "web"), (3, "old")]).await;
    let teams = ("GITHUB_TEAMS", "!old");
    let exporter = Exporter::start(&github.uri(), &noon(), &[TOKEN, OCTO, teams]).await;
    let scrape = exporter.until_by(0, "both sources up", both_up).await;
    assert_eq!(scrape.get(&suggestions("")), Some(1000.0));
    assert_eq!(scrape.get(&suggestions("core")), Some(1.0));
    assert_eq!(scrape.get(&suggestions("web")), Some(2.0));
    assert_eq!(scrape.get(&suggestions("old")), None);
    let mut asked = paths(&github).await;
    asked.sort();
    let cycle = [
        "/orgs/octo/copilot/usage",
        "/orgs/octo/team/core/copilot/usage",
        "/orgs/octo/team/web/copilot/usage",
        "/orgs/octo/teams",
    ];
    assert_eq!(asked, cycle);
    // Scrapes ask nothing, and nothing is asked before the interval is over.
    exporter.clock.advance(3200);
    for _ in 0..20 {
        exporter.scrape().await;
    }
    assert_eq!(paths(&github).await.len(), cycle.len());
    exporter.clock.advance(400);
    let second = |scrape: &Scrape| scrape.sum("github_copilot_exporter_github_requests_total", &[]) >= 8.0;
    exporter.until("the second cycle", second).await;
    assert_eq!(paths(&github).await.len(), 2 * cycle.len());
    exporter.stop().await;
}

#[tokio::test]
async fn sources_that_are_not_wanted_are_not_asked_and_leave_no_series() {
    let github = github(&[(1, "core")]).await;
    let exporter =
        Exporter::start(&github.uri(), &noon(), &[TOKEN, OCTO, ("EXPORTER_SOURCES", "activity")]).await;
    let scrape =
        exporter.until_by(0, "activity is up", |scrape| scrape.get(&up("activity")) == Some(1.0)).await;
    assert_eq!(paths(&github).await, ["/orgs/octo/copilot/usage"]);
    assert!(!scrape.text.contains(r#"source="teams""#));
    exporter.stop().await;

    let exporter =
        Exporter::start(&github.uri(), &noon(), &[TOKEN, OCTO, ("EXPORTER_SOURCES", "teams")]).await;
    let scrape = exporter.until_by(0, "teams are up", |scrape| scrape.get(&up("teams")) == Some(1.0)).await;
    assert_eq!(scrape.get(&suggestions("core")), Some(1.0), "teams have a day without their owner's");
    assert_eq!(scrape.get(&suggestions("")), None);
    exporter.stop().await;

    let before = paths(&github).await.len();
    let exporter = Exporter::start(&github.uri(), &noon(), &[TOKEN, OCTO, ("GITHUB_TEAMS", "none")]).await;
    exporter.until_by(0, "both sources up", both_up).await;
    assert_eq!(paths(&github).await.len(), before + 1, "no teams, no team list");
    exporter.stop().await;
}

#[tokio::test]
async fn a_small_team_is_neither_zero_nor_an_error() {
    let github = MockServer::start().await;
    Mock::given(path("/orgs/octo/team/tiny/copilot/usage"))
        .respond_with(ok(json!([])))
        .with_priority(1)
        .mount(&github)
        .await;
    Mock::given(path("/orgs/octo/teams"))
        .respond_with(ok(json!([{"id": 7, "slug": "tiny"}])))
        .mount(&github)
        .await;
    Mock::given(any()).respond_with(ok(day(1000))).mount(&github).await;
    let exporter = Exporter::start(&github.uri(), &noon(), &[TOKEN, OCTO]).await;
    let scrape = exporter.until_by(0, "both sources up", both_up).await;
    assert!(!scrape.data().contains("tiny"), "{}", scrape.data());
    let no_data =
        r#"github_copilot_exporter_targets{enterprise="",org="octo",source="teams",state="no_data"}"#;
    assert_eq!(scrape.get(no_data), Some(1.0));
    assert_eq!(scrape.sum("github_copilot_exporter_source_failures_total", &[]), 0.0);
    exporter.stop().await;
}

#[tokio::test]
async fn a_failing_team_is_asked_again_by_back_off_alone_and_the_others_keep_their_values() {
    let github = MockServer::start().await;
    let broken =
        Mock::given(path("/orgs/octo/team/web/copilot/usage")).respond_with(ResponseTemplate::new(502));
    broken.up_to_n_times(2).with_priority(1).mount(&github).await;
    Mock::given(path("/orgs/octo/teams"))
        .respond_with(ok(json!([{"id": 1, "slug": "core"}, {"id": 2, "slug": "web"}])))
        .mount(&github)
        .await;
    Mock::given(any()).respond_with(ok(day(5))).mount(&github).await;
    let exporter = Exporter::start(&github.uri(), &noon(), &[TOKEN, OCTO]).await;
    let failing = exporter.until_by(0, "teams fail", |scrape| scrape.get(&up("teams")) == Some(0.0)).await;
    assert_eq!(failing.get(&failures("teams", "server_error")), Some(1.0));
    assert_eq!(failing.get(&suggestions("core")), Some(5.0));
    assert_eq!(failing.get(&suggestions("web")), None);
    let failing_targets =
        r#"github_copilot_exporter_targets{enterprise="",org="octo",source="teams",state="failing"}"#;
    assert_eq!(failing.get(failing_targets), Some(1.0));
    let healed = exporter.until("teams are up", both_up).await;
    assert_eq!(healed.get(&suggestions("web")), Some(5.0));
    assert_eq!(healed.get(&failures("teams", "server_error")), Some(2.0));
    let asked = paths(&github).await;
    let times = |path: &str| asked.iter().filter(|asked| *asked == path).count();
    assert_eq!(times("/orgs/octo/team/web/copilot/usage"), 3);
    assert_eq!(
        times("/orgs/octo/team/core/copilot/usage"),
        1,
        "what was read is not asked for again in this cycle"
    );
    assert_eq!(times("/orgs/octo/teams"), 1);
    exporter.stop().await;
}

#[tokio::test]
async fn a_failing_team_list_removes_no_team_and_a_complete_one_does() {
    let github = MockServer::start().await;
    let list = |slugs: &[&str]| {
        let teams: Vec<_> = slugs.iter().map(|slug| json!({"id": slug.len(), "slug": slug})).collect();
        Mock::given(path("/orgs/octo/teams")).respond_with(ok(teams))
    };
    let forbidden =
        Mock::given(path("/orgs/octo/teams")).respond_with(ResponseTemplate::new(403)).with_priority(2);
    list(&["red", "blue"]).up_to_n_times(1).with_priority(1).mount(&github).await;
    let refusing = forbidden.mount_as_scoped(&github).await;
    list(&["red"]).with_priority(3).mount(&github).await;
    Mock::given(path_regex("usage$")).respond_with(ok(day(5))).mount(&github).await;
    let exporter = Exporter::start(&github.uri(), &noon(), &[TOKEN, OCTO]).await;
    exporter.until_by(0, "both sources up", both_up).await;
    exporter.clock.advance(3600);
    let failing = exporter.until("the list fails", |scrape| scrape.get(&up("teams")) == Some(0.0)).await;
    assert!(failing.get(&failures("teams", "forbidden")) > Some(0.0));
    assert_eq!(failing.get(&suggestions("blue")), Some(5.0));
    drop(refusing);
    let healed = exporter.until("the list is back", both_up).await;
    assert_eq!(healed.get(&suggestions("red")), Some(5.0));
    assert!(!healed.text.contains(r#"team="blue""#), "gone from the list, gone from the page");
    exporter.stop().await;
}

#[tokio::test]
async fn a_limit_answer_ends_the_round_and_nothing_is_asked_before_its_time() {
    let github = MockServer::start().await;
    let limited = ResponseTemplate::new(403).insert_header("retry-after", "300");
    let limit = Mock::given(path_regex("team/.*usage$")).respond_with(limited);
    limit.up_to_n_times(1).with_priority(1).mount(&github).await;
    let teams: Vec<_> = (1..=9).map(|id| json!({"id": id, "slug": format!("t{id}")})).collect();
    Mock::given(path("/orgs/octo/teams")).respond_with(ok(teams)).mount(&github).await;
    Mock::given(any()).respond_with(ok(day(5))).mount(&github).await;
    let exporter = Exporter::start(&github.uri(), &noon(), &[TOKEN, OCTO]).await;
    let failing = exporter.until_by(0, "teams fail", |scrape| scrape.get(&up("teams")) == Some(0.0)).await;
    assert_eq!(failing.get(&failures("teams", "rate_limited")), Some(1.0));
    let asked = paths(&github).await.len();
    assert_eq!(asked, 3, "the owner, the list, one team");
    exporter.clock.advance(290);
    for _ in 0..20 {
        exporter.scrape().await;
    }
    assert_eq!(paths(&github).await.len(), asked);
    let waiting = exporter.scrape().await;
    assert_eq!(waiting.get(&failures("teams", "rate_limited")), Some(1.0), "nor is it tried in vain");
    let healed = exporter.until("teams are up", both_up).await;
    assert_eq!(healed.of("github_copilot_total_suggestions", &[r#"team="t"#]).count(), 9);
    exporter.stop().await;
}

#[tokio::test]
async fn a_dead_github_is_not_asked_for_every_team() {
    let github = MockServer::start().await;
    let teams: Vec<_> = (1..=50).map(|id| json!({"id": id, "slug": format!("t{id}")})).collect();
    Mock::given(path("/orgs/octo/teams")).respond_with(ok(teams)).mount(&github).await;
    Mock::given(any()).respond_with(ResponseTemplate::new(503)).mount(&github).await;
    let exporter = Exporter::start(&github.uri(), &noon(), &[TOKEN, OCTO]).await;
    exporter.until_by(0, "teams fail", |scrape| scrape.get(&up("teams")) == Some(0.0)).await;
    assert_eq!(paths(&github).await.len(), 1 + 1 + 3, "owner, list, and three teams in vain");
    exporter.stop().await;
}

#[tokio::test]
async fn teams_that_may_not_be_read_do_not_keep_the_others_from_being_asked() {
    let github = MockServer::start().await;
    let teams: Vec<_> = (1..=9).map(|id| json!({"id": id, "slug": format!("t{id}")})).collect();
    Mock::given(path("/orgs/octo/teams")).respond_with(ok(teams)).mount(&github).await;
    Mock::given(path_regex("team/t[1-8]/")).respond_with(ResponseTemplate::new(404)).mount(&github).await;
    Mock::given(any()).respond_with(ok(day(5))).mount(&github).await;
    let exporter = Exporter::start(&github.uri(), &noon(), &[TOKEN, OCTO]).await;
    let scrape = exporter.until_by(0, "teams fail", |scrape| scrape.get(&up("teams")) == Some(0.0)).await;
    assert_eq!(scrape.get(&suggestions("t9")), Some(5.0));
    assert_eq!(scrape.get(&failures("teams", "not_found")), Some(8.0));
    exporter.stop().await;
}

#[tokio::test]
async fn an_owner_without_any_figures_is_waiting_and_not_failing() {
    for nothing in
        [ok(json!([])), ok(json!([{"day": "2026-11-20", "breakdown": null}])), ResponseTemplate::new(204)]
    {
        let github = MockServer::start().await;
        Mock::given(any()).respond_with(nothing).mount(&github).await;
        let variables = [TOKEN, OCTO, ("EXPORTER_SOURCES", "activity")];
        let exporter = Exporter::start(&github.uri(), &noon(), &variables).await;
        let scrape =
            exporter.until_by(0, "activity is tried", |scrape| scrape.get(&up("activity")).is_some()).await;
        assert_eq!(scrape.get(&up("activity")), Some(1.0));
        let waiting = r#"github_copilot_exporter_source_waiting{enterprise="",org="octo",source="activity"}"#;
        assert_eq!(scrape.get(waiting), Some(1.0));
        assert_eq!(scrape.data(), "");
        exporter.stop().await;
    }
}

#[tokio::test]
async fn a_token_file_that_is_mended_heals_the_source_without_a_restart() {
    let github = MockServer::start().await;
    let good = Mock::given(wiremock::matchers::header("authorization", "Bearer new"));
    good.respond_with(ok(day(5))).with_priority(1).mount(&github).await;
    Mock::given(any()).respond_with(ResponseTemplate::new(401)).mount(&github).await;
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("token");
    let variables = [("GITHUB_TOKEN_FILE", file.to_str().unwrap()), OCTO, ("EXPORTER_SOURCES", "activity")];
    let exporter = Exporter::start(&github.uri(), &noon(), &variables).await;
    let missing =
        exporter.until_by(0, "no credential", |scrape| scrape.get(&up("activity")) == Some(0.0)).await;
    assert_eq!(missing.get(&failures("activity", "credential")), Some(1.0));
    assert!(paths(&github).await.is_empty(), "without a token nothing is asked");
    std::fs::write(&file, "old\n").unwrap();
    exporter.until("refused", |scrape| scrape.get(&failures("activity", "unauthorized")) > Some(0.0)).await;
    std::fs::write(&file, "new\n").unwrap();
    let healed = exporter.until("healed", |scrape| scrape.get(&up("activity")) == Some(1.0)).await;
    assert_eq!(healed.get(&suggestions("")), Some(5.0));
    exporter.stop().await;
}

/// Which of these teams GitHub was asked for, in order.
async fn teams_asked(server: &MockServer) -> Vec<String> {
    let of_team = |path: &String| Some(path.strip_prefix("/orgs/octo/team/")?.split('/').next()?.to_owned());
    paths(server).await.iter().filter_map(of_team).collect()
}

#[tokio::test]
async fn a_renamed_team_is_asked_at_its_new_address_and_keeps_its_history() {
    let github = MockServer::start().await;
    let list =
        |slug: &str| Mock::given(path("/orgs/octo/teams")).respond_with(ok(json!([{"id": 7, "slug": slug}])));
    list("Red").up_to_n_times(1).with_priority(1).mount(&github).await;
    list("crimson").mount(&github).await;
    Mock::given(path("/orgs/octo/team/crimson/copilot/usage"))
        .respond_with(ResponseTemplate::new(500))
        .mount(&github)
        .await;
    Mock::given(any()).respond_with(ok(day(5)).insert_header("etag", "W/\"x\"")).mount(&github).await;
    let exporter = Exporter::start(&github.uri(), &noon(), &[TOKEN, OCTO]).await;
    let red = exporter.until_by(0, "both sources up", both_up).await;
    assert_eq!(red.get(&suggestions("red")), Some(5.0), "slugs are lower case");
    exporter.clock.advance(3600);
    let failed = r#"github_copilot_exporter_source_failures_total{enterprise="",org="octo",source="teams",reason="server_error"}"#;
    let asked =
        |scrape: &Scrape| scrape.get(&suggestions("crimson")).is_some() && scrape.get(failed) > Some(0.0);
    let renamed = exporter.until("the new name, and its address asked", asked).await;
    assert_eq!(
        renamed.get(&suggestions("crimson")),
        Some(5.0),
        "its days stay, though the new address fails"
    );
    assert_eq!(renamed.get(&suggestions("red")), None);
    assert_eq!(teams_asked(&github).await[..2], ["red", "crimson"]);
    exporter.stop().await;
}

#[tokio::test]
async fn after_a_round_that_was_cut_short_those_that_were_not_asked_come_first() {
    let github = MockServer::start().await;
    let teams: Vec<_> = (1..=5).map(|id| json!({"id": id, "slug": format!("t{id}")})).collect();
    Mock::given(path("/orgs/octo/teams")).respond_with(ok(teams)).mount(&github).await;
    Mock::given(path_regex("team/t[1-3]/")).respond_with(ResponseTemplate::new(500)).mount(&github).await;
    Mock::given(any()).respond_with(ok(day(5))).mount(&github).await;
    let exporter = Exporter::start(&github.uri(), &noon(), &[TOKEN, OCTO]).await;
    let scrape = exporter.until("the others", |scrape| scrape.get(&suggestions("t5")).is_some()).await;
    assert_eq!(scrape.get(&suggestions("t4")), Some(5.0));
    assert_eq!(teams_asked(&github).await[..5], ["t1", "t2", "t3", "t4", "t5"]);
    exporter.stop().await;
}

#[tokio::test]
async fn everything_is_read_whole_once_a_day() {
    let github = MockServer::start().await;
    let unchanged = Mock::given(wiremock::matchers::header_exists("if-none-match"));
    unchanged.respond_with(ResponseTemplate::new(304)).with_priority(1).mount(&github).await;
    Mock::given(any()).respond_with(ok(day(5)).insert_header("etag", "W/\"x\"")).mount(&github).await;
    let variables = [TOKEN, OCTO, ("EXPORTER_SOURCES", "activity"), ("EXPORTER_REFRESH_INTERVAL", "10h")];
    let exporter = Exporter::start(&github.uri(), &noon(), &variables).await;
    let answers = |scrape: &Scrape| {
        let of = |code| scrape.sum("github_copilot_exporter_github_requests_total", &[code]);
        (of(r#"code="200""#), of(r#"code="304""#))
    };
    for expected in [(1.0, 0.0), (1.0, 1.0), (1.0, 2.0), (2.0, 2.0), (2.0, 3.0)] {
        exporter.until(&format!("{expected:?}"), |scrape| answers(scrape) == expected).await;
        exporter.clock.advance(10 * 3600);
    }
    exporter.stop().await;
}

#[tokio::test]
async fn a_changed_token_file_is_tried_at_once_however_long_the_back_off_is() {
    let github = MockServer::start().await;
    let good = Mock::given(wiremock::matchers::header("authorization", "Bearer new"));
    good.respond_with(ok(day(5))).with_priority(1).mount(&github).await;
    Mock::given(any()).respond_with(ResponseTemplate::new(401)).mount(&github).await;
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("token");
    std::fs::write(&file, "old").unwrap();
    let variables = [("GITHUB_TOKEN_FILE", file.to_str().unwrap()), OCTO, ("EXPORTER_SOURCES", "activity")];
    let exporter = Exporter::start(&github.uri(), &noon(), &variables).await;
    let refused = |scrape: &Scrape| scrape.get(&failures("activity", "unauthorized")) >= Some(8.0);
    exporter.until_by(5, "eight refusals, so that the next try is an hour away", refused).await;
    let asked = paths(&github).await.len();
    for _ in 0..20 {
        exporter.clock.advance(5);
        exporter.scrape().await;
    }
    assert_eq!(paths(&github).await.len(), asked, "the same token is not tried again");
    std::fs::write(&file, "new").unwrap();
    let mended = exporter.clock.now();
    exporter.until("healed", |scrape| scrape.get(&up("activity")) == Some(1.0)).await;
    assert!((exporter.clock.now() - mended).num_seconds() < 60);
    exporter.stop().await;
}

#[tokio::test]
async fn what_could_not_be_read_for_28_days_is_dropped_at_last() {
    let github = MockServer::start().await;
    Mock::given(any()).respond_with(ok(day(5))).up_to_n_times(1).with_priority(1).mount(&github).await;
    Mock::given(any()).respond_with(ResponseTemplate::new(503)).mount(&github).await;
    let variables = [TOKEN, OCTO, ("EXPORTER_SOURCES", "activity"), ("EXPORTER_REFRESH_INTERVAL", "24h")];
    let exporter = Exporter::start(&github.uri(), &noon(), &variables).await;
    exporter.until_by(0, "activity is up", |scrape| scrape.get(&up("activity")) == Some(1.0)).await;
    for days in 1..=27 {
        exporter.clock.advance(24 * 3600);
        let failed =
            |scrape: &Scrape| scrape.get(&failures("activity", "server_error")) >= Some(f64::from(days));
        let scrape = exporter.until("another failure", failed).await;
        assert_eq!(scrape.get(&suggestions("")), Some(5.0), "day {days}");
    }
    exporter.clock.advance(2 * 24 * 3600);
    let dropped = exporter.until("the end of the data", |scrape| scrape.data().is_empty()).await;
    assert_eq!(dropped.get(&up("activity")), Some(0.0), "the failure stays visible");
    exporter.stop().await;
}

#[tokio::test]
async fn the_last_success_stays_where_it_was_while_the_source_fails() {
    let github = MockServer::start().await;
    Mock::given(any()).respond_with(ok(day(5))).up_to_n_times(1).with_priority(1).mount(&github).await;
    Mock::given(any()).respond_with(ResponseTemplate::new(503)).mount(&github).await;
    let exporter =
        Exporter::start(&github.uri(), &noon(), &[TOKEN, OCTO, ("EXPORTER_SOURCES", "activity")]).await;
    let success = r#"github_copilot_exporter_source_last_success_timestamp_seconds{enterprise="",org="octo",source="activity"}"#;
    let good =
        exporter.until_by(0, "activity is up", |scrape| scrape.get(&up("activity")) == Some(1.0)).await;
    assert_eq!(good.get(success), Some(1_795_348_800.0));
    exporter.clock.advance(3600);
    let failing = exporter.until("activity fails", |scrape| scrape.get(&up("activity")) == Some(0.0)).await;
    assert_eq!(failing.get(success), good.get(success));
    exporter.stop().await;
}

#[tokio::test]
async fn a_spent_limit_is_told_at_once_by_every_source_and_nothing_more_is_asked() {
    let github = MockServer::start().await;
    let last = ok(day(5))
        .insert_header("x-ratelimit-limit", "5000")
        .insert_header("x-ratelimit-remaining", "0")
        .insert_header("x-ratelimit-reset", "1795350600");
    Mock::given(any()).respond_with(last).up_to_n_times(1).with_priority(1).mount(&github).await;
    Mock::given(path("/orgs/octo/teams")).respond_with(ok(json!([]))).mount(&github).await;
    Mock::given(any()).respond_with(ok(day(6))).mount(&github).await;
    let variables = [TOKEN, ("GITHUB_ORGS", "octo,labs"), ("EXPORTER_SOURCES", "activity")];
    let exporter = Exporter::start(&github.uri(), &noon(), &variables).await;
    let limited = |scrape: &Scrape| {
        scrape.sum("github_copilot_exporter_source_failures_total", &[r#"reason="rate_limited""#])
    };
    let told = exporter.until_by(0, "the limit is told", |scrape| limited(scrape) > 0.0).await;
    assert_eq!(told.sum("github_copilot_exporter_source_up", &[]), 1.0);
    assert!(exporter.page().await.contains("rate_limited"));
    exporter.clock.advance(1700);
    let waiting = exporter.scrape().await;
    assert_eq!(paths(&github).await.len(), 1);
    assert_eq!(
        waiting.get(r#"github_copilot_exporter_github_rate_limit_remaining{credential="token"}"#),
        Some(0.0)
    );
    let healed = exporter
        .until("both are up", |scrape| scrape.sum("github_copilot_exporter_source_up", &[]) == 2.0)
        .await;
    assert_eq!(
        healed.get(r#"github_copilot_exporter_throttled_seconds_total{credential="token"}"#),
        Some(1800.0)
    );
    exporter.stop().await;
}

#[tokio::test]
async fn teams_that_take_long_do_not_hold_up_their_owners_figures() {
    let github = MockServer::start().await;
    Mock::given(path("/orgs/octo/teams"))
        .respond_with(ok(json!([{"id": 1, "slug": "slow"}])))
        .mount(&github)
        .await;
    let slow = ok(day(5)).set_delay(std::time::Duration::from_secs(3600));
    Mock::given(path("/orgs/octo/team/slow/copilot/usage")).respond_with(slow).mount(&github).await;
    Mock::given(any()).respond_with(ok(day(7))).mount(&github).await;
    let exporter = Exporter::start(&github.uri(), &noon(), &[TOKEN, OCTO, ("GITHUB_CONCURRENCY", "2")]).await;
    let asked = |scrape: &Scrape| {
        scrape.sum("github_copilot_exporter_github_requests_total", &["/copilot/usage", r#"code="200""#])
    };
    exporter.until("the owner", |scrape| scrape.get(&suggestions("")) == Some(7.0)).await;
    assert_eq!(exporter.get("/readyz").await.status(), 200);
    exporter.clock.advance(3600);
    exporter.until("the owner again", |scrape| asked(scrape) >= 2.0).await;
    exporter.stop().await;
}

#[tokio::test]
async fn with_more_concurrency_teams_are_asked_side_by_side() {
    let github = MockServer::start().await;
    let teams: Vec<_> = (1..=20).map(|id| json!({"id": id, "slug": format!("t{id}")})).collect();
    Mock::given(path("/orgs/octo/teams")).respond_with(ok(teams)).mount(&github).await;
    let slow = ok(day(5)).set_delay(std::time::Duration::from_secs(3600));
    Mock::given(path_regex("team/t[1-9]/")).respond_with(slow).mount(&github).await;
    Mock::given(any()).respond_with(ok(day(5))).mount(&github).await;
    let exporter =
        Exporter::start(&github.uri(), &noon(), &[TOKEN, OCTO, ("GITHUB_CONCURRENCY", "10")]).await;
    // Nine never come, and the tenth place is enough for the other eleven.
    let eleven =
        |scrape: &Scrape| scrape.of("github_copilot_total_suggestions", &[r#"team="t"#]).count() == 11;
    exporter.until("eleven teams", eleven).await;
    exporter.stop().await;
}

#[tokio::test]
async fn a_team_without_a_usable_slug_passes_for_nobody_else() {
    let github = MockServer::start().await;
    let list = json!([{"id": 1, "slug": ""}, {"id": 2, "slug": ".."}, {"id": 3, "slug": "red"}, {"id": 4, "slug": "RED"}]);
    Mock::given(path("/orgs/octo/teams")).respond_with(ok(list)).mount(&github).await;
    Mock::given(any()).respond_with(ok(day(5))).mount(&github).await;
    let exporter = Exporter::start(&github.uri(), &noon(), &[TOKEN, OCTO]).await;
    let scrape = exporter.until_by(0, "both sources up", both_up).await;
    assert_eq!(scrape.of("github_copilot_total_suggestions", &[]).count(), 2);
    assert_eq!(teams_asked(&github).await, ["red"]);
    exporter.stop().await;
}

#[tokio::test]
async fn without_a_good_token_no_team_is_asked_after_the_list_was_refused() {
    let github = MockServer::start().await;
    Mock::given(path("/orgs/octo/teams"))
        .respond_with(ok(json!([{"id": 1, "slug": "red"}])))
        .up_to_n_times(1)
        .with_priority(1)
        .mount(&github)
        .await;
    let used = Mock::given(path_regex("usage$")).respond_with(ok(day(5)));
    used.up_to_n_times(1).with_priority(1).mount(&github).await;
    Mock::given(any()).respond_with(ResponseTemplate::new(401)).mount(&github).await;
    let exporter =
        Exporter::start(&github.uri(), &noon(), &[TOKEN, OCTO, ("EXPORTER_SOURCES", "teams")]).await;
    exporter.until_by(0, "teams are up", |scrape| scrape.get(&up("teams")) == Some(1.0)).await;
    exporter.clock.advance(3600);
    exporter.until("the refusal", |scrape| scrape.get(&up("teams")) == Some(0.0)).await;
    assert_eq!(teams_asked(&github).await, ["red"], "asked once, before the token was refused");
    exporter.stop().await;
}

#[tokio::test]
async fn now_and_then_a_server_error_is_no_dead_github() {
    let github = MockServer::start().await;
    let teams: Vec<_> = (1..=7).map(|id| json!({"id": id, "slug": format!("t{id}")})).collect();
    Mock::given(path("/orgs/octo/teams")).respond_with(ok(teams)).mount(&github).await;
    Mock::given(path_regex("team/t[135]/")).respond_with(ResponseTemplate::new(500)).mount(&github).await;
    Mock::given(path_regex("team/t2/")).respond_with(ResponseTemplate::new(404)).mount(&github).await;
    Mock::given(any()).respond_with(ok(day(5))).mount(&github).await;
    let exporter = Exporter::start(&github.uri(), &noon(), &[TOKEN, OCTO]).await;
    let scrape = exporter.until_by(0, "teams fail", |scrape| scrape.get(&up("teams")) == Some(0.0)).await;
    assert_eq!(scrape.get(&failures("teams", "server_error")), Some(3.0));
    assert_eq!(scrape.get(&suggestions("t7")), Some(5.0), "the round went on to its end");
    exporter.stop().await;
}

#[tokio::test]
async fn every_question_that_reached_github_is_counted_also_when_the_round_ends() {
    let github = MockServer::start().await;
    let teams: Vec<_> = (1..=20).map(|id| json!({"id": id, "slug": format!("t{id}")})).collect();
    Mock::given(path("/orgs/octo/teams")).respond_with(ok(teams)).mount(&github).await;
    Mock::given(any()).respond_with(ResponseTemplate::new(503)).mount(&github).await;
    let variables = [TOKEN, OCTO, ("EXPORTER_SOURCES", "teams"), ("GITHUB_CONCURRENCY", "5")];
    let exporter = Exporter::start(&github.uri(), &noon(), &variables).await;
    let scrape = exporter.until_by(0, "teams fail", |scrape| scrape.get(&up("teams")) == Some(0.0)).await;
    let asked = paths(&github).await.len();
    assert!(asked < 15, "{asked}");
    assert_eq!(scrape.sum("github_copilot_exporter_github_requests_total", &[]), asked as f64);
    exporter.stop().await;
}
