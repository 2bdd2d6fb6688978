//! One question to GitHub's REST API: headers, limits, conditional requests, pages, and failures by name.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use reqwest::{
    StatusCode,
    header::{ACCEPT, ETAG, HeaderMap, HeaderValue, IF_NONE_MATCH, LOCATION},
    redirect,
};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use url::Url;

use super::{
    budget::Budget,
    credential::{Credential, Fingerprint},
    download::{Downloads, Hosts},
    endpoint::Endpoint,
    failure::{Failure, Reason},
    ledger::Ledger,
    paging,
    refusal::classify,
};
use crate::{
    clock::{Instant, SharedClock},
    owner::Owner,
};

/// The version of GitHub's REST API that is spoken.
const API_VERSION: &str = "2022-11-28";

/// What the exporter calls itself, to the API and to the hosts of report files.
pub(crate) const USER_AGENT: &str = concat!("github-copilot-exporter/", env!("CARGO_PKG_VERSION"));

/// More than any list has, the seats of half a million people; it ends a paging loop that never repeats itself.
const MOST_PAGES: usize = 5_000;

/// Renamed organisations redirect once; a chain is a mistake.
const MOST_REDIRECTS: usize = 5;

/// The largest answer that is read, decompressed. A year of a big enterprise's usage stays below a tenth of it.
const LARGEST_ANSWER: usize = 64 << 20;

/// Whom to ask, and how patiently.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `GITHUB_API_URL`.
    pub api: Url,
    /// With what to ask.
    pub credential: Credential,
    /// `GITHUB_CONCURRENCY`: requests in flight per credential.
    pub concurrency: usize,
    /// `GITHUB_TIMEOUT`: one answer, complete; of a file, the longest time without a byte.
    pub timeout: Duration,
    /// `GITHUB_DOWNLOAD_HOSTS`.
    pub download_hosts: Hosts,
}

/// A question for one owner.
#[derive(Clone, Debug)]
pub struct Question<'a> {
    /// Which endpoint.
    pub endpoint: Endpoint,
    /// For whom.
    pub owner: &'a Owner,
    /// For which of its teams, by slug.
    pub team: Option<&'a str>,
    /// Query parameters.
    pub query: Vec<(&'static str, String)>,
}

/// What a good answer is.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer<T> {
    /// New data, and what to ask with next time.
    Fresh(T, Validators),
    /// As it was when the validators were given (304 on every page).
    Unchanged,
    /// GitHub has not made it yet (204).
    NotReady,
}

impl<T> Answer<T> {
    /// The same answer with other data.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Answer<U> {
        match self {
            Self::Fresh(data, validators) => Answer::Fresh(change(data), validators),
            Self::Unchanged => Answer::Unchanged,
            Self::NotReady => Answer::NotReady,
        }
    }
}

/// The `ETag` of every page of an answer: sent back, they make the next answer free when nothing changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Validators(Vec<(Url, HeaderValue)>);

impl Validators {
    /// Those that were given for this address; none if it is another, for instance because a team was renamed.
    fn of(&self, first: &Url) -> &[(Url, HeaderValue)] {
        if self.0.first().is_some_and(|(url, _)| url == first) { &self.0 } else { &[] }
    }
}

/// The client. Cheap to share, safe to use from many tasks.
#[derive(Debug)]
pub struct Client {
    http: reqwest::Client,
    downloads: Downloads,
    settings: Settings,
    clock: SharedClock,
    budgets: Mutex<BTreeMap<String, Arc<Budget>>>,
    ledger: Mutex<Ledger>,
}

/// The TLS set-up of this machine cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the client for GitHub could not be made: {0}")]
pub struct Unusable(#[from] reqwest::Error);

/// One page as it came.
enum Page {
    Body { bytes: Vec<u8>, etag: Option<HeaderValue>, next: Option<Url> },
    NotModified { next: Option<Url> },
    Empty,
}

impl Client {
    /// A client that is going to ask for these owners; nothing is asked yet.
    ///
    /// # Errors
    /// [`Unusable`], for instance where the machine has no root certificates.
    pub fn new(settings: Settings, owners: &[Owner], clock: SharedClock) -> Result<Self, Unusable> {
        let loopback = is_loopback(&settings.api);
        let mut http = reqwest::Client::builder()
            .user_agent(USER_AGENT)
            .default_headers(default_headers())
            .redirect(redirect::Policy::custom(same_origin))
            .connect_timeout(settings.timeout);
        if loopback {
            // A proxy of the environment is for the way out, not for this machine.
            http = http.no_proxy();
        }
        let http = http.build()?;
        let downloads = Downloads::new(settings.download_hosts.clone(), settings.timeout)?;
        let (budgets, ledger) = (Mutex::default(), Mutex::default());
        let client = Self { http, downloads, settings, clock, budgets, ledger };
        // Counters begin at 0 with the program, not with the first question.
        for owner in owners {
            client.budget(&client.settings.credential.name(owner));
        }
        Ok(client)
    }

    /// Reads an answer that is one object. With the validators of the last time it is not sent again unless it has
    /// changed.
    ///
    /// # Errors
    /// Any [`Failure`].
    pub async fn get<T: DeserializeOwned>(
        &self,
        question: &Question<'_>,
        known: &Validators,
    ) -> Result<Answer<T>, Failure> {
        let url = self.address(question);
        let known = known.of(&url).first().map(|(_, etag)| etag);
        match self.page(question, &url, known).await? {
            Page::Body { bytes, etag, .. } => {
                let validators = Validators(etag.map(|etag| (url, etag)).into_iter().collect());
                Ok(Answer::Fresh(self.decode(question, &bytes)?, validators))
            }
            Page::NotModified { .. } => Ok(Answer::Unchanged),
            Page::Empty => Ok(Answer::NotReady),
        }
    }

    /// The client for report files, which carries no token.
    pub fn downloads(&self) -> &Downloads {
        &self.downloads
    }

    /// Reads a list whole, following its pages. With the validators of the last time, pages that did not change are
    /// not sent again.
    ///
    /// # Errors
    /// Any [`Failure`]; then nothing of the list is returned: a part would look like the whole.
    pub async fn list<T: DeserializeOwned + Send>(
        &self,
        question: &Question<'_>,
        known: &Validators,
    ) -> Result<Answer<Vec<T>>, Failure> {
        self.fold(question, known, |items: &mut Vec<T>, mut page| items.append(&mut page)).await
    }

    /// The same for a list that nobody is to hold: each page is added to the sum and gone before the next is read.
    pub(super) async fn fold<P: DeserializeOwned, S: Default>(
        &self,
        question: &Question<'_>,
        known: &Validators,
        add: impl Fn(&mut S, P),
    ) -> Result<Answer<S>, Failure> {
        let first = self.address(question);
        let known = known.of(&first);
        for (index, (url, etag)) in known.iter().enumerate() {
            let is_last = index + 1 == known.len();
            let page = match self.page(question, url, Some(etag)).await {
                // The address of a later page need not live as long as the list.
                Err(failure) if index > 0 && failure.reason.is_about_target() => break,
                page => page?,
            };
            match page {
                // A full page stays as it is when a further one appears behind it.
                Page::NotModified { next: Some(_) } if is_last => break,
                Page::NotModified { .. } if is_last => return Ok(Answer::Unchanged),
                Page::NotModified { .. } => {}
                page if index == 0 => return self.follow(question, first, page, add).await,
                // A later page changed, and the earlier ones were not sent: read the list as it is now.
                _ => break,
            }
        }
        let page = self.page(question, &first, None).await?;
        self.follow(question, first, page, add).await
    }

    /// Counts fields of a report file that were passed over.
    pub(super) fn count_unknown(&self, report: &'static str, fields: u64) {
        self.ledger_now().count_unknown(report, fields);
    }

    /// What was asked so far and what is known of the limits.
    pub fn ledger(&self) -> Ledger {
        let mut ledger = self.ledger_now().clone();
        ledger.limits =
            lock(&self.budgets).iter().map(|(name, budget)| (name.clone(), budget.limits())).collect();
        ledger.at = self.clock.now();
        ledger
    }

    /// Follows the pages from the first, which is here already.
    async fn follow<P: DeserializeOwned, S: Default>(
        &self,
        question: &Question<'_>,
        first: Url,
        page: Page,
        add: impl Fn(&mut S, P),
    ) -> Result<Answer<S>, Failure> {
        let (mut sum, mut etags, mut seen) = (S::default(), Vec::new(), BTreeSet::new());
        let (mut url, mut page) = (first, page);
        loop {
            let Page::Body { bytes, etag, next } = page else {
                return if seen.is_empty() {
                    Ok(Answer::NotReady)
                } else {
                    Err(fail(question, Reason::Decode, "a later page has no body"))
                };
            };
            add(&mut sum, self.decode(question, &bytes)?);
            etags.push(etag.map(|etag| (url.clone(), etag)));
            seen.insert(url);
            let Some(next) = next else { break };
            if seen.contains(&next) || seen.len() >= MOST_PAGES {
                return Err(fail(question, Reason::Decode, "its pages have no end"));
            }
            page = self.page(question, &next, None).await?;
            url = next;
        }
        // Without the tag of one page the whole could not be said to be unchanged.
        let validators = etags.into_iter().collect::<Option<Vec<_>>>().unwrap_or_default();
        Ok(Answer::Fresh(sum, Validators(validators)))
    }

    fn address(&self, question: &Question<'_>) -> Url {
        let mut url = question.endpoint.url(&self.settings.api, question.owner, question.team);
        if !question.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&question.query);
        }
        url
    }

    /// Asks for one page when the budget allows, and counts what came of it.
    async fn page(
        &self,
        question: &Question<'_>,
        url: &Url,
        etag: Option<&HeaderValue>,
    ) -> Result<Page, Failure> {
        let name = self.settings.credential.name(question.owner);
        let budget = self.budget(&name);
        let clock = &*self.clock;
        let _turn = budget.admit(clock).await.map_err(|until| closed(question, until))?;
        let token = self.token(question.owner).await?;
        let exchange = self.exchange(question, url, etag, &token);
        let answer = tokio::time::timeout(self.settings.timeout, exchange)
            .await
            .unwrap_or_else(|_| Err(self.late(question)));
        let code =
            answer.as_ref().map_or_else(|failure| failure.reason.word(), |(status, ..)| status.as_str());
        self.ledger_now().count(question.endpoint, code);
        let (status, headers, bytes) = answer?;
        self.ledger_now().learn(question.endpoint, &name, &headers, status == StatusCode::OK);
        let refusal = refusal(status, &headers, &bytes, &token, etag.is_some());
        let limited = matches!(refusal, Some((Reason::RateLimited, _)));
        let retry_at = budget.learn(&headers, limited, clock.now());
        if let Some((reason, words)) = refusal {
            return Err(Failure { retry_at, ..fail(question, reason, &words) });
        }
        let next =
            paging::next(&headers, url).map_err(|failure| fail(question, failure.reason, &failure.detail))?;
        Ok(match status {
            StatusCode::NOT_MODIFIED => Page::NotModified { next },
            StatusCode::NO_CONTENT => Page::Empty,
            _ => Page::Body { bytes, etag: headers.get(ETAG).cloned(), next },
        })
    }

    /// What the credential for an owner looks like now, if it can change at all: to see whether it has.
    pub async fn fingerprint(&self, owner: &Owner) -> Option<Fingerprint> {
        match &self.settings.credential {
            Credential::Token(_) => None,
            Credential::File(_) => Some(Fingerprint::of(self.token(owner).await.ok().as_ref())),
        }
    }

    /// The token, or a failure when its file does not give it in time: a mount can hang.
    async fn token(&self, owner: &Owner) -> Result<SecretString, Failure> {
        let reading = self.settings.credential.token(owner);
        tokio::time::timeout(self.settings.timeout, reading).await.unwrap_or_else(|_| {
            Err(Failure::new(Reason::Credential, "the token file cannot be read: it does not answer"))
        })
    }

    /// The request and its whole answer, without a view on what it means.
    async fn exchange(
        &self,
        question: &Question<'_>,
        url: &Url,
        etag: Option<&HeaderValue>,
        token: &SecretString,
    ) -> Result<(StatusCode, HeaderMap, Vec<u8>), Failure> {
        let mut request = self.http.get(url.clone()).bearer_auth(token.expose_secret());
        if let Some(etag) = etag {
            request = request.header(IF_NONE_MATCH, etag);
        }
        let broken = |error| fail(question, Reason::Network, &cause(error));
        let mut response = request.send().await.map_err(broken)?;
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(broken)? {
            if bytes.len() + chunk.len() > LARGEST_ANSWER {
                return Err(fail(
                    question,
                    Reason::TooLarge,
                    &format!("more than {} MiB", LARGEST_ANSWER >> 20),
                ));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok((response.status(), response.headers().clone(), bytes))
    }

    fn late(&self, question: &Question<'_>) -> Failure {
        let limit = humantime::format_duration(self.settings.timeout);
        fail(question, Reason::Timeout, &format!("no complete answer within {limit}"))
    }

    fn decode<T: DeserializeOwned>(&self, question: &Question<'_>, bytes: &[u8]) -> Result<T, Failure> {
        let mut unknown = 0;
        let mut json = serde_json::Deserializer::from_slice(bytes);
        let unread = question.endpoint.unread();
        let items =
            serde_ignored::deserialize(&mut json, |field| unknown += u64::from(!is_in(&field, unread)))
                .and_then(|items| json.end().map(|()| items))
                // The parser's own words would quote the answer.
                .map_err(|error| {
                    let place = format!("line {} column {}", error.line(), error.column());
                    fail(
                        question,
                        Reason::Decode,
                        &format!("not the expected JSON at {place} of {} bytes", bytes.len()),
                    )
                })?;
        if let Some(report) = question.endpoint.report() {
            self.ledger_now().count_unknown(report, unknown);
        }
        Ok(items)
    }

    fn budget(&self, name: &str) -> Arc<Budget> {
        let mut budgets = lock(&self.budgets);
        if let Some(budget) = budgets.get(name) {
            return Arc::clone(budget);
        }
        let budget = Arc::new(Budget::new(self.settings.concurrency));
        budgets.insert(name.to_owned(), Arc::clone(&budget));
        budget
    }

    fn ledger_now(&self) -> MutexGuard<'_, Ledger> {
        lock(&self.ledger)
    }
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

/// Counts stay whole at every step, so a panic elsewhere while one is held leaves nothing to repair.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn default_headers() -> HeaderMap {
    HeaderMap::from_iter([
        (ACCEPT, HeaderValue::from_static("application/vnd.github+json")),
        (
            reqwest::header::HeaderName::from_static("x-github-api-version"),
            HeaderValue::from_static(API_VERSION),
        ),
    ])
}

/// Whether an address is on this machine.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// Follows a redirect only where the token may go: the same scheme, host and port.
fn same_origin(attempt: redirect::Attempt<'_>) -> redirect::Action {
    let stays = attempt.previous().first().is_some_and(|from| from.origin() == attempt.url().origin());
    if stays && attempt.previous().len() <= MOST_REDIRECTS { attempt.follow() } else { attempt.stop() }
}

/// Why an answer is no good answer, if it is none.
fn refusal(
    status: StatusCode,
    headers: &HeaderMap,
    bytes: &[u8],
    token: &SecretString,
    conditional: bool,
) -> Option<(Reason, String)> {
    match status {
        StatusCode::OK | StatusCode::NO_CONTENT => None,
        StatusCode::NOT_MODIFIED if conditional => None,
        _ if status.is_redirection() && headers.contains_key(LOCATION) => {
            let words = format!("{status}: it redirects where the token must not go, or too often");
            Some((Reason::Rejected, words))
        }
        _ => Some(classify(status, headers, bytes, token.expose_secret())),
    }
}

impl Question<'_> {
    /// The answer to a question that always has one: without a body it is none.
    pub(super) fn answered<T>(&self, answer: Answer<T>) -> Result<Answer<T>, Failure> {
        if matches!(answer, Answer::NotReady) {
            return Err(self.broken("the answer has no body"));
        }
        Ok(answer)
    }

    /// The failure of an answer that is well-formed and not what the API promises.
    pub(super) fn broken(&self, what: &str) -> Failure {
        fail(self, Reason::Decode, what)
    }
}

/// The failure of a question that was not asked because the budget is closed.
fn closed(question: &Question<'_>, until: Instant) -> Failure {
    let words = format!("not asked: GitHub's limit is reached until {}", until.format("%F %T UTC"));
    Failure { retry_at: Some(until), ..fail(question, Reason::RateLimited, &words) }
}

/// Names the path with the owner and the team, so that of two thousand teams the one in trouble is found.
fn fail(question: &Question<'_>, reason: Reason, what: &str) -> Failure {
    let path = question.endpoint.path(question.owner, question.team);
    let day = question.query.iter().find(|(name, _)| *name == "day");
    let day = day.map(|(name, day)| format!("?{name}={day}")).unwrap_or_default();
    Failure::new(reason, format!("GET {path}{day}: {what}"))
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
