//! Saving beside serving: off the async threads, and never waiting for a disk for long.

use std::{io, sync::Arc, time::Duration};

use tokio::{task::JoinHandle, time::timeout};

use super::{published::Published, store::Store};
use crate::model::State;

/// So long a disk is waited for. That is the machine's time, as with a socket.
const PATIENCE: Duration = Duration::from_secs(30);

/// Saves the state and says what does not work, once for each trouble.
#[derive(Debug)]
pub struct Saver {
    store: Arc<Store>,
    published: Arc<Published>,
    /// One that has taken too long.
    hanging: Option<JoinHandle<io::Result<()>>>,
}

impl Saver {
    /// Saves in this store.
    pub fn new(store: Arc<Store>, published: Arc<Published>) -> Self {
        Self { store, published, hanging: None }
    }

    /// Saves the state as it is now. While an earlier saving hangs none is begun, so that they do not pile up.
    pub async fn save(&mut self, state: Arc<State>) {
        if self.hanging.as_ref().is_some_and(|hanging| !hanging.is_finished()) {
            return;
        }
        let store = Arc::clone(&self.store);
        let mut saving = tokio::task::spawn_blocking(move || store.save(&state));
        let trouble = match timeout(PATIENCE, &mut saving).await {
            Ok(Ok(Ok(()))) => None,
            Ok(Ok(Err(error))) => Some(error.to_string()),
            Ok(Err(panicked)) => Some(panicked.to_string()),
            Err(_) => {
                self.hanging = Some(saving);
                Some("the file system does not answer".to_owned())
            }
        };
        self.tell(trouble);
    }

    fn tell(&self, trouble: Option<String>) {
        let before = self.published.unsaved();
        let file = self.store.file().display();
        match &trouble {
            Some(trouble) if before.as_deref() != Some(trouble) => {
                tracing::warn!(%file, trouble, "EXPORTER_STATE_DIR: the figures could not be saved");
            }
            None if before.is_some() => tracing::info!(%file, "the figures are saved again"),
            _ => {}
        }
        self.published.saved(trouble);
    }
}
