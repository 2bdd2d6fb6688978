//! Accepting connections and ending them: limits on their number, age, and the time for a request's head.

use std::{convert::Infallible, future::Future, net::IpAddr, sync::Arc, time::Duration};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
#[cfg(target_os = "linux")]
use socket2::SockRef;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
    time::{sleep, timeout},
};

use super::{
    guard::Guard,
    places::{Place, Places},
    routes::Routes,
    web::{Settings, Web},
};

/// The largest request head, and the most headers in it.
const LARGEST_HEAD: usize = 16 << 10;
const MOST_HEADERS: usize = 64;

/// How much is borne with.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// A connection that has sent no complete request head within this time is closed, and so is one that has not
    /// finished the handshake of TLS. It holds for the time between
    /// two requests as well; a client that meets the closing asks again on a new connection, as Prometheus does.
    pub head: Duration,
    /// Connections at one time. One more takes the place of whoever has asked for nothing for the longest time.
    pub connections: usize,
    /// A connection is asked to end at this age,
    pub life: Duration,
    /// and is ended so much later: a peer that never reads would keep it.
    pub last_answer: Duration,
    /// How long running answers may take after the stop signal.
    pub stop: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(30),
            // A Prometheus needs one; this leaves room for many, and takes little memory.
            connections: 256,
            life: Duration::from_secs(600),
            last_answer: Duration::from_secs(60),
            stop: Duration::from_secs(10),
        }
    }
}

/// The wait after a failed accept, for instance because file descriptors ran out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// So much of an answer the kernel takes before it can be sent: more would be copied into memory that is in no cache.
#[cfg(target_os = "linux")]
const MOST_UNSENT: u32 = 128 << 10;

/// What every connection is given.
#[derive(Clone)]
struct House {
    routes: Arc<Routes>,
    web: Arc<Web>,
    patience: Patience,
    /// The sender is dropped when the server stops.
    stopped: watch::Receiver<()>,
}

/// Makes a connection fit for large answers. One that cannot be made so is served as it is.
fn tune(stream: &TcpStream) {
    // The end of an answer must not wait until its beginning is acknowledged, which takes the peer 40 ms.
    let _ = stream.set_nodelay(true);
    #[cfg(target_os = "linux")]
    let _ = SockRef::from(stream).set_tcp_notsent_lowat(MOST_UNSENT);
}

/// Serves until `stop` is ready, then lets running answers finish.
pub async fn serve(
    listener: TcpListener,
    routes: Arc<Routes>,
    web: Arc<Web>,
    patience: Patience,
    stop: impl Future<Output = ()>,
) {
    let mut places = Places::new(patience.connections);
    let (stopping, stopped) = watch::channel(());
    let house = House { routes, web, patience, stopped };
    let mut connections = JoinSet::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut stop => break,
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, from)) => {
                tune(&stream);
                let (place, lost) = places.take();
                let conversation = house.clone().converse(stream, from.ip(), place);
                connections.spawn(async move {
                    tokio::select! {
                        () = conversation => {}
                        // A newcomer has its place now.
                        () = lost => {}
                    }
                });
            }
            Err(error) => {
                tracing::warn!(%error, "accepting a connection failed");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop((listener, stopping));
    let finished = async { while connections.join_next().await.is_some() {} };
    if timeout(patience.stop, finished).await.is_err() {
        tracing::warn!("some connections did not end in time");
    }
}

/// Bytes in both directions, encrypted or not.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

impl House {
    /// Answers one peer until it leaves, its time is over, the settings change, or the server stops.
    async fn converse(mut self, stream: TcpStream, from: IpAddr, place: Place) {
        let mut changes = self.web.settings();
        let settings = Arc::clone(&changes.borrow_and_update());
        let encrypted = tokio::select! {
            encrypted = encrypted(stream, &settings, self.patience.head) => encrypted,
            _ = self.stopped.changed() => return,
        };
        let Some(stream) = encrypted else { return };
        let passwords = Arc::clone(&self.web.passwords);
        let guard = &Guard { routes: self.routes, settings, passwords, from };
        let place = &place;
        let service = service_fn(move |request| {
            place.asked();
            async move { Ok::<_, Infallible>(guard.answer(&request).await) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.patience.head)
            .max_header_size(LARGEST_HEAD)
            .max_headers(MOST_HEADERS)
            .serve_connection(TokioIo::new(stream), service);
        let mut connection = std::pin::pin!(connection);
        tokio::select! {
            // A peer that breaks off or sends nonsense is its own problem.
            _ = connection.as_mut() => return,
            _ = self.stopped.changed() => {}
            // It was let in under the old ones.
            _ = changes.changed() => {}
            () = sleep(self.patience.life) => {}
        }
        connection.as_mut().graceful_shutdown();
        if timeout(self.patience.last_answer, connection).await.is_err() {
            tracing::debug!("a connection was cut: its peer did not read");
        }
    }
}

/// The stream to speak HTTP on, if the peer manages the handshake in time.
async fn encrypted(stream: TcpStream, settings: &Settings, time: Duration) -> Option<Box<dyn Stream>> {
    let Some(tls) = &settings.tls else { return Some(Box::new(stream)) };
    match timeout(time, tls.accept(stream)).await {
        Ok(Ok(stream)) => Some(Box::new(stream)),
        Ok(Err(error)) => {
            tracing::debug!(%error, "a TLS handshake failed");
            None
        }
        Err(_) => {
            tracing::debug!("a TLS handshake was not finished in time");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        sync::oneshot,
        task::JoinHandle,
    };

    use super::*;
    use crate::{
        clock::SystemClock,
        metrics::Exposition,
        refresh::published::{Picture, Published},
    };

    const MOMENT: Duration = Duration::from_millis(20);

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_connection_waits_for_no_acknowledgement_and_takes_in_no_more_than_it_can_send_soon() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let _peer = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        tune(&stream);
        let unsent = SockRef::from(&stream).tcp_notsent_lowat().unwrap();
        assert_eq!((stream.nodelay().unwrap(), unsent), (true, 128 * 1024));
    }

    struct Running {
        address: SocketAddr,
        stop: oneshot::Sender<()>,
        server: JoinHandle<()>,
    }

    /// Serves `metrics` bytes of data.
    async fn start(metrics: usize, patience: Patience) -> Running {
        start_with(Web::open(None).unwrap(), metrics, patience).await
    }

    async fn start_with(web: Web, metrics: usize, patience: Patience) -> Running {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let published = Published::default();
        let exposition = Exposition::from(&*"#".repeat(metrics));
        published.publish(Picture { exposition, ..Picture::default() });
        let routes = Arc::new(Routes::new(Arc::new(published), Arc::new(SystemClock)));
        let web = Arc::new(web);
        let (stop, stopped) = oneshot::channel::<()>();
        let server = tokio::spawn(async move {
            serve(listener, routes, web, patience, async { drop(stopped.await) }).await;
        });
        Running { address, stop, server }
    }

    /// Encrypts for anybody who finishes a handshake.
    fn encrypted() -> Web {
        let dir = tempfile::tempdir().unwrap();
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        std::fs::write(dir.path().join("c"), made.cert.pem()).unwrap();
        std::fs::write(dir.path().join("k"), made.signing_key.serialize_pem()).unwrap();
        let web = dir.path().join("web.yml");
        std::fs::write(&web, "tls_server_config: {cert_file: c, key_file: k}").unwrap();
        Web::open(Some(&web)).unwrap()
    }

    async fn connect(running: &Running, says: &str) -> TcpStream {
        let mut stream = TcpStream::connect(running.address).await.unwrap();
        stream.write_all(says.as_bytes()).await.unwrap();
        stream
    }

    /// Everything that comes until the connection ends.
    async fn rest(mut stream: TcpStream) -> usize {
        let mut all = Vec::new();
        // However it ends, it has ended.
        let _ = stream.read_to_end(&mut all).await;
        all.len()
    }

    #[tokio::test]
    async fn who_sends_no_complete_head_in_time_is_cut_off() {
        let running = start(0, Patience { head: MOMENT, ..Patience::default() }).await;
        assert_eq!(rest(connect(&running, "").await).await, 0);
        assert_eq!(rest(connect(&running, "GET / HTTP/1.1\r\nhost: x\r\n").await).await, 0);
    }

    const ASK: &str = "GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    const ASK_AND_STAY: &str = "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";

    #[tokio::test]
    async fn who_sends_its_head_byte_by_byte_is_cut_off_all_the_same() {
        let running = start(0, Patience { head: MOMENT, ..Patience::default() }).await;
        let mut stream = connect(&running, "GET / HTTP/1.1\r\nx-slow: ").await;
        // It ends although there is always something that comes.
        while stream.write_all(b"a").await.is_ok() {
            sleep(MOMENT / 10).await;
        }
        assert_eq!(rest(stream).await, 0);
    }

    #[tokio::test]
    async fn who_does_not_finish_the_handshake_of_tls_in_time_is_cut_off_and_loses_its_place_to_a_newcomer() {
        let patience = Patience { head: MOMENT, connections: 1, ..Patience::default() };
        let running = start_with(encrypted(), 0, patience).await;
        // Silence, the beginning of a handshake, and what is none.
        for says in ["", "\x16\x03\x01", "GET / HTTP/1.1\r\nhost: x\r\n\r\n"] {
            let all = rest(connect(&running, says).await).await;
            assert!(all < 64, "an alert at most: {all}");
        }
        let full = start_with(encrypted(), 0, Patience { connections: 1, ..Patience::default() }).await;
        let first = connect(&full, "").await;
        let second = connect(&full, "").await;
        assert_eq!(rest(first).await, 0, "the house was full");
        full.stop.send(()).unwrap();
        assert_eq!(rest(second).await, 0, "a handshake does not keep the server from stopping");
        full.server.await.unwrap();
    }

    #[tokio::test]
    async fn a_full_house_has_a_place_for_a_newcomer_whoever_is_in_it() {
        let running = start(64 << 20, Patience { connections: 3, stop: MOMENT, ..Patience::default() }).await;
        let mut guests = Vec::new();
        for says in ["", "GET / HT", ASK_AND_STAY, "GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n"] {
            for _ in 0..4 {
                guests.push(connect(&running, says).await);
                assert!(rest(connect(&running, ASK).await).await > 0, "among {} with {says:?}", guests.len());
            }
        }
        running.stop.send(()).unwrap();
        running.server.await.unwrap();
    }

    #[tokio::test]
    async fn a_connection_ends_at_its_age_and_between_two_requests() {
        let running = start(0, Patience { life: MOMENT, ..Patience::default() }).await;
        assert!(rest(connect(&running, ASK_AND_STAY).await).await > 0, "its answer, and the end");
        assert!(rest(connect(&running, ASK).await).await > 0, "others are served on");
    }

    #[tokio::test]
    async fn a_peer_that_never_reads_is_cut_when_its_time_is_over() {
        let patience = Patience { life: MOMENT, last_answer: MOMENT, ..Patience::default() };
        let running = start(64 << 20, patience).await;
        let mut silent = connect(&running, "GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n").await;
        // Who never reads sees the end only by speaking.
        while silent.write_all(b"x").await.is_ok() {
            sleep(MOMENT / 10).await;
        }
        assert!(rest(silent).await < 64 << 20, "cut in the middle");
    }

    #[tokio::test]
    async fn neither_silent_peers_nor_those_that_never_read_keep_the_server_from_stopping() {
        let running = start(64 << 20, Patience { stop: MOMENT, ..Patience::default() }).await;
        let silent = connect(&running, "").await;
        let idle = connect(&running, ASK_AND_STAY).await;
        let mut greedy = connect(&running, "GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n").await;
        greedy.read_u8().await.unwrap();
        running.stop.send(()).unwrap();
        running.server.await.unwrap();
        assert_eq!(rest(silent).await, 0);
        assert!(rest(idle).await > 0, "its answer, and the end");
    }

    #[tokio::test]
    async fn a_running_answer_is_finished_after_the_stop_signal() {
        let running = start(4 << 20, Patience::default()).await;
        let mut stream = connect(&running, "GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n").await;
        stream.read_u8().await.unwrap();
        running.stop.send(()).unwrap();
        assert!(rest(stream).await > 4 << 20);
        running.server.await.unwrap();
    }

    #[tokio::test]
    async fn a_broken_part_of_the_refresh_shows_in_the_health() {
        let published = Arc::new(Published::default());
        let routes = Routes::new(Arc::clone(&published), Arc::new(SystemClock));
        let status = || routes.answer(&hyper::Request::get("/healthz").body(()).unwrap()).status();
        assert_eq!(status(), 200);
        published.break_down();
        assert_eq!(status(), 503);
    }

    #[test]
    fn the_patience_is_that_of_the_design() {
        let patience = Patience::default();
        assert_eq!((patience.head.as_secs(), patience.connections), (30, 256));
        assert!(patience.life <= Duration::from_secs(3600) && patience.last_answer <= patience.life);
    }
}
