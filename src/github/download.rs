//! Fetching report files: signed links on another host, which must never see the token.

use std::{fmt, time::Duration};

use reqwest::{Response, StatusCode, redirect};
use serde::Deserialize;
use url::{Host, Url};
use wildmatch::WildMatch;

use super::{
    client::is_loopback,
    exchange::{USER_AGENT, cause},
    failure::{Failure, Reason},
    records::{Each, Records},
};

/// Redirects between allowed hosts; a chain is a mistake.
const MOST_REDIRECTS: usize = 3;

/// The largest file, unpacked: some hundred thousand people on every day of a month.
const LARGEST_FILE: u64 = 64 << 30;

/// So much of a file has to come within the patience, unless it ends: one that drips would be waited for for ever.
const LEAST_PIECE: u64 = 16 << 10;

/// A signed link. Whoever has it can read the file, so it is shown without its query.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Link(Url);

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.0.host_str().unwrap_or_default(), self.0.path())
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Link({self})")
    }
}

/// Hosts that links may point to: names with `*`.
#[derive(Clone, Debug, PartialEq)]
pub struct Hosts {
    names: Vec<WildMatch>,
    /// With an API on this machine, files may be on it, too.
    loopback: bool,
}

impl Hosts {
    /// Hosts out of a list of patterns, for this API.
    ///
    /// Gives nothing if a pattern is no host name.
    pub fn parse(patterns: &[&str], api: &Url) -> Option<Self> {
        let is_name = |name: &&str| name.chars().all(|c| c.is_ascii_alphanumeric() || "-.*".contains(c));
        let sound = !patterns.is_empty() && patterns.iter().all(is_name);
        let names = patterns.iter().map(|pattern| WildMatch::new(&pattern.to_lowercase())).collect();
        sound.then(|| Self { names, loopback: is_loopback(api) })
    }

    fn allow(&self, url: &Url) -> bool {
        let named = match url.host() {
            Some(Host::Domain(name)) => self.names.iter().any(|pattern| matches(pattern, name)),
            _ => false,
        };
        let plain = url.username().is_empty() && url.password().is_none();
        plain && ((url.scheme() == "https" && named) || (self.loopback && is_loopback(url)))
    }
}

/// A `*` stands for one part of a name at most: it must not let in `copilot-reports.x.example.ghe.com.evil`, nor
/// `copilot-reports.a.b.ghe.com`.
fn matches(pattern: &WildMatch, name: &str) -> bool {
    let parts = |name: &str| name.split('.').count();
    pattern.matches(name) && parts(&pattern.pattern()) == parts(name)
}

/// The client for files. It knows no token.
#[derive(Debug)]
pub struct Downloads {
    http: reqwest::Client,
    hosts: Hosts,
    patience: Duration,
}

/// A file on its way.
struct Arriving<'l> {
    link: &'l Link,
    response: Response,
    records: Records,
}

impl Downloads {
    /// A client that gives up when no byte, or as good as none, has come for `patience`.
    ///
    /// # Errors
    /// If the machine's TLS set-up cannot be used.
    pub fn new(hosts: Hosts, patience: Duration) -> Result<Self, reqwest::Error> {
        let allowed = hosts.clone();
        let follow = move |attempt: redirect::Attempt<'_>| {
            let fine = allowed.allow(attempt.url()) && attempt.previous().len() <= MOST_REDIRECTS;
            if fine { attempt.follow() } else { attempt.stop() }
        };
        let mut http = reqwest::Client::builder()
            .user_agent(USER_AGENT)
            .redirect(redirect::Policy::custom(follow))
            // It would be the link that led there, signature and all.
            .referer(false)
            .connect_timeout(patience)
            .read_timeout(patience);
        if hosts.loopback {
            http = http.no_proxy();
        }
        Ok(Self { http: http.build()?, hosts, patience })
    }

    /// Whether a link leads to a host that files may be on.
    pub fn allows(&self, link: &Link) -> bool {
        self.hosts.allow(&link.0)
    }

    /// Gives every record of a file to `each`, while the file arrives.
    ///
    /// # Errors
    /// [`Reason::Rejected`] for a link to a host that is not allowed, or one that has expired; else as for any answer.
    /// Then what `each` was given is not the whole file.
    pub async fn shard(&self, link: &Link, each: &mut Each<'_>) -> Result<(), Failure> {
        let mut file = self.open(link).await?;
        loop {
            let piece = tokio::time::timeout(self.patience, file.piece(each)).await;
            if piece.unwrap_or_else(|_| Err(file.drips(self.patience)))? {
                return file.records.finish(each);
            }
            // A file that comes as fast as it is read would never let go of its thread, on which scrapes wait.
            tokio::task::yield_now().await;
        }
    }

    /// Waits for the first bytes of a file and lets go of the rest: whether its host can be reached.
    ///
    /// # Errors
    /// As for a [`shard`](Self::shard).
    pub async fn begin(&self, link: &Link) -> Result<(), Failure> {
        let first = async {
            let mut file = self.open(link).await?;
            file.response.chunk().await.map(drop).map_err(|error| broken(link, error))
        };
        let limit = humantime::format_duration(self.patience);
        tokio::time::timeout(self.patience, first).await.unwrap_or_else(|_| {
            Err(Failure::new(Reason::Timeout, format!("file {link}: nothing came within {limit}")))
        })
    }

    async fn open<'a>(&self, link: &'a Link) -> Result<Arriving<'a>, Failure> {
        if !self.allows(link) {
            let host = link.0.host_str().unwrap_or("no host");
            let words = format!("the report is at {host}, which GITHUB_DOWNLOAD_HOSTS does not allow");
            return Err(Failure::new(Reason::Rejected, words));
        }
        let response = self.http.get(link.0.clone()).send().await.map_err(|error| broken(link, error))?;
        check(link, response.status())?;
        Ok(Arriving { link, response, records: Records::default() })
    }
}

impl Arriving<'_> {
    /// Takes in a piece of the file: whether it was the last.
    async fn piece(&mut self, each: &mut Each<'_>) -> Result<bool, Failure> {
        let mut length = 0;
        while length < LEAST_PIECE {
            let bytes = self.response.chunk().await.map_err(|error| broken(self.link, error))?;
            let Some(bytes) = bytes else { return Ok(true) };
            length += bytes.len() as u64;
            self.records.push(&bytes, each)?;
            if self.records.length() > LARGEST_FILE {
                let words = format!("file {}: far too large", self.link);
                return Err(Failure::new(Reason::TooLarge, words));
            }
        }
        Ok(false)
    }

    fn drips(&self, patience: Duration) -> Failure {
        let (link, patience) = (self.link, humantime::format_duration(patience));
        Failure::new(Reason::Timeout, format!("file {link}: next to nothing came within {patience}"))
    }
}

fn broken(link: &Link, error: reqwest::Error) -> Failure {
    let reason = if error.is_timeout() { Reason::Timeout } else { Reason::Network };
    Failure::new(reason, format!("file {link}: {}", cause(error)))
}

/// Only here, before anything is read, a link is [`Reason::Rejected`]: whoever has a new one may go on with what was read.
fn check(link: &Link, status: StatusCode) -> Result<(), Failure> {
    if status == StatusCode::OK {
        return Ok(());
    }
    let reason = if status.is_server_error() { Reason::ServerError } else { Reason::Rejected };
    Err(Failure::new(reason, format!("file {link}: {status}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(api: &str) -> Hosts {
        let patterns =
            ["copilot-reports.github.com", "copilot-reports.*.ghe.com", "copilot-reports-*.b01.azurefd.net"];
        Hosts::parse(&patterns, &api.parse().unwrap()).unwrap()
    }

    #[test]
    fn links_lead_to_githubs_hosts_only() {
        let hosts = hosts("https://api.github.com");
        for (url, allowed) in [
            ("https://copilot-reports.github.com/a.json?sig=x", true),
            ("https://COPILOT-REPORTS.github.com/a.json", true),
            ("https://copilot-reports.octo.ghe.com/a", true),
            ("https://copilot-reports-prod.b01.azurefd.net/a", true),
            ("http://copilot-reports.github.com/a", false),
            ("https://copilot-reports.github.com.evil.example/a", false),
            ("https://copilot-reports.a.b.ghe.com/a", false),
            ("https://copilot-reports.evil.example/.ghe.com", false),
            ("https://user@copilot-reports.github.com/a", false),
            ("https://127.0.0.1/a", false),
            ("https://evil.example/copilot-reports.github.com", false),
        ] {
            assert_eq!(hosts.allow(&url.parse().unwrap()), allowed, "{url}");
        }
        assert!(self::hosts("http://127.0.0.1:1").allow(&"http://127.0.0.1:2/a".parse().unwrap()));
    }

    #[test]
    fn a_link_is_shown_without_its_signature() {
        let link: Link =
            serde_json::from_str(r#""https://copilot-reports.github.com/x/part-0.json?se=1&sig=SECRET""#)
                .unwrap();
        assert_eq!(format!("{link} {link:?}").matches("SECRET").count(), 0);
        assert_eq!(link.to_string(), "copilot-reports.github.com/x/part-0.json");
    }

    #[test]
    fn patterns_that_are_no_host_names_are_refused() {
        let api = "https://api.github.com".parse().unwrap();
        for pattern in ["https://x.example", "a/b", "a b", "x:443", ""] {
            let patterns: Vec<_> = Some(pattern).filter(|pattern| !pattern.is_empty()).into_iter().collect();
            assert_eq!(Hosts::parse(&patterns, &api), None, "{pattern}");
        }
    }
}
