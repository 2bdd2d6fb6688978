//! What must agree: the code with its documents, and the modules with the straight line.
//!
//! The documents under `docs/` are written by `make docs`, which runs these tests with `UPDATE_DOCS` set.

use std::{
    collections::BTreeSet,
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

use clap::CommandFactory;
use github_copilot_exporter::{
    cli::Cli,
    config::variables,
    github::{Reason, endpoint::Endpoint},
    metrics::catalogue::{CATALOGUE, Group},
};

use crate::{fault_table, program::promtool_check};

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// Compares a document with what the code says, or writes it if that is wanted.
pub fn document(file: &str, expected: &str) {
    #[allow(clippy::disallowed_methods, reason = "a switch of this test, not of the exporter")]
    if std::env::var("UPDATE_DOCS").is_ok() {
        fs::create_dir_all(root().join("docs")).unwrap();
        fs::write(root().join(file), expected).unwrap();
    }
    assert!(read(file) == expected, "{file} does not say what the code says; `make docs` writes it");
}

#[test]
fn the_metrics_document_is_the_catalogue() {
    let mut text = String::from(
        "# Metrics\n\nWritten by `make docs` from `src/metrics/catalogue.rs`.\n\n\
         Every data series carries `enterprise`, `org` and `team`: exactly one of the first two is filled, and `team` is\n\
         empty for the owner as a whole. Scopes overlap, so nothing may be added up over teams or over organisations.\n\
         What is unknown has no series; a zero is a zero that GitHub gave.\n\n\
         | series | type | labels | detail | meaning |\n|---|---|---|---|---|\n",
    );
    for metric in CATALOGUE {
        let kind = if metric.is_counter() { "counter" } else { "gauge" };
        let group = match metric.group {
            Group::Totals => "totals",
            Group::Core => "core",
            Group::Detail => "detail",
            Group::Seats => "seats",
            Group::Billing => "billing",
            Group::Exporter => "",
        };
        let labels = metric.labels().join(" ");
        writeln!(text, "| `{}` | {kind} | {labels} | {group} | {} |", metric.name, metric.help()).unwrap();
    }
    text.push_str("\nThe usual `process_…` series are served, too.\n\n## Failure words\n\n");
    text.push_str("The label `reason` of `github_copilot_exporter_source_failures_total`; the same words stand in the log and on\nthe overview page.\n\n| reason | what to do |\n|---|---|\n");
    for reason in Reason::ALL {
        writeln!(text, "| `{}` | {} |", reason.word(), reason.advice()).unwrap();
    }
    document("docs/metrics.md", &text);
}

#[test]
fn the_configuration_document_is_the_table_of_variables() {
    let mut text = String::from(
        "# Configuration\n\nWritten by `make docs` from `src/config/variables.rs`.\n\n\
         Everything is set by environment variables. An empty one counts as unset, lists are separated by commas, and\n\
         durations look like `1h`, `15m` or `90s`. All mistakes are reported at once, with exit code 64.\n\n\
         | variable | default | meaning | rule |\n|---|---|---|---|\n",
    );
    for variable in variables::ALL {
        let default =
            if variable.default.is_empty() { String::new() } else { format!("`{}`", variable.default) };
        writeln!(text, "| `{}` | {default} | {} | {} |", variable.name, variable.about, variable.rule)
            .unwrap();
    }
    document("docs/configuration.md", &text);
}

#[test]
fn the_document_about_faults_is_the_matrix_and_every_test_in_it_exists() {
    document("docs/faults.md", &fault_table::page());
    let mut files = Vec::new();
    for directory in ["src", "tests/exporter"] {
        sources(&root().join(directory), &mut files);
    }
    for test in fault_table::tests() {
        let (module, name) = test.split_once("::").unwrap();
        let of_module = files.iter().filter(|file| file.file_stem().is_some_and(|stem| stem == module));
        let marked = format!("fn {name}()");
        let exists =
            of_module.map(|file| fs::read_to_string(file).unwrap()).any(|text| text.contains(&marked));
        assert!(exists, "docs/faults.md names the test {test}, which does not exist");
    }
    let shown: BTreeSet<_> = fault_table::words().into_iter().collect();
    let untold: Vec<_> = Reason::ALL.into_iter().filter(|reason| !shown.contains(reason)).collect();
    assert_eq!(untold, [], "no row shows these");
}

/// Every word in `text` that begins with `prefix`.
pub fn words<'a>(text: &'a str, prefix: &'a str) -> impl Iterator<Item = &'a str> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.split(move |c| !is_word(c)).filter(move |word| word.starts_with(prefix) && word.len() > prefix.len())
}

#[test]
fn every_series_and_variable_that_a_document_names_exists() {
    let series: BTreeSet<_> = CATALOGUE.iter().map(|metric| metric.name).collect();
    let known: BTreeSet<_> = variables::ALL.iter().map(|variable| variable.name).collect();
    for file in [
        "README.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "deploy/prometheus/README.md",
        "SECURITY.md",
        "docs/backfill.md",
        "docs/check.md",
        "docs/dashboards.md",
        "docs/faults.md",
        "docs/metrics.md",
        "docs/configuration.md",
        "docs/runbook.md",
        "docs/simulator.md",
        "docs/soak.md",
        "docs/web.md",
        "deploy/helm/github-copilot-exporter/README.md",
    ] {
        let text = read(file);
        for name in words(&text, "github_copilot_").filter(|name| *name != "github_copilot_exporter") {
            assert!(series.contains(name), "{file} names the series {name}, which is not in the catalogue");
        }
        for name in words(&text, "GITHUB_").chain(words(&text, "EXPORTER_")) {
            assert!(known.contains(name), "{file} names the variable {name}, which does not exist");
        }
    }
}

#[test]
fn the_document_about_backfill_names_its_switches_and_no_other() {
    let command = Cli::command();
    let backfill = command.find_subcommand("backfill").unwrap();
    let known: BTreeSet<_> = backfill.get_arguments().filter_map(|argument| argument.get_long()).collect();
    let text = read("docs/backfill.md");
    let is_switch = |c: char| c.is_ascii_lowercase() || c == '-';
    let named: BTreeSet<_> = text
        .split(|c: char| !(is_switch(c) || c == '.'))
        .filter_map(|word| word.strip_prefix("--"))
        .filter(|word| word.starts_with(|c: char| c.is_ascii_lowercase()))
        .collect();
    // Those of Prometheus, of promtool, of Thanos, and of the simulator.
    let others = [
        "web.enable-remote-write-receiver",
        "storage.tsdb.retention.time",
        "max-block-duration",
        "tsdb.out-of-order.time-window",
        "listen",
        "orgs",
        "teams",
        "users",
    ];
    let unknown: Vec<_> =
        named.iter().filter(|name| !known.contains(*name) && !others.contains(name)).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    let unnamed: Vec<_> = known.iter().filter(|name| !named.contains(*name)).collect();
    assert!(unnamed.is_empty(), "{unnamed:?}");
}

#[test]
fn the_readme_shows_lines_of_the_golden_exposition() {
    let golden = read(
        "tests/exporter/snapshots/exporter__golden__the_exposition_of_the_sample_is_the_golden_one.snap",
    );
    let readme = read("README.md");
    let shown: Vec<_> = readme.lines().filter(|line| line.starts_with("github_copilot_")).collect();
    assert!(shown.len() >= 5, "README.md shows an example of the output");
    for line in shown {
        assert!(
            golden.lines().any(|golden| golden == line),
            "README.md shows a line that is not in the golden file: {line}"
        );
    }
}

#[test]
fn promtool_has_nothing_to_say_about_the_golden_exposition() {
    let golden = read(
        "tests/exporter/snapshots/exporter__golden__the_exposition_of_the_sample_is_the_golden_one.snap",
    );
    let lines =
        golden.lines().skip_while(|line| !line.starts_with("# HELP")).filter(|line| !line.contains('…'));
    let exposition: String = lines.map(|line| format!("{line}\n")).collect();
    assert_eq!(promtool_check(&exposition), (Some(0), String::new()));
    assert_ne!(promtool_check("# TYPE x_total gauge\nx_total 1\n").0, Some(0), "it would complain");
}

#[test]
fn names_in_the_catalogue_are_unique_and_keep_the_conventions() {
    let names: BTreeSet<_> = CATALOGUE.iter().map(|metric| metric.name).collect();
    assert_eq!(names.len(), CATALOGUE.len());
    for metric in CATALOGUE {
        let own = metric.name.starts_with("github_copilot_exporter_");
        assert_eq!(own, metric.group == Group::Exporter, "{}", metric.name);
        assert_eq!(metric.name.ends_with("_total"), metric.is_counter(), "{}", metric.name);
        assert!(metric.help().len() >= 20 && metric.help().ends_with('.'), "{}", metric.name);
        let sources = ["usage: ", "reports: ", "seats: ", "billing: "];
        let sourced = own || sources.iter().any(|source| metric.about.contains(source));
        assert!(sourced, "the help of {} names GitHub's field", metric.name);
    }
    let templates: BTreeSet<_> = Endpoint::ALL.map(Endpoint::template).into();
    assert_eq!(templates.len(), Endpoint::ALL.len());
}

/// The modules, each with those it may use: the arrows of the straight line.
const ARROWS: [(&str, &[&str]); 16] = [
    ("draft", &[]),
    ("owner", &[]),
    ("source", &[]),
    ("clock", &[]),
    ("github", &["clock", "owner"]),
    ("model", &["clock", "github", "owner", "source"]),
    ("metrics", &["clock", "github", "model", "owner", "source"]),
    ("config", &["github", "metrics", "model", "owner", "source"]),
    ("refresh", &["clock", "config", "draft", "github", "metrics", "model", "owner", "source"]),
    ("server", &["clock", "github", "metrics", "model", "owner", "refresh", "source"]),
    ("service", &["clock", "config", "github", "metrics", "model", "owner", "refresh", "server", "source"]),
    ("backfill", &["clock", "config", "draft", "github", "metrics", "model", "owner", "refresh", "source"]),
    ("check", &["clock", "config", "github", "model", "owner", "refresh", "server", "source"]),
    ("simulator", &[]),
    ("demo", &["clock", "config", "simulator"]),
    ("cli", &["backfill", "check", "simulator"]),
];

/// Outside crates that have few homes.
const HOMES: [(&str, &[&str]); 10] = [
    ("reqwest", &["backfill", "github"]),
    ("prometheus", &["metrics"]),
    ("hyper", &["server", "simulator"]),
    ("tokio_rustls", &["server"]),
    ("bcrypt", &["server"]),
    ("serde_saphyr", &["server"]),
    ("envy", &["config"]),
    ("maud", &["server"]),
    ("jsonwebtoken", &["github", "simulator"]),
    ("std::env::", &["config"]),
];

/// Every file of Rust in a directory and below it.
pub fn sources(at: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(at).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The first path segments after `crate::` in a file, also inside `use crate::{…}`.
fn imports(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for rest in text.split("crate::").skip(1) {
        let Some(group) = rest.strip_prefix('{') else {
            found.extend(rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().map(str::to_owned));
            continue;
        };
        let (mut depth, mut name) = (0, String::new());
        for c in group.chars() {
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => found.extend([std::mem::take(&mut name)]),
                _ if depth == 0 && !c.is_whitespace() => name.push(c),
                _ => {}
            }
        }
        found.insert(name);
    }
    found
        .into_iter()
        .map(|name| name.split("::").next().unwrap().to_owned())
        .filter(|name| !name.is_empty())
        .collect()
}

#[test]
fn no_module_imports_against_the_arrows_and_no_crate_leaves_its_home() {
    let mut files = Vec::new();
    sources(&root().join("src"), &mut files);
    let modules: BTreeSet<_> = ARROWS.iter().map(|(module, _)| *module).collect();
    let mut seen = BTreeSet::new();
    for file in files {
        let place = file.strip_prefix(root().join("src")).unwrap();
        let module = place.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs").to_owned();
        if module == "main" || module == "lib" {
            continue;
        }
        let arrows = ARROWS.iter().find(|(name, _)| *name == module);
        let (_, allowed) =
            arrows.unwrap_or_else(|| panic!("{module} is new: give it its place in ARROWS and in lib.rs"));
        seen.insert(module.clone());
        let text = fs::read_to_string(&file).unwrap();
        let shipped = text.split("#[cfg(test)]").next().unwrap();
        for import in
            imports(shipped).iter().filter(|import| **import != module && modules.contains(&***import))
        {
            assert!(allowed.contains(&&**import), "{} uses {import}: against the arrows", place.display());
        }
        for (name, homes) in HOMES {
            let used = shipped.lines().any(|line| !line.trim_start().starts_with("//") && uses(line, name));
            assert!(
                !used || homes.contains(&&*module),
                "{} uses {name}, whose home is {homes:?}",
                place.display()
            );
        }
    }
    assert_eq!(seen.len(), ARROWS.len(), "a module of ARROWS is gone");
}

/// Whether a line uses a crate or path, and not merely a longer name.
fn uses(line: &str, name: &str) -> bool {
    let path = if name.ends_with("::") { name.to_owned() } else { format!("{name}::") };
    line.match_indices(&path).any(|(at, _)| !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
}

#[test]
fn the_import_reader_sees_what_it_should() {
    let text = "use crate::{clock::Instant, github::{Client, Reason}, owner::Owner};\nfn f(x: crate::model::State) {}";
    let expected = ["clock", "github", "model", "owner"].map(str::to_owned);
    assert_eq!(imports(text), expected.into());
    assert!(uses("let x = std::env::vars();", "std::env::") && !uses("use xhyper::y;", "hyper"));
}
