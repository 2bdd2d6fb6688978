//! One question to GitHub's REST API: headers, limits, conditional requests, pages, and failures by name.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use reqwest::header::HeaderValue;
use secrecy::SecretString;
use serde::de::DeserializeOwned;
use url::Url;

use super::{
    app::{self, App, AppKey, Installation},
    credential::{Credential, Fingerprint},
    download::{Downloads, Hosts},
    endpoint::Endpoint,
    exchange::{Exchange, Page, Request, cause},
    failure::{Failure, Lack, Reason},
    ledger::Ledger,
};
use crate::{
    clock::{Instant, SharedClock},
    owner::Owner,
};

/// More than any list has, the seats of half a million people; it ends a paging loop that never repeats itself.
const MOST_PAGES: usize = 5_000;

/// Whom to ask, and how patiently.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `GITHUB_API_URL`.
    pub api: Url,
    /// The App to ask as where it is installed.
    pub app: Option<AppKey>,
    /// With what to ask everywhere else.
    pub credential: Option<Credential>,
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
    exchange: Exchange,
    downloads: Downloads,
    api: Url,
    app: Option<App>,
    credential: Option<Credential>,
    /// Who may be asked for with the credential where there is an App, too.
    named: BTreeSet<Owner>,
}

/// As whom to ask.
enum Access<'a> {
    /// With what was given.
    Given(&'a Credential),
    /// As the App, through one of its installations.
    Installed(&'a App, Installation),
}

/// The TLS set-up of this machine cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the client for GitHub could not be made: {0}; check SSL_CERT_FILE and SSL_CERT_DIR")]
pub struct Unusable(String);

impl From<reqwest::Error> for Unusable {
    fn from(error: reqwest::Error) -> Self {
        Self(cause(error))
    }
}

impl Client {
    /// A client that is going to ask for these owners, and for whom the App is installed on; nothing is asked yet.
    ///
    /// # Errors
    /// [`Unusable`], for instance where the machine has no root certificates.
    pub fn new(settings: Settings, owners: &[Owner], clock: SharedClock) -> Result<Self, Unusable> {
        let Settings { api, app, credential, concurrency, timeout, download_hosts } = settings;
        let exchange = Exchange::new(&api, concurrency, timeout, clock)?;
        let downloads = Downloads::new(download_hosts, timeout)?;
        // Counters begin at 0 with the program, not with the first question.
        if let Some(credential) = &credential {
            owners.iter().for_each(|owner| drop(exchange.budget(&credential.name(owner))));
        }
        let app = app.map(|key| App::new(key, api.clone()));
        if app.is_some() {
            exchange.budget(app::NAME);
        }
        let named = owners.iter().cloned().collect();
        Ok(Self { exchange, downloads, api, app, credential, named })
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
                let data = self.exchange.decode(question.endpoint, &question.about(), &bytes)?;
                Ok(Answer::Fresh(data, Validators(etag.map(|etag| (url, etag)).into_iter().collect())))
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
        self.exchange.count_unknown(report, fields);
    }

    /// What was asked so far and what is known of the limits.
    pub fn ledger(&self) -> Ledger {
        self.exchange.ledger()
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
                    Err(question.broken("a later page has no body"))
                };
            };
            add(&mut sum, self.exchange.decode(question.endpoint, &question.about(), &bytes)?);
            etags.push(etag.map(|etag| (url.clone(), etag)));
            seen.insert(url);
            let Some(next) = next else { break };
            if seen.contains(&next) || seen.len() >= MOST_PAGES {
                return Err(question.broken("its pages have no end"));
            }
            page = self.page(question, &next, None).await?;
            url = next;
        }
        // Without the tag of one page the whole could not be said to be unchanged.
        let validators = etags.into_iter().collect::<Option<Vec<_>>>().unwrap_or_default();
        Ok(Answer::Fresh(sum, Validators(validators)))
    }

    fn address(&self, question: &Question<'_>) -> Url {
        let mut url = question.endpoint.url(&self.api, question.owner, question.team);
        if !question.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&question.query);
        }
        url
    }

    /// Asks for one page when the limits allow it. A token of the App that is refused is replaced once: it may have been
    /// revoked before its time.
    async fn page(
        &self,
        question: &Question<'_>,
        url: &Url,
        etag: Option<&HeaderValue>,
    ) -> Result<Page, Failure> {
        let about = question.about();
        let access = self.access(question.owner).await?;
        let turn = self.exchange.turn(&access.name(question.owner), &about).await?;
        let ask = async |token| {
            let request = Request { endpoint: question.endpoint, url, etag, token: &token, about: &about };
            self.exchange.get(&turn, &request).await
        };
        match access {
            Access::Given(credential) => ask(self.given(credential, question.owner).await?).await,
            Access::Installed(app, installation) => {
                let token = app.token(&self.exchange, &installation).await?;
                let answer = ask(token.clone()).await;
                let now = self.exchange.clock.now();
                match answer.as_ref().map_err(|failure| failure.reason) {
                    Err(Reason::Unauthorized) if app.revoked(&installation, &token, now) => {
                        return ask(app.token(&self.exchange, &installation).await?).await;
                    }
                    // What it may read was settled when it was made: a permission that is granted later needs another.
                    Err(Reason::Forbidden) => app.doubt(&installation, now),
                    _ => {}
                }
                answer
            }
        }
    }

    /// As whom to ask for an owner: as the App where it is installed.
    async fn access(&self, owner: &Owner) -> Result<Access<'_>, Failure> {
        if let Some(app) = &self.app
            && let Some(installation) = app.installation(&self.exchange, owner).await?
        {
            return Ok(Access::Installed(app, installation));
        }
        // A token is for those who are named, and not for others because the App was once installed there.
        let given = self.credential.as_ref().filter(|_| self.app.is_none() || self.named.contains(owner));
        given.map(Access::Given).ok_or_else(|| {
            let words = format!("the App is not installed on {owner}, and there is no token for it");
            Failure::new(Reason::Credential, words).lacking(Lack::Installation)
        })
    }

    /// The `credential` label of whom an owner is asked as.
    ///
    /// # Errors
    /// Any [`Failure`] because of which it cannot be asked.
    pub async fn asked_as(&self, owner: &Owner) -> Result<String, Failure> {
        Ok(self.access(owner).await?.name(owner))
    }

    /// Where the App is installed, if there is one, and since when it is suspended where it is.
    ///
    /// # Errors
    /// Any [`Failure`], if that cannot be read.
    pub async fn installed(&self) -> Result<BTreeMap<Owner, Option<Instant>>, Failure> {
        match &self.app {
            Some(app) => app.installed(&self.exchange).await,
            None => Ok(BTreeMap::new()),
        }
    }

    /// Forgets the limits of an owner on which the App is not installed any more.
    pub fn forget(&self, owner: &Owner) {
        self.exchange.forget(&app::name_for(owner));
    }

    /// What the key of the App looks like now, if there is one.
    pub async fn app_fingerprint(&self) -> Option<Fingerprint> {
        match &self.app {
            Some(app) => Some(app.fingerprint(&self.exchange).await),
            None => None,
        }
    }

    /// What the credential for an owner looks like now, if it can change at all: to see whether it has.
    pub async fn fingerprint(&self, owner: &Owner) -> Option<Fingerprint> {
        let key = self.app_fingerprint().await;
        let token = match &self.credential {
            Some(credential @ Credential::File(_)) => {
                Some(Fingerprint::of(self.given(credential, owner).await.ok().as_ref()))
            }
            Some(Credential::Token(_)) | None => None,
        };
        match (key, token) {
            (Some(key), Some(token)) => Some(key.and(token)),
            (key, token) => key.or(token),
        }
    }

    /// The token that was given, or a failure when its file does not give it in time: a mount can hang.
    async fn given(&self, credential: &Credential, owner: &Owner) -> Result<SecretString, Failure> {
        self.exchange.in_time(credential.token(owner)).await.unwrap_or_else(|| {
            Err(Failure::new(Reason::Credential, "the token file cannot be read: it does not answer"))
        })
    }
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

impl Access<'_> {
    /// The `credential` label: a name, never a secret. Owners with the same name share one budget.
    fn name(&self, owner: &Owner) -> String {
        match self {
            Self::Given(credential) => credential.name(owner),
            Self::Installed(..) => app::name_for(owner),
        }
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
        Failure::new(Reason::Decode, format!("{}: {what}", self.about()))
    }

    /// The path with the owner and the team in it, so that of two thousand teams the one in trouble is found.
    fn about(&self) -> String {
        let path = self.endpoint.path(self.owner, self.team);
        let day = self.query.iter().find(|(name, _)| *name == "day");
        let day = day.map(|(name, day)| format!("?{name}={day}")).unwrap_or_default();
        format!("GET {path}{day}")
    }
}
