//! One request to GitHub's API and its whole answer, within the limits of whom it is asked as.

use std::{collections::BTreeMap, future::Future, sync::Arc, time::Duration};

use parking_lot::{Mutex, MutexGuard};
use reqwest::{
    Method, StatusCode,
    header::{ACCEPT, DATE, ETAG, HeaderMap, HeaderName, HeaderValue, IF_NONE_MATCH, LOCATION},
    redirect,
};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;
use url::Url;

use super::{
    budget::{Budget, Turn},
    client::{Unusable, is_loopback},
    endpoint::Endpoint,
    failure::{Failure, Lack, Reason},
    ledger::Ledger,
    paging,
    refusal::classify,
};
use crate::clock::{Instant, SharedClock};

/// The version of GitHub's REST API that is spoken.
const API_VERSION: &str = "2022-11-28";

/// What the exporter calls itself, to the API and to the hosts of report files.
pub(crate) const USER_AGENT: &str = concat!("github-copilot-exporter/", env!("CARGO_PKG_VERSION"));

/// Requests in flight at one time, with however many credentials: GitHub bears with a hundred.
const MOST_IN_FLIGHT: usize = 50;

/// Renamed organisations redirect once; a chain is a mistake.
const MOST_REDIRECTS: usize = 5;

/// Seconds by which two clocks may differ.
const MOST_SKEW: i64 = 50;

/// The largest answer that is read, decompressed. A year of a big enterprise's usage stays below a tenth of it.
const LARGEST_ANSWER: usize = 64 << 20;

/// Sends requests, and keeps account of them and of the limits.
#[derive(Debug)]
pub(super) struct Exchange {
    http: reqwest::Client,
    pub(super) clock: SharedClock,
    concurrency: usize,
    timeout: Duration,
    /// Requests in flight, whoever they are for.
    places: Semaphore,
    budgets: Mutex<BTreeMap<String, Arc<Budget>>>,
    ledger: Mutex<Ledger>,
}

/// What is asked.
#[derive(Debug)]
pub(super) struct Request<'a> {
    /// Which endpoint, for the counts.
    pub endpoint: Endpoint,
    /// Where.
    pub url: &'a Url,
    /// What is sent back to learn that nothing has changed.
    pub etag: Option<&'a HeaderValue>,
    /// As whom.
    pub token: &'a SecretString,
    /// What a failure is said to be of: method and path, with the names in it.
    pub about: &'a str,
}

/// A good answer, as it came.
#[derive(Debug)]
pub(super) enum Page {
    /// With a body.
    Body { bytes: Vec<u8>, etag: Option<HeaderValue>, next: Option<Url> },
    /// 304.
    NotModified { next: Option<Url> },
    /// 204.
    Empty,
}

/// An answer without a view on what it means.
struct Answered {
    status: StatusCode,
    headers: HeaderMap,
    bytes: Vec<u8>,
}

impl Exchange {
    /// For an API at this address; nothing is asked yet.
    ///
    /// # Errors
    /// [`Unusable`], for instance where the machine has no root certificates.
    pub(super) fn new(
        api: &Url,
        concurrency: usize,
        timeout: Duration,
        clock: SharedClock,
    ) -> Result<Self, Unusable> {
        let mut http = reqwest::Client::builder()
            .user_agent(USER_AGENT)
            .default_headers(default_headers())
            .redirect(redirect::Policy::custom(same_origin))
            .connect_timeout(timeout);
        if is_loopback(api) {
            // A proxy of the environment is for the way out, not for this machine.
            http = http.no_proxy();
        }
        let (budgets, ledger) = (Mutex::default(), Mutex::default());
        let places = Semaphore::new(MOST_IN_FLIGHT);
        Ok(Self { http: http.build()?, clock, concurrency, timeout, places, budgets, ledger })
    }

    /// Waits until it may be asked as whoever has this name.
    ///
    /// # Errors
    /// [`Reason::RateLimited`] while the limits forbid to ask: `about` what is said in it.
    pub(super) async fn turn(&self, name: &str, about: &str) -> Result<Turn, Failure> {
        self.budget(name).admit(&*self.clock).await.map_err(|closed| Failure {
            retry_at: Some(closed.until),
            ..Failure::new(Reason::RateLimited, format!("{about}: not asked: {closed}"))
        })
    }

    /// Asks for one page, and counts what came of it.
    ///
    /// # Errors
    /// Any [`Failure`].
    pub(super) async fn get(&self, turn: &Turn, request: &Request<'_>) -> Result<Page, Failure> {
        let Answered { status, headers, bytes } = self.send(turn, Method::GET, request).await?;
        let next = paging::next(&headers, request.url)
            .map_err(|failure| request.fail(failure.reason, &failure.detail))?;
        match status {
            StatusCode::OK => Ok(Page::Body { bytes, etag: headers.get(ETAG).cloned(), next }),
            StatusCode::NO_CONTENT => Ok(Page::Empty),
            StatusCode::NOT_MODIFIED if request.etag.is_some() => Ok(Page::NotModified { next }),
            other => Err(request.fail(Reason::Decode, &format!("{other} is no answer to it"))),
        }
    }

    /// Has something made, as 201 confirms, and reads what it is.
    ///
    /// # Errors
    /// Any [`Failure`].
    pub(super) async fn create<T: DeserializeOwned>(
        &self,
        turn: &Turn,
        request: &Request<'_>,
    ) -> Result<T, Failure> {
        let Answered { status, bytes, .. } = self.send(turn, Method::POST, request).await?;
        if status != StatusCode::CREATED {
            return Err(request.fail(Reason::Decode, &format!("{status} is no answer to it")));
        }
        self.decode(request.endpoint, request.about, &bytes)
    }

    /// What comes of something, unless it takes longer than an answer may.
    pub(super) async fn in_time<T>(&self, something: impl Future<Output = T>) -> Option<T> {
        tokio::time::timeout(self.timeout, something).await.ok()
    }

    /// The answer to a request, unless it is a refusal.
    async fn send(&self, turn: &Turn, method: Method, request: &Request<'_>) -> Result<Answered, Failure> {
        let _place = self.places.acquire().await.expect("it is never closed");
        let answered = self.in_time(self.exchange(method, request)).await;
        let answered = answered.unwrap_or_else(|| Err(self.late(request)));
        let code = answered
            .as_ref()
            .map_or_else(|failure| failure.reason.word(), |answered| answered.status.as_str())
            .to_owned();
        self.ledger_now().count(request.endpoint, &code);
        let answered = answered?;
        self.judge(turn, request, &answered)?;
        Ok(answered)
    }

    /// Learns what the headers tell, and says why an answer is no good one.
    fn judge(&self, turn: &Turn, request: &Request<'_>, answered: &Answered) -> Result<(), Failure> {
        let Answered { status, headers, bytes } = answered;
        self.ledger_now().learn(request.endpoint, turn.name(), headers, *status == StatusCode::OK);
        let mut refusal = refusal(*status, headers, bytes, request);
        if request.endpoint.is_of_app()
            && let Some(Failure { reason: Reason::Unauthorized, detail, lack, .. }) = &mut refusal
        {
            *lack = Some(Lack::Key);
            if let Some(skew) = skew(headers, self.clock.now()) {
                *detail = format!("{detail} ({skew})");
            }
        }
        let limited = refusal.as_ref().is_some_and(|refusal| refusal.reason == Reason::RateLimited);
        // Whoever is not known is told the limits of strangers.
        let retry_at = match status {
            &StatusCode::UNAUTHORIZED => None,
            _ => turn.learn(headers, limited, self.clock.now()),
        };
        refusal.map_or(Ok(()), |refusal| {
            let failure = request.fail(refusal.reason, &refusal.detail);
            Err(Failure { retry_at, ..failure.lacking(refusal.lack) })
        })
    }

    async fn exchange(&self, method: Method, request: &Request<'_>) -> Result<Answered, Failure> {
        let mut http =
            self.http.request(method, request.url.clone()).bearer_auth(request.token.expose_secret());
        if let Some(etag) = request.etag {
            http = http.header(IF_NONE_MATCH, etag);
        }
        let broken = |error| request.fail(Reason::Network, &cause(error));
        let mut response = http.send().await.map_err(broken)?;
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(broken)? {
            if bytes.len() + chunk.len() > LARGEST_ANSWER {
                let words = format!("more than {} MiB", LARGEST_ANSWER >> 20);
                return Err(request.fail(Reason::TooLarge, &words));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(Answered { status: response.status(), headers: response.headers().clone(), bytes })
    }

    fn late(&self, request: &Request<'_>) -> Failure {
        let limit = humantime::format_duration(self.timeout);
        request.fail(Reason::Timeout, &format!("no complete answer within {limit}"))
    }

    /// Reads the body of an answer from this endpoint, and counts the fields that are passed over.
    ///
    /// # Errors
    /// [`Reason::Decode`] if it is not the JSON that was expected.
    pub(super) fn decode<T: DeserializeOwned>(
        &self,
        endpoint: Endpoint,
        about: &str,
        bytes: &[u8],
    ) -> Result<T, Failure> {
        let mut unknown = 0;
        let mut json = serde_json::Deserializer::from_slice(bytes);
        let unread = endpoint.unread();
        let items =
            serde_ignored::deserialize(&mut json, |field| unknown += u64::from(!is_in(&field, unread)))
                .and_then(|items| json.end().map(|()| items))
                // The parser's own words would quote the answer.
                .map_err(|error| {
                    let (line, column, size) = (error.line(), error.column(), bytes.len());
                    let place = format!("line {line} column {column} of {size} bytes");
                    Failure::new(Reason::Decode, format!("{about}: not the expected JSON at {place}"))
                })?;
        if let Some(report) = endpoint.report() {
            self.ledger_now().count_unknown(report, unknown);
        }
        Ok(items)
    }

    /// The limits of whoever has this name; new ones, if it was not heard before.
    pub(super) fn budget(&self, name: &str) -> Arc<Budget> {
        let mut budgets = self.budgets.lock();
        if let Some(budget) = budgets.get(name) {
            return Arc::clone(budget);
        }
        let budget = Arc::new(Budget::new(name, self.concurrency));
        budgets.insert(name.to_owned(), Arc::clone(&budget));
        budget
    }

    /// What was asked so far and what is known of the limits.
    pub(super) fn ledger(&self) -> Ledger {
        let mut ledger = self.ledger_now().clone();
        ledger.limits = self
            .budgets
            .lock()
            .iter()
            .map(|(name, budget)| (name.clone(), budget.limits(self.clock.now())))
            .collect();
        ledger.at = self.clock.now();
        ledger
    }

    /// Notes that the App's installations cannot be listed, or that they can.
    pub(super) fn note_listing(&self, listing: Result<(), &Failure>) {
        let now = listing.map_err(Clone::clone);
        let before = self.ledger_now().listing.replace(now.clone());
        match (before, now) {
            (before, Err(failure)) if before.as_ref() != Some(&Err(failure.clone())) => {
                let Failure { reason, detail, .. } = failure;
                tracing::warn!(%reason, detail, "it cannot be read where the App is installed");
            }
            (Some(Err(_)), Ok(())) => tracing::info!("it can be read again where the App is installed"),
            _ => {}
        }
    }

    /// Forgets the limits of whoever had this name.
    pub(super) fn forget(&self, name: &str) {
        self.budgets.lock().remove(name);
    }

    /// Counts fields of a report file that were passed over.
    pub(super) fn count_unknown(&self, report: &'static str, fields: u64) {
        self.ledger_now().count_unknown(report, fields);
    }

    fn ledger_now(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock()
    }
}

impl Request<'_> {
    /// A failure of this request.
    pub(super) fn fail(&self, reason: Reason, what: &str) -> Failure {
        Failure::new(reason, format!("{}: {what}", self.about))
    }
}

/// That this machine's clock and the one that dated an answer differ by more than GitHub forgives in what is signed.
fn skew(headers: &HeaderMap, now: Instant) -> Option<String> {
    let date = httpdate::parse_http_date(headers.get(DATE)?.to_str().ok()?).ok()?;
    let ahead = (now - Instant::from(date)).num_seconds();
    let direction = if ahead > 0 { "ahead of" } else { "behind" };
    let span = humantime::format_duration(Duration::from_secs(ahead.unsigned_abs()));
    (ahead.abs() > MOST_SKEW).then(|| format!("this machine's clock is {span} {direction} GitHub's"))
}

/// Whether a field, or an object around it, has one of these names.
fn is_in(field: &serde_ignored::Path<'_>, names: &[&str]) -> bool {
    use serde_ignored::Path;
    match field {
        Path::Root => false,
        Path::Map { parent, key } => names.contains(&&**key) || is_in(parent, names),
        Path::Seq { parent, .. }
        | Path::Some { parent }
        | Path::NewtypeStruct { parent }
        | Path::NewtypeVariant { parent } => is_in(parent, names),
    }
}

fn default_headers() -> HeaderMap {
    HeaderMap::from_iter([
        (ACCEPT, HeaderValue::from_static("application/vnd.github+json")),
        (HeaderName::from_static("x-github-api-version"), HeaderValue::from_static(API_VERSION)),
    ])
}

/// Follows a redirect only where the token may go: the same scheme, host and port.
fn same_origin(attempt: redirect::Attempt<'_>) -> redirect::Action {
    let stays = attempt.previous().first().is_some_and(|from| from.origin() == attempt.url().origin());
    if stays && attempt.previous().len() <= MOST_REDIRECTS { attempt.follow() } else { attempt.stop() }
}

/// Why an answer is no good answer, if it is none.
fn refusal(status: StatusCode, headers: &HeaderMap, bytes: &[u8], request: &Request<'_>) -> Option<Failure> {
    match status {
        StatusCode::OK | StatusCode::CREATED | StatusCode::NO_CONTENT => None,
        StatusCode::NOT_MODIFIED if request.etag.is_some() => None,
        _ if status.is_redirection() && headers.contains_key(LOCATION) => {
            let words = format!("{status}: it redirects where the token must not go, or too often");
            Some(Failure::new(Reason::Rejected, words))
        }
        _ => Some(classify(status, headers, bytes, request.token.expose_secret())),
    }
}

/// The causes of a transport error, outermost first, without its address.
pub(crate) fn cause(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut words = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(inner) = source {
        words = format!("{words}: {inner}");
        source = inner.source();
    }
    words
}
