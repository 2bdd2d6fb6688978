//! Sockets: accepting connections, answering on them, and the faults that only a socket can show.

use std::convert::Infallible;
use std::future::{pending, poll_fn};
use std::io::{self, BufWriter, Write};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{self, Stream, StreamExt};
use http_body_util::{BodyExt, Collected, Full, Limited, StreamBody, combinators::UnsyncBoxBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{CONTENT_LENGTH, HeaderValue};
use hyper::http::StatusCode;
use hyper::http::request::Parts;
use hyper::http::uri::{PathAndQuery, Uri};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use socket2::SockRef;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinSet, spawn_blocking, yield_now};

use super::answer::Answer;
use super::downloads;
use super::errors::Refusal;
use super::faults::{FaultKind, StatusFault};
use super::files::File;
use super::github::Github;

/// A page for people, from somewhere between the client and GitHub.
const PROXY_PAGE: &str = "<!DOCTYPE html>\n<html><head><title>Sign in</title></head>\
    <body><h1>Sign in to the company network</h1></body></html>\n";

type Body = UnsyncBoxBody<Bytes, Broken>;

/// How much of a file is sent at once; a file is never in memory as a whole.
const PIECE: usize = 64 * 1024;

/// How long the body of a request may be.
const BODY: usize = 64 * 1024;

/// How many pieces of a file may wait for the client.
const PIECES: usize = 4;

/// Which of the two hosts a connection came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Door {
    /// The API.
    Api,
    /// The host that report links lead to.
    Downloads,
}

/// What goes on the wire: an answer, or a file with an answer in front of it.
enum Reply {
    Whole(Answer),
    File(Answer, File),
}

/// Why a connection ends without a whole answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Broken {
    /// In the middle of it.
    Cut,
    /// With a TCP RST.
    Reset,
}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the connection breaks, as a fault demands")
    }
}

impl std::error::Error for Broken {}

/// Binds `address`, also right after another simulator left it.
pub(super) fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(1024)
}

/// Answers connections until `stop` is told or dropped; then the port is closed and all of them are dropped.
pub(super) async fn listen(
    listener: TcpListener,
    door: Door,
    github: Arc<Github>,
    mut stop: oneshot::Receiver<()>,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = &mut stop => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => { connections.spawn(serve(stream, door, github.clone())); }
                // Out of file descriptors, most likely: wait for some to come back.
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
    drop(listener);
    connections.shutdown().await;
}

/// Serves one connection to its end, good or bad.
async fn serve(stream: TcpStream, door: Door, github: Arc<Github>) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request: Request<Incoming>| -> Pin<Box<dyn Future<Output = _> + Send>> {
        Box::pin(respond(door, github.clone(), request))
    });
    // Clients decide how long a connection idles: one closed just as it is used again would be a fault
    // that nobody asked for.
    let mut connection =
        http1::Builder::new().header_read_timeout(None).serve_connection(TokioIo::new(stream), service);
    let end = poll_fn(|context| connection.poll_without_shutdown(context)).await;
    let mut stream = connection.into_parts().io.into_inner();
    match end {
        // Closing a socket that must not linger sends RST instead of FIN.
        Err(error) if is_reset(&error) => {
            let _ = SockRef::from(&stream).set_linger(Some(Duration::ZERO));
        }
        _ => {
            let _ = stream.shutdown().await;
        }
    }
}

fn is_reset(error: &hyper::Error) -> bool {
    std::error::Error::source(error).and_then(|cause| cause.downcast_ref()) == Some(&Broken::Reset)
}

/// A path and its query.
fn target(uri: &Uri) -> &str {
    uri.path_and_query().map_or_else(|| uri.path(), PathAndQuery::as_str)
}

/// Answers a request, or does to it what a fault says.
async fn respond(
    door: Door,
    github: Arc<Github>,
    request: Request<Incoming>,
) -> Result<Response<Body>, Broken> {
    let (request, body) = request.into_parts();
    let number = github.journal.arrived(&request, door == Door::Downloads);
    let fault = github.faults.strike(target(&request.uri), door);
    if let Some(FaultKind::Delay(delay)) = &fault {
        tokio::time::sleep(*delay).await;
    }
    let reply = match &fault {
        Some(FaultKind::Hang) => pending().await,
        Some(FaultKind::Reset) => return Err(Broken::Reset),
        Some(FaultKind::Status(status)) => Reply::Whole(stumble(door, &github, &request, status)),
        Some(FaultKind::Empty) => Reply::Whole(Answer::empty(StatusCode::OK)),
        Some(FaultKind::Html) => {
            Reply::Whole(Answer::text(StatusCode::OK, "text/html; charset=utf-8", PROXY_PAGE))
        }
        Some(FaultKind::NotReady(how)) => Reply::Whole(github.not_ready(&request, *how)),
        Some(FaultKind::PolicyOff) => Reply::Whole(github.dressed(&request, Refusal::policy_off().into())),
        Some(FaultKind::Expired) => Reply::Whole(downloads::expired()),
        Some(FaultKind::Delay(_) | FaultKind::Cut) | None => truth(door, github.clone(), request, body).await,
    };
    github.journal.answered(number, reply.answer().status.as_u16());
    match reply {
        Reply::Whole(answer) if fault == Some(FaultKind::Cut) => cut(answer),
        Reply::Whole(answer) => Ok(whole(answer)),
        Reply::File(head, file) => Ok(streamed(github, head, file, fault == Some(FaultKind::Cut))),
    }
}

impl Reply {
    fn answer(&self) -> &Answer {
        match self {
            Self::Whole(answer) | Self::File(answer, _) => answer,
        }
    }
}

/// An error that a fault demands, in the manner of the host.
fn stumble(door: Door, github: &Github, request: &Parts, fault: &StatusFault) -> Answer {
    match door {
        Door::Api => github.stumble(request, fault),
        Door::Downloads => downloads::stumble(fault),
    }
}

/// The true answer.
async fn truth(door: Door, github: Arc<Github>, request: Parts, body: Incoming) -> Reply {
    match door {
        // On a thread of its own, because months of many people may have to be added up.
        Door::Api => {
            let body = whole_of(body).await;
            let found = spawn_blocking(move || github.answer(&request, body.as_deref())).await;
            Reply::Whole(found.unwrap_or_else(|_| Refusal::usual(StatusCode::INTERNAL_SERVER_ERROR).into()))
        }
        Door::Downloads => match downloads::answer(&github.reports, &request, github.clock.now()) {
            (head, Some(file)) => Reply::File(head, file),
            (refusal, None) => Reply::Whole(refusal),
        },
    }
}

/// The body of a request; `None` if it is too long or breaks off.
async fn whole_of(body: Incoming) -> Option<Bytes> {
    Limited::new(body, BODY).collect().await.ok().map(Collected::to_bytes)
}

/// A file, written on a thread of its own while the client reads it; or half of its first piece.
fn streamed(github: Arc<Github>, head: Answer, file: File, cut: bool) -> Response<Body> {
    let (sender, receiver) = mpsc::channel(PIECES);
    spawn_blocking(move || {
        let mut out = BufWriter::with_capacity(PIECE, Pipe(sender));
        let written =
            file.write(&github.world, github.reports.publishing, &mut out).and_then(|()| out.flush());
        // Both fail only when the client has gone.
        let _ = written.and_then(|()| out.get_mut().end());
    });
    // A file that stops without its end mark breaks the connection instead of looking whole.
    let pieces = stream::unfold(Some(receiver), |receiver| async {
        let mut receiver: mpsc::Receiver<Bytes> = receiver?;
        match receiver.recv().await {
            Some(mark) if mark.is_empty() => None,
            Some(piece) => Some((Ok(Frame::data(piece)), Some(receiver))),
            None => Some((Err(Broken::Cut), None)),
        }
    });
    let body = if cut {
        StreamBody::new(halved(pieces)).boxed_unsync()
    } else {
        StreamBody::new(pieces).boxed_unsync()
    };
    response(head.status, head.headers, body)
}

/// Half of the first piece, then the break.
fn halved(
    pieces: impl Stream<Item = Result<Frame<Bytes>, Broken>> + Send,
) -> impl Stream<Item = Result<Frame<Bytes>, Broken>> + Send {
    let half = |frame: Result<Frame<Bytes>, Broken>| {
        frame.map(|frame| frame.map_data(|piece| piece.slice(..piece.len() / 2)))
    };
    pieces.take(1).map(half).chain(stream::once(broken()))
}

/// The far end of a file being written.
struct Pipe(mpsc::Sender<Bytes>);

impl Pipe {
    fn send(&self, piece: Bytes) -> io::Result<()> {
        self.0.blocking_send(piece).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    /// Sends the mark that says that the file is whole: an empty piece.
    fn end(&self) -> io::Result<()> {
        self.send(Bytes::new())
    }
}

impl Write for Pipe {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        self.send(Bytes::copy_from_slice(piece)).map(|()| piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// An answer as it should be.
fn whole(answer: Answer) -> Response<Body> {
    let body = Full::new(answer.body).map_err(|never: Infallible| match never {}).boxed_unsync();
    response(answer.status, answer.headers, body)
}

/// An answer that promises its whole body and stops halfway; nothing at all where there is no body.
fn cut(mut answer: Answer) -> Result<Response<Body>, Broken> {
    if answer.body.is_empty() {
        return Err(Broken::Cut);
    }
    answer.headers.insert(CONTENT_LENGTH, HeaderValue::from(answer.body.len()));
    let half = answer.body.slice(..answer.body.len() / 2);
    let body = StreamBody::new(stream::iter([Ok(Frame::data(half))]).chain(stream::once(broken())));
    Ok(response(answer.status, answer.headers, body.boxed_unsync()))
}

/// The break, once hyper had the time to send what it has.
async fn broken() -> Result<Frame<Bytes>, Broken> {
    yield_now().await;
    Err(Broken::Cut)
}

fn response(status: StatusCode, headers: hyper::HeaderMap, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}
