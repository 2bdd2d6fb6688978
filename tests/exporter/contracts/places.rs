//! Files and targets of `make` that documents name are there, and every target is named.

use std::{collections::BTreeSet, fs};

use super::{documents, read, root};

/// Where files of the repository are. What a document names there is meant to be there.
const DIRECTORIES: [&str; 8] =
    ["src/", "tests/", "docs/", "deploy/", "grafana/", "fuzz/", "benches/", ".ci/"];

/// What is between backticks, without the blocks of code.
fn spans(text: &str) -> impl Iterator<Item = &str> {
    let prose = text.split("```").step_by(2);
    prose.flat_map(|prose| prose.split('`').skip(1).step_by(2))
}

/// Files that a document names and that are not there.
fn missing(file: &str, text: &str) -> Vec<String> {
    let named = spans(text).filter(|span| DIRECTORIES.iter().any(|directory| span.starts_with(directory)));
    let named = named.filter(|span| !span.contains([' ', '*', '\u{2026}', '{']));
    let gone = named.filter(|place| fs::metadata(root().join(place.trim_end_matches('/'))).is_err());
    gone.map(|place| format!("{file} names {place}, which is not there")).collect()
}

/// Targets that are named already and are being written.
const COMING: [&str; 1] = ["bench"];

/// The targets that the Makefile lists.
fn targets(makefile: &str) -> BTreeSet<&str> {
    let phony = makefile.lines().find_map(|line| line.strip_prefix(".PHONY:")).unwrap();
    phony.split_whitespace().collect()
}

/// The targets that a document names, in code.
fn named_targets(text: &str) -> BTreeSet<&str> {
    let blocks = text.split("```").skip(1).step_by(2).flat_map(str::lines);
    let named = blocks.chain(spans(text)).filter_map(|code| code.trim().strip_prefix("make "));
    let words = named.filter_map(|rest| rest.split_whitespace().next());
    words.filter(|word| word.chars().all(|c| c.is_ascii_lowercase())).collect()
}

/// What does not agree between the Makefile and the documents.
fn wrong_targets<'t>(
    makefile: &str,
    documents: impl IntoIterator<Item = (&'t String, &'t String)>,
) -> Vec<String> {
    let known = targets(makefile);
    let (mut named, mut found) = (BTreeSet::new(), Vec::new());
    for (file, text) in documents {
        let here = named_targets(text);
        let strange = here.iter().filter(|target| !known.contains(*target) && !COMING.contains(target));
        found.extend(strange.map(|target| format!("{file} names make {target}, which Makefile has not")));
        named.extend(here);
    }
    let untold = known.difference(&named);
    found.extend(untold.map(|target| format!("no document names make {target}: CONTRIBUTING.md")));
    found
}

#[test]
fn every_file_that_a_document_names_is_there() {
    for (file, text) in documents() {
        assert_eq!(missing(&file, &text), [""; 0]);
    }
    assert!(spans(&read("CONTRIBUTING.md")).filter(|span| span.starts_with("src/")).count() > 30);
}

#[test]
fn a_file_that_is_gone_is_named() {
    let text = read("CONTRIBUTING.md");
    for (from, to) in
        [("`src/lib.rs`", "`src/map.rs`"), ("`deploy/prometheus/tests`", "`deploy/prometheus/test`")]
    {
        assert!(text.contains(from), "{from}");
        let problem = format!("CONTRIBUTING.md names {}, which is not there", to.trim_matches('`'));
        assert_eq!(missing("CONTRIBUTING.md", &text.replace(from, to)), [problem]);
    }
}

#[test]
fn the_targets_of_make_are_those_that_documents_name() {
    assert_eq!(wrong_targets(&read("Makefile"), &documents()), [""; 0]);
}

#[test]
fn a_target_that_is_named_or_there_alone_is_found() {
    let makefile = read("Makefile");
    let without = makefile.replacen(" soak", "", 1);
    assert!(
        wrong_targets(&without, &documents())
            .contains(&"docs/soak.md names make soak, which Makefile has not".into())
    );
    let with = makefile.replacen(".PHONY:", ".PHONY: sneeze", 1);
    assert_eq!(wrong_targets(&with, &documents()), ["no document names make sneeze: CONTRIBUTING.md"]);
}
