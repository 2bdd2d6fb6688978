//! What must agree: the code with its documents, and the modules with the straight line.
//!
//! Each contract is a function of texts that says what is wrong with them, a sentence each that names the file to change.
//! Beside the test that nothing is wrong with ours stands one that plants a drift and sees it named.
//!
//! The documents that [`WRITTEN`] lists are written by `make docs`, which runs these tests with `UPDATE_DOCS` set. Other
//! contracts are in `chart`, `dashboards`, `dashboard_page`, `deploy`, `documents`, `release` and `rules`.

mod arrows;
mod catalogue;
mod check;
mod commands;
mod faults;
mod names;
mod targets;

use std::{
    collections::BTreeMap,
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

use github_copilot_exporter::{
    config::variables,
    github::Reason,
    metrics::catalogue::{CATALOGUE, Group},
};

use crate::fault_table;

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// Every file of Rust in a directory and below it.
pub fn sources(at: &Path, found: &mut Vec<PathBuf>) {
    files(at, "rs", found);
}

/// Every file with this ending in a directory and below it. What is built or installed there is not looked at.
fn files(at: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(at).unwrap().map(|entry| entry.unwrap()) {
        let (path, name) = (entry.path(), entry.file_name());

        if entry.file_type().unwrap().is_dir() {
            let skipped = ["target", "node_modules", ".git"].iter().any(|skipped| name == *skipped);
            if !skipped {
                files(&path, ending, found);
            }
        } else if path.extension().is_some_and(|extension| extension == ending) {
            found.push(path);
        }
    }
}

/// Every document of the repository, by its place in it.
fn documents() -> BTreeMap<String, String> {
    let mut found = Vec::new();
    files(root(), "md", &mut found);
    let place = |file: &PathBuf| file.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
    found.iter().map(|file| (place(file), fs::read_to_string(file).unwrap())).collect()
}

/// Compares a document with what the code says, or writes it if that is wanted.
pub fn document(file: &str, expected: &str) {
    #[allow(clippy::disallowed_methods, reason = "a switch of this test, not of the exporter")]
    if std::env::var("UPDATE_DOCS").is_ok() {
        fs::create_dir_all(root().join(file).parent().unwrap()).unwrap();
        fs::write(root().join(file), expected).unwrap();
    }
    assert_eq!(outdated(file, &read(file), expected), None);
}

/// Where a document does not say what the code says.
fn outdated(file: &str, text: &str, expected: &str) -> Option<String> {
    let mut pairs = lines(text).zip(lines(expected)).enumerate();
    let (number, (is, should)) = pairs.find(|(_, (is, should))| is != should)?;
    let number = number + 1;
    Some(format!(
        "{file}, line {number}, does not say what the code says: `make docs` writes it\n  is: {is}\n  code: {should}"
    ))
}

/// The lines of a text, and one more: what is merely longer differs as well.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n').chain(["its end"])
}

/// A document and what writes it.
type Written = (&'static str, fn() -> String);

/// The documents that are written from the code.
const WRITTEN: [Written; 4] = [
    ("docs/commands.md", commands::page),
    ("docs/configuration.md", configuration),
    ("docs/faults.md", fault_table::page),
    ("docs/metrics.md", metrics),
];

#[test]
fn the_written_documents_say_what_the_code_says() {
    for (file, text) in WRITTEN {
        document(file, &text());
    }
}

#[test]
fn a_written_document_that_somebody_changed_is_named_with_the_line() {
    for (file, text) in WRITTEN {
        let text = text();
        let last = text.lines().last().unwrap();
        let (kept, number) = (text.strip_suffix(&format!("{last}\n")).unwrap(), text.lines().count());
        let changes = [
            (text.replacen("# ", "## ", 1), 1),
            (format!("{kept}a row that nobody knows\n"), number),
            (kept.to_owned(), number),
            (format!("{text}one more\n"), number + 1),
        ];
        for (changed, line) in changes {
            let problem = outdated(file, &changed, &text).unwrap();
            let place =
                format!("{file}, line {line}, does not say what the code says: `make docs` writes it");
            assert!(problem.starts_with(&place), "{problem}");
        }
        assert_eq!(outdated(file, &text, &text), None);
    }
}

fn metrics() -> String {
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
    text.push_str(
        "The label `reason` of `github_copilot_exporter_source_failures_total` is one of these words. They stand in the log, on\n\
         the overview page and in `check`, too, and [the runbook](runbook.md#failure-words) says what to do about each.\n\n",
    );
    for reason in Reason::ALL {
        writeln!(text, "- [`{0}`](runbook.md#{0})", reason.word()).unwrap();
    }
    text
}

fn configuration() -> String {
    let mut text = String::from(
        "# Configuration\n\nWritten by `make docs` from `src/config/variables.rs`.\n\n\
         Everything is set by environment variables. An empty one counts as unset, lists are separated by commas, and\n\
         durations look like `1h`, `15m` or `90s`. All values that break their rule are reported at once, with exit code 64.\n\n\
         What begins with `EXPORTER_` or as the names for an App do and is none of these, and a wrong singular or plural\n\
         (`GITHUB_ORGS` without its `S`), sets nothing. A warning in the log names it at the start.\n\n\
         | variable | default | meaning | rule |\n|---|---|---|---|\n",
    );
    for variable in variables::ALL {
        let default =
            if variable.default.is_empty() { String::new() } else { format!("`{}`", variable.default) };
        writeln!(text, "| `{}` | {default} | {} | {} |", variable.name, variable.about, variable.rule)
            .unwrap();
    }
    text + &proxy_and_authorities()
}

/// What the libraries below read of the environment, as other programs do.
fn proxy_and_authorities() -> String {
    let proxies = variables::PROXIES.map(|name| format!("`{name}`")).join(", ");
    format!(
        "\n## Proxy and certificate authorities\n\n\
         These are not this exporter's own: other programs heed them, too. They are for GitHub, for the hosts of report files and\n\
         for the receiver of a [backfill](backfill.md).\n\n\
         | variable | meaning |\n|---|---|\n\
         | {proxies} | The proxy on the way out: an http or https address, with exit code 64 for anything else. The first two go \
         before the others, and upper case before lower case. What runs on this machine is asked without it. |\n\
         | `NO_PROXY`, `no_proxy` | Hosts that are asked without the proxy: names (with all below them), addresses or networks, \
         separated by commas. |\n\
         | `HTTP_PROXY`, `http_proxy` | The proxy to a receiver with a plain http address. GitHub is never asked that way. |\n\
         | `SSL_CERT_FILE`, `SSL_CERT_DIR` | A file of certificate authorities in PEM, and directories of such files. They take \
         the place of this machine's: put the public ones in as well if any host needs them. |\n"
    )
}

/// Every word in `text` that begins with `prefix`.
pub fn words<'a>(text: &'a str, prefix: &'a str) -> impl Iterator<Item = &'a str> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.split(move |c| !is_word(c)).filter(move |word| word.starts_with(prefix) && word.len() > prefix.len())
}
