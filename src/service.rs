//! The exporter as a whole: everything between the configuration and the port, wired.

use std::{collections::BTreeMap, future::Future, pin::pin, sync::Arc};

use tokio::{
    net::TcpListener,
    sync::{mpsc, oneshot},
    task::JoinSet,
    time::timeout,
};

use crate::{
    clock::SharedClock,
    config::{Config, Installed},
    github::{Client, client::Unusable},
    metrics::TeamDetail,
    model::{State, Update},
    owner::Owner,
    refresh::{
        installations::{Installations, LOOK},
        keeper::{Keeper, Rendering},
        published::Published,
        saved::Fit,
        saver::Saver,
        store::Store,
        watch::{Known, Task, Watch},
    },
    server::{self, connections::Patience, routes::Routes, web::Web},
    source::Api,
};

/// News that may wait for the keeper; then watchers wait, so that answers do not pile up in memory.
const NEWS: usize = 32;

/// More owners than this are not all asked at the same time, but for the first.
const FEW: usize = 8;

/// Why the service could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// GitHub cannot be asked from this machine.
    #[error(transparent)]
    Client(#[from] Unusable),
}

/// Asks GitHub and serves what it tells, until `stop` is ready.
///
/// Everything outside is handed in, so that a process can run the service any number of times.
///
/// # Errors
/// [`StartError`] before the first request is accepted; after that nothing is fatal.
pub async fn serve(
    config: Config,
    web: Web,
    listener: TcpListener,
    clock: SharedClock,
    stop: impl Future<Output = ()>,
) -> Result<(), StartError> {
    let client = Arc::new(Client::new(config.github.clone(), &config.owners, Arc::clone(&clock))?);
    let published = Arc::new(Published::default());
    let mut stop = pin!(stop);
    let refresh = tokio::select! {
        refresh = Refresh::start(&config, &client, &clock, &published) => refresh,
        // The disk with what an earlier process knew may hang.
        () = &mut stop => return Ok(()),
    };
    let routes = Arc::new(Routes::new(Arc::clone(&published), clock));
    let web = Arc::new(web);
    let mut settings = web.settings();
    let refusals = Arc::clone(&routes);
    let expecting = async move {
        loop {
            settings.borrow_and_update().refusals().for_each(|status| refusals.expect(status));
            if settings.changed().await.is_err() {
                return std::future::pending::<()>().await;
            }
        }
    };
    let (stopping, stopped) = oneshot::channel::<()>();
    let stop = async move {
        stop.await;
        drop(stopping);
    };
    // Both end when they are asked to.
    let working = async {
        let serving = server::serve(listener, routes, Arc::clone(&web), Patience::default(), stop);
        tokio::join!(serving, refresh.work(&published, async { drop(stopped.await) }));
    };
    tokio::select! {
        () = working => {}
        () = web.follow() => {}
        () = expecting => {}
    }
    Ok(())
}

/// The tasks of the refresh.
struct Refresh {
    watchers: JoinSet<()>,
    keeper: JoinSet<()>,
}

impl Refresh {
    /// Starts the keeper, once what is known already can be served, and a watch for every owner.
    async fn start(
        config: &Config,
        client: &Arc<Client>,
        clock: &SharedClock,
        published: &Arc<Published>,
    ) -> Self {
        let (sender, news) = mpsc::channel(NEWS);
        let saver = config
            .state_dir
            .as_deref()
            .map(|directory| Saver::new(Store::new(directory, Fit::of(config)), Arc::clone(published)));
        // Until it is found out otherwise an owner is asked by reports.
        let mut state =
            State::new(&config.owners, &config.sources).speaking(config.api.unwrap_or(Api::Reports));
        if let Some(saver) = &saver {
            state = saver.load(state, clock.now()).await;
        }
        let mut make = watches(config, &state, client, clock, sender.clone());
        let mut watchers: JoinSet<()> = config.owners.iter().map(|owner| make(owner).run()).collect();
        if config.installed != Installed::None {
            let restored =
                state.owners.keys().filter(|owner| !config.owners.contains(owner)).cloned().collect();
            let installations = Installations {
                installed: config.installed,
                client: Arc::clone(client),
                clock: Arc::clone(clock),
                news: sender,
                published: Arc::clone(published),
                make,
            };
            watchers.spawn(installations.run(LOOK.min(config.refresh_interval), restored));
        }
        let (client, clock, published) = (Arc::clone(client), Arc::clone(clock), Arc::clone(published));
        let rendering =
            Rendering { view: config.view, team_detail: config.team_detail, max_series: config.max_series };
        let mut keeper = Keeper::new(state, news, client, clock, published, rendering, saver);
        keeper.show().await;
        Self { watchers, keeper: JoinSet::from_iter([keeper.run()]) }
    }

    /// Lets it work until `stop` is ready, and then lets the keeper save what it has taken in. A question to GitHub that is
    /// still open is not waited for.
    async fn work(mut self, published: &Published, stop: impl Future<Output = ()>) {
        tokio::select! {
            () = self.guard(published) => {}
            () = stop => {}
        }
        self.watchers.abort_all();
        let ended = async {
            while self.watchers.join_next().await.is_some() {}
            while self.keeper.join_next().await.is_some() {}
        };
        if timeout(Patience::default().stop, ended).await.is_err() {
            tracing::warn!("EXPORTER_STATE_DIR: the last news could not be saved in time");
        }
    }

    /// Watches over the tasks, which do not end by themselves. Should a mistake of ours end one, the log says so and
    /// everything else goes on and what was published stays, but it is no longer healthy.
    async fn guard(&mut self, published: &Published) {
        loop {
            let ended = tokio::select! {
                Some(ended) = self.watchers.join_next() => ended,
                Some(ended) = self.keeper.join_next() => ended,
                else => return std::future::pending().await,
            };
            if let Err(error) = ended {
                published.break_down();
                tracing::error!(%error, "a part of the refresh has broken down; restart the exporter and report it");
            }
        }
    }
}

/// Makes the watch over an owner.
fn watches(
    config: &Config,
    state: &State,
    client: &Arc<Client>,
    clock: &SharedClock,
    news: mpsc::Sender<Update>,
) -> impl FnMut(&Owner) -> Watch + Send + use<> {
    // Owners that are all asked at once at the start would be so in every interval.
    let is_crowd = config.owners.len() > FEW || config.installed != Installed::None;
    let config = config.clone();
    let mut known: BTreeMap<Owner, Known> =
        state.owners.iter().map(|(owner, held)| (owner.clone(), Known::of(held))).collect();
    let (client, clock) = (Arc::clone(client), Arc::clone(clock));
    move |owner| {
        // Who comes back later comes with nothing.
        let known = known.remove(owner).unwrap_or_default();
        let task = Task {
            owner: owner.clone(),
            api: config.api,
            sources: config.sources.clone(),
            teams: config.teams.clone(),
            team_detail: config.team_detail == TeamDetail::All,
            interval: config.refresh_interval,
            first_cycle: if is_crowd {
                config.refresh_interval.mul_f64(0.5 + fastrand::f64() / 2.0)
            } else {
                config.refresh_interval
            },
            concurrency: config.github.concurrency,
            settle_days: config.view.settle_days,
            known,
        };
        Watch { client: Arc::clone(&client), clock: Arc::clone(&clock), news: news.clone(), task }
    }
}
