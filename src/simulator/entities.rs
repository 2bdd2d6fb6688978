//! The records of the organisation and enterprise reports: everybody's day added up, and how many people
//! were active over the weeks before it.

use chrono::NaiveDate;
use serde::Serialize;

use super::activity::Activity;
use super::calendar::shift;
use super::edition::Edition;
use super::files::Owner;
use super::phases::{Cohorts, Phase};
use super::users::{Span, Used, told};
use super::world::{Entity, World};

/// The days over which monthly users are counted.
const MONTH: u32 = 28;
const WEEK: u32 = 7;

/// The record of one day.
#[derive(Debug, Serialize)]
pub(super) struct EntityDay<'o> {
    day: NaiveDate,
    #[serde(flatten)]
    owner: &'o Owner,
    daily_active_users: u64,
    weekly_active_users: u64,
    monthly_active_users: u64,
    monthly_active_chat_users: u64,
    monthly_active_agent_users: u64,
    /// Left out when nobody used the command line.
    #[serde(skip_serializing_if = "Option::is_none")]
    daily_active_cli_users: Option<u64>,
    #[serde(flatten)]
    activity: Activity,
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
}

/// The days on which one person did something, one bit each.
#[derive(Default)]
struct Marks {
    active: u64,
    chat: u64,
    agent: u64,
    cli: u64,
}

impl<'o> EntityMonth<'o> {
    pub(super) fn of(span: Span, owner: &'o Owner, day_totals: Vec<EntityDay<'o>>) -> Self {
        Self { span, owner, day_totals }
    }
}

impl<'o> EntityDay<'o> {
    /// The records of the `count` days up to `last`, at most 28, in their order; days of which nothing is
    /// reported have none.
    ///
    /// Every person is asked once for every day that any of the records looks back to.
    pub(super) fn up_to(
        last: NaiveDate,
        count: u32,
        world: &World,
        entity: &Entity,
        owner: &'o Owner,
        edition: &Edition,
    ) -> Vec<Self> {
        let all = MONTH - 1 + count;
        let day = |index: u32| shift(last, i64::from(index) + 1 - i64::from(all));
        let mut records: Vec<_> = (MONTH - 1..all).map(|index| Self::empty(day(index), owner)).collect();
        for person in world.people_of(entity) {
            let (mut marks, phase) = (Marks::default(), Phase::of(person));
            for index in 0..all {
                let deeds = edition.deeds(person, day(index));
                let told = told(person, &deeds);
                marks.note(index, !deeds.is_empty(), Used::of(told));
                let record = index.checked_sub(MONTH - 1).map(|record| &mut records[record as usize]);
                if let Some(record) = record.filter(|_| !deeds.is_empty()) {
                    record.activity.add(told);
                    record.totals_by_ai_adoption_phase.engage(phase, told);
                }
            }
            for (index, record) in (MONTH - 1..).zip(&mut records) {
                record.count(&marks, index, phase);
            }
        }
        records.retain(|record| edition.has(record.day));
        records
    }

    fn empty(day: NaiveDate, owner: &'o Owner) -> Self {
        Self {
            day,
            owner,
            daily_active_users: 0,
            weekly_active_users: 0,
            monthly_active_users: 0,
            monthly_active_chat_users: 0,
            monthly_active_agent_users: 0,
            daily_active_cli_users: None,
            activity: Activity::default(),
            totals_by_ai_adoption_phase: Cohorts::default(),
        }
    }

    /// Counts somebody in, on the day of that index.
    fn count(&mut self, marks: &Marks, index: u32, phase: Phase) {
        self.daily_active_users += any(marks.active, index, 1);
        self.weekly_active_users += any(marks.active, index, WEEK);
        self.monthly_active_users += any(marks.active, index, MONTH);
        self.monthly_active_chat_users += any(marks.chat, index, MONTH);
        self.monthly_active_agent_users += any(marks.agent, index, MONTH);
        if any(marks.cli, index, 1) > 0 {
            *self.daily_active_cli_users.get_or_insert_default() += 1;
        }
        if any(marks.active, index, MONTH) > 0 {
            self.totals_by_ai_adoption_phase.join(phase);
        }
    }
}

impl Marks {
    fn note(&mut self, index: u32, active: bool, used: Used) {
        let mark = |marks: &mut u64, is_so: bool| *marks |= u64::from(is_so) << index;
        mark(&mut self.active, active);
        mark(&mut self.chat, used.chat);
        mark(&mut self.agent, used.agent);
        mark(&mut self.cli, used.cli);
    }
}

/// 1 if there is a mark on any of the `days` days up to the one of that index, else 0.
fn any(marks: u64, index: u32, days: u32) -> u64 {
    let window = ((1 << days) - 1) << (index + 1 - days);
    u64::from(marks & window != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_ends_with_its_day() {
        for (marked, index, days, expected) in [
            (30, 30, 1, 1),
            (29, 30, 1, 0),
            (24, 30, 7, 1),
            (23, 30, 7, 0),
            (31, 30, 28, 0),
            (0, 27, 28, 1),
            (54, 54, 28, 1),
        ] {
            assert_eq!(any(1 << marked, index, days), expected, "{marked} in {days} up to {index}");
        }
    }
}
