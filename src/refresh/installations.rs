//! Where the App is installed: a watch begins for every owner that comes, and ends for every one that goes.

use std::{collections::BTreeMap, pin::pin, sync::Arc, time::Duration};

use tokio::{
    sync::mpsc,
    task::{AbortHandle, JoinError, JoinSet},
};

use super::{
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

/// Follows the list of installations.
#[derive(Debug)]
pub struct Installations<M> {
    /// Which of them are watched.
    pub installed: Installed,
    /// How often to look.
    pub interval: Duration,
    /// Asks.
    pub client: Arc<Client>,
    /// Tells the time.
    pub clock: SharedClock,
    /// Where news go.
    pub news: mpsc::Sender<Update>,
    /// Makes the watch over an owner.
    pub make: M,
    /// Who is watched, and by which task.
    watched: BTreeMap<Owner, AbortHandle>,
    watches: JoinSet<()>,
}

impl<M: Fn(&Owner) -> Watch> Installations<M> {
    /// Follows nothing yet.
    pub fn new(
        (installed, interval): (Installed, Duration),
        client: Arc<Client>,
        clock: SharedClock,
        news: mpsc::Sender<Update>,
        make: M,
    ) -> Self {
        let (watched, watches) = (BTreeMap::new(), JoinSet::new());
        Self { installed, interval, client, clock, news, make, watched, watches }
    }

    /// Looks once per interval, and between by back-off after failures, until nobody listens any more. Those that are
    /// `known` from an earlier process are watched at once.
    ///
    /// # Panics
    /// When a watch does, so that whoever runs this hears of it.
    pub async fn run(mut self, known: Vec<Owner>) {
        for owner in known {
            let Ok(()) = self.begin(owner).await else { return };
        }
        let mut schedule = Schedule::new(self.interval, self.clock.now());
        loop {
            let key = self.client.app_fingerprint().await;
            schedule.begin(self.clock.now());
            let failed = match self.client.installed().await {
                Ok(owners) => {
                    let Ok(()) = self.follow(owners.into_keys().collect()).await else { return };
                    schedule.succeeded();
                    false
                }
                Err(failure) => {
                    schedule.failed(self.clock.now(), failure.retry_at);
                    true
                }
            };
            let Ok(()) = self.news.send(Update::Listed).await else { return };
            self.rest(key.filter(|_| failed), schedule.next()).await;
        }
    }

    /// Waits until it is time to look again, or until the key is another than it was when that failed.
    async fn rest(&mut self, failed_with: Option<Fingerprint>, next: Instant) {
        let Self { client, clock, watches, .. } = self;
        let mut resting = pin!(rest(&**clock, next, failed_with, || client.app_fingerprint()));
        loop {
            tokio::select! {
                _ = &mut resting => return,
                Some(ended) = watches.join_next() => pass_on(ended),
            }
        }
    }

    /// Watches whoever is in the list, and nobody else.
    async fn follow(&mut self, mut listed: Vec<Owner>) -> Result<(), Stopped> {
        listed.retain(|owner| self.installed.includes(owner));
        let gone: Vec<_> = self.watched.keys().filter(|owner| !listed.contains(owner)).cloned().collect();
        for owner in gone {
            let Some(watch) = self.watched.remove(&owner) else { continue };
            tracing::info!(%owner, "the App is not installed there any more: its figures are dropped");
            watch.abort();
            // What it still tells must not come behind the news that it is gone.
            while !watch.is_finished() {
                if let Some(ended) = self.watches.join_next().await {
                    pass_on(ended);
                }
            }
            self.news.send(Update::Gone { owner }).await.map_err(|_| Stopped)?;
        }
        for owner in listed {
            if !self.watched.contains_key(&owner) {
                tracing::info!(%owner, "the App is installed there");
                self.begin(owner).await?;
            }
        }
        Ok(())
    }

    async fn begin(&mut self, owner: Owner) -> Result<(), Stopped> {
        let watch = (self.make)(&owner);
        watch.announce().await?;
        self.watched.insert(owner, self.watches.spawn(watch.run()));
        Ok(())
    }
}

/// A watch that has ended: passes on its panic, if that was why.
fn pass_on(ended: Result<(), JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        std::panic::resume_unwind(error.into_panic());
    }
}
