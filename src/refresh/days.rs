//! Which days reports are read of, what of each has been read, and what is due. Pure.

use std::{cmp::Reverse, collections::BTreeMap};

use chrono::{Days as Span, NaiveDate, TimeDelta};

use crate::{clock::Instant, model::state::MONTH};

/// Late telemetry revises a day for about three days after it was published.
const TRAILING: i64 = 4;

/// The newest days are read again when they were last read so long ago.
const AGAIN_AFTER: TimeDelta = TimeDelta::days(1);

/// What can be read of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// What people did.
    People,
    /// Who is in which team.
    Teams,
    /// Both, put together.
    Joined,
}

/// The days of one owner.
#[derive(Debug, Default)]
pub struct Days {
    by_day: BTreeMap<NaiveDate, DayRead>,
    newest: Option<NaiveDate>,
    settle_days: u64,
    /// When anything was last read.
    last_read: Option<Instant>,
}

/// What was read of a day.
#[derive(Debug, Default)]
struct DayRead {
    /// What the owner's own report of the day looked like; nothing for days before its month.
    entity: Option<u64>,
    people: Option<Reading>,
    teams: Option<Reading>,
    joined: Option<Reading>,
    /// When reading it last failed.
    failed: Option<Instant>,
}

/// When something was read, and what the owner's own report looked like then.
#[derive(Clone, Copy, Debug)]
struct Reading {
    at: Instant,
    entity: Option<u64>,
    /// Whether the day could be shown then: of older ones less is kept.
    shown: bool,
}

impl DayRead {
    fn last(&self, part: Part) -> Option<Reading> {
        match part {
            Part::People => self.people,
            Part::Teams => self.teams,
            Part::Joined => self.joined,
        }
    }
}

impl Days {
    /// No days yet, of which the one that is shown can be older than the newest by `settle_days`.
    pub fn settling(settle_days: u8) -> Self {
        Self { settle_days: settle_days.into(), ..Self::default() }
    }

    /// Follows the days that GitHub has published, each with what tells whether it has changed. Older days that are
    /// still needed stay.
    pub fn follow(&mut self, published: &BTreeMap<NaiveDate, u64>) {
        let Some((newest, _)) = published.last_key_value() else { return };
        self.newest = Some(*newest);
        let month = self.month_begins();
        self.by_day.retain(|day, _| published.contains_key(day) || Some(*day) < month);
        let begins = self.begins();
        self.by_day.retain(|day, _| Some(*day) >= begins);
        for (day, entity) in published.iter().filter(|(day, _)| Some(**day) >= month) {
            self.by_day.entry(*day).or_default().entity = Some(*entity);
        }
    }

    /// Where nothing was read for a month, everything is to be read again: what is not read again for so long is dropped
    /// ([`crate::model::State::expire`]), be it that reports were refused, or that the clock was set.
    pub fn forget_dropped(&mut self, now: Instant) {
        let dropped = self.last_read.is_some_and(|last| now - last > TimeDelta::days(MONTH.into()));
        if dropped {
            self.last_read = None;
            for read in self.by_day.values_mut() {
                (read.people, read.teams, read.joined) = (None, None, None);
            }
        }
    }

    /// Adds a day before the month.
    pub fn add(&mut self, day: NaiveDate) {
        self.by_day.entry(day).or_default();
    }

    /// Whether a day is read.
    pub fn contains(&self, day: NaiveDate) -> bool {
        self.by_day.contains_key(&day)
    }

    /// The newest day that is published.
    pub fn newest(&self) -> Option<NaiveDate> {
        self.newest
    }

    /// The first of the 28 days up to the newest.
    pub fn month_begins(&self) -> Option<NaiveDate> {
        self.back(u64::from(MONTH) - 1)
    }

    /// The first day on which the monthly people of the day that is shown depend.
    pub fn begins(&self) -> Option<NaiveDate> {
        self.back(u64::from(MONTH) - 1 + self.settle_days)
    }

    /// The first day that can be the one that is shown: of a team that may lag by a day. Where GitHub leaves days out,
    /// the newest that has settled is as much older.
    pub fn shown_from(&self) -> Option<NaiveDate> {
        let settled = self.back(self.settle_days)?;
        let shown = self.by_day.range(..=settled).next_back().map_or(settled, |(day, _)| *day);
        shown.pred_opt()
    }

    fn back(&self, days: u64) -> Option<NaiveDate> {
        self.newest?.checked_sub_days(Span::new(days))
    }

    /// The days of which a part is not read yet, has changed since, or may have: the newest first, but those that
    /// failed the last time behind all others, so that they cannot keep them waiting for ever.
    pub fn due(&self, part: Part, now: Instant) -> Vec<NaiveDate> {
        let mut due: Vec<_> = self.by_day.iter().filter(|(day, _)| self.is_due(**day, part, now)).collect();
        due.sort_by_key(|(day, read)| (read.failed, Reverse(**day)));
        due.into_iter().map(|(day, _)| *day).collect()
    }

    /// Whether a part of any day was read.
    pub fn any_read(&self, part: Part) -> bool {
        self.by_day.values().any(|read| read.last(part).is_some())
    }

    /// Whether a part of a day is due.
    pub fn is_due(&self, day: NaiveDate, part: Part, now: Instant) -> bool {
        let Some(read) = self.by_day.get(&day) else { return false };
        let trails = self.newest.is_some_and(|newest| (newest - day).num_days() < TRAILING);
        let is_old = |last: Reading| {
            let again = trails && now - last.at >= AGAIN_AFTER;
            last.entity != read.entity || again || (self.is_shown(day) && !last.shown)
        };
        read.last(part).is_none_or(is_old)
    }

    /// Whether a day can be the one that is shown, or that of a team.
    fn is_shown(&self, day: NaiveDate) -> bool {
        self.shown_from().is_some_and(|first| day >= first)
    }

    /// Takes note that something of a day could not be read.
    pub fn fail(&mut self, day: NaiveDate, at: Instant) {
        if let Some(read) = self.by_day.get_mut(&day) {
            read.failed = Some(at);
        }
    }

    /// Takes note that a part of a day was read.
    pub fn read(&mut self, day: NaiveDate, part: Part, at: Instant) {
        let shown = self.is_shown(day);
        let Some(read) = self.by_day.get_mut(&day) else { return };
        self.last_read = Some(at);
        let reading = Some(Reading { at, entity: read.entity, shown });
        match part {
            Part::People => read.people = reading,
            Part::Teams => read.teams = reading,
            Part::Joined => read.joined = reading,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noon() -> Instant {
        "2026-11-20T12:00:00Z".parse().unwrap()
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    /// The `count` days up to this one, as they look unrevised.
    fn month(last: &str, count: u64) -> BTreeMap<NaiveDate, u64> {
        (0..count).map(|back| (day(last) - Span::new(back), 1)).collect()
    }

    fn all_read(published: &BTreeMap<NaiveDate, u64>) -> Days {
        let mut days = Days::settling(0);
        days.follow(published);
        for day in published.keys() {
            days.read(*day, Part::People, noon());
        }
        days
    }

    #[test]
    fn every_day_is_due_once_and_the_newest_first() {
        let mut days = Days::settling(0);
        days.follow(&month("2026-11-17", 3));
        let all = ["2026-11-17", "2026-11-16", "2026-11-15"].map(day);
        assert_eq!(days.due(Part::People, noon()), all);
        days.read(all[1], Part::People, noon());
        assert_eq!(days.due(Part::People, noon()), [all[0], all[2]]);
        assert_eq!(days.due(Part::Joined, noon()), all, "each part by itself");
    }

    #[test]
    fn days_that_failed_come_behind_all_others_and_take_turns() {
        let mut days = Days::settling(0);
        days.follow(&month("2026-11-17", 4));
        days.fail(day("2026-11-16"), noon() + TimeDelta::minutes(1));
        days.fail(day("2026-11-17"), noon());
        days.fail(day("2026-01-01"), noon());
        let order = ["2026-11-15", "2026-11-14", "2026-11-17", "2026-11-16"].map(day);
        assert_eq!(days.due(Part::Teams, noon()), order);
    }

    #[test]
    fn a_new_day_and_a_changed_one_are_due_and_nothing_else() {
        let mut days = all_read(&month("2026-11-17", 28));
        let mut published = month("2026-11-18", 28);
        published.insert(day("2026-11-15"), 2);
        days.follow(&published);
        assert_eq!(days.due(Part::People, noon()), ["2026-11-18", "2026-11-15"].map(day));
    }

    #[test]
    fn the_newest_four_are_due_again_after_a_day() {
        let days = all_read(&month("2026-11-17", 28));
        let later = |minutes| noon() + TimeDelta::minutes(minutes);
        assert_eq!(days.due(Part::People, later(24 * 60 - 1)), [] as [NaiveDate; 0]);
        let trailing = ["2026-11-17", "2026-11-16", "2026-11-15", "2026-11-14"].map(day);
        assert_eq!(days.due(Part::People, later(24 * 60)), trailing);
        assert_eq!(
            days.due(Part::People, noon() - TimeDelta::days(9)),
            [] as [NaiveDate; 0],
            "a clock set back"
        );
    }

    #[test]
    fn after_a_month_without_reading_everything_is_due_again() {
        let mut days = all_read(&month("2026-11-17", 28));
        let later = |days| noon() + TimeDelta::days(days);
        days.forget_dropped(later(28));
        assert_eq!(days.due(Part::People, later(28)).len(), 4, "the newest");
        days.forget_dropped(later(29));
        assert_eq!(days.due(Part::People, later(29)).len(), 28);
        days.read(day("2026-11-17"), Part::People, later(29));
        days.forget_dropped(later(29));
        assert_eq!(days.due(Part::People, later(29)).len(), 27, "not twice");
        days.forget_dropped(noon());
        assert_eq!(days.due(Part::People, noon()).len(), 27, "nor when the clock is set back");
    }

    #[test]
    fn days_that_left_the_month_go_and_those_of_a_settling_one_stay() {
        let mut days = Days::settling(2);
        days.follow(&month("2026-11-15", 28));
        days.follow(&month("2026-11-18", 28));
        let due = days.due(Part::People, noon());
        assert_eq!((due.len(), due.last().copied()), (30, days.begins()));
        days.add(day("2026-10-19"));
        assert_eq!(days.due(Part::People, noon()).len(), 31);
    }

    #[test]
    fn a_day_that_was_too_old_to_be_shown_is_read_again_when_it_can_be() {
        let published = month("2026-11-17", 5);
        let mut days = Days::settling(0);
        let with_mistake = published.clone().into_iter().chain(month("2026-11-27", 1)).collect();
        days.follow(&with_mistake);
        for day in with_mistake.keys() {
            days.read(*day, Part::People, noon());
        }
        assert_eq!(days.due(Part::People, noon()), [] as [NaiveDate; 0]);
        days.follow(&published);
        assert_eq!(days.due(Part::People, noon()), ["2026-11-17", "2026-11-16"].map(day));
    }

    #[test]
    fn where_days_are_left_out_the_one_that_has_settled_is_shown_however_old_it_is() {
        let friday_and_monday = month("2026-11-13", 5).into_iter().chain(month("2026-11-16", 1)).collect();
        for (settle_days, shown_from) in
            [(0, "2026-11-15"), (1, "2026-11-12"), (3, "2026-11-12"), (4, "2026-11-11")]
        {
            let mut days = Days::settling(settle_days);
            days.follow(&friday_and_monday);
            assert_eq!(days.shown_from(), Some(day(shown_from)), "{settle_days}");
        }
        let mut days = Days::settling(9);
        assert_eq!(days.shown_from(), None);
        days.follow(&friday_and_monday);
        assert_eq!(days.shown_from(), Some(day("2026-11-06")), "nothing has settled yet");
    }

    #[test]
    fn a_day_that_github_takes_back_is_no_longer_read() {
        let mut days = Days::settling(0);
        days.follow(&month("2099-01-01", 1));
        days.follow(&month("2026-11-17", 1));
        assert_eq!(days.due(Part::People, noon()), [day("2026-11-17")]);
    }
}
