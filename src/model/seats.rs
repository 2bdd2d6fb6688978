//! Who has a seat, and whether it is used: people counted while the list of seats is read.
//!
//! People are known by GitHub's number, and only while a list is added up. What stays is counts.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use super::{
    held::Held,
    label::{Label, Labels},
    state::MONTH,
};
use crate::{
    clock::{Instant, after},
    github::seats::{Seat, SeatBreakdown},
    owner::Owner,
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

/// People with a seat, by class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct People([u64; 5]);

impl People {
    fn count(&mut self, class: Class) {
        self.0[class as usize] += 1;
    }

    /// Those of a class.
    pub const fn of(&self, class: Class) -> u64 {
        self.0[class as usize]
    }

    /// Everybody.
    pub fn all(&self) -> u64 {
        self.0.iter().sum()
    }

    /// Those who used the seat within 28 days.
    pub const fn recently_active(&self) -> u64 {
        self.of(Class::InUse) + self.of(Class::IdleWeek)
    }
}

/// What the list of an owner's seats says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SeatList {
    /// `total_seats`: GitHub's own count of the people.
    pub total: Option<u64>,
    /// Everybody with a seat, once.
    pub people: People,
    /// By `plan_type`; who has two plans is in both.
    pub plans: BTreeMap<Label, u64>,
    /// By the team through which the seat came; who has it through two is in both.
    pub teams: BTreeMap<Label, People>,
    /// Up to this moment everybody is in the same class, as long as GitHub tells nothing new.
    pub holds_until: Option<Instant>,
}

/// What is known of an owner's seats.
#[derive(Clone, Debug, Default)]
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
    /// All seats, by GitHub's own count: of an organisation those of its breakdown, of an enterprise the people in its
    /// list.
    pub fn total(&self, owner: &Owner) -> Option<i64> {
        match owner {
            Owner::Org(_) => self.breakdown.get()?.total,
            Owner::Enterprise(_) => self.list.get()?.total.and_then(|total| i64::try_from(total).ok()),
        }
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
    /// Adds a seat.
    pub fn add(&mut self, seat: Seat) {
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
        match seat.assignee {
            None => self.unnamed.push(person),
            Some(assignee) => {
                self.people.entry(assignee.id).and_modify(|known| known.join(&person)).or_insert(person);
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
