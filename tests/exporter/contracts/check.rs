//! The JSON of `check` and its document name the same fields.

use std::collections::BTreeSet;

use github_copilot_exporter::{
    check::report::{AppRow, CredentialRow, LocalRow, Report, SourceRow, Verdict},
    github::{Failure, Reason},
    owner::Owner,
    source::Source,
};
use serde_json::Value;

use super::read;

/// One row of each kind, with everything that a row can have.
fn report() -> Value {
    let (owner, failure) = (Owner::org("octo"), Failure::new(Reason::Timeout, "late"));
    let app = Some(AppRow { installations: 1, suspended: vec!["octo".into()] });
    let report = Report {
        at: "2026-11-17T12:00:00Z".parse().unwrap(),
        complete: true,
        credentials: vec![CredentialRow {
            name: "app".into(),
            failure: None,
            confirmed: true,
            rate: None,
            expires: None,
            app,
        }],
        sources: vec![SourceRow::refused(&owner, Source::Seats, "app", &failure)],
        local: vec![LocalRow {
            variable: "EXPORTER_STATE_DIR",
            verdict: Verdict::Works,
            detail: String::new(),
        }],
    };
    report.json()
}

/// The names of all fields, however deep.
fn fields(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            found.extend(map.keys().cloned());
            map.values().for_each(|value| fields(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| fields(value, found)),
        _ => {}
    }
}

/// What does not agree between the document, `report` and the words for how something stands.
fn wrong(text: &str, report: &Value, verdicts: &[Verdict]) -> Vec<String> {
    let mut known = BTreeSet::new();
    fields(report, &mut known);
    let block = text.split("```text\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let is_word = |c: char| c.is_ascii_lowercase() || c == '_';
    let words: BTreeSet<_> = block.split(|c| !is_word(c)).map(str::to_owned).collect();
    // The first of a line, and what can be no word of English.
    let first =
        block.lines().filter(|line| !line.starts_with(' ')).map(|line| line.split(|c| !is_word(c)).next());
    let mut named: BTreeSet<_> = first.flatten().map(str::to_owned).collect();
    named.extend(words.iter().filter(|word| word.contains('_')).cloned());
    let gone = named
        .difference(&known)
        .map(|name| format!("docs/check.md names {name}, which src/check/report.rs has not"));
    let untold = known.difference(&words).map(|name| format!("docs/check.md does not name the field {name}"));
    let shown =
        verdicts.iter().map(|verdict| serde_json::to_value(verdict).unwrap().as_str().unwrap().to_owned());
    let missing = shown.filter(|word| !text.contains(&format!("`{word}`")));
    gone.chain(untold)
        .chain(missing.map(|word| format!("docs/check.md does not name the verdict {word}")))
        .collect()
}

const VERDICTS: [Verdict; 3] = [Verdict::Works, Verdict::Refused, Verdict::NotReady];

#[test]
fn the_document_about_check_names_the_fields_of_its_json() {
    assert_eq!(wrong(&read("docs/check.md"), &report(), &VERDICTS), [""; 0]);
}

#[test]
fn a_field_or_verdict_that_only_one_side_has_is_named() {
    for (from, to, problem) in [
        ("requests_reset", "resets_at", "docs/check.md names resets_at, which src/check/report.rs has not"),
        ("requests_reset", "resets", "docs/check.md does not name the field requests_reset"),
        ("local[]", "machine[]", "docs/check.md names machine, which src/check/report.rs has not"),
        ("suspended[]", "asleep[]", "docs/check.md does not name the field suspended"),
        ("`not_ready`", "`waiting`", "docs/check.md does not name the verdict not_ready"),
    ] {
        let text = read("docs/check.md");
        assert!(text.contains(from), "{from}");
        let found = wrong(&text.replace(from, to), &report(), &VERDICTS);
        assert!(found.iter().any(|line| line == problem), "{problem}: {found:?}");
    }
}
