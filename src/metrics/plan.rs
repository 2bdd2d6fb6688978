//! What is served when not everything can be: `EXPORTER_TEAM_DETAIL` and `EXPORTER_MAX_SERIES`. Pure.

use super::{
    catalogue::{CATALOGUE, Group, Metric, Read},
    samples,
};
use crate::model::{Snapshot, view::ScopeView};

/// `EXPORTER_TEAM_DETAIL`: how much is shown of each team.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum TeamDetail {
    /// The group `totals`.
    Totals,
    /// The group `core` as well.
    #[default]
    Core,
    /// Everything there is for teams.
    All,
}

impl TeamDetail {
    const fn shows(self, group: Group) -> bool {
        match group {
            Group::Totals => true,
            Group::Core => !matches!(self, Self::Totals),
            Group::Detail => matches!(self, Self::All),
            Group::Seats | Group::Billing | Group::Exporter => false,
        }
    }
}

/// What can be left out, in the order in which it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// The days of teams.
    TeamDaily,
    /// Everything of teams but their totals.
    TeamDetail,
    /// Everything of owners but their totals, and of their seats and costs but what has no further label.
    OwnerDetail,
}

impl Detail {
    /// All of them, the first to go first.
    pub const ALL: [Self; 3] = [Self::TeamDaily, Self::TeamDetail, Self::OwnerDetail];

    /// The word in the `detail` label.
    pub const fn word(self) -> &'static str {
        match self {
            Self::TeamDaily => "team_daily",
            Self::TeamDetail => "team_detail",
            Self::OwnerDetail => "owner_detail",
        }
    }

    /// What a metric is in a scope; nothing if it always stays.
    fn of(metric: &Metric, scope: &ScopeView<'_>) -> Option<Self> {
        match (scope.team, metric.read, metric.group) {
            (_, _, Group::Totals) | (_, Read::Owner(&[], _), _) => None,
            (Some(_), Read::Daily(_), _) => Some(Self::TeamDaily),
            (Some(_), ..) => Some(Self::TeamDetail),
            (None, ..) => Some(Self::OwnerDetail),
        }
    }
}

/// What of a snapshot is served.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    team_detail: TeamDetail,
    /// Series left out, in the order of [`Detail::ALL`]; nothing for a detail that stays.
    dropped: [Option<usize>; 3],
    series: usize,
}

impl Plan {
    /// Counts the series and leaves out whole details until at most `most` are left, if that can be done.
    pub fn of(snapshot: &Snapshot<'_>, team_detail: TeamDetail, most: usize) -> Self {
        let everything = Self { team_detail, ..Self::default() };
        let mut plan = everything.clone();
        let mut sizes = [0; 3];
        for scope in &snapshot.scopes {
            for metric in CATALOGUE.iter().filter(|metric| everything.shows(metric, scope)) {
                let series = samples::count(metric, scope);
                plan.series += series;
                if let Some(detail) = Detail::of(metric, scope) {
                    sizes[detail as usize] += series;
                }
            }
        }
        for (dropped, size) in plan.dropped.iter_mut().zip(sizes) {
            if plan.series <= most {
                break;
            }
            *dropped = Some(size);
            plan.series -= size;
        }
        plan
    }

    /// Whether a metric is served for a scope.
    pub fn shows(&self, metric: &Metric, scope: &ScopeView<'_>) -> bool {
        let wanted = scope.team.is_none() || self.team_detail.shows(metric.group);
        wanted && Detail::of(metric, scope).is_none_or(|detail| self.dropped[detail as usize].is_none())
    }

    /// Data series served.
    pub fn series(&self) -> usize {
        self.series
    }

    /// The details that are left out.
    pub fn details_dropped(&self) -> Vec<Detail> {
        Detail::ALL.into_iter().filter(|detail| self.dropped[*detail as usize].is_some()).collect()
    }

    /// Data series left out of this detail.
    pub fn dropped(&self, detail: Detail) -> usize {
        self.dropped[detail as usize].unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        github::usage::{UsageDay, UsageRow},
        model::{Records, State, Update, ViewOptions, view},
        owner::{Owner, Team},
    };

    /// A day of which there are two totals, two rows, and one figure by day.
    fn day() -> UsageDay {
        let row = |language: &str| UsageRow {
            language: Some(language.to_owned()),
            suggestions_count: Some(1),
            ..UsageRow::default()
        };
        UsageDay {
            day: "2026-11-20".parse().unwrap(),
            total_suggestions_count: Some(2),
            breakdown: Some(vec![row("go"), row("rust")]),
            ..UsageDay::default()
        }
    }

    /// An owner and a team that have this day.
    fn state() -> State {
        let (octo, at) = (|| Owner::org("octo"), "2026-11-22T12:00:00Z".parse().unwrap());
        let mut state = State::new(&[octo()], &[].into());
        state.apply(Update::Teams { owner: octo(), teams: vec![Team { id: 1, slug: "red".into() }] });
        for team in [None, Some(1)] {
            state.apply(Update::Days { owner: octo(), team, days: Some(Records::Usage(vec![day()])), at });
        }
        state
    }

    #[test]
    fn what_can_be_left_out_goes_in_order_until_the_rest_fits_and_totals_never_go() {
        let (state, at) = (state(), "2026-11-22T12:00:00Z".parse().unwrap());
        let options = ViewOptions { history_days: 28, settle_days: 0, max_label_values: 50 };
        let snapshot = view(&state, at, &options);
        for (team_detail, most, series, dropped) in [
            (TeamDetail::All, 10, 10, [0, 0, 0]),
            (TeamDetail::Core, 10, 10, [0, 0, 0]),
            (TeamDetail::Core, 9, 9, [1, 0, 0]),
            (TeamDetail::Core, 8, 7, [1, 2, 0]),
            (TeamDetail::Core, 7, 7, [1, 2, 0]),
            (TeamDetail::Core, 6, 4, [1, 2, 3]),
            (TeamDetail::Core, 0, 4, [1, 2, 3]),
            (TeamDetail::Totals, 7, 7, [0, 0, 0]),
        ] {
            let plan = Plan::of(&snapshot, team_detail, most);
            assert_eq!(
                (plan.series(), Detail::ALL.map(|detail| plan.dropped(detail))),
                (series, dropped),
                "{most}"
            );
            let gone: Vec<_> = Detail::ALL.into_iter().filter(|detail| plan.dropped(*detail) > 0).collect();
            assert_eq!(plan.details_dropped(), gone);
            let shown = |scope| {
                let metrics = CATALOGUE.iter().filter(|metric| plan.shows(metric, scope));
                metrics.map(|metric| samples::count(metric, scope)).sum::<usize>()
            };
            assert_eq!(
                snapshot.scopes.iter().map(shown).sum::<usize>(),
                series,
                "what is counted is what is shown"
            );
        }
    }

    #[test]
    fn of_teams_there_is_what_was_wished_for_and_never_seats_or_costs() {
        let groups =
            [Group::Totals, Group::Core, Group::Detail, Group::Seats, Group::Billing, Group::Exporter];
        for (wish, shown) in [(TeamDetail::Totals, 1), (TeamDetail::Core, 2), (TeamDetail::All, 3)] {
            let expected: [_; 6] = std::array::from_fn(|place| place < shown);
            assert_eq!(groups.map(|group| wish.shows(group)), expected, "{wish:?}");
        }
    }
}
