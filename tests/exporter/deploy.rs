//! What is deployed without Kubernetes: the image, the stack for home, the systemd unit.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use github_copilot_exporter::{config::variables, exit::Exit};
use serde_json::Value;

use crate::{
    contracts::{read, root},
    program::run,
};

const COMPOSE: &str = "deploy/compose/compose.yaml";
const SCRAPES: &str = "deploy/compose/prometheus.yaml";
const PROVIDER: &str = "deploy/compose/grafana/dashboards.yaml";
const SOURCE: &str = "deploy/compose/grafana/datasource.yaml";
const DOCKERFILE: &str = "Dockerfile";
const IGNORED: &str = ".dockerignore";
const UNIT: &str = "deploy/systemd/github-copilot-exporter.service";

/// The user and the group of the image: nobody's, as in the images of others who have no root.
pub const NOBODY: &str = "65532:65532";

/// The files that must agree with the code and with one another, each by its place.
struct Files(BTreeMap<&'static str, String>);

impl Files {
    fn ours() -> Self {
        let names = [COMPOSE, SCRAPES, PROVIDER, SOURCE, DOCKERFILE, IGNORED, UNIT];
        Self(names.map(|file| (file, read(file))).into())
    }

    /// Ours, but for a text of one of them.
    fn changed(file: &str, from: &str, to: &str) -> Self {
        let mut files = Self::ours();
        let text = files.0.get_mut(file).unwrap();
        assert!(text.contains(from), "{file} has no {from:?}");
        *text = text.replace(from, to);
        files
    }

    fn yaml(&self, file: &str) -> Value {
        yaml(file, &self.0[file])
    }

    fn has_line(&self, file: &str, line: &str) -> bool {
        self.0[file].lines().any(|other| other == line)
    }

    /// What does not agree, a sentence each that names the file.
    fn problems(&self) -> Vec<String> {
        let mut problems = Problems::default();
        self.of_every_service(&mut problems);
        self.of_the_exporter(&mut problems);
        self.of_prometheus(&mut problems);
        self.of_grafana(&mut problems);
        self.of_the_image(&mut problems);
        self.of_the_compiler(&mut problems);
        self.of_the_unit(&mut problems);
        problems.0
    }

    fn of_every_service(&self, problems: &mut Problems) {
        for (name, service) in self.yaml(COMPOSE)["services"].as_object().unwrap() {
            for port in strings(&service["ports"]) {
                let what = format!("{name}: {port} is open to more than this machine");
                problems.must(port.starts_with("127.0.0.1:"), COMPOSE, &what);
            }
            for mount in strings(&service["volumes"]).filter(|mount| mount.starts_with('.')) {
                problems.must(mount.ends_with(":ro"), COMPOSE, &format!("{name}: {mount} can be written"));
                problems.must(source(mount).exists(), COMPOSE, &format!("{name}: {mount} is not there"));
            }
            let tag =
                service["image"].as_str().map(|image| image.rsplit_once(':').map_or("", |(_, tag)| tag));
            let is_pinned = tag.is_none_or(|tag| tag.trim_start_matches('v').split('.').count() == 3);
            problems.must(is_pinned, COMPOSE, &format!("{name}: its image is not pinned"));
        }
    }

    fn of_the_exporter(&self, problems: &mut Problems) {
        let compose = self.yaml(COMPOSE);
        let exporter = &compose["services"]["exporter"];
        let context = exporter["build"]["context"].as_str().unwrap_or_default();
        problems.must(
            source(context).canonicalize().is_ok_and(|at| at == canonical("")),
            COMPOSE,
            "it is not built here",
        );
        problems.must(strings(&exporter["command"]).eq(["demo"]), COMPOSE, "the exporter is not the demo");
        for name in exporter["environment"].as_object().unwrap().keys() {
            problems.must(is_known(name), COMPOSE, &format!("src/config/variables.rs has no {name}"));
        }
        let port = port();
        let address = &exporter["environment"]["EXPORTER_LISTEN_ADDRESS"];
        problems.must(
            *address == format!("0.0.0.0:{port}"),
            COMPOSE,
            &format!("the exporter does not listen on {port}"),
        );
        let published = format!("127.0.0.1:{port}:{port}");
        problems.must(
            strings(&exporter["ports"]).eq([&*published]),
            COMPOSE,
            &format!("the port is not {published}"),
        );
        let targets = &self.yaml(SCRAPES)["scrape_configs"][0]["static_configs"][0]["targets"];
        let target = format!("exporter:{port}");
        problems.must(strings(targets).eq([&*target]), SCRAPES, &format!("the target is not {target}"));
    }

    fn of_prometheus(&self, problems: &mut Problems) {
        let compose = self.yaml(COMPOSE);
        let mounts = mounts(&compose["services"]["prometheus"]);
        let rules =
            fs::read_dir(root().join("deploy/prometheus")).unwrap().map(|entry| entry.unwrap().path());
        for file in rules.filter(|path| path.extension().is_some_and(|extension| extension == "yaml")) {
            let name = file.file_name().unwrap().to_str().unwrap();
            let mount = (file.canonicalize().unwrap(), format!("/etc/prometheus/rules/{name}"));
            problems.must(mounts.contains(&mount), COMPOSE, &format!("the rules of {name} are not mounted"));
        }
    }

    fn of_grafana(&self, problems: &mut Problems) {
        let compose = self.yaml(COMPOSE);
        let grafana = &compose["services"]["grafana"];
        let provider = self.yaml(PROVIDER);
        let place = provider["providers"][0]["options"]["path"].as_str().unwrap_or_default();
        let is_there = mounts(grafana).contains(&(canonical("grafana"), place.to_owned()));
        problems.must(is_there, COMPOSE, &format!("no dashboards at {place}, where {PROVIDER} has them"));
        let home =
            grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"].as_str().unwrap_or_default();
        let home_is_there =
            Path::new(home).strip_prefix(place).is_ok_and(|home| root().join("grafana").join(home).is_file());
        problems.must(home_is_there, COMPOSE, &format!("no dashboard is at {home}"));
        let source = &self.yaml(SOURCE)["datasources"][0];
        problems.must(source["type"] == "prometheus", SOURCE, "the data source is no Prometheus");
        problems.must(
            source["url"] == "http://prometheus:9090",
            SOURCE,
            "the data source is not that of the stack",
        );
    }

    fn of_the_image(&self, problems: &mut Problems) {
        let copied = self.0[DOCKERFILE].lines().filter_map(|line| line.strip_prefix("COPY "));
        let copied = copied.filter(|line| !line.starts_with("--"));
        for source in copied.flat_map(|line| line.split(' ').rev().skip(1)) {
            problems.must(root().join(source).exists(), DOCKERFILE, &format!("{source} is not there"));
            problems.must(
                self.has_line(IGNORED, &format!("!{source}")),
                IGNORED,
                &format!("{source} is ignored"),
            );
        }
        for line in [
            format!("USER {NOBODY}"),
            format!("EXPOSE {}", port()),
            "FROM scratch".to_owned(),
            r#"ENTRYPOINT ["/github-copilot-exporter"]"#.to_owned(),
        ] {
            problems.must(self.has_line(DOCKERFILE, &line), DOCKERFILE, &format!("no line {line}"));
        }
        let licence = format!(r#"image.licenses="{}""#, env!("CARGO_PKG_LICENSE"));
        problems.must(
            self.0[DOCKERFILE].contains(&licence),
            DOCKERFILE,
            "another licence than in Cargo.toml",
        );
    }

    fn of_the_compiler(&self, problems: &mut Problems) {
        let numbers = |text: &str| text.split('.').map(|part| part.parse().unwrap()).collect::<Vec<u32>>();
        let from = self.0[DOCKERFILE].lines().find_map(|line| line.strip_prefix("FROM rust:")).unwrap();
        let is_new = numbers(from.split('-').next().unwrap()) >= numbers(env!("CARGO_PKG_RUST_VERSION"));
        problems.must(is_new, DOCKERFILE, &format!("{from} is older than rust-version in Cargo.toml"));
    }

    fn of_the_unit(&self, problems: &mut Problems) {
        let set = self.0[UNIT].lines().filter_map(|line| line.strip_prefix("Environment="));
        let names: Vec<_> = set.map(|line| line.split_once('=').unwrap().0).collect();
        for name in &names {
            problems.must(is_known(name), UNIT, &format!("src/config/variables.rs has no {name}"));
        }
        for name in ["GITHUB_TOKEN_FILE", "EXPORTER_STATE_DIR"] {
            problems.must(names.contains(&name), UNIT, &format!("{name} is not set"));
        }
        // Another start would change nothing.
        let line = format!("RestartPreventExitStatus={}", Exit::Unusable.code());
        problems.must(self.has_line(UNIT, &line), UNIT, &format!("no line {line}, as by src/exit.rs"));
    }
}

/// Sentences about what is wrong.
#[derive(Default)]
struct Problems(Vec<String>);

impl Problems {
    fn must(&mut self, holds: bool, file: &str, what: &str) {
        self.0.extend((!holds).then(|| format!("{file}: {what}")));
    }
}

fn yaml(file: &str, text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn strings(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array().into_iter().flatten().map(|value| value.as_str().unwrap())
}

fn is_known(name: &str) -> bool {
    variables::ALL.iter().any(|variable| variable.name == name)
}

fn port() -> String {
    let address = variables::ALL.iter().find(|variable| variable.name == "EXPORTER_LISTEN_ADDRESS").unwrap();
    address.default.rsplit_once(':').unwrap().1.to_owned()
}

fn canonical(place: &str) -> PathBuf {
    root().join(place).canonicalize().unwrap()
}

/// The file or directory of this machine that the stack means.
fn source(mount: &str) -> PathBuf {
    root().join(COMPOSE).parent().unwrap().join(mount.split(':').next().unwrap())
}

/// The files of this machine that a service of the stack sees, each with its place there.
fn mounts(service: &Value) -> Vec<(PathBuf, String)> {
    let of_ours = strings(&service["volumes"]).filter(|mount| mount.starts_with('.'));
    let place = |mount: &str| mount.split(':').nth(1).unwrap().to_owned();
    of_ours.filter_map(|mount| Some((source(mount).canonicalize().ok()?, place(mount)))).collect()
}

#[test]
fn the_stack_the_image_and_the_unit_agree_with_the_code_and_with_one_another() {
    assert_eq!(Files::ours().problems(), [""; 0]);
}

/// A file, what stands in it, what it is replaced by, and what is said then.
const DRIFTS: [(&str, &str, &str, &str); 25] = [
    (COMPOSE, "127.0.0.1:3000:3000", "3000:3000", "grafana: 3000:3000 is open to more than this machine"),
    (COMPOSE, "prometheus.yaml:ro", "prometheus.yaml", "prometheus.yaml can be written"),
    (
        COMPOSE,
        "./prometheus.yaml",
        "./prometheus.yml",
        "prometheus.yml:/etc/prometheus/prometheus.yaml:ro is not there",
    ),
    (COMPOSE, "grafana:11.6.9", "grafana:latest", "grafana: its image is not pinned"),
    (COMPOSE, "context: ../..", "context: ..", "it is not built here"),
    (COMPOSE, "command: [demo]", "command: [serve]", "the exporter is not the demo"),
    (
        COMPOSE,
        "EXPORTER_LISTEN_ADDRESS:",
        "EXPORTER_LISTEN:",
        "src/config/variables.rs has no EXPORTER_LISTEN",
    ),
    (COMPOSE, "0.0.0.0:10220", "0.0.0.0:10221", "the exporter does not listen on 10220"),
    (COMPOSE, "127.0.0.1:10220:10220", "127.0.0.1:10220:10221", "the port is not 127.0.0.1:10220:10220"),
    (SCRAPES, "exporter:10220", "exporter:9090", "the target is not exporter:10220"),
    (COMPOSE, "rules/idle-seats.yaml", "idle-seats.yaml", "the rules of idle-seats.yaml are not mounted"),
    (
        COMPOSE,
        "../../grafana:/etc/grafana/dashboards:ro",
        "../../grafana:/dashboards:ro",
        "no dashboards at /etc/grafana/dashboards, where",
    ),
    (PROVIDER, "path: /etc/grafana/dashboards", "path: /dashboards", "no dashboards at /dashboards, where"),
    (
        COMPOSE,
        "dashboards/overview.json",
        "dashboards/home.json",
        "no dashboard is at /etc/grafana/dashboards/home.json",
    ),
    (SOURCE, "type: prometheus", "type: loki", "the data source is no Prometheus"),
    (SOURCE, "http://prometheus:9090", "http://prometheus:9091", "the data source is not that of the stack"),
    (DOCKERFILE, "COPY src src", "COPY source src", "source is not there"),
    (IGNORED, "!build.rs", "", "build.rs is ignored"),
    (DOCKERFILE, "USER 65532:65532", "USER root", "no line USER 65532:65532"),
    (DOCKERFILE, "EXPOSE 10220", "EXPOSE 8080", "no line EXPOSE 10220"),
    (DOCKERFILE, "\"Apache-2.0\"", "\"MIT\"", "another licence than in Cargo.toml"),
    (DOCKERFILE, "FROM rust:1.95", "FROM rust:1.80", "1.80-alpine AS build is older than rust-version"),
    (UNIT, "=EXPORTER_STATE_DIR=", "=EXPORTER_STATE=", "src/config/variables.rs has no EXPORTER_STATE"),
    (UNIT, "Environment=GITHUB_TOKEN_FILE", "#Environment=GITHUB_TOKEN_FILE", "GITHUB_TOKEN_FILE is not set"),
    (
        UNIT,
        "RestartPreventExitStatus=64",
        "RestartPreventExitStatus=78",
        "no line RestartPreventExitStatus=64, as by src/exit.rs",
    ),
];

#[test]
fn what_drifts_apart_in_a_deployment_is_named_with_its_file() {
    for (file, from, to, problem) in DRIFTS {
        let found = Files::changed(file, from, to).problems();
        let is_named = |line: &String| line.contains(file) && line.contains(problem);
        assert!(found.iter().any(is_named), "{file}: {problem} is not in {found:#?}");
    }
}

/// What the specification of compose files says of one.
fn wrong_in_compose(file: &Path) -> String {
    let script = "import json, sys, yaml, jsonschema\n\
                  schema, file = json.load(open(sys.argv[1])), yaml.safe_load(open(sys.argv[2]))\n\
                  for error in jsonschema.validators.validator_for(schema)(schema).iter_errors(file): print(error.message)";
    let tools = root().join("target/tools");
    let mut command = Command::new(tools.join("kubernetes-validate/bin/python"));
    command.args(["-c", script]).arg(tools.join("compose-spec.json")).arg(file);
    let (code, said, complaints) = run(command);
    assert_eq!(code, Some(0), "{complaints}");
    said
}

#[test]
fn the_stack_for_home_is_what_the_specification_of_compose_files_allows() {
    assert_eq!(wrong_in_compose(&root().join(COMPOSE)), "");
    let directory = tempfile::tempdir().unwrap();
    let misspelt = directory.path().join("compose.yaml");
    fs::write(&misspelt, read(COMPOSE).replace("read_only:", "read_onyl:")).unwrap();
    assert!(wrong_in_compose(&misspelt).contains("read_onyl"));
}

#[test]
fn prometheus_takes_the_configuration_of_the_stack() {
    let directory = tempfile::tempdir().unwrap();
    let here = |place: &str| format!("{}{place}", directory.path().display());
    let compose = Files::ours().yaml(COMPOSE);
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
