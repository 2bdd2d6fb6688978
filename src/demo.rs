//! A simulated GitHub, and the configuration of an exporter that watches it.

use std::{fmt, future::Future, pin::Pin};

use serde::Serialize;

use crate::{
    clock::{Clock, Instant},
    config::{Config, Problem, variables as var},
    simulator::{Announcement, Api, Options, Simulator},
};

/// Where a demo serves unless told otherwise: for this machine only.
const LISTEN: &str = "127.0.0.1:10220";

/// How often a demo asks when its days pass quickly and it was not told otherwise.
const INTERVAL_WITH_QUICK_DAYS: &str = "5s";

/// Where everything is, for programs.
#[derive(Debug, Serialize)]
pub struct Addresses<'a> {
    /// The simulated GitHub.
    #[serde(flatten)]
    pub company: &'a Announcement,
    /// The page for people.
    pub overview: String,
    /// What Prometheus asks for.
    pub metrics: String,
}

impl<'a> Addresses<'a> {
    /// Of an exporter with this URL.
    pub fn of(company: &'a Announcement, exporter: &str) -> Self {
        Self { company, overview: format!("{exporter}/"), metrics: format!("{exporter}/metrics") }
    }
}

/// As people read them.
impl fmt::Display for Addresses<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { company, overview, metrics } = self;
        writeln!(f, "A simulated GitHub at {}, and what the exporter tells of it:\n", company.api)?;
        write!(f, "  overview  {overview}\n  metrics   {metrics}\n\nCtrl-C ends it.")
    }
}

/// The configuration that watches everything the simulator has. The `EXPORTER_…` variables of the environment count,
/// but for the one where figures are kept: those of a real exporter would be overwritten. The `GITHUB_…` ones do not: a
/// demo must not carry a real token anywhere.
///
/// # Errors
/// The problems of the `EXPORTER_…` variables.
pub fn config(simulator: &Announcement, options: &Options) -> Result<Config, Vec<Problem>> {
    // GitHub's live interface, as long as the simulated one has it.
    let api = if options.api == Api::Usage { "usage" } else { "reports" };
    let given = [
        (var::GITHUB_API_URL, simulator.api.clone()),
        (var::GITHUB_TOKEN, simulator.token.clone()),
        (var::GITHUB_ORGS, simulator.orgs.join(",")),
        (var::GITHUB_ENTERPRISE, simulator.enterprise.clone()),
        (var::GITHUB_COPILOT_API, api.to_owned()),
        (var::EXPORTER_STATE_DIR, String::new()),
    ];
    let mut fallbacks = vec![(var::EXPORTER_LISTEN_ADDRESS, LISTEN.to_owned())];
    if options.day_every.is_some() {
        fallbacks.push((var::EXPORTER_REFRESH_INTERVAL, INTERVAL_WITH_QUICK_DAYS.to_owned()));
    }
    Config::from_process_for(&given, &fallbacks)
}

/// The time of the simulated company, in which its exporter has to live: where days are skipped, seats grow old and
/// months end by it. It holds the simulator.
#[derive(Debug)]
pub struct CompanyClock(pub Simulator);

impl Clock for CompanyClock {
    fn now(&self) -> Instant {
        self.0.now()
    }

    fn sleep_until(&self, instant: Instant) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        // The span is slept in real time: a day that is skipped meanwhile makes no request come sooner.
        let left = (instant - self.now()).to_std().unwrap_or_default();
        Box::pin(tokio::time::sleep(left))
    }
}
