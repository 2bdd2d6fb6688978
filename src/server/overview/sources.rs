//! An owner's sources as a table: how asking goes, and what to change where it does not.

use maud::{Markup, html};

use super::{standing::Standing, words};
use crate::{
    clock::Instant,
    github::{Failure, Reason},
    model::{
        advice,
        overview::OwnerOverview,
        state::{Attempt, SourceState, Targets},
    },
    owner::Owner,
    source::{Api, Source},
};

const COLUMNS: [&str; 5] = ["Source", "State", "Last success", "Next try", "Result"];

/// The table. Its roles are spelt out because on a phone its rows are laid out as blocks, and browsers then forget
/// that it is a table.
pub(super) fn table(owner: &OwnerOverview, now: Instant) -> Markup {
    html! {
        table role="table" {
            caption { "What is asked of GitHub" }
            thead role="rowgroup" {
                tr role="row" {
                    @for column in COLUMNS { th role="columnheader" scope="col" { (column) } }
                }
            }
            @for (source, state) in &owner.sources {
                tbody role="rowgroup" {
                    (row(*source, state, now))
                    @if let Some(why) = why(owner, *source, state) {
                        tr.why role="row" { td role="cell" colspan=(COLUMNS.len()) { (why) } }
                    }
                }
            }
        }
    }
}

fn row(source: Source, state: &SourceState, now: Instant) -> Markup {
    let [_, standing, success, next, result] = COLUMNS;
    let last = state.last.as_ref();
    html! {
        tr role="row" {
            th role="rowheader" scope="row" { (source) small { (subject(source)) } }
            td role="cell" data-label=(standing) { (Standing::of(state).sign()) }
            td role="cell" data-label=(success) {
                @match state.last_success {
                    Some(at) => { span { (words::ago(at, now)) small { (time(at)) } } }
                    None => "none yet",
                }
            }
            td role="cell" data-label=(next) {
                @match last {
                    Some(Attempt { next, .. }) => { span { (words::until(*next, now)) small { (time(*next)) } } }
                    None => "now",
                }
            }
            td role="cell" data-label=(result) { (last.map_or_else(|| "\u{2013}".to_owned(), |last| outcome(source, last))) }
        }
    }
}

/// A moment that machines can read, too.
pub(super) fn time(at: Instant) -> Markup {
    html! { time datetime=(at.format("%Y-%m-%dT%H:%M:%SZ")) { (words::moment(at)) } }
}

/// What a source is about.
const fn subject(source: Source) -> &'static str {
    match source {
        Source::Activity => "the owner\u{2019}s own figures",
        Source::Teams => "teams and their figures",
        Source::Seats => "who has a seat, and whether it is used",
        Source::Billing => "what Copilot has cost this month",
    }
}

/// What became of what was asked for.
fn outcome(source: Source, attempt: &Attempt) -> String {
    let Targets { ok, no_data, failing } = attempt.targets;
    if source != Source::Teams {
        let words = match (source, ok, no_data) {
            (_, 1.., _) => "with data",
            (Source::Seats, 0, 1..) => "nobody has a seat",
            (Source::Billing, 0, 1..) => "nothing used this month",
            (_, 0, 1..) => "no data yet",
            (_, 0, 0) => "not read",
        };
        return words.to_owned();
    }
    let parts = [(ok, "with data"), (no_data, "without (fewer than five members)"), (failing, "failing")];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{} {what}", words::unsigned(count)))
        .collect();
    match (parts.is_empty(), attempt.is_success()) {
        (false, _) => parts.join(", "),
        (true, true) => "no teams".to_owned(),
        (true, false) => "no team read yet".to_owned(),
    }
}

/// Why something has no data, and what to change; nothing if all is well.
fn why(owner: &OwnerOverview, source: Source, state: &SourceState) -> Option<Markup> {
    let last = state.last.as_ref()?;
    let failing = Standing::of(state) == Standing::Failing;
    let small_teams = source == Source::Teams && last.targets.no_data > 0;
    let no_teams = source == Source::Teams && last.targets == Targets::default();
    (failing || last.waiting || small_teams || no_teams).then(|| {
        html! {
            @if failing { (failures(&owner.owner, source, last)) p { (remains(owner, source, state)) } }
            @else if last.waiting { p { (waiting(owner)) } }
            @else if no_teams { p { (NO_TEAMS) } }
            @if small_teams { p { (small(owner.api)) } }
        }
    })
}

fn has_figures(owner: &OwnerOverview) -> bool {
    owner.latest.is_some() || !owner.days.is_empty()
}

fn waiting(owner: &OwnerOverview) -> &'static str {
    match (has_figures(owner), owner.api) {
        (false, _) => {
            "GitHub has published nothing yet for this owner. Nothing to change: it is asked again."
        }
        (true, Api::Usage) => {
            "GitHub\u{2019}s last answer was empty; the figures shown are the last good ones."
        }
        (true, Api::Reports) => {
            "GitHub has not published every report of the newest days yet. Nothing to change: it is asked again, and \
             what is there is shown."
        }
    }
}

const NO_TEAMS: &str =
    "No team is watched: GitHub lists none here, or GITHUB_TEAMS selects none of those it lists.";

/// Why a team has no data.
const fn small(api: Api) -> &'static str {
    match api {
        Api::Usage => {
            "GitHub leaves out days on which a team had fewer than five members with a licence; such a team has no data \
             until it grows."
        }
        Api::Reports => {
            "GitHub lists only teams of five or more people with a seat; a team that is no longer in its newest list \
             shows older days only."
        }
    }
}

/// The first failure in full, and the words of those that came with it.
fn failures(owner: &Owner, source: Source, last: &Attempt) -> Markup {
    let first = last.problem.as_ref().map(|problem| problem.reason);
    let others = last.failures.iter().filter(|(reason, count)| first != Some(**reason) || **count > 1);
    let others: Vec<String> =
        others.map(|(reason, count)| format!("{} \u{d7} {reason}", words::unsigned(*count))).collect();
    html! {
        @if let Some(Failure { reason, detail, .. }) = &last.problem {
            p { code.reason { (reason) } " " span.detail { (detail) } }
        }
        @if !others.is_empty() { p { "In this attempt: " (others.join(", ")) "." } }
        @for reason in advised(last) {
            @let lack = last.problem.as_ref().filter(|first| first.reason == reason).and_then(|first| first.lack.as_ref());
            p.advice { strong { "Advice: " } (advice::of_source(owner, source, reason, lack)) }
        }
    }
}

/// Every reason once, the first failure's first.
fn advised(last: &Attempt) -> Vec<Reason> {
    let first = last.problem.as_ref().map(|problem| problem.reason);
    let others = last.failures.keys().copied().filter(|reason| first != Some(*reason));
    first.into_iter().chain(others).collect()
}

/// What is shown while a source fails.
fn remains(owner: &OwnerOverview, source: Source, state: &SourceState) -> &'static str {
    let read = |targets: Targets| targets.ok > 0;
    let held = match source {
        Source::Activity => has_figures(owner),
        Source::Seats => owner.seats.is_some(),
        Source::Billing => owner.costs.is_some(),
        Source::Teams => {
            state.last_success.is_some() || state.last.as_ref().is_some_and(|last| read(last.targets))
        }
    };
    match (held, source) {
        (false, _) => "There are no figures from this source yet.",
        (true, _) if state.last.as_ref().is_some_and(|last| read(last.targets)) => PARTLY,
        // Seats and bills are two answers each.
        (true, Source::Teams | Source::Seats | Source::Billing) => PARTLY,
        (true, Source::Activity) => "The figures shown are the last good ones.",
    }
}

const PARTLY: &str = "What was read is shown; for the rest the figures are the last good ones.";

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, time::Duration};

    use chrono::TimeDelta;

    use super::*;
    use crate::{github::Lack, model::overview::DayOverview};

    fn noon() -> Instant {
        "2026-11-22T12:00:00Z".parse().unwrap()
    }

    fn attempt(targets: [u64; 3]) -> Attempt {
        let [ok, no_data, failing] = targets;
        Attempt {
            at: noon() - TimeDelta::minutes(12),
            took: Duration::from_secs(2),
            failures: BTreeMap::new(),
            problem: None,
            waiting: false,
            targets: Targets { ok, no_data, failing },
            next: noon() + TimeDelta::minutes(48),
        }
    }

    fn failed(failures: &[(Reason, u64)], targets: [u64; 3]) -> Attempt {
        let problem =
            failures.first().map(|(reason, _)| Failure::new(*reason, "GET /x answered 4\u{d7}\u{d7}"));
        Attempt { failures: failures.iter().copied().collect(), problem, ..attempt(targets) }
    }

    fn show(source: Source, last: Option<Attempt>, days: usize) -> String {
        let first = noon().date_naive();
        let day = |day| DayOverview { day, active_users: Some(1), suggestions: None, acceptances: None };
        let state = SourceState { last, ..SourceState::default() };
        let owner = OwnerOverview {
            owner: Owner::org("octo"),
            api: Api::Usage,
            languages_only: false,
            latest: None,
            days: first.iter_days().take(days).map(day).collect(),
            seats: None,
            costs: None,
            sources: vec![(source, state)],
        };
        table(&owner, noon()).into_string()
    }

    #[track_caller]
    fn says(html: &str, parts: &[&str]) {
        for part in parts {
            assert!(html.contains(part), "{part:?} is missing in {html}");
        }
    }

    #[test]
    fn a_source_that_works_says_when_it_is_asked_next_and_gives_no_advice() {
        let html = show(Source::Activity, Some(attempt([1, 0, 0])), 1);
        says(&html, &["works", "in 48 minutes", "22 Nov 2026, 12:48 UTC", "with data"]);
        assert!(!html.contains("Advice"), "{html}");
    }

    #[test]
    fn a_source_that_was_not_asked_yet_says_so() {
        says(&show(Source::Teams, None, 0), &["not asked yet", "none yet"]);
    }

    #[test]
    fn a_waiting_source_says_that_github_has_nothing_yet() {
        let last = Attempt { waiting: true, ..attempt([0, 1, 0]) };
        says(
            &show(Source::Activity, Some(last.clone()), 0),
            &["waiting", "GitHub has published nothing yet for this owner", "no data yet"],
        );
        says(&show(Source::Activity, Some(last), 3), &["the figures shown are the last good ones"]);
    }

    #[test]
    fn a_failing_source_shows_its_word_its_detail_and_the_advice_for_every_reason() {
        for reason in Reason::ALL {
            let html = show(Source::Activity, Some(failed(&[(reason, 1)], [0, 0, 1])), 0);
            let advice = advice::of_source(&Owner::org("octo"), Source::Activity, reason, None);
            let advice = maud::html! { (advice) }.into_string();
            says(
                &html,
                &["failing", reason.word(), "GET /x answered", &advice, "no figures from this source"],
            );
        }
        let two = failed(&[(Reason::NotFound, 3), (Reason::Timeout, 1)], [0, 0, 4]);
        let html = show(Source::Teams, Some(two), 0);
        says(&html, &["3 \u{d7} not_found, 1 \u{d7} timeout", Reason::Timeout.advice()]);
    }

    #[test]
    fn what_the_first_failure_lacks_decides_what_is_advised() {
        let mut last = failed(&[(Reason::Forbidden, 1)], [0, 0, 1]);
        let problem = last.problem.take().unwrap();
        last.problem =
            Some(problem.lacking(Lack::AppPermissions("organization_copilot_metrics=read".into())));
        says(
            &show(Source::Activity, Some(last), 0),
            &["Give the App the permission organization_copilot_metrics=read"],
        );
    }

    #[test]
    fn a_failing_source_with_older_figures_says_that_they_are_the_last_good_ones() {
        let last = || Some(failed(&[(Reason::ServerError, 1)], [0, 0, 1]));
        says(&show(Source::Activity, last(), 2), &["The figures shown are the last good ones."]);
    }

    #[test]
    fn teams_are_counted_in_words_and_small_ones_explained() {
        let html = show(Source::Teams, Some(failed(&[(Reason::NotFound, 1)], [1212, 2, 1])), 1);
        says(
            &html,
            &[
                "1,212 with data, 2 without (fewer than five members), 1 failing",
                "fewer than five members with",
            ],
        );
        let html = show(Source::Teams, Some(attempt([3, 0, 0])), 1);
        says(&html, &["3 with data"]);
        assert!(!html.contains("five members"), "{html}");
        says(&show(Source::Teams, Some(attempt([0, 0, 0])), 1), &["no teams", "GITHUB_TEAMS selects none"]);
    }

    #[test]
    fn what_is_refused_says_how_to_do_without_it() {
        for source in Source::ALL {
            for reason in Reason::ALL {
                let html = show(source, Some(failed(&[(reason, 1)], [0, 0, 1])), 1);
                let expected = matches!(reason, Reason::Forbidden | Reason::NotFound);
                assert_eq!(
                    html.contains("Or leave the source out of EXPORTER_SOURCES."),
                    expected,
                    "{source} {reason}: {html}"
                );
            }
        }
    }
}
