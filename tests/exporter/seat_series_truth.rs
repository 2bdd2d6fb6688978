//! What the series about seats must come to, looked up person by person without any shortcut.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use github_copilot_exporter::simulator::{Entity, Kind, Person, World};

use crate::{
    people_truth::{Series, labels},
    seat_truth::{breakdown, holders, last_activity},
};

/// Classes of people who do not use their seats.
const IDLE: [&str; 3] = ["7d_28d", "28d_90d", "none_90d"];

/// What an organisation counts itself.
const CYCLE: [&str; 5] = [
    "active_this_cycle",
    "inactive_this_cycle",
    "added_this_cycle",
    "pending_cancellation",
    "pending_invitation",
];

/// Who has a seat from an owner at a time.
struct Seats<'w> {
    world: &'w World,
    entity: &'w Entity,
    now: DateTime<Utc>,
    /// Each once, however many seats they have, with what they are counted as.
    people: Vec<(&'w Person, &'static str)>,
    series: Series,
}

/// Every series about the seats of an owner.
pub fn seats(world: &World, entity: &Entity, now: DateTime<Utc>) -> Series {
    let people = holders(world, entity, now).into_iter();
    let people = people.map(|person| (person, class(world, person, now))).collect();
    let mut seats = Seats { world, entity, now, people, series: Series::new() };
    seats.numbers();
    seats.used();
    seats.by_plan();
    seats.by_team();
    seats.series
}

impl Seats<'_> {
    /// One series, of as many as there are people.
    fn put(&mut self, family: &str, more: &str, people: usize) {
        let name = format!("github_copilot_{family}{{{}{more}}}", labels(self.entity, None));
        assert_eq!(self.series.insert(name, people as f64), None, "{family} {more}");
    }

    /// How many there are, and what only an organisation tells of them.
    fn numbers(&mut self) {
        self.put("seats", "", self.people.len());
        if self.entity.kind == Kind::Organisation {
            let breakdown = breakdown(self.world, self.entity, self.now);
            for name in CYCLE {
                let number = breakdown[name].as_u64().unwrap();
                self.put(&format!("seats_{name}"), "", usize::try_from(number).unwrap());
            }
        }
    }

    /// Whether anybody uses their seats: there is a number even where it is 0.
    fn used(&mut self) {
        let people = self.people.clone();
        let count = |class: &str| people.iter().filter(|(_, one)| *one == class).count();
        self.put("recently_active_seats", "", count("recent") + count("7d_28d"));
        self.put("new_seats", "", count("new"));
        for idle in IDLE {
            self.put("idle_seats", &format!(r#",idle="{idle}""#), count(idle));
        }
    }

    fn by_plan(&mut self) {
        let mut plans: BTreeMap<&str, usize> = BTreeMap::new();
        for (person, _) in &self.people {
            *plans.entry(person.plan_type()).or_default() += 1;
        }
        for (plan, people) in plans {
            self.put("plan_seats", &format!(r#",plan="{plan}""#), people);
        }
    }

    /// By the teams that seats came with: whoever has seats through two is in both.
    fn by_team(&mut self) {
        let mut teams: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for (person, class) in &self.people {
            for team in self.teams(person) {
                teams.entry(team).or_default().push(class);
            }
        }
        for (team, classes) in teams {
            let team = format!(r#",assigning_team="{team}""#);
            self.put("assigned_seats", &team, classes.len());
            for idle in IDLE {
                let people = classes.iter().filter(|class| **class == idle).count();
                self.put("assigned_idle_seats", &format!(r#"{team},idle="{idle}""#), people);
            }
        }
    }

    /// The teams that somebody's seats came with, one for each organisation of the owner that has given one.
    fn teams(&self, person: &Person) -> BTreeSet<String> {
        let is_owner = |org: &&Entity| self.entity.kind == Kind::Enterprise || org.id == self.entity.id;
        let gives = |org: &&Entity| self.world.people_of(org).any(|other| other.id == person.id);
        let team = |org| self.world.assigning_team(org, person, self.now.date_naive());
        let slug = |org| team(org).map_or("none".to_owned(), |team| team.slug.to_lowercase());
        self.world.orgs().iter().filter(is_owner).filter(gives).map(slug).collect()
    }
}

/// What somebody is counted as, by how long ago they did anything.
fn class(world: &World, person: &Person, now: DateTime<Utc>) -> &'static str {
    let days = TimeDelta::days;
    let created = person.licensed_from().and_time(NaiveTime::MIN).and_utc();
    match last_activity(world, person, now).map(|at| now - at) {
        Some(age) if age <= days(7) => "recent",
        Some(age) if age <= days(28) => "7d_28d",
        Some(age) if age <= days(90) => "28d_90d",
        None if now - created <= days(7) => "new",
        Some(_) | None => "none_90d",
    }
}
