//! Every feature passes Helm's own checks, and what is rendered passes Kubernetes's.

use std::{fs, path::Path, process::Command};

use serde_json::json;

use super::{
    Chart,
    render::{Helm, NEWEST, OLDEST, Objects, manifests, merged, minimal},
};
use crate::{contracts::root, program::run};

#[test]
fn both_versions_of_helm_find_nothing_to_complain_about_in_any_feature() {
    let chart = Chart::ours();
    let directory = chart.directory.to_str().unwrap();
    for helm in Helm::ALL {
        for feature in chart.features() {
            let values = chart.feature(&feature);
            let arguments = ["lint", "--strict", directory, "--kube-version", NEWEST];
            let said = helm.run(&arguments, &values).unwrap_or_else(|said| panic!("{feature}: {said}"));
            assert!(!said.contains("[WARNING]"), "{feature}: {said}");
        }
    }
}

#[test]
fn both_versions_of_helm_render_the_same() {
    let chart = Chart::ours();
    for feature in chart.features() {
        let [three, four] = Helm::ALL.map(|helm| Objects::read(&manifests(helm, NEWEST, &feature)));
        let sorted = |objects: &Objects| {
            let mut texts: Vec<_> = objects.0.iter().map(ToString::to_string).collect();
            texts.sort();
            texts
        };
        assert_eq!(sorted(&three), sorted(&four), "{feature}");
    }
}

/// What the schemas of a version of Kubernetes, and those of the custom resources, say of files of manifests.
fn wrong_objects(kubernetes: &str, directory: &Path) -> String {
    let mut command = Command::new(root().join("target/tools/kubernetes-validate/bin/python"));
    command.arg(root().join(".ci/helm/validate.py")).arg(kubernetes.trim_end_matches(".0"));
    command.arg(root().join("target/tools/crds"));
    let mut files: Vec<_> = fs::read_dir(directory).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let (code, problems, trouble) = run({
        command.args(files);
        command
    });
    assert!(matches!(code, Some(0 | 1)) && trouble.is_empty(), "{trouble}");
    assert_eq!(code == Some(1), !problems.is_empty(), "{problems}");
    problems
}

#[test]
fn every_object_of_every_feature_fits_the_schemas_of_the_oldest_and_the_newest_kubernetes() {
    let chart = Chart::ours();
    for kubernetes in [OLDEST, NEWEST] {
        for helm in Helm::ALL {
            let directory = tempfile::tempdir().unwrap();
            for feature in chart.features() {
                let manifests = manifests(helm, kubernetes, &feature);
                fs::write(directory.path().join(feature), manifests.as_bytes()).unwrap();
            }
            assert_eq!(wrong_objects(kubernetes, directory.path()), "");
        }
    }
}

#[test]
fn a_misspelt_field_of_any_kind_is_found() {
    for (template, field, feature) in [
        ("templates/deployment.yaml", "enableServiceLinks", "minimal"),
        ("templates/service.yaml", "targetPort", "minimal"),
        ("templates/serviceaccount.yaml", "automountServiceAccountToken", "minimal"),
        ("templates/secret.yaml", "type", "token-value"),
        ("templates/persistentvolumeclaim.yaml", "accessModes", "persistence"),
        ("templates/networkpolicy.yaml", "policyTypes", "network-policy"),
        ("templates/tests/scrape.yaml", "restartPolicy", "minimal"),
        ("templates/servicemonitor.yaml", "namespaceSelector", "service-monitor"),
        ("templates/podmonitor.yaml", "namespaceSelector", "pod-monitor"),
        ("templates/_monitor.tpl", "honorLabels:", "pod-monitor"),
        ("templates/prometheusrule.yaml", "groups:", "prometheus-rule"),
        ("templates/_rules.tpl", "\"for\"", "prometheus-rule"),
        ("templates/dashboards.yaml", "data", "dashboards-sidecar"),
        ("templates/grafanadashboards.yaml", "resyncPeriod:", "dashboards-operator"),
    ] {
        let misspelt = format!("{}x{}", &field[..2], &field[2..]);
        let chart = Chart::changed(template, field, &misspelt);
        let manifests = Helm::Four.template(&chart, NEWEST, &chart.feature(feature)).unwrap();
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join(feature), manifests).unwrap();
        let name = misspelt.trim_matches(['"', ':']);
        let said = wrong_objects(NEWEST, directory.path());
        assert!(said.contains(&format!("'{name}'")) && said.contains("unexpected"), "{template}: {said}");
    }
}

#[test]
fn kubernetes_that_is_too_old_is_refused() {
    let chart = Chart::ours();
    for helm in Helm::ALL {
        let said = helm.template(&chart, "1.24.17", &minimal()).unwrap_err();
        assert!(said.contains("requires kubeVersion: >=1.25.0-0"), "{said}");
        // What clouds add behind the version is no reason.
        helm.template(&chart, "v1.25.4-gke.100", &minimal()).unwrap();
    }
}

#[test]
fn the_packaged_chart_renders_the_same_and_holds_no_example() {
    let chart = Chart::ours();
    let directory = tempfile::tempdir().unwrap();
    for helm in Helm::ALL {
        let package = package(helm, &chart, directory.path());
        let values =
            json!({"dashboards": {"configMaps": {"enabled": true}}, "prometheusRule": {"enabled": true}});
        let values = merged(&minimal(), &values);
        let arguments = ["template", "copilot", &package, "--namespace", "metrics", "--kube-version", NEWEST];
        let packaged = helm.run(&arguments, &values).unwrap();
        assert_eq!(packaged, helm.template(&chart, NEWEST, &values).unwrap());
        let (_, held, _) = run({
            let mut tar = Command::new("tar");
            tar.args(["-tzf", &package]);
            tar
        });
        assert!(held.contains("/files/thresholds.yaml") && !held.contains("/ci/"), "{held}");
    }
}

/// Packages a chart, and returns where the package is.
fn package(helm: Helm, chart: &Chart, into: &Path) -> String {
    let mut command = Command::new(helm.program());
    command.env("HOME", into).args(["package", "--destination"]).arg(into).arg(&chart.directory);
    let (code, said, trouble) = run(command);
    assert_eq!(code, Some(0), "{trouble}");
    said.trim().rsplit(' ').next().unwrap().to_owned()
}

#[test]
fn a_release_with_everything_fits_into_the_secret_that_helm_keeps_it_in() {
    let chart = Chart::ours();
    let all = json!({
        "dashboards": {"configMaps": {"enabled": true}, "grafanaOperator": {"enabled": true}},
        "prometheusRule": {"enabled": true},
        "serviceMonitor": {"enabled": true},
        "networkPolicy": {"enabled": true},
    });
    let manifests = Helm::Four.template(&chart, NEWEST, &merged(&minimal(), &all)).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let packed = fs::metadata(package(Helm::Four, &chart, directory.path())).unwrap().len();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut gzip, manifests.as_bytes()).unwrap();
    let rendered = gzip.finish().unwrap().len();
    // Both of them, twice in base64, in at most 1 MiB.
    let kept = (usize::try_from(packed).unwrap() * 4 / 3 + rendered) * 4 / 3;
    assert!(kept < 1024 * 1024 / 2, "{kept} bytes");
}

#[test]
fn as_a_part_of_another_chart_it_takes_what_helm_gives_every_part() {
    let directory = tempfile::tempdir().unwrap();
    let part = directory.path().join("charts/github-copilot-exporter");
    fs::create_dir_all(&part).unwrap();
    super::copy_directory(&Chart::ours().directory, &part);
    let about = "apiVersion: v2\nname: parent\nversion: 1.0.0\ndependencies:\n- name: github-copilot-exporter\n  \
                 version: '*'\n  condition: github-copilot-exporter.enabled\n";
    fs::write(directory.path().join("Chart.yaml"), about).unwrap();
    let parent = Chart { directory: directory.path().to_owned(), _copy: None };
    for helm in Helm::ALL {
        for (enabled, expected) in [(true, 4), (false, 0)] {
            let part = merged(&minimal(), &json!({"enabled": enabled}));
            let values = json!({"global": {"imageRegistry": "any"}, "github-copilot-exporter": part});
            let objects = Objects::read(&helm.template(&parent, NEWEST, &values).unwrap());
            assert_eq!(objects.0.len(), expected, "{:?}", objects.names());
        }
    }
}
