//! The configuration: the environment read once, checked as a whole. The only home of `envy` and of the environment.
//!
//! Every mistake is reported, one [`Problem`] each: the variable, its rule, an example. A value is never repeated in
//! a message, for a token may stand in any variable.

mod teams;
pub mod variables;

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
    fmt,
    net::SocketAddr,
    path::PathBuf,
    str::FromStr,
    time::Duration,
};

use secrecy::SecretString;
use url::{Host, Url};

pub use teams::TeamPatterns;
use variables::{self as var, Variable};

use crate::{
    github::{
        Credential,
        app::AppKey,
        client::{Settings, is_loopback},
        credential::{SecretFile, TokenFile, is_token},
        download::Hosts,
    },
    metrics::TeamDetail,
    model::ViewOptions,
    owner::Owner,
    source::{Api, Source},
};

/// Everything that can be set.
#[derive(Clone, Debug)]
pub struct Config {
    /// Whom to ask, and as whom.
    pub github: Settings,
    /// The owners to watch: organisations in the order given, then the enterprise.
    pub owners: Vec<Owner>,
    /// Who is watched beside them because the App is installed there.
    pub installed: Installed,
    /// Which interface to ask.
    pub api: Option<Api>,
    /// Their teams to watch.
    pub teams: TeamPatterns,
    /// What to ask for.
    pub sources: BTreeSet<Source>,
    /// Where to serve.
    pub listen: SocketAddr,
    /// Who may connect and how: TLS and passwords.
    pub web_config_file: Option<PathBuf>,
    /// How often to ask.
    pub refresh_interval: Duration,
    /// How the data is shown.
    pub view: ViewOptions,
    /// How much is shown of each team.
    pub team_detail: TeamDetail,
    /// Data series in all.
    pub max_series: usize,
    /// Where the last good figures are kept across restarts, if they are.
    pub state_dir: Option<PathBuf>,
    /// How much is logged, and how.
    pub log: Log,
    /// Variables that look like ours and are not, for the log.
    pub strangers: Vec<String>,
}

/// Which installations of the App are watched without being named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Installed {
    /// None: the owners are named, or there is no App.
    None,
    /// All organisations.
    Orgs,
}

impl Installed {
    /// Whether an owner is watched because the App is installed there.
    pub const fn includes(self, owner: &Owner) -> bool {
        matches!((self, owner), (Self::Orgs, Owner::Org(_)))
    }
}

/// How to log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Log {
    /// The least severe level that is written.
    pub level: tracing::Level,
    /// One JSON object a line, instead of logfmt.
    pub json: bool,
}

/// One variable that is not usable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The full name.
    pub variable: String,
    /// The rule that it breaks.
    pub rule: String,
    /// A value that would be right, if there is one.
    pub example: Option<&'static str>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.variable, self.rule)?;
        match self.example {
            Some(example) => write!(f, "; for example {}={example}", self.variable),
            None => Ok(()),
        }
    }
}

impl Config {
    /// Everybody who is to be watched: who is named and, of those that the App is `installed` on, who is watched for that.
    pub fn watched<'a>(&self, installed: impl IntoIterator<Item = &'a Owner>) -> Vec<Owner> {
        let mut owners = self.owners.clone();
        let is_other = |owner: &&Owner| self.installed.includes(owner) && !self.owners.contains(owner);
        owners.extend(installed.into_iter().filter(is_other).cloned());
        owners
    }

    /// Reads the configuration of this process.
    ///
    /// # Errors
    /// All problems at once.
    pub fn from_process() -> Result<Self, Vec<Problem>> {
        Self::from_environment(std::env::vars_os())
    }

    /// Reads the configuration of this process, but with `given` instead of what it says of these variables and of all
    /// `GITHUB_…` ones, and with `fallbacks` for what it does not set.
    ///
    /// # Errors
    /// All problems at once.
    pub fn from_process_for(
        given: &[(&Variable, String)],
        fallbacks: &[(&Variable, String)],
    ) -> Result<Self, Vec<Problem>> {
        let pair = |(variable, value): &(&Variable, String)| (variable.name.into(), value.into());
        let is_given = |name: &OsString| {
            name.to_string_lossy().starts_with("GITHUB_")
                || given.iter().any(|(variable, _)| name == variable.name)
        };
        let inherited = std::env::vars_os().filter(|(name, value)| !is_given(name) && !value.is_empty());
        // Of a name that comes twice the last value counts.
        Self::from_environment(fallbacks.iter().map(pair).chain(inherited).chain(given.iter().map(pair)))
    }

    /// Reads the configuration from variables. Others than ours are passed over, whatever they hold.
    ///
    /// # Errors
    /// All problems at once.
    pub fn from_environment(
        variables: impl Iterator<Item = (OsString, OsString)>,
    ) -> Result<Self, Vec<Problem>> {
        let mut reader = Reader::new(variables);
        let config = reader.config();
        match config {
            Some(config) if reader.problems.is_empty() => Ok(config),
            _ => Err(reader.problems),
        }
    }
}

/// The values as text, and the problems found so far.
struct Reader {
    values: BTreeMap<String, String>,
    strangers: Vec<String>,
    problems: Vec<Problem>,
}

impl Reader {
    fn new(variables: impl Iterator<Item = (OsString, OsString)>) -> Self {
        let mut reader = Self { values: BTreeMap::new(), strangers: Vec::new(), problems: Vec::new() };
        let mut ours = Vec::new();
        for (name, value) in variables {
            let Some(name) = name.to_str() else { continue };
            if let Some(value) = reader.admit(name, value) {
                ours.push((name.to_owned(), value));
            }
        }
        // envy wants UTF-8 throughout and reports only the first mistake, so it gets clean text and gives text; what
        // the text must be is checked below.
        reader.values = envy::from_iter(ours).expect("text into text cannot fail");
        reader
    }

    /// The trimmed value of a variable of ours; nothing if it is none, unset or unreadable.
    fn admit(&mut self, name: &str, value: OsString) -> Option<String> {
        if var::PROXIES.contains(&name)
            && !value.to_str().is_some_and(|text| text.is_empty() || is_proxy(text))
        {
            self.refuse(
                name,
                "must be an http or https address of a proxy",
                Some("http://proxy.example:3128"),
            );
        }
        let Some(variable) = var::ALL.iter().find(|variable| variable.name == name) else {
            let is_ours = ["EXPORTER_", "GITHUB_APP_"].iter().any(|begin| name.starts_with(begin));
            if (is_ours && !is_kubernetes(name)) || is_other_number(name) {
                self.strangers.push(name.to_owned());
            }
            return None;
        };
        let Ok(value) = value.into_string() else {
            self.refuse(name, "must be UTF-8 text", Some(variable.example));
            return None;
        };
        let value = value.trim();
        (!value.is_empty()).then(|| value.to_owned())
    }

    fn config(&mut self) -> Option<Config> {
        let github = self.github();
        let (owners, installed) = self.owners().unzip();
        let teams = self.read(var::GITHUB_TEAMS, |text| TeamPatterns::parse(&list(text)));
        let api = self.read(var::GITHUB_COPILOT_API, |text| match text {
            "auto" => Some(None),
            "usage" => Some(Some(Api::Usage)),
            "reports" => Some(Some(Api::Reports)),
            _ => None,
        });
        let sources = self.read(var::EXPORTER_SOURCES, sources);
        let listen = self.read(var::EXPORTER_LISTEN_ADDRESS, listen_address);
        let web_config_file = self.read(var::EXPORTER_WEB_CONFIG_FILE, path);
        let refresh_interval = self.duration(var::EXPORTER_REFRESH_INTERVAL);
        let view = self.view();
        let team_detail = self.read(var::EXPORTER_TEAM_DETAIL, team_detail);
        let max_series = self.number(var::EXPORTER_MAX_SERIES, 1, 100_000_000);
        let state_dir = self.read(var::EXPORTER_STATE_DIR, path);
        let log = self.log();
        Some(Config {
            github: github?,
            api: api?,
            owners: owners?,
            installed: installed?,
            teams: teams?,
            sources: sources?,
            listen: listen?,
            web_config_file: web_config_file?,
            refresh_interval: refresh_interval?,
            view: view?,
            team_detail: team_detail?,
            max_series: max_series?,
            state_dir: state_dir?,
            log: log?,
            strangers: std::mem::take(&mut self.strangers),
        })
    }

    fn github(&mut self) -> Option<Settings> {
        let app = self.app();
        let credential = self.credential();
        let api = self.read(var::GITHUB_API_URL, api_url);
        let concurrency = self.number(var::GITHUB_CONCURRENCY, 1, 100);
        let timeout = self.duration(var::GITHUB_TIMEOUT);
        let base = api.clone().or_else(|| Url::parse(var::GITHUB_API_URL.default).ok())?;
        let download_hosts = self.read(var::GITHUB_DOWNLOAD_HOSTS, |text| Hosts::parse(&list(text), &base));
        Some(Settings {
            api: api?,
            app: app?,
            credential: credential?,
            concurrency: concurrency?,
            timeout: timeout?,
            download_hosts: download_hosts?,
        })
    }

    fn app(&mut self) -> Option<Option<AppKey>> {
        if !self.has_app() {
            return Some(None);
        }
        let is_id = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.');
        let id = self.half_of_app(var::GITHUB_APP_ID, |text| is_id(text).then(|| text.to_owned()));
        let key = var::GITHUB_APP_PRIVATE_KEY_FILE;
        let key = self.half_of_app(key, |path| path_of_secret(path).map(SecretFile::new));
        Some(Some(AppKey { id: id?, key: key? }))
    }

    fn half_of_app<T>(
        &mut self,
        variable: &'static Variable,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        if !self.given(variable) {
            self.refuse(variable.name, "must be set: an App is its id and its key", Some(variable.example));
            return None;
        }
        self.read(variable, parse)
    }

    /// The token, if there need be one.
    fn credential(&mut self) -> Option<Option<Credential>> {
        let token = |text: &str| is_token(text).then(|| SecretString::from(text));
        match (self.given(var::GITHUB_TOKEN), self.given(var::GITHUB_TOKEN_FILE)) {
            (true, true) => {
                self.refuse(
                    var::GITHUB_TOKEN.name,
                    "and GITHUB_TOKEN_FILE exclude each other: set one",
                    Some(var::GITHUB_TOKEN.example),
                );
                None
            }
            (false, false) if self.has_app() => Some(None),
            (false, false) => {
                self.refuse(
                    var::GITHUB_TOKEN.name,
                    "or GITHUB_TOKEN_FILE or GITHUB_APP_ID must be set: GitHub tells nothing to strangers",
                    Some(var::GITHUB_TOKEN.example),
                );
                None
            }
            (true, false) => self.read(var::GITHUB_TOKEN, token).map(Credential::Token).map(Some),
            (false, true) => {
                let file = |path: &str| Some(Some(Credential::File(TokenFile::new(path_of_secret(path)?))));
                self.read(var::GITHUB_TOKEN_FILE, file)
            }
        }
    }

    /// Whether an App is given, whole or in part: then nothing else is missed.
    fn has_app(&self) -> bool {
        self.given(var::GITHUB_APP_ID) || self.given(var::GITHUB_APP_PRIVATE_KEY_FILE)
    }

    fn owners(&mut self) -> Option<(Vec<Owner>, Installed)> {
        let orgs = if self.given(var::GITHUB_ORGS) {
            self.read(var::GITHUB_ORGS, |text| {
                list(text).into_iter().map(|org| name(org).map(Owner::org)).collect()
            })
        } else {
            Some(Vec::new())
        };
        let enterprise = if self.given(var::GITHUB_ENTERPRISE) {
            self.read(var::GITHUB_ENTERPRISE, |text| name(text).map(Owner::enterprise)).map(Some)
        } else {
            Some(None)
        };
        let mut owners: Vec<Owner> = Vec::new();
        for owner in orgs?.into_iter().chain(enterprise?) {
            if !owners.contains(&owner) {
                owners.push(owner);
            }
        }
        let installed =
            if self.has_app() && !self.given(var::GITHUB_ORGS) { Installed::Orgs } else { Installed::None };
        if owners.is_empty() && installed == Installed::None {
            let rule = "or GITHUB_ENTERPRISE must be set: there is nothing to watch";
            self.refuse(var::GITHUB_ORGS.name, rule, Some(var::GITHUB_ORGS.example));
            return None;
        }
        Some((owners, installed))
    }

    fn view(&mut self) -> Option<ViewOptions> {
        let history_days = self.number(var::EXPORTER_HISTORY_DAYS, 0, 28);
        let settle_days = self.number(var::EXPORTER_SETTLE_DAYS, 0, 27);
        let max_label_values = self.number(var::EXPORTER_MAX_LABEL_VALUES, 1, 100_000);
        Some(ViewOptions {
            history_days: history_days?,
            settle_days: settle_days?,
            max_label_values: max_label_values?,
        })
    }

    fn log(&mut self) -> Option<Log> {
        let level = self.read(var::EXPORTER_LOG_LEVEL, |text| {
            let named = matches!(text, "error" | "warn" | "info" | "debug" | "trace");
            named.then(|| text.parse().ok()).flatten()
        });
        let json = self.read(var::EXPORTER_LOG_FORMAT, |text| match text {
            "logfmt" => Some(false),
            "json" => Some(true),
            _ => None,
        });
        Some(Log { level: level?, json: json? })
    }

    fn given(&self, variable: &Variable) -> bool {
        self.values.contains_key(&key(variable))
    }

    /// The value, or the default, as `parse` understands it.
    fn read<T>(&mut self, variable: &'static Variable, parse: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let text = self.values.get(&key(variable)).map_or(variable.default, String::as_str);
        let value = parse(text);
        if value.is_none() {
            self.refuse(variable.name, variable.rule, Some(variable.example));
        }
        value
    }

    fn number<N: FromStr + PartialOrd>(
        &mut self,
        variable: &'static Variable,
        least: N,
        most: N,
    ) -> Option<N> {
        self.read(variable, |text| text.parse().ok().filter(|number| (least..=most).contains(number)))
    }

    fn duration(&mut self, variable: &'static Variable) -> Option<Duration> {
        let long_enough = |span: &Duration| *span >= Duration::from_secs(1);
        self.read(variable, |text| humantime::parse_duration(text).ok().filter(long_enough))
    }

    fn refuse(&mut self, variable: &str, rule: &str, example: Option<&'static str>) {
        self.problems.push(Problem { variable: variable.to_owned(), rule: rule.to_owned(), example });
    }
}

/// The name under which envy gives a variable.
fn key(variable: &Variable) -> String {
    variable.name.to_lowercase()
}

/// Whether Kubernetes makes such variables for a service of that name, as it would for one called `exporter`.
fn is_kubernetes(name: &str) -> bool {
    name.ends_with("_PORT") || name.contains("_PORT_") || name.contains("_SERVICE_")
}

/// Whether it is the singular of a variable of ours that is a plural, or the other way round. Other names that begin with
/// `GITHUB_` are many: GitHub Actions sets them.
fn is_other_number(name: &str) -> bool {
    let bare = name.trim_end_matches('S');
    var::ALL.iter().any(|variable| variable.name.trim_end_matches('S') == bare)
}

fn list(text: &str) -> Vec<&str> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty()).collect()
}

/// A login or slug: what GitHub allows in one, and nothing that could be another path.
fn name(text: &str) -> Option<&str> {
    let sound = text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    (sound && !text.is_empty()).then_some(text)
}

/// A path to a secret, unless it is the secret itself: what does not work is named in the log, and so is a path.
fn path_of_secret(text: &str) -> Option<&str> {
    let is_secret = text.contains('\n')
        || ["ghp_", "gho_", "ghu_", "ghs_", "github_pat_", "-----BEGIN"]
            .iter()
            .any(|begin| text.starts_with(begin));
    (!is_secret).then_some(text)
}

/// Whether the client understands a proxy; what it does not it would pass over, and ask directly.
fn is_proxy(text: &str) -> bool {
    let text = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    Url::parse(&text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

fn api_url(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let plain = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    let safe = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url));
    let host = url.host().is_some_and(|host| host != Host::Domain(""));
    (plain && safe && host).then_some(url)
}

fn sources(text: &str) -> Option<BTreeSet<Source>> {
    let words = list(text);
    if words.is_empty() { None } else { words.into_iter().map(Source::from_word).collect() }
}

fn listen_address(text: &str) -> Option<SocketAddr> {
    // `:10220`, as other exporters write it, means every address.
    let text = if text.starts_with(':') { format!("[::]{text}") } else { text.to_owned() };
    text.parse().ok()
}

/// No path at all is fine, too. What there is at its end is not looked at.
#[allow(clippy::unnecessary_wraps, reason = "as of every other kind of value")]
fn path(text: &str) -> Option<Option<PathBuf>> {
    Some((!text.is_empty()).then(|| text.into()))
}

fn team_detail(text: &str) -> Option<TeamDetail> {
    match text {
        "totals" => Some(TeamDetail::Totals),
        "core" => Some(TeamDetail::Core),
        "all" => Some(TeamDetail::All),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStringExt;

    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Config, Vec<String>> {
        let pairs = pairs.iter().map(|(name, value)| (name.into(), value.into()));
        Config::from_environment(pairs).map_err(|problems| problems.iter().map(ToString::to_string).collect())
    }

    fn with(name: &str, value: &str) -> Result<Config, Vec<String>> {
        read(&[("GITHUB_TOKEN", "ghp_secret"), ("GITHUB_ORGS", "octo"), (name, value)])
    }

    #[test]
    fn two_variables_are_enough_and_the_rest_has_the_documented_defaults() {
        let config = with("IRRELEVANT", "").unwrap();
        assert_eq!(config.github.api.as_str(), "https://api.github.com/");
        assert_eq!(config.owners, [Owner::org("octo")]);
        assert_eq!(config.sources, BTreeSet::from(Source::ALL));
        assert_eq!(config.listen.to_string(), "[::]:10220");
        assert_eq!(config.refresh_interval, Duration::from_secs(3600));
        assert_eq!(config.github.timeout, Duration::from_secs(30));
        assert_eq!(
            (config.view.history_days, config.view.settle_days, config.view.max_label_values),
            (28, 0, 50)
        );
        assert_eq!((config.team_detail, config.max_series), (TeamDetail::Core, 300_000));
        assert_eq!(config.log, Log { level: tracing::Level::INFO, json: false });
        assert!(config.teams.select(&Owner::org("octo"), "any"));
    }

    #[test]
    fn every_default_and_every_example_satisfies_its_own_rule() {
        for variable in var::ALL {
            for value in [variable.default, variable.example] {
                // The two kinds of token exclude each other, ghp_… stands for one, and an App is two variables.
                let is_credential =
                    variable.name.starts_with("GITHUB_TOKEN") || variable.name.starts_with("GITHUB_APP_");
                if !is_credential && !value.is_empty() {
                    with(variable.name, value)
                        .unwrap_or_else(|problems| panic!("{}={value}: {problems:?}", variable.name));
                }
            }
        }
        assert!(as_app(&[]).is_ok());
    }

    fn as_app(more: &[(&str, &str)]) -> Result<Config, Vec<String>> {
        let app = [var::GITHUB_APP_ID, var::GITHUB_APP_PRIVATE_KEY_FILE].map(|var| (var.name, var.example));
        read(&[&app, more].concat())
    }

    #[test]
    fn an_app_needs_no_token_and_watches_where_it_is_installed_unless_organisations_are_named() {
        let enterprise = ("GITHUB_ENTERPRISE", "group");
        let cases: [(&[(&str, &str)], _); 4] = [
            (&[], Installed::Orgs),
            (&[enterprise], Installed::Orgs),
            (&[("GITHUB_ORGS", "octo")], Installed::None),
            (&[("GITHUB_ORGS", "octo"), enterprise], Installed::None),
        ];
        for (more, expected) in cases {
            let config = as_app(more).unwrap();
            assert_eq!((config.installed, config.owners.len()), (expected, more.len()));
            assert!(config.github.credential.is_none() && config.github.app.is_some());
        }
        let found = [Owner::org("found"), Owner::enterprise("other")];
        for (more, expected) in [
            (&[enterprise][..], vec![Owner::enterprise("group"), Owner::org("found")]),
            (&[("GITHUB_ORGS", "octo")], vec![Owner::org("octo")]),
        ] {
            assert_eq!(as_app(more).unwrap().watched(&found), expected);
        }
        let both = as_app(&[("GITHUB_TOKEN", "t")]).unwrap();
        assert!(both.github.credential.is_some() && both.installed == Installed::Orgs);
        assert_eq!(with("GITHUB_TEAMS", "*").unwrap().installed, Installed::None);
    }

    #[test]
    fn of_half_an_app_the_other_half_is_missed() {
        let (id, key) = (var::GITHUB_APP_ID, var::GITHUB_APP_PRIVATE_KEY_FILE);
        for (given, missing) in [(id, key), (key, id)] {
            let problems = read(&[(given.name, given.example)]).unwrap_err();
            let (name, example) = (missing.name, missing.example);
            let expected =
                format!("{name} must be set: an App is its id and its key; for example {name}={example}");
            assert_eq!(problems, [expected]);
        }
        let problems = read(&[(id.name, "12 34"), (key.name, key.example)]).unwrap_err();
        assert!(problems.len() == 1 && problems[0].starts_with("GITHUB_APP_ID must be the number"));
    }

    #[test]
    fn a_secret_where_the_path_of_its_file_should_be_is_refused_and_not_shown() {
        for variable in [var::GITHUB_TOKEN_FILE, var::GITHUB_APP_PRIVATE_KEY_FILE] {
            for secret in ["ghp_abc", "github_pat_abc", "ghs_abc", "-----BEGIN RSA PRIVATE KEY-----\nabc"] {
                let problems =
                    read(&[(variable.name, secret), ("GITHUB_APP_ID", "1"), ("GITHUB_ORGS", "octo")]);
                let problems = problems.unwrap_err().join("\n");
                assert!(problems.contains(variable.name) && !problems.contains("abc"), "{problems}");
            }
        }
    }

    #[test]
    fn a_proxy_that_is_no_address_is_refused_and_not_passed_over() {
        for (value, right) in [
            ("http://proxy.example:3128", true),
            ("http://user:secret@proxy.example", true),
            ("proxy.example:3128", true),
            ("http://user:secret@bad host:1", false),
            (":::secret", false),
            ("socks5://secret", false),
        ] {
            for name in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"] {
                let read = with(name, value);
                assert_eq!(read.is_ok(), right, "{name}={value}");
                let problems = read.err().unwrap_or_default().join("\n");
                assert!(!problems.contains("secret"), "{problems}");
            }
        }
    }

    #[test]
    fn organisations_are_taken_once_in_any_spelling_and_the_enterprise_comes_last() {
        let config = read(&[
            ("GITHUB_TOKEN", "t"),
            ("GITHUB_ORGS", " Octo, ,labs,OCTO "),
            ("GITHUB_ENTERPRISE", "Group"),
        ])
        .unwrap();
        assert_eq!(config.owners, [Owner::org("octo"), Owner::org("labs"), Owner::enterprise("group")]);
    }

    #[test]
    fn all_problems_come_at_once_with_name_rule_and_example() {
        let problems = read(&[
            ("GITHUB_ORGS", "octo/labs"),
            ("GITHUB_API_URL", "http://github.example"),
            ("EXPORTER_REFRESH_INTERVAL", "5"),
        ])
        .unwrap_err();
        assert_eq!(
            problems,
            [
                "GITHUB_TOKEN or GITHUB_TOKEN_FILE or GITHUB_APP_ID must be set: GitHub tells nothing to strangers; for example GITHUB_TOKEN=ghp_…",
                "GITHUB_API_URL must be an https address without user, query or fragment (http only to this machine); for example GITHUB_API_URL=https://api.octo.ghe.com",
                "GITHUB_ORGS must be logins of letters, digits, - and _, separated by commas; for example GITHUB_ORGS=octo-org,octo-labs",
                "EXPORTER_REFRESH_INTERVAL must be a duration of at least 1s; for example EXPORTER_REFRESH_INTERVAL=1h",
            ]
        );
    }

    #[test]
    fn each_wrong_value_is_refused_by_the_name_of_its_variable() {
        for (name, value) in [
            ("GITHUB_TOKEN", "ghp two words"),
            ("GITHUB_TOKEN_FILE", "/both/are/set"),
            ("GITHUB_ORGS", "octo,.."),
            ("GITHUB_ORGS", ","),
            ("GITHUB_ENTERPRISE", "a,b"),
            ("GITHUB_TEAMS", "a/b/c"),
            ("GITHUB_COPILOT_API", "metrics"),
            ("GITHUB_DOWNLOAD_HOSTS", "https://x.example"),
            ("GITHUB_API_URL", "https://user:pass@api.github.com"),
            ("GITHUB_API_URL", "https://api.github.com?x=1"),
            ("GITHUB_API_URL", "ftp://api.github.com"),
            ("GITHUB_API_URL", "api.github.com"),
            ("GITHUB_CONCURRENCY", "0"),
            ("GITHUB_CONCURRENCY", "many"),
            ("GITHUB_TIMEOUT", "0s"),
            ("EXPORTER_SOURCES", "activity,seat"),
            ("EXPORTER_SOURCES", ","),
            ("EXPORTER_LISTEN_ADDRESS", "localhost"),
            ("EXPORTER_LISTEN_ADDRESS", ":99999"),
            ("EXPORTER_REFRESH_INTERVAL", "999ms"),
            ("EXPORTER_HISTORY_DAYS", "29"),
            ("EXPORTER_HISTORY_DAYS", "-1"),
            ("EXPORTER_SETTLE_DAYS", "28"),
            ("EXPORTER_TEAM_DETAIL", "Core"),
            ("EXPORTER_MAX_LABEL_VALUES", "0"),
            ("EXPORTER_MAX_SERIES", "1e6"),
            ("EXPORTER_LOG_LEVEL", "5"),
            ("EXPORTER_LOG_FORMAT", "text"),
        ] {
            let problems = with(name, value).unwrap_err();
            assert_eq!(problems.len(), 1, "{name}={value}: {problems:?}");
            let named =
                problems[0].starts_with(&format!("{name} ")) || problems[0].contains(&format!("and {name} "));
            assert!(named, "{name}={value}: {problems:?}");
        }
    }

    #[test]
    fn no_value_is_repeated_in_a_problem_or_in_debug_output() {
        for variable in var::ALL {
            let shown = match with(variable.name, "ghp hunter2/x/y") {
                Ok(config) => format!("{config:?}"),
                Err(problems) => problems.join("\n"),
            };
            let harmless = ["GITHUB_TOKEN_FILE", "EXPORTER_STATE_DIR", "EXPORTER_WEB_CONFIG_FILE"]
                .contains(&variable.name);
            assert!(harmless || !shown.contains("hunter2"), "{shown}");
        }
        assert!(!format!("{:?}", with("X", "").unwrap()).contains("ghp_secret"));
    }

    #[test]
    fn empty_means_unset_and_values_are_trimmed() {
        let config = with("EXPORTER_REFRESH_INTERVAL", "  ").unwrap();
        assert_eq!(config.refresh_interval, Duration::from_secs(3600));
        assert_eq!(
            with("EXPORTER_REFRESH_INTERVAL", " 90s ").unwrap().refresh_interval,
            Duration::from_secs(90)
        );
        assert!(with("GITHUB_TOKEN_FILE", "").is_ok());
        assert!(with("GITHUB_APP_ID", "").is_ok());
    }

    #[test]
    fn plain_http_is_for_this_machine_only() {
        for url in
            ["http://127.0.0.1:1", "http://[::1]:1", "http://localhost:1", "https://octo.example/api/v3"]
        {
            assert!(with("GITHUB_API_URL", url).is_ok(), "{url}");
        }
        for url in ["http://10.0.0.1", "http://localhost.example", "http://127.0.0.1.example"] {
            assert!(with("GITHUB_API_URL", url).is_err(), "{url}");
        }
    }

    #[test]
    fn what_is_not_utf8_matters_only_in_our_own_variables() {
        let garbage = || OsString::from_vec(vec![0xff, 0xfe]);
        let sound = [("GITHUB_TOKEN", "t"), ("GITHUB_ORGS", "octo")].map(|(n, v)| (n.into(), v.into()));
        let elsewhere = [("LS_COLORS".into(), garbage()), (garbage(), "x".into())];
        assert!(Config::from_environment(sound.clone().into_iter().chain(elsewhere)).is_ok());
        let ours = [("EXPORTER_LOG_LEVEL".into(), garbage())];
        let problems = Config::from_environment(sound.into_iter().chain(ours)).unwrap_err();
        assert_eq!(
            problems[0].to_string(),
            "EXPORTER_LOG_LEVEL must be UTF-8 text; for example EXPORTER_LOG_LEVEL=info"
        );
    }

    #[test]
    fn a_misspelt_variable_is_noticed_and_what_kubernetes_injects_is_not() {
        assert_eq!(
            with("EXPORTER_REFRESH_INTERVALL", "1h").unwrap().strangers,
            ["EXPORTER_REFRESH_INTERVALL"]
        );
        for name in ["GITHUB_ORG", "GITHUB_TEAM", "GITHUB_TOKENS", "GITHUB_ENTERPRISES"] {
            assert_eq!(with(name, "x").unwrap().strangers, [name]);
        }
        for name in ["EXPORTER_PORT", "EXPORTER_PORT_10220_TCP_ADDR", "EXPORTER_SERVICE_HOST", "GITHUB_SHA"] {
            assert!(with(name, "x").unwrap().strangers.is_empty(), "{name}");
        }
    }
}
