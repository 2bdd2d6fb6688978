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
    use crate::{
        github::reports::{PullRequests, TokenUsage},
        model::{
            detail::{AgentCounts, Phase, Used},
            fold::Folds,
            table::Table,
            usage::DayUsage,
        },
    };

    /// A day on which all is known but for how long pull requests by Copilot took, and each number is another.
    fn usage() -> DayUsage {
        let terminal = |tokens| {
            let token_usage =
                TokenUsage { prompt_tokens_sum: Some(tokens), output_tokens_sum: Some(tokens + 1) };
            Some(Terminal { token_usage: Some(token_usage), ..Terminal::default() })
        };
        let reached = |place: i64| Reached {
            daily: Some(30 + place),
            weekly: Some(40 + place),
            monthly: Some(50 + place),
        };
        let pulls = PullRequests {
            total_suggestions: Some(9),
            total_copilot_suggestions: Some(2),
            total_applied_suggestions: Some(5),
            total_copilot_applied_suggestions: Some(1),
            median_minutes_to_merge: Some(1.5),
            median_minutes_to_merge_copilot_reviewed: Some(2.0),
            ..PullRequests::default()
        };
        let detail = Detail {
            cli: terminal(10),
            app: terminal(20),
            surfaces: [0, 1, 2, 3, 4, 5].map(reached),
            agents: Table::of_one(["claude"], AgentCounts { sessions: Some(6), jobs: Some(3) }),
            pull_requests: Some(pulls),
            phases: vec![Phase { number: "2".into(), users: Some(8), active_users: Some(4) }],
            ..Detail::default()
        };
        let used = Used {
            credits: Some(2_500_000_000),
            features: Table::of_one(["agent_edit"], Users(Some(60))),
            editors: Table::of_one(["vscode"], Users(Some(70))),
        };
        DayUsage { detail: Some(Box::new(detail)), used: Some(Box::new(used)), ..DayUsage::default() }
    }

    type Shows = fn(&LatestDay<'_>, &mut Emit<'_>);

    /// What is shown of a day: the value of each sample's label, if it has one, and the number.
    fn shown(shows: Shows, usage: &DayUsage) -> Vec<(String, f64)> {
        let (mut shown, folds) = (Vec::new(), Folds::default());
        let day = LatestDay::of("2026-11-20".parse().unwrap(), usage, &folds);
        shows(&day, &mut |labels, number| shown.push((labels.concat(), number)));
        shown
    }

    const SURFACES: [&str; 6] = [
        "cli",
        "copilot_app",
        "vscode_agent",
        "copilot_cloud_agent",
        "code_review_active",
        "code_review_passive",
    ];

    #[test]
    fn each_series_of_a_day_is_the_figure_of_its_name_and_absent_where_that_is_not_known() {
        let surfaces =
            |first: u8| SURFACES.into_iter().zip((first..).map(f64::from)).collect::<Vec<(&str, f64)>>();
        let cases: [(Shows, Vec<(&str, f64)>); 15] = [
            (feature_users, vec![("agent_edit", 60.0)]),
            (editor_users, vec![("vscode", 70.0)]),
            (credits, vec![("", 2.5)]),
            (cli_tokens, vec![("prompt", 10.0), ("output", 11.0)]),
            (app_tokens, vec![("prompt", 20.0), ("output", 21.0)]),
            (surface_daily, surfaces(30)),
            (surface_weekly, surfaces(40)),
            (surface_monthly, surfaces(50)),
            (agent_sessions, vec![("claude", 6.0)]),
            (agent_jobs, vec![("claude", 3.0)]),
            (suggestions, vec![("human", 7.0), ("copilot", 2.0)]),
            (suggestions_applied, vec![("human", 4.0), ("copilot", 1.0)]),
            (time_to_merge, vec![("all", 90.0), ("copilot_reviewed", 120.0)]),
            (phase_users, vec![("2", 8.0)]),
            (phase_active_users, vec![("2", 4.0)]),
        ];
        let unknown =
            DayUsage { detail: Some(Box::default()), used: Some(Box::default()), ..DayUsage::default() };
        for (shows, expected) in cases {
            let expected: Vec<_> =
                expected.into_iter().map(|(name, number)| (name.to_owned(), number)).collect();
            assert_eq!(shown(shows, &usage()), expected);
            assert_eq!(shown(shows, &unknown), []);
            assert_eq!(shown(shows, &DayUsage::default()), [], "of a day of the usage API");
        }
    }

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
