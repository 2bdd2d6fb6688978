//! How the company is drawn from its plan.

use chrono::NaiveDate;
use fastrand::Rng;

use super::calendar::shift;
use super::dice::{self, chance};
use super::habits::Habits;
use super::names::{self, Logins};
use super::stack::{SUBJECTS, Stack};
use super::world::{Entity, Kind, Membership, Person, Plan, Spell, Team, World};

/// The company in the making. Every step has dice of its own: a change to how one of them draws leaves
/// the others as they were.
pub(super) struct Founding {
    plan: Plan,
    ids: Ids,
}

/// Hands out numeric ids that grow with gaps, as GitHub's do.
struct Ids {
    last: u64,
    rng: Rng,
}

impl Ids {
    fn next(&mut self) -> u64 {
        self.last += self.rng.u64(1..5_000);
        self.last
    }
}

impl Founding {
    pub(super) fn of(plan: &Plan) -> Self {
        let plan = Plan { orgs: plan.orgs.max(1), ..*plan };
        let ids = Ids { last: 40_000, rng: dice::about(plan.seed, "ids") };
        Self { plan, ids }
    }

    pub(super) fn found(mut self) -> World {
        let licences = self.licences();
        let mut orgs = self.orgs();
        for (index, org) in orgs.iter_mut().enumerate() {
            org.teams = self.teams_of(index, &org.people, &licences);
        }
        let mut enterprise = Entity {
            kind: Kind::Enterprise,
            id: self.ids.next(),
            login: names::ENTERPRISE.to_owned(),
            teams: Vec::new(),
            people: (0..self.plan.users).collect(),
        };
        enterprise.teams = self.enterprise_teams(&licences);
        let people = self.people(&orgs, &licences);
        World { enterprise, orgs, people }
    }

    /// Two in five have had their licence for over a year, the others got it since; a few come and go
    /// after the start. The first person is there from the beginning, so that even a company of one has numbers.
    fn licences(&self) -> Vec<Spell> {
        let mut rng = dice::about(self.plan.seed, "licences");
        let draw = |index: usize| {
            let ago = match rng.u64(..100) {
                _ if index == 0 => 400,
                0..40 => rng.i64(365..500),
                40..97 => rng.i64(0..365),
                _ => -rng.i64(1..120),
            };
            let from = shift(self.plan.start, -ago);
            let leaves = index > 0 && chance(&mut rng, 60);
            let until = leaves.then(|| shift(from, rng.i64(60..700)));
            Spell { from, until }
        };
        (0..self.plan.users).map(draw).collect()
    }

    fn orgs(&mut self) -> Vec<Entity> {
        let mut rng = dice::about(self.plan.seed, "organisations");
        let count = self.plan.orgs;
        let mut people = vec![Vec::new(); count];
        for person in 0..self.plan.users {
            people[person % count].push(person);
            if count > 1 && chance(&mut rng, 60) {
                people[(person + rng.usize(1..count)) % count].push(person);
            }
        }
        let entity = |(index, people)| {
            let login = names::organisation(index);
            Entity { kind: Kind::Organisation, id: self.ids.next(), login, teams: Vec::new(), people }
        };
        people.into_iter().enumerate().map(entity).collect()
    }

    /// The teams of the `org`-th organisation: every fourth is inside the team three before it.
    fn teams_of(&mut self, org: usize, people: &[usize], licences: &[Spell]) -> Vec<Team> {
        let Plan { teams, orgs, .. } = self.plan;
        let count = teams / orgs + usize::from(org < teams % orgs);
        let mut crew = Crew::of(&self.plan, &names::organisation(org), people, licences, count);
        let mut founded: Vec<Team> = Vec::with_capacity(count);
        let mut subjects =
            (0..).map(|turn| (SUBJECTS[(org * 5 + turn) % SUBJECTS.len()], turn / SUBJECTS.len()));
        for index in 0..count {
            let (name, stack, parent) = if index % 4 == 3 {
                let parent = &founded[index - 3];
                (names::subteam(&parent.name, index / 4), parent.stack, Some(parent.id))
            } else {
                let ((subject, stack), round) = subjects.next().expect("turns never end");
                (names::team(subject, round), stack, None)
            };
            let memberships = crew.team(index);
            let slug = names::slug(&name);
            founded.push(Team { id: self.ids.next(), name, slug, parent, stack, memberships });
        }
        founded
    }

    /// Guilds across the organisations, where there are teams at all.
    fn enterprise_teams(&mut self, licences: &[Spell]) -> Vec<Team> {
        const GUILDS: [&str; 3] = ["Core", "AI Guild", "Security Champions"];
        let everybody: Vec<_> = (0..self.plan.users).collect();
        let count = GUILDS.len().min(self.plan.teams);
        let mut crew = Crew::of(&self.plan, names::ENTERPRISE, &everybody, licences, 10);
        let guild = |(index, name): (usize, &&str)| Team {
            id: self.ids.next(),
            name: (*name).to_owned(),
            slug: format!("ent:{}", names::slug(name)),
            parent: None,
            stack: SUBJECTS[index].1,
            memberships: crew.team(index),
        };
        GUILDS.iter().take(count).enumerate().map(guild).collect()
    }

    /// The people, each working with what the first of their teams builds with.
    fn people(&mut self, orgs: &[Entity], licences: &[Spell]) -> Vec<Person> {
        let mut stacks: Vec<Option<&Stack>> = vec![None; licences.len()];
        for team in orgs.iter().flat_map(|org| &org.teams) {
            for membership in &team.memberships {
                stacks[membership.person].get_or_insert(team.stack);
            }
        }
        let (mut logins, mut rng) = (Logins::default(), dice::about(self.plan.seed, "people"));
        let person = |(index, (licence, stack)): (usize, (&Spell, Option<&Stack>))| {
            let any = SUBJECTS[rng.usize(..SUBJECTS.len())].1;
            let (id, dice) = (self.ids.next(), rng.u64(..));
            let mut own = Rng::with_seed(dice);
            let mut person = Person {
                id,
                login: logins.draw(&mut rng),
                telemetry: !chance(&mut own, 30) || index == 0,
                licence: *licence,
                uses: *licence,
                habits: Habits::draw(&mut own, stack.unwrap_or(any)),
                dice,
            };
            if index > 0 {
                lose_interest(&mut person, self.plan.start);
            }
            person
        };
        licences.iter().zip(stacks).enumerate().map(person).collect()
    }
}

/// Some people begin to use Copilot a while after they got it, some gave it up before `start`, and a few
/// never tried it. Of those who gave it up, some are about to lose their licence.
fn lose_interest(person: &mut Person, start: NaiveDate) {
    let mut rng = dice::about(person.dice, "interest");
    let Spell { from, .. } = person.licence;
    let gave_up = match rng.u64(..1000) {
        0..15 => Some(from),
        15..40 => Some(shift(start, -rng.i64(8..28))),
        40..75 => Some(shift(start, -rng.i64(28..90))),
        75..105 => Some(shift(start, -rng.i64(90..200))),
        105..255 => {
            person.uses.from = shift(from, rng.i64(2..20));
            None
        }
        _ => None,
    };
    let Some(gave_up) = gave_up.filter(|day| *day >= from) else { return };
    person.uses.until = Some(gave_up);
    if person.licence.until.is_none() && chance(&mut rng, 300) {
        person.licence.until = Some(shift(start, rng.i64(3..45)).max(shift(from, 1)));
    }
}

/// The people of one owner, being dealt to its teams like cards: nobody gets a second team before
/// everybody on the deck has a first one.
struct Crew<'l> {
    deck: Vec<usize>,
    /// How many were dealt so far; past the end the deck begins again.
    dealt: usize,
    /// Members of a team of usual size.
    usual: usize,
    licences: &'l [Spell],
    start: NaiveDate,
    rng: Rng,
}

impl<'l> Crew<'l> {
    /// One person in eight is in no team; the others are dealt to `teams` teams.
    fn of(plan: &Plan, owner: &str, people: &[usize], licences: &'l [Spell], teams: usize) -> Self {
        let mut rng = dice::about(plan.seed, owner);
        let mut deck: Vec<_> = people.iter().copied().filter(|_| !chance(&mut rng, 125)).collect();
        rng.shuffle(&mut deck);
        let usual = (deck.len() * 13 / 10 / teams.max(1)).clamp(9, 60);
        Self { deck, dealt: 0, usual, licences, start: plan.start, rng }
    }

    /// The memberships of the next team. Some teams are too small for GitHub to show, and some are just
    /// forming: their fifth member joins in the weeks before the start.
    fn team(&mut self, index: usize) -> Vec<Membership> {
        let forming = index % 16 == 5;
        let size = match index % 8 {
            4 => self.rng.usize(2..=4),
            _ if forming => 7,
            _ => self.rng.usize(self.usual * 6 / 10..=self.usual * 14 / 10),
        };
        let size = size.min(self.deck.len());
        (0..size)
            .map(|place| {
                let earliest =
                    forming.then(|| shift(self.start, -26 + 4 * i64::try_from(place).unwrap_or(0)));
                self.deal(earliest)
            })
            .collect()
    }

    /// The next person, who joins with the licence or later, not before `earliest`, and may move on.
    fn deal(&mut self, earliest: Option<NaiveDate>) -> Membership {
        let person = self.deck[self.dealt % self.deck.len()];
        self.dealt += 1;
        let licensed = self.licences[person].from;
        let later = if chance(&mut self.rng, 200) { self.rng.i64(1..90) } else { 0 };
        let from = earliest.map_or_else(|| shift(licensed, later), |earliest| earliest.max(licensed));
        let until = chance(&mut self.rng, 60).then(|| shift(from, self.rng.i64(40..400)));
        Membership { person, spell: Spell { from, until } }
    }
}
