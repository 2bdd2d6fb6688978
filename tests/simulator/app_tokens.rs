//! The tokens of a GitHub App's installations: what they open, and for how long.

use chrono::TimeDelta;
use github_copilot_exporter::simulator::Options;
use reqwest::Method;
use serde_json::{Value, json};

use crate::app_key::{good_after, refused, start, start_with};
use crate::client::{Client, header, noon, options};

const RETAIL: &str = "/orgs/octo-retail/installation";
const LABS: &str = "/orgs/octo-labs/installation";
const GROUP: &str = "/enterprises/octo-group/installation";

/// What there is of an organisation, in the order of the permissions in tests.
const OF_RETAIL: [&str; 6] = [
    "/orgs/octo-retail/copilot/metrics/reports/organization-28-day/latest",
    "/orgs/octo-retail/copilot/usage",
    "/orgs/octo-retail/copilot/billing",
    "/orgs/octo-retail/copilot/billing/seats",
    "/organizations/octo-retail/settings/billing/ai_credit/usage",
    "/orgs/octo-retail/teams",
];
const OF_GROUP: [&str; 5] = [
    "/enterprises/octo-group/copilot/metrics/reports/enterprise-28-day/latest",
    "/enterprises/octo-group/copilot/usage",
    "/enterprises/octo-group/copilot/billing/seats",
    "/enterprises/octo-group/settings/billing/ai_credit/usage",
    "/enterprises/octo-group/teams",
];

const SUSPENDED: &str = "This installation has been suspended";
const OUT_OF_REACH: &str = "Resource not accessible by integration";

async fn statuses<const N: usize>(client: &Client, token: &str, paths: [&str; N]) -> [u16; N] {
    let mut statuses = [0; N];
    for (status, path) in statuses.iter_mut().zip(paths) {
        *status = client.status_as(token, path).await;
    }
    statuses
}

#[tokio::test]
async fn a_token_says_what_it_is_good_for() {
    let client = start(&["octo-retail=members:read+metadata:read"]).await;
    let answer = client.mint(client.installation(RETAIL).await).send().await.unwrap();
    assert_eq!(answer.status(), 201);
    assert_eq!(header(&answer, "etag"), None);
    let body: Value = answer.json().await.unwrap();
    let token = body["token"].as_str().unwrap();
    assert!(token.starts_with("ghs_") && token.len() == 40, "{token}");
    assert_eq!(body["expires_at"], "2026-11-20T13:00:00Z");
    assert_eq!(body["permissions"], json!({ "members": "read", "metadata": "read" }));
    assert_eq!(body["repository_selection"], "all");
    assert_eq!(client.status_as(token, "/rate_limit").await, 200);
}

#[tokio::test]
async fn tokens_live_an_hour_side_by_side() {
    let client = start(&[]).await;
    let path = OF_RETAIL[5];
    let [one, two] = [client.token(RETAIL).await, client.token(RETAIL).await];
    assert_ne!(one, two);
    client.simulator.set_now(noon() + TimeDelta::minutes(30));
    let late = client.http.post(format!(
        "{}/app/installations/{}/access_tokens",
        client.simulator.url(),
        client.simulator.install(&"octo-retail".parse().unwrap()).unwrap()
    ));
    let late: Value = late.bearer_auth(good_after(30)).send().await.unwrap().json().await.unwrap();
    let late = late["token"].as_str().unwrap().to_owned();
    for (minutes, expected) in [(58, [200, 200, 200]), (61, [401, 401, 200]), (92, [401, 401, 401])] {
        client.simulator.set_now(noon() + TimeDelta::minutes(minutes));
        let mut seen = [0; 3];
        for (status, token) in seen.iter_mut().zip([&one, &two, &late]) {
            *status = client.status_as(token, path).await;
        }
        assert_eq!(seen, expected, "{minutes} minutes after noon");
    }
    assert_eq!(refused(client.get_as(&one, path).await).await, (401, "Bad credentials".into()));
}

#[tokio::test]
async fn the_schemes_bearer_and_token_are_good_for_tokens() {
    let client = start(&[]).await;
    let token = client.token(RETAIL).await;
    for scheme in ["Bearer", "token"] {
        let request = client.http.get(format!("{}{}", client.simulator.url(), OF_RETAIL[5]));
        let answer = request.header("authorization", format!("{scheme} {token}")).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{scheme}");
        assert_eq!(header(&answer, "x-oauth-scopes"), None);
    }
}

#[tokio::test]
async fn each_path_asks_for_its_permission() {
    for (permissions, expected) in [
        ("", [403; 6]),
        ("=metadata:read", [403; 6]),
        ("=organization_copilot_metrics:read", [200, 403, 403, 403, 403, 403]),
        ("=organization_copilot_seat_management:read", [403, 200, 200, 200, 403, 403]),
        ("=organization_administration:write", [403, 200, 200, 200, 200, 403]),
        ("=members:read", [403, 403, 403, 403, 403, 200]),
    ] {
        let install = format!("octo-retail{}", if permissions.is_empty() { "=" } else { permissions });
        let client = start(&[&install]).await;
        let token = client.token(RETAIL).await;
        assert_eq!(statuses(&client, &token, OF_RETAIL).await, expected, "{permissions}");
    }
    let client = start(&[]).await;
    assert_eq!(statuses(&client, &client.token(RETAIL).await, OF_RETAIL).await, [200; 6]);
}

#[tokio::test]
async fn a_missing_permission_is_named() {
    let client = start(&["octo-retail=metadata:read", "octo-group"]).await;
    let token = client.token(RETAIL).await;
    let either = "organization_copilot_seat_management=read; organization_administration=read";
    for (path, accepted) in [
        (OF_RETAIL[0], "organization_copilot_metrics=read"),
        (OF_RETAIL[3], either),
        (OF_RETAIL[4], "organization_administration=read"),
        (OF_RETAIL[5], "members=read"),
    ] {
        let answer = client.get_as(&token, path).await;
        assert_eq!(header(&answer, "x-accepted-github-permissions"), Some(accepted), "{path}");
        assert_eq!(refused(answer).await, (403, OUT_OF_REACH.into()), "{path}");
    }
    let answer = client.get_as(&client.token(GROUP).await, OF_GROUP[2]).await;
    assert_eq!(header(&answer, "x-accepted-github-permissions"), None, "no App can have it");
    assert_eq!(refused(answer).await, (403, OUT_OF_REACH.into()));
}

#[tokio::test]
async fn a_token_opens_its_own_account_only() {
    let client = start(&[]).await;
    let (retail, labs, group) =
        (client.token(RETAIL).await, client.token(LABS).await, client.token(GROUP).await);
    assert_eq!(statuses(&client, &labs, OF_RETAIL).await, [403; 6], "other organisations can be seen");
    assert_eq!(statuses(&client, &retail, OF_GROUP).await, [404; 5], "enterprises are hidden");
    assert_eq!(statuses(&client, &group, OF_RETAIL).await, [403; 6]);
    assert_eq!(statuses(&client, &group, OF_GROUP).await, [200, 403, 403, 403, 403]);
    assert_eq!(client.status_as(&retail, "/orgs/nobody/teams").await, 404);
    assert_eq!(refused(client.get_as(&labs, OF_RETAIL[5]).await).await, (403, OUT_OF_REACH.into()));
}

#[tokio::test]
async fn a_token_can_have_less_than_the_installation() {
    let client = start(&[]).await;
    let mint = client.mint(client.installation(RETAIL).await);
    let answer = mint.json(&json!({ "permissions": { "members": "read" } })).send().await.unwrap();
    assert_eq!(answer.status(), 201);
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["permissions"], json!({ "members": "read", "metadata": "read" }));
    let token = body["token"].as_str().unwrap();
    assert_eq!(statuses(&client, token, OF_RETAIL).await, [403, 403, 403, 403, 403, 200]);
}

#[tokio::test]
async fn what_is_asked_of_a_token_has_to_make_sense() {
    let client = start(&["octo-retail=members:write", "octo-group"]).await;
    let (org, enterprise) = (client.installation(RETAIL).await, client.installation(GROUP).await);
    let not_granted = "The permissions requested are not granted to this installation.";
    let long = format!("{{\"x\":\"{}\"}}", "x".repeat(100_000));
    for (installation, body, status, message) in [
        (org, "", 201, ""),
        (org, "{}", 201, ""),
        (org, r#"{"permissions":null}"#, 201, ""),
        (org, r#"{"permissions":{"members":"read"}}"#, 201, ""),
        (org, r#"{"permissions":{"members":"write"}}"#, 201, ""),
        (org, r#"{"permissions":{"members":"admin"}}"#, 422, not_granted),
        (org, r#"{"permissions":{"members":"read","contents":"read"}}"#, 422, not_granted),
        (org, r#"{"permissions":["members"]}"#, 422, "Invalid request"),
        (org, r#"{"permissions":{"members":1}}"#, 422, "Invalid request"),
        (org, "{", 400, "Problems parsing JSON"),
        (org, &long, 400, "Problems parsing JSON"),
        (org, "[]", 400, "Body should be a JSON object"),
        (enterprise, "{}", 201, ""),
        (enterprise, r#"{"permissions":{"enterprise_copilot_metrics":"read"}}"#, 422, "Permissions cannot"),
    ] {
        let answer = client.mint(installation).body(body.to_owned()).send().await.unwrap();
        let shown = &body[..body.len().min(80)];
        assert_eq!(answer.status(), status, "{shown}");
        if status != 201 {
            let (_, told) = refused(answer).await;
            assert!(told.starts_with(message), "{shown}: {told}");
        }
    }
}

#[tokio::test]
async fn there_are_tokens_of_known_installations_only() {
    let client = start(&["octo-retail"]).await;
    for id in ["1", "x", "040000001", "99999999999999999999999"] {
        let answer = client.as_app(Method::POST, &format!("/app/installations/{id}/access_tokens"));
        assert_eq!(refused(answer.send().await.unwrap()).await, (404, "Not Found".into()), "{id}");
    }
}

#[tokio::test]
async fn a_suspended_installation_gets_no_token_and_its_tokens_open_nothing() {
    let client = start(&[]).await;
    let (retail, labs) = (client.token(RETAIL).await, client.token(LABS).await);
    assert!(client.simulator.suspend("octo-retail") && !client.simulator.suspend("nobody"));
    let minted = client.mint(client.installation(RETAIL).await).send().await.unwrap();
    assert_eq!(refused(minted).await, (403, SUSPENDED.into()));
    assert_eq!(refused(client.get_as(&retail, OF_RETAIL[5]).await).await, (403, SUSPENDED.into()));
    assert_eq!(client.status_as(&labs, "/orgs/octo-labs/teams").await, 200);
    let there: Value = client.app_get(RETAIL).await.json().await.unwrap();
    assert!(there["suspended_at"].as_str().unwrap().starts_with("2026-11-20T12:"), "{there}");
    assert!(client.simulator.unsuspend("octo-retail"));
    assert_eq!(client.status_as(&retail, OF_RETAIL[5]).await, 200);
    let there: Value = client.app_get(RETAIL).await.json().await.unwrap();
    assert!(there["suspended_at"].is_null() && there["suspended_by"].is_null(), "{there}");
}

#[tokio::test]
async fn an_installation_that_goes_takes_its_tokens_along_and_comes_back_as_another() {
    let client = start(&["octo-retail"]).await;
    let (id, token) = (client.installation(RETAIL).await, client.token(RETAIL).await);
    assert!(client.simulator.uninstall("OCTO-retail") && !client.simulator.uninstall("octo-retail"));
    assert_eq!(refused(client.get_as(&token, OF_RETAIL[5]).await).await, (401, "Bad credentials".into()));
    assert_eq!(client.app_get(RETAIL).await.status(), 404);
    assert_eq!(client.mint(id).send().await.unwrap().status(), 404);
    let again = client.simulator.install(&"octo-retail=members:read".parse().unwrap()).unwrap();
    assert_ne!(again, id);
    assert_eq!(client.installation(RETAIL).await, again);
    assert_eq!(client.status_as(&token, OF_RETAIL[5]).await, 401);
    assert_eq!(client.status_as(&client.token(RETAIL).await, OF_RETAIL[5]).await, 200);
    assert!(client.simulator.install(&"octo-labs".parse().unwrap()).is_some_and(|id| id > again));
    assert_eq!(client.simulator.install(&"nobody".parse().unwrap()), None);
}

#[tokio::test]
async fn permissions_that_change_are_those_of_the_next_token() {
    let client = start(&["octo-retail=metadata:read"]).await;
    let (id, old) = (client.installation(RETAIL).await, client.token(RETAIL).await);
    assert_eq!(client.simulator.install(&"octo-retail=members:read".parse().unwrap()), Some(id));
    assert_eq!(client.status_as(&old, OF_RETAIL[5]).await, 403);
    assert_eq!(client.status_as(&client.token(RETAIL).await, OF_RETAIL[5]).await, 200);
}

#[tokio::test]
async fn revoked_tokens_are_bad_credentials_and_new_ones_are_good() {
    let client = start(&[]).await;
    let (retail, group) = (client.token(RETAIL).await, client.token(GROUP).await);
    client.simulator.revoke_installation_tokens();
    assert_eq!(refused(client.get_as(&retail, OF_RETAIL[5]).await).await, (401, "Bad credentials".into()));
    assert_eq!(client.status_as(&group, OF_GROUP[0]).await, 401);
    assert_eq!(client.status_as(&client.token(RETAIL).await, OF_RETAIL[5]).await, 200);
}

#[tokio::test]
async fn installations_and_the_app_have_rate_limits_of_their_own() {
    let client = start_with(&[], Options { rate_limit: 4, ..options() }).await;
    // Two requests each of the App's four.
    let (retail, labs) = (client.token(RETAIL).await, client.token(LABS).await);
    let spent = client.app_get("/app").await;
    assert_eq!(header(&spent, "x-ratelimit-remaining"), Some("0"));
    assert_eq!(refused(spent).await, (403, "API rate limit exceeded for app ID 4242.".into()));
    for remaining in ["3", "2", "1", "0"] {
        let answer = client.get_as(&retail, OF_RETAIL[5]).await;
        assert_eq!((answer.status().as_u16(), header(&answer, "x-ratelimit-limit")), (200, Some("4")));
        assert_eq!(header(&answer, "x-ratelimit-remaining"), Some(remaining));
    }
    let spent = client.get_as(&retail, OF_RETAIL[5]).await;
    assert_eq!(header(&spent, "x-ratelimit-remaining"), Some("0"));
    let (status, message) = refused(spent).await;
    assert!(
        status == 403 && message.starts_with("API rate limit exceeded for installation ID "),
        "{message}"
    );
    assert_eq!(client.status_as(&labs, "/orgs/octo-labs/teams").await, 200);
    assert_eq!(client.status(OF_RETAIL[5]).await, 200);
}

#[tokio::test]
async fn tokens_of_one_installation_share_its_limit() {
    let client = start(&[]).await;
    let [one, two] = [client.token(RETAIL).await, client.token(RETAIL).await];
    assert_eq!(client.status_as(&one, OF_RETAIL[5]).await, 200);
    let answer = client.get_as(&two, OF_RETAIL[5]).await;
    assert_eq!(header(&answer, "x-ratelimit-used"), Some("2"));
}

#[tokio::test]
async fn an_unchanged_answer_to_an_app_is_304_and_costs_nothing() {
    let client = start(&[]).await;
    let first = client.app_get(RETAIL).await;
    let tag = header(&first, "etag").unwrap().to_owned();
    let again = client.as_app(Method::GET, RETAIL).header("if-none-match", tag).send().await.unwrap();
    assert_eq!((again.status().as_u16(), header(&again, "x-ratelimit-used")), (304, Some("1")));
}

#[tokio::test]
async fn faults_strike_what_the_app_asks_too() {
    let client = start(&[]).await;
    let id = client.installation(RETAIL).await;
    let fault = |spec: &str| client.simulator.set_faults(vec![spec.parse().unwrap()]);
    fault("path=/app/installations/*/access_tokens,first=1,status=502");
    assert_eq!(client.app_get("/app/installations").await.status(), 200);
    for expected in [502, 201] {
        assert_eq!(client.mint(id).send().await.unwrap().status(), expected);
    }
    fault("path=/app/installations/*/access_tokens,cut");
    let cut = client.mint(id).send().await.unwrap();
    assert!(cut.status() == 201 && cut.bytes().await.is_err());
    fault("path=/app/installations,status=403,remaining=0");
    let limited = client.app_get("/app/installations").await;
    assert_eq!((limited.status().as_u16(), header(&limited, "x-ratelimit-remaining")), (403, Some("0")));
    fault("path=/orgs/*/installation,reset");
    assert!(client.as_app(Method::GET, RETAIL).send().await.is_err());
    assert_eq!(client.app_get(GROUP).await.status(), 200);
}

#[tokio::test]
async fn the_log_tells_requests_for_tokens_apart_and_no_secrets() {
    let client = start(&[]).await;
    client.simulator.clear_requests();
    let token = client.token(RETAIL).await;
    let log = client.simulator.requests();
    let seen: Vec<_> = log.iter().map(|one| (one.method.as_str(), one.status)).collect();
    assert_eq!(seen, [("GET", Some(200)), ("POST", Some(201))]);
    assert!(log[1].path.ends_with("/access_tokens") && log[1].authorized);
    assert!(!format!("{log:?}").contains(&token));
}
