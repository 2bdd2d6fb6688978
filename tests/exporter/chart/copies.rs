//! Helm reads only what is in the chart, so it has copies: of the dashboards, the rules, the version, and its values' table.

use std::{collections::BTreeSet, fs, sync::Once};

use serde_json::{Value, json};

use super::{
    Chart,
    render::{Objects, merged, minimal, with},
    values,
};
use crate::contracts::{read, root};

/// What is copied: the directory, the ends of the names, and where the copies are.
const COPIED: [(&str, &str, &str); 2] =
    [("grafana", ".json", "files/dashboards"), ("deploy/prometheus", ".yaml", "files/rules")];

/// Names of the files that are copied from a directory.
fn originals(directory: &str, end: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(root().join(directory)).unwrap().map(|entry| entry.unwrap());
    let names = entries.map(|entry| entry.file_name().into_string().unwrap());
    names.filter(|name| name.ends_with(end)).collect()
}

/// Where the chart's files are not the repository's.
fn wrong_copies(chart: &Chart) -> Vec<String> {
    let mut wrong = Vec::new();
    for (directory, end, copies) in COPIED {
        let (originals, held) = (originals(directory, end), chart.files(copies));
        if !originals.iter().eq(&held) {
            wrong.push(format!("{copies} has {held:?}, {directory} {originals:?}"));
        }
        for name in held.iter().filter(|name| originals.contains(*name)) {
            if chart.read(&format!("{copies}/{name}")) != read(&format!("{directory}/{name}")) {
                wrong.push(format!("{copies}/{name} is not {directory}/{name}: `make docs`"));
            }
        }
    }
    wrong
}

/// Ours, with its copies written if that is wanted: once, before anybody looks.
fn ours() -> Chart {
    static WRITTEN: Once = Once::new();
    let chart = Chart::ours();
    #[allow(clippy::disallowed_methods, reason = "a switch of this test, not of the exporter")]
    if std::env::var("UPDATE_DOCS").is_ok() {
        WRITTEN.call_once(|| write(&chart));
    }
    chart
}

fn write(chart: &Chart) {
    for (directory, end, copies) in COPIED {
        let (originals, into) = (originals(directory, end), chart.directory.join(copies));
        for stale in chart.files(copies).iter().filter(|name| !originals.contains(*name)) {
            fs::remove_file(into.join(stale)).unwrap();
        }
        for name in originals {
            fs::copy(root().join(directory).join(&name), into.join(name)).unwrap();
        }
    }
    let readme = chart.read("README.md");
    fs::write(chart.directory.join("README.md"), values::with_table(&readme, &chart.read("values.yaml")))
        .unwrap();
}

#[test]
fn dashboards_and_rules_are_the_repositorys() {
    let chart = ours();
    assert_eq!(wrong_copies(&chart), [""; 0], "`make docs` writes them");
}

#[test]
fn a_dashboard_or_rule_that_is_changed_in_one_place_is_found() {
    let _written = ours();
    for (file, from, problem) in [
        (
            "files/dashboards/overview.json",
            "\"title\"",
            "files/dashboards/overview.json is not grafana/overview.json: `make docs`",
        ),
        (
            "files/rules/alerts.yaml",
            "for: 10m",
            "files/rules/alerts.yaml is not deploy/prometheus/alerts.yaml: `make docs`",
        ),
    ] {
        assert_eq!(wrong_copies(&Chart::changed(file, from, "changed")), [problem]);
    }
    let without = Chart::changed("Chart.yaml", "type", "type");
    fs::remove_file(without.directory.join("files/dashboards/overview.json")).unwrap();
    assert!(wrong_copies(&without)[0].starts_with("files/dashboards has"));
}

#[test]
fn the_table_in_the_readme_is_that_of_the_values() {
    let chart = ours();
    let readme = chart.read("README.md");
    let expected = values::with_table(&readme, &chart.read("values.yaml"));
    assert!(readme == expected, "README.md has another table than values.yaml; `make docs` writes it");
    // Any change of a comment or default would show.
    for (from, to) in [("How often to ask.", "How often."), ("historyDays: 28", "historyDays: 27")] {
        let changed = Chart::changed("values.yaml", from, to).read("values.yaml");
        assert_ne!(values::with_table(&readme, &changed), readme);
    }
}

#[test]
fn chart_and_application_have_the_version_of_the_program() {
    let version = |chart: &Chart| chart.yaml("Chart.yaml")["appVersion"].clone();
    assert_eq!(version(&Chart::ours()), env!("CARGO_PKG_VERSION"));
    assert_eq!(
        Chart::ours().yaml("Chart.yaml")["version"],
        env!("CARGO_PKG_VERSION"),
        "they are released together"
    );
    let older = Chart::changed(
        "Chart.yaml",
        concat!("appVersion: \"", env!("CARGO_PKG_VERSION"), "\""),
        "appVersion: \"0.0.9\"",
    );
    assert_ne!(version(&older), env!("CARGO_PKG_VERSION"));
    let image = Objects::of(&older, &minimal()).container()["image"].clone();
    assert_eq!(image, "ghcr.io/github-copilot-exporter/github-copilot-exporter:0.0.9");
}

/// The dashboards in objects of a kind, by name, as what a pointer leads to says.
fn dashboards(objects: &Objects, kind: &str, json: impl Fn(&Value) -> Value) -> Vec<(String, Value)> {
    let text = |object: &Value| serde_json::from_str(json(object).as_str().unwrap()).unwrap();
    let name = |object: &Value| object["metadata"]["name"].as_str().unwrap().to_owned();
    objects.of_kind(kind).into_iter().map(|object| (name(object), text(object))).collect()
}

#[test]
fn each_dashboard_is_a_config_map_and_a_grafana_dashboard_as_it_is() {
    let expected: Vec<(String, Value)> = originals("grafana", ".json")
        .iter()
        .map(|file| {
            let name = format!("copilot-github-copilot-exporter-{}", file.trim_end_matches(".json"));
            (name, serde_json::from_str(&read(&format!("grafana/{file}"))).unwrap())
        })
        .collect();
    let sidecar = Objects::of_feature("dashboards-sidecar");
    let of_file = |object: &Value| object["data"].as_object().unwrap().values().next().unwrap().clone();
    assert_eq!(dashboards(&sidecar, "ConfigMap", of_file), expected);
    let operator = Objects::of_feature("dashboards-operator");
    assert_eq!(dashboards(&operator, "GrafanaDashboard", |object| object["spec"]["json"].clone()), expected);
}

#[test]
fn the_sidecar_finds_dashboards_by_its_label_and_their_folder_by_its_annotation() {
    let objects = with(&json!({"dashboards": {"configMaps": {"enabled": true}}}));
    for map in objects.of_kind("ConfigMap") {
        assert_eq!(map["metadata"]["labels"]["grafana_dashboard"], "1");
        assert_eq!(map["metadata"]["annotations"], json!({"grafana_folder": "GitHub Copilot"}));
        assert_eq!(map["metadata"]["namespace"], "metrics");
        let file = map["data"].as_object().unwrap().keys().next().unwrap();
        assert!(file.ends_with(".json"), "{file}: the sidecar passes it over");
    }
    for map in Objects::of_feature("dashboards-sidecar").of_kind("ConfigMap") {
        let metadata = &map["metadata"];
        assert_eq!(
            (&metadata["namespace"], &metadata["labels"]["dashboard"]),
            (&json!("grafana"), &json!("yes"))
        );
        let folder = &metadata["annotations"]["k8s-sidecar-target-directory"];
        assert_eq!((folder, &metadata["annotations"]["team"]), (&json!("Engineering"), &json!("metrics")));
    }
}

#[test]
fn the_operator_puts_dashboards_into_the_grafana_that_the_values_name() {
    let chart = Chart::ours();
    let enabled = json!({"dashboards": {"grafanaOperator": {"enabled": true}}});
    for (values, expected) in [
        (
            merged(&minimal(), &enabled),
            json!({"namespace": "metrics", "matchLabels": {"dashboards": "grafana"}, "crossing": false,
                "folder": "GitHub Copilot", "every": "10m"}),
        ),
        (
            chart.feature("dashboards-operator"),
            json!({"namespace": "grafana", "matchLabels": {"dashboards": "grafana", "grafana": "main"}, "crossing": true,
                "folder": "GitHub Copilot", "every": "1h"}),
        ),
    ] {
        let objects = Objects::of(&chart, &values);
        assert_eq!(objects.of_kind("GrafanaDashboard").len(), 4);
        for dashboard in objects.of_kind("GrafanaDashboard") {
            let spec = &dashboard["spec"];
            let found = json!({
                "namespace": dashboard["metadata"]["namespace"],
                "matchLabels": spec["instanceSelector"]["matchLabels"],
                "crossing": spec["allowCrossNamespaceImport"],
                "folder": spec["folder"],
                "every": spec["resyncPeriod"],
            });
            assert_eq!(found, expected);
        }
    }
}

#[test]
fn the_readme_links_to_the_repository_for_it_is_read_elsewhere() {
    let chart = Chart::ours();
    let home = chart.yaml("Chart.yaml")["home"].as_str().unwrap().to_owned();
    let readme = chart.read("README.md");
    let targets =
        |begin| readme.split(begin).skip(1).map(|rest| rest.split([')', ' ', '\n']).next().unwrap());
    for link in targets("](") {
        assert!(link.starts_with(&home), "{link}");
    }
    let of_files: Vec<_> = [format!("{home}/blob/main/"), format!("{home}/tree/main/")]
        .iter()
        .flat_map(|begin| targets(begin).map(|path| path.trim_end_matches(['.', ',', '|'])))
        .collect();
    assert!(of_files.len() >= 6, "{of_files:?}");
    for path in of_files {
        assert!(root().join(path).exists(), "{path}");
    }
    assert!(!readme.contains("see docs/"));
}
