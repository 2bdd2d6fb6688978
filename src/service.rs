//! The exporter as a whole: everything between the configuration and the port, wired.

use std::{collections::BTreeMap, future::Future, pin::pin, sync::Arc};

use tokio::{net::TcpListener, sync::mpsc, task::JoinSet};

use crate::{
    clock::{Instant, SharedClock},
    config::{Config, Installed},
    github::{Client, client::Unusable},
    metrics::TeamDetail,
    model::{State, Update},
    owner::Owner,
    refresh::{
        installations::Installations,
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
        refresh = refresh(&config, &client, &clock, &published) => refresh,
        // The disk with what an earlier process knew may hang.
        () = &mut stop => return Ok(()),
    };
    let routes = Arc::new(Routes::new(Arc::clone(&published), clock));
    web.settings().borrow().refusals().for_each(|status| routes.expect(status));
    let web = Arc::new(web);
    tokio::select! {
        // Ends when it is asked to. A question to GitHub that is still open then is not waited for.
        () = server::serve(listener, routes, Arc::clone(&web), Patience::default(), stop) => {}
        () = guard(refresh, &published) => {}
        () = web.follow() => {}
    }
    Ok(())
}

/// Watches over the tasks of the refresh, which never end. Should a mistake of ours end one, the log says so and
/// everything else goes on and what was published stays, but it is no longer healthy.
async fn guard(mut tasks: JoinSet<()>, published: &Published) {
    while let Some(ended) = tasks.join_next().await {
        if let Err(error) = ended {
            published.break_down();
            tracing::error!(%error, "a part of the refresh has broken down; restart the exporter and report it");
        }
    }
    std::future::pending::<()>().await;
}

/// What is known at the start: what an earlier process left, or nothing. Read off the async threads.
async fn known(config: &Config, store: Option<Arc<Store>>, now: Instant) -> State {
    // Until it is found out otherwise an owner is asked by reports.
    let empty = State::new(&config.owners, &config.sources).speaking(config.api.unwrap_or(Api::Reports));
    let Some(store) = store else { return empty };
    let unknown = empty.clone();
    tokio::task::spawn_blocking(move || store.load(empty, now)).await.unwrap_or_else(|error| {
        tracing::error!(%error, "what an earlier process knew could not be read");
        unknown
    })
}

/// Starts the keeper, once what is known already can be served, and a watch for every owner.
async fn refresh(
    config: &Config,
    client: &Arc<Client>,
    clock: &SharedClock,
    published: &Arc<Published>,
) -> JoinSet<()> {
    let (sender, news) = mpsc::channel(NEWS);
    let store = config.state_dir.as_deref().map(|directory| Arc::new(Store::new(directory, fit(config))));
    let state = known(config, store.clone(), clock.now()).await;
    let rendering =
        Rendering { view: config.view, team_detail: config.team_detail, max_series: config.max_series };
    let make = watches(config, &state, client, clock, sender.clone());
    let mut tasks = JoinSet::new();
    for owner in &config.owners {
        tasks.spawn(make(owner).run());
    }
    if config.installed != Installed::None {
        let restored = state.owners.keys().filter(|owner| !config.owners.contains(owner)).cloned().collect();
        let wanted = (config.installed, config.refresh_interval);
        let installations = Installations::new(wanted, Arc::clone(client), Arc::clone(clock), sender, make);
        tasks.spawn(installations.run(restored));
    }
    let saver = store.map(|store| Saver::new(store, Arc::clone(published)));
    let (client, clock, published) = (Arc::clone(client), Arc::clone(clock), Arc::clone(published));
    let mut keeper = Keeper::new(state, news, client, clock, published, rendering, saver);
    keeper.show().await;
    tasks.spawn(keeper.run());
    tasks
}

/// Makes the watch over an owner.
fn watches(
    config: &Config,
    state: &State,
    client: &Arc<Client>,
    clock: &SharedClock,
    news: mpsc::Sender<Update>,
) -> impl Fn(&Owner) -> Watch + Send + use<> {
    // Owners that are all asked at once at the start would be so in every interval.
    let is_crowd = config.owners.len() > FEW || config.installed != Installed::None;
    let config = config.clone();
    let known: BTreeMap<Owner, Known> =
        state.owners.iter().map(|(owner, held)| (owner.clone(), Known::of(held))).collect();
    let (client, clock) = (Arc::clone(client), Arc::clone(clock));
    move |owner| {
        let known = known.get(owner).cloned().unwrap_or_default();
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

/// What decides which of the figures of an earlier process can be served.
fn fit(config: &Config) -> Fit {
    Fit {
        github: config.github.api.clone(),
        api: config.api,
        teams: config.teams.clone(),
        installed: config.installed,
        sources: config.sources.clone(),
    }
}
