//! Letting requests through: whether the settings of a connection allow them.

use std::{
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use hyper::{
    Request, Response, StatusCode,
    header::{AUTHORIZATION, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE},
};

use super::{
    auth::{Passwords, Verdict},
    routes::{Chunks, Route, Routes},
    web::Settings,
};

/// The guard of one connection.
pub struct Guard {
    /// What is behind it.
    pub routes: Arc<Routes>,
    /// How the connection is met.
    pub settings: Arc<Settings>,
    /// Who knows passwords.
    pub passwords: Arc<Passwords>,
    /// Who asks.
    pub from: IpAddr,
}

/// Why a request is not let through.
enum Refusal {
    /// No user, or a wrong password.
    Unknown,
    /// Too much is asked; when to come again.
    Busy(Duration),
}

impl Guard {
    /// Answers a request, or refuses to.
    pub async fn answer<B>(&self, request: &Request<B>) -> Response<Chunks> {
        let mut response = match self.refusal(request).await {
            None => self.routes.answer(request),
            Some(refusal) => self.refuse(request, &refusal),
        };
        for (name, value) in &self.settings.headers {
            response.headers_mut().insert(name, value.clone());
        }
        response
    }

    /// Health needs neither user nor permission: whoever restarts what is not healthy knows no password, and must not
    /// be led to do so by others who ask too much.
    async fn refusal<B>(&self, request: &Request<B>) -> Option<Refusal> {
        if Route::of(request.uri().path()).is_some_and(|(_, route)| route.is_health()) {
            return None;
        }
        let bucket = self.settings.rate_limit.as_ref();
        if let Some(bucket) = bucket.filter(|bucket| !bucket.take(Instant::now())) {
            return Some(Refusal::Busy(bucket.wait()));
        }
        let users = self.settings.users.as_ref()?;
        match self.passwords.check(users, request.headers().get(AUTHORIZATION), self.from).await {
            Verdict::Welcome => None,
            Verdict::Refused => Some(Refusal::Unknown),
            Verdict::Crowded => Some(Refusal::Busy(Duration::from_secs(1))),
        }
    }

    fn refuse<B>(&self, request: &Request<B>, refusal: &Refusal) -> Response<Chunks> {
        match refusal {
            Refusal::Unknown => {
                let mut response = self.routes.refuse(request, StatusCode::UNAUTHORIZED);
                let basic =
                    HeaderValue::from_static(r#"Basic realm="github-copilot-exporter", charset="UTF-8""#);
                response.headers_mut().insert(WWW_AUTHENTICATE, basic);
                response
            }
            Refusal::Busy(wait) => {
                let mut response = self.routes.refuse(request, StatusCode::TOO_MANY_REQUESTS);
                let seconds = wait.as_millis().div_ceil(1000).max(1);
                let seconds = HeaderValue::from(u64::try_from(seconds).unwrap_or(u64::MAX));
                response.headers_mut().insert(RETRY_AFTER, seconds);
                response
            }
        }
    }
}
