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

const RELEASE: &str = ".github/workflows/release.yaml";

/// The scripts of a job of the release.
fn scripts(job: &Value) -> Vec<&str> {
    job["steps"].as_array().unwrap().iter().filter_map(|step| step["run"].as_str()).collect()
}

#[test]
fn the_release_finds_the_version_where_it_looks_and_takes_no_other() {
    let release = yaml(RELEASE);
    let script = scripts(&release["jobs"]["test"])[0];
    assert_eq!(script.matches("grep -qx").count(), 3);
    let is_taken = |tag: &str| {
        let mut bash = Command::new("bash");
        bash.args(["-e", "-c", script]).current_dir(root()).env("GITHUB_REF_NAME", tag);
        run(bash).0 == Some(0)
    };
    assert!(is_taken(concat!("v", env!("CARGO_PKG_VERSION"))));
    assert!(!is_taken("v99.0.0"));
}

#[test]
fn the_release_names_files_that_are_there() {
    let release = yaml(RELEASE);
    let jobs = release["jobs"].as_object().unwrap().values();
    let words = jobs.flat_map(scripts).flat_map(str::split_whitespace);
    let is_file = |word: &&str| {
        let begins = ["deploy/", ".ci/"].iter().any(|begin| word.starts_with(begin));
        begins || *word == "LICENSE" || [".md", ".toml"].iter().any(|end| word.ends_with(end))
    };
    let mut files: BTreeSet<_> = words.filter(is_file).collect();
    for step in release["jobs"]["test"]["steps"].as_array().unwrap() {
        files.extend(step["with"]["go-version-file"].as_str());
    }
    let expected = [
        ".ci/helm/go.mod",
        ".ci/run",
        "CHANGELOG.md",
        "Cargo.toml",
        "LICENSE",
        "README.md",
        "deploy/helm/github-copilot-exporter",
        "deploy/helm/github-copilot-exporter/Chart.yaml",
        UNIT,
    ];
    assert_eq!(files, BTreeSet::from(expected));
    for file in files {
        assert!(root().join(file).exists(), "{file}");
    }
}

#[test]
fn the_release_is_tested_with_the_compiler_of_the_image_and_a_go_that_is_new_enough() {
    let script = scripts(&yaml(RELEASE)["jobs"]["test"]).join("\n");
    let dockerfile = read("Dockerfile");
    let from = dockerfile.lines().find_map(|line| line.strip_prefix("FROM rust:")).unwrap();
    let rust = from.split('-').next().unwrap();
    for line in [format!("rustup toolchain install {rust} "), format!("rustup default {rust}\n")] {
        assert!(script.contains(&line), "{line}");
    }
    let tools = read(".ci/tools");
    let go = tools.lines().find_map(|line| line.strip_prefix("go=")).unwrap();
    assert!(read(".ci/helm/go.mod").lines().any(|line| line == format!("go {go}")), "{go}");
}

#[test]
fn a_release_is_public_when_everything_is_there_and_not_before() {
    let release = yaml(RELEASE);
    let jobs = release["jobs"].as_object().unwrap();
    let order = ["test", "draft", "image", "index"];
    assert_eq!(jobs.len(), order.len());
    for pair in order.windows(2) {
        assert_eq!(jobs[pair[1]]["needs"], pair[0]);
    }
    let all: Vec<_> = order.iter().flat_map(|job| scripts(&jobs[*job])).collect();
    let with = |text: &str| all.iter().filter(|script| script.contains(text)).count();
    assert_eq!((with("release create"), with("release create \"$GITHUB_REF_NAME\" --draft ")), (1, 1));
    assert_eq!(with("release edit"), 1);
    assert!(all.last().unwrap().ends_with("--draft=false"), "{all:?}");
}

/// What is wrong with a workflow. Nothing but the linter itself looks: other linters may be there or not.
fn wrong_workflow(file: &Path) -> String {
    let mut actionlint = Command::new(root().join("target/tools/actionlint"));
    actionlint.args(["-no-color", "-shellcheck=", "-pyflakes="]).arg(file);
    let (code, said, trouble) = run(actionlint);
    assert!(matches!(code, Some(0 | 1)), "{trouble}");
    said
}

#[test]
fn the_workflow_of_the_release_is_one_that_github_takes() {
    assert_eq!(wrong_workflow(&root().join(RELEASE)), "");
    let directory = tempfile::tempdir().unwrap();
    let changed = directory.path().join("release.yaml");
    for (from, to) in [
        ("needs: draft", "needs: drafts"),
        ("runs-on: ubuntu-24.04\n", "runs-on: ubuntu-2404\n"),
        ("matrix.machine", "matrix.machines"),
        ("go-version-file:", "go-versions-file:"),
        ("contents: write", "content: write"),
    ] {
        let text = read(RELEASE);
        assert!(text.contains(from), "{from}");
        fs::write(&changed, text.replace(from, to)).unwrap();
        assert_ne!(wrong_workflow(&changed), "", "{to}");
    }
}
