//! Who has a seat: GitHub's example to the exposition, pages that are missing, seats that come of age, refusals.

use std::fmt::Write as _;

use chrono::TimeDelta;
use github_copilot_exporter::clock::Clock;
use serde_json::{Value, json};
use wiremock::{
    Mock, MockServer, Request, ResponseTemplate,
    matchers::{any, header, header_exists, path, query_param, query_param_is_missing},
};

use crate::support::{Exporter, ManualClock, Scrape};

const PAGE: &str = include_str!("examples/seats-page.json");
const COUNT: &str = include_str!("examples/org-billing.json");

pub const ORG: (&str, &str) = ("GITHUB_ORGS", "octo");
pub const TOKEN: (&str, &str) = ("GITHUB_TOKEN", "ghp_t");
const SEATS: (&str, &str) = ("EXPORTER_SOURCES", "seats");
const LIST: &str = "/orgs/octo/copilot/billing/seats";
const BREAKDOWN: &str = "/orgs/octo/copilot/billing";

pub fn noon() -> std::sync::Arc<ManualClock> {
    ManualClock::starting("2026-11-22T12:00:00Z")
}

pub fn ok(body: impl serde::Serialize) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(body)
}

pub fn text(body: &str) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_raw(body, "application/json; charset=utf-8")
}

pub fn up(source: &str) -> String {
    format!(r#"github_copilot_exporter_source_up{{enterprise="",org="octo",source="{source}"}}"#)
}

fn is_up(scrape: &Scrape) -> bool {
    scrape.get(&up("seats")) == Some(1.0)
}

fn is_down(scrape: &Scrape) -> bool {
    scrape.get(&up("seats")) == Some(0.0)
}

pub fn failures(scrape: &Scrape, source: &str, reason: &str) -> f64 {
    let labels = [format!(r#"source="{source}""#), format!(r#"reason="{reason}""#)];
    scrape.sum("github_copilot_exporter_source_failures_total", &labels.each_ref().map(String::as_str))
}

/// The data as lines without the labels that all of them have.
pub fn lines(scrape: &Scrape) -> String {
    let data = scrape.data();
    let lines = data.lines().filter(|line| !line.starts_with('#'));
    let short = |line: &str| {
        line.replace(r#"enterprise="",org="octo",team="""#, "").replace("{,", "{").replace("{}", "")
    };
    lines.fold(String::new(), |mut all, line| {
        writeln!(all, "{}", short(line)).unwrap();
        all
    })
}

/// A seat of somebody who used it so many days before noon, given long ago.
fn seat(id: u64, days: i64) -> Value {
    let used = noon().now() - TimeDelta::days(days);
    json!({"created_at": "2025-01-01T00:00:00Z", "last_activity_at": used, "plan_type": "business",
        "assignee": {"id": id, "login": "mona"}, "assigning_team": null})
}

fn seats(ids: std::ops::Range<u64>) -> Vec<Value> {
    ids.map(|id| seat(id, 1)).collect()
}

fn list(total: u64, seats: &[Value]) -> Value {
    json!({"total_seats": total, "seats": seats})
}

fn next(github: &MockServer, page: u32) -> String {
    format!("<{}{LIST}?per_page=100&page={page}>; rel=\"next\"", github.uri())
}

/// A GitHub that counts 120 seats in all.
async fn github() -> MockServer {
    let github = MockServer::start().await;
    let count = json!({"seat_breakdown": {"total": 120, "active_this_cycle": 90}, "plan_type": "business"});
    Mock::given(path(BREAKDOWN)).respond_with(ok(count)).with_priority(9).mount(&github).await;
    github
}

/// The first page of the list, with a hundred seats and, if it is so, a way to the second.
async fn first_page(github: &MockServer, linked: bool) {
    let mut page = ok(list(120, &seats(0..100))).insert_header("etag", "\"1\"");
    if linked {
        page = page.insert_header("link", next(github, 2).as_str());
    }
    let first = Mock::given(path(LIST)).and(query_param("per_page", "100"));
    first.and(query_param_is_missing("page")).respond_with(page).with_priority(5).mount(github).await;
}

async fn second_page(github: &MockServer) {
    let page = ok(list(120, &seats(100..120))).insert_header("etag", "\"2\"");
    Mock::given(path(LIST))
        .and(query_param("page", "2"))
        .respond_with(page)
        .with_priority(5)
        .mount(github)
        .await;
}

async fn start(github: &MockServer) -> Exporter {
    Exporter::start(&github.uri(), &noon(), &[TOKEN, ORG, SEATS]).await
}

fn active(scrape: &Scrape) -> Option<f64> {
    scrape.get(r#"github_copilot_recently_active_seats{enterprise="",org="octo",team=""}"#)
}

async fn asked(github: &MockServer) -> Vec<Request> {
    let requests = github.received_requests().await.unwrap();
    requests.into_iter().filter(|request| request.url.path() == LIST).collect()
}

#[tokio::test]
async fn githubs_examples_give_what_one_would_write_by_hand() {
    let github = MockServer::start().await;
    Mock::given(path(BREAKDOWN)).respond_with(text(COUNT)).mount(&github).await;
    Mock::given(path(LIST)).respond_with(text(PAGE)).mount(&github).await;
    let exporter = start(&github).await;
    let scrape = exporter.until_by(0, "seats are up", is_up).await;
    // One was used two days ago and came through the team; the other, of nobody, was given in March and never used.
    let by_hand = r#"github_copilot_seats 23
github_copilot_seats_active_this_cycle 19
github_copilot_seats_inactive_this_cycle 4
github_copilot_seats_added_this_cycle 2
github_copilot_seats_pending_cancellation 1
github_copilot_seats_pending_invitation 0
github_copilot_recently_active_seats 1
github_copilot_idle_seats{idle="7d_28d"} 0
github_copilot_idle_seats{idle="28d_90d"} 0
github_copilot_idle_seats{idle="none_90d"} 1
github_copilot_new_seats 0
github_copilot_plan_seats{plan="business"} 2
github_copilot_assigned_seats{assigning_team="none"} 1
github_copilot_assigned_seats{assigning_team="platform"} 1
github_copilot_assigned_idle_seats{assigning_team="none",idle="7d_28d"} 0
github_copilot_assigned_idle_seats{assigning_team="none",idle="28d_90d"} 0
github_copilot_assigned_idle_seats{assigning_team="none",idle="none_90d"} 1
github_copilot_assigned_idle_seats{assigning_team="platform",idle="7d_28d"} 0
github_copilot_assigned_idle_seats{assigning_team="platform",idle="28d_90d"} 0
github_copilot_assigned_idle_seats{assigning_team="platform",idle="none_90d"} 0
"#;
    assert_eq!(lines(&scrape), by_hand);
    let unknown = r#"github_copilot_exporter_unknown_fields_total{report="seats"}"#;
    assert_eq!(scrape.get(unknown), Some(0.0), "what is documented is no news");
    assert!(!scrape.text.contains("mona"));
    let page = exporter.page().await;
    for words in ["23", "Recently active", "50% of the people"] {
        assert!(page.contains(words), "{words} in {page}");
    }
    assert!(!page.contains("mona"));
    exporter.stop().await;
}

#[tokio::test]
async fn an_enterprise_counts_each_person_once_however_many_organisations_gave_a_seat() {
    let github = MockServer::start().await;
    let list = list(2, &[seat(1, 1), seat(1, 40), seat(2, 40)]);
    let place = "/enterprises/group/copilot/billing/seats";
    Mock::given(path(place)).respond_with(ok(list)).mount(&github).await;
    let variables = [TOKEN, ("GITHUB_ENTERPRISE", "group"), SEATS];
    let exporter = Exporter::start(&github.uri(), &noon(), &variables).await;
    let up = r#"github_copilot_exporter_source_up{enterprise="group",org="",source="seats"}"#;
    let scrape = exporter.until_by(0, "seats are up", |scrape| scrape.get(up) == Some(1.0)).await;
    let of =
        |name: &str| scrape.get(&format!(r#"github_copilot_{name}{{enterprise="group",org="",team=""}}"#));
    assert_eq!((of("seats"), of("recently_active_seats")), (Some(2.0), Some(1.0)));
    assert_eq!(scrape.sum("github_copilot_idle_seats", &[r#"idle="28d_90d""#]), 1.0);
    assert_eq!(of("seats_active_this_cycle"), None, "GitHub counts that for organisations only");
    assert_eq!(github.received_requests().await.unwrap().len(), 1);
    exporter.stop().await;
}

#[tokio::test]
async fn a_page_that_fails_leaves_the_last_good_seats_and_never_a_part_of_them() {
    let github = github().await;
    first_page(&github, true).await;
    let broken = Mock::given(query_param("page", "2")).respond_with(ResponseTemplate::new(502));
    broken.up_to_n_times(1).with_priority(1).mount(&github).await;
    second_page(&github).await;
    let exporter = start(&github).await;
    let cold = exporter.until_by(0, "seats are down", is_down).await;
    assert_eq!((active(&cold), failures(&cold, "seats", "server_error")), (None, 1.0), "no 100, and no 0");
    let total = r#"github_copilot_seats{enterprise="",org="octo",team=""}"#;
    assert_eq!(cold.get(total), Some(120.0), "GitHub's own count was read");
    let good = exporter.until("seats are up", is_up).await;
    assert_eq!(active(&good), Some(120.0));

    let broken = Mock::given(query_param("page", "2")).respond_with(ResponseTemplate::new(502));
    broken.with_priority(1).mount(&github).await;
    exporter.clock.advance(3600);
    let bad = exporter.until("seats are down", is_down).await;
    assert_eq!(bad.data(), good.data());
    let page = exporter.page().await;
    assert!(page.contains("server_error") && page.contains("the last good ones"), "{page}");
    exporter.stop().await;
}

#[tokio::test]
async fn a_list_that_ends_before_all_its_seats_is_no_list() {
    let github = github().await;
    first_page(&github, false).await;
    let exporter = start(&github).await;
    let scrape = exporter.until_by(0, "seats are down", is_down).await;
    assert_eq!((active(&scrape), failures(&scrape, "seats", "decode")), (None, 1.0));
    let page = exporter.page().await;
    assert!(page.contains("the list ends after 100 of 120 people"), "{page}");
    exporter.stop().await;
}

#[tokio::test]
async fn seats_of_people_who_were_met_before_do_not_stand_for_those_of_others() {
    let github = MockServer::start().await;
    let place = "/enterprises/group/copilot/billing/seats";
    let cut = list(3, &[seat(1, 1), seat(1, 40), seat(2, 40)]);
    Mock::given(path(place)).respond_with(ok(cut)).mount(&github).await;
    let variables = [TOKEN, ("GITHUB_ENTERPRISE", "group"), SEATS];
    let exporter = Exporter::start(&github.uri(), &noon(), &variables).await;
    let down = |scrape: &Scrape| scrape.sum("github_copilot_exporter_source_failures_total", &[]) > 0.0;
    let scrape = exporter.until_by(0, "seats are down", down).await;
    assert_eq!((scrape.data().as_str(), failures(&scrape, "seats", "decode")), ("", 1.0));
    exporter.stop().await;
}

#[tokio::test]
async fn what_any_page_announces_must_come() {
    let github = github().await;
    first_page(&github, true).await;
    let last = ok(json!({"seats": seats(100..110)}));
    Mock::given(path(LIST)).and(query_param("page", "2")).respond_with(last).mount(&github).await;
    let exporter = start(&github).await;
    let scrape = exporter.until_by(0, "seats are down", is_down).await;
    assert_eq!((active(&scrape), failures(&scrape, "seats", "decode")), (None, 1.0));
    exporter.stop().await;
}

#[tokio::test]
async fn whose_token_is_not_known_is_not_asked_for_the_list() {
    let github = github().await;
    let refusing = Mock::given(path(BREAKDOWN)).respond_with(ResponseTemplate::new(401));
    refusing.with_priority(1).mount(&github).await;
    let exporter = start(&github).await;
    let scrape = exporter.until_by(0, "seats are down", is_down).await;
    assert_eq!(failures(&scrape, "seats", "unauthorized"), 1.0);
    assert_eq!(asked(&github).await.len(), 0);
    exporter.stop().await;
}

#[tokio::test]
async fn an_answer_without_a_body_is_no_list_and_the_page_says_which_one_it_was() {
    let github = github().await;
    Mock::given(path(LIST)).respond_with(ResponseTemplate::new(204)).mount(&github).await;
    let exporter = start(&github).await;
    let scrape = exporter.until_by(0, "seats are down", is_down).await;
    assert_eq!((active(&scrape), failures(&scrape, "seats", "decode")), (None, 1.0));
    let page = exporter.page().await;
    assert!(page.contains(&format!("GET {LIST}: the answer has no body")), "{page}");
    exporter.stop().await;
}

#[tokio::test]
async fn seats_that_have_not_changed_are_not_sent_again_until_one_comes_of_age() {
    let github = github().await;
    for tag in ["\"1\"", "\"2\""] {
        let mut unchanged = ResponseTemplate::new(304);
        if tag == "\"1\"" {
            unchanged = unchanged.insert_header("link", next(&github, 2).as_str());
        }
        let known = Mock::given(path(LIST)).and(header("if-none-match", tag));
        known.respond_with(unchanged).with_priority(1).mount(&github).await;
    }
    first_page(&github, true).await;
    // The last one was used six days and twenty-two hours ago.
    let mut last = seats(100..120);
    last[19]["last_activity_at"] = json!("2026-11-15T14:00:00Z");
    let page = ok(list(120, &last)).insert_header("etag", "\"2\"");
    Mock::given(path(LIST))
        .and(query_param("page", "2"))
        .respond_with(page)
        .with_priority(5)
        .mount(&github)
        .await;
    let exporter = start(&github).await;
    let scrape = exporter.until_by(0, "seats are up", is_up).await;
    let idle = [r#"idle="7d_28d""#];
    assert_eq!(scrape.sum("github_copilot_idle_seats", &idle), 0.0);

    let endpoint = r#"endpoint="/orgs/{org}/copilot/billing/seats""#;
    let requests = "github_copilot_exporter_github_requests_total";
    exporter.clock.advance(3600);
    let both = |scrape: &Scrape| scrape.sum(requests, &[endpoint, r#"code="304""#]) == 2.0;
    let unchanged = exporter.until("two pages unchanged", both).await;
    assert!(is_up(&unchanged) && unchanged.data() == scrape.data());
    assert_eq!(asked(&github).await.len(), 4);

    exporter.clock.advance(3600);
    exporter.until("older by a class", |scrape| scrape.sum("github_copilot_idle_seats", &idle) == 1.0).await;
    let requests = asked(&github).await;
    let conditional = requests.iter().filter(|request| request.headers.contains_key("if-none-match")).count();
    assert!(
        requests.len() >= 6 && !requests.last().unwrap().headers.contains_key("if-none-match"),
        "{conditional}"
    );
    exporter.stop().await;
}

#[tokio::test]
async fn of_the_count_and_the_list_either_is_shown_without_the_other() {
    for (refused, shown, hidden) in [
        (BREAKDOWN, "github_copilot_recently_active_seats", "github_copilot_seats_active_this_cycle"),
        (LIST, "github_copilot_seats_active_this_cycle", "github_copilot_recently_active_seats"),
    ] {
        let github = github().await;
        let refusing = Mock::given(path(refused)).respond_with(ResponseTemplate::new(403));
        refusing.with_priority(1).mount(&github).await;
        Mock::given(path(LIST)).respond_with(ok(list(3, &seats(0..3)))).mount(&github).await;
        let exporter = start(&github).await;
        let scrape = exporter.until_by(0, "seats are down", is_down).await;
        assert_eq!(scrape.of(shown, &[]).count(), 1, "{refused}");
        assert_eq!(scrape.of(hidden, &[]).count(), 0, "{refused}");
        assert_eq!(
            scrape.of("github_copilot_seats", &[]).count(),
            1,
            "{refused}: either says how many there are"
        );
        assert_eq!(failures(&scrape, "seats", "forbidden"), 1.0);
        let page = exporter.page().await;
        for words in ["What was read is shown", "GitHub Copilot Business", "out of EXPORTER_SOURCES"] {
            assert!(page.contains(words), "{words} in {page}");
        }
        exporter.stop().await;
    }
}

#[tokio::test]
async fn however_a_list_is_cut_into_pages_it_says_the_same() {
    let mut all = seats(0..7);
    // One person on the first page and on the last.
    all[6] = seat(0, 60);
    let mut told = Vec::new();
    for size in [1, 2, 3, 7] {
        let github = github().await;
        let pages = all.chunks(size).count();
        for (index, page) in all.chunks(size).enumerate() {
            let mut answer = ok(list(6, page));
            if index + 1 < pages {
                answer =
                    answer.insert_header("link", next(&github, u32::try_from(index).unwrap() + 2).as_str());
            }
            let asked = Mock::given(path(LIST));
            let number = (index + 1).to_string();
            let asked = if index == 0 {
                asked.and(query_param_is_missing("page"))
            } else {
                asked.and(query_param("page", number))
            };
            asked.respond_with(answer).mount(&github).await;
        }
        let exporter = start(&github).await;
        let scrape = exporter.until_by(0, "seats are up", is_up).await;
        assert_eq!(active(&scrape), Some(6.0));
        told.push(scrape.data());
        exporter.stop().await;
    }
    told.dedup();
    assert_eq!(told.len(), 1, "{told:?}");
}

#[tokio::test]
async fn when_there_is_too_much_to_serve_what_has_no_further_label_stays() {
    let github = github().await;
    Mock::given(path(LIST)).respond_with(ok(list(3, &seats(0..3)))).mount(&github).await;
    let variables = [TOKEN, ORG, SEATS, ("EXPORTER_MAX_SERIES", "1")];
    let exporter = Exporter::start(&github.uri(), &noon(), &variables).await;
    let scrape = exporter.until_by(0, "seats are up", is_up).await;
    let expected = "github_copilot_seats 120\ngithub_copilot_seats_active_this_cycle 90\ngithub_copilot_recently_active_seats 3\ngithub_copilot_new_seats 0\n";
    assert_eq!(lines(&scrape), expected);
    assert_eq!(scrape.sum("github_copilot_exporter_series_dropped", &[r#"detail="owner_detail""#]), 8.0);
    exporter.stop().await;
}

#[tokio::test]
async fn a_team_whose_last_seat_is_gone_is_gone() {
    let github = github().await;
    let of_team = |slug: &str| {
        let mut seat = seat(1, 1);
        seat["assigning_team"] = json!({"slug": slug});
        ok(list(1, &[seat]))
    };
    Mock::given(path(LIST))
        .respond_with(of_team("Red"))
        .up_to_n_times(1)
        .with_priority(1)
        .mount(&github)
        .await;
    Mock::given(path(LIST)).respond_with(of_team("blue")).mount(&github).await;
    let exporter = start(&github).await;
    let red = exporter.until_by(0, "seats are up", is_up).await;
    assert!(red.text.contains(r#"assigning_team="red""#));
    exporter.clock.advance(3600);
    let blue = |scrape: &Scrape| scrape.text.contains(r#"assigning_team="blue""#);
    assert!(!exporter.until("blue", blue).await.text.contains(r#"assigning_team="red""#));
    exporter.stop().await;
}

#[tokio::test]
async fn seats_that_nobody_has_are_true_zeros_and_no_data() {
    let github = github().await;
    Mock::given(path(LIST)).respond_with(ok(list(0, &[]))).mount(&github).await;
    let exporter = start(&github).await;
    let scrape = exporter.until_by(0, "seats are up", is_up).await;
    assert_eq!(active(&scrape), Some(0.0));
    assert_eq!(scrape.of("github_copilot_idle_seats", &[]).map(|(_, count)| count).sum::<f64>(), 0.0);
    let no_data =
        r#"github_copilot_exporter_targets{enterprise="",org="octo",source="seats",state="no_data"}"#;
    assert_eq!(scrape.get(no_data), Some(1.0));
    exporter.stop().await;
}

#[tokio::test]
async fn what_github_adds_to_a_seat_is_counted_and_a_bad_instant_is_no_seat() {
    let github = github().await;
    let mut seat = seat(1, 1);
    seat["brand_new"] = json!({"of": [1, 2]});
    seat["assignee"]["brand_new"] = json!(1);
    let mut page = list(1, &[seat]);
    page["also_new"] = json!(true);
    Mock::given(path(LIST)).respond_with(ok(page)).up_to_n_times(1).with_priority(1).mount(&github).await;
    let bad = json!({"total_seats": 1, "seats": [{"created_at": "2026-11-31T00:00:00Z"}]});
    Mock::given(path(LIST)).respond_with(ok(bad)).mount(&github).await;
    let exporter = start(&github).await;
    let scrape = exporter.until_by(0, "seats are up", is_up).await;
    let unknown = r#"github_copilot_exporter_unknown_fields_total{report="seats"}"#;
    assert_eq!(scrape.get(unknown), Some(2.0), "what is said of the person is not looked at");
    exporter.clock.advance(3600);
    let bad = exporter.until("seats are down", is_down).await;
    assert_eq!(active(&bad), Some(1.0));
    assert!(failures(&bad, "seats", "decode") > 0.0);
    exporter.stop().await;
}

#[tokio::test]
async fn seats_that_are_refused_for_a_month_are_dropped() {
    let github = github().await;
    Mock::given(path(LIST)).respond_with(ok(list(1, &seats(0..1)))).up_to_n_times(1).mount(&github).await;
    Mock::given(path(LIST)).respond_with(ResponseTemplate::new(403)).with_priority(9).mount(&github).await;
    let exporter = start(&github).await;
    exporter.until_by(0, "seats are up", is_up).await;
    exporter.clock.advance(27 * 86_400);
    assert_eq!(active(&exporter.until("seats are down", is_down).await), Some(1.0));
    exporter.clock.advance(2 * 86_400);
    let dropped = exporter.until_by(60, "dropped", |scrape| active(scrape).is_none()).await;
    let total = r#"github_copilot_seats{enterprise="",org="octo",team=""}"#;
    assert_eq!(dropped.get(total), Some(120.0), "what is read on stays");
    exporter.stop().await;
}

/// What an exporter that asks for these sources shows, and what it has asked, of a GitHub that knows nothing.
async fn spoken_of(sources: &str, api: &str) -> (Scrape, Vec<String>) {
    let github = MockServer::start().await;
    Mock::given(any())
        .and(header_exists("authorization"))
        .respond_with(ResponseTemplate::new(404))
        .mount(&github)
        .await;
    let variables = [TOKEN, ORG, ("EXPORTER_SOURCES", sources), ("GITHUB_COPILOT_API", api)];
    let exporter = Exporter::start(&github.uri(), &noon(), &variables).await;
    let tried = |scrape: &Scrape| scrape.get(&up(sources)) == Some(0.0);
    let scrape = exporter.until_by(0, "tried", tried).await;
    exporter.stop().await;
    let requests = github.received_requests().await.unwrap();
    (scrape, requests.iter().map(|request| request.url.path().to_owned()).collect())
}

#[tokio::test]
async fn a_source_alone_asks_for_nothing_else_and_no_series_speaks_of_others() {
    let endpoints: [(&str, &[&str]); 4] = [
        ("activity", &["/orgs/octo/copilot/usage"]),
        ("teams", &["/orgs/octo/teams"]),
        ("seats", &[BREAKDOWN, LIST]),
        (
            "billing",
            &[
                "/organizations/octo/settings/billing/ai_credit/usage",
                "/organizations/octo/settings/billing/premium_request/usage",
            ],
        ),
    ];
    for (source, expected) in endpoints {
        let (scrape, asked) = spoken_of(source, "usage").await;
        assert_eq!(asked, expected, "{source}");
        assert_eq!(scrape.data(), "", "{source}");
        for (other, _) in endpoints.iter().filter(|(other, _)| *other != source) {
            assert!(!scrape.text.contains(&format!(r#"source="{other}""#)), "{source} speaks of {other}");
        }
        let usage = matches!(source, "activity" | "teams");
        assert_eq!(scrape.text.contains("api_info{"), usage, "{source}");
        let counted =
            |part: &str| scrape.of("github_copilot_exporter_github_requests_total", &[part]).count() > 0;
        assert_eq!(counted("/orgs/{org}/copilot/billing"), source == "seats");
        assert_eq!(counted("/settings/billing/"), source == "billing");
        assert_eq!(counted("/orgs/{org}/copilot/usage"), usage);
        assert!(!counted("/enterprises/"), "{source}");
        if !usage {
            assert_eq!(spoken_of(source, "auto").await.1, expected, "{source}: whichever interface it is");
        }
    }
}
