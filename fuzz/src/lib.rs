//! What the targets share: a state of one organisation, and what must hold of everything that is served of it.

use std::collections::BTreeSet;

use github_copilot_exporter::{
    clock::Instant,
    config::TeamPatterns,
    github::ledger::Ledger,
    metrics::{Plan, Service, TeamDetail, render},
    model::{State, ViewOptions, overview::Overview, view},
    owner::Owner,
    refresh::published::Picture,
    server::overview,
    source::Source,
};

/// Few, so that names are folded.
const MOST_NAMES: usize = 3;

/// Whose figures they are.
pub fn octo() -> Owner {
    Owner::org("octo")
}

/// When it is.
pub fn noon() -> Instant {
    "2026-11-22T12:00:00Z".parse().expect("a moment")
}

/// Every team.
pub fn all_teams() -> TeamPatterns {
    TeamPatterns::parse(&["*"]).expect("a pattern")
}

/// A state that knows nothing yet.
pub fn empty() -> State {
    State::new(&[octo()], &Source::ALL.into())
}

/// Shows a state as it is served, whole and with almost everything left out.
///
/// # Panics
/// If a line is none, a series comes twice, or their number is told wrongly.
pub fn show(state: &State) {
    // Nearly all inputs give none, and the same is shown of all of them.
    if !state.has_figures() {
        return;
    }
    for (most_series, settle_days) in [(usize::MAX, 0), (20, 2)] {
        let options = ViewOptions { history_days: 28, settle_days, max_label_values: MOST_NAMES };
        let snapshot = view(state, noon(), &options);
        let (ledger, plan) = (Ledger::default(), Plan::of(&snapshot, TeamDetail::All, most_series));
        let exposition = render(&Service { snapshot: &snapshot, ledger: &ledger, plan: &plan });
        check(&exposition.text());
        let picture = Picture { exposition, overview: Overview::of(&snapshot), ledger, plan, ready: true };
        let page = overview::page(&picture, None, noon());
        assert!(!page.contains("<script"), "no name becomes a part of the page");
    }
}

fn check(text: &str) {
    let (mut seen, mut data) = (BTreeSet::new(), 0);
    for line in text.lines().filter(|line| !line.starts_with("# ")) {
        let (series, number) = line.rsplit_once(' ').expect("a series and a number");
        number.parse::<f64>().expect("a number");
        let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
        assert!(name.starts_with("github_copilot_") && labels.ends_with('}'), "{line}");
        assert!(seen.insert(series), "a series comes twice: {series}");
        data += usize::from(!name.starts_with("github_copilot_exporter_"));
    }
    let told = format!("github_copilot_exporter_series {data}");
    assert!(text.lines().any(|line| line == told), "{told}");
}
