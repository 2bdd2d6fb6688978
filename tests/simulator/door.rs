//! What stands between a client and the numbers: credentials, limits, versions, conditions.

use chrono::TimeDelta;
use github_copilot_exporter::simulator::Options;
use reqwest::{Method, Response};
use serde_json::Value;

use crate::client::{Client, TOKEN, header, noon, options, with_tokens};

const ORG_USAGE: &str = "/orgs/octo-retail/copilot/usage";
const TEAM_USAGE: &str = "/orgs/octo-retail/team/payments/copilot/usage";
const ORG_TEAMS: &str = "/orgs/octo-retail/teams";
const ENTERPRISE_USAGE: &str = "/enterprises/octo-group/copilot/usage";
const ENTERPRISE_TEAM_USAGE: &str = "/enterprises/octo-group/team/ent:core/copilot/usage";
const ENTERPRISE_TEAMS: &str = "/enterprises/octo-group/teams";

/// Status and message, once the body is seen to have GitHub's shape.
async fn refusal(answer: Response) -> (u16, String) {
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["status"], status.to_string(), "{body}");
    assert!(body["documentation_url"].as_str().unwrap().starts_with("https://docs.github.com"), "{body}");
    (status, body["message"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn nobody_sees_anything_without_a_known_token() {
    let client = Client::start(options()).await;
    let url = format!("{}{ORG_USAGE}", client.simulator.url());
    for (authorization, expected) in [
        (None, "Requires authentication"),
        (Some("Bearer no-such-token"), "Bad credentials"),
        (Some("Basic octocat-demo-token"), "Bad credentials"),
        (Some("octocat-demo-token"), "Bad credentials"),
        (Some(""), "Bad credentials"),
    ] {
        let mut request = client.http.get(&url);
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        let answer = request.send().await.unwrap();
        assert_eq!(header(&answer, "x-ratelimit-limit"), Some("60"));
        assert_eq!(refusal(answer).await, (401, expected.into()), "{authorization:?}");
    }
}

#[tokio::test]
async fn what_needs_no_token_is_refused_to_a_wrong_one() {
    let client = Client::start(options()).await;
    for (path, without) in [("/versions", 200), ("/rate_limit", 200), ("/nowhere", 404)] {
        let bare = client.http.get(format!("{}{path}", client.simulator.url())).send().await.unwrap();
        assert_eq!(bare.status().as_u16(), without, "{path}");
        assert_eq!(client.status_as("no-such-token", path).await, 401, "{path}");
    }
}

#[tokio::test]
async fn the_schemes_bearer_and_token_are_understood_in_any_case() {
    let client = Client::start(options()).await;
    for scheme in ["Bearer", "bearer", "token", "Token"] {
        let request = client.http.get(format!("{}{ORG_USAGE}", client.simulator.url()));
        let answer = request.header("authorization", format!("{scheme} {TOKEN}")).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{scheme}");
    }
}

#[tokio::test]
async fn each_path_asks_for_its_scopes() {
    let paths = [ORG_USAGE, TEAM_USAGE, ORG_TEAMS, ENTERPRISE_USAGE, ENTERPRISE_TEAM_USAGE, ENTERPRISE_TEAMS];
    for (grants, expected) in [
        ("", [403; 6]),
        ("repo+user", [403; 6]),
        ("manage_billing:copilot", [200, 200, 403, 200, 200, 403]),
        ("copilot", [200, 200, 403, 200, 200, 403]),
        ("read:org", [200, 200, 200, 403, 403, 403]),
        ("admin:org", [200, 200, 200, 403, 403, 403]),
        ("read:enterprise", [200, 200, 403, 200, 200, 200]),
        ("admin:enterprise", [200, 200, 403, 200, 200, 200]),
        ("organization_copilot_seat_management:read", [200, 200, 403, 403, 403, 403]),
        ("organization_administration:write", [200, 200, 403, 403, 403, 403]),
        ("members:read", [403, 403, 200, 403, 403, 403]),
        ("members:read+organization_administration:read", [200, 200, 200, 403, 403, 403]),
    ] {
        let client = Client::start(with_tokens(&[&format!("t={grants}")])).await;
        let mut statuses = [0; 6];
        for (status, path) in statuses.iter_mut().zip(paths) {
            *status = client.status(path).await;
        }
        assert_eq!(statuses, expected, "{grants}");
    }
}

#[tokio::test]
async fn too_little_scope_is_named_as_github_names_it() {
    let client = Client::start(with_tokens(&["classic=repo+user", "fine=members:read"])).await;
    let classic = client.get(ORG_USAGE).await;
    assert_eq!(header(&classic, "x-oauth-scopes"), Some("repo, user"));
    let accepted = "manage_billing:copilot, read:org, read:enterprise";
    assert_eq!(header(&classic, "x-accepted-oauth-scopes"), Some(accepted));
    assert_eq!(refusal(classic).await.0, 403);
    let fine = client.get_as("fine", ORG_USAGE).await;
    assert_eq!(header(&fine, "x-oauth-scopes"), None);
    let accepted = "organization_copilot_seat_management=read; organization_administration=read";
    assert_eq!(header(&fine, "x-accepted-github-permissions"), Some(accepted));
    assert_eq!(refusal(fine).await, (403, "Resource not accessible by personal access token".into()));
}

#[tokio::test]
async fn of_costs_github_names_no_scope() {
    let client = Client::start(with_tokens(&["classic=repo"])).await;
    for owner in ["organizations/octo-retail", "enterprises/octo-group"] {
        let refused = client.get(&format!("/{owner}/settings/billing/ai_credit/usage")).await;
        assert_eq!(header(&refused, "x-accepted-oauth-scopes"), None);
        assert_eq!(refusal(refused).await, (403, "This token may not use this endpoint.".into()));
    }
}

#[tokio::test]
async fn what_somebody_may_not_know_of_is_not_found() {
    let scopes = "read:org+read:enterprise";
    let owner = format!("owner={scopes}@Octo-Labs+octo-retail:member");
    let client = Client::start(with_tokens(&[&owner])).await;
    for (path, expected) in [
        ("/orgs/octo-labs/copilot/usage", 200),
        ("/orgs/octo-labs/teams", 200),
        (ORG_TEAMS, 200),
        (ORG_USAGE, 403),
        (TEAM_USAGE, 403),
        (ENTERPRISE_USAGE, 404),
        (ENTERPRISE_TEAMS, 404),
    ] {
        assert_eq!(client.status(path).await, expected, "{path}");
    }
    let stranger = Client::start(with_tokens(&["t=read:org@octo-labs"])).await;
    assert_eq!(refusal(stranger.get(ORG_USAGE).await).await, (404, "Not Found".into()));
}

#[tokio::test]
async fn what_does_not_exist_is_not_found() {
    let client = Client::start(options()).await;
    for path in [
        "/",
        "/orgs/nobody/copilot/usage",
        "/orgs/octo-retail/team/nobody/copilot/usage",
        "/orgs/octo-retail/team/ent:core/copilot/usage",
        "/orgs/octo-retail/copilot/usage/",
        "/orgs/octo-retail/teams/",
        "/orgs/octo-retail/copilot/metrics",
        "/orgs/octo-retail/teams/payments/copilot/usage",
        "/organizations/1/copilot/usage",
        "/organizations/octo-retail/copilot/usage",
        "/enterprises/octo-retail/copilot/usage",
        "/enterprises/octo-group/team/core/copilot/usage",
        "/no%00such%FFpath%",
    ] {
        assert_eq!(refusal(client.get(path).await).await, (404, "Not Found".into()), "{path}");
    }
}

#[tokio::test]
async fn methods_other_than_get_and_head_are_not_found() {
    let client = Client::start(options()).await;
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS] {
        let answer = client.request(method.clone(), ORG_USAGE).body("{}").send().await.unwrap();
        assert_eq!(answer.status(), 404, "{method}");
    }
}

#[tokio::test]
async fn head_is_get_without_the_body() {
    let client = Client::start(options()).await;
    let get = client.get(ORG_USAGE).await;
    let head = client.request(Method::HEAD, ORG_USAGE).send().await.unwrap();
    assert_eq!(head.status(), 200);
    for name in ["etag", "content-type", "content-length"] {
        assert!(header(&head, name).is_some() && header(&head, name) == header(&get, name), "{name}");
    }
    assert!(head.bytes().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_request_needs_a_user_agent() {
    let client = Client::start(options()).await;
    let url = format!("{}{ORG_USAGE}", client.simulator.url());
    let nameless = reqwest::Client::new().get(&url).bearer_auth(TOKEN).send().await.unwrap();
    assert_eq!(refusal(nameless).await.0, 403);
    let blank = client.request(Method::GET, ORG_USAGE).header("user-agent", " ").send().await.unwrap();
    assert_eq!(blank.status(), 403);
}

#[tokio::test]
async fn two_versions_of_the_api_are_spoken_and_the_older_is_the_default() {
    let client = Client::start(options()).await;
    for (asked, status, selected) in [
        (None, 200, "2022-11-28"),
        (Some("2022-11-28"), 200, "2022-11-28"),
        (Some("2026-03-10"), 200, "2026-03-10"),
        (Some("2021-01-01"), 400, "2022-11-28"),
        (Some(""), 400, "2022-11-28"),
    ] {
        let mut request = client.request(Method::GET, ORG_USAGE);
        if let Some(asked) = asked {
            request = request.header("X-GitHub-Api-Version", asked);
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), status, "{asked:?}");
        assert_eq!(header(&answer, "x-github-api-version-selected"), Some(selected));
    }
    assert_eq!(client.list("/versions").await, ["2022-11-28", "2026-03-10"]);
}

#[tokio::test]
async fn every_answer_carries_the_usual_headers() {
    let client = Client::start(options()).await;
    for path in [ORG_USAGE, "/rate_limit", "/versions", "/nowhere"] {
        let [one, two] = [client.get(path).await, client.get(path).await];
        assert_eq!(header(&one, "x-github-media-type"), Some("github.v3; format=json"), "{path}");
        assert_ne!(
            header(&one, "x-github-request-id").unwrap(),
            header(&two, "x-github-request-id").unwrap()
        );
        assert_eq!(header(&one, "x-ratelimit-resource"), Some("core"), "{path}");
        let scopes = "manage_billing:copilot, read:org, read:enterprise";
        assert_eq!(header(&one, "x-oauth-scopes"), Some(scopes), "{path}");
        assert!(header(&one, "date").unwrap().starts_with("Fri, 20 Nov 2026 12:0"), "{path}");
    }
}

#[tokio::test]
async fn the_rate_limit_counts_down_refuses_and_comes_back_after_an_hour() {
    let client = Client::start(Options { rate_limit: 2, ..options() }).await;
    let mut reset = String::new();
    for remaining in ["1", "0"] {
        let answer = client.get(ORG_USAGE).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(header(&answer, "x-ratelimit-remaining"), Some(remaining));
        reset = header(&answer, "x-ratelimit-reset").unwrap().to_owned();
    }
    let hour = (noon() + TimeDelta::hours(1)).timestamp();
    assert!((hour..hour + 60).contains(&reset.parse().unwrap()), "{reset}");
    let refused = client.get(ORG_USAGE).await;
    assert_eq!(header(&refused, "x-ratelimit-remaining"), Some("0"));
    assert_eq!(header(&refused, "x-ratelimit-used"), Some("2"));
    assert_eq!(header(&refused, "x-ratelimit-reset"), Some(reset.as_str()));
    assert_eq!(header(&refused, "retry-after"), None);
    let (status, message) = refusal(refused).await;
    assert!(status == 403 && message.starts_with("API rate limit exceeded"), "{message}");
    assert_eq!(client.status("/rate_limit").await, 200, "asking for the limit is free");
    client.simulator.set_now(noon() + TimeDelta::minutes(62));
    assert_eq!(client.status(ORG_USAGE).await, 200);
}

#[tokio::test]
async fn tokens_do_not_spend_each_others_requests_and_60_are_there_without_one() {
    let client = Client::start(Options { rate_limit: 1, ..with_tokens(&["a=read:org", "b=read:org"]) }).await;
    assert_eq!((client.status_as("a", ORG_USAGE).await, client.status_as("a", ORG_USAGE).await), (200, 403));
    assert_eq!(client.status_as("b", ORG_USAGE).await, 200);
    let url = format!("{}{ORG_USAGE}", client.simulator.url());
    for _ in 0..60 {
        assert_eq!(client.http.get(&url).send().await.unwrap().status(), 401);
    }
    assert_eq!(client.http.get(&url).send().await.unwrap().status(), 403);
}

#[tokio::test]
async fn the_rate_limit_can_be_read_and_newer_versions_leave_out_the_old_field() {
    let client = Client::start(options()).await;
    assert_eq!(client.status(ORG_USAGE).await, 200);
    let old: Value = client.get("/rate_limit").await.json().await.unwrap();
    let core = &old["resources"]["core"];
    assert_eq!((&core["limit"], &core["used"], &core["remaining"]), (&5000.into(), &1.into(), &4999.into()));
    assert_eq!(&old["rate"], core);
    assert_eq!(old["resources"]["search"]["limit"], 30);
    let request = client.request(Method::GET, "/rate_limit").header("x-github-api-version", "2026-03-10");
    let new: Value = request.send().await.unwrap().json().await.unwrap();
    assert!(new.get("rate").is_none() && new["resources"]["core"]["used"] == 1, "{new}");
}

#[tokio::test]
async fn an_unchanged_answer_is_304_and_costs_nothing() {
    let client = Client::start(options()).await;
    let first = client.get(ORG_USAGE).await;
    let tag = header(&first, "etag").unwrap().to_owned();
    assert!(tag.starts_with("W/\""), "{tag}");
    let again = || client.request(Method::GET, ORG_USAGE).header("if-none-match", &tag).send();
    let unchanged = again().await.unwrap();
    assert_eq!(unchanged.status(), 304);
    assert_eq!(header(&unchanged, "x-ratelimit-used"), Some("1"));
    assert_eq!(header(&unchanged, "etag"), Some(tag.as_str()));
    assert!(unchanged.bytes().await.unwrap().is_empty());
    client.simulator.set_now(noon() + TimeDelta::days(1));
    let changed = again().await.unwrap();
    assert_eq!(changed.status(), 200);
    assert_ne!(header(&changed, "etag"), Some(tag.as_str()));
}
