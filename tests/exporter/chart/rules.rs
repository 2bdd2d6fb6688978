//! The rules: by default those of `deploy/prometheus`, and what the values change in them.

use std::{collections::BTreeMap, fs, process::Command};

use serde_json::{Value, json};

use super::{
    Chart,
    render::{Objects, merged, minimal},
};
use crate::{
    contracts::{read, root},
    program::run,
};

/// The groups of a chart's rules, as this makes of the values for them.
fn groups(chart: &Chart, values: &Value) -> Vec<Value> {
    let on = merged(&json!({"prometheusRule": {"enabled": true}}), values);
    let objects = Objects::of(chart, &merged(&minimal(), &on));
    objects.the("PrometheusRule")["spec"]["groups"].as_array().unwrap().clone()
}

/// Rules by their names, with expressions as Prometheus reads them: space at the end is nothing.
fn by_name(groups: &[Value]) -> BTreeMap<String, Value> {
    let rules = groups.iter().flat_map(|group| group["rules"].as_array().unwrap());
    let named = rules.map(|rule| {
        let mut rule = rule.clone();
        rule["expr"] = rule["expr"].as_str().unwrap().trim().into();
        let name = if rule["alert"].is_null() { &rule["record"] } else { &rule["alert"] };
        (name.as_str().unwrap().to_owned(), rule)
    });
    named.collect()
}

fn file(name: &str) -> BTreeMap<String, Value> {
    let text = read(&format!("deploy/prometheus/{name}.yaml"));
    by_name(super::yaml(&text).unwrap()["groups"].as_array().unwrap())
}

/// The rules that are on by default, and those that are not.
fn expected() -> (BTreeMap<String, Value>, BTreeMap<String, Value>) {
    let mut on = file("recording");
    on.extend(file("alerts"));
    (on, file("idle-seats"))
}

/// Where the rules of a chart are not those of the files.
fn wrong_rules(chart: &Chart) -> Vec<String> {
    let (on, off) = expected();
    let idle = json!({"prometheusRule": {"alerts": {"GithubCopilotSeatsIdle": {"enabled": true}}}});
    let all: BTreeMap<_, _> = on.clone().into_iter().chain(off).collect();
    let mut wrong = Vec::new();
    for (values, expected) in [(json!({}), on), (idle, all)] {
        let found = by_name(&groups(chart, &values));
        for (name, rule) in &expected {
            match found.get(name) {
                None => wrong.push(format!("{name} is missing: values.yaml")),
                Some(other) if other != rule => {
                    wrong.push(format!("{name} is {other}, not {rule}: values.yaml"));
                }
                Some(_) => {}
            }
        }
        let strange = found.keys().filter(|name| !expected.contains_key(*name));
        wrong.extend(strange.map(|name| format!("{name} is there: values.yaml")));
    }
    wrong
}

#[test]
fn by_default_the_rules_are_those_of_the_files() {
    assert_eq!(wrong_rules(&Chart::ours()), [""; 0]);
}

#[test]
fn a_rule_that_the_values_change_by_default_is_found() {
    let alert = |name: &str, line: &str| {
        let text = Chart::ours().read("values.yaml");
        let (_, rest) = text.split_once(&format!("    {name}:\n")).unwrap();
        let (before, _) = rest.split_once(line).unwrap();
        format!("    {name}:\n{before}{line}")
    };
    for (name, line, to) in [
        ("GithubCopilotExporterDown", "for: 10m", "for: 20m"),
        ("GithubCopilotNamesFolded", "severity: info", "severity: warning"),
        ("GithubCopilotApiSunset", "days: 180", "days: 90"),
        ("GithubCopilotRateLimitNearlySpent", "share: 0.15", "share: 0.2"),
        ("GithubCopilotSourceFailing", "enabled: true", "enabled: false"),
        ("GithubCopilotSeatsIdle", "enabled: false", "enabled: true"),
    ] {
        let from = alert(name, line);
        let wrong = wrong_rules(&Chart::changed("values.yaml", &from, &from.replace(line, to)));
        assert!(wrong.iter().all(|line| line.starts_with(name)) && !wrong.is_empty(), "{name}: {wrong:?}");
    }
}

#[test]
fn promtool_takes_the_rules() {
    let chart = Chart::ours();
    for values in [json!({}), chart.feature("prometheus-rule")] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("rules.yaml");
        fs::write(&path, json!({"groups": groups(&chart, &values)}).to_string()).unwrap();
        let mut promtool = Command::new("promtool");
        promtool.args(["check", "rules"]).arg(&path);
        let (code, said, trouble) = run(promtool);
        assert_eq!(code, Some(0), "{said}{trouble}");
    }
}

/// The alerts with other values, as functions of the alert's name and of it by default.
fn with_each_alert(values: &Value) -> BTreeMap<String, Value> {
    let (on, off) = expected();
    let alerts = on.into_iter().chain(off).filter(|(_, rule)| !rule["alert"].is_null());
    let each: serde_json::Map<_, _> = alerts.map(|(name, _)| (name, values.clone())).collect();
    by_name(&groups(&Chart::ours(), &json!({"prometheusRule": {"recordingRules": false, "alerts": each}})))
}

#[test]
fn each_alert_can_be_switched_and_told_later_or_louder() {
    let alerts = with_each_alert(&json!({"enabled": true, "for": "3d", "severity": "page"}));
    assert_eq!(alerts.len(), file("alerts").len() + file("idle-seats").len());
    for (name, alert) in alerts {
        assert_eq!((&alert["for"], &alert["labels"]), (&json!("3d"), &json!({"severity": "page"})), "{name}");
    }
    assert_eq!(with_each_alert(&json!({"enabled": false})).len(), 0);
}

/// What the feature's thresholds put into expressions, and in place of what.
const THRESHOLDS: [(&str, &str, &str); 7] = [
    ("GithubCopilotRefreshStuck", ") > 86400", ") > 172800"),
    ("GithubCopilotDataTooOld", "3 * max by", "6 * max by"),
    ("GithubCopilotDataTooOld", "6 * max by", "9 * max by"),
    ("GithubCopilotTokenExpiring", "< 14 * 86400", "< 30 * 86400"),
    ("GithubCopilotApiSunset", "< 180 * 86400", "< 90 * 86400"),
    ("GithubCopilotRateLimitNearlySpent", "< 0.15", "< 0.25"),
    ("GithubCopilotSeatsIdle", "> 0.2", "> 0.5"),
];

#[test]
fn a_threshold_changes_its_number_and_nothing_else() {
    let chart = Chart::ours();
    let found = by_name(&groups(&chart, &chart.feature("prometheus-rule")));
    let (on, off) = expected();
    for (name, mut rule) in on.into_iter().chain(off) {
        let Some(expression) = found.get(&name).map(|rule| rule["expr"].as_str().unwrap()) else { continue };
        let mut expected = rule["expr"].take().as_str().unwrap().to_owned();
        // The later ones first: what one puts there is what another replaces.
        for (_, from, to) in THRESHOLDS.iter().rev().filter(|(alert, ..)| *alert == name) {
            assert_eq!(expected.matches(from).count(), 1, "{name}: {from}");
            expected = expected.replace(from, to);
        }
        assert_eq!(expression, expected, "{name}");
    }
}

#[test]
fn days_that_settle_are_added_to_the_age_of_data_by_themselves() {
    let chart = Chart::ours();
    for (settle, usage, reports) in [(0, "3 * max by", "6 * max by"), (27, "30 * max by", "33 * max by")] {
        let found = by_name(&groups(&chart, &json!({"exporter": {"settleDays": settle}})));
        let expression = found["GithubCopilotDataTooOld"]["expr"].as_str().unwrap();
        let of = |api: &str| {
            let line = expression.lines().find(|line| line.contains(&format!("api=\"{api}\""))).unwrap();
            line.trim_start().to_owned()
        };
        assert!(of("usage").starts_with(usage) && of("reports").starts_with(reports), "{expression}");
    }
}

#[test]
fn a_refresh_is_stuck_after_twice_the_interval_at_the_earliest() {
    let chart = Chart::ours();
    for (interval, seconds, expected) in [
        ("1h", 86_400, 86_400),
        ("12h", 86_400, 86_400),
        ("1d", 86_400, 172_800),
        ("1w 1d", 86_400, 2 * 8 * 86_400),
        ("36hr 30min 5sec 10ms", 86_400, 2 * (36 * 3600 + 30 * 60 + 5)),
        ("90m", 1, 10_800),
        ("1s", 7, 7),
    ] {
        let values = json!({
            "exporter": {"refreshInterval": interval},
            "prometheusRule": {"alerts": {"GithubCopilotRefreshStuck": {"seconds": seconds}}},
        });
        let found = by_name(&groups(&chart, &values));
        let expression = found["GithubCopilotRefreshStuck"]["expr"].as_str().unwrap();
        assert!(expression.contains(&format!(") > {expected}\n")), "{interval}: {expression}");
    }
}

#[test]
fn a_threshold_that_is_not_where_the_rule_had_it_is_an_error_of_the_chart() {
    for (file, from, to) in [
        ("files/rules/alerts.yaml", "< 14 * 86400", "< 2 * 604800"),
        ("files/thresholds.yaml", "default: 0.15", "default: 0.16"),
    ] {
        let chart = Chart::changed(file, from, to);
        let values = merged(&minimal(), &json!({"prometheusRule": {"enabled": true}}));
        let said = Objects::try_of(&chart, &values).unwrap_err();
        assert!(said.contains("files/thresholds.yaml: GithubCopilot"), "{said}");
    }
}

#[test]
fn an_alert_that_the_values_do_not_know_is_an_error_of_the_chart() {
    let chart = Chart::changed("files/rules/alerts.yaml", "GithubCopilotNamesFolded", "GithubCopilotNew");
    let values = merged(&minimal(), &json!({"prometheusRule": {"enabled": true}}));
    let said = Objects::try_of(&chart, &values).unwrap_err();
    assert!(said.contains("prometheusRule.alerts.GithubCopilotNew: missing"), "{said}");
}

#[test]
fn alerts_can_have_labels_for_routing_and_a_runbook_of_ones_own() {
    let chart = Chart::ours();
    let feature = chart.feature("prometheus-rule");
    let found = by_name(&groups(&chart, &feature));
    let alerts: Vec<_> = found.values().filter(|rule| !rule["alert"].is_null()).collect();
    assert_eq!(alerts.len(), file("alerts").len(), "one is off, and one is on");
    for alert in alerts {
        let name = alert["alert"].as_str().unwrap();
        assert_eq!(alert["labels"]["team"], "platform", "{name}");
        let runbook = format!("https://wiki.example/copilot#{}", name.to_lowercase());
        assert_eq!(alert["annotations"]["runbook_url"], runbook);
    }
    assert!(found.values().all(|rule| rule["record"].is_null() || rule["labels"].is_null()));
    let metadata = &Objects::of(&chart, &feature).the("PrometheusRule")["metadata"].clone();
    assert_eq!(
        (&metadata["namespace"], &metadata["labels"]["role"]),
        (&json!("monitoring"), &json!("alert-rules"))
    );
}

#[test]
fn the_chart_has_every_file_of_rules_and_no_group_is_empty() {
    let held = Chart::ours().files("files/rules");
    assert_eq!(held, ["alerts.yaml", "idle-seats.yaml", "recording.yaml"]);
    assert!(root().join("deploy/prometheus").is_dir());
    for values in [json!({}), json!({"prometheusRule": {"recordingRules": false}})] {
        for group in groups(&Chart::ours(), &values) {
            assert_ne!(group["rules"], json!([]), "{group}");
        }
    }
}
