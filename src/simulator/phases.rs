//! How far people have come with AI, as GitHub sorts them into phases. Here it is a matter of habits and
//! the same every day.

use serde::{Serialize, Serializer};

use super::deeds::Deed;
use super::pulls::median;
use super::signals::PullRequests;
use super::world::Person;

/// A phase, as every row of a user says it.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Phase {
    phase: &'static str,
    phase_number: usize,
    version: &'static str,
}

/// The people of every phase, being counted.
#[derive(Debug, Default)]
pub(super) struct Cohorts([Cohort; 4]);

/// The people of one phase: those active on a day, with what they did, and those active in its four weeks.
#[derive(Clone, Copy, Debug, Default)]
struct Cohort {
    engaged: u64,
    members: u64,
    interactions: u64,
    generations: u64,
    acceptances: u64,
    lines_added: u64,
    lines_deleted: u64,
    created: u64,
    reviewed: u64,
    merged: u64,
    /// Of those who had something merged: how many they are, and the sum of their median minutes.
    merging: u64,
    minutes: f64,
}

/// A phase in the record of an organisation or the enterprise.
#[derive(Serialize)]
struct Row {
    #[serde(flatten)]
    phase: Phase,
    total_engaged_users: u64,
    users_in_phase_28d: u64,
    avg_user_initiated_interactions: f64,
    avg_code_generation_activities: f64,
    avg_code_acceptance_activities: f64,
    avg_loc_added: f64,
    avg_loc_deleted: f64,
    total_pull_requests_merged: u64,
    avg_pull_requests_created: f64,
    avg_pull_requests_reviewed: f64,
    avg_pull_requests_merged: f64,
    /// Missing where nothing was merged.
    #[serde(skip_serializing_if = "Option::is_none")]
    avg_pull_requests_median_minutes_to_merge: Option<f64>,
}

impl Phase {
    /// The phases by their numbers.
    const NAMES: [&str; 4] = ["No Cohort", "Phase 1", "Phase 2", "Phase 3"];

    /// Of people with telemetry off nothing is known; the others use agents and the command line, or not.
    pub(super) fn of(person: &Person) -> Self {
        let habits = &person.habits;
        Self::number(match (person.telemetry, habits.agent, habits.cli) {
            (false, ..) => 0,
            (_, 0, _) => 1,
            (_, _, 0) => 2,
            _ => 3,
        })
    }

    fn number(phase_number: usize) -> Self {
        Self { phase: Self::NAMES[phase_number], phase_number, version: "v1" }
    }
}

impl Cohorts {
    /// Counts somebody who is active on the day, tells this of it and had these pull requests.
    pub(super) fn engage(&mut self, phase: Phase, told: &[Deed], pulls: &PullRequests) {
        let cohort = &mut self.0[phase.phase_number];
        cohort.engaged += 1;
        cohort.add(pulls);
        for deed in told {
            cohort.interactions += deed.interactions;
            cohort.generations += deed.generations;
            cohort.acceptances += deed.acceptances;
            cohort.lines_added += deed.lines_added;
            cohort.lines_deleted += deed.lines_deleted;
        }
    }

    /// Counts somebody who was active in the four weeks up to the day.
    pub(super) fn join(&mut self, phase: Phase) {
        self.0[phase.phase_number].members += 1;
    }
}

impl Cohort {
    fn add(&mut self, pulls: &PullRequests) {
        self.created += pulls.created;
        self.reviewed += pulls.reviewed;
        self.merged += u64::try_from(pulls.merged.len()).unwrap_or(u64::MAX);
        if let Some(minutes) = median(&pulls.merged) {
            self.merging += 1;
            self.minutes += minutes;
        }
    }

    fn row(self, phase: Phase) -> Row {
        // Rounded to hundredths; 0 where nobody is engaged.
        let average = |sum: u64| hundredths(sum as f64 / self.engaged.max(1) as f64);
        let has_merged = self.merging > 0;
        Row {
            phase,
            total_engaged_users: self.engaged,
            users_in_phase_28d: self.members,
            avg_user_initiated_interactions: average(self.interactions),
            avg_code_generation_activities: average(self.generations),
            avg_code_acceptance_activities: average(self.acceptances),
            avg_loc_added: average(self.lines_added),
            avg_loc_deleted: average(self.lines_deleted),
            total_pull_requests_merged: self.merged,
            avg_pull_requests_created: average(self.created),
            avg_pull_requests_reviewed: average(self.reviewed),
            avg_pull_requests_merged: average(self.merged),
            avg_pull_requests_median_minutes_to_merge: has_merged
                .then(|| hundredths(self.minutes / self.merging as f64)),
        }
    }
}

fn hundredths(number: f64) -> f64 {
    (100.0 * number).round() / 100.0
}

/// Phases without anybody are left out.
impl Serialize for Cohorts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let cohorts = self.0.iter().enumerate().filter(|(_, cohort)| cohort.members > 0);
        serializer.collect_seq(cohorts.map(|(number, cohort)| cohort.row(Phase::number(number))))
    }
}
