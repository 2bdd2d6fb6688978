//! The company: its enterprise, organisations, teams and people, and who was where on a day.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};

use super::calendar::shift;
use super::credits::Meter;
use super::deeds::{self, Deed};
use super::dice::{self, chance};
use super::founding::Founding;
use super::habits::Habits;
use super::presence::{self, Presence};
use super::signals::{self, Signals};
use super::stack::Stack;
use super::{edition, seats};

/// What a company is drawn from. The same plan gives the same company on every machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// How many organisations; at least one is drawn.
    pub orgs: usize,
    /// How many organisation teams, spread evenly over the organisations. A few enterprise teams come on top.
    pub teams: usize,
    /// How many people.
    pub users: usize,
    /// What everything left to chance depends on.
    pub seed: u64,
    /// The day the simulation starts: the company has grown over the year before it.
    pub start: NaiveDate,
}

impl Plan {
    /// The day the company was founded, two years before the start.
    pub(super) fn founded(&self) -> NaiveDate {
        shift(self.start, -730)
    }
}

/// The whole company.
#[derive(Debug)]
pub struct World {
    pub(super) enterprise: Entity,
    pub(super) orgs: Vec<Entity>,
    pub(super) people: Vec<Person>,
}

/// The enterprise, or one organisation: what owns teams and has people.
#[derive(Debug)]
pub struct Entity {
    /// Which of the two it is.
    pub kind: Kind,
    /// GitHub's numeric id.
    pub id: u64,
    /// An organisation's login, the enterprise's slug.
    pub login: String,
    /// Its teams, parents before their children.
    pub teams: Vec<Team>,
    pub(super) people: Vec<usize>,
}

/// Whether something is an organisation or the enterprise above them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// An organisation.
    Organisation,
    /// The enterprise.
    Enterprise,
}

/// A team of an organisation or of the enterprise.
#[derive(Debug)]
pub struct Team {
    /// GitHub's numeric id, unique in the company.
    pub id: u64,
    /// The name people read.
    pub name: String,
    /// The name in paths, unique among its owner's teams; enterprise teams' begin with `ent:`.
    pub slug: String,
    /// The id of the team this one is inside of. A parent does not count its children's members as its own.
    pub parent: Option<u64>,
    pub(super) stack: &'static Stack,
    pub(super) memberships: Vec<Membership>,
}

/// Somebody's days in a team.
#[derive(Clone, Debug)]
pub(super) struct Membership {
    pub(super) person: usize,
    pub(super) spell: Spell,
}

/// A person with a Copilot licence at some time.
#[derive(Debug)]
pub struct Person {
    /// GitHub's numeric id, unique in the company.
    pub id: u64,
    /// GitHub's login, unique in the company.
    pub login: String,
    /// Whether the editors report anything. People with telemetry off count nowhere in the usage API; in
    /// reports they are active users without numbers.
    pub telemetry: bool,
    pub(super) licence: Spell,
    /// The days on which the person has any mind to use it.
    pub(super) uses: Spell,
    pub(super) habits: Habits,
    /// The number this person's chances are drawn from.
    pub(super) dice: u64,
}

/// Days on end: from the first one up to, not including, `until`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spell {
    pub(super) from: NaiveDate,
    pub(super) until: Option<NaiveDate>,
}

impl Spell {
    /// Whether `day` is one of them.
    pub(super) fn has(self, day: NaiveDate) -> bool {
        self.from <= day && self.until.is_none_or(|until| day < until)
    }
}

impl Person {
    /// Whether the licence is active at the end of `day`.
    pub fn is_licensed(&self, day: NaiveDate) -> bool {
        self.licence.has(day)
    }
}

impl Person {
    /// The plan of the seat: `business` for most, `enterprise` for some.
    pub fn plan_type(&self) -> &'static str {
        if chance(&mut dice::about(self.dice, "plan"), 150) { "enterprise" } else { "business" }
    }

    /// Hundredths of AI credits that come with the seat every month, free of further charge.
    pub fn included_credits(&self) -> u64 {
        Meter::AiCredits.included(self)
    }

    /// Hundredths of premium requests that came with the seat every month.
    pub fn included_premium_requests(&self) -> u64 {
        Meter::PremiumRequests.included(self)
    }

    /// The first day of the licence.
    pub fn licensed_from(&self) -> NaiveDate {
        self.licence.from
    }

    /// The first day without the licence again, if it ever ends.
    pub fn licensed_until(&self) -> Option<NaiveDate> {
        self.licence.until
    }
}

impl World {
    /// Draws the company.
    pub fn new(plan: &Plan) -> Self {
        Founding::of(plan).found()
    }

    /// The enterprise: owner of every organisation.
    pub fn enterprise(&self) -> &Entity {
        &self.enterprise
    }

    /// The organisations, then the enterprise.
    pub(super) fn owners(&self) -> impl Iterator<Item = &Entity> {
        self.orgs.iter().chain([&self.enterprise])
    }

    /// The organisation of that login or the enterprise of that slug, in any case of letters.
    pub(super) fn owner(&self, login: &str) -> Option<&Entity> {
        self.owners().find(|owner| owner.login.eq_ignore_ascii_case(login))
    }

    /// The organisations.
    pub fn orgs(&self) -> &[Entity] {
        &self.orgs
    }

    /// Everybody, once.
    pub fn people(&self) -> &[Person] {
        &self.people
    }

    /// The people of an organisation or of the enterprise, each once. Somebody may be in two organisations.
    pub fn people_of<'w>(&'w self, entity: &'w Entity) -> impl Iterator<Item = &'w Person> {
        entity.people.iter().map(|index| &self.people[*index])
    }

    /// The members of `team` at the end of `day`, each once, with a licence or without.
    pub fn members<'w>(&'w self, team: &'w Team, day: NaiveDate) -> impl Iterator<Item = &'w Person> {
        let on_that_day = move |membership: &&Membership| membership.spell.has(day);
        team.memberships.iter().filter(on_that_day).map(|membership| &self.people[membership.person])
    }

    /// Whether `person` has an active licence at the end of `day`.
    pub fn is_licensed(&self, person: &Person, day: NaiveDate) -> bool {
        person.is_licensed(day)
    }

    /// What `person` did on `day`, whether or not the editors reported it (see [`Person::telemetry`]).
    pub fn deeds(&self, person: &Person, day: NaiveDate) -> Vec<Deed> {
        deeds::deeds(person, day)
    }

    /// What else happened around `person` on `day`, on which there is a deed or nothing.
    pub fn signals(&self, person: &Person, day: NaiveDate) -> Signals {
        signals::signals(person, day, &self.deeds(person, day))
    }

    /// When `person` does the last thing of `day`, should there be any deed on it.
    pub fn acted_at(&self, person: &Person, day: NaiveDate) -> DateTime<Utc> {
        presence::acted_at(person, day)
    }

    /// When `person` last did anything before `now`, as seats know it: not more than 90 days ago, and
    /// never with telemetry off.
    pub fn last_activity(&self, person: &Person, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        Presence::of(person, now).filter(|_| person.telemetry).map(|presence| presence.active_at)
    }

    /// The team through which `person` has a seat in `org` on `day`: the first in its list that they are
    /// in. One seat in four was given to the person alone.
    pub fn assigning_team<'w>(
        &'w self,
        org: &'w Entity,
        person: &Person,
        day: NaiveDate,
    ) -> Option<&'w Team> {
        let is_in = |team: &&Team| self.members(team, day).any(|member| member.id == person.id);
        Some(&org.teams).filter(|_| seats::came_with_a_team(org, person))?.iter().find(is_in)
    }

    /// Hundredths of AI credits for what `person` did on `day`, by model in the spelling of reports. Bills
    /// count them from 2026-06-01 on.
    pub fn credits(&self, person: &Person, day: NaiveDate) -> BTreeMap<&'static str, u64> {
        Meter::AiCredits.read(&self.deeds(person, day))
    }

    /// Hundredths of premium requests for what `person` did on `day`, by model in the spelling of reports.
    /// Bills count them up to 2026-05-31.
    pub fn premium_requests(&self, person: &Person, day: NaiveDate) -> BTreeMap<&'static str, u64> {
        Meter::PremiumRequests.read(&self.deeds(person, day))
    }

    /// How many days after the first report of `day` the telemetry of `person` arrives, where telemetry
    /// may be late: none for most, at most three.
    pub fn days_late(&self, person: &Person, day: NaiveDate) -> u8 {
        edition::days_late(person, day)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::hash::Hash;

    use proptest::prelude::*;

    use super::*;

    const DEFAULT: Plan = Plan {
        orgs: 2,
        teams: 12,
        users: 180,
        seed: 1,
        start: NaiveDate::from_ymd_opt(2026, 11, 20).unwrap(),
    };

    fn window(plan: &Plan) -> impl Iterator<Item = NaiveDate> + use<> {
        shift(plan.start, -28).iter_days().take(28)
    }

    fn unique<T: Hash + Eq>(items: impl IntoIterator<Item = T>) -> bool {
        let mut seen = HashSet::new();
        items.into_iter().all(|item| seen.insert(item))
    }

    fn licensed(world: &World, team: &Team, day: NaiveDate) -> usize {
        world.members(team, day).filter(|person| person.is_licensed(day)).count()
    }

    fn all_teams(world: &World) -> impl Iterator<Item = &Team> {
        world.orgs().iter().chain([world.enterprise()]).flat_map(|entity| &entity.teams)
    }

    #[test]
    fn the_default_company_looks_like_one() {
        let world = World::new(&DEFAULT);
        assert_eq!(world.people().len(), 180);
        assert_eq!(world.orgs().iter().map(|org| org.teams.len()).collect::<Vec<_>>(), [6, 6]);
        assert_eq!(world.orgs()[0].login, "octo-retail");
        assert_eq!(world.enterprise().teams[0].slug, "ent:core");
        assert!(all_teams(&world).any(|team| team.parent.is_some()));
        let in_orgs: usize = world.orgs().iter().map(|org| org.people.len()).sum();
        assert!(in_orgs > 180, "nobody is in two organisations");
        assert!(world.people().iter().any(|person| !person.telemetry));
        let today = |person: &&Person| person.is_licensed(DEFAULT.start);
        let before = |person: &&Person| person.is_licensed(shift(DEFAULT.start, -300));
        let (now, then) =
            (world.people().iter().filter(today).count(), world.people().iter().filter(before).count());
        assert!(now > 150 && then < 120, "grew from {then} to {now}");
    }

    #[test]
    fn some_people_are_in_no_team_and_some_in_several() {
        let world = World::new(&DEFAULT);
        let teams = |person: &Person| {
            all_teams(&world)
                .filter(|team| world.members(team, DEFAULT.start).any(|member| member.id == person.id))
                .count()
        };
        let counts: Vec<_> = world.people().iter().map(teams).collect();
        assert!(counts.iter().filter(|count| **count == 0).count() > 10, "{counts:?}");
        assert!(counts.iter().filter(|count| **count > 1).count() > 20, "{counts:?}");
    }

    #[test]
    fn the_default_company_has_teams_below_five_and_one_that_grows_past_it() {
        let world = World::new(&DEFAULT);
        let sizes = |team| window(&DEFAULT).map(|day| licensed(&world, team, day)).collect::<Vec<_>>();
        assert!(all_teams(&world).any(|team| sizes(team).iter().all(|size| *size < 5)));
        assert!(all_teams(&world).any(|team| sizes(team).iter().all(|size| *size >= 5)));
        assert!(all_teams(&world).any(|team| sizes(team)[0] < 5 && sizes(team)[27] >= 5));
    }

    #[test]
    fn licences_and_memberships_begin_on_their_first_day_and_end_before_their_last() {
        let world = World::new(&DEFAULT);
        let near = |day| [shift(day, -1), day];
        let leavers: Vec<_> = world.people.iter().filter(|person| person.licence.until.is_some()).collect();
        assert!(!leavers.is_empty());
        for person in leavers {
            let Spell { from, until } = person.licence;
            let is_licensed = |day| world.is_licensed(person, day);
            assert_eq!(near(from).map(is_licensed), [false, true]);
            assert_eq!(near(until.unwrap()).map(is_licensed), [true, false]);
        }
        let mut moves = 0;
        for team in all_teams(&world) {
            for Membership { person, spell: Spell { from, until } } in &team.memberships {
                let is_in =
                    |day| world.members(team, day).any(|member| member.id == world.people[*person].id);
                assert_eq!(near(*from).map(is_in), [false, true]);
                if let Some(until) = until {
                    assert_eq!(near(*until).map(is_in), [true, false]);
                    moves += 1;
                }
            }
        }
        assert!(moves > 0);
    }

    #[test]
    fn a_company_of_one_works() {
        let plan = Plan { orgs: 1, teams: 0, users: 1, ..DEFAULT };
        let world = World::new(&plan);
        let deeds: usize = window(&plan).map(|day| world.deeds(&world.people()[0], day).len()).sum();
        assert!(deeds > 0, "the only person did nothing in four weeks");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn any_plan_gives_a_sound_company(
            orgs in 0_usize..40, teams in 0_usize..120, users in 0_usize..300, seed: u64, day in -800_000_i32..800_000
        ) {
            let start = NaiveDate::from_num_days_from_ce_opt(day + 738_000).unwrap();
            let plan = Plan { orgs, teams, users, seed, start };
            let world = World::new(&plan);
            prop_assert_eq!(world.people().len(), users);
            prop_assert_eq!(world.orgs().iter().map(|org| org.teams.len()).sum::<usize>(), teams);
            prop_assert!(unique(world.orgs().iter().map(|org| &org.login)));
            prop_assert!(unique(world.people().iter().map(|person| person.id)));
            prop_assert!(unique(world.people().iter().map(|person| &person.login)));
            prop_assert!(unique(all_teams(&world).map(|team| team.id)));
            for entity in world.orgs().iter().chain([world.enterprise()]) {
                prop_assert!(unique(entity.teams.iter().map(|team| &team.slug)));
                prop_assert!(unique(world.people_of(entity).map(|person| person.id)));
                for team in &entity.teams {
                    prop_assert!(unique(world.members(team, start).map(|person| person.id)));
                    prop_assert!(world.members(team, start)
                        .all(|member| world.people_of(entity).any(|person| person.id == member.id)));
                }
            }
        }

    }
}
