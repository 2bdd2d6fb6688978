//! Series of the newest day that have labels of their own, or other numbers than counts. Pure.

use super::exporter::Emit;
use crate::{
    github::reports::Terminal,
    model::{
        detail::{Detail, Reached, Surface, Users},
        table::Row,
        view::{LatestDay, UsedView},
    },
};

pub(super) fn feature_users(day: &LatestDay<'_>, emit: &mut Emit<'_>) {
    users(day.used.iter().flat_map(|used| &*used.features), emit);
}

pub(super) fn editor_users(day: &LatestDay<'_>, emit: &mut Emit<'_>) {
    users(day.used.iter().flat_map(|used| &*used.editors), emit);
}

fn users<'a>(rows: impl Iterator<Item = &'a Row<1, Users>>, emit: &mut Emit<'_>) {
    for Row { names: [name], figures: Users(people) } in rows {
        count(&[name], *people, emit);
    }
}

pub(super) fn credits(day: &LatestDay<'_>, emit: &mut Emit<'_>) {
    if let Some(credits) = day.used.as_ref().and_then(UsedView::credits) {
        emit(&[], credits);
    }
}

pub(super) fn cli_tokens(day: &LatestDay<'_>, emit: &mut Emit<'_>) {
    tokens(whole(day).and_then(|detail| detail.cli), emit);
}

pub(super) fn app_tokens(day: &LatestDay<'_>, emit: &mut Emit<'_>) {
    tokens(whole(day).and_then(|detail| detail.app), emit);
}

fn tokens(of: Option<Terminal>, emit: &mut Emit<'_>) {
    if let Some(tokens) = of.and_then(|terminal| terminal.token_usage) {
        count(&["prompt"], tokens.prompt_tokens_sum, emit);
        count(&["output"], tokens.output_tokens_sum, emit);
    }
}

pub(super) fn surface_daily(day: &LatestDay<'_>, emit: &mut Emit<'_>) {
    surfaces(day, |reached| reached.daily, emit);
}

pub(super) fn surface_weekly(day: &LatestDay<'_>, emit: &mut Emit<'_>) {
    surfaces(day, |reached| reached.weekly, emit);
}

pub(super) fn surface_monthly(day: &LatestDay<'_>, emit: &mut Emit<'_>) {
    surfaces(day, |reached| reached.monthly, emit);
}

fn surfaces(day: &LatestDay<'_>, read: fn(&Reached) -> Option<i64>, emit: &mut Emit<'_>) {
    for (surface, reached) in Surface::ALL.iter().zip(whole(day).iter().flat_map(|detail| &detail.surfaces)) {
        count(&[surface.word()], read(reached), emit);
    }
}

pub(super) fn agent_sessions(day: &LatestDay<'_>, emit: &mut Emit<'_>) {
    for row in day.detail.iter().flat_map(|detail| &*detail.agents) {
        count(&[&row.names[0]], row.figures.sessions, emit);
    }
}

pub(super) fn agent_jobs(day: &LatestDay<'_>, emit: &mut Emit<'_>) {
    for row in day.detail.iter().flat_map(|detail| &*detail.agents) {
        count(&[&row.names[0]], row.figures.jobs, emit);
    }
}

pub(super) fn suggestions(day: &LatestDay<'_>, emit: &mut Emit<'_>) {
    if let Some(pulls) = whole(day).and_then(|detail| detail.pull_requests) {
        by_author(pulls.total_suggestions, pulls.total_copilot_suggestions, emit);
    }
}

pub(super) fn suggestions_applied(day: &LatestDay<'_>, emit: &mut Emit<'_>) {
    if let Some(pulls) = whole(day).and_then(|detail| detail.pull_requests) {
        by_author(pulls.total_applied_suggestions, pulls.total_copilot_applied_suggestions, emit);
    }
}

/// What is not Copilot's is people's. Where it would be less than nothing, the two were not counted alike.
fn by_author(all: Option<i64>, copilot: Option<i64>, emit: &mut Emit<'_>) {
    let human = all.zip(copilot).and_then(|(all, copilot)| all.checked_sub(copilot));
    count(&["human"], human.filter(|human| *human >= 0), emit);
    count(&["copilot"], copilot, emit);
}

pub(super) fn time_to_merge(day: &LatestDay<'_>, emit: &mut Emit<'_>) {
    let Some(pulls) = whole(day).and_then(|detail| detail.pull_requests) else { return };
    for (kind, minutes) in [
        ("all", pulls.median_minutes_to_merge),
        ("copilot_authored", pulls.median_minutes_to_merge_copilot_authored),
        ("copilot_reviewed", pulls.median_minutes_to_merge_copilot_reviewed),
    ] {
        if let Some(minutes) = minutes {
            emit(&[kind], minutes * 60.0);
        }
    }
}

pub(super) fn phase_users(day: &LatestDay<'_>, emit: &mut Emit<'_>) {
    for phase in whole(day).iter().flat_map(|detail| &detail.phases) {
        count(&[&phase.number], phase.users, emit);
    }
}

pub(super) fn phase_active_users(day: &LatestDay<'_>, emit: &mut Emit<'_>) {
    for phase in whole(day).iter().flat_map(|detail| &detail.phases) {
        count(&[&phase.number], phase.active_users, emit);
    }
}

fn whole<'a>(day: &LatestDay<'a>) -> Option<&'a Detail> {
    day.detail.as_ref().map(|detail| detail.whole)
}

/// Emits a count, if it is known.
fn count(labels: &[&str], number: Option<i64>, emit: &mut Emit<'_>) {
    if let Some(number) = number {
        emit(labels, number as f64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggestions_that_are_not_copilots_are_peoples_where_both_are_known_and_fit() {
        let authors = |all, copilot| {
            let mut shown = Vec::new();
            by_author(all, copilot, &mut |labels, number| shown.push((labels[0].to_owned(), number)));
            shown
        };
        let [human, copilot] = ["human", "copilot"].map(|author| move |number| (author.to_owned(), number));
        assert_eq!(authors(Some(7), Some(2)), [human(5.0), copilot(2.0)]);
        assert_eq!(authors(Some(2), Some(2)), [human(0.0), copilot(2.0)]);
        assert_eq!(authors(Some(1), Some(2)), [copilot(2.0)], "never less than nothing");
        assert_eq!(authors(None, Some(2)), [copilot(2.0)]);
        assert_eq!(authors(Some(7), None), []);
    }
}
