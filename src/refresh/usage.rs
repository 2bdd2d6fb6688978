//! Watching an owner by the usage API: which targets a source has, what was read of each, and what is due.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use futures_util::{StreamExt, future, stream};

use super::{
    roster::watched,
    round::Round,
    validated::Validated,
    watch::{Asked, Asker, Stopped, Watch},
};
use crate::{
    clock::{Instant, SharedClock},
    github::{
        Answer, Client, Failure, Reason, Validators, teams,
        usage::{self, Window},
    },
    model::{Records, Update, state::Targets},
    owner::{Owner, Team},
    source::Source,
};

/// Asks for the owner's own figures, or for those of its teams.
#[derive(Debug)]
pub struct UsageWatcher {
    watch: Watch,
    of_teams: bool,
    /// The owner as a whole; asked for by the source `activity`.
    whole: Target,
    /// The rest is asked for by the source `teams`.
    team_list: Validated,
    teams: BTreeMap<u64, Target>,
}

/// A question about one team, which can stand beside others.
struct TeamQuestion {
    id: u64,
    slug: String,
    known: Validators,
    client: Arc<Client>,
    clock: SharedClock,
    owner: Owner,
}

impl TeamQuestion {
    /// Asks it: the team's id, when it was asked, and the answer.
    async fn ask(self) -> (u64, Instant, Result<Answer<Records>, Failure>) {
        let asked = self.clock.now();
        let slug = Some(self.slug.as_str());
        let answer = usage::days(&self.client, &self.owner, slug, &Window::default(), &self.known).await;
        (self.id, asked, answer.map(|answer| answer.map(Records::Usage)))
    }
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

/// What an answer tells: the days, or that they are as they were.
#[derive(Debug)]
struct News {
    days: Option<Records>,
}

impl UsageWatcher {
    /// A watcher that has asked nothing yet.
    pub fn new(watch: Watch, of_teams: bool) -> Self {
        Self {
            watch,
            of_teams,
            whole: Target::default(),
            team_list: Validated::default(),
            teams: BTreeMap::new(),
        }
    }

    async fn ask_owner(&mut self) -> Result<Round, Stopped> {
        let mut round = Round::default();
        let now = self.watch.now();
        let known = self.whole.validated.known(now);
        let (client, owner) = (&self.watch.client, &self.watch.task.owner);
        let answer = usage::days(client, owner, None, &Window::default(), &known).await;
        let answer = answer.map(|answer| answer.map(Records::Usage));
        let (asked, news) = self.whole.take(answer, now);
        round.took(asked);
        self.pass_on(None, news, now).await?;
        Ok(round)
    }

    /// Asks for the team list once a cycle, then for every team that was not read in it; those that were tried
    /// longest ago first, so that a few that always fail do not keep the others from being asked.
    async fn ask_teams(&mut self, cycle: Instant) -> Result<Round, Stopped> {
        let mut round = Round::default();
        if self.watch.task.teams.is_none() {
            return Ok(round);
        }
        let now = self.watch.now();
        if self.team_list.is_due(cycle, now) {
            round.took(self.ask_team_list().await?);
        }
        if round.over {
            return Ok(round);
        }
        let due = self.teams.iter().filter(|(_, team)| team.validated.is_due(cycle, now));
        let mut due: Vec<(Option<Instant>, u64)> = due.map(|(id, team)| (team.tried, *id)).collect();
        due.sort_unstable();
        self.ask_each_team(due.into_iter().map(|(_, id)| id).collect(), &mut round).await?;
        Ok(round)
    }

    async fn ask_each_team(&mut self, due: Vec<u64>, round: &mut Round) -> Result<(), Stopped> {
        let questions: Vec<_> = due.into_iter().filter_map(|id| self.question(id)).collect();
        // When the round is over no further question is begun; those on their way are waited for, and counted.
        let over = AtomicBool::new(false);
        let mut answers = stream::iter(questions)
            .take_while(|_| future::ready(!over.load(Ordering::Relaxed)))
            .map(TeamQuestion::ask)
            .buffer_unordered(self.watch.task.concurrency);
        while let Some((id, asked, answer)) = answers.next().await {
            let Some(team) = self.teams.get_mut(&id) else { continue };
            let (result, news) = team.take(answer, asked);
            round.took(result);
            over.store(round.over, Ordering::Relaxed);
            self.pass_on(Some(id), news, asked).await?;
        }
        Ok(())
    }

    fn question(&self, id: u64) -> Option<TeamQuestion> {
        let team = self.teams.get(&id)?;
        let (client, clock, owner) =
            (Arc::clone(&self.watch.client), Arc::clone(&self.watch.clock), self.watch.task.owner.clone());
        let known = team.validated.known(clock.now());
        Some(TeamQuestion { id, slug: team.slug.clone(), known, client, clock, owner })
    }

    async fn ask_team_list(&mut self) -> Result<Result<(), Failure>, Stopped> {
        let now = self.watch.now();
        let owner = &self.watch.task.owner;
        let records = match teams::teams(&self.watch.client, owner, &self.team_list.known(now)).await {
            Err(failure) => return Ok(Err(failure)),
            Ok(Answer::Unchanged) => {
                self.team_list.unchanged(now);
                return Ok(Ok(()));
            }
            Ok(Answer::NotReady) => {
                return Ok(Err(Failure::new(Reason::Decode, "the team list has no body")));
            }
            Ok(Answer::Fresh(records, validators)) => {
                self.team_list.sent(now, validators);
                records
            }
        };
        let watched = watched(&records, &self.watch.task.teams, owner);
        self.keep_targets(&watched);
        self.watch.tell(Update::Teams { owner: self.watch.task.owner.clone(), teams: watched }).await.map(Ok)
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

    /// Tells what was read, if anything was.
    async fn pass_on(&self, team: Option<u64>, news: Option<News>, at: Instant) -> Result<(), Stopped> {
        let Some(News { days }) = news else { return Ok(()) };
        self.watch.tell(Update::Days { owner: self.watch.task.owner.clone(), team, days, at }).await
    }
}

impl Asker for UsageWatcher {
    fn watch(&self) -> &Watch {
        &self.watch
    }

    fn source(&self) -> Source {
        if self.of_teams { Source::Teams } else { Source::Activity }
    }

    async fn ask(&mut self, cycle: Instant) -> Result<Asked, Stopped> {
        if self.of_teams {
            let round = self.ask_teams(cycle).await?;
            return Ok(Asked { round, targets: count(self.teams.values()), waiting: false });
        }
        let round = self.ask_owner().await?;
        Ok(Asked { round, targets: count([&self.whole]), waiting: self.whole.is_empty() })
    }
}

impl Target {
    /// Takes note of an answer, and gives what it tells.
    fn take(
        &mut self,
        answer: Result<Answer<Records>, Failure>,
        asked: Instant,
    ) -> (Result<(), Failure>, Option<News>) {
        self.tried = Some(asked);
        self.failed = answer.is_err();
        let (days, validators) = match answer {
            Err(failure) => return (Err(failure), None),
            Ok(Answer::Unchanged) => {
                self.validated.unchanged(asked);
                return (Ok(()), Some(News { days: None }));
            }
            Ok(Answer::NotReady) => (Records::NONE, Validators::default()),
            Ok(Answer::Fresh(days, validators)) => (days, validators),
        };
        self.has_data = days.has_number();
        self.validated.sent(asked, validators);
        (Ok(()), Some(News { days: Some(days) }))
    }

    /// Whether it was read and GitHub gave no figures.
    fn is_empty(&self) -> bool {
        !self.failed && !self.has_data && self.validated.is_read()
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
