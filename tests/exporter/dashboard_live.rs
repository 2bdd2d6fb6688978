//! A real Prometheus scrapes the demo, and every query of every panel gives what its people did.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde_json::{Value, json};

use crate::{
    contracts::read as read_file,
    dashboard::{Dashboard, Panel, Target, Variable, all},
    dashboard_tools::shown,
    dashboard_truth::{
        Deployment, Expected, Facts, Failing, Labels, Picked, Rows, Told, answers, expected, listed, withheld,
    },
    prometheus::{Api, Scene},
    support::Patience,
};

/// How far a number may be off, as a share of it: sums are not added up in the same order.
const ROUNDING: f64 = 1e-9;

/// Seconds that a range query goes back, each of them a step.
const RANGE: f64 = 20.0;

/// Everything that GitHub tells, without what the exporter says of itself.
const DATA: &str = r#"{__name__=~"github_copilot_.+",__name__!~"github_copilot_exporter_.+"}"#;

/// What dashboards showed.
#[derive(Debug, Default)]
struct Found {
    /// A line for everything that is not as it should be, which begins with the panel.
    wrong: Vec<String>,
    /// The queries that give nothing, as they are written in the lists below.
    empty: BTreeSet<String>,
    answers: BTreeMap<Place, Value>,
}

/// A query of a panel.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    file: String,
    title: String,
    query: String,
}

impl Place {
    fn of(dashboard: &Dashboard, panel: &Panel, target: &Target) -> Self {
        Self { file: dashboard.file.clone(), title: panel.title.clone(), query: target.ref_id.clone() }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{} {}", self.file, self.title, self.query)
    }
}

impl Found {
    fn compare(&mut self, place: &Place, shown: Result<Rows, String>, expected: Option<Expected>) {
        let wrong = match shown {
            Ok(rows) => {
                if rows.is_empty() {
                    self.empty.insert(place.to_string());
                }
                differences(expected, &rows)
            }
            Err(error) => vec![error],
        };
        self.wrong.extend(wrong.into_iter().map(|line| format!("{place}: {line}")));
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
            for (index, target) in panel.targets.iter().enumerate() {
                let place = Place::of(dashboard, panel, target);
                let answer = ask(api, target, told).await;
                let expected = expected(told, &dashboard.file, panel, index);
                found.compare(&place, read(&answer, told.at()), expected);
                found.answers.insert(place, answer);
            }
        }
    }
    found
}

/// The answer to a query with its variables filled in.
async fn ask(api: &Api, target: &Target, told: &Told) -> Value {
    let query = told.picked().choice().fill(&target.expr);
    let [start, end] = [told.at() - RANGE, told.at()].map(|at| at.to_string());
    if target.instant {
        api.get("/api/v1/query", &[("query", &query), ("time", &end)]).await
    } else {
        let parameters = [("query", &*query), ("start", &start), ("end", &end), ("step", "1")];
        api.get("/api/v1/query_range", &parameters).await
    }
}

/// The rows of an answer; of a range those of its end.
fn read(answer: &Value, at: f64) -> Result<Rows, String> {
    let is_silent = answer["warnings"].is_null() && answer["infos"].is_null();
    if answer["status"] != "success" || !is_silent {
        return Err(answer.to_string());
    }
    let mut rows = Rows::new();
    for result in answer["data"]["result"].as_array().unwrap() {
        let labels: Labels = serde_json::from_value(result["metric"].clone()).unwrap();
        let sample = result.get("value").or_else(|| result["values"].as_array()?.last()).unwrap();
        let is_last = (sample[0].as_f64().unwrap() - at).abs() < 0.5;
        let number: f64 = sample[1].as_str().unwrap().parse().unwrap();
        if is_last && rows.insert(labels.clone(), number).is_some() {
            return Err(format!("{labels:?} is there twice"));
        }
    }
    Ok(rows)
}

/// A line for everything that differs.
fn differences(expected: Option<Expected>, shown: &Rows) -> Vec<String> {
    match expected {
        None => vec!["nobody has said what it must show".into()],
        Some(Expected::Rows(rows)) => unequal(&rows, 0.0, shown),
        Some(Expected::UpTo(rows, more)) => unequal(&rows, more, shown),
        Some(Expected::Measured(labels, range)) => {
            let is_right = |(row, number): &(&Labels, &f64)| {
                row.keys().map(String::as_str).eq(labels.iter().copied()) && range.contains(*number)
            };
            let wrong = shown.iter().filter(|row| !is_right(row));
            wrong.map(|(row, number)| format!("{row:?} {number} is not by {labels:?} in {range:?}")).collect()
        }
    }
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

/// Waits until everything of each exporter is there, and returns when that was.
async fn until_complete(api: &Api, facts: &Facts, instances: usize) -> f64 {
    let series = facts.len();
    let complete = format!(
        "count(count by (instance) ({DATA}) == {series}) == {instances} \
         and on () sum(rate(github_copilot_exporter_github_requests_total[4m])) > 0"
    );
    until(api, &complete).await
}

/// Waits until a query gives something, and returns as of which second of the server's time.
async fn until(api: &Api, condition: &str) -> f64 {
    let patience = Patience::new();
    loop {
        let at = now(api).await;
        let answer = api.get("/api/v1/query", &[("query", condition), ("time", &at.to_string())]).await;
        assert_eq!(answer["status"], "success", "{condition}: {answer}");
        if answer["data"]["result"].as_array().is_some_and(|result| !result.is_empty()) {
            return at;
        }
        patience.check(condition);
    }
}

/// The server's time in whole seconds, for VictoriaMetrics knows no others in a range. It gives the time as a vector instead
/// of a scalar.
async fn now(api: &Api) -> f64 {
    let answer = api.get("/api/v1/query", &[("query", "time()")]).await;
    let result = &answer["data"]["result"];
    let time = result[1].as_str().or_else(|| result[0]["value"][1].as_str());
    time.unwrap().parse::<f64>().unwrap().floor()
}

fn deployment(restarts: &[(&str, u32)]) -> Deployment {
    let instances = restarts.iter().map(|(instance, times)| ((*instance).to_owned(), *times)).collect();
    Deployment { instances, failing: None }
}

/// Nothing of the kind happens in a demo: its token does not expire, no interface closes, all fields are known, and no name
/// is folded.
const QUIET: [&str; 4] = [
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
    let at = until_complete(&scene.api, facts, 1).await;
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
    mistakes_are_found(&scene.api, &MISTAKES, &Told::new(facts, all_of("org"), &running, at)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn by_the_usage_api_every_panel_shows_what_it_tells_and_the_rest_is_empty() {
    let scene = Scene::start(&["--api", "usage"]);
    let (facts, dashboards, running) = (Facts::by_usage(), all(), deployment(&[("demo", 0)]));
    let at = until_complete(&scene.api, facts, 1).await;
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
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_replica_and_restarts_double_nothing_and_what_one_of_them_cannot_read_is_told() {
    let mut scene = Scene::of(&["first", "second"], &[]);
    let (facts, dashboards) = (Facts::by_reports(), all());
    let all_of = |by| Picked::all(by, "19.5");
    let at = until_complete(&scene.api, facts, 2).await;
    let running = deployment(&[("first", 0), ("second", 0)]);
    let told = Told::new(facts, all_of("org"), &running, at);
    let found = look(&scene.api, &dashboards, &told).await;
    found.assert_right("a second replica", &[&QUIET[..], &NOTHING_FAILS].concat());
    mistakes_are_found(&scene.api, &DOUBLED, &told).await;

    let failing = Failing { instance: "second", owner: "octo-labs", reason: "forbidden" };
    scene.replace("first", &[]);
    scene.replace("second", &["--fault", "path=/orgs/octo-labs/copilot/billing/seats*,status=403"]);
    for (instance, missing) in [("first", 0), ("second", failing.missing(facts))] {
        let series = facts.len() - missing;
        let is_back = format!(
            r#"changes(process_start_time_seconds{{instance="{instance}"}}[1h]) == 1 and on () github_copilot_exporter_series{{instance="{instance}"}} == {series}"#
        );
        until(&scene.api, &is_back).await;
    }
    let failed = "sum(increase(github_copilot_exporter_source_failures_total[1h])) > 0.5";
    let at = until(&scene.api, failed).await;
    let running = Deployment { failing: Some(failing), ..deployment(&[("first", 1), ("second", 1)]) };
    for (by, empty) in [("org", &[][..]), ("enterprise", &[&OF_AN_ENTERPRISE[..], &NOTHING_FAILS].concat())] {
        let found = look(&scene.api, &dashboards, &Told::new(facts, all_of(by), &running, at)).await;
        found.assert_right(&format!("after restarts, by {by}"), &[&QUIET[..], empty].concat());
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
    let (path, selector) = match function {
        // Grafana takes it for a part of the name of a series, whatever it is.
        "label_names" => ("/api/v1/labels".to_owned(), format!(r#"{{__name__=~".*{arguments}.*"}}"#)),
        _ => {
            let (selector, label) = arguments.rsplit_once(", ").unwrap();
            (format!("/api/v1/label/{label}/values"), selector.to_owned())
        }
    };
    let [start, end] = [told.at() - RANGE, told.at()].map(|at| at.to_string());
    let answer = api.get(&path, &[("match[]", &selector), ("start", &start), ("end", &end)]).await;
    assert_eq!(answer["status"], "success", "{question}: {answer}");
    let names: BTreeSet<String> = serde_json::from_value(answer["data"].clone()).unwrap();
    match &*variable.regex {
        "" => names,
        "/^(org|enterprise)$/" => {
            names.into_iter().filter(|name| ["org", "enterprise"].contains(&&**name)).collect()
        }
        other => panic!("nobody has said what {other} keeps"),
    }
}

/// What Grafana itself makes of the answers: tables and bars with the columns that the panels name, and nothing technical.
fn shows_it_in_grafana(found: &Found, told: &Told) {
    let drawn: Vec<_> = all().iter().flat_map(|dashboard| drawn(dashboard, found, told)).collect();
    let inputs: Vec<Value> =
        drawn.iter().map(|drawn| json!({"panel": drawn.json, "results": drawn.results})).collect();
    for (drawn, shown) in drawn.iter().zip(shown(&inputs)) {
        let place = format!("{}: {shown:#}", drawn.place);
        assert!(!shown.to_string().contains("NaN"), "{place}");
        match drawn.json["type"].as_str().unwrap() {
            "table" => is_a_table(drawn, &shown, &place),
            "barchart" => has_its_x_axis(drawn, &shown, &place),
            "stat" | "bargauge" => has_a_tile_for_each_row(drawn, &shown, &place),
            _ => {}
        }
    }
}

/// A panel with its answers.
struct Drawn {
    place: String,
    json: Value,
    results: BTreeMap<String, Value>,
    at: f64,
}

impl Drawn {
    /// The labels of its rows. Rows of several queries become one where one knows more than the other.
    fn rows(&self) -> Vec<Labels> {
        let all: BTreeSet<Labels> =
            self.results.values().flat_map(|answer| read(answer, self.at).unwrap().into_keys()).collect();
        let is_in =
            |labels: &Labels, more: &Labels| labels.iter().all(|(name, value)| more.get(name) == Some(value));
        let whole = |labels: &&Labels| !all.iter().any(|other| other != *labels && is_in(labels, other));
        all.iter().filter(whole).cloned().collect()
    }

    /// What the columns of queries that give anything are called, but those that are not shown.
    fn columns<'n>(&self, names: &'n Value) -> Vec<&'n str> {
        let filled = self.results.iter().filter(|(_, answer)| !read(answer, self.at).unwrap().is_empty());
        let value =
            |query: &str| if self.results.len() > 1 { format!("Value #{query}") } else { "Value".into() };
        let columns = filled.map(|(query, _)| names[value(query)].as_str().unwrap());
        columns.filter(|name| !self.hides(name)).collect()
    }

    fn hides(&self, column: &str) -> bool {
        let overrides = self.json["fieldConfig"]["overrides"].as_array().into_iter().flatten();
        let own = overrides.filter(|own| own["matcher"]["options"] == column);
        own.flat_map(|own| own["properties"].as_array().unwrap())
            .any(|property| property["id"] == "custom.hidden")
    }
}

/// The panels of a dashboard that give anything.
fn drawn(dashboard: &Dashboard, found: &Found, told: &Told) -> Vec<Drawn> {
    let text = told.picked().choice().fill(&read_file(&format!("grafana/{}.json", dashboard.file)));
    let json: Value = serde_json::from_str(&text).unwrap();
    let panels = json["panels"].as_array().unwrap().iter().filter(|panel| panel["targets"].is_array());
    let drawn = panels.map(|panel| {
        let title = panel["title"].as_str().unwrap().to_owned();
        let of_panel = found
            .answers
            .iter()
            .filter(|(place, _)| (&place.file, &place.title) == (&dashboard.file, &title));
        let results = of_panel.map(|(place, answer)| (place.query.clone(), answer.clone())).collect();
        Drawn { place: format!("{}/{title}", dashboard.file), json: panel.clone(), results, at: told.at() }
    });
    drawn.filter(|drawn| !drawn.rows().is_empty()).collect()
}

fn names(shown: &Value) -> BTreeSet<&str> {
    shown["fields"].as_array().unwrap().iter().map(|field| field["name"].as_str().unwrap()).collect()
}

fn is_a_table(drawn: &Drawn, shown: &Value, place: &str) {
    assert_eq!(shown["frames"], 1, "{place}: one frame");
    let organize = drawn.json["transformations"].as_array().unwrap().last().unwrap();
    let renamed: BTreeSet<&str> =
        organize["options"]["renameByName"].as_object().unwrap().values().filter_map(Value::as_str).collect();
    let names = names(shown);
    let strangers: Vec<_> = names.difference(&renamed).collect();
    assert!(strangers.is_empty(), "{place}: columns without a name of their own: {strangers:?}");
    for name in drawn.columns(&organize["options"]["renameByName"]) {
        assert!(names.contains(name), "{place}: no column {name}");
    }
    for field in shown["fields"].as_array().unwrap() {
        let rows = field["values"].as_array().unwrap().len();
        assert_eq!(rows, drawn.rows().len(), "{place}: rows of {}", field["name"]);
    }
}

fn has_its_x_axis(drawn: &Drawn, shown: &Value, place: &str) {
    let names = names(shown);
    let axis = drawn.json["options"]["xField"].as_str().unwrap();
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

const MISTAKES: [Mistake; 8] = [
    ("overview", "Seats", "copilot_seats{", "copilot_seat{"),
    ("overview", "Active users", ACTIVE, ACTIVE_OVER_TEAMS),
    ("overview", "Idle seats", r#"idle!="7d_28d""#, r#"idle!="28d_90d""#),
    ("breakdown", "Languages", "sum by ($by, language)", "sum by ($by, editor)"),
    ("breakdown", "Completions by editor", "sum by ($by, editor) (", "sum by ($by, language) ("),
    ("breakdown", "Languages by editor", "copilot_suggestions{", "copilot_acceptances{"),
    ("breakdown", "Teams", "max by ($by, team)", "sum by ($by)"),
    ("seats-and-cost", "To be paid", "net_amount", "gross_amount"),
];

/// Those that a second replica shows.
const DOUBLED: [Mistake; 3] = [
    ("overview", "Seats", "max by ($by)", "sum by ($by)"),
    ("breakdown", "Languages", "(max by (", "(sum by ("),
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
        let asked: BTreeSet<_> = panels.map(|panel| (&*panel.title, panel.targets.len())).collect();
        let answers = answers(&dashboard.file).iter();
        let answered: BTreeSet<_> = answers.map(|(title, answers)| (*title, answers.len())).collect();
        let differ: Vec<_> = asked.symmetric_difference(&answered).collect();
        assert!(differ.is_empty(), "{}: panels and their queries, or answers: {differ:?}", dashboard.file);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn victoria_metrics_shows_the_same() {
    let scene = Scene::start(&[]);
    let (_victoria, api) = scene.victoria();
    // Its `changes` counts the first sample that it ever had of a series.
    let (facts, dashboards, running) = (Facts::by_reports(), all(), deployment(&[("demo", 1)]));
    let at = until_complete(&api, facts, 1).await;
    for (what, picked, empty) in [
        ("all organisations", Picked::all("org", "19.5"), &[][..]),
        ("one organisation", Picked::all("org", "").of(&["octo-labs"]), &NO_PRICE),
        ("the enterprise", Picked::all("enterprise", "19"), &OF_AN_ENTERPRISE),
    ] {
        let found = look(&api, &dashboards, &Told::new(facts, picked, &running, at)).await;
        found.assert_right(what, &[&QUIET[..], &NOTHING_FAILS, empty].concat());
    }
}
