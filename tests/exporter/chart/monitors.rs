//! ServiceMonitor and PodMonitor: the same scrape, and series that outlive a restart.

use std::collections::BTreeSet;

use github_copilot_exporter::metrics::catalogue::{CATALOGUE, Metric};
use serde_json::{Value, json};

use super::{
    Chart,
    render::{Objects, merged, minimal, with},
};

/// The two kinds, with the value that makes one and the place of how it scrapes.
const KINDS: [(&str, &str, &str); 2] = [
    ("ServiceMonitor", "serviceMonitor", "/spec/endpoints/0"),
    ("PodMonitor", "podMonitor", "/spec/podMetricsEndpoints/0"),
];

/// Labels that the Prometheus Operator gives to every target of either kind.
const OF_TARGETS: [&str; 7] = ["namespace", "service", "pod", "container", "endpoint", "job", "instance"];

fn on(value: &str, more: &Value) -> Value {
    merged(&json!({value: {"enabled": true}}), more)
}

/// The labels of targets that are left when the relabelings of a monitor have dropped theirs.
fn left(endpoint: &Value) -> BTreeSet<&'static str> {
    let relabelings = endpoint["relabelings"].as_array().unwrap();
    let drops = relabelings.iter().filter(|step| step["action"] == "labeldrop");
    let dropped: Vec<_> = drops.flat_map(|step| step["regex"].as_str().unwrap().split('|')).collect();
    OF_TARGETS.into_iter().filter(|label| !dropped.contains(label)).collect()
}

/// Labels of the exporter whose place a target's label would take.
fn taken(chart: &Chart) -> Vec<String> {
    let own: BTreeSet<_> = CATALOGUE.iter().flat_map(Metric::labels).collect();
    let mut taken = Vec::new();
    for (kind, value, endpoint) in KINDS {
        for replicas in [1, 2] {
            let replicas = json!({"replicaCount": replicas, "allowMoreReplicas": true});
            let objects = Objects::of(chart, &merged(&minimal(), &on(value, &replicas)));
            let left = left(objects.the(kind).pointer(endpoint).unwrap());
            taken.extend(
                left.into_iter().filter(|label| own.contains(label)).map(|label| format!("{kind}: {label}")),
            );
        }
    }
    taken
}

#[test]
fn no_label_of_a_target_takes_the_place_of_one_of_the_exporters() {
    assert_eq!(taken(&Chart::ours()), [""; 0]);
    let kept = Chart::changed("templates/_monitor.tpl", "regex: pod|endpoint", "regex: pod");
    assert_eq!(taken(&kept), ["ServiceMonitor: endpoint", "PodMonitor: endpoint"]);
}

#[test]
fn a_restart_makes_no_new_series_and_replicas_keep_apart() {
    for (kind, value, endpoint) in KINDS {
        let one = with(&on(value, &json!({})));
        let one = one.the(kind).pointer(endpoint).unwrap();
        let name = json!({"action": "replace", "targetLabel": "instance", "replacement": "copilot-github-copilot-exporter"});
        assert_eq!(one["relabelings"][0], name);
        assert!(!left(one).contains("pod"));
        let two = with(&on(value, &json!({"replicaCount": 2, "allowMoreReplicas": true})));
        let two = two.the(kind).pointer(endpoint).unwrap();
        assert!(two["relabelings"].as_array().unwrap().iter().all(|step| step["targetLabel"] != "instance"));
        assert!(left(two).contains("pod"));
    }
}

#[test]
fn a_monitor_finds_the_pod_and_its_port() {
    for (kind, value, endpoint) in KINDS {
        let objects = with(&on(value, &json!({})));
        let monitor = objects.the(kind);
        let wanted = monitor["spec"]["selector"]["matchLabels"].as_object().unwrap();
        let target = match kind {
            "ServiceMonitor" => &objects.the("Service")["metadata"]["labels"],
            _ => &objects.the("Deployment")["spec"]["template"]["metadata"]["labels"],
        };
        assert!(wanted.len() == 3 && wanted.iter().all(|(key, value)| target[key] == *value), "{target}");
        assert_eq!(monitor["spec"]["namespaceSelector"], json!({"matchNames": ["metrics"]}));
        let endpoint = monitor.pointer(endpoint).unwrap();
        let found = json!([endpoint["port"], endpoint["path"], endpoint["scheme"], endpoint["honorLabels"]]);
        assert_eq!(found, json!(["http", "/metrics", "http", false]));
        assert_eq!(objects.container()["ports"][0]["name"], "http");
        assert_eq!(objects.the("Service")["spec"]["ports"][0]["name"], "http");
        assert!(endpoint["basicAuth"].is_null() && endpoint["tlsConfig"].is_null());
    }
}

#[test]
fn how_to_scrape_is_said_by_the_values() {
    for (kind, feature, endpoint) in [
        ("ServiceMonitor", "service-monitor", "/spec/endpoints/0"),
        ("PodMonitor", "pod-monitor", "/spec/podMetricsEndpoints/0"),
    ] {
        let objects = Objects::of_feature(feature);
        let monitor = objects.the(kind);
        let (metadata, spec) = (&monitor["metadata"], &monitor["spec"]);
        let found = json!([metadata["namespace"], metadata["labels"]["release"], metadata["annotations"]]);
        assert_eq!(found, json!(["monitoring", "prometheus", {"team": "metrics"}]));
        assert_eq!(
            json!([spec["jobLabel"], spec["sampleLimit"]]),
            json!(["app.kubernetes.io/name", 1_000_000])
        );
        let endpoint = monitor.pointer(endpoint).unwrap();
        assert_eq!(
            json!([endpoint["interval"], endpoint["scrapeTimeout"], endpoint["honorLabels"]]),
            json!(["1m", "30s", true])
        );
        let steps = endpoint["relabelings"].as_array().unwrap();
        assert_eq!(steps.last().unwrap()["targetLabel"], "cluster", "ours come first");
        assert_eq!(endpoint["metricRelabelings"][0]["action"], "drop");
    }
    assert_eq!(
        Objects::of_feature("service-monitor").the("ServiceMonitor")["spec"]["targetLabels"],
        json!(["app.kubernetes.io/version"])
    );
    assert_eq!(
        Objects::of_feature("pod-monitor").the("PodMonitor")["spec"]["podTargetLabels"],
        json!(["app.kubernetes.io/component"])
    );
}
