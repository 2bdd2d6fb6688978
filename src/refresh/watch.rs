//! What every watcher of an owner has and does: it asks, tells the keeper, reports how it went and rests.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use chrono::SecondsFormat;
use futures_util::future;
use tokio::sync::mpsc;

use super::{reports::ReportWatcher, round::Round, usage::UsageWatcher};
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

impl Watch {
    /// Asks whenever something is due, until nobody listens any more.
    pub async fn run(self) {
        if self.task.api != Some(Api::Usage) {
            match ReportWatcher::new(self.clone()).run().await {
                Leave::Stopped => return,
                Leave::Usage => tracing::info!(owner = %self.task.owner, "asked by the usage API"),
            }
        }
        let watchers = self.task.sources.iter().map(|source| UsageWatcher::new(self.clone(), *source).run());
        future::join_all(watchers).await;
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
        loop {
            let now = self.now();
            if now >= next {
                return;
            }
            self.clock.sleep_until(next.min(after(now, CREDENTIAL_LOOK))).await;
            if self.client.fingerprint(&self.task.owner).await != before {
                tracing::info!(owner = %self.task.owner, "the credential has changed");
                return;
            }
        }
    }
}
