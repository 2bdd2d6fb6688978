//! The rules for Prometheus: promtool reads and plays them, and they agree with the catalogue, the runbook and the words for
//! failures.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use github_copilot_exporter::github::Reason;
use serde::{Deserialize, de::DeserializeOwned};

use crate::{
    contracts::{read, root},
    promql::{self, Known},
};

/// Where the runbook is published.
const RUNBOOK: &str =
    "https://github.com/github-copilot-exporter/github-copilot-exporter/blob/main/docs/runbook.md";

const SEVERITIES: [&str; 3] = ["critical", "warning", "info"];

/// Where the tests of rules are.
const TESTS: &str = "deploy/prometheus/tests";

/// What every alert begins with.
const PREFIX: &str = "GithubCopilot";

/// Levels of recorded series.
const LEVELS: [&str; 2] = ["owner", "team"];

/// The only figure of GitHub's that `alerts.yaml` is about: nobody is to be told that Copilot is used less.
const DAY: &str = "github_copilot_day_timestamp_seconds";

#[derive(Debug, Deserialize)]
struct RuleFile {
    groups: Vec<Group>,
}

#[derive(Debug, Deserialize)]
struct Group {
    rules: Vec<Rule>,
}

/// An alert or a recorded series.
#[derive(Debug, Deserialize)]
struct Rule {
    alert: Option<String>,
    record: Option<String>,
    expr: String,
    #[serde(rename = "for")]
    wait: Option<String>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
struct TestFile {
    rule_files: Vec<String>,
    tests: Vec<Story>,
}

/// A story that promtool plays.
#[derive(Debug, Deserialize)]
struct Story {
    #[serde(default)]
    alert_rule_test: Vec<Moment>,
    #[serde(default)]
    promql_expr_test: Vec<Query>,
}

/// What an alert does at a moment of it.
#[derive(Debug, Deserialize)]
struct Moment {
    alertname: String,
    exp_alerts: Vec<serde_json::Value>,
}

#[derive(Debug, Deserialize)]
struct Query {
    expr: String,
}

/// The texts that must agree, each by its name.
#[derive(Clone, Debug)]
struct Books {
    rules: BTreeMap<String, String>,
    tests: BTreeMap<String, String>,
    runbook: String,
}

impl Books {
    fn read() -> Self {
        let texts = |directory| {
            files(directory)
                .into_iter()
                .map(|file| (name(&file), fs::read_to_string(&file).unwrap()))
                .collect()
        };
        Self {
            rules: texts("deploy/prometheus"),
            tests: texts("deploy/prometheus/tests"),
            runbook: read("docs/runbook.md"),
        }
    }

    /// Every rule, with the file it is in.
    fn rules(&self) -> Vec<(&str, Rule)> {
        let parsed = self.rules.iter().map(|(file, text)| (&**file, yaml::<RuleFile>(file, text)));
        let grouped =
            parsed.flat_map(|(file, rules)| rules.groups.into_iter().map(move |group| (file, group)));
        grouped.flat_map(|(file, group)| group.rules.into_iter().map(move |rule| (file, rule))).collect()
    }

    fn alerts(&self) -> BTreeMap<String, &str> {
        self.rules().into_iter().filter_map(|(file, rule)| Some((rule.alert?, file))).collect()
    }

    fn tests(&self) -> Vec<TestFile> {
        self.tests.iter().map(|(file, text)| yaml(file, text)).collect()
    }

    /// What does not agree, a sentence for each.
    fn problems(&self) -> Vec<String> {
        let of_rules = self.rules().into_iter().flat_map(|(file, rule)| self.of_rule(file, &rule));
        of_rules.chain(self.of_tests()).chain(self.of_runbook()).collect()
    }

    fn of_rule(&self, file: &str, rule: &Rule) -> Vec<String> {
        let (name, mut found) = match (&rule.alert, &rule.record) {
            (Some(name), None) => (name, self.of_alert(file, name, rule)),
            (None, Some(name)) => (name, of_record(name)),
            _ => return vec![format!("deploy/prometheus/{file}: a rule is an alert or recorded: {rule:?}")],
        };
        // No rule builds upon another file's: each can be used alone.
        found.extend(promql::problems(&rule.expr, &Known::catalogue().with("ALERTS", &["alertname"])));
        let alerts = self.alerts();
        let strange = alerts_within(&rule.expr).filter(|other| alerts.get(*other) != Some(&file));
        found.extend(strange.map(|other| format!("it looks at the alert {other}, which is not in its file")));
        found.into_iter().map(|problem| format!("deploy/prometheus/{file}, {name}: {problem}")).collect()
    }

    fn of_alert(&self, file: &str, name: &str, rule: &Rule) -> Vec<String> {
        let mut found = Vec::new();
        let mut must = |holds: bool, what: &str| found.extend((!holds).then(|| what.to_owned()));
        let labels: Vec<_> = rule.labels.iter().map(|(label, value)| (&**label, &**value)).collect();
        let annotations: Vec<_> = rule.annotations.keys().map(String::as_str).collect();
        let heading = format!("### {name}");
        must(name.starts_with(PREFIX), "its name has not the prefix of the others");
        must(rule.wait.is_some(), "it does not wait");
        must(
            matches!(*labels, [("severity", severity)] if SEVERITIES.contains(&severity)),
            "it needs one of the severities, and no other label",
        );
        must(
            annotations == ["description", "runbook_url", "summary"],
            "it needs a summary, a description and a runbook_url",
        );
        must(
            rule.annotations.get("runbook_url") == Some(&format!("{RUNBOOK}#{}", name.to_lowercase())),
            "its runbook_url does not lead to its entry",
        );
        must(
            part(&self.runbook, "## Alerts").lines().any(|line| line == heading),
            "docs/runbook.md has no entry for it",
        );
        must(
            file != "alerts.yaml" || !is_about_usage(&rule.expr),
            "it is about how Copilot is used, and not off by default",
        );
        found
    }

    /// Every alert is seen firing and quiet, every recorded series is asked for, and nothing is tested that is not there.
    fn of_tests(&self) -> Vec<String> {
        let (alerts, tests) = (self.alerts(), self.tests());
        let mut found = Vec::new();
        let mut seen = BTreeSet::new();
        let mut asked = BTreeSet::new();
        for test in &tests {
            for moment in test.tests.iter().flat_map(|story| &story.alert_rule_test) {
                let name = &*moment.alertname;
                if !alerts.get(name).is_some_and(|file| test.rule_files.contains(&format!("../{file}"))) {
                    found.push(format!("{TESTS}, {name}: a test is about it and does not load it"));
                }
                seen.insert((name, moment.exp_alerts.is_empty()));
            }
            asked.extend(
                test.tests.iter().flat_map(|story| &story.promql_expr_test).map(|query| &*query.expr),
            );
        }
        for name in alerts.keys() {
            let unseen = [(false, "firing"), (true, "quiet")].into_iter();
            let unseen = unseen.filter(|(is_quiet, _)| !seen.contains(&(name, *is_quiet)));
            found.extend(unseen.map(|(_, what)| format!("{TESTS}, {name}: no test sees it {what}")));
        }
        let recorded = self.rules().into_iter().filter_map(|(_, rule)| rule.record);
        let unasked = recorded.filter(|name| !asked.contains(&**name));
        found.extend(unasked.map(|name| format!("{TESTS}, {name}: no test asks for it")));
        found
    }

    fn of_runbook(&self) -> Vec<String> {
        let alerts = self.alerts();
        let entries = entries(part(&self.runbook, "## Alerts")).into_keys();
        let gone = entries.filter(|name| !alerts.contains_key(*name));
        let mut found: Vec<_> = gone.map(|name| format!("docs/runbook.md, {name}: it is no alert")).collect();
        found.extend(of_words(&self.runbook));
        for query in self.runbook.split("```promql\n").skip(1).filter_map(|rest| rest.split("```").next()) {
            let problems = promql::problems(query, &Known::catalogue()).into_iter();
            found.extend(problems.map(|problem| format!("docs/runbook.md, {}: {problem}", query.trim())));
        }
        found
    }
}

/// The runbook's entries for failure words begin with the exporter's own advice.
fn of_words(runbook: &str) -> Vec<String> {
    let entries = entries(part(runbook, "## Failure words"));
    let words = Reason::ALL.map(Reason::word);
    let gives_advice = |reason: Reason| {
        entries.get(reason.word()).is_some_and(|entry| flat(entry).starts_with(&flat(reason.advice())))
    };
    let untold = Reason::ALL.into_iter().filter(|reason| !gives_advice(*reason));
    let unknown = entries.keys().filter(|entry| !words.contains(*entry));
    untold
        .map(|reason| format!("docs/runbook.md, {reason}: it does not begin with the exporter's advice"))
        .chain(unknown.map(|entry| format!("docs/runbook.md, {entry}: it is no word")))
        .collect()
}

fn of_record(name: &str) -> Vec<String> {
    let is_word = |part: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || "_0123456789".contains(c))
    };
    let parts: Vec<_> = name.split(':').collect();
    let fits =
        matches!(*parts, [level, _, _] if LEVELS.contains(&level)) && parts.iter().all(|part| is_word(part));
    (!fits).then(|| "its name is not level:metric:operation".to_owned()).into_iter().collect()
}

/// The alerts that an expression looks at.
fn alerts_within(expression: &str) -> impl Iterator<Item = &str> {
    expression.split("alertname=\"").skip(1).filter_map(|rest| rest.split('"').next())
}

/// Whether an expression has a figure of GitHub's in it, other than which day it is.
fn is_about_usage(expression: &str) -> bool {
    let words = expression.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let mut figures = words
        .filter(|word| word.starts_with("github_copilot_") && !word.starts_with("github_copilot_exporter_"));
    figures.any(|figure| figure != DAY)
}

/// What stands under a heading of the second level.
fn part<'a>(text: &'a str, heading: &str) -> &'a str {
    let from = text.split(&format!("\n{heading}\n")).nth(1).unwrap_or_else(|| panic!("no {heading}"));
    from.split("\n## ").next().unwrap()
}

/// The entries of a part, each under its heading of the third level.
fn entries(part: &str) -> BTreeMap<&str, &str> {
    part.split("\n### ").skip(1).map(|entry| entry.split_once('\n').unwrap()).collect()
}

/// A text as it is without its line ends.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The files of YAML in a directory.
fn files(directory: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join(directory)).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.extension().is_some_and(|extension| extension == "yaml")).collect()
}

fn name(file: &Path) -> String {
    file.file_name().unwrap().to_str().unwrap().to_owned()
}

fn yaml<T: DeserializeOwned>(file: &str, text: &str) -> T {
    serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// Runs promtool over files, one process for each: it ends well, and says nothing bad.
fn promtool(arguments: &[&str], files: &[PathBuf]) {
    let start = |file: &PathBuf| {
        let mut command = Command::new("promtool");
        command.args(arguments).arg(file).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().expect("promtool is missing; `make test` installs what the tests need")
    };
    let running: Vec<_> = files.iter().map(start).collect();
    assert!(!running.is_empty());
    for (file, child) in files.iter().zip(running) {
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(output.status.success(), "promtool {arguments:?} {}:\n{said}", file.display());
    }
}

#[test]
fn promtool_accepts_the_rules() {
    promtool(&["check", "rules"], &files("deploy/prometheus"));
}

#[test]
fn promtool_plays_every_test_of_the_rules() {
    promtool(&["test", "rules"], &files("deploy/prometheus/tests"));
}

#[test]
fn rules_tests_runbook_catalogue_and_failure_words_agree() {
    assert_eq!(Books::read().problems(), [""; 0]);
}

/// A file, what stands in it, what it is replaced by, and what is said then.
const DRIFTS: [(&str, &str, &str, &str); 17] = [
    (
        "alerts.yaml",
        "_exporter_installations_up",
        "_exporter_installs_up",
        "nobody serves github_copilot_exporter_installs_up",
    ),
    ("alerts.yaml", "max by (job, detail)", "max by (job, details)", "no label details to group by"),
    (
        "alerts.yaml",
        "ALERTS{alertname=\"GithubCopilotExporterDown\"}",
        "ALERTS{alertname=\"GithubCopilotDown\"}",
        "it looks at the alert GithubCopilotDown, which is not in its file",
    ),
    (
        "alerts.yaml",
        "          summary:",
        "          title:",
        "it needs a summary, a description and a runbook_url",
    ),
    (
        "alerts.yaml",
        "#githubcopilotapisunset",
        "#sunset",
        "GithubCopilotApiSunset: its runbook_url does not lead to its entry",
    ),
    ("alerts.yaml", "severity: info", "severity: page", "it needs one of the severities"),
    ("alerts.yaml", "        for: 6h\n", "", "GithubCopilotDataTooOld: it does not wait"),
    ("alerts.yaml", "alert: GithubCopilotNamesFolded", "alert: NamesFolded", "its name has not the prefix"),
    (
        "alerts.yaml",
        "- alert: GithubCopilotNamesFolded",
        "- alert: GithubCopilotFolded",
        "GithubCopilotFolded: docs/runbook.md has no entry for it",
    ),
    (
        "alerts.yaml",
        "github_copilot_day_timestamp_seconds",
        "github_copilot_total_active_users",
        "it is about how Copilot is used",
    ),
    (
        "recording.yaml",
        "record: owner:github_copilot_seats:max",
        "record: github_copilot:seats",
        "its name is not level:metric:operation",
    ),
    (
        "recording.yaml",
        "max by (enterprise, org) (github_copilot_seats",
        "sum by (enterprise, org) (github_copilot_seats",
        "doubled by a second replica",
    ),
    (
        "tests/limits.yaml",
        "alertname: GithubCopilotNamesFolded",
        "alertname: GithubCopilotSeriesDropped",
        "GithubCopilotNamesFolded: no test sees it firing",
    ),
    (
        "tests/limits.yaml",
        "[../alerts.yaml, ../idle-seats.yaml]",
        "[../idle-seats.yaml]",
        "a test is about it and does not load it",
    ),
    (
        "tests/recording.yaml",
        "expr: owner:github_copilot_seats:max",
        "expr: up",
        "owner:github_copilot_seats:max: no test asks for it",
    ),
    (
        "runbook.md",
        "### GithubCopilotSeatsIdle",
        "### GithubCopilotIdle",
        "docs/runbook.md, GithubCopilotIdle: it is no alert",
    ),
    (
        "runbook.md",
        "Check the network and GitHub's status",
        "Restart the network",
        "docs/runbook.md, timeout: it does not begin with the exporter's advice",
    ),
];

#[test]
fn what_drifts_apart_is_named() {
    for (file, from, to, expected) in DRIFTS {
        let mut books = Books::read();
        let text = match file.split_once('/') {
            Some((_, test)) => books.tests.get_mut(test).unwrap(),
            None => books.rules.get_mut(file).unwrap_or(&mut books.runbook),
        };
        assert!(text.contains(from), "{file}: no {from}");
        *text = text.replace(from, to);
        let found = books.problems();
        assert!(found.iter().any(|problem| problem.contains(expected)), "{expected} is not in {found:#?}");
        let names_a_file = |problem: &String| {
            problem.starts_with("deploy/prometheus/") || problem.starts_with("docs/runbook.md, ")
        };
        assert!(found.iter().all(names_a_file), "{found:#?}");
    }
}
