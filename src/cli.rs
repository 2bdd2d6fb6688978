//! The commands.

use clap::{Parser, Subcommand};

use crate::{backfill, check, simulator};

/// Version, commit and compiler, as in the `build_info` series.
const VERSION: &str =
    concat!(env!("CARGO_PKG_VERSION"), " (", env!("BUILD_REVISION"), ", rustc ", env!("BUILD_RUSTC"), ")");

/// Serves the usage of GitHub Copilot as Prometheus metrics.
///
/// Set GITHUB_TOKEN and GITHUB_ORGS (or GITHUB_ENTERPRISE) and start it without a command. To see it without a token,
/// use demo; to see whether a token will do, use check. docs/configuration.md explains every variable.
#[derive(Debug, Parser)]
#[command(name = "github-copilot-exporter", version = VERSION)]
pub struct Cli {
    /// What to do; nothing means serve.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Poll GitHub and serve /metrics (the default)
    Serve,
    /// Try every credential and source once: what works, what does not, what to change
    ///
    /// GitHub is asked for a little of everything that the configuration names, nothing is served, and nothing is kept.
    /// Ends with 0, with 1 if anything is refused, with 64 if the configuration is not usable.
    Check(check::Options),
    /// Show it: a simulated GitHub on this machine and the exporter against it; no token, no network
    Demo(Demo),
    /// Run only the simulated GitHub, for other clients and for tests
    Simulate(simulator::Options),
    /// Write past days for a Prometheus that starts today: as files for promtool, or by remote write
    Backfill(Box<backfill::Options>),
}

/// The simulator's switches; the exporter in a demo takes its EXPORTER_ variables from the environment.
#[derive(Debug, clap::Args)]
pub struct Demo {
    /// The simulated company.
    #[command(flatten)]
    pub simulator: simulator::Options,
}
