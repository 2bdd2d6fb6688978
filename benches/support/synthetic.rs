//! A state of any size, as the usage API would have filled it: what rendering is measured with, here and in
//! `tests/budgets.rs`.

use std::collections::BTreeSet;

use github_copilot_exporter::{
    clock::Instant,
    github::{
        ledger::Ledger,
        usage::{UsageDay, UsageRow},
    },
    metrics::{self, Exposition, Plan, Service, TeamDetail},
    model::{Records, State, Update, ViewOptions, view},
    owner::{Owner, Team},
};

/// The series of one row.
const OF_ROW: usize = 5;

/// The rows of one team: ten languages in ten editors.
const ROWS: usize = 100;

pub fn now() -> Instant {
    "2026-11-20T12:00:00Z".parse().expect("a moment")
}

/// About so many data series: teams of one organisation, of which each has a hundred rows.
pub fn state(series: usize) -> State {
    let (owner, at) = (Owner::org("octo"), now());
    let mut state = State::new(std::slice::from_ref(&owner), &BTreeSet::new());
    let ids = 0..series.div_ceil(OF_ROW * ROWS) as u64;
    let teams = ids.clone().map(|id| Team { id, slug: format!("team-{id:04}") }).collect();
    state.apply(Update::Teams { owner: owner.clone(), teams });
    for id in ids {
        let days = Some(Records::Usage(vec![day(id)]));
        state.apply(Update::Days { owner: owner.clone(), team: Some(id), days, at });
    }
    state
}

fn day(team: u64) -> UsageDay {
    let row = |index: u64| UsageRow {
        language: Some(format!("language-{}", index / 10)),
        editor: Some(format!("editor-{}", index % 10)),
        suggestions_count: Some((1000 + team * index).cast_signed()),
        acceptances_count: Some((300 + index).cast_signed()),
        lines_suggested: Some((2000 + team + index).cast_signed()),
        lines_accepted: Some((500 + index).cast_signed()),
        active_users: Some((team % 50).cast_signed()),
    };
    let breakdown = Some((0..ROWS as u64).map(row).collect());
    UsageDay { day: "2026-11-18".parse().expect("a day"), breakdown, ..UsageDay::default() }
}

/// What the refresh does with it, from the state to the bytes.
pub fn render(state: &State) -> Exposition {
    let options = ViewOptions { history_days: 28, settle_days: 0, max_label_values: 50 };
    let snapshot = view(state, now(), &options);
    let plan = Plan::of(&snapshot, TeamDetail::All, usize::MAX);
    metrics::render(&Service { snapshot: &snapshot, ledger: &Ledger::default(), plan: &plan })
}
