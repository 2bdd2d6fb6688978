//! The page about the dashboards: what every panel answers, by which query, and what it shows of the demo.

use std::{collections::BTreeSet, fmt::Write as _};

use chrono::DateTime;
use serde_json::Value;

use crate::{
    contracts::document,
    dashboard::{Dashboard, Panel, Target, all},
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
| Price of a seat a month, USD | a number such as `19` or `19.5`; only in *Seats and cost* |

Links between the dashboards carry what is chosen, and the time.

## Why nothing is added up

People are in several teams and in several organisations, and GitHub withholds what small teams do. A sum over teams or
organisations would count some twice and others never, so there is a figure for each. For the whole choose `enterprise` in
*Figures of*, which needs `GITHUB_ENTERPRISE`. A second exporter that watches the same, or a restart, doubles nothing.

What GitHub did not tell is left out, and the panel says that it has nothing: a 0 is a 0 that GitHub gave. The usage API does
not tell what panels call “Only with reports”.

GitHub's API tells no price of seats. The panels about fees are empty until one is entered.

## What they show

The last column is what `github-copilot-exporter demo --now 2026-11-20T12:00:00Z` shows, with `org` in *Figures of* and a
price of 19; “measured” is what depends on the machine and the moment. In the queries, `$by` is *Figures of*.
";

/// What is shown of a number.
struct Format<'p> {
    unit: &'p str,
    decimals: Option<usize>,
    /// What is shown instead of some numbers, by the numbers.
    texts: &'p Value,
    is_hidden: bool,
}

impl<'p> Format<'p> {
    /// Of a column, or of the panel if the column has none of its own.
    fn of(panel: &'p Panel, column: &str) -> Self {
        let defaults = &panel.field_config["defaults"];
        let mut format = Self {
            unit: defaults["unit"].as_str().unwrap(),
            decimals: decimals(&defaults["decimals"]),
            texts: &defaults["mappings"][0]["options"],
            is_hidden: false,
        };
        let overrides = panel.field_config["overrides"].as_array().into_iter().flatten();
        let own = overrides.filter(|own| own["matcher"]["options"] == column);
        for property in own.flat_map(|own| own["properties"].as_array().unwrap()) {
            format.set(&property["id"], &property["value"]);
        }
        format
    }

    fn set(&mut self, property: &Value, value: &'p Value) {
        match property.as_str().unwrap() {
            "unit" => self.unit = value.as_str().unwrap(),
            "decimals" => self.decimals = decimals(value),
            "mappings" => self.texts = &value[0]["options"],
            "custom.hidden" => self.is_hidden = true,
            _ => {}
        }
    }

    fn text(&self, number: f64) -> String {
        if let Some(text) = self.texts[number.to_string()]["text"].as_str() {
            return text.to_owned();
        }
        match self.unit {
            _ if number.is_nan() => "measured".into(),
            "percentunit" => format!("{:.*}%", self.decimals.unwrap_or(1), number * 100.0),
            "currencyUSD" => format!("${number:.*}", self.decimals.unwrap_or(2)),
            "dateTimeAsIso" => date(number, "%Y-%m-%d %H:%M:%S"),
            "time:YYYY-MM-DD" => date(number, "%Y-%m-%d"),
            "time:YYYY-MM" => date(number, "%Y-%m"),
            "s" if number >= 86_400.0 => format!("{:.1} days", number / 86_400.0),
            "s" if number >= 3600.0 => format!("{:.1} hours", number / 3600.0),
            "s" => format!("{number:.0} s"),
            _ => format!("{:.*}", self.decimals.unwrap_or(2), number).trim_end_matches(".00").to_owned(),
        }
    }
}

fn decimals(value: &Value) -> Option<usize> {
    usize::try_from(value.as_u64()?).ok()
}

fn date(milliseconds: f64, pattern: &str) -> String {
    let seconds = format!("{:.0}", milliseconds / 1000.0).parse().unwrap();
    DateTime::from_timestamp(seconds, 0).unwrap().format(pattern).to_string()
}

/// A query's rows, as its column shows them.
struct Column<'p> {
    name: String,
    format: Format<'p>,
    rows: Rows,
}

/// The columns of a panel; nothing where nothing but measurements is shown.
fn columns<'p>(dashboard: &Dashboard, panel: &'p Panel, told: &Told) -> Option<Vec<Column<'p>>> {
    let mut columns = Vec::new();
    for (index, target) in panel.targets.iter().enumerate() {
        let rows = match expected(told, &dashboard.file, panel, index).unwrap() {
            Expected::Rows(rows) => rows,
            Expected::UpTo(rows, _) => rows.into_keys().map(|labels| (labels, f64::NAN)).collect(),
            Expected::Measured(..) => return None,
        };
        let name = name(panel, target);
        columns.push(Column { format: Format::of(panel, &name), name, rows });
    }
    let is_known =
        |column: &Column<'_>| column.rows.is_empty() || column.rows.values().any(|number| !number.is_nan());
    columns.iter().any(is_known).then_some(columns)
}

/// What the column of a query is called; of a line, what its legend says beside the owner.
fn name(panel: &Panel, target: &Target) -> String {
    let value =
        if panel.targets.len() > 1 { format!("Value #{}", target.ref_id) } else { "Value".to_owned() };
    let names =
        panel.transformations.iter().find_map(|step| step["options"]["renameByName"][&value].as_str());
    names.unwrap_or_else(|| target.legend_format.rsplit(": ").next().unwrap()).to_owned()
}

/// The labels of a panel's rows. A row that knows less than another one is a part of it.
fn keys(columns: &[Column<'_>]) -> Vec<Labels> {
    let all: BTreeSet<&Labels> = columns.iter().flat_map(|column| column.rows.keys()).collect();
    let is_part = |labels: &Labels| all.iter().any(|other| *other != labels && is_in(labels, other));
    all.iter().filter(|labels| !is_part(labels)).map(|labels| (*labels).clone()).collect()
}

fn is_in(labels: &Labels, more: &Labels) -> bool {
    labels.iter().all(|(name, value)| more.get(name) == Some(value))
}

/// What a panel shows of the demo.
fn shown(dashboard: &Dashboard, panel: &Panel, told: &Told) -> String {
    let Some(columns) = columns(dashboard, panel, told) else { return "measured".into() };
    let mut keys = keys(&columns);
    if let Some(column) = sorted_by(panel, &columns) {
        let number = |key: &Labels| column.rows.get(key).copied().unwrap_or(f64::NEG_INFINITY);
        keys.sort_by(|a, b| number(b).total_cmp(&number(a)));
    }
    if keys.is_empty() {
        return "nothing".into();
    }
    let mut lines: Vec<String> = keys.iter().take(ROWS).map(|key| line(panel, key, &columns)).collect();
    if keys.len() > ROWS {
        lines.push("…".into());
    }
    lines.join("<br>")
}

/// The column whose greatest numbers come first.
fn sorted_by<'c, 'p>(panel: &Panel, columns: &'c [Column<'p>]) -> Option<&'c Column<'p>> {
    if panel.kind == "bargauge" {
        return columns.first();
    }
    columns.iter().find(|column| panel.options["sortBy"][0]["displayName"] == column.name)
}

/// One row: whose it is, and its cells.
fn line(panel: &Panel, key: &Labels, columns: &[Column<'_>]) -> String {
    let cell = |column: &Column<'_>| {
        let (_, number) = column.rows.iter().find(|(labels, _)| is_in(labels, key))?;
        let text = column.format.text(*number);
        Some(if columns.len() > 1 { format!("{} {text}", column.name) } else { text })
    };
    let cells: Vec<String> =
        columns.iter().filter(|column| !column.format.is_hidden).filter_map(cell).collect();
    format!("{}: {}", own(panel, key).join(" / "), cells.join(", "))
}

/// The labels of a row in the order in which the panel has them, the owner first if it does not say.
fn own<'k>(panel: &Panel, key: &'k Labels) -> Vec<&'k str> {
    // Both are made of other labels, for the sake of drawing.
    let mut own: Vec<_> = key.iter().filter(|(name, _)| !["owner", "of"].contains(&name.as_str())).collect();
    let place = |name: &str| {
        panel.transformations.iter().find_map(|step| step["options"]["indexByName"][name].as_u64())
    };
    own.sort_by_key(|(name, _)| (place(name), *name != "org"));
    own.into_iter().map(|(_, value)| value.as_str()).collect()
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
    let running = Deployment { instances, failing: None };
    // The time is the machine's, so what depends on it is no number.
    let told = Told::new(Facts::by_reports(), Picked::all("org", "19"), &running, f64::NAN);
    let mut text = INTRODUCTION.to_owned();
    for file in ["overview", "breakdown", "seats-and-cost", "exporter-health"] {
        let dashboard = all().into_iter().find(|dashboard| dashboard.file == file).unwrap();
        let title = dashboard.title.trim_start_matches("GitHub Copilot / ");
        write!(text, "\n### {title}\n\n{}\n\n", dashboard.description).unwrap();
        text.push_str("| panel | question | query | in the demo |\n|---|---|---|---|\n");
        for panel in dashboard.panels.iter().filter(|panel| !panel.is_row()) {
            let (title, question) = (&panel.title, panel.question());
            let shown = shown(&dashboard, panel, &told);
            writeln!(text, "| {title} | {question} | {} | {shown} |", queries(panel)).unwrap();
        }
    }
    document("docs/dashboards.md", &text);
}
