//! The commands.

use std::ffi::OsString;

use clap::{Parser, Subcommand};

use crate::{backfill, check, completions::Shell, exit::Exit, simulator};

/// Version, commit and compiler, as in the `build_info` series.
const VERSION: &str =
    concat!(env!("CARGO_PKG_VERSION"), " (", env!("BUILD_REVISION"), ", rustc ", env!("BUILD_RUSTC"), ")");

// As short as they are: `--help` breaks longer lines, and what is copied would break with them.
const EXAMPLES: &str = "Examples:
  github-copilot-exporter demo
  GITHUB_TOKEN_FILE=token GITHUB_ORGS=octo-org github-copilot-exporter check
  GITHUB_TOKEN_FILE=token GITHUB_ORGS=octo-org github-copilot-exporter";

const SERVE: &str = "Examples:
  GITHUB_TOKEN_FILE=token GITHUB_ORGS=octo,labs github-copilot-exporter serve
  GITHUB_APP_ID=4242 GITHUB_APP_PRIVATE_KEY_FILE=key.pem github-copilot-exporter";

const CHECK: &str = "Examples:
  GITHUB_TOKEN_FILE=token GITHUB_ENTERPRISE=octo github-copilot-exporter check
  github-copilot-exporter check --json | jq '.sources[].verdict'";

const DEMO: &str = "Examples:
  github-copilot-exporter demo --day-every 10s
  EXPORTER_LISTEN_ADDRESS=[::1]:9000 github-copilot-exporter demo --users 3000";

const SIMULATE: &str = "Examples:
  github-copilot-exporter simulate --listen 127.0.0.1:8080 --json
  github-copilot-exporter simulate --fault 'path=/orgs/*,every=3,status=502'";

const BACKFILL: &str = "Examples:
  github-copilot-exporter backfill --from 2025-12-01 --output history
  github-copilot-exporter backfill --from 2026-11-01 --remote-write http://vm:8428/api/v1/write";

const COMPLETIONS: &str = "Examples:
  github-copilot-exporter completions bash > /etc/bash_completion.d/github-copilot-exporter
  github-copilot-exporter completions zsh > ~/.zfunc/_github-copilot-exporter
  github-copilot-exporter completions fish > ~/.config/fish/completions/github-copilot-exporter.fish";

/// Serves the usage of GitHub Copilot as Prometheus metrics.
///
/// Set GITHUB_TOKEN and GITHUB_ORGS (or GITHUB_ENTERPRISE) and start it without a command. To see it without a token,
/// use demo; to see whether a token will do, use check. docs/configuration.md explains every variable.
#[derive(Debug, Parser)]
#[command(name = "github-copilot-exporter", version = VERSION)]
#[command(after_help = format!("{EXAMPLES}\n\n{}", Exit::table()))]
pub struct Cli {
    /// What to do; nothing means serve.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// The command line, with `help` for `help --help`, which clap does not know.
pub fn arguments(given: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut given: Vec<_> = given.collect();
    if let [_, command, switch] = &*given
        && command == "help"
        && (switch == "--help" || switch == "-h")
    {
        given.pop();
    }
    given
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Poll GitHub and serve /metrics (the default)
    #[command(after_help = SERVE)]
    Serve,
    /// Try every credential and source once: what works, what does not, what to change
    ///
    /// GitHub is asked for a little of everything that the configuration names, nothing is served, and nothing is kept.
    /// Ends with 0, with 1 if anything is refused, with 64 if the configuration is not usable.
    #[command(after_help = CHECK)]
    Check(check::Options),
    /// Show it: a simulated GitHub on this machine and the exporter against it; no token, no network
    ///
    /// The EXPORTER_ variables of the environment count, but for EXPORTER_STATE_DIR: nothing is kept. The GITHUB_ ones do
    /// not count.
    #[command(after_help = DEMO)]
    Demo(Demo),
    /// Run only the simulated GitHub, for other clients and for tests
    #[command(after_help = SIMULATE)]
    Simulate(simulator::Options),
    /// Write past days for a Prometheus that starts today: as files for promtool, or by remote write
    #[command(after_help = BACKFILL)]
    Backfill(Box<backfill::Options>),
    /// Print what makes a shell complete all of this
    #[command(after_help = COMPLETIONS)]
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// The simulator's switches; the exporter in a demo takes its other settings from the environment.
#[derive(Debug, clap::Args)]
pub struct Demo {
    /// The simulated company.
    #[command(flatten)]
    pub simulator: simulator::Options,
}
