//! The values: each has a comment, and those are the table in the README; the schema is closed; none is without effect.

use std::{collections::BTreeSet, fmt::Write, sync::Mutex, thread};

use serde_json::{Map, Value, json};

use super::{
    Chart,
    render::{Objects, merged, minimal},
};

/// A value: where it is, what it is for, and what it is by default; or a section, which has no default.
#[derive(Debug, PartialEq)]
struct Row {
    path: String,
    about: String,
    default: Option<Value>,
}

/// A key of the file: how deep it is, its name, and the comment above it.
struct Key<'a> {
    depth: usize,
    name: &'a str,
    about: String,
}

/// The keys of the file in their order. A blank line ends a comment that is about no key.
fn keys(text: &str) -> Vec<Key<'_>> {
    let (mut keys, mut about) = (Vec::new(), Vec::new());
    for line in text.lines() {
        let trimmed = line.trim_start();
        if let Some(comment) = trimmed.strip_prefix("# ") {
            about.push(comment);
        } else if let Some((name, _)) = trimmed.split_once(':').filter(|_| !trimmed.starts_with("- ")) {
            keys.push(Key { depth: (line.len() - trimmed.len()) / 2, name, about: about.join(" ") });
            about.clear();
        } else {
            about.clear();
        }
    }
    keys
}

/// The value at a path, if there is one.
fn at<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(value, |below, key| below.get(key))
}

/// Every value and section that is documented. A map below whose key no other comment stands is one value.
fn rows(text: &str) -> Vec<Row> {
    let (all, keys) = (super::yaml(text).unwrap(), keys(text));
    let (mut path, mut rows, mut whole) = (Vec::new(), Vec::new(), None);
    for (index, key) in keys.iter().enumerate() {
        path.truncate(key.depth);
        path.push(key.name);
        if whole.is_some_and(|depth| key.depth > depth) {
            continue;
        }
        let mut below = keys[index + 1..].iter().take_while(|next| next.depth > key.depth).peekable();
        let is_section =
            below.peek().is_some() && (key.about.is_empty() || below.any(|next| !next.about.is_empty()));
        whole = (!is_section).then_some(key.depth);
        let path = path.join(".");
        let default = at(&all, &path).unwrap_or_else(|| panic!("{path} is not where it seems to be")).clone();
        if !is_section || !key.about.is_empty() {
            rows.push(Row { path, about: key.about.clone(), default: (!is_section).then_some(default) });
        }
    }
    rows
}

/// Those that are values.
fn value_rows(text: &str) -> Vec<Row> {
    rows(text).into_iter().filter(|row| row.default.is_some()).collect()
}

/// The README with the table of these values between its marks.
pub fn with_table(readme: &str, values: &str) -> String {
    let (begin, end) = ("<!-- values -->\n", "<!-- end of values -->");
    let (before, rest) = readme.split_once(begin).expect("the README has a place for the table");
    let (_, after) = rest.split_once(end).expect("the table has an end");
    let mut table = String::from("| value | default | meaning |\n|---|---|---|\n");
    for Row { path, about, default } in rows(values) {
        let default = default
            .map_or_else(String::new, |default| format!("`{}`", default.to_string().replace('|', "\\|")));
        writeln!(table, "| `{path}` | {default} | {} |", about.replace('|', "\\|")).unwrap();
    }
    format!("{before}{begin}{table}{end}{after}")
}

/// Where there is a map that holds others or values, whether empty ones count or not.
fn leaves(value: &Value, path: &str, into: &mut Vec<String>) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, below) in map {
                leaves(below, &if path.is_empty() { key.clone() } else { format!("{path}.{key}") }, into);
            }
        }
        _ => into.push(path.to_owned()),
    }
}

/// The values that have no comment.
fn undocumented(text: &str) -> Vec<String> {
    let rows = value_rows(text);
    let mut all = Vec::new();
    leaves(&super::yaml(text).unwrap(), "", &mut all);
    let is_documented = |leaf: &String| {
        rows.iter().any(|row| {
            !row.about.is_empty() && (*leaf == row.path || leaf.starts_with(&format!("{}.", row.path)))
        })
    };
    all.into_iter().filter(|leaf| !is_documented(leaf)).collect()
}

#[test]
fn every_value_has_a_comment() {
    assert_eq!(undocumented(&Chart::ours().read("values.yaml")), [""; 0]);
    for (comment, value) in [
        ("  # How often to ask.\n", "exporter.refreshInterval"),
        ("      # Share that is left.\n", "prometheusRule.alerts.GithubCopilotRateLimitNearlySpent.share"),
        ("# Labels on every object.\n", "commonLabels"),
    ] {
        let without = Chart::changed("values.yaml", comment, "");
        assert_eq!(undocumented(&without.read("values.yaml")), [value]);
    }
}

#[test]
fn the_table_says_what_the_file_says() {
    let rows = rows(&Chart::ours().read("values.yaml"));
    let row = |path: &str| rows.iter().find(|row| row.path == path).unwrap_or_else(|| panic!("{path}"));
    assert_eq!(row("github.timeout").default, Some(json!("30s")));
    assert_eq!(row("github.timeout").about, "The longest wait for one complete answer.");
    assert_eq!(row("resources").default, Some(json!({"requests": {"cpu": "10m", "memory": "64Mi"}})));
    assert_eq!(row("prometheusRule.alerts.GithubCopilotSeatsIdle.enabled").default, Some(json!(false)));
    assert_eq!(row("dashboards.grafanaOperator.matchLabels").default, Some(json!({"dashboards": "grafana"})));
    assert_eq!(
        (&row("web.client").default, &row("web.client.ca.key").default),
        (&None, &Some(json!("ca.crt")))
    );
    assert!(rows.len() > 150, "{}", rows.len());
}

/// Every schema in a schema, with where it is.
fn schemas<'a>(schema: &'a Value, path: &str, into: &mut Vec<(String, &'a Value)>) {
    into.push((path.to_owned(), schema));
    for group in ["properties", "definitions"] {
        for (name, below) in schema.get(group).and_then(Value::as_object).into_iter().flatten() {
            schemas(below, &format!("{path}/{name}"), into);
        }
    }
    if let Some(items) = schema.get("items") {
        schemas(items, &format!("{path}/items"), into);
    }
}

#[test]
fn the_schema_is_closed_but_where_it_says_that_it_is_free() {
    let schema: Value = serde_json::from_str(&Chart::ours().read("values.schema.json")).unwrap();
    let mut all = Vec::new();
    schemas(&schema, "", &mut all);
    assert!(all.len() > 100);
    for (path, schema) in all {
        if schema["type"] == "object" {
            let is_closed = schema["additionalProperties"] == false;
            assert!(is_closed != schema["properties"].is_null(), "{path}");
            assert!(!schema["additionalProperties"].is_null(), "{path}: neither closed nor free");
        }
        let keys = ["type", "enum", "$ref", "anyOf"];
        assert!(keys.iter().any(|key| !schema[key].is_null()), "{path}: anything goes");
    }
}

/// The same values with one at a path changed.
fn changed(values: &Value, path: &str, change: impl FnOnce(&mut Map<String, Value>, &str)) -> Value {
    let mut values = values.clone();
    let (above, key) = path.rsplit_once('.').map_or(("", path), |(above, key)| (above, key));
    let pointer = if above.is_empty() { String::new() } else { format!("/{}", above.replace('.', "/")) };
    change(values.pointer_mut(&pointer).unwrap().as_object_mut().unwrap(), key);
    values
}

/// The maps of the values that are closed.
fn closed_maps(value: &Value, path: &str, into: &mut Vec<String>) {
    let Some(map) = value.as_object() else { return };
    let is_free =
        ["podSecurityContext", "securityContext", "resources", "dashboards.grafanaOperator.matchLabels"];
    if is_free.contains(&path) || (map.is_empty() && !path.is_empty()) {
        return;
    }
    into.push(path.to_owned());
    for (key, below) in map {
        closed_maps(below, &if path.is_empty() { key.clone() } else { format!("{path}.{key}") }, into);
    }
}

#[test]
fn a_misspelt_value_is_refused_by_name_wherever_it_is() {
    let chart = Chart::ours();
    let mut maps = Vec::new();
    closed_maps(&chart.yaml("values.yaml"), "", &mut maps);
    assert!(maps.len() > 35, "{maps:?}");
    let mut values = minimal();
    for (number, map) in maps.iter().enumerate() {
        let name = format!("misspelt{number}");
        let path = if map.is_empty() { name } else { format!("{map}.{name}") };
        values = merged(&values, &path.rsplit('.').fold(json!(true), |below, key| json!({key: below})));
    }
    let said = Objects::try_of(&chart, &values).unwrap_err();
    for (number, map) in maps.iter().enumerate() {
        assert!(said.contains(&format!("'misspelt{number}' not allowed")), "{map}: {said}");
    }
}

#[test]
fn a_value_of_the_wrong_kind_is_refused_by_name_wherever_it_is() {
    let chart = Chart::ours();
    let mut all = Vec::new();
    leaves(&chart.yaml("values.yaml"), "", &mut all);
    let mut values = chart.yaml("values.yaml");
    for path in &all {
        let wrong = |map: &mut Map<String, Value>, key: &str| {
            // A list of numbers is no list of anything that is wanted; the rest is no list at all.
            let wrong = if map[key].is_array() { json!({"no": "list"}) } else { json!([["no"]]) };
            map.insert(key.to_owned(), wrong);
        };
        values = changed(&values, path, wrong);
    }
    let said = Objects::try_of(&chart, &values).unwrap_err();
    // What is below a free map is Kubernetes's to refuse.
    let free = |path: &String| {
        ["podSecurityContext", "securityContext", "resources"].iter().any(|map| path.starts_with(map))
    };
    for path in all.iter().filter(|path| !free(path)) {
        let pointer = format!("/{}'", path.replace('.', "/"));
        assert!(said.contains(&pointer), "{path}: {said}");
    }
}

/// Runs something for each item, on as many threads as the machine has processors.
fn on_all_processors<T: Sync>(items: &[T], run: impl Fn(&T) + Sync) {
    let next = Mutex::new(items.iter());
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let Some(item) = next.lock().unwrap().next() else { break };
                    run(item);
                }
            });
        }
    });
}

/// The values that have a row of their own, but what is said of each alert: that has tests of its own.
fn documented() -> Vec<String> {
    let rows = value_rows(&Chart::ours().read("values.yaml"));
    rows.into_iter().map(|row| row.path).filter(|path| !path.starts_with("prometheusRule.alerts.")).collect()
}

/// The values that a feature sets to something else than by default.
fn set_by(feature: &Value, defaults: &Value) -> Vec<String> {
    let is_set = |path: &String| at(feature, path).is_some_and(|given| Some(given) != at(defaults, path));
    documented().into_iter().filter(is_set).collect()
}

#[test]
fn every_value_has_an_example_in_which_it_has_an_effect() {
    let chart = Chart::ours();
    let defaults = chart.yaml("values.yaml");
    let examples: Vec<_> = chart
        .features()
        .iter()
        .flat_map(|feature| {
            let values = chart.feature(feature);
            let rendered = Objects::of_feature(feature);
            set_by(&values, &defaults).into_iter().map(move |path| (values.clone(), rendered.clone(), path))
        })
        .collect();
    let effective = Mutex::new(BTreeSet::new());
    on_all_processors(&examples, |(values, rendered, path)| {
        if effective.lock().unwrap().contains(path) {
            return;
        }
        let without = changed(values, path, |map, key| {
            map.remove(key);
        });
        if Objects::try_of(&chart, &without).as_ref() != Ok(rendered) {
            effective.lock().unwrap().insert(path.clone());
        }
    });
    let effective = effective.into_inner().unwrap();
    let idle: Vec<_> = documented().into_iter().filter(|path| !effective.contains(path)).collect();
    assert_eq!(idle, [""; 0], "no file in ci sets these with an effect");
}

#[test]
fn a_switch_does_something_in_both_positions() {
    let chart = Chart::ours();
    let defaults = chart.yaml("values.yaml");
    let mut all = Vec::new();
    leaves(&defaults, "", &mut all);
    all.retain(|path| at(&defaults, path).is_some_and(Value::is_boolean));
    assert!(all.len() > 25, "{all:?}");
    on_all_processors(&all, |path| {
        // Whatever it needs to matter: what it is part of is on.
        let mut surroundings = minimal();
        let (mut above, mut rest) = (String::new(), path.as_str());
        while let Some((key, below)) = rest.split_once('.') {
            above = if above.is_empty() { key.to_owned() } else { format!("{above}.{key}") };
            rest = below;
            if at(&defaults, &format!("{above}.enabled")).is_some() {
                let on = above.rsplit('.').fold(json!({"enabled": true}), |below, key| json!({key: below}));
                surroundings = merged(&surroundings, &on);
            }
        }
        let more = match path.as_str() {
            "allowMoreReplicas" => json!({"replicaCount": 2}),
            "web.tls" => json!({"web": {"existingSecret": "web"}}),
            "web.clientCertificates" => json!({"web": {"existingSecret": "web", "tls": true}}),
            _ => json!({}),
        };
        let surroundings = merged(&surroundings, &more);
        let [off, on] = [false, true].map(|position| {
            let set = path.rsplit('.').fold(json!(position), |below, key| json!({key: below}));
            Objects::try_of(&chart, &merged(&surroundings, &set)).ok()
        });
        assert!(on.is_some(), "{path} cannot be on");
        assert_ne!(off, on, "{path} does nothing");
    });
}
