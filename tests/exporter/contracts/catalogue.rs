//! The catalogue keeps Prometheus's conventions, and so does what is served.

use std::collections::BTreeSet;

use github_copilot_exporter::{
    github::endpoint::Endpoint,
    metrics::catalogue::{CATALOGUE, Group, Metric, Read},
    source::{Api, Source},
};

use super::read;
use crate::program::promtool_check;

/// The exposition of GitHub's own sample.
pub const GOLDEN: &str =
    "tests/exporter/snapshots/exporter__golden__the_exposition_of_the_sample_is_the_golden_one.snap";

/// What is wrong with the entry of a series.
fn unconventional(metric: &Metric) -> Vec<String> {
    let own = metric.name.starts_with("github_copilot_exporter_");
    let interfaces = [Api::Usage, Api::Reports].map(Api::word);
    let mut sources = Source::ALL.map(Source::word).into_iter().chain(interfaces);
    let names_a_field = sources.any(|source| metric.about.contains(&format!("{source}: ")));
    let rules = [
        (metric.name.starts_with("github_copilot_"), "its name does not say whose it is"),
        (own == (metric.group == Group::Exporter), "its name and its group disagree on whose figure it is"),
        (metric.name.ends_with("_total") == metric.is_counter(), "its name and its type disagree"),
        (metric.help().len() >= 20 && metric.help().ends_with('.'), "its help is no sentence"),
        (own || names_a_field, "its help names no field of GitHub's"),
        (own || metric.help().contains("Window: "), "its help names no window"),
    ];
    let broken = rules.into_iter().filter(|(holds, _)| !holds);
    broken.map(|(_, what)| format!("src/metrics/catalogue.rs, {}: {what}", metric.name)).collect()
}

fn twice<'n>(names: impl Iterator<Item = &'n str>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    names
        .filter(|name| !seen.insert(*name))
        .map(|name| format!("src/metrics/catalogue.rs, {name}: it is there twice"))
        .collect()
}

#[test]
fn names_in_the_catalogue_are_unique_and_keep_the_conventions() {
    assert_eq!(CATALOGUE.iter().flat_map(unconventional).collect::<Vec<_>>(), [""; 0]);
    assert_eq!(twice(CATALOGUE.iter().map(|metric| metric.name)), [""; 0]);
    let templates: BTreeSet<_> = Endpoint::ALL.map(Endpoint::template).into();
    assert_eq!(templates.len(), Endpoint::ALL.len());
}

#[test]
fn an_entry_that_breaks_a_convention_is_named() {
    let sound = || Metric {
        name: "github_copilot_total_sneezes",
        about: "People who sneezed (usage: total_sneezes).",
        group: Group::Totals,
        read: Read::Total(|_| None),
    };
    assert_eq!(unconventional(&sound()), [""; 0]);
    let own = Read::Counter(&[], |_, _| ());
    for (metric, problem) in [
        (Metric { name: "copilot_sneezes", ..sound() }, "its name does not say whose it is"),
        (Metric { name: "github_copilot_exporter_sneezes", ..sound() }, "disagree on whose figure it is"),
        (Metric { group: Group::Exporter, ..sound() }, "disagree on whose figure it is"),
        (Metric { name: "github_copilot_sneezes_total", ..sound() }, "its name and its type disagree"),
        (Metric { read: own, ..sound() }, "its name and its type disagree"),
        (Metric { about: "Sneezes", group: Group::Exporter, ..sound() }, "its help is no sentence"),
        (Metric { about: "People who sneezed.", ..sound() }, "its help names no field of GitHub's"),
        (Metric { group: Group::Exporter, ..sound() }, "its help names no window"),
    ] {
        let found = unconventional(&metric);
        let place = format!("src/metrics/catalogue.rs, {}: ", metric.name);
        assert!(
            found.iter().any(|line| line.starts_with(&place) && line.ends_with(problem)),
            "{problem}: {found:?}"
        );
    }
    let names = CATALOGUE.iter().map(|metric| metric.name).chain(["github_copilot_seats"]);
    assert_eq!(twice(names), ["src/metrics/catalogue.rs, github_copilot_seats: it is there twice"]);
}

#[test]
fn promtool_has_nothing_to_say_about_the_golden_exposition() {
    let golden = read(GOLDEN);
    let lines =
        golden.lines().skip_while(|line| !line.starts_with("# HELP")).filter(|line| !line.contains('…'));
    let exposition: String = lines.map(|line| format!("{line}\n")).collect();
    assert_eq!(promtool_check(&exposition), (Some(0), String::new()));
    assert_ne!(promtool_check("# TYPE x_total gauge\nx_total 1\n").0, Some(0), "it would complain");
}
