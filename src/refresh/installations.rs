//! Where the App is installed: a watch begins for every owner that comes, and ends for every one that goes.

use std::{
    collections::{BTreeMap, BTreeSet},
    pin::pin,
    sync::Arc,
    time::Duration,
};

use tokio::{
    sync::mpsc,
    task::{AbortHandle, JoinError, JoinSet},
};

use super::{
    published::Published,
    schedule::Schedule,
    watch::{Stopped, Watch, rest},
};
use crate::{
    clock::{Instant, SharedClock},
    config::Installed,
    github::{Client, credential::Fingerprint},
    model::Update,
    owner::Owner,
};

/// It is looked this often, or with every refresh where that is more often. It costs nothing of what sources have.
pub const LOOK: Duration = Duration::from_secs(5 * 60);

/// Follows the list of installations.
#[derive(Debug)]
pub struct Installations<M> {
    /// Which of them are watched.
    pub installed: Installed,
    /// Asks.
    pub client: Arc<Client>,
    /// Tells the time.
    pub clock: SharedClock,
    /// Where news go.
    pub news: mpsc::Sender<Update>,
    /// Where it is said that something has broken down.
    pub published: Arc<Published>,
    /// Makes the watch over an owner.
    pub make: M,
}

/// Who is watched now.
#[derive(Debug, Default)]
struct Watches {
    by_owner: BTreeMap<Owner, AbortHandle>,
    /// Those who were not in the last list.
    missing: BTreeSet<Owner>,
    tasks: JoinSet<()>,
}

impl<M: FnMut(&Owner) -> Watch> Installations<M> {
    /// Looks every `interval`, and sooner by back-off after failures, until nobody listens any more. Those that are
    /// `known` from an earlier process are watched at once.
    pub async fn run(mut self, interval: Duration, known: Vec<Owner>) {
        let mut watches = Watches::default();
        for owner in known {
            let Ok(()) = self.begin(owner, &mut watches).await else { return };
        }
        let mut schedule = Schedule::new(interval, self.clock.now());
        loop {
            let key = self.client.app_fingerprint().await;
            schedule.begin(self.clock.now());
            let listed = self.client.installed().await;
            let failed_with = key.filter(|_| listed.is_err());
            match listed {
                Ok(owners) => {
                    let owners = owners.into_keys().collect();
                    let Ok(()) = self.follow(owners, &mut watches).await else { return };
                    schedule.succeeded();
                }
                Err(failure) => schedule.failed(self.clock.now(), failure.retry_at),
            }
            let Ok(()) = self.news.send(Update::Listed).await else { return };
            self.rest(failed_with, schedule.next(), &mut watches.tasks).await;
        }
    }

    /// Waits until it is time to look again, or until the key is another than it was when that failed.
    async fn rest(&self, failed_with: Option<Fingerprint>, next: Instant, tasks: &mut JoinSet<()>) {
        let look = || self.client.app_fingerprint();
        let mut resting = pin!(rest(&*self.clock, next, failed_with, look));
        loop {
            tokio::select! {
                _ = &mut resting => return,
                Some(ended) = tasks.join_next() => self.ended(ended),
            }
        }
    }

    /// Watches whoever is in the list. Who is missing in two lists in a row is gone: while one is read page by page,
    /// others may slip from one page to another.
    async fn follow(&mut self, mut listed: Vec<Owner>, watches: &mut Watches) -> Result<(), Stopped> {
        listed.retain(|owner| self.installed.includes(owner));
        let missing = watches.by_owner.keys().filter(|owner| !listed.contains(owner)).cloned().collect();
        let missed_before = std::mem::replace(&mut watches.missing, missing);
        for owner in &missed_before & &watches.missing {
            tracing::info!(%owner, "the App is not installed there any more: its figures are dropped");
            self.end(owner, watches).await?;
        }
        for owner in listed {
            if !watches.by_owner.contains_key(&owner) {
                tracing::info!(%owner, "the App is installed there");
                self.begin(owner, watches).await?;
            }
        }
        Ok(())
    }

    async fn begin(&mut self, owner: Owner, watches: &mut Watches) -> Result<(), Stopped> {
        let watch = (self.make)(&owner);
        watch.announce().await?;
        watches.by_owner.insert(owner, watches.tasks.spawn(watch.run()));
        Ok(())
    }

    async fn end(&self, owner: Owner, watches: &mut Watches) -> Result<(), Stopped> {
        watches.missing.remove(&owner);
        let Some(watch) = watches.by_owner.remove(&owner) else { return Ok(()) };
        watch.abort();
        // What it still tells must not come behind the news that it is gone.
        while !watch.is_finished() {
            let Some(ended) = watches.tasks.join_next().await else { break };
            self.ended(ended);
        }
        self.client.forget(&owner);
        self.news.send(Update::Gone { owner }).await.map_err(|_| Stopped)
    }

    /// A watch has ended: because it was told to, because nobody listens any more, or by a mistake of ours.
    fn ended(&self, ended: Result<(), JoinError>) {
        if let Err(error) = ended
            && error.is_panic()
        {
            self.published.break_down();
            tracing::error!(%error, "a watch has broken down; restart the exporter and report it");
        }
    }
}
