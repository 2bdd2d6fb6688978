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
