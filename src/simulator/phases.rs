//! How far people have come with AI, as GitHub sorts them into phases. Here it is a matter of habits and
//! the same every day.

use serde::{Serialize, Serializer};

use super::deeds::Deed;
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
    /// Counts somebody who is active on the day and tells this of it.
    pub(super) fn engage(&mut self, phase: Phase, told: &[Deed]) {
        let cohort = &mut self.0[phase.phase_number];
        cohort.engaged += 1;
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
    fn row(self, phase: Phase) -> Row {
        // Rounded to hundredths; 0 where nobody is engaged.
        let average = |sum: u64| (100.0 * sum as f64 / self.engaged.max(1) as f64).round() / 100.0;
        Row {
            phase,
            total_engaged_users: self.engaged,
            users_in_phase_28d: self.members,
            avg_user_initiated_interactions: average(self.interactions),
            avg_code_generation_activities: average(self.generations),
            avg_code_acceptance_activities: average(self.acceptances),
            avg_loc_added: average(self.lines_added),
            avg_loc_deleted: average(self.lines_deleted),
        }
    }
}

/// Phases without anybody are left out.
impl Serialize for Cohorts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let cohorts = self.0.iter().enumerate().filter(|(_, cohort)| cohort.members > 0);
        serializer.collect_seq(cohorts.map(|(number, cohort)| cohort.row(Phase::number(number))))
    }
}
