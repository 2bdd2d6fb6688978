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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        github::{
            billing::{Meter, MonthUsage, UsageItem},
            seats::SeatBreakdown,
            usage::UsageDay,
        },
        model::{Records, State, Update, ViewOptions, seats::SeatNews, view},
        owner::Team,
    };

    fn day(acceptances: Option<i64>, suggestions: Option<i64>) -> DayOverview {
        DayOverview { day: "2026-11-21".parse().unwrap(), active_users: Some(3), suggestions, acceptances }
    }

    #[test]
    fn a_rate_is_known_where_both_numbers_are_and_anything_was_shown() {
        for (acceptances, suggestions, rate) in [
            (Some(3), Some(12), Some(0.25)),
            (Some(0), Some(1), Some(0.0)),
            (Some(0), Some(0), None),
            (Some(1), Some(-1), None),
            (None, Some(1), None),
            (Some(1), None, None),
        ] {
            assert_eq!(day(acceptances, suggestions).acceptance_rate(), rate);
        }
    }

    /// The one owner on the page once it has this news.
    fn owner(news: Vec<Update>) -> OwnerOverview {
        let octo = Owner::org("octo");
        let mut state = State::new(&[octo], &[Source::Seats].into());
        news.into_iter().for_each(|update| state.apply(update));
        let options = ViewOptions { history_days: 0, settle_days: 0, max_label_values: 50 };
        let at = "2026-11-22T12:00:00Z".parse().unwrap();
        let overview = Overview::of(&view(&state, at, &options));
        assert_eq!(overview.at, at);
        let [owner] = <[_; 1]>::try_from(overview.owners).unwrap();
        owner
    }

    #[test]
    fn an_owner_is_shown_without_its_teams_and_what_is_not_known_of_it_is_not_there() {
        let (octo, at) = (|| Owner::org("octo"), "2026-11-22T12:00:00Z".parse().unwrap());
        let nothing = owner(Vec::new());
        assert_eq!((nothing.owner, nothing.latest, nothing.days), (octo(), None, Vec::new()));
        assert_eq!((nothing.seats, nothing.costs), (None, None));
        assert_eq!(nothing.sources.iter().map(|(source, _)| *source).collect::<Vec<_>>(), [Source::Seats]);

        let record = UsageDay {
            day: "2026-11-21".parse().unwrap(),
            total_active_users: Some(3),
            total_suggestions_count: Some(12),
            total_acceptances_count: Some(4),
            ..UsageDay::default()
        };
        let days =
            |team| Update::Days { owner: octo(), team, days: Some(Records::Usage(vec![record.clone()])), at };
        let breakdown = SeatBreakdown { total: Some(7), ..SeatBreakdown::default() };
        let item = UsageItem { gross_amount: Some(2.0), ..UsageItem::default() };
        let usage = MonthUsage { month: "2026-11-01".parse().unwrap(), items: vec![item] };
        let shown = owner(vec![
            Update::Teams { owner: octo(), teams: vec![Team { id: 1, slug: "red".into() }] },
            days(None),
            days(Some(1)),
            Update::Seats { owner: octo(), news: SeatNews::Breakdown(Some(breakdown)), at },
            Update::Billing { owner: octo(), meter: Meter::AiCredits, usage: Some(usage), at },
        ]);
        let day = day(Some(4), Some(12));
        assert_eq!(
            (shown.latest, shown.days),
            (Some(day), vec![day]),
            "whatever the series show of the past"
        );
        assert_eq!(shown.seats, Some(SeatsOverview { total: Some(7), people: None }));
        let total = Amounts { gross: Some(2.0), discount: None, net: None };
        let month = "2026-11-01".parse().unwrap();
        assert_eq!(shown.costs, Some(CostsOverview { month, is_complete: false, total }));
    }
}
