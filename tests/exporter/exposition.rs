//! What is served is what the catalogue says: every family of it, with its type, help and labels, and no other.

use std::collections::{BTreeMap, BTreeSet};

use github_copilot_exporter::{metrics::catalogue::CATALOGUE, simulator::Simulator};

use crate::{
    company::{NOON, options, watch},
    program::promtool_check,
    support::{ManualClock, Scrape},
};

/// What GitHub tells by headers that the simulated one does not send, and what is about an App only.
const UNTOLD: [&str; 3] = [
    "github_copilot_exporter_installations_up",
    "github_copilot_exporter_token_expiry_timestamp_seconds",
    "github_copilot_exporter_api_sunset_timestamp_seconds",
];

/// A family as it is served: type, help, and the names of the labels of its series.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Family {
    kind: String,
    help: String,
    labels: BTreeSet<Vec<String>>,
}

fn families(text: &str) -> BTreeMap<String, Family> {
    let mut families: BTreeMap<String, Family> = BTreeMap::new();
    for line in text.lines() {
        if let Some((name, help)) = line.strip_prefix("# HELP ").and_then(|rest| rest.split_once(' ')) {
            families.entry(name.to_owned()).or_default().help = help.to_owned();
        } else if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' '))
        {
            families.entry(name.to_owned()).or_default().kind = kind.to_owned();
        } else {
            let series = line.rsplit_once(' ').unwrap().0;
            let (name, labels) = series.split_once('{').unwrap_or((series, ""));
            families.get_mut(name).unwrap().labels.insert(names(labels));
        }
    }
    families
}

/// The names in `a="x",b="y"}`. Values of the simulated company have no quotes.
fn names(labels: &str) -> Vec<String> {
    labels
        .split('"')
        .step_by(2)
        .filter_map(|part| part.trim_start_matches(',').strip_suffix('='))
        .map(str::to_owned)
        .collect()
}

/// Everything that is served of the simulated company by an interface.
async fn served(api: &str) -> Scrape {
    let simulator = Simulator::start(options()).await.unwrap();
    let all = [
        ("GITHUB_COPILOT_API", api),
        ("EXPORTER_SOURCES", "activity,teams,seats,billing"),
        ("EXPORTER_TEAM_DETAIL", "all"),
    ];
    let exporter = watch(&simulator, &ManualClock::starting(NOON), &all).await;
    // What is read at a scrape is counted from the second on.
    exporter.scrape().await;
    let up = |scrape: &Scrape| scrape.sum("github_copilot_exporter_source_up", &[]) == 12.0;
    let scrape = exporter.until_by(0, "all sources up", up).await;
    exporter.stop().await;
    scrape
}

#[tokio::test]
async fn every_family_of_the_catalogue_is_served_as_it_says_and_no_other() {
    let mut seen = BTreeSet::new();
    for api in ["reports", "usage"] {
        let scrape = served(api).await;
        assert_eq!(promtool_check(&scrape.text), (Some(0), String::new()), "{api}");
        for (name, family) in families(&scrape.text) {
            if name.starts_with("process_") {
                continue;
            }
            let metric = CATALOGUE.iter().find(|metric| metric.name == name);
            let metric = metric.unwrap_or_else(|| panic!("{name} is not in the catalogue"));
            let expected = Family {
                kind: if metric.is_counter() { "counter" } else { "gauge" }.to_owned(),
                help: metric.help(),
                labels: [metric.labels().into_iter().map(str::to_owned).collect()].into(),
            };
            assert_eq!(family, expected, "{api}: {name}");
            seen.insert(name);
        }
    }
    let all = CATALOGUE.iter().map(|metric| metric.name).filter(|name| !UNTOLD.contains(name));
    let missing: Vec<_> = all.filter(|name| !seen.contains(*name)).collect();
    assert_eq!(missing, [""; 0], "nothing of it is served");
}
