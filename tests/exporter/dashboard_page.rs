//! The page about the dashboards: what every panel answers, by which query, and what it shows of the demo.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use serde_json::{Value, json};

use crate::{
    contracts::document,
    dashboard::{self, Dashboard, Panel, Target, all},
    dashboard_tools,
    dashboard_truth::{Deployment, Expected, Facts, Labels, Picked, Rows, Told, expected},
};

/// So many rows of a panel are shown.
const ROWS: usize = 3;

const INTRODUCTION: &str = "# Dashboards

Written by `make docs` from `grafana/` and from what the people of the demo do.

They need Grafana 10.4 or newer and a data source of the kind Prometheus: Prometheus itself, or what speaks its language, as
VictoriaMetrics, Thanos and Mimir do.

- By hand: *Dashboards*, *New*, *Import*, and one file after the other. The data source is chosen in the dashboard.
- By provisioning: put the files where a provider looks for them.

  ```yaml
  apiVersion: 1
  providers:
    - name: github-copilot
      folder: GitHub Copilot
      type: file
      options:
        path: /var/lib/grafana/dashboards/github-copilot
  ```

## What can be chosen

| variable | meaning |
|---|---|
| Data source | where the exporter's series are kept |
| Job | the exporter's job in Prometheus |
| Instance | which of its exporters; only in *Exporter health* |
| Figures of | `org`: one figure for each organisation; `enterprise`: the enterprise as a whole, nobody counted twice |
| Owner | which organisations or enterprises of that kind |
| Team | which teams; only in *Breakdown*, whose panels of owners do not heed it |
| Language, Editor, Model | keep the panels that show them to some; only in *Breakdown* |
| Seat price a month in USD, such as 19.5 | only in *Seats and cost*, whose panels of fees are empty without it |

Links between the dashboards carry what is chosen, and the time.

## Why nothing is added up

People are in several teams and in several organisations, and GitHub withholds what small teams do. A sum over teams or
organisations would count some twice and others never, so there is a figure for each. For the whole choose `enterprise` in
*Figures of*, which needs `GITHUB_ENTERPRISE`. A second exporter that watches the same, or a restart, doubles nothing;
while one of two has read a newer day than the other, the greater figure shows.

What GitHub did not tell is left out, and the panel says that it has nothing: a 0 is a 0 that GitHub gave. The usage API does
not tell what panels answer with “Unknown: only reports tell it”.

GitHub's API tells no price of seats. The panels about fees are empty until one is entered.

## What they show

The last column is what `github-copilot-exporter demo --now 2026-11-20T12:00:00Z` shows, with `org` in *Figures of* and a
price of 19; “measured” is what depends on the machine and the moment. In the queries, `$by` is *Figures of*.
";

/// What is measured has no numbers here, but rows.
fn rows_of(expected: Expected) -> (Rows, bool) {
    match expected {
        Expected::Rows(rows) | Expected::UpTo(rows, _) if rows.is_empty() => (rows, false),
        Expected::Rows(rows) => {
            let is_known = rows.values().all(|number| number.is_finite());
            (rows, !is_known)
        }
        Expected::UpTo(rows, _) | Expected::Served(rows, ..) => (rows, true),
        Expected::Growing(..) => (Rows::new(), true),
    }
}

/// A panel with what its queries give of the demo.
struct Filled<'p> {
    panel: &'p Panel,
    results: BTreeMap<&'p str, Value>,
    /// The headings of what is measured.
    measured: BTreeSet<&'p str>,
}

impl<'p> Filled<'p> {
    fn new(dashboard: &Dashboard, panel: &'p Panel, told: &Told) -> Self {
        let mut filled = Self { panel, results: BTreeMap::new(), measured: BTreeSet::new() };
        for target in &panel.targets {
            let (rows, is_measured) = rows_of(expected(told, &dashboard.file, panel, target).unwrap());
            if is_measured {
                filled.measured.insert(panel.heading(target));
            }
            filled.results.insert(&target.ref_id, filled.answer(&rows, is_measured));
        }
        filled
    }

    /// As Prometheus gives it. Bars come sorted.
    fn answer(&self, rows: &Rows, is_measured: bool) -> Value {
        let mut rows: Vec<_> = rows.iter().collect();
        if self.panel.kind == "bargauge" {
            rows.sort_by(|a, b| b.1.total_cmp(a.1));
        }
        let number = |number: &f64| if is_measured { "0".to_owned() } else { number.to_string() };
        let sample =
            |(labels, value): (&Labels, &f64)| json!({"metric": labels, "value": [0, number(value)]});
        let result: Vec<Value> = rows.into_iter().map(sample).collect();
        json!({"status": "success", "data": {"resultType": "vector", "result": result}})
    }

    /// What Grafana shows of it, a line for each row, tile or series.
    fn text(&self, shown: &Value) -> String {
        let headings: BTreeSet<&str> =
            self.panel.targets.iter().map(|target| self.panel.heading(target)).collect();
        if headings == self.measured {
            return "measured".into();
        }
        let is_empty = |answer: &Value| answer["data"]["result"].as_array().unwrap().is_empty();
        if self.results.values().all(is_empty) {
            return "nothing".into();
        }
        let mut lines = match &*self.panel.kind {
            "stat" | "bargauge" => tiles(shown),
            "timeseries" | "state-timeline" => series(shown),
            _ => self.rows(shown),
        };
        if lines.len() > ROWS {
            lines.truncate(ROWS);
            lines.push("…".into());
        }
        lines.join("<br>")
    }

    /// Of a table or of groups of bars, in the order that people see.
    fn rows(&self, shown: &Value) -> Vec<String> {
        let fields = list(&shown["fields"]);
        let mut rows: Vec<usize> = (0..list(&fields[0]["values"]).len()).collect();
        let sorted_by = &self.panel.options["sortBy"][0]["displayName"];
        if let Some(column) = fields.iter().find(|field| field["name"] == *sorted_by) {
            let number = |row: &usize| column["values"][*row].as_f64().unwrap_or(f64::NEG_INFINITY);
            rows.sort_by(|a, b| number(b).total_cmp(&number(a)));
        }
        rows.into_iter().map(|row| self.row(fields, row)).collect()
    }

    /// What it is about, and its cells.
    fn row(&self, fields: &[Value], row: usize) -> String {
        let is_label = |field: &&Value| list(&field["values"]).iter().any(Value::is_string);
        let (labels, cells): (Vec<&Value>, Vec<&Value>) = fields.iter().partition(is_label);
        let labels: Vec<&str> = labels.iter().filter_map(|field| field["texts"][row].as_str()).collect();
        let cell = |field: &&Value| {
            let name = field["name"].as_str().unwrap();
            let text =
                if self.measured.contains(name) { "measured" } else { field["texts"][row].as_str().unwrap() };
            if cells.len() > 1 { format!("{name} {text}") } else { text.to_owned() }
        };
        format!("{}: {}", labels.join(" / "), cells.iter().map(cell).collect::<Vec<_>>().join(", "))
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

fn tiles(shown: &Value) -> Vec<String> {
    let line = |tile: &Value| {
        let title = tile["title"].as_str().unwrap();
        // Or the page would change with every release.
        let title = if title == env!("CARGO_PKG_VERSION") { "this version" } else { title };
        format!("{title}: {}", tile["text"].as_str().unwrap())
    };
    list(&shown["shown"]).iter().map(line).collect()
}

fn series(shown: &Value) -> Vec<String> {
    let series = list(&shown["fields"]).iter().filter(|field| field["name"] != "Time");
    let text = |field: &Value| list(&field["texts"]).last().unwrap().as_str().unwrap().to_owned();
    series.map(|field| format!("{}: {}", field["name"].as_str().unwrap(), text(field))).collect()
}

/// What every panel of a dashboard shows of the demo.
fn in_the_demo(dashboard: &Dashboard, told: &Told) -> Vec<String> {
    let panels = dashboard.panels.iter().filter(|panel| !panel.is_row());
    let filled: Vec<_> = panels.map(|panel| Filled::new(dashboard, panel, told)).collect();
    let json = dashboard::filled(dashboard, &told.picked().choice());
    let inputs = json.iter().zip(&filled);
    let inputs: Vec<Value> =
        inputs.map(|(panel, filled)| json!({"panel": panel, "results": filled.results})).collect();
    filled.iter().zip(dashboard_tools::shown(&inputs)).map(|(filled, shown)| filled.text(&shown)).collect()
}

/// The queries of a panel, with their letters if there are several.
fn queries(panel: &Panel) -> String {
    let text = |query: &str| query.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|");
    let of = |target: &Target| match panel.targets.len() {
        1 => format!("`{}`", text(&target.expr)),
        _ => format!("{} `{}`", target.ref_id, text(&target.expr)),
    };
    panel.targets.iter().map(of).collect::<Vec<_>>().join("<br>")
}

#[test]
fn the_dashboards_document_says_what_every_panel_shows_of_the_demo() {
    let instances = [("127.0.0.1:10220".to_owned(), 0)].into();
    let running = Deployment { instances, failing: None, since: None };
    // The time is the machine's, so what depends on it is no number.
    let told = Told::new(Facts::by_reports(), Picked::all("org", "19"), &running, f64::NAN);
    let mut text = INTRODUCTION.to_owned();
    for file in ["overview", "breakdown", "seats-and-cost", "exporter-health"] {
        let dashboard = all().into_iter().find(|dashboard| dashboard.file == file).unwrap();
        let title = dashboard.title.trim_start_matches("GitHub Copilot / ");
        write!(text, "\n### {title}\n\n{}\n\n", dashboard.description).unwrap();
        text.push_str("| panel | question | query | in the demo |\n|---|---|---|---|\n");
        for variable in &dashboard.templating.list {
            assert!(INTRODUCTION.contains(&variable.label), "the page does not explain {:?}", variable.label);
        }
        let panels = dashboard.panels.iter().filter(|panel| !panel.is_row());
        for (panel, shown) in panels.zip(in_the_demo(&dashboard, &told)) {
            let (title, question) = (&panel.title, panel.question());
            writeln!(text, "| {title} | {question} | {} | {shown} |", queries(panel)).unwrap();
        }
    }
    document("docs/dashboards.md", &text);
}
