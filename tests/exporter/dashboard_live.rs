//! A real Prometheus scrapes the demo, and every query of every panel gives what its people did.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde_json::{Value, json};

use crate::{
    dashboard::{Dashboard, Panel, Target, Variable, all, filled},
    dashboard_tools,
    dashboard_truth::{
        Deployment, Expected, Facts, Failing, Labels, Picked, Rows, Told, answers, expected, is_in, listed,
        withheld,
    },
    prometheus::{Api, Scene},
};

/// How far a number may be off, as a share of it: sums are not added up in the same order.
const ROUNDING: f64 = 1e-9;

/// Seconds that a range query goes back at least, each of them a step.
const RANGE: f64 = 20.0;

/// Of an exporter: four of each organisation and of the enterprise.
const SOURCES: usize = 12;

/// Everything that GitHub tells, without what the exporter says of itself.
const DATA: &str = r#"{__name__=~"github_copilot_.+",__name__!~"github_copilot_exporter_.+"}"#;

const LAST_SUCCESS: &str = "github_copilot_exporter_source_last_success_timestamp_seconds";

/// What dashboards showed.
#[derive(Debug, Default)]
struct Found {
    /// A line for everything that is not as it should be, which begins with the panel.
    wrong: Vec<String>,
    /// The queries that give nothing, as they are written in the lists below.
    empty: BTreeSet<String>,
    answers: BTreeMap<Asked, Value>,
}

/// A query of a panel.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Asked {
    file: String,
    title: String,
    query: String,
}

impl Asked {
    fn of(dashboard: &Dashboard, panel: &Panel, target: &Target) -> Self {
        Self { file: dashboard.file.clone(), title: panel.title.clone(), query: target.ref_id.clone() }
    }
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{} {}", self.file, self.title, self.query)
    }
}

impl Found {
    /// Keeps what a query gave, and what is wrong with it.
    fn add(&mut self, asked: Asked, answer: Value, at: f64, wrong: Vec<String>) {
        if rows_at(&answer, at).is_ok_and(|rows| rows.is_empty()) {
            self.empty.insert(asked.to_string());
        }
        self.wrong.extend(wrong.into_iter().map(|line| format!("{asked}: {line}")));
        self.answers.insert(asked, answer);
    }

    /// # Panics
    /// If anything is wrong, or other queries give nothing than those.
    fn assert_right(&self, what: &str, empty: &[&str]) {
        assert!(self.wrong.is_empty(), "{what}:\n{}", self.wrong.join("\n"));
        let expected: BTreeSet<_> = empty.iter().flat_map(|line| queries(line)).collect();
        let unexpected: Vec<_> = self.empty.difference(&expected).collect();
        let filled: Vec<_> = expected.difference(&self.empty).collect();
        assert!(unexpected.is_empty(), "{what}: give nothing, and are not on the list: {unexpected:#?}");
        assert!(filled.is_empty(), "{what}: are on the list, and give something: {filled:#?}");
    }
}

/// `dashboard/Panel ABC` is three queries.
fn queries(line: &str) -> impl Iterator<Item = String> {
    let (panel, letters) = line.rsplit_once(' ').unwrap();
    letters.chars().map(move |letter| format!("{panel} {letter}"))
}

/// Looks at every panel of every dashboard.
async fn look(api: &Api, dashboards: &[Dashboard], told: &Told) -> Found {
    let mut found = Found::default();
    for dashboard in dashboards {
        for panel in &dashboard.panels {
            for target in &panel.targets {
                let answer = ask(api, target, told).await;
                let expected = expected(told, &dashboard.file, panel, target);
                let wrong = match (rows_at(&answer, told.at()), expected) {
                    (Err(error), _) => vec![error],
                    (_, None) => vec!["nobody has said what it must show".into()],
                    (Ok(rows), Some(expected)) => {
                        let before = before(&expected, target, &answer, told);
                        [differences(api, told, expected, &rows).await, before].concat()
                    }
                };
                found.add(Asked::of(dashboard, panel, target), answer, told.at(), wrong);
            }
        }
    }
    found
}

/// The answer to a query with its variables filled in.
async fn ask(api: &Api, target: &Target, told: &Told) -> Value {
    let query = told.picked().choice().fill(&target.expr);
    let [start, end] = [told.since().min(told.at() - RANGE), told.at()].map(|at| at.to_string());
    if target.instant {
        api.get("/api/v1/query", &[("query", &query), ("time", &end)]).await
    } else {
        let parameters = [("query", &*query), ("start", &start), ("end", &end), ("step", "1")];
        api.get("/api/v1/query_range", &parameters).await
    }
}

/// The rows of an answer; of a range those of one step.
fn rows_at(answer: &Value, at: f64) -> Result<Rows, String> {
    let is_silent = answer["warnings"].is_null() && answer["infos"].is_null();
    if answer["status"] != "success" || !is_silent {
        return Err(answer.to_string());
    }
    let mut rows = Rows::new();
    for result in answer["data"]["result"].as_array().unwrap() {
        let labels: Labels = serde_json::from_value(result["metric"].clone()).unwrap();
        let mut samples =
            result.get("value").into_iter().chain(result["values"].as_array().into_iter().flatten());
        let Some(sample) = samples.find(|sample| (sample[0].as_f64().unwrap() - at).abs() < 0.5) else {
            continue;
        };
        let number: f64 = sample[1].as_str().unwrap().parse().unwrap();
        if rows.insert(labels.clone(), number).is_some() {
            return Err(format!("{labels:?} is there twice"));
        }
    }
    Ok(rows)
}

/// A line for everything that differs.
async fn differences(api: &Api, told: &Told, expected: Expected, given: &Rows) -> Vec<String> {
    match expected {
        Expected::Rows(rows) => unequal(&rows, 0.0, given),
        Expected::UpTo(rows, more) => unequal(&rows, more, given),
        Expected::Served(rows, family, fold) => {
            let served = served(api, told, family).await;
            let number = |row: &Labels| {
                let of_row = served.iter().filter(|(labels, _)| is_in(row, labels));
                of_row.map(|(_, number)| *number).reduce(fold)
            };
            let rows = rows.into_keys().map(|row| (row.clone(), number(&row).unwrap_or(f64::NAN)));
            unequal(&rows.collect(), 0.0, given)
        }
        Expected::Growing(family, labels, range) => {
            let served = served(api, told, family).await;
            let is_right = |(row, number): &(&Labels, &f64)| {
                row.keys().map(String::as_str).eq(labels.iter().copied())
                    && served.keys().any(|labels| is_in(row, labels))
                    && range.contains(*number)
            };
            let wrong = given.iter().filter(|row| !is_right(row));
            let wrong =
                wrong.map(|(row, number)| format!("{row:?} {number} is none of {family} in {range:?}"));
            wrong.chain(given.is_empty().then(|| "nothing goes on".into())).collect()
        }
    }
}

/// A family as it was scraped.
async fn served(api: &Api, told: &Told, family: &str) -> Rows {
    let at = told.at().to_string();
    rows_at(&api.get("/api/v1/query", &[("query", family), ("time", &at)]).await, told.at()).unwrap()
}

/// What differs in the steps before the last one, since everything is told. What is not there may still have been on its way.
fn before(expected: &Expected, target: &Target, answer: &Value, told: &Told) -> Vec<String> {
    let Expected::Rows(expected) = expected else { return Vec::new() };
    let steps = std::iter::successors(Some(told.since()), |at| Some(at + 1.0));
    let steps = steps.take_while(|at| *at < told.at() && target.range);
    let wrong = steps.flat_map(|at| {
        let rows = rows_at(answer, at).unwrap();
        let there = expected.iter().filter(|(row, _)| rows.contains_key(*row));
        unequal(&there.map(|(row, number)| (row.clone(), *number)).collect(), 0.0, &rows)
    });
    wrong.collect()
}

fn unequal(expected: &Rows, more: f64, shown: &Rows) -> Vec<String> {
    let rows: BTreeSet<&Labels> = expected.keys().chain(shown.keys()).collect();
    let is_wrong = |row: &&&Labels| match (expected.get(**row), shown.get(**row)) {
        (Some(expected), Some(shown)) => {
            let rounding = expected.abs() * ROUNDING;
            !(expected - rounding..=expected + more + rounding).contains(shown)
        }
        _ => true,
    };
    let wrong = rows.iter().filter(is_wrong);
    wrong
        .map(|row| format!("{row:?} shows {:?} instead of {:?}", shown.get(*row), expected.get(*row)))
        .collect()
}

/// Waits until every exporter has run as often as it should, and tried everything; returns when that was. What it serves then
/// is for the dashboards to show: nothing of it is asked for here.
async fn until_complete(api: &Api, running: &Deployment) -> f64 {
    let sources = SOURCES * running.instances.len() - usize::from(running.failing.is_some());
    let restarts = running.instances.iter().map(|(instance, times)| {
        format!(r#"changes(process_start_time_seconds{{instance="{instance}"}}[1h]) >= {times}"#)
    });
    let failures = running
        .failing
        .map(|_| "sum(increase(github_copilot_exporter_source_failures_total[1h])) > 0.5".into());
    let conditions = [
        format!("count({LAST_SUCCESS}) == {sources}"),
        // Of the newest scrape, not what an exporter has left that is gone.
        format!("count(timestamp({LAST_SUCCESS}) == on (instance) group_left () timestamp(up)) == {sources}"),
        "sum(rate(github_copilot_exporter_github_requests_total[4m])) > 0".into(),
    ];
    let conditions: Vec<String> = conditions.into_iter().chain(restarts).chain(failures).collect();
    api.until(&conditions.join(" and on () ")).await
}

/// # Panics
/// If an exporter serves more or fewer series of a family than there are.
async fn serves_every_series(api: &Api, told: &Told, facts: &Facts, running: &Deployment) {
    let query = format!("count by (__name__, instance) ({DATA})");
    let served = served(api, told, &query).await;
    let families = facts.families();
    let expected = running.instances.keys().flat_map(|instance| {
        families.iter().map(move |(family, count)| {
            let labels = [("__name__", family), ("instance", instance)];
            (labels.map(|(name, value)| (name.to_owned(), value.clone())).into(), *count as f64)
        })
    });
    let wrong = unequal(&expected.collect(), 0.0, &served);
    assert!(wrong.is_empty(), "numbers of series: {wrong:#?}");
}

fn deployment(restarts: &[(&str, u32)]) -> Deployment {
    let instances = restarts.iter().map(|(instance, times)| ((*instance).to_owned(), *times)).collect();
    Deployment { instances, failing: None, since: None }
}

/// Nothing of the kind happens in a demo: its token does not expire, no interface closes, all fields are known, and no name
/// is folded. It has no App.
const QUIET: [&str; 5] = [
    "exporter-health/App A",
    "exporter-health/Credentials E",
    "exporter-health/Fields that are not known A",
    "exporter-health/Folded names A",
    "exporter-health/Sunset of interfaces A",
];
const NOTHING_FAILS: [&str; 1] = ["exporter-health/Failures by word A"];

const NO_PRICE: [&str; 3] = [
    "seats-and-cost/Fees a month A",
    "seats-and-cost/Fees of idle seats A",
    "seats-and-cost/Fee of a seat in use A",
];

/// What GitHub tells of organisations only.
const OF_AN_ENTERPRISE: [&str; 2] = ["seats-and-cost/Ending A", "seats-and-cost/This billing cycle ABCD"];

const WITHHELD: [&str; 3] = [
    "breakdown/Active users by day and team A",
    "breakdown/Languages of teams ABCDE",
    "breakdown/Teams ABCDEFGHI",
];

/// What only reports tell.
const BY_USAGE: [&str; 17] = [
    "breakdown/AI credits used A",
    "breakdown/Active in no listed team A",
    "breakdown/Agents of others AB",
    "breakdown/Command line and app ABCDEF",
    "breakdown/Everything by editor ABCDE",
    "breakdown/Features ABCDEF",
    "breakdown/Lines added by language A",
    "breakdown/Median time to merge A",
    "breakdown/Models ABCD",
    "breakdown/Most used models A",
    "breakdown/Pull requests ABCDEFG",
    "breakdown/Surfaces ABC",
    "breakdown/Teams BCD",
    "overview/Active users of a week and of 28 days AB",
    "overview/Active within 28 days A",
    "overview/Adoption phases A",
    "overview/Owners side by side E",
];

#[tokio::test(flavor = "multi_thread")]
async fn by_reports_every_panel_shows_what_people_did() {
    let scene = Scene::start(&[]);
    let (facts, dashboards, running) = (Facts::by_reports(), all(), deployment(&[("demo", 0)]));
    let at = until_complete(&scene.api, &running).await;
    let all_of = |by| Picked::all(by, "19.5");
    for (what, picked, empty) in [
        ("all organisations", all_of("org"), &[][..]),
        ("both by name, at another price", Picked::all("org", "19").of(&["octo-labs", "octo-retail"]), &[]),
        ("one organisation, without a price", Picked::all("org", "").of(&["octo-labs"]), &NO_PRICE),
        ("the enterprise", all_of("enterprise"), &OF_AN_ENTERPRISE),
        ("a team that is withheld", all_of("org").with("team", withheld(facts, "octo-labs")), &WITHHELD),
        ("a team that is listed", all_of("org").with("team", listed(facts, "octo-retail")), &[]),
        ("one language", all_of("org").with("language", "python"), &[]),
        ("one editor, one model", all_of("org").with("editor", "vscode").with("model", "gpt-5.4"), &[]),
    ] {
        let told = Told::new(facts, picked, &running, at);
        let found = look(&scene.api, &dashboards, &told).await;
        found.assert_right(what, &[&QUIET[..], &NOTHING_FAILS, empty].concat());
        offers_the_names_of(&scene.api, &dashboards, &told).await;
        if what == "all organisations" {
            shows_it_in_grafana(&found, &told);
        }
    }
    let told = Told::new(facts, all_of("org"), &running, at);
    mistakes_are_found(&scene.api, &MISTAKES, &told).await;
    serves_every_series(&scene.api, &told, facts, &running).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn by_the_usage_api_every_panel_shows_what_it_tells_and_the_rest_is_empty() {
    let scene = Scene::start(&["--api", "usage"]);
    let (facts, dashboards, running) = (Facts::by_usage(), all(), deployment(&[("demo", 0)]));
    let at = until_complete(&scene.api, &running).await;
    let team = withheld(facts, "octo-retail");
    for (what, picked, empty) in [
        ("all organisations", Picked::all("org", "19.5"), &[][..]),
        ("one organisation", Picked::all("org", "").of(&["octo-retail"]), &NO_PRICE),
        ("the enterprise", Picked::all("enterprise", "19"), &OF_AN_ENTERPRISE),
        ("a team that is withheld", Picked::all("org", "19").with("team", team), &WITHHELD),
    ] {
        let told = Told::new(facts, picked, &running, at);
        let found = look(&scene.api, &dashboards, &told).await;
        found.assert_right(what, &[&QUIET[..], &NOTHING_FAILS, &BY_USAGE[..], empty].concat());
        offers_the_names_of(&scene.api, &dashboards, &told).await;
        serves_every_series(&scene.api, &told, facts, &running).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_replica_and_restarts_double_nothing_and_what_one_of_them_cannot_read_is_told() {
    let mut scene = Scene::of(&["first", "second"], &[]);
    let (facts, dashboards) = (Facts::by_reports(), all());
    let all_of = |by| Picked::all(by, "19.5");
    let running = deployment(&[("first", 0), ("second", 0)]);
    let since = until_complete(&scene.api, &running).await;
    mistakes_are_found(&scene.api, &DOUBLED, &Told::new(facts, all_of("org"), &running, since)).await;

    scene.replace("first", &[]);
    let running = Deployment { since: Some(since), ..deployment(&[("first", 1), ("second", 0)]) };
    let told = Told::new(facts, all_of("org"), &running, until_complete(&scene.api, &running).await);
    let found = look(&scene.api, &dashboards, &told).await;
    found.assert_right("a second replica, and a restart", &[&QUIET[..], &NOTHING_FAILS].concat());
    serves_every_series(&scene.api, &told, facts, &running).await;

    let failing = Failing { instance: "second", owner: "octo-labs", reason: "forbidden" };
    scene.replace("second", &["--fault", "path=/orgs/octo-labs/copilot/billing/seats*,status=403"]);
    let running = Deployment { failing: Some(failing), ..deployment(&[("first", 1), ("second", 1)]) };
    let at = until_complete(&scene.api, &running).await;
    for (by, empty) in [("org", &[][..]), ("enterprise", &[&OF_AN_ENTERPRISE[..], &NOTHING_FAILS].concat())] {
        let found = look(&scene.api, &dashboards, &Told::new(facts, all_of(by), &running, at)).await;
        found.assert_right(&format!("one cannot read seats, by {by}"), &[&QUIET[..], empty].concat());
    }
}

/// Asks for the values of each variable, as Grafana does.
async fn offers_the_names_of(api: &Api, dashboards: &[Dashboard], told: &Told) {
    for dashboard in dashboards {
        for variable in dashboard.templating.list.iter().filter(|variable| variable.kind == "query") {
            let expected: BTreeSet<String> = match &*variable.name {
                "job" => ["copilot".to_owned()].into(),
                "instance" => ["demo".to_owned()].into(),
                "by" => ["enterprise".to_owned(), "org".to_owned()].into(),
                "owner" => told.all_owners(),
                "team" => told.names("day_timestamp_seconds", "team"),
                "model" => told.names("model_interactions", "model"),
                name => told.names("suggestions", name),
            };
            let found = values(api, variable, told).await;
            assert_eq!(found, expected, "{}: {}", dashboard.file, variable.name);
        }
    }
}

async fn values(api: &Api, variable: &Variable, told: &Told) -> BTreeSet<String> {
    let question = told.picked().choice().fill(variable.question().unwrap());
    let (function, arguments) = question.strip_suffix(')').unwrap().split_once('(').unwrap();
    if function == "query_result" {
        assert_eq!(variable.regex, r#"/by="([^"]+)"/"#, "nobody has said what else is kept");
        return served(api, told, arguments)
            .await
            .into_keys()
            .map(|mut row| row.remove("by").unwrap())
            .collect();
    }
    let (selector, label) = arguments.rsplit_once(", ").unwrap();
    let path = format!("/api/v1/label/{label}/values");
    let [start, end] = [told.at() - RANGE, told.at()].map(|at| at.to_string());
    let answer = api.get(&path, &[("match[]", selector), ("start", &*start), ("end", &*end)]).await;
    assert_eq!(answer["status"], "success", "{question}: {answer}");
    let names: BTreeSet<String> = serde_json::from_value(answer["data"].clone()).unwrap();
    assert_eq!(variable.regex, "", "nobody has said what is kept");
    names
}

/// Shares are shown as percentages and nothing else is: panels and headings.
const SHARES: [&str; 6] = [
    "Acceptance rate",
    "Acceptance rate by day",
    "Idle share",
    "Processor",
    "Rate limit left",
    "Seats in use",
];

/// What Grafana itself makes of the answers: numbers under the heading and in the row that the truth has them in, as shares
/// where they are, and nothing technical.
fn shows_it_in_grafana(found: &Found, told: &Told) {
    let drawn: Vec<_> = all().into_iter().flat_map(|dashboard| drawn(&dashboard, found, told)).collect();
    let inputs: Vec<Value> =
        drawn.iter().map(|drawn| json!({"panel": drawn.json, "results": drawn.results})).collect();
    for (drawn, shown) in drawn.iter().zip(dashboard_tools::shown(&inputs)) {
        let place = format!("{}: {shown:#}", drawn.place);
        assert!(!shown.to_string().contains("NaN"), "{place}");
        shows_shares_as_such(drawn, &shown, &place);
        match &*drawn.panel.kind {
            "table" => is_a_table(drawn, &shown, &place),
            "barchart" => has_its_x_axis(drawn, &shown, &place),
            "timeseries" if drawn.panel.targets.len() > 1 => has_lines(drawn, &shown, &place),
            "stat" | "bargauge" => has_a_tile_for_each_row(drawn, &shown, &place),
            _ => {}
        }
    }
}

/// A panel with its answers.
struct Drawn {
    place: String,
    panel: Panel,
    json: Value,
    results: BTreeMap<String, Value>,
    at: f64,
}

impl Drawn {
    /// The labels of its rows. Rows of several queries become one where one knows more than the other.
    fn rows(&self) -> Vec<Labels> {
        let all: BTreeSet<Labels> =
            self.results.values().flat_map(|answer| rows_at(answer, self.at).unwrap().into_keys()).collect();
        let whole = |labels: &&Labels| !all.iter().any(|other| other != *labels && is_in(labels, other));
        all.iter().filter(whole).cloned().collect()
    }

    /// What stands under each heading, without what is empty or not shown.
    fn columns(&self) -> Vec<(&str, Rows)> {
        // A chart that has the owner under a name of its own does not show it twice.
        let shown = |mut row: Labels| {
            let is_named = row.contains_key("owner");
            row.retain(|name, _| !is_named || !["org", "enterprise"].contains(&name.as_str()));
            row
        };
        let rows = |query: &str| -> Rows {
            let rows = rows_at(&self.results[query], self.at).unwrap().into_iter();
            rows.map(|(row, number)| (shown(row), number)).collect()
        };
        let targets = self.panel.targets.iter();
        let columns = targets.map(|target| (self.panel.heading(target), rows(&target.ref_id)));
        columns.filter(|(heading, rows)| !rows.is_empty() && !self.panel.hides(heading)).collect()
    }

    /// A column as it is shown: the numbers by the labels that its rows have.
    fn shown(&self, shown: &Value, heading: &str, rows: &Rows) -> Option<Rows> {
        let renamed = self.panel.renamed()?;
        let cells = |name: &str| {
            let mut fields = shown["fields"].as_array().unwrap().iter();
            Some(fields.find(|field| field["name"] == name)?["values"].as_array().unwrap())
        };
        let names: BTreeSet<&String> = rows.keys().flat_map(BTreeMap::keys).collect();
        let label = |name: &String, row: usize| {
            let value = cells(renamed[name].as_str().unwrap_or(name))?[row].as_str()?;
            (!value.is_empty()).then(|| (name.clone(), value.to_owned()))
        };
        let numbers = cells(heading)?.iter().enumerate();
        let row = |(row, number): (usize, &Value)| {
            Some((names.iter().filter_map(|name| label(name, row)).collect(), number.as_f64()?))
        };
        Some(numbers.filter_map(row).collect())
    }
}

/// The panels of a dashboard that give anything.
fn drawn(dashboard: &Dashboard, found: &Found, told: &Told) -> Vec<Drawn> {
    let panels = dashboard.panels.iter().filter(|panel| !panel.is_row());
    let drawn = panels.zip(filled(dashboard, &told.picked().choice())).map(|(panel, json)| {
        let answer = |target: &Target| found.answers[&Asked::of(dashboard, panel, target)].clone();
        let results = panel.targets.iter().map(|target| (target.ref_id.clone(), answer(target))).collect();
        let place = format!("{}/{}", dashboard.file, panel.title);
        Drawn { place, panel: panel.clone(), json, results, at: told.at() }
    });
    drawn.filter(|drawn| !drawn.rows().is_empty()).collect()
}

fn shows_shares_as_such(drawn: &Drawn, shown: &Value, place: &str) {
    let fields = shown["fields"].as_array().unwrap().iter().filter(|field| field["name"] != "Time");
    for field in fields {
        let is_share = SHARES.iter().any(|name| *name == drawn.panel.title || field["name"] == *name);
        let cells = field["values"].as_array().unwrap().iter().zip(field["texts"].as_array().unwrap());
        for (_, text) in cells.filter(|(number, _)| number.is_number()) {
            assert_eq!(text.as_str().unwrap().ends_with('%'), is_share, "{place}: {} {text}", field["name"]);
        }
    }
}

fn names(shown: &Value) -> BTreeSet<&str> {
    shown["fields"].as_array().unwrap().iter().map(|field| field["name"].as_str().unwrap()).collect()
}

fn is_a_table(drawn: &Drawn, shown: &Value, place: &str) {
    assert_eq!(shown["frames"], 1, "{place}: one frame");
    let renamed = drawn.panel.renamed().unwrap();
    let renamed: BTreeSet<&str> = renamed.as_object().unwrap().values().filter_map(Value::as_str).collect();
    let names = names(shown);
    let strangers: Vec<_> = names.difference(&renamed).collect();
    assert!(strangers.is_empty(), "{place}: columns without a name of their own: {strangers:?}");
    has_its_columns(drawn, shown, place);
    for field in shown["fields"].as_array().unwrap() {
        let rows = field["values"].as_array().unwrap().len();
        assert_eq!(rows, drawn.rows().len(), "{place}: rows of {}", field["name"]);
    }
}

fn has_its_columns(drawn: &Drawn, shown: &Value, place: &str) {
    for (heading, rows) in drawn.columns() {
        let numbers = drawn.shown(shown, heading, &rows).unwrap_or_default();
        let wrong = unequal(&rows, 0.0, &numbers);
        assert!(wrong.is_empty(), "{place}: {heading}: {wrong:#?}");
    }
}

/// A line is called by its owner and its heading, and ends at the number that the heading has.
fn has_lines(drawn: &Drawn, shown: &Value, place: &str) {
    for (heading, rows) in drawn.columns() {
        for (labels, number) in rows {
            let name = format!("{}: {heading}", labels.values().next().unwrap());
            let mut fields = shown["fields"].as_array().unwrap().iter();
            let line =
                fields.find(|field| field["name"] == *name).map(|field| field["values"].as_array().unwrap());
            assert_eq!(line.and_then(|line| line.last()?.as_f64()), Some(number), "{place}: {name}");
        }
    }
}

fn has_its_x_axis(drawn: &Drawn, shown: &Value, place: &str) {
    let names = names(shown);
    if drawn.panel.targets.len() > 1 {
        has_its_columns(drawn, shown, place);
    }
    let axis = drawn.panel.options["xField"].as_str().unwrap();
    assert!(names.contains(axis), "{place}: no {axis}");
    let technical = |name: &&&str| **name == "Time" || name.starts_with("Value");
    assert_eq!(names.iter().find(technical), None, "{place}");
    assert!(names.len() > 1, "{place}: nothing but the axis");
}

fn has_a_tile_for_each_row(drawn: &Drawn, shown: &Value, place: &str) {
    let tiles = shown["shown"].as_array().unwrap();
    assert_eq!(tiles.len(), drawn.rows().len(), "{place}");
    let titles: BTreeSet<&str> = tiles.iter().map(|tile| tile["title"].as_str().unwrap()).collect();
    assert_eq!(titles.len(), tiles.len(), "{place}: tiles of one name");
}

/// What could go wrong with a query: the dashboard, the panel, what is replaced, and by what.
type Mistake = (&'static str, &'static str, &'static str, &'static str);

const ACTIVE: &str = r#"max by ($by) (github_copilot_total_active_users{job=~"$job",$by=~"$owner",team=""})"#;
const ACTIVE_OVER_TEAMS: &str = r#"sum by ($by) (max by ($by, team) (github_copilot_total_active_users{job=~"$job",$by=~"$owner",team!=""}))"#;

const MISTAKES: [Mistake; 12] = [
    ("overview", "Seats", "copilot_seats{", "copilot_seat{"),
    ("overview", "Active users", ACTIVE, ACTIVE_OVER_TEAMS),
    ("overview", "Idle seats", r#"idle!="7d_28d""#, r#"idle!="28d_90d""#),
    ("breakdown", "Languages", "$by, language)", "$by, editor)"),
    ("breakdown", "Completions by editor", "$by, editor)", "$by, language)"),
    ("breakdown", "Languages by editor", "copilot_suggestions{", "copilot_acceptances{"),
    ("breakdown", "Teams", "max by ($by, team)", "sum by ($by)"),
    ("seats-and-cost", "To be paid", "net_amount", "gross_amount"),
    ("exporter-health", "Credentials", "limit_remaining", "limit_limit"),
    ("exporter-health", "Rate limit left", "limit_remaining", "limit_limit"),
    ("exporter-health", "Sources", "refresh_duration_seconds", "source_up"),
    ("exporter-health", "Scrapes", "http_requests_total", "github_requests_total"),
];

/// Those that a second replica shows.
const DOUBLED: [Mistake; 3] = [
    ("overview", "Seats", "max by ($by)", "sum by ($by)"),
    ("breakdown", "Languages", "sum by (job, instance, ", "sum by ("),
    ("seats-and-cost", "By plan", "max by ($by, plan)", "sum by ($by, plan)"),
];

async fn mistakes_are_found(api: &Api, mistakes: &[Mistake], told: &Told) {
    for (file, title, from, to) in mistakes {
        let mut dashboard = all().into_iter().find(|dashboard| dashboard.file == *file).unwrap();
        dashboard.panels.retain(|panel| panel.title == *title);
        for target in &mut dashboard.panels[0].targets {
            target.expr = target.expr.replace(from, to);
        }
        let found = look(api, &[dashboard], told).await.wrong;
        let is_named = |line: &String| line.starts_with(&format!("{file}/{title} "));
        assert!(
            !found.is_empty() && found.iter().all(is_named),
            "{file}/{title}: {from} as {to}: {found:#?}"
        );
    }
}

#[test]
fn every_query_has_an_answer_and_every_answer_its_query() {
    for dashboard in all() {
        let panels = dashboard.panels.iter().filter(|panel| !panel.is_row());
        let headings = |panel: &Panel| {
            panel.targets.iter().map(|target| panel.heading(target).to_owned()).collect::<Vec<_>>()
        };
        let asked: BTreeSet<_> = panels.map(|panel| (&*panel.title, headings(panel))).collect();
        let answers = answers(&dashboard.file).iter();
        let answered: BTreeSet<_> = answers
            .map(|(title, answers)| (*title, answers.iter().map(|(heading, _)| (*heading).into()).collect()))
            .collect();
        let differ: Vec<_> = asked.symmetric_difference(&answered).collect();
        assert!(differ.is_empty(), "{}: panels and their headings, or answers: {differ:?}", dashboard.file);
    }
}

#[test]
fn what_only_reports_fill_says_so_and_nothing_else_does() {
    let by_reports: BTreeSet<String> = BY_USAGE.iter().flat_map(|line| queries(line)).collect();
    for dashboard in all() {
        for panel in dashboard.panels.iter().filter(|panel| !panel.is_row()) {
            let mut asked =
                panel.targets.iter().map(|target| Asked::of(&dashboard, panel, target).to_string());
            let is_empty = asked.all(|query| by_reports.contains(&query));
            let says_so = panel.field_config["defaults"]["noValue"] == "Unknown: only reports tell it";
            assert_eq!(says_so, is_empty, "{}/{}", dashboard.file, panel.title);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn victoria_metrics_shows_the_same() {
    let scene = Scene::start(&[]);
    let (_victoria, api) = scene.victoria();
    // It counts the first sample of a series as a change.
    let (facts, dashboards, running) = (Facts::by_reports(), all(), deployment(&[("demo", 1)]));
    let at = until_complete(&api, &running).await;
    for (what, picked, empty) in [
        ("all organisations", Picked::all("org", "19.5"), &[][..]),
        ("one organisation", Picked::all("org", "").of(&["octo-labs"]), &NO_PRICE),
        ("the enterprise", Picked::all("enterprise", "19"), &OF_AN_ENTERPRISE),
    ] {
        let found = look(&api, &dashboards, &Told::new(facts, picked, &running, at)).await;
        found.assert_right(what, &[&QUIET[..], &NOTHING_FAILS, empty].concat());
    }
}
