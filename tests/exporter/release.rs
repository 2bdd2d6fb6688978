//! The release: the script that makes its commit and tag, and the workflow that builds and publishes it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::Command,
};

use serde_json::Value;

use crate::{
    contracts::{read, root},
    program::run,
};

const RELEASE: &str = ".github/workflows/release.yaml";
const DOCKERFILE: &str = "Dockerfile";
const TOOLS: &str = ".ci/tools";
const GO: &str = ".ci/helm/go.mod";

/// The workflow and the files that it must agree with, each by its place.
struct Files(BTreeMap<&'static str, String>);

impl Files {
    fn ours() -> Self {
        Self([RELEASE, DOCKERFILE, TOOLS, GO].map(|file| (file, read(file))).into())
    }

    /// Ours, but for a text of one of them.
    fn changed(file: &str, from: &str, to: &str) -> Self {
        let mut files = Self::ours();
        let text = files.0.get_mut(file).unwrap();
        assert!(text.contains(from), "{file} has no {from:?}");
        *text = text.replace(from, to);
        files
    }

    fn workflow(&self) -> Value {
        serde_saphyr::from_str(&self.0[RELEASE]).unwrap_or_else(|error| panic!("{RELEASE}: {error}"))
    }

    /// What follows these words in a line of a file.
    fn after(&self, file: &str, words: &str) -> &str {
        let mut lines = self.0[file].lines();
        lines.find_map(|line| line.strip_prefix(words)).unwrap_or_else(|| panic!("{file} has no {words}"))
    }

    /// What does not agree, a sentence each that names the file.
    fn problems(&self) -> Vec<String> {
        let workflow = self.workflow();
        let named = files_of(&workflow).into_iter().filter(|file| !root().join(file).exists());
        let mut found: Vec<_> = named.map(|file| format!("{RELEASE}: {file} is not there")).collect();
        found.extend(self.of_compilers(&workflow));
        found.extend(of_order(&workflow));
        found
    }

    fn of_compilers(&self, workflow: &Value) -> Vec<String> {
        let script = scripts(&workflow["jobs"]["test"]).join("\n");
        let rust = self.after(DOCKERFILE, "FROM rust:").split('-').next().unwrap();
        let lines = [format!("rustup toolchain install {rust} "), format!("rustup default {rust}\n")];
        let missing = lines.into_iter().filter(|line| !script.contains(line));
        let missing =
            missing.map(|line| format!("{RELEASE}: no {:?}, the compiler of {DOCKERFILE}", line.trim()));
        let go = self.after(TOOLS, "go=");
        let is_new = self.after(GO, "go ") == go;
        missing.chain((!is_new).then(|| format!("{GO}: not go {go}, which {TOOLS} wants"))).collect()
    }
}

/// The scripts of a job of the release.
fn scripts(job: &Value) -> Vec<&str> {
    job["steps"].as_array().unwrap().iter().filter_map(|step| step["run"].as_str()).collect()
}

/// The files that the workflow names.
fn files_of(workflow: &Value) -> BTreeSet<&str> {
    let jobs = workflow["jobs"].as_object().unwrap().values();
    let words = jobs.flat_map(scripts).flat_map(str::split_whitespace);
    let is_file = |word: &&str| {
        let begins = ["deploy/", ".ci/"].iter().any(|begin| word.starts_with(begin));
        begins || *word == "LICENSE" || [".md", ".toml"].iter().any(|end| word.ends_with(end))
    };
    let steps = workflow["jobs"]["test"]["steps"].as_array().unwrap().iter();
    words.filter(is_file).chain(steps.filter_map(|step| step["with"]["go-version-file"].as_str())).collect()
}

/// A release is a draft until everything is there.
fn of_order(workflow: &Value) -> Vec<String> {
    let jobs = workflow["jobs"].as_object().unwrap();
    let order = ["test", "draft", "image", "index"];
    let follows = order.windows(2).all(|pair| jobs.get(pair[1]).is_some_and(|job| job["needs"] == pair[0]));
    let all: Vec<_> = order.iter().filter_map(|job| jobs.get(*job)).flat_map(scripts).collect();
    let with = |text: &str| all.iter().filter(|script| script.contains(text)).count();
    let rules = [
        (jobs.len() == order.len() && follows, "its jobs do not follow one another"),
        (with("release create") == 1, "it does not make one release"),
        (with("release create \"$GITHUB_REF_NAME\" --draft ") == 1, "the release is no draft"),
        (with("release edit") == 1, "the release is not made public once"),
        (
            all.last().is_some_and(|script| script.ends_with("--draft=false")),
            "it does not end by making it public",
        ),
    ];
    rules.into_iter().filter(|(holds, _)| !holds).map(|(_, what)| format!("{RELEASE}: {what}")).collect()
}

#[test]
fn the_workflow_of_the_release_agrees_with_files_and_compilers_and_publishes_last() {
    let files = Files::ours();
    assert_eq!(files.problems(), [""; 0]);
    let count = files_of(&files.workflow()).len();
    assert!(count >= 9, "the files are found: {count}");
}

#[test]
fn what_drifts_apart_in_the_release_is_named_with_its_file() {
    for (file, from, to, problem) in [
        (RELEASE, "cp LICENSE README.md", "cp LICENSE READ.md", "READ.md is not there"),
        (
            RELEASE,
            "go-version-file: .ci/helm/go.mod",
            "go-version-file: .ci/go.mod",
            ".ci/go.mod is not there",
        ),
        (RELEASE, "rustup default 1.95", "rustup default 1.94", "no \"rustup default 1.95\""),
        (DOCKERFILE, "FROM rust:1.95", "FROM rust:1.96", "no \"rustup toolchain install 1.96\""),
        (TOOLS, "\ngo=1.", "\ngo=2.", "not go 2."),
        (RELEASE, "needs: image", "needs: draft", "its jobs do not follow one another"),
        (RELEASE, "--draft --verify-tag", "--verify-tag", "the release is no draft"),
        (RELEASE, "gh release edit", "gh release view", "the release is not made public once"),
        (RELEASE, "--draft=false", "--draft=true", "it does not end by making it public"),
    ] {
        let found = Files::changed(file, from, to).problems();
        assert!(found.iter().any(|line| line.contains(problem)), "{file}: {problem} is not in {found:?}");
    }
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

/// Whether the workflow takes this tag where the versions are those of a directory.
fn is_taken(tag: &str, directory: &Path) -> bool {
    let workflow = Files::ours().workflow();
    let script = scripts(&workflow["jobs"]["test"])[0];
    assert_eq!(script.matches("grep -qx").count(), 3);
    let mut bash = Command::new("bash");
    bash.args(["-e", "-c", script]).current_dir(directory).env("GITHUB_REF_NAME", tag);
    run(bash).0 == Some(0)
}

#[test]
fn the_release_finds_the_version_where_it_looks_and_takes_no_other() {
    assert!(is_taken(concat!("v", env!("CARGO_PKG_VERSION")), root()));
    assert!(!is_taken("v99.0.0", root()));
}

/// A repository of its own with one commit of what is here, at a version and without an address.
struct Repository(tempfile::TempDir);

/// The version that it begins with.
const BEFORE: &str = "7.0.9";

/// What a release changes.
const CHANGED: [&str; 5] = [
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "deploy/helm/github-copilot-exporter/Chart.yaml",
    "fuzz/Cargo.lock",
];

impl Repository {
    fn new() -> Self {
        let repository = Self(tempfile::tempdir().unwrap());
        copy(root(), repository.0.path());
        let own = env!("CARGO_PKG_VERSION");
        repository.change(
            "Cargo.toml",
            &format!("\nversion = \"{own}\"\n"),
            &format!("\nversion = \"{BEFORE}\"\n"),
        );
        for lock in ["Cargo.lock", "fuzz/Cargo.lock"] {
            let entry = |version| format!("\nname = \"github-copilot-exporter\"\nversion = \"{version}\"\n");
            repository.change(lock, &entry(own), &entry(BEFORE));
        }
        let log = repository.read("CHANGELOG.md");
        let end = log.rfind("\n[Unreleased]: ").unwrap();
        let log = format!("# Changelog\n\n## [Unreleased]\n\n### Added\n\n- A thing.\n{}", &log[end..]);
        fs::write(repository.0.path().join("CHANGELOG.md"), log).unwrap();
        repository.git(&["init", "--quiet", "--initial-branch", "main"]);
        repository.git(&["add", "--all"]);
        repository.git(&["commit", "--quiet", "--message", "as it is"]);
        repository
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.0.path().join(file)).unwrap()
    }

    fn change(&self, file: &str, from: &str, to: &str) {
        let text = self.read(file);
        assert!(text.contains(from), "{file} has no {from:?}");
        fs::write(self.0.path().join(file), text.replacen(from, to, 1)).unwrap();
    }

    fn commit(&self) {
        self.git(&["commit", "--quiet", "--all", "--message", "a change"]);
    }

    /// A program in it, for whom nobody's configuration of Git counts.
    fn command(&self, program: &str, arguments: &[&str]) -> (Option<i32>, String, String) {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(self.0.path());
        command.envs([("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_NOSYSTEM", "1")]);
        for who in ["AUTHOR", "COMMITTER"] {
            command
                .env(format!("GIT_{who}_NAME"), "Mona")
                .env(format!("GIT_{who}_EMAIL"), "mona@example.com");
        }
        run(command)
    }

    fn git(&self, arguments: &[&str]) -> String {
        let (code, said, trouble) = self.command("git", arguments);
        assert_eq!(code, Some(0), "{arguments:?}: {trouble}");
        said.trim_end().to_owned()
    }

    fn release(&self, version: &str) -> (Option<i32>, String, String) {
        self.command("make", &["--no-print-directory", "release", &format!("VERSION={version}")])
    }

    /// Where it is: the commit, what is not committed, the tags.
    fn state(&self) -> [String; 3] {
        [self.git(&["rev-parse", "HEAD"]), self.git(&["status", "--porcelain"]), self.git(&["tag"])]
    }
}

/// Copies what belongs to the repository, not what is built or installed there.
fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap().map(|entry| entry.unwrap()) {
        let (name, target) = (entry.file_name(), to.join(entry.file_name()));
        if ["target", "node_modules", ".git"].iter().any(|skipped| name == *skipped) {
            continue;
        }
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir(&target).unwrap();
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn a_release_is_a_commit_and_a_tag_with_one_version_everywhere() {
    let repository = Repository::new();
    let [before, ..] = repository.state();
    let (code, said, trouble) = repository.release("7.1.0");
    assert_eq!((code, &*trouble), (Some(0), ""), "{said}");
    assert!(said.contains("Nothing is pushed.") && said.contains("git push origin HEAD v7.1.0"), "{said}");
    let [head, changes, tags] = repository.state();
    assert_eq!((&*changes, &*tags), ("", "v7.1.0"));
    assert_eq!(repository.git(&["rev-parse", "v7.1.0^{commit}", "HEAD~1"]), format!("{head}\n{before}"));
    assert_eq!(repository.git(&["log", "-1", "--format=%s by %an"]), "release: 7.1.0 by Mona");
    let changed = repository.git(&["diff", "--name-only", "HEAD~1"]);
    assert_eq!(changed.lines().collect::<Vec<_>>(), CHANGED);
    assert!(is_taken("v7.1.0", repository.0.path()) && !is_taken(&format!("v{BEFORE}"), repository.0.path()));
    for lock in ["Cargo.lock", "fuzz/Cargo.lock"] {
        assert!(
            repository.read(lock).contains("\nname = \"github-copilot-exporter\"\nversion = \"7.1.0\"\n"),
            "{lock}"
        );
        let of_lock = repository.git(&["diff", "--numstat", "HEAD~1", "--", lock]);
        assert_eq!(of_lock, format!("1\t1\t{lock}"), "nothing else is locked anew");
    }
}

#[test]
fn each_release_has_its_own_part_of_the_changelog_and_that_is_published_with_it() {
    let repository = Repository::new();
    assert_eq!(repository.release("7.1.0").0, Some(0));
    repository.change("CHANGELOG.md", "## [Unreleased]\n", "## [Unreleased]\n\n### Fixed\n\n- Another.\n");
    repository.commit();
    assert_eq!(repository.release("7.1.1").0, Some(0));
    let log = repository.read("CHANGELOG.md");
    let headings: Vec<_> = log.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    let dated = |heading: &str, version: &str| {
        let date = heading.strip_prefix(&format!("[{version}] - ")).unwrap();
        chrono::NaiveDate::parse_from_str(date, "%Y-%m-%d").is_ok()
    };
    assert_eq!((headings.len(), headings[0]), (3, "[Unreleased]"), "{log}");
    assert!(dated(headings[1], "7.1.1") && dated(headings[2], "7.1.0"), "{log}");
    let links: Vec<_> = log
        .lines()
        .filter(|line| line.starts_with('['))
        .map(|line| line.rsplit('/').next().unwrap())
        .collect();
    assert_eq!(links, ["v7.1.1...HEAD", "v7.1.1", "v7.1.0"]);
    for (version, notes) in [("7.1.0", "### Added\n\n- A thing.\n"), ("7.1.1", "### Fixed\n\n- Another.\n")] {
        let told = repository.command(".ci/release-notes", &[version]);
        assert_eq!(told, (Some(0), notes.to_owned(), String::new()), "{version}");
    }
    let (code, said, trouble) = repository.command(".ci/release-notes", &["7.1"]);
    assert_eq!((code, &*said, &*trouble), (Some(1), "", "CHANGELOG.md says nothing of 7.1\n"));
}

#[test]
fn a_release_that_cannot_be_says_why_and_changes_nothing() {
    let repository = Repository::new();
    repository.git(&["tag", "v7.5.0"]);
    let refused = |version: &str, reason: &str| {
        let before = (repository.state(), repository.git(&["diff"]));
        let (code, said, trouble) = repository.release(version);
        assert!(code != Some(0) && trouble.contains(reason), "{version:?}: {said}{trouble}");
        assert_eq!((repository.state(), repository.git(&["diff"])), before, "{version:?}");
    };
    for version in ["", "v7.1.0", "7.1", "7.1.0-rc.1", "7.01.0", "7.1.0; true"] {
        refused(version, "say which version, for example: make release VERSION=1.2.3");
    }
    refused("7.5.0", "there is a tag v7.5.0 already");
    refused("7.0.8", "7.0.8 is older than 7.0.9");
    repository.change("LICENSE", "Apache", "Apaches");
    refused("7.1.0", "the work tree has changes");
    repository.commit();
    repository.change("Cargo.lock", "name = \"clap_complete\"", "name = \"clap_complet\"");
    repository.commit();
    refused("7.1.0", "lock");
    repository.git(&["revert", "--no-edit", "HEAD"]);
    repository.change("CHANGELOG.md", "- A thing.\n", "");
    repository.commit();
    refused("7.1.0", "CHANGELOG.md has nothing under Unreleased");
}
