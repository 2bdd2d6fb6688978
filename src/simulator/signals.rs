//! What else happened on a day on which a person used Copilot: things no editor is needed for, and things
//! that reports count apart from everything else.
//!
//! There are none without a deed, so that whoever has any is an active user anyway. They have dice of their
//! own: deeds are what they would be without them.

use chrono::NaiveDate;
use fastrand::Rng;

use super::calendar::number;
use super::deeds::{Deed, Feature};
use super::dice::{self, chance, mix};
use super::habits::Habits;
use super::stack::Editor;
use super::world::Person;

/// What else happened around one person on one day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signals {
    /// Whether the cloud agent worked for them.
    pub cloud_agent: bool,
    /// Whether they asked Copilot for a review, or applied what one suggested.
    pub review_active: bool,
    /// Whether Copilot reviewed for them without being asked.
    pub review_passive: bool,
    /// What they did in the Agents window of Visual Studio Code. The editor tells it, so that nobody learns
    /// it of people with telemetry off; all else the service sees itself.
    pub vscode_agent: Option<AgentsWindow>,
    /// What other companies' agents did for them.
    pub third_party: Vec<AgentJobs>,
    /// What became of pull requests.
    pub pull_requests: PullRequests,
    /// What of the command line's extensions they used. It tells so itself, like the editors.
    pub customisations: Vec<Customisation>,
}

/// Use of the Agents window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgentsWindow {
    /// `session_count`
    pub sessions: u64,
    /// `total_user_messages`
    pub messages: u64,
}

/// What one agent of another company did for somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgentJobs {
    /// `agent_id`, which stays.
    pub id: &'static str,
    /// `agent_name`, which is for reading.
    pub name: &'static str,
    /// Jobs started (`user_initiated_interaction_count`).
    pub jobs: u64,
    /// `session_count`, at least as many.
    pub sessions: u64,
}

/// What somebody, or Copilot for them, did with pull requests on a day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PullRequests {
    /// `total_created`, by whomever.
    pub created: u64,
    /// `total_created_by_copilot`
    pub created_by_copilot: u64,
    /// `total_reviewed`, by whomever.
    pub reviewed: u64,
    /// `total_reviewed_by_copilot`
    pub reviewed_by_copilot: u64,
    /// Those that were merged.
    pub merged: Vec<Merge>,
    /// Suggestions made in reviews by people.
    pub suggestions: u64,
    /// Those of them that were applied.
    pub applied_suggestions: u64,
    /// Suggestions made by Copilot, each type once.
    pub comments: Vec<Comments>,
}

/// A pull request that was merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Merge {
    /// From its creation to the merge.
    pub minutes: u64,
    /// Whether Copilot wrote it.
    pub authored_by_copilot: bool,
    /// Whether Copilot reviewed it.
    pub reviewed_by_copilot: bool,
}

/// Copilot's suggestions of one type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Comments {
    /// `comment_type`
    pub kind: &'static str,
    /// `total_copilot_suggestions`
    pub suggestions: u64,
    /// `total_copilot_applied_suggestions`, at most as many.
    pub applied: u64,
}

/// Use of one extension of the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Customisation {
    /// Which array it is counted in.
    pub kind: CustomisationKind,
    /// Its name, private ones being one.
    pub name: &'static str,
    /// `interaction_count`
    pub count: u64,
}

/// The kinds of extensions of the command line, by the names of their fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CustomisationKind {
    /// `skill`
    Skill,
    /// `custom_agent`
    CustomAgent,
    /// `mcp`, of which connections are counted.
    Mcp,
    /// `slash_cmd`
    SlashCmd,
    /// `plugin`, which brings skills.
    Plugin,
}

/// Other companies' agents.
const AGENTS: [(&str, &str); 3] =
    [("anthropic-code-agent", "Claude"), ("openai-code-agent", "Codex"), ("octo-partner-agent", "Partner")];

const COMMENTS: [&str; 4] = ["bug_risk", "security", "performance", "maintainability"];

impl CustomisationKind {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Skill, Self::CustomAgent, Self::Mcp, Self::SlashCmd, Self::Plugin];

    /// The field that holds the name of one.
    pub fn field(self) -> &'static str {
        match self {
            Self::Skill => "skill",
            Self::CustomAgent => "custom_agent",
            Self::Mcp => "mcp",
            Self::SlashCmd => "slash_cmd",
            Self::Plugin => "plugin",
        }
    }

    fn names(self) -> [&'static str; 7] {
        match self {
            Self::Skill => {
                ["code-review", "changelog", "pdf", "release-notes", "sql-tuning", "triage", "other"]
            }
            Self::CustomAgent => ["explore", "plan", "reviewer", "security", "test-writer", "docs", "other"],
            Self::Mcp => ["github", "playwright", "context7", "grafana", "sentry", "postgres", "other"],
            Self::SlashCmd => ["model", "clear", "compact", "usage", "review", "delegate", "custom"],
            Self::Plugin => ["office", "cloud", "data", "frontend", "mobile", "ops", "other"],
        }
    }
}

/// What else happened around `person` on `day`, on which they did `deeds`; nothing if there are none.
pub(super) fn signals(person: &Person, day: NaiveDate, deeds: &[Deed]) -> Signals {
    if deeds.is_empty() {
        return Signals::default();
    }
    let mut today = Today {
        habits: &person.habits,
        rng: dice::about(mix(person.dice, number(day)), "signals"),
        signals: Signals::default(),
    };
    today.delegate();
    today.review();
    today.open();
    today.merge();
    today.command(deeds);
    today.signals
}

/// What of it is reported: of people with telemetry off only what the service sees itself.
pub(super) fn reported(person: &Person, day: NaiveDate, deeds: &[Deed]) -> Signals {
    let signals = signals(person, day, deeds);
    if person.telemetry {
        return signals;
    }
    Signals { vscode_agent: None, customisations: Vec::new(), ..signals }
}

/// A person's day in the making.
struct Today<'p> {
    habits: &'p Habits,
    rng: Rng,
    signals: Signals,
}

impl Today<'_> {
    /// Agents outside of the editor.
    fn delegate(&mut self) {
        let Self { habits, rng, signals } = self;
        signals.cloud_agent = chance(rng, habits.cloud_agent);
        if habits.editors.contains(&Editor::VsCode) && chance(rng, habits.agents_window) {
            let sessions = rng.u64(1..=4);
            let messages = rng.u64(sessions..=sessions * 8);
            signals.vscode_agent = Some(AgentsWindow { sessions, messages });
        }
        for (id, name) in AGENTS {
            if chance(rng, habits.third_party) {
                let jobs = rng.u64(1..=3);
                let sessions = rng.u64(jobs..=jobs * 2);
                signals.third_party.push(AgentJobs { id, name, jobs, sessions });
            }
        }
    }

    /// Reviews by the person, and those Copilot made for them.
    fn review(&mut self) {
        let Self { habits, rng, signals } = self;
        let pulls = &mut signals.pull_requests;
        signals.review_active = chance(rng, habits.review);
        signals.review_passive = chance(rng, 80);
        if signals.review_active || signals.review_passive {
            pulls.reviewed_by_copilot = rng.u64(1..=2);
            for kind in COMMENTS {
                if chance(rng, 400) {
                    let suggestions = rng.u64(1..=4);
                    let applied = rng.u64(0..=suggestions);
                    pulls.comments.push(Comments { kind, suggestions, applied });
                }
            }
        }
        let own = if chance(rng, habits.pull_requests) { rng.u64(1..=3) } else { 0 };
        pulls.reviewed = own + pulls.reviewed_by_copilot;
        pulls.suggestions = rng.u64(0..=own * 2);
        pulls.applied_suggestions = rng.u64(0..=pulls.suggestions);
    }

    /// Pull requests by the person, and those the cloud agent made for them.
    fn open(&mut self) {
        let Self { habits, rng, signals } = self;
        let own = if chance(rng, habits.pull_requests) { rng.u64(1..=2) } else { 0 };
        let pulls = &mut signals.pull_requests;
        pulls.created_by_copilot = if signals.cloud_agent { rng.u64(0..=2) } else { 0 };
        pulls.created = own + pulls.created_by_copilot;
    }

    /// What got merged: most within a day, some after weeks.
    fn merge(&mut self) {
        let Self { habits, rng, signals } = self;
        if !chance(rng, habits.pull_requests) {
            return;
        }
        for _ in 0..rng.usize(1..=2) {
            let longest = if chance(rng, 150) { 20_000 } else { 1_440 };
            signals.pull_requests.merged.push(Merge {
                minutes: rng.u64(4..longest),
                authored_by_copilot: habits.cloud_agent > 0 && chance(rng, 200),
                reviewed_by_copilot: chance(rng, habits.review),
            });
        }
    }

    /// Extensions, on days with the command line.
    fn command(&mut self, deeds: &[Deed]) {
        if !deeds.iter().any(|deed| deed.feature == Feature::CopilotCli) {
            return;
        }
        for kind in CustomisationKind::ALL {
            let has_skill =
                || self.signals.customisations.iter().any(|used| used.kind == CustomisationKind::Skill);
            let is_possible = kind != CustomisationKind::Plugin || has_skill();
            for name in kind.names() {
                let count = self.rng.u64(1..=6);
                if chance(&mut self.rng, 120) && is_possible {
                    self.signals.customisations.push(Customisation { kind, name, count });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::simulator::calendar::shift;
    use crate::simulator::{Plan, World};

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn signals_keep_the_counting_rules(seed: u64, days_after in -400_i64..400) {
            let start = "2026-11-20".parse().unwrap();
            let (world, day) =
                (World::new(&Plan { orgs: 2, teams: 3, users: 60, seed, start }), shift(start, days_after));
            for person in world.people() {
                let signals = world.signals(person, day);
                prop_assert_eq!(&signals, &world.signals(person, day));
                prop_assert!(signals == Signals::default() || !world.deeds(person, day).is_empty());
                let Signals { pull_requests: pulls, .. } = &signals;
                prop_assert!(pulls.created_by_copilot <= pulls.created);
                prop_assert!(pulls.created_by_copilot == 0 || signals.cloud_agent);
                prop_assert!(pulls.reviewed_by_copilot <= pulls.reviewed);
                prop_assert!(pulls.applied_suggestions <= pulls.suggestions);
                prop_assert!(pulls.comments.iter().all(|comment| comment.applied <= comment.suggestions));
                prop_assert!(signals.third_party.iter().all(|agent| 0 < agent.jobs && agent.jobs <= agent.sessions));
                let kinds = |kind| signals.customisations.iter().any(|used| used.kind == kind);
                prop_assert!(kinds(CustomisationKind::Skill) || !kinds(CustomisationKind::Plugin));
            }
        }
    }
}
