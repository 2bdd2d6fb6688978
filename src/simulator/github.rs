//! What happens to a request, from the door to the answer. Knows HTTP but no sockets.

use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, NaiveTime, Utc};
use hyper::header::{DATE, HOST, HeaderMap, HeaderName, LINK, USER_AGENT};
use hyper::http::request::Parts;
use hyper::http::uri::Authority;
use hyper::http::{Method, StatusCode};
use serde::Serialize;
use serde_json::json;

use super::access::{Caller, Token, X_OAUTH_SCOPES};
use super::answer::Answer;
use super::billing::Billing;
use super::clock::Clock;
use super::conditional::conditional;
use super::errors::Refusal;
use super::faults::{Faults, NotReady, StatusFault};
use super::integration::Integration;
use super::journal::Journal;
use super::jwt::Signet;
use super::limits::{Limits, Quota};
use super::options::{Api, Options};
use super::paging::{Page, Query};
use super::reports::Reports;
use super::routes::{AppRoute, OwnerName, Place, Route, TeamName, View};
use super::seats::Seats;
use super::spending::Spending;
use super::world::{Plan, World};
use super::{reports, seats, teams, usage};

/// The versions of the API, the default first.
const VERSIONS: [&str; 2] = ["2022-11-28", "2026-03-10"];

const X_GITHUB_API_VERSION: HeaderName = HeaderName::from_static("x-github-api-version");
const X_GITHUB_API_VERSION_SELECTED: HeaderName = HeaderName::from_static("x-github-api-version-selected");
const X_GITHUB_MEDIA_TYPE: HeaderName = HeaderName::from_static("x-github-media-type");
const X_GITHUB_REQUEST_ID: HeaderName = HeaderName::from_static("x-github-request-id");
const X_RATELIMIT_LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const X_RATELIMIT_REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const X_RATELIMIT_USED: HeaderName = HeaderName::from_static("x-ratelimit-used");
const X_RATELIMIT_RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");
const X_RATELIMIT_RESOURCE: HeaderName = HeaderName::from_static("x-ratelimit-resource");

/// The simulated service: the company and everything between it and a client.
pub(super) struct Github {
    pub(super) world: World,
    pub(super) clock: Clock,
    pub(super) faults: Faults,
    pub(super) journal: Journal,
    pub(super) reports: Reports,
    /// Where clients find it, for those that do not say so in `Host`.
    url: String,
    plan: Plan,
    api: Api,
    tokens: Vec<Token>,
    /// The App, if there is one.
    pub(super) integration: Option<Integration>,
    limits: Limits,
    answers: AtomicU64,
}

/// A request, with who sends it and when.
struct Visit<'r> {
    request: &'r Parts,
    /// What its path stands for.
    route: Option<Route>,
    caller: Caller<'r>,
    now: DateTime<Utc>,
    /// The version of the API to speak, or what was asked for instead.
    version: Result<&'static str, String>,
}

impl Github {
    /// The service at `url`, with its files on the host at `downloads`, and the App that `signet` belongs to.
    pub(super) fn new(options: &Options, signet: Option<Signet>, url: String, downloads: String) -> Self {
        let clock = Clock::new(options.now, options.day_every);
        let plan = options.plan(clock.now().date_naive());
        let world = World::new(&plan);
        let founded = plan.founded().and_time(NaiveTime::MIN).and_utc();
        let integration = signet.map(|signet| Integration::new(signet, &options.install, &world, founded));
        Self {
            world,
            clock,
            faults: Faults::new(options.faults.clone()),
            journal: Journal::default(),
            reports: Reports::new(options, downloads),
            url,
            plan,
            api: options.api,
            tokens: options.tokens(),
            integration,
            limits: Limits::new(options.rate_limit),
            answers: AtomicU64::new(0),
        }
    }

    /// The answer to a request with that body, which is `None` when it cannot be read.
    pub(super) fn answer(&self, request: &Parts, body: Option<&[u8]>) -> Answer {
        let visit = self.visit(request);
        let answer = self.consider(&visit, body).unwrap_or_else(Answer::from);
        self.stamped(answer, &visit, self.quota(&visit))
    }

    /// The answer that a fault gives instead.
    pub(super) fn stumble(&self, request: &Parts, fault: &StatusFault) -> Answer {
        let bodyless = [StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED].contains(&fault.status());
        let answer = if bodyless { Answer::empty(fault.status()) } else { fault.refusal().into() };
        let visit = self.visit(request);
        let quota = self.quota(&visit);
        let quota = if fault.exhausted { Quota { used: quota.limit, ..quota } } else { quota };
        self.stamped(answer, &visit, quota)
    }

    /// The answer about a report that is not there yet.
    pub(super) fn not_ready(&self, request: &Parts, how: NotReady) -> Answer {
        match how {
            NotReady::NoContent => self.stumble(request, &StatusFault::new(204)),
            NotReady::NotFound => self.stumble(request, &StatusFault::new(404)),
            NotReady::BadGateway => self.stumble(request, &StatusFault::new(502)),
            NotReady::NoLinks => reports::without_links(self.answer(request, Some(&[]))),
            NotReady::Text => {
                self.dressed(request, Answer::json(StatusCode::OK, &"The report is not ready."))
            }
        }
    }

    /// Any answer, with the headers that are on every one of them.
    pub(super) fn dressed(&self, request: &Parts, answer: Answer) -> Answer {
        let visit = self.visit(request);
        let quota = self.quota(&visit);
        self.stamped(answer, &visit, quota)
    }

    fn visit<'r>(&'r self, request: &'r Parts) -> Visit<'r> {
        let (headers, now, integration) = (&request.headers, self.clock.now(), self.integration.as_ref());
        let route = Route::of(request.uri.path());
        let caller = match route {
            Some(Route::App(_)) => Caller::as_app(headers, integration, now),
            _ => Caller::of(headers, &self.tokens, integration, now),
        };
        Visit { request, route, caller, now, version: version(headers) }
    }

    fn quota(&self, visit: &Visit<'_>) -> Quota {
        self.limits.quota(visit.caller.bucket().as_deref(), visit.now)
    }

    /// Sees a request through the door: in what version, who asks, at what cost, for what.
    fn consider(&self, visit: &Visit<'_>, body: Option<&[u8]>) -> Result<Answer, Refusal> {
        let Visit { request, route, caller, now, version } = visit;
        let version = version.as_ref().map_err(|asked| unsupported(asked))?;
        if request.headers.get(USER_AGENT).is_none_or(|agent| agent.as_bytes().trim_ascii().is_empty()) {
            let message = "Request forbidden: every request needs a User-Agent header.";
            return Err(Refusal::new(StatusCode::FORBIDDEN, message));
        }
        caller.is_sound()?;
        let route = route.as_ref().filter(|route| self.has(&request.method, route));
        let bucket = caller.bucket();
        let charged = route != Some(&Route::RateLimit);
        if charged && !self.limits.charge(bucket.as_deref(), *now) {
            return Err(Refusal::rate_limited(StatusCode::FORBIDDEN, &caller.title()));
        }
        let answer = match route.ok_or_else(Refusal::not_found)? {
            Route::RateLimit => rate_limit(self.quota(visit), version),
            Route::Versions => Answer::json(StatusCode::OK, &VERSIONS),
            // What is made anew each time is nothing that a client could have already.
            Route::App(AppRoute::Mint(id)) => return self.app()?.mint(id, body, *now),
            Route::View(view @ View::Report(_), owner, _) => return self.view(visit, *view, owner, None),
            Route::App(route) => self.about_app(visit, route)?,
            Route::View(view, owner, team) => self.view(visit, *view, owner, team.as_ref())?,
        };
        let answer = conditional(answer, &request.headers);
        if charged && answer.status == StatusCode::NOT_MODIFIED {
            self.limits.refund(bucket.as_deref(), *now);
        }
        Ok(answer)
    }

    /// Whether there is such a thing, by that method; not so where it belongs to the API that is closed.
    fn has(&self, method: &Method, route: &Route) -> bool {
        let reads = [Method::GET, Method::HEAD].contains(method);
        match route {
            Route::App(AppRoute::Mint(_)) => *method == Method::POST,
            Route::View(View::Usage, ..) => reads && self.api != Api::Reports,
            Route::View(View::Report(_), ..) => reads && self.api != Api::Usage,
            _ => reads,
        }
    }

    /// The App; nobody is let in as one where there is none.
    fn app(&self) -> Result<&Integration, Refusal> {
        self.integration.as_ref().ok_or_else(Refusal::not_found)
    }

    /// What the App sees of itself.
    fn about_app(&self, visit: &Visit<'_>, route: &AppRoute) -> Result<Answer, Refusal> {
        let (app, query) = (self.app()?, Query::of(visit.request.uri.query()));
        match route {
            AppRoute::About => Ok(Answer::json(StatusCode::OK, &app.about(&self.world))),
            AppRoute::Installations => {
                let url = format!("{}/app/installations", self.url_for(&visit.request.headers));
                Ok(listed(&app.page(&self.world, &query), &url, &query))
            }
            AppRoute::Installation(owner) => {
                Ok(Answer::json(StatusCode::OK, &app.on(owner.find(&self.world), &self.world)?))
            }
            AppRoute::Mint(_) => Err(Refusal::not_found()),
        }
    }

    /// What the caller sees of a place.
    fn view(
        &self,
        visit: &Visit<'_>,
        view: View,
        owner: &OwnerName,
        team: Option<&TeamName>,
    ) -> Result<Answer, Refusal> {
        let entity = visit.caller.admit(view, owner.find(&self.world))?;
        let team = team.map(|name| name.find(entity).ok_or_else(Refusal::not_found)).transpose()?;
        let place = Place { entity, team };
        let url = format!("{}{}", self.url_for(&visit.request.headers), place.path(view));
        let query = Query::of(visit.request.uri.query());
        Ok(match view {
            View::Teams => listed(&teams::page(entity, self.plan.founded(), &query), &url, &query),
            View::Report(report) => self.reports.answer(report, entity, &query, visit.now)?,
            View::Usage => listed(&usage::page(&self.world, place, &query, visit.now)?, &url, &query),
            View::Spending(meter) => {
                Answer::json(StatusCode::OK, &Spending::of(&self.world, entity, meter, &query, visit.now)?)
            }
            View::Billing => Answer::json(StatusCode::OK, &Billing::of(&self.world, entity, visit.now)),
            View::Seats => {
                let page = seats::page(&self.world, entity, &query, visit.now);
                let link = page.link(&url, &query);
                let body = Seats::of(page.elements, &self.world, entity, visit.now);
                linked(Answer::json(StatusCode::OK, &body), link)
            }
        })
    }

    /// The host as the client calls it, because clients send no token to a host they do not know.
    fn url_for(&self, headers: &HeaderMap) -> String {
        let host = headers.get(HOST).and_then(|host| Authority::try_from(host.as_bytes()).ok());
        host.map_or_else(|| self.url.clone(), |host| format!("http://{host}"))
    }

    /// The headers that are on every answer.
    fn stamped(&self, mut answer: Answer, visit: &Visit<'_>, quota: Quota) -> Answer {
        answer.set(X_RATELIMIT_LIMIT, &quota.limit);
        answer.set(X_RATELIMIT_REMAINING, &quota.remaining());
        answer.set(X_RATELIMIT_USED, &quota.used);
        answer.set(X_RATELIMIT_RESET, &quota.reset.timestamp());
        answer.set(X_RATELIMIT_RESOURCE, &"core");
        // Simulated, too: clients reckon from it how long a reset is away.
        answer.set(DATE, &visit.now.format("%a, %d %b %Y %H:%M:%S GMT"));
        answer.set(X_GITHUB_API_VERSION_SELECTED, visit.version.as_ref().unwrap_or(&VERSIONS[0]));
        answer.set(X_GITHUB_MEDIA_TYPE, "github.v3; format=json");
        let number = self.answers.fetch_add(1, Ordering::Relaxed);
        answer.set(X_GITHUB_REQUEST_ID, &format!("C0DE:{:X}:{number:X}", self.plan.seed));
        if let Some(scopes) = visit.caller.scopes() {
            answer.set(X_OAUTH_SCOPES, &scopes);
        }
        answer
    }
}

/// One page of the list at `url`, with the way to the others.
fn listed(page: &Page<impl Serialize>, url: &str, query: &Query) -> Answer {
    linked(Answer::json(StatusCode::OK, &page.elements), page.link(url, query))
}

/// The same answer with the way to other pages, if there are any.
fn linked(mut answer: Answer, link: Option<String>) -> Answer {
    if let Some(link) = link {
        answer.set(LINK, &link);
    }
    answer
}

/// `GET /rate_limit`; newer versions of the API do without the old `rate` beside `resources`.
fn rate_limit(core: Quota, version: &str) -> Answer {
    let resource = |quota: Quota| {
        let Quota { limit, used, reset } = quota;
        json!({ "limit": limit, "used": used, "remaining": quota.remaining(), "reset": reset.timestamp() })
    };
    let search = Quota { limit: 30, used: 0, reset: core.reset };
    let mut body = json!({ "resources": { "core": resource(core), "search": resource(search) } });
    if version == VERSIONS[0] {
        body["rate"] = resource(core);
    }
    Answer::json(StatusCode::OK, &body)
}

/// The version of the API to speak, or what was asked for instead.
fn version(headers: &HeaderMap) -> Result<&'static str, String> {
    let Some(asked) = headers.get(X_GITHUB_API_VERSION) else { return Ok(VERSIONS[0]) };
    let known = VERSIONS.into_iter().find(|version| asked.as_bytes() == version.as_bytes());
    known.ok_or_else(|| String::from_utf8_lossy(asked.as_bytes()).into_owned())
}

fn unsupported(version: &str) -> Refusal {
    let message = format!("Version \"{version}\" of the API is not supported.");
    Refusal::new(StatusCode::BAD_REQUEST, message)
}
