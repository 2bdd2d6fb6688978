//! Sockets: accepting connections, answering on them, and the faults that only a socket can show.

use std::convert::Infallible;
use std::future::{pending, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{CONTENT_LENGTH, HeaderValue};
use hyper::http::StatusCode;
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use socket2::SockRef;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::oneshot;
use tokio::task::{JoinSet, spawn_blocking, yield_now};

use super::answer::Answer;
use super::errors::Refusal;
use super::faults::FaultKind;
use super::github::Github;

/// A page for people, from somewhere between the client and GitHub.
const PROXY_PAGE: &str = "<!DOCTYPE html>\n<html><head><title>Sign in</title></head>\
    <body><h1>Sign in to the company network</h1></body></html>\n";

type Body = UnsyncBoxBody<Bytes, Broken>;

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
pub(super) async fn listen(listener: TcpListener, github: Arc<Github>, mut stop: oneshot::Receiver<()>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = &mut stop => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => { connections.spawn(serve(stream, github.clone())); }
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
async fn serve(stream: TcpStream, github: Arc<Github>) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request: Request<Incoming>| -> Pin<Box<dyn Future<Output = _> + Send>> {
        Box::pin(respond(github.clone(), request.into_parts().0))
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

/// Answers a request, or does to it what a fault says.
async fn respond(github: Arc<Github>, request: Parts) -> Result<Response<Body>, Broken> {
    let number = github.journal.arrived(&request);
    let fault = github.faults.strike(request.uri.path());
    if let Some(FaultKind::Delay(delay)) = &fault {
        tokio::time::sleep(*delay).await;
    }
    let answer = match &fault {
        Some(FaultKind::Hang) => pending().await,
        Some(FaultKind::Reset) => return Err(Broken::Reset),
        Some(FaultKind::Status(status)) => github.stumble(&request, status),
        Some(FaultKind::Empty) => Answer::empty(StatusCode::OK),
        Some(FaultKind::Html) => Answer::text(StatusCode::OK, "text/html; charset=utf-8", PROXY_PAGE),
        Some(FaultKind::Delay(_) | FaultKind::Cut) | None => truth(github.clone(), request).await,
    };
    github.journal.answered(number, answer.status.as_u16());
    if fault == Some(FaultKind::Cut) { cut(answer) } else { Ok(whole(answer)) }
}

/// The true answer. Found on a thread of its own, because months of many people may have to be added up.
async fn truth(github: Arc<Github>, request: Parts) -> Answer {
    let found = spawn_blocking(move || github.answer(&request)).await;
    found.unwrap_or_else(|_| Refusal::usual(StatusCode::INTERNAL_SERVER_ERROR).into())
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
    let end = async {
        // Lets hyper send the half it has before it learns of the break.
        yield_now().await;
        Err(Broken::Cut)
    };
    let body = StreamBody::new(stream::iter([Ok(Frame::data(half))]).chain(stream::once(end)));
    Ok(response(answer.status, answer.headers, body.boxed_unsync()))
}

fn response(status: StatusCode, headers: hyper::HeaderMap, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}
