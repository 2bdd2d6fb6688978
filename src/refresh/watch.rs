//! What every watcher of an owner has and does: it asks, tells the keeper, reports how it went and rests.

use std::{collections::BTreeSet, future::Future, sync::Arc, time::Duration};

use chrono::{NaiveDate, SecondsFormat};
use futures_util::future;
use tokio::sync::mpsc;

use super::{
    billing::BillingWatcher, reports::ReportWatcher, round::Round, schedule::Schedule, seats::SeatWatcher,
    usage::UsageWatcher,
};
use crate::{
    clock::{Clock, Instant, SharedClock, after},
    config::TeamPatterns,
    github::{Client, credential::Fingerprint},
    model::{
        Update,
        state::{Attempt, OwnerState, Targets, TeamState},
    },
    owner::{Owner, Team},
    source::{Api, Source},
};

/// After a failure, how often it is seen whether the credential has changed.
const CREDENTIAL_LOOK: Duration = Duration::from_secs(5);

/// What is to be asked for one owner.
#[derive(Clone, Debug)]
pub struct Task {
    /// Whose questions.
    pub owner: Owner,
    /// By which interface; nothing if that is to be found out.
    pub api: Option<Api>,
    /// Which of them.
    pub sources: BTreeSet<Source>,
    /// Which teams.
    pub teams: TeamPatterns,
    /// Whether it is counted what they did with what.
    pub team_detail: bool,
    /// How often.
    pub interval: Duration,
    /// How long after the first time it is asked for the second time.
    pub first_cycle: Duration,
    /// How many at a time.
    pub concurrency: usize,
    /// `EXPORTER_SETTLE_DAYS`: the day that is shown can be so much older than the newest.
    pub settle_days: u8,
    /// What was found out before.
    pub known: Known,
}

/// What an earlier process found out about an owner by reports, so that a first answer that is incomplete takes nothing
/// away of what it knew.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Its teams, each with the day on which it was last listed.
    pub teams: Vec<(Team, NaiveDate)>,
    /// Whether reports about people were refused.
    pub people_refused: bool,
    /// Whether it was the usage API that told what is known.
    pub by_usage: bool,
}

impl Known {
    /// What is known of an owner. A team has figures of each day on which it was listed.
    pub fn of(held: &OwnerState) -> Self {
        if held.api == Api::Usage {
            return Self { by_usage: true, ..Self::default() };
        }
        let team = |(id, team): (&u64, &TeamState)| {
            let (listed, _) = team.usage.days.last_key_value()?;
            Some((Team { id: *id, slug: team.slug.clone() }, *listed))
        };
        let teams = held.teams.iter().filter_map(team).collect();
        Self { teams, people_refused: held.languages_only, by_usage: false }
    }
}

/// The watch over one owner.
#[derive(Clone, Debug)]
pub struct Watch {
    /// Asks.
    pub client: Arc<Client>,
    /// Tells the time.
    pub clock: SharedClock,
    /// Where news go.
    pub news: mpsc::Sender<Update>,
    /// What is to be asked.
    pub task: Task,
}

/// Whoever took the news is gone: the service is stopping.
#[derive(Debug)]
pub struct Stopped;

/// Why a watcher of reports ends.
#[derive(Debug)]
pub enum Leave {
    /// The service is stopping.
    Stopped,
    /// GitHub answers by the usage API.
    Usage,
}

impl From<Stopped> for Leave {
    fn from(Stopped: Stopped) -> Self {
        Self::Stopped
    }
}

/// Whoever asks for one source of one owner.
pub trait Asker {
    /// What it asks with.
    fn watch(&self) -> &Watch;

    /// What it asks for.
    fn source(&self) -> Source;

    /// Asks for everything that was not read since `cycle` began, and tells the keeper.
    fn ask(&mut self, cycle: Instant) -> impl Future<Output = Result<Asked, Stopped>> + Send;
}

/// What came of asking.
#[derive(Debug)]
pub struct Asked {
    /// The questions.
    pub round: Round,
    /// What became of what was asked about.
    pub targets: Targets,
    /// Whether GitHub has nothing yet.
    pub waiting: bool,
}

/// Asks whenever something is due and reports how it went, until nobody listens any more.
pub async fn keep_asking(mut asker: impl Asker) {
    let mut schedule = asker.watch().schedule();
    loop {
        let credential = asker.watch().client.fingerprint(&asker.watch().task.owner).await;
        let began = asker.watch().now();
        let cycle = schedule.begin(began);
        let Ok(Asked { round, targets, waiting }) = asker.ask(cycle).await else { return };
        let (watch, source) = (asker.watch(), asker.source());
        let failed = schedule.ended(watch.now(), &[&round]);
        let span = (began, schedule.next());
        let Ok(()) = watch.report(source, round, span, targets, waiting).await else { return };
        watch.rest(failed, credential, schedule.next()).await;
    }
}

impl Watch {
    /// Asks whenever something is due, until nobody listens any more.
    pub async fn run(self) {
        tokio::join!(
            self.ask_usage(),
            self.ask_for(Source::Seats, SeatWatcher::new),
            self.ask_for(Source::Billing, BillingWatcher::new),
        );
    }

    /// Asks for a source that is the same by both interfaces, if it is wanted.
    async fn ask_for<A: Asker>(&self, source: Source, asker: impl FnOnce(Self) -> A) {
        if self.task.sources.contains(&source) {
            keep_asking(asker(self.clone())).await;
        }
    }

    /// Asks for what either of the two interfaces about usage gives.
    async fn ask_usage(&self) {
        let sources = || self.task.sources.iter().filter(|source| source.is_usage());
        if sources().next().is_none() {
            return;
        }
        if self.task.api != Some(Api::Usage) {
            match ReportWatcher::new(self.clone()).run().await {
                Leave::Stopped => return,
                Leave::Usage => tracing::info!(owner = %self.task.owner, "asked by the usage API"),
            }
        }
        let watcher = |source: &Source| UsageWatcher::new(self.clone(), *source == Source::Teams);
        future::join_all(sources().map(|source| keep_asking(watcher(source)))).await;
    }

    /// What time it is.
    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    /// Tells the keeper.
    ///
    /// # Errors
    /// [`Stopped`] if there is none any more.
    pub async fn tell(&self, update: Update) -> Result<(), Stopped> {
        self.news.send(update).await.map_err(|_| Stopped)
    }

    /// Reports an attempt at a source.
    ///
    /// # Errors
    /// [`Stopped`] if nobody listens any more.
    pub async fn report(
        &self,
        source: Source,
        round: Round,
        (began, next): (Instant, Instant),
        targets: Targets,
        waiting: bool,
    ) -> Result<(), Stopped> {
        self.log(source, &round, next);
        let at = self.now();
        let took = (at - began).to_std().unwrap_or_default();
        let Round { failures, problem, .. } = round;
        let attempt = Attempt { at, took, failures, problem, waiting, targets, next };
        self.tell(Update::Attempt { owner: self.task.owner.clone(), source, attempt }).await
    }

    fn log(&self, source: Source, round: &Round, next: Instant) {
        let owner = &self.task.owner;
        let next = next.to_rfc3339_opts(SecondsFormat::Secs, true);
        match &round.problem {
            None => tracing::debug!(%owner, %source, next, "refreshed"),
            Some(problem) => {
                let all: Vec<_> =
                    round.failures.iter().map(|(reason, count)| format!("{reason}={count}")).collect();
                let (reason, detail, failures) = (problem.reason, &problem.detail, all.join(","));
                tracing::warn!(%owner, %source, %reason, detail, failures, next, "refresh failed");
            }
        }
    }

    /// Tells the keeper that the owner is watched from now on.
    ///
    /// # Errors
    /// [`Stopped`] if nobody listens any more.
    pub async fn announce(&self) -> Result<(), Stopped> {
        let Task { owner, sources, api, .. } = self.task.clone();
        self.tell(Update::Watched { owner, sources, api: api.unwrap_or(Api::Reports) }).await
    }

    /// The schedule of one of its sources.
    pub fn schedule(&self) -> Schedule {
        Schedule::new(self.task.interval, self.now()).with_first(self.task.first_cycle)
    }

    /// Waits until the next attempt is due. After one that failed also until the credential is another than it was
    /// `before`: somebody may have mended the very thing that failed.
    pub async fn rest(&self, failed: bool, before: Option<Fingerprint>, next: Instant) {
        let owner = &self.task.owner;
        let look = || self.client.fingerprint(owner);
        if rest(&*self.clock, next, before.filter(|_| failed), look).await {
            tracing::info!(%owner, "the credential has changed");
        }
    }
}

/// Waits until `next`, or until the credential that something has `failed_with` is another one. Whether it is.
pub async fn rest<F: Future<Output = Option<Fingerprint>>>(
    clock: &dyn Clock,
    next: Instant,
    failed_with: Option<Fingerprint>,
    look: impl Fn() -> F,
) -> bool {
    if failed_with.is_none() {
        clock.sleep_until(next).await;
        return false;
    }
    let mut now = clock.now();
    while now < next {
        clock.sleep_until(next.min(after(now, CREDENTIAL_LOOK))).await;
        if look().await != failed_with {
            return true;
        }
        let before = std::mem::replace(&mut now, clock.now());
        if now < before {
            // A clock that was set back would make it wait for as much longer; and it may be what failed.
            return false;
        }
    }
    false
}
