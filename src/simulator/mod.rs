//! A simulated GitHub: a believable company whose people use Copilot, and the API that reports it.
//!
//! It is what the demo, the tests and the benchmarks talk to, over real HTTP, and it shares no code with
//! the exporter, so that a mistake in one cannot hide in the other. From a person to an answer:
//!
//! ```text
//! options ── founding ──> world ── deeds ──> usage ────┐
//!            (names,      (who is  (what    teams ────┤
//!             stack,       where,   one     seats ────┤
//!             habits)      when)    person  billing ──┼─> github ──────────> listener
//!                                   did on  spending ─┤   (door: routes,     (sockets,
//!                                   a day)  reports ──┘    access, limits,    faults)
//!                                     │       : links      conditional, …)      │
//!                                  signals    :                                 │
//!                                     └────> files ───> downloads ──────────────┘
//!                                            (users, entities,  (another port)
//!                                             user_teams)
//! ```
//!
//! [`World::deeds`] is the one source of numbers, with [`World::signals`] for what only reports know: both
//! depend on seed, person and day alone, and every endpoint is a view of them. Tests compute the truth from
//! [`World`] themselves and compare.
//!
//! The seed's API answers with usage itself. The live one answers with links to report files, which are
//! signed for an hour and served on a second port; `edition` says which days are published by now.
//!
//! Seats and bills are of this moment: a seat's last activity is the person's last deed, and what a bill
//! counts are the credits that the users' reports have.
//!
//! A GitHub App has a key (`private_key`), says by web tokens (`jwt`) that it is that App, and gets tokens for its
//! `installations`; what GitHub answers it about itself is in `integration`.
//!
//! A further endpoint is a path in `routes`, what it asks of a token in `access`, and a file like `usage`
//! that folds deeds into bodies.

mod access;
mod activity;
mod addresses;
mod agents;
mod answer;
mod app;
mod audience;
mod billing;
mod calendar;
mod clock;
mod conditional;
mod credits;
mod customisations;
mod deeds;
mod dice;
mod downloads;
mod edition;
mod entities;
mod errors;
mod faults;
mod files;
mod founding;
mod github;
mod habits;
mod installations;
mod integration;
mod journal;
mod jwt;
mod limits;
mod links;
mod listener;
mod models;
mod names;
mod options;
mod paging;
mod phases;
mod presence;
mod private_key;
mod pulls;
mod releases;
mod reports;
mod routes;
mod seats;
mod signals;
mod spending;
mod stack;
mod teams;
mod usage;
mod user_teams;
mod users;
mod world;

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub use access::Token;
pub use app::{App, Install};
pub use deeds::{Deed, Feature};
pub use faults::{Fault, FaultKind, NotReady, StatusFault};
pub use journal::Request;
pub use options::{Api, Options};
pub use signals::{
    AgentJobs, AgentsWindow, Comments, Customisation, CustomisationKind, Merge, PullRequests, Signals,
};
pub use stack::Editor;
pub use world::{Entity, Kind, Person, Plan, Team, World};

use github::Github;
use integration::Integration;
use jwt::Signet;
use listener::Door;

/// A running simulator. Dropping it stops it.
#[must_use = "a simulator that is dropped stops"]
pub struct Simulator {
    github: Arc<Github>,
    address: SocketAddr,
    downloads: SocketAddr,
    token: String,
    listeners: [Listener; 2],
}

/// A listener in the background.
struct Listener {
    /// It stops when this is dropped.
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
    /// The App's key cannot be had.
    #[error("cannot use {} as the private key of the App: {reason}", file.display())]
    Key {
        /// The file that has it, or should.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// There are installations and no App.
    #[error("`{0}` is where an App is installed, but there is no App")]
    NoApp(String),
    /// The App is to be installed twice on one account.
    #[error("the App is installed twice on `{0}`")]
    SameInstall(String),
    /// The App is to be installed on an account the company does not have.
    #[error("the App is installed on `{owner}`, but there are only {owners}")]
    UnknownOwner {
        /// The account.
        owner: String,
        /// What there is.
        owners: String,
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
    /// When the address is not loopback or cannot be had, when the App's key is of no use, or when the tokens or
    /// installations make no sense.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let beside = SocketAddr::new(options.listen.ip(), 0);
        let (api, address) = bind(options.listen)?;
        let (files, downloads) = bind(options.listen_downloads.unwrap_or(beside))?;
        let signet = options.app.as_ref().map(signet).transpose()?;
        let [url, files_url] = [address, downloads].map(|address| format!("http://{address}"));
        let github = Github::new(&options, signet, url, files_url);
        let tokens = options.tokens();
        check(&tokens, &github.world)?;
        check_installs(&options, &github.world)?;
        let github = Arc::new(github);
        let listeners = [(api, Door::Api), (files, Door::Downloads)]
            .map(|(socket, door)| Listener::start(socket, door, github.clone()));
        Ok(Self { github, address, downloads, token: tokens[0].name().to_owned(), listeners })
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

    /// Installs the App on an account, or changes what it may do there and whether it is suspended. Tokens that it
    /// has for that account keep their permissions. The number of the installation; `None` if there is no App or no
    /// such account.
    pub fn install(&self, install: &Install) -> Option<u64> {
        let (app, owner) = self.app_on(&install.owner)?;
        Some(app.installations.install(install, owner, self.now()))
    }

    /// Takes the App away from an organisation or the enterprise, and its tokens with it. Whether it was there.
    pub fn uninstall(&self, owner: &str) -> bool {
        self.app_on(owner).is_some_and(|(app, owner)| app.installations.uninstall(owner))
    }

    /// Suspends the App on an organisation or the enterprise: its tokens there open nothing, and it gets no new
    /// ones. Whether it was there.
    pub fn suspend(&self, owner: &str) -> bool {
        let now = self.now();
        self.app_on(owner).is_some_and(|(app, owner)| app.installations.suspend(owner, Some(now), now))
    }

    /// Ends that again. Whether the App was there.
    pub fn unsuspend(&self, owner: &str) -> bool {
        self.app_on(owner).is_some_and(|(app, owner)| app.installations.suspend(owner, None, self.now()))
    }

    /// Ends all tokens the App has for its installations, long before their time.
    pub fn revoke_installation_tokens(&self) {
        if let Some(app) = &self.github.integration {
            app.installations.revoke();
        }
    }

    /// The App and the organisation or enterprise of that name.
    fn app_on(&self, owner: &str) -> Option<(&Integration, &Entity)> {
        self.github.integration.as_ref().zip(self.world().owner(owner))
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
            downloads: format!("http://{}", self.downloads),
            enterprise: world.enterprise().login.clone(),
            orgs: world.orgs().iter().map(|org| org.login.clone()).collect(),
            token: self.token.clone(),
        }
    }

    /// Stops at once: when this returns, the ports are closed and every connection was dropped, with
    /// whatever was being answered on it.
    pub async fn stop(self) {
        let listening = self.listeners.map(|Listener { stop, listening }| {
            drop(stop);
            listening
        });
        for listening in listening {
            // Fails only if the listener panicked, and then it has stopped as well.
            let _ = listening.await;
        }
    }
}

impl Listener {
    fn start(socket: TcpListener, door: Door, github: Arc<Github>) -> Self {
        let (stop, stopped) = oneshot::channel();
        Self { stop, listening: tokio::spawn(listener::listen(socket, door, github, stopped)) }
    }
}

/// A socket at an address on this machine, and where it is.
fn bind(wanted: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    if !wanted.ip().is_loopback() {
        return Err(StartError::NotLoopback(wanted));
    }
    let failed = |error| StartError::Listen(wanted, error);
    let socket = listener::bind(wanted).map_err(failed)?;
    let address = socket.local_addr().map_err(failed)?;
    Ok((socket, address))
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

/// What GitHub knows the App by, from the key that the App has.
fn signet(app: &App) -> Result<Signet, StartError> {
    let key = private_key::public_half(&app.key_file);
    key.map(|key| Signet::new(app.id, key))
        .map_err(|reason| StartError::Key { file: app.key_file.clone(), reason })
}

/// Refuses installations that there cannot be.
fn check_installs(options: &Options, world: &World) -> Result<(), StartError> {
    for (index, Install { owner, .. }) in options.install.iter().enumerate() {
        if options.app.is_none() {
            return Err(StartError::NoApp(owner.clone()));
        }
        if world.owner(owner).is_none() {
            let owners: Vec<_> = world.owners().map(|owner| owner.login.as_str()).collect();
            return Err(StartError::UnknownOwner { owner: owner.clone(), owners: owners.join(", ") });
        }
        if options.install[..index].iter().any(|earlier| earlier.owner.eq_ignore_ascii_case(owner)) {
            return Err(StartError::SameInstall(owner.clone()));
        }
    }
    Ok(())
}
