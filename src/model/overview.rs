//! What the overview page shows: a small copy of a snapshot, kept until the next one.

use chrono::NaiveDate;

use super::{
    billing::Amounts,
    seats::People,
    state::{MONTH, ScopeUsage, SourceState},
    usage::Totals,
    view::{ScopeView, Snapshot},
};
use crate::{
    clock::Instant,
    owner::Owner,
    source::{Api, Source},
};

/// The page's data.
#[derive(Clone, Debug, Default)]
pub struct Overview {
    /// When it was taken.
    pub at: Instant,
    /// By owner.
    pub owners: Vec<OwnerOverview>,
}

/// One owner on the page.
#[derive(Clone, Debug)]
pub struct OwnerOverview {
    /// Whose.
    pub owner: Owner,
    /// Which of GitHub's interfaces is asked.
    pub api: Api,
    /// Whether rows have languages only, because reports about people are refused.
    pub languages_only: bool,
    /// The day that the series without a `day` label describe. It need not be the newest of `days`: a day may have yet
    /// to settle.
    pub latest: Option<DayOverview>,
    /// The last month, oldest first, however much of it is served as series.
    pub days: Vec<DayOverview>,
    /// Who has a seat, where anything is known.
    pub seats: Option<SeatsOverview>,
    /// What it has cost, where that is known.
    pub costs: Option<CostsOverview>,
    /// How asking went, by source.
    pub sources: Vec<(Source, SourceState)>,
}

/// One day of one owner on the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayOverview {
    /// UTC date.
    pub day: NaiveDate,
    /// Distinct people: with a completion by the usage API, with anything by reports.
    pub active_users: Option<i64>,
    /// Completions shown.
    pub suggestions: Option<i64>,
    /// Completions accepted.
    pub acceptances: Option<i64>,
}

/// An owner's seats on the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeatsOverview {
    /// All of them, by GitHub's own count.
    pub total: Option<i64>,
    /// The people in the list of seats.
    pub people: Option<People>,
}

/// An owner's bill on the page.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CostsOverview {
    /// The first day of the month.
    pub month: NaiveDate,
    /// Whether all meters have been read for it.
    pub is_complete: bool,
    /// Everything in it.
    pub total: Amounts,
}

impl SeatsOverview {
    fn of(scope: &ScopeView<'_>) -> Option<Self> {
        let seats = scope.seats?;
        let (total, people) = (seats.total(), seats.list.get().map(|list| list.people));
        (total.is_some() || people.is_some()).then_some(Self { total, people })
    }
}

impl CostsOverview {
    fn of(scope: &ScopeView<'_>) -> Option<Self> {
        scope.costs.as_ref().map(|costs| Self {
            month: costs.month,
            is_complete: costs.is_complete,
            total: costs.total(),
        })
    }
}

impl DayOverview {
    fn of(day: NaiveDate, totals: &Totals) -> Self {
        let Totals { active_users, suggestions, acceptances, .. } = *totals;
        Self { day, active_users, suggestions, acceptances }
    }

    /// Accepted completions per completion shown; nothing where none was shown.
    pub fn acceptance_rate(&self) -> Option<f64> {
        let shown = self.suggestions.filter(|shown| *shown > 0)?;
        Some(self.acceptances? as f64 / shown as f64)
    }
}

impl Overview {
    /// Copies what the page needs.
    pub fn of(snapshot: &Snapshot<'_>) -> Self {
        let wholes = snapshot.scopes.iter().filter(|scope| scope.team.is_none());
        let owners = wholes.zip(&snapshot.owners).map(|(scope, owner)| OwnerOverview {
            owner: scope.owner.clone(),
            api: owner.api,
            languages_only: owner.languages_only,
            latest: scope.latest.as_ref().map(|latest| DayOverview::of(latest.day, latest.totals)),
            days: last_month(owner.usage),
            seats: SeatsOverview::of(scope),
            costs: CostsOverview::of(scope),
            sources: owner.sources.iter().map(|(source, state)| (*source, state.clone())).collect(),
        });
        Self { at: snapshot.at, owners: owners.collect() }
    }
}

fn last_month(usage: &ScopeUsage) -> Vec<DayOverview> {
    let skipped = usage.days.len().saturating_sub(MONTH.into());
    usage.days.iter().skip(skipped).map(|(day, usage)| DayOverview::of(*day, &usage.totals)).collect()
}
