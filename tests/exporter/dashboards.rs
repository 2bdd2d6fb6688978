//! What every dashboard must keep to, read from its file; `dashboard_live` asks a real Prometheus.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{
    contracts::read,
    dashboard::{Choice, Dashboard, Panel, Place, Variable, all, variables},
    promql::{Known, problems},
};

/// The four, by the names of their files; each with its uid, which links in other places hold on to.
const FILES: [(&str, &str); 4] = [
    ("breakdown", "copilot-breakdown"),
    ("exporter-health", "copilot-exporter-health"),
    ("overview", "copilot-overview"),
    ("seats-and-cost", "copilot-seats"),
];

/// The width of Grafana's grid.
const COLUMNS: u32 = 24;

/// What a screen of 1080 lines shows below Grafana's own bars, in rows of the grid.
const FIRST_SCREEN: u32 = 22;

/// What is wrong with the expressions of a dashboard, each with its panel, whether owners are organisations or enterprises.
fn wrong_queries(dashboard: &Dashboard, known: &Known) -> Vec<String> {
    let mut wrong = BTreeSet::new();
    for choice in ["org", "enterprise"].map(Choice::all_of) {
        for panel in &dashboard.panels {
            for target in &panel.targets {
                for problem in problems(&choice.fill(&target.expr), known) {
                    let file = &dashboard.file;
                    wrong.insert(format!(
                        "grafana/{file}.json, panel {:?}, query {}: {problem}",
                        panel.title, target.ref_id
                    ));
                }
            }
        }
    }
    wrong.into_iter().collect()
}

#[test]
fn every_query_of_every_panel_is_right() {
    for dashboard in all() {
        assert_eq!(wrong_queries(&dashboard, &Known::catalogue()), [""; 0]);
    }
}

/// A dashboard in which every expression is changed like that.
fn with_queries_changed(file: &str, from: &str, to: &str) -> Dashboard {
    let mut dashboard = all().into_iter().find(|dashboard| dashboard.file == file).unwrap();
    let targets = dashboard.panels.iter_mut().flat_map(|panel| &mut panel.targets);
    let changed = targets.filter(|target| target.expr.contains(from));
    assert_ne!(changed.map(|target| target.expr = target.expr.replace(from, to)).count(), 0, "{from}");
    dashboard
}

#[test]
fn a_query_that_goes_wrong_is_found_and_names_its_panel() {
    let known = Known::catalogue();
    for (file, from, to, panel, problem) in [
        ("overview", "github_copilot_seats{", "github_copilot_seat{", "Seats", "nobody serves"),
        ("breakdown", "instance, $by, model)", "instance, $by, editor)", "Models", "no label editor"),
        ("breakdown", "max by ($by, team)", "sum by ($by)", "Teams", "aggregated over team"),
        ("breakdown", r#"team=~"$team""#, r#"team=~".*""#, "Teams", "of teams and of their owners together"),
        ("overview", r#",team="""#, "", "Active users by day", "of teams and of their owners together"),
        ("overview", "max by ($by)", "sum by ($by)", "Seats", "doubled by a second replica"),
        ("seats-and-cost", "max by ($by, plan)", "max by (plan)", "By plan", "aggregated over"),
    ] {
        let wrong = wrong_queries(&with_queries_changed(file, from, to), &known);
        let named = format!("grafana/{file}.json, panel {panel:?}, query ");
        assert!(wrong.iter().any(|line| line.starts_with(&named) && line.contains(problem)), "{wrong:?}");
    }
}

#[test]
fn no_metric_that_a_dashboard_shows_can_leave_the_catalogue_unseen() {
    let dashboards = all();
    let expressions = || dashboards.iter().flat_map(|d| &d.panels).flat_map(|p| &p.targets);
    let shown: BTreeSet<_> = expressions()
        .flat_map(|target| target.expr.split(|c: char| c != '_' && !c.is_ascii_alphanumeric()))
        .filter(|word| word.starts_with("github_copilot_"))
        .collect();
    assert!(shown.len() > 80, "{}", shown.len());
    for name in shown {
        let mut dashboards = dashboards.clone();
        for panel in dashboards.iter_mut().flat_map(|dashboard| &mut dashboard.panels) {
            panel.targets.retain(|target| target.expr.contains(&format!("{name}{{")));
        }
        let without = Known::catalogue().without(name);
        let wrong: Vec<_> = dashboards.iter().flat_map(|d| wrong_queries(d, &without)).collect();
        assert!(wrong.iter().any(|line| line.ends_with(&format!("nobody serves {name}"))), "{name}");
    }
}

/// Sentences about what is wrong.
#[derive(Default)]
struct Problems(Vec<String>);

impl Problems {
    fn must(&mut self, holds: bool, place: &str, what: &str) {
        self.0.extend((!holds).then(|| format!("grafana/{place}: {what}")));
    }
}

fn file(dashboard: &Dashboard) -> String {
    format!("{}.json", dashboard.file)
}

fn place(dashboard: &Dashboard, panel: &Panel) -> String {
    format!("{}, panel {:?}", file(dashboard), panel.title)
}

/// What is wrong with the form of dashboards, a sentence each that names the file.
fn wrong_form(dashboards: &[Dashboard]) -> Vec<String> {
    let mut problems = Problems::default();
    for dashboard in dashboards {
        of_head(dashboard, &mut problems);
        of_titles(dashboard, &mut problems);
        of_places(dashboard, &mut problems);
        of_variables(dashboard, &mut problems);
        of_use(dashboard, &mut problems);
        of_links(dashboard, dashboards, &mut problems);
        for panel in dashboard.panels.iter().filter(|panel| !panel.is_row()) {
            of_panel(panel, &place(dashboard, panel), &mut problems);
            if panel.kind == "table" {
                of_table(panel, &place(dashboard, panel), &mut problems);
            }
        }
    }
    of_the_first_screen(dashboards, &mut problems);
    problems.0
}

/// Each can be imported as it is, is the one that links name, and leads to the others.
fn of_head(dashboard: &Dashboard, problems: &mut Problems) {
    let place = file(dashboard);
    let uid = FILES.iter().find(|(name, _)| *name == dashboard.file).map_or("", |(_, uid)| uid);
    let from = if dashboard.file == "exporter-health" { "now-6h" } else { "now-28d" };
    let link = dashboard.links.first().unwrap_or(&Value::Null);
    let rules = [
        (dashboard.uid == uid, "its uid is another than links elsewhere hold on to"),
        (dashboard.id.is_none(), "it has the number of somebody's Grafana"),
        (dashboard.schema_version == 39, "its schema is another than that of Grafana 10.4"),
        (!dashboard.editable, "it can be edited where it is provisioned"),
        (dashboard.graph_tooltip == 1, "the cross-hair is not shared"),
        (dashboard.timezone == "utc", "days are not those of UTC"),
        (dashboard.tags == ["github-copilot"], "it has not the tag by which the others are found"),
        (dashboard.title.starts_with("GitHub Copilot / "), "its title is not one of the family"),
        (dashboard.description.len() > 40, "it does not say what it is about"),
        (dashboard.time == json!({"from": from, "to": "now"}), "it shows another time"),
        (
            link["type"] == "dashboards" && link["tags"] == json!(["github-copilot"]),
            "it does not lead to the others",
        ),
        (
            link["includeVars"] == true && link["keepTime"] == true,
            "the way to the others forgets what was chosen",
        ),
    ];
    for (holds, what) in rules {
        problems.must(holds, &place, what);
    }
}

fn of_titles(dashboard: &Dashboard, problems: &mut Problems) {
    let mut titles = BTreeSet::new();
    for panel in &dashboard.panels {
        let place = place(dashboard, panel);
        let is_own = !panel.title.is_empty() && titles.insert(&panel.title);
        problems.must(is_own, &place, "the title is not its own");
        problems.must(panel.panels.is_empty(), &place, "what is folded away is not looked at by these tests");
    }
}

fn of_panel(panel: &Panel, place: &str, problems: &mut Problems) {
    let defaults = &panel.field_config["defaults"];
    let without = defaults["noValue"].as_str().unwrap_or_default();
    let explains = panel.description.len() > panel.question().len() + 20;
    let rules = [
        (panel.question().ends_with('?'), "the description does not begin with the question"),
        (explains, "the description does not explain the answer"),
        (defaults["unit"].is_string(), "no unit"),
        (!without.is_empty(), "nothing for no value"),
        (panel.datasource["uid"] == "${datasource}", "another data source than the chosen one"),
        (!panel.targets.is_empty(), "no query"),
        (panel.kind != "piechart", "angles are hard to compare"),
    ];
    for (holds, what) in rules {
        problems.must(holds, place, what);
    }
    let is_table = ["table", "barchart"].contains(&&*panel.kind);
    for target in &panel.targets {
        let source = target.datasource["uid"] == "${datasource}";
        problems.must(source, place, "a query asks another data source than the chosen one");
        problems.must(target.instant != target.range, place, "a query is not either of now or over time");
        problems.must(
            (target.format == "table") == is_table,
            place,
            "a query has the format of another kind",
        );
    }
}

fn of_places(dashboard: &Dashboard, problems: &mut Problems) {
    let ids: BTreeSet<_> = dashboard.panels.iter().map(|panel| panel.id).collect();
    problems.must(ids.len() == dashboard.panels.len(), &file(dashboard), "two panels have one id");
    for (index, panel) in dashboard.panels.iter().enumerate() {
        let (at, here) = (panel.grid_pos, place(dashboard, panel));
        problems.must(at.x + at.w <= COLUMNS, &here, "it is too wide");
        let over = dashboard.panels[..index].iter().find(|other| overlap(at, other.grid_pos));
        problems.must(over.is_none(), &here, "it is over another");
    }
}

const fn overlap(a: Place, b: Place) -> bool {
    a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h
}

/// The first screen of the overview answers three questions.
fn of_the_first_screen(dashboards: &[Dashboard], problems: &mut Problems) {
    let overview = dashboards.iter().find(|dashboard| dashboard.file == "overview").unwrap();
    let on_it = overview.panels.iter().filter(|panel| panel.grid_pos.y + panel.grid_pos.h <= FIRST_SCREEN);
    let rows: Vec<_> = on_it.filter(|panel| panel.is_row()).map(|panel| &*panel.title).take(3).collect();
    let questions = ["Are we using what we pay for?", "Is it growing?", "Is it useful?"];
    problems.must(rows == questions, "overview.json", "the first screen asks other questions");
    let next = overview.panels.iter().find(|panel| panel.is_row() && panel.title == "Where?");
    let is_below = next.is_some_and(|next| next.grid_pos.y <= FIRST_SCREEN);
    problems.must(is_below, "overview.json", "the third answer ends below the first screen");
}

/// What several queries give becomes one table without its technical columns.
fn of_table(panel: &Panel, place: &str, problems: &mut Problems) {
    let ids: Vec<_> = panel.transformations.iter().filter_map(|step| step["id"].as_str()).collect();
    let expected: &[_] = if panel.targets.len() > 1 { &["merge", "organize"] } else { &["organize"] };
    problems.must(ids == expected, place, "its queries do not become one table");
    let organize = panel.transformations.last().map_or(&Value::Null, |step| &step["options"]);
    problems.must(organize["excludeByName"]["Time"] == true, place, "the column of the time is shown");
    for target in &panel.targets {
        let value = panel.value_column(target);
        let is_named = organize["renameByName"][&value].is_string();
        problems.must(is_named, place, &format!("the column {value} has no name"));
    }
    let sort = &panel.options["sortBy"];
    problems.must(sort.is_null() || is_a_column(sort, organize), place, "it is sorted by no column");
}

fn is_a_column(sort: &Value, organize: &Value) -> bool {
    let names = organize["renameByName"].as_object();
    names.is_some_and(|names| names.values().any(|name| *name == sort[0]["displayName"]))
}

/// The variables that each may look at: those before it.
const CHAIN: [(&str, &[&str]); 9] = [
    ("datasource", &[]),
    ("job", &[]),
    ("instance", &["job"]),
    ("by", &["job"]),
    ("owner", &["job", "by"]),
    ("team", &["job", "by", "owner"]),
    ("language", &["job", "by", "owner"]),
    ("editor", &["job", "by", "owner"]),
    ("model", &["job", "by", "owner"]),
];

/// Variables are chained, and "all" never mixes teams with owners.
fn of_variables(dashboard: &Dashboard, problems: &mut Problems) {
    let variables = &dashboard.templating.list;
    let begins =
        variables.first().is_some_and(|first| first.name == "datasource" && first.kind == "datasource");
    problems.must(begins, &file(dashboard), "the data source is not the first choice");
    for (index, variable) in variables.iter().enumerate().filter(|(_, variable)| variable.kind == "query") {
        let place = format!("{}, variable {}", file(dashboard), variable.name);
        of_variable(variable, &variables[..index], &place, problems);
        let all = variable.include_all.then(|| variable.all_value.as_deref().unwrap_or_default());
        let expected = match &*variable.name {
            "by" => None,
            // Nobody knows the editors where GitHub refuses the report about people.
            "editor" => Some(".*"),
            _ => Some(".+"),
        };
        problems.must(all == expected, &place, "all of them is another pattern");
    }
}

fn of_variable(variable: &Variable, before: &[Variable], place: &str, problems: &mut Problems) {
    let question = variable.question().unwrap_or_default();
    let needed = CHAIN.iter().find(|(name, _)| *name == variable.name).map(|(_, needed)| *needed);
    problems.must(needed.is_some(), place, "CHAIN of tests/exporter/dashboards.rs does not know it");
    for name in needed.unwrap_or_default() {
        let asks = question.contains(&format!("${name}"));
        problems.must(asks, place, &format!("it asks whatever {name} is"));
        let is_there = before.iter().any(|variable| variable.name == *name);
        problems.must(is_there, place, &format!("it asks before there is {name}"));
    }
    problems.must(variable.refresh == 2, place, "it is not asked anew with another time");
    problems.must(variable.datasource["uid"] == "${datasource}", place, "it asks another data source");
    problems.must(!variable.label.is_empty(), place, "it has no label");
    match expression(question) {
        Some(expression) => {
            wrong_question(&expression).iter().for_each(|what| problems.must(false, place, what));
        }
        None => problems.must(false, place, &format!("nobody answers {question}")),
    }
}

/// What a variable asks, as PromQL.
fn expression(question: &str) -> Option<String> {
    let (function, arguments) = question.strip_suffix(')')?.split_once('(')?;
    let (selector, _) = arguments.rsplit_once(", ").unwrap_or((arguments, ""));
    // A list of names may mention a series twice.
    let labels = "job, instance, enterprise, org, team, language, editor, model, feature";
    match function {
        "label_values" => Some(format!("group by ({labels}) ({selector})")),
        "query_result" => Some(arguments.to_owned()),
        _ => None,
    }
}

fn wrong_question(expression: &str) -> Vec<String> {
    let wrong = problems(&Choice::all_of("org").fill(expression), &Known::catalogue());
    let is_wrong = |problem: &String| !problem.contains("to group by") && !problem.contains("second replica");
    wrong.into_iter().filter(is_wrong).collect()
}

/// What Grafana itself puts into queries and links, and what `label_replace` does.
const BUILT_IN: [&str; 5] = ["1", "__range", "__rate_interval", "__url_time_range", "__value"];

/// A dashboard has the variables that it uses and no others.
fn of_use(dashboard: &Dashboard, problems: &mut Problems) {
    let list = &dashboard.templating.list;
    let targets = dashboard.panels.iter().flat_map(|panel| &panel.targets);
    let texts = targets.map(|target| &*target.expr).chain(list.iter().filter_map(Variable::question));
    let mut used: BTreeSet<_> = texts.flat_map(variables).filter(|name| !BUILT_IN.contains(name)).collect();
    // Every panel asks it.
    used.insert("datasource");
    let own: BTreeSet<_> = list.iter().map(|variable| &*variable.name).collect();
    for name in used.symmetric_difference(&own) {
        let what = format!("the variable {name} is not both there and used");
        problems.must(false, &file(dashboard), &what);
    }
}

/// Every link of a panel, and of its columns.
fn links(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            found.extend(fields.get("url").and_then(Value::as_str).map(str::to_owned));
            fields.values().for_each(|field| links(field, found));
        }
        Value::Array(values) => values.iter().for_each(|value| links(value, found)),
        _ => {}
    }
}

fn links_of(dashboard: &Dashboard) -> Vec<String> {
    let mut urls = Vec::new();
    dashboard.panels.iter().for_each(|panel| links(&panel.field_config, &mut urls));
    urls
}

/// Links lead to a dashboard and carry everything that is chosen and the time.
fn of_links(dashboard: &Dashboard, all: &[Dashboard], problems: &mut Problems) {
    let names = |dashboard: &Dashboard| -> BTreeSet<String> {
        dashboard.templating.list.iter().map(|variable| variable.name.clone()).collect()
    };
    for url in links_of(dashboard) {
        let place = format!("{}: {url}", file(dashboard));
        let parts = url.strip_prefix("/d/").and_then(|path| path.split_once('?'));
        let found = parts.and_then(|(uid, query)| Some((all.iter().find(|other| other.uid == uid)?, query)));
        let Some((there, query)) = found else {
            problems.must(false, &place, "it leads nowhere");
            continue;
        };
        let mut parts: BTreeSet<_> = query.split('&').collect();
        problems.must(parts.remove("${__url_time_range}"), &place, "it forgets the time");
        let carried: Option<BTreeSet<_>> = parts.into_iter().map(carries).collect();
        let both = names(dashboard).intersection(&names(there)).cloned().collect();
        problems.must(carried == Some(both), &place, "it does not carry what both know");
    }
}

/// The variable that a part of a link is about: as it is chosen, or what was clicked on.
fn carries(part: &str) -> Option<String> {
    let chosen = part.strip_prefix("${").and_then(|part| part.strip_suffix(":queryparam}"));
    let clicked = part.strip_prefix("var-").and_then(|part| part.strip_suffix("=${__value.raw}"));
    chosen.or(clicked).map(str::to_owned)
}

#[test]
fn every_dashboard_has_the_form_of_the_family() {
    let dashboards = all();
    assert_eq!(wrong_form(&dashboards), [""; 0]);
    let found: Vec<_> = dashboards.iter().map(|dashboard| &*dashboard.file).collect();
    assert_eq!(found, FILES.map(|(file, _)| file));
    let count = dashboards.iter().flat_map(links_of).count();
    assert!(count > 10, "links are found: {count}");
}

/// All dashboards, but for a text of one of them.
fn with_text_changed(file: &str, from: &str, to: &str) -> Vec<Dashboard> {
    let text = read(&format!("grafana/{file}.json"));
    assert!(text.contains(from), "{file} has no {from}");
    let mut changed: Dashboard = serde_json::from_str(&text.replace(from, to)).unwrap();
    changed.file = file.to_owned();
    all()
        .into_iter()
        .map(|dashboard| if dashboard.file == file { changed.clone() } else { dashboard })
        .collect()
}

/// A dashboard, what stands in its file, what it is replaced by, and what is said then.
const DRIFTS: [(&str, &str, &str, &str); 41] = [
    ("overview", "\"uid\": \"copilot-overview\"", "\"uid\": \"copilot\"", "its uid is another"),
    ("overview", "\"id\": null", "\"id\": 7", "the number of somebody's Grafana"),
    ("overview", "\"schemaVersion\": 39", "\"schemaVersion\": 41", "its schema is another"),
    ("overview", "\"editable\": false", "\"editable\": true", "it can be edited"),
    ("overview", "\"graphTooltip\": 1", "\"graphTooltip\": 0", "the cross-hair is not shared"),
    ("overview", "\"timezone\": \"utc\"", "\"timezone\": \"\"", "days are not those of UTC"),
    ("overview", "  \"github-copilot\"\n  ],", "  \"copilot\"\n  ],", "it has not the tag"),
    ("overview", "GitHub Copilot / Overview", "Overview", "its title is not one of the family"),
    ("overview", "now-28d", "now-7d", "it shows another time"),
    ("exporter-health", "now-6h", "now-28d", "it shows another time"),
    ("overview", "\"type\": \"dashboards\"", "\"type\": \"link\"", "it does not lead to the others"),
    ("overview", "\"keepTime\": true", "\"keepTime\": false", "forgets what was chosen"),
    (
        "overview",
        "\"title\": \"Idle seats\"",
        "\"title\": \"Seats\"",
        "panel \"Seats\": the title is not its own",
    ),
    (
        "overview",
        "How many seats are there?",
        "How many seats there are.",
        "does not begin with the question",
    ),
    ("overview", "\"unit\": \"none\"", "\"units\": \"none\"", "panel \"Seats\": no unit"),
    ("overview", "\"noValue\": \"Unknown\"", "\"noValue\": \"\"", "panel \"Seats\": nothing for no value"),
    ("overview", "\"type\": \"stat\"", "\"type\": \"piechart\"", "angles are hard to compare"),
    (
        "overview",
        "\"uid\": \"${datasource}\"",
        "\"uid\": \"prometheus\"",
        "panel \"Seats\": another data source",
    ),
    ("overview", "\"uid\": \"${datasource}\"", "\"uid\": \"prometheus\"", "a query asks another data source"),
    (
        "overview",
        "\"uid\": \"${datasource}\"",
        "\"uid\": \"prometheus\"",
        "variable job: it asks another data source",
    ),
    ("overview", "\"range\": false", "\"range\": true", "a query is not either of now or over time"),
    ("overview", "\"format\": \"table\"", "\"format\": \"time_series\"", "the format of another kind"),
    ("overview", "\"id\": 3,", "\"id\": 2,", "two panels have one id"),
    ("overview", "\"w\": 24", "\"w\": 25", "it is too wide"),
    ("overview", "\"x\": 20", "\"x\": 19", "panel \"Newest day\": it is over another"),
    ("overview", "\"title\": \"Is it growing?\"", "\"title\": \"Does it grow?\"", "asks other questions"),
    ("overview", "\"title\": \"Where?\"", "\"title\": \"Who?\"", "ends below the first screen"),
    ("overview", "\"id\": \"merge\"", "\"id\": \"join\"", "its queries do not become one table"),
    ("overview", "\"Time\": true", "\"Time\": false", "the column of the time is shown"),
    ("overview", "\"Value #A\": ", "\"Value #Z\": ", "the column Value #A has no name"),
    ("overview", "\"displayName\": \"", "\"displayName\": \"Not ", "it is sorted by no column"),
    (
        "overview",
        "\"name\": \"datasource\"",
        "\"name\": \"source\"",
        "the data source is not the first choice",
    ),
    (
        "breakdown",
        "\"allValue\": \".+\"",
        "\"allValue\": \".*\"",
        "variable team: all of them is another pattern",
    ),
    ("breakdown", "\"name\": \"team\"", "\"name\": \"squad\"", "variable squad: CHAIN of tests"),
    ("breakdown", "$by=~\\\"$owner\\\"", "$by=~\\\".+\\\"", "variable team: it asks whatever owner is"),
    (
        "breakdown",
        "\"name\": \"owner\"",
        "\"name\": \"whose\"",
        "variable team: it asks before there is owner",
    ),
    ("breakdown", "\"refresh\": 2", "\"refresh\": 1", "it is not asked anew with another time"),
    ("breakdown", "label_values(", "labels(", "nobody answers labels("),
    (
        "breakdown",
        "exporter_build_info, job)",
        "exporter_built, job)",
        "nobody serves github_copilot_exporter_built",
    ),
    ("overview", "/d/copilot-seats?", "/d/seats?", "it leads nowhere"),
    ("overview", "&${__url_time_range}", "", "it forgets the time"),
];

#[test]
fn a_dashboard_that_leaves_the_form_is_named() {
    for (file, from, to, problem) in DRIFTS {
        let found = wrong_form(&with_text_changed(file, from, to));
        let begin = format!("grafana/{file}.json");
        let is_named = |line: &String| line.starts_with(&begin) && line.contains(problem);
        assert!(found.iter().any(is_named), "{file}: {problem} is not in {found:#?}");
    }
    for (from, problem) in [
        ("&${owner:queryparam}", "it does not carry what both know"),
        ("$owner", "the variable owner is not both there and used"),
    ] {
        let found = wrong_form(&with_text_changed("overview", from, ""));
        assert!(found.iter().any(|line| line.contains(problem)), "{problem} is not in {found:#?}");
    }
}
