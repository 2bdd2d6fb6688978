//! What every watcher of an owner has and does: it asks, tells the keeper, reports how it went and rests.

use std::{collections::BTreeSet, future::Future, sync::Arc, time::Duration};

use chrono::SecondsFormat;
use futures_util::future;
use tokio::sync::mpsc;

use super::{
    billing::BillingWatcher, reports::ReportWatcher, round::Round, schedule::Schedule, seats::SeatWatcher,
    usage::UsageWatcher,
};
use crate::{
    clock::{Instant, SharedClock, after},
    config::TeamPatterns,
    github::{Client, credential::Fingerprint},
    model::{
        Update,
        state::{Attempt, Targets},
    },
    owner::Owner,
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
    /// How many at a time.
    pub concurrency: usize,
    /// `EXPORTER_SETTLE_DAYS`: the day that is shown can be so much older than the newest.
    pub settle_days: u8,
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
    let mut schedule = Schedule::new(asker.watch().task.interval, asker.watch().now());
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

    /// Waits until the next attempt is due. After one that failed also until the credential is another than it was
    /// `before`: somebody may have mended the very thing that failed.
    pub async fn rest(&self, failed: bool, before: Option<Fingerprint>, next: Instant) {
        if !failed || before.is_none() {
            return self.clock.sleep_until(next).await;
        }
        let mut last = self.now();
        loop {
            let now = self.now();
            // A clock that was set back would make it wait for as much longer.
            if now >= next || now < last {
                return;
            }
            last = now;
            self.clock.sleep_until(next.min(after(now, CREDENTIAL_LOOK))).await;
            if self.client.fingerprint(&self.task.owner).await != before {
                tracing::info!(owner = %self.task.owner, "the credential has changed");
                return;
            }
        }
    }
}
