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
