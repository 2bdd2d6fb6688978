//! Accepting connections and ending them: limits on their number, age, and the time for a request's head.

use std::{convert::Infallible, future::Future, sync::Arc, time::Duration};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::JoinSet,
    time::{sleep, timeout},
};

use super::routes::Routes;

/// A connection that has sent no complete request head within this time is closed.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// The largest request head, and the most headers in it.
const LARGEST_HEAD: usize = 16 << 10;
const MOST_HEADERS: usize = 64;

/// Connections at one time. A Prometheus needs one; this leaves room for many and memory for none.
const MOST_CONNECTIONS: usize = 256;

/// A connection is asked to end at this age, and is ended a while later: a peer that never reads would keep it.
const LONGEST_LIFE: Duration = Duration::from_secs(600);
const LAST_ANSWER: Duration = Duration::from_secs(60);

/// How long running answers may take after the stop signal.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// The wait after a failed accept, for instance because file descriptors ran out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until `stop` is ready, then lets running answers finish.
pub async fn serve(listener: TcpListener, routes: Arc<Routes>, stop: impl Future<Output = ()>) {
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let (stopping, stopped) = watch::channel(());
    let mut connections = JoinSet::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut stop => break,
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
        };
        match accepted {
            // Taken from the queue first and refused after: so a full house does not keep the next one waiting.
            Ok((stream, _)) => match Arc::clone(&places).try_acquire_owned() {
                Ok(place) => {
                    connections.spawn(converse(stream, place, Arc::clone(&routes), stopped.clone()));
                }
                Err(_) => tracing::warn!(most = MOST_CONNECTIONS, "connection refused: too many"),
            },
            Err(error) => {
                tracing::warn!(%error, "accepting a connection failed");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop((listener, stopping));
    let finished = async { while connections.join_next().await.is_some() {} };
    if timeout(STOP_TIMEOUT, finished).await.is_err() {
        tracing::warn!("some connections did not end in time");
    }
}

/// Answers one peer until it leaves, its time is over, or the server stops.
async fn converse(
    stream: TcpStream,
    place: OwnedSemaphorePermit,
    routes: Arc<Routes>,
    mut stopped: watch::Receiver<()>,
) {
    let service = service_fn(|request| {
        let response = routes.answer(&request);
        async { Ok::<_, Infallible>(response) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_header_size(LARGEST_HEAD)
        .max_headers(MOST_HEADERS)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        // A peer that breaks off or sends nonsense is its own problem.
        _ = connection.as_mut() => return,
        // The sender is dropped when the server stops.
        _ = stopped.changed() => {}
        () = sleep(LONGEST_LIFE) => {}
    }
    connection.as_mut().graceful_shutdown();
    if timeout(LAST_ANSWER, connection).await.is_err() {
        tracing::debug!("a connection was cut: its peer did not read");
    }
    drop(place);
}
