//! Targets of `make` that documents name are there, and every target is named.

use std::collections::BTreeSet;

use super::{documents, read};

/// What is between backticks, without the blocks of code.
fn spans(text: &str) -> impl Iterator<Item = &str> {
    let prose = text.split("```").step_by(2);
    prose.flat_map(|prose| prose.split('`').skip(1).step_by(2))
}

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
        let strange = here.iter().filter(|target| !known.contains(*target));
        found.extend(strange.map(|target| format!("{file} names make {target}, which Makefile has not")));
        named.extend(here);
    }
    let untold = known.difference(&named);
    found.extend(untold.map(|target| format!("no document names make {target}: CONTRIBUTING.md")));
    found
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
