//! What a document or the program's own text names is there: series, variables, paths, queries, lines of the output.

use std::{collections::BTreeSet, fs, path::Path};

use github_copilot_exporter::{config::variables, metrics::catalogue::CATALOGUE, server::routes::Route};

use super::{catalogue::GOLDEN, documents, read, root, sources, words};
use crate::promql::{self, Known};

/// Documents about the names of others as well; `documents` looks at them.
const OF_OTHERS: [&str; 1] = ["docs/migrating.md"];

fn ours() -> impl Iterator<Item = (String, String)> {
    documents().into_iter().filter(|(file, _)| !OF_OTHERS.contains(&&**file))
}

/// Series and variables that a document names and nobody knows.
fn strangers(file: &str, text: &str) -> Vec<String> {
    let series = words(text, "github_copilot_").filter(|name| *name != "github_copilot_exporter");
    let series = series.filter(|name| !CATALOGUE.iter().any(|metric| metric.name == *name));
    let variables = words(text, "GITHUB_").chain(words(text, "EXPORTER_"));
    let variables = variables.filter(|name| !variables::ALL.iter().any(|known| known.name == *name));
    let series =
        series.map(|name| format!("{file} names the series {name}, which src/metrics/catalogue.rs has not"));
    series
        .chain(
            variables.map(|name| {
                format!("{file} names the variable {name}, which src/config/variables.rs has not")
            }),
        )
        .collect()
}

#[test]
fn every_series_and_variable_that_a_document_names_exists() {
    let documents: Vec<_> = ours().collect();
    assert!(documents.len() >= 15, "the documents are found: {}", documents.len());
    for (file, text) in documents {
        assert_eq!(strangers(&file, &text), [""; 0]);
    }
}

#[test]
fn a_series_or_variable_that_does_not_exist_is_named_with_the_document() {
    for (file, text) in ours() {
        let more = "`github_copilot_sneezes{org=\"octo\"}` with GITHUB_SNEEZES=1 and `EXPORTER_SNEEZES`";
        let expected = [
            format!("{file} names the series github_copilot_sneezes, which src/metrics/catalogue.rs has not"),
            format!("{file} names the variable GITHUB_SNEEZES, which src/config/variables.rs has not"),
            format!("{file} names the variable EXPORTER_SNEEZES, which src/config/variables.rs has not"),
        ];
        assert_eq!(strangers(&file, &format!("{text}\n{more}\n")), expected);
    }
}

/// What is shipped of a file of `src`: its tests may name what is wrong.
fn shipped(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod ").next().unwrap()
}

/// Series and variables that the program's text names and nobody knows. Advice, problems and the page name them in plain
/// words, which no compiler looks at.
fn strangers_in_code(file: &str, text: &str) -> Vec<String> {
    // What ends in _ is only the beginning of names.
    strangers(file, shipped(text)).into_iter().filter(|line| !line.contains("_, which")).collect()
}

/// Every file of `src` by its place in the repository, and what is in it.
fn code() -> Vec<(String, String)> {
    let mut files = Vec::new();
    sources(&root().join("src"), &mut files);
    let place = |file: &Path| file.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
    files.iter().map(|file| (place(file), fs::read_to_string(file).unwrap())).collect()
}

#[test]
fn every_series_and_variable_that_the_code_names_exists() {
    let code = code();
    assert!(code.len() > 100, "the code is found: {}", code.len());
    for (file, text) in code {
        assert_eq!(strangers_in_code(&file, &text), [""; 0]);
    }
}

#[test]
fn a_name_in_the_code_that_does_not_exist_is_found_and_its_tests_may_have_one() {
    let advice = read("src/model/advice.rs");
    for (right, wrong) in [("GITHUB_TOKEN_FILE", "GITHUB_TOKENFILE"), ("EXPORTER_SOURCES", "EXPORTER_SOURCE")]
    {
        assert!(shipped(&advice).contains(right));
        let problem =
            format!("src/model/advice.rs names the variable {wrong}, which src/config/variables.rs has not");
        let found = strangers_in_code("src/model/advice.rs", &advice.replace(right, wrong));
        assert!(found.contains(&problem), "{found:?}");
    }
    let series = "says(\"github_copilot_sneezes\")";
    let problem = "a.rs names the series github_copilot_sneezes, which src/metrics/catalogue.rs has not";
    assert_eq!(strangers_in_code("a.rs", series), [problem]);
    let harmless = format!("begins with \"GITHUB_APP_\"\n#[cfg(test)]\nmod tests {{ {series} }}");
    assert_eq!(strangers_in_code("a.rs", &harmless), [""; 0]);
}

fn paths() -> BTreeSet<&'static str> {
    Route::usual_answers().map(|(path, _)| path).filter(|path| path.starts_with('/')).collect()
}

/// Paths of the exporter that a document names: behind its port, or a word of its own in `code`.
fn named_paths(text: &str) -> BTreeSet<&str> {
    let is_path = |c: char| c.is_ascii_alphanumeric() || "/-_".contains(c);
    let behind = text.split(":10220").skip(1).map(|rest| rest.split(|c| !is_path(c)).next().unwrap());
    let is_ours = |word: &&str| {
        let name = word.strip_prefix("/-/").or_else(|| word.strip_prefix('/'));
        name.is_some_and(|name| name.chars().all(|c| c.is_ascii_lowercase()))
    };
    let alone = text.split('`').skip(1).step_by(2).filter(is_ours);
    behind.filter(|path| path.starts_with('/')).chain(alone).collect()
}

/// What does not agree between the paths that are served and the documents.
fn wrong_paths(served: &BTreeSet<&str>, documents: &[(String, String)]) -> Vec<String> {
    let mut named = BTreeSet::new();
    let mut found = Vec::new();
    for (file, text) in documents {
        let here = named_paths(text);
        let strange = here.difference(served);
        found.extend(
            strange.map(|path| {
                format!("{file} names the path {path}, which src/server/routes.rs does not serve")
            }),
        );
        named.extend(here);
    }
    let untold = served.difference(&named);
    found.extend(untold.map(|path| {
        format!("no document names the path {path}: docs/commands.md, by the table in src/server/routes.rs")
    }));
    found
}

#[test]
fn the_paths_that_are_served_are_those_that_documents_name() {
    assert_eq!(wrong_paths(&paths(), &ours().collect::<Vec<_>>()), [""; 0]);
}

#[test]
fn a_path_that_is_named_or_served_alone_is_found() {
    let documents: Vec<_> = ours().collect();
    for path in paths() {
        let mut less = paths();
        less.remove(path);
        let problem = format!(" names the path {path}, which src/server/routes.rs does not serve");
        assert!(wrong_paths(&less, &documents).iter().any(|line| line.ends_with(&problem)), "{path}");
    }
    let more = paths().into_iter().chain(["/sneezes"]).collect();
    assert!(wrong_paths(&more, &documents)[0].starts_with("no document names the path /sneezes"));
}

/// Lines of output that a document shows and that the golden file has not.
fn not_golden(file: &str, text: &str, golden: &str) -> Vec<String> {
    let shown: Vec<_> =
        text.lines().filter(|line| line.starts_with("github_copilot_") && line.contains("} ")).collect();
    let strange = shown.iter().filter(|line| !golden.lines().any(|golden| golden == **line));
    let few = (shown.len() < 5).then(|| format!("{file} shows no example of the output"));
    strange
        .map(|line| format!("{file} shows a line that is not in the golden file: {line}"))
        .chain(few)
        .collect()
}

#[test]
fn the_readme_shows_lines_of_the_golden_exposition() {
    assert_eq!(not_golden("README.md", &read("README.md"), &read(GOLDEN)), [""; 0]);
}

#[test]
fn a_line_of_the_readme_that_is_not_in_the_golden_file_is_named() {
    let (readme, golden) = (read("README.md"), read(GOLDEN));
    let change = |from: &str, to: &str| not_golden("README.md", &readme.replace(from, to), &golden);
    let wrong = "README.md shows a line that is not in the golden file: github_copilot_";
    assert!(change("editor=\"vscode\"} 300", "editor=\"vscode\"} 301")[0].starts_with(wrong));
    assert!(change("org=\"octo\",team", "team")[0].starts_with(wrong));
    assert_eq!(change("github_copilot_", "copilot_"), ["README.md shows no example of the output"]);
}

/// What is wrong with the queries of a document, in its blocks of PromQL: one between two empty lines.
fn wrong_queries(file: &str, text: &str) -> Vec<String> {
    let blocks = text.split("```promql\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let queries = blocks.flat_map(|block| block.split("\n\n"));
    let wrong = |query: &str| {
        let problems = promql::problems(query, &Known::catalogue());
        let line = query.lines().find(|line| !line.starts_with('#')).unwrap_or_default().to_owned();
        problems.into_iter().map(move |problem| (line.clone(), problem))
    };
    // How figures are added up is for dashboards and rules; a document shows what its words explain.
    let shown = queries.flat_map(wrong).filter(|(_, problem)| {
        ["nobody serves", "has no label", "cannot be parsed"].iter().any(|what| problem.contains(what))
    });
    shown.map(|(line, problem)| format!("{file}, {line}: {problem}")).collect()
}

#[test]
fn every_query_that_a_document_shows_is_one_of_series_and_labels_that_exist() {
    for (file, text) in ours() {
        assert_eq!(wrong_queries(&file, &text), [""; 0]);
    }
}

#[test]
fn a_query_of_a_document_that_goes_wrong_is_named() {
    let text = "```promql\n# how many\nmax by (org) (github_copilot_seats{org!=\"\",team=\"\"})\n```\n";
    assert_eq!(wrong_queries("a.md", text), [""; 0]);
    for (from, to, problem) in [
        ("_seats", "_seat", "nobody serves github_copilot_seat"),
        ("(org)", "(model)", "no label model"),
        ("org!=", "model!=", "no label model"),
        ("(github", "((github", "it cannot be parsed"),
    ] {
        let found = wrong_queries("a.md", &text.replace(from, to));
        assert!(
            found.iter().any(|line| line.starts_with("a.md, ") && line.contains(problem)),
            "{problem}: {found:?}"
        );
    }
}
