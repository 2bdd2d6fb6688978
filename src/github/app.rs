//! A GitHub App: where it is installed, and a token for each installation.
//!
//! The App signs, with its private key, that it is the App; with that it may list its installations and have tokens made,
//! each of which reads one account for an hour.

use std::{collections::BTreeMap, future::Future, sync::Arc, time::Duration};

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use parking_lot::Mutex;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex as AsyncMutex;
use url::Url;

use super::{
    credential::{Fingerprint, SecretFile, is_token},
    endpoint::Endpoint,
    exchange::{Exchange, Page, Request},
    failure::{Failure, Lack, Reason},
};
use crate::{
    clock::{Clock, Instant, after},
    owner::Owner,
};

/// What is signed is good for so long; GitHub takes no more than ten minutes.
const SIGNED_FOR: Duration = Duration::from_secs(9 * 60);

/// It is dated back so far, for the clock of this machine may be a little ahead.
const DATED_BACK: Duration = Duration::from_secs(60);

/// The longest life of an installation's token that is believed.
const LONGEST_LIFE: Duration = Duration::from_secs(3600);

/// A token is replaced when it has no more than this left.
const RENEWED_AHEAD: Duration = Duration::from_secs(5 * 60);

/// The list of installations is read again after so long, when somebody asks.
const LIST_AGE: Duration = Duration::from_secs(5 * 60);

/// After a failure, the same is not asked again with the same key for so long: those who waited for it are told at once.
/// It is shorter than any retry of a source, which is to ask GitHub.
const PAUSE: Duration = Duration::from_secs(5);

/// A token that is refused this soon after it was made is not the reason.
const NEW: Duration = Duration::from_secs(60);

/// More pages of installations than there are: an App can be installed on some thousand accounts.
const MOST_PAGES: usize = 1_000;

/// What an App is called as a credential when it asks as itself.
pub const NAME: &str = "app";

/// What it is called when it asks for an owner it is installed on. An enterprise may have the name of an organisation.
pub(super) fn name_for(owner: &Owner) -> String {
    match owner {
        Owner::Org(login) => format!("{NAME}:{login}"),
        Owner::Enterprise(slug) => format!("{NAME}:enterprise/{slug}"),
    }
}

/// Who the App is.
#[derive(Clone, Debug)]
pub struct AppKey {
    /// `GITHUB_APP_ID`: the number, or the client id.
    pub id: String,
    /// `GITHUB_APP_PRIVATE_KEY_FILE`: RSA, in PEM as GitHub hands it out. It is read whenever something is signed.
    pub key: SecretFile,
}

/// An App that is asked as.
#[derive(Debug)]
pub(super) struct App {
    key: AppKey,
    api: Url,
    installations: Held<Installations>,
    /// By id of the installation.
    tokens: Mutex<BTreeMap<u64, Arc<Held<SecretString>>>>,
}

type Installations = Arc<BTreeMap<Owner, Installation>>;

/// An App's installation on an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Installation {
    id: u64,
    suspended_at: Option<Instant>,
}

/// What was got as the App.
#[derive(Debug)]
struct Held<T> {
    good: Mutex<Option<Good<T>>>,
    /// One at a time gets it anew; who waits for that takes what comes of it, good or bad.
    getting: AsyncMutex<Option<Refused>>,
}

#[derive(Clone, Debug)]
struct Good<T> {
    value: T,
    got: Instant,
    /// Until when it is not got again,
    fresh_until: Instant,
    /// and until when it will do where it cannot be got again.
    usable_until: Instant,
}

/// A failure that would only come again.
#[derive(Clone, Debug)]
struct Refused {
    failure: Failure,
    at: Instant,
    /// Of the key it was refused with.
    key: Fingerprint,
}

/// What is signed.
#[derive(Serialize)]
struct Claims<'a> {
    iat: i64,
    exp: i64,
    iss: &'a str,
}

/// `GET /app/installations`, as far as it is read.
#[derive(Deserialize)]
struct InstallationRecord {
    id: u64,
    target_type: String,
    account: Option<Account>,
    suspended_at: Option<Instant>,
}

/// A person or organisation has a login, an enterprise a slug.
#[derive(Deserialize)]
struct Account {
    login: Option<String>,
    slug: Option<String>,
}

/// `POST /app/installations/{installation_id}/access_tokens`, as far as it is read.
#[derive(Deserialize)]
struct TokenRecord {
    token: String,
    expires_at: Instant,
}

impl App {
    /// An App that has asked nothing yet.
    pub(super) fn new(key: AppKey, api: Url) -> Self {
        Self { key, api, installations: Held::default(), tokens: Mutex::default() }
    }

    /// Its installation on an owner, if it is installed there.
    ///
    /// # Errors
    /// [`Reason::Credential`] if the installation is suspended or the key is no good; any [`Failure`] if it is not
    /// known where it is installed.
    pub(super) async fn installation(
        &self,
        exchange: &Exchange,
        owner: &Owner,
    ) -> Result<Option<Installation>, Failure> {
        let installations = self.installations(exchange).await?;
        let installation = installations.get(owner);
        if let Some(since) = installation.and_then(|installation| installation.suspended_at) {
            let since = since.format("%F %T UTC");
            let words = format!("the App's installation on {owner} is suspended since {since}");
            return Err(Failure::new(Reason::Credential, words).lacking(Lack::ActiveInstallation));
        }
        Ok(installation.cloned())
    }

    /// All owners it is installed on, and since when it is suspended where it is.
    ///
    /// # Errors
    /// Any [`Failure`], also if that was known before.
    pub(super) async fn installed(
        &self,
        exchange: &Exchange,
    ) -> Result<BTreeMap<Owner, Option<Instant>>, Failure> {
        let (clock, key) = (&*exchange.clock, self.fingerprint(exchange));
        let installations = self.installations.renewed(clock, key, self.list(exchange)).await?;
        let since = |(owner, there): (&Owner, &Installation)| (owner.clone(), there.suspended_at);
        Ok(installations.iter().map(since).collect())
    }

    /// A token for an installation: the one there is, while it has some minutes left.
    ///
    /// # Errors
    /// Any [`Failure`].
    pub(super) async fn token(
        &self,
        exchange: &Exchange,
        installation: &Installation,
    ) -> Result<SecretString, Failure> {
        let making = self.make_token(exchange, installation);
        self.slot(installation).get(&*exchange.clock, self.fingerprint(exchange), making).await
    }

    /// GitHub has refused a token that should be good: whether there is another one, or it is worth while to have one
    /// made. A new one that is refused as well says that it is not the token.
    pub(super) fn revoked(&self, installation: &Installation, token: &SecretString, now: Instant) -> bool {
        let slot = self.slot(installation);
        let mut good = slot.good.lock();
        let is_same = |good: &Good<SecretString>| good.value.expose_secret() == token.expose_secret();
        if !good.as_ref().is_some_and(is_same) {
            return true;
        }
        good.take_if(|good| now < good.got || after(good.got, NEW) <= now).is_some()
    }

    /// A token of an installation may not read something: another one is made for the next question, but not for every
    /// one.
    pub(super) fn doubt(&self, installation: &Installation, now: Instant) {
        let slot = self.slot(installation);
        let is_old = slot.good.lock().as_ref().is_some_and(|good| after(good.got, RENEWED_AHEAD) <= now);
        if is_old {
            slot.expire(now);
        }
    }

    /// What its key looks like now.
    pub(super) async fn fingerprint(&self, exchange: &Exchange) -> Fingerprint {
        Fingerprint::of(self.read_key(exchange).await.ok().as_ref())
    }

    fn slot(&self, installation: &Installation) -> Arc<Held<SecretString>> {
        Arc::clone(self.tokens.lock().entry(installation.id).or_default())
    }

    async fn installations(&self, exchange: &Exchange) -> Result<Installations, Failure> {
        self.installations.get(&*exchange.clock, self.fingerprint(exchange), self.list(exchange)).await
    }

    /// The list of installations, which is noted where people see it if it cannot be read.
    async fn list(&self, exchange: &Exchange) -> Result<Good<Installations>, Failure> {
        let listed = self.read_list(exchange).await.map_err(of_listing);
        exchange.note_listing(listed.as_ref().map(drop));
        let listed = Arc::new(listed?);
        let is_there = |id: &u64| listed.values().any(|installation| installation.id == *id);
        self.tokens.lock().retain(|id, _| is_there(id));
        Ok(Good::got(listed, exchange.clock.now(), LIST_AGE, Instant::MAX_UTC))
    }

    /// Reads all pages of the list of installations. Those of people are passed over: Copilot's figures are about
    /// organisations and enterprises.
    async fn read_list(&self, exchange: &Exchange) -> Result<BTreeMap<Owner, Installation>, Failure> {
        let endpoint = Endpoint::Installations;
        let about = format!("GET {}", endpoint.template());
        let jwt = self.sign(exchange).await?;
        let mut installations = BTreeMap::new();
        let mut url = endpoint.url_of_app(&self.api, "");
        url.query_pairs_mut().append_pair("per_page", "100");
        for _ in 0..MOST_PAGES {
            let turn = exchange.turn(NAME, &about).await?;
            let request = Request { endpoint, url: &url, etag: None, token: &jwt, about: &about };
            let Page::Body { bytes, next, .. } = exchange.get(&turn, &request).await? else {
                return Err(request.fail(Reason::Decode, "the answer has no body"));
            };
            let records: Vec<InstallationRecord> = exchange.decode(endpoint, &about, &bytes)?;
            installations.extend(records.into_iter().filter_map(InstallationRecord::read));
            let Some(next) = next else { return Ok(installations) };
            url = next;
        }
        Err(Failure::new(Reason::Decode, format!("{about}: its pages have no end")))
    }

    async fn make_token(
        &self,
        exchange: &Exchange,
        installation: &Installation,
    ) -> Result<Good<SecretString>, Failure> {
        let endpoint = Endpoint::InstallationToken;
        let about = format!("POST {}", endpoint.template());
        let jwt = self.sign(exchange).await?;
        let turn = exchange.turn(NAME, &about).await?;
        let url = endpoint.url_of_app(&self.api, &installation.id.to_string());
        let request = Request { endpoint, url: &url, etag: None, token: &jwt, about: &about };
        let made = exchange.create(&turn, &request).await;
        if made.as_ref().is_err_and(|failure| failure.reason.is_about_target()) {
            // It may have been removed or suspended: what is known of the installations is to be read again.
            self.installations.expire(exchange.clock.now());
        }
        let TokenRecord { token, expires_at } = made.map_err(of_app)?;
        let token = SecretString::from(token);
        if !is_token(token.expose_secret()) {
            return Err(request.fail(Reason::Decode, "what it made is no token"));
        }
        let now = exchange.clock.now();
        // By the clock of this machine, which need not be GitHub's: an hour is what GitHub promises.
        let life = (expires_at - now).to_std().unwrap_or_default().min(LONGEST_LIFE);
        Ok(Good::got(token, now, life.saturating_sub(RENEWED_AHEAD), after(now, life)))
    }

    /// The App's word that it is the App.
    async fn sign(&self, exchange: &Exchange) -> Result<SecretString, Failure> {
        let no_key = |words: &str| {
            Failure::new(Reason::Credential, format!("private key file {}: {words}", self.key.key.path()))
        };
        let pem = self.read_key(exchange).await.map_err(|error| no_key(&error))?;
        let key = EncodingKey::from_rsa_pem(pem.expose_secret().as_bytes()).map_err(|_| {
            no_key("must hold an RSA private key in PEM, as GitHub hands it out, not encrypted")
        })?;
        let now = exchange.clock.now();
        let claims = Claims {
            iat: (now - DATED_BACK).timestamp(),
            exp: after(now, SIGNED_FOR).timestamp(),
            iss: &self.key.id,
        };
        jsonwebtoken::encode(&Header::new(Algorithm::RS256), &claims, &key)
            .map(SecretString::from)
            .map_err(|_| no_key("must hold an RSA private key that is neither encrypted nor the public half"))
    }

    async fn read_key(&self, exchange: &Exchange) -> Result<SecretString, String> {
        let read = exchange.in_time(self.key.key.read()).await;
        read.unwrap_or_else(|| Err("does not answer".to_owned()))
    }
}

/// A refusal of the App itself is about whom to ask as, and not about what was to be asked.
fn of_app(failure: Failure) -> Failure {
    if failure.reason.is_about_target() { Failure { reason: Reason::Credential, ..failure } } else { failure }
}

/// The same of the list of its installations: where GitHub does not find that, it does not know the App.
fn of_listing(failure: Failure) -> Failure {
    let is_unknown = failure.reason == Reason::NotFound;
    let failure = of_app(failure);
    if is_unknown { failure.lacking(Lack::Key) } else { failure }
}

impl<T> Default for Held<T> {
    fn default() -> Self {
        Self { good: Mutex::default(), getting: AsyncMutex::default() }
    }
}

impl<T: Clone> Held<T> {
    /// What there is while it is fresh, else what is got; while somebody else gets it, or where that fails, what there
    /// is, if it will do.
    async fn get(
        &self,
        clock: &dyn Clock,
        key: impl Future<Output = Fingerprint>,
        getting: impl Future<Output = Result<Good<T>, Failure>>,
    ) -> Result<T, Failure> {
        let usable = self.usable(clock.now());
        if let Some(good) = &usable
            && self.getting.try_lock().is_err()
        {
            return Ok(good.value.clone());
        }
        let renewed = self.renewed(clock, key, getting).await;
        renewed.or_else(|failure| usable.map(|good| good.value).ok_or(failure))
    }

    /// What there is while it is fresh, else what is got.
    async fn renewed(
        &self,
        clock: &dyn Clock,
        key: impl Future<Output = Fingerprint>,
        getting: impl Future<Output = Result<Good<T>, Failure>>,
    ) -> Result<T, Failure> {
        let mut refused = self.getting.lock().await;
        let is_fresh = |good: &Good<T>| clock.now() < good.fresh_until;
        if let Some(good) = self.usable(clock.now()).filter(is_fresh) {
            return Ok(good.value);
        }
        let key = key.await;
        if let Some(failure) = refused.as_ref().and_then(|refused| refused.again(key, clock.now())) {
            return Err(failure);
        }
        let got = getting.await;
        // From the end on: it may have taken long to fail.
        *refused =
            got.as_ref().err().map(|failure| Refused { failure: failure.clone(), at: clock.now(), key });
        Ok(self.good.lock().insert(got?).value.clone())
    }

    /// What there is, fresh or not. What was got in the future was got before the clock was set back.
    fn usable(&self, now: Instant) -> Option<Good<T>> {
        self.good.lock().clone().filter(|good| good.got <= now && now < good.usable_until)
    }

    /// What there is is not fresh any more.
    fn expire(&self, now: Instant) {
        if let Some(good) = &mut *self.good.lock() {
            good.fresh_until = now;
        }
    }
}

impl<T> Good<T> {
    fn got(value: T, got: Instant, fresh_for: Duration, usable_until: Instant) -> Self {
        Self { value, got, fresh_until: after(got, fresh_for), usable_until }
    }
}

impl Refused {
    /// The failure, while it would be no other: for a moment, and while the key is the same.
    fn again(&self, key: Fingerprint, now: Instant) -> Option<Failure> {
        let just_now = self.at <= now && now < after(self.at, PAUSE);
        (just_now && key == self.key).then(|| self.failure.clone())
    }
}

impl InstallationRecord {
    fn read(self) -> Option<(Owner, Installation)> {
        let account = self.account?;
        let owner = match self.target_type.as_str() {
            "Organization" => Owner::org(&account.login?),
            "Enterprise" => Owner::enterprise(&account.slug?),
            _ => return None,
        };
        Some((owner, Installation { id: self.id, suspended_at: self.suspended_at }))
    }
}

#[cfg(test)]
mod tests {
    use std::{future::pending, sync::atomic::AtomicU64};

    use super::*;
    use crate::clock::SystemClock;

    const DAY: Duration = Duration::from_secs(86_400);

    fn good(value: u8, fresh_for: Duration) -> Result<Good<u8>, Failure> {
        let now = SystemClock.now();
        Ok(Good::got(value, now, fresh_for, after(now, DAY)))
    }

    fn bad() -> Result<Good<u8>, Failure> {
        Err(Failure::new(Reason::ServerError, "down"))
    }

    async fn key(content: &str) -> Fingerprint {
        Fingerprint::of(Some(&content.into()))
    }

    #[tokio::test]
    async fn what_is_fresh_is_not_got_again_and_what_is_not_is_kept_where_it_cannot_be() {
        let held = Held::default();
        assert_eq!(held.get(&SystemClock, key("a"), async { good(1, DAY) }).await, Ok(1));
        assert_eq!(held.get(&SystemClock, key("a"), async { panic!("got again") }).await, Ok(1));
        held.expire(SystemClock.now());
        assert_eq!(held.get(&SystemClock, key("a"), async { bad() }).await, Ok(1));
        assert!(held.renewed(&SystemClock, key("a"), async { bad() }).await.is_err());
        assert_eq!(held.get(&SystemClock, key("b"), async { good(2, DAY) }).await, Ok(2));
    }

    #[tokio::test]
    async fn while_one_gets_it_anew_others_take_what_there_is() {
        let held = Held::default();
        held.get(&SystemClock, key("a"), async { good(1, Duration::ZERO) }).await.unwrap();
        let mut hanging = std::pin::pin!(held.get(&SystemClock, key("a"), pending()));
        assert!(futures_util::poll!(&mut hanging).is_pending());
        assert_eq!(held.get(&SystemClock, key("a"), async { panic!("asked as well") }).await, Ok(1));
    }

    #[tokio::test]
    async fn those_who_waited_for_a_failure_are_told_it_and_another_key_is_tried_at_once() {
        let (held, asked) = (Held::default(), AtomicU64::new(0));
        let failing = || async {
            asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            tokio::task::yield_now().await;
            bad()
        };
        let ask = |content| held.get(&SystemClock, key(content), failing());
        let (one, other) = tokio::join!(ask("a"), ask("a"));
        assert!(one.is_err() && one == other);
        assert_eq!(asked.load(std::sync::atomic::Ordering::Relaxed), 1);
        assert!(ask("b").await.is_err());
        assert_eq!(asked.load(std::sync::atomic::Ordering::Relaxed), 2);
    }

    #[test]
    fn an_enterprise_is_not_taken_for_the_organisation_of_its_name() {
        assert_eq!(name_for(&Owner::org("octo")), "app:octo");
        assert_eq!(name_for(&Owner::enterprise("octo")), "app:enterprise/octo");
    }
}
