//! The objects, parsed and compared with what they are to be.

use serde_json::{Value, json};

use super::{
    Chart,
    render::{NEWEST, Objects, minimal, with},
};

/// The labels of every object of a release.
fn labels() -> Value {
    json!({
        "app.kubernetes.io/instance": "copilot",
        "app.kubernetes.io/managed-by": "Helm",
        "app.kubernetes.io/name": "github-copilot-exporter",
        "app.kubernetes.io/version": env!("CARGO_PKG_VERSION"),
        "helm.sh/chart": concat!("github-copilot-exporter-", env!("CARGO_PKG_VERSION")),
    })
}

#[test]
fn two_values_make_a_deployment_a_service_an_account_and_a_test() {
    let objects = Objects::of(&Chart::ours(), &minimal());
    let mut names = objects.names();
    names.sort();
    let name = "copilot-github-copilot-exporter";
    let expected = [
        format!("Deployment {name}"),
        format!("Pod {name}-test"),
        format!("Service {name}"),
        format!("ServiceAccount {name}"),
    ];
    assert_eq!(names, expected);
    for object in &objects.0 {
        assert_eq!(object["metadata"]["namespace"], "metrics");
    }
    assert_eq!(objects.the("Deployment")["metadata"]["labels"], labels());
}

#[test]
fn the_pod_is_one_and_is_replaced_not_doubled() {
    let objects = Objects::of(&Chart::ours(), &minimal());
    let spec = &objects.the("Deployment")["spec"];
    assert_eq!(json!([spec["replicas"], spec["strategy"]]), json!([1, {"type": "Recreate"}]));
    let selector = json!({
        "app.kubernetes.io/name": "github-copilot-exporter",
        "app.kubernetes.io/instance": "copilot",
        "app.kubernetes.io/component": "exporter",
    });
    assert_eq!(spec["selector"]["matchLabels"], selector);
    assert_eq!(objects.the("Service")["spec"]["selector"], selector);
    assert_eq!(
        spec["template"]["metadata"],
        json!({"labels": selector}),
        "no version: nothing restarts for one"
    );
    assert_eq!(Objects::of_feature("replicas").the("Deployment")["spec"]["replicas"], 2);
    assert_eq!(with(&json!({"replicaCount": 0})).the("Deployment")["spec"]["replicas"], 0);
}

#[test]
fn the_services_selector_does_not_choose_the_pod_of_the_test() {
    let objects = Objects::of(&Chart::ours(), &minimal());
    let selector = objects.the("Service")["spec"]["selector"].as_object().unwrap();
    let labels = &objects.the("Pod")["metadata"]["labels"];
    assert!(selector.iter().any(|(key, value)| labels[key] != *value), "{labels}");
}

#[test]
fn a_token_is_mounted_as_a_file_from_the_key_that_is_named() {
    let objects = Objects::of_feature("enterprise");
    let token = json!({"secretName": "github-token", "defaultMode": 0o440, "items": [{"key": "pat", "path": "token"}]});
    assert_eq!(objects.pod()["volumes"][0], json!({"name": "token", "secret": token}));
    let mount = json!({"name": "token", "mountPath": "/etc/github-copilot-exporter/token", "readOnly": true});
    assert_eq!(objects.container()["volumeMounts"][0], mount);
    let all = Objects::of_feature("token-per-owner");
    let tokens = json!({"secretName": "github-tokens", "defaultMode": 0o440});
    assert_eq!(all.pod()["volumes"][0]["secret"], tokens, "every key is a file");
}

#[test]
fn nothing_secret_is_in_an_object_but_a_secret() {
    let chart = Chart::ours();
    for (feature, secret) in [("token-value", "ghp_of_nobody"), ("app-value", "of nobody")] {
        let objects = Objects::of_feature(feature);
        assert_eq!(objects.of_kind("Secret").len(), 1);
        for object in objects.0.iter().filter(|object| object["kind"] != "Secret") {
            assert!(!object.to_string().contains(secret), "{object}");
        }
        let name = &objects.the("Secret")["metadata"]["name"];
        assert_eq!(objects.pod()["volumes"][0]["secret"]["secretName"], *name);
    }
    let without = chart.features().into_iter().filter(|feature| !feature.ends_with("-value"));
    for feature in without {
        assert!(Objects::of_feature(&feature).of_kind("Secret").is_empty(), "{feature}");
    }
}

#[test]
fn state_is_kept_for_the_pod_or_on_a_claim_or_not() {
    let volume = |objects: &Objects| objects.pod()["volumes"].as_array().unwrap().last().unwrap().clone();
    let pods = Objects::of_feature("minimal");
    assert_eq!(volume(&pods), json!({"name": "state", "emptyDir": {"sizeLimit": "256Mi"}}));
    let claimed = Objects::of_feature("persistence");
    let claim = claimed.the("PersistentVolumeClaim");
    let name = "copilot-github-copilot-exporter-state";
    assert_eq!(volume(&claimed), json!({"name": "state", "persistentVolumeClaim": {"claimName": name}}));
    assert_eq!(claim["metadata"]["name"], name);
    assert_eq!(claim["metadata"]["annotations"], json!({"helm.sh/resource-policy": "keep"}));
    let spec = json!({
        "accessModes": ["ReadWriteOncePod"],
        "storageClassName": "fast",
        "resources": {"requests": {"storage": "1Gi"}},
    });
    assert_eq!(claim["spec"], spec);
    let mount = json!({"name": "state", "mountPath": "/state"});
    assert!(claimed.container()["volumeMounts"].as_array().unwrap().contains(&mount));
    let existing = Objects::of_feature("persistence-existing");
    assert!(existing.of_kind("PersistentVolumeClaim").is_empty());
    assert_eq!(volume(&existing)["persistentVolumeClaim"]["claimName"], "copilot-state");
    let stateless = Objects::of_feature("stateless");
    assert!(!stateless.the("Deployment").to_string().contains("state"), "{}", stateless.the("Deployment"));
}

#[test]
fn an_image_is_named_by_the_version_of_the_application_a_tag_or_a_digest() {
    let image =
        |values: Value| with(&json!({"image": values})).container()["image"].as_str().unwrap().to_owned();
    let repository = "ghcr.io/github-copilot-exporter/github-copilot-exporter";
    assert_eq!(image(json!({})), format!("{repository}:{}", env!("CARGO_PKG_VERSION")));
    assert_eq!(image(json!({"tag": "main"})), format!("{repository}:main"));
    let digest = format!("sha256:{}", "0123456789abcdef".repeat(4));
    assert_eq!(image(json!({"tag": "main", "digest": digest})), format!("{repository}@{digest}"));
    let objects = Objects::of_feature("image");
    assert_eq!(objects.container()["imagePullPolicy"], "Always");
    assert_eq!(objects.pod()["imagePullSecrets"], json!([{"name": "registry"}]));
    let test = &objects.the("Pod")["spec"];
    assert_eq!(test["imagePullSecrets"], json!([{"name": "registry"}]));
    assert_eq!(test["containers"][0]["image"], format!("registry.example/curl@{digest}"));
}

#[test]
fn what_kubernetes_offers_for_pods_can_be_set() {
    let chart = Chart::ours();
    let (objects, values) = (Objects::of_feature("pod"), chart.feature("pod"));
    let (deployment, pod) = (objects.the("Deployment"), objects.pod());
    for key in
        ["nodeSelector", "tolerations", "affinity", "priorityClassName", "terminationGracePeriodSeconds"]
    {
        assert_eq!(pod[key], values[key], "{key}");
    }
    assert_eq!(deployment["spec"]["revisionHistoryLimit"], 1);
    let team = json!({"team": "metrics"});
    assert_eq!(deployment["metadata"]["annotations"], team);
    let template = &deployment["spec"]["template"]["metadata"];
    assert_eq!((&template["annotations"], &template["labels"]["team"]), (&team, &json!("metrics")));
    let container = objects.container();
    assert_eq!(container["livenessProbe"]["periodSeconds"], 30);
    assert_eq!(container["readinessProbe"]["periodSeconds"], 5);
    assert_eq!(container["resources"]["limits"]["memory"], "512Mi");
}

#[test]
fn service_and_account_can_be_set_up() {
    let objects = Objects::of_feature("pod");
    let account = &objects.the("ServiceAccount")["metadata"];
    assert_eq!(json!([account["name"], account["annotations"]]), json!(["copilot", {"team": "metrics"}]));
    assert_eq!(objects.pod()["serviceAccountName"], "copilot");
    let service = objects.the("Service");
    assert_eq!(
        json!([service["spec"]["type"], service["spec"]["ports"][0]["port"]]),
        json!(["NodePort", 80])
    );
    assert_eq!(service["metadata"]["labels"]["scrape"], "here");
    assert_eq!(service["metadata"]["annotations"], json!({"prometheus.io/scrape": "true"}));
    let stateless = Objects::of_feature("stateless");
    assert_eq!(stateless.pod()["serviceAccountName"], "default");
    assert!(stateless.of_kind("ServiceAccount").is_empty() && stateless.of_kind("Pod").is_empty());
}

#[test]
fn more_can_be_added_everywhere() {
    let objects = Objects::of_feature("extras");
    let (pod, container) = (objects.pod(), objects.container());
    assert_eq!(container["env"].as_array().unwrap().last().unwrap()["name"], "SSL_CERT_FILE");
    assert_eq!(container["envFrom"], json!([{"secretRef": {"name": "proxy-with-password"}}]));
    assert_eq!(pod["volumes"].as_array().unwrap().last().unwrap()["name"], "authority");
    assert_eq!(container["volumeMounts"].as_array().unwrap().last().unwrap()["mountPath"], "/etc/authority");
    assert_eq!(
        (&pod["initContainers"][0]["name"], &pod["containers"][1]["name"]),
        (&json!("wait"), &json!("beside"))
    );
    let maps = objects.of_kind("ConfigMap");
    let names: Vec<_> = maps.iter().map(|map| map["metadata"]["name"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        ["copilot-map", "copilot-text"],
        "the release's name contains the chart's, so it is not said twice"
    );
    assert_eq!(maps[0]["data"], json!({"release": "copilot"}));
}

#[test]
fn labels_and_annotations_for_all_are_on_all_and_select_nothing() {
    let objects = Objects::of_feature("extras");
    for object in objects.0.iter().filter(|object| object["kind"] != "ConfigMap") {
        let metadata = &object["metadata"];
        assert_eq!(
            (&metadata["labels"]["cost-centre"], &metadata["annotations"]["owner"]),
            (&json!("42"), &json!("platform"))
        );
    }
    let deployment = objects.the("Deployment")["spec"].clone();
    assert_eq!(deployment["template"]["metadata"]["labels"]["cost-centre"], "42");
    assert!(deployment["selector"]["matchLabels"]["cost-centre"].is_null(), "a selector can never change");
}

#[test]
fn names_follow_the_release_and_fit_whatever_its_length() {
    let name = |release: &str, values: &Value| {
        let directory = Chart::ours().directory;
        let arguments = ["template", release, directory.to_str().unwrap(), "--kube-version", NEWEST];
        let values = super::render::merged(&minimal(), values);
        let objects = Objects::read(&super::render::Helm::Four.run(&arguments, &values).unwrap());
        for name in objects.names() {
            assert!(name.split(' ').nth(1).unwrap().len() <= 63, "{name}");
        }
        objects.the("Deployment")["metadata"]["name"].as_str().unwrap().to_owned()
    };
    assert_eq!(name("one", &json!({})), "one-github-copilot-exporter");
    assert_eq!(name("github-copilot-exporter", &json!({})), "github-copilot-exporter");
    assert_eq!(name("one", &json!({"nameOverride": "two"})), "one-two");
    assert_eq!(name("one", &json!({"fullnameOverride": "two"})), "two");
    let dashboards = json!({"dashboards": {"configMaps": {"enabled": true}}});
    let long = "a".repeat(53);
    assert_eq!(name(&long, &dashboards), format!("{long}-github-co"));
}

#[test]
fn openshift_may_choose_user_and_group() {
    let context = &Objects::of_feature("openshift").pod()["securityContext"].clone();
    let expected = json!({
        "runAsNonRoot": true,
        "fsGroupChangePolicy": "OnRootMismatch",
        "seccompProfile": {"type": "RuntimeDefault"},
    });
    assert_eq!(*context, expected);
}
