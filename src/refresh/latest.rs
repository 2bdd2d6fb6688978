//! What an owner's own reports have told: its days, and how far they reach. Pure.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::{
    clock::Instant,
    github::reports::EntityDay,
    model::state::{Targets, has_number},
};

/// The days of an owner, by the report of the latest 28 and, where that is behind, by reports of single days.
#[derive(Debug, Default)]
pub struct Latest {
    read: Option<Instant>,
    failed: bool,
    /// The first and the last day that the report is about.
    span: Option<(NaiveDate, NaiveDate)>,
    /// Its days that have data.
    days: BTreeMap<NaiveDate, EntityDay>,
    /// Days beyond its last, with data or without.
    ahead: BTreeMap<NaiveDate, EntityDay>,
    /// When the day after the last was last asked for, and whether it was there.
    next: Option<(Instant, bool)>,
}

/// Whether something was not read in this cycle. What was read in the future was read before the clock was set back.
fn is_due(read: Option<Instant>, cycle: Instant, now: Instant) -> bool {
    read.is_none_or(|read| read < cycle || now < read)
}

impl Latest {
    /// Whether the report was not read in this cycle.
    pub fn is_due(&self, cycle: Instant, now: Instant) -> bool {
        is_due(self.read, cycle, now)
    }

    /// Whether the day after the last was not asked for in this cycle.
    pub fn is_next_due(&self, cycle: Instant, now: Instant) -> bool {
        is_due(self.next.map(|(asked, _)| asked), cycle, now)
    }

    /// Whether the day after the last was not there.
    pub fn awaits_next(&self) -> bool {
        self.next.is_some_and(|(_, there)| !there)
    }

    /// Whether it was read and had no figures.
    pub fn is_empty(&self) -> bool {
        self.read.is_some() && !self.failed && self.days.is_empty()
    }

    /// Whether it could not be read.
    pub fn has_failed(&self) -> bool {
        self.failed
    }

    /// Takes note that it could not be read.
    pub fn fail(&mut self) {
        self.failed = true;
    }

    /// Takes in the report: its records in any order, and its first and last day where it names them.
    pub fn take(&mut self, records: Vec<EntityDay>, span: Option<(NaiveDate, NaiveDate)>, now: Instant) {
        (self.read, self.failed, self.next) = (Some(now), false, None);
        let records = records.into_iter().filter(has_number);
        self.days = records.map(|record| (record.day, record)).collect();
        let first_and_last = || Some((*self.days.first_key_value()?.0, *self.days.last_key_value()?.0));
        self.span = span.or_else(first_and_last);
        let ends = self.span.map(|(_, last)| last);
        self.ahead.retain(|day, _| Some(*day) > ends);
        self.follow_ahead();
    }

    /// Takes in the report of the day after the last; no records if it is not there.
    pub fn take_next(&mut self, day: NaiveDate, records: Vec<EntityDay>, now: Instant) {
        let record = records.into_iter().find(|record| record.day == day);
        self.next = Some((now, record.is_some()));
        self.ahead.extend(record.map(|record| (day, record)));
        self.follow_ahead();
    }

    fn follow_ahead(&mut self) {
        let with_data = self.ahead.iter().filter(|(_, record)| has_number(record));
        self.days.extend(with_data.map(|(day, record)| (*day, record.clone())));
        if let (Some((_, ends)), Some((last, _))) = (&mut self.span, self.ahead.last_key_value()) {
            *ends = *last;
        }
    }

    /// The day after the last, if that is more than so many days ago.
    pub fn next_day(&self, today: NaiveDate, lag: i64) -> Option<NaiveDate> {
        let (_, ends) = self.span.filter(|(_, ends)| (today - *ends).num_days() > lag)?;
        ends.succ_opt()
    }

    /// The first day that it is about.
    pub fn begins(&self) -> Option<NaiveDate> {
        self.span.map(|(begins, _)| begins)
    }

    /// The days with data, oldest first.
    pub fn days(&self) -> impl Iterator<Item = &EntityDay> {
        self.days.values()
    }

    /// The days with data, each with a number that is another when it has changed.
    pub fn fingerprints(&self) -> BTreeMap<NaiveDate, u64> {
        self.days.iter().map(|(day, record)| (*day, record.fingerprint())).collect()
    }

    /// The days from one on that it is about and has no data of, up to the newest that has.
    pub fn days_without_data(&self, from: NaiveDate) -> impl Iterator<Item = NaiveDate> {
        let newest = self.days.last_key_value().map(|(day, _)| *day);
        let begins = self.begins().into_iter().flat_map(move |begins| begins.max(from).iter_days());
        begins.take_while(move |day| Some(*day) <= newest).filter(|day| !self.days.contains_key(day))
    }

    /// Whether it says that nobody was active on a day.
    pub fn is_idle(&self, day: NaiveDate) -> bool {
        self.days.get(&day).is_some_and(|record| record.daily_active_users == Some(0))
    }

    /// Whether records of a day are about anybody.
    pub fn has_people(records: &[EntityDay]) -> bool {
        records.iter().any(|record| has_number(record) && record.daily_active_users != Some(0))
    }

    /// What became of the owner, which is the only thing it is about.
    pub fn targets(&self) -> Targets {
        let one = |is_so: bool| u64::from(is_so);
        Targets {
            ok: one(!self.failed && !self.days.is_empty()),
            no_data: one(self.is_empty()),
            failing: one(self.failed),
        }
    }
}
