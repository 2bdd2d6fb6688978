//! What is deployed without Kubernetes: the image, the stack for home, the systemd unit, the release.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use github_copilot_exporter::config::variables;
use serde_json::Value;

use crate::{
    contracts::{read, root},
    program::run,
};

const COMPOSE: &str = "deploy/compose/compose.yaml";
const UNIT: &str = "deploy/systemd/github-copilot-exporter.service";

/// The user and the group of the image: nobody's, as in the images of others who have no root.
pub const NOBODY: &str = "65532:65532";

fn yaml(file: &str) -> Value {
    serde_saphyr::from_str(&read(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn strings(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array().into_iter().flatten().map(|value| value.as_str().unwrap())
}

fn port() -> String {
    let address = variables::ALL.iter().find(|variable| variable.name == "EXPORTER_LISTEN_ADDRESS").unwrap();
    address.default.rsplit_once(':').unwrap().1.to_owned()
}

/// The files of this machine that a service of the stack sees, each with its place there.
fn mounts(service: &Value) -> Vec<(PathBuf, &str)> {
    let directory = root().join(COMPOSE).parent().unwrap().to_owned();
    strings(&service["volumes"])
        .filter(|mount| mount.starts_with('.'))
        .map(|mount| {
            let mut parts = mount.split(':');
            let source = directory.join(parts.next().unwrap());
            let place = parts.next().unwrap();
            assert_eq!(parts.next(), Some("ro"), "{mount} can be written");
            (source.canonicalize().unwrap_or_else(|error| panic!("{mount}: {error}")), place)
        })
        .collect()
}

#[test]
fn the_stack_for_home_is_open_to_this_machine_only_and_its_images_are_pinned() {
    let compose = yaml(COMPOSE);
    for (name, service) in compose["services"].as_object().unwrap() {
        for port in strings(&service["ports"]) {
            assert!(port.starts_with("127.0.0.1:"), "{name}: {port}");
        }
        if let Some(image) = service["image"].as_str() {
            let (_, tag) = image.rsplit_once(':').unwrap();
            assert!(tag.trim_start_matches('v').split('.').count() == 3, "{name}: {image}");
        }
    }
}

#[test]
fn the_exporter_of_the_stack_is_the_demo_on_the_port_that_the_others_know() {
    let compose = yaml(COMPOSE);
    let exporter = &compose["services"]["exporter"];
    let context = root().join("deploy/compose").join(exporter["build"]["context"].as_str().unwrap());
    assert_eq!(context.canonicalize().unwrap(), root().canonicalize().unwrap());
    assert_eq!(strings(&exporter["command"]).collect::<Vec<_>>(), ["demo"]);
    let known: BTreeSet<_> = variables::ALL.iter().map(|variable| variable.name).collect();
    for name in exporter["environment"].as_object().unwrap().keys() {
        assert!(known.contains(&**name), "{name}");
    }
    let port = port();
    assert_eq!(exporter["environment"]["EXPORTER_LISTEN_ADDRESS"], format!("0.0.0.0:{port}"));
    assert_eq!(strings(&exporter["ports"]).collect::<Vec<_>>(), [format!("127.0.0.1:{port}:{port}")]);
    let scraped = yaml("deploy/compose/prometheus.yaml");
    let targets = &scraped["scrape_configs"][0]["static_configs"][0]["targets"];
    assert_eq!(strings(targets).collect::<Vec<_>>(), [format!("exporter:{port}")]);
}

#[test]
fn prometheus_and_grafana_of_the_stack_have_every_rule_and_every_dashboard() {
    let compose = yaml(COMPOSE);
    let prometheus = mounts(&compose["services"]["prometheus"]);
    let rules = fs::read_dir(root().join("deploy/prometheus")).unwrap().map(|entry| entry.unwrap().path());
    for file in rules.filter(|path| path.extension().is_some_and(|extension| extension == "yaml")) {
        let name = file.file_name().unwrap().to_str().unwrap();
        let place = format!("/etc/prometheus/rules/{name}");
        assert!(prometheus.contains(&(file.canonicalize().unwrap(), &*place)), "{name} is not mounted");
    }
    let grafana = mounts(&compose["services"]["grafana"]);
    let provider = yaml("deploy/compose/grafana/dashboards.yaml");
    let dashboards = provider["providers"][0]["options"]["path"].as_str().unwrap();
    assert!(grafana.contains(&(root().join("grafana").canonicalize().unwrap(), dashboards)));
    let home = &compose["services"]["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"];
    let home = Path::new(home.as_str().unwrap()).strip_prefix(dashboards).unwrap();
    assert!(root().join("grafana").join(home).exists(), "{}", home.display());
    let source = yaml("deploy/compose/grafana/datasource.yaml");
    assert_eq!(source["datasources"][0]["url"], "http://prometheus:9090");
    assert_eq!(source["datasources"][0]["type"], "prometheus");
}

#[test]
fn prometheus_takes_the_configuration_of_the_stack() {
    let directory = tempfile::tempdir().unwrap();
    let here = |place: &str| format!("{}{place}", directory.path().display());
    let compose = yaml(COMPOSE);
    let mounts = mounts(&compose["services"]["prometheus"]);
    for (source, place) in &mounts {
        fs::create_dir_all(Path::new(&here(place)).parent().unwrap()).unwrap();
        fs::copy(source, here(place)).unwrap();
    }
    let config = here("/etc/prometheus/prometheus.yaml");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, text.replace("/etc/", &here("/etc/"))).unwrap();
    let mut command = Command::new("promtool");
    command.args(["check", "config", &config]);
    let (code, said, complaints) = run(command);
    assert_eq!(code, Some(0), "{said}{complaints}");
    assert_eq!(said.matches("rules found").count(), mounts.len() - 1, "{said}");
}

#[test]
fn the_image_is_built_of_what_is_there_and_runs_as_nobody() {
    let dockerfile = read("Dockerfile");
    let ignored = read(".dockerignore");
    let copied = dockerfile
        .lines()
        .filter_map(|line| line.strip_prefix("COPY "))
        .filter(|line| !line.starts_with("--"));
    for source in copied.flat_map(|line| line.split(' ').rev().skip(1)) {
        assert!(root().join(source).exists(), "{source}");
        assert!(ignored.lines().any(|line| line == format!("!{source}")), "{source} is ignored");
    }
    for line in [format!("USER {NOBODY}"), format!("EXPOSE {}", port())] {
        assert!(dockerfile.lines().any(|other| other == line), "{line}");
    }
    assert!(dockerfile.contains(r#"ENTRYPOINT ["/github-copilot-exporter"]"#));
    let licence = format!(r#"image.licenses="{}""#, env!("CARGO_PKG_LICENSE"));
    assert!(dockerfile.contains(&licence) && dockerfile.contains("\nFROM scratch\n"));
}

#[test]
fn the_compiler_of_the_image_is_new_enough() {
    let numbers = |text: &str| text.split('.').map(|part| part.parse().unwrap()).collect::<Vec<u32>>();
    let dockerfile = read("Dockerfile");
    let from = dockerfile.lines().find_map(|line| line.strip_prefix("FROM rust:")).unwrap();
    let image = numbers(from.split('-').next().unwrap());
    assert!(image >= numbers(env!("CARGO_PKG_RUST_VERSION")), "{from}");
}

#[test]
fn the_unit_is_one_that_systemd_takes_and_is_shut_off() {
    let directory = tempfile::tempdir().unwrap();
    let unit = directory.path().join("github-copilot-exporter.service");
    let installed = "/usr/local/bin/github-copilot-exporter";
    let text = read(UNIT);
    let here = text.replace(installed, env!("CARGO_BIN_EXE_github-copilot-exporter"));
    assert_ne!(text, here, "the program is started");
    fs::write(&unit, here).unwrap();
    let analyze = |arguments: &[&str]| {
        let mut command = Command::new("systemd-analyze");
        command.args(arguments).arg(&unit);
        let (code, said, complaints) = run(command);
        assert_eq!((code, &*complaints), (Some(0), ""), "{said}");
    };
    analyze(&["verify", "--man=no"]);
    // Of 100, where a service as it comes has over 90.
    analyze(&["security", "--offline=true", "--no-pager", "--threshold=15"]);
}

#[test]
fn the_unit_names_variables_that_exist_and_does_not_start_again_what_cannot_work() {
    let unit = read(UNIT);
    let known: BTreeSet<_> = variables::ALL.iter().map(|variable| variable.name).collect();
    let set = unit.lines().filter_map(|line| line.strip_prefix("Environment="));
    let names: Vec<_> = set.map(|line| line.split_once('=').unwrap().0).collect();
    assert_eq!(names, ["GITHUB_TOKEN_FILE", "EXPORTER_STATE_DIR"]);
    assert!(names.iter().all(|name| known.contains(name)));
    // What the program ends with where the configuration cannot be used.
    assert!(unit.lines().any(|line| line == "RestartPreventExitStatus=64"));
}
