//! What of an owner's detail comes of signals: users of every surface, other companies' agents and pull requests, person
//! by person.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use github_copilot_exporter::simulator::{Deed, Feature, Merge, Person, PullRequests, Signals};

use crate::{
    detail_truth::Detail,
    fold_truth::{Label, Names},
    people_truth::{Truth, window},
};

/// Whether somebody of whose day this is known used a surface on it.
type Uses = fn(&Day) -> bool;

const SURFACES: [(&str, Uses); 6] = [
    ("cli", |day| day.does(Feature::CopilotCli)),
    ("copilot_app", |day| day.does(Feature::CopilotApp)),
    ("vscode_agent", |day| day.signals.vscode_agent.is_some()),
    ("copilot_cloud_agent", |day| day.signals.cloud_agent),
    ("code_review_active", is_asking),
    ("code_review_passive", |day| day.signals.review_passive),
];

const PERIODS: [(&str, usize); 3] = [("daily", 1), ("weekly", 7), ("monthly", 28)];

/// The end of a name of series about pull requests, and the number it adds up.
type Count = (&'static str, fn(&PullRequests) -> u64);

const PULL_REQUESTS: [Count; 4] = [
    ("created", |pulls| pulls.created),
    ("reviewed", |pulls| pulls.reviewed),
    ("created_by_copilot", |pulls| pulls.created_by_copilot),
    ("reviewed_by_copilot", |pulls| pulls.reviewed_by_copilot),
];

/// What is known of somebody's day.
struct Day {
    told: Vec<Deed>,
    signals: Signals,
}

impl Day {
    fn does(&self, feature: Feature) -> bool {
        self.told.iter().any(|deed| deed.feature == feature)
    }
}

fn is_asking(day: &Day) -> bool {
    day.signals.review_active
}

impl Truth<'_> {
    /// What is known by now of what else happened around somebody. Of the Agents window only the editor knows.
    pub fn signals(&self, person: &Person, day: NaiveDate) -> Signals {
        if !self.is_active(person, day) {
            return Signals::default();
        }
        let signals = self.world.signals(person, day);
        let vscode_agent = signals.vscode_agent.filter(|_| person.telemetry);
        Signals { vscode_agent, ..signals }
    }

    /// Everything of an owner that comes of signals.
    pub fn signalled(&self, people: &[&Person], day: NaiveDate, names: &Names, detail: &mut Detail<'_>) {
        self.surfaces(people, day, detail);
        let signals: Vec<Signals> = people.iter().map(|person| self.signals(person, day)).collect();
        agents(&signals, names, detail);
        let pulls: Vec<PullRequests> = signals.into_iter().map(|signals| signals.pull_requests).collect();
        pull_requests(&pulls, detail);
        suggestions(&pulls, detail);
        medians(&pulls, detail);
    }

    /// GitHub counts users itself, so days that are not read count as well. The command line is left out where nobody
    /// used it.
    fn surfaces(&self, people: &[&Person], last: NaiveDate, detail: &mut Detail<'_>) {
        let known =
            |person: &Person, day| Day { told: self.told(person, day), signals: self.signals(person, day) };
        let month = |person: &&Person| window(last, 28).into_iter().map(|day| known(person, day)).collect();
        let months: Vec<Vec<Day>> = people.iter().map(month).collect();
        for (period, days) in PERIODS {
            for (surface, uses) in SURFACES {
                let users = months.iter().filter(|month| is_user(&month[28 - days..], surface, uses)).count();
                if users > 0 || surface != "cli" {
                    let surface = format!(r#",surface="{surface}""#);
                    detail.count(&format!("surface_{period}_active_users"), &surface, users as u64);
                }
            }
        }
    }
}

/// Who asks for reviews and has others unasked is one of those who ask.
fn is_user(days: &[Day], surface: &str, uses: Uses) -> bool {
    days.iter().any(uses) && !(surface == "code_review_passive" && days.iter().any(is_asking))
}

/// Agents of other companies, those that had anything to do.
fn agents(signals: &[Signals], names: &Names, detail: &mut Detail<'_>) {
    let mut agents: BTreeMap<&str, [u64; 2]> = BTreeMap::new();
    for agent in signals.iter().flat_map(|signals| &signals.third_party) {
        let [sessions, jobs] = agents.entry(names.shown(Label::Agent, agent.id)).or_default();
        *sessions += agent.sessions;
        *jobs += agent.jobs;
    }
    for (agent, [sessions, jobs]) in agents {
        let agent = format!(r#",agent="{agent}""#);
        detail.count("third_party_agent_sessions", &agent, sessions);
        detail.count("third_party_agent_jobs", &agent, jobs);
    }
}

fn pull_requests(pulls: &[PullRequests], detail: &mut Detail<'_>) {
    for (name, number) in PULL_REQUESTS {
        detail.count(&format!("pull_requests_{name}"), "", pulls.iter().map(number).sum());
    }
    for (name, is) in [
        ("merged", (|_| true) as fn(&Merge) -> bool),
        ("merged_created_by_copilot", |merge| merge.authored_by_copilot),
        ("merged_reviewed_by_copilot", |merge| merge.reviewed_by_copilot),
    ] {
        let merged = pulls.iter().flat_map(|pulls| &pulls.merged).filter(|merge| is(merge)).count();
        detail.count(&format!("pull_requests_{name}"), "", merged as u64);
    }
}

/// What people suggested in reviews, and what Copilot did.
fn suggestions(pulls: &[PullRequests], detail: &mut Detail<'_>) {
    let comments = || pulls.iter().flat_map(|pulls| &pulls.comments);
    for (author, made, applied) in [
        (
            "human",
            pulls.iter().map(|pulls| pulls.suggestions).sum(),
            pulls.iter().map(|pulls| pulls.applied_suggestions).sum(),
        ),
        (
            "copilot",
            comments().map(|comment| comment.suggestions).sum(),
            comments().map(|comment| comment.applied).sum(),
        ),
    ] {
        let author = format!(r#",author="{author}""#);
        detail.count("pull_request_suggestions", &author, made);
        detail.count("pull_request_suggestions_applied", &author, applied);
    }
}

/// How long half of the merges took at most, of which there must be some.
fn medians(pulls: &[PullRequests], detail: &mut Detail<'_>) {
    for (kind, is) in [
        ("all", (|_| true) as fn(&Merge) -> bool),
        ("copilot_authored", |merge| merge.authored_by_copilot),
        ("copilot_reviewed", |merge| merge.reviewed_by_copilot),
    ] {
        let merges = pulls.iter().flat_map(|pulls| &pulls.merged).filter(|merge| is(merge));
        if let Some(minutes) = median(merges.map(|merge| merge.minutes).collect()) {
            let kind = format!(r#",kind="{kind}""#);
            detail.put("pull_request_median_time_to_merge_seconds", &kind, 60.0 * minutes);
        }
    }
}

/// The number in the middle, or between the two there.
fn median(mut numbers: Vec<u64>) -> Option<f64> {
    numbers.sort_unstable();
    let (lower, upper) = (numbers.len().checked_sub(1)? / 2, numbers.len() / 2);
    Some((numbers[lower] + numbers[upper]) as f64 / 2.0)
}
