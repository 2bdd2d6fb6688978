//! A GitHub App: where it is installed, and a token for each installation.
//!
//! The App signs, with its private key, that it is the App; with that it may list its installations and have tokens made,
//! each of which reads one account for an hour.

use std::{
    collections::BTreeMap,
    future::Future,
    sync::{Arc, Mutex},
    time::Duration,
};

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex as AsyncMutex;
use url::Url;

use super::{
    credential::{Fingerprint, SecretFile, is_token},
    endpoint::Endpoint,
    exchange::{Exchange, Page, Request, lock},
    failure::{Failure, Lack, Reason},
};
use crate::{
    clock::{Instant, after},
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

/// After a failure, the same is not asked again with the same key for so long.
const PAUSE: Duration = Duration::from_secs(10);

/// More pages of installations than there are: an App can be installed on some thousand accounts.
const MOST_PAGES: usize = 1_000;

/// What an App is called as a credential when it asks as itself.
pub const NAME: &str = "app";

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
    installations: AsyncMutex<Held<Installations>>,
    /// By id of the installation.
    tokens: Mutex<BTreeMap<u64, Arc<AsyncMutex<Held<SecretString>>>>>,
}

type Installations = Arc<BTreeMap<Owner, Installation>>;

/// An App's installation on an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Installation {
    id: u64,
    suspended_at: Option<Instant>,
}

/// What was got as the App: one at a time gets it, under a lock, and who waited takes what was got.
#[derive(Debug)]
struct Held<T> {
    good: Option<Good<T>>,
    refused: Option<Refused>,
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
        Self { key, api, installations: AsyncMutex::default(), tokens: Mutex::default() }
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
    /// Any [`Failure`], if that was never read.
    pub(super) async fn installed(
        &self,
        exchange: &Exchange,
    ) -> Result<BTreeMap<Owner, Option<Instant>>, Failure> {
        let installations = self.installations(exchange).await?;
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
        let slot = self.slot(installation);
        let made = slot.lock().await.get(self, exchange, self.make_token(exchange, installation)).await;
        if made.as_ref().is_err_and(|failure| failure.reason.is_about_target()) {
            // It may have been removed or suspended: what is known of the installations is not true any more.
            self.installations.lock().await.good = None;
        }
        made
    }

    /// GitHub has refused a token that should be good: whether it is worth while to have another one made. A new one that
    /// is refused as well says that it is not the token.
    pub(super) async fn revoked(&self, exchange: &Exchange, installation: &Installation) -> bool {
        let slot = self.slot(installation);
        let mut held = slot.lock().await;
        let now = exchange.clock.now();
        let is_new = |good: &Good<_>| good.got <= now && now < after(good.got, DATED_BACK);
        held.good.take_if(|good| !is_new(good)).is_some()
    }

    /// What its key looks like now.
    pub(super) async fn fingerprint(&self, exchange: &Exchange) -> Fingerprint {
        Fingerprint::of(self.read_key(exchange).await.ok().as_ref())
    }

    fn slot(&self, installation: &Installation) -> Arc<AsyncMutex<Held<SecretString>>> {
        Arc::clone(lock(&self.tokens).entry(installation.id).or_default())
    }

    async fn installations(&self, exchange: &Exchange) -> Result<Installations, Failure> {
        let mut held = self.installations.lock().await;
        let known = held.get(self, exchange, self.list(exchange)).await;
        exchange.note_refusal(NAME, held.refused.as_ref().map(|refused| &refused.failure));
        known
    }

    /// Reads all pages of the list of installations. Those of people are passed over: Copilot's figures are about
    /// organisations and enterprises.
    async fn list(&self, exchange: &Exchange) -> Result<Good<Installations>, Failure> {
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
            let Some(next) = next else {
                let now = exchange.clock.now();
                return Ok(Good::got(Arc::new(installations), now, LIST_AGE, Instant::MAX_UTC));
            };
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
        let TokenRecord { token, expires_at } = exchange.create(&turn, &request).await?;
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
        let key = EncodingKey::from_rsa_pem(pem.expose_secret().as_bytes())
            .map_err(|_| no_key("must hold an RSA private key in PEM, as GitHub hands it out"))?;
        let now = exchange.clock.now();
        let claims = Claims {
            iat: (now - DATED_BACK).timestamp(),
            exp: after(now, SIGNED_FOR).timestamp(),
            iss: &self.key.id,
        };
        jsonwebtoken::encode(&Header::new(Algorithm::RS256), &claims, &key)
            .map(SecretString::from)
            .map_err(|_| no_key("cannot be signed with"))
    }

    async fn read_key(&self, exchange: &Exchange) -> Result<SecretString, String> {
        let read = exchange.in_time(self.key.key.read()).await;
        read.unwrap_or_else(|| Err("does not answer".to_owned()))
    }
}

impl<T> Default for Held<T> {
    fn default() -> Self {
        Self { good: None, refused: None }
    }
}

impl<T: Clone> Held<T> {
    /// What there is while it is fresh, else what is got; where that fails what there is, if it will do.
    async fn get(
        &mut self,
        app: &App,
        exchange: &Exchange,
        getting: impl Future<Output = Result<Good<T>, Failure>>,
    ) -> Result<T, Failure> {
        let now = exchange.clock.now();
        // What was got in the future was got before the clock was set back.
        self.good.take_if(|good| now < good.got || good.usable_until <= now);
        if let Some(good) = self.good.as_ref().filter(|good| now < good.fresh_until) {
            return Ok(good.value.clone());
        }
        let key = app.fingerprint(exchange).await;
        let got = match self.refused.as_ref().and_then(|refused| refused.again(key, now)) {
            Some(failure) => Err(failure),
            None => getting.await,
        };
        match got {
            Ok(good) => {
                self.refused = None;
                Ok(self.good.insert(good).value.clone())
            }
            Err(failure) => {
                let refused = || Refused { failure: failure.clone(), at: now, key };
                self.refused.take_if(|refused| refused.again(key, now).is_none());
                self.refused.get_or_insert_with(refused);
                self.good.as_ref().map(|good| good.value.clone()).ok_or(failure)
            }
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
