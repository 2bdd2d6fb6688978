//! A GitHub App as itself: its key, its web tokens, and where it is installed.

use std::os::unix::fs::PermissionsExt;

use aws_lc_rs::rsa::{KeyPair, KeySize};
use github_copilot_exporter::simulator::{App, Options, Simulator};
use reqwest::Method;
use serde_json::{Value, json};

use crate::app_key::{APP, KEY, good_after, jwt, pkcs1, pkcs8, refused, signed, start, start_with};
use crate::client::{Client, TOKEN, header, noon, options, relation};

const LIST: &str = "/app/installations";
const RETAIL: &str = "/orgs/octo-retail/installation";
const LABS: &str = "/orgs/octo-labs/installation";
const GROUP: &str = "/enterprises/octo-group/installation";

const UNDECODABLE: &str = "A JSON web token could not be decoded";
const EXPIRY: &str = "'Expiration time' claim ('exp') must be a numeric value representing the future time at \
                      which the assertion expires";
const TOO_FAR: &str = "'Expiration time' claim ('exp') is too far in the future";
const ISSUED: &str = "'Issued at' claim ('iat') must be an Integer representing the time that the assertion \
                      was issued";
const ISSUER: &str = "'Issuer' claim ('iss') must be an Integer";

#[tokio::test]
async fn an_app_learns_who_it_is() {
    let client = start(&[]).await;
    let answer = client.app_get("/app").await;
    assert_eq!(answer.status(), 200);
    assert!(header(&answer, "etag").is_some());
    let app: Value = answer.json().await.unwrap();
    assert_eq!((&app["id"], &app["slug"]), (&APP.into(), &"copilot-exporter".into()));
    assert_eq!((&app["owner"]["login"], &app["installations_count"]), (&"octo-retail".into(), &3.into()));
    assert_eq!(app["permissions"]["organization_copilot_metrics"], "read");
    assert_eq!(app["permissions"]["enterprise_copilot_metrics"], "read");
}

#[tokio::test]
async fn without_further_words_it_is_installed_everywhere_with_all_an_exporter_needs() {
    let client = start(&[]).await;
    let all: Vec<Value> = client.app_get(LIST).await.json().await.unwrap();
    let names: Vec<_> = all
        .iter()
        .map(|there| there["account"]["login"].as_str().or(there["account"]["slug"].as_str()).unwrap())
        .collect();
    assert_eq!(names, ["octo-retail", "octo-labs", "octo-group"]);
    let expected = json!({
        "members": "read",
        "metadata": "read",
        "organization_administration": "read",
        "organization_copilot_metrics": "read",
        "organization_copilot_seat_management": "read",
    });
    assert_eq!(all[0]["permissions"], expected);
    assert_eq!(all[2]["permissions"], json!({ "enterprise_copilot_metrics": "read" }));
}

/// The fields that the API's description requires.
const REQUIRED: [&str; 17] = [
    "id",
    "app_id",
    "app_slug",
    "target_id",
    "target_type",
    "single_file_name",
    "repository_selection",
    "access_tokens_url",
    "html_url",
    "repositories_url",
    "events",
    "account",
    "permissions",
    "created_at",
    "updated_at",
    "suspended_by",
    "suspended_at",
];

#[tokio::test]
async fn an_installation_has_the_fields_of_githubs_description() {
    let client = start(&["octo-retail", "octo-labs:suspended", "octo-group"]).await;
    for (path, kind, suspended) in
        [(RETAIL, "Organization", false), (LABS, "Organization", true), (GROUP, "Enterprise", false)]
    {
        let answer = client.app_get(path).await;
        assert_eq!(answer.status(), 200, "{path}");
        let there: Value = answer.json().await.unwrap();
        for field in REQUIRED {
            assert!(there.get(field).is_some(), "{path} has no {field}");
        }
        let (id, target) = (&there["id"], &there["target_id"]);
        assert_eq!((&there["app_id"], &there["target_type"]), (&APP.into(), &kind.into()), "{path}");
        assert_eq!(&there["account"]["id"], target, "{path}");
        assert!(there["access_tokens_url"].as_str().unwrap().ends_with(&format!("/{id}/access_tokens")));
        assert_eq!(there["suspended_at"].is_string(), suspended, "{path}");
        assert_eq!(there["suspended_by"].is_object(), suspended, "{path}");
    }
    let enterprise: Value = client.app_get(GROUP).await.json().await.unwrap();
    assert_eq!(enterprise["account"]["slug"], "octo-group");
    assert!(enterprise["account"].get("login").is_none(), "enterprises have no login");
}

#[tokio::test]
async fn an_account_without_the_app_and_none_at_all_are_not_found() {
    let client = start(&["octo-retail"]).await;
    assert_eq!(client.app_get("/orgs/OCTO-Retail/installation").await.status(), 200);
    for path in [
        LABS,
        GROUP,
        "/orgs/nobody/installation",
        "/enterprises/octo-retail/installation",
        "/orgs/octo-group/installation",
    ] {
        assert_eq!(refused(client.app_get(path).await).await, (404, "Not Found".into()), "{path}");
    }
}

#[tokio::test]
async fn the_list_of_installations_comes_in_pages() {
    let client = start_with(&[], Options { orgs: 104, teams: 0, users: 1, ..options() }).await;
    for (query, length, next) in [
        ("", 30, Some("page=2")),
        ("?per_page=100", 100, Some("per_page=100&page=2")),
        ("?per_page=1000&page=2", 5, None),
        ("?page=4", 15, None),
        ("?page=5", 0, None),
    ] {
        let answer = client.app_get(&format!("{LIST}{query}")).await;
        let next = next.map(|next| format!("{}{LIST}?{next}", client.simulator.url()));
        assert_eq!(relation(answer.headers(), "next"), next, "{query}");
        assert_eq!(answer.json::<Vec<Value>>().await.unwrap().len(), length, "{query}");
    }
    let few = start(&["octo-labs:suspended"]).await.app_get(LIST).await;
    assert_eq!(header(&few, "link"), None);
    assert_eq!(few.json::<Vec<Value>>().await.unwrap().len(), 1, "the suspended one is in the list");
}

#[tokio::test]
async fn a_web_token_is_refused_in_githubs_words() {
    let client = start(&[]).await;
    let now = noon().timestamp();
    for (claims, status, message) in [
        (json!({ "iat": now, "exp": now + 540 }), 401, ISSUER),
        (json!({ "iss": "me", "iat": now, "exp": now + 540 }), 401, ISSUER),
        (json!({ "iss": APP + 1, "iat": now, "exp": now + 540 }), 404, "Integration not found"),
        (json!({ "iss": "Iv23liSTRANGER", "iat": now, "exp": now + 540 }), 404, "Integration not found"),
        (json!({ "iss": APP, "iat": now }), 401, EXPIRY),
        (json!({ "iss": APP, "iat": now, "exp": "soon" }), 401, EXPIRY),
        (json!({ "iss": APP, "iat": now - 60, "exp": now }), 401, EXPIRY),
        (json!({ "iss": APP, "iat": now, "exp": now + 1_200 }), 401, TOO_FAR),
        (json!({ "iss": APP, "exp": now + 540 }), 401, ISSUED),
        (json!({ "iss": APP, "iat": now as f64 - 0.5, "exp": now + 540 }), 401, ISSUED),
        (json!({ "iss": APP, "iat": now + 300, "exp": now + 540 }), 401, ISSUED),
    ] {
        for (method, path) in [(Method::GET, "/app"), (Method::POST, "/app/installations/1/access_tokens")] {
            let request = client.http.request(method, format!("{}{path}", client.simulator.url()));
            let answer = request.bearer_auth(jwt(&claims)).send().await.unwrap();
            assert_eq!(header(&answer, "x-ratelimit-limit"), Some("60"), "{claims}");
            assert_eq!(refused(answer).await, (status, message.into()), "{claims}");
        }
    }
}

#[tokio::test]
async fn a_web_token_is_timed_by_githubs_clock() {
    let client = start(&[]).await;
    let early = good_after(-10);
    assert_eq!(refused(client.get_as(&early, "/app").await).await, (401, EXPIRY.into()));
    client.simulator.set_now(noon() - chrono::TimeDelta::minutes(10));
    assert_eq!(client.status_as(&early, "/app").await, 200);
    assert_eq!(refused(client.get_as(&good_after(0), "/app").await).await, (401, TOO_FAR.into()));
}

#[tokio::test]
async fn an_issuer_is_the_number_of_the_app_or_its_client_id() {
    let client = start(&[]).await;
    let app: Value = client.app_get("/app").await.json().await.unwrap();
    let now = noon().timestamp();
    for issuer in [json!(APP), json!(APP.to_string()), app["client_id"].clone()] {
        let token = jwt(&json!({ "iss": issuer, "iat": now - 60, "exp": now + 600 }));
        assert_eq!(client.status_as(&token, "/app").await, 200, "{issuer}");
    }
}

#[tokio::test]
async fn only_rs256_by_the_apps_own_key_is_decoded() {
    let client = start(&[]).await;
    let now = noon().timestamp();
    let claims = json!({ "iss": APP, "iat": now - 60, "exp": now + 540 });
    let good = jwt(&claims);
    let (message, signature) = good.rsplit_once('.').unwrap();
    let other = KeyPair::generate(KeySize::Rsa2048).unwrap();
    for token in [
        signed(&other, &json!({ "alg": "RS256" }), &claims),
        signed(&KEY, &json!({ "alg": "RS384" }), &claims),
        signed(&KEY, &json!({ "alg": "HS256" }), &claims),
        signed(&KEY, &json!({ "alg": "none" }), &claims),
        signed(&KEY, &json!({}), &claims),
        format!("{message}."),
        message.to_owned(),
        format!("{message}.{}", signature.chars().rev().collect::<String>()),
        "x".into(),
        "a.b.c".into(),
    ] {
        assert_eq!(refused(client.get_as(&token, "/app").await).await, (401, UNDECODABLE.into()), "{token}");
    }
    assert_eq!(client.status_as(&good, "/app").await, 200);
}

#[tokio::test]
async fn nobody_but_the_app_asks_for_the_app() {
    let client = start(&[]).await;
    let installation = client.token(RETAIL).await;
    for path in ["/app", LIST, RETAIL, GROUP] {
        for authorization in [
            None,
            Some(format!("Bearer {TOKEN}")),
            Some(format!("Bearer {installation}")),
            Some(format!("token {}", good_after(0))),
            Some(good_after(0)),
        ] {
            let mut request = client.http.get(format!("{}{path}", client.simulator.url()));
            if let Some(authorization) = &authorization {
                request = request.header("authorization", authorization);
            }
            let answer = request.send().await.unwrap();
            assert_eq!(refused(answer).await, (401, UNDECODABLE.into()), "{path} {authorization:?}");
        }
    }
}

#[tokio::test]
async fn a_web_token_opens_nothing_but_the_app() {
    let client = start(&[]).await;
    for path in ["/orgs/octo-retail/teams", "/enterprises/octo-group/teams", "/rate_limit", "/nowhere"] {
        let answer = client.app_get(path).await;
        assert_eq!(refused(answer).await, (401, "Bad credentials".into()), "{path}");
    }
}

#[tokio::test]
async fn each_path_has_its_method() {
    let client = start(&[]).await;
    let tokens = format!("/app/installations/{}/access_tokens", client.installation(RETAIL).await);
    for (method, path, expected) in [
        (Method::HEAD, "/app", 200),
        (Method::POST, "/app", 404),
        (Method::DELETE, LIST, 404),
        (Method::PUT, RETAIL, 404),
        (Method::GET, tokens.as_str(), 404),
        (Method::HEAD, &tokens, 404),
        (Method::PUT, &tokens, 404),
        (Method::POST, &tokens, 201),
        (Method::GET, "/app/", 401),
    ] {
        let answer = client.as_app(method.clone(), path).send().await.unwrap();
        assert_eq!(answer.status(), expected, "{method} {path}");
    }
}

#[tokio::test]
async fn without_an_app_nobody_is_one() {
    let client = Client::start(options()).await;
    for path in ["/app", LIST, RETAIL] {
        assert_eq!(refused(client.app_get(path).await).await, (401, UNDECODABLE.into()), "{path}");
    }
    assert!(!client.simulator.suspend("octo-retail"));
    assert_eq!(client.simulator.install(&"octo-retail".parse().unwrap()), None);
}

#[tokio::test]
async fn a_key_is_read_in_both_forms() {
    for pem in [pkcs1(&KEY), pkcs8(&KEY)] {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), &pem).unwrap();
        let app = App { id: APP, key_file: file.path().to_owned() };
        let client = Client::start(Options { app: Some(app), ..options() }).await;
        assert_eq!(client.app_get("/app").await.status(), 200, "{}", pem.lines().next().unwrap());
    }
}

#[tokio::test]
async fn a_key_that_is_missing_is_made_once_for_its_owner_alone() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("app.pem");
    let with_key = || Options { app: Some(App { id: APP, key_file: file.clone() }), ..options() };
    let client = Client::start(with_key()).await;
    assert_eq!(refused(client.app_get("/app").await).await, (401, UNDECODABLE.into()), "another key");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let made = std::fs::read_to_string(&file).unwrap();
    assert!(
        made.starts_with("-----BEGIN RSA PRIVATE KEY-----\n") && made.lines().all(|line| line.len() <= 64)
    );
    let text: String = made.lines().filter(|line| !line.starts_with("-----")).collect();
    let der = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, text).unwrap();
    let key = KeyPair::from_der(&der).unwrap();
    let now = noon().timestamp();
    let claims = json!({ "iss": APP, "iat": now - 60, "exp": now + 540 });
    let token = signed(&key, &json!({ "alg": "RS256" }), &claims);
    assert_eq!(client.status_as(&token, "/app").await, 200);
    let again = Client::start(with_key()).await;
    assert_eq!(again.status_as(&token, "/app").await, 200);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), made);
}

#[tokio::test]
async fn what_cannot_be_is_refused_before_anything_listens() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| App { id: APP, key_file: directory.path().join(name) };
    std::fs::write(directory.path().join("good.pem"), pkcs8(&KEY)).unwrap();
    std::fs::write(directory.path().join("bad.pem"), "no key").unwrap();
    for (app, installs, expected) in [
        (None, vec!["octo-labs"], "`octo-labs` is where an App is installed, but there is no App"),
        (Some("good.pem"), vec!["octo-labs", "Octo-Labs"], "the App is installed twice on `Octo-Labs`"),
        (
            Some("good.pem"),
            vec!["nobody"],
            "the App is installed on `nobody`, but there are only octo-retail, octo-labs, octo-group",
        ),
        (
            Some("bad.pem"),
            vec![],
            "bad.pem as the private key of the App: it holds no private RSA key in PEM",
        ),
        (Some("gone/app.pem"), vec![], "gone/app.pem as the private key of the App: No such file"),
    ] {
        let install = installs.into_iter().map(|install| install.parse().unwrap()).collect();
        let error = Simulator::start(Options { app: app.map(at), install, ..options() }).await.unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
}
