//! The dashboards of `grafana/`, as far as tests look into them, and their queries as Grafana sends them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};

use serde::Deserialize;
use serde_json::Value;

use crate::contracts::{read, root};

/// A file of `grafana/`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Dashboard {
    /// The name of its file, without directory and ending.
    #[serde(skip)]
    pub file: String,
    pub id: Option<u64>,
    pub uid: String,
    pub title: String,
    pub description: String,
    pub tags: Vec<String>,
    pub schema_version: u32,
    pub editable: bool,
    pub timezone: String,
    pub graph_tooltip: u32,
    pub time: Value,
    pub links: Vec<Value>,
    pub templating: Templating,
    pub panels: Vec<Panel>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Templating {
    pub list: Vec<Variable>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Variable {
    pub name: String,
    pub label: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub query: Value,
    #[serde(default)]
    pub datasource: Value,
    #[serde(default)]
    pub regex: String,
    #[serde(default)]
    pub refresh: u32,
    #[serde(default)]
    pub include_all: bool,
    pub all_value: Option<String>,
}

impl Variable {
    /// What it asks Prometheus for, if it does.
    pub fn question(&self) -> Option<&str> {
        self.query.get("query")?.as_str()
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Panel {
    pub id: u64,
    #[serde(rename = "type")]
    pub kind: String,
    pub title: String,
    #[serde(default)]
    pub description: String,
    pub grid_pos: Place,
    #[serde(default)]
    pub datasource: Value,
    #[serde(default)]
    pub targets: Vec<Target>,
    #[serde(default)]
    pub field_config: Value,
    #[serde(default)]
    pub options: Value,
    #[serde(default)]
    pub transformations: Vec<Value>,
    /// What a folded row has in it.
    #[serde(default)]
    pub panels: Vec<Value>,
}

impl Panel {
    /// Whether it is a heading and asks for nothing.
    pub fn is_row(&self) -> bool {
        self.kind == "row"
    }

    /// What it answers: the first sentence of its description.
    pub fn question(&self) -> &str {
        self.description.split_inclusive('?').next().unwrap_or_default()
    }

    /// What people read above or beside a query's numbers: the heading of their column, or what the legend says behind the
    /// owner. Nothing where the title says it all.
    pub fn heading<'p>(&'p self, target: &'p Target) -> &'p str {
        let heading = self.renamed().and_then(|names| names[&self.value_column(target)].as_str());
        let legend = || target.legend_format.split_once(": ").map(|(_, own)| own);
        heading.or_else(legend).unwrap_or_default()
    }

    /// What Grafana calls the column of a query's numbers.
    pub fn value_column(&self, target: &Target) -> String {
        if self.targets.len() > 1 { format!("Value #{}", target.ref_id) } else { "Value".to_owned() }
    }

    /// The names of its columns, by what they are called before.
    pub fn renamed(&self) -> Option<&Value> {
        self.transformations.iter().find_map(|step| step["options"].get("renameByName"))
    }

    /// Whether a column is not shown.
    pub fn hides(&self, column: &str) -> bool {
        let overrides = self.field_config["overrides"].as_array().into_iter().flatten();
        let own = overrides.filter(|own| own["matcher"]["options"] == column);
        own.flat_map(|own| own["properties"].as_array().unwrap())
            .any(|property| property["id"] == "custom.hidden")
    }
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub struct Place {
    pub x: u32,
    pub y: u32,
    pub w: u32,
    pub h: u32,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Target {
    pub ref_id: String,
    pub expr: String,
    #[serde(default)]
    pub legend_format: String,
    pub datasource: Value,
    pub format: String,
    pub instant: bool,
    pub range: bool,
}

/// The variables that a text names, as `$name`, `${name}` or `${name:format}`.
pub fn variables(text: &str) -> BTreeSet<&str> {
    let words = text.split('$').skip(1).map(|rest| rest.strip_prefix('{').unwrap_or(rest));
    let end = |word: &str| word.find(|c: char| c != '_' && !c.is_ascii_alphanumeric()).unwrap_or(word.len());
    words.map(|word| &word[..end(word)]).filter(|name| !name.is_empty()).collect()
}

/// The files of `grafana/` that are dashboards, in order.
pub fn files() -> Vec<PathBuf> {
    let files = fs::read_dir(root().join("grafana")).unwrap().map(|entry| entry.unwrap().path());
    let is_dashboard = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "json");
    let mut files: Vec<_> = files.filter(is_dashboard).collect();
    files.sort();
    assert_eq!(files.len(), 4, "the dashboards are found: {files:?}");
    files
}

/// All dashboards, by the names of their files.
pub fn all() -> Vec<Dashboard> {
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        let mut dashboard: Dashboard =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        dashboard.file = path.file_stem().unwrap().to_str().unwrap().to_owned();
        dashboard
    };
    files().into_iter().map(read).collect()
}

/// The panels of a dashboard that ask for something, as they are written, with the variables filled in.
pub fn filled(dashboard: &Dashboard, choice: &Choice) -> Vec<Value> {
    let text = choice.fill(&read(&format!("grafana/{}.json", dashboard.file)));
    let mut json: Value = serde_json::from_str(&text).unwrap();
    let mut panels: Vec<Value> = serde_json::from_value(json["panels"].take()).unwrap();
    panels.retain(|panel| panel["targets"].is_array());
    panels
}

/// What is chosen in the variables of a dashboard, as Grafana writes it into a query.
#[derive(Clone, Debug)]
pub struct Choice(BTreeMap<&'static str, String>);

impl Choice {
    /// Everything of owners of one kind, `org` or `enterprise`, over a time of one hour, with a price of seats.
    pub fn all_of(by: &str) -> Self {
        let everything = [
            ("job", ".+"),
            ("instance", ".+"),
            ("by", by),
            ("owner", ".+"),
            ("team", ".+"),
            ("language", ".+"),
            ("editor", ".*"),
            ("model", ".+"),
            ("price", "19.5"),
            ("__range", "1h"),
            ("__rate_interval", "4m"),
        ];
        Self(everything.map(|(name, value)| (name, value.to_owned())).into())
    }

    /// The same with another choice in one variable.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        let slot = self.0.get_mut(name).unwrap_or_else(|| panic!("there is no variable {name}"));
        value.clone_into(slot);
        self
    }

    /// A query with its variables, `$name` or `${name}`, filled in. What is no variable stays: `$1` of `label_replace`.
    pub fn fill(&self, query: &str) -> String {
        let mut filled = String::with_capacity(query.len());
        let mut rest = query;
        while let Some((before, after)) = rest.split_once('$') {
            filled.push_str(before);
            let inner = after.strip_prefix('{');
            let word = inner.unwrap_or(after);
            let end = word.find(|c: char| c != '_' && !c.is_ascii_alphanumeric()).unwrap_or(word.len());
            let (name, behind) = word.split_at(end);
            match self.0.get(name) {
                Some(value) => {
                    filled.push_str(value);
                    rest = if inner.is_some() { behind.strip_prefix('}').unwrap_or(behind) } else { behind };
                }
                None => {
                    filled.push('$');
                    rest = after;
                }
            }
        }
        filled + rest
    }
}

#[test]
fn variables_are_filled_in_as_grafana_does() {
    let choice = Choice::all_of("org").with("owner", "octo-labs").with("price", "19");
    for (query, filled) in [
        (
            r#"max by ($by, day) (x{$by=~"$owner",team=""})"#,
            r#"max by (org, day) (x{org=~"octo-labs",team=""})"#,
        ),
        ("x * ${price}e0", "x * 19e0"),
        ("increase(x[$__range])", "increase(x[1h])"),
        (
            r#"label_replace(x, "owner", "$1", "$by", "(.+)")"#,
            r#"label_replace(x, "owner", "$1", "org", "(.+)")"#,
        ),
        ("$nobody $", "$nobody $"),
    ] {
        assert_eq!(choice.fill(query), filled);
    }
}
