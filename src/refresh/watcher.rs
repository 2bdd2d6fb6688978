//! One owner's questions: which targets there are, what was read of each, and what is due.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use chrono::TimeDelta;
use tokio::sync::mpsc;

use super::schedule::Schedule;
use crate::{
    clock::{Instant, SharedClock},
    config::TeamPatterns,
    github::{
        Answer, Client, Failure, Reason, Validators, teams,
        usage::{self, UsageDay, Window},
    },
    model::{
        Update,
        state::{Attempt, Targets},
    },
    owner::{Owner, Team},
    source::Source,
};

/// Validators older than this are not used: by then the data they stand for may have been dropped.
const VALIDATORS_LIVE: TimeDelta = TimeDelta::days(7);

/// So many failures in a row end a round: GitHub is down, and asking for a thousand teams will not bring it back.
const MOST_FAILURES_IN_A_ROW: u32 = 3;

/// What a watcher is told.
#[derive(Clone, Debug)]
pub struct Task {
    /// Whose questions.
    pub owner: Owner,
    /// Which of them.
    pub sources: BTreeSet<Source>,
    /// Which teams.
    pub teams: TeamPatterns,
    /// How often.
    pub interval: Duration,
}

/// Asks for one owner, forever.
#[derive(Debug)]
pub struct Watcher {
    client: Arc<Client>,
    clock: SharedClock,
    news: mpsc::Sender<Update>,
    task: Task,
    /// The owner as a whole.
    whole: Target,
    team_list: Validated,
    teams: BTreeMap<u64, Target>,
}

/// Something with usage figures: the owner, or a team of it.
#[derive(Debug, Default)]
struct Target {
    /// The team's slug; empty for the owner.
    slug: String,
    validated: Validated,
    tried: Option<Instant>,
    /// Whether the last try failed.
    failed: bool,
    /// Whether the last answer had figures.
    has_data: bool,
}

/// When something was last read, and the validators it came with.
#[derive(Debug, Default)]
struct Validated {
    read: Option<Instant>,
    validators: Validators,
}

/// What came of one attempt so far.
#[derive(Debug, Default)]
struct Round {
    failures: BTreeMap<Reason, u64>,
    problem: Option<Failure>,
    retry_at: Option<Instant>,
    in_a_row: u32,
    over: bool,
}

/// Whoever took the news is gone: the service is stopping.
#[derive(Debug)]
struct Stopped;

impl Watcher {
    /// A watcher that has asked nothing yet and sends what it learns to `news`.
    pub fn new(client: Arc<Client>, clock: SharedClock, news: mpsc::Sender<Update>, task: Task) -> Self {
        Self {
            client,
            clock,
            news,
            task,
            whole: Target::default(),
            team_list: Validated::default(),
            teams: BTreeMap::new(),
        }
    }

    /// Asks whenever something is due, until nobody listens any more.
    pub async fn run(mut self) {
        let now = self.clock.now();
        let schedule = |source: &Source| (*source, Schedule::new(self.task.interval, now));
        let mut schedules: BTreeMap<Source, Schedule> = self.task.sources.iter().map(schedule).collect();
        while let Some((source, schedule)) = schedules.iter_mut().min_by_key(|(_, schedule)| schedule.next())
        {
            self.clock.sleep_until(schedule.next()).await;
            if self.attempt(*source, schedule).await.is_err() {
                return;
            }
        }
    }

    /// Asks for one source and reports how it went.
    async fn attempt(&mut self, source: Source, schedule: &mut Schedule) -> Result<(), Stopped> {
        let began = self.clock.now();
        let cycle = schedule.begin(began);
        let round = match source {
            Source::Activity => self.ask_owner().await?,
            Source::Teams => self.ask_teams(cycle).await?,
            Source::Seats | Source::Billing => Round::default(),
        };
        let now = self.clock.now();
        match &round.problem {
            None => schedule.succeeded(),
            Some(problem) => {
                schedule.failed(now, round.retry_at);
                tracing::warn!(
                    owner = %self.task.owner, %source, reason = %problem.reason, detail = problem.detail,
                    failures = round.failures.values().sum::<u64>(), next = %schedule.next(), "refresh failed"
                );
            }
        }
        let attempt = Attempt {
            at: now,
            took: (now - began).to_std().unwrap_or_default(),
            failures: round.failures,
            problem: round.problem,
            waiting: source == Source::Activity && self.whole.is_empty(),
            targets: self.targets(source),
            next: schedule.next(),
        };
        self.tell(Update::Attempt { owner: self.task.owner.clone(), source, attempt }).await
    }

    async fn ask_owner(&mut self) -> Result<Round, Stopped> {
        let mut round = Round::default();
        let mut whole = std::mem::take(&mut self.whole);
        let asked = self.ask_target(None, &mut whole).await;
        self.whole = whole;
        round.took(asked?);
        Ok(round)
    }

    /// Asks for the team list once a cycle, then for every team that was not read in it; those that were tried
    /// longest ago first, so that a few that always fail do not keep the others from being asked.
    async fn ask_teams(&mut self, cycle: Instant) -> Result<Round, Stopped> {
        let mut round = Round::default();
        if self.task.teams.is_none() {
            return Ok(round);
        }
        if self.team_list.is_due(cycle) {
            round.took(self.ask_team_list().await?);
        }
        let due = self.teams.iter().filter(|(_, team)| team.validated.is_due(cycle));
        let mut due: Vec<(Option<Instant>, u64)> = due.map(|(id, team)| (team.tried, *id)).collect();
        due.sort_unstable();
        for (_, id) in due {
            if round.over {
                break;
            }
            let mut target = self.teams.remove(&id).unwrap_or_default();
            let asked = self.ask_target(Some(id), &mut target).await;
            self.teams.insert(id, target);
            round.took(asked?);
        }
        Ok(round)
    }

    async fn ask_team_list(&mut self) -> Result<Result<(), Failure>, Stopped> {
        let now = self.clock.now();
        let owner = &self.task.owner;
        let records = match teams::teams(&self.client, owner, &self.team_list.known(now)).await {
            Err(failure) => return Ok(Err(failure)),
            Ok(Answer::Unchanged) => {
                self.team_list.read = Some(now);
                return Ok(Ok(()));
            }
            Ok(Answer::NotReady) => {
                return Ok(Err(Failure::new(Reason::Decode, "the team list has no body")));
            }
            Ok(Answer::Fresh(records, validators)) => {
                self.team_list = Validated { read: Some(now), validators };
                records
            }
        };
        let watched = records.iter().filter(|record| self.task.teams.select(owner, &record.slug));
        let watched: Vec<Team> =
            watched.map(|record| Team { id: record.id, slug: record.slug.to_lowercase() }).collect();
        self.keep_targets(&watched);
        self.tell(Update::Teams { owner: self.task.owner.clone(), teams: watched }).await.map(Ok)
    }

    /// Follows a complete team list. A renamed team is asked anew: its address has changed.
    fn keep_targets(&mut self, teams: &[Team]) {
        let mut before = std::mem::take(&mut self.teams);
        for team in teams {
            let known = before.remove(&team.id).filter(|target| target.slug == team.slug);
            let fresh = || Target { slug: team.slug.clone(), ..Target::default() };
            self.teams.insert(team.id, known.unwrap_or_else(fresh));
        }
    }

    /// Asks for the usage of the owner, or of the team with this id, and passes it on.
    async fn ask_target(
        &self,
        team: Option<u64>,
        target: &mut Target,
    ) -> Result<Result<(), Failure>, Stopped> {
        let now = self.clock.now();
        target.tried = Some(now);
        let slug = team.map(|_| target.slug.as_str());
        let answer = usage::days(
            &self.client,
            &self.task.owner,
            slug,
            &Window::default(),
            &target.validated.known(now),
        )
        .await;
        target.failed = answer.is_err();
        let (days, validators) = match answer {
            Err(failure) => return Ok(Err(failure)),
            Ok(Answer::Unchanged) => (None, std::mem::take(&mut target.validated.validators)),
            Ok(Answer::NotReady) => (Some(Vec::new()), Validators::default()),
            Ok(Answer::Fresh(days, validators)) => (Some(days), validators),
        };
        if let Some(days) = &days {
            target.has_data = days.iter().any(UsageDay::has_number);
        }
        target.validated = Validated { read: Some(now), validators };
        let owner = self.task.owner.clone();
        self.tell(Update::Days { owner, team, days, at: now }).await.map(Ok)
    }

    fn targets(&self, source: Source) -> Targets {
        match source {
            Source::Activity => count([&self.whole]),
            Source::Teams => count(self.teams.values()),
            Source::Seats | Source::Billing => Targets::default(),
        }
    }

    async fn tell(&self, update: Update) -> Result<(), Stopped> {
        self.news.send(update).await.map_err(|_| Stopped)
    }
}

impl Target {
    /// Whether it was read and GitHub gave no figures.
    fn is_empty(&self) -> bool {
        !self.failed && !self.has_data && self.validated.read.is_some()
    }
}

impl Validated {
    fn is_due(&self, cycle: Instant) -> bool {
        self.read.is_none_or(|read| read < cycle)
    }

    /// What to ask with so that GitHub need not send again what is here.
    fn known(&self, now: Instant) -> Validators {
        let fresh = self.read.is_some_and(|read| now - read < VALIDATORS_LIVE);
        if fresh { self.validators.clone() } else { Validators::default() }
    }
}

impl Round {
    /// Takes note of one question.
    fn took(&mut self, asked: Result<(), Failure>) {
        let Err(failure) = asked else {
            self.in_a_row = 0;
            return;
        };
        *self.failures.entry(failure.reason).or_default() += 1;
        self.retry_at = self.retry_at.max(failure.retry_at);
        if !failure.reason.is_about_target() {
            self.in_a_row += 1;
        }
        self.over = failure.reason.stops_round() || self.in_a_row >= MOST_FAILURES_IN_A_ROW;
        self.problem.get_or_insert(failure);
    }
}

fn count<'a>(targets: impl IntoIterator<Item = &'a Target>) -> Targets {
    let mut counts = Targets::default();
    for target in targets {
        if target.failed {
            counts.failing += 1;
        } else if target.has_data {
            counts.ok += 1;
        } else if target.is_empty() {
            counts.no_data += 1;
        }
    }
    counts
}
