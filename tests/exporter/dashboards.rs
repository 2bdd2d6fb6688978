//! What every dashboard must keep to, read from its file; `dashboard_live` asks a real Prometheus.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{
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
                        "{file}, panel {:?}, query {}: {problem}",
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
        let named = format!("{file}, panel {panel:?}, query ");
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

#[test]
fn the_four_dashboards_are_those_that_links_name() {
    let found: Vec<_> = all().into_iter().map(|dashboard| (dashboard.file, dashboard.uid)).collect();
    let expected: Vec<_> = FILES.iter().map(|(file, uid)| ((*file).to_owned(), (*uid).to_owned())).collect();
    assert_eq!(found, expected);
}

#[test]
fn every_dashboard_can_be_imported_as_it_is_and_leads_to_the_others() {
    for dashboard in all() {
        let file = &dashboard.file;
        let Dashboard { schema_version, editable, graph_tooltip, .. } = dashboard;
        assert_eq!((dashboard.id, schema_version, editable, graph_tooltip), (None, 39, false, 1), "{file}");
        assert_eq!(
            (&*dashboard.timezone, &*dashboard.tags),
            ("utc", &["github-copilot".to_owned()][..]),
            "{file}"
        );
        assert!(
            dashboard.title.starts_with("GitHub Copilot / ") && dashboard.description.len() > 40,
            "{file}"
        );
        assert!(dashboard.uid.len() <= 40, "{file}");
        let from = if file == "exporter-health" { "now-6h" } else { "now-28d" };
        assert_eq!(dashboard.time, json!({"from": from, "to": "now"}), "{file}");
        let link = &dashboard.links[0];
        assert_eq!(
            (&link["type"], &link["tags"]),
            (&json!("dashboards"), &json!(["github-copilot"])),
            "{file}"
        );
        assert_eq!((&link["includeVars"], &link["keepTime"]), (&json!(true), &json!(true)), "{file}");
    }
}

#[test]
fn every_panel_says_what_it_is_about() {
    for dashboard in all() {
        let mut titles = BTreeSet::new();
        for panel in &dashboard.panels {
            let place = format!("{}, panel {:?}", dashboard.file, panel.title);
            assert!(
                !panel.title.is_empty() && titles.insert(panel.title.clone()),
                "{place}: the title is not its own"
            );
            assert!(panel.panels.is_empty(), "{place}: what is folded away is not looked at by these tests");
            if panel.is_row() {
                continue;
            }
            says_what_it_is(panel, &place);
            for target in &panel.targets {
                assert_eq!(target.datasource["uid"], "${datasource}", "{place}");
                assert_ne!(target.instant, target.range, "{place}: now or over time");
                let is_table = ["table", "barchart"].contains(&&*panel.kind);
                assert_eq!(target.format == "table", is_table, "{place}: {}", target.format);
            }
        }
    }
}

fn says_what_it_is(panel: &Panel, place: &str) {
    let defaults = &panel.field_config["defaults"];
    assert!(panel.question().ends_with('?'), "{place}: the description begins with the question");
    assert!(panel.description.len() > panel.question().len() + 20, "{place}: and explains the answer");
    assert!(defaults["unit"].is_string(), "{place}: no unit");
    assert!(
        defaults["noValue"].as_str().is_some_and(|text| !text.is_empty()),
        "{place}: nothing for no value"
    );
    assert_eq!(panel.datasource["uid"], "${datasource}", "{place}");
    assert!(!panel.targets.is_empty(), "{place}: no query");
    assert_ne!(panel.kind, "piechart", "{place}");
}

#[test]
fn panels_have_their_own_ids_and_places() {
    for dashboard in all() {
        let ids: BTreeSet<_> = dashboard.panels.iter().map(|panel| panel.id).collect();
        assert_eq!(ids.len(), dashboard.panels.len(), "{}: an id twice", dashboard.file);
        for (index, panel) in dashboard.panels.iter().enumerate() {
            let place = panel.grid_pos;
            assert!(place.x + place.w <= COLUMNS, "{}, panel {:?} is too wide", dashboard.file, panel.title);
            for other in &dashboard.panels[..index] {
                let both = format!("{}, panels {:?} and {:?}", dashboard.file, panel.title, other.title);
                assert!(!overlap(place, other.grid_pos), "{both} overlap");
            }
        }
    }
}

const fn overlap(a: Place, b: Place) -> bool {
    a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h
}

#[test]
fn the_first_screen_of_the_overview_answers_three_questions() {
    let overview = all().into_iter().find(|dashboard| dashboard.file == "overview").unwrap();
    let on_it = overview.panels.iter().filter(|panel| panel.grid_pos.y + panel.grid_pos.h <= FIRST_SCREEN);
    let rows: Vec<_> = on_it.filter(|panel| panel.is_row()).map(|panel| &*panel.title).collect();
    assert_eq!(rows[..3], ["Are we using what we pay for?", "Is it growing?", "Is it useful?"]);
    let next = overview.panels.iter().find(|panel| panel.is_row() && panel.title == "Where?").unwrap();
    assert!(next.grid_pos.y <= FIRST_SCREEN, "the third answer ends below the screen: {:?}", next.grid_pos);
}

#[test]
fn what_several_queries_give_becomes_one_table_without_its_technical_columns() {
    for dashboard in all() {
        for panel in dashboard.panels.iter().filter(|panel| panel.kind == "table") {
            let place = format!("{}, panel {:?}", dashboard.file, panel.title);
            let ids: Vec<_> = panel.transformations.iter().map(|step| step["id"].as_str().unwrap()).collect();
            let expected: &[_] = if panel.targets.len() > 1 { &["merge", "organize"] } else { &["organize"] };
            assert_eq!(ids, expected, "{place}");
            let organize = &panel.transformations[ids.len() - 1]["options"];
            assert_eq!(organize["excludeByName"]["Time"], true, "{place}");
            for target in &panel.targets {
                let value = panel.value_column(target);
                let name = &organize["renameByName"][&value];
                assert!(name.is_string(), "{place}: {value} has no name");
            }
            let sort = &panel.options["sortBy"];
            assert!(sort.is_null() || is_a_column(sort, organize), "{place} is sorted by {sort}");
        }
    }
}

fn is_a_column(sort: &Value, organize: &Value) -> bool {
    organize["renameByName"].as_object().unwrap().values().any(|name| *name == sort[0]["displayName"])
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

#[test]
fn variables_are_chained_and_all_never_mixes_teams_with_owners() {
    for dashboard in all() {
        let variables = &dashboard.templating.list;
        assert_eq!((&*variables[0].name, &*variables[0].kind), ("datasource", "datasource"));
        for (index, variable) in variables.iter().enumerate().filter(|(_, variable)| variable.kind == "query")
        {
            is_chained(variable, &variables[..index], &dashboard.file);
            let all = variable.include_all.then(|| variable.all_value.as_deref().unwrap());
            let expected = match &*variable.name {
                "by" => None,
                // Nobody knows the editors where GitHub refuses the report about people.
                "editor" => Some(".*"),
                _ => Some(".+"),
            };
            assert_eq!(all, expected, "{}: {}", dashboard.file, variable.name);
        }
    }
}

fn is_chained(variable: &Variable, before: &[Variable], file: &str) {
    let question = variable.question().unwrap();
    let place = format!("{file}: variable {} asks {question}", variable.name);
    let (_, needed) = CHAIN.iter().find(|(name, _)| *name == variable.name).unwrap();
    for name in *needed {
        assert!(question.contains(&format!("${name}")), "{place}, whatever {name} is");
        assert!(before.iter().any(|variable| variable.name == *name), "{place}, before there is {name}");
    }
    assert_eq!((variable.refresh, &variable.datasource["uid"]), (2, &json!("${datasource}")), "{place}");
    assert!(!variable.label.is_empty(), "{place}");
    let (function, arguments) = question.strip_suffix(')').unwrap().split_once('(').unwrap();
    let expression = match function {
        "label_values" => {
            let (selector, _) = arguments.rsplit_once(", ").unwrap_or((arguments, ""));
            // A list of names may mention a series twice.
            format!(
                "group by (job, instance, enterprise, org, team, language, editor, model, feature) ({selector})"
            )
        }
        "query_result" => arguments.to_owned(),
        _ => panic!("{place}: {function}"),
    };
    let wrong = problems(&Choice::all_of("org").fill(&expression), &Known::catalogue());
    let is_wrong = |problem: &String| !problem.contains("to group by") && !problem.contains("second replica");
    let wrong: Vec<_> = wrong.into_iter().filter(is_wrong).collect();
    assert_eq!(wrong, [""; 0], "{place}");
}

/// What Grafana itself puts into queries and links, and what `label_replace` does.
const BUILT_IN: [&str; 5] = ["1", "__range", "__rate_interval", "__url_time_range", "__value"];

#[test]
fn a_dashboard_has_the_variables_that_it_uses_and_no_others() {
    for dashboard in all() {
        let list = &dashboard.templating.list;
        let targets = dashboard.panels.iter().flat_map(|panel| &panel.targets);
        let texts =
            targets.clone().map(|target| &*target.expr).chain(list.iter().filter_map(Variable::question));
        let mut used: BTreeSet<_> =
            texts.flat_map(variables).filter(|name| !BUILT_IN.contains(name)).collect();
        // Every panel asks it.
        used.insert("datasource");
        let own: BTreeSet<_> = list.iter().map(|variable| &*variable.name).collect();
        assert_eq!(used, own, "{}", dashboard.file);
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

#[test]
fn links_lead_to_a_dashboard_and_carry_everything_that_is_chosen_and_the_time() {
    let dashboards = all();
    let names = |dashboard: &Dashboard| -> BTreeSet<String> {
        dashboard.templating.list.iter().map(|variable| variable.name.clone()).collect()
    };
    let mut count = 0;
    for dashboard in &dashboards {
        let mut urls = Vec::new();
        dashboard.panels.iter().for_each(|panel| links(&panel.field_config, &mut urls));
        for url in urls {
            let place = format!("{}: {url}", dashboard.file);
            let (uid, query) = url.strip_prefix("/d/").and_then(|path| path.split_once('?')).unwrap();
            let there = dashboards.iter().find(|other| other.uid == uid);
            let there = names(there.unwrap_or_else(|| panic!("{place} leads nowhere")));
            let mut parts: BTreeSet<_> = query.split('&').collect();
            assert!(parts.remove("${__url_time_range}"), "{place} forgets the time");
            let carried: BTreeSet<_> = parts
                .into_iter()
                .map(|part| carries(part).unwrap_or_else(|| panic!("{place}: {part}")))
                .collect();
            let both: BTreeSet<_> = names(dashboard).intersection(&there).cloned().collect();
            assert_eq!(carried, both, "{place}");
            count += 1;
        }
    }
    assert!(count > 10, "links are found: {count}");
}

/// The variable that a part of a link is about: as it is chosen, or what was clicked on.
fn carries(part: &str) -> Option<String> {
    let chosen = part.strip_prefix("${").and_then(|part| part.strip_suffix(":queryparam}"));
    let clicked = part.strip_prefix("var-").and_then(|part| part.strip_suffix("=${__value.raw}"));
    chosen.or(clicked).map(str::to_owned)
}
