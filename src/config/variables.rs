//! The environment variables, each written once: name, default, rule, example.

/// One variable.
#[derive(Debug)]
pub struct Variable {
    /// The full name.
    pub name: &'static str,
    /// What an unset or empty variable stands for; empty if for nothing.
    pub default: &'static str,
    /// What the value must be.
    pub rule: &'static str,
    /// A value that is right.
    pub example: &'static str,
}

macro_rules! variables {
    ($($(#[$doc:meta])* $name:ident = $default:literal, $rule:literal, $example:literal;)*) => {
        $(
            $(#[$doc])*
            pub const $name: &Variable =
                &Variable { name: stringify!($name), default: $default, rule: $rule, example: $example };
        )*

        /// All of them, in the order of the documentation.
        pub const ALL: &[&Variable] = &[$($name),*];
    };
}

variables! {
    /// With what GitHub is asked.
    GITHUB_TOKEN = "", "must be one token of visible ASCII characters", "ghp_…";
    /// A file that holds the token.
    GITHUB_TOKEN_FILE = "", "must be a path; {owner} in it stands for the organisation or enterprise", "/run/secrets/github-token";
    /// Organisations to watch.
    GITHUB_ORGS = "", "must be logins of letters, digits, - and _, separated by commas", "octo-org,octo-labs";
    /// Enterprise to watch.
    GITHUB_ENTERPRISE = "", "must be one slug of letters, digits, - and _", "octo-group";
    /// Which teams to watch.
    GITHUB_TEAMS = "*", "must be patterns of team or org/team with * and ?, separated by commas, ! before those to leave out; or none", "platform-*,!octo-org/platform-old";
    /// Which of GitHub's interfaces to ask.
    GITHUB_COPILOT_API = "auto", "must be auto or usage (reports is not built in this version)", "usage";
    /// Where the API is.
    GITHUB_API_URL = "https://api.github.com", "must be an https address without user, query or fragment (http only to this machine)", "https://api.octo.ghe.com";
    /// Requests in flight per credential.
    GITHUB_CONCURRENCY = "1", "must be a whole number from 1 to 100", "1";
    /// The longest wait for one complete answer.
    GITHUB_TIMEOUT = "30s", "must be a duration of at least 1s", "30s";
    /// What to ask for.
    EXPORTER_SOURCES = "activity,teams,seats,billing", "must be words out of activity, teams, seats and billing, separated by commas", "activity,teams";
    /// Where to serve.
    EXPORTER_LISTEN_ADDRESS = "[::]:10220", "must be an IP address and a port", "127.0.0.1:10220";
    /// How often to ask.
    EXPORTER_REFRESH_INTERVAL = "1h", "must be a duration of at least 1s", "1h";
    /// Days of the series with a `day` label.
    EXPORTER_HISTORY_DAYS = "28", "must be a whole number from 0 to 28", "28";
    /// How long ago the latest day must have ended.
    EXPORTER_SETTLE_DAYS = "0", "must be a whole number from 0 to 27", "2";
    /// How much is shown of each team.
    EXPORTER_TEAM_DETAIL = "core", "must be totals, core or all", "core";
    /// Names per scope and open label.
    EXPORTER_MAX_LABEL_VALUES = "50", "must be a whole number from 1 to 100000", "50";
    /// Data series in all.
    EXPORTER_MAX_SERIES = "300000", "must be a whole number from 1 to 100000000", "300000";
    /// How much is logged.
    EXPORTER_LOG_LEVEL = "info", "must be error, warn, info, debug or trace", "info";
    /// How it is logged.
    EXPORTER_LOG_FORMAT = "logfmt", "must be logfmt or json", "logfmt";
}

/// Variables of the design that this version does not build: better refused than ignored.
pub const NOT_BUILT: [&str; 5] = [
    "GITHUB_APP_ID",
    "GITHUB_APP_PRIVATE_KEY_FILE",
    "GITHUB_DOWNLOAD_HOSTS",
    "EXPORTER_STATE_DIR",
    "EXPORTER_WEB_CONFIG_FILE",
];
