//! A simulated GitHub: a believable company whose people use Copilot, and the API that reports it.
//!
//! It is what the demo, the tests and the benchmarks talk to, over real HTTP, and it shares no code with
//! the exporter, so that a mistake in one cannot hide in the other. From a person to an answer:
//!
//! ```text
//! options ── founding ──> world ── deeds ──> usage ─┐
//!            (names,      (who is  (what one teams ─┴─> github ──────────> listener
//!             stack,       where,   person    (views)   (door: routes,     (sockets,
//!             habits)      when)    did on               access, limits,    faults)
//!                                   a day)               conditional, …)
//! ```
//!
//! [`World::deeds`] is the one source of numbers: it depends on seed, person and day alone, and every
//! endpoint is a view of it. Tests compute the truth from [`World`] themselves and compare.
//!
//! A further endpoint is a path in `routes`, what it asks of a token in `access`, and a file like `usage`
//! that folds deeds into bodies.

mod access;
mod answer;
mod calendar;
mod clock;
mod conditional;
mod deeds;
mod dice;
mod errors;
mod faults;
mod founding;
mod github;
mod habits;
mod journal;
mod limits;
mod listener;
mod names;
mod options;
mod paging;
mod routes;
mod stack;
mod teams;
mod usage;
mod world;

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub use access::Token;
pub use deeds::{Deed, Feature};
pub use faults::{Fault, FaultKind, StatusFault};
pub use journal::Request;
pub use options::Options;
pub use stack::Editor;
pub use world::{Entity, Kind, Person, Plan, Team, World};

use github::Github;

/// A running simulator. Dropping it stops it.
#[must_use = "a simulator that is dropped stops"]
pub struct Simulator {
    github: Arc<Github>,
    address: SocketAddr,
    token: String,
    /// The listener stops when this is dropped.
    stop: oneshot::Sender<()>,
    listening: JoinHandle<()>,
}

/// Why a simulator did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Its tokens are no secrets and its faults are real, so it keeps to this machine.
    #[error("the simulator listens on loopback addresses only, for example 127.0.0.1:0; {0} is none")]
    NotLoopback(SocketAddr),
    /// The address is in use, or not to be had.
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, io::Error),
    /// Two tokens have the same name, so that nobody could say which of them was sent.
    #[error("there are two tokens of the name `{0}`")]
    SameToken(String),
    /// A token names an organisation the company does not have.
    #[error("token `{token}` names the organisation `{org}`, but the company has only {orgs}")]
    UnknownOrg {
        /// The token.
        token: String,
        /// What it names.
        org: String,
        /// What there is.
        orgs: String,
    },
}

/// What a client needs to know to begin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Announcement {
    /// The base URL of the API.
    pub api: String,
    /// The base URL that report links point to.
    pub downloads: String,
    /// The enterprise's slug.
    pub enterprise: String,
    /// The organisations' logins.
    pub orgs: Vec<String>,
    /// The first token.
    pub token: String,
}

impl fmt::Debug for Simulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulator").field("url", &self.url()).finish_non_exhaustive()
    }
}

impl Simulator {
    /// Draws the company and begins to serve it at [`Options::listen`], in the background.
    ///
    /// # Errors
    /// When the address is not loopback or cannot be had, or when the tokens make no sense.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let wanted = options.listen;
        if !wanted.ip().is_loopback() {
            return Err(StartError::NotLoopback(wanted));
        }
        let listener = listener::bind(wanted).map_err(|error| StartError::Listen(wanted, error))?;
        let address = listener.local_addr().map_err(|error| StartError::Listen(wanted, error))?;
        let github = Arc::new(Github::new(&options, format!("http://{address}")));
        let tokens = options.tokens();
        check(&tokens, &github.world)?;
        let (stop, stopped) = oneshot::channel();
        let listening = tokio::spawn(listener::listen(listener, github.clone(), stopped));
        Ok(Self { github, address, token: tokens[0].name().to_owned(), stop, listening })
    }

    /// The base URL, `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The company.
    pub fn world(&self) -> &World {
        &self.github.world
    }

    /// The simulated time.
    pub fn now(&self) -> DateTime<Utc> {
        self.github.clock.now()
    }

    /// Sets the simulated time, which runs on from there. The company and its past stay what they are.
    pub fn set_now(&self, now: DateTime<Utc>) {
        self.github.clock.set(now);
    }

    /// Replaces the faults in force; none heals everything. Their requests are counted from here on.
    pub fn set_faults(&self, faults: Vec<Fault>) {
        self.github.faults.set(faults);
    }

    /// The latest requests, at most ten thousand, oldest first.
    pub fn requests(&self) -> Vec<Request> {
        self.github.journal.read()
    }

    /// Forgets the requests so far.
    pub fn clear_requests(&self) {
        self.github.journal.clear();
    }

    /// What to tell clients.
    pub fn announcement(&self) -> Announcement {
        let world = self.world();
        Announcement {
            api: self.url(),
            downloads: self.url(),
            enterprise: world.enterprise().login.clone(),
            orgs: world.orgs().iter().map(|org| org.login.clone()).collect(),
            token: self.token.clone(),
        }
    }

    /// Stops at once: when this returns, the port is closed and every connection was dropped, with
    /// whatever was being answered on it.
    pub async fn stop(self) {
        drop(self.stop);
        // Fails only if the listener panicked, and then it has stopped as well.
        let _ = self.listening.await;
    }
}

/// Refuses tokens that could only lead to puzzling answers.
fn check(tokens: &[Token], world: &World) -> Result<(), StartError> {
    for (index, token) in tokens.iter().enumerate() {
        if tokens[..index].iter().any(|earlier| earlier.name() == token.name()) {
            return Err(StartError::SameToken(token.name().to_owned()));
        }
        let logins: Vec<_> = world.orgs().iter().map(|org| org.login.as_str()).collect();
        if let Some(org) =
            token.orgs().find(|org| !logins.iter().any(|login| login.eq_ignore_ascii_case(org)))
        {
            let (token, org, orgs) = (token.name().to_owned(), org.to_owned(), logins.join(", "));
            return Err(StartError::UnknownOrg { token, org, orgs });
        }
    }
    Ok(())
}
