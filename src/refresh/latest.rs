//! What an owner's own reports have told: its days, and how far they reach. Pure.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::schedule::is_due;
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

/// So many days beyond the last are remembered, should the report stand still for months.
const MOST_AHEAD: usize = 64;

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

    /// Steps over the day after the last, of which GitHub has nothing: there may be something of the days behind it.
    pub fn step_over(&mut self, day: NaiveDate, now: Instant) {
        self.take_next(day, vec![EntityDay { day, ..EntityDay::default() }], now);
    }

    /// Puts the days ahead behind those of the report. Without a report they are behind nothing, and alone they would
    /// pass for all there is.
    fn follow_ahead(&mut self) {
        let (Some((_, ends)), Some((last, _))) = (&mut self.span, self.ahead.last_key_value()) else {
            return;
        };
        *ends = *last;
        while self.ahead.len() > MOST_AHEAD {
            self.ahead.pop_first();
        }
        let with_data = self.ahead.iter().filter(|(_, record)| has_number(record));
        self.days.extend(with_data.map(|(day, record)| (*day, record.clone())));
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

#[cfg(test)]
mod tests {
    use super::*;

    fn noon() -> Instant {
        "2026-11-20T12:00:00Z".parse().unwrap()
    }

    fn after(minutes: i64) -> Instant {
        noon() + chrono::TimeDelta::minutes(minutes)
    }

    fn day(text: &str) -> NaiveDate {
        format!("2026-11-{text}").parse().unwrap()
    }

    fn record(text: &str, people: Option<i64>) -> EntityDay {
        EntityDay { day: day(text), daily_active_users: people, ..EntityDay::default() }
    }

    fn records(days: &[(&str, i64)]) -> Vec<EntityDay> {
        days.iter().map(|(day, people)| record(day, Some(*people))).collect()
    }

    fn span(first: &str, last: &str) -> Option<(NaiveDate, NaiveDate)> {
        Some((day(first), day(last)))
    }

    fn latest(days: &[(&str, i64)], span: Option<(NaiveDate, NaiveDate)>) -> Latest {
        let mut latest = Latest::default();
        latest.take(records(days), span, noon());
        latest
    }

    fn shown(latest: &Latest) -> Vec<String> {
        latest.days().map(|record| record.day.format("%d").to_string()).collect()
    }

    fn without_data(latest: &Latest) -> Vec<String> {
        latest.days_without_data(NaiveDate::MIN).map(|day| day.format("%d").to_string()).collect()
    }

    fn targets(latest: &Latest) -> [u64; 3] {
        let Targets { ok, no_data, failing } = latest.targets();
        [ok, no_data, failing]
    }

    #[test]
    fn it_is_read_once_a_cycle_and_what_was_read_in_the_future_does_not_count() {
        let mut latest = Latest::default();
        assert!(latest.is_due(noon(), noon()));
        latest.take(Vec::new(), None, after(1));
        assert!(!latest.is_due(noon(), after(1)));
        assert!(!latest.is_due(after(1), after(1)), "read in the moment in which the cycle began");
        assert!(latest.is_due(after(2), after(2)));
        assert!(latest.is_due(noon(), noon()), "the clock was set back");
    }

    #[test]
    fn days_come_in_any_order_and_those_without_a_number_are_none() {
        let mut latest = Latest::default();
        let all =
            vec![record("17", Some(1)), record("14", Some(0)), record("16", None), record("15", Some(2))];
        latest.take(all, None, noon());
        assert_eq!(shown(&latest), ["14", "15", "17"]);
        assert_eq!(without_data(&latest), ["16"]);
        assert_eq!(
            (latest.is_idle(day("14")), latest.is_idle(day("15")), latest.is_idle(day("16"))),
            (true, false, false)
        );
        let revised = records(&[("14", 0), ("15", 3), ("17", 1)]);
        let before = latest.fingerprints();
        latest.take(revised, None, noon());
        let changed = latest.fingerprints().into_iter().filter(|(day, number)| before[day] != *number);
        assert_eq!(changed.map(|(day, _)| day).collect::<Vec<_>>(), [day("15")]);
    }

    #[test]
    fn its_span_is_what_it_names_or_else_from_its_first_day_to_its_last() {
        let named = latest(&[("15", 1), ("16", 1)], span("14", "17"));
        assert_eq!((named.begins(), named.next_day(day("30"), 3)), (Some(day("14")), Some(day("18"))));
        assert_eq!(without_data(&named), ["14"], "what is behind its newest data may still come");
        let unnamed = latest(&[("15", 1), ("16", 1)], None);
        assert_eq!((unnamed.begins(), unnamed.next_day(day("30"), 3)), (Some(day("15")), Some(day("17"))));
        assert_eq!(without_data(&unnamed), [] as [&str; 0]);
    }

    #[test]
    fn the_day_after_the_last_is_asked_for_when_that_is_longer_ago_than_promised() {
        let latest = latest(&[("16", 1)], span("10", "17"));
        assert_eq!(latest.next_day(day("20"), 3), None);
        assert_eq!(latest.next_day(day("21"), 3), Some(day("18")));
        assert_eq!(latest.next_day(day("16"), 3), None, "a clock that is behind");
        assert_eq!(Latest::default().next_day(day("21"), 3), None);
    }

    #[test]
    fn the_next_day_is_asked_for_once_a_cycle_and_awaited_while_it_is_not_there() {
        let mut latest = latest(&[("17", 1)], None);
        assert!(latest.is_next_due(noon(), noon()) && !latest.awaits_next());
        latest.take_next(day("18"), Vec::new(), after(1));
        assert!(!latest.is_next_due(noon(), after(2)) && latest.awaits_next());
        assert!(latest.is_next_due(after(2), after(2)));
        latest.take_next(day("18"), records(&[("17", 9)]), after(3));
        assert!(latest.awaits_next(), "records of another day are not it");
        latest.take_next(day("18"), records(&[("18", 9)]), after(4));
        assert!(!latest.awaits_next());
        assert_eq!(
            (shown(&latest), latest.next_day(day("30"), 3)),
            (vec!["17".into(), "18".into()], Some(day("19")))
        );
        latest.take(records(&[("17", 1)]), None, after(5));
        assert!(
            latest.is_next_due(noon(), after(5)) && !latest.awaits_next(),
            "whether it is needed is open again"
        );
    }

    #[test]
    fn days_ahead_stay_until_the_report_has_come_so_far() {
        let mut latest = latest(&[("16", 1)], span("10", "16"));
        latest.take_next(day("17"), vec![record("17", None)], noon());
        assert_eq!((shown(&latest), latest.next_day(day("30"), 3)), (vec!["16".into()], Some(day("18"))));
        latest.take_next(day("18"), records(&[("18", 5)]), noon());
        assert_eq!(
            (shown(&latest), without_data(&latest).last().cloned()),
            (vec!["16".into(), "18".into()], Some("17".into()))
        );
        latest.take(records(&[("16", 1), ("17", 4)]), span("11", "17"), noon());
        assert_eq!(shown(&latest), ["16", "17", "18"]);
        assert_eq!((latest.begins(), latest.next_day(day("30"), 3)), (Some(day("11")), Some(day("19"))));
        latest.take(records(&[("17", 4)]), span("11", "18"), noon());
        assert_eq!(shown(&latest), ["17"], "the report itself has no data of that day");
    }

    #[test]
    fn an_empty_report_has_no_data_whatever_was_read_ahead_of_the_last() {
        let mut latest = latest(&[("16", 1)], None);
        latest.take_next(day("17"), records(&[("17", 5)]), noon());
        latest.take(Vec::new(), None, noon());
        assert_eq!((shown(&latest), latest.begins(), latest.is_empty()), (Vec::new(), None, true));
        assert_eq!((without_data(&latest).len(), latest.fingerprints().len()), (0, 0));
        latest.take(records(&[("16", 1)]), None, noon());
        assert_eq!(shown(&latest), ["16", "17"]);
    }

    #[test]
    fn it_is_one_target_that_has_data_or_none_or_fails() {
        let mut latest = Latest::default();
        assert_eq!((targets(&latest), latest.is_empty()), ([0, 0, 0], false), "not read yet");
        latest.fail();
        assert_eq!((targets(&latest), latest.is_empty()), ([0, 0, 1], false));
        latest.take(vec![record("17", None)], span("10", "17"), noon());
        assert_eq!((targets(&latest), latest.is_empty()), ([0, 1, 0], true));
        latest.fail();
        assert_eq!((targets(&latest), latest.is_empty()), ([0, 0, 1], false));
        latest.take(records(&[("17", 0)]), None, noon());
        assert_eq!((targets(&latest), latest.is_empty()), ([1, 0, 0], false));
        latest.fail();
        assert_eq!((targets(&latest), shown(&latest).len()), ([0, 0, 1], 1), "what is known stays");
    }

    #[test]
    fn records_are_about_people_unless_they_say_that_nobody_was_active() {
        let chat = EntityDay {
            totals_by_feature: serde_json::from_str(
                r#"[{"feature":"chat_inline","user_initiated_interaction_count":1}]"#,
            )
            .unwrap(),
            ..record("17", None)
        };
        for (records, has_people) in [
            (vec![], false),
            (vec![record("17", None)], false),
            (vec![record("17", Some(0))], false),
            (vec![record("17", Some(0)), record("17", Some(1))], true),
            (vec![chat], true),
        ] {
            assert_eq!(Latest::has_people(&records), has_people, "{records:?}");
        }
    }
}
