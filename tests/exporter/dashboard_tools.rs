//! What Grafana's own programs say of the dashboards: its linter, its types, and its code for data. No server of it runs
//! here. `.ci/tools` puts them in place.

use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    contracts::{read, root},
    dashboard::files,
};

const EXCLUSIONS: &str = "grafana/.lint";

fn run(command: &mut Command) -> Output {
    let program = command.get_program().to_owned();
    command
        .current_dir(root())
        .output()
        .unwrap_or_else(|error| panic!("{}: {error}; `make tools` installs it", program.display()))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// What the linter finds, by rule. Its findings begin with a cross or a warning sign, below what their rule is about.
fn lint(dashboard: &Path, exclusions: &str) -> BTreeMap<String, String> {
    let linter = root().join("target/tools/dashboard-linter");
    let rules = text(&run(Command::new(&linter).arg("rules")).stdout);
    let rules: Vec<_> =
        rules.lines().filter_map(|line| line.strip_prefix("* `")?.split_once("` - ")).collect();
    assert!(rules.len() > 10, "the rules are read");
    let output = run(Command::new(&linter).args(["lint", "--strict", "--config", exclusions]).arg(dashboard));
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    let (mut rule, mut is_finding) = ("", false);
    for line in text(&output.stdout).lines() {
        if let Some((name, _)) = rules.iter().find(|(_, about)| *about == line) {
            (rule, is_finding) = (name, false);
            continue;
        }
        if line.starts_with('[') {
            is_finding = line.contains('❌') || line.contains('⚠');
        }
        if is_finding {
            let said = found.entry(rule.to_owned()).or_default();
            said.push_str(line);
            said.push('\n');
        }
    }
    assert_eq!(output.status.success(), found.is_empty(), "{}{}", text(&output.stdout), text(&output.stderr));
    found
}

#[test]
fn the_linter_has_nothing_to_say_on_any_dashboard() {
    for dashboard in files() {
        let found = lint(&dashboard, EXCLUSIONS);
        assert!(found.is_empty(), "{}: {found:#?}", dashboard.display());
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Exclusions {
    exclusions: BTreeMap<String, Rule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    reason: String,
    entries: Vec<Entry>,
}

/// The dashboard by its title. Without one, the linter would be silent on all.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    dashboard: String,
    panel: Option<String>,
}

#[test]
fn every_exclusion_of_the_linter_has_a_reason_and_is_needed() {
    let Exclusions { exclusions } = serde_saphyr::from_str(&read(EXCLUSIONS)).unwrap();
    let without: BTreeMap<_, _> =
        files().into_iter().map(|path| (title(&path), lint(&path, "grafana/no exclusions"))).collect();
    for (rule, Rule { reason, entries }) in &exclusions {
        assert!(reason.len() > 20, "{rule}: why?");
        assert!(!entries.is_empty(), "{rule} is excluded everywhere");
        for Entry { dashboard, panel } in entries {
            let found = without.get(dashboard).and_then(|found| found.get(rule));
            let panel = panel.as_ref().map(|panel| format!("panel '{panel}'")).unwrap_or_default();
            assert!(
                found.is_some_and(|found| found.contains(&panel)),
                "{rule} has nothing to say on {dashboard} {panel}"
            );
        }
    }
}

fn title(dashboard: &Path) -> String {
    let dashboard: Value = serde_json::from_slice(&fs::read(dashboard).unwrap()).unwrap();
    dashboard["title"].as_str().unwrap().to_owned()
}

/// A small dashboard that nothing is to be said about.
fn sample() -> Value {
    let datasource = json!({"type": "prometheus", "uid": "${datasource}"});
    let variable = |name: &str, label: &str| {
        json!({
            "name": name, "label": label, "type": "query", "datasource": datasource, "refresh": 2,
            "query": {"query": format!("label_values(up, {name})"), "refId": "variable"},
            "multi": true, "includeAll": true, "allValue": ".+", "current": {}
        })
    };
    json!({
        "id": null, "title": "Sample", "schemaVersion": 39, "editable": false, "graphTooltip": 1,
        "templating": {"list": [
            {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"},
            variable("job", "Job"),
            variable("instance", "Instance"),
        ]},
        "panels": [{
            "id": 1, "type": "stat", "title": "Up", "description": "Which are up.", "datasource": datasource,
            "gridPos": {"x": 0, "y": 0, "w": 6, "h": 4},
            "fieldConfig": {
                "defaults": {
                    "unit": "short", "noValue": "none", "custom": {},
                    "thresholds": {"mode": "absolute", "steps": [{"color": "green", "value": null}]},
                },
                "overrides": [{
                    "matcher": {"id": "byName", "options": "x"},
                    "properties": [{"id": "displayName", "value": "X"}],
                }],
            },
            "options": {"colorMode": "none", "reduceOptions": {"calcs": ["lastNotNull"]}},
            "targets": [{
                "refId": "A", "datasource": datasource, "instant": true,
                "expr": r#"sum by (job) (rate(up{job=~"$job",instance=~"$instance"}[$__rate_interval]))"#,
            }],
            "transformations": [{"id": "organize", "options": {"renameByName": {"x": "y"}}}],
        }],
    })
}

/// The sample with another value at one place.
fn planted(pointer: &str, value: Value) -> Value {
    let mut dashboard = sample();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    match dashboard.pointer_mut(parent).unwrap() {
        Value::Array(items) => items[key.parse::<usize>().unwrap()] = value,
        parent => parent[key] = value,
    }
    dashboard
}

#[test]
fn the_linter_names_the_rule_that_a_dashboard_breaks() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sample.json");
    let found = |dashboard: Value| {
        fs::write(&path, dashboard.to_string()).unwrap();
        lint(&path, "none")
    };
    assert_eq!(found(sample()), BTreeMap::new());
    let expr = "/panels/0/targets/0/expr";
    for (pointer, value, rule) in [
        (expr, json!(r#"sum(up{job=~"$job",instance=~"$instance"}"#), "target-promql-rule"),
        (expr, json!(r#"rate(up{job=~"$job",instance=~"$instance"}[1h])"#), "target-rate-interval-rule"),
        (expr, json!(r#"up{instance=~"$instance"}"#), "target-job-rule"),
        (expr, json!(r#"up{job=~"$job"}"#), "target-instance-rule"),
        (expr, json!(r#"{__name__="a_total"} and up_total"#), "target-counter-agg-rule"),
        ("/panels/0/description", json!(""), "panel-title-description-rule"),
        ("/panels/0/fieldConfig/defaults/unit", json!("furlongs"), "panel-units-rule"),
        ("/panels/0/targets", Value::Null, "panel-no-targets-rule"),
        ("/templating/list/0/name", json!("source"), "template-datasource-rule"),
        ("/templating/list/1/multi", json!(false), "template-job-rule"),
        ("/templating/list/2/allValue", json!(".*"), "template-instance-rule"),
        ("/templating/list/2/refresh", json!(1), "template-on-time-change-reload-rule"),
        ("/templating/list/2/query/query", json!("values(up)"), "template-label-promql-rule"),
        ("/editable", json!(true), "uneditable-dashboard"),
    ] {
        let found = found(planted(pointer, value));
        assert!(found.contains_key(rule), "{pointer} should break {rule}: {found:#?}");
    }
}

/// What Grafana's types have against dashboards.
fn type_errors(dashboards: &[PathBuf]) -> String {
    let output = run(Command::new("node").arg(".ci/grafana/types.mjs").args(dashboards));
    assert_eq!(text(&output.stderr), "", "`make tools` installs what is missing");
    assert_eq!(output.status.success(), output.stdout.is_empty());
    text(&output.stdout)
}

#[test]
fn every_dashboard_has_the_types_of_grafana() {
    let errors = type_errors(&files());
    assert!(errors.is_empty(), "{errors}");
}

#[test]
fn a_word_that_grafana_does_not_know_is_named_with_its_file_panel_and_place() {
    let directory = tempfile::tempdir().unwrap();
    let unknown = [
        ("/titel", json!("x")),
        ("/graphTooltip", json!(7)),
        ("/__inputs", json!([])),
        ("/templating/list/1/refresh", json!(9)),
        ("/templating/list/1/multy", json!(true)),
        ("/templating/list/1/datasource/uid", json!("prometheus")),
        ("/panels/0/descripton", json!("x")),
        ("/panels/0/gridPos/z", json!(1)),
        ("/panels/0/datasource/uid", json!("prometheus")),
        ("/panels/0/options/colourMode", json!("none")),
        ("/panels/0/options/colorMode", json!("red")),
        ("/panels/0/options/reduceOptions/calcs/0", json!("lastNotNul")),
        ("/panels/0/fieldConfig/defaults/unit", json!("furlongs")),
        ("/panels/0/fieldConfig/defaults/noValu", json!("x")),
        ("/panels/0/fieldConfig/defaults/custom/width", json!(1)),
        ("/panels/0/fieldConfig/defaults/thresholds/mode", json!("relative")),
        ("/panels/0/fieldConfig/defaults/thresholds/steps/0/color", json!("greenish")),
        ("/panels/0/fieldConfig/overrides/0/matcher/id", json!("byTitle")),
        ("/panels/0/fieldConfig/overrides/0/properties/0/id", json!("displayNam")),
        ("/panels/0/targets/0/format", json!("tables")),
        ("/panels/0/targets/0/instnt", json!(true)),
        ("/panels/0/transformations/0/id", json!("organise")),
        ("/panels/0/transformations/0/options/renameByNam", json!({})),
    ];
    let write = |at: usize, dashboard: Value| {
        let path = directory.path().join(format!("sample{at}.json"));
        fs::write(&path, dashboard.to_string()).unwrap();
        path
    };
    let mut files: Vec<_> = unknown
        .iter()
        .enumerate()
        .map(|(at, (pointer, value))| write(at, planted(pointer, value.clone())))
        .collect();
    files.push(write(unknown.len(), sample()));
    let errors = type_errors(&files);
    for ((pointer, _), file) in unknown.iter().zip(&files) {
        let place = match pointer.strip_prefix("/panels/0/") {
            Some(place) => format!("panel 1 'Up': {}", place.replace('/', ".")),
            None => format!("dashboard: {}", pointer[1..].replace('/', ".")),
        };
        let expected = format!("{}: {place}: ", file.display());
        assert!(errors.contains(&expected), "{expected}\n{errors}");
    }
    assert!(
        !errors.contains(files.last().unwrap().to_str().unwrap()),
        "the sample itself is right: {errors}"
    );
    let unknown_type = write(0, planted("/panels/0/type", json!("stats")));
    let errors = type_errors(&[unknown_type]);
    assert!(errors.contains("panel 1 'Up': Type '\"stats\"' does not satisfy"), "{errors}");
}

/// What panels show, by Grafana's own code: for each `{"panel": …, "results": {"A": answer, …}}` what
/// `.ci/grafana/panel.mjs` makes of it. Variables in the panel are to be filled in before.
pub fn shown(panels: &[Value]) -> Vec<Value> {
    let mut node = Command::new("node")
        .arg(".ci/grafana/panel.mjs")
        .current_dir(root())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = node.stdin.take().unwrap();
    let lines: String = panels.iter().map(|panel| format!("{panel}\n")).collect();
    // Beside the reading of what comes out: either pipe may be full.
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()));
    let output = node.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    let shown: Vec<Value> =
        text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(shown.len(), panels.len(), "`make tools` installs what is missing");
    for panel in &shown {
        assert_eq!(panel["error"], Value::Null, "{panel}");
    }
    assert!(output.status.success());
    shown
}

/// A vector as Prometheus answers it.
fn vector(samples: &[(Value, &str)]) -> Value {
    let result: Vec<_> = samples
        .iter()
        .map(|(metric, value)| json!({"metric": metric, "value": [1_700_000_000, value]}))
        .collect();
    json!({"status": "success", "data": {"resultType": "vector", "result": result}})
}

#[test]
fn a_table_of_several_queries_is_what_grafana_makes_of_it() {
    let target = |name: &str| json!({"refId": name, "format": "table", "instant": true, "expr": "x"});
    let panel = json!({
        "type": "table", "title": "Teams", "targets": [target("A"), target("B"), target("C")],
        "transformations": [
            {"id": "merge", "options": {}},
            {"id": "organize", "options": {
                "excludeByName": {"Time": true},
                "renameByName": {"team": "Team", "Value #A": "Active", "Value #B": "Share"},
            }},
            {"id": "sortBy", "options": {"sort": [{"field": "Active", "desc": true}]}},
        ],
        "fieldConfig": {"defaults": {"noValue": "unknown"}, "overrides": [
            {"matcher": {"id": "byName", "options": "Share"}, "properties": [
                {"id": "unit", "value": "percentunit"}, {"id": "decimals", "value": 1},
            ]},
            {"matcher": {"id": "byName", "options": "Value #C"}, "properties": [{"id": "custom.hidden", "value": true}]},
        ]},
    });
    let results = json!({
        "A": vector(&[(json!({"team": "a"}), "3"), (json!({"team": "b"}), "5")]),
        "B": vector(&[(json!({"team": "a"}), "0.25")]),
        "C": vector(&[]),
    });
    let shown = shown(&[json!({"panel": panel, "results": results})]);
    let expected = json!([
        {"name": "Team", "values": ["b", "a"], "texts": ["b", "a"]},
        {"name": "Active", "values": [5, 3], "texts": ["5", "3"]},
        {"name": "Share", "values": [null, 0.25], "texts": ["unknown", "25.0%"]},
    ]);
    assert_eq!(shown[0], json!({"title": "Teams", "frames": 1, "fields": expected}));
}

#[test]
fn a_tile_shows_each_series_by_its_legend_and_says_so_when_there_is_none() {
    let panel = json!({
        "type": "stat", "title": "Seats", "targets": [{"refId": "A", "expr": "x", "legendFormat": "{{org}}"}],
        "fieldConfig": {"defaults": {"unit": "percentunit", "decimals": 0, "noValue": "not read"}, "overrides": []},
    });
    let with = |results: Value| json!({"panel": panel, "results": {"A": results}});
    let shown = shown(&[with(vector(&[(json!({"org": "octo"}), "0.3")])), with(vector(&[]))]);
    assert_eq!(shown[0]["shown"], json!([{"title": "octo", "text": "30%"}]));
    assert_eq!(shown[1]["shown"], json!([{"text": "not read"}]));
}

#[test]
fn every_package_of_the_tools_is_pinned_or_stands_here() {
    let lock: Value = serde_json::from_str(&read(".ci/grafana/package-lock.json")).unwrap();
    let packages = lock["packages"].as_object().unwrap();
    assert!(packages.len() > 50, "the lock file is read");
    for (name, package) in packages {
        let is_here = name.is_empty() || name.starts_with("without/") || package["link"] == true;
        let hash = package["integrity"].as_str().unwrap_or_default();
        assert!(is_here || hash.starts_with("sha512-"), "{name} has no checksum");
    }
}
