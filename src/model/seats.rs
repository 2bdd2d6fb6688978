//! Who has a seat, and whether it is used: people counted while the list of seats is read.
//!
//! People are known by GitHub's number, and only while a list is added up. What stays is counts.

use std::{
    collections::{BTreeMap, HashMap, hash_map::Entry},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use super::{
    held::Held,
    label::{Label, Labels},
    state::MONTH,
};
use crate::{
    clock::{Instant, after},
    github::seats::{Seat, SeatBreakdown},
};

/// What stands for the team of a seat that was given directly.
const NO_TEAM: &str = "none";

const DAY: Duration = Duration::from_secs(86_400);

/// How long a seat is new, and in use since it was last used.
const WEEK: u32 = 7;

/// GitHub forgets what was longer ago.
const QUARTER: u32 = 90;

/// How a person uses the seat. Everybody is in exactly one of these classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Used within 7 days.
    InUse,
    /// Last used more than 7 and at most 28 days ago.
    IdleWeek,
    /// Last used more than 28 and at most 90 days ago.
    IdleMonth,
    /// Last used more than 90 days ago, or never.
    IdleQuarter,
    /// Never used, and not older than 7 days.
    New,
}

impl Class {
    /// Those that are idle, with the value of the `idle` label.
    pub const IDLE: [(Self, &'static str); 3] =
        [(Self::IdleWeek, "7d_28d"), (Self::IdleMonth, "28d_90d"), (Self::IdleQuarter, "none_90d")];
}

/// People with a seat, by class. All of them together still fit their sum, whatever a file says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct People([u32; 5]);

impl People {
    fn count(&mut self, class: Class) {
        self.0[class as usize] += 1;
    }

    /// Those of a class.
    pub const fn of(&self, class: Class) -> u64 {
        self.0[class as usize] as u64
    }

    /// Everybody.
    pub fn all(&self) -> u64 {
        self.0.iter().copied().map(u64::from).sum()
    }

    /// Those who used the seat within 28 days.
    pub const fn recently_active(&self) -> u64 {
        self.of(Class::InUse) + self.of(Class::IdleWeek)
    }
}

/// What the list of an owner's seats says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeatList {
    /// `total_seats`: GitHub's own count of the people.
    pub total: Option<u64>,
    /// Everybody with a seat, once.
    pub people: People,
    /// By `plan_type`; who has two plans is in both.
    pub plans: BTreeMap<Label, u64>,
    /// By the team through which the seat came; who has it through two is in both.
    pub teams: BTreeMap<Label, People>,
    /// Up to this moment everybody is in the same class, as long as GitHub tells nothing new. It tells of one person, so it
    /// is not written down; after a restart the list is read anyway.
    #[serde(skip)]
    pub holds_until: Option<Instant>,
}

/// What is known of an owner's seats.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Seats {
    /// GitHub's own count. Of organisations only.
    pub breakdown: Held<SeatBreakdown>,
    /// From the list.
    pub list: Held<SeatList>,
}

/// News of an owner's seats; nothing within if it is as it was.
#[derive(Clone, Debug)]
pub enum SeatNews {
    /// GitHub's own count.
    Breakdown(Option<SeatBreakdown>),
    /// From the list.
    List(Option<SeatList>),
}

impl Seats {
    /// All seats, by GitHub's own count: those of an organisation's breakdown, or else the people that the list announces.
    pub fn total(&self) -> Option<i64> {
        let counted = self.breakdown.get().and_then(|breakdown| breakdown.total);
        counted.or_else(|| self.list.get()?.total.and_then(|total| i64::try_from(total).ok()))
    }

    /// Whether anything is known.
    pub fn has_figures(&self) -> bool {
        self.breakdown.get().is_some() || self.list.get().is_some()
    }

    /// Takes in what was read. The rest stays as it was.
    pub fn apply(&mut self, news: SeatNews, at: Instant) {
        match news {
            SeatNews::Breakdown(breakdown) => self.breakdown.take(breakdown, at),
            SeatNews::List(list) => self.list.take(list, at),
        }
    }

    /// Drops what has not been read for a month, and says whether there was anything.
    pub fn expire(&mut self, now: Instant) -> bool {
        self.breakdown.expire(now) | self.list.expire(now)
    }
}

/// A list of seats while it is read. It dies with the attempt.
#[derive(Default)]
pub struct SeatFold {
    people: HashMap<u64, Person>,
    /// Seats that are nobody's count as somebody each.
    unnamed: Vec<Person>,
    names: Labels,
}

/// Somebody with a seat, or with several.
struct Person {
    last_activity: Option<Instant>,
    since: Instant,
    plans: Vec<Label>,
    teams: Vec<Label>,
}

impl SeatFold {
    /// Adds a seat, and says whether it is that of somebody who had none before.
    pub fn add(&mut self, seat: Seat) -> bool {
        let team = match seat.assigning_team {
            Some(team) => self.names.name(team.slug.as_deref()),
            None => self.names.name(Some(NO_TEAM)),
        };
        let person = Person {
            last_activity: seat.last_activity_at,
            since: seat.created_at,
            plans: vec![self.names.name(seat.plan_type.as_deref())],
            teams: vec![team],
        };
        let Some(assignee) = seat.assignee else {
            self.unnamed.push(person);
            return true;
        };
        match self.people.entry(assignee.id) {
            Entry::Occupied(mut known) => {
                known.get_mut().join(&person);
                false
            }
            Entry::Vacant(free) => {
                free.insert(person);
                true
            }
        }
    }

    /// Counts the people as they are at `now`.
    pub fn finish(self, total: Option<u64>, now: Instant) -> SeatList {
        let mut list = SeatList { total, ..SeatList::default() };
        for person in self.people.into_values().chain(self.unnamed) {
            let (class, until) = person.class(now);
            list.people.count(class);
            list.holds_until = [list.holds_until, until].into_iter().flatten().min();
            for plan in person.plans {
                *list.plans.entry(plan).or_default() += 1;
            }
            for team in person.teams {
                list.teams.entry(team).or_default().count(class);
            }
        }
        list
    }
}

impl Person {
    /// Takes over another seat of the same person.
    fn join(&mut self, other: &Self) {
        self.last_activity = self.last_activity.max(other.last_activity);
        self.since = self.since.min(other.since);
        for (mine, more) in [(&mut self.plans, &other.plans), (&mut self.teams, &other.teams)] {
            mine.extend(more.iter().filter(|name| !mine.contains(name)).cloned().collect::<Vec<_>>());
        }
    }

    /// The class at a moment, and the last moment at which it is that; nothing if it stays. Activity that is still to
    /// come is of a clock that goes wrong, and activity all the same.
    fn class(&self, now: Instant) -> (Class, Option<Instant>) {
        let classes: &[_] = match self.last_activity {
            Some(_) => &[(Class::InUse, WEEK), (Class::IdleWeek, MONTH as u32), (Class::IdleMonth, QUARTER)],
            None => &[(Class::New, WEEK)],
        };
        let from = self.last_activity.unwrap_or(self.since);
        let spans = classes.iter().map(|(class, days)| (*class, after(from, DAY * *days)));
        let mut current = spans.filter(|(_, until)| now <= *until);
        current.next().map_or((Class::IdleQuarter, None), |(class, until)| (class, Some(until)))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use chrono::TimeDelta;
    use proptest::prelude::*;

    use super::*;
    use crate::github::seats::{Assignee, AssigningTeam};

    fn noon() -> Instant {
        "2026-11-22T12:00:00Z".parse().unwrap()
    }

    fn ago(seconds: i64) -> Instant {
        noon() - TimeDelta::seconds(seconds)
    }

    /// Whose, used and given so many seconds ago, by which plan, through which team.
    #[derive(Clone, Debug)]
    struct Given(Option<u64>, Option<i64>, i64, &'static str, Option<&'static str>);

    impl Given {
        fn seat(&self) -> Seat {
            let Self(id, used, created, plan, team) = self;
            Seat {
                assignee: id.map(|id| Assignee { id }),
                assigning_team: team.map(|team| AssigningTeam { slug: Some(team.to_owned()) }),
                created_at: ago(*created),
                last_activity_at: used.map(ago),
                plan_type: Some((*plan).to_owned()),
            }
        }
    }

    fn count(seats: &[Given]) -> SeatList {
        let mut fold = SeatFold::default();
        for given in seats {
            fold.add(given.seat());
        }
        fold.finish(Some(seats.len() as u64), noon())
    }

    fn people(people: &People) -> [u64; 5] {
        people.0.map(u64::from)
    }

    const HOUR: i64 = 3600;
    const DAYS: i64 = 24 * HOUR;

    #[test]
    fn classes_are_disjoint_and_their_borders_belong_to_the_younger_one() {
        let cases = [
            (Some(-HOUR), 0, Class::InUse, "the clock of whoever reported it goes wrong"),
            (Some(0), 0, Class::InUse, "now"),
            (Some(7 * DAYS), 900, Class::InUse, "a week"),
            (Some(7 * DAYS + 1), 900, Class::IdleWeek, "over a week"),
            (Some(28 * DAYS), 900, Class::IdleWeek, "four weeks"),
            (Some(28 * DAYS + 1), 900, Class::IdleMonth, "over four weeks"),
            (Some(90 * DAYS), 900, Class::IdleMonth, "90 days"),
            (Some(90 * DAYS + 1), 900, Class::IdleQuarter, "over 90 days"),
            (Some(91 * DAYS), 1, Class::IdleQuarter, "used before, so not new"),
            (None, 7, Class::New, "given a week ago"),
            (None, -1, Class::New, "given tomorrow"),
            (None, 8, Class::IdleQuarter, "never used since"),
        ];
        for (used, created, class, why) in cases {
            let list = count(&[Given(Some(1), used, created * DAYS, "business", None)]);
            assert_eq!((list.people.of(class), list.people.all()), (1, 1), "{why}");
        }
    }

    #[test]
    fn the_classes_hold_until_the_first_seat_comes_of_age_and_not_a_moment_less() {
        let until = |used: Option<i64>, created| {
            let list = count(&[Given(Some(1), used, created, "business", None)]);
            list.holds_until.map(|until| (until - noon()).num_seconds())
        };
        assert_eq!(until(Some(2 * DAYS), 0), Some(5 * DAYS));
        assert_eq!(until(Some(7 * DAYS), 0), Some(0), "still so at this moment");
        assert_eq!(until(Some(10 * DAYS), 0), Some(18 * DAYS));
        assert_eq!(until(Some(30 * DAYS), 0), Some(60 * DAYS));
        assert_eq!(until(Some(100 * DAYS), 0), None);
        assert_eq!(until(None, 6 * DAYS), Some(DAYS));
        assert_eq!(until(None, 8 * DAYS), None);
        let all = [(Some(2), 3), (Some(100), 0), (None, 6)]
            .map(|(used, created)| Given(None, used.map(|days| days * DAYS), created * DAYS, "x", None));
        assert_eq!(count(&all).holds_until, Some(noon() + TimeDelta::days(1)));
        assert_eq!(count(&[]).holds_until, None);
    }

    #[test]
    fn a_person_with_two_seats_counts_once_and_in_each_plan_and_team() {
        let list = count(&[
            Given(Some(1), Some(40 * DAYS), 90 * DAYS, "Business", Some("Golang")),
            Given(Some(1), Some(2 * DAYS), DAYS, "enterprise", Some("web")),
            Given(Some(1), None, DAYS, "enterprise", None),
        ]);
        assert_eq!(people(&list.people), [1, 0, 0, 0, 0], "by the newest activity");
        let plans: Vec<_> = list.plans.iter().map(|(plan, count)| (&**plan, *count)).collect();
        assert_eq!(plans, [("business", 1), ("enterprise", 1)]);
        let teams: Vec<_> = list.teams.iter().map(|(team, count)| (&**team, people(count))).collect();
        let once = [1, 0, 0, 0, 0];
        assert_eq!(teams, [("golang", once), ("none", once), ("web", once)], "a team is no language");
        let never = [DAYS, 30 * DAYS].map(|created| Given(Some(2), None, created, "x", None));
        assert_eq!(people(&count(&never).people), [0, 0, 0, 1, 0], "by the oldest seat");
    }

    #[test]
    fn seats_of_nobody_are_somebodys_each() {
        let seat = || Given(None, None, DAYS, "business", None);
        assert_eq!(count(&[seat(), seat()]).people.of(Class::New), 2);
    }

    #[test]
    fn a_seat_is_that_of_somebody_new_unless_its_person_had_one() {
        let mut fold = SeatFold::default();
        let added = [Some(1), Some(2), Some(1), None, None]
            .map(|id| fold.add(Given(id, None, DAYS, "business", None).seat()));
        assert_eq!(added, [true, true, false, true, true]);
        let list = fold.finish(Some(9), noon());
        assert_eq!((list.total, list.people.all()), (Some(9), 4), "what GitHub announces is its own word");
    }

    #[test]
    fn all_seats_are_githubs_own_count_or_else_the_people_that_the_list_announces() {
        let breakdown =
            |total| SeatNews::Breakdown(Some(SeatBreakdown { total, ..SeatBreakdown::default() }));
        let list = |total| SeatNews::List(Some(SeatList { total, ..SeatList::default() }));
        for (news, total) in [
            (vec![], None),
            (vec![breakdown(Some(7))], Some(7)),
            (vec![breakdown(Some(7)), list(Some(3))], Some(7)),
            (vec![breakdown(None), list(Some(3))], Some(3)),
            (vec![list(Some(3))], Some(3)),
            (vec![list(Some(u64::MAX))], None),
        ] {
            let (mut seats, is_any) = (Seats::default(), !news.is_empty());
            news.into_iter().for_each(|news| seats.apply(news, noon()));
            assert_eq!((seats.total(), seats.has_figures()), (total, is_any));
            let later = noon() + TimeDelta::days(29);
            assert_eq!((seats.expire(noon()), seats.expire(later)), (false, is_any));
            assert!(!seats.has_figures());
        }
    }

    fn seat() -> impl Strategy<Value = Given> {
        (
            prop::option::weighted(0.9, 0..6u64),
            prop::option::of(-2..100i64),
            -2..12i64,
            prop::sample::select(vec!["business", "Enterprise", ""]),
            prop::option::of(prop::sample::select(vec!["core", "Core", "c#"])),
        )
            .prop_map(|(id, used, created, plan, team)| {
                Given(id, used.map(|days| days * DAYS), created * DAYS, plan, team)
            })
    }

    /// In which class the seats of one person put him or her, told from days as they are defined.
    fn naive(seats: &[&Given]) -> usize {
        let used: Option<i64> = seats.iter().filter_map(|seat| seat.1).min();
        let created = seats.iter().map(|seat| seat.2).max().unwrap();
        match used.map(|seconds| seconds / DAYS) {
            Some(..=7) => 0,
            Some(8..=28) => 1,
            Some(29..=90) => 2,
            Some(_) => 3,
            None if created <= 7 * DAYS => 4,
            None => 3,
        }
    }

    proptest! {
        #[test]
        fn any_list_in_any_order_counts_as_one_would_by_hand(
            (seats, shuffled) in prop::collection::vec(seat(), 0..25).prop_flat_map(|seats| (Just(seats.clone()), Just(seats).prop_shuffle())),
        ) {
            let mut by_person: BTreeMap<(Option<u64>, usize), Vec<&Given>> = BTreeMap::new();
            for (place, seat) in seats.iter().enumerate() {
                let own = if seat.0.is_some() { 0 } else { place };
                by_person.entry((seat.0, own)).or_default().push(seat);
            }
            let mut all = [0; 5];
            let (mut plans, mut teams) = (BTreeMap::<String, u64>::new(), BTreeMap::<String, [u64; 5]>::new());
            for seats in by_person.values() {
                all[naive(seats)] += 1;
                let plan = |seat: &&Given| if seat.3.is_empty() { "unknown".into() } else { seat.3.to_lowercase() };
                for plan in seats.iter().map(plan).collect::<BTreeSet<_>>() {
                    *plans.entry(plan).or_default() += 1;
                }
                for team in seats.iter().map(|seat| seat.4.unwrap_or("none").to_lowercase()).collect::<BTreeSet<_>>() {
                    teams.entry(team).or_default()[naive(seats)] += 1;
                }
            }
            let list = count(&seats);
            prop_assert_eq!(people(&list.people), all);
            prop_assert_eq!(list.plans.iter().map(|(plan, count)| (plan.to_string(), *count)).collect::<BTreeMap<_, _>>(), plans);
            prop_assert_eq!(list.teams.iter().map(|(team, count)| (team.to_string(), people(count))).collect::<BTreeMap<_, _>>(), teams);
            prop_assert_eq!(list.people.recently_active() + list.people.of(Class::IdleMonth) + list.people.of(Class::IdleQuarter) + list.people.of(Class::New), list.people.all());
            prop_assert_eq!(count(&shuffled), list);
        }

        #[test]
        fn nothing_changes_before_the_moment_that_is_named(seats in prop::collection::vec(seat(), 0..25)) {
            let at = |now| {
                let mut fold = SeatFold::default();
                for given in &seats {
                    fold.add(given.seat());
                }
                fold.finish(None, now)
            };
            let list = at(noon());
            match list.holds_until {
                Some(until) => {
                    prop_assert_eq!(at(until).people, list.people);
                    prop_assert_ne!(at(until + TimeDelta::nanoseconds(1)).people, list.people);
                }
                None => prop_assert_eq!(at(noon() + TimeDelta::days(9999)).people, list.people),
            }
        }
    }
}
