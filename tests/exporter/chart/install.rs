//! `.ci/helm/install`: what it could not finish it does again, and what it finished it leaves alone.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use crate::contracts::root;

/// Stands for Go and Python: makes what they would make, or fails in what `broken` names.
const STAND_IN: &str = r#"#!/bin/sh
case "$*" in
  *" build "*) step=build ;;
  *" mod download"*) step=download ;;
  *" list "*) step=list ;;
  "-m venv "*) step=venv ;;
  install*) step=pip ;;
esac
echo $step >>"$ROOT/steps"
case $step in
  build) while [ "$1" != -o ]; do shift; done; touch "$2" ;;
  list) echo "$ROOT/module" ;;
  venv) mkdir -p "$4/bin"; cp "$0" "$4/bin/pip" ;;
esac
! [ "$(cat "$ROOT/broken")" = $step ]
"#;

/// The script in a repository that holds nothing else.
struct Repository(tempfile::TempDir);

impl Repository {
    fn new() -> Self {
        let repository = Self(tempfile::tempdir().unwrap());
        let at = repository.0.path();
        for directory in [".ci/helm/crds", "target/tools", "programs"] {
            fs::create_dir_all(at.join(directory)).unwrap();
        }
        for file in ["install", "go.mod", "go.sum", "requirements.txt", "crds/go.mod", "crds/go.sum"] {
            fs::copy(root().join(".ci/helm").join(file), at.join(".ci/helm").join(file)).unwrap();
        }
        for program in ["go", "python3"] {
            let path = at.join("programs").join(program);
            fs::write(&path, STAND_IN).unwrap();
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        let crds = "example/prometheus-operator-crd/monitoring.coreos.com_";
        for kind in ["servicemonitors", "podmonitors", "prometheusrules"] {
            touch(&at.join(format!("module/{crds}{kind}.yaml")));
        }
        touch(&at.join("module/schema/compose-spec.json"));
        touch(&at.join("module/config/crd/bases/grafana.integreatly.org_grafanadashboards.yaml"));
        repository
    }

    /// Whether it ends well where this step fails, and the steps that it took.
    fn install(&self, broken: &str) -> (bool, Vec<String>) {
        let at = self.0.path();
        fs::write(at.join("broken"), broken).unwrap();
        fs::write(at.join("steps"), "").unwrap();
        let path = format!("{}:/usr/bin:/bin", at.join("programs").display());
        let mut install = Command::new(at.join(".ci/helm/install"));
        install.env("PATH", path).env("ROOT", at).stdin(Stdio::null());
        let ended = install.status().unwrap();
        let steps = fs::read_to_string(at.join("steps")).unwrap();
        (ended.success(), steps.lines().map(str::to_owned).collect())
    }
}

fn touch(path: &Path) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, "").unwrap();
}

#[test]
fn what_was_not_finished_is_done_again_and_what_was_is_not() {
    let repository = Repository::new();
    for step in ["build", "download", "list", "venv", "pip"] {
        for attempt in 0..3 {
            let (is_done, steps) = repository.install(step);
            assert!(!is_done, "attempt {attempt}: {step} failed, and nobody is told");
            assert_eq!(steps.last().unwrap(), step);
        }
    }
    let (is_done, steps) = repository.install("");
    assert!(is_done && steps == ["venv", "pip"], "{steps:?}");
    assert_eq!(repository.install(""), (true, Vec::new()), "everything is there");
    assert_eq!(fs::read_dir(repository.0.path().join("target/tools/crds")).unwrap().count(), 4);
}

#[test]
fn what_is_pinned_anew_or_was_taken_away_is_made_again() {
    let repository = Repository::new();
    assert!(repository.install("").0);
    let tools = repository.0.path().join("target/tools");
    fs::remove_dir_all(tools.join("kubernetes-validate")).unwrap();
    assert_eq!(repository.install("").1, ["venv", "pip"]);
    let finished = fs::metadata(tools.join("kubernetes-validate.stamp")).unwrap().modified().unwrap();
    for pin in ["go.sum", "crds/go.mod", "requirements.txt"] {
        let file =
            fs::File::options().append(true).open(repository.0.path().join(".ci/helm").join(pin)).unwrap();
        file.set_modified(finished + Duration::from_secs(3600)).unwrap();
    }
    let all = ["build", "build", "download", "list", "list", "list", "venv", "pip"];
    assert_eq!(repository.install("").1, all);
}
