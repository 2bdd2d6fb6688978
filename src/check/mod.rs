//! The doctor: every credential and every source of every owner tried once, cheaply, and what to change where it does not
//! work.
//!
//! [`sources`] asks what the refresh would ask first, no more of each than tells whether it may be read, and nothing twice;
//! [`local`] looks at what is on this machine. What came of it is a [`report`], for people or as JSON.

mod local;
pub mod report;
mod sources;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use futures_util::{StreamExt, stream};

use crate::{
    clock::{Instant, SharedClock},
    config::{Config, Installed},
    github::{Client, Failure, Lack, Reason, app, client::Unusable},
    owner::Owner,
};
use parking_lot::Mutex;
use report::{AppRow, CredentialRow, LocalRow, Report, SourceRow};
use sources::Questions;

/// So many credentials are asked with at the same time.
const CREDENTIALS: usize = 16;

/// How to tell what was found.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Options {
    /// Print one JSON document instead of a table; docs/check.md describes it
    #[arg(long)]
    pub json: bool,
}

/// Tries everything that the configuration names. When `stop` is ready it ends where it is, with what was found so far.
///
/// # Errors
/// [`Unusable`] if GitHub cannot be asked from this machine.
pub async fn run(
    config: &Config,
    clock: &SharedClock,
    stop: impl Future<Output = ()>,
) -> Result<Report, Unusable> {
    let client = Client::new(config.github.clone(), &config.owners, Arc::clone(clock))?;
    let check = Check { config, client, clock, found: Mutex::default() };
    let complete = tokio::select! {
        () = check.everything() => true,
        () = stop => false,
    };
    Ok(check.into_report(complete))
}

/// A check under way.
struct Check<'a> {
    config: &'a Config,
    client: Client,
    clock: &'a SharedClock,
    found: Mutex<Found>,
}

/// What was found so far.
#[derive(Default)]
struct Found {
    /// Where the App is installed, and since when it is suspended where it is.
    app: Option<Result<BTreeMap<Owner, Option<Instant>>, Failure>>,
    /// In the order of the configuration, then by name.
    owners: Vec<Owner>,
    sources: Vec<SourceRow>,
    local: Vec<LocalRow>,
    /// Those that GitHub, or their file, refuses as such.
    refused: BTreeMap<String, Failure>,
    /// Those that GitHub has answered.
    confirmed: BTreeSet<String>,
    /// Every credential that was used.
    used: BTreeSet<String>,
}

impl Check<'_> {
    async fn everything(&self) {
        tokio::join!(self.github(), self.local());
    }

    async fn local(&self) {
        for row in local::look(self.config).await {
            self.note(|found| found.local.push(row));
        }
    }

    async fn github(&self) {
        let owners = self.owners().await;
        self.note(|found| found.owners.clone_from(&owners));
        let mut by_credential = BTreeMap::<String, Vec<Owner>>::new();
        for owner in owners {
            match self.client.asked_as(&owner).await {
                Ok(name) => by_credential.entry(name).or_default().push(owner),
                // It is because of the App that nothing can be asked.
                Err(failure) => {
                    let sources = self.config.sources.iter();
                    let rows = sources.map(|source| SourceRow::refused(&owner, *source, app::NAME, &failure));
                    self.note(|found| found.sources.extend(rows));
                }
            }
        }
        self.note(|found| found.used.extend(by_credential.keys().cloned()));
        let asking = by_credential.into_iter().map(|(name, owners)| self.credential(name, owners));
        stream::iter(asking).buffer_unordered(CREDENTIALS).collect::<Vec<()>>().await;
    }

    /// Whom to ask for: those that are named, and those where the App is installed if that is wanted.
    async fn owners(&self) -> Vec<Owner> {
        if self.config.github.app.is_none() {
            return self.config.owners.clone();
        }
        let installed = self.client.installed().await;
        let owners = self.config.watched(installed.iter().flat_map(BTreeMap::keys));
        self.note(|found| found.app = Some(installed));
        owners
    }

    /// Asks for the owners of one credential, as many at a time as GitHub may be asked with it.
    async fn credential(&self, name: String, owners: Vec<Owner>) {
        let questions = Questions::new(&self.client, self.clock, self.config, &name);
        let asking = owners.iter().map(|owner| async {
            for row in questions.ask(owner).await {
                self.note(|found| found.sources.push(row));
            }
        });
        let at_a_time = self.config.github.concurrency;
        stream::iter(asking).buffer_unordered(at_a_time).collect::<Vec<()>>().await;
        let (refused, confirmed) = (questions.refused(), questions.confirmed());
        self.note(|found| {
            found.confirmed.extend(confirmed.then(|| name.clone()));
            found.refused.extend(refused.map(|failure| (name, failure)));
        });
    }

    fn note(&self, note: impl FnOnce(&mut Found)) {
        note(&mut self.found.lock());
    }

    fn into_report(self, complete: bool) -> Report {
        let found = self.found.into_inner();
        let at = self.clock.now();
        let credentials = credentials(&found, &self.client, self.config);
        let Found { owners, mut sources, local, .. } = found;
        let place = |owner: &Owner| owners.iter().position(|known| known == owner);
        sources.sort_by_key(|row| (place(&row.owner), row.source));
        Report { at, complete, credentials, sources, local }
    }
}

/// What is known of each credential that was used.
fn credentials(found: &Found, client: &Client, config: &Config) -> Vec<CredentialRow> {
    let ledger = client.ledger();
    let of_app = found.app.as_ref().map(|_| app::NAME.to_owned());
    let names: BTreeSet<_> = found.used.iter().cloned().chain(of_app).collect();
    let row = |name: String| {
        let app = found.app.as_ref().filter(|_| name == app::NAME);
        let failure = match app {
            Some(installed) => app_failure(installed.as_ref(), config),
            None => found.refused.get(&name).cloned(),
        };
        CredentialRow {
            failure,
            confirmed: app.is_some() || found.confirmed.contains(&name),
            rate: ledger.limits.get(&name).and_then(|limits| limits.rate),
            expires: ledger.token_expiry.get(&name).copied(),
            app: app.and_then(|installed| installed.as_ref().ok()).map(AppRow::of),
            name,
        }
    };
    names.into_iter().map(row).collect()
}

/// Why the App is of no use, if it is not.
fn app_failure(
    installed: Result<&BTreeMap<Owner, Option<Instant>>, &Failure>,
    config: &Config,
) -> Option<Failure> {
    let installed = match installed {
        Ok(installed) => installed,
        Err(failure) => return Some(failure.clone()),
    };
    let is_wanted = config.installed != Installed::None && config.owners.is_empty();
    let somewhere = installed.keys().any(|owner| config.installed.includes(owner));
    (is_wanted && !somewhere).then(|| {
        let words = "the App is installed on no organisation, and nobody else is named";
        Failure::new(Reason::Credential, words).lacking(Lack::Installation)
    })
}
