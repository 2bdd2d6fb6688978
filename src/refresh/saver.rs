//! Loading and saving beside serving: off the async threads, and never waiting for a disk for long.

use std::{io, sync::Arc, time::Duration};

use tokio::{task::JoinHandle, time::timeout};

use super::{published::Published, store::Store};
use crate::{
    clock::{Instant, after},
    model::State,
};

/// So long a disk is waited for. That is the machine's time, as with a socket.
const PATIENCE: Duration = Duration::from_secs(20);

/// What could not be saved is tried again after so long, if no news come before.
const AGAIN_AFTER: Duration = Duration::from_secs(60);

/// Saves the state and says what does not work, once for each trouble.
#[derive(Debug)]
pub struct Saver {
    store: Arc<Store>,
    published: Arc<Published>,
    /// One that has taken too long.
    hanging: Option<JoinHandle<io::Result<()>>>,
    due: Option<Instant>,
}

impl Saver {
    /// Saves in this store. The first time is due at once, so that whoever gave the directory is told while looking.
    pub fn new(store: Store, published: Arc<Published>) -> Self {
        Self { store: Arc::new(store), published, hanging: None, due: Some(Instant::MIN_UTC) }
    }

    /// When to save without any news; nothing if all is saved.
    pub fn due(&self) -> Option<Instant> {
        self.due
    }

    /// What an earlier process knew, put into a state that knows nothing yet.
    pub async fn load(&self, empty: State, now: Instant) -> State {
        let (store, unknown) = (Arc::clone(&self.store), empty.clone());
        let mut loading = tokio::task::spawn_blocking(move || Ok(store.load(empty, now)));
        waited(&mut loading).await.unwrap_or_else(|why| {
            tracing::warn!(why, "EXPORTER_STATE_DIR: what an earlier process knew is ignored");
            unknown
        })
    }

    /// Saves the state as it is now. While an earlier saving hangs none is begun, so that they do not pile up.
    pub async fn save(&mut self, state: Arc<State>, now: Instant) {
        self.due = Some(after(now, AGAIN_AFTER));
        if self.hanging.as_ref().is_some_and(|hanging| !hanging.is_finished()) {
            return;
        }
        let store = Arc::clone(&self.store);
        let mut saving = tokio::task::spawn_blocking(move || store.save(&state));
        let trouble = waited(&mut saving).await.err();
        if trouble.is_none() {
            self.due = None;
        }
        self.hanging = Some(saving).filter(|saving| !saving.is_finished());
        self.tell(trouble);
    }

    fn tell(&self, trouble: Option<String>) {
        let before = self.published.unsaved();
        let file = self.store.file().display();
        match &trouble {
            Some(why) if before.as_ref() != Some(why) => {
                tracing::warn!(%file, why, "EXPORTER_STATE_DIR: the figures could not be saved");
            }
            None if before.is_some() => tracing::info!(%file, "the figures are saved again"),
            _ => {}
        }
        self.published.saved(trouble);
    }
}

/// Waits for a disk, and says what is wrong with it.
async fn waited<T>(work: &mut JoinHandle<io::Result<T>>) -> Result<T, String> {
    match timeout(PATIENCE, work).await {
        Ok(Ok(done)) => done.map_err(|error| error.to_string()),
        Ok(Err(panicked)) => Err(panicked.to_string()),
        Err(_) => Err("the file system does not answer".to_owned()),
    }
}
