//! The samples about who has a seat. What GitHub has not told gives none.

use super::exporter::Emit;
use crate::{
    github::seats::SeatBreakdown,
    model::{
        seats::{Class, People, SeatList, Seats},
        view::ScopeView,
    },
};

pub(super) fn total(scope: &ScopeView<'_>, emit: &mut Emit<'_>) {
    if let Some(total) = scope.seats.and_then(Seats::total) {
        emit(&[], total as f64);
    }
}

/// A figure of GitHub's own count.
pub(super) fn counted(
    scope: &ScopeView<'_>,
    emit: &mut Emit<'_>,
    read: impl Fn(&SeatBreakdown) -> Option<i64>,
) {
    if let Some(count) = scope.seats.and_then(|seats| read(seats.breakdown.get()?)) {
        emit(&[], count as f64);
    }
}

pub(super) fn recently_active(scope: &ScopeView<'_>, emit: &mut Emit<'_>) {
    if let Some(SeatList { people, .. }) = list(scope) {
        emit(&[], people.recently_active() as f64);
    }
}

pub(super) fn new(scope: &ScopeView<'_>, emit: &mut Emit<'_>) {
    if let Some(SeatList { people, .. }) = list(scope) {
        emit(&[], people.of(Class::New) as f64);
    }
}

pub(super) fn idle(scope: &ScopeView<'_>, emit: &mut Emit<'_>) {
    if let Some(SeatList { people, .. }) = list(scope) {
        each_idle(people, |idle, count| emit(&[idle], count));
    }
}

pub(super) fn by_plan(scope: &ScopeView<'_>, emit: &mut Emit<'_>) {
    for (plan, count) in list(scope).into_iter().flat_map(|list| &list.plans) {
        emit(&[plan], *count as f64);
    }
}

pub(super) fn by_team(scope: &ScopeView<'_>, emit: &mut Emit<'_>) {
    for (team, people) in list(scope).into_iter().flat_map(|list| &list.teams) {
        emit(&[team], people.all() as f64);
    }
}

pub(super) fn idle_by_team(scope: &ScopeView<'_>, emit: &mut Emit<'_>) {
    for (team, people) in list(scope).into_iter().flat_map(|list| &list.teams) {
        each_idle(people, |idle, count| emit(&[team, idle], count));
    }
}

fn list<'a>(scope: &ScopeView<'a>) -> Option<&'a SeatList> {
    scope.seats?.list.get()
}

fn each_idle(people: &People, mut emit: impl FnMut(&str, f64)) {
    for (class, idle) in Class::IDLE {
        emit(idle, people.of(class) as f64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::Instant,
        github::seats::{Assignee, AssigningTeam, Seat},
        model::seats::{SeatFold, SeatNews},
        owner::Owner,
    };

    fn noon() -> Instant {
        "2026-11-22T12:00:00Z".parse().unwrap()
    }

    /// A list of people who were given a seat long ago, by when it was last used, through which team.
    fn listed() -> SeatList {
        let mut fold = SeatFold::default();
        for (id, (used, team)) in (1..).zip([
            ("11-22", "red"),
            ("11-21", "red"),
            ("11-12", "blue"),
            ("10-13", "blue"),
            ("01-01", "red"),
        ]) {
            fold.add(Seat {
                assignee: Some(Assignee { id }),
                assigning_team: Some(AssigningTeam { slug: Some(team.to_owned()) }),
                created_at: "2025-01-01T00:00:00Z".parse().unwrap(),
                last_activity_at: Some(format!("2026-{used}T00:00:00Z").parse().unwrap()),
                plan_type: Some("business".to_owned()),
            });
        }
        fold.add(Seat {
            assignee: None,
            assigning_team: None,
            created_at: noon(),
            last_activity_at: None,
            plan_type: Some("enterprise".to_owned()),
        });
        fold.finish(Some(7), noon())
    }

    type Shows = fn(&ScopeView<'_>, &mut Emit<'_>);

    /// What is shown of seats: the labels and the number of each sample.
    fn shown(shows: Shows, seats: Option<&Seats>) -> Vec<(String, f64)> {
        let owner = Owner::org("octo");
        let scope =
            ScopeView { owner: &owner, team: None, latest: None, history: Vec::new(), seats, costs: None };
        let mut shown = Vec::new();
        shows(&scope, &mut |labels, number| shown.push((labels.join("/"), number)));
        shown
    }

    #[test]
    fn each_series_about_seats_is_the_figure_of_its_name_and_absent_where_that_is_not_known() {
        let cases: [(Shows, &[(&str, f64)]); 8] = [
            (total, &[("", 9.0)]),
            (|scope, emit| counted(scope, emit, |seats| seats.pending_invitation), &[("", 4.0)]),
            (recently_active, &[("", 3.0)]),
            (new, &[("", 1.0)]),
            (idle, &[("7d_28d", 1.0), ("28d_90d", 1.0), ("none_90d", 1.0)]),
            (by_plan, &[("business", 5.0), ("enterprise", 1.0)]),
            (by_team, &[("blue", 2.0), ("none", 1.0), ("red", 3.0)]),
            (
                idle_by_team,
                &[
                    ("blue/7d_28d", 1.0),
                    ("blue/28d_90d", 1.0),
                    ("blue/none_90d", 0.0),
                    ("none/7d_28d", 0.0),
                    ("none/28d_90d", 0.0),
                    ("none/none_90d", 0.0),
                    ("red/7d_28d", 0.0),
                    ("red/28d_90d", 0.0),
                    ("red/none_90d", 1.0),
                ],
            ),
        ];
        let mut seats = Seats::default();
        let breakdown =
            SeatBreakdown { total: Some(9), pending_invitation: Some(4), ..SeatBreakdown::default() };
        seats.apply(SeatNews::Breakdown(Some(breakdown)), noon());
        seats.apply(SeatNews::List(Some(listed())), noon());
        for (shows, expected) in cases {
            let expected: Vec<_> =
                expected.iter().map(|(labels, number)| ((*labels).to_owned(), *number)).collect();
            assert_eq!(shown(shows, Some(&seats)), expected);
            assert_eq!(shown(shows, Some(&Seats::default())), []);
            assert_eq!(shown(shows, None), [], "of a team");
        }
    }
}
