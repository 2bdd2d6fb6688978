//! `check`: what it says of a GitHub that refuses, in as many ways as GitHub has.

use std::{fmt::Write, path::Path};

use github_copilot_exporter::{
    check::{self, report::Report},
    clock::SharedClock,
    config::Config,
    simulator::{Api, Fault, FaultKind, NotReady, Options, Simulator, StatusFault},
};
use serde_json::{Value, json};
use tempfile::TempDir;
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::any};

use crate::{
    program::{Running, exporter, run},
    support::ManualClock,
};

const NOON: &str = "2026-11-20T12:00:00Z";

/// Where nobody listens.
const DEAD: &str = "http://127.0.0.1:9";

fn small() -> Options {
    Options { users: 60, now: Some(NOON.parse().unwrap()), ..Options::default() }
}

/// Checks by the clock of these tests, with these variables.
async fn look(api: &str, variables: &[(&str, &str)]) -> Report {
    let variables = [("GITHUB_API_URL", api)].into_iter().chain(variables.iter().copied());
    let variables = variables.map(|(name, value)| (name.into(), value.into()));
    let config = Config::from_environment(variables).unwrap_or_else(|problems| panic!("{problems:?}"));
    let clock: SharedClock = ManualClock::starting(NOON);
    check::run(&config, &clock, std::future::pending()).await.unwrap()
}

/// The same of the first organisation of a company that has these faults, with this token.
async fn look_at_labs(faults: &[&str], token: &str) -> Report {
    let tokens =
        [token.parse().unwrap(), "octocat-demo-token=read:org+manage_billing:copilot".parse().unwrap()];
    let faults = faults.iter().map(|fault| fault.parse().unwrap()).collect();
    let simulator = Simulator::start(Options { tokens: tokens.into(), faults, ..small() }).await.unwrap();
    let name = token.split('=').next().unwrap();
    look(&simulator.url(), &[("GITHUB_TOKEN", name), ("GITHUB_ORGS", "octo-labs")]).await
}

/// A GitHub with one answer for everything.
async fn look_at_one_answer(answer: ResponseTemplate) -> Report {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(answer).mount(&server).await;
    look(&server.uri(), &[("GITHUB_TOKEN", "ghp_secret"), ("GITHUB_ORGS", "octo-labs")]).await
}

/// An App that is installed so, and what is told of the organisations that are named, if any are.
async fn look_as_app(install: &[&str], variables: &[(&str, &str)], spoil: impl FnOnce(&Path)) -> Report {
    let directory = TempDir::new().unwrap();
    let key = directory.path().join("app.pem");
    let app = Some(format!("4242={}", key.display()).parse().unwrap());
    let install = install.iter().map(|install| install.parse().unwrap()).collect();
    let simulator = Simulator::start(Options { app, install, ..small() }).await.unwrap();
    spoil(&key);
    let key = key.display().to_string();
    let own = [("GITHUB_APP_ID", "4242"), ("GITHUB_APP_PRIVATE_KEY_FILE", &*key)];
    look(&simulator.url(), &[&own, variables].concat()).await
}

/// What differs from machine to machine is blotted out.
fn shown(report: &Report) -> String {
    let text = report.to_string();
    let mut words = String::new();
    for part in text.split_inclusive(' ') {
        let file = part.trim_end().trim_end_matches(':');
        let is_key = file.ends_with(".pem") && file.starts_with('/');
        words += &if is_key { part.replace(file, "/…/app.pem") } else { part.to_owned() };
    }
    words
}

const LABS: (&str, &str) = ("GITHUB_ORGS", "octo-labs");

#[tokio::test]
async fn every_refusal_names_what_is_lacking_and_where_to_change_it() {
    let wrong_key = |key: &Path| {
        let other = a_key();
        std::fs::write(key, other).unwrap();
    };
    let leave = |_: &Path| ();
    let sso = ResponseTemplate::new(403)
        .insert_header("x-github-sso", "required; url=https://github.com/orgs/octo-labs/sso?request=SECRET")
        .set_body_json(json!({"message": "Resource protected by organization SAML enforcement."}));
    let limit = ResponseTemplate::new(403)
        .insert_header("retry-after", "60")
        .set_body_json(json!({"message": "You have exceeded a secondary rate limit."}));
    let stray = json!({"download_links": ["https://files.example/part-00000.json?sig=SECRET"]});
    let stray = ResponseTemplate::new(200).set_body_json(stray);
    let full = "full=read:org+manage_billing:copilot";
    let cases = [
        ("a wrong token", look_at_one_answer(unauthorized()).await),
        ("a classic token without the scope", look_at_labs(&[], "weak=gist").await),
        ("a fine-grained token without the permission", look_at_labs(&[], "narrow=members:read").await),
        ("the policy is off", look_at_labs(&["policy-off"], full).await),
        ("single sign-on", look_at_one_answer(sso).await),
        ("an organisation that hides", {
            let simulator = Simulator::start(small()).await.unwrap();
            let variables = [("GITHUB_TOKEN", "octocat-demo-token"), ("GITHUB_ORGS", "octo-typo")];
            look(&simulator.url(), &variables).await
        }),
        ("Copilot is not paid", look_at_labs(&["path=*/copilot/billing*,status=422"], full).await),
        ("a mere member", look_at_labs(&[], "member=read:org@octo-labs:member").await),
        ("only the report about people", look_at_labs(&["path=*/users-*,status=403"], full).await),
        ("files that cannot be fetched", look_at_labs(&["expired"], full).await),
        ("files on a host that is not allowed, and answers that are none", look_at_one_answer(stray).await),
        ("limits", look_at_one_answer(limit).await),
        ("GitHub is down", look_at_one_answer(ResponseTemplate::new(502)).await),
        ("no network", look(DEAD, &[("GITHUB_TOKEN", "ghp_secret"), LABS]).await),
        ("an App that is not installed", look_as_app(&["octo-retail"], &[LABS], leave).await),
        ("an App that is suspended", look_as_app(&["octo-labs:suspended"], &[], leave).await),
        ("an App without a permission", look_as_app(&["octo-labs=members:read"], &[], leave).await),
        (
            "an App that GitHub does not know",
            look_as_app(&["octo-labs"], &[("GITHUB_APP_ID", "4243")], leave).await,
        ),
        ("an App with another App's key", look_as_app(&["octo-labs"], &[], wrong_key).await),
        (
            "an App without a key",
            look_as_app(&["octo-labs"], &[LABS], |key| std::fs::remove_file(key).unwrap()).await,
        ),
    ];
    let mut golden = String::new();
    for (title, report) in &cases {
        assert!(!report.is_fine(), "{title}");
        writeln!(golden, "===== {title}\n\n{}\n", shown(report)).unwrap();
    }
    assert!(!golden.contains("SECRET") && !golden.contains("ghp_secret"), "{golden}");
    insta::assert_snapshot!(golden);
}

fn unauthorized() -> ResponseTemplate {
    ResponseTemplate::new(401).set_body_json(json!({"message": "Bad credentials: ghp_secret"}))
}

/// A private key of nobody's App.
fn a_key() -> String {
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
    key.serialize_pem()
}

#[tokio::test]
async fn where_everything_may_be_read_everything_works_by_either_interface() {
    for (api, word) in [(Api::Both, "reports"), (Api::Reports, "reports"), (Api::Usage, "usage")] {
        let simulator = Simulator::start(Options { api, ..small() }).await.unwrap();
        let company = simulator.announcement();
        let orgs = company.orgs.join(",");
        let variables = [
            ("GITHUB_TOKEN", &*company.token),
            ("GITHUB_ORGS", &orgs),
            ("GITHUB_ENTERPRISE", &company.enterprise),
        ];
        let report = look(&company.api, &variables).await;
        assert!(report.is_fine() && report.complete, "{report}");
        assert_eq!(report.sources.len(), 3 * 4);
        let found = report.json();
        for row in found["sources"].as_array().unwrap() {
            assert_eq!(row["verdict"], "works", "{row}");
            let usage = ["activity", "teams"].contains(&row["source"].as_str().unwrap());
            assert_eq!(row["api"], if usage { json!(word) } else { Value::Null }, "{row}");
        }
        insta::assert_snapshot!(format!("all_works_by_{api:?}").to_lowercase(), report);
    }
}

#[tokio::test]
async fn a_list_is_asked_for_its_first_page_only_and_nothing_twice() {
    let simulator = Simulator::start(Options { orgs: 1, teams: 250, users: 900, api: Api::Usage, ..small() })
        .await
        .unwrap();
    let company = simulator.announcement();
    let report =
        look(&company.api, &[("GITHUB_TOKEN", &*company.token), ("GITHUB_ORGS", &company.orgs[0])]).await;
    assert!(report.is_fine(), "{report}");
    let mut asked: Vec<_> = simulator.requests().into_iter().map(|request| request.path).collect();
    let all = asked.len();
    asked.sort();
    asked.dedup();
    assert_eq!((asked.len(), all), (8, 8), "{asked:?}");
}

#[tokio::test]
async fn what_github_has_not_made_yet_is_nothing_to_change() {
    for not_ready in [NotReady::NoContent, NotReady::NoLinks, NotReady::Text] {
        let not_ready = Fault::new(FaultKind::NotReady(not_ready));
        let simulator = Simulator::start(Options { faults: vec![not_ready], ..small() }).await.unwrap();
        let report = look(&simulator.url(), &[("GITHUB_TOKEN", "octocat-demo-token"), LABS]).await;
        assert!(report.is_fine(), "{report}");
        let verdicts: Vec<_> = verdicts(&report);
        assert_eq!(verdicts, ["not_ready", "not_ready", "works", "works"], "{report}");
        assert!(!report.to_string().contains("WHAT TO CHANGE"), "{report}");
    }
    // A day that is over for two days may come yet, be it that GitHub calls it missing.
    for not_ready in [NotReady::NoContent, NotReady::NotFound, NotReady::BadGateway] {
        let faults = ["*/users-1-day", "*/user-teams-1-day"];
        let fault = |path: &str| Fault { path: path.into(), ..Fault::new(FaultKind::NotReady(not_ready)) };
        let faults = faults.map(fault).to_vec();
        let simulator = Simulator::start(Options { faults, ..small() }).await.unwrap();
        let report = look(&simulator.url(), &[("GITHUB_TOKEN", "octocat-demo-token"), LABS]).await;
        assert_eq!(verdicts(&report), ["not_ready", "not_ready", "works", "works"], "{report}");
    }
}

fn verdicts(report: &Report) -> Vec<String> {
    let found = report.json();
    let rows = found["sources"].as_array().unwrap();
    rows.iter().map(|row| row["verdict"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn only_what_is_configured_is_asked() {
    let simulator = Simulator::start(small()).await.unwrap();
    let variables = [
        ("GITHUB_TOKEN", "octocat-demo-token"),
        LABS,
        ("EXPORTER_SOURCES", "teams"),
        ("GITHUB_COPILOT_API", "usage"),
    ];
    let report = look(&simulator.url(), &variables).await;
    assert_eq!(report.sources.len(), 1, "{report}");
    let asked: Vec<_> = simulator.requests().into_iter().map(|request| request.path).collect();
    assert_eq!(asked.len(), 2, "{asked:?}");
    let report = look(&simulator.url(), &[&variables[..], &[("GITHUB_TEAMS", "none")]].concat()).await;
    assert!(report.to_string().contains("GITHUB_TEAMS=none"), "{report}");
    assert_eq!(simulator.requests().len(), 2, "nothing more");
}

#[tokio::test]
async fn what_is_advised_for_several_sources_is_said_once() {
    let simulator = Simulator::start(small()).await.unwrap();
    let variables = [("GITHUB_TOKEN", "octocat-demo-token"), ("GITHUB_ORGS", "octo-typo")];
    let report = look(&simulator.url(), &variables).await;
    let text = report.to_string();
    assert_eq!(text.matches("Check the spelling in GITHUB_ORGS").count(), 1, "{text}");
    assert!(text.contains("For organisation octo-typo (activity, teams, seats, billing)."), "{text}");
    for (row, of_a_day) in report.json()["sources"].as_array().unwrap().iter().zip([true, true, false, false])
    {
        let advice = row["problems"][0]["advice"].as_str().unwrap();
        assert!(advice.starts_with("Check the spelling in GITHUB_ORGS"), "{advice}");
        assert_eq!(advice.contains("only missing for a day"), of_a_day, "{advice}");
    }
}

#[tokio::test]
async fn it_is_told_how_many_teams_are_selected_by_either_interface() {
    for api in [Api::Reports, Api::Usage] {
        let simulator = Simulator::start(Options { api, ..small() }).await.unwrap();
        let told = async |teams: &str| {
            let variables = [("GITHUB_TOKEN", "octocat-demo-token"), LABS, ("GITHUB_TEAMS", teams)];
            look(&simulator.url(), &variables).await.to_string()
        };
        let [none, all, default] = [told("no-such-team").await, told("!no-such-team").await, told("*").await];
        assert!(none.contains(", 0 selected by GITHUB_TEAMS"), "{none}");
        assert!(all.contains(" selected by GITHUB_TEAMS") && !all.contains(", 0 selected"), "{all}");
        assert!(!default.contains("GITHUB_TEAMS"), "{default}");
    }
}

#[tokio::test]
async fn teams_alone_need_what_people_did_by_reports() {
    let fault = "path=*/users-*,status=403".parse().unwrap();
    let simulator = Simulator::start(Options { faults: vec![fault], ..small() }).await.unwrap();
    let variables = [("GITHUB_TOKEN", "octocat-demo-token"), LABS, ("EXPORTER_SOURCES", "teams")];
    let report = look(&simulator.url(), &variables).await;
    assert_eq!(verdicts(&report), ["refused"], "{report}");
    assert!(report.to_string().contains("users-1-day"), "{report}");
}

#[tokio::test]
async fn a_hundred_and_thirty_organisations_share_one_advice_and_those_of_a_dead_github_do_not_wait() {
    let directory = TempDir::new().unwrap();
    let key = directory.path().join("app.pem").display().to_string();
    let options = Options { orgs: 130, app: Some(format!("4242={key}").parse().unwrap()), ..small() };
    let simulator = Simulator::start(options).await.unwrap();
    simulator.set_faults(vec![Fault {
        path: "/orgs/*/copilot/billing*".into(),
        ..Fault::new(FaultKind::Status(StatusFault::new(403)))
    }]);
    let app =
        [("GITHUB_APP_ID", "4242"), ("GITHUB_APP_PRIVATE_KEY_FILE", &*key), ("EXPORTER_SOURCES", "seats")];
    let report = look(&simulator.url(), &app).await;
    let text = report.to_string();
    assert_eq!(report.sources.len(), 130, "{text}");
    assert_eq!(text.matches("\n[").count(), 1, "{text}");
    assert!(text.contains("and 124 more."), "{text}");
    let one_row = "(by owner)  works  one for each of 130 owners, each with 5000 requests left at least";
    assert!(text.contains(one_row), "{text}");

    let server = MockServer::start().await;
    let slow = ResponseTemplate::new(200).set_delay(std::time::Duration::from_secs(3600));
    Mock::given(any()).respond_with(slow).mount(&server).await;
    let orgs: Vec<_> = simulator.world().orgs().iter().map(|org| org.login.clone()).collect();
    let orgs = orgs.join(",");
    let variables = [("GITHUB_TOKEN", "x"), ("GITHUB_ORGS", &*orgs), ("GITHUB_TIMEOUT", "1s")];
    let report = look(&server.uri(), &variables).await;
    assert_eq!(report.sources.len(), 4 * 130);
    assert_eq!(server.received_requests().await.unwrap().len(), 3);
    assert!(report.to_string().contains("timeout: not asked after GET /orgs/"), "{report}");
}

#[tokio::test]
async fn a_file_for_each_owner_is_a_credential_for_each_owner() {
    let simulator = Simulator::start(small()).await.unwrap();
    let directory = TempDir::new().unwrap();
    std::fs::write(directory.path().join("octo-labs"), "octocat-demo-token").unwrap();
    let file = directory.path().join("{owner}").display().to_string();
    let variables = [("GITHUB_TOKEN_FILE", &*file), ("GITHUB_ORGS", "octo-retail,octo-labs")];
    let report = look(&simulator.url(), &variables).await;
    let found = report.json();
    let of = |name: &str| {
        let rows = found["sources"].as_array().unwrap().iter();
        let rows = rows.filter(|row| row["org"] == name).map(|row| row["verdict"].as_str().unwrap());
        rows.collect::<Vec<_>>()
    };
    assert_eq!(of("octo-labs"), ["works"; 4], "{report}");
    assert_eq!(of("octo-retail"), ["refused"; 4], "{report}");
    assert_eq!(found["sources"][0]["org"], "octo-retail", "in the order of the configuration");
    let names: Vec<_> =
        found["credentials"].as_array().unwrap().iter().map(|row| &row["credential"]).collect();
    assert_eq!(names, ["token_file:octo-labs", "token_file:octo-retail"]);
}

#[tokio::test]
async fn with_a_token_beside_the_app_each_owner_is_asked_as_serve_would() {
    let variables = [("GITHUB_ORGS", "octo-labs,octo-retail"), ("GITHUB_TOKEN", "octocat-demo-token")];
    let report = look_as_app(&["octo-labs"], &variables, |_| ()).await;
    assert!(report.is_fine(), "{report}");
    let found = report.json();
    let used = |org: &str| {
        let rows = found["sources"].as_array().unwrap();
        rows.iter().find(|row| row["org"] == org).unwrap()["credential"].clone()
    };
    assert_eq!([used("octo-labs"), used("octo-retail")], ["app:octo-labs", "token"]);
    assert_eq!(found["credentials"][0]["app"], json!({"installations": 1, "suspended": []}));
}

#[tokio::test]
async fn an_app_that_is_installed_nowhere_is_refused_where_nobody_is_named() {
    let report = look_as_app(&["octo-labs:suspended"], &[], |_| ()).await;
    let app = &report.json()["credentials"][0];
    assert_eq!(app["app"], json!({"installations": 1, "suspended": ["organisation octo-labs"]}));
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(200).set_body_json(json!([]))).mount(&server).await;
    let directory = TempDir::new().unwrap();
    let key = directory.path().join("key.pem");
    std::fs::write(&key, a_key()).unwrap();
    let key = key.display().to_string();
    let report = look(&server.uri(), &[("GITHUB_APP_ID", "1"), ("GITHUB_APP_PRIVATE_KEY_FILE", &*key)]).await;
    assert!(!report.is_fine());
    assert!(report.to_string().contains("the App is installed on no organisation"), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_ends_with_0_or_1_or_64_and_prints_one_json_document_and_no_secret() {
    let simulator = Simulator::start(Options { users: 60, ..Options::default() }).await.unwrap();
    let company = simulator.announcement();
    let directory = TempDir::new().unwrap();
    let state = directory.path().join("state").display().to_string();
    let variables = [
        ("GITHUB_API_URL", &*company.api),
        ("GITHUB_TOKEN", &*company.token),
        ("GITHUB_ORGS", &*company.orgs[0]),
        ("EXPORTER_STATE_DIR", &*state),
        ("EXPORTER_LOG_LEVEL", "trace"),
    ];
    let (code, told, log) = run(exporter(&["check"], &variables));
    assert_eq!(code, Some(0), "{told}{log}");
    assert!(told.contains("refused") && told.trim_end().ends_with("0 refused"), "{told}");
    assert!(!Path::new(&state).exists(), "nothing is made");
    assert!(!format!("{told}{log}").contains(&company.token), "{told}{log}");

    let message = Some(format!("Bad credentials: {}", company.token));
    let refused = FaultKind::Status(StatusFault { message, ..StatusFault::new(401) });
    simulator.set_faults(vec![Fault { path: "/orgs/*".into(), ..Fault::new(refused) }]);
    let (code, told, log) = run(exporter(&["check", "--json"], &variables));
    assert_eq!(code, Some(1), "{told}{log}");
    assert!(!format!("{told}{log}").contains(&company.token), "{told}{log}");
    let told: Value = serde_json::from_str(&told).unwrap();
    let expected = json!({
        "enterprise": "", "org": company.orgs[0], "source": "seats", "credential": "token", "api": null,
        "verdict": "refused",
        "detail": "unauthorized: not asked after GET /orgs/octo-retail/copilot/metrics/reports/organization-28-day/latest: 401 Unauthorized: Bad credentials: ***",
    });
    let mut row = told["sources"][2].clone();
    let problems = row.as_object_mut().unwrap().remove("problems").unwrap();
    assert_eq!(row, expected);
    assert_eq!(problems[0]["reason"], "unauthorized");
    assert!(problems[0]["advice"].as_str().unwrap().contains("GITHUB_TOKEN"), "{problems}");
    assert_eq!(told["ok"], false);
    assert_eq!(told["complete"], true);
    assert_eq!(
        told["local"][0],
        json!({"variable": "EXPORTER_STATE_DIR", "verdict": "works", "detail": "it can be written to"})
    );
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&told), ["at", "complete", "credentials", "local", "ok", "sources"]);
    assert_eq!(
        keys(&told["credentials"][0]),
        [
            "advice",
            "app",
            "credential",
            "detail",
            "expires",
            "reason",
            "requests_limit",
            "requests_remaining",
            "requests_reset",
            "verdict"
        ]
    );

    let (code, told, problems) = run(exporter(&["check"], &[]));
    assert_eq!((code, &*told), (Some(64), ""));
    assert!(problems.contains("GITHUB_TOKEN or GITHUB_TOKEN_FILE"), "{problems}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_on_this_machine_is_told_and_a_running_exporter_is_not_in_the_way() {
    let simulator = Simulator::start(Options { users: 60, ..Options::default() }).await.unwrap();
    let company = simulator.announcement();
    let directory = TempDir::new().unwrap();
    let web = directory.path().join("web.yml");
    std::fs::write(&web, "basic_auth_users: {mona: ghp_secret}\n").unwrap();
    let (web, state) = (web.display().to_string(), directory.path().join("web.yml/x").display().to_string());
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let variables = [
        ("GITHUB_API_URL", &*company.api),
        ("GITHUB_TOKEN", &*company.token),
        ("GITHUB_ORGS", &*company.orgs[0]),
        ("EXPORTER_WEB_CONFIG_FILE", &*web),
        ("EXPORTER_STATE_DIR", &*state),
        ("EXPORTER_LISTEN_ADDRESS", &*address),
    ];
    let (code, told, log) = run(exporter(&["check", "--json"], &variables));
    assert_eq!(code, Some(1), "{log}");
    let found: Value = serde_json::from_str(&told).unwrap();
    let verdicts: Vec<_> =
        found["local"].as_array().unwrap().iter().map(|row| (&row["variable"], &row["verdict"])).collect();
    let expected = [("EXPORTER_WEB_CONFIG_FILE", "refused"), ("EXPORTER_STATE_DIR", "refused")];
    let expected = expected.map(|(variable, verdict)| (json!(variable), json!(verdict)));
    assert_eq!(verdicts, expected.each_ref().map(|(variable, verdict)| (variable, verdict)), "{told}");
    assert!(found["local"][1]["detail"].as_str().unwrap().contains("ot a directory"), "{told}");
    assert!(!told.contains("ghp_secret"), "{told}");
}

#[test]
fn a_stop_signal_ends_it_while_github_hangs_with_what_was_found_so_far() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let api = format!("http://{}", silent.local_addr().unwrap());
    let variables = [
        ("GITHUB_API_URL", &*api),
        ("GITHUB_TOKEN", "x"),
        LABS,
        ("EXPORTER_STATE_DIR", "/"),
        ("EXPORTER_LOGLEVEL", "x"),
    ];
    let running = Running::start(exporter(&["check"], &variables));
    running.line_with("is it misspelt");
    let patience = crate::support::Patience::new();
    silent.set_nonblocking(true).unwrap();
    let _asked = loop {
        if let Ok(connection) = silent.accept() {
            break connection;
        }
        patience.check("a question");
        std::thread::yield_now();
    };
    let (status, said) = running.terminate();
    let said = said.join("\n");
    assert!(said.contains("Stopped before everything was tried."), "{said}");
    assert!(status.code().is_some(), "{said}");
}
