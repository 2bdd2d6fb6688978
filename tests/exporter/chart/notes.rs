//! The notes after an installation are true, whatever was installed.

use serde_json::{Value, json};

use super::{
    Chart,
    render::{Helm, Objects, merged, minimal},
};

/// The notes of a release. Only Helm 4 tells them without a cluster.
fn notes(values: &Value) -> String {
    let directory = Chart::ours().directory;
    let arguments =
        ["install", "copilot", directory.to_str().unwrap(), "--namespace", "metrics", "--dry-run=client"];
    Helm::Four.run(&arguments, values).unwrap().split_once("NOTES:\n").unwrap().1.to_owned()
}

/// What is said if something holds of the values or the objects, and only then.
type Statement = (&'static str, fn(&Value, &Objects) -> bool);

fn is_set(values: &Value, pointer: &str) -> bool {
    values
        .pointer(pointer)
        .is_some_and(|value| *value != json!("") && *value != json!([]) && *value != json!(false))
}

fn has_environment(objects: &Objects, variable: &str) -> bool {
    objects.environment().iter().any(|(name, _)| name == variable)
}

fn has_volume(objects: &Objects, kind: &str) -> bool {
    objects.pod()["volumes"]
        .as_array()
        .into_iter()
        .flatten()
        .any(|volume| volume["name"] == "state" && !volume[kind].is_null())
}

const STATEMENTS: [Statement; 15] = [
    ("the organisations where the GitHub App is installed", |values, _| {
        is_set(values, "/github/app/id") && !is_set(values, "/github/orgs")
    }),
    ("the enterprise ", |_, objects| has_environment(objects, "GITHUB_ENTERPRISE")),
    ("The token is read from the Secret ", |values, _| is_set(values, "/github/token/existingSecret")),
    ("a key for each organisation and enterprise, in lower case", |values, _| {
        is_set(values, "/github/token/perOwner")
    }),
    ("The key of the App is read from the Secret ", |values, _| is_set(values, "/github/app/existingSecret")),
    ("The web configuration is read from the Secret ", |_, objects| {
        has_environment(objects, "EXPORTER_WEB_CONFIG_FILE")
    }),
    ("https://", |values, _| is_set(values, "/web/tls")),
    (" with a client certificate", |values, _| is_set(values, "/web/clientCertificates")),
    ("by the ServiceMonitor copilot", |_, objects| !objects.of_kind("ServiceMonitor").is_empty()),
    ("by the PodMonitor copilot", |_, objects| !objects.of_kind("PodMonitor").is_empty()),
    ("No object of this release makes Prometheus scrape it", |_, objects| {
        objects.of_kind("ServiceMonitor").is_empty() && objects.of_kind("PodMonitor").is_empty()
    }),
    ("No figures are kept", |_, objects| !has_environment(objects, "EXPORTER_STATE_DIR")),
    ("but not of the pod", |_, objects| has_volume(objects, "emptyDir")),
    ("pods asks GitHub for the same", |values, _| is_set(values, "/allowMoreReplicas")),
    ("helm test copilot --namespace metrics", |_, objects| !objects.of_kind("Pod").is_empty()),
];

#[test]
fn each_statement_is_made_where_it_is_true_and_nowhere_else() {
    let chart = Chart::ours();
    let mut made = [[0, 0]; STATEMENTS.len()];
    for feature in chart.features() {
        let values = chart.feature(&feature);
        let (notes, objects) = (notes(&values), Objects::of_feature(&feature));
        for (number, (statement, holds)) in STATEMENTS.iter().enumerate() {
            let is_true = holds(&values, &objects);
            assert_eq!(notes.contains(statement), is_true, "{feature}: {statement}\n{notes}");
            made[number][usize::from(is_true)] += 1;
        }
        assert!(!notes.contains("\n\n\n"), "{feature}:\n{notes}");
    }
    for ((statement, _), [untrue, true_]) in STATEMENTS.iter().zip(made) {
        assert!(untrue > 0 && true_ > 0, "{statement}: never and always would do as well");
    }
}

#[test]
fn names_and_ports_in_the_notes_are_those_of_the_objects() {
    let values = merged(&minimal(), &json!({"fullnameOverride": "seats", "service": {"port": 80}}));
    let notes = notes(&values);
    let service = Objects::of(&Chart::ours(), &values).the("Service").clone();
    assert_eq!(
        (&service["metadata"]["name"], &service["spec"]["ports"][0]["port"]),
        (&json!("seats"), &json!(80))
    );
    for text in [
        "watches the organisations octo.",
        "from the Secret github-token, which must have the key token.",
        "kubectl --namespace metrics port-forward service/seats 80\n",
        "and open http://127.0.0.1:80/.",
        "kubectl --namespace metrics exec deploy/seats -- /github-copilot-exporter check\n",
        "\nhttp://seats.metrics.svc:80/metrics\n",
    ] {
        assert!(notes.contains(text), "{text}\n{notes}");
    }
}

#[test]
fn nobody_is_named_who_may_come_from_elsewhere() {
    let values = json!({"extraEnvFrom": [{"secretRef": {"name": "all"}}]});
    assert!(!notes(&values).contains("watches"), "{}", notes(&values));
}

#[test]
fn what_variables_of_ones_own_say_is_not_denied() {
    let app = json!({"github": {"orgs": [], "app": {"id": 1, "existingSecret": "key"}}});
    let named = |name: &str, value: &str| json!({"extraEnv": [{"name": name, "value": value}]});
    for (values, own, untrue) in [
        (app, named("GITHUB_ORGS", "octo"), "where the GitHub App is installed"),
        (json!({"state": {"enabled": false}}), named("EXPORTER_STATE_DIR", "/kept"), "No figures are kept"),
    ] {
        let values = merged(&minimal(), &values);
        assert!(notes(&values).contains(untrue), "{}", notes(&values));
        let with_own = notes(&merged(&values, &own));
        assert!(!with_own.contains(untrue), "{with_own}");
    }
}

#[test]
fn where_no_pod_runs_nothing_is_promised() {
    let notes = notes(&merged(&minimal(), &json!({"replicaCount": 0})));
    assert_eq!(notes.trim(), "Nothing runs, and nothing is watched: replicaCount is 0.");
}
