//! The exporter as a whole: everything between the configuration and the port, wired.

use std::{future::Future, sync::Arc};

use tokio::{net::TcpListener, sync::mpsc, task::JoinSet};

use crate::{
    clock::SharedClock,
    config::Config,
    github::{Client, client::Unusable},
    metrics::TeamDetail,
    model::State,
    refresh::{
        keeper::{Keeper, Rendering},
        published::Published,
        watch::{Task, Watch},
    },
    server::{self, connections::Patience, routes::Routes, web::Web},
    source::Api,
};

/// News that may wait for the keeper; then watchers wait, so that answers do not pile up in memory.
const NEWS: usize = 32;

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
    let refresh = refresh(&config, &client, &clock, &published);
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

/// Starts the keeper, and a watch for every owner.
fn refresh(
    config: &Config,
    client: &Arc<Client>,
    clock: &SharedClock,
    published: &Arc<Published>,
) -> JoinSet<()> {
    let (sender, news) = mpsc::channel(NEWS);
    // Until it is found out otherwise an owner is asked by reports.
    let state = State::new(&config.owners, &config.sources).speaking(config.api.unwrap_or(Api::Reports));
    let rendering =
        Rendering { view: config.view, team_detail: config.team_detail, max_series: config.max_series };
    let mut tasks = JoinSet::new();
    for owner in &config.owners {
        let task = Task {
            owner: owner.clone(),
            api: config.api,
            sources: config.sources.clone(),
            teams: config.teams.clone(),
            team_detail: config.team_detail == TeamDetail::All,
            interval: config.refresh_interval,
            concurrency: config.github.concurrency,
            settle_days: config.view.settle_days,
        };
        let (client, clock, news) = (Arc::clone(client), Arc::clone(clock), sender.clone());
        tasks.spawn(Watch { client, clock, news, task }.run());
    }
    tasks.spawn(
        Keeper::new(state, news, Arc::clone(client), Arc::clone(clock), Arc::clone(published), rendering)
            .run(),
    );
    tasks
}
