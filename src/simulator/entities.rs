//! The records of the organisation and enterprise reports: everybody's day added up, and how many people
//! were active over the weeks before it.

use chrono::NaiveDate;
use serde::Serialize;

use super::activity::Activity;
use super::agents::Agents;
use super::audience::{Audience, Engagement, MONTH, Marks};
use super::calendar::shift;
use super::customisations::Customisations;
use super::deeds::Deed;
use super::edition::Edition;
use super::files::Owner;
use super::phases::{Cohorts, Phase};
use super::pulls::Pulls;
use super::signals::{self, Signals};
use super::users::{Span, told};
use super::world::{Entity, World};

/// The record of one day.
#[derive(Debug, Serialize)]
pub(super) struct EntityDay<'o> {
    day: NaiveDate,
    #[serde(flatten)]
    owner: &'o Owner,
    #[serde(flatten)]
    audience: Audience,
    #[serde(flatten)]
    activity: Activity,
    #[serde(flatten)]
    agents: Agents,
    #[serde(flatten)]
    customisations: Customisations,
    pull_requests: Pulls,
    totals_by_ai_adoption_phase: Cohorts,
}

/// The only record of a 28-day report.
#[derive(Debug, Serialize)]
pub(super) struct EntityMonth<'o> {
    #[serde(flatten)]
    span: Span,
    #[serde(flatten)]
    owner: &'o Owner,
    day_totals: Vec<EntityDay<'o>>,
    copilot_feature_engagement: Engagement,
}

/// The days up to one that are looked at, oldest first.
#[derive(Clone, Copy)]
struct Days {
    last: NaiveDate,
    /// How many have a record; so many of the first have none as it takes to look back four weeks.
    records: u32,
}

impl<'o> EntityMonth<'o> {
    /// The record of the days of `span`, which are 28.
    pub(super) fn of(
        span: Span,
        world: &World,
        entity: &Entity,
        owner: &'o Owner,
        edition: &Edition,
    ) -> Self {
        let days = Days { last: span.report_end_day, records: MONTH };
        let (day_totals, copilot_feature_engagement) = days.read(world, entity, owner, edition);
        Self { span, owner, day_totals, copilot_feature_engagement }
    }
}

impl<'o> EntityDay<'o> {
    /// The record of a day; none if nothing is reported of it.
    pub(super) fn of(
        day: NaiveDate,
        world: &World,
        entity: &Entity,
        owner: &'o Owner,
        edition: &Edition,
    ) -> Option<Self> {
        Days { last: day, records: 1 }.read(world, entity, owner, edition).0.pop()
    }

    fn empty(day: NaiveDate, owner: &'o Owner) -> Self {
        Self {
            day,
            owner,
            audience: Audience::default(),
            activity: Activity::default(),
            agents: Agents::default(),
            customisations: Customisations::default(),
            pull_requests: Pulls::default(),
            totals_by_ai_adoption_phase: Cohorts::default(),
        }
    }

    /// Adds what somebody did on the day itself.
    fn add(&mut self, phase: Phase, told: &[Deed], signals: &Signals) {
        self.activity.add(told);
        self.agents.add(signals);
        self.customisations.add(&signals.customisations);
        self.pull_requests.add(&signals.pull_requests);
        self.totals_by_ai_adoption_phase.engage(phase, told, &signals.pull_requests);
    }

    /// Counts somebody in, on the day of that index.
    fn count(&mut self, marks: &Marks, index: u32, phase: Phase) {
        self.audience.count(marks, index);
        if marks.is_active(index) {
            self.totals_by_ai_adoption_phase.join(phase);
        }
    }
}

impl Days {
    fn all(self) -> u32 {
        MONTH - 1 + self.records
    }

    fn day(self, index: u32) -> NaiveDate {
        shift(self.last, i64::from(index) + 1 - i64::from(self.all()))
    }

    /// The records of those days of which anything is reported, in their order, and how many people were
    /// engaged in the four weeks up to the last.
    ///
    /// Every person is asked once for every day that any of the records looks back to.
    fn read<'o>(
        self,
        world: &World,
        entity: &Entity,
        owner: &'o Owner,
        edition: &Edition,
    ) -> (Vec<EntityDay<'o>>, Engagement) {
        let indices = MONTH - 1..self.all();
        let mut records: Vec<_> =
            indices.clone().map(|index| EntityDay::empty(self.day(index), owner)).collect();
        let mut engagement = Engagement::default();
        for person in world.people_of(entity) {
            let (mut marks, phase) = (Marks::default(), Phase::of(person));
            for index in 0..self.all() {
                let deeds = edition.deeds(person, self.day(index));
                if deeds.is_empty() {
                    continue;
                }
                let (told, signals) =
                    (told(person, &deeds), signals::reported(person, self.day(index), &deeds));
                marks.note(index, told, &signals);
                if let Some(record) = index.checked_sub(MONTH - 1) {
                    records[record as usize].add(phase, told, &signals);
                }
            }
            for (index, record) in indices.clone().zip(&mut records) {
                record.count(&marks, index, phase);
            }
            engagement.count(&marks, self.all() - 1);
        }
        records.retain(|record| edition.has(record.day));
        (records, engagement)
    }
}
