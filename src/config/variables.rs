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
    /// What it is for, as in the documentation.
    pub about: &'static str,
}

macro_rules! variables {
    ($(#[doc = $about:literal] $name:ident = $default:literal, $rule:literal, $example:literal;)*) => {
        $(
            #[doc = $about]
            pub const $name: &Variable = &Variable {
                name: stringify!($name),
                default: $default,
                rule: $rule,
                example: $example,
                about: $about.trim_ascii(),
            };
        )*

        /// All of them, in the order of the documentation.
        pub const ALL: &[&Variable] = &[$($name),*];
    };
}

variables! {
    /// The token that GitHub is asked with.
    GITHUB_TOKEN = "", "must be one token of visible ASCII characters", "ghp_…";
    /// A file that holds the token instead. It is read for every request, so a rotated token is used at once.
    GITHUB_TOKEN_FILE = "", "must be a path, not the token; {owner} in it stands for the organisation or enterprise", "/run/secrets/github-token";
    /// The GitHub App to ask as, where it is installed: its number, or its client id. With a token as well, that is for the rest.
    GITHUB_APP_ID = "", "must be the number or the client id of an App, of letters, digits and dots", "123456";
    /// A file that holds a private key of the App, in PEM as GitHub hands it out. It is read whenever a token is made.
    GITHUB_APP_PRIVATE_KEY_FILE = "", "must be a path, not the key", "/run/secrets/github-app.pem";
    /// Organisations to watch, in any spelling. Unset, with an App: those where it is installed.
    GITHUB_ORGS = "", "must be logins of letters, digits, - and _, separated by commas", "octo-org,octo-labs";
    /// Enterprise to watch: the whole of its organisations, nobody counted twice.
    GITHUB_ENTERPRISE = "", "must be one slug of letters, digits, - and _", "octo-group";
    /// Teams to watch. Of the patterns that match a team the last decides; a list that only leaves out begins with `*`.
    GITHUB_TEAMS = "*", "must be patterns of team or org/team with * and ?, separated by commas, ! before those to leave out; or none", "platform-*,!octo-org/platform-old";
    /// Which of GitHub's interfaces to ask: the live `reports`, or `usage`, which GitHub itself has closed. `auto` asks each owner once: `usage` only where there are no reports and it answers.
    GITHUB_COPILOT_API = "auto", "must be auto, usage or reports", "reports";
    /// Where the API is; `https://api.SUBDOMAIN.ghe.com` for data residency.
    GITHUB_API_URL = "https://api.github.com", "must be an https address without user, query or fragment (http only to this machine)", "https://api.octo.ghe.com";
    /// Hosts that report links may point to. With an API on this machine, this machine too.
    GITHUB_DOWNLOAD_HOSTS = "copilot-reports.github.com,copilot-reports.*.ghe.com,copilot-reports-*.b01.azurefd.net", "must be host names, separated by commas; * stands for a part of a name", "copilot-reports.github.com";
    /// Requests in flight per credential. GitHub asks for one.
    GITHUB_CONCURRENCY = "1", "must be a whole number from 1 to 100", "1";
    /// The longest wait for one complete answer.
    GITHUB_TIMEOUT = "30s", "must be a duration of at least 1s", "30s";
    /// What to ask for. Leave out what the token may not read; by reports, `teams` needs the report about people as well.
    EXPORTER_SOURCES = "activity,teams,seats,billing", "must be words out of activity, teams, seats and billing, separated by commas", "activity,teams";
    /// Where to serve; without IPv6 the default falls back to `0.0.0.0`.
    EXPORTER_LISTEN_ADDRESS = "[::]:10220", "must be an IP address and a port", "127.0.0.1:10220";
    /// TLS, client certificates and passwords, in the format of Prometheus's exporters; see `docs/web.md`. Changes take effect without a restart.
    EXPORTER_WEB_CONFIG_FILE = "", "must be a path to a file in YAML", "/etc/github-copilot-exporter/web.yml";
    /// How often to ask. After a failure the next try comes sooner, by back-off.
    EXPORTER_REFRESH_INTERVAL = "1h", "must be a duration of at least 1s", "1h";
    /// Days that have series with a `day` label.
    EXPORTER_HISTORY_DAYS = "28", "must be a whole number from 0 to 28", "28";
    /// The latest-day series describe the newest day that ended at least so many days ago; 0: the newest there is. By reports so many more days are read, for the monthly users of teams.
    EXPORTER_SETTLE_DAYS = "0", "must be a whole number from 0 to 27", "2";
    /// How much is shown of each team: its totals; by language, editor and day as well (`core`); everything (`all`).
    EXPORTER_TEAM_DETAIL = "core", "must be totals, core or all", "core";
    /// Languages, editors, features, models, and agents, per owner or team, and each kind of name on the bill; the rest is folded into `others`.
    EXPORTER_MAX_LABEL_VALUES = "50", "must be a whole number from 1 to 100000", "50";
    /// Data series in all. Above it detail is left out: days of teams, then rows of teams, then detail of owners. Totals always stay.
    EXPORTER_MAX_SERIES = "300000", "must be a whole number from 1 to 100000000", "300000";
    /// A directory, made if it is not there, of this exporter alone, in which the last good figures are kept across restarts: `state.json.gz`, with nothing personal and no secret in it. That it cannot be read or written is told in the log, from the start on, and on the overview page; it never keeps the exporter from starting or serving.
    EXPORTER_STATE_DIR = "", "must be a path", "/var/lib/github-copilot-exporter";
    /// How much is logged.
    EXPORTER_LOG_LEVEL = "info", "must be error, warn, info, debug or trace", "info";
    /// How it is logged.
    EXPORTER_LOG_FORMAT = "logfmt", "must be logfmt or json", "logfmt";
}

/// The variables by which the client for GitHub finds a proxy, as other programs do.
pub const PROXIES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
