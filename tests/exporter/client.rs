//! The client against answers written by hand: pages, validators, odd bodies, refusals.

use std::{sync::Arc, time::Duration};

use github_copilot_exporter::{
    github::{
        Answer, Client, Credential, Failure, Reason, Validators,
        client::Settings,
        credential::TokenFile,
        download::Hosts,
        endpoint::{Endpoint, Report},
        reports::{self, EntityDay, Wanted},
        teams,
        usage::{self, UsageDay, Window},
    },
    owner::Owner,
};
use wiremock::{
    Mock, MockServer, Respond, ResponseTemplate,
    matchers::{any, header, path, query_param, query_param_is_missing},
};

use crate::support::ManualClock;

fn octo() -> Owner {
    Owner::org("octo")
}

fn hosts() -> Hosts {
    Hosts::parse(&["copilot-reports.github.com"], &"http://127.0.0.1:1".parse().unwrap()).unwrap()
}

fn client_for(api: &str, clock: &Arc<ManualClock>) -> Client {
    let settings = Settings {
        api: api.parse().unwrap(),
        app: None,
        credential: Some(Credential::Token("ghp_secret".into())),
        concurrency: 1,
        timeout: Duration::from_secs(30),
        download_hosts: hosts(),
    };
    Client::new(settings, &[octo()], Arc::clone(clock) as _).unwrap()
}

fn noon() -> Arc<ManualClock> {
    ManualClock::starting("2026-11-22T12:00:00Z")
}

async fn client(github: &MockServer) -> Client {
    client_for(&github.uri(), &noon())
}

/// A GitHub that answers everything like this.
async fn answering(response: impl Respond + 'static) -> MockServer {
    let github = MockServer::start().await;
    Mock::given(any()).respond_with(response).mount(&github).await;
    github
}

fn json(body: &str) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_string(body)
}

async fn days(client: &Client) -> Result<Answer<Vec<UsageDay>>, Failure> {
    usage::days(client, &octo(), None, &Window::default(), &Validators::default()).await
}

/// The failure that such an answer is.
async fn failure(response: impl Respond + 'static) -> Failure {
    let github = answering(response).await;
    days(&client(&github).await).await.unwrap_err()
}

/// Three pages of teams, the later ones at numeric addresses, all with a validator.
async fn three_pages(github: &MockServer) {
    let pages = [
        ("", r#"[{"id":1,"slug":"a"}]"#),
        ("2", r#"[{"id":2,"slug":"b"}]"#),
        ("3", r#"[{"id":3,"slug":"c"}]"#),
    ];
    for (index, (page, body)) in pages.into_iter().enumerate() {
        let next =
            format!("<{}/organizations/42/team?per_page=100&page={}>; rel=\"next\"", github.uri(), index + 2);
        let mut response = json(body).insert_header("etag", format!("W/\"{index}\"").as_str());
        if index < 2 {
            response = response.insert_header("link", next.as_str());
        }
        let place = if index == 0 { "/orgs/octo/teams" } else { "/organizations/42/team" };
        let mock = Mock::given(path(place)).and(header("authorization", "Bearer ghp_secret"));
        let mock = if index == 0 {
            mock.and(query_param_is_missing("page"))
        } else {
            mock.and(query_param("page", page))
        };
        mock.respond_with(response).mount(github).await;
    }
}

fn ids(answer: Answer<Vec<teams::TeamRecord>>) -> (Vec<u64>, Validators) {
    match answer {
        Answer::Fresh(records, validators) => (records.iter().map(|record| record.id).collect(), validators),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn pages_are_followed_to_numeric_addresses_until_there_is_no_next() {
    let github = MockServer::start().await;
    three_pages(&github).await;
    let client = client(&github).await;
    let answer = teams::teams(&client, &octo(), &Validators::default()).await.unwrap();
    assert_eq!(ids(answer).0, [1, 2, 3]);
    assert_eq!(client.ledger().requests[&(Endpoint::OrgTeams, "200".to_owned())], 3);
}

#[tokio::test]
async fn what_has_not_changed_is_not_sent_again_on_any_page() {
    let github = MockServer::start().await;
    for tag in ["W/\"0\"", "W/\"1\"", "W/\"2\""] {
        let unchanged = Mock::given(header("if-none-match", tag)).respond_with(ResponseTemplate::new(304));
        unchanged.with_priority(1).mount(&github).await;
    }
    three_pages(&github).await;
    let client = client(&github).await;
    let (_, validators) = ids(teams::teams(&client, &octo(), &Validators::default()).await.unwrap());
    let again = teams::teams(&client, &octo(), &validators).await.unwrap();
    assert_eq!(again, Answer::Unchanged);
    assert_eq!(client.ledger().requests[&(Endpoint::OrgTeams, "304".to_owned())], 3);
}

#[tokio::test]
async fn a_change_on_a_later_page_reads_the_whole_list_anew() {
    let github = MockServer::start().await;
    let unchanged = Mock::given(header("if-none-match", "W/\"0\"")).respond_with(ResponseTemplate::new(304));
    unchanged.with_priority(1).mount(&github).await;
    three_pages(&github).await;
    let client = client(&github).await;
    let (_, validators) = ids(teams::teams(&client, &octo(), &Validators::default()).await.unwrap());
    let (again, _) = ids(teams::teams(&client, &octo(), &validators).await.unwrap());
    assert_eq!(again, [1, 2, 3]);
}

#[tokio::test]
async fn without_the_tag_of_one_page_nothing_is_said_to_be_unchanged() {
    let github = MockServer::start().await;
    let untagged = json(r#"[{"id":2,"slug":"b"}]"#);
    Mock::given(query_param("page", "2")).respond_with(untagged).with_priority(1).mount(&github).await;
    three_pages(&github).await;
    let client = client(&github).await;
    let (_, validators) = ids(teams::teams(&client, &octo(), &Validators::default()).await.unwrap());
    assert_eq!(validators, Validators::default());
}

#[tokio::test]
async fn a_later_page_whose_address_has_died_does_not_fail_the_list() {
    let github = MockServer::start().await;
    let died = Mock::given(path("/organizations/42/team")).and(header("if-none-match", "W/\"1\""));
    died.respond_with(ResponseTemplate::new(404)).with_priority(1).mount(&github).await;
    let unchanged = Mock::given(header("if-none-match", "W/\"0\"")).respond_with(ResponseTemplate::new(304));
    unchanged.with_priority(1).mount(&github).await;
    three_pages(&github).await;
    let client = client(&github).await;
    let (_, validators) = ids(teams::teams(&client, &octo(), &Validators::default()).await.unwrap());
    assert_eq!(ids(teams::teams(&client, &octo(), &validators).await.unwrap()).0, [1, 2, 3]);
}

#[tokio::test]
async fn validators_of_another_address_are_not_sent() {
    let github = answering(json("[]").insert_header("etag", "W/\"x\"")).await;
    let client = client(&github).await;
    let none = Validators::default();
    let Answer::Fresh(_, validators) =
        usage::days(&client, &octo(), Some("red"), &Window::default(), &none).await.unwrap()
    else {
        panic!("fresh at first")
    };
    usage::days(&client, &octo(), Some("crimson"), &Window::default(), &validators).await.unwrap();
    let requests = github.received_requests().await.unwrap();
    assert_eq!(requests[1].headers.get("if-none-match"), None);
}

#[tokio::test]
async fn one_bad_page_fails_the_whole_list() {
    let github = MockServer::start().await;
    let broken = Mock::given(query_param("page", "3")).respond_with(ResponseTemplate::new(502));
    broken.with_priority(1).mount(&github).await;
    three_pages(&github).await;
    let failure = teams::teams(&client(&github).await, &octo(), &Validators::default()).await.unwrap_err();
    assert_eq!(failure.reason, Reason::ServerError);
}

#[tokio::test]
async fn pages_that_never_end_or_leave_the_host_are_a_failure_and_the_token_stays() {
    let elsewhere = answering(json("[]")).await;
    let away = format!("<{}/orgs/octo/teams?page=2>; rel=\"next\"", elsewhere.uri());
    let lost = failure(json("[]").insert_header("link", away.as_str())).await;
    assert_eq!(lost.reason, Reason::Decode);
    assert!(elsewhere.received_requests().await.unwrap().is_empty());

    let endless =
        failure(json("[]").insert_header("link", "</orgs/octo/copilot/usage?per_page=28>; rel=\"next\""))
            .await;
    assert_eq!(endless.reason, Reason::Decode);
}

#[tokio::test]
async fn a_redirect_on_the_same_host_is_followed_and_one_to_another_is_not() {
    let github = MockServer::start().await;
    let moved = ResponseTemplate::new(301).insert_header("location", "/organizations/42/copilot/usage");
    Mock::given(path("/orgs/octo/copilot/usage")).respond_with(moved).mount(&github).await;
    let at_new_place = Mock::given(path("/organizations/42/copilot/usage"))
        .and(header("authorization", "Bearer ghp_secret"));
    at_new_place.respond_with(json(r#"[{"day":"2026-11-20","breakdown":null}]"#)).mount(&github).await;
    assert!(matches!(days(&client(&github).await).await.unwrap(), Answer::Fresh(days, _) if days.len() == 1));

    let elsewhere = answering(json("[]")).await;
    let away =
        ResponseTemplate::new(302).insert_header("location", format!("{}/x", elsewhere.uri()).as_str());
    assert_eq!(failure(away).await.reason, Reason::Rejected);
    assert!(elsewhere.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn days_may_come_in_any_order_with_any_total_missing_and_fields_nobody_knows() {
    let body = r#"[{"day":"2026-11-20","breakdown":[],"total_active_users":3,"brand_new":{"a":[1,2]}},
        {"breakdown":null,"day":"2026-11-19"},{"day":"2026-11-18","breakdown":[{"language":"rust","also_new":1}]}]"#;
    let github = answering(json(body)).await;
    let client = client(&github).await;
    let Answer::Fresh(days, _) = days(&client).await.unwrap() else { panic!("fresh") };
    let shown: Vec<_> = days.iter().map(|day| (day.day.to_string(), day.total_active_users)).collect();
    assert_eq!(
        shown,
        [("2026-11-20".into(), Some(3)), ("2026-11-19".into(), None), ("2026-11-18".into(), None)]
    );
    assert_eq!(client.ledger().unknown_fields["usage"], 2);
}

#[tokio::test]
async fn an_answer_that_is_not_the_promised_json_is_a_decode_failure_that_quotes_nothing_of_it() {
    for body in [
        "",
        "<html>secret-page</html>",
        r#""secret-string""#,
        r#"{"message":"secret"}"#,
        r#"[{"day":"secret-day","breakdown":null}]"#,
        r#"[{"breakdown":null}]"#,
        r#"[{"day":"2026-11-20","total_active_users":"secret"}]"#,
        r#"[{"day":"2026-11-20""#,
        r#"[] trailing secret"#,
    ] {
        let failure = failure(json(body)).await;
        assert_eq!(failure.reason, Reason::Decode, "{body}");
        assert!(!failure.to_string().contains("secret"), "{failure}");
        assert!(failure.detail.starts_with("GET /orgs/octo/copilot/usage: "), "{failure}");
    }
}

#[tokio::test]
async fn each_status_of_the_page_is_a_failure_with_its_own_word() {
    for (status, reason) in [
        (400, Reason::Rejected),
        (401, Reason::Unauthorized),
        (403, Reason::Forbidden),
        (404, Reason::NotFound),
        (410, Reason::Unsupported),
        (422, Reason::Rejected),
        (429, Reason::RateLimited),
        (500, Reason::ServerError),
    ] {
        let failure = failure(ResponseTemplate::new(status)).await;
        assert_eq!(failure.reason, reason, "{status}");
        assert!(failure.detail.contains(&status.to_string()), "{failure}");
        let points = failure.detail.contains("GITHUB_COPILOT_API=reports");
        assert_eq!(
            points,
            status == 404,
            "only who finds the interface closed is sent to the other: {failure}"
        );
    }
    let github = answering(ResponseTemplate::new(204)).await;
    assert_eq!(days(&client(&github).await).await.unwrap(), Answer::NotReady);
    assert_eq!(failure(ResponseTemplate::new(304)).await.reason, Reason::Rejected, "nobody asked for that");
}

#[tokio::test]
async fn no_connection_is_a_network_failure_and_a_late_answer_a_timeout() {
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let failure = days(&client_for(&format!("http://127.0.0.1:{port}"), &noon())).await.unwrap_err();
    assert_eq!(failure.reason, Reason::Network);

    let github = answering(json("[]").set_delay(Duration::from_secs(3600))).await;
    let settings = Settings {
        api: github.uri().parse().unwrap(),
        app: None,
        credential: Some(Credential::Token("t".into())),
        concurrency: 1,
        timeout: Duration::from_millis(50),
        download_hosts: hosts(),
    };
    let hasty = Client::new(settings, &[octo()], noon()).unwrap();
    let failure = days(&hasty).await.unwrap_err();
    assert_eq!(
        (failure.reason, &*failure.detail),
        (Reason::Timeout, "GET /orgs/octo/copilot/usage: no complete answer within 50ms")
    );
    assert_eq!(hasty.ledger().requests[&(Endpoint::OrgUsage, "timeout".to_owned())], 1);
}

#[tokio::test]
async fn an_answer_beyond_every_size_is_too_large() {
    let failure = failure(ResponseTemplate::new(200).set_body_bytes(vec![b' '; (64 << 20) + 1])).await;
    assert_eq!(failure.reason, Reason::TooLarge);
}

#[tokio::test]
async fn a_limit_answer_names_the_moment_and_nothing_is_asked_before_it() {
    let github = MockServer::start().await;
    let limited = ResponseTemplate::new(429).insert_header("retry-after", "120");
    Mock::given(any()).respond_with(limited).up_to_n_times(1).mount(&github).await;
    Mock::given(any()).respond_with(json("[]")).mount(&github).await;
    let clock = noon();
    let client = client_for(&github.uri(), &clock);
    let asked = async || github.received_requests().await.unwrap().len();
    for wait in [0, 119] {
        clock.advance(wait);
        let failure = days(&client).await.unwrap_err();
        assert_eq!(failure.reason, Reason::RateLimited);
        assert_eq!(failure.retry_at.unwrap().to_rfc3339(), "2026-11-22T12:02:00+00:00");
        assert_eq!(asked().await, 1);
    }
    clock.advance(1);
    assert!(days(&client).await.is_ok());
    assert_eq!(asked().await, 2);
    let ledger = client.ledger();
    assert_eq!(ledger.limits["token"].throttled(ledger.at), Duration::from_secs(120));
    assert_eq!(
        ledger.requests[&(Endpoint::OrgUsage, "429".to_owned())],
        1,
        "what was not asked is not counted"
    );
}

#[tokio::test]
async fn a_page_that_appears_behind_a_full_one_is_found_though_the_full_one_did_not_change() {
    let github = MockServer::start().await;
    let first = json(r#"[{"id":1,"slug":"a"}]"#).insert_header("etag", "W/\"full\"");
    Mock::given(path("/orgs/octo/teams")).respond_with(first).up_to_n_times(1).mount(&github).await;
    let client = client(&github).await;
    let (_, validators) = ids(teams::teams(&client, &octo(), &Validators::default()).await.unwrap());
    let next = "</organizations/42/team?page=2>; rel=\"next\"";
    let unchanged = ResponseTemplate::new(304).insert_header("link", next);
    Mock::given(header("if-none-match", "W/\"full\"")).respond_with(unchanged).mount(&github).await;
    let grown = json(r#"[{"id":1,"slug":"a"}]"#).insert_header("link", next);
    Mock::given(path("/orgs/octo/teams")).respond_with(grown).mount(&github).await;
    Mock::given(path("/organizations/42/team"))
        .respond_with(json(r#"[{"id":2,"slug":"b"}]"#))
        .mount(&github)
        .await;
    assert_eq!(ids(teams::teams(&client, &octo(), &validators).await.unwrap()).0, [1, 2]);
}

#[tokio::test]
async fn pages_that_go_on_for_ever_without_repeating_end_in_a_failure() {
    let github = MockServer::start().await;
    let page = |request: &wiremock::Request| {
        let page: u32 = request
            .url
            .query_pairs()
            .find(|(name, _)| name == "page")
            .map_or(1, |(_, page)| page.parse().unwrap());
        json("[]")
            .insert_header("link", format!("</orgs/octo/teams?page={}>; rel=\"next\"", page + 1).as_str())
    };
    Mock::given(any()).respond_with(page).mount(&github).await;
    let failure = teams::teams(&client(&github).await, &octo(), &Validators::default()).await.unwrap_err();
    assert_eq!(failure.reason, Reason::Decode);
    assert_eq!(github.received_requests().await.unwrap().len(), 5000);
}

#[tokio::test]
async fn a_redirect_that_goes_round_ends_after_a_few_rounds() {
    let github =
        answering(ResponseTemplate::new(301).insert_header("location", "/orgs/octo/copilot/usage")).await;
    let failure = days(&client(&github).await).await.unwrap_err();
    assert_eq!(failure.reason, Reason::Rejected);
    assert!(github.received_requests().await.unwrap().len() <= 7);
}

#[tokio::test]
async fn a_token_file_that_never_answers_is_a_credential_failure_and_keeps_nobody_waiting() {
    let dir = tempfile::tempdir().unwrap();
    let pipe = dir.path().join("token");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let settings = Settings {
        api: "http://127.0.0.1:9".parse().unwrap(),
        app: None,
        credential: Some(Credential::File(TokenFile::new(&pipe.display().to_string()))),
        concurrency: 1,
        timeout: Duration::from_millis(50),
        download_hosts: hosts(),
    };
    let client = Client::new(settings, &[octo()], noon()).unwrap();
    let failure = days(&client).await.unwrap_err();
    assert_eq!(failure.reason, Reason::Credential);
    assert!(client.ledger().requests.is_empty(), "nothing was asked");
    // Lets the reader that still waits in the background go.
    std::fs::OpenOptions::new().write(true).open(&pipe).unwrap();
}

#[tokio::test]
async fn headers_about_limits_and_ends_are_remembered() {
    let response = json("[]")
        .insert_header("x-ratelimit-limit", "5000")
        .insert_header("x-ratelimit-remaining", "4321")
        .insert_header("x-ratelimit-reset", "1795348800")
        .insert_header("github-authentication-token-expiration", "2026-12-31 23:59:59 UTC")
        .insert_header("sunset", "Sat, 01 Mar 2025 00:00:00 GMT");
    let github = answering(response).await;
    let client = client(&github).await;
    days(&client).await.unwrap();
    let ledger = client.ledger();
    let rate = ledger.limits["token"].rate.unwrap();
    assert_eq!((rate.limit, rate.remaining, rate.reset.timestamp()), (5000, 4321, 1_795_348_800));
    assert_eq!(ledger.token_expiry["token"].to_rfc3339(), "2026-12-31T23:59:59+00:00");
    assert_eq!(ledger.sunset[&Endpoint::OrgUsage].to_rfc3339(), "2025-03-01T00:00:00+00:00");
}

#[tokio::test]
async fn the_four_usage_addresses_and_the_window_are_asked_as_documented() {
    let github = answering(json("[]")).await;
    let client = client(&github).await;
    let window = Window {
        since: Some("2026-11-01T00:00:00Z".parse().unwrap()),
        until: Some("2026-11-20T00:00:00Z".parse().unwrap()),
        per_page: 5,
        page: 2,
    };
    for owner in [Owner::org("Octo"), Owner::enterprise("Group")] {
        for team in [None, Some("platform")] {
            usage::days(&client, &owner, team, &window, &Validators::default()).await.unwrap();
        }
    }
    let asked: Vec<_> =
        github.received_requests().await.unwrap().iter().map(|request| request.url.clone()).collect();
    let paths: Vec<_> = asked.iter().map(reqwest::Url::path).collect();
    assert_eq!(
        paths,
        [
            "/orgs/octo/copilot/usage",
            "/orgs/octo/team/platform/copilot/usage",
            "/enterprises/group/copilot/usage",
            "/enterprises/group/team/platform/copilot/usage",
        ]
    );
    let query = "since=2026-11-01T00%3A00%3A00Z&until=2026-11-20T00%3A00%3A00Z&page=2&per_page=5";
    assert!(asked.iter().all(|url| url.query() == Some(query)), "{asked:?}");
}

const MONTH: &str = "/orgs/octo/copilot/metrics/reports/organization-28-day/latest";

fn month(owner: &Owner) -> Wanted<'_> {
    Wanted { report: Report::EntityMonth, owner, day: None }
}

#[tokio::test]
async fn a_report_without_links_is_not_ready_in_whichever_words_github_says_so() {
    for body in [r#"{}"#, r#"{"download_links":null}"#, r#"{"download_links":[]}"#, r#""Not ready yet.""#] {
        let client = client(&answering(json(body)).await).await;
        assert!(reports::find(&client, &month(&octo())).await.unwrap().is_none(), "{body}");
    }
    let client_of_nothing = client(&answering(ResponseTemplate::new(204)).await).await;
    assert!(reports::find(&client_of_nothing, &month(&octo())).await.unwrap().is_none());
    for body in ["[]", "7", r#"{"download_links":["no address"]}"#, r#"{"download_links":{}}"#] {
        let client = client(&answering(json(body)).await).await;
        assert_eq!(
            reports::find(&client, &month(&octo())).await.unwrap_err().reason,
            Reason::Decode,
            "{body}"
        );
    }
}

#[tokio::test]
async fn the_days_of_a_report_are_what_it_names_if_they_can_be() {
    let link = r#""download_links":["https://copilot-reports.github.com/a"]"#;
    for (days, named) in [
        (r#","report_start_day":"2026-10-21","report_end_day":"2026-11-17""#, true),
        (r#","report_start_day":"2026-11-17","report_end_day":"2026-11-17""#, true),
        (r#","report_start_day":"2026-11-18","report_end_day":"2026-11-17""#, false),
        (r#","report_end_day":"2026-11-17""#, false),
        ("", false),
    ] {
        let client = client(&answering(json(&format!("{{{link}{days}}}"))).await).await;
        let files = reports::find(&client, &month(&octo())).await.unwrap().unwrap();
        assert_eq!(files.span.is_some(), named, "{days}");
    }
}

/// Reads a report whose envelopes name these files, one envelope after the other and the last one from then on; those
/// links that are `dead` are refused. Gives the days that were read, which files were asked for, and how many envelopes.
async fn read_month(
    envelopes: &[&[&str]],
    dead: &[&str],
) -> (Result<Vec<String>, Failure>, Vec<String>, usize) {
    let github = MockServer::start().await;
    for (index, names) in envelopes.iter().enumerate() {
        let links: Vec<_> =
            names.iter().map(|name| format!("{}/f/{name}?sig={}", github.uri(), index + 1)).collect();
        let envelope = ResponseTemplate::new(200).set_body_json(serde_json::json!({"download_links": links}));
        let times = if index + 1 == envelopes.len() { u64::MAX } else { 1 };
        Mock::given(path(MONTH)).respond_with(envelope).up_to_n_times(times).mount(&github).await;
    }
    let dead: Vec<String> = dead.iter().map(|link| (*link).to_owned()).collect();
    let file = move |request: &wiremock::Request| {
        let link = file_of(&request.url);
        // File 1 has two records, so that one that is counted twice is seen.
        let body = match (dead.contains(&link), &link[..1]) {
            (true, _) => return ResponseTemplate::new(403).set_body_string("<Error>expired</Error>"),
            (false, "1") => {
                r#"{"day":"2026-11-01","new":1}{"day":"2026-11-11","new":1,"newer":2}"#.to_owned()
            }
            (false, name) => format!(r#"{{"day":"2026-11-0{name}"}}"#),
        };
        json(&body)
    };
    Mock::given(wiremock::matchers::path_regex("^/f/")).respond_with(file).mount(&github).await;
    let (client, octo) = (client(&github).await, octo());
    let files = reports::find(&client, &month(&octo)).await.unwrap().unwrap();
    let days = reports::read(&client, &month(&octo), files, Vec::<EntityDay>::new()).await;
    let requests = github.received_requests().await.unwrap();
    let (asked, files): (Vec<_>, Vec<_>) = requests.iter().partition(|request| request.url.path() == MONTH);
    assert!(files.iter().all(|request| request.headers.get("authorization").is_none()));
    if days.is_ok() && envelopes[0].contains(&"1") {
        assert_eq!(
            client.ledger().unknown_fields.get("entity"),
            Some(&1),
            "the first record stands for its file"
        );
    }
    let days = days.map(|days| days.iter().map(|day| day.day.format("%d").to_string()).collect());
    (days, files.iter().map(|request| file_of(&request.url)).collect(), asked.len())
}

/// The name of a file and the number of the envelope that its link is from.
fn file_of(url: &reqwest::Url) -> String {
    let name = url.path().trim_start_matches("/f/");
    format!("{name}.{}", url.query().unwrap_or_default().trim_start_matches("sig="))
}

#[tokio::test]
async fn a_link_that_has_expired_is_asked_for_anew_and_no_file_is_read_twice() {
    let (days, files, envelopes) = read_month(&[&["1", "2", "3"][..]; 2], &["2.1", "3.1"]).await;
    assert_eq!(days.unwrap(), ["01", "11", "02", "03"]);
    assert_eq!((files, envelopes), (["1.1", "2.1", "2.2", "3.2"].map(String::from).into(), 2));

    let (days, files, envelopes) = read_month(&[&["1", "2"], &["3", "2", "1"]], &["2.1"]).await;
    assert_eq!(days.unwrap(), ["01", "11", "03", "02"], "another order, and one file more");
    assert_eq!((files, envelopes), (["1.1", "2.1", "3.2", "2.2"].map(String::from).into(), 2));
}

#[tokio::test]
async fn links_are_asked_for_anew_as_long_as_that_gets_further() {
    let (days, files, envelopes) = read_month(&[&["1", "2", "3"][..]; 3], &["1.1", "2.2", "3.2"]).await;
    assert_eq!(days.unwrap(), ["01", "11", "02", "03"]);
    assert_eq!((files, envelopes), (["1.1", "1.2", "2.2", "2.3", "3.3"].map(String::from).into(), 3));

    let (days, files, envelopes) = read_month(&[&["1", "2"][..]; 3], &["2.1", "2.2"]).await;
    assert_eq!(days.unwrap_err().reason, Reason::Rejected);
    assert_eq!((files, envelopes), (["1.1", "2.1", "2.2"].map(String::from).into(), 2));
}

#[tokio::test]
async fn a_report_that_was_written_anew_is_read_from_the_start_but_not_for_ever() {
    let (days, files, _) = read_month(&[&["1", "2"], &["3", "4"]], &["2.1"]).await;
    assert_eq!(days.unwrap(), ["03", "04"], "nothing of the old one is left");
    assert_eq!(files, ["1.1", "2.1", "3.2", "4.2"]);

    let ever_other: [&[&str]; 9] = [
        &["1", "2"],
        &["3", "4"],
        &["1", "2"],
        &["3", "4"],
        &["1", "2"],
        &["3", "4"],
        &["1"],
        &["3"],
        &["1"],
    ];
    let dead = ["1.1", "4.2", "1.3", "4.4", "1.5", "4.6"];
    let (days, _, envelopes) = read_month(&ever_other, &dead).await;
    assert_eq!(days.unwrap_err().reason, Reason::Rejected);
    assert!(envelopes <= 3, "{envelopes}");
}

#[tokio::test]
async fn a_report_whose_links_are_gone_fails_as_the_link_did() {
    let (days, _, envelopes) = read_month(&[&["1"], &[]], &["1.1"]).await;
    let failure = days.unwrap_err();
    assert_eq!((failure.reason, envelopes), (Reason::Rejected, 2));
    assert!(failure.detail.contains("/f/1: 403") && !failure.detail.contains("sig"), "{failure}");
}
