//! State files that this program never wrote: whatever is in one, the exporter starts, serves and goes on.

use std::{cell::Cell, io::Write, path::Path};

use flate2::{Compression, write::GzEncoder};
use github_copilot_exporter::{
    clock::Instant,
    config::{Installed, TeamPatterns},
    github::ledger::Ledger,
    metrics::{self, Plan, Service, TeamDetail},
    model::{State, ViewOptions, overview::Overview, view},
    owner::Owner,
    refresh::{published::Picture, saved::Fit, store::Store},
    server::overview::page,
    simulator::{Announcement, Api, Simulator},
    source::Source,
};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use serde_json::{Value, json};

use crate::{
    company::NOON,
    restarts::{FILE, company, first_life, written},
};

/// Serves a state file as the exporter does at its start: what it knows, and what of it can be seen.
fn serve(file: &[u8], directory: &Path, company: &Announcement) -> (State, String) {
    std::fs::write(directory.join(FILE), file).unwrap();
    let (github, teams) = (company.api.parse().unwrap(), TeamPatterns::parse(&["*"]).unwrap());
    let fit = Fit { github, api: None, teams, installed: Installed::None, sources: Source::ALL.into() };
    let orgs = company.orgs.iter().map(|org| Owner::org(org));
    let owners: Vec<_> = orgs.chain([Owner::enterprise(&company.enterprise)]).collect();
    let (store, now) = (Store::new(directory, fit), NOON.parse::<Instant>().unwrap());
    let mut state = store.load(State::new(&owners, &Source::ALL.into()), now);
    state.expire(now);
    let options = ViewOptions { history_days: 28, settle_days: 1, max_label_values: 2 };
    let snapshot = view(&state, now, &options);
    let (plan, ledger) = (Plan::of(&snapshot, TeamDetail::All, 300_000), Ledger::default());
    let exposition = metrics::render(&Service { snapshot: &snapshot, ledger: &ledger, plan: &plan });
    let overview = Overview::of(&snapshot);
    let shown = page(&Picture { exposition, overview, ledger, plan, ready: true }, None, now);
    store.save(&state).unwrap();
    (state, shown)
}

fn zipped(text: &str) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::fast());
    out.write_all(text.as_bytes()).unwrap();
    out.finish().unwrap()
}

/// What no count, day, moment or name should be.
fn strange() -> impl Strategy<Value = Value> {
    let numbers = [json!(i64::MAX), json!(i64::MIN), json!(u64::MAX), json!(u32::MAX), json!(-1), json!(0)];
    let others = [json!(1e308), json!(-1e308), json!(0.5), json!(null), json!(true), json!([]), json!({})];
    let moments = ["9999-12-31T23:59:59Z", "+262142-12-31T23:59:59Z", "-262143-01-01T00:00:00Z"];
    let days = ["9999-12-31", "+262142-12-31", "-262143-01-01", "0000-02-29"];
    let names = ["", "a\n\"b\\", "others", "unknown", "\u{0}", "</svg>"];
    let words = [&moments[..], &days, &names].concat().into_iter().map(|word| json!(word));
    prop::sample::select(numbers.into_iter().chain(others).chain(words).collect::<Vec<_>>())
}

/// A way down into a value, one step for each level.
type Way = [prop::sample::Index; 12];

/// What stands at the end of it. So what is seldom is met as often as what is frequent.
fn end_of<'a>(way: &[prop::sample::Index], value: &'a mut Value) -> &'a mut Value {
    let (Some((step, rest)), true) = (way.split_first(), has_parts(value)) else { return value };
    match value {
        Value::Array(values) => end_of(rest, step.get_mut(values)),
        Value::Object(values) => {
            let at = step.index(values.len());
            end_of(rest, values.values_mut().nth(at).unwrap())
        }
        value => value,
    }
}

fn has_parts(value: &Value) -> bool {
    value.as_array().is_some_and(|values| !values.is_empty())
        || value.as_object().is_some_and(|values| !values.is_empty())
}

/// The text with some of its values, and of its days, replaced.
fn spoilt(text: &str, values: &[(Way, Value)], days: &[(prop::sample::Index, Value)]) -> String {
    let mut lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for (way, strange) in values {
        *end_of(&way[1..], way[0].get_mut(&mut lines[2..])) = strange.clone();
    }
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    days.iter().fold(text, |text, (day, strange)| {
        let day = format!("\"2026-11-{:02}\":", day.index(30) + 1);
        text.replacen(&day, &format!("{}:", json!(strange.as_str().unwrap_or("x"))), 1)
    })
}

#[tokio::test]
async fn whatever_stands_in_a_state_file_it_is_served_or_ignored_and_nothing_breaks() {
    let place = tempfile::tempdir().unwrap();
    let simulator = Simulator::start(company(Api::Reports)).await.unwrap();
    let more = [("GITHUB_COPILOT_API", "reports"), ("EXPORTER_TEAM_DETAIL", "all")];
    first_life(&simulator, place.path(), &more).await;
    let (text, company) = (written(place.path()).unwrap(), simulator.announcement());
    let (_, shown) = serve(&zipped(&text), place.path(), &company);
    assert!(shown.contains("<svg"), "the file as it was");
    let values = prop::collection::vec((any::<Way>(), strange()), 0..4);
    let days = prop::collection::vec((any::<prop::sample::Index>(), strange()), 0..2);
    let (served, ignored) = (Cell::new(0), Cell::new(0));
    TestRunner::new(Config { cases: 200, ..Config::default() })
        .run(&(values, days), |(values, days)| {
            let (state, _) = serve(&zipped(&spoilt(&text, &values, &days)), place.path(), &company);
            let count = if state.has_figures() { &served } else { &ignored };
            count.set(count.get() + 1);
            Ok(())
        })
        .unwrap();
    assert!(served.get() > 20 && ignored.get() > 20, "{served:?}, {ignored:?}");
}

/// Puts a number in the place of every other, but for those under some names.
fn replace_numbers(value: &mut Value, number: i64, but: &[&str]) {
    match value {
        Value::Number(_) => *value = json!(number),
        Value::Array(values) => values.iter_mut().for_each(|value| replace_numbers(value, number, but)),
        Value::Object(values) => {
            let parts = values.iter_mut().filter(|(name, _)| !but.contains(&&***name));
            parts.for_each(|(_, value)| replace_numbers(value, number, but));
        }
        _ => {}
    }
}

#[tokio::test]
async fn a_company_of_billions_and_one_of_less_than_nobody_are_served() {
    let place = tempfile::tempdir().unwrap();
    let simulator = Simulator::start(company(Api::Reports)).await.unwrap();
    let more = [("GITHUB_COPILOT_API", "reports"), ("EXPORTER_TEAM_DETAIL", "all")];
    first_life(&simulator, place.path(), &more).await;
    let (text, company) = (written(place.path()).unwrap(), simulator.announcement());
    // Which rows of a table share people must fit its rows; and of people with a seat there can be only so many.
    let (seats, all) = (&["shared"][..], &["shared", "list"][..]);
    for (number, but) in [(u32::MAX.into(), seats), (i64::MAX, all), (i64::MIN, all), (0, seats)] {
        let replaced = text.lines().enumerate().map(|(index, line)| {
            let mut line = serde_json::from_str(line).unwrap();
            // The first has the number of the form, and the number of a team is none of its figures.
            let figures = line_figures(&mut line).filter(|_| index > 0);
            figures.into_iter().for_each(|figures| replace_numbers(figures, number, but));
            format!("{line}\n")
        });
        let (state, shown) = serve(&zipped(&replaced.collect::<String>()), place.path(), &company);
        assert!(state.has_figures() && shown.contains("<svg"), "{number}");
    }
}

fn line_figures(line: &mut Value) -> Option<&mut Value> {
    line.as_object_mut()?.values_mut().next()?.get_mut(1)
}

#[tokio::test]
async fn numbers_that_json_does_not_have_are_no_numbers() {
    let place = tempfile::tempdir().unwrap();
    let simulator = Simulator::start(company(Api::Reports)).await.unwrap();
    first_life(&simulator, place.path(), &[("GITHUB_COPILOT_API", "reports")]).await;
    let (text, company) = (written(place.path()).unwrap(), simulator.announcement());
    for number in ["NaN", "-Infinity", "1e999", "99999999999999999999999", "0x10"] {
        let spoilt = text.replacen(r#""suggestions":"#, &format!(r#""suggestions":{number},"was":"#), 1);
        assert_ne!(spoilt, text);
        let (state, _) = serve(&zipped(&spoilt), place.path(), &company);
        assert!(!state.has_figures(), "{number}");
    }
}
