//! The documents: where they lead there is something, and what they name exists.
//!
//! Each contract is a function over text that says what is wrong, a sentence for each and with the file to change, so that a
//! second test can plant a mistake and see it found.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Component, Path, PathBuf},
};

use github_copilot_exporter::{
    config::variables,
    github::{Lack, Reason, endpoint::Endpoint},
    metrics::catalogue::CATALOGUE,
    model::advice,
    owner::Owner,
    source::Source,
};

use crate::{
    contracts::{document, read, root, words},
    promql::{self, Known},
};

const README: &str = "README.md";
const PERMISSIONS: &str = "docs/permissions.md";
const DESIGN: &str = "docs/design.md";
const MIGRATING: &str = "docs/migrating.md";

/// What a newcomer is asked to read at most.
const MOST_LINES: usize = 250;

/// The series that the README begins with.
const HEADLINES: usize = 10;

/// The largest picture, in bytes: a page with it is loaded by many.
const LARGEST_PICTURE: u64 = 150_000;

/// Where the repository is published: links to it are links to its files.
const PUBLISHED: [&str; 2] = [
    "https://github.com/github-copilot-exporter/github-copilot-exporter/blob/main/",
    "https://github.com/github-copilot-exporter/github-copilot-exporter/tree/main/",
];

/// Directories of what is built or fetched.
const FOREIGN: [&str; 3] = ["target", "node_modules", ".git"];

/// Every document by its path, and what is in it.
type Pages = BTreeMap<String, String>;

fn pages() -> Pages {
    let mut files = Vec::new();
    markdown(root(), &mut files);
    let name = |file: &Path| file.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
    files.iter().map(|file| (name(file), fs::read_to_string(file).unwrap())).collect()
}

fn markdown(at: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(at).unwrap() {
        let path = entry.unwrap().path();
        let is_foreign = FOREIGN.iter().any(|name| path.file_name().is_some_and(|file| file == *name));
        if path.is_dir() && !path.is_symlink() && !is_foreign {
            markdown(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
}

fn exists(path: &str) -> bool {
    root().join(path).exists()
}

/// A text without its blocks of code.
fn prose(text: &str) -> String {
    let mut is_code = false;
    let lines = text.lines().filter(|line| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence
    });
    lines.map(|line| format!("{line}\n")).collect()
}

/// The blocks of code in a language.
fn blocks<'a>(text: &'a str, language: &str) -> Vec<Vec<&'a str>> {
    let (opening, mut found, mut block) = (format!("```{language}"), Vec::new(), None);
    for line in text.lines().map(str::trim) {
        match &mut block {
            None if line == opening => block = Some(Vec::new()),
            Some(_) if line == "```" => found.extend(block.take()),
            Some(lines) => lines.push(line),
            None => {}
        }
    }
    found
}

/// What stands between backticks.
fn spans(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// A table: its head, and its rows.
#[derive(Debug)]
struct Table<'a> {
    head: Vec<&'a str>,
    rows: Vec<Vec<&'a str>>,
}

impl<'a> Table<'a> {
    fn all(text: &'a str) -> Vec<Self> {
        let lines: Vec<_> = text.lines().collect();
        let parts = lines.split(|line| !line.starts_with('|')).filter(|part| part.len() > 2);
        let cells = |line: &&'a str| line.trim_matches('|').split('|').map(str::trim).collect();
        parts
            .map(|part| Self { head: cells(&part[0]), rows: part[2..].iter().map(cells).collect() })
            .collect()
    }

    /// The one with this head.
    fn with_head(text: &'a str, head: &[&str]) -> Self {
        let found = Self::all(text).into_iter().find(|table| table.head == head);
        found.unwrap_or(Self { head: Vec::new(), rows: Vec::new() })
    }
}

/// Where the links and pictures of a document lead.
fn links(text: &str) -> Vec<String> {
    let prose = prose(text);
    let plain: String = prose.split('`').step_by(2).collect();
    let marks = [("](", ')'), ("src=\"", '"'), ("srcset=\"", '"')];
    let after = |(mark, end): (&'static str, char)| {
        plain.split(mark).skip(1).filter_map(move |rest| rest.split(end).next())
    };
    let targets = marks.into_iter().flat_map(after);
    targets.filter_map(|target| target.split_whitespace().next().map(str::to_owned)).collect()
}

/// What can be jumped to in a document: GitHub makes it of the headings.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for heading in prose(text).lines().filter(|line| line.starts_with('#')) {
        let title = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = title.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        let anchor: String = kept.map(|c| if c == ' ' { '-' } else { c }).collect();
        let again = |times: usize| format!("{anchor}-{times}");
        let free = (1..).map(again).find(|other| !found.contains(other)).unwrap();
        let is_new = !found.contains(&anchor);
        found.insert(if is_new { anchor } else { free });
    }
    found
}

/// A path seen from the root of the repository, if it stays in it.
fn resolve(page: &str, path: &str) -> Option<String> {
    let mut parts: Vec<_> = Path::new(page).parent()?.iter().collect();
    for part in Path::new(path).components() {
        match part {
            Component::ParentDir => drop(parts.pop()?),
            Component::Normal(part) => parts.push(part),
            _ => {}
        }
    }
    Some(parts.iter().collect::<PathBuf>().to_str()?.to_owned())
}

/// The links that lead nowhere.
fn lost(pages: &Pages, exists: impl Fn(&str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for (page, text) in pages {
        for link in links(text) {
            let own = PUBLISHED.iter().find_map(|start| link.strip_prefix(start));
            if own.is_none() && link.contains("://") {
                continue;
            }
            let (path, anchor) = own.unwrap_or(&link).split_once('#').unwrap_or((own.unwrap_or(&link), ""));
            let target = match path {
                "" => Some(page.clone()),
                path if own.is_some() => resolve(README, path),
                path => resolve(page, path),
            };
            let Some(target) = target.filter(|target| exists(target)) else {
                found.push(format!("{page}: {link} leads to nothing"));
                continue;
            };
            let to = pages.get(&target);
            if !anchor.is_empty() && !to.is_some_and(|text| anchors(text).contains(anchor)) {
                found.push(format!("{page}: {link} leads to no heading of {target}"));
            }
        }
    }
    found
}

#[test]
fn every_link_of_every_document_leads_to_something() {
    let pages = pages();
    assert!(pages.len() > 15 && pages.contains_key(README), "{:?}", pages.keys());
    assert_eq!(lost(&pages, exists), [""; 0]);
}

#[test]
fn a_link_that_leads_nowhere_is_found() {
    let page = |text: &str| {
        Pages::from([("docs/a.md".into(), text.into()), ("b.md".into(), "# B c!\n# B c\n".into())])
    };
    let there = |path: &str| ["docs/a.md", "b.md", "docs"].contains(&path);
    for right in [
        "[x](../b.md#b-c) [`x`](../b.md#b-c-1) [x](https://example.com/a#b) ![x](.)",
        "# A\n[x](#a) `[x](nothing.md)`\n```sh\n[x](nothing.md)\n```\n",
        "[x](https://github.com/github-copilot-exporter/github-copilot-exporter/blob/main/b.md#b-c)",
    ] {
        assert_eq!(lost(&page(right), there), [""; 0], "{right}");
    }
    for (wrong, expected) in [
        ("[x](b.md)", "docs/a.md: b.md leads to nothing"),
        ("[x](../../b.md)", "docs/a.md: ../../b.md leads to nothing"),
        ("<img src=\"images/x.png\">", "images/x.png leads to nothing"),
        ("<source srcset=\"images/x.png\">", "images/x.png leads to nothing"),
        ("[x](../b.md#c)", "../b.md#c leads to no heading of b.md"),
        ("[x](#a)", "#a leads to no heading of docs/a.md"),
        (
            "[x](https://github.com/github-copilot-exporter/github-copilot-exporter/tree/main/c)",
            "tree/main/c leads to nothing",
        ),
    ] {
        let found = lost(&page(wrong), there);
        assert!(found.iter().any(|problem| problem.contains(expected)), "{wrong}: {found:?}");
    }
}

/// The files that a document names and that are not there.
fn missing_files(page: &str, text: &str, exists: impl Fn(&str) -> bool) -> Vec<String> {
    let begins = ["src/", "tests/", "docs/", "deploy/", "grafana/", "fuzz/", ".ci/"];
    let is_path = |span: &&str| {
        let named = begins.iter().any(|begin| span.starts_with(begin));
        named && span.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c))
    };
    let prose = prose(text);
    let gone = spans(&prose).filter(is_path).filter(|path| !exists(path));
    gone.map(|path| format!("{page} names {path}, which is not there")).collect()
}

#[test]
fn every_file_that_a_document_names_is_there() {
    let problems =
        pages().iter().flat_map(|(page, text)| missing_files(page, text, exists)).collect::<Vec<_>>();
    assert_eq!(problems, [""; 0]);
    let planted = missing_files(DESIGN, "`src/refresh` `src/nothing.rs` `docs/*.md`", exists);
    assert_eq!(planted, ["docs/design.md names src/nothing.rs, which is not there"]);
}

/// The series and variables that a text names and that do not exist.
fn strangers(page: &str, text: &str) -> Vec<String> {
    let series: BTreeSet<_> = CATALOGUE.iter().map(|metric| metric.name).collect();
    let known: BTreeSet<_> = variables::ALL.iter().map(|variable| variable.name).collect();
    let program = "github_copilot_exporter";
    let named = words(text, "github_copilot_").filter(|name| *name != program && !series.contains(name));
    let set = words(text, "GITHUB_").chain(words(text, "EXPORTER_")).filter(|name| !known.contains(name));
    named.chain(set).map(|name| format!("{page} names {name}, which does not exist")).collect()
}

/// A text without what is said of other exporters: the columns *theirs*, and names that rules give.
fn ours(text: &str) -> String {
    let theirs: BTreeSet<&str> = Table::all(text)
        .iter()
        .filter(|table| table.head[0] == "theirs")
        .flat_map(|table| table.rows.iter().map(|row| row[0]))
        .collect();
    let own = text.lines().filter(|line| !line.trim_start().starts_with("- record:"));
    let cut = |line: &str| {
        let first = line.trim_matches('|').split('|').next().unwrap_or_default();
        let is_theirs = line.starts_with('|') && theirs.contains(first.trim());
        if is_theirs { line.replacen(first, "", 1) } else { line.to_owned() }
    };
    own.map(|line| cut(line) + "\n").collect()
}

#[test]
fn every_series_and_variable_that_the_new_documents_name_exists() {
    for page in [PERMISSIONS, DESIGN] {
        assert_eq!(strangers(page, &read(page)), [""; 0]);
    }
    assert_eq!(strangers(MIGRATING, &ours(&read(MIGRATING))), [""; 0]);
}

#[test]
fn a_name_that_does_not_exist_is_found_unless_it_is_theirs() {
    let text = "| theirs | ours |\n|---|---|\n| `github_copilot_a` | `github_copilot_seats` |\n\n- record: github_copilot_b\n";
    assert_eq!(strangers(MIGRATING, &ours(text)), [""; 0]);
    let planted = text.replace("github_copilot_seats", "github_copilot_seat") + "`EXPORTER_PORT`";
    assert_eq!(
        strangers(MIGRATING, &ours(&planted)),
        [
            "docs/migrating.md names github_copilot_seat, which does not exist",
            "docs/migrating.md names EXPORTER_PORT, which does not exist"
        ]
    );
}

/// The queries of a document: in the columns *ours*, in blocks of PromQL, and in rules.
fn queries(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for table in Table::all(text) {
        if let Some(at) = table.head.iter().position(|head| *head == "ours") {
            found.extend(table.rows.iter().flat_map(|row| spans(row[at])).map(str::to_owned));
        }
    }
    for block in blocks(text, "promql") {
        let lines: Vec<_> = block.into_iter().filter(|line| !line.starts_with('#')).collect();
        found.extend(
            lines
                .split(|line| line.is_empty())
                .filter(|lines| !lines.is_empty())
                .map(|lines| lines.join("\n")),
        );
    }
    for block in blocks(text, "yaml") {
        found.extend(block.iter().filter_map(|line| line.strip_prefix("expr: ")).map(str::to_owned));
    }
    found
}

/// What is wrong with the queries of a document, as those of one exporter.
fn wrong_queries(page: &str, text: &str) -> Vec<String> {
    let known = Known::catalogue();
    let problems = |query: &String| {
        let within_one = query.replace("sum by (", "sum by (job, instance, ");
        let problems = promql::problems(&within_one, &known).into_iter();
        let real = problems.filter(|problem| !problem.contains("second replica"));
        real.map(|problem| format!("{page}: {query}: {problem}")).collect::<Vec<_>>()
    };
    queries(text).iter().flat_map(problems).collect()
}

#[test]
fn every_query_of_the_documents_asks_for_what_there_is() {
    for (page, least) in [(README, 3), (MIGRATING, 60)] {
        let text = read(page);
        assert!(queries(&text).len() >= least, "{page}: {:?}", queries(&text));
        assert_eq!(wrong_queries(page, &text), [""; 0]);
    }
}

#[test]
fn a_query_that_lies_is_found_wherever_it_stands() {
    let texts = [
        "| theirs | ours |\n|---|---|\n| x | `QUERY` |\n",
        "```promql\n# why\nQUERY\n```\n",
        "```yaml\nexpr: QUERY\n```\n",
    ];
    for text in texts {
        for (wrong, expected) in [
            (r#"github_copilot_seat{org="a",team=""}"#, "nobody serves github_copilot_seat"),
            (r#"github_copilot_seats{org="a",team="",editor="x"}"#, "has no label editor"),
            (r#"github_copilot_seats{org="a"}"#, "of teams and of their owners together"),
            (r#"github_copilot_seats{org="a",team="}"#, "cannot be parsed"),
            (r#"sum by (team) (github_copilot_total_suggestions{team!=""})"#, "people are in several"),
            (r#"sum by (org) (github_copilot_active_users{org="a",team=""})"#, "the same people again"),
        ] {
            let found = wrong_queries(MIGRATING, &text.replace("QUERY", wrong));
            assert!(found.iter().any(|problem| problem.contains(expected)), "{wrong}: {found:?}");
        }
        let right = r#"sum by (language) (github_copilot_suggestions{org="a",team=""})"#;
        let planted = text.replace("QUERY", right);
        assert_eq!(queries(&planted), [right]);
        assert_eq!(wrong_queries(MIGRATING, &planted), [""; 0]);
    }
}

/// What is wrong with the README as the first page that anybody reads. `documents` are the files of `docs/`.
fn wrong_readme(text: &str, documents: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    let lines = text.lines().count();
    if lines > MOST_LINES {
        found.push(format!("README.md has {lines} lines, and {MOST_LINES} at most are read"));
    }
    let table = Table::with_head(text, &["series", "type", "labels", "what"]);
    if table.rows.len() != HEADLINES {
        found.push(format!("README.md shows {} series, and not {HEADLINES}", table.rows.len()));
    }
    let of_code = |name: &str| CATALOGUE.iter().find(|metric| metric.name == name);
    for row in &table.rows {
        let Some(metric) = of_code(row[0].trim_matches('`')) else {
            found.push(format!("README.md shows {}, which is not in the catalogue", row[0]));
            continue;
        };
        let kind = if metric.is_counter() { "counter" } else { "gauge" };
        if [kind, &metric.labels().join(" ")] != [row[1], row[2]] {
            let labels = metric.labels().join(" ");
            found.push(format!("README.md: {} is a {kind} with the labels {labels}", row[0]));
        }
    }
    found.extend(wrong_defaults(text));
    let linked = links(text);
    let unlisted = documents.iter().filter(|file| !linked.contains(file));
    found.extend(
        unlisted.map(|file| format!("README.md does not lead to {file}: add it under Where to go next")),
    );
    found
}

/// The table of variables: with the defaults of the code.
fn wrong_defaults(readme: &str) -> Vec<String> {
    let table = Table::with_head(readme, &["variable", "default", "meaning"]);
    let rows = table.rows.iter().flat_map(|row| spans(row[0]).map(|name| (name, row[1].trim_matches('`'))));
    let is_right = |(name, default): &(&str, &str)| {
        variables::ALL.iter().any(|variable| (variable.name, variable.default) == (*name, *default))
    };
    let wrong = rows.filter(|row| !is_right(row));
    wrong.map(|(name, default)| format!("README.md: {name} has not the default `{default}`")).collect()
}

fn documents() -> Vec<String> {
    pages().into_keys().filter(|page| page.starts_with("docs/")).collect()
}

#[test]
fn the_readme_is_short_shows_ten_series_as_they_are_and_leads_to_every_document() {
    assert_eq!(wrong_readme(&read(README), &documents()), [""; 0]);
}

#[test]
fn a_readme_that_is_long_or_wrong_or_forgets_a_document_is_found() {
    let (right, documents) = (read(README), documents());
    let row = "| `github_copilot_total_suggestions` | gauge | enterprise org team |";
    for (from, to, expected) in [
        ("\n", &*"\n".repeat(2), "lines, and 250 at most are read"),
        (row, "| `github_copilot_suggestion` | gauge | enterprise org team |", "is not in the catalogue"),
        (
            row,
            "| `github_copilot_total_suggestions` | counter | enterprise org team |",
            "is a gauge with the labels",
        ),
        (
            row,
            "| `github_copilot_total_suggestions` | gauge | org team |",
            "with the labels enterprise org team",
        ),
        ("| series | type |", "| name | type |", "shows 0 series"),
        (
            "| `EXPORTER_REFRESH_INTERVAL` | `1h` |",
            "| `EXPORTER_REFRESH_INTERVAL` | `2h` |",
            "has not the default `2h`",
        ),
        ("](docs/soak.md)", "](docs/faults.md)", "does not lead to docs/soak.md"),
    ] {
        assert!(right.contains(from), "{from}");
        let found = wrong_readme(&right.replace(from, to), &documents);
        assert!(found.iter().any(|problem| problem.contains(expected)), "{to}: {found:?}");
    }
}

#[test]
fn pictures_are_small_and_each_is_shown() {
    let shown: BTreeSet<_> = pages()
        .iter()
        .flat_map(|(page, text)| links(text).into_iter().filter_map(|link| resolve(page, &link)))
        .collect();
    for entry in fs::read_dir(root().join("docs/images")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.strip_prefix(root()).unwrap().to_str().unwrap();
        assert!(shown.contains(name), "no document shows {name}");
        assert!(path.metadata().unwrap().len() <= LARGEST_PICTURE, "{name} is too large");
    }
}

const LEAST: [&str; 6] =
    ["source", "of", "API", "classic token", "fine-grained token or App", "who owns the token"];
const ENDPOINTS: [&str; 5] = ["endpoint", "source", "of", "API", "for"];
const NAMES: [&str; 3] = ["in answers", "on pages", "under"];
const MISSING: [&str; 4] = ["what is missing", "word", "GitHub answers", "what `check` tells to change"];
const ADVICE: [&str; 3] = ["of", "source", "advice"];

/// Words for failures that say that something is missing.
const LACKING: [Reason; 6] = [
    Reason::Unauthorized,
    Reason::Forbidden,
    Reason::PolicyDisabled,
    Reason::NotFound,
    Reason::Credential,
    Reason::Rejected,
];

fn owners() -> [(&'static str, Owner); 2] {
    [("organisation", Owner::org("octo")), ("enterprise", Owner::enterprise("octo"))]
}

/// Scopes of classic tokens, as `read:org`.
fn scopes(text: &str) -> BTreeSet<&str> {
    let is_part = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    let is_scope = |word: &&str| word.split_once(':').is_some_and(|(verb, of)| is_part(verb) && is_part(of));
    text.split(|c: char| !(c.is_ascii_alphanumeric() || "_:".contains(c))).filter(is_scope).collect()
}

/// What a person is told where GitHub does not say what is lacking.
fn told(owner: &Owner, source: Source) -> String {
    advice::of_source(owner, source, Reason::Forbidden, None)
}

/// The table of the least that will do: a row for each combination, with the words of the code's advice.
fn wrong_least(text: &str) -> Vec<String> {
    let each =
        owners().into_iter().flat_map(|(of, owner)| Source::ALL.map(|source| (of, owner.clone(), source)));
    each.flat_map(|(of, owner, source)| wrong_rows(text, of, source, &told(&owner, source))).collect()
}

/// What is wrong with the rows about a source of an owner, about which the code gives this advice.
fn wrong_rows(text: &str, of: &str, source: Source, advice: &str) -> Vec<String> {
    let table = Table::with_head(text, &LEAST);
    let rows = table.rows.iter().filter(|row| row[..2] == [&*format!("`{source}`"), of]);
    let (by_usage, others): (Vec<_>, Vec<_>) = rows.partition(|row| row[2] == "`usage`");
    let apis: Vec<_> = others.iter().chain(&by_usage).map(|row| row[2]).collect();
    let expected: &[&str] = if source.is_usage() { &["`reports`", "`usage`"] } else { &["both"] };
    let mut found = Vec::new();
    if apis != expected {
        found.push(format!("{PERMISSIONS}: {source} of an {of} has the rows {apis:?}, and not {expected:?}"));
    }
    let words = |rows: &[&Vec<&str>]| -> BTreeSet<String> {
        rows.iter().flat_map(|row| [row[3], row[4]]).flat_map(|cell| permissions(cell, text)).collect()
    };
    let (live, advised) = (words(&others), permissions(advice, text));
    let all = &live | &words(&by_usage);
    for word in &advised - &all {
        found
            .push(format!("{PERMISSIONS}: {source} of an {of} does not have {word}, which the code advises"));
    }
    for word in &live - &advised {
        found.push(format!("{PERMISSIONS}: {source} of an {of} has {word}, which the code does not advise"));
    }
    found
}

/// The scopes and permissions in a text; `names` is the document that lists how permissions are called.
fn permissions(text: &str, names: &str) -> BTreeSet<String> {
    let names = Table::with_head(names, &NAMES);
    let titles = names.rows.iter().map(|row| row[1].trim_matches('*')).filter(|title| text.contains(title));
    titles.chain(scopes(text)).map(str::to_owned).collect()
}

/// Which source, of whom and by which API the code asks an endpoint for.
fn asked_for(endpoint: Endpoint) -> [&'static str; 3] {
    if endpoint.is_of_app() {
        return ["the App itself", "", ""];
    }
    let [(org, owner), (enterprise, _)] = owners();
    let of = if endpoint.is_about(&owner) { org } else { enterprise };
    match endpoint.report() {
        Some("entity" | "users") => ["`activity`", of, "`reports`"],
        Some("user_teams") => ["`teams`", of, "`reports`"],
        Some("seats") => ["`seats`", of, "both"],
        Some("billing") => ["`billing`", of, "both"],
        Some("usage") if !endpoint.template().contains("/team/") => ["`activity`", of, "`usage`"],
        _ => ["`teams`", of, "`usage`"],
    }
}

/// The table of endpoints: all of the code and no other, each with what it is asked for.
fn wrong_endpoints(text: &str) -> Vec<String> {
    let table = Table::with_head(text, &ENDPOINTS);
    let mut found = Vec::new();
    for endpoint in Endpoint::ALL {
        let path = format!("`{}`", endpoint.template());
        let rows: Vec<_> = table.rows.iter().filter(|row| row[0] == path).collect();
        let expected = asked_for(endpoint);
        match rows[..] {
            [row] if row[1..4] == expected => {}
            [_] => found.push(format!("{PERMISSIONS}: {path} is asked for {expected:?}")),
            _ => found.push(format!("{PERMISSIONS} has {} rows for {path}", rows.len())),
        }
    }
    let known: BTreeSet<_> = Endpoint::ALL.map(|endpoint| format!("`{}`", endpoint.template())).into();
    let unknown = table.rows.iter().filter(|row| !known.contains(row[0]));
    found.extend(unknown.map(|row| format!("{PERMISSIONS}: nobody asks {}", row[0])));
    found
}

/// The table of names: as the code translates them.
fn wrong_names(text: &str) -> Vec<String> {
    let table = Table::with_head(text, &NAMES);
    let pairs = table.rows.iter().map(|row| (row[0].trim_matches('`'), row[1].trim_matches('*')));
    let is_wrong = |(name, title): &(&str, &str)| {
        let lack = Lack::AppPermissions(format!("{name}=read"));
        let said = advice::of_source(&Owner::org("octo"), Source::Seats, Reason::Forbidden, Some(&lack));
        !said.contains(&format!("{name}=read ({title})"))
    };
    let wrong = pairs.filter(is_wrong);
    wrong.map(|(name, title)| format!("{PERMISSIONS}: the code does not call {name} {title}")).collect()
}

/// The table of what is missing: by the words for failures.
fn wrong_words(text: &str) -> Vec<String> {
    let table = Table::with_head(text, &MISSING);
    let named: BTreeSet<_> = table.rows.iter().map(|row| row[1].trim_matches('`')).collect();
    let differing = &named ^ &LACKING.map(Reason::word).into();
    differing
        .iter()
        .map(|word| format!("{PERMISSIONS}: what is missing is not told by {word}, or is"))
        .collect()
}

fn wrong_permissions(text: &str) -> Vec<String> {
    let heads = [&LEAST[..], &ENDPOINTS, &NAMES, &MISSING, &ADVICE];
    let gone = heads.into_iter().filter(|head| Table::with_head(text, head).rows.is_empty());
    let gone = gone.map(|head| format!("{PERMISSIONS} has no table {head:?}")).collect();
    [gone, wrong_least(text), wrong_endpoints(text), wrong_names(text), wrong_words(text)].concat()
}

#[test]
fn the_document_about_permissions_says_what_the_code_asks_and_advises() {
    assert_eq!(wrong_permissions(&read(PERMISSIONS)), [""; 0]);
}

#[test]
fn a_permission_that_is_not_as_the_code_has_it_is_found() {
    let right = read(PERMISSIONS);
    let (seats, teams) =
        ("| both | `read:org`, `manage_billing:copilot` |", "| `/orgs/{org}/teams` | `teams` |");
    for (from, to, expected) in [
        (
            "| `billing` | enterprise | both |",
            "| `billing` | enterprise | |",
            "billing of an enterprise has the rows",
        ),
        (
            "| `teams` | enterprise | `usage` |",
            "| `teams` | enterprise | `reports` |",
            "and not [\"`reports`\", \"`usage`\"]",
        ),
        (
            "| *GitHub Copilot Business*, *Administration* | an owner of the organisation |",
            "| | |",
            "does not have Administration",
        ),
        (seats, "| both | `read:org` |", "does not have manage_billing:copilot, which the code advises"),
        (
            seats,
            "| both | `read:org`, `manage_billing:copilot`, `read:user` |",
            "has read:user, which the code does not",
        ),
        (teams, "| `/orgs/{org}/team` | `teams` |", "nobody asks `/orgs/{org}/team`"),
        (teams, "| `/orgs/{org}/team` | `teams` |", "has 0 rows for `/orgs/{org}/teams`"),
        (teams, "| `/orgs/{org}/teams` | `activity` |", "is asked for [\"`teams`\""),
        ("| `members` | *Members* |", "| `members` | *People* |", "does not call members People"),
        ("| `policy_disabled` |", "| `policy_off` |", "not told by policy_disabled"),
        ("| in answers |", "| in headers |", "has no table [\"in answers\""),
    ] {
        assert!(right.contains(from), "{from}");
        let found = wrong_permissions(&right.replace(from, to));
        assert!(found.iter().any(|problem| problem.contains(expected)), "{to}: {found:?}");
    }
}

/// The document about permissions up to the advice, and the advice as the code gives it.
fn with_advice(text: &str) -> String {
    let head = format!("| {} |\n|---|---|---|\n", ADVICE.join(" | "));
    let (before, _) = text.split_once(&head).expect("the table of advice is the last");
    let pairs =
        owners().into_iter().flat_map(|(of, owner)| Source::ALL.map(|source| (of, owner.clone(), source)));
    let rows = pairs.map(|(of, owner, source)| format!("| {of} | `{source}` | {} |\n", told(&owner, source)));
    format!("{before}{head}{}", rows.collect::<String>())
}

#[test]
fn the_advice_in_the_document_about_permissions_is_that_of_the_code() {
    document(PERMISSIONS, &with_advice(&read(PERMISSIONS)));
    let planted = read(PERMISSIONS).replace("Usage needs", "Usage wants");
    assert_ne!(with_advice(&planted), planted);
}
