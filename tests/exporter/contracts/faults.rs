//! What the document about faults names is there: tests and failure words.

use std::{collections::BTreeSet, fs};

use github_copilot_exporter::github::Reason;

use super::{root, sources};
use crate::fault_table;

/// The tests in the code, as `module::name`.
fn tests() -> BTreeSet<String> {
    let mut files = Vec::new();
    ["src", "tests/exporter"].iter().for_each(|directory| sources(&root().join(directory), &mut files));
    let mut found = BTreeSet::new();
    for file in files {
        let module = file.file_stem().unwrap().to_str().unwrap();
        let text = fs::read_to_string(&file).unwrap();
        let names = text.split("fn ").skip(1).filter_map(|rest| rest.split_once("()"));
        found.extend(names.map(|(name, _)| format!("{module}::{name}")));
    }
    found
}

fn missing(named: &[String], tests: &BTreeSet<String>) -> Vec<String> {
    let missing = named.iter().filter(|name| !tests.contains(*name));
    missing
        .map(|name| {
            format!("docs/faults.md names the test {name}, which is not there: tests/exporter/fault_table.rs")
        })
        .collect()
}

fn untold(shown: &[Reason]) -> Vec<String> {
    let untold = Reason::ALL.into_iter().filter(|reason| !shown.contains(reason));
    untold
        .map(|reason| {
            format!("docs/faults.md shows no fault with the word {reason}: tests/exporter/fault_table.rs")
        })
        .collect()
}

#[test]
fn every_test_of_the_document_about_faults_exists_and_every_word_is_in_it() {
    assert_eq!(missing(&fault_table::tests(), &tests()), [""; 0]);
    assert_eq!(untold(&fault_table::words()), [""; 0]);
}

#[test]
fn a_test_that_is_renamed_and_a_word_that_no_fault_shows_are_named() {
    let named = fault_table::tests();
    for name in &named {
        let mut others = tests();
        others.remove(name);
        let problem = format!("docs/faults.md names the test {name}, which");
        assert!(missing(&named, &others).iter().any(|found| found.starts_with(&problem)), "{name}");
    }
    for reason in Reason::ALL {
        let shown: Vec<_> = fault_table::words().into_iter().filter(|shown| *shown != reason).collect();
        assert_eq!(untold(&shown).len(), 1);
        assert!(untold(&shown)[0].contains(reason.word()));
    }
}
