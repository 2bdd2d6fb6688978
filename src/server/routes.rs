//! The paths and who answers them.
//!
//! | path | answer |
//! |---|---|
//! | `/metrics` | the newest exposition, gzip where accepted |
//! | `/` | the overview for people |
//! | `/healthz`, `/-/healthy` | 200 while the process works |
//! | `/readyz`, `/-/ready` | 200 once what an earlier process knew or a first attempt is in, at the latest 30 s after the start |

use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use hyper::{
    HeaderMap, Method, Request, Response, StatusCode,
    body::{Body, Frame, SizeHint},
    header::{self, HeaderValue},
};

use super::{encoding::accepts_gzip, overview, traffic::Traffic};
use crate::{
    clock::{Instant, SharedClock, after},
    metrics::{Live, pieces::Pieces},
    refresh::published::Published,
};

/// Ready at the latest so long after the start, whatever GitHub does.
const READY_AFTER: Duration = Duration::from_secs(30);

/// A path that is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// The exposition.
    Metrics,
    /// The page for people.
    Overview,
    /// Whether the process works.
    Healthy,
    /// Whether there is something to serve.
    Ready,
}

/// Each path, written once.
const ROUTES: [(&str, Route); 6] = [
    ("/metrics", Route::Metrics),
    ("/", Route::Overview),
    ("/healthz", Route::Healthy),
    ("/-/healthy", Route::Healthy),
    ("/readyz", Route::Ready),
    ("/-/ready", Route::Ready),
];

/// The `path` label of requests to anything else: a path from outside must not become a series.
const OTHER: &str = "other";

impl Route {
    /// The `path` labels, each with the statuses that are to be expected of it.
    pub fn usual_answers() -> impl Iterator<Item = (&'static str, StatusCode)> {
        let good = ROUTES.into_iter().map(|(path, _)| (path, StatusCode::OK));
        let ready = ROUTES.into_iter().filter(|(_, route)| *route == Self::Ready);
        let not_ready = ready.map(|(path, _)| (path, StatusCode::SERVICE_UNAVAILABLE));
        good.chain(not_ready).chain([(OTHER, StatusCode::NOT_FOUND)])
    }

    /// The `path` labels of what somebody may be refused.
    fn guarded() -> impl Iterator<Item = &'static str> {
        ROUTES.into_iter().filter(|(_, route)| !route.is_health()).map(|(path, _)| path).chain([OTHER])
    }

    /// Whether the route tells nothing but that it works: then nobody is refused.
    pub fn is_health(self) -> bool {
        matches!(self, Self::Healthy | Self::Ready)
    }

    /// The path as it is written, and its route.
    pub fn of(path: &str) -> Option<(&'static str, Self)> {
        ROUTES.into_iter().find(|(known, _)| *known == path)
    }
}

/// Answers requests from what is published.
#[derive(Debug)]
pub struct Routes {
    published: Arc<Published>,
    clock: SharedClock,
    started: Instant,
    traffic: Traffic,
    live: Live,
}

impl Routes {
    /// Serves what is `published`, from now on.
    pub fn new(published: Arc<Published>, clock: SharedClock) -> Self {
        let started = clock.now();
        Self { published, clock, started, traffic: Traffic::default(), live: Live::default() }
    }

    /// Answers one request and counts it.
    pub fn answer<B>(&self, request: &Request<B>) -> Response<Chunks> {
        let route = Route::of(request.uri().path());
        let path = route.map_or(OTHER, |(path, _)| path);
        let mut response = match route {
            None => text(StatusCode::NOT_FOUND, "404 Not Found\n"),
            Some(_) if !matches!(*request.method(), Method::GET | Method::HEAD) => not_allowed(),
            Some((_, Route::Metrics)) => self.metrics(request.headers()),
            Some((_, Route::Overview)) => self.overview(),
            Some((_, Route::Healthy)) => self.healthy(),
            Some((_, Route::Ready)) => self.ready(),
        };
        response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        self.traffic.count(path, response.status());
        response
    }

    /// Answers a request that is not to be let through, and counts it.
    pub fn refuse<B>(&self, request: &Request<B>, status: StatusCode) -> Response<Chunks> {
        let words =
            if status == StatusCode::UNAUTHORIZED { "401 Unauthorized\n" } else { "429 Too Many Requests\n" };
        let response = text(status, words);
        self.traffic.count(Route::of(request.uri().path()).map_or(OTHER, |(path, _)| path), status);
        response
    }

    /// Shows how often requests were refused with this status, although none was yet.
    pub fn expect(&self, status: StatusCode) {
        self.traffic.expect(Route::guarded().map(|path| (path, status)));
    }

    fn metrics(&self, headers: &HeaderMap) -> Response<Chunks> {
        let counts = self.traffic.counts();
        let requests = counts.iter().map(|((path, status), count)| (*path, status.as_str(), *count));
        let live = self.live.render(std::time::Instant::now(), requests);
        let picture = self.published.picture();
        let compressed = accepts_gzip(headers);
        let mut response = Response::new(Chunks(picture.exposition.answer(live, compressed)));
        set(&mut response, header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8");
        set(&mut response, header::VARY, "Accept-Encoding");
        if compressed {
            set(&mut response, header::CONTENT_ENCODING, "gzip");
        }
        response
    }

    fn overview(&self) -> Response<Chunks> {
        let page =
            overview::page(&self.published.picture(), self.published.unsaved().as_deref(), self.clock.now());
        let mut response = Response::new(Chunks::from(Bytes::from(page)));
        set(&mut response, header::CONTENT_TYPE, "text/html; charset=utf-8");
        set(&mut response, header::CACHE_CONTROL, "no-store");
        // The page has neither script nor outside parts, and is not to be framed.
        let policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'";
        set(&mut response, header::CONTENT_SECURITY_POLICY, policy);
        response
    }

    fn healthy(&self) -> Response<Chunks> {
        if self.published.is_broken() {
            text(
                StatusCode::SERVICE_UNAVAILABLE,
                "a part of the refresh has broken down; restart the exporter\n",
            )
        } else {
            text(StatusCode::OK, "ok\n")
        }
    }

    fn ready(&self) -> Response<Chunks> {
        if self.published.picture().ready || self.clock.now() >= after(self.started, READY_AFTER) {
            text(StatusCode::OK, "ready\n")
        } else {
            text(StatusCode::SERVICE_UNAVAILABLE, "waiting for the first answer from GitHub\n")
        }
    }
}

fn not_allowed() -> Response<Chunks> {
    let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "405 Method Not Allowed\n");
    set(&mut response, header::ALLOW, "GET, HEAD");
    response
}

fn text(status: StatusCode, words: &'static str) -> Response<Chunks> {
    let mut response = Response::new(Chunks::from(Bytes::from_static(words.as_bytes())));
    *response.status_mut() = status;
    set(&mut response, header::CONTENT_TYPE, "text/plain; charset=utf-8");
    response
}

fn set(response: &mut Response<Chunks>, name: header::HeaderName, value: &'static str) {
    response.headers_mut().insert(name, HeaderValue::from_static(value));
}

/// A body of a few pieces that are sent as they are: what was rendered for everyone is shared, not copied.
#[derive(Debug, Default)]
pub struct Chunks(Pieces);

impl From<Bytes> for Chunks {
    fn from(whole: Bytes) -> Self {
        Self(whole.into())
    }
}

impl Body for Chunks {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.next().map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.len())
    }
}
