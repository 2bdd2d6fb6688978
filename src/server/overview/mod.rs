//! The page for people: the last month of every owner, how asking for it goes, and what to change where it does not.
//!
//! [`figures`] shows an owner's numbers by means of [`chart`], [`seats`] who has a seat and what it costs, [`sources`] how each source stands ([`standing`]),
//! [`limits`] what GitHub allows; [`words`] writes numbers and times. The page has no script and no outside parts, and
//! all that comes from outside is escaped by maud.

mod chart;
mod figures;
mod limits;
mod seats;
mod sources;
mod standing;
mod words;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use self::standing::Standing;
use crate::{
    clock::Instant,
    metrics::Plan,
    model::{
        overview::{DayOverview, Overview, OwnerOverview},
        state::{Attempt, SourceState},
    },
    owner::Owner,
    refresh::published::Picture,
    source::{Api, Source},
};

const STYLE: &str = include_str!("style.css");

/// The page as HTML, as it is at `now`. `unsaved` is why the state could not be saved.
pub fn page(picture: &Picture, unsaved: Option<&str>, now: Instant) -> String {
    let overview = &picture.overview;
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "GitHub Copilot exporter" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (header(overview, now))
                main {
                    (summary(overview, is_lost(picture)))
                    (left_out(&picture.plan))
                    @if let Some(why) = unsaved { (not_saved(why)) }
                    @for (index, owner) in overview.owners.iter().enumerate() { (section(index, owner, now)) }
                    @if let Some(limits) = limits::section(&picture.ledger, now) { (limits) }
                }
                footer { p { "All days and times are UTC. Only counts are shown here, and nobody\u{2019}s name." } }
            }
        }
    };
    page.into_string()
}

fn header(overview: &Overview, now: Instant) -> Markup {
    // The picture that is there before anything was rendered has no moment.
    let rendered = (overview.at != Instant::default()).then_some(overview.at);
    html! {
        header {
            div {
                h1 { "GitHub Copilot exporter" }
                p { "How people use GitHub Copilot, asked of GitHub and served to Prometheus." }
                p.note {
                    "Version " (env!("CARGO_PKG_VERSION"))
                    @if let Some(at) = rendered { " \u{b7} rendered " (sources::time(at)) ", " (words::ago(at, now)) }
                }
            }
            nav aria-label="Other pages" {
                @for path in ["/metrics", "/healthz", "/readyz"] { a href=(path) { (path) } }
            }
        }
    }
}

/// Whether nobody is watched because it cannot be read where the App is installed.
fn is_lost(picture: &Picture) -> bool {
    picture.overview.owners.is_empty() && matches!(picture.ledger.listing, Some(Err(_)))
}

/// All sources in a sentence and, with several owners, the way to each of them.
fn summary(overview: &Overview, is_lost: bool) -> Markup {
    let worst = is_lost.then_some(Standing::Failing);
    let worst =
        worst.or_else(|| overview.owners.iter().filter_map(self::worst).min()).unwrap_or(Standing::Unasked);
    html! {
        div.summary.(worst.class()) { p { (worst.symbol()) " " (tally(overview)) } }
        @if overview.owners.len() > 1 {
            nav.owners aria-label="Owners" {
                @for (index, owner) in overview.owners.iter().enumerate() {
                    span {
                        a href={ "#owner-" (index) } { (owner.owner.name()) }
                        @if let Some(worst) = worst_of_note(owner) { " " (worst.sign()) }
                    }
                }
            }
        }
    }
}

/// The sources counted by how they stand.
fn tally(overview: &Overview) -> String {
    let standings = || overview.owners.iter().flat_map(standings);
    if overview.owners.is_empty() && overview.at != Instant::default() {
        return "Nobody is watched yet: the App is installed on no organisation, or it is not known where. Below is what GitHub says."
            .to_owned();
    }
    if standings().all(|standing| standing == Standing::Unasked) {
        if overview
            .owners
            .iter()
            .flat_map(|owner| &owner.sources)
            .any(|(_, state)| state.last_success.is_some())
        {
            return "What is shown was read before the exporter was restarted. GitHub is being asked again: reload this \
                page in a moment."
                .to_owned();
        }
        return "The first answers are being fetched from GitHub. Reload this page in a moment.".to_owned();
    }
    let all = standings().count();
    let count = |wanted: Standing| standings().filter(|standing| *standing == wanted).count();
    if count(Standing::Works) == all {
        return "All sources work.".to_owned();
    }
    let counts = [
        (count(Standing::Failing), Standing::Failing.word()),
        (count(Standing::Waiting), Standing::Waiting.word()),
        (count(Standing::Unasked), Standing::Unasked.word()),
        (count(Standing::Works), "working"),
    ]
    .into_iter();
    let counts: Vec<String> =
        counts.filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    format!("{}: {}.", words::some(all as u64, "source"), counts.join(", "))
}

fn standings(owner: &OwnerOverview) -> impl Iterator<Item = Standing> {
    owner.sources.iter().map(|(_, state)| Standing::of(state))
}

fn worst(owner: &OwnerOverview) -> Option<Standing> {
    standings(owner).min()
}

fn worst_of_note(owner: &OwnerOverview) -> Option<Standing> {
    worst(owner).filter(|standing| *standing != Standing::Works)
}

fn section(index: usize, owner: &OwnerOverview, now: Instant) -> Markup {
    let kind = match owner.owner {
        Owner::Org(_) => "Organisation",
        Owner::Enterprise(_) => "Enterprise",
    };
    html! {
        section.card id={ "owner-" (index) } {
            p.kind { (kind) }
            h2 { (owner.owner.name()) }
            @if let Some(DayOverview { day, .. }) = owner.latest {
                p.day {
                    "Figures for " time datetime=(day) { (words::day(day)) } " (UTC), " (words::days_ago(day, now))
                }
            }
            @if owner.latest.is_some() || !owner.days.is_empty() { (figures::figures(owner)) }
            @if owner.days.is_empty() && asks_usage(owner) { p.nothing { (without_days(owner)) } }
            @if let Some(seats) = seats::facts(owner) { (seats) }
            @if !owner.sources.is_empty() {
                (sources::table(owner, now))
                @if is_interface_known(owner) {
                    p.note { "Asked by " (interface(owner.api)) "." @if owner.languages_only { " " (LANGUAGES_ONLY) } }
                }
            }
        }
    }
}

/// Whether the owner's usage or its teams' is wanted at all: seats and bills have nothing to draw.
fn asks_usage(owner: &OwnerOverview) -> bool {
    owner.sources.is_empty() || owner.sources.iter().any(|(source, _)| source.is_usage())
}

/// Whether GitHub has answered by an interface, be it by no: before that it is only the one that is asked first.
fn is_interface_known(owner: &OwnerOverview) -> bool {
    let says_no = |attempt: &Attempt| attempt.failures.keys().any(|reason| reason.is_answer());
    let has_answered = |state: &SourceState| {
        state.last_success.is_some()
            || state.last.as_ref().is_some_and(|attempt| attempt.is_success() || says_no(attempt))
    };
    owner.sources.iter().any(|(source, state)| source.is_usage() && has_answered(state))
}

/// What is missing where GitHub refuses its reports about people.
const LANGUAGES_ONLY: &str = "GitHub refuses the reports about what people did. For days of which they were not read before, \
    languages come from the owner\u{2019}s own report, without editors; people by language, people who used chat, and all \
    figures of teams but their size are missing.";

/// Which of GitHub's interfaces is asked.
const fn interface(api: Api) -> &'static str {
    match api {
        Api::Reports => "GitHub\u{2019}s usage metrics reports",
        Api::Usage => "the Copilot usage API, which GitHub itself has closed",
    }
}

/// What is not served because there would be too much of it.
fn left_out(plan: &Plan) -> Markup {
    let details = plan.details_dropped();
    html! {
        @if !details.is_empty() {
            p.note {
                "Left out of /metrics because of EXPORTER_MAX_SERIES: "
                @for (index, detail) in details.iter().enumerate() {
                    @if index > 0 { ", " }
                    (detail.word()) " (" (words::count(i64::try_from(plan.dropped(*detail)).unwrap_or(i64::MAX))) " series)"
                }
                ". Raise the limit, or watch fewer teams by GITHUB_TEAMS."
            }
        }
    }
}

/// Why a restart would lose what is shown.
fn not_saved(why: &str) -> Markup {
    html! {
        p.note {
            "The figures could not be saved in EXPORTER_STATE_DIR: " (why) ". Until they are, a restart shows older ones or none."
        }
    }
}

/// Why there is nothing to draw.
fn without_days(owner: &OwnerOverview) -> &'static str {
    let activity = owner.sources.iter().find(|(source, _)| *source == Source::Activity);
    match activity.map(|(_, state)| Standing::of(state)) {
        None => {
            "The owner\u{2019}s own figures are not asked for: EXPORTER_SOURCES has no \u{201c}activity\u{201d}."
        }
        Some(Standing::Unasked) => "The first answers are being fetched from GitHub.",
        Some(Standing::Failing) => {
            "No figures yet, because asking fails. The table says why and what to change."
        }
        Some(Standing::Waiting) => "No figures yet: GitHub has published nothing for this owner.",
        Some(Standing::Works) => "No figures to draw: GitHub answers, but with no day to show.",
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, time::Duration};

    use chrono::TimeDelta;

    use super::*;
    use crate::{
        github::{Failure, Reason},
        model::state::Targets,
    };

    fn noon() -> Instant {
        "2026-11-22T12:00:00Z".parse().unwrap()
    }

    fn tried(problem: Option<Failure>) -> SourceState {
        let failures = problem.iter().map(|problem| (problem.reason, 1)).collect::<BTreeMap<_, _>>();
        let last = Attempt {
            at: noon(),
            took: Duration::ZERO,
            failures,
            problem,
            waiting: false,
            targets: Targets::default(),
            next: noon() + TimeDelta::hours(1),
        };
        SourceState { last: Some(last), ..SourceState::default() }
    }

    fn owner(name: &str, activity: SourceState) -> OwnerOverview {
        let day = "2026-11-19".parse().unwrap();
        let figures =
            DayOverview { day, active_users: Some(1_234), suggestions: Some(4), acceptances: Some(1) };
        OwnerOverview {
            owner: Owner::org(name),
            api: Api::Reports,
            languages_only: false,
            latest: Some(figures),
            days: vec![figures],
            seats: None,
            costs: None,
            sources: vec![(Source::Activity, activity)],
        }
    }

    fn show(owners: Vec<OwnerOverview>) -> String {
        let overview = Overview { at: noon(), owners };
        page(&Picture { overview, ..Picture::default() }, None, noon() + TimeDelta::seconds(9))
    }

    #[track_caller]
    fn says(html: &str, parts: &[&str]) {
        for part in parts {
            assert!(html.contains(part), "{part:?} is missing in {html}");
        }
    }

    #[test]
    fn a_page_before_anything_was_rendered_says_that_answers_are_being_fetched() {
        let html = page(&Picture::default(), None, noon());
        says(&html, &["The first answers are being fetched", "href=\"/metrics\"", env!("CARGO_PKG_VERSION")]);
        assert!(!html.contains("1970"), "{html}");
    }

    #[test]
    fn an_owner_before_its_first_attempt_has_words_and_no_chart() {
        let html = show(vec![OwnerOverview {
            latest: None,
            days: Vec::new(),
            ..owner("octo", SourceState::default())
        }]);
        says(&html, &["The first answers are being fetched", "not asked yet"]);
        assert!(!html.contains("<svg"), "{html}");
    }

    #[test]
    fn an_owner_shows_its_day_its_figures_and_that_all_is_well() {
        let html = show(vec![owner("octo", tried(None))]);
        says(&html, &["Organisation", "<h2>octo</h2>", "All sources work.", "9 seconds ago"]);
        says(&html, &["Thursday, 19 November 2026</time> (UTC), 3 days ago", ">1,234<", ">25%<"]);
    }

    #[test]
    fn an_owner_says_which_interface_answers_and_what_a_refusal_leaves_out() {
        let reports = || owner("octo", tried(None));
        let usage = OwnerOverview { api: Api::Usage, ..reports() };
        let html = show(vec![reports()]);
        says(&html, &["Asked by GitHub\u{2019}s usage metrics reports."]);
        assert!(!html.contains("without editors"), "{html}");
        says(&show(vec![usage]), &["Asked by the Copilot usage API"]);
        says(&show(vec![OwnerOverview { languages_only: true, ..reports() }]), &["without editors"]);
    }

    #[test]
    fn the_interface_is_told_once_github_has_answered_by_it() {
        let told = |state| show(vec![owner("octo", state)]).contains("Asked by");
        for reason in [Reason::Unauthorized, Reason::ServerError, Reason::Timeout] {
            let failing = tried(Some(Failure::new(reason, "GET /x")));
            assert!(!told(failing.clone()), "{reason}");
            assert!(told(SourceState { last_success: Some(noon()), ..failing }), "{reason}");
        }
        assert!(told(tried(None)) && told(tried(Some(Failure::new(Reason::Forbidden, "GET /x")))));
        assert!(!told(SourceState::default()));
    }

    #[test]
    fn names_and_details_from_outside_are_escaped() {
        let failure = Failure::new(Reason::Forbidden, "<script>alert(1)</script>\" onload=\"x");
        let html = show(vec![owner("<script>", tried(Some(failure))), owner("b", tried(None))]);
        says(&html, &["&lt;script&gt;alert(1)", "<h2>&lt;script&gt;</h2>"]);
        assert!(!html.contains("<script") && !html.contains("\" onload"), "{html}");
    }

    #[test]
    fn nothing_is_loaded_and_no_link_leads_outside() {
        let failures = Reason::ALL.map(|reason| owner("octo", tried(Some(Failure::new(reason, "x")))));
        let html = show(failures.into());
        for outside in ["<script", " src=", "href=\"http", "url(", "@import", "<link", " style=\""] {
            assert!(!html.contains(outside), "{outside} is in the page");
        }
    }

    #[test]
    fn a_failing_owner_is_counted_at_the_top_and_can_be_jumped_to() {
        let failure = Failure::new(Reason::PolicyDisabled, "GET /x answered 403");
        let html = show(vec![owner("good", tried(None)), owner("bad", tried(Some(failure)))]);
        says(&html, &["2 sources: 1 failing, 1 working.", "href=\"#owner-1\"", "id=\"owner-1\""]);
        says(&html, &["policy_disabled", "Advice: ", "The figures shown are the last good ones."]);
    }

    #[test]
    fn an_owner_without_days_says_why_there_is_nothing_to_draw() {
        let failure = || tried(Some(Failure::new(Reason::NotFound, "x")));
        let mut waiting = tried(None);
        waiting.last.as_mut().unwrap().waiting = true;
        let cases = [
            (failure(), "because asking fails"),
            (waiting, "GitHub has published nothing for this owner"),
            (tried(None), "with no day to show"),
        ];
        for (state, words) in cases {
            let nothing = OwnerOverview { latest: None, days: Vec::new(), ..owner("octo", state) };
            says(&show(vec![nothing]), &[words]);
        }
        let without = |owner| show(vec![OwnerOverview { days: Vec::new(), ..owner }]);
        let teams_only = OwnerOverview { latest: None, sources: Vec::new(), ..owner("octo", tried(None)) };
        says(&without(teams_only), &["EXPORTER_SOURCES has no"]);
    }
}
