//! The switches of the simulator.

use std::net::SocketAddr;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use clap::builder::RangedU64ValueParser;
use clap::{ArgMatches, Args, Command, FromArgMatches, ValueEnum};

use super::access::Token;
use super::app::{App, Install};
use super::faults::Fault;
use super::world::Plan;

/// Which company to simulate, at what time, for whom, with which faults. The default is what the command
/// line gives without switches.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Where to listen, on this machine only; port 0 takes a free one
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,

    /// Where to serve report files, on this machine only [default: a free port beside --listen]
    #[arg(long, value_name = "ADDR:PORT")]
    pub listen_downloads: Option<SocketAddr>,

    /// Print one line of JSON that says where everything is, before serving
    #[arg(long)]
    pub json: bool,

    /// Organisations
    #[arg(long, value_name = "N", default_value = "2", value_parser = RangedU64ValueParser::<usize>::new().range(1..=1_000))]
    pub orgs: usize,

    /// Teams of all organisations together
    #[arg(long, value_name = "N", default_value = "12", value_parser = RangedU64ValueParser::<usize>::new().range(0..=100_000))]
    pub teams: usize,

    /// People in the whole company
    #[arg(long, value_name = "N", default_value = "180", value_parser = RangedU64ValueParser::<usize>::new().range(0..=1_000_000))]
    pub users: usize,

    /// What everything left to chance depends on
    #[arg(long, value_name = "N", default_value = "1")]
    pub seed: u64,

    /// The simulated time at the start, for example 2026-11-01T12:00:00Z (RFC 3339) [default: the real time]
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    pub now: Option<DateTime<Utc>>,

    /// Let one more day pass every so often, for example 10s
    #[arg(long, value_name = "DURATION", value_parser = pace)]
    pub day_every: Option<Duration>,

    /// Which of the two APIs about usage answers; the other one is not found, as on a GitHub that has
    /// closed it. Teams, seats and bills are always there
    #[arg(long, value_name = "API", default_value = "both")]
    pub api: Api,

    /// Files per report, where a report has many rows
    #[arg(long, value_name = "N", default_value = "2", value_parser = RangedU64ValueParser::<usize>::new().range(1..=10_000))]
    pub shards: usize,

    /// How long after its end a day is reported
    #[arg(long, value_name = "DURATION", default_value = "48h", value_parser = humantime::parse_duration)]
    pub publish_after: Duration,

    /// Let some telemetry come up to three days after the first report of a day
    #[arg(long)]
    pub late: bool,

    /// Let the 28-day reports end so many days before the newest day that the one-day reports know
    #[arg(long, value_name = "DAYS", default_value = "0", value_parser = RangedU64ValueParser::<u64>::new().range(0..=365))]
    pub latest_lag: u64,

    /// Report nothing of Saturdays and Sundays: the 28-day reports leave them out, the one-day reports have
    /// no content, and weekly and monthly users are those of working days
    #[arg(long = "weekends-off")]
    pub quiet_weekends: bool,

    /// A bearer token and what it is good for; repeatable; ORG:member is a mere member
    /// [default: octocat-demo-token=manage_billing:copilot+read:org+read:enterprise]
    #[arg(long = "token", value_name = "NAME=SCOPE+SCOPE[@ORG+ORG]")]
    pub tokens: Vec<Token>,

    /// A GitHub App: its number and the PEM file of its private key, which is made if there is none
    #[arg(long, value_name = "ID=FILE")]
    pub app: Option<App>,

    /// Where the App is installed: an organisation or the enterprise; repeatable; :suspended at the end
    /// suspends it [default: everywhere, with all permissions an exporter needs]
    #[arg(long, value_name = "OWNER[=PERMISSION:ACCESS+…]")]
    pub install: Vec<Install>,

    /// Requests each token has per hour; so too each installation of the App, and the App itself
    #[arg(long, value_name = "N", default_value = "5000")]
    pub rate_limit: u64,

    /// A fault, for example path=/orgs/*,every=3,status=502; repeatable; a path with a question mark is
    /// about the query as well, for example path=*/seats?*&page=2,hang; other kinds: delay=DURATION,
    /// hang, cut, reset, empty, html; for reports not-ready=204|empty|string|404|502 and policy-off, for
    /// their files expired
    #[arg(long = "fault", value_name = "SPEC")]
    pub faults: Vec<Fault>,
}

/// Which of GitHub's two APIs about Copilot answers.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    /// Both, which GitHub never had at the same time.
    Both,
    /// Usage by day, inline.
    Usage,
    /// Reports as files.
    Reports,
}

impl Options {
    /// The plan of a company that starts on `start`.
    pub(super) fn plan(&self, start: NaiveDate) -> Plan {
        Plan { orgs: self.orgs, teams: self.teams, users: self.users, seed: self.seed, start }
    }

    /// The tokens given, or the one there is without any.
    pub(super) fn tokens(&self) -> Vec<Token> {
        if self.tokens.is_empty() { vec![Token::default()] } else { self.tokens.clone() }
    }
}

impl Default for Options {
    fn default() -> Self {
        // Asking clap keeps the defaults in one place.
        let parsed: Result<ArgMatches, _> =
            Self::augment_args(Command::new("simulate").no_binary_name(true)).try_get_matches_from([""; 0]);
        parsed.and_then(|matches| Self::from_arg_matches(&matches)).expect("every switch has a default")
    }
}

fn instant(text: &str) -> Result<DateTime<Utc>, &'static str> {
    text.parse().map_err(|_| "an instant is written 2026-11-01T12:00:00Z")
}

/// A duration above zero.
fn pace(text: &str) -> Result<Duration, String> {
    let duration = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if duration.is_zero() { Err("a day cannot pass every 0s".into()) } else { Ok(duration) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(switches: &[&str]) -> Result<Options, String> {
        let command = Options::augment_args(Command::new("simulate").no_binary_name(true));
        let matches = command.try_get_matches_from(switches).map_err(|error| error.to_string())?;
        Options::from_arg_matches(&matches).map_err(|error| error.to_string())
    }

    #[test]
    fn the_defaults_are_those_of_the_command_line() {
        let defaults = Options::default();
        assert_eq!(parsed(&[]).unwrap(), defaults);
        assert_eq!((defaults.orgs, defaults.teams, defaults.users, defaults.seed), (2, 12, 180, 1));
        assert_eq!((defaults.rate_limit, defaults.listen.to_string()), (5000, "127.0.0.1:0".into()));
        assert_eq!(defaults.tokens()[0].name(), "octocat-demo-token");
        assert_eq!((defaults.api, defaults.shards, defaults.late), (Api::Both, 2, false));
        assert_eq!(defaults.publish_after, Duration::from_secs(48 * 3600));
        assert_eq!((defaults.latest_lag, defaults.quiet_weekends), (0, false));
    }

    #[test]
    fn switches_are_read() {
        let options = parsed(&[
            "--json",
            "--orgs=5",
            "--now=2026-11-20T12:00:00+01:00",
            "--day-every=10s",
            "--api=usage",
            "--publish-after=2days",
            "--late",
            "--latest-lag=3",
            "--weekends-off",
            "--token=a=read:org",
            "--token=b=",
            "--app=7=/tmp/app.pem",
            "--install=octo-labs=members:read",
            "--install=octo-group:suspended",
            "--fault=hang,first=1",
            "--fault=path=/orgs/*,status=502",
        ])
        .unwrap();
        assert!(options.json && options.late && options.quiet_weekends);
        assert_eq!(options.latest_lag, 3);
        assert_eq!((options.api, options.publish_after), (Api::Usage, Duration::from_secs(2 * 86_400)));
        assert_eq!(options.orgs, 5);
        assert_eq!(options.now, Some("2026-11-20T11:00:00Z".parse().unwrap()));
        assert_eq!(options.day_every, Some(Duration::from_secs(10)));
        assert_eq!(options.tokens.iter().map(Token::name).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(options.app, Some(App { id: 7, key_file: "/tmp/app.pem".into() }));
        assert_eq!((options.install.len(), options.faults.len()), (2, 2));
    }

    #[test]
    fn switches_that_make_no_sense_are_refused_with_the_reason() {
        for (switch, reason) in [
            ("--orgs=0", "0 is not in 1..=1000"),
            ("--shards=0", "0 is not in 1..=10000"),
            ("--latest-lag=366", "366 is not in 0..=365"),
            ("--api=metrics", "[possible values: both, usage, reports]"),
            ("--day-every=0s", "a day cannot pass every 0s"),
            ("--token=a", "a token is written NAME=scope+scope"),
            ("--app=7", "an App is written ID=FILE"),
            ("--install=a=b", "`b` is no permission"),
            ("--fault=slow", "`slow` is unknown"),
            ("--now=today", "invalid value 'today'"),
            ("--now=2026-11-20", "an instant is written 2026-11-01T12:00:00Z"),
        ] {
            let error = parsed(&[switch]).unwrap_err();
            assert!(error.contains(reason), "{switch}: {error}");
        }
    }
}
