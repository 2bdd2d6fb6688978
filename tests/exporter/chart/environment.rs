//! The variables: each is set by one value, with the code's default and by the code's rule, and there is no other.

use std::collections::{BTreeMap, BTreeSet};

use github_copilot_exporter::config::{Config, variables};
use serde_json::{Value, json};

use super::{
    Chart,
    render::{Objects, merged, minimal},
};
use crate::contracts::words;

/// What the client for GitHub and its proxies read beside our own variables.
const OTHERS: [&str; 2] = ["HTTPS_PROXY", "NO_PROXY"];

/// A variable that no value sets: a token in the environment is seen by whoever sees the pod, and is never read again.
const NEVER_SET: &str = "GITHUB_TOKEN";

/// One value, and what it makes of one variable.
struct Setting {
    variable: &'static str,
    value: &'static str,
    set: Value,
    expected: &'static str,
    /// What the chart refuses, and the code does, too.
    wrong: Vec<Value>,
}

fn setting<const N: usize>(
    variable: &'static str,
    value: &'static str,
    set: impl Into<Value>,
    expected: &'static str,
    wrong: [Value; N],
) -> Setting {
    Setting { variable, value, set: set.into(), expected, wrong: wrong.into() }
}

fn credentials() -> Vec<Setting> {
    vec![
        setting(
            "GITHUB_TOKEN_FILE",
            "github.token.perOwner",
            true,
            "/etc/github-copilot-exporter/token/{owner}",
            [],
        ),
        setting("GITHUB_APP_ID", "github.app.id", "Iv1.abc", "Iv1.abc", [json!("no id")]),
        setting(
            "GITHUB_APP_PRIVATE_KEY_FILE",
            "github.app.existingSecret",
            "app",
            "/etc/github-copilot-exporter/app/private-key.pem",
            [],
        ),
        setting("EXPORTER_WEB_CONFIG_FILE", "web.key", "a.yml", "/etc/github-copilot-exporter/web/a.yml", []),
        setting("EXPORTER_STATE_DIR", "state.path", "/kept", "/kept", []),
    ]
}

fn whom_to_ask() -> Vec<Setting> {
    vec![
        setting("GITHUB_ORGS", "github.orgs", json!(["Octo", "b_c"]), "Octo,b_c", [json!(["a/b"])]),
        setting("GITHUB_ENTERPRISE", "github.enterprise", "big", "big", [json!("a/b")]),
        setting("GITHUB_TEAMS", "github.teams", json!(["a", "!o/b*"]), "a,!o/b*", [json!(["none", "a b"])]),
        setting("GITHUB_COPILOT_API", "github.copilotApi", "usage", "usage", [json!("both")]),
        setting(
            "GITHUB_API_URL",
            "github.apiUrl",
            "http://localhost:8000/api/v3",
            "http://localhost:8000/api/v3",
            [
                json!("http://github.example"),
                json!("github.example"),
                json!("https://a@b"),
                json!("https://a?b"),
            ],
        ),
        setting(
            "GITHUB_DOWNLOAD_HOSTS",
            "github.downloadHosts",
            json!(["a.example", "*.b"]),
            "a.example,*.b",
            [json!(["https://a"])],
        ),
        setting("GITHUB_CONCURRENCY", "github.concurrency", 100, "100", [json!(0), json!(101)]),
        setting(
            "GITHUB_TIMEOUT",
            "github.timeout",
            "1m 30s",
            "1m 30s",
            [json!("30"), json!("soon"), json!("0s"), json!("999ms"), json!("0m 10ms")],
        ),
    ]
}

fn how_to_run() -> Vec<Setting> {
    vec![
        setting(
            "EXPORTER_SOURCES",
            "exporter.sources",
            json!(["teams", "activity"]),
            "teams,activity",
            [json!(["usage"])],
        ),
        setting(
            "EXPORTER_LISTEN_ADDRESS",
            "exporter.listenAddress",
            ":8080",
            ":8080",
            [json!("10220"), json!("localhost:80"), json!(":65536")],
        ),
        setting(
            "EXPORTER_REFRESH_INTERVAL",
            "exporter.refreshInterval",
            "2h",
            "2h",
            [json!("hourly"), json!("0h")],
        ),
        setting("EXPORTER_HISTORY_DAYS", "exporter.historyDays", 7, "7", [json!(-1), json!(29)]),
        setting("EXPORTER_SETTLE_DAYS", "exporter.settleDays", 27, "27", [json!(-1), json!(28)]),
        setting("EXPORTER_TEAM_DETAIL", "exporter.teamDetail", "all", "all", [json!("none")]),
        setting(
            "EXPORTER_MAX_LABEL_VALUES",
            "exporter.maxLabelValues",
            100_000,
            "100000",
            [json!(0), json!(100_001)],
        ),
        setting(
            "EXPORTER_MAX_SERIES",
            "exporter.maxSeries",
            100_000_000,
            "100000000",
            [json!(0), json!(100_000_001)],
        ),
        setting("EXPORTER_LOG_LEVEL", "exporter.logLevel", "trace", "trace", [json!("loud")]),
        setting("EXPORTER_LOG_FORMAT", "exporter.logFormat", "json", "json", [json!("text")]),
    ]
}

fn settings() -> Vec<Setting> {
    [credentials(), whom_to_ask(), how_to_run()].into_iter().flatten().collect()
}

/// Values in which every variable is set but the one that never is.
fn everything() -> Value {
    merged(
        &minimal(),
        &json!({
            "github": {"enterprise": "group", "app": {"id": "1", "existingSecret": "key"}},
            "web": {"existingSecret": "web"},
        }),
    )
}

/// Values in which one is another.
fn at(path: &str, value: &Value) -> Value {
    path.rsplit('.').fold(value.clone(), |below, key| json!({key: below}))
}

fn environment(chart: &Chart, values: &Value) -> BTreeMap<String, String> {
    Objects::of(chart, values).environment().into_iter().collect()
}

/// What is wrong with the names of variables, and their defaults.
fn wrong_names(chart: &Chart) -> Vec<String> {
    let known: BTreeSet<_> = variables::ALL.iter().map(|variable| variable.name).collect();
    let mut wrong = Vec::new();
    for file in chart.files("templates").iter().filter(|file| *file != "NOTES.txt") {
        let text = chart.read(&format!("templates/{file}"));
        for name in words(&text, "GITHUB_").chain(words(&text, "EXPORTER_")) {
            if !known.contains(name) {
                wrong.push(format!("templates/{file}: there is no variable {name}"));
            }
        }
    }
    let set = environment(chart, &minimal());
    for variable in variables::ALL.iter().filter(|variable| !variable.default.is_empty()) {
        let value = set.get(variable.name).map_or("", String::as_str);
        if value != variable.default {
            wrong.push(format!(
                "{} is {value:?} by default, in the code {:?}: values.yaml",
                variable.name, variable.default
            ));
        }
    }
    let all = environment(chart, &everything());
    let missing = known.iter().filter(|name| **name != NEVER_SET && !all.contains_key(**name));
    wrong.extend(missing.map(|name| format!("no value sets {name}: templates/_env.tpl, values.yaml")));
    let strange = all.keys().filter(|name| !known.contains(name.as_str()));
    wrong.extend(strange.map(|name| format!("{name} is no variable of the exporter: templates/_env.tpl")));
    wrong
}

#[test]
fn every_variable_is_set_and_its_default_is_the_codes() {
    assert_eq!(wrong_names(&Chart::ours()), [""; 0]);
}

#[test]
fn a_variable_that_is_left_out_or_renamed_or_has_another_default_is_found() {
    let line = "  (list \"EXPORTER_LOG_FORMAT\" .Values.exporter.logFormat)\n";
    for (file, from, to, problem) in [
        ("templates/_env.tpl", line, "", "no value sets EXPORTER_LOG_FORMAT"),
        ("templates/_env.tpl", "EXPORTER_SOURCES", "EXPORTER_SOURCE", "there is no variable EXPORTER_SOURCE"),
        ("templates/_env.tpl", "EXPORTER_SOURCES", "SOURCES", "SOURCES is no variable of the exporter"),
        (
            "values.yaml",
            "refreshInterval: 1h",
            "refreshInterval: 2h",
            r#"is "2h" by default, in the code "1h""#,
        ),
        ("values.yaml", "maxSeries: 300000", "maxSeries: 3000000", "EXPORTER_MAX_SERIES is \"3000000\""),
    ] {
        let wrong = wrong_names(&Chart::changed(file, from, to));
        assert!(wrong.iter().any(|line| line.contains(problem)), "{problem}: {wrong:?}");
    }
}

/// Where a port is by default another than the code's.
fn wrong_ports(chart: &Chart) -> Vec<String> {
    let (_, port) = variables::EXPORTER_LISTEN_ADDRESS.default.rsplit_once(':').unwrap();
    let port: u64 = port.parse().unwrap();
    let objects = Objects::of(chart, &merged(&minimal(), &json!({"networkPolicy": {"enabled": true}})));
    let service = &objects.the("Service")["spec"]["ports"][0];
    let policy = &objects.the("NetworkPolicy")["spec"]["ingress"][0]["ports"][0];
    let places = [
        ("the container", &objects.container()["ports"][0]["containerPort"]),
        ("the Service", &service["port"]),
        ("the NetworkPolicy", &policy["port"]),
    ];
    let wrong = places.into_iter().filter(|(_, found)| found.as_u64() != Some(port));
    wrong
        .map(|(place, found)| format!("{place} has the port {found}, the code {port}: values.yaml"))
        .collect()
}

#[test]
fn the_ports_are_the_codes_and_another_one_is_found() {
    assert_eq!(wrong_ports(&Chart::ours()), [""; 0]);
    let service = Chart::changed("values.yaml", "  port: 10220", "  port: 10221");
    assert_eq!(wrong_ports(&service), ["the Service has the port 10221, the code 10220: values.yaml"]);
    let address = Chart::changed("values.yaml", "\"[::]:10220\"", "\"[::]:9100\"");
    assert_eq!(wrong_ports(&address).len(), 2, "{:?}", wrong_ports(&address));
}

/// Where a value does not set one variable, as text, and nothing else of the environment.
fn wrong_settings(chart: &Chart) -> Vec<String> {
    let before = environment(chart, &everything());
    let mut wrong = Vec::new();
    for Setting { variable, value, set, expected, .. } in settings() {
        let mut after = environment(chart, &merged(&everything(), &at(value, &set)));
        let got = after.insert(variable.to_owned(), before[variable].clone());
        if got.as_deref() != Some(expected) {
            wrong.push(format!("{value} makes of {variable} {got:?}, not {expected:?}: templates/_env.tpl"));
        }
        if after != before {
            wrong.push(format!("{value} sets more than {variable}: templates/_env.tpl"));
        }
    }
    wrong
}

#[test]
fn every_value_sets_one_variable_and_there_is_one_for_each() {
    assert_eq!(wrong_settings(&Chart::ours()), [""; 0]);
    let settable: BTreeSet<_> = settings().iter().map(|setting| setting.variable).collect();
    let all: BTreeSet<_> = variables::ALL.iter().map(|variable| variable.name).collect();
    assert_eq!(settable.into_iter().chain([NEVER_SET]).collect::<BTreeSet<_>>(), all);
}

#[test]
fn values_that_change_places_are_found() {
    let (from, to) = ("\"EXPORTER_HISTORY_DAYS\" (int64 .Values.exporter.historyDays", "exporter.settleDays");
    let swapped = Chart::changed("templates/_env.tpl", from, &from.replace("exporter.historyDays", to));
    let wrong = wrong_settings(&swapped);
    assert!(wrong.iter().any(|line| line.starts_with("exporter.historyDays makes of")), "{wrong:?}");
    assert!(
        wrong.contains(
            &"exporter.settleDays sets more than EXPORTER_SETTLE_DAYS: templates/_env.tpl".to_owned()
        ),
        "{wrong:?}"
    );
    // As text, whatever the size: Helm would write 1e+08.
    let number = "(int64 .Values.exporter.maxSeries)";
    let wrong = wrong_settings(&Chart::changed("templates/_env.tpl", number, ".Values.exporter.maxSeries"));
    assert!(wrong[0].contains("1e+08"), "{wrong:?}");
}

/// Whether the code takes an environment.
fn is_usable(environment: BTreeMap<String, String>) -> Result<(), String> {
    let pairs = environment.into_iter().map(|(name, value)| (name.into(), value.into()));
    match Config::from_environment(pairs) {
        Ok(config) if config.strangers.is_empty() => Ok(()),
        Ok(config) => Err(format!("unknown: {:?}", config.strangers)),
        Err(problems) => Err(problems.iter().map(ToString::to_string).collect()),
    }
}

#[test]
fn the_code_takes_the_environment_of_every_feature_and_setting() {
    let chart = Chart::ours();
    for feature in chart.features() {
        is_usable(Objects::of_feature(&feature).environment().into_iter().collect())
            .unwrap_or_else(|problem| panic!("{feature}: {problem}"));
    }
    for Setting { value, set, .. } in settings() {
        is_usable(environment(&chart, &merged(&everything(), &at(value, &set))))
            .unwrap_or_else(|problem| panic!("{value}: {problem}"));
    }
}

#[test]
fn what_the_code_does_not_take_is_refused_by_the_name_of_the_value() {
    let chart = Chart::ours();
    let right = environment(&chart, &everything());
    for Setting { variable, value, wrong, .. } in settings() {
        for bad in wrong {
            let said = Objects::try_of(&chart, &merged(&everything(), &at(value, &bad))).unwrap_err();
            let pointer = value.replace('.', "/");
            assert!(said.contains(&pointer), "{value}: {bad}: {said}");
            let text = match &bad {
                Value::Array(items) => {
                    items.iter().map(|item| item.as_str().unwrap()).collect::<Vec<_>>().join(",")
                }
                Value::String(text) => text.clone(),
                number => number.to_string(),
            };
            // Teams may hold blanks in the code, which takes them away.
            let mut environment = right.clone();
            environment.insert(variable.to_owned(), text);
            if variable != "GITHUB_TEAMS" {
                is_usable(environment).expect_err(variable);
            }
        }
    }
}

#[test]
fn nothing_but_variables_of_the_exporter_and_of_proxies_is_set() {
    let chart = Chart::ours();
    let known: BTreeSet<_> = variables::ALL.iter().map(|variable| variable.name).chain(OTHERS).collect();
    for feature in chart.features() {
        let values = chart.feature(&feature);
        let extra = values["extraEnv"].as_array().cloned().unwrap_or_default();
        let set: BTreeMap<_, _> = Objects::of_feature(&feature).environment().into_iter().collect();
        let own = set.keys().filter(|name| !extra.iter().any(|variable| variable["name"] == ***name));
        assert!(own.clone().all(|name| known.contains(name.as_str())), "{feature}: {own:?}");
        assert!(!set.contains_key(NEVER_SET), "{feature}");
    }
    let proxied = environment(&chart, &chart.feature("proxy"));
    assert_eq!(OTHERS.map(|name| &*proxied[name]), ["http://proxy.example:3128", ".example"]);
}

#[test]
fn the_number_of_an_app_may_be_given_as_a_number() {
    let chart = Chart::ours();
    for (id, expected) in [(json!(1), "1"), (json!(12_345_678), "12345678"), (json!("12345678"), "12345678")]
    {
        let app = json!({"github": {"app": {"id": id, "existingSecret": "key"}}});
        let set = environment(&chart, &merged(&minimal(), &app));
        assert_eq!(set["GITHUB_APP_ID"], expected);
        assert!(set.contains_key("GITHUB_APP_PRIVATE_KEY_FILE"));
        is_usable(set).unwrap();
    }
}
