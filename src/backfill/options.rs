//! The switches of `backfill`.

use std::{path::PathBuf, str::FromStr, time::Duration};

use chrono::{DateTime, NaiveDate, Utc};
use clap::{ArgGroup, Args};
use url::Url;

/// Which days, as which series, to where. Whom to ask and as whom, the environment says, as for `serve`.
#[derive(Args, Clone, Debug)]
#[command(group = ArgGroup::new("where").required(true).args(["output", "remote_write"]))]
pub struct Options {
    /// The first day, for example 2026-11-01
    #[arg(long, value_name = "DAY", value_parser = day)]
    pub from: NaiveDate,

    /// The last day [default: the newest that had been published by --until]
    #[arg(long, value_name = "DAY", value_parser = day)]
    pub to: Option<NaiveDate>,

    /// Where the history ends, for example 2026-11-01T12:00:00Z (RFC 3339): give the first live scrape, so that the two
    /// meet [default: now]
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    pub until: Option<DateTime<Utc>>,

    /// Only these of the organisations and enterprises that are configured; repeatable
    #[arg(long = "owner", value_name = "NAME")]
    pub owners: Vec<String>,

    /// How long after its end a day was published, as GitHub does not say [default: 54h by reports, 12h by the usage API]
    #[arg(long, value_name = "DURATION", value_parser = lag)]
    pub lag: Option<Duration>,

    /// How often the figures of a day are repeated while it is the newest
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = step)]
    pub step: Duration,

    /// Write the rows by language and editor too, once a day
    #[arg(long)]
    pub breakdown: bool,

    /// A label that the live series get from Prometheus, for example job=copilot and instance=copilot:10220;
    /// without them history and live series are different ones; repeatable
    #[arg(long = "label", value_name = "NAME=VALUE")]
    pub labels: Vec<Label>,

    /// Write one OpenMetrics file a month into this directory, for promtool
    #[arg(long, value_name = "DIR")]
    pub output: Option<PathBuf>,

    /// Send it to this address by remote write instead
    #[arg(long, value_name = "URL")]
    pub remote_write: Option<Url>,

    /// How to send it.
    #[command(flatten)]
    pub receiver: ReceiverOptions,
}

/// How to speak to a receiver of remote write.
#[derive(Args, Clone, Debug, Default)]
#[group(skip)]
#[command(next_help_heading = "Remote write")]
pub struct ReceiverOptions {
    /// Send no sample older than this: the receiver's out_of_order_time_window, which refuses a whole request for one
    /// sample that is too old
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration, requires = "remote_write", conflicts_with = "output")]
    pub out_of_order_window: Option<Duration>,

    /// A file with the bearer token
    #[arg(long, value_name = "FILE", requires = "remote_write", conflicts_with_all = ["output", "basic_auth_user"])]
    pub bearer_token_file: Option<PathBuf>,

    /// The user for basic authentication
    #[arg(long, value_name = "NAME", requires_all = ["remote_write", "basic_auth_password_file"], conflicts_with = "output")]
    pub basic_auth_user: Option<String>,

    /// A file with the password of that user
    #[arg(long, value_name = "FILE", requires = "basic_auth_user")]
    pub basic_auth_password_file: Option<PathBuf>,

    /// The tenant, as X-Scope-OrgID (Mimir); for Thanos use --header THANOS-TENANT=…
    #[arg(long, value_name = "NAME", requires = "remote_write", conflicts_with = "output")]
    pub tenant: Option<String>,

    /// A further header; repeatable
    #[arg(long = "header", value_name = "NAME=VALUE", requires = "remote_write", conflicts_with = "output")]
    pub headers: Vec<Header>,

    /// A file with the certificates (PEM) that the receiver's is checked with, instead of the machine's
    #[arg(long, value_name = "FILE", requires = "remote_write", conflicts_with = "output")]
    pub ca_file: Option<PathBuf>,

    /// A file with a client certificate (PEM)
    #[arg(long, value_name = "FILE", requires_all = ["remote_write", "key_file"], conflicts_with = "output")]
    pub cert_file: Option<PathBuf>,

    /// A file with its key (PEM)
    #[arg(long, value_name = "FILE", requires = "cert_file")]
    pub key_file: Option<PathBuf>,
}

/// A label of every series.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Label {
    /// Letters, digits and underscores, no digit first; not `__name__` or another that begins with two underscores.
    pub name: String,
    /// Anything but nothing.
    pub value: String,
}

/// A header of every request. What it holds may be a secret.
#[derive(Clone)]
pub struct Header {
    /// As it is sent.
    pub name: String,
    /// As it is sent.
    pub value: String,
}

impl std::fmt::Debug for Header {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}=…", self.name)
    }
}

impl FromStr for Label {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text.split_once('=').ok_or("a label is written NAME=VALUE")?;
        let word = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !word
            || name.is_empty()
            || name.starts_with(|c: char| c.is_ascii_digit())
            || name.starts_with("__")
        {
            return Err("its name must be letters, digits and _, with no digit and no __ in front".into());
        }
        if value.is_empty() {
            return Err("a label without a value is none".into());
        }
        Ok(Self { name: name.into(), value: value.into() })
    }
}

impl FromStr for Header {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text.split_once('=').ok_or("a header is written NAME=VALUE")?;
        Ok(Self { name: name.into(), value: value.into() })
    }
}

fn day(text: &str) -> Result<NaiveDate, &'static str> {
    text.parse().map_err(|_| "a day is written 2026-11-01")
}

fn instant(text: &str) -> Result<DateTime<Utc>, &'static str> {
    text.parse().map_err(|_| "an instant is written 2026-11-01T12:00:00Z")
}

/// Ten years are longer than anybody waits, and short enough to calculate with.
fn lag(text: &str) -> Result<Duration, String> {
    let lag = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    let sound = lag.subsec_nanos() == 0 && lag <= Duration::from_secs(10 * 365 * 86_400);
    if sound { Ok(lag) } else { Err("must be whole seconds, ten years at most".into()) }
}

/// A day begins anew with each publication, so that steps have to divide it.
fn step(text: &str) -> Result<Duration, String> {
    let step = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    let divides = step.subsec_nanos() == 0 && step.as_secs() > 0 && 86_400 % step.as_secs() == 0;
    if divides { Ok(step) } else { Err("must divide a day evenly, for example 15m, 1h or 24h".into()) }
}
